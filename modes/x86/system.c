/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control and debug registers, XCR0, TLB instructions, CPUID and RFLAGS:
 * SDM 3 2.5, 4.10.4 and 17.2, SDM 2 under MOV CRn.
 */
#include "modes/x86/priv.h"
#include "modes/x86/stop.h"

#include "modes/cpuid.h"

static int
gp0(struct vcpu *c)
{
	return x86_raise_error(c, VEC_GP, 0);
}

/* PAE paging in use, with its four latched entries? */
static bool
uses_pdptes(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
	return cr0 & CR0_PG && cr4 & CR4_PAE && !(efer & EFER_LMA);
}

/* Load the PDPTEs as of r; #GP(0) when one is bad.  *r is scratch. */
static int
load_pdptes(struct vcpu *c, struct walk_regs *r)
{
	if (walk_load_pdptes(&c->vm->mem, r))
		return gp0(c);
	for (unsigned i = 0; i < 4; i++) {
		c->walk.pdpte[i] = r->pdpte[i];
		c->s.pdpte[i] = r->pdpte[i];
	}
	return 0;
}

/* --- CR0 --- */

/* Long mode is entered and left by CR0.PG, SDM 3 9.8.5. */
static int
check_cr0_long(struct vcpu *c, uint64_t v)
{
	const struct seg_reg *cs = &c->s.seg[SEG_CS];
	const struct seg_reg *tr = &c->s.seg[SEG_TR];
	uint64_t changed = v ^ c->s.cr0;

	if (!(changed & CR0_PG))
		return 0;
	if (!(v & CR0_PG)) {
		if (x86_code64(c) || c->s.cr4 & CR4_PCIDE)
			return gp0(c);
		return 0;
	}
	if (!(c->s.efer & EFER_LME))
		return 0;
	/* A 16-bit TSS cannot serve in long mode. */
	if (!(c->s.cr4 & CR4_PAE) || cs->attr & SEG_L ||
	    (!(tr->attr & SEG_UNUSABLE) && (tr->attr & SEG_TYPE) < SYS_TSS32 &&
	    tr->selector))
		return gp0(c);
	return 0;
}

static int
set_cr0(struct vcpu *c, uint64_t v)
{
	struct walk_regs r = c->walk;
	uint64_t efer = c->s.efer;
	uint64_t changed;

	if (v >> 32 || (v & CR0_PG && !(v & CR0_PE)) ||
	    (v & CR0_NW && !(v & CR0_CD)))
		return gp0(c);
	/* Reserved bits keep what they are, ET is one. */
	v = (v & (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP |
	    CR0_AM | CR0_NW | CR0_CD | CR0_PG)) | CR0_ET;
	changed = v ^ c->s.cr0;
	if (check_cr0_long(c, v))
		return -1;
	if (changed & CR0_PG) {
		efer &= ~EFER_LMA;
		if (v & CR0_PG && efer & EFER_LME)
			efer |= EFER_LMA;
	}
	if (changed & (CR0_PG | CR0_CD | CR0_NW) &&
	    uses_pdptes(v, c->s.cr4, efer) && load_pdptes(c, &r))
		return -1;
	c->s.cr0 = c->walk.cr0 = v;
	c->s.efer = c->walk.efer = efer;
	/* Segments keep their hidden parts; only CPL has another source. */
	if (changed & CR0_PE)
		x86_set_cpl(c, 0);
	if (changed & (CR0_PE | CR0_PG | CR0_WP))
		x86_tlb_flush(c, TLB_FLUSH_ALL, 0);
	return 0;
}

int
x86_lmsw(struct vcpu *c, uint16_t v)
{
	uint64_t low = CR0_PE | CR0_MP | CR0_EM | CR0_TS;

	if (c->s.cpl)
		return gp0(c);
	/* LMSW sets PE but cannot clear it. */
	return set_cr0(c, (c->s.cr0 & ~(low & ~CR0_PE)) | (v & low));
}

/* --- CR3 --- */

static int
set_cr3(struct vcpu *c, uint64_t v)
{
	struct walk_regs r = c->walk;
	bool pcide = c->s.cr4 & CR4_PCIDE;
	bool noflush = pcide && v & BIT(63);

	if (pcide)
		v &= ~BIT(63);
	if (x86_long_mode(c)) {
		if (v >> c->walk.maxphyaddr)
			return gp0(c);
	} else {
		v &= 0xffffffff;
	}
	if (uses_pdptes(c->s.cr0, c->s.cr4, c->s.efer)) {
		r.cr3 = v;
		if (load_pdptes(c, &r))
			return -1;
	}
	c->s.cr3 = c->walk.cr3 = v;
	x86_tlb_flush(c, noflush ? TLB_SWITCH_NOFLUSH : TLB_FLUSH_NONGLOBAL, 0);
	return 0;
}

/* --- CR4 --- */

/* Each bit that may be set, and the feature that allows it. */
static const struct {
	uint64_t bit;
	enum x86_feature feature;
} cr4_bits[] = {
	{ CR4_TSD, FEAT_TSC }, { CR4_DE, FEAT_DE }, { CR4_PSE, FEAT_PSE },
	{ CR4_PAE, FEAT_PAE }, { CR4_MCE, FEAT_MCE }, { CR4_PGE, FEAT_PGE },
	{ CR4_PCE, FEAT_NONE }, { CR4_OSFXSR, FEAT_FXSR },
	{ CR4_OSXMMEXCPT, FEAT_SSE }, { CR4_UMIP, FEAT_UMIP },
	{ CR4_FSGSBASE, FEAT_FSGSBASE }, { CR4_PCIDE, FEAT_PCID },
	{ CR4_OSXSAVE, FEAT_XSAVE }, { CR4_SMEP, FEAT_SMEP },
	{ CR4_SMAP, FEAT_SMAP },
};

static uint64_t
cr4_allowed(const struct vcpu *c)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < ARRAY_LEN(cr4_bits); i++)
		if (!c->vm->cpuid ||
		    cpuid_has(c->vm->cpuid, cr4_bits[i].feature))
			bits |= cr4_bits[i].bit;
	return bits;
}

#define CR4_TLB (CR4_PSE | CR4_PAE | CR4_PGE | CR4_PCIDE | CR4_SMEP | CR4_SMAP)

static int
set_cr4(struct vcpu *c, uint64_t v)
{
	struct walk_regs r = c->walk;
	uint64_t changed = v ^ c->s.cr4;

	if (v & ~cr4_allowed(c))
		return gp0(c);
	if (x86_long_mode(c) && !(v & CR4_PAE))
		return gp0(c);
	if (v & changed & CR4_PCIDE &&
	    (!x86_long_mode(c) || c->s.cr3 & 0xfff))
		return gp0(c);
	if (changed & (CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP) &&
	    uses_pdptes(c->s.cr0, v, c->s.efer) && load_pdptes(c, &r))
		return -1;
	c->s.cr4 = c->walk.cr4 = v;
	if (changed & CR4_TLB)
		x86_tlb_flush(c, TLB_FLUSH_ALL, 0);
	return 0;
}

/* --- MOV CRn --- */

static int
set_cr8(struct vcpu *c, uint64_t v)
{
	bool inside;

	if (v & ~UINT64_C(15))
		return gp0(c);
	c->s.cr8 = v;
	inside = vcpu_out(c);
	if (c->vm->plat && c->vm->plat->set_tpr)
		c->vm->plat->set_tpr(c->vm->plat_ctx, c, (uint8_t)v);
	vcpu_in(c, inside);
	return 0;
}

int
x86_mov_to_cr(struct vcpu *c, unsigned cr, uint64_t v)
{
	if (cr != 8)
		x86_serialise(c);
	if (cr == 1 || (cr > 4 && cr != 8) || (cr == 8 && !x86_code64(c)))
		return x86_raise(c, VEC_UD);
	if (c->s.cpl)
		return gp0(c);
	if (!x86_code64(c))
		v &= 0xffffffff;
	switch (cr) {
	case 0:
		return set_cr0(c, v);
	case 2:
		c->s.cr2 = v;
		return 0;
	case 3:
		return set_cr3(c, v);
	case 4:
		return set_cr4(c, v);
	default:
		return set_cr8(c, v);
	}
}

int
x86_mov_from_cr(struct vcpu *c, unsigned cr, uint64_t *v)
{
	if (cr == 1 || (cr > 4 && cr != 8) || (cr == 8 && !x86_code64(c)))
		return x86_raise(c, VEC_UD);
	if (c->s.cpl)
		return gp0(c);
	switch (cr) {
	case 0:
		*v = c->s.cr0;
		break;
	case 2:
		*v = c->s.cr2;
		break;
	case 3:
		*v = c->s.cr3;
		break;
	case 4:
		*v = c->s.cr4;
		break;
	default:
		/* The TPR may have been written through the APIC's page. */
		if (c->vm->plat && c->vm->plat->get_tpr)
			c->s.cr8 = c->vm->plat->get_tpr(c->vm->plat_ctx, c) &
			    15;
		*v = c->s.cr8;
	}
	if (!x86_code64(c))
		*v &= 0xffffffff;
	return 0;
}

/* --- debug registers, SDM 3 17.2 --- */

#define DR6_BD BIT(13)
#define DR7_GD BIT(13)

/* Checks common to reading and writing; *dr loses its aliases. */
static int
check_dr(struct vcpu *c, unsigned *dr)
{
	if (*dr > 7 || ((*dr == 4 || *dr == 5) && c->s.cr4 & CR4_DE))
		return x86_raise(c, VEC_UD);
	if (c->s.cpl)
		return gp0(c);
	if (c->s.dr[7] & DR7_GD)
		return x86_raise_db(c, DR6_BD);
	if (*dr == 4 || *dr == 5)
		*dr += 2;
	return 0;
}

int
x86_mov_to_dr(struct vcpu *c, unsigned dr, uint64_t v)
{
	if (check_dr(c, &dr))
		return -1;
	x86_serialise(c);
	if (!x86_code64(c))
		v &= 0xffffffff;
	if (dr >= 6 && v >> 32)
		return gp0(c);
	if (dr == 6)
		v = (v & 0xe00f) | 0xffff0ff0;
	else if (dr == 7)
		v = (v & 0xffff23ff) | 0x400;
	c->s.dr[dr] = v;
	return 0;
}

int
x86_mov_from_dr(struct vcpu *c, unsigned dr, uint64_t *v)
{
	if (check_dr(c, &dr))
		return -1;
	*v = c->s.dr[dr];
	if (!x86_code64(c))
		*v &= 0xffffffff;
	return 0;
}

/* --- XCR0, SDM 1 13.3 --- */

int
x86_xsetbv(struct vcpu *c, uint32_t xcr, uint64_t v)
{
	uint64_t mask = c->vm->cpuid ? c->vm->cpuid->xcr0_mask : 7;
	const uint64_t avx512 = 0xe0;

	if (!(c->s.cr4 & CR4_OSXSAVE))
		return x86_raise(c, VEC_UD);
	if (c->s.cpl || xcr || v & ~mask || !(v & 1))
		return gp0(c);
	if (v & 4 && !(v & 2))
		return gp0(c);
	if (v & avx512 && ((v & avx512) != avx512 || !(v & 4)))
		return gp0(c);
	c->s.xcr0 = v;
	return 0;
}

/* --- TLB --- */

int
x86_invlpg(struct vcpu *c, gva_t va)
{
	if (c->s.cpl)
		return gp0(c);
	x86_serialise(c);
	/* In 64-bit mode a non-canonical address is a no-op. */
	if (!x86_code64(c))
		va &= 0xffffffff;
	if (x86_canonical(c, va))
		x86_tlb_flush(c, TLB_FLUSH_PAGE, va);
	return 0;
}

/* SDM 2 INVPCID: what each type drops; pcid is valid, va canonical. */
static void
invpcid_flush(struct vcpu *c, uint64_t type, uint64_t pcid, gva_t va)
{
	bool current = !(c->s.cr4 & CR4_PCIDE) || (c->s.cr3 & 0xfff) == pcid;

	switch (type) {
	case 0:
		if (current)
			x86_tlb_flush(c, TLB_FLUSH_PAGE, va);
		else
			x86_tlb_flush(c, TLB_FLUSH_PCID_PAGE,
			    (va & PAGE_MASK) | pcid);
		break;
	case 1:
		if (current)
			x86_tlb_flush(c, TLB_FLUSH_NONGLOBAL, 0);
		else
			x86_tlb_flush(c, TLB_FLUSH_PCID, pcid);
		break;
	case 2:
		x86_tlb_flush(c, TLB_FLUSH_ALL, 0);
		break;
	default:
		x86_tlb_flush(c, TLB_FLUSH_ALL_NONGLOBAL, 0);
		break;
	}
}

int
x86_invpcid(struct vcpu *c, uint64_t type, uint64_t pcid, gva_t va)
{
	bool pcide = c->s.cr4 & CR4_PCIDE;

	if (c->s.cpl || type > 3)
		return gp0(c);
	if (type < 2 && (pcid >> 12 || (!pcide && pcid)))
		return gp0(c);
	if (type == 0 && !x86_canonical(c, va))
		return gp0(c);
	x86_serialise(c);
	invpcid_flush(c, type, pcid, va);
	return 0;
}

/* --- CPUID, RFLAGS --- */

void
x86_cpuid(struct vcpu *c)
{
	struct cpuid_regs r = { 0, 0, 0, 0 };

	x86_serialise(c);
	if (c->vm->cpuid)
		cpuid_answer(c->vm->cpuid, (uint32_t)c->s.gpr[RAX],
		    (uint32_t)c->s.gpr[RCX], c->id, c->s.cr4, c->s.xcr0,
		    c->s.xss, &r);
	c->s.gpr[RAX] = r.eax;
	c->s.gpr[RBX] = r.ebx;
	c->s.gpr[RCX] = r.ecx;
	c->s.gpr[RDX] = r.edx;
}

void
x86_set_flags(struct vcpu *c, uint64_t v, uint64_t mask)
{
	/* SDM 2, POPF: no fault, the bits just do not change. */
	if (!x86_real(c)) {
		if (c->s.cpl > x86_iopl(c))
			mask &= ~(uint64_t)FLAG_IF;
		if (c->s.cpl)
			mask &= ~(uint64_t)FLAG_IOPL;
	}
	c->s.rflags = (c->s.rflags & ~mask) | (v & mask) | FLAG_FIXED1;
	c->walk.rflags = c->s.rflags;
}
