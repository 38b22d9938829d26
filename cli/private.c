/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting and ending a private trivisord.  The program is looked for beside
 * our own, so that a build tree runs in place, then where it is installed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "config.h"

#include "base/clock.h"
#include "cli/private.h"

#define START_LIMIT_MS 10000
#define STOP_LIMIT_MS 5000

/* Where trivisord is, as seen from bin/ and from the install prefix. */
static int
find_daemon(char *path, size_t size, struct err *e)
{
	static const char *const beside[] = {
		"trivisord", "../sbin/trivisord",
	};
	char self[PATH_MAX];
	const char *named = getenv("TRIVISORD");
	char *slash;
	ssize_t n;
	size_t i;

	if (named && named[0]) {
		snprintf(path, size, "%s", named);
		return 0;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = 0;
		slash = strrchr(self, '/');
		*slash = 0;
		for (i = 0; i < ARRAY_LEN(beside); i++) {
			if (snprintf(path, size, "%s/%s", self, beside[i]) <
			    (int)size && !access(path, X_OK))
				return 0;
		}
	}
	snprintf(path, size, "%s/trivisord", TRIVISOR_SBINDIR);
	if (!access(path, X_OK))
		return 0;
	err_set(e, ERR_SYSTEM_ERROR, "trivisord is not beside this program "
	    "and not at %s", path);
	err_hint(e, "install it, or name it in the environment variable "
	    "TRIVISORD");
	return -ENOENT;
}

static void
close_log(struct private_daemon *p)
{
	if (p->log >= 0)
		close(p->log);
	p->log = -1;
}

static int
make_dir(struct private_daemon *p, struct err *e)
{
	const char *base[] = { getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"),
	    "/tmp" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(base); i++) {
		/* A socket's path has room for about a hundred letters. */
		if (!base[i] || base[i][0] != '/' || strlen(base[i]) > 48)
			continue;
		snprintf(p->dir, sizeof(p->dir), "%s/trivisor-run-XXXXXX",
		    base[i]);
		if (mkdtemp(p->dir)) {
			snprintf(p->socket, sizeof(p->socket), "%s/sock",
			    p->dir);
			return 0;
		}
	}
	p->dir[0] = 0;
	return err_set_sys(e, errno, "cannot make a directory in /tmp");
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	remove(path);
	return 0;
}

static void
remove_dir(struct private_daemon *p)
{
	/* The keeper, if there was one, has done it already. */
	if (p->dir[0])
		nftw(p->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	p->dir[0] = 0;
}

/* Become the daemon.  fds 0..2 are there. */
_Noreturn static void
exec_daemon(struct private_daemon *p, const char *program, int lifeline,
    int ready)
{
	char lifeline_text[16];
	char ready_text[16];
	sigset_t none;
	int fd;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (p->log >= 0)
		dup2(p->log, STDERR_FILENO);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		dup2(fd, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
	}
	snprintf(lifeline_text, sizeof(lifeline_text), "%d", lifeline);
	snprintf(ready_text, sizeof(ready_text), "%d", ready);
	fcntl(lifeline, F_SETFD, 0);
	fcntl(ready, F_SETFD, 0);
	execl(program, "trivisord", "--private", p->dir, "--lifeline-fd",
	    lifeline_text, "--ready-fd", ready_text, (char *)NULL);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", program,
	    strerror(errno));
	_exit(127);
}

/*
 * In the child: stay between us and the daemon only to remove its directory
 * when it has ended, which we cannot do once we are killed.
 */
_Noreturn static void
keep_daemon(struct private_daemon *p, const char *program, int lifeline,
    int ready)
{
	pid_t pid;

	/* A Ctrl-C at the terminal is for the guest, not for the daemon. */
	setsid();
	close(p->lifeline);
	pid = fork();
	if (pid == 0)
		exec_daemon(p, program, lifeline, ready);
	close(lifeline);
	close(ready);
	/* Whoever reads our output must not wait for us. */
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	remove_dir(p);
	_exit(0);
}

/* The last line that the daemon wrote is why it did not start. */
static void
explain(const struct private_daemon *p, struct err *e)
{
	char text[2048];
	char *line;
	ssize_t n;

	n = pread(p->log, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = 0;
	while (n > 0 && text[n - 1] == '\n')
		text[--n] = 0;
	line = strrchr(text, '\n');
	err_set(e, ERR_SYSTEM_ERROR, "the private daemon did not start%s%.300s",
	    text[0] ? ": " : "", line ? line + 1 : text);
}

/* The daemon writes one byte when its socket listens. */
static int
wait_ready(const struct private_daemon *p, int ready, struct err *e)
{
	struct pollfd f = { .fd = ready, .events = POLLIN };
	char byte;

	if (poll(&f, 1, START_LIMIT_MS) == 1 && read(ready, &byte, 1) == 1)
		return 0;
	explain(p, e);
	return -ECHILD;
}

int
private_start(struct private_daemon *p, struct err *e)
{
	char program[PATH_MAX];
	int lifeline[2];
	int ready[2];
	int rc;

	memset(p, 0, sizeof(*p));
	p->lifeline = -1;
	/* Not a file: the directory may be gone before we read why. */
	p->log = memfd_create("trivisord-log", MFD_CLOEXEC);
	rc = find_daemon(program, sizeof(program), e);
	if (rc)
		goto close_log;
	rc = make_dir(p, e);
	if (rc)
		goto close_log;
	if (pipe2(lifeline, O_CLOEXEC)) {
		rc = err_set_sys(e, errno, "cannot make a pipe");
		goto remove_dir;
	}
	if (pipe2(ready, O_CLOEXEC)) {
		rc = err_set_sys(e, errno, "cannot make a pipe");
		goto close_lifeline;
	}
	p->lifeline = lifeline[1];
	p->pid = fork();
	if (p->pid == 0)
		keep_daemon(p, program, lifeline[0], ready[1]);
	close(ready[1]);
	close(lifeline[0]);
	if (p->pid < 0) {
		p->pid = 0;
		rc = err_set_sys(e, errno, "cannot fork");
	} else {
		rc = wait_ready(p, ready[0], e);
	}
	close(ready[0]);
	if (rc)
		private_stop(p);
	return rc;

close_lifeline:
	close(lifeline[0]);
	close(lifeline[1]);
remove_dir:
	remove_dir(p);
close_log:
	close_log(p);
	return rc;
}

/* The last lines of a file; there is at most one monitor's log here. */
static void
print_tail(int dir_fd, const char *name)
{
	char text[1024];
	struct stat st;
	ssize_t n;
	char *from;
	int fd;

	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	n = fstat(fd, &st) ? -1 : pread(fd, text, sizeof(text) - 1,
	    MAX(st.st_size - (off_t)sizeof(text) + 1, 0));
	close(fd);
	if (n <= 0)
		return;
	text[n] = 0;
	from = st.st_size > n ? strchr(text, '\n') : text;
	dprintf(STDERR_FILENO, "the end of the monitor's log:\n%s",
	    from ? from : text);
}

void
private_show_log(const struct private_daemon *p)
{
	char path[sizeof(p->dir) + 8];
	struct dirent *entry;
	DIR *dir;

	if (!p->pid)
		return;
	snprintf(path, sizeof(path), "%s/log", p->dir);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			print_tail(dirfd(dir), entry->d_name);
	}
	closedir(dir);
}

/* True once it is gone; there is no waitpid() with a limit. */
static bool
reap(pid_t pid, int limit_ms)
{
	ns_t end = clock_now(&clock_host) + limit_ms * INT64_C(1000000);
	struct timespec pause = { .tv_nsec = 1000000 };
	pid_t got;

	do {
		got = waitpid(pid, NULL, WNOHANG);
		if (got == pid || (got < 0 && errno != EINTR))
			return true;
		nanosleep(&pause, NULL);
	} while (clock_now(&clock_host) < end);
	return false;
}

void
private_stop(struct private_daemon *p)
{
	if (p->lifeline >= 0)
		close(p->lifeline);
	p->lifeline = -1;
	if (p->pid && !reap(p->pid, STOP_LIMIT_MS)) {
		kill(-p->pid, SIGKILL);	/* its session's group */
		reap(p->pid, STOP_LIMIT_MS);
	}
	p->pid = 0;
	remove_dir(p);
	close_log(p);
}
