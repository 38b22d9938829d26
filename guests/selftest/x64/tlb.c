/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What invalidates translations, and what must not: INVLPG, MOV CR3, global
 * pages, CR4 changes, PCIDs, INVPCID; pages of 2 MiB and 1 GiB; permission
 * changes (SDM 3 4.10).  Claims about stale translations are not made: a
 * processor may drop one at any time.
 */
#include "guest.h"

#define VA (WINDOW + 0x600000ul)
#define CR4_PGE (1ul << 7)
#define CR4_PCIDE (1ul << 17)

static ulong a, b;

static ulong
peek(void)
{
	return *(volatile ulong *)VA;
}

static void
poke_pte(ulong page, u64 bits)
{
	*pte_at(VA, 1) = page | bits;
}

static void
flushes(void)
{
	u64 g = 0;

	for (unsigned round = 0; round < 2; round++, g = PTE_G) {
		write_cr4(read_cr4() | CR4_PGE);
		poke_pte(a, 3 | g);
		invlpg(VA);
		CHECK_EQ(peek(), 'a', "SDM 3 4.10.4.1: mapped");
		poke_pte(b, 3 | g);
		invlpg(VA + 0x123);
		CHECK_EQ(peek(), 'b', "SDM 3 4.10.4.1: INVLPG, global or not");
		poke_pte(a, 3 | g);
		write_cr4(read_cr4() & ~CR4_PGE);
		CHECK_EQ(peek(), 'a', "SDM 3 4.10.4.1: clearing CR4.PGE flushes all");
		write_cr4(read_cr4() | CR4_PGE);
		poke_pte(b, 3 | g);
		write_cr4(read_cr4() ^ CR4_PGE);
		write_cr4(read_cr4() ^ CR4_PGE);
		CHECK_EQ(peek(), 'b', "SDM 3 4.10.4.1: toggling CR4.PGE");
	}
	poke_pte(a, 3);
	invlpg(VA);	/* the global translation may outlive MOV CR3 */
	(void)peek();
	poke_pte(b, 3);
	write_cr3(read_cr3());
	CHECK_EQ(peek(), 'b', "SDM 3 4.10.4.1: MOV CR3 flushes non-global");
	poke_pte(a, 3);
	write_cr3(read_cr3());
	CHECK_EQ(peek(), 'a', "SDM 3 4.10.4.1: again");
	write_cr4(read_cr4() & ~CR4_PGE);
}

static void
permissions(void)
{
	ulong wr = CODE("movb $1, 128(%rbx)"), rd = CODE("mov (%rbx), %al");
	struct cpu c;

	write_cr0(read_cr0() | 1 << 16);
	for (unsigned i = 0; i < 4; i++) {
		page_map(VA, a | 3);
		(void)peek();
		*(volatile u8 *)(VA + 64) = 1;
		page_map(VA, a | 1);
		cpu_init(&c, wr);
		c.f.rbx = VA;
		run(&c);
		EXPECT(&c, PF, 3, wr, "SDM 3 4.10.4.2: made read-only");
		page_map(VA, 0);
		cpu_init(&c, rd);
		c.f.rbx = VA;
		run(&c);
		EXPECT(&c, PF, 0, rd, "SDM 3 4.10.4.2: made not present");
		/* No INVLPG is needed to gain a right. */
		*pte_at(VA, 1) = a | 3;
		cpu_init(&c, rd);
		c.f.rbx = VA;
		run(&c);
		EXPECT(&c, DONE, 0, -1,
		    "SDM 3 4.10.2.3: not-present is not cached");
	}
	/* A right is gained after the fault itself. */
	page_map(VA, a | 1);
	cpu_init(&c, wr);
	c.f.rbx = VA;
	run(&c);
	EXPECT(&c, PF, 3, wr, "SDM 3 4.6: read-only");
	*pte_at(VA, 1) = a | 3;
	cpu_init(&c, wr);
	c.f.rbx = VA;
	run(&c);
	EXPECT(&c, DONE, 0, -1,
	    "SDM 3 4.10.4.1: a page fault invalidates its translation");
	/* A 4 KiB entry at a higher level. */
	page_map(VA, a | 3);
	(void)peek();
	*pte_at(VA, 2) &= ~2ull;
	write_cr3(read_cr3());
	cpu_init(&c, wr);
	c.f.rbx = VA;
	run(&c);
	EXPECT(&c, PF, 3, wr, "SDM 3 4.6: R/W of the directory entry");
	*pte_at(VA, 2) |= 2;
	write_cr0(read_cr0() & ~(1ul << 16));
	write_cr3(read_cr3());
}

static void
accessed(void)
{
	volatile u64 *pte = pte_at(VA, 1);

	page_map(VA, a | 3);
	*(volatile u8 *)(VA + 64) = 1;
	CHECK_EQ(*pte & 0x60, 0x60, "SDM 3 4.8: A and D");
	for (unsigned i = 0; i < 5; i++) {
		*pte &= ~0x60ull;
		invlpg(VA);
		(void)peek();
		CHECK_EQ(*pte & 0x60, 0x20, "SDM 3 4.8: A again after INVLPG");
		*(volatile u8 *)(VA + 64) = 1;
		CHECK_EQ(*pte & 0x60, 0x60, "SDM 3 4.8: D again");
		*pte &= ~0x40ull;
		invlpg(VA);
		*(volatile u8 *)(VA + 64) = 1;
		CHECK_EQ(*pte & 0x60, 0x60, "SDM 3 4.8: D after clearing it");
	}
}

static void
large(void)
{
	ulong va = WINDOW + 0x10000000ul;
	volatile u64 *pde = pte_at(va, 2);
	volatile u64 *pdpte;

	*pde = 0x83;
	invlpg(va);
	CHECK_EQ(*(volatile ulong *)(va + a), 'a', "SDM 3 4.5: 2 MiB page");
	CHECK_EQ(*pde & 0x60, 0x20, "SDM 3 4.8: A in the PDE of a 2 MiB page");
	*(volatile u8 *)(va + a + 64) = 2;
	CHECK_EQ(*pde & 0x60, 0x60, "SDM 3 4.8: D in the PDE");
	*pde = 0;
	*pde = 0x200083;
	invlpg(va + 0x1ff000);
	CHECK_EQ(*(volatile ulong *)va == *(volatile ulong *)0x200000ul, 1,
	    "SDM 3 4.10.4.1: INVLPG anywhere in a large page");
	/* The same as 4 KiB pages. */
	*pde = 0;
	write_cr3(read_cr3());
	page_map(va, b | 3);
	CHECK_EQ(*(volatile ulong *)va, 'b', "SDM 3 4.5: split again");
	if (!has(0x80000001, 0, 3, 26))
		return;
	pdpte = pte_at(0x7f0000000000ul, 3);
	*pdpte = 0x83;
	write_cr3(read_cr3());
	CHECK_EQ(*(volatile ulong *)(0x7f0000000000ul + a), 'a',
	    "SDM 3 4.5: 1 GiB page");
	CHECK_EQ(*pdpte & 0x60, 0x20, "SDM 3 4.8: A in a 1 GiB PDPTE");
	*(volatile u8 *)(0x7f0000000000ul + a + 64) = 3;
	CHECK_EQ(*pdpte & 0x60, 0x60, "SDM 3 4.8: D in a 1 GiB PDPTE");
	*pdpte = 0;
	invlpg(0x7f0000000000ul + a);
}

static ulong
invpcid_code(void)
{
	return CODE("invpcid (%rbx), %rax");
}

static unsigned
invpcid(u64 type, u64 pcid, u64 va)
{
	static u64 d[2];
	struct cpu c;

	d[0] = pcid;
	d[1] = va;
	cpu_init(&c, invpcid_code());
	c.f.rbx = (ulong)d;
	c.f.rax = type;
	run(&c);
	return c.f.vector;
}

static void
pcids(void)
{
	ulong cr3 = read_cr3();
	struct cpu c;
	ulong p;

	p = CODE("mov %cr4, %rax; bts $17, %rax; mov %rax, %cr4");
	if (!has(1, 0, 2, 17)) {
		run_kernel(&c, p);
		tcg_wrong();
		EXPECT(&c, GP, 0, -1, "SDM 2 MOV CR: PCIDE without the feature");
		return;
	}
	write_cr3(cr3 | 8);
	run_kernel(&c, p);
	EXPECT(&c, GP, 0, -1, "SDM 2 MOV CR: PCIDE with CR3[11:0] not zero");
	write_cr3(cr3);
	write_cr4(read_cr4() | CR4_PCIDE);
	page_map(VA, a | 3);
	CHECK_EQ(peek(), 'a', "SDM 3 4.10.1: PCID 0");
	write_cr3(cr3 | 5);
	CHECK_EQ(read_cr3(), cr3 | 5, "SDM 2 MOV CR: CR3 holds the PCID");
	CHECK_EQ(peek(), 'a', "SDM 3 4.10.1: PCID 5");
	poke_pte(b, 3);
	write_cr3(cr3 | 5);
	CHECK_EQ(peek(), 'b', "SDM 3 4.10.4.1: MOV CR3 flushes that PCID");
	write_cr3(cr3 | 0 | 1ul << 63);
	CHECK_EQ(read_cr3(), cr3, "SDM 2 MOV CR: bit 63 is not stored");
	poke_pte(a, 3);
	write_cr3(cr3);
	CHECK_EQ(peek(), 'a', "SDM 3 4.10.4.1: PCID 0 flushed");
	if (has(7, 0, 1, 10)) {
		write_cr3(cr3 | 5);
		CHECK_EQ(peek(), 'a', "SDM 3 4.10.1: PCID 5 again");
		poke_pte(b, 3);
		CHECK_EQ(invpcid(0, 5, VA), DONE, "SDM 2 INVPCID: one address");
		CHECK_EQ(peek(), 'b', "SDM 2 INVPCID: type 0");
		poke_pte(a, 3);
		CHECK_EQ(invpcid(1, 5, 0), DONE, "SDM 2 INVPCID: one PCID");
		CHECK_EQ(peek(), 'a', "SDM 2 INVPCID: type 1");
		poke_pte(b, 3);
		CHECK_EQ(invpcid(2, 0, 0), DONE, "SDM 2 INVPCID: all, globals");
		CHECK_EQ(peek(), 'b', "SDM 2 INVPCID: type 2");
		poke_pte(a, 3);
		CHECK_EQ(invpcid(3, 0, 0), DONE, "SDM 2 INVPCID: all but globals");
		CHECK_EQ(peek(), 'a', "SDM 2 INVPCID: type 3");
		/* Another PCID's, dropped before it is used again. */
		write_cr3(cr3 | 6);
		poke_pte(b, 3);
		CHECK_EQ(invpcid(1, 5, 0), DONE, "SDM 2 INVPCID: another PCID");
		write_cr3(cr3 | 5 | 1ul << 63);
		CHECK_EQ(peek(), 'b', "SDM 2 INVPCID: seen when it is back");
		CHECK_EQ(invpcid(4, 0, 0), GP, "SDM 2 INVPCID: type 4 is #GP(0)");
		CHECK_EQ(invpcid(0, 0x1000, VA), GP,
		    "SDM 2 INVPCID: reserved bits of the descriptor");
		CHECK_EQ(invpcid(0, 5, 1ull << 63), GP,
		    "SDM 2 INVPCID: non-canonical address");
	}
	write_cr3(cr3);
	write_cr4(read_cr4() & ~CR4_PCIDE);
}

/* Two address spaces that differ in one page, switched to and fro. */
static void
spaces(void)
{
	extern u64 boot_pml4[512];
	ulong cr3 = read_cr3(), other = page_alloc(), table = page_alloc();
	ulong va = 0x123400000000ul;

	copy((void *)other, boot_pml4, 4096);
	for (unsigned l = 3; l >= 1; l--) {
		ulong next = l == 1 ? b : page_alloc();
		u64 *t = (u64 *)table;

		if (l == 3)
			((u64 *)other)[va >> 39 & 511] = table | 7;
		t[va >> (3 + 9 * l) & 511] = next | 7;
		table = next;
	}
	page_map(va, a | 7);
	for (unsigned i = 0; i < 20; i++) {
		write_cr3(i & 1 ? other : cr3);
		CHECK_EQ(*(volatile ulong *)va, i & 1 ? 'b' : 'a',
		    "SDM 3 4.10.4.1: another address space");
	}
	write_cr3(cr3);
}

/*
 * Pages that a direct-mapped TLB of a power of two cannot hold together, used
 * in turn, with each kind of flush when the one or the other was used last.
 */
static void
conflicts(void)
{
	static const ulong step[] = { 1ul << 24, 1ul << 20, 1ul << 26 };
	volatile ulong *p, *q;
	ulong c = page_alloc();

	*(ulong *)c = 'c';
	for (unsigned n = 0; n < 3 * 8; n++) {
		p = (ulong *)VA;
		q = (ulong *)(VA + step[n / 8]);
		page_map((ulong)p, a | 3);
		page_map((ulong)q, b | 3);
		for (unsigned k = 0; k < 5; k++)
			CHECK_EQ(*p * 256 + *q, 'a' * 256 + 'b', "in turn");
		for (unsigned k = 2; k < 6; k++) {
			page_map(VA + k * step[n / 8], a | 3);
			CHECK_EQ(*(volatile ulong *)(VA + k * step[n / 8]) * 256
			    + *q, 'a' * 256 + 'b', "more than two");
		}
		if (n & 1)
			(void)*p;
		*pte_at((ulong)p, 1) = c | 3;
		if (n & 2)
			invlpg((ulong)p);
		else
			write_cr3(read_cr3());
		CHECK_EQ(*q, 'b', "SDM 3 4.10.4.1: the other page stays");
		CHECK_EQ(*p, 'c', "SDM 3 4.10.4.1: INVLPG of one of two");
		*pte_at((ulong)q, 1) = c | 1;
		invlpg((ulong)q);
		if (n & 4)
			(void)*p;
		CHECK_EQ(*q, 'c', "SDM 3 4.10.4.1: INVLPG of the other");
		*p = 'd';
		CHECK_EQ(*q, 'd', "the same page twice");
		*p = 'c';
	}
	page_map(VA, 0);
}

void
guest_main(void)
{
	a = page_alloc();
	b = page_alloc();
	*(ulong *)a = 'a';
	*(ulong *)b = 'b';
	flushes();
	permissions();
	accessed();
	large();
	spaces();
	pcids();
	conflicts();
}
