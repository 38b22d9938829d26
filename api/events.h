/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The types of events: one table from which subscriptions are checked and
 * rpc.discover's x-events, the man page and the fuzz dictionary derive.  To
 * add one: a line here, and event_emit() in daemon/.
 *
 * A subscription names types, or everything below a prefix: "domain.*", "*".
 */
#ifndef TRIVISOR_API_EVENTS_H
#define TRIVISOR_API_EVENTS_H

#include "base/base.h"

/* X(name, data, one line) */
#define API_EVENTS(X) \
	X("domain.defined", "", "a definition was stored or replaced") \
	X("domain.undefined", "", "a definition was forgotten") \
	X("domain.lifecycle", \
	  "from, to, reason, detail, exit_code, mode, reasons, stats", \
	  "a domain went from one state to another") \
	X("domain.monitor", "what, and more as it fits", \
	  "a domain's monitor has something to say") \
	X("domain.events_lost", "from, to", \
	  "a domain's events that nobody will ever tell; without from: of an " \
	  "unknown number") \
	X("domain.owner", "uid, gid", "a domain has another owner") \
	X("job.started", "as job.get", "long work began") \
	X("job.progress", "as job.get", "long work went on") \
	X("job.ended", "as job.get", "long work is done, failed or cancelled") \
	X("server.started", "version, pid", "the daemon serves clients") \
	X("server.ending", "reason", "the daemon ends")

/* What is sent in place of events that are no longer kept. */
#define EVENTS_LOST "events.lost"

struct event_type {
	const char *name;
	const char *data;	/* members of its "data" */
	const char *doc;
};

extern const struct event_type api_events[];
extern const size_t api_n_events;

bool event_type_known(const char *name);
/* Does pattern ("domain.lifecycle", "domain.*", "*") mean this type? */
bool event_pattern_matches(const char *pattern, const char *type);
/* Is there any type that it means? */
bool event_pattern_ok(const char *pattern);

#endif
