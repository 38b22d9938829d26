/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls and returns, paired with the host's (retstack.c says how that works),
 * or, where that is switched off, a jump and a look into the jump cache.
 *
 *	CALL					RET
 *	  check [RSP-8], store next		  check [RSP], r11 = [RSP]
 *	  RSP -= 8				  RSP += 8
 *	  call target's code			  r10 = number of this TU
 *	  rcx = r11 - next, keeping flags	  ret
 *	  not 0: to ret_miss
 *	  jump to next's code
 */
#include "modes/bt/gen.h"

void
gen_store_next(struct gen *g, int32_t at)
{
	struct emit *e = &g->e;
	enum imm_class cls = imm_class(g->next);

	if (cls == IMM_POS31 || cls == IMM_NEG32) {
		op_rmx(e, W64, 0xc7, 0, S_A, S_B, 1, at);
		emit32(e, (uint32_t)g->next);
		emit_reloc(e, RELOC_VA, cls, 4);
	} else {
		mov_va(e, S_C, g->next, RELOC_VA);
		op_rmx(e, W64, OP_STORE, S_C, S_A, S_B, 1, at);
	}
}

/* Store a return address below RSP; RSP itself moves last. */
void
gen_push_return(struct gen *g)
{
	struct addr a = {
		.base = RSP, .index = REG_NONE, .seg = SEG_SS, .disp = -8,
	};

	gen_check(g, &a, 8, true);
	gen_store_next(g, 0);
	lea_rm(&g->e, H_R9, H_R9, -8);
}

/*
 * Is this call's return worth a frame?  Not where it only asks for its own
 * address.  And RET to a non-canonical address must fault, wherever it is from;
 * such a one would follow the last page, which a copy may be made for.
 */
static bool
paired(struct gen *g, uint64_t target)
{
	if ((g->next & ~PAGE_MASK) == 0)
		g->e.fixed = true;
	return !(g->t->disable & BT_PART_CALLRET) && target != g->next &&
	    (int64_t)(g->next << 16) >> 16 == (int64_t)g->next;
}

void
gen_ret_select(struct gen *g, enum bt_set set)
{
	uint32_t saved = GS(ret_saved), size = (uint32_t)sizeof(uint64_t);
	struct emit *e = &g->e;

	store_gs(e, H_RSP, saved + g->b->set * size);
	load_gs(e, H_RSP, saved + set * size);
	store_gs_imm(e, W32, GS(ret_set), (int32_t)set);
}

static void
return_point(struct gen *g)
{
	enum imm_class cls = imm_class(-g->next);
	struct emit *e = &g->e;
	uint8_t *same;

	if (cls == IMM_POS31 || cls == IMM_NEG32) {
		emit_rex(e, W64, S_C, 0, S_B);
		emit8(e, OP_LEA);		/* rcx, [r11 - next] */
		emit_modrm(e, 2, S_C, S_B);
		emit32(e, (uint32_t)-g->next);
		emit_reloc(e, RELOC_NEG_VA, cls, 4);
	} else {
		mov_va(e, S_C, -g->next, RELOC_NEG_VA);
		lea_rr(e, S_C, S_C, S_B);
	}
	same = short_fwd(e, OP_JRCXZ);
	jmp_to(e, g->t->ret_miss[g->b->set]);
	gen_align_field(e, 1);	/* for the jump, where nothing runs */
	bind8(e, same);
	gen_jump(g, g->next);
}

/* call qword gs:[host code], if the jump cache has it. */
static void
call_by_probe(struct gen *g, uint64_t target)
{
	uint32_t key = g->jc + jc_index(target) * 8;
	struct emit *e = &g->e;
	uint8_t *hit, *over;

	load_gs(e, S_C, key);
	emit_reloc(e, RELOC_JC, IMM_POS32, 4);
	mov_va(e, S_B, target, RELOC_VA);
	lea_rr(e, S_C, S_C, S_B);
	hit = short_fwd(e, OP_JRCXZ);
	call_to(e, g->t->miss);
	over = short_fwd(e, 0xeb);
	bind8(e, hit);
	op_gs(e, W32, 0xff, 2,
	    key + (uint32_t)offsetof(struct jump_cache, host));
	emit_reloc(e, RELOC_JC, IMM_POS32, 4);
	bind8(e, over);
}

void
gen_call(struct gen *g, uint64_t target)
{
	g->near_ok = true;
	gen_push_return(g);
	gen_call_pushed(g, target);
}

void
gen_call_pushed(struct gen *g, uint64_t target)
{
	struct emit *e = &g->e;

	if (!paired(g, target)) {
		gen_jump(g, target);
		return;
	}
	if (gen_chainable(g, target)) {
		gen_align_field(e, 1);
		emit8(e, 0xe8);
		emit32(e, 0);
		gen_add_exit(g, e->p - 4, target);
	} else {
		call_by_probe(g, target);
	}
	return_point(g);
}

/* What resolve() found is in S_B. */
void
gen_call_resolved(struct gen *g)
{
	struct emit *e = &g->e;

	store_gs(e, S_B, GS(tmp_target));
	gen_push_return(g);
	load_gs(e, S_B, GS(tmp_target));
	if (!paired(g, 0)) {
		gen_jump_resolved(g);
		return;
	}
	if (g->t->bmi2)
		op_rr(e, W32, 0xff, 2, S_B);	/* call r11 */
	else
		call_to(e, g->t->probe_slow);
	return_point(g);
}

uint8_t *
gen_unless_canonical(struct emit *e)
{
	mov_rr(e, S_A, S_B);
	op_rr(e, W64, 0xc1, 7, S_A);		/* sar r10, 47: 0 or -1 */
	emit8(e, 47);
	alu_ri(e, W64, 0, S_A, 1);
	alu_ri(e, W64, 7, S_A, 1);
	return jcc_fwd(e, CC_A);
}

void
gen_check_canonical(struct gen *g)
{
	struct emit *e = &g->e;

	gen_flags_save(e);
	gen_cold_step(g, gen_unless_canonical(e), true);
	gen_flags_restore(e);
}

/* RET without a frame; its target is in S_B. */
static bool
ret_by_probe(struct gen *g, uint32_t drop)
{
	struct emit *e = &g->e;
	uint8_t *hit;

	g->ended = true;
	if (!g->t->bmi2) {
		gen_check_canonical(g);
		lea_rm(e, H_R9, H_R9, (int32_t)drop);
		jmp_to(e, g->t->probe_slow);
		return true;
	}
	if (g->n_cold == BT_MAX_EXITS)
		return false;
	gen_probe_target(g, &hit);
	g->cold[g->n_cold++] = (struct cold){
		.from = jmp_fwd(e), .target = g->off, .exit = COLD_RET,
		.drop = drop,
	};
	bind8(e, hit);
	lea_rm(e, H_R9, H_R9, (int32_t)drop);
	jmp_gsx8(e, S_A, g->jc + (uint32_t)offsetof(struct jump_cache, host));
	return true;
}

bool
gen_ret(struct gen *g)
{
	struct addr a = { .base = RSP, .index = REG_NONE, .seg = SEG_SS };
	uint32_t drop = 8 + (g->i->imm_len ? (uint16_t)g->i->imm : 0);
	struct emit *e = &g->e;

	g->near_ok = true;
	gen_check(g, &a, 8, false);
	op_rmx(e, W64, OP_LOAD, S_B, S_A, S_B, 1, 0);
	/* Return points do not poll; after STI somebody must. */
	if ((g->t->disable & BT_PART_CALLRET) || g->must_poll)
		return ret_by_probe(g, drop);
	/* ret_miss takes 8 bytes back if it finds that RET must fault. */
	if (drop != 8)
		gen_check_canonical(g);
	lea_rm(e, H_R9, H_R9, (int32_t)drop);
	gen_ret_popped(g);
	return true;
}

bool
gen_ret_pairs(const struct gen *g, const struct insn *i)
{
	return !(g->t->disable & BT_PART_CALLRET) && !g->must_poll &&
	    !i->imm_len;
}

void
gen_pop_return(struct gen *g)
{
	struct addr a = { .base = RSP, .index = REG_NONE, .seg = SEG_SS };
	struct emit *e = &g->e;

	gen_check(g, &a, 8, false);
	op_rmx(e, W64, OP_LOAD, S_B, S_A, S_B, 1, 0);
	lea_rm(e, H_R9, H_R9, 8);
}

void
gen_ret_popped(struct gen *g)
{
	mov_id(&g->e, S_A, g->tu_index, RELOC_TU);
	emit8(&g->e, 0xc3);
	g->ended = true;
}

/*
 * A return whose target, in S_B, is not in the jump cache.  To a non-canonical
 * one it faults before RSP moves.
 */
void
gen_ret_miss(struct gen *g, const struct cold *c)
{
	struct emit *e = &g->e;
	uint8_t *bad;

	gen_flags_save(e);
	bad = gen_unless_canonical(e);
	gen_flags_restore(e);
	lea_rm(e, H_R9, H_R9, (int32_t)c->drop);
	jmp_to(e, g->t->miss);
	bind32(e, bad);
	gen_flags_restore(e);
	g->off = (uint32_t)c->target;
	gen_step(g);
}
