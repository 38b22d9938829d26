/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions for the decoder's tests: from rows, so that every row is met,
 * and from random bytes, so that what is not an instruction is met as well.
 */
#include "tests/decoder/decoder.h"
#include "modes/x86/insn_row.h"

#include <string.h>

uint64_t
rng_next(struct rng *r)
{
	r->s ^= r->s >> 12;
	r->s ^= r->s << 25;
	r->s ^= r->s >> 27;
	return r->s * UINT64_C(0x2545f4914f6cdd1d);
}

unsigned
rng_below(struct rng *r, unsigned n)
{
	return (rng_next(r) >> 33) % n;
}

static bool
chance(struct rng *r, unsigned percent)
{
	return rng_below(r, 100) < percent;
}

static void
random_fill(struct rng *r, uint8_t *buf, unsigned n)
{
	unsigned k;

	for (k = 0; k < n; k++)
		buf[k] = rng_next(r) >> 40;
}

static unsigned
legacy_prefixes(struct rng *r, uint8_t *p, enum insn_mode mode)
{
	static const uint8_t all[] = {
		0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x64, 0x65, 0x2e, 0x36, 0x3e,
		0x26, 0x66, 0xf2, 0xf3,
	};
	unsigned n = 0;

	while (chance(r, 20) && n < 4)
		p[n++] = all[rng_below(r, sizeof(all))];
	if (mode == MODE_64 && chance(r, 5))
		p[n++] = 0x40 | rng_below(r, 16);
	return n;
}

/* ModRM as the row wants it; else any. */
static uint8_t
modrm_for(struct rng *r, const struct insn_desc *d)
{
	uint8_t m = rng_next(r) >> 40;
	unsigned k;

	if (chance(r, 30))
		m |= 0xc0;
	if (d->match & M_REG)
		m = (m & 0xc7) | (d->match >> M_REG_SHIFT & 7) << 3;
	if (d->match & M_RM)
		m = (m & 0x38) | 0xc0 | (d->match >> M_RM_SHIFT & 7);
	if ((d->match & M_MOD) == M_MOD3)
		m |= 0xc0;
	for (k = 0; k < INSN_MAX_OPNDS; k++) {
		unsigned t = OPND_TYPE(d->operand[k]);

		if ((t == T_M || t == T_MV) && m >= 0xc0)
			m &= 0x7f;
		if (t == T_MV)
			m = (m & 0xf8) | 4;
		if (t == T_R || t == T_U || t == T_KR || t == T_N)
			m |= 0xc0;
	}
	return m;
}

static bool
row_uses_vvvv(const struct insn_desc *d)
{
	unsigned k;

	for (k = 0; k < INSN_MAX_OPNDS; k++) {
		unsigned t = OPND_TYPE(d->operand[k]);

		if (t == T_H || t == T_B || t == T_KV)
			return true;
	}
	return false;
}

static unsigned
row_pp(struct rng *r, const struct insn_desc *d)
{
	switch (d->match & M_PP) {
	case M_NP: case M_66: case M_F3: case M_F2:
		return (d->match & M_PP) - M_NP;
	default:
		return chance(r, 70) ? 0 : rng_below(r, 4);
	}
}

static unsigned
row_w(struct rng *r, const struct insn_desc *d)
{
	switch (d->match & M_W) {
	case M_W0: case M_WG0:
		return 0;
	case M_W1: case M_WG1:
		return 1;
	default:
		return rng_below(r, 2);
	}
}

static unsigned
row_l(struct rng *r, const struct insn_desc *d, unsigned n)
{
	if (d->match & M_L)
		return ((d->match & M_L) - M_L0) / M_L0;
	return rng_below(r, n);
}

static unsigned
vex_for(struct rng *r, const struct insn_desc *d, enum insn_mode mode,
    uint8_t *p)
{
	unsigned vvvv = row_uses_vvvv(d) ? rng_below(r, 16) : 15;
	unsigned high = mode == MODE_64 ? rng_below(r, 8) << 5 :
	    0xc0 | rng_below(r, 2) << 5;
	unsigned w = row_w(r, d);

	p[0] = 0xc4;
	p[1] = high | d->map;
	p[2] = w << 7 | vvvv << 3 | row_l(r, d, 2) << 2 | row_pp(r, d);
	if (d->map == MAP_0F && !w && (high & 0x60) == 0x60 &&
	    chance(r, 50)) {
		p[0] = 0xc5;
		p[1] = (p[1] & 0x80) | (p[2] & 0x7f);
		return 2;
	}
	return 3;
}

static unsigned
evex_for(struct rng *r, const struct insn_desc *d, enum insn_mode mode,
    uint8_t *p)
{
	unsigned vvvv = row_uses_vvvv(d) ? rng_below(r, 32) : 31;
	unsigned high = mode == MODE_64 ? rng_below(r, 16) << 4 : 0xf0;
	unsigned b = chance(r, 25);
	unsigned aaa = 0, z = 0;

	if ((d->match & M_KREQ) || ((d->match & M_K) && chance(r, 50)))
		aaa = 1 + rng_below(r, 7);
	if (aaa && (d->match & M_Z))
		z = rng_below(r, 2);
	if (OPND_TYPE(d->operand[0]) == T_K)
		high |= 0x90;
	p[0] = 0x62;
	p[1] = high | d->map;
	p[2] = row_w(r, d) << 7 | (vvvv & 15) << 3 | 4 | row_pp(r, d);
	/* Outside 64-bit mode there are eight registers: V' is 1. */
	if (mode != MODE_64)
		vvvv |= 16;
	p[3] = z << 7 | row_l(r, d, 3) << 5 | b << 4 | (vvvv & 16) >> 1 | aaa;
	return 4;
}

static unsigned
legacy_for(struct rng *r, const struct insn_desc *d, enum insn_mode mode,
    uint8_t *p)
{
	static const uint8_t pp_byte[] = { 0, 0x66, 0xf3, 0xf2 };
	unsigned n = 0, pp = row_pp(r, d);

	if (pp)
		p[n++] = pp_byte[pp];
	if ((d->match & M_PP) == M_REP)
		p[n++] = 0xf2 + rng_below(r, 2);
	if (chance(r, 10))
		p[n++] = 0x66;
	if (mode == MODE_64 && (chance(r, 40) || row_w(r, d)))
		p[n++] = 0x40 | rng_below(r, 8) | row_w(r, d) << 3;
	if (d->map != MAP_ONE)
		p[n++] = 0x0f;
	if (d->map == MAP_0F38 || d->map == MAP_0F3A)
		p[n++] = d->map == MAP_0F38 ? 0x38 : 0x3a;
	return n;
}

void
gen_row(struct rng *r, const struct insn_desc *d, enum insn_mode mode,
    uint8_t buf[GEN_LEN])
{
	unsigned n = 0;

	random_fill(r, buf, GEN_LEN);
	if (chance(r, 10))
		buf[n++] = 0x67;
	if (chance(r, 10))
		buf[n++] = 0x64 + rng_below(r, 2);
	if ((d->attr & ATTR_LOCK) && chance(r, 30))
		buf[n++] = 0xf0;
	if (d->enc == ENC_VEX)
		n += vex_for(r, d, mode, buf + n);
	else if (d->enc == ENC_EVEX)
		n += evex_for(r, d, mode, buf + n);
	else
		n += legacy_for(r, d, mode, buf + n);
	buf[n++] = d->opcode + (d->match & M_PLUS8 ? rng_below(r, 8) : 0);
	buf[n] = modrm_for(r, d);
}

/* Any opcode behind any prefixes. */
static void
gen_wild(struct rng *r, enum insn_mode mode, uint8_t buf[GEN_LEN])
{
	unsigned n;

	random_fill(r, buf, GEN_LEN);
	n = legacy_prefixes(r, buf, mode);
	switch (rng_below(r, 8)) {
	case 0:
		buf[n] = 0xc4;
		buf[n + 1] = (buf[n + 1] & 0xe0) | (1 + rng_below(r, 3));
		break;
	case 1:
		buf[n] = 0xc5;
		break;
	case 2:
		buf[n] = 0x62;
		buf[n + 1] = (buf[n + 1] & 0xf0) | (1 + rng_below(r, 6));
		buf[n + 2] |= 4;
		break;
	case 3: case 4:
		buf[n] = 0x0f;
		break;
	case 5:
		buf[n] = 0x0f;
		buf[n + 1] = chance(r, 50) ? 0x38 : 0x3a;
		break;
	}
}

void
gen_insn(struct rng *r, enum insn_mode mode, uint8_t buf[GEN_LEN])
{
	if (chance(r, 50))
		gen_wild(r, mode, buf);
	else
		gen_row(r, &insn_tab[rng_below(r, insn_tab_len)], mode, buf);
}
