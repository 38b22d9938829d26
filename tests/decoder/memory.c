/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares what rows say about memory operands with the host processor:
 * ATTR_ALIGNED (#GP if unaligned), ATTR_MASKED_MEM (elements masked out by an
 * opmask do not fault) and the operand's size (a byte less that is mapped
 * makes it fault).
 *
 *	decoder-memory [-n TRIES] [-v]
 */
#include "tests/decoder/decoder.h"
#include "tests/decoder/probe.h"
#include "modes/x86/insn_row.h"

#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void bug_at(const char *file, int line, const char *what);

static struct {
	struct probe probe;
	bool verbose;
	unsigned long aligned, masked, sized, bad;
} t;

_Noreturn void
bug_at(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

/* XSAVE components: x87, SSE, AVX, opmask and the two of ZMM are in use. */
enum { XSTATE_BV = 512, OPMASK_COMPONENT = 5, ALL_VECTOR = 0xe7 };

/* All opmasks zero. */
static void
clear_opmasks(void)
{
	unsigned size, at, c, d;
	uint64_t bv;

	__cpuid_count(0xd, OPMASK_COMPONENT, size, at, c, d);
	if (!size || at + size > t.probe.xstate_len)
		return;
	memset(t.probe.xstate + at, 0, size);
	memcpy(&bv, t.probe.xstate + XSTATE_BV, sizeof(bv));
	bv |= ALL_VECTOR;
	memcpy(t.probe.xstate + XSTATE_BV, &bv, sizeof(bv));
}

static enum probe_result
run_at(const struct insn *i, uint64_t address)
{
	struct probe_regs in, out;
	unsigned k;

	for (k = 0; k < GPR_COUNT; k++)
		in.gpr[k] = 0;
	if (i->mem.base != REG_NONE)
		in.gpr[i->mem.base] = address - i->mem.disp;
	in.rflags = 0x202;
	memset(t.probe.data, 1, PROBE_DATA_SIZE);
	return probe_exec(&t.probe, MODE_64, i->bytes, i->len, &in, &out);
}

static void
report(const struct insn *i, const char *what)
{
	unsigned k;

	t.bad++;
	if (t.bad > 40 && !t.verbose)
		return;
	printf("%s %s:", i->desc->name, what);
	for (k = 0; k < i->len; k++)
		printf(" %02x", i->bytes[k]);
	printf("\n");
}

/* Where the row says #GP and this processor does not mind, or none can. */
static bool
left_out(const struct insn *i)
{
	switch (i->desc->cls) {
	case CLASS_INT: case CLASS_VEC: case CLASS_MMX: case CLASS_X87:
		break;
	default:
		return true;
	}
	/* One base register, and nothing else that is an address. */
	return !i->has_mem || !i->mem_size || !i->mem_access ||
	    i->mem.base == REG_NONE || i->mem.index != REG_NONE ||
	    i->mem.rip_rel || i->mem.moffs || i->mem.seg >= SEG_FS ||
	    i->addr_bytes != 8 || i->desc->feature == FEAT_NEVER;
}

/* SHA: AMD's processors do not ask for alignment. */
static void
check_aligned(const struct insn *i)
{
	bool want = i->desc->attr & ATTR_ALIGNED;
	enum probe_result pr;

	if (i->mem_size < 16 || i->aaa ||
	    run_at(i, PROBE_DATA + 1024) != PROBE_OK)
		return;
	pr = run_at(i, PROBE_DATA + 1024 + i->mem_size / 2);
	t.aligned++;
	if (want != (pr != PROBE_OK) && i->desc->feature != FEAT_SHA)
		report(i, want ? "need not be aligned" : "must be aligned");
}

/* Do the last bytes that memory has suffice, and not one less? */
static void
check_size(const struct insn *i)
{
	uint64_t end = PROBE_DATA + PROBE_DATA_SIZE;

	if (i->aaa || (i->desc->attr & (ATTR_ALIGNED | ATTR_MASKED_MEM)) ==
	    ATTR_ALIGNED || i->mem.vsib || (i->mem_access & ACC_COND))
		return;
	if (run_at(i, PROBE_DATA + 1024) != PROBE_OK)
		return;
	t.sized++;
	if (run_at(i, end - i->mem_size) != PROBE_OK)
		report(i, "is larger");
	if (run_at(i, end - i->mem_size + 1) == PROBE_OK)
		report(i, "is smaller");
}

/* With no element chosen, memory that is not there must not matter. */
static void
check_masked(const struct insn *i)
{
	bool want = i->desc->attr & ATTR_MASKED_MEM;
	enum probe_result pr;

	if (i->enc != ENC_EVEX || !i->aaa)
		return;
	pr = run_at(i, PROBE_DATA + PROBE_DATA_SIZE);
	if (pr == PROBE_UD)
		return;
	t.masked++;
	if (want != (pr == PROBE_OK))
		report(i, want ? "faults under a mask" :
		    "does not fault under a mask");
}

static void
check_row(struct rng *r, const struct insn_desc *d, unsigned tries)
{
	uint8_t buf[GEN_LEN];
	struct insn i;

	if (d->attr & ATTR_NO64)
		return;
	while (tries--) {
		gen_row(r, d, MODE_64, buf);
		if (insn_decode(&i, buf, sizeof(buf), MODE_64) <= 0 ||
		    i.desc != d || left_out(&i))
			continue;
		check_aligned(&i);
		check_size(&i);
		check_masked(&i);
	}
}

int
main(int argc, char **argv)
{
	struct rng r = { 20260101 };
	unsigned tries = 6, row;
	int c;

	while ((c = getopt(argc, argv, "n:v")) != -1) {
		switch (c) {
		case 'n': tries = strtoul(optarg, NULL, 0); break;
		case 'v': t.verbose = true; break;
		default: return 2;
		}
	}
	if (probe_open(&t.probe)) {
		fprintf(stderr, "decoder-memory: cannot trace a child "
		    "process: %s\n", strerror(errno));
		return 77;
	}
	clear_opmasks();
	for (row = 0; row < insn_tab_len; row++)
		check_row(&r, &insn_tab[row], tries);
	probe_close(&t.probe);
	printf("checked: alignment %lu, size %lu, masks %lu: %lu "
	    "differences\n", t.aligned, t.sized, t.masked, t.bad);
	return t.bad != 0 || t.sized == 0;
}
