/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a monitor: the run directory and its lock, everything the client
 * named opened with the client's rights, the control listener, the process,
 * its configuration.  Whatever fails here leaves nothing behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/monitor.h"

/* Everything a client named, opened with the client's rights. */
static int
open_client_files(struct run_request *r, struct err *e)
{
	const struct domain_def *def = r->def;
	struct vm_config *c = &r->cfg;
	int rc = 0;

	if (def->kernel) {
		rc = file_open_input(r->ids, "kernel", def->kernel,
		    &c->kernel_fd, e);
		snprintf(c->kernel_name, sizeof(c->kernel_name), "%s",
		    def->kernel);
	}
	if (!rc && def->initrd) {
		rc = file_open_input(r->ids, "initrd", def->initrd,
		    &c->initrd_fd, e);
		snprintf(c->initrd_name, sizeof(c->initrd_name), "%s",
		    def->initrd);
	}
	if (!rc)
		rc = serials_open(r, e);
	if (!rc && r->gdb_path)
		rc = file_listen(r->ids, "gdb socket", r->gdb_path,
		    &c->gdb_fd, e);
	return rc;
}

/* Our own files of the run: log and report. */
static int
open_run_files(struct daemon *d, struct run_request *r, int dir,
    struct err *e)
{
	char path[PATH_BYTES + 80];

	snprintf(path, sizeof(path), "%s/%s.log", d->opt.log_dir,
	    r->cfg.name);
	r->cfg.log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	    0600);
	if (r->cfg.log_fd < 0)
		return err_set_sys(e, errno, "log \"%.300s\"", path);
	r->cfg.report_fd = openat(dir, "report", O_RDWR | O_CREAT | O_TRUNC |
	    O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->cfg.report_fd < 0)
		return err_set_sys(e, errno, "exit report");
	return 0;
}

/* Where perf looks for the names of generated code. */
static int
open_perf_map(struct run_request *r, pid_t pid, struct err *e)
{
	char path[64];

	if (!r->cfg.perf_map)
		return 0;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)pid);
	return file_open_fresh(r->ids, "perf_map", path, &r->cfg.perf_fd, e);
}

/* Fork, hand the descriptors and the configuration over. */
static int
launch(struct daemon *d, struct domain *dom, struct run_request *r,
    struct spawn_request *s, int our_end, int control, struct err *e)
{
	struct monitor *m;
	pid_t pid;
	int pidfd, rc;

	rc = spawn_monitor(s, &pid, &pidfd, e);
	if (rc)
		return rc;
	m = monitor_new(d, dom, pid, pidfd);
	if (m) {
		m->is_child = true;
		r->cfg.host_pid = (unsigned)pid;
		rc = open_perf_map(r, pid, e);
		if (!rc)
			rc = vm_config_send(our_end, &r->cfg, e);
		if (!rc)
			rc = fcntl(our_end, F_SETFL, O_NONBLOCK) ? -errno : 0;
	} else {
		rc = err_set_sys(e, ENOMEM, "monitor");
	}
	if (rc) {
		(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
		waitpid(pid, NULL, 0);
		if (m)
			monitor_free(m);
		else
			close(pidfd);
		return rc;
	}
	m->control_fd = control;
	monitor_watch_setup(m, our_end);
	return 0;
}

static int
start_in(struct daemon *d, struct domain *dom, struct run_request *r,
    int dir, int alive, struct err *e)
{
	struct spawn_request s = { .program = d->opt.monitor,
		.alive_fd = alive, .setup_fd = -1, .control_fd = -1,
		.with_daemon = options_private(&d->opt) };
	int pair[2] = { -1, -1 }, control = -1, rc;

	rc = open_client_files(r, e);
	if (!rc)
		rc = open_run_files(d, r, dir, e);
	if (rc)
		return rc;
	rc = dir_bind(dir, "control", SOCK_SEQPACKET | SOCK_NONBLOCK, 0600,
	    &s.control_fd);
	if (rc)
		return err_set_sys(e, -rc, "control socket");
	/* Ours waits in its queue until the monitor accepts it. */
	rc = dir_connect(dir, "control", SOCK_SEQPACKET, &control);
	if (rc) {
		err_set_sys(e, -rc, "control socket");
	} else if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		rc = err_set_sys(e, errno, "set-up socket");
	} else {
		s.setup_fd = pair[1];
		s.log_fd = r->cfg.log_fd;
		rc = run_dir_note(dir, dom, e);
		if (!rc)
			rc = launch(d, dom, r, &s, pair[0], control, e);
		if (rc)
			close(pair[0]);
		close(pair[1]);
	}
	if (rc && control >= 0)
		close(control);
	close(s.control_fd);
	return rc;
}

int
monitor_start(struct daemon *d, struct domain *dom, struct run_request *r,
    struct call *call, struct err *e)
{
	int dir = run_dir_open(d, dom->uuid, true), alive, rc;

	if (dir < 0)
		return err_set_sys(e, -dir, "domain %s: run directory in "
		    "\"%.256s\"", dom->name, d->opt.run_dir);
	rc = run_dir_lock(dir, &alive);
	if (rc) {
		close(dir);
		return err_set_sys(e, -rc, "domain %s: its monitor's lock",
		    dom->name);
	}
	dom->id = ++d->last_id;
	dom->started = clock_realtime();
	memset(&dom->exit, 0, sizeof(dom->exit));
	r->cfg.console_cap = d->opt.console_cap;
	rc = start_in(d, dom, r, dir, alive, e);
	if (!rc && r->gdb_path) {
		dom->monitor->gdb_path = strdup(r->gdb_path);
		dom->monitor->gdb_ids = *r->ids;
	} else if (r->cfg.gdb_fd >= 0) {
		file_remove_socket(r->ids, r->gdb_path);
	}
	if (rc)
		serials_undo(r);
	else
		serials_note(dom->monitor, r);
	/* From here on the lock lives with the monitor's copy. */
	close(alive);
	close(dir);
	if (rc) {
		dom->id = 0;
		run_dir_remove(d, dom->uuid);
		return rc;
	}
	dom->monitor->start_call = call;
	domain_set_state(d, dom, DOMAIN_STARTING, "start", NULL);
	return 0;
}
