/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which handler executes which instruction.  What is not listed runs
 * natively if its class allows that (native.c), and is #UD else.
 */
#include "modes/interp/handlers.h"

static handler_fn *const handlers[I_COUNT] = {
	/* Arithmetic and logic */
	[I_ADD] = h_add, [I_OR] = h_or, [I_ADC] = h_adc, [I_SBB] = h_sbb,
	[I_AND] = h_and, [I_SUB] = h_sub, [I_XOR] = h_xor, [I_CMP] = h_cmp,
	[I_TEST] = h_test, [I_INC] = h_inc, [I_DEC] = h_dec, [I_NEG] = h_neg,
	[I_NOT] = h_not, [I_ROL] = h_rol, [I_ROR] = h_ror, [I_RCL] = h_rcl,
	[I_RCR] = h_rcr, [I_SHL] = h_shl, [I_SHR] = h_shr, [I_SAR] = h_sar,
	[I_SHLD] = h_shld, [I_SHRD] = h_shrd, [I_XCHG] = h_xchg,
	[I_XADD] = h_xadd, [I_CMPXCHG] = h_cmpxchg,
	[I_CMPXCHG8B] = h_cmpxchg8b, [I_CMPXCHG16B] = h_cmpxchg16b,
	[I_MUL] = h_mul, [I_IMUL] = h_imul, [I_DIV] = h_div,
	[I_IDIV] = h_idiv, [I_DAA] = h_daa, [I_DAS] = h_das,
	[I_AAA] = h_aaa, [I_AAS] = h_aas, [I_AAM] = h_aam, [I_AAD] = h_aad,
	[I_BT] = h_bt, [I_BTS] = h_bts, [I_BTR] = h_btr, [I_BTC] = h_btc,
	[I_BSF] = h_bsf, [I_BSR] = h_bsr, [I_BSWAP] = h_bswap,
	[I_MOVBE] = h_movbe,

	/* Moves, conditions, flags */
	[I_MOVZX] = h_movzx, [I_MOVSX] = h_movsx, [I_MOVSXD] = h_movsx,
	[I_LEA] = h_lea, [I_CMOVCC] = h_cmov, [I_SETCC] = h_setcc,
	[I_CBW] = h_cbw, [I_CWD] = h_cwd, [I_LAHF] = h_lahf,
	[I_SAHF] = h_sahf, [I_SALC] = h_salc, [I_CLC] = h_clc,
	[I_STC] = h_stc, [I_CMC] = h_cmc, [I_CLD] = h_cld, [I_STD] = h_std,
	[I_XLAT] = h_xlat, [I_MOVNTI] = h_mov, [I_MOVDIRI] = h_movdiri,
	[I_MOVDIR64B] = h_movdir64b,

	/* Nothing to do */
	[I_NOP] = h_nop, [I_PAUSE] = h_nop, [I_ENDBR32] = h_nop,
	[I_ENDBR64] = h_nop, [I_RDSSP] = h_nop, [I_SERIALIZE] = h_nop,
	[I_LFENCE] = h_fence, [I_MFENCE] = h_fence, [I_SFENCE] = h_fence,
	[I_PREFETCH] = h_nop, [I_PREFETCHW] = h_nop,
	[I_PREFETCHWT1] = h_nop, [I_PREFETCHNTA] = h_nop,
	[I_PREFETCHT0] = h_nop, [I_PREFETCHT1] = h_nop,
	[I_PREFETCHT2] = h_nop, [I_CLDEMOTE] = h_nop,
	[I_INVD] = h_nop, [I_WBINVD] = h_nop, [I_WBNOINVD] = h_nop,

	/* Stack */
	[I_PUSH] = h_push, [I_POP] = h_pop, [I_PUSHA] = h_pusha,
	[I_POPA] = h_popa, [I_ENTER] = h_enter, [I_LEAVE] = h_leave,
	[I_PUSHF] = h_pushf, [I_POPF] = h_popf,

	/* Control transfer */
	[I_JCC] = h_jcc, [I_JMP] = h_jmp, [I_CALL] = h_call, [I_RET] = h_ret,
	[I_LOOP] = h_loop, [I_LOOPE] = h_loope, [I_LOOPNE] = h_loopne,
	[I_JCXZ] = h_jrcxz, [I_JMPF] = h_jmp_far, [I_CALLF] = h_call_far,
	[I_RETF] = h_ret_far, [I_IRET] = h_iret, [I_INT] = h_int,
	[I_INT3] = h_int3, [I_INTO] = h_into, [I_ICEBP] = h_int1,
	[I_BOUND] = h_bound, [I_SYSCALL] = h_syscall,
	[I_SYSRET] = h_sysret, [I_SYSENTER] = h_sysenter,
	[I_SYSEXIT] = h_sysexit, [I_UD0] = h_ud, [I_UD1] = h_ud,
	[I_UD2] = h_ud,

	/* Strings and ports */
	[I_MOVS] = h_movs, [I_STOS] = h_stos, [I_LODS] = h_lods,
	[I_CMPS] = h_cmps, [I_SCAS] = h_scas, [I_INS] = h_ins,
	[I_OUTS] = h_outs, [I_IN] = h_in, [I_OUT] = h_out,

	/* Segments and descriptors */
	[I_LDS] = h_lds, [I_LES] = h_les, [I_LFS] = h_lfs, [I_LGS] = h_lgs,
	[I_LSS] = h_lss, [I_LLDT] = h_lldt, [I_LTR] = h_ltr, [I_LAR] = h_lar,
	[I_LSL] = h_lsl, [I_VERR] = h_verr, [I_VERW] = h_verw,
	[I_ARPL] = h_arpl, [I_SGDT] = h_sgdt, [I_SIDT] = h_sidt,
	[I_LGDT] = h_lgdt, [I_LIDT] = h_lidt, [I_SLDT] = h_sldt,
	[I_STR] = h_str, [I_SMSW] = h_smsw, [I_LMSW] = h_lmsw,

	/* System */
	[I_CLTS] = h_clts, [I_RDMSR] = h_rdmsr, [I_WRMSR] = h_wrmsr,
	[I_RDTSC] = h_rdtsc, [I_RDTSCP] = h_rdtscp, [I_RDPID] = h_rdpid,
	[I_RDPMC] = h_rdpmc, [I_CPUID] = h_cpuid, [I_RDRAND] = h_rdrand,
	[I_RDSEED] = h_rdseed, [I_CLI] = h_cli, [I_STI] = h_sti,
	[I_HLT] = h_hlt, [I_CLFLUSH] = h_clflush,
	[I_CLFLUSHOPT] = h_clflush, [I_CLWB] = h_clflush,
	[I_CLZERO] = h_clzero, [I_INVLPG] = h_invlpg,
	[I_INVPCID] = h_invpcid, [I_RDFSBASE] = h_rdfsbase,
	[I_RDGSBASE] = h_rdgsbase, [I_WRFSBASE] = h_wrfsbase,
	[I_WRGSBASE] = h_wrgsbase, [I_SWAPGS] = h_swapgs,
	[I_CLAC] = h_clac, [I_STAC] = h_stac, [I_XSETBV] = h_xsetbv,

	/* Saving and restoring vector state */
	[I_FXSAVE] = h_fxsave, [I_FXRSTOR] = h_fxrstor,
	[I_XSAVE] = h_xsave, [I_XSAVEC] = h_xsave, [I_XSAVEOPT] = h_xsave,
	[I_XSAVES] = h_xsave, [I_XRSTOR] = h_xrstor,
	[I_XRSTORS] = h_xrstor, [I_XGETBV] = h_xgetbv,
	[I_LDMXCSR] = h_mxcsr, [I_STMXCSR] = h_mxcsr,
	[I_VLDMXCSR] = h_mxcsr, [I_VSTMXCSR] = h_mxcsr,
	[I_FNINIT] = h_fninit, [I_FNSTENV] = h_fnstenv,
	[I_FNSAVE] = h_fnstenv, [I_FLDENV] = h_fldenv,
	[I_FRSTOR] = h_fldenv,

	[I_VZEROUPPER] = h_vzero, [I_VZEROALL] = h_vzero,

	/* Masked through an implied operand */
	[I_MASKMOVQ] = h_maskmov, [I_MASKMOVDQU] = h_maskmov,
	[I_VMASKMOVDQU] = h_maskmov,
};

static handler_fn *
mov_handler(const struct insn *i)
{
	for (unsigned n = 0; n < 2; n++) {
		switch (i->opnd[n].kind) {
		case OPND_SREG:
			return h_mov_sreg;
		case OPND_CR:
			return h_mov_cr;
		case OPND_DR:
			return h_mov_dr;
		default:
			break;
		}
	}
	return h_mov;
}

handler_fn *
interp_handler(const struct insn *i)
{
	if (i->desc->id == I_MOV)
		return mov_handler(i);
	return handlers[i->desc->id];
}
