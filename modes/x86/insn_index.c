/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder's index: from map and opcode (and modrm.reg where an opcode is
 * a group) straight to the few rows that can apply.  It is derived from the
 * rows once per process, which takes some tens of microseconds.
 */
#include "modes/x86/insn_row.h"

static struct insn_index index_tab;
static unsigned n_sub, n_cand;

enum { INDEX_NONE, INDEX_BUILDING, INDEX_READY };
static int index_state;

/* Rows of one opcode, chained in the order of the table. */
#define MAX_ROWS 8192
static uint16_t head[SPACE_COUNT][256], next[MAX_ROWS];

static unsigned
space_of(const struct insn_desc *d)
{
	switch (d->enc) {
	case ENC_VEX:
		return SPACE_VEX + d->map - 1;
	case ENC_EVEX:
		return SPACE_EVEX + d->map - 1;
	default:
		return SPACE_ONE + d->map;
	}
}

static bool
type_is_mem(unsigned t)
{
	return t == T_M || t == T_MV;
}

static bool
type_is_reg(unsigned t)
{
	return t == T_R || t == T_U || t == T_KR || t == T_N || t == T_STI;
}

static bool
type_has_modrm(unsigned t)
{
	switch (t) {
	case T_G: case T_E: case T_RF: case T_S: case T_C: case T_D:
	case T_V: case T_W: case T_K: case T_KE: case T_P: case T_Q:
		return true;
	default:
		return type_is_mem(t) || type_is_reg(t);
	}
}

static bool
row_has_modrm(const struct insn_desc *d)
{
	unsigned k;

	if (d->match & (M_REG | M_RM | M_MOD))
		return true;
	for (k = 0; k < INSN_MAX_OPNDS; k++)
		if (type_has_modrm(OPND_TYPE(d->operand[k])))
			return true;
	return false;
}

static void
want(struct insn_cand *c, uint32_t mask, uint32_t value)
{
	c->mask |= mask;
	c->value |= value;
}

static void
compile_prefix(struct insn_cand *c, uint32_t m)
{
	switch (m & M_PP) {
	case M_NP:
	case M_66:
	case M_F3:
	case M_F2:
		want(c, KEY_PP, ((m & M_PP) - M_NP) << KEY_PP_SHIFT);
		break;
	case M_NP66:
		want(c, 2 << KEY_PP_SHIFT, 0);
		break;
	case M_REP:
		want(c, 2 << KEY_PP_SHIFT, 2 << KEY_PP_SHIFT);
		break;
	}
	if (m & M_NOREX_B)
		want(c, KEY_REX_B, 0);
}

static void
compile_modrm(struct insn_cand *c, const struct insn_desc *d)
{
	uint32_t m = d->match;
	unsigned k;

	if (m & M_REG)
		want(c, KEY_REG,
		    (m >> M_REG_SHIFT & 7) << KEY_REG_SHIFT);
	if (m & M_RM)
		want(c, KEY_RM, (m >> M_RM_SHIFT & 7) << KEY_RM_SHIFT);
	if ((m & M_MOD) == M_MEM)
		want(c, KEY_MEM, KEY_MEM);
	else if (m & M_MOD)
		want(c, KEY_MEM, 0);
	for (k = 0; k < INSN_MAX_OPNDS; k++) {
		if (type_is_mem(OPND_TYPE(d->operand[k])))
			want(c, KEY_MEM, KEY_MEM);
		else if (type_is_reg(OPND_TYPE(d->operand[k])))
			want(c, KEY_MEM, 0);
	}
}

static void
compile_size(struct insn_cand *c, const struct insn_desc *d)
{
	uint32_t m = d->match;

	switch (m & M_W) {
	case M_W0:
	case M_W1:
		want(c, KEY_W, (m & M_W) == M_W1 ? KEY_W : 0);
		break;
	case M_WG0:
	case M_WG1:
		want(c, KEY_W64, (m & M_W) == M_WG1 ? KEY_W64 : 0);
		break;
	}
	if (m & M_L)
		want(c, KEY_L, ((m & M_L) - M_L0) / M_L0 << KEY_L_SHIFT);
	if (m & M_O)
		want(c, KEY_OP, ((m & M_O) - M_O16) / M_O16 << KEY_OP_SHIFT);
	if (d->attr & ATTR_NO64)
		want(c, KEY_MODE64, 0);
	if (d->attr & ATTR_ONLY64)
		want(c, KEY_MODE64, KEY_MODE64);
	if (d->attr & ATTR_AMD)
		want(c, KEY_AMD, KEY_AMD);
}

static void
add_candidate(struct insn_slot *s, unsigned row)
{
	const struct insn_desc *d = &insn_tab[row];
	struct insn_cand *c = &index_tab.cand[n_cand++];

	BUG_ON(n_cand > ARRAY_LEN(index_tab.cand));
	c->row = row;
	compile_prefix(c, d->match);
	compile_modrm(c, d);
	compile_size(c, d);
	s->n++;
}

/* Candidates of one opcode; reg < 0: all, else those of a modrm.reg. */
static void
fill_slot(struct insn_slot *s, unsigned space, unsigned opcode, int reg)
{
	unsigned from = opcode, r;

	s->first = n_cand;
	for (;;) {
		for (r = head[space][from]; r; r = next[r - 1]) {
			const struct insn_desc *d = &insn_tab[r - 1];

			if (from != opcode && !(d->match & M_PLUS8))
				continue;
			if (reg >= 0 && (d->match & M_REG) &&
			    (int)(d->match >> M_REG_SHIFT & 7) != reg)
				continue;
			add_candidate(s, r - 1);
		}
		if (from == (opcode & ~7U))
			return;
		from = opcode & ~7U;
	}
}

static void
fill_opcode(unsigned space, unsigned opcode)
{
	struct insn_slot *s = &index_tab.slot[space][opcode];
	bool has_modrm = false, by_reg = false;
	unsigned r, reg;

	for (r = head[space][opcode]; r; r = next[r - 1]) {
		has_modrm |= row_has_modrm(&insn_tab[r - 1]);
		by_reg |= (insn_tab[r - 1].match & M_REG) != 0;
	}
	s->has_modrm = has_modrm;
	if (!by_reg) {
		fill_slot(s, space, opcode, -1);
		return;
	}
	s->by_reg = true;
	s->first = n_sub;
	s->n = 1;
	n_sub += 8;
	BUG_ON(n_sub > ARRAY_LEN(index_tab.sub));
	for (reg = 0; reg < 8; reg++)
		fill_slot(&index_tab.sub[s->first + reg], space, opcode, reg);
}

static void
index_build(void)
{
	unsigned r, space, opcode;

	BUG_ON(insn_tab_len > MAX_ROWS);
	for (r = insn_tab_len; r > 0; r--) {
		const struct insn_desc *d = &insn_tab[r - 1];
		uint16_t *h = &head[space_of(d)][d->opcode];

		next[r - 1] = *h;
		*h = r;
	}
	for (space = 0; space < SPACE_COUNT; space++)
		for (opcode = 0; opcode < 256; opcode++)
			fill_opcode(space, opcode);
}

const struct insn_index *
insn_index_get(void)
{
	int none = INDEX_NONE;

	/* Pairs with the release store below. */
	if (likely(__atomic_load_n(&index_state, __ATOMIC_ACQUIRE) ==
	    INDEX_READY))
		return &index_tab;
	if (__atomic_compare_exchange_n(&index_state, &none, INDEX_BUILDING,
	    false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		index_build();
		__atomic_store_n(&index_state, INDEX_READY, __ATOMIC_RELEASE);
	}
	while (__atomic_load_n(&index_state, __ATOMIC_ACQUIRE) != INDEX_READY)
		__builtin_ia32_pause();
	return &index_tab;
}
