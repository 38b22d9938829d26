/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the decoder: SDM volume 2 and APM volumes 3 to 5, one row per
 * form of an instruction.  Among rows of one opcode the first that matches
 * wins.  The rows themselves are in insn_*_tab.h, written with the words
 * defined here; decode.c builds its index from them.
 *
 * Operands are written destination first, as access | PLACE(size):
 * RW | E(v), G(v) reads and writes the register or memory operand and reads
 * the register.  Plain reading needs no word.
 */
#include "modes/x86/insn_row.h"

/* All mnemonics in one object, so that rows can point at them by id. */
static const struct {
#define X(id, name) char n_##id[sizeof(name)];
	INSN_LIST(X)
#undef X
} insn_names = {
#define X(id, name) name,
	INSN_LIST(X)
#undef X
};

#define WO (A_W << 12)
#define RW (A_RW << 12)
#define NA (A_NONE << 12)
#define WC (A_WC << 12)
#define RWC (A_RWC << 12)
#define RC (A_RC << 12)

#define O_(t, s) (T_##t | S_##s << 6)
#define G(s) O_(G, s)
#define E(s) O_(E, s)
#define R(s) O_(R, s)
#define RF(s) O_(RF, s)
#define M(s) O_(M, s)
#define MV(s) O_(MV, s)
#define MDI(s) O_(MDI, s)
#define MAX_(s) O_(MAX, s)
#define B(s) O_(B, s)
#define Z(s) O_(Z, s)
#define AX(s) O_(RAX, s)
#define CL O_(RCX, 1)
#define DX O_(RDX, 2)
#define I(s) O_(I, s)
#define IS(s) O_(IS, s)
#define I2(s) O_(I2, s)
#define J(s) O_(J, s)
#define FARP O_(FARP, p)
#define O(s) O_(O, s)
#define SREG O_(S, 2)
#define CR O_(C, c)
#define DR O_(D, c)
#define V(s) O_(V, s)
#define W(s) O_(W, s)
#define U(s) O_(U, s)
#define H(s) O_(H, s)
#define L(s) O_(L, s)
#define XMM0 O_(X0, 16)
#define K(s) O_(K, s)
#define KE(s) O_(KE, s)
#define KR(s) O_(KR, s)
#define KV(s) O_(KV, s)
#define P O_(P, 8)
#define Q(s) O_(Q, s)
#define N O_(N, 8)
#define ST0 O_(ST0, 10)
#define STn O_(STI, 10)
#define SX(s) O_(X, s)
#define SY(s) O_(Y, s)
#define K1 O_(ONE, 1)
#define IB I(1)

#define REG(n) ((8 | (n)) << M_REG_SHIFT)
#define RM(n) ((8 | (n)) << M_RM_SHIFT | M_MOD3)

#define bAX (1 << RAX)
#define bCX (1 << RCX)
#define bDX (1 << RDX)
#define bBX (1 << RBX)
#define bSP (1 << RSP)
#define bBP (1 << RBP)
#define bSI (1 << RSI)
#define bDI (1 << RDI)
#define bR11 (1 << R11)

#define fC FLAG_CF
#define fP FLAG_PF
#define fA FLAG_AF
#define fZ FLAG_ZF
#define fS FLAG_SF
#define fO FLAG_OF
#define fD FLAG_DF
#define ARITH FLAGS_ARITH
#define ALLF (ARITH | FLAG_TF | FLAG_IF | FLAG_DF | FLAG_IOPL | FLAG_NT)

#define FR(f) .flags_read = (f)
#define FW(f) .flags_write = (f)
#define FU(f) .flags_undef = (f)
#define GR(m) .gpr_read = (m)
#define GW(m) .gpr_write = (m)
#define FLOW(f) .flow = FLOW_##f
#define FEAT2(f) .feature2 = FEAT_##f

/*
 * What follows from the operands alone: a written GPR of operand size clears
 * the upper half of its register, and legacy SSE wants its 16 bytes aligned.
 */
#define IS_GPR(c) (OPND_TYPE(c) == T_G || OPND_TYPE(c) == T_E || \
    OPND_TYPE(c) == T_R || OPND_TYPE(c) == T_RF || OPND_TYPE(c) == T_B || \
    OPND_TYPE(c) == T_Z || OPND_TYPE(c) == T_RAX)
#define IS_WRITE(c) (OPND_ACC(c) == A_W || OPND_ACC(c) == A_RW || \
    OPND_ACC(c) == A_WC || OPND_ACC(c) == A_RWC)
#define IS_4(c) (OPND_SIZE(c) == S_v || OPND_SIZE(c) == S_z || \
    OPND_SIZE(c) == S_y || OPND_SIZE(c) == S_c || OPND_SIZE(c) == S_4 || \
    (OPND_SIZE(c) >= S_r4m1 && OPND_SIZE(c) <= S_rym2))
#define ZU(c) (IS_GPR(c) && IS_WRITE(c) && IS_4(c) ? ATTR_ZERO_UPPER : 0)
#define AL(c) ((OPND_TYPE(c) == T_W || OPND_TYPE(c) == T_M) && \
    OPND_SIZE(c) == S_16 ? ATTR_ALIGNED : 0)

#define FIRST2(a, b, ...) (ZU(a) | ZU(b))
#define ZERO_UPPER(...) FIRST2(__VA_ARGS__, 0, 0)
#define FIRST3(a, b, c, ...) (AL(a) | AL(b) | AL(c))
#define ALIGNED16(...) FIRST3(__VA_ARGS__, 0, 0, 0)
#define UNPAREN(...) __VA_ARGS__

#define ROW(id_, enc_, map_, opc_, match_, ops_, cls_, feat_, attr_, ...) \
	{ .name = insn_names.n_##id_, .id = I_##id_, .enc = ENC_##enc_, \
	  .map = MAP_##map_, .opcode = (opc_), .match = (match_), \
	  .operand = { UNPAREN ops_ }, .cls = CLASS_##cls_, \
	  .feature = FEAT_##feat_, .attr = (attr_) | ZERO_UPPER ops_, \
	  __VA_ARGS__ },

/*
 * May be masked, but memory is accessed whole all the same: SDM 2 2.8 calls
 * these exception classes NF, no fault suppression.  Not kept in attr.
 */
#define NF (1U << 31)

/* Legacy encodings: LEG for the integer and system part, SSE, MMX, X87. */
#define LEG(id, map, opc, match, ops, cls, feat, attr, ...) \
	ROW(id, LEGACY, map, opc, match, ops, cls, feat, attr, __VA_ARGS__)
#define INT(id, map, opc, match, ops, attr, ...) \
	ROW(id, LEGACY, map, opc, match, ops, INT, NONE, attr, __VA_ARGS__)
#define SYS(id, map, opc, match, ops, attr, ...) \
	ROW(id, LEGACY, map, opc, match, ops, SYSTEM, NONE, attr, __VA_ARGS__)
#define SSE(id, pp, map, opc, match, ops, feat, attr, ...) \
	ROW(id, LEGACY, map, opc, M_##pp | (match), ops, VEC, feat, \
	    (attr) | ALIGNED16 ops, __VA_ARGS__)
#define MMX(id, pp, map, opc, match, ops, feat, attr, ...) \
	ROW(id, LEGACY, map, opc, M_##pp | (match), ops, MMX, feat, \
	    (attr) | ALIGNED16 ops, __VA_ARGS__)
#define VEX(id, pp, map, opc, match, ops, feat, attr, ...) \
	ROW(id, VEX, map, opc, M_##pp | (match), ops, VEC, feat, \
	    (attr) | ATTR_NOREAL, __VA_ARGS__)
#define EVEX(id, pp, map, opc, match, ops, feat, attr, ...) \
	ROW(id, EVEX, map, opc, M_##pp | (match), ops, VEC, feat, \
	    ((attr) & ~NF) | ATTR_NOREAL | EVEX_ATTR(match, attr), \
	    __VA_ARGS__)
#define EVEX_ATTR(match, attr) \
	((((match) & M_K) && !((attr) & NF) ? ATTR_MASKED_MEM : 0) | \
	 (((match) & M_LIG) || ((match) & M_L) == M_L2 ? 0 : ATTR_VL))

const struct insn_desc insn_tab[] = {
#include "modes/x86/insn_int_tab.h"
#include "modes/x86/insn_sys_tab.h"
#include "modes/x86/insn_x87_tab.h"
#include "modes/x86/insn_sse_tab.h"
#include "modes/x86/insn_vex_tab.h"
#include "modes/x86/insn_evex_tab.h"
};

const unsigned insn_tab_len = ARRAY_LEN(insn_tab);
