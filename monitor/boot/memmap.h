/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things are in the guest's physical address space: RAM, holes, firmware
 * areas, as firmware would report them through e820 (ACPI 6.4, 15.2).
 */
#ifndef TRIVISOR_MONITOR_BOOT_MEMMAP_H
#define TRIVISOR_MONITOR_BOOT_MEMMAP_H

#include "base/base.h"
#include "base/err.h"
#include "mmu/gmem.h"

/* The fixed parts of a PC. */
#define MAP_BDA 0x400u			/* BIOS data area */
#define MAP_EBDA 0x9f000u		/* extended BDA: 4 KiB below 640K */
#define MAP_EBDA_SIZE 0x1000u
#define MAP_BASE_END 0xa0000u		/* end of conventional memory */
#define MAP_BIOS 0xe0000u		/* ROM: ACPI tables live here */
#define MAP_BIOS_SIZE 0x20000u
#define MAP_1M UINT64_C(0x100000)
#define MAP_HOLE UINT64_C(0xc0000000)	/* RAM below 4 GiB ends here */
#define MAP_IOAPIC UINT64_C(0xfec00000)
#define MAP_HPET UINT64_C(0xfed00000)
#define MAP_LAPIC UINT64_C(0xfee00000)
#define MAP_4G UINT64_C(0x100000000)

enum e820_type {
	E820_RAM = 1, E820_RESERVED = 2, E820_ACPI = 3, E820_NVS = 4,
};

struct memmap_entry {
	gpa_t base;
	uint64_t size;
	uint32_t type;		/* enum e820_type */
};

#define MEMMAP_MAX 8

struct memmap {
	struct memmap_entry e[MEMMAP_MAX];	/* sorted, disjoint */
	unsigned n;
	uint64_t memory;	/* what the configuration said */
	gpa_t low_top;		/* end of RAM below 4 GiB */
	gpa_t high_top;		/* end of RAM above 4 GiB, or 4 GiB */
};

/* memory is at least 1 MiB and a multiple of 4 KiB (vm_config_check). */
void memmap_init(struct memmap *m, uint64_t memory);
/* Create the RAM and ROM slots that the map describes. */
MUST_USE int memmap_populate(const struct memmap *m, struct gmem *g,
    struct err *e);
/* Is all of [base, base+size) RAM that an OS may use? */
bool memmap_is_ram(const struct memmap *m, gpa_t base, uint64_t size);

#endif
