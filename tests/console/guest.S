/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest on its serial port: says "ready", then sends back what it is sent,
 * but for commands:
 *
 *	s	a few lines with numbers	f	many (2 MB)
 *	F	more (100 MB)			q	the end, by port 0xf4
 *
 * Each line is eight digits, CR, LF; the numbers only ever go up by one.
 */
	.code32
	.text
	.globl _start
_start:
	cld
	mov	$hello, %esi
	mov	$hello_end - hello, %ecx
	mov	$0x3f8, %dx
	rep outsb
listen:
	mov	$0x3fd, %dx
	in	%dx, %al
	test	$1, %al
	jnz	typed
	pause
	jmp	listen
typed:
	mov	$0x3f8, %dx
	in	%dx, %al
	mov	$100, %ebp
	cmp	$'s', %al
	je	lines
	mov	$200000, %ebp
	cmp	$'f', %al
	je	lines
	mov	$10000000, %ebp
	cmp	$'F', %al
	je	lines
	cmp	$'q', %al
	je	end
	out	%al, %dx
	jmp	listen

lines:
	mov	$line, %esi
	mov	$10, %ecx
	mov	$0x3f8, %dx
	rep outsb
	/* The next number, in decimal, from the last digit on. */
	mov	$line + 7, %edi
carry:
	incb	(%edi)
	cmpb	$'9' + 1, (%edi)
	jne	counted
	movb	$'0', (%edi)
	dec	%edi
	cmp	$line, %edi
	jae	carry
counted:
	dec	%ebp
	jnz	lines
	mov	$done, %esi
	mov	$done_end - done, %ecx
	rep outsb
	jmp	listen

end:
	mov	$1, %al
	out	%al, $0xf4
	cli
	hlt

hello:	.ascii	"ready\r\n"
hello_end:
done:	.ascii	"done\r\n"
done_end:
line:	.ascii	"00000000\r\n"
