/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests of a few instructions: 32-bit code that runs at 1 MiB behind a
 * multiboot header, in flat protected mode without paging or IDT.
 */
#ifndef TRIVISOR_TESTS_UNIT_MONITOR_GUESTS_H
#define TRIVISOR_TESTS_UNIT_MONITOR_GUESTS_H

#include <stdint.h>

#define GUEST(name, code) \
	extern const uint8_t guest_##name[], guest_##name##_end[]; \
	__asm__(".pushsection .rodata\n.code32\n" \
	    "guest_" #name ":\n" code "\nguest_" #name "_end:\n" \
	    ".code64\n.popsection")

/* Says "up" and waits for whatever its host does. */
GUEST(spin,
    "mov $0x3f8, %edx; mov $'u', %al; out %al, %dx\n"
    "mov $'p', %al; out %al, %dx\n"
    "1: jmp 1b");
GUEST(halt, "cli\n1: hlt\n jmp 1b");
GUEST(triple, "push $0; push $0; lidt (%esp); int3");
GUEST(debug_exit, "mov $0x21, %al; out %al, $0xf4\n1: jmp 1b");
GUEST(power_off,
    "mov $0x604, %edx; mov $0x3400, %eax; out %ax, %dx\n1: jmp 1b");
/*
 * Resets by port 0xcf9, then by the 8042, then ends with the code 0x11.
 * Memory keeps the count, for only what the kernel brought is loaded anew.
 */
GUEST(resets,
    "incl 0x8000; mov 0x8000, %eax\n"
    "cmp $1, %eax; jne 1f\n"
    "mov $0xcf9, %edx; mov $6, %al; out %al, %dx\n"
    "1: cmp $2, %eax; jne 2f\n"
    "mov $0xfe, %al; out %al, $0x64\n"
    "2: cmp $3, %eax; jne 2b\n"
    "mov $0x11, %al; out %al, $0xf4\n"
    "3: jmp 3b");
/* Sends back, one up, what it is sent. */
GUEST(echo,
    "1: mov $0x3fd, %edx; in %dx, %al; test $1, %al; jz 1b\n"
    "mov $0x3f8, %edx; in %dx, %al; inc %al; out %al, %dx; jmp 1b");
/* 200000 bytes "0123456789" over and over, then "$", then halts. */
GUEST(flood,
    "mov $200000, %ecx; mov $'0', %al; mov $0x3f8, %edx\n"
    "1: out %al, %dx; inc %al; cmp $'9' + 1, %al; jne 2f; mov $'0', %al\n"
    "2: loop 1b\n"
    "mov $'$', %al; out %al, %dx\n"
    "cli\n3: hlt; jmp 3b");
/* Answers each byte with the four bytes of the TSC's bits 10..41. */
GUEST(clock,
    "1: mov $0x3fd, %edx; in %dx, %al; test $1, %al; jz 1b\n"
    "mov $0x3f8, %edx; in %dx, %al; rdtsc; shrd $10, %edx, %eax\n"
    "mov $0x3f8, %edx; mov $4, %ecx\n"
    "2: out %al, %dx; shr $8, %eax; loop 2b\n"
    "jmp 1b");

#endif
