/* SPDX-License-Identifier: Apache-2.0 */
/* The 8254 and port 0x61: io/chip/i8254.c. */
#include "io_rig.h"

#include "io/chip/i8254.h"
#include "io/muldiv.h"

#define IRQ0 0

struct fixture {
	struct rig r;
	struct i8254 p;
};

static void
setup(struct fixture *f)
{
	struct irq_line irq0;

	rig_init(&f->r);
	irq0 = rig_irq(&f->r, IRQ0);
	i8254_init(&f->p, &f->r.tq, &irq0);
	assert_int_equal(i8254_attach(&f->p, &f->r.pio, NULL), 0);
}

/* Let exactly n CLK pulses pass. */
static void
ticks(struct fixture *f, uint64_t n)
{
	uint64_t now = ns_to_ticks(clock_now(&f->r.clock), I8254_HZ);

	rig_pass(&f->r, ticks_to_ns(now + n, I8254_HZ) -
	    clock_now(&f->r.clock));
}

static void
program(struct fixture *f, unsigned n, uint8_t mode, uint16_t count)
{
	outb(&f->r, 0x43, (uint8_t)(n << 6 | 0x30 | mode << 1));
	outb(&f->r, (uint16_t)(0x40 + n), (uint8_t)count);
	outb(&f->r, (uint16_t)(0x40 + n), count >> 8);
}

static uint16_t
latched(struct fixture *f, unsigned n)
{
	uint16_t v;

	outb(&f->r, 0x43, (uint8_t)(n << 6));
	v = inb(&f->r, (uint16_t)(0x40 + n));
	return (uint16_t)(v | inb(&f->r, (uint16_t)(0x40 + n)) << 8);
}

static uint8_t
status(struct fixture *f, unsigned n)
{
	outb(&f->r, 0x43, (uint8_t)(0xe0 | 2 << n));
	return inb(&f->r, (uint16_t)(0x40 + n));
}

static void
mode_0_interrupts_once_at_the_terminal_count(void **state)
{
	struct fixture f;

	setup(&f);
	program(&f, 0, 0, 1000);
	assert_int_equal(f.r.level[IRQ0], 0);
	ticks(&f, 1000);
	assert_int_equal(f.r.level[IRQ0], 0);
	ticks(&f, 1);
	assert_int_equal(f.r.level[IRQ0], 1);
	ticks(&f, 200000);
	assert_int_equal(f.r.edges[IRQ0], 1);
}

static void
mode_0_counts_on_past_zero(void **state)
{
	struct fixture f;

	setup(&f);
	program(&f, 0, 0, 10);
	ticks(&f, 11);
	assert_int_equal(latched(&f, 0), 0);
	ticks(&f, 1);
	assert_int_equal(latched(&f, 0), 0xffff);
}

static void
mode_2_interrupts_once_per_period(void **state)
{
	struct fixture f;

	setup(&f);
	program(&f, 0, 2, 1193);
	ticks(&f, 1 + 1193 * 10);
	assert_int_equal(f.r.edges[IRQ0], 10);
	ticks(&f, 1192);
	assert_int_equal(f.r.edges[IRQ0], 10);
	ticks(&f, 1);
	assert_int_equal(f.r.edges[IRQ0], 11);
}

static void
mode_2_counts_from_n_to_1(void **state)
{
	struct fixture f;

	setup(&f);
	program(&f, 0, 2, 5);
	ticks(&f, 1);
	for (unsigned i = 0; i < 12; i++) {
		assert_int_equal(latched(&f, 0), 5 - i % 5);
		ticks(&f, 1);
	}
}

static void
mode_2_out_is_low_for_the_last_clock(void **state)
{
	struct fixture f;

	setup(&f);
	program(&f, 0, 2, 4);
	ticks(&f, 3);
	assert_int_equal(status(&f, 0) & 0x80, 0x80);
	ticks(&f, 1);
	assert_int_equal(status(&f, 0) & 0x80, 0);
	ticks(&f, 1);
	assert_int_equal(status(&f, 0) & 0x80, 0x80);
}

static void
mode_3_counts_by_twos_and_halves_its_period(void **state)
{
	static const struct {
		uint16_t value;
		bool out;
	} want[] = {
		{ 4, true }, { 2, true }, { 0, true }, { 4, false },
		{ 2, false }, { 4, true },
	};
	struct fixture f;

	setup(&f);
	program(&f, 0, 3, 5);
	ticks(&f, 1);
	for (unsigned i = 0; i < ARRAY_LEN(want); i++) {
		assert_int_equal(latched(&f, 0), want[i].value);
		assert_int_equal(status(&f, 0) >> 7, want[i].out);
		ticks(&f, 1);
	}
}

static void
a_count_of_zero_means_65536(void **state)
{
	struct fixture f;

	setup(&f);
	program(&f, 0, 3, 0);
	ticks(&f, 65536);
	assert_int_equal(f.r.edges[IRQ0], 0);
	ticks(&f, 1);
	assert_int_equal(f.r.edges[IRQ0], 1);
}

static void
mode_4_strobes_once(void **state)
{
	struct fixture f;

	setup(&f);
	program(&f, 0, 4, 100);
	assert_int_equal(f.r.edges[IRQ0], 0);
	ticks(&f, 101);
	assert_int_equal(status(&f, 0) & 0x80, 0);
	ticks(&f, 1);
	assert_int_equal(status(&f, 0) & 0x80, 0x80);
	assert_int_equal(f.r.edges[IRQ0], 1);
	/* A new count without a control word starts it again. */
	outb(&f.r, 0x40, 100);
	outb(&f.r, 0x40, 0);
	ticks(&f, 1000);
	assert_int_equal(f.r.edges[IRQ0], 2);
}

static void
a_new_count_waits_for_the_end_of_the_period(void **state)
{
	struct fixture f;

	setup(&f);
	program(&f, 0, 2, 1000);
	ticks(&f, 1 + 2500);
	outb(&f.r, 0x40, 300 & 0xff);
	outb(&f.r, 0x40, 300 >> 8);
	assert_int_equal(status(&f, 0) & 0x40, 0x40);
	assert_int_equal(latched(&f, 0), 500);
	ticks(&f, 500);
	assert_int_equal(f.r.edges[IRQ0], 3);
	assert_int_equal(status(&f, 0) & 0x40, 0);
	assert_int_equal(latched(&f, 0), 300);
	ticks(&f, 300 * 5);
	assert_int_equal(f.r.edges[IRQ0], 8);
}

static void
a_latch_survives_until_it_is_read(void **state)
{
	struct fixture f;

	setup(&f);
	program(&f, 0, 2, 1000);
	ticks(&f, 1 + 100);
	outb(&f.r, 0x43, 0x00);
	ticks(&f, 50);
	outb(&f.r, 0x43, 0x00);
	assert_int_equal(inb(&f.r, 0x40), 900 & 0xff);
	assert_int_equal(inb(&f.r, 0x40), 900 >> 8);
	assert_int_equal(inb(&f.r, 0x40), 850 & 0xff);
	assert_int_equal(inb(&f.r, 0x40), 850 >> 8);
}

static void
a_latch_survives_no_control_word(void **state)
{
	struct fixture f;

	setup(&f);
	program(&f, 2, 0, 0x1234);
	outb(&f.r, 0x43, 0x80);
	program(&f, 2, 0, 0x55aa);
	assert_int_equal(latched(&f, 2), 0x55aa);
}

static void
read_back_gives_status_before_count(void **state)
{
	struct fixture f;

	setup(&f);
	program(&f, 0, 2, 0x1234);
	ticks(&f, 1);
	outb(&f.r, 0x43, 0xc2);
	assert_int_equal(inb(&f.r, 0x40), 0xb4);
	assert_int_equal(inb(&f.r, 0x40), 0x34);
	assert_int_equal(inb(&f.r, 0x40), 0x12);
}

static void
lsb_only_access_reads_one_byte(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, 0x43, 0x14);
	outb(&f.r, 0x40, 200);
	ticks(&f, 1 + 10);
	assert_int_equal(inb(&f.r, 0x40), 190);
	assert_int_equal(inb(&f.r, 0x40), 190);
}

static void
bcd_counts_in_decimal(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, 0x43, 0x31);
	outb(&f.r, 0x40, 0x00);
	outb(&f.r, 0x40, 0x10);
	ticks(&f, 1 + 1);
	assert_int_equal(latched(&f, 0), 0x0999);
	ticks(&f, 1000);
	assert_int_equal(latched(&f, 0), 0x9999);
}

static void
linux_calibrates_the_tsc_with_channel_2(void **state)
{
	struct fixture f;
	ns_t start;

	setup(&f);
	outb(&f.r, 0x61, (inb(&f.r, 0x61) & ~2) | 1);
	outb(&f.r, 0x43, 0xb0);
	outb(&f.r, 0x42, (I8254_HZ / 100) & 0xff);
	outb(&f.r, 0x42, (I8254_HZ / 100) >> 8);
	start = clock_now(&f.r.clock);
	while (!(inb(&f.r, 0x61) & 0x20))
		rig_pass(&f.r, 1000);
	assert_in_range(clock_now(&f.r.clock) - start, 9990 * US, 10010 * US);
}

static void
a_low_gate_holds_mode_0(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, 0x61, 1);
	program(&f, 2, 0, 1000);
	ticks(&f, 1 + 400);
	outb(&f.r, 0x61, 0);
	ticks(&f, 5000);
	assert_int_equal(latched(&f, 2), 600);
	outb(&f.r, 0x61, 1);
	ticks(&f, 100);
	assert_int_equal(latched(&f, 2), 500);
}

static void
a_gate_edge_restarts_mode_3(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, 0x61, 1);
	program(&f, 2, 3, 1000);
	ticks(&f, 1 + 700);
	assert_int_equal(inb(&f.r, 0x61) & 0x20, 0);
	outb(&f.r, 0x61, 0);
	assert_int_equal(inb(&f.r, 0x61) & 0x20, 0x20);
	outb(&f.r, 0x61, 1);
	ticks(&f, 1 + 10);
	assert_int_equal(latched(&f, 2), 980);
}

static void
mode_1_waits_for_its_trigger(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, 0x61, 0);
	program(&f, 2, 1, 50);
	ticks(&f, 500);
	assert_int_equal(inb(&f.r, 0x61) & 0x20, 0x20);
	outb(&f.r, 0x61, 1);
	ticks(&f, 25);
	assert_int_equal(inb(&f.r, 0x61) & 0x20, 0);
	ticks(&f, 26);
	assert_int_equal(inb(&f.r, 0x61) & 0x20, 0x20);
}

static void
port_61_toggles_refresh_and_keeps_the_speaker_bits(void **state)
{
	struct fixture f;
	unsigned changes = 0;
	uint8_t last, now;

	setup(&f);
	outb(&f.r, 0x61, 0xff);
	last = inb(&f.r, 0x61);
	assert_int_equal(last & 0xcf, 0x0f);
	for (unsigned i = 0; i < 1000; i++) {
		rig_pass(&f.r, US);
		now = inb(&f.r, 0x61);
		changes += ((now ^ last) & 0x10) != 0;
		last = now;
	}
	assert_in_range(changes, 65, 67);
}

static void
ticks_missed_by_a_late_loop_are_made_up_for(void **state)
{
	struct fixture f;

	setup(&f);
	program(&f, 0, 2, 11932);		/* 100 Hz */
	rig_pass(&f.r, 1001 * MS);
	assert_int_equal(f.r.edges[IRQ0], 100);
	/* Nobody runs timers for a while. */
	clock_manual_advance(&f.r.clock, 300 * MS);
	timer_run(&f.r.tq);
	rig_pass(&f.r, 700 * MS);
	assert_in_range(f.r.edges[IRQ0], 199, 200);
}

static bool
is_waiting(void *ctx)
{
	return *(bool *)ctx;
}

static void
ticks_that_find_the_last_one_waiting_are_owed(void **state)
{
	bool waiting = false;
	struct fixture f;

	setup(&f);
	i8254_set_waiting(&f.p, is_waiting, &waiting);
	program(&f, 0, 2, 11932);		/* 100 Hz */
	rig_pass(&f.r, 101 * MS);
	assert_int_equal(f.r.edges[IRQ0], 10);
	waiting = true;
	rig_pass(&f.r, 50 * MS);
	assert_int_equal(f.r.edges[IRQ0], 10);
	waiting = false;
	rig_pass(&f.r, 100 * MS);
	assert_int_equal(f.r.edges[IRQ0], 25);
	/* Nobody takes them for long: not all are owed. */
	waiting = true;
	rig_pass(&f.r, 10 * NS_PER_SEC);
	waiting = false;
	rig_pass(&f.r, 2 * NS_PER_SEC);
	assert_in_range(f.r.edges[IRQ0], 25 + 200 + 40, 25 + 200 + 60);
}

static void
a_silly_period_does_not_busy_the_loop(void **state)
{
	struct fixture f;

	setup(&f);
	program(&f, 0, 2, 2);
	rig_pass(&f.r, 10 * MS);
	assert_in_range(f.r.edges[IRQ0], 100, 210);
}

static void
an_unprogrammed_chip_needs_no_timer(void **state)
{
	struct fixture f;

	setup(&f);
	assert_int_equal(timer_next(&f.r.tq), INT64_MAX);
	program(&f, 0, 2, 1000);
	assert_true(timer_next(&f.r.tq) != INT64_MAX);
	outb(&f.r, 0x43, 0x30);
	assert_int_equal(timer_next(&f.r.tq), INT64_MAX);
	program(&f, 0, 2, 1000);
	i8254_reset(&f.p);
	assert_int_equal(timer_next(&f.r.tq), INT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mode_0_interrupts_once_at_the_terminal_count),
		cmocka_unit_test(mode_0_counts_on_past_zero),
		cmocka_unit_test(mode_2_interrupts_once_per_period),
		cmocka_unit_test(mode_2_counts_from_n_to_1),
		cmocka_unit_test(mode_2_out_is_low_for_the_last_clock),
		cmocka_unit_test(mode_3_counts_by_twos_and_halves_its_period),
		cmocka_unit_test(a_count_of_zero_means_65536),
		cmocka_unit_test(mode_4_strobes_once),
		cmocka_unit_test(a_new_count_waits_for_the_end_of_the_period),
		cmocka_unit_test(a_latch_survives_until_it_is_read),
		cmocka_unit_test(a_latch_survives_no_control_word),
		cmocka_unit_test(read_back_gives_status_before_count),
		cmocka_unit_test(lsb_only_access_reads_one_byte),
		cmocka_unit_test(bcd_counts_in_decimal),
		cmocka_unit_test(linux_calibrates_the_tsc_with_channel_2),
		cmocka_unit_test(a_low_gate_holds_mode_0),
		cmocka_unit_test(a_gate_edge_restarts_mode_3),
		cmocka_unit_test(mode_1_waits_for_its_trigger),
		cmocka_unit_test(
		    port_61_toggles_refresh_and_keeps_the_speaker_bits),
		cmocka_unit_test(ticks_missed_by_a_late_loop_are_made_up_for),
		cmocka_unit_test(
		    ticks_that_find_the_last_one_waiting_are_owed),
		cmocka_unit_test(a_silly_period_does_not_busy_the_loop),
		cmocka_unit_test(an_unprogrammed_chip_needs_no_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
