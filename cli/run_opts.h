/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `define', `start' and `run' share: the options that hold for one run
 * only.
 */
#ifndef TRIVISOR_CLI_RUN_OPTS_H
#define TRIVISOR_CLI_RUN_OPTS_H

#include "cli/cli.h"

/* Add those that the verb has and that were given to a call's parameters. */
MUST_USE int run_opts_add(struct json_object *params, const struct args *a,
    struct err *e);
/*
 * XML from a file ("-": standard input) as a call's parameters, with what
 * options say over it.  NULL: *e, and whether the command line is at fault.
 */
struct json_object *cli_xml_params(const struct args *a, const char *path,
    struct err *e, bool *misuse);
#endif
