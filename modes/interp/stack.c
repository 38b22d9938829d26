/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stack instructions.  Memory is touched before RSP changes, so a fault
 * leaves the register as it was.
 */
#include "modes/interp/handlers.h"

int
push(struct vcpu *c, const struct insn *i, unsigned size, uint64_t v)
{
	uint64_t sp = (c->s.gpr[RSP] - size) & stack_mask(c);
	gva_t va;

	if (linear(c, i->mode, SEG_SS, sp, size, true, &va) ||
	    st(c, va, size, true, v))
		return H_FAULT;
	stack_set(c, sp);
	return 0;
}

/* Raise what push() would. */
int
push_probe(struct vcpu *c, const struct insn *i, unsigned size)
{
	uint64_t sp = (c->s.gpr[RSP] - size) & stack_mask(c);
	gva_t va;

	return linear(c, i->mode, SEG_SS, sp, size, true, &va) ||
	    check_align(c, va, size) || probe_write(c, va, size, true);
}

int
peek(struct vcpu *c, const struct insn *i, unsigned size, unsigned skip,
    uint64_t *v)
{
	uint64_t sp = (c->s.gpr[RSP] + skip) & stack_mask(c);
	gva_t va;

	if (linear(c, i->mode, SEG_SS, sp, size, false, &va))
		return H_FAULT;
	return ld(c, va, size, true, v);
}

int
h_push(struct vcpu *c, const struct insn *i)
{
	uint64_t v;

	if (i->opnd[0].kind == OPND_SREG)
		v = c->s.seg[i->opnd[0].reg].selector;
	else if (opnd_load(c, i, 0, &v))
		return H_FAULT;
	return push(c, i, i->op_bytes, v);
}

int
h_pop(struct vcpu *c, const struct insn *i)
{
	const struct opnd *o = &i->opnd[0];
	unsigned size = i->op_bytes;
	uint64_t old = c->s.gpr[RSP];
	uint64_t v;

	if (peek(c, i, size, 0, &v))
		return H_FAULT;
	if (o->kind == OPND_SREG) {
		if (x86_load_seg(c, o->reg, v))
			return H_FAULT;
		if (o->reg == SEG_SS)
			c->s.shadow = SHADOW_MOVSS;
		stack_set(c, old + size);
		return H_NEXT;
	}
	/* The new RSP takes part in the destination's address. */
	stack_set(c, old + size);
	if (o->kind == OPND_GPR) {
		reg_set(c, o->reg, size, v);
		return H_NEXT;
	}
	if (mem_store(c, i, size, v)) {
		c->s.gpr[RSP] = old;
		return H_FAULT;
	}
	return H_NEXT;
}

int
h_pusha(struct vcpu *c, const struct insn *i)
{
	unsigned size = i->op_bytes;
	uint64_t old = c->s.gpr[RSP];
	uint64_t sp = (old - 8 * size) & stack_mask(c);
	gva_t va;

	/* All or nothing: a wrapping or faulting range moves no byte. */
	for (unsigned n = 0; n < 8; n++) {
		if (linear(c, i->mode, SEG_SS,
		    (sp + n * size) & stack_mask(c), size, true, &va) ||
		    check_align(c, va, size) || probe_write(c, va, size, true))
			return H_FAULT;
	}
	for (unsigned reg = RAX; reg <= RDI; reg++) {
		uint64_t v = reg == RSP ? old : c->s.gpr[reg];

		if (push(c, i, size, v)) {
			c->s.gpr[RSP] = old;
			return H_FAULT;
		}
	}
	return H_NEXT;
}

int
h_popa(struct vcpu *c, const struct insn *i)
{
	unsigned size = i->op_bytes;
	uint64_t v[8];

	for (unsigned n = 0; n < 8; n++)
		if (peek(c, i, size, n * size, &v[n]))
			return H_FAULT;
	for (unsigned n = 0; n < 8; n++)
		if (RDI - n != RSP)
			reg_set(c, RDI - n, size, v[n]);
	stack_set(c, c->s.gpr[RSP] + 8 * size);
	return H_NEXT;
}

int
h_enter(struct vcpu *c, const struct insn *i)
{
	unsigned size = i->op_bytes;
	unsigned level = i->imm2 & 31;
	uint64_t mask = stack_mask(c);
	uint64_t old = c->s.gpr[RSP];
	uint64_t bp = c->s.gpr[RBP];
	uint64_t frame, v;
	gva_t va;

	if (push(c, i, size, bp))
		return H_FAULT;
	frame = c->s.gpr[RSP];
	for (unsigned n = 1; n < level; n++) {
		bp = bp - size;
		if (linear(c, i->mode, SEG_SS, bp & mask, size, false, &va) ||
		    ld(c, va, size, true, &v) || push(c, i, size, v))
			goto fault;
	}
	if (level && push(c, i, size, frame))
		goto fault;
	/* The processor probes the new top of the stack for writing. */
	stack_set(c, c->s.gpr[RSP] - (uint16_t)i->imm);
	if (linear(c, i->mode, SEG_SS, c->s.gpr[RSP] & mask, size, true,
	    &va) || check_align(c, va, size) || probe_write(c, va, 1, true))
		goto fault;
	reg_set(c, RBP, size, frame);
	return H_NEXT;

fault:
	c->s.gpr[RSP] = old;
	return H_FAULT;
}

int
h_leave(struct vcpu *c, const struct insn *i)
{
	unsigned size = i->op_bytes;
	uint64_t sp = c->s.gpr[RBP] & stack_mask(c);
	uint64_t v;
	gva_t va;

	if (linear(c, i->mode, SEG_SS, sp, size, false, &va) ||
	    ld(c, va, size, true, &v))
		return H_FAULT;
	stack_set(c, sp + size);
	reg_set(c, RBP, size, v);
	return H_NEXT;
}

/*
 * PUSHF and POPF.  In virtual-8086 mode with IOPL < 3 they fault, unless
 * CR4.VME lets the 16-bit forms work on VIF (SDM 3 21.3.1).
 */
static bool
v86_sensitive(const struct vcpu *c)
{
	return is_v86(c) && iopl(c) < 3;
}

int
h_pushf(struct vcpu *c, const struct insn *i)
{
	uint64_t v = c->s.rflags & ~(uint64_t)(FLAG_VM | FLAG_RF);

	if (v86_sensitive(c)) {
		if (!(c->s.cr4 & CR4_VME) || i->op_bytes != 2)
			return raise_gp0(c);
		v = (v & ~(uint64_t)FLAG_IF) | FLAG_IOPL;
		if (c->s.rflags & FLAG_VIF)
			v |= FLAG_IF;
	}
	return push(c, i, i->op_bytes, v);
}

static int
popf_vme(struct vcpu *c, uint64_t v)
{
	uint64_t mask = FLAGS_ARITH | FLAG_DF | FLAG_NT | FLAG_TF;

	if ((v & FLAG_TF) ||
	    ((v & FLAG_IF) && (c->s.rflags & FLAG_VIP)))
		return raise_gp0(c);
	x86_set_flags(c, v, mask);
	if (v & FLAG_IF)
		c->s.rflags |= FLAG_VIF;
	else
		c->s.rflags &= ~(uint64_t)FLAG_VIF;
	return 0;
}

int
h_popf(struct vcpu *c, const struct insn *i)
{
	uint64_t mask = FLAGS_ARITH | FLAG_TF | FLAG_IF | FLAG_DF |
	    FLAG_IOPL | FLAG_NT;
	uint64_t v;

	if (v86_sensitive(c) &&
	    (!(c->s.cr4 & CR4_VME) || i->op_bytes != 2))
		return raise_gp0(c);
	if (peek(c, i, i->op_bytes, 0, &v))
		return H_FAULT;
	if (v86_sensitive(c)) {
		if (popf_vme(c, v))
			return H_FAULT;
	} else {
		if (i->op_bytes > 2)
			mask |= FLAG_AC | FLAG_ID;
		x86_set_flags(c, v, mask);
	}
	stack_set(c, c->s.gpr[RSP] + i->op_bytes);
	return H_NEXT;
}
