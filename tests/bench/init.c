/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /init of the benchmark's guest: says when it starts, runs ubench with the
 * arguments the kernel command line gives after "bench=", says when it is
 * done, powers off.  "ticks=N" reads the clock N seconds long before that;
 * "pair=LINES" runs those lines on the first CPU, then once more on the first
 * and the second CPU at the same time.
 * Static and alone: no shell, no other process.
 * The times it prints are the guest's own; compare holds them against the
 * host's.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* One reading of the clock per second, for so many seconds. */
static void
tick(int seconds)
{
	while (seconds-- > 0) {
		sleep(1);
		printf("INIT-CLOCK %.6f\n", now());
		fflush(stdout);
	}
}

/* The word after key in the kernel command line, or NULL. */
static char *
option(const char *key)
{
	static char line[4096];
	FILE *f = fopen("/proc/cmdline", "r");
	char *p;

	if (!f || !fgets(line, sizeof(line), f))
		return NULL;
	fclose(f);
	p = strstr(line, key);
	if (!p)
		return NULL;
	p += strlen(key);
	p[strcspn(p, " \n")] = 0;
	return p;
}

static void
run(const char *program, char *list)
{
	for (char *b = strtok(list, ","); b; b = strtok(NULL, ",")) {
		pid_t p = fork();
		int status;

		if (p == 0) {
			if (!strcmp(b, "all"))
				execl(program, "ubench", (char *)NULL);
			else
				execl(program, "ubench", b, (char *)NULL);
			perror(program);
			_exit(127);
		}
		waitpid(p, &status, 0);
		if (status)
			printf("UBENCH %s ended with status %x\n", b, status);
	}
}

/* The lines of list, one after the other, on one CPU; in a process. */
static pid_t
run_on(int cpu, const char *program, const char *list)
{
	pid_t p = fork();
	cpu_set_t set;

	if (p)
		return p;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		perror("INIT-PAIR: sched_setaffinity");
	else
		run(program, strdup(list));
	_exit(0);
}

static void
run_pair(const char *program, const char *list)
{
	/* Number 0 warms up. */
	for (int n = 0; n <= 2; n++) {
		printf("INIT-PAIR %d begins\n", n);
		fflush(stdout);
		for (int cpu = 0; cpu < (n ? n : 1); cpu++)
			run_on(cpu, program, list);
		while (wait(NULL) > 0)
			;
		printf("INIT-PAIR %d ends\n", n);
		fflush(stdout);
	}
}

int
main(void)
{
	char *list, *ticks, *pair;

	/* The first thing anybody hears of us. */
	printf("INIT-START\n");
	fflush(stdout);
	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	ticks = option("ticks=");
	if (ticks)
		tick(atoi(ticks));
	pair = option("pair=");
	if (pair)
		run_pair("/ubench", pair);
	list = option("bench=");
	printf("INIT-CLOCK %.6f\n", now());
	fflush(stdout);
	if (list)
		run("/ubench", list);
	printf("INIT-CLOCK %.6f\nINIT-END\n", now());
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
