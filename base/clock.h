/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A clock that can be injected: the host's monotonic clock in production, a
 * hand-turned one in unit tests, retired instructions under the deterministic
 * clock of the differ.  Devices and engines read time only through this.
 */
#ifndef TRIVISOR_BASE_CLOCK_H
#define TRIVISOR_BASE_CLOCK_H

#include "base/base.h"

struct clock {
	ns_t (*now)(const struct clock *c);	/* monotonic, never decreases */
	ns_t manual;				/* value of clock_manual clocks */
	bool host_rate;		/* runs as the host's does: RDTSC goes with it */
};

/* The host's CLOCK_MONOTONIC. */
extern const struct clock clock_host;
void clock_manual_init(struct clock *c, ns_t start);
void clock_manual_advance(struct clock *c, ns_t by);

static inline ns_t
clock_now(const struct clock *c)
{
	return c->now(c);
}

/* Wall-clock time in ns since the epoch (CLOCK_REALTIME). */
ns_t clock_realtime(void);

#endif
