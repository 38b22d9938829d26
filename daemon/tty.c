/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A terminal for a domain's console, as <console type='pty'> asks for and
 * "virsh ttyconsole" shows: a pseudo terminal, joined to the monitor's console
 * stream.
 *
 * The guest never waits for it.  Output that nobody reads fills the terminal
 * and is then dropped; the monitor keeps the ring that domain.console
 * replays.  We hold the slave open, or the master would report a hang-up for
 * as long as nobody else does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/daemon.h"

struct tty {
	struct ev_loop *loop;
	int console, master, slave;
	ev_io console_io, master_io;
	char name[64];
};

static void
on_console(struct ev_loop *loop, ev_io *w, int events)
{
	struct tty *t = container_of(w, struct tty, console_io);
	char buf[4096];
	ssize_t n = recv(t->console, buf, sizeof(buf), MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		ev_io_stop(loop, &t->console_io);
		ev_io_stop(loop, &t->master_io);
	} else if (write(t->master, buf, (size_t)n) < 0) {
		/* Nobody reads. */
	}
}

static void
on_master(struct ev_loop *loop, ev_io *w, int events)
{
	struct tty *t = container_of(w, struct tty, master_io);
	char buf[256];
	ssize_t n = read(t->master, buf, sizeof(buf));

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		ev_io_stop(loop, &t->master_io);
	else if (send(t->console, buf, (size_t)n,
	    MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		/* The guest does not take its input. */
	}
}

static bool
open_pair(struct tty *t)
{
	struct termios raw;

	t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (t->master < 0 || grantpt(t->master) || unlockpt(t->master) ||
	    ptsname_r(t->master, t->name, sizeof(t->name)))
		return false;
	t->slave = open(t->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t->slave < 0 || tcgetattr(t->slave, &raw))
		return false;
	cfmakeraw(&raw);
	return !tcsetattr(t->slave, TCSANOW, &raw);
}

struct tty *
tty_new(struct ev_loop *loop, int console)
{
	struct tty *t = calloc(1, sizeof(*t));

	if (!t) {
		close(console);
		return NULL;
	}
	t->loop = loop;
	t->console = console;
	t->master = -1;
	t->slave = -1;
	if (!open_pair(t)) {
		tty_free(t);
		return NULL;
	}
	ev_io_init(&t->console_io, on_console, console, EV_READ);
	ev_io_init(&t->master_io, on_master, t->master, EV_READ);
	ev_io_start(loop, &t->console_io);
	ev_io_start(loop, &t->master_io);
	return t;
}

const char *
tty_name(const struct tty *t)
{
	return t->name;
}

void
tty_free(struct tty *t)
{
	if (!t)
		return;
	ev_io_stop(t->loop, &t->console_io);
	ev_io_stop(t->loop, &t->master_io);
	close(t->console);
	if (t->slave >= 0)
		close(t->slave);
	if (t->master >= 0)
		close(t->master);
	free(t);
}
