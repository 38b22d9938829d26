/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same code at several linear addresses: near, far, in both halves, where
 * addresses need 32 bits and where they need 64, at CPL 0 and 3.  Whatever an
 * instruction learns of its own address is the one it was fetched by (SDM 1
 * 3.5), and a write through one address changes the code at all of them (SDM 3
 * 11.6, after a serialising instruction).
 */
#include "guest.h"

/* What the code stores, by index of RDI's array. */
enum {
	OUT_SELF, OUT_RET, OUT_DATA, OUT_JUMPED, OUT_SELF1, OUT_SUM, OUT_SELF32,
	OUT_IMM, OUT_CROSS, OUT_RET1, OUT_PUSHED, OUT_STRADDLE, OUT_N,
};

/*
 * Two pages of code; two of data follow.  RDI: the array, RSI: a number.  An
 * access of data compares with flags live and dead, stores, adds, jumps, calls
 * and crosses a page; one instruction begins in the first page and ends in the
 * second.
 */
#define DATA "blob+8192"
asm(".pushsection .text\n.p2align 12\nblob:\n"
"	lea	blob(%rip), %rax\n"
"	mov	%rax, 0*8(%rdi)\n"
"	lea	blob(%rip), %eax\n"
"	mov	%rax, 6*8(%rdi)\n"
"	call	10f\n"
"blob_ret:\n"
"	cmp	$5, %rsi\n"
"	mov	" DATA "(%rip), %rbx\n"
"	adc	$0, %rbx\n"
"	mov	%rbx, 2*8(%rdi)\n"
"	add	%rsi, " DATA "+8(%rip)\n"
"	mov	" DATA "+8(%rip), %rbx\n"
"	mov	%rbx, 5*8(%rdi)\n"
"	lea	blob_jump(%rip), %rdx\n"
"	mov	%rdx, " DATA "+16(%rip)\n"
"	jmp	*" DATA "+16(%rip)\n"
"	ud2\n"
"10:	mov	(%rsp), %rax\n"
"	mov	%rax, 1*8(%rdi)\n"
"	ret\n"
"blob_jump:\n"
"	mov	%rdx, 3*8(%rdi)\n"
"	lea	20f(%rip), %rdx\n"
"	mov	%rdx, " DATA "+24(%rip)\n"
"	call	*" DATA "+24(%rip)\n"
"blob_ret1:\n"
"	push	" DATA "+24(%rip)\n"
"	pop	10*8(%rdi)\n"
"blob_imm:\n"
"	mov	$0x11111111, %eax\n"
"	mov	%rax, 7*8(%rdi)\n"
"	mov	" DATA "+4092(%rip), %rbx\n"
"	mov	%rbx, 11*8(%rdi)\n"
"	mov	$3, %ecx\n"
"12:	call	21f\n"
"	dec	%ecx\n"
"	jnz	12b\n"
"	stc\n"
"	jc	blob_page1\n"
"	ud2\n"
"13:	jmp	blob_cross\n"
"	.org	blob+4096-3\n"
"blob_cross:\n"
"	mov	$0x22222222, %eax\n"
"	mov	%rax, 8*8(%rdi)\n"
"	ret\n"
"blob_sub:\n"
"20:	mov	(%rsp), %rax\n"
"	mov	%rax, 9*8(%rdi)\n"
"	ret\n"
"blob_page1:\n"
"	lea	blob_page1(%rip), %rax\n"
"	mov	%rax, 4*8(%rdi)\n"
"	jmp	13b\n"
"21:	addl	$1, " DATA "+40(%rip)\n"
"	ret\n"
"	.org	blob+8192\n"
".popsection\n");
extern const char blob[], blob_ret[], blob_jump[], blob_ret1[], blob_imm[],
    blob_cross[], blob_page1[], blob_sub[];
#define OFF(label) ((ulong)(label) - (ulong)blob)

/* Two sets of pages with different immediates. */
struct set {
	ulong page[4];
	u32 imm, cross;
	u64 sum, loops;		/* what the data pages hold by now */
};

static struct set sets[2];

static const struct place {
	ulong va;
	u64 bits;
} places[] = {
	{ WINDOW + 0xa00000, PTE_U }, { WINDOW + 0xa04000, PTE_U },
	{ WINDOW + 0x2bc5000, PTE_U | PTE_G },
	{ 0x100000000, PTE_U }, { 0x17fffe000, PTE_U },
	{ 0x5555deadb000, PTE_U }, { 0x7f1234567000, PTE_U },
	{ 0x7f1234600000, PTE_U | PTE_G }, { 0x7fffffff0000, PTE_U },
	{ 0xffff900000000000, 0 }, { 0xffff9abcdef12000, PTE_G },
	{ 0xffffffff7ffff000, 0 },	/* its second page is of another kind */
	{ 0xffffffff81000000, 0 }, { 0xffffffff9e3c5000, 0 },
	{ 0xffffffffa0000000, PTE_G }, { 0xffffffffffff0000, PTE_G },
};
#define N_PLACES ARRAY_LEN(places)

/* Which set is mapped where. */
static unsigned mapped[N_PLACES];

static void
map(unsigned k, unsigned set)
{
	for (unsigned i = 0; i < 4; i++)
		page_map(places[k].va + 4096 * i, sets[set].page[i] |
		    places[k].bits | PTE_P | PTE_W);
	mapped[k] = set;
}

static void
check_out(ulong va, const u64 *out, struct set *s, u64 n)
{
	s->sum += n;
	s->loops += 3;
	CHECK_EQ(out[OUT_SELF], va, "SDM 1 3.5: LEA of its own address");
	CHECK_EQ(out[OUT_SELF32], (u32)va, "SDM 2 LEA: the lower half of it");
	CHECK_EQ(out[OUT_RET], va + OFF(blob_ret), "SDM 2 CALL: what it pushes");
	CHECK_EQ(out[OUT_RET1], va + OFF(blob_ret1),
	    "SDM 2 CALL: what an indirect one pushes");
	CHECK_EQ(out[OUT_JUMPED], va + OFF(blob_jump), "SDM 2 JMP: indirect");
	CHECK_EQ(out[OUT_SELF1], va + OFF(blob_page1),
	    "SDM 2 Jcc: to the second page");
	CHECK_EQ(out[OUT_PUSHED], va + OFF(blob_sub),
	    "SDM 2 PUSH: RIP-relative, what was stored so");
	CHECK_EQ(out[OUT_DATA], 0xd0d0d0d0d0d0d0d0 + (n < 5),
	    "SDM 1 3.5: RIP-relative load between CMP and ADC");
	CHECK_EQ(out[OUT_SUM], s->sum, "SDM 1 3.5: RIP-relative ADD to memory");
	CHECK_EQ(out[OUT_STRADDLE], 0x8877665544332211,
	    "SDM 1 3.5: RIP-relative load across pages");
	CHECK_EQ(out[OUT_IMM], s->imm, "SDM 3 11.6: code as written");
	CHECK_EQ(out[OUT_CROSS], s->cross,
	    "SDM 3 11.6: an instruction across pages as written");
	CHECK_EQ(*(u64 *)(s->page[2] + 40), s->loops,
	    "SDM 2 CALL: a loop that calls");
}

/* Through a register, so that nothing is known of the target. */
static void
call_at(ulong va, u64 *out, u64 n)
{
	asm volatile("call *%0" : : "r" (va), "D" (out), "S" (n) :
	    "rax", "rbx", "rcx", "rdx", "memory", "cc");
}

static void
one(unsigned k, u64 n)
{
	static u64 out[OUT_N];
	unsigned failed = checks_failed;
	struct set *s = &sets[mapped[k]];
	struct cpu c;
	ulong sp;

	fill(out, 0xee, sizeof(out));
	if (places[k].bits & PTE_U && n & 1) {
		cpu_init_user(&c, 0);
		c.f.rip = places[k].va;
		sp = STACK_TOP - 64;
		*(ulong *)sp = user(CODE("nop"));
		c.f.rsp = user(sp);
		c.f.rdi = user((ulong)out);
		c.f.rsi = n;
		run(&c);
		EXPECT(&c, DONE, 0, -1, "SDM 1 6.4: called at CPL 3");
	} else {
		call_at(places[k].va, out, n);
	}
	check_out(places[k].va, out, s, n);
	if (checks_failed != failed)
		print("  in: set %u at %lx, %llu\n", mapped[k], places[k].va, n);
}

/* Change code of a set by way of any place that shows it. */
static void
rewrite(unsigned k, u32 v)
{
	struct set *s = &sets[mapped[k]];
	u32 r[4];

	if (v & 1) {
		s->imm = v;
		*(volatile u32 *)(places[k].va + OFF(blob_imm) + 1) = v;
	} else {
		/* Bytes on both sides of the boundary. */
		s->cross = v * 0x01010101;
		*(volatile u8 *)(places[k].va + OFF(blob_cross) + 1) = v;
		*(volatile u8 *)(places[k].va + OFF(blob_cross) + 2) = v;
		*(volatile u16 *)(places[k].va + OFF(blob_cross) + 3) =
		    (u16)(v * 0x0101);
	}
	cpuid(0, 0, r);
}

static void
set_up(struct set *s)
{
	for (unsigned i = 0; i < 4; i++)
		s->page[i] = page_alloc();
	for (unsigned i = 0; i < 2; i++)
		copy((void *)s->page[i], blob + 4096 * i, 4096);
	s->imm = 0x11111111;
	s->cross = 0x22222222;
	fill((void *)s->page[2], 0xd0, 8);
	*(u32 *)(s->page[2] + 4092) = 0x44332211;
	*(u32 *)s->page[3] = 0x88776655;
}

static unsigned
chance(unsigned n)
{
	static u64 x = 1;

	x = x * 6364136223846793005 + 1442695040888963407;
	return (unsigned)((x >> 33) % n);
}

void
guest_main(void)
{
	write_cr4(read_cr4() | 1ul << 7);		/* PGE */
	for (unsigned i = 0; i < 2; i++)
		set_up(&sets[i]);
	for (unsigned k = 0; k < N_PLACES; k++)
		map(k, 0);
	/* Each in turn, then in no order, then while code and maps change. */
	for (u64 n = 0; n < 4; n++)
		for (unsigned k = 0; k < N_PLACES; k++)
			one(k, n);
	for (u64 n = 0; n < 200; n++)
		one(chance(N_PLACES), n);
	for (u64 n = 0; n < 600; n++) {
		if (n % 3 == 0)
			rewrite(chance(N_PLACES), chance(128));
		if (n % 7 == 0)
			map(chance(N_PLACES), chance(2));
		one(chance(N_PLACES), n);
	}
}
