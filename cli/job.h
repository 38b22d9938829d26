/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following a job of the daemon's to its end, and showing how far it is.
 */
#ifndef TRIVISOR_CLI_JOB_H
#define TRIVISOR_CLI_JOB_H

#include "cli/cli.h"

/*
 * Wait for the job that a call's result names, with its progress on stderr
 * after half a second: a line that changes on a terminal, one line for every
 * ten percent elsewhere, nothing with --json.  *job (may be NULL) is the
 * caller's and says how it ended; the error of a failed one is in *e.
 */
MUST_USE int job_follow(struct cli *cli, struct json_object *result,
    struct json_object **job, struct err *e);

#endif
