/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instruction decoder: prefixes, opcode, choice of the row, immediates
 * (SDM 2, chapter 2; APM 3, chapter 1).  decode_mem.c takes the memory operand
 * apart, decode_opnd.c works out what the operands are.
 *
 * Bytes are only looked at when the instruction needs them, in order, so that
 * INSN_SHORT means that hardware would have fetched one more as well.
 */
#include "modes/x86/decode_priv.h"

static enum insn_vendor vendor = INSN_AMD;

void
insn_decode_set_vendor(enum insn_vendor v)
{
	vendor = v;
}

/* A plain loop of stores: rep stos costs more than all the rest. */
static inline void
clear(struct insn *i)
{
	typedef uint64_t __attribute__((may_alias)) word;
	word *w = (word *)i;
	unsigned k;

	static_assert(sizeof(*i) % sizeof(word) == 0, "struct insn in words");
	for (k = 0; k < sizeof(*i) / sizeof(word); k++)
		w[k] = 0;
}

/* --- prefixes --- */

enum { P_NONE, P_SEG, P_66, P_67, P_LOCK, P_REP, P_REX };

static const uint8_t prefix_tab[256] = {
	[0x26] = P_SEG, [0x2e] = P_SEG, [0x36] = P_SEG, [0x3e] = P_SEG,
	[0x64] = P_SEG, [0x65] = P_SEG, [0x66] = P_66, [0x67] = P_67,
	[0xf0] = P_LOCK, [0xf2] = P_REP, [0xf3] = P_REP,
	[0x40 ... 0x4f] = P_REX,
};

static inline void
one_prefix(struct insn *i, uint8_t b, unsigned kind)
{
	switch (kind) {
	case P_SEG:
		if (b >= 0x64)
			i->seg_override = b - 0x64 + SEG_FS;
		else if (i->mode != MODE_64)
			i->seg_override = b >> 3 & 3;
		break;
	case P_66:
		i->opsize = true;
		break;
	case P_67:
		i->addrsize_override = true;
		break;
	case P_LOCK:
		i->lock = true;
		break;
	case P_REP:
		i->rep = b;
		break;
	}
}

/* Leaves c->at on the first opcode byte; a REX counts only right before it. */
static inline bool
prefixes(struct dec *c)
{
	struct insn *i = c->i;

	for (; c->at < c->end; c->at++) {
		uint8_t b = c->bytes[c->at];
		unsigned kind = prefix_tab[b];

		if (likely(kind == P_NONE))
			return true;
		if (kind == P_REX) {
			if (i->mode != MODE_64)
				return true;
			i->rex = b;
			i->n_prefix = c->at;
			continue;
		}
		one_prefix(i, b, kind);
		i->rex = 0;
		i->n_prefix = c->at + 1;
	}
	return false;
}

/* --- opcode --- */

static int
vex_prefix(struct dec *c, uint8_t first)
{
	struct insn *i = c->i;
	uint8_t b;

	if (i->opsize || i->rep || i->lock || i->rex)
		return INSN_UD;
	if (first == 0xc5) {
		if (!have(c, 3))
			return INSN_SHORT;
		b = c->bytes[c->at + 1];
		i->vex[0] = (b & 0x80) | 0x61;
		i->vex[1] = b & 0x7f;
		c->at += 2;
	} else {
		if (!have(c, 4))
			return INSN_SHORT;
		i->vex[0] = c->bytes[c->at + 1];
		i->vex[1] = c->bytes[c->at + 2];
		c->at += 3;
	}
	i->enc = ENC_VEX;
	i->map = i->vex[0] & 31;
	if (i->map < MAP_0F || i->map > MAP_0F3A)
		return INSN_UD;
	c->space = SPACE_VEX + i->map - 1;
	c->r = (~i->vex[0] & 0x80) >> 4;
	c->x = (~i->vex[0] & 0x40) >> 3;
	c->b = (~i->vex[0] & 0x20) >> 2;
	i->w = i->vex[1] >> 7;
	i->vvvv = ~i->vex[1] >> 3 & 15;
	c->l = i->vex[1] >> 2 & 1;
	c->pp = i->vex[1] & 3;
	return 1;
}

static int
evex_prefix(struct dec *c)
{
	struct insn *i = c->i;
	unsigned k;

	if (i->opsize || i->rep || i->lock || i->rex)
		return INSN_UD;
	if (!have(c, 5))
		return INSN_SHORT;
	for (k = 0; k < 3; k++)
		i->vex[k] = c->bytes[c->at + 1 + k];
	c->at += 4;
	i->enc = ENC_EVEX;
	i->map = i->vex[0] & 7;
	if ((i->vex[0] & 8) || !(i->vex[1] & 4) || i->map == 0 ||
	    i->map == 4 || i->map == 7)
		return INSN_UD;
	c->space = SPACE_EVEX + i->map - 1;
	c->r = (~i->vex[0] & 0x80) >> 4;
	c->x = (~i->vex[0] & 0x40) >> 3;
	c->b = (~i->vex[0] & 0x20) >> 2;
	c->r2 = ~i->vex[0] & 0x10;
	i->w = i->vex[1] >> 7;
	i->vvvv = (~i->vex[1] >> 3 & 15) | (~i->vex[2] & 8) << 1;
	c->l = i->vex[2] >> 5 & 3;
	c->pp = i->vex[1] & 3;
	i->evex_z = i->vex[2] >> 7;
	i->evex_b = i->vex[2] >> 4 & 1;
	i->aaa = i->vex[2] & 7;
	return 1;
}

/*
 * Outside 64-bit mode only eight registers exist: the bits that would name
 * more are ignored, except that R and X told VEX from LES, LDS and BOUND, that
 * EVEX.V' must be 1, and that an unused vvvv must be 1111 all the same.
 */
static inline int
eight_registers(struct dec *c)
{
	if (c->i->vvvv & 16)
		return INSN_UD;
	c->r = c->x = c->b = c->r2 = 0;
	c->v8 = c->i->vvvv & 8;
	c->i->vvvv &= 7;
	return 1;
}

static inline void
legacy_opcode(struct dec *c)
{
	struct insn *i = c->i;

	c->r = (i->rex & 4) << 1;
	c->x = (i->rex & 2) << 2;
	c->b = (i->rex & 1) << 3;
	i->w = i->rex >> 3 & 1;
	c->pp = i->rep ? i->rep == 0xf3 ? 2 : 3 : i->opsize;
}

/* Leaves c->at behind the opcode byte. */
static int
opcode(struct dec *c)
{
	struct insn *i = c->i;
	uint8_t b = c->bytes[c->at];
	int rc;

	if (unlikely(b == 0xc4 || b == 0xc5 || b == 0x62)) {
		if (!have(c, 2))
			return INSN_SHORT;
		if (i->mode == MODE_64 || c->bytes[c->at + 1] >= 0xc0) {
			rc = b == 0x62 ? evex_prefix(c) : vex_prefix(c, b);
			if (rc > 0 && i->mode != MODE_64)
				rc = eight_registers(c);
			if (rc <= 0)
				return rc;
			goto done;
		}
	}
	if (i->rex)
		c->at = i->n_prefix + 1;
	legacy_opcode(c);
	c->space = SPACE_ONE;
	if (b == 0x0f) {
		c->at++;
		if (!have(c, 1))
			return INSN_SHORT;
		b = c->bytes[c->at];
		c->space = SPACE_0F;
		if (b == 0x38 || b == 0x3a) {
			c->at++;
			if (!have(c, 1))
				return INSN_SHORT;
			c->space = b == 0x38 ? SPACE_0F38 : SPACE_0F3A;
		}
	}
	i->map = c->space;
done:
	i->pos_opcode = c->at;
	i->opcode = c->bytes[c->at++];
	return 1;
}

/* --- the row --- */

static inline uint32_t
make_key(const struct dec *c)
{
	const struct insn *i = c->i;
	uint32_t key = c->pp | (uint32_t)c->l << KEY_L_SHIFT;
	unsigned op;

	if (i->has_modrm)
		key |= (i->modrm < 0xc0 ? KEY_MEM : 0) |
		    (i->modrm >> 3 & 7) << KEY_REG_SHIFT |
		    (i->modrm & 7) << KEY_RM_SHIFT;
	if (i->w)
		key |= KEY_W;
	if (i->mode == MODE_64)
		key |= KEY_MODE64 | (i->w ? KEY_W64 : 0);
	if (i->w)
		op = 2;
	else
		op = (i->mode != MODE_16) ^ i->opsize;
	if (vendor == INSN_AMD)
		key |= KEY_AMD;
	return key | op << KEY_OP_SHIFT | (c->b ? KEY_REX_B : 0);
}

static int
choose_row(struct dec *c)
{
	const struct insn_index *x = insn_index_get();
	const struct insn_slot *s = &x->slot[c->space][c->i->opcode];
	const struct insn_cand *cand;
	struct insn *i = c->i;
	uint32_t key;
	unsigned k;

	if (s->n == 0)
		return INSN_UD;
	if (s->has_modrm) {
		if (!have(c, 1))
			return INSN_SHORT;
		i->has_modrm = true;
		i->pos_modrm = c->at;
		i->modrm = c->bytes[c->at++];
		if (s->by_reg)
			s = &x->sub[s->first + (i->modrm >> 3 & 7)];
	}
	/* A rounding mode takes the place of the length: 512 bits. */
	if (i->evex_b && i->modrm >= 0xc0)
		c->l = 2;
	key = make_key(c);
	cand = &x->cand[s->first];
	for (k = 0; k < s->n; k++) {
		if ((key & cand[k].mask) == cand[k].value) {
			i->desc = &insn_tab[cand[k].row];
			return 1;
		}
	}
	return INSN_UD;
}

/* --- operand and address size --- */

static unsigned
operand_size(const struct dec *c)
{
	const struct insn_desc *d = c->i->desc;
	const struct insn *i = c->i;
	bool half = i->opsize && (d->match & M_PP) != M_66;

	if (d->match & M_BYTE)
		return 1;
	if (i->mode != MODE_64) {
		if ((d->attr & ATTR_F64) && d->cls == CLASS_SYSTEM)
			return 4;
		return (i->mode == MODE_32) ^ half ? 4 : 2;
	}
	if (i->w) {
		if (d->match & M_MAX4)
			return 4;
		if ((d->match & M_FARW) && vendor == INSN_AMD)
			return 4;
		return 8;
	}
	if (d->attr & ATTR_F64)
		return half && d->cls == CLASS_BRANCH &&
		    vendor == INSN_AMD ? 2 : 8;
	if (half)
		return 2;
	return d->attr & ATTR_D64 ? 8 : 4;
}

/* VEX has mask operands only in instructions that have nothing else. */
static bool
opmask_only(const struct insn *i)
{
	unsigned a = OPND_TYPE(i->desc->operand[0]);
	unsigned b = OPND_TYPE(i->desc->operand[1]);

	return i->enc == ENC_VEX && ((a >= T_K && a <= T_KV) ||
	    (b >= T_K && b <= T_KV));
}

static void
sizes(struct dec *c)
{
	const struct insn_desc *d = c->i->desc;
	struct insn *i = c->i;

	c->amd = vendor == INSN_AMD;
	if (likely(i->enc == ENC_LEGACY))
		i->op_bytes = operand_size(c);
	else
		i->op_bytes = i->w && i->mode == MODE_64 ? 8 : 4;
	if (i->mode == MODE_64)
		i->addr_bytes = i->addrsize_override ? 4 : 8;
	else
		i->addr_bytes =
		    (i->mode == MODE_32) ^ i->addrsize_override ? 4 : 2;
	if (d->cls == CLASS_VEC && !opmask_only(i)) {
		i->vl = 16;
		if (i->enc != ENC_LEGACY && !(d->match & M_LIG))
			i->vl = 16 << c->l;
	}
}

/* --- what makes a chosen row #UD after all --- */

static bool
lock_allowed(struct dec *c)
{
	const struct insn_desc *d = c->i->desc;

	if (d->attr & ATTR_LOCK)
		return c->i->modrm < 0xc0 && c->i->has_modrm;
	/* LOCK MOV CR0 is how 32-bit code names CR8 on AMD. */
	return vendor == INSN_AMD && d->id == I_MOV &&
	    (d->opcode == 0x20 || d->opcode == 0x22) && d->map == MAP_0F &&
	    (c->i->modrm >> 3 & 7) == 0 && c->i->rex == 0;
}

static bool
uses_vvvv(const struct insn_desc *d)
{
	unsigned k;

	for (k = 0; k < INSN_MAX_OPNDS; k++) {
		unsigned t = OPND_TYPE(d->operand[k]);

		if (t == T_H || t == T_B || t == T_KV)
			return true;
	}
	return false;
}

static bool
has_broadcast(const struct insn_desc *d)
{
	unsigned k;

	for (k = 0; k < INSN_MAX_OPNDS; k++) {
		unsigned s = OPND_SIZE(d->operand[k]);

		if (s >= S_f2 && s <= S_q2)
			return true;
	}
	return false;
}

static bool
memory_first(const struct insn_desc *d)
{
	unsigned t = OPND_TYPE(d->operand[0]);

	return t == T_W || t == T_M || t == T_MV || t == T_E;
}

static bool
evex_allowed(const struct dec *c)
{
	const struct insn *i = c->i;
	uint32_t m = i->desc->match;

	if (i->aaa ? !(m & M_K) : (m & M_KREQ) || i->evex_z)
		return false;
	if (i->evex_z && (!(m & M_Z) ||
	    (i->modrm < 0xc0 && memory_first(i->desc))))
		return false;
	if (c->l == 3)
		return false;
	if (!i->evex_b)
		return true;
	if (i->modrm < 0xc0)
		return has_broadcast(i->desc);
	return m & (M_ER | M_SAE);
}

static bool
vex_allowed(struct dec *c)
{
	const struct insn_desc *d = c->i->desc;
	struct insn *i = c->i;

	if (!uses_vvvv(d)) {
		/* EVEX.V' is then the index register's top bit. */
		if (c->v8 | (i->vvvv & (insn_has_vsib(d) ? 15 : 31)))
			return false;
	}
	return i->enc == ENC_VEX || evex_allowed(c);
}

static int
check(struct dec *c)
{
	const struct insn *i = c->i;

	if (unlikely(i->lock) && !lock_allowed(c))
		return INSN_UD;
	if (i->enc != ENC_LEGACY && !vex_allowed(c))
		return INSN_UD;
	if (vendor == INSN_AMD && i->mode == MODE_64 &&
	    i->desc->id == I_SYSENTER)
		return INSN_UD;
	return 1;
}

/* --- immediates --- */

static unsigned
imm_size(const struct insn *i, unsigned size)
{
	switch (size) {
	case S_1:
		return 1;
	case S_2:
		return 2;
	case S_z:
		return i->op_bytes == 2 ? 2 : 4;
	case S_v:
		return i->op_bytes;
	default:
		return i->op_bytes + 2;		/* S_p */
	}
}

/* Length of an operand's immediate bytes; 0 if it has none. */
static inline unsigned
imm_len(const struct insn *i, unsigned code)
{
	switch (OPND_TYPE(code)) {
	case T_I: case T_IS: case T_I2: case T_J: case T_FARP:
		return imm_size(i, OPND_SIZE(code));
	case T_O:
		return i->addr_bytes;
	case T_L:
		return 1;
	default:
		return 0;
	}
}

static int
immediates(struct dec *c)
{
	const uint16_t *operand = c->i->desc->operand;
	struct insn *i = c->i;
	unsigned k, len;

	for (k = 0; k < INSN_MAX_OPNDS && operand[k]; k++) {
		len = imm_len(i, operand[k]);
		if (len == 0)
			continue;
		if (!have(c, len))
			return INSN_SHORT;
		if (i->imm_len == 0)
			i->pos_imm = c->at;
		i->imm_len += len;
		c->at += len;
	}
	return 1;
}

/* --- all together --- */

/* AMD's processors are done with UD0 and UD1 after two bytes. */
static bool
amd_short_ud(const struct dec *c)
{
	return vendor == INSN_AMD && c->space == SPACE_0F &&
	    (c->i->opcode == 0xff || c->i->opcode == 0xb9);
}

static inline int
decode(struct dec *c)
{
	int rc;

	if (!prefixes(c))
		return INSN_SHORT;
	rc = opcode(c);
	if (rc <= 0)
		return rc;
	rc = choose_row(c);
	if (rc <= 0)
		return rc;
	rc = check(c);
	if (rc <= 0)
		return rc;
	sizes(c);
	if (c->i->has_modrm && c->i->modrm < 0xc0 &&
	    OPND_TYPE(c->i->desc->operand[0]) != T_RF &&
	    OPND_TYPE(c->i->desc->operand[1]) != T_RF) {
		rc = insn_memory(c);
		if (rc <= 0)
			return rc;
	}
	rc = immediates(c);
	if (rc <= 0)
		return rc;
	return insn_operands(c);
}

int
insn_decode(struct insn *i, const uint8_t *bytes, size_t avail,
    enum insn_mode mode)
{
	struct dec c = {
		.i = i, .bytes = bytes, .end = MIN(avail, INSN_MAX_LEN),
	};
	unsigned k;
	int rc;

	clear(i);
	i->mode = mode;
	i->seg_override = REG_NONE;
	i->mem.base = i->mem.index = REG_NONE;
	rc = decode(&c);
	if (unlikely(rc == INSN_SHORT) && amd_short_ud(&c))
		rc = INSN_UD;
	i->len = c.at;
	if (likely(avail >= 16)) {
		__builtin_memcpy(i->bytes, bytes, INSN_MAX_LEN);
	} else {
		for (k = 0; k < c.end; k++)
			i->bytes[k] = bytes[k];
	}
	if (likely(rc > 0))
		return c.at;
	if (rc == INSN_SHORT && avail >= INSN_MAX_LEN)
		return INSN_LONG;
	return rc;
}

bool
insn_offered(const struct insn *i, const uint64_t *features)
{
	const struct insn_desc *d = i->desc;

#define HAS(f) ((f) == FEAT_NONE || \
    ((f) != FEAT_NEVER && (features[(f) / 64] >> (f) % 64 & 1)))
	if (!HAS(d->feature) || !HAS(d->feature2))
		return false;
	return !(d->attr & ATTR_VL) || i->vl == 64 || HAS(FEAT_AVX512VL);
#undef HAS
}
