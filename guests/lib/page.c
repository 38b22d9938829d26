/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Free pages, and (64-bit images) page tables below the fixed part that
 * boot.S makes.
 */
#include "guest.h"

extern char __image_end[];

static ulong next_page;

ulong
page_alloc(void)
{
	ulong p;

	if (!next_page)
		next_page = (ulong)__image_end;
	p = next_page;
	next_page += 4096;
	fill((void *)p, 0, 4096);
	return p;
}

#ifdef __x86_64__
extern u64 boot_pml4[512];

volatile u64 *
pte_at(ulong va, unsigned level)
{
	u64 *table = boot_pml4;

	for (unsigned l = 4; l > level; l--) {
		u64 *e = &table[va >> (3 + 9 * l) & 511];

		if (!(*e & PTE_P))
			*e = page_alloc() | PTE_P | PTE_W | PTE_U;
		table = (u64 *)(*e & 0xffffffffff000ull);
	}
	return &table[va >> (3 + 9 * level) & 511];
}

void
page_map(ulong va, u64 entry)
{
	*pte_at(va, 1) = entry;
	invlpg(va);
}
#endif
