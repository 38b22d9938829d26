/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instruction: it starts from an encoding of its row (tmpl.c); registers,
 * immediates and addresses are then rewritten and the result is decoded again:
 * what no longer is the same row is thrown away.  Addresses aim at the data
 * pages by way of what is known about the initial registers, so that most
 * accesses succeed, many straddle pages and some fault.
 */
#include <string.h>

#include "tests/oracle/gen.h"

/* --- addresses --- */

uint64_t
page_va(unsigned i)
{
	return DATA_VA + 4096 * (uint64_t)data_page[i];
}

uint64_t
pick_target(struct rng *r, unsigned size, bool aligned, bool write)
{
	unsigned p = rng_below(r, DATA_PAGES), how = rng_below(r, 100);
	uint64_t t;

	if (write && p == DATA_READONLY && !rng_chance(r, 5))
		p = 0;
	if (!size)
		size = 64;
	if (aligned && !rng_chance(r, 10))
		return page_va(p) + size * rng_below(r, 4096 / size);
	if (how < 40)
		return page_va(p) +
		    size * (uint64_t)rng_below(r, 4096 / size);
	if (how < 65)
		return page_va(p) + rng_below(r, 4097 - size);
	if (how < 90 && size > 1)
		return page_va(rng_chance(r, 50) ? 1 : 5) - 1 -
		    rng_below(r, size - 1);
	if (how < 95 && size > 1)
		return page_va(p) + 4096 - 1 - rng_below(r, size - 1);
	if (how < 97)
		return DATA_VA + rng_below(r, DATA_SPAN * 4096);
	t = value_int(r);
	return how < 99 ? t : t | BIT(47);
}

/* A register that still holds its initial value; REG_NONE if none is found. */
static unsigned
clean_reg(struct gen *g, bool index)
{
	for (unsigned k = 0; k < 4; k++) {
		unsigned reg = rng_below(&g->r, GPR_COUNT);

		if (g->clean & 1u << reg && !(index && reg == RSP)) {
			g->used |= 1u << reg;
			return reg;
		}
	}
	return REG_NONE;
}

static bool
fits32(int64_t v)
{
	return v == (int32_t)v;
}

/* The pieces of a memory operand's encoding. */
struct addr {
	uint8_t mod_rm;		/* mod and rm */
	uint8_t sib;
	bool has_sib;
	bool x, b;		/* extension bits */
	uint8_t vhigh;		/* bit 4 of a vector index */
	uint8_t disp_len;
	uint64_t disp;
	bool rip;
	uint64_t rip_to;
};

static void
addr_absolute(struct addr *a, uint64_t t)
{
	a->mod_rm = 4;
	a->sib = 0x25;
	a->has_sib = true;
	a->disp_len = 4;
	a->disp = t;
}

/* base + disp, close to where the register points. */
static void
addr_near(struct gen *g, struct addr *a)
{
	struct rng *r = &g->r;
	unsigned span = rng_chance(r, 70) ? 128 : 1024;

	a->disp = rng_below(r, span) - (uint64_t)span / 2;
	if (rng_chance(r, 60))
		a->disp &= ~UINT64_C(15);
	a->disp_len = 4;
	a->mod_rm = 0x80 | (g->near & 7);
	a->b = g->near >> 3;
	if ((g->near & 7) != RSP)
		return;
	a->has_sib = true;
	a->mod_rm = 0x84;
	a->sib = (uint8_t)(0x20 | (g->near & 7));
}

static void
addr_choose(struct gen *g, struct addr *a, uint64_t t, uint64_t segbase,
    bool vsib)
{
	struct rng *r = &g->r;
	unsigned how = rng_below(r, 100);
	unsigned base = clean_reg(g, false), index = REG_NONE, scale;
	uint64_t d;

	memset(a, 0, sizeof(*a));
	if (g->near != REG_NONE && !vsib && rng_chance(r, 85)) {
		addr_near(g, a);
		return;
	}
	t -= segbase;
	if (!vsib && how < 20 && fits32((int64_t)(t - CODE_VA - 0x8000))) {
		a->mod_rm = 5;
		a->rip = true;
		a->rip_to = t;
		a->disp_len = 4;
		return;
	}
	scale = rng_below(r, 4);
	if (how >= 60 && !vsib)
		index = clean_reg(g, true);
	if (how < 30 || base == REG_NONE)
		base = REG_NONE;
	d = t;
	if (base != REG_NONE)
		d -= g->q->init.gpr[base];
	if (index != REG_NONE)
		d -= g->q->init.gpr[index] << scale;
	if (!fits32((int64_t)d)) {
		index = REG_NONE;
		d = t - (base == REG_NONE ? 0 : g->q->init.gpr[base]);
	}
	if (!fits32((int64_t)d) && !rng_chance(r, 5)) {
		base = REG_NONE;
		d = t;
	}
	if (base == REG_NONE && index == REG_NONE && !vsib) {
		addr_absolute(a, d);
		return;
	}
	a->disp_len = base == REG_NONE ? 4 : 4;
	a->disp = d;
	if (vsib) {
		unsigned v = rng_below(r, 32);

		index = v & 15;
		a->vhigh = v >> 4;
	}
	if (index == REG_NONE && (base & 7) != RSP) {
		a->mod_rm = 0x80 | (base & 7);
		a->b = base >> 3;
		return;
	}
	a->has_sib = true;
	a->mod_rm = (base == REG_NONE ? 0 : 0x80) | 4;
	a->sib = (uint8_t)(scale << 6 |
	    (index == REG_NONE ? 4 : index & 7) << 3 |
	    (base == REG_NONE ? 5 : base & 7));
	a->x = index != REG_NONE && index >> 3;
	a->b = base != REG_NONE && base >> 3;
}

/* --- one instruction --- */

void
put_le(uint8_t *p, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* Change the register-extension bits in REX, VEX or EVEX: head is its start. */
static void
mutate_head(struct rng *r, const struct insn *in, uint8_t *head)
{
	unsigned v = rng_below(r, 16);

	switch (in->enc) {
	case ENC_LEGACY:
		if (in->rex)
			head[0] = (head[0] & 0x48) | (uint8_t)rng_below(r, 8);
		break;
	case ENC_VEX:
		if (head[0] == 0xc4)
			head[1] ^= (uint8_t)(rng_below(r, 8) << 5);
		else
			head[1] ^= (uint8_t)(rng_below(r, 2) << 7);
		if (rng_chance(r, 80))
			head[head[0] == 0xc4 ? 2 : 1] ^= (uint8_t)(v << 3);
		break;
	default:
		head[1] ^= (uint8_t)(rng_below(r, 16) << 4);
		head[2] ^= (uint8_t)(v << 3);
		head[3] ^= (uint8_t)(rng_below(r, 2) << 3);
		if (rng_chance(r, 50))
			head[3] = (head[3] & 0x78) | (uint8_t)rng_below(r, 8);
		if (rng_chance(r, 15))
			head[3] ^= 0x80;
	}
}

/* Set the B, X (and V') bits as an address needs them. */
static bool
set_addr_bits(const struct insn *in, uint8_t *head, const struct addr *a,
    bool vsib)
{
	switch (in->enc) {
	case ENC_LEGACY:
		if (!in->rex)
			return !a->x && !a->b;
		head[0] = (uint8_t)((head[0] & ~3) | a->x << 1 | a->b);
		return true;
	case ENC_VEX:
		if (head[0] != 0xc4)
			return !a->x && !a->b;
		head[1] = (uint8_t)((head[1] & ~0x60) | !a->x << 6 |
		    !a->b << 5);
		return true;
	default:
		head[1] = (uint8_t)((head[1] & ~0x60) | !a->x << 6 |
		    !a->b << 5);
		if (vsib)
			head[3] = (uint8_t)((head[3] & ~8) | !a->vhigh << 3);
		return true;
	}
}

static void
put_imm(struct gen *g, const struct insn *in, uint8_t *p)
{
	struct rng *r = &g->r;

	put_le(p, value_int(r), in->imm_len);
	if (in->desc->id == I_ENTER) {
		put_le(p, rng_below(r, 65), 2);
		p[2] = (uint8_t)(rng_chance(r, 70) ? 0 : rng_below(r, 5));
	} else if (in->desc->flow == FLOW_RET) {
		put_le(p, 8 * rng_below(r, 8), in->imm_len);
	} else if (in->desc->flow == FLOW_INT && *p == 0x80) {
		*p = 0x81;	/* Linux would take it */
	}
}

static const uint8_t seg_prefix[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };

/*
 * Build one variant of in; false when the pieces do not fit together.
 * plain: leave registers and prefixes as they are.
 */
static bool
variant(struct gen *g, const struct insn *in, bool plain, struct item *o)
{
	struct rng *r = &g->r;
	uint8_t *p = o->bytes, *head;
	bool mem = in->has_mem && in->has_modrm && in->modrm < 0xc0;
	bool vsib = mem && in->mem.vsib;
	unsigned head_len = in->pos_opcode + 1u - in->n_prefix;
	bool bare = rng_chance(r, 70);
	uint64_t segbase = 0, limit = UINT64_MAX;
	uint8_t buf[64];

	memset(o, 0, sizeof(*o));
	o->target = o->code_imm = -1;
	p = buf;
	for (unsigned i = 0; i < in->n_prefix; i++) {
		uint8_t b = in->bytes[i];

		if (b == 0x67 || memchr(seg_prefix, b, sizeof(seg_prefix)))
			continue;
		/* Most rows mean the same without: then prefer that. */
		if (plain || !bare)
			*p++ = b;
	}
	if (!plain && mem && in->desc->attr & ATTR_LOCK &&
	    in->mem_access & ACC_W && rng_chance(r, 30))
		*p++ = 0xf0;
	if (!plain && in->enc == ENC_LEGACY && rng_chance(r, 3))
		*p++ = seg_prefix[rng_below(r, 4)];
	if (!plain && rng_chance(r, 6)) {
		unsigned gs = rng_below(r, 2);

		*p++ = seg_prefix[4 + gs];
		segbase = gs ? g->q->init.gs_base : g->q->init.fs_base;
	}
	if (!plain && mem && rng_chance(r, 3)) {
		*p++ = 0x67;
		limit = UINT32_MAX;
	}
	head = p;
	memcpy(p, in->bytes + in->n_prefix, head_len);
	if (!plain) {
		mutate_head(r, in, head);
		if (in->enc == ENC_LEGACY && !in->rex && rng_chance(r, 25)) {
			memmove(head + 1, head, head_len);
			head[0] = 0x40 | (uint8_t)rng_below(r, 8);
			head_len++;
		}
	}
	p += head_len;
	if (in->has_modrm && !mem) {
		*p++ = (uint8_t)(plain ? in->modrm :
		    (in->modrm & 0xc0) | (rng_chance(r, 50) ?
		    rng_below(r, 64) : (in->modrm & 0x38) | rng_below(r, 8)));
	} else if (mem) {
		uint64_t t = pick_target(r, in->mem_size,
		    in->desc->attr & ATTR_ALIGNED, in->mem_access & ACC_W);
		unsigned reg = in->modrm >> 3 & 7;
		struct insn view = *in;
		struct addr a;

		addr_choose(g, &a, t, segbase, vsib);
		if (limit == UINT32_MAX && t > limit)
			return false;
		view.rex = in->enc == ENC_LEGACY &&
		    (head[0] & 0xf0) == 0x40 && head_len > 1;
		if (!set_addr_bits(&view, head, &a, vsib))
			return false;
		if (!plain && rng_chance(r, 70))
			reg = rng_below(r, 8);
		*p++ = (uint8_t)(a.mod_rm | reg << 3);
		if (a.has_sib)
			*p++ = a.sib;
		if (a.rip) {
			o->rip_pos = (uint8_t)(p - buf);
			o->rip_to = a.rip_to;
		}
		put_le(p, a.disp, a.disp_len);
		p += a.disp_len;
	} else if (in->has_mem && in->mem.moffs) {
		put_le(p, pick_target(r, in->mem_size, false,
		    in->mem_access & ACC_W) - segbase, in->imm_len ?
		    in->imm_len : in->disp_len);
		p += in->imm_len ? in->imm_len : in->disp_len;
		goto done;
	}
	if (in->imm_len) {
		put_imm(g, in, p);
		p += in->imm_len;
	}
done:
	if (p - buf > INSN_MAX_LEN)
		return false;
	o->len = (uint8_t)(p - buf);
	memcpy(o->bytes, buf, o->len);
	return true;
}

static bool
is_rel(const struct insn *in)
{
	return in->desc->flow == FLOW_JCC || in->desc->flow == FLOW_JMP ||
	    in->desc->flow == FLOW_CALL;
}

/*
 * Zen 5 reads RSP as it was before the latest PUSH or POP when EVEX.rm names
 * it with the unused EVEX.X bit set.
 */
static bool
stale_rsp(const struct insn *in)
{
	if (in->enc != ENC_EVEX || in->vex[0] & 0x40)
		return false;
	for (unsigned k = 0; k < in->n_opnd; k++)
		if (in->opnd[k].kind == OPND_GPR && in->opnd[k].reg == RSP &&
		    in->opnd[k].place == PLACE_RM)
			return true;
	return false;
}

bool
make(struct gen *g, unsigned row, struct item *o, struct insn *in)
{
	const struct tmpl_row *t = &tmpl_rows[row];
	const struct tmpl *one = &t->t[rng_below(&g->r, t->n)];
	struct insn base;

	if (insn_decode(&base, one->bytes, one->len, MODE_64) != one->len)
		return false;
	/* With an operand-size prefix they leave for the first 64 KiB (AMD). */
	if (base.desc->cls == CLASS_BRANCH && base.opsize &&
	    !rng_chance(&g->r, 10))
		return false;
	for (unsigned k = 0; k < 12; k++) {
		if (!variant(g, &base, k >= 8, o))
			continue;
		if (insn_decode(in, o->bytes, o->len, MODE_64) != o->len ||
		    in->desc != &insn_tab[row])
			continue;
		if (stale_rsp(in))
			continue;
		o->row = (uint16_t)row;
		if (is_rel(in)) {
			o->rel_pos = in->pos_imm;
			o->rel_len = in->imm_len;
		}
		return true;
	}
	return false;
}

bool
mark_written(struct gen *g, const struct insn *in)
{
	uint32_t w = in->desc->gpr_write;

	for (unsigned i = 0; i < in->n_opnd; i++)
		if (in->opnd[i].kind == OPND_GPR && in->opnd[i].access & ACC_W)
			w |= 1u << (in->opnd[i].reg & 15);
	if (in->desc->cls == CLASS_STRING)
		w |= 1u << RSI | 1u << RDI | 1u << RCX;
	if (in->desc->cls == CLASS_STACK || in->desc->cls == CLASS_BRANCH)
		w |= 1u << RSP;
	if (w & g->reserved)
		return false;
	g->clean &= ~w;
	g->rcx_written |= w >> RCX & 1;
	return true;
}
