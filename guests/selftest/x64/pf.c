/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page faults in 4-level paging: which accesses fault and with which error
 * code, for every combination of present, writable, user, no-execute and
 * reserved against every kind of access, WP, SMEP and SMAP; accessed and dirty
 * bits (SDM 3, chapter 4).
 */
#include "guest.h"

#define VA (WINDOW + 0x200000ul)
#define CR0_WP (1ul << 16)
#define CR4_SMEP (1ul << 20)
#define CR4_SMAP (1ul << 21)
#define CR0_TS (1ul << 3)

enum { READ, WRITE, EXEC, ACCESSES };
static const char *const access_name[] = { "read", "write", "fetch" };

static ulong code_page, data_page, do_read, do_write, do_exec;
static bool has_smep, has_smap;
static unsigned combos;

struct how {
	u64 leaf;	/* PTE_P .. PTE_U, PTE_NX, and bit 51 as reserved */
	u64 upper;	/* of the directory entry above */
	unsigned access;
	bool user, wp, smep, smap, ac;
};

#define RSVD (1ull << 51)

/* SDM 3 4.6 and 4.7, in words: 0, or the error code with bit 31 set. */
static u32
should(const struct how *h)
{
	bool p = h->leaf & PTE_P && h->upper & PTE_P;
	bool w = h->leaf & PTE_W && h->upper & PTE_W;
	bool u = h->leaf & PTE_U && h->upper & PTE_U;
	bool nx = h->leaf & PTE_NX || h->upper & PTE_NX;
	bool ok = true;
	u32 e = 0x80000000u | (h->access == WRITE ? 2 : 0) |
	    (h->user ? 4 : 0) | (h->access == EXEC ? 16 : 0);

	if (!p)
		return e;
	if (h->leaf & RSVD)
		return e | 9;
	if (h->user) {
		ok = u && (h->access != WRITE || w) &&
		    (h->access != EXEC || !nx);
	} else if (h->access == EXEC) {
		ok = !nx && !(u && h->smep);
	} else {
		ok = !(u && h->smap && !h->ac) &&
		    (h->access != WRITE || w || !h->wp);
	}
	return ok ? 0 : e | 1;
}

static void
set_mode(const struct how *h)
{
	ulong cr4 = read_cr4() & ~(CR4_SMEP | CR4_SMAP);

	write_cr0((read_cr0() & ~CR0_WP) | (h->wp ? CR0_WP : 0));
	write_cr4(cr4 | (h->smep ? CR4_SMEP : 0) | (h->smap ? CR4_SMAP : 0));
}

static void
one(const struct how *h)
{
	static const char what[] =
	    "SDM 3 4.6, 4.7: access rights and #PF error code";
	volatile u64 *pte = pte_at(VA, 1), *pde = pte_at(VA, 2);
	u32 want = should(h);
	ulong code = h->access == READ ? do_read :
	    h->access == WRITE ? do_write : VA + (do_exec & 0xfff);
	unsigned before = checks_failed;
	u64 leaf, upper;
	struct cpu c;

	*pte = code_page | h->leaf;
	*pde = (*pde & 0xffffffffff000ull) | h->upper;
	invlpg(VA);
	cpu_init(&c, code);
	if (h->user) {
		cpu_init_user(&c, code);
		if (h->access == EXEC)
			c.f.rip = code;
	}
	c.f.rax = VA + 0x800;
	c.f.rflags |= h->ac ? F_AC : 0;
	set_mode(h);
	run(&c);
	leaf = *pte;
	upper = *pde;
	combos++;
	if (want) {
		/* TCG reports RSVD without P. */
		if (want & 8)
			tcg_wrong();
		EXPECT(&c, PF, want & 0x7fffffff, -1, what);
		CHECK_EQ(c.cr2, h->access == EXEC ? code : VA + 0x800,
		    "SDM 3 6.15 #PF: CR2 is the linear address");
		CHECK_EQ(leaf & (PTE_A | PTE_D), 0,
		    "SDM 3 4.8: no A or D in the PTE of a faulting access");
	} else {
		EXPECT(&c, DONE, 0, -1, what);
		CHECK_EQ(leaf & (PTE_A | PTE_D),
		    PTE_A | (h->access == WRITE ? PTE_D : 0),
		    "SDM 3 4.8: A on any access, D on a write only");
		CHECK_EQ(upper & PTE_A, PTE_A, "SDM 3 4.8: A in the PDE");
	}
	if (checks_failed != before)
		print("  in: %s %s leaf %llx upper %llx wp %u smep %u smap %u"
		    " ac %u\n", h->user ? "user" : "kernel",
		    access_name[h->access], h->leaf, h->upper, h->wp, h->smep,
		    h->smap, h->ac);
}

static void
all_modes(struct how *h)
{
	for (unsigned m = 0; m < 16; m++) {
		h->wp = m & 1;
		h->smep = m & 2;
		h->smap = m & 4;
		h->ac = m & 8;
		if ((h->smep && !has_smep) || (h->smap && !has_smap) ||
		    (h->ac && (!h->smap || h->user)))
			continue;
		one(h);
	}
}

static void
combinations(void)
{
	static const u64 leafs[] = { 0, PTE_P, PTE_P | RSVD };
	static const u64 uppers[] = { 7, 5, 3, 6, 7 | PTE_NX };
	struct how h;

	for (unsigned l = 0; l < ARRAY_LEN(leafs); l++)
	for (unsigned bits = 0; bits < 8; bits++)
	for (unsigned u = 0; u < ARRAY_LEN(uppers); u++)
	for (unsigned a = 0; a < ACCESSES; a++)
	for (unsigned cpl = 0; cpl < 2; cpl++) {
		h.leaf = leafs[l] | (bits & 3) << 1 | (bits & 4 ? PTE_NX : 0);
		h.upper = uppers[u];
		h.access = a;
		h.user = cpl;
		all_modes(&h);
	}
	write_cr4(read_cr4() & ~(CR4_SMEP | CR4_SMAP));
	write_cr0(read_cr0() & ~CR0_WP);
	*pte_at(VA, 2) = (*pte_at(VA, 2) & 0xffffffffff000ull) | 7;
}

/* A and D bits: exactly when the access happens, and never speculatively D. */
static void
dirty(void)
{
	volatile u64 *pte = pte_at(VA, 1);
	struct cpu c;
	ulong p;

	page_map(VA, data_page | PTE_P | PTE_W | PTE_U);
	CHECK_EQ(*pte & (PTE_A | PTE_D), 0, "SDM 3 4.8: INVLPG sets nothing");
	(void)*(volatile u64 *)VA;
	CHECK_EQ(*pte & (PTE_A | PTE_D), PTE_A, "SDM 3 4.8: a read sets A");
	*(volatile u64 *)VA = 1;
	CHECK_EQ(*pte & (PTE_A | PTE_D), PTE_A | PTE_D,
	    "SDM 3 4.8: a write after a read sets D");
	page_map(VA, data_page | PTE_P | PTE_W | PTE_U | PTE_A);
	p = CODE("lock cmpxchgl %ecx, (%rbx)");
	*(volatile u32 *)data_page = 5;
	cpu_init(&c, p);
	c.f.rbx = VA;
	c.f.rax = 4;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 2 CMPXCHG: runs");
	CHECK_EQ(*pte & PTE_D, PTE_D,
	    "SDM 2 CMPXCHG: a failed compare still writes, so D");
	page_map(VA, data_page | PTE_P);
	p = CODE("xor %ecx, %ecx; lock cmpxchgl %ecx, (%rbx)");
	write_cr0(read_cr0() | CR0_WP);
	cpu_init(&c, p);
	c.f.rbx = VA;
	run(&c);
	EXPECT(&c, PF, 3, p + 2,
	    "SDM 2 CMPXCHG: a failed compare on a read-only page faults");
	p = CODE("mov %rbx, %rdi; xor %ecx, %ecx; rep stosb");
	cpu_init(&c, p);
	c.f.rbx = VA;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 2 REP: count 0 accesses nothing");
	page_map(VA, 0);
	p = CODE("prefetcht0 (%rbx); clflush (%rsp); lea (%rbx), %rax;"
	    "nopl (%rbx)");
	cpu_init(&c, p);
	c.f.rbx = VA;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 2 PREFETCH, LEA, NOP: no fault");
	p = CODE("clflush (%rbx)");
	cpu_init(&c, p);
	c.f.rbx = VA;
	run(&c);
	tcg_wrong();
	EXPECT(&c, PF, 0, p, "SDM 2 CLFLUSH: faults like a byte load");
	p = CODE("xor %ecx, %ecx; shlb %cl, (%rbx)");
	cpu_init(&c, p);
	c.f.rbx = VA;
	run(&c);
	CHECK_EQ(c.f.vector, PF, "SDM 2 SHL: count 0 still accesses memory");
	p = CODE("test %eax, %eax; cmovnz (%rbx), %ecx");
	cpu_init(&c, p);
	c.f.rbx = VA;
	run(&c);
	EXPECT(&c, PF, 0, p + 2, "SDM 2 CMOVcc: reads even if false");
	write_cr0(read_cr0() & ~CR0_WP);
}

static void
levels(void)
{
	static const struct { unsigned level; u64 bits; const char *what; }
	rsvd[] = {
		{ 2, 1ull << 51, "SDM 3 4.5: reserved address bit in a PDE" },
		{ 3, 1ull << 51, "SDM 3 4.5: reserved address bit in a PDPTE" },
		{ 4, 1ull << 51, "SDM 3 4.5: reserved address bit in a PML4E" },
		{ 4, PTE_PS, "SDM 3 4.5: PS of a PML4E is reserved" },
		{ 2, PTE_PS | 1 << 13, "SDM 3 4.5: bits 20..13 of a 2M PDE" },
		{ 3, PTE_PS | 1 << 13, "SDM 3 4.5: bits 29..13 of a 1G PDPTE" },
	};
	ulong va = 0x7f8000000000ul, p = CODE("mov (%rbx), %rax");
	struct cpu c;

	page_map(va, data_page | 7);
	for (unsigned i = 0; i < ARRAY_LEN(rsvd); i++) {
		volatile u64 *e = pte_at(va, rsvd[i].level);
		u64 old = *e;

		*e = old | rsvd[i].bits;
		write_cr3(read_cr3());
		cpu_init(&c, p);
		c.f.rbx = va;
		run(&c);
		tcg_wrong();
		EXPECT(&c, PF, 9, p, rsvd[i].what);
		*e = old & ~(u64)PTE_P;
		write_cr3(read_cr3());
		cpu_init(&c, p);
		c.f.rbx = va;
		run(&c);
		EXPECT(&c, PF, 0, p, "SDM 3 4.7: P is 0 at any level");
		*e = old & ~(u64)PTE_A;
		write_cr3(read_cr3());
		cpu_init(&c, p);
		c.f.rbx = va;
		run(&c);
		EXPECT(&c, DONE, 0, -1, "SDM 3 4.5: whole again");
		CHECK_EQ(*e & PTE_A, PTE_A, "SDM 3 4.8: A set at each level");
	}
}

/* A loop that opens and closes user pages, seeing the flags it does it with. */
static ulong
open_and_close(void)
{
	return CODE("mov $200, %ecx\n"
	    "1: stc; stac; jnc 2f\n"
	    "mov (%rbx), %rax; pushf; pop %rsi\n"
	    "stc; clac; jnc 2f; pushf; pop %rdi\n"
	    "clac; stac; stac; add (%rbx), %rax; clac; dec %ecx; jnz 1b\n"
	    "mov $1, %edx\n2:");
}

static void
check_ac(bool smap, ulong user_page)
{
	struct cpu c;

	*(ulong *)user_page = 21;
	cpu_init(&c, open_and_close());
	c.f.rbx = VA;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 2 STAC: opens user pages");
	CHECK_EQ(c.f.rdx, 1, "SDM 2 STAC, CLAC: other flags stay");
	CHECK_EQ(c.f.rax, 42, "SDM 3 4.6.1: read with AC set");
	CHECK_EQ(c.f.rsi & F_AC, F_AC, "SDM 2 STAC: AC is set");
	CHECK_EQ(c.f.rdi & F_AC, 0, "SDM 2 CLAC: AC is clear");
	for (unsigned k = 0; k < 40; k++) {
		invlpg(VA);
		cpu_init(&c, CODE("stac; mov (%rbx), %rax; clac;"
		    "mov (%rbx), %rcx"));
		c.f.rbx = VA;
		run(&c);
		if (smap)
			EXPECT(&c, PF, 1, -1, "SDM 3 4.6.1: closed by CLAC");
		else
			EXPECT(&c, DONE, 0, -1, "SDM 3 4.6.1: no SMAP");
		CHECK_EQ(c.f.rax, 21, "SDM 3 4.6.1: open between the two");
		CHECK_EQ(c.f.rcx, smap ? 0 : 21, "SDM 3 4.6.1: afterwards");
	}
}

/* The same code with AC set and clear, by an indirect jump. */
static void
either_way(void)
{
	struct cpu c;

	for (unsigned k = 0; k < 40; k++) {
		cpu_init(&c, CODE("test %ecx, %ecx; jz 1f; stac;"
		    "1: lea 2f(%rip), %rsi; jmp *%rsi; nop;"
		    "2: mov (%rbx), %rax; clac"));
		c.f.rbx = VA;
		c.f.rcx = k & 1;
		run(&c);
		if (k & 1)
			EXPECT(&c, DONE, 0, -1, "SDM 3 4.6.1: AC set");
		else
			EXPECT(&c, PF, 1, -1, "SDM 3 4.6.1: AC clear");
		CHECK_EQ(c.f.rflags & F_AC, 0, "SDM 2 CLAC: AC is clear");
	}
}

/* STAC and CLAC with and without SMAP, and between other changes of mode. */
static void
stac_clac(void)
{
	ulong page = page_alloc(), p;
	struct cpu c;

	if (!has_smap)
		return;
	page_map(VA, page | 7);
	for (unsigned k = 0; k < 4; k++) {
		write_cr4(read_cr4() ^ CR4_SMAP);
		check_ac(read_cr4() & CR4_SMAP, page);
	}
	write_cr4(read_cr4() | CR4_SMAP);
	either_way();
	for (unsigned k = 0; k < 16; k++) {
		write_cr0((read_cr0() & ~CR0_TS) | (k & 2 ? CR0_TS : 0));
		p = CODE("stac; mov (%rbx), %rax; fnop; clac; fnop");
		cpu_init(&c, p);
		c.f.rbx = VA;
		run(&c);
		if (read_cr0() & CR0_TS)
			EXPECT(&c, NM, 0, p + 6, "SDM 3 2.5: CR0.TS, AC set");
		else
			EXPECT(&c, DONE, 0, -1, "SDM 3 2.5: no TS, AC set");
	}
	write_cr0(read_cr0() & ~CR0_TS);
	write_cr4(read_cr4() & ~CR4_SMAP);
	p = CODE("stac");
	run_user(&c, p);
	EXPECT(&c, UD, 0, user(p), "SDM 2 STAC: #UD at CPL 3");
	p = CODE("clac");
	run_user(&c, p);
	EXPECT(&c, UD, 0, user(p), "SDM 2 CLAC: #UD at CPL 3");
}

void
guest_main(void)
{
	has_smep = has(7, 0, 1, 7);
	has_smap = has(7, 0, 1, 20);
	code_page = page_alloc();
	data_page = page_alloc();
	do_read = CODE("mov (%rax), %cl");
	do_write = CODE("mov %cl, (%rax)");
	do_exec = CODE("nop; nop");
	copy((void *)(code_page + (do_exec & 0xfff)), (void *)do_exec, 16);
	combinations();
	print("%u combinations\n", combos);
	dirty();
	levels();
	stac_clac();
}
