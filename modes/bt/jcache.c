/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where control goes: the jump caches that indirect branches and tail probes
 * look into (guest RIP -> host code), and the instruction TLB behind them
 * (page of RIP -> guest physical page) that the run loop and the translator
 * use.  Both are per vCPU and follow its linear address space.
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

void
bt_jc_reset(struct bt_vcpu *b)
{
	for (int s = 0; s < SET_COUNT; s++) {
		struct jump_cache *jc = &b->jc[s];

		for (unsigned i = 0; i < JC_ENTRIES; i++)
			slot_clear(jc, i);
		jc->n_log = 0;
	}
	fill_bytes(b->jc_pages, 0, sizeof(b->jc_pages));
	b->user_globals = false;
}

/* A conservative memory of which pages have entries at all. */
static uint64_t *
page_word(struct bt_vcpu *b, gva_t va, uint64_t *bit)
{
	unsigned h = (unsigned)(va >> PAGE_SHIFT) & 4095;

	*bit = BIT(h & 63);
	return &b->jc_pages[va >> 63][h >> 6];
}

void
bt_jc_flush_page(struct bt_vcpu *b, gva_t va)
{
	uint64_t bit, *w = page_word(b, va, &bit);

	bt_unlink_cross(b, va, false);
	if (!(*w & bit))
		return;
	for (int s = 0; s < SET_COUNT; s++)
		for (unsigned low = 0; low < 256; low++) {
			unsigned idx = low | (jc_index(va) & 0xf00);

			if (((-b->jc[s].nkey[idx] ^ va) & PAGE_MASK) == 0)
				slot_clear(&b->jc[s], idx);
		}
}

void
bt_jc_flush_nonglobal(struct bt_vcpu *b)
{
	for (int s = 0; s < SET_COUNT; s++) {
		struct jump_cache *jc = &b->jc[s];

		for (unsigned i = 0; i < jc->n_log; i++)
			if (!jc->global[jc->log[i]])
				slot_clear(jc, jc->log[i]);
		jc->n_log = 0;
	}
	if (!b->user_globals)
		fill_bytes(b->jc_pages[0], 0, sizeof(b->jc_pages[0]));
}

void
bt_jc_put(struct bt_vcpu *b, uint64_t rip, const struct tu *u)
{
	struct jump_cache *jc = &b->jc[b->set];
	unsigned idx = jc_index(rip);
	uint64_t bit;
	uint64_t *w = page_word(b, rip, &bit);

	*w |= bit;
	if (u->global && !(rip >> 63))
		b->user_globals = true;
	if (!u->global) {
		if (jc->n_log == JC_ENTRIES)
			bt_jc_flush_nonglobal(b);
		jc->log[jc->n_log++] = (uint16_t)idx;
	}
	jc->nkey[idx] = -rip;
	jc->host[idx] = (uint64_t)(uintptr_t)u->code;
	jc->global[idx] = u->global;
}

void
bt_jc_drop(struct bt_vcpu *b, const struct tu *u)
{
	for (int s = 0; s < SET_COUNT; s++) {
		struct jump_cache *jc = &b->jc[s];
		unsigned idx = jc_index(u->rip);

		/* Its vCPU may be between its loads of key and code. */
		if (jc->host[idx] == (uint64_t)(uintptr_t)u->code)
			__atomic_store_n(&jc->nkey[idx], no_key(idx),
			    __ATOMIC_RELAXED);
	}
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
	uint64_t tag = (rip & PAGE_MASK) | (uint64_t)b->set << 1;
	struct itlb_entry *t = &b->itlb[(rip >> PAGE_SHIFT) % ITLB_ENTRIES];
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
		b->large_code |= BIT((rip >> 30) & 63);
	return t;
}
