/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loaders of the several formats share: making a boot_plan.
 * Private to monitor/boot.
 */
#ifndef TRIVISOR_MONITOR_BOOT_PLAN_H
#define TRIVISOR_MONITOR_BOOT_PLAN_H

#include "monitor/boot/boot.h"
#include "monitor/boot/layout.h"

/* Offsets in the block of boot_plan. */
enum {
	BLOCK_GDT = 0,			/* one page */
	BLOCK_INFO = 0x1000,		/* boot_params, start_info, multiboot */
	BLOCK_CMDLINE = 0x3000,		/* two pages */
	BLOCK_TABLES = 0x5000,		/* PML4, PDPT, four PDs */
	BLOCK_CMDLINE_SIZE = BLOCK_TABLES - BLOCK_CMDLINE,
};

struct planner {
	struct boot_plan *plan;
	const struct boot_request *rq;
	struct layout layout;
	gpa_t initrd_limit;		/* the kernel takes no initrd above */
};

/* Add a piece and claim its memory; errors name the kernel. */
MUST_USE int plan_piece(struct planner *pl, const struct boot_piece *piece,
    struct err *e);
/* After the last piece: place the block, then the initrd. */
MUST_USE int plan_block(struct planner *pl, struct err *e);
MUST_USE int plan_initrd(struct planner *pl, struct err *e);
/* Write the command line into the block and return its address. */
gpa_t plan_cmdline(struct planner *pl);
/* Little-endian stores into the block. */
void plan_u16(struct planner *pl, unsigned off, uint16_t v);
void plan_u32(struct planner *pl, unsigned off, uint32_t v);
void plan_u64(struct planner *pl, unsigned off, uint64_t v);
/* "kernel X needs N MiB, the VM has M MiB", with the remedy. */
int plan_too_small(struct planner *pl, gpa_t need_end, struct err *e);

/* The formats.  _probe is cheap; _parse fills the plan or tells why not. */
bool bzimage_probe(const struct image *im);
MUST_USE int bzimage_parse(struct planner *pl, struct err *e);
/* elf.c: the PT_LOAD segments as pieces; entry is e_entry. */
bool elf_probe(const struct image *im);
MUST_USE int elf_parse(struct planner *pl, uint64_t *entry, struct err *e);
/* 1 and *entry when there is a Xen PHYS32_ENTRY note, 0 when not. */
MUST_USE int elf_pvh_entry(const struct image *im, uint32_t *entry,
    struct err *e);
/* Why an ELF file without a boot note is no kernel for us. */
const char *elf_looks_like(const struct image *im);
MUST_USE int pvh_parse(struct planner *pl, uint32_t entry, struct err *e);
/* True and *off when a multiboot 1 header is in the first 8 KiB. */
bool multiboot_probe(const struct image *im, uint32_t *off);
MUST_USE int multiboot_parse(struct planner *pl, uint32_t off, struct err *e);

/* entry.c: GDT and page tables in the block, registers at entry. */
void entry_tables(struct planner *pl);
void entry_state(const struct boot_plan *p, struct cpu_state *s);

#endif
