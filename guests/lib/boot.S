/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiboot 1 entry.  32-bit images go straight to C with paging off; 64-bit
 * images first build these tables and enter long mode:
 *
 *	0 .. 1 GiB	identity, 2 MiB pages, supervisor
 *	1 .. 2 GiB	empty: the tests' window (page.c)
 *	2 .. 3 GiB	physical 0 .. 1 GiB again, user (USER_BASE)
 *	3 .. 4 GiB	identity, uncached: local APIC, I/O APIC
 */
	.section .multiboot, "a"
	.balign 4
	.long	0x1badb002, 0x3, -(0x1badb002 + 0x3)

	.text
	.code32
	.globl	_start
_start:
	cli
	cld
	mov	$boot_stack_top, %esp
	push	$0
	popf
	mov	%ebx, boot_info		/* multiboot information */
	push	%ebx
	push	%eax
	mov	$0xff, %al		/* both 8259s: everything masked */
	out	%al, $0x21
	out	%al, $0xa1
	lgdt	boot_gdtr
	ljmp	$0x38, $1f
1:	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	/* No EM or TS; native FPU errors: CR0 = PE MP ET NE. */
	mov	$0x33, %eax
	mov	%eax, %cr0
#ifdef __x86_64__
	/* PAE and OSFXSR, OSXMMEXCPT: SDM 3 2.5. */
	mov	$0x620, %eax
	mov	%eax, %cr4
	mov	$boot_pdpt, %eax
	or	$7, %eax
	mov	%eax, boot_pml4
	mov	$boot_pd, %eax
	or	$7, %eax
	mov	%eax, boot_pdpt
	mov	$boot_window_pd, %eax
	or	$7, %eax
	mov	%eax, boot_pdpt + 8
	mov	$boot_user_pd, %eax
	or	$7, %eax
	mov	%eax, boot_pdpt + 16
	movl	$0xc000009b, boot_pdpt + 24	/* 1 GiB page, PCD PWT RW P */
	xor	%ecx, %ecx
2:	mov	%ecx, %eax
	shl	$21, %eax
	or	$0x83, %eax
	mov	%eax, boot_pd(, %ecx, 8)
	or	$0x4, %eax
	mov	%eax, boot_user_pd(, %ecx, 8)
	inc	%ecx
	cmp	$512, %ecx
	jne	2b
	/* No 1 GiB pages?  Then 2 MiB ones for the last GiB. */
	mov	$0x80000001, %eax
	cpuid
	bt	$26, %edx
	jc	4f
	mov	$boot_dev_pd, %eax
	or	$3, %eax
	mov	%eax, boot_pdpt + 24
	xor	%ecx, %ecx
3:	mov	%ecx, %eax
	shl	$21, %eax
	or	$0xc000009b, %eax
	mov	%eax, boot_dev_pd(, %ecx, 8)
	inc	%ecx
	cmp	$512, %ecx
	jne	3b
4:	mov	$boot_pml4, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx	/* EFER: LME NXE SCE */
	rdmsr
	or	$0x901, %eax
	wrmsr
	mov	$0x80000033, %eax
	mov	%eax, %cr0
	pop	%edi
	pop	%esi
	ljmp	$0x08, $5f
	.code64
5:	mov	$boot_stack_top, %esp
	xor	%ebp, %ebp
	call	guest_init
	call	guest_main
#else
	/* OSFXSR, OSXMMEXCPT only. */
	mov	$0x600, %eax
	mov	%eax, %cr4
	xor	%ebp, %ebp
	call	guest_init
	call	guest_main
#endif
	call	guest_done
6:	hlt
	jmp	6b

	.data
	.balign	16
	.globl	gdt
	/* Order fixed by SYSCALL/SYSRET and SYSENTER/SYSEXIT: guest.h. */
gdt:	.quad	0
#ifdef __x86_64__
	.quad	0x00af9b000000ffff	/* 08 kernel code */
#else
	.quad	0x00cf9b000000ffff
#endif
	.quad	0x00cf93000000ffff	/* 10 kernel data */
	.quad	0x00cffb000000ffff	/* 18 user code, 32-bit */
	.quad	0x00cff3000000ffff	/* 20 user data */
#ifdef __x86_64__
	.quad	0x00affb000000ffff	/* 28 user code */
#else
	.quad	0x00cffb000000ffff
#endif
	.quad	0x00cff3000000ffff	/* 30 user data */
	.quad	0x00cf9b000000ffff	/* 38 kernel code, 32-bit */
	.quad	0x00009b000000ffff	/* 40 kernel code, 16-bit */
	.quad	0x000093000000ffff	/* 48 kernel data, 16-bit */
	.fill	54, 8, 0		/* 50 TSS, 60 up: the tests' */
	.balign	8
	.word	0
boot_gdtr:
	.word	64 * 8 - 1
	.long	gdt

	.bss
	.balign	4096
	.globl	boot_pml4, boot_pdpt, boot_pd, boot_window_pd, boot_user_pd
#ifdef __x86_64__
boot_pml4:	.skip 4096
boot_pdpt:	.skip 4096
boot_pd:	.skip 4096
boot_window_pd:	.skip 4096
boot_user_pd:	.skip 4096
boot_dev_pd:	.skip 4096
#endif
	.skip	16384
boot_stack_top:
	.globl	boot_info
boot_info:	.skip 4
