/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entering a test's code with a complete register state (cpu_enter) and the
 * 256 ways back (the IDT's stubs).  Every stub builds a struct frame and calls
 * trap(), which either returns (the frame is resumed) or asks for
 * cpu_leave(), which returns from cpu_enter()'s caller's point of view.
 */
#ifdef __x86_64__
	.text
	/* void cpu_enter(const struct frame *f, uintptr_t *save_sp) */
	.globl	cpu_enter
cpu_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, (%rsi)
	mov	%rdi, %rsp
	jmp	resume

	/* void cpu_leave(uintptr_t sp) */
	.globl	cpu_leave
cpu_leave:
	mov	%rdi, %rsp
	push	$0
	popf
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

common:
	push	%rdi
	push	%rsi
	push	%rbp
	push	$0			/* slot of RSP: see the frame's end */
	push	%rbx
	push	%rdx
	push	%rcx
	push	%rax
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%r11
	push	%r10
	push	%r9
	push	%r8
	sub	$32, %rsp
	mov	%gs, 24(%rsp)
	mov	%fs, 16(%rsp)
	mov	%es, 8(%rsp)
	mov	%ds, (%rsp)
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	cld
	mov	%rsp, %rdi
	mov	%rsp, %rbx
	and	$-16, %rsp
	call	trap
	mov	%rbx, %rsp
resume:
	mov	(%rsp), %ds
	mov	8(%rsp), %es
	/* FS and GS are left: loading them would change their bases. */
	add	$32, %rsp
	pop	%r8
	pop	%r9
	pop	%r10
	pop	%r11
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rbx
	add	$8, %rsp
	pop	%rbp
	pop	%rsi
	pop	%rdi
	add	$16, %rsp
	.globl	trap_iret
trap_iret:
	iretq

#define WORD .quad
#else
	.text
	.globl	cpu_enter
cpu_enter:
	mov	4(%esp), %ecx
	mov	8(%esp), %edx
	push	%ebx
	push	%ebp
	push	%esi
	push	%edi
	mov	%esp, (%edx)
	mov	%ecx, %esp
	jmp	resume

	.globl	cpu_leave
cpu_leave:
	mov	4(%esp), %ecx
	mov	$0x10, %eax
	mov	%eax, %ss
	mov	%ecx, %esp
	push	$0			/* a task gate has set NT */
	popf
	pop	%edi
	pop	%esi
	pop	%ebp
	pop	%ebx
	ret

common:
	push	%edi
	push	%esi
	push	%ebp
	push	$0
	push	%ebx
	push	%edx
	push	%ecx
	push	%eax
	push	%gs
	push	%fs
	push	%es
	push	%ds
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	cld
	mov	%esp, %ebx
	push	%esp
	call	trap
	mov	%ebx, %esp
resume:
	pop	%ds
	pop	%es
	pop	%fs
	pop	%gs
	pop	%eax
	pop	%ecx
	pop	%edx
	pop	%ebx
	add	$4, %esp
	pop	%ebp
	pop	%esi
	pop	%edi
	add	$8, %esp
	.globl	trap_iret
trap_iret:
	iret
#define WORD .long
#endif

	.section .rodata
	.balign	8
	.globl	trap_stubs
trap_stubs:
	.text
	.set	vec, 0
	.rept	256
	.section .rodata
	WORD	9f
	.text
9:
	/* SDM 3 table 6-1: these push an error code themselves. */
	.if	!(vec == 8 || (vec >= 10 && vec <= 14) || vec == 17 || vec == 21 || vec == 29 || vec == 30)
	push	$0
	.endif
	push	$vec
	jmp	common
	.set	vec, vec + 1
	.endr
