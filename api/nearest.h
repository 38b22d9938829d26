/* SPDX-License-Identifier: Apache-2.0 */
/* "did you mean": the known name that a wrong one is nearest to. */
#ifndef TRIVISOR_API_NEAREST_H
#define TRIVISOR_API_NEAREST_H

#include "base/base.h"

/*
 * Offer names one after the other; what is left in best is the nearest, NULL
 * when all are too far away (more than a third of the word).
 *
 *	struct nearest n = { .word = word };
 *	for (...) nearest_offer(&n, name);
 */
struct nearest {
	const char *word;
	const char *best;
	unsigned distance;
};

void nearest_offer(struct nearest *n, const char *name);

/*
 * Letters to add, drop, change or swap with their neighbours from a to b, of
 * whatever case; UINT_MAX for words longer than any of ours.
 */
unsigned word_distance(const char *a, size_t na, const char *b, size_t nb);

#endif
