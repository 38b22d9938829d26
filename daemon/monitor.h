/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A living monitor, between monitor.c (its life), start.c (its birth) and
 * ask.c (what it is asked).
 */
#ifndef TRIVISOR_DAEMON_MONITOR_H
#define TRIVISOR_DAEMON_MONITOR_H

#include "daemon/daemon.h"

/* It must have said READY by then; reading a large initrd takes a while. */
#define START_SECONDS 60.0

struct pending {
	TAILQ_ENTRY(pending) link;
	struct monitor *m;
	uint64_t id;
	struct call *call;		/* owned; NULL: fn is told */
	ask_fn *fn;
	void *ctx;			/* borrowed */
	ev_timer timer;
};

struct waiter {
	STAILQ_ENTRY(waiter) link;
	struct call *call;		/* owned */
};

struct monitor {
	struct daemon *d;
	struct domain *dom;
	pid_t pid;
	bool is_child;			/* of our spawner: that tells its end */
	int status;			/* as of waitpid(), -1: not ended */
	struct start *start;		/* owned; not configured yet */
	bool ready;
	bool destroying;		/* we asked for the end */
	struct sandbox_state seal;
	int pidfd, setup_fd, control_fd;
	ev_io pid_io, setup_io, control_io;
	ev_timer timer;			/* start limit, later quit limit */
	uint64_t next_id;
	struct {
		char path[VM_SERIAL_PATH];	/* "" none */
		bool is_socket;			/* to remove at the end */
	} serial[VM_MAX_SERIALS];
	struct client_ids client;	/* whose rights opened them */
	char *gdb_path;			/* owned: a socket to remove */
	struct call *start_call;	/* owned until it is answered */
	struct err start_err;		/* why it did not start; code 0 none */
	TAILQ_HEAD(, pending) pending;
	STAILQ_HEAD(, waiter) waiters;	/* for its end */
};

/* Watched through pidfd (taken over, -1: only through its connection). */
struct monitor *monitor_new(struct daemon *d, struct domain *dom, pid_t pid,
    int pidfd);
void monitor_free(struct monitor *m);
/* It is over, or never came to be. */
void monitor_gone(struct monitor *m);
void monitor_kill(struct monitor *m);
/* Wait for READY or FAILED, START_SECONDS at most. */
void monitor_watch_setup(struct monitor *m, int setup_fd);

/* ---- ask.c --------------- */

/* The answer to one of our requests, or the end of all hope for any. */
void ask_take_answer(struct monitor *m, struct ctl_msg *answer);
void ask_fail_all(struct monitor *m, const struct err *e);
/* A message of the monitor as JSON, with the domain's name and uuid. */
struct json_object *ask_json(const struct monitor *m,
    const struct ctl_msg *msg);
int ask_not_running(const struct domain *dom, struct err *e);

#endif
