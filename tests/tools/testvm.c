/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a monitor without a daemon; see testvm.h. */
#include "tests/tools/testvm.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm/report.h"

static pid_t
spawn(const char *program, int setup, int listener, int alive)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setsid();
	/* A test that is killed takes its machine with it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Away from what they may be, then to where they shall be. */
	if (dup2(setup, 30) < 0 || dup2(listener, 31) < 0 ||
	    dup2(alive, 32) < 0)
		_exit(127);
	execl(program, "trivisor-monitor", "--setup-fd", "30", "--control-fd",
	    "31", "--alive-fd", "32", (char *)NULL);
	perror(program);
	_exit(127);
}

/* A listening socket with a name that the kernel makes up. */
static int
listen_somewhere(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sun,
	    sizeof(sun.sun_family)) < 0 || listen(fd, 4) < 0)
		return -1;
	return fd;
}

int
testvm_connect(const struct testvm *t)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    getsockname(t->listener, (struct sockaddr *)&sun, &len) < 0 ||
	    connect(fd, (struct sockaddr *)&sun, len) < 0)
		return -1;
	return fd;
}

static int
set_up(int setup, const struct vm_config *cfg, struct err *e)
{
	struct ctl_msg m;

	if (vm_config_send(setup, cfg, e))
		return -1;
	if (ctl_recv(setup, &m)) {
		err_set(e, ERR_INTERNAL, "the monitor died");
		return -1;
	}
	if (m.h.type == CTL_READY)
		return 0;
	ctl_get_err(&m, e);
	return -1;
}

int
testvm_start(struct testvm *t, const char *program, struct vm_config *cfg,
    struct err *e)
{
	int alive = memfd_create("alive", MFD_CLOEXEC);
	int setup[2] = { -1, -1 };
	int rc = -1;

	*t = (struct testvm){ .control = -1 };
	t->report = memfd_create("report", MFD_CLOEXEC);
	t->listener = listen_somewhere();
	cfg->report_fd = dup(t->report);
	if (alive >= 0 && t->listener >= 0 && cfg->report_fd >= 0 &&
	    !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, setup)) {
		t->pid = spawn(program, setup[1], t->listener, alive);
		close(setup[1]);
		rc = t->pid > 0 ? set_up(setup[0], cfg, e) : -1;
		close(setup[0]);
	}
	close(alive);
	vm_config_fini(cfg);
	if (!rc) {
		t->control = testvm_connect(t);
		rc = t->control < 0 ? -1 : 0;
	}
	if (rc)
		testvm_stop(t);
	return rc;
}

enum ctl_type
testvm_call(int control, enum ctl_type type, const char *key,
    const char *value, struct ctl_msg *m)
{
	static uint64_t id = 1000;

	ctl_msg_init(m, type, ++id);
	if (key)
		ctl_put(m, key, "%s", value);
	if (ctl_send(control, m))
		return CTL_ERROR;
	do {
		if (ctl_recv(control, m))
			return CTL_ERROR;
	} while (m->h.id != id);
	return (enum ctl_type)m->h.type;
}

int
testvm_console(int control, unsigned serial)
{
	struct ctl_msg m;
	char n[12];

	snprintf(n, sizeof(n), "%u", serial);
	if (testvm_call(control, CTL_CONSOLE, "serial", n, &m) != CTL_OK)
		return -1;
	return m.fd;
}

int
testvm_wait(struct testvm *t, char *report, size_t size)
{
	char text[REPORT_TEXT_MAX + 1];
	int status = -1;
	ssize_t n;

	while (waitpid(t->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	t->pid = 0;
	n = report_get(t->report, text, sizeof(text));
	snprintf(report, size, "%s", n > 0 ? text : "");
	return status;
}

void
testvm_stop(struct testvm *t)
{
	if (t->pid > 0) {
		kill(t->pid, SIGKILL);
		waitpid(t->pid, NULL, 0);
	}
	if (t->control >= 0)
		close(t->control);
	if (t->listener >= 0)
		close(t->listener);
	if (t->report >= 0)
		close(t->report);
	*t = (struct testvm){ .control = -1, .listener = -1, .report = -1 };
}
