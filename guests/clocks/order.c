/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /init of a Linux guest with several processors: does time ever go back from
 * one to the next?  A thread on each takes its turn under a lock, reads the
 * time and compares it with what the one before it read; by kvmclock, then by
 * the TSC.  It says how often it looked, and powers off.
 * Static: cc -O2 -static -pthread.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 4
#define MAX_CPUS 16
#define SOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"

static pthread_spinlock_t lock;
static int64_t last, worst, end;
static uint64_t last_tsc, reads, back, back_tsc;

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static uint64_t
tsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

/* With the lock. */
static void
look(void)
{
	int64_t t = now();
	uint64_t x = tsc();

	if (t < last) {
		back++;
		if (last - t > worst)
			worst = last - t;
	}
	back_tsc += x < last_tsc;
	last = t;
	last_tsc = x;
	reads++;
}

static void *
take_turns(void *arg)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((uintptr_t)arg, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return arg;
	for (;;) {
		pthread_spin_lock(&lock);
		look();
		pthread_spin_unlock(&lock);
		if (last > end)
			return NULL;
		/* Leave the lock to somebody else. */
		for (volatile int i = 0; i < 100; i++)
			;
	}
}

static void
run(long cpus)
{
	pthread_t thread[MAX_CPUS];
	char source[32] = "";
	int fd = open(SOURCE, O_RDONLY);

	if (fd >= 0 && read(fd, source, sizeof(source) - 1) > 0)
		source[strcspn(source, "\n")] = 0;
	close(fd);
	reads = back = back_tsc = 0;
	worst = 0;
	last = now();
	end = last + SECONDS * INT64_C(1000000000);
	for (long i = 0; i < cpus; i++)
		pthread_create(&thread[i], NULL, take_turns, (void *)i);
	for (long i = 0; i < cpus; i++)
		pthread_join(thread[i], NULL);
	printf("ORDER %s, %ld CPUs: %lu reads, %lu went back, %ld ns at worst; "
	    "TSC: %lu\n", source, cpus, reads, back, worst, back_tsc);
	fflush(stdout);
}

int
main(void)
{
	static const char *const names[] = { "kvm-clock", "tsc" };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (cpus > MAX_CPUS)
		cpus = MAX_CPUS;
	pthread_spin_init(&lock, 0);
	mkdir("/sys", 0755);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	printf("ORDER begins\n");
	fflush(stdout);
	for (unsigned i = 0; i < 2; i++) {
		int fd = open(SOURCE, O_WRONLY);

		if (fd < 0 || write(fd, names[i], strlen(names[i])) < 0)
			printf("ORDER there is no clock source %s\n", names[i]);
		close(fd);
		run(cpus);
	}
	printf("ORDER ends\n");
	fflush(stdout);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
