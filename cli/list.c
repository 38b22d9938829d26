/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `list': the domains of one daemon, and a word when another has some, too.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/client.h"
#include "cli/table.h"
#include "cli/text.h"

static void
memory_cell(struct json_object *row, char *buf, size_t size)
{
	text_memory((uint64_t)json_int(row, "memory", 0), buf, size);
}

static void
flag_cell(struct json_object *row, const char *key, char *buf, size_t size)
{
	snprintf(buf, size, "%s", json_flag(row, key) ? "yes" : "no");
}

static void
persistent_cell(struct json_object *row, char *buf, size_t size)
{
	flag_cell(row, "persistent", buf, size);
}

static void
autostart_cell(struct json_object *row, char *buf, size_t size)
{
	flag_cell(row, "autostart", buf, size);
}

static const struct column columns[] = {
	{ "name", "NAME", false, false, NULL },
	{ "state", "STATE", false, false, NULL },
	{ "mode", "MODE", false, false, NULL },
	{ "vcpus", "VCPUS", true, false, NULL },
	{ "memory", "MEMORY", true, false, memory_cell },
	{ "id", "ID", true, true, NULL },
	{ "uuid", "UUID", false, true, NULL },
	{ "title", "TITLE", false, true, NULL },
	{ "reason", "REASON", false, true, NULL },
	{ "persistent", "PERSISTENT", false, true, persistent_cell },
	{ "autostart", "AUTOSTART", false, true, autostart_cell },
	{ "engine", "ENGINE", false, true, NULL },
	{ "pid", "PID", true, true, NULL },
	{ "started", "STARTED", false, true, NULL },
	{ "tty", "TERMINAL", false, true, NULL },
	{ .key = NULL },
};

/*
 * Options that let some domains through; those of a group are alternatives.
 * key's value must be value, where value is NULL the flag must be flag.
 */
enum { BY_STATE, BY_STORAGE, BY_AUTOSTART, GROUPS };
static const struct {
	const char *option;
	unsigned group;
	const char *key;
	const char *value;
	bool flag;
} filters[] = {
	{ "state-running", BY_STATE, "state", "running", false },
	{ "state-paused", BY_STATE, "state", "paused", false },
	{ "state-shutoff", BY_STATE, "state", "shutoff", false },
	{ "state-other", BY_STATE, "state", "starting", false },
	{ "state-other", BY_STATE, "state", "stopping", false },
	{ "state-other", BY_STATE, "state", "crashed", false },
	{ "persistent", BY_STORAGE, "persistent", NULL, true },
	{ "transient", BY_STORAGE, "persistent", NULL, false },
	{ "autostart", BY_AUTOSTART, "autostart", NULL, true },
	{ "no-autostart", BY_AUTOSTART, "autostart", NULL, false },
};

static bool
wanted(const struct args *a, struct json_object *row)
{
	bool asked[GROUPS] = { false };
	bool met[GROUPS] = { false };
	size_t i;

	for (i = 0; i < ARRAY_LEN(filters); i++) {
		if (!args_get(a, filters[i].option))
			continue;
		asked[filters[i].group] = true;
		if (filters[i].value ? !strcmp(filters[i].value,
		    json_text(row, filters[i].key, "")) :
		    json_flag(row, filters[i].key) == filters[i].flag)
			met[filters[i].group] = true;
	}
	for (i = 0; i < GROUPS; i++) {
		if (asked[i] && !met[i])
			return false;
	}
	return true;
}

static void
filter(const struct args *a, struct json_object *result)
{
	struct json_object *rows = json_array(result, "domains");
	struct json_object *kept = json_object_new_array();
	struct json_object *row;
	size_t i;

	for (i = 0; rows && i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		if (wanted(a, row))
			json_object_array_add(kept, json_object_get(row));
	}
	json_object_object_add(result, "domains", kept);
}

/* How many domains the daemon at path has; negative errno. */
static int64_t
count_at(const char *path)
{
	struct json_object *result = NULL;
	struct err e = { 0 };
	struct client *c = client_open(path, &e);
	int64_t n = 0;

	if (!c)
		return e.sys ? -e.sys : -ECONNREFUSED;
	client_set_timeout(c, 1000);
	if (!client_call(c, "domain.list", NULL, &result, NULL, &e) &&
	    json_array(result, "domains"))
		n = (int64_t)json_object_array_length(
		    json_array(result, "domains"));
	json_object_put(result);
	client_free(c);
	return n;
}

/*
 * A user's and a system's daemon may both be there, and `list' shows one of
 * them: a domain that somebody misses may be with the other.
 */
static void
mention_other(const struct cli *cli, bool empty)
{
	char user[sizeof(cli->path)], system[sizeof(cli->path)];
	const char *other;
	int64_t n;

	if (cli_user_socket(user, sizeof(user)) ||
	    cli_system_socket(system, sizeof(system)))
		return;
	if (!strcmp(cli->path, user))
		other = system;
	else if (!strcmp(cli->path, system))
		other = user;
	else
		return;
	n = count_at(other);
	if (n > 0)
		cli_note(cli, "the daemon at %s has %" PRId64 " more; name it "
		    "with -c", other, n);
	else if (empty && (n == -EACCES || n == -EPERM))
		cli_note(cli, "there is another daemon, at %s, but it does "
		    "not let you in", other);
}

static bool
asks_for_state(const struct args *a)
{
	return args_get(a, "state-shutoff") || args_get(a, "state-other");
}

int
verb_list(struct cli *cli, const struct args *a)
{
	/* A state may be one of those that are not running. */
	bool all = args_get(a, "all") || asks_for_state(a);
	bool inactive = args_get(a, "inactive");
	struct json_object *params;
	struct json_object *result;
	struct err e = { 0 };
	struct table t;
	int status;

	if (table_init(&t, cli, a, columns, &e))
		return cli_misuse(cli, &e);
	if (args_get(a, "title"))
		table_add(&t, columns, "title");
	if (args_get(a, "id"))
		table_add(&t, columns, "id");
	if (args_get(a, "name") || args_get(a, "uuid"))
		t.format = FORMAT_NAME;
	if (args_get(a, "uuid"))
		t.name_key = "uuid";
	params = json_object_new_object();
	json_object_object_add(params, "active",
	    json_object_new_boolean(all || !inactive));
	json_object_object_add(params, "inactive",
	    json_object_new_boolean(all || inactive));
	status = cli_ask(cli, "domain.list", params, &result);
	if (status)
		return status;
	filter(a, result);
	table_print(&t, cli, result, "domains");
	mention_other(cli, !json_object_array_length(
	    json_array(result, "domains")));
	json_object_put(result);
	return CLI_OK;
}
