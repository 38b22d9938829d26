/* SPDX-License-Identifier: Apache-2.0 */
/* Every handler, by the file it is in, and what they share beyond interp.h. */
#ifndef TRIVISOR_MODES_INTERP_HANDLERS_H
#define TRIVISOR_MODES_INTERP_HANDLERS_H

#include "modes/interp/interp.h"

/* The platform's ports, access already allowed. */
uint32_t port_in(struct vcpu *c, uint16_t port, unsigned size);
void port_out(struct vcpu *c, uint16_t port, unsigned size, uint32_t v);

/* alu.c */
handler_fn h_add, h_or, h_adc, h_sbb, h_and, h_sub, h_xor, h_cmp, h_test,
    h_inc, h_dec, h_neg, h_not, h_rol, h_ror, h_rcl, h_rcr, h_shl, h_shr,
    h_sar, h_shld, h_shrd, h_xchg, h_xadd, h_cmpxchg, h_cmpxchg8b,
    h_cmpxchg16b;

/* muldiv.c */
handler_fn h_mul, h_imul, h_div, h_idiv, h_daa, h_das, h_aaa, h_aas, h_aam,
    h_aad;

/* bits.c */
handler_fn h_bt, h_bts, h_btr, h_btc, h_bsf, h_bsr, h_bswap, h_movbe;

/* move.c */
handler_fn h_mov, h_movzx, h_movsx, h_lea, h_nop, h_cmov, h_setcc, h_cbw,
    h_cwd, h_lahf, h_sahf, h_salc, h_clc, h_stc, h_cmc, h_cld, h_std, h_xlat,
    h_movdiri, h_movdir64b;

/* stack.c */
handler_fn h_push, h_pop, h_pusha, h_popa, h_enter, h_leave, h_pushf, h_popf;

/* branch.c */
handler_fn h_jcc, h_jmp, h_call, h_ret, h_loop, h_loope, h_loopne, h_jrcxz,
    h_jmp_far, h_call_far, h_ret_far, h_iret, h_int, h_int3, h_into, h_int1,
    h_ud, h_bound, h_syscall, h_sysret, h_sysenter, h_sysexit;

/* string.c */
handler_fn h_movs, h_stos, h_lods, h_cmps, h_scas, h_ins, h_outs;

/* io.c */
handler_fn h_in, h_out;

/* system.c */
handler_fn h_mov_cr, h_mov_dr, h_clts, h_lmsw, h_smsw, h_sldt, h_str, h_sgdt,
    h_sidt, h_lgdt, h_lidt, h_rdmsr, h_wrmsr, h_rdtsc, h_rdtscp, h_rdpid,
    h_rdpmc, h_cpuid, h_rdrand, h_rdseed, h_cli, h_sti, h_hlt, h_clflush,
    h_clzero, h_invlpg, h_invpcid, h_rdfsbase, h_rdgsbase, h_wrfsbase,
    h_wrgsbase, h_swapgs, h_clac, h_stac, h_xsetbv, h_fence;

/* segs.c */
handler_fn h_mov_sreg, h_lds, h_les, h_lfs, h_lgs, h_lss, h_lldt, h_ltr,
    h_lar, h_lsl, h_verr, h_verw, h_arpl;

/* native.c */
handler_fn h_vzero;

/* fpstate.c */
handler_fn h_fxsave, h_fxrstor, h_xsave, h_xrstor, h_xgetbv, h_mxcsr,
    h_fninit, h_fnstenv, h_fldenv;

/* sparse.c: gathers, scatters, MASKMOVQ and MASKMOVDQU. */
handler_fn h_sparse, h_maskmov;

#endif
