/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: MMX and SSE to SSE4.2, SSE4a, AES, PCLMULQDQ, SHA, GFNI in their
 * legacy encoding.  Included by insn_tab.c.
 *
 * A scalar destination has the scalar's size; the rest of the register is
 * kept, except by loads from memory, which clear it.
 */
#define FX ATTR_FP_EXC
#define NT ATTR_NONTEMPORAL

/* --- packed integer, MMX and XMM alike --- */
#define MM_NONE(id, map, opc)
#define MM_LOW(id, map, opc) \
	MMX(id, NP, map, opc, 0, (RW | P, Q(4)), MMX, 0)
#define MM_MMX(id, map, opc) \
	MMX(id, NP, map, opc, 0, (RW | P, Q(8)), MMX, 0)
#define MM_SSE(id, map, opc) \
	MMX(id, NP, map, opc, 0, (RW | P, Q(8)), SSE, 0)
#define MM_SSE2(id, map, opc) \
	MMX(id, NP, map, opc, 0, (RW | P, Q(8)), SSE2, 0)
#define MM_SSSE3(id, map, opc) \
	MMX(id, NP, map, opc, 0, (RW | P, Q(8)), SSSE3, 0)
#define PK(id, map, opc, mmx, sse, evex) \
	MM_##mmx(id, map, opc) \
	SSE(id, 66, map, opc, 0, (RW | V(16), W(16)), sse, 0)
#include "modes/x86/insn_pk_tab.h"
#undef PK

/* Shifts by a register or memory, and by an immediate. */
#define PSHIFT(id, opc, iopc, reg) \
	MMX(id, NP, 0F, opc, 0, (RW | P, Q(8)), MMX, 0) \
	SSE(id, 66, 0F, opc, 0, (RW | V(16), W(16)), SSE2, 0) \
	MMX(id, NP, 0F, iopc, REG(reg), (RW | N, IB), MMX, 0) \
	SSE(id, 66, 0F, iopc, REG(reg), (RW | U(16), IB), SSE2, 0)
PSHIFT(PSRLW, 0xd1, 0x71, 2)
PSHIFT(PSRAW, 0xe1, 0x71, 4)
PSHIFT(PSLLW, 0xf1, 0x71, 6)
PSHIFT(PSRLD, 0xd2, 0x72, 2)
PSHIFT(PSRAD, 0xe2, 0x72, 4)
PSHIFT(PSLLD, 0xf2, 0x72, 6)
PSHIFT(PSRLQ, 0xd3, 0x73, 2)
PSHIFT(PSLLQ, 0xf3, 0x73, 6)
SSE(PSRLDQ, 66, 0F, 0x73, REG(3), (RW | U(16), IB), SSE2, 0)
SSE(PSLLDQ, 66, 0F, 0x73, REG(7), (RW | U(16), IB), SSE2, 0)

/* --- floating point, four types --- */
#define SSE_PSPD(id, opc, acc, fx) \
	SSE(id##PS, NP, 0F, opc, 0, (acc | V(16), W(16)), SSE, fx) \
	SSE(id##PD, 66, 0F, opc, 0, (acc | V(16), W(16)), SSE2, fx)
#define SSE_FP4(id, opc, acc) \
	SSE_PSPD(id, opc, acc, FX) \
	SSE(id##SS, F3, 0F, opc, 0, (acc | V(4), W(4)), SSE, FX) \
	SSE(id##SD, F2, 0F, opc, 0, (acc | V(8), W(8)), SSE2, FX)
SSE_FP4(SQRT, 0x51, WO)
SSE_FP4(ADD, 0x58, RW)
SSE_FP4(MUL, 0x59, RW)
SSE_FP4(SUB, 0x5c, RW)
SSE_FP4(MIN, 0x5d, RW)
SSE_FP4(DIV, 0x5e, RW)
SSE_FP4(MAX, 0x5f, RW)
SSE_PSPD(UNPCKL, 0x14, RW, 0)
SSE_PSPD(UNPCKH, 0x15, RW, 0)
SSE_PSPD(AND, 0x54, RW, 0)
SSE_PSPD(ANDN, 0x55, RW, 0)
SSE_PSPD(OR, 0x56, RW, 0)
SSE_PSPD(XOR, 0x57, RW, 0)
SSE(RSQRTPS, NP, 0F, 0x52, 0, (WO | V(16), W(16)), SSE, 0)
SSE(RSQRTSS, F3, 0F, 0x52, 0, (WO | V(4), W(4)), SSE, 0)
SSE(RCPPS, NP, 0F, 0x53, 0, (WO | V(16), W(16)), SSE, 0)
SSE(RCPSS, F3, 0F, 0x53, 0, (WO | V(4), W(4)), SSE, 0)
SSE(CMPPS, NP, 0F, 0xc2, 0, (RW | V(16), W(16), IB), SSE, FX)
SSE(CMPPD, 66, 0F, 0xc2, 0, (RW | V(16), W(16), IB), SSE2, FX)
SSE(CMPSS, F3, 0F, 0xc2, 0, (RW | V(4), W(4), IB), SSE, FX)
SSE(CMPSD, F2, 0F, 0xc2, 0, (RW | V(8), W(8), IB), SSE2, FX)
SSE(SHUFPS, NP, 0F, 0xc6, 0, (RW | V(16), W(16), IB), SSE, 0)
SSE(SHUFPD, 66, 0F, 0xc6, 0, (RW | V(16), W(16), IB), SSE2, 0)
SSE(UCOMISS, NP, 0F, 0x2e, 0, (V(4), W(4)), SSE, FX, FW(ARITH))
SSE(UCOMISD, 66, 0F, 0x2e, 0, (V(8), W(8)), SSE2, FX, FW(ARITH))
SSE(COMISS, NP, 0F, 0x2f, 0, (V(4), W(4)), SSE, FX, FW(ARITH))
SSE(COMISD, 66, 0F, 0x2f, 0, (V(8), W(8)), SSE2, FX, FW(ARITH))
SSE(HADDPD, 66, 0F, 0x7c, 0, (RW | V(16), W(16)), SSE3, FX)
SSE(HADDPS, F2, 0F, 0x7c, 0, (RW | V(16), W(16)), SSE3, FX)
SSE(HSUBPD, 66, 0F, 0x7d, 0, (RW | V(16), W(16)), SSE3, FX)
SSE(HSUBPS, F2, 0F, 0x7d, 0, (RW | V(16), W(16)), SSE3, FX)
SSE(ADDSUBPD, 66, 0F, 0xd0, 0, (RW | V(16), W(16)), SSE3, FX)
SSE(ADDSUBPS, F2, 0F, 0xd0, 0, (RW | V(16), W(16)), SSE3, FX)

/* --- moves --- */
SSE(MOVUPS, NP, 0F, 0x10, 0, (WO | V(16), W(16u)), SSE, 0)
SSE(MOVUPD, 66, 0F, 0x10, 0, (WO | V(16), W(16u)), SSE2, 0)
SSE(MOVSS, F3, 0F, 0x10, 0, (WO | V(4), W(4)), SSE, 0)
SSE(MOVSD, F2, 0F, 0x10, 0, (WO | V(8), W(8)), SSE2, 0)
SSE(MOVUPS, NP, 0F, 0x11, 0, (WO | W(16u), V(16)), SSE, 0)
SSE(MOVUPD, 66, 0F, 0x11, 0, (WO | W(16u), V(16)), SSE2, 0)
SSE(MOVSS, F3, 0F, 0x11, 0, (WO | W(4), V(4)), SSE, 0)
SSE(MOVSD, F2, 0F, 0x11, 0, (WO | W(8), V(8)), SSE2, 0)
SSE(MOVHLPS, NP, 0F, 0x12, 0, (WO | V(8), U(16)), SSE, 0)
SSE(MOVLPS, NP, 0F, 0x12, 0, (WO | V(8), M(8)), SSE, 0)
SSE(MOVLPD, 66, 0F, 0x12, 0, (WO | V(8), M(8)), SSE2, 0)
SSE(MOVSLDUP, F3, 0F, 0x12, 0, (WO | V(16), W(16)), SSE3, 0)
SSE(MOVDDUP, F2, 0F, 0x12, 0, (WO | V(16), W(8)), SSE3, 0)
SSE(MOVLPS, NP, 0F, 0x13, 0, (WO | M(8), V(8)), SSE, 0)
SSE(MOVLPD, 66, 0F, 0x13, 0, (WO | M(8), V(8)), SSE2, 0)
SSE(MOVLHPS, NP, 0F, 0x16, 0, (RW | V(16), U(8)), SSE, 0)
SSE(MOVHPS, NP, 0F, 0x16, 0, (RW | V(16), M(8)), SSE, 0)
SSE(MOVHPD, 66, 0F, 0x16, 0, (RW | V(16), M(8)), SSE2, 0)
SSE(MOVSHDUP, F3, 0F, 0x16, 0, (WO | V(16), W(16)), SSE3, 0)
SSE(MOVHPS, NP, 0F, 0x17, 0, (WO | M(8), V(16)), SSE, 0)
SSE(MOVHPD, 66, 0F, 0x17, 0, (WO | M(8), V(16)), SSE2, 0)
SSE(MOVAPS, NP, 0F, 0x28, 0, (WO | V(16), W(16)), SSE, 0)
SSE(MOVAPD, 66, 0F, 0x28, 0, (WO | V(16), W(16)), SSE2, 0)
SSE(MOVAPS, NP, 0F, 0x29, 0, (WO | W(16), V(16)), SSE, 0)
SSE(MOVAPD, 66, 0F, 0x29, 0, (WO | W(16), V(16)), SSE2, 0)
SSE(MOVNTPS, NP, 0F, 0x2b, 0, (WO | M(16), V(16)), SSE, NT)
SSE(MOVNTPD, 66, 0F, 0x2b, 0, (WO | M(16), V(16)), SSE2, NT)
SSE(MOVNTSS, F3, 0F, 0x2b, 0, (WO | M(4), V(4)), SSE4A, NT)
SSE(MOVNTSD, F2, 0F, 0x2b, 0, (WO | M(8), V(8)), SSE4A, NT)
SSE(MOVMSKPS, NP, 0F, 0x50, 0, (WO | G(4), U(16)), SSE, 0)
SSE(MOVMSKPD, 66, 0F, 0x50, 0, (WO | G(4), U(16)), SSE2, 0)
MMX(MOVD, NP, 0F, 0x6e, M_W0, (WO | P, E(4)), MMX, 0)
MMX(MOVQ, NP, 0F, 0x6e, M_W1, (WO | P, E(8)), MMX, 0)
SSE(MOVD, 66, 0F, 0x6e, M_W0, (WO | V(16), E(4)), SSE2, 0)
SSE(MOVQ, 66, 0F, 0x6e, M_W1, (WO | V(16), E(8)), SSE2, 0)
MMX(MOVQ, NP, 0F, 0x6f, 0, (WO | P, Q(8)), MMX, 0)
SSE(MOVDQA, 66, 0F, 0x6f, 0, (WO | V(16), W(16)), SSE2, 0)
SSE(MOVDQU, F3, 0F, 0x6f, 0, (WO | V(16), W(16u)), SSE2, 0)
MMX(MOVD, NP, 0F, 0x7e, M_W0, (WO | E(4), P), MMX, 0)
MMX(MOVQ, NP, 0F, 0x7e, M_W1, (WO | E(8), P), MMX, 0)
SSE(MOVD, 66, 0F, 0x7e, M_W0, (WO | E(4), V(16)), SSE2, 0)
SSE(MOVQ, 66, 0F, 0x7e, M_W1, (WO | E(8), V(16)), SSE2, 0)
SSE(MOVQ, F3, 0F, 0x7e, 0, (WO | V(16), W(8)), SSE2, 0)
MMX(MOVQ, NP, 0F, 0x7f, 0, (WO | Q(8), P), MMX, 0)
SSE(MOVDQA, 66, 0F, 0x7f, 0, (WO | W(16), V(16)), SSE2, 0)
SSE(MOVDQU, F3, 0F, 0x7f, 0, (WO | W(16u), V(16)), SSE2, 0)
SSE(MOVQ, 66, 0F, 0xd6, 0, (WO | W(8), V(8)), SSE2, 0)
MMX(MOVQ2DQ, F3, 0F, 0xd6, 0, (WO | V(16), N), SSE2, 0)
MMX(MOVDQ2Q, F2, 0F, 0xd6, 0, (WO | P, U(8)), SSE2, 0)
MMX(PMOVMSKB, NP, 0F, 0xd7, 0, (WO | G(4), N), SSE, 0)
SSE(PMOVMSKB, 66, 0F, 0xd7, 0, (WO | G(4), U(16)), SSE2, 0)
MMX(MOVNTQ, NP, 0F, 0xe7, 0, (WO | M(8), P), SSE, NT)
SSE(MOVNTDQ, 66, 0F, 0xe7, 0, (WO | M(16), V(16)), SSE2, NT)
SSE(LDDQU, F2, 0F, 0xf0, 0, (WO | V(16), M(16u)), SSE3, 0)
MMX(MASKMOVQ, NP, 0F, 0xf7, 0, (WC | MDI(8), P, N), SSE, NT, GR(bDI))
SSE(MASKMOVDQU, 66, 0F, 0xf7, 0, (WC | MDI(16u), V(16), U(16)), SSE2, NT,
    GR(bDI))
SSE(MOVNTDQA, 66, 0F38, 0x2a, 0, (WO | V(16), M(16)), SSE41, NT)
MMX(EMMS, NP, 0F, 0x77, 0, (0), MMX, 0)

/* --- conversions --- */
MMX(CVTPI2PS, NP, 0F, 0x2a, 0, (WO | V(8), Q(8)), SSE, FX)
MMX(CVTPI2PD, 66, 0F, 0x2a, 0, (WO | V(16), Q(8)), SSE2, FX)
SSE(CVTSI2SS, F3, 0F, 0x2a, 0, (WO | V(4), E(y)), SSE, FX)
SSE(CVTSI2SD, F2, 0F, 0x2a, 0, (WO | V(8), E(y)), SSE2, FX)
#define CVT_TO_INT(t, opc) \
	MMX(CVT##t##PS2PI, NP, 0F, opc, 0, (WO | P, W(8)), SSE, FX) \
	MMX(CVT##t##PD2PI, 66, 0F, opc, 0, (WO | P, W(16)), SSE2, FX) \
	SSE(CVT##t##SS2SI, F3, 0F, opc, 0, (WO | G(y), W(4)), SSE, FX) \
	SSE(CVT##t##SD2SI, F2, 0F, opc, 0, (WO | G(y), W(8)), SSE2, FX)
CVT_TO_INT(T, 0x2c)
CVT_TO_INT(, 0x2d)
SSE(CVTPS2PD, NP, 0F, 0x5a, 0, (WO | V(16), W(8)), SSE2, FX)
SSE(CVTPD2PS, 66, 0F, 0x5a, 0, (WO | V(16), W(16)), SSE2, FX)
SSE(CVTSS2SD, F3, 0F, 0x5a, 0, (WO | V(8), W(4)), SSE2, FX)
SSE(CVTSD2SS, F2, 0F, 0x5a, 0, (WO | V(4), W(8)), SSE2, FX)
SSE(CVTDQ2PS, NP, 0F, 0x5b, 0, (WO | V(16), W(16)), SSE2, FX)
SSE(CVTPS2DQ, 66, 0F, 0x5b, 0, (WO | V(16), W(16)), SSE2, FX)
SSE(CVTTPS2DQ, F3, 0F, 0x5b, 0, (WO | V(16), W(16)), SSE2, FX)
SSE(CVTTPD2DQ, 66, 0F, 0xe6, 0, (WO | V(16), W(16)), SSE2, FX)
SSE(CVTDQ2PD, F3, 0F, 0xe6, 0, (WO | V(16), W(8)), SSE2, 0)
SSE(CVTPD2DQ, F2, 0F, 0xe6, 0, (WO | V(16), W(16)), SSE2, FX)

/* --- shuffles, inserts, extracts --- */
MMX(PSHUFW, NP, 0F, 0x70, 0, (WO | P, Q(8), IB), SSE, 0)
SSE(PSHUFD, 66, 0F, 0x70, 0, (WO | V(16), W(16), IB), SSE2, 0)
SSE(PSHUFHW, F3, 0F, 0x70, 0, (WO | V(16), W(16), IB), SSE2, 0)
SSE(PSHUFLW, F2, 0F, 0x70, 0, (WO | V(16), W(16), IB), SSE2, 0)
MMX(PINSRW, NP, 0F, 0xc4, 0, (RW | P, E(r4m2), IB), SSE, 0)
SSE(PINSRW, 66, 0F, 0xc4, 0, (RW | V(16), E(r4m2), IB), SSE2, 0)
MMX(PEXTRW, NP, 0F, 0xc5, 0, (WO | G(4), N, IB), SSE, 0)
SSE(PEXTRW, 66, 0F, 0xc5, 0, (WO | G(4), U(16), IB), SSE2, 0)
SSE(EXTRQ, 66, 0F, 0x78, REG(0), (RW | U(8), I(1), I2(1)), SSE4A, 0)
SSE(INSERTQ, F2, 0F, 0x78, 0, (RW | V(8), U(8), I(1), I2(1)), SSE4A, 0)
SSE(EXTRQ, 66, 0F, 0x79, 0, (RW | V(8), U(16)), SSE4A, 0)
SSE(INSERTQ, F2, 0F, 0x79, 0, (RW | V(8), U(16)), SSE4A, 0)

/* --- 0F 38 --- */
SSE(PBLENDVB, 66, 0F38, 0x10, 0, (RW | V(16), W(16), XMM0), SSE41, 0)
SSE(BLENDVPS, 66, 0F38, 0x14, 0, (RW | V(16), W(16), XMM0), SSE41, 0)
SSE(BLENDVPD, 66, 0F38, 0x15, 0, (RW | V(16), W(16), XMM0), SSE41, 0)
SSE(PTEST, 66, 0F38, 0x17, 0, (V(16), W(16)), SSE41, 0, FW(ARITH))
#define PABS(id, opc) \
	MMX(id, NP, 0F38, opc, 0, (WO | P, Q(8)), SSSE3, 0) \
	SSE(id, 66, 0F38, opc, 0, (WO | V(16), W(16)), SSSE3, 0)
PABS(PABSB, 0x1c)
PABS(PABSW, 0x1d)
PABS(PABSD, 0x1e)
#define PMOVX(ext, base) \
	SSE(PMOV##ext##BW, 66, 0F38, base + 0, 0, (WO | V(16), W(8)), SSE41, 0) \
	SSE(PMOV##ext##BD, 66, 0F38, base + 1, 0, (WO | V(16), W(4)), SSE41, 0) \
	SSE(PMOV##ext##BQ, 66, 0F38, base + 2, 0, (WO | V(16), W(2)), SSE41, 0) \
	SSE(PMOV##ext##WD, 66, 0F38, base + 3, 0, (WO | V(16), W(8)), SSE41, 0) \
	SSE(PMOV##ext##WQ, 66, 0F38, base + 4, 0, (WO | V(16), W(4)), SSE41, 0) \
	SSE(PMOV##ext##DQ, 66, 0F38, base + 5, 0, (WO | V(16), W(8)), SSE41, 0)
PMOVX(SX, 0x20)
PMOVX(ZX, 0x30)
SSE(PHMINPOSUW, 66, 0F38, 0x41, 0, (WO | V(16), W(16)), SSE41, 0)
SSE(SHA1NEXTE, NP, 0F38, 0xc8, 0, (RW | V(16), W(16)), SHA, 0)
SSE(SHA1MSG1, NP, 0F38, 0xc9, 0, (RW | V(16), W(16)), SHA, 0)
SSE(SHA1MSG2, NP, 0F38, 0xca, 0, (RW | V(16), W(16)), SHA, 0)
SSE(SHA256RNDS2, NP, 0F38, 0xcb, 0, (RW | V(16), W(16), XMM0), SHA, 0)
SSE(SHA256MSG1, NP, 0F38, 0xcc, 0, (RW | V(16), W(16)), SHA, 0)
SSE(SHA256MSG2, NP, 0F38, 0xcd, 0, (RW | V(16), W(16)), SHA, 0)
SSE(GF2P8MULB, 66, 0F38, 0xcf, 0, (RW | V(16), W(16)), GFNI, 0)
SSE(AESIMC, 66, 0F38, 0xdb, 0, (WO | V(16), W(16)), AES, 0)
SSE(AESENC, 66, 0F38, 0xdc, 0, (RW | V(16), W(16)), AES, 0)
SSE(AESENCLAST, 66, 0F38, 0xdd, 0, (RW | V(16), W(16)), AES, 0)
SSE(AESDEC, 66, 0F38, 0xde, 0, (RW | V(16), W(16)), AES, 0)
SSE(AESDECLAST, 66, 0F38, 0xdf, 0, (RW | V(16), W(16)), AES, 0)

/* --- 0F 3A --- */
SSE(ROUNDPS, 66, 0F3A, 0x08, 0, (WO | V(16), W(16), IB), SSE41, FX)
SSE(ROUNDPD, 66, 0F3A, 0x09, 0, (WO | V(16), W(16), IB), SSE41, FX)
SSE(ROUNDSS, 66, 0F3A, 0x0a, 0, (WO | V(4), W(4), IB), SSE41, FX)
SSE(ROUNDSD, 66, 0F3A, 0x0b, 0, (WO | V(8), W(8), IB), SSE41, FX)
SSE(BLENDPS, 66, 0F3A, 0x0c, 0, (RW | V(16), W(16), IB), SSE41, 0)
SSE(BLENDPD, 66, 0F3A, 0x0d, 0, (RW | V(16), W(16), IB), SSE41, 0)
SSE(PBLENDW, 66, 0F3A, 0x0e, 0, (RW | V(16), W(16), IB), SSE41, 0)
MMX(PALIGNR, NP, 0F3A, 0x0f, 0, (RW | P, Q(8), IB), SSSE3, 0)
SSE(PALIGNR, 66, 0F3A, 0x0f, 0, (RW | V(16), W(16), IB), SSSE3, 0)
SSE(PEXTRB, 66, 0F3A, 0x14, 0, (WO | E(r4m1), V(16), IB), SSE41, 0)
SSE(PEXTRW, 66, 0F3A, 0x15, 0, (WO | E(r4m2), V(16), IB), SSE41, 0)
SSE(PEXTRD, 66, 0F3A, 0x16, M_W0, (WO | E(4), V(16), IB), SSE41, 0)
SSE(PEXTRQ, 66, 0F3A, 0x16, M_W1, (WO | E(8), V(16), IB), SSE41, 0)
SSE(EXTRACTPS, 66, 0F3A, 0x17, 0, (WO | E(4), V(16), IB), SSE41, 0)
SSE(PINSRB, 66, 0F3A, 0x20, 0, (RW | V(16), E(r4m1), IB), SSE41, 0)
SSE(INSERTPS, 66, 0F3A, 0x21, 0, (RW | V(16), W(4), IB), SSE41, 0)
SSE(PINSRD, 66, 0F3A, 0x22, M_W0, (RW | V(16), E(4), IB), SSE41, 0)
SSE(PINSRQ, 66, 0F3A, 0x22, M_W1, (RW | V(16), E(8), IB), SSE41, 0)
SSE(DPPS, 66, 0F3A, 0x40, 0, (RW | V(16), W(16), IB), SSE41, FX)
SSE(DPPD, 66, 0F3A, 0x41, 0, (RW | V(16), W(16), IB), SSE41, FX)
SSE(MPSADBW, 66, 0F3A, 0x42, 0, (RW | V(16), W(16), IB), SSE41, 0)
SSE(PCLMULQDQ, 66, 0F3A, 0x44, 0, (RW | V(16), W(16), IB), PCLMULQDQ, 0)
#define PCMP_SSE(id, opc, at, ...) \
	SSE(id, 66, 0F3A, opc, 0, (V(16), W(16u), IB), SSE42, at, \
	    FW(ARITH), __VA_ARGS__)
PCMP_SSE(PCMPESTRM, 0x60, 0, GR(bAX | bDX))
PCMP_SSE(PCMPESTRI, 0x61, ATTR_ZERO_UPPER, GR(bAX | bDX), GW(bCX))
PCMP_SSE(PCMPISTRM, 0x62, 0)
PCMP_SSE(PCMPISTRI, 0x63, ATTR_ZERO_UPPER, GW(bCX))
SSE(SHA1RNDS4, NP, 0F3A, 0xcc, 0, (RW | V(16), W(16), IB), SHA, 0)
SSE(GF2P8AFFINEQB, 66, 0F3A, 0xce, 0, (RW | V(16), W(16), IB), GFNI, 0)
SSE(GF2P8AFFINEINVQB, 66, 0F3A, 0xcf, 0, (RW | V(16), W(16), IB), GFNI, 0)
SSE(AESKEYGENASSIST, 66, 0F3A, 0xdf, 0, (WO | V(16), W(16), IB), AES, 0)
