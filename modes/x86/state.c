/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RESET, INIT and SIPI, and the checks a state from outside must pass before
 * an engine may run it.
 */
#include "modes/x86/priv.h"

#include <errno.h>

#include "base/copy.h"
#include "modes/cpuid.h"
#include "modes/x86/fpu.h"

static const struct cpuid_leaf *
leaf_of(const struct vcpu *c, uint32_t leaf)
{
	const struct cpuid_table *t = c->vm->cpuid;

	for (unsigned i = 0; t && i < t->n; i++)
		if (t->leaf[i].leaf == leaf)
			return &t->leaf[i];
	return NULL;
}

/* AMD and Hygon differ from Intel in more than a name. */
static bool
is_amd(const struct vcpu *c)
{
	const struct cpuid_leaf *l = leaf_of(c, 0);

	return l && (l->r.ebx == 0x68747541 || l->r.ebx == 0x6f677948);
}

static unsigned
current_cpl(const struct vcpu *c)
{
	if (x86_real(c))
		return 0;
	return x86_v86(c) ? 3 : attr_dpl(c->s.seg[SEG_SS].attr);
}

void
x86_sync(struct vcpu *c)
{
	const struct cpuid_table *t = c->vm->cpuid;

	c->amd = is_amd(c);
	c->walk = (struct walk_regs){
		.cr0 = c->s.cr0,
		.cr3 = c->s.cr3,
		.cr4 = c->s.cr4,
		.efer = c->s.efer,
		.rflags = c->s.rflags,
		.maxphyaddr = t && t->phys_bits ? t->phys_bits : 40,
		.no_1g = t && !cpuid_has(t, FEAT_PDPE1GB),
		.no_pse36 = t && !cpuid_has(t, FEAT_PSE36),
		.amd = c->amd,
	};
	for (unsigned i = 0; i < 4; i++)
		c->walk.pdpte[i] = c->s.pdpte[i];
	x86_set_cpl(c, current_cpl(c));
	x86_tlb_drop(c);
}

/* SDM 3 table 9-1: what RESET and INIT have in common. */
static void
reset_common(struct vcpu *c)
{
	const struct cpuid_leaf *id = leaf_of(c, 1);

	fill_bytes(c->s.gpr, 0, sizeof(c->s.gpr));
	c->s.gpr[RDX] = id ? id->r.eax : 0x600;
	c->s.rip = 0xfff0;
	c->s.rflags = FLAG_FIXED1;
	for (unsigned i = SEG_ES; i <= SEG_GS; i++)
		c->s.seg[i] = (struct seg_reg){ .limit = 0xffff, .attr = 0x93 };
	c->s.seg[SEG_CS].selector = 0xf000;
	c->s.seg[SEG_CS].base = 0xffff0000;
	c->s.seg[SEG_LDTR] = (struct seg_reg){ .limit = 0xffff, .attr = 0x82 };
	c->s.seg[SEG_TR] = (struct seg_reg){ .limit = 0xffff, .attr = 0x8b };
	c->s.gdtr = (struct table_reg){ .limit = 0xffff };
	c->s.idtr = (struct table_reg){ .limit = 0xffff };
	c->s.cr2 = 0;
	c->s.cr3 = 0;
	c->s.cr4 = 0;
	c->s.cr8 = 0;
	c->s.efer = 0;
	for (unsigned i = 0; i < 4; i++) {
		c->s.dr[i] = 0;
		c->s.pdpte[i] = 0;
	}
	c->s.dr[6] = 0xffff0ff0;
	c->s.dr[7] = 0x400;
	c->s.shadow = 0;
	c->s.nmi_masked = 0;
	c->s.nmi_pending = 0;
	c->exc.raised = false;
	atomic_store(&c->nmi_hint, 0);
}

/*
 * MTRRs as firmware leaves them (we start kernels without one): everything is
 * write-back but the VGA window; Linux wants them on before it uses PAT.
 */
static void
reset_mtrrs(struct cpu_state *s)
{
	s->mtrr_def_type = 0xc06;
	for (unsigned i = 0; i < ARRAY_LEN(s->mtrr_fixed); i++)
		s->mtrr_fixed[i] = 0x0606060606060606;
	s->mtrr_fixed[2] = 0;
	for (unsigned i = 0; i < ARRAY_LEN(s->mtrr_var); i++)
		s->mtrr_var[i] = 0;
}

static void
reset_msrs(struct vcpu *c)
{
	struct cpu_state *s = &c->s;

	s->star = s->lstar = s->cstar = s->sfmask = s->kernel_gs_base = 0;
	s->sysenter_cs = s->sysenter_esp = s->sysenter_eip = 0;
	s->pat = 0x0007040600070406;
	s->tsc_aux = 0;
	s->misc_enable = BIT(0) | BIT(11) | BIT(12);
	s->spec_ctrl = 0;
	s->xss = 0;
	s->tsc_adjust = 0;
	s->apic_base = 0xfee00000 | BIT(11) | (c->id == 0 ? BIT(8) : 0);
	s->kvm_wall_clock = 0;
	s->kvm_system_time = 0;
	s->mcg_status = 0;
	reset_mtrrs(s);
	x86_tsc_reset(c);
	x86_kvmclock_reset(c->vm);
}

void
x86_reset(struct vcpu *c)
{
	reset_common(c);
	c->s.cr0 = 0x60000010;
	c->s.xcr0 = 1;
	reset_msrs(c);
	x86_fpu_reset(c);
	c->s.activity = ACT_RUNNING;
	c->smc_hit = false;
	x86_sync(c);
	x86_tlb_flush(c, TLB_FLUSH_ALL, 0);
}

void
x86_init(struct vcpu *c)
{
	/* Caches stay as they were: CD and NW are not changed. */
	uint64_t cr0 = (c->s.cr0 & (CR0_CD | CR0_NW)) | CR0_ET;

	reset_common(c);
	c->s.cr0 = cr0;
	/* Memory may be somebody else's when this processor starts again. */
	c->s.kvm_system_time = 0;
	c->s.activity = ACT_WAIT_SIPI;
	x86_sync(c);
	x86_tlb_flush(c, TLB_FLUSH_ALL, 0);
}

void
x86_sipi(struct vcpu *c, uint8_t vector)
{
	if (c->s.activity != ACT_WAIT_SIPI)
		return;
	c->s.seg[SEG_CS].selector = (uint16_t)(vector << 8);
	c->s.seg[SEG_CS].base = (uint64_t)vector << 12;
	c->s.rip = 0;
	c->s.activity = ACT_RUNNING;
	x86_sync(c);
}

/* --- checks --- */

/* What must hold, and how to say that it does not. */
struct rule {
	bool (*ok)(const struct cpu_state *s);
	const char *object;
	const char *reason;
};

static bool
canonical48(uint64_t va)
{
	return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}

static bool
rflags_ok(const struct cpu_state *s)
{
	return s->rflags & FLAG_FIXED1 &&
	    !(s->rflags & ~UINT64_C(0x3f7fd7)) &&
	    !(s->rflags & FLAG_VM && s->efer & EFER_LMA);
}

static bool
cr0_ok(const struct cpu_state *s)
{
	return !(s->cr0 >> 32) && s->cr0 & CR0_ET &&
	    (s->cr0 & CR0_PE || !(s->cr0 & CR0_PG)) &&
	    (s->cr0 & CR0_CD || !(s->cr0 & CR0_NW));
}

static bool
cr4_ok(const struct cpu_state *s)
{
	const uint64_t known = CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE |
	    CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT |
	    CR4_UMIP | CR4_FSGSBASE | CR4_PCIDE | CR4_OSXSAVE | CR4_SMEP |
	    CR4_SMAP;

	return !(s->cr4 & ~known) &&
	    (!(s->cr4 & CR4_PCIDE) || s->efer & EFER_LMA);
}

static bool
cr3_ok(const struct cpu_state *s)
{
	return !(s->cr3 >> 52) && s->cr8 < 16;
}

static bool
long_mode_ok(const struct cpu_state *s)
{
	bool lma = s->efer & EFER_LMA;

	return !(s->efer & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NX |
	    EFER_AIBRSE)) &&
	    lma == (s->efer & EFER_LME && s->cr0 & CR0_PG) &&
	    (!lma || s->cr4 & CR4_PAE);
}

static bool
debug_ok(const struct cpu_state *s)
{
	return !(s->dr[6] >> 32) && !(s->dr[7] >> 32);
}

static bool
rip_ok(const struct cpu_state *s)
{
	if (s->efer & EFER_LMA && s->seg[SEG_CS].attr & SEG_L)
		return canonical48(s->rip);
	return !(s->rip >> 32);
}

/* cpl is derived, and a state that lies about it is not to be trusted. */
static bool
cpl_ok(const struct cpu_state *s)
{
	unsigned cpl = attr_dpl(s->seg[SEG_SS].attr);

	if (!(s->cr0 & CR0_PE))
		cpl = 0;
	else if (s->rflags & FLAG_VM)
		cpl = 3;
	return s->cpl == cpl;
}

static bool
segments_ok(const struct cpu_state *s)
{
	for (unsigned i = 0; i < SEG_COUNT; i++) {
		const struct seg_reg *r = &s->seg[i];
		bool wide = i == SEG_FS || i == SEG_GS || i == SEG_LDTR ||
		    i == SEG_TR;

		if (r->attr & 0x0e00)
			return false;
		if (wide ? !canonical48(r->base) : r->base >> 32)
			return false;
	}
	return !(s->seg[SEG_CS].attr & SEG_UNUSABLE) &&
	    (s->seg[SEG_CS].attr & (SEG_L | SEG_DB)) != (SEG_L | SEG_DB);
}

static bool
tables_ok(const struct cpu_state *s)
{
	return canonical48(s->gdtr.base) && canonical48(s->idtr.base);
}

static bool
bases_ok(const struct cpu_state *s)
{
	return canonical48(s->lstar) && canonical48(s->cstar) &&
	    canonical48(s->kernel_gs_base) && canonical48(s->sysenter_esp) &&
	    canonical48(s->sysenter_eip);
}

static bool
pat_ok(const struct cpu_state *s)
{
	return x86_pat_valid(s->pat);
}

static bool
mtrrs_ok(const struct cpu_state *s)
{
	for (unsigned i = 0; i < ARRAY_LEN(s->mtrr_fixed); i++)
		if (!x86_mtrr_types_valid(s->mtrr_fixed[i]))
			return false;
	return !(s->mtrr_def_type & ~UINT64_C(0xcff)) &&
	    x86_mtrr_types_valid(s->mtrr_def_type & 0xff);
}

static bool
activity_ok(const struct cpu_state *s)
{
	return s->activity <= ACT_WAIT_SIPI && s->nmi_masked < 2 &&
	    s->nmi_pending < 2 && s->shadow < 4;
}

static bool
xcr0_ok(const struct cpu_state *s)
{
	uint64_t v = s->xcr0;

	return v & 1 && !(v & ~UINT64_C(0xe7)) && (!(v & 4) || v & 2) &&
	    (!(v & 0xe0) || (v & 0xe6) == 0xe6) && !s->xss;
}

/* Bits of MXCSR this host knows (SDM 1 11.6.6). */
static uint32_t
mxcsr_mask(void)
{
	uint8_t area[512] __attribute__((aligned(16)));
	uint32_t mask;

	fill_bytes(area, 0, sizeof(area));
	__asm__ volatile("fxsave64 %0" : "+m"(area));
	__builtin_memcpy(&mask, area + 28, 4);
	return mask ? mask : 0xffbf;
}

/* What XRSTOR would answer with #GP (SDM 1 13.8): the host would die of it. */
static bool
xsave_ok(const struct cpu_state *s)
{
	uint32_t mxcsr;
	uint64_t head[8];

	__builtin_memcpy(&mxcsr, s->xsave + 24, 4);
	copy_bytes(head, s->xsave + 512, sizeof(head));
	if (mxcsr & ~mxcsr_mask() || head[0] & ~UINT64_C(0xe7))
		return false;
	for (unsigned i = 1; i < 8; i++)
		if (head[i])
			return false;
	return true;
}

static const struct rule rules[] = {
	{ rflags_ok, "rflags", "a reserved bit is set, or VM in long mode" },
	{ cr0_ok, "cr0", "reserved bits, PG without PE, or NW without CD" },
	{ cr4_ok, "cr4", "a bit is set that CPUID never offers, or PCIDE "
	    "outside long mode" },
	{ cr3_ok, "cr3 and cr8", "reserved bits are set" },
	{ long_mode_ok, "efer", "LMA, LME, CR0.PG and CR4.PAE contradict each "
	    "other, or reserved bits are set" },
	{ debug_ok, "dr6 and dr7", "bits above 31 are set" },
	{ rip_ok, "rip", "not canonical, or above 4 GiB outside 64-bit code" },
	{ cpl_ok, "cpl", "differs from SS.DPL" },
	{ segments_ok, "segment registers", "impossible rights or base" },
	{ tables_ok, "gdtr and idtr", "a base is not canonical" },
	{ bases_ok, "system-call MSRs", "an address is not canonical" },
	{ pat_ok, "pat", "a memory type is not one" },
	{ mtrrs_ok, "mtrrs", "a memory type is not one" },
	{ activity_ok, "activity", "not a state a processor can be in" },
	{ xcr0_ok, "xcr0", "not a combination XSETBV would take" },
	{ xsave_ok, "xsave area", "MXCSR or the header has reserved bits" },
};

int
x86_state_check(const struct cpu_state *s, struct err *e)
{
	for (unsigned i = 0; i < ARRAY_LEN(rules); i++) {
		if (rules[i].ok(s))
			continue;
		err_set(e, ERR_INVALID_ARG, "vcpu state: bad %s: %s",
		    rules[i].object, rules[i].reason);
		err_hint(e, "the saved state is damaged or was made by another "
		    "program");
		return -EINVAL;
	}
	return 0;
}
