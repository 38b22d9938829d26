/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory model (SDM 3, 9.2): small races of two to four processors, run
 * very often.  What the manual forbids must never be seen; store buffering,
 * which it allows and processors show, must be seen ("seen=0" does without:
 * the interpreter has a fence in every store).
 *
 * "runs" is how often, "ms" how long at most for one of them; 0 is no end.
 * "least" leaves out those of fewer processors.
 * A batch is an array of slots, each with its own x and y in lines of their
 * own.  Processors go through it slot by slot in lockstep, each with a random
 * delay before its part.
 */
#include "smp.h"

#define SLOTS 2048

struct slot {
	volatile u64 x __attribute__((aligned(64)));
	volatile u64 y __attribute__((aligned(64)));
};

/* What each processor found, and the values left behind. */
struct outcome {
	u64 r[4][2];
	u64 x, y;
};

typedef void part_fn(struct slot *s, u64 r[2]);
typedef bool cond_fn(const struct outcome *o);

static struct slot slots[SLOTS] __attribute__((aligned(4096)));
static u64 found[4][SLOTS][2] __attribute__((aligned(4096)));
/* For locked operations on something that has nothing to do with it. */
static struct {
	u64 v __attribute__((aligned(4096)));
	u8 rest[4096 * 2 - 8];
} aside[4] __attribute__((aligned(4096)));

/* --- the parts ------------------------------------------------------------------ */

/* a and b are the results, 0 before; z is a place of the processor's own. */
#define PART(name, text) \
static void \
name(struct slot *s, u64 r[2]) \
{ \
	u64 a = 0, b = 0, t = 0; \
	u64 *z = &aside[cpu_id()].v; \
\
	asm volatile(text : [a] "+&r" (a), [b] "+&r" (b), [t] "+&r" (t) \
	    : [x] "r" (&s->x), [y] "r" (&s->y), [z] "r" (z), \
	    [one] "r" (1ul), [two] "r" (2ul), [ones] "r" (~0ul) \
	    : "memory", "cc", "rax", "rbx", "rcx", "rdx"); \
	r[0] = a; \
	r[1] = b; \
}
#define WX "movq %[one], (%[x])\n"
#define WY "movq %[one], (%[y])\n"
#define WX2 "movq %[two], (%[x])\n"
#define WY2 "movq %[two], (%[y])\n"
#define AX "movq (%[x]), %[a]\n"
#define AY "movq (%[y]), %[a]\n"
#define BX "movq (%[x]), %[b]\n"
#define BY "movq (%[y]), %[b]\n"
#define SWAP(to) "mov %[one], %[t]\nxchgq %[t], (%[" to "])\n"
/* Each of these empties the store buffer. */
#define F_MFENCE "mfence\n"
#define F_ADD "lock addl $0, -64(%%rsp)\n"
#define F_XADD "lock xaddq %[t], (%[z])\n"
#define F_LINES "lock addq $1, 61(%[z])\n"
#define F_PAGES "lock addq $1, 4093(%[z])\n"
#define F_FAILS "mov $5, %%eax\nlock cmpxchgq %[ones], 512(%[z])\n"
/* These serialise: SDM 3 9.3. */
#define F_CPUID "xor %%eax, %%eax\ncpuid\n"
#define F_IRET "mov %%rsp, %[t]\nmov %%ss, %%eax\npush %%rax\n" \
	"push %[t]\npushf\nmov %%cs, %%eax\npush %%rax\n" \
	"lea 1f(%%rip), %%rax\npush %%rax\niretq\n1:"
#define F_CR3 "mov %%cr3, %%rax\nmov %%rax, %%cr3\n"
#define F_INVLPG "invlpg (%[z])\n"
#define F_WRMSR "mov $0xc0000081, %%ecx\nrdmsr\nwrmsr\n"
#define F_LIDT "sidt 1024(%[z])\nlidt 1024(%[z])\n"

PART(sb0, WX AY)
PART(sb1, WY AX)
PART(sb0_lfence, WX "lfence\n" AY)
PART(sb1_lfence, WY "lfence\n" AX)
PART(sb0_mfence, WX F_MFENCE AY)
PART(sb1_mfence, WY F_MFENCE AX)
PART(sb0_add, WX F_ADD AY)
PART(sb1_add, WY F_ADD AX)
PART(sb0_xadd, WX F_XADD AY)
PART(sb1_xadd, WY F_XADD AX)
PART(sb0_lines, WX F_LINES AY)
PART(sb1_lines, WY F_LINES AX)
PART(sb0_pages, WX F_PAGES AY)
PART(sb1_pages, WY F_PAGES AX)
PART(sb0_fails, WX F_FAILS AY)
PART(sb1_fails, WY F_FAILS AX)
PART(sb0_cpuid, WX F_CPUID AY)
PART(sb1_cpuid, WY F_CPUID AX)
PART(sb0_iret, WX F_IRET AY)
PART(sb1_iret, WY F_IRET AX)
PART(sb0_cr3, WX F_CR3 AY)
PART(sb1_cr3, WY F_CR3 AX)
PART(sb0_invlpg, WX F_INVLPG AY)
PART(sb1_invlpg, WY F_INVLPG AX)
PART(sb0_wrmsr, WX F_WRMSR AY)
PART(sb1_wrmsr, WY F_WRMSR AX)
PART(sb0_lidt, WX F_LIDT AY)
PART(sb1_lidt, WY F_LIDT AX)
PART(sb0_xchg, SWAP("x") AY)
PART(sb1_xchg, SWAP("y") AX)
PART(fwd0, WX AX BY)
PART(fwd1, WY AY BX)
PART(n6_0, WX AX BY)
PART(n6_1, WY2 WX2)
PART(lb0, AX WY)
PART(lb1, AY WX)
PART(mp0, WX WY)
PART(mp1, AY BX)
PART(mp0_stos, "mov %[x], %%rdi\nmov %[one], %%rax\nstosq\n" WY)
PART(mp0_push, "mov %%rsp, %[t]\nlea 8(%[x]), %%rsp\npush $1\n"
    "lea 8(%[y]), %%rsp\npush $1\nmov %[t], %%rsp\n")
PART(mp1_pop, "mov %%rsp, %[t]\nmov %[y], %%rsp\npop %[a]\n"
    "mov %[x], %%rsp\npop %[b]\nmov %[t], %%rsp\n")
PART(mp0_byte, "movb $1, (%[x])\nmovw $1, (%[y])\n")
PART(mp1_byte, "movzwl (%[y]), %k[a]\nmovzbl (%[x]), %k[b]\n")
PART(mp0_lock, "lock incq (%[x])\nlock orq $1, (%[y])\n")
PART(corr0, WX)
PART(corr1, AX BX)
PART(n5_0, WX AX)
PART(n5_1, WX2 AX)
PART(n4_0, AX WX)
PART(n4_1, AX WX2)
PART(ww0, WX WY2)
PART(ww1, WY WX2)
PART(s0, WX2 WY)
PART(s1, AY WX)
PART(wr_x, WX)
PART(wr_y, WY)
PART(rd_xy, AX BY)
PART(rd_yx, AY BX)
PART(wrc1, AX WY)
PART(lock_x, SWAP("x"))
PART(lock_y, SWAP("y"))
PART(whole0, "movq %[ones], (%[x])\nmovl %k[ones], 1(%[y])\n")
PART(whole1, AX "movl 1(%[y]), %k[b]\n")

/* --- the outcomes ---------------------------------------------------------------- */

#define COND(name, expr) \
static bool \
name(const struct outcome *o) \
{ \
	return expr; \
}
#define A(cpu) o->r[cpu][0]
#define B(cpu) o->r[cpu][1]
COND(both_0, A(0) == 0 && A(1) == 0)
COND(both_1, A(0) == 1 && A(1) == 1)
COND(fwd_lost, A(0) != 1 || A(1) != 1)
COND(fwd_weak, B(0) == 0 && B(1) == 0)
COND(n6_weak, A(0) == 1 && B(0) == 0 && o->x == 1)
COND(n6_lost, A(0) == 0)
COND(mp_bad, A(1) == 1 && B(1) == 0)
COND(corr_bad, A(1) == 1 && B(1) == 0)
COND(n5_bad, A(0) == 2 && A(1) == 1)
COND(n4_bad, A(0) == 2 && A(1) == 1)
COND(ww_bad, o->x == 1 && o->y == 1)
COND(s_bad, A(1) == 1 && o->x == 2)
COND(iriw_bad, A(2) == 1 && B(2) == 0 && A(3) == 1 && B(3) == 0)
COND(wrc_bad, A(1) == 1 && A(2) == 1 && B(2) == 0)
COND(torn, A(1) + 1 > 1 || (B(1) != 0 && B(1) != 0xffffffff))

static const struct test {
	const char *name;
	unsigned n;
	part_fn *part[4];
	cond_fn *forbidden;
	cond_fn *weak;		/* allowed, and strange enough to count */
	bool must;		/* and to be seen */
	unsigned divide;	/* fewer runs: it is slow */
} tests[] = {
	{ "SB", 2, { sb0, sb1 }, NULL, both_0, true, 1 },
	{ "SB+lfence", 2, { sb0_lfence, sb1_lfence }, NULL, both_0, false, 2 },
	{ "SB+forwarding", 2, { fwd0, fwd1 }, fwd_lost, fwd_weak, true, 1 },
	{ "n6", 2, { n6_0, n6_1 }, n6_lost, n6_weak, false, 1 },
	{ "SB+mfence", 2, { sb0_mfence, sb1_mfence }, both_0, NULL, 0, 1 },
	{ "SB+lock add", 2, { sb0_add, sb1_add }, both_0, NULL, 0, 1 },
	{ "SB+lock xadd", 2, { sb0_xadd, sb1_xadd }, both_0, NULL, 0, 1 },
	{ "SB+failed cmpxchg", 2, { sb0_fails, sb1_fails }, both_0, NULL, 0,
	    1 },
	{ "SB+lock over lines", 2, { sb0_lines, sb1_lines }, both_0, NULL, 0,
	    4 },
	{ "SB+lock over pages", 2, { sb0_pages, sb1_pages }, both_0, NULL, 0,
	    16 },
	{ "SB+cpuid", 2, { sb0_cpuid, sb1_cpuid }, both_0, NULL, 0, 8 },
	{ "SB+iret", 2, { sb0_iret, sb1_iret }, both_0, NULL, 0, 8 },
	{ "SB+cr3", 2, { sb0_cr3, sb1_cr3 }, both_0, NULL, 0, 8 },
	{ "SB+invlpg", 2, { sb0_invlpg, sb1_invlpg }, both_0, NULL, 0, 8 },
	{ "SB+wrmsr", 2, { sb0_wrmsr, sb1_wrmsr }, both_0, NULL, 0, 8 },
	{ "SB+lidt", 2, { sb0_lidt, sb1_lidt }, both_0, NULL, 0, 8 },
	{ "SB+xchg", 2, { sb0_xchg, sb1_xchg }, both_0, NULL, 0, 1 },
	{ "LB", 2, { lb0, lb1 }, both_1, NULL, 0, 1 },
	{ "MP", 2, { mp0, mp1 }, mp_bad, NULL, 0, 1 },
	{ "MP, stos", 2, { mp0_stos, mp1 }, mp_bad, NULL, 0, 2 },
	{ "MP, push and pop", 2, { mp0_push, mp1_pop }, mp_bad, NULL, 0, 2 },
	{ "MP, bytes", 2, { mp0_byte, mp1_byte }, mp_bad, NULL, 0, 2 },
	{ "MP, locked", 2, { mp0_lock, mp1 }, mp_bad, NULL, 0, 2 },
	{ "CoRR", 2, { corr0, corr1 }, corr_bad, NULL, 0, 1 },
	{ "n5", 2, { n5_0, n5_1 }, n5_bad, NULL, 0, 1 },
	{ "n4b", 2, { n4_0, n4_1 }, n4_bad, NULL, 0, 1 },
	{ "2+2W", 2, { ww0, ww1 }, ww_bad, NULL, 0, 1 },
	{ "S", 2, { s0, s1 }, s_bad, NULL, 0, 1 },
	{ "whole words", 2, { whole0, whole1 }, torn, NULL, 0, 1 },
	{ "WRC", 3, { wr_x, wrc1, rd_yx }, wrc_bad, NULL, 0, 16 },
	{ "IRIW", 4, { wr_x, wr_y, rd_xy, rd_yx }, iriw_bad, NULL, 0,
	    16 },
	{ "IRIW, locked", 4, { lock_x, lock_y, rd_xy, rd_yx }, iriw_bad, NULL,
	    0, 16 },
};

/* --- running ---------------------------------------------------------------------- */

static const struct test *test;
static ulong runs;
static bool seen;		/* is store buffering to be seen? */
static ulong ms;		/* for one test; 0: as long as it takes */
static u64 until;		/* TSC */
static volatile bool over;
static u64 n_runs, enough;
static u64 n_forbidden, n_weak;
static struct barrier gate;
static struct {
	volatile unsigned at __attribute__((aligned(64)));
	unsigned alone;		/* slots to go without waiting */
} pos[4];
static u64 seed[4] = { 0x1234567, 0x89abcdef1, 0x2468ace13, 0x13579bdf5 };

/*
 * Meet before slot i; not for ever, for a host with fewer processors than
 * these runs them in turn.  In the
 * interpreter, who waited in vain does not do so again soon.
 */
static void
meet(unsigned id, unsigned i)
{
	unsigned patience = test->n > 2 ? 300 : seen ? 20000 : 2000;

	pos[id].at = i + 1;
	if (pos[id].alone) {
		pos[id].alone--;
		return;
	}
	for (unsigned other = 0; other < test->n; other++)
		while (pos[other].at <= i && patience && --patience)
			asm volatile("" ::: "memory");
	if (!patience && !seen)
		pos[id].alone = 16;
}

static void
judge(void)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		struct outcome o = { .x = slots[i].x, .y = slots[i].y };

		for (unsigned c = 0; c < test->n; c++) {
			o.r[c][0] = found[c][i][0];
			o.r[c][1] = found[c][i][1];
		}
		n_forbidden += test->forbidden && test->forbidden(&o);
		n_weak += test->weak && test->weak(&o);
		slots[i].x = slots[i].y = 0;
	}
	for (unsigned c = 0; c < 4; c++)
		pos[c].at = 0;
}

static void
work(unsigned id)
{
	part_fn *part = test->part[id];

	while (!over) {
		for (unsigned i = 0; i < SLOTS; i++) {
			unsigned delay = next_random(&seed[id]) & 15;

			meet(id, i);
			while (delay--)
				asm volatile("");
			part(&slots[i], found[id][i]);
		}
		barrier(&gate, test->n);
		if (id == 0) {
			judge();
			n_runs += SLOTS;
			over = n_runs >= enough || rdtsc() > until;
		}
		barrier(&gate, test->n);
	}
}

static void
run_batches(void)
{
	over = false;
	enough = n_runs + runs / test->divide;
	until = ms ? rdtsc() + ms * tsc_per_ms : ~0ull;
	on_first(test->n, work);
}

void
guest_main(void)
{
	ulong least;

	seen = option("seen", 1);
	runs = option("runs", 200000);
	ms = option("ms", 400);
	least = option("least", 2);
	if (!smp_start())
		return;
	for (test = tests; test < tests + ARRAY_LEN(tests); test++) {
		if (test->n > n_cpus || test->n < least)
			continue;
		n_forbidden = n_weak = n_runs = 0;
		run_batches();
		for (unsigned i = 0; i < 200 && seen && test->must && !n_weak;
		    i++)
			run_batches();
		print("%s: %llu runs", test->name, n_runs);
		if (test->weak)
			print(", weak outcome %llu times", n_weak);
		print("\n");
		/* Stores stay in the host's buffer over TCG's helpers. */
		if (test->part[0] >= sb0_cpuid && test->part[0] <= sb1_lidt)
			tcg_wrong();
		CHECK_EQ(n_forbidden, 0, test->name);
		if (seen && test->must)
			CHECK(n_weak > 0,
			    "SDM 3 9.2.3.4: a store may pass later loads");
	}
}
