/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: x87, complete with the aliases that hardware has and manuals do not
 * (SDM 2 appendix B.17, APM 5).  Included by insn_tab.c.
 *
 * FXXX ST(0), m or ST(i) names the destination first as everywhere.  Loads
 * and pops move the stack's top: operands are numbered as before the
 * instruction.
 */
#define X87(id, opc, match, ops, cls, ...) \
	LEG(id, ONE, opc, match, ops, cls, FPU, 0, __VA_ARGS__)
#define FM(id, opc, reg, ops, ...) \
	X87(id, opc, REG(reg) | M_MEM, ops, X87, __VA_ARGS__)
#define FR3(id, opc, reg, ops, ...) \
	X87(id, opc, REG(reg) | M_MOD3, ops, X87, __VA_ARGS__)
#define F1(id, opc, reg, rm, ops, ...) \
	X87(id, opc, REG(reg) | RM(rm), ops, X87, __VA_ARGS__)

/* D8, DC, DA, DE with memory: eight operations on four source formats. */
#define FARITH(n, id, iid, acc) \
	FM(id, 0xd8, n, (acc | ST0, M(4))) \
	FM(id, 0xdc, n, (acc | ST0, M(8))) \
	FM(iid, 0xda, n, (acc | ST0, M(4))) \
	FM(iid, 0xde, n, (acc | ST0, M(2))) \
	FR3(id, 0xd8, n, (acc | ST0, STn))
FARITH(0, FADD, FIADD, RW)
FARITH(1, FMUL, FIMUL, RW)
FARITH(2, FCOM, FICOM, 0)
FARITH(3, FCOMP, FICOMP, 0)
FARITH(4, FSUB, FISUB, RW)
FARITH(5, FSUBR, FISUBR, RW)
FARITH(6, FDIV, FIDIV, RW)
FARITH(7, FDIVR, FIDIVR, RW)
/* DC and DE with a register: the destination is ST(i), R is swapped. */
#define FARITH_TO(n, id, idp) \
	FR3(id, 0xdc, n, (RW | STn, ST0)) \
	FR3(idp, 0xde, n, (RW | STn, ST0))
FARITH_TO(0, FADD, FADDP)
FARITH_TO(1, FMUL, FMULP)
FARITH_TO(4, FSUBR, FSUBRP)
FARITH_TO(5, FSUB, FSUBP)
FARITH_TO(6, FDIVR, FDIVRP)
FARITH_TO(7, FDIV, FDIVP)
FR3(FCOM, 0xdc, 2, (ST0, STn))
FR3(FCOMP, 0xdc, 3, (ST0, STn))
FR3(FCOMP, 0xde, 2, (ST0, STn))
F1(FCOMPP, 0xde, 3, 1, (0))

/* D9 */
FM(FLD, 0xd9, 0, (WO | ST0, M(4)))
FM(FST, 0xd9, 2, (WO | M(4), ST0))
FM(FSTP, 0xd9, 3, (WO | M(4), ST0))
X87(FLDENV, 0xd9, REG(4), (M(env)), FPSTATE)
FM(FLDCW, 0xd9, 5, (M(2)))
X87(FNSTENV, 0xd9, REG(6), (WO | M(env)), FPSTATE)
FM(FNSTCW, 0xd9, 7, (WO | M(2)))
FR3(FLD, 0xd9, 0, (WO | ST0, STn))
FR3(FXCH, 0xd9, 1, (RW | ST0, RW | STn))
F1(FNOP, 0xd9, 2, 0, (0))
FR3(FSTPNCE, 0xd9, 3, (WO | STn, ST0))
F1(FCHS, 0xd9, 4, 0, (RW | ST0))
F1(FABS, 0xd9, 4, 1, (RW | ST0))
F1(FTST, 0xd9, 4, 4, (ST0))
F1(FXAM, 0xd9, 4, 5, (ST0))
F1(FLD1, 0xd9, 5, 0, (WO | ST0))
F1(FLDL2T, 0xd9, 5, 1, (WO | ST0))
F1(FLDL2E, 0xd9, 5, 2, (WO | ST0))
F1(FLDPI, 0xd9, 5, 3, (WO | ST0))
F1(FLDLG2, 0xd9, 5, 4, (WO | ST0))
F1(FLDLN2, 0xd9, 5, 5, (WO | ST0))
F1(FLDZ, 0xd9, 5, 6, (WO | ST0))
F1(F2XM1, 0xd9, 6, 0, (RW | ST0))
F1(FYL2X, 0xd9, 6, 1, (RW | ST0))
F1(FPTAN, 0xd9, 6, 2, (RW | ST0))
F1(FPATAN, 0xd9, 6, 3, (RW | ST0))
F1(FXTRACT, 0xd9, 6, 4, (RW | ST0))
F1(FPREM1, 0xd9, 6, 5, (RW | ST0))
F1(FDECSTP, 0xd9, 6, 6, (0))
F1(FINCSTP, 0xd9, 6, 7, (0))
F1(FPREM, 0xd9, 7, 0, (RW | ST0))
F1(FYL2XP1, 0xd9, 7, 1, (RW | ST0))
F1(FSQRT, 0xd9, 7, 2, (RW | ST0))
F1(FSINCOS, 0xd9, 7, 3, (RW | ST0))
F1(FRNDINT, 0xd9, 7, 4, (RW | ST0))
F1(FSCALE, 0xd9, 7, 5, (RW | ST0))
F1(FSIN, 0xd9, 7, 6, (RW | ST0))
F1(FCOS, 0xd9, 7, 7, (RW | ST0))

/* DA, DB */
#define FCMOV(id, opc, reg, f) \
	LEG(id, ONE, opc, REG(reg) | M_MOD3, (WC | ST0, STn), X87, CMOV, 0, \
	    FEAT2(FPU), FR(f))
FCMOV(FCMOVB, 0xda, 0, fC)
FCMOV(FCMOVE, 0xda, 1, fZ)
FCMOV(FCMOVBE, 0xda, 2, fC | fZ)
FCMOV(FCMOVU, 0xda, 3, fP)
FCMOV(FCMOVNB, 0xdb, 0, fC)
FCMOV(FCMOVNE, 0xdb, 1, fZ)
FCMOV(FCMOVNBE, 0xdb, 2, fC | fZ)
FCMOV(FCMOVNU, 0xdb, 3, fP)
F1(FUCOMPP, 0xda, 5, 1, (0))
FM(FILD, 0xdb, 0, (WO | ST0, M(4)))
LEG(FISTTP, ONE, 0xdb, REG(1), (WO | M(4), ST0), X87, SSE3, 0)
FM(FIST, 0xdb, 2, (WO | M(4), ST0))
FM(FISTP, 0xdb, 3, (WO | M(4), ST0))
FM(FLD, 0xdb, 5, (WO | ST0, M(10)))
FM(FSTP, 0xdb, 7, (WO | M(10), ST0))
F1(FNENI, 0xdb, 4, 0, (0))
F1(FNDISI, 0xdb, 4, 1, (0))
F1(FNCLEX, 0xdb, 4, 2, (0))
X87(FNINIT, 0xdb, REG(4) | RM(3), (0), FPSTATE)
F1(FNSETPM, 0xdb, 4, 4, (0))
#define FCOMI(id, opc, reg) \
	LEG(id, ONE, opc, REG(reg) | M_MOD3, (ST0, STn), X87, CMOV, 0, \
	    FEAT2(FPU), FW(ARITH))
FCOMI(FUCOMI, 0xdb, 5)
FCOMI(FCOMI, 0xdb, 6)
FCOMI(FUCOMIP, 0xdf, 5)
FCOMI(FCOMIP, 0xdf, 6)

/* DD */
FM(FLD, 0xdd, 0, (WO | ST0, M(8)))
LEG(FISTTP, ONE, 0xdd, REG(1), (WO | M(8), ST0), X87, SSE3, 0)
FM(FST, 0xdd, 2, (WO | M(8), ST0))
FM(FSTP, 0xdd, 3, (WO | M(8), ST0))
X87(FRSTOR, 0xdd, REG(4), (M(sav)), FPSTATE)
X87(FNSAVE, 0xdd, REG(6), (WO | M(sav)), FPSTATE)
FM(FNSTSW, 0xdd, 7, (WO | M(2)))
FR3(FFREE, 0xdd, 0, (STn))
FR3(FXCH, 0xdd, 1, (RW | ST0, RW | STn))
FR3(FST, 0xdd, 2, (WO | STn, ST0))
FR3(FSTP, 0xdd, 3, (WO | STn, ST0))
FR3(FUCOM, 0xdd, 4, (ST0, STn))
FR3(FUCOMP, 0xdd, 5, (ST0, STn))

/* DF */
FM(FILD, 0xdf, 0, (WO | ST0, M(2)))
LEG(FISTTP, ONE, 0xdf, REG(1), (WO | M(2), ST0), X87, SSE3, 0)
FM(FIST, 0xdf, 2, (WO | M(2), ST0))
FM(FISTP, 0xdf, 3, (WO | M(2), ST0))
FM(FBLD, 0xdf, 4, (WO | ST0, M(10)))
FM(FILD, 0xdf, 5, (WO | ST0, M(8)))
FM(FBSTP, 0xdf, 6, (WO | M(10), ST0))
FM(FISTP, 0xdf, 7, (WO | M(8), ST0))
FR3(FFREEP, 0xdf, 0, (STn))
FR3(FXCH, 0xdf, 1, (RW | ST0, RW | STn))
FR3(FSTP, 0xdf, 2, (WO | STn, ST0))
FR3(FSTP, 0xdf, 3, (WO | STn, ST0))
F1(FNSTSW, 0xdf, 4, 0, (WO | AX(2)))
