/* SPDX-License-Identifier: Apache-2.0 */
/* The console's ring, viewers and events' ring, without a machine. */
#include <errno.h>
#include <fcntl.h>
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

struct fix {
	struct console k;
	struct clock clock;
	struct timer_queue tq;
	int viewer;
	uint8_t got[3 * CONSOLE_RING];
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
	console_init(&f->k, &f->tq, -1);
	f->viewer = -1;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fix *f = *state;

	console_fini(&f->k);
	if (f->viewer >= 0)
		close(f->viewer);
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
attach(struct fix *f)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(console_attach(&f->k, pair[0]), 0);
	f->viewer = pair[1];
}

/* What the viewer can read now, appended to f->got. */
static size_t
viewer_reads(struct fix *f, size_t at)
{
	for (;;) {
		ssize_t n = recv(f->viewer, f->got + at, sizeof(f->got) - at,
		    MSG_DONTWAIT);

		if (n <= 0)
			return at;
		at += (size_t)n;
	}
}

static void
history_is_the_last_64_kib(void **state)
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
	assert_int_equal(viewer_reads(f, 0), 0);
	clock_manual_advance(&f->clock, CONSOLE_DELAY);
	timer_run(&f->tq);
	assert_int_equal(viewer_reads(f, 0), 10);
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
	assert_int_equal(viewer_reads(f, 0), 100);
}

static void
slow_viewer_is_told_what_it_lost(void **state)
{
	struct fix *f = *state;
	size_t n = 0;
	size_t before;
	char note[64];

	attach(f);
	/* More than the socket and the ring can hold together. */
	while (!console_flush(&f->k))
		guest_writes(f, 4096, 0);
	guest_writes(f, 3 * CONSOLE_RING, 0);
	do {
		before = n = viewer_reads(f, 0);
		console_flush(&f->k);
		n = viewer_reads(f, n);
	} while (!memmem(f->got, n, " bytes lost]", 12) && n > before);
	assert_non_null(memmem(f->got, n, " bytes lost]", 12));
	snprintf(note, sizeof(note), "[%llu bytes lost]",
	    (unsigned long long)f->k.viewer[0].lost);
	assert_non_null(memmem(f->got, n, note, strlen(note)));
	while (console_flush(&f->k))
		n = viewer_reads(f, 0);
	assert_true(f->k.viewer[0].at == f->k.written);
}

static void
closed_viewer_frees_its_place(void **state)
{
	struct fix *f = *state;

	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++) {
		if (f->viewer >= 0)
			close(f->viewer);
		attach(f);
	}
	guest_writes(f, 1, 'x');
	console_flush(&f->k);
	/* All but the last have gone. */
	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++)
		assert_int_equal(f->k.viewer[i].fd >= 0,
		    i == CONSOLE_VIEWERS - 1);
}

static void
half_closed_viewer_still_reads(void **state)
{
	struct fix *f = *state;

	attach(f);
	shutdown(f->viewer, SHUT_WR);
	console_input(&f->k, 0);
	assert_false(console_wants_read(&f->k, 0));
	guest_writes(f, 5, 'a');
	console_flush(&f->k);
	assert_int_equal(viewer_reads(f, 0), 5);
}

static void
too_many_viewers_are_refused(void **state)
{
	struct fix *f = *state;
	int fd[CONSOLE_VIEWERS];
	int pair[2];

	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++) {
		attach(f);
		fd[i] = f->viewer;
		f->viewer = -1;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(console_attach(&f->k, pair[0]), -EBUSY);
	close(pair[0]);
	close(pair[1]);
	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++)
		close(fd[i]);
}

static void
full_input_stops_reading_viewers(void **state)
{
	struct fix *f = *state;
	char keys[2 * CONSOLE_INPUT];

	attach(f);
	memset(keys, 'k', sizeof(keys));
	assert_int_equal(write(f->viewer, keys, sizeof(keys)), sizeof(keys));
	assert_true(console_wants_read(&f->k, 0));
	console_input(&f->k, 0);
	assert_int_equal(f->k.input_used, CONSOLE_INPUT);
	assert_false(console_wants_read(&f->k, 0));
}

/* A log is whole even if the loop thread never came by. */
static void
file_gets_what_the_ring_would_lose(void **state)
{
	struct fix *f = *state;
	int fd = memfd_create("log", MFD_CLOEXEC);

	f->k.file_fd = fd;
	guest_writes(f, 2 * CONSOLE_RING + 10, 0);
	console_flush(&f->k);
	assert_int_equal(pread(fd, f->got, sizeof(f->got), 0),
	    2 * CONSOLE_RING + 10);
	for (unsigned i = 0; i < 2 * CONSOLE_RING + 10; i++)
		assert_int_equal(f->got[i], (uint8_t)i);
	close(fd);
}

static void
full_disk_does_not_stop_the_console(void **state)
{
	struct fix *f = *state;

	f->k.file_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(f->k.file_fd >= 0);
	guest_writes(f, 2 * CONSOLE_RING, 0);
	console_flush(&f->k);
	assert_true(f->k.file_bad);
	assert_int_equal(f->k.written, 2 * CONSOLE_RING);
	close(f->k.file_fd);
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
		T(history_is_the_last_64_kib),
		T(bytes_are_handed_on_a_moment_later),
		T(attached_viewer_gets_the_ring_once),
		T(slow_viewer_is_told_what_it_lost),
		T(closed_viewer_frees_its_place),
		T(half_closed_viewer_still_reads),
		T(too_many_viewers_are_refused),
		T(full_input_stops_reading_viewers),
		T(file_gets_what_the_ring_would_lose),
		T(full_disk_does_not_stop_the_console),
		cmocka_unit_test(event_ring_keeps_the_last_256),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
