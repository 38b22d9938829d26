/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics for Prometheus (text exposition format 0.0.4) over HTTP/1.1: on a
 * unix socket beside the daemon's own, and on loopback where it was asked for.
 *
 *	metrics.c	connections: GET /metrics, one answer each
 *	metrics_text.c	the text
 *
 * Nobody who scrapes can hold anything up: few connections, short requests,
 * seconds of patience, one poll of the monitors at a time shared by all who
 * wait.  Loop thread.
 */
#ifndef TRIVISOR_DAEMON_METRICS_H
#define TRIVISOR_DAEMON_METRICS_H

#include "daemon/daemon.h"

/* Open what d->opt asks for; errors name the socket or the port. */
MUST_USE int metrics_open(struct daemon *d, struct err *e);
/* Serve from now on. */
void metrics_serve(struct daemon *d);
void metrics_close(struct daemon *d);
/* A domain's monitor was ready so long after its start was asked for. */
void metrics_note_start(struct daemon *d, ns_t took);

/* ---- metrics_text.c --------------- */

#define METRICS_START_BUCKETS 9

/* How long starts took: cumulative counts, as Prometheus wants them. */
struct metrics_starts {
	uint64_t bucket[METRICS_START_BUCKETS];
	uint64_t count;
	ns_t sum;
};

void metrics_count_start(struct metrics_starts *s, ns_t took);
/*
 * The whole text; rows (borrowed) as in daemon/stats.h.  NULL: no memory.
 * free() it.
 */
char *metrics_text(const struct daemon *d, const struct metrics_starts *s,
    struct json_object *rows, size_t *len);

#endif
