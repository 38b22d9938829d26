/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sequences of 1 to 8 instructions, with a few helpers between.
 *
 * Each instruction starts from an encoding of its row (tmpl.c); registers,
 * immediates and addresses are then rewritten and the result is decoded again:
 * what no longer is the same row is thrown away.  Addresses aim at the data
 * pages by way of what is known about the initial registers, so that most
 * accesses succeed, many straddle pages and some fault.
 */
#include <string.h>

#include "tests/oracle/tmpl.h"

struct item {
	uint8_t bytes[INSN_MAX_LEN];
	uint8_t len;
	uint16_t row;
	uint8_t rel_pos, rel_len;	/* branch displacement, or 0 */
	int target;			/* item that the branch goes to */
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
	bool rcx_written;	/* not by our own MOV: no loop can count */
};

static const struct cpuid_table *offered;
static uint16_t *rows;
static unsigned n_rows;
unsigned gen_max_insns = 8;
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

/* --- addresses --- */

static uint64_t
page_va(unsigned i)
{
	return DATA_VA + 4096 * (uint64_t)data_page[i];
}

/* Where an access of size bytes should go. */
static uint64_t
pick_target(struct rng *r, unsigned size, bool aligned, bool write)
{
	unsigned p = rng_below(r, DATA_PAGES), how = rng_below(r, 100);
	uint64_t t;

	if (write && p == DATA_READONLY && !rng_chance(r, 5))
		p = 0;
	if (!size)
		size = 64;
	if (aligned && !rng_chance(r, 10))
		return page_va(p) + size * rng_below(r, 4096 / size);
	if (how < 40)
		return page_va(p) +
		    size * (uint64_t)rng_below(r, 4096 / size);
	if (how < 65)
		return page_va(p) + rng_below(r, 4097 - size);
	if (how < 90 && size > 1)
		return page_va(rng_chance(r, 50) ? 1 : 5) - 1 -
		    rng_below(r, size - 1);
	if (how < 95 && size > 1)
		return page_va(p) + 4096 - 1 - rng_below(r, size - 1);
	if (how < 97)
		return DATA_VA + rng_below(r, DATA_SPAN * 4096);
	t = value_int(r);
	return how < 99 ? t : t | BIT(47);
}

/* A register that still holds its initial value; REG_NONE if none is found. */
static unsigned
clean_reg(struct gen *g, bool index)
{
	for (unsigned k = 0; k < 4; k++) {
		unsigned reg = rng_below(&g->r, GPR_COUNT);

		if (g->clean & 1u << reg && !(index && reg == RSP)) {
			g->used |= 1u << reg;
			return reg;
		}
	}
	return REG_NONE;
}

static bool
fits32(int64_t v)
{
	return v == (int32_t)v;
}

/* The pieces of a memory operand's encoding. */
struct addr {
	uint8_t mod_rm;		/* mod and rm */
	uint8_t sib;
	bool has_sib;
	bool x, b;		/* extension bits */
	uint8_t vhigh;		/* bit 4 of a vector index */
	uint8_t disp_len;
	uint64_t disp;
	bool rip;
	uint64_t rip_to;
};

static void
addr_absolute(struct addr *a, uint64_t t)
{
	a->mod_rm = 4;
	a->sib = 0x25;
	a->has_sib = true;
	a->disp_len = 4;
	a->disp = t;
}

static void
addr_choose(struct gen *g, struct addr *a, uint64_t t, uint64_t segbase,
    bool vsib)
{
	struct rng *r = &g->r;
	unsigned how = rng_below(r, 100);
	unsigned base = clean_reg(g, false), index = REG_NONE, scale;
	uint64_t d;

	memset(a, 0, sizeof(*a));
	t -= segbase;
	if (!vsib && how < 20 && fits32((int64_t)(t - CODE_VA - 0x8000))) {
		a->mod_rm = 5;
		a->rip = true;
		a->rip_to = t;
		a->disp_len = 4;
		return;
	}
	scale = rng_below(r, 4);
	if (how >= 60 && !vsib)
		index = clean_reg(g, true);
	if (how < 30 || base == REG_NONE)
		base = REG_NONE;
	d = t;
	if (base != REG_NONE)
		d -= g->q->init.gpr[base];
	if (index != REG_NONE)
		d -= g->q->init.gpr[index] << scale;
	if (!fits32((int64_t)d)) {
		index = REG_NONE;
		d = t - (base == REG_NONE ? 0 : g->q->init.gpr[base]);
	}
	if (!fits32((int64_t)d) && !rng_chance(r, 5)) {
		base = REG_NONE;
		d = t;
	}
	if (base == REG_NONE && index == REG_NONE && !vsib) {
		addr_absolute(a, d);
		return;
	}
	a->disp_len = base == REG_NONE ? 4 : 4;
	a->disp = d;
	if (vsib) {
		unsigned v = rng_below(r, 32);

		index = v & 15;
		a->vhigh = v >> 4;
	}
	if (index == REG_NONE && (base & 7) != RSP) {
		a->mod_rm = 0x80 | (base & 7);
		a->b = base >> 3;
		return;
	}
	a->has_sib = true;
	a->mod_rm = (base == REG_NONE ? 0 : 0x80) | 4;
	a->sib = (uint8_t)(scale << 6 |
	    (index == REG_NONE ? 4 : index & 7) << 3 |
	    (base == REG_NONE ? 5 : base & 7));
	a->x = index != REG_NONE && index >> 3;
	a->b = base != REG_NONE && base >> 3;
}

/* --- one instruction --- */

static void
put_le(uint8_t *p, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* Change the register-extension bits in REX, VEX or EVEX: head is its start. */
static void
mutate_head(struct rng *r, const struct insn *in, uint8_t *head)
{
	unsigned v = rng_below(r, 16);

	switch (in->enc) {
	case ENC_LEGACY:
		if (in->rex)
			head[0] = (head[0] & 0x48) | (uint8_t)rng_below(r, 8);
		break;
	case ENC_VEX:
		if (head[0] == 0xc4)
			head[1] ^= (uint8_t)(rng_below(r, 8) << 5);
		else
			head[1] ^= (uint8_t)(rng_below(r, 2) << 7);
		if (rng_chance(r, 80))
			head[head[0] == 0xc4 ? 2 : 1] ^= (uint8_t)(v << 3);
		break;
	default:
		head[1] ^= (uint8_t)(rng_below(r, 16) << 4);
		head[2] ^= (uint8_t)(v << 3);
		head[3] ^= (uint8_t)(rng_below(r, 2) << 3);
		if (rng_chance(r, 50))
			head[3] = (head[3] & 0x78) | (uint8_t)rng_below(r, 8);
		if (rng_chance(r, 15))
			head[3] ^= 0x80;
	}
}

/* Set the B, X (and V') bits as an address needs them. */
static bool
set_addr_bits(const struct insn *in, uint8_t *head, const struct addr *a,
    bool vsib)
{
	switch (in->enc) {
	case ENC_LEGACY:
		if (!in->rex)
			return !a->x && !a->b;
		head[0] = (uint8_t)((head[0] & ~3) | a->x << 1 | a->b);
		return true;
	case ENC_VEX:
		if (head[0] != 0xc4)
			return !a->x && !a->b;
		head[1] = (uint8_t)((head[1] & ~0x60) | !a->x << 6 |
		    !a->b << 5);
		return true;
	default:
		head[1] = (uint8_t)((head[1] & ~0x60) | !a->x << 6 |
		    !a->b << 5);
		if (vsib)
			head[3] = (uint8_t)((head[3] & ~8) | !a->vhigh << 3);
		return true;
	}
}

static void
put_imm(struct gen *g, const struct insn *in, uint8_t *p)
{
	struct rng *r = &g->r;

	put_le(p, value_int(r), in->imm_len);
	if (in->desc->id == I_ENTER) {
		put_le(p, rng_below(r, 65), 2);
		p[2] = (uint8_t)(rng_chance(r, 70) ? 0 : rng_below(r, 5));
	} else if (in->desc->flow == FLOW_RET) {
		put_le(p, 8 * rng_below(r, 8), in->imm_len);
	} else if (in->desc->flow == FLOW_INT && *p == 0x80) {
		*p = 0x81;	/* Linux would take it */
	}
}

static const uint8_t seg_prefix[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };

/*
 * Build one variant of in; false when the pieces do not fit together.
 * plain: leave registers and prefixes as they are.
 */
static bool
variant(struct gen *g, const struct insn *in, bool plain, struct item *o)
{
	struct rng *r = &g->r;
	uint8_t *p = o->bytes, *head;
	bool mem = in->has_mem && in->has_modrm && in->modrm < 0xc0;
	bool vsib = mem && in->mem.vsib;
	unsigned head_len = in->pos_opcode + 1u - in->n_prefix;
	bool bare = rng_chance(r, 70);
	uint64_t segbase = 0, limit = UINT64_MAX;
	uint8_t buf[64];

	memset(o, 0, sizeof(*o));
	o->target = o->code_imm = -1;
	p = buf;
	for (unsigned i = 0; i < in->n_prefix; i++) {
		uint8_t b = in->bytes[i];

		if (b == 0x67 || memchr(seg_prefix, b, sizeof(seg_prefix)))
			continue;
		/* Most rows mean the same without: then prefer that. */
		if (plain || !bare)
			*p++ = b;
	}
	if (!plain && mem && in->desc->attr & ATTR_LOCK &&
	    in->mem_access & ACC_W && rng_chance(r, 30))
		*p++ = 0xf0;
	if (!plain && in->enc == ENC_LEGACY && rng_chance(r, 3))
		*p++ = seg_prefix[rng_below(r, 4)];
	if (!plain && rng_chance(r, 6)) {
		unsigned gs = rng_below(r, 2);

		*p++ = seg_prefix[4 + gs];
		segbase = gs ? g->q->init.gs_base : g->q->init.fs_base;
	}
	if (!plain && mem && rng_chance(r, 3)) {
		*p++ = 0x67;
		limit = UINT32_MAX;
	}
	head = p;
	memcpy(p, in->bytes + in->n_prefix, head_len);
	if (!plain) {
		mutate_head(r, in, head);
		if (in->enc == ENC_LEGACY && !in->rex && rng_chance(r, 25)) {
			memmove(head + 1, head, head_len);
			head[0] = 0x40 | (uint8_t)rng_below(r, 8);
			head_len++;
		}
	}
	p += head_len;
	if (in->has_modrm && !mem) {
		*p++ = (uint8_t)(plain ? in->modrm :
		    (in->modrm & 0xc0) | (rng_chance(r, 50) ?
		    rng_below(r, 64) : (in->modrm & 0x38) | rng_below(r, 8)));
	} else if (mem) {
		uint64_t t = pick_target(r, in->mem_size,
		    in->desc->attr & ATTR_ALIGNED, in->mem_access & ACC_W);
		unsigned reg = in->modrm >> 3 & 7;
		struct insn view = *in;
		struct addr a;

		addr_choose(g, &a, t, segbase, vsib);
		if (limit == UINT32_MAX && t > limit)
			return false;
		view.rex = in->enc == ENC_LEGACY &&
		    (head[0] & 0xf0) == 0x40 && head_len > 1;
		if (!set_addr_bits(&view, head, &a, vsib))
			return false;
		if (!plain && rng_chance(r, 70))
			reg = rng_below(r, 8);
		*p++ = (uint8_t)(a.mod_rm | reg << 3);
		if (a.has_sib)
			*p++ = a.sib;
		if (a.rip) {
			o->rip_pos = (uint8_t)(p - buf);
			o->rip_to = a.rip_to;
		}
		put_le(p, a.disp, a.disp_len);
		p += a.disp_len;
	} else if (in->has_mem && in->mem.moffs) {
		put_le(p, pick_target(r, in->mem_size, false,
		    in->mem_access & ACC_W) - segbase, in->imm_len ?
		    in->imm_len : in->disp_len);
		p += in->imm_len ? in->imm_len : in->disp_len;
		goto done;
	}
	if (in->imm_len) {
		put_imm(g, in, p);
		p += in->imm_len;
	}
done:
	if (p - buf > INSN_MAX_LEN)
		return false;
	o->len = (uint8_t)(p - buf);
	memcpy(o->bytes, buf, o->len);
	return true;
}

static bool
is_rel(const struct insn *in)
{
	return in->desc->flow == FLOW_JCC || in->desc->flow == FLOW_JMP ||
	    in->desc->flow == FLOW_CALL;
}

/*
 * Zen 5 reads RSP as it was before the latest PUSH or POP when EVEX.rm names
 * it with the unused EVEX.X bit set.
 */
static bool
stale_rsp(const struct insn *in)
{
	if (in->enc != ENC_EVEX || in->vex[0] & 0x40)
		return false;
	for (unsigned k = 0; k < in->n_opnd; k++)
		if (in->opnd[k].kind == OPND_GPR && in->opnd[k].reg == RSP &&
		    in->opnd[k].place == PLACE_RM)
			return true;
	return false;
}

/* An instruction of that row, decoded into *in as well. */
static bool
make(struct gen *g, unsigned row, struct item *o, struct insn *in)
{
	const struct tmpl_row *t = &tmpl_rows[row];
	const struct tmpl *one = &t->t[rng_below(&g->r, t->n)];
	struct insn base;

	if (insn_decode(&base, one->bytes, one->len, MODE_64) != one->len)
		return false;
	/* With an operand-size prefix they leave for the first 64 KiB (AMD). */
	if (base.desc->cls == CLASS_BRANCH && base.opsize &&
	    !rng_chance(&g->r, 10))
		return false;
	for (unsigned k = 0; k < 12; k++) {
		if (!variant(g, &base, k >= 8, o))
			continue;
		if (insn_decode(in, o->bytes, o->len, MODE_64) != o->len ||
		    in->desc != &insn_tab[row])
			continue;
		if (stale_rsp(in))
			continue;
		o->row = (uint16_t)row;
		if (is_rel(in)) {
			o->rel_pos = in->pos_imm;
			o->rel_len = in->imm_len;
		}
		return true;
	}
	return false;
}

static void
mark_written(struct gen *g, const struct insn *in)
{
	uint32_t w = in->desc->gpr_write;

	for (unsigned i = 0; i < in->n_opnd; i++)
		if (in->opnd[i].kind == OPND_GPR && in->opnd[i].access & ACC_W)
			w |= 1u << (in->opnd[i].reg & 15);
	if (in->desc->cls == CLASS_STRING)
		w |= 1u << RSI | 1u << RDI | 1u << RCX;
	if (in->desc->cls == CLASS_STACK || in->desc->cls == CLASS_BRANCH)
		w |= 1u << RSP;
	g->clean &= ~w;
	g->rcx_written |= w >> RCX & 1;
}

static struct item *
push_item(struct gen *g, const struct item *o)
{
	struct item *n = &g->it[g->n++];

	*n = *o;
	return n;
}

/* mov $v, %reg as an item of its own; any register, no row is counted. */
static void
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
	mark_written(g, &in);
	push_item(g, &o);
	return true;
}

static bool
put_row(struct gen *g, unsigned row)
{
	const struct insn_desc *d = &insn_tab[row];
	struct item o;
	struct insn in;

	if (g->n + 5 > SEQ_MAX_INSNS)
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
			o.target = -2;	/* anywhere */
	}
	if (in.mem.rip_rel && !o.rip_pos)
		return false;
	mark_written(g, &in);
	push_item(g, &o);
	return true;
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

	if (how < 30)		/* across the two code pages */
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

static void
fix_up(struct gen *g, struct item *o, unsigned at, const unsigned *off)
{
	struct seq *q = g->q;
	uint64_t next = CODE_VA + q->start + at + o->len, to;

	if (o->rip_pos)
		put_le(o->bytes + o->rip_pos, o->rip_to - next, 4);
	if (o->code_imm >= 0) {
		unsigned k = MIN((unsigned)o->code_imm, g->n - 1);

		put_le(o->bytes + 2, CODE_VA + q->start + off[k], 8);
	}
	if (!o->rel_len)
		return;
	if (o->target == -2)
		to = rng_next(&g->r);
	else
		to = CODE_VA + q->start +
		    off[MIN((unsigned)o->target, g->n - 1)] - next;
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
	q->init.rip = CODE_VA + q->start;
}

void
gen_seq(struct seq *q, uint64_t seed, uint64_t index)
{
	struct gen g = { .q = q, .clean = 0xffff };
	unsigned want, loop_at = SEQ_MAX_INSNS;

	memset(q, 0, sizeof(*q));
	q->seed = seed;
	q->index = index;
	rng_init(&g.r, seed, index);
	value_state(&g.r, &q->init);
	q->image = rng_below(&g.r, N_IMAGES);
	want = 1 + rng_below(&g.r, gen_max_insns);
	if (gen_max_insns > 1 && rng_chance(&g.r, 6)) {
		put_mov(&g, RCX, 1 + rng_below(&g.r, 6), -1);
		loop_at = g.n;
		g.rcx_written = false;
	}
	for (unsigned k = 0; k < want; k++) {
		unsigned row = rows[rng_below(&g.r, n_rows)];

		/* Every row gets its turn at the front. */
		if (k == 0)
			row = rows[index % n_rows];
		if (!put_row(&g, row))
			want += k && want < 12;
	}
	if (loop_at < g.n && !g.rcx_written && g.n + 2 < SEQ_MAX_INSNS)
		put_loop(&g, loop_at);
	put_end(&g);
	lay_out(&g);
}
