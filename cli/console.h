/* SPDX-License-Identifier: Apache-2.0 */
/* Joining a domain's console: for `console', `start --console' and `run'. */
#ifndef TRIVISOR_CLI_CONSOLE_H
#define TRIVISOR_CLI_CONSOLE_H

#include <regex.h>

#include "base/err.h"
#include "cli/cli.h"

/* What is asked of domain.console, and what it said. */
struct console_join {
	const char *name;
	uint64_t serial;
	bool watch, force;
	const char *history;	/* a size; NULL: the daemon's default */
	bool writer;		/* out: what we send reaches the guest */
	uint64_t skipped;	/* out: earlier bytes that are not shown */
	uint64_t replayed;	/* out: earlier bytes that come first */
};

/* All of this run that is kept, for whoever wants to miss nothing. */
#define CONSOLE_ALL "1M"

MUST_USE int console_join(struct cli *cli, struct console_join *j, int *fd,
    struct err *e);
/* After a start that left it paused: join, then let it go on if resume. */
int console_attach(struct cli *cli, const char *name, bool resume);
/* The value of --until. */
MUST_USE int until_compile(regex_t *re, const char *text, struct err *e);

#endif
