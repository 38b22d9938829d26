/* SPDX-License-Identifier: Apache-2.0 */
/*
 * domain.stats_all and stats_collect(): one poll asks all monitors, takes
 * their answers as they come, and reports after the last or after its time.
 * The poll lives until the last request has ended, for that may be later.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/monitor.h"
#include "daemon/stats.h"

/* More unanswered ones than that, and a monitor is not asked again. */
#define MAX_UNANSWERED 4

struct poll {
	struct daemon *d;
	stats_fn *fn;			/* NULL once it was called */
	void *ctx;
	unsigned groups;
	unsigned open;			/* unanswered, +1 while asking */
	struct json_object *rows;	/* owned */
	ev_timer timer;
};

/* One domain's part; the domain itself may be gone by the answer. */
struct poll_part {
	struct poll *poll;
	struct json_object *row;	/* owned reference */
};

static const struct {
	const char *name;
	unsigned group;
} group_names[] = {
	{ "state", STATS_STATE }, { "cpu", STATS_CPU },
	{ "cpu-total", STATS_CPU }, { "balloon", STATS_BALLOON },
	{ "memory", STATS_BALLOON }, { "vcpu", STATS_VCPU },
	{ "engine", STATS_ENGINE }, { "perf", STATS_ENGINE },
};

/* libvirt's numbers, virDomainState and the reasons that go with them. */
static const struct {
	enum domain_state state;
	const char *reason;	/* NULL: any other */
	int number, reason_number;
} numbers[] = {
	{ DOMAIN_STARTING, NULL, 1, 0 },
	{ DOMAIN_RUNNING, "booted", 1, 1 }, { DOMAIN_RUNNING, "user", 1, 5 },
	{ DOMAIN_RUNNING, NULL, 1, 0 },
	{ DOMAIN_PAUSED, NULL, 3, 1 },
	{ DOMAIN_STOPPING, NULL, 4, 1 },
	{ DOMAIN_SHUTOFF, "destroyed", 5, 2 },
	{ DOMAIN_SHUTOFF, "crashed", 5, 3 },
	{ DOMAIN_SHUTOFF, "failed", 5, 6 },
	{ DOMAIN_SHUTOFF, "", 5, 0 }, { DOMAIN_SHUTOFF, NULL, 5, 1 },
	{ DOMAIN_CRASHED, NULL, 6, 0 },
};

static void
put_int(struct json_object *o, const char *key, uint64_t v)
{
	json_object_object_add(o, key, json_object_new_uint64(v));
}

static struct json_object *
stats_of(struct json_object *row)
{
	struct json_object *o;

	if (!json_object_object_get_ex(row, "stats", &o)) {
		o = json_object_new_object();
		json_object_object_add(row, "stats", o);
	}
	return o;
}

static uint64_t
get_int(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ?
	    json_object_get_uint64(v) : 0;
}

/* ---- what the daemon and the host know --------------- */

/* A process's time in ns, and in user and system mode in ticks. */
static void
put_cpu(pid_t pid, unsigned groups, struct json_object *row)
{
	unsigned long user = 0, sys = 0;
	struct timespec ts;
	char path[40], text[1024];
	const char *p;
	uint64_t ns, tick = NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	clockid_t clock;
	ssize_t n;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts))
		return;
	ns = (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
	put_int(row, "cpu_ns", ns);
	if (!(groups & STATS_CPU))
		return;
	put_int(stats_of(row), "cpu.time", ns);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	n = file_read_text(-1, path, text, sizeof(text));
	/* The name in parentheses may hold anything, even parentheses. */
	p = n > 0 ? strrchr(text, ')') : NULL;
	if (!p || sscanf(p, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
	    "%lu %lu", &user, &sys) != 2)
		return;
	put_int(stats_of(row), "cpu.user", user * tick);
	put_int(stats_of(row), "cpu.system", sys * tick);
}

static void
put_memory(const struct domain *dom, pid_t pid, unsigned groups,
    struct json_object *row)
{
	uint64_t kib = domain_current(dom)->cfg.memory >> 10, rss = 0;
	char path[40], text[128];
	unsigned long pages;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	if (pid > 0 && file_read_text(-1, path, text, sizeof(text)) > 0 &&
	    sscanf(text, "%*u %lu", &pages) == 1)
		rss = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
	if (rss)
		put_int(row, "rss", rss);
	if (!(groups & STATS_BALLOON))
		return;
	put_int(stats_of(row), "balloon.current", kib);
	put_int(stats_of(row), "balloon.maximum", kib);
	if (rss)
		put_int(stats_of(row), "balloon.rss", rss >> 10);
}

static void
put_state(const struct domain *dom, struct json_object *row)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(numbers); i++) {
		if (numbers[i].state == dom->state && (!numbers[i].reason ||
		    !strcmp(numbers[i].reason, dom->reason)))
			break;
	}
	if (i == ARRAY_LEN(numbers))
		return;
	put_int(stats_of(row), "state.state", (uint64_t)numbers[i].number);
	put_int(stats_of(row), "state.reason",
	    (uint64_t)numbers[i].reason_number);
}

static struct json_object *
row_new(const struct domain *dom, unsigned groups)
{
	struct json_object *row = domain_json(dom, false);
	pid_t pid = dom->monitor ? monitor_pid(dom->monitor) : 0;
	unsigned n = domain_current(dom)->cfg.vcpus;

	(void)stats_of(row);
	if (groups & STATS_STATE)
		put_state(dom, row);
	if (pid > 0)
		put_cpu(pid, groups, row);
	put_memory(dom, pid, groups, row);
	if (groups & STATS_VCPU) {
		put_int(stats_of(row), "vcpu.current", n);
		put_int(stats_of(row), "vcpu.maximum", n);
	}
	return row;
}

/* ---- what the monitor says --------------- */

/* "vcpu3.exits": of all together, and as "vcpu.3.exits". */
static void
take_vcpu(struct json_object *row, unsigned groups, const char *key,
    uint64_t value)
{
	static const struct {
		const char *name;
		const char *sum;	/* NULL: none */
		const char *stat;
	} fields[] = {
		{ "exits", "exits", "exits.sum" },
		{ "halts", "halts", "halt_exits.sum" },
		{ "interrupts", "interrupts", "irq_injections.sum" },
		{ "time_ns", NULL, "time" },
	};
	char name[64];
	unsigned id;
	size_t i;
	int n = 0;

	if (sscanf(key, "vcpu%u.%n", &id, &n) != 1 || !n)
		return;
	for (i = 0; i < ARRAY_LEN(fields); i++) {
		if (strcmp(fields[i].name, key + n))
			continue;
		if (fields[i].sum)
			put_int(row, fields[i].sum,
			    get_int(row, fields[i].sum) + value);
		if (!(groups & STATS_VCPU))
			return;
		snprintf(name, sizeof(name), "vcpu.%u.state", id);
		put_int(stats_of(row), name, 1);
		snprintf(name, sizeof(name), "vcpu.%u.%s", id,
		    fields[i].stat);
		put_int(stats_of(row), name, value);
	}
}

static void
take_field(struct json_object *row, unsigned groups, const char *key,
    uint64_t value)
{
	static const struct {
		const char *key;
		const char *member;
	} members[] = {
		{ "cpu_ns", "vcpu_ns" }, { "uptime_ns", "uptime_ns" },
		{ "bt.translations", "translations" },
	};
	char name[96];
	size_t i;

	for (i = 0; i < ARRAY_LEN(members); i++) {
		if (!strcmp(members[i].key, key))
			put_int(row, members[i].member, value);
	}
	if (!strncmp(key, "vcpu", 4)) {
		take_vcpu(row, groups, key, value);
	} else if (groups & STATS_ENGINE) {
		snprintf(name, sizeof(name), "engine.%s", key);
		put_int(stats_of(row), name, value);
	}
}

static void
take_answer(struct json_object *row, unsigned groups,
    const struct ctl_msg *answer)
{
	char key[64], value[64];
	size_t pos = 0;
	uint64_t n;

	while (ctl_next(answer, &pos, key, sizeof(key), value, sizeof(value)))
		if (ctl_get_u64(answer, key, &n))
			take_field(row, groups, key, n);
}

/* ---- the poll --------------- */

static void
mark_stale(struct json_object *row, const char *why)
{
	json_object_object_add(row, "stale", json_object_new_boolean(true));
	json_object_object_add(row, "error", json_object_new_string(why));
}

static void
poll_report(struct poll *p)
{
	stats_fn *fn = p->fn;

	ev_timer_stop(p->d->loop, &p->timer);
	p->fn = NULL;
	if (fn)
		fn(p->rows, p->ctx);
}

static void
poll_close_one(struct poll *p)
{
	if (--p->open)
		return;
	poll_report(p);
	json_object_put(p->rows);
	free(p);
}

static void
on_answer(struct monitor *m, struct ctl_msg *answer, const struct err *e,
    void *ctx)
{
	struct poll_part *part = ctx;
	struct poll *p = part->poll;

	(void)m;
	/* After the report nobody looks at the row any more. */
	if (p->fn) {
		json_object_object_del(part->row, "stale");
		json_object_object_del(part->row, "error");
		if (answer)
			take_answer(part->row, p->groups, answer);
		else
			mark_stale(part->row, e->msg);
	}
	json_object_put(part->row);
	free(part);
	poll_close_one(p);
}

static void
on_late(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	poll_report(container_of(w, struct poll, timer));
}

static unsigned
unanswered(const struct monitor *m)
{
	const struct pending *p;
	unsigned n = 0;

	TAILQ_FOREACH(p, &m->pending, link)
		n += p->fn == on_answer;
	return n;
}

static void
poll_ask(struct poll *p, struct domain *dom, struct json_object *row)
{
	struct poll_part *part;
	struct err e = { 0 };
	struct ctl_msg ask;

	mark_stale(row, "its monitor does not answer");
	if (unanswered(dom->monitor) >= MAX_UNANSWERED)
		return;
	part = calloc(1, sizeof(*part));
	if (!part)
		return;
	part->poll = p;
	part->row = json_object_get(row);
	ctl_msg_init(&ask, CTL_STATS, 0);
	p->open++;
	if (monitor_ask(dom, &ask, on_answer, part, &e))
		on_answer(dom->monitor, NULL, &e, part);
}

static void
poll_add(struct poll *p, struct domain *dom)
{
	struct json_object *row = row_new(dom, p->groups);

	json_object_array_add(p->rows, row);
	if (dom->monitor && monitor_is_ready(dom->monitor))
		poll_ask(p, dom, row);
}

static int
poll_named(struct poll *p, struct json_object *domains, struct err *e)
{
	struct domain *dom;
	size_t i;

	/* All of them are looked up before any is asked. */
	for (i = 0; i < json_object_array_length(domains); i++) {
		if (!domain_resolve(p->d, json_object_get_string(
		    json_object_array_get_idx(domains, i)), e))
			return -ENOENT;
	}
	for (i = 0; i < json_object_array_length(domains); i++) {
		dom = domain_resolve(p->d, json_object_get_string(
		    json_object_array_get_idx(domains, i)), NULL);
		poll_add(p, dom);
	}
	return 0;
}

int
stats_collect(struct daemon *d, struct json_object *domains, unsigned groups,
    stats_fn *fn, void *ctx, struct err *e)
{
	struct poll *p = calloc(1, sizeof(*p));
	struct domain *dom;
	int rc = 0;

	if (!p)
		return err_set_sys(e, ENOMEM, "counters");
	p->d = d;
	p->fn = fn;
	p->ctx = ctx;
	p->groups = groups;
	p->open = 1;
	p->rows = json_object_new_array();
	ev_timer_init(&p->timer, on_late, STATS_SECONDS, 0);
	ev_timer_start(d->loop, &p->timer);
	if (domains)
		rc = poll_named(p, domains, e);
	else
		TAILQ_FOREACH(dom, &d->domains, link)
			poll_add(p, dom);
	if (rc)
		p->fn = NULL;
	poll_close_one(p);
	return rc;
}

/* ---- domain.stats_all --------------- */

static int
parse_groups(struct json_object *list, unsigned *groups, struct err *e)
{
	const char *word;
	size_t i, k;

	*groups = list ? 0 : STATS_ALL;
	for (i = 0; list && i < json_object_array_length(list); i++) {
		word = json_object_get_string(
		    json_object_array_get_idx(list, i));
		for (k = 0; k < ARRAY_LEN(group_names); k++) {
			if (!strcmp(group_names[k].name, word))
				break;
		}
		if (k == ARRAY_LEN(group_names)) {
			err_set(e, ERR_INVALID_ARG,
			    "there are no counters \"%.32s\"", word);
			err_hint(e, "groups are state, cpu, balloon, vcpu "
			    "and engine");
			return -EINVAL;
		}
		*groups |= group_names[k].group;
	}
	return 0;
}

static void
answer_call(struct json_object *rows, void *ctx)
{
	struct json_object *result = json_object_new_object();

	json_object_object_add(result, "domains", json_object_get(rows));
	call_ok(ctx, result, -1);
}

void
on_domain_stats_all(struct daemon *d, struct call *call,
    struct json_object *params)
{
	struct json_object *domains = NULL, *list = NULL;
	struct err e = { 0 };
	unsigned groups;

	if (params) {
		json_object_object_get_ex(params, "domains", &domains);
		json_object_object_get_ex(params, "groups", &list);
	}
	if (parse_groups(list, &groups, &e) ||
	    stats_collect(d, domains, groups, answer_call, call, &e))
		call_fail(call, &e);
}
