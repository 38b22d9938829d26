/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processors come up, are told apart, interrupt one another in every delivery
 * mode and shorthand, have timers of their own, wake from HLT and agree on the
 * time (SDM 3, chapters 9 and 11).  Everything twice: xAPIC, then x2APIC.
 */
#include "smp.h"

enum { VEC_A = 0x61, VEC_B = 0x62, VEC_TIMER = 0x63 };
enum {
	MSR_APIC_BASE = 0x1b, MSR_DEADLINE = 0x6e0,
	LDR = 0xd0, DFR = 0xe0, LVT_TIMER = 0x320, INIT_COUNT = 0x380,
	DIVIDE = 0x3e0, CURRENT = 0x390,
};
/* Generous: the host may have other things to do. */
#define LONG_MS 20000

/* --- coming up ------------------------------------------------------------ */

static void
identities(void)
{
	for (unsigned i = 0; i < n_cpus; i++) {
		const struct percpu *p = &percpu[i];

		CHECK_EQ(p->started, 1,
		    "SDM 3 9.4.4: a second SIPI finds it running");
		CHECK_EQ(p->lapic_id, i, "SDM 3 11.4.6: APIC ids in order");
		CHECK_EQ(p->apic_base >> 8 & 1, i == 0,
		    "SDM 3 11.4.4: one bootstrap processor");
		CHECK_EQ(p->apic_base >> 11 & 1, 1, "SDM 3 11.4.3: enabled");
	}
}

/* --- CPUID ------------------------------------------------------------------ */

static const struct { u32 leaf, sub; } leaves[] = {
	{ 0, 0 }, { 1, 0 }, { 4, 0 }, { 4, 1 }, { 4, 2 }, { 4, 3 }, { 7, 0 },
	{ 0xb, 0 }, { 0xb, 1 }, { 0x1f, 0 }, { 0x1f, 1 }, { 0x80000001, 0 },
	{ 0x80000008, 0 },
};
#define N_LEAVES ARRAY_LEN(leaves)
static u32 answer[SMP_MAX_CPUS][N_LEAVES][4];

static void
ask_cpuid(unsigned id)
{
	for (unsigned i = 0; i < N_LEAVES; i++)
		cpuid(leaves[i].leaf, leaves[i].sub, answer[id][i]);
}

/* What of a leaf is the processor's own is set to zero. */
static void
strip(unsigned i, u32 r[4])
{
	if (leaves[i].leaf == 1) {
		r[1] &= 0xffffff;
		r[2] &= ~(1u << 27);	/* OSXSAVE follows CR4 */
	}
	if (leaves[i].leaf == 0xb || leaves[i].leaf == 0x1f)
		r[3] = 0;
}

static void
topology(unsigned i, u32 max)
{
	u32 shift = 0;

	if ((leaves[i].leaf != 0xb && leaves[i].leaf != 0x1f) ||
	    leaves[i].leaf > max || !(answer[0][i][1] & 0xffff))
		return;
	shift = answer[0][i][0] & 31;
	for (unsigned id = 0; id < n_cpus; id++) {
		CHECK_EQ(answer[id][i][3], id,
		    "SDM 2 CPUID 0BH: EDX is the x2APIC id");
		CHECK_EQ(answer[id][i][2] & 0xff, leaves[i].sub,
		    "SDM 2 CPUID 0BH: ECX[7:0] is the subleaf");
	}
	if (leaves[i].sub == 0) {
		CHECK_EQ(answer[0][i][2] >> 8 & 0xff, 1,
		    "SDM 2 CPUID 0BH: level 0 is SMT");
		return;
	}
	CHECK_EQ(answer[0][i][2] >> 8 & 0xff, 2,
	    "SDM 2 CPUID 0BH: level 1 is the core");
	CHECK((answer[0][i][1] & 0xffff) <= 1u << shift,
	    "SDM 2 CPUID 0BH: the shift makes room for all of a package");
}

static void
check_cpuid(void)
{
	u32 max;

	on_all(ask_cpuid);
	max = answer[0][0][0];
	for (unsigned id = 0; id < n_cpus; id++)
		CHECK_EQ(answer[id][1][1] >> 24, id,
		    "SDM 2 CPUID 1: EBX[31:24] is the initial APIC id");
	if (n_cpus > 1)
		CHECK(answer[0][1][3] >> 28 & 1 &&
		    (answer[0][1][1] >> 16 & 0xff) >= n_cpus,
		    "SDM 2 CPUID 1: HTT, and ids for all of them");
	for (unsigned i = 0; i < N_LEAVES; i++) {
		topology(i, max);
		for (unsigned id = 0; id < n_cpus; id++) {
			strip(i, answer[id][i]);
			CHECK(same(answer[id][i], answer[0][i], 16),
			    "SDM 2 CPUID: alike on every processor");
		}
	}
}

/* --- IPIs ------------------------------------------------------------------ */

static void
clear_hits(void)
{
	for (unsigned i = 0; i < SMP_MAX_CPUS; i++)
		for (unsigned v = 0; v < 256; v++)
			percpu[i].hits[v] = 0;
}

static unsigned
sum(unsigned vector)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_cpus; i++)
		n += percpu[i].hits[vector];
	return n;
}

/* Have those of mask been hit once each, and nobody else? */
static bool
hit_once(unsigned vector, u32 mask)
{
	for (unsigned i = 0; i < n_cpus; i++)
		if (percpu[i].hits[vector] != (mask >> i & 1))
			return false;
	return true;
}

/* Send, wait for as many as mask has, give too many time to show up. */
static bool
reaches(u32 dest, u32 icr, unsigned vector, u32 mask)
{
	unsigned n = 0;

	for (u32 m = mask; m; m &= m - 1)
		n++;
	clear_hits();
	sti();
	apic_send(dest, icr | ICR_ASSERT);
	(void)WAIT_UNTIL(sum(vector) >= n, LONG_MS);
	delay_ms(1);
	cli();
	return hit_once(vector, mask);
}

static void
one_by_one(void)
{
	u32 all = (1u << n_cpus) - 1;

	for (unsigned i = 0; i < n_cpus; i++)
		CHECK(reaches(i, VEC_A, VEC_A, 1u << i),
		    "SDM 3 11.6.2.1: physical destination, one");
	for (unsigned i = 1; i < n_cpus; i++)
		CHECK(reaches(i, ICR_NMI, NMI, 1u << i),
		    "SDM 3 11.6.1: NMI to one, which halts");
	CHECK(reaches(0, ICR_SELF | VEC_A, VEC_A, 1),
	    "SDM 3 11.6.1: shorthand: self");
	CHECK(reaches(0, ICR_ALL | VEC_A, VEC_A, all),
	    "SDM 3 11.6.1: shorthand: all");
	CHECK(reaches(0, ICR_OTHERS | VEC_A, VEC_A, all & ~1u),
	    "SDM 3 11.6.1: shorthand: all but self");
	CHECK(reaches(0, ICR_OTHERS | ICR_NMI, NMI, all & ~1u),
	    "SDM 3 11.6.1: NMI to all but self");
	CHECK(reaches(x2apic ? ~0u : 0xff, VEC_A, VEC_A, all),
	    "SDM 3 11.6.2.1: the broadcast id");
	if (x2apic) {
		clear_hits();
		sti();
		wrmsr(0x83f, VEC_B);
		CHECK(WAIT_UNTIL(percpu[0].hits[VEC_B], LONG_MS),
		    "SDM 3 11.12.11: self IPI");
		cli();
	}
}

static void
set_logical_id(unsigned id)
{
	apic_write(DFR, 0xffffffff);
	apic_write(LDR, id < 8 ? 1u << (24 + id) : 0);
}

/* A logical destination for those of mask; x2APIC: cluster 0. */
static void
logical(void)
{
	unsigned n = n_cpus < 8 ? n_cpus : 8;
	u32 masks[] = { 1, 2, 3, 0xa, 0xff, 0x84 }, got;

	if (!x2apic)
		on_all(set_logical_id);
	for (unsigned i = 0; i < ARRAY_LEN(masks); i++) {
		u32 m = masks[i] & ((1u << n) - 1);

		if (m)
			CHECK(reaches(m, ICR_LOGICAL | VEC_B, VEC_B, m),
			    "SDM 3 11.6.2.2: logical destinations");
	}
	clear_hits();
	sti();
	for (unsigned i = 1; i <= 20; i++) {
		apic_send((1u << n) - 1, ICR_LOGICAL | ICR_LOWEST | ICR_ASSERT |
		    VEC_B);
		if (!WAIT_UNTIL(sum(VEC_B) >= i, LONG_MS))
			break;
	}
	delay_ms(1);
	cli();
	got = sum(VEC_B);
	CHECK_EQ(got, 20, "SDM 3 11.6.2.4: lowest priority: one, not more");
}

/* From every processor to every other, all at once. */
#define STORM 50
static volatile unsigned stormers;

static void
storm(unsigned id)
{
	sti();
	for (unsigned r = 0; r < STORM; r++)
		for (unsigned to = 0; to < n_cpus; to++) {
			unsigned before = percpu[to].hits[VEC_A + 0x20 + id];

			apic_send(to, (VEC_A + 0x20 + id) | ICR_ASSERT);
			/* One at a time, or two would become one. */
			while (percpu[to].hits[VEC_A + 0x20 + id] == before)
				relax();
		}
	/* The others may still need this one to take theirs. */
	add_return(&stormers, -1);
	while (stormers)
		relax();
	cli();
}

static void
everybody(void)
{
	/* Few enough that spinning does not eat a small host. */
	unsigned n = n_cpus < 4 ? n_cpus : 4;

	clear_hits();
	for (unsigned i = 0; i < n; i++)
		hook[VEC_A + 0x20 + i] = count_hit;
	stormers = n;
	on_first(n, storm);
	delay_ms(1);
	for (unsigned i = 0; i < n; i++)
		for (unsigned to = 0; to < n_cpus; to++) {
			CHECK_EQ(percpu[to].hits[VEC_A + 0x20 + i], STORM,
			    "SDM 3 11.6: every IPI, once");
		}
}

/* --- INIT and NMI against running processors -------------------------------- */

static volatile u64 spins;

static void
spin_masked(unsigned id)
{
	for (;;)
		spins++;
}

static void
halt_masked(unsigned id)
{
	spins++;
	for (;;)
		asm volatile("cli; hlt");
}

/* Does it run now? */
static bool
running(void)
{
	u64 before = spins;

	return WAIT_UNTIL(spins - before > 100, 1000);
}

static bool
stopped(void)
{
	u64 before;

	for (unsigned i = 0; i < 100; i++) {
		before = spins;
		delay_ms(5);
		if (spins == before)
			return true;
	}
	return false;
}

static void
init_again(unsigned id)
{
	spins = 0;
	start_on(id, spin_masked);
	CHECK(WAIT_UNTIL(spins, LONG_MS), "the processor spins");
	clear_hits();
	apic_send(id, ICR_NMI | ICR_ASSERT);
	CHECK(WAIT_UNTIL(percpu[id].hits[NMI], LONG_MS),
	    "SDM 3 6.7: NMI though IF is clear");
	CHECK(running(), "SDM 3 6.7: NMI returns");
	apic_send(id, ICR_SIPI | ICR_ASSERT | 9);
	CHECK(running() && percpu[id].started == 1,
	    "SDM 3 9.4.3: SIPI means nothing to a processor that runs");
	apic_send(id, ICR_INIT | ICR_ASSERT);
	CHECK(stopped(), "SDM 3 9.4.3: INIT stops it, until SIPI");
	CHECK_EQ(percpu[id].started, 1, "SDM 3 9.4.3: waits for SIPI");
	smp_restart(id, 9);
	CHECK(WAIT_UNTIL(percpu[id].started == 2, LONG_MS),
	    "SDM 3 9.4.3: INIT, SIPI: starts at the vector's page");
	CHECK(WAIT_UNTIL(!percpu[id].fn, LONG_MS), "idle after INIT");
	spins = 0;
	start_on(id, halt_masked);
	CHECK(WAIT_UNTIL(spins, LONG_MS), "the processor halts");
	clear_hits();
	apic_send(id, VEC_A | ICR_ASSERT);
	apic_send(id, ICR_NMI | ICR_ASSERT);
	CHECK(WAIT_UNTIL(percpu[id].hits[NMI], LONG_MS),
	    "SDM 3 6.7: NMI ends HLT though IF is clear");
	CHECK_EQ(percpu[id].hits[VEC_A], 0, "SDM 3 6.8.1: IF clear");
	smp_restart(id, 8);
	CHECK(WAIT_UNTIL(percpu[id].started == 3, LONG_MS),
	    "SDM 3 9.4.3: INIT ends CLI, HLT");
	CHECK_EQ(percpu[id].hits[VEC_A], 0,
	    "SDM 3 11.4.7.3: INIT drops what was pending");
	percpu[id].started = 1;
}

/* --- timers ---------------------------------------------------------------- */

static void
timer_oneshot(unsigned id)
{
	volatile unsigned *hits = &percpu[id].hits[VEC_TIMER];

	apic_write(DIVIDE, 0xb);
	apic_write(LVT_TIMER, VEC_TIMER);
	apic_write(INIT_COUNT, 100000 + 10000 * id);
	sti();
	percpu[id].arg = WAIT_UNTIL(*hits, LONG_MS);
	cli();
}

static void
timer_periodic(unsigned id)
{
	volatile unsigned *hits = &percpu[id].hits[VEC_TIMER];

	apic_write(DIVIDE, 0xb);
	apic_write(LVT_TIMER, 0x20000 | VEC_TIMER);
	apic_write(INIT_COUNT, 2000000);
	/* Ten, asleep in between. */
	while (*hits < 10) {
		asm volatile("sti; hlt" ::: "memory");
		cli();
	}
	apic_write(INIT_COUNT, 0);
	apic_write(LVT_TIMER, 0x10000);
	percpu[id].arg = 1;
}

static void
timer_deadline(unsigned id)
{
	volatile unsigned *hits = &percpu[id].hits[VEC_TIMER];
	u64 t = rdtsc() + tsc_per_ms * (id + 1);

	apic_write(LVT_TIMER, 0x40000 | VEC_TIMER);
	asm volatile("mfence" ::: "memory");
	wrmsr(MSR_DEADLINE, t);
	while (!*hits) {
		asm volatile("sti; hlt" ::: "memory");
		cli();
	}
	percpu[id].arg = rdtsc() >= t;
	apic_write(LVT_TIMER, 0x10000);
}

static void
timers_of(cpu_fn *fn, unsigned exactly, const char *what)
{
	clear_hits();
	for (unsigned i = 0; i < n_cpus; i++)
		percpu[i].arg = 0;
	on_all(fn);
	for (unsigned i = 0; i < n_cpus; i++) {
		check_eq_at(percpu[i].arg, 1, __FILE__, __LINE__, "arg", what);
		if (exactly)
			check_eq_at(percpu[i].hits[VEC_TIMER], exactly,
			    __FILE__, __LINE__, "hits", what);
	}
}

static void
timers(void)
{
	timers_of(timer_oneshot, 1, "SDM 3 11.5.4: one-shot on each");
	timers_of(timer_periodic, 0, "SDM 3 11.5.4: periodic on each");
	if (has(1, 0, 2, 24))
		timers_of(timer_deadline, 1, "SDM 3 11.5.4.1: deadline on each");
}

/* --- waking from HLT --------------------------------------------------------- */

static unsigned rounds, partner;

/* The two wake each other; an interrupt lost leaves both asleep. */
static void
wake_play(unsigned id)
{
	unsigned other = id ? 0 : partner, seen = 0;

	for (unsigned i = 0; i < rounds; i++) {
		if (id == 0)
			apic_send(other, VEC_B | ICR_ASSERT);
		while (percpu[id].hits[VEC_B] == seen) {
			asm volatile("sti; hlt" ::: "memory");
			cli();
		}
		seen++;
		if (id)
			apic_send(other, VEC_B | ICR_ASSERT);
	}
}

static void
pair(cpu_fn *fn, unsigned with)
{
	partner = with;
	start_on(with, fn);
	fn(0);
	CHECK(wait_on(with, LONG_MS), "the partner comes to its end");
}

static void
wake(void)
{
	rounds = (unsigned)option("wakes", 600) / n_cpus;
	for (unsigned i = 1; i < n_cpus; i++) {
		clear_hits();
		pair(wake_play, i);
		CHECK_EQ(percpu[i].hits[VEC_B], rounds,
		    "SDM 3 11.6: every wake-up arrives");
	}
}

/* --- time ------------------------------------------------------------------- */

static struct {
	volatile unsigned turn __attribute__((aligned(64)));
	volatile u64 tsc;
	volatile unsigned back;
} ball;

static u64
ordered_tsc(void)
{
	u64 t;

	asm volatile("lfence" ::: "memory");
	t = rdtsc();
	asm volatile("lfence" ::: "memory");
	return t;
}

static void
tsc_play(unsigned id)
{
	unsigned me = id != 0;
	u64 t;

	for (unsigned i = 0; i < rounds; i++) {
		/* Not for ever, if the host runs one of them at a time. */
		while ((ball.turn & 1) != me)
			relax();
		t = ordered_tsc();
		ball.back += t < ball.tsc;
		ball.tsc = ordered_tsc();
		ball.turn++;
	}
}

static void
time_in_step(void)
{
	rounds = (unsigned)option("tsc", 4000) / n_cpus;
	for (unsigned i = 1; i < n_cpus; i++) {
		fill((void *)&ball, 0, sizeof(ball));
		pair(tsc_play, i);
		CHECK_EQ(ball.back, 0,
		    "SDM 3 18.17: a TSC read later, elsewhere, is not less");
	}
}

/* --- x2APIC ------------------------------------------------------------------ */

static struct barrier meet;

static void
switch_mode(unsigned id)
{
	barrier(&meet, n_cpus);
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0x400);
	barrier(&meet, n_cpus);
	if (id == 0)
		x2apic = true;
	barrier(&meet, n_cpus);
	percpu[id].arg = rdmsr(0x802) == id && (rdmsr(0x80d) ==
	    ((u64)(id >> 4) << 16 | 1ull << (id & 15)));
}

static void
all_of_it(void)
{
	one_by_one();
	logical();
	everybody();
	for (unsigned i = 1; i < n_cpus && i <= 3; i++)
		init_again(i);
	timers();
	wake();
}

void
guest_main(void)
{
	if (!smp_start())
		return;
	hook[VEC_A] = hook[VEC_B] = hook[VEC_TIMER] = count_hit;
	hook[NMI] = count_nmi;
	identities();
	check_cpuid();
	time_in_step();
	all_of_it();
	if (!has(1, 0, 2, 21))
		return;
	on_all(switch_mode);
	for (unsigned i = 0; i < n_cpus; i++)
		CHECK_EQ(percpu[i].arg, 1,
		    "SDM 3 11.12.10.2: ids and the logical id made of them");
	all_of_it();
}
