/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domains that start with the daemon: marked in the store, started one after
 * the other in the order of their names, each when the one before is up (or
 * has failed, or takes long).  Each is a job, so that whoever looks later
 * finds what became of it.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/daemon.h"
#include "daemon/jobs.h"

/* The next one then starts, too. */
#define LATE_SECONDS 5.0

static struct domain *
next_marked(struct daemon *d)
{
	struct domain *dom, *first = NULL;

	TAILQ_FOREACH(dom, &d->domains, link)
		if (dom->autostart && dom->autostart_due &&
		    (!first || strcmp(dom->name, first->name) < 0))
			first = dom;
	return first;
}

static void
start_one(struct daemon *d, struct domain *dom)
{
	struct job *job = job_new(d, dom, "autostart", NULL, NULL);
	struct err e = { 0 };

	dom->autostart_due = false;
	if (!job)
		return;
	if (domain_start_alone(d, dom, job, &e)) {
		log_line(LOG_ERR, "autostart: vm=%s error=\"%s\"", dom->name,
		    e.msg);
		job_fail(job, &e);
		autostart_next(d);
	}
}

void
autostart_next(struct daemon *d)
{
	struct domain *dom = d->ending ? NULL : next_marked(d);

	ev_timer_stop(d->loop, &d->autostart_timer);
	if (!dom)
		return;
	ev_timer_set(&d->autostart_timer, LATE_SECONDS, 0);
	ev_timer_start(d->loop, &d->autostart_timer);
	/* A failure comes back here: no deeper than there are domains. */
	start_one(d, dom);
}

static void
on_late(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	autostart_next(container_of(w, struct daemon, autostart_timer));
}

void
autostart_begin(struct daemon *d)
{
	struct domain *dom;

	ev_timer_init(&d->autostart_timer, on_late, 0, 0);
	TAILQ_FOREACH(dom, &d->domains, link)
		dom->autostart_due = dom->autostart &&
		    !domain_is_active(dom);
	autostart_next(d);
}

void
on_domain_autostart(struct daemon *d, struct call *call,
    struct json_object *params)
{
	bool on = param_bool(params, "enable", true);
	struct domain *dom = param_domain(d, call, params);
	struct err e = { 0 };
	int rc;

	if (!dom)
		return;
	if (!dom->persistent) {
		rc = err_set(&e, ERR_OPERATION_INVALID, "domain %s is not "
		    "stored, so it cannot start with the daemon", dom->name);
		err_hint(&e, "domain.define stores it");
	} else {
		rc = store_set_autostart(d->opt.state_dir, dom->uuid, on, &e);
	}
	if (rc) {
		call_fail(call, &e);
		return;
	}
	dom->autostart = on;
	call_ok(call, domain_json(dom, false), -1);
}
