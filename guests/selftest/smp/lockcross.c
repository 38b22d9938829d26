/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locked operations are atomic wherever their bytes lie (SDM 3, 9.1.2.2: "the
 * integrity of a bus lock is not affected by the alignment of the memory
 * field"): within a line, across two lines, across two pages that are and that
 * are not neighbours in physical memory; against others of the same size and
 * against aligned ones on a part of the bytes, also by another linear address.
 */
#include "smp.h"

typedef void op_fn(void *p, unsigned id);

/* --- the operations, each for 2, 4 and 8 bytes ---------------------------- */

/* What a processor keeps from one operation to the next. */
static struct {
	u64 sum, held;
	unsigned wrong;
} own[SMP_MAX_CPUS] __attribute__((aligned(64)));

#define SIZED(bits, s, r) \
static void \
inc_##bits(void *p, unsigned id) \
{ \
	asm volatile("lock inc" s " %0" : "+m" (*(u##bits *)p) \
	    :: "memory", "cc"); \
} \
static void \
sub_##bits(void *p, unsigned id) \
{ \
	asm volatile("lock sub" s " $-1, %0" : "+m" (*(u##bits *)p) \
	    :: "memory", "cc"); \
} \
static void \
add_##bits(void *p, unsigned id) \
{ \
	asm volatile("lock add" s " %" r "1, %0" : "+m" (*(u##bits *)p) \
	    : "r" (1ul) : "memory", "cc"); \
} \
/* Adc with carry set: the flags go in as well. */ \
static void \
adc_##bits(void *p, unsigned id) \
{ \
	asm volatile("stc; lock adc" s " $0, %0" : "+m" (*(u##bits *)p) \
	    :: "memory", "cc"); \
} \
static void \
xadd_##bits(void *p, unsigned id) \
{ \
	u64 v = 1; \
\
	asm volatile("lock xadd" s " %" r "0, %1" \
	    : "+r" (v), "+m" (*(u##bits *)p) :: "memory", "cc"); \
	own[id].sum += v; \
} \
static void \
cas_##bits(void *p, unsigned id) \
{ \
	u64 v = *(volatile u##bits *)p; \
	bool ok; \
\
	do { \
		asm volatile("lock cmpxchg" s " %" r "3, %1" \
		    : "+a" (v), "+m" (*(u##bits *)p), "=@ccz" (ok) \
		    : "r" (v + 1) : "memory"); \
	} while (!ok); \
} \
/* Everybody flips a bit of his own and knows how he left it. */ \
static void \
btc_##bits(void *p, unsigned id) \
{ \
	bool was; \
\
	asm volatile("lock btc" s " %" r "2, %1" \
	    : "=@ccc" (was), "+m" (*(u##bits *)p) \
	    : "r" ((ulong)id * (bits / 4) + 1) : "memory"); \
	own[id].wrong += was != (own[id].held & 1); \
	own[id].held ^= 1; \
} \
static void \
bts_##bits(void *p, unsigned id) \
{ \
	bool was1, was2; \
\
	asm volatile("lock bts" s " %" r "2, %1" \
	    : "=@ccc" (was1), "+m" (*(u##bits *)p) \
	    : "r" ((ulong)id * (bits / 4) + 2) : "memory"); \
	asm volatile("lock btr" s " %" r "2, %1" \
	    : "=@ccc" (was2), "+m" (*(u##bits *)p) \
	    : "r" ((ulong)id * (bits / 4) + 2) : "memory"); \
	own[id].wrong += was1 || !was2; \
} \
/* Tokens change hands; none is lost, doubled or torn. */ \
static void \
xchg_##bits(void *p, unsigned id) \
{ \
	u64 v = own[id].held; \
\
	asm volatile("xchg" s " %" r "0, %1" \
	    : "+r" (v), "+m" (*(u##bits *)p) :: "memory"); \
	v = (u##bits)v; \
	own[id].held = v; \
	own[id].wrong += !v || v >> (bits - 8) != (v & 0xff); \
} \
/* The same with OR and AND, seen by a plain read. */ \
static void \
logic_##bits(void *p, unsigned id) \
{ \
	ulong bit = 1ul << (id * (bits / 4) + 3); \
\
	asm volatile("lock or" s " %" r "1, %0" : "+m" (*(u##bits *)p) \
	    : "r" (bit) : "memory", "cc"); \
	own[id].wrong += !(*(volatile u##bits *)p & bit); \
	asm volatile("lock and" s " %" r "1, %0" : "+m" (*(u##bits *)p) \
	    : "r" (~bit) : "memory", "cc"); \
	own[id].wrong += (*(volatile u##bits *)p & bit) != 0; \
} \
/* An even number of each of these changes nothing. */ \
static void \
xor_##bits(void *p, unsigned id) \
{ \
	asm volatile("lock xor" s " %" r "1, %0" : "+m" (*(u##bits *)p) \
	    : "r" (0x9e3779b97f4a7c15ul * (id + 1)) : "memory", "cc"); \
} \
static void \
not_##bits(void *p, unsigned id) \
{ \
	asm volatile("lock not" s " %0" : "+m" (*(u##bits *)p) \
	    :: "memory"); \
} \
static void \
neg_##bits(void *p, unsigned id) \
{ \
	asm volatile("lock neg" s " %0" : "+m" (*(u##bits *)p) \
	    :: "memory", "cc"); \
}
typedef u16 __attribute__((aligned(1))) u16_any;
typedef u32 __attribute__((aligned(1))) u32_any;
typedef u64 __attribute__((aligned(1))) u64_any;
#define u16 u16_any
#define u32 u32_any
#define u64 u64_any
SIZED(16, "w", "w")
SIZED(32, "l", "k")
SIZED(64, "q", "q")
#undef u16
#undef u32
#undef u64

static void
cas8b(void *p, unsigned id)
{
	u32 lo = ((volatile u32 *)p)[0], hi = ((volatile u32 *)p)[1];
	bool ok;

	do {
		u64 next = ((u64)hi << 32 | lo) + 1;

		asm volatile("lock cmpxchg8b %2"
		    : "+a" (lo), "+d" (hi), "+m" (*(u64_any *)p),
		    "=@ccz" (ok) : "b" ((u32)next), "c" ((u32)(next >> 32))
		    : "memory");
	} while (!ok);
}

/* Both halves count; SDM 2: misaligned is #GP, so this one never crosses. */
static void
cas16b(void *p, unsigned id)
{
	u64 lo = ((volatile u64 *)p)[0], hi = ((volatile u64 *)p)[1];
	bool ok;

	do {
		asm volatile("lock cmpxchg16b %2"
		    : "+a" (lo), "+d" (hi),
		    "+m" (*(unsigned __int128 *)p), "=@ccz" (ok)
		    : "b" (lo + 1), "c" (hi + 3) : "memory");
	} while (!ok);
}

/* --- the places --------------------------------------------------------------- */

static struct place {
	const char *name;
	ulong at;		/* a boundary between lines or pages */
	ulong low, high;	/* the bytes on either side, elsewhere linear */
	unsigned divide;	/* so much slower */
} places[4];
#define N_PLACES ARRAY_LEN(places)

static void
make_places(void)
{
	ulong a = page_alloc(), b = page_alloc(), c = page_alloc();
	ulong d = page_alloc();

	places[0] = (struct place){ "aligned", a + 256, a + 256, a + 256, 1 };
	places[1] = (struct place){ "two lines", a + 640, a + 640, a + 640, 1 };
	page_map(WINDOW, a | PTE_P | PTE_W);
	page_map(WINDOW + 4096, b | PTE_P | PTE_W);
	places[2] = (struct place){ "neighbour pages", WINDOW + 4096, b, b, 8 };
	page_map(WINDOW + 0x10000, d | PTE_P | PTE_W);
	page_map(WINDOW + 0x11000, c | PTE_P | PTE_W);
	places[3] = (struct place){ "scattered pages", WINDOW + 0x11000,
	    d + 4096, c, 8 };
}

/* --- one cell: an operation at a place ----------------------------------------- */

static struct {
	op_fn *fn;
	ulong p;
	unsigned count;
	/* Mixed: processor 2 and 3 do these instead. */
	op_fn *low_fn, *high_fn;
	ulong low, high;
} cell;
static struct barrier gate;

static void
work(unsigned id)
{
	op_fn *fn = cell.fn;
	ulong p = cell.p;

	if (id == 2 && cell.low_fn) {
		fn = cell.low_fn;
		p = cell.low;
	} else if (id == 3 && cell.high_fn) {
		fn = cell.high_fn;
		p = cell.high;
	}
	barrier(&gate, n_cpus);
	for (unsigned i = 0; i < cell.count; i++)
		fn((void *)p, id);
}

static u64
get(ulong p, unsigned size)
{
	u64 v = 0;

	copy(&v, (void *)p, size);
	return v;
}

static u64
mask(unsigned size)
{
	return size == 8 ? ~0ull : (1ull << 8 * size) - 1;
}

static void
go(op_fn *fn, ulong p, unsigned size, unsigned count, u64 start)
{
	cell.fn = fn;
	cell.p = p;
	cell.count = count;
	fill(own, 0, sizeof(own));
	copy((void *)p, &start, size);
	/* Every token is its own byte, all over. */
	for (unsigned i = 0; i < n_cpus; i++)
		own[i].held = (0x0101010101010101ull * (2 * i + 3)) & mask(size);
	on_all(work);
	cell.low_fn = cell.high_fn = NULL;
}

static void
claim(u64 got, u64 want, const struct place *pl, const char *name,
    unsigned size)
{
	unsigned failed = checks_failed;

	CHECK_EQ(got, want, "SDM 3 9.1.2.2: a locked operation is atomic");
	if (checks_failed != failed)
		print("  %s, %u bytes, %s\n", name, size, pl->name);
}

static u64
sum_own(void)
{
	u64 n = 0;

	for (unsigned i = 0; i < n_cpus; i++)
		n += own[i].sum;
	return n;
}

static unsigned
sum_wrong(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_cpus; i++)
		n += own[i].wrong;
	return n;
}

static u64
sum_held(void)
{
	u64 n = 0;

	for (unsigned i = 0; i < n_cpus; i++)
		n += own[i].held & 0xff;
	return n;
}

static const struct {
	const char *name;
	op_fn *fn[3];
} counters[] = {
	{ "inc", { inc_16, inc_32, inc_64 } },
	{ "sub", { sub_16, sub_32, sub_64 } },
	{ "add", { add_16, add_32, add_64 } },
	{ "adc", { adc_16, adc_32, adc_64 } },
	{ "xadd", { xadd_16, xadd_32, xadd_64 } },
	{ "cmpxchg", { cas_16, cas_32, cas_64 } },
}, bits[] = {
	{ "btc", { btc_16, btc_32, btc_64 } },
	{ "bts, btr", { bts_16, bts_32, bts_64 } },
	{ "or, and", { logic_16, logic_32, logic_64 } },
}, undone[] = {
	{ "xor", { xor_16, xor_32, xor_64 } },
	{ "not", { not_16, not_32, not_64 } },
	{ "neg", { neg_16, neg_32, neg_64 } },
};
static op_fn *const xchg[3] = { xchg_16, xchg_32, xchg_64 };

/* --- what is claimed ---------------------------------------------------------- */

static void
counting(const struct place *pl, unsigned s, ulong p, unsigned n)
{
	unsigned size = 2u << s;
	u64 all = (u64)n * n_cpus;

	for (unsigned i = 0; i < ARRAY_LEN(counters); i++) {
		go(counters[i].fn[s], p, size, n, 0);
		claim(get(p, size), all & mask(size), pl, counters[i].name,
		    size);
		/* Tickets: all different, from 0 up. */
		if (counters[i].fn[2] == xadd_64 && all <= mask(size))
			claim(sum_own(), all * (all - 1) / 2, pl, "tickets",
			    size);
	}
}

static void
flipping(const struct place *pl, unsigned s, ulong p, unsigned n)
{
	unsigned size = 2u << s;

	n &= ~1u;
	for (unsigned i = 0; i < ARRAY_LEN(bits); i++) {
		u64 start = 0;

		/* The tokens are odd: btc believes its bit to be set. */
		for (unsigned id = 0; id < n_cpus && i == 0; id++)
			start |= 1ull << (id * (2 * size) + 1);
		go(bits[i].fn[s], p, size, n, start);
		claim(get(p, size), start, pl, bits[i].name, size);
		claim(sum_wrong(), 0, pl, bits[i].name, size);
	}
	for (unsigned i = 0; i < ARRAY_LEN(undone); i++) {
		const u64 start = 0x8123456789abcdefull & mask(size);

		go(undone[i].fn[s], p, size, n, start);
		claim(get(p, size), start, pl, undone[i].name, size);
	}
	go(xchg[s], p, size, n, 0x6666666666666666ull & mask(size));
	claim((get(p, size) & 0xff) + sum_held(),
	    0x66 + n_cpus * (n_cpus - 1) + 3 * n_cpus, pl, "xchg", size);
	claim(sum_wrong(), 0, pl, "xchg", size);
}

static void
add_byte(void *p, unsigned id)
{
	asm volatile("lock addb $1, %0" : "+m" (*(u8 *)p) :: "memory", "cc");
}

/*
 * Processors 0 and 1 count over the boundary, 2 and 3 on the parts of the
 * number on either side of it, which are aligned.
 */
static void
mixed(const struct place *pl, unsigned n)
{
	/* Times that the low part counts: processors 0, 1 and 2. */
	u64 lows = 3ull * n;

	if (n_cpus < 4)
		return;
	cell.low_fn = inc_32;
	cell.high_fn = xadd_32;
	cell.low = pl->low - 4;
	cell.high = pl->high;
	go(inc_64, pl->at - 4, 8, n, 0);
	claim(get(pl->at - 4, 8), lows + ((u64)n << 32), pl,
	    "inc against aligned halves", 8);
	cell.low_fn = cas_16;
	cell.high_fn = inc_16;
	cell.low = pl->low - 2;
	cell.high = pl->high;
	/* Fewer than 64 Ki, or the low half would carry now and then. */
	if (n > 10000)
		n = 10000;
	lows = 3ull * n;
	go(cas_32, pl->at - 2, 4, n, 0);
	claim(get(pl->at - 2, 4), lows + ((u64)n << 16), pl,
	    "cmpxchg against aligned halves", 4);
	/* The upper byte may wrap, it carries nowhere. */
	cell.low_fn = add_16;
	cell.low = pl->at - 1;
	cell.high_fn = add_byte;
	cell.high = pl->high;
	go(xadd_16, pl->at - 1, 2, n, 0);
	claim(get(pl->at - 1, 2),
	    (lows + ((u64)n << 8)) & 0xffff, pl,
	    "xadd against a byte", 2);
}

static void
place(const struct place *pl, unsigned n)
{
	/* How many of the bytes lie before the boundary: 0 is aligned. */
	static const unsigned before[3][3] = { { 1 }, { 2, 1, 3 }, { 4, 1, 5 } };
	bool crosses = pl != &places[0];

	for (unsigned s = 0; s < 3; s++)
		for (unsigned i = 0; i < (crosses ? 3 : 1); i++) {
			ulong p = pl->at - (crosses ? before[s][i] : 0);

			if (crosses && !before[s][i])
				continue;
			counting(pl, s, p, n);
			if (i == 0)
				flipping(pl, s, p, n);
			if (s == 2) {
				go(cas8b, p, 8, n, 0);
				claim(get(p, 8), (u64)n * n_cpus, pl,
				    "cmpxchg8b", 8);
			}
		}
	if (crosses)
		mixed(pl, n);
}

void
guest_main(void)
{
	unsigned n = (unsigned)option("count", 3000) & ~1u;

	if (!smp_start())
		return;
	if (!n)
		guest_fail("count=0 tests nothing");
	if (n_cpus > 4)
		guest_fail("there are bits for 4 processors only");
	make_places();
	for (unsigned i = 0; i < N_PLACES; i++)
		place(&places[i], n / places[i].divide & ~1u);
	if (has(1, 0, 2, 13)) {
		go(cas16b, places[0].at, 8, n, 0);
		claim(get(places[0].at, 8), (u64)n * n_cpus, &places[0],
		    "cmpxchg16b", 16);
	}
}
