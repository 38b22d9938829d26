/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IRET in every mode, and what it shares with far RET: the checks on the
 * return code and stack segments, and the invalidation of data segments that
 * the outer privilege may not keep.  SDM 2 under IRET.
 */
#include "modes/x86/priv.h"

/* --- shared with far RET --- */

int
x86_return_cs(struct vcpu *c, struct far_return *r)
{
	unsigned rpl = r->sel & 3u;
	unsigned dpl;

	if (sel_null(r->sel))
		return x86_raise_error(c, VEC_GP, 0);
	if (x86_desc_read(c, r->sel, &r->cs, VEC_GP, 0))
		return -1;
	dpl = attr_dpl(r->cs.attr);
	if (!attr_code(r->cs.attr) || rpl < c->s.cpl ||
	    (attr_conforming(r->cs.attr) ? dpl > rpl : dpl != rpl))
		return x86_raise_sel(c, VEC_GP, r->sel, 0);
	if (x86_long_mode(c) && (r->cs.attr & (SEG_L | SEG_DB)) ==
	    (SEG_L | SEG_DB))
		return x86_raise_sel(c, VEC_GP, r->sel, 0);
	if (!(r->cs.attr & SEG_P))
		return x86_raise_sel(c, VEC_NP, r->sel, 0);
	return 0;
}

/* The stack segment popped; null is good for inner 64-bit code. */
static int
return_ss(struct vcpu *c, const struct far_return *r, struct seg_reg *ss)
{
	unsigned rpl = r->sel & 3u;

	if (sel_null(r->ss_sel) && x86_long_mode(c) &&
	    r->cs.attr & SEG_L && rpl != 3) {
		*ss = x86_null_seg(r->ss_sel);
		ss->attr |= (uint16_t)(rpl << SEG_DPL_SHIFT);
		return 0;
	}
	return x86_stack_seg(c, r->ss_sel, rpl, VEC_GP, 0, ss);
}

/* Data segments of a higher privilege do not survive a return outward. */
static void
drop_segments(struct vcpu *c)
{
	static const uint8_t data[] = { SEG_ES, SEG_DS, SEG_FS, SEG_GS };

	for (unsigned i = 0; i < ARRAY_LEN(data); i++) {
		struct seg_reg *s = &c->s.seg[data[i]];
		bool conforming = attr_code(s->attr) &&
		    attr_conforming(s->attr);

		if (s->attr & SEG_UNUSABLE)
			continue;
		if (sel_null(s->selector) ||
		    (!conforming && attr_dpl(s->attr) < c->s.cpl))
			*s = x86_null_seg(0);
	}
}

int
x86_return_finish(struct vcpu *c, struct far_return *r)
{
	struct seg_reg cs = x86_desc_seg(&r->cs, r->sel);
	struct seg_reg ss;
	bool code64 = x86_long_mode(c) && cs.attr & SEG_L;

	if (r->outer && return_ss(c, r, &ss))
		return -1;
	if (x86_check_rip(c, &cs, r->rip, 0) || x86_desc_accessed(c, &r->cs))
		return -1;
	cs.attr = r->cs.attr;
	if (r->outer) {
		/* The width of the new stack decides what of RSP changes. */
		r->st = x86_stack_of(&ss, r->sp + r->sp_imm, r->sel & 3u,
		    code64, 0);
	}
	x86_stack_commit(c, &r->st);
	c->s.seg[SEG_CS] = cs;
	c->s.rip = r->rip;
	if ((r->sel & 3u) != c->s.cpl) {
		x86_set_cpl(c, r->sel & 3u);
		drop_segments(c);
	}
	return 0;
}

/* --- IRET --- */

#define FLAGS_16 (FLAGS_ARITH | FLAG_TF | FLAG_IF | FLAG_DF | FLAG_IOPL | \
	FLAG_NT)
#define FLAGS_32 (FLAGS_16 | FLAG_RF | FLAG_AC | FLAG_ID)

static uint64_t
flags_mask(unsigned size)
{
	return size == 2 ? FLAGS_16 : FLAGS_32;
}

/* Real mode, and virtual-8086 mode at IOPL 3. */
static int
iret_real(struct vcpu *c, unsigned size)
{
	struct stack st = x86_stack_now(c);
	uint64_t mask = flags_mask(size);
	uint64_t rip, cs, flags;

	if (x86_v86(c)) {
		if (x86_iopl(c) != 3)
			return x86_raise_error(c, VEC_GP, 0);
		mask &= ~(uint64_t)FLAG_IOPL;
	}
	if (x86_pop(c, &st, &rip, size) || x86_pop(c, &st, &cs, size) ||
	    x86_pop(c, &st, &flags, size))
		return -1;
	if (rip > c->s.seg[SEG_CS].limit)
		return x86_raise_error(c, VEC_GP, 0);
	x86_stack_commit(c, &st);
	x86_load_real(c, SEG_CS, (uint16_t)cs);
	c->s.rip = rip;
	x86_set_flags(c, flags, mask);
	return 0;
}

/* To virtual-8086 mode: nine doublewords, CPL 0 only. */
static int
iret_v86(struct vcpu *c, struct stack *st, uint64_t rip, uint64_t cs,
    uint64_t flags)
{
	static const uint8_t order[] = { SEG_ES, SEG_DS, SEG_FS, SEG_GS };
	uint64_t esp, ss, sel[4];

	if (x86_pop(c, st, &esp, 4) || x86_pop(c, st, &ss, 4))
		return -1;
	for (unsigned i = 0; i < 4; i++)
		if (x86_pop(c, st, &sel[i], 4))
			return -1;
	if ((uint32_t)rip > 0xffff)
		return x86_raise_error(c, VEC_GP, 0);
	x86_set_flags(c, flags, FLAGS_32 | FLAG_VM | FLAG_VIF | FLAG_VIP);
	x86_set_cpl(c, 3);
	x86_load_real(c, SEG_CS, (uint16_t)cs);
	x86_load_real(c, SEG_SS, (uint16_t)ss);
	for (unsigned i = 0; i < 4; i++)
		x86_load_real(c, (enum seg_name)order[i], (uint16_t)sel[i]);
	c->s.gpr[RSP] = (uint32_t)esp;
	c->s.rip = (uint16_t)rip;
	return 0;
}

/*
 * Where the IRET at rip ends: the outgoing task goes on behind it when it is
 * entered again.  Prefixes may stand before the opcode.
 */
static uint64_t
after_iret(struct vcpu *c)
{
	uint8_t buf[15];
	int got = x86_fetch(c, buf);

	for (int i = 0; i < got; i++)
		if (buf[i] == 0xcf)
			return c->s.rip + (unsigned)i + 1;
	return c->s.rip + 1;
}

/* NT set: back to the task that called this one. */
static int
iret_task(struct vcpu *c)
{
	const struct seg_reg *tr = &c->s.seg[SEG_TR];
	uint16_t link;

	if (x86_sys_read(c, tr->base, &link, 2))
		return -1;
	return x86_task_enter(c, &(struct task_req){ .sel = link,
	    .source = TASK_IRET, .rip = after_iret(c),
	    .rflags = c->s.rflags });
}

static int
iret_protected(struct vcpu *c, unsigned size)
{
	struct far_return r = { .st = x86_stack_now(c) };
	uint64_t mask = flags_mask(size);
	uint64_t cs, flags, sp = 0, ss = 0;

	if (x86_pop(c, &r.st, &r.rip, size) ||
	    x86_pop(c, &r.st, &cs, size) || x86_pop(c, &r.st, &flags, size))
		return -1;
	if (size == 4 && flags & FLAG_VM && c->s.cpl == 0 && !x86_long_mode(c))
		return iret_v86(c, &r.st, r.rip, cs, flags);
	r.sel = (uint16_t)cs;
	if (x86_return_cs(c, &r))
		return -1;
	/* 64-bit mode pops the stack in any case. */
	if (x86_code64(c) || (r.sel & 3u) > c->s.cpl) {
		if (x86_pop(c, &r.st, &sp, size) ||
		    x86_pop(c, &r.st, &ss, size))
			return -1;
		r.outer = true;
		r.ss_sel = (uint16_t)ss;
		r.sp = sp;
	}
	/* IF and IOPL go by the privilege left behind. */
	if (c->s.cpl > x86_iopl(c))
		mask &= ~(uint64_t)FLAG_IF;
	if (c->s.cpl)
		mask &= ~(uint64_t)FLAG_IOPL;
	else if (size != 2)
		mask |= FLAG_VIF | FLAG_VIP;
	if (x86_return_finish(c, &r))
		return -1;
	c->s.rflags = (c->s.rflags & ~mask) | (flags & mask) | FLAG_FIXED1;
	c->walk.rflags = c->s.rflags;
	return 0;
}

int
x86_iret(struct vcpu *c, unsigned size)
{
	/* NMIs are let in again even if the IRET faults (SDM 3 6.7.1). */
	c->s.nmi_masked = 0;
	x86_serialise(c);
	if (x86_real(c) || x86_v86(c))
		return iret_real(c, size);
	if (c->s.rflags & FLAG_NT) {
		if (x86_long_mode(c))
			return x86_raise_error(c, VEC_GP, 0);
		return iret_task(c);
	}
	return iret_protected(c, size);
}
