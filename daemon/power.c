/* SPDX-License-Identifier: Apache-2.0 */
/*
 * domain.shutdown and domain.reboot.  The monitor presses the button and, for
 * a reboot, turns the guest's power-off into a reset.  We keep the time, and
 * say what is known when the guest does not answer.
 */
#include "daemon/power.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/jobs.h"
#include "daemon/monitor.h"

struct power {
	struct domain *dom;		/* borrowed; dom->power is this */
	struct job *job;
	bool reboot;
	ev_timer timer;			/* runs when there is a limit */
	uint64_t timeout_ms;
};

/* The call that pressed, until the monitor has answered. */
struct press {
	struct power *p;
	struct call *call;
};

static void
power_free(struct power *p)
{
	ev_timer_stop(p->dom->daemon->loop, &p->timer);
	p->dom->power = NULL;
	free(p);
}

/* Nobody waits any more: a power-off shall then be one. */
static void
forget(struct domain *dom)
{
	struct err e = { 0 };
	struct ctl_msg m;

	ctl_msg_init(&m, CTL_SHUTDOWN, 0);
	(void)ctl_put(&m, "then", "forget");
	if (dom->monitor && monitor_minor(dom->monitor) >= 1 &&
	    monitor_ask(dom, &m, NULL, NULL, &e))
		log_line(LOG_WARN, "power: vm=%s error=\"%s\"", dom->name,
		    e.msg);
}

static void
on_cancel(struct job *job, void *ctx)
{
	struct power *p = ctx;

	(void)job;
	forget(p->dom);
	power_free(p);
}

/* ---- the guest does not answer --------------- */

static const struct {
	const char *button;	/* as CTL_DESCRIBE says */
	const char *why;
	const char *hint;
} silence[] = {
	{ "disabled", "it has not enabled its ACPI power button",
	  "the guest has no driver for it, or has not booted that far: shut it "
	  "down from inside, or end it now with domain.destroy" },
	{ "pressed", "it has not looked at its ACPI power button",
	  "it may be stuck (trivisor bt-stats, console); domain.destroy ends "
	  "it now" },
	{ "enabled", "it took the ACPI power button's event and went on",
	  "something in it must act on the button (acpid, systemd-logind), and "
	  "may ask somebody first; domain.destroy ends it now" },
};

static size_t
silence_of(const struct ctl_msg *answer)
{
	char button[16];
	size_t i;

	if (answer && ctl_get(answer, "button", button, sizeof(button)))
		for (i = 0; i < ARRAY_LEN(silence); i++)
			if (!strcmp(button, silence[i].button))
				return i;
	return ARRAY_LEN(silence);
}

static void
on_described(struct monitor *m, struct ctl_msg *answer, const struct err *why,
    void *ctx)
{
	struct domain *dom = monitor_domain(m);
	struct power *p = dom->power;
	struct err e = { 0 };
	size_t i = silence_of(answer);

	(void)why;
	/* It may have answered meanwhile, or somebody asked anew. */
	if (!p || p != ctx || ev_is_active(&p->timer))
		return;
	err_set(&e, ERR_OPERATION_TIMEOUT, "domain %s is not %s after %.3g s: "
	    "%s", dom->name, p->reboot ? "restarted" : "off",
	    (double)p->timeout_ms / 1000, i < ARRAY_LEN(silence) ?
	    silence[i].why : "the guest does not answer the power button");
	err_hint(&e, "%s", i < ARRAY_LEN(silence) ? silence[i].hint :
	    "domain.destroy ends it now");
	forget(dom);
	job_fail(p->job, &e);
	power_free(p);
}

static void
on_timeout(struct ev_loop *loop, ev_timer *w, int events)
{
	struct power *p = container_of(w, struct power, timer);
	struct monitor *m = p->dom->monitor;
	struct err e = { 0 };
	struct ctl_msg ask;

	(void)loop;
	(void)events;
	ctl_msg_init(&ask, CTL_DESCRIBE, 0);
	if (m && monitor_ask(p->dom, &ask, on_described, p, &e))
		on_described(m, NULL, &e, p);
}

static void
start_timer(struct power *p, double seconds)
{
	ev_timer_stop(p->dom->daemon->loop, &p->timer);
	ev_timer_set(&p->timer, MAX(seconds, 0.001), 0);
	ev_timer_start(p->dom->daemon->loop, &p->timer);
}

/* ---- asking --------------- */

/* dom->power and its job; NULL without memory.  id NULL: a new one. */
static struct power *
power_new(struct domain *dom, bool reboot, const char *id)
{
	const char *operation = reboot ? "reboot" : "shutdown";
	struct power *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->dom = dom;
	p->reboot = reboot;
	p->job = id ? job_adopt(dom->daemon, dom, id, operation, on_cancel, p) :
	    job_new(dom->daemon, dom, operation, on_cancel, p);
	if (!p->job) {
		free(p);
		return NULL;
	}
	ev_timer_init(&p->timer, on_timeout, 0, 0);
	dom->power = p;
	job_progress(p->job, "waiting for the guest", 0, 0);
	return p;
}

static void
on_pressed(struct monitor *m, struct ctl_msg *answer, const struct err *e,
    void *ctx)
{
	struct domain *dom = monitor_domain(m);
	struct press *press = ctx;
	struct power *p = dom->power == press->p ? press->p : NULL;
	struct json_object *o;
	size_t i;

	if (!answer) {
		if (p) {
			job_fail(p->job, e);
			power_free(p);
		}
		call_fail(press->call, e);
		free(press);
		return;
	}
	o = ask_json(m, answer);
	i = silence_of(answer);
	if (i == 0) {
		json_object_object_add(o, "warning",
		    json_object_new_string("the guest has not enabled its "
		    "ACPI power button"));
		json_object_object_add(o, "hint",
		    json_object_new_string(silence[i].hint));
	}
	if (p)
		json_object_object_add(o, "job", job_json(p->job));
	call_ok(press->call, o, -1);
	free(press);
}

/* Whoever asks again presses again; the other wish gives way. */
static struct power *
power_for(struct domain *dom, bool reboot)
{
	struct power *p = dom->power;

	if (p && p->reboot == reboot)
		return p;
	if (p) {
		job_aborted(p->job, reboot ? "a reboot was asked for instead" :
		    "a shutdown was asked for instead");
		power_free(p);
	}
	return power_new(dom, reboot, NULL);
}

static int
check(struct domain *dom, bool reboot, struct err *e)
{
	if (!dom->monitor || !monitor_is_ready(dom->monitor))
		return ask_not_running(dom, e);
	if (reboot && monitor_minor(dom->monitor) < 1) {
		err_set(e, ERR_OPERATION_UNSUPPORTED, "domain %s: its monitor "
		    "is of an older version, which cannot turn a power-off "
		    "into a restart", dom->name);
		err_hint(e, "domain.shutdown, then domain.start");
		return -EINVAL;
	}
	if (domain_current(dom)->cfg.acpi)
		return domain_may(dom, reboot ? OP_REBOOT : OP_SHUTDOWN, e);
	err_set(e, ERR_OPERATION_INVALID, "domain %s has no ACPI, hence no "
	    "power button", dom->name);
	err_hint(e, "use domain.destroy, or give the domain <acpi/>");
	return -EINVAL;
}

static int
press(struct domain *dom, struct power *p, struct call *call, struct err *e)
{
	struct press *press = calloc(1, sizeof(*press));
	ns_t until = clock_realtime() + (ns_t)p->timeout_ms * 1000000;
	struct ctl_msg m;
	int rc;

	if (!press)
		return err_set_sys(e, ENOMEM, "domain %s", dom->name);
	press->p = p;
	press->call = call;
	ctl_msg_init(&m, CTL_SHUTDOWN, 0);
	(void)ctl_put(&m, "then", p->reboot ? "reboot" : "off");
	(void)ctl_put(&m, "job", "%s", job_id(p->job));
	(void)ctl_put(&m, "until", "%lld",
	    p->timeout_ms ? (long long)until : 0LL);
	rc = monitor_ask(dom, &m, on_pressed, press, e);
	if (rc)
		free(press);
	return rc;
}

static void
power_call(struct daemon *d, struct call *call, struct json_object *params,
    bool reboot)
{
	struct domain *dom = param_domain(d, call, params);
	struct err e = { 0 };
	struct power *p;
	int rc;

	if (!dom)
		return;
	rc = check(dom, reboot, &e);
	p = rc ? NULL : power_for(dom, reboot);
	if (!rc && !p)
		rc = err_set_sys(&e, ENOMEM, "domain %s", dom->name);
	if (!rc) {
		p->timeout_ms = param_u64(params, "timeout_ms", 0);
		rc = press(dom, p, call, &e);
		if (rc) {
			job_fail(p->job, &e);
			power_free(p);
		} else if (p->timeout_ms) {
			start_timer(p, (double)p->timeout_ms / 1000);
		}
	}
	if (rc)
		call_fail(call, &e);
}

void
on_domain_shutdown(struct daemon *d, struct call *call,
    struct json_object *params)
{
	power_call(d, call, params, false);
}

void
on_domain_reboot(struct daemon *d, struct call *call,
    struct json_object *params)
{
	power_call(d, call, params, true);
}

/* ---- how it ends --------------- */

static struct json_object *
result(const struct domain *dom)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "state",
	    json_object_new_string(domain_state_name(dom->state)));
	json_object_object_add(o, "id", json_object_new_int((int)dom->id));
	return o;
}

void
power_reset(struct domain *dom)
{
	struct power *p = dom->power;

	if (!p)
		return;
	job_done(p->job, result(dom));
	power_free(p);
}

static void
over(struct job *job, const struct domain *dom, bool reboot)
{
	const struct domain_exit *x = &dom->exit;
	struct json_object *o;
	struct err e = { 0 };

	if (x->state == DOMAIN_SHUTOFF && !reboot) {
		o = json_object_new_object();
		json_object_object_add(o, "state",
		    json_object_new_string("shutoff"));
		json_object_object_add(o, "reason",
		    json_object_new_string(x->reason));
		job_done(job, o);
		return;
	}
	err_set(&e, ERR_OPERATION_ABORTED, "domain %s ended meanwhile: %s%s%s",
	    dom->name, x->reason, x->detail[0] ? ": " : "", x->detail);
	job_fail(job, &e);
}

void
power_over(struct domain *dom)
{
	struct power *p = dom->power;

	if (!p)
		return;
	over(p->job, dom, p->reboot);
	power_free(p);
}

/* ---- daemons come and go --------------- */

/* What stands under what= in a monitor's message; false: nothing. */
static bool
asked(const struct ctl_msg *m, const char *what, bool *reboot, char job[32],
    uint64_t *until)
{
	char key[32], text[16];

	*until = 0;
	if (!ctl_get(m, what, text, sizeof(text)) || !text[0])
		return false;
	*reboot = !strcmp(text, "reboot");
	snprintf(key, sizeof(key), "%s_job", what);
	if (!ctl_get(m, key, job, 32) || !job[0])
		return false;
	snprintf(key, sizeof(key), "%s_until", what);
	(void)ctl_get_u64(m, key, until);
	return true;
}

void
power_resume(struct domain *dom, const struct ctl_msg *answer)
{
	struct power *p;
	uint64_t until;
	char job[32];
	bool reboot;
	ns_t left;

	/* Over while nobody was there: whoever asks for the job finds it. */
	if (asked(answer, "answered", &reboot, job, &until)) {
		p = power_new(dom, reboot, job);
		if (p)
			power_reset(dom);
	}
	if (!asked(answer, "request", &reboot, job, &until))
		return;
	p = power_new(dom, reboot, job);
	if (!p || !until)
		return;
	left = (ns_t)until - clock_realtime();
	/* The whole of it is not known any more: what is left is said. */
	p->timeout_ms = left > 0 ? (uint64_t)left / 1000000 : 0;
	start_timer(p, (double)left / NS_PER_SEC);
}

void
power_resume_dead(struct domain *dom, int dir_fd)
{
	struct domain_exit x;
	struct ctl_msg report;
	struct power *p;
	uint64_t until;
	char job[32];
	bool reboot;

	if (run_dir_report(dir_fd, &x, &report) == REPORT_NONE ||
	    !asked(&report, "request", &reboot, job, &until))
		return;
	p = power_new(dom, reboot, job);
	if (p)
		power_over(dom);
}

void
power_detach(struct domain *dom)
{
	if (dom->power)
		power_free(dom->power);
}
