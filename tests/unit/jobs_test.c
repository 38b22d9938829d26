/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon/jobs.c and methods_job.c, with calls and events that are only
 * written down.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/jobs_int.h"

/* ---- what the daemon would do --------------- */

static struct daemon *d;
static struct domain dom = { .name = "alpha",
	.uuid = "00000000-1111-4222-8333-444444444444" };
static char events[4096];		/* "job.started job.ended ..." */
static struct json_object *answer;	/* of the last call, owned */
static struct err refusal;
static unsigned answers;

void
event_emit(struct daemon *dd, const char *type, const char *name,
    const char *uuid, struct json_object *data)
{
	assert_ptr_equal(dd, d);
	assert_string_equal(name, dom.name);
	assert_string_equal(uuid, dom.uuid);
	if (strlen(events) + strlen(type) + 2 < sizeof(events)) {
		strcat(events, type);
		strcat(events, " ");
	}
	json_object_put(data);
}

void
call_ok(struct call *call, struct json_object *result, int fd)
{
	(void)call;
	assert_int_equal(fd, -1);
	json_object_put(answer);
	answer = result;
	memset(&refusal, 0, sizeof(refusal));
	answers++;
}

void
call_fail(struct call *call, const struct err *e)
{
	(void)call;
	json_object_put(answer);
	answer = NULL;
	refusal = *e;
	answers++;
}

const char *
param_text(struct json_object *params, const char *name)
{
	return json_object_get_string(json_object_object_get(params, name));
}

uint64_t
param_u64(struct json_object *params, const char *name, uint64_t otherwise)
{
	struct json_object *v = json_object_object_get(params, name);

	return v ? json_object_get_uint64(v) : otherwise;
}

bool
param_has(struct json_object *params, const char *name)
{
	return json_object_object_get(params, name) != NULL;
}

struct domain *
param_domain(struct daemon *dd, struct call *call, struct json_object *params)
{
	(void)dd;
	(void)call;
	return strcmp(param_text(params, "domain"), dom.name) ? NULL : &dom;
}

struct domain *
domain_find(struct daemon *dd, const char *what, struct err *e)
{
	(void)dd;
	(void)e;
	return strcmp(what, dom.uuid) ? NULL : &dom;
}

int
owner_check(const struct conn *c, const struct domain *of, struct err *e)
{
	assert_ptr_equal(of, &dom);
	return c->role == ROLE_ADMIN ? 0 : err_set(e, ERR_ACCESS_DENIED, "no");
}

/* ---- */

static int
set_up(void **state)
{
	(void)state;
	log_set_level(LOG_ERR);
	d = calloc(1, sizeof(*d));
	if (!d)
		return -1;
	d->loop = ev_loop_new(0);
	strcpy(d->instance, "beef0123");
	events[0] = '\0';
	answers = 0;
	return jobs_init(d);
}

static int
tear_down(void **state)
{
	(void)state;
	jobs_fini(d);
	ev_loop_destroy(d->loop);
	free(d);
	json_object_put(answer);
	answer = NULL;
	return 0;
}

static const char *
field(const char *name)
{
	assert_non_null(answer);
	return json_object_get_string(json_object_object_get(answer, name));
}

/* Call a handler with {"job": id} and perhaps a time limit. */
static void
ask(method_fn *fn, struct call *call, const char *id, int timeout_ms)
{
	struct json_object *p = json_object_new_object();

	json_object_object_add(p, "job", json_object_new_string(id));
	if (timeout_ms >= 0)
		json_object_object_add(p, "timeout_ms",
		    json_object_new_int(timeout_ms));
	fn(d, call, p);
	json_object_put(p);
}

static void
test_life(void **state)
{
	struct job *job = job_new(d, &dom, "move", NULL, NULL);
	struct call call = { 0 };
	char id[32];

	(void)state;
	strcpy(id, job->id);
	assert_string_equal(id, "beef-1");
	assert_ptr_equal(job_find_running(d, dom.uuid, "move"), job);
	assert_null(job_find_running(d, dom.uuid, "copy"));
	job_progress(job, "copying", 1, 10);
	job_progress(job, NULL, 2, 10);
	job_progress(job, "finishing", 9, 10);
	ask(on_job_get, &call, id, -1);
	assert_string_equal(field("state"), "running");
	assert_string_equal(field("phase"), "finishing");
	assert_string_equal(field("operation"), "move");
	assert_null(field("ended"));
	assert_string_equal(field("progress"),
	    "{ \"done\": 9, \"total\": 10, \"unit\": \"bytes\" }");
	job_done(job, NULL);
	ask(on_job_get, &call, id, -1);
	assert_string_equal(field("state"), "done");
	assert_non_null(field("ended"));
	assert_null(job_find_running(d, dom.uuid, "move"));
	/* The step within a phase came too soon to be told. */
	assert_string_equal(events, "job.started job.progress job.progress "
	    "job.ended ");
}

static void
test_failure(void **state)
{
	struct job *job = job_new(d, &dom, "move", NULL, NULL);
	struct err e = { 0 };
	struct conn admin = { .role = ROLE_ADMIN };
	struct call call = { .conn = &admin };

	(void)state;
	err_set(&e, ERR_OPERATION_TIMEOUT, "nobody answered");
	err_hint(&e, "try harder");
	job_fail(job, &e);
	ask(on_job_get, &call, "beef-1", -1);
	assert_string_equal(field("state"), "failed");
	assert_string_equal(field("error"), "{ \"code\": 68, \"name\": "
	    "\"OPERATION_TIMEOUT\", \"message\": \"nobody answered\", "
	    "\"hint\": \"try harder\" }");
	ask(on_job_cancel, &call, "beef-1", -1);
	assert_int_equal(refusal.code, ERR_OPERATION_INVALID);
	ask(on_job_get, &call, "beef-2", -1);
	assert_int_equal(refusal.code, ERR_INVALID_ARG);
	assert_string_equal(refusal.element, "job");
}

static void
stop(struct job *job, void *ctx)
{
	assert_string_equal(job->id, "beef-1");
	++*(int *)ctx;
}

static void
test_cancel(void **state)
{
	int stopped = 0;
	struct conn admin = { .role = ROLE_ADMIN }, other = { .role = ROLE_OPERATOR };
	struct call call = { .conn = &other }, waiting = { 0 };

	(void)state;
	assert_non_null(job_new(d, &dom, "move", stop, &stopped));
	assert_non_null(job_new(d, &dom, "copy", NULL, NULL));
	ask(on_job_wait, &waiting, "beef-1", -1);
	assert_int_equal(answers, 0);
	ask(on_job_cancel, &call, "beef-1", -1);
	assert_int_equal(refusal.code, ERR_ACCESS_DENIED);
	assert_int_equal(stopped, 0);
	answers = 0;
	call.conn = &admin;
	ask(on_job_cancel, &call, "beef-1", -1);
	assert_int_equal(stopped, 1);
	/* The waiter's answer and the canceller's. */
	assert_int_equal(answers, 2);
	assert_string_equal(field("state"), "cancelled");
	ask(on_job_cancel, &call, "beef-1", -1);
	assert_int_equal(refusal.code, ERR_OPERATION_INVALID);
	assert_int_equal(stopped, 1);
	ask(on_job_cancel, &call, "beef-2", -1);
	assert_int_equal(refusal.code, ERR_OPERATION_INVALID);
	assert_non_null(job_find_running(d, dom.uuid, "copy"));
}

static void
test_wait_in_vain(void **state)
{
	struct call call = { 0 };

	(void)state;
	assert_non_null(job_new(d, &dom, "move", NULL, NULL));
	ask(on_job_wait, &call, "beef-1", 0);
	assert_int_equal(answers, 1);
	assert_string_equal(field("state"), "running");
	ask(on_job_wait, &call, "beef-1", 20);
	assert_int_equal(answers, 1);
	ev_run(d->loop, 0);
	assert_int_equal(answers, 2);
	assert_string_equal(field("state"), "running");
}

static void
test_client_gone(void **state)
{
	struct job *job = job_new(d, &dom, "move", NULL, NULL);
	struct call call = { 0 };

	(void)state;
	ask(on_job_wait, &call, "beef-1", -1);
	assert_false(TAILQ_EMPTY(&job->waiters));
	call.abandon(&call);
	assert_true(TAILQ_EMPTY(&job->waiters));
	assert_null(call.abandon);
	job_done(job, NULL);
	assert_int_equal(answers, 1);
}

static void
test_history(void **state)
{
	struct job *first = job_new(d, &dom, "move", NULL, NULL);
	struct json_object *p = json_object_new_object();
	struct call call = { 0 };
	int i;

	(void)state;
	for (i = 0; i < JOBS_KEPT + 10; i++)
		job_done(job_new(d, &dom, "copy", NULL, NULL), NULL);
	on_job_list(d, &call, p);
	json_object_put(p);
	/* What runs is never forgotten. */
	assert_int_equal(json_object_array_length(
	    json_object_object_get(answer, "jobs")), JOBS_KEPT + 1);
	ask(on_job_get, &call, "beef-11", -1);
	assert_int_equal(refusal.code, ERR_INVALID_ARG);
	ask(on_job_get, &call, "beef-12", -1);
	assert_string_equal(field("state"), "done");
	job_aborted(first, "enough");
	ask(on_job_get, &call, "beef-1", -1);
	assert_string_equal(field("state"), "cancelled");
	ask(on_job_get, &call, "beef-12", -1);
	assert_int_equal(refusal.code, ERR_INVALID_ARG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_failure, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_cancel, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_wait_in_vain, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_client_gone, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_history, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
