/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an application processor runs between SIPI and C.  The trampoline is
 * copied to a page below 1 MiB (smp_start()) and needs nothing of where that
 * is; ap_entry() in smp.c gets the APIC id of CPUID leaf 1.
 */
#include "smp_size.h"

	.section .rodata
	.code16
	.globl	smp_trampoline, smp_trampoline_end
smp_trampoline:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	lgdtl	gdtr - smp_trampoline
	mov	$0x33, %eax		/* PE MP ET NE, caches on */
	mov	%eax, %cr0
	ljmpl	$0x38, $ap32
	.balign	4
	.word	0
gdtr:	.word	64 * 8 - 1
	.long	gdt
smp_trampoline_end:

	.text
	.code32
ap32:	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	$0x620, %eax		/* as boot.S has them */
	mov	%eax, %cr4
	mov	$boot_pml4, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x901, %eax
	wrmsr
	mov	$0x80000033, %eax
	mov	%eax, %cr0
	ljmp	$0x08, $1f
	.code64
1:	mov	$1, %eax
	cpuid
	shr	$24, %ebx
	mov	%ebx, %edi
	lea	1(%rbx), %eax
	shl	$SMP_STACK_BITS, %eax
	lea	smp_stacks(%rax), %rsp
	xor	%ebp, %ebp
	call	ap_entry
2:	hlt
	jmp	2b

	.bss
	.balign	4096
smp_stacks:
	.skip	SMP_MAX_CPUS << SMP_STACK_BITS
