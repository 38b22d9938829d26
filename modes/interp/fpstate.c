/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saving and restoring x87, SSE and extended state (SDM 1 chapters 10.5 and
 * 13).  The host does the work on an aligned buffer of ours; what it knows of
 * host instruction and data addresses is blanked, and its XCR0, which may be
 * wider than the guest's, is hidden by the request mask.
 */
#include "modes/interp/handlers.h"
#include "modes/interp/thunk.h"

#define FXSAVE_SIZE 512u
#define FXSAVE_XMM 160u		/* XMM0 in the image */
#define XSAVE_HEADER 512u
#define XSAVE_EXT 576u
#define COMPACT BIT(63)
#define XCR0_LEGACY UINT64_C(3)

static uint8_t *
area(struct vcpu *c)
{
	return interp_of(c)->xarea;
}

static int
task_check(struct vcpu *c, uint64_t bits)
{
	return c->s.cr0 & bits ? x86_raise(c, VEC_NM) : 0;
}

/* FOP, FIP and FDP of an FXSAVE or XSAVE image. */
static void
blank_pointers(uint8_t *image)
{
	fill_bytes(image + 6, 0, 2);
	fill_bytes(image + 8, 0, 16);
}

/*
 * Linear address of an operand that must be aligned.  With AC set FXSAVE's and
 * FXRSTOR's are checked as the doublewords they consist of before that; XSAVE's
 * are not (AMD).
 */
static int
operand(struct vcpu *c, const struct insn *i, unsigned len, unsigned align,
    bool write, gva_t *va)
{
	if (mem_linear(c, i, len, write, va))
		return H_FAULT;
	if (!x86_canonical(c, *va))
		return x86_raise_error(c, i->mem.seg == SEG_SS ? VEC_SS :
		    VEC_GP, 0);
	if (align == 16 && check_align(c, *va, 4))
		return H_FAULT;
	return *va & (align - 1) ? raise_gp0(c) : 0;
}

/* --- FXSAVE, FXRSTOR --- */

/* How much of the XMM registers the current mode lets the pair see. */
static unsigned
xmm_bytes(const struct vcpu *c, const struct insn *i)
{
	if (i->mode != MODE_64)
		return 8 * 16;
	return (c->s.efer & EFER_FFXSR) && c->s.cpl == 0 ? 0 : 16 * 16;
}

static void
host_fxsave(uint8_t *image, bool wide)
{
	if (wide)
		__asm__ volatile("fxsave64 (%0)" : : "r"(image) : "memory");
	else
		__asm__ volatile("fxsave (%0)" : : "r"(image) : "memory");
	blank_pointers(image);
}

int
h_fxsave(struct vcpu *c, const struct insn *i)
{
	unsigned len = FXSAVE_XMM + xmm_bytes(c, i);
	bool stack = i->mem.seg == SEG_SS;
	gva_t va;

	if (task_check(c, CR0_EM | CR0_TS) ||
	    operand(c, i, FXSAVE_SIZE, 16, true, &va) ||
	    probe_write(c, va, FXSAVE_SIZE, stack))
		return H_FAULT;
	host_fxsave(area(c), i->w);
	return st_bytes(c, va, area(c), len, stack);
}

int
h_fxrstor(struct vcpu *c, const struct insn *i)
{
	unsigned known = FXSAVE_XMM + xmm_bytes(c, i);
	bool stack = i->mem.seg == SEG_SS;
	uint8_t *image = area(c);
	gva_t va, last;

	if (task_check(c, CR0_EM | CR0_TS) ||
	    operand(c, i, FXSAVE_SIZE, 16, false, &va))
		return H_FAULT;
	/* Registers the mode does not see keep their values. */
	host_fxsave(image, true);
	/* The last byte is tried first (AMD). */
	if (linear(c, i->mode, i->mem.seg, (effective(c, i) + FXSAVE_SIZE - 1) &
	    addr_mask(i->addr_bytes), 1, false, &last) ||
	    x86_probe(c, last, 1, 0, stack) || x86_probe(c, va, 1, 0, stack) ||
	    ld_bytes(c, va, image, known, stack))
		return H_FAULT;
	blank_pointers(image);
	return thunk_run(c, i, image);
}

/* --- XSAVE and its kin --- */

static int
xsave_check(struct vcpu *c, const struct insn *i)
{
	if (!(c->s.cr4 & CR4_OSXSAVE))
		return raise_ud(c);
	if ((i->desc->id == I_XSAVES || i->desc->id == I_XRSTORS) && c->s.cpl)
		return raise_gp0(c);
	return task_check(c, CR0_TS);
}

/* Components the instruction asks for and the guest has. */
static uint64_t
requested(const struct vcpu *c)
{
	return (c->s.gpr[RDX] << 32 | (uint32_t)c->s.gpr[RAX]) & c->s.xcr0;
}

/* Bytes of an area with these components, standard or compacted. */
static unsigned
area_size(const struct vcpu *c, uint64_t comps, bool compact)
{
	unsigned end = XSAVE_EXT;
	struct cpuid_regs r;

	for (comps &= ~XCR0_LEGACY; comps; comps &= comps - 1) {
		cpuid_answer(c->vm->cpuid, 0xd, __builtin_ctzll(comps), c->id,
		    c->s.cr4, c->s.xcr0, c->s.xss, &r);
		if (!compact) {
			end = MAX(end, r.ebx + r.eax);
			continue;
		}
		if (r.ecx & 2)
			end = align_up(end, 64);
		end += r.eax;
	}
	return MIN(end, (unsigned)XSAVE_AREA_SIZE);
}

/*
 * XSAVEOPT's and XSAVES's modified optimisation trusts that a buffer at the
 * same address is the same memory, which ours is not: the plain forms it is.
 */
static void
host_xsave(uint8_t *image, uint64_t rfbm, bool wide, bool compact)
{
	uint32_t lo = rfbm;
	uint32_t hi = rfbm >> 32;

	if (compact && wide)
		__asm__ volatile("xsavec64 (%0)"
		    : : "r"(image), "a"(lo), "d"(hi) : "memory");
	else if (compact)
		__asm__ volatile("xsavec (%0)"
		    : : "r"(image), "a"(lo), "d"(hi) : "memory");
	else if (wide)
		__asm__ volatile("xsave64 (%0)"
		    : : "r"(image), "a"(lo), "d"(hi) : "memory");
	else
		__asm__ volatile("xsave (%0)"
		    : : "r"(image), "a"(lo), "d"(hi) : "memory");
	if (rfbm & 1)
		blank_pointers(image);
}

/* XSAVE, XSAVEOPT, XSAVEC, XSAVES */
int
h_xsave(struct vcpu *c, const struct insn *i)
{
	bool compact = i->desc->id == I_XSAVEC || i->desc->id == I_XSAVES;
	bool stack = i->mem.seg == SEG_SS;
	uint64_t rfbm = requested(c);
	unsigned len = area_size(c, rfbm, compact);
	uint8_t *image = area(c);
	gva_t va;

	if (xsave_check(c, i) || operand(c, i, len, 64, true, &va) ||
	    probe_write(c, va, len, stack) ||
	    ld_bytes(c, va, image, len, stack))
		return H_FAULT;
	host_xsave(image, rfbm, i->w, compact);
	return st_bytes(c, va, image, len, stack);
}

/* The header as this guest's XCR0 allows it; SDM 1 13.8. */
static int
header_check(struct vcpu *c, const uint8_t *image, bool need_compact)
{
	uint64_t bv = host_load(image + XSAVE_HEADER, 8);
	uint64_t comp = host_load(image + XSAVE_HEADER + 8, 8);

	if (bv & ~c->s.xcr0)
		return raise_gp0(c);
	if (comp & COMPACT) {
		if (!cpuid_has(c->vm->cpuid, FEAT_XSAVEC) ||
		    (comp & ~COMPACT & ~c->s.xcr0) || (bv & ~comp))
			return raise_gp0(c);
	} else if (comp || need_compact) {
		return raise_gp0(c);
	}
	for (unsigned n = 16; n < (comp & COMPACT ? 64 : 24); n++)
		if (image[XSAVE_HEADER + n])
			return raise_gp0(c);
	return 0;
}

/* Run XRSTOR with a request mask of ours; XRSTORS is privileged here. */
static int
host_xrstor(struct vcpu *c, const struct insn *i, uint8_t *image,
    uint64_t rfbm)
{
	uint64_t rax = c->s.gpr[RAX];
	uint64_t rdx = c->s.gpr[RDX];
	struct insn x = *i;
	int rc;

	x.opcode = 0xae;
	x.bytes[x.pos_opcode] = x.opcode;
	x.modrm = (x.modrm & ~0x38) | 5 << 3;
	x.bytes[x.pos_modrm] = x.modrm;
	c->s.gpr[RAX] = (uint32_t)rfbm;
	c->s.gpr[RDX] = rfbm >> 32;
	rc = thunk_run(c, &x, image);
	c->s.gpr[RAX] = rax;
	c->s.gpr[RDX] = rdx;
	return rc;
}

/* XRSTOR, XRSTORS */
int
h_xrstor(struct vcpu *c, const struct insn *i)
{
	bool stack = i->mem.seg == SEG_SS;
	uint64_t rfbm = requested(c);
	uint8_t *image = area(c);
	uint64_t bv, comp;
	unsigned len;
	gva_t va;

	if (xsave_check(c, i) || operand(c, i, XSAVE_EXT, 64, false, &va) ||
	    ld_bytes(c, va, image, XSAVE_EXT, stack) ||
	    header_check(c, image, i->desc->id == I_XRSTORS))
		return H_FAULT;
	bv = host_load(image + XSAVE_HEADER, 8);
	comp = host_load(image + XSAVE_HEADER + 8, 8);
	len = comp & COMPACT ? area_size(c, comp & ~COMPACT, true) :
	    area_size(c, bv & rfbm, false);
	if (mem_linear(c, i, len, false, &va) ||
	    ld_bytes(c, va + XSAVE_EXT, image + XSAVE_EXT, len - XSAVE_EXT,
	    stack))
		return H_FAULT;
	blank_pointers(image);
	return host_xrstor(c, i, image, rfbm);
}

int
h_xgetbv(struct vcpu *c, const struct insn *i)
{
	uint32_t index = c->s.gpr[RCX];
	uint32_t lo, hi;
	uint64_t v;

	if (!(c->s.cr4 & CR4_OSXSAVE))
		return raise_ud(c);
	if (index == 0) {
		v = c->s.xcr0;
	} else if (index == 1 && cpuid_has(c->vm->cpuid, FEAT_XGETBV1)) {
		__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(1));
		v = ((uint64_t)hi << 32 | lo) & c->s.xcr0;
	} else {
		return raise_gp0(c);
	}
	c->s.gpr[RAX] = (uint32_t)v;
	c->s.gpr[RDX] = v >> 32;
	return H_NEXT;
}

/* --- MXCSR --- */

/* LDMXCSR, STMXCSR and their VEX forms. */
int
h_mxcsr(struct vcpu *c, const struct insn *i)
{
	bool store = i->desc->id == I_STMXCSR || i->desc->id == I_VSTMXCSR;
	uint64_t v = 0;

	if (vector_check(c, i))
		return H_FAULT;
	if (store) {
		if (thunk_run(c, i, &v))
			return H_FAULT;
		return mem_store(c, i, 4, v);
	}
	if (mem_load(c, i, 4, &v))
		return H_FAULT;
	return thunk_run(c, i, &v);
}

/* --- x87 environment --- */

/* FNINIT touches no memory. */
int
h_fninit(struct vcpu *c, const struct insn *i)
{
	if (task_check(c, CR0_EM | CR0_TS))
		return H_FAULT;
	return thunk_run(c, i, NULL);
}

/* 14 or 28 bytes of environment; the ST registers are another 80. */
static unsigned
env_size(const struct insn *i)
{
	unsigned env = i->op_bytes == 2 ? 14 : 28;
	bool regs = i->desc->id == I_FNSAVE || i->desc->id == I_FRSTOR;

	return env + (regs ? 80 : 0);
}

/*
 * Opcode and pointers: what follows the control, status and tag words.  The
 * last word of the long form is reserved, and all ones as the others are.
 */
static void
blank_env(const struct insn *i, uint8_t *env)
{
	if (i->op_bytes == 2)
		fill_bytes(env + 6, 0, 8);
	else
		fill_bytes(env + 12, 0, 14);
}

/* FNSTENV, FNSAVE */
int
h_fnstenv(struct vcpu *c, const struct insn *i)
{
	bool stack = i->mem.seg == SEG_SS;
	unsigned len = env_size(i);
	uint8_t *env = area(c);
	gva_t va;

	if (task_check(c, CR0_EM | CR0_TS) ||
	    mem_linear(c, i, len, true, &va) ||
	    check_align(c, va, MIN(i->op_bytes, 4)) ||
	    probe_write(c, va, len, stack) || thunk_run(c, i, env))
		return H_FAULT;
	blank_env(i, env);
	return st_bytes(c, va, env, len, stack);
}

/* FLDENV, FRSTOR */
int
h_fldenv(struct vcpu *c, const struct insn *i)
{
	bool stack = i->mem.seg == SEG_SS;
	unsigned len = env_size(i);
	uint8_t *env = area(c);
	gva_t va;

	if (task_check(c, CR0_EM | CR0_TS))
		return H_FAULT;
	if (x87_pending())
		return x86_raise(c, VEC_MF);
	if (mem_linear(c, i, len, false, &va) ||
	    check_align(c, va, MIN(i->op_bytes, 4)) ||
	    ld_bytes(c, va, env, len, stack))
		return H_FAULT;
	blank_env(i, env);
	return thunk_run(c, i, env);
}
