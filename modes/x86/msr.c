/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Model-specific registers: one table, sorted by number, of what each is made
 * of.  A number that is not in it is #GP(0), which kernels expect of registers
 * a processor lacks.  SDM 4 chapter 2; AMD APM 2 appendix A and the PPRs.
 *
 * The local APIC's registers are the platform's.
 */
#include "modes/x86/priv.h"
#include "modes/x86/stop.h"

#include "modes/cpuid.h"

enum {
	MSR_APIC_BASE = 0x1b, MSR_TSC_DEADLINE = 0x6e0,
	MSR_X2APIC_FIRST = 0x800, MSR_X2APIC_LAST = 0x8ff,
};

/* Whose processors have it. */
enum who { BOTH, INTEL, AMD };

enum kind {
	FIELD,		/* in cpu_state; arg: bits that may be set */
	ADDRESS,	/* in cpu_state; must be canonical */
	CONST,		/* reads arg; writes are #GP(0) */
	IGNORE,		/* reads arg; writes are accepted and dropped */
	COMMAND,	/* no read; writes of bits in arg do nothing here */
	FUNC,		/* rd and wr */
};

struct msr {
	uint32_t first, last;
	enum who who;
	enum x86_feature feature;	/* CPUID must have it */
	enum kind kind;
	size_t off;			/* FIELD, ADDRESS */
	uint64_t arg;
	int (*rd)(struct vcpu *c, uint32_t msr, uint64_t *v);
	int (*wr)(struct vcpu *c, uint32_t msr, uint64_t v);	/* 0 or -1 */
};

/* --- TSC, EFER, APIC base --- */

static int
rd_tsc(struct vcpu *c, uint32_t msr, uint64_t *v)
{
	*v = x86_tsc(c);
	return 0;
}

static int
wr_tsc(struct vcpu *c, uint32_t msr, uint64_t v)
{
	x86_tsc_write(c, v);
	return 0;
}

static int
rd_tsc_adjust(struct vcpu *c, uint32_t msr, uint64_t *v)
{
	*v = c->s.tsc_adjust;
	return 0;
}

static int
wr_tsc_adjust(struct vcpu *c, uint32_t msr, uint64_t v)
{
	x86_tsc_adjust(c, v);
	return 0;
}

static int
rd_efer(struct vcpu *c, uint32_t msr, uint64_t *v)
{
	*v = c->s.efer;
	return 0;
}

static bool
has(const struct vcpu *c, enum x86_feature f)
{
	return !c->vm->cpuid || cpuid_has(c->vm->cpuid, f);
}

static int
wr_efer(struct vcpu *c, uint32_t msr, uint64_t v)
{
	uint64_t allowed = EFER_LMA | (c->amd ? EFER_AIBRSE : 0);
	uint64_t changed;

	if (has(c, FEAT_SYSCALL))
		allowed |= EFER_SCE;
	if (has(c, FEAT_LM))
		allowed |= EFER_LME;
	if (has(c, FEAT_NX))
		allowed |= EFER_NX;
	if (v & ~allowed)
		return -1;
	/* LMA is read-only; LME cannot change under paging (SDM 3 2.2.1). */
	v = (v & ~EFER_LMA) | (c->s.efer & EFER_LMA);
	changed = v ^ c->s.efer;
	if (changed & EFER_LME && c->s.cr0 & CR0_PG)
		return -1;
	c->s.efer = c->walk.efer = v;
	if (changed & EFER_NX)
		x86_tlb_flush(c, TLB_FLUSH_ALL, 0);
	return 0;
}

static int
rd_apic(struct vcpu *c, uint32_t msr, uint64_t *v)
{
	const struct platform *p = c->vm->plat;
	bool inside = vcpu_out(c);
	int rc = p->apic_msr_read(c->vm->plat_ctx, c, msr, v);

	vcpu_in(c, inside);
	return rc ? -1 : 0;
}

static int
wr_apic(struct vcpu *c, uint32_t msr, uint64_t v)
{
	const struct platform *p = c->vm->plat;
	bool inside = vcpu_out(c);
	int rc = p->apic_msr_write(c->vm->plat_ctx, c, msr, v);

	vcpu_in(c, inside);
	if (rc)
		return -1;
	if (msr == MSR_APIC_BASE)
		c->s.apic_base = v;
	return 0;
}

/* --- segment bases --- */

static int
rd_seg_base(struct vcpu *c, uint32_t msr, uint64_t *v)
{
	*v = c->s.seg[msr & 1 ? SEG_GS : SEG_FS].base;
	return 0;
}

static int
wr_seg_base(struct vcpu *c, uint32_t msr, uint64_t v)
{
	if (!x86_canonical(c, v))
		return -1;
	c->s.seg[msr & 1 ? SEG_GS : SEG_FS].base = v;
	return 0;
}

/* --- PAT and MTRRs, SDM 3 12.11 and 12.12 --- */

bool
x86_pat_valid(uint64_t v)
{
	for (unsigned i = 0; i < 64; i += 8) {
		unsigned type = v >> i & 0xff;

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

bool
x86_mtrr_types_valid(uint64_t v)
{
	for (unsigned i = 0; i < 64; i += 8) {
		unsigned type = v >> i & 0xff;

		if (type > 6 || type == 2 || type == 3)
			return false;
	}
	return true;
}

static int
rd_pat(struct vcpu *c, uint32_t msr, uint64_t *v)
{
	*v = c->s.pat;
	return 0;
}

static int
wr_pat(struct vcpu *c, uint32_t msr, uint64_t v)
{
	if (!x86_pat_valid(v))
		return -1;
	c->s.pat = v;
	return 0;
}

static int
rd_mtrr_def(struct vcpu *c, uint32_t msr, uint64_t *v)
{
	*v = c->s.mtrr_def_type;
	return 0;
}

static int
wr_mtrr_def(struct vcpu *c, uint32_t msr, uint64_t v)
{
	if (v & ~UINT64_C(0xcff) || !x86_mtrr_types_valid(v & 0xff))
		return -1;
	c->s.mtrr_def_type = v;
	return 0;
}

static int
rd_mtrr_var(struct vcpu *c, uint32_t msr, uint64_t *v)
{
	*v = c->s.mtrr_var[msr - 0x200];
	return 0;
}

static int
wr_mtrr_var(struct vcpu *c, uint32_t msr, uint64_t v)
{
	uint64_t low = msr & 1 ? 0x7ff : 0xf00;	/* reserved: mask, base */

	if (v >> c->walk.maxphyaddr || v & low ||
	    (!(msr & 1) && !x86_mtrr_types_valid(v & 0xff)))
		return -1;
	c->s.mtrr_var[msr - 0x200] = v;
	return 0;
}

/* 0x250 64K; 0x258, 0x259 16K; 0x268 to 0x26f 4K. */
static unsigned
fixed_index(uint32_t msr)
{
	if (msr == 0x250)
		return 0;
	return msr < 0x260 ? msr - 0x258 + 1 : msr - 0x268 + 3;
}

static int
rd_mtrr_fixed(struct vcpu *c, uint32_t msr, uint64_t *v)
{
	*v = c->s.mtrr_fixed[fixed_index(msr)];
	return 0;
}

static int
wr_mtrr_fixed(struct vcpu *c, uint32_t msr, uint64_t v)
{
	if (!x86_mtrr_types_valid(v))
		return -1;
	c->s.mtrr_fixed[fixed_index(msr)] = v;
	return 0;
}

/* --- the rest --- */

/* Writing zero and then CPUID makes the revision readable; any write goes. */
static int
rd_ucode(struct vcpu *c, uint32_t msr, uint64_t *v)
{
	*v = c->amd ? 0x01000065 : UINT64_C(0x100000000);
	return 0;
}

static int
wr_ignore(struct vcpu *c, uint32_t msr, uint64_t v)
{
	return 0;
}

static int
wr_zero(struct vcpu *c, uint32_t msr, uint64_t v)
{
	return v ? -1 : 0;
}

static int
rd_zero(struct vcpu *c, uint32_t msr, uint64_t *v)
{
	*v = 0;
	return 0;
}

static int
rd_xss(struct vcpu *c, uint32_t msr, uint64_t *v)
{
	*v = c->s.xss;
	return 0;
}

static int
rd_wall(struct vcpu *c, uint32_t msr, uint64_t *v)
{
	*v = c->s.kvm_wall_clock;
	return 0;
}

static int
wr_wall(struct vcpu *c, uint32_t msr, uint64_t v)
{
	if (v & 3)
		return -1;
	x86_kvm_wall_clock(c, v);
	return 0;
}

static int
rd_systime(struct vcpu *c, uint32_t msr, uint64_t *v)
{
	*v = c->s.kvm_system_time;
	return 0;
}

static int
wr_systime(struct vcpu *c, uint32_t msr, uint64_t v)
{
	if (v & 2)
		return -1;
	x86_kvm_system_time(c, v);
	return 0;
}

/* --- the table --- */

#define STATE(field) offsetof(struct cpu_state, field)
#define ALL_BITS (~UINT64_C(0))
#define LOW32 UINT64_C(0xffffffff)

#define R_FIELD(n, who, feat, field, bits) \
	{ n, n, who, FEAT_##feat, FIELD, STATE(field), bits, NULL, NULL }
#define R_ADDR(n, feat, field) \
	{ n, n, BOTH, FEAT_##feat, ADDRESS, STATE(field), 0, NULL, NULL }
#define R_CONST(n, who, feat, value) \
	{ n, n, who, FEAT_##feat, CONST, 0, value, NULL, NULL }
#define R_IGNORE(first, last, who, value) \
	{ first, last, who, FEAT_NONE, IGNORE, 0, value, NULL, NULL }
#define R_COMMAND(n, who, feat, bits) \
	{ n, n, who, FEAT_##feat, COMMAND, 0, bits, NULL, NULL }
#define R_FUNC(first, last, who, feat, rd, wr) \
	{ first, last, who, FEAT_##feat, FUNC, 0, 0, rd, wr }

/*
 * ARCH_CAPABILITIES: RDCL_NO, IBRS_ALL, SKIP_L1DFL, SSB_NO, MDS_NO,
 * PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, BHI_NO, PBRSB_NO,
 * GDS_NO, RFDS_NO, ITS_NO.  Translated code is not the code those attacks
 * are about; the bits keep kernels from return and branch thunks.
 */
#define ARCH_CAPS (BIT(0) | BIT(1) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | \
	BIT(8) | BIT(13) | BIT(14) | BIT(15) | BIT(20) | BIT(24) | BIT(26) | \
	BIT(27) | BIT(62))

/* MTRRCAP: 8 variable ranges, fixed ranges, write-combining. */
#define MTRRCAP (8 | BIT(8) | BIT(10))

static const struct msr msr_tab[] = {
	/* P5 machine check. */
	R_IGNORE(0x0, 0x1, INTEL, 0),
	R_FUNC(0x10, 0x10, BOTH, TSC, rd_tsc, wr_tsc),
	/* KVM's own numbers before they moved to 0x4b564d00. */
	R_FUNC(0x11, 0x11, BOTH, NONE, rd_wall, wr_wall),
	R_FUNC(0x12, 0x12, BOTH, NONE, rd_systime, wr_systime),
	R_CONST(0x17, INTEL, NONE, 0),			/* PLATFORM_ID */
	R_FUNC(MSR_APIC_BASE, MSR_APIC_BASE, BOTH, APIC, rd_apic, wr_apic),
	R_CONST(0x3a, INTEL, NONE, 1),			/* FEAT_CTL: locked */
	R_FUNC(0x3b, 0x3b, BOTH, TSC_ADJUST, rd_tsc_adjust, wr_tsc_adjust),
	/* SPEC_CTRL: IBRS, STIBP, SSBD, BHI_DIS_S. */
	R_FIELD(0x48, BOTH, ARCH_CAPABILITIES, spec_ctrl, 7 | BIT(10)),
	R_COMMAND(0x49, BOTH, ARCH_CAPABILITIES, 1),	/* PRED_CMD */
	R_IGNORE(0x79, 0x79, INTEL, 0),			/* BIOS_UPDT_TRIG */
	R_FUNC(0x8b, 0x8b, BOTH, NONE, rd_ucode, wr_ignore),
	R_CONST(0xce, INTEL, NONE, 0),			/* PLATFORM_INFO */
	R_CONST(0xfe, BOTH, MTRR, MTRRCAP),
	R_CONST(0x10a, BOTH, ARCH_CAPABILITIES, ARCH_CAPS),
	R_FIELD(0x174, BOTH, SEP, sysenter_cs, LOW32),
	R_ADDR(0x175, SEP, sysenter_esp),
	R_ADDR(0x176, SEP, sysenter_eip),
	/* No machine-check banks: nothing is ever reported through them. */
	R_CONST(0x179, BOTH, MCA, 0),
	R_FIELD(0x17a, BOTH, MCA, mcg_status, 7),
	R_CONST(0x198, INTEL, NONE, 1000 | UINT64_C(4) << 40), /* PERF_STATUS */
	R_FIELD(0x1a0, INTEL, NONE, misc_enable, 0x400c51889),
	R_FUNC(0x1d9, 0x1d9, BOTH, NONE, rd_zero, wr_zero),	/* DEBUGCTL */
	R_FUNC(0x200, 0x20f, BOTH, MTRR, rd_mtrr_var, wr_mtrr_var),
	R_FUNC(0x250, 0x250, BOTH, MTRR, rd_mtrr_fixed, wr_mtrr_fixed),
	R_FUNC(0x258, 0x259, BOTH, MTRR, rd_mtrr_fixed, wr_mtrr_fixed),
	R_FUNC(0x268, 0x26f, BOTH, MTRR, rd_mtrr_fixed, wr_mtrr_fixed),
	R_FUNC(0x277, 0x277, BOTH, PAT, rd_pat, wr_pat),
	R_FUNC(0x2ff, 0x2ff, BOTH, MTRR, rd_mtrr_def, wr_mtrr_def),
	R_FUNC(MSR_TSC_DEADLINE, MSR_TSC_DEADLINE, BOTH, TSC_DEADLINE,
	    rd_apic, wr_apic),
	R_FUNC(MSR_X2APIC_FIRST, MSR_X2APIC_LAST, BOTH, X2APIC, rd_apic,
	    wr_apic),
	R_FUNC(0xda0, 0xda0, BOTH, XSAVES, rd_xss, wr_zero),
	R_FUNC(0x4b564d00, 0x4b564d00, BOTH, NONE, rd_wall, wr_wall),
	R_FUNC(0x4b564d01, 0x4b564d01, BOTH, NONE, rd_systime, wr_systime),
	R_FUNC(0xc0000080, 0xc0000080, BOTH, NONE, rd_efer, wr_efer),
	R_FIELD(0xc0000081, BOTH, SYSCALL, star, ALL_BITS),
	R_ADDR(0xc0000082, SYSCALL, lstar),
	R_ADDR(0xc0000083, SYSCALL, cstar),
	R_FIELD(0xc0000084, BOTH, SYSCALL, sfmask, LOW32),
	R_FUNC(0xc0000100, 0xc0000101, BOTH, LM, rd_seg_base, wr_seg_base),
	R_ADDR(0xc0000102, LM, kernel_gs_base),
	R_FIELD(0xc0000103, BOTH, RDTSCP, tsc_aux, LOW32),
	/* K7 performance counters: Linux probes them on any AMD. */
	R_IGNORE(0xc0010000, 0xc0010007, AMD, 0),
	R_IGNORE(0xc0010010, 0xc0010010, AMD, 0),	/* SYSCFG */
	R_IGNORE(0xc0010015, 0xc0010015, AMD, BIT(24)),	/* HWCR: TscFreqSel */
	R_CONST(0xc001001a, AMD, NONE, 0),		/* TOP_MEM */
	R_CONST(0xc001001d, AMD, NONE, 0),		/* TOP_MEM2 */
	R_IGNORE(0xc001001f, 0xc001001f, AMD, 0),	/* NB_CFG */
	R_IGNORE(0xc0010020, 0xc0010020, AMD, 0),	/* PATCH_LOADER */
	R_CONST(0xc0010055, AMD, NONE, 0),		/* INT_PENDING_MSG */
	R_IGNORE(0xc0010058, 0xc0010058, AMD, 0),	/* MMIO_CONF_BASE */
	R_CONST(0xc0010112, AMD, NONE, 0),		/* TSEG_ADDR */
	R_CONST(0xc0010113, AMD, NONE, 0),		/* TSEG_MASK */
	R_CONST(0xc0010114, AMD, NONE, 0x18),		/* VM_CR: SVM off, locked */
	R_CONST(0xc0010117, AMD, NONE, 0),		/* VM_HSAVE_PA */
	R_IGNORE(0xc0011020, 0xc0011020, AMD, 0),	/* LS_CFG */
	R_IGNORE(0xc0011022, 0xc0011022, AMD, 0),	/* DC_CFG */
	R_IGNORE(0xc0011023, 0xc0011023, AMD, 0),	/* CU_CFG */
	/* DE_CFG: LFENCE is serialising. */
	R_IGNORE(0xc0011029, 0xc0011029, AMD, 2),
	R_IGNORE(0xc001102a, 0xc001102a, AMD, 0),	/* BU_CFG2 */
};

static bool
applies(const struct vcpu *c, const struct msr *m)
{
	if (m->who != BOTH && (m->who == AMD) != c->amd)
		return false;
	return has(c, m->feature);
}

static const struct msr *
find(const struct vcpu *c, uint32_t msr)
{
	unsigned lo = 0;
	unsigned hi = ARRAY_LEN(msr_tab);

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		const struct msr *m = &msr_tab[mid];

		if (msr < m->first)
			hi = mid;
		else if (msr > m->last)
			lo = mid + 1;
		else
			return applies(c, m) ? m : NULL;
	}
	return NULL;
}

static uint64_t *
field(struct vcpu *c, const struct msr *m)
{
	return (uint64_t *)((uint8_t *)&c->s + m->off);
}

static int
read_row(struct vcpu *c, const struct msr *m, uint32_t msr, uint64_t *v)
{
	switch (m->kind) {
	case FIELD:
	case ADDRESS:
		*v = *field(c, m);
		return 0;
	case CONST:
	case IGNORE:
		*v = m->arg;
		return 0;
	case FUNC:
		return m->rd(c, msr, v);
	case COMMAND:
		break;
	}
	return -1;
}

static int
write_row(struct vcpu *c, const struct msr *m, uint32_t msr, uint64_t v)
{
	switch (m->kind) {
	case FIELD:
		if (v & ~m->arg)
			return -1;
		*field(c, m) = v;
		return 0;
	case ADDRESS:
		if (!x86_canonical(c, v))
			return -1;
		*field(c, m) = v;
		return 0;
	case COMMAND:
		return v & ~m->arg ? -1 : 0;
	case IGNORE:
		return 0;
	case FUNC:
		return m->wr(c, msr, v);
	case CONST:
		break;
	}
	return -1;
}

int
x86_rdmsr(struct vcpu *c, uint32_t msr, uint64_t *v)
{
	const struct msr *m = find(c, msr);

	if (c->s.cpl || !m || read_row(c, m, msr, v))
		return x86_raise_error(c, VEC_GP, 0);
	return 0;
}

int
x86_wrmsr(struct vcpu *c, uint32_t msr, uint64_t v)
{
	const struct msr *m = find(c, msr);

	x86_serialise(c);
	if (c->s.cpl || !m || write_row(c, m, msr, v))
		return x86_raise_error(c, VEC_GP, 0);
	return 0;
}
