/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `event': what the daemon tells, one line each, as it happens.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "api/client.h"
#include "api/events.h"
#include "base/clock.h"
#include "cli/text.h"

struct watch {
	struct cli *cli;
	const struct args *args;
	ns_t deadline;		/* 0: none */
	uint64_t since;
	bool loop, replay;
};

static void
print_types(void)
{
	size_t i;

	for (i = 0; i < api_n_events; i++)
		printf("%-18s %s\n", api_events[i].name, api_events[i].doc);
}

/* "lifecycle" is "domain.lifecycle", as in virsh; NULL: no such thing. */
static const char *
whole_name(const char *word)
{
	size_t i;

	if (event_pattern_ok(word))
		return word;
	for (i = 0; i < api_n_events; i++) {
		if (!strcmp(strchr(api_events[i].name, '.') + 1, word))
			return api_events[i].name;
	}
	return NULL;
}

/* Types and patterns ("job.*"), commas between. */
static int
type_list(const char *text, struct json_object *list, struct err *e)
{
	const char *name;
	char word[40];
	size_t n;

	for (; *text; text += n + (text[n] == ',')) {
		n = strcspn(text, ",");
		snprintf(word, sizeof(word), "%.*s", (int)n, text);
		name = n < sizeof(word) ? whole_name(word) : NULL;
		if (!name) {
			err_set(e, ERR_INVALID_ARG,
			    "there are no events \"%s\"", word);
			err_hint(e, "`trivisor event --list' lists them");
			return -EINVAL;
		}
		json_object_array_add(list, json_object_new_string(name));
	}
	return 0;
}

static int
subscribe(const struct watch *w, const char *name, struct err *e)
{
	struct json_object *params = json_object_new_object();
	const char *text = args_get(w->args, "event");
	struct json_object *list;

	if (name)
		json_object_object_add(params, "domain",
		    json_object_new_string(name));
	if (text) {
		list = json_object_new_array();
		json_object_object_add(params, "types", list);
		if (type_list(text, list, e)) {
			json_object_put(params);
			return -EINVAL;
		}
	}
	text = args_get(w->args, "instance");
	if (text)
		json_object_object_add(params, "instance",
		    json_object_new_string(text));
	if (w->replay)
		json_object_object_add(params, "since_seq",
		    json_object_new_int64((int64_t)w->since));
	return cli_call(w->cli, "events.subscribe", params, NULL, NULL, e);
}

/* The members of data on one line: "from=running to=paused reason=user". */
static void
print_data(struct json_object *data)
{
	char clean[512];

	if (!data)
		return;
	json_object_object_foreach(data, key, v) {
		/* Whole tables of counters are for programs. */
		if (!v || json_object_is_type(v, json_type_object) ||
		    json_object_is_type(v, json_type_array))
			continue;
		text_clean(json_object_get_string(v), 0, clean,
		    sizeof(clean));
		if (strchr(clean, ' '))
			printf(" %s=\"%s\"", key, clean);
		else
			printf(" %s=%s", key, clean);
	}
}

static void
print_event(const struct watch *w, struct json_object *event)
{
	const char *name = json_text(json_member(event, "domain"), "name", "-");
	const char *type = json_text(event, "type", "?");

	if (w->cli->json) {
		out_json_line(event);
		return;
	}
	if (!strcmp(type, "events.lost")) {
		printf("- events.lost from=%" PRId64 " to=%" PRId64
		    " reason=%s\n", json_int(event, "from", 0),
		    json_int(event, "to", 0),
		    json_text(event, "reason", "?"));
		fflush(stdout);
		return;
	}
	if (args_get(w->args, "timestamp"))
		printf("%s ", json_text(event, "time", "?"));
	printf("%" PRId64 " %s %s", json_int(event, "seq", 0),
	    type, name);
	print_data(json_member(event, "data"));
	putchar('\n');
	fflush(stdout);
}

static int
watch(struct watch *w, struct err *e)
{
	struct json_object *event;
	ns_t left;
	int rc;

	while (!ferror(stdout)) {
		left = w->deadline ? w->deadline - clock_now(&clock_host) :
		    3600 * NS_PER_SEC;
		if (left <= 0) {
			err_set(e, ERR_OPERATION_TIMEOUT, "the time is up");
			return -ETIMEDOUT;
		}
		rc = client_event(w->cli->client, &event,
		    (int)MIN(left / 1000000 + 1, 3600 * 1000), e);
		if (rc < 0)
			return rc;
		if (!rc)
			continue;
		print_event(w, event);
		json_object_put(event);
		if (!w->loop)
			return 0;
	}
	return 0;
}

int
verb_event(struct cli *cli, const struct args *a)
{
	const char *timeout = args_get(a, "timeout");
	const char *since = args_get(a, "since");
	struct watch w = { .cli = cli, .args = a,
	    .loop = args_get(a, "loop"), .replay = since };
	struct json_object *list = json_object_new_array();
	struct err e = { 0 };
	ns_t limit = 0;
	int rc;

	if (args_get(a, "list")) {
		json_object_put(list);
		print_types();
		return CLI_OK;
	}
	rc = args_get(a, "event") ? type_list(args_get(a, "event"), list, &e) :
	    0;
	json_object_put(list);
	if (rc || (timeout && duration_parse(timeout, &limit, &e)) ||
	    (since && number_parse(since, INT64_MAX, &w.since, &e)))
		return cli_misuse(cli, &e);
	if (limit)
		w.deadline = clock_now(&clock_host) + limit;
	if (subscribe(&w, a->n_operands ? a->operand[0] : NULL, &e) ||
	    watch(&w, &e))
		return cli_fail(cli, &e);
	return CLI_OK;
}
