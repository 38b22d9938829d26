/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spawner's own process: one socket to the daemon, one signalfd for its
 * children, and for each birth a pipe of notes.  It never waits for anything
 * but these.
 *
 * A helper opens one file and answers the daemon itself.  One that does not
 * in time is killed and answered for; it may be stuck in the kernel for long,
 * and is then waited for without anybody noticing.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <grp.h>
#include <linux/close_range.h>

#include "base/clock.h"
#include "daemon/spawn_wire.h"

#define MAX_HELPERS 128
#define MAX_HELPERS_PER_UID 32
#define MAX_BIRTHS 32
#define OPEN_MS 10000

struct helper {
	pid_t pid;			/* 0: free */
	uint64_t id;
	uid_t uid;
	ns_t deadline;
	bool answered;			/* by us, when it was late */
};

/* One that dies with the daemon, and the cgroup that nobody else removes. */
struct bound {
	TAILQ_ENTRY(bound) link;
	pid_t pid;
	char cgroup[WIRE_PATH];
};

struct process {
	TAILQ_HEAD(, bound) bound;
	int sock, signals;
	ns_t limit;
	struct birth_host host;
	struct helper helper[MAX_HELPERS];
	struct birth birth[MAX_BIRTHS];	/* pid 0: free */
};

static const int no_fds[2] = { -1, -1 };

static void
answer(const struct process *p, uint64_t id, int rc, const int fds[2],
    struct wire_answer *a)
{
	unsigned n_fds = rc || fds[0] < 0 ? 0 : fds[1] < 0 ? 1 : 2;

	a->h = (struct wire_header){ .op = WIRE_ANSWER, .id = id };
	a->rc = rc;
	/* When nobody is there any more, poll() will say so. */
	wire_send(p->sock, a, sizeof(*a), fds, n_fds, 0);
}

static void
answer_rc(const struct process *p, uint64_t id, int rc)
{
	struct wire_answer a = { 0 };

	answer(p, id, rc, no_fds, &a);
}

/* ---- files --------------- */

_Noreturn static void
help(const struct process *p, const struct wire_file *w)
{
	enum wire_problem problem = PROBLEM_ERRNO;
	struct wire_answer a = { 0 };
	struct file_result f = { .fd = -1, .slave = -1 };
	sigset_t none;
	int rc;

	close(p->signals);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	rc = file_take_ids(&w->ids);
	if (!rc)
		rc = file_do(w->kind, w->path, &f, &problem);
	a.problem = problem;
	memcpy(a.what, f.name, sizeof(a.what));
	answer(p, w->h.id, rc, (int[]){ f.fd, f.slave }, &a);
	_exit(0);
}

/* A free place, unless there are too many, of this user or of all. */
static struct helper *
place_for(struct process *p, uid_t uid)
{
	struct helper *place = NULL;
	unsigned i, of_uid = 0;

	for (i = 0; i < MAX_HELPERS; i++) {
		struct helper *h = &p->helper[i];

		if (!h->pid)
			place = h;
		else if (h->uid == uid)
			of_uid++;
	}
	return of_uid < MAX_HELPERS_PER_UID ? place : NULL;
}

static void
start_helper(struct process *p, const struct wire_file *w)
{
	struct helper *h = place_for(p, w->ids.uid);
	pid_t pid;

	if (!h || w->kind >= FILE_KINDS) {
		answer_rc(p, w->h.id, h ? -EINVAL : -EBUSY);
		return;
	}
	pid = fork();
	if (!pid)
		help(p, w);
	if (pid < 0) {
		answer_rc(p, w->h.id, -errno);
		return;
	}
	*h = (struct helper){ .pid = pid, .id = w->h.id, .uid = w->ids.uid,
	    .deadline = clock_now(&clock_host) + p->limit };
}

/* Kill who is late; milliseconds until the next one may be, -1 for none. */
static int
look_at_deadlines(struct process *p)
{
	ns_t now = clock_now(&clock_host), next = INT64_MAX;
	unsigned i;

	for (i = 0; i < MAX_HELPERS; i++) {
		struct helper *h = &p->helper[i];

		if (!h->pid || h->answered)
			continue;
		if (h->deadline > now) {
			next = MIN(next, h->deadline);
			continue;
		}
		kill(h->pid, SIGKILL);
		h->answered = true;
		answer_rc(p, h->id, -ETIMEDOUT);
	}
	return next == INT64_MAX ? -1 : (int)((next - now) / 1000000) + 1;
}

/* ---- births --------------- */

static void
birth_over(struct process *p, struct birth *b)
{
	struct wire_answer a = { .pid = b->pid };

	close(b->notes_fd);
	memcpy(a.what, b->what, sizeof(a.what));
	if (!sandbox_put(&b->seal, a.seal, sizeof(a.seal)))
		a.seal[0] = '\0';
	answer(p, b->id, -b->failed, (int[]){ b->pidfd, -1 }, &a);
	if (b->pidfd >= 0)
		close(b->pidfd);
	b->notes_fd = -1;
	b->id = 0;
	/* One that failed ends by itself, and nobody needs to hear of it. */
	if (!b->failed)
		b->pid = 0;
}

static void
bind_to_daemon(struct process *p, pid_t pid, int cgroup_fd)
{
	struct bound *b = calloc(1, sizeof(*b));
	char link[64];

	if (!b)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", cgroup_fd);
	if (readlink(link, b->cgroup, sizeof(b->cgroup) - 1) < 0)
		b->cgroup[0] = '\0';
	b->pid = pid;
	TAILQ_INSERT_TAIL(&p->bound, b, link);
}

static void
unbind(struct process *p, pid_t pid)
{
	struct bound *b;

	TAILQ_FOREACH(b, &p->bound, link) {
		if (b->pid != pid)
			continue;
		TAILQ_REMOVE(&p->bound, b, link);
		free(b);
		return;
	}
}

/* The daemon has gone, and so do we and those. */
_Noreturn static void
end_all(struct process *p)
{
	struct bound *b;

	TAILQ_FOREACH(b, &p->bound, link)
		kill(b->pid, SIGKILL);
	TAILQ_FOREACH(b, &p->bound, link) {
		while (waitpid(b->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		rmdir(b->cgroup);
	}
	_exit(0);
}

static void
give_birth(struct process *p, const struct wire_spawn *w, const int *fds)
{
	struct wire_answer a = { 0 };
	struct birth *b = NULL;
	unsigned i;
	int rc;

	for (i = 0; i < MAX_BIRTHS; i++)
		if (!p->birth[i].pid)
			b = &p->birth[i];
	if (!b) {
		answer_rc(p, w->h.id, -EBUSY);
		return;
	}
	memset(b, 0, sizeof(*b));
	b->id = w->h.id;
	rc = birth_begin(b, &p->host, w, fds);
	if (!rc) {
		if (w->with_daemon && w->has_cgroup)
			bind_to_daemon(p, b->pid, fds[w->n_fds]);
		return;
	}
	memcpy(a.what, b->what, sizeof(a.what));
	b->pid = 0;
	answer(p, w->h.id, rc, no_fds, &a);
}

/* ---- children that end --------------- */

/* Is it one that the daemon need not hear of? */
static bool
is_ours(struct process *p, pid_t pid, int status)
{
	unsigned i;

	for (i = 0; i < MAX_HELPERS; i++) {
		struct helper *h = &p->helper[i];

		if (h->pid != pid)
			continue;
		if (!h->answered && (!WIFEXITED(status) ||
		    WEXITSTATUS(status)))
			answer_rc(p, h->id, -ECHILD);
		h->pid = 0;
		return true;
	}
	for (i = 0; i < MAX_BIRTHS; i++) {
		struct birth *b = &p->birth[i];

		if (b->pid != pid)
			continue;
		/* First what it said, then that it has gone. */
		if (b->id) {
			while (!birth_notes(b))
				continue;
			birth_over(p, b);
		}
		if (!b->failed)
			return false;
		b->pid = 0;
		return true;
	}
	return false;
}

static void
reap(struct process *p)
{
	struct signalfd_siginfo info;
	struct wire_answer a = { .h.op = WIRE_EXIT };
	int status;
	pid_t pid;

	if (read(p->signals, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		unbind(p, pid);
		if (is_ours(p, pid, status))
			continue;
		a.pid = pid;
		a.status = status;
		wire_send(p->sock, &a, sizeof(a), NULL, 0, 0);
	}
}

/* ---- the loop --------------- */

/* Only a child of ours: its number cannot have become another's. */
static void
kill_child(const struct wire_kill *w)
{
	siginfo_t si;

	if (w->pid > 1 && !waitid(P_PID, (id_t)w->pid, &si,
	    WEXITED | WNOHANG | WNOWAIT))
		kill(w->pid, SIGKILL);
}

static void
take_request(struct process *p)
{
	static union wire_any any;
	int fds[SPAWN_MAX_FDS + 1];
	unsigned n_fds;
	ssize_t n;

	n = wire_recv(p->sock, &any, sizeof(any), fds, &n_fds, 0);
	if (n <= 0)
		end_all(p);
	if (any.h.op == WIRE_FILE && n == sizeof(any.file))
		start_helper(p, &any.file);
	else if (any.h.op == WIRE_SPAWN && n == sizeof(any.spawn) &&
	    n_fds == any.spawn.n_fds + any.spawn.has_cgroup)
		give_birth(p, &any.spawn, fds);
	else if (any.h.op == WIRE_KILL && n == sizeof(any.kill))
		kill_child(&any.kill);
	while (n_fds)
		close(fds[--n_fds]);
}

static void
serve(struct process *p)
{
	struct pollfd fds[2 + MAX_BIRTHS];
	unsigned i;

	fds[0] = (struct pollfd){ .fd = p->sock, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = p->signals, .events = POLLIN };
	for (i = 0; i < MAX_BIRTHS; i++)
		fds[2 + i] = (struct pollfd){ .events = POLLIN,
		    .fd = p->birth[i].id ? p->birth[i].notes_fd : -1 };
	if (poll(fds, ARRAY_LEN(fds), look_at_deadlines(p)) < 0)
		return;
	for (i = 0; i < MAX_BIRTHS; i++)
		if (fds[2 + i].revents && birth_notes(&p->birth[i]))
			birth_over(p, &p->birth[i]);
	if (fds[1].revents)
		reap(p);
	if (fds[0].revents)
		take_request(p);
}

/* Nothing of the daemon's but the socket and the log. */
static void
close_others(struct process *p)
{
	if (p->sock != 3) {
		BUG_ON(dup3(p->sock, 3, O_CLOEXEC) < 0);
		p->sock = 3;
	}
	if (syscall(SYS_close_range, 4u, ~0u, 0))
		for (int fd = 4; fd < 1024; fd++)
			close(fd);
}

void
spawner_main(int sock, const struct spawner_options *o)
{
	struct process *p = calloc(1, sizeof(*p));
	sigset_t child;

	if (!p)
		_exit(1);
	TAILQ_INIT(&p->bound);
	p->sock = sock;
	p->limit = (ns_t)(o->open_ms ? o->open_ms : OPEN_MS) * 1000000;
	prctl(PR_SET_NAME, "trivisord-spawn");
	/* Signals for the group are the daemon's; it tells us by leaving. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	close_others(p);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &child, NULL);
	p->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (p->signals < 0)
		_exit(1);
	birth_host_init(&p->host, o->vm_user ? o->vm_user : "trivisor-vm");
	for (;;)
		serve(p);
}
