/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PVH start ABI (Xen's docs/misc/pvh.pandoc and
 * public/arch-x86/hvm/start_info.h): 32-bit protected mode, EBX points to
 * hvm_start_info version 1 with modules, command line, RSDP and memory map.
 */
#include "monitor/boot/plan.h"

#include <inttypes.h>

enum {
	/* hvm_start_info */
	SI_MAGIC = 0, SI_VERSION = 4, SI_FLAGS = 8, SI_NR_MODULES = 12,
	SI_MODLIST = 16, SI_CMDLINE = 24, SI_RSDP = 32, SI_MEMMAP = 40,
	SI_MEMMAP_ENTRIES = 48, SI_SIZE = 56,
	/* hvm_modlist_entry */
	MOD_PADDR = 0, MOD_SIZE = 8, MOD_ENTRY_SIZE = 32,
	/* hvm_memmap_table_entry */
	MM_ADDR = 0, MM_SIZE = 8, MM_TYPE = 16, MM_ENTRY_SIZE = 24,
	/* where in our block */
	INFO = BLOCK_INFO, MODLIST = INFO + 0x40, MEMMAP = INFO + 0x80,
};

#define START_INFO_MAGIC 0x336ec578u

static void
put_start_info(struct planner *pl)
{
	const struct memmap *map = pl->rq->map;
	gpa_t base = pl->plan->block_gpa;

	plan_u32(pl, INFO + SI_MAGIC, START_INFO_MAGIC);
	plan_u32(pl, INFO + SI_VERSION, 1);
	plan_u64(pl, INFO + SI_CMDLINE, plan_cmdline(pl));
	plan_u64(pl, INFO + SI_RSDP, pl->rq->rsdp);
	if (pl->plan->initrd_size) {
		plan_u32(pl, INFO + SI_NR_MODULES, 1);
		plan_u64(pl, INFO + SI_MODLIST, base + MODLIST);
		plan_u64(pl, MODLIST + MOD_PADDR, pl->plan->initrd);
		plan_u64(pl, MODLIST + MOD_SIZE, pl->plan->initrd_size);
	}
	plan_u64(pl, INFO + SI_MEMMAP, base + MEMMAP);
	plan_u32(pl, INFO + SI_MEMMAP_ENTRIES, map->n);
	for (unsigned i = 0; i < map->n; i++) {
		unsigned at = MEMMAP + i * MM_ENTRY_SIZE;

		plan_u64(pl, at + MM_ADDR, map->e[i].base);
		plan_u64(pl, at + MM_SIZE, map->e[i].size);
		plan_u32(pl, at + MM_TYPE, map->e[i].type);
	}
}

int
pvh_parse(struct planner *pl, uint32_t entry, struct err *e)
{
	struct boot_plan *p = pl->plan;
	uint64_t e_entry;

	if (elf_parse(pl, &e_entry, e) || plan_block(pl, e) ||
	    plan_initrd(pl, e))
		return -1;
	p->kind = BOOT_PVH;
	p->start = BOOT_START_32;
	p->entry = entry;
	p->ebx = (uint32_t)(p->block_gpa + INFO);
	put_start_info(pl);
	return 0;
}
