/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `domstats': counters of domains by libvirt's names, a line each.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/text.h"

static const struct {
	const char *option;
	const char *group;
} groups[] = {
	{ "state", "state" }, { "cpu-total", "cpu" },
	{ "balloon", "balloon" }, { "vcpu", "vcpu" }, { "perf", "engine" },
	{ "engine", "engine" },
};

/* As in virsh, each narrows the list down. */
static const struct {
	const char *option;
	const char *key;
	const char *values;	/* of a string; NULL: key is a flag */
	bool flag;
} filters[] = {
	{ "list-active", "state", " running paused starting stopping ", false },
	{ "list-inactive", "state", " shutoff crashed ", false },
	{ "list-running", "state", " running ", false },
	{ "list-paused", "state", " paused ", false },
	{ "list-shutoff", "state", " shutoff ", false },
	{ "list-other", "state", " crashed starting stopping ", false },
	{ "list-persistent", "persistent", NULL, true },
	{ "list-transient", "persistent", NULL, false },
};

static bool
wanted(const struct args *a, struct json_object *row)
{
	char word[40];
	size_t i;

	for (i = 0; i < ARRAY_LEN(filters); i++) {
		if (!args_get(a, filters[i].option))
			continue;
		snprintf(word, sizeof(word), " %.30s ",
		    json_text(row, filters[i].key, ""));
		if (filters[i].values ? !strstr(filters[i].values, word) :
		    json_flag(row, filters[i].key) != filters[i].flag)
			return false;
	}
	return true;
}

static struct json_object *
make_params(const struct args *a)
{
	struct json_object *params = json_object_new_object();
	struct json_object *list;
	size_t i;

	if (a->n_operands) {
		list = json_object_new_array();
		for (i = 0; i < a->n_operands; i++)
			json_object_array_add(list,
			    json_object_new_string(a->operand[i]));
		json_object_object_add(params, "domains", list);
	}
	list = NULL;
	for (i = 0; i < ARRAY_LEN(groups); i++) {
		if (!args_get(a, groups[i].option))
			continue;
		if (!list) {
			list = json_object_new_array();
			json_object_object_add(params, "groups", list);
		}
		json_object_array_add(list,
		    json_object_new_string(groups[i].group));
	}
	return params;
}

static void
print_row(const struct cli *cli, struct json_object *row)
{
	struct json_object *stats = json_member(row, "stats");
	char clean[256];

	printf("Domain: '%s'\n", json_text(row, "name", "?"));
	if (stats) {
		json_object_object_foreach(stats, key, v) {
			text_clean(json_object_get_string(v), 0, clean,
			    sizeof(clean));
			printf("  %s=%s\n", key, clean);
		}
	}
	putchar('\n');
	if (json_flag(row, "stale"))
		cli_note(cli, "%s: not all of it: %s",
		    json_text(row, "name", "?"), json_text(row, "error", "?"));
}

int
verb_domstats(struct cli *cli, const struct args *a)
{
	struct json_object *result, *rows, *row, *kept;
	int status;
	size_t i;

	status = cli_ask(cli, "domain.stats_all", make_params(a), &result);
	if (status)
		return status;
	rows = json_array(result, "domains");
	kept = json_object_new_array();
	for (i = 0; rows && i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		if (!wanted(a, row))
			continue;
		json_object_array_add(kept, json_object_get(row));
		if (!cli->json)
			print_row(cli, row);
	}
	json_object_object_add(result, "domains", kept);
	if (cli->json)
		out_json(result);
	json_object_put(result);
	return CLI_OK;
}
