/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs about the host: what it is, what domains can have on it.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/private.h"
#include "cli/table.h"
#include "cli/text.h"

static void
print_row(const char *label, const char *text)
{
	char left[40];
	char clean[512];

	snprintf(left, sizeof(left), "%s:", label);
	text_clean(text, 0, clean, sizeof(clean));
	printf("%-20s %s\n", left, clean);
}

/* Labels as virsh has them, so that what reads its output reads this. */
static const struct {
	const char *key;
	const char *label;
	const char *unit;
	bool bytes;		/* printed in KiB */
} node_rows[] = {
	{ "model", "CPU model", "", false },
	{ "cpu_model", "CPU", "", false },
	{ "arch", "Architecture", "", false },
	{ "cpus", "CPU(s)", "", false },
	{ "mhz", "CPU frequency", " MHz", false },
	{ "sockets", "CPU socket(s)", "", false },
	{ "cores", "Core(s) per socket", "", false },
	{ "threads", "Thread(s) per core", "", false },
	{ "numa_cells", "NUMA cell(s)", "", false },
	{ "cells", "NUMA cell(s)", "", false },
	{ "memory", "Memory size", "", true },
	{ "memory_total", "Memory size", "", true },
	{ "memory_free", "Memory free", "", true },
	{ "kernel", "Kernel", "", false },
};

int
verb_nodeinfo(struct cli *cli, const struct args *a)
{
	struct json_object *result, *v;
	char text[256];
	size_t i;
	int status;

	(void)a;
	status = cli_ask(cli, "host.info", NULL, &result);
	if (status)
		return status;
	for (i = 0; !cli->json && i < ARRAY_LEN(node_rows); i++) {
		if (!json_object_object_get_ex(result, node_rows[i].key, &v) ||
		    !v)
			continue;
		if (node_rows[i].bytes)
			snprintf(text, sizeof(text), "%" PRId64 " KiB",
			    json_object_get_int64(v) >> 10);
		else
			snprintf(text, sizeof(text), "%s%s",
			    json_object_get_string(v), node_rows[i].unit);
		print_row(node_rows[i].label, text);
	}
	if (cli->json)
		out_json(result);
	json_object_put(result);
	return CLI_OK;
}

static int
print_xml(struct cli *cli, const char *method)
{
	struct json_object *result;
	const char *xml;
	size_t n;
	int status;

	status = cli_ask(cli, method, NULL, &result);
	if (status)
		return status;
	xml = json_text(result, "xml", "");
	n = strlen(xml);
	if (cli->json)
		out_json(result);
	else
		printf("%s%s", xml, n && xml[n - 1] == '\n' ? "" : "\n");
	json_object_put(result);
	return CLI_OK;
}

int
verb_capabilities(struct cli *cli, const struct args *a)
{
	(void)a;
	return print_xml(cli, "host.capabilities");
}

int
verb_domcapabilities(struct cli *cli, const struct args *a)
{
	(void)a;
	return print_xml(cli, "host.domain_capabilities");
}

/* ---- cpu-models --------------- */

/* "missing avx2, bmi2", "without hle, rtm", "" */
static void
model_note(struct json_object *row, char *buf, size_t size)
{
	char names[400];

	json_join(row, "missing", names, sizeof(names));
	if (names[0]) {
		snprintf(buf, size, "missing %s", names);
		return;
	}
	json_join(row, "left_out", names, sizeof(names));
	snprintf(buf, size, "%s%s", names[0] ? "without " : "", names);
}

static void
model_usable(struct json_object *row, char *buf, size_t size)
{
	snprintf(buf, size, "%s", json_flag(row, "usable") ? "yes" : "no");
}

static void
feature_place(struct json_object *row, char *buf, size_t size)
{
	snprintf(buf, size, "%#x.%u %s %u",
	    (unsigned)json_int(row, "leaf", 0),
	    (unsigned)json_int(row, "subleaf", 0),
	    json_text(row, "register", "?"),
	    (unsigned)json_int(row, "bit", 0));
}

static void
feature_offered(struct json_object *row, char *buf, size_t size)
{
	snprintf(buf, size, "%s", json_flag(row, "offered") ? "yes" : "no");
}

static const struct column model_columns[] = {
	{ "name", "NAME", false, false, NULL },
	{ "vendor", "VENDOR", false, false, NULL },
	{ "usable", "USABLE", false, false, model_usable },
	{ "missing", "NOTE", false, false, model_note },
	{ .key = NULL },
};

static const struct column feature_columns[] = {
	{ "name", "NAME", false, false, NULL },
	{ "leaf", "CPUID", false, false, feature_place },
	{ "offered", "OFFERED", false, false, feature_offered },
	{ "why", "WHY NOT", false, false, NULL },
	{ .key = NULL },
};

int
verb_cpu_models(struct cli *cli, const struct args *a)
{
	bool features = args_get(a, "features") != NULL;
	struct json_object *params = json_object_new_object();
	struct json_object *result;
	struct err e = { 0 };
	struct table t;
	int status;

	if (table_init(&t, cli, a, features ? feature_columns : model_columns,
	    &e)) {
		json_object_put(params);
		return cli_misuse(cli, &e);
	}
	json_object_object_add(params, "features",
	    json_object_new_boolean(features));
	status = cli_ask(cli, "host.cpu_models", params, &result);
	if (status)
		return status;
	table_print(&t, cli, result, features ? "features" : "models");
	json_object_put(result);
	return CLI_OK;
}

/* ---- doctor --------------- */

static void
print_check(const struct cli *cli, struct json_object *o)
{
	const char *status = json_text(o, "status", "?");
	enum style s = !strcmp(status, "ok") ? GREEN :
	    json_flag(o, "required") ? RED : YELLOW;
	bool color = text_color(cli, STDOUT_FILENO);
	const char *remedy = json_text(o, "remedy", NULL);
	char detail[512];

	text_clean(json_text(o, "detail", ""), 0, detail, sizeof(detail));
	printf("%-16s %s%-9s%s %s\n", json_text(o, "what", "?"),
	    text_style(color, s), status, text_style(color, PLAIN), detail);
	if (!remedy)
		return;
	text_clean(remedy, 0, detail, sizeof(detail));
	printf("%-16s %-9s -> %s\n", "", "", detail);
}

/*
 * Without a daemon that answers, one of our own looks at the host; that there
 * is none is then the first thing to say.
 */
static int
ask_doctor(struct cli *cli, struct private_daemon *p,
    struct json_object **result)
{
	struct json_object *o, *list, *found;
	struct err e = { 0 };

	if (cli_connect(cli, &e) == 0)
		return cli_ask(cli, "host.doctor", NULL, result);
	o = json_object_new_object();
	json_object_object_add(o, "what", json_object_new_string("daemon"));
	json_object_object_add(o, "status", json_object_new_string("missing"));
	json_object_object_add(o, "required", json_object_new_boolean(false));
	json_object_object_add(o, "detail", json_object_new_string(e.msg));
	if (e.hint[0])
		json_object_object_add(o, "remedy",
		    json_object_new_string(e.hint));
	if (private_start(p, &e)) {
		json_object_put(o);
		return cli_fail(cli, &e);
	}
	cli->socket = p->socket;
	if (cli_call(cli, "host.doctor", NULL, result, NULL, &e)) {
		json_object_put(o);
		return cli_fail(cli, &e);
	}
	list = json_object_new_array();
	json_object_array_add(list, o);
	found = json_array(*result, "checks");
	for (size_t i = 0; found && i < json_object_array_length(found); i++)
		json_object_array_add(list, json_object_get(
		    json_object_array_get_idx(found, i)));
	json_object_object_add(*result, "checks", list);
	return CLI_OK;
}

int
verb_doctor(struct cli *cli, const struct args *a)
{
	struct private_daemon p = { .pid = 0 };
	struct json_object *result, *list;
	int status;
	size_t i;

	(void)a;
	status = ask_doctor(cli, &p, &result);
	if (status) {
		private_stop(&p);
		return status;
	}
	list = json_array(result, "checks");
	for (i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		if (!cli->json)
			print_check(cli, o);
		if (json_flag(o, "required") &&
		    !strcmp(json_text(o, "status", ""), "missing"))
			status = CLI_UNSUPPORTED;
	}
	if (cli->json)
		out_json(result);
	json_object_put(result);
	private_stop(&p);
	return status;
}
