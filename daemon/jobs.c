/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs, their history, and who waits for them.  A waiter whose client has
 * gone goes too, so that nobody can pile them up.
 */
#include "daemon/jobs.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/rpc.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/jobs_int.h"

#define PROGRESS_INTERVAL (NS_PER_SEC / 10)

static const char *const state_names[] = {
	[JOB_RUNNING] = "running", [JOB_DONE] = "done",
	[JOB_FAILED] = "failed", [JOB_CANCELLED] = "cancelled",
};

static void
add_text(struct json_object *o, const char *key, const char *text)
{
	if (text && *text)
		json_object_object_add(o, key, json_object_new_string(text));
}

static void
add_time(struct json_object *o, const char *key, ns_t t)
{
	char text[32];

	if (!t)
		return;
	rpc_time(t, text);
	add_text(o, key, text);
}

static struct json_object *
error_json(const struct err *e)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "code", json_object_new_int(e->code));
	add_text(o, "name", err_name(e->code));
	add_text(o, "message", e->msg);
	add_text(o, "hint", e->hint);
	return o;
}

static struct json_object *
progress_json(const struct job *job)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "done", json_object_new_uint64(job->done));
	json_object_object_add(o, "total", json_object_new_uint64(job->total));
	add_text(o, "unit", job->unit);
	return o;
}

struct json_object *
job_json(const struct job *job)
{
	struct json_object *o = json_object_new_object();
	struct json_object *dom = json_object_new_object();

	add_text(o, "id", job->id);
	add_text(dom, "name", job->name);
	add_text(dom, "uuid", job->uuid);
	json_object_object_add(o, "domain", dom);
	add_text(o, "operation", job->operation);
	add_text(o, "state", state_names[job->state]);
	add_text(o, "phase", job->phase);
	if (job->total)
		json_object_object_add(o, "progress", progress_json(job));
	json_object_object_add(o, "cancellable", json_object_new_boolean(
	    job->state == JOB_RUNNING && job->cancel));
	add_time(o, "started", job->started);
	add_time(o, "ended", job->ended);
	if (job->err.code)
		json_object_object_add(o, "error", error_json(&job->err));
	if (job->result)
		json_object_object_add(o, "result",
		    json_object_get(job->result));
	return o;
}

static void
tell(const struct job *job, const char *event)
{
	event_emit(job->d, event, job->name, job->uuid, job_json(job));
}

static void
job_free(struct job *job)
{
	struct jobs *t = job->d->jobs;

	BUG_ON(!TAILQ_EMPTY(&job->waiters));
	TAILQ_REMOVE(&t->list, job, link);
	json_object_put(job->result);
	free(job);
}

/* Forget the oldest ended ones beyond what is kept. */
static void
trim(struct jobs *t)
{
	struct job *job, *next;

	for (job = TAILQ_FIRST(&t->list); job && t->n_ended > JOBS_KEPT;
	    job = next) {
		next = TAILQ_NEXT(job, link);
		if (job->state == JOB_RUNNING)
			continue;
		t->n_ended--;
		job_free(job);
	}
}

static void
waiter_end(struct job_waiter *w)
{
	struct call *call = w->call;
	struct job *job = w->job;

	ev_timer_stop(job->d->loop, &w->timer);
	TAILQ_REMOVE(&job->waiters, w, link);
	free(w);
	call->abandon = NULL;
	call->ctx = NULL;
	call_ok(call, job_json(job), -1);
}

static void
end(struct job *job, enum job_state state)
{
	struct jobs *t = job->d->jobs;

	BUG_ON(job->state != JOB_RUNNING);
	job->state = state;
	job->ended = clock_realtime();
	job->cancel = NULL;
	job->ctx = NULL;
	log_line(LOG_INFO, "job: id=%s what=%s vm=%s operation=%s", job->id,
	    state_names[state], job->name, job->operation);
	tell(job, "job.ended");
	while (!TAILQ_EMPTY(&job->waiters))
		waiter_end(TAILQ_FIRST(&job->waiters));
	/* The history is in the order of the ends. */
	TAILQ_REMOVE(&t->list, job, link);
	TAILQ_INSERT_TAIL(&t->list, job, link);
	t->n_ended++;
	trim(t);
}

struct job *
job_new(struct daemon *d, const struct domain *dom, const char *operation,
    job_cancel_fn *cancel, void *ctx)
{
	char id[32];

	snprintf(id, sizeof(id), "%.4s-%" PRIu64, d->instance,
	    ++d->jobs->last);
	return job_adopt(d, dom, id, operation, cancel, ctx);
}

const char *
job_id(const struct job *job)
{
	return job->id;
}

struct job *
job_adopt(struct daemon *d, const struct domain *dom, const char *id,
    const char *operation, job_cancel_fn *cancel, void *ctx)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->d = d;
	snprintf(job->id, sizeof(job->id), "%s", id);
	if (dom) {
		memcpy(job->name, dom->name, sizeof(job->name));
		memcpy(job->uuid, dom->uuid, sizeof(job->uuid));
	}
	snprintf(job->operation, sizeof(job->operation), "%s", operation);
	snprintf(job->unit, sizeof(job->unit), "bytes");
	job->started = clock_realtime();
	job->cancel = cancel;
	job->ctx = ctx;
	TAILQ_INIT(&job->waiters);
	TAILQ_INSERT_TAIL(&d->jobs->list, job, link);
	log_line(LOG_INFO, "job: id=%s what=started vm=%s operation=%s",
	    job->id, job->name, job->operation);
	tell(job, "job.started");
	return job;
}

void
job_progress(struct job *job, const char *phase, uint64_t done, uint64_t total)
{
	bool new_phase = phase && strcmp(phase, job->phase);
	ns_t now = clock_now(&clock_host);

	BUG_ON(job->state != JOB_RUNNING);
	if (new_phase)
		snprintf(job->phase, sizeof(job->phase), "%s", phase);
	job->done = done;
	job->total = total;
	if (!new_phase && job->told && now - job->told < PROGRESS_INTERVAL)
		return;
	job->told = now;
	tell(job, "job.progress");
}

void
job_set_unit(struct job *job, const char *unit)
{
	snprintf(job->unit, sizeof(job->unit), "%s", unit);
}

void
job_done(struct job *job, struct json_object *result)
{
	job->result = result;
	end(job, JOB_DONE);
}

void
job_fail(struct job *job, const struct err *e)
{
	job->err = *e;
	end(job, JOB_FAILED);
}

void
job_aborted(struct job *job, const char *why)
{
	if (why)
		err_set(&job->err, ERR_OPERATION_ABORTED, "%s", why);
	end(job, JOB_CANCELLED);
}

struct job *
job_find_running(struct daemon *d, const char *uuid, const char *operation)
{
	struct job *job;

	TAILQ_FOREACH(job, &d->jobs->list, link)
		if (job->state == JOB_RUNNING && !strcmp(job->uuid, uuid) &&
		    !strcmp(job->operation, operation))
			return job;
	return NULL;
}

struct job *
job_find(struct daemon *d, const char *id, struct err *e)
{
	struct job *job;

	TAILQ_FOREACH(job, &d->jobs->list, link)
		if (!strcmp(job->id, id))
			return job;
	err_set(e, ERR_INVALID_ARG, "there is no job \"%.64s\"", id);
	err_hint(e, "job.list shows those that run and the last %d that "
	    "ended", JOBS_KEPT);
	if (e)
		snprintf(e->element, sizeof(e->element), "job");
	return NULL;
}

int
job_cancel(struct job *job, struct err *e)
{
	job_cancel_fn *cancel = job->cancel;

	if (job->state != JOB_RUNNING)
		return err_set(e, ERR_OPERATION_INVALID, "job %s has ended "
		    "already: %s", job->id, state_names[job->state]);
	if (!cancel) {
		err_set(e, ERR_OPERATION_INVALID, "job %s (%s) cannot be "
		    "cancelled", job->id, job->operation);
		err_hint(e, "job.wait tells when it is over");
		return -EINVAL;
	}
	job->cancel = NULL;
	cancel(job, job->ctx);
	end(job, JOB_CANCELLED);
	return 0;
}

/* Its time is up: the job as it is. */
static void
on_wait_over(struct ev_loop *loop, ev_timer *t, int events)
{
	(void)loop;
	(void)events;
	waiter_end(container_of(t, struct job_waiter, timer));
}

static void
on_abandon(struct call *call)
{
	waiter_end(call->ctx);
}

void
job_wait(struct job *job, struct call *call, uint64_t timeout_ms)
{
	struct job_waiter *w;
	struct err e = { 0 };

	if (job->state != JOB_RUNNING || !timeout_ms) {
		call_ok(call, job_json(job), -1);
		return;
	}
	w = calloc(1, sizeof(*w));
	if (!w) {
		err_set_sys(&e, ENOMEM, "job %s", job->id);
		call_fail(call, &e);
		return;
	}
	w->job = job;
	w->call = call;
	call->abandon = on_abandon;
	call->ctx = w;
	ev_timer_init(&w->timer, on_wait_over, (double)timeout_ms / 1000, 0);
	ev_timer_start(job->d->loop, &w->timer);
	TAILQ_INSERT_TAIL(&job->waiters, w, link);
}

int
jobs_init(struct daemon *d)
{
	d->jobs = calloc(1, sizeof(*d->jobs));
	if (!d->jobs)
		return -ENOMEM;
	TAILQ_INIT(&d->jobs->list);
	return 0;
}

void
jobs_fini(struct daemon *d)
{
	struct job *job;

	if (!d->jobs)
		return;
	while ((job = TAILQ_FIRST(&d->jobs->list)) != NULL) {
		while (!TAILQ_EMPTY(&job->waiters))
			waiter_end(TAILQ_FIRST(&job->waiters));
		job_free(job);
	}
	free(d->jobs);
	d->jobs = NULL;
}
