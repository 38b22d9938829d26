/* SPDX-License-Identifier: Apache-2.0 */
/* Watching the descriptors of console viewers, and of those who would be. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "monitor/monitor.h"

/* Which serial and viewer is this watcher for? */
static void
find(struct monitor *mon, const ev_io *w, unsigned *serial, unsigned *n)
{
	unsigned at = (unsigned)(w - &mon->viewer_io[0][0]);

	*serial = at / CONSOLE_VIEWERS;
	*n = at % CONSOLE_VIEWERS;
}

static void
on_viewer(struct ev_loop *loop, ev_io *w, int revents)
{
	struct monitor *mon = w->data;
	struct console *k;
	unsigned serial;
	unsigned n;

	find(mon, w, &serial, &n);
	k = &mon->m->console[serial];
	pthread_mutex_lock(&mon->m->lock);
	if (revents & EV_READ)
		console_input(k, n);
	console_flush(k);
	attach_sync(mon, serial);
	pthread_mutex_unlock(&mon->m->lock);
}

void
attach_sync(struct monitor *mon, unsigned serial)
{
	const struct console *k = &mon->m->console[serial];

	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++) {
		const struct console_viewer *v = &k->viewer[i];
		ev_io *w = &mon->viewer_io[serial][i];
		uint64_t *whose = &mon->viewer_order[serial][i];
		int want = (console_wants_read(k, i) ? EV_READ : 0) |
		    (console_wants_write(k, i) ? EV_WRITE : 0);

		/* The same number may be another's descriptor by now. */
		if (ev_is_active(w) && *whose == v->order &&
		    (w->events & (EV_READ | EV_WRITE)) == want)
			continue;
		ev_io_stop(mon->loop, w);
		*whose = v->order;
		if (want) {
			ev_io_set(w, v->fd, want);
			ev_io_start(mon->loop, w);
		}
	}
}

/* The console's own: runs in the loop thread with the device lock held. */
static void
on_changed(void *ctx)
{
	struct monitor *mon = ctx;

	for (unsigned i = 0; i < mon->m->cfg.n_serials; i++)
		attach_sync(mon, i);
}

/* A client of a port's unix socket. */
static void
on_line(struct ev_loop *loop, ev_io *w, int revents)
{
	struct monitor *mon = w->data;
	unsigned serial = (unsigned)(w - mon->line_io);
	struct console *k = &mon->m->console[serial];
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	pthread_mutex_lock(&mon->m->lock);
	if (console_attach(k, VIEWER_LINE, fd, NULL))
		close(fd);
	console_flush(k);
	attach_sync(mon, serial);
	pthread_mutex_unlock(&mon->m->lock);
}

static void
listen_start(struct monitor *mon, unsigned serial)
{
	int fd = mon->m->cfg.serial_listen_fd[serial];
	ev_io *w = &mon->line_io[serial];

	ev_io_init(w, on_line, fd, EV_READ);
	w->data = mon;
	if (fd < 0)
		return;
	ev_io_start(mon->loop, w);
}

void
attach_start(struct monitor *mon)
{
	for (unsigned i = 0; i < VM_MAX_SERIALS; i++) {
		for (unsigned n = 0; n < CONSOLE_VIEWERS; n++) {
			ev_io_init(&mon->viewer_io[i][n], on_viewer, -1, 0);
			mon->viewer_io[i][n].data = mon;
		}
		listen_start(mon, i);
	}
	pthread_mutex_lock(&mon->m->lock);
	for (unsigned i = 0; i < mon->m->cfg.n_serials; i++) {
		mon->m->console[i].changed = on_changed;
		mon->m->console[i].ctx = mon;
		/* A pty is there from the beginning. */
		attach_sync(mon, i);
	}
	pthread_mutex_unlock(&mon->m->lock);
}

void
attach_flush(struct monitor *mon)
{
	pthread_mutex_lock(&mon->m->lock);
	for (unsigned i = 0; i < mon->m->cfg.n_serials; i++) {
		console_flush(&mon->m->console[i]);
		attach_sync(mon, i);
	}
	pthread_mutex_unlock(&mon->m->lock);
}

void
attach_stop(struct monitor *mon)
{
	pthread_mutex_lock(&mon->m->lock);
	for (unsigned i = 0; i < mon->m->cfg.n_serials; i++)
		mon->m->console[i].changed = NULL;
	pthread_mutex_unlock(&mon->m->lock);
	for (unsigned i = 0; i < VM_MAX_SERIALS; i++) {
		for (unsigned n = 0; n < CONSOLE_VIEWERS; n++)
			ev_io_stop(mon->loop, &mon->viewer_io[i][n]);
		ev_io_stop(mon->loop, &mon->line_io[i]);
	}
}

static int
too_many(unsigned serial, struct err *e)
{
	err_set(e, ERR_RESOURCE_BUSY, "console: %u viewers are attached to "
	    "serial port %u already", CONSOLE_VIEWERS, serial);
	err_hint(e, "close one of them");
	return -EBUSY;
}

int
attach_console(struct monitor *mon, unsigned serial, struct console_view *v,
    int *fd, struct err *e)
{
	int pair[2];
	int rc;

	if (serial >= mon->m->cfg.n_serials)
		return err_set(e, ERR_INVALID_ARG,
		    "console: the VM has no serial port %u", serial);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set_sys(e, errno, "console");
	pthread_mutex_lock(&mon->m->lock);
	rc = console_attach(&mon->m->console[serial], VIEWER_CLIENT, pair[0],
	    v);
	if (!rc) {
		console_flush(&mon->m->console[serial]);
		attach_sync(mon, serial);
	}
	pthread_mutex_unlock(&mon->m->lock);
	if (rc) {
		close(pair[0]);
		close(pair[1]);
		return too_many(serial, e);
	}
	*fd = pair[1];
	return 0;
}
