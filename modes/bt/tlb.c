/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The soft TLB of an image: filling and flushing.  Generated code only ever
 * reads it.
 *
 * Entries of non-global pages are logged, so that the flush a MOV CR3 asks for
 * costs what was filled since the last one and not the size of the table.
 * Pages of large mappings are entered in 4 KiB pieces; INVLPG must drop all
 * pieces, so each GiB that has any is remembered (hashed) and then searched.
 *
 * A page that gets translated loses its write entries in all images of all
 * vCPUs.  So that they need not be searched for, bt_vm.writers remembers per
 * guest page at which indexes they may be.
 */
#include "modes/bt/bt.h"
#include "modes/x86/x86.h"

/* Entries that share a bit of tlb_used. */
#define GROUP (TLB_ENTRIES / 64)

static void
entry_clear(struct tlb_entry *t, unsigned idx)
{
	t->ntag_read = tlb_invalid_tag(idx);
	t->ntag_write = tlb_invalid_tag(idx);
	t->flags = 0;
}

/* The entry at an index, and those displaced from there. */
static void
ways_clear(struct bt_image *m, int s, unsigned idx)
{
	for (unsigned way = 0; way < TLB_WAYS; way++)
		entry_clear(&m->tlb[s][idx + way * TLB_ENTRIES], idx);
}

static void
group_clear(struct bt_image *m, int s, unsigned group)
{
	for (unsigned i = group * GROUP; i < (group + 1) * GROUP; i++)
		ways_clear(m, s, i);
}

void
bt_tlb_reset(struct bt_image *m)
{
	for (int s = 0; s < SET_COUNT; s++) {
		for (uint64_t u = m->tlb_used[s]; u; u &= u - 1)
			group_clear(m, s, (unsigned)__builtin_ctzll(u));
		/* In new memory only these are no empty entries yet. */
		ways_clear(m, s, 0);
		ways_clear(m, s, TLB_ENTRIES - 1);
		m->tlb_used[s] = 0;
		m->log_nonglobal[s].n = 0;
	}
	m->large_regions = m->huge_regions = 0;
}

/* Of those at t's index; t is the first. */
static void
clear_nonglobal(struct tlb_entry *t, unsigned idx)
{
	for (unsigned way = 0; way < TLB_WAYS; way++, t += TLB_ENTRIES)
		if (!(t->flags & TLBF_GLOBAL))
			entry_clear(t, idx);
}

void
bt_tlb_flush_nonglobal(struct bt_image *m)
{
	for (int s = 0; s < SET_COUNT; s++) {
		struct tlb_log *log = &m->log_nonglobal[s];

		for (unsigned i = 0; i < log->n; i++)
			clear_nonglobal(&m->tlb[s][log->idx[i]], log->idx[i]);
		log->n = 0;
	}
}

static void
clear_pieces(struct tlb_entry *t, unsigned idx, gva_t va, unsigned kind,
    unsigned shift)
{
	for (unsigned way = 0; way < TLB_WAYS; way++, t += TLB_ENTRIES)
		if ((t->flags & kind) && (-t->ntag_read ^ va) >> shift == 0)
			entry_clear(t, idx);
}

/* Drop what is a piece of a large page of this kind around va. */
static void
flush_pieces(struct bt_image *m, gva_t va, unsigned kind)
{
	unsigned shift = kind == TLBF_HUGE ? 30 : 21;
	unsigned n = kind == TLBF_HUGE ? TLB_ENTRIES : 512;
	unsigned first = tlb_index(va) & ~(n - 1);

	for (int s = 0; s < SET_COUNT; s++)
		for (unsigned i = first; i < first + n; i++)
			clear_pieces(&m->tlb[s][i], i, va, kind, shift);
}

static void
clear_page(struct tlb_entry *t, unsigned idx, gva_t page, bool globals_only)
{
	for (unsigned way = 0; way < TLB_WAYS; way++, t += TLB_ENTRIES)
		if (t->ntag_read == -page &&
		    (!globals_only || (t->flags & TLBF_GLOBAL)))
			entry_clear(t, idx);
}

void
bt_tlb_flush_page(struct bt_image *m, gva_t va, bool globals_only)
{
	unsigned idx = tlb_index(va);

	va &= PAGE_MASK;
	for (int s = 0; s < SET_COUNT; s++)
		clear_page(&m->tlb[s][idx], idx, va, globals_only);
	if (m->large_regions & gib_bit(va))
		flush_pieces(m, va, TLBF_LARGE);
	if (m->huge_regions & gib_bit(va))
		flush_pieces(m, va, TLBF_HUGE);
}

/* --- write entries by page ---------------------------------------------- */

/* A word of bt_vm.writers: so many indexes, then WRITERS_MANY for good. */
#define WRITERS_MAX 5
#define WRITERS_MANY 6

static unsigned
writers_count(uint64_t w)
{
	return (unsigned)(w >> 60);
}

static unsigned
writers_index(uint64_t w, unsigned k)
{
	return (unsigned)(w >> k * TLB_BITS) & (TLB_ENTRIES - 1);
}

/* The word with idx noted. */
static uint64_t
writers_with(uint64_t w, unsigned idx)
{
	unsigned n = writers_count(w);

	if (n == WRITERS_MANY)
		return w;
	for (unsigned k = 0; k < n; k++)
		if (writers_index(w, k) == idx)
			return w;
	if (n == WRITERS_MAX)
		return (uint64_t)WRITERS_MANY << 60;
	return (w | (uint64_t)idx << n * TLB_BITS) + (UINT64_C(1) << 60);
}

static void
note_writer(struct bt_vm *t, gpa_t gpa, unsigned idx)
{
	_Atomic uint64_t *at = &t->writers[gpa >> PAGE_SHIFT];
	uint64_t old = atomic_load_explicit(at, memory_order_relaxed);
	uint64_t new;

	do {
		new = writers_with(old, idx);
		if (new == old)
			return;
	} while (!atomic_compare_exchange_weak(at, &old, new));
}

static void
protect_one(struct tlb_entry *t, unsigned idx, const uint8_t *page)
{
	if (t->flags && tlb_host(t, -t->ntag_read) == page)
		t->ntag_write = tlb_invalid_tag(idx);
}

static void
protect_entry(struct bt_image *m, int s, unsigned idx, const uint8_t *page)
{
	for (unsigned way = 0; way < TLB_WAYS; way++)
		protect_one(&m->tlb[s][idx + way * TLB_ENTRIES], idx, page);
}

static void
protect_everywhere(struct bt_image *m, const uint8_t *page)
{
	for (int s = 0; s < SET_COUNT; s++)
		for (unsigned i = 0; i < TLB_ENTRIES; i++)
			if (m->tlb_used[s] >> i / GROUP & 1)
				protect_entry(m, s, i, page);
}

static void
protect_image(struct bt_image *m, uint64_t w, const uint8_t *page)
{
	unsigned n = writers_count(w);

	if (n == WRITERS_MANY) {
		protect_everywhere(m, page);
		return;
	}
	for (unsigned k = 0; k < n; k++)
		for (int s = 0; s < SET_COUNT; s++)
			protect_entry(m, s, writers_index(w, k), page);
}

void
bt_tlb_protect(struct vm *vm, gpa_t gpa, const uint8_t *page)
{
	struct bt_vm *t = bt_vm_of(vm);
	uint64_t w = atomic_exchange(&t->writers[gpa >> PAGE_SHIFT], 0);

	if (!w)
		return;
	t->n_protect_many += writers_count(w) == WRITERS_MANY;
	for (unsigned i = 0; i < vm->n_vcpus; i++) {
		struct bt_vcpu *b = bt_of(vm->vcpu[i]);

		for (unsigned k = 0; k < b->n_slots; k++)
			if (!(b->slot[k].todo & TODO_ALL))
				protect_image(b->slot[k].img, w, page);
	}
}

/* --- filling --------------------------------------------------------------- */

static void
log_entry(struct bt_vcpu *b, enum bt_set s, unsigned idx)
{
	struct tlb_log *log = &b->img->log_nonglobal[s];

	/* Replaced more often than there are entries: start afresh. */
	if (log->n == TLB_ENTRIES)
		bt_tlb_flush_nonglobal(b->img);
	log->idx[log->n++] = (uint16_t)idx;
}

/* Tests: keep one entry only, so that every access misses. */
static void
keep_one(struct bt_vcpu *b, unsigned idx)
{
	struct bt_image *m = b->img;
	unsigned *last = &m->tlb_last[b->set];

	if (!b->tlb_fills_max)
		return;
	if (*last != idx)
		entry_clear(&m->tlb[b->set][*last], *last);
	*last = idx;
}

/*
 * A few pages in turn at one index would miss each time: what another page's
 * entry displaces stays at hand, the youngest first (stubs_tlb.c takes it back).
 */
static void
displace(struct bt_vcpu *b, struct tlb_entry *t, unsigned idx, gva_t va)
{
	uint64_t tag = -(va & PAGE_MASK);
	unsigned way = 1;

	/* What was known of the page itself makes room first. */
	while (way < TLB_WAYS - 1 && t[way * TLB_ENTRIES].ntag_read != tag)
		way++;
	if (!(t->flags & TLBF_VALID) || t->ntag_read == tag ||
	    b->tlb_fills_max) {
		if (t[way * TLB_ENTRIES].ntag_read == tag)
			entry_clear(&t[way * TLB_ENTRIES], idx);
		return;
	}
	for (; way; way--)
		t[way * TLB_ENTRIES] = t[(way - 1) * TLB_ENTRIES];
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
	struct bt_image *m = b->img;
	struct tlb_entry *t = &m->tlb[b->set][idx];
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
	m->tlb_used[b->set] |= BIT(idx / GROUP);
	displace(b, t, idx, va);
	if (!r.global)
		log_entry(b, b->set, idx);
	t->ntag_read = -(va & PAGE_MASK);
	t->ntag_write = tlb_invalid_tag(idx);
	/*
	 * Writes may go on without a new walk only where nothing is left to
	 * record or refuse: D set, no trace, and (supervisor under CR0.WP = 0
	 * aside, which always walks) R/W set.
	 */
	if (p.writable && !*p.trace && (write || (r.dirty && r.writable))) {
		note_writer(b->bt, r.gpa, idx);
		t->ntag_write = t->ntag_read;
	}
	t->addend = (uint64_t)(uintptr_t)p.host - (va & PAGE_MASK);
	t->flags = TLBF_VALID | (r.global ? TLBF_GLOBAL : 0);
	if (r.page_size > PAGE_SIZE) {
		bool huge = r.page_size > (UINT64_C(4) << 20);

		t->flags |= huge ? TLBF_HUGE : TLBF_LARGE;
		*(huge ? &m->huge_regions : &m->large_regions) |= gib_bit(va);
	}
	*entry = t;
	return 0;
}
