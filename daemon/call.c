/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a request: from the message to its one answer, alone or as an
 * entry of a batch.  The role is checked before the parameters are looked at.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/rpc.h"
#include "base/log.h"
#include "daemon/daemon.h"

/* Entries of one batch, until the last of them is answered. */
struct batch {
	unsigned open;			/* unanswered, +1 while dispatching */
	struct json_object *replies;	/* owned array */
};

static void
batch_close_one(struct batch *b, struct conn *c)
{
	if (--b->open)
		return;
	/* Nothing but notifications: no answer at all. */
	if (c && json_object_array_length(b->replies))
		conn_send(c, b->replies, -1);
	else
		json_object_put(b->replies);
	free(b);
}

static void
reply(struct conn *c, struct batch *b, struct json_object *msg, int fd)
{
	if (b)
		json_object_array_add(b->replies, msg);
	else if (c)
		conn_send(c, msg, fd);
	else
		json_object_put(msg);
}

static void
call_free(struct call *call)
{
	struct conn *c = call->conn;

	if (call->batch)
		batch_close_one(call->batch, c);
	if (c) {
		TAILQ_REMOVE(&c->calls, call, link);
		/* There may be room for a message that waits. */
		if (c->in_flight-- == RPC_MAX_IN_FLIGHT)
			ev_feed_event(c->daemon->loop, &c->read_io, EV_CUSTOM);
	}
	json_object_put(call->id);
	json_object_put(call->extra);
	free(call);
}

static void
add_extra(struct call *call, struct json_object *result)
{
	if (!call->extra)
		return;
	json_object_object_foreach(call->extra, key, value)
		json_object_object_add(result, key, json_object_get(value));
}

void
call_ok(struct call *call, struct json_object *result, int fd)
{
	if (!call->id || !call->conn) {
		json_object_put(result);
		if (fd >= 0)
			close(fd);
	} else {
		add_extra(call, result);
		reply(call->conn, call->batch, rpc_result(call->id, result),
		    fd);
	}
	call_free(call);
}

void
call_fail(struct call *call, const struct err *e)
{
	log_line(LOG_INFO, "rpc: what=%s vm=%s code=%d error=\"%s\"",
	    api_methods[call->method].name, call->domain, e->code, e->msg);
	if (call->id && call->conn)
		reply(call->conn, call->batch,
		    rpc_error(call->id, e, call->domain), -1);
	call_free(call);
}

void
call_orphan(struct call *call)
{
	TAILQ_REMOVE(&call->conn->calls, call, link);
	call->conn->in_flight--;
	call->conn = NULL;
	if (call->abandon)
		call->abandon(call);
}

static int
check_request(struct conn *c, const struct rpc_request *r, struct batch *b,
    enum method_id *id, struct err *e)
{
	const struct method *m;

	*id = method_find(r->method);
	if (*id == METHOD_COUNT) {
		err_set(e, ERR_RPC, "there is no method \"%.64s\"", r->method);
		err_hint(e, "rpc.discover lists the methods");
		e->code = RPC_METHOD_NOT_FOUND;
		return -EINVAL;
	}
	m = &api_methods[*id];
	if (m->role > c->role)
		return err_set(e, ERR_OPERATION_DENIED,
		    "user %u may not call %s", (unsigned)c->ids.uid, m->name);
	if (b && m->flags & METHOD_PASSES_FD) {
		err_set(e, ERR_RPC, "%s cannot be part of a batch", m->name);
		e->code = RPC_INVALID_REQUEST;
		return -EINVAL;
	}
	return method_check(m, r->params, e);
}

static struct call *
call_new(struct conn *c, const struct rpc_request *r, struct batch *b,
    enum method_id id)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->daemon = c->daemon;
	call->conn = c;
	call->batch = b;
	call->id = json_object_get(r->id);
	call->method = id;
	if (b)
		b->open++;
	c->in_flight++;
	TAILQ_INSERT_TAIL(&c->calls, call, link);
	return call;
}

static void
run_request(struct conn *c, struct json_object *msg, struct batch *b)
{
	struct rpc_request r;
	struct err e = { 0 };
	enum method_id id;
	struct call *call;
	bool parsed;

	parsed = !rpc_request_parse(msg, &r, &e);
	if (!parsed || check_request(c, &r, b, &id, &e)) {
		log_line(LOG_INFO, "rpc: what=refused uid=%u code=%d "
		    "error=\"%s\"", (unsigned)c->ids.uid, e.code, e.msg);
		/* What cannot be read may have been a request: answer. */
		if (!parsed || !r.notification)
			reply(c, b, rpc_error(r.id, &e, NULL), -1);
		return;
	}
	call = call_new(c, &r, b, id);
	if (!call) {
		err_set_sys(&e, ENOMEM, "request");
		reply(c, b, rpc_error(r.id, &e, NULL), -1);
		return;
	}
	method_handlers[id](c->daemon, call, r.params);
}

static void
run_batch(struct conn *c, struct json_object *list)
{
	size_t i, n = json_object_array_length(list);
	struct err e = { 0 };
	struct batch *b;

	if (!n || n > RPC_MAX_BATCH) {
		err_set(&e, ERR_RPC, n ? "a batch of more than %d requests" :
		    "an empty batch", RPC_MAX_BATCH);
		e.code = RPC_INVALID_REQUEST;
		reply(c, NULL, rpc_error(NULL, &e, NULL), -1);
		return;
	}
	b = calloc(1, sizeof(*b));
	if (!b)
		return;
	b->open = 1;
	b->replies = json_object_new_array();
	for (i = 0; i < n; i++)
		run_request(c, json_object_array_get_idx(list, i), b);
	batch_close_one(b, c);
}

void
call_dispatch(struct conn *c, const char *text, size_t len)
{
	struct err e = { 0 };
	struct json_object *msg = json_parse(text, len, &e);

	if (!msg) {
		/* Where the next message begins is anybody's guess. */
		reply(c, NULL, rpc_error(NULL, &e, NULL), -1);
		c->closing = true;
		return;
	}
	if (json_object_is_type(msg, json_type_array))
		run_batch(c, msg);
	else
		run_request(c, msg, NULL);
	json_object_put(msg);
}

static struct json_object *
param_get(struct json_object *params, const char *name)
{
	struct json_object *v = NULL;

	if (params)
		json_object_object_get_ex(params, name, &v);
	return v;
}

bool
param_has(struct json_object *params, const char *name)
{
	return param_get(params, name) != NULL;
}

const char *
param_text(struct json_object *params, const char *name)
{
	struct json_object *v = param_get(params, name);

	return v ? json_object_get_string(v) : NULL;
}

uint64_t
param_u64(struct json_object *params, const char *name, uint64_t otherwise)
{
	struct json_object *v = param_get(params, name);
	uint64_t bytes = otherwise;

	if (!v)
		return otherwise;
	if (json_object_is_type(v, json_type_int))
		return (uint64_t)json_object_get_int64(v);
	/* A size with a unit; method_check() has seen that it parses. */
	BUG_ON(!size_parse(json_object_get_string(v), NULL, &bytes));
	return bytes;
}

bool
param_bool(struct json_object *params, const char *name, bool otherwise)
{
	struct json_object *v = param_get(params, name);

	return v ? json_object_get_boolean(v) : otherwise;
}

struct domain *
param_domain(struct daemon *d, struct call *call, struct json_object *params)
{
	const char *what = param_text(params, "domain");
	struct err e = { 0 };
	struct domain *dom = domain_find(d, what, &e);

	snprintf(call->domain, sizeof(call->domain), "%s",
	    dom ? dom->name : what);
	if (!dom)
		call_fail(call, &e);
	return dom;
}
