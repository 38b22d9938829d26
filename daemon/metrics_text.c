/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics as text.  Each family is one row of a table: its name, what it
 * is, and where its value stands in a domain's row of counters.
 */
#include <dirent.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config.h"

#include "base/clock.h"
#include "daemon/metrics.h"

static const double bounds[METRICS_START_BUCKETS] = {
	0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
};

/* One sample of each domain's row that has the member. */
static const struct family {
	const char *name, *type, *help;
	const char *member;
	double scale;
} families[] = {
	{ "trivisor_vm_cpu_seconds_total", "counter",
	  "processor time of the domain's process", "cpu_ns", 1e-9 },
	{ "trivisor_vm_vcpu_seconds_total", "counter",
	  "processor time of the virtual CPUs' threads", "vcpu_ns", 1e-9 },
	{ "trivisor_vm_uptime_seconds", "gauge",
	  "time by the guest's clock since it was started", "uptime_ns", 1e-9 },
	{ "trivisor_vm_memory_bytes", "gauge",
	  "memory the guest has", "memory", 1 },
	{ "trivisor_vm_resident_bytes", "gauge",
	  "memory of the host the domain's process uses", "rss", 1 },
	{ "trivisor_vm_vcpus", "gauge", "virtual CPUs", "vcpus", 1 },
	{ "trivisor_vm_exits_total", "counter",
	  "returns of engines to the vCPU loop", "exits", 1 },
	{ "trivisor_vm_halts_total", "counter",
	  "times a virtual CPU slept", "halts", 1 },
	{ "trivisor_vm_interrupts_total", "counter",
	  "interrupts delivered", "interrupts", 1 },
	{ "trivisor_vm_translations_total", "counter",
	  "pieces of guest code translated", "translations", 1 },
};

/* ---- values --------------- */

static const char *
text_of(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ?
	    json_object_get_string(v) : "";
}

static void
head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* name="...", of which quotes, backslashes and line ends are escaped. */
static void
label(FILE *f, const char *key, const char *value)
{
	fprintf(f, "%s=\"", key);
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", f);
		else if (*value == '"' || *value == '\\')
			fprintf(f, "\\%c", *value);
		else
			fputc(*value, f);
	}
	fputc('"', f);
}

/* The labels every sample of a domain has. */
static void
sample(FILE *f, const char *name, struct json_object *row, const char *key,
    const char *value)
{
	static const char *const keys[] = { "name", "uuid", "mode" };
	size_t i;

	fprintf(f, "%s{", name);
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		if (i)
			fputc(',', f);
		label(f, keys[i], text_of(row, keys[i]));
	}
	if (key) {
		fputc(',', f);
		label(f, key, value);
	}
	fputs("} ", f);
}

static void
simple(FILE *f, const char *name, const char *type, const char *help,
    double v)
{
	head(f, name, type, help);
	fprintf(f, "%s %.15g\n", name, v);
}

/* ---- domains --------------- */

static void
write_family(FILE *f, const struct family *m, struct json_object *rows)
{
	struct json_object *v;
	size_t i;

	head(f, m->name, m->type, m->help);
	for (i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		if (!json_object_object_get_ex(row, m->member, &v))
			continue;
		sample(f, m->name, row, NULL, NULL);
		fprintf(f, "%.15g\n", (double)json_object_get_uint64(v) *
		    m->scale);
	}
}

static void
write_states(FILE *f, struct json_object *rows)
{
	struct json_object *row;
	size_t i;

	head(f, "trivisor_vm_state", "gauge",
	    "1 for the state the domain is in");
	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		sample(f, "trivisor_vm_state", row, "state",
		    text_of(row, "state"));
		fputs("1\n", f);
	}
	head(f, "trivisor_vm_stale", "gauge", "1 when its monitor did not "
	    "answer, and counters are missing");
	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		sample(f, "trivisor_vm_stale", row, NULL, NULL);
		fprintf(f, "%d\n", json_object_object_get_ex(row, "stale",
		    NULL));
	}
}

/* The engine's own counters, whatever they are called. */
static void
write_engines(FILE *f, struct json_object *rows)
{
	static const char name[] = "trivisor_vm_engine", prefix[] = "engine.";
	struct json_object *row, *stats;
	size_t i;

	head(f, name, "untyped", "counters of the engine, by its own names");
	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		if (!json_object_object_get_ex(row, "stats", &stats))
			continue;
		json_object_object_foreach(stats, key, v) {
			if (strncmp(key, prefix, sizeof(prefix) - 1))
				continue;
			sample(f, name, row, "counter",
			    key + sizeof(prefix) - 1);
			fprintf(f, "%" PRIu64 "\n", json_object_get_uint64(v));
		}
	}
}

/* ---- the daemon --------------- */

void
metrics_count_start(struct metrics_starts *s, ns_t took)
{
	size_t i;

	for (i = 0; i < METRICS_START_BUCKETS; i++)
		if ((double)took * 1e-9 <= bounds[i])
			s->bucket[i]++;
	s->count++;
	s->sum += took;
}

static void
write_starts(FILE *f, const struct metrics_starts *s)
{
	static const char name[] = "trivisor_vm_start_seconds";
	size_t i;

	head(f, name, "histogram",
	    "from the request to a monitor that is ready to run the guest");
	for (i = 0; i < METRICS_START_BUCKETS; i++)
		fprintf(f, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
		    bounds[i], s->bucket[i]);
	fprintf(f, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, s->count);
	fprintf(f, "%s_sum %.9g\n%s_count %" PRIu64 "\n", name,
	    (double)s->sum * 1e-9, name, s->count);
}

static unsigned
open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	/* Less ".", "..", and the one just used. */
	return n > 3 ? n - 3 : 0;
}

static void
write_process(FILE *f)
{
	unsigned long pages = 0;
	struct timespec ts = { 0 };
	char text[128];

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	simple(f, "process_cpu_seconds_total", "counter",
	    "processor time of the daemon",
	    (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9);
	if (file_read_text(-1, "/proc/self/statm", text, sizeof(text)) > 0 &&
	    sscanf(text, "%*u %lu", &pages) == 1)
		simple(f, "process_resident_memory_bytes", "gauge",
		    "memory of the daemon",
		    (double)pages * (double)sysconf(_SC_PAGESIZE));
	simple(f, "process_open_fds", "gauge", "descriptors of the daemon",
	    open_fds());
}

static void
write_daemon(FILE *f, const struct daemon *d)
{
	head(f, "trivisor_info", "gauge", "1, and what this daemon is");
	fprintf(f, "trivisor_info{version=\"%s\",instance=\"%s\"} 1\n",
	    PACKAGE_VERSION, d->instance);
	simple(f, "trivisor_domains", "gauge", "domains known", d->n_domains);
	simple(f, "trivisor_connections", "gauge", "clients connected",
	    d->n_conns);
	simple(f, "trivisor_connections_refused_total", "counter",
	    "clients turned away because there were too many",
	    (double)d->n_refused);
	simple(f, "trivisor_events_total", "counter", "events emitted",
	    (double)d->events.last_seq);
}

char *
metrics_text(const struct daemon *d, const struct metrics_starts *s,
    struct json_object *rows, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);
	size_t i;
	bool bad;

	if (!f)
		return NULL;
	write_daemon(f, d);
	write_process(f);
	write_starts(f, s);
	write_states(f, rows);
	for (i = 0; i < ARRAY_LEN(families); i++)
		write_family(f, &families[i], rows);
	write_engines(f, rows);
	bad = ferror(f);
	if (fclose(f) || bad) {
		free(text);
		return NULL;
	}
	return text;
}
