/* SPDX-License-Identifier: Apache-2.0 */
/* The 8259A pair: io/chip/i8259.c. */
#include "io_rig.h"

#include "io/chip/i8259.h"

#define OUT 0

struct fixture {
	struct rig r;
	struct i8259 p;
};

static void
setup_raw(struct fixture *f)
{
	struct irq_line out;

	rig_init(&f->r);
	out = rig_irq(&f->r, OUT);
	i8259_init(&f->p, &out);
	assert_int_equal(i8259_attach(&f->p, &f->r.pio, NULL), 0);
}

static void
program(struct fixture *f, uint8_t icw4)
{
	outb(&f->r, 0x20, 0x11);
	outb(&f->r, 0x21, 0x30);
	outb(&f->r, 0x21, 4);
	outb(&f->r, 0x21, icw4);
	outb(&f->r, 0xa0, 0x11);
	outb(&f->r, 0xa1, 0x38);
	outb(&f->r, 0xa1, 2);
	outb(&f->r, 0xa1, 1);
}

static void
setup(struct fixture *f)
{
	setup_raw(f);
	program(f, 1);
}

static void
pulse(struct fixture *f, unsigned n)
{
	i8259_set(&f->p, n, 0);
	i8259_set(&f->p, n, 1);
}

static void
an_uninitialised_chip_is_silent(void **state)
{
	struct fixture f;

	setup_raw(&f);
	pulse(&f, 4);
	assert_false(i8259_pending(&f.p));
	outb(&f.r, 0x20, 0x11);
	outb(&f.r, 0x21, 0x30);
	pulse(&f, 4);
	assert_int_equal(f.r.level[OUT], 0);
}

static void
an_edge_raises_int_and_gives_its_vector(void **state)
{
	struct fixture f;

	setup(&f);
	pulse(&f, 4);
	assert_int_equal(f.r.level[OUT], 1);
	assert_int_equal(i8259_ack(&f.p), 0x34);
	assert_int_equal(f.r.level[OUT], 0);
	outb(&f.r, 0x20, 0x0b);
	assert_int_equal(inb(&f.r, 0x20), 0x10);
	outb(&f.r, 0x20, 0x20);
	assert_int_equal(inb(&f.r, 0x20), 0);
	/* The line is still high: no second edge. */
	assert_false(i8259_pending(&f.p));
}

static void
a_slave_request_comes_through_ir2(void **state)
{
	struct fixture f;

	setup(&f);
	pulse(&f, 12);
	assert_int_equal(f.r.level[OUT], 1);
	assert_int_equal(i8259_ack(&f.p), 0x3c);
	outb(&f.r, 0x20, 0x0b);
	outb(&f.r, 0xa0, 0x0b);
	assert_int_equal(inb(&f.r, 0x20), 4);
	assert_int_equal(inb(&f.r, 0xa0), 0x10);
}

static void
a_masked_request_waits(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, 0x21, 0x10);
	assert_int_equal(inb(&f.r, 0x21), 0x10);
	pulse(&f, 4);
	assert_int_equal(f.r.level[OUT], 0);
	outb(&f.r, 0x21, 0);
	assert_int_equal(f.r.level[OUT], 1);
}

static void
a_higher_request_interrupts_a_lower_service_only(void **state)
{
	struct fixture f;

	setup(&f);
	pulse(&f, 4);
	i8259_ack(&f.p);
	pulse(&f, 5);
	assert_int_equal(f.r.level[OUT], 0);
	pulse(&f, 1);
	assert_int_equal(f.r.level[OUT], 1);
	assert_int_equal(i8259_ack(&f.p), 0x31);
	outb(&f.r, 0x20, 0x20);
	outb(&f.r, 0x20, 0x20);
	assert_int_equal(i8259_ack(&f.p), 0x35);
}

static void
int_is_an_edge_for_each_request(void **state)
{
	struct fixture f;

	setup(&f);
	pulse(&f, 4);
	pulse(&f, 1);
	assert_int_equal(f.r.edges[OUT], 1);
	i8259_ack(&f.p);
	outb(&f.r, 0x20, 0x20);
	assert_int_equal(f.r.edges[OUT], 2);
}

static void
a_vanished_request_gives_the_spurious_vector(void **state)
{
	struct fixture f;

	setup(&f);
	pulse(&f, 4);
	i8259_set(&f.p, 4, 0);
	assert_int_equal(f.r.level[OUT], 0);
	assert_int_equal(i8259_ack(&f.p), 0x37);
	outb(&f.r, 0x20, 0x0b);
	assert_int_equal(inb(&f.r, 0x20), 0);
}

static void
a_level_request_repeats_until_the_line_falls(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, 0x4d1, 0x04);
	assert_int_equal(inb(&f.r, 0x4d1), 0x04);
	i8259_set(&f.p, 10, 1);
	assert_int_equal(i8259_ack(&f.p), 0x3a);
	outb(&f.r, 0xa0, 0x62);
	outb(&f.r, 0x20, 0x62);
	assert_int_equal(f.r.level[OUT], 1);
	i8259_set(&f.p, 10, 0);
	assert_int_equal(f.r.level[OUT], 0);
}

static void
elcr_keeps_the_timer_and_cascade_edge_triggered(void **state)
{
	struct fixture f;

	setup(&f);
	outw(&f.r, 0x4d0, 0xffff);
	assert_int_equal(inw(&f.r, 0x4d0), 0xdef8);
}

static void
automatic_eoi_leaves_nothing_in_service(void **state)
{
	struct fixture f;

	setup_raw(&f);
	program(&f, 3);
	pulse(&f, 3);
	assert_int_equal(i8259_ack(&f.p), 0x33);
	outb(&f.r, 0x20, 0x0b);
	assert_int_equal(inb(&f.r, 0x20), 0);
}

static void
rotation_makes_the_ended_level_the_lowest(void **state)
{
	struct fixture f;

	setup(&f);
	pulse(&f, 4);
	i8259_ack(&f.p);
	outb(&f.r, 0x20, 0xa0);
	pulse(&f, 3);
	pulse(&f, 5);
	assert_int_equal(i8259_ack(&f.p), 0x35);
}

static void
set_priority_turns_the_order(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, 0x20, 0xc0 | 5);
	pulse(&f, 0);
	pulse(&f, 6);
	assert_int_equal(i8259_ack(&f.p), 0x36);
}

static void
rotation_on_automatic_eoi_follows_the_acknowledge(void **state)
{
	struct fixture f;

	setup_raw(&f);
	program(&f, 3);
	outb(&f.r, 0x20, 0x80);
	pulse(&f, 0);
	assert_int_equal(i8259_ack(&f.p), 0x30);
	pulse(&f, 0);
	pulse(&f, 6);
	assert_int_equal(i8259_ack(&f.p), 0x36);
}

static void
special_mask_mode_lets_lower_levels_through(void **state)
{
	struct fixture f;

	setup(&f);
	pulse(&f, 3);
	i8259_ack(&f.p);
	pulse(&f, 6);
	assert_int_equal(f.r.level[OUT], 0);
	outb(&f.r, 0x20, 0x68);
	outb(&f.r, 0x21, 0x08);
	assert_int_equal(f.r.level[OUT], 1);
	outb(&f.r, 0x20, 0x48);
	assert_int_equal(f.r.level[OUT], 0);
}

static void
special_fully_nested_mode_lets_the_slave_nest(void **state)
{
	struct fixture f;

	setup_raw(&f);
	program(&f, 0x11);
	pulse(&f, 12);
	i8259_ack(&f.p);
	pulse(&f, 8);
	assert_int_equal(i8259_ack(&f.p), 0x38);
}

static void
the_slave_does_not_nest_without_it(void **state)
{
	struct fixture f;

	setup(&f);
	pulse(&f, 12);
	i8259_ack(&f.p);
	pulse(&f, 8);
	assert_int_equal(f.r.level[OUT], 0);
}

static void
a_poll_acknowledges(void **state)
{
	struct fixture f;

	setup(&f);
	pulse(&f, 5);
	outb(&f.r, 0x20, 0x0c);
	assert_int_equal(inb(&f.r, 0x20), 0x85);
	assert_int_equal(f.r.level[OUT], 0);
	outb(&f.r, 0x20, 0x0c);
	assert_int_equal(inb(&f.r, 0x20), 0);
	outb(&f.r, 0x20, 0x0b);
	assert_int_equal(inb(&f.r, 0x20), 0x20);
}

static void
a_request_waits_until_it_is_acknowledged(void **state)
{
	struct fixture f;

	setup(&f);
	assert_false(i8259_waiting(&f.p, 0));
	pulse(&f, 0);
	assert_true(i8259_waiting(&f.p, 0));
	outb(&f.r, 0x21, 1);
	assert_false(i8259_waiting(&f.p, 0));
	outb(&f.r, 0x21, 0);
	i8259_ack(&f.p);
	assert_false(i8259_waiting(&f.p, 0));
	pulse(&f, 11);
	assert_true(i8259_waiting(&f.p, 11));
	assert_false(i8259_waiting(&f.p, 3));
}

static void
icw1_clears_masks_and_requests(void **state)
{
	struct fixture f;

	setup(&f);
	pulse(&f, 5);
	outb(&f.r, 0x21, 0xff);
	outb(&f.r, 0x20, 0x11);
	outb(&f.r, 0x21, 0x08);
	outb(&f.r, 0x21, 4);
	outb(&f.r, 0x21, 1);
	assert_int_equal(inb(&f.r, 0x21), 0);
	assert_int_equal(inb(&f.r, 0x20), 0);
	assert_false(i8259_pending(&f.p));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_uninitialised_chip_is_silent),
		cmocka_unit_test(an_edge_raises_int_and_gives_its_vector),
		cmocka_unit_test(a_slave_request_comes_through_ir2),
		cmocka_unit_test(a_masked_request_waits),
		cmocka_unit_test(
		    a_higher_request_interrupts_a_lower_service_only),
		cmocka_unit_test(int_is_an_edge_for_each_request),
		cmocka_unit_test(a_vanished_request_gives_the_spurious_vector),
		cmocka_unit_test(a_level_request_repeats_until_the_line_falls),
		cmocka_unit_test(
		    elcr_keeps_the_timer_and_cascade_edge_triggered),
		cmocka_unit_test(automatic_eoi_leaves_nothing_in_service),
		cmocka_unit_test(rotation_makes_the_ended_level_the_lowest),
		cmocka_unit_test(set_priority_turns_the_order),
		cmocka_unit_test(
		    rotation_on_automatic_eoi_follows_the_acknowledge),
		cmocka_unit_test(special_mask_mode_lets_lower_levels_through),
		cmocka_unit_test(special_fully_nested_mode_lets_the_slave_nest),
		cmocka_unit_test(the_slave_does_not_nest_without_it),
		cmocka_unit_test(a_poll_acknowledges),
		cmocka_unit_test(a_request_waits_until_it_is_acknowledged),
		cmocka_unit_test(icw1_clears_masks_and_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
