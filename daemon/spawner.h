/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spawner: a small process that trivisord forks before it does anything
 * else.  It alone opens what clients name and starts other programs, so that
 * the daemon can give those rights up.
 *
 *	spawn.c		our side: requests and their answers
 *	spawner.c	the process: its loop, the helpers that open files
 *	birth.c		a new monitor: namespaces, user, descriptors, exec
 *	files.c		what a helper does
 *	spawn_wire.h	the packets between the two
 *
 * Every request is asynchronous.  A file is opened by a short-lived helper
 * with the rights of the client and a time limit: a file system that hangs
 * holds up nobody but its own request.  The spawner ends with the daemon;
 * monitors do not mind, but for those of a private daemon.
 */
#ifndef TRIVISOR_DAEMON_SPAWNER_H
#define TRIVISOR_DAEMON_SPAWNER_H

#include <ev.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/sandbox.h"

#define MAX_GROUPS 64
#define SPAWN_MAX_FDS 8

struct spawner;
struct spawn_job;

/* Whose rights count when a file is opened for a client. */
struct client_ids {
	uid_t uid;
	gid_t gid;
	gid_t groups[MAX_GROUPS];
	int n_groups;
};

struct spawner_options {
	unsigned open_ms;	/* limit for a file; 0: 10 s */
	const char *vm_user;	/* monitors of a root daemon; NULL: trivisor-vm */
};

/* A process of ours has ended; status as of waitpid(). */
typedef void spawner_exit_fn(void *ctx, pid_t pid, int status);
/* The spawner itself has gone; nothing can be started any more. */
typedef void spawner_gone_fn(void *ctx);

/* Fork it.  Before the first thread, loop, socket or file of ours. */
MUST_USE int spawner_start(struct spawner **out,
    const struct spawner_options *o, struct err *e);
void spawner_watch(struct spawner *s, struct ev_loop *loop,
    spawner_exit_fn *on_exit, spawner_gone_fn *on_gone, void *ctx);
/* Outstanding requests are dropped; waits for its end.  NULL is fine. */
void spawner_stop(struct spawner *s);
pid_t spawner_pid(const struct spawner *s);

/*
 * The answer to a request, always from the loop, never from within the call
 * that asks.  Descriptors (-1 none) are the callee's.  e->code is 0 on
 * success.
 */
struct file_result {
	int fd;
	int slave;		/* of FILE_PTY, fd is its master */
	char name[64];
};

typedef void spawn_file_fn(void *ctx, const struct file_result *f,
    const struct err *e);

/* What to open and as what. */
enum file_kind {
	FILE_INPUT,		/* a regular file, to read */
	FILE_TRUNCATE,		/* to write and, if that may be, to read */
	FILE_APPEND,		/* the same, not emptied */
	FILE_FRESH,		/* added to; never one that was there before */
	FILE_LISTEN,		/* a unix stream socket; a stale one gives way */
	FILE_CONNECT,		/* a connection to such a socket */
	FILE_REMOVE_SOCKET,	/* such a socket goes away again; no fd */
	FILE_PTY,		/* a raw pseudo terminal; path is not used */
	FILE_DEVICE,		/* a character device, to read and write */
	/* For domain.check: no fd, nothing is changed. */
	FILE_LOOK_INITRD,	/* name: what is wrong with it, "" nothing */
	FILE_MAY_WRITE, FILE_MAY_LISTEN,
	FILE_KINDS
};

struct file_request {
	enum file_kind kind;
	const struct client_ids *ids;	/* borrowed, as all here */
	const char *object;		/* "kernel", for messages */
	const char *path;		/* absolute */
};

/* NULL only when there is no memory. */
struct spawn_job *spawner_file(struct spawner *s, const struct file_request *r,
    spawn_file_fn *fn, void *ctx);

struct spawn_request {
	const char *program;
	const char *const *argv;	/* NULL at its end; no argv[0] */
	/*
	 * The child's 1, 2, 3, 4 ...; 0 is /dev/null.  --root-fd N follows
	 * argv where there is a root to enter.
	 */
	int fds[SPAWN_MAX_FDS];
	unsigned n_fds;
	int cgroup_fd;			/* start in it; -1 none */
	bool with_daemon;		/* dies with it, however that dies */
	bool host_pids;			/* no pid namespace: perf looks in */
	const char *host_without;	/* layers to do without; NULL none */
};

struct spawn_answer {
	pid_t pid;
	int pidfd;			/* the callee's; -1: this host has none */
	struct sandbox_state seal;	/* the spawner's layers */
};

/* pid is 0 and e->code is set when it could not be started. */
typedef void spawn_fn(void *ctx, const struct spawn_answer *a,
    const struct err *e);

struct spawn_job *spawner_spawn(struct spawner *s,
    const struct spawn_request *r, spawn_fn *fn, void *ctx);
/* Kill what we spawned: where there is no pidfd.  No answer. */
void spawner_kill(struct spawner *s, pid_t pid);
/*
 * fn will not be called; a file is closed, a process killed.  Not for a job
 * that has answered; NULL is fine.
 */
void spawner_cancel(struct spawn_job *job);

#endif
