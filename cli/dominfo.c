/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs that say something about one domain.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/text.h"

/* What dominfo prints, in this order; what is not there is not printed. */
static const struct {
	const char *key;
	const char *label;
} info_rows[] = {
	{ "name", "Name" }, { "title", "Title" },
	{ "description", "Description" }, { "uuid", "UUID" },
	{ "state", "State" }, { "reason", "State reason" },
	{ "mode", "Mode" }, { "engine", "Engine" },
	{ "vcpus", "vCPUs" }, { "machine", "Machine" },
	{ "kernel", "Kernel" }, { "initrd", "Initrd" },
	{ "cmdline", "Command line" }, { "id", "Id" },
	{ "pid", "Process" }, { "started", "Started" },
	{ "tty", "Terminal" }, { "on_poweroff", "On poweroff" },
	{ "on_reboot", "On reboot" }, { "on_crash", "On crash" },
	{ "autostart", "Autostart" }, { "crash_report", "Crash report" },
};

static void
print_row(const char *label, const char *text)
{
	char left[32];
	char clean[4096];

	snprintf(left, sizeof(left), "%s%s", label, label[0] ? ":" : "");
	text_clean(text, 0, clean, sizeof(clean));
	printf("%-14s %s\n", left, clean);
}

static void
print_exit(struct json_object *info)
{
	struct json_object *end = json_member(info, "exit");
	const char *detail = json_text(end, "detail", "");
	char text[1024];

	if (!end)
		return;
	snprintf(text, sizeof(text), "%s, %s%s%s%s",
	    json_text(end, "state", "?"), json_text(end, "reason", "?"),
	    detail[0] ? " (" : "", detail, detail[0] ? ")" : "");
	print_row("Last end", text);
}

static bool
is_on(const char *state)
{
	return !strncmp(state, "on", 2);
}

/* {"layer": "on" | "on (which)" | "off: why"}: what is on in one line. */
static void
print_sandbox(struct json_object *info)
{
	struct json_object *o = json_member(info, "sandbox");
	char on[512] = "";
	size_t used = 0;
	char text[512];

	if (!o)
		return;
	json_object_object_foreach(o, layer, v) {
		const char *state = json_object_get_string(v);

		if (is_on(state) && used < sizeof(on) - 80)
			used += (size_t)snprintf(on + used, sizeof(on) - used,
			    "%s%.30s%.40s", used ? " " : "", layer, state + 2);
	}
	print_row("Sealed by", used ? on : "nothing");
	json_object_object_foreach(o, name, value) {
		const char *state = json_object_get_string(value);

		snprintf(text, sizeof(text), "%s, %s", name, state);
		if (!is_on(state))
			print_row("Not sealed by", text);
	}
}

static void
print_owner(struct json_object *info)
{
	struct json_object *o = json_member(info, "owner");
	char text[64];

	if (!o)
		return;
	if (json_int(o, "gid", -1) >= 0)
		snprintf(text, sizeof(text), "user %" PRId64 ", group %" PRId64,
		    json_int(o, "uid", 0), json_int(o, "gid", 0));
	else
		snprintf(text, sizeof(text), "user %" PRId64,
		    json_int(o, "uid", 0));
	print_row("Owner", text);
}

static void
print_value(struct json_object *v, const char *label)
{
	const char *text;

	if (json_object_is_type(v, json_type_boolean))
		text = json_object_get_boolean(v) ? "yes" : "no";
	else
		text = json_object_get_string(v);
	if (text && text[0])
		print_row(label, text);
}

static void
print_info(struct json_object *info)
{
	struct json_object *v;
	char memory[32];
	size_t i;

	for (i = 0; i < ARRAY_LEN(info_rows); i++) {
		if (json_object_object_get_ex(info, info_rows[i].key, &v))
			print_value(v, info_rows[i].label);
	}
	text_memory((uint64_t)json_int(info, "memory", 0), memory,
	    sizeof(memory));
	print_row("Memory", memory);
	if (json_member(info, "cpu"))
		print_row("CPU model", json_text(json_member(info, "cpu"),
		    "model", "?"));
	print_row("Persistent", json_flag(info, "persistent") ? "yes" : "no");
	v = json_array(info, "reasons");
	for (i = 0; v && i < json_object_array_length(v); i++)
		print_row(i ? "" : "Mode reasons", json_object_get_string(
		    json_object_array_get_idx(v, i)));
	print_owner(info);
	print_sandbox(info);
	print_exit(info);
}

int
verb_dominfo(struct cli *cli, const struct args *a)
{
	struct json_object *result;
	int status;

	status = cli_ask(cli, "domain.info", cli_named(a->operand[0]),
	    &result);
	if (status)
		return status;
	if (cli->json)
		out_json(result);
	else
		print_info(result);
	json_object_put(result);
	return CLI_OK;
}

/* One member of domain.info, alone on its line; dflt where there is none. */
static int
one_word(struct cli *cli, const struct args *a, const char *key,
    const char *dflt)
{
	struct json_object *result, *o, *v;
	char clean[256];
	int status;

	status = cli_ask(cli, "domain.info", cli_named(a->operand[0]),
	    &result);
	if (status)
		return status;
	if (!json_object_object_get_ex(result, key, &v))
		v = NULL;
	if (cli->json) {
		o = json_object_new_object();
		json_object_object_add(o, key, json_object_get(v));
		out_json(o);
		json_object_put(o);
	} else {
		text_clean(v ? json_object_get_string(v) : dflt, 0, clean,
		    sizeof(clean));
		puts(clean);
	}
	json_object_put(result);
	return CLI_OK;
}

int
verb_domid(struct cli *cli, const struct args *a)
{
	return one_word(cli, a, "id", "-");
}

int
verb_domname(struct cli *cli, const struct args *a)
{
	return one_word(cli, a, "name", "");
}

int
verb_domuuid(struct cli *cli, const struct args *a)
{
	return one_word(cli, a, "uuid", "");
}

int
verb_vcpucount(struct cli *cli, const struct args *a)
{
	return one_word(cli, a, "vcpus", "");
}

int
verb_ttyconsole(struct cli *cli, const struct args *a)
{
	return one_word(cli, a, "tty", "");
}

int
verb_domstate(struct cli *cli, const struct args *a)
{
	bool color = text_color(cli, STDOUT_FILENO);
	struct json_object *result, *o;
	const char *state, *reason;
	int status;

	status = cli_ask(cli, "domain.info", cli_named(a->operand[0]),
	    &result);
	if (status)
		return status;
	state = json_text(result, "state", "?");
	reason = json_text(result, "reason", "");
	if (cli->json) {
		o = json_object_new_object();
		json_object_object_add(o, "state",
		    json_object_new_string(state));
		json_object_object_add(o, "reason",
		    json_object_new_string(reason));
		out_json(o);
		json_object_put(o);
	} else {
		printf("%s%s%s", text_style(color, text_state_style(state)),
		    state, text_style(color, PLAIN));
		if (args_get(a, "reason") && reason[0])
			printf(" (%s)", reason);
		putchar('\n');
	}
	json_object_put(result);
	return CLI_OK;
}
