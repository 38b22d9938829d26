/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of all domains at once: for domain.stats_all and for whoever else
 * in the daemon wants them.
 *
 * Every running domain's monitor is asked at the same time.  One that has not
 * answered after two seconds delays nobody: its row says "stale": true and
 * why, and has what the host knows about its process.
 */
#ifndef TRIVISOR_DAEMON_STATS_H
#define TRIVISOR_DAEMON_STATS_H

#include "daemon/daemon.h"

#define STATS_SECONDS 2.0

enum stats_group {
	STATS_STATE = 1, STATS_CPU = 2, STATS_BALLOON = 4, STATS_VCPU = 8,
	STATS_ENGINE = 16, STATS_ALL = 31,
};

/*
 * rows (borrowed): array of {name, uuid, state, reason, mode, engine, vcpus,
 * memory, and of one that runs: id, pid, started, cpu_ns, rss; vcpu_ns,
 * uptime_ns, exits, halts, interrupts, translations as the monitor said,
 * "stats": {"group.name": value} as in libvirt's domstats}.
 */
typedef void stats_fn(struct json_object *rows, void *ctx);

/*
 * fn is called once, perhaps before this returns.  domains: an array of names,
 * NULL for all; an unknown one is an error, and fn then is not called.
 */
MUST_USE int stats_collect(struct daemon *d, struct json_object *domains,
    unsigned groups, stats_fn *fn, void *ctx, struct err *e);

#endif
