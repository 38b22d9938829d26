/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading answers leniently and printing them: a member that is missing or of
 * another type gives the default, never a crash.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

void
out_json(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
	    JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
}

void
out_json_line(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
	    JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
}

static struct json_object *
member_of(struct json_object *o, const char *key, enum json_type type)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) &&
	    json_object_is_type(v, type) ? v : NULL;
}

struct json_object *
json_array(struct json_object *o, const char *key)
{
	return member_of(o, key, json_type_array);
}

struct json_object *
json_member(struct json_object *o, const char *key)
{
	return member_of(o, key, json_type_object);
}

const char *
json_text(struct json_object *o, const char *key, const char *dflt)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) ||
	    !json_object_is_type(v, json_type_string))
		return dflt;
	return json_object_get_string(v);
}

int64_t
json_int(struct json_object *o, const char *key, int64_t dflt)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) ||
	    !json_object_is_type(v, json_type_int))
		return dflt;
	return json_object_get_int64(v);
}

bool
json_flag(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) &&
	    json_object_is_type(v, json_type_boolean) &&
	    json_object_get_boolean(v);
}

void
json_join(struct json_object *o, const char *key, char *buf, size_t size)
{
	struct json_object *v;
	const char *text;
	size_t used = 0;
	size_t i;
	int n;

	buf[0] = 0;
	if (!json_object_object_get_ex(o, key, &v) ||
	    !json_object_is_type(v, json_type_array))
		return;
	for (i = 0; i < json_object_array_length(v) && used < size; i++) {
		text = json_object_get_string(json_object_array_get_idx(v, i));
		n = snprintf(buf + used, size - used, "%s%s", i ? "; " : "",
		    text ? text : "");
		if (n < 0)
			return;
		used += (size_t)n;
	}
}
