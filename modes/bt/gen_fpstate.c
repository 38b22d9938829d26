/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control words and whole-state saves.
 *
 * XSAVE and its kin run in a helper once their memory is known to be there:
 * then they cannot fault.  XRSTOR can (reserved bits), so it runs here, where
 * a fault is the guest's; the helper only prepares the address and the mask.
 */
#include "modes/bt/gen.h"

static void
store_ea(struct gen *g)
{
	struct addr a = gen_addr(g);

	gen_ea(g, S_B, &a, true);
	store_gs(&g->e, S_B, GS(tmp_target));
}

static bool
gen_xsave(struct gen *g, unsigned which)
{
	store_ea(g);
	gen_call_helper(g, HELP_XSAVE, which | (g->i->w ? XS_64 : 0));
	return true;
}

static bool
gen_xrstor(struct gen *g)
{
	struct emit *e = &g->e;

	store_ea(g);
	gen_call_helper(g, HELP_XRSTOR, 0);
	/* The helper call left the guest's RAX and RDX in their slots too. */
	store_gs_imm(e, W64, GS(in_xrstor), 1);
	load_gs(e, H_RAX, GS(res_rax));
	load_gs(e, H_RDX, GS(res_rdx));
	load_gs(e, S_A, GS(res_host));
	op_rm(e, g->i->w ? W64 : W32, 0x0fae, 5, S_A, 0);
	load_gs(e, H_RAX, GS_GPR(RAX));
	load_gs(e, H_RDX, GS_GPR(RDX));
	store_gs_imm(e, W64, GS(in_xrstor), 0);
	return true;
}

bool
gen_fpstate(struct gen *g)
{
	bool xsave = (g->mode & (MODE_FPU | MODE_AVX)) ==
	    (MODE_FPU | MODE_AVX);

	switch (g->i->desc->id) {
	case I_LDMXCSR: case I_STMXCSR:
		return (g->mode & MODE_SSE) && gen_native(g);
	case I_VLDMXCSR: case I_VSTMXCSR:
		return (g->mode & MODE_AVX) && gen_native(g);
	case I_FLDCW: case I_FNSTCW: case I_FNSTSW:
		return (g->mode & MODE_FPU) && gen_native(g);
	case I_XSAVE:
		return xsave && gen_xsave(g, XS_XSAVE);
	case I_XSAVEOPT:
		return xsave && gen_xsave(g, XS_XSAVEOPT);
	case I_XSAVEC:
		return xsave && gen_xsave(g, XS_XSAVEC);
	case I_XRSTOR:
		return xsave && gen_xrstor(g);
	default:
		return false;
	}
}
