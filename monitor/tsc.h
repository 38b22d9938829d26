/* SPDX-License-Identifier: Apache-2.0 */
/* How fast the host's time-stamp counter runs. */
#ifndef TRIVISOR_MONITOR_TSC_H
#define TRIVISOR_MONITOR_TSC_H

#include "base/base.h"

/* TSC and CLOCK_MONOTONIC of one moment. */
void tsc_sample(uint64_t *tsc, ns_t *ns);

/*
 * Measure RDTSC against CLOCK_MONOTONIC for duration (about 25 ms give better
 * than 10 ppm); kHz, never 0.
 */
uint64_t tsc_measure_khz(ns_t duration);

#endif
