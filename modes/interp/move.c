/* SPDX-License-Identifier: Apache-2.0 */
/* Data moves between registers and memory, conditions, flag bits. */
#include "modes/interp/handlers.h"

int
h_mov(struct vcpu *c, const struct insn *i)
{
	uint64_t v;

	if (opnd_load(c, i, 1, &v))
		return H_FAULT;
	return opnd_store(c, i, 0, v);
}

int
h_movzx(struct vcpu *c, const struct insn *i)
{
	uint64_t v;

	if (opnd_load(c, i, 1, &v))
		return H_FAULT;
	opnd_set_reg(c, &i->opnd[0], v);
	return H_NEXT;
}

/* MOVSX and MOVSXD. */
int
h_movsx(struct vcpu *c, const struct insn *i)
{
	uint64_t v;

	if (opnd_load(c, i, 1, &v))
		return H_FAULT;
	opnd_set_reg(c, &i->opnd[0], sign_extend(v, i->opnd[1].size));
	return H_NEXT;
}

int
h_lea(struct vcpu *c, const struct insn *i)
{
	opnd_set_reg(c, &i->opnd[0], effective(c, i));
	return H_NEXT;
}

int
h_nop(struct vcpu *c, const struct insn *i)
{
	return H_NEXT;
}

int
h_cmov(struct vcpu *c, const struct insn *i)
{
	const struct opnd *o = &i->opnd[0];
	uint64_t v;

	/* Memory is read, and a 32-bit destination widened, in any case. */
	if (opnd_load(c, i, 1, &v))
		return H_FAULT;
	if (!cond_true(c->s.rflags, i->cond))
		v = opnd_reg(c, o);
	opnd_set_reg(c, o, v);
	return H_NEXT;
}

int
h_setcc(struct vcpu *c, const struct insn *i)
{
	return opnd_store(c, i, 0, cond_true(c->s.rflags, i->cond));
}

/* CBW, CWDE, CDQE */
int
h_cbw(struct vcpu *c, const struct insn *i)
{
	reg_set(c, RAX, i->op_bytes, sign_extend(c->s.gpr[RAX],
	    i->op_bytes / 2));
	return H_NEXT;
}

/* CWD, CDQ, CQO */
int
h_cwd(struct vcpu *c, const struct insn *i)
{
	reg_set(c, RDX, i->op_bytes,
	    sign_extend(c->s.gpr[RAX], i->op_bytes) < 0 ? ~UINT64_C(0) : 0);
	return H_NEXT;
}

int
h_lahf(struct vcpu *c, const struct insn *i)
{
	uint64_t low = (c->s.rflags & (FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF |
	    FLAG_CF)) | FLAG_FIXED1;

	c->s.gpr[RAX] = (c->s.gpr[RAX] & ~UINT64_C(0xff00)) | low << 8;
	return H_NEXT;
}

int
h_sahf(struct vcpu *c, const struct insn *i)
{
	set_arith(c, (c->s.rflags & FLAG_OF) | (c->s.gpr[RAX] >> 8 & 0xff));
	return H_NEXT;
}

int
h_salc(struct vcpu *c, const struct insn *i)
{
	reg_set(c, RAX, 1, c->s.rflags & FLAG_CF ? 0xff : 0);
	return H_NEXT;
}

int
h_clc(struct vcpu *c, const struct insn *i)
{
	c->s.rflags &= ~(uint64_t)FLAG_CF;
	return H_NEXT;
}

int
h_stc(struct vcpu *c, const struct insn *i)
{
	c->s.rflags |= FLAG_CF;
	return H_NEXT;
}

int
h_cmc(struct vcpu *c, const struct insn *i)
{
	c->s.rflags ^= FLAG_CF;
	return H_NEXT;
}

int
h_cld(struct vcpu *c, const struct insn *i)
{
	c->s.rflags &= ~(uint64_t)FLAG_DF;
	return H_NEXT;
}

int
h_std(struct vcpu *c, const struct insn *i)
{
	c->s.rflags |= FLAG_DF;
	return H_NEXT;
}

int
h_xlat(struct vcpu *c, const struct insn *i)
{
	uint64_t off = c->s.gpr[RBX] + (uint8_t)c->s.gpr[RAX];
	enum seg_name seg = i->has_mem ? i->mem.seg :
	    i->seg_override != REG_NONE ? i->seg_override : SEG_DS;
	uint64_t v;
	gva_t va;

	if (linear(c, i->mode, seg, off & addr_mask(i->addr_bytes), 1, false,
	    &va) || ld(c, va, 1, seg == SEG_SS, &v))
		return H_FAULT;
	reg_set(c, RAX, 1, v);
	return H_NEXT;
}

/* MOVDIRI: a store. */
int
h_movdiri(struct vcpu *c, const struct insn *i)
{
	return mem_store(c, i, i->opnd[0].size, opnd_reg(c, &i->opnd[1]));
}

/* MOVDIR64B: 64 bytes from the memory operand to ES:[register]. */
int
h_movdir64b(struct vcpu *c, const struct insn *i)
{
	uint64_t off = c->s.gpr[i->reg] & addr_mask(i->addr_bytes);
	uint8_t line[64];
	gva_t from, to;

	if (linear(c, i->mode, SEG_ES, off, 64, true, &to) ||
	    mem_linear(c, i, 64, false, &from))
		return H_FAULT;
	if (to & 63)
		return raise_gp0(c);
	if (ld_bytes(c, from, line, 64, i->mem.seg == SEG_SS) ||
	    st_bytes(c, to, line, 64, false))
		return H_FAULT;
	return H_NEXT;
}
