/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console pump over a socketpair as the guest and a pty as the user's
 * terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cli/pump.h"

struct fixture {
	struct pump p;
	int guest;		/* the guest's end of the console */
	int out[2];		/* pipe: what the user sees */
	int in[2];		/* pipe or pty: [1] is what the user types */
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = { 0 };
	int console[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, console), 0);
	assert_int_equal(pipe(f->out), 0);
	assert_int_equal(pipe(f->in), 0);
	assert_int_equal(pump_init(&f->p, f->out[1], &e), 0);
	f->p.in = f->in[0];
	pump_set_console(&f->p, console[0]);
	f->guest = console[1];
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	pump_fini(&f->p);
	close(f->guest);
	close(f->out[0]);
	close(f->out[1]);
	close(f->in[0]);
	close(f->in[1]);
	free(f);
	return 0;
}

static void
say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void
expect(int fd, const char *text)
{
	char buf[256] = "";

	assert_true(read(fd, buf, sizeof(buf) - 1) >= 0);
	assert_string_equal(buf, text);
}

static void
output_ends_before_the_console_does(void **state)
{
	struct fixture *f = *state;

	say(f->guest, "hello\r\n");
	shutdown(f->guest, SHUT_RDWR);
	assert_int_equal(pump_run(&f->p), PUMP_CONSOLE_END);
	expect(f->out[0], "hello\r\n");
	assert_int_equal(f->p.console, -1);
}

static void
pattern_matches_across_chunks_and_without_newline(void **state)
{
	struct fixture *f = *state;
	regex_t re;

	assert_int_equal(regcomp(&re, "^login: $", REG_EXTENDED), 0);
	f->p.until = &re;
	f->p.deadline = clock_now(&clock_host) + NS_PER_SEC / 20;
	say(f->guest, "not login: \nlog");
	assert_int_equal(pump_run(&f->p), PUMP_TIMEOUT);
	f->p.deadline = 0;
	say(f->guest, "in: ");
	assert_int_equal(pump_run(&f->p), PUMP_MATCH);
	assert_string_equal(f->p.matched, "login: ");
	regfree(&re);
}

static void
pattern_survives_long_lines_and_zero_bytes(void **state)
{
	struct fixture *f = *state;
	char filler[3 * PUMP_LINE];
	regex_t re;

	assert_int_equal(regcomp(&re, "needle", REG_EXTENDED), 0);
	f->p.until = &re;
	memset(filler, 'x', sizeof(filler));
	memcpy(filler + PUMP_LINE - 3, "nee\0dle", 7);
	assert_int_equal(write(f->guest, filler, sizeof(filler)),
	    sizeof(filler));
	assert_int_equal(pump_run(&f->p), PUMP_MATCH);
	regfree(&re);
}

static void
deadline_ends_it(void **state)
{
	struct fixture *f = *state;

	f->p.deadline = clock_now(&clock_host);
	assert_int_equal(pump_run(&f->p), PUMP_TIMEOUT);
}

static void
input_reaches_the_guest_and_its_end_does_not_end_us(void **state)
{
	struct fixture *f = *state;

	say(f->in[1], "ls\n");
	close(f->in[1]);
	f->in[1] = -1;
	f->p.deadline = clock_now(&clock_host) + NS_PER_SEC / 20;
	assert_int_equal(pump_run(&f->p), PUMP_TIMEOUT);
	expect(f->guest, "ls\n");
	assert_int_equal(f->p.in, -1);
}

static void
second_interrupt_within_a_second_ends(void **state)
{
	struct fixture *f = *state;

	f->p.interrupts = true;
	f->p.deadline = clock_now(&clock_host) + NS_PER_SEC / 20;
	kill(getpid(), SIGINT);
	assert_int_equal(pump_run(&f->p), PUMP_TIMEOUT);
	expect(f->guest, "\003");
	/* Long after the first one, it is again a first one. */
	f->p.last_interrupt -= 2 * NS_PER_SEC;
	kill(getpid(), SIGINT);
	f->p.deadline = clock_now(&clock_host) + NS_PER_SEC / 20;
	assert_int_equal(pump_run(&f->p), PUMP_TIMEOUT);
	f->p.deadline = 0;
	kill(getpid(), SIGINT);
	assert_int_equal(pump_run(&f->p), PUMP_INTERRUPT);
}

static void
sigterm_is_told(void **state)
{
	struct fixture *f = *state;

	f->p.interrupts = true;
	kill(getpid(), SIGTERM);
	assert_int_equal(pump_run(&f->p), PUMP_SIGNAL);
	assert_int_equal(f->p.signal, SIGTERM);
}

static void
terminal_is_raw_and_comes_back(void **state)
{
	struct fixture *f = *state;
	struct termios before, now;
	int master, slave;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	tcgetattr(slave, &before);
	/* Not our controlling terminal, so taking it must be refused. */
	assert_false(term_raw(&f->p.term, slave));
	/* What is typed: the first ^C is the guest's, the second ours. */
	f->p.term.fd = slave;
	f->p.term.saved = before;
	f->p.in = slave;
	cfmakeraw(&before);
	tcsetattr(slave, TCSANOW, &before);
	f->p.interrupts = true;
	say(master, "\003\003");
	assert_int_equal(pump_run(&f->p), PUMP_INTERRUPT);
	pump_fini(&f->p);
	tcgetattr(slave, &now);
	assert_true(now.c_lflag & ICANON);
	f->p.console = -1;
	close(master);
	close(slave);
}

static void
escape_detaches_and_loses_nothing_before_it(void **state)
{
	struct fixture *f = *state;

	f->p.escapes = true;
	f->p.term.fd = f->in[0];	/* as if it were a terminal */
	say(f->in[1], "bye\r\035not this");
	assert_int_equal(pump_run(&f->p), PUMP_DETACH);
	expect(f->guest, "bye\r");
	f->p.term.fd = -1;
}

static void
end_of_input_is_passed_on_or_ends_it(void **state)
{
	struct fixture *f = *state;
	char buf[8];

	assert_true(pump_say(&f->p, "first ", 6));
	say(f->in[1], "last");
	close(f->in[1]);
	f->in[1] = -1;
	f->p.eof_passes = true;
	f->p.deadline = clock_now(&clock_host) + NS_PER_SEC / 20;
	assert_int_equal(pump_run(&f->p), PUMP_TIMEOUT);
	expect(f->guest, "first last");
	assert_int_equal(read(f->guest, buf, sizeof(buf)), 0);
	f->p.eof_ends = true;
	f->p.deadline = 0;
	assert_int_equal(pump_run(&f->p), PUMP_INPUT_END);
}

static void
mute_sends_nothing(void **state)
{
	struct fixture *f = *state;
	char buf[8];

	f->p.mute = true;
	say(f->in[1], "typed");
	f->p.deadline = clock_now(&clock_host) + NS_PER_SEC / 20;
	assert_int_equal(pump_run(&f->p), PUMP_TIMEOUT);
	assert_int_equal(recv(f->guest, buf, sizeof(buf), MSG_DONTWAIT), -1);
}

/* --- keys ------------------------------------------------------------------- */

/* What goes to the guest of each chunk typed; the last result. */
static enum keys_result
typed(struct keys *k, const char *in, char *out)
{
	enum keys_result r = KEYS_ALL;
	size_t at = 0;
	size_t n = strlen(in);
	size_t used = strlen(out);

	while (r == KEYS_ALL && at < n)
		r = keys_take(k, in, &at, n, out, &used);
	out[used] = '\0';
	return r;
}

static void
tilde_commands_begin_a_line(void **state)
{
	static const struct {
		const char *in, *in2, *out;
		enum keys_result r;
	} t[] = {
		{ "~.", "", "", KEYS_DETACH },
		{ "ls\r~.", "", "ls\r", KEYS_DETACH },
		{ "ls\n~", ".", "ls\n", KEYS_DETACH },
		{ "a~.", "", "a~.", KEYS_ALL },
		{ "~~", ".", "~.", KEYS_ALL },
		{ "~", "/bin\r", "~/bin\r", KEYS_ALL },
		{ "~\r", "~.", "~\r", KEYS_DETACH },
		{ "~?", "", "", KEYS_HELP },
		{ "x\035y", "", "x", KEYS_DETACH },
		{ "~\035", "", "", KEYS_DETACH },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		enum keys_result r;
		char out[32] = "";
		struct keys k;

		keys_init(&k);
		r = typed(&k, t[i].in, out);
		if (r == KEYS_ALL)
			r = typed(&k, t[i].in2, out);
		assert_int_equal(r, t[i].r);
		assert_string_equal(out, t[i].out);
	}
}

static void
escape_can_be_chosen(void **state)
{
	static const struct {
		const char *text;
		int escape;
		const char *says;
	} t[] = {
		{ "^]", 0x1d, "Ctrl-] or ~." }, { "^a", 1, "Ctrl-A or ~." },
		{ "^?", 0x7f, "Ctrl-? or ~." }, { "!", '!', "! or ~." },
		{ "^@", 0, "Ctrl-@ or ~." }, { "none", KEYS_NONE, "" },
	};
	static const char *const bad[] = { "", "ab", "^1", "^ab", "ä" };
	struct err e = { 0 };
	char says[32];
	struct keys k;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		keys_init(&k);
		assert_int_equal(keys_set_escape(&k, t[i].text, &e), 0);
		assert_int_equal(k.escape, t[i].escape);
		keys_describe(&k, says, sizeof(says));
		assert_string_equal(says, t[i].says);
	}
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		keys_init(&k);
		assert_int_not_equal(keys_set_escape(&k, bad[i], &e), 0);
	}
}

static void
reader_that_goes_away_is_noticed(void **state)
{
	struct fixture *f = *state;

	close(f->out[0]);
	f->out[0] = -1;
	assert_int_equal(pump_run(&f->p), PUMP_OUTPUT_END);
}

static void
guest_that_does_not_read_blocks_nothing(void **state)
{
	struct fixture *f = *state;
	char typed[8192];
	int i;

	memset(typed, 'y', sizeof(typed));
	/* More than any socket buffer: the pump must stay responsive. */
	fcntl(f->in[1], F_SETFL, O_NONBLOCK);
	for (i = 0; i < 200; i++) {
		(void)!write(f->in[1], typed, sizeof(typed));
		f->p.deadline = clock_now(&clock_host) + 1000000;
		assert_int_equal(pump_run(&f->p), PUMP_TIMEOUT);
	}
	say(f->guest, "still here\n");
	f->p.deadline = clock_now(&clock_host) + NS_PER_SEC / 20;
	assert_int_equal(pump_run(&f->p), PUMP_TIMEOUT);
	expect(f->out[0], "still here\n");
}

/* --- replay -------------------------------------------------------------------- */

/* In one go, and byte by byte. */
static void
replayed(const char *in, size_t n, uint64_t past, const char *expected)
{
	struct replay r = { .left = past };
	struct replay slow = { .left = past };
	char out[256 + REPLAY_HELD];
	size_t used = 0;
	size_t i;

	used = replay_take(&r, in, n, out);
	out[used] = 0;
	assert_string_equal(out, expected);
	for (used = 0, i = 0; i < n; i++)
		used += replay_take(&slow, in + i, 1, out + used);
	out[used] = 0;
	assert_string_equal(out, expected);
}

static void
questions_of_the_past_are_not_asked_again(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "a\033[6nb", "ab" },
		{ "\033[c\033[>c\033[0c\033[?6n\033Z\005", "" },
		{ "\033[18t\033[>q\033[?2026$p\033[?u", "" },
		{ "\033]11;?\007x\033]4;1;?\033\\y", "xy" },
		{ "\033P+q544e\033\\\033P$qm\033\\z", "z" },
		{ "\033\033[6n\033[\033[c\033]\033[n", "\033\033[\033]" },
		/* All else stays. */
		{ "\033[1;31mred\033[0m\033[2J\033[H\033(B\033M",
		  "\033[1;31mred\033[0m\033[2J\033[H\033(B\033M" },
		{ "\033]0;title\007\033[?25l\033[4 q\033[1p",
		  "\033]0;title\007\033[?25l\033[4 q\033[1p" },
		{ "\033[3\r\n\303\244\033", "\033[3\r\n\303\244\033" },
	};
	char big[400];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++)
		replayed(t[i].in, strlen(t[i].in), strlen(t[i].in),
		    t[i].out);
	/* What is asked now is asked, even if it began before. */
	replayed("\033[6n\033[6n", 8, 4, "\033[6n");
	replayed("x\033[6n", 5, 2, "x\033[6n");
	/* Not every beginning has an end. */
	memset(big, 'x', sizeof(big));
	memcpy(big, "\033]", 2);
	big[250] = 0;
	replayed(big, 250, 250, big);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(output_ends_before_the_console_does),
		T(pattern_matches_across_chunks_and_without_newline),
		T(pattern_survives_long_lines_and_zero_bytes),
		T(deadline_ends_it),
		T(input_reaches_the_guest_and_its_end_does_not_end_us),
		T(second_interrupt_within_a_second_ends),
		T(sigterm_is_told),
		T(terminal_is_raw_and_comes_back),
		T(escape_detaches_and_loses_nothing_before_it),
		T(end_of_input_is_passed_on_or_ends_it),
		T(mute_sends_nothing),
		cmocka_unit_test(tilde_commands_begin_a_line),
		cmocka_unit_test(escape_can_be_chosen),
		cmocka_unit_test(questions_of_the_past_are_not_asked_again),
		T(reader_that_goes_away_is_noticed),
		T(guest_that_does_not_read_blocks_nothing),
	};
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &ignore, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
