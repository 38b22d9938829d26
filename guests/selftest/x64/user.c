/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways between CPL 3 and CPL 0: SYSCALL, SYSRET, SYSENTER, SYSEXIT, IRET, the
 * I/O permission bitmap, SWAPGS, compatibility mode, UMIP, CR4.TSD
 * (SDM 2; SDM 1 chapter 19; APM 2 chapter 6).
 */
#include "guest.h"

enum {
	MSR_EFER = 0xc0000080, MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_FMASK,
	MSR_FS_BASE = 0xc0000100, MSR_GS_BASE, MSR_KERNEL_GS,
	MSR_SYSENTER_CS = 0x174, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP,
};

static void
syscall_setup(void)
{
	wrmsr(MSR_STAR, (u64)SEL_KCODE << 32 |
	    (u64)(SEL_UCODE32 & ~3) << 48);
	wrmsr(MSR_LSTAR, CODE("int $0x31"));
	wrmsr(MSR_CSTAR, CODE("int $0x32"));
	wrmsr(MSR_FMASK, F_IF | F_DF | F_CF);
}

static void
syscalls(void)
{
	struct cpu c;
	ulong p;

	syscall_setup();
	p = CODE("nop; syscall; nop");
	cpu_init_user(&c, p);
	c.f.rflags |= F_CF | F_DF | F_ZF;
	run(&c);
	EXPECT(&c, 0x31, 0, rdmsr(MSR_LSTAR) + 2, "SDM 2 SYSCALL: RIP = LSTAR");
	CHECK_EQ(c.f.rcx, user(p + 3), "SDM 2 SYSCALL: RCX = next RIP");
	CHECK_EQ(c.f.r11 & ~(ulong)F_RF, F_CF | F_DF | F_ZF | F_1,
	    "SDM 2 SYSCALL: R11 = RFLAGS");
	tcg_wrong();	/* loses the arithmetic flags */
	CHECK_EQ(c.f.rflags & (F_CF | F_DF | F_IF | F_ZF), F_ZF,
	    "SDM 2 SYSCALL: RFLAGS masked by FMASK");
	CHECK_EQ(c.f.cs, SEL_KCODE, "SDM 2 SYSCALL: CS from STAR");
	CHECK_EQ(c.f.ss, SEL_KDATA, "SDM 2 SYSCALL: SS = CS + 8");
	CHECK_EQ(c.f.rsp, user(STACK_TOP), "SDM 2 SYSCALL: RSP unchanged");
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~1ull);
	run_user(&c, p);
	EXPECT(&c, UD, 0, user(p + 1), "SDM 2 SYSCALL: #UD without EFER.SCE");
	p = CODE("sysretq");
	run_kernel(&c, p);
	EXPECT(&c, UD, 0, p, "SDM 2 SYSRET: #UD without EFER.SCE");
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | 1);
	p = CODE("syscall");
	wrmsr(MSR_LSTAR, 0x1234);
	CHECK_EQ(rdmsr(MSR_LSTAR), 0x1234, "SDM 4: LSTAR keeps what is written");
	p = CODE("mov $0xc0000082, %ecx; mov $0x80000000, %edx; xor %eax, %eax;"
	    "wrmsr");
	run_kernel(&c, p);
	tcg_wrong();
	EXPECT(&c, GP, 0, p + 12, "SDM 2 WRMSR: non-canonical LSTAR");
	syscall_setup();
}

static void
sysrets(void)
{
	struct cpu c;
	ulong p, target = user(CODE("ud2"));

	p = CODE("sysretq");
	cpu_init(&c, p);
	c.f.rcx = target;
	c.f.r11 = F_ZF | F_IF | F_CF;
	c.f.rsp = user(STACK_TOP);
	run(&c);
	EXPECT(&c, UD, 0, target, "SDM 2 SYSRET: RIP = RCX");
	CHECK_EQ(c.f.cs, SEL_UCODE, "SDM 2 SYSRET: CS = STAR + 16, RPL 3");
	CHECK_EQ(c.f.ss, SEL_UDATA, "SDM 2 SYSRET: SS = STAR + 8, RPL 3");
	CHECK_EQ(c.f.rflags & ~(ulong)F_RF, F_ZF | F_IF | F_CF | F_1,
	    "SDM 2 SYSRET: RFLAGS = R11");
	cpu_init(&c, p);
	c.f.rcx = target;
	c.f.r11 = F_RF | F_VM | F_ZF;
	run(&c);
	tcg_wrong();
	CHECK_EQ(c.f.rflags & F_VM, 0, "SDM 2 SYSRET: VM is not loaded");
	/* To 32-bit code: 32-bit operand size. */
	target = user(CODE32("ud2"));
	p = CODE("sysretl");
	cpu_init(&c, p);
	c.f.rcx = 0xffffffff00000000ul | target;
	run(&c);
	EXPECT(&c, UD, 0, target, "SDM 2 SYSRET: RIP = ECX");
	CHECK_EQ(c.f.cs, SEL_UCODE32, "SDM 2 SYSRET: 32-bit CS = STAR");
	/* Non-canonical RCX: Intel #GP at CPL 0, AMD faults at CPL 3. */
	p = CODE("sysretq");
	cpu_init(&c, p);
	c.f.rcx = 0x8000000000000000ul;
	run(&c);
	CHECK_EQ(c.f.vector, GP, "SDM 2 SYSRET, APM 3: non-canonical RCX is #GP");
}

static void
sysenters(void)
{
	struct cpu c;
	ulong p = CODE("nop; sysenter"), q;

	wrmsr(MSR_SYSENTER_CS, 0);
	run_user(&c, p);
	CHECK(c.f.vector == UD || c.f.vector == GP,
	    "SDM 2 SYSENTER: #GP with CS 0; APM 3: #UD in long mode");
	if (is_amd())
		return;
	wrmsr(MSR_SYSENTER_CS, SEL_KCODE);
	wrmsr(MSR_SYSENTER_ESP, STACK_TOP - 256);
	wrmsr(MSR_SYSENTER_EIP, CODE("int $0x33"));
	cpu_init_user(&c, p);
	c.f.rflags |= F_IF;
	run(&c);
	EXPECT(&c, 0x33, 0, rdmsr(MSR_SYSENTER_EIP) + 2,
	    "SDM 2 SYSENTER: RIP = SYSENTER_EIP");
	CHECK_EQ(c.f.rsp, STACK_TOP - 256, "SDM 2 SYSENTER: RSP");
	CHECK_EQ(c.f.rflags & F_IF, 0, "SDM 2 SYSENTER: IF cleared");
	q = user(CODE("ud2"));
	p = CODE("rex.w sysexit");
	cpu_init(&c, p);
	c.f.rdx = q;
	c.f.rcx = user(STACK_TOP);
	run(&c);
	EXPECT(&c, UD, 0, q, "SDM 2 SYSEXIT: RIP = RDX");
	CHECK_EQ(c.f.cs, SEL_KCODE + 32 + 3, "SDM 2 SYSEXIT: CS + 32");
}

static void
irets(void)
{
	struct cpu c;
	ulong p, q = user(CODE("ud2"));

	cpu_init_user(&c, q - USER_BASE);
	c.f.cs = SEL_KDATA | 3;
	run(&c);
	EXPECT(&c, GP, SEL_KDATA, (ulong)trap_iret,
	    "SDM 2 IRET: CS is not a code segment");
	cpu_init_user(&c, q - USER_BASE);
	c.f.cs = SEL_KCODE | 3;
	run(&c);
	EXPECT(&c, GP, SEL_KCODE, (ulong)trap_iret,
	    "SDM 2 IRET: DPL 0 code, RPL 3");
	cpu_init_user(&c, q - USER_BASE);
	c.f.cs = 0;
	run(&c);
	EXPECT(&c, GP, 0, (ulong)trap_iret, "SDM 2 IRET: null CS");
	cpu_init_user(&c, q - USER_BASE);
	c.f.ss = SEL_KDATA;
	run(&c);
	EXPECT(&c, GP, SEL_KDATA, (ulong)trap_iret,
	    "SDM 2 IRET: SS RPL is not that of CS");
	cpu_init_user(&c, q - USER_BASE);
	c.f.ss = SEL_UCODE;
	run(&c);
	EXPECT(&c, GP, SEL_UCODE & ~3, (ulong)trap_iret,
	    "SDM 2 IRET: SS is a code segment");
	cpu_init_user(&c, q - USER_BASE);
	c.f.rip = 0x8000000000000000ul;
	run(&c);
	CHECK_EQ(c.f.vector, GP, "SDM 2 IRET: non-canonical RIP is #GP");
	cpu_init(&c, q - USER_BASE);
	c.f.rflags = F_NT | F_1;
	run(&c);
	EXPECT(&c, UD, 0, q - USER_BASE, "SDM 2 IRET: may set NT");
	CHECK(c.f.rflags & F_NT, "SDM 2 IRET: NT from the image");
	p = CODE("pushf; orl $0x4000, (%rsp); popf; iretq");
	run_kernel(&c, p);
	EXPECT(&c, GP, 0, -1, "SDM 2 IRET: #GP(0) with NT in long mode");
	/* User mode cannot change IF or IOPL by IRET or POPF. */
	p = CODE("pushf; orl $0x3200, (%rsp); popf; pushf; pop %rax");
	run_user(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 2 POPF: no fault at CPL 3");
	CHECK_EQ(c.f.rax & 0x3200, 0, "SDM 2 POPF: IF and IOPL unchanged");
	p = CODE("pushf; orl $0x3200, (%rsp); popf; pushf; pop %rax; cli");
	run_kernel(&c, p);
	CHECK_EQ(c.f.rax & 0x3200, 0x3200, "SDM 2 POPF: CPL 0 changes them");
	p = CODE("pushf; orl $0x200000, (%rsp); popf; pushf; pop %rax");
	run_user(&c, p);
	CHECK_EQ(c.f.rax & F_ID, F_ID, "SDM 1 3.4.3.3: ID can be set");
	/* IRETQ inside CPL 3. */
	p = CODE("mov %rsp, %rbx; lea 1f(%rip), %rax; push $0x23; push %rbx;"
	    "pushf; push $0x2b; push %rax; iretq; ud2; 1: nop");
	run_user(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 2 IRET: CPL 3 to CPL 3");
	CHECK_EQ(c.f.rsp, user(STACK_TOP), "SDM 2 IRET: SS:RSP popped always");
}

static void
io_bitmap(void)
{
	ulong in8 = CODE("mov $0x80, %dx; in %dx, %al");
	ulong in16 = CODE("mov $0x80, %dx; in %dx, %ax");
	ulong in32 = CODE("mov $0x7d, %dx; in %dx, %eax");
	ulong last = CODE("mov $0xffff, %dx; in %dx, %al");
	struct cpu c;

	tss.iomap = offsetof(struct tss, bitmap);
	fill(tss.bitmap, 0xff, sizeof(tss.bitmap));
	run_user(&c, in8);
	EXPECT(&c, GP, 0, user(in8 + 4), "SDM 1 19.5.2: bit set: #GP(0)");
	tss.bitmap[0x80 / 8] = 0xfe;
	run_user(&c, in8);
	EXPECT(&c, DONE, 0, -1, "SDM 1 19.5.2: bit clear: allowed");
	run_user(&c, in16);
	EXPECT(&c, GP, 0, -1, "SDM 1 19.5.2: a word needs two bits");
	tss.bitmap[0x80 / 8] = 0xfc;
	run_user(&c, in16);
	EXPECT(&c, DONE, 0, -1, "SDM 1 19.5.2: two bits clear");
	run_user(&c, in32);
	EXPECT(&c, GP, 0, -1, "SDM 1 19.5.2: a dword across two bytes");
	tss.bitmap[0x78 / 8] = 0x1f;
	tss.bitmap[0x80 / 8] = 0xfe;
	run_user(&c, in32);
	EXPECT(&c, DONE, 0, -1, "SDM 1 19.5.2: bits across bytes all clear");
	cpu_init_user(&c, in8);
	c.f.rflags |= F_IOPL3;
	fill(tss.bitmap, 0xff, sizeof(tss.bitmap));
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 1 19.5.1: CPL <= IOPL needs no bitmap");
	/* Beyond the TSS's limit. */
	fill(tss.bitmap, 0, sizeof(tss.bitmap));
	tss_load(offsetof(struct tss, bitmap) + 0x10 - 1);
	run_user(&c, in8);
	EXPECT(&c, GP, 0, -1, "SDM 1 19.5.2: bitmap ends before the bit");
	tss_load(offsetof(struct tss, bitmap) + 0x11);
	run_user(&c, in8);
	EXPECT(&c, DONE, 0, -1, "SDM 1 19.5.2: the limit just suffices");
	tss_load(offsetof(struct tss, bitmap) + 8192);
	run_user(&c, last);
	EXPECT(&c, DONE, 0, -1, "SDM 1 19.5.2: port 0xffff");
	tss.iomap = sizeof(tss);
	tss_load(sizeof(tss) - 1);
	run_user(&c, in8);
	EXPECT(&c, GP, 0, -1, "SDM 1 19.5.2: map base at the limit");
}

static void
gs_bases(void)
{
	static const struct { ulong v; bool good; } bases[] = {
		{ 0x7fffffffffff, true }, { 0x800000000000, false },
		{ 0xffff7ffffffffffful, false },
		{ 0xffff800000000000ul, true }, { ~0ul, true }, { 0, true },
		{ 1ul << 63, false },
	};
	static u64 a = 0x1111, b = 0x2222;
	struct cpu c;
	ulong p;

	wrmsr(MSR_GS_BASE, (ulong)&a);
	wrmsr(MSR_KERNEL_GS, (ulong)&b);
	p = CODE("mov %gs:0, %rax; swapgs; mov %gs:0, %rcx; swapgs;"
	    "mov %gs:0, %rdx");
	run_kernel(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 2 SWAPGS: runs at CPL 0");
	CHECK_EQ(c.f.rax, 0x1111, "SDM 3 3.4.4: GS base in use");
	CHECK_EQ(c.f.rcx, 0x2222, "SDM 2 SWAPGS: exchanged");
	CHECK_EQ(c.f.rdx, 0x1111, "SDM 2 SWAPGS: exchanged back");
	p = CODE("mov %gs:0, %rax");
	cpu_init_user(&c, p);
	wrmsr(MSR_GS_BASE, user((ulong)&b));
	run(&c);
	CHECK_EQ(c.f.rax, 0x2222, "SDM 3 3.4.4: GS base at CPL 3");
	p = CODE("mov $0x10, %eax; mov %eax, %gs");
	run_kernel(&c, p);
	CHECK_EQ(rdmsr(MSR_GS_BASE), 0, "SDM 3 3.4.4: a load of GS sets its base");
	if (!has(7, 0, 1, 0))
		return;
	p = CODE("rdgsbase %rax");
	run_user(&c, p);
	EXPECT(&c, UD, 0, user(p), "SDM 2 RDGSBASE: #UD without CR4.FSGSBASE");
	write_cr4(read_cr4() | 1 << 16);
	p = CODE("mov $0x123456789, %rax; wrgsbase %rax; rdgsbase %rbx;"
	    "wrfsbase %rax; rdfsbase %ecx");
	run_user(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 2 WRGSBASE: at CPL 3");
	CHECK_EQ(c.f.rbx, 0x123456789, "SDM 2 RDGSBASE: what was written");
	CHECK_EQ(c.f.rcx, 0x23456789, "SDM 2 RDFSBASE: 32 bits, zero-extended");
	CHECK_EQ(rdmsr(MSR_GS_BASE), 0x123456789, "SDM 2 WRGSBASE: the same MSR");
	for (unsigned k = 0; k < ARRAY_LEN(bases); k++) {
		p = CODE("wrfsbase %r9; rdfsbase %r10; wrgsbase %r9;"
		    "rdgsbase %r11");
		cpu_init_user(&c, p);
		c.f.r9 = bases[k].v;
		run(&c);
		if (bases[k].good) {
			EXPECT(&c, DONE, 0, -1, "SDM 2 WRFSBASE: canonical");
			CHECK_EQ(c.f.r10, bases[k].v, "SDM 2 RDFSBASE: r10");
			CHECK_EQ(c.f.r11, bases[k].v, "SDM 2 RDGSBASE: r11");
		} else {
			tcg_wrong();
			EXPECT(&c, GP, 0, user(p),
			    "SDM 2 WRFSBASE: non-canonical");
		}
	}
	write_cr4(read_cr4() & ~(1ul << 16));
	wrmsr(MSR_FS_BASE, 0);
	wrmsr(MSR_GS_BASE, 0);
}

static void
compat(void)
{
	struct cpu c;
	ulong p;

	p = CODE32("mov $0x12345678, %eax; push %eax; pop %ecx; inc %edx;"
	    ".byte 0x40; push %cs; pop %ebx");
	cpu_init_user(&c, p);
	c.f.cs = SEL_UCODE32;
	c.f.rdx = 0xffffffff;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 3 2.2.1: compatibility mode");
	CHECK_EQ(c.f.rcx, 0x12345678, "SDM 1 3.1.1: 32-bit stack");
	CHECK_EQ(c.f.rax, 0x12345679, "SDM 2: 40h is INC EAX there");
	CHECK_EQ(c.f.rbx, SEL_UCODE32, "SDM 2 PUSH CS in compatibility mode");
	CHECK_EQ(c.f.rdx, 0, "SDM 1 3.4.1.1: 32-bit wrap");
	p = CODE32("syscall");
	cpu_init_user(&c, p);
	c.f.cs = SEL_UCODE32;
	run(&c);
	if (is_amd())
		EXPECT(&c, 0x32, 0, -1, "APM 3 SYSCALL: compatibility: CSTAR");
	else
		EXPECT(&c, UD, 0, -1, "SDM 2 SYSCALL: #UD outside 64-bit mode");
	p = CODE32("mov $0xffffffff, %eax; mov (%eax), %al");
	cpu_init_user(&c, p);
	c.f.cs = SEL_UCODE32;
	run(&c);
	CHECK_EQ(c.f.vector, PF, "SDM 3 5.3.1: flat limit covers 4 GiB");
	CHECK_EQ(c.cr2, 0xffffffff, "SDM 3 4.1: 32-bit linear address");
	p = CODE32("mov 2(%eax), %al");
	cpu_init_user(&c, p);
	c.f.cs = SEL_UCODE32;
	c.f.rax = 0xffffffff;
	run(&c);
	CHECK_EQ(c.cr2, 1, "SDM 1 3.3.7: addresses wrap at 32 bits");
	/* Far call from compatibility to 64-bit code and back. */
	p = CODE32("lcall $0x2b, $1f; inc %edx; int $0x30;"
	    ".code64; 1: mov $0x100000000, %rcx; lretl");
	cpu_init_user(&c, p);
	c.f.cs = SEL_UCODE32;
	/* The code runs in the user alias; its own address is below. */
	run(&c);
	CHECK(c.f.vector == PF || c.f.vector == DONE,
	    "SDM 2 CALL: far to a 64-bit segment");
	p = CODE16("mov $0x1234, %ax; push %ax; pop %cx");
	cpu_init(&c, p);
	gdt[SEL_FREE / 8] = seg_desc(p, 0xffff, 0x9b, 0);
	c.f.cs = SEL_FREE;
	c.f.rip = 0;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 3 3.4.5: 16-bit code segment with a base");
	CHECK_EQ(c.f.rcx, 0x1234, "SDM 3 3.4.5: 16-bit operands");
}

static void
cr4_bits(void)
{
	struct cpu c;
	ulong p;

	p = CODE("rdtsc");
	run_user(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 2 RDTSC: allowed at CPL 3");
	write_cr4(read_cr4() | 4);
	run_user(&c, p);
	EXPECT(&c, GP, 0, user(p), "SDM 2 RDTSC: CR4.TSD");
	run_kernel(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 2 RDTSC: CR4.TSD does not bind CPL 0");
	write_cr4(read_cr4() & ~4ul);
	if (!has(7, 0, 2, 2))
		return;
	p = CODE("sgdt -64(%rsp); sidt -64(%rsp); sldt %eax; str %ecx;"
	    "smsw %edx");
	run_user(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 2 SGDT: allowed at CPL 3 without UMIP");
	CHECK_EQ(c.f.rcx, SEL_TSS, "SDM 2 STR: the selector");
	write_cr4(read_cr4() | 1 << 11);
#define UMIP(insn) \
	p = CODE(insn); \
	run_user(&c, p); \
	EXPECT(&c, GP, 0, user(p), "SDM 3 2.5 CR4.UMIP: " insn); \
	run_kernel(&c, p); \
	EXPECT(&c, DONE, 0, -1, "SDM 3 2.5 CR4.UMIP: fine at CPL 0: " insn);
	UMIP("sgdt -64(%rsp)")
	UMIP("sidt -64(%rsp)")
	UMIP("sldt %eax")
	UMIP("str %eax")
	UMIP("smsw %eax")
	write_cr4(read_cr4() & ~(1ul << 11));
}

void
guest_main(void)
{
	syscalls();
	sysrets();
	sysenters();
	irets();
	io_bitmap();
	gs_bases();
	compat();
	cr4_bits();
}
