/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle: compare an engine with the processor it runs on.
 *
 *	oracle [--engine bt|interp] [--seed N] [--count N] [--seconds N]
 *	       [--coverage] [--replay SEED:INDEX] [--max-failures N]
 *	       [--max-insns 1..8] [--only NAME] [--host-without LIST]
 *	       [--align-checks PERCENT] [--tlb-entries N] [--flush-every N]
 *	       [--bt-disable LIST] [--exact-flags] [--code-cache BYTES]
 *	       [--signal-storm HZ] [--flow PERCENT] [--twins PERCENT]
 *	       [--first INDEX] [--stats] [--alias]
 *	oracle --list-parts
 *
 * With --alias, each sequence runs at another address first, and the copies
 * that the translator then makes are compared with translations.
 *
 * A difference that only shows in the company of others is repeated with
 * --seed, --first somewhat before it, and a small --count.
 *
 * Exit status 0: no difference; 1: differences, or with --coverage an
 * instruction that was not executed often enough; 2: usage; 3: could not run.
 */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "modes/options.h"
#include "tests/oracle/oracle.h"

#define RUNS 3
#define COVER_AT_LEAST 100

struct options {
	const struct engine_ops *engine;
	uint64_t seed, count, first, replay;
	unsigned seconds, max_failures, storm_hz;
	bool coverage, replaying, stats, alias;
	struct engine_options eng;
	const char *without;
};

struct tally {
	uint64_t sequences, runs, timeouts, tainted, masked, failures;
	uint64_t open;		/* ended where the manual leaves it open */
	uint64_t stale;		/* dead flags of a fault frame not compared */
	uint64_t ended[32];	/* by vector */
	uint64_t *executed;	/* per row */
	uint64_t *faulted;
};

static const struct engine_ops *
engine_named(const char *name)
{
	if (!strcmp(name, "interp"))
		return &engine_interp;
	if (!strcmp(name, "bt"))
		return &engine_bt;
	fprintf(stderr, "oracle: no engine \"%s\": bt and interp are\n", name);
	exit(2);
}

static const struct option long_options[] = {
	{ "engine", required_argument, NULL, 'e' },
	{ "seed", required_argument, NULL, 's' },
	{ "count", required_argument, NULL, 'n' },
	{ "seconds", required_argument, NULL, 't' },
	{ "coverage", no_argument, NULL, 'c' },
	{ "replay", required_argument, NULL, 'r' },
	{ "max-failures", required_argument, NULL, 'm' },
	{ "tlb-entries", required_argument, NULL, 'T' },
	{ "flush-every", required_argument, NULL, 'F' },
	{ "bt-disable", required_argument, NULL, 'C' },
	{ "exact-flags", no_argument, NULL, 'X' },
	{ "host-without", required_argument, NULL, 'W' },
	{ "max-insns", required_argument, NULL, 'M' },
	{ "only", required_argument, NULL, 'O' },
	{ "alias", no_argument, NULL, 'L' },
	{ "align-checks", required_argument, NULL, 'A' },
	{ "code-cache", required_argument, NULL, 'B' },
	{ "signal-storm", required_argument, NULL, 'S' },
	{ "flow", required_argument, NULL, 'f' },
	{ "twins", required_argument, NULL, 'w' },
	{ "first", required_argument, NULL, 'i' },
	{ "stats", no_argument, NULL, 'x' },
	{ "list-parts", no_argument, NULL, 'l' },
	{ 0 },
};

static void
list_parts(void)
{
	const char *name;

	for (unsigned i = 0; (name = bt_part_name(i)) != NULL; i++)
		printf("%s\n", name);
	exit(0);
}

static void
parse_replay(struct options *o, const char *arg)
{
	char *end;

	o->seed = strtoull(arg, &end, 0);
	if (*end != ':') {
		fprintf(stderr, "oracle: --replay takes SEED:INDEX\n");
		exit(2);
	}
	o->replay = strtoull(end + 1, NULL, 0);
	o->replaying = true;
}

static void
parse_parts(struct options *o, const char *arg)
{
	struct err e;

	if (bt_parts_parse(arg, &o->eng.disable, &e)) {
		fprintf(stderr, "oracle: %s (%s)\n", e.msg, e.hint);
		exit(2);
	}
}

static void
parse(struct options *o, int argc, char **argv)
{
	int ch;

	while ((ch = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (ch) {
		case 'e': o->engine = engine_named(optarg); break;
		case 's': o->seed = strtoull(optarg, NULL, 0); break;
		case 'n': o->count = strtoull(optarg, NULL, 0); break;
		case 't': o->seconds = (unsigned)atol(optarg); break;
		case 'c': o->coverage = true; break;
		case 'r': parse_replay(o, optarg); break;
		case 'm': o->max_failures = (unsigned)atol(optarg); break;
		case 'T': o->eng.tlb_entries = (unsigned)atol(optarg); break;
		case 'F': o->eng.flush_every = (unsigned)atol(optarg); break;
		case 'C': parse_parts(o, optarg); break;
		case 'X': o->eng.exact_flags = true; break;
		case 'W': o->without = optarg; break;
		case 'M': gen_max_insns = (unsigned)atol(optarg); break;
		case 'O': gen_only = optarg; break;
		case 'L': o->alias = o->eng.verify_reloc = true; break;
		case 'B': o->eng.code_cache_bytes = strtoull(optarg, NULL, 0);
			break;
		case 'S': o->storm_hz = (unsigned)atol(optarg); break;
		case 'f': gen_flow = (unsigned)atol(optarg); break;
		case 'w': gen_twins = (unsigned)atol(optarg); break;
		case 'i': o->first = strtoull(optarg, NULL, 0); break;
		case 'x': o->stats = true; break;
		case 'l': list_parts(); break;
		case 'A': values_align_checks = (unsigned)atol(optarg); break;
		default: exit(2);
		}
	}
	if (gen_max_insns < 1 || gen_max_insns > 8) {
		fprintf(stderr, "oracle: --max-insns takes 1 to 8\n");
		exit(2);
	}
	if (optind != argc) {
		fprintf(stderr, "oracle: unexpected argument %s\n",
		    argv[optind]);
		exit(2);
	}
}

static double
seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Which instructions ran: in straight code, those before the end. */
static void
count_coverage(struct tally *t, const struct seq *q, const struct result *r)
{
	uint64_t end = seq_offset(q, r->s.rip);
	/* These push the address after themselves. */
	bool trap = r->vector == VEC_BP || r->vector == VEC_OF ||
	    r->vector == VEC_DB;

	for (unsigned i = 0; i < q->n; i++) {
		unsigned row = q->insn[i].row;

		if (row == UINT16_MAX)
			continue;
		if (q->branches && i > 0 &&
		    (end >= q->len || insn_tab[row].flow == FLOW_NONE))
			continue;
		if (q->insn[i].off < end || q->branches)
			t->executed[row]++;
		else if (q->insn[i].off == end && !trap)
			t->faulted[row]++;
	}
}

static void
report(const struct options *o, const struct seq *q, const struct result *want,
    const struct result *got, unsigned run, uint64_t taint)
{
	printf("DIFFERENCE %" PRIu64 ":%" PRIu64 " run %u (%s)\n", q->seed,
	    q->index, run + 1, o->engine->name);
	print_state(q, stdout);
	disassemble(q, stdout);
	compare(q, want, got, taint, stdout);
	if (got->vector == VECTOR_OTHER)
		printf("  engine left with reason %u at %" PRIx64 "\n",
		    got->error, got->s.rip);
	fflush(stdout);
}

static void
check_one(const struct options *o, struct tally *t, struct guest *g,
    const struct seq *q, const struct result *want)
{
	static struct result got;
	uint64_t taint = 0, undefined;
	bool skip = false;

	if (want->vector == VECTOR_TIMEOUT) {
		t->timeouts++;
		return;
	}
	if (left_open(q, want)) {
		t->open++;
		return;
	}
	undefined = taint_of(q, &skip);
	if (o->engine->id == ENGINE_INTERP) {
		taint = undefined;
		t->masked += taint != 0;
		if (skip) {
			t->tainted++;
			return;
		}
	}
	if (o->engine->id == ENGINE_BT && !o->eng.exact_flags)
		taint = dead_at_fault(q, want);
	t->ended[want->vector & 31]++;
	count_coverage(t, q, want);
	if (o->alias)
		guest_run_alias(g, q);
	for (unsigned run = 0; run < RUNS; run++) {
		guest_run(g, q, run, &got);
		t->runs++;
		t->stale += o->engine->id == ENGINE_BT &&
		    (want->s.rflags ^ got.s.rflags) & taint;
		if (!compare(q, want, &got, taint, NULL))
			continue;
		t->failures++;
		if (t->failures <= o->max_failures)
			report(o, q, want, &got, run, taint);
		return;
	}
}

static int
run_batch(const struct options *o, struct tally *t, struct native **np,
    struct guest *g, uint64_t first, unsigned n)
{
	struct batch *b = native_batch(*np);

	for (unsigned i = 0; i < n; i++)
		gen_seq(&b->seq[i], o->seed, first + i);
	if (native_run(*np, n)) {
		printf("the native child died at %" PRIu64 ":%" PRIu64 "\n",
		    o->seed, first + atomic_load(&b->done));
		disassemble(&b->seq[atomic_load(&b->done)], stdout);
		return -1;
	}
	for (unsigned i = 0; i < n; i++)
		check_one(o, t, g, &b->seq[i], &b->result[i]);
	t->sequences += n;
	return 0;
}

static unsigned
print_coverage(const struct tally *t)
{
	unsigned low = 0, rows = 0;

	printf("%-18s %-6s %-3s %-4s %10s %10s\n", "instruction", "enc", "map",
	    "op", "executed", "faulted");
	for (unsigned i = 0; i < insn_tab_len; i++) {
		static const char *const enc[] = { "legacy", "vex", "evex" };
		const struct insn_desc *d = &insn_tab[i];
		/* Some only ever fault: UD2, INT3. */
		uint64_t n = t->executed[i] + t->faulted[i];

		if (!gen_wants(i))
			continue;
		rows++;
		low += n < COVER_AT_LEAST;
		printf("%-18s %-6s %-3u %02x   %10" PRIu64 " %10" PRIu64 "%s\n",
		    d->name, enc[d->enc], d->map, d->opcode, t->executed[i],
		    t->faulted[i], n < COVER_AT_LEAST ? "  LOW" : "");
	}
	printf("%u rows offered, %u executed less than %u times\n", rows, low,
	    COVER_AT_LEAST);
	return low;
}

static void
print_tally(const struct options *o, const struct tally *t, double spent)
{
	printf("oracle %s: seed %" PRIu64 ", %" PRIu64 " sequences, %" PRIu64
	    " runs, %.1f s (%.0f/s): %" PRIu64 " differences\n",
	    o->engine->name, o->seed, t->sequences, t->runs, spent,
	    (double)t->sequences / (spent > 0 ? spent : 1), t->failures);
	printf("  left out: %" PRIu64 " endless natively, %" PRIu64
	    " that use an undefined flag; undefined flags masked in %" PRIu64
	    "\n  ended where the manual leaves it open: %" PRIu64
	    "; fault frames with stale dead flags: %" PRIu64 "\n",
	    t->timeouts, t->tainted, t->masked, t->open, t->stale);
	if (o->storm_hz)
		printf("  host signals: %" PRIu64 "\n", storm_count());
	printf("  ended by vector:");
	for (unsigned v = 0; v < 32; v++)
		if (t->ended[v])
			printf(" %u:%" PRIu64, v, t->ended[v]);
	printf("\n");
}

/* One sequence, to the end of its runs; differences are counted. */
static unsigned
replay_one(const struct options *o, const struct seq *q,
    const struct result *want, struct guest *g)
{
	static struct result got;
	unsigned bad = 0;
	uint64_t taint;
	bool skip;

	printf("%" PRIu64 ":%" PRIu64 "\n", q->seed, q->index);
	print_state(q, stdout);
	disassemble(q, stdout);
	printf("native: vector %u error %x at %" PRIx64 "\n", want->vector,
	    want->error, want->s.rip);
	fflush(stdout);
	taint = taint_of(q, &skip);
	if (o->engine->id != ENGINE_INTERP)
		taint = o->eng.exact_flags ? 0 : dead_at_fault(q, want);
	if (o->alias)
		guest_run_alias(g, q);
	for (unsigned run = 0; run < RUNS; run++) {
		guest_run(g, q, run, &got);
		printf("run %u: vector %u error %x at %" PRIx64 "\n", run + 1,
		    got.vector, got.error, got.s.rip);
		bad += compare(q, want, &got, taint, stdout) != 0;
	}
	return bad;
}

/* A twin needs the one it is the twin of to have run. */
static int
replay(const struct options *o, struct native *n, struct guest *g)
{
	struct batch *b = native_batch(n);
	unsigned twin = gen_is_twin(o->seed, o->replay), bad = 0;

	for (unsigned k = 0; k <= twin; k++)
		gen_seq(&b->seq[k], o->seed, o->replay - twin + k);
	if (native_run(n, 1 + twin)) {
		disassemble(&b->seq[twin], stdout);
		printf("the native child died\n");
		return 3;
	}
	for (unsigned k = 0; k <= twin; k++)
		bad += replay_one(o, &b->seq[k], &b->result[k], g);
	return bad ? 1 : 0;
}

/* Copies of translations were made, each as a translation would be. */
static bool
copies_are_right(struct guest *g)
{
	uint64_t made = guest_counter(g, "bt.relocated");
	uint64_t wrong = guest_counter(g, "bt.relocated_wrong");

	printf("  copies of translations: %" PRIu64 ", wrong: %" PRIu64 "\n",
	    made, wrong);
	return made && !wrong;
}

static int
run_all(const struct options *o, struct tally *t, struct native *n,
    struct guest *g)
{
	double start = seconds_now(), spent = 0;
	uint64_t i = 0;

	while (o->seconds ? spent < o->seconds : i < o->count) {
		unsigned k = BATCH;

		if (!o->seconds && o->count - i < k)
			k = (unsigned)(o->count - i);
		if (run_batch(o, t, &n, g, o->first + i, k))
			return 3;
		i += k;
		spent = seconds_now() - start;
		if (t->failures > o->max_failures * 50 + 1000)
			break;
	}
	print_tally(o, t, spent);
	return t->failures || (o->alias && !copies_are_right(g)) ? 1 : 0;
}

int
main(int argc, char **argv)
{
	struct options o = { .seed = 1, .count = 200000, .max_failures = 10,
		.engine = &engine_bt };
	static struct cpuid_host host;
	static struct cpuid_table table;
	struct tally t = { 0 };
	struct native *n;
	struct guest *g;
	struct err e = { 0 };
	int rc;

	parse(&o, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	if (cpuid_host_read(&host, o.without, &e) ||
	    cpuid_resolve(&table, &host, 1, 1000000, &e)) {
		fprintf(stderr, "oracle: %s\n", e.msg);
		return 3;
	}
	/* The native side needs it, whatever the guest is given. */
	if (!native_possible()) {
		fprintf(stderr, "oracle: the host lacks FSGSBASE\n");
		return 3;
	}
	o.eng.flush_seed = o.seed;
	vec_init(table.xcr0_mask);
	values_init(o.seed);
	t.executed = calloc(insn_tab_len, sizeof(*t.executed));
	t.faulted = calloc(insn_tab_len, sizeof(*t.faulted));
	if (!t.executed || !t.faulted || gen_init(&table) ||
	    native_start(&n) || guest_start(&g, o.engine, &table, &o.eng) ||
	    (o.storm_hz && storm_start(o.storm_hz))) {
		fprintf(stderr, "oracle: cannot start\n");
		return 3;
	}
	rc = o.replaying ? replay(&o, n, g) : run_all(&o, &t, n, g);
	if (o.coverage && !o.replaying && print_coverage(&t) && !rc)
		rc = 1;
	if (o.stats)
		guest_stats(g, stdout);
	storm_stop();
	native_stop(n);
	guest_stop(g);
	free(t.executed);
	free(t.faulted);
	return rc;
}
