/* SPDX-License-Identifier: Apache-2.0 */
/* RTC and CMOS: io/chip/mc146818.c. */
#include "io_rig.h"

#include "io/chip/mc146818.h"

#define IRQ8 8

struct fixture {
	struct rig r;
	struct mc146818 c;
};

/* Saturday 2000-02-26 23:59:58 UTC. */
#define WALL (INT64_C(951609598) * NS_PER_SEC)

static void
setup_at(struct fixture *f, int64_t wall)
{
	struct irq_line irq8;

	rig_init(&f->r);
	irq8 = rig_irq(&f->r, IRQ8);
	mc146818_init(&f->c, &f->r.tq, &irq8, wall);
	assert_int_equal(mc146818_attach(&f->c, &f->r.pio, NULL), 0);
}

static void
setup(struct fixture *f)
{
	setup_at(f, WALL);
}

static uint8_t
get(struct fixture *f, uint8_t reg)
{
	outb(&f->r, 0x70, reg);
	return inb(&f->r, 0x71);
}

static void
put(struct fixture *f, uint8_t reg, uint8_t v)
{
	outb(&f->r, 0x70, reg);
	outb(&f->r, 0x71, v);
}

static void
expect_time(struct fixture *f, const char *want)
{
	char got[32];

	snprintf(got, sizeof(got), "%02x%02x-%02x-%02x %02x:%02x:%02x %x",
	    get(f, 0x32), get(f, 9), get(f, 8), get(f, 7), get(f, 4),
	    get(f, 2), get(f, 0), get(f, 6));
	assert_string_equal(got, want);
}

static void
it_tells_the_time_in_bcd(void **state)
{
	struct fixture f;

	setup(&f);
	expect_time(&f, "2000-02-26 23:59:58 7");
	rig_pass(&f.r, 2 * NS_PER_SEC);
	expect_time(&f, "2000-02-27 00:00:00 1");
	rig_pass(&f.r, 3 * 86400 * NS_PER_SEC);
	expect_time(&f, "2000-03-01 00:00:00 4");
}

static void
it_knows_the_gregorian_calendar(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} t[] = {
		{ 0, "1970-01-01 00:00:00 5" },
		{ 951782400, "2000-02-29 00:00:00 3" },
		{ 978307199, "2000-12-31 23:59:59 1" },
		{ 1709164800, "2024-02-29 00:00:00 5" },
		{ 4107542400, "2100-03-01 00:00:00 2" },
		{ 2147483648, "2038-01-19 03:14:08 3" },
	};

	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		struct fixture f;

		setup_at(&f, t[i].seconds * NS_PER_SEC);
		expect_time(&f, t[i].text);
	}
}

static void
binary_and_twelve_hour_modes_work(void **state)
{
	struct fixture f;

	setup(&f);
	put(&f, 0x0b, 0x06);
	assert_int_equal(get(&f, 4), 23);
	assert_int_equal(get(&f, 2), 59);
	put(&f, 0x0b, 0x00);
	assert_int_equal(get(&f, 4), 0x91);
	rig_pass(&f.r, 2 * NS_PER_SEC);
	assert_int_equal(get(&f, 4), 0x12);
	put(&f, 4, 0x92);		/* 12 pm is noon */
	put(&f, 0x0b, 0x02);
	assert_int_equal(get(&f, 4), 0x12);
}

static void
a_time_set_goes_on_from_there(void **state)
{
	struct fixture f;

	setup(&f);
	put(&f, 0x0b, 0x82);
	put(&f, 0x32, 0x20);
	put(&f, 9, 0x24);
	put(&f, 8, 0x12);
	put(&f, 7, 0x31);
	put(&f, 4, 0x23);
	put(&f, 2, 0x59);
	put(&f, 0, 0x59);
	rig_pass(&f.r, 10 * NS_PER_SEC);
	expect_time(&f, "2024-12-31 23:59:59 7");
	put(&f, 0x0b, 0x02);
	rig_pass(&f.r, NS_PER_SEC);
	expect_time(&f, "2025-01-01 00:00:00 4");
}

static void
a_released_divider_updates_half_a_second_later(void **state)
{
	struct fixture f;

	setup(&f);
	put(&f, 0x0b, 0x82);
	put(&f, 0x0a, 0x76);
	put(&f, 0, 0x30);
	rig_pass(&f.r, 123 * MS);
	put(&f, 0x0b, 0x02);
	put(&f, 0x0a, 0x26);
	rig_pass(&f.r, 499 * MS);
	assert_int_equal(get(&f, 0), 0x30);
	rig_pass(&f.r, 2 * MS);
	assert_int_equal(get(&f, 0), 0x31);
}

static void
nonsense_is_bent_into_a_date(void **state)
{
	struct fixture f;

	setup(&f);
	put(&f, 0x0b, 0x82);
	for (uint8_t i = 0; i < 10; i++)
		put(&f, i, 0xff);
	put(&f, 0x32, 0xff);
	put(&f, 0x0b, 0x02);
	get(&f, 0);
	rig_pass(&f.r, NS_PER_SEC);
	assert_in_range(get(&f, 8), 1, 0x12);
	assert_in_range(get(&f, 7), 1, 0x31);
}

static void
update_in_progress_warns_before_the_second(void **state)
{
	struct fixture f;

	setup(&f);
	assert_int_equal(get(&f, 0x0a), 0x26);
	rig_pass(&f.r, NS_PER_SEC - 200 * US);
	assert_int_equal(get(&f, 0x0a), 0xa6);
	rig_pass(&f.r, 200 * US);
	assert_int_equal(get(&f, 0x0a), 0x26);
	put(&f, 0x0b, 0x82);
	rig_pass(&f.r, NS_PER_SEC - 100 * US);
	assert_int_equal(get(&f, 0x0a), 0x26);
}

static void
update_ended_interrupts_each_second(void **state)
{
	struct fixture f;

	setup(&f);
	put(&f, 0x0b, 0x12);
	for (unsigned i = 1; i <= 3; i++) {
		rig_pass(&f.r, NS_PER_SEC);
		assert_int_equal(f.r.edges[IRQ8], i);
		assert_int_equal(get(&f, 0x0c) & 0x90, 0x90);
		assert_int_equal(f.r.level[IRQ8], 0);
		assert_int_equal(get(&f, 0x0c), 0);
	}
	/* SET clears UIE. */
	put(&f, 0x0b, 0x92);
	assert_int_equal(get(&f, 0x0b), 0x82);
}

static void
the_alarm_rings_at_its_time(void **state)
{
	struct fixture f;

	setup(&f);
	put(&f, 5, 0x00);
	put(&f, 3, 0x01);
	put(&f, 1, 0x00);
	put(&f, 0x0b, 0x22);
	rig_pass(&f.r, 61 * NS_PER_SEC);
	assert_int_equal(f.r.edges[IRQ8], 0);
	rig_pass(&f.r, NS_PER_SEC);
	assert_int_equal(f.r.edges[IRQ8], 1);
	assert_int_equal(get(&f, 0x0c) & 0xa0, 0xa0);
	rig_pass(&f.r, 86399 * NS_PER_SEC);
	assert_int_equal(f.r.edges[IRQ8], 1);
	rig_pass(&f.r, NS_PER_SEC);
	assert_int_equal(f.r.edges[IRQ8], 2);
}

static void
alarm_wildcards_match_anything(void **state)
{
	struct fixture f;

	setup(&f);
	put(&f, 5, 0xc0);
	put(&f, 3, 0xff);
	put(&f, 1, 0x05);
	put(&f, 0x0b, 0x22);
	for (unsigned i = 0; i < 180; i++) {
		rig_pass(&f.r, NS_PER_SEC);
		get(&f, 0x0c);
	}
	assert_int_equal(f.r.edges[IRQ8], 3);
}

static void
the_periodic_interrupt_has_its_rate(void **state)
{
	struct fixture f;
	unsigned read = 0;

	setup(&f);
	put(&f, 0x0b, 0x42);		/* 1024 Hz from 0x26 */
	for (unsigned i = 0; i < 10000; i++) {
		rig_pass(&f.r, 100 * US);
		if (f.r.level[IRQ8]) {
			assert_int_equal(get(&f, 0x0c) & 0xc0, 0xc0);
			read++;
		}
	}
	assert_in_range(read, 1023, 1025);
	put(&f, 0x0a, 0x20);
	get(&f, 0x0c);
	rig_pass(&f.r, NS_PER_SEC);
	assert_int_equal(get(&f, 0x0c) & 0x40, 0);
}

static void
an_unread_flag_wakes_nobody(void **state)
{
	struct fixture f;

	setup(&f);
	put(&f, 0x0b, 0x42);
	rig_pass(&f.r, 2 * MS);
	assert_int_equal(f.r.level[IRQ8], 1);
	assert_int_equal(timer_next(&f.r.tq), INT64_MAX);
}

static void
memory_and_the_nmi_mask_are_there(void **state)
{
	struct fixture f;

	setup(&f);
	mc146818_set_memory(&f.c, UINT64_C(512) << 20, UINT64_C(1) << 30);
	assert_int_equal(get(&f, 0x15) | get(&f, 0x16) << 8, 640);
	assert_int_equal(get(&f, 0x17) | get(&f, 0x18) << 8, 0xffff);
	assert_int_equal(get(&f, 0x34) | get(&f, 0x35) << 8, 496 * 16);
	assert_int_equal(get(&f, 0x5b) | get(&f, 0x5c) << 8, 1024 * 16);
	put(&f, 0x50, 0x5a);
	assert_false(mc146818_nmi_masked(&f.c));
	assert_int_equal(get(&f, 0x80 | 0x50), 0x5a);
	assert_true(mc146818_nmi_masked(&f.c));
	assert_int_equal(inb(&f.r, 0x70), 0xff);
	assert_int_equal(get(&f, 0x0d), 0x80);
}

static void
reset_keeps_time_and_memory(void **state)
{
	struct fixture f;

	setup(&f);
	put(&f, 0x50, 0x5a);
	put(&f, 0x0b, 0x72);
	rig_pass(&f.r, NS_PER_SEC);
	mc146818_reset(&f.c);
	assert_int_equal(f.r.level[IRQ8], 0);
	assert_int_equal(get(&f, 0x0b), 0x02);
	assert_int_equal(get(&f, 0x50), 0x5a);
	assert_int_equal(get(&f, 0), 0x59);
	assert_int_equal(timer_next(&f.r.tq), INT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_tells_the_time_in_bcd),
		cmocka_unit_test(it_knows_the_gregorian_calendar),
		cmocka_unit_test(binary_and_twelve_hour_modes_work),
		cmocka_unit_test(a_time_set_goes_on_from_there),
		cmocka_unit_test(
		    a_released_divider_updates_half_a_second_later),
		cmocka_unit_test(nonsense_is_bent_into_a_date),
		cmocka_unit_test(update_in_progress_warns_before_the_second),
		cmocka_unit_test(update_ended_interrupts_each_second),
		cmocka_unit_test(the_alarm_rings_at_its_time),
		cmocka_unit_test(alarm_wildcards_match_anything),
		cmocka_unit_test(the_periodic_interrupt_has_its_rate),
		cmocka_unit_test(an_unread_flag_wakes_nobody),
		cmocka_unit_test(memory_and_the_nmi_mask_are_there),
		cmocka_unit_test(reset_keeps_time_and_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
