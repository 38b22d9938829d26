/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathers, scatters and byte-masked stores, element by element.  They are
 * rare, so registers are reached through the XSAVE image: the vector state is
 * saved, changed there and loaded again.  A fault in the middle leaves what
 * was done done: destination and mask say how far it came (SDM 2, VPGATHER).
 */
#include "modes/interp/handlers.h"
#include "modes/interp/thunk.h"
#include "modes/x86/fpu.h"

enum xcomp {
	XCOMP_X87, XCOMP_SSE, XCOMP_AVX, XCOMP_OPMASK = 5, XCOMP_ZMM_HI,
	XCOMP_HI16,
};

#define XSTATE_BV 512		/* offset of the field in the image */

/* Start of a component in the image, no longer in its initial state. */
static uint8_t *
component(struct vcpu *c, enum xcomp n)
{
	uint64_t *bv = (uint64_t *)(c->s.xsave + XSTATE_BV);
	struct cpuid_regs r = { 0 };

	if (n == XCOMP_X87)
		return c->s.xsave;
	if (n == XCOMP_SSE) {
		r.eax = 256;
		r.ebx = 160;
	} else {
		cpuid_answer(c->vm->cpuid, 0xd, n, c->id, c->s.cr4, c->s.xcr0,
		    c->s.xss, &r);
	}
	if (!(*bv >> n & 1)) {
		fill_bytes(c->s.xsave + r.ebx, 0, r.eax);
		*bv |= BIT(n);
	}
	return c->s.xsave + r.ebx;
}

/* The 16 bytes of register reg that hold bytes 16 * part and up. */
static uint8_t *
vector_part(struct vcpu *c, unsigned reg, unsigned part)
{
	if (reg >= 16)
		return component(c, XCOMP_HI16) + (reg - 16) * 64 + part * 16;
	if (part == 0)
		return component(c, XCOMP_SSE) + reg * 16;
	if (part == 1)
		return component(c, XCOMP_AVX) + reg * 16;
	return component(c, XCOMP_ZMM_HI) + reg * 32 + (part - 2) * 16;
}

static void
vector_get(struct vcpu *c, unsigned reg, unsigned len, uint8_t buf[64])
{
	for (unsigned part = 0; part * 16 < len; part++)
		copy_bytes(buf + part * 16, vector_part(c, reg, part), 16);
}

/* len bytes from buf; the rest of the register becomes zero. */
static void
vector_set(struct vcpu *c, unsigned reg, unsigned len, const uint8_t *buf)
{
	bool wide = (c->s.xcr0 & 0xe0) != 0;

	for (unsigned part = 0; part < (wide ? 4 : 2); part++) {
		uint8_t *p = vector_part(c, reg, part);

		fill_bytes(p, 0, 16);
		if (part * 16 < len)
			copy_bytes(p, buf + part * 16, MIN(len - part * 16,
			    16u));
	}
}

static uint64_t *
opmask(struct vcpu *c, unsigned k)
{
	return (uint64_t *)component(c, XCOMP_OPMASK) + k;
}

/* --- gather and scatter --- */

struct sparse {
	struct vcpu *c;
	const struct insn *i;
	unsigned n;		/* elements */
	unsigned index_size, size;
	unsigned data_reg, data_len;
	uint64_t todo;		/* bit per element still to do */
	uint64_t wanted;	/* todo at the start */
	bool scatter;
	uint8_t index[64], data[64];
};

/* The vector register that is loaded or stored: its full number. */
static unsigned
data_register(const struct insn *i)
{
	for (unsigned n = 0; n < i->n_opnd; n++)
		if (i->opnd[n].kind == OPND_XMM &&
		    i->opnd[n].place == PLACE_REG)
			return i->opnd[n].reg;
	return i->reg;
}

static void
sparse_init(struct sparse *s, struct vcpu *c, const struct insn *i)
{
	uint8_t mask[64];

	s->c = c;
	s->i = i;
	s->index_size = i->opcode & 1 ? 8 : 4;
	s->size = i->w ? 8 : 4;
	s->n = i->vl / MAX(s->index_size, s->size);
	s->scatter = i->opcode >= 0xa0;
	s->data_reg = data_register(i);
	s->data_len = s->n * s->size;
	vector_get(c, i->mem.index, s->n * s->index_size, s->index);
	vector_get(c, s->data_reg, MAX(s->data_len, 16u), s->data);
	if (i->enc == ENC_EVEX) {
		s->todo = *opmask(c, i->aaa) & (BIT(s->n) - 1);
		return;
	}
	vector_get(c, i->vvvv, MAX(s->data_len, 16u), mask);
	s->todo = 0;
	for (unsigned n = 0; n < s->n; n++)
		if (mask[(n + 1) * s->size - 1] & 0x80)
			s->todo |= BIT(n);
}

static int
element(struct sparse *s, unsigned n)
{
	const struct insn *i = s->i;
	struct vcpu *c = s->c;
	bool stack = i->mem.seg == SEG_SS;
	int64_t index = sign_extend(host_load(s->index + n * s->index_size,
	    s->index_size), s->index_size);
	uint64_t off = i->mem.disp + (uint64_t)index * i->mem.scale;
	uint8_t *data = s->data + n * s->size;
	gva_t va;

	if (i->mem.base != REG_NONE)
		off += c->s.gpr[i->mem.base];
	off &= addr_mask(i->addr_bytes);
	if (linear(c, i->mode, i->mem.seg, off, s->size, s->scatter, &va))
		return H_FAULT;
	/* Elements need no alignment, whatever AC says (seen on AMD). */
	return s->scatter ? st_bytes(c, va, data, s->size, stack) :
	    ld_bytes(c, va, data, s->size, stack);
}

/* Registers with an EVEX destination lose what is above the vector length. */
static void
clear_above(struct vcpu *c, unsigned reg, unsigned len)
{
	for (; len < 64; len += 16)
		fill_bytes(vector_part(c, reg, len / 16), 0, 16);
}

/*
 * A fault after some elements: those are in the destination and gone from the
 * mask; nothing else of either register has changed, but for the part above
 * an EVEX destination.
 */
static void
sparse_part(struct sparse *s)
{
	const struct insn *i = s->i;
	uint64_t done = s->wanted & ~s->todo;

	if (i->enc == ENC_EVEX)
		*opmask(s->c, i->aaa) &= ~done;
	if (i->enc == ENC_EVEX && done && !s->scatter)
		clear_above(s->c, s->data_reg, i->vl);
	for (; done; done &= done - 1) {
		unsigned at = (unsigned)__builtin_ctzll(done) * s->size;

		if (!s->scatter)
			copy_bytes(vector_part(s->c, s->data_reg, at / 16) +
			    at % 16, s->data + at, s->size);
	}
	/* A vector mask is cleared up to the fault, lanes not wanted too. */
	if (i->enc == ENC_VEX)
		for (unsigned at = 0; !(s->todo >> at / s->size & 1);
		    at += s->size)
			fill_bytes(vector_part(s->c, i->vvvv, at / 16) +
			    at % 16, 0, s->size);
}

/* All elements are done: the rest of the registers becomes zero. */
static void
sparse_finish(struct sparse *s)
{
	const struct insn *i = s->i;
	uint8_t mask[64] = { 0 };

	if (!s->scatter)
		vector_set(s->c, s->data_reg, s->data_len, s->data);
	if (i->enc == ENC_EVEX) {
		*opmask(s->c, i->aaa) = 0;
		return;
	}
	vector_set(s->c, i->vvvv, s->data_len, mask);
}

/* Destination, index and mask must be different registers. */
static bool
registers_clash(const struct insn *i)
{
	unsigned reg = data_register(i);

	if (i->opcode >= 0xa0)
		return false;
	if (reg == i->mem.index)
		return true;
	return i->enc == ENC_VEX &&
	    (reg == i->vvvv || i->vvvv == i->mem.index);
}

int
h_sparse(struct vcpu *c, const struct insn *i)
{
	struct sparse s;
	uint64_t left;
	bool live;
	int rc = 0;

	if (fpu_check(c, i))
		return H_FAULT;
	if (registers_clash(i))
		return raise_ud(c);
	live = x86_fpu_out(c);
	sparse_init(&s, c, i);
	s.wanted = s.todo;
	for (left = s.todo; left; left &= left - 1) {
		unsigned n = __builtin_ctzll(left);

		rc = element(&s, n);
		if (rc)
			break;
		s.todo &= ~BIT(n);
	}
	if (rc)
		sparse_part(&s);
	else
		sparse_finish(&s);
	x86_fpu_in(c, live);
	return rc;
}

/* --- MASKMOVQ, MASKMOVDQU --- */

/*
 * The x87 area holds ST0 to ST7 in sixteen-byte slots, from TOP on; the MMX
 * registers are the physical ones.  Using MMX sets TOP to zero, so the slots
 * move round by as much.
 */
static void
mmx_top(struct vcpu *c)
{
	unsigned top = c->s.xsave[3] >> 3 & 7;
	uint8_t *slots = c->s.xsave + 32;
	uint8_t old[128];

	if (!top)
		return;
	copy_bytes(old, slots, sizeof(old));
	for (unsigned n = 0; n < 8; n++)
		copy_bytes(slots + ((n + top) & 7) * 16, old + n * 16, 16);
	c->s.xsave[3] &= (uint8_t)~0x38;
}

static void
mmx_get(struct vcpu *c, unsigned reg, uint8_t buf[64])
{
	mmx_top(c);
	c->s.xsave[4] = 0xff;
	*(uint64_t *)(c->s.xsave + XSTATE_BV) |= BIT(XCOMP_X87);
	copy_bytes(buf, c->s.xsave + 32 + reg * 16, 8);
}

int
h_maskmov(struct vcpu *c, const struct insn *i)
{
	unsigned len = i->desc->cls == CLASS_MMX ? 8 : 16;
	enum seg_name seg = i->seg_override != REG_NONE ? i->seg_override :
	    SEG_DS;
	uint64_t off = c->s.gpr[RDI] & addr_mask(i->addr_bytes);
	uint8_t data[64], mask[64];
	gva_t va;
	bool live;
	int rc = 0;

	if (fpu_check(c, i) ||
	    linear(c, i->mode, seg, off, len, true, &va))
		return H_FAULT;
	live = x86_fpu_out(c);
	if (len == 8) {
		mmx_get(c, i->reg & 7, data);
		mmx_get(c, i->rm & 7, mask);
	} else {
		vector_get(c, i->reg, len, data);
		vector_get(c, i->rm, len, mask);
	}
	x86_fpu_in(c, live);
	for (unsigned n = 0; n < len; n++)
		if ((mask[n] & 0x80) && probe_write(c, va + n, 1,
		    seg == SEG_SS))
			return H_FAULT;
	for (unsigned n = 0; n < len && !rc; n++)
		if (mask[n] & 0x80)
			rc = st(c, va + n, 1, seg == SEG_SS, data[n]);
	return rc;
}
