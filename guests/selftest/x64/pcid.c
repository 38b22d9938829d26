/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process-context identifiers: more address spaces than a processor is likely
 * to keep translations of, switched with and without invalidation (SDM 3
 * 4.10.1 and 4.10.4.1).  Translations that may be kept must be right, those
 * that were invalidated must be gone: for data and for instruction fetches,
 * by either privilege, and for pages that are both code and written to.
 */
#include "guest.h"

#define N 12
#define VA 0x123400000000ul
#define PAGE(n) (VA + (n) * 4096ul)
#define GLOBAL (WINDOW + 0x800000ul)
#define LARGE (WINDOW + 0x10000000ul)
#define NOFLUSH (1ul << 63)
#define CR4_PGE (1ul << 7)
#define CR4_PCIDE (1ul << 17)
#define DATA 64		/* where a page has its value; a function at 0 */

/*
 * Each space's own 2 MiB, one page each:
 *	0  a function that returns the page's value, and the value as data
 *	1  ends in the first byte of an instruction; the same everywhere
 *	2  the rest of the instruction, with the value
 *	3  one page for all of them, to be written and run
 */
static struct space {
	ulong root;
	u64 *pt;
	ulong pcid;
	u32 value;
} space[N];

static u32 next_value = 0x1000;
static unsigned now;		/* the current space */
static bool have_invpcid;

static void
to(unsigned i)
{
	now = i;
	write_cr3(space[i].root | space[i].pcid | NOFLUSH);
}

static void
to_clean(unsigned i)
{
	now = i;
	write_cr3(space[i].root | space[i].pcid);
}

/* mov $v, %eax; ret */
static void
put_function(volatile u8 *at, u32 v)
{
	at[0] = 0xb8;
	*(volatile u32 *)(at + 1) = v;
	at[5] = 0xc3;
}

static u32
call(ulong at)
{
	return ((u32 (*)(void))at)();
}

static ulong
value_page(u32 v)
{
	ulong p = page_alloc();

	put_function((u8 *)p, v);
	*(u32 *)(p + DATA) = v;
	return p;
}

static ulong
tail_page(u32 v)
{
	ulong p = page_alloc();

	*(u32 *)p = v;
	((u8 *)p)[4] = 0xc3;
	return p;
}

/* Give a space new pages in memory; nothing is invalidated. */
static void
change(struct space *s)
{
	s->value = next_value++;
	s->pt[0] = value_page(s->value) | 7;
	s->pt[2] = tail_page(s->value) | 7;
}

static void
make_space(struct space *s, unsigned i, ulong head, ulong shared)
{
	extern u64 boot_pml4[512];
	ulong pdpt = page_alloc(), pd = page_alloc();

	s->root = page_alloc();
	s->pt = (u64 *)page_alloc();
	s->pcid = i * 371 + 1;
	copy((void *)s->root, boot_pml4, 4096);
	((u64 *)s->root)[VA >> 39 & 511] = pdpt | 7;
	((u64 *)pdpt)[VA >> 30 & 511] = pd | 7;
	((u64 *)pd)[VA >> 21 & 511] = (ulong)s->pt | 7;
	s->pt[1] = head | 7;
	s->pt[3] = shared | 7;
	change(s);
}

/* The current space shows its pages. */
static void
look(const char *what)
{
	const struct space *s = &space[now];
	struct cpu c;

	CHECK_EQ(*(volatile u32 *)(PAGE(0) + DATA), s->value, what);
	CHECK_EQ(call(PAGE(0)), s->value, what);
	CHECK_EQ(call(PAGE(2) - 1), s->value, what);
	*(volatile u32 *)(PAGE(0) + DATA + 8) = s->value + 7;
	CHECK_EQ(*(u32 *)((s->pt[0] & ~0xffful) + DATA + 8), s->value + 7,
	    what);
	cpu_init_user(&c, CODE("mov 64(%rbx), %ecx; call *%rbx"));
	c.f.rbx = PAGE(0);
	run(&c);
	CHECK_EQ(c.f.vector, DONE, what);
	CHECK_EQ(c.f.rcx, s->value, what);
	CHECK_EQ(c.f.rax, s->value, what);
}

static unsigned
other(unsigned i, unsigned round)
{
	return (i + 1 + round % (N - 1)) % N;
}

static void
keeping(void)
{
	for (unsigned k = 0; k < 8 * N; k++) {
		to(k * 7 % N);
		look("SDM 3 4.10.1: each PCID has its own translations");
	}
	for (unsigned k = 0; k < 8 * N; k++) {
		to((k & 1) + (k / 16) * 2 % N);
		look("SDM 3 4.10.1: two PCIDs to and fro");
	}
}

/* --- invalidation, of translations that are not global --- */

static void
invpcid(ulong type, ulong pcid, ulong va)
{
	struct { u64 pcid, va; } d = { pcid, va };

	asm volatile("invpcid %0, %1" :: "m" (d), "r" (type) : "memory");
}

static void
by_cr3(unsigned i)
{
	to_clean(i);
}

static void
by_invpcid0(unsigned i)
{
	invpcid(0, space[i].pcid, PAGE(0) + 0x123);
	invpcid(0, space[i].pcid, PAGE(2));
}

static void
by_invpcid1(unsigned i)
{
	invpcid(1, space[i].pcid, 0);
}

static void
by_invpcid2(unsigned i)
{
	invpcid(2, 0, 0);
}

static void
by_invpcid3(unsigned i)
{
	invpcid(3, 0, 0);
}

static void
by_pge(unsigned i)
{
	write_cr4(read_cr4() ^ CR4_PGE);
	write_cr4(read_cr4() ^ CR4_PGE);
}

static void
by_pcide(unsigned i)
{
	ulong cr3 = read_cr3();

	write_cr4(read_cr4() & ~CR4_PCIDE);
	write_cr3(cr3 & ~0xffful);
	write_cr4(read_cr4() | CR4_PCIDE);
	write_cr3(cr3 | NOFLUSH);
}

static void
by_invlpg(unsigned i)
{
	to(i);
	invlpg(PAGE(0) + 0xfff);
	invlpg(PAGE(2));
}

static const struct scope {
	void (*drop)(unsigned i);
	bool invpcid;
	bool globals;		/* of all PCIDs too */
	const char *what;
} scopes[] = {
	{ by_cr3, false, false, "SDM 3 4.10.4.1: MOV CR3, bit 63 clear" },
	{ by_invlpg, false, false, "SDM 3 4.10.4.1: INVLPG" },
	{ by_invpcid0, true, false, "SDM 3 4.10.4.1: INVPCID type 0" },
	{ by_invpcid1, true, false, "SDM 3 4.10.4.1: INVPCID type 1" },
	{ by_invpcid2, true, true, "SDM 3 4.10.4.1: INVPCID type 2" },
	{ by_invpcid3, true, false, "SDM 3 4.10.4.1: INVPCID type 3" },
	{ by_pge, false, true, "SDM 3 4.10.4.1: CR4.PGE changes" },
	{ by_pcide, false, true, "SDM 3 4.10.4.1: CR4.PCIDE is cleared" },
};

static void
dropping(void)
{
	for (unsigned k = 0; k < ARRAY_LEN(scopes) * 2 * N; k++) {
		const struct scope *s = &scopes[k / 2 % ARRAY_LEN(scopes)];
		unsigned i = k / 3 % N, from = other(i, k);

		if (s->invpcid && !have_invpcid)
			continue;
		to(i);
		look("SDM 3 4.10.1: before a change");
		/* From another PCID, and while it is the current one. */
		if (!(k & 1))
			to(from);
		change(&space[i]);
		s->drop(i);
		to(i);
		look(s->what);
		to(from);
		look("SDM 3 4.10.1: the others are as they were");
	}
}

/* --- global pages --- */

static void
see_everywhere(ulong at, u32 v, const char *what)
{
	for (unsigned i = 0; i < N; i++) {
		to(i);
		CHECK_EQ(*(volatile u32 *)(at + DATA), v, what);
		CHECK_EQ(call(at), v, what);
	}
}

static void
by_invlpg_global(unsigned i)
{
	to(i);
	invlpg(GLOBAL);
}

static void
globals(void)
{
	static const struct scope invlpg_global = {
		by_invlpg_global, false, true,
		"SDM 3 4.10.4.1: INVLPG drops global pages of all PCIDs",
	};
	u32 v = next_value++;

	*pte_at(GLOBAL, 1) = value_page(v) | 7 | PTE_G;
	invlpg(GLOBAL);
	for (unsigned k = 0; k < 4 * ARRAY_LEN(scopes); k++) {
		const struct scope *s = &scopes[k % ARRAY_LEN(scopes)];

		if (!s->globals)
			s = &invlpg_global;
		if (s->invpcid && !have_invpcid)
			continue;
		see_everywhere(GLOBAL, v, "SDM 3 4.10.2.4: a global page");
		v = next_value++;
		*pte_at(GLOBAL, 1) = value_page(v) | 7 | PTE_G;
		s->drop(k % N);
		see_everywhere(GLOBAL, v, s->what);
	}
}

/* The same of a 2 MiB page; INVLPG names any address of it. */
static void
large_globals(void)
{
	volatile u64 *pde = pte_at(LARGE, 2);
	ulong frame = 0x2000000;

	for (unsigned k = 0; k < 2 * N; k++) {
		u32 v = next_value++;

		frame ^= 0x200000;
		put_function((u8 *)frame + 0x5000, v);
		*(u32 *)(frame + 0x5000 + DATA) = v;
		*pde = frame | 7 | PTE_PS | PTE_G;
		to(k % N);
		invlpg(LARGE + 0x1ff000);
		see_everywhere(LARGE + 0x5000, v,
		    "SDM 3 4.10.4.1: INVLPG in a large global page");
	}
	*pde = 0;
	invlpg(LARGE);
}

/* --- code that is written in one space and run in others --- */

static void
writing(ulong shared)
{
	for (unsigned k = 0; k < 10 * N; k++) {
		unsigned i = k % N, j = k * 5 % N, m = other(i, k);
		u32 v = next_value++;

		to(i);
		put_function((u8 *)PAGE(3), v);
		to(j);
		CHECK_EQ(call(PAGE(3)), v,
		    "SDM 3 8.1.3: code written in another address space");
		/* Here it was written before, while it was no code yet. */
		to(i);
		*(volatile u32 *)(PAGE(3) + 1) = v + 0x10000;
		to(m);
		CHECK_EQ(call(PAGE(3)), v + 0x10000,
		    "SDM 3 8.1.3: written again where it had been writable");
		*(volatile u32 *)(shared + 1) = v + 0x20000;
		to(j);
		CHECK_EQ(call(PAGE(3)), v + 0x20000,
		    "SDM 3 8.1.3: written at another address");
		if (k % 3)
			continue;
		/* Fresh, so that it is no code when it is written. */
		shared = page_alloc();
		for (unsigned s = 0; s < N; s++) {
			space[s].pt[3] = shared | 7;
			to_clean(s);
			*(volatile u32 *)(PAGE(3) + 256 + 4 * s) = s;
		}
	}
}

/* One page at more addresses than anybody keeps a note of. */
static void
aliases(void)
{
	ulong page = page_alloc();

	for (unsigned k = 0; k < 12; k++)
		page_map(GLOBAL + 0x10000 + k * 0x3000, page | 7);
	for (unsigned round = 0; round < 40; round++) {
		u32 v = next_value;

		for (unsigned k = 0; k < 12; k++) {
			to(k % 4);
			put_function((u8 *)GLOBAL + 0x10000 + k * 0x3000, v + k);
		}
		next_value += 32;
		to(round % N);
		CHECK_EQ(call(page), v + 11, "SDM 3 8.1.3: written, run");
		for (unsigned k = 0; k < 12; k++) {
			volatile u8 *at = (u8 *)GLOBAL + 0x10000 + k * 0x3000;

			to(k % 4);
			*(volatile u32 *)(at + 1) = v + 12 + k;
			CHECK_EQ(call(page), v + 12 + k,
			    "SDM 3 8.1.3: written at one of many addresses");
		}
		/* A fresh page: no code yet. */
		if (round % 3)
			continue;
		page = page_alloc();
		for (unsigned k = 0; k < 12; k++)
			page_map(GLOBAL + 0x10000 + k * 0x3000, page | 7);
		invpcid(2, 0, 0);
	}
}

/* --- a long rest --- */

/* Asleep for more than two seconds, woken by the PIT all the time. */
static void
rest(void)
{
	ulong p = CODE("sti; hlt; nop");
	struct cpu c;

	pic_setup(0x20, 0xfffe);
	pit_periodic(0);
	for (unsigned k = 0; k < 45; k++) {
		run_kernel(&c, p);
		CHECK_EQ(c.f.vector, 0x20, "SDM 2 HLT: an interrupt ends it");
		pic_eoi(0);
	}
	pic_setup(0x20, 0xffff);
}

/* Translations that nobody used meanwhile are right or gone. */
static void
resting(void)
{
	volatile u64 *pde = pte_at(LARGE, 2);
	u32 v = next_value++;

	keeping();
	for (ulong frame = 0x2000000; frame < 0x2400000; frame += 0x200000) {
		put_function((u8 *)frame + 0x5000, v);
		*(u32 *)(frame + 0x5000 + DATA) = v;
		*pde = frame | 7 | PTE_PS | PTE_G;
		to(v % N);
		invlpg(LARGE + 0x1ff000);
		see_everywhere(LARGE + 0x5000, v,
		    "SDM 3 4.10.4.1: INVLPG in a large global page");
		rest();
		v = next_value++;
	}
	*pde = 0;
	invlpg(LARGE);
	keeping();
}

void
guest_main(void)
{
	ulong cr3 = read_cr3(), cr4 = read_cr4();
	ulong head = page_alloc(), shared = page_alloc();

	if (!has(1, 0, 2, 17)) {
		CHECK(false, "SDM 2 CPUID: PCID is offered on any host");
		return;
	}
	have_invpcid = has(7, 0, 1, 10);
	CHECK(have_invpcid, "SDM 2 CPUID: INVPCID is offered on any host");
	((u8 *)head)[4095] = 0xb8;
	for (unsigned i = 0; i < N; i++)
		make_space(&space[i], i, head, shared);
	(void)pte_at(GLOBAL, 1);
	(void)pte_at(LARGE, 2);
	write_cr4(cr4 | CR4_PGE | CR4_PCIDE);
	keeping();
	dropping();
	globals();
	large_globals();
	writing(shared);
	aliases();
	resting();
	write_cr3(cr3);
	write_cr4(cr4);
}
