/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines against the table of verbs, and values as people write them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cli/cli.h"

/* The table names every verb's function; none is called here. */
#define VERB(name) \
	int name(struct cli *cli, const struct args *a) { return 0; }
VERB(verb_define)
VERB(verb_cpu_models)
VERB(verb_doctor)
VERB(verb_undefine)
VERB(verb_create)
VERB(verb_check)
VERB(verb_start)
VERB(verb_shutdown)
VERB(verb_reboot)
VERB(verb_destroy)
VERB(verb_reset)
VERB(verb_suspend)
VERB(verb_resume)
VERB(verb_autostart)
VERB(verb_list)
VERB(verb_dominfo)
VERB(verb_domstate)
VERB(verb_domid)
VERB(verb_domname)
VERB(verb_domuuid)
VERB(verb_vcpucount)
VERB(verb_ttyconsole)
VERB(verb_dumpxml)
VERB(verb_console)
VERB(verb_bt_show)
VERB(verb_bt_stats)
VERB(verb_run)
VERB(verb_wait)
VERB(verb_domstats)
VERB(verb_top)
VERB(verb_event)
VERB(verb_edit)
VERB(verb_job_info)
VERB(verb_job_abort)
VERB(verb_nodeinfo)
VERB(verb_capabilities)
VERB(verb_domcapabilities)
VERB(verb_completion)
VERB(verb_version)
VERB(verb_help)

static struct args a;
static struct cli cli;
static struct err e;
static bool help;

static bool
parse(const char *verb, int argc, const char **argv)
{
	memset(&cli, 0, sizeof(cli));
	memset(&e, 0, sizeof(e));
	return args_parse(&a, &cli, verb_find(verb), argc, (char **)argv,
	    &help, &e);
}

#define PARSE(verb, ...) \
	parse(verb, (int)ARRAY_LEN(((const char *[]){ __VA_ARGS__ })), \
	    (const char *[]){ __VA_ARGS__ })

static void
options_stand_anywhere(void **state)
{
	assert_true(PARSE("run", "--memory", "1G", "file.xml", "--timeout=9",
	    "-k", "vmlinuz", "-iinitrd", "--debug-exit"));
	assert_string_equal(args_get(&a, "memory"), "1G");
	assert_string_equal(args_get(&a, "timeout"), "9");
	assert_string_equal(args_get(&a, "kernel"), "vmlinuz");
	assert_string_equal(args_get(&a, "initrd"), "initrd");
	assert_string_equal(args_get(&a, "debug-exit"), "");
	assert_null(args_get(&a, "until"));
	assert_int_equal(a.n_operands, 1);
	assert_string_equal(a.operand[0], "file.xml");
}

static void
global_options_count_after_the_verb_too(void **state)
{
	assert_true(PARSE("list", "--json", "-c", "/s", "--all"));
	assert_true(cli.json);
	assert_string_equal(cli.socket, "/s");
	assert_non_null(args_get(&a, "all"));
}

static void
two_dashes_end_the_options(void **state)
{
	assert_true(PARSE("start", "--", "--odd-name"));
	assert_string_equal(a.operand[0], "--odd-name");
	assert_true(PARSE("define", "-"));
	assert_string_equal(a.operand[0], "-");
}

static void
wrong_calls_are_refused(void **state)
{
	assert_false(PARSE("start", "a", "b"));
	assert_non_null(strstr(e.msg, "\"b\""));
	assert_false(PARSE("start", "--json"));
	assert_non_null(strstr(e.msg, "NAME is missing"));
	assert_false(PARSE("run", "--memory"));
	assert_non_null(strstr(e.msg, "needs a value"));
	assert_false(PARSE("run", "--debug-exit=1"));
	assert_non_null(strstr(e.msg, "takes no value"));
	assert_false(PARSE("run", "--mem", "1"));
	assert_non_null(strstr(e.msg, "unknown option --mem"));
	assert_false(PARSE("list", "-c"));
	assert_non_null(strstr(e.msg, "needs a value"));
	assert_false(PARSE("run", "-h"));
	assert_true(help);
}

static void
slips_of_the_finger_are_understood(void **state)
{
	assert_string_equal(verb_suggest("lst")->name, "list");
	assert_string_equal(verb_suggest("dominof")->name, "dominfo");
	assert_string_equal(verb_suggest("shutdwon")->name, "shutdown");
	assert_null(verb_suggest("frobnicate"));
	assert_null(verb_suggest("a-very-long-word-indeed"));
}

static void
other_names_lead_to_the_same_verbs(void **state)
{
	assert_string_equal(verb_find("stop")->name, "shutdown");
	assert_string_equal(verb_find("kill")->name, "destroy");
	assert_string_equal(verb_find("ls")->name, "list");
	assert_string_equal(verb_find("ps")->name, "list");
	assert_null(verb_find("ls ps"));
	assert_null(verb_find("l"));
	assert_null(verb_find(""));
}

static void
virshs_names_of_operands_are_taken(void **state)
{
	assert_true(PARSE("start", "--domain", "web1", "--paused"));
	assert_int_equal(a.n_operands, 1);
	assert_string_equal(a.operand[0], "web1");
	assert_true(PARSE("define", "--file=a.xml"));
	assert_string_equal(a.operand[0], "a.xml");
	assert_false(PARSE("start", "--domain", "web1", "web2"));
	assert_non_null(strstr(e.msg, "too many"));
	assert_false(PARSE("start", "--domain"));
	assert_non_null(strstr(e.msg, "needs a value"));
	assert_false(PARSE("define", "--domain", "web1"));
}

static void
colors_are_asked_for(void **state)
{
	assert_true(PARSE("list", "--color=never"));
	assert_int_equal(cli.color, WHEN_NEVER);
	assert_true(PARSE("list", "--color", "always"));
	assert_int_equal(cli.color, WHEN_ALWAYS);
	assert_false(PARSE("list", "--color", "blue"));
	assert_null(args_maybe(&a, "no-such-option"));
}

static void
sizes_and_times_are_read(void **state)
{
	uint64_t n;
	ns_t t;

	assert_int_equal(memory_parse("512", &n, &e), 0);
	assert_int_equal(n, UINT64_C(512) << 20);
	assert_int_equal(memory_parse("2G", &n, &e), 0);
	assert_int_equal(n, UINT64_C(2) << 30);
	assert_int_equal(memory_parse("64MiB", &n, &e), 0);
	assert_int_equal(n, UINT64_C(64) << 20);
	assert_int_not_equal(memory_parse("-1", &n, &e), 0);
	assert_int_not_equal(memory_parse("1X", &n, &e), 0);
	assert_int_not_equal(memory_parse("", &n, &e), 0);
	assert_int_not_equal(memory_parse("99999999999999G", &n, &e), 0);
	assert_int_equal(duration_parse("1.5", &t, &e), 0);
	assert_int_equal(t, 3 * NS_PER_SEC / 2);
	assert_int_equal(duration_parse("2m", &t, &e), 0);
	assert_int_equal(t, 120 * NS_PER_SEC);
	assert_int_not_equal(duration_parse("0", &t, &e), 0);
	assert_int_not_equal(duration_parse("nan", &t, &e), 0);
	assert_int_not_equal(duration_parse("1e99", &t, &e), 0);
	assert_int_not_equal(duration_parse("soon", &t, &e), 0);
	assert_int_equal(number_parse("0x10", 16, &n, &e), 0);
	assert_int_equal(n, 16);
	assert_int_not_equal(number_parse("17", 16, &n, &e), 0);
	assert_int_not_equal(number_parse("1 ", 16, &n, &e), 0);
}

/* Help and usage come from the table, so the table must be whole. */
static void
every_verb_is_complete(void **state)
{
	const struct cli_opt *o;
	const struct verb *v;
	unsigned n;

	for (v = cli_verbs; v->name; v++) {
		assert_non_null(v->summary);
		assert_non_null(v->operands);
		assert_non_null(v->run);
		assert_true(v->max <= ARGS_MAX_OPERANDS);
		assert_true(v->min <= v->max);
		assert_ptr_equal(verb_find(v->name), v);
		for (o = v->opts, n = 0; o->name; o++, n++)
			assert_non_null(o->help);
		assert_true(n <= ARGS_MAX_OPTS);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_stand_anywhere),
		cmocka_unit_test(global_options_count_after_the_verb_too),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(wrong_calls_are_refused),
		cmocka_unit_test(slips_of_the_finger_are_understood),
		cmocka_unit_test(other_names_lead_to_the_same_verbs),
		cmocka_unit_test(virshs_names_of_operands_are_taken),
		cmocka_unit_test(colors_are_asked_for),
		cmocka_unit_test(sizes_and_times_are_read),
		cmocka_unit_test(every_verb_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
