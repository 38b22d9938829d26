/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: the integer instructions, stack, branches, strings, I/O and the
 * general-register extensions (BMI, ADX, MOVBE ...).  Included by insn_tab.c.
 */

/* --- 00..3F, 80..83: ADD OR ADC SBB AND SUB XOR CMP --- */
#define ALU(id, n, acc, at, ...) \
	INT(id, ONE, 0x00 + 8 * n, M_BYTE, (acc | E(1), G(1)), at, \
	    __VA_ARGS__) \
	INT(id, ONE, 0x01 + 8 * n, 0, (acc | E(v), G(v)), at, __VA_ARGS__) \
	INT(id, ONE, 0x02 + 8 * n, M_BYTE, (acc | G(1), E(1)), 0, \
	    __VA_ARGS__) \
	INT(id, ONE, 0x03 + 8 * n, 0, (acc | G(v), E(v)), 0, __VA_ARGS__) \
	INT(id, ONE, 0x04 + 8 * n, M_BYTE, (acc | AX(1), IS(1)), 0, \
	    __VA_ARGS__) \
	INT(id, ONE, 0x05 + 8 * n, 0, (acc | AX(v), IS(z)), 0, __VA_ARGS__) \
	INT(id, ONE, 0x80, M_BYTE | REG(n), (acc | E(1), IS(1)), at, \
	    __VA_ARGS__) \
	INT(id, ONE, 0x81, REG(n), (acc | E(v), IS(z)), at, __VA_ARGS__) \
	INT(id, ONE, 0x82, M_BYTE | REG(n), (acc | E(1), IS(1)), \
	    (at) | ATTR_NO64, __VA_ARGS__) \
	INT(id, ONE, 0x83, REG(n), (acc | E(v), IS(1)), at, __VA_ARGS__)
#define LOCKED (ATTR_LOCK | ATTR_XACQ)
ALU(ADD, 0, RW, LOCKED, FW(ARITH))
ALU(OR,  1, RW, LOCKED, FW(ARITH & ~fA), FU(fA))
ALU(ADC, 2, RW, LOCKED, FR(fC), FW(ARITH))
ALU(SBB, 3, RW, LOCKED, FR(fC), FW(ARITH))
ALU(AND, 4, RW, LOCKED, FW(ARITH & ~fA), FU(fA))
ALU(SUB, 5, RW, LOCKED, FW(ARITH))
ALU(XOR, 6, RW, LOCKED, FW(ARITH & ~fA), FU(fA))
ALU(CMP, 7, 0, 0, FW(ARITH))

SYS(PUSH, ONE, 0x06, 0, (O_(ES, 2)), ATTR_NO64, GR(bSP), GW(bSP))
SYS(POP,  ONE, 0x07, 0, (WO | O_(ES, 2)), ATTR_NO64, GR(bSP), GW(bSP))
SYS(PUSH, ONE, 0x0e, 0, (O_(CS, 2)), ATTR_NO64, GR(bSP), GW(bSP))
SYS(PUSH, ONE, 0x16, 0, (O_(SS, 2)), ATTR_NO64, GR(bSP), GW(bSP))
SYS(POP,  ONE, 0x17, 0, (WO | O_(SS, 2)), ATTR_NO64, GR(bSP), GW(bSP))
SYS(PUSH, ONE, 0x1e, 0, (O_(DS, 2)), ATTR_NO64, GR(bSP), GW(bSP))
SYS(POP,  ONE, 0x1f, 0, (WO | O_(DS, 2)), ATTR_NO64, GR(bSP), GW(bSP))
SYS(PUSH, 0F, 0xa0, 0, (O_(FS, 2)), ATTR_D64, GR(bSP), GW(bSP))
SYS(POP,  0F, 0xa1, 0, (WO | O_(FS, 2)), ATTR_D64, GR(bSP), GW(bSP))
SYS(PUSH, 0F, 0xa8, 0, (O_(GS, 2)), ATTR_D64, GR(bSP), GW(bSP))
SYS(POP,  0F, 0xa9, 0, (WO | O_(GS, 2)), ATTR_D64, GR(bSP), GW(bSP))

INT(DAA, ONE, 0x27, M_BYTE, (RW | AX(1)), ATTR_NO64,
    FR(fA | fC), FW(ARITH & ~fO), FU(fO))
INT(DAS, ONE, 0x2f, M_BYTE, (RW | AX(1)), ATTR_NO64,
    FR(fA | fC), FW(ARITH & ~fO), FU(fO))
INT(AAA, ONE, 0x37, 0, (RW | AX(2)), ATTR_NO64,
    FR(fA), FW(fA | fC), FU(fO | fS | fZ | fP))
INT(AAS, ONE, 0x3f, 0, (RW | AX(2)), ATTR_NO64,
    FR(fA), FW(fA | fC), FU(fO | fS | fZ | fP))
INT(AAM, ONE, 0xd4, M_BYTE, (WO | AX(2), IB), ATTR_NO64,
    GR(bAX), FW(fS | fZ | fP), FU(fO | fA | fC))
INT(AAD, ONE, 0xd5, M_BYTE, (RW | AX(2), IB), ATTR_NO64,
    FW(fS | fZ | fP), FU(fO | fA | fC))
INT(SALC, ONE, 0xd6, M_BYTE, (WO | AX(1)), ATTR_NO64, FR(fC))

/* --- 40..6F --- */
INT(INC, ONE, 0x40, M_PLUS8, (RW | Z(v)), ATTR_NO64, FW(ARITH & ~fC))
INT(DEC, ONE, 0x48, M_PLUS8, (RW | Z(v)), ATTR_NO64, FW(ARITH & ~fC))
LEG(PUSH, ONE, 0x50, M_PLUS8, (Z(v)), STACK, NONE, ATTR_D64,
    GR(bSP), GW(bSP))
LEG(POP, ONE, 0x58, M_PLUS8, (WO | Z(v)), STACK, NONE, ATTR_D64,
    GR(bSP), GW(bSP))
LEG(PUSHA, ONE, 0x60, 0, (0), STACK, NONE, ATTR_NO64, GR(0xff), GW(bSP))
LEG(POPA, ONE, 0x61, 0, (0), STACK, NONE, ATTR_NO64, GR(bSP), GW(0xff))
SYS(BOUND, ONE, 0x62, 0, (G(v), M(a2)), ATTR_NO64)
SYS(ARPL, ONE, 0x63, 0, (RWC | E(2), G(2)), ATTR_NO64 | ATTR_NOREAL, FW(fZ))
INT(MOVSXD, ONE, 0x63, 0, (WO | G(v), E(sx)), ATTR_ONLY64)
LEG(PUSH, ONE, 0x68, 0, (IS(z)), STACK, NONE, ATTR_D64, GR(bSP), GW(bSP))
INT(IMUL, ONE, 0x69, 0, (WO | G(v), E(v), IS(z)), 0,
    FW(fC | fO), FU(fS | fZ | fA | fP))
LEG(PUSH, ONE, 0x6a, 0, (IS(1)), STACK, NONE, ATTR_D64, GR(bSP), GW(bSP))
INT(IMUL, ONE, 0x6b, 0, (WO | G(v), E(v), IS(1)), 0,
    FW(fC | fO), FU(fS | fZ | fA | fP))
INT(IMUL, 0F, 0xaf, 0, (RW | G(v), E(v)), 0,
    FW(fC | fO), FU(fS | fZ | fA | fP))

/* --- conditions: 70..7F, 0F 40..4F, 0F 80..8F, 0F 90..9F --- */
#define COND(n, f) \
	LEG(JCC, ONE, 0x70 + n, 0, (J(1)), BRANCH, NONE, ATTR_F64, \
	    FLOW(JCC), FR(f)) \
	LEG(JCC, 0F, 0x80 + n, 0, (J(z)), BRANCH, NONE, ATTR_F64, \
	    FLOW(JCC), FR(f)) \
	LEG(CMOVCC, 0F, 0x40 + n, 0, (WC | G(v), E(v)), INT, CMOV, 0, FR(f)) \
	LEG(SETCC, 0F, 0x90 + n, M_BYTE, (WO | E(1)), INT, NONE, 0, FR(f))
#define COND2(n, f) COND(n, f) COND(n + 1, f)
COND2(0x0, fO)
COND2(0x2, fC)
COND2(0x4, fZ)
COND2(0x6, fC | fZ)
COND2(0x8, fS)
COND2(0xa, fP)
COND2(0xc, fS | fO)
COND2(0xe, fZ | fS | fO)

/* --- 84..9F --- */
INT(TEST, ONE, 0x84, M_BYTE, (E(1), G(1)), 0, FW(ARITH & ~fA), FU(fA))
INT(TEST, ONE, 0x85, 0, (E(v), G(v)), 0, FW(ARITH & ~fA), FU(fA))
INT(XCHG, ONE, 0x86, M_BYTE, (RW | E(1), RW | G(1)), LOCKED)
INT(XCHG, ONE, 0x87, 0, (RW | E(v), RW | G(v)), LOCKED)
INT(MOV, ONE, 0x88, M_BYTE, (WO | E(1), G(1)), ATTR_XACQ)
INT(MOV, ONE, 0x89, 0, (WO | E(v), G(v)), ATTR_XACQ)
INT(MOV, ONE, 0x8a, M_BYTE, (WO | G(1), E(1)), 0)
INT(MOV, ONE, 0x8b, 0, (WO | G(v), E(v)), 0)
SYS(MOV, ONE, 0x8c, 0, (WO | E(rvm2), SREG), 0)
INT(LEA, ONE, 0x8d, 0, (WO | G(v), NA | M(0)), 0)
SYS(MOV, ONE, 0x8e, 0, (WO | SREG, E(2)), 0)
LEG(POP, ONE, 0x8f, REG(0), (WO | E(v)), STACK, NONE, ATTR_D64,
    GR(bSP), GW(bSP))
INT(PAUSE, ONE, 0x90, M_F3 | M_NOREX_B, (0), 0)
INT(NOP, ONE, 0x90, M_NOREX_B, (0), 0)
INT(XCHG, ONE, 0x90, M_PLUS8, (RW | Z(v), RW | AX(v)), 0)
INT(CBW, ONE, 0x98, M_O16, (WO | AX(v), AX(1)), 0)
INT(CBW, ONE, 0x98, M_O32, (WO | AX(v), AX(2)), 0)
INT(CBW, ONE, 0x98, M_O64, (WO | AX(v), AX(4)), 0)
INT(CWD, ONE, 0x99, 0, (WO | O_(RDX, v), AX(v)), ATTR_ZERO_UPPER)
LEG(CALLF, ONE, 0x9a, 0, (FARP), BRANCH, NONE, ATTR_NO64,
    FLOW(FAR), GR(bSP), GW(bSP))
LEG(WAIT, ONE, 0x9b, 0, (0), X87, FPU, 0)
LEG(PUSHF, ONE, 0x9c, 0, (0), STACK, NONE, ATTR_D64 | ATTR_IOPL,
    FR(ALLF), GR(bSP), GW(bSP))
LEG(POPF, ONE, 0x9d, 0, (0), STACK, NONE, ATTR_D64 | ATTR_IOPL,
    FW(ALLF), GR(bSP), GW(bSP))
LEG(SAHF, ONE, 0x9e, 0, (0), INT, NONE, ATTR_NO64, GR(bAX), FW(ARITH & ~fO))
LEG(SAHF, ONE, 0x9e, 0, (0), INT, LAHF_LM, ATTR_ONLY64, GR(bAX),
    FW(ARITH & ~fO))
LEG(LAHF, ONE, 0x9f, 0, (0), INT, NONE, ATTR_NO64, GR(bAX), GW(bAX),
    FR(ARITH & ~fO))
LEG(LAHF, ONE, 0x9f, 0, (0), INT, LAHF_LM, ATTR_ONLY64, GR(bAX), GW(bAX),
    FR(ARITH & ~fO))

/* --- A0..BF --- */
INT(MOV, ONE, 0xa0, M_BYTE, (WO | AX(1), O(1)), 0)
INT(MOV, ONE, 0xa1, 0, (WO | AX(v), O(v)), 0)
INT(MOV, ONE, 0xa2, M_BYTE, (WO | O(1), AX(1)), 0)
INT(MOV, ONE, 0xa3, 0, (WO | O(v), AX(v)), 0)
INT(TEST, ONE, 0xa8, M_BYTE, (AX(1), IS(1)), 0, FW(ARITH & ~fA), FU(fA))
INT(TEST, ONE, 0xa9, 0, (AX(v), IS(z)), 0, FW(ARITH & ~fA), FU(fA))
INT(MOV, ONE, 0xb0, M_BYTE | M_PLUS8, (WO | Z(1), IS(1)), 0)
INT(MOV, ONE, 0xb8, M_PLUS8, (WO | Z(v), IS(v)), 0)

/* Strings: with a repeat prefix rCX counts, and the flags may stay. */
#define STRING(id, opc, match, ops, cls, at, regs, fcond, ...) \
	ROW(id, LEGACY, ONE, opc, (match) | M_REP, ops, cls, NONE, \
	    (at) | ATTR_REP | (fcond), FR(fD), GR((regs) | bCX), \
	    GW((regs) | bCX), __VA_ARGS__) \
	ROW(id, LEGACY, ONE, opc, match, ops, cls, NONE, \
	    (at) | ATTR_REP, FR(fD), GR(regs), GW(regs), __VA_ARGS__)
#define STRING2(id, opc, opsb, ops, cls, at, io, regs, fcond, ...) \
	STRING(id, opc, M_BYTE, opsb, cls, at, regs, fcond, __VA_ARGS__) \
	STRING(id, opc + 1, io, ops, cls, at, regs, fcond, __VA_ARGS__)
STRING2(INS, 0x6c, (WO | SY(1), DX), (WO | SY(z), DX), IO, ATTR_IOPL, M_MAX4,
    bDI, 0)
STRING2(OUTS, 0x6e, (DX, SX(1)), (DX, SX(z)), IO, ATTR_IOPL, M_MAX4, bSI, 0)
STRING2(MOVS, 0xa4, (WO | SY(1), SX(1)), (WO | SY(v), SX(v)), STRING, 0, 0,
    bSI | bDI, 0)
STRING2(CMPS, 0xa6, (SX(1), SY(1)), (SX(v), SY(v)), STRING, 0, 0, bSI | bDI,
    ATTR_FLAGS_COND, FW(ARITH))
STRING2(STOS, 0xaa, (WO | SY(1), AX(1)), (WO | SY(v), AX(v)), STRING, 0, 0,
    bDI, 0)
/* A count of zero leaves the accumulator alone. */
#define LODS_REP(opc, match, ops) \
	ROW(LODS, LEGACY, ONE, opc, (match) | M_REP, ops, STRING, NONE, \
	    ATTR_REP, FR(fD), GR(bSI | bCX), GW(bSI | bCX))
#define LODS_ONE(opc, match, ops) \
	ROW(LODS, LEGACY, ONE, opc, match, ops, STRING, NONE, ATTR_REP, \
	    FR(fD), GR(bSI), GW(bSI))
LODS_REP(0xac, M_BYTE, (WC | AX(1), SX(1)))
LODS_ONE(0xac, M_BYTE, (WO | AX(1), SX(1)))
LODS_REP(0xad, 0, (WC | AX(v), SX(v)))
LODS_ONE(0xad, 0, (WO | AX(v), SX(v)))
STRING2(SCAS, 0xae, (AX(1), SY(1)), (AX(v), SY(v)), STRING, 0, 0, bDI,
    ATTR_FLAGS_COND, FW(ARITH))

/* --- C0, C1, D0..D3: shifts and rotates --- */
#define SHIFT(id, n, fr, fw, fu, o) \
	INT(id, ONE, 0xc0, M_BYTE | REG(n), (RW | E(1), IB), \
	    ATTR_FLAGS_COND, FR(fr), FW((fw) & ~(o)), FU((fu) | (o))) \
	INT(id, ONE, 0xc1, REG(n), (RW | E(v), IB), \
	    ATTR_FLAGS_COND, FR(fr), FW((fw) & ~(o)), FU((fu) | (o))) \
	INT(id, ONE, 0xd0, M_BYTE | REG(n), (RW | E(1), K1), 0, \
	    FR(fr), FW(fw), FU(fu)) \
	INT(id, ONE, 0xd1, REG(n), (RW | E(v), K1), 0, \
	    FR(fr), FW(fw), FU(fu)) \
	INT(id, ONE, 0xd2, M_BYTE | REG(n), (RW | E(1), CL), \
	    ATTR_FLAGS_COND, FR(fr), FW((fw) & ~(o)), FU((fu) | (o))) \
	INT(id, ONE, 0xd3, REG(n), (RW | E(v), CL), \
	    ATTR_FLAGS_COND, FR(fr), FW((fw) & ~(o)), FU((fu) | (o)))
SHIFT(ROL, 0, 0, fC | fO, 0, fO)
SHIFT(ROR, 1, 0, fC | fO, 0, fO)
SHIFT(RCL, 2, fC, fC | fO, 0, fO)
SHIFT(RCR, 3, fC, fC | fO, 0, fO)
SHIFT(SHL, 4, 0, ARITH & ~fA, fA, fO)
SHIFT(SHR, 5, 0, ARITH & ~fA, fA, fO)
SHIFT(SHL, 6, 0, ARITH & ~fA, fA, fO)
SHIFT(SAR, 7, 0, ARITH & ~fA, fA, fO)
#define SHIFTD(id, opc) \
	INT(id, 0F, opc, 0, (RW | E(v), G(v), IB), ATTR_FLAGS_COND, \
	    FW(ARITH & ~(fA | fO)), FU(fA | fO)) \
	INT(id, 0F, opc + 1, 0, (RW | E(v), G(v), CL), ATTR_FLAGS_COND, \
	    FW(ARITH & ~(fA | fO)), FU(fA | fO))
SHIFTD(SHLD, 0xa4)
SHIFTD(SHRD, 0xac)

/* --- C2..CF --- */
LEG(RET, ONE, 0xc2, 0, (I(2)), BRANCH, NONE, ATTR_F64,
    FLOW(RET), GR(bSP), GW(bSP))
LEG(RET, ONE, 0xc3, 0, (0), BRANCH, NONE, ATTR_F64,
    FLOW(RET), GR(bSP), GW(bSP))
SYS(LES, ONE, 0xc4, M_MEM, (WO | G(v), M(p)), ATTR_NO64)
SYS(LDS, ONE, 0xc5, M_MEM, (WO | G(v), M(p)), ATTR_NO64)
SYS(LSS, 0F, 0xb2, M_MEM | M_FARW, (WO | G(v), M(p)), 0)
SYS(LFS, 0F, 0xb4, M_MEM | M_FARW, (WO | G(v), M(p)), 0)
SYS(LGS, 0F, 0xb5, M_MEM | M_FARW, (WO | G(v), M(p)), 0)
INT(MOV, ONE, 0xc6, M_BYTE | REG(0), (WO | E(1), IS(1)), ATTR_XACQ)
INT(MOV, ONE, 0xc7, REG(0), (WO | E(v), IS(z)), ATTR_XACQ)
LEG(XABORT, ONE, 0xc6, REG(7) | RM(0), (IB), SYSTEM, NEVER, 0)
LEG(XBEGIN, ONE, 0xc7, REG(7) | RM(0), (J(z)), SYSTEM, NEVER, 0)
LEG(ENTER, ONE, 0xc8, 0, (I(2), I2(1)), STACK, NONE, ATTR_D64,
    GR(bSP | bBP), GW(bSP | bBP))
LEG(LEAVE, ONE, 0xc9, 0, (0), STACK, NONE, ATTR_D64, GR(bBP), GW(bSP | bBP))
LEG(RETF, ONE, 0xca, 0, (I(2)), BRANCH, NONE, 0,
    FLOW(FAR), GR(bSP), GW(bSP))
LEG(RETF, ONE, 0xcb, 0, (0), BRANCH, NONE, 0, FLOW(FAR), GR(bSP), GW(bSP))
#define SOFTINT FLOW(INT), FR(ALLF), FW(FLAG_IF | FLAG_TF | FLAG_NT)
LEG(INT3, ONE, 0xcc, 0, (0), BRANCH, NONE, 0, SOFTINT)
LEG(INT, ONE, 0xcd, 0, (IB), BRANCH, NONE, ATTR_IOPL, SOFTINT)
LEG(INTO, ONE, 0xce, 0, (0), BRANCH, NONE, ATTR_NO64, SOFTINT)
LEG(IRET, ONE, 0xcf, 0, (0), BRANCH, NONE, ATTR_IOPL,
    FLOW(IRET), FW(ALLF), GR(bSP), GW(bSP))
SYS(XLAT, ONE, 0xd7, M_BYTE, (0), 0, GR(bAX | bBX), GW(bAX))

/* --- E0..EF --- */
/* No manual says so, but for AMD F2 makes either LOOPNE and F3 LOOPE. */
LEG(LOOPE, ONE, 0xe0, M_F3, (J(1)), BRANCH, NONE, ATTR_F64 | ATTR_AMD,
    FLOW(JCC), FR(fZ), GR(bCX), GW(bCX))
LEG(LOOPNE, ONE, 0xe1, M_F2, (J(1)), BRANCH, NONE, ATTR_F64 | ATTR_AMD,
    FLOW(JCC), FR(fZ), GR(bCX), GW(bCX))
LEG(LOOPNE, ONE, 0xe0, 0, (J(1)), BRANCH, NONE, ATTR_F64,
    FLOW(JCC), FR(fZ), GR(bCX), GW(bCX))
LEG(LOOPE, ONE, 0xe1, 0, (J(1)), BRANCH, NONE, ATTR_F64,
    FLOW(JCC), FR(fZ), GR(bCX), GW(bCX))
LEG(LOOP, ONE, 0xe2, 0, (J(1)), BRANCH, NONE, ATTR_F64,
    FLOW(JCC), GR(bCX), GW(bCX))
LEG(JCXZ, ONE, 0xe3, 0, (J(1)), BRANCH, NONE, ATTR_F64, FLOW(JCC), GR(bCX))
#define PORT(id, opc, match, ops) \
	LEG(id, ONE, opc, match, ops, IO, NONE, ATTR_IOPL)
PORT(IN, 0xe4, M_BYTE, (WO | AX(1), IB))
PORT(IN, 0xe5, M_MAX4, (WO | AX(z), IB))
PORT(OUT, 0xe6, M_BYTE, (IB, AX(1)))
PORT(OUT, 0xe7, M_MAX4, (IB, AX(z)))
PORT(IN, 0xec, M_BYTE, (WO | AX(1), DX))
PORT(IN, 0xed, M_MAX4, (WO | AX(z), DX))
PORT(OUT, 0xee, M_BYTE, (DX, AX(1)))
PORT(OUT, 0xef, M_MAX4, (DX, AX(z)))
LEG(CALL, ONE, 0xe8, 0, (J(z)), BRANCH, NONE, ATTR_F64,
    FLOW(CALL), GR(bSP), GW(bSP))
LEG(JMP, ONE, 0xe9, 0, (J(z)), BRANCH, NONE, ATTR_F64, FLOW(JMP))
LEG(JMPF, ONE, 0xea, 0, (FARP), BRANCH, NONE, ATTR_NO64, FLOW(FAR))
LEG(JMP, ONE, 0xeb, 0, (J(1)), BRANCH, NONE, ATTR_F64, FLOW(JMP))

/* --- F0..FF --- */
LEG(ICEBP, ONE, 0xf1, 0, (0), BRANCH, NONE, 0, SOFTINT)
INT(CMC, ONE, 0xf5, 0, (0), 0, FR(fC), FW(fC))
#define GROUP3(n, id, ops1, opsv, at, ...) \
	INT(id, ONE, 0xf6, M_BYTE | REG(n), ops1, at, __VA_ARGS__) \
	INT(id, ONE, 0xf7, REG(n), opsv, at, __VA_ARGS__)
GROUP3(0, TEST, (E(1), IS(1)), (E(v), IS(z)), 0, FW(ARITH & ~fA), FU(fA))
GROUP3(1, TEST, (E(1), IS(1)), (E(v), IS(z)), 0, FW(ARITH & ~fA), FU(fA))
GROUP3(2, NOT, (RW | E(1)), (RW | E(v)), LOCKED)
GROUP3(3, NEG, (RW | E(1)), (RW | E(v)), LOCKED, FW(ARITH))
/* The byte forms work on AX alone, the others on rDX:rAX. */
#define MULDIV(n, id, gr, ...) \
	INT(id, ONE, 0xf6, M_BYTE | REG(n), (E(1)), 0, GR(bAX), GW(bAX), \
	    __VA_ARGS__) \
	INT(id, ONE, 0xf7, REG(n), (E(v)), ATTR_ZERO_UPPER, GR(gr), \
	    GW(bAX | bDX), __VA_ARGS__)
MULDIV(4, MUL, bAX, FW(fC | fO), FU(fS | fZ | fA | fP))
MULDIV(5, IMUL, bAX, FW(fC | fO), FU(fS | fZ | fA | fP))
MULDIV(6, DIV, bAX | bDX, FU(ARITH))
MULDIV(7, IDIV, bAX | bDX, FU(ARITH))
INT(CLC, ONE, 0xf8, 0, (0), 0, FW(fC))
INT(STC, ONE, 0xf9, 0, (0), 0, FW(fC))
SYS(CLI, ONE, 0xfa, 0, (0), ATTR_IOPL, FR(FLAG_IOPL), FW(FLAG_IF))
SYS(STI, ONE, 0xfb, 0, (0), ATTR_IOPL, FR(FLAG_IOPL), FW(FLAG_IF))
SYS(CLD, ONE, 0xfc, 0, (0), 0, FW(fD))
SYS(STD, ONE, 0xfd, 0, (0), 0, FW(fD))
INT(INC, ONE, 0xfe, M_BYTE | REG(0), (RW | E(1)), LOCKED, FW(ARITH & ~fC))
INT(DEC, ONE, 0xfe, M_BYTE | REG(1), (RW | E(1)), LOCKED, FW(ARITH & ~fC))
INT(INC, ONE, 0xff, REG(0), (RW | E(v)), LOCKED, FW(ARITH & ~fC))
INT(DEC, ONE, 0xff, REG(1), (RW | E(v)), LOCKED, FW(ARITH & ~fC))
LEG(CALL, ONE, 0xff, REG(2), (E(v)), BRANCH, NONE, ATTR_F64,
    FLOW(CALL_IND), GR(bSP), GW(bSP))
LEG(CALLF, ONE, 0xff, REG(3) | M_FARW, (M(p)), BRANCH, NONE, 0,
    FLOW(FAR), GR(bSP), GW(bSP))
LEG(JMP, ONE, 0xff, REG(4), (E(v)), BRANCH, NONE, ATTR_F64, FLOW(JMP_IND))
LEG(JMPF, ONE, 0xff, REG(5) | M_FARW, (M(p)), BRANCH, NONE, 0, FLOW(FAR))
LEG(PUSH, ONE, 0xff, REG(6), (E(v)), STACK, NONE, ATTR_D64,
    GR(bSP), GW(bSP))

/* --- 0F map --- */
INT(NOP, 0F, 0x1f, 0, (NA | E(0)), 0)
LEG(UD2, 0F, 0x0b, 0, (0), BRANCH, NONE, 0, FLOW(INT))
LEG(UD1, 0F, 0xb9, 0, (NA | G(0), NA | E(0)), BRANCH, NONE, 0, FLOW(INT))
LEG(UD0, 0F, 0xff, 0, (NA | G(0), NA | E(0)), BRANCH, NONE, 0, FLOW(INT))
LEG(CPUID, 0F, 0xa2, 0, (0), SYSTEM, NONE, ATTR_ZERO_UPPER,
    GR(bAX | bCX), GW(bAX | bBX | bCX | bDX))

/*
 * Bit tests with a register index reach outside the memory operand: the
 * bit string starts there.  No engine may run those as they are, so they are
 * SYSTEM; size is one access's.
 */
#define BT_FLAGS FW(fC), FU(fO | fS | fA | fP)
#define BITTEST(id, n, acc, at) \
	INT(id, 0F, 0x83 + 8 * n, M_MOD3, (acc | E(v), G(v)), at, BT_FLAGS) \
	SYS(id, 0F, 0x83 + 8 * n, M_MEM, (acc | E(v), G(v)), at, BT_FLAGS) \
	INT(id, 0F, 0xba, REG(n), (acc | E(v), IB), at, BT_FLAGS)
BITTEST(BT, 4, 0, 0)
BITTEST(BTS, 5, RW, LOCKED)
BITTEST(BTR, 6, RW, LOCKED)
BITTEST(BTC, 7, RW, LOCKED)

INT(CMPXCHG, 0F, 0xb0, M_BYTE, (RW | E(1), G(1)), LOCKED,
    GR(bAX), GW(bAX), FW(ARITH))
INT(CMPXCHG, 0F, 0xb1, 0, (RW | E(v), G(v)), LOCKED,
    GR(bAX), GW(bAX), FW(ARITH))
INT(XADD, 0F, 0xc0, M_BYTE, (RW | E(1), RW | G(1)), LOCKED, FW(ARITH))
INT(XADD, 0F, 0xc1, 0, (RW | E(v), RW | G(v)), LOCKED, FW(ARITH))
LEG(CMPXCHG8B, 0F, 0xc7, REG(1) | M_W0, (RW | M(8)), INT, CX8, LOCKED,
    GR(bAX | bBX | bCX | bDX), GW(bAX | bDX), FW(fZ))
LEG(CMPXCHG16B, 0F, 0xc7, REG(1) | M_W1, (RW | M(16)), INT, CX16,
    LOCKED | ATTR_ALIGNED, GR(bAX | bBX | bCX | bDX), GW(bAX | bDX), FW(fZ))
INT(BSWAP, 0F, 0xc8, M_PLUS8, (RW | Z(v)), 0)
INT(MOVZX, 0F, 0xb6, 0, (WO | G(v), E(1)), 0)
INT(MOVZX, 0F, 0xb7, 0, (WO | G(v), E(2)), 0)
INT(MOVSX, 0F, 0xbe, 0, (WO | G(v), E(1)), 0)
INT(MOVSX, 0F, 0xbf, 0, (WO | G(v), E(2)), 0)
LEG(POPCNT, 0F, 0xb8, M_F3, (WO | G(v), E(v)), INT, POPCNT, 0, FW(ARITH))
LEG(TZCNT, 0F, 0xbc, M_F3, (WO | G(v), E(v)), INT, BMI1, 0,
    FW(fC | fZ), FU(fO | fS | fA | fP))
LEG(LZCNT, 0F, 0xbd, M_F3, (WO | G(v), E(v)), INT, LZCNT, 0,
    FW(fC | fZ), FU(fO | fS | fA | fP))
/* A source of zero leaves the destination alone. */
INT(BSF, 0F, 0xbc, 0, (WC | G(v), E(v)), 0,
    FW(fZ), FU(fC | fO | fS | fA | fP))
INT(BSR, 0F, 0xbd, 0, (WC | G(v), E(v)), 0,
    FW(fZ), FU(fC | fO | fS | fA | fP))
LEG(MOVNTI, 0F, 0xc3, M_NP, (WO | M(y), G(y)), INT, SSE2, ATTR_NONTEMPORAL)
LEG(RDRAND, 0F, 0xc7, REG(6) | M_NP66, (WO | R(v)), INT, RDRAND, 0,
    FW(ARITH))
LEG(RDSEED, 0F, 0xc7, REG(7) | M_NP66, (WO | R(v)), INT, RDSEED, 0,
    FW(ARITH))

/* --- 0F 38 --- */
LEG(MOVBE, 0F38, 0xf0, M_NP66, (WO | G(v), M(v)), INT, MOVBE, 0)
LEG(MOVBE, 0F38, 0xf1, M_NP66, (WO | M(v), G(v)), INT, MOVBE, 0)
LEG(CRC32, 0F38, 0xf0, M_F2 | M_BYTE, (RW | G(y), E(1)), INT, SSE42, 0)
LEG(CRC32, 0F38, 0xf1, M_F2, (RW | G(y), E(v)), INT, SSE42, 0)
LEG(ADCX, 0F38, 0xf6, M_66, (RW | G(y), E(y)), INT, ADX, 0, FR(fC), FW(fC))
LEG(ADOX, 0F38, 0xf6, M_F3, (RW | G(y), E(y)), INT, ADX, 0, FR(fO), FW(fO))
LEG(MOVDIRI, 0F38, 0xf9, M_NP, (WO | M(y), G(y)), INT, MOVDIRI,
    ATTR_NONTEMPORAL)
/* The destination is the memory at ES:reg, the source is the operand. */
LEG(MOVDIR64B, 0F38, 0xf8, M_66, (G(ad), M(64)), SYSTEM, MOVDIR64B,
    ATTR_NONTEMPORAL)
LEG(ENQCMD, 0F38, 0xf8, M_F2, (G(ad), M(64)), SYSTEM, NEVER, 0, FW(ARITH))
LEG(ENQCMDS, 0F38, 0xf8, M_F3, (G(ad), M(64)), SYSTEM, NEVER, ATTR_PRIV,
    FW(ARITH))

/* --- VEX-encoded: BMI1, BMI2 --- */
#define BMI(id, pp, map, opc, match, ops, feat, ...) \
	ROW(id, VEX, map, opc, M_##pp | M_L0 | (match), ops, INT, feat, \
	    ATTR_NOREAL, __VA_ARGS__)
#define BMI1_FLAGS FW(fC | fZ | fS | fO), FU(fA | fP)
BMI(ANDN, NP, 0F38, 0xf2, 0, (WO | G(y), B(y), E(y)), BMI1, BMI1_FLAGS)
BMI(BLSR, NP, 0F38, 0xf3, REG(1), (WO | B(y), E(y)), BMI1, BMI1_FLAGS)
BMI(BLSMSK, NP, 0F38, 0xf3, REG(2), (WO | B(y), E(y)), BMI1, BMI1_FLAGS)
BMI(BLSI, NP, 0F38, 0xf3, REG(3), (WO | B(y), E(y)), BMI1, BMI1_FLAGS)
BMI(BZHI, NP, 0F38, 0xf5, 0, (WO | G(y), E(y), B(y)), BMI2, BMI1_FLAGS)
BMI(PEXT, F3, 0F38, 0xf5, 0, (WO | G(y), B(y), E(y)), BMI2)
BMI(PDEP, F2, 0F38, 0xf5, 0, (WO | G(y), B(y), E(y)), BMI2)
BMI(MULX, F2, 0F38, 0xf6, 0, (WO | G(y), WO | B(y), E(y)), BMI2, GR(bDX))
BMI(BEXTR, NP, 0F38, 0xf7, 0, (WO | G(y), E(y), B(y)), BMI1,
    FW(fC | fZ | fO), FU(fA | fP | fS))
BMI(SHLX, 66, 0F38, 0xf7, 0, (WO | G(y), E(y), B(y)), BMI2)
BMI(SARX, F3, 0F38, 0xf7, 0, (WO | G(y), E(y), B(y)), BMI2)
BMI(SHRX, F2, 0F38, 0xf7, 0, (WO | G(y), E(y), B(y)), BMI2)
BMI(RORX, F2, 0F3A, 0xf0, 0, (WO | G(y), E(y), IB), BMI2)
