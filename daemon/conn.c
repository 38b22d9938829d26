/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of clients: read, frame, write, and what ends them.
 *
 * Nobody can hold anything up.  A message must be whole within FRAME_SECONDS
 * of its first byte, what is sent must be read, and who says nothing for long
 * goes; what all connections together keep in memory is bounded, and when it
 * is too much the one that keeps the most is cut off.  Reading never stops
 * because requests are in flight: what is urgent (METHOD_URGENT) is served
 * at once, the rest waits in a queue (call.c).
 *
 * A connection is only ever freed from its own callbacks; conn_send() just
 * marks it, so that loops over connections stay valid.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/rpc.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon.h"

#define FRAME_SECONDS 5.0
#define IDLE_SECONDS 600.0
/* Something was sent and not a byte of it has been read. */
#define STALL_SECONDS 60.0
/* A client that asked its last question may still wait for the answer. */
#define LINGER_SECONDS 60.0
#define LAST_WORDS_SECONDS 5.0
/* How long one connection's messages are run until others have a turn. */
#define TURN (NS_PER_SEC / 500)

static void
account(struct conn *c, size_t now)
{
	c->daemon->buffered += now - c->accounted;
	c->accounted = now;
}

static void
drop_out(struct conn *c, struct out_msg *m)
{
	STAILQ_REMOVE(&c->out, m, out_msg, link);
	c->out_bytes -= m->len - m->sent;
	if (m->fd >= 0)
		close(m->fd);
	free(m);
}

/* Everything it keeps in memory. */
static void
drop_buffers(struct conn *c)
{
	struct parked *p;

	while (!STAILQ_EMPTY(&c->out))
		drop_out(c, STAILQ_FIRST(&c->out));
	while ((p = STAILQ_FIRST(&c->parked)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->parked, link);
		free(p);
	}
	c->n_parked = 0;
	c->parked_bytes = 0;
	json_framer_fini(&c->in);
	account(c, 0);
}

static void
conn_free(struct conn *c)
{
	struct daemon *d = c->daemon;

	while (!TAILQ_EMPTY(&c->calls))
		call_orphan(TAILQ_FIRST(&c->calls));
	batch_drop(c);
	drop_buffers(c);
	ev_io_stop(d->loop, &c->read_io);
	ev_io_stop(d->loop, &c->write_io);
	ev_timer_stop(d->loop, &c->timer);
	ev_timer_stop(d->loop, &c->more);
	ev_clear_pending(d->loop, &c->read_io);
	ev_clear_pending(d->loop, &c->write_io);
	subscription_fini(&c->sub);
	close(c->fd);
	TAILQ_REMOVE(&d->conns, c, link);
	d->n_conns--;
	free(c);
}

/* Free it from the loop, not from under whoever is using it. */
static void
conn_kill(struct conn *c)
{
	c->dead = true;
	ev_feed_event(c->daemon->loop, &c->write_io, EV_CUSTOM);
}

/* Why, if it can still be told, and the end. */
static void
cut_off(struct conn *c, const char *reason, const struct err *e)
{
	struct json_object *msg;
	const char *text;
	size_t len;

	if (log_allowed(c->daemon))
		log_line(LOG_WARN, "rpc: what=cut_off uid=%u reason=%s "
		    "in=%zu out=%zu", (unsigned)c->ids.uid, reason,
		    c->in.len + c->parked_bytes, c->out_bytes);
	if (e && STAILQ_EMPTY(&c->out)) {
		msg = rpc_error(NULL, e, NULL);
		text = json_object_to_json_string_length(msg,
		    JSON_C_TO_STRING_PLAIN, &len);
		if (send(c->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
			(void)!send(c->fd, "\n", 1, MSG_NOSIGNAL |
			    MSG_DONTWAIT);
		json_object_put(msg);
	}
	drop_buffers(c);
	conn_kill(c);
}

/* Together they keep too much: the one with the most pays for it. */
static void
keep_within_budget(struct daemon *d)
{
	while (d->buffered > MAX_BUFFERED) {
		struct conn *c, *most = NULL;
		struct err e = { 0 };

		TAILQ_FOREACH(c, &d->conns, link)
			if (!most || c->accounted > most->accounted)
				most = c;
		BUG_ON(!most || !most->accounted);
		err_set(&e, ERR_RESOURCE_BUSY, "all clients together keep "
		    "more than %u MiB in flight, and this one the most",
		    MAX_BUFFERED >> 20);
		err_hint(&e, "try again later, with less at once");
		cut_off(most, "memory", &e);
	}
}

static void
conn_account(struct conn *c)
{
	account(c, c->in.cap + c->parked_bytes + c->out_bytes);
	keep_within_budget(c->daemon);
}

/* ---- output --------------- */

static ssize_t
send_some(struct conn *c, struct out_msg *m)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { m->text + m->sent, m->len - m->sent };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *h;
	ssize_t n;

	if (m->fd >= 0) {
		mh.msg_control = control.buf;
		mh.msg_controllen = sizeof(control.buf);
		h = CMSG_FIRSTHDR(&mh);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &m->fd, sizeof(int));
	}
	n = sendmsg(c->fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0 && m->fd >= 0) {
		close(m->fd);
		m->fd = -1;
	}
	return n;
}

/* Write what goes; false when the connection is broken. */
static bool
flush_out(struct conn *c)
{
	struct out_msg *m;

	while ((m = STAILQ_FIRST(&c->out)) != NULL) {
		ssize_t n = send_some(c, m);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		c->progress = ev_now(c->daemon->loop);
		m->sent += (size_t)n;
		c->out_bytes -= (size_t)n;
		if (m->sent < m->len)
			return true;
		drop_out(c, m);
	}
	return true;
}

void
conn_send_text(struct conn *c, const char *text, size_t len, int fd)
{
	struct out_msg *m = NULL;

	/* One message may be longer than the limit, a queue of them not. */
	if (!c->dead && c->out_bytes <= MAX_OUTPUT_BYTES)
		m = malloc(sizeof(*m) + len + 1);
	if (!m) {
		if (fd >= 0)
			close(fd);
		if (!c->dead)
			cut_off(c, "unread", NULL);
		return;
	}
	memcpy(m->text, text, len);
	m->text[len] = '\n';
	m->len = len + 1;
	m->sent = 0;
	m->fd = fd;
	if (STAILQ_EMPTY(&c->out))
		c->progress = ev_now(c->daemon->loop);
	STAILQ_INSERT_TAIL(&c->out, m, link);
	c->out_bytes += m->len;
	/* Written from the loop, together with whatever else comes. */
	ev_feed_event(c->daemon->loop, &c->write_io, EV_CUSTOM);
	conn_account(c);
}

void
conn_send(struct conn *c, struct json_object *msg, int fd)
{
	size_t len = 0;
	const char *text = json_object_to_json_string_length(msg,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);

	if (text) {
		conn_send_text(c, text, len, fd);
	} else {
		if (fd >= 0)
			close(fd);
		conn_kill(c);
	}
	json_object_put(msg);
}

/* ---- time --------------- */

/* When something must have happened; *why says what. */
static ev_tstamp
deadline(const struct conn *c, const char **why)
{
	ev_tstamp at = c->active + IDLE_SECONDS;
	bool waits = c->in_flight || c->urgent || c->n_parked || c->batch;

	*why = c->sub.on || waits ? NULL : "idle";
	if (!STAILQ_EMPTY(&c->out) && (!*why ||
	    c->progress + STALL_SECONDS < at)) {
		at = c->progress + STALL_SECONDS;
		*why = "unread";
	}
	if (json_framer_partial(&c->in) && !c->closing && (!*why ||
	    c->frame_since + FRAME_SECONDS < at)) {
		at = c->frame_since + FRAME_SECONDS;
		*why = "slow_message";
	}
	if (c->closing) {
		at = c->closing_since + (waits ? LINGER_SECONDS :
		    LAST_WORDS_SECONDS);
		*why = "linger";
	}
	return *why ? at : 0;
}

/* The timer never runs later than the next deadline; earlier does no harm. */
static void
set_timer(struct conn *c)
{
	struct ev_loop *loop = c->daemon->loop;
	const char *why;
	ev_tstamp at = deadline(c, &why);

	if (!why || (ev_is_active(&c->timer) && c->timer_at <= at))
		return;
	c->timer_at = at;
	ev_timer_stop(loop, &c->timer);
	ev_timer_set(&c->timer, MAX(at - ev_now(loop), 0.0), 0);
	ev_timer_start(loop, &c->timer);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct conn *c = container_of(w, struct conn, timer);
	struct err e = { 0 };
	const char *why;
	ev_tstamp at = deadline(c, &why);

	(void)events;
	if (!why || at > ev_now(loop) + 0.001) {
		set_timer(c);
		return;
	}
	err_set(&e, ERR_RPC, "connection closed: %s", !strcmp(why, "idle") ?
	    "nothing was said for 10 minutes" :
	    "a request must be whole within 5 s of its first byte");
	if (strcmp(why, "idle"))
		e.code = RPC_INVALID_REQUEST;
	cut_off(c, why, c->closing ? NULL : &e);
}

/* ---- input --------------- */

/* After anything that may have changed what c waits for; may free c. */
static void
conn_update(struct conn *c)
{
	struct ev_loop *loop = c->daemon->loop;
	bool idle = !c->in_flight && !c->urgent && !c->n_parked &&
	    !c->batch && STAILQ_EMPTY(&c->out);

	if (c->dead || (c->closing && idle)) {
		conn_free(c);
		return;
	}
	if (STAILQ_EMPTY(&c->out))
		ev_io_stop(loop, &c->write_io);
	else
		ev_io_start(loop, &c->write_io);
	/* Who does not read gets to say no more. */
	if (c->closing || c->eof || ev_is_active(&c->more) ||
	    c->out_bytes > MAX_OUTPUT_BYTES / 2)
		ev_io_stop(loop, &c->read_io);
	else
		ev_io_start(loop, &c->read_io);
	if (c->closing && !c->closing_since)
		c->closing_since = ev_now(loop);
	conn_account(c);
	set_timer(c);
}

static void
refuse_input(struct conn *c, int rc)
{
	struct err e = { 0 };

	if (rc == -EPROTO) {
		err_set(&e, ERR_RPC, "not valid JSON: no object or array");
		e.code = -32700;
	} else {
		err_set(&e, ERR_RPC, "request refused: longer than 4 MiB");
		e.code = RPC_INVALID_REQUEST;
	}
	conn_send(c, rpc_error(NULL, &e, NULL), -1);
	c->closing = true;
}

/* One that waited because too much was in flight; false: none can be run. */
static bool
run_parked(struct conn *c)
{
	struct parked *p = STAILQ_FIRST(&c->parked);

	if (!p || c->in_flight >= RPC_MAX_IN_FLIGHT)
		return false;
	STAILQ_REMOVE_HEAD(&c->parked, link);
	c->n_parked--;
	c->parked_bytes -= p->len;
	call_dispatch(c, p->text, p->len, true);
	free(p);
	return true;
}

/* The next message that is whole; false: there is none. */
static bool
run_message(struct conn *c)
{
	const char *text;
	size_t len;
	int rc = json_framer_next(&c->in, &text, &len);

	if (rc < 0)
		refuse_input(c, rc);
	if (!rc && c->eof)
		c->closing = true;
	if (rc <= 0)
		return false;
	c->active = ev_now(c->daemon->loop);
	c->frame_since = c->active;
	c->spoke = true;
	call_dispatch(c, text, len, false);
	return true;
}

/* Run what is there, some now and the rest in a while. */
static void
take_messages(struct conn *c)
{
	ns_t end = clock_now(&clock_host) + TURN;

	while (!c->dead && c->out_bytes <= MAX_OUTPUT_BYTES / 2) {
		if (clock_now(&clock_host) > end) {
			ev_timer_start(c->daemon->loop, &c->more);
			return;
		}
		if (batch_step(c) || run_parked(c))
			continue;
		if (c->closing || !run_message(c))
			return;
	}
}

static void
read_some(struct conn *c)
{
	/* As much as a socket holds: a long message must not take many turns. */
	static char data[256 << 10];
	ssize_t n = recv(c->fd, data, sizeof(data), MSG_DONTWAIT);
	int rc;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		/* A half-closed client still reads its answers. */
		c->eof = true;
		c->dead = n < 0;
		return;
	}
	if (!json_framer_partial(&c->in))
		c->frame_since = ev_now(c->daemon->loop);
	rc = json_framer_feed(&c->in, data, (size_t)n);
	if (rc)
		refuse_input(c, rc);
}

static void
on_read(struct ev_loop *loop, ev_io *w, int events)
{
	struct conn *c = container_of(w, struct conn, read_io);

	(void)loop;
	if (events & EV_READ && !c->closing && !c->eof &&
	    !ev_is_active(&c->more))
		read_some(c);
	take_messages(c);
	conn_update(c);
}

static void
on_more(struct ev_loop *loop, ev_timer *w, int events)
{
	struct conn *c = container_of(w, struct conn, more);

	(void)loop;
	(void)events;
	take_messages(c);
	conn_update(c);
}

static void
on_write(struct ev_loop *loop, ev_io *w, int events)
{
	struct conn *c = container_of(w, struct conn, write_io);
	bool full = c->out_bytes > MAX_OUTPUT_BYTES / 2;

	(void)loop;
	(void)events;
	if (!c->dead && !flush_out(c))
		c->dead = true;
	if (!c->dead)
		events_pump(c);
	/* There is room again for the answers to what has been read. */
	if (!c->dead && full && c->out_bytes <= MAX_OUTPUT_BYTES / 2)
		take_messages(c);
	conn_update(c);
}

struct conn *
conn_new(struct listener *l, int fd, const struct client_ids *ids,
    enum method_role role)
{
	struct daemon *d = l->d;
	struct conn *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return NULL;
	}
	c->daemon = d;
	c->fd = fd;
	c->ids = *ids;
	c->role = role;
	c->read_only = l->read_only;
	c->active = ev_now(d->loop);
	STAILQ_INIT(&c->out);
	STAILQ_INIT(&c->parked);
	TAILQ_INIT(&c->calls);
	ev_io_init(&c->read_io, on_read, fd, EV_READ);
	ev_io_init(&c->write_io, on_write, fd, EV_WRITE);
	ev_timer_init(&c->timer, on_timer, 0, 0);
	ev_timer_init(&c->more, on_more, 0, 0);
	TAILQ_INSERT_TAIL(&d->conns, c, link);
	d->n_conns++;
	conn_update(c);
	return c;
}

void
conn_evict(struct conn *c, const char *reason)
{
	if (log_allowed(c->daemon))
		log_line(LOG_INFO, "rpc: what=evicted uid=%u reason=%s",
		    (unsigned)c->ids.uid, reason);
	conn_free(c);
}

void
conn_close_all(struct daemon *d)
{
	while (!TAILQ_EMPTY(&d->conns)) {
		struct conn *c = TAILQ_FIRST(&d->conns);

		/* What was answered last should still arrive. */
		flush_out(c);
		conn_free(c);
	}
}
