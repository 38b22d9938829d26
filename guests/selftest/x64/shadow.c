/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When an interrupt may come: the shadows of STI and MOV SS, IF, POPF, IRET,
 * and HLT (SDM 3 6.8, SDM 2 STI and MOV).  A PIT interrupt is made to wait at
 * the 8259 with IF clear; where it then arrives tells the boundary.
 */
#include "guest.h"

#define IRQ0 0x50

/* Leave IRQ 0 requested and IF clear. */
static void
pend(void)
{
	pit_oneshot(100);
	for (unsigned i = 0; i < 1000000; i++) {
		outb(0x20, 0x0a);
		if (inb(0x20) & 1)
			return;
	}
	guest_fail("the PIT never raised IRQ 0");
}

static void
at(ulong p, ulong flags, unsigned vector, ulong rip, const char *what)
{
	struct cpu c;

	pend();
	cpu_init(&c, p);
	c.f.rflags |= flags;
	c.f.rbx = SEL_KDATA;
	run(&c);
	EXPECT(&c, vector, 0, rip, what);
	if (c.f.vector == DONE) {
		/* Still requested: take it now. */
		p = CODE("sti; nop; nop; nop");
		cpu_init(&c, p);
		run(&c);
		CHECK_EQ(c.f.vector, IRQ0, "SDM 3 6.8.1: kept while IF is 0");
	}
	pic_eoi(0);
}

/* Offsets are spelt out beside each instruction. */
static void
boundaries(void)
{
	ulong p;

	p = CODE("nop; sti; nop; nop; nop");
	at(p, 0, IRQ0, p + 3, "SDM 2 STI: one instruction of shadow");
	p = CODE("sti; cli; nop; nop");
	at(p, 0, DONE, -1, "SDM 2 STI: STI; CLI lets nothing in");
	p = CODE("sti; sti; nop; nop; nop");
	at(p, 0, IRQ0, p + 2, "SDM 2 STI: a second STI has no shadow");
	p = CODE("sti; mov %ebx, %ss; nop; nop");
	at(p, 0, IRQ0, -1, "SDM 3 6.8.3: STI; MOV SS is taken in the end");
	p = CODE("pushf; orl $0x200, (%rsp); popf; nop; nop");
	at(p, 0, IRQ0, p + 9, "SDM 3 6.8.1: POPF has no shadow");
	p = CODE("nop; nop");
	at(p, F_IF, IRQ0, p, "SDM 2 IRET: no shadow after IRET sets IF");
	p = CODE("sti; ud2");
	{
		struct cpu c;

		pend();
		run_kernel(&c, p);
		EXPECT(&c, UD, 0, p + 1, "SDM 2 STI: fault in the shadow");
		CHECK(c.f.rflags & F_IF, "SDM 2 STI: IF set at that fault");
		pic_eoi(0);
		p = CODE("sti; nop; nop");
		run_kernel(&c, p);
		CHECK_EQ(c.f.vector, IRQ0, "SDM 3 6.8.1: kept while IF is 0");
		pic_eoi(0);
	}
	p = CODE("sti; hlt; nop");
	at(p, 0, IRQ0, p + 2, "SDM 2 HLT: STI; HLT wakes, RIP after HLT");
	p = CODE("mov %ebx, %ss; nop; nop");
	at(p, F_IF, IRQ0, p, "SDM 3 6.8.3: before the MOV SS");
	/* IF set while MOV SS has interrupts inhibited: by POPF before. */
	p = CODE("pushf; orl $0x200, (%rsp); mov %ebx, %ss; popf; nop; nop");
	at(p, 0, IRQ0, p + 11, "SDM 3 6.8.3: shadow ends with POPF");
	p = CODE("pushf; orl $0x200, (%rsp); popf; cli; nop; nop");
	at(p, 0, IRQ0, p + 9, "SDM 3 6.8.1: before the CLI");
}

/* A block of translated code must not swallow the shadow at its end. */
static void
across_blocks(void)
{
	ulong p;

	p = CODE("sti; jmp 1f; .skip 60, 0x90; 1: nop; nop");
	at(p, 0, IRQ0, p + 63, "SDM 2 STI: the shadowed one is a jump");
	p = CODE("lea 1f(%rip), %rax; sti; jmp *%rax; .skip 60, 0x90;"
	    "1: nop; nop");
	at(p, 0, IRQ0, p + 10 + 60, "SDM 2 STI: an indirect jump");
	p = CODE("lea 1f(%rip), %rax; push %rax; sti; ret; .skip 60, 0x90;"
	    "1: nop; nop");
	at(p, 0, IRQ0, p + 10 + 60, "SDM 2 STI: RET in the shadow");
	p = CODE("xor %eax, %eax; sti; jz 1f; .skip 60, 0x90; 1: nop");
	tcg_wrong();
	at(p, 0, IRQ0, p + 5 + 60, "SDM 2 STI: Jcc in the shadow");
	p = CODE("mov $3, %ecx; sti; 1: loop 1b; nop");
	tcg_wrong();
	at(p, 0, IRQ0, p + 6, "SDM 2 STI: LOOP to itself in the shadow");
}

static void
running_loop(void)
{
	struct cpu c;
	ulong p;

	/* An interrupt must end a loop that does nothing else. */
	p = CODE("sti; 1: jmp 1b");
	pit_oneshot(5000);
	run_kernel(&c, p);
	EXPECT(&c, IRQ0, 0, p + 1, "SDM 3 6.8.1: JMP to itself is interruptible");
	pic_eoi(0);
	p = CODE("sti; 1: inc %rax; jnz 1b");
	pit_oneshot(5000);
	run_kernel(&c, p);
	CHECK_EQ(c.f.vector, IRQ0, "SDM 3 6.8.1: a counting loop");
	CHECK(c.f.rip == p + 1 ? (c.f.rflags & F_1) : c.f.rip == p + 4,
	    "SDM 3 6.6: precise RIP in the loop");
	pic_eoi(0);
	p = CODE("mov $0x100000000, %rcx; mov %rsp, %rdi; sub $64, %rdi;"
	    "mov %rdi, %rsi; sti; 1: mov $64, %ecx; sub %rcx, %rdi;"
	    "sub %rcx, %rsi; rep movsb; jmp 1b");
	pit_oneshot(5000);
	run_kernel(&c, p);
	CHECK_EQ(c.f.vector, IRQ0, "SDM 2 REP: interruptible around");
	pic_eoi(0);
}

void
guest_main(void)
{
	pic_setup(IRQ0, 0xfffe);
	boundaries();
	across_blocks();
	running_loop();
}
