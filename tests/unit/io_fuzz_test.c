/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each chip alone under random reads, writes, line changes, passing time and
 * resets, and under random loaded states.  After each step every field must
 * be within its table's range and no timer may be due.
 *
 * io_fuzz_test [seed [steps]]: another run than `make check' does.
 */
#include "io_rig.h"

#include <stdlib.h>

#include "io/chip/acpi_pm.h"
#include "io/chip/i8042.h"
#include "io/chip/i8254.h"
#include "io/chip/i8259.h"
#include "io/chip/ioapic.h"
#include "io/chip/lapic.h"
#include "io/chip/mc146818.h"
#include "io/chip/sysctl.h"
#include "io/chip/uart.h"
#include "io/pci/i440fx.h"

static uint64_t seed = 1;
static unsigned long steps = 100000;

struct subject;

/* One chip to torture. */
struct target {
	const struct dev_ops *ops;
	void (*build)(struct subject *s);
	void (*poke)(struct subject *s);	/* what is not a bus access */
	struct {
		enum bus_space space;
		uint64_t base;
		unsigned size;
	} range[4];
};

struct subject {
	struct rig r;
	const struct target *t;
	uint64_t random;
	void *dev;
	unsigned calls;
	union {
		struct i8259 pic;
		struct i8254 pit;
		struct mc146818 rtc;
		struct uart uart;
		struct i8042 kbc;
		struct acpi_pm pm;
		struct ioapic ioapic;
		struct lapic lapic;
		struct i440fx bridges;
		struct sysctl sysctl;
	} u;
	/* What some of them need around them. */
	struct i8042 kbc;
	struct sysctl sysctl;
	struct pci pci;
	struct pci_dev card;
	struct lapic lapic2;
	struct apic_bus apics;
	struct ioapic ioapic;
};

/* xorshift64*. */
static uint64_t
rnd(struct subject *s)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return s->random * UINT64_C(0x2545f4914f6cdd1d);
}

static unsigned
below(struct subject *s, unsigned n)
{
	return (unsigned)((rnd(s) >> 32) % n);
}

static void
count_call(void *ctx)
{
	((struct subject *)ctx)->calls++;
}

/* --- building ---------------------------------------------------------- */

static void
build_pic(struct subject *s)
{
	struct irq_line out = rig_irq(&s->r, 0);

	i8259_init(&s->u.pic, &out);
	assert_int_equal(i8259_attach(&s->u.pic, &s->r.pio, NULL), 0);
}

static void
poke_pic(struct subject *s)
{
	switch (below(s, 4)) {
	case 0:
		if (i8259_pending(&s->u.pic))
			i8259_ack(&s->u.pic);
		break;
	case 1:
		i8259_ack(&s->u.pic);
		break;
	default:
		i8259_set(&s->u.pic, below(s, 20), (int)below(s, 2));
	}
	assert_int_equal(s->r.level[0], i8259_pending(&s->u.pic));
}

static void
build_pit(struct subject *s)
{
	struct irq_line irq = rig_irq(&s->r, 0);

	i8254_init(&s->u.pit, &s->r.tq, &irq);
	assert_int_equal(i8254_attach(&s->u.pit, &s->r.pio, NULL), 0);
}

static void
build_rtc(struct subject *s)
{
	struct irq_line irq = rig_irq(&s->r, 8);

	mc146818_init(&s->u.rtc, &s->r.tq, &irq,
	    (int64_t)(rnd(s) >> 2));
	assert_int_equal(mc146818_attach(&s->u.rtc, &s->r.pio, NULL), 0);
}

static void
on_tx(void *ctx, uint8_t byte)
{
	count_call(ctx);
}

static void
on_room(void *ctx)
{
	struct subject *s = ctx;
	uint8_t byte = (uint8_t)rnd(s);

	/* There is room when the backend is told so. */
	assert_int_equal(uart_rx(&s->u.uart, &byte, 1), 1);
}

static void
build_uart(struct subject *s)
{
	struct uart_backend be = { on_tx, on_room, s };
	struct irq_line irq = rig_irq(&s->r, 4);

	uart_init(&s->u.uart, &s->r.tq, &irq, &be);
	assert_int_equal(uart_attach(&s->u.uart, &s->r.pio, 0x3f8, NULL), 0);
}

static void
poke_uart(struct subject *s)
{
	uint8_t bytes[24] = { 0 };
	size_t n = below(s, sizeof(bytes));

	assert_true(uart_rx(&s->u.uart, bytes, n) <= n);
}

static void
build_kbc_at(struct subject *s, struct i8042 *k)
{
	struct i8042_wiring w = { .irq1 = rig_irq(&s->r, 1),
	    .irq12 = rig_irq(&s->r, 12), .reset = count_call, .ctx = s };

	i8042_init(k, &w);
}

static void
build_kbc(struct subject *s)
{
	build_kbc_at(s, &s->u.kbc);
	assert_int_equal(i8042_attach(&s->u.kbc, &s->r.pio, NULL), 0);
}

static void
on_line(void *ctx, const char *text, size_t n)
{
	count_call(ctx);
	assert_true(n <= SYSCTL_LINE);
}

static void
on_exit_code(void *ctx, uint32_t v)
{
	count_call(ctx);
}

static void
build_sysctl(struct subject *s)
{
	struct sysctl_wiring w = { .kbc = &s->kbc, .reset = count_call,
	    .debug_line = on_line, .debug_exit = on_exit_code, .ctx = s,
	    .irq13 = rig_irq(&s->r, 13) };

	build_kbc_at(s, &s->kbc);
	sysctl_init(&s->u.sysctl, &w);
	assert_int_equal(sysctl_attach(&s->u.sysctl, &s->r.pio, NULL), 0);
	assert_int_equal(sysctl_attach_debug_exit(&s->u.sysctl, &s->r.pio,
	    0xf4, NULL), 0);
}

static void
build_pm(struct subject *s)
{
	struct acpi_pm_wiring w = { .sci = rig_irq(&s->r, 9),
	    .power_off = count_call, .ctx = s };

	acpi_pm_init(&s->u.pm, &s->r.tq, &w);
	assert_int_equal(acpi_pm_attach(&s->u.pm, &s->r.pio, NULL), 0);
}

static void
poke_pm(struct subject *s)
{
	if (below(s, 2))
		acpi_pm_power_button(&s->u.pm);
	else
		acpi_pm_gpe(&s->u.pm, below(s, 20));
}

/* --- APICs: an I/O APIC and two local ones, wired --- */

static uint64_t
on_tsc_now(void *ctx)
{
	struct subject *s = ctx;

	return (uint64_t)s->r.clock.manual * 3;
}

static uint64_t
on_tsc_khz(void *ctx)
{
	return 3000000;
}

static void
on_sipi(void *ctx, uint8_t vector)
{
	count_call(ctx);
}

static void
on_eoi(void *ctx, uint8_t vector)
{
	struct subject *s = ctx;

	ioapic_eoi(&s->ioapic, vector);
}

static const struct lapic_ops apic_ops = {
	count_call, count_call, count_call, count_call, on_sipi, on_eoi,
	on_tsc_now, on_tsc_khz,
};

static void
deliver(void *ctx, const struct apic_msg *m)
{
	struct subject *s = ctx;

	apic_bus_deliver(&s->apics, m);
}

static void
build_apics(struct subject *s, struct lapic *l, struct ioapic *a)
{
	apic_bus_init(&s->apics);
	lapic_init(l, 0, true, 40, &s->apics, &s->r.clock, &apic_ops, s);
	lapic_init(&s->lapic2, 1, false, 40, &s->apics, &s->r.clock, &apic_ops,
	    s);
	ioapic_init(a, 2, deliver, s);
	assert_int_equal(ioapic_attach(a, &s->r.mmio, NULL), 0);
}

static struct lapic outer_lapic;

static void
build_ioapic(struct subject *s)
{
	build_apics(s, &outer_lapic, &s->u.ioapic);
}

static void
poke_ioapic(struct subject *s)
{
	if (below(s, 4))
		ioapic_set(&s->u.ioapic, below(s, 30), (int)below(s, 2));
	else
		ioapic_eoi(&s->u.ioapic, (uint8_t)rnd(s));
}

static void
build_lapic(struct subject *s)
{
	build_apics(s, &s->u.lapic, &s->ioapic);
}

static void
access_apic_page(struct subject *s, struct lapic *l)
{
	unsigned off = below(s, 0x1000);
	unsigned size = 1u << below(s, 4);

	if (below(s, 4))
		off &= 0x3f0;
	if (below(s, 2))
		lapic_mmio_write(l, off, size, (uint32_t)rnd(s));
	else
		lapic_mmio_read(l, off, size);
}

static void
access_apic_msr(struct subject *s, struct lapic *l)
{
	static const uint32_t some[] = { MSR_APIC_BASE, MSR_TSC_DEADLINE };
	uint32_t msr = below(s, 2) ? some[below(s, 2)] : 0x800 + below(s, 256);
	uint64_t v = rnd(s) >> below(s, 64);

	if (msr == MSR_APIC_BASE && below(s, 2))
		v = LAPIC_DEFAULT_BASE | (v & 0xc00);
	if (below(s, 2))
		lapic_msr_write(l, msr, v);
	else
		lapic_msr_read(l, msr, &v);
}

static void
poke_lapic(struct subject *s)
{
	struct lapic *l = below(s, 4) ? &s->u.lapic : &s->lapic2;
	int v;

	switch (below(s, 9)) {
	case 0:
		lapic_post(l, (uint8_t)rnd(s), below(s, 2));
		break;
	case 1:
		lapic_lint(l, below(s, 3), (int)below(s, 2));
		break;
	case 2:
		v = lapic_pending(l);
		assert_int_equal(lapic_take(l), v);
		assert_true(v == -1 || v >= 16);
		break;
	case 3:
		lapic_set_tpr(l, below(s, 16) & 15);
		break;
	case 4:
		lapic_tsc_changed(l);
		break;
	case 5:
		ioapic_set(&s->ioapic, below(s, 24), (int)below(s, 2));
		break;
	case 6:
		access_apic_msr(s, l);
		break;
	default:
		access_apic_page(s, l);
		break;
	}
	lapic_run_timer(&s->u.lapic);
	lapic_run_timer(&s->lapic2);
	/* What is left of a timer is in the future. */
	assert_true(lapic_next_deadline(&s->u.lapic) >
	    clock_now(&s->r.clock));
}

/* --- PCI --- */

static uint64_t
card_read(void *dev, uint64_t off, unsigned size)
{
	assert_true(off + size <= 0x4000);
	return off;
}

static void
card_write(void *dev, uint64_t off, unsigned size, uint64_t v)
{
	assert_true(off + size <= 0x4000);
}

static void
build_pci(struct subject *s)
{
	static const struct bus_ops card_ops = { card_read, card_write };
	struct irq_line intx = { .set = i440fx_intx, .ctx = &s->u.bridges };
	struct irq_line lines = rig_irq(&s->r, 0);
	struct sysctl_wiring w = { .kbc = &s->kbc, .reset = count_call,
	    .ctx = s };

	sysctl_init(&s->sysctl, &w);
	pci_init(&s->pci, &s->r.pio, &s->r.mmio, &s->sysctl, &intx);
	assert_int_equal(pci_attach(&s->pci, NULL), 0);
	i440fx_init(&s->u.bridges, &lines, &lines);
	assert_int_equal(i440fx_add(&s->u.bridges, &s->pci, NULL), 0);
	pci_dev_init(&s->card, "card", PCI_DEVFN(2, 0), 1, 2, 0x020000);
	s->card.config[PCI_INT_PIN] = 1;
	pci_dev_bar(&s->card, 0, 64, PCI_BAR_IO, &card_ops, s);
	pci_dev_bar(&s->card, 1, 4096, 0, &card_ops, s);
	pci_dev_bar(&s->card, 2, 0x4000, PCI_BAR_64, &card_ops, s);
	assert_int_equal(pci_add(&s->pci, &s->card, NULL), 0);
}

static void
poke_pci(struct subject *s)
{
	unsigned devfn = below(s, 3) << 3;

	if (below(s, 8) == 0) {
		pci_intx(&s->card, below(s, 2));
		return;
	}
	outl(&s->r, 0xcf8, 0x80000000u | devfn << 8 | below(s, 64) << 2);
	outl(&s->r, 0xcfc, (uint32_t)(rnd(s) >> below(s, 64)));
	bus_write(&s->r.mmio, rnd(s) >> below(s, 64), 4, 0);
}

static const struct target targets[] = {
	{ &i8259_ops, build_pic, poke_pic,
	    { { BUS_PIO, 0x20, 2 }, { BUS_PIO, 0xa0, 2 },
	      { BUS_PIO, 0x4d0, 2 } } },
	{ &i8254_ops, build_pit, NULL,
	    { { BUS_PIO, 0x40, 4 }, { BUS_PIO, 0x61, 1 } } },
	{ &mc146818_ops, build_rtc, NULL, { { BUS_PIO, 0x70, 2 } } },
	{ &uart_ops, build_uart, poke_uart, { { BUS_PIO, 0x3f8, 8 } } },
	{ &i8042_ops, build_kbc, NULL,
	    { { BUS_PIO, 0x60, 1 }, { BUS_PIO, 0x64, 1 } } },
	{ &sysctl_ops, build_sysctl, NULL,
	    { { BUS_PIO, 0x402, 1 }, { BUS_PIO, 0x92, 1 },
	      { BUS_PIO, 0x80, 1 }, { BUS_PIO, 0xf4, 4 } } },
	{ &acpi_pm_ops, build_pm, poke_pm,
	    { { BUS_PIO, PM1_EVT_PORT, PM_PORTS } } },
	{ &ioapic_ops, build_ioapic, poke_ioapic,
	    { { BUS_MMIO, IOAPIC_BASE, 0x50 } } },
	{ &lapic_dev_ops, build_lapic, poke_lapic,
	    { { BUS_MMIO, IOAPIC_BASE, 0x20 } } },
	{ &i440fx_ops, build_pci, poke_pci, { { BUS_PIO, 0xcf8, 8 } } },
};

/* --- driving ----------------------------------------------------------- */

static uint64_t
get_field(const void *at, unsigned width)
{
	uint64_t v = 0;

	memcpy(&v, at, width);
	return v;
}

static void
check_fields(struct subject *s, unsigned long step)
{
	const struct dev_ops *ops = s->t->ops;

	for (unsigned i = 0; i < ops->n_fields; i++) {
		const struct dev_field *f = &ops->fields[i];
		const char *at = (const char *)s->dev + f->offset;

		for (unsigned n = 0; n < f->count; n++, at += f->width) {
			uint64_t v = get_field(at, f->width);

			if (v >= f->min && v <= f->max)
				continue;
			fail_msg("%s.%s[%u] = 0x%llx after step %lu, seed %llu",
			    ops->type, f->name, n, (unsigned long long)v, step,
			    (unsigned long long)seed);
		}
	}
	if (timer_next(&s->r.tq) <= clock_now(&s->r.clock))
		fail_msg("%s: a timer in the past after step %lu, seed %llu",
		    ops->type, step, (unsigned long long)seed);
}

static void
build(struct subject *s, const struct target *t)
{
	uint64_t random = s->random;

	memset(s, 0, sizeof(*s));
	s->random = random;
	s->t = t;
	s->dev = &s->u;
	rig_init(&s->r);
	t->build(s);
}

static uint64_t
random_value(struct subject *s, const struct dev_field *f)
{
	uint64_t span = f->max - f->min;
	uint64_t v = rnd(s);

	switch (below(s, 4)) {
	case 0:
		return f->min;
	case 1:
		return f->max;
	default:
		return span == UINT64_MAX ? v : f->min + v % (span + 1);
	}
}

/* A saved state by somebody who means harm: in range, otherwise anything. */
static void
load_anything(struct subject *s)
{
	const struct dev_ops *ops = s->t->ops;
	unsigned only = below(s, ops->n_fields * 2);

	for (unsigned i = 0; i < ops->n_fields; i++) {
		const struct dev_field *f = &ops->fields[i];
		char *at = (char *)s->dev + f->offset;

		if (only < ops->n_fields && i != only)
			continue;
		for (unsigned n = 0; n < f->count; n++, at += f->width) {
			uint64_t v = random_value(s, f);

			memcpy(at, &v, f->width);
		}
	}
	if (ops->loaded && ops->loaded(s->dev) != 0)
		build(s, s->t);
}

static void
access_bus(struct subject *s)
{
	unsigned n = 0, i, size = 1u << below(s, 3);
	uint64_t addr, v = rnd(s);

	while (n < ARRAY_LEN(s->t->range) && s->t->range[n].size)
		n++;
	i = below(s, n);
	addr = s->t->range[i].base + below(s, s->t->range[i].size);
	if (below(s, 2))
		v >>= below(s, 64);
	if (s->t->range[i].space == BUS_MMIO && below(s, 2))
		size = 4;
	if (below(s, 2))
		bus_write(s->t->range[i].space == BUS_PIO ? &s->r.pio :
		    &s->r.mmio, addr, size, v);
	else
		bus_read(s->t->range[i].space == BUS_PIO ? &s->r.pio :
		    &s->r.mmio, addr, size);
}

static void
pass_time(struct subject *s)
{
	static const ns_t unit[] = { 1, 1000, 1000000, NS_PER_SEC };
	ns_t by = (ns_t)below(s, 1000) * unit[below(s, 4)];

	if (below(s, 1000) == 0)
		by *= 100000;
	clock_manual_advance(&s->r.clock, by);
	timer_run(&s->r.tq);
}

static void
torture(const struct target *t)
{
	static struct subject s;

	s.random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	build(&s, t);
	for (unsigned long step = 0; step < steps; step++) {
		unsigned what = below(&s, 100);

		if (what < 60)
			access_bus(&s);
		else if (what < 80 && t->poke)
			t->poke(&s);
		else if (what < 98)
			pass_time(&s);
		else if (what == 98 && below(&s, 10) == 0)
			t->ops->reset(s.dev);
		else if (what == 99 && below(&s, 10) == 0)
			load_anything(&s);
		check_fields(&s, step);
	}
}

#define TORTURE(n, name) \
static void \
name(void **state) \
{ \
	torture(&targets[n]); \
}
TORTURE(0, i8259_stays_in_range)
TORTURE(1, i8254_stays_in_range)
TORTURE(2, mc146818_stays_in_range)
TORTURE(3, uart_stays_in_range)
TORTURE(4, i8042_stays_in_range)
TORTURE(5, sysctl_stays_in_range)
TORTURE(6, acpi_pm_stays_in_range)
TORTURE(7, ioapic_stays_in_range)
TORTURE(8, lapic_stays_in_range)
TORTURE(9, pci_stays_in_range)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(i8259_stays_in_range),
		cmocka_unit_test(i8254_stays_in_range),
		cmocka_unit_test(mc146818_stays_in_range),
		cmocka_unit_test(uart_stays_in_range),
		cmocka_unit_test(i8042_stays_in_range),
		cmocka_unit_test(sysctl_stays_in_range),
		cmocka_unit_test(acpi_pm_stays_in_range),
		cmocka_unit_test(ioapic_stays_in_range),
		cmocka_unit_test(lapic_stays_in_range),
		cmocka_unit_test(pci_stays_in_range),
	};

	_Static_assert(ARRAY_LEN(tests) == ARRAY_LEN(targets), "one each");
	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0);
	if (argc > 2)
		steps = strtoul(argv[2], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
