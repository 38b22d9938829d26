/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a new daemon makes of the run directories it finds.  Whoever answers at
 * the control socket lives, and says itself what it is; all are asked at once,
 * and clients are served when all have answered, or after a while.  Where
 * nobody listens and the lock is free, a dead monitor's report is read.  What
 * lives but does not answer is kept as a domain that can be destroyed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/monitor.h"
#include "daemon/note.h"
#include "daemon/power.h"
#include "daemon/tuning.h"

/* So long clients wait for those that do not answer. */
#define ANSWER_SECONDS 2.0

enum { ASK_DESCRIBE = 1, ASK_DEFINITION };

struct attach {
	TAILQ_ENTRY(attach) link;
	struct daemon *d;
	char uuid[37];
	int dir, control;		/* owned */
	ev_io io;
	bool described;
	struct ctl_msg answer;		/* to CTL_DESCRIBE */
	struct domain_def *def;		/* owned; from the monitor */
	struct ctl_msg note;		/* its fields */
};

static void
attach_free(struct attach *a)
{
	struct daemon *d = a->d;

	ev_io_stop(d->loop, &a->io);
	TAILQ_REMOVE(&d->attaching, a, link);
	if (a->control >= 0)
		close(a->control);
	close(a->dir);
	domain_def_free(a->def);
	free(a);
	if (TAILQ_EMPTY(&d->attaching))
		attach_over(d);
}

/* ---- a domain for the living --------------- */

/* Without any note: what the monitor says of itself has to do. */
static struct domain_def *
def_from_answer(const struct ctl_msg *m, const char *uuid)
{
	struct domain_def *def = domain_def_new();
	uint64_t v;

	if (!def)
		return NULL;
	memcpy(def->cfg.uuid, uuid, sizeof(def->cfg.uuid));
	if (!ctl_get(m, "name", def->cfg.name, sizeof(def->cfg.name)) ||
	    !vm_name_ok(def->cfg.name))
		snprintf(def->cfg.name, sizeof(def->cfg.name), "%s", uuid);
	if (ctl_get_u64(m, "memory", &v))
		def->cfg.memory = v;
	if (ctl_get_u64(m, "vcpus", &v) && v <= VM_MAX_VCPUS)
		def->cfg.vcpus = (unsigned)v;
	if (domain_def_make_xml(def, NULL)) {
		domain_def_free(def);
		return NULL;
	}
	return def;
}

static void
take_note(struct daemon *d, struct domain *dom, const struct ctl_msg *note,
    const struct ctl_msg *answer)
{
	char key[32], value[256];
	size_t pos = 0;
	uint64_t v;

	dom->id = 0;
	if (ctl_get_u64(note, "id", &v) && v && v < INT32_MAX)
		dom->id = (unsigned)v;
	if (!dom->id)
		dom->id = d->last_id + 1;
	d->last_id = MAX(d->last_id, dom->id);
	if (ctl_get_u64(note, "started", &v))
		dom->started = (ns_t)v;
	if (ctl_get(answer, "mode", value, sizeof(value)) ||
	    ctl_get(note, "mode", value, sizeof(value)))
		(void)vm_mode_parse(value, &dom->choice.mode);
	dom->choice.n_reasons = 0;
	while (ctl_next(note, &pos, key, sizeof(key), value, sizeof(value)))
		if (!strcmp(key, "mode_reason") &&
		    dom->choice.n_reasons < MODE_MAX_REASONS)
			snprintf(dom->choice.reasons[dom->choice.n_reasons++],
			    sizeof(dom->choice.reasons[0]), "%.159s", value);
	if (ctl_get(note, "engine", value, sizeof(value)) && dom->live)
		(void)vm_engine_parse(value, &dom->live->cfg.engine);
}

/* The stored domain of that uuid, or a new one for this run alone. */
static struct domain *
domain_for_run(struct attach *a, struct ctl_msg *note)
{
	struct domain *dom = domain_find(a->d, a->uuid, NULL);
	struct domain_def *def = a->def;

	*note = a->note;
	a->def = NULL;
	if (!def)
		def = note_from_files(a->dir, note);
	if (!def)
		def = def_from_answer(&a->answer, a->uuid);
	if (!def)
		return NULL;
	if (dom) {
		dom->live = def;
		return dom;
	}
	dom = domain_new(a->d, def, false);
	if (!dom)
		domain_def_free(def);
	return dom;
}

/*
 * The state that subscribers were told last, and up to where; where nobody
 * knows any more, the state now, and word that events are missing.
 */
static uint64_t
take_state(struct attach *a, struct domain *dom)
{
	enum domain_state now = DOMAIN_RUNNING, then;
	uint64_t last = 0, seen;
	char text[32];

	(void)ctl_get_u64(&a->answer, "seq", &last);
	if (ctl_get(&a->answer, "state", text, sizeof(text)))
		(void)domain_state_parse(text, &now);
	if (!ctl_get(&a->answer, "reason", dom->reason, sizeof(dom->reason)))
		snprintf(dom->reason, sizeof(dom->reason), "attached");
	if (seen_read(a->dir, &seen, &then) && seen <= last) {
		dom->state = seen == last ? now : then;
		return seen;
	}
	dom->state = now;
	events_lost(dom, 0, last);
	return last;
}

/* pid lives, and is the one that speaks there. */
static int
open_pidfd(int pid, int control)
{
	struct pollfd p = { .fd = control, .events = POLLRDHUP };
	int fd = pid > 1 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	if (fd < 0)
		return -1;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* Its end closes: until then nobody else can have its number. */
	if (poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLRDHUP)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void collect_dead(struct daemon *d, const char *uuid, int dir_fd);

static void
attach_living(struct attach *a)
{
	struct ctl_msg note;
	struct domain *dom = domain_for_run(a, &note);
	struct err e = { 0 };
	uint64_t since;
	int rc;

	if (!dom) {
		log_line(LOG_ERR, "attach: uuid=%s what=no_memory", a->uuid);
		attach_free(a);
		return;
	}
	take_note(a->d, dom, &note, &a->answer);
	since = take_state(a, dom);
	rc = monitor_attach(a->d, dom, a->control, a->answer.pid,
	    open_pidfd(a->answer.pid, a->control), since, true, &e);
	a->control = -1;
	if (rc) {
		log_line(LOG_ERR, "attach: vm=%s error=\"%s\"", dom->name,
		    e.msg);
	} else {
		monitor_take_seal(dom->monitor, &a->answer);
		monitor_take_cpu(dom->monitor, &a->answer);
		serials_take(dom->monitor, &a->answer);
		power_resume(dom, &a->answer);
		tuning_reapply(a->d, dom);
		log_line(LOG_INFO, "attach: vm=%s uuid=%s pid=%d state=%s",
		    dom->name, a->uuid, a->answer.pid,
		    domain_state_name(dom->state));
	}
	attach_free(a);
}

/* ---- asking --------------- */

static void
take_message(struct attach *a, struct ctl_msg *m)
{
	if (m->h.id == ASK_DESCRIBE && m->h.type == CTL_OK) {
		a->described = true;
		a->answer = *m;
		a->answer.fd = -1;
	} else if (m->h.id == ASK_DEFINITION && m->h.type == CTL_OK) {
		a->def = note_from_memfd(m->fd, &a->note);
	}
	if (m->fd >= 0)
		close(m->fd);
}

static void
on_answer(struct ev_loop *loop, ev_io *w, int events)
{
	struct attach *a = container_of(w, struct attach, io);
	struct daemon *d = a->d;
	struct ctl_msg m;
	int rc = ctl_recv(a->control, &m), alive;

	(void)loop;
	(void)events;
	if (rc == -EAGAIN)
		return;
	if (!rc) {
		take_message(a, &m);
		/* An older one does not know the second question. */
		if (m.h.id == ASK_DEFINITION && a->described)
			attach_living(a);
		return;
	}
	/* It ended just now; its lock says whether it is gone for good. */
	if (!run_dir_lock(a->dir, &alive)) {
		collect_dead(d, a->uuid, a->dir);
		close(alive);
	} else {
		log_line(LOG_ERR, "attach: uuid=%s what=lost errno=%d",
		    a->uuid, -rc);
	}
	attach_free(a);
}

/* It lives, but cannot be talked to (yet): it can be seen, and destroyed. */
static void
attach_silent(struct attach *a)
{
	struct ctl_msg note;
	struct domain *dom = domain_for_run(a, &note);
	uint64_t pid = 0, start = 0, since = 0;
	struct err e = { 0 };
	int pidfd = -1;

	if (!dom) {
		attach_free(a);
		return;
	}
	take_note(a->d, dom, &note, &a->answer);
	dom->state = DOMAIN_RUNNING;
	(void)seen_read(a->dir, &since, &dom->state);
	snprintf(dom->reason, sizeof(dom->reason), "unresponsive");
	(void)ctl_get_u64(&note, "pid", &pid);
	(void)ctl_get_u64(&note, "pid_start", &start);
	if (pid > 1 && pid < INT32_MAX && start &&
	    note_process_start((pid_t)pid) == start)
		pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	log_line(LOG_WARN, "attach: vm=%s uuid=%s what=unresponsive pid=%d",
	    dom->name, a->uuid, pidfd >= 0 ? (int)pid : 0);
	if (monitor_attach(a->d, dom, a->control, pidfd >= 0 ? (pid_t)pid : 0,
	    pidfd, since, false, &e))
		log_line(LOG_ERR, "attach: vm=%s error=\"%s\"", dom->name,
		    e.msg);
	a->control = -1;
	attach_free(a);
}

static int
send_questions(int control)
{
	struct ctl_msg m;
	int on = 1, rc;

	/* Its pid as we see it, whatever it is in its own namespace. */
	if (setsockopt(control, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)))
		return -errno;
	ctl_msg_init(&m, CTL_DESCRIBE, ASK_DESCRIBE);
	rc = ctl_send(control, &m);
	if (rc)
		return rc;
	ctl_msg_init(&m, CTL_DEFINITION, ASK_DEFINITION);
	return ctl_send(control, &m);
}

static void
ask(struct daemon *d, const char *uuid, int dir, int control)
{
	struct attach *a = calloc(1, sizeof(*a));

	if (!a) {
		close(dir);
		if (control >= 0)
			close(control);
		return;
	}
	a->d = d;
	a->dir = dir;
	a->control = control;
	snprintf(a->uuid, sizeof(a->uuid), "%s", uuid);
	ctl_msg_init(&a->answer, CTL_OK, 0);
	ctl_msg_init(&a->note, CTL_OK, 0);
	TAILQ_INSERT_TAIL(&d->attaching, a, link);
	ev_io_init(&a->io, on_answer, control, EV_READ);
	if (control >= 0 && !send_questions(control))
		ev_io_start(d->loop, &a->io);
	else
		attach_silent(a);
}

/* ---- the dead --------------- */

/* A monitor that ended while no daemon was there to see it. */
static void
collect_dead(struct daemon *d, const char *uuid, int dir_fd)
{
	struct domain *dom = domain_find(d, uuid, NULL);
	struct ctl_msg note;
	struct domain_def *def = note_from_files(dir_fd, &note);

	if (def)
		serials_sweep(d, def, &note);
	if (!dom && def) {
		dom = domain_new(d, def, false);
		if (dom)
			def = NULL;
	}
	domain_def_free(def);
	if (!dom) {
		run_dir_remove(d, uuid);
		return;
	}
	dom->state = DOMAIN_RUNNING;
	exit_of_dead(d, dom, dir_fd, &dom->exit);
	power_resume_dead(dom, dir_fd);
	domain_run_over(d, dom);
}

static void
attach_one(struct daemon *d, const char *uuid)
{
	int alive, control, dir = run_dir_open(d, uuid, false), rc;

	if (dir < 0)
		return;
	/* Nobody but a living monitor can answer there, whatever its files. */
	rc = dir_connect(dir, "control", SOCK_SEQPACKET, &control);
	if (!rc) {
		ask(d, uuid, dir, control);
		return;
	}
	rc = run_dir_lock(dir, &alive);
	if (rc == -EBUSY) {
		ask(d, uuid, dir, -1);
		return;
	}
	if (!rc) {
		collect_dead(d, uuid, dir);
		close(alive);
	} else {
		log_line(LOG_ERR, "attach: uuid=%s what=lock errno=%d", uuid,
		    -rc);
	}
	close(dir);
}

static void
on_late(struct ev_loop *loop, ev_timer *w, int events)
{
	struct daemon *d = container_of(w, struct daemon, attach_timer);
	struct attach *a, *next;

	(void)loop;
	(void)events;
	for (a = TAILQ_FIRST(&d->attaching); a; a = next) {
		next = TAILQ_NEXT(a, link);
		if (a->described)
			attach_living(a);
		else
			attach_silent(a);
	}
}

void
attach_all(struct daemon *d)
{
	DIR *stream = opendir(d->opt.run_dir);
	struct dirent *entry;

	TAILQ_INIT(&d->attaching);
	ev_timer_init(&d->attach_timer, on_late, ANSWER_SECONDS, 0);
	d->attach_open = true;
	while (stream && (entry = readdir(stream)) != NULL)
		if (vm_uuid_ok(entry->d_name))
			attach_one(d, entry->d_name);
	if (stream)
		closedir(stream);
	d->attach_open = false;
	if (TAILQ_EMPTY(&d->attaching))
		attach_over(d);
	else
		ev_timer_start(d->loop, &d->attach_timer);
}

void
attach_over(struct daemon *d)
{
	if (d->attach_open || d->serving)
		return;
	ev_timer_stop(d->loop, &d->attach_timer);
	daemon_serve(d);
}

void
attach_stop(struct daemon *d)
{
	d->attach_open = true;
	while (!TAILQ_EMPTY(&d->attaching))
		attach_free(TAILQ_FIRST(&d->attaching));
}
