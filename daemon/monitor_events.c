/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a monitor says of its own accord, told to subscribers once and in
 * order, and what is put down for the next daemon.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/monitor.h"
#include "daemon/note.h"
#include "daemon/power.h"

/* Those that come twice are dropped, those that do not come are missed. */
static bool
is_new(struct monitor *m, const struct ctl_msg *msg)
{
	uint64_t seq = 0, from = 0;
	char what[32];

	if (!ctl_get_u64(msg, "seq", &seq) || seq <= m->seen)
		return false;
	from = m->seen + 1;
	m->seen = seq;
	if (ctl_get(msg, "what", what, sizeof(what)) && !strcmp(what, "lost")) {
		events_lost(m->dom, from, seq);
		return false;
	}
	if (seq > from)
		events_lost(m->dom, from, seq - 1);
	return true;
}

/* What the next daemon need not tell again. */
void
monitor_note_seen(struct monitor *m)
{
	if (m->seen_fd >= 0 &&
	    seen_write(m->seen_fd, m->seen, m->dom->state))
		log_line(LOG_WARN, "monitor: vm=%s what=seen", m->dom->name);
}

static void
tell_event(struct monitor *m, const struct ctl_msg *msg)
{
	enum domain_state state = m->dom->state;
	char what[32] = "", text[32] = "", reason[32] = "", detail[512] = "";

	(void)ctl_get(msg, "what", what, sizeof(what));
	(void)ctl_get(msg, "state", text, sizeof(text));
	(void)ctl_get(msg, "reason", reason, sizeof(reason));
	(void)ctl_get(msg, "detail", detail, sizeof(detail));
	if (!domain_state_parse(text, &state) && what[0]) {
		struct json_object *data = ask_json(m, msg);

		event_emit(m->d, "domain.monitor", m->dom->name, m->dom->uuid,
		    data);
		return;
	}
	/* A VM that is off is over when its monitor is. */
	if (m->destroying || state == DOMAIN_STARTING ||
	    (state == DOMAIN_SHUTOFF && strcmp(what, "preserved")))
		return;
	if (!strcmp(what, "reset"))
		power_reset(m->dom);
	domain_set_state(m->d, m->dom, state, reason[0] ? reason : what,
	    detail);
}

void
monitor_take_event(struct monitor *m, const struct ctl_msg *msg)
{
	if (!is_new(m, msg))
		return;
	tell_event(m, msg);
	monitor_note_seen(m);
}

/* Hints for the next daemon, now that the process is known. */
void
monitor_note_run(struct monitor *m)
{
	int dir = run_dir_open(m->d, m->dom->uuid, false);
	struct err e = { 0 };

	if (dir < 0 || note_write(dir, m->dom, m->pid, &e))
		log_line(LOG_WARN, "monitor: vm=%s what=note error=\"%s\"",
		    m->dom->name, e.msg);
	monitor_note_seen(m);
	if (dir >= 0)
		close(dir);
}

void
monitor_note(struct domain *dom)
{
	struct monitor *m = dom->monitor;
	struct err e = { 0 };
	struct ctl_msg msg;

	if (!m || !m->ready)
		return;
	monitor_note_run(m);
	if (m->minor < 1)
		return;
	ctl_msg_init(&msg, CTL_DEFINITION, 0);
	if (note_memfd(dom, &msg.fd, &e) ||
	    monitor_ask(dom, &msg, NULL, NULL, &e))
		log_line(LOG_WARN, "monitor: vm=%s what=note error=\"%s\"",
		    dom->name, e.msg);
	if (msg.fd >= 0)
		close(msg.fd);
}
