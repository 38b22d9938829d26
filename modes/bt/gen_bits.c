/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BT, BTS, BTR, BTC on a bit string in memory (SDM 2, BT):
 * the register operand's upper bits choose the word, signed; its lower bits
 * the bit.  The word's address is computed without flags, and then the
 * instruction runs on that word with the bit number reduced to it.
 */
#include "modes/bt/gen.h"

/* S_B = address of the word; also to tmp_ea, for the slow path. */
static void
word_address(struct gen *g, const struct opnd *bit, bool wide)
{
	struct addr a = gen_addr(g);
	struct emit *e = &g->e;

	gen_ea(g, S_B, &a, true);
	gen_load(g, S_C, bit->reg);
	if (!wide)
		op_rr(e, W64, 0x63, S_C, S_C);		/* movsxd */
	mov_ri(e, S_A, wide ? 6 : 5);
	shx(e, SHX_SAR, W64, S_C, S_C, S_A);
	op_rmx(e, W64, OP_LEA, S_B, S_B, S_C, wide ? 8 : 4, 0);
	store_gs(e, S_B, GS(tmp_ea));
}

bool
gen_bit_test(struct gen *g)
{
	const struct insn *i = g->i;
	const struct opnd *bit = &i->opnd[1];
	struct addr word = { .saved = true };
	bool wide = i->op_bytes == 8;
	struct emit *e = &g->e;

	if (!g->t->bmi2 || i->op_bytes == 2 || i->addr_bytes != 8)
		return false;
	word_address(g, bit, wide);
	gen_check(g, &word, i->op_bytes, i->desc->id != I_BT);
	/* One register for the address, one for the count, one for the bit. */
	lea_rr(e, S_A, S_A, S_B);
	gen_load(g, S_C, bit->reg);
	mov_ri(e, S_B, wide ? 58 : 59 - 32);
	shx(e, SHX_SHL, wide ? W64 : W32, S_C, S_C, S_B);
	shx(e, SHX_SHR, wide ? W64 : W32, S_C, S_C, S_B);
	if (i->lock)
		emit8(e, 0xf0);
	op_rm(e, wide ? W64 : W32, 0x0f00u | i->opcode, S_C, S_A, 0);
	return true;
}
