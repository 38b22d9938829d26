/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RPC framing, JSON and requests.  The first byte says in what portions the
 * rest arrives; whatever it says, the same messages come out.
 */
#include <json-c/json.h>

#include "api/json.h"
#include "api/methods.h"
#include "api/rpc.h"
#include "tests/fuzz/fuzz.h"

#define MAX_MESSAGES 64

struct message {
	char *text;
	size_t len;
};

struct stream {
	struct message m[MAX_MESSAGES];
	unsigned n;
	int end;	/* 0, or the error that ended it */
};

static void
take(struct json_framer *f, struct stream *s)
{
	const char *text;
	size_t len;
	int rc;

	while ((rc = json_framer_next(f, &text, &len)) > 0) {
		if (s->n == MAX_MESSAGES)
			continue;
		s->m[s->n].text = malloc(len + 1);
		memcpy(s->m[s->n].text, text, len);
		s->m[s->n].text[len] = '\0';
		s->m[s->n++].len = len;
	}
	s->end = rc;
}

static void
read_stream(struct stream *s, const char *data, size_t size, size_t portion)
{
	struct json_framer f = { 0 };

	memset(s, 0, sizeof(*s));
	while (size && !s->end) {
		size_t n = portion && portion < size ? portion : size;
		/* A copy of its own, so that reading past it is noticed. */
		char *part = malloc(n);

		memcpy(part, data, n);
		s->end = json_framer_feed(&f, part, n);
		free(part);
		if (!s->end)
			take(&f, s);
		data += n;
		size -= n;
	}
	json_framer_fini(&f);
}

static void
free_stream(struct stream *s)
{
	for (unsigned i = 0; i < s->n; i++)
		free(s->m[i].text);
}

static void
check_request(struct json_object *msg)
{
	struct rpc_request r;
	struct err e = { 0 };
	enum method_id id;

	if (rpc_request_parse(msg, &r, &e)) {
		MUST_EXPLAIN(&e);
		return;
	}
	id = method_find(r.method);
	if (id == METHOD_COUNT)
		return;
	if (method_check(&api_methods[id], r.params, &e))
		MUST_EXPLAIN(&e);
}

/* What we take in, we can write, and read again as the same. */
static void
check_message(const struct message *m)
{
	struct err e = { 0 };
	struct json_object *o = json_parse(m->text, m->len, &e);
	struct json_object *again;
	const char *text;
	size_t len;

	if (!o) {
		MUST_EXPLAIN(&e);
		return;
	}
	text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN |
	    JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	again = json_parse(text, len, &e);
	/* Written with escapes, a key or the whole may pass a limit. */
	MUST(again ? json_object_equal(o, again) :
	    e.code == RPC_INVALID_REQUEST && len > m->len);
	json_object_put(again);
	if (json_object_is_type(o, json_type_object))
		check_request(o);
	json_object_put(o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream whole, parts;

	if (!size)
		return 0;
	read_stream(&whole, (const char *)data + 1, size - 1, 0);
	read_stream(&parts, (const char *)data + 1, size - 1, data[0]);
	MUST(whole.n == parts.n && whole.end == parts.end);
	for (unsigned i = 0; i < whole.n; i++) {
		MUST(whole.m[i].len == parts.m[i].len);
		MUST(!memcmp(whole.m[i].text, parts.m[i].text,
		    whole.m[i].len));
		check_message(&whole.m[i]);
	}
	free_stream(&whole);
	free_stream(&parts);
	return 0;
}
