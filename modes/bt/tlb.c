/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The soft TLB: filling and flushing.  Generated code only ever reads it.
 *
 * Entries of non-global pages are logged, so that the flush a MOV CR3 asks for
 * costs what was filled since the last one and not the size of the table.
 * Pages of large mappings are entered in 4 KiB pieces; INVLPG must drop all
 * pieces, so each GiB that has any is remembered (hashed) and then searched.
 */
#include "modes/bt/bt.h"
#include "modes/x86/x86.h"

static void
entry_clear(struct tlb_entry *t, unsigned idx)
{
	t->ntag_read = tlb_invalid_tag(idx);
	t->ntag_write = tlb_invalid_tag(idx);
	t->flags = 0;
}

void
bt_tlb_reset(struct bt_vcpu *b)
{
	for (int s = 0; s < SET_COUNT; s++) {
		for (unsigned i = 0; i < TLB_ENTRIES; i++)
			entry_clear(&b->tlb[s][i], i);
		b->log_nonglobal[s].n = 0;
	}
	b->large_regions = 0;
}

static void
itlb_flush(struct bt_vcpu *b, bool globals)
{
	for (unsigned i = 0; i < ITLB_ENTRIES; i++)
		if (globals || !b->itlb[i].global)
			b->itlb[i].tag = 1;
}

static void
flush_nonglobal(struct bt_vcpu *b)
{
	for (int s = 0; s < SET_COUNT; s++) {
		struct tlb_log *log = &b->log_nonglobal[s];

		for (unsigned i = 0; i < log->n; i++) {
			struct tlb_entry *t = &b->tlb[s][log->idx[i]];

			if (!(t->flags & TLBF_GLOBAL))
				entry_clear(t, log->idx[i]);
		}
		log->n = 0;
	}
	itlb_flush(b, false);
	bt_jc_flush_nonglobal(b);
}

static uint64_t
region_bit(gva_t va)
{
	return BIT((va >> 30) & 63);
}

/* Drop every entry of va's 2 MiB..1 GiB surroundings that is a large piece. */
static void
flush_large(struct bt_vcpu *b, gva_t va)
{
	for (int s = 0; s < SET_COUNT; s++)
		for (unsigned i = 0; i < TLB_ENTRIES; i++) {
			struct tlb_entry *t = &b->tlb[s][i];

			if ((t->flags & TLBF_LARGE) &&
			    (-t->ntag_read ^ va) >> 30 == 0)
				entry_clear(t, i);
		}
}

static void
flush_page(struct bt_vcpu *b, gva_t va)
{
	unsigned idx = tlb_index(va);

	va &= PAGE_MASK;
	for (int s = 0; s < SET_COUNT; s++)
		if (b->tlb[s][idx].ntag_read == -va)
			entry_clear(&b->tlb[s][idx], idx);
	if (b->large_regions & region_bit(va))
		flush_large(b, va);
	if (b->large_code & region_bit(va)) {
		itlb_flush(b, true);
		bt_jc_reset(b);
		b->large_code = 0;
		bt_unlink_cross(b, va, true);
		return;
	}
	b->itlb[(va >> PAGE_SHIFT) % ITLB_ENTRIES].tag = 1;
	bt_jc_flush_page(b, va);
	/* An instruction of the page before may reach into this one. */
	bt_jc_flush_page(b, va - PAGE_SIZE);
}

void
bt_tlb_flush(struct vcpu *c, unsigned scope, gva_t va)
{
	struct bt_vcpu *b = bt_of(c);

	b->n_tlb_flush[scope]++;
	switch (scope) {
	case TLB_FLUSH_PAGE:
		flush_page(b, va);
		break;
	case TLB_FLUSH_NONGLOBAL:
	case TLB_SWITCH_NOFLUSH:
		flush_nonglobal(b);
		break;
	default:
		bt_tlb_reset(b);
		itlb_flush(b, true);
		bt_jc_reset(b);
		b->large_code = 0;
		bt_unlink_cross(b, 0, true);
		break;
	}
}

void
bt_tlb_protect(struct bt_vcpu *b, const uint8_t *page)
{
	for (int s = 0; s < SET_COUNT; s++)
		for (unsigned i = 0; i < TLB_ENTRIES; i++) {
			struct tlb_entry *t = &b->tlb[s][i];

			if (t->flags && tlb_host(t, -t->ntag_read) == page)
				t->ntag_write = tlb_invalid_tag(i);
		}
}

static void
log_entry(struct bt_vcpu *b, enum bt_set s, unsigned idx)
{
	struct tlb_log *log = &b->log_nonglobal[s];

	if (log->n == TLB_ENTRIES) {
		/* Replaced more often than there are entries: start afresh. */
		flush_nonglobal(b);
	}
	log->idx[log->n++] = (uint16_t)idx;
}

/* Tests: keep one entry only, so that every access misses. */
static void
keep_one(struct bt_vcpu *b, unsigned idx)
{
	if (!b->tlb_fills_max)
		return;
	if (b->tlb_last[b->set] != idx)
		entry_clear(&b->tlb[b->set][b->tlb_last[b->set]],
		    b->tlb_last[b->set]);
	b->tlb_last[b->set] = idx;
}

static int
translate_va(struct bt_vcpu *b, gva_t va, bool write, struct walk_result *r)
{
	struct vcpu *c = &b->c;
	unsigned access = write ? WALK_WRITE : 0;

	if (!x86_canonical(c, va))
		return 1;	/* the interpreter knows #GP from #SS */
	if (c->s.cpl == 3)
		access |= WALK_USER;
	c->walk.rflags = c->s.rflags;
	if (walk(&c->vm->mem, &c->walk, va, access, r))
		return x86_raise_pf(c, va, r->error_code), -14;
	return 0;
}

int
bt_tlb_fill(struct bt_vcpu *b, gva_t va, bool write, struct tlb_entry **entry)
{
	unsigned idx = tlb_index(va);
	struct tlb_entry *t = &b->tlb[b->set][idx];
	struct walk_result r;
	struct gmem_page p;
	int rc;

	rc = translate_va(b, va, write, &r);
	if (rc)
		return rc;
	if (!gmem_page(&b->c.vm->mem, r.gpa, &p))
		return 1;
	if (write && (!p.writable || *p.trace))
		return 1;
	keep_one(b, idx);
	b->n_fill++;
	if (!r.global)
		log_entry(b, b->set, idx);
	t->ntag_read = -(va & PAGE_MASK);
	t->ntag_write = tlb_invalid_tag(idx);
	/*
	 * Writes may go on without a new walk only where nothing is left to
	 * record or refuse: D set, no trace, and (supervisor under CR0.WP = 0
	 * aside, which always walks) R/W set.
	 */
	if (p.writable && !*p.trace && (write || (r.dirty && r.writable)))
		t->ntag_write = t->ntag_read;
	t->addend = (uint64_t)(uintptr_t)p.host - (va & PAGE_MASK);
	t->flags = TLBF_VALID | (r.global ? TLBF_GLOBAL : 0);
	if (r.page_size > PAGE_SIZE) {
		t->flags |= TLBF_LARGE;
		b->large_regions |= region_bit(va);
	}
	*entry = t;
	return 0;
}
