/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting the other processors, giving them work, IPIs.  See smp.h.
 */
#include "smp.h"

#define TRAMPOLINE 0x8000ul
#define MSR_APIC_BASE 0x1b
#define MSR_GS_BASE 0xc0000101

extern const u8 smp_trampoline[], smp_trampoline_end[];
extern u32 boot_info;
void ap_entry(unsigned id);

struct percpu percpu[SMP_MAX_CPUS];
unsigned n_cpus = 1;
u64 tsc_per_ms;
bool x2apic;

/* --- the command line ----------------------------------------------------- */

static ulong
number(const char *p)
{
	ulong v = 0;

	while (*p >= '0' && *p <= '9')
		v = v * 10 + (ulong)(*p++ - '0');
	return v;
}

ulong
option(const char *name, ulong otherwise)
{
	const u32 *info = (const u32 *)(ulong)boot_info;
	const char *p = (const char *)(ulong)info[4];
	size_t n = 0;

	while (name[n])
		n++;
	/* Multiboot 1, 3.3: bit 2 says that there is a command line. */
	if (!(info[0] & 4))
		return otherwise;
	for (; *p; p++)
		if (same(p, name, n) && p[n] == '=')
			return number(p + n + 1);
	return otherwise;
}

/* --- the local APIC --------------------------------------------------------- */

u32
apic_read(u32 reg)
{
	return x2apic ? (u32)rdmsr(0x800 + reg / 16) : lapic_read(reg);
}

void
apic_write(u32 reg, u32 v)
{
	if (x2apic)
		wrmsr(0x800 + reg / 16, v);
	else
		lapic_write(reg, v);
}

void
apic_send(u32 dest, u32 icr)
{
	/* A WRMSR to the x2APIC waits for no earlier store: SDM 3 11.12.3. */
	asm volatile("mfence" ::: "memory");
	if (x2apic) {
		wrmsr(0x830, (u64)dest << 32 | icr);
		return;
	}
	lapic_write(0x310, dest << 24);
	lapic_write(0x300, icr);
	while (lapic_read(0x300) & 0x1000)
		relax();
}

void
apic_eoi(void)
{
	apic_write(0xb0, 0);
}

void
apic_on(void)
{
	apic_write(0xf0, 0x1ff);
}

void
count_hit(struct frame *f)
{
	percpu[cpu_id()].hits[f->vector & 0xff]++;
	apic_eoi();
}

void
count_nmi(struct frame *f)
{
	percpu[cpu_id()].hits[NMI]++;
}

/* --- the processors' life -------------------------------------------------- */

static void
cpu_setup(unsigned id)
{
	struct percpu *p = &percpu[id];

	p->id = id;
	wrmsr(MSR_GS_BASE, (ulong)p);
	p->apic_base = rdmsr(MSR_APIC_BASE);
	p->lapic_id = x2apic ? apic_read(0x20) : apic_read(0x20) >> 24;
	apic_on();
}

void
ap_entry(unsigned id)
{
	struct percpu *p;

	if (id >= SMP_MAX_CPUS)
		return;
	p = &percpu[id];
	idt_load();
	cpu_setup(id);
	p->fn = NULL;
	barrier_compiler();
	p->started++;
	for (;;) {
		cli();
		if (p->fn) {
			p->fn(id);
			cli();
			barrier_compiler();
			p->fn = NULL;
			continue;
		}
		/* STI's shadow: a wake-up cannot fall between the two. */
		asm volatile("sti; hlt" ::: "memory");
	}
}

void
smp_restart(unsigned id, u8 page)
{
	copy((void *)(page * 4096ul), smp_trampoline,
	    (size_t)(smp_trampoline_end - smp_trampoline));
	/* The protocol of MP 1.4 B.4. */
	apic_send(id, ICR_INIT | ICR_ASSERT);
	delay_ms(10);
	for (unsigned i = 0; i < 2; i++) {
		apic_send(id, ICR_SIPI | ICR_ASSERT | page);
		delay_ms(1);
	}
}

static void
calibrate(void)
{
	/* The shortest of several: a busy host makes any of them too long. */
	tsc_per_ms = ~0ull;
	for (unsigned i = 0; i < 20; i++) {
		u64 t = rdtsc();

		delay_ms(1);
		t = rdtsc() - t;
		if (t < tsc_per_ms)
			tsc_per_ms = t;
	}
}

bool
smp_start(void)
{
	bool all = true;

	n_cpus = (unsigned)option("cpus", 4);
	if (n_cpus > SMP_MAX_CPUS)
		guest_fail("cpus= is too large");
	calibrate();
	for (unsigned v = 0; v < 256; v++)
		idt[v].ist = 0;
	hook[VEC_WAKE] = count_hit;
	cpu_setup(0);
	percpu[0].started = 1;
	for (unsigned id = 1; id < n_cpus; id++) {
		smp_restart(id, TRAMPOLINE >> 12);
		all = WAIT_UNTIL(percpu[id].started, 10000) && all;
	}
	CHECK(all, "SDM 3 9.4.4: every processor starts by INIT and SIPI");
	return all;
}

void
start_on(unsigned id, cpu_fn *fn)
{
	percpu[id].fn = fn;
	apic_send(id, ICR_FIXED | ICR_ASSERT | VEC_WAKE);
}

bool
wait_on(unsigned id, unsigned ms)
{
	return WAIT_UNTIL(!percpu[id].fn, ms);
}

void
on_first(unsigned n, cpu_fn *fn)
{
	for (unsigned id = 1; id < n; id++)
		start_on(id, fn);
	fn(0);
	for (unsigned id = 1; id < n; id++)
		if (!wait_on(id, 300000))
			guest_fail("a processor does not come to its end");
}

void
on_all(cpu_fn *fn)
{
	on_first(n_cpus, fn);
}

void
barrier(struct barrier *b, unsigned n)
{
	unsigned turn = b->turn;

	if (add_return(&b->arrived, 1) == n - 1) {
		b->arrived = 0;
		barrier_compiler();
		b->turn = turn + 1;
		return;
	}
	while (b->turn == turn)
		relax();
	barrier_compiler();
}
