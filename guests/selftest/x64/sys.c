/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System instructions at CPL 0, one after the other in straight lines and in
 * loops: that they do what they shall, keep the arithmetic flags, and leave
 * registers they do not name alone (SDM 2 under each; SDM 3 4.6 for SMAP).
 */
#include "guest.h"

#define CR4_SMAP (1ul << 21)
#define MSR_TSC_AUX 0xc0000103

/* What the additions below leave. */
#define OVERFLOWS (F_OF | F_SF | F_PF | F_AF)
#define CARRIES (F_CF | F_ZF | F_PF | F_AF)
#define ARITH (F_OF | F_SF | F_ZF | F_AF | F_PF | F_CF)

static u64 word;

/* Every register but those of may_change is what it was. */
static void
check_registers(const struct cpu *c, ulong may_change, const char *what)
{
	const ulong got[] = { c->f.rax, c->f.rcx, c->f.rdx, c->f.rbx, c->f.rbp,
		c->f.rsi, c->f.rdi, c->f.r8, c->f.r9, c->f.r10, c->f.r11,
		c->f.r12, c->f.r13 };

	for (unsigned i = 0; i < ARRAY_LEN(got); i++)
		if (!(may_change >> i & 1))
			CHECK_EQ(got[i], 0x1111111100000000 * (i % 2) + i,
			    what);
}

enum { rAX = 1, rCX = 2, rDX = 4, rBX = 8, rR8 = 1 << 7 };

static void
load_registers(struct cpu *c)
{
	ulong *const reg[] = { &c->f.rax, &c->f.rcx, &c->f.rdx, &c->f.rbx,
		&c->f.rbp, &c->f.rsi, &c->f.rdi, &c->f.r8, &c->f.r9,
		&c->f.r10, &c->f.r11, &c->f.r12, &c->f.r13 };

	for (unsigned i = 0; i < ARRAY_LEN(reg); i++)
		*reg[i] = 0x1111111100000000 * (i % 2) + i;
}

static void
keeps(ulong overflows, ulong carries, ulong may_change, const char *what)
{
	struct cpu c;

	/* The second time round everything is translated and found. */
	for (unsigned n = 0; n < 2; n++) {
		cpu_init(&c, overflows);
		load_registers(&c);
		run(&c);
		EXPECT(&c, DONE, 0, -1, what);
		CHECK_EQ(c.f.r15 & ARITH, OVERFLOWS, what);
		check_registers(&c, may_change, what);
		cpu_init(&c, carries);
		load_registers(&c);
		run(&c);
		EXPECT(&c, DONE, 0, -1, what);
		CHECK_EQ(c.f.r15 & ARITH, CARRIES, what);
		check_registers(&c, may_change, what);
	}
}

#define KEEPS(insn, regs) \
	keeps(CODE("mov $0x7fffffff, %r14d; add $1, %r14d;" insn \
	    "; pushf; pop %r15; cli"), \
	    CODE("mov $0xffffffff, %r14d; add $1, %r14d;" insn \
	    "; pushf; pop %r15; cli"), regs, "SDM 2: flags after " insn)

static void
flags_are_kept(void)
{
	wrmsr(MSR_TSC_AUX, 0x12345);
	KEEPS("nop", 0);
	KEEPS("cli", 0);
	KEEPS("sti; nop", 0);
	KEEPS("sti; cli", 0);
	KEEPS("cld", 0);
	KEEPS("std; cld", 0);
	KEEPS("std; std; nop; cld", 0);
	KEEPS("swapgs; swapgs", 0);
	KEEPS("rdtsc", rAX | rDX);
	if (has(0x80000001, 0, 3, 27))
		KEEPS("rdtscp", rAX | rCX | rDX);
	KEEPS("lfence; mfence; sfence; pause", 0);
	KEEPS("mov %cr0, %rax", rAX);
	KEEPS("mov %cr0, %rax; mov %rax, %cr0", rAX);
	KEEPS("mov %cr3, %rbx; mov %rbx, %cr3", rBX);
	KEEPS("mov %cr3, %r8; mov %r8, %cr3", rR8);
	KEEPS("mov %cr4, %rcx; mov %rcx, %cr4", rCX);
	KEEPS("mov %cr2, %rdx; mov %rdx, %cr2", rDX);
	KEEPS("mov $0xc0000103, %ecx; rdmsr", rAX | rCX | rDX);
	KEEPS("mov $0xc0000103, %ecx; rdmsr; wrmsr", rAX | rCX | rDX);
	KEEPS("mov %ds, %eax; mov %eax, %ds", rAX);
	KEEPS("mov %ss, %ebx; mov %ebx, %ss; nop", rBX);
	KEEPS("mov %cs, %r8", rR8);
	KEEPS("invlpg (%rsp)", 0);
	KEEPS("push %rbx; push $7; push %r9; pop %r9; lea 8(%rsp), %rsp;"
	    "pop %rbx", 0);
	KEEPS("pushf; popf", 0);
	KEEPS("call 1f; 1: lea 8(%rsp), %rsp", 0);
	KEEPS("call 2f; jmp 3f; 2: ret; 3: nop", 0);
	KEEPS("jmp 4f; 4: nop", 0);
	KEEPS("loop 5f; 5: nop", rCX);
	KEEPS("jrcxz 6f; 6: nop", 0);
	KEEPS("lea 7f(%rip), %rax; jmp *%rax; ud2; 7: nop", rAX);
}

static void
segments(void)
{
	struct cpu c;

	cpu_init(&c, CODE("mov $-1, %rax; mov %ds, %ax; mov $-1, %rbx;"
	    "mov %ss, %ebx; mov $-1, %r8; mov %cs, %r8w; mov $-1, %r9;"
	    "mov %ds, %r9; mov %cs, (%rsi); mov %ds, %cx"));
	word = ~0ull;
	c.f.rsi = (ulong)&word;
	c.f.rcx = ~0ull;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 2 MOV: from segment registers");
	CHECK_EQ(c.f.rax, ~0xffffull | c.f.ds, "SDM 2 MOV: 16 bits are merged");
	CHECK_EQ(c.f.rbx, SEL_KDATA, "SDM 2 MOV: 32 bits are zero-extended");
	CHECK_EQ(c.f.r8, ~0xffffull | SEL_KCODE, "SDM 2 MOV: R8W");
	CHECK_EQ(c.f.r9, c.f.ds, "SDM 2 MOV: R9");
	CHECK_EQ(c.f.rcx, ~0xffffull | c.f.ds, "SDM 2 MOV: CX");
	CHECK_EQ(word, ~0xffffull | SEL_KCODE, "SDM 2 MOV: memory gets a word");
}

static void
flags_image(void)
{
	struct cpu c;

	run_kernel(&c, CODE("pushf; pop %rax; sti; pushf; pop %rbx; cli; pushf;"
	    "pop %rcx; std; pushf; pop %rdx; cld; pushf; pop %rsi;"
	    "push $0x246; popf; pushf; pop %rdi; cli"));
	EXPECT(&c, DONE, 0, -1, "SDM 2 PUSHF");
	CHECK_EQ(c.f.rax & (F_IF | F_DF), 0, "SDM 2 PUSHF: at first");
	CHECK_EQ(c.f.rbx & (F_IF | F_DF), F_IF, "SDM 2 STI");
	CHECK_EQ(c.f.rcx & (F_IF | F_DF), 0, "SDM 2 CLI");
	CHECK_EQ(c.f.rdx & (F_IF | F_DF), F_DF, "SDM 2 STD");
	CHECK_EQ(c.f.rsi & (F_IF | F_DF), 0, "SDM 2 CLD");
	CHECK_EQ(c.f.rdi & 0x200246, 0x246, "SDM 2 POPF");
}

static void
time_stamps(void)
{
	struct cpu c;

	for (unsigned n = 0; n < 3; n++) {
		cpu_init(&c, CODE("rdtsc; mov %rax, %rsi; mov %rdx, %rdi;"
		    "rdtsc; mov %rax, %rbx; mov %rdx, %rbp; rdtsc"));
		c.f.rax = c.f.rdx = ~0ull;
		run(&c);
		CHECK(!((c.f.rsi | c.f.rdi | c.f.rbx | c.f.rbp) >> 32),
		    "SDM 2 RDTSC: upper halves are cleared");
		CHECK((c.f.rdi << 32 | c.f.rsi) <= (c.f.rbp << 32 | c.f.rbx) &&
		    (c.f.rbp << 32 | c.f.rbx) <= (c.f.rdx << 32 | c.f.rax),
		    "SDM 3 18.17: the time stamp does not go back");
		CHECK((c.f.rdx << 32 | c.f.rax) - (c.f.rdi << 32 | c.f.rsi) <
		    1ull << 40, "SDM 3 18.17: nor far ahead");
	}
	/* The same counter as the MSR's, whatever the registers hold. */
	for (unsigned n = 0; n < 3; n++) {
		cpu_init(&c, CODE("mov $0x10, %ecx; rdmsr; mov %rax, %rsi;"
		    "mov %rdx, %rdi; mov (%rsp), %r8; rdtsc; mov %rax, %rbx;"
		    "mov %rdx, %rbp; rdmsr"));
		run(&c);
		CHECK((c.f.rdi << 32 | c.f.rsi) <= (c.f.rbp << 32 | c.f.rbx) &&
		    (c.f.rbp << 32 | c.f.rbx) <= (c.f.rdx << 32 | c.f.rax),
		    "SDM 3 18.17: IA32_TIME_STAMP_COUNTER is what RDTSC reads");
	}
	if (!has(0x80000001, 0, 3, 27))
		return;
	cpu_init(&c, CODE("mov $0x10, %ecx; rdmsr; mov %rax, %rsi;"
	    "mov %rdx, %rdi; mov (%rsp), %r8; rdtscp; mov %rax, %rbx;"
	    "mov %rdx, %rbp; mov $0x10, %ecx; rdmsr"));
	run(&c);
	CHECK((c.f.rdi << 32 | c.f.rsi) <= (c.f.rbp << 32 | c.f.rbx) &&
	    (c.f.rbp << 32 | c.f.rbx) <= (c.f.rdx << 32 | c.f.rax),
	    "SDM 2 RDTSCP: the same counter as the MSR's");
	wrmsr(MSR_TSC_AUX, 0xfedcba98);
	cpu_init(&c, CODE("rdtsc; mov %rax, %rsi; mov %rdx, %rdi; rdtscp"));
	c.f.rcx = ~0ull;
	run(&c);
	CHECK_EQ(c.f.rcx, 0xfedcba98, "SDM 2 RDTSCP: ECX = TSC_AUX");
	CHECK((c.f.rdi << 32 | c.f.rsi) <= (c.f.rdx << 32 | c.f.rax),
	    "SDM 2 RDTSCP: the same counter");
}

static void
msrs(void)
{
	struct cpu c;

	for (unsigned n = 0; n < 2; n++) {
		/* KERNEL_GS_BASE; the upper halves do not count. */
		cpu_init(&c, CODE("mov $0xc0000102, %ecx; wrmsr; mov $-1, %rax;"
		    "mov $-1, %rdx; rdmsr"));
		c.f.rax = 0xdead000012345678 + n;
		c.f.rdx = 0xbeef000000001234;
		run(&c);
		EXPECT(&c, DONE, 0, -1, "SDM 2 WRMSR");
		CHECK_EQ(c.f.rax, 0x12345678 + n, "SDM 2 RDMSR: EAX");
		CHECK_EQ(c.f.rdx, 0x1234, "SDM 2 RDMSR: EDX");
	}
	wrmsr(0xc0000102, 0);
}

/* A page of user's, read and written between STAC and CLAC. */
static void
smap(void)
{
	ulong inside, before, after, at = user((ulong)&word);
	struct cpu c;

	if (!has(7, 0, 1, 20))
		return;
	run_user(&c, CODE("stac"));
	EXPECT(&c, UD, 0, -1, "SDM 2 STAC: CPL 0 only");
	write_cr4(read_cr4() | CR4_SMAP);
	before = CODE("nop; mov (%rsi), %rax");
	inside = CODE("mov $20, %ecx; 1: stac; mov (%rsi), %rax; inc %rax;"
	    "mov %rax, (%rsi); pushf; pop %rbx; clac; pushf; pop %rdx;"
	    "dec %ecx; jnz 1b");
	after = CODE("stac; mov (%rsi), %rax; clac; mov (%rsi), %rbx");
	for (unsigned n = 0; n < 3; n++) {
		cpu_init(&c, before);
		c.f.rsi = at;
		run(&c);
		EXPECT(&c, PF, 1, before + 1, "SDM 3 4.6.1: SMAP, AC clear");
		CHECK_EQ(c.cr2, at, "SDM 3 4.6.1: SMAP, address");
		cpu_init(&c, inside);
		c.f.rsi = at;
		word = 5;
		run(&c);
		EXPECT(&c, DONE, 0, -1, "SDM 3 4.6.1: SMAP, AC set");
		CHECK_EQ(word, 25, "SDM 3 4.6.1: read and written");
		CHECK(c.f.rbx & F_AC, "SDM 2 STAC: sets AC");
		CHECK(!(c.f.rdx & F_AC), "SDM 2 CLAC: clears it");
		cpu_init(&c, after);
		c.f.rsi = at;
		run(&c);
		EXPECT(&c, PF, 1, after + 9, "SDM 2 CLAC: forbids it again");
		CHECK_EQ(c.f.rax, 25, "SDM 2 STAC: allowed it");
	}
	/* Twice the same. */
	cpu_init(&c, CODE("stac; stac; mov (%rsi), %rax; pushf; pop %rbx; clac;"
	    "clac; pushf; pop %rdx"));
	c.f.rsi = at;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 2 STAC: again");
	CHECK_EQ(c.f.rbx & F_AC, F_AC, "SDM 2 STAC: again");
	CHECK_EQ(c.f.rdx & F_AC, 0, "SDM 2 CLAC: again");
	KEEPS("stac", 0);
	KEEPS("clac", 0);
	KEEPS("stac; clac; stac", 0);
	KEEPS("mov $30, %ecx; 8: stac; clac; loop 8b", rCX);
	/* POPF and what an exception saves set it, too. */
	run_kernel(&c, CODE("mov $0x40002, %eax; push %rax; popf; pushf;"
	    "pop %rbx; clac"));
	CHECK_EQ(c.f.rbx & F_AC, F_AC, "SDM 2 POPF: AC");
	write_cr4(read_cr4() & ~CR4_SMAP);
	/* Without CR4.SMAP it is a bit like any other. */
	cpu_init(&c, CODE("mov (%rsi), %rax; stac; mov (%rsi), %rbx; clac;"
	    "mov (%rsi), %rdx"));
	c.f.rsi = at;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 3 4.6.1: without CR4.SMAP");
	CHECK_EQ(c.f.rdx, 25, "SDM 3 4.6.1: without CR4.SMAP");
	KEEPS("stac", 0);
	KEEPS("clac", 0);
}

void
guest_main(void)
{
	flags_are_kept();
	segments();
	flags_image();
	time_stamps();
	msrs();
	smap();
}
