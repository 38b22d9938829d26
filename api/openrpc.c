/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenRPC from the tables.  Whatever has a name of its own (a shape of a
 * result, an error) is once among the components and referred to.
 */
#include "api/openrpc.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "config.h"

#include "api/events.h"
#include "api/results.h"

const char *const api_extensions[] = {
	"jobs", "events_instance", "events_prefix", "events_lost",
	"domain_owner", "read_only_socket", "openrpc", "trace_id", NULL
};

const char *
role_name(enum method_role role)
{
	static const char *const names[] = {
		[ROLE_VIEWER] = "viewer", [ROLE_OPERATOR] = "operator",
		[ROLE_ADMIN] = "admin",
	};

	return names[role];
}

static struct json_object *
object(void)
{
	struct json_object *o = json_object_new_object();

	BUG_ON(!o);
	return o;
}

static void
add(struct json_object *o, const char *key, struct json_object *v)
{
	BUG_ON(!v || json_object_object_add(o, key, v));
}

static void
add_text(struct json_object *o, const char *key, const char *text)
{
	add(o, key, json_object_new_string(text));
}

static void
push(struct json_object *list, struct json_object *v)
{
	BUG_ON(!v || json_object_array_add(list, v));
}

static struct json_object *
typed(const char *type)
{
	struct json_object *o = object();

	add_text(o, "type", type);
	return o;
}

static struct json_object *
list_of(struct json_object *items)
{
	struct json_object *o = typed("array");

	add(o, "items", items);
	return o;
}

static struct json_object *
map_of(struct json_object *values)
{
	struct json_object *o = typed("object");

	add(o, "additionalProperties", values);
	return o;
}

static struct json_object *
reference(const char *kind, const char *name)
{
	struct json_object *o = object();
	char text[96];

	snprintf(text, sizeof(text), "#/components/%s/%s", kind, name);
	add_text(o, "$ref", text);
	return o;
}

/* ---- parameters --------------- */

static struct json_object *
natural(void)
{
	struct json_object *o = typed("integer");

	add(o, "minimum", json_object_new_int(0));
	add(o, "maximum", json_object_new_int64(INT64_MAX));
	return o;
}

static struct json_object *
param_schema(enum param_type type)
{
	struct json_object *o, *either;

	switch (type) {
	case PARAM_UINT:
		return natural();
	case PARAM_BOOL:
		return typed("boolean");
	case PARAM_STRINGS:
		return list_of(typed("string"));
	case PARAM_SIZE:
		o = object();
		either = json_object_new_array();
		push(either, natural());
		push(either, typed("string"));
		add_text(json_object_array_get_idx(either, 1), "pattern",
		    "^[0-9]+ *([KMGTPEkmgtpe]([iI]?[bB])?|[bB]|bytes?)?$");
		add(o, "oneOf", either);
		return o;
	case PARAM_STRING:
		break;
	}
	return typed("string");
}

static struct json_object *
params_of(const struct method *m)
{
	struct json_object *list = json_object_new_array();
	const struct method_param *p;

	for (p = m->params; p->name; p++) {
		struct json_object *o = object();

		add_text(o, "name", p->name);
		add_text(o, "summary", p->doc);
		add(o, "required",
		    json_object_new_boolean(p->flags & PARAM_REQUIRED));
		add(o, "schema", param_schema(p->type));
		push(list, o);
	}
	return list;
}

/* ---- results --------------- */

static struct json_object *
any_scalar(void)
{
	struct json_object *o = object(), *types = json_object_new_array();

	push(types, json_object_new_string("integer"));
	push(types, json_object_new_string("string"));
	push(types, json_object_new_string("boolean"));
	add(o, "type", types);
	return o;
}

static struct json_object *
field_schema(const struct result_field *f)
{
	struct json_object *o;

	switch (f->type) {
	case RESULT_STRING:
		return typed("string");
	case RESULT_TIME:
		o = typed("string");
		add_text(o, "format", "date-time");
		return o;
	case RESULT_INT:
		return typed("integer");
	case RESULT_BOOL:
		return typed("boolean");
	case RESULT_STRINGS:
		return list_of(typed("string"));
	case RESULT_COUNTERS:
		return map_of(typed("integer"));
	case RESULT_MAP:
		return map_of(typed("string"));
	case RESULT_OBJECT:
		return reference("schemas", f->of->name);
	case RESULT_LIST:
		return list_of(reference("schemas", f->of->name));
	case RESULT_ANY:
		break;
	}
	return object();
}

/* Fields may be added: additionalProperties stays as it is, allowed. */
static struct json_object *
shape_schema(const struct result_shape *s)
{
	struct json_object *o = typed("object"), *props = object(),
	    *required = json_object_new_array();
	const struct result_field *f;

	add_text(o, "description", s->doc);
	for (f = s->fields; f->name; f++) {
		struct json_object *v = field_schema(f);

		/* Beside a reference there is nothing else. */
		if (!f->of)
			add_text(v, "description", f->doc);
		add(props, f->name, v);
		if (f->flags & RESULT_ALWAYS)
			push(required, json_object_new_string(f->name));
	}
	add(o, "properties", props);
	if (json_object_array_length(required))
		add(o, "required", required);
	else
		json_object_put(required);
	if (s->flags & SHAPE_OPEN)
		add(o, "x-more", any_scalar());
	return o;
}

static void
collect_shape(struct json_object *all, const struct result_shape *s)
{
	const struct result_field *f;

	if (!s || json_object_object_get_ex(all, s->name, NULL))
		return;
	add(all, s->name, shape_schema(s));
	for (f = s->fields; f->name; f++)
		collect_shape(all, f->of);
}

/* ---- errors --------------- */

static bool
has_param(const struct method *m, const char *name)
{
	return method_param_find(m, name) != NULL;
}

static void
push_error(struct json_object *list, int code)
{
	push(list, reference("errors", err_name(code)));
}

/* Those that a method is known to give beyond what any may. */
static struct json_object *
errors_of(const struct method *m)
{
	struct json_object *list = json_object_new_array();

	push_error(list, -32602);
	if (m->role != ROLE_VIEWER)
		push_error(list, ERR_OPERATION_DENIED);
	if (m->role != ROLE_VIEWER)
		push_error(list, ERR_ACCESS_DENIED);
	if (has_param(m, "domain"))
		push_error(list, ERR_NO_DOMAIN);
	if (m->flags & METHOD_OWNER)
		push_error(list, ERR_OPERATION_INVALID);
	if (has_param(m, "xml")) {
		push_error(list, ERR_XML_ERROR);
		push_error(list, ERR_XML_DETAIL);
		push_error(list, ERR_CONFIG_UNSUPPORTED);
		push_error(list, ERR_DOM_EXIST);
	}
	push_error(list, ERR_RESOURCE_BUSY);
	return list;
}

static struct json_object *
all_errors(void)
{
	struct json_object *all = object();
	const char *name;
	size_t i;
	int code;

	for (i = 0; (name = err_nth(i, &code)) != NULL; i++) {
		struct json_object *o;

		if (!code)
			continue;
		o = object();
		add(o, "code", json_object_new_int(code));
		add_text(o, "message", name);
		add(all, name, o);
	}
	return all;
}

/* ---- the document --------------- */

static struct json_object *
method_json(enum method_id id)
{
	const struct method *m = &api_methods[id];
	struct json_object *o = object(), *result = object();

	add_text(o, "name", m->name);
	add_text(o, "summary", m->doc);
	add_text(o, "paramStructure", "by-name");
	add(o, "params", params_of(m));
	add_text(result, "name", "result");
	add(result, "schema", api_results[id] ?
	    reference("schemas", api_results[id]->name) : typed("object"));
	add(o, "result", result);
	add(o, "errors", errors_of(m));
	add(o, "deprecated", json_object_new_boolean(false));
	add_text(o, "x-role", role_name(m->role));
	add(o, "x-owner", json_object_new_boolean(m->flags & METHOD_OWNER));
	add(o, "x-urgent", json_object_new_boolean(m->flags & METHOD_URGENT));
	add(o, "x-descriptor",
	    json_object_new_boolean(m->flags & METHOD_PASSES_FD));
	return o;
}

static struct json_object *
info_json(void)
{
	struct json_object *o = object(), *license = object();
	char version[32];

	snprintf(version, sizeof(version), "%d.%d.0", API_MAJOR, API_MINOR);
	add_text(o, "title", "Trivisor");
	add_text(o, "version", version);
	add_text(o, "description", "JSON-RPC 2.0 over a Unix socket, one line "
	    "per message out, any concatenation in; see trivisor-rpc(7). "
	    "Made by trivisord " PACKAGE_VERSION ".");
	add_text(license, "name", "Apache-2.0");
	add(o, "license", license);
	return o;
}

static struct json_object *
events_json(void)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < api_n_events; i++) {
		struct json_object *o = object();

		add_text(o, "type", api_events[i].name);
		add_text(o, "summary", api_events[i].doc);
		add_text(o, "data", api_events[i].data);
		push(list, o);
	}
	return list;
}

static struct json_object *
extensions_json(void)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; api_extensions[i]; i++)
		push(list, json_object_new_string(api_extensions[i]));
	return list;
}

struct json_object *
openrpc_document(void)
{
	struct json_object *doc = object(), *components = object(),
	    *schemas = object(), *methods = json_object_new_array();
	int i;

	for (i = 0; i < METHOD_COUNT; i++) {
		push(methods, method_json((enum method_id)i));
		collect_shape(schemas, api_results[i]);
	}
	add_text(doc, "openrpc", "1.3.2");
	add(doc, "info", info_json());
	add(doc, "methods", methods);
	add(components, "schemas", schemas);
	add(components, "errors", all_errors());
	add(doc, "components", components);
	add(doc, "x-events", events_json());
	add(doc, "x-extensions", extensions_json());
	add(doc, "x-deprecations", json_object_new_array());
	return doc;
}
