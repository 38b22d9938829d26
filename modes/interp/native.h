/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running one host ALU instruction with the guest's arithmetic flags, so that
 * results and flags, the undefined ones too, are the host's own.
 *
 * Flags travel in EAX as LAHF and SETO leave them: SF ZF AF PF CF in AH, OF in
 * AL.  NATIVE_IN and NATIVE_OUT go around the instruction; neither touches the
 * stack, so they are safe in functions with a red zone.
 */
#ifndef TRIVISOR_MODES_INTERP_NATIVE_H
#define TRIVISOR_MODES_INTERP_NATIVE_H

#include "modes/interp/interp.h"

#define NATIVE_IN "addb $0x7f,%%al\n\tsahf\n\t"
#define NATIVE_OUT "\n\tlahf\n\tseto %%al"

static inline uint32_t
flags_pack(uint64_t rflags)
{
	return (rflags & 0xff) << 8 | (rflags >> 11 & 1);
}

static inline void
flags_unpack(struct vcpu *c, uint32_t packed)
{
	set_arith(c, (packed >> 8 & 0xd5) | (packed & 1) << 11);
}

/* dst, src and flags in; result and flags out. */
typedef uint64_t alu_fn(uint64_t dst, uint64_t src, uint32_t *flags);
/* With a shift or bit count in the low byte of count. */
typedef uint64_t shift_fn(uint64_t dst, uint64_t src, uint8_t count,
    uint32_t *flags);

/* Index into a table of four functions, by operand size. */
static inline unsigned
size_index(unsigned size)
{
	return __builtin_ctz(size);
}

#define ALU2_ONE(name, insn, type) \
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

#define ALU2_WIDE(op) \
	ALU2_ONE(op##_2, #op "w", uint16_t) \
	ALU2_ONE(op##_4, #op "l", uint32_t) \
	ALU2_ONE(op##_8, #op "q", uint64_t)

/* op_fns[size_index(size)] */
#define ALU2(op) \
	ALU2_ONE(op##_1, #op "b", uint8_t) \
	ALU2_WIDE(op) \
	static alu_fn *const op##_fns[4] = { op##_1, op##_2, op##_4, op##_8 };

/* No byte form. */
#define ALU2W(op) \
	ALU2_WIDE(op) \
	static alu_fn *const op##_fns[4] = { NULL, op##_2, op##_4, op##_8 };

#define ALU1_ONE(name, insn, type) \
	static uint64_t \
	name(uint64_t dst, uint64_t src, uint32_t *flags) \
	{ \
		type d = dst; \
		uint32_t f = *flags; \
		\
		__asm__ volatile(NATIVE_IN insn " %0" NATIVE_OUT \
		    : "+r"(d), "+a"(f) : : "cc"); \
		*flags = f; \
		return d; \
	}

#define ALU1(op) \
	ALU1_ONE(op##_1, #op "b", uint8_t) \
	ALU1_ONE(op##_2, #op "w", uint16_t) \
	ALU1_ONE(op##_4, #op "l", uint32_t) \
	ALU1_ONE(op##_8, #op "q", uint64_t) \
	static alu_fn *const op##_fns[4] = { op##_1, op##_2, op##_4, op##_8 };

#define SHIFT_ONE(name, insn, type) \
	static uint64_t \
	name(uint64_t dst, uint64_t src, uint8_t count, uint32_t *flags) \
	{ \
		type d = dst; \
		uint32_t f = *flags; \
		\
		__asm__ volatile(NATIVE_IN insn " %%cl,%0" NATIVE_OUT \
		    : "+r"(d), "+a"(f) : "c"(count) : "cc"); \
		*flags = f; \
		return d; \
	}

#define SHIFT(op) \
	SHIFT_ONE(op##_1, #op "b", uint8_t) \
	SHIFT_ONE(op##_2, #op "w", uint16_t) \
	SHIFT_ONE(op##_4, #op "l", uint32_t) \
	SHIFT_ONE(op##_8, #op "q", uint64_t) \
	static shift_fn *const op##_fns[4] = \
	    { op##_1, op##_2, op##_4, op##_8 };

#define SHIFT2_ONE(name, insn, type) \
	static uint64_t \
	name(uint64_t dst, uint64_t src, uint8_t count, uint32_t *flags) \
	{ \
		type d = dst; \
		type s = src; \
		uint32_t f = *flags; \
		\
		__asm__ volatile(NATIVE_IN insn " %%cl,%2,%0" NATIVE_OUT \
		    : "+r"(d), "+a"(f) : "r"(s), "c"(count) : "cc"); \
		*flags = f; \
		return d; \
	}

#define SHIFT2(op) \
	SHIFT2_ONE(op##_2, #op "w", uint16_t) \
	SHIFT2_ONE(op##_4, #op "l", uint32_t) \
	SHIFT2_ONE(op##_8, #op "q", uint64_t) \
	static shift_fn *const op##_fns[4] = \
	    { NULL, op##_2, op##_4, op##_8 };

#endif
