/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs that change something: each is one call and one line of answer.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/run_opts.h"

/* One call about one domain, and a word on what was done. */
static int
act(struct cli *cli, const char *method, const char *name, const char *done)
{
	struct json_object *result = NULL;
	struct err e = { 0 };

	if (cli_call(cli, method, cli_named(name), &result, NULL, &e))
		return cli_fail(cli, &e);
	if (cli->json)
		out_json(result);
	else
		printf("domain %s %s\n", json_text(result, "name", name),
		    done);
	json_object_put(result);
	return CLI_OK;
}

int
verb_undefine(struct cli *cli, const struct args *a)
{
	return act(cli, "domain.undefine", a->operand[0], "undefined");
}

int
verb_destroy(struct cli *cli, const struct args *a)
{
	return act(cli, "domain.destroy", a->operand[0], "destroyed");
}

int
verb_reset(struct cli *cli, const struct args *a)
{
	return act(cli, "domain.reset", a->operand[0], "reset");
}

int
verb_suspend(struct cli *cli, const struct args *a)
{
	return act(cli, "domain.suspend", a->operand[0], "suspended");
}

int
verb_resume(struct cli *cli, const struct args *a)
{
	return act(cli, "domain.resume", a->operand[0], "resumed");
}

int
verb_define(struct cli *cli, const struct args *a)
{
	struct json_object *params;
	struct json_object *result = NULL;
	struct err e = { 0 };
	char *xml;

	if (file_read(a->operand[0], &xml, &e))
		return cli_fail(cli, &e);
	params = json_object_new_object();
	json_object_object_add(params, "xml", json_object_new_string(xml));
	free(xml);
	if (run_opts_add(params, a, &e)) {
		json_object_put(params);
		cli_fail(cli, &e);
		return CLI_USAGE;
	}
	if (cli_call(cli, "domain.define", params, &result, NULL, &e)) {
		/* The daemon knows lines and elements, not file names. */
		if (e.code == ERR_XML_ERROR || e.line)
			err_prefix(&e, "%s", a->operand[0]);
		return cli_fail(cli, &e);
	}
	cli_warnings(result);
	if (cli->json)
		out_json(result);
	else
		printf("domain %s defined\n", json_text(result, "name", "?"));
	json_object_put(result);
	return CLI_OK;
}

int
verb_start(struct cli *cli, const struct args *a)
{
	struct json_object *params = cli_named(a->operand[0]);
	struct json_object *result = NULL;
	struct err e = { 0 };
	char reasons[512];

	if (run_opts_add(params, a, &e)) {
		json_object_put(params);
		cli_fail(cli, &e);
		return CLI_USAGE;
	}
	if (cli_call(cli, "domain.start", params, &result, NULL, &e))
		return cli_fail(cli, &e);
	cli_warnings(result);
	json_join(result, "reasons", reasons, sizeof(reasons));
	if (args_get(a, "console"))
		dprintf(2, "domain %s started, mode %s: %s\n",
		    json_text(result, "name", a->operand[0]),
		    json_text(result, "mode", "?"), reasons);
	else if (cli->json)
		out_json(result);
	else
		printf("domain %s started, mode %s: %s\n",
		    json_text(result, "name", a->operand[0]),
		    json_text(result, "mode", "?"), reasons);
	json_object_put(result);
	if (args_get(a, "console"))
		return console_attach(cli, a->operand[0]);
	return CLI_OK;
}

/* Whether this event is the end of a run; *how then says which. */
static bool
is_end(struct json_object *event, const char **how)
{
	struct json_object *data;

	if (strcmp(json_text(event, "type", ""), "domain.lifecycle") ||
	    !json_object_object_get_ex(event, "data", &data))
		return false;
	*how = json_text(data, "to", "");
	return !strcmp(*how, "shutoff") || !strcmp(*how, "crashed");
}

/* Wait for the end; the subscription is older than the button. */
static int
wait_off(struct cli *cli, const char *name, ns_t deadline, struct err *e)
{
	struct json_object *event;
	const char *how;
	ns_t left;
	bool end;
	int rc;

	for (;;) {
		left = deadline - clock_now(&clock_host);
		if (left <= 0) {
			err_set(e, ERR_OPERATION_TIMEOUT,
			    "domain %s has not switched itself off", name);
			err_hint(e, "its system may ignore the power button; "
			    "`trivisor destroy %s' ends it at once", name);
			return -ETIMEDOUT;
		}
		rc = client_event(cli->client, &event,
		    (int)MIN(left / 1000000 + 1, 3600 * 1000), e);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		end = is_end(event, &how);
		json_object_put(event);
		if (end)
			return 0;
	}
}

int
verb_shutdown(struct cli *cli, const struct args *a)
{
	const char *name = a->operand[0];
	const char *wait = args_get(a, "wait");
	struct err e = { 0 };
	ns_t limit = 0;

	if (!wait)
		return act(cli, "domain.shutdown", name,
		    "is being shut down");
	if (duration_parse(wait, &limit, &e)) {
		cli_fail(cli, &e);
		return CLI_USAGE;
	}
	if (cli_call(cli, "events.subscribe", cli_named(name), NULL, NULL,
	    &e) || cli_call(cli, "domain.shutdown", cli_named(name), NULL,
	    NULL, &e) || wait_off(cli, name,
	    clock_now(&clock_host) + limit, &e))
		return cli_fail(cli, &e);
	if (!cli->json)
		printf("domain %s is off\n", name);
	return CLI_OK;
}
