/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-shot processes: the file, the process, its answer through a pipe, its
 * end.  What a file was found to be is remembered for as long as the file
 * does not change; a start then waits for nothing.
 */
#include "daemon/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"

#define LIMIT_SECONDS 15.0
#define KNOWN_FILES 32

struct inspection {
	TAILQ_ENTRY(inspection) link;
	struct daemon *d;
	char *path;			/* owned; NULL: --probe */
	uint64_t memory;
	inspect_fn *fn;
	void *ctx;
	struct spawn_job *job;
	int fd;				/* the file, or /dev/kvm; -1 none */
	struct stat st;			/* of the file */
	int out;			/* the pipe's end; -1 none */
	ev_io out_io;
	ev_timer timer;			/* its limit; or now, from the cache */
	pid_t pid;
	int pidfd;
	bool ended, eof;
	int status;
	struct ctl_msg answer;
	struct err err;
	struct kernel_facts facts;
};

/* ---- what is known already --------------- */

struct known {
	struct stat st;
	uint64_t memory;
	struct kernel_facts facts;
};

static struct known known[KNOWN_FILES];
static unsigned next_known;

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool
recall(struct inspection *i)
{
	unsigned k;

	for (k = 0; k < KNOWN_FILES; k++) {
		if (known[k].memory != i->memory ||
		    !same_file(&known[k].st, &i->st))
			continue;
		i->facts = known[k].facts;
		return true;
	}
	return false;
}

static void
remember(const struct inspection *i)
{
	known[next_known++ % KNOWN_FILES] = (struct known){ .st = i->st,
		.memory = i->memory, .facts = i->facts };
}

/* ---- the end --------------- */

static void
inspection_free(struct inspection *i)
{
	struct ev_loop *loop = i->d->loop;

	TAILQ_REMOVE(&i->d->inspections, i, link);
	ev_timer_stop(loop, &i->timer);
	ev_io_stop(loop, &i->out_io);
	spawner_cancel(i->job);
	if (i->fd >= 0)
		close(i->fd);
	if (i->out >= 0)
		close(i->out);
	if (i->pidfd >= 0)
		close(i->pidfd);
	free(i->path);
	free(i);
}

static void
end(struct inspection *i)
{
	inspect_fn *fn = i->fn;

	if (fn)
		fn(i->ctx, &i->facts, &i->err);
	inspection_free(i);
}

static bool
read_facts(struct inspection *i)
{
	static const struct {
		const char *name;
		enum guest_kind kind;
	} kinds[] = {
		{ "bzImage", GUEST_BZIMAGE }, { "PVH ELF", GUEST_PVH },
		{ "multiboot", GUEST_MULTIBOOT },
	};
	struct kernel_facts *f = &i->facts;
	char text[32];
	uint64_t v;
	size_t k;

	if (!ctl_get(&i->answer, "kind", f->kind, sizeof(f->kind)) ||
	    !ctl_get_u64(&i->answer, "memory", &f->memory) ||
	    !ctl_get_u64(&i->answer, "bits", &v))
		return false;
	f->bits = (unsigned)v;
	for (k = 0; k < ARRAY_LEN(kinds); k++)
		if (!strcmp(kinds[k].name, f->kind))
			f->caps.kind = kinds[k].kind;
	if (ctl_get(&i->answer, "entry", text, sizeof(text)))
		f->entry = strtoull(text, NULL, 16);
	f->caps.vmi = ctl_get(&i->answer, "vmi", text, sizeof(text)) &&
	    !strcmp(text, "yes");
	return true;
}

/* It has ended and said all: what is it? */
static void
conclude(struct inspection *i)
{
	char text[16];

	if (i->err.code) {
		/* It had its time. */
	} else if (WIFSIGNALED(i->status)) {
		err_set(&i->err, ERR_OPERATION_FAILED, "kernel \"%.256s\": "
		    "looking at it ended with signal %d", i->path,
		    WTERMSIG(i->status));
		err_hint(&i->err, "it is broken, or made to do harm");
	} else if (ctl_get(&i->answer, "code", text, sizeof(text))) {
		ctl_get_err(&i->answer, &i->err);
		err_path(&i->err, i->path);
	} else if (i->status || !read_facts(i)) {
		err_set(&i->err, ERR_OPERATION_FAILED, "kernel \"%.256s\": "
		    "nothing came of looking at it (exit status %d)", i->path,
		    WEXITSTATUS(i->status));
	} else {
		remember(i);
	}
	end(i);
}

static void
conclude_host(struct inspection *i)
{
	struct host_caps *caps = &i->d->caps;
	uint64_t v;

	if (ctl_get_u64(&i->answer, "hvm_built", &v))
		caps->hvm_built = v;
	if (ctl_get_u64(&i->answer, "pv_built", &v))
		caps->pv_built = v;
	if (i->fd >= 0 && !ctl_get_u64(&i->answer, "kvm_api", &v)) {
		caps->kvm = KVM_BROKEN;
		snprintf(caps->kvm_why, sizeof(caps->kvm_why),
		    "its probe said nothing");
	} else if (i->fd >= 0 && v != 12) {
		caps->kvm = KVM_BROKEN;
		snprintf(caps->kvm_why, sizeof(caps->kvm_why),
		    "it speaks version %d of its interface", (int)v);
	}
	log_line(LOG_INFO, "probe: what=host status=%d kvm=%d bytes=%zu",
	    i->status, (int)caps->kvm, i->answer.len);
	inspection_free(i);
}

static void
maybe_conclude(struct inspection *i)
{
	if (!i->ended || !i->eof)
		return;
	if (i->path)
		conclude(i);
	else
		conclude_host(i);
}

/* ---- the process --------------- */

bool
inspect_child_exit(struct daemon *d, pid_t pid, int status)
{
	struct inspection *i;

	TAILQ_FOREACH(i, &d->inspections, link) {
		if (i->pid != pid)
			continue;
		i->ended = true;
		i->status = status;
		maybe_conclude(i);
		return true;
	}
	return false;
}

static void
on_out(struct ev_loop *loop, ev_io *w, int events)
{
	struct inspection *i = container_of(w, struct inspection, out_io);
	struct ctl_msg *a = &i->answer;
	ssize_t n = read(i->out, a->body + a->len, CTL_MAX - 1 - a->len);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		a->len += (size_t)n;
		a->body[a->len] = '\0';
		return;
	}
	ev_io_stop(loop, w);
	i->eof = true;
	maybe_conclude(i);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct inspection *i = container_of(w, struct inspection, timer);

	(void)loop;
	(void)events;
	/* Known already, or no process to wait for. */
	if (!i->job && !i->pid) {
		end(i);
		return;
	}
	err_set(&i->err, ERR_OPERATION_TIMEOUT, "%s \"%.256s\": looking at it "
	    "took more than %d s", i->path ? "kernel" : "host",
	    i->path ? i->path : "", (int)LIMIT_SECONDS);
	if (i->pid)
		spawner_kill(i->d->spawner, i->pid);
}

/* Not before the loop has had its turn. */
static void
end_soon(struct inspection *i)
{
	ev_timer_stop(i->d->loop, &i->timer);
	ev_timer_set(&i->timer, 0, 0);
	ev_timer_start(i->d->loop, &i->timer);
}

static void
on_spawned(void *ctx, const struct spawn_answer *a, const struct err *e)
{
	struct inspection *i = ctx;

	i->job = NULL;
	if (e->code) {
		i->err = *e;
		end_soon(i);
		return;
	}
	i->pid = a->pid;
	i->pidfd = a->pidfd;
	ev_io_start(i->d->loop, &i->out_io);
}

static void
run(struct inspection *i)
{
	char memory[24], name[256];
	const char *of_kernel[] = { "--inspect", "--image-fd", "3",
		"--memory", memory, "--name", name, NULL };
	const char *of_host[] = { "--probe", i->fd >= 0 ? "--kvm-fd" : NULL,
		"3", NULL };
	struct spawn_request r = { .program = i->d->opt.monitor,
		.argv = i->path ? of_kernel : of_host, .cgroup_fd = -1,
		.with_daemon = true };
	int pair[2] = { -1, -1 }, null = open("/dev/null", O_WRONLY |
	    O_CLOEXEC);

	snprintf(memory, sizeof(memory), "%llu",
	    (unsigned long long)i->memory);
	snprintf(name, sizeof(name), "%.255s", i->path ? i->path : "");
	if (null >= 0 && !pipe2(pair, O_CLOEXEC | O_NONBLOCK)) {
		r.fds[r.n_fds++] = pair[1];
		r.fds[r.n_fds++] = null;
		if (i->fd >= 0)
			r.fds[r.n_fds++] = i->fd;
		i->job = spawner_spawn(i->d->spawner, &r, on_spawned, i);
	}
	i->out = pair[0];
	if (pair[1] >= 0)
		close(pair[1]);
	if (null >= 0)
		close(null);
	if (i->job) {
		ev_io_init(&i->out_io, on_out, i->out, EV_READ);
		return;
	}
	err_set_sys(&i->err, errno ? errno : ENOMEM, "looking at \"%.256s\"",
	    i->path ? i->path : "the host");
	end_soon(i);
}

/* ---- the file --------------- */

static struct inspection *
inspection_new(struct daemon *d, const char *path)
{
	struct inspection *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	i->path = path ? strdup(path) : NULL;
	if (path && !i->path) {
		free(i);
		return NULL;
	}
	i->d = d;
	i->fd = i->out = i->pidfd = -1;
	ctl_msg_init(&i->answer, CTL_OK, 0);
	ev_init(&i->out_io, on_out);
	ev_timer_init(&i->timer, on_timer, LIMIT_SECONDS, 0);
	ev_timer_start(d->loop, &i->timer);
	TAILQ_INSERT_TAIL(&d->inspections, i, link);
	return i;
}

static void
have_file(struct inspection *i)
{
	if (!fstat(i->fd, &i->st) && recall(i))
		end_soon(i);
	else
		run(i);
}

static void
on_file(void *ctx, const struct file_result *f, const struct err *e)
{
	struct inspection *i = ctx;

	i->job = NULL;
	i->fd = f->fd;
	i->err = *e;
	if (e->code)
		end_soon(i);
	else
		have_file(i);
}

struct inspection *
inspect_kernel(struct daemon *d, const struct client_ids *ids,
    const char *path, uint64_t memory, inspect_fn *fn, void *ctx)
{
	struct file_request r = { .kind = FILE_INPUT, .ids = ids,
		.object = "kernel", .path = path };
	struct inspection *i = inspection_new(d, path);

	if (!i)
		return NULL;
	i->memory = memory;
	i->fn = fn;
	i->ctx = ctx;
	i->job = spawner_file(d->spawner, &r, on_file, i);
	if (i->job)
		return i;
	inspection_free(i);
	return NULL;
}

struct inspection *
inspect_kernel_fd(struct daemon *d, int fd, const char *path, uint64_t memory,
    inspect_fn *fn, void *ctx)
{
	struct inspection *i = inspection_new(d, path);

	if (!i)
		return NULL;
	i->memory = memory;
	i->fn = fn;
	i->ctx = ctx;
	i->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	have_file(i);
	return i;
}

void
inspect_cancel(struct inspection *i)
{
	if (!i)
		return;
	i->fn = NULL;
	if (i->pid)
		spawner_kill(i->d->spawner, i->pid);
	inspection_free(i);
}

void
inspect_fini(struct daemon *d)
{
	struct inspection *i;

	while ((i = TAILQ_FIRST(&d->inspections)) != NULL)
		inspection_free(i);
}

/* ---- the host --------------- */

static void
on_kvm(void *ctx, const struct file_result *f, const struct err *e)
{
	struct inspection *i = ctx;
	struct host_caps *caps = &i->d->caps;

	i->job = NULL;
	i->fd = f->fd;
	if (!e->code)
		caps->kvm = KVM_UNKNOWN;
	else if (e->sys == ENOENT)
		caps->kvm = KVM_ABSENT;
	else if (e->sys == EACCES || e->sys == EPERM)
		caps->kvm = KVM_DENIED;
	else
		caps->kvm = KVM_NO_DEVICE;
	run(i);
}

void
inspect_host(struct daemon *d)
{
	struct client_ids me = { .uid = geteuid(), .gid = getegid() };
	struct file_request r = { .kind = FILE_DEVICE, .ids = &me,
		.object = "KVM", .path = "/dev/kvm" };
	struct inspection *i = inspection_new(d, NULL);

	if (!i)
		return;
	i->job = spawner_file(d->spawner, &r, on_kvm, i);
	if (!i->job)
		inspection_free(i);
}
