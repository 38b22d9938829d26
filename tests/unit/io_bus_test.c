/* SPDX-License-Identifier: Apache-2.0 */
/* Buses and timers: io/bus.c, io/timer.c. */
#include "io_rig.h"

#include <errno.h>

struct probe {
	uint64_t off, value;
	unsigned size, n;
};

static uint64_t
probe_read(void *dev, uint64_t off, unsigned size)
{
	struct probe *p = dev;

	p->off = off;
	p->size = size;
	p->n++;
	return p->value;
}

static void
probe_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	struct probe *p = dev;

	p->off = off;
	p->size = size;
	p->value = value;
	p->n++;
}

static const struct bus_ops probe_ops = { probe_read, probe_write };

static int
add(struct rig *r, uint64_t base, uint64_t size, struct probe *p)
{
	struct bus_range range = { base, size, &probe_ops, p, "probe" };

	return bus_add(&r->pio, &range, NULL);
}

static void
an_access_reaches_its_range_with_a_relative_offset(void **state)
{
	struct probe low = { 0 }, high = { .value = 0x123456789a };
	struct rig r;

	rig_init(&r);
	assert_int_equal(add(&r, 0x100, 8, &high), 0);
	assert_int_equal(add(&r, 0x40, 4, &low), 0);
	assert_int_equal(bus_read(&r.pio, 0x103, 4), 0x3456789a);
	assert_int_equal(high.off, 3);
	bus_write(&r.pio, 0x43, 1, 0xabc);
	assert_int_equal(low.off, 3);
	assert_int_equal(low.value, 0xbc);
	assert_int_equal(high.n, 1);
}

static void
an_unclaimed_read_gives_all_ones(void **state)
{
	struct probe p = { 0 };
	struct rig r;

	rig_init(&r);
	assert_int_equal(add(&r, 0x40, 4, &p), 0);
	assert_int_equal(bus_read(&r.pio, 0x3f, 1), 0xff);
	assert_int_equal(bus_read(&r.pio, 0x44, 4), 0xffffffff);
	bus_write(&r.pio, 0x44, 1, 1);
	assert_int_equal(p.n, 0);
	assert_int_equal(r.pio.unclaimed, 3);
}

static void
an_access_that_leaves_its_range_is_unclaimed(void **state)
{
	struct probe p = { 0 };
	struct rig r;

	rig_init(&r);
	assert_int_equal(add(&r, 0x40, 4, &p), 0);
	assert_int_equal(bus_read(&r.pio, 0x42, 4), 0xffffffff);
	bus_write(&r.pio, 0x3f, 2, 0);
	assert_int_equal(p.n, 0);
}

static void
an_overlap_is_refused_and_named(void **state)
{
	struct probe p = { 0 };
	struct bus_range range = { 0x43, 2, &probe_ops, &p, "late" };
	struct err e = { 0 };
	struct rig r;

	rig_init(&r);
	assert_int_equal(add(&r, 0x40, 4, &p), 0);
	assert_int_equal(bus_add(&r.pio, &range, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "late"));
	assert_non_null(strstr(e.msg, "probe"));
	assert_int_equal(add(&r, 0x3f, 2, &p), -EINVAL);
	assert_int_equal(add(&r, 0x30, 0x40, &p), -EINVAL);
	assert_int_equal(add(&r, 0x50, 0, &p), -EINVAL);
	assert_int_equal(add(&r, UINT64_MAX, 2, &p), -EINVAL);
	assert_int_equal(add(&r, 0x44, 1, &p), 0);
}

static void
a_full_bus_says_so(void **state)
{
	struct probe p = { 0 };
	struct rig r;

	rig_init(&r);
	for (unsigned i = 0; i < BUS_MAX_RANGES; i++)
		assert_int_equal(add(&r, 0x1000 - i * 8, 8, &p), 0);
	assert_int_equal(add(&r, 0x2000, 8, &p), -ENOSPC);
}

static void
a_moved_range_answers_at_its_new_place_only(void **state)
{
	struct probe p = { 0 }, q = { 0 };
	struct rig r;

	rig_init(&r);
	assert_int_equal(add(&r, 0x40, 4, &p), 0);
	assert_int_equal(add(&r, 0x80, 4, &q), 0);
	assert_int_equal(bus_move(&r.pio, &p, &probe_ops, 0x100, 4), 0);
	bus_write(&r.pio, 0x40, 1, 1);
	assert_int_equal(p.n, 0);
	bus_write(&r.pio, 0x101, 1, 1);
	assert_int_equal(p.n, 1);
	assert_int_equal(bus_move(&r.pio, &p, &probe_ops, 0x82, 4), -EINVAL);
	bus_write(&r.pio, 0x101, 1, 1);
	assert_int_equal(p.n, 1);
	assert_int_equal(bus_move(&r.pio, &p, &probe_ops, 0x40, 4), 0);
	bus_write(&r.pio, 0x40, 1, 1);
	assert_int_equal(p.n, 2);
	assert_int_equal(bus_move(&r.pio, &p, &probe_ops, 0, 0), 0);
	assert_int_equal(bus_move(&r.pio, &p, &probe_ops, 0, 0), 0);
	bus_write(&r.pio, 0x40, 1, 1);
	assert_int_equal(p.n, 2);
}

/* --- timers ------------------------------------------------------------ */

struct alarm {
	struct rig *r;
	struct timer t;
	ns_t rang[8];
	unsigned n;
	ns_t again;
};

static void
ring(void *ctx)
{
	struct alarm *a = ctx;

	a->rang[a->n++ % 8] = clock_now(&a->r->clock);
	if (a->again)
		timer_set(&a->r->tq, &a->t, clock_now(&a->r->clock) + a->again);
}

static void
alarm_init(struct alarm *a, struct rig *r)
{
	memset(a, 0, sizeof(*a));
	a->r = r;
	a->t.fn = ring;
	a->t.ctx = a;
}

static void
timers_run_in_the_order_of_their_deadlines(void **state)
{
	struct alarm a, b;
	struct rig r;
	ns_t t;

	rig_init(&r);
	alarm_init(&a, &r);
	alarm_init(&b, &r);
	t = clock_now(&r.clock);
	timer_set(&r.tq, &a.t, t + 20);
	timer_set(&r.tq, &b.t, t + 10);
	assert_int_equal(timer_next(&r.tq), t + 10);
	rig_pass(&r, 15);
	assert_int_equal(a.n, 0);
	assert_int_equal(b.n, 1);
	assert_int_equal(b.rang[0], t + 10);
	rig_pass(&r, 100);
	assert_int_equal(a.rang[0], t + 20);
	assert_int_equal(timer_next(&r.tq), INT64_MAX);
}

static void
a_timer_set_again_rings_once_at_the_new_time(void **state)
{
	struct alarm a;
	struct rig r;
	ns_t t;

	rig_init(&r);
	alarm_init(&a, &r);
	t = clock_now(&r.clock);
	timer_set(&r.tq, &a.t, t + 10);
	timer_set(&r.tq, &a.t, t + 30);
	rig_pass(&r, 100);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.rang[0], t + 30);
}

static void
a_cancelled_timer_does_not_ring(void **state)
{
	struct alarm a, b;
	struct rig r;

	rig_init(&r);
	alarm_init(&a, &r);
	alarm_init(&b, &r);
	timer_set(&r.tq, &a.t, clock_now(&r.clock) + 10);
	timer_set(&r.tq, &b.t, clock_now(&r.clock) + 10);
	timer_cancel(&r.tq, &a.t);
	timer_cancel(&r.tq, &a.t);
	rig_pass(&r, 100);
	assert_int_equal(a.n, 0);
	assert_int_equal(b.n, 1);
}

static void
a_timer_may_set_itself_again(void **state)
{
	struct alarm a;
	struct rig r;

	rig_init(&r);
	alarm_init(&a, &r);
	a.again = 10;
	timer_set(&r.tq, &a.t, clock_now(&r.clock) + 10);
	rig_pass(&r, 45);
	assert_int_equal(a.n, 4);
}

static void
count_rearm(void *ctx)
{
	++*(unsigned *)ctx;
}

static void
the_owner_hears_of_a_new_earliest_deadline_only(void **state)
{
	struct alarm a, b;
	unsigned n = 0;
	struct rig r;
	ns_t t;

	rig_init(&r);
	timer_queue_init(&r.tq, &r.clock, count_rearm, &n);
	alarm_init(&a, &r);
	alarm_init(&b, &r);
	t = clock_now(&r.clock);
	timer_set(&r.tq, &a.t, t + 10);
	assert_int_equal(n, 1);
	timer_set(&r.tq, &b.t, t + 20);
	assert_int_equal(n, 1);
	timer_cancel(&r.tq, &a.t);
	assert_int_equal(n, 2);
}

static void
the_owner_hears_of_what_is_left_after_a_run(void **state)
{
	struct alarm a, b;
	unsigned n = 0;
	struct rig r;
	ns_t t;

	rig_init(&r);
	timer_queue_init(&r.tq, &r.clock, count_rearm, &n);
	alarm_init(&a, &r);
	alarm_init(&b, &r);
	t = clock_now(&r.clock);
	timer_set(&r.tq, &b.t, t + 20);
	timer_set(&r.tq, &a.t, t + 10);
	a.again = 5;
	n = 0;
	clock_manual_advance(&r.clock, 10);
	timer_run(&r.tq);
	assert_int_equal(n, 1);
	clock_manual_advance(&r.clock, 10);
	timer_run(&r.tq);
	assert_int_equal(n, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_access_reaches_its_range_with_a_relative_offset),
		cmocka_unit_test(an_unclaimed_read_gives_all_ones),
		cmocka_unit_test(an_access_that_leaves_its_range_is_unclaimed),
		cmocka_unit_test(an_overlap_is_refused_and_named),
		cmocka_unit_test(a_full_bus_says_so),
		cmocka_unit_test(a_moved_range_answers_at_its_new_place_only),
		cmocka_unit_test(timers_run_in_the_order_of_their_deadlines),
		cmocka_unit_test(a_timer_set_again_rings_once_at_the_new_time),
		cmocka_unit_test(a_cancelled_timer_does_not_ring),
		cmocka_unit_test(a_timer_may_set_itself_again),
		cmocka_unit_test(
		    the_owner_hears_of_a_new_earliest_deadline_only),
		cmocka_unit_test(the_owner_hears_of_what_is_left_after_a_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
