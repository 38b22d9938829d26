/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events: numbered, kept in a ring for late subscribers, sent to whoever
 * subscribed.  A client that does not read is cut off by conn_send().
 */
#include <json-c/json.h>
#include <string.h>

#include "api/rpc.h"
#include "base/clock.h"
#include "daemon/daemon.h"

static struct event_slot *
slot_of(struct event_log *l, uint64_t seq)
{
	return &l->ring[seq % EVENT_RING];
}

static bool
type_wanted(const struct subscription *s, const char *type)
{
	size_t i;

	if (!s->types)
		return true;
	for (i = 0; i < json_object_array_length(s->types); i++)
		if (!strcmp(json_object_get_string(
		    json_object_array_get_idx(s->types, i)), type))
			return true;
	return false;
}

static void
offer(struct conn *c, const struct event_slot *s)
{
	struct json_object *type = json_object_object_get(s->params, "type");

	if (!c->sub.on || (c->sub.uuid[0] && strcmp(c->sub.uuid, s->uuid)) ||
	    !type_wanted(&c->sub, json_object_get_string(type)))
		return;
	conn_send(c, rpc_notification("event", json_object_get(s->params)),
	    -1);
}

static struct json_object *
event_params(uint64_t seq, const char *type, const char *name,
    const char *uuid, struct json_object *data)
{
	struct json_object *p = json_object_new_object();
	struct json_object *dom = json_object_new_object();
	char time[32];

	rpc_time(clock_realtime(), time);
	json_object_object_add(dom, "name", json_object_new_string(name));
	json_object_object_add(dom, "uuid", json_object_new_string(uuid));
	json_object_object_add(p, "seq", json_object_new_uint64(seq));
	json_object_object_add(p, "time", json_object_new_string(time));
	json_object_object_add(p, "type", json_object_new_string(type));
	json_object_object_add(p, "domain", dom);
	json_object_object_add(p, "data",
	    data ? data : json_object_new_object());
	return p;
}

void
event_emit(struct daemon *d, const char *type, const char *name,
    const char *uuid, struct json_object *data)
{
	uint64_t seq = ++d->events.last_seq;
	struct event_slot *s = slot_of(&d->events, seq);
	struct conn *c, *next;

	json_object_put(s->params);
	s->seq = seq;
	memcpy(s->uuid, uuid, 36);
	s->uuid[36] = '\0';
	s->params = event_params(seq, type, name, uuid, data);
	/* Sending may end a connection that does not read. */
	for (c = TAILQ_FIRST(&d->conns); c; c = next) {
		next = TAILQ_NEXT(c, link);
		offer(c, s);
	}
}

bool
event_oldest(const struct daemon *d, uint64_t since)
{
	uint64_t last = d->events.last_seq;

	/* A number we never gave is from another daemon's life. */
	return since <= last && last - since <= EVENT_RING;
}

bool
event_replay(struct daemon *d, struct conn *c, uint64_t since)
{
	uint64_t last = d->events.last_seq, seq = since + 1;

	if (last > EVENT_RING && seq <= last - EVENT_RING)
		seq = last - EVENT_RING + 1;
	for (; since < last && seq <= last; seq++)
		offer(c, slot_of(&d->events, seq));
	return event_oldest(d, since);
}

void
event_log_fini(struct event_log *l)
{
	size_t i;

	for (i = 0; i < EVENT_RING; i++)
		json_object_put(l->ring[i].params);
}
