/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When vector and x87 instructions may run and how they fault: CR0.TS, EM and
 * MP, CR4.OSFXSR, OSXMMEXCPT and OSXSAVE, XCR0, deferred #MF, unmasked #XM,
 * #AC (SDM 3 2.5, 6.15, 13; SDM 1 8.6, 8.7, 11.5, 13).
 */
#include "guest.h"

#define CR0_MP 2ul
#define CR0_EM 4ul
#define CR0_TS 8ul
#define CR0_NE 0x20ul
#define CR0_AM 0x40000ul
#define CR4_OSFXSR 0x200ul
#define CR4_OSXMMEXCPT 0x400ul
#define CR4_OSXSAVE 0x40000ul

static u32 mem[256] __attribute__((aligned(64)));

static void
with(ulong cr0_set, ulong cr0_clear, ulong cr4_set, ulong cr4_clear, ulong p,
    unsigned vector, const char *what)
{
	ulong cr0 = read_cr0(), cr4 = read_cr4();
	struct cpu c;

	write_cr4((cr4 | cr4_set) & ~cr4_clear);
	write_cr0((cr0 | cr0_set) & ~cr0_clear);
	cpu_init(&c, p);
	c.f.rbx = (ulong)mem;
	run(&c);
	write_cr0(cr0);
	write_cr4(cr4);
	EXPECT(&c, vector, 0, vector == DONE ? (ulong)-1 : p, what);
}

static void
availability(void)
{
	ulong x87 = CODE("fld1; fstp %st(0)"), sse = CODE("addps %xmm0, %xmm1");
	ulong mmx = CODE("paddb %mm0, %mm1; emms"), wait = CODE("fwait");
	ulong fxsave = CODE("fxsave (%rbx)"), ldmx = CODE("ldmxcsr (%rbx)");
	ulong prefetch = CODE("prefetchnta (%rbx); sfence; pause");
	ulong movnti = CODE("movnti %eax, (%rbx)");
	ulong crc = CODE("crc32l %eax, %ecx; popcnt %eax, %edx");

	mem[0] = 0x1f80;
	with(CR0_TS, 0, 0, 0, x87, NM, "SDM 3 6.15 #NM: x87 with TS");
	with(CR0_TS, 0, 0, 0, mmx, NM, "SDM 3 6.15 #NM: MMX with TS");
	with(CR0_TS, 0, 0, 0, sse, NM, "SDM 3 6.15 #NM: SSE with TS");
	with(CR0_TS, 0, 0, 0, fxsave, NM, "SDM 3 6.15 #NM: FXSAVE with TS");
	with(CR0_TS, 0, 0, 0, ldmx, NM, "SDM 3 6.15 #NM: LDMXCSR with TS");
	with(CR0_TS | CR0_MP, 0, 0, 0, wait, NM, "SDM 3 2.5: FWAIT, TS and MP");
	with(CR0_TS, CR0_MP, 0, 0, wait, DONE, "SDM 3 2.5: FWAIT, TS without MP");
	with(CR0_TS, 0, 0, 0, prefetch, DONE, "SDM 3 2.5: not PREFETCH, SFENCE");
	with(CR0_TS, 0, 0, 0, movnti, DONE, "SDM 3 2.5: not MOVNTI");
	with(CR0_TS, 0, 0, 0, crc, DONE, "SDM 3 2.5: not CRC32, POPCNT");
	with(CR0_EM, 0, 0, 0, x87, NM, "SDM 3 2.5: x87 with EM");
	with(CR0_EM, 0, 0, 0, mmx, UD, "SDM 3 2.5: MMX with EM is #UD");
	with(CR0_EM, 0, 0, 0, sse, UD, "SDM 3 2.5: SSE with EM is #UD");
	tcg_wrong();
	with(CR0_EM | CR0_TS, 0, 0, 0, sse, UD, "SDM 3 6.9: #UD before #NM");
	with(0, 0, 0, CR4_OSFXSR, sse, UD, "SDM 3 2.5: SSE without OSFXSR");
	with(0, 0, 0, CR4_OSFXSR, mmx, DONE, "SDM 3 2.5: MMX needs no OSFXSR");
	with(0, 0, 0, CR4_OSFXSR, ldmx, UD, "SDM 2 LDMXCSR: without OSFXSR");
	with(0, 0, 0, CR4_OSFXSR, fxsave, DONE, "SDM 2 FXSAVE: no OSFXSR needed");
	with(0, 0, 0, 0, sse, DONE, "SDM 3 2.5: SSE in order");
	/* CLTS. */
	write_cr0(read_cr0() | CR0_TS);
	{
		struct cpu c;
		ulong p = CODE("clts; fld1; fstp %st(0)");

		run_kernel(&c, p);
		EXPECT(&c, DONE, 0, -1, "SDM 2 CLTS: x87 runs again");
		CHECK_EQ(read_cr0() & CR0_TS, 0, "SDM 2 CLTS: TS is clear");
	}
	/* The same code, warm, with TS toggled between runs. */
	for (unsigned i = 0; i < 6; i++)
		with(i & 1 ? CR0_TS : 0, 0, 0, 0, sse, i & 1 ? NM : DONE,
		    "SDM 3 13.5: lazy FPU switching");
}

static u64
xgetbv(void)
{
	u32 lo, hi;

	asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	return (u64)hi << 32 | lo;
}

static void
xsetbv(u64 v)
{
	asm volatile("xsetbv" :: "c" (0), "a" ((u32)v), "d" ((u32)(v >> 32)));
}

static void
xsave(void)
{
	static u8 area[4096] __attribute__((aligned(64)));
	ulong get = CODE("xor %ecx, %ecx; xgetbv");
	ulong set = CODE("xor %ecx, %ecx; xor %edx, %edx; xsetbv");
	ulong vadd = CODE("vaddps %ymm0, %ymm1, %ymm2");
	ulong zadd = CODE("vaddps %zmm0, %zmm1, %zmm2");
	ulong save = CODE("xsave (%rbx)");
	u32 r[4];
	struct cpu c;

	if (!has(1, 0, 2, 26))
		return;
	run_kernel(&c, get);
	EXPECT(&c, UD, 0, get + 2, "SDM 2 XGETBV: #UD without OSXSAVE");
	CHECK(!has(1, 0, 2, 27), "SDM 2 CPUID: OSXSAVE follows CR4");
	write_cr4(read_cr4() | CR4_OSXSAVE);
	CHECK(has(1, 0, 2, 27), "SDM 2 CPUID: OSXSAVE set");
	CHECK_EQ(xgetbv(), 1, "SDM 3 2.6: XCR0 is 1 after reset");
	cpu_init(&c, set);
	c.f.rax = 2;
	run(&c);
	EXPECT(&c, GP, 0, set + 4, "SDM 2 XSETBV: bit 0 must be set");
	cpu_init(&c, set);
	c.f.rax = 5;
	run(&c);
	EXPECT(&c, GP, 0, set + 4, "SDM 2 XSETBV: AVX without SSE");
	cpu_init_user(&c, set);
	c.f.rax = 3;
	run(&c);
	EXPECT(&c, GP, 0, user(set + 4), "SDM 2 XSETBV: CPL 0 only");
	run_user(&c, get);
	EXPECT(&c, DONE, 0, -1, "SDM 2 XGETBV: any CPL");
	xsetbv(3);
	cpuid(0xd, 0, r);
	CHECK_EQ(r[1], 576, "SDM 2 CPUID 0DH: EBX for XCR0 = 3");
	if (has(1, 0, 2, 28)) {
		run_kernel(&c, vadd);
		EXPECT(&c, UD, 0, vadd, "SDM 1 14.3: AVX without XCR0.AVX");
		xsetbv(7);
		run_kernel(&c, vadd);
		EXPECT(&c, DONE, 0, -1, "SDM 1 14.3: AVX with XCR0.AVX");
		write_cr0(read_cr0() | CR0_TS);
		run_kernel(&c, vadd);
		EXPECT(&c, NM, 0, vadd, "SDM 3 6.15 #NM: AVX with TS");
		write_cr0(read_cr0() & ~CR0_TS);
		cpuid(0xd, 0, r);
		CHECK(r[1] >= 832, "SDM 2 CPUID 0DH: EBX grows with XCR0");
		xsetbv(3);
		run_kernel(&c, vadd);
		EXPECT(&c, UD, 0, vadd, "SDM 1 14.3: XCR0.AVX taken away");
		xsetbv(7);
	}
	if (has(7, 0, 1, 16)) {
		run_kernel(&c, zadd);
		EXPECT(&c, UD, 0, zadd, "SDM 1 15.4: AVX-512 without XCR0 bits");
		cpu_init(&c, set);
		c.f.rax = 0x27;
		run(&c);
		EXPECT(&c, GP, 0, set + 4, "SDM 2 XSETBV: AVX-512 bits together");
		xsetbv(0xe7);
		run_kernel(&c, zadd);
		EXPECT(&c, DONE, 0, -1, "SDM 1 15.4: AVX-512 runs");
		xsetbv(7);
	}
	cpu_init(&c, save);
	c.f.rbx = (ulong)area + 8;
	c.f.rax = 7;
	run(&c);
	EXPECT(&c, GP, 0, save, "SDM 2 XSAVE: unaligned area is #GP(0)");
	/* What XSAVE writes comes back by XRSTOR. */
	cpu_init(&c, CODE("fninit; fld1; pcmpeqd %xmm3, %xmm3; mov $7, %eax;"
	    "xor %edx, %edx; xsave (%rbx); fldz; pxor %xmm3, %xmm3;"
	    "xrstor (%rbx); movq %xmm3, %rcx; fistpl 1024(%rbx)"));
	c.f.rbx = (ulong)area;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 2 XSAVE, XRSTOR: run");
	CHECK_EQ(c.f.rcx, ~0ull, "SDM 1 13.7, 13.8: XMM3 came back");
	CHECK_EQ(*(u32 *)(area + 1024), 1, "SDM 1 13.8: ST0 came back");
	area[512 + 8] = 1;
	cpu_init(&c, CODE("mov $7, %eax; xor %edx, %edx; xrstor (%rbx)"));
	c.f.rbx = (ulong)area;
	run(&c);
	EXPECT(&c, GP, 0, c.f.rip, "SDM 2 XRSTOR: reserved header bytes");
	write_cr4(read_cr4() & ~CR4_OSXSAVE);
	run_kernel(&c, vadd);
	EXPECT(&c, UD, 0, vadd, "SDM 1 14.3: AVX without CR4.OSXSAVE");
}

static void
x87_errors(void)
{
	struct cpu c;
	ulong p;

	/* 1/0 with ZM clear: FDIV completes, the next x87 instruction faults. */
	mem[0] = 0x37b;
	p = CODE("fninit; fldcw (%rbx); fldz; fld1; fdivp; nop; mov $5, %ecx;"
	    "fld1; nop");
	cpu_init(&c, p);
	c.f.rbx = (ulong)mem;
	run(&c);
	tcg_wrong();
	EXPECT(&c, MF, 0, p + 2 + 2 + 2 + 2 + 2 + 1 + 5,
	    "SDM 1 8.7: #MF comes at the next waiting x87 instruction");
	CHECK_EQ(c.f.rcx, 5, "SDM 1 8.7: integer code runs in between");
	run_kernel(&c, CODE("fnstsw %ax; fnclex; fninit"));
	EXPECT(&c, DONE, 0, -1, "SDM 1 8.6: FN instructions do not wait");
	CHECK_EQ(c.f.rax & 0x84, 0x84, "SDM 1 8.1.3: ES and ZE");
	p = CODE("fninit; fldcw (%rbx); fldz; fld1; fdivp; fwait");
	cpu_init(&c, p);
	c.f.rbx = (ulong)mem;
	run(&c);
	EXPECT(&c, MF, 0, p + 10, "SDM 2 FWAIT: takes the pending #MF");
	p = CODE("fninit; fldcw (%rbx); fldz; fld1; fdivp; fnstcw 8(%rbx);"
	    "fninit; fld1; fistpl 16(%rbx)");
	cpu_init(&c, p);
	c.f.rbx = (ulong)mem;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 2 FNINIT: drops the pending #MF");
	CHECK_EQ(mem[2] & 0xffff, 0x37b, "SDM 2 FNSTCW: what FLDCW loaded");
	/* Stack fault, masked. */
	p = CODE("fninit; fstp %st(0); fnstsw %ax; fninit");
	run_kernel(&c, p);
	tcg_wrong();
	CHECK_EQ(c.f.rax & 0x41, 0x41, "SDM 1 8.5.1.1: IE and SF on underflow");
	/* MMX and x87 share registers. */
	p = CODE("fninit; movd %eax, %mm0; fnstenv (%rbx); emms;"
	    "fnstenv 64(%rbx)");
	cpu_init(&c, p);
	c.f.rbx = (ulong)mem;
	run(&c);
	/* FNSTENV makes 00, 01 or 10 of what is not empty. */
	CHECK_EQ(mem[2] & mem[2] >> 1 & 0x5555, 0,
	    "SDM 1 9.5: MMX marks no register empty");
	CHECK_EQ(mem[18] & 0xffff, 0xffff, "SDM 2 EMMS: all tags empty");
	tcg_wrong();
	CHECK_EQ(mem[22] >> 16, 0xffff, "SDM 1 8.1.10: reserved, all ones");
}

static void
simd_errors(void)
{
	struct cpu c;
	ulong p;

	mem[0] = 0x1d80;	/* ZM clear */
	mem[1] = 0x1f80;
	mem[4] = 0x3f800000;
	mem[8] = 0;
	p = CODE("ldmxcsr (%rbx); movss 16(%rbx), %xmm0; movss 32(%rbx), %xmm1;"
	    "movaps %xmm0, %xmm2; divss %xmm1, %xmm0");
	cpu_init(&c, p);
	c.f.rbx = (ulong)mem;
	run(&c);
	tcg_wrong();
	EXPECT(&c, XM, 0, p + 16, "SDM 3 6.15 #XM: fault at the instruction");
	write_cr4(read_cr4() & ~CR4_OSXMMEXCPT);
	cpu_init(&c, p);
	c.f.rbx = (ulong)mem;
	run(&c);
	tcg_wrong();
	EXPECT(&c, UD, 0, p + 16, "SDM 3 2.5: #UD without OSXMMEXCPT");
	write_cr4(read_cr4() | CR4_OSXMMEXCPT);
	cpu_init(&c, CODE("movd %xmm0, %eax; stmxcsr 8(%rbx);"
	    "ldmxcsr 4(%rbx)"));
	c.f.rbx = (ulong)mem;
	run(&c);
	tcg_wrong();
	CHECK_EQ(c.f.rax, 0x3f800000, "SDM 1 11.5.3: destination unchanged");
	CHECK_EQ(mem[2] & 4, 4, "SDM 1 11.5.3: ZE is set in MXCSR");
	mem[0] = 0x10000;
	p = CODE("ldmxcsr (%rbx)");
	cpu_init(&c, p);
	c.f.rbx = (ulong)mem;
	run(&c);
	tcg_wrong();
	EXPECT(&c, GP, 0, p, "SDM 2 LDMXCSR: reserved bits");
	p = CODE("movaps 4(%rbx), %xmm0");
	cpu_init(&c, p);
	c.f.rbx = (ulong)mem;
	run(&c);
	tcg_wrong();
	EXPECT(&c, GP, 0, p, "SDM 2 MOVAPS: unaligned is #GP(0)");
}

static void
alignment(void)
{
	ulong ld4 = CODE("mov 1(%rbx), %eax"), ld2 = CODE("mov 1(%rbx), %ax");
	ulong ld1 = CODE("mov 1(%rbx), %al"), ld8 = CODE("mov 4(%rbx), %rax");
	ulong ok = CODE("mov 8(%rbx), %rax"), push = CODE("push %rax");
	ulong stac = CODE("pushf; pop %rax");
	struct cpu c;

#define TRY_AC(p, am, ac, user_mode) do { \
		write_cr0((read_cr0() & ~CR0_AM) | (am ? CR0_AM : 0)); \
		if (user_mode) { \
			cpu_init_user(&c, p); \
			c.f.rbx = user((ulong)mem); \
		} else { \
			cpu_init(&c, p); \
			c.f.rbx = (ulong)mem; \
		} \
		c.f.rflags |= ac ? F_AC : 0; \
		run(&c); \
	} while (0)

	TRY_AC(ld4, true, true, true);
	tcg_wrong();
	EXPECT(&c, AC, 0, user(ld4), "SDM 3 6.15 #AC: AM, AC, CPL 3");
	TRY_AC(ld2, true, true, true);
	tcg_wrong();
	EXPECT(&c, AC, 0, user(ld2), "SDM 3 table 6-7: a word at an odd address");
	TRY_AC(ld8, true, true, true);
	tcg_wrong();
	EXPECT(&c, AC, 0, user(ld8), "SDM 3 table 6-7: a quadword at 4 mod 8");
	TRY_AC(ld1, true, true, true);
	EXPECT(&c, DONE, 0, -1, "SDM 3 table 6-7: bytes are always aligned");
	TRY_AC(ok, true, true, true);
	EXPECT(&c, DONE, 0, -1, "SDM 3 table 6-7: aligned");
	TRY_AC(ld4, false, true, true);
	EXPECT(&c, DONE, 0, -1, "SDM 3 6.15 #AC: not without CR0.AM");
	TRY_AC(ld4, true, false, true);
	EXPECT(&c, DONE, 0, -1, "SDM 3 6.15 #AC: not without EFLAGS.AC");
	TRY_AC(ld4, true, true, false);
	EXPECT(&c, DONE, 0, -1, "SDM 3 6.15 #AC: not at CPL 0");
	for (unsigned i = 0; i < 4; i++) {
		TRY_AC(ld4, true, i & 1, true);
		tcg_wrong();
		CHECK_EQ(c.f.vector, i & 1 ? AC : DONE,
		    "SDM 3 6.15 #AC: the same code with and without AC");
	}
	cpu_init_user(&c, push);
	write_cr0(read_cr0() | CR0_AM);
	c.f.rflags |= F_AC;
	c.f.rsp -= 4;
	run(&c);
	tcg_wrong();
	EXPECT(&c, AC, 0, user(push), "SDM 3 6.15 #AC: stack accesses too");
	write_cr0(read_cr0() & ~CR0_AM);
	(void)stac;
}

static unsigned ferr_hits;
static ulong ferr_rip;

static void
on_ferr(struct frame *f)
{
	ferr_hits++;
	ferr_rip = f->rip;
	outb(0xf0, 0);
	asm volatile("fnclex");
	pic_eoi(13);
}

/* SDM 1 8.7.2: without CR0.NE an error goes out by FERR#, to IRQ 13. */
static void
ms_dos_mode(void)
{
	ulong cr0 = read_cr0(), at;
	u16 cw = 0x37b;		/* all masked but division by zero */

	pic_setup(0x50, 0xffff & ~(1u << 13 | 1u << 2));
	hook[0x5d] = on_ferr;
	write_cr0(cr0 & ~CR0_NE);
	for (unsigned i = 1; i <= 3; i++) {
		sti();
		asm volatile("fninit; fldcw %1; fldz; fld1; fdiv %%st(1), %%st\n"
		    "1: fwait; lea 1b(%%rip), %0" : "=r"(at) : "m"(cw) :
		    "memory");
		cli();
		CHECK_EQ(ferr_hits, i, "SDM 1 8.7.2: FERR# rings IRQ 13");
		CHECK_EQ(ferr_rip, at,
		    "SDM 1 8.7.2: in front of the waiting instruction");
	}
	asm volatile("fninit");
	write_cr0(cr0);
	hook[0x5d] = NULL;
	pic_setup(0x50, 0xffff);
}

void
guest_main(void)
{
	availability();
	x87_errors();
	simd_errors();
	alignment();
	xsave();
	ms_dos_mode();
}
