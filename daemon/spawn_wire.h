/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets between the daemon and its spawner: a fork of it, so they agree on
 * every structure.  The spawner believes the daemon as far as its own rights
 * go; it checks lengths and counts all the same.
 */
#ifndef TRIVISOR_DAEMON_SPAWN_WIRE_H
#define TRIVISOR_DAEMON_SPAWN_WIRE_H

#include "daemon/spawner.h"

#define WIRE_PATH 4096
#define WIRE_ARGS 512

enum wire_op { WIRE_FILE = 1, WIRE_SPAWN, WIRE_KILL, WIRE_ANSWER, WIRE_EXIT };

struct wire_header {
	uint32_t op;
	uint64_t id;
};

struct wire_file {
	struct wire_header h;
	uint32_t kind;
	struct client_ids ids;
	char path[WIRE_PATH];
};

struct wire_spawn {
	struct wire_header h;
	uint32_t n_fds;			/* with the packet, cgroup's last */
	bool has_cgroup, with_daemon, host_pids;
	char host_without[256];
	char args[WIRE_ARGS];		/* each ended by NUL, then one more */
	char program[WIRE_PATH];
};

struct wire_kill {
	struct wire_header h;
	pid_t pid;
};

/* What is wrong with a file, beyond an errno. */
enum wire_problem { PROBLEM_ERRNO, PROBLEM_DIRECTORY, PROBLEM_NOT_REGULAR };

/* To a file: one or two; to a spawn: a pidfd; of an exit: status. */
struct wire_answer {
	struct wire_header h;
	int32_t rc;
	uint32_t problem;
	pid_t pid;
	int32_t status;
	char what[64];			/* of a birth that failed; of a pty */
	char seal[SANDBOX_TEXT_MAX];
};

union wire_any {
	struct wire_header h;
	struct wire_file file;
	struct wire_spawn spawn;
	struct wire_kill kill;
};

/* One packet and up to SPAWN_MAX_FDS + 1 descriptors. */
int wire_send(int sock, const void *packet, size_t len,
    const int *fds, unsigned n_fds, int flags);
/* Its length; 0 at the end; negative errno.  *n_fds is set, fds are ours. */
ssize_t wire_recv(int sock, void *packet, size_t size, int *fds,
    unsigned *n_fds, int flags);

/* ---- files.c: in a helper --------------- */

/* For good: this process has them from now on. */
MUST_USE int file_take_ids(const struct client_ids *ids);
/* What file_do() does for the kinds of domain.check. */
int file_look(enum file_kind kind, const char *path, struct file_result *f,
    enum wire_problem *problem);
/* 0 or negative errno and *problem. */
MUST_USE int file_do(enum file_kind kind, const char *path,
    struct file_result *f, enum wire_problem *problem);

/* ---- birth.c: in the spawner --------------- */

/* What this host lets us have. */
struct birth_host {
	uid_t vm_uid;		/* monitors' own; ours when there is none */
	gid_t vm_gid;
	bool has_vm_user;
	char vm_user[32];
	bool probed;
	uint64_t flags;		/* of clone, that work together */
	bool no_clone3;
	bool no_pidfd;
	int why[SANDBOX_LAYERS];	/* errno of a layer that is not there */
};

void birth_host_init(struct birth_host *h, const char *vm_user);

struct birth {
	uint64_t id;		/* of the request */
	pid_t pid;
	int pidfd;		/* -1 none */
	int notes_fd;		/* what the child says; it ends with exec */
	int failed;		/* errno, 0 none, of .. */
	char what[64];
	struct sandbox_state seal;
};

/* Clone; on success the child is on its way to exec. */
MUST_USE int birth_begin(struct birth *b, struct birth_host *h,
    const struct wire_spawn *w, const int *fds);
/* Its notes can be read: true when there will be no more. */
bool birth_notes(struct birth *b);

/* ---- spawner.c --------------- */

_Noreturn void spawner_main(int sock, const struct spawner_options *o);

#endif
