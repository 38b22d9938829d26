/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bit tests, bit scans, byte swaps.  A bit test on memory with a register
 * offset reaches any bit of memory, not only the operand's own.
 */
#include "modes/interp/handlers.h"
#include "modes/interp/native.h"

ALU2W(bt)
ALU2W(bts)
ALU2W(btr)
ALU2W(btc)

#define SCAN_ONE(name, insn, type) \
	static uint64_t \
	name(uint64_t dst, uint64_t src, uint32_t *flags) \
	{ \
		type d = dst; \
		type s = src; \
		uint32_t f = *flags; \
		\
		__asm__ volatile(NATIVE_IN insn " %2,%0" NATIVE_OUT \
		    : "+r"(d), "+a"(f) : "r"(s) : "cc"); \
		*flags = f; \
		return d; \
	}

#define SCAN(op) \
	SCAN_ONE(op##_2, #op "w", uint16_t) \
	SCAN_ONE(op##_4, #op "l", uint32_t) \
	SCAN_ONE(op##_8, #op "q", uint64_t) \
	static alu_fn *const op##_fns[4] = { NULL, op##_2, op##_4, op##_8 };

SCAN(bsf)
SCAN(bsr)

/* Linear address of the operand-sized word that holds the bit. */
static int
bit_address(struct vcpu *c, const struct insn *i, unsigned size, bool write,
    gva_t *va)
{
	uint64_t off = effective(c, i);
	int64_t bit;

	if (i->opnd[1].kind == OPND_GPR) {
		bit = sign_extend(opnd_reg(c, &i->opnd[1]), size);
		off += (bit >> (size == 8 ? 6 : size == 4 ? 5 : 4)) *
		    (int64_t)size;
		off &= addr_mask(i->addr_bytes);
	}
	return linear(c, i->mode, i->mem.seg, off, size, write, va);
}

static int
bit_test(struct vcpu *c, const struct insn *i, alu_fn *const fns[4],
    bool write)
{
	const struct opnd *o = &i->opnd[0];
	unsigned size = o->size;
	alu_fn *fn = fns[size_index(size)];
	uint32_t old = flags_pack(c->s.rflags);
	uint32_t f = old;
	bool stack = i->mem.seg == SEG_SS;
	uint64_t bit, v;
	struct rmw r;
	gva_t va;
	int rc;

	bit = i->opnd[1].kind == OPND_GPR ? opnd_reg(c, &i->opnd[1]) :
	    (uint64_t)i->imm;
	bit &= size * 8 - 1;
	if (o->kind == OPND_GPR) {
		v = fn(opnd_reg(c, o), bit, &f);
		if (write)
			opnd_set_reg(c, o, v);
	} else if (!write) {
		if (bit_address(c, i, size, false, &va) ||
		    ld(c, va, size, stack, &v))
			return H_FAULT;
		fn(v, bit, &f);
	} else {
		if (bit_address(c, i, size, true, &va) ||
		    rmw_load(c, va, size, i->lock, stack, &r))
			return H_FAULT;
		do {
			f = old;
			rc = rmw_store(c, &r, fn(r.old, bit, &f));
		} while (rc > 0);
		if (rc < 0)
			return H_FAULT;
	}
	flags_unpack(c, f);
	return H_NEXT;
}

int
h_bt(struct vcpu *c, const struct insn *i)
{
	return bit_test(c, i, bt_fns, false);
}

int
h_bts(struct vcpu *c, const struct insn *i)
{
	return bit_test(c, i, bts_fns, true);
}

int
h_btr(struct vcpu *c, const struct insn *i)
{
	return bit_test(c, i, btr_fns, true);
}

int
h_btc(struct vcpu *c, const struct insn *i)
{
	return bit_test(c, i, btc_fns, true);
}

/* A zero source leaves the destination as it was, upper half included. */
static int
scan(struct vcpu *c, const struct insn *i, alu_fn *const fns[4])
{
	const struct opnd *o = &i->opnd[0];
	uint32_t f = flags_pack(c->s.rflags);
	uint64_t src, v;

	if (opnd_load(c, i, 1, &src))
		return H_FAULT;
	v = fns[size_index(o->size)](opnd_reg(c, o), src, &f);
	if (src)
		opnd_set_reg(c, o, v);
	flags_unpack(c, f);
	return H_NEXT;
}

int
h_bsf(struct vcpu *c, const struct insn *i)
{
	return scan(c, i, bsf_fns);
}

int
h_bsr(struct vcpu *c, const struct insn *i)
{
	return scan(c, i, bsr_fns);
}

static uint64_t
swap(uint64_t v, unsigned size)
{
	switch (size) {
	case 2:
		return __builtin_bswap16(v);
	case 4:
		return __builtin_bswap32(v);
	default:
		return __builtin_bswap64(v);
	}
}

int
h_bswap(struct vcpu *c, const struct insn *i)
{
	const struct opnd *o = &i->opnd[0];
	uint16_t v;

	if (o->size == 2) {
		/* Undefined by the manuals: what the host makes of it. */
		v = opnd_reg(c, o);
		__asm__(".byte 0x66; bswap %k0" : "+r"(v));
		opnd_set_reg(c, o, v);
		return H_NEXT;
	}
	opnd_set_reg(c, o, swap(opnd_reg(c, o), o->size));
	return H_NEXT;
}

int
h_movbe(struct vcpu *c, const struct insn *i)
{
	uint64_t v;

	if (opnd_load(c, i, 1, &v))
		return H_FAULT;
	return opnd_store(c, i, 0, swap(v, i->opnd[0].size));
}
