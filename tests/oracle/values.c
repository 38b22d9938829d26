/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interesting values: boundaries, special floating-point numbers, pointers
 * that sit close to where pages end, and plain noise.
 */
#include <string.h>

#include "tests/oracle/oracle.h"

uint8_t images[N_IMAGES][DATA_BYTES];
unsigned values_align_checks = 2;

static uint64_t
value_special(struct rng *r)
{
	static const uint64_t v[] = {
		0, 1, 2, 3, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000,
		0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
		0x100000000, 0x7fffffffffffffff, 0x8000000000000000,
		0xfffffffffffffffe, 0xffffffffffffffff, 0x5555555555555555,
		0xaaaaaaaaaaaaaaaa, 0x0102040810204080, 0xffffffff80000000,
		0xffffffffffff8000, 0xffffffffffffff80, 0x00ff00ff00ff00ff,
	};

	return v[rng_below(r, ARRAY_LEN(v))];
}

static uint64_t
value_pointer(struct rng *r)
{
	uint64_t page = DATA_VA + 4096 * data_page[rng_below(r, DATA_PAGES)];

	switch (rng_below(r, 8)) {
	case 0:
		return page + 4096 - rng_below(r, 66);
	case 1:
		return page + rng_below(r, 4096);
	case 2:
		return page + 8 * rng_below(r, 512);
	default:
		return page + 64 * (4 + rng_below(r, 56));
	}
}

uint64_t
value_int(struct rng *r)
{
	switch (rng_below(r, 8)) {
	case 0:
	case 1:
		return value_special(r);
	case 2:
		return rng_below(r, 64);
	case 3:
		return BIT(rng_below(r, 64)) - rng_below(r, 2);
	case 4:
		return rng_next(r) & 0xffffffff;
	case 5:
		return rng_next(r) >> rng_below(r, 64);
	default:
		return rng_next(r);
	}
}

static uint64_t
value_double(struct rng *r)
{
	static const uint64_t v[] = {
		0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000,
		0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
		0x7ff0000000000001, 0xfff4000000000000, 0x0000000000000001,
		0x800fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff,
		0x3fe0000000000000, 0x4000000000000000, 0x41dfffffffc00000,
		0x43e0000000000000, 0x3ff0000000000001, 0x4340000000000000,
	};

	if (rng_chance(r, 60))
		return v[rng_below(r, ARRAY_LEN(v))];
	/* An ordinary magnitude. */
	return (rng_next(r) & 0x800fffffffffffff) |
	    (uint64_t)(1023 - 40 + rng_below(r, 80)) << 52;
}

static uint32_t
value_float(struct rng *r)
{
	static const uint32_t v[] = {
		0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000,
		0x7fc00000, 0x7f800001, 0xffa00000, 1, 0x807fffff, 0x00800000,
		0x7f7fffff, 0x3f000000, 0x40000000, 0x4effffff, 0x5f000000,
		0x3f800001, 0x4b800000,
	};

	if (rng_chance(r, 60))
		return v[rng_below(r, ARRAY_LEN(v))];
	return ((uint32_t)rng_next(r) & 0x807fffff) |
	    (uint32_t)(127 - 20 + rng_below(r, 40)) << 23;
}

/* Fill n bytes (a multiple of 8) with one kind of data. */
static void
value_bytes(struct rng *r, uint8_t *p, unsigned n)
{
	unsigned kind = rng_below(r, 10);
	uint64_t v;

	for (unsigned i = 0; i < n; i += 8) {
		switch (kind) {
		case 0:
			v = 0;
			break;
		case 1:
			v = UINT64_MAX;
			break;
		case 2:	/* small dwords: indices of gathers */
			v = rng_below(r, 200) | (uint64_t)rng_below(r, 200) << 32;
			break;
		case 3:	/* small qwords */
			v = rng_below(r, 500);
			break;
		case 4:
		case 5:
			v = value_double(r);
			break;
		case 6:
		case 7:
			v = value_float(r) | (uint64_t)value_float(r) << 32;
			break;
		case 8:
			v = value_int(r);
			break;
		default:
			v = rng_next(r);
		}
		memcpy(p + i, &v, 8);
	}
}

static void
value_x87(struct rng *r, uint8_t *st)
{
	static const uint16_t exps[] = { 0, 1, 0x3fff, 0x3ffe, 0x4000, 0x7ffe,
		0x7fff, 0x403e, 0x3fbf };
	uint64_t m = rng_chance(r, 50) ? rng_next(r) : value_special(r);
	uint16_t e = rng_chance(r, 50) ? exps[rng_below(r, ARRAY_LEN(exps))] :
	    (uint16_t)(0x3fff - 40 + rng_below(r, 80));

	/* The integer bit is as it must be, but for a few odd formats. */
	if (e && !rng_chance(r, 4))
		m |= BIT(63);
	if (rng_chance(r, 40))
		e |= 0x8000;
	memcpy(st, &m, 8);
	memcpy(st + 8, &e, 2);
}

static void
value_vec(struct rng *r, struct vec_state *v)
{
	memset(v, 0, sizeof(*v));
	v->fcw = 0x37f;
	if (rng_chance(r, 50))
		v->fcw = 0x7f | rng_below(r, 16) << 8;
	if (rng_chance(r, 5))
		v->fcw &= ~rng_below(r, 64);
	if (rng_chance(r, 40)) {
		v->fsw = rng_next(r) & 0x7f00;
		v->ftw = rng_next(r);
	} else {
		v->ftw = rng_chance(r, 50) ? 0 : 0x0f << rng_below(r, 5);
	}
	if (rng_chance(r, 10))
		v->fsw |= rng_below(r, 64);
	for (unsigned i = 0; i < 8; i++)
		value_x87(r, v->st[i]);
	v->mxcsr = 0x1f80;
	if (rng_chance(r, 40))
		v->mxcsr |= (rng_next(r) & 0xe07f);
	if (rng_chance(r, 8))
		v->mxcsr &= ~(rng_below(r, 64) << 7);
	for (unsigned i = 0; i < 8; i++)
		v->k[i] = rng_chance(r, 30) ? UINT64_MAX : value_int(r);
	for (unsigned i = 0; i < 32; i++)
		value_bytes(r, v->zmm[i], 64);
}

void
value_state(struct rng *r, struct state *s)
{
	for (unsigned i = 0; i < GPR_COUNT; i++)
		s->gpr[i] = rng_chance(r, 45) ? value_pointer(r) : value_int(r);
	s->gpr[RSP] = STACK_VA - 512 + 16 * rng_below(r, 64);
	if (rng_chance(r, 4))
		s->gpr[RSP] = rng_chance(r, 70) ? value_pointer(r) :
		    value_int(r);
	/* Often a count that REP finishes. */
	if (rng_chance(r, 50))
		s->gpr[RCX] = rng_below(r, 40);
	s->rflags = FLAG_FIXED1 | FLAG_IF | (rng_next(r) & FLAGS_ARITH);
	if (rng_chance(r, 15))
		s->rflags |= FLAG_DF;
	if (rng_chance(r, values_align_checks))
		s->rflags |= FLAG_AC;
	if (rng_chance(r, 2))
		s->rflags |= FLAG_TF;
	/* NT cannot be set by Linux' sigreturn; POPF in a sequence can. */
	s->fs_base = rng_chance(r, 80) ? value_pointer(r) :
	    rng_next(r) >> 18;
	s->gs_base = rng_chance(r, 80) ? value_pointer(r) :
	    rng_next(r) >> 18;
	value_vec(r, &s->v);
}

void
values_init(uint64_t seed)
{
	struct rng r;

	for (unsigned i = 0; i < N_IMAGES; i++) {
		rng_init(&r, seed, UINT64_C(0xabcdef0000) + i);
		for (unsigned o = 0; o < DATA_BYTES; o += 64)
			value_bytes(&r, images[i] + o, 64);
	}
}
