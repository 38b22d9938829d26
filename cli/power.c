/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs that wait for the guest: shutdown and reboot press its power
 * button and say when it does not answer, wait only watches.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "api/client.h"
#include "base/clock.h"
#include "cli/job.h"

#define BUTTON_WAIT (30 * NS_PER_SEC)

/* Virsh's --mode: a list of ways, of which the button is the one there is. */
static int
check_mode(const struct args *a, struct err *e)
{
	const char *mode = args_get(a, "mode");
	size_t n;

	for (; mode && *mode; mode += n + (mode[n] == ',')) {
		n = strcspn(mode, ",");
		if (n == 4 && !memcmp(mode, "acpi", n))
			return 0;
	}
	if (!mode)
		return 0;
	err_set(e, ERR_OPERATION_UNSUPPORTED,
	    "--mode \"%s\": only acpi, the power button, is there",
	    args_get(a, "mode"));
	err_hint(e, "leave --mode out");
	return -EINVAL;
}

/* ---- wait --------------- */

static const struct {
	const char *word;
	const char *states;
} goals[] = {
	{ "running", " running " },
	{ "paused", " paused " },
	{ "stopped", " shutoff crashed " },
	{ "crashed", " crashed " },
};

static bool
is_met(size_t goal, const char *state)
{
	char word[40];

	snprintf(word, sizeof(word), " %.30s ", state);
	return strstr(goals[goal].states, word) != NULL;
}

static int
find_goal(const char *text, size_t *goal, struct err *e)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(goals); i++) {
		if (!strcmp(goals[i].word, text)) {
			*goal = i;
			return 0;
		}
	}
	err_set(e, ERR_INVALID_ARG, "--for \"%.32s\" is not known", text);
	err_hint(e, "use running, paused, stopped or crashed");
	return -EINVAL;
}

/* The state it has now; a domain that is gone is off. */
static int
state_now(struct cli *cli, const char *name, bool known, char *state,
    size_t size, struct err *e)
{
	struct json_object *info;
	int rc = cli_call(cli, "domain.info", cli_named(name), &info, NULL, e);

	if (!rc) {
		snprintf(state, size, "%s", json_text(info, "state", ""));
		json_object_put(info);
	} else if (known && e->code == ERR_NO_DOMAIN) {
		snprintf(state, size, "shutoff");
		*e = (struct err){ 0 };
		rc = 1;
	}
	return rc;
}

/* Wait a while for an event; one that tells of a state sets *state. */
static int
wait_event(struct cli *cli, const char *name, const char *what, ns_t deadline,
    char *state, size_t size, struct err *e)
{
	struct json_object *event;
	ns_t left = deadline ? deadline - clock_now(&clock_host) : NS_PER_SEC;
	int rc;

	if (left <= 0) {
		err_set(e, ERR_OPERATION_TIMEOUT, "domain %s: not %s in time",
		    name, what);
		return -ETIMEDOUT;
	}
	rc = client_event(cli->client, &event,
	    (int)MIN(left / 1000000 + 1, 1000), e);
	if (rc <= 0)
		return rc;
	snprintf(state, size, "%s", json_text(json_member(event, "data"), "to",
	    ""));
	json_object_put(event);
	return 0;
}

static int
wait_for(struct cli *cli, const char *name, size_t goal, ns_t deadline,
    char *state, size_t size, struct err *e)
{
	int rc;

	/* Asked for before the state is looked at: no change is missed. */
	rc = cli_call(cli, "events.subscribe", cli_named(name), NULL, NULL, e);
	if (!rc)
		rc = state_now(cli, name, false, state, size, e);
	while (!rc && !is_met(goal, state)) {
		/* What was so for a moment only is in the event alone. */
		rc = wait_event(cli, name, goals[goal].word, deadline, state,
		    size, e);
		if (!rc && !is_met(goal, state))
			rc = state_now(cli, name, true, state, size, e);
	}
	/* Gone for good, and it was not the end that was waited for. */
	if (rc > 0 && !is_met(goal, state)) {
		err_set(e, ERR_NO_DOMAIN, "domain %s is gone", name);
		return -ENOENT;
	}
	return rc > 0 ? 0 : rc;
}

/* ---- buttons --------------- */

/*
 * A guest that has not switched its button on will hardly hear it: that is
 * said at once, for the job's end may be long in coming.
 */
static void
warn(const struct cli *cli, struct json_object *result)
{
	if (json_text(result, "warning", "")[0])
		cli_note(cli, "warning: %s", json_text(result, "warning", ""));
}

/* What the daemon gave up waiting for is, for us, a time that is over. */
static int
follow(struct cli *cli, const char *name, struct json_object *result,
    struct json_object **job, struct err *e)
{
	int rc = job_follow(cli, result, job, e);

	if (rc && !e->hint[0] && e->code == ERR_OPERATION_TIMEOUT)
		err_hint(e, "its system may ignore the power button; "
		    "`trivisor destroy %s' ends it at once", name);
	return rc;
}

static int
press(struct cli *cli, const char *method, const char *name, ns_t limit,
    struct json_object **result)
{
	struct json_object *params = cli_named(name);

	if (limit)
		json_object_object_add(params, "timeout_ms",
		    json_object_new_int64(MAX(limit / 1000000, 1)));
	return cli_ask(cli, method, params, result);
}

/* Press it and, unless told not to, wait for what it is to bring about. */
static int
button(struct cli *cli, const struct args *a, const char *method,
    const char *pressed, const char *done)
{
	bool stay = !args_get(a, "no-wait");
	const char *text = args_get(a, "wait");
	const char *name = a->operand[0];
	struct json_object *result, *job = NULL;
	struct err e = { 0 };
	ns_t limit = BUTTON_WAIT;
	int status;

	if (text && duration_parse(text, &limit, &e))
		return cli_misuse(cli, &e);
	if (check_mode(a, &e))
		return cli_fail(cli, &e);
	status = press(cli, method, name, stay ? limit : 0, &result);
	if (status)
		return status;
	warn(cli, result);
	if (stay && follow(cli, name, result, &job, &e))
		status = cli_fail(cli, &e);
	else if (cli->json)
		out_json(stay ? job : result);
	else
		printf("domain %s %s\n", json_text(result, "name", name),
		    stay ? done : pressed);
	json_object_put(job);
	json_object_put(result);
	return status;
}

int
verb_shutdown(struct cli *cli, const struct args *a)
{
	return button(cli, a, "domain.shutdown", "is being shut down",
	    "is off");
}

int
verb_reboot(struct cli *cli, const struct args *a)
{
	return button(cli, a, "domain.reboot", "is being rebooted",
	    "was rebooted");
}

int
verb_wait(struct cli *cli, const struct args *a)
{
	const char *goal_text = args_get(a, "for");
	const char *timeout = args_get(a, "timeout");
	struct json_object *o;
	struct err e = { 0 };
	char state[32] = "";
	ns_t limit = 0;
	size_t goal;

	if (find_goal(goal_text ? goal_text : "stopped", &goal, &e) ||
	    (timeout && duration_parse(timeout, &limit, &e)))
		return cli_misuse(cli, &e);
	if (wait_for(cli, a->operand[0], goal, limit ?
	    clock_now(&clock_host) + limit : 0, state, sizeof(state), &e))
		return cli_fail(cli, &e);
	if (cli->json) {
		o = json_object_new_object();
		json_object_object_add(o, "state",
		    json_object_new_string(state));
		out_json(o);
		json_object_put(o);
	} else {
		printf("domain %s is %s\n", a->operand[0], state);
	}
	return CLI_OK;
}
