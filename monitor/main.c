/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trivisor-monitor: one running VM.
 *
 *	trivisor-monitor --setup-fd 3 --control-fd 4 --alive-fd 5 [--root-fd 6]
 *
 * Everything comes as a descriptor: the set-up socket brings the VM's
 * configuration with its files, the control socket listens for daemons, and a
 * lock on the alive file proves that we live.  The monitor opens no path, and
 * outlives the daemon that started it.  Its first act is to leave the host's
 * files behind: the empty directory at --root-fd becomes its root.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "monitor/jail.h"
#include "monitor/monitor.h"
#include "monitor/oneshot.h"
#include "monitor/wiring.h"

struct arguments {
	int setup_fd, control_fd, alive_fd;
	int root_fd;			/* -1: none was given */
};

/* A descriptor's number; -1 for anything else. */
static int
parse_fd(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < 0 || n > 65535 ||
	    fcntl((int)n, F_GETFD) < 0)
		return -1;
	/* Nobody is started from here, but be sure. */
	fcntl((int)n, F_SETFD, FD_CLOEXEC);
	return (int)n;
}

static bool
parse_arguments(struct arguments *a, int argc, char **argv)
{
	static const struct option options[] = {
		{ "setup-fd", required_argument, NULL, 's' },
		{ "control-fd", required_argument, NULL, 'c' },
		{ "alive-fd", required_argument, NULL, 'a' },
		{ "root-fd", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	int ch;

	*a = (struct arguments){ -1, -1, -1, -1 };
	while ((ch = getopt_long(argc, argv, "", options, NULL)) != -1) {
		int *to = ch == 's' ? &a->setup_fd :
		    ch == 'c' ? &a->control_fd :
		    ch == 'a' ? &a->alive_fd :
		    ch == 'r' ? &a->root_fd : NULL;

		if (!to)
			return false;
		*to = parse_fd(optarg);
	}
	return optind == argc && a->setup_fd >= 0 && a->control_fd >= 0 &&
	    a->alive_fd >= 0;
}

/* A lock that goes away with our last breath, whatever kills us. */
static int
lock_alive(int fd, struct err *e)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_SETLK, &l) == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return err_set(e, ERR_RESOURCE_BUSY,
		    "monitor: another one runs this VM already");
	return err_set_sys(e, errno, "monitor: cannot lock its alive file");
}

/* Single threaded still, and nothing has been read from anybody. */
static void
leave_files(struct monitor *mon, int root_fd)
{
	int rc;

	/* libc looks for the time zone before it formats a time, even in UTC. */
	tzset();
	if (root_fd < 0) {
		sandbox_off(&mon->seal, SANDBOX_ROOT, "none was given");
		return;
	}
	rc = sandbox_empty_root(root_fd);
	if (rc)
		sandbox_off(&mon->seal, SANDBOX_ROOT, "%s", strerror(-rc));
	else
		sandbox_on(&mon->seal, SANDBOX_ROOT);
}

/* What the spawner found; about the root we know better when it gave one. */
static void
take_findings(struct monitor *mon, const char *text)
{
	struct sandbox_state all = { 0 };

	sandbox_take(&all, text);
	if (sandbox_is_on(&all, SANDBOX_ROOT) || !all.text[SANDBOX_ROOT][0])
		memcpy(all.text[SANDBOX_ROOT], mon->seal.text[SANDBOX_ROOT],
		    SANDBOX_STATE_MAX);
	mon->seal = all;
}

static void
ignore_signals(void)
{
	static const int ignored[] = { SIGPIPE, SIGHUP, SIGINT, SIGQUIT,
	    SIGTTOU, SIGTTIN, SIGTSTP };
	struct sigaction sa = { .sa_handler = SIG_IGN };

	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		sigaction(ignored[i], &sa, NULL);
}

/* --- the loop --------------------------------------------------------------------- */

static void
on_timer(struct ev_loop *loop, ev_io *w, int revents)
{
	struct monitor *mon = w->data;

	machine_run_timers(mon->m);
}

static void
on_wake(struct ev_loop *loop, ev_io *w, int revents)
{
	lifecycle_look(w->data);
}

static void
on_sigterm(struct ev_loop *loop, ev_signal *w, int revents)
{
	lifecycle_end(w->data, RUN_SHUTOFF, "destroyed", "SIGTERM");
}

static void
loop_start(struct monitor *mon)
{
	ev_io_init(&mon->timer_io, on_timer, mon->m->timer_fd, EV_READ);
	ev_io_init(&mon->wake_io, on_wake, mon->m->wake_fd, EV_READ);
	ev_signal_init(&mon->sigterm, on_sigterm, SIGTERM);
	mon->timer_io.data = mon->wake_io.data = mon->sigterm.data = mon;
	ev_io_start(mon->loop, &mon->timer_io);
	ev_io_start(mon->loop, &mon->wake_io);
	ev_signal_start(mon->loop, &mon->sigterm);
	attach_start(mon);
	control_start(mon);
}

static void
loop_end(struct monitor *mon)
{
	gdb_stop(mon);
	profile_stop(mon);
	attach_stop(mon);
	ev_io_stop(mon->loop, &mon->timer_io);
	ev_io_stop(mon->loop, &mon->wake_io);
}

/* --- start-up ---------------------------------------------------------------------- */

static void
answer_ready(int setup_fd, const struct monitor *mon)
{
	struct ctl_msg m;

	ctl_msg_init(&m, CTL_READY, 0);
	ctl_put(&m, "pid", "%d", monitor_pid(mon));
	monitor_put_seal(mon, &m);
	monitor_put_cpu(mon, &m);
	ctl_put(&m, "engine", "%s", mon->m->vm.engine->name);
	ctl_put(&m, "boot", "%s", boot_kind_name(mon->m->plan.kind));
	ctl_put(&m, "state", "%s", run_state_name(mon->state));
	ctl_put(&m, "seq", "%" PRIu64, mon->events.last);
	/* The daemon may be gone; another one will find us. */
	if (ctl_send(setup_fd, &m))
		log_line(LOG_WARN, "what=set-up reason=\"nobody waits\"");
}

static void
answer_failed(int setup_fd, const struct err *e)
{
	struct ctl_msg m;

	ctl_msg_init(&m, CTL_FAILED, 0);
	ctl_put_err(&m, e);
	if (ctl_send(setup_fd, &m))
		fprintf(stderr, "trivisor-monitor: %s\n", e->msg);
	log_line(LOG_ERR, "what=start error=\"%s\"", e->msg);
}

/* From the configuration to vCPU threads that wait for their release. */
static int
bring_up(struct monitor *mon, const struct arguments *a, struct err *e)
{
	struct vm_config cfg;
	char prefix[VM_NAME_MAX + 32];
	int rc;

	rc = vm_config_recv(a->setup_fd, &cfg, e);
	if (rc)
		return rc;
	take_findings(mon, cfg.sandbox);
	rc = jail_begin(&mon->seal, &cfg, e);
	snprintf(prefix, sizeof(prefix), "monitor: vm=%s", cfg.name);
	log_set_prefix(prefix);
	if (cfg.log_fd >= 0)
		log_set_fd(cfg.log_fd);
	prctl(PR_SET_NAME, cfg.name);
	report_open(&mon->report, cfg.report_fd);
	if (!rc)
		rc = lock_alive(a->alive_fd, e);
	if (rc) {
		vm_config_fini(&cfg);
		return rc;
	}
	rc = machine_new(&mon->m, &cfg, e);
	if (rc)
		return rc;
	rc = machine_start(mon->m, e);
	if (!rc)
		rc = crash_watch(mon, e);
	if (!rc)
		rc = gdb_start(mon, e);
	if (rc)
		return rc;
	loop_start(mon);
	return jail_close(&mon->seal, &mon->m->cfg, mon->m->n_started +
	    mon->m->logger.runs, e);
}

/*
 * The VM's life and the process's end: what is left to free would take system
 * calls that nothing else needs, and the kernel does it as well.
 */
static _Noreturn void
run(struct monitor *mon, int setup_fd)
{
	lifecycle_set(mon, RUN_RUNNING, "started", "booted", "");
	/* The vCPUs are parked still; they now stay so until CTL_RESUME. */
	if (mon->m->cfg.start_paused && lifecycle_suspend(mon, NULL))
		log_line(LOG_ERR, "what=start_paused");
	answer_ready(setup_fd, mon);
	close(setup_fd);
	machine_release(mon->m, HOLD_BUILD);
	ev_run(mon->loop, 0);
	loop_end(mon);
	machine_stop(mon->m);
	/* The report first: a client that sees us go reads it. */
	report_now(mon);
	control_stop(mon);
	wiring_fini(mon->m);
	_exit(0);
}

int
main(int argc, char **argv)
{
	struct monitor *mon;
	struct arguments a;
	struct err e = { 0 };
	int rc;

	if (oneshot_wanted(argc, argv))
		return oneshot_main(argc, argv);
	mon = calloc(1, sizeof(*mon));
	if (!mon)
		return 1;
	if (!parse_arguments(&a, argc, argv)) {
		fprintf(stderr, "usage: trivisor-monitor --setup-fd N "
		    "--control-fd N --alive-fd N\n"
		    "This program is started by trivisord.\n");
		free(mon);
		return 2;
	}
	leave_files(mon, a.root_fd);
	ignore_signals();
	mon->report.fd = -1;
	mon->control_fd = a.control_fd;
	mon->alive_fd = a.alive_fd;
	/* The one back end whose system calls jail_tab.c knows. */
	mon->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	rc = mon->loop ? bring_up(mon, &a, &e) :
	    err_set(&e, ERR_SYSTEM_ERROR, "monitor: no event loop");
	if (!rc)
		run(mon, a.setup_fd);
	answer_failed(a.setup_fd, &e);
	if (mon->m) {
		machine_stop(mon->m);
		machine_free(mon->m);
	}
	if (mon->loop)
		ev_loop_destroy(mon->loop);
	free(mon);
	return 1;
}
