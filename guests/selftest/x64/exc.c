/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions in 64-bit mode: that each vector is reached by its cause, with
 * the right error code and saved RIP (SDM 3, chapter 6).
 */
#include "guest.h"

static void
faults(void)
{
	struct cpu c;
	ulong p;

	p = CODE("xor %ecx, %ecx; xor %edx, %edx; div %ecx");
	run_kernel(&c, p);
	EXPECT(&c, DE, 0, p + 4, "SDM 3 6.15 #DE: fault, RIP at the DIV");
	p = CODE("mov $2, %edx; mov $1, %ecx; div %ecx");
	run_kernel(&c, p);
	EXPECT(&c, DE, 0, p + 10, "SDM 3 6.15 #DE: quotient too large");
	CHECK_EQ(c.f.rdx, 2, "SDM 3 6.15 #DE: operands unchanged");
	p = CODE("mov $-1, %rdx; mov $0x80000000, %eax; cltq;"
	    "mov $-1, %ecx; idiv %ecx");
	run_kernel(&c, p);
	EXPECT(&c, DE, 0, -1, "SDM 2 IDIV: 80000000h / -1 is #DE");
	p = CODE("ud2");
	run_kernel(&c, p);
	EXPECT(&c, UD, 0, p, "SDM 3 6.15 #UD: fault, RIP at UD2");
	p = CODE("nop; .byte 0xf0; nop");
	run_kernel(&c, p);
	EXPECT(&c, UD, 0, p + 1, "SDM 2 LOCK: #UD with NOP");
	p = CODE(".byte 0xf0, 0x01, 0xc0");
	run_kernel(&c, p);
	EXPECT(&c, UD, 0, p, "SDM 2 LOCK: #UD with a register destination");
	p = CODE(".byte 0x06");
	run_kernel(&c, p);
	EXPECT(&c, UD, 0, p, "SDM 2 PUSH ES: #UD in 64-bit mode");
}

static void
traps(void)
{
	struct cpu c;
	ulong p;

	p = CODE("int3");
	run_kernel(&c, p);
	EXPECT(&c, BP, 0, p + 1, "SDM 3 6.15 #BP: trap, RIP after INT3");
	p = CODE(".byte 0xcd, 3");
	run_kernel(&c, p);
	EXPECT(&c, BP, 0, p + 2, "SDM 2 INT n: RIP after INT 3 (CD 03)");
	p = CODE(".byte 0xf1");
	run_kernel(&c, p);
	tcg_wrong();
	EXPECT(&c, DB, 0, p + 1, "SDM 2 INT1: trap, RIP after it");
	for (unsigned v = 0x20; v < 0x100; v++) {
		static u8 code[8] __attribute__((aligned(64)));

		code[0] = 0xcd;
		code[1] = v;
		run_kernel(&c, (ulong)code);
		EXPECT(&c, v, 0, (ulong)code + 2,
		    "SDM 3 6.12: INT n reaches every vector");
	}
	/* INT n never pushes an error code: vector 13 by INT. */
	p = CODE("int $0x21");
	run_kernel(&c, p);
	CHECK_EQ(c.f.rsp, STACK_TOP, "SDM 3 6.14.2: RSP saved unaligned");
}

static void
write_cr8_zero(void)
{
	asm volatile("mov %0, %%cr8" :: "r" (0ul));
}

static void
protection(void)
{
	struct cpu c;
	ulong p;

	p = CODE("mov $0x8000000000000000, %rax; mov (%rax), %rax");
	run_kernel(&c, p);
	EXPECT(&c, GP, 0, p + 10, "SDM 1 3.3.7.1: non-canonical data is #GP(0)");
	p = CODE("mov $0x8000000000000000, %rsp; pop %rax");
	run_kernel(&c, p);
	tcg_wrong();
	EXPECT(&c, SS, 0, p + 10, "SDM 1 3.3.7.1: non-canonical stack is #SS(0)");
	p = CODE("mov $0x7fffffffffff, %rax; mov (%rax), %ax");
	run_kernel(&c, p);
	tcg_wrong();
	EXPECT(&c, GP, 0, p + 10, "SDM 1 3.3.7.1: second byte non-canonical");
	p = CODE("mov $0x8000000000000000, %rbp; mov (%rbp), %rax");
	run_kernel(&c, p);
	tcg_wrong();
	EXPECT(&c, SS, 0, p + 10, "SDM 1 3.7.4: RBP base implies SS");
	p = CODE("mov $0x8000000000000000, %rbp; mov %ds:(%rbp), %rax");
	run_kernel(&c, p);
	CHECK(c.f.vector == SS || c.f.vector == GP,
	    "SDM 1 3.7.4: DS override in 64-bit mode, still a fault");
	gdt[SEL_FREE / 8] = seg_desc(0, 0xfffff, 0x13, 0xc);
	p = CODE("mov $0x60, %eax; mov %eax, %ds");
	run_kernel(&c, p);
	EXPECT(&c, NP, 0x60, p + 5, "SDM 3 6.15 #NP: not-present segment");
	p = CODE("mov $0x1000, %eax; mov %eax, %ds");
	run_kernel(&c, p);
	EXPECT(&c, GP, 0x1000, p + 5, "SDM 3 6.13: selector beyond the GDT");
	p = CODE("mov $0x1004, %eax; mov %eax, %ds");
	run_kernel(&c, p);
	EXPECT(&c, GP, 0x1004, p + 5, "SDM 3 6.13: TI bit of the error code");
	p = CODE("xor %eax, %eax; mov %eax, %ss");
	run_kernel(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 2 MOV: null SS is fine in 64-bit CPL 0");
	p = CODE("mov $0xc0000080, %ecx; rdmsr; mov $0x12345, %ecx; rdmsr");
	run_kernel(&c, p);
	tcg_wrong();
	EXPECT(&c, GP, 0, p + 12, "SDM 2 RDMSR: unknown MSR is #GP(0)");
	p = CODE("mov $0x10, %rax; mov %rax, %cr8");
	run_kernel(&c, p);
	tcg_wrong();
	EXPECT(&c, GP, 0, p + 7, "SDM 3 10.8.6.1: CR8 reserved bits");
	p = CODE("mov %cr1, %rax");
	run_kernel(&c, p);
	EXPECT(&c, UD, 0, p, "SDM 2 MOV CR: CR1 is #UD");
	write_cr8_zero();
	/* TCG obeys these two, and is lost. */
	if (is_tcg())
		return;
	p = CODE("mov %cr0, %rax; btr $0, %rax; mov %rax, %cr0");
	run_kernel(&c, p);
	EXPECT(&c, GP, 0, -1, "SDM 2 MOV CR: PG without PE is #GP(0)");
	p = CODE("mov %cr4, %rax; btr $5, %rax; mov %rax, %cr4");
	run_kernel(&c, p);
	EXPECT(&c, GP, 0, -1, "SDM 2 MOV CR: clearing PAE in long mode");
}

#define PRIV(n, text) \
static ulong priv_##n(void) { return CODE(text); }
PRIV(hlt, "hlt")
PRIV(cli, "cli")
PRIV(lgdt, "lgdt (%rsp)")
PRIV(lidt, "lidt (%rsp)")
PRIV(lldt, "lldt %ax")
PRIV(ltr, "ltr %ax")
PRIV(rdmsr, "rdmsr")
PRIV(wrmsr, "wrmsr")
PRIV(cr0, "mov %cr0, %rax")
PRIV(tocr3, "mov %rax, %cr3")
PRIV(dr7, "mov %dr7, %rax")
PRIV(clts, "clts")
PRIV(lmsw, "lmsw %ax")
PRIV(invlpg, "invlpg (%rsp)")
PRIV(invd, "invd")
PRIV(wbinvd, "wbinvd")
PRIV(swapgs, "swapgs")
PRIV(sysretq, "sysretq")
PRIV(in, "in $0x80, %al")
PRIV(out, "out %al, %dx")
PRIV(outs, "outsb")

static const struct {
	const char *what;
	ulong (*code)(void);
} privileged[] = {
#define P(n, m) { "SDM 3 5.9: #GP(0) at CPL 3: " m, priv_##n }
	P(hlt, "HLT"), P(cli, "CLI, IOPL 0"), P(lgdt, "LGDT"),
	P(lidt, "LIDT"), P(lldt, "LLDT"), P(ltr, "LTR"), P(rdmsr, "RDMSR"),
	P(wrmsr, "WRMSR"), P(cr0, "MOV from CR0"), P(tocr3, "MOV to CR3"),
	P(dr7, "MOV from DR7"), P(clts, "CLTS"), P(lmsw, "LMSW"),
	P(invlpg, "INVLPG"), P(invd, "INVD"), P(wbinvd, "WBINVD"),
	P(swapgs, "SWAPGS"), P(sysretq, "SYSRET"), P(in, "IN"),
	P(out, "OUT"), P(outs, "OUTS"),
};

static void
user_mode(void)
{
	struct cpu c;
	ulong p;

	for (unsigned i = 0; i < ARRAY_LEN(privileged); i++) {
		p = privileged[i].code();
		run_user(&c, p);
		EXPECT(&c, GP, 0, user(p), privileged[i].what);
		CHECK_EQ(c.f.cs, SEL_UCODE, privileged[i].what);
	}
	p = CODE("int $0x31");
	run_user(&c, p);
	tcg_wrong();
	EXPECT(&c, GP, 0x31 * 8 + 2, user(p),
	    "SDM 3 6.12.1.1: INT n to a gate of DPL 0: error = vector*8+IDT");
	p = CODE("int3");
	run_user(&c, p);
	EXPECT(&c, BP, 0, user(p + 1), "SDM 3 6.12.1.1: INT3, gate DPL 3");
	idt[BP].type = 0x8e;
	run_user(&c, p);
	tcg_wrong();
	EXPECT(&c, GP, BP * 8 + 2, user(p),
	    "SDM 3 6.12.1.1: INT3 checks the gate's DPL");
	p = CODE(".byte 0xf1");
	run_user(&c, p);
	tcg_wrong();
	EXPECT(&c, DB, 0, user(p + 1),
	    "SDM 2 INT1: does not check the gate's DPL");
	idt_default();
	p = CODE("ud2");
	run_user(&c, p);
	EXPECT(&c, UD, 0, user(p), "SDM 3 6.12.1.1: exceptions ignore gate DPL");
	CHECK_EQ(c.f.ss, SEL_UDATA, "SDM 3 6.14.2: SS saved from CPL 3");
	CHECK_EQ(c.f.rsp, user(STACK_TOP), "SDM 3 6.14.2: RSP saved");
}

static void
gates(void)
{
	struct cpu c;
	ulong p = CODE("int $0x40");
	u8 type = idt[0x40].type;

	idt[0x40].type = type & 0x7f;
	run_kernel(&c, p);
	tcg_wrong();
	EXPECT(&c, NP, 0x40 * 8 + 2, p, "SDM 3 6.12.1: gate not present: #NP");
	idt[0x40].type = 0x85;
	run_kernel(&c, p);
	tcg_wrong();
	EXPECT(&c, GP, 0x40 * 8 + 2, p, "SDM 3 6.14.1: task gate in long mode");
	idt[0x40].type = 0x86;
	run_kernel(&c, p);
	tcg_wrong();
	EXPECT(&c, GP, 0x40 * 8 + 2, p, "SDM 3 6.14.1: 16-bit gate");
	idt_default();
	idt[0x40].sel = 0;
	run_kernel(&c, p);
	EXPECT(&c, GP, 0, p, "SDM 3 6.12: null selector in the gate");
	idt[0x40].sel = 0x1000;
	run_kernel(&c, p);
	EXPECT(&c, GP, 0x1000, p, "SDM 3 6.12: gate selector beyond the GDT");
	idt[0x40].sel = SEL_KDATA;
	run_kernel(&c, p);
	EXPECT(&c, GP, SEL_KDATA, p, "SDM 3 6.12: gate to a data segment");
	idt[0x40].sel = SEL_KCODE32;
	run_kernel(&c, p);
	EXPECT(&c, GP, SEL_KCODE32, p, "SDM 3 6.14.1: gate to a 32-bit segment");
	idt_default();
	idt_set(0x40, trap_stubs[0x40], 0x8f, 1);
	cpu_init(&c, p);
	c.f.rflags |= F_IF;
	run(&c);
	EXPECT(&c, 0x40, 0, p + 2, "SDM 3 6.12.1.2: trap gate");
	CHECK(c.f.rflags & F_IF, "SDM 3 6.12.1: saved IF is the old one");
	idt_default();
	/* Without IST the frame goes to RSP, aligned down to 16. */
	idt[0x40].ist = 0;
	cpu_init(&c, p);
	c.f.rsp = STACK_TOP - 5;
	fill((void *)(STACK_TOP - 128), 0xaa, 128);
	run(&c);
	EXPECT(&c, 0x40, 0, p + 2, "SDM 3 6.14.2: no IST");
	CHECK_EQ(c.f.rsp, STACK_TOP - 5, "SDM 3 6.14.2: old RSP in the frame");
	CHECK_EQ(*(u64 *)(STACK_TOP - 16 - 8), SEL_KDATA,
	    "SDM 3 6.14.2: frame aligned to 16 bytes, SS on top");
	CHECK_EQ(*(u64 *)(STACK_TOP - 16 - 40), p + 2,
	    "SDM 3 6.14.2: RIP at the frame's bottom");
	idt_default();
}

void
guest_main(void)
{
	faults();
	traps();
	protection();
	user_mode();
	gates();
}
