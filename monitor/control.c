/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control channel's server (vm/control.h).  Every request is answered at
 * once; a connection that does not take its answers is closed, one that does
 * not take its events gets them from the ring when it does.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "monitor/monitor.h"
#include "monitor/vcpu.h"

static void
client_close(struct client *c)
{
	ev_io_stop(c->mon->loop, &c->io);
	close(c->fd);
	c->mon = NULL;
}

/* --- answers ------------------------------------------------------------------ */

typedef int handler_fn(struct monitor *mon, const struct ctl_msg *q,
    struct ctl_msg *a, struct err *e);

int
monitor_pid(const struct monitor *mon)
{
	unsigned pid = mon->m->cfg.host_pid;

	return pid ? (int)pid : (int)getpid();
}

/* The processor the guest sees, as it was resolved before the start. */
void
monitor_put_cpu(const struct monitor *mon, struct ctl_msg *m)
{
	const struct vm_config *c = &mon->m->cfg;

	ctl_put(m, "cpu.model", "%s", c->cpu_model);
	ctl_put(m, "cpu.set", "%s", c->cpu_set);
	ctl_put(m, "cpu.topology", "%u %u %u %u", c->sockets, c->dies,
	    c->cores, c->threads);
}

void
monitor_put_seal(const struct monitor *mon, struct ctl_msg *m)
{
	for (unsigned i = 0; i < SANDBOX_LAYERS; i++) {
		char key[32];

		if (!mon->seal.text[i][0])
			continue;
		snprintf(key, sizeof(key), "seal.%s", sandbox_layer_name(i));
		ctl_put(m, key, "%s", mon->seal.text[i]);
	}
}

/* The names that only we know for sure once the daemon is another. */
static void
describe_serials(const struct vm_config *cfg, struct ctl_msg *a)
{
	char key[32];

	ctl_put(a, "serials", "%u", cfg->n_serials);
	ctl_put(a, "client_uid", "%u", cfg->client_uid);
	ctl_put(a, "client_gid", "%u", cfg->client_gid);
	for (unsigned i = 0; i < cfg->n_serials; i++) {
		if (!cfg->serial_path[i][0])
			continue;
		snprintf(key, sizeof(key), "serial%u.%s", i,
		    cfg->serial_listen_fd[i] >= 0 ? "socket" : "pty");
		ctl_put(a, key, "%s", cfg->serial_path[i]);
	}
}

static int
do_describe(struct monitor *mon, const struct ctl_msg *q, struct ctl_msg *a,
    struct err *e)
{
	const struct vm_config *cfg = &mon->m->cfg;

	ctl_put(a, "name", "%s", cfg->name);
	ctl_put(a, "uuid", "%s", cfg->uuid);
	ctl_put(a, "state", "%s", run_state_name(mon->state));
	ctl_put(a, "reason", "%s", mon->reason);
	ctl_put(a, "detail", "%s", mon->detail);
	ctl_put(a, "mode", "%s", vm_mode_name(cfg->mode));
	ctl_put(a, "engine", "%s", mon->m->vm.engine->name);
	ctl_put(a, "pid", "%d", monitor_pid(mon));
	ctl_put(a, "memory", "%" PRIu64, cfg->memory);
	ctl_put(a, "vcpus", "%u", cfg->vcpus);
	describe_serials(cfg, a);
	ctl_put(a, "boot", "%s", boot_kind_name(mon->m->plan.kind));
	ctl_put(a, "tsc_khz", "%" PRIu64, mon->m->vm.tsc_khz);
	ctl_put(a, "seq", "%" PRIu64, mon->events.last);
	monitor_put_seal(mon, a);
	request_describe(mon, a);
	monitor_put_cpu(mon, a);
	return 0;
}

static int
do_reset(struct monitor *mon, const struct ctl_msg *q, struct ctl_msg *a,
    struct err *e)
{
	return lifecycle_reset(mon, e);
}

static int
do_suspend(struct monitor *mon, const struct ctl_msg *q, struct ctl_msg *a,
    struct err *e)
{
	return lifecycle_suspend(mon, e);
}

static int
do_resume(struct monitor *mon, const struct ctl_msg *q, struct ctl_msg *a,
    struct err *e)
{
	return lifecycle_resume(mon, e);
}

static int
do_console(struct monitor *mon, const struct ctl_msg *q, struct ctl_msg *a,
    struct err *e)
{
	struct console_view v = { .history = CONSOLE_HISTORY };
	uint64_t serial = 0;
	uint64_t watch = 0;
	uint64_t force = 0;
	int rc;

	ctl_get_u64(q, "serial", &serial);
	ctl_get_u64(q, "watch", &watch);
	ctl_get_u64(q, "force", &force);
	ctl_get_u64(q, "history", &v.history);
	v.watch = watch != 0;
	v.force = force != 0;
	rc = attach_console(mon, (unsigned)MIN(serial, UINT32_MAX), &v, &a->fd,
	    e);
	if (rc)
		return rc;
	ctl_put(a, "serial", "%" PRIu64, serial);
	ctl_put(a, "writer", "%s", v.writer ? "true" : "false");
	ctl_put(a, "skipped", "%" PRIu64, v.skipped);
	ctl_put(a, "replayed", "%" PRIu64, v.replayed);
	return 0;
}

static int
do_stats(struct monitor *mon, const struct ctl_msg *q, struct ctl_msg *a,
    struct err *e)
{
	stats_put(mon->m, a);
	return 0;
}

static int
do_disasm(struct monitor *mon, const struct ctl_msg *q, struct ctl_msg *a,
    struct err *e)
{
	uint64_t count = 1;
	uint64_t pc = 0;

	ctl_get_u64(q, "pc", &pc);
	ctl_get_u64(q, "count", &count);
	return show_translations(mon, pc, (unsigned)MIN(count, 64), a, e);
}

/* Longer ones would outlast the room for samples. */
#define PROFILE_MAX_MS 60000

static int
do_profile(struct monitor *mon, const struct ctl_msg *q, struct ctl_msg *a,
    struct err *e)
{
	uint64_t ms = 1000;

	ctl_get_u64(q, "ms", &ms);
	ms = MIN(MAX(ms, 1), PROFILE_MAX_MS);
	return profile_start(mon, (ns_t)ms * 1000000, e);
}

static int
do_bt_stats(struct monitor *mon, const struct ctl_msg *q, struct ctl_msg *a,
    struct err *e)
{
	uint64_t vcpu = ALL_VCPUS;
	uint64_t top = 20;

	ctl_get_u64(q, "vcpu", &vcpu);
	ctl_get_u64(q, "top", &top);
	return profile_put(mon, (unsigned)MIN(vcpu, ALL_VCPUS),
	    (unsigned)MIN(top, UINT32_MAX), a, e);
}

static int
do_nmi(struct monitor *mon, const struct ctl_msg *q, struct ctl_msg *a,
    struct err *e)
{
	machine_nmi(mon->m);
	return 0;
}

/* CTL_QUIT and CTL_SUBSCRIBE go on after their answer: see serve(). */
static int
do_nothing(struct monitor *mon, const struct ctl_msg *q, struct ctl_msg *a,
    struct err *e)
{
	ctl_put(a, "seq", "%" PRIu64, mon->events.last);
	return 0;
}

static const struct {
	uint16_t type;
	handler_fn *fn;
} handlers[] = {
	{ CTL_DESCRIBE, do_describe }, { CTL_SHUTDOWN, request_shutdown },
	{ CTL_RESET, do_reset }, { CTL_SUSPEND, do_suspend },
	{ CTL_RESUME, do_resume }, { CTL_QUIT, do_nothing },
	{ CTL_CONSOLE, do_console }, { CTL_STATS, do_stats },
	{ CTL_SUBSCRIBE, do_nothing }, { CTL_NMI, do_nmi },
	{ CTL_DISASM, do_disasm }, { CTL_PROFILE, do_profile },
	{ CTL_BT_STATS, do_bt_stats },
	{ CTL_DEFINITION, request_definition },
};

static int
dispatch(struct monitor *mon, const struct ctl_msg *q, struct ctl_msg *a,
    struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(handlers); i++)
		if (handlers[i].type == q->h.type)
			return handlers[i].fn(mon, q, a, e);
	return err_set(e, ERR_OPERATION_UNSUPPORTED,
	    "control: this monitor does not know request %u", q->h.type);
}

/* --- events --------------------------------------------------------------------- */

/* Watch for room to send only while something waits. */
static void
client_watch(struct client *c, bool write_too)
{
	ev_io_stop(c->mon->loop, &c->io);
	ev_io_set(&c->io, c->fd, EV_READ | (write_too ? EV_WRITE : 0));
	ev_io_start(c->mon->loop, &c->io);
}

static int
send_event(struct client *c, const struct event *ev)
{
	struct ctl_msg m;

	ctl_msg_init(&m, CTL_EVENT, 0);
	ctl_put(&m, "seq", "%" PRIu64, ev->seq);
	ctl_put(&m, "what", "%s", ev->what);
	ctl_put(&m, "state", "%s", ev->state);
	ctl_put(&m, "reason", "%s", ev->reason);
	ctl_put(&m, "detail", "%s", ev->detail);
	if (c->mon->has_code)
		ctl_put(&m, "exit_code", "%u", c->mon->exit_code);
	return ctl_send(c->fd, &m);
}

/* Events that were overwritten before they could be sent: say which. */
static int
send_lost(struct client *c, uint64_t from, uint64_t to)
{
	struct ctl_msg m;

	ctl_msg_init(&m, CTL_EVENT, 0);
	ctl_put(&m, "seq", "%" PRIu64, to);
	ctl_put(&m, "what", "lost");
	ctl_put(&m, "from", "%" PRIu64, from);
	ctl_put(&m, "to", "%" PRIu64, to);
	return ctl_send(c->fd, &m);
}

static void
client_pump(struct client *c)
{
	const struct event_ring *r = &c->mon->events;
	const struct event *ev;
	int rc = 0;

	if (!c->subscribed)
		return;
	while (!rc && (ev = events_from(r, c->next))) {
		if (ev->seq > c->next) {
			rc = send_lost(c, c->next, ev->seq - 1);
			if (!rc)
				c->next = ev->seq;
			continue;
		}
		rc = send_event(c, ev);
		if (!rc)
			c->next = ev->seq + 1;
	}
	if (rc && rc != -EAGAIN)
		client_close(c);
	else
		client_watch(c, rc == -EAGAIN);
}

void
control_pump(struct monitor *mon)
{
	for (unsigned i = 0; i < MAX_CLIENTS; i++)
		if (mon->client[i].mon)
			client_pump(&mon->client[i]);
}

/* --- connections ------------------------------------------------------------------- */

/* A descriptor that came or went with a message, unless it is kept. */
static void
close_passed(const struct monitor *mon, int fd)
{
	if (fd >= 0 && fd != mon->m->cfg.definition_fd)
		close(fd);
}

static void
serve(struct client *c, const struct ctl_msg *q)
{
	struct monitor *mon = c->mon;
	struct err e = { 0 };
	struct ctl_msg a;
	int rc;

	ctl_msg_init(&a, CTL_OK, q->h.id);
	if (dispatch(mon, q, &a, &e)) {
		ctl_msg_init(&a, CTL_ERROR, q->h.id);
		ctl_put_err(&a, &e);
	}
	rc = ctl_send(c->fd, &a);
	close_passed(mon, a.fd);
	if (rc) {
		client_close(c);
	} else if (q->h.type == CTL_SUBSCRIBE) {
		uint64_t since = mon->events.last;

		ctl_get_u64(q, "since", &since);
		c->subscribed = true;
		c->next = MIN(since, mon->events.last) + 1;
		client_pump(c);
	}
	if (q->h.type == CTL_QUIT)
		lifecycle_end(mon, RUN_SHUTOFF, "destroyed", "");
}

static void
on_client(struct ev_loop *loop, ev_io *w, int revents)
{
	struct client *c = w->data;
	struct monitor *mon = c->mon;
	struct ctl_msg q;
	int rc;

	if (revents & EV_WRITE)
		client_pump(c);
	if (!c->mon || !(revents & EV_READ))
		return;
	rc = ctl_recv(c->fd, &q);
	if (rc == -EAGAIN)
		return;
	if (rc) {
		client_close(c);
		return;
	}
	serve(c, &q);
	close_passed(mon, q.fd);
}

static void
on_listen(struct ev_loop *loop, ev_io *w, int revents)
{
	struct monitor *mon = w->data;
	int fd = accept4(mon->control_fd, NULL, NULL, SOCK_CLOEXEC |
	    SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (unsigned i = 0; i < MAX_CLIENTS; i++) {
		struct client *c = &mon->client[i];

		if (c->mon)
			continue;
		*c = (struct client){ .mon = mon, .fd = fd };
		ev_io_init(&c->io, on_client, fd, EV_READ);
		c->io.data = c;
		ev_io_start(loop, &c->io);
		return;
	}
	close(fd);
}

void
control_start(struct monitor *mon)
{
	int flags = fcntl(mon->control_fd, F_GETFL);

	fcntl(mon->control_fd, F_SETFL, flags | O_NONBLOCK);
	ev_io_init(&mon->listen_io, on_listen, mon->control_fd, EV_READ);
	mon->listen_io.data = mon;
	ev_io_start(mon->loop, &mon->listen_io);
}

void
control_stop(struct monitor *mon)
{
	ev_io_stop(mon->loop, &mon->listen_io);
	control_pump(mon);
	for (unsigned i = 0; i < MAX_CLIENTS; i++)
		if (mon->client[i].mon)
			client_close(&mon->client[i]);
}
