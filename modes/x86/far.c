/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Far JMP, CALL and RET: SDM 2 under each, SDM 3 5.8.  IRET is in iret.c,
 * SYSCALL and its kin in syscall.c, task switches in task.c.
 */
#include "modes/x86/priv.h"

static uint64_t
trim(uint64_t v, unsigned size)
{
	return size == 2 ? v & 0xffff : size == 4 ? v & 0xffffffff : v;
}

static bool
no_protection(const struct vcpu *c)
{
	return x86_real(c) || x86_v86(c);
}

/* --- code segments --- */

/*
 * Checks on a code segment's descriptor as the target of a far JMP or CALL
 * without a gate; reads it into *cs with RPL = CPL.
 */
static int
direct_cs(struct vcpu *c, struct desc *d, struct seg_reg *cs)
{
	unsigned dpl = attr_dpl(d->attr);
	uint16_t sel = d->selector;

	if (x86_long_mode(c) && (d->attr & (SEG_L | SEG_DB)) ==
	    (SEG_L | SEG_DB))
		return x86_raise_sel(c, VEC_GP, sel, 0);
	if (attr_conforming(d->attr) ? dpl > c->s.cpl :
	    (sel & 3u) > c->s.cpl || dpl != c->s.cpl)
		return x86_raise_sel(c, VEC_GP, sel, 0);
	if (!(d->attr & SEG_P))
		return x86_raise_sel(c, VEC_NP, sel, 0);
	*cs = x86_desc_seg(d, (uint16_t)((sel & 0xfffc) | c->s.cpl));
	return 0;
}

/* --- gates --- */

struct call_gate {
	uint16_t sel;		/* of the code segment */
	uint64_t off;
	unsigned size;		/* of pushes */
	unsigned params;
};

/* SDM 3 5.8.4: CPL and RPL against the gate, then the code segment in it. */
static int
read_call_gate(struct vcpu *c, struct desc *d, struct call_gate *g)
{
	unsigned type = d->attr & SEG_TYPE;
	uint16_t sel = d->selector;
	unsigned dpl = attr_dpl(d->attr);

	if (dpl < c->s.cpl || dpl < (sel & 3u))
		return x86_raise_sel(c, VEC_GP, sel, 0);
	if (!(d->attr & SEG_P))
		return x86_raise_sel(c, VEC_NP, sel, 0);
	if (x86_long_mode(c) && x86_desc_high(c, d, VEC_GP, 0))
		return -1;
	g->sel = (uint16_t)(d->raw >> 16);
	g->off = (d->raw & 0xffff) | (d->raw >> 32 & 0xffff0000) |
	    d->high << 32;
	g->params = d->raw >> 32 & 31;
	g->size = x86_long_mode(c) ? 8 : type == SYS_CALL16 ? 2 : 4;
	g->off = trim(g->off, g->size);
	return 0;
}

/* The code segment a call gate leads to; attributes checked. */
static int
gate_cs(struct vcpu *c, const struct call_gate *g, bool jump, struct desc *d)
{
	unsigned dpl;

	if (sel_null(g->sel))
		return x86_raise_error(c, VEC_GP, 0);
	if (x86_desc_read(c, g->sel, d, VEC_GP, 0))
		return -1;
	dpl = attr_dpl(d->attr);
	if (!attr_code(d->attr) || dpl > c->s.cpl)
		return x86_raise_sel(c, VEC_GP, g->sel, 0);
	/* A jump changes no privilege. */
	if (jump && !attr_conforming(d->attr) && dpl != c->s.cpl)
		return x86_raise_sel(c, VEC_GP, g->sel, 0);
	if (x86_long_mode(c) && (d->attr & (SEG_L | SEG_DB)) != SEG_L)
		return x86_raise_sel(c, VEC_GP, g->sel, 0);
	if (!(d->attr & SEG_P))
		return x86_raise_sel(c, VEC_NP, g->sel, 0);
	return 0;
}

/* JMP or CALL to a TSS or through a task gate. */
static int
far_task(struct vcpu *c, const struct desc *d, enum task_source source,
    uint64_t next)
{
	struct task_req q = { .sel = d->selector, .source = source,
	    .rip = next, .rflags = c->s.rflags };
	unsigned dpl = attr_dpl(d->attr);

	if (dpl < c->s.cpl || dpl < (d->selector & 3u))
		return x86_raise_sel(c, VEC_GP, d->selector, 0);
	if ((d->attr & SEG_TYPE) == SYS_TASK_GATE) {
		if (!(d->attr & SEG_P))
			return x86_raise_sel(c, VEC_NP, d->selector, 0);
		q.sel = (uint16_t)(d->raw >> 16);
	}
	return x86_task_enter(c, &q);
}

/* What a far transfer's selector names. */
enum target { TO_CODE, TO_GATE, TO_TASK };

/* Read and classify; anything else is #GP(selector). */
static int
far_target(struct vcpu *c, uint16_t sel, struct desc *d, enum target *to)
{
	const unsigned tasks = 1u << SYS_TSS16 | 1u << SYS_TSS32 |
	    1u << SYS_TASK_GATE;
	unsigned type;

	if (sel_null(sel))
		return x86_raise_error(c, VEC_GP, 0);
	if (x86_desc_read(c, sel, d, VEC_GP, 0))
		return -1;
	type = d->attr & SEG_TYPE;
	if (attr_code(d->attr))
		*to = TO_CODE;
	else if (!(d->attr & SEG_S) && (type == SYS_CALL32 ||
	    (type == SYS_CALL16 && !x86_long_mode(c))))
		*to = TO_GATE;
	else if (!(d->attr & SEG_S) && !x86_long_mode(c) && tasks >> type & 1)
		*to = TO_TASK;
	else
		return x86_raise_sel(c, VEC_GP, sel, 0);
	return 0;
}

static void
enter_code(struct vcpu *c, const struct seg_reg *cs, uint64_t rip)
{
	c->s.seg[SEG_CS] = *cs;
	c->s.rip = rip;
}

/* --- JMP --- */

static int
jmp_gate(struct vcpu *c, struct desc *gate)
{
	struct call_gate g;
	struct seg_reg cs;
	struct desc d;

	if (read_call_gate(c, gate, &g) || gate_cs(c, &g, true, &d))
		return -1;
	cs = x86_desc_seg(&d, (uint16_t)((g.sel & 0xfffc) | c->s.cpl));
	if (x86_check_rip(c, &cs, g.off, 0) || x86_desc_accessed(c, &d))
		return -1;
	cs.attr = d.attr;
	enter_code(c, &cs, g.off);
	return 0;
}

int
x86_far_jmp(struct vcpu *c, uint16_t sel, uint64_t off, unsigned size,
    uint64_t next)
{
	enum target to;
	struct seg_reg cs;
	struct desc d;

	off = trim(off, size);
	if (no_protection(c)) {
		if (off > c->s.seg[SEG_CS].limit)
			return x86_raise_error(c, VEC_GP, 0);
		x86_load_real(c, SEG_CS, sel);
		c->s.rip = off;
		return 0;
	}
	if (far_target(c, sel, &d, &to))
		return -1;
	if (to == TO_GATE)
		return jmp_gate(c, &d);
	if (to == TO_TASK)
		return far_task(c, &d, TASK_JMP, next);
	if (direct_cs(c, &d, &cs) || x86_check_rip(c, &cs, off, 0) ||
	    x86_desc_accessed(c, &d))
		return -1;
	cs.attr = d.attr;
	enter_code(c, &cs, off);
	return 0;
}

/* --- CALL --- */

static int
push_return(struct vcpu *c, struct stack *st, uint64_t next, unsigned size)
{
	if (x86_push(c, st, c->s.seg[SEG_CS].selector, size))
		return -1;
	return x86_push(c, st, next, size);
}

/* Copy a call gate's parameters from the old stack to the new one. */
static int
copy_params(struct vcpu *c, struct stack *to, const struct call_gate *g)
{
	struct stack from = x86_stack_now(c);

	from.sp += g->params * g->size;
	for (unsigned i = 0; i < g->params; i++) {
		struct stack at;
		uint64_t v;

		from.sp -= g->size;
		at = from;
		if (x86_pop(c, &at, &v, g->size) ||
		    x86_push(c, to, v, g->size))
			return -1;
	}
	return 0;
}

/* The stack for privilege cpl from the TSS, with room for the call. */
static int
inner_stack(struct vcpu *c, const struct call_gate *g, unsigned cpl,
    struct stack *st)
{
	struct seg_reg ss;
	uint16_t sel;
	uint64_t sp;

	if (x86_tss_stack(c, cpl, 0, &sel, &sp))
		return -1;
	if (x86_long_mode(c)) {
		ss = x86_null_seg(sel);
		ss.attr |= (uint16_t)(cpl << SEG_DPL_SHIFT);
		*st = x86_stack_of(&ss, sp, cpl, true, 0);
		return x86_stack_room(c, st, 4, 8);
	}
	if (x86_stack_seg(c, sel, cpl, VEC_TS, 0, &ss))
		return -1;
	*st = x86_stack_of(&ss, sp, cpl, false, sel & 0xfffcu);
	return x86_stack_room(c, st, 4 + g->params, g->size);
}

static int
call_inner(struct vcpu *c, const struct call_gate *g, struct desc *d,
    uint64_t next)
{
	unsigned cpl = attr_dpl(d->attr);
	struct seg_reg cs = x86_desc_seg(d, (uint16_t)((g->sel & 0xfffc) |
	    cpl));
	struct stack st;

	if (inner_stack(c, g, cpl, &st) || x86_check_rip(c, &cs, g->off, 0) ||
	    x86_desc_accessed(c, d) ||
	    x86_push(c, &st, c->s.seg[SEG_SS].selector, g->size) ||
	    x86_push(c, &st, c->s.gpr[RSP], g->size))
		return -1;
	if (!x86_long_mode(c) && copy_params(c, &st, g))
		return -1;
	if (push_return(c, &st, next, g->size))
		return -1;
	cs.attr = d->attr;
	x86_stack_commit(c, &st);
	enter_code(c, &cs, g->off);
	x86_set_cpl(c, cpl);
	return 0;
}

/* Call without a change of privilege: push and go. */
static int
call_same(struct vcpu *c, struct desc *d, uint16_t sel, uint64_t off,
    unsigned size, uint64_t next)
{
	struct seg_reg cs = x86_desc_seg(d, (uint16_t)((sel & 0xfffc) |
	    c->s.cpl));
	struct stack st = x86_stack_now(c);

	/* A 64-bit gate makes a 64-bit stack of the one there is. */
	if (x86_long_mode(c) && cs.attr & SEG_L)
		st = x86_stack_of(&st.ss, st.sp, st.cpl, true, 0);
	if (x86_stack_room(c, &st, 2, size) ||
	    x86_check_rip(c, &cs, off, 0) || x86_desc_accessed(c, d) ||
	    push_return(c, &st, next, size))
		return -1;
	cs.attr = d->attr;
	x86_stack_commit(c, &st);
	enter_code(c, &cs, off);
	return 0;
}

static int
call_gate(struct vcpu *c, struct desc *gate, uint64_t next)
{
	struct call_gate g;
	struct desc d;

	if (read_call_gate(c, gate, &g) || gate_cs(c, &g, false, &d))
		return -1;
	if (!attr_conforming(d.attr) && attr_dpl(d.attr) < c->s.cpl)
		return call_inner(c, &g, &d, next);
	return call_same(c, &d, g.sel, g.off, g.size, next);
}

static int
call_real(struct vcpu *c, uint16_t sel, uint64_t off, unsigned size,
    uint64_t next)
{
	struct stack st = x86_stack_now(c);

	if (x86_stack_room(c, &st, 2, size))
		return -1;
	if (off > c->s.seg[SEG_CS].limit)
		return x86_raise_error(c, VEC_GP, 0);
	if (push_return(c, &st, next, size))
		return -1;
	x86_stack_commit(c, &st);
	x86_load_real(c, SEG_CS, sel);
	c->s.rip = off;
	return 0;
}

int
x86_far_call(struct vcpu *c, uint16_t sel, uint64_t off, unsigned size,
    uint64_t next)
{
	enum target to;
	struct seg_reg cs;
	struct desc d;

	off = trim(off, size);
	if (no_protection(c))
		return call_real(c, sel, off, size, next);
	if (far_target(c, sel, &d, &to))
		return -1;
	if (to == TO_GATE)
		return call_gate(c, &d, next);
	if (to == TO_TASK)
		return far_task(c, &d, TASK_CALL, next);
	if (direct_cs(c, &d, &cs))
		return -1;
	return call_same(c, &d, sel, off, size, next);
}

/* --- RET --- */

static int
ret_real(struct vcpu *c, unsigned size, unsigned imm)
{
	struct stack st = x86_stack_now(c);
	uint64_t rip;
	uint64_t cs;

	if (x86_pop(c, &st, &rip, size) || x86_pop(c, &st, &cs, size))
		return -1;
	if (rip > c->s.seg[SEG_CS].limit)
		return x86_raise_error(c, VEC_GP, 0);
	st.sp += imm;
	x86_stack_commit(c, &st);
	x86_load_real(c, SEG_CS, (uint16_t)cs);
	c->s.rip = rip;
	return 0;
}

/*
 * AMD processors read the other level's SS and RSP before they look at CS,
 * even where that leads to an inner level, which is #GP (seen on Zen 5).
 */
static int
outer_stack_first(struct vcpu *c, const struct far_return *r, unsigned size,
    unsigned imm)
{
	struct stack st = r->st;
	uint64_t v;

	if (!c->amd || (r->sel & 3u) == c->s.cpl)
		return 0;
	st.sp += imm + size;
	if (x86_pop(c, &st, &v, size))
		return -1;
	st.sp = r->st.sp + imm;
	return x86_pop(c, &st, &v, size);
}

int
x86_far_ret(struct vcpu *c, unsigned size, unsigned imm)
{
	struct far_return r = { .st = x86_stack_now(c) };
	uint64_t cs;
	uint64_t ss = 0;
	uint64_t sp = 0;

	if (no_protection(c))
		return ret_real(c, size, imm);
	if (x86_pop(c, &r.st, &r.rip, size) || x86_pop(c, &r.st, &cs, size))
		return -1;
	r.sel = (uint16_t)cs;
	if (outer_stack_first(c, &r, size, imm) || x86_return_cs(c, &r))
		return -1;
	r.st.sp += imm;
	if ((r.sel & 3u) > c->s.cpl) {
		if (x86_pop(c, &r.st, &sp, size) ||
		    x86_pop(c, &r.st, &ss, size))
			return -1;
		r.outer = true;
		r.ss_sel = (uint16_t)ss;
		r.sp = sp;
		r.sp_imm = imm;
	}
	return x86_return_finish(c, &r);
}
