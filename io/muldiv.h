/* SPDX-License-Identifier: Apache-2.0 */
/*
 * a * b / c with a 128-bit product, for turning ticks into nanoseconds and
 * back.  In assembly, because the compiler would call libgcc.
 */
#ifndef TRIVISOR_IO_MULDIV_H
#define TRIVISOR_IO_MULDIV_H

#include "base/base.h"

/* Rounds down; UINT64_MAX when the result does not fit or c is 0. */
static inline uint64_t
muldiv64(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t lo, hi, rest;

	__asm__("mulq %3" : "=a"(lo), "=d"(hi) : "0"(a), "rm"(b) : "cc");
	if (hi >= c)
		return UINT64_MAX;
	__asm__("divq %4" : "=a"(lo), "=d"(rest)
	    : "0"(lo), "1"(hi), "rm"(c) : "cc");
	return lo;
}

/* Ticks of a clock of hz that have begun by time t. */
static inline uint64_t
ns_to_ticks(ns_t t, uint64_t hz)
{
	return t <= 0 ? 0 : muldiv64((uint64_t)t, hz, NS_PER_SEC);
}

/* The first moment at which ns_to_ticks() gives ticks. */
static inline ns_t
ticks_to_ns(uint64_t ticks, uint64_t hz)
{
	uint64_t ns = muldiv64(ticks, NS_PER_SEC, hz);

	if (ns >= INT64_MAX - 1)
		return INT64_MAX;
	while (ns_to_ticks((ns_t)ns, hz) < ticks)
		ns++;
	return (ns_t)ns;
}

#endif
