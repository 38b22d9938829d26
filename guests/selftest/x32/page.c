/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 32-bit paging with 4 KiB and 4 MiB pages, and PAE paging: translation,
 * rights, error codes, A and D, reserved bits, PSE, the latched PDPTEs
 * (SDM 3 4.3, 4.4).
 */
#include "guest.h"

#define VA 0x40000000ul
#define CR0_PG 0x80000000ul
#define CR0_WP 0x10000ul
enum { CR4_PSE = 0x10, CR4_PAE = 0x20, CR4_PGE = 0x80 };

static u32 pd[1024] __attribute__((aligned(4096)));
static u32 pt[1024] __attribute__((aligned(4096)));
static u64 pdpt[4] __attribute__((aligned(32)));
static u64 pae_pd[4][512] __attribute__((aligned(4096)));
static u64 pae_pt[512] __attribute__((aligned(4096)));
static u8 data[2][4096] __attribute__((aligned(4096)));

static ulong rd, wr;

static void
flush(void)
{
	write_cr3(read_cr3());
}

static void
access_at(struct cpu *c, ulong code, ulong va, bool user_mode)
{
	if (user_mode)
		cpu_init_user(c, code);
	else
		cpu_init(c, code);
	c->f.rbx = va;
	run(c);
}

/* The same claims for both formats; entry points at the PTE of VA. */
static void
rights(volatile u32 *pte, volatile u32 *pde, const char *what)
{
	static const struct {
		u32 pte, pde;
		bool wr, user, wp;
		u32 error;	/* 0x100: no fault */
	} t[] = {
		{ 0, 7, 0, 0, 0, 0 }, { 0, 7, 1, 0, 0, 2 },
		{ 0, 7, 0, 1, 0, 4 }, { 0, 7, 1, 1, 0, 6 },
		{ 1, 7, 0, 0, 0, 0x100 }, { 1, 7, 1, 0, 0, 0x100 },
		{ 1, 7, 1, 0, 1, 3 }, { 3, 5, 1, 0, 1, 3 },
		{ 3, 7, 0, 1, 0, 5 }, { 7, 3, 0, 1, 0, 5 },
		{ 7, 7, 0, 1, 0, 0x100 }, { 7, 7, 1, 1, 0, 0x100 },
		{ 5, 7, 1, 1, 0, 7 }, { 7, 5, 1, 1, 0, 7 },
		{ 7, 6, 0, 0, 0, 0 }, { 5, 7, 1, 1, 1, 7 },
		{ 3, 3, 1, 0, 1, 0x100 },
	};
	u32 page = (u32)data[0];
	u32 dir = *pde & ~0xffful;

	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		struct cpu c;

		*pte = page | t[i].pte;
		*pde = dir | t[i].pde;
		write_cr0((read_cr0() & ~CR0_WP) | (t[i].wp ? CR0_WP : 0));
		flush();
		access_at(&c, t[i].wr ? wr : rd, VA + 0x10, t[i].user);
		if (t[i].error == 0x100) {
			EXPECT(&c, DONE, 0, -1, what);
			CHECK_EQ(*pte & 0x60, t[i].wr ? 0x60 : 0x20, what);
			CHECK_EQ(*pde & 0x20, 0x20, what);
		} else {
			EXPECT(&c, PF, t[i].error, t[i].wr ? wr : rd, what);
			CHECK_EQ(c.cr2, VA + 0x10, what);
			CHECK_EQ(*pte & 0x60, 0, what);
		}
	}
	write_cr0(read_cr0() & ~CR0_WP);
	*pde = dir | 7;
	*pte = page | 7;
	flush();
}

static void
two_level(void)
{
	struct cpu c;

	/* Identity by 4 MiB pages; VA by a table. */
	write_cr4(read_cr4() | CR4_PSE);
	for (unsigned i = 0; i < 1024; i++)
		pd[i] = i << 22 | 0x87;
	pd[VA >> 22] = (u32)pt | 7;
	pt[0] = (u32)data[0] | 7;
	write_cr3((ulong)pd);
	write_cr0(read_cr0() | CR0_PG);
	rights(&pt[0], &pd[VA >> 22], "SDM 3 4.6, 4.7: 32-bit paging");
	*(u32 *)data[0] = 0x1234;
	CHECK_EQ(*(volatile u32 *)VA, 0x1234, "SDM 3 4.3: translation");
	pt[0] = (u32)data[1] | 7;
	*(u32 *)data[1] = 0x5678;
	invlpg(VA);
	CHECK_EQ(*(volatile u32 *)VA, 0x5678, "SDM 3 4.10.4.1: INVLPG");
	/* 4 MiB page. */
	pd[VA >> 22] = 0x83;
	flush();
	CHECK_EQ(*(volatile u32 *)(VA + (u32)data[0]), 0x1234,
	    "SDM 3 4.3: 4 MiB page");
	CHECK_EQ(pd[VA >> 22] & 0x60, 0x20, "SDM 3 4.8: A in a 4 MiB PDE");
	*(volatile u32 *)(VA + (u32)data[0]) = 0x4321;
	CHECK_EQ(pd[VA >> 22] & 0x60, 0x60, "SDM 3 4.8: D in a 4 MiB PDE");
	CHECK_EQ(*(u32 *)data[0], 0x4321, "SDM 3 4.3: the same memory");
	access_at(&c, rd, VA, true);
	EXPECT(&c, PF, 5, rd, "SDM 3 4.6: supervisor 4 MiB page");
	pd[VA >> 22] = 0x87 | 1 << 21;
	flush();
	access_at(&c, rd, VA, false);
	tcg_wrong();
	EXPECT(&c, PF, 9, rd, "SDM 3 4.3: bit 21 of a 4 MiB PDE is reserved");
	/* Without PSE bit 7 means nothing. */
	pd[VA >> 22] = (u32)pt | 0x87;
	pt[0] = (u32)data[1] | 7;
	for (unsigned i = 0; i < 1024; i++)
		((u32 *)pae_pt)[i & 1023] = i << 12 | 7;
	pd[0] = (u32)pae_pt | 7;
	write_cr4(read_cr4() & ~(ulong)CR4_PSE);
	flush();
	CHECK_EQ(*(volatile u32 *)VA, 0x5678, "SDM 3 4.3: PS without CR4.PSE");
	write_cr4(read_cr4() | CR4_PSE);
	write_cr0(read_cr0() & ~CR0_PG);
}

static void
self_map(void)
{
	/* A directory that is its own table: changes show at once. */
	pd[1023] = (u32)pd | 3;
	pd[0] = 0x87;
	pd[VA >> 22] = (u32)pt | 7;
	pt[0] = (u32)data[0] | 7;
	write_cr3((ulong)pd);
	write_cr0(read_cr0() | CR0_PG);
	CHECK_EQ(((volatile u32 *)0xfffff000)[VA >> 22] & ~0xfffu, (u32)pt,
	    "SDM 3 4.3: recursive mapping reads the directory");
	((volatile u32 *)0xffc00000)[VA >> 12] = (u32)data[1] | 7;
	invlpg(VA);
	CHECK_EQ(*(volatile u32 *)VA, 0x5678,
	    "SDM 3 4.3: a PTE written through the recursive mapping");
	write_cr0(read_cr0() & ~CR0_PG);
}

static void
pae(void)
{
	struct cpu c;
	ulong p;

	for (unsigned i = 0; i < 4; i++) {
		pdpt[i] = (u32)pae_pd[i] | 1;
		for (unsigned k = 0; k < 512; k++)
			pae_pd[i][k] = (u64)i << 30 | k << 21 | 0x87;
	}
	fill(pae_pt, 0, sizeof(pae_pt));
	pae_pd[1][0] = (u32)pae_pt | 7;
	pae_pt[0] = (u32)data[0] | 7;
	write_cr4(read_cr4() | CR4_PAE);
	write_cr3((ulong)pdpt);
	write_cr0(read_cr0() | CR0_PG);
	rights((u32 *)&pae_pt[0], (u32 *)&pae_pd[1][0],
	    "SDM 3 4.6, 4.7: PAE paging");
	CHECK_EQ(*(volatile u32 *)VA, 0x4321, "SDM 3 4.4: translation");
	CHECK_EQ(*(volatile u32 *)(VA + 0x200000), *(u32 *)0x40200000 & 0xffffffff,
	    "SDM 3 4.4: 2 MiB page");
	pae_pt[0] |= 1ull << 62;
	flush();
	access_at(&c, rd, VA, false);
	tcg_wrong();
	EXPECT(&c, PF, 9, rd, "SDM 3 4.4: reserved bit 62");
	pae_pt[0] &= ~(1ull << 62);
	/* NX. */
	if (has(0x80000001, 0, 3, 20)) {
		copy(data[0], (void *)CODE("mov $0x99, %ecx"), 8);
		pae_pt[0] |= 1ull << 63;
		flush();
		access_at(&c, rd, VA, false);
		tcg_wrong();
		EXPECT(&c, PF, 9, rd, "SDM 3 4.4: XD is reserved without NXE");
		wrmsr(0xc0000080, rdmsr(0xc0000080) | 0x800);
		flush();
		run_kernel(&c, VA);
		EXPECT(&c, PF, 0x11, VA, "SDM 3 4.6: fetch from an XD page");
		access_at(&c, rd, VA, false);
		EXPECT(&c, DONE, 0, -1, "SDM 3 4.6: data from an XD page");
		pae_pt[0] &= ~(1ull << 63);
		flush();
		run_kernel(&c, VA);
		EXPECT(&c, DONE, 0, -1, "SDM 3 4.6: fetch without XD");
		CHECK_EQ(c.f.rcx, 0x99, "SDM 3 4.6: it ran");
	}
	/* PDPTEs are loaded by MOV CR3, and only then. */
	pdpt[1] = 0;
	invlpg(VA);
	access_at(&c, rd, VA, false);
	tcg_wrong();
	EXPECT(&c, DONE, 0, -1, "SDM 3 4.4.1: PDPTE registers are latched");
	flush();
	access_at(&c, rd, VA, false);
	EXPECT(&c, PF, 0, rd, "SDM 3 4.4.1: loaded by MOV CR3");
	pdpt[1] = (u32)pae_pd[1] | 1 | 1 << 1;
	p = CODE("mov %cr3, %eax; mov %eax, %cr3");
	run_kernel(&c, p);
	tcg_wrong();
	EXPECT(&c, GP, 0, p + 3, "SDM 3 4.4.1: reserved bits: #GP at MOV CR3");
	pdpt[1] = (u32)pae_pd[1] | 1;
	flush();
	CHECK_EQ(*(volatile u8 *)VA, data[0][0], "SDM 3 4.4.1: whole again");
	/* MOV CR4 that changes PSE or PGE loads them too. */
	pdpt[1] = 0;
	write_cr4(read_cr4() ^ CR4_PGE);
	access_at(&c, rd, VA, false);
	tcg_wrong();
	EXPECT(&c, PF, 0, rd, "SDM 3 4.4.1: loaded by MOV CR4 (PGE)");
	write_cr4(read_cr4() ^ CR4_PGE);
	write_cr0(read_cr0() & ~CR0_PG);
	write_cr4(read_cr4() & ~(ulong)CR4_PAE);
}

void
guest_main(void)
{
	rd = CODE("mov (%ebx), %al");
	wr = CODE("mov %al, (%ebx)");
	two_level();
	self_map();
	pae();
}
