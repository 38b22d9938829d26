/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions the host executes for us: everything on vector, MMX, x87 and
 * opmask registers, and the integer instructions without a handler.  Here are
 * the gates (CR0, CR4, XCR0) and the way of the memory operand: in place when
 * it is RAM within one page, else through an aligned bounce buffer.
 */
#include "modes/interp/handlers.h"
#include "modes/interp/thunk.h"

#define XCR0_AVX UINT64_C(0x6)		/* SSE, AVX */
#define XCR0_AVX512 UINT64_C(0xe6)	/* and opmask, upper halves, 16..31 */

static bool
has_opmask(const struct insn *i)
{
	for (unsigned n = 0; n < i->n_opnd; n++)
		if (i->opnd[n].kind == OPND_K)
			return true;
	return false;
}

int
vector_check(struct vcpu *c, const struct insn *i)
{
	uint64_t need = XCR0_AVX;

	if (i->enc == ENC_LEGACY) {
		if ((c->s.cr0 & CR0_EM) || !(c->s.cr4 & CR4_OSFXSR))
			return raise_ud(c);
		goto task;
	}
	if (i->enc == ENC_EVEX || has_opmask(i))
		need = XCR0_AVX512;
	if (!(c->s.cr4 & CR4_OSXSAVE) || (c->s.xcr0 & need) != need)
		return raise_ud(c);
task:
	return c->s.cr0 & CR0_TS ? x86_raise(c, VEC_NM) : 0;
}

/* An unmasked exception waits for the next x87 or MMX instruction. */
bool
x87_pending(void)
{
	uint16_t sw, cw;

	__asm__ volatile("fnstsw %0\n\tfnstcw %1" : "=m"(sw), "=m"(cw));
	return sw & ~cw & 0x3f;
}

/* CVTPI2PD from memory has nothing to do with MMX registers (SDM 2). */
static bool
waits(const struct insn *i)
{
	if (i->desc->cls == CLASS_MMX)
		return i->desc->id != I_CVTPI2PD;
	return i->desc->cls == CLASS_X87 && i->desc->id != I_FNSTCW &&
	    i->desc->id != I_FNSTSW;
}

int
fpu_check(struct vcpu *c, const struct insn *i)
{
	switch (i->desc->cls) {
	case CLASS_X87:
		if (i->desc->id == I_WAIT) {
			if ((~c->s.cr0 & (CR0_MP | CR0_TS)) == 0)
				return x86_raise(c, VEC_NM);
			return 0;
		}
		if (c->s.cr0 & CR0_EM)
			return x86_raise(c, VEC_NM);
		break;
	case CLASS_MMX:
		if (c->s.cr0 & CR0_EM)
			return raise_ud(c);
		break;
	case CLASS_VEC:
		return vector_check(c, i);
	default:
		return 0;
	}
	if (c->s.cr0 & CR0_TS)
		return x86_raise(c, VEC_NM);
	return 0;
}

/* Not in place: load, run, store; 64 bytes at most, aligned as the guest's. */
static int
run_bounced(struct vcpu *c, const struct insn *i, gva_t va)
{
	uint8_t area[128] __attribute__((aligned(64)));
	uint8_t *buf = area + (va & 63);
	bool stack = i->mem.seg == SEG_SS;
	bool write = i->mem_access & ACC_W;
	unsigned len = i->mem_size;

	if (write && probe_write(c, va, len, stack))
		return H_FAULT;
	/*
	 * An x87 store that faults unmasked stores nothing, one under an
	 * opmask not everything.
	 */
	if (((i->mem_access & ACC_R) || i->desc->cls == CLASS_X87 ||
	    (i->enc == ENC_EVEX && i->aaa)) &&
	    ld_bytes(c, va, buf, len, stack))
		return H_FAULT;
	if (thunk_run(c, i, buf))
		return H_FAULT;
	return write ? st_bytes(c, va, buf, len, stack) : H_NEXT;
}

/* Elements that are masked out are not accessed and do not fault. */
static bool
masked(const struct insn *i)
{
	return (i->desc->attr & ATTR_MASKED_MEM) &&
	    (i->enc != ENC_EVEX || i->aaa);
}

/*
 * #GP for alignment comes before #PF and #SS.  SHA on AMD does not mind, nor
 * does an access whose elements are all masked out: there the host's own check,
 * on an operand as misaligned as the guest's, decides.
 */
static bool
unaligned(const struct insn *i, gva_t va)
{
	return (i->desc->attr & ATTR_ALIGNED) && (va & (i->mem_size - 1)) &&
	    !masked(i) && i->desc->feature != FEAT_SHA;
}

/*
 * What AC demands of an operand (SDM 3 6.15; vectors as AMD's processors do).
 * Under a mask it is the host that says, see thunk.h.
 */
static unsigned
natural_align(const struct insn *i)
{
	if (i->mem_size == 10)
		return 8;
	return MIN(i->mem_size & -i->mem_size, 16);
}

static int
h_native(struct vcpu *c, const struct insn *i)
{
	bool write = i->mem_access & ACC_W;
	gva_t va;
	void *p;

	if (fpu_check(c, i))
		return H_FAULT;
	if (!i->has_mem || !i->mem_size || !i->mem_access)
		return thunk_run(c, i, NULL);
	/* Which comes before any fault of its operand. */
	if (waits(i) && x87_pending())
		return x86_raise(c, VEC_MF);
	if (mem_linear(c, i, i->mem_size, write, &va))
		return H_FAULT;
	if (unaligned(i, va))
		return raise_gp0(c);
	if (!masked(i) && check_align(c, va, natural_align(i)))
		return H_FAULT;
	p = host_ptr(c, va, i->mem_size, write);
	if (p)
		return thunk_run(c, i, p);
	if (masked(i))
		return write ? masked_store(c, i, va) : masked_load(c, i, va);
	return run_bounced(c, i, va);
}

#define EACH_OF_EIGHT(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7)
#define CUT(n) "vmovaps %%xmm" #n ", %%xmm" #n "\n\t"
#define CLEAR(n) "vpxor %%xmm" #n ", %%xmm" #n ", %%xmm" #n "\n\t"

/* VZEROUPPER, VZEROALL: registers 8 and up are 64-bit code's business. */
int
h_vzero(struct vcpu *c, const struct insn *i)
{
	if (fpu_check(c, i))
		return H_FAULT;
	if (i->mode == MODE_64)
		return thunk_run(c, i, NULL);
	if (i->desc->id == I_VZEROALL)
		__asm__ volatile(EACH_OF_EIGHT(CLEAR) : : : "memory");
	else
		__asm__ volatile(EACH_OF_EIGHT(CUT) : : : "memory");
	return H_NEXT;
}

handler_fn *
native_handler(const struct insn *i)
{
	if (i->lock)
		return h_ud;
	if (i->has_mem && i->mem.vsib)
		return h_sparse;
	switch (i->desc->cls) {
	case CLASS_INT:
	case CLASS_MMX:
	case CLASS_X87:
	case CLASS_VEC:
		return h_native;
	default:
		return h_ud;
	}
}
