/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instruction decoder: bytes in, one struct insn out, for 16-, 32- and
 * 64-bit code (Intel SDM volume 2; AMD APM volume 3 where they differ).
 *
 * It is table driven.  Each form of an instruction is one row of
 * insn_desc (modes/x86/insn_tab.c): what it is called, which operands it has,
 * which flags and implicit registers it uses, which CPUID feature offers it.
 * The interpreter, the translator, the oracle test and the coverage table all
 * read the same rows.
 *
 * It allocates nothing, keeps no state, uses no vector registers.  Any thread.
 */
#ifndef TRIVISOR_MODES_X86_DECODE_H
#define TRIVISOR_MODES_X86_DECODE_H

#include "base/base.h"
#include "modes/cpu_state.h"
#include "modes/x86/insn_id.h"	/* enum insn_id: I_ADD, I_ADC, ... */

#define INSN_MAX_LEN 15
#define REG_NONE 0xff

enum insn_mode { MODE_16, MODE_32, MODE_64 };

/* Results of insn_decode() that are not a length. */
enum {
	INSN_SHORT = 0,		/* all bytes given were used up: give more */
	INSN_UD = -1,		/* not an instruction: #UD */
	INSN_LONG = -2,		/* longer than 15 bytes: #GP(0) */
};

enum insn_enc { ENC_LEGACY, ENC_VEX, ENC_EVEX };

/* Opcode maps as VEX/EVEX number them. */
enum insn_map { MAP_ONE, MAP_0F, MAP_0F38, MAP_0F3A, MAP_4, MAP_5, MAP_6 };

/* What the instruction is, for engines that choose a way to run it. */
enum insn_class {
	CLASS_INT,	/* reads/writes GPRs, arithmetic flags and at most one
			 * explicit memory operand: runs natively as it is */
	CLASS_STACK,	/* PUSH, POP, ENTER, LEAVE, PUSHF, POPF, PUSHA ... */
	CLASS_BRANCH,	/* anything that changes RIP: see insn_flow */
	CLASS_STRING,	/* MOVS, STOS, LODS, CMPS, SCAS, with or without REP */
	CLASS_IO,	/* IN, OUT, INS, OUTS */
	CLASS_VEC,	/* SSE, AVX, AVX-512, AES, SHA, GFNI, opmask */
	CLASS_MMX,	/* touches MMX registers */
	CLASS_X87,	/* touches the x87 stack or its control words */
	CLASS_FPSTATE,	/* FXSAVE, XSAVE*, XRSTOR*, LDMXCSR, STMXCSR,
			 * FNSTENV, FNSAVE, FLDENV, FRSTOR, FNINIT, XGETBV */
	CLASS_SYSTEM,	/* the rest: privileged, segments, CPUID, RDTSC, ... */
};

enum insn_flow {
	FLOW_NONE,
	FLOW_JCC,	/* Jcc, LOOPcc, JrCXZ: relative, conditional */
	FLOW_JMP,	/* relative */
	FLOW_CALL,	/* relative */
	FLOW_JMP_IND, FLOW_CALL_IND,	/* near, through register or memory */
	FLOW_RET,	/* near, with or without imm16 */
	FLOW_FAR,	/* far JMP, CALL, RET */
	FLOW_INT,	/* INT n, INT3, INT1, INTO, UD0/1/2 */
	FLOW_IRET, FLOW_SYSCALL, FLOW_SYSRET, FLOW_SYSENTER, FLOW_SYSEXIT,
};

/* Resolved operand kinds. */
enum opnd_kind {
	OPND_NONE,
	OPND_GPR,	/* reg = enum gpr; high8 tells AH..BH (reg RAX..RBX) */
	OPND_MEM,	/* insn.mem */
	OPND_IMM,	/* insn.imm, sign or zero extended to 64 bits */
	OPND_IMM2,	/* insn.imm2: ENTER's second, EXTRQ/INSERTQ's second */
	OPND_REL,	/* insn.imm is the displacement from the next insn */
	OPND_FAR,	/* insn.imm = offset, insn.imm2 = selector */
	OPND_SREG,	/* reg = enum seg_name */
	OPND_CR, OPND_DR,
	OPND_XMM,	/* reg 0..31; size 16, 32 or 64, or the scalar's size */
	OPND_K,		/* opmask 0..7 */
	OPND_MMX,	/* 0..7 */
	OPND_ST,	/* 0..7 */
	OPND_STR_SRC,	/* [seg:rSI] of string instructions */
	OPND_STR_DST,	/* [ES:rDI] */
	OPND_ONE,	/* the constant 1 of D0/D1 shifts */
};

/*
 * ACC_COND: the access may not happen.  A register that may not be written
 * keeps its old value, so for liveness it counts as read.
 */
enum { ACC_R = 1, ACC_W = 2, ACC_RW = 3, ACC_COND = 4 };

/* Where an operand is encoded: what a re-encoding emitter must rewrite. */
enum opnd_place {
	PLACE_FIXED,	/* implied by the opcode: AL, CL, DX, ST0, FS ... */
	PLACE_REG,	/* modrm.reg (with R, R') */
	PLACE_RM,	/* modrm.rm, register or memory (with B, X) */
	PLACE_VVVV,
	PLACE_OPCODE,	/* low three bits of the opcode (with REX.B) */
	PLACE_IMM,	/* immediate, displacement of a branch, moffs */
	PLACE_IS4,	/* imm8[7:4] */
};

struct opnd {
	uint8_t kind;		/* enum opnd_kind */
	uint8_t place;		/* enum opnd_place; set by insn_decode() */
	uint8_t reg;
	uint8_t size;		/* bytes accessed; 0: no data access (LEA, NOP,
				 * INVLPG, PREFETCH) or not fixed (XSAVE) */
	uint8_t access;		/* ACC_* */
	bool high8;
};

#define INSN_MAX_OPNDS 5

struct insn_mem {
	uint8_t base;		/* enum gpr or REG_NONE */
	uint8_t index;		/* enum gpr, vector register if vsib */
	uint8_t scale;		/* 1, 2, 4, 8 */
	uint8_t seg;		/* enum seg_name after overrides and defaults */
	bool rip_rel;		/* disp is relative to the next instruction */
	bool vsib;		/* gather/scatter: index is a vector register */
	bool moffs;		/* A0..A3: disp is the whole offset */
	bool broadcast;		/* EVEX.b: one element is read */
	int64_t disp;		/* sign extended, EVEX disp8*N applied */
};

/* One form of an instruction. */
struct insn_desc {
	const char *name;	/* Intel mnemonic, lower case */
	uint16_t id;		/* enum insn_id */
	uint8_t cls;		/* enum insn_class */
	uint8_t flow;		/* enum insn_flow */
	uint8_t feature;	/* enum x86_feature, FEAT_NONE: always there */
	uint8_t enc;		/* enum insn_enc */
	uint8_t map;		/* enum insn_map */
	uint8_t opcode;
	uint32_t attr;		/* ATTR_* */
	uint16_t flags_read;	/* FLAG_* of RFLAGS' low 16 bits */
	uint16_t flags_write;	/* defined result */
	uint16_t flags_undef;	/* may change, value not architectural */
	uint16_t gpr_read;	/* implicit: bit per enum gpr */
	uint16_t gpr_write;
	uint8_t feature2;	/* needed as well; FEAT_NONE mostly */
	uint16_t operand[INSN_MAX_OPNDS]; /* the decoder's: insn_row.h */
	uint32_t match;		/* the decoder's: insn_row.h */
};

enum {
	ATTR_LOCK = 1 << 0,	/* LOCK allowed with a memory destination */
	ATTR_PRIV = 1 << 1,	/* #GP(0) unless CPL 0 */
	ATTR_IOPL = 1 << 2,	/* sensitive to IOPL */
	ATTR_NO64 = 1 << 3,	/* #UD in 64-bit mode */
	ATTR_ONLY64 = 1 << 4,
	ATTR_D64 = 1 << 5,	/* default operand size 64 in 64-bit mode */
	ATTR_F64 = 1 << 6,	/* operand size forced to 64 in 64-bit mode */
	ATTR_FLAGS_COND = 1 << 7, /* flags unchanged when the count is zero */
	ATTR_REP = 1 << 8,	/* F3/F2 are REP/REPE/REPNE, not opcode bits */
	ATTR_ALIGNED = 1 << 9,	/* #GP(0) if the memory operand is unaligned */
	ATTR_NOREAL = 1 << 10,	/* #UD in real and virtual-8086 mode */
	ATTR_ZERO_UPPER = 1 << 11, /* 32-bit register result clears 63..32 */
	/* Element masks spare memory: elements masked out do not fault. */
	ATTR_MASKED_MEM = 1 << 12,
	ATTR_FP_EXC = 1 << 13,	/* may raise SIMD FP exceptions (#XM) */
	ATTR_NONTEMPORAL = 1 << 14,
	ATTR_XACQ = 1 << 15,	/* F2/F3 are XACQUIRE/XRELEASE hints, ignored */
	ATTR_CPL0_UD = 1 << 16,	/* #UD (not #GP) unless CPL 0 */
	ATTR_VL = 1 << 17,	/* needs AVX512VL unless insn.vl is 64 */
	ATTR_AMD = 1 << 18,	/* decoded so on AMD only */
};

struct insn {
	const struct insn_desc *desc;
	uint8_t bytes[INSN_MAX_LEN];
	uint8_t len;

	/* Raw encoding, for the emitter that re-encodes. */
	uint8_t mode;		/* enum insn_mode */
	uint8_t enc;		/* enum insn_enc */
	uint8_t map;		/* enum insn_map */
	uint8_t opcode;
	uint8_t n_prefix;	/* legacy prefix bytes before REX/VEX/EVEX */
	uint8_t rex;		/* 0x40..0x4f, or 0: none */
	uint8_t vex[4];		/* VEX (C4 form, C5 widened) or EVEX payload:
				 * the bytes after C4 (2) or 62 (3) */
	uint8_t pos_opcode;	/* offset of the opcode byte in bytes[] */
	uint8_t pos_modrm;	/* 0: there is none */
	uint8_t pos_disp, disp_len;
	uint8_t pos_imm, imm_len;	/* all immediate bytes together */
	uint8_t modrm, sib;
	bool has_modrm, has_sib;
	bool opsize;		/* 66 present */
	bool addrsize_override;	/* 67 present */
	uint8_t rep;		/* 0, 0xf2 or 0xf3: the last one */
	bool lock;
	uint8_t seg_override;	/* enum seg_name or REG_NONE */

	/* Meaning. */
	uint8_t op_bytes;	/* effective operand size: 1, 2, 4, 8 */
	uint8_t addr_bytes;	/* effective address size: 2, 4, 8 */
	uint8_t vl;		/* vector length in bytes, 0 if not a vector */
	uint8_t cond;		/* low 4 opcode bits of Jcc, SETcc, CMOVcc */
	uint8_t reg;		/* modrm.reg with REX/VEX/EVEX extension */
	uint8_t rm;		/* modrm.rm as a register, extended */
	uint8_t vvvv;		/* VEX/EVEX.vvvv, un-inverted, extended */
	uint8_t aaa;		/* EVEX opmask */
	bool evex_z, evex_b;
	bool w;			/* REX.W / VEX.W / EVEX.W */
	uint8_t n_opnd;
	struct opnd opnd[INSN_MAX_OPNDS];	/* destination first */
	bool has_mem;		/* an OPND_MEM operand exists */
	struct insn_mem mem;	/* valid when has_mem */
	uint8_t mem_size;	/* bytes the memory operand spans; 0 as opnd */
	uint8_t mem_access;	/* ACC_*; 0 for LEA and friends */
	int64_t imm;
	uint64_t imm2;
};

/*
 * Decode the instruction at bytes, of which avail are readable.  Returns its
 * length (1..15), or INSN_SHORT, INSN_UD, INSN_LONG.  At most 15 bytes are
 * looked at.  Prefixes that the hardware ignores are accepted as it accepts
 * them.  CPUID features are not checked here: see desc->feature.  On INSN_UD
 * i->len holds how many bytes had been consumed.
 */
int insn_decode(struct insn *i, const uint8_t *bytes, size_t avail,
    enum insn_mode mode);

/*
 * Where Intel and AMD decode differently (66 before near branches in 64-bit
 * code, REX.W with far pointers, SYSENTER in 64-bit code) the decoder follows
 * one of them: AMD unless told otherwise.  Call it once, at start-up.
 */
enum insn_vendor { INSN_AMD, INSN_INTEL };
void insn_decode_set_vendor(enum insn_vendor v);

/*
 * Are all CPUID features there that the instruction needs?  features has a
 * bit per enum x86_feature, as in struct cpuid_table.  If not: #UD.
 */
bool insn_offered(const struct insn *i, const uint64_t *features);

/* Every row, for coverage tables and tests. */
extern const struct insn_desc insn_tab[];
extern const unsigned insn_tab_len;

/* The CPUID features that rows name; the list is in modes/x86/feature.h. */

#endif
