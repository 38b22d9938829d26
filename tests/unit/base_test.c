/* SPDX-License-Identifier: Apache-2.0 */
/* base/: errors, log, clocks. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/sandbox.h"

static void
sandbox_states_travel_as_text(void **state)
{
	struct sandbox_state a = { 0 }, b = { 0 };
	char text[SANDBOX_TEXT_MAX], tiny[12];

	sandbox_on(&a, SANDBOX_PID_NS);
	sandbox_off(&a, SANDBOX_ROOT, "a|b=%d\n", 7);
	assert_true(sandbox_put(&a, text, sizeof(text)));
	assert_string_equal(text, "pid_ns=on|root=off: a b=7 ");
	assert_false(sandbox_put(&a, tiny, sizeof(tiny)));
	sandbox_on(&b, SANDBOX_UID);
	sandbox_take(&b, text);
	assert_true(sandbox_is_on(&b, SANDBOX_PID_NS));
	assert_true(sandbox_is_on(&b, SANDBOX_UID));
	assert_false(sandbox_is_on(&b, SANDBOX_ROOT));
	assert_string_equal(b.text[SANDBOX_ROOT], "off: a b=7 ");
	assert_string_equal(b.text[SANDBOX_SECCOMP], "");
	/* Newer or broken ones do no harm. */
	sandbox_take(&b, "|=|unknown=on|pid_ns|net_ns=|user_ns=on");
	assert_true(sandbox_is_on(&b, SANDBOX_USER_NS));
	assert_true(sandbox_is_on(&b, SANDBOX_PID_NS));
	for (int i = 0; i < SANDBOX_LAYERS; i++)
		sandbox_off(&a, i, "%90s", "x");
	assert_false(sandbox_put(&a, text, sizeof(text)));
}

static void
sandbox_words_are_told_from_cpu_features(void **state)
{
	assert_true(sandbox_word("userns", 6));
	assert_true(sandbox_word("pidfd,avx", 5));
	assert_false(sandbox_word("pidfd", 4));
	assert_false(sandbox_word("avx2", 4));
	assert_true(sandbox_without("avx,userns", "userns"));
	assert_false(sandbox_without("avx,usernsx", "userns"));
	assert_false(sandbox_without("", "userns"));
}

static void
err_set_fills_and_clears(void **state)
{
	struct err e = { .line = 7, .hint = "old", .element = "old" };

	(void)state;
	assert_int_equal(err_set(&e, ERR_NO_DOMAIN, "no %s", "demo"), -EINVAL);
	assert_int_equal(e.code, ERR_NO_DOMAIN);
	assert_string_equal(e.msg, "no demo");
	assert_string_equal(e.hint, "");
	assert_string_equal(e.element, "");
	assert_int_equal(e.line, 0);
}

static void
err_set_sys_appends_the_reason(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set_sys(&e, ENOENT, "kernel \"%s\"", "/x"),
	    -ENOENT);
	assert_string_equal(e.msg, "kernel \"/x\": No such file or directory");
	assert_int_equal(e.code, ERR_SYSTEM_ERROR);
	assert_int_equal(e.sys, ENOENT);
}

static void
err_may_be_null(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_INTERNAL, "x"), -EINVAL);
	assert_int_equal(err_set_sys(NULL, EIO, "x"), -EIO);
	err_hint(NULL, "x");
	err_prefix(NULL, "x");
}

static void
err_prefix_goes_before_and_is_cut(void **state)
{
	struct err e;
	char big[600];

	(void)state;
	err_set(&e, ERR_INTERNAL, "reason");
	err_prefix(&e, "disk %s", "sda");
	assert_string_equal(e.msg, "disk sda: reason");
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	err_prefix(&e, "%s", big);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
}

static void
err_name_knows_the_codes(void **state)
{
	(void)state;
	assert_string_equal(err_name(ERR_NO_DOMAIN), "NO_DOMAIN");
	assert_string_equal(err_name(-32700), "PARSE_ERROR");
	assert_string_equal(err_name(4711), "UNKNOWN");
}

/* Run fn with the log going to a pipe; what it wrote into buf. */
static void
capture(void (*fn)(void), char *buf, size_t size)
{
	int p[2];
	ssize_t n;

	assert_int_equal(pipe(p), 0);
	log_set_fd(p[1]);
	fn();
	log_set_fd(STDERR_FILENO);
	close(p[1]);
	n = read(p[0], buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
	close(p[0]);
}

static void
write_forged(void)
{
	log_set_prefix("monitor: vm=demo");
	log_line(LOG_WARN, "what=say text=\"%s\"", "a\nb\x1b[0m");
	log_line(LOG_DEBUG, "not shown");
	log_set_prefix("");
}

static void
log_lines_cannot_be_forged(void **state)
{
	char buf[512];

	(void)state;
	capture(write_forged, buf, sizeof(buf));
	assert_non_null(strstr(buf,
	    "Z W monitor: vm=demo what=say text=\"a?b?[0m\"\n"));
	assert_ptr_equal(strchr(buf, '\n'), buf + strlen(buf) - 1);
}

static void
write_for_the_journal(void)
{
	log_set_journal(true);
	log_line(LOG_ERR, "one");
	log_line(LOG_INFO, "two");
	log_set_journal(false);
}

static void
the_journal_gets_levels_and_no_time(void **state)
{
	char buf[512];

	(void)state;
	capture(write_for_the_journal, buf, sizeof(buf));
	assert_string_equal(buf, "<3>one\n<6>two\n");
}

static void
write_many(void)
{
	struct log_limit l = { 0 };
	int i;

	for (i = 0; i < 1000; i++)
		log_limited(&l, LOG_WARN, "noise");
}

static void
log_limited_holds_back(void **state)
{
	char buf[65536], *s = buf;
	unsigned n = 0;

	(void)state;
	capture(write_many, buf, sizeof(buf));
	while ((s = strstr(s, "noise\n")) != NULL) {
		n++;
		s++;
	}
	/* Ten a second; a slow host may see a second or two go by. */
	assert_in_range(n, 10, 100);
}

static void
write_long(void)
{
	char big[4096];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_line(LOG_ERR, "%s", big);
}

static void
log_lines_are_cut(void **state)
{
	char buf[8192];

	(void)state;
	capture(write_long, buf, sizeof(buf));
	assert_in_range(strlen(buf), 900, 1024);
	assert_int_equal(buf[strlen(buf) - 1], '\n');
}

static void
manual_clock_stands_until_advanced(void **state)
{
	struct clock c;

	(void)state;
	clock_manual_init(&c, 100);
	assert_int_equal(clock_now(&c), 100);
	clock_manual_advance(&c, 23);
	assert_int_equal(clock_now(&c), 123);
}

static void
host_clock_never_goes_back(void **state)
{
	ns_t a = clock_now(&clock_host), b;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++, a = b) {
		b = clock_now(&clock_host);
		assert_true(b >= a);
	}
	assert_true(clock_realtime() > INT64_C(1500000000) * NS_PER_SEC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_set_fills_and_clears),
		cmocka_unit_test(err_set_sys_appends_the_reason),
		cmocka_unit_test(err_may_be_null),
		cmocka_unit_test(err_prefix_goes_before_and_is_cut),
		cmocka_unit_test(err_name_knows_the_codes),
		cmocka_unit_test(log_lines_cannot_be_forged),
		cmocka_unit_test(the_journal_gets_levels_and_no_time),
		cmocka_unit_test(log_limited_holds_back),
		cmocka_unit_test(log_lines_are_cut),
		cmocka_unit_test(manual_clock_stands_until_advanced),
		cmocka_unit_test(host_clock_never_goes_back),
		cmocka_unit_test(sandbox_states_travel_as_text),
		cmocka_unit_test(sandbox_words_are_told_from_cpu_features),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
