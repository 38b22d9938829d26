/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PC memory map: RAM to 640K, the hole for video and ROMs, RAM to at most
 * 3 GiB, the hole for PCI and APICs, the rest of RAM from 4 GiB up.
 */
#include "monitor/boot/memmap.h"

static void
add(struct memmap *m, gpa_t base, gpa_t end, enum e820_type type)
{
	if (base < end)
		m->e[m->n++] = (struct memmap_entry){ .base = base,
		    .size = end - base, .type = type };
}

void
memmap_init(struct memmap *m, uint64_t memory)
{
	*m = (struct memmap){ .memory = memory };
	m->low_top = MIN(memory, MAP_HOLE);
	m->high_top = MAP_4G + (memory - m->low_top);
	add(m, 0, MAP_EBDA, E820_RAM);
	add(m, MAP_EBDA, MAP_BASE_END, E820_RESERVED);
	add(m, MAP_BIOS, MAP_1M, E820_RESERVED);
	add(m, MAP_1M, m->low_top, E820_RAM);
	add(m, MAP_IOAPIC, MAP_IOAPIC + PAGE_SIZE, E820_RESERVED);
	add(m, MAP_LAPIC, MAP_LAPIC + PAGE_SIZE, E820_RESERVED);
	add(m, MAP_4G, m->high_top, E820_RAM);
}

int
memmap_populate(const struct memmap *m, struct gmem *g, struct err *e)
{
	int rc;

	rc = gmem_add(g, 0, MAP_BASE_END, GMEM_RAM, e);
	if (!rc)
		rc = gmem_add(g, MAP_BIOS, MAP_BIOS_SIZE, GMEM_ROM, e);
	if (!rc && m->low_top > MAP_1M)
		rc = gmem_add(g, MAP_1M, m->low_top - MAP_1M, GMEM_RAM, e);
	if (!rc && m->high_top > MAP_4G)
		rc = gmem_add(g, MAP_4G, m->high_top - MAP_4G, GMEM_RAM, e);
	return rc;
}

bool
memmap_is_ram(const struct memmap *m, gpa_t base, uint64_t size)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->e[i].type == E820_RAM && base >= m->e[i].base &&
		    base - m->e[i].base < m->e[i].size &&
		    size <= m->e[i].size - (base - m->e[i].base))
			return true;
	return false;
}
