/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares what rows say an instruction reads and writes with what the host
 * processor does: general registers and flags, explicit and implicit.
 *
 * An instruction runs once, and again with one register or flag changed that
 * it is not said to read: nothing else may come out differently.  A register
 * that it is not said to write must not change; one said to be written, and
 * not read, must not depend on what it was.
 *
 *	decoder-effects [-n TRIES] [-s SEED] [-v]
 */
#include "tests/decoder/decoder.h"
#include "tests/decoder/probe.h"

#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void bug_at(const char *file, int line, const char *what);

static struct {
	struct probe probe;
	uint8_t data[PROBE_DATA_SIZE];	/* what memory is before each run */
	uint8_t after[PROBE_DATA_SIZE];
	bool verbose;
	unsigned long ran, runs, rows, bad;
} t;

_Noreturn void
bug_at(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

/* What one instruction may depend on and change. */
struct effect {
	uint16_t read, write;		/* bit per GPR */
	uint8_t size[GPR_COUNT];	/* bytes written, 8: all of it */
	uint16_t flags_read, flags_write, flags_undef;
};

static void
add_operand(struct effect *e, const struct insn *i, const struct opnd *o)
{
	bool cond = o->access & ACC_COND;
	unsigned size = o->size;

	if (o->kind != OPND_GPR)
		return;
	if ((o->access & ACC_R) || cond)
		e->read |= 1 << o->reg;
	if (!(o->access & ACC_W))
		return;
	e->write |= 1 << o->reg;
	/* 32 bits clear the upper half, fewer leave the rest. */
	if (size < 4)
		e->size[o->reg] = size;
	/* AH: the rest stays, so the whole counts as read for us. */
	if (o->high8)
		e->read |= 1 << o->reg;
}

static void
find_effect(struct effect *e, const struct insn *i)
{
	const struct insn_desc *d = i->desc;
	unsigned k;

	memset(e, 0, sizeof(*e));
	memset(e->size, 8, sizeof(e->size));
	e->read = d->gpr_read;
	e->write = d->gpr_write;
	for (k = 0; k < i->n_opnd; k++)
		add_operand(e, i, &i->opnd[k]);
	if (i->has_mem || i->mem.base != REG_NONE) {
		if (i->mem.base != REG_NONE)
			e->read |= 1 << i->mem.base;
		if (i->mem.index != REG_NONE && !i->mem.vsib)
			e->read |= 1 << i->mem.index;
	}
	/*
	 * Implicit registers are written in operand size; what is smaller
	 * than 4 bytes leaves the rest, which the reading covers.
	 */
	if (d->gpr_write && i->op_bytes < 4 && d->cls != CLASS_STACK)
		e->read |= d->gpr_write;
	/* 32-bit addresses need not clear what a count of zero leaves. */
	if (i->addr_bytes == 4 && d->cls == CLASS_STRING)
		e->read |= d->gpr_write;
	e->flags_read = d->flags_read;
	e->flags_write = d->flags_write;
	e->flags_undef = d->flags_undef;
	if (d->attr & ATTR_FLAGS_COND)
		e->flags_read |= d->flags_write;
}

/* --- running --- */

static bool
run(const struct insn *i, const struct probe_regs *in, struct probe_regs *out)
{
	t.runs++;
	memcpy(t.probe.data, t.data, sizeof(t.data));
	return probe_exec(&t.probe, i->mode, i->bytes, i->len, in, out) ==
	    PROBE_OK;
}

static void
report(const struct insn *i, const char *what, unsigned which)
{
	static const char *const gprs[] = {
		"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
	};
	unsigned k;

	t.bad++;
	if (t.bad > 40 && !t.verbose)
		return;
	printf("%s %s: %d-bit:", i->desc->name, what,
	    i->mode == MODE_64 ? 64 : 32);
	for (k = 0; k < i->len; k++)
		printf(" %02x", i->bytes[k]);
	if (which < GPR_COUNT)
		printf(" %s\n", gprs[which]);
	else
		printf(" flag bit %u\n", which - GPR_COUNT);
}

#define FLAGS (FLAGS_ARITH | FLAG_DF)

static void
check_writes(const struct insn *i, const struct effect *e,
    const struct probe_regs *in, const struct probe_regs *out)
{
	uint64_t flags = (in->rflags ^ out->rflags) & FLAGS &
	    ~(e->flags_write | e->flags_undef);
	unsigned k;

	for (k = 0; k < GPR_COUNT; k++)
		if (out->gpr[k] != in->gpr[k] && !(e->write >> k & 1))
			report(i, "writes", k);
	for (k = 0; k < 16; k++)
		if (flags >> k & 1)
			report(i, "writes", GPR_COUNT + k);
}

/* Do registers and memory come out the same but for register except? */
static bool
same(const struct effect *e, const struct probe_regs *a,
    const struct probe_regs *b, unsigned except, uint16_t flags)
{
	unsigned k;

	for (k = 0; k < GPR_COUNT; k++) {
		uint64_t mask = ~UINT64_C(0);

		if (k == except && !(e->write >> k & 1))
			continue;
		if (k == except && e->size[k] < 8)
			mask = BIT(8 * e->size[k]) - 1;
		if ((a->gpr[k] ^ b->gpr[k]) & mask)
			return false;
	}
	return ((a->rflags ^ b->rflags) & flags) == 0;
}

static void
vary_gpr(const struct insn *i, const struct effect *e,
    const struct probe_regs *in, const struct probe_regs *out, unsigned k)
{
	struct probe_regs in2 = *in, out2;

	in2.gpr[k] ^= 0x3f0 ^ (i->mode == MODE_64 ?
	    UINT64_C(0x5a5a000000000000) : 0);
	if (!run(i, &in2, &out2)) {
		report(i, "faults by", k);
		return;
	}
	if (!same(e, out, &out2, k, FLAGS & ~e->flags_undef) ||
	    memcmp(t.after, t.probe.data, sizeof(t.after)))
		report(i, "reads", k);
}

static void
vary_flag(const struct insn *i, const struct effect *e,
    const struct probe_regs *in, const struct probe_regs *out, unsigned k)
{
	struct probe_regs in2 = *in, out2;
	uint16_t flags = FLAGS & ~e->flags_undef;

	in2.rflags ^= BIT(k);
	if (!(e->flags_write >> k & 1))
		flags &= ~BIT(k);
	if (!run(i, &in2, &out2) ||
	    !same(e, out, &out2, GPR_COUNT, flags) ||
	    memcmp(t.after, t.probe.data, sizeof(t.after)))
		report(i, "reads", GPR_COUNT + k);
}

/* What gives another result each time, or whose effect is elsewhere. */
static bool
left_out(const struct insn *i)
{
	switch (i->desc->id) {
	case I_RDRAND: case I_RDSEED: case I_RDTSC: case I_RDTSCP:
	case I_RDPMC:
	case I_POPF:		/* may set TF */
	case I_PUSHF:		/* pushes TF, which the single step sets */
	/* Sets a base that the next run starts without. */
	case I_WRFSBASE: case I_WRGSBASE:
		return true;
	}
	if (i->desc->feature == FEAT_NEVER || (i->desc->attr & ATTR_PRIV))
		return true;
	return i->desc->flow != FLOW_NONE || i->desc->cls == CLASS_FPSTATE ||
	    (i->opsize && i->desc->cls != CLASS_VEC);
}

static void
fill(struct rng *r, struct probe_regs *in)
{
	unsigned k;

	for (k = 0; k < sizeof(t.data); k++)
		t.data[k] = rng_next(r) >> 32;
	for (k = 0; k < GPR_COUNT; k++)
		in->gpr[k] = PROBE_DATA + PROBE_DATA_SIZE / 4 +
		    (rng_below(r, PROBE_DATA_SIZE / 2) & ~63U);
	in->rflags = 0x202 | (rng_next(r) & FLAGS_ARITH);
}

static bool
check(struct rng *r, const struct insn *i)
{
	struct probe_regs in, out;
	struct effect e;
	unsigned k;

	fill(r, &in);
	/* A repeat count that ends; REP with an address would not. */
	if (i->desc->attr & ATTR_REP)
		in.gpr[RCX] = rng_below(r, 4);
	if (!run(i, &in, &out))
		return false;
	memcpy(t.after, t.probe.data, sizeof(t.after));
	t.ran++;
	find_effect(&e, i);
	check_writes(i, &e, &in, &out);
	for (k = 0; k < (i->mode == MODE_64 ? 16u : 8u); k++)
		if (!(e.read >> k & 1))
			vary_gpr(i, &e, &in, &out, k);
	for (k = 0; k < 12; k++)
		if ((FLAGS >> k & 1) && !(e.flags_read >> k & 1))
			vary_flag(i, &e, &in, &out, k);
	return true;
}

static void
check_row(struct rng *r, const struct insn_desc *d, unsigned tries)
{
	enum insn_mode mode = d->attr & ATTR_NO64 ? MODE_32 : MODE_64;
	uint8_t buf[GEN_LEN];
	struct insn i;
	bool met = false;

	/* More inputs where a flag has to show that it is written. */
	if (d->flags_write && d->cls == CLASS_VEC)
		tries *= 4;
	while (tries--) {
		gen_row(r, d, mode, buf);
		if (insn_decode(&i, buf, sizeof(buf), mode) > 0 &&
		    i.desc == d && !left_out(&i) && check(r, &i))
			met = true;
	}
	t.rows += met;
	if (t.verbose && !met)
		printf("not run: row %u %s\n", (unsigned)(d - insn_tab),
		    d->name);
}

int
main(int argc, char **argv)
{
	struct rng r = { 20260101 };
	unsigned tries = 3, row;
	int c;

	while ((c = getopt(argc, argv, "n:s:v")) != -1) {
		switch (c) {
		case 'n': tries = strtoul(optarg, NULL, 0); break;
		case 's': r.s = strtoull(optarg, NULL, 0) | 1; break;
		case 'v': t.verbose = true; break;
		default: return 2;
		}
	}
	if (probe_open(&t.probe)) {
		fprintf(stderr, "decoder-effects: cannot trace a child "
		    "process: %s\n", strerror(errno));
		return 77;
	}
	for (row = 0; row < insn_tab_len; row++)
		check_row(&r, &insn_tab[row], tries);
	probe_close(&t.probe);
	printf("%lu instructions of %lu rows ran, %lu runs: %lu differences\n",
	    t.ran, t.rows, t.runs, t.bad);
	return t.bad != 0 || t.ran == 0;
}
