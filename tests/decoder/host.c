/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the decoder with the host processor: what it calls an instruction
 * of n bytes must run (or fault for another reason than #UD) when n bytes can
 * be fetched, and want another byte when n - 1 can; what it calls none must
 * raise #UD.  Instructions whose CPUID feature the host lacks are left out.
 *
 *	decoder-host [-n COUNT] [-s SEED] [-m 16|32|64] [-c FILE] [-v]
 */
#include "tests/decoder/decoder.h"
#include "tests/decoder/probe.h"

#include <cpuid.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void bug_at(const char *file, int line, const char *what);

static uint64_t features[FEAT_COUNT / 64 + 1];

static struct {
	struct probe probe;
	bool verbose;
	unsigned long tried, valid, none, skipped, excused, bad;
} t;

_Noreturn void
bug_at(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

static void
read_features(void)
{
	enum { EAX, EBX, ECX, EDX };
	unsigned r[4];

#define X(e, name, leaf, sub, reg, bit) \
	if (__get_cpuid_count(leaf, sub, &r[0], &r[1], &r[2], &r[3]) && \
	    (r[reg] >> bit & 1)) \
		features[FEAT_##e / 64] |= BIT(FEAT_##e % 64);
	X86_FEATURE_LIST(X)
#undef X
	__cpuid(0, r[0], r[1], r[2], r[3]);
	insn_decode_set_vendor(r[1] == signature_INTEL_ebx ? INSN_INTEL :
	    INSN_AMD);
}

/*
 * Instructions that are #UD for a reason other than their encoding: in user
 * mode, always, or (AMD) in long mode.
 */
static bool
may_be_ud(const struct insn *i)
{
	switch (i->desc->id) {
	case I_UD0: case I_UD1: case I_UD2:
	case I_SYSENTER: case I_SYSEXIT:	/* AMD, long mode */
	case I_RSM:
		return true;
	default:
		return i->desc->attr & ATTR_CPL0_UD;
	}
}

static void
report(const char *what, const uint8_t *b, unsigned n, enum insn_mode mode,
    const struct insn *i, int rc, int sig)
{
	static const int bits[] = { 16, 32, 64 };
	unsigned k;

	t.bad++;
	if (t.bad > 30 && !t.verbose)
		return;
	printf("%s: %d-bit:", what, bits[mode]);
	for (k = 0; k < n; k++)
		printf(" %02x", b[k]);
	printf(" ours: %s (%d), signal %d\n",
	    i->desc ? i->desc->name : "none", rc, sig);
}

static void
check_valid(const struct insn *i, const uint8_t *b, unsigned n,
    enum insn_mode mode)
{
	enum probe_result pr;
	int64_t moved;
	int sig;

	pr = probe_run(&t.probe, mode, b, n, &moved, &sig);
	cover(i->desc);
	if (pr == PROBE_UD && may_be_ud(i)) {
		t.excused++;
		return;
	}
	if (pr != PROBE_OK) {
		report(pr == PROBE_UD ? "host says #UD" :
		    pr == PROBE_MORE ? "host wants more" : "probe failed",
		    b, n, mode, i, n, sig);
		return;
	}
	if (moved && i->desc->flow == FLOW_NONE && i->desc->id != I_HLT &&
	    moved != n && !(i->desc->attr & ATTR_REP)) {
		report("host went elsewhere", b, n, mode, i, n, sig);
		return;
	}
	if (n == 1)
		return;
	pr = probe_run(&t.probe, mode, b, n - 1, &moved, &sig);
	if (pr != PROBE_MORE)
		report("host wants less", b, n, mode, i, n, sig);
}

/*
 * A processor finds an instruction longer than 15 bytes to be #GP before it
 * finds it to be none.  Is it shorter without prefixes that do not matter,
 * and #UD then?
 */
static bool
too_long(const uint8_t *b, enum insn_mode mode)
{
	static const uint8_t idle[] = {
		0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
	};
	uint8_t less[INSN_MAX_LEN] = { 0 };
	unsigned k, n = 0;
	struct insn i;
	int64_t moved;
	int sig;

	for (k = 0; k < INSN_MAX_LEN; k++)
		if (k > 3 || !memchr(idle, b[k], sizeof(idle)))
			less[n++] = b[k];
	return n < INSN_MAX_LEN &&
	    insn_decode(&i, less, sizeof(less), mode) == INSN_UD &&
	    probe_run(&t.probe, mode, less, sizeof(less), &moved, &sig) ==
	    PROBE_UD;
}

static void
check_none(const struct insn *i, const uint8_t *b, enum insn_mode mode)
{
	enum probe_result pr;
	int64_t moved;
	int sig;

	pr = probe_run(&t.probe, mode, b, INSN_MAX_LEN, &moved, &sig);
	if (pr != PROBE_UD && !too_long(b, mode))
		report("host knows it", b, INSN_MAX_LEN, mode, i, INSN_UD, sig);
}

static void
check(const uint8_t *b, enum insn_mode mode)
{
	struct insn i;
	int rc = insn_decode(&i, b, INSN_MAX_LEN, mode);

	t.tried++;
	if (rc > 0 && insn_offered(&i, features)) {
		t.valid++;
		check_valid(&i, b, rc, mode);
	} else if (rc == INSN_UD) {
		t.none++;
		check_none(&i, b, mode);
	} else {
		t.skipped++;
	}
}

static void
run(struct rng *r, enum insn_mode mode, unsigned long count)
{
	uint8_t buf[GEN_LEN];
	unsigned long k;

	if (!t.probe.has_mode[mode])
		return;
	for (k = 0; k < count; k++) {
		gen_insn(r, mode, buf);
		check(buf, mode);
	}
}

int
main(int argc, char **argv)
{
	unsigned long count = 210000;
	const char *cover_file = NULL;
	struct rng r = { 20260101 };
	clock_t began = clock();
	int only = 0, c;
	unsigned missed;

	while ((c = getopt(argc, argv, "n:s:m:c:v")) != -1) {
		switch (c) {
		case 'n': count = strtoul(optarg, NULL, 0); break;
		case 's': r.s = strtoull(optarg, NULL, 0) | 1; break;
		case 'm': only = atoi(optarg); break;
		case 'c': cover_file = optarg; break;
		case 'v': t.verbose = true; break;
		default: return 2;
		}
	}
	read_features();
	if (probe_open(&t.probe)) {
		fprintf(stderr, "decoder-host: cannot trace a child process: "
		    "%s\n", strerror(errno));
		return 77;
	}
	if (cover_file)
		cover_load(cover_file);
	if (only == 0 || only == 64)
		run(&r, MODE_64, count - count / 4 - count / 8);
	if (only == 0 || only == 32)
		run(&r, MODE_32, count / 4);
	if (only == 0 || only == 16)
		run(&r, MODE_16, count / 8);
	probe_close(&t.probe);
	if (cover_file && cover_save(cover_file))
		return 2;
	printf("%lu sequences: %lu instructions (%lu #UD for other reasons), "
	    "%lu none, %lu skipped; %lu differences; %.1f s of our time\n",
	    t.tried, t.valid, t.excused, t.none, t.skipped, t.bad,
	    (double)(clock() - began) / CLOCKS_PER_SEC);
	/* Enough sequences meet every row that the host can judge. */
	missed = cover_report(features, t.verbose || count >= 200000);
	return t.bad != 0 || (missed && count >= 200000 && !only);
}
