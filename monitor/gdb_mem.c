/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory for the debugger: through the page tables, without touching
 * accessed and dirty bits, never reaching devices; ROM can be written.
 */
#include "mmu/walk.h"
#include "monitor/gdb.h"

/* The physical address of va, and how many bytes of n lie on its page. */
static bool
translate(struct vcpu *c, gva_t va, size_t n, gpa_t *gpa, size_t *here)
{
	struct walk_regs regs = c->walk;
	struct walk_result r;

	if (walk(&c->vm->mem, &regs, va, WALK_PROBE, &r))
		return false;
	*gpa = r.gpa;
	*here = MIN(n, PAGE_SIZE - (va & ~PAGE_MASK));
	return true;
}

size_t
gdb_read(struct vcpu *c, gva_t va, void *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t here;
		gpa_t gpa;

		if (!translate(c, va + done, n - done, &gpa, &here) ||
		    gmem_read(&c->vm->mem, gpa, (char *)buf + done, here))
			break;
		done += here;
	}
	return done;
}

bool
gdb_write(struct vcpu *c, gva_t va, const void *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t here;
		gpa_t gpa;

		if (!translate(c, va + done, n - done, &gpa, &here) ||
		    gmem_load(&c->vm->mem, gpa, (const char *)buf + done,
		    here))
			return false;
		done += here;
	}
	return true;
}
