/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Self-modifying and cross-modifying code on one processor (SDM 3 11.6:
 * writes by the same linear address are seen at once; through another linear
 * address after a serialising instruction).
 */
#include "guest.h"

static ulong page, page2;	/* physical = linear */
#define ALIAS (WINDOW + 0x400000ul)

/* mov $imm32, %eax; ret  and what calls it. */
static void
put_ret(ulong at, u32 value)
{
	u8 b[6] = { 0xb8, value, value >> 8, value >> 16, value >> 24, 0xc3 };

	copy((void *)at, b, sizeof(b));
}

static u32
call(ulong at)
{
	u32 v;

	asm volatile("call *%1" : "=a" (v) : "r" (at) : "memory", "cc");
	return v;
}

static void
serialize(void)
{
	u32 r[4];

	cpuid(0, 0, r);
}

static void
simple(void)
{
	put_ret(page, 1);
	CHECK_EQ(call(page), 1, "SDM 3 11.6: code as written");
	for (u32 i = 2; i < 200; i++) {
		put_ret(page, i);
		CHECK_EQ(call(page), i, "SDM 3 11.6: same page rewritten");
	}
	for (u32 i = 0; i < 50; i++) {
		*(volatile u32 *)(page + 1) = 7;
		CHECK_EQ(call(page), 7, "SDM 3 11.6: same value stored");
	}
	for (u32 i = 0; i < 100; i++) {
		*(volatile u8 *)(page + 1 + (i & 3)) = i;
		CHECK_EQ((call(page) >> 8 * (i & 3)) & 0xff, i,
		    "SDM 3 11.6: one byte of an immediate");
	}
}

static void
crossing(void)
{
	ulong at = page + 4096 - 3;	/* page2 follows page */

	for (u32 i = 1; i < 100; i++) {
		put_ret(at, 0x01010101 * i);
		CHECK_EQ(call(at), 0x01010101 * i,
		    "SDM 3 11.6: instruction across two pages");
		*(volatile u8 *)(at + 4) = ~i;
		CHECK_EQ(call(at) >> 24, (~i & 0xff),
		    "SDM 3 11.6: only the second page written");
		*(volatile u8 *)(at + 1) = i + 1;
		CHECK_EQ(call(at) & 0xff, i + 1,
		    "SDM 3 11.6: only the first page written");
	}
	/* A block that falls through to the next page. */
	fill((void *)(page + 4096 - 16), 0x90, 16);
	for (u32 i = 1; i < 50; i++) {
		put_ret(page2, i);
		CHECK_EQ(call(page + 4096 - 16), i,
		    "SDM 3 11.6: block crossing, second page written");
	}
}

static void
in_block(void)
{
	struct cpu c;
	ulong p;

	/* The store changes the very next instruction's immediate. */
	p = CODE("lea 1f(%rip), %rbx; movb $0x77, 1(%rbx);"
	    "1: mov $0x11, %al; movzx %al, %ecx");
	run_kernel(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 3 11.6: SMC ahead in the same block");
	CHECK_EQ(c.f.rcx, 0x77, "SDM 3 11.6: next instruction modified");
	p = CODE("lea 1f(%rip), %rbx; movw $0x0b0f, (%rbx); 1: nop; nop; nop");
	run_kernel(&c, p);
	EXPECT(&c, UD, 0, p + 12, "SDM 3 11.6: next becomes UD2");
	p = CODE("xor %ecx, %ecx; lea 1f(%rip), %rbx; 2: incl 1(%rbx);"
	    "1: mov $5, %eax; add %eax, %edx; inc %ecx; cmp $10, %ecx;"
	    "jne 2b");
	run_kernel(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 3 11.6: loop patches itself");
	CHECK_EQ(c.f.rdx, 6 + 7 + 8 + 9 + 10 + 11 + 12 + 13 + 14 + 15,
	    "SDM 3 11.6: each round sees its patch");
	/* The instruction overwrites itself: it completes first. */
	p = CODE("lea 1f(%rip), %rdi; mov $0x90, %al; mov $3, %ecx;"
	    "1: rep stosb; nop; mov $0x55, %edx");
	run_kernel(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 3 11.6: REP STOSB over itself");
	CHECK_EQ(c.f.rdx, 0x55, "SDM 3 11.6: goes on after it");
	p = CODE("lea 1f(%rip), %rbx; movl $0x90909090, (%rbx);"
	    ".byte 0x90; 1: .byte 0x0f, 0x0b, 0x0f, 0x0b; mov $0x66, %edx");
	run_kernel(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 3 11.6: UD2s patched to NOPs in time");
	CHECK_EQ(c.f.rdx, 0x66, "SDM 3 11.6: runs past them");
	/* PUSH, CALL and XADD write code too. */
	p = CODE("lea 1f+8(%rip), %rsp; mov $0x9090909090909090, %rax;"
	    "push %rax; 1: .byte 0x0f,0x0b,0x0f,0x0b,0x0f,0x0b,0x0f,0x0b;"
	    "mov $0x44, %edx");
	run_kernel(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 3 11.6: PUSH patches ahead");
	CHECK_EQ(c.f.rdx, 0x44, "SDM 3 11.6: PUSH patches ahead");
	p = CODE("lea 1f(%rip), %rbx; movdqu 2f(%rip), %xmm0;"
	    "movdqu %xmm0, (%rbx);"
	    "1: .fill 8, 2, 0x0b0f; mov $0x33, %edx; jmp 3f;"
	    "2: .fill 16, 1, 0x90; 3:");
	run_kernel(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 3 11.6: a vector store patches ahead");
	CHECK_EQ(c.f.rdx, 0x33, "SDM 3 11.6: a vector store patches ahead");
}

static void
other_ways(void)
{
	static u8 block[4096] __attribute__((aligned(4096)));
	volatile u64 *pte;

	/* Copied in whole by REP MOVS, over and over. */
	for (u32 i = 1; i < 60; i++) {
		fill(block, 0x90, sizeof(block));
		put_ret((ulong)block + 64 + i, i);
		copy((void *)page, block, sizeof(block));
		CHECK_EQ(call(page), i, "SDM 3 11.6: REP MOVSB writes code");
	}
	/* Through an alias; CPUID serialises. */
	page_map(ALIAS, page | PTE_P | PTE_W);
	for (u32 i = 1; i < 60; i++) {
		put_ret(ALIAS, i + 1000);
		serialize();
		CHECK_EQ(call(page), i + 1000, "SDM 3 8.1.3: alias + serialise");
		put_ret(page, i + 2000);
		serialize();
		CHECK_EQ(call(ALIAS), i + 2000, "SDM 3 8.1.3: the other way");
	}
	/* The page under the code is exchanged. */
	pte = pte_at(ALIAS, 1);
	put_ret(page, 111);
	put_ret(page2, 222);
	for (u32 i = 0; i < 50; i++) {
		*pte = (i & 1 ? page2 : page) | PTE_P | PTE_W;
		invlpg(ALIAS);
		CHECK_EQ(call(ALIAS), i & 1 ? 222 : 111,
		    "SDM 3 4.10.4: remapped code page after INVLPG");
	}
	for (u32 i = 0; i < 50; i++) {
		*pte = (i & 1 ? page2 : page) | PTE_P | PTE_W;
		write_cr3(read_cr3());
		CHECK_EQ(call(ALIAS), i & 1 ? 222 : 111,
		    "SDM 3 4.10.4: remapped code page after MOV CR3");
	}
	/* Data and code share a page: writes near code must not lose any. */
	put_ret(page, 5);
	for (u32 i = 0; i < 2000; i++) {
		*(volatile u32 *)(page + 256) += 1;
		if (call(page) != 5)
			break;
	}
	CHECK_EQ(*(volatile u32 *)(page + 256) >= 2000, 1,
	    "SDM 3 11.6: data beside code");
}

/* A jump to freshly written code, 512 different targets, twice. */
static void
many(void)
{
	ulong area = page_alloc();

	for (unsigned i = 1; i < 64; i++)
		page_alloc();
	for (u32 round = 0; round < 3; round++) {
		unsigned wrong = 0;

		for (u32 i = 0; i < 512; i++)
			put_ret(area + i * 512, i * 3 + round);
		for (u32 i = 0; i < 512; i++)
			wrong += call(area + i * 512) != i * 3 + round;
		CHECK_EQ(wrong, 0, "SDM 3 11.6: a generated program");
	}
}

/*
 * Only the bytes of the branch that ends a block change; so Linux patches its
 * paravirtual calls.  page: ...; the branch; inc %eax; ret.
 */
static void
branch_itself(void)
{
	/* push %rcx; mov $5, %eax; lea page2, %rdx; BRANCH; ... */
	static const u8 head[] = { 0x51, 0xb8, 5, 0, 0, 0, 0x48, 0xba };
	static const u8 tail[] = { 0xff, 0xc0, 0x59, 0xc3 };
	static const struct {
		u8 b[2];
		u32 result;
	} branch[] = {
		{ { 0xff, 0xd2 }, 107 },	/* call *%rdx: 106, then inc */
		{ { 0x66, 0x90 }, 6 },		/* nop */
		{ { 0xeb, 0x02 }, 5 },		/* jmp over the inc */
		{ { 0x0f, 0x0b }, 0 },		/* ud2, not run */
		{ { 0xff, 0xc0 }, 7 },		/* inc %eax */
	};
	u8 *p = (u8 *)page + 64;

	put_ret(page2, 106);
	copy(p, head, sizeof(head));
	copy(p + 8, &page2, 8);
	copy(p + 18, tail, sizeof(tail));
	for (u32 round = 0; round < 20; round++)
		for (u32 i = 0; i < sizeof(branch) / sizeof(branch[0]); i++) {
			copy(p + 16, branch[i].b, 2);
			for (u32 n = 0; n < 3 && branch[i].result; n++)
				CHECK_EQ(call((ulong)p), branch[i].result,
				    "SDM 3 11.6: the branch rewritten");
		}
}

void
guest_main(void)
{
	page = page_alloc();
	page2 = page_alloc();
	simple();
	branch_itself();
	crossing();
	in_block();
	other_ways();
	many();
}
