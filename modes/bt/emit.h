/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emitter's vocabulary: one function per shape of host instruction,
 * operands spelt in the name (rr register-register, rm register-memory, gs a
 * field of the vCPU, gsx a field plus a register).
 *
 * Code is written through the writable alias and runs at rx; e->rx - e->rw is
 * constant, so addresses are computed from the place the code will run at.
 * Running out of room is sticky in e->overflow and surfaces once, at the end.
 *
 * What would be different in a translation of the same code at another guest
 * address is noted as it is emitted (struct reloc), for copies: reloc.c.
 */
#ifndef TRIVISOR_MODES_BT_EMIT_H
#define TRIVISOR_MODES_BT_EMIT_H

#include "base/base.h"

/* Host registers by their encoding. */
enum hreg {
	H_RAX, H_RCX, H_RDX, H_RBX, H_RSP, H_RBP, H_RSI, H_RDI,
	H_R8, H_R9, H_R10, H_R11, H_R12, H_R13, H_R14, H_R15,
	H_NONE = 0xff,
};

enum { W32 = 0, W64 = 1 };

/* Condition codes of Jcc. */
enum { CC_B = 2, CC_AE = 3, CC_E = 4, CC_NE = 5, CC_A = 7 };

/*
 * A field of the code that a copy has changed: four bytes at an offset, eight
 * for a constant of class IMM_64.
 */
struct reloc {
	uint16_t off;
	uint8_t kind;		/* enum reloc_kind */
	uint8_t cls;		/* of constants: enum imm_class */
};

enum reloc_kind {
	RELOC_OUT,		/* rel32 to outside of the translation */
	RELOC_TU,		/* the translation's number */
	RELOC_EXIT,		/* the number of one of its exits */
	RELOC_VA,		/* a guest address that moves with the code */
	RELOC_NEG_VA,		/* the negative of one */
	RELOC_TLB,		/* offset of such an address's TLB entry */
	RELOC_JC,		/* and jump cache entry */
};

/* How a constant is encoded may depend on this and nothing else. */
enum imm_class { IMM_POS31, IMM_POS32, IMM_NEG32, IMM_64 };

static inline enum imm_class
imm_class(uint64_t v)
{
	if (v <= UINT32_MAX)
		return v <= INT32_MAX ? IMM_POS31 : IMM_POS32;
	return (uint64_t)(int64_t)(int32_t)v == v ? IMM_NEG32 : IMM_64;
}

struct emit {
	uint8_t *p;		/* next byte, in the writable alias */
	uint8_t *end;
	ptrdiff_t rx_off;	/* rx address - rw address */
	bool overflow;

	/* Only where a translation is made; else reloc is NULL. */
	uint8_t *start;		/* its first byte */
	struct reloc *reloc;
	unsigned n_reloc, max_reloc;
	bool fixed;		/* holds what cannot be relocated */
};

static inline const uint8_t *
emit_rx(const struct emit *e)
{
	return e->p + e->rx_off;
}

static inline void
emit8(struct emit *e, unsigned v)
{
	if (unlikely(e->p >= e->end)) {
		e->overflow = true;
		return;
	}
	*e->p++ = (uint8_t)v;
}

static inline void
emit32(struct emit *e, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		emit8(e, v >> (8 * i));
}

static inline void
emit64(struct emit *e, uint64_t v)
{
	emit32(e, (uint32_t)v);
	emit32(e, (uint32_t)(v >> 32));
}

/* The constant of n bytes that was just emitted depends on the address. */
static inline void
emit_reloc(struct emit *e, enum reloc_kind kind, enum imm_class cls,
    unsigned n)
{
	if (!e->reloc || e->overflow)
		return;
	if (e->n_reloc == e->max_reloc) {
		e->overflow = true;
		return;
	}
	e->reloc[e->n_reloc++] = (struct reloc){
		.off = (uint16_t)(e->p - e->start - n),
		.kind = (uint8_t)kind, .cls = (uint8_t)cls,
	};
}

/* Opcodes are written as 0x8b, 0x0fb6, 0x0f38f0. */
static inline void
emit_opcode(struct emit *e, uint32_t op)
{
	if (op > 0xffff)
		emit8(e, op >> 16);
	if (op > 0xff)
		emit8(e, op >> 8);
	emit8(e, op);
}

static inline void
emit_rex(struct emit *e, unsigned w, unsigned r, unsigned x, unsigned b)
{
	unsigned v = 0x40 | w << 3 | (r >> 3 & 1) << 2 | (x >> 3 & 1) << 1 |
	    (b >> 3 & 1);

	if (v != 0x40)
		emit8(e, v);
}

static inline void
emit_modrm(struct emit *e, unsigned mod, unsigned reg, unsigned rm)
{
	emit8(e, mod << 6 | (reg & 7) << 3 | (rm & 7));
}

static inline void
op_rr(struct emit *e, unsigned w, uint32_t op, unsigned reg, unsigned rm)
{
	emit_rex(e, w, reg, 0, rm);
	emit_opcode(e, op);
	emit_modrm(e, 3, reg, rm);
}

static inline unsigned
scale_bits(unsigned scale)
{
	return scale == 8 ? 3 : scale == 4 ? 2 : scale == 2 ? 1 : 0;
}

/* ModRM, SIB and displacement of [base + index*scale + disp]. */
static inline void
emit_mem(struct emit *e, unsigned reg, unsigned base, unsigned index,
    unsigned scale, int32_t disp)
{
	bool sib = index != H_NONE || base == H_NONE || (base & 7) == H_RSP;
	unsigned mod;

	if (base == H_NONE)
		mod = 0;
	else if (disp == 0 && (base & 7) != H_RBP)
		mod = 0;
	else if (disp >= -128 && disp <= 127)
		mod = 1;
	else
		mod = 2;
	emit_modrm(e, mod, reg, sib ? 4 : base);
	if (sib)
		emit8(e, scale_bits(scale) << 6 |
		    (index == H_NONE ? 4 : index & 7) << 3 |
		    (base == H_NONE ? 5 : base & 7));
	if (base == H_NONE || mod == 2)
		emit32(e, (uint32_t)disp);
	else if (mod == 1)
		emit8(e, (uint8_t)disp);
}

static inline void
op_rmx(struct emit *e, unsigned w, uint32_t op, unsigned reg, unsigned base,
    unsigned index, unsigned scale, int32_t disp)
{
	emit_rex(e, w, reg, index == H_NONE ? 0 : index,
	    base == H_NONE ? 0 : base);
	emit_opcode(e, op);
	emit_mem(e, reg, base, index, scale, disp);
}

static inline void
op_rm(struct emit *e, unsigned w, uint32_t op, unsigned reg, unsigned base,
    int32_t disp)
{
	op_rmx(e, w, op, reg, base, H_NONE, 1, disp);
}

/* gs:[disp] */
static inline void
op_gs(struct emit *e, unsigned w, uint32_t op, unsigned reg, uint32_t disp)
{
	emit8(e, 0x65);
	emit_rex(e, w, reg, 0, 0);
	emit_opcode(e, op);
	emit_modrm(e, 0, reg, 4);
	emit8(e, 0x25);
	emit32(e, disp);
}

/* gs:[base + disp32] */
static inline void
op_gsx(struct emit *e, unsigned w, uint32_t op, unsigned reg, unsigned base,
    uint32_t disp)
{
	emit8(e, 0x65);
	emit_rex(e, w, reg, 0, base);
	emit_opcode(e, op);
	emit_modrm(e, 2, reg, base);
	if ((base & 7) == H_RSP)
		emit8(e, 0x24);
	emit32(e, disp);
}

/* gs:[index*8 + disp32] */
static inline void
op_gsx8(struct emit *e, unsigned w, uint32_t op, unsigned reg, unsigned index,
    uint32_t disp)
{
	emit8(e, 0x65);
	emit_rex(e, w, reg, index, 0);
	emit_opcode(e, op);
	emit_modrm(e, 0, reg, 4);
	emit8(e, 3 << 6 | (index & 7) << 3 | 5);
	emit32(e, disp);
}

#define OP_LOAD 0x8bu
#define OP_STORE 0x89u
#define OP_LEA 0x8du

static inline void
mov_rr(struct emit *e, unsigned dst, unsigned src)
{
	op_rr(e, W64, OP_LOAD, dst, src);
}

static inline void
load_gs(struct emit *e, unsigned reg, uint32_t disp)
{
	op_gs(e, W64, OP_LOAD, reg, disp);
}

static inline void
store_gs(struct emit *e, unsigned reg, uint32_t disp)
{
	op_gs(e, W64, OP_STORE, reg, disp);
}

/* mov dword/qword gs:[disp], imm32 (sign extended). */
static inline void
store_gs_imm(struct emit *e, unsigned w, uint32_t disp, int32_t imm)
{
	op_gs(e, w, 0xc7, 0, disp);
	emit32(e, (uint32_t)imm);
}

/* Flag-free constant. */
static inline void
mov_ri(struct emit *e, unsigned reg, uint64_t v)
{
	if (v <= UINT32_MAX) {
		emit_rex(e, W32, 0, 0, reg);
		emit8(e, 0xb8 | (reg & 7));
		emit32(e, (uint32_t)v);
	} else if ((uint64_t)(int64_t)(int32_t)v == v) {
		op_rr(e, W64, 0xc7, 0, reg);
		emit32(e, (uint32_t)v);
	} else {
		emit_rex(e, W64, 0, 0, reg);
		emit8(e, 0xb8 | (reg & 7));
		emit64(e, v);
	}
}

/* The same for a guest address, or its negative, that moves with the code. */
static inline void
mov_va(struct emit *e, unsigned reg, uint64_t v, enum reloc_kind kind)
{
	enum imm_class cls = imm_class(v);

	mov_ri(e, reg, v);
	emit_reloc(e, kind, cls, cls == IMM_64 ? 8 : 4);
}

/* And for the number of a translation or an exit. */
static inline void
mov_id(struct emit *e, unsigned reg, uint32_t id, enum reloc_kind kind)
{
	mov_ri(e, reg, id);
	emit_reloc(e, kind, IMM_POS32, 4);
}

/* lea dst, [base + disp] / [base + index] */
static inline void
lea_rm(struct emit *e, unsigned dst, unsigned base, int32_t disp)
{
	op_rm(e, W64, OP_LEA, dst, base, disp);
}

static inline void
lea_rr(struct emit *e, unsigned dst, unsigned base, unsigned index)
{
	op_rmx(e, W64, OP_LEA, dst, base, index, 1, 0);
}

/* Group 1 with an imm32: add 0, or 1, and 4, sub 5, xor 6, cmp 7. */
static inline void
alu_ri(struct emit *e, unsigned w, unsigned ext, unsigned reg, int32_t imm)
{
	if (imm >= -128 && imm <= 127) {
		op_rr(e, w, 0x83, ext, reg);
		emit8(e, (uint8_t)imm);
	} else {
		op_rr(e, w, 0x81, ext, reg);
		emit32(e, (uint32_t)imm);
	}
}

static inline void
shr_ri(struct emit *e, unsigned w, unsigned reg, unsigned n)
{
	op_rr(e, w, 0xc1, 5, reg);
	emit8(e, n);
}

static inline void
emit_vex3(struct emit *e, unsigned map, unsigned pp, unsigned w, unsigned reg,
    unsigned vvvv, unsigned index, unsigned base)
{
	emit8(e, 0xc4);
	emit8(e, (~reg >> 3 & 1) << 7 | (~index >> 3 & 1) << 6 |
	    (~base >> 3 & 1) << 5 | map);
	emit8(e, w << 7 | (~vvvv & 15) << 3 | pp);
}

/* BMI2, flag-free. */
static inline void
rorx(struct emit *e, unsigned dst, unsigned src, unsigned n)
{
	emit_vex3(e, 3, 3, 1, dst, 0, 0, src);
	emit8(e, 0xf0);
	emit_modrm(e, 3, dst, src);
	emit8(e, n);
}

/* Shifts by a register, flag-free: pp 1 SHLX, 2 SARX, 3 SHRX. */
static inline void
shx(struct emit *e, unsigned pp, unsigned w, unsigned dst, unsigned src,
    unsigned count)
{
	emit_vex3(e, 2, pp, w, dst, count, 0, src);
	emit8(e, 0xf7);
	emit_modrm(e, 3, dst, src);
}

#define SHX_SHL 1
#define SHX_SAR 2
#define SHX_SHR 3

/* pp 3: PDEP, pp 2: PEXT; the mask is gs:[disp]. */
static inline void
pdx_gs(struct emit *e, unsigned pp, unsigned dst, unsigned src, uint32_t disp)
{
	emit8(e, 0x65);
	emit_vex3(e, 2, pp, 1, dst, src, 0, 0);
	emit8(e, 0xf5);
	emit_modrm(e, 0, dst, 4);
	emit8(e, 0x25);
	emit32(e, disp);
}

#define pdep_gs(e, dst, src, disp) pdx_gs(e, 3, dst, src, disp)
#define pext_gs(e, dst, src, disp) pdx_gs(e, 2, dst, src, disp)

/* Relative branches to a known place in the code cache. */
static inline void
emit_rel32(struct emit *e, const uint8_t *target)
{
	emit32(e, (uint32_t)(target - (emit_rx(e) + 4)));
	/* The common pieces come before all translations. */
	if (e->reloc && target < e->start + e->rx_off)
		emit_reloc(e, RELOC_OUT, IMM_64, 4);
}

static inline void
jmp_to(struct emit *e, const uint8_t *target)
{
	emit8(e, 0xe9);
	emit_rel32(e, target);
}

static inline void
call_to(struct emit *e, const uint8_t *target)
{
	emit8(e, 0xe8);
	emit_rel32(e, target);
}

/*
 * Forward branches: emit with an unknown target, keep the position of the
 * displacement, and bind later.
 */
static inline uint8_t *
jcc_fwd(struct emit *e, unsigned cc)
{
	emit8(e, 0x0f);
	emit8(e, 0x80 | cc);
	emit32(e, 0);
	return e->p - 4;
}

static inline uint8_t *
jmp_fwd(struct emit *e)
{
	emit8(e, 0xe9);
	emit32(e, 0);
	return e->p - 4;
}

static inline void
bind32(struct emit *e, uint8_t *at)
{
	int32_t d = (int32_t)(e->p - (at + 4));

	if (!e->overflow)
		__builtin_memcpy(at, &d, 4);
}

/* JRCXZ, and a short Jcc (0x70 | cc) or JMP (0xeb). */
static inline uint8_t *
short_fwd(struct emit *e, unsigned opcode)
{
	emit8(e, opcode);
	emit8(e, 0);
	return e->p - 1;
}

#define OP_JRCXZ 0xe3u

static inline void
bind8(struct emit *e, uint8_t *at)
{
	ptrdiff_t d = e->p - (at + 1);

	if (e->overflow)
		return;
	BUG_ON(d > 127);
	*at = (uint8_t)d;
}

/* jmp qword gs:[index*8 + disp] */
static inline void
jmp_gsx8(struct emit *e, unsigned index, uint32_t disp)
{
	op_gsx8(e, W32, 0xff, 4, index, disp);
}

/* Recommended multi-byte NOPs (SDM 2, NOP). */
static inline void
emit_nops(struct emit *e, unsigned n)
{
	static const uint8_t nop[4][4] = {
		{ 0x90 }, { 0x66, 0x90 }, { 0x0f, 0x1f, 0x00 },
		{ 0x0f, 0x1f, 0x40, 0x00 },
	};

	while (n) {
		unsigned k = n > 4 ? 4 : n;

		for (unsigned i = 0; i < k; i++)
			emit8(e, nop[k - 1][i]);
		n -= k;
	}
}

#endif
