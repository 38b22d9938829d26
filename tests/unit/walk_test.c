/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page-table walker on hand-built tables: every paging mode and page size,
 * rights, reserved bits, error codes, accessed and dirty bits.  SDM 3 chapter
 * 4 is quoted by section.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mmu/walk.h"
#include "modes/cpu_state.h"

enum { P = 1, W = 2, U = 4, A = 0x20, D = 0x40, PS = 0x80, G = 0x100 };
#define NX BIT(63)

enum mode { M32, MPAE, M64 };

/* Where the tables are; the page mapped is at FRAME. */
enum { ROOT = 0x1000, PDPT = 0x2000, PD = 0x3000, PT = 0x4000 };
#define FRAME UINT64_C(0x800000)
/* Index 1 in every table of 4-level paging, with an offset. */
#define VA64 UINT64_C(0x8040201234)
#define VA32 UINT64_C(0x00401234)
#define VAPAE UINT64_C(0x40201234)

struct fix {
	struct gmem m;
	struct walk_regs regs;
};

static int
setup(void **state)
{
	static struct fix f;
	struct err e;

	memset(&f, 0, sizeof(f));
	assert_int_equal(gmem_init(&f.m, &e), 0);
	assert_int_equal(gmem_add(&f.m, 0, 16 << 20, GMEM_RAM, &e), 0);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fix *f = *state;

	gmem_fini(&f->m);
	return 0;
}

static void
put(struct fix *f, gpa_t gpa, uint64_t v, unsigned size)
{
	assert_int_equal(gmem_write(&f->m, gpa, &v, size), 0);
}

static uint64_t
get(struct fix *f, gpa_t gpa, unsigned size)
{
	uint64_t v = 0;

	assert_int_equal(gmem_read(&f->m, gpa, &v, size), 0);
	return v;
}

/* Tables that map one page, with these bits in the entries. */
static gva_t
build(struct fix *f, enum mode mode, uint64_t upper, uint64_t leaf)
{
	f->regs = (struct walk_regs){ .cr0 = CR0_PE | CR0_PG, .cr3 = ROOT,
	    .maxphyaddr = 40, .rflags = 2 };
	switch (mode) {
	case M32:
		put(f, ROOT + 1 * 4, PT | upper, 4);
		put(f, PT + 1 * 4, FRAME | leaf, 4);
		return VA32;
	case MPAE:
		f->regs.cr4 = CR4_PAE;
		f->regs.efer = EFER_NX;
		f->regs.pdpte[1] = PD | P;
		put(f, PD + 1 * 8, PT | upper, 8);
		put(f, PT + 1 * 8, FRAME | leaf, 8);
		return VAPAE;
	default:
		f->regs.cr4 = CR4_PAE;
		f->regs.efer = EFER_NX | EFER_LME | EFER_LMA;
		put(f, ROOT + 1 * 8, PDPT | upper, 8);
		put(f, PDPT + 1 * 8, PD | upper, 8);
		put(f, PD + 1 * 8, PT | upper, 8);
		put(f, PT + 1 * 8, FRAME | leaf, 8);
		return VA64;
	}
}

static int
go(struct fix *f, gva_t va, unsigned access, struct walk_result *r)
{
	memset(r, 0xff, sizeof(*r));
	return walk(&f->m, &f->regs, va, access, r);
}

/* --- rights and error codes, SDM 3 4.6.1 and 4.7 --- */

struct right {
	uint64_t leaf;
	unsigned access;
	uint64_t cr0, cr4, rflags;
	int error;		/* -1: allowed */
};

static const struct right rights[] = {
	/* Supervisor page. */
	{ P | W, 0, 0, 0, 0, -1 },
	{ P | W, WALK_WRITE, 0, 0, 0, -1 },
	{ P | W, WALK_FETCH, 0, 0, 0, -1 },
	{ P | W, WALK_USER, 0, 0, 0, PF_P | PF_U },
	{ P | W, WALK_USER | WALK_WRITE, 0, 0, 0, PF_P | PF_U | PF_W },
	/* Read-only: WP decides for supervisors, never for users. */
	{ P, WALK_WRITE, 0, 0, 0, -1 },
	{ P, WALK_WRITE, CR0_WP, 0, 0, PF_P | PF_W },
	{ P | U, WALK_USER | WALK_WRITE, 0, 0, 0, PF_P | PF_W | PF_U },
	{ P | U, WALK_USER, 0, 0, 0, -1 },
	{ P | U | W, WALK_USER | WALK_WRITE, CR0_WP, 0, 0, -1 },
	/* SMEP. */
	{ P | U | W, WALK_FETCH, 0, 0, 0, -1 },
	{ P | U | W, WALK_FETCH, 0, CR4_SMEP, 0, PF_P | PF_I },
	{ P | U | W, WALK_FETCH | WALK_USER, 0, CR4_SMEP, 0, -1 },
	/* SMAP: AC suspends it for explicit accesses only. */
	{ P | U | W, 0, 0, CR4_SMAP, 0, PF_P },
	{ P | U | W, WALK_WRITE, 0, CR4_SMAP, 0, PF_P | PF_W },
	{ P | U | W, 0, 0, CR4_SMAP, FLAG_AC, -1 },
	{ P | U | W, WALK_IMPLICIT, 0, CR4_SMAP, FLAG_AC, PF_P },
	{ P | U | W, WALK_IMPLICIT, 0, 0, 0, -1 },
	{ P | U, WALK_WRITE, CR0_WP, CR4_SMAP, FLAG_AC, PF_P | PF_W },
	{ P | U | W, WALK_FETCH, 0, CR4_SMAP, 0, -1 },
	/* Not present: P is clear whatever else. */
	{ 0, 0, 0, 0, 0, 0 },
	{ W | U, WALK_WRITE | WALK_USER, 0, 0, 0, PF_W | PF_U },
};

static void
rights_and_error_codes_in_every_mode(void **state)
{
	struct fix *f = *state;

	for (int mode = M32; mode <= M64; mode++) {
		for (unsigned i = 0; i < ARRAY_LEN(rights); i++) {
			const struct right *t = &rights[i];
			struct walk_result r;
			gva_t va = build(f, mode, P | W | U, t->leaf);
			int error = t->error;
			int rc;

			f->regs.cr0 |= t->cr0;
			f->regs.cr4 |= t->cr4;
			f->regs.rflags |= t->rflags;
			rc = go(f, va, t->access, &r);
			if (error < 0) {
				if (rc)
					fail_msg("mode %d row %u faults %x",
					    mode, i, r.error_code);
				assert_int_equal(r.gpa, FRAME | 0x234);
				continue;
			}
			/* I shows with SMEP, or with NXE (4.7). */
			if (t->access & WALK_FETCH && mode != M32)
				error |= PF_I;
			if (!rc || r.error_code != (uint32_t)error)
				fail_msg("mode %d row %u: rc %d code %x", mode,
				    i, rc, r.error_code);
		}
	}
}

/* 4.6: U/S and R/W must be set in every entry, XD in none. */
static void
rights_are_those_of_all_levels(void **state)
{
	struct fix *f = *state;
	struct walk_result r;
	gva_t va = build(f, M64, P | W, P | W | U);

	assert_int_equal(go(f, va, WALK_USER, &r), -EFAULT);
	assert_int_equal(r.error_code, PF_P | PF_U);
	build(f, M64, P | U, P | W | U);
	assert_int_equal(go(f, va, WALK_USER | WALK_WRITE, &r), -EFAULT);
	assert_int_equal(go(f, va, WALK_USER, &r), 0);
	assert_false(r.writable);
	assert_true(r.user);
	build(f, M64, P | W | U | NX, P | W | U);
	assert_int_equal(go(f, va, WALK_USER, &r), 0);
	assert_true(r.nx);
	assert_int_equal(go(f, va, WALK_FETCH, &r), -EFAULT);
	assert_int_equal(r.error_code, PF_P | PF_I);
}

/* --- reserved bits, 4.4.2, 4.5.4, table 4-4 --- */

static void
bits_above_maxphyaddr_are_reserved(void **state)
{
	struct fix *f = *state;
	struct walk_result r;
	gva_t va;

	for (int mode = MPAE; mode <= M64; mode++) {
		va = build(f, mode, P | W | U, P | BIT(40));
		assert_int_equal(go(f, va, WALK_USER | WALK_WRITE, &r),
		    -EFAULT);
		assert_int_equal(r.error_code, PF_P | PF_RSVD | PF_U | PF_W);
		build(f, mode, P | W | U | BIT(51), P);
		assert_int_equal(go(f, va, 0, &r), -EFAULT);
		assert_int_equal(r.error_code, PF_P | PF_RSVD);
		/* One bit below is an address: there is nothing there. */
		build(f, mode, P | W | U, P | BIT(39));
		assert_int_equal(go(f, va, 0, &r), 0);
		assert_int_equal(r.gpa, FRAME | BIT(39) | 0x234);
	}
	/* Bits 62:52 are the guest's in long mode, reserved with PAE. */
	va = build(f, M64, P | W | BIT(55), P | BIT(58));
	assert_int_equal(go(f, va, 0, &r), 0);
	va = build(f, MPAE, P | W, P | BIT(58));
	assert_int_equal(go(f, va, 0, &r), -EFAULT);
	assert_int_equal(r.error_code, PF_P | PF_RSVD);
}

static void
nx_is_reserved_without_nxe(void **state)
{
	struct fix *f = *state;
	struct walk_result r;

	for (int mode = MPAE; mode <= M64; mode++) {
		gva_t va = build(f, mode, P | W | U, P | W | NX);

		f->regs.efer &= ~EFER_NX;
		assert_int_equal(go(f, va, WALK_FETCH, &r), -EFAULT);
		assert_int_equal(r.error_code, PF_P | PF_RSVD);
		f->regs.efer |= EFER_NX;
		assert_int_equal(go(f, va, WALK_FETCH, &r), -EFAULT);
		assert_int_equal(r.error_code, PF_P | PF_I);
		assert_int_equal(go(f, va, 0, &r), 0);
	}
}

/* A bad entry counts before a missing one below it (4.7, order of a walk). */
static void
reserved_bits_of_upper_entries_come_first(void **state)
{
	struct fix *f = *state;
	struct walk_result r;
	gva_t va = build(f, M64, P | W, 0);

	put(f, PDPT + 8, PD | P | BIT(45), 8);
	assert_int_equal(go(f, va, 0, &r), -EFAULT);
	assert_int_equal(r.error_code, PF_P | PF_RSVD);
	/* PS in a PML4E is reserved; AMD reserves G there too. */
	build(f, M64, P | W, P);
	put(f, ROOT + 8, PDPT | P | PS, 8);
	assert_int_equal(go(f, va, 0, &r), -EFAULT);
	put(f, ROOT + 8, PDPT | P | G, 8);
	assert_int_equal(go(f, va, 0, &r), 0);
	f->regs.amd = true;
	assert_int_equal(go(f, va, 0, &r), -EFAULT);
	assert_int_equal(r.error_code, PF_P | PF_RSVD);
}

/* --- large pages --- */

static void
large_pages_in_long_mode(void **state)
{
	struct fix *f = *state;
	struct walk_result r;
	gva_t va = build(f, M64, P | W | U, P);

	put(f, PD + 8, FRAME | P | W | U | PS, 8);
	assert_int_equal(go(f, va, 0, &r), 0);
	assert_int_equal(r.page_size, 2 << 20);
	assert_int_equal(r.gpa, FRAME + (va & 0x1fffff));
	/* PAT is bit 12; 20:13 are reserved. */
	put(f, PD + 8, FRAME | P | PS | 0x1000, 8);
	assert_int_equal(go(f, va, 0, &r), 0);
	put(f, PD + 8, FRAME | P | PS | 0x2000, 8);
	assert_int_equal(go(f, va, 0, &r), -EFAULT);
	assert_int_equal(r.error_code, PF_P | PF_RSVD);
	put(f, PDPT + 8, P | PS | BIT(30), 8);
	assert_int_equal(go(f, va, 0, &r), 0);
	assert_int_equal(r.page_size, 1 << 30);
	assert_int_equal(r.gpa, BIT(30) + (va & 0x3fffffff));
	put(f, PDPT + 8, P | PS | BIT(30) | BIT(21), 8);
	assert_int_equal(go(f, va, 0, &r), -EFAULT);
	/* Without the feature PS itself is reserved. */
	put(f, PDPT + 8, P | PS | BIT(30), 8);
	f->regs.no_1g = true;
	assert_int_equal(go(f, va, 0, &r), -EFAULT);
	assert_int_equal(r.error_code, PF_P | PF_RSVD);
}

static void
four_megabyte_pages_need_pse(void **state)
{
	struct fix *f = *state;
	struct walk_result r;
	gva_t va = build(f, M32, P | W | U, P);

	/* Without CR4.PSE bit 7 is ignored and PT is a table. */
	put(f, ROOT + 4, PT | P | W | PS, 4);
	assert_int_equal(go(f, va, 0, &r), 0);
	assert_int_equal(r.page_size, 4096);
	f->regs.cr4 = CR4_PSE;
	put(f, ROOT + 4, 0xc00000 | P | W | PS, 4);
	assert_int_equal(go(f, va, 0, &r), 0);
	assert_int_equal(r.page_size, 4 << 20);
	assert_int_equal(r.gpa, 0xc00000 | 0x1234);
	/* PSE-36: bits 20:13 are address bits 39:32; 21 is reserved. */
	put(f, ROOT + 4, 0xc00000 | P | PS | 0x2000, 4);
	assert_int_equal(go(f, va, 0, &r), 0);
	assert_int_equal(r.gpa, BIT(32) | 0xc01234);
	put(f, ROOT + 4, 0xc00000 | P | PS | BIT(21), 4);
	assert_int_equal(go(f, va, 0, &r), -EFAULT);
	assert_int_equal(r.error_code, PF_P | PF_RSVD);
	f->regs.maxphyaddr = 36;
	put(f, ROOT + 4, 0xc00000 | P | PS | BIT(17), 4);
	assert_int_equal(go(f, va, 0, &r), -EFAULT);
	put(f, ROOT + 4, 0xc00000 | P | PS | BIT(16), 4);
	assert_int_equal(go(f, va, 0, &r), 0);
	f->regs.no_pse36 = true;
	assert_int_equal(go(f, va, 0, &r), -EFAULT);
}

/* --- accessed and dirty, 4.8 --- */

static void
accessed_and_dirty_bits(void **state)
{
	struct fix *f = *state;
	struct walk_result r;
	gva_t va = build(f, M64, P | W | U, P | W | U);

	assert_int_equal(go(f, va, WALK_PROBE, &r), 0);
	assert_int_equal(get(f, PT + 8, 8), FRAME | P | W | U);
	assert_int_equal(go(f, va, 0, &r), 0);
	assert_false(r.dirty);
	assert_int_equal(get(f, ROOT + 8, 8), PDPT | P | W | U | A);
	assert_int_equal(get(f, PD + 8, 8), PT | P | W | U | A);
	assert_int_equal(get(f, PT + 8, 8), FRAME | P | W | U | A);
	assert_int_equal(go(f, va, WALK_WRITE, &r), 0);
	assert_true(r.dirty);
	assert_int_equal(get(f, PT + 8, 8), FRAME | P | W | U | A | D);
	/* D is for the leaf alone. */
	assert_int_equal(get(f, PD + 8, 8), PT | P | W | U | A);
}

static void
a_refused_access_sets_nothing_in_the_leaf(void **state)
{
	struct fix *f = *state;
	struct walk_result r;
	gva_t va = build(f, M64, P | W | U, P | U);

	f->regs.cr0 |= CR0_WP;
	assert_int_equal(go(f, va, WALK_WRITE, &r), -EFAULT);
	assert_int_equal(get(f, PT + 8, 8), FRAME | P | U);
	va = build(f, M32, P | W | U, P | U);
	f->regs.cr0 |= CR0_WP;
	assert_int_equal(go(f, va, WALK_WRITE | WALK_USER, &r), -EFAULT);
	assert_int_equal(get(f, PT + 4, 4), FRAME | P | U);
	/* Entries of 4 bytes: the neighbours stay as they are. */
	put(f, PT + 8, 0xdeadbeef, 4);
	assert_int_equal(go(f, va, 0, &r), 0);
	assert_int_equal(get(f, PT + 4, 4), FRAME | P | U | A);
	assert_int_equal(get(f, PT + 8, 4), 0xdeadbeef);
}

static void
global_only_with_pge(void **state)
{
	struct fix *f = *state;
	struct walk_result r;
	gva_t va = build(f, M64, P | W, P | G);

	assert_int_equal(go(f, va, 0, &r), 0);
	assert_false(r.global);
	f->regs.cr4 |= CR4_PGE;
	assert_int_equal(go(f, va, 0, &r), 0);
	assert_true(r.global);
}

/* --- odds and ends --- */

static void
without_paging_it_is_the_identity(void **state)
{
	struct fix *f = *state;
	struct walk_result r;

	f->regs = (struct walk_regs){ .cr0 = CR0_PE, .maxphyaddr = 40 };
	assert_int_equal(go(f, 0x12345678, WALK_WRITE | WALK_USER, &r), 0);
	assert_int_equal(r.gpa, 0x12345678);
	assert_true(r.user && r.writable && r.dirty && !r.nx);
}

static void
tables_outside_ram_read_as_ones(void **state)
{
	struct fix *f = *state;
	struct walk_result r;

	build(f, M64, P | W, P);
	f->regs.cr3 = UINT64_C(0x80000000);
	assert_int_equal(go(f, VA64, 0, &r), -EFAULT);
	assert_int_equal(r.error_code, PF_P | PF_RSVD);
}

static void
pdptes_are_latched_and_checked(void **state)
{
	struct fix *f = *state;
	struct walk_result r;
	gva_t va = build(f, MPAE, P | W | U, P | W | U);

	f->regs.cr3 = 0x5020;	/* 32-byte aligned, 4.4.1 */
	put(f, 0x5020, 0, 8);
	put(f, 0x5028, PD | P, 8);
	put(f, 0x5030, BIT(63), 8);	/* not present: nothing is checked */
	put(f, 0x5038, 0, 8);
	f->regs.pdpte[1] = 0;
	assert_int_equal(walk_load_pdptes(&f->m, &f->regs), 0);
	assert_int_equal(f->regs.pdpte[1], PD | P);
	put(f, 0x5028, 0, 8);
	assert_int_equal(go(f, va, WALK_USER, &r), 0);
	/* No A bit in a PDPTE. */
	assert_int_equal(get(f, 0x5028, 8), 0);
	put(f, 0x5028, PD | P | W, 8);
	assert_int_equal(walk_load_pdptes(&f->m, &f->regs), -EINVAL);
	assert_int_equal(f->regs.pdpte[1], PD | P);
	put(f, 0x5028, PD | P | BIT(40), 8);
	assert_int_equal(walk_load_pdptes(&f->m, &f->regs), -EINVAL);
	f->regs.pdpte[1] = 0;
	assert_int_equal(go(f, va, WALK_WRITE, &r), -EFAULT);
	assert_int_equal(r.error_code, PF_W);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(rights_and_error_codes_in_every_mode),
		T(rights_are_those_of_all_levels),
		T(bits_above_maxphyaddr_are_reserved),
		T(nx_is_reserved_without_nxe),
		T(reserved_bits_of_upper_entries_come_first),
		T(large_pages_in_long_mode),
		T(four_megabyte_pages_need_pse),
		T(accessed_and_dirty_bits),
		T(a_refused_access_sets_nothing_in_the_leaf),
		T(global_only_with_pge),
		T(without_paging_it_is_the_identity),
		T(tables_outside_ram_read_as_ones),
		T(pdptes_are_latched_and_checked),
	};
#undef T

	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
