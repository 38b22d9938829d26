/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which daemon to talk to, and what its errors mean as an exit status.
 * -c or TRIVISOR_SOCKET decide; else the user's own daemon where it answers,
 * else the system's.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

#include "api/client.h"
#include "cli/cli.h"
#include "cli/text.h"

/* A daemon that does not even answer in this time is ill. */
#define CALL_TIMEOUT_MS 60000

static const struct {
	int code;
	enum cli_exit status;
} exit_of[] = {
	{ ERR_NO_DOMAIN, CLI_NOT_FOUND },
	{ ERR_OPERATION_INVALID, CLI_WRONG_STATE },
	{ ERR_OPERATION_DENIED, CLI_DENIED },
	{ ERR_ACCESS_DENIED, CLI_DENIED },
	{ ERR_NO_SUPPORT, CLI_UNSUPPORTED },
	{ ERR_CONFIG_UNSUPPORTED, CLI_UNSUPPORTED },
	{ ERR_OPERATION_UNSUPPORTED, CLI_UNSUPPORTED },
	{ ERR_CPU_INCOMPATIBLE, CLI_UNSUPPORTED },
	{ ERR_OPERATION_TIMEOUT, CLI_TIMEOUT },
};

int
cli_user_socket(char *buf, size_t size)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	int n;

	if (run && run[0] == '/')
		n = snprintf(buf, size, "%s/trivisor/trivisord.sock", run);
	else
		n = snprintf(buf, size, "/tmp/trivisor-%u/trivisord.sock",
		    (unsigned)getuid());
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int
cli_system_socket(char *buf, size_t size)
{
	int n;

	n = snprintf(buf, size, "%s/trivisord.sock", TRIVISOR_RUNDIR);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static int
open_named(struct cli *cli, const char *path, struct err *e)
{
	if (strlen(path) >= sizeof(cli->path))
		return err_set(e, ERR_INVALID_ARG,
		    "socket \"%s\": the path is too long", path);
	snprintf(cli->path, sizeof(cli->path), "%s", path);
	cli->client = client_open(path, e);
	return cli->client ? 0 : -ECONNREFUSED;
}

/* Our own words, for "connection refused" helps nobody. */
static int
no_daemon(struct cli *cli, const char *path, struct err *e)
{
	int sys = e->sys;

	if (sys == EACCES || sys == EPERM) {
		err_set(e, ERR_ACCESS_DENIED,
		    "the daemon at %s does not let you in", path);
		err_hint(e, "ask to be put into the group trivisor, or start "
		    "a daemon of your own with `trivisord'");
	} else {
		err_set(e, ERR_RPC, "no daemon answers at %s", path);
		err_hint(e, "start one with `trivisord%s%s', or name another "
		    "socket with -c", cli->socket ? " --socket " : "",
		    cli->socket ? cli->socket : "");
	}
	e->sys = sys;
	return -ECONNREFUSED;
}

int
cli_connect(struct cli *cli, struct err *e)
{
	char path[sizeof(cli->path)];

	if (cli->client)
		return 0;
	if (cli->socket) {
		if (open_named(cli, cli->socket, e))
			return no_daemon(cli, cli->socket, e);
	} else if (cli_user_socket(path, sizeof(path)) ||
	    open_named(cli, path, e)) {
		struct err system = { 0 };
		char other[sizeof(cli->path)];

		if (cli_system_socket(other, sizeof(other)) ||
		    open_named(cli, other, &system)) {
			if (system.sys != EACCES)
				return no_daemon(cli, path, e);
			*e = system;
			return no_daemon(cli, other, e);
		}
	}
	memset(e, 0, sizeof(*e));
	client_set_timeout(cli->client, CALL_TIMEOUT_MS);
	return 0;
}

int
cli_call(struct cli *cli, const char *method, struct json_object *params,
    struct json_object **result, int *fd, struct err *e)
{
	int rc;

	if (fd)
		*fd = -1;
	rc = cli_connect(cli, e);
	if (!rc)
		rc = client_call(cli->client, method, params, result, fd, e);
	json_object_put(params);
	return rc;
}

struct json_object *
cli_named(const char *name)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "domain", json_object_new_string(name));
	return o;
}

int
cli_exit_status(const struct cli *cli, const struct err *e)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(exit_of); i++) {
		if (exit_of[i].code == e->code)
			return exit_of[i].status;
	}
	if (!cli->client && e->code == ERR_RPC)
		return CLI_NO_DAEMON;
	return CLI_FAILED;
}

static struct json_object *
error_json(const struct err *e)
{
	struct json_object *o = json_object_new_object();
	struct json_object *error = json_object_new_object();

	json_object_object_add(error, "code", json_object_new_int(e->code));
	json_object_object_add(error, "name",
	    json_object_new_string(err_name(e->code)));
	json_object_object_add(error, "message",
	    json_object_new_string(e->msg));
	if (e->hint[0])
		json_object_object_add(error, "hint",
		    json_object_new_string(e->hint));
	if (e->line)
		json_object_object_add(error, "line",
		    json_object_new_int(e->line));
	if (e->element[0])
		json_object_object_add(error, "element",
		    json_object_new_string(e->element));
	if (e->sys)
		json_object_object_add(error, "errno",
		    json_object_new_int(e->sys));
	json_object_object_add(o, "error", error);
	return o;
}

/* "trivisor: start web1: " and what is wrong, for a person. */
static void
error_text(const struct cli *cli, const struct err *e)
{
	bool color = text_color(cli, STDERR_FILENO);
	const char *object = cli->object ? cli->object : "";
	const char *msg = e->msg;
	char said[128];
	char clean[1024];
	int n;

	/* The daemon names the domain, too; once is enough. */
	n = snprintf(said, sizeof(said), "domain %s: ", object);
	if (object[0] && !strncmp(msg, said, (size_t)n))
		msg += n;
	text_clean(msg, 0, clean, sizeof(clean));
	dprintf(STDERR_FILENO, "%strivisor:%s %s%s%s%s%s\n",
	    text_style(color, RED), text_style(color, PLAIN),
	    cli->verb ? cli->verb->name : "", object[0] ? " " : "", object,
	    cli->verb ? ": " : "", clean);
	text_clean(e->hint, 0, clean, sizeof(clean));
	if (clean[0])
		dprintf(STDERR_FILENO, "%shint:%s %s\n",
		    text_style(color, YELLOW), text_style(color, PLAIN),
		    clean);
}

int
cli_fail(struct cli *cli, const struct err *e)
{
	struct json_object *o;

	/* What was printed before comes first. */
	fflush(stdout);
	if (cli->json) {
		o = error_json(e);
		dprintf(STDERR_FILENO, "%s\n",
		    json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
		    JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(o);
	} else {
		error_text(cli, e);
	}
	return cli_exit_status(cli, e);
}

int
cli_misuse(struct cli *cli, const struct err *e)
{
	(void)cli_fail(cli, e);
	return cli->verb->usage_status;
}

int
cli_ask(struct cli *cli, const char *method, struct json_object *params,
    struct json_object **result)
{
	struct err e = { 0 };

	if (cli_call(cli, method, params, result, NULL, &e))
		return cli_fail(cli, &e);
	return CLI_OK;
}

void
cli_note(const struct cli *cli, const char *fmt, ...)
{
	char text[1024];
	char clean[1024];
	va_list ap;

	if (cli->json)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_clean(text, 0, clean, sizeof(clean));
	fflush(stdout);
	dprintf(STDERR_FILENO, "trivisor: %s\n", clean);
}

void
cli_warnings(const struct cli *cli, struct json_object *result)
{
	struct json_object *list = json_array(result, "warnings");
	struct json_object *w;
	size_t i;

	for (i = 0; list && i < json_object_array_length(list); i++) {
		w = json_object_array_get_idx(list, i);
		cli_note(cli, "warning: line %d: %s: %s",
		    (int)json_int(w, "line", 0), json_text(w, "xpath", "?"),
		    json_text(w, "reason", "?"));
	}
}
