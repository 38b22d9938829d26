/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stack instructions in 64-bit mode with 64-bit operands; the rest is stepped.
 * The access is checked before RSP moves, so a fault finds nothing changed.
 */
#include "modes/bt/gen.h"

static const struct addr below_rsp = {
	.base = RSP, .index = REG_NONE, .seg = SEG_SS, .disp = -8,
};
static const struct addr at_rsp = {
	.base = RSP, .index = REG_NONE, .seg = SEG_SS,
};

static void
push_done(struct gen *g)
{
	lea_rm(&g->e, H_R9, H_R9, -8);
}

static bool
gen_push(struct gen *g)
{
	const struct opnd *o = &g->i->opnd[0];
	struct emit *e = &g->e;
	unsigned src;
	struct addr a;

	switch (o->kind) {
	case OPND_GPR:
		gen_check(g, &below_rsp, 8, true);
		src = bt_home[o->reg];
		if (src == H_NONE) {
			/* One of the two is enough from here on. */
			lea_rr(e, S_A, S_A, S_B);
			load_gs(e, S_B, GS_GPR(o->reg));
			op_rm(e, W64, OP_STORE, S_B, S_A, 0);
			break;
		}
		op_rmx(e, W64, OP_STORE, src, S_A, S_B, 1, 0);
		gen_near_moved(g, RSP, -8);
		break;
	case OPND_IMM:
		gen_check(g, &below_rsp, 8, true);
		op_rmx(e, W64, 0xc7, 0, S_A, S_B, 1, 0);
		emit32(e, (uint32_t)g->i->imm);
		gen_near_moved(g, RSP, -8);
		break;
	case OPND_MEM:
		a = gen_addr(g);
		gen_check(g, &a, 8, false);
		op_rmx(e, W64, OP_LOAD, S_B, S_A, S_B, 1, 0);
		store_gs(e, S_B, GS(tmp_target));
		gen_check(g, &below_rsp, 8, true);
		load_gs(e, S_C, GS(tmp_target));
		op_rmx(e, W64, OP_STORE, S_C, S_A, S_B, 1, 0);
		break;
	default:
		return false;
	}
	push_done(g);
	return true;
}

static bool
gen_pop(struct gen *g)
{
	const struct opnd *o = &g->i->opnd[0];
	struct emit *e = &g->e;

	if (o->kind != OPND_GPR)
		return false;
	gen_check(g, &at_rsp, 8, false);
	if (bt_home[o->reg] == H_NONE) {
		op_rmx(e, W64, OP_LOAD, S_B, S_A, S_B, 1, 0);
		store_gs(e, S_B, GS_GPR(o->reg));
	} else {
		op_rmx(e, W64, OP_LOAD, bt_home[o->reg], S_A, S_B, 1, 0);
	}
	if (o->reg != RSP) {
		lea_rm(e, H_R9, H_R9, 8);
		gen_near_moved(g, RSP, 8);
	}
	return true;
}

static bool
gen_leave(struct gen *g)
{
	static const struct addr at_rbp = {
		.base = RBP, .index = REG_NONE, .seg = SEG_SS,
	};
	struct emit *e = &g->e;

	gen_check(g, &at_rbp, 8, false);
	op_rmx(e, W64, OP_LOAD, S_B, S_A, S_B, 1, 0);
	lea_rm(e, H_R9, H_RBP, 8);
	mov_rr(e, H_RBP, S_B);
	/* What was RBP is RSP - 8 now. */
	g->near.base = RSP;
	g->near.disp -= 8;
	g->near_kept = true;
	return true;
}

/*
 * The image is the host's arithmetic flags, IF, and what s.rflags holds; the
 * three have no bit in common, so LEA adds them without touching flags.
 */
static bool
gen_pushf(struct gen *g)
{
	struct emit *e = &g->e;
	bool was_live = g->flags_live;

	g->flags_live = true;
	gen_check(g, &below_rsp, 8, true);
	g->flags_live = was_live;
	store_gs(e, S_A, GS(res_addend));
	emit8(e, 0x9c);				/* pushfq; pop rcx */
	emit8(e, 0x59);
	pext_gs(e, S_C, S_C, GS(mask_arith));
	pdep_gs(e, S_C, S_C, GS(mask_arith));
	load_gs(e, S_A, GS(ifw));
	lea_rr(e, S_C, S_C, S_A);
	load_gs(e, S_A, GS(c.s.rflags));
	lea_rr(e, S_C, S_C, S_A);
	load_gs(e, S_A, GS(res_addend));
	op_rmx(e, W64, OP_STORE, S_C, S_A, S_B, 1, 0);
	push_done(g);
	return true;
}

bool
gen_stack(struct gen *g)
{
	const struct insn *i = g->i;

	if (i->op_bytes != 8)
		return false;
	g->near_ok = true;
	switch (i->desc->id) {
	case I_PUSH:
		return gen_push(g);
	case I_POP:
		return gen_pop(g);
	case I_LEAVE:
		return gen_leave(g);
	case I_PUSHF:
		return g->t->bmi2 && gen_pushf(g);
	case I_POPF:
		gen_call_helper(g, HELP_POPF, 8);
		return true;
	default:
		return false;
	}
}
