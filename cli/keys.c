/* SPDX-License-Identifier: Apache-2.0 */
/* Escapes in what is typed; see keys.h. */
#include "cli/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void
keys_init(struct keys *k)
{
	*k = (struct keys){ .escape = KEYS_ESCAPE, .tilde = true };
}

/* "^X" as the byte that Ctrl-X types. */
static int
control_of(char c)
{
	if (c == '?')
		return 0x7f;
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	return c >= '@' && c <= '_' ? c - '@' : KEYS_NONE;
}

int
keys_set_escape(struct keys *k, const char *text, struct err *e)
{
	if (!strcmp(text, "none")) {
		k->escape = KEYS_NONE;
		k->tilde = false;
		return 0;
	}
	if (text[0] && !text[1]) {
		k->escape = (unsigned char)text[0];
		return 0;
	}
	if (text[0] == '^' && text[1] && !text[2] &&
	    control_of(text[1]) != KEYS_NONE) {
		k->escape = control_of(text[1]);
		return 0;
	}
	err_set(e, ERR_INVALID_ARG, "--escape \"%.32s\" is no character",
	    text);
	err_hint(e, "write one character, ^X for Ctrl-X, or none");
	return -EINVAL;
}

void
keys_describe(const struct keys *k, char *buf, size_t size)
{
	char name[16] = "";

	if (k->escape == 0x7f)
		snprintf(name, sizeof(name), "Ctrl-?");
	else if (k->escape >= 0 && k->escape < ' ')
		snprintf(name, sizeof(name), "Ctrl-%c", k->escape + '@');
	else if (k->escape >= 0)
		snprintf(name, sizeof(name), "%c", k->escape);
	snprintf(buf, size, "%s%s%s", name, name[0] && k->tilde ? " or " : "",
	    k->tilde ? "~." : "");
}

static void
pass(struct keys *k, char c, char *out, size_t *used)
{
	out[(*used)++] = c;
	k->mid_line = c != '\r' && c != '\n';
}

/* A tilde was held back: what does c make of it? */
static enum keys_result
after_tilde(struct keys *k, char c, char *out, size_t *used)
{
	k->held = false;
	if (c == '.')
		return KEYS_DETACH;
	if (c == '?')
		return KEYS_HELP;
	pass(k, '~', out, used);
	if (c != '~')
		pass(k, c, out, used);
	return KEYS_ALL;
}

enum keys_result
keys_take(struct keys *k, const char *in, size_t *at, size_t n, char *out,
    size_t *used)
{
	enum keys_result r;

	while (*at < n) {
		char c = in[(*at)++];

		if (k->escape >= 0 && (unsigned char)c == k->escape) {
			/* Not typed to any purpose of the guest's. */
			k->held = false;
			return KEYS_DETACH;
		}
		if (k->held) {
			r = after_tilde(k, c, out, used);
			if (r != KEYS_ALL)
				return r;
		} else if (c == '~' && k->tilde && !k->mid_line) {
			k->held = true;
		} else {
			pass(k, c, out, used);
		}
	}
	return KEYS_ALL;
}
