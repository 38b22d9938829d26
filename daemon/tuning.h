/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a definition asks of the host, against what the host has: processor,
 * clock, host CPUs, limits.  Nothing is asked for in vain: what cannot be had
 * is an error that names it, and what is done in another way is a note.
 */
#ifndef TRIVISOR_DAEMON_TUNING_H
#define TRIVISOR_DAEMON_TUNING_H

#include "daemon/daemon.h"

/* error: e is one; else a note.  line is 0 when there is none. */
typedef void tuning_fn(void *ctx, bool error, int line, const char *xpath,
    const struct err *e);

/*
 * Resolve the processor into c (its host_without counts), and its timers.
 * fn (may be NULL) hears notes.  Part of define and of start.
 */
MUST_USE int tuning_cpu(const struct domain_def *def, struct vm_config *c,
    tuning_fn *fn, void *ctx, struct err *e);
/* Adds a note to an array as of warnings_json(), which is ctx. */
tuning_fn tuning_warn;
/* The same without a configuration to fill; notes go into the array. */
MUST_USE int tuning_cpu_warnings(const struct domain_def *def,
    struct json_object *warnings, struct err *e);
/* Clock and pinning into c.  Part of start. */
MUST_USE int tuning_host(const struct domain_def *def, struct vm_config *c,
    struct err *e);
/* cputune and memtune as values of a cgroup; what has no such is refused. */
MUST_USE int tuning_limits(const struct domain_def *def,
    struct cgroup_values *v, struct err *e);
/*
 * Set the limits of a domain that runs once more, as the daemon before may
 * have had to take them back (cgroup_release()).
 */
void tuning_reapply(struct daemon *d, const struct domain *dom);
/* All of the above, for domain.check: every error and note goes to fn. */
void tuning_check(struct daemon *d, const struct domain_def *def,
    tuning_fn *fn, void *ctx);

/* This host's processor, read once. */
const struct cpuid_host *tuning_cpu_host(void);

#endif
