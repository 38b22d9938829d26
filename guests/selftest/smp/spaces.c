/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several processors, each with several PCIDs, take turns at writing, running
 * and remapping the same pages.  What a processor keeps for a PCID that is not
 * the current one must follow what others do to the code behind it (SDM 3
 * 4.10.4 and 8.1.3).  A turn begins with MOV CR3, which serialises, so every
 * outcome is known.
 *
 * "count" is how many turns are taken, "ms" how long that may take.
 */
#include "smp.h"

#define PCIDS 6
#define PAGES 4
#define ALIASES 10
#define SWITCHES 4		/* of PCIDs, in a turn */
#define OPS 6			/* between two */
#define VA(a) (WINDOW + 0x400000ul + (a) * 0x5000ul)
#define NOFLUSH (1ul << 63)
#define CR4_PGE (1ul << 7)
#define CR4_PCIDE (1ul << 17)

static struct {
	volatile u64 turn __attribute__((aligned(64)));
	volatile bool over;
	u64 seed, end;
	ulong root, count;
	ulong page[PAGES];
	u32 value[PAGES];		/* what its function returns */
	unsigned at[ALIASES];		/* which page is there */
	unsigned version;		/* of the mappings */
	unsigned seen[SMP_MAX_CPUS];	/* the version it flushed for */
	u64 ops[4], wrong_code, wrong_data, first_got, first_want;
} s;

static void
invpcid(ulong type, ulong pcid, ulong va)
{
	struct { u64 pcid, va; } d = { pcid, va };

	asm volatile("invpcid %0, %1" :: "m" (d), "r" (type) : "memory");
}

/* Forget old mappings, of all PCIDs, by one way or another. */
static void
forget(unsigned way)
{
	switch (way % 4) {
	case 0:
		invpcid(2, 0, 0);
		break;
	case 1:
		invpcid(3, 0, 0);
		break;
	case 2:
		write_cr4(read_cr4() ^ CR4_PGE);
		break;
	default:
		for (ulong p = 1; p <= PCIDS; p++)
			invpcid(1, p, 0);
	}
}

static void
wrong(u64 *counter, u32 got, u32 want)
{
	if (!s.wrong_code && !s.wrong_data) {
		s.first_got = got;
		s.first_want = want;
	}
	++*counter;
}

static void
op(u64 r)
{
	unsigned alias = r % ALIASES, page = s.at[alias], kind = r >> 8 & 15;
	ulong va = VA(alias);
	u32 v;

	if (kind < 4) {
		s.ops[0]++;
		s.value[page] = (u32)(r >> 16);
		*(volatile u32 *)(va + 1) = s.value[page];
	} else if (kind < 14) {
		s.ops[1]++;
		v = ((u32 (*)(void))va)();
		if (v != s.value[page])
			wrong(&s.wrong_code, v, s.value[page]);
	} else {
		s.ops[2]++;
		v = *(volatile u32 *)(va + 1);
		if (v != s.value[page])
			wrong(&s.wrong_data, v, s.value[page]);
	}
}

static void
take_turn(unsigned id)
{
	if (s.seen[id] != s.version) {
		s.seen[id] = s.version;
		forget((unsigned)next_random(&s.seed));
	}
	for (unsigned k = 0; k < SWITCHES * OPS; k++) {
		if (k % OPS == 0)
			write_cr3(s.root | NOFLUSH |
			    (1 + next_random(&s.seed) % PCIDS));
		op(next_random(&s.seed));
	}
	if (next_random(&s.seed) % 16 == 0) {
		u64 r = next_random(&s.seed);
		unsigned alias = r % ALIASES;

		s.ops[3]++;
		s.at[alias] = r >> 8 & (PAGES - 1);
		*pte_at(VA(alias), 1) = s.page[s.at[alias]] | 3;
		s.version++;
	}
}

/* Asleep, so that more processors than the host has do no harm. */
static void
wait_turn(unsigned id)
{
	cli();
	while (!s.over && s.turn % n_cpus != id)
		asm volatile("sti; hlt; cli" ::: "memory");
}

static void
player(unsigned id)
{
	unsigned next = (id + 1) % n_cpus;
	ulong cr4 = read_cr4();

	write_cr3(s.root);
	write_cr4(cr4 | CR4_PCIDE | CR4_PGE);
	for (wait_turn(id); !s.over; wait_turn(id)) {
		take_turn(id);
		if (s.turn + 1 >= s.count || rdtsc() > s.end)
			s.over = true;
		s.turn++;
		apic_send(percpu[next].lapic_id, ICR_ASSERT | VEC_WAKE);
	}
	/* One by one they see that it is over. */
	apic_send(percpu[next].lapic_id, ICR_ASSERT | VEC_WAKE);
	write_cr3(s.root);
	write_cr4(cr4);
}

void
guest_main(void)
{
	if (!smp_start())
		return;
	if (!has(1, 0, 2, 17) || !has(7, 0, 1, 10)) {
		CHECK(false, "SDM 2 CPUID: PCID and INVPCID are offered");
		return;
	}
	s.root = read_cr3() & ~0xffful;
	s.seed = option("seed", 88172645463325252ul);
	s.count = option("count", 200000);
	s.end = rdtsc() + option("ms", 3000) * tsc_per_ms;
	for (unsigned p = 0; p < PAGES; p++) {
		u8 *code = (u8 *)(s.page[p] = page_alloc());

		code[0] = 0xb8;		/* mov $0, %eax; ret */
		code[5] = 0xc3;
	}
	for (unsigned a = 0; a < ALIASES; a++) {
		s.at[a] = a % PAGES;
		page_map(VA(a), s.page[s.at[a]] | 3);
	}
	on_all(player);
	CHECK_EQ(s.wrong_code, 0, "SDM 3 8.1.3, 4.10.4: times that old code ran");
	CHECK_EQ(s.wrong_data, 0, "SDM 3 4.10.4: times that old data was read");
	if (s.wrong_code || s.wrong_data)
		print("  first: %llx, should be %llx\n", s.first_got,
		    s.first_want);
	CHECK(s.turn >= n_cpus && s.ops[0] && s.ops[1], "something happened");
	print("%llu turns: %llu written, %llu run, %llu read, %llu remapped\n",
	    s.turn, s.ops[0], s.ops[1], s.ops[2], s.ops[3]);
}
