/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses across a page boundary: right bytes, all or nothing when the first
 * or the second page is missing, and the right address in CR2; strings that
 * fault in the middle leave exact partial progress (SDM 3 6.5, SDM 2 REP).
 */
#include "guest.h"

#define VA (WINDOW + 0x800000ul)
#define EDGE (VA + 4096)

static ulong p0, p1;

struct kind {
	const char *what;
	ulong (*code)(void);
	unsigned size;
	bool store;
};

#define KIND(name, text) static ulong name(void) { return CODE(text); }
KIND(ld2, "mov (%rbx), %ax")
KIND(ld4, "mov (%rbx), %eax")
KIND(ld8, "mov (%rbx), %rax")
KIND(ld16, "movdqu (%rbx), %xmm0")
KIND(st2, "mov %ax, (%rbx)")
KIND(st4, "mov %eax, (%rbx)")
KIND(st8, "mov %rax, (%rbx)")
KIND(st16, "movdqu %xmm0, (%rbx)")
KIND(add4, "add %eax, (%rbx)")
KIND(add8, "add %rax, (%rbx)")
KIND(lock4, "lock xadd %eax, (%rbx)")
KIND(lock8, "lock xadd %rax, (%rbx)")
KIND(xchg8, "xchg %rax, (%rbx)")
KIND(push8, "mov %rbx, %rsp; add $8, %rsp; push %rax")
KIND(pop8, "mov %rbx, %rsp; pop %rax")
KIND(call8, "mov %rbx, %rsp; add $8, %rsp; call 1f; 1:")
KIND(fld10, "fldt (%rbx)")
KIND(fst10, "fld1; fstpt (%rbx)")
KIND(movbe4, "movbe (%rbx), %eax")
KIND(shl4, "shll $1, (%rbx)")
KIND(bts4, "btsl $3, (%rbx)")
KIND(movs8, "mov %rbx, %rsi; lea -256(%rsp), %rdi; movsq")
KIND(stos8, "mov %rbx, %rdi; stosq")

static const struct kind kinds[] = {
	{ "load 2", ld2, 2, false }, { "load 4", ld4, 4, false },
	{ "load 8", ld8, 8, false }, { "MOVDQU load", ld16, 16, false },
	{ "store 2", st2, 2, true }, { "store 4", st4, 4, true },
	{ "store 8", st8, 8, true }, { "MOVDQU store", st16, 16, true },
	{ "ADD m32", add4, 4, true }, { "ADD m64", add8, 8, true },
	{ "LOCK XADD m32", lock4, 4, true },
	{ "LOCK XADD m64", lock8, 8, true }, { "XCHG m64", xchg8, 8, true },
	{ "PUSH", push8, 8, true }, { "POP", pop8, 8, false },
	{ "CALL", call8, 8, true }, { "FLD m80", fld10, 10, false },
	{ "FSTP m80", fst10, 10, true }, { "MOVBE", movbe4, 4, false },
	{ "SHL m32", shl4, 4, true }, { "BTS m32", bts4, 4, true },
	{ "MOVSQ", movs8, 8, false }, { "STOSQ", stos8, 8, true },
};

static void
pages(u64 first, u64 second)
{
	page_map(VA, first ? p0 | first : 0);
	page_map(EDGE, second ? p1 | second : 0);
}

static void
refill(void)
{
	for (unsigned i = 0; i < 4096; i++) {
		((u8 *)p0)[i] = i * 7;
		((u8 *)p1)[i] = i * 11 + 3;
	}
}

static bool
untouched(void)
{
	for (unsigned i = 0; i < 4096; i++)
		if (((u8 *)p0)[i] != (u8)(i * 7) ||
		    ((u8 *)p1)[i] != (u8)(i * 11 + 3))
			return false;
	return true;
}

static void
one(const struct kind *k, unsigned before)
{
	static const struct { u64 first, second; } maps[] = {
		{ 3, 3 }, { 3, 0 }, { 0, 3 }, { 0, 0 }, { 3, 1 }, { 1, 3 },
	};
	ulong code = k->code();

	for (unsigned m = 0; m < ARRAY_LEN(maps); m++) {
		bool ok0 = maps[m].first && (!k->store || maps[m].first & 2);
		bool ok1 = maps[m].second && (!k->store || maps[m].second & 2);
		unsigned failed = checks_failed;
		struct cpu c;
		u32 error;

		refill();
		pages(maps[m].first, maps[m].second);
		cpu_init(&c, code);
		c.f.rbx = EDGE - before;
		c.f.rax = 0x1122334455667788;
		run(&c);
		if (ok0 && ok1) {
			EXPECT(&c, DONE, 0, -1, "SDM 1 4.1.1: unaligned access");
		} else {
			error = (k->store ? 2 : 0) |
			    (ok0 ? !!maps[m].second : !!maps[m].first);
			CHECK_EQ(c.f.vector, PF, "SDM 3 4.7: second page fault");
			/* TCG reads first when an instruction does both. */
			tcg_wrong();
			CHECK_EQ(c.f.error, error, "SDM 3 4.7: its error code");
			CHECK_EQ(c.cr2, ok0 ? EDGE : EDGE - before,
			    "SDM 3 4.7: CR2 is in the page that faults");
			/* FSTP m80 is two stores there. */
			tcg_wrong();
			CHECK(untouched(), "SDM 3 6.5: faults change no memory");
		}
		if (checks_failed != failed)
			print("  in: %s, %u bytes before the edge, map %u\n",
			    k->what, before, m);
	}
}

static void
edges(void)
{
	write_cr0(read_cr0() | 1 << 16);
	for (unsigned i = 0; i < ARRAY_LEN(kinds); i++)
		for (unsigned b = 1; b < kinds[i].size; b++)
			one(&kinds[i], b);
	write_cr0(read_cr0() & ~(1ul << 16));
}

/* Values, not only faults. */
static void
values(void)
{
	pages(3, 3);
	for (unsigned b = 1; b < 8; b++) {
		u64 v, want = 0;
		volatile u64 *at = (u64 *)(EDGE - b);

		refill();
		for (unsigned i = 0; i < 8; i++) {
			u8 byte = i < b ? (4096 - b + i) * 7 :
			    (i - b) * 11 + 3;

			want |= (u64)byte << 8 * i;
		}
		CHECK_EQ(*at, want, "SDM 1 4.1.1: load across pages");
		v = 0xa1b2c3d4e5f60718ull;
		*at = v;
		for (unsigned i = 0; i < 8; i++)
			CHECK_EQ(i < b ? ((u8 *)p0)[4096 - b + i] :
			    ((u8 *)p1)[i - b], (v >> 8 * i) & 0xff,
			    "SDM 1 4.1.1: store across pages");
		CHECK_EQ(*at, v, "SDM 1 4.1.1: and back");
		asm volatile("lock xaddq %0, %1" : "+r" (v), "+m" (*at));
		CHECK_EQ(*at, v * 2, "SDM 3 8.1.2.2: LOCK across pages");
	}
}

static void
strings(void)
{
	ulong stosb = CODE("rep stosb"), movsq = CODE("rep movsq");
	ulong cmps = CODE("repe cmpsb"), lods = CODE("rep lodsb");
	ulong down = CODE("std; rep stosb; cld"), scas = CODE("repne scasb");
	struct cpu c;

	refill();
	pages(3, 0);
	cpu_init(&c, stosb);
	c.f.rdi = EDGE - 10;
	c.f.rcx = 100;
	run(&c);
	EXPECT(&c, PF, 2, stosb, "SDM 2 REP: fault at the second page");
	CHECK_EQ(c.f.rcx, 90, "SDM 2 REP: count of what is left");
	CHECK_EQ(c.f.rdi, EDGE, "SDM 2 REP: RDI at the byte that faults");
	CHECK_EQ(c.cr2, EDGE, "SDM 2 REP: CR2");
	CHECK_EQ(((u8 *)p0)[4086], 0, "SDM 2 REP: bytes before are stored");
	page_map(EDGE, p1 | 3);
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 2 REP: restarts where it stopped");
	CHECK_EQ(((u8 *)p1)[89], 0, "SDM 2 REP: to the last byte");
	CHECK_EQ(((u8 *)p1)[90], (u8)(90 * 11 + 3), "SDM 2 REP: and not more");
	page_map(EDGE, 0);
	cpu_init(&c, movsq);
	c.f.rdi = EDGE - 20;
	c.f.rsi = (ulong)p1;
	c.f.rcx = 8;
	run(&c);
	EXPECT(&c, PF, 2, movsq, "SDM 2 REP MOVSQ: element across the edge");
	CHECK_EQ(c.f.rcx, 6, "SDM 2 REP MOVSQ: two whole elements");
	CHECK_EQ(c.f.rdi, EDGE - 4, "SDM 2 REP MOVSQ: RDI");
	CHECK_EQ(c.f.rsi, p1 + 16, "SDM 2 REP MOVSQ: RSI");
	cpu_init(&c, movsq);
	c.f.rdi = p1;
	c.f.rsi = EDGE - 16;
	c.f.rcx = 4;
	run(&c);
	EXPECT(&c, PF, 0, movsq, "SDM 2 REP MOVSQ: source faults");
	CHECK_EQ(c.f.rcx, 2, "SDM 2 REP MOVSQ: source, count");
	CHECK_EQ(c.cr2, EDGE, "SDM 2 REP MOVSQ: source, CR2");
	/* Downwards, from the present page into the hole below. */
	pages(0, 3);
	cpu_init(&c, down);
	c.f.rdi = EDGE + 5;
	c.f.rcx = 20;
	run(&c);
	EXPECT(&c, PF, 2, down + 1, "SDM 2 REP: downwards");
	CHECK_EQ(c.f.rcx, 14, "SDM 2 REP: downwards, count");
	CHECK_EQ(c.f.rdi, EDGE - 1, "SDM 2 REP: downwards, RDI");
	pages(3, 0);
	refill();
	cpu_init(&c, cmps);
	c.f.rsi = EDGE - 6;
	c.f.rdi = p0 + 4096 - 6;
	c.f.rcx = 50;
	run(&c);
	EXPECT(&c, PF, 0, cmps, "SDM 2 REPE CMPSB: equal up to the edge");
	CHECK_EQ(c.f.rcx, 44, "SDM 2 REPE CMPSB: count");
	cpu_init(&c, scas);
	c.f.rdi = EDGE - 6;
	c.f.rcx = 50;
	c.f.rax = 0xee;
	((u8 *)p0)[4093] = 0xee;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 2 REPNE SCASB: found before the edge");
	CHECK_EQ(c.f.rdi, EDGE - 2, "SDM 2 REPNE SCASB: RDI behind the match");
	CHECK_EQ(c.f.rcx, 46, "SDM 2 REPNE SCASB: count");
	cpu_init(&c, lods);
	c.f.rsi = EDGE - 3;
	c.f.rcx = 9;
	run(&c);
	EXPECT(&c, PF, 0, lods, "SDM 2 REP LODSB: fault");
	CHECK_EQ(c.f.rcx, 6, "SDM 2 REP LODSB: count");
	/* Overlapping copies go byte by byte. */
	pages(3, 3);
	fill((void *)p0, 0, 64);
	*(u8 *)p0 = 0x5a;
	cpu_init(&c, CODE("rep movsb"));
	c.f.rsi = VA;
	c.f.rdi = VA + 1;
	c.f.rcx = 60;
	run(&c);
	CHECK_EQ(((u8 *)p0)[60], 0x5a, "SDM 2 REP MOVSB: overlap propagates");
	*(u64 *)p0 = 0x0807060504030201;
	cpu_init(&c, CODE("rep movsb"));
	c.f.rsi = VA;
	c.f.rdi = VA + 3;
	c.f.rcx = 30;
	run(&c);
	CHECK_EQ(((u8 *)p0)[32], ((u8 *)p0)[29],
	    "SDM 2 REP MOVSB: overlap by 3 repeats the pattern");
}

/* The code itself straddles into a page that is missing. */
static void
fetches(void)
{
	static const u8 mov[] = { 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 0xcd, 0x30 };
	struct cpu c;

	for (unsigned b = 1; b < 10; b++) {
		pages(3, 3);
		copy((void *)(EDGE - b), mov, sizeof(mov));
		page_map(EDGE, 0);
		cpu_init(&c, EDGE - b);
		run(&c);
		EXPECT(&c, PF, 0x10, EDGE - b, "SDM 3 4.7: fetch, second page");
		CHECK_EQ(c.cr2, EDGE, "SDM 3 4.7: CR2 is in the second page");
		page_map(EDGE, p1 | 3 | PTE_NX);
		run(&c);
		EXPECT(&c, PF, 0x11, EDGE - b, "SDM 3 4.6: second page is NX");
		page_map(EDGE, p1 | 3);
		run(&c);
		EXPECT(&c, DONE, 0, EDGE - b + 12, "SDM 3 4.7: then it runs");
		CHECK_EQ(c.f.rax, 0x0807060504030201, "SDM 2 MOV: all bytes");
	}
	/* A whole block ends at the edge: the fault is at the edge. */
	pages(3, 3);
	fill((void *)(EDGE - 8), 0x90, 8);
	page_map(EDGE, 0);
	cpu_init(&c, EDGE - 8);
	run(&c);
	EXPECT(&c, PF, 0x10, EDGE, "SDM 3 4.7: fetch at the page's start");
	CHECK_EQ(c.cr2, EDGE, "SDM 3 4.7: CR2 equals RIP");
}

void
guest_main(void)
{
	p0 = page_alloc();
	p1 = page_alloc();
	edges();
	values();
	strings();
	fetches();
}
