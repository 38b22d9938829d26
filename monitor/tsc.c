/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TSC calibration: two points in time, each the best of several attempts to
 * read both clocks at one moment, so that being descheduled does not matter.
 */
#include "monitor/tsc.h"

#include <time.h>
#include <x86intrin.h>

#include "base/clock.h"

#define TRIES 16

struct point {
	uint64_t tsc;
	ns_t ns;
};

/* The attempt whose two TSC readings lie closest together. */
static struct point
sample(void)
{
	struct point best = { 0, 0 };
	uint64_t best_width = UINT64_MAX;

	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t before = __rdtsc();
		ns_t ns = clock_now(&clock_host);
		uint64_t after = __rdtsc();

		if (after - before < best_width) {
			best_width = after - before;
			best = (struct point){
			    .tsc = before + (after - before) / 2, .ns = ns };
		}
	}
	return best;
}

void
tsc_sample(uint64_t *tsc, ns_t *ns)
{
	struct point p = sample();

	*tsc = p.tsc;
	*ns = p.ns;
}

uint64_t
tsc_measure_khz(ns_t duration)
{
	struct timespec pause = { .tv_sec = duration / NS_PER_SEC,
	    .tv_nsec = duration % NS_PER_SEC };
	struct point a = sample();
	struct point b;
	uint64_t ns;

	nanosleep(&pause, NULL);
	b = sample();
	ns = (uint64_t)MAX(b.ns - a.ns, 1);
	/* Ticks per millisecond, rounded; 128 bits, for ns may be large. */
	return MAX((uint64_t)(((unsigned __int128)(b.tsc - a.tsc) * 1000000 +
	    ns / 2) / ns), 1);
}
