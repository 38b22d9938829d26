/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command-line options into parameters of domain.start and domain.create.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "cli/run_opts.h"
#include "vm/config.h"

enum kind { TEXT, FLAG, SIZE, NUMBER, FILE_PATH, MODE, ENGINE };

/* Only the names that the verb has are looked at. */
static const struct {
	const char *option;
	const char *param;
	enum kind kind;
} map[] = {
	{ "mode", "mode", MODE },
	{ "engine", "engine", ENGINE },
	{ "debug-exit", "debug_exit", FLAG },
	{ "gdb", "gdb", FILE_PATH },
	{ "host-without", "host_without", TEXT },
	{ "bt-disable", "bt_disable", TEXT },
	{ "code-cache", "code_cache", SIZE },
	{ "exact-flags", "exact_flags", FLAG },
	{ "count-insns", "count_insns", FLAG },
	{ "perf-map", "perf_map", FLAG },
	{ "tlb-entries", "tlb_entries", NUMBER },
	{ "stop-after", "stop_after", NUMBER },
	{ "paused", "paused", FLAG },
	{ "strict", "strict", FLAG },
	{ "validate", "strict", FLAG },
	/* It goes on when its console is joined: not a byte is missed. */
	{ "console", "paused", FLAG },
	{ "name", "name", TEXT },
	{ "memory", "memory", SIZE },
	{ "vcpus", "vcpus", NUMBER },
	{ "kernel", "kernel", FILE_PATH },
	{ "initrd", "initrd", FILE_PATH },
	{ "append", "cmdline", TEXT },
};

static bool
has_option(const struct verb *v, const char *name)
{
	const struct cli_opt *o;

	for (o = v->opts; o->name; o++) {
		if (!strcmp(o->name, name))
			return true;
	}
	return false;
}

/* A word of a fixed set; the daemon checks it too. */
static int
word_of(enum kind kind, const char *text, struct json_object **v,
    struct err *e)
{
	enum vm_engine engine;
	enum vm_mode mode;
	bool known;

	known = kind == MODE ? vm_mode_parse(text, &mode) :
	    vm_engine_parse(text, &engine);
	if (!known) {
		err_set(e, ERR_INVALID_ARG, "there is no \"%s\"", text);
		err_hint(e, kind == MODE ? "use auto, bt, hvm or pv" :
		    "use default or interp");
		return -EINVAL;
	}
	*v = json_object_new_string(text);
	return 0;
}

static int
value_of(enum kind kind, const char *text, struct json_object **v,
    struct err *e)
{
	uint64_t n;
	char *path;
	int rc;

	switch (kind) {
	case TEXT:
		*v = json_object_new_string(text);
		return 0;
	case FLAG:
		*v = json_object_new_boolean(true);
		return 0;
	case FILE_PATH:
		path = file_absolute(text);
		if (!path)
			return err_set_sys(e, errno, "path %s", text);
		*v = json_object_new_string(path);
		free(path);
		return 0;
	case MODE:
	case ENGINE:
		return word_of(kind, text, v, e);
	case SIZE:
		rc = memory_parse(text, &n, e);
		break;
	default:
		rc = number_parse(text, INT64_MAX, &n, e);
		break;
	}
	if (rc)
		return rc;
	if (n > INT64_MAX)
		return err_set(e, ERR_INVALID_ARG, "%s is too much", text);
	*v = json_object_new_int64((int64_t)n);
	return 0;
}

int
run_opts_add(struct json_object *params, const struct args *a, struct err *e)
{
	struct json_object *v = NULL;
	const char *text;
	size_t i;
	int rc;

	for (i = 0; i < ARRAY_LEN(map); i++) {
		if (!has_option(a->verb, map[i].option))
			continue;
		text = args_get(a, map[i].option);
		if (!text)
			continue;
		rc = value_of(map[i].kind, text, &v, e);
		if (rc) {
			err_prefix(e, "--%s", map[i].option);
			return rc;
		}
		json_object_object_add(params, map[i].param, v);
	}
	return 0;
}
