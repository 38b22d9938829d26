/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiplication, division and the decimal adjustments.  Flags of MUL and DIV
 * are the host's; the decimal instructions do not exist in 64-bit mode, so
 * they are computed as SDM 2 writes them, with undefined flags kept.
 */
#include "modes/interp/handlers.h"
#include "modes/interp/native.h"

ALU2W(imul)

/*
 * One-operand MUL/IMUL/DIV/IDIV on the accumulator pair.  pair[0] is the low
 * half (for bytes: AX), pair[1] the high one.
 */
typedef void pair_fn(uint64_t pair[2], uint64_t src, uint32_t *flags);

#define PAIR_BYTE(op) \
	static void \
	op##_pair_1(uint64_t pair[2], uint64_t src, uint32_t *flags) \
	{ \
		uint32_t f = *flags; \
		uint16_t ax = pair[0]; \
		\
		__asm__ volatile(NATIVE_IN \
		    "movw %1,%%ax\n\t" #op "b %2\n\tmovw %%ax,%1" \
		    NATIVE_OUT : "+a"(f), "+r"(ax) : "r"((uint8_t)src) \
		    : "cc"); \
		*flags = f; \
		pair[0] = ax; \
	}

#define PAIR_WIDE(op, n, suffix, type) \
	static void \
	op##_pair_##n(uint64_t pair[2], uint64_t src, uint32_t *flags) \
	{ \
		uint64_t f = *flags; \
		type lo = pair[0]; \
		type hi = pair[1]; \
		\
		__asm__ volatile(NATIVE_IN \
		    "mov %1,%%" suffix "ax\n\t" #op " %3\n\tmov %%" suffix \
		    "ax,%1" NATIVE_OUT \
		    : "+a"(f), "+r"(lo), "+d"(hi) : "r"((type)src) : "cc"); \
		*flags = f; \
		pair[0] = lo; \
		pair[1] = hi; \
	}

#define PAIR(op) \
	PAIR_BYTE(op) \
	PAIR_WIDE(op, 2, "", uint16_t) \
	PAIR_WIDE(op, 4, "e", uint32_t) \
	PAIR_WIDE(op, 8, "r", uint64_t) \
	static pair_fn *const op##_pair_fns[4] = \
	    { op##_pair_1, op##_pair_2, op##_pair_4, op##_pair_8 };

PAIR(mul)
PAIR(imul)
PAIR(div)
PAIR(idiv)

static void
pair_load(const struct vcpu *c, unsigned size, uint64_t pair[2])
{
	pair[0] = reg_get(c, RAX, size == 1 ? 2 : size);
	pair[1] = size == 1 ? 0 : reg_get(c, RDX, size);
}

static void
pair_store(struct vcpu *c, unsigned size, const uint64_t pair[2])
{
	reg_set(c, RAX, size == 1 ? 2 : size, pair[0]);
	if (size != 1)
		reg_set(c, RDX, size, pair[1]);
}

/* The explicit operand is the last one that is not the accumulator's. */
static int
pair_source(struct vcpu *c, const struct insn *i, uint64_t *src,
    unsigned *size)
{
	*size = i->op_bytes;
	for (unsigned n = 0; n < i->n_opnd; n++) {
		const struct opnd *o = &i->opnd[n];

		if (o->place != PLACE_RM)
			continue;
		*size = o->size;
		return opnd_load(c, i, n, src);
	}
	return raise_ud(c);
}

static int
multiply(struct vcpu *c, const struct insn *i, pair_fn *const fns[4])
{
	uint32_t f = flags_pack(c->s.rflags);
	uint64_t pair[2];
	uint64_t src;
	unsigned size;

	if (pair_source(c, i, &src, &size))
		return H_FAULT;
	pair_load(c, size, pair);
	fns[size_index(size)](pair, src, &f);
	pair_store(c, size, pair);
	flags_unpack(c, f);
	return H_NEXT;
}

int
h_mul(struct vcpu *c, const struct insn *i)
{
	return multiply(c, i, mul_pair_fns);
}

/* IMUL with one, two or three operands. */
int
h_imul(struct vcpu *c, const struct insn *i)
{
	const struct opnd *o = &i->opnd[0];
	uint32_t f = flags_pack(c->s.rflags);
	uint64_t a, b;

	if (i->map == MAP_ONE && (i->opcode & 0xfe) == 0xf6)
		return multiply(c, i, imul_pair_fns);
	if (i->map == MAP_ONE) {	/* 69, 6B: r, r/m, imm */
		if (opnd_load(c, i, 1, &a))
			return H_FAULT;
		b = i->imm;
	} else {			/* 0F AF: r, r/m */
		a = opnd_reg(c, o);
		if (opnd_load(c, i, 1, &b))
			return H_FAULT;
	}
	opnd_set_reg(c, o, imul_fns[size_index(o->size)](a, b, &f));
	flags_unpack(c, f);
	return H_NEXT;
}

static uint64_t
magnitude(int64_t v)
{
	return v < 0 ? -(uint64_t)v : (uint64_t)v;
}

static bool
div_overflows(const uint64_t pair[2], uint64_t src, unsigned size)
{
	if (size == 1)
		return src == 0 || pair[0] >> 8 >= src;
	return src == 0 || pair[1] >= src;
}

/* Divide magnitudes, then see whether the quotient fits with its sign. */
static bool
idiv_overflows(const uint64_t pair[2], uint64_t src, unsigned size)
{
	int64_t divisor = sign_extend(src, size);
	uint64_t limit = UINT64_C(1) << (size * 8 - 1);
	uint64_t d = magnitude(divisor);
	uint64_t lo, hi, q;
	bool negative;

	if (divisor == 0)
		return true;
	if (size == 8) {
		lo = pair[0];
		hi = pair[1];
		negative = (int64_t)hi < 0;
		if (negative) {
			lo = -lo;
			hi = ~hi + (lo == 0);
		}
		if (hi >= d)
			return true;
		__asm__("divq %2" : "=a"(q), "+d"(hi)
		    : "r"(d), "0"(lo) : "cc");
	} else {
		int64_t dividend = size == 1 ? sign_extend(pair[0], 2) :
		    sign_extend(pair[1] << size * 8 | pair[0], size * 2);

		negative = dividend < 0;
		q = magnitude(dividend) / d;
	}
	return negative == (divisor < 0) ? q >= limit : q > limit;
}

static int
divide(struct vcpu *c, const struct insn *i, pair_fn *const fns[4],
    bool (*overflows)(const uint64_t pair[2], uint64_t src, unsigned size))
{
	uint32_t f = flags_pack(c->s.rflags);
	uint64_t pair[2];
	uint64_t src;
	unsigned size;

	if (pair_source(c, i, &src, &size))
		return H_FAULT;
	pair_load(c, size, pair);
	if (overflows(pair, src, size))
		return x86_raise(c, VEC_DE);
	fns[size_index(size)](pair, src, &f);
	pair_store(c, size, pair);
	flags_unpack(c, f);
	return H_NEXT;
}

int
h_div(struct vcpu *c, const struct insn *i)
{
	return divide(c, i, div_pair_fns, div_overflows);
}

int
h_idiv(struct vcpu *c, const struct insn *i)
{
	return divide(c, i, idiv_pair_fns, idiv_overflows);
}

/* --- decimal arithmetic --- */

static void
set_flag(struct vcpu *c, uint64_t flag, bool on)
{
	c->s.rflags = on ? c->s.rflags | flag : c->s.rflags & ~flag;
}

/* SF, ZF and PF of AL. */
static void
set_szp(struct vcpu *c, uint8_t v)
{
	set_flag(c, FLAG_SF, v & 0x80);
	set_flag(c, FLAG_ZF, v == 0);
	set_flag(c, FLAG_PF, !__builtin_parity(v));
}

static int
decimal_adjust(struct vcpu *c, int sign)
{
	uint8_t old = c->s.gpr[RAX];
	uint8_t al = old;
	bool cf = c->s.rflags & FLAG_CF;
	bool carry = cf;
	bool af = (old & 15) > 9 || (c->s.rflags & FLAG_AF);

	if (af) {
		al += sign * 6;
		/* DAS: a borrow out of the low digit counts too. */
		if (sign < 0)
			carry = cf || old < 6;
	}
	if (old > 0x99 || cf) {
		al += sign * 0x60;
		carry = true;
	} else if (sign > 0) {
		carry = false;
	}
	reg_set(c, RAX, 1, al);
	set_flag(c, FLAG_AF, af);
	set_flag(c, FLAG_CF, carry);
	set_szp(c, al);
	return H_NEXT;
}

int
h_daa(struct vcpu *c, const struct insn *i)
{
	return decimal_adjust(c, 1);
}

int
h_das(struct vcpu *c, const struct insn *i)
{
	return decimal_adjust(c, -1);
}

static int
ascii_adjust(struct vcpu *c, int sign)
{
	uint16_t ax = c->s.gpr[RAX];
	bool adjust = (ax & 15) > 9 || (c->s.rflags & FLAG_AF);

	if (adjust)
		ax += sign * 0x106;
	ax &= 0xff0f;
	reg_set(c, RAX, 2, ax);
	set_flag(c, FLAG_AF, adjust);
	set_flag(c, FLAG_CF, adjust);
	set_szp(c, ax);
	return H_NEXT;
}

int
h_aaa(struct vcpu *c, const struct insn *i)
{
	return ascii_adjust(c, 1);
}

int
h_aas(struct vcpu *c, const struct insn *i)
{
	return ascii_adjust(c, -1);
}

int
h_aam(struct vcpu *c, const struct insn *i)
{
	uint8_t base = i->imm;
	uint8_t al = c->s.gpr[RAX];

	if (!base)
		return x86_raise(c, VEC_DE);
	reg_set(c, RAX, 2, (al / base) << 8 | al % base);
	set_szp(c, al % base);
	return H_NEXT;
}

int
h_aad(struct vcpu *c, const struct insn *i)
{
	uint8_t al = c->s.gpr[RAX];
	uint8_t ah = c->s.gpr[RAX] >> 8;

	al += ah * (uint8_t)i->imm;
	reg_set(c, RAX, 2, al);
	set_szp(c, al);
	return H_NEXT;
}
