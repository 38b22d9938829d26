/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a kernel file to a machine about to execute its first instruction.
 *
 * boot_parse() reads the kernel (bzImage, PVH ELF or multiboot 1), checks
 * everything about it and decides where each byte will go; it may fail.
 * boot_apply() then does it; it can fail only if reading files does.
 * After a guest reset the same plan is applied once more; the kernel's bytes
 * (plan.kernel) may have been let go by then.  Loop thread, no
 * vCPU running.
 */
#ifndef TRIVISOR_MONITOR_BOOT_BOOT_H
#define TRIVISOR_MONITOR_BOOT_BOOT_H

#include "modes/cpu_state.h"
#include "monitor/boot/image.h"
#include "monitor/boot/memmap.h"

struct boot_request {
	const char *kernel_name, *initrd_name;	/* borrowed, for messages */
	int kernel_fd, initrd_fd;	/* borrowed; initrd -1 when absent */
	const char *cmdline;		/* borrowed */
	const struct memmap *map;	/* borrowed */
	gpa_t rsdp;			/* 0 without ACPI */
};

enum boot_kind { BOOT_BZIMAGE, BOOT_PVH, BOOT_MULTIBOOT };
/* The CPU mode a kernel is entered in. */
enum boot_start { BOOT_START_32, BOOT_START_64 };

/* Bytes of the kernel file that go to one place. */
struct boot_piece {
	gpa_t gpa;
	uint64_t file_off, file_len;
	uint64_t mem_len;	/* taken from RAM; at least file_len */
	bool bss;		/* the rest must be zero */
};

#define BOOT_MAX_PIECES 64
/* What we make ourselves: descriptor tables, boot parameters, page tables. */
#define BOOT_BLOCK_SIZE 0x10000u

struct boot_plan {
	enum boot_kind kind;
	struct image kernel;			/* owned */
	struct boot_piece piece[BOOT_MAX_PIECES];
	unsigned n_pieces;
	gpa_t kernel_end;			/* highest byte needed, plus one */
	gpa_t initrd;
	uint64_t initrd_size;
	uint8_t *block;				/* owned, BOOT_BLOCK_SIZE */
	gpa_t block_gpa;
	enum boot_start start;
	gpa_t entry;
	uint32_t eax, ebx, esi;
};

MUST_USE int boot_parse(struct boot_plan *p, const struct boot_request *rq,
    struct err *e);
/* s holds the state after RESET; what differs for this kernel is set. */
MUST_USE int boot_apply(const struct boot_plan *p,
    const struct boot_request *rq, struct gmem *g, struct cpu_state *s,
    struct err *e);
void boot_plan_fini(struct boot_plan *p);
const char *boot_kind_name(enum boot_kind k);

#endif
