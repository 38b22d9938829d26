/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON-RPC 2.0 messages.  Parameters by name only; ids are strings or
 * integers, because a fraction or null cannot be told apart when it returns.
 */
#include "api/rpc.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int
invalid(struct err *e, const char *why)
{
	int rc = err_set(e, ERR_RPC, "not a JSON-RPC 2.0 request: %s", why);

	if (e)
		e->code = RPC_INVALID_REQUEST;
	return rc;
}

static bool
is_member(const char *key)
{
	static const char *const members[] = {
		"jsonrpc", "id", "method", "params",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(members); i++)
		if (!strcmp(key, members[i]))
			return true;
	return false;
}

static int
check_members(struct json_object *msg, struct err *e)
{
	struct json_object *v;

	json_object_object_foreach(msg, key, value) {
		(void)value;
		if (!is_member(key))
			return invalid(e, "there is an unknown member");
	}
	if (!json_object_object_get_ex(msg, "jsonrpc", &v) ||
	    !json_object_is_type(v, json_type_string) ||
	    strcmp(json_object_get_string(v), "2.0"))
		return invalid(e, "\"jsonrpc\" is not \"2.0\"");
	return 0;
}

int
rpc_request_parse(struct json_object *msg, struct rpc_request *r,
    struct err *e)
{
	struct json_object *v;
	int rc;

	memset(r, 0, sizeof(*r));
	if (!json_object_is_type(msg, json_type_object))
		return invalid(e, "it is not an object");
	r->notification = !json_object_object_get_ex(msg, "id", &v);
	if (!r->notification) {
		if (!json_object_is_type(v, json_type_string) &&
		    !json_object_is_type(v, json_type_int))
			return invalid(e, "\"id\" is no string or integer");
		r->id = v;
	}
	rc = check_members(msg, e);
	if (rc)
		return rc;
	if (!json_object_object_get_ex(msg, "method", &v) ||
	    !json_object_is_type(v, json_type_string))
		return invalid(e, "\"method\" is no string");
	r->method = json_object_get_string(v);
	if (!json_object_object_get_ex(msg, "params", &r->params))
		return 0;
	if (!json_object_is_type(r->params, json_type_object))
		return invalid(e, "\"params\" is no object (parameters are "
		    "passed by name)");
	return 0;
}

static struct json_object *
message(void)
{
	struct json_object *m = json_object_new_object();

	json_object_object_add(m, "jsonrpc", json_object_new_string("2.0"));
	return m;
}

struct json_object *
rpc_result(struct json_object *id, struct json_object *result)
{
	struct json_object *m = message();

	json_object_object_add(m, "id", json_object_get(id));
	json_object_object_add(m, "result", result);
	return m;
}

static void
add_text(struct json_object *o, const char *key, const char *text)
{
	if (text && *text)
		json_object_object_add(o, key, json_object_new_string(text));
}

static void
add_number(struct json_object *o, const char *key, int value)
{
	if (value)
		json_object_object_add(o, key, json_object_new_int(value));
}

static bool
is_about_rights(const struct err *e)
{
	return e->sys == EACCES || e->sys == EPERM ||
	    e->code == ERR_OPERATION_DENIED || e->code == ERR_ACCESS_DENIED;
}

struct json_object *
rpc_error(struct json_object *id, const struct err *e,
    const struct rpc_origin *o)
{
	struct json_object *m = message(), *error, *data;

	error = json_object_new_object();
	data = json_object_new_object();
	json_object_object_add(error, "code", json_object_new_int(e->code));
	add_text(error, "message", e->msg);
	add_text(data, "name", err_name(e->code));
	if (o)
		add_text(data, "domain", o->domain);
	add_text(data, "field", e->element);
	/* At fault in a document: the same as a path through it. */
	if (e->line)
		add_text(data, "xpath", e->element);
	add_number(data, "line", e->line);
	add_number(data, "errno", e->sys);
	add_text(data, "path", e->path);
	if (o && o->uid >= 0 && is_about_rights(e))
		json_object_object_add(data, "uid",
		    json_object_new_int64(o->uid));
	add_text(data, "hint", e->hint);
	if (o)
		add_text(data, "trace_id", o->trace);
	json_object_object_add(error, "data", data);
	json_object_object_add(m, "id", json_object_get(id));
	json_object_object_add(m, "error", error);
	return m;
}

struct json_object *
rpc_notification(const char *method, struct json_object *params)
{
	struct json_object *m = message();

	add_text(m, "method", method);
	json_object_object_add(m, "params", params);
	return m;
}

void
rpc_time(ns_t realtime, char buf[32])
{
	time_t s = (time_t)(realtime / NS_PER_SEC);
	struct tm tm;
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(buf, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, 32 - n, ".%03dZ",
	    (int)(realtime % NS_PER_SEC / 1000000));
}
