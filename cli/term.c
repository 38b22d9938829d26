/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's terminal in raw mode, and back again on every way out.
 */
#include <errno.h>
#include <termios.h>
#include <unistd.h>

#include "cli/term.h"

bool
term_raw(struct term *t, int fd)
{
	struct termios raw;

	t->fd = -1;
	/* A job in the background must not touch the terminal (SIGTTOU). */
	if (!isatty(fd) || tcgetpgrp(fd) != getpgrp() ||
	    tcgetattr(fd, &t->saved))
		return false;
	raw = t->saved;
	cfmakeraw(&raw);
	/* The guest sends CR LF itself; messages of ours need output CRs. */
	raw.c_oflag |= OPOST | ONLCR;
	if (tcsetattr(fd, TCSADRAIN, &raw))
		return false;
	t->fd = fd;
	return true;
}

void
term_restore(struct term *t)
{
	if (t->fd < 0)
		return;
	tcsetattr(t->fd, TCSADRAIN, &t->saved);
	t->fd = -1;
}
