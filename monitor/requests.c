/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that later daemons want to know of: the definition that was handed
 * over at the start and is only kept, and what the guest was asked to do.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "monitor/monitor.h"

int
request_definition(struct monitor *mon, const struct ctl_msg *q,
    struct ctl_msg *a, struct err *e)
{
	int *fd = &mon->m->cfg.definition_fd;

	if (q->fd < 0 && *fd < 0)
		return err_set(e, ERR_OPERATION_INVALID,
		    "the monitor was given no definition");
	if (q->fd < 0) {
		/* Lent: control.c does not close this one. */
		a->fd = *fd;
		return 0;
	}
	if (*fd >= 0)
		close(*fd);
	*fd = q->fd;
	return 0;
}

static bool
parse_then(const struct ctl_msg *q, enum request_then *then)
{
	static const struct {
		const char *name;
		enum request_then then;
	} t[] = {
		{ "off", THEN_OFF }, { "reboot", THEN_REBOOT },
		{ "forget", THEN_NOTHING },
	};
	char text[16];

	*then = THEN_OFF;
	if (!ctl_get(q, "then", text, sizeof(text)))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		if (!strcmp(t[i].name, text)) {
			*then = t[i].then;
			return true;
		}
	}
	return false;
}

int
request_shutdown(struct monitor *mon, const struct ctl_msg *q,
    struct ctl_msg *a, struct err *e)
{
	struct asked asked = { 0 };
	int rc;

	if (!parse_then(q, &asked.then))
		return err_set(e, ERR_INVALID_ARG, "then= is not one of off, "
		    "reboot, forget");
	(void)ctl_get(q, "job", asked.job, sizeof(asked.job));
	(void)ctl_get_u64(q, "until", &asked.until);
	rc = lifecycle_shutdown(mon, &asked, e);
	if (!rc)
		ctl_put(a, "button", "%s", machine_button_name(mon->m));
	return rc;
}

static void
put_asked(struct ctl_msg *a, const char *what, const struct asked *asked)
{
	char key[32];

	if (asked->then == THEN_NOTHING)
		return;
	ctl_put(a, what, "%s", request_name(asked->then));
	snprintf(key, sizeof(key), "%s_job", what);
	ctl_put(a, key, "%s", asked->job);
	snprintf(key, sizeof(key), "%s_until", what);
	ctl_put(a, key, "%" PRIu64, asked->until);
}

void
request_describe(struct monitor *mon, struct ctl_msg *a)
{
	ctl_put(a, "button", "%s", machine_button_name(mon->m));
	put_asked(a, "request", &mon->asked);
	put_asked(a, "answered", &mon->answered);
}
