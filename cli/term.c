/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's terminal in raw mode, and back again on every way out.
 */
#include "cli/term.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* What kills a process, and is not waited for by the pump. */
static const int deadly[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL,
    SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU };

/* For on_deadly() alone, which is given nothing; fd -1: nothing to do. */
static struct term restored = { .fd = -1 };

/* Its action is the default again (SA_RESETHAND). */
static void
on_deadly(int sig)
{
	if (restored.fd >= 0)
		tcsetattr(restored.fd, TCSANOW, &restored.saved);
	raise(sig);
}

static void
guard(const struct term *t)
{
	struct sigaction sa = { .sa_handler = on_deadly,
	    .sa_flags = SA_RESETHAND | SA_NODEFER };
	size_t i;

	restored = *t;
	for (i = 0; i < ARRAY_LEN(deadly); i++)
		sigaction(deadly[i], &sa, NULL);
}

/* What was typed already is not thrown away, nor what is printed. */
static bool
set_raw(const struct term *t)
{
	struct termios raw = t->saved;

	cfmakeraw(&raw);
	return !tcsetattr(t->fd, TCSADRAIN, &raw);
}

void
term_again(const struct term *t)
{
	if (t->fd >= 0 && tcgetpgrp(t->fd) == getpgrp())
		(void)set_raw(t);
}

bool
term_raw(struct term *t, int fd)
{
	t->fd = -1;
	/* A job in the background must not touch the terminal (SIGTTOU). */
	if (!isatty(fd) || tcgetpgrp(fd) != getpgrp() ||
	    tcgetattr(fd, &t->saved))
		return false;
	t->fd = fd;
	guard(t);
	if (set_raw(t))
		return true;
	restored.fd = -1;
	t->fd = -1;
	return false;
}

void
term_restore(struct term *t)
{
	if (t->fd < 0)
		return;
	tcsetattr(t->fd, TCSADRAIN, &t->saved);
	restored.fd = -1;
	t->fd = -1;
}
