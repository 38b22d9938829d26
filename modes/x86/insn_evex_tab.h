/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: EVEX-encoded instructions, AVX-512.  Included by insn_tab.c.
 *
 * KZ: may be masked, merging or zeroing; KM: merging only.  Memory sizes f4,
 * f8 (h4, q2 ...) may be broadcast.  NF: the mask does not suppress faults.
 * Vectors of 128 and 256 bits need AVX512VL besides (ATTR_VL) unless only 512
 * or a scalar is possible.
 */
#define KZ (M_K | M_Z)
#define KM M_K
#define SC M_LIG

/* Three operands and two, packed. */
#define EV3(id, pp, map, opc, match, size, feat, at) \
	EVEX(id, pp, map, opc, (match) | KZ, (WO | V(vl), H(vl), W(size)), \
	    feat, at)
#define EV2(id, pp, map, opc, match, size, feat, at) \
	EVEX(id, pp, map, opc, (match) | KZ, (WO | V(vl), W(size)), feat, at)
#define EV3I(id, pp, map, opc, match, size, feat, at) \
	EVEX(id, pp, map, opc, (match) | KZ, \
	    (WO | V(vl), H(vl), W(size), IB), feat, at)
#define EV2I(id, pp, map, opc, match, size, feat, at) \
	EVEX(id, pp, map, opc, (match) | KZ, (WO | V(vl), W(size), IB), \
	    feat, at)
/* Scalar: the rest of the destination comes from the first source. */
#define EVS(id, pp, map, opc, match, size, feat, at) \
	EVEX(id, pp, map, opc, (match) | KZ | SC, \
	    (WO | V(16), H(16), W(size)), feat, at)
#define EVSI(id, pp, map, opc, match, size, feat, at) \
	EVEX(id, pp, map, opc, (match) | KZ | SC, \
	    (WO | V(16), H(16), W(size), IB), feat, at)
/* Doubleword (W0) and quadword (W1) versions, and byte and word. */
#define EV3DQ(id, map, opc, feat) \
	EV3(id##D, 66, map, opc, M_W0, f4, feat, 0) \
	EV3(id##Q, 66, map, opc, M_W1, f8, feat, 0)
#define EV3BW(id, map, opc, featb, featw) \
	EV3(id##B, 66, map, opc, M_W0, vl, featb, 0) \
	EV3(id##W, 66, map, opc, M_W1, vl, featw, 0)
#define EV2DQ(id, map, opc, feat, at) \
	EV2(id##D, 66, map, opc, M_W0, f4, feat, at) \
	EV2(id##Q, 66, map, opc, M_W1, f8, feat, at)

/* --- packed integer that SSE has as well --- */
#define EVPK_NO(id, map, opc)
#define EVPK_B(id, map, opc) EV3(id, 66, map, opc, 0, vl, AVX512BW, 0)
#define EVPK_D(id, map, opc) EV3(id, 66, map, opc, M_W0, f4, AVX512F, 0)
#define EVPK_Q(id, map, opc) EV3(id, 66, map, opc, M_W1, f8, AVX512F, 0)
#define EVPK_BD(id, map, opc) EV3(id, 66, map, opc, M_W0, f4, AVX512BW, 0)
#define EVPK_BX(id, map, opc) EV3(id, 66, map, opc, 0, vl, AVX512BW, NF)
#define EVPK_DX(id, map, opc) EV3(id, 66, map, opc, M_W0, f4, AVX512F, NF)
#define EVPK_QX(id, map, opc) EV3(id, 66, map, opc, M_W1, f8, AVX512F, NF)
#define EVPK_BDX(id, map, opc) EV3(id, 66, map, opc, M_W0, f4, AVX512BW, NF)
#define EVPK_BN(id, map, opc) \
	EVEX(id, 66, map, opc, 0, (WO | V(vl), H(vl), W(vl)), AVX512BW, 0)
#define EVK(id, map, opc, match, size, feat) \
	EVEX(id, 66, map, opc, (match) | KM, (WO | K(8), H(vl), W(size)), \
	    feat, 0)
#define EVPK_KB(id, map, opc) EVK(id, map, opc, 0, vl, AVX512BW)
#define EVPK_KD(id, map, opc) EVK(id, map, opc, M_W0, f4, AVX512F)
#define EVPK_KQ(id, map, opc) EVK(id, map, opc, M_W1, f8, AVX512F)
#define PK(id, map, opc, mmx, sse, evex) EVPK_##evex(V##id, map, opc)
#include "modes/x86/insn_pk_tab.h"
#undef PK
EV3(VPMINSQ, 66, 0F38, 0x39, M_W1, f8, AVX512F, 0)
EV3(VPMINUQ, 66, 0F38, 0x3b, M_W1, f8, AVX512F, 0)
EV3(VPMAXSQ, 66, 0F38, 0x3d, M_W1, f8, AVX512F, 0)
EV3(VPMAXUQ, 66, 0F38, 0x3f, M_W1, f8, AVX512F, 0)
EV3(VPMULLQ, 66, 0F38, 0x40, M_W1, f8, AVX512DQ, 0)
EV3DQ(VPAND, 0F, 0xdb, AVX512F)
EV3DQ(VPANDN, 0F, 0xdf, AVX512F)
EV3DQ(VPOR, 0F, 0xeb, AVX512F)
EV3DQ(VPXOR, 0F, 0xef, AVX512F)

#define EVSHIFT(id, opc, iopc, reg, match, isize, feat) \
	EV3(id, 66, 0F, opc, match, 16, feat, NF) \
	EVEX(id, 66, 0F, iopc, REG(reg) | (match) | KZ, \
	    (WO | H(vl), W(isize), IB), feat, 0)
EVSHIFT(VPSRLW, 0xd1, 0x71, 2, 0, vl, AVX512BW)
EVSHIFT(VPSRAW, 0xe1, 0x71, 4, 0, vl, AVX512BW)
EVSHIFT(VPSLLW, 0xf1, 0x71, 6, 0, vl, AVX512BW)
EVSHIFT(VPSRLD, 0xd2, 0x72, 2, M_W0, f4, AVX512F)
EVSHIFT(VPSRAD, 0xe2, 0x72, 4, M_W0, f4, AVX512F)
EVSHIFT(VPSRAQ, 0xe2, 0x72, 4, M_W1, f8, AVX512F)
EVSHIFT(VPSLLD, 0xf2, 0x72, 6, M_W0, f4, AVX512F)
EVSHIFT(VPSRLQ, 0xd3, 0x73, 2, M_W1, f8, AVX512F)
EVSHIFT(VPSLLQ, 0xf3, 0x73, 6, M_W1, f8, AVX512F)
#define EVROTI(id, reg, match, size) \
	EVEX(id, 66, 0F, 0x72, REG(reg) | (match) | KZ, \
	    (WO | H(vl), W(size), IB), AVX512F, 0)
EVROTI(VPRORD, 0, M_W0, f4)
EVROTI(VPRORQ, 0, M_W1, f8)
EVROTI(VPROLD, 1, M_W0, f4)
EVROTI(VPROLQ, 1, M_W1, f8)
EVEX(VPSRLDQ, 66, 0F, 0x73, REG(3), (WO | H(vl), W(vl), IB), AVX512BW, 0)
EVEX(VPSLLDQ, 66, 0F, 0x73, REG(7), (WO | H(vl), W(vl), IB), AVX512BW, 0)

/* --- floating point arithmetic --- */
#define EVFP2(id, opc, emb) \
	EV3(id##PS, NP, 0F, opc, M_W0 | (emb), f4, AVX512F, FX) \
	EV3(id##PD, 66, 0F, opc, M_W1 | (emb), f8, AVX512F, FX) \
	EV3(id##PH, NP, 5, opc, M_W0 | (emb), f2, AVX512FP16, FX)
#define EVFPS(id, opc, emb) \
	EVS(id##SS, F3, 0F, opc, M_W0 | (emb), 4, AVX512F, FX) \
	EVS(id##SD, F2, 0F, opc, M_W1 | (emb), 8, AVX512F, FX) \
	EVS(id##SH, F3, 5, opc, M_W0 | (emb), 2, AVX512FP16, FX)
#define EVFP4(id, opc, emb) EVFP2(id, opc, emb) EVFPS(id, opc, emb)
EVFP4(VADD, 0x58, M_ER)
EVFP4(VMUL, 0x59, M_ER)
EVFP4(VSUB, 0x5c, M_ER)
EVFP4(VMIN, 0x5d, M_SAE)
EVFP4(VDIV, 0x5e, M_ER)
EVFP4(VMAX, 0x5f, M_SAE)
EV2(VSQRTPS, NP, 0F, 0x51, M_W0 | M_ER, f4, AVX512F, FX)
EV2(VSQRTPD, 66, 0F, 0x51, M_W1 | M_ER, f8, AVX512F, FX)
EV2(VSQRTPH, NP, 5, 0x51, M_W0 | M_ER, f2, AVX512FP16, FX)
EVFPS(VSQRT, 0x51, M_ER)
#define EVLOGIC(id, opc, feat, at) \
	EV3(id##PS, NP, 0F, opc, M_W0, f4, feat, at) \
	EV3(id##PD, 66, 0F, opc, M_W1, f8, feat, at)
EVLOGIC(VUNPCKL, 0x14, AVX512F, NF)
EVLOGIC(VUNPCKH, 0x15, AVX512F, NF)
EVLOGIC(VAND, 0x54, AVX512DQ, 0)
EVLOGIC(VANDN, 0x55, AVX512DQ, 0)
EVLOGIC(VOR, 0x56, AVX512DQ, 0)
EVLOGIC(VXOR, 0x57, AVX512DQ, 0)
EV3I(VSHUFPS, NP, 0F, 0xc6, M_W0, f4, AVX512F, NF)
EV3I(VSHUFPD, 66, 0F, 0xc6, M_W1, f8, AVX512F, NF)
#define EVCOMI(id, opc) \
	EVEX(id##SS, NP, 0F, opc, M_W0 | SC | M_SAE, (V(4), W(4)), \
	    AVX512F, FX, FW(ARITH)) \
	EVEX(id##SD, 66, 0F, opc, M_W1 | SC | M_SAE, (V(8), W(8)), \
	    AVX512F, FX, FW(ARITH)) \
	EVEX(id##SH, NP, 5, opc, M_W0 | SC | M_SAE, (V(2), W(2)), \
	    AVX512FP16, FX, FW(ARITH))
EVCOMI(VUCOMI, 0x2e)
EVCOMI(VCOMI, 0x2f)
#define EVCMP(id, pp, map, match, vec, size, feat) \
	EVEX(id, pp, map, 0xc2, (match) | KM | M_SAE, \
	    (WO | K(8), H(vec), W(size), IB), feat, FX)
EVCMP(VCMPPS, NP, 0F, M_W0, vl, f4, AVX512F)
EVCMP(VCMPPD, 66, 0F, M_W1, vl, f8, AVX512F)
EVCMP(VCMPPH, NP, 0F3A, M_W0, vl, f2, AVX512FP16)
EVCMP(VCMPSS, F3, 0F, M_W0 | SC, 16, 4, AVX512F)
EVCMP(VCMPSD, F2, 0F, M_W1 | SC, 16, 8, AVX512F)
EVCMP(VCMPSH, F3, 0F3A, M_W0 | SC, 16, 2, AVX512FP16)

#define EVFMA_P(id, opc) \
	EVEX(id##PS, 66, 0F38, opc, M_W0 | KZ | M_ER, \
	    (RW | V(vl), H(vl), W(f4)), AVX512F, FX) \
	EVEX(id##PD, 66, 0F38, opc, M_W1 | KZ | M_ER, \
	    (RW | V(vl), H(vl), W(f8)), AVX512F, FX) \
	EVEX(id##PH, 66, 6, opc, M_W0 | KZ | M_ER, \
	    (RW | V(vl), H(vl), W(f2)), AVX512FP16, FX)
#define EVFMA_S(id, opc) \
	EVEX(id##SS, 66, 0F38, opc, M_W0 | KZ | M_ER | SC, \
	    (RW | V(16), H(16), W(4)), AVX512F, FX) \
	EVEX(id##SD, 66, 0F38, opc, M_W1 | KZ | M_ER | SC, \
	    (RW | V(16), H(16), W(8)), AVX512F, FX) \
	EVEX(id##SH, 66, 6, opc, M_W0 | KZ | M_ER | SC, \
	    (RW | V(16), H(16), W(2)), AVX512FP16, FX)
FMA3(EVFMA_P, VFMADDSUB, 0x6)
FMA3(EVFMA_P, VFMSUBADD, 0x7)
FMA3(EVFMA_P, VFMADD, 0x8)
FMA3(EVFMA_S, VFMADD, 0x9)
FMA3(EVFMA_P, VFMSUB, 0xa)
FMA3(EVFMA_S, VFMSUB, 0xb)
FMA3(EVFMA_P, VFNMADD, 0xc)
FMA3(EVFMA_S, VFNMADD, 0xd)
FMA3(EVFMA_P, VFNMSUB, 0xe)
FMA3(EVFMA_S, VFNMSUB, 0xf)

/* Single-source functions with scalar twins; the scalar opcode follows. */
#define EVFUN(id, opc, emb, fx) \
	EV2(id##PS, 66, 0F38, opc, M_W0 | (emb), f4, AVX512F, fx) \
	EV2(id##PD, 66, 0F38, opc, M_W1 | (emb), f8, AVX512F, fx) \
	EVS(id##SS, 66, 0F38, opc + 1, M_W0 | (emb), 4, AVX512F, fx) \
	EVS(id##SD, 66, 0F38, opc + 1, M_W1 | (emb), 8, AVX512F, fx)
#define EVFUNH(idp, ids, opc, emb, fx) \
	EV2(idp, 66, 6, opc, M_W0 | (emb), f2, AVX512FP16, fx) \
	EVS(ids, 66, 6, opc + 1, M_W0 | (emb), 2, AVX512FP16, fx)
EVFUN(VGETEXP, 0x42, M_SAE, FX)
EVFUN(VRCP14, 0x4c, 0, 0)
EVFUN(VRSQRT14, 0x4e, 0, 0)
EVFUNH(VGETEXPPH, VGETEXPSH, 0x42, M_SAE, FX)
EVFUNH(VRCPPH, VRCPSH, 0x4c, 0, 0)
EVFUNH(VRSQRTPH, VRSQRTSH, 0x4e, 0, 0)
EV3(VSCALEFPS, 66, 0F38, 0x2c, M_W0 | M_ER, f4, AVX512F, FX)
EV3(VSCALEFPD, 66, 0F38, 0x2c, M_W1 | M_ER, f8, AVX512F, FX)
EV3(VSCALEFPH, 66, 6, 0x2c, M_W0 | M_ER, f2, AVX512FP16, FX)
EVS(VSCALEFSS, 66, 0F38, 0x2d, M_W0 | M_ER, 4, AVX512F, FX)
EVS(VSCALEFSD, 66, 0F38, 0x2d, M_W1 | M_ER, 8, AVX512F, FX)
EVS(VSCALEFSH, 66, 6, 0x2d, M_W0 | M_ER, 2, AVX512FP16, FX)

/* The same with an immediate: opcode, then the scalar's. */
#define EVFUNI(id, opc, feat) \
	EV2I(id##PS, 66, 0F3A, opc, M_W0 | M_SAE, f4, feat, FX) \
	EV2I(id##PD, 66, 0F3A, opc, M_W1 | M_SAE, f8, feat, FX) \
	EV2I(id##PH, NP, 0F3A, opc, M_W0 | M_SAE, f2, AVX512FP16, FX) \
	EVSI(id##SS, 66, 0F3A, opc + 1, M_W0 | M_SAE, 4, feat, FX) \
	EVSI(id##SD, 66, 0F3A, opc + 1, M_W1 | M_SAE, 8, feat, FX) \
	EVSI(id##SH, NP, 0F3A, opc + 1, M_W0 | M_SAE, 2, AVX512FP16, FX)
EVFUNI(VGETMANT, 0x26, AVX512F)
EVFUNI(VREDUCE, 0x56, AVX512DQ)
EV2I(VRNDSCALEPS, 66, 0F3A, 0x08, M_W0 | M_SAE, f4, AVX512F, FX)
EV2I(VRNDSCALEPD, 66, 0F3A, 0x09, M_W1 | M_SAE, f8, AVX512F, FX)
EV2I(VRNDSCALEPH, NP, 0F3A, 0x08, M_W0 | M_SAE, f2, AVX512FP16, FX)
EVSI(VRNDSCALESS, 66, 0F3A, 0x0a, M_W0 | M_SAE, 4, AVX512F, FX)
EVSI(VRNDSCALESD, 66, 0F3A, 0x0b, M_W1 | M_SAE, 8, AVX512F, FX)
EVSI(VRNDSCALESH, NP, 0F3A, 0x0a, M_W0 | M_SAE, 2, AVX512FP16, FX)
EV3I(VRANGEPS, 66, 0F3A, 0x50, M_W0 | M_SAE, f4, AVX512DQ, FX)
EV3I(VRANGEPD, 66, 0F3A, 0x50, M_W1 | M_SAE, f8, AVX512DQ, FX)
EVSI(VRANGESS, 66, 0F3A, 0x51, M_W0 | M_SAE, 4, AVX512DQ, FX)
EVSI(VRANGESD, 66, 0F3A, 0x51, M_W1 | M_SAE, 8, AVX512DQ, FX)
/* Destination is a third source. */
#define EVFIXUP(id, opc, match, vec, size) \
	EVEX(id, 66, 0F3A, opc, (match) | KZ | M_SAE, \
	    (RW | V(vec), H(vec), W(size), IB), AVX512F, FX)
EVFIXUP(VFIXUPIMMPS, 0x54, M_W0, vl, f4)
EVFIXUP(VFIXUPIMMPD, 0x54, M_W1, vl, f8)
EVFIXUP(VFIXUPIMMSS, 0x55, M_W0 | SC, 16, 4)
EVFIXUP(VFIXUPIMMSD, 0x55, M_W1 | SC, 16, 8)
#define EVCLASS(id, pp, opc, match, size, feat) \
	EVEX(id, pp, 0F3A, opc, (match) | KM, (WO | K(8), W(size), IB), \
	    feat, 0)
EVCLASS(VFPCLASSPS, 66, 0x66, M_W0, f4, AVX512DQ)
EVCLASS(VFPCLASSPD, 66, 0x66, M_W1, f8, AVX512DQ)
EVCLASS(VFPCLASSPH, NP, 0x66, M_W0, f2, AVX512FP16)
EVCLASS(VFPCLASSSS, 66, 0x67, M_W0 | SC, 4, AVX512DQ)
EVCLASS(VFPCLASSSD, 66, 0x67, M_W1 | SC, 8, AVX512DQ)
EVCLASS(VFPCLASSSH, NP, 0x67, M_W0 | SC, 2, AVX512FP16)

/* --- moves --- */
#define EVMOV(id, pp, load, store, match, feat, at) \
	EVEX(id, pp, 0F, load, (match) | KZ, (WO | V(vl), W(vl)), feat, at) \
	EVEX(id, pp, 0F, store, (match) | KZ, (WO | W(vl), V(vl)), feat, at)
EVMOV(VMOVUPS, NP, 0x10, 0x11, M_W0, AVX512F, 0)
EVMOV(VMOVUPD, 66, 0x10, 0x11, M_W1, AVX512F, 0)
EVMOV(VMOVAPS, NP, 0x28, 0x29, M_W0, AVX512F, ATTR_ALIGNED)
EVMOV(VMOVAPD, 66, 0x28, 0x29, M_W1, AVX512F, ATTR_ALIGNED)
EVMOV(VMOVDQA32, 66, 0x6f, 0x7f, M_W0, AVX512F, ATTR_ALIGNED)
EVMOV(VMOVDQA64, 66, 0x6f, 0x7f, M_W1, AVX512F, ATTR_ALIGNED)
EVMOV(VMOVDQU32, F3, 0x6f, 0x7f, M_W0, AVX512F, 0)
EVMOV(VMOVDQU64, F3, 0x6f, 0x7f, M_W1, AVX512F, 0)
EVMOV(VMOVDQU8, F2, 0x6f, 0x7f, M_W0, AVX512BW, 0)
EVMOV(VMOVDQU16, F2, 0x6f, 0x7f, M_W1, AVX512BW, 0)
#define EVMOVS(id, pp, map, match, size, feat) \
	EVEX(id, pp, map, 0x10, (match) | KZ | SC, \
	    (WO | V(16), M(size)), feat, 0) \
	EVEX(id, pp, map, 0x10, (match) | KZ | SC, \
	    (WO | V(16), H(16), U(size)), feat, 0) \
	EVEX(id, pp, map, 0x11, (match) | KM | SC, \
	    (WO | M(size), V(size)), feat, 0) \
	EVEX(id, pp, map, 0x11, (match) | KZ | SC, \
	    (WO | U(16), H(16), V(size)), feat, 0)
EVMOVS(VMOVSS, F3, 0F, M_W0, 4, AVX512F)
EVMOVS(VMOVSD, F2, 0F, M_W1, 8, AVX512F)
EVMOVS(VMOVSH, F3, 5, M_W0, 2, AVX512FP16)
/* Rows of 128 bits that come with AVX512F itself. */
#define EV128(id, pp, map, opc, match, ops, feat) \
	ROW(id, EVEX, map, opc, M_##pp | M_L0 | (match), ops, VEC, feat, \
	    ATTR_NOREAL)
EV128(VMOVHLPS, NP, 0F, 0x12, M_W0, (WO | V(16), H(16), U(16)), AVX512F)
EV128(VMOVLPS, NP, 0F, 0x12, M_W0, (WO | V(16), H(16), M(8)), AVX512F)
EV128(VMOVLPD, 66, 0F, 0x12, M_W1, (WO | V(16), H(16), M(8)), AVX512F)
EV128(VMOVLPS, NP, 0F, 0x13, M_W0, (WO | M(8), V(8)), AVX512F)
EV128(VMOVLPD, 66, 0F, 0x13, M_W1, (WO | M(8), V(8)), AVX512F)
EV128(VMOVLHPS, NP, 0F, 0x16, M_W0, (WO | V(16), H(16), U(8)), AVX512F)
EV128(VMOVHPS, NP, 0F, 0x16, M_W0, (WO | V(16), H(16), M(8)), AVX512F)
EV128(VMOVHPD, 66, 0F, 0x16, M_W1, (WO | V(16), H(16), M(8)), AVX512F)
EV128(VMOVHPS, NP, 0F, 0x17, M_W0, (WO | M(8), V(16)), AVX512F)
EV128(VMOVHPD, 66, 0F, 0x17, M_W1, (WO | M(8), V(16)), AVX512F)
EV128(VMOVD, 66, 0F, 0x6e, M_WG0, (WO | V(16), E(4)), AVX512F)
EV128(VMOVQ, 66, 0F, 0x6e, M_WG1, (WO | V(16), E(8)), AVX512F)
EV128(VMOVD, 66, 0F, 0x7e, M_WG0, (WO | E(4), V(16)), AVX512F)
EV128(VMOVQ, 66, 0F, 0x7e, M_WG1, (WO | E(8), V(16)), AVX512F)
EV128(VMOVQ, F3, 0F, 0x7e, M_W1, (WO | V(16), W(8)), AVX512F)
EV128(VMOVQ, 66, 0F, 0xd6, M_W1, (WO | W(8), V(8)), AVX512F)
EV128(VMOVW, 66, 5, 0x6e, 0, (WO | V(16), E(r4m2)), AVX512FP16)
EV128(VMOVW, 66, 5, 0x7e, 0, (WO | E(r4m2), V(16)), AVX512FP16)
EV2(VMOVSLDUP, F3, 0F, 0x12, M_W0, vl, AVX512F, NF)
EV2(VMOVSHDUP, F3, 0F, 0x16, M_W0, vl, AVX512F, NF)
EV2(VMOVDDUP, F2, 0F, 0x12, M_W1, dup, AVX512F, NF)
#define EVNT(id, pp, map, opc, match, ops) \
	EVEX(id, pp, map, opc, match, ops, AVX512F, NT | ATTR_ALIGNED)
EVNT(VMOVNTPS, NP, 0F, 0x2b, M_W0, (WO | M(vl), V(vl)))
EVNT(VMOVNTPD, 66, 0F, 0x2b, M_W1, (WO | M(vl), V(vl)))
EVNT(VMOVNTDQ, 66, 0F, 0xe7, M_W0, (WO | M(vl), V(vl)))
EVNT(VMOVNTDQA, 66, 0F38, 0x2a, M_W0, (WO | V(vl), M(vl)))

/*
 * --- conversions ---
 * Those that are always exact accept a rounding mode and ignore it.
 */
#define EVCVT(id, pp, map, opc, match, dst, src, feat) \
	EVEX(id, pp, map, opc, (match) | KZ, (WO | V(dst), W(src)), feat, FX)
EVCVT(VCVTPS2PD, NP, 0F, 0x5a, M_W0 | M_SAE, vl, h4, AVX512F)
EVCVT(VCVTPD2PS, 66, 0F, 0x5a, M_W1 | M_ER, vl2, f8, AVX512F)
EVCVT(VCVTDQ2PS, NP, 0F, 0x5b, M_W0 | M_ER, vl, f4, AVX512F)
EVCVT(VCVTQQ2PS, NP, 0F, 0x5b, M_W1 | M_ER, vl2, f8, AVX512DQ)
EVCVT(VCVTPS2DQ, 66, 0F, 0x5b, M_W0 | M_ER, vl, f4, AVX512F)
EVCVT(VCVTTPS2DQ, F3, 0F, 0x5b, M_W0 | M_SAE, vl, f4, AVX512F)
EVCVT(VCVTTPS2UDQ, NP, 0F, 0x78, M_W0 | M_SAE, vl, f4, AVX512F)
EVCVT(VCVTTPD2UDQ, NP, 0F, 0x78, M_W1 | M_SAE, vl2, f8, AVX512F)
EVCVT(VCVTTPS2UQQ, 66, 0F, 0x78, M_W0 | M_SAE, vl, h4, AVX512DQ)
EVCVT(VCVTTPD2UQQ, 66, 0F, 0x78, M_W1 | M_SAE, vl, f8, AVX512DQ)
EVCVT(VCVTPS2UDQ, NP, 0F, 0x79, M_W0 | M_ER, vl, f4, AVX512F)
EVCVT(VCVTPD2UDQ, NP, 0F, 0x79, M_W1 | M_ER, vl2, f8, AVX512F)
EVCVT(VCVTPS2UQQ, 66, 0F, 0x79, M_W0 | M_ER, vl, h4, AVX512DQ)
EVCVT(VCVTPD2UQQ, 66, 0F, 0x79, M_W1 | M_ER, vl, f8, AVX512DQ)
EVCVT(VCVTTPS2QQ, 66, 0F, 0x7a, M_W0 | M_SAE, vl, h4, AVX512DQ)
EVCVT(VCVTTPD2QQ, 66, 0F, 0x7a, M_W1 | M_SAE, vl, f8, AVX512DQ)
EVCVT(VCVTUDQ2PD, F3, 0F, 0x7a, M_W0 | M_SAE, vl, h4, AVX512F)
EVCVT(VCVTUQQ2PD, F3, 0F, 0x7a, M_W1 | M_ER, vl, f8, AVX512DQ)
EVCVT(VCVTUDQ2PS, F2, 0F, 0x7a, M_W0 | M_ER, vl, f4, AVX512F)
EVCVT(VCVTUQQ2PS, F2, 0F, 0x7a, M_W1 | M_ER, vl2, f8, AVX512DQ)
EVCVT(VCVTPS2QQ, 66, 0F, 0x7b, M_W0 | M_ER, vl, h4, AVX512DQ)
EVCVT(VCVTPD2QQ, 66, 0F, 0x7b, M_W1 | M_ER, vl, f8, AVX512DQ)
EVCVT(VCVTDQ2PD, F3, 0F, 0xe6, M_W0 | M_SAE, vl, h4, AVX512F)
EVCVT(VCVTQQ2PD, F3, 0F, 0xe6, M_W1 | M_ER, vl, f8, AVX512DQ)
EVCVT(VCVTTPD2DQ, 66, 0F, 0xe6, M_W1 | M_SAE, vl2, f8, AVX512F)
EVCVT(VCVTPD2DQ, F2, 0F, 0xe6, M_W1 | M_ER, vl2, f8, AVX512F)
EVCVT(VCVTPH2PS, 66, 0F38, 0x13, M_W0 | M_SAE, vl, vl2, AVX512F)
EVEX(VCVTPS2PH, 66, 0F3A, 0x1d, M_W0 | KZ | M_SAE,
    (WO | W(vl2), V(vl), IB), AVX512F, FX)
EVCVT(VCVTPH2PD, NP, 5, 0x5a, M_W0 | M_SAE, vl, q2, AVX512FP16)
EVCVT(VCVTPD2PH, 66, 5, 0x5a, M_W1 | M_ER, vl4, f8, AVX512FP16)
EVCVT(VCVTDQ2PH, NP, 5, 0x5b, M_W0 | M_ER, vl2, f4, AVX512FP16)
EVCVT(VCVTQQ2PH, NP, 5, 0x5b, M_W1 | M_ER, vl4, f8, AVX512FP16)
EVCVT(VCVTPH2DQ, 66, 5, 0x5b, M_W0 | M_ER, vl, h2, AVX512FP16)
EVCVT(VCVTTPH2DQ, F3, 5, 0x5b, M_W0 | M_SAE, vl, h2, AVX512FP16)
EVCVT(VCVTTPH2UDQ, NP, 5, 0x78, M_W0 | M_SAE, vl, h2, AVX512FP16)
EVCVT(VCVTTPH2UQQ, 66, 5, 0x78, M_W0 | M_SAE, vl, q2, AVX512FP16)
EVCVT(VCVTPH2UDQ, NP, 5, 0x79, M_W0 | M_ER, vl, h2, AVX512FP16)
EVCVT(VCVTPH2UQQ, 66, 5, 0x79, M_W0 | M_ER, vl, q2, AVX512FP16)
EVCVT(VCVTTPH2QQ, 66, 5, 0x7a, M_W0 | M_SAE, vl, q2, AVX512FP16)
EVCVT(VCVTUDQ2PH, F2, 5, 0x7a, M_W0 | M_ER, vl2, f4, AVX512FP16)
EVCVT(VCVTUQQ2PH, F2, 5, 0x7a, M_W1 | M_ER, vl4, f8, AVX512FP16)
EVCVT(VCVTPH2QQ, 66, 5, 0x7b, M_W0 | M_ER, vl, q2, AVX512FP16)
EVCVT(VCVTTPH2UW, NP, 5, 0x7c, M_W0 | M_SAE, vl, f2, AVX512FP16)
EVCVT(VCVTTPH2W, 66, 5, 0x7c, M_W0 | M_SAE, vl, f2, AVX512FP16)
EVCVT(VCVTPH2UW, NP, 5, 0x7d, M_W0 | M_ER, vl, f2, AVX512FP16)
EVCVT(VCVTPH2W, 66, 5, 0x7d, M_W0 | M_ER, vl, f2, AVX512FP16)
EVCVT(VCVTW2PH, F3, 5, 0x7d, M_W0 | M_ER, vl, f2, AVX512FP16)
EVCVT(VCVTUW2PH, F2, 5, 0x7d, M_W0 | M_ER, vl, f2, AVX512FP16)
EVCVT(VCVTPS2PHX, 66, 5, 0x1d, M_W0 | M_ER, vl2, f4, AVX512FP16)
EVCVT(VCVTPH2PSX, 66, 6, 0x13, M_W0 | M_SAE, vl, h2, AVX512FP16)
EVS(VCVTSS2SD, F3, 0F, 0x5a, M_W0 | M_SAE, 4, AVX512F, FX)
EVS(VCVTSD2SS, F2, 0F, 0x5a, M_W1 | M_ER, 8, AVX512F, FX)
EVS(VCVTSH2SD, F3, 5, 0x5a, M_W0 | M_SAE, 2, AVX512FP16, FX)
EVS(VCVTSD2SH, F2, 5, 0x5a, M_W1 | M_ER, 8, AVX512FP16, FX)
EVS(VCVTSS2SH, NP, 5, 0x1d, M_W0 | M_ER, 4, AVX512FP16, FX)
EVS(VCVTSH2SS, NP, 6, 0x13, M_W0 | M_SAE, 2, AVX512FP16, FX)
/* Between scalar and general register. */
#define EVFROM(id, pp, map, opc, match, feat) \
	EVEX(id, pp, map, opc, (match) | SC, (WO | V(16), H(16), E(y)), \
	    feat, FX)
EVFROM(VCVTSI2SS, F3, 0F, 0x2a, M_ER, AVX512F)
EVFROM(VCVTSI2SD, F2, 0F, 0x2a, M_WG0 | M_SAE, AVX512F)
EVFROM(VCVTSI2SD, F2, 0F, 0x2a, M_WG1 | M_ER, AVX512F)
EVFROM(VCVTUSI2SS, F3, 0F, 0x7b, M_ER, AVX512F)
EVFROM(VCVTUSI2SD, F2, 0F, 0x7b, M_WG0 | M_SAE, AVX512F)
EVFROM(VCVTUSI2SD, F2, 0F, 0x7b, M_WG1 | M_ER, AVX512F)
EVFROM(VCVTSI2SH, F3, 5, 0x2a, M_ER, AVX512FP16)
EVFROM(VCVTUSI2SH, F3, 5, 0x7b, M_ER, AVX512FP16)
#define EVTO(id, pp, map, opc, emb, size, feat) \
	EVEX(id, pp, map, opc, (emb) | SC, (WO | G(y), W(size)), feat, FX)
EVTO(VCVTTSS2SI, F3, 0F, 0x2c, M_SAE, 4, AVX512F)
EVTO(VCVTTSD2SI, F2, 0F, 0x2c, M_SAE, 8, AVX512F)
EVTO(VCVTTSH2SI, F3, 5, 0x2c, M_SAE, 2, AVX512FP16)
EVTO(VCVTSS2SI, F3, 0F, 0x2d, M_ER, 4, AVX512F)
EVTO(VCVTSD2SI, F2, 0F, 0x2d, M_ER, 8, AVX512F)
EVTO(VCVTSH2SI, F3, 5, 0x2d, M_ER, 2, AVX512FP16)
EVTO(VCVTTSS2USI, F3, 0F, 0x78, M_SAE, 4, AVX512F)
EVTO(VCVTTSD2USI, F2, 0F, 0x78, M_SAE, 8, AVX512F)
EVTO(VCVTTSH2USI, F3, 5, 0x78, M_SAE, 2, AVX512FP16)
EVTO(VCVTSS2USI, F3, 0F, 0x79, M_ER, 4, AVX512F)
EVTO(VCVTSD2USI, F2, 0F, 0x79, M_ER, 8, AVX512F)
EVTO(VCVTSH2USI, F3, 5, 0x79, M_ER, 2, AVX512FP16)
EV3(VCVTNE2PS2BF16, F2, 0F38, 0x72, M_W0, f4, AVX512BF16, NF)
EVEX(VCVTNEPS2BF16, F3, 0F38, 0x72, M_W0 | KZ, (WO | V(vl2), W(f4)),
    AVX512BF16, 0)
EVEX(VDPBF16PS, F3, 0F38, 0x52, M_W0 | KZ, (RW | V(vl), H(vl), W(f4)),
    AVX512BF16, 0)

/* Complex FP16: the destination must not be a source. */
#define EVCPLX(id, pp, opc, acc, match, vec, size) \
	EVEX(id, pp, 6, opc, M_W0 | KZ | M_ER | M_NODUP | (match), \
	    (acc | V(vec), H(vec), W(size)), AVX512FP16, FX)
EVCPLX(VFMADDCPH, F3, 0x56, RW, 0, vl, f4)
EVCPLX(VFCMADDCPH, F2, 0x56, RW, 0, vl, f4)
EVCPLX(VFMADDCSH, F3, 0x57, RW, SC, 16, 4)
EVCPLX(VFCMADDCSH, F2, 0x57, RW, SC, 16, 4)
EVCPLX(VFMULCPH, F3, 0xd6, WO, 0, vl, f4)
EVCPLX(VFCMULCPH, F2, 0xd6, WO, 0, vl, f4)
EVCPLX(VFMULCSH, F3, 0xd7, WO, SC, 16, 4)
EVCPLX(VFCMULCSH, F2, 0xd7, WO, SC, 16, 4)

/* --- shuffles and permutations --- */
EV2I(VPSHUFD, 66, 0F, 0x70, M_W0, f4, AVX512F, NF)
EV2I(VPSHUFHW, F3, 0F, 0x70, 0, vl, AVX512BW, NF)
EV2I(VPSHUFLW, F2, 0F, 0x70, 0, vl, AVX512BW, NF)
EV3I(VPALIGNR, 66, 0F3A, 0x0f, 0, vl, AVX512BW, NF)
EV3(VPERMILPS, 66, 0F38, 0x0c, M_W0, f4, AVX512F, NF)
EV3(VPERMILPD, 66, 0F38, 0x0d, M_W1, f8, AVX512F, NF)
EV2I(VPERMILPS, 66, 0F3A, 0x04, M_W0, f4, AVX512F, NF)
EV2I(VPERMILPD, 66, 0F3A, 0x05, M_W1, f8, AVX512F, NF)
/* Across lanes: 256 and 512 bits only. */
#define EVWIDE(row, id, map, opc, match, size, feat, at) \
	row(id, 66, map, opc, (match) | M_L1, size, feat, at) \
	row(id, 66, map, opc, (match) | M_L2, size, feat, at)
EVWIDE(EV3, VPERMPS, 0F38, 0x16, M_W0, f4, AVX512F, NF)
EVWIDE(EV3, VPERMPD, 0F38, 0x16, M_W1, f8, AVX512F, NF)
EVWIDE(EV3, VPERMD, 0F38, 0x36, M_W0, f4, AVX512F, NF)
EVWIDE(EV3, VPERMQ, 0F38, 0x36, M_W1, f8, AVX512F, NF)
EVWIDE(EV2I, VPERMQ, 0F3A, 0x00, M_W1, f8, AVX512F, NF)
EVWIDE(EV2I, VPERMPD, 0F3A, 0x01, M_W1, f8, AVX512F, NF)
EVWIDE(EV3I, VSHUFF32X4, 0F3A, 0x23, M_W0, f4, AVX512F, NF)
EVWIDE(EV3I, VSHUFF64X2, 0F3A, 0x23, M_W1, f8, AVX512F, NF)
EVWIDE(EV3I, VSHUFI32X4, 0F3A, 0x43, M_W0, f4, AVX512F, NF)
EVWIDE(EV3I, VSHUFI64X2, 0F3A, 0x43, M_W1, f8, AVX512F, NF)
EVWIDE(EV3I, VINSERTF32X4, 0F3A, 0x18, M_W0, 16, AVX512F, NF)
EVWIDE(EV3I, VINSERTF64X2, 0F3A, 0x18, M_W1, 16, AVX512DQ, NF)
EVWIDE(EV3I, VINSERTI32X4, 0F3A, 0x38, M_W0, 16, AVX512F, NF)
EVWIDE(EV3I, VINSERTI64X2, 0F3A, 0x38, M_W1, 16, AVX512DQ, NF)
EV3I(VINSERTF32X8, 66, 0F3A, 0x1a, M_W0 | M_L2, 32, AVX512DQ, NF)
EV3I(VINSERTF64X4, 66, 0F3A, 0x1a, M_W1 | M_L2, 32, AVX512F, NF)
EV3I(VINSERTI32X8, 66, 0F3A, 0x3a, M_W0 | M_L2, 32, AVX512DQ, NF)
EV3I(VINSERTI64X4, 66, 0F3A, 0x3a, M_W1 | M_L2, 32, AVX512F, NF)
#define EVEXTRACT(id, pp, map, opc, match, size, feat, at) \
	EVEX(id, pp, map, opc, (match) | KZ, (WO | W(size), V(vl), IB), \
	    feat, at)
EVWIDE(EVEXTRACT, VEXTRACTF32X4, 0F3A, 0x19, M_W0, 16, AVX512F, NF)
EVWIDE(EVEXTRACT, VEXTRACTF64X2, 0F3A, 0x19, M_W1, 16, AVX512DQ, NF)
EVWIDE(EVEXTRACT, VEXTRACTI32X4, 0F3A, 0x39, M_W0, 16, AVX512F, NF)
EVWIDE(EVEXTRACT, VEXTRACTI64X2, 0F3A, 0x39, M_W1, 16, AVX512DQ, NF)
EVEXTRACT(VEXTRACTF32X8, 66, 0F3A, 0x1b, M_W0 | M_L2, 32, AVX512DQ, NF)
EVEXTRACT(VEXTRACTF64X4, 66, 0F3A, 0x1b, M_W1 | M_L2, 32, AVX512F, NF)
EVEXTRACT(VEXTRACTI32X8, 66, 0F3A, 0x3b, M_W0 | M_L2, 32, AVX512DQ, NF)
EVEXTRACT(VEXTRACTI64X4, 66, 0F3A, 0x3b, M_W1 | M_L2, 32, AVX512F, NF)
EV128(VPEXTRW, 66, 0F, 0xc5, 0, (WO | G(4), U(16), IB), AVX512BW)
EV128(VPEXTRB, 66, 0F3A, 0x14, 0, (WO | E(r4m1), V(16), IB), AVX512BW)
EV128(VPEXTRW, 66, 0F3A, 0x15, 0, (WO | E(r4m2), V(16), IB), AVX512BW)
EV128(VPEXTRD, 66, 0F3A, 0x16, M_WG0, (WO | E(4), V(16), IB), AVX512DQ)
EV128(VPEXTRQ, 66, 0F3A, 0x16, M_WG1, (WO | E(8), V(16), IB), AVX512DQ)
EV128(VEXTRACTPS, 66, 0F3A, 0x17, 0, (WO | E(4), V(16), IB), AVX512F)
EV128(VPINSRW, 66, 0F, 0xc4, 0, (WO | V(16), H(16), E(r4m2), IB), AVX512BW)
EV128(VPINSRB, 66, 0F3A, 0x20, 0, (WO | V(16), H(16), E(r4m1), IB), AVX512BW)
EV128(VINSERTPS, 66, 0F3A, 0x21, M_W0, (WO | V(16), H(16), W(4), IB), AVX512F)
EV128(VPINSRD, 66, 0F3A, 0x22, M_WG0, (WO | V(16), H(16), E(4), IB), AVX512DQ)
EV128(VPINSRQ, 66, 0F3A, 0x22, M_WG1, (WO | V(16), H(16), E(8), IB), AVX512DQ)
EV3I(VALIGND, 66, 0F3A, 0x03, M_W0, f4, AVX512F, NF)
EV3I(VALIGNQ, 66, 0F3A, 0x03, M_W1, f8, AVX512F, NF)
EV3(VPERMB, 66, 0F38, 0x8d, M_W0, vl, AVX512VBMI, NF)
EV3(VPERMW, 66, 0F38, 0x8d, M_W1, vl, AVX512BW, NF)
EV3(VPMULTISHIFTQB, 66, 0F38, 0x83, M_W1, f8, AVX512VBMI, NF)
#define EVPERM2(id, opc, match, size, feat, at) \
	EVEX(id, 66, 0F38, opc, (match) | KZ, (RW | V(vl), H(vl), W(size)), \
	    feat, at)
EVPERM2(VPERMI2B, 0x75, M_W0, vl, AVX512VBMI, NF)
EVPERM2(VPERMI2W, 0x75, M_W1, vl, AVX512BW, NF)
EVPERM2(VPERMI2D, 0x76, M_W0, f4, AVX512F, NF)
EVPERM2(VPERMI2Q, 0x76, M_W1, f8, AVX512F, NF)
EVPERM2(VPERMI2PS, 0x77, M_W0, f4, AVX512F, NF)
EVPERM2(VPERMI2PD, 0x77, M_W1, f8, AVX512F, NF)
EVPERM2(VPERMT2B, 0x7d, M_W0, vl, AVX512VBMI, NF)
EVPERM2(VPERMT2W, 0x7d, M_W1, vl, AVX512BW, NF)
EVPERM2(VPERMT2D, 0x7e, M_W0, f4, AVX512F, NF)
EVPERM2(VPERMT2Q, 0x7e, M_W1, f8, AVX512F, NF)
EVPERM2(VPERMT2PS, 0x7f, M_W0, f4, AVX512F, NF)
EVPERM2(VPERMT2PD, 0x7f, M_W1, f8, AVX512F, NF)
EV3DQ(VPBLENDM, 0F38, 0x64, AVX512F)
EV3(VBLENDMPS, 66, 0F38, 0x65, M_W0, f4, AVX512F, 0)
EV3(VBLENDMPD, 66, 0F38, 0x65, M_W1, f8, AVX512F, 0)
EV3BW(VPBLENDM, 0F38, 0x66, AVX512BW, AVX512BW)
EVEX(VPTERNLOGD, 66, 0F3A, 0x25, M_W0 | KZ,
    (RW | V(vl), H(vl), W(f4), IB), AVX512F, 0)
EVEX(VPTERNLOGQ, 66, 0F3A, 0x25, M_W1 | KZ,
    (RW | V(vl), H(vl), W(f8), IB), AVX512F, 0)
EV3I(VDBPSADBW, 66, 0F3A, 0x42, M_W0, vl, AVX512BW, NF)

/* --- broadcasts --- */
EV2(VBROADCASTSS, 66, 0F38, 0x18, M_W0, 4, AVX512F, 0)
EVWIDE(EV2, VBROADCASTF32X2, 0F38, 0x19, M_W0, 8, AVX512DQ, 0)
EVWIDE(EV2, VBROADCASTSD, 0F38, 0x19, M_W1, 8, AVX512F, 0)
#define EVBCAST(id, pp, map, opc, match, size, feat, at) \
	EVEX(id, pp, map, opc, (match) | KZ, (WO | V(vl), M(size)), feat, at)
EVWIDE(EVBCAST, VBROADCASTF32X4, 0F38, 0x1a, M_W0, 16, AVX512F, 0)
EVWIDE(EVBCAST, VBROADCASTF64X2, 0F38, 0x1a, M_W1, 16, AVX512DQ, 0)
EVBCAST(VBROADCASTF32X8, 66, 0F38, 0x1b, M_W0 | M_L2, 32, AVX512DQ, 0)
EVBCAST(VBROADCASTF64X4, 66, 0F38, 0x1b, M_W1 | M_L2, 32, AVX512F, 0)
EV2(VBROADCASTI32X2, 66, 0F38, 0x59, M_W0, 8, AVX512DQ, 0)
EVWIDE(EVBCAST, VBROADCASTI32X4, 0F38, 0x5a, M_W0, 16, AVX512F, 0)
EVWIDE(EVBCAST, VBROADCASTI64X2, 0F38, 0x5a, M_W1, 16, AVX512DQ, 0)
EVBCAST(VBROADCASTI32X8, 66, 0F38, 0x5b, M_W0 | M_L2, 32, AVX512DQ, 0)
EVBCAST(VBROADCASTI64X4, 66, 0F38, 0x5b, M_W1 | M_L2, 32, AVX512F, 0)
EV2(VPBROADCASTB, 66, 0F38, 0x78, M_W0, 1, AVX512BW, 0)
EV2(VPBROADCASTW, 66, 0F38, 0x79, M_W0, 2, AVX512BW, 0)
EV2(VPBROADCASTD, 66, 0F38, 0x58, M_W0, 4, AVX512F, 0)
EV2(VPBROADCASTQ, 66, 0F38, 0x59, M_W1, 8, AVX512F, 0)
#define EVGPR(id, opc, match, size, feat) \
	EVEX(id, 66, 0F38, opc, (match) | KZ, (WO | V(vl), R(size)), feat, 0)
EVGPR(VPBROADCASTB, 0x7a, M_W0, 4, AVX512BW)
EVGPR(VPBROADCASTW, 0x7b, M_W0, 4, AVX512BW)
EVGPR(VPBROADCASTD, 0x7c, M_WG0, 4, AVX512F)
EVGPR(VPBROADCASTQ, 0x7c, M_WG1, 8, AVX512F)

/* --- masks and vectors --- */
#define EVM2V(id, opc, match, size, feat) \
	EVEX(id, F3, 0F38, opc, match, (WO | V(vl), KR(size)), feat, 0)
#define EVV2M(id, opc, match, feat) \
	EVEX(id, F3, 0F38, opc, match, (WO | K(8), U(vl)), feat, 0)
EVM2V(VPMOVM2B, 0x28, M_W0, 8, AVX512BW)
EVM2V(VPMOVM2W, 0x28, M_W1, 8, AVX512BW)
EVM2V(VPMOVM2D, 0x38, M_W0, 8, AVX512DQ)
EVM2V(VPMOVM2Q, 0x38, M_W1, 8, AVX512DQ)
EVM2V(VPBROADCASTMB2Q, 0x2a, M_W1, 1, AVX512CD)
EVM2V(VPBROADCASTMW2D, 0x3a, M_W0, 2, AVX512CD)
EVV2M(VPMOVB2M, 0x29, M_W0, AVX512BW)
EVV2M(VPMOVW2M, 0x29, M_W1, AVX512BW)
EVV2M(VPMOVD2M, 0x39, M_W0, AVX512DQ)
EVV2M(VPMOVQ2M, 0x39, M_W1, AVX512DQ)
#define EVTEST(id, pp, opc, match, size, feat) \
	EVEX(id, pp, 0F38, opc, (match) | KM, (WO | K(8), H(vl), W(size)), \
	    feat, 0)
EVTEST(VPTESTMB, 66, 0x26, M_W0, vl, AVX512BW)
EVTEST(VPTESTMW, 66, 0x26, M_W1, vl, AVX512BW)
EVTEST(VPTESTNMB, F3, 0x26, M_W0, vl, AVX512BW)
EVTEST(VPTESTNMW, F3, 0x26, M_W1, vl, AVX512BW)
EVTEST(VPTESTMD, 66, 0x27, M_W0, f4, AVX512F)
EVTEST(VPTESTMQ, 66, 0x27, M_W1, f8, AVX512F)
EVTEST(VPTESTNMD, F3, 0x27, M_W0, f4, AVX512F)
EVTEST(VPTESTNMQ, F3, 0x27, M_W1, f8, AVX512F)
EVTEST(VPSHUFBITQMB, 66, 0x8f, M_W0, vl, AVX512BITALG)
#define EVPCMP(id, opc, match, size, feat) \
	EVEX(id, 66, 0F3A, opc, (match) | KM, \
	    (WO | K(8), H(vl), W(size), IB), feat, 0)
EVPCMP(VPCMPUD, 0x1e, M_W0, f4, AVX512F)
EVPCMP(VPCMPUQ, 0x1e, M_W1, f8, AVX512F)
EVPCMP(VPCMPD, 0x1f, M_W0, f4, AVX512F)
EVPCMP(VPCMPQ, 0x1f, M_W1, f8, AVX512F)
EVPCMP(VPCMPUB, 0x3e, M_W0, vl, AVX512BW)
EVPCMP(VPCMPUW, 0x3e, M_W1, vl, AVX512BW)
EVPCMP(VPCMPB, 0x3f, M_W0, vl, AVX512BW)
EVPCMP(VPCMPW, 0x3f, M_W1, vl, AVX512BW)
/* Writes the mask registers 2n and 2n + 1. */
EVEX(VP2INTERSECTD, F2, 0F38, 0x68, M_W0, (WO | K(8), H(vl), W(f4)),
    AVX512VP2INTERSECT, 0)
EVEX(VP2INTERSECTQ, F2, 0F38, 0x68, M_W1, (WO | K(8), H(vl), W(f8)),
    AVX512VP2INTERSECT, 0)

/* --- widen, narrow --- */
#define EVMOVX(ext, base) \
	EV2(VPMOV##ext##BW, 66, 0F38, base + 0, 0, vl2, AVX512BW, 0) \
	EV2(VPMOV##ext##BD, 66, 0F38, base + 1, 0, vl4, AVX512F, 0) \
	EV2(VPMOV##ext##BQ, 66, 0F38, base + 2, 0, vl8, AVX512F, 0) \
	EV2(VPMOV##ext##WD, 66, 0F38, base + 3, 0, vl2, AVX512F, 0) \
	EV2(VPMOV##ext##WQ, 66, 0F38, base + 4, 0, vl4, AVX512F, 0) \
	EV2(VPMOV##ext##DQ, 66, 0F38, base + 5, M_W0, vl2, AVX512F, 0)
EVMOVX(SX, 0x20)
EVMOVX(ZX, 0x30)
#define EVNARROW1(id, opc, size, feat) \
	EVEX(id, F3, 0F38, opc, M_W0 | KZ, (WO | W(size), V(vl)), feat, 0)
#define EVNARROW(ext, base) \
	EVNARROW1(VPMOV##ext##WB, base + 0, vl2, AVX512BW) \
	EVNARROW1(VPMOV##ext##DB, base + 1, vl4, AVX512F) \
	EVNARROW1(VPMOV##ext##QB, base + 2, vl8, AVX512F) \
	EVNARROW1(VPMOV##ext##DW, base + 3, vl2, AVX512F) \
	EVNARROW1(VPMOV##ext##QW, base + 4, vl4, AVX512F) \
	EVNARROW1(VPMOV##ext##QD, base + 5, vl2, AVX512F)
EVNARROW(US, 0x10)
EVNARROW(S, 0x20)
EVNARROW(, 0x30)

/* --- the rest of integer --- */
EV2(VPABSB, 66, 0F38, 0x1c, 0, vl, AVX512BW, 0)
EV2(VPABSW, 66, 0F38, 0x1d, 0, vl, AVX512BW, 0)
EV2(VPABSD, 66, 0F38, 0x1e, M_W0, f4, AVX512F, 0)
EV2(VPABSQ, 66, 0F38, 0x1f, M_W1, f8, AVX512F, 0)
EV3(VPSRLVW, 66, 0F38, 0x10, M_W1, vl, AVX512BW, 0)
EV3(VPSRAVW, 66, 0F38, 0x11, M_W1, vl, AVX512BW, 0)
EV3(VPSLLVW, 66, 0F38, 0x12, M_W1, vl, AVX512BW, 0)
EV3DQ(VPRORV, 0F38, 0x14, AVX512F)
EV3DQ(VPROLV, 0F38, 0x15, AVX512F)
EV3DQ(VPSRLV, 0F38, 0x45, AVX512F)
EV3DQ(VPSRAV, 0F38, 0x46, AVX512F)
EV3DQ(VPSLLV, 0F38, 0x47, AVX512F)
EV2DQ(VPLZCNT, 0F38, 0x44, AVX512CD, 0)
EV2DQ(VPCONFLICT, 0F38, 0xc4, AVX512CD, NF)
EV2(VPOPCNTB, 66, 0F38, 0x54, M_W0, vl, AVX512BITALG, 0)
EV2(VPOPCNTW, 66, 0F38, 0x54, M_W1, vl, AVX512BITALG, 0)
EV2DQ(VPOPCNT, 0F38, 0x55, AVX512VPOPCNTDQ, 0)
EVPERM2(VPDPBUSD, 0x50, M_W0, f4, AVX512VNNI, 0)
EVPERM2(VPDPBUSDS, 0x51, M_W0, f4, AVX512VNNI, 0)
EVPERM2(VPDPWSSD, 0x52, M_W0, f4, AVX512VNNI, 0)
EVPERM2(VPDPWSSDS, 0x53, M_W0, f4, AVX512VNNI, 0)
EVPERM2(VPMADD52LUQ, 0xb4, M_W1, f8, AVX512IFMA, 0)
EVPERM2(VPMADD52HUQ, 0xb5, M_W1, f8, AVX512IFMA, 0)
EVPERM2(VPSHLDVW, 0x70, M_W1, vl, AVX512VBMI2, 0)
EVPERM2(VPSHLDVD, 0x71, M_W0, f4, AVX512VBMI2, 0)
EVPERM2(VPSHLDVQ, 0x71, M_W1, f8, AVX512VBMI2, 0)
EVPERM2(VPSHRDVW, 0x72, M_W1, vl, AVX512VBMI2, 0)
EVPERM2(VPSHRDVD, 0x73, M_W0, f4, AVX512VBMI2, 0)
EVPERM2(VPSHRDVQ, 0x73, M_W1, f8, AVX512VBMI2, 0)
EV3I(VPSHLDW, 66, 0F3A, 0x70, M_W1, vl, AVX512VBMI2, 0)
EV3I(VPSHLDD, 66, 0F3A, 0x71, M_W0, f4, AVX512VBMI2, 0)
EV3I(VPSHLDQ, 66, 0F3A, 0x71, M_W1, f8, AVX512VBMI2, 0)
EV3I(VPSHRDW, 66, 0F3A, 0x72, M_W1, vl, AVX512VBMI2, 0)
EV3I(VPSHRDD, 66, 0F3A, 0x73, M_W0, f4, AVX512VBMI2, 0)
EV3I(VPSHRDQ, 66, 0F3A, 0x73, M_W1, f8, AVX512VBMI2, 0)
#define EVCOMPRESS(idc, ide, copc, eopc, match, size, feat) \
	EVEX(idc, 66, 0F38, copc, (match) | KZ, (WO | W(size), V(vl)), \
	    feat, 0) \
	EVEX(ide, 66, 0F38, eopc, (match) | KZ, (WO | V(vl), W(size)), \
	    feat, 0)
EVCOMPRESS(VPCOMPRESSB, VPEXPANDB, 0x63, 0x62, M_W0, c1, AVX512VBMI2)
EVCOMPRESS(VPCOMPRESSW, VPEXPANDW, 0x63, 0x62, M_W1, c2, AVX512VBMI2)
EVCOMPRESS(VCOMPRESSPS, VEXPANDPS, 0x8a, 0x88, M_W0, c4, AVX512F)
EVCOMPRESS(VCOMPRESSPD, VEXPANDPD, 0x8a, 0x88, M_W1, c8, AVX512F)
EVCOMPRESS(VPCOMPRESSD, VPEXPANDD, 0x8b, 0x89, M_W0, c4, AVX512F)
EVCOMPRESS(VPCOMPRESSQ, VPEXPANDQ, 0x8b, 0x89, M_W1, c8, AVX512F)

/* --- gather, scatter: the mask is required and cleared --- */
#define EVGATHER(id, gopc, vec, match, size) \
	EVEX(id, 66, 0F38, gopc, (match) | KM | M_KREQ | M_NODUP, \
	    (RW | V(vec), RC | MV(size)), AVX512F, 0)
EVGATHER(VPGATHERDD, 0x90, vl, M_W0, 4)
EVGATHER(VPGATHERDQ, 0x90, vl, M_W1, 8)
EVGATHER(VPGATHERQD, 0x91, vl2, M_W0, 4)
EVGATHER(VPGATHERQQ, 0x91, vl, M_W1, 8)
EVGATHER(VGATHERDPS, 0x92, vl, M_W0, 4)
EVGATHER(VGATHERDPD, 0x92, vl, M_W1, 8)
EVGATHER(VGATHERQPS, 0x93, vl2, M_W0, 4)
EVGATHER(VGATHERQPD, 0x93, vl, M_W1, 8)
#define EVSCATTER(id, opc, vec, match, size) \
	EVEX(id, 66, 0F38, opc, (match) | KM | M_KREQ, \
	    (WC | MV(size), V(vec)), AVX512F, 0)
EVSCATTER(VPSCATTERDD, 0xa0, vl, M_W0, 4)
EVSCATTER(VPSCATTERDQ, 0xa0, vl, M_W1, 8)
EVSCATTER(VPSCATTERQD, 0xa1, vl2, M_W0, 4)
EVSCATTER(VPSCATTERQQ, 0xa1, vl, M_W1, 8)
EVSCATTER(VSCATTERDPS, 0xa2, vl, M_W0, 4)
EVSCATTER(VSCATTERDPD, 0xa2, vl, M_W1, 8)
EVSCATTER(VSCATTERQPS, 0xa3, vl2, M_W0, 4)
EVSCATTER(VSCATTERQPD, 0xa3, vl, M_W1, 8)

/* --- AES, PCLMULQDQ, GFNI --- */
#define EVAES(id, opc) \
	EVEX(id, 66, 0F38, opc, 0, (WO | V(vl), H(vl), W(vl)), VAES, 0, \
	    FEAT2(AVX512F))
EVAES(VAESENC, 0xdc)
EVAES(VAESENCLAST, 0xdd)
EVAES(VAESDEC, 0xde)
EVAES(VAESDECLAST, 0xdf)
EVEX(VPCLMULQDQ, 66, 0F3A, 0x44, 0, (WO | V(vl), H(vl), W(vl), IB),
    VPCLMULQDQ, 0, FEAT2(AVX512F))
EVEX(VGF2P8MULB, 66, 0F38, 0xcf, M_W0 | KZ, (WO | V(vl), H(vl), W(vl)), GFNI,
    0, FEAT2(AVX512F))
EVEX(VGF2P8AFFINEQB, 66, 0F3A, 0xce, M_W1 | KZ,
    (WO | V(vl), H(vl), W(f8), IB), GFNI, NF, FEAT2(AVX512F))
EVEX(VGF2P8AFFINEINVQB, 66, 0F3A, 0xcf, M_W1 | KZ,
    (WO | V(vl), H(vl), W(f8), IB), GFNI, NF, FEAT2(AVX512F))
