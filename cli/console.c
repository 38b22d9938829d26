/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `console' and `start --console': join the console of a domain that runs.
 */
#include <errno.h>
#include <json-c/json.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/pump.h"
#include "cli/run_opts.h"

struct console_request {
	const char *name;
	uint64_t serial;
	regex_t *until;		/* NULL: none */
	ns_t deadline;		/* 0: none */
};

int
until_compile(regex_t *re, const char *text, struct err *e)
{
	char why[128];
	int rc;

	rc = regcomp(re, text, REG_EXTENDED | REG_NOSUB);
	if (!rc)
		return 0;
	regerror(rc, re, why, sizeof(why));
	return err_set(e, ERR_INVALID_ARG, "--until \"%s\": %s", text, why);
}

/* What the pump's result means for `console' alone. */
static int
finish(struct cli *cli, struct pump *p, enum pump_result r,
    const struct console_request *q)
{
	struct err e = { 0 };
	int sig = p->signal;

	pump_fini(p);
	switch (r) {
	case PUMP_DETACH:
	case PUMP_MATCH:
		return CLI_OK;
	case PUMP_TIMEOUT:
		err_set(&e, ERR_OPERATION_TIMEOUT, "domain %s: the time is up",
		    q->name);
		return cli_fail(cli, &e);
	case PUMP_SIGNAL:
		raise(sig);
		return CLI_FAILED;
	case PUMP_OUTPUT_END:
		return CLI_FAILED;
	default:
		if (!q->until)
			return CLI_OK;
		err_set(&e, ERR_OPERATION_FAILED,
		    "domain %s: its console ended before a line matched",
		    q->name);
		return cli_fail(cli, &e);
	}
}

static int
attach(struct cli *cli, const struct console_request *q)
{
	struct json_object *params = cli_named(q->name);
	struct err e = { 0 };
	struct pump p;
	int fd;

	if (q->serial)
		json_object_object_add(params, "serial",
		    json_object_new_int64((int64_t)q->serial));
	if (cli_call(cli, "domain.console", params, NULL, &fd, &e))
		return cli_fail(cli, &e);
	if (fd < 0) {
		err_set(&e, ERR_RPC, "domain %s: the daemon sent no console",
		    q->name);
		return cli_fail(cli, &e);
	}
	if (isatty(STDIN_FILENO))
		dprintf(STDERR_FILENO, "connected to %s; Ctrl-] leaves\n",
		    q->name);
	if (pump_init(&p, STDOUT_FILENO, &e)) {
		close(fd);
		return cli_fail(cli, &e);
	}
	p.escape = true;
	p.until = q->until;
	p.deadline = q->deadline;
	pump_set_console(&p, fd);
	return finish(cli, &p, pump_run(&p), q);
}

int
console_attach(struct cli *cli, const char *name)
{
	struct console_request q = { .name = name };

	return attach(cli, &q);
}

int
verb_console(struct cli *cli, const struct args *a)
{
	struct console_request q = { .name = a->operand[0] };
	struct err e = { 0 };
	const char *text;
	regex_t re;
	ns_t limit;
	int status;

	text = args_get(a, "serial");
	if (text && number_parse(text, 3, &q.serial, &e))
		goto usage;
	text = args_get(a, "timeout");
	if (text) {
		if (duration_parse(text, &limit, &e))
			goto usage;
		q.deadline = clock_now(&clock_host) + limit;
	}
	text = args_get(a, "until");
	if (text) {
		if (until_compile(&re, text, &e))
			goto usage;
		q.until = &re;
	}
	status = attach(cli, &q);
	if (q.until)
		regfree(&re);
	return status;

usage:
	return cli_misuse(cli, &e);
}
