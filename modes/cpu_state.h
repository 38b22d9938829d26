/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The complete architectural state of one vCPU, the same for every engine.
 * Saving from one engine and loading into another gives the same machine:
 * snapshots, migration, differential testing and a change of mode stand on it.
 *
 * Names are the Intel SDM's.  The translator's generated code addresses the
 * first part of this structure by fixed offsets (modes/bt/layout.h asserts
 * them); add new fields at the end of a group.
 */
#ifndef TRIVISOR_MODES_CPU_STATE_H
#define TRIVISOR_MODES_CPU_STATE_H

#include "base/base.h"

enum gpr {
	RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI,
	R8, R9, R10, R11, R12, R13, R14, R15, GPR_COUNT,
};

/* The encoding order of segment registers, then the two system ones. */
enum seg_name {
	SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR,
	SEG_COUNT,
};

/*
 * A segment register with its hidden part.  attr is the descriptor's bits
 * 40..55 (type, S, DPL, P, limit nibble zeroed, AVL, L, D/B, G); limit is in
 * bytes, already scaled by G.
 */
struct seg_reg {
	uint64_t base;
	uint32_t limit;
	uint16_t selector;
	uint16_t attr;
};

enum {
	SEG_TYPE = 0xf,		/* mask of the type field */
	SEG_ACCESSED = 1, SEG_WRITE_READ = 2, SEG_EXPDOWN_CONF = 4,
	SEG_CODE = 8,
	SEG_S = 1 << 4,		/* code or data, not a system segment */
	SEG_DPL_SHIFT = 5, SEG_DPL = 3 << 5,
	SEG_P = 1 << 7,
	SEG_AVL = 1 << 12, SEG_L = 1 << 13, SEG_DB = 1 << 14, SEG_G = 1 << 15,
	SEG_UNUSABLE = 1 << 8,	/* loaded with a null selector (ours) */
};

struct table_reg {
	uint64_t base;
	uint16_t limit;
};

/* RFLAGS, SDM 1 3.4.3. */
enum {
	FLAG_CF = 1 << 0, FLAG_FIXED1 = 1 << 1, FLAG_PF = 1 << 2,
	FLAG_AF = 1 << 4, FLAG_ZF = 1 << 6, FLAG_SF = 1 << 7,
	FLAG_TF = 1 << 8, FLAG_IF = 1 << 9, FLAG_DF = 1 << 10,
	FLAG_OF = 1 << 11, FLAG_IOPL = 3 << 12, FLAG_NT = 1 << 14,
	FLAG_RF = 1 << 16, FLAG_VM = 1 << 17, FLAG_AC = 1 << 18,
	FLAG_VIF = 1 << 19, FLAG_VIP = 1 << 20, FLAG_ID = 1 << 21,
	FLAGS_ARITH = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF,
};

/* CR0, CR4, EFER, SDM 3 2.5 and 2.2.1. */
#define CR0_PE BIT(0)
#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_ET BIT(4)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)
#define CR0_NW BIT(29)
#define CR0_CD BIT(30)
#define CR0_PG BIT(31)
#define CR4_VME BIT(0)
#define CR4_PVI BIT(1)
#define CR4_TSD BIT(2)
#define CR4_DE BIT(3)
#define CR4_PSE BIT(4)
#define CR4_PAE BIT(5)
#define CR4_MCE BIT(6)
#define CR4_PGE BIT(7)
#define CR4_PCE BIT(8)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP BIT(11)
#define CR4_LA57 BIT(12)
#define CR4_FSGSBASE BIT(16)
#define CR4_PCIDE BIT(17)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)
#define CR4_PKE BIT(22)
#define EFER_SCE BIT(0)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define EFER_NX BIT(11)
#define EFER_FFXSR BIT(14)
#define EFER_AIBRSE BIT(21)	/* AMD: automatic IBRS */

/* Exception vectors, SDM 3 6.3. */
enum vector {
	VEC_DE = 0, VEC_DB = 1, VEC_NMI = 2, VEC_BP = 3, VEC_OF = 4,
	VEC_BR = 5, VEC_UD = 6, VEC_NM = 7, VEC_DF = 8, VEC_TS = 10,
	VEC_NP = 11, VEC_SS = 12, VEC_GP = 13, VEC_PF = 14, VEC_MF = 16,
	VEC_AC = 17, VEC_MC = 18, VEC_XM = 19,
};

/* Why the next instruction boundary may not take an interrupt. */
enum {
	SHADOW_STI = 1,		/* one instruction after STI */
	SHADOW_MOVSS = 2,	/* one instruction after MOV SS / POP SS */
};

enum activity { ACT_RUNNING, ACT_HALTED, ACT_SHUTDOWN, ACT_WAIT_SIPI };

#define XSAVE_AREA_SIZE 4096

struct cpu_state {
	uint64_t gpr[GPR_COUNT];
	uint64_t rip;
	uint64_t rflags;	/* bit 1 always set */

	struct seg_reg seg[SEG_COUNT];
	struct table_reg gdtr, idtr;

	uint64_t cr0, cr2, cr3, cr4;
	uint64_t cr8;		/* 4 bits; the same as the APIC's TPR >> 4 */
	uint64_t efer;
	uint64_t xcr0;
	uint64_t dr[8];		/* 4 and 5 unused */
	uint64_t pdpte[4];	/* latched PAE entries */

	/* MSRs */
	uint64_t star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t pat, tsc_aux, misc_enable, spec_ctrl, xss;
	uint64_t tsc_offset;	/* guest TSC = clock's TSC + offset */
	uint64_t tsc_adjust;
	uint64_t apic_base;	/* mirrors the APIC's IA32_APIC_BASE */
	uint64_t mtrr_def_type, mtrr_fixed[11], mtrr_var[16];
	uint64_t kvm_wall_clock, kvm_system_time;
	uint64_t mcg_status;

	uint8_t shadow;		/* SHADOW_* */
	uint8_t nmi_masked;	/* between an NMI and its IRET */
	uint8_t nmi_pending;
	uint8_t activity;	/* enum activity */
	uint8_t cpl;		/* equals SS.DPL; kept beside it for speed */

	/* XSAVE standard format, XCR0 | host x87/SSE; valid when not live. */
	uint8_t xsave[XSAVE_AREA_SIZE] __attribute__((aligned(64)));
};

#endif
