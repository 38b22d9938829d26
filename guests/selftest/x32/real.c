/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real-address mode: segments, 16-bit wrap-around, the interrupt vector table,
 * exceptions, old instructions, big operands and addresses (SDM 3 chapter 20).
 *
 * Test code is copied to 1000:0000; every interrupt vector ends it and brings
 * the registers back to protected mode.
 */
#include "guest.h"

/* At 7000h, by these offsets in the assembly below. */
struct real {
	u32 eax, ebx, ecx, edx, esi, edi, ebp, esp;
	u16 ds, es, fs, gs, ss, cs, ip, flags, vector;
} __attribute__((packed));

#define R ((struct real *)0x7000)
#define LOW 0x8000u
#define STUBS 0x9000u
#define CODE_AT 0x10000u
#define LINEAR(a) ((u8 *)(a))

asm("	.section .rodata\n"
    "	.code16\n"
    "rm_start:\n"
    "	mov %cr0, %eax\n"
    "	and $~1, %eax\n"
    "	mov %eax, %cr0\n"
    "	ljmp $0, $(1f - rm_start + 0x8000)\n"
    "1:	xor %ax, %ax\n"
    "	mov %ax, %ds\n"
    "	mov 0x7028, %ss\n"
    "	mov 0x701c, %esp\n"
    "	pushw 0x702e\n"
    "	pushw 0x702a\n"
    "	pushw 0x702c\n"
    "	mov 0x7022, %es\n"
    "	mov 0x7024, %fs\n"
    "	mov 0x7026, %gs\n"
    "	mov 0x7000, %eax\n"
    "	mov 0x7004, %ebx\n"
    "	mov 0x7008, %ecx\n"
    "	mov 0x700c, %edx\n"
    "	mov 0x7010, %esi\n"
    "	mov 0x7014, %edi\n"
    "	mov 0x7018, %ebp\n"
    "	mov 0x7020, %ds\n"
    "	iret\n"
    "rm_common:\n"
    "	pushw %ds\n"
    "	pushl %eax\n"
    "	xor %ax, %ax\n"
    "	mov %ax, %ds\n"
    "	popl 0x7000\n"
    "	popw 0x7020\n"
    "	mov %ebx, 0x7004\n"
    "	mov %ecx, 0x7008\n"
    "	mov %edx, 0x700c\n"
    "	mov %esi, 0x7010\n"
    "	mov %edi, 0x7014\n"
    "	mov %ebp, 0x7018\n"
    "	mov %es, 0x7022\n"
    "	mov %fs, 0x7024\n"
    "	mov %gs, 0x7026\n"
    "	popw 0x7030\n"
    "	popw 0x702c\n"
    "	popw 0x702a\n"
    "	popw 0x702e\n"
    "	mov %esp, 0x701c\n"
    "	mov %ss, 0x7028\n"
    "	mov %cr0, %eax\n"
    "	or $1, %eax\n"
    "	mov %eax, %cr0\n"
    "	ljmpl $0x38, $rm_back\n"
    "rm_end:\n"
    "	.text\n"
    "	.code32\n"
    "real_enter:\n"
    "	pushal\n"
    "	pushfl\n"
    "	mov %esp, rm_saved\n"
    "	lidt rm_idtr\n"
    "	mov $0x48, %eax\n"
    "	mov %eax, %ds\n"
    "	mov %eax, %es\n"
    "	mov %eax, %fs\n"
    "	mov %eax, %gs\n"
    "	mov %eax, %ss\n"
    "	ljmp $0x40, $0x8000\n"
    "rm_back:\n"
    "	mov $0x10, %eax\n"
    "	mov %eax, %ds\n"
    "	mov %eax, %es\n"
    "	mov %eax, %ss\n"
    "	xor %eax, %eax\n"
    "	mov %eax, %fs\n"
    "	mov %eax, %gs\n"
    "	mov rm_saved, %esp\n"
    "	popfl\n"
    "	popal\n"
    "	cld\n"
    "	ret\n"
    "	.data\n"
    "	.balign 4\n"
    "	.word 0\n"
    "rm_idtr: .word 0x3ff\n"
    "	.long 0\n"
    "rm_saved: .long 0\n"
    "	.text\n");

extern const char rm_start[], rm_common[], rm_end[];
void real_enter(void);

static void
setup(void)
{
	u16 *ivt = (u16 *)0;

	copy((void *)LOW, rm_start, rm_end - rm_start);
	asm volatile("" : "+r" (ivt));
	for (unsigned v = 0; v < 256; v++) {
		u8 *stub = (u8 *)STUBS + 8 * v;
		u16 rel = LOW + (rm_common - rm_start) -
		    (STUBS + 8 * v + 6);

		stub[0] = 0x68;		/* PUSH imm16 */
		stub[1] = v;
		stub[2] = 0;
		stub[3] = 0xe9;
		stub[4] = rel;
		stub[5] = rel >> 8;
		ivt[2 * v] = STUBS + 8 * v;
		ivt[2 * v + 1] = 0;
	}
}

/* Defaults: DS = ES = 3000, SS:SP = 2000:8000, FLAGS = 2. */
static void
prepare(ulong p)
{
	copy((void *)CODE_AT, (void *)p, 512);
	fill(R, 0, sizeof(*R));
	R->ds = R->es = 0x3000;
	R->ss = 0x2000;
	R->esp = 0x8000;
	R->cs = CODE_AT >> 4;
	R->flags = 2;
}

static void
go(unsigned vector, int ip, const char *what)
{
	bool e = excuse;

	real_enter();
	CHECK_EQ(R->vector, vector, what);
	excuse = e;
	if (ip >= 0)
		CHECK_EQ(R->ip, (unsigned)ip, what);
	excuse = false;
	idt_load();
}

static void
segments(void)
{
	*(volatile u16 *)0x45678 = 0xbeef;
	prepare(CODE16("mov (%bx), %ax; mov %ax, %es:(%bx)"));
	R->ds = 0x4000;
	R->es = 0x3456;
	R->ebx = 0x5678;
	go(DONE, -1, "SDM 3 20.1.1: runs");
	CHECK_EQ(R->eax, 0xbeef, "SDM 3 20.1.1: linear = segment * 16 + offset");
	CHECK_EQ(*(volatile u16 *)(0x34560 + 0x5678), 0xbeef,
	    "SDM 3 20.1.1: store through ES");
	*(volatile u16 *)0x100000 = *(volatile u16 *)0x100000;
	prepare(CODE16("mov 0x10, %ax"));
	R->ds = 0xffff;
	go(DONE, -1, "SDM 3 20.1.1: FFFF:0010");
	CHECK_EQ(R->eax & 0xffff, *(volatile u16 *)0x100000,
	    "SDM 3 20.1.1: reaches 1 MiB with A20 on");
	prepare(CODE16("mov $0x1234, %ax; mov %ax, %ds; mov %ds, %bx;"
	    "mov 0, %cl"));
	*(volatile u8 *)0x12340 = 0x5c;
	go(DONE, -1, "SDM 3 20.1.1: MOV DS");
	CHECK_EQ(R->ecx & 0xff, 0x5c, "SDM 3 20.1.1: base follows the selector");
	prepare(CODE16("lds (%bx), %si; les 4(%bx), %di; lss 8(%bx), %sp;"
	    "mov %sp, %cx; mov $0x2000, %ax; mov %ax, %ss; mov $0x8000, %sp"));
	((u16 *)0x30000)[0] = 0x11;
	((u16 *)0x30000)[1] = 0x3000;
	((u16 *)0x30000)[2] = 0x33;
	((u16 *)0x30000)[3] = 0x44;
	((u16 *)0x30000)[4] = 0x55;
	((u16 *)0x30000)[5] = 0x2000;
	go(DONE, -1, "SDM 2 LDS, LES, LSS");
	CHECK_EQ(R->esi & 0xffff, 0x11, "SDM 2 LDS: offset");
	CHECK_EQ(R->es, 0x44, "SDM 2 LES: selector");
	CHECK_EQ(R->ecx & 0xffff, 0x55, "SDM 2 LSS: offset");
}

static void
limits(void)
{
	prepare(CODE16("mov 0xffff, %ax"));
	tcg_wrong();
	go(GP, 0, "SDM 3 20.3: a word at FFFFh is #GP");
	prepare(CODE16("mov 0xffff, %al"));
	go(DONE, -1, "SDM 3 20.3: a byte at FFFFh is fine");
	prepare(CODE16("mov (%ebx), %al"));
	R->ebx = 0x10000;
	tcg_wrong();
	go(GP, 0, "SDM 3 20.1.1: 32-bit address beyond 64 KiB");
	prepare(CODE16("movl (%ebx), %eax"));
	R->ebx = 0xfffd;
	tcg_wrong();
	go(GP, 0, "SDM 3 20.3: a dword at FFFDh");
	prepare(CODE16("mov (%bx,%si), %al"));
	R->ebx = 0xffff;
	R->esi = 0x11;
	LINEAR(0x30010)[0] = 0x77;
	go(DONE, -1, "SDM 1 3.7.5: 16-bit addresses");
	CHECK_EQ(R->eax & 0xff, 0x77, "SDM 1 3.7.5: wrap at 64 KiB");
	prepare(CODE16("lodsb; lodsb"));
	R->esi = 0xffff;
	go(DONE, -1, "SDM 2 LODS: 16-bit SI");
	CHECK_EQ(R->esi, 1, "SDM 2 LODS: SI wraps, upper half kept");
	prepare(CODE16("jmpl *%ebx"));
	R->ebx = 0x12345;
	if (!is_tcg())		/* it goes there */
		go(GP, 0, "SDM 2 JMP: EIP beyond the limit");
	prepare(CODE16(".byte 0xe9; .word 0x8000 - 3"));
	*(volatile u16 *)(CODE_AT + 0x8000) = 0x30cd;
	go(DONE, 0x8002, "SDM 2 JMP: rel16");
	prepare(CODE16(".byte 0xe9; .word 0xfff0 - 3"));
	fill(LINEAR(CODE_AT + 0xfff0), 0x90, 14);
	*(volatile u16 *)(CODE_AT + 0xfffe) = 0x30cd;
	go(DONE, 0, "SDM 2 INT: IP after FFFEh wraps to 0");
}

static void
stack(void)
{
	prepare(CODE16("push %ax; mov %sp, %bx"));
	R->eax = 0x4321;
	R->esp = 0xabcd0000;
	go(DONE, -1, "SDM 2 PUSH: SP wraps");
	CHECK_EQ(R->ebx & 0xffff, 0xfffe, "SDM 2 PUSH: to FFFEh");
	CHECK_EQ(*(volatile u16 *)0x2fffe, 0x4321, "SDM 2 PUSH: stored there");
	prepare(CODE16("push %sp; pop %ax"));
	go(DONE, -1, "SDM 2 PUSH SP");
	CHECK_EQ(R->eax, 0x8000, "SDM 2 PUSH SP: the value before");
	prepare(CODE16("mov $0x7f00, %sp; pushaw; popaw; mov $0x8000, %sp"));
	R->edi = 0x2222;
	go(DONE, -1, "SDM 2 PUSHA");
	CHECK_EQ(*(volatile u16 *)(0x27f00 - 16), 0x2222, "SDM 2 PUSHA: DI last");
	prepare(CODE16("mov $0x7f00, %sp; pushal; popal; mov $0x8000, %sp"));
	R->ebx = 0x12345678;
	go(DONE, -1, "SDM 2 PUSHAD");
	CHECK_EQ(*(volatile u32 *)(0x27f00 - 16), 0x12345678,
	    "SDM 2 PUSHAD: EBX is the fourth");
	prepare(CODE16("enterw $8, $2; mov %sp, %ax; mov %bp, %cx; leavew"));
	R->ebp = 0x7000;
	go(DONE, -1, "SDM 2 ENTER: level 2");
	CHECK_EQ(R->eax & 0xffff, 0x8000 - 2 - 4 - 8, "SDM 2 ENTER: SP");
	CHECK_EQ(R->ecx & 0xffff, 0x8000 - 2, "SDM 2 ENTER: BP");
	CHECK_EQ(R->ebp & 0xffff, 0x7000, "SDM 2 LEAVE: BP back");
	prepare(CODE16("lcall $0x1000, $(1f - 771b); jmp 2f;"
	    "1: mov %sp, %bx; mov %bx, %bp; mov (%bp), %cx; mov 2(%bp), %dx;"
	    "lret; 2: nop"));
	go(DONE, -1, "SDM 2 CALL, RET: far");
	CHECK_EQ(R->ebx & 0xffff, 0x8000 - 4, "SDM 2 CALL: far pushes 4 bytes");
	CHECK_EQ(R->ecx & 0xffff, 5, "SDM 2 CALL: return IP");
	CHECK_EQ(R->edx & 0xffff, 0x1000, "SDM 2 CALL: return CS");
}

static void
interrupts(void)
{
	prepare(CODE16("int $0x45"));
	R->flags = F_IF | F_CF | 2;
	go(0x45, 2, "SDM 3 20.1.4: INT n through the IVT");
	CHECK_EQ(R->flags & (F_IF | F_CF), F_IF | F_CF,
	    "SDM 3 20.1.4: FLAGS pushed");
	CHECK_EQ(R->esp, 0x8000, "SDM 3 20.1.4: six bytes pushed");
	prepare(CODE16("xor %cx, %cx; div %cx"));
	go(DE, 2, "SDM 3 20.1.4: #DE: IP of the DIV");
	prepare(CODE16(".byte 0x0f, 0x0b"));
	go(UD, 0, "SDM 3 20.1.4: #UD");
	prepare(CODE16("bound %ax, (%bx)"));
	((u16 *)0x30000)[0] = 10;
	((u16 *)0x30000)[1] = 20;
	R->eax = 21;
	go(BR, 0, "SDM 2 BOUND: above");
	prepare(CODE16("bound %ax, (%bx)"));
	R->eax = 20;
	go(DONE, -1, "SDM 2 BOUND: within");
	prepare(CODE16("into; mov $0x7f, %al; add $1, %al; into"));
	go(OF, 6, "SDM 2 INTO: only with OF");
	prepare(CODE16("int3"));
	go(BP, 1, "SDM 2 INT3");
	prepare(CODE16("nop; nop"));
	R->flags = F_TF | 2;
	go(DB, 1, "SDM 3 18.3.1.4: TF in real mode");
	prepare(CODE16("pushfw; popw %ax; pushw $0x7fd7; popfw; pushfw;"
	    "popw %bx; pushw $2; popfw"));
	go(DB, -1, "SDM 2 POPF: TF set by it");
	prepare(CODE16("pushw $0x7ed7; popfw; pushfw; popw %bx; pushw $2;"
	    "popfw"));
	go(DONE, -1, "SDM 2 POPF");
	CHECK_EQ(R->ebx & 0xffff, 0x7ed7, "SDM 2 POPF: IOPL, NT and all in real mode");
	prepare(CODE16("pushw $0x0203; push %cs; pushw $(1f - 771b); iretw; nop;"
	    "1: pushfw; popw %ax; cli"));
	go(DONE, -1, "SDM 2 IRET: 16-bit");
	CHECK_EQ(R->eax & 0x201, 0x201, "SDM 2 IRET: flags");
	prepare(CODE16("lldt %ax"));
	go(UD, 0, "SDM 2 LLDT: #UD in real mode");
	prepare(CODE16("ltr %ax"));
	go(UD, 0, "SDM 2 LTR: #UD in real mode");
	prepare(CODE16("sldt %ax"));
	go(UD, 0, "SDM 2 SLDT: #UD in real mode");
	prepare(CODE16("verr %ax"));
	go(UD, 0, "SDM 2 VERR: #UD in real mode");
	prepare(CODE16("lar %ax, %cx"));
	go(UD, 0, "SDM 2 LAR: #UD in real mode");
	prepare(CODE16("arpl %ax, %cx"));
	go(UD, 0, "SDM 2 ARPL: #UD in real mode");
	prepare(CODE16("smsw %ax"));
	go(DONE, -1, "SDM 2 SMSW: works in real mode");
	CHECK_EQ(R->eax & 1, 0, "SDM 2 SMSW: PE is 0");
}

static void
old_instructions(void)
{
#define OLD(text, in, fl, out, outfl, mask, what) do { \
		prepare(CODE16(text)); \
		R->eax = in; \
		R->flags = 2 | (fl); \
		go(DONE, -1, what); \
		CHECK_EQ(R->eax & 0xffff, out, what); \
		CHECK_EQ(R->flags & (mask), outfl, what); \
	} while (0)
	OLD("daa", 0x9b, 0, 0x01, F_CF | F_AF, F_CF | F_AF | F_ZF,
	    "SDM 2 DAA: both adjustments");
	OLD("daa", 0x79 + 0x35, 0, 0x14, F_CF | F_AF, F_CF | F_AF,
	    "SDM 2 DAA: 79 + 35");
	OLD("das", 0x35 - 0x47 + 0x100, F_CF | F_AF, 0x88, F_CF | F_AF,
	    F_CF | F_AF, "SDM 2 DAS: 35 - 47");
	OLD("aaa", 0x000f, 0, 0x0105, F_CF | F_AF, F_CF | F_AF,
	    "SDM 2 AAA: 0F");
	OLD("aaa", 0x0005, 0, 0x0005, 0, F_CF | F_AF, "SDM 2 AAA: 05");
	OLD("aas", 0x02ff, 0, 0x0109, F_CF | F_AF, F_CF | F_AF,
	    "SDM 2 AAS: FF");
	OLD("aam", 0x003f, 0, 0x0603, F_PF, F_PF | F_ZF | F_SF,
	    "SDM 2 AAM: 63");
	OLD("aad", 0x0603, 0, 0x003f, F_PF, F_PF | F_ZF | F_SF,
	    "SDM 2 AAD: 6, 3");
	OLD(".byte 0xd4, 16", 0x00ab, 0, 0x0a0b, 0, F_ZF, "SDM 2 AAM: base 16");
	OLD("sahf; lahf", 0xd700, 0, 0xd700, 0xd7, 0xff, "SDM 2 SAHF, LAHF");
	OLD("cbw", 0x0080, 0, 0xff80, 0, 0, "SDM 2 CBW");
	OLD("xor %ah, %ah; mov $-5, %al; cbw; cwd; mov %dx, %ax", 0, 0, 0xffff,
	    0, 0, "SDM 2 CWD");
	OLD("mov $3, %cx; 1: inc %ax; loop 1b", 0, 0, 3, 0, 0, "SDM 2 LOOP: CX");
	OLD("mov $0x10000, %ecx; jcxz 1f; mov $9, %ax; 1:", 1, 0, 1, 0, 0,
	    "SDM 2 JCXZ: 16 bits of CX");
	OLD("mov $0x10000, %ecx; jecxz 1f; mov $9, %ax; 1:", 1, 0, 9, 0, 0,
	    "SDM 2 JECXZ: 32 bits");
	prepare(CODE16("aam $0"));
	go(DE, 0, "SDM 2 AAM: base 0 is #DE");
	prepare(CODE16("xlatb"));
	R->ebx = 0x100;
	R->eax = 5;
	LINEAR(0x30105)[0] = 0xe1;
	go(DONE, -1, "SDM 2 XLAT");
	CHECK_EQ(R->eax & 0xff, 0xe1, "SDM 2 XLAT: DS:[BX + AL]");
	prepare(CODE16("std; rep movsb; cld"));
	fill(LINEAR(0x30000), 0, 64);
	for (unsigned i = 0; i < 8; i++)
		LINEAR(0x30010)[i] = i + 1;
	R->esi = 0x17;
	R->edi = 0x27;
	R->ecx = 0xffff0008;
	go(DONE, -1, "SDM 2 REP MOVSB: 16-bit, downwards");
	CHECK_EQ(R->ecx, 0xffff0000, "SDM 2 REP: counts CX only");
	CHECK(same(LINEAR(0x30010), LINEAR(0x30020), 8), "SDM 2 MOVS: copied");
	prepare(CODE16("mov $0x12345678, %eax; imul $3, %eax, %ebx;"
	    "movzbl %al, %ecx; shldw $4, %ax, %dx"));
	go(DONE, -1, "SDM 1 3.6: 32-bit operands in real mode");
	CHECK_EQ(R->ebx, 0x369d0368, "SDM 2 IMUL: 32 bits");
}

static void
hardware_interrupt(void)
{
	pic_setup(0x50, 0xfffe);
	prepare(CODE16("sti; 1: jmp 1b"));
	pit_oneshot(2000);
	go(0x50, 1, "SDM 3 20.1.4: IRQ 0 in real mode");
	pic_eoi(0);
	prepare(CODE16("sti; hlt; nop"));
	pit_oneshot(2000);
	go(0x50, 2, "SDM 2 HLT: in real mode");
	pic_eoi(0);
	prepare(CODE16("sti; mov %ax, %ss; nop; nop; hlt; nop"));
	R->eax = 0x2000;
	pit_oneshot(2000);
	real_enter();
	CHECK_EQ(R->vector, 0x50, "SDM 3 6.8.3: after MOV SS");
	pic_eoi(0);
	outb(0x21, 0xff);
	idt_load();
}

void
guest_main(void)
{
	setup();
	segments();
	limits();
	stack();
	interrupts();
	old_instructions();
	hardware_interrupt();
}
