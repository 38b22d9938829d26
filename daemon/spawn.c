/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork and exec of a monitor: a session of its own, so that no signal meant
 * for the daemon's group reaches it, and no descriptor but those it is given.
 * One of a private daemon dies with it: nobody could ever reach it again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/close_range.h>

#include "daemon/daemon.h"

/* The child's descriptors, as the monitor's command line says. */
enum { CHILD_SETUP = 3, CHILD_CONTROL, CHILD_ALIVE, CHILD_FIRST_FREE };

/*
 * Put fds[i] at number i, for i from 0 on.  First all go above the range, so
 * that none is overwritten before it was moved.
 */
static bool
arrange(int *fds, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 64);
		if (fds[i] < 0)
			return false;
	}
	for (i = 0; i < n; i++)
		if (dup2(fds[i], i) < 0)
			return false;
	/* Close-on-exec is set everywhere; this is the second lock. */
	(void)close_range((unsigned)n, ~0u, CLOSE_RANGE_CLOEXEC);
	return true;
}

_Noreturn static void
child(const struct spawn_request *r, pid_t parent, int status_fd)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fds[CHILD_FIRST_FREE] = { null, r->log_fd, r->log_fd,
	    r->setup_fd, r->control_fd, r->alive_fd };
	char name[] = "trivisor-monitor", setup[] = "--setup-fd", three[] = "3",
	    control[] = "--control-fd", four[] = "4", alive[] = "--alive-fd",
	    five[] = "5";
	char *argv[] = { name, setup, three, control, four, alive, five, NULL };
	sigset_t none;
	int sys, sig;

	setsid();
	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* The parent may be gone already: then there is no signal to come. */
	if (r->with_daemon &&
	    (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent))
		_exit(127);
	status_fd = fcntl(status_fd, F_DUPFD_CLOEXEC, 128);
	if (null >= 0 && status_fd >= 0 && arrange(fds, CHILD_FIRST_FREE) &&
	    !chdir("/"))
		execv(r->program, argv);
	sys = errno;
	if (write(status_fd, &sys, sizeof(sys)) < 0) {
		/* The daemon will see the exit status. */
	}
	_exit(127);
}

/* 0 when exec succeeded: the pipe then closes without a word. */
static int
exec_result(int fd)
{
	int sys = 0;
	ssize_t n;

	do {
		n = read(fd, &sys, sizeof(sys));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(sys) ? sys : 0;
}

static int
exec_failed(const struct spawn_request *r, int sys, struct err *e)
{
	err_set_sys(e, sys, "cannot run the monitor \"%.256s\"", r->program);
	err_hint(e, "is it installed beside trivisord? --monitor names it");
	return -sys;
}

int
spawn_monitor(const struct spawn_request *r, pid_t *pid, int *pidfd,
    struct err *e)
{
	pid_t parent = getpid();
	int status[2], sys;

	if (pipe2(status, O_CLOEXEC))
		return err_set_sys(e, errno, "monitor");
	*pid = fork();
	if (*pid < 0) {
		sys = errno;
		close(status[0]);
		close(status[1]);
		return err_set_sys(e, sys, "monitor: cannot fork");
	}
	if (!*pid)
		child(r, parent, status[1]);
	close(status[1]);
	sys = exec_result(status[0]);
	close(status[0]);
	if (sys) {
		waitpid(*pid, NULL, 0);
		return exec_failed(r, sys, e);
	}
	*pidfd = (int)syscall(SYS_pidfd_open, *pid, 0);
	if (*pidfd < 0) {
		sys = errno;
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
		return err_set_sys(e, sys, "monitor: pidfd_open (Linux 5.3 or "
		    "later is needed)");
	}
	fcntl(*pidfd, F_SETFD, FD_CLOEXEC);
	return 0;
}
