/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest said before we came, shown at a terminal: without the control
 * sequences that ask the terminal something (where its cursor is, what it can
 * do), for its answer would be typed to a guest that asked long ago.
 *
 * Only the past goes through here; what is new passes untouched.
 */
#ifndef TRIVISOR_CLI_REPLAY_H
#define TRIVISOR_CLI_REPLAY_H

#include "base/base.h"

#define REPLAY_HELD 128

struct replay {
	uint64_t left;		/* bytes of the past still to come */
	char held[REPLAY_HELD];	/* a sequence that is not whole yet */
	size_t n_held;
};

/*
 * The bytes in[0..n) as they are to be shown: out has room for n + REPLAY_HELD
 * bytes; how many there are.
 */
size_t replay_take(struct replay *r, const char *in, size_t n, char *out);

#endif
