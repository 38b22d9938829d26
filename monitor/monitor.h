/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop thread's side of a VM: its life as others see it, and those others.
 *
 *	main.c		start-up, the loop
 *	lifecycle.c	what becomes of requests; states, events, the report
 *	control.c	connections of daemons (vm/control.h)
 *	report.c, crash.c	what is left to know of a VM that has ended
 *	attach.c	descriptors of console viewers
 *	stats.c		counters
 *	profile.c	where vCPUs spend their time
 *	show.c		translated code for people
 *	gdb.c		the debugger's stub
 *
 * Loop thread only.
 */
#ifndef TRIVISOR_MONITOR_MONITOR_H
#define TRIVISOR_MONITOR_MONITOR_H

#include <ev.h>

#include "base/sandbox.h"
#include "monitor/machine.h"
#include "vm/control.h"
#include "vm/report.h"

#define EVENT_RING 256
#define MAX_CLIENTS 16
#define BRAKE_RESETS 3
#define BRAKE_WINDOW (60 * NS_PER_SEC)

enum run_state { RUN_RUNNING, RUN_PAUSED, RUN_SHUTOFF, RUN_CRASHED };

/* What shall become of the VM when the guest has answered the button. */
enum request_then { THEN_NOTHING, THEN_OFF, THEN_REBOOT };

struct asked {
	enum request_then then;
	uint64_t until;			/* the asker's, 0 none; wall clock */
	char job[32];			/* the asker's name for it, "" none */
};

struct event {
	uint64_t seq;			/* from 1 on */
	char what[24];
	char state[16];
	char reason[32];
	char detail[512];
};

struct event_ring {
	uint64_t last;			/* newest sequence number, 0 none */
	struct event e[EVENT_RING];	/* seq % EVENT_RING */
};

/* A daemon's connection. */
struct client {
	struct monitor *mon;		/* borrowed; NULL: free */
	int fd;				/* owned */
	ev_io io;
	bool subscribed;
	uint64_t next;			/* event to send next */
};

struct gdb;

struct monitor {
	struct ev_loop *loop;
	struct machine *m;
	int control_fd, alive_fd;	/* owned */
	ev_io listen_io, timer_io, wake_io;
	ev_signal sigterm;
	struct client client[MAX_CLIENTS];
	ev_io viewer_io[VM_MAX_SERIALS][CONSOLE_VIEWERS];
	uint64_t viewer_order[VM_MAX_SERIALS][CONSOLE_VIEWERS];
	ev_io line_io[VM_MAX_SERIALS];	/* sockets of serial ports */
	struct event_ring events;
	struct gdb *gdb;		/* owned, NULL none */
	struct sandbox_state seal;	/* what surrounds us */
	ev_timer profile_timer;		/* ends the profile */
	bool profiling;

	enum run_state state;
	char reason[32];
	char detail[512];
	bool has_code;			/* exit_code counts */
	unsigned exit_code;
	bool ended;			/* leave the loop */
	struct asked asked, answered;	/* what waits, and the one before */
	struct report report;
	bool said_halted;
	ns_t fault_reset[BRAKE_RESETS];	/* the latest, a ring */
	unsigned n_fault_resets;
};

/* --- lifecycle.c --- */

const char *run_state_name(enum run_state s);
/* Enter a state, remember why, tell the subscribers. */
void lifecycle_set(struct monitor *mon, enum run_state s, const char *what,
    const char *reason, const char *detail);
/* The machine's eventfd: requests, halts, debugger stops. */
void lifecycle_look(struct monitor *mon);
/* The end; the loop is left after this turn. */
void lifecycle_end(struct monitor *mon, enum run_state s, const char *reason,
    const char *detail);
MUST_USE int lifecycle_suspend(struct monitor *mon, struct err *e);
MUST_USE int lifecycle_resume(struct monitor *mon, struct err *e);
MUST_USE int lifecycle_reset(struct monitor *mon, struct err *e);
/* Press the power button, or with THEN_NOTHING forget what was asked. */
MUST_USE int lifecycle_shutdown(struct monitor *mon,
    const struct asked *asked, struct err *e);
const char *request_name(enum request_then then);

/* --- report.c, crash.c --- */

/* How the VM stands, into config.report_fd. */
void report_now(struct monitor *mon);
/* See to it that faults of our own leave a last word there. */
MUST_USE int crash_watch(struct monitor *mon, struct err *e);

/* --- events.c: the ring --- */

/* Returns the new event's number. */
uint64_t events_add(struct event_ring *r, const char *what, const char *state,
    const char *reason, const char *detail);
/*
 * The first event with a number of at least seq; NULL when there is none.
 * Those between the two are gone.
 */
const struct event *events_from(const struct event_ring *r, uint64_t seq);

/* --- control.c --- */

void control_start(struct monitor *mon);
void control_stop(struct monitor *mon);
/* Send subscribers what they have not had yet. */
void control_pump(struct monitor *mon);

/* Our number as the host sees it: inside a pid namespace it is another. */
int monitor_pid(const struct monitor *mon);
/* "seal.LAYER=state" for each layer that is known. */
void monitor_put_seal(const struct monitor *mon, struct ctl_msg *m);
/* "cpu.model", "cpu.set", "cpu.topology" */
void monitor_put_cpu(const struct monitor *mon, struct ctl_msg *m);

/* --- requests.c --- */

int request_definition(struct monitor *mon, const struct ctl_msg *q,
    struct ctl_msg *a, struct err *e);
int request_shutdown(struct monitor *mon, const struct ctl_msg *q,
    struct ctl_msg *a, struct err *e);
/* What CTL_DESCRIBE says of what the guest was asked to do. */
void request_describe(struct monitor *mon, struct ctl_msg *a);

/* --- stats.c --- */

/* Counters of the engines and of vCPU threads: one vCPU's or all. */
void stats_engines(struct machine *m, unsigned vcpu, engine_stat_fn *emit,
    void *ctx);
/* The answer to CTL_STATS. */
void stats_put(struct machine *m, struct ctl_msg *a);

/* --- profile.c --- */

/* Sample the vCPUs for so long; a profile that runs already goes on. */
MUST_USE int profile_start(struct monitor *mon, ns_t how_long, struct err *e);
void profile_stop(struct monitor *mon);
/* The answer to CTL_BT_STATS: of one vCPU or ALL_VCPUS. */
MUST_USE int profile_put(struct monitor *mon, unsigned vcpu, unsigned top,
    struct ctl_msg *a, struct err *e);

/* --- show.c --- */

/* The answer to CTL_DISASM. */
MUST_USE int show_translations(struct monitor *mon, uint64_t pc,
    unsigned count, struct ctl_msg *a, struct err *e);

/* --- attach.c --- */

/* A new viewer of a serial port; *fd is its end, the caller's. */
MUST_USE int attach_console(struct monitor *mon, unsigned serial,
    struct console_view *v, int *fd, struct err *e);
/* Hand on what a clock that stands still would keep back. */
void attach_flush(struct monitor *mon);
/* Make the watchers agree with what the consoles want; device lock held. */
void attach_sync(struct monitor *mon, unsigned serial);
void attach_start(struct monitor *mon);
void attach_stop(struct monitor *mon);

/* --- gdb.c --- */

MUST_USE int gdb_start(struct monitor *mon, struct err *e);
void gdb_stop(struct monitor *mon);
/* vCPUs have stopped for the debugger. */
void gdb_stopped(struct monitor *mon, uint32_t vcpus);

#endif
