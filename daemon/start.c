/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a monitor, step by step, each with an answer from the spawner:
 *
 *	monitor_start()	the run directory, its lock and our own files
 *	-> on_file()	everything the client named, with the client's rights
 *	-> on_spawned()	the process; meanwhile on_looked(): what the kernel is
 *	-> configure()	its configuration; from here on monitor.c has it
 *
 * Whatever fails leaves nothing behind; the domain is then off again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/inspect.h"
#include "daemon/monitor.h"
#include "daemon/note.h"
#include "daemon/start.h"
#include "vm/report.h"

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- files of the client --------------- */

static void spawn(struct start *st);
static void configure(struct start *st);

static void
fail(struct start *st, const struct err *e)
{
	struct monitor *m = st->m;

	m->start_err = *e;
	/* Its end is told to monitor.c. */
	if (m->pid)
		monitor_kill(m);
	else
		monitor_gone(m);
}

/* When no more answers are awaited: the next step, or the end. */
static void
go_on(struct start *st)
{
	struct monitor *m = st->m;

	if (st->open || st->spawn || st->look)
		return;

	serials_note(m, &st->r);
	if (st->r.cfg.gdb_fd >= 0 && !m->gdb_path)
		m->gdb_path = strdup(st->gdb_path);
	if (st->err.code)
		fail(st, &st->err);
	else if (m->pid)
		configure(st);
	else
		spawn(st);
}

static void
on_file(void *ctx, const struct file_result *f, const struct err *e)
{
	struct start_want *w = ctx;
	struct start *st = w->st;

	w->job = NULL;
	*w->fd = f->fd;
	if (w->slave)
		*w->slave = f->slave;
	if (w->name && f->name[0])
		snprintf(w->name, VM_SERIAL_PATH, "%s", f->name);
	/* The first one in the order of the definition is told. */
	if (e->code && (!st->err.code || w < st->failed)) {
		st->err = *e;
		st->failed = w;
	}
	st->open--;
	go_on(st);
}

void
start_want(struct start *st, const struct start_want *want, const char *object,
    const char *path)
{
	struct start_want *w = &st->want[st->n_wants];
	struct file_request r = { .kind = want->kind, .ids = &st->ids,
		.object = object, .path = path };

	BUG_ON(st->n_wants == ARRAY_LEN(st->want));
	*w = *want;
	w->st = st;
	w->job = spawner_file(st->d->spawner, &r, on_file, w);
	if (!w->job) {
		err_set_sys(&st->err, ENOMEM, "%s", object);
		return;
	}
	st->n_wants++;
	st->open++;
}

static void
want_client_files(struct start *st)
{
	const struct domain_def *def = st->r.def;
	struct vm_config *c = &st->r.cfg;

	if (def->kernel) {
		snprintf(c->kernel_name, sizeof(c->kernel_name), "%s",
		    def->kernel);
		start_want(st, &(struct start_want){ .kind = FILE_INPUT,
		    .fd = &c->kernel_fd }, "kernel", def->kernel);
	}
	if (def->initrd) {
		snprintf(c->initrd_name, sizeof(c->initrd_name), "%s",
		    def->initrd);
		start_want(st, &(struct start_want){ .kind = FILE_INPUT,
		    .fd = &c->initrd_fd }, "initrd", def->initrd);
	}
	serials_want(st);
	if (st->gdb_path)
		start_want(st, &(struct start_want){ .kind = FILE_LISTEN,
		    .fd = &c->gdb_fd }, "gdb socket", st->gdb_path);
}

void
file_remove_socket(struct daemon *d, const struct client_ids *ids,
    const char *path)
{
	struct file_request r = { .kind = FILE_REMOVE_SOCKET, .ids = ids,
		.object = "socket", .path = path };

	(void)spawner_file(d->spawner, &r, NULL, NULL);
}

/* ---- the process --------------- */

/* Hand the configuration over and wait for READY. */
static void
configure(struct start *st)
{
	struct monitor *m = st->m;
	int rc = vm_config_send(st->our_setup, &st->r.cfg, &st->err);

	if (!rc && fcntl(st->our_setup, F_SETFL, O_NONBLOCK))
		rc = err_set_sys(&st->err, errno, "set-up socket");
	if (rc) {
		fail(st, &st->err);
		return;
	}
	m->control_fd = st->control;
	st->control = -1;
	monitor_watch_setup(m, st->our_setup);
	st->our_setup = -1;
	start_free(st);
}

/* Where perf looks for the names of generated code. */
static void
want_perf_map(struct start *st)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)st->m->pid);
	start_want(st, &(struct start_want){ .kind = FILE_FRESH,
	    .fd = &st->r.cfg.perf_fd }, "perf_map", path);
}

/* A cgroup is there or not; the policy, and limits, may insist. */
static int
judge_seal(struct start *st)
{
	const char *why = "";

	if (st->cgroup < 0) {
		if (cgroup_usable(&st->d->cgroup, &why))
			why = "none could be made";
		sandbox_off(&st->seal, SANDBOX_CGROUP, "%s",
		    sandbox_without(st->r.cfg.host_without, "cgroup") ?
		    "host_without=cgroup" : why);
	}
	if (st->r.limits.n && !sandbox_is_on(&st->seal, SANDBOX_CGROUP))
		return err_set(&st->err, ERR_OPERATION_FAILED, "cputune and "
		    "memtune need a cgroup, which is %s",
		    st->seal.text[SANDBOX_CGROUP]);
	return policy_check(st->d->opt.sandbox, &st->seal, !geteuid(),
	    &st->err);
}

static void
on_spawned(void *ctx, const struct spawn_answer *a, const struct err *e)
{
	struct start *st = ctx;
	struct monitor *m = st->m;
	struct vm_config *c = &st->r.cfg;

	st->spawn = NULL;
	if (e->code) {
		fail(st, e);
		return;
	}
	m->pid = a->pid;
	m->pidfd = a->pidfd;
	m->is_child = true;
	c->host_pid = (unsigned)a->pid;
	st->seal = a->seal;
	if (judge_seal(st)) {
		fail(st, &st->err);
		return;
	}
	if (!sandbox_put(&st->seal, c->sandbox, sizeof(c->sandbox)))
		c->sandbox[0] = '\0';
	/* The lock, the listener and the log are the monitor's now. */
	close_fd(&st->alive);
	close_fd(&st->listener);
	close_fd(&st->their_setup);
	close_fd(&st->cgroup);
	if (c->perf_map)
		want_perf_map(st);
	go_on(st);
}

/* What the kernel is has its part in the choice of the mode. */
static void
on_looked(void *ctx, const struct kernel_facts *f, const struct err *e)
{
	struct start *st = ctx;
	struct domain *dom = st->m->dom;

	st->look = NULL;
	if (e->code)
		st->err = *e;
	else if (!domain_choose_mode(st->d, st->r.def, &f->caps, &dom->choice,
	    &st->err))
		st->r.cfg.mode = dom->choice.mode;
	go_on(st);
}

static void
spawn(struct start *st)
{
	static const char *const argv[] = { "--setup-fd", "3", "--control-fd",
		"4", "--alive-fd", "5", NULL };
	const struct vm_config *c = &st->r.cfg;
	struct spawn_request r = { .program = st->d->opt.monitor,
		.argv = argv, .cgroup_fd = st->cgroup, .n_fds = 5,
		.fds = { c->log_fd, c->log_fd, st->their_setup, st->listener,
		    st->alive },
		.with_daemon = options_private(&st->d->opt),
		.host_pids = c->perf_map, .host_without = c->host_without };

	st->spawn = spawner_spawn(st->d->spawner, &r, on_spawned, st);
	if (!st->spawn) {
		err_set_sys(&st->err, ENOMEM, "monitor");
		fail(st, &st->err);
		return;
	}
	if (c->kernel_fd >= 0)
		st->look = inspect_kernel_fd(st->d, c->kernel_fd,
		    st->r.def->kernel, c->memory, on_looked, st);
}

/* ---- our own files --------------- */

/* Log and report. */
static int
open_run_files(struct start *st, int dir, struct err *e)
{
	struct vm_config *c = &st->r.cfg;
	char path[PATH_BYTES + 80];
	int rc;

	logs_before_start(st->d, c->name);
	snprintf(path, sizeof(path), "%s/%s.log", st->d->opt.log_dir, c->name);
	c->log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	    0600);
	if (c->log_fd < 0)
		return err_set_sys(e, errno, "log \"%.300s\"", path);
	c->report_fd = openat(dir, "report", O_RDWR | O_CREAT | O_TRUNC |
	    O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->report_fd < 0)
		return err_set_sys(e, errno, "exit report");
	rc = report_make(c->report_fd, "state=starting\nseq=0\n");
	if (rc)
		return err_set_sys(e, -rc, "exit report");
	st->m->seen_fd = seen_open(dir);
	return note_memfd(st->m->dom, &c->definition_fd, e);
}

static int
open_sockets(struct start *st, int dir, struct err *e)
{
	int pair[2], rc;

	rc = dir_bind(dir, "control", SOCK_SEQPACKET | SOCK_NONBLOCK, 0600,
	    &st->listener);
	/* Ours waits in its queue until the monitor accepts it. */
	if (!rc)
		rc = dir_connect(dir, "control", SOCK_SEQPACKET,
		    &st->control);
	if (rc)
		return err_set_sys(e, -rc, "control socket");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return err_set_sys(e, errno, "set-up socket");
	st->our_setup = pair[0];
	st->their_setup = pair[1];
	return 0;
}

/* ---- begin and end --------------- */

void
start_free(struct start *st)
{
	unsigned i;

	if (!st)
		return;
	if (st->m)
		st->m->start = NULL;
	for (i = 0; i < st->n_wants; i++)
		spawner_cancel(st->want[i].job);
	spawner_cancel(st->spawn);
	inspect_cancel(st->look);
	vm_config_fini(&st->r.cfg);
	close_fd(&st->alive);
	close_fd(&st->listener);
	close_fd(&st->control);
	close_fd(&st->our_setup);
	close_fd(&st->their_setup);
	close_fd(&st->cgroup);
	free(st->gdb_path);
	free(st);
}

static struct start *
start_new(struct daemon *d, struct domain *dom, const struct run_request *r)
{
	struct start *st = calloc(1, sizeof(*st));

	if (!st)
		return NULL;
	st->d = d;
	st->r = *r;
	st->ids = *r->ids;
	st->r.ids = &st->ids;
	st->alive = st->listener = st->control = -1;
	st->our_setup = st->their_setup = st->cgroup = -1;
	policy_without(d->opt.sandbox, r->cfg.host_without,
	    st->r.cfg.host_without, sizeof(st->r.cfg.host_without));
	if (r->gdb_path)
		st->gdb_path = strdup(r->gdb_path);
	st->m = monitor_new(d, dom, 0, -1);
	if (!st->m || (r->gdb_path && !st->gdb_path)) {
		if (st->m)
			monitor_free(st->m);
		st->m = NULL;
		start_free(st);
		return NULL;
	}
	st->m->start = st;
	st->m->client = st->ids;
	return st;
}

static int
prepare(struct start *st, struct domain *dom, struct err *e)
{
	int dir = run_dir_open(st->d, dom->uuid, true), rc;

	if (dir < 0)
		return err_set_sys(e, -dir, "domain %s: run directory in "
		    "\"%.256s\"", dom->name, st->d->opt.run_dir);
	rc = run_dir_lock(dir, &st->alive);
	if (rc) {
		close(dir);
		return err_set_sys(e, -rc, "domain %s: its monitor's lock",
		    dom->name);
	}
	rc = open_run_files(st, dir, e);
	if (!rc)
		rc = open_sockets(st, dir, e);
	if (!rc)
		rc = note_write(dir, dom, 0, e);
	if (!rc && !sandbox_without(st->r.cfg.host_without, "cgroup"))
		rc = cgroup_make(&st->d->cgroup, dom->uuid, &st->r.limits,
		    &st->cgroup, e);
	if (rc)
		run_dir_remove(st->d, dom->uuid);
	close(dir);
	return rc;
}

int
monitor_start(struct daemon *d, struct domain *dom, struct run_request *r,
    struct call *call, struct job *job, struct err *e)
{
	struct start *st = start_new(d, dom, r);
	struct monitor *m;
	int rc;

	if (!st)
		return err_set_sys(e, ENOMEM, "domain %s", dom->name);
	m = st->m;
	dom->id = ++d->last_id;
	dom->started = clock_realtime();
	memset(&dom->exit, 0, sizeof(dom->exit));
	st->r.cfg.console_cap = d->opt.console_cap;
	rc = prepare(st, dom, e);
	if (rc) {
		dom->id = 0;
		monitor_free(m);
		return rc;
	}
	m->start_call = call;
	m->start_job = job;
	domain_set_state(d, dom, DOMAIN_STARTING, job ? "autostart" : "start",
	    NULL);
	want_client_files(st);
	/* Goes on by itself when there is nothing to wait for. */
	go_on(st);
	return 0;
}
