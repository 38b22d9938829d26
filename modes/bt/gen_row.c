/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of stack instructions: a function's pushes on the way in, its pops and
 * RET on the way out.  One check covers them all and RSP moves once.
 *
 *	check [RSP - 8n], 8n bytes	check [RSP], 8n bytes
 *	store, ..., store		load, ..., load
 *	RSP = r11			RSP = r11 + 8n
 *
 * Instructions among them that only move registers stay where they are.  If
 * the check fails, as it does where the row crosses a page, the row is run one
 * instruction after the other, out of line, with a check each: so whatever
 * faults finds the state it should.  In line nothing can fault.
 */
#include "modes/bt/gen.h"

#define MAX_ROW 15		/* what INFO_SLOW()'s size has room for */

enum part {
	PART_NOT,
	PART_AMONG,	/* no access */
	PART_PUSH, PART_POP, PART_LEAVE, PART_RET, PART_CALL,	/* one */
};

static bool
at_home(unsigned reg)
{
	return reg == REG_NONE || (reg < GPR_COUNT && bt_home[reg] != H_NONE);
}

/* LEA that needs no scratch register: see gen_lea(). */
static bool
simple_lea(const struct insn *i)
{
	const struct insn_mem *m = &i->mem;

	return i->op_bytes >= 4 && i->addr_bytes == 8 && !m->rip_rel &&
	    m->base != REG_NONE && m->base != RSP && at_home(m->base) &&
	    at_home(m->index) && i->opnd[0].reg != RSP &&
	    at_home(i->opnd[0].reg);
}

/* Does it compute in registers only, not RSP, and leave r10 and r11 alone? */
static bool
among(const struct insn *i)
{
	switch (i->desc->id) {
	case I_LEA:
		return simple_lea(i);
	case I_MOV: case I_MOVZX: case I_MOVSX: case I_MOVSXD: case I_XOR:
	case I_ADD: case I_SUB: case I_AND: case I_OR: case I_TEST: case I_CMP:
		break;
	default:
		return false;
	}
	if (i->desc->cls != CLASS_INT || i->has_mem || i->lock ||
	    i->desc->gpr_read || i->desc->gpr_write)
		return false;
	for (unsigned k = 0; k < i->n_opnd; k++) {
		const struct opnd *o = &i->opnd[k];

		if (o->kind == OPND_IMM)
			continue;
		if (o->kind != OPND_GPR || o->high8 || o->reg == RSP ||
		    !at_home(o->reg) ||
		    (o->place == PLACE_FIXED && o->reg == RCX))
			return false;
	}
	return true;
}

static enum part
part_of(const struct gen *g, const struct insn *i)
{
	const struct opnd *o = &i->opnd[0];

	switch (i->desc->id) {
	case I_PUSH:
		return i->op_bytes == 8 && (o->kind == OPND_IMM ||
		    (o->kind == OPND_GPR && o->reg != RSP)) ?
		    PART_PUSH : PART_NOT;
	case I_POP:
		return i->op_bytes == 8 && o->kind == OPND_GPR &&
		    o->reg != RSP ? PART_POP : PART_NOT;
	case I_LEAVE:
		return i->op_bytes == 8 ? PART_LEAVE : PART_NOT;
	default:
		break;
	}
	if (!i->opsize && i->desc->flow == FLOW_RET)
		return gen_ret_pairs(g, i) ? PART_RET : PART_NOT;
	if (!i->opsize && i->desc->flow == FLOW_CALL)
		return PART_CALL;
	return among(i) ? PART_AMONG : PART_NOT;
}

/* The row that starts at instruction k: how many, and accesses in it. */
static unsigned
row_length(const struct gen *g, unsigned k, unsigned *n_access)
{
	enum part first = part_of(g, &g->insn[k]);
	enum part more = first == PART_PUSH ? PART_PUSH : PART_POP;
	enum part last = first == PART_PUSH ? PART_CALL : PART_RET;
	unsigned n = 1;

	*n_access = 1;
	if (first != PART_PUSH && first != PART_POP && first != PART_LEAVE)
		return 0;
	for (unsigned j = k + 1; j < g->n_insn && *n_access < MAX_ROW; j++) {
		enum part p = part_of(g, &g->insn[j]);

		if (p == PART_AMONG)
			continue;
		if (p != more && p != last)
			break;
		++*n_access;
		n = j - k + 1;
		if (p == last)
			break;
	}
	return *n_access > 1 ? n : 0;
}

static void
store_reg(struct gen *g, unsigned reg, int32_t at)
{
	unsigned src = bt_home[reg];

	if (src == H_NONE) {
		src = S_C;
		load_gs(&g->e, src, GS_GPR(reg));
	}
	op_rmx(&g->e, W64, OP_STORE, src, S_A, S_B, 1, at);
}

static void
load_reg(struct gen *g, unsigned reg, int32_t at)
{
	unsigned dst = bt_home[reg] == H_NONE ? S_C : bt_home[reg];

	op_rmx(&g->e, W64, OP_LOAD, dst, S_A, S_B, 1, at);
	if (dst == S_C)
		store_gs(&g->e, S_C, GS_GPR(reg));
}

/* The access of the instruction at hand, to [r10 + r11 + at]. */
static void
access_at(struct gen *g, enum part p, int32_t at)
{
	const struct opnd *o = &g->i->opnd[0];
	struct emit *e = &g->e;

	switch (p) {
	case PART_PUSH:
		if (o->kind == OPND_GPR) {
			store_reg(g, o->reg, at);
			return;
		}
		op_rmx(e, W64, 0xc7, 0, S_A, S_B, 1, at);
		emit32(e, (uint32_t)g->i->imm);
		return;
	case PART_POP:
		load_reg(g, o->reg, at);
		return;
	case PART_LEAVE:
		load_reg(g, RBP, at);
		return;
	case PART_CALL:
		gen_store_next(g, at);
		return;
	case PART_RET:
		lea_rm(e, H_R9, S_B, at + 8);
		op_rmx(e, W64, OP_LOAD, S_B, S_A, S_B, 1, at);
		return;
	default:
		BUG_ON(1);
	}
}

static void
register_only(struct gen *g)
{
	bool ok = g->i->desc->id == I_LEA ? gen_lea(g) : gen_native(g);

	BUG_ON(!ok);
}

static void
in_line(struct gen *g, unsigned k, unsigned n, unsigned n_access)
{
	enum part first = part_of(g, &g->insn[k]), p = PART_NOT;
	unsigned done = 0;

	for (unsigned j = k; j < k + n; j++) {
		gen_at(g, j);
		g->map[j].host = (uint16_t)(g->e.p - g->start);
		p = part_of(g, g->i);
		if (p == PART_AMONG) {
			register_only(g);
			continue;
		}
		access_at(g, p, 8 * (int32_t)(first == PART_PUSH ?
		    n_access - 1 - done : done));
		done++;
	}
	if (first == PART_PUSH)
		mov_rr(&g->e, H_R9, S_B);
	else if (p != PART_RET)
		lea_rm(&g->e, H_R9, S_B, 8 * (int32_t)n_access);
}

/* What the last one does beyond its access. */
static void
finish(struct gen *g)
{
	switch (part_of(g, g->i)) {
	case PART_CALL:
		gen_call_pushed(g, g->next + (uint64_t)g->i->imm);
		break;
	case PART_RET:
		gen_ret_popped(g);
		break;
	default:
		break;
	}
}

unsigned
gen_row(struct gen *g, unsigned k)
{
	struct addr a = { .base = RSP, .index = REG_NONE, .seg = SEG_SS };
	unsigned n_access, n = row_length(g, k, &n_access);
	bool push = g->insn[k].desc->id == I_PUSH;
	struct slow *s;

	if (!n || g->t->count_insns)
		return 0;
	if (push)
		a.disp = -8 * (int)n_access;
	else if (g->insn[k].desc->id == I_LEAVE)
		a.base = RBP;
	g->near_ok = true;
	gen_check(g, &a, 8 * n_access, push);
	s = &g->slow[g->n_slow - 1];
	s->row = (uint8_t)k;
	s->n_row = (uint8_t)n;
	in_line(g, k, n, n_access);
	s->back = emit_rx(&g->e);
	g->near.valid = false;
	finish(g);
	return n;
}

/* Out of line: each for itself, up to what the last does beyond its access. */
void
gen_row_apart(struct gen *g, const struct slow *s)
{
	for (unsigned j = s->row; j < (unsigned)s->row + s->n_row; j++) {
		gen_at(g, j);
		g->near.valid = false;
		switch (part_of(g, g->i)) {
		case PART_AMONG:
			register_only(g);
			break;
		case PART_CALL:
			gen_push_return(g);
			break;
		case PART_RET:
			gen_pop_return(g);
			break;
		default:
			(void)!gen_stack(g);
			break;
		}
	}
	jmp_to(&g->e, s->back);
}
