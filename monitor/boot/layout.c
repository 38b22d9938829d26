/* SPDX-License-Identifier: Apache-2.0 */
/* A list of claims on guest RAM; see layout.h. */
#include "monitor/boot/layout.h"

#include <errno.h>

void
layout_init(struct layout *l, const struct memmap *map)
{
	l->map = map;
	l->n = 0;
}

/* The claim that [base, base+size) runs into, or -1. */
static int
collision(const struct layout *l, gpa_t base, uint64_t size)
{
	for (unsigned i = 0; i < l->n; i++)
		if (base < l->used[i].base + l->used[i].size &&
		    l->used[i].base < base + size)
			return (int)i;
	return -1;
}

int
layout_claim(struct layout *l, gpa_t base, uint64_t size)
{
	if (!size)
		return 0;
	if (!memmap_is_ram(l->map, base, size))
		return -ENOMEM;
	if (collision(l, base, size) >= 0)
		return -EEXIST;
	if (l->n == LAYOUT_MAX)
		return -ENOSPC;
	l->used[l->n].base = base;
	l->used[l->n++].size = size;
	return 0;
}

/* Lowest fit in [lo, hi). */
static bool
find_low(const struct layout *l, uint64_t size, uint64_t align, gpa_t lo,
    gpa_t hi, gpa_t *out)
{
	gpa_t at = align_up(lo, align);

	while (at < hi && size <= hi - at) {
		int c = collision(l, at, size);

		if (c < 0) {
			*out = at;
			return true;
		}
		at = align_up(l->used[c].base + l->used[c].size, align);
	}
	return false;
}

/* Highest fit in [lo, hi). */
static bool
find_high(const struct layout *l, uint64_t size, uint64_t align, gpa_t lo,
    gpa_t hi, gpa_t *out)
{
	while (hi > lo && size <= hi - lo) {
		gpa_t at = align_down(hi - size, align);
		int c;

		if (at < lo)
			return false;
		c = collision(l, at, size);
		if (c < 0) {
			*out = at;
			return true;
		}
		hi = l->used[c].base;
	}
	return false;
}

bool
layout_find(struct layout *l, uint64_t size, uint64_t align, gpa_t min,
    gpa_t limit, bool top, gpa_t *out)
{
	for (unsigned k = 0; k < l->map->n; k++) {
		/* From the wanted end of the address space inwards. */
		unsigned i = top ? l->map->n - 1 - k : k;
		const struct memmap_entry *r = &l->map->e[i];
		gpa_t lo = MAX(r->base, min);
		gpa_t hi = MIN(r->base + r->size, limit);
		bool ok;

		if (r->type != E820_RAM || lo >= hi)
			continue;
		ok = top ? find_high(l, size, align, lo, hi, out) :
		    find_low(l, size, align, lo, hi, out);
		if (ok)
			return layout_claim(l, *out, size) == 0;
	}
	return false;
}
