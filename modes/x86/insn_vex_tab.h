/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: VEX-encoded vector instructions: AVX, AVX2, FMA, F16C, AVX-VNNI and
 * friends, opmask.  Included by insn_tab.c.  (BMI is with the integers.)
 *
 * Where 256 bits came with AVX2 there are two rows.
 */
#define VEXI(id, map, opc, match, ops) \
	VEX(id, 66, map, opc, M_L0 | (match), ops, AVX, 0) \
	VEX(id, 66, map, opc, M_L1 | (match), ops, AVX2, 0)

#define PK(id, map, opc, mmx, sse, evex) \
	VEXI(V##id, map, opc, 0, (WO | V(vl), H(vl), W(vl)))
#include "modes/x86/insn_pk_tab.h"
#undef PK

#define VSHIFT(id, opc, iopc, reg) \
	VEXI(id, 0F, opc, 0, (WO | V(vl), H(vl), W(16))) \
	VEXI(id, 0F, iopc, REG(reg), (WO | H(vl), U(vl), IB))
VSHIFT(VPSRLW, 0xd1, 0x71, 2)
VSHIFT(VPSRAW, 0xe1, 0x71, 4)
VSHIFT(VPSLLW, 0xf1, 0x71, 6)
VSHIFT(VPSRLD, 0xd2, 0x72, 2)
VSHIFT(VPSRAD, 0xe2, 0x72, 4)
VSHIFT(VPSLLD, 0xf2, 0x72, 6)
VSHIFT(VPSRLQ, 0xd3, 0x73, 2)
VSHIFT(VPSLLQ, 0xf3, 0x73, 6)
VEXI(VPSRLDQ, 0F, 0x73, REG(3), (WO | H(vl), U(vl), IB))
VEXI(VPSLLDQ, 0F, 0x73, REG(7), (WO | H(vl), U(vl), IB))

/* --- floating point --- */
#define VEX_PSPD(id, opc, ops, fx) \
	VEX(id##PS, NP, 0F, opc, 0, ops, AVX, fx) \
	VEX(id##PD, 66, 0F, opc, 0, ops, AVX, fx)
#define VEX_SSSD(id, opc) \
	VEX(id##SS, F3, 0F, opc, M_LIG, (WO | V(16), H(16), W(4)), AVX, FX) \
	VEX(id##SD, F2, 0F, opc, M_LIG, (WO | V(16), H(16), W(8)), AVX, FX)
#define VEX_FP4(id, opc) \
	VEX_PSPD(id, opc, (WO | V(vl), H(vl), W(vl)), FX) \
	VEX_SSSD(id, opc)
VEX_PSPD(VSQRT, 0x51, (WO | V(vl), W(vl)), FX)
VEX_SSSD(VSQRT, 0x51)
VEX_FP4(VADD, 0x58)
VEX_FP4(VMUL, 0x59)
VEX_FP4(VSUB, 0x5c)
VEX_FP4(VMIN, 0x5d)
VEX_FP4(VDIV, 0x5e)
VEX_FP4(VMAX, 0x5f)
VEX_PSPD(VUNPCKL, 0x14, (WO | V(vl), H(vl), W(vl)), 0)
VEX_PSPD(VUNPCKH, 0x15, (WO | V(vl), H(vl), W(vl)), 0)
VEX_PSPD(VAND, 0x54, (WO | V(vl), H(vl), W(vl)), 0)
VEX_PSPD(VANDN, 0x55, (WO | V(vl), H(vl), W(vl)), 0)
VEX_PSPD(VOR, 0x56, (WO | V(vl), H(vl), W(vl)), 0)
VEX_PSPD(VXOR, 0x57, (WO | V(vl), H(vl), W(vl)), 0)
VEX_PSPD(VCMP, 0xc2, (WO | V(vl), H(vl), W(vl), IB), FX)
VEX_PSPD(VSHUF, 0xc6, (WO | V(vl), H(vl), W(vl), IB), 0)
VEX(VCMPSS, F3, 0F, 0xc2, M_LIG, (WO | V(16), H(16), W(4), IB), AVX, FX)
VEX(VCMPSD, F2, 0F, 0xc2, M_LIG, (WO | V(16), H(16), W(8), IB), AVX, FX)
VEX(VRSQRTPS, NP, 0F, 0x52, 0, (WO | V(vl), W(vl)), AVX, 0)
VEX(VRSQRTSS, F3, 0F, 0x52, M_LIG, (WO | V(16), H(16), W(4)), AVX, 0)
VEX(VRCPPS, NP, 0F, 0x53, 0, (WO | V(vl), W(vl)), AVX, 0)
VEX(VRCPSS, F3, 0F, 0x53, M_LIG, (WO | V(16), H(16), W(4)), AVX, 0)
VEX(VUCOMISS, NP, 0F, 0x2e, M_LIG, (V(4), W(4)), AVX, FX, FW(ARITH))
VEX(VUCOMISD, 66, 0F, 0x2e, M_LIG, (V(8), W(8)), AVX, FX, FW(ARITH))
VEX(VCOMISS, NP, 0F, 0x2f, M_LIG, (V(4), W(4)), AVX, FX, FW(ARITH))
VEX(VCOMISD, 66, 0F, 0x2f, M_LIG, (V(8), W(8)), AVX, FX, FW(ARITH))
VEX(VHADDPD, 66, 0F, 0x7c, 0, (WO | V(vl), H(vl), W(vl)), AVX, FX)
VEX(VHADDPS, F2, 0F, 0x7c, 0, (WO | V(vl), H(vl), W(vl)), AVX, FX)
VEX(VHSUBPD, 66, 0F, 0x7d, 0, (WO | V(vl), H(vl), W(vl)), AVX, FX)
VEX(VHSUBPS, F2, 0F, 0x7d, 0, (WO | V(vl), H(vl), W(vl)), AVX, FX)
VEX(VADDSUBPD, 66, 0F, 0xd0, 0, (WO | V(vl), H(vl), W(vl)), AVX, FX)
VEX(VADDSUBPS, F2, 0F, 0xd0, 0, (WO | V(vl), H(vl), W(vl)), AVX, FX)

/* --- moves --- */
#define VEX_MOV(id, pp, load, store, at) \
	VEX(id, pp, 0F, load, 0, (WO | V(vl), W(vl)), AVX, at) \
	VEX(id, pp, 0F, store, 0, (WO | W(vl), V(vl)), AVX, at)
VEX_MOV(VMOVUPS, NP, 0x10, 0x11, 0)
VEX_MOV(VMOVUPD, 66, 0x10, 0x11, 0)
VEX_MOV(VMOVAPS, NP, 0x28, 0x29, ATTR_ALIGNED)
VEX_MOV(VMOVAPD, 66, 0x28, 0x29, ATTR_ALIGNED)
VEX_MOV(VMOVDQA, 66, 0x6f, 0x7f, ATTR_ALIGNED)
VEX_MOV(VMOVDQU, F3, 0x6f, 0x7f, 0)
#define VEX_MOVS(id, pp, size) \
	VEX(id, pp, 0F, 0x10, M_LIG, (WO | V(16), M(size)), AVX, 0) \
	VEX(id, pp, 0F, 0x10, M_LIG, (WO | V(16), H(16), U(size)), AVX, 0) \
	VEX(id, pp, 0F, 0x11, M_LIG, (WO | M(size), V(size)), AVX, 0) \
	VEX(id, pp, 0F, 0x11, M_LIG, (WO | U(16), H(16), V(size)), AVX, 0)
VEX_MOVS(VMOVSS, F3, 4)
VEX_MOVS(VMOVSD, F2, 8)
VEX(VMOVHLPS, NP, 0F, 0x12, M_L0, (WO | V(16), H(16), U(16)), AVX, 0)
VEX(VMOVLPS, NP, 0F, 0x12, M_L0, (WO | V(16), H(16), M(8)), AVX, 0)
VEX(VMOVLPD, 66, 0F, 0x12, M_L0, (WO | V(16), H(16), M(8)), AVX, 0)
VEX(VMOVSLDUP, F3, 0F, 0x12, 0, (WO | V(vl), W(vl)), AVX, 0)
VEX(VMOVDDUP, F2, 0F, 0x12, 0, (WO | V(vl), W(dup)), AVX, 0)
VEX(VMOVLPS, NP, 0F, 0x13, M_L0, (WO | M(8), V(8)), AVX, 0)
VEX(VMOVLPD, 66, 0F, 0x13, M_L0, (WO | M(8), V(8)), AVX, 0)
VEX(VMOVLHPS, NP, 0F, 0x16, M_L0, (WO | V(16), H(16), U(8)), AVX, 0)
VEX(VMOVHPS, NP, 0F, 0x16, M_L0, (WO | V(16), H(16), M(8)), AVX, 0)
VEX(VMOVHPD, 66, 0F, 0x16, M_L0, (WO | V(16), H(16), M(8)), AVX, 0)
VEX(VMOVSHDUP, F3, 0F, 0x16, 0, (WO | V(vl), W(vl)), AVX, 0)
VEX(VMOVHPS, NP, 0F, 0x17, M_L0, (WO | M(8), V(16)), AVX, 0)
VEX(VMOVHPD, 66, 0F, 0x17, M_L0, (WO | M(8), V(16)), AVX, 0)
VEX(VMOVNTPS, NP, 0F, 0x2b, 0, (WO | M(vl), V(vl)), AVX, NT | ATTR_ALIGNED)
VEX(VMOVNTPD, 66, 0F, 0x2b, 0, (WO | M(vl), V(vl)), AVX, NT | ATTR_ALIGNED)
VEX(VMOVNTDQ, 66, 0F, 0xe7, 0, (WO | M(vl), V(vl)), AVX, NT | ATTR_ALIGNED)
VEX(VMOVNTDQA, 66, 0F38, 0x2a, M_L0, (WO | V(vl), M(vl)), AVX,
    NT | ATTR_ALIGNED)
VEX(VMOVNTDQA, 66, 0F38, 0x2a, M_L1, (WO | V(vl), M(vl)), AVX2,
    NT | ATTR_ALIGNED)
VEX(VMOVMSKPS, NP, 0F, 0x50, 0, (WO | G(4), U(vl)), AVX, 0)
VEX(VMOVMSKPD, 66, 0F, 0x50, 0, (WO | G(4), U(vl)), AVX, 0)
VEX(VMOVD, 66, 0F, 0x6e, M_L0 | M_WG0, (WO | V(16), E(4)), AVX, 0)
VEX(VMOVQ, 66, 0F, 0x6e, M_L0 | M_WG1, (WO | V(16), E(8)), AVX, 0)
VEX(VMOVD, 66, 0F, 0x7e, M_L0 | M_WG0, (WO | E(4), V(16)), AVX, 0)
VEX(VMOVQ, 66, 0F, 0x7e, M_L0 | M_WG1, (WO | E(8), V(16)), AVX, 0)
VEX(VMOVQ, F3, 0F, 0x7e, M_L0, (WO | V(16), W(8)), AVX, 0)
VEX(VMOVQ, 66, 0F, 0xd6, M_L0, (WO | W(8), V(8)), AVX, 0)
VEXI(VPMOVMSKB, 0F, 0xd7, 0, (WO | G(4), U(vl)))
VEX(VLDDQU, F2, 0F, 0xf0, 0, (WO | V(vl), M(vl)), AVX, 0)
VEX(VMASKMOVDQU, 66, 0F, 0xf7, M_L0, (WC | MDI(16u), V(16), U(16)), AVX, NT,
    GR(bDI))
VEX(VZEROUPPER, NP, 0F, 0x77, M_L0, (0), AVX, 0)
VEX(VZEROALL, NP, 0F, 0x77, M_L1, (0), AVX, 0)
ROW(VLDMXCSR, VEX, 0F, 0xae, M_NP | M_L0 | REG(2), (M(4)), FPSTATE, AVX,
    ATTR_NOREAL)
ROW(VSTMXCSR, VEX, 0F, 0xae, M_NP | M_L0 | REG(3), (WO | M(4)), FPSTATE, AVX,
    ATTR_NOREAL)

/* --- conversions --- */
VEX(VCVTSI2SS, F3, 0F, 0x2a, M_LIG, (WO | V(16), H(16), E(y)), AVX, FX)
VEX(VCVTSI2SD, F2, 0F, 0x2a, M_LIG, (WO | V(16), H(16), E(y)), AVX, FX)
VEX(VCVTTSS2SI, F3, 0F, 0x2c, M_LIG, (WO | G(y), W(4)), AVX, FX)
VEX(VCVTTSD2SI, F2, 0F, 0x2c, M_LIG, (WO | G(y), W(8)), AVX, FX)
VEX(VCVTSS2SI, F3, 0F, 0x2d, M_LIG, (WO | G(y), W(4)), AVX, FX)
VEX(VCVTSD2SI, F2, 0F, 0x2d, M_LIG, (WO | G(y), W(8)), AVX, FX)
VEX(VCVTPS2PD, NP, 0F, 0x5a, 0, (WO | V(vl), W(vl2)), AVX, FX)
VEX(VCVTPD2PS, 66, 0F, 0x5a, 0, (WO | V(16), W(vl)), AVX, FX)
VEX(VCVTSS2SD, F3, 0F, 0x5a, M_LIG, (WO | V(16), H(16), W(4)), AVX, FX)
VEX(VCVTSD2SS, F2, 0F, 0x5a, M_LIG, (WO | V(16), H(16), W(8)), AVX, FX)
VEX(VCVTDQ2PS, NP, 0F, 0x5b, 0, (WO | V(vl), W(vl)), AVX, FX)
VEX(VCVTPS2DQ, 66, 0F, 0x5b, 0, (WO | V(vl), W(vl)), AVX, FX)
VEX(VCVTTPS2DQ, F3, 0F, 0x5b, 0, (WO | V(vl), W(vl)), AVX, FX)
VEX(VCVTTPD2DQ, 66, 0F, 0xe6, 0, (WO | V(16), W(vl)), AVX, FX)
VEX(VCVTDQ2PD, F3, 0F, 0xe6, 0, (WO | V(vl), W(vl2)), AVX, 0)
VEX(VCVTPD2DQ, F2, 0F, 0xe6, 0, (WO | V(16), W(vl)), AVX, FX)
VEX(VCVTPH2PS, 66, 0F38, 0x13, M_W0, (WO | V(vl), W(vl2)), F16C, FX)
VEX(VCVTPS2PH, 66, 0F3A, 0x1d, M_W0, (WO | W(vl2), V(vl), IB), F16C, FX)

/* --- shuffles, inserts, extracts --- */
VEXI(VPSHUFD, 0F, 0x70, 0, (WO | V(vl), W(vl), IB))
VEX(VPSHUFHW, F3, 0F, 0x70, M_L0, (WO | V(vl), W(vl), IB), AVX, 0)
VEX(VPSHUFHW, F3, 0F, 0x70, M_L1, (WO | V(vl), W(vl), IB), AVX2, 0)
VEX(VPSHUFLW, F2, 0F, 0x70, M_L0, (WO | V(vl), W(vl), IB), AVX, 0)
VEX(VPSHUFLW, F2, 0F, 0x70, M_L1, (WO | V(vl), W(vl), IB), AVX2, 0)
VEX(VPINSRW, 66, 0F, 0xc4, M_L0, (WO | V(16), H(16), E(r4m2), IB), AVX, 0)
VEX(VPEXTRW, 66, 0F, 0xc5, M_L0, (WO | G(4), U(16), IB), AVX, 0)
VEX(VPERMILPS, 66, 0F38, 0x0c, M_W0, (WO | V(vl), H(vl), W(vl)), AVX, 0)
VEX(VPERMILPD, 66, 0F38, 0x0d, M_W0, (WO | V(vl), H(vl), W(vl)), AVX, 0)
VEX(VTESTPS, 66, 0F38, 0x0e, M_W0, (V(vl), W(vl)), AVX, 0, FW(ARITH))
VEX(VTESTPD, 66, 0F38, 0x0f, M_W0, (V(vl), W(vl)), AVX, 0, FW(ARITH))
VEX(VPTEST, 66, 0F38, 0x17, 0, (V(vl), W(vl)), AVX, 0, FW(ARITH))
VEX(VPERMPS, 66, 0F38, 0x16, M_L1 | M_W0, (WO | V(vl), H(vl), W(vl)), AVX2, 0)
VEX(VPERMD, 66, 0F38, 0x36, M_L1 | M_W0, (WO | V(vl), H(vl), W(vl)), AVX2, 0)
VEX(VBROADCASTSS, 66, 0F38, 0x18, M_W0, (WO | V(vl), M(4)), AVX, 0)
VEX(VBROADCASTSS, 66, 0F38, 0x18, M_W0, (WO | V(vl), U(4)), AVX2, 0)
VEX(VBROADCASTSD, 66, 0F38, 0x19, M_L1 | M_W0, (WO | V(vl), M(8)), AVX, 0)
VEX(VBROADCASTSD, 66, 0F38, 0x19, M_L1 | M_W0, (WO | V(vl), U(8)), AVX2, 0)
VEX(VBROADCASTF128, 66, 0F38, 0x1a, M_L1 | M_W0, (WO | V(vl), M(16)), AVX, 0)
VEX(VBROADCASTI128, 66, 0F38, 0x5a, M_L1 | M_W0, (WO | V(vl), M(16)), AVX2, 0)
VEX(VPBROADCASTB, 66, 0F38, 0x78, M_W0, (WO | V(vl), W(1)), AVX2, 0)
VEX(VPBROADCASTW, 66, 0F38, 0x79, M_W0, (WO | V(vl), W(2)), AVX2, 0)
VEX(VPBROADCASTD, 66, 0F38, 0x58, M_W0, (WO | V(vl), W(4)), AVX2, 0)
VEX(VPBROADCASTQ, 66, 0F38, 0x59, M_W0, (WO | V(vl), W(8)), AVX2, 0)
VEXI(VPABSB, 0F38, 0x1c, 0, (WO | V(vl), W(vl)))
VEXI(VPABSW, 0F38, 0x1d, 0, (WO | V(vl), W(vl)))
VEXI(VPABSD, 0F38, 0x1e, 0, (WO | V(vl), W(vl)))
#define VEX_PMOVX(ext, base) \
	VEXI(VPMOV##ext##BW, 0F38, base + 0, 0, (WO | V(vl), W(vl2))) \
	VEXI(VPMOV##ext##BD, 0F38, base + 1, 0, (WO | V(vl), W(vl4))) \
	VEXI(VPMOV##ext##BQ, 0F38, base + 2, 0, (WO | V(vl), W(vl8))) \
	VEXI(VPMOV##ext##WD, 0F38, base + 3, 0, (WO | V(vl), W(vl2))) \
	VEXI(VPMOV##ext##WQ, 0F38, base + 4, 0, (WO | V(vl), W(vl4))) \
	VEXI(VPMOV##ext##DQ, 0F38, base + 5, 0, (WO | V(vl), W(vl2)))
VEX_PMOVX(SX, 0x20)
VEX_PMOVX(ZX, 0x30)
VEX(VPHMINPOSUW, 66, 0F38, 0x41, M_L0, (WO | V(16), W(16)), AVX, 0)
VEX(VPERMQ, 66, 0F3A, 0x00, M_L1 | M_W1, (WO | V(vl), W(vl), IB), AVX2, 0)
VEX(VPERMPD, 66, 0F3A, 0x01, M_L1 | M_W1, (WO | V(vl), W(vl), IB), AVX2, 0)
VEX(VPBLENDD, 66, 0F3A, 0x02, M_W0, (WO | V(vl), H(vl), W(vl), IB), AVX2, 0)
VEX(VPERMILPS, 66, 0F3A, 0x04, M_W0, (WO | V(vl), W(vl), IB), AVX, 0)
VEX(VPERMILPD, 66, 0F3A, 0x05, M_W0, (WO | V(vl), W(vl), IB), AVX, 0)
VEX(VPERM2F128, 66, 0F3A, 0x06, M_L1 | M_W0,
    (WO | V(vl), H(vl), W(vl), IB), AVX, 0)
VEX(VPERM2I128, 66, 0F3A, 0x46, M_L1 | M_W0,
    (WO | V(vl), H(vl), W(vl), IB), AVX2, 0)
VEX(VROUNDPS, 66, 0F3A, 0x08, 0, (WO | V(vl), W(vl), IB), AVX, FX)
VEX(VROUNDPD, 66, 0F3A, 0x09, 0, (WO | V(vl), W(vl), IB), AVX, FX)
VEX(VROUNDSS, 66, 0F3A, 0x0a, M_LIG, (WO | V(16), H(16), W(4), IB), AVX, FX)
VEX(VROUNDSD, 66, 0F3A, 0x0b, M_LIG, (WO | V(16), H(16), W(8), IB), AVX, FX)
VEX(VBLENDPS, 66, 0F3A, 0x0c, 0, (WO | V(vl), H(vl), W(vl), IB), AVX, 0)
VEX(VBLENDPD, 66, 0F3A, 0x0d, 0, (WO | V(vl), H(vl), W(vl), IB), AVX, 0)
VEXI(VPBLENDW, 0F3A, 0x0e, 0, (WO | V(vl), H(vl), W(vl), IB))
VEXI(VPALIGNR, 0F3A, 0x0f, 0, (WO | V(vl), H(vl), W(vl), IB))
VEX(VPEXTRB, 66, 0F3A, 0x14, M_L0, (WO | E(r4m1), V(16), IB), AVX, 0)
VEX(VPEXTRW, 66, 0F3A, 0x15, M_L0, (WO | E(r4m2), V(16), IB), AVX, 0)
VEX(VPEXTRD, 66, 0F3A, 0x16, M_L0 | M_W0, (WO | E(4), V(16), IB), AVX, 0)
VEX(VPEXTRQ, 66, 0F3A, 0x16, M_L0 | M_WG1, (WO | E(8), V(16), IB), AVX, 0)
VEX(VEXTRACTPS, 66, 0F3A, 0x17, M_L0, (WO | E(4), V(16), IB), AVX, 0)
VEX(VINSERTF128, 66, 0F3A, 0x18, M_L1 | M_W0,
    (WO | V(vl), H(vl), W(16), IB), AVX, 0)
VEX(VEXTRACTF128, 66, 0F3A, 0x19, M_L1 | M_W0,
    (WO | W(16), V(vl), IB), AVX, 0)
VEX(VINSERTI128, 66, 0F3A, 0x38, M_L1 | M_W0,
    (WO | V(vl), H(vl), W(16), IB), AVX2, 0)
VEX(VEXTRACTI128, 66, 0F3A, 0x39, M_L1 | M_W0,
    (WO | W(16), V(vl), IB), AVX2, 0)
VEX(VPINSRB, 66, 0F3A, 0x20, M_L0, (WO | V(16), H(16), E(r4m1), IB), AVX, 0)
VEX(VINSERTPS, 66, 0F3A, 0x21, M_L0, (WO | V(16), H(16), W(4), IB), AVX, 0)
VEX(VPINSRD, 66, 0F3A, 0x22, M_L0 | M_W0,
    (WO | V(16), H(16), E(4), IB), AVX, 0)
VEX(VPINSRQ, 66, 0F3A, 0x22, M_L0 | M_WG1,
    (WO | V(16), H(16), E(8), IB), AVX, 0)
VEX(VDPPS, 66, 0F3A, 0x40, 0, (WO | V(vl), H(vl), W(vl), IB), AVX, FX)
VEX(VDPPD, 66, 0F3A, 0x41, M_L0, (WO | V(vl), H(vl), W(vl), IB), AVX, FX)
VEXI(VMPSADBW, 0F3A, 0x42, 0, (WO | V(vl), H(vl), W(vl), IB))
VEX(VBLENDVPS, 66, 0F3A, 0x4a, M_W0,
    (WO | V(vl), H(vl), W(vl), L(vl)), AVX, 0)
VEX(VBLENDVPD, 66, 0F3A, 0x4b, M_W0,
    (WO | V(vl), H(vl), W(vl), L(vl)), AVX, 0)
VEXI(VPBLENDVB, 0F3A, 0x4c, M_W0, (WO | V(vl), H(vl), W(vl), L(vl)))
#define PCMP_VEX(id, opc, at, ...) \
	VEX(id, 66, 0F3A, opc, M_L0, (V(16), W(16), IB), AVX, at, \
	    FW(ARITH), __VA_ARGS__)
PCMP_VEX(VPCMPESTRM, 0x60, 0, GR(bAX | bDX))
PCMP_VEX(VPCMPESTRI, 0x61, ATTR_ZERO_UPPER, GR(bAX | bDX), GW(bCX))
PCMP_VEX(VPCMPISTRM, 0x62, 0)
PCMP_VEX(VPCMPISTRI, 0x63, ATTR_ZERO_UPPER, GW(bCX))

/* --- variable shifts, masked moves, gathers --- */
#define VEX_VARSHIFT(id, opc, match) \
	VEX(id, 66, 0F38, opc, match, (WO | V(vl), H(vl), W(vl)), AVX2, 0)
VEX_VARSHIFT(VPSRLVD, 0x45, M_W0)
VEX_VARSHIFT(VPSRLVQ, 0x45, M_W1)
VEX_VARSHIFT(VPSRAVD, 0x46, M_W0)
VEX_VARSHIFT(VPSLLVD, 0x47, M_W0)
VEX_VARSHIFT(VPSLLVQ, 0x47, M_W1)
#define VEX_MASKMOV(id, load, store, match, feat) \
	VEX(id, 66, 0F38, load, match, (WO | V(vl), H(vl), RC | M(vl)), \
	    feat, ATTR_MASKED_MEM) \
	VEX(id, 66, 0F38, store, match, (WC | M(vl), H(vl), V(vl)), \
	    feat, ATTR_MASKED_MEM)
VEX_MASKMOV(VMASKMOVPS, 0x2c, 0x2e, M_W0, AVX)
VEX_MASKMOV(VMASKMOVPD, 0x2d, 0x2f, M_W0, AVX)
VEX_MASKMOV(VPMASKMOVD, 0x8c, 0x8e, M_W0, AVX2)
VEX_MASKMOV(VPMASKMOVQ, 0x8c, 0x8e, M_W1, AVX2)
/* Both destination and mask (vvvv) change. */
#define VEX_GATHER(id, opc, match, size, vec) \
	VEX(id, 66, 0F38, opc, (match) | M_NODUP, \
	    (RW | V(vec), RC | MV(size), RW | H(vec)), AVX2, ATTR_MASKED_MEM)
VEX_GATHER(VPGATHERDD, 0x90, M_W0, 4, vl)
VEX_GATHER(VPGATHERDQ, 0x90, M_W1, 8, vl)
VEX_GATHER(VPGATHERQD, 0x91, M_W0, 4, vl2)
VEX_GATHER(VPGATHERQQ, 0x91, M_W1, 8, vl)
VEX_GATHER(VGATHERDPS, 0x92, M_W0, 4, vl)
VEX_GATHER(VGATHERDPD, 0x92, M_W1, 8, vl)
VEX_GATHER(VGATHERQPS, 0x93, M_W0, 4, vl2)
VEX_GATHER(VGATHERQPD, 0x93, M_W1, 8, vl)

/* --- FMA --- */
#define FMA_P(id, opc) \
	VEX(id##PS, 66, 0F38, opc, M_W0, (RW | V(vl), H(vl), W(vl)), FMA, FX) \
	VEX(id##PD, 66, 0F38, opc, M_W1, (RW | V(vl), H(vl), W(vl)), FMA, FX)
#define FMA_S(id, opc) \
	VEX(id##SS, 66, 0F38, opc, M_W0 | M_LIG, \
	    (RW | V(16), H(16), W(4)), FMA, FX) \
	VEX(id##SD, 66, 0F38, opc, M_W1 | M_LIG, \
	    (RW | V(16), H(16), W(8)), FMA, FX)
#define FMA3(row, id, opc) \
	row(id##132, 0x90 + opc) \
	row(id##213, 0xa0 + opc) \
	row(id##231, 0xb0 + opc)
FMA3(FMA_P, VFMADDSUB, 0x6)
FMA3(FMA_P, VFMSUBADD, 0x7)
FMA3(FMA_P, VFMADD, 0x8)
FMA3(FMA_S, VFMADD, 0x9)
FMA3(FMA_P, VFMSUB, 0xa)
FMA3(FMA_S, VFMSUB, 0xb)
FMA3(FMA_P, VFNMADD, 0xc)
FMA3(FMA_S, VFNMADD, 0xd)
FMA3(FMA_P, VFNMSUB, 0xe)
FMA3(FMA_S, VFNMSUB, 0xf)

/* --- AES, PCLMULQDQ, GFNI --- */
#define VEX_AES(id, opc) \
	VEX(id, 66, 0F38, opc, M_L0, (WO | V(vl), H(vl), W(vl)), AES, 0, \
	    FEAT2(AVX)) \
	VEX(id, 66, 0F38, opc, M_L1, (WO | V(vl), H(vl), W(vl)), VAES, 0, \
	    FEAT2(AVX))
VEX_AES(VAESENC, 0xdc)
VEX_AES(VAESENCLAST, 0xdd)
VEX_AES(VAESDEC, 0xde)
VEX_AES(VAESDECLAST, 0xdf)
VEX(VAESIMC, 66, 0F38, 0xdb, M_L0, (WO | V(16), W(16)), AES, 0, FEAT2(AVX))
VEX(VAESKEYGENASSIST, 66, 0F3A, 0xdf, M_L0, (WO | V(16), W(16), IB), AES, 0,
    FEAT2(AVX))
VEX(VPCLMULQDQ, 66, 0F3A, 0x44, M_L0, (WO | V(vl), H(vl), W(vl), IB),
    PCLMULQDQ, 0, FEAT2(AVX))
VEX(VPCLMULQDQ, 66, 0F3A, 0x44, M_L1, (WO | V(vl), H(vl), W(vl), IB),
    VPCLMULQDQ, 0, FEAT2(AVX))
VEX(VGF2P8MULB, 66, 0F38, 0xcf, M_W0, (WO | V(vl), H(vl), W(vl)), GFNI, 0,
    FEAT2(AVX))
VEX(VGF2P8AFFINEQB, 66, 0F3A, 0xce, M_W1, (WO | V(vl), H(vl), W(vl), IB),
    GFNI, 0, FEAT2(AVX))
VEX(VGF2P8AFFINEINVQB, 66, 0F3A, 0xcf, M_W1, (WO | V(vl), H(vl), W(vl), IB),
    GFNI, 0, FEAT2(AVX))

/* --- AVX-VNNI, AVX-VNNI-INT8, AVX-IFMA, AVX-NE-CONVERT --- */
#define VNNI(id, pp, opc, match, feat) \
	VEX(id, pp, 0F38, opc, match, (RW | V(vl), H(vl), W(vl)), feat, 0)
VNNI(VPDPBUSD, 66, 0x50, M_W0, AVXVNNI)
VNNI(VPDPBUSDS, 66, 0x51, M_W0, AVXVNNI)
VNNI(VPDPWSSD, 66, 0x52, M_W0, AVXVNNI)
VNNI(VPDPWSSDS, 66, 0x53, M_W0, AVXVNNI)
VNNI(VPDPBUUD, NP, 0x50, M_W0, AVXVNNIINT8)
VNNI(VPDPBUUDS, NP, 0x51, M_W0, AVXVNNIINT8)
VNNI(VPDPBSUD, F3, 0x50, M_W0, AVXVNNIINT8)
VNNI(VPDPBSUDS, F3, 0x51, M_W0, AVXVNNIINT8)
VNNI(VPDPBSSD, F2, 0x50, M_W0, AVXVNNIINT8)
VNNI(VPDPBSSDS, F2, 0x51, M_W0, AVXVNNIINT8)
VNNI(VPMADD52LUQ, 66, 0xb4, M_W1, AVXIFMA)
VNNI(VPMADD52HUQ, 66, 0xb5, M_W1, AVXIFMA)
#define NECVT(id, pp, opc, ops) \
	VEX(id, pp, 0F38, opc, M_W0, ops, AVXNECONVERT, 0)
NECVT(VCVTNEOPH2PS, NP, 0xb0, (WO | V(vl), M(vl)))
NECVT(VCVTNEEPH2PS, 66, 0xb0, (WO | V(vl), M(vl)))
NECVT(VCVTNEEBF162PS, F3, 0xb0, (WO | V(vl), M(vl)))
NECVT(VCVTNEOBF162PS, F2, 0xb0, (WO | V(vl), M(vl)))
NECVT(VBCSTNESH2PS, 66, 0xb1, (WO | V(vl), M(2)))
NECVT(VBCSTNEBF162PS, F3, 0xb1, (WO | V(vl), M(2)))
NECVT(VCVTNEPS2BF16, F3, 0x72, (WO | V(16), W(vl)))

/* --- opmask --- */
#define OPMASK(id, pp, map, opc, match, ops, feat, ...) \
	VEX(id, pp, map, opc, match, ops, feat, 0, __VA_ARGS__)
#define KOP4(id, opc, match, o1, o2, o4, o8, wfeat, ...) \
	OPMASK(id##W, NP, 0F, opc, (match) | M_W0, o2, wfeat, __VA_ARGS__) \
	OPMASK(id##B, 66, 0F, opc, (match) | M_W0, o1, AVX512DQ, __VA_ARGS__) \
	OPMASK(id##Q, NP, 0F, opc, (match) | M_W1, o8, AVX512BW, __VA_ARGS__) \
	OPMASK(id##D, 66, 0F, opc, (match) | M_W1, o4, AVX512BW, __VA_ARGS__)
#define KOP3(id, opc, wfeat) \
	KOP4(id, opc, M_L1, (WO | K(1), KV(1), KR(1)), \
	    (WO | K(2), KV(2), KR(2)), (WO | K(4), KV(4), KR(4)), \
	    (WO | K(8), KV(8), KR(8)), wfeat)
#define KOP2(id, opc, match, wfeat, acc, ...) \
	KOP4(id, opc, match, (acc | K(1), KR(1)), (acc | K(2), KR(2)), \
	    (acc | K(4), KR(4)), (acc | K(8), KR(8)), wfeat, __VA_ARGS__)
KOP3(KAND, 0x41, AVX512F)
KOP3(KANDN, 0x42, AVX512F)
KOP2(KNOT, 0x44, M_L0, AVX512F, WO)
KOP3(KOR, 0x45, AVX512F)
KOP3(KXNOR, 0x46, AVX512F)
KOP3(KXOR, 0x47, AVX512F)
KOP3(KADD, 0x4a, AVX512DQ)
KOP2(KORTEST, 0x98, M_L0, AVX512F, 0, FW(ARITH))
KOP2(KTEST, 0x99, M_L0, AVX512DQ, 0, FW(ARITH))
OPMASK(KUNPCKBW, 66, 0F, 0x4b, M_L1 | M_W0, (WO | K(2), KV(1), KR(1)), AVX512F)
OPMASK(KUNPCKWD, NP, 0F, 0x4b, M_L1 | M_W0, (WO | K(4), KV(2), KR(2)), AVX512BW)
OPMASK(KUNPCKDQ, NP, 0F, 0x4b, M_L1 | M_W1, (WO | K(8), KV(4), KR(4)), AVX512BW)
KOP4(KMOV, 0x90, M_L0, (WO | K(1), KE(1)), (WO | K(2), KE(2)),
    (WO | K(4), KE(4)), (WO | K(8), KE(8)), AVX512F)
KOP4(KMOV, 0x91, M_L0 | M_MEM, (WO | KE(1), K(1)), (WO | KE(2), K(2)),
    (WO | KE(4), K(4)), (WO | KE(8), K(8)), AVX512F)
OPMASK(KMOVW, NP, 0F, 0x92, M_L0 | M_W0, (WO | K(2), R(4)), AVX512F)
OPMASK(KMOVB, 66, 0F, 0x92, M_L0 | M_W0, (WO | K(1), R(4)), AVX512DQ)
OPMASK(KMOVD, F2, 0F, 0x92, M_L0 | M_WG0, (WO | K(4), R(4)), AVX512BW)
OPMASK(KMOVQ, F2, 0F, 0x92, M_L0 | M_WG1, (WO | K(8), R(8)), AVX512BW)
OPMASK(KMOVW, NP, 0F, 0x93, M_L0 | M_W0, (WO | G(4), KR(2)), AVX512F)
OPMASK(KMOVB, 66, 0F, 0x93, M_L0 | M_W0, (WO | G(4), KR(1)), AVX512DQ)
OPMASK(KMOVD, F2, 0F, 0x93, M_L0 | M_WG0, (WO | G(4), KR(4)), AVX512BW)
OPMASK(KMOVQ, F2, 0F, 0x93, M_L0 | M_WG1, (WO | G(8), KR(8)), AVX512BW)
#define KSHIFT(id, opc) \
	OPMASK(id##B, 66, 0F3A, opc, M_L0 | M_W0, \
	    (WO | K(1), KR(1), IB), AVX512DQ) \
	OPMASK(id##W, 66, 0F3A, opc, M_L0 | M_W1, \
	    (WO | K(2), KR(2), IB), AVX512F) \
	OPMASK(id##D, 66, 0F3A, opc + 1, M_L0 | M_W0, \
	    (WO | K(4), KR(4), IB), AVX512BW) \
	OPMASK(id##Q, 66, 0F3A, opc + 1, M_L0 | M_W1, \
	    (WO | K(8), KR(8), IB), AVX512BW)
KSHIFT(KSHIFTR, 0x30)
KSHIFT(KSHIFTL, 0x32)
