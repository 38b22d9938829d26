/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a terminal, as ECMA-48 and xterm's control sequences have them. */
#include "cli/replay.h"

#include <string.h>

#define ESC 0x1b
#define BEL 0x07
#define ENQ 0x05

enum progress { WHOLE, GOES_ON, NONE };

/* Operating system commands and device control strings. */
static enum progress
string_progress(const char *s, size_t n)
{
	if (s[n - 1] == BEL && s[1] == ']')
		return WHOLE;
	if (n > 3 && s[n - 2] == ESC)
		return s[n - 1] == '\\' ? WHOLE : NONE;
	return GOES_ON;
}

/* s[0] is an escape: is s a sequence, its beginning, or none that we know? */
static enum progress
sequence(const char *s, size_t n)
{
	char last = s[n - 1];

	if (n == 1)
		return GOES_ON;
	if (n == 2)
		return last == 'Z' ? WHOLE :
		    strchr("[]P", last) && last ? GOES_ON : NONE;
	if (s[1] != '[')
		return string_progress(s, n);
	if (last >= '@' && last <= '~')
		return WHOLE;
	return last >= ' ' && last <= '?' ? GOES_ON : NONE;
}

/* Final bytes of control sequences that are answered, and what else is there. */
static const struct {
	char last;
	char has;		/* 0: anything */
} questions[] = {
	{ 'n', 0 },		/* DSR: status, cursor position */
	{ 'c', 0 },		/* DA: what are you */
	{ 'x', 0 },		/* DECREQTPARM */
	{ 't', 0 },		/* window sizes */
	{ 'q', '>' },		/* XTVERSION */
	{ 'p', '$' },		/* DECRQM: modes */
	{ 'u', '?' },		/* keyboard flags */
};

static bool
asks(const char *s, size_t n)
{
	size_t i;

	switch (s[1]) {
	case 'Z':
		return true;
	case ']':
		return memmem(s, n, ";?", 2) != NULL;
	case 'P':
		return s[2] == '$' || s[2] == '+';
	}
	for (i = 0; i < ARRAY_LEN(questions); i++)
		if (s[n - 1] == questions[i].last && (!questions[i].has ||
		    memchr(s, questions[i].has, n)))
			return true;
	return false;
}

static size_t
let_go(struct replay *r, char *out)
{
	size_t n = r->n_held;

	memcpy(out, r->held, n);
	r->n_held = 0;
	return n;
}

/* What is held is none after all; perhaps another begins in it. */
static size_t
begin_again(struct replay *r, char *out)
{
	const char *esc = memrchr(r->held, ESC, r->n_held);
	size_t n = (size_t)(esc - r->held);

	if (!n)
		return let_go(r, out);
	memcpy(out, r->held, n);
	r->n_held -= n;
	memmove(r->held, esc, r->n_held);
	return n;
}

/* One more byte; how many go to out. */
static size_t
take(struct replay *r, char c, char *out)
{
	enum progress p;
	size_t used = 0;

	if (!r->n_held && c != ESC) {
		*out = c;
		return c != ENQ;
	}
	r->held[r->n_held++] = c;
	while ((p = sequence(r->held, r->n_held)) == NONE) {
		used += begin_again(r, out + used);
		if (!r->n_held)
			return used;
	}
	if (p == GOES_ON && r->n_held < sizeof(r->held))
		return used;
	if (p == GOES_ON || !asks(r->held, r->n_held))
		return used + let_go(r, out + used);
	r->n_held = 0;
	return used;
}

size_t
replay_take(struct replay *r, const char *in, size_t n, char *out)
{
	size_t used = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!r->left) {
			/* Begun in the past, it ends in the present. */
			used += let_go(r, out + used);
			memcpy(out + used, in + i, n - i);
			return used + n - i;
		}
		r->left--;
		used += take(r, in[i], out + used);
	}
	if (!r->left)
		used += let_go(r, out + used);
	return used;
}
