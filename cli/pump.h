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
#include "cli/keys.h"
#include "cli/replay.h"
#include "cli/term.h"

struct client;
struct json_object;

enum pump_result {
	PUMP_CONSOLE_END,	/* the guest's side closed; all was printed */
	PUMP_EVENT,		/* an event of the daemon's: see event */
	PUMP_DAEMON_END,	/* its connection broke */
	PUMP_DETACH,		/* the user typed that he wants to leave */
	PUMP_INTERRUPT,		/* the second Ctrl-C */
	PUMP_SIGNAL,		/* SIGTERM, SIGHUP or SIGQUIT: see signal */
	PUMP_MATCH,		/* the pattern was seen */
	PUMP_TIMEOUT,
	PUMP_OUTPUT_END,	/* nobody reads our output any more */
	PUMP_INPUT_END,		/* stdin ended, all of it was sent: eof_ends */
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
	bool escapes;		/* keys: at a terminal, there is a way out */
	struct keys keys;
	bool mute;		/* nothing is sent, however much is typed */
	bool eof_ends;		/* so does the end of stdin */
	bool eof_passes;	/* or tell the monitor that we type no more */
	bool interrupts;	/* second Ctrl-C within a second ends */
	ns_t last_interrupt;
	struct term term;
	struct replay replay;	/* of what comes first, when out answers */

	bool mid_line;		/* the guest's last line has not ended */
	regex_t *until;		/* borrowed, NULL: none */
	char line[PUMP_LINE + 1];	/* the console's current line */
	size_t line_len;
	bool line_matched;	/* this line was already reported */

	char queue[PUMP_QUEUE];	/* typed, not yet taken by the guest */
	size_t queued;
	bool in_ended, passed;

	/* What the last result was about. */
	struct json_object *event;	/* owned by whoever takes it */
	int signal;
	char matched[PUMP_LINE + 1];	/* the line that matched */
};

/*
 * Blocks the signals that would end or stop us, and reads them instead.  Stdin
 * is raw from pump_run() on, where it is a terminal of ours.
 */
MUST_USE int pump_init(struct pump *p, int out, struct err *e);
/* Restores the terminal and the signals, closes what it owns. */
void pump_fini(struct pump *p);
/* Takes the descriptor; the console before it is closed. */
void pump_set_console(struct pump *p, int fd);
/* Text for the guest, before anything that stdin brings; false: too long. */
bool pump_say(struct pump *p, const char *text, size_t n);
enum pump_result pump_run(struct pump *p);

#endif
