/* SPDX-License-Identifier: Apache-2.0 */
/* Local APIC: io/chip/lapic.c, io/chip/lapic_regs.c.  SDM 3, chapter 11. */
#include "io_rig.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "io/chip/lapic.h"

#define CPUS 4
#define TSC_KHZ 2000000u

enum { ID = 0x20, VER = 0x30, TPR = 0x80, PPR = 0xa0, EOI = 0xb0, LDR = 0xd0,
	DFR = 0xe0, SVR = 0xf0, ISR = 0x100, TMR = 0x180, IRR = 0x200,
	ESR = 0x280, ICR = 0x300, ICR2 = 0x310, LVTT = 0x320, LINT0 = 0x350,
	LINT1 = 0x360, LVTE = 0x370, INITIAL = 0x380, COUNT = 0x390,
	DIVIDE = 0x3e0 };
#define MASKED 0x10000
#define PERIODIC 0x20000
#define DEADLINE 0x40000

struct cpu {
	struct lapic l;
	unsigned rearms, kicks, nmis, inits, sipis, eois;
	uint8_t sipi_vector, eoi_vector;
	struct fixture *f;
};

struct fixture {
	struct clock clock;
	struct apic_bus bus;
	struct cpu cpu[CPUS];
	int64_t tsc_offset;
};

#define COUNTER(name) \
static void \
on_##name(void *ctx) \
{ \
	((struct cpu *)ctx)->name##s++; \
}
COUNTER(rearm)
COUNTER(kick)
COUNTER(nmi)
COUNTER(init)

static void
on_sipi(void *ctx, uint8_t vector)
{
	struct cpu *c = ctx;

	c->sipis++;
	c->sipi_vector = vector;
}

static void
on_eoi(void *ctx, uint8_t vector)
{
	struct cpu *c = ctx;

	c->eois++;
	c->eoi_vector = vector;
}

static uint64_t
on_tsc_now(void *ctx)
{
	struct fixture *f = ((struct cpu *)ctx)->f;

	return (uint64_t)(f->clock.manual * 2 + f->tsc_offset);
}

static uint64_t
on_tsc_khz(void *ctx)
{
	return TSC_KHZ;
}

static const struct lapic_ops ops = {
	on_rearm, on_kick, on_nmi, on_init, on_sipi, on_eoi, on_tsc_now,
	on_tsc_khz,
};

static void
write_reg(struct fixture *f, unsigned cpu, unsigned off, uint32_t v)
{
	lapic_mmio_write(&f->cpu[cpu].l, off, 4, v);
}

static uint32_t
read_reg(struct fixture *f, unsigned cpu, unsigned off)
{
	return lapic_mmio_read(&f->cpu[cpu].l, off, 4);
}

static void
setup(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	clock_manual_init(&f->clock, 1000000);
	apic_bus_init(&f->bus);
	for (unsigned i = 0; i < CPUS; i++) {
		f->cpu[i].f = f;
		lapic_init(&f->cpu[i].l, i, i == 0, 39, &f->bus, &f->clock,
		    &ops, &f->cpu[i]);
	}
}

/* The same with all APICs enabled and flat logical ids. */
static void
setup_on(struct fixture *f)
{
	setup(f);
	for (unsigned i = 0; i < CPUS; i++) {
		write_reg(f, i, SVR, 0x1ff);
		write_reg(f, i, LDR, UINT32_C(0x01000000) << i);
	}
}

static struct lapic *
bsp(struct fixture *f)
{
	return &f->cpu[0].l;
}

static void
pass(struct fixture *f, ns_t by)
{
	clock_manual_advance(&f->clock, by);
	for (unsigned i = 0; i < CPUS; i++)
		lapic_run_timer(&f->cpu[i].l);
}

static void
enable_x2(struct fixture *f, unsigned cpu)
{
	uint64_t base;

	assert_int_equal(lapic_msr_read(&f->cpu[cpu].l, MSR_APIC_BASE, &base),
	    0);
	assert_int_equal(lapic_msr_write(&f->cpu[cpu].l, MSR_APIC_BASE,
	    base | APIC_BASE_EXTD), 0);
}

static uint64_t
rdmsr(struct fixture *f, unsigned cpu, uint32_t msr)
{
	uint64_t v = 0;

	assert_int_equal(lapic_msr_read(&f->cpu[cpu].l, msr, &v), 0);
	return v;
}

/* --- reset ------------------------------------------------------------- */

static void
the_bootstrap_processor_starts_as_a_virtual_wire(void **state)
{
	struct fixture f;

	setup(&f);
	assert_true(lapic_accepts_extint(bsp(&f)));
	assert_int_equal(read_reg(&f, 0, LINT0), 0x700);
	assert_int_equal(read_reg(&f, 0, LINT1), 0x400);
	lapic_lint(bsp(&f), 0, 1);
	assert_int_equal(f.cpu[0].kicks, 1);
	lapic_lint(bsp(&f), 1, 1);
	assert_int_equal(f.cpu[0].nmis, 1);
}

static void
other_processors_start_disabled_and_masked(void **state)
{
	struct fixture f;

	setup(&f);
	assert_int_equal(read_reg(&f, 1, SVR), 0xff);
	assert_int_equal(read_reg(&f, 1, LINT0), MASKED);
	assert_int_equal(read_reg(&f, 1, LVTT), MASKED);
	assert_int_equal(read_reg(&f, 1, DFR), 0xffffffff);
	assert_int_equal(read_reg(&f, 1, ID), 0x01000000);
	assert_int_equal(read_reg(&f, 1, VER), 0x50014);
	assert_false(lapic_accepts_extint(&f.cpu[1].l));
	assert_false(lapic_post(&f.cpu[1].l, 0x40, false));
}

static void
init_keeps_apic_base_and_clears_the_rest(void **state)
{
	struct fixture f;

	setup_on(&f);
	lapic_post(bsp(&f), 0x40, false);
	write_reg(&f, 0, TPR, 0x20);
	assert_int_equal(lapic_msr_write(bsp(&f), MSR_APIC_BASE,
	    0xfed00000 | APIC_BASE_EN | APIC_BASE_BSP), 0);
	lapic_init_signal(bsp(&f));
	assert_int_equal(rdmsr(&f, 0, MSR_APIC_BASE), 0xfed00900);
	assert_int_equal(lapic_pending(bsp(&f)), -1);
	assert_int_equal(read_reg(&f, 0, TPR), 0);
	assert_int_equal(read_reg(&f, 0, SVR), 0xff);
	lapic_reset(bsp(&f));
	assert_int_equal(rdmsr(&f, 0, MSR_APIC_BASE), 0xfee00900);
}

/* --- priorities -------------------------------------------------------- */

static void
the_highest_vector_is_taken_first(void **state)
{
	struct fixture f;

	setup_on(&f);
	assert_true(lapic_post(bsp(&f), 0x41, false));
	assert_true(lapic_post(bsp(&f), 0x93, false));
	assert_int_equal(read_reg(&f, 0, IRR + 0x40), 1 << 19);
	assert_int_equal(lapic_take(bsp(&f)), 0x93);
	assert_int_equal(read_reg(&f, 0, ISR + 0x40), 1 << 19);
	assert_int_equal(read_reg(&f, 0, PPR), 0x90);
	assert_int_equal(lapic_take(bsp(&f)), -1);
	write_reg(&f, 0, EOI, 0);
	assert_int_equal(lapic_take(bsp(&f)), 0x41);
}

static void
the_same_priority_class_waits_for_the_eoi(void **state)
{
	struct fixture f;

	setup_on(&f);
	lapic_post(bsp(&f), 0x50, false);
	assert_int_equal(lapic_take(bsp(&f)), 0x50);
	lapic_post(bsp(&f), 0x5f, false);
	assert_int_equal(lapic_pending(bsp(&f)), -1);
	lapic_post(bsp(&f), 0x60, false);
	assert_int_equal(lapic_take(bsp(&f)), 0x60);
}

static void
tpr_holds_back_its_class_and_below(void **state)
{
	struct fixture f;

	setup_on(&f);
	lapic_set_tpr(bsp(&f), 5);
	assert_int_equal(read_reg(&f, 0, TPR), 0x50);
	assert_int_equal(lapic_get_tpr(bsp(&f)), 5);
	lapic_post(bsp(&f), 0x5f, false);
	assert_int_equal(lapic_pending(bsp(&f)), -1);
	f.cpu[0].kicks = 0;
	lapic_set_tpr(bsp(&f), 4);
	assert_int_equal(f.cpu[0].kicks, 1);
	assert_int_equal(lapic_pending(bsp(&f)), 0x5f);
}

static void
an_eoi_that_frees_an_interrupt_kicks(void **state)
{
	struct fixture f;

	setup_on(&f);
	lapic_post(bsp(&f), 0x50, false);
	lapic_take(bsp(&f));
	lapic_post(bsp(&f), 0x40, false);
	f.cpu[0].kicks = 0;
	write_reg(&f, 0, EOI, 0);
	assert_int_equal(f.cpu[0].kicks, 1);
	assert_int_equal(f.cpu[0].eois, 0);
}

static void
a_level_triggered_eoi_is_broadcast(void **state)
{
	struct fixture f;

	setup_on(&f);
	lapic_post(bsp(&f), 0x51, true);
	assert_int_equal(read_reg(&f, 0, TMR + 0x20), 1 << 17);
	lapic_take(bsp(&f));
	write_reg(&f, 0, EOI, 0);
	assert_int_equal(f.cpu[0].eois, 1);
	assert_int_equal(f.cpu[0].eoi_vector, 0x51);
	/* As an edge next time, it is not. */
	lapic_post(bsp(&f), 0x51, false);
	lapic_take(bsp(&f));
	write_reg(&f, 0, EOI, 0);
	assert_int_equal(f.cpu[0].eois, 1);
}

static void
a_second_request_while_in_service_is_kept(void **state)
{
	struct fixture f;

	setup_on(&f);
	lapic_post(bsp(&f), 0x51, false);
	lapic_take(bsp(&f));
	lapic_post(bsp(&f), 0x51, false);
	lapic_post(bsp(&f), 0x51, false);
	write_reg(&f, 0, EOI, 0);
	assert_int_equal(lapic_take(bsp(&f)), 0x51);
	write_reg(&f, 0, EOI, 0);
	assert_int_equal(lapic_take(bsp(&f)), -1);
}

/* --- errors ------------------------------------------------------------ */

static void
a_vector_below_16_is_an_error(void **state)
{
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 0, LVTE, 0xfe);
	assert_false(lapic_post(bsp(&f), 15, false));
	assert_int_equal(lapic_take(bsp(&f)), 0xfe);
	assert_int_equal(read_reg(&f, 0, ESR), 0);
	write_reg(&f, 0, ESR, 0);
	assert_int_equal(read_reg(&f, 0, ESR), 0x40);
	write_reg(&f, 0, ESR, 0);
	assert_int_equal(read_reg(&f, 0, ESR), 0);
}

static void
an_illegal_error_vector_does_not_recurse(void **state)
{
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 0, LVTE, 3);
	write_reg(&f, 0, ICR, 0x40000 | 5);
	write_reg(&f, 0, ESR, 0);
	assert_int_equal(read_reg(&f, 0, ESR), 0x60);
}

static void
a_reserved_register_is_an_error(void **state)
{
	struct fixture f;

	setup_on(&f);
	assert_int_equal(read_reg(&f, 0, 0x40), 0);
	write_reg(&f, 0, ESR, 0);
	assert_int_equal(read_reg(&f, 0, ESR), 0x80);
}

/* --- messages ---------------------------------------------------------- */

static unsigned
send_fixed(struct fixture *f, uint32_t dest, bool logical)
{
	struct apic_msg m = { .dest = dest, .logical = logical,
	    .delivery = APIC_FIXED, .vector = 0x61, .assert = true };

	return apic_bus_deliver(&f->bus, &m);
}

static void
physical_mode_reaches_one_or_all(void **state)
{
	struct fixture f;

	setup_on(&f);
	assert_int_equal(send_fixed(&f, 2, false), 1);
	assert_int_equal(lapic_pending(&f.cpu[2].l), 0x61);
	assert_int_equal(lapic_pending(&f.cpu[0].l), -1);
	assert_int_equal(send_fixed(&f, 9, false), 0);
	assert_int_equal(send_fixed(&f, APIC_BROADCAST, false), CPUS);
}

static void
a_message_waits_until_it_is_taken(void **state)
{
	struct apic_msg m = { .dest = 2, .delivery = APIC_FIXED,
	    .vector = 0x61, .assert = true };
	struct fixture f;

	setup_on(&f);
	assert_false(apic_bus_waiting(&f.bus, &m));
	apic_bus_deliver(&f.bus, &m);
	assert_true(apic_bus_waiting(&f.bus, &m));
	m.dest = 1;
	assert_false(apic_bus_waiting(&f.bus, &m));
	m.dest = 2;
	lapic_take(&f.cpu[2].l);
	assert_false(apic_bus_waiting(&f.bus, &m));
}

static void
flat_logical_mode_matches_bits(void **state)
{
	struct fixture f;

	setup_on(&f);
	assert_int_equal(send_fixed(&f, 0x0a, true), 2);
	assert_int_equal(lapic_pending(&f.cpu[1].l), 0x61);
	assert_int_equal(lapic_pending(&f.cpu[3].l), 0x61);
	assert_int_equal(lapic_pending(&f.cpu[0].l), -1);
}

static void
cluster_logical_mode_matches_the_cluster(void **state)
{
	struct fixture f;

	setup_on(&f);
	for (unsigned i = 0; i < CPUS; i++) {
		write_reg(&f, i, DFR, 0);
		write_reg(&f, i, LDR, (i / 2 << 28) | (1u << (24 + i % 2)));
	}
	assert_int_equal(send_fixed(&f, 0x12, true), 1);
	assert_int_equal(lapic_pending(&f.cpu[3].l), 0x61);
	assert_int_equal(send_fixed(&f, 0x03, true), 2);
	assert_int_equal(send_fixed(&f, 0xff, true), 4);
}

static void
lowest_priority_picks_one_and_spreads(void **state)
{
	struct apic_msg m = { .dest = 0x0f, .logical = true,
	    .delivery = APIC_LOWEST, .vector = 0x61, .assert = true };
	struct fixture f;

	setup_on(&f);
	lapic_set_tpr(&f.cpu[0].l, 8);
	for (unsigned i = 0; i < 12; i++)
		assert_int_equal(apic_bus_deliver(&f.bus, &m), 1);
	assert_int_equal(f.cpu[0].kicks, 0);
	for (unsigned i = 1; i < CPUS; i++)
		assert_int_equal(f.cpu[i].kicks, 1);
}

static void
the_icr_sends_by_shorthand(void **state)
{
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 1, ICR, 0x40000 | 0x71);
	assert_int_equal(lapic_take(&f.cpu[1].l), 0x71);
	write_reg(&f, 1, ICR, 0xc0000 | 0x72);
	assert_int_equal(lapic_pending(&f.cpu[1].l), -1);
	assert_int_equal(lapic_take(&f.cpu[0].l), 0x72);
	assert_int_equal(lapic_take(&f.cpu[3].l), 0x72);
	write_reg(&f, 1, ICR, 0x80000 | 0x82);
	assert_int_equal(lapic_take(&f.cpu[1].l), 0x82);
	assert_int_equal(read_reg(&f, 1, ICR), 0x80082);
}

static void
the_icr_starts_processors(void **state)
{
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 0, ICR2, 0x02000000);
	write_reg(&f, 0, ICR, 0xc500);		/* INIT, assert, level */
	write_reg(&f, 0, ICR, 0x8500);		/* INIT deassert */
	write_reg(&f, 0, ICR, 0x4600 | 0x9a);
	assert_int_equal(f.cpu[2].inits, 1);
	assert_int_equal(f.cpu[2].sipis, 1);
	assert_int_equal(f.cpu[2].sipi_vector, 0x9a);
	assert_int_equal(f.cpu[1].inits, 0);
	write_reg(&f, 0, ICR, 0x4400);
	assert_int_equal(f.cpu[2].nmis, 1);
	write_reg(&f, 0, ICR2, 0xff000000);
	write_reg(&f, 0, ICR, 0x4400);
	assert_int_equal(f.cpu[0].nmis, 1);
	assert_int_equal(f.cpu[3].nmis, 1);
}

static void
software_disabled_takes_nmi_but_no_fixed_interrupt(void **state)
{
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 2, LVTT, 0x40);
	write_reg(&f, 2, SVR, 0xff);
	assert_int_equal(read_reg(&f, 2, LVTT), MASKED | 0x40);
	write_reg(&f, 2, LVTT, 0x40);
	assert_int_equal(read_reg(&f, 2, LVTT), MASKED | 0x40);
	assert_int_equal(send_fixed(&f, 2, false), 0);
	write_reg(&f, 0, ICR2, 0x02000000);
	write_reg(&f, 0, ICR, 0x4400);
	assert_int_equal(f.cpu[2].nmis, 1);
}

static void
an_msi_is_understood(void **state)
{
	struct apic_msg m = apic_msg_from_msi(0xfee02004, 0x4071);

	assert_int_equal(m.dest, 2);
	assert_true(m.logical);
	assert_int_equal(m.vector, 0x71);
	assert_int_equal(m.delivery, APIC_FIXED);
	assert_false(m.level_trigger);
	m = apic_msg_from_msi(0xfeeff000, 0x0071);
	assert_true(m.dest == APIC_BROADCAST);
}

/* --- pins -------------------------------------------------------------- */

static void
lint0_may_be_a_level_triggered_interrupt(void **state)
{
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 0, LINT0, 0x8000 | 0x55);
	assert_false(lapic_accepts_extint(bsp(&f)));
	lapic_lint(bsp(&f), 0, 1);
	assert_int_equal(lapic_take(bsp(&f)), 0x55);
	assert_int_equal(read_reg(&f, 0, LINT0), 0xc055);
	write_reg(&f, 0, EOI, 0);
	assert_int_equal(lapic_take(bsp(&f)), 0x55);
	lapic_lint(bsp(&f), 0, 0);
	write_reg(&f, 0, EOI, 0);
	assert_int_equal(lapic_take(bsp(&f)), -1);
	assert_int_equal(read_reg(&f, 0, LINT0), 0x8055);
}

static void
unmasking_extint_finds_a_waiting_8259(void **state)
{
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 0, LINT0, MASKED | 0x700);
	assert_false(lapic_accepts_extint(bsp(&f)));
	lapic_lint(bsp(&f), 0, 1);
	assert_int_equal(f.cpu[0].kicks, 0);
	write_reg(&f, 0, LINT0, 0x700);
	assert_int_equal(f.cpu[0].kicks, 1);
}

static void
a_disabled_apic_leaves_the_pins_to_the_processor(void **state)
{
	struct fixture f;

	setup_on(&f);
	assert_int_equal(lapic_msr_write(bsp(&f), MSR_APIC_BASE,
	    LAPIC_DEFAULT_BASE), 0);
	assert_true(lapic_accepts_extint(bsp(&f)));
	assert_false(lapic_covers(bsp(&f), LAPIC_DEFAULT_BASE));
	assert_int_equal(send_fixed(&f, 0, false), 0);
	lapic_lint(bsp(&f), 1, 1);
	assert_int_equal(f.cpu[0].nmis, 1);
}

/* --- timer ------------------------------------------------------------- */

static void
the_timer_fires_once(void **state)
{
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 0, LVTT, 0x40);
	write_reg(&f, 0, DIVIDE, 0xb);		/* by 1 */
	write_reg(&f, 0, INITIAL, 5000);
	assert_int_equal(lapic_next_deadline(bsp(&f)), f.clock.manual + 5000);
	pass(&f, 2000);
	assert_int_equal(read_reg(&f, 0, COUNT), 3000);
	assert_int_equal(lapic_pending(bsp(&f)), -1);
	pass(&f, 3000);
	assert_int_equal(lapic_take(bsp(&f)), 0x40);
	write_reg(&f, 0, EOI, 0);
	assert_int_equal(read_reg(&f, 0, COUNT), 0);
	assert_int_equal(lapic_next_deadline(bsp(&f)), INT64_MAX);
	pass(&f, 100000);
	assert_int_equal(lapic_take(bsp(&f)), -1);
}

static void
the_divider_slows_the_timer(void **state)
{
	static const uint8_t code[8] = { 0xb, 0, 1, 2, 3, 8, 9, 0xa };
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 0, LVTT, 0x40);
	for (unsigned i = 0; i < 8; i++) {
		write_reg(&f, 0, DIVIDE, code[i]);
		write_reg(&f, 0, INITIAL, 1000);
		assert_int_equal(lapic_next_deadline(bsp(&f)),
		    f.clock.manual + (1000 << i));
	}
}

static void
the_periodic_timer_keeps_its_grid(void **state)
{
	struct fixture f;
	ns_t start;

	setup_on(&f);
	write_reg(&f, 0, LVTT, PERIODIC | 0x40);
	write_reg(&f, 0, DIVIDE, 0xb);
	write_reg(&f, 0, INITIAL, 100000);
	start = f.clock.manual;
	for (unsigned i = 1; i < 5; i++) {
		assert_int_equal(lapic_next_deadline(bsp(&f)),
		    start + i * 100000);
		pass(&f, 100000);
		assert_int_equal(lapic_take(bsp(&f)), 0x40);
		write_reg(&f, 0, EOI, 0);
	}
	/* Late by two and a half periods: one interrupt, the same grid. */
	pass(&f, 250000);
	assert_int_equal(lapic_take(bsp(&f)), 0x40);
	write_reg(&f, 0, EOI, 0);
	assert_int_equal(lapic_take(bsp(&f)), -1);
	assert_int_equal(read_reg(&f, 0, COUNT), 50000);
	assert_int_equal(lapic_next_deadline(bsp(&f)), start + 700000);
}

static void
a_masked_timer_counts_in_silence(void **state)
{
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 0, LVTT, MASKED | 0x40);
	write_reg(&f, 0, DIVIDE, 0xb);
	write_reg(&f, 0, INITIAL, 1000);
	assert_int_equal(lapic_next_deadline(bsp(&f)), INT64_MAX);
	pass(&f, 400);
	assert_int_equal(read_reg(&f, 0, COUNT), 600);
	pass(&f, 1000);
	write_reg(&f, 0, LVTT, 0x40);
	assert_int_equal(lapic_pending(bsp(&f)), -1);
	assert_int_equal(lapic_next_deadline(bsp(&f)), INT64_MAX);
}

static void
a_new_divider_goes_on_from_the_count(void **state)
{
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 0, LVTT, 0x40);
	write_reg(&f, 0, DIVIDE, 0xb);
	write_reg(&f, 0, INITIAL, 1000);
	pass(&f, 400);
	write_reg(&f, 0, DIVIDE, 0);
	assert_int_equal(read_reg(&f, 0, COUNT), 600);
	assert_int_equal(lapic_next_deadline(bsp(&f)), f.clock.manual + 1200);
}

static void
a_tiny_period_is_stretched(void **state)
{
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 0, LVTT, PERIODIC | 0x40);
	write_reg(&f, 0, DIVIDE, 0xb);
	write_reg(&f, 0, INITIAL, 1);
	assert_true(lapic_next_deadline(bsp(&f)) >= f.clock.manual + 20000);
}

static void
the_tsc_deadline_fires_when_the_tsc_is_there(void **state)
{
	struct fixture f;
	uint64_t tsc;

	setup_on(&f);
	write_reg(&f, 0, LVTT, DEADLINE | 0x40);
	tsc = on_tsc_now(&f.cpu[0]);
	assert_int_equal(lapic_msr_write(bsp(&f), MSR_TSC_DEADLINE,
	    tsc + 10001), 0);
	assert_int_equal(rdmsr(&f, 0, MSR_TSC_DEADLINE), tsc + 10001);
	assert_in_range(lapic_next_deadline(bsp(&f)) - f.clock.manual, 5001,
	    5002);
	pass(&f, 5000);
	assert_int_equal(lapic_pending(bsp(&f)), -1);
	pass(&f, 2);
	assert_int_equal(lapic_take(bsp(&f)), 0x40);
	assert_int_equal(rdmsr(&f, 0, MSR_TSC_DEADLINE), 0);
	assert_int_equal(lapic_next_deadline(bsp(&f)), INT64_MAX);
}

static void
a_tsc_deadline_in_the_past_fires_at_once(void **state)
{
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 0, LVTT, DEADLINE | 0x40);
	lapic_msr_write(bsp(&f), MSR_TSC_DEADLINE, 1);
	assert_int_equal(lapic_take(bsp(&f)), 0x40);
	write_reg(&f, 0, EOI, 0);
	lapic_msr_write(bsp(&f), MSR_TSC_DEADLINE, UINT64_MAX);
	assert_int_equal(lapic_take(bsp(&f)), -1);
	lapic_msr_write(bsp(&f), MSR_TSC_DEADLINE, 0);
	assert_int_equal(lapic_next_deadline(bsp(&f)), INT64_MAX);
}

static void
a_written_tsc_moves_the_deadline(void **state)
{
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 0, LVTT, DEADLINE | 0x40);
	lapic_msr_write(bsp(&f), MSR_TSC_DEADLINE,
	    on_tsc_now(&f.cpu[0]) + 10000);
	f.tsc_offset = 9000;
	f.cpu[0].rearms = 0;
	lapic_tsc_changed(bsp(&f));
	assert_int_equal(f.cpu[0].rearms, 1);
	assert_in_range(lapic_next_deadline(bsp(&f)) - f.clock.manual, 500,
	    501);
}

static void
changing_the_mode_disarms(void **state)
{
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 0, LVTT, 0x40);
	write_reg(&f, 0, INITIAL, 1000);
	write_reg(&f, 0, LVTT, DEADLINE | 0x40);
	assert_int_equal(lapic_next_deadline(bsp(&f)), INT64_MAX);
	assert_int_equal(read_reg(&f, 0, INITIAL), 0);
	write_reg(&f, 0, INITIAL, 1000);
	assert_int_equal(lapic_next_deadline(bsp(&f)), INT64_MAX);
	lapic_msr_write(bsp(&f), MSR_TSC_DEADLINE, UINT64_MAX / 2);
	write_reg(&f, 0, LVTT, 0x40);
	assert_int_equal(rdmsr(&f, 0, MSR_TSC_DEADLINE), 0);
	/* Ignored outside its mode. */
	lapic_msr_write(bsp(&f), MSR_TSC_DEADLINE, 1);
	assert_int_equal(rdmsr(&f, 0, MSR_TSC_DEADLINE), 0);
	assert_int_equal(lapic_take(bsp(&f)), -1);
}

static void
timer_writes_rearm_the_owner(void **state)
{
	struct fixture f;
	unsigned before;

	setup_on(&f);
	before = f.cpu[0].rearms;
	write_reg(&f, 0, LVTT, 0x40);
	assert_true(f.cpu[0].rearms > before);
	before = f.cpu[0].rearms;
	write_reg(&f, 0, INITIAL, 10);
	assert_true(f.cpu[0].rearms > before);
	before = f.cpu[0].rearms;
	write_reg(&f, 0, SVR, 0xff);
	assert_true(f.cpu[0].rearms > before);
	assert_int_equal(lapic_next_deadline(bsp(&f)), INT64_MAX);
}

/* --- x2APIC ------------------------------------------------------------ */

static void
apic_base_follows_the_state_diagram(void **state)
{
	const uint64_t off = LAPIC_DEFAULT_BASE, x1 = off | APIC_BASE_EN;
	const uint64_t x2 = x1 | APIC_BASE_EXTD;
	const struct {
		uint64_t from[2], to;
		bool ok;
	} t[] = {
		{ { x1, x1 }, x1, true }, { { x1, x1 }, x2, true },
		{ { x1, x1 }, off, true },
		{ { x1, x1 }, off | APIC_BASE_EXTD, false },
		{ { x1, x2 }, x2, true }, { { x1, x2 }, x1, false },
		{ { x1, x2 }, off, true },
		{ { x1, x2 }, off | APIC_BASE_EXTD, false },
		{ { x1, off }, x2, false }, { { x1, off }, x1, true },
		{ { x1, x1 }, x1 | 0x200, false },
		{ { x1, x1 }, x1 | 1, false },
		{ { x1, x1 }, x1 | BIT(39), false },
		{ { x1, x1 }, x1 | BIT(38), true },
	};

	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		struct fixture f;

		setup(&f);
		for (unsigned j = 0; j < 2; j++)
			assert_int_equal(lapic_msr_write(&f.cpu[1].l,
			    MSR_APIC_BASE, t[i].from[j]), 0);
		assert_int_equal(lapic_msr_write(&f.cpu[1].l, MSR_APIC_BASE,
		    t[i].to), t[i].ok ? 0 : -1);
		assert_int_equal(rdmsr(&f, 1, MSR_APIC_BASE),
		    t[i].ok ? t[i].to : t[i].from[1]);
	}
}

static void
x2apic_msrs_are_there_in_x2apic_mode_only(void **state)
{
	struct fixture f;
	uint64_t v;

	setup_on(&f);
	assert_int_equal(lapic_msr_read(bsp(&f), 0x802, &v), -1);
	enable_x2(&f, 3);
	assert_false(lapic_covers(&f.cpu[3].l, LAPIC_DEFAULT_BASE));
	assert_true(lapic_covers(&f.cpu[0].l, LAPIC_DEFAULT_BASE + 0x20));
	assert_int_equal(rdmsr(&f, 3, 0x802), 3);
	assert_int_equal(rdmsr(&f, 3, 0x803), 0x50014);
	assert_int_equal(rdmsr(&f, 3, 0x80d), 8);
}

static void
x2apic_rules_are_enforced(void **state)
{
	static const struct {
		uint32_t msr;
		uint64_t value;
		int read, write;
	} t[] = {
		{ 0x802, 0, 0, -1 },		/* ID */
		{ 0x803, 0, 0, -1 },
		{ 0x808, 0xff, 0, 0 }, { 0x808, 0x100, 0, -1 },
		{ 0x809, 0, -1, -1 },		/* APR */
		{ 0x80a, 0, 0, -1 },
		{ 0x80b, 0, -1, 0 }, { 0x80b, 1, -1, -1 },
		{ 0x80d, 0, 0, -1 },
		{ 0x80e, 0, -1, -1 },		/* DFR */
		{ 0x80f, 0x1ff, 0, 0 }, { 0x80f, 0x1000, 0, -1 },
		{ 0x810, 0, 0, -1 }, { 0x827, 0, 0, -1 },
		{ 0x828, 0, 0, 0 }, { 0x828, 1, 0, -1 },
		{ 0x82f, 0, -1, -1 },		/* no CMCI */
		{ 0x830, 0x00040031, 0, 0 }, { 0x830, 0x1000, 0, -1 },
		{ 0x831, 0, -1, -1 },
		{ 0x832, 0x10040, 0, 0 }, { 0x832, 0x100, 0, -1 },
		{ 0x835, 0x10700, 0, 0 }, { 0x837, 0x10100, 0, -1 },
		{ 0x838, 0xffffffff, 0, 0 }, { 0x838, BIT(32), 0, -1 },
		{ 0x839, 0, 0, -1 },
		{ 0x83e, 0xb, 0, 0 }, { 0x83e, 4, 0, -1 },
		{ 0x83f, 0x41, -1, 0 }, { 0x83f, 0x100, -1, -1 },
		{ 0x840, 0, -1, -1 }, { 0x8ff, 0, -1, -1 },
	};
	struct fixture f;
	uint64_t v;

	setup_on(&f);
	enable_x2(&f, 0);
	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		assert_int_equal(lapic_msr_read(bsp(&f), t[i].msr, &v),
		    t[i].read);
		assert_int_equal(lapic_msr_write(bsp(&f), t[i].msr,
		    t[i].value), t[i].write);
	}
}

static void
the_x2apic_icr_is_one_register(void **state)
{
	struct fixture f;

	setup_on(&f);
	for (unsigned i = 0; i < CPUS; i++)
		enable_x2(&f, i);
	assert_int_equal(lapic_msr_write(bsp(&f), 0x830,
	    UINT64_C(2) << 32 | 0x44), 0);
	assert_int_equal(lapic_take(&f.cpu[2].l), 0x44);
	assert_int_equal(rdmsr(&f, 0, 0x830), UINT64_C(2) << 32 | 0x44);
	/* Logical: cluster 0, processors 1 and 3. */
	assert_int_equal(lapic_msr_write(bsp(&f), 0x830,
	    UINT64_C(0xa) << 32 | 0x845), 0);
	assert_int_equal(lapic_take(&f.cpu[1].l), 0x45);
	assert_int_equal(lapic_take(&f.cpu[3].l), 0x45);
	assert_int_equal(lapic_take(&f.cpu[0].l), -1);
	assert_int_equal(lapic_msr_write(bsp(&f), 0x830,
	    UINT64_C(0xffffffff) << 32 | 0x56), 0);
	assert_int_equal(lapic_take(&f.cpu[0].l), 0x56);
	/* 0xff is nobody in particular here. */
	assert_int_equal(lapic_msr_write(bsp(&f), 0x830,
	    UINT64_C(0xff) << 32 | 0x77), 0);
	assert_int_equal(lapic_take(&f.cpu[0].l), -1);
}

static void
self_ipi_posts_to_oneself(void **state)
{
	struct fixture f;

	setup_on(&f);
	enable_x2(&f, 0);
	assert_int_equal(lapic_msr_write(bsp(&f), 0x83f, 0x41), 0);
	assert_int_equal(lapic_take(bsp(&f)), 0x41);
	assert_int_equal(lapic_msr_write(bsp(&f), 0x80b, 0), 0);
	assert_int_equal(lapic_msr_write(bsp(&f), 0x83f, 4), 0);
	assert_int_equal(lapic_take(bsp(&f)), -1);
	assert_int_equal(lapic_msr_write(bsp(&f), 0x828, 0), 0);
	assert_int_equal(rdmsr(&f, 0, 0x828), 0x20);
}

static void
odd_mmio_accesses_are_harmless(void **state)
{
	struct fixture f;

	setup_on(&f);
	write_reg(&f, 0, TPR, 0x50);
	lapic_mmio_write(bsp(&f), TPR, 1, 0x10);
	lapic_mmio_write(bsp(&f), TPR + 4, 4, 0x10);
	assert_int_equal(read_reg(&f, 0, TPR), 0x50);
	assert_int_equal(lapic_mmio_read(bsp(&f), VER + 2, 1) & 0xff, 5);
	assert_int_equal(lapic_mmio_read(bsp(&f), VER + 4, 4), 0);
	lapic_mmio_read(bsp(&f), 0xffc, 8);
	lapic_mmio_write(bsp(&f), 0xff0, 8, 0);
}

/* --- threads ----------------------------------------------------------- */

#define POSTERS 3
#define ROUNDS 3000

struct race {
	struct lapic l;
	struct apic_bus bus;
	struct clock clock;
	sem_t kicked;
	_Atomic unsigned taken[256];
	_Atomic bool stop;
};

struct poster {
	struct race *r;
	uint8_t vector;
};

static void
race_kick(void *ctx)
{
	sem_post(&((struct race *)ctx)->kicked);
}

static void
race_nothing(void *ctx)
{
}

/* Each post must be taken before the next: a lost kick hangs, then fails. */
static void *
post_and_wait(void *arg)
{
	struct poster *p = arg;

	for (unsigned i = 0; i < ROUNDS && !p->r->stop; i++) {
		lapic_post(&p->r->l, p->vector, false);
		while (p->r->taken[p->vector] <= i && !p->r->stop)
			sched_yield();
	}
	return NULL;
}

static void
take_all(struct race *r)
{
	int v;

	while ((v = lapic_take(&r->l)) >= 0) {
		r->taken[v]++;
		lapic_mmio_write(&r->l, EOI, 4, 0);
	}
}

static void
no_post_from_another_thread_is_lost(void **state)
{
	static const struct lapic_ops race_ops = {
		.rearm = race_nothing, .kick = race_kick,
		.nmi = race_nothing, .init = race_nothing,
	};
	static struct race r;
	struct poster p[POSTERS];
	pthread_t t[POSTERS];
	unsigned done = 0;

	clock_manual_init(&r.clock, 0);
	apic_bus_init(&r.bus);
	sem_init(&r.kicked, 0, 0);
	lapic_init(&r.l, 0, true, 40, &r.bus, &r.clock, &race_ops, &r);
	for (unsigned i = 0; i < POSTERS; i++) {
		p[i] = (struct poster){ &r, (uint8_t)(0x41 + i * 0x11) };
		assert_int_equal(pthread_create(&t[i], NULL, post_and_wait,
		    &p[i]), 0);
	}
	while (done < POSTERS * ROUNDS) {
		struct timespec limit;

		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_sec += 20;
		if (sem_timedwait(&r.kicked, &limit) != 0)
			break;
		take_all(&r);
		done = 0;
		for (unsigned i = 0; i < POSTERS; i++)
			done += r.taken[p[i].vector];
	}
	r.stop = true;
	for (unsigned i = 0; i < POSTERS; i++)
		pthread_join(t[i], NULL);
	sem_destroy(&r.kicked);
	assert_int_equal(done, POSTERS * ROUNDS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_bootstrap_processor_starts_as_a_virtual_wire),
		cmocka_unit_test(other_processors_start_disabled_and_masked),
		cmocka_unit_test(init_keeps_apic_base_and_clears_the_rest),
		cmocka_unit_test(the_highest_vector_is_taken_first),
		cmocka_unit_test(the_same_priority_class_waits_for_the_eoi),
		cmocka_unit_test(tpr_holds_back_its_class_and_below),
		cmocka_unit_test(an_eoi_that_frees_an_interrupt_kicks),
		cmocka_unit_test(a_level_triggered_eoi_is_broadcast),
		cmocka_unit_test(a_second_request_while_in_service_is_kept),
		cmocka_unit_test(a_vector_below_16_is_an_error),
		cmocka_unit_test(an_illegal_error_vector_does_not_recurse),
		cmocka_unit_test(a_reserved_register_is_an_error),
		cmocka_unit_test(physical_mode_reaches_one_or_all),
		cmocka_unit_test(a_message_waits_until_it_is_taken),
		cmocka_unit_test(flat_logical_mode_matches_bits),
		cmocka_unit_test(cluster_logical_mode_matches_the_cluster),
		cmocka_unit_test(lowest_priority_picks_one_and_spreads),
		cmocka_unit_test(the_icr_sends_by_shorthand),
		cmocka_unit_test(the_icr_starts_processors),
		cmocka_unit_test(
		    software_disabled_takes_nmi_but_no_fixed_interrupt),
		cmocka_unit_test(an_msi_is_understood),
		cmocka_unit_test(lint0_may_be_a_level_triggered_interrupt),
		cmocka_unit_test(unmasking_extint_finds_a_waiting_8259),
		cmocka_unit_test(
		    a_disabled_apic_leaves_the_pins_to_the_processor),
		cmocka_unit_test(the_timer_fires_once),
		cmocka_unit_test(the_divider_slows_the_timer),
		cmocka_unit_test(the_periodic_timer_keeps_its_grid),
		cmocka_unit_test(a_masked_timer_counts_in_silence),
		cmocka_unit_test(a_new_divider_goes_on_from_the_count),
		cmocka_unit_test(a_tiny_period_is_stretched),
		cmocka_unit_test(the_tsc_deadline_fires_when_the_tsc_is_there),
		cmocka_unit_test(a_tsc_deadline_in_the_past_fires_at_once),
		cmocka_unit_test(a_written_tsc_moves_the_deadline),
		cmocka_unit_test(changing_the_mode_disarms),
		cmocka_unit_test(timer_writes_rearm_the_owner),
		cmocka_unit_test(apic_base_follows_the_state_diagram),
		cmocka_unit_test(x2apic_msrs_are_there_in_x2apic_mode_only),
		cmocka_unit_test(x2apic_rules_are_enforced),
		cmocka_unit_test(the_x2apic_icr_is_one_register),
		cmocka_unit_test(self_ipi_posts_to_oneself),
		cmocka_unit_test(odd_mmio_accesses_are_harmless),
		cmocka_unit_test(no_post_from_another_thread_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
