/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of translations.  The same page of code is often mapped at several
 * addresses: by address space randomisation, in shared libraries, after forks
 * and execs.  Its translation differs by what the emitter noted (emit.h), so a
 * translation for another address is a copy with those fields changed, several
 * times cheaper than a new one.
 *
 * Whatever else code depends on is equal by choice of the original: bytes (the
 * same physical address, and the original is alive), mode word, globality.
 */
#include "modes/bt/gen.h"

#include "base/copy.h"

/* From the original to the copy. */
struct move {
	uint64_t va;		/* guest bytes between the two */
	ptrdiff_t host;		/* and host bytes */
	uint32_t tu;		/* difference of their numbers */
	uint32_t tlb, jc;	/* gs offsets of the mode's tables */
};

/* The field of an entry in a table of such entries, so many pages on. */
static uint32_t
moved_tlb(const struct move *m, uint32_t disp)
{
	uint32_t size = (uint32_t)sizeof(struct tlb_entry);
	uint32_t at = disp - m->tlb;
	unsigned idx = tlb_index_moved(at / size, m->va >> PAGE_SHIFT);

	return m->tlb + idx * size + at % size;
}

/* Two arrays of JC_ENTRIES eight-byte fields come first in a jump cache. */
static uint32_t
moved_jc(const struct move *m, uint32_t disp)
{
	uint32_t at = (disp - m->jc) / 8;
	unsigned idx = jc_index_moved(at % JC_ENTRIES, m->va >> PAGE_SHIFT);

	return m->jc + (at - at % JC_ENTRIES + idx) * 8;
}

static_assert(offsetof(struct jump_cache, nkey) == 0 &&
    offsetof(struct jump_cache, host) == sizeof(uint64_t) * JC_ENTRIES,
    "moved_jc() knows the layout");

/* A guest address in the code; false: the new one is encoded otherwise. */
static bool
move_va(uint8_t *at, enum imm_class cls, uint64_t delta)
{
	uint64_t v = 0;
	int32_t s;

	if (cls == IMM_64) {
		__builtin_memcpy(&v, at, 8);
	} else {
		__builtin_memcpy(&s, at, 4);
		v = cls == IMM_NEG32 ? (uint64_t)(int64_t)s : (uint32_t)s;
	}
	v += delta;
	if (imm_class(v) != cls)
		return false;
	__builtin_memcpy(at, &v, 4);
	if (cls == IMM_64)
		__builtin_memcpy(at, &v, 8);
	return true;
}

static bool
fix_up(const struct move *m, uint8_t *code, const struct reloc *r)
{
	uint8_t *at = code + r->off;
	uint32_t v;

	__builtin_memcpy(&v, at, 4);
	switch ((enum reloc_kind)r->kind) {
	case RELOC_OUT:
		v -= (uint32_t)m->host;
		break;
	case RELOC_TU:
		v += m->tu;
		break;
	case RELOC_EXIT:
		v += m->tu * BT_MAX_EXITS;
		break;
	case RELOC_TLB:
		v = moved_tlb(m, v);
		break;
	case RELOC_JC:
		v = moved_jc(m, v);
		break;
	case RELOC_VA:
		return move_va(at, (enum imm_class)r->cls, m->va);
	case RELOC_NEG_VA:
		return move_va(at, (enum imm_class)r->cls, -m->va);
	}
	__builtin_memcpy(at, &v, 4);
	return true;
}

/* The copy's exits start out unchained. */
static void
copy_exits(const struct bt_vm *t, struct tu *u, const struct tu *from,
    const struct move *m)
{
	for (unsigned k = 0; k < from->n_exits; k++) {
		const struct tu_exit *old = &from->exit[k];
		struct tu_exit *x = &u->exit[k];
		int32_t d;

		*x = (struct tu_exit){
			.target = old->target + m->va,
			.no_poll = old->no_poll,
			.field = old->field ? old->field + m->host : NULL,
			.stub = old->stub + m->host,
		};
		if (!x->field)
			continue;
		d = (int32_t)(x->stub - (t->rx + (x->field - t->rw) + 4));
		__builtin_memcpy(x->field, &d, 4);
	}
}

static struct tu *
copy_metadata(struct bt_vm *t, const struct tu *from, const struct move *m)
{
	struct tu *u = bt_tu_new(t, from->n_exits, from->n_map, from->n_reloc);

	if (!u)
		return NULL;
	u->rip = from->rip + m->va;
	u->gpa = from->gpa;
	u->gpa2 = from->gpa2;
	u->mode = from->mode;
	u->len = from->len;
	u->n_insns = from->n_insns;
	u->global = from->global;
	u->code = from->code + m->host;
	u->start = from->start + m->host;
	u->code_len = from->code_len;
	copy_bytes(u->map, from->map, from->n_map * sizeof(*u->map));
	copy_bytes(u->reloc, from->reloc, from->n_reloc * sizeof(*u->reloc));
	return u;
}

struct tu *
bt_relocate(struct bt_vcpu *b, const struct tu *from, uint64_t rip)
{
	struct bt_vm *t = b->bt;
	uint8_t *code = t->rw + t->fill->used;
	const uint8_t *old = t->rw + (from->start - t->rx);
	const struct move m = {
		.va = rip - from->rip, .host = code - old,
		.tu = bt_next_index(t) - from->index,
		.tlb = bt_tlb_offset(b), .jc = bt_jc_offset(b),
	};
	struct tu *u;

	if (bt_room(t) < from->code_len) {
		t->full = true;
		return NULL;
	}
	copy_bytes(code, old, from->code_len);
	for (unsigned k = 0; k < from->n_reloc; k++)
		if (!fix_up(&m, code, &from->reloc[k]))
			return NULL;
	u = copy_metadata(t, from, &m);
	if (!u)
		return NULL;
	copy_exits(t, u, from, &m);
	bt_tu_file(t, u);
	if (m.va)
		t->n_relocated++;
	else
		t->n_rescued++;
	return u;
}

static bool
same_exits(const struct tu *u, const struct gen *g)
{
	for (unsigned k = 0; k < g->n_exit; k++)
		if (u->exit[k].target != g->exit[k].target ||
		    u->exit[k].field != g->exit[k].field ||
		    u->exit[k].stub != g->exit[k].stub ||
		    u->exit[k].no_poll != g->exit[k].no_poll)
			return false;
	return u->n_exits == g->n_exit;
}

static bool
same_bytes(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (a[k] != b[k])
			return false;
	return true;
}

struct tu *
bt_relocate_checked(struct gen *g, const struct tu *from, uint64_t rip)
{
	uint32_t len = (uint32_t)(g->e.p - g->start);
	struct tu *u;

	copy_bytes(g->t->verify, g->start, len);
	u = bt_relocate(g->b, from, rip);
	if (!u) {
		copy_bytes(g->start, g->t->verify, len);
		return NULL;
	}
	if (u->code_len != len || u->n_insns != g->n_insn ||
	    u->n_map != g->n_insn || u->len != g->guest_len ||
	    !same_exits(u, g) || !same_bytes(g->start, g->t->verify, len) ||
	    !same_bytes((const uint8_t *)u->map, (const uint8_t *)g->map,
	    u->n_map * sizeof(*u->map)))
		g->t->n_reloc_wrong++;
	return u;
}
