/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs: work that goes on after the request that began it was answered.
 *
 *	job = job_new(d, dom, "shutdown", stop_waiting, m);
 *	... answer the request with job_json(job) as "job" ...
 *	job_progress(job, "waiting for the guest", 0, 0);
 *	job_done(job, NULL);	or job_fail(job, &e); job is no longer yours
 *
 * Whoever makes a job ends it, exactly once, with job_done(), job_fail() or
 * job_aborted().  What has ended is kept for job.get and job.list, the last
 * JOBS_KEPT of it.  Clients see job.started, job.progress (ten a second at
 * most, but for changes of the phase) and job.ended.
 *
 * A job may outlive its domain; it remembers its name, uuid and owner.
 */
#ifndef TRIVISOR_DAEMON_JOBS_H
#define TRIVISOR_DAEMON_JOBS_H

#include "daemon/daemon.h"

/* Ended ones that can still be asked for. */
#define JOBS_KEPT 256
#define JOB_WAIT_MAX_MS 3600000

struct job;

/*
 * Stop the work.  After that the job has ended as "cancelled" and is no
 * longer its maker's: nothing else may end it.
 */
typedef void job_cancel_fn(struct job *job, void *ctx);

/*
 * dom may be NULL (a job of the daemon itself).  cancel may be NULL: it then
 * cannot be cancelled.  NULL when there is no memory.
 */
struct job *job_new(struct daemon *d, const struct domain *dom,
    const char *operation, job_cancel_fn *cancel, void *ctx);
/* One that an earlier daemon began, under the id it had there. */
struct job *job_adopt(struct daemon *d, const struct domain *dom,
    const char *id, const char *operation, job_cancel_fn *cancel, void *ctx);
const char *job_id(const struct job *job);
/*
 * phase NULL: as before.  total 0: unknown, no progress is shown.  What is
 * counted is named by job_set_unit(); at first "bytes".
 */
void job_progress(struct job *job, const char *phase, uint64_t done,
    uint64_t total);
void job_set_unit(struct job *job, const char *unit);
/* result (taken over) is an object or NULL. */
void job_done(struct job *job, struct json_object *result);
void job_fail(struct job *job, const struct err *e);
/* Its maker gave it up by itself; why may be NULL. */
void job_aborted(struct job *job, const char *why);

/* {id, domain, operation, state, phase, progress, ...}, see api/README.md. */
struct json_object *job_json(const struct job *job);
/* The running job of a domain with that operation, or NULL. */
struct job *job_find_running(struct daemon *d, const char *uuid,
    const char *operation);

MUST_USE int jobs_init(struct daemon *d);
/* Makers have ended theirs, or nobody will: waiters are told. */
void jobs_fini(struct daemon *d);

#endif
