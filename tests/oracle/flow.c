/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control flow around rows: loops that end, calls that return and some that
 * return elsewhere, recursion, indirect jumps that change their mind.  What a
 * translator chains, predicts and looks up is worth nothing to straight code.
 */
#include "tests/oracle/gen.h"

/* Room that each piece needs at most, in items. */
#define PIECE_ITEMS 26

static int
new_label(struct gen *g)
{
	return TARGET_LABEL - (int)g->n_labels++;
}

static void
bind(struct gen *g, int label)
{
	g->label[TARGET_LABEL - label] = (int)g->n;
}

/* An instruction of our own: n bytes, the last rel of them a displacement. */
static void
put_code(struct gen *g, uint64_t bytes, unsigned n, unsigned rel, int target)
{
	struct item o = {
		.len = (uint8_t)n, .row = UINT16_MAX, .target = target,
		.code_imm = TARGET_NONE, .rel_len = (uint8_t)rel,
		.rel_pos = (uint8_t)(n - rel),
	};

	/* First byte highest, as one writes it. */
	for (unsigned i = 0; i < n; i++)
		o.bytes[i] = (uint8_t)(i < n - rel ?
		    bytes >> 8 * (n - rel - 1 - i) : 0);
	push_item(g, &o);
}

static void
jump(struct gen *g, int to)
{
	put_code(g, 0xe9, 5, 4, to);
}

static void
jump_if(struct gen *g, unsigned cc, int to)
{
	put_code(g, 0x0f80 | cc, 6, 4, to);
}

static void
call(struct gen *g, int to)
{
	put_code(g, 0xe8, 5, 4, to);
}

/* REX.B and the register's low bits in a two-byte opcode. */
static void
put_reg(struct gen *g, unsigned rex, unsigned op, unsigned modrm, unsigned reg)
{
	put_code(g, (uint64_t)(0x40 | rex | reg >> 3) << 16 | op << 8 |
	    modrm | (reg & 7), 3, 0, TARGET_NONE);
}

static void
push_reg(struct gen *g, unsigned reg)
{
	put_code(g, (0x40 | reg >> 3) << 8 | 0x50 | (reg & 7), 2, 0,
	    TARGET_NONE);
}

static void
pop_reg(struct gen *g, unsigned reg)
{
	put_code(g, (0x40 | reg >> 3) << 8 | 0x58 | (reg & 7), 2, 0,
	    TARGET_NONE);
	g->clean &= ~(1u << reg);
}

static void
ret(struct gen *g, unsigned drop)
{
	if (drop)
		put_code(g, 0xc20000 | drop << 8, 3, 0, TARGET_NONE);
	else
		put_code(g, 0xc3, 1, 0, TARGET_NONE);
}

/* reg = address of a label, of this mapping (LEA) or the lower one (MOV). */
static void
address_of(struct gen *g, unsigned reg, int label)
{
	if (rng_chance(&g->r, 20)) {
		put_mov(g, reg, 0, label);
		return;
	}
	put_code(g, (uint64_t)(0x48 | (reg >> 3) << 2) << 16 | 0x8d05 |
	    (reg & 7) << 3, 7, 4, label);
	g->clean &= ~(1u << reg);
	g->rcx_written |= reg == RCX;
}

/* A register that rows shall leave alone from now on; not RSP. */
static unsigned
reserve(struct gen *g)
{
	unsigned reg;

	do
		reg = rng_below(&g->r, GPR_COUNT);
	while (reg == RSP || g->reserved >> reg & 1);
	g->reserved |= 1u << reg;
	g->clean &= ~(1u << reg);
	g->rcx_written |= reg == RCX;
	return reg;
}

static void
put_rows(struct gen *g, unsigned max)
{
	unsigned n = rng_below(&g->r, max + 1);

	while (n--)
		if (!put_any_row(g))
			(void)put_any_row(g);
}

/* --- the pieces --- */

static unsigned
begin_count(struct gen *g)
{
	unsigned reg = reserve(g);

	put_mov(g, reg, 1 + rng_below(&g->r, rng_chance(&g->r, 90) ? 8 : 60),
	    TARGET_NONE);
	return reg;
}

/* Once more, unless reg is down to zero. */
static void
end_count(struct gen *g, unsigned reg, int again)
{
	put_reg(g, 8, 0xff, 0xc8, reg);		/* dec */
	jump_if(g, 5, again);
}

static void
flow_loop(struct gen *g)
{
	unsigned reg = begin_count(g);
	int again = new_label(g);

	bind(g, again);
	put_rows(g, 3);
	end_count(g, reg, again);
}

static void
function(struct gen *g, int f, unsigned drop)
{
	bind(g, f);
	put_rows(g, 1);
	ret(g, drop);
}

/* The function behind its caller, or before it. */
static void
flow_call(struct gen *g)
{
	int f = new_label(g), over = new_label(g), again = new_label(g);
	bool loop = rng_chance(&g->r, 60), first = rng_chance(&g->r, 50);
	unsigned drop = rng_chance(&g->r, 25) ? 8 * rng_below(&g->r, 4) : 0;
	unsigned reg = RAX;

	if (first) {
		jump(g, over);
		function(g, f, drop);
		bind(g, over);
	}
	if (loop)
		reg = begin_count(g);
	bind(g, again);
	/* What it drops may have been pushed, or not. */
	for (unsigned k = 0; k < drop && rng_chance(&g->r, 80); k += 8)
		push_reg(g, RSI);
	call(g, f);
	put_rows(g, 1);
	if (rng_chance(&g->r, 50))
		call(g, f);
	if (loop)
		end_count(g, reg, again);
	if (!first) {
		over = new_label(g);
		jump(g, over);
		function(g, f, drop);
		bind(g, over);
	}
}

static void
flow_recursion(struct gen *g)
{
	int f = new_label(g), out = new_label(g), over = new_label(g);
	unsigned reg = begin_count(g);

	call(g, f);
	jump(g, over);
	bind(g, f);
	put_reg(g, 8, 0xff, 0xc8, reg);
	jump_if(g, 4, out);
	call(g, f);
	put_rows(g, 1);
	bind(g, out);
	ret(g, 0);
	bind(g, over);
}

/* A return that is none: the address is popped, or another one pushed. */
static void
flow_mismatch(struct gen *g)
{
	int f = new_label(g), to = new_label(g), over = new_label(g);
	unsigned reg = reserve(g), spare = reserve(g), count = begin_count(g);
	int again = new_label(g);

	bind(g, again);
	call(g, f);
	put_rows(g, 1);
	jump(g, over);
	bind(g, f);
	switch (rng_below(&g->r, 4)) {
	case 0:
		pop_reg(g, reg);
		put_reg(g, 0, 0xff, 0xe0, reg);
		break;
	case 1:
		address_of(g, reg, to);
		pop_reg(g, spare);
		push_reg(g, reg);
		ret(g, 0);
		break;
	case 2:
		/* The call stays unreturned: returns twice from here on. */
		address_of(g, reg, to);
		push_reg(g, reg);
		ret(g, 0);
		break;
	default:
		jump(g, to);
	}
	bind(g, to);
	put_rows(g, 1);
	bind(g, over);
	end_count(g, count, again);
}

/* A function that returns to its caller's caller. */
static void
flow_skip_level(struct gen *g)
{
	int f = new_label(g), inner = new_label(g), over = new_label(g);
	int again = new_label(g);
	unsigned reg = begin_count(g);

	bind(g, again);
	call(g, f);
	end_count(g, reg, again);
	jump(g, over);
	bind(g, f);
	call(g, inner);
	put_rows(g, 1);
	ret(g, 0);
	bind(g, inner);
	/* lea 8(%rsp), %rsp, more often than not. */
	if (rng_chance(&g->r, 70))
		put_code(g, 0x488d642408, 5, 0, TARGET_NONE);
	ret(g, 0);
	bind(g, over);
}

/* An indirect jump or call that goes to one place, then to another. */
static void
flow_indirect(struct gen *g)
{
	int a = new_label(g), b = new_label(g), again = new_label(g);
	int over = new_label(g);
	unsigned reg = reserve(g), other = reserve(g), count = begin_count(g);
	bool calls = rng_chance(&g->r, 50);

	bind(g, again);
	address_of(g, reg, a);
	/* cmp $3, count; cmovb */
	put_code(g, (uint64_t)(0x48 | count >> 3) << 24 | 0x83f803 |
	    (count & 7) << 8, 4, 0, TARGET_NONE);
	address_of(g, other, b);
	put_code(g, (uint64_t)(0x48 | (reg >> 3) << 2 | other >> 3) << 24 |
	    0x0f42c0 | (reg & 7) << 3 | (other & 7), 4, 0, TARGET_NONE);
	put_reg(g, 0, 0xff, calls ? 0xd0 : 0xe0, reg);
	if (calls)
		jump(g, over);
	bind(g, a);
	put_rows(g, 1);
	if (calls)
		ret(g, 0);
	else if (rng_chance(&g->r, 70))
		jump(g, over);
	bind(g, b);
	put_rows(g, 1);
	if (calls)
		ret(g, 0);
	bind(g, over);
	end_count(g, count, again);
}

/* Where am I? */
static void
flow_get_pc(struct gen *g)
{
	int here = new_label(g);

	call(g, here);
	bind(g, here);
	pop_reg(g, reserve(g));
	put_rows(g, 1);
}

/* From one page to the other and back, without calls. */
static void
flow_zigzag(struct gen *g)
{
	int a = new_label(g), b = new_label(g), c = new_label(g);
	int over = new_label(g);
	unsigned count = begin_count(g);

	jump(g, b);
	bind(g, a);
	put_rows(g, 1);
	jump(g, c);
	bind(g, b);
	put_rows(g, 2);
	jump(g, a);
	bind(g, over);
	put_code(g, 0x90, 1, 0, TARGET_NONE);
	bind(g, c);
	end_count(g, count, rng_chance(&g->r, 50) ? b : over);
}

void
put_flow(struct gen *g)
{
	static void (*const piece[])(struct gen *) = {
		flow_loop, flow_call, flow_call, flow_call, flow_recursion,
		flow_mismatch, flow_skip_level, flow_indirect, flow_indirect,
		flow_get_pc, flow_zigzag,
	};
	unsigned n = 1 + rng_below(&g->r, 2);

	g->q->branches = g->q->loops = true;
	if (rng_chance(&g->r, 90))
		g->reserved |= 1u << RSP;
	while (n-- && g->n + PIECE_ITEMS < SEQ_MAX_INSNS &&
	    g->n_labels + 5 < GEN_LABELS)
		piece[rng_below(&g->r, ARRAY_LEN(piece))](g);
	/* The count's register is free again. */
	g->reserved = g->near == REG_NONE ? 0 : 1u << g->near;
}
