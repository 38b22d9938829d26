/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of accesses by one base register, as frames, structures and pushes make
 * them, at every position about a page boundary: each goes to its own place,
 * and the first that cannot is the one that faults (SDM 3 6.5).
 */
#include "guest.h"

#define VA (WINDOW + 0xa00000ul)
#define EDGE (VA + 4096)

static ulong p0, p1;
static u8 model[8192];

struct op {
	int disp;		/* from RBX at the start */
	u8 size;
	bool store;
	u8 reg;			/* index in values[], or what is loaded */
};

struct row {
	const char *what;
	ulong (*code)(void);
	struct op op[10];
	unsigned n;
};

/* RAX, RCX, RDX, R9; a constant that is pushed. */
enum { A, C, D, N, IMM };
static const u64 values[] = {
	0x1122334455667788, 0x99aabbccddeeff01, 0x0badcafedeadbeef,
	0x7766554433221100, -5ul,
};

#define ROW(name, text) \
	static ulong name(void) { return CODE(text "; xor %ebp, %ebp"); }
ROW(fields, "mov %rax, (%rbx); mov %ecx, 8(%rbx); mov %dx, 12(%rbx);"
    "mov %rdx, 16(%rbx); mov -8(%rbx), %rsi; mov %r9, -16(%rbx);"
    "mov 4(%rbx), %edi; mov %al, 24(%rbx)")
ROW(moves, "mov %rax, (%rbx); add $8, %rbx; mov %rcx, (%rbx);"
    "sub $24, %rbx; mov %rdx, (%rbx); lea 8(%rbx), %rbx; mov (%rbx), %rsi;"
    "mov %rbx, %rdi; mov %r9, 24(%rbx)")
ROW(pushes, "mov %rbx, %rsp; push %rax; push %rcx; push %r9; push %rdx;"
    "pop %rsi; pop %rdi; sub $24, %rsp; mov %rax, 8(%rsp); add $16, %rsp;"
    "push $-5; mov %rdx, 16(%rsp)")
ROW(frame, "mov %rbx, %rbp; mov %rax, -8(%rbp); mov %rcx, 8(%rbp); leave;"
    "mov %rdx, (%rsp); mov %r9, -24(%rsp)")
/* The flags of a CMP, used after the next access: it must keep them. */
ROW(flags, "mov %rax, (%rbx); cmp %rcx, %rdx; mov %rcx, -12(%rbx);"
    "adc $0, %rdi; mov %rdx, (%rbx); cmp %rcx, %rdx; mov -4(%rbx), %rsi;"
    "adc $0, %rdi; mov %rcx, (%rbx); cmp %rcx, %rdx; mov %eax, -8(%rbx);"
    "adc $0, %rdi; mov %rax, (%rbx); cmp %rcx, %rdx; mov %rcx, 12(%rbx);"
    "adc $0, %rdi")
ROW(readfirst, "mov (%rbx), %rsi; mov %rax, 8(%rbx); mov 16(%rbx), %rdi;"
    "add %rcx, 16(%rbx); mov %rdx, (%rbx)")

static const struct row rows[] = {
	{ "fields", fields, {
	    { 0, 8, true, A }, { 8, 4, true, C }, { 12, 2, true, D },
	    { 16, 8, true, D }, { -8, 8, false, 0 }, { -16, 8, true, N },
	    { 4, 4, false, 0 }, { 24, 1, true, A } }, 8 },
	{ "a base that moves", moves, {
	    { 0, 8, true, A }, { 8, 8, true, C }, { -16, 8, true, D },
	    { -8, 8, false, 0 }, { 16, 8, true, N } }, 5 },
	{ "pushes and pops", pushes, {
	    { -8, 8, true, A }, { -16, 8, true, C }, { -24, 8, true, N },
	    { -32, 8, true, D }, { -32, 8, false, 0 }, { -24, 8, false, 0 },
	    { -32, 8, true, A }, { -32, 8, true, IMM },
	    { -16, 8, true, D } }, 9 },
	{ "a frame", frame, {
	    { -8, 8, true, A }, { 8, 8, true, C }, { 0, 8, false, 0 },
	    { 8, 8, true, D }, { -16, 8, true, N } }, 5 },
	{ "between a comparison and its use", flags, {
	    { 0, 8, true, A }, { -12, 8, true, C }, { 0, 8, true, D },
	    { -4, 8, false, 0 }, { 0, 8, true, C }, { -8, 4, true, A },
	    { 0, 8, true, A }, { 12, 8, true, C } }, 8 },
	{ "a read before writes", readfirst, {
	    { 0, 8, false, 0 }, { 8, 8, true, A }, { 16, 8, false, 0 },
	    { 0, 8, true, D } }, 4 },
};

static void
refill(void)
{
	for (unsigned i = 0; i < 4096; i++) {
		((u8 *)p0)[i] = model[i] = i * 7;
		((u8 *)p1)[i] = model[i + 4096] = i * 11 + 3;
	}
}

static bool
allowed(const u64 map[2], long at, bool store)
{
	u64 bits = map[at >= 4096];

	return bits && (!store || bits & 2);
}

/* The row on the model; -1, or the offset of the byte that faults. */
static long
expect(const struct row *r, long base, const u64 map[2])
{
	for (unsigned k = 0; k < r->n; k++) {
		const struct op *o = &r->op[k];
		long first = base + o->disp, last = first + o->size - 1;

		if (!allowed(map, first, o->store))
			return first;
		if (!allowed(map, last, o->store))
			return 4096;
		for (unsigned b = 0; o->store && b < o->size; b++)
			model[first + b] = values[o->reg] >> 8 * b;
		/* The one addition to memory. */
		if (r->code == readfirst && k == 2) {
			u64 v = 0;

			if (!allowed(map, first, true))
				return first;
			if (!allowed(map, last, true))
				return 4096;
			for (unsigned b = 8; b-- > 0;)
				v = v << 8 | model[first + b];
			v += values[C];
			for (unsigned b = 0; b < 8; b++)
				model[first + b] = v >> 8 * b;
		}
	}
	return -1;
}

static bool
as_model(void)
{
	for (unsigned i = 0; i < 4096; i++)
		if (((u8 *)p0)[i] != model[i] ||
		    ((u8 *)p1)[i] != model[i + 4096])
			return false;
	return true;
}

static void
one(const struct row *r, long base, const u64 map[2])
{
	unsigned failed = checks_failed;
	struct cpu c;
	long fault;

	refill();
	page_map(VA, map[0] ? p0 | map[0] : 0);
	page_map(EDGE, map[1] ? p1 | map[1] : 0);
	cpu_init(&c, r->code());
	c.f.rbx = VA + base;
	c.f.rax = values[A];
	c.f.rcx = values[C];
	c.f.rdx = values[D];
	c.f.r9 = values[N];
	run(&c);
	fault = expect(r, base, map);
	if (fault < 0) {
		EXPECT(&c, DONE, 0, -1, "SDM 1 3.3.7: a row of accesses");
	} else {
		CHECK_EQ(c.f.vector, PF, "SDM 3 4.7: the first that cannot");
		CHECK_EQ(c.cr2, VA + fault, "SDM 3 4.7: CR2");
	}
	CHECK(as_model(), "each store at its place, none too many");
	if (checks_failed != failed)
		print("  in: %s, %ld from the edge, maps %lx %lx\n", r->what,
		    base - 4096, (ulong)map[0], (ulong)map[1]);
}

void
guest_main(void)
{
	static const u64 maps[][2] = {
		{ 3, 3 }, { 3, 0 }, { 0, 3 }, { 3, 1 }, { 1, 3 },
	};

	p0 = page_alloc();
	(void)page_alloc();	/* not neighbours in physical memory */
	p1 = page_alloc();
	write_cr0(read_cr0() | 1 << 16);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		for (long at = 4096 - 40; at <= 4096 + 40; at++)
			for (unsigned m = 0; m < ARRAY_LEN(maps); m++)
				one(&rows[i], at, maps[m]);
	write_cr0(read_cr0() & ~(1ul << 16));
}
