/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trivisor run': create a transient domain, join its console, and turn its
 * end into an exit status.
 *
 * The order matters: events are subscribed to before the domain exists, so
 * that its end cannot be missed, and the console's ring buffer holds what was
 * printed before we joined.  Whatever ends the command, the domain ends too.
 */
#include <errno.h>
#include <json-c/json.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/client.h"
#include "base/clock.h"
#include "cli/console.h"
#include "cli/private.h"
#include "cli/pump.h"
#include "cli/run_opts.h"

/* How long the rest of the output, or of the news, may take at the end. */
#define DRAIN_NS (2 * NS_PER_SEC)
/* On a busy host the daemon may be late with the news of a domain's end. */
#define NEWS_NS (30 * NS_PER_SEC)
#define DESTROY_LIMIT_MS 10000

struct run {
	struct cli *cli;
	const struct args *args;
	struct private_daemon daemon;
	struct pump pump;
	regex_t until;
	bool has_until;
	ns_t deadline;			/* 0: none */

	struct json_object *created;	/* owned: result of domain.create */
	struct json_object *stats;	/* owned: the engine's, at the end */
	const char *name;		/* in created */
	const char *uuid;

	/* The end. */
	bool alive;			/* the domain still has to be destroyed */
	int status;
	int signal;			/* that ended us, 0: none */
	char end[32];			/* one word */
	char detail[256];
	ns_t ended;
};

/* An end of the guest's, and what it is to our caller. */
static const struct {
	const char *reason;
	int status;
	const char *says;
} ends[] = {
	{ "shutdown", RUN_OK, "powered off" },
	{ "reboot", RUN_OK, "rebooted, and its definition says to end then" },
	{ "stop_after", RUN_OK, "stopped after the instructions asked for" },
	{ "triple_fault", RUN_CRASHED, "crashed (triple fault)" },
	{ "until", RUN_OK, "a line matched" },
	{ "halted", RUN_CRASHED, "halted with interrupts off for ever" },
	{ "destroyed", RUN_FAILED, "was destroyed" },
	{ "killed", RUN_FAILED, "lost its monitor" },
	{ "fault", RUN_FAILED, "lost its monitor" },
	{ "bug", RUN_FAILED, "lost its monitor" },
	{ "seccomp", RUN_FAILED, "lost its monitor" },
	{ "failed", RUN_FAILED, "failed" },
};

static void
set_end(struct run *r, const char *end, const char *detail, int status)
{
	snprintf(r->end, sizeof(r->end), "%s", end);
	snprintf(r->detail, sizeof(r->detail), "%s", detail);
	r->status = status;
	r->ended = clock_now(&clock_host);
}

static void
note_end(struct run *r, struct json_object *data)
{
	const char *reason = json_text(data, "reason", "");
	const char *detail = json_text(data, "detail", "");
	bool crashed = !strcmp(json_text(data, "to", ""), "crashed");
	struct json_object *stats;
	size_t i;

	r->alive = false;
	if (json_object_object_get_ex(data, "stats", &stats))
		r->stats = json_object_get(stats);
	if (!strcmp(reason, "debug_exit")) {
		set_end(r, reason, detail,
		    (int)json_int(data, "exit_code", RUN_FAILED));
		return;
	}
	for (i = 0; i < ARRAY_LEN(ends); i++) {
		if (!strcmp(ends[i].reason, reason)) {
			set_end(r, reason, detail, ends[i].status);
			return;
		}
	}
	set_end(r, reason, detail, crashed ? RUN_CRASHED : RUN_FAILED);
}

static int
join_console(struct run *r, struct err *e)
{
	struct console_join j = { .name = r->uuid, .history = CONSOLE_ALL };
	int fd;
	int rc = console_join(r->cli, &j, &fd, e);

	if (!rc)
		pump_set_console(&r->pump, fd);
	return rc;
}

/* True when the event was our domain's end, or as good as that. */
static bool
take_event(struct run *r)
{
	struct json_object *event = r->pump.event;
	struct json_object *domain;
	struct json_object *data;
	struct err e = { 0 };
	const char *to;

	if (!json_object_object_get_ex(event, "domain", &domain) ||
	    strcmp(json_text(domain, "uuid", ""), r->uuid) ||
	    strcmp(json_text(event, "type", ""), "domain.lifecycle") ||
	    !json_object_object_get_ex(event, "data", &data))
		return false;
	to = json_text(data, "to", "");
	/* Nothing can wake it; but somebody with gdb may want to look. */
	if (!strcmp(json_text(data, "reason", ""), "halted") &&
	    !args_get(r->args, "gdb")) {
		set_end(r, "halted", json_text(data, "detail", ""),
		    RUN_CRASHED);
		return true;
	}
	if (!strcmp(to, "shutoff") || !strcmp(to, "crashed")) {
		note_end(r, data);
		return true;
	}
	/* A restart in a new monitor has a new console. */
	if (!strcmp(to, "running") && r->pump.console < 0 &&
	    !join_console(r, &e))
		r->pump.deadline = r->deadline;
	return false;
}

/* The end was reported; let the console run dry. */
static void
drain(struct run *r)
{
	struct pump *p = &r->pump;
	enum pump_result res;

	/* One that still lives closes nothing. */
	p->deadline = clock_now(&clock_host) +
	    (r->alive ? DRAIN_NS / 10 : DRAIN_NS);
	p->client = NULL;
	p->in = -1;
	while (p->console >= 0) {
		res = pump_run(p);
		if (res == PUMP_MATCH)
			set_end(r, "until", p->matched, RUN_OK);
		else
			return;
	}
}

static ns_t
sooner(ns_t deadline, ns_t from_now)
{
	ns_t at = clock_now(&clock_host) + from_now;

	return deadline && deadline < at ? deadline : at;
}

static void
loop(struct run *r)
{
	struct pump *p = &r->pump;

	for (;;) {
		switch (pump_run(p)) {
		case PUMP_EVENT:
			if (!take_event(r))
				continue;
			drain(r);
			return;
		case PUMP_CONSOLE_END:
			/* The news of its end must follow soon. */
			p->deadline = sooner(r->deadline, NEWS_NS);
			continue;
		case PUMP_MATCH:
			set_end(r, "until", p->matched, RUN_OK);
			return;
		case PUMP_TIMEOUT:
			if (p->deadline == r->deadline)
				set_end(r, "timeout", "", RUN_TIMEOUT);
			else
				set_end(r, "failed", "its console ended",
				    RUN_FAILED);
			return;
		case PUMP_INTERRUPT:
			r->signal = SIGINT;
			set_end(r, "interrupted", "", RUN_FAILED);
			return;
		case PUMP_SIGNAL:
			r->signal = p->signal;
			set_end(r, "interrupted", "", RUN_FAILED);
			return;
		case PUMP_OUTPUT_END:
			set_end(r, "failed", "nobody reads the output",
			    RUN_FAILED);
			return;
		case PUMP_DAEMON_END:
			r->alive = false;
			set_end(r, "failed", "the daemon went away",
			    RUN_FAILED);
			return;
		case PUMP_DETACH:
		case PUMP_INPUT_END:
			continue;	/* not asked for here */
		}
	}
}

/* Options that concern this end of the console only. */
static int
parse_own(struct run *r, struct err *e)
{
	const char *text;
	ns_t limit;
	int rc;

	if (!r->args->n_operands && !args_get(r->args, "kernel")) {
		err_set(e, ERR_INVALID_ARG, "nothing to boot");
		err_hint(e, "give a domain's XML file, or --kernel FILE");
		return -EINVAL;
	}
	text = args_get(r->args, "timeout");
	if (text) {
		rc = duration_parse(text, &limit, e);
		if (rc)
			return rc;
		r->deadline = r->cli->started + limit;
	}
	text = args_get(r->args, "until");
	if (text) {
		rc = until_compile(&r->until, text, e);
		if (rc)
			return rc;
		r->has_until = true;
	}
	return 0;
}

/* The parameters of domain.create; NULL and *status on failure. */
static struct json_object *
make_params(struct run *r, int *status, struct err *e)
{
	struct json_object *params = json_object_new_object();
	char name[32];
	char *xml;

	*status = RUN_USAGE;
	/* A test that resets for ever would hide why. */
	json_object_object_add(params, "triple_fault_crashes",
	    json_object_new_boolean(true));
	/* It goes on when we hold its console: nothing it says is lost. */
	json_object_object_add(params, "paused",
	    json_object_new_boolean(true));
	if (run_opts_add(params, r->args, e))
		goto put_params;
	if (r->args->n_operands) {
		*status = RUN_FAILED;
		if (file_read(r->args->operand[0], &xml, e))
			goto put_params;
		json_object_object_add(params, "xml",
		    json_object_new_string(xml));
		free(xml);
	} else if (!args_get(r->args, "name")) {
		snprintf(name, sizeof(name), "run-%d", (int)getpid());
		json_object_object_add(params, "name",
		    json_object_new_string(name));
	}
	return params;

put_params:
	json_object_put(params);
	return NULL;
}

/* From no daemon to a running domain whose console we hold. */
static int
begin(struct run *r, struct json_object *params, struct err *e)
{
	char reasons[512];
	int rc;

	if (!r->cli->socket) {
		rc = private_start(&r->daemon, e);
		if (rc)
			goto put_params;
		r->cli->socket = r->daemon.socket;
	}
	rc = cli_call(r->cli, "events.subscribe", NULL, NULL, NULL, e);
	if (rc)
		goto put_params;
	rc = cli_call(r->cli, "domain.create", params, &r->created, NULL, e);
	if (rc)
		return rc;
	r->alive = true;
	r->name = json_text(r->created, "name", "?");
	r->uuid = json_text(r->created, "uuid", "?");
	cli_warnings(r->cli, r->created);
	json_join(r->created, "reasons", reasons, sizeof(reasons));
	dprintf(STDERR_FILENO, "trivisor: %s: mode %s: %s\n", r->name,
	    json_text(r->created, "mode", "?"), reasons);
	return 0;

put_params:
	json_object_put(params);
	return rc;
}

static void
destroy(struct run *r)
{
	struct err e = { 0 };

	if (!r->alive)
		return;
	client_set_timeout(r->cli->client, DESTROY_LIMIT_MS);
	if (cli_call(r->cli, "domain.destroy", cli_named(r->uuid), NULL, NULL,
	    &e) && e.code != ERR_NO_DOMAIN && e.code != ERR_OPERATION_INVALID)
		dprintf(STDERR_FILENO, "trivisor: %s: %s\n", r->name, e.msg);
	r->alive = false;
}

static void
report_json(const struct run *r)
{
	static const char *const copied[] = { "name", "uuid", "mode",
	    "reasons" };
	struct json_object *o = json_object_new_object();
	struct json_object *v;
	size_t i;

	for (i = 0; i < ARRAY_LEN(copied); i++) {
		if (json_object_object_get_ex(r->created, copied[i], &v))
			json_object_object_add(o, copied[i],
			    json_object_get(v));
	}
	v = json_object_new_double((double)(r->ended - r->cli->started) / 1e9);
	json_object_set_serializer(v, json_object_double_to_json_string,
	    "%.3f", NULL);
	json_object_object_add(o, "seconds", v);
	json_object_object_add(o, "end", json_object_new_string(r->end));
	json_object_object_add(o, "detail",
	    json_object_new_string(r->detail));
	json_object_object_add(o, "exit_code",
	    json_object_new_int(r->status));
	if (r->stats)
		json_object_object_add(o, "stats", json_object_get(r->stats));
	out_json(o);
	json_object_put(o);
}

static void
report(const struct run *r)
{
	const char *says = r->end;
	double seconds = (double)(r->ended - r->cli->started) / 1e9;
	size_t i;

	for (i = 0; i < ARRAY_LEN(ends); i++) {
		if (!strcmp(ends[i].reason, r->end))
			says = ends[i].says;
	}
	dprintf(STDERR_FILENO, "%strivisor: %s: %s after %.2f s%s%s\n",
	    r->pump.mid_line ? "\n" : "", r->name, says, seconds, r->detail[0] ? ": " : "", r->detail);
	if (r->cli->json)
		report_json(r);
}

static int
let_go(struct run *r, struct err *e)
{
	int rc = join_console(r, e);

	if (!rc)
		rc = cli_call(r->cli, "domain.resume", cli_named(r->uuid), NULL,
		    NULL, e);
	return rc;
}

/* The domain is there; stay until it, or the user, has had enough. */
static void
attend(struct run *r)
{
	struct err e = { 0 };

	r->pump.client = r->cli->client;
	r->pump.deadline = r->deadline;
	r->pump.interrupts = true;
	r->pump.until = r->has_until ? &r->until : NULL;
	/* One that was ended meanwhile is gone; the event tells more. */
	if (let_go(r, &e) && e.code != ERR_NO_DOMAIN &&
	    e.code != ERR_OPERATION_INVALID)
		set_end(r, "failed", e.msg, RUN_FAILED);
	else
		loop(r);
	term_restore(&r->pump.term);
	destroy(r);
	report(r);
}

static int
run(struct run *r)
{
	struct json_object *params;
	struct err e = { 0 };
	int status = RUN_USAGE;
	int rc;

	if (parse_own(r, &e)) {
		cli_fail(r->cli, &e);
		return RUN_USAGE;
	}
	params = make_params(r, &status, &e);
	if (!params) {
		cli_fail(r->cli, &e);
		return status;
	}
	/* From here on signals wait, so that nothing is left behind. */
	rc = pump_init(&r->pump, r->cli->json ? STDERR_FILENO :
	    STDOUT_FILENO, &e);
	if (!rc)
		rc = begin(r, params, &e);
	else
		json_object_put(params);
	if (rc) {
		term_restore(&r->pump.term);
		if (r->args->n_operands && (e.code == ERR_XML_ERROR || e.line))
			err_prefix(&e, "%s", r->args->operand[0]);
		/* A log in the private daemon's directory is not for long. */
		if (r->daemon.pid && strstr(e.hint, r->daemon.dir))
			e.hint[0] = 0;
		cli_fail(r->cli, &e);
		private_show_log(&r->daemon);
		return RUN_FAILED;
	}
	attend(r);
	if (r->status == RUN_FAILED && !r->signal)
		private_show_log(&r->daemon);
	return r->status;
}

int
verb_run(struct cli *cli, const struct args *a)
{
	struct run r = { .cli = cli, .args = a, .status = RUN_FAILED };
	int sig;
	int status;

	r.pump.console = -1;
	r.pump.signals = -1;
	r.pump.term.fd = -1;
	r.daemon.lifeline = -1;
	r.daemon.log = -1;
	status = run(&r);
	client_free(cli->client);
	cli->client = NULL;
	private_stop(&r.daemon);
	cli->socket = NULL;
	sig = r.signal;
	pump_fini(&r.pump);
	json_object_put(r.created);
	json_object_put(r.stats);
	if (r.has_until)
		regfree(&r.until);
	/* Our caller learns from the signal itself that it ended us. */
	if (sig)
		raise(sig);
	return status;
}
