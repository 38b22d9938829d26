## SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libboot.a
libboot_a_SOURCES = \
	monitor/boot/boot.c monitor/boot/boot.h monitor/boot/plan.c \
	monitor/boot/plan.h monitor/boot/layout.c monitor/boot/layout.h \
	monitor/boot/memmap.c monitor/boot/memmap.h monitor/boot/image.c \
	monitor/boot/image.h monitor/boot/bzimage.c monitor/boot/elf.c \
	monitor/boot/pvh.c monitor/boot/multiboot.c monitor/boot/entry.c
