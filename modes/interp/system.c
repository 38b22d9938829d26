/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System instructions: control and debug registers, MSRs, time, descriptor
 * tables, interrupt flag, cache control.  What they mean is in modes/x86;
 * here is who may execute them and where their operands are.
 */
#include "modes/interp/handlers.h"
#include "modes/interp/native.h"
#include "modes/x86/fpu.h"

static uint64_t
edx_eax(const struct vcpu *c)
{
	return c->s.gpr[RDX] << 32 | (uint32_t)c->s.gpr[RAX];
}

static void
set_edx_eax(struct vcpu *c, uint64_t v)
{
	c->s.gpr[RAX] = (uint32_t)v;
	c->s.gpr[RDX] = v >> 32;
}

/* --- control and debug registers --- */

static unsigned
control_reg_size(const struct insn *i)
{
	return i->mode == MODE_64 ? 8 : 4;
}

int
h_mov_cr(struct vcpu *c, const struct insn *i)
{
	unsigned size = control_reg_size(i);
	uint64_t v;

	if (i->opnd[0].kind == OPND_CR) {
		return x86_mov_to_cr(c, i->opnd[0].reg,
		    reg_get(c, i->opnd[1].reg, size)) ? H_FAULT : H_NEXT;
	}
	if (x86_mov_from_cr(c, i->opnd[1].reg, &v))
		return H_FAULT;
	reg_set(c, i->opnd[0].reg, size, v);
	return H_NEXT;
}

int
h_mov_dr(struct vcpu *c, const struct insn *i)
{
	unsigned size = control_reg_size(i);
	uint64_t v;

	if (i->opnd[0].kind == OPND_DR) {
		if (x86_mov_to_dr(c, i->opnd[0].reg,
		    reg_get(c, i->opnd[1].reg, size)))
			return H_FAULT;
		debug_sync(c);
		return H_NEXT;
	}
	if (x86_mov_from_dr(c, i->opnd[1].reg, &v))
		return H_FAULT;
	reg_set(c, i->opnd[0].reg, size, v);
	return H_NEXT;
}

int
h_clts(struct vcpu *c, const struct insn *i)
{
	c->s.cr0 &= ~CR0_TS;
	x86_sync(c);
	return H_NEXT;
}

int
h_lmsw(struct vcpu *c, const struct insn *i)
{
	uint64_t v;

	return opnd_load(c, i, 0, &v) || x86_lmsw(c, v) ? H_FAULT : H_NEXT;
}

/* UMIP hides the descriptor tables and CR0 from user code. */
static int
umip_check(struct vcpu *c)
{
	if ((c->s.cr4 & CR4_UMIP) && c->s.cpl)
		return raise_gp0(c);
	return 0;
}

/* SMSW, SLDT, STR: a register takes the operand size, memory 16 bits. */
static int
store_word(struct vcpu *c, const struct insn *i, uint64_t v)
{
	if (umip_check(c))
		return H_FAULT;
	if (i->opnd[0].kind == OPND_MEM)
		return mem_store(c, i, 2, v);
	reg_set(c, i->opnd[0].reg, i->op_bytes, v);
	return H_NEXT;
}

int
h_smsw(struct vcpu *c, const struct insn *i)
{
	return store_word(c, i, c->s.cr0);
}

int
h_sldt(struct vcpu *c, const struct insn *i)
{
	return store_word(c, i, c->s.seg[SEG_LDTR].selector);
}

int
h_str(struct vcpu *c, const struct insn *i)
{
	return store_word(c, i, c->s.seg[SEG_TR].selector);
}

/* --- descriptor tables --- */

static int
store_table(struct vcpu *c, const struct insn *i, const struct table_reg *t)
{
	unsigned size = i->mode == MODE_64 ? 8 : 4;
	uint8_t image[10];
	uint64_t base = t->base;
	uint16_t limit = t->limit;
	gva_t va;

	if (umip_check(c) || mem_linear(c, i, size + 2, true, &va))
		return H_FAULT;
	__builtin_memcpy(image, &limit, 2);
	__builtin_memcpy(image + 2, &base, 8);
	return st_bytes(c, va, image, size + 2, i->mem.seg == SEG_SS);
}

static int
load_table(struct vcpu *c, const struct insn *i, struct table_reg *t)
{
	unsigned size = i->mode == MODE_64 ? 8 : 4;
	uint8_t image[10] = { 0 };
	uint64_t base;
	uint16_t limit;
	gva_t va;

	if (mem_linear(c, i, size + 2, false, &va) ||
	    ld_bytes(c, va, image, size + 2, i->mem.seg == SEG_SS))
		return H_FAULT;
	__builtin_memcpy(&limit, image, 2);
	__builtin_memcpy(&base, image + 2, 8);
	if (i->mode != MODE_64 && i->op_bytes == 2)
		base &= 0xffffff;
	if (i->mode == MODE_64 && !x86_canonical(c, base))
		return raise_gp0(c);
	x86_serialise(c);
	t->base = base;
	t->limit = limit;
	return H_NEXT;
}

int
h_sgdt(struct vcpu *c, const struct insn *i)
{
	return store_table(c, i, &c->s.gdtr);
}

int
h_sidt(struct vcpu *c, const struct insn *i)
{
	return store_table(c, i, &c->s.idtr);
}

int
h_lgdt(struct vcpu *c, const struct insn *i)
{
	return load_table(c, i, &c->s.gdtr);
}

int
h_lidt(struct vcpu *c, const struct insn *i)
{
	return load_table(c, i, &c->s.idtr);
}

/* --- MSRs, time, identification --- */

int
h_rdmsr(struct vcpu *c, const struct insn *i)
{
	uint64_t v;

	if (x86_rdmsr(c, c->s.gpr[RCX], &v))
		return H_FAULT;
	set_edx_eax(c, v);
	return H_NEXT;
}

int
h_wrmsr(struct vcpu *c, const struct insn *i)
{
	return x86_wrmsr(c, c->s.gpr[RCX], edx_eax(c)) ? H_FAULT : H_NEXT;
}

static int
tsc_allowed(struct vcpu *c)
{
	if ((c->s.cr4 & CR4_TSD) && c->s.cpl)
		return raise_gp0(c);
	return 0;
}

int
h_rdtsc(struct vcpu *c, const struct insn *i)
{
	if (tsc_allowed(c))
		return H_FAULT;
	set_edx_eax(c, x86_tsc(c));
	return H_NEXT;
}

int
h_rdtscp(struct vcpu *c, const struct insn *i)
{
	if (tsc_allowed(c))
		return H_FAULT;
	/* It waits for the loads before it (SDM 2, RDTSCP). */
	__asm__ volatile("lfence" : : : "memory");
	set_edx_eax(c, x86_tsc(c));
	c->s.gpr[RCX] = (uint32_t)c->s.tsc_aux;
	return H_NEXT;
}

int
h_rdpid(struct vcpu *c, const struct insn *i)
{
	reg_set(c, i->opnd[0].reg, control_reg_size(i),
	    (uint32_t)c->s.tsc_aux);
	return H_NEXT;
}

/* No performance counter is offered, so every index is invalid. */
int
h_rdpmc(struct vcpu *c, const struct insn *i)
{
	return raise_gp0(c);
}

int
h_cpuid(struct vcpu *c, const struct insn *i)
{
	x86_cpuid(c);
	return H_NEXT;
}

#define RANDOM_ONE(name, insn, type) \
	static bool \
	name(uint64_t *v) \
	{ \
		type r; \
		bool ok; \
		\
		__asm__ volatile(insn " %0" : "=r"(r), "=@ccc"(ok)); \
		*v = r; \
		return ok; \
	}

RANDOM_ONE(rdrand_2, "rdrand", uint16_t)
RANDOM_ONE(rdrand_4, "rdrand", uint32_t)
RANDOM_ONE(rdrand_8, "rdrand", uint64_t)
RANDOM_ONE(rdseed_2, "rdseed", uint16_t)
RANDOM_ONE(rdseed_4, "rdseed", uint32_t)
RANDOM_ONE(rdseed_8, "rdseed", uint64_t)

typedef bool random_fn(uint64_t *v);

static int
random_number(struct vcpu *c, const struct insn *i, random_fn *const fns[4])
{
	const struct opnd *o = &i->opnd[0];
	uint64_t v;
	bool ok = fns[size_index(o->size)](&v);

	opnd_set_reg(c, o, v);
	set_arith(c, ok ? FLAG_CF : 0);
	return H_NEXT;
}

int
h_rdrand(struct vcpu *c, const struct insn *i)
{
	static random_fn *const fns[4] =
	    { NULL, rdrand_2, rdrand_4, rdrand_8 };

	return random_number(c, i, fns);
}

int
h_rdseed(struct vcpu *c, const struct insn *i)
{
	static random_fn *const fns[4] =
	    { NULL, rdseed_2, rdseed_4, rdseed_8 };

	return random_number(c, i, fns);
}

/* --- interrupt flag, halt --- */

/*
 * Which flag CLI and STI work on: IF, VIF (virtual-8086 mode extensions,
 * protected-mode virtual interrupts), or 0 with #GP raised.
 */
static uint64_t
interrupt_flag(struct vcpu *c)
{
	if (!(c->s.cr0 & CR0_PE) || iopl(c) >= (is_v86(c) ? 3 : c->s.cpl))
		return FLAG_IF;
	if (is_v86(c) ? (c->s.cr4 & CR4_VME) != 0 :
	    c->s.cpl == 3 && (c->s.cr4 & CR4_PVI))
		return FLAG_VIF;
	raise_gp0(c);
	return 0;
}

int
h_cli(struct vcpu *c, const struct insn *i)
{
	uint64_t flag = interrupt_flag(c);

	if (!flag)
		return H_FAULT;
	c->s.rflags &= ~flag;
	return H_NEXT;
}

int
h_sti(struct vcpu *c, const struct insn *i)
{
	uint64_t flag = interrupt_flag(c);

	if (!flag)
		return H_FAULT;
	if (flag == FLAG_VIF && (c->s.rflags & FLAG_VIP))
		return raise_gp0(c);
	if (flag == FLAG_IF && !(c->s.rflags & FLAG_IF))
		c->s.shadow = SHADOW_STI;
	c->s.rflags |= flag;
	return H_NEXT;
}

int
h_hlt(struct vcpu *c, const struct insn *i)
{
	c->s.activity = ACT_HALTED;
	return H_NEXT;
}

/* --- caches, TLB --- */

/* CLFLUSH and its kin are checked like a one-byte load. */
int
h_clflush(struct vcpu *c, const struct insn *i)
{
	uint64_t v;

	return mem_load(c, i, 1, &v);
}

/* CLZERO: the 64 bytes around rAX. */
int
h_clzero(struct vcpu *c, const struct insn *i)
{
	uint64_t off = c->s.gpr[RAX] & addr_mask(i->addr_bytes);
	enum seg_name seg = i->seg_override != REG_NONE ? i->seg_override :
	    SEG_DS;
	uint8_t zero[64] = { 0 };
	gva_t va;

	if (linear(c, i->mode, seg, off, 1, true, &va))
		return H_FAULT;
	return st_bytes(c, va & ~UINT64_C(63), zero, 64, seg == SEG_SS);
}

int
h_invlpg(struct vcpu *c, const struct insn *i)
{
	uint64_t off = effective(c, i);
	gva_t va = off;

	if (i->mode != MODE_64)
		va = (uint32_t)(c->s.seg[i->mem.seg].base + off);
	else if (i->mem.seg >= SEG_FS)
		va += c->s.seg[i->mem.seg].base;
	return x86_invlpg(c, va) ? H_FAULT : H_NEXT;
}

int
h_invpcid(struct vcpu *c, const struct insn *i)
{
	uint64_t desc[2];
	gva_t va;

	if (mem_linear(c, i, 16, false, &va) ||
	    ld_bytes(c, va, desc, 16, i->mem.seg == SEG_SS) ||
	    x86_invpcid(c, reg_get(c, i->reg, control_reg_size(i)), desc[0],
	    desc[1]))
		return H_FAULT;
	return H_NEXT;
}

/* --- FS and GS bases, AC --- */

static int
fsgsbase_check(struct vcpu *c)
{
	return c->s.cr4 & CR4_FSGSBASE ? 0 : raise_ud(c);
}

static int
read_base(struct vcpu *c, const struct insn *i, enum seg_name seg)
{
	if (fsgsbase_check(c))
		return H_FAULT;
	opnd_set_reg(c, &i->opnd[0], c->s.seg[seg].base);
	return H_NEXT;
}

static int
write_base(struct vcpu *c, const struct insn *i, enum seg_name seg)
{
	uint64_t v = opnd_reg(c, &i->opnd[0]);

	if (fsgsbase_check(c))
		return H_FAULT;
	if (!x86_canonical(c, v))
		return raise_gp0(c);
	c->s.seg[seg].base = v;
	return H_NEXT;
}

int
h_rdfsbase(struct vcpu *c, const struct insn *i)
{
	return read_base(c, i, SEG_FS);
}

int
h_rdgsbase(struct vcpu *c, const struct insn *i)
{
	return read_base(c, i, SEG_GS);
}

int
h_wrfsbase(struct vcpu *c, const struct insn *i)
{
	return write_base(c, i, SEG_FS);
}

int
h_wrgsbase(struct vcpu *c, const struct insn *i)
{
	return write_base(c, i, SEG_GS);
}

int
h_swapgs(struct vcpu *c, const struct insn *i)
{
	uint64_t base = c->s.seg[SEG_GS].base;

	c->s.seg[SEG_GS].base = c->s.kernel_gs_base;
	c->s.kernel_gs_base = base;
	return H_NEXT;
}

static int
set_ac(struct vcpu *c, bool on)
{
	if (c->s.cpl)
		return raise_ud(c);
	c->s.rflags &= ~(uint64_t)FLAG_AC;
	if (on)
		c->s.rflags |= FLAG_AC;
	return H_NEXT;
}

int
h_clac(struct vcpu *c, const struct insn *i)
{
	return set_ac(c, false);
}

int
h_stac(struct vcpu *c, const struct insn *i)
{
	return set_ac(c, true);
}

/* --- extended control registers --- */

int
h_xsetbv(struct vcpu *c, const struct insn *i)
{
	if (!(c->s.cr4 & CR4_OSXSAVE))
		return raise_ud(c);
	if (c->s.cpl)
		return raise_gp0(c);
	return x86_xsetbv(c, c->s.gpr[RCX], edx_eax(c)) ? H_FAULT : H_NEXT;
}

int
h_fence(struct vcpu *c, const struct insn *i)
{
	/* MFENCE alone does not hold back RDTSC everywhere. */
	__asm__ volatile("mfence\n\tlfence" : : : "memory");
	return H_NEXT;
}
