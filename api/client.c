/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's end of a connection.  The daemon answers with one line per
 * message; what it says is checked as strictly as what clients say to it.
 */
#include "api/client.h"

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "api/json.h"
#include "base/clock.h"

#define MAX_KEPT_FDS 8

struct client {
	int sock;
	int timeout_ms;
	int64_t last_id;
	struct json_framer in;
	struct json_object *events;	/* array of params, oldest first */
	int fds[MAX_KEPT_FDS];		/* received, not yet given out */
	size_t n_fds;
};

struct client *
client_new(int fd, struct err *e)
{
	struct client *c = calloc(1, sizeof(*c));

	if (c)
		c->events = json_object_new_array();
	if (!c || !c->events) {
		err_set_sys(e, ENOMEM, "connection to the daemon");
		free(c);
		close(fd);
		return NULL;
	}
	c->sock = fd;
	c->timeout_ms = -1;
	return c;
}

static void
hint_for(struct err *e, int sys)
{
	if (sys == ENOENT || sys == ECONNREFUSED)
		err_hint(e, "start trivisord, or name its socket with -c or "
		    "TRIVISOR_SOCKET");
	else if (sys == EACCES)
		err_hint(e, "become a member of the socket's group, or start "
		    "a trivisord of your own");
}

struct client *
client_open(const char *path, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path)) {
		err_set_sys(e, ENAMETOOLONG, "daemon socket \"%s\"", path);
		return NULL;
	}
	memcpy(sa.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err_set_sys(e, errno, "daemon socket");
		return NULL;
	}
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		int sys = errno;

		err_set_sys(e, sys, "cannot reach the daemon at \"%s\"", path);
		hint_for(e, sys);
		close(fd);
		return NULL;
	}
	return client_new(fd, e);
}

void
client_free(struct client *c)
{
	if (!c)
		return;
	while (c->n_fds)
		close(c->fds[--c->n_fds]);
	json_object_put(c->events);
	json_framer_fini(&c->in);
	close(c->sock);
	free(c);
}

int
client_fd(const struct client *c)
{
	return c->sock;
}

void
client_set_timeout(struct client *c, int ms)
{
	c->timeout_ms = ms;
}

static int
lost(struct err *e, int sys)
{
	err_set(e, ERR_RPC, "the daemon closed the connection");
	if (e)
		e->sys = sys;
	return -EPIPE;
}

static int
send_line(struct client *c, const char *text, size_t len, struct err *e)
{
	while (len) {
		ssize_t n = send(c->sock, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return lost(e, errno);
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static void
keep_fds(struct client *c, struct msghdr *mh)
{
	struct cmsghdr *h;

	for (h = CMSG_FIRSTHDR(mh); h; h = CMSG_NXTHDR(mh, h)) {
		size_t i, n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
			if (c->n_fds < MAX_KEPT_FDS)
				c->fds[c->n_fds++] = fd;
			else
				close(fd);
		}
	}
}

/* Read once, waiting until deadline (ns, -1 none); 0 bytes is the end. */
static int
receive_some(struct client *c, ns_t deadline, struct err *e)
{
	char data[16384];
	union {
		char buf[CMSG_SPACE(MAX_KEPT_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { data, sizeof(data) };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	struct pollfd p = { .fd = c->sock, .events = POLLIN };
	ssize_t n;
	int ms = -1;

	if (deadline >= 0) {
		ns_t left = deadline - clock_now(&clock_host);

		ms = left > 0 ? (int)((left + 999999) / 1000000) : 0;
	}
	n = poll(&p, 1, ms);
	if (n < 0)
		return errno == EINTR ? -EINTR : lost(e, errno);
	if (!n)
		return -ETIMEDOUT;
	n = recvmsg(c->sock, &mh, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EINTR ? -EINTR : lost(e, errno);
	if (!n)
		return lost(e, 0);
	keep_fds(c, &mh);
	if (json_framer_feed(&c->in, data, (size_t)n)) {
		err_set(e, ERR_RPC, "the daemon's answer is too long");
		return -EPROTO;
	}
	return 0;
}

/* 1 with *msg when one is complete, 0 when not. */
static int
next_message(struct client *c, struct json_object **msg, struct err *e)
{
	const char *text;
	size_t len;
	int rc = json_framer_next(&c->in, &text, &len);

	if (rc < 0)
		err_set(e, ERR_RPC, "the daemon's answer is not JSON");
	if (rc <= 0)
		return rc;
	*msg = json_parse(text, len, e);
	if (!*msg) {
		if (e)
			e->code = ERR_RPC;
		return -EPROTO;
	}
	return 1;
}

/*
 * Store the params of an event notification.  One about a gap gets the type
 * "events.lost"; other notifications drop.
 */
static void
keep_event(struct client *c, struct json_object *msg)
{
	struct json_object *method, *params;
	const char *name;

	if (!json_object_object_get_ex(msg, "method", &method) ||
	    !json_object_object_get_ex(msg, "params", &params) ||
	    !json_object_is_type(params, json_type_object))
		return;
	name = json_object_get_string(method);
	if (!strcmp(name, "events.lost"))
		json_object_object_add(params, "type",
		    json_object_new_string(name));
	else if (strcmp(name, "event"))
		return;
	json_object_array_add(c->events, json_object_get(params));
}

static int
get_int(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ?
	    json_object_get_int(v) : 0;
}

static void
get_text(struct json_object *o, const char *key, char *buf, size_t size)
{
	struct json_object *v;
	const char *s = "";
	size_t n;

	if (json_object_object_get_ex(o, key, &v) && v)
		s = json_object_get_string(v);
	n = strnlen(s, size - 1);
	memcpy(buf, s, n);
	buf[n] = '\0';
}

static int
take_error(struct json_object *error, struct err *e)
{
	struct json_object *data;

	if (!e)
		return -EPROTO;
	memset(e, 0, sizeof(*e));
	e->code = get_int(error, "code");
	get_text(error, "message", e->msg, sizeof(e->msg));
	if (json_object_object_get_ex(error, "data", &data)) {
		e->line = get_int(data, "line");
		e->sys = get_int(data, "errno");
		get_text(data, "field", e->element, sizeof(e->element));
		get_text(data, "hint", e->hint, sizeof(e->hint));
	}
	return -EPROTO;
}

/* Is msg the answer to request id?  1: yes, and *rc is the call's outcome. */
static int
take_reply(struct json_object *msg, int64_t id, struct json_object **result,
    int *rc, struct err *e)
{
	struct json_object *v, *error;
	bool is_error = json_object_object_get_ex(msg, "error", &error);

	if (!json_object_object_get_ex(msg, "id", &v))
		return 0;
	/* An error without id answers what the daemon could not read. */
	if (v ? json_object_get_int64(v) != id : !is_error)
		return 0;
	if (is_error) {
		*rc = take_error(error, e);
		return 1;
	}
	*rc = 0;
	if (result) {
		json_object_object_get_ex(msg, "result", &v);
		*result = json_object_get(v);
	}
	return 1;
}

static struct json_object *
build_request(int64_t id, const char *method, struct json_object *params)
{
	struct json_object *r = json_object_new_object();

	json_object_object_add(r, "jsonrpc", json_object_new_string("2.0"));
	json_object_object_add(r, "id", json_object_new_int64(id));
	json_object_object_add(r, "method", json_object_new_string(method));
	if (params)
		json_object_object_add(r, "params", json_object_get(params));
	return r;
}

static int
send_request(struct client *c, const char *method, struct json_object *params,
    struct err *e)
{
	struct json_object *r = build_request(++c->last_id, method, params);
	size_t len;
	const char *text = json_object_to_json_string_length(r,
	    JSON_C_TO_STRING_PLAIN, &len);
	int rc;

	rc = text ? send_line(c, text, len, e) :
	    err_set_sys(e, ENOMEM, "request %s", method);
	if (!rc)
		rc = send_line(c, "\n", 1, e);
	json_object_put(r);
	return rc;
}

static int
await_reply(struct client *c, struct json_object **result, struct err *e)
{
	ns_t deadline = c->timeout_ms < 0 ? -1 :
	    clock_now(&clock_host) + (ns_t)c->timeout_ms * 1000000;
	struct json_object *msg;
	int rc, outcome;

	for (;;) {
		while ((rc = next_message(c, &msg, e)) > 0) {
			int done = take_reply(msg, c->last_id, result,
			    &outcome, e);

			if (!done)
				keep_event(c, msg);
			json_object_put(msg);
			if (done)
				return outcome;
		}
		if (!rc)
			rc = receive_some(c, deadline, e);
		if (rc == -ETIMEDOUT)
			err_set(e, ERR_OPERATION_TIMEOUT,
			    "the daemon did not answer within %d ms",
			    c->timeout_ms);
		if (rc && rc != -EINTR)
			return rc;
	}
}

int
client_call(struct client *c, const char *method, struct json_object *params,
    struct json_object **result, int *fd, struct err *e)
{
	int rc;

	if (result)
		*result = NULL;
	if (fd)
		*fd = -1;
	rc = send_request(c, method, params, e);
	if (!rc)
		rc = await_reply(c, result, e);
	if (!rc && fd && c->n_fds) {
		*fd = c->fds[0];
		memmove(c->fds, c->fds + 1, --c->n_fds * sizeof(int));
	}
	return rc;
}

static bool
pop_event(struct client *c, struct json_object **event)
{
	if (!json_object_array_length(c->events))
		return false;
	*event = json_object_get(json_object_array_get_idx(c->events, 0));
	json_object_array_del_idx(c->events, 0, 1);
	return true;
}

int
client_event(struct client *c, struct json_object **event, int timeout_ms,
    struct err *e)
{
	ns_t deadline = timeout_ms < 0 ? -1 :
	    clock_now(&clock_host) + (ns_t)timeout_ms * 1000000;
	struct json_object *msg;
	int rc;

	for (;;) {
		if (pop_event(c, event))
			return 1;
		while ((rc = next_message(c, &msg, e)) > 0) {
			keep_event(c, msg);
			json_object_put(msg);
		}
		if (rc < 0)
			return rc;
		if (pop_event(c, event))
			return 1;
		rc = receive_some(c, deadline, e);
		if (rc == -ETIMEDOUT || rc == -EINTR)
			return 0;
		if (rc)
			return rc;
	}
}
