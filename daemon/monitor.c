/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One living monitor, from its start to its end.
 *
 *	monitor_start() in start.c: files, listener, fork, vm_config
 *	-> on_setup(): READY -> control connection, CTL_SUBSCRIBE
 *	-> on_control(): answers and events
 *	-> on_exit(): report and exit status -> domain_run_over()
 *
 * The monitor is the truth about its VM; what is kept here is what it said
 * last.  Its process is watched through a pidfd, ours or not.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/jobs.h"
#include "daemon/metrics.h"
#include "daemon/monitor.h"
#include "daemon/start.h"
#include "daemon/note.h"
#include "daemon/power.h"

#define QUIT_SECONDS 3.0

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

pid_t
monitor_pid(const struct monitor *m)
{
	return m->pid;
}

const struct sandbox_state *
monitor_seal(const struct monitor *m)
{
	return &m->seal;
}

void
monitor_take_seal(struct monitor *m, const struct ctl_msg *answer)
{
	unsigned i;

	for (i = 0; i < SANDBOX_LAYERS; i++) {
		char key[32];

		snprintf(key, sizeof(key), "seal.%s", sandbox_layer_name(i));
		(void)ctl_get(answer, key, m->seal.text[i],
		    sizeof(m->seal.text[i]));
	}
}

unsigned
monitor_minor(const struct monitor *m)
{
	return m->minor;
}

struct domain *
monitor_domain(const struct monitor *m)
{
	return m->dom;
}

const struct monitor_cpu *
monitor_cpu(const struct monitor *m)
{
	return &m->cpu;
}

void
monitor_take_cpu(struct monitor *m, const struct ctl_msg *answer)
{
	struct monitor_cpu *c = &m->cpu;

	(void)ctl_get(answer, "cpu.model", c->model, sizeof(c->model));
	(void)ctl_get(answer, "cpu.set", c->set, sizeof(c->set));
	(void)ctl_get(answer, "cpu.topology", c->topology,
	    sizeof(c->topology));
}

bool
monitor_is_ready(const struct monitor *m)
{
	return m->ready;
}

/* ---- the end --------------- */

/* Whoever wants to know how the start went: fine (NULL), or not. */
static void
answer_start(struct monitor *m, const struct err *e)
{
	struct call *call = m->start_call;
	struct job *job = m->start_job;

	m->start_call = NULL;
	m->start_job = NULL;
	if (call && e)
		call_fail(call, e);
	else if (call)
		call_ok(call, domain_json(m->dom, true), -1);
	if (!job)
		return;
	if (e) {
		log_line(LOG_ERR, "autostart: vm=%s error=\"%s\"",
		    m->dom->name, e->msg);
		job_fail(job, e);
	} else {
		job_done(job, NULL);
	}
	autostart_next(m->d);
}

static void
answer_start_failure(struct monitor *m, const struct domain_exit *x)
{
	struct err e = m->start_err;

	if (!e.code && m->destroying)
		err_set(&e, ERR_OPERATION_ABORTED, "it was destroyed while it "
		    "started");
	else if (!e.code)
		err_set(&e, ERR_OPERATION_FAILED, "it did not start: %s",
		    x->detail[0] ? x->detail : x->reason);
	err_prefix(&e, "domain %s", m->dom->name);
	if (!e.hint[0])
		err_hint(&e, "its log is %.200s/%s.log", m->d->opt.log_dir,
		    m->dom->name);
	answer_start(m, &e);
}

static void
answer_everybody(struct monitor *m, const struct domain_exit *x)
{
	struct err e = { 0 };
	struct waiter *w;

	if (m->start_call || m->start_job)
		answer_start_failure(m, x);
	err_set(&e, ERR_OPERATION_INVALID, "domain %s ended: %s",
	    m->dom->name, x->detail[0] ? x->detail : x->reason);
	ask_fail_all(m, &e);
	while ((w = STAILQ_FIRST(&m->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&m->waiters, link);
		call_ok(w->call, domain_json(m->dom, false), -1);
		free(w);
	}
}

void
monitor_free(struct monitor *m)
{
	struct ev_loop *loop = m->d->loop;

	ev_io_stop(loop, &m->pid_io);
	ev_io_stop(loop, &m->setup_io);
	ev_io_stop(loop, &m->control_io);
	ev_timer_stop(loop, &m->timer);
	start_free(m->start);
	free(m->gdb_path);
	close_fd(&m->pidfd);
	close_fd(&m->setup_fd);
	close_fd(&m->control_fd);
	close_fd(&m->seen_fd);
	m->dom->monitor = NULL;
	free(m);
}

static void drain_control(struct monitor *m);
static void read_setup(struct monitor *m);

void
monitor_gone(struct monitor *m)
{
	struct daemon *d = m->d;
	struct domain *dom = m->dom;

	/* What it said last may not have been read yet. */
	if (m->setup_fd >= 0)
		read_setup(m);
	drain_control(m);
	if (m->gdb_path)
		file_remove_socket(d, &m->client, m->gdb_path);
	serials_remove(m);
	exit_of_monitor(m, &dom->exit);
	answer_everybody(m, &dom->exit);
	monitor_free(m);
	power_over(dom);
	domain_run_over(d, dom);
}

static void
on_exit_io(struct ev_loop *loop, ev_io *w, int events)
{
	(void)loop;
	(void)events;
	monitor_gone(container_of(w, struct monitor, pid_io));
}

/* Is its lock held still?  Then its number is not another process's. */
static bool
monitor_lives(const struct monitor *m)
{
	int dir = run_dir_open(m->d, m->dom->uuid, false), alive = -1, rc;

	if (dir < 0)
		return false;
	rc = run_dir_lock(dir, &alive);
	close(dir);
	if (alive >= 0)
		close(alive);
	return rc == -EBUSY;
}

bool
monitor_child_exit(struct daemon *d, pid_t pid, int status)
{
	struct domain *dom;

	TAILQ_FOREACH(dom, &d->domains, link) {
		struct monitor *m = dom->monitor;

		if (!m || !m->is_child || m->pid != pid)
			continue;
		m->status = status;
		monitor_gone(m);
		return true;
	}
	return false;
}

void
monitor_orphan_all(struct daemon *d)
{
	struct domain *dom;

	TAILQ_FOREACH(dom, &d->domains, link) {
		struct monitor *m = dom->monitor;

		if (!m || !m->is_child)
			continue;
		m->is_child = false;
		if (m->pidfd < 0)
			continue;
		ev_io_set(&m->pid_io, m->pidfd, EV_READ);
		ev_io_start(d->loop, &m->pid_io);
	}
}

void
monitor_kill(struct monitor *m)
{
	if (m->pid <= 1)
		return;
	if (m->pidfd >= 0 && !syscall(SYS_pidfd_send_signal, m->pidfd,
	    SIGKILL, NULL, 0))
		return;
	if (m->is_child)
		spawner_kill(m->d->spawner, m->pid);
	else if (monitor_lives(m))
		kill(m->pid, SIGKILL);
}

/* It had its time to start, or to power off. */
static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct monitor *m = container_of(w, struct monitor, timer);

	(void)loop;
	(void)events;
	/* Nothing to kill yet. */
	if (m->start && !m->pid) {
		monitor_gone(m);
		return;
	}
	if (!m->ready && !m->destroying)
		err_set(&m->start_err, ERR_OPERATION_TIMEOUT,
		    "its monitor was not ready after %d s",
		    (int)START_SECONDS);
	log_line(LOG_WARN, "monitor: vm=%s what=kill pid=%d", m->dom->name,
	    (int)m->pid);
	monitor_kill(m);
}

void
monitor_destroy(struct domain *dom, struct call *call)
{
	struct monitor *m = dom->monitor;
	struct ctl_msg quit;
	struct waiter *w;
	struct err e = { 0 };

	w = m && call ? calloc(1, sizeof(*w)) : NULL;
	if (call && !w) {
		if (m)
			err_set_sys(&e, ENOMEM, "domain %s", dom->name);
		else
			ask_not_running(dom, &e);
		call_fail(call, &e);
		return;
	}
	if (w) {
		w->call = call;
		STAILQ_INSERT_TAIL(&m->waiters, w, link);
	}
	if (m->destroying)
		return;
	m->destroying = true;
	if (dom->state != DOMAIN_STOPPING)
		domain_set_state(m->d, dom, DOMAIN_STOPPING, "destroy", NULL);
	ctl_msg_init(&quit, CTL_QUIT, ++m->next_id);
	if (!m->ready || m->control_fd < 0 || ctl_send(m->control_fd, &quit))
		monitor_kill(m);
	ev_timer_stop(m->d->loop, &m->timer);
	ev_timer_set(&m->timer, m->start && !m->pid ? 0 : QUIT_SECONDS, 0);
	ev_timer_start(m->d->loop, &m->timer);
}

/* ---- the control connection --------------- */

static void
take_message(struct monitor *m, struct ctl_msg *msg)
{
	m->minor = msg->h.minor;
	if (msg->h.type == CTL_EVENT)
		monitor_take_event(m, msg);
	else if (msg->h.type == CTL_OK || msg->h.type == CTL_ERROR)
		ask_take_answer(m, msg);
	if (msg->fd >= 0)
		close(msg->fd);
}

static void
drain_control(struct monitor *m)
{
	struct ctl_msg msg;
	int rc;

	while (m->control_fd >= 0) {
		rc = ctl_recv(m->control_fd, &msg);
		if (!rc) {
			take_message(m, &msg);
			continue;
		}
		if (rc == -EAGAIN)
			return;
		log_line(rc == -EPIPE ? LOG_DEBUG : LOG_ERR, "monitor: vm=%s "
		    "what=control_lost errno=%d", m->dom->name, -rc);
		ev_io_stop(m->d->loop, &m->control_io);
		close_fd(&m->control_fd);
	}
}

static void
on_control(struct ev_loop *loop, ev_io *w, int events)
{
	struct monitor *m = container_of(w, struct monitor, control_io);

	(void)loop;
	(void)events;
	drain_control(m);
	/* Without a pidfd the connection's end is the only sign there is. */
	if (m->control_fd < 0 && m->pidfd < 0 && !m->is_child)
		monitor_gone(m);
}

static void
watch_control(struct monitor *m, int fd)
{
	m->control_fd = fd;
	ev_io_init(&m->control_io, on_control, fd, EV_READ);
	ev_io_start(m->d->loop, &m->control_io);
}

static int
subscribe(struct monitor *m, uint64_t since)
{
	struct ctl_msg msg;

	ctl_msg_init(&msg, CTL_SUBSCRIBE, ++m->next_id);
	(void)ctl_put(&msg, "since", "%llu", (unsigned long long)since);
	return ctl_send(m->control_fd, &msg);
}

/* ---- the start --------------- */

static void
started(struct monitor *m, const struct ctl_msg *ready)
{
	enum domain_state state = DOMAIN_RUNNING;
	struct domain *dom = m->dom;
	uint64_t seq = 0;
	char text[32];

	monitor_take_seal(m, ready);
	monitor_take_cpu(m, ready);
	policy_log(dom->name, &m->seal);
	if (policy_check(m->d->opt.sandbox, &m->seal, !geteuid(),
	    &m->start_err)) {
		monitor_kill(m);
		return;
	}
	m->ready = true;
	ev_timer_stop(m->d->loop, &m->timer);
	if (ctl_get(ready, "state", text, sizeof(text)))
		(void)domain_state_parse(text, &state);
	(void)ctl_get_u64(ready, "seq", &seq);
	m->seen = seq;
	m->minor = ready->h.minor;
	/* A short-lived guest may be over already: its exit then tells. */
	watch_control(m, m->control_fd);
	if (subscribe(m, seq))
		log_line(LOG_INFO, "monitor: vm=%s what=short_lived",
		    dom->name);
	metrics_note_start(m->d, clock_now(&clock_host) - dom->asked);
	domain_set_state(m->d, dom, state, "booted", NULL);
	monitor_note_run(m);
	answer_start(m, NULL);
}

/* The one packet over the set-up socket, or its end. */
static void
read_setup(struct monitor *m)
{
	struct ctl_msg msg;
	int rc = ctl_recv(m->setup_fd, &msg);

	if (rc == -EAGAIN)
		return;
	ev_io_stop(m->d->loop, &m->setup_io);
	close_fd(&m->setup_fd);
	if (!rc && msg.fd >= 0)
		close(msg.fd);
	if (!rc && msg.h.type == CTL_READY) {
		if (!m->destroying)
			started(m, &msg);
	} else if (!rc && msg.h.type == CTL_FAILED) {
		ctl_get_err(&msg, &m->start_err);
	}
	/* Anything else: its exit status tells the rest. */
}

static void
on_setup(struct ev_loop *loop, ev_io *w, int events)
{
	(void)loop;
	(void)events;
	read_setup(container_of(w, struct monitor, setup_io));
}

void
monitor_watch_setup(struct monitor *m, int setup_fd)
{
	m->setup_fd = setup_fd;
	ev_io_init(&m->setup_io, on_setup, setup_fd, EV_READ);
	ev_io_start(m->d->loop, &m->setup_io);
	ev_timer_start(m->d->loop, &m->timer);
}

struct monitor *
monitor_new(struct daemon *d, struct domain *dom, pid_t pid, int pidfd)
{
	struct monitor *m = calloc(1, sizeof(*m));
	int dir;

	if (!m)
		return NULL;
	dir = run_dir_open(d, dom->uuid, false);
	m->seen_fd = dir < 0 ? -1 : seen_open(dir);
	if (dir >= 0)
		close(dir);
	m->d = d;
	m->dom = dom;
	m->pid = pid;
	m->pidfd = pidfd;
	m->status = -1;
	m->setup_fd = -1;
	m->control_fd = -1;
	TAILQ_INIT(&m->pending);
	STAILQ_INIT(&m->waiters);
	ev_io_init(&m->pid_io, on_exit_io, pidfd, EV_READ);
	if (pidfd >= 0)
		ev_io_start(d->loop, &m->pid_io);
	ev_init(&m->setup_io, on_setup);
	ev_init(&m->control_io, on_control);
	ev_timer_init(&m->timer, on_timer, START_SECONDS, 0);
	dom->monitor = m;
	return m;
}

/* ---- daemons come and go --------------- */

static void resync(struct monitor *m);

/* It answers again: everything may be as it was, or not. */
static void
on_resync(struct monitor *m, struct ctl_msg *answer, const struct err *e,
    void *ctx)
{
	struct domain *dom = m->dom;
	enum domain_state now = dom->state;
	char text[32], reason[32] = "attached";

	(void)ctx;
	if (!answer) {
		if (e->code == ERR_OPERATION_TIMEOUT)
			resync(m);
		return;
	}
	if (m->pidfd < 0 && answer->pid > 1) {
		m->pid = answer->pid;
		m->pidfd = (int)syscall(SYS_pidfd_open, m->pid, 0);
		if (m->pidfd >= 0) {
			ev_io_set(&m->pid_io, m->pidfd, EV_READ);
			ev_io_start(m->d->loop, &m->pid_io);
		}
	}
	monitor_take_seal(m, answer);
	if (ctl_get(answer, "state", text, sizeof(text)))
		(void)domain_state_parse(text, &now);
	(void)ctl_get(answer, "reason", reason, sizeof(reason));
	if (now != dom->state)
		domain_set_state(m->d, dom, now, reason, "");
	snprintf(dom->reason, sizeof(dom->reason), "%s", reason);
	monitor_note_run(m);
}

static void
resync(struct monitor *m)
{
	struct err e = { 0 };
	struct ctl_msg ask;

	ctl_msg_init(&ask, CTL_DESCRIBE, 0);
	if (monitor_ask(m->dom, &ask, on_resync, NULL, &e))
		log_line(LOG_WARN, "attach: vm=%s error=\"%s\"", m->dom->name,
		    e.msg);
}

int
monitor_attach(struct daemon *d, struct domain *dom, int control, pid_t pid,
    int pidfd, uint64_t since, bool answers, struct err *e)
{
	struct monitor *m;
	int rc = 0;

	m = monitor_new(d, dom, pid, pidfd);
	if (!m) {
		close_fd(&control);
		close_fd(&pidfd);
		return err_set_sys(e, ENOMEM, "domain %s", dom->name);
	}
	m->ready = true;
	m->seen = since;
	if (control < 0)
		return 0;
	watch_control(m, control);
	rc = subscribe(m, since);
	if (!rc && answers)
		monitor_note_run(m);
	else if (!rc)
		resync(m);
	return rc && rc != -EAGAIN ? err_set_sys(e, -rc, "domain %s: monitor",
	    dom->name) : 0;
}

void
monitor_detach(struct monitor *m)
{
	struct domain_exit none = { .reason = "the daemon ends" };

	if (m->start && !m->pid)
		run_dir_remove(m->d, m->dom->uuid);
	answer_everybody(m, &none);
	power_detach(m->dom);
	monitor_free(m);
}
