/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events: numbered, kept as text in a bounded ring, and sent to whoever
 * subscribed.  A subscriber is a place in the ring: it gets what comes after
 * as fast as it reads, and where that has been dropped meanwhile, word of the
 * gap (events.lost).  So a slow one costs no memory and loses nothing without
 * being told.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/events.h"
#include "api/nearest.h"
#include "api/rpc.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon.h"

/* Events are added to what a connection has to read up to here. */
#define PUMP_BYTES (256u << 10)

static struct event_slot *
slot_of(struct event_log *l, uint64_t seq)
{
	return &l->ring[seq % EVENT_RING];
}

/* ---- the ring --------------- */

static void
drop_oldest(struct event_log *l)
{
	struct event_slot *s = slot_of(l, l->first_seq++);

	l->bytes -= s->len;
	free(s->text);
	s->text = NULL;
}

static void
keep(struct event_log *l, const char *type, const char *uuid, char *text,
    size_t len)
{
	struct event_slot *s;

	while (l->first_seq <= l->last_seq &&
	    (l->last_seq - l->first_seq + 1 == EVENT_RING ||
	    l->bytes + len > EVENT_BYTES))
		drop_oldest(l);
	s = slot_of(l, ++l->last_seq);
	snprintf(s->type, sizeof(s->type), "%s", type);
	snprintf(s->uuid, sizeof(s->uuid), "%s", uuid);
	s->text = text;
	s->len = len;
	l->bytes += len;
}

static struct json_object *
event_params(uint64_t seq, const char *type, const char *name,
    const char *uuid, struct json_object *data)
{
	struct json_object *p = json_object_new_object(), *dom;
	char time[32];

	rpc_time(clock_realtime(), time);
	json_object_object_add(p, "seq", json_object_new_uint64(seq));
	json_object_object_add(p, "time", json_object_new_string(time));
	json_object_object_add(p, "type", json_object_new_string(type));
	if (*uuid) {
		dom = json_object_new_object();
		json_object_object_add(dom, "name",
		    json_object_new_string(name));
		json_object_object_add(dom, "uuid",
		    json_object_new_string(uuid));
		json_object_object_add(p, "domain", dom);
	}
	json_object_object_add(p, "data",
	    data ? data : json_object_new_object());
	return p;
}

void
event_emit(struct daemon *d, const char *type, const char *name,
    const char *uuid, struct json_object *data)
{
	struct event_log *l = &d->events;
	struct json_object *msg;
	struct conn *c;
	const char *text;
	size_t len = 0;
	char *copy;

	if (!event_type_known(type))
		log_line(LOG_ERR, "events: what=unknown_type type=%s", type);
	msg = rpc_notification("event", event_params(l->last_seq + 1, type,
	    name, uuid, data));
	text = json_object_to_json_string_length(msg, JSON_C_TO_STRING_PLAIN |
	    JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	copy = text ? malloc(len + 1) : NULL;
	BUG_ON(!copy);
	memcpy(copy, text, len + 1);
	json_object_put(msg);
	keep(l, type, uuid, copy, len);
	TAILQ_FOREACH(c, &d->conns, link)
		events_pump(c);
}

void
event_log_init(struct event_log *l)
{
	l->first_seq = 1;
}

void
event_log_fini(struct event_log *l)
{
	while (l->first_seq && l->first_seq <= l->last_seq)
		drop_oldest(l);
}

/* ---- subscribers --------------- */

static bool
wanted(const struct subscription *s, const struct event_slot *e)
{
	size_t i, n = s->types ? json_object_array_length(s->types) : 0;
	bool ok = !n;

	for (i = 0; !ok && i < n; i++)
		ok = event_pattern_matches(json_object_get_string(
		    json_object_array_get_idx(s->types, i)), e->type);
	if (!ok || !s->n_uuids)
		return ok;
	for (i = 0; i < s->n_uuids; i++)
		if (!strcmp(s->uuids[i], e->uuid))
			return true;
	return false;
}

static void
send_lost(struct conn *c, uint64_t from, uint64_t to, const char *why)
{
	struct json_object *p = json_object_new_object();

	json_object_object_add(p, "from", json_object_new_uint64(from));
	/* How far an earlier daemon had come, nobody knows. */
	if (to)
		json_object_object_add(p, "to", json_object_new_uint64(to));
	json_object_object_add(p, "reason", json_object_new_string(why));
	json_object_object_add(p, "instance",
	    json_object_new_string(c->daemon->instance));
	conn_send(c, rpc_notification(EVENTS_LOST, p), -1);
}

void
events_pump(struct conn *c)
{
	struct event_log *l = &c->daemon->events;
	struct subscription *s = &c->sub;

	if (!s->on || c->closing)
		return;
	if (s->next < l->first_seq) {
		if (c->out_bytes >= PUMP_BYTES)
			return;
		send_lost(c, s->next, l->first_seq - 1, "overrun");
		s->next = l->first_seq;
	}
	while (!c->dead && s->next <= l->last_seq &&
	    c->out_bytes < PUMP_BYTES) {
		const struct event_slot *e = slot_of(l, s->next++);

		if (wanted(s, e))
			conn_send_text(c, e->text, e->len, -1);
	}
}

void
subscription_fini(struct subscription *s)
{
	json_object_put(s->types);
	free(s->uuids);
	memset(s, 0, sizeof(*s));
}

/* ---- the methods --------------- */

static int
bad_value(struct err *e, const char *field)
{
	snprintf(e->element, sizeof(e->element), "%s", field);
	e->code = -32602;
	return -EINVAL;
}

static int
take_types(struct json_object *params, struct subscription *s, struct err *e)
{
	struct json_object *types = NULL;
	size_t i, j;

	if (!params || !json_object_object_get_ex(params, "types", &types))
		return 0;
	if (json_object_array_length(types) > SUBSCRIBE_MAX) {
		err_set(e, ERR_INVALID_ARG, "more than %d types",
		    SUBSCRIBE_MAX);
		return bad_value(e, "types");
	}
	for (i = 0; i < json_object_array_length(types); i++) {
		const char *t = json_object_get_string(
		    json_object_array_get_idx(types, i));
		struct nearest near = { .word = t };

		if (event_pattern_ok(t))
			continue;
		for (j = 0; j < api_n_events; j++)
			nearest_offer(&near, api_events[j].name);
		err_set(e, ERR_INVALID_ARG, "there is no event type \"%.64s\"",
		    t);
		if (near.best)
			err_hint(e, "did you mean %s?", near.best);
		else
			err_hint(e, "rpc.discover lists them in x-events; "
			    "domain.* means all of domains");
		return bad_value(e, "types");
	}
	s->types = json_object_get(types);
	return 0;
}

static int
add_domain(struct daemon *d, struct subscription *s, const char *what,
    struct err *e)
{
	struct domain *dom = domain_resolve(d, what, e);
	char (*more)[37];

	if (!dom)
		return -ENOENT;
	if (s->n_uuids == SUBSCRIBE_MAX) {
		err_set(e, ERR_INVALID_ARG, "more than %d domains",
		    SUBSCRIBE_MAX);
		return bad_value(e, "domains");
	}
	more = realloc(s->uuids, (s->n_uuids + 1) * sizeof(*more));
	if (!more)
		return err_set_sys(e, ENOMEM, "subscription");
	s->uuids = more;
	memcpy(s->uuids[s->n_uuids++], dom->uuid, sizeof(*more));
	return 0;
}

static int
take_domains(struct daemon *d, struct json_object *params,
    struct subscription *s, struct err *e)
{
	struct json_object *list = NULL;
	size_t i, n = 0;
	int rc = 0;

	if (param_has(params, "domain"))
		rc = add_domain(d, s, param_text(params, "domain"), e);
	if (params && json_object_object_get_ex(params, "domains", &list))
		n = json_object_array_length(list);
	for (i = 0; !rc && i < n; i++)
		rc = add_domain(d, s, json_object_get_string(
		    json_object_array_get_idx(list, i)), e);
	return rc;
}

/* Where to begin, and whether something is missing before that. */
static bool
find_place(struct daemon *d, struct json_object *params,
    struct subscription *s)
{
	const char *instance = param_text(params, "instance");
	uint64_t last = d->events.last_seq;
	uint64_t since = param_u64(params, "since_seq", last);

	s->next = since + 1;
	/* A number we never gave is from another daemon's life. */
	if (since > last || (instance && strcmp(instance, d->instance))) {
		s->next = d->events.first_seq;
		return true;
	}
	return s->next < d->events.first_seq;
}

void
on_events_subscribe(struct daemon *d, struct call *call,
    struct json_object *params)
{
	struct subscription s = { .on = true };
	struct conn *c = call->conn;
	struct json_object *result;
	struct err e = { 0 };
	bool lost, restart;

	if (take_types(params, &s, &e) || take_domains(d, params, &s, &e)) {
		subscription_fini(&s);
		call_fail(call, &e);
		return;
	}
	lost = find_place(d, params, &s);
	restart = lost && s.next >= d->events.first_seq;
	subscription_fini(&c->sub);
	c->sub = s;
	result = json_object_new_object();
	json_object_object_add(result, "seq",
	    json_object_new_uint64(d->events.last_seq));
	json_object_object_add(result, "instance",
	    json_object_new_string(d->instance));
	json_object_object_add(result, "lost", json_object_new_boolean(lost));
	call_ok(call, result, -1);
	if (restart)
		send_lost(c, param_u64(params, "since_seq", 0) + 1, 0,
		    "restart");
	events_pump(c);
}

void
on_events_unsubscribe(struct daemon *d, struct call *call,
    struct json_object *params)
{
	(void)d;
	(void)params;
	subscription_fini(&call->conn->sub);
	call_ok(call, json_object_new_object(), -1);
}
