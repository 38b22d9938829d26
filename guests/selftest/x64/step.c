/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single-stepping and breakpoints: TF, RF, DR0-DR3, DR6, DR7, general detect
 * (SDM 3, chapter 18).
 */
#include "guest.h"

static u64 data[4] __attribute__((aligned(64)));

/* Run with TF and collect the RIPs of the #DBs until something else comes. */
static unsigned
trace(ulong p, ulong flags, u16 *off, unsigned max, struct cpu *c)
{
	unsigned n = 0;

	cpu_init(c, p);
	c->f.rflags |= F_TF | flags;
	for (;;) {
		write_dr6(0xffff0ff0);
		run(c);
		if (c->f.vector != DB || n == max)
			return n;
		if (!(read_dr6() & 1 << 14))
			guest_fail("SDM 3 18.2.3: #DB of TF without DR6.BS");
		off[n++] = c->f.rip - p;
	}
}

static void
offsets(const u16 *got, unsigned n, const u16 *want, unsigned m,
    const char *what)
{
	bool e = excuse;

	CHECK_EQ(n, m, what);
	for (unsigned i = 0; i < n && i < m; i++) {
		excuse = e;
		CHECK_EQ(got[i], want[i], what);
	}
}

#define TRACE(text, what, ...) do { \
	static const u16 want_[] = { __VA_ARGS__ }; \
	u16 off_[32]; \
	struct cpu c_; \
	ulong p_ = CODE(text); \
	unsigned n_ = trace(p_, 0, off_, 32, &c_); \
	offsets(off_, n_, want_, ARRAY_LEN(want_), what); \
} while (0)

static void
trap_flag(void)
{
	struct cpu c;
	u16 off[32];
	unsigned n;
	ulong p;

	TRACE("nop; nop; inc %eax; nop",
	    "SDM 3 18.3.1.4: a #DB after each instruction", 1, 2, 4, 5);
	TRACE("jmp 1f; nop; nop; 1: nop",
	    "SDM 3 18.3.1.4: after a jump RIP is its target", 4, 5);
	TRACE("mov $3, %ecx; 1: loop 1b; nop",
	    "SDM 3 18.3.1.4: each round of LOOP", 5, 5, 5, 7, 8);
	TRACE("call 1f; 1: pop %rax; nop",
	    "SDM 3 18.3.1.4: CALL and POP", 5, 6, 7);
	TRACE("mov $2, %ecx; lea -64(%rsp), %rdi; rep stosb; nop",
	    "SDM 3 18.3.1.4: after each iteration of REP", 5, 10, 10, 12, 13);
	TRACE("nop; mov %ss, %eax; mov %eax, %ss; nop; nop",
	    "SDM 3 6.8.3: no #DB after MOV SS", 1, 3, 6, 7);
	tcg_wrong();
	TRACE("sti; cli; nop", "SDM 2 STI: TF is not held back", 1, 2, 3);
	TRACE("pushf; popf; nop", "SDM 3 18.3.1.4: POPF that keeps TF", 1, 2, 3);
	TRACE("cpuid; nop; rdtsc; nop", "SDM 3 18.3.1.4: CPUID, RDTSC",
	    2, 3, 5, 6);
	TRACE("movdqu (%rsp), %xmm0; paddb %xmm0, %xmm0; fld1; fstp %st(0)",
	    "SDM 3 18.3.1.4: vector and x87 instructions", 5, 9, 11, 13);
	/* POPF that sets TF: the #DB comes after the next instruction. */
	p = CODE("pushf; orl $0x100, (%rsp); popf; nop; nop");
	run_kernel(&c, p);
	EXPECT(&c, DB, 0, p + 10, "SDM 2 POPF: TF takes effect one later");
	p = CODE("pushf; orl $0x100, (%rsp); popf; pushf; andl $~0x100, (%rsp);"
	    "popf; nop; nop");
	run_kernel(&c, p);
	EXPECT(&c, DB, 0, p + 10, "SDM 2 POPF: first step");
	/* POPF that clears TF still traps after itself. */
	p = CODE("pushf; andl $~0x100, (%rsp); popf; nop; nop; nop");
	n = trace(p, 0, off, 32, &c);
	CHECK_EQ(n, 3, "SDM 3 18.3.1.4: clearing TF traps once more");
	CHECK_EQ(c.f.vector, DONE, "SDM 3 18.3.1.4: then runs freely");
	/* INT clears TF on the way in, the frame keeps it. */
	p = CODE("int $0x31");
	cpu_init(&c, p);
	c.f.rflags |= F_TF;
	run(&c);
	EXPECT(&c, 0x31, 0, p + 2, "SDM 3 6.12.1.2: INT n clears TF itself");
	CHECK(c.f.rflags & F_TF, "SDM 3 6.12.1.2: TF in the frame");
	/* A fault comes instead of the step. */
	p = CODE("ud2");
	cpu_init(&c, p);
	c.f.rflags |= F_TF;
	run(&c);
	EXPECT(&c, UD, 0, p, "SDM 3 6.9: a fault has no step after it");
	tcg_wrong();
	CHECK(c.f.rflags & F_RF, "SDM 3 18.3.1.1: faults push RF = 1");
	/* CPL 3. */
	p = CODE("nop; nop");
	cpu_init_user(&c, p);
	c.f.rflags |= F_TF;
	run(&c);
	EXPECT(&c, DB, 0, user(p + 1), "SDM 3 18.3.1.4: at CPL 3");
	/* SYSCALL with TF: masked by FMASK, or stepping on at CPL 0. */
	wrmsr(0xc0000081, (u64)SEL_KCODE << 32 | (u64)(SEL_UCODE32 & ~3) << 48);
	wrmsr(0xc0000082, CODE("nop; int $0x31"));
	wrmsr(0xc0000084, F_TF);
	p = CODE("syscall");
	cpu_init_user(&c, p);
	c.f.rflags |= F_TF;
	run(&c);
	EXPECT(&c, 0x31, 0, -1, "SDM 2 SYSCALL: FMASK clears TF in time");
}

static void
code_breakpoints(void)
{
	struct cpu c;
	ulong p = CODE("nop; nop; inc %ecx; nop");

	write_dr0(p + 1);
	write_dr7(0x402);
	write_dr6(0xffff0ff0);
	run_kernel(&c, p);
	EXPECT(&c, DB, 0, p + 1, "SDM 3 18.3.1.1: fault before the instruction");
	CHECK_EQ(read_dr6() & 0xf, 1, "SDM 3 18.2.3: DR6.B0");
	tcg_wrong();
	CHECK(c.f.rflags & F_RF, "SDM 3 18.3.1.1: RF in the frame");
	write_dr6(0xffff0ff0);
	run(&c);
	tcg_wrong();
	EXPECT(&c, DONE, 0, -1, "SDM 3 18.3.1.1: RF lets it pass once");
	tcg_wrong();
	CHECK_EQ(c.f.rcx, 1, "SDM 3 18.3.1.1: executed once");
	/* RF is cleared after one instruction: two breakpoints in a row. */
	write_dr1(p + 2);
	write_dr7(0x40a);
	run_kernel(&c, p);
	CHECK_EQ(c.f.rip, p + 1, "SDM 3 18.3.1.1: the first");
	write_dr6(0xffff0ff0);
	run(&c);
	tcg_wrong();
	EXPECT(&c, DB, 0, p + 2, "SDM 1 3.4.3.3: RF lasts one instruction");
	tcg_wrong();
	CHECK_EQ(read_dr6() & 0xf, 2, "SDM 3 18.2.3: DR6.B1");
	/* A breakpoint inside an instruction does not match. */
	write_dr7(0x402);
	write_dr0(p + 3);
	run_kernel(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 3 18.2.5: only the first byte counts");
	/* Changed while the code is warm. */
	for (unsigned i = 0; i < 6; i++) {
		static const u8 start[] = { 0, 1, 2, 4 };
		unsigned k = start[i & 3];

		write_dr0(p + k);
		write_dr7(0x402);
		run_kernel(&c, p);
		EXPECT(&c, DB, 0, p + k, "SDM 3 18.2: moved breakpoint");
		write_dr7(0x400);
		run_kernel(&c, p);
		EXPECT(&c, DONE, 0, -1, "SDM 3 18.2.4: disabled breakpoint");
	}
	/* At CPL 3, through the user alias. */
	write_dr0(user(p + 1));
	write_dr7(0x402);
	run_user(&c, p);
	EXPECT(&c, DB, 0, user(p + 1), "SDM 3 18.2: at CPL 3");
	write_dr7(0x400);
}

static void
data_hit(ulong p, unsigned len, ulong dr7, bool hits, const char *what)
{
	struct cpu c;

	write_dr6(0xffff0ff0);
	write_dr7(dr7);
	cpu_init(&c, p);
	c.f.rbx = (ulong)data;
	c.f.rdi = (ulong)data;
	c.f.rsi = (ulong)data;
	c.f.rcx = 3;
	run(&c);
	write_dr7(0x400);
	if (hits) {
		EXPECT(&c, DB, 0, p + len, what);
		CHECK_EQ(read_dr6() & 0xf, 1, what);
	} else {
		EXPECT(&c, DONE, 0, -1, what);
	}
}

static void
data_breakpoints(void)
{
	enum { W1 = 0x10402, W4 = 0xd0402, W8 = 0x90402, RW1 = 0x30402 };
	ulong store = CODE("mov %al, (%rbx); nop");
	ulong load = CODE("mov (%rbx), %al; nop");
	ulong store8 = CODE("mov %rax, (%rbx); nop");
	ulong beside = CODE("mov %al, 4(%rbx); nop");
	ulong straddle = CODE("mov %eax, -2(%rbx); nop");
	ulong vec = CODE("movups %xmm0, -8(%rbx); nop");
	ulong rep = CODE("rep stosb; nop");
	struct cpu c;

	write_dr0((ulong)data);
	data_hit(store, 2, W1, true, "SDM 3 18.3.1.2: trap after the store");
	data_hit(load, 2, W1, false, "SDM 3 18.2.4: RW = 1: writes only");
	data_hit(load, 2, RW1, true, "SDM 3 18.2.4: RW = 3: reads too");
	data_hit(store8, 3, W1, true, "SDM 3 18.2.5: overlap by a wide store");
	data_hit(beside, 3, W4, false, "SDM 3 18.2.5: beyond 4 bytes");
	data_hit(beside, 3, W8, true, "SDM 3 18.2.5: within 8 bytes");
	data_hit(straddle, 3, W1, true, "SDM 3 18.2.5: unaligned overlap");
	data_hit(vec, 4, W1, true, "SDM 3 18.2.5: a vector store overlaps");
	cpu_init(&c, rep);
	c.f.rdi = (ulong)data - 1;
	c.f.rcx = 3;
	write_dr6(0xffff0ff0);
	write_dr7(W1);
	run(&c);
	write_dr7(0x400);
	CHECK_EQ(c.f.vector, DB, "SDM 3 18.3.1.2: REP stops at the iteration");
	CHECK_EQ(c.f.rip, rep, "SDM 3 18.3.1.2: RIP at the REP, to go on");
	CHECK_EQ(c.f.rcx, 1, "SDM 3 18.3.1.2: two of three done");
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 3 18.3.1.2: resumes");
	CHECK_EQ(c.f.rcx, 0, "SDM 3 18.3.1.2: to the end");
}

static void
registers(void)
{
	struct cpu c;
	ulong p;

	CHECK_EQ(read_dr7() & 0x400, 0x400, "SDM 3 18.2: DR7 bit 10 is 1");
	write_dr6(0);
	CHECK_EQ(read_dr6() & 0xffff1ff0, 0xffff0ff0,
	    "SDM 3 18.2.3: reserved bits of DR6 read as 1, bit 12 as 0");
	p = CODE("mov %dr4, %rax");
	write_cr4(read_cr4() | 8);
	run_kernel(&c, p);
	EXPECT(&c, UD, 0, p, "SDM 3 18.2.2: DR4 with CR4.DE is #UD");
	write_cr4(read_cr4() & ~8ul);
	run_kernel(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 3 18.2.2: DR4 is DR6 without CR4.DE");
	p = CODE("mov $0x2400, %eax; mov %rax, %dr7; nop; mov %dr0, %rax");
	write_dr6(0xffff0ff0);
	run_kernel(&c, p);
	tcg_wrong();
	EXPECT(&c, DB, 0, -1, "SDM 3 18.2.4: general detect");
	tcg_wrong();
	CHECK(read_dr6() & 1 << 13, "SDM 3 18.2.3: DR6.BD");
	tcg_wrong();
	CHECK_EQ(read_dr7() & 0x2000, 0,
	    "SDM 3 18.2.4: GD cleared on entry to the handler");
	write_dr7(0x400);
	p = CODE("mov $0x100000000, %rax; mov %rax, %dr7");
	run_kernel(&c, p);
	EXPECT(&c, GP, 0, p + 10, "SDM 2 MOV DR: upper half of DR7 not zero");
}

void
guest_main(void)
{
	trap_flag();
	code_breakpoints();
	data_breakpoints();
	registers();
}
