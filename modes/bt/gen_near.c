/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses near the one before: same base register, another displacement
 * (fields of a structure, slots of a stack frame, a row of pushes).
 *
 * After a check by arithmetic rcx holds the access's offset in its page and r10
 * the page's addend (gen_mem.c).  As long as nothing overwrites them or the
 * base, the next such access is checked by
 *
 *	lea  rcx, [rcx + distance]
 *	cmp  rcx, 4096 - size
 *	ja   elsewhere
 *
 * which fails only if it is in another page; the full check is then made out of
 * line.  A page found writable stays so until the TU ends: nobody protects it
 * while this vCPU is inside (modes/x86/stop.h).
 */
#include "modes/bt/gen.h"

/* Farther than that, another page is likelier than not. */
#define REACH 1024

static bool
plain(const struct addr *a)
{
	return !a->konst && !a->saved && !a->addr32 && a->index == REG_NONE &&
	    a->base != REG_NONE && a->seg != SEG_FS && a->seg != SEG_GS;
}

/* After a check by arithmetic. */
void
gen_near_note(struct gen *g, struct slow *s, const struct addr *a, bool write)
{
	if (g->t->disable & BT_PART_NEAR)
		return;
	s->offset = true;
	g->near.valid = plain(a);
	g->near.base = a->base;
	g->near.disp = a->disp;
	g->near.write = write;
}

static bool
reaches(const struct gen *g, const struct addr *a, bool write)
{
	int64_t d = a->disp - g->near.disp;

	return g->near.valid && plain(a) && a->base == g->near.base &&
	    (g->near.write || !write) && d >= -REACH && d <= REACH;
}

/*
 * The only byte of the access that may lie in another page, as a distance from
 * the start of the one before: its last when it moves up, its first when it
 * moves down.  False: either may, so that one look is not enough.
 */
static bool
edge_ahead(int32_t d, unsigned size, int32_t *edge)
{
	int32_t last = d + (int32_t)size - 1;

	*edge = d < 0 ? d : last;
	return d >= 0 || last <= 0;
}

bool
gen_near_check(struct gen *g, struct slow *s, const struct addr *a,
    unsigned size, bool write)
{
	struct emit *e = &g->e;
	int32_t d = (int32_t)(a->disp - g->near.disp);
	int32_t edge;
	uint8_t *hit;

	if (!reaches(g, a, write) || (g->flags_live && !g->t->bmi2))
		return false;
	if (g->flags_live && !edge_ahead(d, size, &edge))
		return false;
	s->elided = true;
	if (!g->flags_live) {
		if (d)
			lea_rm(e, S_C, S_C, d);
		alu_ri(e, W64, 7, S_C, (int32_t)(PAGE_SIZE - size));
		s->from[s->n_from++] = jcc_fwd(e, CC_A);
		s->offset = true;
		g->near.disp = a->disp;
		/* It may have been another page, and only read. */
		g->near.write = write;
	} else {
		lea_rm(e, S_C, S_C, edge);
		pext_gs(e, S_C, S_C, GS(mask_page));
		hit = short_fwd(e, OP_JRCXZ);
		s->from[s->n_from++] = jmp_fwd(e);
		bind8(e, hit);
		s->offset = false;
		g->near.valid = false;
	}
	gen_ea(g, S_B, a, true);
	return true;
}

void
gen_near_moved(struct gen *g, unsigned reg, int64_t delta)
{
	g->near_kept = true;
	if (g->near.base == reg)
		g->near.disp -= delta;
}

/* Is the register changed by the instruction at hand, as far as we can see? */
static bool
writes_gpr(const struct insn *i, unsigned reg)
{
	if (i->desc->gpr_write & 1u << reg)
		return true;
	for (unsigned k = 0; k < i->n_opnd; k++)
		if (i->opnd[k].kind == OPND_GPR && i->opnd[k].reg == reg &&
		    (i->opnd[k].access & ACC_W))
			return true;
	return false;
}

/* ADD or SUB of a constant moves the base by it. */
static bool
moves_gpr(const struct insn *i, unsigned reg, int64_t *delta)
{
	if ((i->desc->id != I_ADD && i->desc->id != I_SUB) || i->op_bytes != 8 ||
	    i->n_opnd != 2 || i->opnd[0].kind != OPND_GPR ||
	    i->opnd[0].reg != reg || i->opnd[1].kind != OPND_IMM)
		return false;
	*delta = i->desc->id == I_ADD ? i->imm : -i->imm;
	return true;
}

void
gen_near_after(struct gen *g, const struct insn *i)
{
	int64_t delta;

	if (moves_gpr(i, g->near.base, &delta))
		gen_near_moved(g, g->near.base, delta);
	else if (!writes_gpr(i, g->near.base))
		g->near_kept = true;
}
