/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the decoder share.
 */
#ifndef TRIVISOR_MODES_X86_DECODE_PRIV_H
#define TRIVISOR_MODES_X86_DECODE_PRIV_H

#include "modes/x86/insn_row.h"

/* One call of insn_decode(). */
struct dec {
	struct insn *i;
	const uint8_t *bytes;
	unsigned end;		/* how many of them may be looked at */
	unsigned at;		/* the next one */
	uint8_t r, x, b;	/* 8 if the prefix extends that field */
	uint8_t r2;		/* 16 for EVEX.R' */
	uint8_t v8;		/* vvvv's top bit outside 64-bit mode */
	uint8_t pp, l;
	uint8_t space;		/* enum insn_space */
	bool amd;
};

static inline bool
have(const struct dec *c, unsigned n)
{
	return c->end - c->at >= n;
}

static inline bool
insn_has_vsib(const struct insn_desc *d)
{
	return OPND_TYPE(d->operand[0]) == T_MV ||
	    OPND_TYPE(d->operand[1]) == T_MV;
}

/* SIB and displacement, into i->mem; 1, INSN_SHORT or INSN_UD. */
int insn_memory(struct dec *c);
/* What an EVEX disp8 is multiplied with (SDM 2 2.7.5); 1 for others. */
unsigned insn_disp8_scale(const struct insn *i);
/* Fill in opnd[], imm, imm2, reg, rm, mem_*; 1 or INSN_UD. */
int insn_operands(struct dec *c);

#endif
