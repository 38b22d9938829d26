/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's terminal in raw mode.  term_restore() does nothing where
 * term_raw() did nothing, so that every way out may call it; a deadly signal
 * is such a way, too.
 */
#ifndef TRIVISOR_CLI_TERM_H
#define TRIVISOR_CLI_TERM_H

#include <termios.h>

#include "base/base.h"

struct term {
	int fd;			/* -1: not changed */
	struct termios saved;
};

/* False (and nothing changed) when fd is no terminal of ours. */
bool term_raw(struct term *t, int fd);
/* Raw once more, whatever somebody made of it meanwhile. */
void term_again(const struct term *t);
void term_restore(struct term *t);

#endif
