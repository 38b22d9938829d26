/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to a monitor over its control connection, and its answers: for a
 * client's call, as JSON, or for ourselves, to a function.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/monitor.h"

#define ANSWER_SECONDS 15.0

static void
pending_free(struct pending *p)
{
	ev_timer_stop(p->m->d->loop, &p->timer);
	TAILQ_REMOVE(&p->m->pending, p, link);
	free(p);
}

/* It will not be answered. */
static void
pending_fail(struct pending *p, const struct err *e)
{
	struct monitor *m = p->m;
	struct call *call = p->call;
	ask_fn *fn = p->fn;
	void *ctx = p->ctx;

	pending_free(p);
	if (call)
		call_fail(call, e);
	else if (fn)
		fn(m, NULL, e, ctx);
}

static void
on_answer_late(struct ev_loop *loop, ev_timer *w, int events)
{
	struct pending *p = container_of(w, struct pending, timer);
	struct err e = { 0 };

	(void)loop;
	(void)events;
	err_set(&e, ERR_OPERATION_TIMEOUT, "domain %s: its monitor (pid %d) "
	    "does not answer", p->m->dom->name, (int)p->m->pid);
	err_hint(&e, "domain.destroy ends it");
	pending_fail(p, &e);
}

/* Numbers as integers, true and false as such, all else as strings. */
static void
add_field(struct json_object *o, const char *key, const char *value)
{
	size_t n = strlen(value);

	if (n && n < 19 && strspn(value, "0123456789") == n)
		json_object_object_add(o, key,
		    json_object_new_int64(strtoll(value, NULL, 10)));
	else if (!strcmp(value, "true") || !strcmp(value, "false"))
		json_object_object_add(o, key,
		    json_object_new_boolean(value[0] == 't'));
	else
		json_object_object_add(o, key, json_object_new_string(value));
}

/*
 * "list[N].field" stands for a field of the N-th object in an array; the
 * monitor counts N up.  *key then is the field, and the object is returned.
 */
static struct json_object *
holder_of(struct json_object *o, const char **key)
{
	const char *open = strchr(*key, '['), *dot;
	struct json_object *list;
	char name[64];
	size_t n;

	if (!open || !(dot = strstr(open, "].")) ||
	    (size_t)(open - *key) >= sizeof(name))
		return o;
	snprintf(name, sizeof(name), "%.*s", (int)(open - *key), *key);
	n = strtoul(open + 1, NULL, 10);
	if (!json_object_object_get_ex(o, name, &list)) {
		list = json_object_new_array();
		json_object_object_add(o, name, list);
	}
	if (n >= json_object_array_length(list)) {
		n = json_object_array_length(list);
		json_object_array_add(list, json_object_new_object());
	}
	*key = dot + 2;
	return json_object_array_get_idx(list, n);
}

struct json_object *
ask_json(const struct monitor *m, const struct ctl_msg *answer)
{
	struct json_object *o = json_object_new_object();
	char key[64], value[CTL_MAX];
	size_t pos = 0;

	json_object_object_add(o, "name",
	    json_object_new_string(m->dom->name));
	json_object_object_add(o, "uuid",
	    json_object_new_string(m->dom->uuid));
	while (ctl_next(answer, &pos, key, sizeof(key), value, sizeof(value))) {
		const char *field = key;
		struct json_object *holder = holder_of(o, &field);

		add_field(holder, field, value);
	}
	return o;
}

int
ask_not_running(const struct domain *dom, struct err *e)
{
	err_set(e, ERR_OPERATION_INVALID, "domain %s is not running",
	    dom->name);
	if (dom->persistent)
		err_hint(e, "domain.start (trivisor start %s) starts it",
		    dom->name);
	return -EINVAL;
}

static struct pending *
find_pending(struct monitor *m, uint64_t id)
{
	struct pending *p;

	TAILQ_FOREACH(p, &m->pending, link)
		if (p->id == id)
			return p;
	return NULL;
}

void
ask_take_answer(struct monitor *m, struct ctl_msg *answer)
{
	struct pending *p = find_pending(m, answer->h.id);
	struct err e = { 0 };
	struct call *call;
	ask_fn *fn;
	void *ctx;

	if (!p)
		return;
	if (answer->h.type != CTL_OK) {
		ctl_get_err(answer, &e);
		err_prefix(&e, "domain %s", m->dom->name);
		pending_fail(p, &e);
		return;
	}
	call = p->call;
	fn = p->fn;
	ctx = p->ctx;
	pending_free(p);
	if (!call) {
		if (fn)
			fn(m, answer, NULL, ctx);
		return;
	}
	call_ok(call, ask_json(m, answer), answer->fd);
	answer->fd = -1;
}

void
ask_fail_all(struct monitor *m, const struct err *e)
{
	while (!TAILQ_EMPTY(&m->pending))
		pending_fail(TAILQ_FIRST(&m->pending), e);
}

static int
ask(struct domain *dom, struct ctl_msg *msg, struct pending **out,
    struct err *e)
{
	struct monitor *m = dom->monitor;
	struct pending *p;
	int rc;

	if (!m || !m->ready)
		return ask_not_running(dom, e);
	p = calloc(1, sizeof(*p));
	msg->h.id = ++m->next_id;
	rc = !p ? -ENOMEM : m->control_fd < 0 ? -ENOTCONN :
	    ctl_send(m->control_fd, msg);
	if (rc) {
		free(p);
		err_set_sys(e, -rc, "domain %s: cannot reach its monitor "
		    "(pid %d)", dom->name, (int)m->pid);
		err_hint(e, "domain.destroy ends it");
		return rc;
	}
	p->m = m;
	p->id = msg->h.id;
	ev_timer_init(&p->timer, on_answer_late, ANSWER_SECONDS, 0);
	ev_timer_start(m->d->loop, &p->timer);
	TAILQ_INSERT_TAIL(&m->pending, p, link);
	*out = p;
	return 0;
}

void
monitor_forward(struct domain *dom, struct ctl_msg *msg, struct call *call)
{
	struct err e = { 0 };
	struct pending *p;

	if (ask(dom, msg, &p, &e))
		call_fail(call, &e);
	else
		p->call = call;
}

int
monitor_ask(struct domain *dom, struct ctl_msg *msg, ask_fn *fn, void *ctx,
    struct err *e)
{
	struct pending *p;
	int rc = ask(dom, msg, &p, e);

	if (rc)
		return rc;
	p->fn = fn;
	p->ctx = ctx;
	return 0;
}
