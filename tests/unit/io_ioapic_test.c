/* SPDX-License-Identifier: Apache-2.0 */
/* I/O APIC: io/chip/ioapic.c.  82093AA. */
#include "io_rig.h"

#include "io/chip/ioapic.h"

struct fixture {
	struct rig r;
	struct ioapic a;
	struct apic_msg last;
	unsigned sent;
};

static void
deliver(void *ctx, const struct apic_msg *m)
{
	struct fixture *f = ctx;

	f->last = *m;
	f->sent++;
}

static void
setup(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	rig_init(&f->r);
	ioapic_init(&f->a, 2, deliver, f);
	assert_int_equal(ioapic_attach(&f->a, &f->r.mmio, NULL), 0);
}

static uint32_t
get(struct fixture *f, uint8_t reg)
{
	bus_write(&f->r.mmio, IOAPIC_BASE, 4, reg);
	return (uint32_t)bus_read(&f->r.mmio, IOAPIC_BASE + 0x10, 4);
}

static void
put(struct fixture *f, uint8_t reg, uint32_t v)
{
	bus_write(&f->r.mmio, IOAPIC_BASE, 4, reg);
	bus_write(&f->r.mmio, IOAPIC_BASE + 0x10, 4, v);
}

static void
redirect(struct fixture *f, unsigned pin, uint64_t entry)
{
	put(f, (uint8_t)(0x11 + pin * 2), (uint32_t)(entry >> 32));
	put(f, (uint8_t)(0x10 + pin * 2), (uint32_t)entry);
}

static void
it_introduces_itself(void **state)
{
	struct fixture f;

	setup(&f);
	assert_int_equal(get(&f, 0), 0x02000000);
	assert_int_equal(get(&f, 1), 0x00170020);
	assert_int_equal(get(&f, 0x10), 0x10000);
	assert_int_equal(get(&f, 0x3e), 0x10000);
	assert_int_equal(get(&f, 0x40), 0);
	assert_int_equal(get(&f, 0x05), 0);
	put(&f, 0, 0xffffffff);
	assert_int_equal(get(&f, 0), 0x0f000000);
	assert_int_equal(get(&f, 2), 0x0f000000);
}

static void
a_rising_edge_sends_one_message(void **state)
{
	struct fixture f;

	setup(&f);
	redirect(&f, 4, UINT64_C(3) << 56 | 0x841);
	ioapic_set(&f.a, 4, 1);
	ioapic_set(&f.a, 4, 1);
	assert_int_equal(f.sent, 1);
	assert_int_equal(f.last.dest, 3);
	assert_true(f.last.logical);
	assert_int_equal(f.last.vector, 0x41);
	assert_false(f.last.level_trigger);
	ioapic_set(&f.a, 4, 0);
	ioapic_set(&f.a, 4, 1);
	assert_int_equal(f.sent, 2);
}

static void
an_edge_on_a_masked_pin_is_lost(void **state)
{
	struct fixture f;

	setup(&f);
	redirect(&f, 4, 0x10041);
	ioapic_set(&f.a, 4, 1);
	redirect(&f, 4, 0x41);
	assert_int_equal(f.sent, 0);
}

static void
a_level_is_sent_again_after_its_eoi(void **state)
{
	struct fixture f;

	setup(&f);
	redirect(&f, 9, 0x8051);
	ioapic_set(&f.a, 9, 1);
	assert_int_equal(f.sent, 1);
	assert_true(f.last.level_trigger);
	assert_int_equal(get(&f, 0x10 + 18), 0xc051);
	ioapic_set(&f.a, 9, 0);
	ioapic_set(&f.a, 9, 1);
	assert_int_equal(f.sent, 1);
	ioapic_eoi(&f.a, 0x50);
	assert_int_equal(f.sent, 1);
	ioapic_eoi(&f.a, 0x51);
	assert_int_equal(f.sent, 2);
	ioapic_set(&f.a, 9, 0);
	ioapic_eoi(&f.a, 0x51);
	assert_int_equal(f.sent, 2);
	assert_int_equal(get(&f, 0x10 + 18), 0x8051);
}

static void
a_level_waits_behind_its_mask(void **state)
{
	struct fixture f;

	setup(&f);
	redirect(&f, 9, 0x18051);
	ioapic_set(&f.a, 9, 1);
	assert_int_equal(f.sent, 0);
	redirect(&f, 9, 0x8051);
	assert_int_equal(f.sent, 1);
}

static void
the_eoi_register_ends_a_level(void **state)
{
	struct fixture f;

	setup(&f);
	redirect(&f, 9, 0x8051);
	ioapic_set(&f.a, 9, 1);
	bus_write(&f.r.mmio, IOAPIC_BASE + 0x40, 4, 0x51);
	assert_int_equal(f.sent, 2);
}

static void
edge_mode_clears_remote_irr(void **state)
{
	struct fixture f;

	setup(&f);
	redirect(&f, 9, 0x8051);
	ioapic_set(&f.a, 9, 1);
	redirect(&f, 9, 0x10051);
	redirect(&f, 9, 0x18051);
	assert_int_equal(get(&f, 0x10 + 18), 0x18051);
}

static void
read_only_bits_cannot_be_written(void **state)
{
	struct fixture f;

	setup(&f);
	redirect(&f, 9, 0xffffffffffff5fff);
	assert_int_equal(get(&f, 0x10 + 18), 0x10fff);
	assert_int_equal(get(&f, 0x11 + 18), 0xff000000);
}

static void
reserved_delivery_modes_send_nothing(void **state)
{
	struct fixture f;

	setup(&f);
	redirect(&f, 3, 0x341);
	redirect(&f, 5, 0x641);
	ioapic_set(&f.a, 3, 1);
	ioapic_set(&f.a, 5, 1);
	ioapic_set(&f.a, 99, 1);
	assert_int_equal(f.sent, 0);
}

static void
a_pin_tells_the_message_it_would_send(void **state)
{
	struct apic_msg m;
	struct fixture f;

	setup(&f);
	assert_false(ioapic_message(&f.a, 2, &m));
	redirect(&f, 2, UINT64_C(1) << 56 | 0x30);
	assert_true(ioapic_message(&f.a, 2, &m));
	assert_int_equal(m.dest, 1);
	assert_int_equal(m.vector, 0x30);
	assert_false(ioapic_message(&f.a, 24, &m));
	assert_int_equal(f.sent, 0);
}

static void
physical_255_is_everybody(void **state)
{
	struct fixture f;

	setup(&f);
	redirect(&f, 4, UINT64_C(0xff) << 56 | 0x41);
	ioapic_set(&f.a, 4, 1);
	assert_true(f.last.dest == APIC_BROADCAST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_introduces_itself),
		cmocka_unit_test(a_rising_edge_sends_one_message),
		cmocka_unit_test(an_edge_on_a_masked_pin_is_lost),
		cmocka_unit_test(a_level_is_sent_again_after_its_eoi),
		cmocka_unit_test(a_level_waits_behind_its_mask),
		cmocka_unit_test(the_eoi_register_ends_a_level),
		cmocka_unit_test(edge_mode_clears_remote_irr),
		cmocka_unit_test(read_only_bits_cannot_be_written),
		cmocka_unit_test(reserved_delivery_modes_send_nothing),
		cmocka_unit_test(a_pin_tells_the_message_it_would_send),
		cmocka_unit_test(physical_255_is_everybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
