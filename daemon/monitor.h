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
	struct monitor_cpu cpu;
	int pidfd, setup_fd, control_fd;
	ev_io pid_io, setup_io, control_io;
	ev_timer timer;			/* start limit, later quit limit */
	uint64_t next_id;
	struct {
		char path[VM_SERIAL_PATH];	/* "" none */
		bool is_socket;			/* to remove at the end */
	} serial[VM_MAX_SERIALS];
	struct client_ids client;	/* whose rights opened them */
	uint64_t seen;			/* event that subscribers were told */
	int seen_fd;			/* where that is noted; -1 none */
	unsigned minor;			/* of its protocol */
	char *gdb_path;			/* owned: a socket to remove */
	struct call *start_call;	/* owned until it is answered */
	struct job *start_job;		/* the same, when nobody called */
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

/* ---- monitor_events.c --------------- */

/* CTL_EVENT: tell it, unless it was told, and what lacks before it. */
void monitor_take_event(struct monitor *m, const struct ctl_msg *msg);
/* What the next daemon need not tell again. */
void monitor_note_seen(struct monitor *m);
/* Hints for the next daemon, now that the process is known. */
void monitor_note_run(struct monitor *m);

/* ---- ending.c, crash.c --------------- */

/* Its process is gone: how, and what was lost with it. */
void exit_of_monitor(struct monitor *m, struct domain_exit *x);
/* The same of one that ended while no daemon was there. */
void exit_of_dead(struct daemon *d, struct domain *dom, int dir_fd,
    struct domain_exit *x);
/* Tell subscribers; from 0: nobody knows, to 0: nor up to where. */
void events_lost(struct domain *dom, uint64_t from, uint64_t to);
/* A report for people beside the log. */
void crash_write(struct daemon *d, struct domain *dom,
    const struct domain_exit *x, const struct ctl_msg *report);

/* ---- ask.c --------------- */

/* The answer to one of our requests, or the end of all hope for any. */
void ask_take_answer(struct monitor *m, struct ctl_msg *answer);
void ask_fail_all(struct monitor *m, const struct err *e);
/* A message of the monitor as JSON, with the domain's name and uuid. */
struct json_object *ask_json(const struct monitor *m,
    const struct ctl_msg *msg);
int ask_not_running(const struct domain *dom, struct err *e);

#endif
