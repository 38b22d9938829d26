/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of job.*; what jobs are is in jobs.h. */
#include <json-c/json.h>
#include <string.h>

#include "daemon/jobs_int.h"

/* The job in "job"; ends the call and gives NULL when there is none. */
static struct job *
param_job(struct daemon *d, struct call *call, struct json_object *params)
{
	struct err e = { 0 };
	struct job *job = job_find(d, param_text(params, "job"), &e);

	if (!job)
		call_fail(call, &e);
	else
		memcpy(call->domain, job->name, sizeof(call->domain));
	return job;
}

void
on_job_list(struct daemon *d, struct call *call, struct json_object *params)
{
	struct json_object *result, *list;
	struct domain *dom = NULL;
	struct job *job;

	if (param_has(params, "domain")) {
		dom = param_domain(d, call, params);
		if (!dom)
			return;
	}
	list = json_object_new_array();
	TAILQ_FOREACH(job, &d->jobs->list, link)
		if (!dom || !strcmp(job->uuid, dom->uuid))
			json_object_array_add(list, job_json(job));
	result = json_object_new_object();
	json_object_object_add(result, "jobs", list);
	call_ok(call, result, -1);
}

void
on_job_get(struct daemon *d, struct call *call, struct json_object *params)
{
	struct job *job = param_job(d, call, params);

	if (job)
		call_ok(call, job_json(job), -1);
}

void
on_job_wait(struct daemon *d, struct call *call, struct json_object *params)
{
	uint64_t ms = param_u64(params, "timeout_ms", JOB_WAIT_MAX_MS);
	struct job *job = param_job(d, call, params);

	if (job)
		job_wait(job, call, MIN(ms, (uint64_t)JOB_WAIT_MAX_MS));
}

void
on_job_cancel(struct daemon *d, struct call *call, struct json_object *params)
{
	struct job *job = param_job(d, call, params);
	struct err e = { 0 };
	struct domain *dom;

	if (!job)
		return;
	dom = job->uuid[0] ? domain_find(d, job->uuid, NULL) : NULL;
	if (dom ? owner_check(call->conn, dom, &e) :
	    call->conn->role < ROLE_ADMIN && err_set(&e, ERR_ACCESS_DENIED,
	    "job %s is for administrators to cancel", job->id)) {
		call_fail(call, &e);
		return;
	}
	if (job_cancel(job, &e)) {
		call_fail(call, &e);
		return;
	}
	/* It is among the kept ones: it has just ended. */
	call_ok(call, job_json(job), -1);
}
