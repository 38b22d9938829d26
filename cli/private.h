/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon of our own that lives as long as the command.
 *
 *	private_start(&p, &e); cli->socket = p.socket; ... private_stop(&p);
 *
 * It holds the read end of a pipe whose only write end is ours.  However we
 * end, SIGKILL included, the pipe then closes, and the daemon destroys its
 * domains, removes its directory and exits.
 */
#ifndef TRIVISOR_CLI_PRIVATE_H
#define TRIVISOR_CLI_PRIVATE_H

#include <sys/types.h>

#include "base/base.h"
#include "base/err.h"

struct private_daemon {
	pid_t pid;		/* 0: none */
	int lifeline;		/* owned: write end of the pipe */
	int log;		/* owned: what it wrote to stderr */
	char dir[128];
	char socket[160];
};

MUST_USE int private_start(struct private_daemon *p, struct err *e);
/* What the monitor last wrote, to stderr: its log will be gone. */
void private_show_log(const struct private_daemon *p);
/* Does nothing where none was started. */
void private_stop(struct private_daemon *p);

#endif
