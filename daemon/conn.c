/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of clients: accept, read, frame, write.
 *
 * Nobody can hold anything up: input that grows or lingers ends a connection,
 * and so does output that is not read.  A connection is only ever freed from
 * its own callbacks; conn_send() just marks it, so that loops over
 * connections stay valid.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/rpc.h"
#include "base/log.h"
#include "daemon/daemon.h"

#define FRAME_SECONDS 5.0
/* A client that asked its last question may still wait for the answer. */
#define LINGER_SECONDS 60.0

static void
conn_free(struct conn *c)
{
	struct daemon *d = c->daemon;
	struct out_msg *m;

	while (!TAILQ_EMPTY(&c->calls))
		call_orphan(TAILQ_FIRST(&c->calls));
	while ((m = STAILQ_FIRST(&c->out)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->out, link);
		if (m->fd >= 0)
			close(m->fd);
		free(m);
	}
	ev_io_stop(d->loop, &c->read_io);
	ev_io_stop(d->loop, &c->write_io);
	ev_timer_stop(d->loop, &c->frame_timer);
	ev_clear_pending(d->loop, &c->read_io);
	ev_clear_pending(d->loop, &c->write_io);
	json_framer_fini(&c->in);
	json_object_put(c->sub.types);
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
		m->sent += (size_t)n;
		c->out_bytes -= (size_t)n;
		if (m->sent < m->len)
			return true;
		STAILQ_REMOVE_HEAD(&c->out, link);
		free(m);
	}
	return true;
}

/* After anything that may have changed what c waits for; may free c. */
static void
conn_update(struct conn *c)
{
	struct ev_loop *loop = c->daemon->loop;
	bool idle = !c->in_flight && STAILQ_EMPTY(&c->out);

	if (c->dead || (c->closing && idle)) {
		conn_free(c);
		return;
	}
	if (STAILQ_EMPTY(&c->out))
		ev_io_stop(loop, &c->write_io);
	else
		ev_io_start(loop, &c->write_io);
	if (c->closing || c->eof || c->in_flight >= RPC_MAX_IN_FLIGHT)
		ev_io_stop(loop, &c->read_io);
	else
		ev_io_start(loop, &c->read_io);
	if (c->closing && !c->lingers) {
		c->lingers = true;
		ev_timer_stop(loop, &c->frame_timer);
		ev_timer_set(&c->frame_timer, LINGER_SECONDS, 0);
		ev_timer_start(loop, &c->frame_timer);
	}
	if (c->closing) {
		return;
	} else if (!json_framer_partial(&c->in)) {
		ev_timer_stop(loop, &c->frame_timer);
	} else if (!ev_is_active(&c->frame_timer)) {
		ev_timer_set(&c->frame_timer, FRAME_SECONDS, 0);
		ev_timer_start(loop, &c->frame_timer);
	}
}

void
conn_send(struct conn *c, struct json_object *msg, int fd)
{
	size_t len;
	const char *text = json_object_to_json_string_length(msg,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	struct out_msg *m = text ? malloc(sizeof(*m) + len + 1) : NULL;

	if (!m || c->dead || c->out_bytes + len > MAX_OUTPUT_BYTES) {
		if (!c->dead)
			log_line(LOG_WARN, "rpc: what=cut_off uid=%u "
			    "unread=%zu", (unsigned)c->ids.uid, c->out_bytes);
		if (fd >= 0)
			close(fd);
		free(m);
		json_object_put(msg);
		conn_kill(c);
		return;
	}
	memcpy(m->text, text, len);
	m->text[len] = '\n';
	m->len = len + 1;
	m->sent = 0;
	m->fd = fd;
	json_object_put(msg);
	STAILQ_INSERT_TAIL(&c->out, m, link);
	c->out_bytes += m->len;
	/* Written from the loop, together with whatever else comes. */
	ev_feed_event(c->daemon->loop, &c->write_io, EV_CUSTOM);
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

/* Run the messages that are whole, as many as may be in flight. */
static void
take_messages(struct conn *c)
{
	const char *text;
	size_t len;
	int rc;

	while (!c->closing && !c->dead && c->in_flight < RPC_MAX_IN_FLIGHT) {
		rc = json_framer_next(&c->in, &text, &len);
		if (rc < 0)
			refuse_input(c, rc);
		if (!rc && c->eof)
			c->closing = true;
		if (rc <= 0)
			return;
		call_dispatch(c, text, len);
	}
}

static void
read_some(struct conn *c)
{
	char data[65536];
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
	rc = json_framer_feed(&c->in, data, (size_t)n);
	if (rc)
		refuse_input(c, rc);
}

static void
on_read(struct ev_loop *loop, ev_io *w, int events)
{
	struct conn *c = container_of(w, struct conn, read_io);

	(void)loop;
	if (events & EV_READ && !c->closing && !c->eof)
		read_some(c);
	take_messages(c);
	conn_update(c);
}

static void
on_write(struct ev_loop *loop, ev_io *w, int events)
{
	struct conn *c = container_of(w, struct conn, write_io);

	(void)loop;
	(void)events;
	if (!c->dead && !flush_out(c))
		c->dead = true;
	conn_update(c);
}

static void
on_frame_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct conn *c = container_of(w, struct conn, frame_timer);

	(void)loop;
	(void)events;
	log_line(LOG_WARN, "rpc: what=cut_off uid=%u reason=%s",
	    (unsigned)c->ids.uid, c->closing ? "linger" : "slow_message");
	conn_free(c);
}

static int
read_ids(int fd, struct client_ids *ids)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n))
		return -errno;
	ids->uid = cred.uid;
	ids->gid = cred.gid;
	n = sizeof(ids->groups);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, ids->groups, &n))
		n = 0;
	ids->n_groups = (int)(n / sizeof(gid_t));
	return 0;
}

static bool
may_connect(struct daemon *d, const struct client_ids *ids)
{
	unsigned of_uid = 0;
	struct conn *c;

	TAILQ_FOREACH(c, &d->conns, link)
		if (c->ids.uid == ids->uid)
			of_uid++;
	return d->n_conns < MAX_CONNECTIONS && of_uid < MAX_CONNECTIONS_PER_UID;
}

static enum method_role
role_of(const struct client_ids *ids)
{
	if (!ids->uid || ids->uid == geteuid())
		return ROLE_ADMIN;
	/* Whom the socket's mode and group let in. */
	return ROLE_OPERATOR;
}

static void
conn_new(struct listener *l, int fd, const struct client_ids *ids)
{
	struct daemon *d = l->d;
	struct conn *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return;
	}
	c->daemon = d;
	c->fd = fd;
	c->ids = *ids;
	c->role = l->read_only ? ROLE_VIEWER : role_of(ids);
	STAILQ_INIT(&c->out);
	TAILQ_INIT(&c->calls);
	ev_io_init(&c->read_io, on_read, fd, EV_READ);
	ev_io_init(&c->write_io, on_write, fd, EV_WRITE);
	ev_timer_init(&c->frame_timer, on_frame_timer, FRAME_SECONDS, 0);
	ev_io_start(d->loop, &c->read_io);
	TAILQ_INSERT_TAIL(&d->conns, c, link);
	d->n_conns++;
}

void
conn_on_accept(struct ev_loop *loop, ev_io *w, int events)
{
	struct listener *l = container_of(w, struct listener, io);
	struct daemon *d = l->d;
	struct client_ids ids;
	int fd = accept4(l->fd, NULL, NULL,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)loop;
	(void)events;
	if (fd < 0)
		return;
	if (read_ids(fd, &ids) || !may_connect(d, &ids)) {
		log_line(LOG_WARN, "rpc: what=refused_connection open=%u",
		    d->n_conns);
		close(fd);
		return;
	}
	conn_new(l, fd, &ids);
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
