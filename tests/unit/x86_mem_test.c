/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear memory: page crossing, MMIO, traces, alignment, segment limits,
 * fetch, and a TLB that must not remember too much.
 */
#include "tests/unit/x86_fixture.h"


/* Map va's 2 MiB with 4 KiB pages through a table at PT; va is below 8 MiB. */
enum { PT = 0x23000 };

static void
small_pages(struct fx *f, gva_t va)
{
	fx_put(f, FX_PD + (va >> 21) * 8, PT | 7, 8);
	for (unsigned i = 0; i < 512; i++)
		fx_put(f, PT + i * 8, (va & ~UINT64_C(0x1fffff)) + i * 4096 + 7,
		    8);
	x86_tlb_flush(f->c, TLB_FLUSH_ALL, 0);
}

static void
set_pte(struct fx *f, gva_t va, uint64_t pte)
{
	fx_put(f, PT + (va >> 12 & 511) * 8, pte, 8);
}

static int
rd(struct fx *f, gva_t va, unsigned len)
{
	uint8_t buf[64];

	return x86_read(f->c, va, buf, len, 0, false);
}

static int
wr(struct fx *f, gva_t va, unsigned len)
{
	static const uint8_t buf[64];

	return x86_write(f->c, va, buf, len, 0, false);
}

static void
a_crossing_write_checks_both_pages_first(void **state)
{
	struct fx *f = *state;
	uint64_t v = UINT64_C(0x1122334455667788);
	uint64_t back = 0;

	fx_long(f);
	small_pages(f, 0x200000);
	fx_put(f, 0x200ffc, 0x55555555, 4);
	set_pte(f, 0x201000, 0);
	assert_int_equal(x86_write(f->c, 0x200ffc, &v, 8, 0, false), -1);
	assert_int_equal(f->c->exc.vector, VEC_PF);
	assert_int_equal(f->c->exc.cr2, 0x201000);
	assert_int_equal(f->c->exc.error, PF_W);
	assert_int_equal(fx_get(f, 0x200ffc, 4), 0x55555555);
	set_pte(f, 0x201000, 0x300007);
	assert_int_equal(x86_write(f->c, 0x200ffc, &v, 8, 0, false), 0);
	assert_int_equal(fx_get(f, 0x200ffc, 4), 0x55667788);
	assert_int_equal(fx_get(f, 0x300000, 4), 0x11223344);
	assert_int_equal(x86_read(f->c, 0x200ffc, &back, 8, 0, false), 0);
	assert_int_equal(back, v);
}

static void
a_first_write_walks_again_and_sets_dirty(void **state)
{
	struct fx *f = *state;

	fx_long(f);
	small_pages(f, 0x200000);
	assert_int_equal(rd(f, 0x200000, 4), 0);
	assert_int_equal(fx_get(f, PT, 8) & 0x60, 0x20);
	assert_int_equal(wr(f, 0x200000, 4), 0);
	assert_int_equal(fx_get(f, PT, 8) & 0x60, 0x60);
}

static void
each_kind_of_access_is_checked_by_itself(void **state)
{
	struct fx *f = *state;

	fx_long(f);
	small_pages(f, 0x200000);
	set_pte(f, 0x200000, 0x200003);	/* supervisor */
	assert_int_equal(wr(f, 0x200000, 4), 0);
	f->c->s.cpl = 3;
	assert_int_equal(rd(f, 0x200000, 4), -1);
	assert_int_equal(f->c->exc.error, PF_P | PF_U);
	/* Descriptor tables are read whatever CPL is. */
	assert_int_equal(x86_probe(f->c, 0x200000, 4, WALK_IMPLICIT, false), 0);
	/* SMAP follows AC at once. */
	f->c->s.cpl = 0;
	f->c->s.cr4 |= CR4_SMAP;
	f->c->walk.cr4 |= CR4_SMAP;
	f->c->s.rflags |= FLAG_AC;
	assert_int_equal(rd(f, 0x201000, 4), 0);
	f->c->s.rflags &= ~(uint64_t)FLAG_AC;
	assert_int_equal(rd(f, 0x201000, 4), -1);
	assert_int_equal(f->c->exc.error, PF_P);
}

static void
invlpg_and_flushes_forget_what_they_must(void **state)
{
	struct fx *f = *state;
	unsigned before;

	fx_long(f);
	small_pages(f, 0x200000);
	fx_put(f, 0x300000, 0xabcd, 4);
	fx_put(f, 0x301000, 0xef01, 4);
	assert_int_equal(rd(f, 0x200000, 4), 0);
	set_pte(f, 0x200000, 0x300007);
	before = f->flushes;
	assert_int_equal(x86_invlpg(f->c, 0x200fff), 0);
	/* One engine serves as both: it is told once. */
	assert_int_equal(f->flushes, before + 1);
	{
		uint32_t v;

		assert_int_equal(x86_read(f->c, 0x200000, &v, 4, 0, false), 0);
		assert_int_equal(v, 0xabcd);
	}
	/* Global pages survive MOV CR3 and not a change of CR4.PGE. */
	f->c->s.cr4 |= CR4_PGE;
	f->c->walk.cr4 |= CR4_PGE;
	set_pte(f, 0x201000, 0x300107);
	assert_int_equal(rd(f, 0x201000, 4), 0);
	set_pte(f, 0x201000, 0x301107);
	assert_int_equal(x86_mov_to_cr(f->c, 3, FX_PML4), 0);
	{
		uint32_t v;

		assert_int_equal(x86_read(f->c, 0x201000, &v, 4, 0, false), 0);
		assert_int_equal(v, 0xabcd);
		assert_int_equal(x86_mov_to_cr(f->c, 4, CR4_PAE), 0);
		assert_int_equal(x86_read(f->c, 0x201000, &v, 4, 0, false), 0);
		assert_int_equal(v, 0xef01);
	}
}

/* INVLPG anywhere in a large page drops all of it (SDM 3 4.10.4.1). */
static void
invlpg_of_a_large_page(void **state)
{
	struct fx *f = *state;
	uint32_t v;

	fx_long(f);
	fx_put(f, 0x205000, 1, 4);
	assert_int_equal(rd(f, 0x205000, 4), 0);
	fx_put(f, FX_PD + 8, 0x87, 8);
	fx_put(f, 0x5000, 2, 4);
	assert_int_equal(x86_invlpg(f->c, 0x3ff000), 0);
	assert_int_equal(x86_read(f->c, 0x205000, &v, 4, 0, false), 0);
	assert_int_equal(v, 2);
}

static void
mmio_comes_in_aligned_pieces(void **state)
{
	struct fx *f = *state;
	uint64_t v = 0;

	fx_prot(f);
	f->mmio_value = UINT64_C(0x8877665544332211);
	assert_int_equal(x86_read(f->c, 0xfee00004, &v, 4, 0, false), 0);
	assert_int_equal(v, 0x44332211);
	assert_int_equal(f->n_mmio, 1);
	assert_int_equal(f->mmio_gpa[0], 0xfee00004);
	assert_int_equal(f->mmio_size[0], 4);
	f->n_mmio = 0;
	assert_int_equal(x86_read(f->c, 0xfee00003, &v, 8, 0, false), 0);
	assert_int_equal(f->n_mmio, 4);	/* 1 at 3, 4 at 4, 2 at 8, 1 at a */
	assert_int_equal(f->mmio_size[0], 1);
	assert_int_equal(f->mmio_size[1], 4);
	assert_int_equal(f->mmio_size[2], 2);
	assert_int_equal(f->mmio_gpa[3], 0xfee0000a);
	v = 0x1234;
	assert_int_equal(x86_write(f->c, 0xfee000b0, &v, 4, 0, false), 0);
	assert_int_equal(f->mmio_value, 0x1234);
	/* ROM reads and swallows writes. */
	fx_put(f, 6 << 20, 0x77, 1);
	assert_int_equal(x86_write(f->c, 6 << 20, &v, 4, 0, false), 0);
	assert_int_equal(fx_get(f, 6 << 20, 1), 0x77);
}

static void
writes_to_traced_pages_are_reported(void **state)
{
	struct fx *f = *state;
	struct gmem_page p;
	void *host;

	fx_prot(f);
	assert_true(gmem_page(&f->vm.mem, 0x300000, &p));
	assert_int_equal(wr(f, 0x300010, 4), 0);
	assert_int_equal(f->traced, 0);
	*p.trace = GMEM_TRACE_CODE;
	assert_int_equal(rd(f, 0x300010, 4), 0);
	assert_false(f->c->smc_hit);
	assert_int_equal(wr(f, 0x300010, 4), 0);
	assert_true(f->c->smc_hit);
	assert_int_equal(f->traced_gpa, 0x300010);
	assert_int_equal(f->traced_len, 4);
	f->c->smc_hit = false;
	*p.trace = GMEM_TRACE_DIRTY;
	f->traced = 0;
	assert_int_equal(x86_map(f->c, 0x300020, 8, WALK_WRITE, false, &host),
	    0);
	assert_ptr_equal(host, p.host + 0x20);
	assert_int_equal(f->traced, 1);
	assert_false(f->c->smc_hit);
	/* Pages that are not RAM, and crossings, have no pointer. */
	assert_int_equal(x86_map(f->c, 0x300ffc, 8, 0, false, &host), 0);
	assert_null(host);
	assert_int_equal(x86_map(f->c, 6 << 20, 4, WALK_WRITE, false, &host),
	    0);
	assert_null(host);
}

static void
alignment_check(void **state)
{
	struct fx *f = *state;

	fx_prot(f);
	fx_ring3(f);
	f->c->s.rflags |= FLAG_AC;
	assert_int_equal(rd(f, 0x1001, 4), 0);
	f->c->s.cr0 |= CR0_AM;
	assert_int_equal(rd(f, 0x1001, 4), -1);
	assert_int_equal(f->c->exc.vector, VEC_AC);
	assert_int_equal(f->c->exc.error, 0);
	assert_int_equal(rd(f, 0x1004, 4), 0);
	assert_int_equal(rd(f, 0x1001, 1), 0);
	assert_int_equal(x86_probe(f->c, 0x1001, 4, WALK_IMPLICIT, false), 0);
	f->c->s.cpl = 0;
	assert_int_equal(rd(f, 0x1001, 4), 0);
}

static void
addresses_wrap_at_4_gib_outside_64_bit_mode(void **state)
{
	struct fx *f = *state;
	uint32_t v;

	fx_prot(f);
	fx_put(f, 0, 0xabcd, 2);
	f->mmio_value = 0x77777777;
	assert_int_equal(x86_read(f->c, 0xfffffffe, &v, 4, 0, false), 0);
	assert_int_equal(v, 0xabcd7777);
	fx_long(f);
	assert_int_equal(rd(f, UINT64_C(0x7ffffffffffe), 4), -1);
	assert_int_equal(f->c->exc.vector, VEC_GP);
	assert_int_equal(x86_read(f->c, BIT(47), &v, 4, 0, true), -1);
	assert_int_equal(f->c->exc.vector, VEC_SS);
}

/* --- limits, SDM 3 5.3 --- */

static const struct {
	uint16_t attr;
	uint32_t limit;
	uint64_t off;
	unsigned len;
	bool write, ok;
} limits[] = {
	{ 0x93, 0xfff, 0xffc, 4, false, true },
	{ 0x93, 0xfff, 0xffd, 4, false, false },
	{ 0x91, 0xfff, 0, 4, true, false },		/* read-only */
	{ 0x9b, 0xfff, 0, 4, false, true },		/* readable code */
	{ 0x9b, 0xfff, 0, 4, true, false },
	{ 0x99, 0xfff, 0, 4, false, false },		/* execute-only */
	{ 0x97, 0xfff, 0xfff, 4, false, false },	/* expand-down */
	{ 0x97, 0xfff, 0x1000, 4, false, true },
	{ 0x97, 0xfff, 0xfffc, 4, false, true },
	{ 0x97, 0xfff, 0xfffd, 4, false, false },	/* 64 KiB: B is 0 */
	{ 0x97 | SEG_DB, 0xfff, 0xfffd, 4, false, true },
	{ SEG_UNUSABLE, 0, 0, 1, false, false },
};

static void
segment_limits_and_types(void **state)
{
	struct fx *f = *state;
	gva_t va;

	fx_prot(f);
	for (unsigned i = 0; i < ARRAY_LEN(limits); i++) {
		struct seg_reg s = { .base = 0x10000, .limit = limits[i].limit,
		    .attr = limits[i].attr };
		int want = limits[i].ok ? 0 : -1;

		f->c->s.seg[SEG_ES] = s;
		f->c->s.seg[SEG_SS] = s;
		if (x86_linear(f->c, SEG_ES, limits[i].off, limits[i].len,
		    limits[i].write, &va) != want)
			fail_msg("row %u", i);
		if (!want) {
			assert_int_equal(va, 0x10000 + limits[i].off);
			continue;
		}
		assert_int_equal(f->c->exc.vector, VEC_GP);
		assert_int_equal(x86_linear(f->c, SEG_SS, limits[i].off,
		    limits[i].len, limits[i].write, &va), -1);
		assert_int_equal(f->c->exc.vector, VEC_SS);
		assert_int_equal(f->c->exc.error, 0);
	}
	/* Base plus offset wraps. */
	f->c->s.seg[SEG_ES] = (struct seg_reg){ .base = 0xfffff000,
	    .limit = 0xffffffff, .attr = 0x93 | SEG_DB };
	assert_int_equal(x86_linear(f->c, SEG_ES, 0x2000, 4, false, &va), 0);
	assert_int_equal(va, 0x1000);
	/* 64-bit mode: FS and GS have bases, nothing has a limit. */
	fx_long(f);
	f->c->s.seg[SEG_ES].base = 0x5000;
	f->c->s.seg[SEG_GS].base = UINT64_C(0xffff888000000000);
	assert_int_equal(x86_linear(f->c, SEG_ES, 0x10, 4, true, &va), 0);
	assert_int_equal(va, 0x10);
	assert_int_equal(x86_linear(f->c, SEG_GS, 0x10, 4, true, &va), 0);
	assert_int_equal(va, UINT64_C(0xffff888000000010));
}

/* --- fetch --- */

static void
fetch_stops_where_it_must(void **state)
{
	struct fx *f = *state;
	uint8_t buf[15];

	fx_prot(f);
	f->c->s.seg[SEG_CS].limit = FX_CODE + 3;
	assert_int_equal(x86_fetch(f->c, buf), 4);
	assert_int_equal(x86_fetch_fault(f->c, 4), -1);
	assert_int_equal(f->c->exc.vector, VEC_GP);
	/* A page that may not be executed, behind four bytes that may. */
	fx_long(f);
	small_pages(f, 0x200000);
	set_pte(f, 0x201000, BIT(63) | 0x201007);
	f->c->s.rip = 0x200ffc;
	assert_int_equal(x86_fetch(f->c, buf), 4);
	assert_false(f->c->exc.raised);
	assert_int_equal(x86_fetch_fault(f->c, 4), -1);
	assert_int_equal(f->c->exc.vector, VEC_PF);
	assert_int_equal(f->c->exc.cr2, 0x201000);
	assert_int_equal(f->c->exc.error, PF_P | PF_I);
	f->c->s.rip = UINT64_C(0x800000000000);
	assert_int_equal(x86_fetch(f->c, buf), 0);
	assert_int_equal(x86_fetch_fault(f->c, 0), -1);
	assert_int_equal(f->c->exc.vector, VEC_GP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(a_crossing_write_checks_both_pages_first),
		FX_TEST(a_first_write_walks_again_and_sets_dirty),
		FX_TEST(each_kind_of_access_is_checked_by_itself),
		FX_TEST(invlpg_and_flushes_forget_what_they_must),
		FX_TEST(invlpg_of_a_large_page),
		FX_TEST(mmio_comes_in_aligned_pieces),
		FX_TEST(writes_to_traced_pages_are_reported),
		FX_TEST(alignment_check),
		FX_TEST(addresses_wrap_at_4_gib_outside_64_bit_mode),
		FX_TEST(segment_limits_and_types),
		FX_TEST(fetch_stops_where_it_must),
	};

	return cmocka_run_group_tests_name("x86 memory", tests, NULL, NULL);
}
