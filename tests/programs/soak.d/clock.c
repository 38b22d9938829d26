/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock SECONDS: the guest's clocks and timers, watched while it works.
 *
 * No clock goes back, be it read on another CPU or by another thread; no sleep
 * ends early; a periodic timer loses and gains nothing; CLOCK_MONOTONIC,
 * CLOCK_REALTIME and CLOCK_BOOTTIME keep in step.  Prints BEAT and the
 * monotonic time every two seconds; 1 when something was wrong.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static atomic_int wrong;
static atomic_bool stop;
static _Atomic int64_t newest;	/* of all threads' readings */

static int64_t
now(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void
report(const char *what, int64_t ns)
{
	/* The first few say it all. */
	if (atomic_fetch_add(&wrong, 1) < 20)
		printf("WRONG clock %s: %lld ns\n", what, (long long)ns);
	fflush(stdout);
}

/* Readings in the order in which they were made, across threads. */
static void *
reader(void *arg)
{
	unsigned cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	unsigned turn = (unsigned)(uintptr_t)arg;

	while (!stop) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(turn++ % cpus, &set);
		sched_setaffinity(0, sizeof(set), &set);
		for (int i = 0; i < 2000; i++) {
			int64_t before = newest;
			int64_t t = now(CLOCK_MONOTONIC);

			if (t < before)
				report("goes back", t - before);
			while (before < t && !atomic_compare_exchange_weak(
			    &newest, &before, t))
				;
		}
		usleep(20000);
	}
	return NULL;
}

static void *
sleeper(void *arg)
{
	int64_t late = 0;

	(void)arg;
	for (unsigned n = 0; !stop; n++) {
		int64_t want = 500000 * (int64_t)(1 + n % 40);
		struct timespec ts = { 0, (long)want };
		int64_t start = now(CLOCK_MONOTONIC), took;

		if (nanosleep(&ts, NULL) < 0)
			continue;
		took = now(CLOCK_MONOTONIC) - start;
		if (took < want)
			report("sleep ends early", took - want);
		if (took - want > late)
			late = took - want;
	}
	printf("CLOCK latest wake-up %lld us\n", (long long)late / 1000);
	return NULL;
}

/* 100 a second, counted over the whole run. */
static void *
ticker(void *arg)
{
	struct itimerspec its = { { 0, 10000000 }, { 0, 10000000 } };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	int64_t start = now(CLOCK_MONOTONIC), ticks = 0, due;
	uint64_t n;

	(void)arg;
	if (fd < 0 || timerfd_settime(fd, 0, &its, NULL) < 0) {
		report("no timerfd", errno);
		return NULL;
	}
	while (!stop && read(fd, &n, sizeof(n)) == sizeof(n)) {
		ticks += (int64_t)n;
		due = (now(CLOCK_MONOTONIC) - start) / 10000000;
		if (ticks > due)
			report("timer ticks early", ticks - due);
	}
	due = (now(CLOCK_MONOTONIC) - start) / 10000000;
	if (ticks < due - 200)
		report("timer lost ticks", due - ticks);
	close(fd);
	return NULL;
}

int
main(int argc, char **argv)
{
	int64_t seconds = argc > 1 ? atoll(argv[1]) : 10;
	int64_t start = now(CLOCK_MONOTONIC);
	int64_t real = now(CLOCK_REALTIME) - start;
	int64_t boot = now(CLOCK_BOOTTIME) - start;
	pthread_t t[4];

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (uintptr_t i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, reader, (void *)i);
	pthread_create(&t[2], NULL, sleeper, NULL);
	pthread_create(&t[3], NULL, ticker, NULL);
	while (now(CLOCK_MONOTONIC) - start < seconds * 1000000000) {
		int64_t m, off;

		sleep(2);
		m = now(CLOCK_MONOTONIC);
		printf("BEAT %.6f\n", (double)m / 1e9);
		off = now(CLOCK_REALTIME) - m - real;
		/* No one sets the time here; preemption between readings. */
		if (off < -1000000000 || off > 1000000000)
			report("real time drifts", off);
		off = now(CLOCK_BOOTTIME) - now(CLOCK_MONOTONIC) - boot;
		if (off < -1000000000 || off > 1000000000)
			report("boot time drifts", off);
	}
	stop = true;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	return wrong != 0;
}
