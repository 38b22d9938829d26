/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks as exception delivery and far transfers use them: pushed to and
 * popped from with the privilege and width of the moment, and made the
 * processor's own only when nothing can fail any more.
 */
#include "modes/x86/priv.h"

static uint64_t
stack_mask(const struct seg_reg *ss, bool wide)
{
	if (wide)
		return ~UINT64_C(0);
	return ss->attr & SEG_DB ? 0xffffffff : 0xffff;
}

struct stack
x86_stack_of(const struct seg_reg *ss, uint64_t sp, unsigned cpl, bool wide,
    uint32_t error)
{
	return (struct stack){ .ss = *ss, .sp = sp, .cpl = cpl, .wide = wide,
	    .mask = stack_mask(ss, wide), .error = error };
}

struct stack
x86_stack_now(const struct vcpu *c)
{
	return x86_stack_of(&c->s.seg[SEG_SS], c->s.gpr[RSP], c->s.cpl,
	    x86_code64(c), 0);
}

/* Is [sp, sp+len) within the segment? */
static bool
within(const struct vcpu *c, const struct stack *st, uint64_t sp, unsigned len)
{
	const struct seg_reg *ss = &st->ss;
	uint64_t last;

	if (st->wide)
		return x86_canonical(c, sp) && x86_canonical(c, sp + len - 1);
	sp &= st->mask;
	last = sp + len - 1;
	if (ss->attr & SEG_UNUSABLE && !x86_real(c))
		return false;
	if (!(ss->attr & SEG_CODE) && ss->attr & SEG_EXPDOWN_CONF)
		return sp > ss->limit && last <= stack_mask(ss, false);
	return last <= ss->limit || ss->limit == 0xffffffff;
}

int
x86_stack_room(struct vcpu *c, const struct stack *st, unsigned n,
    unsigned size)
{
	uint64_t sp = st->sp;

	while (n--) {
		sp -= size;
		if (!within(c, st, sp, size))
			return x86_raise_error(c, VEC_SS, st->error);
	}
	return 0;
}

int
x86_stack_have(struct vcpu *c, const struct stack *st, unsigned bytes)
{
	if (!within(c, st, st->sp, bytes))
		return x86_raise_error(c, VEC_SS, st->error);
	return 0;
}

static gva_t
linear(const struct stack *st, uint64_t sp)
{
	if (st->wide)
		return sp;
	return (st->ss.base + (sp & st->mask)) & 0xffffffff;
}

static unsigned
mem_flags(const struct stack *st)
{
	return MEM_STACK | MEM_ALIGN | (st->wide ? MEM_WIDE : 0);
}

int
x86_push(struct vcpu *c, struct stack *st, uint64_t v, unsigned size)
{
	uint64_t sp = st->sp - size;

	if (!within(c, st, sp, size))
		return x86_raise_error(c, VEC_SS, st->error);
	if (x86_mem_write(c, linear(st, sp), &v, size,
	    st->cpl == 3 ? WALK_USER : 0, mem_flags(st)))
		return -1;
	st->sp = sp;
	return 0;
}

int
x86_pop(struct vcpu *c, struct stack *st, uint64_t *v, unsigned size)
{
	*v = 0;
	if (!within(c, st, st->sp, size))
		return x86_raise_error(c, VEC_SS, st->error);
	if (x86_mem_read(c, linear(st, st->sp), v, size,
	    st->cpl == 3 ? WALK_USER : 0, mem_flags(st)))
		return -1;
	st->sp += size;
	return 0;
}

void
x86_stack_commit(struct vcpu *c, const struct stack *st)
{
	c->s.seg[SEG_SS] = st->ss;
	/* A 32-bit result clears the upper half; a 16-bit one keeps the rest. */
	if (st->mask == 0xffff)
		c->s.gpr[RSP] = (c->s.gpr[RSP] & ~st->mask) |
		    (st->sp & st->mask);
	else
		c->s.gpr[RSP] = st->sp & st->mask;
}

int
x86_tss_stack(struct vcpu *c, unsigned cpl, uint32_t ext, uint16_t *ss,
    uint64_t *sp)
{
	const struct seg_reg *tr = &c->s.seg[SEG_TR];
	bool long_mode = x86_long_mode(c);
	bool wide = (tr->attr & SEG_TYPE) >= SYS_TSS32;
	uint32_t off = long_mode || wide ? cpl * 8 + 4 : cpl * 4 + 2;
	/* SDM 2, INT n: the last byte looked at. */
	uint32_t last = long_mode ? 7 : wide ? 5 : 3;
	uint64_t v = 0;

	if (tr->attr & SEG_UNUSABLE || off + last > tr->limit)
		return x86_raise_sel(c, VEC_TS, tr->selector, ext);
	if (long_mode) {
		*ss = (uint16_t)cpl;
		return x86_sys_read(c, tr->base + off, sp, 8);
	}
	if (x86_sys_read(c, tr->base + off, &v, last + 1))
		return -1;
	*sp = wide ? (uint32_t)v : (uint16_t)v;
	*ss = (uint16_t)(v >> (wide ? 32 : 16));
	return 0;
}
