/* SPDX-License-Identifier: Apache-2.0 */
/* Segment registers and descriptors as operands; loads are in modes/x86. */
#include "modes/interp/handlers.h"

/* MOV r/m, Sreg and MOV Sreg, r/m. */
int
h_mov_sreg(struct vcpu *c, const struct insn *i)
{
	const struct opnd *o = &i->opnd[0];
	uint64_t v;

	if (o->kind == OPND_SREG) {
		if (i->opnd[1].kind == OPND_GPR)
			v = c->s.gpr[i->opnd[1].reg];
		else if (mem_load(c, i, 2, &v))
			return H_FAULT;
		if (o->reg == SEG_CS)
			return raise_ud(c);
		if (x86_load_seg(c, o->reg, v))
			return H_FAULT;
		if (o->reg == SEG_SS)
			c->s.shadow = SHADOW_MOVSS;
		return H_NEXT;
	}
	v = c->s.seg[i->opnd[1].reg].selector;
	if (o->kind == OPND_MEM)
		return mem_store(c, i, 2, v);
	reg_set(c, o->reg, i->op_bytes, v);
	return H_NEXT;
}

/* LDS, LES, LFS, LGS, LSS. */
static int
load_far(struct vcpu *c, const struct insn *i, enum seg_name seg)
{
	unsigned size = i->op_bytes;
	bool stack = i->mem.seg == SEG_SS;
	uint64_t off, sel;
	gva_t va;

	if (mem_linear(c, i, size + 2, false, &va) ||
	    ld(c, va, size, stack, &off) ||
	    ld(c, va + size, 2, stack, &sel) ||
	    x86_load_seg(c, seg, sel))
		return H_FAULT;
	reg_set(c, i->reg, size, off);
	return H_NEXT;
}

int
h_lds(struct vcpu *c, const struct insn *i)
{
	return load_far(c, i, SEG_DS);
}

int
h_les(struct vcpu *c, const struct insn *i)
{
	return load_far(c, i, SEG_ES);
}

int
h_lfs(struct vcpu *c, const struct insn *i)
{
	return load_far(c, i, SEG_FS);
}

int
h_lgs(struct vcpu *c, const struct insn *i)
{
	return load_far(c, i, SEG_GS);
}

int
h_lss(struct vcpu *c, const struct insn *i)
{
	return load_far(c, i, SEG_SS);
}

/* The selector operand: 16 bits of a register or memory. */
static int
selector(struct vcpu *c, const struct insn *i, unsigned n, uint16_t *sel)
{
	uint64_t v;

	if (i->opnd[n].kind == OPND_GPR)
		v = c->s.gpr[i->opnd[n].reg];
	else if (mem_load(c, i, 2, &v))
		return H_FAULT;
	*sel = v;
	return 0;
}

int
h_lldt(struct vcpu *c, const struct insn *i)
{
	uint16_t sel;

	return selector(c, i, 0, &sel) || x86_lldt(c, sel) ? H_FAULT : H_NEXT;
}

int
h_ltr(struct vcpu *c, const struct insn *i)
{
	uint16_t sel;

	return selector(c, i, 0, &sel) || x86_ltr(c, sel) ? H_FAULT : H_NEXT;
}

static int
set_zf(struct vcpu *c, bool on)
{
	c->s.rflags = on ? c->s.rflags | FLAG_ZF :
	    c->s.rflags & ~(uint64_t)FLAG_ZF;
	return H_NEXT;
}

static int
descriptor_query(struct vcpu *c, const struct insn *i,
    int (*query)(struct vcpu *c, uint16_t sel, uint32_t *v, bool *ok))
{
	uint16_t sel;
	uint32_t v;
	bool ok;

	if (selector(c, i, 1, &sel) || query(c, sel, &v, &ok))
		return H_FAULT;
	if (ok)
		reg_set(c, i->opnd[0].reg, i->op_bytes, v);
	return set_zf(c, ok);
}

int
h_lar(struct vcpu *c, const struct insn *i)
{
	return descriptor_query(c, i, x86_lar);
}

int
h_lsl(struct vcpu *c, const struct insn *i)
{
	return descriptor_query(c, i, x86_lsl);
}

static int
verify(struct vcpu *c, const struct insn *i, bool write)
{
	uint16_t sel;
	bool ok;

	if (selector(c, i, 0, &sel) || x86_verr(c, sel, write, &ok))
		return H_FAULT;
	return set_zf(c, ok);
}

int
h_verr(struct vcpu *c, const struct insn *i)
{
	return verify(c, i, false);
}

int
h_verw(struct vcpu *c, const struct insn *i)
{
	return verify(c, i, true);
}

/* ARPL raises the destination's RPL to the source's. */
int
h_arpl(struct vcpu *c, const struct insn *i)
{
	unsigned rpl = c->s.gpr[i->opnd[1].reg] & 3;
	struct rmw r;
	uint64_t v;

	if (i->opnd[0].kind == OPND_GPR) {
		v = c->s.gpr[i->opnd[0].reg];
		if ((v & 3) >= rpl)
			return set_zf(c, false);
		reg_set(c, i->opnd[0].reg, 2, (v & ~UINT64_C(3)) | rpl);
		return set_zf(c, true);
	}
	if (mem_rmw(c, i, 2, false, &r))
		return H_FAULT;
	v = r.old;
	if ((v & 3) < rpl)
		r.old = (v & ~UINT64_C(3)) | rpl;
	if (rmw_store(c, &r, r.old))
		return H_FAULT;
	return set_zf(c, (v & 3) < rpl);
}
