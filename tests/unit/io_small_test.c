/* SPDX-License-Identifier: Apache-2.0 */
/* The 8042, the ACPI block and the small system ports. */
#include "io_rig.h"

#include "io/chip/acpi_pm.h"
#include "io/chip/sysctl.h"

enum { IRQ1 = 1, SCI = 9, IRQ12 = 12, IRQ13 = 13 };

struct fixture {
	struct rig r;
	struct i8042 k;
	struct sysctl s;
	struct acpi_pm pm;
	unsigned resets, a20s, power_offs, exits, lines;
	bool a20;
	uint32_t exit_value;
	char text[SYSCTL_LINE + 1];
};

static void
on_reset(void *ctx)
{
	((struct fixture *)ctx)->resets++;
}

static void
on_a20(void *ctx, bool on)
{
	struct fixture *f = ctx;

	f->a20s++;
	f->a20 = on;
}

static void
on_power_off(void *ctx)
{
	((struct fixture *)ctx)->power_offs++;
}

static void
on_debug_line(void *ctx, const char *text, size_t n)
{
	struct fixture *f = ctx;

	assert_true(n <= SYSCTL_LINE);
	memcpy(f->text, text, n);
	f->text[n] = '\0';
	f->lines++;
}

static void
on_debug_exit(void *ctx, uint32_t value)
{
	struct fixture *f = ctx;

	f->exits++;
	f->exit_value = value;
}

static void
setup(struct fixture *f)
{
	struct i8042_wiring kw = { .reset = on_reset, .a20 = on_a20, .ctx = f };
	struct sysctl_wiring sw = { .kbc = &f->k, .reset = on_reset,
	    .debug_line = on_debug_line, .debug_exit = on_debug_exit,
	    .ctx = f };
	struct acpi_pm_wiring pw = { .power_off = on_power_off, .ctx = f };

	memset(f, 0, sizeof(*f));
	rig_init(&f->r);
	kw.irq1 = rig_irq(&f->r, IRQ1);
	kw.irq12 = rig_irq(&f->r, IRQ12);
	sw.irq13 = rig_irq(&f->r, IRQ13);
	pw.sci = rig_irq(&f->r, SCI);
	i8042_init(&f->k, &kw);
	sysctl_init(&f->s, &sw);
	acpi_pm_init(&f->pm, &f->r.tq, &pw);
	assert_int_equal(i8042_attach(&f->k, &f->r.pio, NULL), 0);
	assert_int_equal(sysctl_attach(&f->s, &f->r.pio, NULL), 0);
	assert_int_equal(sysctl_attach_debug_exit(&f->s, &f->r.pio, 0xf4,
	    NULL), 0);
	assert_int_equal(acpi_pm_attach(&f->pm, &f->r.pio, NULL), 0);
}

/* --- 8042 -------------------------------------------------------------- */

static uint8_t
kbc_answer(struct fixture *f, uint8_t command)
{
	outb(&f->r, 0x64, command);
	assert_int_equal(inb(&f->r, 0x64) & 1, 1);
	return inb(&f->r, 0x60);
}

static void
the_8042_passes_its_tests(void **state)
{
	struct fixture f;

	setup(&f);
	assert_int_equal(inb(&f.r, 0x64), 0x14);
	assert_int_equal(kbc_answer(&f, 0xaa), 0x55);
	assert_int_equal(kbc_answer(&f, 0xab), 0);
	assert_int_equal(kbc_answer(&f, 0xa9), 0);
	assert_int_equal(inb(&f.r, 0x64) & 1, 0);
}

static void
the_command_byte_reads_back(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, 0x64, 0x60);
	outb(&f.r, 0x60, 0x74);
	assert_int_equal(kbc_answer(&f, 0x20), 0x74);
	outb(&f.r, 0x64, 0xa8);
	outb(&f.r, 0x64, 0xae);
	assert_int_equal(kbc_answer(&f, 0x20), 0x44);
	outb(&f.r, 0x64, 0xa7);
	outb(&f.r, 0x64, 0xad);
	assert_int_equal(kbc_answer(&f, 0x20), 0x74);
}

static void
an_empty_port_times_out_at_once(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, 0x60, 0xf2);
	assert_int_equal(inb(&f.r, 0x64) & 0x61, 0x41);
	assert_int_equal(f.r.level[IRQ1], 1);
	assert_int_equal(inb(&f.r, 0x60), 0xfe);
	assert_int_equal(f.r.level[IRQ1], 0);
	outb(&f.r, 0x64, 0xd4);
	outb(&f.r, 0x60, 0xf2);
	assert_int_equal(inb(&f.r, 0x64) & 0x61, 0x61);
	assert_int_equal(inb(&f.r, 0x60), 0xfe);
}

static void
the_aux_loop_works_with_its_interrupt(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, 0x64, 0x60);
	outb(&f.r, 0x60, 0x02);
	outb(&f.r, 0x64, 0xd3);
	outb(&f.r, 0x60, 0x5a);
	assert_int_equal(f.r.level[IRQ12], 1);
	assert_int_equal(f.r.level[IRQ1], 0);
	assert_int_equal(inb(&f.r, 0x64) & 0x21, 0x21);
	assert_int_equal(inb(&f.r, 0x60), 0x5a);
	assert_int_equal(f.r.level[IRQ12], 0);
}

static void
each_of_two_waiting_bytes_interrupts(void **state)
{
	struct fixture f;

	setup(&f);
	for (unsigned i = 0; i < 3; i++) {
		outb(&f.r, 0x64, 0xd2);
		outb(&f.r, 0x60, (uint8_t)(0x31 + i));
	}
	assert_int_equal(f.r.edges[IRQ1], 1);
	assert_int_equal(inb(&f.r, 0x60), 0x31);
	assert_int_equal(f.r.edges[IRQ1], 2);
	assert_int_equal(inb(&f.r, 0x60), 0x32);
	assert_int_equal(f.r.level[IRQ1], 0);
}

static void
the_8042_resets_and_gates_a20(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, 0x64, 0xfe);
	assert_int_equal(f.resets, 1);
	outb(&f.r, 0x64, 0xff);
	assert_int_equal(f.resets, 1);
	assert_int_equal(kbc_answer(&f, 0xd0) & 3, 3);
	outb(&f.r, 0x64, 0xd1);
	outb(&f.r, 0x60, 0xdd);
	assert_int_equal(f.resets, 1);
	assert_int_equal(f.a20s, 1);
	assert_false(f.a20);
	assert_int_equal(inb(&f.r, 0x92), 0);
	outb(&f.r, 0x92, 2);
	assert_true(f.a20);
	outb(&f.r, 0x64, 0xd1);
	outb(&f.r, 0x60, 0x02);
	assert_int_equal(f.resets, 2);
}

/* --- small ports ------------------------------------------------------- */

static void
port_92_resets_on_its_edge(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, 0x92, 3);
	outb(&f.r, 0x92, 3);
	assert_int_equal(f.resets, 1);
	assert_int_equal(inb(&f.r, 0x92), 3);
}

static void
cf9_resets_when_bit_2_rises(void **state)
{
	struct fixture f;

	setup(&f);
	sysctl_cf9_write(&f.s, 2);
	assert_int_equal(f.resets, 0);
	sysctl_cf9_write(&f.s, 6);
	sysctl_cf9_write(&f.s, 6);
	assert_int_equal(f.resets, 1);
	assert_int_equal(sysctl_cf9_read(&f.s), 6);
}

static void
port_f0_ends_an_x87_error(void **state)
{
	struct fixture f;

	setup(&f);
	sysctl_ferr(&f.s);
	sysctl_ferr(&f.s);
	assert_int_equal(f.r.edges[IRQ13], 1);
	assert_int_equal(f.r.level[IRQ13], 1);
	outb(&f.r, 0xf0, 0);
	assert_int_equal(f.r.level[IRQ13], 0);
	sysctl_ferr(&f.s);
	assert_int_equal(f.r.edges[IRQ13], 2);
	sysctl_reset(&f.s);
	assert_int_equal(f.r.level[IRQ13], 0);
}

static void
the_debug_port_gathers_lines(void **state)
{
	struct fixture f;

	setup(&f);
	assert_int_equal(inb(&f.r, 0x402), 0xe9);
	for (const char *s = "hello\nrest"; *s; s++)
		outb(&f.r, 0x402, (uint8_t)*s);
	assert_int_equal(f.lines, 1);
	assert_string_equal(f.text, "hello");
	sysctl_flush(&f.s);
	assert_string_equal(f.text, "rest");
	for (unsigned i = 0; i < 3 * SYSCTL_LINE; i++)
		outb(&f.r, 0x402, 'x');
	assert_int_equal(f.lines, 5);
}

static void
debug_exit_hands_over_its_value(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, 0x402, 'e');
	outl(&f.r, 0xf4, 0x1234);
	assert_int_equal(f.exits, 1);
	assert_int_equal(f.exit_value, 0x1234);
	assert_string_equal(f.text, "e");
	outb(&f.r, 0xf4, 7);
	assert_int_equal(f.exit_value, 7);
}

/* --- ACPI -------------------------------------------------------------- */

static void
the_pm_timer_runs_at_its_frequency(void **state)
{
	struct fixture f;
	uint32_t before;

	setup(&f);
	before = inl(&f.r, PM_TMR_PORT);
	rig_pass(&f.r, 10 * NS_PER_SEC);
	assert_in_range(inl(&f.r, PM_TMR_PORT) - before, 35795449, 35795451);
	assert_int_equal(inw(&f.r, PM_TMR_PORT + 2),
	    inl(&f.r, PM_TMR_PORT) >> 16);
}

static void
the_pm_timer_reports_its_overflow(void **state)
{
	struct fixture f;

	setup(&f);
	outw(&f.r, PM1_EVT_PORT + 2, 1);
	rig_pass(&f.r, 599 * NS_PER_SEC);
	assert_int_equal(f.r.level[SCI], 0);
	rig_pass(&f.r, 2 * NS_PER_SEC);
	assert_int_equal(f.r.level[SCI], 1);
	assert_int_equal(inw(&f.r, PM1_EVT_PORT) & 1, 1);
	outw(&f.r, PM1_EVT_PORT, 1);
	assert_int_equal(f.r.level[SCI], 0);
	rig_pass(&f.r, 600 * NS_PER_SEC);
	assert_int_equal(f.r.edges[SCI], 2);
}

static void
the_power_button_raises_the_sci(void **state)
{
	struct fixture f;

	setup(&f);
	acpi_pm_power_button(&f.pm);
	assert_int_equal(f.r.level[SCI], 0);
	assert_int_equal(inw(&f.r, PM1_EVT_PORT), 0x100);
	outw(&f.r, PM1_EVT_PORT + 2, 0x100);
	assert_int_equal(f.r.level[SCI], 1);
	outw(&f.r, PM1_EVT_PORT, 0xffff);
	assert_int_equal(f.r.level[SCI], 0);
	assert_int_equal(inw(&f.r, PM1_EVT_PORT + 2), 0x100);
}

static void
events_can_be_written_by_bytes(void **state)
{
	struct fixture f;

	setup(&f);
	acpi_pm_power_button(&f.pm);
	outb(&f.r, PM1_EVT_PORT + 3, 1);
	assert_int_equal(f.r.level[SCI], 1);
	outb(&f.r, PM1_EVT_PORT, 0xff);
	assert_int_equal(f.r.level[SCI], 1);
	outb(&f.r, PM1_EVT_PORT + 1, 1);
	assert_int_equal(f.r.level[SCI], 0);
}

static void
s5_powers_off_and_nothing_else_does(void **state)
{
	struct fixture f;

	setup(&f);
	assert_int_equal(inw(&f.r, PM1_CNT_PORT), 1);
	for (unsigned typ = 0; typ < 8; typ++)
		if (typ != PM_S5_TYP)
			outw(&f.r, PM1_CNT_PORT,
			    (uint16_t)(0x2001 | typ << 10));
	outw(&f.r, PM1_CNT_PORT, 1 | PM_S5_TYP << 10);
	assert_int_equal(f.power_offs, 0);
	assert_int_equal(inw(&f.r, PM1_CNT_PORT), 1 | PM_S5_TYP << 10);
	outw(&f.r, PM1_CNT_PORT, 0x2001 | PM_S5_TYP << 10);
	assert_int_equal(f.power_offs, 1);
}

static void
general_purpose_events_share_the_sci(void **state)
{
	struct fixture f;

	setup(&f);
	outw(&f.r, GPE0_PORT + 2, 4);
	acpi_pm_gpe(&f.pm, 1);
	assert_int_equal(f.r.level[SCI], 0);
	acpi_pm_gpe(&f.pm, 2);
	assert_int_equal(f.r.level[SCI], 1);
	outw(&f.r, GPE0_PORT, 4);
	assert_int_equal(inw(&f.r, GPE0_PORT), 2);
	assert_int_equal(f.r.level[SCI], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_8042_passes_its_tests),
		cmocka_unit_test(the_command_byte_reads_back),
		cmocka_unit_test(an_empty_port_times_out_at_once),
		cmocka_unit_test(the_aux_loop_works_with_its_interrupt),
		cmocka_unit_test(each_of_two_waiting_bytes_interrupts),
		cmocka_unit_test(the_8042_resets_and_gates_a20),
		cmocka_unit_test(port_92_resets_on_its_edge),
		cmocka_unit_test(cf9_resets_when_bit_2_rises),
		cmocka_unit_test(port_f0_ends_an_x87_error),
		cmocka_unit_test(the_debug_port_gathers_lines),
		cmocka_unit_test(debug_exit_hands_over_its_value),
		cmocka_unit_test(the_pm_timer_runs_at_its_frequency),
		cmocka_unit_test(the_pm_timer_reports_its_overflow),
		cmocka_unit_test(the_power_button_raises_the_sci),
		cmocka_unit_test(events_can_be_written_by_bytes),
		cmocka_unit_test(s5_powers_off_and_nothing_else_does),
		cmocka_unit_test(general_purpose_events_share_the_sci),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
