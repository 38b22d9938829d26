/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the report (vm/report.h) says: how the VM stands, at each change of its
 * state, and how it ended.  Whoever is killed without a last word leaves the
 * one before: what it was doing, and how many events it had had.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "monitor/monitor.h"

struct text {
	char s[REPORT_TEXT_MAX];
	size_t n;
};

/* Counters come last and as far as they fit. */
static void
add_counter(void *ctx, const char *name, uint64_t value)
{
	struct text *t = ctx;
	size_t room = sizeof(t->s) - t->n;
	int n = snprintf(t->s + t->n, room, "stat.%s=%" PRIu64 "\n", name,
	    value);

	if (n > 0 && (size_t)n < room)
		t->n += (size_t)n;
}

static void
one_line(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == '%' || *s == 0x7f)
			*s = ' ';
}

static void
write_text(const struct monitor *mon, struct text *t)
{
	char detail[sizeof(mon->detail)];
	char code[32] = "";
	int n;

	memcpy(detail, mon->detail, sizeof(detail));
	one_line(detail);
	if (mon->has_code)
		snprintf(code, sizeof(code), "exit_code=%u\n", mon->exit_code);
	n = snprintf(t->s, sizeof(t->s), "state=%s\nreason=%s\n%s"
	    "detail=%s\nseq=%" PRIu64 "\nrequest=%s\nrequest_job=%s\n",
	    run_state_name(mon->state), mon->reason, code, detail,
	    mon->events.last, request_name(mon->asked.then), mon->asked.job);
	t->n = n > 0 ? MIN((size_t)n, sizeof(t->s) - 1) : 0;
	stats_engines(mon->m, ALL_VCPUS, add_counter, t);
}

void
report_now(struct monitor *mon)
{
	struct text t;
	int rc;

	if (mon->report.fd < 0)
		return;
	write_text(mon, &t);
	rc = report_put(&mon->report, t.s, t.n);
	if (rc)
		log_line(LOG_ERR, "what=report error=\"%s\"", strerror(-rc));
}
