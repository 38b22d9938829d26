/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /init of the benchmark's guest: says when it starts, runs ubench with the
 * arguments the kernel command line gives after "bench=", says when it is
 * done, powers off.  "ticks=N" reads the clock N seconds long before that.
 * Static and alone: no shell, no other process.
 * The times it prints are the guest's own; compare holds them against the
 * host's.
 */
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

int
main(void)
{
	char *list, *ticks;

	/* The first thing anybody hears of us. */
	printf("INIT-START\n");
	fflush(stdout);
	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	ticks = option("ticks=");
	if (ticks)
		tick(atoi(ticks));
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
