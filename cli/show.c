/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML, translated code, versions, help: what is printed as it is.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#include "api/client.h"
#include "cli/cli.h"

const char *
cli_version(void)
{
	return PACKAGE_VERSION;
}

int
verb_dumpxml(struct cli *cli, const struct args *a)
{
	struct json_object *params = cli_named(a->operand[0]);
	struct json_object *result;
	const char *xml;
	int status;
	size_t n;

	if (args_get(a, "inactive"))
		json_object_object_add(params, "inactive",
		    json_object_new_boolean(true));
	status = cli_ask(cli, "domain.xml", params, &result);
	if (status)
		return status;
	if (cli->json) {
		out_json(result);
	} else {
		xml = json_text(result, "xml", "");
		n = strlen(xml);
		printf("%s%s", xml, n && xml[n - 1] == '\n' ? "" : "\n");
	}
	json_object_put(result);
	return CLI_OK;
}

int
verb_bt_show(struct cli *cli, const struct args *a)
{
	struct json_object *params = cli_named(a->operand[0]);
	struct json_object *result = NULL;
	struct err e = { 0 };
	uint64_t count;

	if (args_get(a, "pc"))
		json_object_object_add(params, "pc",
		    json_object_new_string(args_get(a, "pc")));
	if (args_get(a, "count")) {
		if (number_parse(args_get(a, "count"), 1000, &count, &e)) {
			json_object_put(params);
			return cli_misuse(cli, &e);
		}
		json_object_object_add(params, "count",
		    json_object_new_int64((int64_t)count));
	}
	if (cli_call(cli, "domain.disasm", params, &result, NULL, &e))
		return cli_fail(cli, &e);
	if (cli->json)
		out_json(result);
	else
		fputs(json_text(result, "text", ""), stdout);
	json_object_put(result);
	return CLI_OK;
}

/* No daemon is no failure here: the program's own version is known. */
int
verb_version(struct cli *cli, const struct args *a)
{
	struct json_object *o = json_object_new_object();
	struct json_object *result = NULL;
	struct err e = { 0 };

	json_object_object_add(o, "trivisor",
	    json_object_new_string(PACKAGE_VERSION));
	if (!cli_call(cli, "server.info", NULL, &result, NULL, &e))
		json_object_object_add(o, "daemon", result);
	if (cli->json) {
		out_json(o);
	} else {
		printf("trivisor %s\n", PACKAGE_VERSION);
		if (result)
			printf("trivisord %s at %s\n",
			    json_text(result, "version", "?"), cli->path);
		else
			printf("no daemon: %s\n", e.msg);
	}
	json_object_put(o);
	return CLI_OK;
}

int
verb_help(struct cli *cli, const struct args *a)
{
	const struct verb *v;
	struct err e = { 0 };

	if (args_get(a, "man")) {
		cli_manual(stdout);
		return CLI_OK;
	}
	if (!a->n_operands) {
		cli_usage(stdout);
		return CLI_OK;
	}
	v = verb_find(a->operand[0]);
	if (!v) {
		err_set(&e, ERR_INVALID_ARG, "\"%s\" is not a command",
		    a->operand[0]);
		return cli_misuse(cli, &e);
	}
	verb_usage(v, stdout);
	return CLI_OK;
}
