/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a run ended: from the monitor's report, its exit status where it was our
 * child, and what we did to it ourselves.  Whatever was not said in so many
 * words is a crash.  Events that went down with it are told as lost.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/monitor.h"
#include "daemon/note.h"

void
events_lost(struct domain *dom, uint64_t from, uint64_t to)
{
	struct json_object *o = json_object_new_object();

	/* Without a beginning nobody knows how many. */
	if (from)
		json_object_object_add(o, "from",
		    json_object_new_uint64(from));
	json_object_object_add(o, "to", json_object_new_uint64(to));
	event_emit(dom->daemon, "domain.events_lost", dom->name, dom->uuid, o);
}

/* The report's last number against what was told of this domain. */
static void
look_for_lost(struct domain *dom, const struct ctl_msg *report, bool known,
    uint64_t seen, bool ended)
{
	uint64_t last = 0;

	if (!ctl_get_u64(report, "seq", &last)) {
		/* Nobody knows what it had still to say. */
		events_lost(dom, known ? seen + 1 : 0, 0);
		return;
	}
	if (!known)
		events_lost(dom, 0, last);
	/* The last one is its end, which is told as such. */
	else if (last > seen + ended)
		events_lost(dom, seen + 1, last - ended);
}

static void
say(struct domain_exit *x, enum domain_state state, const char *reason,
    const char *detail)
{
	x->state = state;
	snprintf(x->reason, sizeof(x->reason), "%s", reason);
	snprintf(x->detail, sizeof(x->detail), "%s", detail);
}

static void
killed_by(struct domain_exit *x, int sig)
{
	char text[160];

	snprintf(text, sizeof(text), "monitor killed by signal %d (%s)%s", sig,
	    strsignal(sig), sig == SIGKILL ? ": by somebody, or by the kernel "
	    "for lack of memory" : sig == SIGSYS ? ": seccomp ended it for a "
	    "system call that it may not make; the kernel's log has its number"
	    : "");
	say(x, DOMAIN_CRASHED, sig == SIGSYS ? "seccomp" : "killed", text);
}

/* Nothing was said; status is of wait(2), -1 unknown. */
static void
guess(struct domain_exit *x, enum report_kind kind, int status)
{
	char text[160];

	if (status >= 0 && WIFSIGNALED(status)) {
		killed_by(x, WTERMSIG(status));
	} else if (kind == REPORT_STARTING) {
		say(x, DOMAIN_SHUTOFF, "failed", "its monitor ended before it "
		    "was ready");
	} else if (status >= 0) {
		snprintf(text, sizeof(text), "the monitor left without a last "
		    "word; exit status %d", WEXITSTATUS(status));
		say(x, DOMAIN_CRASHED, "failed", text);
	} else {
		say(x, DOMAIN_CRASHED, "killed", "the monitor vanished without "
		    "a last word: killed by somebody, or by the kernel for "
		    "lack of memory");
	}
}

void
exit_of_dead(struct daemon *d, struct domain *dom, int dir_fd,
    struct domain_exit *x)
{
	enum domain_state state;
	struct ctl_msg report;
	enum report_kind kind = run_dir_report(dir_fd, x, &report);
	uint64_t seen = 0;
	bool known = seen_read(dir_fd, &seen, &state);

	if (kind != REPORT_END)
		guess(x, kind, -1);
	look_for_lost(dom, &report, known, seen, kind == REPORT_END);
	if (x->state == DOMAIN_CRASHED)
		crash_write(d, dom, x, &report);
}

void
exit_of_monitor(struct monitor *m, struct domain_exit *x)
{
	int dir = run_dir_open(m->d, m->dom->uuid, false);
	enum report_kind kind = REPORT_NONE;
	struct ctl_msg report;
	int status = m->status;

	ctl_msg_init(&report, CTL_OK, 0);
	memset(x, 0, sizeof(*x));
	x->valid = true;
	if (dir >= 0)
		kind = run_dir_report(dir, x, &report);
	if (m->start_err.code)
		say(x, DOMAIN_SHUTOFF, "failed", m->start_err.msg);
	else if (m->destroying)
		say(x, DOMAIN_SHUTOFF, "destroyed", "");
	else if (kind != REPORT_END)
		guess(x, kind, status);
	if (m->ready)
		look_for_lost(m->dom, &report, true, m->seen,
		    kind == REPORT_END);
	if (x->state == DOMAIN_CRASHED)
		crash_write(m->d, m->dom, x, &report);
	if (dir >= 0)
		close(dir);
}
