/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `top': the domains and what they use, again and again.  On a terminal it
 * has the screen for itself and listens to keys; elsewhere, and with --batch,
 * it prints one table after the other.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/table.h"
#include "cli/term.h"
#include "cli/text.h"

#define INTERVAL (2 * NS_PER_SEC)
#define LEAST_INTERVAL (NS_PER_SEC / 10)

struct sort {
	const char *name;
	char key;		/* on the keyboard */
	const char *member;
	bool text;
};

struct top {
	struct cli *cli;
	struct table table;
	const struct sort *sort;
	ns_t interval;
	uint64_t rounds;		/* 0: until somebody ends it */
	bool batch, reverse;
	struct json_object *last;	/* owned: the sample before */
	ns_t last_time;
	struct term term;
};

static const struct sort sorts[] = {
	{ "cpu", 'c', "cpu_percent", false },
	{ "memory", 'm', "rss", false },
	{ "exits", 'e', "exits_per_s", false },
	{ "translations", 't', "translations", false },
	{ "name", 'n', "name", true },
	{ "state", 's', "state", true },
};

static volatile sig_atomic_t got_signal;

/* ---- cells --------------- */

static double
get_double(struct json_object *row, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(row, key, &v) ?
	    json_object_get_double(v) : -1;
}

static void
number_cell(struct json_object *row, const char *key, int digits, char *buf,
    size_t size)
{
	double v = get_double(row, key);

	if (v >= 0)
		snprintf(buf, size, "%.*f", digits, v);
}

static void
cpu_cell(struct json_object *row, char *buf, size_t size)
{
	number_cell(row, "cpu_percent", 1, buf, size);
}

static void
exits_cell(struct json_object *row, char *buf, size_t size)
{
	number_cell(row, "exits_per_s", 0, buf, size);
}

static void
new_cell(struct json_object *row, char *buf, size_t size)
{
	number_cell(row, "translations_per_s", 0, buf, size);
}

static void
rss_cell(struct json_object *row, char *buf, size_t size)
{
	if (json_int(row, "rss", 0))
		text_bytes((uint64_t)json_int(row, "rss", 0), buf, size);
}

static void
memory_cell(struct json_object *row, char *buf, size_t size)
{
	text_memory((uint64_t)json_int(row, "memory", 0), buf, size);
}

/* One whose monitor does not answer is shown as that. */
static void
state_cell(struct json_object *row, char *buf, size_t size)
{
	snprintf(buf, size, "%s", json_flag(row, "stale") ? "no answer" :
	    json_text(row, "state", "?"));
}

static const struct column columns[] = {
	{ "name", "NAME", false, false, NULL },
	{ "state", "STATE", false, false, state_cell },
	{ "mode", "MODE", false, false, NULL },
	{ "vcpus", "VCPUS", true, false, NULL },
	{ "cpu_percent", "%CPU", true, false, cpu_cell },
	{ "rss", "USED", true, false, rss_cell },
	{ "memory", "MEMORY", true, false, memory_cell },
	{ "exits_per_s", "EXITS/S", true, false, exits_cell },
	{ "translations", "TRANSLATED", true, false, NULL },
	{ "translations_per_s", "NEW/S", true, false, new_cell },
	{ "id", "ID", true, true, NULL },
	{ "uuid", "UUID", false, true, NULL },
	{ "pid", "PID", true, true, NULL },
	{ "engine", "ENGINE", false, true, NULL },
	{ .key = NULL },
};

/* ---- samples --------------- */

/* The same run of the same domain in the sample before; or NULL. */
static struct json_object *
row_before(const struct top *t, struct json_object *row)
{
	struct json_object *rows = json_array(t->last, "domains"), *r;
	size_t i;

	for (i = 0; rows && i < json_object_array_length(rows); i++) {
		r = json_object_array_get_idx(rows, i);
		if (!strcmp(json_text(r, "uuid", ""),
		    json_text(row, "uuid", "?")) &&
		    json_int(r, "id", 0) == json_int(row, "id", 0))
			return r;
	}
	return NULL;
}

static void
add_rate(struct json_object *row, struct json_object *before,
    const char *counter, const char *rate, double per)
{
	struct json_object *v;
	int64_t now = json_int(row, counter, -1);
	int64_t then = json_int(before, counter, -1);

	if (now < 0 || then < 0 || now < then)
		return;
	v = json_object_new_double((double)(now - then) * per);
	json_object_set_serializer(v, json_object_double_to_json_string,
	    "%.2f", NULL);
	json_object_object_add(row, rate, v);
}

static void
add_rates(struct top *t, struct json_object *result, ns_t now)
{
	struct json_object *rows = json_array(result, "domains");
	struct json_object *row, *before;
	double per_s = (double)NS_PER_SEC / (double)MAX(now - t->last_time, 1);
	size_t i;

	for (i = 0; rows && i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		before = t->last ? row_before(t, row) : NULL;
		if (!before)
			continue;
		/* Nanoseconds in a second, as a percentage of one CPU. */
		add_rate(row, before, "cpu_ns", "cpu_percent", per_s / 1e7);
		add_rate(row, before, "exits", "exits_per_s", per_s);
		add_rate(row, before, "translations", "translations_per_s",
		    per_s);
	}
}

/* qsort() has no argument of its own for this. */
static const struct top *sorting;

static int
compare(const void *a, const void *b)
{
	struct json_object *x = *(struct json_object *const *)a;
	struct json_object *y = *(struct json_object *const *)b;
	const char *key = sorting->sort->member;
	int order = 0;

	if (sorting->sort->text) {
		order = strcmp(json_text(x, key, ""), json_text(y, key, ""));
	} else {
		double u = get_double(x, key), v = get_double(y, key);

		order = u < v ? 1 : u > v ? -1 : 0;
	}
	if (sorting->reverse)
		order = -order;
	return order ? order : strcmp(json_text(x, "name", ""),
	    json_text(y, "name", ""));
}

static void
sort_rows(struct top *t, struct json_object *result)
{
	struct json_object *rows = json_array(result, "domains");

	sorting = t;
	if (rows)
		json_object_array_sort(rows, compare);
}

static int
take_sample(struct top *t, struct json_object **result, struct err *e)
{
	struct json_object *params = json_object_new_object();
	struct json_object *none = json_object_new_array();
	ns_t now;
	int rc;

	/* No counters by libvirt's names: the rows are enough. */
	json_object_object_add(params, "groups", none);
	rc = cli_call(t->cli, "domain.stats_all", params, result, NULL, e);
	if (rc)
		return rc;
	now = clock_now(&clock_host);
	add_rates(t, *result, now);
	json_object_put(t->last);
	t->last = json_object_get(*result);
	t->last_time = now;
	sort_rows(t, *result);
	return 0;
}

/* ---- the screen --------------- */

static void
on_signal(int sig)
{
	got_signal = sig;
}

static void
catch_signals(void)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGINT, SIGWINCH };
	/* No SA_RESTART: waiting ends with them. */
	struct sigaction sa = { .sa_handler = on_signal };
	size_t i;

	for (i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &sa, NULL);
}

static unsigned
screen_rows(void)
{
	struct winsize ws = { 0 };

	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_row ?
	    ws.ws_row : 24;
}

static void
print_head(const struct top *t, struct json_object *rows)
{
	size_t n = rows ? json_object_array_length(rows) : 0;
	unsigned running = 0;
	double cpu = 0;
	char clock[16];
	struct tm tm;
	time_t now = time(NULL);
	size_t i;

	for (i = 0; i < n; i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		running += !strcmp(json_text(row, "state", ""), "running");
		cpu += MAX(get_double(row, "cpu_percent"), 0.0);
	}
	localtime_r(&now, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	printf("%s  %zu domains, %u running, %.1f%% CPU, by %s%s\n", clock, n,
	    running, cpu, t->sort->name, t->reverse ? " reversed" : "");
	printf("q quit, r reverse, sort by: c %%cpu, m memory, e exits, "
	    "t translations, n name, s state\n");
}

static void
draw(const struct top *t, struct json_object *result)
{
	struct json_object *rows = json_array(result, "domains");
	struct json_object *shown = json_object_new_object();
	struct json_object *list = json_object_new_array();
	size_t room = MAX(screen_rows(), 6u) - 4;
	size_t n = rows ? json_object_array_length(rows) : 0;
	size_t i;

	for (i = 0; i < n && i < room; i++)
		json_object_array_add(list, json_object_get(
		    json_object_array_get_idx(rows, i)));
	json_object_object_add(shown, "domains", list);
	printf("\033[2J\033[H");
	print_head(t, rows);
	table_print(&t->table, t->cli, shown, "domains");
	fflush(stdout);
	json_object_put(shown);
}

/* What a key changes; false ends it all. */
static bool
take_key(struct top *t, char key)
{
	size_t i;

	if (key == 'q' || key == 'Q' || key == 3 || key == 4)
		return false;
	if (key == 'r')
		t->reverse = !t->reverse;
	for (i = 0; i < ARRAY_LEN(sorts); i++) {
		if (sorts[i].key == key)
			t->sort = &sorts[i];
	}
	return true;
}

/* Until the next round; false when it was the last. */
static bool
wait_screen(struct top *t, ns_t interval)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	char keys[32];
	ssize_t n, i;
	int rc;

	rc = poll(&p, 1, (int)(interval / 1000000));
	if (got_signal == SIGWINCH)
		got_signal = 0;
	if (got_signal || ferror(stdout))
		return false;
	if (rc <= 0)
		return true;
	n = read(STDIN_FILENO, keys, sizeof(keys));
	for (i = 0; i < n; i++) {
		if (!take_key(t, keys[i]))
			return false;
	}
	return n > 0;
}

static int
run_screen(struct top *t, struct err *e)
{
	struct json_object *result;
	uint64_t round = 0;
	/* Rates need two samples; the first two come soon. */
	ns_t wait = NS_PER_SEC / 2;
	int rc;

	catch_signals();
	/* The other screen, no cursor. */
	printf("\033[?1049h\033[?25l");
	do {
		rc = take_sample(t, &result, e);
		if (rc)
			break;
		draw(t, result);
		json_object_put(result);
		if (++round == t->rounds)
			break;
		wait = round > 1 ? t->interval : MIN(wait, t->interval);
	} while (wait_screen(t, wait));
	printf("\033[?25h\033[?1049l");
	fflush(stdout);
	term_restore(&t->term);
	return rc;
}

/* ---- without a screen --------------- */

static int
run_batch(struct top *t, struct err *e)
{
	struct timespec ts = { .tv_sec = t->interval / NS_PER_SEC,
	    .tv_nsec = t->interval % NS_PER_SEC };
	struct json_object *result;
	uint64_t round;
	int rc;

	/* Rates need two samples: the first is only for them. */
	rc = take_sample(t, &result, e);
	if (!rc)
		json_object_put(result);
	for (round = 0; !rc && !ferror(stdout) && (!t->rounds ||
	    round < t->rounds); round++) {
		nanosleep(&ts, NULL);
		rc = take_sample(t, &result, e);
		if (rc)
			return rc;
		if (round && t->table.format == FORMAT_TABLE)
			putchar('\n');
		if (t->table.format == FORMAT_JSON)
			out_json_line(result);
		else
			table_print(&t->table, t->cli, result, "domains");
		fflush(stdout);
		json_object_put(result);
	}
	return rc;
}

/* ---- the verb --------------- */

static int
parse(struct top *t, const struct args *a, struct err *e)
{
	const char *sort = args_get(a, "sort");
	const char *text;
	size_t i;

	if (table_init(&t->table, t->cli, a, columns, e))
		return -EINVAL;
	text = args_get(a, "interval");
	if (text && duration_parse(text, &t->interval, e))
		return -EINVAL;
	t->interval = MAX(t->interval, LEAST_INTERVAL);
	text = args_get(a, "iterations");
	if (text && number_parse(text, UINT32_MAX, &t->rounds, e))
		return -EINVAL;
	for (i = 0; sort && i < ARRAY_LEN(sorts); i++) {
		if (!strcmp(sorts[i].name, sort))
			break;
	}
	if (sort && i == ARRAY_LEN(sorts)) {
		err_set(e, ERR_INVALID_ARG, "--sort \"%.32s\" is not known",
		    sort);
		err_hint(e, "use cpu, memory, exits, translations, name or "
		    "state");
		return -EINVAL;
	}
	t->sort = &sorts[sort ? i : 0];
	t->reverse = args_get(a, "reverse");
	t->batch = args_get(a, "batch") || t->table.format != FORMAT_TABLE ||
	    !isatty(STDOUT_FILENO);
	return 0;
}

int
verb_top(struct cli *cli, const struct args *a)
{
	struct top t = { .cli = cli, .interval = INTERVAL, .term.fd = -1 };
	struct err e = { 0 };
	int rc;

	if (parse(&t, a, &e))
		return cli_misuse(cli, &e);
	/* Connected before the screen is taken: an error is seen so. */
	rc = cli_connect(cli, &e);
	if (!rc && (t.batch || !term_raw(&t.term, STDIN_FILENO)))
		rc = run_batch(&t, &e);
	else if (!rc)
		rc = run_screen(&t, &e);
	json_object_put(t.last);
	if (rc)
		return cli_fail(cli, &e);
	if (got_signal && got_signal != SIGINT) {
		signal(got_signal, SIG_DFL);
		raise(got_signal);
	}
	return CLI_OK;
}
