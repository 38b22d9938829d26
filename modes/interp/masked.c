/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vector accesses under an element mask, when the operand is not wholly in
 * one page of RAM: elements that are masked out must not fault and are not
 * written.  Which bytes an instruction touches is not computed here but asked
 * of the host: loads are run against a guard page, stores twice over
 * different backgrounds.
 */
#include "modes/interp/thunk.h"

#define MXCSR_MASKS 0x1f80u	/* of all exceptions */

/* May the guest read here?  Raises nothing. */
static bool
readable(struct vcpu *c, gva_t va, unsigned len)
{
	if (!x86_probe(c, va, len, ACCESS_UNALIGNED, false))
		return true;
	c->exc.raised = false;
	return false;
}

/* Bytes of [va, va+len) before the next page. */
static unsigned
first_part(gva_t va, unsigned len)
{
	uint64_t room = PAGE_SIZE - (va & ~PAGE_MASK);

	return MIN(len, room);
}

/*
 * The offset within a buffer that is as misaligned as va, so that the host
 * checks its alignment.  A non-canonical va comes before #AC, but after the
 * #GP of an operand that always has to be aligned.
 */
static unsigned
same_align(const struct vcpu *c, const struct insn *i, gva_t va)
{
	return x86_canonical(c, va) || (i->desc->attr & ATTR_ALIGNED) ?
	    va & 63 : 0;
}

int
masked_load(struct vcpu *c, const struct insn *i, gva_t va)
{
	unsigned len = i->mem_size;
	unsigned first = first_part(va, len);
	bool stack = i->mem.seg == SEG_SS;
	bool low = readable(c, va, first);
	bool high = first < len ? readable(c, va + first, len - first) : low;
	uint8_t *page = thunk_guard(c) + PAGE_SIZE;
	uint8_t *mem, *touched = NULL;
	int rc;

	if (low && high)
		mem = page + same_align(c, i, va);
	else if (low)
		mem = page + PAGE_SIZE - first;
	else if (high)
		mem = page - first;
	else
		mem = thunk_guard(c) + same_align(c, i, va);
	if ((low && ld_bytes(c, va, mem, high ? len : first, stack)) ||
	    (high && !low && ld_bytes(c, va + first, mem + first,
	    len - first, stack)))
		return H_FAULT;
	rc = thunk_run_guarded(c, i, mem, &touched);
	if (rc != THUNK_TOUCHED)
		return rc;
	if (x86_probe(c, va + (touched - mem), 1, ACCESS_UNALIGNED, stack))
		return H_FAULT;
	return H_RIP;		/* it is there by now: once more */
}

/* Store the bytes of buf that are marked, largest pieces first. */
static int
store_marked(struct vcpu *c, gva_t va, const uint8_t *buf, uint64_t marks,
    bool stack)
{
	for (unsigned at = 0; at < 64; ) {
		unsigned n = 8;

		if (!(marks >> at & 1)) {
			at++;
			continue;
		}
		while ((at & (n - 1)) ||
		    (marks >> at & ((1u << n) - 1)) != (1u << n) - 1)
			n /= 2;
		if (st_bytes(c, va + at, buf + at, n, stack))
			return H_FAULT;
		at += n;
	}
	return 0;
}

/* Which bytes the host's instruction stores, raising nothing. */
static int
find_marks(struct vcpu *c, const struct insn *i, uint8_t *a, uint8_t *b,
    uint64_t *marks)
{
	uint32_t mxcsr, quiet;
	int rc;

	/* VCVTPS2PH may have exceptions, but after the page faults. */
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	quiet = mxcsr | MXCSR_MASKS;
	__asm__ volatile("ldmxcsr %0" : : "m"(quiet));
	rc = thunk_run(c, i, a);
	if (!rc)
		rc = thunk_run(c, i, b);
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	*marks = 0;
	for (unsigned n = 0; !rc && n < i->mem_size; n++)
		if (a[n] == b[n])
			*marks |= BIT(n);
	return rc;
}

int
masked_store(struct vcpu *c, const struct insn *i, gva_t va)
{
	uint8_t area[256] __attribute__((aligned(64)));
	uint8_t *a = area + same_align(c, i, va);
	uint8_t *b = a + 128;
	bool stack = i->mem.seg == SEG_SS;
	uint64_t marks;

	fill_bytes(area, 0x00, 128);
	fill_bytes(area + 128, 0xff, 128);
	if (find_marks(c, i, a, b, &marks))
		return H_FAULT;
	for (unsigned n = 0; n < i->mem_size; n++)
		if (marks >> n & 1 && probe_write(c, va + n, 1, stack))
			return H_FAULT;
	if (thunk_run(c, i, a))
		return H_FAULT;
	return store_marked(c, va, a, marks, stack);
}
