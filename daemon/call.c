/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a request: from the message to its one answer, alone or as an
 * entry of a batch.  The role is checked before the parameters are looked at,
 * and so is the right to the domain but for its name.
 *
 * A client may have RPC_MAX_IN_FLIGHT requests unanswered; more wait until
 * some are answered, in order.  What is urgent overtakes them, so that list
 * and destroy are answered whatever else goes on.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/nearest.h"
#include "api/rpc.h"
#include "base/log.h"
#include "daemon/daemon.h"

/* Entries of one batch, until the last of them is answered. */
struct batch {
	unsigned open;			/* unanswered, +1 while dispatching */
	struct json_object *replies;	/* owned array */
	struct json_object *list;	/* owned array, NULL when dispatched */
	size_t next;			/* entry to run next */
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
		if (call->urgent)
			c->urgent--;
		else
			c->in_flight--;
		/* There may be room for one that waits. */
		if (c->n_parked)
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

bool
log_allowed(struct daemon *d)
{
	ev_tstamp now = ev_now(d->loop);

	if (now - d->log_since >= 1) {
		if (d->log_lines > MAX_LOG_LINES)
			log_line(LOG_WARN, "rpc: what=not_logged lines=%u",
			    d->log_lines - MAX_LOG_LINES);
		d->log_since = now;
		d->log_lines = 0;
	}
	return ++d->log_lines <= MAX_LOG_LINES;
}

/* Log an error under a name that the client gets, too; the answer. */
static struct json_object *
error_reply(struct daemon *d, struct conn *c, uint64_t trace,
    struct json_object *id, const char *what, const char *domain,
    const struct err *e)
{
	char text[64];
	struct rpc_origin o = { .domain = domain, .trace = text,
		.uid = c ? (int64_t)c->ids.uid : -1 };

	snprintf(text, sizeof(text), "%.8s-%" PRIx64, d->instance, trace);
	if (log_allowed(d))
		log_line(LOG_INFO, "rpc: what=%s vm=%s uid=%lld code=%d "
		    "trace=%s error=\"%s\"", what, domain ? domain : "",
		    (long long)o.uid, e->code, text, e->msg);
	return c ? rpc_error(id, e, &o) : NULL;
}

void
call_fail(struct call *call, const struct err *e)
{
	struct json_object *msg = error_reply(call->daemon, call->conn,
	    call->trace, call->id, api_methods[call->method].name,
	    call->domain, e);

	if (call->id && call->conn)
		reply(call->conn, call->batch, msg, -1);
	else
		json_object_put(msg);
	call_free(call);
}

void
call_orphan(struct call *call)
{
	TAILQ_REMOVE(&call->conn->calls, call, link);
	call->conn = NULL;
	if (call->abandon)
		call->abandon(call);
}

static int
unknown_method(const char *name, struct err *e)
{
	struct nearest near = { .word = name };
	int i;

	for (i = 0; i < METHOD_COUNT; i++)
		nearest_offer(&near, api_methods[i].name);
	err_set(e, ERR_RPC, "there is no method \"%.64s\"", name);
	if (near.best)
		err_hint(e, "did you mean %s?", near.best);
	else
		err_hint(e, "rpc.discover lists the methods");
	e->code = RPC_METHOD_NOT_FOUND;
	return -EINVAL;
}

static int
check_request(struct conn *c, const struct rpc_request *r, struct batch *b,
    enum method_id *id, struct err *e)
{
	const struct method *m;
	int rc;

	*id = method_find(r->method);
	if (*id == METHOD_COUNT)
		return unknown_method(r->method, e);
	m = &api_methods[*id];
	rc = role_check(c, m, e);
	if (rc)
		return rc;
	if (b && m->flags & METHOD_PASSES_FD) {
		err_set(e, ERR_RPC, "%s cannot be part of a batch", m->name);
		e->code = RPC_INVALID_REQUEST;
		return -EINVAL;
	}
	rc = owner_check_params(c, m, r->params, e);
	if (!rc)
		rc = method_check(m, r->params, e);
	if (!rc && m->flags & METHOD_URGENT && c->urgent >= MAX_URGENT)
		rc = err_set(e, ERR_RESOURCE_BUSY, "%u requests of this "
		    "connection are unanswered", c->urgent);
	return rc;
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
	call->trace = ++c->daemon->last_trace;
	call->urgent = api_methods[id].flags & METHOD_URGENT;
	if (b)
		b->open++;
	if (call->urgent)
		c->urgent++;
	else
		c->in_flight++;
	TAILQ_INSERT_TAIL(&c->calls, call, link);
	return call;
}

/* Answer a request that does not get as far as being a call. */
static void
refuse(struct conn *c, struct batch *b, const struct rpc_request *r,
    const struct err *e, bool answer)
{
	struct json_object *msg = error_reply(c->daemon, c,
	    ++c->daemon->last_trace, r ? r->id : NULL, "refused", NULL, e);

	if (answer)
		reply(c, b, msg, -1);
	else
		json_object_put(msg);
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
		/* What cannot be read may have been a request: answer. */
		refuse(c, b, &r, &e, !parsed || !r.notification);
		return;
	}
	call = call_new(c, &r, b, id);
	if (!call) {
		err_set_sys(&e, ENOMEM, "request");
		refuse(c, b, &r, &e, true);
		return;
	}
	method_handlers[id](c->daemon, call, r.params);
}

static void
run_batch(struct conn *c, struct json_object *list)
{
	size_t n = json_object_array_length(list);
	struct err e = { 0 };
	struct batch *b;

	if (!n || n > RPC_MAX_BATCH) {
		err_set(&e, ERR_RPC, n ? "a batch of more than %d requests" :
		    "an empty batch", RPC_MAX_BATCH);
		e.code = RPC_INVALID_REQUEST;
		refuse(c, NULL, NULL, &e, true);
		return;
	}
	b = calloc(1, sizeof(*b));
	if (!b)
		return;
	b->open = 1;
	b->replies = json_object_new_array();
	b->list = json_object_get(list);
	c->batch = b;
}

bool
batch_step(struct conn *c)
{
	struct batch *b = c->batch;

	if (!b)
		return false;
	if (!c->dead && b->next < json_object_array_length(b->list)) {
		run_request(c, json_object_array_get_idx(b->list, b->next++),
		    b);
		return true;
	}
	c->batch = NULL;
	json_object_put(b->list);
	b->list = NULL;
	batch_close_one(b, c->dead ? NULL : c);
	return true;
}

void
batch_drop(struct conn *c)
{
	struct batch *b = c->batch;

	if (!b)
		return;
	c->batch = NULL;
	json_object_put(b->list);
	batch_close_one(b, NULL);
}

/* Requests that are refused or answered at once need no place either. */
static bool
is_urgent(struct json_object *msg)
{
	struct json_object *v;
	enum method_id id;
	size_t i;

	if (json_object_is_type(msg, json_type_array)) {
		for (i = 0; i < json_object_array_length(msg); i++)
			if (!is_urgent(json_object_array_get_idx(msg, i)))
				return false;
		return true;
	}
	if (!json_object_is_type(msg, json_type_object) ||
	    !json_object_object_get_ex(msg, "method", &v) ||
	    !json_object_is_type(v, json_type_string))
		return true;
	id = method_find(json_object_get_string(v));
	return id == METHOD_COUNT || api_methods[id].flags & METHOD_URGENT;
}

/* Keep it for later; false when too many wait already. */
static bool
park(struct conn *c, const char *text, size_t len)
{
	struct parked *p = NULL;

	if (c->n_parked < MAX_PARKED &&
	    c->parked_bytes + len <= JSON_MAX_BYTES)
		p = malloc(sizeof(*p) + len);
	if (!p)
		return false;
	p->len = len;
	memcpy(p->text, text, len);
	STAILQ_INSERT_TAIL(&c->parked, p, link);
	c->n_parked++;
	c->parked_bytes += len;
	return true;
}

/* Too many wait: each request in msg is told so. */
static void
refuse_all(struct conn *c, struct json_object *msg, struct batch *b)
{
	struct rpc_request r;
	struct err e = { 0 };
	bool parsed = !rpc_request_parse(msg, &r, &e);

	if (parsed) {
		err_set(&e, ERR_RESOURCE_BUSY, "%d requests of this "
		    "connection are in flight and %u wait",
		    RPC_MAX_IN_FLIGHT, c->n_parked);
		err_hint(&e, "wait for answers before asking for more");
	}
	refuse(c, b, &r, &e, !parsed || !r.notification);
}

static void
refuse_batch(struct conn *c, struct json_object *list)
{
	struct batch *b = calloc(1, sizeof(*b));
	size_t i;

	if (!b)
		return;
	b->open = 1;
	b->replies = json_object_new_array();
	for (i = 0; i < json_object_array_length(list); i++)
		refuse_all(c, json_object_array_get_idx(list, i), b);
	batch_close_one(b, c);
}

void
call_dispatch(struct conn *c, const char *text, size_t len, bool parked)
{
	struct err e = { 0 };
	struct json_object *msg = json_parse(text, len, &e);
	bool batch, wait;

	if (!msg) {
		/* Where the next message begins is anybody's guess. */
		refuse(c, NULL, NULL, &e, true);
		c->closing = true;
		return;
	}
	batch = json_object_is_type(msg, json_type_array);
	wait = (c->in_flight >= RPC_MAX_IN_FLIGHT ||
	    (c->n_parked && !parked)) && !is_urgent(msg);
	if (wait && !park(c, text, len)) {
		if (batch && json_object_array_length(msg) <= RPC_MAX_BATCH)
			refuse_batch(c, msg);
		else
			refuse_all(c, msg, NULL);
	} else if (!wait && batch) {
		run_batch(c, msg);
	} else if (!wait) {
		run_request(c, msg, NULL);
	}
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
	struct domain *dom = domain_resolve(d, what, &e);

	snprintf(call->domain, sizeof(call->domain), "%s",
	    dom ? dom->name : what);
	if (!dom)
		call_fail(call, &e);
	return dom;
}
