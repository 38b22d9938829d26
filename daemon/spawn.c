/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's side of the spawner: requests that wait for their answers.  A
 * packet that does not fit into the socket waits here and goes out in order.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/spawn_wire.h"

struct spawn_job {
	TAILQ_ENTRY(spawn_job) link;
	struct spawner *s;
	uint64_t id;
	enum wire_op op;
	/* One of them; both NULL: nobody waits for the answer. */
	spawn_file_fn *file_fn;
	spawn_fn *spawn_fn;
	void *ctx;
	uid_t uid;			/* for the hint */
	enum file_kind kind;
	char object[64];
	char *path;			/* owned; the file or the program */
	/* Not sent yet: owned. */
	void *packet;
	size_t len;
	int fds[SPAWN_MAX_FDS + 1];
	unsigned n_fds;
};

TAILQ_HEAD(job_list, spawn_job);

struct spawner {
	pid_t pid;
	int sock;
	struct ev_loop *loop;
	ev_io read_io, write_io;
	struct job_list queued, sent;
	uint64_t last_id;
	spawner_exit_fn *on_exit;
	spawner_gone_fn *on_gone;
	void *ctx;
};

/* ---- packets --------------- */

union wire_control {
	char buf[CMSG_SPACE((SPAWN_MAX_FDS + 1) * sizeof(int))];
	struct cmsghdr align;
};

int
wire_send(int sock, const void *packet, size_t len, const int *fds,
    unsigned n_fds, int flags)
{
	union wire_control control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)packet,
		.iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	BUG_ON(n_fds > SPAWN_MAX_FDS + 1);
	if (n_fds) {
		struct cmsghdr *h;

		mh.msg_control = control.buf;
		mh.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		h = CMSG_FIRSTHDR(&mh);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(h), fds, n_fds * sizeof(int));
	}
	do {
		n = sendmsg(sock, &mh, flags | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

ssize_t
wire_recv(int sock, void *packet, size_t size, int *fds, unsigned *n_fds,
    int flags)
{
	union wire_control control;
	struct iovec iov = { .iov_base = packet, .iov_len = size };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	struct cmsghdr *h;
	ssize_t n;

	*n_fds = 0;
	do {
		n = recvmsg(sock, &mh, flags | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (h = CMSG_FIRSTHDR(&mh); h; h = CMSG_NXTHDR(&mh, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		*n_fds = (unsigned)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(h), *n_fds * sizeof(int));
	}
	return n;
}

/* ---- jobs --------------- */

static void
close_fds(int *fds, unsigned *n)
{
	while (*n)
		close(fds[--*n]);
}

static void
job_free(struct spawn_job *j)
{
	close_fds(j->fds, &j->n_fds);
	free(j->packet);
	free(j->path);
	free(j);
}

static struct spawn_job *
job_new(struct spawner *s, size_t len, enum wire_op op, const char *path)
{
	struct spawn_job *j = calloc(1, sizeof(*j));
	struct wire_header *h;

	if (!j)
		return NULL;
	j->s = s;
	j->id = ++s->last_id;
	j->op = op;
	j->packet = calloc(1, len);
	j->len = len;
	j->path = strdup(path);
	if (!j->packet || !j->path) {
		job_free(j);
		return NULL;
	}
	h = j->packet;
	h->op = op;
	h->id = j->id;
	return j;
}

/* Send what can be sent; a lost spawner is noticed when it is read from. */
static void
flush(struct spawner *s)
{
	struct spawn_job *j;

	while ((j = TAILQ_FIRST(&s->queued)) != NULL) {
		if (wire_send(s->sock, j->packet, j->len, j->fds, j->n_fds,
		    MSG_DONTWAIT))
			break;
		TAILQ_REMOVE(&s->queued, j, link);
		free(j->packet);
		j->packet = NULL;
		close_fds(j->fds, &j->n_fds);
		if (j->op == WIRE_KILL)
			job_free(j);
		else
			TAILQ_INSERT_TAIL(&s->sent, j, link);
	}
	if (!s->loop)
		return;
	if (TAILQ_EMPTY(&s->queued))
		ev_io_stop(s->loop, &s->write_io);
	else
		ev_io_start(s->loop, &s->write_io);
}

static struct spawn_job *
submit(struct spawn_job *j)
{
	struct spawner *s = j->s;

	TAILQ_INSERT_TAIL(&s->queued, j, link);
	flush(s);
	return j;
}

struct spawn_job *
spawner_file(struct spawner *s, const struct file_request *r,
    spawn_file_fn *fn, void *ctx)
{
	struct spawn_job *j = job_new(s, sizeof(struct wire_file), WIRE_FILE,
	    r->path);
	struct wire_file *w;

	if (!j)
		return NULL;
	w = j->packet;
	w->kind = r->kind;
	w->ids = *r->ids;
	/* One that is too long is refused as such: it has no end. */
	memset(w->path, 'x', sizeof(w->path));
	memcpy(w->path, r->path, MIN(strlen(r->path) + 1, sizeof(w->path)));
	j->kind = r->kind;
	j->uid = r->ids->uid;
	snprintf(j->object, sizeof(j->object), "%s", r->object);
	j->file_fn = fn;
	j->ctx = ctx;
	return submit(j);
}

static bool
put_args(struct wire_spawn *w, const char *const *argv)
{
	size_t at = 0;

	for (; *argv; argv++) {
		size_t n = strlen(*argv) + 1;

		if (n >= sizeof(w->args) - at)
			return false;
		memcpy(w->args + at, *argv, n);
		at += n;
	}
	return true;
}

static bool
put_fds(struct spawn_job *j, const struct spawn_request *r)
{
	unsigned i;

	for (i = 0; i < r->n_fds + (r->cgroup_fd >= 0); i++) {
		int fd = i < r->n_fds ? r->fds[i] : r->cgroup_fd;

		fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return false;
		j->fds[j->n_fds++] = fd;
	}
	return true;
}

struct spawn_job *
spawner_spawn(struct spawner *s, const struct spawn_request *r, spawn_fn *fn,
    void *ctx)
{
	struct spawn_job *j = job_new(s, sizeof(struct wire_spawn),
	    WIRE_SPAWN, r->program);
	struct wire_spawn *w;

	if (!j)
		return NULL;
	w = j->packet;
	w->n_fds = r->n_fds;
	w->has_cgroup = r->cgroup_fd >= 0;
	w->with_daemon = r->with_daemon;
	w->host_pids = r->host_pids;
	snprintf(w->host_without, sizeof(w->host_without), "%s",
	    r->host_without ? r->host_without : "");
	snprintf(w->program, sizeof(w->program), "%s", r->program);
	if (!put_args(w, r->argv) || !put_fds(j, r)) {
		job_free(j);
		return NULL;
	}
	j->spawn_fn = fn;
	j->ctx = ctx;
	return submit(j);
}

void
spawner_kill(struct spawner *s, pid_t pid)
{
	struct spawn_job *j = job_new(s, sizeof(struct wire_kill), WIRE_KILL,
	    "");

	if (!j)
		return;
	((struct wire_kill *)j->packet)->pid = pid;
	submit(j);
}

void
spawner_cancel(struct spawn_job *j)
{
	if (!j)
		return;
	j->file_fn = NULL;
	j->spawn_fn = NULL;
	if (!j->packet)
		return;
	/* Nobody has seen it yet. */
	TAILQ_REMOVE(&j->s->queued, j, link);
	job_free(j);
}

/* ---- answers --------------- */

static void
explain_file(const struct spawn_job *j, const struct wire_answer *a,
    struct err *e)
{
	int sys = -a->rc;

	if (j->kind == FILE_PTY) {
		err_set_sys(e, sys, "%s: cannot have a pseudo terminal",
		    j->object);
		err_hint(e, "is devpts mounted at /dev/pts, and below its "
		    "limit?");
		return;
	}
	if (j->path[0] != '/') {
		err_set(e, ERR_INVALID_ARG, "%s \"%.256s\": not an absolute "
		    "path", j->object, j->path);
		err_hint(e, "write the whole path, beginning with /");
		return;
	}
	if (a->problem != PROBLEM_ERRNO) {
		err_set(e, ERR_INVALID_ARG, "%s \"%.256s\": %s", j->object,
		    j->path, a->problem == PROBLEM_DIRECTORY ?
		    "is a directory" : "is not a regular file");
		err_hint(e, "name the file itself");
		return;
	}
	err_set_sys(e, sys, "%s \"%.256s\": cannot %s", j->object, j->path,
	    j->kind == FILE_LISTEN || j->kind == FILE_MAY_LISTEN ?
	    "listen there" :
	    j->kind == FILE_CONNECT ? "connect" : "open");
	err_path(e, j->path);
	if (sys == ENOENT)
		err_hint(e, "check the path; is the file there?");
	else if (sys == EACCES || sys == EPERM)
		err_hint(e, "user %u must be allowed to use it and to pass "
		    "the directories above it", (unsigned)j->uid);
	else if (sys == EADDRINUSE)
		err_hint(e, "remove the file or choose another name");
	else if (sys == ETIMEDOUT)
		err_hint(e, "does the file system it is on answer?");
}

static void
explain_spawn(const struct spawn_job *j, const struct wire_answer *a,
    struct err *e)
{
	err_set_sys(e, -a->rc, "cannot run the monitor \"%.256s\"%s%s",
	    j->path, a->what[0] ? ": " : "", a->what);
	if (!strcmp(a->what, "program") || !strcmp(a->what, "exec"))
		err_hint(e, "is it installed beside trivisord? --monitor "
		    "names it");
}

/* Ends the job. */
static void
answer_file(struct spawn_job *j, const struct wire_answer *a, int *fds,
    unsigned n_fds)
{
	struct file_result f = { .fd = n_fds ? fds[0] : -1,
		.slave = n_fds > 1 ? fds[1] : -1 };
	struct err e = { 0 };

	memcpy(f.name, a->what, sizeof(f.name));

	if (a->rc)
		explain_file(j, a, &e);
	if (j->file_fn)
		j->file_fn(j->ctx, &f, &e);
	else
		close_fds(fds, &n_fds);
	job_free(j);
}

static void
answer_spawn(struct spawn_job *j, const struct wire_answer *a, int fd)
{
	struct spawn_answer s = { .pid = a->rc ? 0 : a->pid, .pidfd = fd };
	struct err e = { 0 };

	if (a->rc)
		explain_spawn(j, a, &e);
	sandbox_take(&s.seal, a->seal);
	if (j->spawn_fn) {
		j->spawn_fn(j->ctx, &s, &e);
	} else {
		if (s.pid)
			spawner_kill(j->s, s.pid);
		if (fd >= 0)
			close(fd);
	}
	job_free(j);
}

static struct spawn_job *
find_sent(struct spawner *s, uint64_t id)
{
	struct spawn_job *j;

	TAILQ_FOREACH(j, &s->sent, link)
		if (j->id == id)
			break;
	return j;
}

static void
take_packet(struct spawner *s, const struct wire_answer *a, int *fds,
    unsigned n_fds)
{
	struct spawn_job *j;

	if (a->h.op == WIRE_EXIT) {
		s->on_exit(s->ctx, a->pid, a->status);
		return;
	}
	j = find_sent(s, a->h.id);
	if (!j) {
		/* Too late: it was answered for, when its time was over. */
		close_fds(fds, &n_fds);
		return;
	}
	TAILQ_REMOVE(&s->sent, j, link);
	if (j->op == WIRE_FILE)
		answer_file(j, a, fds, n_fds);
	else
		answer_spawn(j, a, n_fds ? fds[0] : -1);
}

/* Everybody who waits hears that it is over. */
static void
lost(struct spawner *s)
{
	struct wire_answer a = { .rc = -ESRCH };
	struct spawn_job *j;

	ev_io_stop(s->loop, &s->read_io);
	ev_io_stop(s->loop, &s->write_io);
	TAILQ_CONCAT(&s->sent, &s->queued, link);
	while ((j = TAILQ_FIRST(&s->sent)) != NULL) {
		TAILQ_REMOVE(&s->sent, j, link);
		if (j->op == WIRE_FILE)
			answer_file(j, &a, NULL, 0);
		else if (j->op == WIRE_SPAWN)
			answer_spawn(j, &a, -1);
		else
			job_free(j);
	}
	s->on_gone(s->ctx);
}

static void
on_read(struct ev_loop *loop, ev_io *w, int events)
{
	struct spawner *s = container_of(w, struct spawner, read_io);
	int fds[SPAWN_MAX_FDS + 1];
	struct wire_answer a;
	unsigned n_fds;
	ssize_t n;

	(void)loop;
	(void)events;
	n = wire_recv(s->sock, &a, sizeof(a), fds, &n_fds, MSG_DONTWAIT);
	if (n == -EAGAIN)
		return;
	if (n != sizeof(a)) {
		log_line(LOG_ERR, "spawner: what=lost rc=%zd", n);
		close_fds(fds, &n_fds);
		lost(s);
		return;
	}
	a.what[sizeof(a.what) - 1] = '\0';
	a.seal[sizeof(a.seal) - 1] = '\0';
	take_packet(s, &a, fds, n_fds);
}

static void
on_write(struct ev_loop *loop, ev_io *w, int events)
{
	(void)loop;
	(void)events;
	flush(container_of(w, struct spawner, write_io));
}

/* ---- start and end --------------- */

int
spawner_start(struct spawner **out, const struct spawner_options *o,
    struct err *e)
{
	struct spawner *s = calloc(1, sizeof(*s));
	int pair[2], rc;

	if (!s)
		return err_set_sys(e, ENOMEM, "spawner");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		rc = err_set_sys(e, errno, "spawner");
		free(s);
		return rc;
	}
	s->pid = fork();
	if (!s->pid) {
		close(pair[0]);
		spawner_main(pair[1], o);
	}
	rc = errno;
	close(pair[1]);
	if (s->pid < 0) {
		close(pair[0]);
		free(s);
		return err_set_sys(e, rc, "spawner: cannot fork");
	}
	s->sock = pair[0];
	TAILQ_INIT(&s->queued);
	TAILQ_INIT(&s->sent);
	*out = s;
	return 0;
}

void
spawner_watch(struct spawner *s, struct ev_loop *loop,
    spawner_exit_fn *on_exit, spawner_gone_fn *on_gone, void *ctx)
{
	s->loop = loop;
	s->on_exit = on_exit;
	s->on_gone = on_gone;
	s->ctx = ctx;
	ev_io_init(&s->read_io, on_read, s->sock, EV_READ);
	ev_io_init(&s->write_io, on_write, s->sock, EV_WRITE);
	ev_io_start(loop, &s->read_io);
	flush(s);
}

static void
free_jobs(struct job_list *list)
{
	struct spawn_job *j;

	while ((j = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, j, link);
		job_free(j);
	}
}

void
spawner_stop(struct spawner *s)
{
	if (!s)
		return;
	if (s->loop) {
		ev_io_stop(s->loop, &s->read_io);
		ev_io_stop(s->loop, &s->write_io);
	}
	close(s->sock);
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	free_jobs(&s->queued);
	free_jobs(&s->sent);
	free(s);
}

pid_t
spawner_pid(const struct spawner *s)
{
	return s->pid;
}
