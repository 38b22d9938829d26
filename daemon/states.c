/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which state may follow which, and what may be asked of a domain in which:
 * the one place that knows.  The names are libvirt's where it has them.
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "daemon/daemon.h"

#define S(state) (1u << DOMAIN_##state)
#define ACTIVE (S(STARTING) | S(RUNNING) | S(PAUSED) | S(STOPPING))

static const char *const state_names[DOMAIN_STATE_COUNT] = {
	[DOMAIN_SHUTOFF] = "shutoff", [DOMAIN_STARTING] = "starting",
	[DOMAIN_RUNNING] = "running", [DOMAIN_PAUSED] = "paused",
	[DOMAIN_CRASHED] = "crashed", [DOMAIN_STOPPING] = "stopping",
};

/* Space-separated reasons with which a state is entered from others. */
static const struct transition {
	enum domain_state to;
	unsigned from;
	const char *reasons;
} transitions[] = {
	{ DOMAIN_STARTING, S(SHUTOFF) | S(CRASHED), "start autostart" },
	{ DOMAIN_RUNNING, S(STARTING), "booted" },
	{ DOMAIN_RUNNING, S(RUNNING), "reboot triple_fault user panicked "
	  "shutdown failed halted booted" },
	{ DOMAIN_RUNNING, S(PAUSED), "user halted" },
	/* Preserved, and reset. */
	{ DOMAIN_RUNNING, S(SHUTOFF) | S(CRASHED), "user" },
	{ DOMAIN_PAUSED, S(STARTING), "booted user" },
	{ DOMAIN_PAUSED, S(RUNNING) | S(PAUSED), "user" },
	{ DOMAIN_STOPPING, ACTIVE | S(SHUTOFF) | S(CRASHED), "destroy" },
	{ DOMAIN_SHUTOFF, ACTIVE, "shutdown reboot destroyed failed "
	  "debug_exit stop_after" },
	{ DOMAIN_SHUTOFF, S(SHUTOFF) | S(CRASHED), "shutdown destroyed" },
	{ DOMAIN_CRASHED, ACTIVE | S(CRASHED) | S(SHUTOFF), "triple_fault "
	  "failed killed seccomp fault bug" },
};

const char *
domain_state_name(enum domain_state s)
{
	return state_names[s];
}

bool
domain_state_parse(const char *text, enum domain_state *s)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(state_names); i++) {
		if (!strcmp(state_names[i], text)) {
			*s = (enum domain_state)i;
			return true;
		}
	}
	return false;
}

static bool
has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (*list) {
		size_t k = strcspn(list, " ");

		if (k == n && !memcmp(list, word, n))
			return true;
		list += k;
		list += strspn(list, " ");
	}
	return false;
}

bool
domain_transition_known(enum domain_state from, enum domain_state to,
    const char *reason)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(transitions); i++)
		if (transitions[i].to == to &&
		    transitions[i].from & 1u << from &&
		    has_word(transitions[i].reasons, reason))
			return true;
	return false;
}

/* ---- what may be asked --------------- */

static const struct {
	const char *verb;
	unsigned states;
	bool monitor;		/* of a VM that is there */
} ops[] = {
	[OP_START] = { "start", S(SHUTOFF) | S(CRASHED), false },
	[OP_SHUTDOWN] = { "shut down", S(RUNNING), true },
	[OP_REBOOT] = { "reboot", S(RUNNING), true },
	[OP_SUSPEND] = { "suspend", S(RUNNING) | S(PAUSED), true },
	[OP_RESUME] = { "resume", S(RUNNING) | S(PAUSED), true },
	[OP_RESET] = { "reset", S(RUNNING) | S(PAUSED) | S(SHUTOFF) |
	    S(CRASHED), true },
	[OP_NMI] = { "send an NMI", S(RUNNING) | S(PAUSED), true },
};

/* The way out, by the state that forbids it. */
static const char *const ways_out[DOMAIN_STATE_COUNT] = {
	[DOMAIN_SHUTOFF] = "domain.start (trivisor start) starts it",
	[DOMAIN_STARTING] = "it is starting: wait for its start to be answered",
	[DOMAIN_RUNNING] = "domain.shutdown or domain.destroy ends it",
	[DOMAIN_PAUSED] = "domain.resume (trivisor resume) lets it go on",
	[DOMAIN_CRASHED] = "domain.start (trivisor start) starts it anew",
	[DOMAIN_STOPPING] = "it is being destroyed: wait for its end",
};

int
domain_may(const struct domain *dom, enum domain_op op, struct err *e)
{
	bool preserved = dom->monitor && (dom->state == DOMAIN_SHUTOFF ||
	    dom->state == DOMAIN_CRASHED);

	if (ops[op].states & 1u << dom->state &&
	    ops[op].monitor == (dom->monitor != NULL))
		return 0;
	if (!dom->monitor && ops[op].monitor)
		err_set(e, ERR_OPERATION_INVALID, "domain %s is not running",
		    dom->name);
	else
		err_set(e, ERR_OPERATION_INVALID, "cannot %s domain %s: it is "
		    "%s%s (%s)", ops[op].verb, dom->name, op == OP_START &&
		    dom->state == DOMAIN_RUNNING ? "running already" :
		    domain_state_name(dom->state), preserved ?
		    " and preserved" : "", dom->reason);
	if (preserved)
		err_hint(e, "domain.reset starts it anew, domain.destroy ends "
		    "it");
	else if (dom->monitor || dom->persistent)
		err_hint(e, "%s", ways_out[dom->state]);
	return -EINVAL;
}
