/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder's memory operand: ModRM, SIB and displacement in 16-, 32- and
 * 64-bit addressing (SDM 2 2.1.5, 2.2.1; EVEX's disp8*N 2.7.5).
 */
#include "modes/x86/decode_priv.h"

static inline int64_t
fetch(const struct dec *c, unsigned at, unsigned len)
{
	const uint8_t *p = c->bytes + at;
	uint64_t v = 0;
	unsigned k;

	switch (len) {
	case 1:
		return (int8_t)p[0];
	case 2:
		return (int16_t)(p[0] | p[1] << 8);
	case 4:
		return (int32_t)(p[0] | p[1] << 8 | p[2] << 16 |
		    (uint32_t)p[3] << 24);
	}
	for (k = 0; k < len; k++)
		v |= (uint64_t)p[k] << 8 * k;
	return v;
}

static int
displacement(struct dec *c, unsigned len, unsigned scale)
{
	struct insn *i = c->i;

	if (!have(c, len))
		return INSN_SHORT;
	i->pos_disp = c->at;
	i->disp_len = len;
	i->mem.disp = fetch(c, c->at, len) * scale;
	c->at += len;
	return 1;
}

static int
memory16(struct dec *c)
{
	static const uint8_t base[8] = {
		RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX,
	};
	struct insn *i = c->i;
	unsigned mod = i->modrm >> 6, rm = i->modrm & 7;

	if (insn_has_vsib(i->desc))
		return INSN_UD;
	i->mem.base = base[rm];
	i->mem.index = REG_NONE;
	if (rm < 4)
		i->mem.index = rm & 1 ? RDI : RSI;
	if (mod == 0 && rm == 6) {
		i->mem.base = REG_NONE;
		return displacement(c, 2, 1);
	}
	if (mod == 0)
		return 1;
	return mod == 1 ? displacement(c, 1, insn_disp8_scale(i)) :
	    displacement(c, 2, 1);
}

static int
sib(struct dec *c)
{
	struct insn *i = c->i;
	unsigned index;

	if (!have(c, 1))
		return INSN_SHORT;
	i->has_sib = true;
	i->sib = c->bytes[c->at++];
	index = (i->sib >> 3 & 7) | c->x;
	i->mem.scale = 1 << (i->sib >> 6);
	i->mem.base = (i->sib & 7) | c->b;
	i->mem.vsib = insn_has_vsib(i->desc);
	if (i->mem.vsib)
		i->mem.index = index | (i->enc == ENC_EVEX ?
		    i->vvvv & 16 : 0);
	else if (index != 4)
		i->mem.index = index;
	if ((i->sib & 7) == 5 && i->modrm < 0x40) {
		i->mem.base = REG_NONE;
		return displacement(c, 4, 1);
	}
	return 1;
}

static int
memory32(struct dec *c)
{
	struct insn *i = c->i;
	unsigned mod = i->modrm >> 6, rm = i->modrm & 7;
	int rc;

	i->mem.base = rm | c->b;
	i->mem.index = REG_NONE;
	if (rm == 4) {
		rc = sib(c);
		if (rc <= 0 || i->disp_len)
			return rc;
	} else if (insn_has_vsib(i->desc)) {
		return INSN_UD;
	} else if (rm == 5 && mod == 0) {
		i->mem.base = REG_NONE;
		i->mem.rip_rel = i->mode == MODE_64;
		return displacement(c, 4, 1);
	}
	if (mod == 0)
		return 1;
	return mod == 1 ? displacement(c, 1, insn_disp8_scale(i)) :
	    displacement(c, 4, 1);
}

int
insn_memory(struct dec *c)
{
	struct insn *i = c->i;
	int rc;

	i->mem.scale = 1;
	rc = i->addr_bytes == 2 ? memory16(c) : memory32(c);
	if (rc <= 0)
		return rc;
	i->mem.seg = SEG_DS;
	if (i->mem.base == RSP || i->mem.base == RBP)
		i->mem.seg = SEG_SS;
	if (i->seg_override != REG_NONE)
		i->mem.seg = i->seg_override;
	return 1;
}
