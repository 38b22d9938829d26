/* SPDX-License-Identifier: Apache-2.0 */
/* api/json.c against a set of what JSON is and what it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <string.h>

#include "api/json.h"

struct doc {
	const char *name, *text;
	size_t len;
	bool good;
};

static const struct doc docs[] = {
#define Y(name, text) { "y_" #name, text, sizeof(text) - 1, true },
#define N(name, text) { "n_" #name, text, sizeof(text) - 1, false },
#include "tests/unit/json_cases.h"
};

static struct json_object *
parse(const char *text, size_t len, struct err *e)
{
	memset(e, 0, sizeof(*e));
	return json_parse(text, len, e);
}

static void
documents(void **state)
{
	unsigned wrong = 0;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(docs); i++) {
		const struct doc *d = &docs[i];
		struct json_object *o = parse(d->text, d->len, &e);

		if (!o != !d->good) {
			print_error("%s: %s\n", d->name,
			    o ? "accepted" : e.msg);
			wrong++;
		}
		if (!o)
			assert_int_equal(e.code, -32700);
		json_object_put(o);
	}
	assert_int_equal(wrong, 0);
}

/* An object or array that has no end is none. */
static void
beginnings(void **state)
{
	struct err e;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(docs); i++) {
		size_t len = docs[i].len;

		/* Space after the end may be missing. */
		while (len && strchr(" \t\r\n", docs[i].text[len - 1]))
			len--;
		for (n = 0; docs[i].good && n < len; n++)
			if (parse(docs[i].text, n, &e))
				fail_msg("%s: its first %zu bytes",
				    docs[i].name, n);
	}
}

/* What was accepted means the same when it is written and read again. */
static void
again(void **state)
{
	struct err e;
	size_t i, len;

	(void)state;
	for (i = 0; i < ARRAY_LEN(docs); i++) {
		struct json_object *o, *p;
		const char *text;

		if (!docs[i].good)
			continue;
		o = parse(docs[i].text, docs[i].len, &e);
		text = json_object_to_json_string_length(o,
		    JSON_C_TO_STRING_PLAIN, &len);
		p = parse(text, len, &e);
		if (!p || !json_object_equal(o, p))
			fail_msg("%s: %s", docs[i].name, text);
		json_object_put(o);
		json_object_put(p);
	}
}

/* However it is cut, the framer finds the same message in it. */
static void
framed(void **state)
{
	const char *text, *start;
	size_t i, cut, len, want;

	(void)state;
	for (i = 0; i < ARRAY_LEN(docs); i++) {
		if (!docs[i].good)
			continue;
		start = docs[i].text + strspn(docs[i].text, " \t\r\n");
		want = docs[i].len - (size_t)(start - docs[i].text);
		while (strchr(" \t\r\n", start[want - 1]))
			want--;
		for (cut = 0; cut <= docs[i].len; cut++) {
			struct json_framer f = { 0 };
			int rc;

			assert_int_equal(json_framer_feed(&f, docs[i].text,
			    cut), 0);
			rc = json_framer_next(&f, &text, &len);
			if (!rc) {
				assert_int_equal(json_framer_feed(&f,
				    docs[i].text + cut, docs[i].len - cut), 0);
				rc = json_framer_next(&f, &text, &len);
			}
			assert_int_equal(rc, 1);
			assert_int_equal(len, want);
			assert_memory_equal(text, start, want);
			json_framer_fini(&f);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents),
		cmocka_unit_test(beginnings),
		cmocka_unit_test(again),
		cmocka_unit_test(framed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
