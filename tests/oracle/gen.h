/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sequence in the making, shared by gen.c (which rows, and the layout),
 * gen_insn.c (one instruction of a row) and flow.c (loops, calls, returns).
 */
#ifndef TRIVISOR_TESTS_ORACLE_GEN_H
#define TRIVISOR_TESTS_ORACLE_GEN_H

#include "tests/oracle/tmpl.h"

#define GEN_LABELS 16
/* What item.target may be beside an item's number. */
enum { TARGET_NONE = -1, TARGET_ANYWHERE = -2, TARGET_LABEL = -100 };

struct item {
	uint8_t bytes[INSN_MAX_LEN];
	uint8_t len;
	uint16_t row;
	uint8_t rel_pos, rel_len;	/* branch displacement, or 0 */
	int target;			/* item that the branch goes to, or: */
	uint8_t rip_pos;		/* RIP-relative disp32, or 0 */
	uint64_t rip_to;		/* ... and what it must reach */
	int code_imm;			/* imm64 at 2: address of that item */
};

/* One sequence in the making. */
struct gen {
	struct rng r;
	struct seq *q;
	struct item it[SEQ_MAX_INSNS];
	unsigned n;
	uint32_t clean;		/* GPRs that still hold their initial value */
	uint32_t used;		/* ... and that somebody relies on */
	uint32_t reserved;	/* ... and that no row may write */
	unsigned near;		/* most addresses are by this register, or none */
	bool rcx_written;	/* not by our own MOV: no loop can count */
	bool plain;		/* flow.c is at work: no rows that branch */
	int label[GEN_LABELS];	/* items */
	unsigned n_labels;
};

/* --- gen_insn.c --- */
void put_le(uint8_t *p, uint64_t v, unsigned n);
/* Address of the nth page of data that exists. */
uint64_t page_va(unsigned i);
/* Where an access of size bytes should go. */
uint64_t pick_target(struct rng *r, unsigned size, bool aligned, bool write);
/* An instruction of that row, decoded into *in as well. */
bool make(struct gen *g, unsigned row, struct item *o, struct insn *in);
/* False, and nothing noted, if it writes a reserved register. */
bool mark_written(struct gen *g, const struct insn *in);

/* --- gen.c --- */
struct item *push_item(struct gen *g, const struct item *o);
/* mov $v, %reg as an item of its own; any register, no row is counted. */
void put_mov(struct gen *g, unsigned reg, uint64_t v, int code_of);
/* One of the rows, at random. */
bool put_any_row(struct gen *g);

/* --- flow.c --- */
/* Add some control flow with rows in it; room for it may be lacking. */
void put_flow(struct gen *g);

#endif
