/* SPDX-License-Identifier: Apache-2.0 */
/* What a job is made of, between jobs.c and the handlers in methods_job.c. */
#ifndef TRIVISOR_DAEMON_JOBS_INT_H
#define TRIVISOR_DAEMON_JOBS_INT_H

#include "daemon/jobs.h"

enum job_state { JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_CANCELLED };

/* A job.wait that is not answered yet; call->ctx is this. */
struct job_waiter {
	TAILQ_ENTRY(job_waiter) link;
	struct job *job;
	struct call *call;		/* owned until it is answered */
	ev_timer timer;
};

struct job {
	TAILQ_ENTRY(job) link;
	struct daemon *d;
	char id[32];
	char name[VM_NAME_MAX + 1];	/* of its domain, "" none */
	char uuid[37];
	char operation[32];
	char phase[64];
	char unit[16];
	enum job_state state;
	uint64_t done, total;
	ns_t started, ended;		/* wall clock */
	ns_t told;			/* when its progress was last told */
	struct err err;			/* code 0: none */
	struct json_object *result;	/* owned */
	job_cancel_fn *cancel;
	void *ctx;
	TAILQ_HEAD(, job_waiter) waiters;
};

struct jobs {
	TAILQ_HEAD(, job) list;		/* running and ended ones */
	unsigned n_ended;
	uint64_t last;
};

/* NULL and *e when there is none, or none any more. */
struct job *job_find(struct daemon *d, const char *id, struct err *e);
MUST_USE int job_cancel(struct job *job, struct err *e);
/* Answer call (taken over) with the job when it has ended, or in time. */
void job_wait(struct job *job, struct call *call, uint64_t timeout_ms);

#endif
