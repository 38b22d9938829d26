/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches monitors while tests run them.
 *
 *	cop DIR		until SIGTERM, every running DIR/trivisor-monitor;
 *			prints what is wrong, then how many it saw; fails if
 *			anything was wrong
 *	cop --once PID	one sealed monitor, now
 *
 * No mapping may be writable and executable, at any time.  Once the loop thread
 * has its two filters (within some seconds): every thread has two (set-up's and
 * its own), no_new_privs and
 * no capability; and no descriptor is a directory or of /proc, or names a
 * device other than terminals and /dev/null.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define MAX_SEEN 1024
#define LOOK_MS 20		/* at those that are known */
#define FIND_EVERY 5		/* looks: at all of /proc */
#define SEALED_WITHIN (30 * NS_PER_SEC)

struct seen {
	pid_t pid;
	ns_t since;
	bool sealed, told;
};

static struct seen seen[MAX_SEEN];
static unsigned n_seen, n_monitors, n_looks, n_wrong;
static volatile sig_atomic_t quit;

static void
wrong(struct seen *s, const char *what, const char *detail)
{
	/* Once per process: a test's log is for reading. */
	if (s->told)
		return;
	s->told = true;
	n_wrong++;
	printf("cop: monitor %d: %s: %s\n", (int)s->pid, what, detail);
	fflush(stdout);
}

/* False when it has gone, or is not ours to read. */
static bool
slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		return false;
	while (n < size - 1 && (got = read(fd, buf + n, size - 1 - n)) > 0)
		n += (size_t)got;
	buf[n] = '\0';
	close(fd);
	return n > 0;
}

/* --- what is looked at --------------------------------------------------------- */

static void
look_at_maps(struct seen *s)
{
	static char text[1 << 18];
	char path[64];
	char *save;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)s->pid);
	if (!slurp(path, text, sizeof(text)))
		return;
	for (char *l = strtok_r(text, "\n", &save); l;
	    l = strtok_r(NULL, "\n", &save)) {
		const char *mode = strchr(l, ' ');

		if (mode && mode[2] == 'w' && mode[3] == 'x')
			wrong(s, "writable and executable", l);
	}
}

/* A line of a status file: the value in that base. */
static bool
number(const char *status, const char *key, int base, unsigned long long *v)
{
	const char *at = strstr(status, key);

	if (!at)
		return false;
	*v = strtoull(at + strlen(key), NULL, base);
	return true;
}

/* Linux 5.9 and later count them. */
static unsigned long long
filters(const char *status)
{
	unsigned long long v;

	if (number(status, "\nSeccomp_filters:", 10, &v))
		return v;
	return number(status, "\nSeccomp:", 10, &v) && v == 2 ? 2 : 0;
}

/*
 * An unprivileged user's monitor keeps a bounding set where it could have no
 * user namespace; without anything in it but that bound, it is of no use.
 */
static bool
may_be_bounded(pid_t pid)
{
	char path[64], a[64] = "", b[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	return geteuid() != 0 && (readlink(path, a, sizeof(a) - 1) < 0 ||
	    (readlink("/proc/self/ns/user", b, sizeof(b) - 1) > 0 &&
	    !strcmp(a, b)));
}

static void
look_at_thread(struct seen *s, const char *status)
{
	static const char *const sets[] = { "\nCapInh:", "\nCapPrm:",
	    "\nCapEff:", "\nCapAmb:", "\nCapBnd:" };
	unsigned long long v;
	char name[64] = "";

	if (strstr(status, "\nState:\tZ") || strstr(status, "\nState:\tX"))
		return;
	sscanf(status, "Name:\t%63[^\n]", name);
	if (!number(status, "\nNoNewPrivs:", 10, &v) || v != 1)
		wrong(s, "thread without no_new_privs", name);
	if (!number(status, "\nSeccomp:", 10, &v) || v != 2)
		wrong(s, "thread without a seccomp filter", name);
	if (filters(status) < 2)
		wrong(s, "thread without a filter of its own", name);
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		if (number(status, sets[i], 16, &v) && v == 0)
			continue;
		if (i != ARRAY_LEN(sets) - 1 || !may_be_bounded(s->pid))
			wrong(s, "thread with capabilities", sets[i] + 1);
	}
}

static void
look_at_threads(struct seen *s)
{
	char path[384], status[4096];
	struct dirent *de;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)s->pid);
	d = opendir(path);
	while (d && (de = readdir(d))) {
		if (de->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/status",
		    (int)s->pid, de->d_name);
		if (slurp(path, status, sizeof(status)))
			look_at_thread(s, status);
	}
	if (d)
		closedir(d);
}

static bool
fd_is_fine(const char *name, const struct stat *st)
{
	static const char *const prefixes[] = { "/proc/", "/sys/",
	    "anon_inode:[userfaultfd", "anon_inode:[pidfd",
	    "anon_inode:bpf", "anon_inode:[io_uring", "anon_inode:[perf" };

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return false;
	switch (st->st_mode & S_IFMT) {
	case S_IFCHR:
		/* A terminal of another mount namespace is a bare number. */
		return !strcmp(name, "/dev/null") ||
		    /* --probe asks it what it is. */
		    !strcmp(name, "/dev/kvm") ||
		    !strcmp(name, "/null") ||
		    !strncmp(name, "/dev/pts/", 9) ||
		    strstr(name, "ptmx") || strstr(name, "tty") ||
		    (name[0] == '/' && name[1] >= '0' && name[1] <= '9');
	case S_IFBLK: case S_IFDIR:
		return false;
	default:
		return true;
	}
}

static void
look_at_fds(struct seen *s)
{
	char path[384], name[256];
	struct dirent *de;
	struct stat st;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)s->pid);
	d = opendir(path);
	while (d && (de = readdir(d))) {
		ssize_t n;

		if (de->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)s->pid,
		    de->d_name);
		n = readlink(path, name, sizeof(name) - 1);
		if (n < 0 || stat(path, &st))
			continue;
		name[n] = '\0';
		if (!fd_is_fine(name, &st))
			wrong(s, "unexpected descriptor", name);
	}
	if (d)
		closedir(d);
}

static void
look(struct seen *s)
{
	char path[64], status[4096];

	n_looks++;
	look_at_maps(s);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)s->pid);
	if (!slurp(path, status, sizeof(status)))
		return;
	if (filters(status) >= 2) {
		s->sealed = true;
		look_at_threads(s);
		look_at_fds(s);
	} else if (clock_now(&clock_host) - s->since > SEALED_WITHIN &&
	    !strstr(status, "\nState:\tZ")) {
		wrong(s, "is not sealed", "no filter after 30 s");
	}
}

/* --- who is looked at ------------------------------------------------------------ */

static bool
is_monitor(const char *pid, const char *dir)
{
	char path[384], exe[4096], want[4200];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	if (n < 0)
		return false;
	exe[n] = '\0';
	snprintf(want, sizeof(want), "%s/trivisor-monitor", dir);
	return !strcmp(exe, want);
}

static bool
is_known(pid_t pid)
{
	for (unsigned i = 0; i < n_seen; i++)
		if (seen[i].pid == pid)
			return true;
	return false;
}

static void
find(const char *dir)
{
	DIR *d = opendir("/proc");
	struct dirent *de;

	while (d && n_seen < MAX_SEEN && (de = readdir(d))) {
		pid_t pid = atoi(de->d_name);

		if (pid <= 0 || is_known(pid) || !is_monitor(de->d_name, dir))
			continue;
		seen[n_seen++] = (struct seen){ .pid = pid,
		    .since = clock_now(&clock_host) };
		n_monitors++;
	}
	if (d)
		closedir(d);
}

static void
forget_dead(void)
{
	for (unsigned i = 0; i < n_seen;) {
		if (kill(seen[i].pid, 0) < 0 && errno == ESRCH)
			seen[i] = seen[--n_seen];
		else
			i++;
	}
}

static void
on_term(int sig)
{
	quit = 1;
}

static int
watch(const char *dir)
{
	struct sigaction sa = { .sa_handler = on_term };
	char real[4096];

	if (!realpath(dir, real)) {
		perror(dir);
		return 99;
	}
	sigaction(SIGTERM, &sa, NULL);
	/* A test that is killed takes its cop with it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGINT, SIG_IGN);
	for (unsigned k = 0; !quit; k++) {
		if (k % FIND_EVERY == 0) {
			forget_dead();
			find(real);
		}
		for (unsigned i = 0; i < n_seen; i++)
			look(&seen[i]);
		poll(NULL, 0, LOOK_MS);
	}
	printf("cop: %u monitors, %u looks, %u wrong\n", n_monitors, n_looks,
	    n_wrong);
	return n_wrong ? 1 : 0;
}

int
main(int argc, char **argv)
{
	struct seen s = { .since = clock_now(&clock_host) };

	if (argc == 2 && argv[1][0] != '-')
		return watch(argv[1]);
	if (argc != 3 || strcmp(argv[1], "--once")) {
		fprintf(stderr, "usage: cop DIR | cop --once PID\n");
		return 99;
	}
	s.pid = atoi(argv[2]);
	look(&s);
	if (!s.sealed)
		wrong(&s, "is not sealed", argv[2]);
	return n_wrong ? 1 : 0;
}
