/* SPDX-License-Identifier: Apache-2.0 */
/* The last events of a VM, for daemons that come back. */
#include <stdio.h>

#include "monitor/monitor.h"

uint64_t
events_add(struct event_ring *r, const char *what, const char *state,
    const char *reason, const char *detail)
{
	struct event *e = &r->e[++r->last % EVENT_RING];

	e->seq = r->last;
	snprintf(e->what, sizeof(e->what), "%s", what);
	snprintf(e->state, sizeof(e->state), "%s", state);
	snprintf(e->reason, sizeof(e->reason), "%s", reason);
	snprintf(e->detail, sizeof(e->detail), "%s", detail);
	return r->last;
}

const struct event *
events_from(const struct event_ring *r, uint64_t seq)
{
	uint64_t oldest = r->last < EVENT_RING ? 1 : r->last - EVENT_RING + 1;

	seq = MAX(seq, oldest);
	return seq > r->last ? NULL : &r->e[seq % EVENT_RING];
}
