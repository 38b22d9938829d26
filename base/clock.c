/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's clocks and the hand-turned one.  Reading the time happens while
 * guest code runs, so nothing here may touch a vector register: the pragma
 * sees to our part, and the vDSO behind clock_gettime() uses none.
 */
#pragma GCC target("general-regs-only")

#include "base/clock.h"

#include <time.h>

static ns_t
read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (ns_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

static ns_t
host_now(const struct clock *c)
{
	(void)c;
	return read_clock(CLOCK_MONOTONIC);
}

static ns_t
manual_now(const struct clock *c)
{
	return c->manual;
}

const struct clock clock_host = { .now = host_now, .host_rate = true };

void
clock_manual_init(struct clock *c, ns_t start)
{
	c->host_rate = false;
	c->now = manual_now;
	c->manual = start;
}

void
clock_manual_advance(struct clock *c, ns_t by)
{
	BUG_ON(by < 0);
	c->manual += by;
}

ns_t
clock_realtime(void)
{
	return read_clock(CLOCK_REALTIME);
}
