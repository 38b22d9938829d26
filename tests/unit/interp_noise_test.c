/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random bytes as code, in every mode and with odd control bits: whatever the
 * guest makes of them, the interpreter lives and its state stays sane.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "modes/x86/x86.h"
#include "tests/unit/interp_guest.h"
#include "tests/unit/interp_host.h"

#define ROUNDS 20000
#define STEPS 30
#define CODE_LEN 256u
#define FLAT_CODE 0x20000
#define REAL_CODE 0x1000

static struct guest guest;
static uint64_t seed = 2024;

static uint64_t
rnd(void)
{
	/* splitmix64 */
	uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static bool
one_in(unsigned n)
{
	return rnd() % n == 0;
}

/* Noise, with the bytes that open the larger opcode maps more often. */
static void
scribble(uint8_t *p)
{
	static const uint8_t opener[] = { 0x0f, 0xc4, 0xc5, 0x62, 0x66, 0xf0,
	    0xf3, 0xf2 };

	for (unsigned n = 0; n < CODE_LEN; n++)
		p[n] = one_in(6) ? opener[rnd() % sizeof(opener)] : rnd();
}

static void
become_user(struct cpu_state *s)
{
	s->cpl = 3;
	s->seg[SEG_CS].attr |= SEG_DPL;
	s->seg[SEG_SS].attr |= SEG_DPL;
	s->seg[SEG_CS].selector |= 3;
	s->seg[SEG_SS].selector |= 3;
}

static void
become_v86(struct cpu_state *s)
{
	s->cpl = 3;
	s->rflags |= FLAG_VM;
	for (unsigned n = SEG_ES; n <= SEG_GS; n++)
		s->seg[n] = (struct seg_reg){ .limit = 0xffff, .attr = 0xf3 };
	if (one_in(2))
		s->cr4 |= CR4_VME;
}

/* Where code lies after one of the modes has been chosen. */
static uint64_t
choose_mode(struct cpu_state *s)
{
	switch (rnd() % 4) {
	case 0:
		guest_reset_64(&guest);
		if (one_in(3))
			become_user(s);
		return CODE_AT;
	case 1:
		guest_reset_64(&guest);
		s->seg[SEG_CS].attr = one_in(2) ? 0xc09b : 0x809b;
		return CODE_AT;
	case 2:
		guest_reset_32(&guest);
		if (one_in(3))
			become_v86(s);
		return one_in(2) || s->cpl ? REAL_CODE : FLAT_CODE;
	default:
		guest_reset_16(&guest);
		return REAL_CODE;
	}
}

static void
disturb(struct cpu_state *s)
{
	const uint32_t mxcsr = one_in(4) ? rnd() & 0xffff : 0x1f80;
	const uint16_t fcw = one_in(4) ? rnd() & 0x1f7f : 0x37f;

	for (unsigned n = 0; n < GPR_COUNT; n++)
		s->gpr[n] = one_in(3) ? DATA_AT + rnd() % DATA_SIZE :
		    one_in(2) ? rnd() % AREA_SIZE : rnd();
	s->gpr[RSP] = s->cr0 & CR0_PG ? STACK_AT + 0x800 : 0x8000;
	s->rflags |= rnd() & (FLAGS_ARITH | FLAG_DF | FLAG_IOPL | FLAG_NT |
	    FLAG_AC | (one_in(8) ? FLAG_TF : 0));
	if (one_in(16)) {
		s->dr[7] = rnd() & 0xffff07ff;
		s->dr[0] = DATA_AT + rnd() % 64;
	}
	if (one_in(16))
		s->cr0 |= CR0_TS;
	if (one_in(16))
		s->cr4 &= ~CR4_OSXSAVE;
	memcpy(s->xsave, &fcw, sizeof(fcw));
	memcpy(s->xsave + 24, &mxcsr, sizeof(mxcsr));
	for (unsigned n = 160; n < 416; n++)
		s->xsave[n] = rnd();
	s->xsave[512] = 3;
}

static void
random_bytes_do_no_harm(void **state)
{
	struct cpu_state *s = &guest.c->s;

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t code = choose_mode(s);

		disturb(s);
		s->rip = code;
		x86_sync(guest.c);
		/* Repeated instructions stop after a chunk. */
		atomic_store(&guest.c->attention, 0);
		scribble(s->cr0 & CR0_PG ? guest.area + (code - AREA_BASE) :
		    guest.low + code);
		for (unsigned n = 0; n < STEPS; n++)
			if (engine_interp.step(guest.c, 1) <= 0)
				break;
		assert_true(s->rflags & FLAG_FIXED1);
		assert_true(s->cpl <= 3);
		assert_false(guest.c->exc.raised);
		assert_false(guest.c->fpu_live);
	}
	assert_true(guest.c->insns > ROUNDS);
}

static int
setup(void **state)
{
	guest_init(&guest);
	return 0;
}

static int
teardown(void **state)
{
	guest_fini(&guest);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_bytes_do_no_harm),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
