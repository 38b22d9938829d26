/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that says what processor and clock it sees, on its serial port:
 *
 *	LEAF.SUB EAX EBX ECX EDX	of CPUID, for the leaves below
 *	rtc CCYYMMDDhhmmss		as the RTC has it, in BCD
 *	end
 */
	.code32
	.text
	.globl _start
_start:
	mov	$stack, %esp
	mov	$leaves, %esi
next:
	mov	(%esi), %eax
	mov	4(%esi), %ecx
	cmp	$-1, %eax
	je	clock
	push	%eax
	push	%ecx
	call	hex
	mov	$'.', %al
	call	put
	mov	(%esp), %eax
	call	hex
	pop	%ecx
	pop	%eax
	cpuid
	push	%edx
	push	%ecx
	push	%ebx
	push	%eax
	mov	$4, %ebp
word:
	mov	$' ', %al
	call	put
	pop	%eax
	call	hex
	dec	%ebp
	jnz	word
	call	newline
	add	$8, %esi
	jmp	next

	/* Not while the RTC changes. */
clock:
	mov	$0x0a, %al
	out	%al, $0x70
	in	$0x71, %al
	test	$0x80, %al
	jnz	clock
	mov	$text_rtc, %esi
	call	string
	mov	$registers, %esi
byte:
	lodsb
	cmp	$0xff, %al
	je	done
	out	%al, $0x70
	in	$0x71, %al
	movzbl	%al, %eax
	shl	$24, %eax
	mov	$2, %ecx
	call	digits
	jmp	byte
done:
	call	newline
	mov	$text_end, %esi
	call	string
	call	newline
off:
	cli
	hlt
	jmp	off

	/* EAX in eight digits; ECX digits of EAX, from the top. */
hex:
	mov	$8, %ecx
digits:
	rol	$4, %eax
	push	%eax
	and	$15, %eax
	mov	numerals(%eax), %al
	call	put
	pop	%eax
	loop	digits
	ret
	/* Text at ESI up to a 0. */
string:
	lodsb
	test	%al, %al
	jz	back
	call	put
	jmp	string
newline:
	mov	$'\n', %al
put:
	push	%edx
	mov	$0x3f8, %dx
	out	%al, %dx
	pop	%edx
back:
	ret

numerals:
	.ascii	"0123456789abcdef"
text_rtc:
	.asciz	"rtc "
text_end:
	.asciz	"end"
registers:
	.byte	0x32, 9, 8, 7, 4, 2, 0, 0xff
	.balign	4
leaves:
	.long	0, 0, 1, 0, 7, 0, 0xb, 0, 0xb, 1, 0xd, 0
	.long	0x40000000, 0, 0x40000001, 0, 0x80000001, 0, 0x80000002, 0
	.long	0x80000003, 0, 0x80000008, 0, -1, -1
	.space	256
stack:
