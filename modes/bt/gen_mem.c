/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory accesses: effective address, soft-TLB check, and the slow path
 * behind it.
 *
 * The check comes in two forms.  Where no live flag would be lost it uses
 * ordinary arithmetic; else a form of LEA, BMI2 and JRCXZ that leaves flags
 * alone (on hosts without BMI2: LAHF and SAHF around the first form).
 *
 *	lea  r11, [guest address]	lea  r11, [guest address]
 *	mov  r10d, r11d			rorx r10, r11, 12
 *	shr  r10d, 7			pdep r10, r10, gs:mask_tlb
 *	and  r10d, index mask		mov  rcx, gs:[r10 + ntag]
 *	mov  rcx, r11			lea  rcx, [r11 + rcx + size - 1]
 *	add  rcx, gs:[r10 + ntag]	mov  r10, gs:[r10 + addend]
 *	cmp  rcx, 4096 - size		pext rcx, rcx, gs:mask_page
 *	ja   slow			jrcxz hit; jmp slow; hit:
 *	mov  r10, gs:[r10 + addend]
 *
 * The access is then to [r10 + r11]; comparing is off its critical path.
 */
#include "modes/bt/gen.h"

#define TLB_INDEX_MASK ((TLB_ENTRIES - 1) << 5)

void
gen_load(struct gen *g, unsigned dst, unsigned r)
{
	if (bt_home[r] == H_NONE)
		load_gs(&g->e, dst, GS_GPR(r));
	else if (bt_home[r] != dst)
		mov_rr(&g->e, dst, bt_home[r]);
}

void
gen_store(struct gen *g, unsigned r, unsigned src)
{
	if (bt_home[r] == H_NONE)
		store_gs(&g->e, src, GS_GPR(r));
	else if (bt_home[r] != src)
		mov_rr(&g->e, bt_home[r], src);
}

struct addr
gen_addr(struct gen *g)
{
	const struct insn_mem *m = &g->i->mem;
	struct addr a = {
		.base = m->base, .index = m->index, .scale = m->scale,
		.seg = m->seg, .disp = m->disp,
		.addr32 = g->i->addr_bytes == 4,
	};

	if (m->rip_rel) {
		a.disp += (int64_t)g->next;
		a.base = a.index = REG_NONE;
		a.moves = true;
	}
	if (a.base == REG_NONE && a.index == REG_NONE) {
		if (a.addr32) {
			a.disp = (int64_t)(uint32_t)a.disp;
			g->e.fixed |= a.moves;
		}
		a.konst = true;
	}
	return a;
}

static void
const_va(struct emit *e, unsigned reg, uint64_t va, bool moves)
{
	if (moves)
		mov_va(e, reg, va, RELOC_VA);
	else
		mov_ri(e, reg, va);
}

void
gen_ea(struct gen *g, unsigned dst, const struct addr *a, bool with_seg)
{
	struct emit *e = &g->e;
	unsigned base = H_NONE, index = H_NONE;
	unsigned w = a->addr32 ? W32 : W64;

	if (a->saved) {
		load_gs(e, dst, GS(tmp_ea));
		return;
	}
	if (a->konst) {
		const_va(e, dst, (uint64_t)a->disp, a->moves);
	} else {
		if (a->base != REG_NONE) {
			base = bt_home[a->base];
			if (base == H_NONE) {
				load_gs(e, dst, GS_GPR(a->base));
				base = dst;
			}
		}
		if (a->index != REG_NONE) {
			index = bt_home[a->index];
			if (index == H_NONE) {
				load_gs(e, S_A, GS_GPR(a->index));
				index = S_A;
			}
		}
		if (index == H_NONE && a->disp == 0)
			op_rr(e, w, OP_LOAD, dst, base);
		else
			op_rmx(e, w, OP_LEA, dst, base, index, a->scale,
			    (int32_t)a->disp);
	}
	if (with_seg && (a->seg == SEG_FS || a->seg == SEG_GS)) {
		load_gs(e, S_A, (uint32_t)offsetof(struct bt_vcpu,
		    c.s.seg[0].base) + a->seg * (uint32_t)sizeof(struct seg_reg));
		lea_rr(e, dst, dst, S_A);
	}
}

/*
 * Masked accesses fault only for the lanes they make; a pending x87 exception
 * comes before what its instruction's operand would raise.
 */
static bool
fault_depends(const struct insn *i)
{
	return (i->desc->attr & ATTR_MASKED_MEM) ||
	    i->desc->cls == CLASS_X87 || i->desc->cls == CLASS_MMX;
}

static struct slow *
new_slow(struct gen *g, const struct addr *a, unsigned size, bool write)
{
	struct slow *s;

	if (g->n_slow == GEN_MAX_SLOW) {
		g->e.overflow = true;
		return &g->slow[0];
	}
	s = &g->slow[g->n_slow++];
	s->n_from = 0;
	s->a = *a;
	s->info = INFO_SLOW(g->off, size, write);
	if (g->i && fault_depends(g->i))
		s->info |= INFO_REFAULT;
	if (g->i && (g->i->desc->attr & ATTR_ALIGNED))
		s->info |= INFO_ALIGNED;
	s->flags_in_rcx = false;
	s->elided = false;
	s->offset = false;
	s->n_row = 0;
	return s;
}

static void
slow_from(struct slow *s, uint8_t *field)
{
	s->from[s->n_from++] = field;
}

static uint32_t
tag_offset(const struct gen *g, bool write)
{
	return g->tlb + (uint32_t)(write ?
	    offsetof(struct tlb_entry, ntag_write) :
	    offsetof(struct tlb_entry, ntag_read));
}

static uint32_t
addend_offset(const struct gen *g)
{
	return g->tlb + (uint32_t)offsetof(struct tlb_entry, addend);
}

/* S_A = what is to be masked for the entry's offset in the table. */
static void
page_bits(struct gen *g)
{
	struct emit *e = &g->e;

	if (g->t->bmi2) {
		rorx(e, S_A, S_B, PAGE_SHIFT - 5);
		return;
	}
	op_rr(e, W32, OP_LOAD, S_A, S_B);
	shr_ri(e, W32, S_A, PAGE_SHIFT - 5);
}

/* Returns the jump to bind to the miss, as check_flag_free(). */
static uint8_t *
check_arith(struct gen *g, unsigned size, bool write)
{
	struct emit *e = &g->e;
	uint8_t *miss;

	page_bits(g);
	alu_ri(e, W32, 4, S_A, (int32_t)TLB_INDEX_MASK);
	mov_rr(e, S_C, S_B);
	op_gsx(e, W64, 0x03, S_C, S_A, tag_offset(g, write));
	alu_ri(e, W64, 7, S_C, (int32_t)(PAGE_SIZE - size));
	miss = jcc_fwd(e, CC_A);
	op_gsx(e, W64, OP_LOAD, S_A, S_A, addend_offset(g));
	return miss;
}

/* The same where rcx is taken: r11 is moved to the page's offset and back. */
static void
check_arith_in_place(struct gen *g, struct slow *s, unsigned size, bool write)
{
	struct emit *e = &g->e;

	page_bits(g);
	alu_ri(e, W32, 4, S_A, (int32_t)TLB_INDEX_MASK);
	op_gsx(e, W64, 0x03, S_B, S_A, tag_offset(g, write));
	alu_ri(e, W64, 7, S_B, (int32_t)(PAGE_SIZE - size));
	slow_from(s, jcc_fwd(e, CC_A));
	op_gsx(e, W64, 0x2b, S_B, S_A, tag_offset(g, write));
	op_gsx(e, W64, OP_LOAD, S_A, S_A, addend_offset(g));
}

static uint8_t *
check_flag_free(struct gen *g, unsigned size, bool write)
{
	struct emit *e = &g->e;
	uint8_t *hit, *miss;

	rorx(e, S_A, S_B, PAGE_SHIFT);
	pdep_gs(e, S_A, S_A, GS(mask_tlb));
	op_gsx(e, W64, OP_LOAD, S_C, S_A, tag_offset(g, write));
	op_rmx(e, W64, OP_LEA, S_C, S_B, S_C, 1, (int32_t)size - 1);
	op_gsx(e, W64, OP_LOAD, S_A, S_A, addend_offset(g));
	pext_gs(e, S_C, S_C, GS(mask_page));
	hit = short_fwd(e, OP_JRCXZ);
	miss = jmp_fwd(e);
	bind8(e, hit);
	return miss;
}

/* lahf; seto al, kept in rcx; rax stays the guest's. */
void
gen_flags_save(struct emit *e)
{
	mov_rr(e, H_RCX, H_RAX);
	emit8(e, 0x9f);
	emit_opcode(e, 0x0f90);
	emit_modrm(e, 3, 0, H_RAX);
	op_rr(e, W64, 0x87, H_RAX, H_RCX);
}

void
gen_flags_restore(struct emit *e)
{
	op_rr(e, W64, 0x87, H_RAX, H_RCX);
	emit8(e, 0x04);
	emit8(e, 0x7f);
	emit8(e, 0x9e);
	mov_rr(e, H_RAX, H_RCX);
}

/* The soft TLB entry's field at disp was named: its place depends on the VA. */
static void
entry_named(struct emit *e, bool moves)
{
	if (moves)
		emit_reloc(e, RELOC_TLB, IMM_POS32, 4);
}

/* Compare an entry's tag with that of a constant page; flags are free. */
static void
compare_tag(struct emit *e, uint32_t tag, uint64_t page, bool moves)
{
	uint64_t want = -page;
	enum imm_class cls = imm_class(want);

	if (cls == IMM_POS31 || cls == IMM_NEG32) {
		op_gs(e, W64, 0x81, 7, tag);
		entry_named(e, moves);
		emit32(e, (uint32_t)want);
		if (moves)
			emit_reloc(e, RELOC_NEG_VA, cls, 4);
		return;
	}
	mov_ri(e, S_B, want);
	if (moves)
		emit_reloc(e, RELOC_NEG_VA, cls, cls == IMM_64 ? 8 : 4);
	op_gs(e, W64, 0x39, S_B, tag);
	entry_named(e, moves);
}

/*
 * A constant address needs no index arithmetic, and its offset in the page is
 * known not to cross.
 */
static void
check_const(struct gen *g, struct slow *s, const struct addr *a, bool write)
{
	struct emit *e = &g->e;
	uint64_t va = (uint64_t)a->disp, page = va & PAGE_MASK;
	uint32_t at = tlb_index(va) * (uint32_t)sizeof(struct tlb_entry);
	uint8_t *hit;

	if (g->flags_live) {
		const_va(e, S_B, page, a->moves);
		load_gs(e, S_C, at + tag_offset(g, write));
		entry_named(e, a->moves);
		lea_rr(e, S_C, S_C, S_B);
		hit = short_fwd(e, OP_JRCXZ);
		slow_from(s, jmp_fwd(e));
		bind8(e, hit);
	} else {
		compare_tag(e, at + tag_offset(g, write), page, a->moves);
		slow_from(s, jcc_fwd(e, CC_NE));
	}
	load_gs(e, S_A, at + addend_offset(g));
	entry_named(e, a->moves);
	const_va(e, S_B, va, a->moves);
}

/* Out of line: a check that is short rather than fast. */
static void
check_by_stub(struct gen *g, const struct addr *a, unsigned size, bool write)
{
	struct emit *e = &g->e;

	gen_ea(g, S_B, a, true);
	mov_ri(e, S_C, INFO_SLOW(g->off, size, write));
	mov_id(e, S_A, g->tu_index, RELOC_TU);
	call_to(e, g->t->tlb_check[g->b->set][write]);
}

void
gen_check(struct gen *g, const struct addr *a, unsigned size, bool write)
{
	struct emit *e = &g->e;
	bool seg = a->seg == SEG_FS || a->seg == SEG_GS;
	struct slow *s;

	if (g->apart && g->t->bmi2) {
		check_by_stub(g, a, size, write);
		return;
	}
	s = new_slow(g, a, size, write);
	if (!g->near_ok)
		g->near.valid = false;
	g->near_ok = false;
	if (a->konst && !seg) {
		g->near.valid = false;
		if (((uint64_t)a->disp & ~PAGE_MASK) + size > PAGE_SIZE)
			slow_from(s, jmp_fwd(e));
		else
			check_const(g, s, a, write);
		s->back = emit_rx(e);
		return;
	}
	if (gen_near_check(g, s, a, size, write)) {
		s->back = emit_rx(e);
		return;
	}
	g->near.valid = false;
	gen_ea(g, S_B, a, true);
	if (!g->flags_live) {
		slow_from(s, check_arith(g, size, write));
		gen_near_note(g, s, a, write);
	} else if (g->t->bmi2) {
		slow_from(s, check_flag_free(g, size, write));
	} else {
		gen_flags_save(e);
		s->flags_in_rcx = true;
		check_arith_in_place(g, s, size, write);
		gen_flags_restore(e);
	}
	s->back = emit_rx(e);
}

/* Not in the page of the access before: check as if there had been none. */
static void
emit_elided(struct gen *g, const struct slow *s)
{
	unsigned size = s->info & (INFO_REFAULT - 1);
	bool write = s->info >> 8 & 1;
	uint8_t *miss = s->offset ? check_arith(g, size, write) :
	    check_flag_free(g, size, write);

	jmp_to(&g->e, s->back);
	bind32(&g->e, miss);
}

static void
emit_slow(struct gen *g, const struct slow *s)
{
	struct emit *e = &g->e;

	for (unsigned k = 0; k < s->n_from; k++)
		bind32(e, s->from[k]);
	if (s->flags_in_rcx)
		gen_flags_restore(e);
	if (s->n_row) {
		g->apart = true;
		gen_row_apart(g, s);
		g->apart = false;
		return;
	}
	gen_ea(g, S_B, &s->a, true);
	if (s->elided)
		emit_elided(g, s);
	mov_ri(e, S_C, s->info);
	mov_id(e, S_A, g->tu_index, RELOC_TU);
	call_to(e, g->t->tlb_miss[g->b->set][s->info >> 8 & 1]);
	if (s->offset) {
		op_rr(e, W32, OP_LOAD, S_C, S_B);
		alu_ri(e, W32, 4, S_C, (int32_t)(PAGE_SIZE - 1));
	}
	jmp_to(e, s->back);
}

static void
emit_cold(struct gen *g, const struct cold *c)
{
	struct emit *e = &g->e;

	bind32(e, c->from);
	if (c->flags_in_rcx)
		gen_flags_restore(e);
	if (c->exit == COLD_STEP) {
		g->off = (uint32_t)c->target;
		gen_step(g);
		return;
	}
	if (c->exit == COLD_RET || c->exit == COLD_RESOLVE) {
		(c->exit == COLD_RET ? gen_ret_miss : gen_resolve_miss)(g, c);
		return;
	}
	if (c->exit == COLD_PROBE) {
		gen_jump(g, c->target);
		return;
	}
	g->exit[c->exit].stub = emit_rx(e);
	mov_id(e, S_B, g->tu_index * BT_MAX_EXITS + (unsigned)c->exit,
	    RELOC_EXIT);
	jmp_to(e, g->t->exit_chain);
}

void
gen_cold(struct gen *g)
{
	/* gen_jump() of a far target adds no cold piece of its own. */
	for (unsigned k = 0; k < g->n_cold; k++)
		emit_cold(g, &g->cold[k]);
	for (unsigned k = 0; k < g->n_slow; k++)
		emit_slow(g, &g->slow[k]);
}
