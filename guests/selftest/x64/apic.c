/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupt delivery: 8254 through the 8259s, the local APIC's timer in its
 * three modes, self IPIs and priorities, x2APIC, the I/O APIC
 * (SDM 3, chapter 11; 8259A and 82093AA data sheets).
 */
#include "guest.h"

/* What is measured against time is measured again where the host is busy. */
#define TRIES 60

enum { MSR_APIC_BASE = 0x1b, MSR_DEADLINE = 0x6e0 };
enum {
	ID = 0x20, VERSION = 0x30, TPR = 0x80, PPR = 0xa0, EOI = 0xb0,
	SVR = 0xf0, ISR = 0x100, IRR = 0x200, ESR = 0x280, ICR = 0x300,
	ICR_HIGH = 0x310, LVT_TIMER = 0x320, LVT_LINT0 = 0x350, INIT = 0x380,
	CURRENT = 0x390, DIVIDE = 0x3e0,
};

static volatile unsigned hits, last_vector, order[16];
static bool x2apic;

static void
hit(struct frame *f)
{
	last_vector = f->vector;
	if (hits < 16)
		order[hits] = f->vector;
	hits++;
	if (x2apic)
		wrmsr(0x80b, 0);
	else
		lapic_write(EOI, 0);
}

static void
hit_pic(struct frame *f)
{
	last_vector = f->vector;
	hits++;
	pic_eoi(f->vector - 0x50);
}

static void
pic_and_pit(void)
{
	unsigned n = 0;

	pic_setup(0x50, 0xfffe);
	hook[0x50] = hit_pic;
	hits = 0;
	pit_oneshot(1193);
	sti();
	CHECK(wait_for(&hits, 100), "8254 mode 0, 8259: IRQ 0 arrives");
	delay_ms(5);
	cli();
	CHECK_EQ(hits, 1, "8254 mode 0: one interrupt per count");
	CHECK_EQ(last_vector, 0x50, "8259 ICW2: the vector");
	for (unsigned i = 0; i < TRIES; i++) {
		hits = 0;
		pit_periodic(1193);
		sti();
		delay_ms(100);
		cli();
		n = hits;
		if (n > 60 && n < 140)
			break;
	}
	CHECK(n > 60 && n < 140, "8254 mode 2: about 100 in 100 ms");
	CHECK(pit_read() <= 1193, "8254: the counter counts down its reload");
	/* Masked, requested, unmasked. */
	outb(0x21, 0xff);
	hits = 0;
	sti();
	delay_ms(5);
	CHECK_EQ(hits, 0, "8259 OCW1: masked");
	outb(0x21, 0xfe);
	delay_ms(3);
	cli();
	CHECK(hits > 0, "8259 OCW1: unmasked again");
	outb(0x43, 0x30);	/* stop: mode 0, no count */
	outb(0x21, 0xff);
}

static void
one_shot(void)
{
	u32 a, b;

	hook[0x60] = hit;
	lapic_write(DIVIDE, 0xb);	/* by 1 */
	lapic_write(LVT_TIMER, 0x60);
	hits = 0;
	sti();
	lapic_write(INIT, 1000000);
	CHECK(wait_for(&hits, 1000), "SDM 3 11.5.4: one-shot fires");
	delay_ms(20);
	cli();
	CHECK_EQ(hits, 1, "SDM 3 11.5.4: once");
	CHECK_EQ(last_vector, 0x60, "SDM 3 11.5.1: the LVT's vector");
	CHECK_EQ(lapic_read(CURRENT), 0, "SDM 3 11.5.4: stays at zero");
	lapic_write(INIT, 0xffffffff);
	a = lapic_read(CURRENT);
	delay_ms(2);
	b = lapic_read(CURRENT);
	CHECK(b < a, "SDM 3 11.5.4: counts down");
	lapic_write(INIT, 0);
	CHECK_EQ(lapic_read(CURRENT), 0, "SDM 3 11.5.4: writing 0 stops it");
	/* Masked: counts, does not interrupt. */
	lapic_write(LVT_TIMER, 0x10060);
	hits = 0;
	sti();
	lapic_write(INIT, 1000);
	delay_ms(5);
	cli();
	CHECK_EQ(hits, 0, "SDM 3 11.5.1: masked timer");
	CHECK_EQ(lapic_read(CURRENT), 0, "SDM 3 11.5.4: counted out all the same");
}

/* Counts of the masked timer in 10 ms. */
static u32
rate(u32 divide)
{
	u32 start;

	lapic_write(LVT_TIMER, 0x10060);
	lapic_write(DIVIDE, divide);
	lapic_write(INIT, 0xffffffff);
	start = lapic_read(CURRENT);
	delay_ms(10);
	return (start - lapic_read(CURRENT)) / 10;
}

/* A busy host may stretch any one of these measurements: try again. */
static bool
rates_agree(void)
{
	u32 by1, by16;

	for (unsigned i = 0; i < TRIES; i++) {
		by1 = rate(0xb);
		by16 = rate(0x3);
		if (by1 > 1000 && by16 > by1 / 20 && by16 < by1 / 12)
			return true;
	}
	return false;
}

static bool
fires_regularly(u32 per_ms)
{
	unsigned n;

	for (unsigned i = 0; i < TRIES; i++) {
		lapic_write(DIVIDE, 0xb);
		lapic_write(LVT_TIMER, 0x20060);
		hits = 0;
		sti();
		lapic_write(INIT, per_ms);
		delay_ms(50);
		cli();
		n = hits;
		lapic_write(INIT, 0);
		if (n > 25 && n < 75)
			return true;
	}
	return false;
}

static void
periodic(void)
{
	u32 per_ms = rate(0xb);

	CHECK(per_ms > 1000, "SDM 3 11.5.4: the timer has a rate");
	CHECK(fires_regularly(per_ms),
	    "SDM 3 11.5.4: periodic, about 50 in 50 ms");
	CHECK(rates_agree(), "SDM 3 11.5.4: divide configuration");
	lapic_write(INIT, 0);
	lapic_write(DIVIDE, 0xb);
}

static void
deadline(void)
{
	u64 t;

	if (!has(1, 0, 2, 24))
		return;
	if (x2apic)
		wrmsr(0x832, 0x40061);
	else
		lapic_write(LVT_TIMER, 0x40061);
	hook[0x61] = hit;
	hits = 0;
	sti();
	t = rdtsc() + 2000000;
	wrmsr(MSR_DEADLINE, t);
	CHECK_EQ(rdmsr(MSR_DEADLINE), t, "SDM 3 11.5.4.1: readable while armed");
	CHECK(wait_for(&hits, 1000), "SDM 3 11.5.4.1: TSC deadline fires");
	CHECK(rdtsc() >= t, "SDM 3 11.5.4.1: not before its time");
	delay_ms(5);
	CHECK_EQ(hits, 1, "SDM 3 11.5.4.1: once");
	CHECK_EQ(rdmsr(MSR_DEADLINE), 0, "SDM 3 11.5.4.1: cleared by firing");
	hits = 0;
	wrmsr(MSR_DEADLINE, 1);
	CHECK(wait_for(&hits, 100), "SDM 3 11.5.4.1: in the past: at once");
	hits = 0;
	wrmsr(MSR_DEADLINE, rdtsc() + 20000000);
	wrmsr(MSR_DEADLINE, 0);
	delay_ms(30);
	cli();
	CHECK_EQ(hits, 0, "SDM 3 11.5.4.1: disarmed by zero");
}

static void
self_ipi(u8 vector)
{
	if (x2apic)
		wrmsr(0x83f, vector);
	else
		lapic_write(ICR, 0x40000 | vector);
}

static void
priorities(void)
{
	for (unsigned v = 0x70; v < 0xf0; v += 0x10)
		hook[v] = hit;
	cli();
	hits = 0;
	self_ipi(0x70);
	self_ipi(0xa0);
	self_ipi(0x90);
	CHECK_EQ(hits, 0, "SDM 3 11.8.3: kept while IF is 0");
	if (!x2apic) {
		CHECK(lapic_read(IRR + 0x30) >> 16 & 1,
		    "SDM 3 11.8.4: IRR shows the request");
		CHECK_EQ(lapic_read(ISR + 0x30), 0, "SDM 3 11.8.4: not in service");
	}
	sti();
	delay_ms(1);
	cli();
	CHECK_EQ(hits, 3, "SDM 3 11.8.4: all three");
	CHECK_EQ(order[0], 0xa0, "SDM 3 11.8.3: highest vector first");
	CHECK_EQ(order[1], 0x90, "SDM 3 11.8.3: then the next");
	CHECK_EQ(order[2], 0x70, "SDM 3 11.8.3: lowest last");
	/* TPR by CR8. */
	hits = 0;
	asm volatile("mov %0, %%cr8" :: "r" (9ul));
	if (!x2apic)
		CHECK_EQ(lapic_read(TPR), 0x90, "SDM 3 11.8.6: CR8 is TPR[7:4]");
	sti();
	self_ipi(0x90);
	delay_ms(1);
	CHECK_EQ(hits, 0, "SDM 3 11.8.3.1: held back by TPR");
	self_ipi(0xa0);
	delay_ms(1);
	CHECK_EQ(hits, 1, "SDM 3 11.8.3.1: a higher class passes");
	asm volatile("mov %0, %%cr8" :: "r" (0ul));
	delay_ms(1);
	cli();
	CHECK_EQ(hits, 2, "SDM 3 11.8.3.1: released by lowering CR8");
}

static void
ioapic(void)
{
	unsigned max = ioapic_read(1) >> 16 & 0xff;

	CHECK(max >= 23, "82093AA: 24 redirection entries");
	/* The PIT is on pin 2 (ACPI's interrupt source override). */
	hook[0x62] = hit;
	ioapic_write(0x10 + 2 * 2 + 1, lapic_read(ID));
	ioapic_write(0x10 + 2 * 2, 0x62);
	hits = 0;
	sti();
	pit_oneshot(1193);
	CHECK(wait_for(&hits, 100), "82093AA: edge interrupt by pin 2");
	delay_ms(3);
	CHECK_EQ(hits, 1, "82093AA: once");
	CHECK_EQ(last_vector, 0x62, "82093AA: its vector");
	ioapic_write(0x10 + 2 * 2, 0x10062);
	hits = 0;
	pit_oneshot(1193);
	delay_ms(5);
	cli();
	CHECK_EQ(hits, 0, "82093AA: masked");
}

static void
lint0(void)
{
	/* Virtual wire: LINT0 as ExtINT takes the 8259's vector. */
	hook[0x50] = hit_pic;
	lapic_write(LVT_LINT0, 0x700);
	outb(0x21, 0xfe);
	hits = 0;
	sti();
	pit_oneshot(1193);
	CHECK(wait_for(&hits, 100), "SDM 3 11.5.1: ExtINT by LINT0");
	lapic_write(LVT_LINT0, 0x10700);
	hits = 0;
	pit_oneshot(1193);
	delay_ms(5);
	cli();
	CHECK_EQ(hits, 0, "SDM 3 11.5.1: LINT0 masked");
	outb(0x21, 0xff);
}

static void
to_x2apic(void)
{
	u32 id = lapic_read(ID) >> 24;
	struct cpu c;
	ulong p;

	if (!has(1, 0, 2, 21))
		return;
	p = CODE("mov $0x802, %ecx; rdmsr");
	run_kernel(&c, p);
	tcg_wrong();
	EXPECT(&c, GP, 0, p + 5, "SDM 3 11.12.2: x2APIC MSR in xAPIC mode");
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0x400);
	CHECK(rdmsr(MSR_APIC_BASE) & 0x400, "SDM 3 11.12.1: EXTD set");
	x2apic = true;
	CHECK_EQ(rdmsr(0x802), id, "SDM 3 11.12.1.2: x2APIC id");
	CHECK(rdmsr(0x80f) & 0x100, "SDM 3 11.12: SVR kept");
	priorities();
	deadline();
	wrmsr(0x832, 0x60);
	wrmsr(0x83e, 0xb);
	hits = 0;
	sti();
	wrmsr(0x838, 100000);
	CHECK(wait_for(&hits, 1000), "SDM 3 11.12: timer by MSR");
	cli();
	p = CODE("mov $0x80b, %ecx; mov $1, %eax; xor %edx, %edx; wrmsr");
	run_kernel(&c, p);
	EXPECT(&c, GP, 0, p + 12, "SDM 3 11.12.1.2: EOI other than 0");
	p = CODE("mov $0x802, %ecx; xor %eax, %eax; xor %edx, %edx; wrmsr");
	run_kernel(&c, p);
	EXPECT(&c, GP, 0, p + 9, "SDM 3 11.12.1.2: the id is read-only");
}

void
guest_main(void)
{
	pic_and_pit();
	if (!lapic_enable())
		guest_fail("no local APIC");
	CHECK((lapic_read(VERSION) & 0xff) >= 0x10, "SDM 3 11.4.8: integrated");
	CHECK(rdmsr(MSR_APIC_BASE) & 0x900, "SDM 3 11.4.4: enabled, BSP");
	one_shot();
	periodic();
	deadline();
	priorities();
	lint0();
	ioapic();
	to_x2apic();
}
