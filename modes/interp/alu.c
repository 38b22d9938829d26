/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two- and one-operand arithmetic and logic, shifts, exchanges with
 * arithmetic (XADD, CMPXCHG).  Every result and every flag comes from the
 * host's own instruction (native.h).
 */
#include "modes/interp/handlers.h"
#include "modes/interp/native.h"

ALU2(add)
ALU2(or)
ALU2(adc)
ALU2(sbb)
ALU2(and)
ALU2(sub)
ALU2(xor)
ALU2(cmp)
ALU2(test)
ALU1(inc)
ALU1(dec)
ALU1(neg)
SHIFT(rol)
SHIFT(ror)
SHIFT(rcl)
SHIFT(rcr)
SHIFT(shl)
SHIFT(shr)
SHIFT(sar)
SHIFT2(shld)
SHIFT2(shrd)

/* dst op= src, dst a register or memory, perhaps locked. */
static inline __attribute__((always_inline)) int
alu_rmw(struct vcpu *c, const struct insn *i, alu_fn *const fns[4],
    uint64_t src)
{
	const struct opnd *o = &i->opnd[0];
	alu_fn *fn = fns[size_index(o->size)];
	uint32_t old = flags_pack(c->s.rflags);
	uint32_t f = old;
	struct rmw r;
	int rc;

	if (o->kind == OPND_GPR) {
		opnd_set_reg(c, o, fn(opnd_reg(c, o), src, &f));
		flags_unpack(c, f);
		return H_NEXT;
	}
	if (mem_rmw(c, i, o->size, i->lock, &r))
		return H_FAULT;
	do {
		f = old;
		rc = rmw_store(c, &r, fn(r.old, src, &f));
	} while (rc > 0);
	if (rc < 0)
		return H_FAULT;
	flags_unpack(c, f);
	return H_NEXT;
}

static inline __attribute__((always_inline)) int
alu2(struct vcpu *c, const struct insn *i, alu_fn *const fns[4])
{
	uint64_t src;

	if (opnd_load(c, i, 1, &src))
		return H_FAULT;
	return alu_rmw(c, i, fns, src);
}

/* CMP and TEST: only flags come out. */
static inline __attribute__((always_inline)) int
alu_flags(struct vcpu *c, const struct insn *i, alu_fn *const fns[4])
{
	uint32_t f = flags_pack(c->s.rflags);
	uint64_t a, b;

	if (opnd_load(c, i, 0, &a) || opnd_load(c, i, 1, &b))
		return H_FAULT;
	fns[size_index(i->opnd[0].size)](a, b, &f);
	flags_unpack(c, f);
	return H_NEXT;
}

#define HANDLER(name, expr) \
	int h_##name(struct vcpu *c, const struct insn *i) { return expr; }

HANDLER(add, alu2(c, i, add_fns))
HANDLER(or, alu2(c, i, or_fns))
HANDLER(adc, alu2(c, i, adc_fns))
HANDLER(sbb, alu2(c, i, sbb_fns))
HANDLER(and, alu2(c, i, and_fns))
HANDLER(sub, alu2(c, i, sub_fns))
HANDLER(xor, alu2(c, i, xor_fns))
HANDLER(cmp, alu_flags(c, i, cmp_fns))
HANDLER(test, alu_flags(c, i, test_fns))
HANDLER(inc, alu_rmw(c, i, inc_fns, 0))
HANDLER(dec, alu_rmw(c, i, dec_fns, 0))
HANDLER(neg, alu_rmw(c, i, neg_fns, 0))

/* NOT leaves the flags alone. */
static uint64_t
not_any(uint64_t dst, uint64_t src, uint32_t *flags)
{
	return ~dst;
}

static alu_fn *const not_fns[4] = { not_any, not_any, not_any, not_any };

HANDLER(not, alu_rmw(c, i, not_fns, 0))

/* --- shifts and rotates --- */

static int
shift(struct vcpu *c, const struct insn *i, shift_fn *fn, uint64_t src,
    uint64_t count)
{
	const struct opnd *o = &i->opnd[0];
	uint32_t f = flags_pack(c->s.rflags);
	struct rmw r;

	if (o->kind == OPND_GPR) {
		opnd_set_reg(c, o, fn(opnd_reg(c, o), src, count, &f));
		flags_unpack(c, f);
		return H_NEXT;
	}
	if (mem_rmw(c, i, o->size, false, &r) ||
	    rmw_store(c, &r, fn(r.old, src, count, &f)))
		return H_FAULT;
	flags_unpack(c, f);
	return H_NEXT;
}

static int
shift1(struct vcpu *c, const struct insn *i, shift_fn *const fns[4])
{
	uint64_t count;

	if (opnd_load(c, i, 1, &count))
		return H_FAULT;
	return shift(c, i, fns[size_index(i->opnd[0].size)], 0, count);
}

static int
shift2(struct vcpu *c, const struct insn *i, shift_fn *const fns[4])
{
	uint64_t src, count;

	if (opnd_load(c, i, 1, &src) || opnd_load(c, i, 2, &count))
		return H_FAULT;
	return shift(c, i, fns[size_index(i->opnd[0].size)], src, count);
}

HANDLER(rol, shift1(c, i, rol_fns))
HANDLER(ror, shift1(c, i, ror_fns))
HANDLER(rcl, shift1(c, i, rcl_fns))
HANDLER(rcr, shift1(c, i, rcr_fns))
HANDLER(shl, shift1(c, i, shl_fns))
HANDLER(shr, shift1(c, i, shr_fns))
HANDLER(sar, shift1(c, i, sar_fns))
HANDLER(shld, shift2(c, i, shld_fns))
HANDLER(shrd, shift2(c, i, shrd_fns))

/* --- exchange with arithmetic --- */

int
h_xchg(struct vcpu *c, const struct insn *i)
{
	unsigned m = i->opnd[0].kind == OPND_MEM ? 0 : 1;
	const struct opnd *reg = &i->opnd[!m];
	uint64_t v = opnd_reg(c, reg);
	struct rmw r;
	int rc;

	if (i->opnd[m].kind == OPND_GPR) {
		uint64_t w = opnd_reg(c, &i->opnd[m]);

		opnd_set_reg(c, &i->opnd[m], v);
		opnd_set_reg(c, reg, w);
		return H_NEXT;
	}
	if (mem_rmw(c, i, reg->size, true, &r))
		return H_FAULT;
	/* rmw_store() replaces r.old when it loses a race: reload then. */
	while ((rc = rmw_store(c, &r, v)) > 0)
		;
	if (rc < 0)
		return H_FAULT;
	opnd_set_reg(c, reg, r.old);
	return H_NEXT;
}

int
h_xadd(struct vcpu *c, const struct insn *i)
{
	const struct opnd *reg = &i->opnd[1];
	alu_fn *fn = add_fns[size_index(reg->size)];
	uint32_t old = flags_pack(c->s.rflags);
	uint32_t f = old;
	uint64_t add = opnd_reg(c, reg);
	struct rmw r;
	int rc;

	if (i->opnd[0].kind == OPND_GPR) {
		uint64_t dst = opnd_reg(c, &i->opnd[0]);

		opnd_set_reg(c, reg, dst);
		opnd_set_reg(c, &i->opnd[0], fn(dst, add, &f));
		flags_unpack(c, f);
		return H_NEXT;
	}
	if (mem_rmw(c, i, reg->size, i->lock, &r))
		return H_FAULT;
	do {
		f = old;
		rc = rmw_store(c, &r, fn(r.old, add, &f));
	} while (rc > 0);
	if (rc < 0)
		return H_FAULT;
	opnd_set_reg(c, reg, r.old);
	flags_unpack(c, f);
	return H_NEXT;
}

int
h_cmpxchg(struct vcpu *c, const struct insn *i)
{
	const struct opnd *o = &i->opnd[0];
	unsigned size = o->size;
	uint64_t acc = reg_get(c, RAX, size);
	uint64_t src = opnd_reg(c, &i->opnd[1]);
	uint32_t f = flags_pack(c->s.rflags);
	struct rmw r;
	uint64_t old;
	int rc;

	if (o->kind == OPND_GPR) {
		old = opnd_reg(c, o);
		if (old == acc)
			opnd_set_reg(c, o, src);
	} else {
		if (mem_rmw(c, i, size, i->lock, &r))
			return H_FAULT;
		do
			rc = rmw_store(c, &r, r.old == acc ? src : r.old);
		while (rc > 0);
		if (rc < 0)
			return H_FAULT;
		old = r.old;
	}
	cmp_fns[size_index(size)](acc, old, &f);
	if (old != acc)
		reg_set(c, RAX, size, old);
	flags_unpack(c, f);
	return H_NEXT;
}

int
h_cmpxchg8b(struct vcpu *c, const struct insn *i)
{
	uint64_t want = c->s.gpr[RDX] << 32 | (uint32_t)c->s.gpr[RAX];
	uint64_t src = c->s.gpr[RCX] << 32 | (uint32_t)c->s.gpr[RBX];
	struct rmw r;
	int rc;

	if (mem_rmw(c, i, 8, i->lock, &r))
		return H_FAULT;
	do
		rc = rmw_store(c, &r, r.old == want ? src : r.old);
	while (rc > 0);
	if (rc < 0)
		return H_FAULT;
	if (r.old == want) {
		c->s.rflags |= FLAG_ZF;
	} else {
		c->s.rflags &= ~(uint64_t)FLAG_ZF;
		c->s.gpr[RAX] = (uint32_t)r.old;
		c->s.gpr[RDX] = r.old >> 32;
	}
	return H_NEXT;
}

/* Returns ZF; the accumulator pair takes what memory held. */
static bool
host_cmpxchg16b(uint8_t *p, uint64_t acc[2], uint64_t lo, uint64_t hi)
{
	bool done;

	__asm__ volatile("lock cmpxchg16b %1"
	    : "=@ccz"(done), "+m"(*(uint8_t (*)[16])p), "+a"(acc[0]),
	      "+d"(acc[1])
	    : "b"(lo), "c"(hi) : "memory");
	return done;
}

int
h_cmpxchg16b(struct vcpu *c, const struct insn *i)
{
	uint64_t acc[2] = { c->s.gpr[RAX], c->s.gpr[RDX] };
	uint64_t v[2];
	uint8_t *p;
	gva_t va;

	if (mem_linear(c, i, 16, true, &va))
		return H_FAULT;
	if (va & 15)
		return raise_gp0(c);
	/* Aligned, so within one page; without a host pointer it is MMIO. */
	p = host_ptr(c, va, 16, true);
	if (p) {
		if (host_cmpxchg16b(p, acc, c->s.gpr[RBX], c->s.gpr[RCX]))
			goto equal;
		goto differ;
	}
	if (probe_write(c, va, 16, i->mem.seg == SEG_SS) ||
	    ld_bytes(c, va, v, 16, i->mem.seg == SEG_SS))
		return H_FAULT;
	if (v[0] != acc[0] || v[1] != acc[1]) {
		acc[0] = v[0];
		acc[1] = v[1];
		goto differ;
	}
	v[0] = c->s.gpr[RBX];
	v[1] = c->s.gpr[RCX];
	if (st_bytes(c, va, v, 16, i->mem.seg == SEG_SS))
		return H_FAULT;
equal:
	c->s.rflags |= FLAG_ZF;
	return H_NEXT;
differ:
	c->s.rflags &= ~(uint64_t)FLAG_ZF;
	c->s.gpr[RAX] = acc[0];
	c->s.gpr[RDX] = acc[1];
	return H_NEXT;
}
