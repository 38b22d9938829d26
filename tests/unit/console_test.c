/* SPDX-License-Identifier: Apache-2.0 */
/* The console's ring, viewers and events' ring, without a machine. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/monitor.h"

#define CAP 65536u

struct fix {
	struct console k;
	struct clock clock;
	struct timer_queue tq;
	int viewer[4];		/* the viewers' ends; -1 none */
	uint8_t got[4 * CONSOLE_RING];
};

static void
on_rearm(void *ctx)
{
}

static int
setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	clock_manual_init(&f->clock, 0);
	timer_queue_init(&f->tq, &f->clock, on_rearm, f);
	console_init(&f->k, &f->tq);
	for (unsigned i = 0; i < ARRAY_LEN(f->viewer); i++)
		f->viewer[i] = -1;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fix *f = *state;

	console_fini(&f->k);
	for (unsigned i = 0; i < ARRAY_LEN(f->viewer); i++)
		if (f->viewer[i] >= 0)
			close(f->viewer[i]);
	free(f);
	return 0;
}

static void
guest_writes(struct fix *f, unsigned n, unsigned first)
{
	for (unsigned i = 0; i < n; i++)
		console_put(&f->k, (uint8_t)(first + i));
}

static void
guest_says(struct fix *f, const char *text)
{
	while (*text)
		console_put(&f->k, (uint8_t)*text++);
}

/* Viewer i comes; what the monitor would answer it. */
static struct console_view
comes(struct fix *f, unsigned i, enum viewer_kind kind,
    struct console_view v)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fcntl(pair[0], F_SETFL, O_RDWR | O_NONBLOCK);
	assert_int_equal(console_attach(&f->k, kind, pair[0], &v), 0);
	f->viewer[i] = pair[1];
	return v;
}

static void
attach(struct fix *f)
{
	comes(f, 0, VIEWER_CLIENT,
	    (struct console_view){ .history = CONSOLE_RING });
}

static void
leaves(struct fix *f, unsigned i)
{
	close(f->viewer[i]);
	f->viewer[i] = -1;
}

/* What viewer i can read now, appended to f->got. */
static size_t
reads(struct fix *f, unsigned i, size_t at)
{
	for (;;) {
		ssize_t n = recv(f->viewer[i], f->got + at,
		    sizeof(f->got) - at, MSG_DONTWAIT);

		if (n <= 0)
			return at;
		at += (size_t)n;
	}
}

/* All there is for viewer i. */
static size_t
reads_all(struct fix *f, unsigned i, size_t at)
{
	size_t before;

	do {
		before = at;
		console_flush(&f->k);
		at = reads(f, i, at);
	} while (at != before);
	return at;
}

static void
sees(struct fix *f, unsigned i, const char *text)
{
	size_t n = reads_all(f, i, 0);

	f->got[n] = 0;
	assert_string_equal((char *)f->got, text);
}

/* Viewer i types; the loop thread looks at everybody. */
static void
types(struct fix *f, unsigned i, const char *text)
{
	assert_int_equal(write(f->viewer[i], text, strlen(text)),
	    strlen(text));
	for (unsigned n = 0; n < CONSOLE_VIEWERS; n++)
		console_input(&f->k, n);
}

static void
guest_gets(struct fix *f, const char *text)
{
	assert_int_equal(f->k.input_used, strlen(text));
	assert_memory_equal(f->k.input, text, strlen(text));
	f->k.input_used = 0;
}

static void
loop_looks(struct fix *f)
{
	for (unsigned n = 0; n < CONSOLE_VIEWERS; n++)
		if (console_wants_read(&f->k, n))
			console_input(&f->k, n);
	console_flush(&f->k);
}

static unsigned
places_taken(const struct fix *f)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++)
		n += f->k.viewer[i].kind != VIEWER_NONE;
	return n;
}

/* --- ring and history --------------------------------------------------------- */

static void
history_is_the_ring(void **state)
{
	struct fix *f = *state;
	size_t n;

	guest_writes(f, CONSOLE_RING + 1000, 0);
	n = console_history(&f->k, f->got, sizeof(f->got));
	assert_int_equal(n, CONSOLE_RING);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(f->got[i], (uint8_t)(1000 + i));
	assert_int_equal(console_history(&f->k, f->got, 3), 3);
	assert_int_equal(f->got[2], (uint8_t)(CONSOLE_RING + 999));
}

static void
bytes_are_handed_on_a_moment_later(void **state)
{
	struct fix *f = *state;

	attach(f);
	guest_writes(f, 10, 'a');
	timer_run(&f->tq);
	assert_int_equal(reads(f, 0, 0), 0);
	clock_manual_advance(&f->clock, CONSOLE_DELAY);
	timer_run(&f->tq);
	assert_int_equal(reads(f, 0, 0), 10);
	assert_memory_equal(f->got, "abcdefghij", 10);
}

static void
attached_viewer_gets_the_ring_once(void **state)
{
	struct fix *f = *state;

	guest_writes(f, 100, 0);
	attach(f);
	assert_false(console_flush(&f->k));
	assert_false(console_flush(&f->k));
	assert_int_equal(reads(f, 0, 0), 100);
}

static void
history_is_as_long_as_asked_for(void **state)
{
	struct fix *f = *state;
	struct console_view v;

	guest_says(f, "one\ntwo\nthree\n");
	v = comes(f, 0, VIEWER_CLIENT, (struct console_view){ .history = 6 });
	assert_int_equal(v.skipped, 8);
	sees(f, 0, "three\n");
	v = comes(f, 1, VIEWER_CLIENT, (struct console_view){ 0 });
	assert_int_equal(v.skipped, 14);
	sees(f, 1, "");
	guest_says(f, "x");
	sees(f, 1, "x");
}

/* --- slow readers ---------------------------------------------------------------- */

/* Every byte arrived, or its number is in a note. */
static void
add_up(const struct fix *f, size_t n, uint64_t written)
{
	const char *at = (const char *)f->got;
	const char *end = at + n;
	uint64_t notes = 0;
	uint64_t skipped = 0;

	while ((at = memmem(at, (size_t)(end - at), "[trivisor: ", 11))) {
		const char *stop = memchr(at, ']', (size_t)(end - at));
		const char *begin = at > (char *)f->got && at[-1] == '\n' &&
		    at > (char *)f->got + 1 && at[-2] == '\r' ? at - 2 : at;

		assert_non_null(stop);
		skipped += strtoull(at + 11, NULL, 10);
		notes += (uint64_t)(stop + 3 - begin);
		at = stop;
	}
	assert_true(skipped > 0);
	assert_int_equal(n - notes + skipped, written);
}

static void
slow_viewer_is_told_what_it_lost(void **state)
{
	struct fix *f = *state;
	size_t n;

	attach(f);
	/* More than the socket and the ring can hold together. */
	for (unsigned i = 0; i < 5 * CONSOLE_RING / 4096; i++) {
		guest_writes(f, 4096, 0);
		console_flush(&f->k);
	}
	n = reads_all(f, 0, 0);
	add_up(f, n, f->k.written);
	assert_true(f->k.viewer[0].at == f->k.written);
	assert_true(f->k.skipped > 0);
}

static void
note_goes_out_whole_before_what_follows(void **state)
{
	struct fix *f = *state;
	int small = 1;
	size_t n = 0;

	attach(f);
	setsockopt(f->k.viewer[0].fd, SOL_SOCKET, SO_SNDBUF, &small,
	    sizeof(small));
	for (unsigned round = 0; round < 40; round++) {
		guest_writes(f, CONSOLE_RING / 10, 0);
		console_flush(&f->k);
		if (round % 3 == 0)
			n = reads(f, 0, n);
	}
	n = reads_all(f, 0, n);
	add_up(f, n, f->k.written);
}

static void
after_a_gap_it_goes_on_at_a_line(void **state)
{
	struct fix *f = *state;
	const uint8_t *note;
	size_t n;

	attach(f);
	for (unsigned i = 0; i < 4 * CONSOLE_RING / 16; i++)
		guest_says(f, "0123456789abcd\r\n");
	n = reads_all(f, 0, 0);
	note = memmem(f->got, n, " bytes skipped]\r\n", 17);
	assert_non_null(note);
	assert_memory_equal(note + 17, "0123456789", 10);
}

/* --- coming and going --------------------------------------------------------------- */

static void
closed_viewer_frees_its_place(void **state)
{
	struct fix *f = *state;

	for (unsigned i = 0; i < 3 * CONSOLE_VIEWERS; i++) {
		attach(f);
		leaves(f, 0);
		loop_looks(f);
	}
	assert_int_equal(places_taken(f), 0);
	assert_null(f->k.writer);
}

static void
half_closed_viewer_still_reads(void **state)
{
	struct fix *f = *state;

	attach(f);
	shutdown(f->viewer[0], SHUT_WR);
	console_input(&f->k, 0);
	assert_false(console_wants_read(&f->k, 0));
	guest_writes(f, 5, 'a');
	sees(f, 0, "abcde");
}

/* The last words of one that left at once are not lost. */
static void
typed_before_leaving_reaches_the_guest(void **state)
{
	struct fix *f = *state;

	attach(f);
	assert_int_equal(write(f->viewer[0], "bye", 3), 3);
	leaves(f, 0);
	guest_says(f, "output that nobody takes");
	console_flush(&f->k);
	loop_looks(f);
	guest_gets(f, "bye");
	loop_looks(f);
	assert_int_equal(places_taken(f), 0);
}

/* Nobody has looked yet; the next one is the writer all the same. */
static void
one_that_has_gone_makes_way_at_once(void **state)
{
	struct fix *f = *state;

	attach(f);
	assert_int_equal(write(f->viewer[0], "bye", 3), 3);
	leaves(f, 0);
	assert_true(comes(f, 1, VIEWER_CLIENT,
	    (struct console_view){ 0 }).writer);
	guest_gets(f, "bye");
	sees(f, 1, "");
	assert_int_equal(places_taken(f), 1);
}

static void
too_many_viewers_are_refused(void **state)
{
	struct fix *f = *state;
	struct console_view v = { 0 };
	int fd[CONSOLE_VIEWERS];
	int pair[2];

	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++) {
		attach(f);
		fd[i] = f->viewer[0];
		f->viewer[0] = -1;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(console_attach(&f->k, VIEWER_CLIENT, pair[0], &v),
	    -EBUSY);
	close(pair[0]);
	close(pair[1]);
	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++)
		close(fd[i]);
}

static void
socket_clients_leave_places_for_others(void **state)
{
	struct fix *f = *state;
	int fd[CONSOLE_LINES];
	int pair[2];

	for (unsigned i = 0; i < CONSOLE_LINES; i++) {
		comes(f, 0, VIEWER_LINE, (struct console_view){ 0 });
		fd[i] = f->viewer[0];
		f->viewer[0] = -1;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(console_attach(&f->k, VIEWER_LINE, pair[0], NULL),
	    -EBUSY);
	attach(f);
	close(fd[0]);
	assert_int_equal(console_attach(&f->k, VIEWER_LINE, pair[0], NULL),
	    0);
	close(pair[1]);
	for (unsigned i = 1; i < CONSOLE_LINES; i++)
		close(fd[i]);
}

static void
full_input_stops_reading_viewers(void **state)
{
	struct fix *f = *state;
	char keys[2 * CONSOLE_INPUT];

	attach(f);
	memset(keys, 'k', sizeof(keys));
	assert_int_equal(write(f->viewer[0], keys, sizeof(keys)),
	    sizeof(keys));
	assert_true(console_wants_read(&f->k, 0));
	console_input(&f->k, 0);
	assert_int_equal(f->k.input_used, CONSOLE_INPUT);
	assert_false(console_wants_read(&f->k, 0));
}

/* --- who writes ----------------------------------------------------------------------- */

static const struct console_view plain = { 0 };
static const struct console_view forced = { .force = true };
static const struct console_view watching = { .watch = true };

#define NOW_WRITES "[trivisor: what you type goes to the guest now]\r\n"
#define NOW_WATCHES "[trivisor: another viewer writes now; you watch until " \
	"it leaves]\r\n"
#define IN_VAIN "[trivisor: you only watch; --force takes the writing over]\r\n"

static void
first_writes_the_others_watch(void **state)
{
	struct fix *f = *state;

	assert_true(comes(f, 0, VIEWER_CLIENT, plain).writer);
	assert_false(comes(f, 1, VIEWER_CLIENT, plain).writer);
	types(f, 0, "a");
	types(f, 1, "b");
	types(f, 1, "c");
	types(f, 0, "d");
	guest_gets(f, "ad");
	assert_int_equal(f->k.refused, 2);
	guest_says(f, "hello\r\n");
	sees(f, 0, "hello\r\n");
	/* Told once. */
	sees(f, 1, IN_VAIN "hello\r\n");
}

static void
next_in_order_writes_when_the_writer_leaves(void **state)
{
	struct fix *f = *state;

	comes(f, 0, VIEWER_CLIENT, plain);
	comes(f, 1, VIEWER_CLIENT, watching);
	comes(f, 2, VIEWER_CLIENT, plain);
	comes(f, 3, VIEWER_CLIENT, plain);
	leaves(f, 0);
	loop_looks(f);
	sees(f, 1, "");
	sees(f, 2, NOW_WRITES);
	sees(f, 3, "");
	types(f, 3, "x");
	types(f, 2, "y");
	guest_gets(f, "y");
	sees(f, 3, IN_VAIN);
	/* One that will type no more makes way, too. */
	shutdown(f->viewer[2], SHUT_WR);
	loop_looks(f);
	sees(f, 3, NOW_WRITES);
	leaves(f, 3);
	loop_looks(f);
	assert_null(f->k.writer);
}

static void
force_takes_over_and_the_displaced_is_told(void **state)
{
	struct fix *f = *state;

	comes(f, 0, VIEWER_CLIENT, plain);
	guest_says(f, "mid");
	sees(f, 0, "mid");
	assert_true(comes(f, 1, VIEWER_CLIENT, forced).writer);
	sees(f, 0, "\r\n" NOW_WATCHES);
	types(f, 0, "a");
	types(f, 1, "b");
	guest_gets(f, "b");
	sees(f, 0, "");
	leaves(f, 1);
	loop_looks(f);
	sees(f, 0, NOW_WRITES);
	types(f, 0, "c");
	guest_gets(f, "c");
}

static void
watcher_never_writes_even_alone(void **state)
{
	struct fix *f = *state;

	assert_false(comes(f, 0, VIEWER_CLIENT, watching).writer);
	types(f, 0, "x");
	guest_gets(f, "");
	assert_true(comes(f, 1, VIEWER_CLIENT, plain).writer);
}

/* --- the line itself --------------------------------------------------------------------- */

static void
line_always_writes_and_reads_each_byte_once(void **state)
{
	struct fix *f = *state;

	guest_says(f, "boot\n");
	comes(f, 0, VIEWER_CLIENT, plain);
	comes(f, 1, VIEWER_LINE, plain);
	sees(f, 1, "boot\n");
	types(f, 1, "line");
	types(f, 0, "viewer");
	guest_gets(f, "lineviewer");
	leaves(f, 1);
	loop_looks(f);
	/* What came while nobody was there waits for the next one. */
	guest_says(f, "more\n");
	console_flush(&f->k);
	comes(f, 1, VIEWER_LINE, plain);
	sees(f, 1, "more\n");
	comes(f, 2, VIEWER_LINE, plain);
	sees(f, 2, "");
	guest_says(f, "both\n");
	sees(f, 1, "both\n");
	sees(f, 2, "both\n");
}

static void
terminal_that_nobody_reads_keeps_the_latest(void **state)
{
	struct fix *f = *state;
	int master;
	int slave;
	struct termios raw;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	tcgetattr(slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
	fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
	assert_int_equal(console_attach(&f->k, VIEWER_PTY, master, NULL), 0);
	for (unsigned i = 0; i < 3 * CONSOLE_RING / 4096; i++) {
		guest_writes(f, 4096, 0);
		console_flush(&f->k);
	}
	/* The end does not wait for it. */
	console_drain(&f->k, 3600 * NS_PER_SEC);
	f->viewer[0] = slave;
	for (size_t n = 0;;) {
		ssize_t got = read(slave, f->got + n, sizeof(f->got) - n);

		if (got > 0) {
			n += (size_t)got;
			continue;
		}
		if (!console_flush(&f->k) && !console_wants_write(&f->k, 0) &&
		    poll(&(struct pollfd){ slave, POLLIN, 0 }, 1, 20) == 0) {
			add_up(f, n, f->k.written);
			break;
		}
		poll(&(struct pollfd){ slave, POLLIN, 0 }, 1, 20);
	}
	assert_int_equal(write(slave, "typed", 5), 5);
	poll(&(struct pollfd){ master, POLLIN, 0 }, 1, 1000);
	console_input(&f->k, 0);
	guest_gets(f, "typed");
}

/* --- files ------------------------------------------------------------------------------------ */

/* What the logger's thread does, at once. */
static void
logger_writes(struct fix *f)
{
	static uint8_t buf[LOGGER_CHUNK];
	uint64_t skipped;

	while (console_file_pending(&f->k, 0)) {
		size_t n = console_file_peek(&f->k, 0, buf, sizeof(buf),
		    &skipped);

		if (skipped)
			conlog_skip(&f->k.file[0].log, skipped);
		console_file_had(&f->k, 0,
		    conlog_write(&f->k.file[0].log, buf, n));
	}
}

static int
add_file(struct fix *f, uint64_t cap)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	console_add_file(&f->k, fd, cap);
	return fd;
}

static size_t
file_holds(struct fix *f, int fd)
{
	ssize_t n = pread(fd, f->got, sizeof(f->got), 0);

	assert_true(n >= 0);
	return (size_t)n;
}

static void
file_gets_everything(void **state)
{
	struct fix *f = *state;
	int fd = add_file(f, 0);
	unsigned i;

	for (i = 0; i < 3 * CONSOLE_RING / 1000; i++) {
		guest_writes(f, 1000, 1000 * i);
		logger_writes(f);
	}
	assert_int_equal(file_holds(f, fd), 1000 * i);
	for (i = 0; i < f->k.written; i++)
		assert_int_equal(f->got[i], (uint8_t)i);
	close(fd);
}

static void
file_says_what_it_missed(void **state)
{
	struct fix *f = *state;
	int fd = add_file(f, 0);

	/* The logger's thread had no time at all. */
	guest_writes(f, 3 * CONSOLE_RING, 0);
	logger_writes(f);
	add_up(f, file_holds(f, fd), f->k.written);
	assert_int_equal(f->k.file[0].log.dropped,
	    3 * CONSOLE_RING - CONSOLE_RING / 2);
	close(fd);
}

static void
file_stays_below_its_cap_and_keeps_the_newest(void **state)
{
	struct fix *f = *state;
	int fd = add_file(f, CAP);
	char line[32];
	size_t n;

	for (unsigned i = 0; i < 20000; i++) {
		snprintf(line, sizeof(line), "line %05u\r\n", i);
		guest_says(f, line);
		if (i % 100 == 0)
			logger_writes(f);
		assert_true(lseek(fd, 0, SEEK_END) <= CAP);
	}
	logger_writes(f);
	n = file_holds(f, fd);
	assert_true(n > CAP / 2 - 4096 && n <= CAP);
	assert_memory_equal(f->got, "[trivisor: ", 11);
	assert_memory_equal(f->got + n - 12, "line 19999\r\n", 12);
	/* All of it is there but for the older bytes the first line tells. */
	add_up(f, n, f->k.written);
	/* The first line kept is whole. */
	assert_memory_equal(strchr((char *)f->got, '\n') + 1, "line ", 5);
	close(fd);
}

/* Viewer 0 wants so much; the log goes on before the ring's bytes. */
static size_t
sees_history(struct fix *f, uint64_t history, uint64_t *skipped)
{
	struct console_view v = comes(f, 0, VIEWER_CLIENT,
	    (struct console_view){ .history = history });
	size_t n = reads_all(f, 0, 0);

	*skipped = v.skipped;
	leaves(f, 0);
	loop_looks(f);
	return n;
}

static void
file_has_what_the_ring_has_not(void **state)
{
	struct fix *f = *state;
	int fd = memfd_create("log", MFD_CLOEXEC);
	uint64_t skipped;
	size_t n;

	assert_int_equal(write(fd, "before\n", 7), 7);
	console_add_file(&f->k, fd, 0);
	for (unsigned i = 0; i < 2 * CONSOLE_RING / 4096; i++) {
		guest_writes(f, 4096, 0);
		logger_writes(f);
	}
	/* Exactly as much as was asked for, in order. */
	n = sees_history(f, CONSOLE_RING + 5000, &skipped);
	assert_int_equal(n, CONSOLE_RING + 5000);
	assert_int_equal(skipped, CONSOLE_RING - 5000);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(f->got[i], (uint8_t)(i + 120));
	/* What was in the file before this run, too. */
	n = sees_history(f, UINT64_C(1) << 40, &skipped);
	assert_int_equal(n, 7 + 2 * CONSOLE_RING);
	assert_int_equal(skipped, 0);
	assert_memory_equal(f->got, "before\n\0\1\2", 10);
	close(fd);
}

static void
past_goes_on_when_the_file_is_cut(void **state)
{
	struct fix *f = *state;
	int fd = add_file(f, 3 * CONSOLE_RING);
	char line[32];
	unsigned i = 0;
	size_t n;

	for (; i < 3 * CONSOLE_RING / 12 - 1000; i++) {
		snprintf(line, sizeof(line), "line %05u\r\n", i % 100000);
		guest_says(f, line);
		if (i % 100 == 0)
			logger_writes(f);
	}
	logger_writes(f);
	comes(f, 0, VIEWER_CLIENT,
	    (struct console_view){ .history = UINT64_C(1) << 40 });
	console_flush(&f->k);
	n = reads(f, 0, 0);
	assert_memory_equal(f->got, "line 00000\r\nline 00001", 22);
	/* Before it has read on, half of the file goes. */
	for (unsigned last = i + 2000; i < last; i++) {
		snprintf(line, sizeof(line), "line %05u\r\n", i % 100000);
		guest_says(f, line);
	}
	logger_writes(f);
	assert_true(f->k.file[0].log.cut > 0);
	n = reads_all(f, 0, n);
	add_up(f, n, f->k.written);
	close(fd);
}

static void
file_with_a_gap_is_not_replayed(void **state)
{
	struct fix *f = *state;
	int fd = add_file(f, 0);
	uint64_t skipped;

	guest_writes(f, 3 * CONSOLE_RING, 0);
	logger_writes(f);
	assert_int_equal(sees_history(f, 2 * CONSOLE_RING, &skipped),
	    CONSOLE_RING);
	assert_int_equal(skipped, 2 * CONSOLE_RING);
	/* It is again once the gap is far enough back. */
	for (unsigned i = 0; i < 2 * CONSOLE_RING / 4096; i++) {
		guest_writes(f, 4096, 0);
		logger_writes(f);
	}
	assert_int_equal(sees_history(f, CONSOLE_RING + 100, &skipped),
	    CONSOLE_RING + 100);
	close(fd);
}

static void
emptied_file_is_gone_on_with(void **state)
{
	struct fix *f = *state;
	int fd = add_file(f, CAP);

	guest_says(f, "before\n");
	logger_writes(f);
	assert_int_equal(ftruncate(fd, 0), 0);
	guest_says(f, "after\n");
	logger_writes(f);
	assert_int_equal(file_holds(f, fd), 6);
	assert_memory_equal(f->got, "after\n", 6);
	close(fd);
}

static void
file_that_may_not_be_read_is_begun_anew(void **state)
{
	struct fix *f = *state;
	int fd = memfd_create("log", MFD_CLOEXEC);
	char path[64];
	int out;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	out = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(out >= 0);
	console_add_file(&f->k, out, CAP);
	for (unsigned i = 0; i < 10; i++) {
		guest_writes(f, 10000, 0);
		logger_writes(f);
	}
	assert_true(file_holds(f, fd) <= CAP);
	assert_true(f->k.file[0].log.cut > 0);
	assert_int_equal(f->k.file[0].log.dropped, 0);
	close(out);
	close(fd);
}

static void
full_disk_does_not_stop_the_console(void **state)
{
	struct fix *f = *state;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int file = memfd_create("log", MFD_CLOEXEC);

	console_add_file(&f->k, fd, CAP);
	guest_writes(f, 1000, 0);
	logger_writes(f);
	assert_int_equal(f->k.file[0].log.dropped, 1000);
	assert_true(f->k.file[0].log.bad);
	/* Once there is room again, the file tells. */
	dup2(file, fd);
	guest_says(f, "again");
	logger_writes(f);
	assert_int_equal(file_holds(f, file), 37);
	assert_memory_equal(f->got, "[trivisor: 1000 bytes skipped]\r\nagain",
	    37);
	assert_false(f->k.file[0].log.bad);
	close(fd);
	close(file);
}

/* A pipe takes what it can, and the rest when it can. */
static void
full_pipe_is_tried_again(void **state)
{
	struct fix *f = *state;
	struct conlog l;
	uint8_t data[LOGGER_CHUNK] = { 0 };
	int p[2];
	size_t n = 0;
	size_t done;

	(void)f;
	assert_int_equal(pipe2(p, O_NONBLOCK), 0);
	conlog_init(&l, p[1], CAP);
	while ((done = conlog_write(&l, data, sizeof(data))))
		n += done;
	assert_int_equal(l.dropped, 0);
	assert_int_equal(read(p[0], data, 4096), 4096);
	assert_true(conlog_write(&l, data, sizeof(data)) > 0);
	close(p[0]);
	close(p[1]);
}

/* --- events --------------------------------------------------------------------------- */

static void
event_ring_keeps_the_last_256(void **state)
{
	struct event_ring *r = calloc(1, sizeof(*r));
	const struct event *e;

	assert_null(events_from(r, 0));
	for (unsigned i = 1; i <= 1000; i++)
		assert_int_equal(events_add(r, "what", "running", "why", ""),
		    i);
	assert_null(events_from(r, 1001));
	assert_int_equal(events_from(r, 1000)->seq, 1000);
	e = events_from(r, 0);
	assert_int_equal(e->seq, 1000 - EVENT_RING + 1);
	assert_string_equal(e->what, "what");
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(history_is_the_ring),
		T(bytes_are_handed_on_a_moment_later),
		T(attached_viewer_gets_the_ring_once),
		T(history_is_as_long_as_asked_for),
		T(slow_viewer_is_told_what_it_lost),
		T(note_goes_out_whole_before_what_follows),
		T(after_a_gap_it_goes_on_at_a_line),
		T(closed_viewer_frees_its_place),
		T(half_closed_viewer_still_reads),
		T(typed_before_leaving_reaches_the_guest),
		T(one_that_has_gone_makes_way_at_once),
		T(too_many_viewers_are_refused),
		T(socket_clients_leave_places_for_others),
		T(full_input_stops_reading_viewers),
		T(first_writes_the_others_watch),
		T(next_in_order_writes_when_the_writer_leaves),
		T(force_takes_over_and_the_displaced_is_told),
		T(watcher_never_writes_even_alone),
		T(line_always_writes_and_reads_each_byte_once),
		T(terminal_that_nobody_reads_keeps_the_latest),
		T(file_gets_everything),
		T(file_says_what_it_missed),
		T(file_stays_below_its_cap_and_keeps_the_newest),
		T(file_has_what_the_ring_has_not),
		T(past_goes_on_when_the_file_is_cut),
		T(file_with_a_gap_is_not_replayed),
		T(emptied_file_is_gone_on_with),
		T(file_that_may_not_be_read_is_begun_anew),
		T(full_disk_does_not_stop_the_console),
		T(full_pipe_is_tried_again),
		cmocka_unit_test(event_ring_keeps_the_last_256),
	};
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &ignore, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
