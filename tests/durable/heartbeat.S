/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A multiboot guest that sleeps, and every 20 ms prints what the ACPI PM timer
 * says, eight hexadecimal digits and a line end: whoever reads that sees each
 * moment in which it did not run.  With LISTENS it looks at the power button,
 * too, and goes off.  Linked at 1 MiB.
 */
	.code32
	.text
	.globl _start
header:
	.long	0x1badb002, 0, -0x1badb002
	.balign	8
gdt:	.quad	0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdtr:	.word	23
	.long	gdt
idtr:	.word	0x21 * 8 - 1
	.long	0x8000

_start:
	movl	$0x7000, %esp
	lgdt	gdtr
	ljmp	$8, $1f
1:	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	/* The one gate: IRQ 0 at vector 0x20. */
	movl	$tick, %eax
	movl	%eax, %edx
	andl	$0xffff, %eax
	orl	$0x80000, %eax
	movl	%eax, 0x8000 + 0x20 * 8
	movw	$0x8e00, %dx
	movl	%edx, 0x8000 + 0x20 * 8 + 4
	lidt	idtr
	/* PICs: vectors from 0x20 on, all but IRQ 0 masked. */
	movb	$0x11, %al
	outb	%al, $0x20
	movb	$0x20, %al
	outb	%al, $0x21
	movb	$4, %al
	outb	%al, $0x21
	movb	$1, %al
	outb	%al, $0x21
	movb	$0xfe, %al
	outb	%al, $0x21
	/* PIT: 1193182 Hz / 23864, 50 a second. */
	movb	$0x34, %al
	outb	%al, $0x43
	movb	$0x38, %al
	outb	%al, $0x40
	movb	$0x5d, %al
	outb	%al, $0x40
.ifdef LISTENS
	movw	$0x100, %ax	/* PM1 enable: PWRBTN_EN */
	movl	$0x602, %edx
	outw	%ax, %dx
.endif
	sti
2:	hlt
	jmp	2b

tick:
	pushal
	movl	$0x608, %edx
	inl	%dx, %eax
	movl	%eax, %ebx
	movl	$0x3f8, %edx
	movl	$8, %ecx
3:	roll	$4, %ebx
	movl	%ebx, %eax
	andl	$15, %eax
	movb	digits(%eax), %al
	outb	%al, %dx
	loop	3b
	movb	$'\n', %al
	outb	%al, %dx
.ifdef LISTENS
	movl	$0x600, %edx	/* PM1 status: PWRBTN_STS */
	inw	%dx, %ax
	testw	$0x100, %ax
	jz	4f
	movl	$0x604, %edx	/* PM1 control: S5 */
	movw	$0x3400, %ax
	outw	%ax, %dx
4:
.endif
	movb	$0x20, %al
	outb	%al, $0x20
	popal
	iret
digits:	.ascii	"0123456789abcdef"
