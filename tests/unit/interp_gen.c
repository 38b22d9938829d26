/* SPDX-License-Identifier: Apache-2.0 */
/* Random instructions for interp_test (interp_gen.h). */
#include "tests/unit/interp_gen.h"

#include <string.h>

#define DATA_LOW (DATA_AT + 0x400)
#define DATA_HIGH (DATA_AT + DATA_SIZE - 0x800)

uint64_t
gen_random(struct gen *g)
{
	/* splitmix64 */
	uint64_t z = g->seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static unsigned
upto(struct gen *g, unsigned n)
{
	return gen_random(g) % n;
}

/* Numbers that find mistakes sooner than random ones. */
static uint64_t
gen_value(struct gen *g)
{
	static const uint64_t edge[] = { 0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff,
	    0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
	    INT64_MAX, UINT64_C(1) << 63, UINT64_MAX, UINT64_MAX - 1 };

	switch (upto(g, 4)) {
	case 0:
		return edge[upto(g, sizeof(edge) / sizeof(edge[0]))];
	case 1:
		return upto(g, 256);
	default:
		return gen_random(g);
	}
}

/* Small integers, and floats of ordinary and odd kinds. */
static void
gen_vectors(struct gen *g, uint8_t *p, unsigned len)
{
	static const float f[] = { 0, 1, -1, 1.5f, 3e38f, 1e-40f, 1e10f,
	    -2.25f };
	static const double d[] = { 0, 1, -1, 0.1, 1e308, 1e-310, -65536.5 };

	for (unsigned n = 0; n < len; n += 8) {
		uint64_t v = gen_value(g);
		unsigned kind = upto(g, 4);

		if (kind == 0)
			memcpy(&v, &d[upto(g, 7)], 8);
		if (kind == 1) {
			memcpy(&v, &f[upto(g, 8)], 4);
			memcpy((char *)&v + 4, &f[upto(g, 8)], 4);
		}
		memcpy(p + n, &v, 8);
	}
}

void
gen_state(struct gen *g, struct host_state *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned n = 0; n < (g->mode == MODE_64 ? 16 : 8); n++) {
		s->gpr[n] = gen_value(g);
		if (g->mode != MODE_64)
			s->gpr[n] = (uint32_t)s->gpr[n];
	}
	s->gpr[RSP] = STACK_AT + STACK_SIZE / 2 + upto(g, 64) * 8;
	s->rflags = (gen_random(g) & FLAGS_ARITH) | FLAG_FIXED1;
	if (upto(g, 8) == 0)
		s->rflags |= FLAG_DF;
	/* x87: defaults, eight valid registers; the rest of XCR0's parts. */
	s->xsave[0] = 0x7f;
	s->xsave[1] = 0x03;
	s->xsave[4] = 0xff;
	s->xsave[24] = 0x80;
	s->xsave[25] = 0x1f;
	for (unsigned n = 0; n < 8; n++) {
		double v = (double)(int64_t)gen_random(g) / 3e10;
		long double w = v;

		memcpy(s->xsave + 32 + n * 16, &w, 10);
	}
	gen_vectors(g, s->xsave + 160, 256);
	s->xsave[512] = 3;
	for (unsigned comp = 2; comp < 8; comp++) {
		struct cpuid_regs r;

		if (!(g->cpuid->xcr0_mask >> comp & 1))
			continue;
		cpuid_answer(g->cpuid, 0xd, comp, 0, CR4_OSXSAVE,
		    g->cpuid->xcr0_mask, 0, &r);
		gen_vectors(g, s->xsave + r.ebx, r.eax);
		s->xsave[512] |= 1u << comp;
	}
}

static unsigned
gen_prefixes(struct gen *g, const struct insn_desc *d, uint8_t *p)
{
	uint8_t *start = p;

	if (upto(g, 3) == 0)
		*p++ = 0x66;
	if (upto(g, g->mode == MODE_16 ? 2 : 12) == 0)
		*p++ = 0x67;
	if (d->cls == CLASS_VEC || d->cls == CLASS_STRING || upto(g, 6) == 0) {
		static const uint8_t rep[4] = { 0xf2, 0xf3, 0xf3, 0x66 };

		if (upto(g, 2))
			*p++ = rep[upto(g, 4)];
	}
	if ((d->attr & ATTR_LOCK) && upto(g, 4) == 0)
		*p++ = 0xf0;
	return p - start;
}

/* Random bytes that might be an encoding of row d. */
static unsigned
gen_bytes(struct gen *g, const struct insn_desc *d, uint8_t *buf)
{
	uint8_t *p = buf;

	if (d->enc == ENC_LEGACY) {
		p += gen_prefixes(g, d, p);
		if (g->mode == MODE_64 && upto(g, 2))
			*p++ = 0x40 | upto(g, 16);
		if (d->map != MAP_ONE)
			*p++ = 0x0f;
		if (d->map == MAP_0F38)
			*p++ = 0x38;
		if (d->map == MAP_0F3A)
			*p++ = 0x3a;
	} else if (d->enc == ENC_VEX) {
		*p++ = 0xc4;
		*p++ = (gen_random(g) & 0xe0) | d->map |
		    (g->mode == MODE_64 ? 0 : 0xc0);
		*p++ = gen_random(g) | (upto(g, 2) ? 0x78 : 0);
	} else {
		*p++ = 0x62;
		*p++ = (gen_random(g) & 0xf0) | d->map |
		    (g->mode == MODE_64 ? 0 : 0xc0);
		*p++ = gen_random(g) | 4 | (upto(g, 2) ? 0x78 : 0);
		*p++ = gen_random(g) & (upto(g, 2) ? 0xff : 0xf8);
	}
	*p++ = d->opcode;
	for (unsigned n = 0; n < 12; n++)
		*p++ = gen_random(g);
	return p - buf;
}

/*
 * VEX.W with a general register, or memory in its place, outside 64-bit mode:
 * ignored by the manuals, not by all processors.
 */
static bool
wide_without_wide_registers(const struct insn *i)
{
	if (i->mode == MODE_64 || !i->w)
		return false;
	for (unsigned n = 0; n < i->n_opnd; n++)
		if (i->opnd[n].kind == OPND_GPR ||
		    (i->desc->cls == CLASS_VEC && i->opnd[n].kind == OPND_MEM &&
		    i->opnd[n].size == 4))
			return true;
	return false;
}

/* Results that are nobody's to predict, or no business of the oracle. */
static bool
unwanted(const struct insn *i)
{
	switch (i->desc->id) {
	case I_RDRAND: case I_RDSEED: case I_RDPID: case I_CPUID:
	case I_SALC: case I_XABORT: case I_XBEGIN: case I_XTEST:
	case I_XEND: case I_MOVDIR64B: case I_CLZERO: case I_RDSSP:
	case I_INCSSP: case I_WAIT:
		return true;
	default:
		break;
	}
	if (i->desc->id == I_PAUSE && (i->rex & 1))
		return true;
	if (wide_without_wide_registers(i))
		return true;
	/* FS and GS have other bases natively. */
	if (i->has_mem && i->mem.seg >= SEG_FS)
		return true;
	return i->seg_override != REG_NONE && i->seg_override >= SEG_FS;
}

static void
small_index(struct gen *g, struct host_state *s, const struct insn *i)
{
	uint64_t bits = UINT64_C(0x0000001f0000001f);
	uint8_t *area[4] = { NULL };
	struct cpuid_regs r = { 0 };
	unsigned reg = i->mem.index;

	if (i->opcode & 1)
		bits = 0x1f;
	if (reg >= 16) {
		cpuid_answer(g->cpuid, 0xd, 7, 0, CR4_OSXSAVE,
		    g->cpuid->xcr0_mask, 0, &r);
		for (unsigned n = 0; n < 4; n++)
			area[n] = s->xsave + r.ebx + (reg - 16) * 64 + n * 16;
	} else {
		area[0] = s->xsave + 160 + reg * 16;
		area[1] = s->xsave + 576 + reg * 16;
		cpuid_answer(g->cpuid, 0xd, 6, 0, CR4_OSXSAVE,
		    g->cpuid->xcr0_mask, 0, &r);
		if (g->cpuid->xcr0_mask & 0x40)
			for (unsigned n = 2; n < 4; n++)
				area[n] = s->xsave + r.ebx + reg * 32 +
				    (n - 2) * 16;
	}
	for (unsigned n = 0; n < 4; n++) {
		for (unsigned k = 0; area[n] && k < 16; k += 8) {
			uint64_t v = gen_random(g) & bits;

			memcpy(area[n] + k, &v, 8);
		}
	}
}

static uint64_t
offset_of(const struct insn *i, const struct host_state *s, uint64_t code)
{
	uint64_t a = i->mem.disp;

	if (i->mem.base != REG_NONE)
		a += s->gpr[i->mem.base];
	if (i->mem.index != REG_NONE && !i->mem.vsib)
		a += s->gpr[i->mem.index] * i->mem.scale;
	if (i->mem.rip_rel)
		a += code + i->len;
	return i->addr_bytes == 4 ? (uint32_t)a :
	    i->addr_bytes == 2 ? (uint16_t)a : a;
}

static bool
in_data(uint64_t a)
{
	return a >= DATA_LOW && a < DATA_HIGH;
}

/* Make the memory operand point into the data area; false: cannot. */
static bool
place_memory(struct gen *g, struct host_state *s, struct insn *i)
{
	uint64_t want = DATA_LOW + upto(g, DATA_HIGH - DATA_LOW);
	uint64_t off;

	if (upto(g, 2) || (i->desc->attr & ATTR_ALIGNED))
		want &= ~UINT64_C(63);
	if (i->mem.vsib)
		small_index(g, s, i);
	if (i->mem.index != REG_NONE && !i->mem.vsib &&
	    i->mem.index != RSP && i->mem.index != i->mem.base)
		s->gpr[i->mem.index] = upto(g, 64);
	off = want - offset_of(i, s, CODE_AT);
	if (i->mem.base != REG_NONE && i->mem.base != RSP)
		s->gpr[i->mem.base] += off & (g->mode == MODE_64 ?
		    UINT64_MAX : UINT32_MAX);
	else if (i->mem.base == RSP)
		return true;
	else
		return false;
	/* BT reaches far with a register offset; strings have their own. */
	return i->mem.index != i->mem.base;
}

static bool
place_operands(struct gen *g, struct host_state *s, struct insn *i)
{
	unsigned id = i->desc->id;

	if ((id == I_BT || id == I_BTS || id == I_BTR || id == I_BTC) &&
	    i->has_mem && i->opnd[1].kind == OPND_GPR)
		s->gpr[i->opnd[1].reg] = (int64_t)upto(g, 2048) - 1024;
	if (i->desc->cls == CLASS_STRING) {
		if (i->addr_bytes == 2)
			return false;	/* no data down there */
		s->gpr[RSI] = DATA_LOW + upto(g, DATA_HIGH - DATA_LOW);
		s->gpr[RDI] = DATA_LOW + upto(g, DATA_HIGH - DATA_LOW);
		s->gpr[RCX] = upto(g, 100);
	}
	if (id == I_XLAT) {
		s->gpr[RBX] = DATA_LOW;
		return true;
	}
	if (id == I_MASKMOVQ || id == I_MASKMOVDQU || id == I_VMASKMOVDQU) {
		if (i->addr_bytes == 2)
			return false;
		s->gpr[RDI] = DATA_LOW + upto(g, 256);
		return true;
	}
	if (id == I_LEAVE)
		s->gpr[RBP] = STACK_AT + STACK_SIZE / 2 + upto(g, 64) * 8;
	if (id == I_ENTER || id == I_POPF)
		return false;
	if (i->has_mem && i->desc->cls != CLASS_STRING) {
		if (!place_memory(g, s, i))
			return false;
		/* The same register as address and as bit offset or count. */
		if (i->mem.base != RSP && !in_data(offset_of(i, s, CODE_AT)))
			return false;
		if (i->mem.base == RSP && (offset_of(i, s, CODE_AT) <
		    STACK_AT + 256 || offset_of(i, s, CODE_AT) >=
		    STACK_AT + STACK_SIZE - 256))
			return false;
		if ((id == I_BT || id == I_BTS || id == I_BTR ||
		    id == I_BTC) && i->opnd[1].kind == OPND_GPR &&
		    s->gpr[i->opnd[1].reg] + 1024 >= 2048)
			return false;
	}
	return true;
}

/* A stack pointer that is a destination would lose the stack. */
static bool
moves_stack(const struct insn *i)
{
	if (i->desc->cls != CLASS_STACK)
		return false;
	for (unsigned n = 0; n < i->n_opnd; n++)
		if (i->opnd[n].kind == OPND_SREG)
			return true;
	if (i->desc->id == I_POPA)
		return false;
	return i->desc->id == I_POP && i->opnd[0].kind == OPND_GPR &&
	    i->opnd[0].reg == RSP;
}

unsigned
gen_insn(struct gen *g, struct host_state *s, struct insn *i)
{
	for (;;) {
		unsigned row = gen_random(g) % insn_tab_len;
		const struct insn_desc *d = &insn_tab[row];
		uint8_t buf[32];
		int len;

		if (!(g->classes >> d->cls & 1))
			continue;
		for (unsigned tries = 0; tries < 200; tries++) {
			struct host_state before;

			gen_bytes(g, d, buf);
			len = insn_decode(i, buf, INSN_MAX_LEN, g->mode);
			if (len <= 0 || i->desc != d || unwanted(i) ||
			    moves_stack(i) ||
			    !insn_offered(i, g->cpuid->features))
				continue;
			memcpy(&before, s, sizeof(before));
			if (!place_operands(g, s, i)) {
				memcpy(s, &before, sizeof(before));
				continue;
			}
			if (g->hits)
				g->hits[row]++;
			return len;
		}
	}
}
