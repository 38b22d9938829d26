/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual-8086 mode: addresses, IOPL-sensitive instructions, the I/O bitmap,
 * what is refused, interrupts and returns, and the extensions of CR4.VME
 * (SDM 3 chapter 20.2 to 20.4).
 */
#include "guest.h"

#define CODE_AT 0x10000u
enum { CR4_VME = 1 };

static void
enter(struct cpu *c, ulong p, ulong flags)
{
	copy((void *)CODE_AT, (void *)p, 512);
	cpu_init(c, 0);
	c->f.ds = c->f.es = 0;
	c->f.cs = CODE_AT >> 4;
	c->f.ss = 0x2000;
	c->f.rsp = 0x8000;
	c->f.vm_ds = c->f.vm_es = 0x3000;
	c->f.rflags = F_1 | F_VM | flags;
	c->f.rbx = 0x10;
	run(c);
}

static void
v86_expect(ulong p, ulong flags, unsigned vector, u32 error, int ip,
    const char *what)
{
	struct cpu c;

	enter(&c, p, flags);
	EXPECT(&c, vector, error, ip < 0 ? (ulong)-1 : (ulong)ip, what);
	CHECK(c.f.rflags & F_VM, "SDM 3 20.3.1: VM in the pushed EFLAGS");
}

static void
addresses(void)
{
	struct cpu c;

	*(volatile u16 *)0x30010 = 0x1357;
	enter(&c, CODE16("mov (%bx), %ax; mov %cs, %cx; mov %ss, %dx;"
	    "mov $0x4321, %si; mov %si, %es; mov %es, %di"), F_IOPL3);
	EXPECT(&c, DONE, 0, -1, "SDM 3 20.2: runs at CPL 3");
	CHECK_EQ(c.f.rax & 0xffff, 0x1357, "SDM 3 20.2.1: segment * 16");
	CHECK_EQ(c.f.rcx & 0xffff, 0x1000, "SDM 3 20.2.1: CS is a paragraph");
	CHECK_EQ(c.f.vm_es & 0xffff, 0x4321, "SDM 3 20.2.1: any value loads");
	CHECK_EQ(c.f.vm_ds & 0xffff, 0x3000, "SDM 3 20.3.1: DS in the frame");
	CHECK_EQ(c.f.ss & 0xffff, 0x2000, "SDM 3 20.3.1: SS in the frame");
	CHECK_EQ(c.f.rsp, 0x8000, "SDM 3 20.3.1: ESP in the frame");
	CHECK_EQ(c.f.ds, 0, "SDM 3 20.3.1: DS is null in the handler");
	tcg_wrong();
	v86_expect(CODE16("mov 0xffff, %ax"), F_IOPL3, GP, 0, 0,
	    "SDM 3 20.2.1: a word at FFFFh");
	tcg_wrong();
	v86_expect(CODE16("mov $0xffff, %sp; pop %ax"), F_IOPL3, SS, 0, 3,
	    "SDM 3 20.2.1: a word at SS:FFFFh");
}

static void
sensitive(void)
{
	v86_expect(CODE16("cli"), 0, GP, 0, 0, "SDM 3 20.2.7: CLI, IOPL 0");
	v86_expect(CODE16("sti"), 0, GP, 0, 0, "SDM 3 20.2.7: STI, IOPL 0");
	v86_expect(CODE16("pushfw"), 0, GP, 0, 0, "SDM 3 20.2.7: PUSHF, IOPL 0");
	v86_expect(CODE16("popfw"), 0, GP, 0, 0, "SDM 3 20.2.7: POPF, IOPL 0");
	v86_expect(CODE16("int $0x30"), 0, GP, 0, 0, "SDM 3 20.2.7: INT, IOPL 0");
	v86_expect(CODE16("iretw"), 0, GP, 0, 0, "SDM 3 20.2.7: IRET, IOPL 0");
	v86_expect(CODE16("int3"), 0, BP, 0, 1,
	    "SDM 3 20.2.7: INT3 is not IOPL-sensitive");
	v86_expect(CODE16("mov $0x7f, %al; inc %al; into"), 0, OF, 0, 5,
	    "SDM 3 20.2.7: INTO is not IOPL-sensitive");
	v86_expect(CODE16("cli; sti; cli"), F_IOPL3, DONE, 0, -1,
	    "SDM 3 20.2.7: CLI, STI with IOPL 3");
	v86_expect(CODE16("int $0x31"), F_IOPL3, GP, 0x31 * 8 + 2, 0,
	    "SDM 3 20.3.1: INT to a gate of DPL 0");
	v86_expect(CODE16("int $0x30"), F_IOPL3, DONE, 0, 2,
	    "SDM 3 20.3.1: INT to a gate of DPL 3");
}

static void
refused(void)
{
	v86_expect(CODE16("hlt"), F_IOPL3, GP, 0, 0, "SDM 3 20.2.6: HLT");
	v86_expect(CODE16("mov %cr0, %eax"), F_IOPL3, GP, 0, 0,
	    "SDM 3 20.2.6: MOV CR0");
	v86_expect(CODE16("lgdt (%bx)"), F_IOPL3, GP, 0, 0, "SDM 3 20.2.6: LGDT");
	v86_expect(CODE16("clts"), F_IOPL3, GP, 0, 0, "SDM 3 20.2.6: CLTS");
	v86_expect(CODE16("wbinvd"), F_IOPL3, GP, 0, 0, "SDM 3 20.2.6: WBINVD");
	v86_expect(CODE16("rdmsr"), F_IOPL3, GP, 0, 0, "SDM 3 20.2.6: RDMSR");
	v86_expect(CODE16("lldt %ax"), F_IOPL3, UD, 0, 0, "SDM 2 LLDT: #UD");
	v86_expect(CODE16("lar %ax, %cx"), F_IOPL3, UD, 0, 0, "SDM 2 LAR: #UD");
	v86_expect(CODE16("verr %ax"), F_IOPL3, UD, 0, 0, "SDM 2 VERR: #UD");
	v86_expect(CODE16("arpl %ax, %cx"), F_IOPL3, UD, 0, 0, "SDM 2 ARPL: #UD");
	v86_expect(CODE16("str %ax"), F_IOPL3, UD, 0, 0, "SDM 2 STR: #UD");
	v86_expect(CODE16("xor %cx, %cx; div %cx"), 0, DE, 0, 2, "SDM 2 DIV: #DE");
}

static void
flags_and_returns(void)
{
	struct cpu c;

	enter(&c, CODE16("pushw $0x0000; popfw; pushfw; popw %ax"),
	    F_IOPL3 | F_IF);
	CHECK_EQ(c.f.rax & 0x3000, 0x3000, "SDM 2 POPF: IOPL stays in V86 mode");
	CHECK_EQ(c.f.rax & F_IF, 0, "SDM 2 POPF: IF changes with IOPL 3");
	enter(&c, CODE16("pushl $0; popfl; nop"), F_IOPL3);
	EXPECT(&c, DONE, 0, -1, "SDM 2 POPFD: runs");
	CHECK(c.f.rflags & F_VM, "SDM 2 POPFD: VM stays");
	enter(&c, CODE16("pushw $0x3001; push %cs; pushw $(1f - 771b); iretw;"
	    "nop; 1: nop"), F_IOPL3);
	EXPECT(&c, DONE, 0, -1, "SDM 2 IRET: within V86 mode");
	CHECK(c.f.rflags & F_CF, "SDM 2 IRET: flags loaded");
	CHECK_EQ(c.f.rsp, 0x8000, "SDM 2 IRET: SP");
	enter(&c, CODE16("lcall $0x1000, $(1f - 771b); jmp 2f;"
	    "1: mov $7, %dx; lret; 2: nop"), F_IOPL3);
	EXPECT(&c, DONE, 0, -1, "SDM 2 CALL: far within V86 mode");
	CHECK_EQ(c.f.rdx & 0xffff, 7, "SDM 2 CALL: far");
	enter(&c, CODE16("nop; nop"), F_IOPL3 | F_TF);
	EXPECT(&c, DB, 0, 1, "SDM 3 18.3.1.4: TF in V86 mode");
}

static void
ports(void)
{
	ulong in = CODE16("mov $0x80, %dx; in %dx, %al");

	fill(tss.bitmap, 0xff, sizeof(tss.bitmap));
	tss.iomap = offsetof(struct tss, bitmap);
	v86_expect(in, F_IOPL3, GP, 0, 3,
	    "SDM 3 20.2.8.1: the bitmap rules even with IOPL 3");
	tss.bitmap[0x80 / 8] = 0xfe;
	v86_expect(in, F_IOPL3, DONE, 0, -1, "SDM 3 20.2.8.1: allowed");
	v86_expect(CODE16("mov $0x80, %dx; in %dx, %al; ud2"), 0, UD, 0, 4,
	    "SDM 3 20.2.8.1: allowed with IOPL 0");
	tss.iomap = sizeof(tss);
}

/* The 32-byte redirection bitmap lies just below the I/O bitmap. */
static void
extensions(void)
{
	static struct {
		u16 ip, cs;
	} *ivt;
	struct cpu c;

	if (!has(1, 0, 3, 1))
		return;
	write_cr4(read_cr4() | CR4_VME);
	tss.iomap = offsetof(struct tss, bitmap) + 64;
	fill(tss.bitmap, 0, 256);
	ivt = (void *)0;
	asm volatile("" : "+r" (ivt));
	ivt[0x44].ip = 0x100;
	ivt[0x44].cs = 0x1000;
	/* Redirected through the IVT: no trip to the monitor. */
	enter(&c, CODE16("int $0x44; jmp 2f; .org 0x100; mov $0x66, %dx; iretw;"
	    "2: int3"), 0);
	EXPECT(&c, BP, 0, -1, "SDM 3 20.3.3.5: redirected INT and IRET, IOPL 0");
	CHECK_EQ(c.f.rdx & 0xffff, 0x66, "SDM 3 20.3.3.5: IVT handler ran");
	tss.bitmap[64 - 32 + 0x44 / 8] = 1 << (0x44 & 7);
	enter(&c, CODE16("int $0x44"), 0);
	EXPECT(&c, GP, 0, 0, "SDM 3 20.3.3.4: not redirected, IOPL 0: #GP");
	enter(&c, CODE16("sti; int3"), 0);
	EXPECT(&c, BP, 0, -1, "SDM 3 20.4: STI with VME, IOPL 0");
	CHECK(c.f.rflags & F_VIF, "SDM 3 20.4: STI sets VIF");
	CHECK_EQ(c.f.rflags & F_IF, 0, "SDM 3 20.4: and not IF");
	enter(&c, CODE16("cli; int3"), F_VIF);
	CHECK_EQ(c.f.rflags & F_VIF, 0, "SDM 3 20.4: CLI clears VIF");
	enter(&c, CODE16("pushfw; popw %ax; int3"), F_VIF);
	EXPECT(&c, BP, 0, -1, "SDM 3 20.4: PUSHF with VME, IOPL 0");
	CHECK_EQ(c.f.rax & (F_IF | F_IOPL3), F_IF | F_IOPL3,
	    "SDM 2 PUSHF: VIF as IF, IOPL as 3");
	enter(&c, CODE16("sti; int3"), F_VIP);
	EXPECT(&c, GP, 0, 0, "SDM 3 20.4: STI with VIP pending: #GP");
	write_cr4(read_cr4() & ~(ulong)CR4_VME);
	tss.iomap = sizeof(tss);
}

void
guest_main(void)
{
	addresses();
	sensitive();
	refused();
	flags_and_returns();
	ports();
	extensions();
}
