/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions that run as they are: integer, SSE/AVX/AVX-512, x87, MMX.
 * Only register fields of general registers and the memory operand change;
 * opcode, vector registers, immediates and flags stay the guest's.
 *
 * Guest registers without a home are loaded into a scratch register before and
 * stored after; an implied RCX (shift counts) is copied to the host's rcx.
 */
#include "modes/bt/gen.h"

/* How the rewritten instruction is encoded. */
struct native {
	uint8_t reg, rm, vvvv, low3;	/* new numbers */
	bool rm_is_gpr, reg_is_gpr, vvvv_is_gpr, low3_is_gpr;
	bool mem;
	uint8_t base, index;	/* of the memory operand: host registers */
	bool force_rex;		/* a byte register 4..7 that is not AH..BH */
	bool no_rex;		/* AH..BH are named */
	uint8_t temp[4];	/* free scratch registers */
	unsigned n_temp;
	struct {
		uint8_t guest, host;
		bool dirty;
	} back[4];		/* guest registers in scratch registers */
	unsigned n_back;
	bool rcx_used, rcx_back;
	bool lost;		/* r10 or rcx is overwritten: gen_near.c */
};

static bool
take_temp(struct gen *g, struct native *n, uint8_t *host)
{
	if (!n->n_temp && n->mem && n->index != H_NONE && !n->no_rex) {
		/* Fold the address into one register to gain the other. */
		lea_rr(&g->e, S_A, n->base, n->index);
		n->temp[n->n_temp++] = n->index;
		n->lost = true;
		n->base = S_A;
		n->index = H_NONE;
	}
	if (!n->n_temp)
		return false;
	*host = n->temp[--n->n_temp];
	n->lost |= *host != S_B;
	return true;
}

/* The host register to use for a GPR operand. */
static bool
place_gpr(struct gen *g, struct native *n, const struct opnd *o, uint8_t *host)
{
	bool write = o->access & ACC_W;

	if (n->no_rex) {
		/* RCX in its own register; RSP and r8+ cannot be encoded. */
		if (o->reg == RCX) {
			n->rcx_back |= write;
			*host = H_RCX;
			return true;
		}
		*host = bt_home[o->reg];
		return *host < 8;
	}
	if (bt_home[o->reg] != H_NONE) {
		*host = bt_home[o->reg];
		if (o->size == 1 && *host >= 4 && *host < 8)
			n->force_rex = true;
		return true;
	}
	for (unsigned k = 0; k < n->n_back; k++)
		if (n->back[k].guest == o->reg) {
			n->back[k].dirty |= write;
			*host = n->back[k].host;
			return true;
		}
	if (n->n_back == ARRAY_LEN(n->back) || !take_temp(g, n, host))
		return false;
	load_gs(&g->e, *host, GS_GPR(o->reg));
	n->back[n->n_back].guest = o->reg;
	n->back[n->n_back].dirty = write;
	n->back[n->n_back++].host = *host;
	return true;
}

static bool
place_operand(struct gen *g, struct native *n, const struct opnd *o)
{
	uint8_t host;

	if (o->kind != OPND_GPR)
		return true;
	if (o->place == PLACE_FIXED)
		return o->reg == RAX || o->reg == RDX || o->reg == RCX ||
		    o->reg == RBX;
	if (!place_gpr(g, n, o, &host))
		return false;
	if (o->high8)
		host += 4;
	switch (o->place) {
	case PLACE_REG:
		n->reg = host;
		n->reg_is_gpr = true;
		return true;
	case PLACE_RM:
		n->rm = host;
		n->rm_is_gpr = true;
		return true;
	case PLACE_VVVV:
		n->vvvv = host;
		n->vvvv_is_gpr = true;
		return true;
	case PLACE_OPCODE:
		n->low3 = host;
		n->low3_is_gpr = true;
		return true;
	default:
		return false;
	}
}

static bool
wants_rcx(const struct insn *i)
{
	if ((i->desc->gpr_read | i->desc->gpr_write) & 1u << RCX)
		return true;
	for (unsigned k = 0; k < i->n_opnd; k++)
		if (i->opnd[k].kind == OPND_GPR && i->opnd[k].reg == RCX &&
		    i->opnd[k].place == PLACE_FIXED)
			return true;
	return false;
}

static bool
has_high8(const struct insn *i)
{
	for (unsigned k = 0; k < i->n_opnd; k++)
		if (i->opnd[k].kind == OPND_GPR && i->opnd[k].high8)
			return true;
	return false;
}

static bool
uses_rcx_field(const struct insn *i)
{
	for (unsigned k = 0; k < i->n_opnd; k++)
		if (i->opnd[k].kind == OPND_GPR && i->opnd[k].reg == RCX &&
		    i->opnd[k].place != PLACE_FIXED)
			return true;
	return false;
}

/* Check the memory operand and decide what stays free. */
static bool
prepare(struct gen *g, struct native *n)
{
	const struct insn *i = g->i;
	struct addr a;

	n->no_rex = has_high8(i);
	n->rcx_used = wants_rcx(i);
	if (n->no_rex && n->rcx_used)
		return false;
	if (i->has_mem) {
		a = gen_addr(g);
		g->near_ok = true;
		gen_check(g, &a, i->mem_size, i->mem_access & ACC_W);
		n->mem = true;
		n->base = S_A;
		n->index = S_B;
		if (n->no_rex) {
			if (uses_rcx_field(i))
				return false;
			lea_rr(&g->e, S_C, S_A, S_B);
			n->lost = true;
			n->base = S_C;
			n->index = H_NONE;
			return true;
		}
	} else {
		n->temp[n->n_temp++] = S_A;
	}
	if (n->rcx_used || (n->no_rex && uses_rcx_field(i))) {
		mov_rr(&g->e, H_RCX, H_R8);
		n->lost = true;
	} else {
		n->temp[n->n_temp++] = S_C;
	}
	/* The last one is taken first. */
	if (!n->mem)
		n->temp[n->n_temp++] = S_B;
	return true;
}

static void
put_modrm(struct gen *g, const struct native *n)
{
	if (!g->i->has_modrm)
		return;
	if (n->mem)
		emit_mem(&g->e, n->reg, n->base, n->index, 1, 0);
	else
		emit_modrm(&g->e, 3, n->reg, n->rm);
}

static void
put_imm(struct gen *g)
{
	for (unsigned k = 0; k < g->i->imm_len; k++)
		emit8(&g->e, g->i->bytes[g->i->pos_imm + k]);
}

static void
put_legacy(struct gen *g, const struct native *n)
{
	const struct insn *i = g->i;
	struct emit *e = &g->e;
	unsigned rex = i->w ? 8 : 0;
	unsigned low = n->low3_is_gpr ? n->low3 : n->mem ? n->base : n->rm;

	if (i->opsize)
		emit8(e, 0x66);
	if (i->rep && !(i->desc->attr & ATTR_XACQ))
		emit8(e, i->rep);
	if (i->lock)
		emit8(e, 0xf0);
	if (!n->no_rex) {
		rex |= (n->reg >> 3 & 1) << 2;
		if (n->mem && n->index != H_NONE)
			rex |= (n->index >> 3 & 1) << 1;
		if (n->mem || n->rm_is_gpr || n->low3_is_gpr || i->has_modrm)
			rex |= low >> 3 & 1;
	}
	if (rex || n->force_rex)
		emit8(e, 0x40 | rex);
	if (i->map != MAP_ONE)
		emit8(e, 0x0f);
	if (i->map == MAP_0F38)
		emit8(e, 0x38);
	else if (i->map == MAP_0F3A)
		emit8(e, 0x3a);
	emit8(e, n->low3_is_gpr ? (i->opcode & 0xf8u) | (n->low3 & 7u) :
	    i->opcode);
	put_modrm(g, n);
	put_imm(g);
}

/* Inverted R, X, B of the first VEX or EVEX payload byte. */
static unsigned
vex_rxb(const struct insn *i, const struct native *n, unsigned p)
{
	if (n->reg_is_gpr)
		p = (p & ~0x80u) | (~n->reg >> 3 & 1u) << 7;
	if (n->mem) {
		p = (p & ~0x20u) | (~n->base >> 3 & 1u) << 5;
		p = (p & ~0x40u) | (n->index == H_NONE ? 1u :
		    (~n->index >> 3 & 1u)) << 6;
	} else if (n->rm_is_gpr) {
		p = (p & ~0x20u) | (~n->rm >> 3 & 1u) << 5;
		p |= 0x40;
	}
	return p;
}

static void
put_vex(struct gen *g, const struct native *n)
{
	const struct insn *i = g->i;
	struct emit *e = &g->e;
	unsigned p1 = i->vex[1];

	if (n->vvvv_is_gpr)
		p1 = (p1 & ~0x78u) | (~n->vvvv & 15u) << 3;
	emit8(e, i->enc == ENC_VEX ? 0xc4 : 0x62);
	emit8(e, vex_rxb(i, n, i->vex[0]));
	emit8(e, p1);
	if (i->enc == ENC_EVEX)
		emit8(e, i->vex[2]);
	emit8(e, i->opcode);
	put_modrm(g, n);
	put_imm(g);
}

bool
gen_native(struct gen *g)
{
	const struct insn *i = g->i;
	struct native n = {
		.reg = i->reg, .rm = i->rm, .vvvv = i->vvvv,
		.base = H_NONE, .index = H_NONE,
	};

	if (!prepare(g, &n))
		return false;
	for (unsigned k = 0; k < i->n_opnd; k++)
		if (!place_operand(g, &n, &i->opnd[k]))
			return false;
	if (i->enc == ENC_LEGACY)
		put_legacy(g, &n);
	else
		put_vex(g, &n);
	for (unsigned k = 0; k < n.n_back; k++)
		if (n.back[k].dirty)
			store_gs(&g->e, n.back[k].host,
			    GS_GPR(n.back[k].guest));
	if (n.rcx_back || (i->desc->gpr_write & 1u << RCX))
		mov_rr(&g->e, H_R8, H_RCX);
	if (!n.lost)
		gen_near_after(g, i);
	return true;
}

bool
gen_lea(struct gen *g)
{
	const struct insn *i = g->i;
	struct emit *e = &g->e;
	struct addr a = gen_addr(g);
	unsigned dst = bt_home[i->opnd[0].reg];
	unsigned w = i->op_bytes == 8 ? W64 : W32;

	if (i->op_bytes == 2)
		return false;
	if (dst == H_NONE || a.konst || a.addr32) {
		gen_ea(g, S_B, &a, false);
		if (w == W32)
			op_rr(e, W32, OP_LOAD, S_B, S_B);
		gen_store(g, i->opnd[0].reg, S_B);
		return true;
	}
	if (bt_home[a.base == REG_NONE ? RAX : a.base] == H_NONE ||
	    (a.index != REG_NONE && bt_home[a.index] == H_NONE)) {
		gen_ea(g, S_B, &a, false);
		op_rr(e, w, OP_LOAD, dst, S_B);
		return true;
	}
	op_rmx(e, w, OP_LEA, dst, a.base == REG_NONE ? H_NONE : bt_home[a.base],
	    a.index == REG_NONE ? H_NONE : bt_home[a.index], a.scale,
	    (int32_t)a.disp);
	gen_near_after(g, i);
	return true;
}
