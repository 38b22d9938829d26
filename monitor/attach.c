/* SPDX-License-Identifier: Apache-2.0 */
/* Watching the descriptors of console viewers. */
#include <errno.h>
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
	if (revents & EV_WRITE)
		console_flush(k);
	attach_sync(mon, serial);
	pthread_mutex_unlock(&mon->m->lock);
}

void
attach_sync(struct monitor *mon, unsigned serial)
{
	const struct console *k = &mon->m->console[serial];

	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++) {
		ev_io *w = &mon->viewer_io[serial][i];
		int want = (console_wants_read(k, i) ? EV_READ : 0) |
		    (console_wants_write(k, i) ? EV_WRITE : 0);

		/* Stopped first: the descriptor's number may be another's. */
		ev_io_stop(mon->loop, w);
		if (want) {
			ev_io_set(w, k->viewer[i].fd, want);
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

void
attach_start(struct monitor *mon)
{
	for (unsigned i = 0; i < VM_MAX_SERIALS; i++)
		for (unsigned n = 0; n < CONSOLE_VIEWERS; n++) {
			ev_io_init(&mon->viewer_io[i][n], on_viewer, -1, 0);
			mon->viewer_io[i][n].data = mon;
		}
	pthread_mutex_lock(&mon->m->lock);
	for (unsigned i = 0; i < mon->m->cfg.n_serials; i++) {
		mon->m->console[i].changed = on_changed;
		mon->m->console[i].ctx = mon;
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
	for (unsigned i = 0; i < VM_MAX_SERIALS; i++)
		for (unsigned n = 0; n < CONSOLE_VIEWERS; n++)
			ev_io_stop(mon->loop, &mon->viewer_io[i][n]);
}

int
attach_console(struct monitor *mon, unsigned serial, int *fd, struct err *e)
{
	int pair[2];
	int rc;

	if (serial >= mon->m->cfg.n_serials)
		return err_set(e, ERR_INVALID_ARG,
		    "console: the VM has no serial port %u", serial);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set_sys(e, errno, "console");
	pthread_mutex_lock(&mon->m->lock);
	rc = console_attach(&mon->m->console[serial], pair[0]);
	if (!rc) {
		console_flush(&mon->m->console[serial]);
		attach_sync(mon, serial);
	}
	pthread_mutex_unlock(&mon->m->lock);
	if (rc) {
		close(pair[0]);
		close(pair[1]);
		err_set(e, ERR_RESOURCE_BUSY,
		    "console: %u viewers are attached to serial port %u "
		    "already", CONSOLE_VIEWERS, serial);
		err_hint(e, "close one of them");
		return -EBUSY;
	}
	*fd = pair[1];
	return 0;
}
