/* SPDX-License-Identifier: Apache-2.0 */
/* api/json.c, api/rpc.c, api/methods.c: what comes in over the socket. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/methods.h"
#include "api/rpc.h"

static void
good_documents_parse(void **state)
{
	static const char *const t[] = {
		"{}", "[]", " { } ", "[1,2,3]", "{\"a\":{\"b\":[true,false,null]}}",
		"[\"\\u00e4\\ud83d\\ude00\\n\"]", "[0,-0,1.5,1e3,1E-3,-1.0e+9]",
		"[18446744073709551615,-9223372036854775808]",
		"{\"\":1}", "[\"\xc3\xa4\xf0\x9f\x98\x80\"]", "[[],{}]",
		"{\"a\":1,\"b\":1}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct err e = { 0 };
		struct json_object *o = json_parse(t[i], strlen(t[i]), &e);

		if (!o)
			fail_msg("%s: %s", t[i], e.msg);
		json_object_put(o);
	}
}

static void
bad_documents_are_refused(void **state)
{
	static const char *const t[] = {
		"", "{", "[", "}", "[1,]", "{\"a\":1,}", "{\"a\"}", "{a:1}",
		"['a']", "[01]", "[1.]", "[.5]", "[1e]", "[+1]", "[-]",
		"[0x10]", "[NaN]", "[Infinity]", "[nul]", "[TRUE]", "[1 2]",
		"{\"a\" 1}", "[\"\\x\"]", "[\"\\u12\"]", "[\"\\ud800\"]",
		"[\"\\udc00\"]", "[\"\\ud800\\u0041\"]", "[\"\n\"]", "[\"a]",
		"{} {}", "[]]", "[}", "{]", "[1],", "// x\n{}", "/**/[]",
		"[18446744073709551616]", "[-9223372036854775809]",
		"[\"\xc3\"]", "[\"\xc0\x80\"]", "[\"\xed\xa0\x80\"]",
		"[\"\xf4\x90\x80\x80\"]", "[\"\xff\"]", "\xef\xbb\xbf{}",
		"{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}",
		"[{\"x\":{\"k\":1,\"k\":1}}]",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct err e = { 0 };

		if (json_parse(t[i], strlen(t[i]), &e))
			fail_msg("accepted: %s", t[i]);
		assert_int_equal(e.code, -32700);
		assert_true(e.msg[0]);
	}
}

static void
depth(char *buf, unsigned n)
{
	memset(buf, '[', n);
	memset(buf + n, ']', n);
	buf[2 * n] = '\0';
}

static void
limits_hold(void **state)
{
	char *big = malloc(JSON_MAX_BYTES + 16), text[400];
	struct json_object *o;
	struct err e = { 0 };
	size_t n;

	(void)state;
	depth(text, JSON_MAX_DEPTH);
	o = json_parse(text, strlen(text), &e);
	assert_non_null(o);
	json_object_put(o);
	depth(text, JSON_MAX_DEPTH + 1);
	assert_null(json_parse(text, strlen(text), &e));
	assert_int_equal(e.code, -32600);
	snprintf(text, sizeof(text), "{\"%0*d\":1}", JSON_MAX_KEY + 1, 0);
	assert_null(json_parse(text, strlen(text), &e));
	assert_int_equal(e.code, -32600);
	for (n = 0, big[n++] = '['; n < 4 * JSON_MAX_TOKENS; n += 2)
		memcpy(big + n, "1,", 2);
	memcpy(big + n, "1]", 2);
	assert_null(json_parse(big, n + 2, &e));
	assert_int_equal(e.code, -32600);
	free(big);
}

static const char stream[] =
    "{\"a\":\"}\\\"{\"}[1,[2]]\n\n {\"b\":{}}\r\n[\"]\"]";
static const char *const messages[] = {
	"{\"a\":\"}\\\"{\"}", "[1,[2]]", "{\"b\":{}}", "[\"]\"]",
};

static unsigned
take_all(struct json_framer *f, unsigned got)
{
	const char *text;
	size_t len;

	while (json_framer_next(f, &text, &len) == 1) {
		assert_true(got < ARRAY_LEN(messages));
		assert_int_equal(len, strlen(messages[got]));
		assert_memory_equal(text, messages[got], len);
		got++;
	}
	return got;
}

static void
framer_does_not_care_where_bytes_split(void **state)
{
	size_t n = sizeof(stream) - 1, step, i;

	(void)state;
	for (step = 1; step <= n; step++) {
		struct json_framer f = { 0 };
		unsigned got = 0;

		for (i = 0; i < n; i += step) {
			assert_int_equal(json_framer_feed(&f, stream + i,
			    MIN(step, n - i)), 0);
			got = take_all(&f, got);
		}
		assert_int_equal(got, ARRAY_LEN(messages));
		assert_false(json_framer_partial(&f));
		json_framer_fini(&f);
	}
}

static void
framer_refuses_what_begins_no_message(void **state)
{
	static const char *const t[] = { "x", "1", "\"a\"", "{}x", "]", "}" };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct json_framer f = { 0 };
		const char *text;
		size_t len;
		int rc;

		assert_int_equal(json_framer_feed(&f, t[i], strlen(t[i])), 0);
		while ((rc = json_framer_next(&f, &text, &len)) == 1)
			;
		assert_int_equal(rc, -EPROTO);
		json_framer_fini(&f);
	}
}

static void
framer_stops_at_4_mib(void **state)
{
	struct json_framer f = { 0 };
	char chunk[65536];
	const char *text;
	size_t len, sent = 0;
	int rc;

	(void)state;
	memset(chunk, ' ', sizeof(chunk));
	chunk[0] = '[';
	do {
		rc = json_framer_feed(&f, chunk, sizeof(chunk));
		sent += sizeof(chunk);
		chunk[0] = ' ';
		assert_int_equal(json_framer_next(&f, &text, &len), 0);
	} while (!rc && sent < 2 * JSON_MAX_BYTES);
	assert_int_equal(rc, -EMSGSIZE);
	assert_in_range(sent, JSON_MAX_BYTES, JSON_MAX_BYTES + sizeof(chunk));
	json_framer_fini(&f);
}

static void
requests_are_taken_apart(void **state)
{
	static const struct { const char *text; int code; bool note; } t[] = {
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}", 0, false },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}", 0, true },
		{ "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"x\","
		  "\"params\":{}}", 0, false },
		{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"x\"}", -32600,
		  false },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"x\"}", -32600,
		  false },
		{ "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"x\"}", -32600,
		  false },
		{ "{\"id\":1,\"method\":\"x\"}", -32600, false },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1}", -32600, false },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":2}", -32600, false },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\","
		  "\"params\":[1]}", -32600, false },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"y\":1}",
		  -32600, false },
		{ "[1]", -32600, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct err e = { 0 };
		struct rpc_request r;
		struct json_object *o = json_parse(t[i].text,
		    strlen(t[i].text), &e);

		assert_non_null(o);
		assert_int_equal(rpc_request_parse(o, &r, &e) != 0,
		    t[i].code != 0);
		assert_int_equal(e.code, t[i].code);
		if (!t[i].code)
			assert_int_equal(r.notification, t[i].note);
		json_object_put(o);
	}
}

static void
parameters_are_checked(void **state)
{
	static const struct {
		const char *method, *params, *field;	/* field: NULL is good */
	} t[] = {
		{ "server.info", "{}", NULL },
		{ "server.info", "{\"x\":1}", "x" },
		{ "domain.start", "{}", "domain" },
		{ "domain.start", "{\"domain\":\"a\"}", NULL },
		{ "domain.start", "{\"domain\":1}", "domain" },
		{ "domain.start", "{\"domain\":null}", "domain" },
		{ "domain.start", "{\"domain\":\"a\\u0000b\"}", "domain" },
		{ "domain.create", "{\"memory\":\"512M\",\"vcpus\":1}", NULL },
		{ "domain.create", "{\"memory\":1048576}", NULL },
		{ "domain.create", "{\"memory\":\"512Q\"}", "memory" },
		{ "domain.create", "{\"memory\":-1}", "memory" },
		{ "domain.create", "{\"vcpus\":1.5}", "vcpus" },
		{ "domain.create", "{\"vcpus\":18446744073709551615}", "vcpus" },
		{ "domain.create", "{\"debug_exit\":1}", "debug_exit" },
		{ "events.subscribe", "{\"types\":[\"a\"]}", NULL },
		{ "events.subscribe", "{\"types\":[1]}", "types" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		enum method_id id = method_find(t[i].method);
		struct err e = { 0 };
		struct json_object *p = json_parse(t[i].params,
		    strlen(t[i].params), &e);
		int rc;

		assert_int_not_equal(id, METHOD_COUNT);
		rc = method_check(&api_methods[id], p, &e);
		json_object_put(p);
		if (!t[i].field) {
			assert_int_equal(rc, 0);
			continue;
		}
		assert_int_not_equal(rc, 0);
		assert_int_equal(e.code, -32602);
		assert_string_equal(e.element, t[i].field);
	}
	assert_int_equal(method_find("domain.fly"), METHOD_COUNT);
}

static void
sizes_parse(void **state)
{
	static const struct { const char *text, *unit; int64_t bytes; } t[] = {
		{ "512M", NULL, 512 << 20 }, { "1 GiB", NULL, 1 << 30 },
		{ "1", NULL, 1 }, { "1", "KiB", 1024 }, { "2", "MB", 2000000 },
		{ "1k", NULL, 1024 }, { "1KB", NULL, 1000 },
		{ "3", "bytes", 3 }, { "", NULL, -1 }, { "M", NULL, -1 },
		{ "-1", NULL, -1 }, { "1.5G", NULL, -1 }, { "1X", NULL, -1 },
		{ "99999999999999999999", NULL, -1 },
		{ "18446744073709551615", "E", -1 }, { "1MM", NULL, -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		uint64_t v = 0;
		bool ok = size_parse(t[i].text, t[i].unit, &v);

		assert_int_equal(ok, t[i].bytes >= 0);
		if (ok)
			assert_int_equal(v, t[i].bytes);
	}
}

static void
errors_carry_what_a_program_needs(void **state)
{
	struct err e = { 0 };
	struct json_object *m, *error, *data;

	(void)state;
	err_set_sys(&e, ENOENT, "kernel");
	err_hint(&e, "look");
	m = rpc_error(NULL, &e, &(struct rpc_origin){ .domain = "demo",
	    .uid = -1 });
	assert_true(json_object_object_get_ex(m, "error", &error));
	assert_true(json_object_object_get_ex(error, "data", &data));
	assert_string_equal(json_object_to_json_string_ext(data,
	    JSON_C_TO_STRING_PLAIN), "{\"name\":\"SYSTEM_ERROR\","
	    "\"domain\":\"demo\",\"errno\":2,\"hint\":\"look\"}");
	json_object_put(m);
}

static void
times_are_rfc_3339(void **state)
{
	char buf[32];

	(void)state;
	rpc_time(INT64_C(1767225599) * NS_PER_SEC + 987654321, buf);
	assert_string_equal(buf, "2025-12-31T23:59:59.987Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_documents_parse),
		cmocka_unit_test(bad_documents_are_refused),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(framer_does_not_care_where_bytes_split),
		cmocka_unit_test(framer_refuses_what_begins_no_message),
		cmocka_unit_test(framer_stops_at_4_mib),
		cmocka_unit_test(requests_are_taken_apart),
		cmocka_unit_test(parameters_are_checked),
		cmocka_unit_test(sizes_parse),
		cmocka_unit_test(errors_carry_what_a_program_needs),
		cmocka_unit_test(times_are_rfc_3339),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
