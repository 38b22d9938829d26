/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs: following one, listing them, giving one up.
 */
#include "cli/job.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/table.h"
#include "cli/text.h"

#define FIRST_WAIT_MS 500
#define NEXT_WAIT_MS 200

/* ---- progress --------------- */

struct meter {
	bool tty;
	bool drawn;		/* there is a line to wipe */
	int64_t told;		/* percent said last, in tens */
	ns_t began;
};

static int64_t
percent_of(struct json_object *job)
{
	struct json_object *p = json_member(job, "progress");
	int64_t total = json_int(p, "total", 0);

	return total > 0 ? json_int(p, "done", 0) * 100 / total : -1;
}

static void
meter_show(struct meter *m, struct json_object *job)
{
	int64_t percent = percent_of(job);
	double seconds = (double)(clock_now(&clock_host) - m->began) / 1e9;
	char phase[64];

	text_clean(json_text(job, "phase", json_text(job, "operation", "")),
	    60, phase, sizeof(phase));
	if (m->tty && percent >= 0) {
		dprintf(STDERR_FILENO, "\r\033[K%s %3" PRId64 "%% %.0f s",
		    phase, percent, seconds);
	} else if (m->tty) {
		dprintf(STDERR_FILENO, "\r\033[K%s %.0f s", phase, seconds);
	} else if (percent >= 0 && percent / 10 > m->told) {
		dprintf(STDERR_FILENO, "%s %" PRId64 "%%\n", phase, percent);
		m->told = percent / 10;
	}
	m->drawn = m->tty;
}

static void
meter_wipe(struct meter *m)
{
	if (m->drawn)
		dprintf(STDERR_FILENO, "\r\033[K");
}

/* ---- following --------------- */

static struct json_object *
job_named(const char *id)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "job", json_object_new_string(id));
	return o;
}

static bool
is_over(struct json_object *job)
{
	return strcmp(json_text(job, "state", ""), "running") != 0;
}

/* How it ended, as an error. */
static int
verdict(struct json_object *job, struct err *e)
{
	const char *state = json_text(job, "state", "?");
	struct json_object *error = json_member(job, "error");

	if (!strcmp(state, "done"))
		return 0;
	err_set(e, ERR_OPERATION_ABORTED, "%s",
	    json_text(error, "message", strcmp(state, "cancelled") ?
	    "it failed" : "it was cancelled"));
	if (error)
		e->code = (int)json_int(error, "code", ERR_OPERATION_FAILED);
	if (error && json_text(error, "hint", "")[0])
		err_hint(e, "%s", json_text(error, "hint", ""));
	return -ECANCELED;
}

int
job_follow(struct cli *cli, struct json_object *result,
    struct json_object **job, struct err *e)
{
	struct json_object *named = json_member(result, "job");
	struct meter m = { .began = clock_now(&clock_host),
	    .tty = isatty(STDERR_FILENO) };
	struct json_object *o = NULL, *params;
	char id[64];
	int wait = FIRST_WAIT_MS;
	int rc;

	snprintf(id, sizeof(id), "%s", named ? json_text(named, "id", "") :
	    json_text(result, "job", ""));
	for (;;) {
		params = job_named(id);
		json_object_object_add(params, "timeout_ms",
		    json_object_new_int(wait));
		rc = cli_call(cli, "job.wait", params, &o, NULL, e);
		if (rc || is_over(o))
			break;
		if (!cli->json)
			meter_show(&m, o);
		json_object_put(o);
		wait = NEXT_WAIT_MS;
	}
	meter_wipe(&m);
	if (!rc)
		rc = verdict(o, e);
	if (job)
		*job = o;
	else
		json_object_put(o);
	return rc;
}

/* ---- the verbs --------------- */

static void
domain_cell(struct json_object *row, char *buf, size_t size)
{
	snprintf(buf, size, "%s",
	    json_text(json_member(row, "domain"), "name", ""));
}

static void
progress_cell(struct json_object *row, char *buf, size_t size)
{
	int64_t percent = percent_of(row);

	if (percent >= 0)
		snprintf(buf, size, "%" PRId64 "%%", percent);
}

static const struct column columns[] = {
	{ "id", "JOB", false, false, NULL },
	{ "domain", "DOMAIN", false, false, domain_cell },
	{ "operation", "OPERATION", false, false, NULL },
	{ "state", "STATE", false, false, NULL },
	{ "phase", "PHASE", false, false, NULL },
	{ "progress", "PROGRESS", true, false, progress_cell },
	{ "started", "STARTED", false, false, NULL },
	{ "ended", "ENDED", false, true, NULL },
	{ .key = NULL },
};

static void
print_job(struct json_object *job)
{
	static const struct {
		const char *key;
		const char *label;
	} rows[] = {
		{ "id", "Job" }, { "operation", "Operation" },
		{ "state", "State" }, { "phase", "Phase" },
		{ "started", "Started" }, { "ended", "Ended" },
	};
	struct json_object *p = json_member(job, "progress");
	struct json_object *error = json_member(job, "error");
	char clean[512];
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		text_clean(json_text(job, rows[i].key, ""), 0, clean,
		    sizeof(clean));
		if (clean[0])
			printf("%-12s %s\n", rows[i].label, clean);
	}
	printf("%-12s %s\n", "Domain",
	    json_text(json_member(job, "domain"), "name", "-"));
	if (p)
		printf("%-12s %" PRId64 " of %" PRId64 " %s\n", "Progress",
		    json_int(p, "done", 0), json_int(p, "total", 0),
		    json_text(p, "unit", ""));
	if (error) {
		text_clean(json_text(error, "message", ""), 0, clean,
		    sizeof(clean));
		printf("%-12s %s\n", "Error", clean);
	}
}

/*
 * The job that word means: its id, or a domain whose latest job it then is
 * (of those that run, where running is set).  *job is the caller's.
 */
static int
find_job(struct cli *cli, const char *word, bool running,
    struct json_object **job, struct err *e)
{
	struct json_object *result, *list, *row;
	size_t i;
	int rc;

	*job = NULL;
	if (!cli_call(cli, "job.get", job_named(word), job, NULL, e))
		return 0;
	*e = (struct err){ 0 };
	rc = cli_call(cli, "job.list", cli_named(word), &result, NULL, e);
	if (rc)
		return rc;
	list = json_array(result, "jobs");
	for (i = list ? json_object_array_length(list) : 0; i && !*job; i--) {
		row = json_object_array_get_idx(list, i - 1);
		if (!running || !is_over(row))
			*job = json_object_get(row);
	}
	json_object_put(result);
	if (*job)
		return 0;
	return err_set(e, ERR_OPERATION_INVALID, "domain %s: no job%s", word,
	    running ? " is running" : "");
}

int
verb_job_info(struct cli *cli, const struct args *a)
{
	struct json_object *result;
	struct err e = { 0 };
	struct table t;
	int status;

	if (table_init(&t, cli, a, columns, &e))
		return cli_misuse(cli, &e);
	t.name_key = "id";
	if (!a->n_operands) {
		status = cli_ask(cli, "job.list", NULL, &result);
		if (status)
			return status;
		table_print(&t, cli, result, "jobs");
	} else {
		if (find_job(cli, a->operand[0], false, &result, &e))
			return cli_fail(cli, &e);
		if (t.format == FORMAT_JSON)
			out_json(result);
		else
			print_job(result);
	}
	json_object_put(result);
	return CLI_OK;
}

int
verb_job_abort(struct cli *cli, const struct args *a)
{
	struct json_object *job, *result;
	struct err e = { 0 };
	int status;

	if (find_job(cli, a->operand[0], true, &job, &e))
		return cli_fail(cli, &e);
	status = cli_ask(cli, "job.cancel", job_named(json_text(job, "id",
	    "")), &result);
	json_object_put(job);
	if (status)
		return status;
	if (cli->json)
		out_json(result);
	else
		printf("job %s %s\n", json_text(result, "id", "?"),
		    json_text(result, "state", "?"));
	json_object_put(result);
	return CLI_OK;
}
