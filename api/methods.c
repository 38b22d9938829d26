/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The method table and what derives from it without a daemon: look-up, and
 * the check of parameters.
 */
#include "api/methods.h"

#include "api/nearest.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REQ PARAM_REQUIRED
#define END { NULL, PARAM_STRING, 0, NULL }
#define DOMAIN { "domain", PARAM_STRING, REQ, "name, uuid, its unique beginning, or id" }

/* What may be said at every start, over the definition and for this run. */
#define RUN_PARAMS \
	{ "mode", PARAM_STRING, 0, "auto, bt, hvm or pv" }, \
	{ "engine", PARAM_STRING, 0, "default or interp" }, \
	{ "debug_exit", PARAM_BOOL, 0, "add an isa-debug-exit device" }, \
	{ "gdb", PARAM_STRING, 0, "path of the gdb stub's socket" }, \
	{ "host_without", PARAM_STRING, 0, "host features to do without" }, \
	{ "bt_disable", PARAM_STRING, 0, "translator parts to do without" }, \
	{ "code_cache", PARAM_SIZE, 0, "size of the code cache" }, \
	{ "exact_flags", PARAM_BOOL, 0, "keep dead flags in fault frames" }, \
	{ "count_insns", PARAM_BOOL, 0, "count retired instructions" }, \
	{ "perf_map", PARAM_BOOL, 0, "name translated code for perf" }, \
	{ "tlb_entries", PARAM_UINT, 0, "entries of the soft TLB" }, \
	{ "stop_after", PARAM_UINT, 0, "stop after so many instructions" }, \
	{ "on_poweroff", PARAM_STRING, 0, "destroy, restart or preserve" }, \
	{ "on_reboot", PARAM_STRING, 0, "destroy, restart or preserve" }, \
	{ "on_crash", PARAM_STRING, 0, "destroy, restart or preserve" }, \
	{ "triple_fault_crashes", PARAM_BOOL, 0, \
	  "no reset on a triple fault (default: true for create)" }, \
	{ "paused", PARAM_BOOL, 0, "start suspended, for domain.resume" }

#define STRICT \
	{ "strict", PARAM_BOOL, 0, "what is unknown in the XML is an error" }

#define NO_PARAMS(id) \
	static const struct method_param id##_params[] = { END }
#define DOMAIN_PARAM(id) \
	static const struct method_param id##_params[] = { DOMAIN, END }

NO_PARAMS(RPC_DISCOVER);
NO_PARAMS(SERVER_INFO);
NO_PARAMS(SERVER_PING);
NO_PARAMS(HOST_INFO);
NO_PARAMS(HOST_CAPABILITIES);
NO_PARAMS(HOST_DOMAIN_CAPABILITIES);
NO_PARAMS(HOST_DOCTOR);
DOMAIN_PARAM(DOMAIN_UNDEFINE);
DOMAIN_PARAM(DOMAIN_DESTROY);
DOMAIN_PARAM(DOMAIN_RESET);
DOMAIN_PARAM(DOMAIN_NMI);
DOMAIN_PARAM(DOMAIN_SUSPEND);
DOMAIN_PARAM(DOMAIN_RESUME);
DOMAIN_PARAM(DOMAIN_INFO);
DOMAIN_PARAM(DOMAIN_STATS);
NO_PARAMS(EVENTS_UNSUBSCRIBE);

#define POWER_PARAMS(id) \
	static const struct method_param id##_params[] = { \
		DOMAIN, \
		{ "timeout_ms", PARAM_UINT, 0, \
		  "the job fails when the guest has not answered by then" }, \
		END \
	}
POWER_PARAMS(DOMAIN_SHUTDOWN);
POWER_PARAMS(DOMAIN_REBOOT);

static const struct method_param DOMAIN_AUTOSTART_params[] = {
	DOMAIN,
	{ "enable", PARAM_BOOL, 0, "start it with the daemon (default true)" },
	END
};

static const struct method_param DOMAIN_DEFINE_params[] = {
	{ "xml", PARAM_STRING, REQ, "the domain XML" },
	{ "mode", PARAM_STRING, 0, "auto, bt, hvm or pv, over the XML's" },
	STRICT,
	END
};

static const struct method_param DOMAIN_CHECK_params[] = {
	{ "xml", PARAM_STRING, REQ, "the domain XML" },
	{ "mode", PARAM_STRING, 0, "auto, bt, hvm or pv, over the XML's" },
	STRICT,
	END
};

static const struct method_param DOMAIN_CREATE_params[] = {
	{ "xml", PARAM_STRING, 0, "the domain XML to begin with" },
	STRICT,
	{ "name", PARAM_STRING, 0, "name of the domain" },
	{ "memory", PARAM_SIZE, 0, "guest memory" },
	{ "vcpus", PARAM_UINT, 0, "virtual CPUs" },
	{ "kernel", PARAM_STRING, 0, "absolute path of the kernel" },
	{ "initrd", PARAM_STRING, 0, "absolute path of the initrd" },
	{ "cmdline", PARAM_STRING, 0, "kernel command line" },
	{ "acpi", PARAM_BOOL, 0, "offer ACPI tables" },
	{ "hpet", PARAM_BOOL, 0, "add a high precision event timer" },
	RUN_PARAMS,
	END
};

static const struct method_param DOMAIN_START_params[] = {
	DOMAIN, RUN_PARAMS, END
};

static const struct method_param DOMAIN_LIST_params[] = {
	{ "active", PARAM_BOOL, 0, "the running ones (default true)" },
	{ "inactive", PARAM_BOOL, 0, "the others (default true)" },
	END
};

static const struct method_param DOMAIN_XML_params[] = {
	DOMAIN,
	{ "inactive", PARAM_BOOL, 0, "as stored, without run-time parts" },
	END
};

static const struct method_param DOMAIN_CONSOLE_params[] = {
	DOMAIN,
	{ "serial", PARAM_UINT, 0, "number of the serial port (default 0)" },
	{ "watch", PARAM_BOOL, 0, "read only, never to become the writer" },
	{ "force", PARAM_BOOL, 0, "take the writing over from another" },
	{ "history", PARAM_SIZE, 0,
	  "bytes of earlier output to begin with (default 256K)" },
	END
};

static const struct method_param DOMAIN_STATS_ALL_params[] = {
	{ "domains", PARAM_STRINGS, 0, "of these only" },
	{ "groups", PARAM_STRINGS, 0,
	  "state, cpu, balloon, vcpu, engine; default: all" },
	END
};

static const struct method_param DOMAIN_DISASM_params[] = {
	DOMAIN,
	{ "pc", PARAM_STRING, 0, "guest address, 0x...; default: where it is" },
	{ "count", PARAM_UINT, 0, "number of blocks (default 1)" },
	END
};

static const struct method_param DOMAIN_PROFILE_params[] = {
	DOMAIN,
	{ "milliseconds", PARAM_UINT, 0, "up to 60000 (default 1000)" },
	END
};

static const struct method_param DOMAIN_BT_STATS_params[] = {
	DOMAIN,
	{ "vcpu", PARAM_UINT, 0, "of this vCPU only (default: all together)" },
	{ "top", PARAM_UINT, 0, "hot blocks to list, up to 100 (default 20)" },
	END
};

static const struct method_param DOMAIN_SET_OWNER_params[] = {
	DOMAIN,
	{ "uid", PARAM_UINT, REQ, "number of the user" },
	{ "gid", PARAM_UINT, 0,
	  "number of a group whose members may do the same" },
	END
};

#define JOB { "job", PARAM_STRING, REQ, "id of the job" }

static const struct method_param HOST_CPU_MODELS_params[] = {
	{ "features", PARAM_BOOL, 0, "all features, too (default false)" },
	END
};

static const struct method_param JOB_LIST_params[] = {
	{ "domain", PARAM_STRING, 0, "of this domain only" },
	END
};

static const struct method_param JOB_GET_params[] = { JOB, END };
static const struct method_param JOB_CANCEL_params[] = { JOB, END };

static const struct method_param JOB_WAIT_params[] = {
	JOB,
	{ "timeout_ms", PARAM_UINT, 0,
	  "answer after this long at the latest (default and most: 3600000)" },
	END
};

static const struct method_param EVENTS_SUBSCRIBE_params[] = {
	{ "types", PARAM_STRINGS, 0,
	  "event types, or domain.* for all of a kind; default: all" },
	{ "domain", PARAM_STRING, 0, "name or uuid; default: all" },
	{ "domains", PARAM_STRINGS, 0, "the same for several" },
	{ "since_seq", PARAM_UINT, 0, "replay the ones after this number" },
	{ "instance", PARAM_STRING, 0,
	  "of the daemon that gave that number (server.info)" },
	END
};

const struct method api_methods[METHOD_COUNT] = {
#define X(id, name, role, flags, doc) \
	[METHOD_##id] = { name, ROLE_##role, flags, doc, id##_params },
	API_METHODS(X)
#undef X
};

enum method_id
method_find(const char *name)
{
	int i;

	for (i = 0; i < METHOD_COUNT; i++)
		if (!strcmp(api_methods[i].name, name))
			break;
	return (enum method_id)i;
}

const struct method_param *
method_param_find(const struct method *m, const char *name)
{
	const struct method_param *p;

	for (p = m->params; p->name; p++)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

const char *
param_type_name(enum param_type t)
{
	static const char *const names[] = {
		[PARAM_STRING] = "string",
		[PARAM_UINT] = "unsigned integer",
		[PARAM_BOOL] = "boolean",
		[PARAM_SIZE] = "size",
		[PARAM_STRINGS] = "array of strings",
	};

	return names[t];
}

static bool
all_strings(struct json_object *a)
{
	size_t i;

	if (!json_object_is_type(a, json_type_array))
		return false;
	for (i = 0; i < json_object_array_length(a); i++)
		if (!json_object_is_type(json_object_array_get_idx(a, i),
		    json_type_string))
			return false;
	return true;
}

static bool
type_ok(enum param_type t, struct json_object *v)
{
	uint64_t bytes;

	switch (t) {
	case PARAM_STRING:
		/* A NUL inside would be cut off silently further on. */
		return json_object_is_type(v, json_type_string) &&
		    strlen(json_object_get_string(v)) ==
		    (size_t)json_object_get_string_len(v);
	case PARAM_UINT:
		return json_object_is_type(v, json_type_int) &&
		    json_object_get_int64(v) >= 0 &&
		    json_object_get_uint64(v) <= INT64_MAX;
	case PARAM_BOOL:
		return json_object_is_type(v, json_type_boolean);
	case PARAM_SIZE:
		return type_ok(PARAM_UINT, v) || (type_ok(PARAM_STRING, v) &&
		    size_parse(json_object_get_string(v), NULL, &bytes));
	case PARAM_STRINGS:
		return all_strings(v);
	}
	return false;
}

static int
bad_param(struct err *e, const char *name)
{
	if (e) {
		e->code = -32602;
		snprintf(e->element, sizeof(e->element), "%s", name);
	}
	return -EINVAL;
}

static void
hint_param(const struct method *m, const char *name, struct err *e)
{
	struct nearest near = { .word = name };
	const struct method_param *p;

	for (p = m->params; p->name; p++)
		nearest_offer(&near, p->name);
	if (near.best)
		err_hint(e, "did you mean \"%s\"?", near.best);
	else
		err_hint(e, "rpc.discover lists the parameters");
}

static int
check_one(const struct method *m, const char *name, struct json_object *v,
    struct err *e)
{
	const struct method_param *p = method_param_find(m, name);

	if (!p) {
		err_set(e, ERR_INVALID_ARG, "%s: unknown parameter \"%.64s\"",
		    m->name, name);
		hint_param(m, name, e);
		return bad_param(e, name);
	}
	if (!type_ok(p->type, v)) {
		err_set(e, ERR_INVALID_ARG,
		    "%s: parameter \"%s\" must be of type %s", m->name, name,
		    param_type_name(p->type));
		return bad_param(e, name);
	}
	return 0;
}

int
method_check(const struct method *m, struct json_object *params, struct err *e)
{
	const struct method_param *p;
	struct json_object *v;

	if (params && !json_object_is_type(params, json_type_object)) {
		err_set(e, ERR_INVALID_ARG,
		    "%s: parameters must be named, in an object", m->name);
		return bad_param(e, "params");
	}
	if (params) {
		json_object_object_foreach(params, key, value) {
			int rc = check_one(m, key, value, e);

			if (rc)
				return rc;
		}
	}
	for (p = m->params; p->name; p++) {
		if (!(p->flags & PARAM_REQUIRED))
			continue;
		if (params && json_object_object_get_ex(params, p->name, &v))
			continue;
		err_set(e, ERR_INVALID_ARG,
		    "%s: parameter \"%s\" is missing", m->name, p->name);
		return bad_param(e, p->name);
	}
	return 0;
}

static bool
unit_factor(const char *unit, uint64_t *factor)
{
	static const char letters[] = "kmgtpe";
	const char *l;
	uint64_t base;
	int power;

	*factor = 1;
	if (!*unit || !strcasecmp(unit, "b") || !strcasecmp(unit, "bytes") ||
	    !strcasecmp(unit, "byte"))
		return true;
	l = strchr(letters, unit[0] | 0x20);
	if (!l)
		return false;
	if (!unit[1] || !strcasecmp(unit + 1, "ib"))
		base = 1024;
	else if (!strcasecmp(unit + 1, "b"))
		base = 1000;
	else
		return false;
	for (power = (int)(l - letters) + 1; power; power--)
		*factor *= base;
	return true;
}

bool
size_parse(const char *text, const char *default_unit, uint64_t *bytes)
{
	uint64_t v, factor;
	char *end;

	while (*text == ' ' || *text == '\t' || *text == '\n')
		text++;
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno)
		return false;
	while (*end == ' ' || *end == '\t' || *end == '\n')
		end++;
	if (!unit_factor(*end || !default_unit ? end : default_unit, &factor))
		return false;
	return mul_u64(bytes, v, factor);
}
