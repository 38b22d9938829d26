/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Viewers of a console: what each is sent, who of them may write.
 *
 * The first client that does not merely watch writes, the others watch until
 * it is their turn by the order of their coming: when the writer has closed
 * its end, or will type no more.  One that takes the writing over by force
 * goes before all; the one it displaced keeps its turn.  Both are told, by a
 * line of their own in the stream, as are those who type in vain.
 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "monitor/console.h"

/* Sent to one viewer in one go, for the device lock is held meanwhile. */
#define FLUSH_MAX 65536u
/* A line that begins this soon is where a viewer goes on after a gap. */
#define LINE_SEARCH 1024u

static const char now_writes[] = "what you type goes to the guest now";
static const char now_watches[] =
    "another viewer writes now; you watch until it leaves";
static const char in_vain[] =
    "you only watch; --force takes the writing over";

/* --- who writes ------------------------------------------------------------- */

static bool
may_become_writer(const struct console_viewer *v)
{
	return v->kind == VIEWER_CLIENT && !v->watches && !v->eof && !v->mute;
}

static bool
may_write(const struct console *k, const struct console_viewer *v)
{
	return v->kind != VIEWER_CLIENT || v == k->writer;
}

/* The writer has gone, or will write no more: the next one's turn. */
static void
hand_over(struct console *k)
{
	struct console_viewer *next = NULL;

	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++) {
		struct console_viewer *v = &k->viewer[i];

		if (may_become_writer(v) && (!next || v->order < next->order))
			next = v;
	}
	k->writer = next;
	if (next)
		next->role = now_writes;
}

static void
ask_for_writing(struct console *k, struct console_viewer *v, bool force)
{
	if (!may_become_writer(v) || (k->writer && !force))
		return;
	if (k->writer) {
		k->writer->role = now_watches;
		k->writer->told = true;
	}
	k->writer = v;
}

/* --- coming and going --------------------------------------------------------- */

void
viewer_close(struct console *k, struct console_viewer *v)
{
	bool wrote = v == k->writer;

	if (v->kind != VIEWER_CLIENT)
		k->line_at = MAX(k->line_at, v->at);
	close(v->fd);
	*v = (struct console_viewer){ .fd = -1 };
	if (wrote)
		hand_over(k);
}

/* Has its other end been closed altogether? */
static bool
has_gone(const struct console_viewer *v)
{
	struct pollfd p = { .fd = v->fd };

	return poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR);
}

/*
 * Those whose end is in the socket already, unread: what they typed last is
 * taken, and they make way for whoever comes.  (One that shut its side down
 * is watched no more, so nobody else would notice.)
 */
static void
let_go(struct console *k)
{
	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++) {
		struct console_viewer *v = &k->viewer[i];

		if (!v->kind || v->kind == VIEWER_PTY || !has_gone(v))
			continue;
		for (unsigned n = 0; v->kind && !v->eof && n < 16; n++)
			console_input(k, i);
		if (v->kind && v->eof)
			viewer_close(k, v);
	}
}

static struct console_viewer *
free_place(struct console *k, enum viewer_kind kind)
{
	struct console_viewer *place = NULL;
	unsigned lines = 0;

	let_go(k);
	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++) {
		lines += k->viewer[i].kind == VIEWER_LINE;
		if (!k->viewer[i].kind && !place)
			place = &k->viewer[i];
	}
	return kind == VIEWER_LINE && lines >= CONSOLE_LINES ? NULL : place;
}

/* A reader of the line goes on where those before it have got to. */
static uint64_t
line_begins_at(const struct console *k)
{
	uint64_t at = k->line_at;

	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++)
		if (k->viewer[i].kind == VIEWER_LINE)
			at = MAX(at, k->viewer[i].at);
	return at;
}

/*
 * What the ring does not hold any more a file may, earlier runs included: that
 * is only for who asks for more than the ring could ever hold.
 */
static void
begin_in_the_past(struct console *k, struct console_viewer *v,
    uint64_t history)
{
	bool more = history > CONSOLE_RING;
	uint64_t end, first;

	history -= MIN(history, k->written - v->at);
	v->past = more ? console_file_past(k, v->at, &end) : NULL;
	if (!v->past)
		return;
	first = MIN(atomic_load(&v->past->first), end);
	v->past_end = end;
	v->past_at = end - MIN(history, end - first);
}

int
console_attach(struct console *k, enum viewer_kind kind, int fd,
    struct console_view *want)
{
	struct console_viewer *v = free_place(k, kind);

	if (!v)
		return -EBUSY;
	*v = (struct console_viewer){ .kind = kind, .fd = fd,
	    .order = ++k->arrivals };
	if (kind != VIEWER_CLIENT) {
		v->at = line_begins_at(k);
		return 0;
	}
	v->watches = want->watch;
	v->at = k->written - MIN(MIN(k->written, CONSOLE_RING), want->history);
	ask_for_writing(k, v, want->force);
	want->writer = k->writer == v;
	begin_in_the_past(k, v, want->history);
	want->skipped = v->at - MIN(v->at, v->past_end - v->past_at);
	want->replayed = v->past_end - v->past_at + k->written - v->at;
	return 0;
}

/* --- output ---------------------------------------------------------------------- */

/* Where to go on after a gap: at a line's beginning if one is near. */
static uint64_t
line_start(const struct console *k, uint64_t at)
{
	const uint8_t *p;
	size_t n = MIN(console_piece(k, at, &p), LINE_SEARCH);
	const uint8_t *end = memchr(p, '\n', n);

	return end ? at + (uint64_t)(end - p) + 1 : at;
}

/* Has the ring gone over what it has not read?  Half a ring on, then. */
static void
skip(struct console *k, struct console_viewer *v)
{
	uint64_t to;

	if (k->written - v->at <= CONSOLE_RING)
		return;
	to = line_start(k, k->written - CONSOLE_RING / 2);
	v->gap += to - v->at;
	k->skipped += to - v->at;
	v->at = to;
}

static void
make_note(struct console_viewer *v)
{
	if (v->gap)
		v->note_len = (unsigned)console_note_skipped(v->note, v->gap,
		    v->mid_line);
	else
		v->note_len = (unsigned)snprintf(v->note, sizeof(v->note),
		    "%s[trivisor: %s]\r\n", v->mid_line ? "\r\n" : "",
		    v->role);
	v->note_sent = 0;
}

/* All of the note is with the viewer, or in its socket. */
static void
note_done(struct console_viewer *v)
{
	if (v->gap)
		v->gap = 0;
	else
		v->role = NULL;
	v->note_len = 0;
	v->mid_line = false;
}

/* 1 sent something, 0 not now; one that reads no more is muted. */
static int
send_bytes(struct console *k, struct console_viewer *v, const void *data,
    size_t n, size_t *sent)
{
	ssize_t done;

	do {
		done = v->kind == VIEWER_PTY ? write(v->fd, data, n) :
		    send(v->fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (done < 0 && errno == EINTR);
	if (done > 0) {
		*sent = (size_t)done;
		return 1;
	}
	if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	/* What it typed before it went may still lie there. */
	v->mute = true;
	if (v->eof || v->kind == VIEWER_PTY)
		viewer_close(k, v);
	return 0;
}

static bool
send_note(struct console *k, struct console_viewer *v)
{
	size_t n;

	/* Made anew each time until it is under way: the gap may grow. */
	if (!v->note_sent)
		make_note(v);
	if (!send_bytes(k, v, v->note + v->note_sent,
	    v->note_len - v->note_sent, &n))
		return false;
	v->note_sent += (unsigned)n;
	if (v->note_sent == v->note_len) {
		v->note_sent = 0;
		note_done(v);
	}
	return true;
}

static bool
send_output(struct console *k, struct console_viewer *v, size_t max,
    size_t *n)
{
	const uint8_t *p;

	max = MIN(console_piece(k, v->at, &p), max);
	if (!send_bytes(k, v, p, max, n))
		return false;
	v->mid_line = p[*n - 1] != '\n';
	v->at += *n;
	return true;
}

/* From a file, as long as there is something; false: later. */
static bool
send_past(struct console *k, struct console_viewer *v, size_t *n)
{
	uint64_t was = v->past_at;
	uint8_t buf[16384];
	ssize_t got = conlog_past(v->past, &v->past_at, v->past_end, buf,
	    sizeof(buf));

	if (got == -EAGAIN)
		return false;
	if (!got) {
		v->past_at = v->past_end;
		return true;
	}
	if (v->past_at != was) {
		v->gap += v->past_at - was;
		return true;
	}
	if (!send_bytes(k, v, buf, (size_t)got, n))
		return false;
	v->mid_line = buf[*n - 1] != '\n';
	v->past_at += *n;
	return true;
}

static bool
has_past(const struct console_viewer *v)
{
	return v->past_at < v->past_end;
}

void
viewer_flush(struct console *k, struct console_viewer *v)
{
	size_t left = FLUSH_MAX;
	size_t n = 0;

	while (v->kind && !v->mute && left && has_past(v)) {
		n = 0;
		if (v->gap ? !send_note(k, v) : !send_past(k, v, &n))
			return;
		left -= MIN(left, n);
	}
	while (v->kind && !v->mute && left) {
		if (!v->note_sent)
			skip(k, v);
		if (v->gap || v->role) {
			if (!send_note(k, v))
				return;
		} else if (v->at == k->written ||
		    !send_output(k, v, left, &n)) {
			return;
		} else {
			left -= n;
		}
	}
}

bool
console_wants_write(const struct console *k, unsigned n)
{
	const struct console_viewer *v = &k->viewer[n];

	return v->kind && !v->mute &&
	    (v->at < k->written || v->gap || v->role || has_past(v));
}

/* May the end wait for it?  A terminal that nobody reads would be waited for
 * in vain. */
static bool
may_drain(const struct console *k, unsigned n)
{
	return console_wants_write(k, n) && k->viewer[n].kind != VIEWER_PTY;
}

void
console_drain(struct console *k, ns_t patience)
{
	ns_t end = clock_now(&clock_host) + patience;
	struct pollfd p[CONSOLE_VIEWERS];
	bool waits;

	do {
		waits = false;
		console_flush(k);
		for (unsigned i = 0; i < CONSOLE_VIEWERS; i++) {
			bool one = may_drain(k, i);

			p[i] = (struct pollfd){ .events = POLLOUT,
			    .fd = one ? k->viewer[i].fd : -1 };
			waits |= one;
		}
		if (waits)
			poll(p, CONSOLE_VIEWERS, 50);
	} while (waits && clock_now(&clock_host) < end);
}

/* --- input ------------------------------------------------------------------------- */

/* It will type no more; with its other side closed too it is gone. */
static void
ended(struct console *k, struct console_viewer *v)
{
	v->eof = true;
	if (v->mute || has_gone(v))
		viewer_close(k, v);
	else if (v == k->writer)
		hand_over(k);
}

static void
take(struct console *k, struct console_viewer *v, size_t got)
{
	if (may_write(k, v)) {
		k->input_used += (unsigned)got;
		console_feed(k);
		return;
	}
	k->refused += got;
	if (!v->told)
		v->role = in_vain;
	v->told = true;
}

void
console_input(struct console *k, unsigned n)
{
	struct console_viewer *v = &k->viewer[n];
	uint8_t nowhere[256];
	uint8_t *to = nowhere;
	size_t room = sizeof(nowhere);
	ssize_t got;

	if (!v->kind || v->eof)
		return;
	if (may_write(k, v)) {
		console_feed(k);
		to = k->input + k->input_used;
		room = CONSOLE_INPUT - k->input_used;
	}
	if (!room)
		return;
	got = v->kind == VIEWER_PTY ? read(v->fd, to, room) :
	    recv(v->fd, to, room, MSG_DONTWAIT);
	if (got > 0)
		take(k, v, (size_t)got);
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		ended(k, v);
}

bool
console_wants_read(const struct console *k, unsigned n)
{
	const struct console_viewer *v = &k->viewer[n];

	return v->kind && !v->eof &&
	    (!may_write(k, v) || k->input_used < CONSOLE_INPUT);
}
