/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sequences of 1 to 8 instructions, with a few helpers between, some
 * with control flow around them (flow.c).
 */
#include <string.h>

#include "tests/oracle/gen.h"

static const struct cpuid_table *offered;
static uint16_t *rows;
static unsigned n_rows;
unsigned gen_max_insns = 8;
unsigned gen_flow = 25;
unsigned gen_twins = 30;
const char *gen_only = "";
static uint16_t row_store[8192];

/* Of CLASS_SYSTEM and CLASS_FPSTATE only these. */
static bool
allowed_system(unsigned id)
{
	switch (id) {
	case I_RDFSBASE: case I_RDGSBASE: case I_WRFSBASE: case I_WRGSBASE:
	case I_LFENCE: case I_MFENCE: case I_SFENCE: case I_PAUSE:
	case I_CLFLUSH: case I_CLFLUSHOPT: case I_CLWB: case I_CLZERO:
	case I_NOP: case I_UD0: case I_UD1: case I_UD2:
	case I_LDMXCSR: case I_STMXCSR: case I_FNINIT: case I_FLDCW:
	case I_FNSTCW: case I_FNSTSW: case I_FNCLEX: case I_FLDENV:
	case I_FRSTOR: case I_FXRSTOR: case I_EMMS:
	case I_BT: case I_BTS: case I_BTR: case I_BTC:
		return true;
	default:
		return false;
	}
}

static bool
row_allowed(const struct insn_desc *d)
{
	if (d->attr & (ATTR_NO64 | ATTR_PRIV | ATTR_IOPL))
		return false;
	if (!cpuid_has(offered, d->feature) ||
	    !cpuid_has(offered, d->feature2))
		return false;
	switch (d->flow) {
	case FLOW_FAR: case FLOW_IRET: case FLOW_SYSCALL: case FLOW_SYSRET:
	case FLOW_SYSENTER: case FLOW_SYSEXIT:
		return false;
	case FLOW_INT:
		/* Virtualised hosts get the saved RIP of INT1 wrong. */
		return d->id != I_ICEBP;
	default:
		break;
	}
	switch (d->cls) {
	case CLASS_SYSTEM:
		/* Reading segment registers; they are as Linux has them. */
		if ((d->id == I_MOV && d->opcode == 0x8c) ||
		    (d->id == I_PUSH && d->map == MAP_0F))
			return true;
		return allowed_system(d->id);
	case CLASS_FPSTATE:
		return allowed_system(d->id);
	case CLASS_IO:
		return false;
	default:
		break;
	}
	switch (d->id) {
	/* Answers that may differ from one execution to the next. */
	case I_RDRAND: case I_RDSEED: case I_RDPID: case I_RDTSC:
	case I_RDTSCP: case I_CPUID: case I_RDPMC:
		return false;
	default:
		return true;
	}
}

bool
gen_wants(unsigned row)
{
	return row_allowed(&insn_tab[row]) && tmpl_rows[row].n;
}

int
gen_init(const struct cpuid_table *t)
{
	offered = t;
	rows = row_store;
	if (insn_tab_len > ARRAY_LEN(row_store) || tmpl_init())
		return -1;
	for (unsigned i = 0; i < insn_tab_len; i++)
		if (gen_wants(i) && strstr(insn_tab[i].name, gen_only))
			rows[n_rows++] = (uint16_t)i;
	return n_rows ? 0 : -1;
}

struct item *
push_item(struct gen *g, const struct item *o)
{
	struct item *n = &g->it[g->n++];

	*n = *o;
	return n;
}

void
put_mov(struct gen *g, unsigned reg, uint64_t v, int code_of)
{
	struct item o = { .len = 10, .row = UINT16_MAX, .target = -1,
		.code_imm = code_of };

	o.bytes[0] = (uint8_t)(0x48 | reg >> 3);
	o.bytes[1] = (uint8_t)(0xb8 | (reg & 7));
	put_le(o.bytes + 2, v, 8);
	push_item(g, &o);
	g->clean &= ~(1u << reg);
	g->rcx_written |= reg == RCX;
}

/* See to it that reg holds v: in the initial state, or by a MOV. */
static void
ensure(struct gen *g, unsigned reg, uint64_t v)
{
	uint32_t bit = 1u << reg;

	if (g->reserved & bit)
		return;
	if (g->clean & bit && !(g->used & bit)) {
		g->q->init.gpr[reg] = v;
		g->used |= bit;
	} else if (rng_chance(&g->r, 60)) {
		put_mov(g, reg, v, -1);
	}
}

/* Give implicit operands values with which something happens. */
static void
prepare_implicit(struct gen *g, const struct insn_desc *d)
{
	struct rng *r = &g->r;

	if (!rng_chance(r, 75))
		return;
	if (d->cls == CLASS_STRING) {
		ensure(g, RSI, pick_target(r, 8, false, false));
		ensure(g, RDI, pick_target(r, 8, false, true));
		ensure(g, RCX, rng_below(r, rng_chance(r, 80) ? 30 : 3000));
		return;
	}
	switch (d->id) {
	case I_DIV:
		ensure(g, RDX, 0);
		break;
	case I_IDIV:
		ensure(g, RDX, rng_chance(r, 80) ? 0 : UINT64_MAX);
		ensure(g, RAX, rng_next(r) >> (1 + rng_below(r, 60)));
		break;
	case I_XLAT:
		ensure(g, RBX, pick_target(r, 1, false, false));
		break;
	case I_LEAVE:
		ensure(g, RBP, STACK_VA - 64 + 8 * rng_below(r, 16));
		break;
	case I_MASKMOVDQU:
	case I_VMASKMOVDQU:
	case I_MASKMOVQ:
		ensure(g, RDI, pick_target(r, 16, false, true));
		break;
	case I_CLZERO:
		ensure(g, RAX, pick_target(r, 64, true, true));
		break;
	default:
		break;
	}
}

/* --- control flow --- */

/* Indirect branches and returns get a target that exists. */
static bool
put_indirect(struct gen *g, unsigned row, const struct insn_desc *d)
{
	int target = (int)g->n + 2 + (int)rng_below(&g->r, 2);
	struct item o;
	struct insn in;

	if (g->n + 6 > SEQ_MAX_INSNS || !make(g, row, &o, &in))
		return false;
	if (d->flow == FLOW_RET) {
		unsigned reg = RAX + rng_below(&g->r, 4);
		struct item push = { .len = 1, .row = UINT16_MAX,
			.target = -1, .code_imm = -1 };

		push.bytes[0] = (uint8_t)(0x50 | reg);
		put_mov(g, reg, 0, target + 1);
		push_item(g, &push);
	} else if (in.opnd[0].kind == OPND_GPR) {
		put_mov(g, in.opnd[0].reg, 0, target);
	} else if (in.has_mem && in.mem.base == REG_NONE && !in.mem.rip_rel &&
	    in.mem.index == REG_NONE && in.seg_override == REG_NONE) {
		/* mov $item, %rax; mov %rax, the operand. */
		struct item st = { .len = 8, .row = UINT16_MAX, .target = -1,
			.code_imm = -1 };

		st.bytes[0] = 0x48;
		st.bytes[1] = 0x89;
		st.bytes[2] = 0x04;
		st.bytes[3] = 0x25;
		put_le(st.bytes + 4, (uint64_t)in.mem.disp, 4);
		put_mov(g, RAX, 0, target + 1);
		push_item(g, &st);
	}
	if (!mark_written(g, &in))
		return false;
	push_item(g, &o);
	return true;
}

/* Bit strings: the register's bit shall mostly be in the data's pages. */
static void
prepare_bit(struct gen *g, const struct insn *in)
{
	switch (in->desc->id) {
	case I_BT: case I_BTS: case I_BTR: case I_BTC:
		if (in->has_mem && !in->imm_len && in->mem.base !=
		    in->opnd[1].reg && in->mem.index != in->opnd[1].reg &&
		    rng_chance(&g->r, 75))
			ensure(g, in->opnd[1].reg,
			    rng_below(&g->r, 8000) - UINT64_C(4000));
		break;
	default:
		break;
	}
}

static bool
put_row(struct gen *g, unsigned row)
{
	const struct insn_desc *d = &insn_tab[row];
	struct item o;
	struct insn in;

	if (g->n + 5 > SEQ_MAX_INSNS || (g->plain && d->flow != FLOW_NONE))
		return false;
	if (d->flow != FLOW_NONE)
		g->q->branches = true;
	if (d->flow == FLOW_JMP_IND || d->flow == FLOW_CALL_IND ||
	    d->flow == FLOW_RET)
		return put_indirect(g, row, d);
	prepare_implicit(g, d);
	if (!make(g, row, &o, &in))
		return false;
	if (o.rel_len) {
		o.target = (int)g->n + 1 + (int)rng_below(&g->r, 3);
		if (rng_chance(&g->r, 3))
			o.target = TARGET_ANYWHERE;
	}
	if (in.mem.rip_rel && !o.rip_pos)
		return false;
	prepare_bit(g, &in);
	if (!mark_written(g, &in))
		return false;
	push_item(g, &o);
	return true;
}

bool
put_any_row(struct gen *g)
{
	return put_row(g, rows[rng_below(&g->r, n_rows)]);
}

/* mov $k, %ecx before, LOOP after what was made since item first. */
static void
put_loop(struct gen *g, unsigned first)
{
	struct item o = { .len = 2, .row = UINT16_MAX, .rel_pos = 1,
		.rel_len = 1, .target = (int)first, .code_imm = -1,
		.bytes = { 0xe2, 0 } };

	push_item(g, &o);
	g->q->branches = g->q->loops = true;
}

/* --- layout --- */

static unsigned
place(struct gen *g, unsigned total)
{
	struct rng *r = &g->r;
	unsigned how = rng_below(r, 100);

	/* Across the two code pages. */
	if (how < (g->plain ? 65u : 30u))
		return 4096 - rng_below(r, MIN(total, 4096u));
	if (how < 36)		/* up to the hole, or cut off by it */
		return CODE_BYTES - total +
		    (rng_chance(r, 40) ? rng_below(r, MIN(total, 20u)) : 0);
	if (how < 60)
		return 64 * rng_below(r, (CODE_BYTES - total) / 64);
	return rng_below(r, CODE_BYTES - total);
}

static void
put_end(struct gen *g)
{
	static const uint8_t ends[][3] = { { 2, 0x0f, 0x0b }, { 1, 0xcc },
		{ 1, 0xf4 }, { 2, 0x0f, 0x0b }, { 2, 0x0f, 0x0b } };
	const uint8_t *e = ends[rng_below(&g->r, ARRAY_LEN(ends))];
	struct item o = { .len = e[0], .row = UINT16_MAX, .target = -1,
		.code_imm = -1 };

	memcpy(o.bytes, e + 1, e[0]);
	push_item(g, &o);
}

/* The offset of what target names. */
static unsigned
offset_of(const struct gen *g, int target, const unsigned *off)
{
	if (target <= TARGET_LABEL)
		target = g->label[TARGET_LABEL - target];
	return off[MIN((unsigned)target, g->n - 1)];
}

static void
fix_up(struct gen *g, struct item *o, unsigned at, const unsigned *off)
{
	struct seq *q = g->q;
	uint64_t next = CODE_VA + q->start + at + o->len, to;

	if (o->rip_pos)
		put_le(o->bytes + o->rip_pos, o->rip_to - next, 4);
	if (o->code_imm != TARGET_NONE)
		put_le(o->bytes + 2, CODE_VA + q->start +
		    offset_of(g, o->code_imm, off), 8);
	if (!o->rel_len)
		return;
	if (o->target == TARGET_ANYWHERE)
		to = rng_next(&g->r);
	else
		to = CODE_VA + q->start + offset_of(g, o->target, off) - next;
	/* A byte's reach may not do. */
	put_le(o->bytes + o->rel_pos, to, o->rel_len);
}

static void
lay_out(struct gen *g)
{
	unsigned off[SEQ_MAX_INSNS + 1] = { 0 };
	struct seq *q = g->q;

	for (unsigned i = 0; i < g->n; i++)
		off[i + 1] = off[i] + g->it[i].len;
	q->start = place(g, off[g->n]);
	q->len = MIN(off[g->n], CODE_BYTES - q->start);
	q->n = g->n;
	for (unsigned i = 0; i < g->n; i++) {
		struct item *o = &g->it[i];

		fix_up(g, o, off[i], off);
		memcpy(q->code + off[i], o->bytes, o->len);
		q->insn[i].off = (uint16_t)off[i];
		q->insn[i].row = o->row;
	}
}

/* Choose a register that shall point to where all goes on. */
static void
begin_near(struct gen *g)
{
	struct rng *r = &g->r;

	do
		g->near = rng_below(r, GPR_COUNT);
	while (g->near == RSP || g->near == RCX);
	g->q->init.gpr[g->near] = page_va(rng_below(r, DATA_PAGES)) +
	    (rng_chance(r, 50) ? 64 * rng_below(r, 64) :
	    rng_below(r, 256) - UINT64_C(128));
	g->used |= 1u << g->near;
	g->reserved |= 1u << g->near;
}

static void
make_seq(struct gen *g)
{
	unsigned want = 1 + rng_below(&g->r, gen_max_insns);
	unsigned loop_at = SEQ_MAX_INSNS;
	bool flow = gen_max_insns > 1 && rng_chance(&g->r, gen_flow);

	if (gen_max_insns > 1 && rng_chance(&g->r, 15)) {
		begin_near(g);
		want += gen_max_insns / 2;
	}
	if (gen_max_insns > 1 && rng_chance(&g->r, 6)) {
		put_mov(g, RCX, 1 + rng_below(&g->r, 6), TARGET_NONE);
		loop_at = g->n;
		g->rcx_written = false;
	}
	/* No branch may lead past the start of a count. */
	g->plain = flow;
	if (flow)
		want = 1 + want / 4;
	for (unsigned k = 0; k < want; k++) {
		unsigned row = rows[rng_below(&g->r, n_rows)];

		/* Every row gets its turn at the front. */
		if (k == 0)
			row = rows[g->q->index % n_rows];
		if (!put_row(g, row))
			want += k && want < 12;
	}
	if (flow)
		put_flow(g);
	if (loop_at < g->n && !g->rcx_written && g->n + 2 < SEQ_MAX_INSNS)
		put_loop(g, loop_at);
	put_end(g);
	lay_out(g);
}

/*
 * Some sequences are those before them once more, at their other address: the
 * same bytes at the same place in memory.
 */
bool
gen_is_twin(uint64_t seed, uint64_t index)
{
	struct rng r;

	rng_init(&r, ~seed, index);
	return index % 2 && rng_chance(&r, gen_twins);
}

void
gen_seq(struct seq *q, uint64_t seed, uint64_t index)
{
	bool twin = gen_is_twin(seed, index);
	struct gen g = { .q = q, .clean = 0xffff, .near = REG_NONE };

	memset(q, 0, sizeof(*q));
	q->seed = seed;
	q->index = index - twin;
	rng_init(&g.r, seed, q->index);
	value_state(&g.r, &q->init);
	q->image = rng_below(&g.r, N_IMAGES);
	make_seq(&g);
	q->index = index;
	q->va = CODE_VA;
	if (twin)
		q->va += rng_chance(&g.r, 60) ? TWIN_NEAR : TWIN_FAR;
	q->init.rip = q->va + q->start;
}
