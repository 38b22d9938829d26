/* SPDX-License-Identifier: Apache-2.0 */
/* Console ring, viewers and log file; see console.h. */
#include "monitor/console.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

static void
flush_timer(void *ctx)
{
	struct console *k = ctx;

	console_flush(k);
	if (k->changed)
		k->changed(k->ctx);
}

void
console_init(struct console *k, struct timer_queue *tq, int file_fd)
{
	memset(k, 0, sizeof(*k));
	k->tq = tq;
	k->file_fd = file_fd;
	k->flush.fn = flush_timer;
	k->flush.ctx = k;
	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++)
		k->viewer[i].fd = -1;
}

static void
detach(struct console_viewer *v)
{
	close(v->fd);
	v->fd = -1;
}

void
console_fini(struct console *k)
{
	console_flush(k);
	if (k->tq)
		timer_cancel(k->tq, &k->flush);
	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++)
		if (k->viewer[i].fd >= 0)
			detach(&k->viewer[i]);
}

/* The contiguous bytes of the ring from position at on. */
static size_t
piece(const struct console *k, uint64_t at, const uint8_t **p)
{
	size_t off = at % CONSOLE_RING;

	*p = k->ring + off;
	return MIN(k->written - at, CONSOLE_RING - off);
}

static void
file_flush(struct console *k)
{
	while (k->file_fd >= 0 && !k->file_bad && k->file_at < k->written) {
		const uint8_t *p;
		size_t n = piece(k, k->file_at, &p);
		ssize_t done = write(k->file_fd, p, n);

		if (done > 0) {
			k->file_at += (uint64_t)done;
		} else if (done < 0 && errno == EINTR) {
			continue;
		} else {
			k->file_bad = true;
			log_line(LOG_ERR, "what=console-file error=\"%s\"",
			    strerror(done ? errno : ENOSPC));
		}
	}
}

void
console_put(struct console *k, uint8_t byte)
{
	if (k->file_fd >= 0 && k->written - k->file_at == CONSOLE_RING)
		file_flush(k);
	k->ring[k->written++ % CONSOLE_RING] = byte;
	if (k->tq && !k->flush.armed)
		timer_set(k->tq, &k->flush,
		    clock_now(k->tq->clock) + CONSOLE_DELAY);
}

void
console_tx(void *ctx, uint8_t byte)
{
	console_put(ctx, byte);
}

/* Give the UART what viewers typed before. */
static void
feed(struct console *k)
{
	size_t n;

	if (!k->input_used || !k->uart)
		return;
	n = uart_rx(k->uart, k->input, k->input_used);
	k->input_used -= (unsigned)n;
	memmove(k->input, k->input + n, k->input_used);
}

void
console_room(void *ctx)
{
	struct console *k = ctx;
	bool was_full = k->input_used == CONSOLE_INPUT;

	feed(k);
	/* Viewers are watched for input again: the loop thread does that. */
	if (was_full && k->input_used < CONSOLE_INPUT && k->tq &&
	    !k->flush.armed)
		timer_set(k->tq, &k->flush, clock_now(k->tq->clock));
}

/* A viewer that shut its side down is watched no more: has it gone? */
static bool
has_gone(const struct console_viewer *v)
{
	struct pollfd p = { .fd = v->fd };

	return v->eof && poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR);
}

int
console_attach(struct console *k, int fd)
{
	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++) {
		struct console_viewer *v = &k->viewer[i];

		if (v->fd >= 0 && has_gone(v))
			detach(v);
		if (v->fd >= 0)
			continue;
		*v = (struct console_viewer){ .fd = fd,
		    .at = k->written - MIN(k->written, CONSOLE_RING) };
		return 0;
	}
	return -EBUSY;
}

/* Has the ring gone over what the viewer has not read?  Say so and go on. */
static void
skip_lost(struct console *k, struct console_viewer *v)
{
	char note[64];
	uint64_t lost;
	int n;

	if (k->written - v->at <= CONSOLE_RING)
		return;
	lost = k->written - v->at - CONSOLE_RING;
	n = snprintf(note, sizeof(note), "\r\n[%llu bytes lost]\r\n",
	    (unsigned long long)lost);
	if (send(v->fd, note, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) != n)
		return;		/* still full: the gap may grow */
	v->lost += lost;
	v->at += lost;
}

static void
viewer_flush(struct console *k, struct console_viewer *v)
{
	while (v->fd >= 0 && v->at < k->written) {
		const uint8_t *p;
		size_t n;
		ssize_t done;

		skip_lost(k, v);
		if (k->written - v->at > CONSOLE_RING)
			return;
		n = piece(k, v->at, &p);
		done = send(v->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (done >= 0)
			v->at += (uint64_t)done;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
		else if (errno != EINTR)
			detach(v);
	}
}

bool
console_flush(struct console *k)
{
	bool lags = false;

	file_flush(k);
	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++) {
		viewer_flush(k, &k->viewer[i]);
		lags |= console_wants_write(k, i);
	}
	return lags;
}

void
console_drain(struct console *k, ns_t patience)
{
	ns_t end = clock_now(&clock_host) + patience;

	while (console_flush(k) && clock_now(&clock_host) < end) {
		struct pollfd p[CONSOLE_VIEWERS];

		for (unsigned i = 0; i < CONSOLE_VIEWERS; i++)
			p[i] = (struct pollfd){ .events = POLLOUT,
			    .fd = console_wants_write(k, i) ?
			    k->viewer[i].fd : -1 };
		poll(p, CONSOLE_VIEWERS, 50);
	}
}

void
console_input(struct console *k, unsigned n)
{
	struct console_viewer *v = &k->viewer[n];
	ssize_t got;

	if (v->fd < 0)
		return;
	feed(k);
	if (k->input_used == CONSOLE_INPUT)
		return;
	got = recv(v->fd, k->input + k->input_used,
	    CONSOLE_INPUT - k->input_used, MSG_DONTWAIT);
	if (got > 0) {
		k->input_used += (unsigned)got;
		feed(k);
	} else if (got == 0) {
		v->eof = true;
	} else if (errno != EAGAIN && errno != EINTR) {
		detach(v);
	}
}

bool
console_wants_read(const struct console *k, unsigned n)
{
	return k->viewer[n].fd >= 0 && !k->viewer[n].eof &&
	    k->input_used < CONSOLE_INPUT;
}

bool
console_wants_write(const struct console *k, unsigned n)
{
	return k->viewer[n].fd >= 0 && k->viewer[n].at < k->written;
}

size_t
console_history(const struct console *k, uint8_t *buf, size_t size)
{
	uint64_t at = k->written - MIN(k->written, MIN(size, CONSOLE_RING));
	size_t done = 0;

	while (at < k->written) {
		const uint8_t *p;
		size_t n = piece(k, at, &p);

		memcpy(buf + done, p, n);
		done += n;
		at += n;
	}
	return done;
}
