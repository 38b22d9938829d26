/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything at once, for "ms" milliseconds: every processor takes a timer
 * interrupt each millisecond, counts with locked operations over lines and
 * pages, writes code and runs it, its own and what it shares under a lock,
 * moves pages and has the others forget the old ones.  All of it adds up.
 */
#include "smp.h"

enum { VEC_FLUSH = 0x70, VEC_TICK = 0x80 };
#define OWN_PAGE(id) (WINDOW + 0x100000 + (id) * 0x1000ul)
#define COUNTERS (WINDOW + 0x200000)	/* two pages */

/* --- tickets ------------------------------------------------------------------- */

static struct {
	volatile unsigned next __attribute__((aligned(64)));
	volatile unsigned now;
	volatile unsigned done;
} lock;

/* IF stays set: who holds it may want our answer to its IPI. */
static void
take(void)
{
	unsigned mine = add_return(&lock.next, 1);

	while (lock.now != mine)
		relax();
	barrier_compiler();
}

static void
release(void)
{
	barrier_compiler();
	lock.now++;
}

/* --- what is shared ------------------------------------------------------------ */

static u64 until;
static volatile u64 *line_counter, *page_counter;
static ulong shared_code;
static volatile u32 shared_value;	/* what it returns; under the lock */
static volatile unsigned acks;
static volatile ulong flush_va;
static struct {
	ulong frame[2];
	unsigned which;
	volatile u32 published;	/* in own page since the last shoot-down */
	ulong code;
	u64 seed;
	u64 lines, pages;	/* what it added */
	u64 smc, moves, wrong_code, wrong_page, flushes;
	volatile unsigned ticks;
} own[SMP_MAX_CPUS] __attribute__((aligned(64)));

static void
count_lines(unsigned id)
{
	asm volatile("lock incq %0" : "+m" (*line_counter) :: "memory", "cc");
	own[id].lines++;
}

static void
count_pages(unsigned id)
{
	u64 v = 1;

	if (own[id].seed & 1) {
		asm volatile("lock xaddq %0, %1" : "+r" (v),
		    "+m" (*page_counter) :: "memory", "cc");
	} else {
		bool ok;

		v = *page_counter;
		do {
			asm volatile("lock cmpxchgq %3, %1" : "+a" (v),
			    "+m" (*page_counter), "=@ccz" (ok) : "r" (v + 1)
			    : "memory");
		} while (!ok);
	}
	own[id].pages++;
}

/* --- interrupts ------------------------------------------------------------------ */

static void
on_tick(struct frame *f)
{
	unsigned id = cpu_id();

	asm volatile("lock incq %0" : "+m" (*line_counter) :: "memory", "cc");
	own[id].ticks++;
	apic_eoi();
}

static void
on_flush(struct frame *f)
{
	invlpg(flush_va);
	own[cpu_id()].flushes++;
	apic_eoi();
	add_return(&acks, 1);
}

static void
start_timer(void)
{
	apic_write(0x3e0, 0xb);
	apic_write(0x320, 0x20000 | VEC_TICK);
	apic_write(0x380, 1000000);
}

static void
stop_timer(void)
{
	apic_write(0x380, 0);
	apic_write(0x320, 0x10000);
}

/* --- code ----------------------------------------------------------------------- */

static u32
call(ulong code)
{
	u32 v;

	asm volatile("call *%1" : "=a" (v) : "r" (code) : "memory", "cc");
	return v;
}

static void
put_mov(ulong at, u32 imm)
{
	u8 b[6] = { 0xb8, imm, imm >> 8, imm >> 16, imm >> 24, 0xc3 };

	copy((void *)at, b, sizeof(b));
}

/* In one's own page no synchronisation is asked for (SDM 3 9.1.3). */
static void
own_code(unsigned id)
{
	u32 v = (u32)next_random(&own[id].seed);

	put_mov(own[id].code + (v & 0x7f) * 16, v);
	own[id].wrong_code += call(own[id].code + (v & 0x7f) * 16) != v;
	own[id].smc++;
}

/* Who has the lock runs what the last one wrote, then writes another. */
static void
common_code(unsigned id)
{
	u32 r[4], v = (u32)next_random(&own[id].seed);

	take();
	cpuid(0, 0, r);
	own[id].wrong_code += call(shared_code) != shared_value;
	put_mov(shared_code, v);
	shared_value = v;
	release();
	own[id].smc++;
}

/* --- pages ------------------------------------------------------------------------ */

static void
move_page(unsigned id)
{
	ulong new = own[id].frame[own[id].which ^= 1];
	ulong old = own[id].frame[own[id].which ^ 1];
	u32 value = own[id].published + 1;

	*(volatile u32 *)new = value;
	take();
	*pte_at(OWN_PAGE(id), 1) = new | PTE_P | PTE_W;
	flush_va = OWN_PAGE(id);
	acks = 0;
	invlpg(flush_va);
	apic_send(0, ICR_OTHERS | ICR_ASSERT | VEC_FLUSH);
	while (acks < n_cpus - 1)
		relax();
	own[id].published = value;
	release();
	/* Nobody sees the old page any more. */
	*(volatile u32 *)old = 0;
	own[id].moves++;
}

static void
look_at_page(unsigned id)
{
	unsigned other = next_random(&own[id].seed) % n_cpus;
	u32 least = own[other].published;
	u32 v = *(volatile u32 *)OWN_PAGE(other);

	own[id].wrong_page += v < least;
}

/* --- all of it ---------------------------------------------------------------------- */

static void
work(unsigned id)
{
	start_timer();
	sti();
	while (rdtsc() < until) {
		unsigned what = next_random(&own[id].seed) % 4096;

		if (what == 0)
			move_page(id);
		else if (what < 8)
			common_code(id);
		else if (what < 400)
			own_code(id);
		else if (what < 500)
			count_pages(id);
		else if (what < 504 && id)
			asm volatile("hlt" ::: "memory");
		else if (what < 2000)
			count_lines(id);
		else
			look_at_page(id);
	}
	/* The others may still want answers: until all are here. */
	add_return(&lock.done, 1);
	while (lock.done < n_cpus)
		relax();
	cli();
	stop_timer();
}

static void
set_up(void)
{
	ulong a = page_alloc(), b = page_alloc(), c = page_alloc();

	page_map(COUNTERS, b | PTE_P | PTE_W);
	page_map(COUNTERS + 4096, a | PTE_P | PTE_W);
	page_counter = (volatile u64 *)(COUNTERS + 4096 - 3);
	line_counter = (volatile u64 *)(COUNTERS + 0x100 - 5);
	shared_code = c + 0x10;
	put_mov(shared_code, 0);
	for (unsigned id = 0; id < n_cpus; id++) {
		own[id].seed = 0x9e3779b97f4a7c15ull * (id + 1);
		own[id].code = page_alloc();
		own[id].frame[0] = page_alloc();
		own[id].frame[1] = page_alloc();
		page_map(OWN_PAGE(id), own[id].frame[0] | PTE_P | PTE_W);
	}
}

void
guest_main(void)
{
	u64 ms = option("ms", 2000);
	u64 lines = 0, pages = 0, ticks = 0, smc = 0, moves = 0;

	if (!smp_start())
		return;
	set_up();
	hook[VEC_TICK] = on_tick;
	hook[VEC_FLUSH] = on_flush;
	until = rdtsc() + ms * tsc_per_ms;
	on_all(work);
	for (unsigned i = 0; i < n_cpus; i++) {
		CHECK_EQ(own[i].wrong_code, 0, "SDM 3 9.1.3: old code");
		CHECK_EQ(own[i].wrong_page, 0, "SDM 3 4.10.5: an old page");
		CHECK(own[i].ticks > 0, "SDM 3 11.5.4: the timer ticks");
		CHECK(own[i].smc > 0, "everybody worked");
		lines += own[i].lines;
		pages += own[i].pages;
		ticks += own[i].ticks;
		smc += own[i].smc;
		moves += own[i].moves;
	}
	CHECK_EQ(*line_counter, lines + ticks,
	    "SDM 3 9.1.2.2: a locked counter over two lines");
	CHECK_EQ(*page_counter, pages,
	    "SDM 3 9.1.2.2: a locked counter over two pages");
	print("mix: %llu locked, %llu over pages, %llu ticks, %llu changes of "
	    "code, %llu shoot-downs\n", lines, pages, ticks, smc, moves);
}
