/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins a guest's console to our stdin and stdout, for `console' and `run'.
 *
 * The pump returns as soon as something happens that its caller must decide
 * on; the caller may call it again.  It watches at the same time the console,
 * stdin, the daemon's events, signals, a deadline and a pattern.
 */
#ifndef TRIVISOR_CLI_PUMP_H
#define TRIVISOR_CLI_PUMP_H

#include <regex.h>

#include "base/base.h"
#include "base/err.h"
#include "cli/term.h"

struct client;
struct json_object;

enum pump_result {
	PUMP_CONSOLE_END,	/* the guest's side closed; all was printed */
	PUMP_EVENT,		/* an event of the daemon's: see event */
	PUMP_DAEMON_END,	/* its connection broke */
	PUMP_DETACH,		/* the user typed the escape character */
	PUMP_INTERRUPT,		/* the second Ctrl-C */
	PUMP_SIGNAL,		/* SIGTERM or SIGHUP: see signal */
	PUMP_MATCH,		/* the pattern was seen */
	PUMP_TIMEOUT,
	PUMP_OUTPUT_END,	/* nobody reads our output any more */
};

#define PUMP_LINE 4096
#define PUMP_QUEUE 4096

struct pump {
	int in;			/* stdin, -1 once it has ended */
	int out;		/* where console output goes */
	int console;		/* owned; -1: none */
	int signals;		/* owned: signalfd */
	struct client *client;	/* borrowed; NULL: no events */
	ns_t deadline;		/* 0: none */
	bool escape;		/* Ctrl-] detaches */
	bool interrupts;	/* second Ctrl-C within a second ends */
	ns_t last_interrupt;
	struct term term;

	bool mid_line;		/* the guest's last line has not ended */
	regex_t *until;		/* borrowed, NULL: none */
	char line[PUMP_LINE + 1];	/* the console's current line */
	size_t line_len;
	bool line_matched;	/* this line was already reported */

	char queue[PUMP_QUEUE];	/* typed, not yet taken by the guest */
	size_t queued;

	/* What the last result was about. */
	struct json_object *event;	/* owned by whoever takes it */
	int signal;
	char matched[PUMP_LINE + 1];	/* the line that matched */
};

/*
 * Blocks SIGINT, SIGTERM and SIGHUP and reads them instead; makes stdin raw
 * where it is a terminal of ours.
 */
MUST_USE int pump_init(struct pump *p, int out, struct err *e);
/* Restores the terminal and the signals, closes what it owns. */
void pump_fini(struct pump *p);
/* Takes the descriptor; the console before it is closed. */
void pump_set_console(struct pump *p, int fd);
enum pump_result pump_run(struct pump *p);

#endif
