/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text on its way to a terminal: how wide it is, and that nothing in it is a
 * command to the terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/text.h"

#define BAD "\xef\xbf\xbd"

static const char *
clean(const char *s, unsigned width)
{
	static char buf[256];

	text_clean(s, width, buf, sizeof(buf));
	return buf;
}

static void
width_is_counted_in_columns(void **state)
{
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("plain"), 5);
	assert_int_equal(text_width("Gr\xc3\xb6\xc3\x9f" "e"), 5);
	assert_int_equal(text_width("\xe6\x9d\xb1\xe4\xba\xac"), 4);
	/* A combining accent stands over what came before. */
	assert_int_equal(text_width("e\xcc\x81"), 1);
	/* What is not UTF-8 will be one replacement for each byte. */
	assert_int_equal(text_width("\xff\xfe"), 2);
}

static void
commands_to_a_terminal_are_replaced(void **state)
{
	assert_string_equal(clean("a\033[31mb", 0), "a" BAD "[31mb");
	assert_string_equal(clean("a\rb\nc\td\x7f", 0),
	    "a" BAD "b" BAD "c" BAD "d" BAD);
	/* The same as ESC [, in one character. */
	assert_string_equal(clean("\xc2\x9b" "31m", 0), BAD "31m");
	/* Right-to-left override: names would be read backwards. */
	assert_string_equal(clean("\xe2\x80\xae" "x", 0), BAD "x");
	assert_string_equal(clean("\xe2\x81\xa6" "x", 0), BAD "x");
}

static void
what_is_no_utf8_is_replaced(void **state)
{
	assert_string_equal(clean("\xc3", 0), BAD);
	assert_string_equal(clean("\x80", 0), BAD);
	/* "/" in two bytes, a surrogate, beyond the last character. */
	assert_string_equal(clean("\xc0\xaf", 0), BAD BAD);
	assert_string_equal(clean("\xed\xa0\x80", 0), BAD BAD BAD);
	assert_string_equal(clean("\xf4\x90\x80\x80", 0), BAD BAD BAD BAD);
	assert_string_equal(clean("\xf0\x9f\x98\x80", 0), "\xf0\x9f\x98\x80");
}

static void
what_is_too_wide_ends_in_an_ellipsis(void **state)
{
	char small[8];

	assert_string_equal(clean("abcdef", 6), "abcdef");
	assert_string_equal(clean("abcdef", 5), "abcd\xe2\x80\xa6");
	/* Half of a wide character is none. */
	assert_string_equal(clean("\xe6\x9d\xb1\xe4\xba\xac", 3),
	    "\xe6\x9d\xb1\xe2\x80\xa6");
	assert_string_equal(clean("\xe6\x9d\xb1\xe4\xba\xac", 2),
	    "\xe2\x80\xa6");
	/* A buffer that is too small never ends inside a character. */
	text_clean("\xe6\x9d\xb1\xe4\xba\xac\xe6\x9d\xb1", 0, small,
	    sizeof(small));
	assert_string_equal(small, "\xe6\x9d\xb1\xe2\x80\xa6");
	text_clean("abc", 0, small, 1);
	assert_string_equal(small, "");
}

static void
sizes_are_for_people(void **state)
{
	char buf[32];

	text_memory(UINT64_C(256) << 20, buf, sizeof(buf));
	assert_string_equal(buf, "256 MiB");
	text_memory(UINT64_C(100) << 10, buf, sizeof(buf));
	assert_string_equal(buf, "100 KiB");
	text_bytes(UINT64_C(3) << 29, buf, sizeof(buf));
	assert_string_equal(buf, "1.5 GiB");
	text_bytes(0, buf, sizeof(buf));
	assert_string_equal(buf, "0.0 KiB");
}

static void
colors_follow_the_rules(void **state)
{
	struct cli cli = { .color = WHEN_AUTO };

	unsetenv("NO_COLOR");
	unsetenv("CLICOLOR_FORCE");
	setenv("TERM", "xterm", 1);
	/* No terminal is at -1. */
	assert_false(text_color(&cli, -1));
	setenv("CLICOLOR_FORCE", "1", 1);
	assert_true(text_color(&cli, -1));
	setenv("NO_COLOR", "", 1);
	assert_true(text_color(&cli, -1));
	setenv("NO_COLOR", "1", 1);
	assert_false(text_color(&cli, -1));
	cli.color = WHEN_ALWAYS;
	assert_true(text_color(&cli, -1));
	cli.color = WHEN_NEVER;
	unsetenv("NO_COLOR");
	assert_false(text_color(&cli, -1));
	assert_string_equal(text_style(false, RED), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(width_is_counted_in_columns),
		cmocka_unit_test(commands_to_a_terminal_are_replaced),
		cmocka_unit_test(what_is_no_utf8_is_replaced),
		cmocka_unit_test(what_is_too_wide_ends_in_an_ellipsis),
		cmocka_unit_test(sizes_are_for_people),
		cmocka_unit_test(colors_follow_the_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
