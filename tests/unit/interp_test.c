/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter against the host: random instructions must leave the same
 * registers, flags, memory and vector state, and fault alike.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "modes/x86/x86.h"
#include "tests/unit/interp_gen.h"
#include "tests/unit/interp_guest.h"
#include "tests/unit/interp_host.h"

#define FLAGS_SEEN (FLAGS_ARITH | FLAG_DF)
#define COMPARED (STACK_AT + STACK_SIZE - DATA_AT)

static struct guest guest;
static uint8_t memory[COMPARED];

static int
setup(void **state)
{
	guest_init(&guest);
	return host_init() ? 0 : -1;
}

static int
teardown(void **state)
{
	host_fini();
	guest_fini(&guest);
	return 0;
}

static void
guest_load(const struct host_state *s, const uint8_t *code, unsigned len,
    enum insn_mode mode)
{
	static const uint16_t attr[] = { [MODE_16] = 0x809b,
	    [MODE_32] = 0xc09b, [MODE_64] = 0xa09b };
	struct cpu_state *cs = &guest.c->s;

	guest_reset_64(&guest);
	cs->seg[SEG_CS].attr = attr[mode];
	memcpy(cs->gpr, s->gpr, sizeof(cs->gpr));
	memcpy(cs->xsave, s->xsave, sizeof(cs->xsave));
	/* As in the host's own user mode, should somebody push it. */
	cs->rflags = s->rflags | FLAG_FIXED1 | FLAG_IF;
	cs->rip = CODE_AT;
	memcpy(guest.area + (CODE_AT - AREA_BASE), code, len);
}

/* After an exception the frame has the interrupted RSP and flags. */
static void
guest_store(struct host_state *s, int vector)
{
	const struct cpu_state *cs = &guest.c->s;
	uint64_t frame[5];
	bool has_error = vector == VEC_GP || vector == VEC_PF ||
	    vector == VEC_SS || vector == VEC_AC;

	memcpy(s->gpr, cs->gpr, sizeof(s->gpr));
	memcpy(s->xsave, cs->xsave, sizeof(s->xsave));
	s->rflags = cs->rflags;
	s->vector = vector;
	if (vector < 0)
		return;
	memcpy(frame, guest.low + cs->gpr[RSP] + (has_error ? 8 : 0),
	    sizeof(frame));
	s->rip = frame[0];
	s->rflags = frame[2];
	s->gpr[RSP] = frame[3];
}

/* Components XSTATE_BV calls initial may hold anything: make them zero. */
static void
normalise(uint8_t *x)
{
	uint64_t bv;
	struct cpuid_regs r;

	memcpy(&bv, x + 512, 8);
	memset(x + 6, 0, 18);		/* FOP, FIP, FDP */
	memset(x + 28, 0, 4);		/* MXCSR_MASK */
	for (unsigned n = 0; n < 8; n++)
		memset(x + 32 + n * 16 + 10, 0, 6);
	memset(x + 416, 0, 96);
	memset(x + 512, 0, 64);
	if (!(bv & 1)) {
		static const uint8_t fresh[6] = { 0x7f, 3 };

		memcpy(x, fresh, 6);
		memset(x + 32, 0, 128);
	}
	if (!(bv & 2))
		memset(x + 160, 0, 256);
	for (unsigned comp = 2; comp < 8; comp++) {
		if (!(guest.cpuid.xcr0_mask >> comp & 1))
			continue;
		cpuid_answer(&guest.cpuid, 0xd, comp, 0, CR4_OSXSAVE,
		    guest.cpuid.xcr0_mask, 0, &r);
		if (!(bv >> comp & 1))
			memset(x + r.ebx, 0, r.eax);
	}
}

static void
show(const char *what, const struct insn *i, const uint8_t *code,
    unsigned len)
{
	fprintf(stderr, "%s: %s, bytes", what, i->desc->name);
	for (unsigned n = 0; n < len; n++)
		fprintf(stderr, " %02x", code[n]);
	fprintf(stderr, "\n");
}

/*
 * The decimal instructions are computed, not executed: what the manuals leave
 * undefined there may differ.
 */
static uint64_t
flags_seen(const struct insn *i)
{
	switch (i->desc->id) {
	case I_AAA: case I_AAS: case I_AAM: case I_AAD: case I_DAA: case I_DAS:
		return FLAGS_SEEN & ~(uint64_t)i->desc->flags_undef;
	default:
		return FLAGS_SEEN;
	}
}

/* Number of differences, told on stderr. */
static unsigned
compare(struct host_state *h, struct host_state *g, const struct insn *i,
    bool vectors)
{
	unsigned bad = 0;

	if (h->vector != g->vector || h->rip != g->rip) {
		fprintf(stderr, "  vector %d at %#lx, host %d at %#lx\n",
		    g->vector, g->rip, h->vector, h->rip);
		bad++;
	}
	for (unsigned n = 0; n < 16; n++) {
		if (h->gpr[n] == g->gpr[n])
			continue;
		fprintf(stderr, "  r%u %#lx, host %#lx\n", n, g->gpr[n],
		    h->gpr[n]);
		bad++;
	}
	if ((h->rflags ^ g->rflags) & flags_seen(i)) {
		fprintf(stderr, "  flags %#lx, host %#lx\n",
		    g->rflags & FLAGS_SEEN, h->rflags & FLAGS_SEEN);
		bad++;
	}
	if (memcmp((void *)DATA_AT, guest.area + (DATA_AT - AREA_BASE),
	    COMPARED)) {
		fprintf(stderr, "  memory differs\n");
		bad++;
	}
	if (!vectors)
		return bad;
	normalise(h->xsave);
	normalise(g->xsave);
	for (unsigned n = 0; n < sizeof(h->xsave); n++) {
		if (h->xsave[n] == g->xsave[n])
			continue;
		fprintf(stderr, "  xsave[%u] %#x, host %#x\n", n,
		    g->xsave[n], h->xsave[n]);
		return bad + 1;
	}
	return bad;
}

static unsigned
one_case(struct gen *gen, bool vectors)
{
	struct host_state start, h, g;
	struct insn i;
	unsigned len, bad;
	int vector;

	gen_state(gen, &start);
	len = gen_insn(gen, &start, &i);
	for (unsigned n = 0; n < sizeof(memory); n += 8) {
		uint64_t v = gen_random(gen);

		memcpy(memory + n, &v, 8);
	}
	memcpy((void *)DATA_AT, memory, COMPARED);
	memcpy(guest.area + (DATA_AT - AREA_BASE), memory, COMPARED);

	memcpy(&h, &start, sizeof(h));
	host_run(&h, i.bytes, len, gen->mode);
	memcpy(&g, &start, sizeof(g));
	guest_load(&start, i.bytes, len, gen->mode);
	vector = guest_run(&guest, CODE_AT + len, 64, &g.rip);
	guest_store(&g, vector);
	bad = compare(&h, &g, &i, vectors);
	if (bad)
		show("difference", &i, i.bytes, len);
	return bad;
}

static void
run_cases(enum insn_mode mode, uint64_t seed, uint32_t classes,
    unsigned count, bool vectors)
{
	struct gen gen = { .seed = seed, .cpuid = &guest.cpuid,
	    .classes = classes, .mode = mode };
	unsigned bad = 0;

	if (!host_can(mode))
		skip();
	gen.hits = calloc(insn_tab_len, sizeof(*gen.hits));
	assert_non_null(gen.hits);
	for (unsigned n = 0; n < count && bad < 20; n++)
		bad += one_case(&gen, vectors) != 0;
	free(gen.hits);
	assert_int_equal(bad, 0);
}

static void
integer_instructions_match_the_host(void **state)
{
	run_cases(MODE_64, 1, 1 << CLASS_INT, 50000, false);
}

static void
stack_and_string_instructions_match_the_host(void **state)
{
	run_cases(MODE_64, 2, 1 << CLASS_STACK | 1 << CLASS_STRING, 5000,
	    false);
}

static void
vector_instructions_match_the_host(void **state)
{
	run_cases(MODE_64, 3, 1 << CLASS_VEC, 20000, true);
}

static void
mmx_and_x87_instructions_match_the_host(void **state)
{
	run_cases(MODE_64, 4, 1 << CLASS_MMX | 1 << CLASS_X87, 5000, true);
}

#define CLASSES_INT (1 << CLASS_INT | 1 << CLASS_STACK | 1 << CLASS_STRING)
#define CLASSES_VEC (1 << CLASS_VEC | 1 << CLASS_MMX | 1 << CLASS_X87)

static void
code_of_32_bits_matches_the_host(void **state)
{
	run_cases(MODE_32, 5, CLASSES_INT, 20000, false);
	run_cases(MODE_32, 6, CLASSES_VEC, 5000, true);
}

static void
code_of_16_bits_matches_the_host(void **state)
{
	run_cases(MODE_16, 7, CLASSES_INT, 20000, false);
	run_cases(MODE_16, 8, CLASSES_VEC, 5000, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integer_instructions_match_the_host),
		cmocka_unit_test(stack_and_string_instructions_match_the_host),
		cmocka_unit_test(vector_instructions_match_the_host),
		cmocka_unit_test(mmx_and_x87_instructions_match_the_host),
		cmocka_unit_test(code_of_32_bits_matches_the_host),
		cmocka_unit_test(code_of_16_bits_matches_the_host),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
