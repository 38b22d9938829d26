/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's processor as oracle: the same random instruction sequence, from
 * the same state, natively (native.c) and through an engine (guest.c), and
 * every architectural difference is a bug until it is explained.
 *
 * Both sides see the same linear addresses: two pages of code followed by a
 * hole, and nine pages of data, "WW-RW-WW-" (writable, hole, read-only); and
 * the same pages again at two other places.
 */
#ifndef TRIVISOR_TESTS_ORACLE_H
#define TRIVISOR_TESTS_ORACLE_H

#include <stdio.h>

#include "modes/cpuid.h"
#include "modes/engine.h"
#include "modes/x86/decode.h"

#define CODE_VA UINT64_C(0x10000000)
#define CODE_PAGES 2
#define CODE_BYTES (CODE_PAGES * 4096)
#define DATA_VA UINT64_C(0x20000000)
#define DATA_SPAN 9
/* The pages that exist, in order: their index in the nine. */
#define DATA_PAGES 6
#define DATA_READONLY 2		/* index among the six */
#define DATA_BYTES (DATA_PAGES * 4096)
extern const uint8_t data_page[DATA_PAGES];
/*
 * All of it is there twice more, so far above: the same pages.  Those of the
 * near one have other indexes in the soft TLB and the jump cache.
 */
#define TWIN_NEAR UINT64_C(0x43205000)
#define TWIN_FAR UINT64_C(0x2a5550000000)	/* there, code is global */
#define STACK_VA (DATA_VA + 7 * 4096)

#define SEQ_MAX_INSNS 48
#define SEQ_MAX_BYTES 768

/* Vector and x87 state, in a layout of our own: XSAVE's depends on the CPU. */
struct vec_state {
	uint16_t fcw, fsw;
	uint8_t ftw;		/* abridged: bit set is "not empty" */
	uint8_t st[8][10];	/* ST0 first */
	uint32_t mxcsr;
	uint64_t k[8];
	uint8_t zmm[32][64];
};

struct state {
	uint64_t gpr[GPR_COUNT];
	uint64_t rip, rflags;
	uint64_t fs_base, gs_base;
	struct vec_state v;
};

/* What ended a run. */
enum { VECTOR_TIMEOUT = 0x100, VECTOR_OTHER = 0x101 };

struct result {
	uint32_t vector;	/* enum vector or VECTOR_* */
	uint32_t error;
	uint64_t cr2;		/* when vector is VEC_PF */
	struct state s;
	uint8_t mem[DATA_BYTES];
};

struct seq {
	uint64_t seed, index;
	struct state init;
	uint64_t va;		/* of the code pages: CODE_VA or a twin of it */
	unsigned image;		/* which initial content of the data pages */
	unsigned start;		/* offset of the first byte in the code pages */
	unsigned len;		/* bytes of code in all */
	unsigned n;		/* instructions */
	uint8_t code[SEQ_MAX_BYTES];
	struct {
		uint16_t off;	/* from start */
		uint16_t row;	/* of insn_tab */
	} insn[SEQ_MAX_INSNS];
	bool branches;		/* has control flow: order is not known */
	bool loops;
};

/* Offset from the sequence's first byte, whichever of the addresses it is. */
static inline uint64_t
seq_offset(const struct seq *q, uint64_t rip)
{
	if (rip >= CODE_VA + TWIN_FAR)
		rip -= TWIN_FAR;
	else if (rip >= CODE_VA + TWIN_NEAR)
		rip -= TWIN_NEAR;
	return rip - CODE_VA - q->start;
}

/* --- rng.c: the generator's only source of chance --- */
struct rng {
	uint64_t s[2];
};
void rng_init(struct rng *r, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *r);
static inline unsigned
rng_below(struct rng *r, unsigned n)
{
	return (unsigned)((rng_next(r) >> 32) * n >> 32);
}
/* True in percent of the cases. */
static inline bool
rng_chance(struct rng *r, unsigned percent)
{
	return rng_below(r, 100) < percent;
}

/* --- values.c: initial states and memory --- */
#define N_IMAGES 16
extern uint8_t images[N_IMAGES][DATA_BYTES];
/* How many sequences in a hundred start with RFLAGS.AC set. */
extern unsigned values_align_checks;
void values_init(uint64_t seed);
uint64_t value_int(struct rng *r);
void value_state(struct rng *r, struct state *s);

/* --- gen.c --- */
MUST_USE int gen_init(const struct cpuid_table *offered);
/* Instructions per sequence at most, 1 to 8. */
extern unsigned gen_max_insns;
/* How many in a hundred have loops, calls and returns; how many are twins. */
extern unsigned gen_flow, gen_twins;
/* Only rows whose name contains this. */
extern const char *gen_only;
/* Is it the one before it, at its other address? */
bool gen_is_twin(uint64_t seed, uint64_t index);
void gen_seq(struct seq *q, uint64_t seed, uint64_t index);
/* Rows that must be covered; false for those left out. */
bool gen_wants(unsigned row);

/* --- vec.c: struct vec_state to and from an XSAVE standard image --- */
/* shown: the components the guest has, as in XCR0; others are kept initial. */
void vec_init(uint64_t shown);
void vec_to_xsave(const struct vec_state *v, uint8_t *image);
void vec_from_xsave(struct vec_state *v, const uint8_t *image);

/* --- native.c --- */
#define BATCH 128
struct batch {
	struct seq seq[BATCH];
	struct result result[BATCH];
	_Atomic uint32_t done;		/* results that are there */
};
struct native;
/* Has the host what the native side needs (FSGSBASE)? */
bool native_possible(void);
MUST_USE int native_start(struct native **np);
/* Runs the first n sequences of the batch; -1 when the child died. */
MUST_USE int native_run(struct native *n, unsigned count);
struct batch *native_batch(struct native *n);
void native_stop(struct native *n);

/* --- guest.c --- */
struct guest;
struct engine_options;
MUST_USE int guest_start(struct guest **gp, const struct engine_ops *engine,
    const struct cpuid_table *t, const struct engine_options *opt);
/* run: the how manieth of this sequence, 0 to 2. */
void guest_run(struct guest *g, const struct seq *q, unsigned run,
    struct result *r);
/* run: the how manieth of this sequence, 0 to 2. */
void guest_run(struct guest *g, const struct seq *q, unsigned run,
    struct result *r);
/* Run it at another of its addresses; the result is lost. */
void guest_run_alias(struct guest *g, const struct seq *q);
/* What the engine counts; and one of its counters, by its name. */
void guest_stats(struct guest *g, FILE *out);
uint64_t guest_counter(struct guest *g, const char *name);
void guest_stop(struct guest *g);

/* --- storm.c: host signals to the thread that runs the engine --- */
/* hz per second, from the calling thread's timer to the calling thread. */
MUST_USE int storm_start(unsigned hz);
/* Between these, signals poke the vCPU, too. */
void storm_begin(struct vcpu *c);
void storm_end(void);
uint64_t storm_count(void);
void storm_stop(void);

/* --- compare.c --- */
/*
 * Print and count the differences; taint is the set of flags whose value the
 * manual leaves open and this engine may choose.
 */
unsigned compare(const struct seq *q, const struct result *want,
    const struct result *got, uint64_t taint, FILE *out);
/* NULL, or what the manual leaves to the processor in a fault that ended it. */
const char *left_open(const struct seq *q, const struct result *want);
/* Flags that are undefined at the end; *skip if one of them was used. */
uint64_t taint_of(const struct seq *q, bool *skip);
/*
 * Arithmetic flags that a fault frame may show stale, because the instructions
 * from the faulting one on overwrite them before anybody reads them.
 */
uint64_t dead_at_fault(const struct seq *q, const struct result *want);
void disassemble(const struct seq *q, FILE *out);
void print_state(const struct seq *q, FILE *out);

#endif
