/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `console' and `start --console': join the console of a domain that runs.
 *
 * Once joined, the stream comes from the monitor itself: that the daemon ends
 * does not end it.  The daemon is asked again at the end only, for the reason.
 */
#include "cli/console.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/client.h"
#include "base/clock.h"
#include "cli/pump.h"

/* The news of a domain's end may come a moment after its console's. */
#define NEWS_TRIES 30
#define NEWS_US 100000

struct session {
	struct cli *cli;
	struct console_join join;
	struct pump pump;	/* once it is joined */
	struct keys keys;
	bool eof_ends;
	regex_t until;
	bool has_until;
	bool wait;		/* for a domain that does not run yet */
	bool resume;		/* it was started for us, and waits */
	ns_t deadline;		/* 0: none */
	char send[PUMP_QUEUE];
	size_t n_send;
};

int
until_compile(regex_t *re, const char *text, struct err *e)
{
	char why[128];
	int rc;

	rc = regcomp(re, text, REG_EXTENDED | REG_NOSUB);
	if (!rc)
		return 0;
	regerror(rc, re, why, sizeof(why));
	return err_set(e, ERR_INVALID_ARG, "--until \"%s\": %s", text, why);
}

/* --- joining ------------------------------------------------------------------ */

static void
add_flag(struct json_object *params, const char *name, bool value)
{
	if (value)
		json_object_object_add(params, name,
		    json_object_new_boolean(true));
}

int
console_join(struct cli *cli, struct console_join *j, int *fd, struct err *e)
{
	struct json_object *params = cli_named(j->name);
	struct json_object *result;
	int rc;

	if (j->serial)
		json_object_object_add(params, "serial",
		    json_object_new_int64((int64_t)j->serial));
	add_flag(params, "watch", j->watch);
	add_flag(params, "force", j->force);
	if (j->history)
		json_object_object_add(params, "history",
		    json_object_new_string(j->history));
	rc = cli_call(cli, "domain.console", params, &result, fd, e);
	if (rc)
		return rc;
	j->writer = json_flag(result, "writer");
	j->skipped = (uint64_t)json_int(result, "skipped", 0);
	j->replayed = (uint64_t)json_int(result, "replayed", 0);
	json_object_put(result);
	return *fd >= 0 ? 0 : err_set(e, ERR_RPC,
	    "domain %s: the daemon sent no console", j->name);
}

static int
time_is_up(const struct session *s, struct err *e)
{
	err_set(e, ERR_OPERATION_TIMEOUT, "domain %s: the time is up",
	    s->join.name);
	return -ETIMEDOUT;
}

/* Something happened to some domain, or a second went by. */
static int
wait_a_while(struct session *s, struct err *e)
{
	struct json_object *event = NULL;
	ns_t left = NS_PER_SEC;
	int rc;

	if (s->deadline)
		left = MIN(left, s->deadline - clock_now(&clock_host));
	if (left <= 0)
		return time_is_up(s, e);
	rc = client_event(s->cli->client, &event, (int)(left / 1000000 + 1),
	    e);
	json_object_put(event);
	return rc < 0 ? rc : 0;
}

/* With --wait, until it runs; its events are heard before it is asked for. */
static int
join(struct session *s, int *fd, struct err *e)
{
	int rc;

	if (s->wait) {
		rc = cli_call(s->cli, "events.subscribe", NULL, NULL, NULL, e);
		if (rc)
			return rc;
	}
	for (;;) {
		rc = console_join(s->cli, &s->join, fd, e);
		if (!rc || !s->wait || e->code != ERR_OPERATION_INVALID)
			return rc;
		memset(e, 0, sizeof(*e));
		rc = wait_a_while(s, e);
		if (rc)
			return rc;
	}
}

/* Before the terminal is raw. */
static void
greet(const struct session *s)
{
	const struct console_join *j = &s->join;
	char keys[32];

	keys_describe(&s->keys, keys, sizeof(keys));
	if (isatty(STDIN_FILENO) && keys[0])
		cli_note(s->cli, "console of %s; %s leaves", j->name, keys);
	else if (isatty(STDIN_FILENO))
		cli_note(s->cli, "console of %s", j->name);
	if (j->skipped && !j->history)
		cli_note(s->cli, "%" PRIu64 " earlier bytes are not shown "
		    "(--history)", j->skipped);
	if (!j->writer && !j->watch)
		cli_note(s->cli, "another viewer writes to %s; you watch "
		    "(--force takes over)", j->name);
}

/* --- the end ---------------------------------------------------------------------- */

static bool
still_there(const char *state)
{
	return !strcmp(state, "running") || !strcmp(state, "paused") ||
	    !strcmp(state, "stopping");
}

/* The stream ended.  Why?  In a few words; true when the domain crashed. */
static bool
why_ended(const struct session *s, char *buf, size_t size)
{
	struct json_object *info;
	struct err e = { 0 };
	const char *state;
	unsigned i;
	int rc;

	snprintf(buf, size, "its console was closed");
	for (i = 0; i < NEWS_TRIES; i++) {
		rc = cli_call(s->cli, "domain.info", cli_named(s->join.name),
		    &info, NULL, &e);
		if (rc && e.code == ERR_NO_DOMAIN)
			snprintf(buf, size, "it has ended");
		if (rc)
			return false;
		state = json_text(info, "state", "?");
		if (!still_there(state)) {
			bool crashed = !strcmp(state, "crashed");

			snprintf(buf, size, "it has ended: %s, %s", state,
			    json_text(info, "reason", "?"));
			json_object_put(info);
			return crashed;
		}
		json_object_put(info);
		usleep(NEWS_US);
	}
	return false;
}

/* A guest that was switched off is no failure, but what was waited for is. */
static int
console_ended(struct session *s)
{
	struct err e = { 0 };
	char why[128];

	bool crashed;

	crashed = why_ended(s, why, sizeof(why));
	if (s->has_until) {
		err_set(&e, ERR_OPERATION_INVALID,
		    "domain %s: no line matched, and %s", s->join.name, why);
		return cli_fail(s->cli, &e);
	}
	cli_note(s->cli, "%s: %s", s->join.name, why);
	return crashed ? CLI_FAILED : CLI_OK;
}

/* What the pump's result means for `console' alone. */
static int
finish(struct session *s, enum pump_result r)
{
	int sig = s->pump.signal;
	struct err e = { 0 };

	term_restore(&s->pump.term);
	if (s->pump.mid_line && isatty(STDOUT_FILENO))
		dprintf(STDOUT_FILENO, "\n");
	pump_fini(&s->pump);
	switch (r) {
	case PUMP_DETACH:
		cli_note(s->cli, "left the console of %s, which goes on",
		    s->join.name);
		return CLI_OK;
	case PUMP_MATCH:
	case PUMP_INPUT_END:
		return CLI_OK;
	case PUMP_TIMEOUT:
		(void)time_is_up(s, &e);
		return cli_fail(s->cli, &e);
	case PUMP_SIGNAL:
		raise(sig);
		return CLI_FAILED;
	case PUMP_OUTPUT_END:
		return CLI_FAILED;
	default:
		return console_ended(s);
	}
}

/* --- a session ----------------------------------------------------------------------- */

static int
attach(struct session *s)
{
	struct pump *p = &s->pump;
	struct err e = { 0 };
	int fd;

	if (join(s, &fd, &e))
		return cli_fail(s->cli, &e);
	/* From here on signals wait for the pump. */
	if (pump_init(p, STDOUT_FILENO, &e)) {
		close(fd);
		return cli_fail(s->cli, &e);
	}
	/* Nobody but a terminal answers what it is shown. */
	if (isatty(STDOUT_FILENO))
		p->replay.left = s->join.replayed;
	p->escapes = true;
	p->keys = s->keys;
	p->mute = s->join.watch;
	p->eof_ends = s->eof_ends;
	p->eof_passes = true;
	p->until = s->has_until ? &s->until : NULL;
	p->deadline = s->deadline;
	pump_set_console(p, fd);
	(void)pump_say(p, s->send, s->n_send);
	greet(s);
	/* It may have been ended meanwhile; the console then tells. */
	if (s->resume && cli_call(s->cli, "domain.resume",
	    cli_named(s->join.name), NULL, NULL, &e) &&
	    e.code != ERR_NO_DOMAIN && e.code != ERR_OPERATION_INVALID) {
		pump_fini(p);
		return cli_fail(s->cli, &e);
	}
	return finish(s, pump_run(p));
}

static struct session *
session_new(struct cli *cli)
{
	struct session *s = calloc(1, sizeof(*s));
	struct err e = { 0 };

	if (!s) {
		err_set_sys(&e, ENOMEM, "console");
		(void)cli_fail(cli, &e);
		return NULL;
	}
	s->cli = cli;
	keys_init(&s->keys);
	return s;
}

int
console_attach(struct cli *cli, const char *name, bool resume)
{
	struct session *s = session_new(cli);
	int status;

	if (!s)
		return CLI_FAILED;
	s->join = (struct console_join){ .name = name,
	    .history = CONSOLE_ALL };
	s->resume = resume;
	status = attach(s);
	free(s);
	return status;
}

/* --- options ---------------------------------------------------------------------------- */

/* One escape of --send, after the backslash; its length, 0: not known. */
static size_t
unescape(const char *text, char *c)
{
	static const char names[] = "nrtea0\\";
	static const char values[] = "\n\r\t\033\a\0\\";
	const char *known = *text ? strchr(names, *text) : NULL;
	unsigned v;

	if (known) {
		*c = values[known - names];
		return 1;
	}
	if (*text != 'x' || sscanf(text + 1, "%2x", &v) != 1 ||
	    strspn(text + 1, "0123456789abcdefABCDEF") < 2)
		return 0;
	*c = (char)v;
	return 3;
}

static int
take_send(struct session *s, const char *text, struct err *e)
{
	size_t n;

	for (; *text; text++) {
		if (s->n_send == sizeof(s->send))
			return err_set(e, ERR_INVALID_ARG,
			    "--send: more than %zu bytes", sizeof(s->send));
		if (*text != '\\') {
			s->send[s->n_send++] = *text;
			continue;
		}
		n = unescape(text + 1, &s->send[s->n_send]);
		if (!n) {
			err_set(e, ERR_INVALID_ARG, "--send: \"%.4s\" is no "
			    "escape", text);
			err_hint(e, "there are \\r \\n \\t \\e \\a \\0 \\\\ "
			    "and \\xHH");
			return -EINVAL;
		}
		s->n_send++;
		text += n;
	}
	return 0;
}

static int
take_times(struct session *s, const struct args *a, struct err *e)
{
	const char *timeout = args_get(a, "timeout");
	const char *until = args_get(a, "until");
	ns_t limit;
	int rc = 0;

	if (timeout) {
		rc = duration_parse(timeout, &limit, e);
		s->deadline = clock_now(&clock_host) + (rc ? 0 : limit);
	}
	if (!rc && until) {
		rc = until_compile(&s->until, until, e);
		s->has_until = !rc;
	}
	return rc;
}

static int
take_options(struct session *s, const struct args *a, struct err *e)
{
	struct console_join *j = &s->join;
	const char *serial = args_get(a, "serial");
	const char *escape = args_get(a, "escape");
	const char *send = args_get(a, "send");
	int rc;

	j->name = a->operand[0];
	j->watch = args_get(a, "watch");
	j->force = args_get(a, "force");
	j->history = args_get(a, "history");
	s->wait = args_get(a, "wait");
	s->eof_ends = args_get(a, "exit-on-eof");
	if (j->watch && (j->force || send)) {
		err_set(e, ERR_INVALID_ARG, "--watch and %s contradict each "
		    "other", j->force ? "--force" : "--send");
		return -EINVAL;
	}
	rc = serial ? number_parse(serial, 3, &j->serial, e) : 0;
	if (!rc && escape)
		rc = keys_set_escape(&s->keys, escape, e);
	if (!rc && send)
		rc = take_send(s, send, e);
	if (!rc)
		rc = take_times(s, a, e);
	/* A pattern may have gone by already; and what is new is all new. */
	if (args_get(a, "no-history"))
		j->history = "0";
	else if (!j->history && (s->has_until || s->wait))
		j->history = CONSOLE_ALL;
	return rc;
}

int
verb_console(struct cli *cli, const struct args *a)
{
	struct session *s = session_new(cli);
	struct err e = { 0 };
	int status;

	if (!s)
		return CLI_FAILED;
	if (take_options(s, a, &e))
		status = cli_misuse(cli, &e);
	else
		status = attach(s);
	if (s->has_until)
		regfree(&s->until);
	free(s);
	return status;
}
