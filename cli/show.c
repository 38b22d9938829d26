/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs that only look.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

#include "api/client.h"
#include "cli/cli.h"

const char *
cli_version(void)
{
	return PACKAGE_VERSION;
}

/* An array member of a result; NULL where there is none. */
static struct json_object *
array_of(struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) ||
	    !json_object_is_type(v, json_type_array))
		return NULL;
	return v;
}

static void
print_memory(char *buf, size_t size, int64_t bytes)
{
	if (bytes % (1 << 20))
		snprintf(buf, size, "%" PRId64 " KiB", bytes >> 10);
	else
		snprintf(buf, size, "%" PRId64 " MiB", bytes >> 20);
}

/*
 * When both a user's and a system's daemon are there, `list' shows one of
 * them; a domain that somebody misses may be with the other.
 */
static void
mention_other(const struct cli *cli)
{
	struct json_object *result = NULL;
	struct err e = { 0 };
	struct client *c;
	char path[sizeof(cli->path)];
	int64_t n = 0;

	if (cli->socket || cli_system_socket(path, sizeof(path)) ||
	    !strcmp(path, cli->path))
		return;
	c = client_open(path, &e);
	if (!c)
		return;
	client_set_timeout(c, 1000);
	if (!client_call(c, "domain.list", NULL, &result, NULL, &e)) {
		if (array_of(result, "domains"))
			n = (int64_t)json_object_array_length(
			    array_of(result, "domains"));
		json_object_put(result);
	}
	client_free(c);
	if (n)
		dprintf(STDERR_FILENO, "trivisor: the daemon at %s has %"
		    PRId64 " more; name it with -c\n", path, n);
}

static void
print_list(struct json_object *domains, bool names)
{
	size_t n = domains ? json_object_array_length(domains) : 0;
	struct json_object *d;
	char memory[32];
	size_t i;

	if (!names)
		printf("%-24s %-9s %-5s %5s %10s\n", "NAME", "STATE", "MODE",
		    "VCPUS", "MEMORY");
	for (i = 0; i < n; i++) {
		d = json_object_array_get_idx(domains, i);
		if (names) {
			puts(json_text(d, "name", "?"));
			continue;
		}
		print_memory(memory, sizeof(memory),
		    json_int(d, "memory", 0));
		printf("%-24s %-9s %-5s %5" PRId64 " %10s\n",
		    json_text(d, "name", "?"), json_text(d, "state", "?"),
		    json_text(d, "mode", "-"), json_int(d, "vcpus", 0),
		    memory);
	}
}

int
verb_list(struct cli *cli, const struct args *a)
{
	struct json_object *params = json_object_new_object();
	struct json_object *result = NULL;
	struct err e = { 0 };
	bool all = args_get(a, "all");
	bool inactive = args_get(a, "inactive");

	json_object_object_add(params, "active",
	    json_object_new_boolean(all || !inactive));
	json_object_object_add(params, "inactive",
	    json_object_new_boolean(all || inactive));
	if (cli_call(cli, "domain.list", params, &result, NULL, &e))
		return cli_fail(cli, &e);
	if (cli->json)
		out_json(result);
	else
		print_list(array_of(result, "domains"),
		    args_get(a, "name") != NULL);
	json_object_put(result);
	mention_other(cli);
	return CLI_OK;
}

/* What dominfo prints, in this order; what is not there is not printed. */
static const struct {
	const char *key;
	const char *label;
} info_rows[] = {
	{ "name", "Name" }, { "title", "Title" }, { "uuid", "UUID" },
	{ "state", "State" }, { "reason", "State reason" },
	{ "mode", "Mode" }, { "engine", "Engine" },
	{ "vcpus", "vCPUs" }, { "machine", "Machine" },
	{ "kernel", "Kernel" }, { "initrd", "Initrd" },
	{ "cmdline", "Command line" }, { "id", "Id" },
	{ "pid", "Process" }, { "started", "Started" },
	{ "tty", "Terminal" },
};

static void
print_exit(struct json_object *info)
{
	struct json_object *end;
	const char *detail;

	if (!json_object_object_get_ex(info, "exit", &end) ||
	    !json_object_is_type(end, json_type_object))
		return;
	detail = json_text(end, "detail", "");
	printf("%-14s %s, %s%s%s%s\n", "Last end:",
	    json_text(end, "state", "?"), json_text(end, "reason", "?"),
	    detail[0] ? " (" : "", detail, detail[0] ? ")" : "");
}

static void
print_info(struct json_object *info)
{
	struct json_object *v;
	const char *text;
	char label[24];
	char memory[32];
	size_t i;

	for (i = 0; i < ARRAY_LEN(info_rows); i++) {
		if (!json_object_object_get_ex(info, info_rows[i].key, &v) ||
		    !v)
			continue;
		text = json_object_get_string(v);
		if (!text[0])
			continue;
		snprintf(label, sizeof(label), "%s:", info_rows[i].label);
		printf("%-14s %s\n", label, text);
	}
	print_memory(memory, sizeof(memory), json_int(info, "memory", 0));
	printf("%-14s %s\n", "Memory:", memory);
	printf("%-14s %s\n", "Persistent:",
	    json_flag(info, "persistent") ? "yes" : "no");
	v = array_of(info, "reasons");
	for (i = 0; v && i < json_object_array_length(v); i++)
		printf("%-14s %s\n", i ? "" : "Mode reasons:",
		    json_object_get_string(json_object_array_get_idx(v, i)));
	print_exit(info);
}

int
verb_dominfo(struct cli *cli, const struct args *a)
{
	struct json_object *result = NULL;
	struct err e = { 0 };

	if (cli_call(cli, "domain.info", cli_named(a->operand[0]), &result,
	    NULL, &e))
		return cli_fail(cli, &e);
	if (cli->json)
		out_json(result);
	else
		print_info(result);
	json_object_put(result);
	return CLI_OK;
}

int
verb_dumpxml(struct cli *cli, const struct args *a)
{
	struct json_object *params = cli_named(a->operand[0]);
	struct json_object *result = NULL;
	struct err e = { 0 };
	const char *xml;
	size_t n;

	if (args_get(a, "inactive"))
		json_object_object_add(params, "inactive",
		    json_object_new_boolean(true));
	if (cli_call(cli, "domain.xml", params, &result, NULL, &e))
		return cli_fail(cli, &e);
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
			cli_fail(cli, &e);
			return CLI_USAGE;
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

	if (!a->n_operands) {
		cli_usage(STDOUT_FILENO);
		return CLI_OK;
	}
	v = verb_find(a->operand[0]);
	if (!v) {
		dprintf(STDERR_FILENO, "trivisor: help: \"%s\" is not a "
		    "command\n", a->operand[0]);
		return CLI_USAGE;
	}
	verb_usage(v, STDOUT_FILENO);
	return CLI_OK;
}
