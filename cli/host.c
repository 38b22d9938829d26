/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs about the host: what it is, what domains can have on it.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
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
