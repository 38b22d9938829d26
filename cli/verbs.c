/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs that change something and are done at once: each is one call and
 * one line of answer.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/xml_text.h"
#include "cli/console.h"
#include "cli/run_opts.h"

/* One call about one domain, and a word on what was done. */
static int
act(struct cli *cli, const char *method, struct json_object *params,
    const char *name, const char *done)
{
	struct json_object *result;
	int status = cli_ask(cli, method, params, &result);

	if (status)
		return status;
	if (cli->json)
		out_json(result);
	else
		printf("domain %s %s\n", json_text(result, "name", name),
		    done);
	json_object_put(result);
	return CLI_OK;
}

#define ACT(verb, method, done) \
	int \
	verb(struct cli *cli, const struct args *a) \
	{ \
		return act(cli, method, cli_named(a->operand[0]), \
		    a->operand[0], done); \
	}

ACT(verb_undefine, "domain.undefine", "undefined")
ACT(verb_destroy, "domain.destroy", "destroyed")
ACT(verb_reset, "domain.reset", "reset")
ACT(verb_suspend, "domain.suspend", "suspended")
ACT(verb_resume, "domain.resume", "resumed")

/*
 * The document that --step names instead of all the text, with its lines
 * numbered as they are in the file.
 */
static int
take_step(char **xml, const char *step, struct err *e)
{
	struct xml_span doc;
	unsigned count;
	uint64_t n;
	size_t i, lines = 0;
	char *text;

	if (number_parse(step, 1000, &n, e))
		return -EINVAL;
	if (!xml_nth_document(*xml, strlen(*xml), (unsigned)n, &doc, &count))
		return err_set(e, ERR_INVALID_ARG, "--step %s: there %s %u "
		    "document%s", step, count == 1 ? "is" : "are", count,
		    count == 1 ? "" : "s");
	for (i = 0; i < doc.start; i++)
		lines += (*xml)[i] == '\n';
	text = malloc(lines + doc.end - doc.start + 1);
	if (!text)
		return err_set_sys(e, ENOMEM, "domain XML");
	memset(text, '\n', lines);
	memcpy(text + lines, *xml + doc.start, doc.end - doc.start);
	text[lines + doc.end - doc.start] = '\0';
	free(*xml);
	*xml = text;
	return 0;
}

struct json_object *
cli_xml_params(const struct args *a, const char *path, struct err *e,
    bool *misuse)
{
	const char *step = args_maybe(a, "step");
	struct json_object *params;
	char *xml;

	*misuse = false;
	if (file_read(path, &xml, e))
		return NULL;
	if (step && take_step(&xml, step, e)) {
		*misuse = true;
		free(xml);
		return NULL;
	}
	params = json_object_new_object();
	json_object_object_add(params, "xml", json_object_new_string(xml));
	free(xml);
	if (!run_opts_add(params, a, e))
		return params;
	*misuse = true;
	json_object_put(params);
	return NULL;
}

/* A call with a file's XML; the daemon knows no names of files: add it. */
static int
call_with_xml(struct cli *cli, const struct args *a, const char *method,
    struct json_object **result)
{
	const char *path = a->operand[0];
	struct json_object *params;
	struct err e = { 0 };
	bool misuse;

	params = cli_xml_params(a, path, &e, &misuse);
	if (!params)
		return misuse ? cli_misuse(cli, &e) : cli_fail(cli, &e);
	if (!cli_call(cli, method, params, result, NULL, &e)) {
		cli_warnings(cli, *result);
		return CLI_OK;
	}
	if (e.code == ERR_XML_ERROR || e.line)
		err_prefix(&e, "%s", !strcmp(path, "-") ? "standard input" :
		    path);
	return cli_fail(cli, &e);
}

int
verb_define(struct cli *cli, const struct args *a)
{
	struct json_object *result;
	int status = call_with_xml(cli, a, "domain.define", &result);

	if (status)
		return status;
	if (cli->json)
		out_json(result);
	else
		printf("domain %s defined\n", json_text(result, "name", "?"));
	json_object_put(result);
	return CLI_OK;
}

/* It runs: say so, and join its console where that was asked for. */
static int
now_runs(struct cli *cli, const struct args *a, struct json_object *result)
{
	const char *name = json_text(result, "name", "?");
	bool join = args_get(a, "console");
	char reasons[512];
	int status = CLI_OK;

	json_join(result, "reasons", reasons, sizeof(reasons));
	if (join)
		cli_note(cli, "domain %s started, mode %s: %s", name,
		    json_text(result, "mode", "?"), reasons);
	else if (cli->json)
		out_json(result);
	else
		printf("domain %s started, mode %s: %s\n", name,
		    json_text(result, "mode", "?"), reasons);
	if (join)
		status = console_attach(cli, name,
		    !args_maybe(a, "paused"));
	json_object_put(result);
	return status;
}

int
verb_create(struct cli *cli, const struct args *a)
{
	struct json_object *result;
	int status = call_with_xml(cli, a, "domain.create", &result);

	return status ? status : now_runs(cli, a, result);
}

int
verb_start(struct cli *cli, const struct args *a)
{
	struct json_object *params = cli_named(a->operand[0]);
	struct json_object *result;
	struct err e = { 0 };
	int status;

	if (run_opts_add(params, a, &e)) {
		json_object_put(params);
		return cli_misuse(cli, &e);
	}
	status = cli_ask(cli, "domain.start", params, &result);
	if (status)
		return status;
	cli_warnings(cli, result);
	return now_runs(cli, a, result);
}

int
verb_autostart(struct cli *cli, const struct args *a)
{
	struct json_object *params = cli_named(a->operand[0]);
	bool enable = !args_get(a, "disable");

	json_object_object_add(params, "enable",
	    json_object_new_boolean(enable));
	return act(cli, "domain.autostart", params, a->operand[0],
	    enable ? "starts with the daemon" :
	    "does not start with the daemon");
}
