/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user types at a console's terminal: bytes for the guest, but for the
 * escape character, which leaves, and the commands that begin with a tilde at
 * the beginning of a line (as in ssh): ~. leaves, ~? says so, ~~ is a tilde.
 */
#ifndef TRIVISOR_CLI_KEYS_H
#define TRIVISOR_CLI_KEYS_H

#include "base/base.h"
#include "base/err.h"

#define KEYS_ESCAPE 0x1d	/* Ctrl-] */
#define KEYS_NONE (-1)

enum keys_result { KEYS_ALL, KEYS_DETACH, KEYS_HELP };

struct keys {
	int escape;		/* a byte, KEYS_NONE: none */
	bool tilde;		/* commands that begin with one */
	bool mid_line;		/* what was typed before ended no line */
	bool held;		/* a tilde that may begin a command */
};

/* The defaults: Ctrl-] and tildes. */
void keys_init(struct keys *k);
/* "none", one character, "^X" or "^?"; "none" ends tildes as well. */
MUST_USE int keys_set_escape(struct keys *k, const char *text,
    struct err *e);
/* "Ctrl-] or ~." for people; "" when nothing leaves. */
void keys_describe(const struct keys *k, char *buf, size_t size);
/*
 * Take in[*at..n) up to the first command; *at is then behind it.  What goes
 * to the guest is appended to out, which has room for n - *at + 1 bytes; *used
 * is how many there are.
 */
enum keys_result keys_take(struct keys *k, const char *in, size_t *at,
    size_t n, char *out, size_t *used);

#endif
