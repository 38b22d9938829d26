/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaving a translation: direct, conditional and indirect branches.
 *
 * A direct exit to the same page is a jump that gets patched to its target
 * (both places share one mapping, so the link stays true as long as the code
 * does), and so is one between global pages (tu.c: bt_chain_cross()).  To any
 * other page it probes the jump cache at an index known now.
 */
#include "modes/bt/gen.h"

static bool
same_page(const struct gen *g, uint64_t target)
{
	return ((target ^ g->rip0) & PAGE_MASK) == 0;
}

/* May an exit to target be patched once the target is known? */
bool
gen_chainable(const struct gen *g, uint64_t target)
{
	return same_page(g, target) ||
	    (g->global && !(g->t->disable & BT_PART_CROSS));
}

/* Pad so that the rel32 after an opcode of n bytes is 4-byte aligned. */
void
gen_align_field(struct emit *e, unsigned n)
{
	emit_nops(e, (unsigned)(-((uintptr_t)e->p + n) & 3));
}

/*
 * A new chainable exit whose jump's displacement is at field.  Going forward
 * it need not poll: what runs for ever goes backward by a jump or a call again
 * and again (returns go back only as often as there were calls).
 */
void
gen_add_exit(struct gen *g, uint8_t *field, uint64_t target)
{
	struct cold *c;

	if (g->n_exit == BT_MAX_EXITS || g->n_cold == BT_MAX_EXITS) {
		g->e.overflow = true;
		return;
	}
	c = &g->cold[g->n_cold++];
	*c = (struct cold){
		.from = field, .target = target, .exit = (int)g->n_exit,
	};
	g->exit[g->n_exit++] = (struct tu_exit){
		.target = target,
		.field = g->t->disable & BT_PART_CHAIN ? NULL : field,
		.no_poll = target > g->rip && !g->must_poll,
	};
}

void
gen_probe_const(struct emit *e, const struct bt_vm *t, uint32_t jc,
    uint64_t target)
{
	uint32_t idx = jc_index(target);
	uint8_t *hit;

	load_gs(e, S_C, jc + idx * 8);
	emit_reloc(e, RELOC_JC, IMM_POS32, 4);
	mov_va(e, S_B, target, RELOC_VA);
	lea_rr(e, S_C, S_C, S_B);
	hit = short_fwd(e, OP_JRCXZ);
	jmp_to(e, t->miss);
	bind8(e, hit);
	op_gs(e, W32, 0xff, 4,
	    jc + (uint32_t)offsetof(struct jump_cache, host) + idx * 8);
	emit_reloc(e, RELOC_JC, IMM_POS32, 4);
}

void
gen_jump(struct gen *g, uint64_t target)
{
	struct emit *e = &g->e;

	g->ended = true;
	if (!gen_chainable(g, target)) {
		gen_probe_const(e, g->t, g->jc, target);
		return;
	}
	gen_align_field(e, 1);
	gen_add_exit(g, jmp_fwd(e), target);
}

void
gen_cold_step(struct gen *g, uint8_t *field, bool flags_in_rcx)
{
	if (g->n_cold == BT_MAX_EXITS) {
		g->e.overflow = true;
		return;
	}
	g->cold[g->n_cold++] = (struct cold){
		.from = field, .target = g->off, .exit = COLD_STEP,
		.flags_in_rcx = flags_in_rcx,
	};
}

void
gen_jcc(struct gen *g, unsigned cc, uint64_t target)
{
	struct emit *e = &g->e;

	gen_align_field(e, 2);
	if (gen_chainable(g, target)) {
		gen_add_exit(g, jcc_fwd(e, cc), target);
		return;
	}
	if (g->n_cold == BT_MAX_EXITS) {
		e->overflow = true;
		return;
	}
	g->cold[g->n_cold++] = (struct cold){
		.from = jcc_fwd(e, cc), .target = target, .exit = COLD_PROBE,
	};
}

/* S_A = index of the target in S_B; *hit is jumped to if it is there. */
void
gen_probe_target(struct gen *g, uint8_t **hit)
{
	struct emit *e = &g->e;

	pext_gs(e, S_A, S_B, GS(mask_jc));
	op_gsx8(e, W64, OP_LOAD, S_C, S_A, g->jc);
	lea_rr(e, S_C, S_C, S_B);
	*hit = short_fwd(e, OP_JRCXZ);
}

/* S_B = the target an indirect branch names. */
static void
load_target(struct gen *g)
{
	const struct opnd *o = &g->i->opnd[0];
	struct addr a;

	if (o->kind == OPND_GPR) {
		gen_load(g, S_B, o->reg);
		return;
	}
	a = gen_addr(g);
	gen_check(g, &a, 8, false);
	op_rmx(&g->e, W64, OP_LOAD, S_B, S_A, S_B, 1, 0);
}

/*
 * S_B = what the indirect branch jumps to: host code or, without BMI2, a
 * canonical guest address.  To one that is not canonical it faults before
 * anything is pushed, and is left to the interpreter.
 */
static bool
resolve(struct gen *g)
{
	struct emit *e = &g->e;
	struct cold *c;
	uint8_t *hit;

	load_target(g);
	if (!g->t->bmi2) {
		gen_check_canonical(g);
		return true;
	}
	if (g->n_cold == BT_MAX_EXITS)
		return false;
	gen_probe_target(g, &hit);
	c = &g->cold[g->n_cold++];
	*c = (struct cold){
		.from = jmp_fwd(e), .target = g->off, .exit = COLD_RESOLVE,
	};
	bind8(e, hit);
	op_gsx8(e, W64, OP_LOAD, S_B, S_A,
	    g->jc + (uint32_t)offsetof(struct jump_cache, host));
	c->back = emit_rx(e);
	return true;
}

/* The target in S_B is not in the jump cache: leave by way of miss_later. */
void
gen_resolve_miss(struct gen *g, const struct cold *c)
{
	struct emit *e = &g->e;
	uint8_t *bad;

	gen_flags_save(e);
	bad = gen_unless_canonical(e);
	gen_flags_restore(e);
	store_gs(e, S_B, GS(tmp_miss));
	emit_rex(e, W64, S_B, 0, 0);		/* lea r11, [rip + ...] */
	emit8(e, OP_LEA);
	emit_modrm(e, 0, S_B, 5);
	emit_rel32(e, g->t->miss_later);
	jmp_to(e, c->back);
	bind32(e, bad);
	gen_flags_restore(e);
	g->off = (uint32_t)c->target;
	gen_step(g);
}

/* Jump to what resolve() found. */
void
gen_jump_resolved(struct gen *g)
{
	struct emit *e = &g->e;

	g->ended = true;
	if (g->t->bmi2)
		op_rr(e, W32, 0xff, 4, S_B);	/* jmp r11 */
	else
		jmp_to(e, g->t->probe_slow);
}

/* LOOPcc and JrCXZ count in RCX or ECX and touch no flags. */
static bool
gen_loop(struct gen *g, uint64_t target)
{
	struct emit *e = &g->e;
	unsigned w = g->i->addr_bytes == 8 ? W64 : W32;
	uint8_t *zero, *over;

	switch (g->i->desc->id) {
	case I_JCXZ:
		op_rr(e, w, OP_LOAD, S_C, H_R8);
		zero = short_fwd(e, OP_JRCXZ);
		over = short_fwd(e, 0xeb);
		bind8(e, zero);
		zero = jmp_fwd(e);
		bind8(e, over);
		break;
	case I_LOOP:
		op_rm(e, w, OP_LEA, H_R8, H_R8, -1);
		op_rr(e, w, OP_LOAD, S_C, H_R8);
		over = short_fwd(e, OP_JRCXZ);
		zero = jmp_fwd(e);
		bind8(e, over);
		break;
	default:
		return false;
	}
	if (g->n_cold == BT_MAX_EXITS) {
		e->overflow = true;
		return true;
	}
	/* Not patched, so alignment does not matter: a cold probe or exit. */
	if (same_page(g, target)) {
		gen_add_exit(g, zero, target);
		g->exit[g->n_exit - 1].field = NULL;
	} else {
		g->cold[g->n_cold++] = (struct cold){
			.from = zero, .target = target, .exit = COLD_PROBE,
		};
	}
	return true;
}

bool
gen_branch(struct gen *g)
{
	const struct insn *i = g->i;
	uint64_t target = g->next + (uint64_t)i->imm;

	/* 66 on near branches: vendors differ, nobody uses it. */
	if (i->opsize && i->desc->flow != FLOW_JCC)
		return false;
	switch (i->desc->flow) {
	case FLOW_JCC:
		if (i->opsize)
			return false;
		if (i->desc->id != I_JCC)
			return gen_loop(g, target);
		gen_jcc(g, i->cond, target);
		g->near_kept = true;
		return true;
	case FLOW_JMP:
		gen_jump(g, target);
		return true;
	case FLOW_CALL:
		gen_call(g, target);
		return true;
	case FLOW_JMP_IND:
		if (!resolve(g))
			return false;
		gen_jump_resolved(g);
		return true;
	case FLOW_CALL_IND:
		if (!resolve(g))
			return false;
		gen_call_resolved(g);
		return true;
	case FLOW_RET:
		return gen_ret(g);
	default:
		return gen_system(g);	/* ring transitions */
	}
}
