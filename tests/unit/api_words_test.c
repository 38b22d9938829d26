/* SPDX-License-Identifier: Apache-2.0 */
/* api/nearest.c, api/events.c, api/openrpc.c: names, and what is near them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <string.h>

#include "api/events.h"
#include "api/methods.h"
#include "api/nearest.h"
#include "api/openrpc.h"
#include "api/results.h"

static const char *
nearest_method(const char *word)
{
	struct nearest n = { .word = word };
	int i;

	for (i = 0; i < METHOD_COUNT; i++)
		nearest_offer(&n, api_methods[i].name);
	return n.best ? n.best : "";
}

static void
slips_are_understood(void **state)
{
	static const struct {
		const char *word, *meant;
	} t[] = {
		{ "domain.lits", "domain.list" },	/* swapped */
		{ "domain.ist", "domain.list" },	/* missing */
		{ "domain.liist", "domain.list" },	/* twice */
		{ "domain.lust", "domain.list" },	/* wrong */
		{ "DOMAIN.LIST", "domain.list" },	/* case */
		{ "domain_list", "domain.list" },
		{ "server.pign", "server.ping" },
		{ "frobnicate", "" },			/* nothing like it */
		{ "", "" },
	};
	char huge[300];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++)
		assert_string_equal(nearest_method(t[i].word), t[i].meant);
	memset(huge, 'a', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	assert_string_equal(nearest_method(huge), "");
}

static void
patterns(void **state)
{
	(void)state;
	assert_true(event_pattern_matches("*", "domain.lifecycle"));
	assert_true(event_pattern_matches("domain.*", "domain.lifecycle"));
	assert_true(event_pattern_matches("job.ended", "job.ended"));
	assert_false(event_pattern_matches("domain.*", "job.ended"));
	assert_false(event_pattern_matches("domain", "domain.lifecycle"));
	assert_false(event_pattern_matches("dom*", "domain.lifecycle"));
	assert_false(event_pattern_matches("domain.lifecycle.*",
	    "domain.lifecycle"));
	assert_false(event_pattern_matches(".*", "domain.lifecycle"));
	assert_false(event_pattern_matches("", "domain.lifecycle"));
	assert_true(event_pattern_ok("server.*"));
	assert_false(event_pattern_ok("servers.*"));
	assert_true(event_type_known("domain.lifecycle"));
	assert_false(event_type_known("domain.*"));
}

static void
tables_agree(void **state)
{
	struct json_object *doc = openrpc_document(), *methods, *m, *v;
	int i;

	(void)state;
	methods = json_object_object_get(doc, "methods");
	assert_int_equal(json_object_array_length(methods), METHOD_COUNT);
	for (i = 0; i < METHOD_COUNT; i++) {
		m = json_object_array_get_idx(methods, (size_t)i);
		v = json_object_object_get(m, "name");
		assert_string_equal(json_object_get_string(v),
		    api_methods[i].name);
		if (!api_results[i])
			fail_msg("the result of %s is not described",
			    api_methods[i].name);
		/* What is for a domain's owner says which domain. */
		if (api_methods[i].flags & METHOD_OWNER)
			assert_non_null(method_param_find(&api_methods[i],
			    "domain"));
		if (api_methods[i].role == ROLE_VIEWER)
			assert_false(api_methods[i].flags & METHOD_OWNER);
	}
	json_object_put(doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slips_are_understood),
		cmocka_unit_test(patterns),
		cmocka_unit_test(tables_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
