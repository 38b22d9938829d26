/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cross-modifying code (SDM 3, 9.1.3; APM 2, 7.6.1): processor 0 changes code
 * that the others run.  After the synchronisation that the manual asks for
 * nobody may run the old code; before it old or new, but nothing else.
 *
 * "count" is how many changes each test makes, "ms" how long it takes at most
 * (0: as long as it takes).
 */
#include "smp.h"

enum { VEC_SYNC = 0x70 };
#define POISON 0xdeadu

static ulong count, ms;
static u64 until;			/* TSC */

/* --- what the processors share ----------------------------------------------- */

static struct {
	volatile u64 flag __attribute__((aligned(64)));
	volatile bool over;
	volatile unsigned acks __attribute__((aligned(64)));
	volatile ulong flush;		/* page for VEC_SYNC to forget */
	volatile bool flush_all;
} shared;
static struct {
	volatile u64 seen __attribute__((aligned(64)));
	u64 wrong, first_wrong, runs, traps;
} cpu[SMP_MAX_CPUS];

static bool
time_is_up(void)
{
	return ms && rdtsc() > until;
}

static void
wrong(unsigned id, u64 v)
{
	if (!cpu[id].wrong++)
		cpu[id].first_wrong = v;
}

static inline u32
call(ulong code)
{
	u32 v;

	asm volatile("call *%1" : "=a" (v) : "r" (code) : "memory", "cc");
	return v;
}

static inline void
serialise(void)
{
	u32 r[4];

	cpuid(0, 0, r);
}

/* One's own IRET serialises, too. */
static inline void
serialise_iret(void)
{
	ulong t;

	asm volatile("mov %%rsp, %0\nmov %%ss, %%eax\npush %%rax\n"
	    "push %0\npushf\nmov %%cs, %%eax\npush %%rax\n"
	    "lea 1f(%%rip), %%rax\npush %%rax\niretq\n1:"
	    : "=&r" (t) :: "rax", "memory");
}

static void
on_sync(struct frame *f)
{
	serialise();
	if (shared.flush)
		invlpg(shared.flush);
	if (shared.flush_all)
		write_cr3(read_cr3());
	apic_eoi();
	add_return(&shared.acks, 1);
}

/* Every other processor goes through on_sync(). */
static void
sync_all(void)
{
	shared.acks = 0;
	apic_send(0, ICR_OTHERS | ICR_ASSERT | VEC_SYNC);
	while (shared.acks < n_cpus - 1)
		relax();
}

/* The others run fn, this one writer(i) until count or the time is over. */
static void
play(const char *what, cpu_fn *fn, void (*writer)(u64 i))
{
	u64 n = 0, runs = 0, traps = 0;

	fill(cpu, 0, sizeof(cpu));
	shared.over = false;
	shared.flag = 0;
	until = rdtsc() + ms * tsc_per_ms;
	for (unsigned id = 1; id < n_cpus; id++)
		start_on(id, fn);
	while (n < count && !time_is_up())
		writer(++n);
	shared.over = true;
	for (unsigned id = 1; id < n_cpus; id++)
		if (!wait_on(id, 60000))
			guest_fail("a processor does not come to its end");
	for (unsigned id = 0; id < n_cpus; id++) {
		/* TCG misses a store by another address now and then. */
		tcg_wrong();
		check_eq_at(cpu[id].wrong, 0, __FILE__, __LINE__,
		    "times that old or torn code ran", what);
		if (cpu[id].wrong)
			print("  processor %u, first: %llx\n", id,
			    cpu[id].first_wrong);
		runs += cpu[id].runs;
		traps += cpu[id].traps;
	}
	CHECK(n > 0 && runs > 0, "something happened");
	print("%s: %llu changes, %llu runs, %llu traps\n", what, n, runs, traps);
}

static void
wait_seen(u64 i)
{
	for (unsigned id = 1; id < n_cpus; id++)
		while (cpu[id].seen != i)
			relax();
}

/* --- (a), (c): a store, a flag, a serialising instruction -------------------- */

/* mov $imm, %eax; ret: where it is run, where its immediate is written. */
static struct {
	ulong run, imm;
	bool racing;		/* run it meanwhile, too: imm is aligned */
	bool iret;
} site;

static void
put_mov(ulong at, u32 imm)
{
	u8 b[6] = { 0xb8, imm, imm >> 8, imm >> 16, imm >> 24, 0xc3 };

	copy((void *)at, b, sizeof(b));
}

static void
store_writer(u64 i)
{
	*(volatile u32 *)site.imm = (u32)i;
	barrier_compiler();
	shared.flag = i;
	wait_seen(i);
}

static void
store_runner(unsigned id)
{
	for (u64 i = 1;; i++) {
		while (shared.flag != i) {
			u32 v = (u32)i;

			if (shared.over && shared.flag != i)
				return;
			if (site.racing)
				v = call(site.run);
			else
				relax();
			cpu[id].runs++;
			if (v != i && v != i - 1)
				wrong(id, v);
		}
		if (site.iret)
			serialise_iret();
		else
			serialise();
		if (call(site.run) != i)
			wrong(id, i);
		cpu[id].seen = i;
	}
}

static void
store_at(const char *what, ulong run, ulong imm, bool racing, bool iret)
{
	site.run = run;
	site.imm = imm;
	site.racing = racing;
	site.iret = iret;
	put_mov(run, 0);
	play(what, store_runner, store_writer);
}

static void
stores(void)
{
	ulong a = page_alloc(), b = page_alloc(), c = page_alloc();

	store_at("SDM 3 9.1.3: store, flag, CPUID", a + 0x103, a + 0x104, true,
	    false);
	store_at("SDM 3 9.3: store, flag, IRET", a + 0x203, a + 0x204, true,
	    true);
	page_map(WINDOW, a | PTE_P | PTE_W);
	store_at("SDM 3 9.1.3: written by another linear address", WINDOW +
	    0x303, a + 0x304, true, false);
	store_at("SDM 3 9.1.3: run by another linear address", a + 0x403,
	    WINDOW + 0x404, true, false);
	store_at("SDM 3 9.1.3: over a line's end", a + 0x53d, a + 0x53e, false,
	    false);
	/* Over the end of a page, on pages in the wrong order. */
	page_map(WINDOW + 0x10000, c | PTE_P | PTE_W);
	page_map(WINDOW + 0x11000, b | PTE_P | PTE_W);
	store_at("SDM 3 9.1.3: over a page's end", WINDOW + 0x10ffd,
	    WINDOW + 0x10ffe, false, false);
}

/* --- (b): INT3 first, as Linux does it ----------------------------------------- */

/*
 * xor %eax, %eax; five bytes; ret.  The five bytes are now one instruction and
 * now another: mov $1, %eax; or a jump to a piece of code that does
 * mov $2, %eax; ret; or a long NOP.  While INT3 is there, its handler does
 * mov $3, %eax.
 */
static ulong poke;
static u8 variants[3][5] = {
	{ 0xb8, 1, 0, 0, 0 }, { 0xe9 }, { 0x0f, 0x1f, 0x44, 0, 0 },
};
static const u32 variant_value[3] = { 1, 2, 0 };
/* Who runs it finds one of these: this one, the one before, or INT3. */
static volatile u64 poke_done;

static void
on_int3(struct frame *f)
{
	if (f->rip != poke + 1) {
		print("INT3 at %lx\n", f->rip);
		guest_fail("INT3 somewhere else");
	}
	f->rip = poke + 5;
	f->rax = 3;
	cpu[cpu_id()].traps++;
}

static void
poke_setup(ulong page)
{
	static const u8 head[2] = { 0x31, 0xc0 }, tail[1] = { 0xc3 };
	int jump;

	/* The five bytes lie over the end of a line. */
	poke = page + 0x23e;
	copy((void *)(poke - 2), head, 2);
	copy((void *)(poke + 5), tail, 1);
	put_mov(page + 0x800, 2);
	jump = (int)(page + 0x800 - (poke + 5));
	copy(&variants[1][1], &jump, 4);
	copy((void *)poke, variants[0], 5);
	poke_done = 0;
}

static void
poke_writer(u64 i)
{
	volatile u8 *p = (volatile u8 *)poke;
	const u8 *to = variants[i % 3];

	p[0] = 0xcc;
	sync_all();
	for (unsigned k = 1; k < 5; k++)
		p[k] = to[k];
	sync_all();
	p[0] = to[0];
	sync_all();
	poke_done = i;
}

static void
poke_runner(unsigned id)
{
	sti();
	while (!shared.over) {
		u64 before = poke_done, after;
		u32 v = call(poke - 2);

		after = poke_done;
		cpu[id].runs++;
		/* Not older than before the call, nor newer than after it. */
		if (v == 3)
			continue;
		for (u64 i = before; i <= after + 1; i++)
			if (v == variant_value[i % 3])
				goto known;
		wrong(id, v);
known:;
	}
	cli();
}

static void
pokes(void)
{
	hook[BP] = on_int3;
	idt_set(BP, trap_stubs[BP], 0x8e, 0);
	poke_setup(page_alloc());
	play("SDM 3 9.1.3: INT3, sync, tail, sync, head, sync", poke_runner,
	    poke_writer);
	hook[BP] = NULL;
}

/* --- (e): pages that are written, run, given back ----------------------------- */

#define POOL 8
static ulong pool[POOL];
static struct {
	volatile ulong code;
	volatile u32 want;
} box;

/* NOPs, a few, then mov $v, %eax; ret; its address. */
static ulong
fresh_code(ulong page, u64 *seed, u32 v)
{
	unsigned n = next_random(seed) % 7, at = next_random(seed) % 64 * 61;

	fill((void *)page, 0xcc, 4096);
	fill((void *)(page + at), 0x90, n);
	put_mov(page + at + n, v);
	return page + at;
}

static void
fresh_writer(u64 i)
{
	static u64 seed = 0x1357;
	ulong page = pool[next_random(&seed) % POOL];

	/* Run by oneself first: the other one's code was here. */
	if (call(fresh_code(page, &seed, ~(u32)i)) != ~(u32)i)
		wrong(0, i);
	box.want = (u32)i;
	box.code = fresh_code(page, &seed, (u32)i);
	barrier_compiler();
	shared.flag = i;
	wait_seen(i);
}

static void
fresh_runner(unsigned id)
{
	u64 seed = 0x97531 * id;

	for (u64 i = 1;; i++) {
		while (shared.flag != i) {
			if (shared.over && shared.flag != i)
				return;
			relax();
		}
		serialise();
		cpu[id].runs++;
		if (call(box.code) != box.want)
			wrong(id, i);
		/* The last one uses the page for something of its own. */
		if (id == n_cpus - 1 && n_cpus == 2 &&
		    call(fresh_code(box.code & ~4095ul, &seed, 7)) != 7)
			wrong(id, i);
		cpu[id].seen = i;
	}
}

static void
fresh(void)
{
	for (unsigned i = 0; i < POOL; i++)
		pool[i] = page_alloc();
	play("SDM 3 9.1.3: pages used again", fresh_runner, fresh_writer);
}

/* --- (f): another page, and a shoot-down ---------------------------------------- */

#define MOVED (WINDOW + 0x20000)
static ulong frames[3];
static volatile u64 moved_done;

static void
move_writer(u64 i)
{
	ulong new = frames[i % 3], old = frames[(i + 2) % 3];

	/* Nobody has the new page; what is in it came from round i - 3. */
	put_mov(new + 0x100, (u32)i);
	*(volatile u32 *)(new + 0x800) = (u32)i;
	barrier_compiler();
	*pte_at(MOVED, 1) = new | PTE_P | PTE_W | PTE_A | PTE_D |
	    (i & 4 ? PTE_G : 0);
	/* A global entry outlives MOV CR3. */
	shared.flush = i & 8 && !((i - 1) & 4) ? 0 : MOVED;
	shared.flush_all = !shared.flush;
	invlpg(MOVED);
	sync_all();
	shared.flush = 0;
	shared.flush_all = false;
	moved_done = i;
	barrier_compiler();
	put_mov(old + 0x100, POISON << 16);
	*(volatile u32 *)(old + 0x800) = POISON << 16;
	serialise();
	if (call(MOVED + 0x100) != (u32)i ||
	    *(volatile u32 *)(MOVED + 0x800) != (u32)i)
		wrong(0, i);
}

static void
move_runner(unsigned id)
{
	sti();
	while (!shared.over) {
		u64 before = moved_done;
		u32 run = call(MOVED + 0x100);
		u32 data = *(volatile u32 *)(MOVED + 0x800);
		u64 after = moved_done;

		cpu[id].runs++;
		if (run < before || run > after + 1)
			wrong(id, (u64)run << 32 | (u32)before);
		if (data < before || data > after + 1)
			wrong(id, (u64)data << 32 | (u32)before);
	}
	cli();
}

static void
moves(void)
{
	for (unsigned i = 0; i < 3; i++)
		frames[i] = page_alloc();
	write_cr4(read_cr4() | 0x80);
	put_mov(frames[0] + 0x100, 0);
	page_map(MOVED, frames[0] | PTE_P | PTE_W);
	moved_done = 0;
	play("SDM 3 4.10.5: another page, INVLPG everywhere", move_runner,
	    move_writer);
}

static void
allow_global(unsigned id)
{
	write_cr4(read_cr4() | 0x80);
}

void
guest_main(void)
{
	count = option("count", 20000);
	ms = option("ms", 1000);
	if (!smp_start())
		return;
	if (n_cpus < 2)
		guest_fail("this takes two processors");
	hook[VEC_SYNC] = on_sync;
	on_all(allow_global);
	stores();
	pokes();
	fresh();
	moves();
}
