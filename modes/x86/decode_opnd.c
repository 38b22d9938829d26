/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder's operands: from a row's operand codes and the fields of the
 * encoding to resolved operands.
 */
#include "modes/x86/decode_priv.h"

static const uint8_t place_tab[T_COUNT] = {
	[T_G] = PLACE_REG, [T_S] = PLACE_REG, [T_C] = PLACE_REG,
	[T_D] = PLACE_REG, [T_V] = PLACE_REG, [T_K] = PLACE_REG,
	[T_P] = PLACE_REG,
	[T_E] = PLACE_RM, [T_R] = PLACE_RM, [T_RF] = PLACE_RM,
	[T_M] = PLACE_RM, [T_MV] = PLACE_RM, [T_W] = PLACE_RM,
	[T_U] = PLACE_RM, [T_KE] = PLACE_RM, [T_KR] = PLACE_RM,
	[T_Q] = PLACE_RM, [T_N] = PLACE_RM, [T_STI] = PLACE_RM,
	[T_B] = PLACE_VVVV, [T_H] = PLACE_VVVV, [T_KV] = PLACE_VVVV,
	[T_Z] = PLACE_OPCODE,
	[T_I] = PLACE_IMM, [T_IS] = PLACE_IMM, [T_I2] = PLACE_IMM,
	[T_J] = PLACE_IMM, [T_FARP] = PLACE_IMM, [T_O] = PLACE_IMM,
	[T_L] = PLACE_IS4,
};

static const uint8_t fixed_size[S_COUNT] = {
	[S_1] = 1, [S_2] = 2, [S_4] = 4, [S_6] = 6, [S_8] = 8, [S_10] = 10,
	[S_16] = 16, [S_32] = 32, [S_64] = 64, [S_16u] = 16,
};

/* Sizes that depend on the general registers' or the address size. */
static unsigned
gpr_size(const struct insn *i, unsigned s, bool mem)
{
	unsigned y = i->w && i->mode == MODE_64 ? 8 : 4;

	switch (s) {
	case S_v:
		return i->op_bytes;
	case S_z:
	case S_sx:
		return i->op_bytes == 2 ? 2 : 4;
	case S_y:
		return y;
	case S_c:
		return i->mode == MODE_64 ? 8 : 4;
	case S_p:
		return i->op_bytes + 2;
	case S_dt:
		return i->mode == MODE_64 ? 10 : 6;
	case S_a2:
		return 2 * i->op_bytes;
	case S_ad:
		return i->addr_bytes;
	case S_r4m1:
		return mem ? 1 : 4;
	case S_r4m2:
		return mem ? 2 : 4;
	case S_rvm2:
		return mem ? 2 : i->op_bytes;
	case S_rym1:
		return mem ? 1 : y;
	case S_rym2:
		return mem ? 2 : y;
	case S_env:
		return i->op_bytes == 2 ? 14 : 28;
	case S_sav:
		return i->op_bytes == 2 ? 94 : 108;
	default:
		return 0;
	}
}

static unsigned
vector_size(const struct insn *i, unsigned s, bool mem)
{
	bool bcast = mem && i->evex_b;

	switch (s) {
	case S_vl: case S_c1: case S_c2: case S_c4: case S_c8:
		return i->vl;
	case S_vl2:
		return i->vl / 2;
	case S_vl4:
		return i->vl / 4;
	case S_vl8:
		return i->vl / 8;
	case S_dup:
		return i->vl == 16 ? 8 : i->vl;
	case S_f2:
		return bcast ? 2 : i->vl;
	case S_f4:
		return bcast ? 4 : i->vl;
	case S_f8:
		return bcast ? 8 : i->vl;
	case S_h2:
		return bcast ? 2 : i->vl / 2;
	case S_h4:
		return bcast ? 4 : i->vl / 2;
	case S_q2:
		return bcast ? 2 : i->vl / 4;
	default:
		return 0;
	}
}

static inline unsigned
size_of(const struct insn *i, unsigned s, bool mem)
{
	if (likely(s == S_v))
		return i->op_bytes;
	if (s <= S_16u)
		return fixed_size[s];
	return s < S_vl ? gpr_size(i, s, mem) : vector_size(i, s, mem);
}

unsigned
insn_disp8_scale(const struct insn *i)
{
	const uint16_t *operand = i->desc->operand;
	unsigned k;

	if (i->enc != ENC_EVEX)
		return 1;
	for (k = 0; k < INSN_MAX_OPNDS; k++) {
		unsigned t = OPND_TYPE(operand[k]);
		unsigned s = OPND_SIZE(operand[k]);

		if (t != T_W && t != T_M && t != T_MV && t != T_E)
			continue;
		if (s >= S_c1 && s <= S_c8)
			return 1 << (s - S_c1);
		return size_of(i, s, true);
	}
	return 1;
}

/* --- kinds --- */

static inline void
set_gpr(const struct insn *i, struct opnd *o, unsigned reg)
{
	o->kind = OPND_GPR;
	o->reg = reg;
	if (o->size == 1 && reg >= 4 && reg < 8 && i->rex == 0 &&
	    i->enc == ENC_LEGACY) {
		o->reg = reg - 4;
		o->high8 = true;
	}
}

static void
set_mem(struct insn *i, struct opnd *o)
{
	o->kind = OPND_MEM;
	i->has_mem = true;
	i->mem_size = o->size;
	i->mem_access = o->access;
	i->mem.broadcast = i->enc == ENC_EVEX && i->evex_b;
}

static inline unsigned
data_seg(const struct insn *i)
{
	return i->seg_override != REG_NONE ? i->seg_override : SEG_DS;
}

/* Memory addressed by one register that is not in ModRM. */
static void
set_mem_at(struct insn *i, struct opnd *o, unsigned base)
{
	set_mem(i, o);
	i->mem.base = base;
	i->mem.scale = 1;
	i->mem.seg = data_seg(i);
}

static inline uint64_t
read_imm(const struct insn *i, const struct dec *c, unsigned at, unsigned len)
{
	uint64_t v = 0;
	unsigned k;

	for (k = 0; k < len; k++)
		v |= (uint64_t)c->bytes[at + k] << 8 * k;
	return v;
}

static inline int64_t
extend(uint64_t v, unsigned len)
{
	unsigned shift = 64 - 8 * len;

	return (int64_t)(v << shift) >> shift;
}

static void
set_imm(struct dec *c, struct opnd *o, unsigned type)
{
	struct insn *i = c->i;
	uint64_t v;

	switch (type) {
	case T_I2:
		o->kind = OPND_IMM2;
		i->imm2 = c->bytes[i->pos_imm + i->imm_len - 1];
		return;
	case T_FARP:
		o->kind = OPND_FAR;
		i->imm = read_imm(i, c, i->pos_imm, i->imm_len - 2);
		i->imm2 = read_imm(i, c, i->pos_imm + i->imm_len - 2, 2);
		return;
	case T_J:
		o->kind = OPND_REL;
		break;
	default:
		o->kind = OPND_IMM;
		break;
	}
	v = read_imm(i, c, i->pos_imm, MIN(o->size, i->imm_len));
	i->imm = type == T_I ? (int64_t)v : extend(v, MIN(o->size, 8));
}

static void
set_moffs(struct dec *c, struct opnd *o)
{
	struct insn *i = c->i;

	set_mem(i, o);
	i->mem.moffs = true;
	i->mem.scale = 1;
	i->mem.seg = data_seg(i);
	i->mem.disp = read_imm(i, c, i->pos_imm, i->imm_len);
}

static void
set_reg(struct opnd *o, unsigned kind, unsigned reg)
{
	o->kind = kind;
	o->reg = reg;
}

/* modrm.rm as an operand of one of the kinds that may be memory. */
static inline void
set_rm(struct insn *i, struct opnd *o, unsigned kind, unsigned reg)
{
	if (i->modrm < 0xc0)
		set_mem(i, o);
	else
		set_reg(o, kind, reg);
}

/* Control registers 0, 2, 3, 4, 8 exist; debug registers 0 to 7. */
static int
set_control(struct dec *c, struct opnd *o, unsigned type)
{
	unsigned reg = c->i->reg;

	if (type == T_D) {
		set_reg(o, OPND_DR, reg);
		return reg < 8 ? 1 : INSN_UD;
	}
	if (c->i->lock)
		reg = 8;
	set_reg(o, OPND_CR, reg);
	return reg < 16 && (0x11dU >> reg & 1) ? 1 : INSN_UD;
}

static int
set_sreg(struct dec *c, struct opnd *o)
{
	unsigned reg = c->i->modrm >> 3 & 7;

	set_reg(o, OPND_SREG, reg);
	if (reg > SEG_GS || (reg == SEG_CS && (o->access & ACC_W)))
		return INSN_UD;
	return 1;
}

static int
set_opmask(struct dec *c, struct opnd *o, unsigned type)
{
	struct insn *i = c->i;
	unsigned reg;

	if (type == T_KE && i->modrm < 0xc0) {
		set_mem(i, o);
		return 1;
	}
	if (type == T_K)
		reg = i->reg | c->r2;
	else if (type == T_KV)
		reg = i->vvvv;
	else
		reg = i->modrm & 7;
	set_reg(o, OPND_K, reg & 7);
	return reg < 8 ? 1 : INSN_UD;
}

static int
set_rare(struct dec *c, struct opnd *o, unsigned type)
{
	struct insn *i = c->i;

	switch (type) {
	case T_MDI:
		set_mem_at(i, o, RDI);
		break;
	case T_MAX:
		set_mem_at(i, o, RAX);
		break;
	case T_O:
		set_moffs(c, o);
		break;
	case T_ES: case T_CS: case T_SS: case T_DS: case T_FS: case T_GS:
		set_reg(o, OPND_SREG, type - T_ES + SEG_ES);
		break;
	case T_S:
		return set_sreg(c, o);
	case T_C: case T_D:
		return set_control(c, o, type);
	case T_K: case T_KE: case T_KR: case T_KV:
		return set_opmask(c, o, type);
	case T_X0:
		set_reg(o, OPND_XMM, 0);
		break;
	case T_ST0:
		set_reg(o, OPND_ST, 0);
		break;
	case T_STI:
		set_reg(o, OPND_ST, i->modrm & 7);
		break;
	case T_X:
		o->kind = OPND_STR_SRC;
		i->mem.seg = data_seg(i);
		break;
	case T_Y:
		o->kind = OPND_STR_DST;
		break;
	case T_ONE:
		o->kind = OPND_ONE;
		i->imm = 1;
		break;
	}
	return 1;
}

/* The vector register that modrm.rm names: EVEX.X is its top bit. */
static inline unsigned
vector_rm(const struct dec *c)
{
	return (c->i->modrm & 7) | c->b |
	    (c->i->enc == ENC_EVEX ? c->x << 1 : 0);
}

static int
set_vector(struct dec *c, struct opnd *o, unsigned type)
{
	struct insn *i = c->i;

	switch (type) {
	case T_V:
		set_reg(o, OPND_XMM, i->reg | c->r2);
		return 1;
	case T_W: case T_U:
		set_rm(i, o, OPND_XMM, vector_rm(c));
		return 1;
	case T_H:
		set_reg(o, OPND_XMM, i->vvvv);
		return 1;
	case T_L:
		i->imm = c->bytes[i->pos_imm];
		set_reg(o, OPND_XMM, (i->imm & 0xff) >>
		    4 & (i->mode == MODE_64 ? 15 : 7));
		return 1;
	case T_P:
		set_reg(o, OPND_MMX, i->reg & 7);
		return 1;
	default:		/* T_Q, T_N */
		set_rm(i, o, OPND_MMX, i->modrm & 7);
		return 1;
	}
}

static inline int
set_kind(struct dec *c, struct opnd *o, unsigned type)
{
	struct insn *i = c->i;

	switch (type) {
	case T_G:
		if (c->r2)
			return INSN_UD;
		set_gpr(i, o, i->reg);
		return 1;
	case T_E:
		if (i->modrm < 0xc0) {
			set_mem(i, o);
			return 1;
		}
		fallthrough;
	case T_R: case T_RF:
		set_gpr(i, o, i->rm);
		return 1;
	case T_M: case T_MV:
		set_mem(i, o);
		return 1;
	case T_Z:
		set_gpr(i, o, (i->opcode & 7) | c->b);
		return 1;
	case T_B:
		set_gpr(i, o, i->vvvv);
		return i->vvvv < 16 ? 1 : INSN_UD;
	case T_RAX: case T_RCX: case T_RDX: case T_RBX:
		set_reg(o, OPND_GPR, type - T_RAX + RAX);
		return 1;
	case T_I: case T_IS: case T_I2: case T_J: case T_FARP:
		set_imm(c, o, type);
		return 1;
	case T_V: case T_W: case T_U: case T_H: case T_L:
	case T_P: case T_Q: case T_N:
		return set_vector(c, o, type);
	default:
		return set_rare(c, o, type);
	}
}

/* --- access --- */

static const uint8_t access_tab[8] = {
	[A_R] = ACC_R, [A_W] = ACC_W, [A_RW] = ACC_RW, [A_NONE] = 0,
	[A_WC] = ACC_W | ACC_COND, [A_RWC] = ACC_RW | ACC_COND,
	[A_RC] = ACC_R | ACC_COND,
};

static inline bool
type_may_be_mem(unsigned t)
{
	return t == T_E || t == T_M || t == T_W || t == T_KE || t == T_Q ||
	    t == T_MV;
}

/* An element mask: merging reads the destination, memory may be spared. */
static unsigned
masked_access(const struct insn *i, unsigned access, unsigned type, bool mem)
{
	if (mem)
		return i->desc->attr & ATTR_MASKED_MEM ? access | ACC_COND :
		    access;
	if (type == T_K || !(access & ACC_W) || i->evex_z)
		return access;
	return access | ACC_R;
}

/* Gathers: destination, index and (VEX) mask must be three registers. */
static bool
registers_differ(const struct insn *i)
{
	unsigned a = i->opnd[0].reg;

	if (!(i->desc->match & M_NODUP))
		return true;
	if (i->mem.vsib) {
		if (a == i->mem.index)
			return false;
		return i->enc == ENC_EVEX || (i->opnd[2].reg != a &&
		    i->opnd[2].reg != i->mem.index);
	}
	return i->opnd[1].reg != a &&
	    (i->opnd[2].kind != OPND_XMM || i->opnd[2].reg != a);
}

int
insn_operands(struct dec *c)
{
	struct insn *i = c->i;
	const uint16_t *operand = i->desc->operand;
	unsigned k;

	i->reg = (i->modrm >> 3 & 7) | c->r;
	i->rm = (i->modrm & 7) | c->b;
	i->cond = i->opcode & 15;
	for (k = 0; k < INSN_MAX_OPNDS && operand[k]; k++) {
		struct opnd *o = &i->opnd[k];
		unsigned type = OPND_TYPE(operand[k]);
		bool mem = i->modrm < 0xc0 && type_may_be_mem(type);

		o->place = place_tab[type];
		o->size = size_of(i, OPND_SIZE(operand[k]), mem);
		if (unlikely(OPND_SIZE(operand[k]) == S_sx) && c->amd)
			o->size = 4;
		o->access = access_tab[OPND_ACC(operand[k])];
		if (i->aaa)
			o->access = masked_access(i, o->access, type, mem);
		if (unlikely(set_kind(c, o, type) < 0))
			return INSN_UD;
	}
	i->n_opnd = k;
	if (unlikely(i->desc->match & M_NODUP) && !registers_differ(i))
		return INSN_UD;
	return 1;
}
