/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder's private part of a row: how operands and the conditions under
 * which a row applies are written down in struct insn_desc.operand and .match.
 * Only decode.c and insn_tab.c (with its insn_*_tab.h) include this.
 */
#ifndef TRIVISOR_MODES_X86_INSN_ROW_H
#define TRIVISOR_MODES_X86_INSN_ROW_H

#include "modes/x86/decode.h"
#include "modes/x86/feature.h"

/*
 * An operand code: type in bits 0..5, size in bits 6..11, access in 12..15.
 * The letters are those of the SDM's opcode maps where it has one.
 */
enum opnd_type {
	T_NONE,
	T_G,			/* GPR, modrm.reg */
	T_E,			/* GPR or memory, modrm.rm */
	T_R,			/* GPR only, modrm.rm */
	T_RF,			/* GPR, modrm.rm whatever modrm.mod says */
	T_M,			/* memory only */
	T_MV,			/* memory with a vector index (vsib) */
	T_MDI,			/* memory at rDI, as of MASKMOVQ */
	T_MAX,			/* memory at rAX, as of CLZERO */
	T_B,			/* GPR, VEX.vvvv */
	T_Z,			/* GPR, low bits of the opcode */
	T_RAX, T_RCX, T_RDX, T_RBX,	/* that GPR */
	T_I,			/* immediate, zero extended */
	T_IS,			/* immediate, sign extended */
	T_I2,			/* second immediate, zero extended */
	T_J,			/* branch displacement */
	T_FARP,			/* far pointer */
	T_O,			/* memory at an absolute offset */
	T_S,			/* segment register, modrm.reg */
	T_ES, T_CS, T_SS, T_DS, T_FS, T_GS,
	T_C, T_D,		/* control, debug register, modrm.reg */
	T_V, T_W, T_U, T_H, T_L,	/* vector: reg, rm or memory, rm,
				 * vvvv, imm8[7:4] */
	T_X0,			/* XMM0 */
	T_K, T_KE, T_KR, T_KV,	/* opmask: reg, rm or memory, rm, vvvv */
	T_P, T_Q, T_N,		/* MMX: reg, rm or memory, rm */
	T_ST0, T_STI,
	T_X, T_Y,		/* string source and destination */
	T_ONE,
	T_COUNT,
};

enum opnd_size {
	S_0, S_1, S_2, S_4, S_6, S_8, S_10, S_16, S_32, S_64,
	S_16u,			/* 16, memory need not be aligned */
	S_v,			/* operand size */
	S_z,			/* operand size, at most 4 */
	S_y,			/* 8 with W, else 4; 66 does not matter */
	S_c,			/* 8 in 64-bit mode, else 4 */
	S_p,			/* far pointer: operand size + 2 */
	S_dt,			/* descriptor table register: 10 or 6 */
	S_a2,			/* BOUND: twice the operand size */
	S_ad,			/* address size */
	S_sx,			/* MOVSXD: 4, but on Intel 2 with 66 */
	S_r4m1, S_r4m2,		/* register 4, memory 1 or 2 */
	S_rvm2,			/* register operand size, memory 2 */
	S_rym1, S_rym2,		/* register 8 with W else 4; memory 1 or 2 */
	S_env, S_sav,		/* FNSTENV 14/28, FNSAVE 94/108 */
	S_vl, S_vl2, S_vl4, S_vl8,	/* vector length, half ... */
	S_dup,			/* VMOVDDUP: vector length, but 8 if 16 */
	/* Broadcast of elements of 2, 4, 8 bytes to vl, vl/2, vl/4. */
	S_f2, S_f4, S_f8, S_h2, S_h4, S_q2,
	/* Compress, expand: vector length, disp8 in elements. */
	S_c1, S_c2, S_c4, S_c8,
	S_COUNT,
};

#define OPND_TYPE(code) ((code) & 63)
#define OPND_SIZE(code) ((code) >> 6 & 63)
#define OPND_ACC(code) ((code) >> 12)

/* Access: reading is 0 so that it need not be written. */
enum {
	A_R, A_W, A_RW, A_NONE, A_WC, A_RWC, A_RC,
};

/*
 * The match word.  A field of zero means "whatever".  mod is also implied by
 * operand types that are memory or register only.
 */
enum {
	M_PP = 7,		/* mandatory prefix: */
	M_NP = 1, M_66 = 2, M_F3 = 3, M_F2 = 4,
	M_NP66 = 5,		/* neither F2 nor F3; 66 is operand size */
	M_REP = 6,		/* F2 or F3 */
	M_REG_SHIFT = 3, M_REG = 15 << 3,	/* 8 | modrm.reg */
	M_RM_SHIFT = 7, M_RM = 15 << 7,		/* 8 | modrm.rm, mod 3 */
	M_MOD = 3 << 11, M_MEM = 1 << 11, M_MOD3 = 2 << 11,
	M_W = 7 << 13,
	M_W0 = 1 << 13, M_W1 = 2 << 13,
	/* W counts only in 64-bit mode (GPR operand). */
	M_WG0 = 3 << 13, M_WG1 = 4 << 13,
	M_L = 3 << 16, M_L0 = 1 << 16, M_L1 = 2 << 16, M_L2 = 3 << 16,
	M_O = 3 << 18, M_O16 = 1 << 18, M_O32 = 2 << 18, M_O64 = 3 << 18,
	M_K = 1 << 20,		/* EVEX.aaa may be given (merging) */
	M_Z = 1 << 21,		/* and EVEX.z with it */
	M_KREQ = 1 << 22,	/* EVEX.aaa must not be 0 */
	M_ER = 1 << 23,		/* embedded rounding, register form */
	M_SAE = 1 << 24,	/* suppress all exceptions, register form */
	M_BYTE = 1 << 25,	/* operand size is 1 */
	M_LIG = 1 << 26,	/* vector length ignored: scalar, vl = 16 */
	M_NODUP = 1 << 27,	/* #UD if destination is also a source */
	M_PLUS8 = 1 << 28,	/* stands for 8 opcodes */
	M_MAX4 = 1 << 29,	/* operand size at most 4 (I/O) */
	M_FARW = 1 << 30,	/* AMD: REX.W does not widen far pointers */
};
#define M_NOREX_B (1U << 31)	/* no REX.B: NOP and PAUSE, not XCHG R8 */

/*
 * What candidate rows of an opcode are told apart by, as the decoder sees it
 * in the bytes.  A row's match word becomes a mask and a value of this key.
 */
enum {
	KEY_PP_SHIFT = 0, KEY_PP = 3 << 0,	/* 0 none, 1 66, 2 F3, 3 F2 */
	KEY_MEM = 1 << 2,
	KEY_REG_SHIFT = 3, KEY_REG = 7 << 3,
	KEY_RM_SHIFT = 6, KEY_RM = 7 << 6,
	KEY_W = 1 << 9,
	KEY_W64 = 1 << 10,			/* W, and 64-bit mode */
	KEY_L_SHIFT = 11, KEY_L = 3 << 11,
	KEY_MODE64 = 1 << 13,
	KEY_OP_SHIFT = 14, KEY_OP = 3 << 14,	/* 0: 2, 1: 4, 2: 8 bytes */
	KEY_REX_B = 1 << 16,
	KEY_AMD = 1 << 17,
};

/* Opcode maps of all encodings in one numbering. */
enum insn_space {
	SPACE_ONE, SPACE_0F, SPACE_0F38, SPACE_0F3A,
	SPACE_VEX,				/* + map - 1 */
	SPACE_EVEX = SPACE_VEX + 3,
	SPACE_COUNT = SPACE_EVEX + 6,
	SPACE_NONE = SPACE_COUNT,
};

struct insn_cand {
	uint32_t mask, value;
	uint16_t row;
	uint16_t pad;
};

/* The candidates of one opcode, or eight slots by modrm.reg. */
struct insn_slot {
	uint16_t first;
	uint8_t n;
	bool has_modrm;
	bool by_reg;
};

struct insn_index {
	struct insn_slot slot[SPACE_COUNT][256];
	struct insn_slot sub[128 * 8];
	struct insn_cand cand[8192];
};

/* Built from the rows at first use; any thread. */
const struct insn_index *insn_index_get(void);

#endif
