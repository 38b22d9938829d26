/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where control goes: the jump caches that indirect branches and tail probes
 * look into (guest RIP -> host code), and the instruction TLB behind them
 * (page of RIP -> guest physical page) that the run loop and the translator
 * use.  Both are part of an image and follow its linear address space.
 */
#include "modes/bt/bt.h"
#include "base/copy.h"
#include "modes/x86/x86.h"

/* An address that has another index can never be looked up here. */
static uint64_t
no_key(unsigned idx)
{
	return -(uint64_t)(jc_index(0) == idx ? 2 : 0);
}

static void
slot_clear(struct jump_cache *jc, unsigned idx)
{
	jc->nkey[idx] = no_key(idx);
	jc->host[idx] = 0;
	jc->global[idx] = 0;
}

/* Entries that share a bit of used. */
#define GROUP (JC_ENTRIES / 64)

static void
reset_one(struct jump_cache *jc)
{
	for (uint64_t u = jc->used; u; u &= u - 1) {
		unsigned first = (unsigned)__builtin_ctzll(u) * GROUP;

		fill_bytes(&jc->nkey[first], 0, GROUP * sizeof(jc->nkey[0]));
		fill_bytes(&jc->global[first], 0, GROUP);
	}
	slot_clear(jc, jc_index(0));
	jc->n_log = 0;
	jc->used = 0;
}

void
bt_jc_reset(struct bt_image *m)
{
	for (int s = 0; s < SET_COUNT; s++)
		reset_one(&m->jc[s]);
	fill_bytes(m->jc_pages, 0, sizeof(m->jc_pages));
	m->user_globals = false;
}

void
bt_jc_set_mode(struct bt_image *m, enum bt_set s, uint32_t mode)
{
	if (likely(m->set_mode[s] == mode))
		return;
	m->set_mode[s] = mode;
	reset_one(&m->jc[s]);
}

/* A conservative memory of which pages have entries at all. */
static uint64_t *
page_word(struct bt_image *m, gva_t va, uint64_t *bit)
{
	unsigned h = (unsigned)(va >> PAGE_SHIFT) & 4095;

	*bit = BIT(h & 63);
	return &m->jc_pages[va >> 63][h >> 6];
}

static void
flush_one_page(struct bt_image *m, gva_t va, bool globals_only)
{
	unsigned first = jc_index(va & PAGE_MASK);
	uint64_t bit, *w = page_word(m, va, &bit);

	if (!(*w & bit))
		return;
	for (int s = 0; s < SET_COUNT; s++) {
		struct jump_cache *jc = &m->jc[s];

		for (unsigned low = 0; low < JC_OFFSETS; low++) {
			unsigned idx = low | first;

			if (((-jc->nkey[idx] ^ va) & PAGE_MASK) == 0 &&
			    (!globals_only || jc->global[idx]))
				slot_clear(jc, idx);
		}
	}
}

void
bt_jc_flush_page(struct bt_image *m, gva_t va, bool globals_only)
{
	flush_one_page(m, va, globals_only);
	/* An instruction of the page before may reach into this one. */
	flush_one_page(m, va - PAGE_SIZE, globals_only);
}

void
bt_jc_flush_nonglobal(struct bt_image *m)
{
	for (int s = 0; s < SET_COUNT; s++) {
		struct jump_cache *jc = &m->jc[s];

		for (unsigned i = 0; i < jc->n_log; i++)
			if (!jc->global[jc->log[i]])
				slot_clear(jc, jc->log[i]);
		jc->n_log = 0;
	}
	if (!m->user_globals)
		fill_bytes(m->jc_pages[0], 0, sizeof(m->jc_pages[0]));
}

void
bt_jc_put(struct bt_vcpu *b, uint64_t rip, struct tu *u)
{
	struct bt_image *m = b->img;
	struct jump_cache *jc = &m->jc[b->set];
	unsigned idx = jc_index(rip);
	uint64_t bit;
	uint64_t *w = page_word(m, rip, &bit);

	*w |= bit;
	u->jc_vcpus |= 1 << b->c.id % 16;
	u->jc_slots |= 1 << b->cur;
	jc->used |= BIT(idx / GROUP);
	if (u->global && !(rip >> 63))
		m->user_globals = true;
	if (!u->global) {
		if (jc->n_log == JC_ENTRIES)
			bt_jc_flush_nonglobal(m);
		jc->log[jc->n_log++] = (uint16_t)idx;
	}
	jc->nkey[idx] = -rip;
	jc->host[idx] = (uint64_t)(uintptr_t)u->code;
	jc->global[idx] = u->global;
}

void
bt_jc_drop(struct bt_vcpu *b, const struct tu *u)
{
	unsigned idx = jc_index(u->rip);
	enum bt_set set = bt_set_of(u->mode);

	if (!(u->jc_vcpus >> b->c.id % 16 & 1))
		return;
	for (unsigned k = 0; k < b->n_slots; k++) {
		struct jump_cache *jc = &b->slot[k].img->jc[set];

		if (!(u->jc_slots >> k & 1) || (b->slot[k].todo & TODO_ALL))
			continue;
		/* Its vCPU may be between its loads of key and code. */
		if (jc->host[idx] == (uint64_t)(uintptr_t)u->code)
			__atomic_store_n(&jc->nkey[idx], no_key(idx),
			    __ATOMIC_RELAXED);
	}
}

void
bt_jc_drop_all(struct bt_vcpu *b)
{
	for (unsigned k = 0; k < b->n_slots; k++)
		if (!(b->slot[k].todo & TODO_ALL))
			bt_jc_reset(b->slot[k].img);
}

static_assert(BT_IMAGES <= 8, "tu.jc_slots has a bit for each");

/* --- instruction TLB ------------------------------------------------------ */

void
bt_itlb_flush(struct bt_image *m, bool globals)
{
	for (unsigned i = 0; i < ITLB_ENTRIES; i++)
		if (globals || !m->itlb[i].global)
			m->itlb[i].tag = 0;
}

void
bt_itlb_flush_page(struct bt_image *m, gva_t va, bool globals_only)
{
	struct itlb_entry *t = &m->itlb[(va >> PAGE_SHIFT) % ITLB_ENTRIES];

	if (!globals_only || t->global)
		t->tag = 0;
}

static int
fetch_page(struct bt_vcpu *b, uint64_t rip, struct walk_result *r,
    struct gmem_page *p)
{
	struct vcpu *c = &b->c;
	unsigned access = WALK_FETCH | (c->s.cpl == 3 ? WALK_USER : 0);

	if (!x86_canonical(c, rip))
		return x86_raise_error(c, VEC_GP, 0);
	c->walk.rflags = c->s.rflags;
	if (walk(&c->vm->mem, &c->walk, rip, access, r))
		return x86_raise_pf(c, rip, r->error_code);
	if (!gmem_page(&c->vm->mem, r->gpa, p))
		return 1;
	return 0;
}

struct itlb_entry *
bt_itlb_get(struct bt_vcpu *b, uint64_t rip)
{
	uint64_t tag = (rip & PAGE_MASK) | (uint64_t)b->set << 1 | 1;
	struct itlb_entry *t = &b->img->itlb[(rip >> PAGE_SHIFT) % ITLB_ENTRIES];
	struct walk_result r;
	struct gmem_page p;
	uint32_t epoch;

	if (t->tag == tag)
		return t;
	epoch = bt_cross_epoch(b->bt, rip);
	if (fetch_page(b, rip, &r, &p))
		return NULL;
	t->epoch = epoch;
	t->tag = tag;
	t->gpa = r.gpa & PAGE_MASK;
	t->host = p.host;
	t->global = r.global;
	t->large = r.page_size > PAGE_SIZE;
	if (t->large)
		b->img->large_code |= gib_bit(rip);
	return t;
}
