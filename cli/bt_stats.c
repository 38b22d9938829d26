/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trivisor bt-stats': let the monitor sample its vCPUs for a moment, then show
 * where they were and what the translator has counted.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

#define MAX_PROFILE (60 * NS_PER_SEC)
#define MAX_TOP 100
/* More vCPUs than that do not fit beside each other. */
#define MAX_COLUMNS 4

struct wanted {
	ns_t profile;		/* 0: none */
	uint64_t top;
};

static int
parse(const struct args *a, struct wanted *w, struct err *e)
{
	const char *text = args_get(a, "profile");
	int rc = 0;

	*w = (struct wanted){ .profile = NS_PER_SEC, .top = 20 };
	if (text && !strcmp(text, "0"))
		w->profile = 0;
	else if (text)
		rc = duration_parse(text, &w->profile, e);
	if (!rc && w->profile > MAX_PROFILE)
		rc = err_set(e, ERR_INVALID_ARG, "profile: at most 60 s");
	if (!rc && args_get(a, "top"))
		rc = number_parse(args_get(a, "top"), MAX_TOP, &w->top, e);
	return rc;
}

static int
sample(struct cli *cli, const char *name, ns_t how_long, struct err *e)
{
	struct json_object *params = cli_named(name);
	/* A little longer, so that it is over when we look. */
	ns_t wait = how_long + NS_PER_SEC / 20;
	struct timespec ts = { .tv_sec = wait / NS_PER_SEC,
	    .tv_nsec = wait % NS_PER_SEC };
	int rc;

	json_object_object_add(params, "milliseconds",
	    json_object_new_int64(MAX(how_long / 1000000, 1)));
	rc = cli_call(cli, "domain.profile", params, NULL, NULL, e);
	while (!rc && nanosleep(&ts, &ts) && errno == EINTR)
		;
	return rc;
}

static int
ask(struct cli *cli, const char *name, int vcpu, uint64_t top,
    struct json_object **result, struct err *e)
{
	struct json_object *params = cli_named(name);

	json_object_object_add(params, "top",
	    json_object_new_int64((int64_t)top));
	if (vcpu >= 0)
		json_object_object_add(params, "vcpu",
		    json_object_new_int(vcpu));
	return cli_call(cli, "domain.bt_stats", params, result, NULL, e);
}

/* Counters have a dot in their names, or end in _ns; nothing else has. */
static bool
is_counter(const char *key)
{
	size_t n = strlen(key);

	return strchr(key, '.') || (n > 3 && !strcmp(key + n - 3, "_ns"));
}

/* Move the counters of an answer into an object of their own. */
static struct json_object *
take_counters(struct json_object *answer)
{
	struct json_object *counters = json_object_new_object();

	json_object_object_foreach(answer, key, value)
		if (is_counter(key))
			json_object_object_add(counters, key,
			    json_object_get(value));
	json_object_object_foreach(counters, name, unused) {
		(void)unused;
		json_object_object_del(answer, name);
	}
	return counters;
}

/* Give each object of a list its part of all samples that were not idle. */
static void
add_shares(struct json_object *list, int64_t busy)
{
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		struct json_object *v = json_object_new_double(busy ? 100.0 *
		    (double)json_int(o, "samples", 0) / (double)busy : 0.0);

		json_object_set_serializer(v,
		    json_object_double_to_json_string, "%.2f", NULL);
		json_object_object_add(o, "share", v);
	}
}

static double
share_of(struct json_object *o)
{
	struct json_object *v;

	return json_object_object_get_ex(o, "share", &v) ?
	    json_object_get_double(v) : 0.0;
}

/* The answer for all vCPUs, with each one's counters in "vcpus". */
static int
gather(struct cli *cli, const char *name, uint64_t top,
    struct json_object **result, struct err *e)
{
	struct json_object *list, *one;
	int64_t n;
	int rc = ask(cli, name, -1, top, result, e);

	if (rc)
		return rc;
	n = json_int(*result, "vcpus", 0);
	json_object_object_add(*result, "counters", take_counters(*result));
	list = json_object_new_array();
	json_object_object_add(*result, "vcpus", list);
	for (int64_t i = 0; i < n; i++) {
		rc = ask(cli, name, (int)i, 0, &one, e);
		if (rc) {
			json_object_put(*result);
			return rc;
		}
		json_object_array_add(list, take_counters(one));
		json_object_put(one);
	}
	return 0;
}

static void
print_profile(struct json_object *r, struct json_object *hot,
    struct json_object *parts)
{
	int64_t samples = json_int(r, "samples", 0);
	struct json_object *o;

	printf("%" PRId64 " samples, %" PRId64 " of them idle%s\n", samples,
	    json_int(r, "idle", 0), hot || parts ? "; shares of the others" :
	    "");
	if (hot)
		printf("\n  %6s  %3s  %-18s  %s\n", "SHARE", "CPL",
		    "GUEST ADDRESS", "HOTTEST AT");
	for (size_t i = 0; hot && i < json_object_array_length(hot); i++) {
		o = json_object_array_get_idx(hot, i);
		printf("  %5.1f%%  %3" PRId64 "  %-18s  +0x%" PRIx64 "\n",
		    share_of(o), json_int(o, "cpl", 0),
		    json_text(o, "rip", "?"), json_int(o, "offset", 0));
	}
	if (parts)
		printf("\n  %6s  %s\n", "SHARE", "NOT IN A TRANSLATION BUT IN");
	for (size_t i = 0; parts && i < json_object_array_length(parts); i++) {
		o = json_object_array_get_idx(parts, i);
		printf("  %5.1f%%  %s\n", share_of(o),
		    json_text(o, "part", "?"));
	}
}

static void
print_counters(struct json_object *counters, struct json_object *vcpus)
{
	size_t n = json_object_array_length(vcpus);

	if (n < 2 || n > MAX_COLUMNS)
		n = 0;
	printf("\n  %-28s %16s", "COUNTER", "TOTAL");
	for (size_t i = 0; i < n; i++)
		printf(" %13s%zu", "vCPU ", i);
	printf("\n");
	json_object_object_foreach(counters, key, value) {
		printf("  %-28s %16" PRId64, key, json_object_get_int64(value));
		for (size_t i = 0; i < n; i++) {
			struct json_object *one =
			    json_object_array_get_idx(vcpus, i);

			if (json_object_object_get_ex(one, key, NULL))
				printf(" %14" PRId64, json_int(one, key, 0));
		}
		printf("\n");
	}
}

static void
print(struct json_object *r, struct json_object *hot,
    struct json_object *parts)
{
	struct json_object *counters, *vcpus;
	int64_t ran, translating;

	json_object_object_get_ex(r, "counters", &counters);
	json_object_object_get_ex(r, "vcpus", &vcpus);
	ran = json_int(counters, "cpu_ns", 0);
	translating = json_int(counters, "bt.translate_ns", 0);
	printf("%s: %zu vCPU%s, %.2f s of processor time, %.1f %% of it "
	    "translating\n", json_text(r, "name", "?"),
	    json_object_array_length(vcpus),
	    json_object_array_length(vcpus) == 1 ? "" : "s", (double)ran / 1e9,
	    ran ? 100.0 * (double)translating / (double)ran : 0.0);
	print_profile(r, hot, parts);
	print_counters(counters, vcpus);
}

int
verb_bt_stats(struct cli *cli, const struct args *a)
{
	struct json_object *r = NULL, *hot = NULL, *parts = NULL;
	struct err e = { 0 };
	struct wanted w;
	int64_t busy;

	if (parse(a, &w, &e)) {
		return cli_misuse(cli, &e);
	}
	if (w.profile && sample(cli, a->operand[0], w.profile, &e))
		return cli_fail(cli, &e);
	if (gather(cli, a->operand[0], w.top, &r, &e))
		return cli_fail(cli, &e);
	json_object_object_get_ex(r, "hot", &hot);
	json_object_object_get_ex(r, "parts", &parts);
	busy = json_int(r, "samples", 0) - json_int(r, "idle", 0);
	add_shares(hot, busy);
	add_shares(parts, busy);
	if (cli->json)
		out_json(r);
	else
		print(r, hot, parts);
	json_object_put(r);
	return CLI_OK;
}
