/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets which part of guest RAM while a kernel is being loaded.  What the
 * image demands is claimed first; what we may place freely is then found.
 */
#ifndef TRIVISOR_MONITOR_BOOT_LAYOUT_H
#define TRIVISOR_MONITOR_BOOT_LAYOUT_H

#include "monitor/boot/memmap.h"

#define LAYOUT_MAX 160

struct layout {
	const struct memmap *map;	/* borrowed */
	struct {
		gpa_t base;
		uint64_t size;
	} used[LAYOUT_MAX];
	unsigned n;
};

void layout_init(struct layout *l, const struct memmap *map);
/*
 * Take [base, base+size).  -ENOMEM when it is not all RAM, -EEXIST when part
 * of it is taken, -ENOSPC after LAYOUT_MAX claims.  Size 0 is fine anywhere.
 */
MUST_USE int layout_claim(struct layout *l, gpa_t base, uint64_t size);
/*
 * Find and take size bytes, align a power of two, all below limit: the lowest
 * place at or above min, or the highest if top.  False when there is none.
 */
MUST_USE bool layout_find(struct layout *l, uint64_t size, uint64_t align,
    gpa_t min, gpa_t limit, bool top, gpa_t *out);

#endif
