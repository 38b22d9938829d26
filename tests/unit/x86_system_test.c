/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control, debug and model-specific registers, reset, state checks, the FPU's
 * two places, kvmclock.
 */
#include "tests/unit/x86_fixture.h"

#include <stdlib.h>

#include "modes/x86/fpu.h"

#define OK 0xff

/* --- CR0, CR3, CR4, EFER --- */

enum mode { PROT, LONG, PROT_LME };

struct cr_row {
	enum mode mode;
	unsigned cr;
	uint64_t set, clear;	/* on what it is */
	uint8_t vector;
};

static const struct cr_row crs[] = {
	{ PROT, 0, CR0_PG | CR0_WP, 0, OK },
	{ PROT, 0, CR0_PG, CR0_PE, VEC_GP },
	{ PROT, 0, CR0_NW, CR0_CD, VEC_GP },
	{ PROT, 0, BIT(20), 0, OK },			/* ignored */
	{ LONG, 0, BIT(32), 0, VEC_GP },
	{ LONG, 0, 0, CR0_PG, VEC_GP },			/* 64-bit code */
	{ PROT_LME, 0, CR0_PG, 0, VEC_GP },		/* needs PAE */
	{ LONG, 3, BIT(41), 0, VEC_GP },		/* MAXPHYADDR */
	{ LONG, 3, 0xff8, 0, OK },
	{ PROT, 4, CR4_PAE | CR4_PGE | CR4_OSFXSR, 0, OK },
	{ PROT, 4, CR4_VME, 0, VEC_GP },
	{ PROT, 4, CR4_LA57, 0, VEC_GP },
	{ PROT, 4, BIT(30), 0, VEC_GP },
	{ PROT, 4, CR4_PCIDE, 0, VEC_GP },		/* not long mode */
	{ LONG, 4, 0, CR4_PAE, VEC_GP },
	{ LONG, 8, 15, 0, OK },
	{ LONG, 8, 16, 0, VEC_GP },
	{ PROT, 8, 0, 0, VEC_UD },
	{ PROT, 1, 0, 0, VEC_UD },
	{ PROT, 5, 0, 0, VEC_UD },
};

static void
enter(struct fx *f, enum mode mode)
{
	if (mode == LONG)
		fx_long(f);
	else
		fx_prot(f);
	if (mode == PROT_LME)
		f->c->s.efer = EFER_LME;
	x86_sync(f->c);
	fx_amd(f, false);
}

static void
writes_to_control_registers(void **state)
{
	struct fx *f = *state;

	for (unsigned i = 0; i < ARRAY_LEN(crs); i++) {
		const struct cr_row *r = &crs[i];
		uint64_t v = 0;
		int rc;

		enter(f, r->mode);
		if (r->cr != 1 && r->cr != 5 && r->vector != VEC_UD)
			assert_int_equal(x86_mov_from_cr(f->c, r->cr, &v), 0);
		v = (v & ~r->clear) | r->set;
		rc = x86_mov_to_cr(f->c, r->cr, v);
		if (r->vector == OK ? rc : !rc ||
		    f->c->exc.vector != r->vector)
			fail_msg("row %u: rc %d", i, rc);
	}
	fx_prot(f);
	fx_ring3(f);
	assert_int_equal(x86_mov_to_cr(f->c, 0, 0), -1);
	assert_int_equal(f->c->exc.vector, VEC_GP);
}

static void
long_mode_is_entered_and_left_by_pg(void **state)
{
	struct fx *f = *state;
	struct cpu_state *s = &f->c->s;

	fx_prot(f);
	fx_put(f, FX_PML4, FX_PDPT | 7, 8);
	assert_int_equal(x86_mov_to_cr(f->c, 4, CR4_PAE), 0);
	assert_int_equal(x86_mov_to_cr(f->c, 3, FX_PML4), 0);
	assert_int_equal(x86_wrmsr(f->c, 0xc0000080, EFER_LME | EFER_NX), 0);
	assert_int_equal(x86_mov_to_cr(f->c, 0, s->cr0 | CR0_PG), 0);
	assert_int_equal(s->efer, EFER_LME | EFER_LMA | EFER_NX);
	assert_int_equal(f->c->walk.efer, s->efer);
	/* LME cannot change under paging; LMA is not written. */
	assert_int_equal(x86_wrmsr(f->c, 0xc0000080, EFER_NX), -1);
	assert_int_equal(x86_wrmsr(f->c, 0xc0000080, EFER_LME), 0);
	assert_int_equal(s->efer, EFER_LME | EFER_LMA);
	assert_int_equal(x86_mov_to_cr(f->c, 0, s->cr0 & ~CR0_PG), 0);
	assert_int_equal(s->efer, EFER_LME);
	/* A 16-bit TSS keeps it out. */
	s->seg[SEG_TR].attr = 0x83;
	assert_int_equal(x86_mov_to_cr(f->c, 0, s->cr0 | CR0_PG), -1);
}

static void
pae_loads_its_four_entries(void **state)
{
	struct fx *f = *state;

	fx_prot(f);
	fx_put(f, 0x8000, 0x9001, 8);
	fx_put(f, 0x8008, 0x6, 8);
	fx_put(f, 0x8010, 0xa001, 8);
	fx_put(f, 0x8018, 0, 8);
	assert_int_equal(x86_mov_to_cr(f->c, 4, CR4_PAE), 0);
	assert_int_equal(x86_mov_to_cr(f->c, 3, 0x8000), 0);
	assert_int_equal(x86_mov_to_cr(f->c, 0, f->c->s.cr0 | CR0_PG), 0);
	assert_int_equal(f->c->s.pdpte[2], 0xa001);
	fx_put(f, 0x8000, 0x9003, 8);
	assert_int_equal(x86_mov_to_cr(f->c, 3, 0x8000), -1);
	assert_int_equal(f->c->s.pdpte[0], 0x9001);
}

static void
pcid_rules(void **state)
{
	struct fx *f = *state;

	if (!cpuid_has(&f->cpuid, FEAT_PCID)) {
		print_message("PCID: not offered on this host\n");
		return;
	}
	fx_long(f);
	f->c->s.cr3 |= 5;
	assert_int_equal(x86_mov_to_cr(f->c, 4, CR4_PAE | CR4_PCIDE), -1);
	f->c->s.cr3 &= ~UINT64_C(0xfff);
	assert_int_equal(x86_mov_to_cr(f->c, 4, CR4_PAE | CR4_PCIDE), 0);
	assert_int_equal(x86_mov_to_cr(f->c, 3, BIT(63) | FX_PML4 | 7), 0);
	assert_int_equal(f->c->s.cr3, FX_PML4 | 7);
	/* Paging stays on while PCIDE is. */
	f->c->s.seg[SEG_CS].attr &= ~SEG_L;
	assert_int_equal(x86_mov_to_cr(f->c, 0, f->c->s.cr0 & ~CR0_PG), -1);
	f->c->s.seg[SEG_CS].attr |= SEG_L;
	assert_int_equal(x86_invpcid(f->c, 4, 0, 0), -1);
	assert_int_equal(x86_invpcid(f->c, 1, 0x1000, 0), -1);
	assert_int_equal(x86_invpcid(f->c, 0, 7, UINT64_C(0x800000000000)), -1);
	assert_int_equal(x86_invpcid(f->c, 0, 7, 0x1000), 0);
	assert_int_equal(x86_invpcid(f->c, 3, 0, 0), 0);
}

static void
cr8_is_the_task_priority(void **state)
{
	struct fx *f = *state;
	uint64_t v;

	fx_long(f);
	assert_int_equal(x86_mov_to_cr(f->c, 8, 9), 0);
	assert_int_equal(f->tpr, 9);
	f->tpr = 3;
	assert_int_equal(x86_mov_from_cr(f->c, 8, &v), 0);
	assert_int_equal(v, 3);
}

static void
lmsw_sets_pe_and_never_clears_it(void **state)
{
	struct fx *f = *state;

	fx_real(f);
	assert_int_equal(x86_lmsw(f->c, 0xffff), 0);
	assert_int_equal(f->c->s.cr0 & 0xf, 0xf);
	assert_int_equal(x86_lmsw(f->c, 0), 0);
	assert_int_equal(f->c->s.cr0 & 0xf, 1);
}

/* --- debug registers --- */

static void
debug_registers(void **state)
{
	struct fx *f = *state;
	uint64_t v;

	fx_long(f);
	assert_int_equal(x86_mov_to_dr(f->c, 7, BIT(32)), -1);
	assert_int_equal(f->c->exc.vector, VEC_GP);
	assert_int_equal(x86_mov_to_dr(f->c, 7, 0x1), 0);
	assert_int_equal(x86_mov_from_dr(f->c, 5, &v), 0);	/* alias */
	assert_int_equal(v, 0x401);
	assert_int_equal(x86_mov_to_dr(f->c, 6, 0), 0);
	assert_int_equal(f->c->s.dr[6], 0xffff0ff0);
	f->c->s.cr4 |= CR4_DE;
	assert_int_equal(x86_mov_from_dr(f->c, 5, &v), -1);
	assert_int_equal(f->c->exc.vector, VEC_UD);
	f->c->s.dr[7] |= BIT(13);
	assert_int_equal(x86_mov_from_dr(f->c, 0, &v), -1);
	assert_int_equal(f->c->exc.vector, VEC_DB);
	assert_int_equal(f->c->exc.dr6, BIT(13));
}

static void
xsetbv_takes_sound_combinations(void **state)
{
	struct fx *f = *state;
	uint64_t mask = f->cpuid.xcr0_mask;

	fx_long(f);
	assert_int_equal(x86_xsetbv(f->c, 0, 1), -1);
	assert_int_equal(f->c->exc.vector, VEC_UD);
	f->c->s.cr4 |= CR4_OSXSAVE;
	assert_int_equal(x86_xsetbv(f->c, 0, 3), 0);
	assert_int_equal(x86_xsetbv(f->c, 0, 2), -1);
	assert_int_equal(x86_xsetbv(f->c, 0, 5), -1);
	assert_int_equal(x86_xsetbv(f->c, 1, 3), -1);
	assert_int_equal(x86_xsetbv(f->c, 0, 7 | BIT(5)), -1);
	assert_int_equal(x86_xsetbv(f->c, 0, mask | BIT(9)), -1);
	assert_int_equal(x86_xsetbv(f->c, 0, mask), 0);
	assert_int_equal(f->c->s.xcr0, mask);
}

/* --- MSRs --- */

static const struct {
	uint32_t msr;
	bool amd;
	uint64_t write;
	bool ok;
} msrs[] = {
	{ 0xc0000082, false, UINT64_C(0xffffffff81000000), true },
	{ 0xc0000082, false, UINT64_C(0x800000000000), false },
	{ 0xc0000081, false, UINT64_C(0x23001000000000), true },
	{ 0xc0000100, false, 0x1234, true },
	{ 0xc0000101, false, BIT(47), false },
	{ 0xc0000103, false, BIT(32), false },
	{ 0x277, false, UINT64_C(0x0407050600070106), true },
	{ 0x277, false, 2, false },
	{ 0x2ff, false, 0xc06, true },
	{ 0x2ff, false, 0xc02, false },
	{ 0x200, false, 0xc0000006, true },
	{ 0x200, false, 0xc0000106, false },
	{ 0x201, false, 0xffc0000800, true },
	{ 0x201, false, UINT64_C(0x1ffc0000800), false },
	{ 0x26f, false, 0x0606060606060606, true },
	{ 0x26f, false, 0x0706060606060606, false },
	{ 0xfe, false, 0, false },
	{ 0x10a, false, 0, false },
	{ 0x48, false, 1, true },
	{ 0x48, false, 0x100, false },
	{ 0x174, false, 0x10, true },
	{ 0xc0010015, true, 0x10, true },
	{ 0xc0010015, false, 0x10, false },
	{ 0x1a0, true, 0, false },
	{ 0x830, false, 0x30, true },
	{ 0x830, false, 0xbad, false },
	{ 0xc0000080, false, EFER_FFXSR, false },
	{ 0xc0000080, true, EFER_AIBRSE, true },
	{ 0xc0000080, false, EFER_AIBRSE, false },
	{ 0x12345, false, 0, false },
	{ 0xd90, false, 0, false },
};

static void
msr_writes(void **state)
{
	struct fx *f = *state;
	uint64_t v;

	for (unsigned i = 0; i < ARRAY_LEN(msrs); i++) {
		int rc;

		fx_prot(f);
		fx_amd(f, msrs[i].amd);
		rc = x86_wrmsr(f->c, msrs[i].msr, msrs[i].write);
		if (msrs[i].ok != !rc)
			fail_msg("row %u: rc %d", i, rc);
		if (rc) {
			assert_int_equal(f->c->exc.vector, VEC_GP);
			assert_int_equal(f->c->exc.error, 0);
		}
	}
	fx_prot(f);
	assert_int_equal(x86_rdmsr(f->c, 0x99999, &v), -1);
	assert_int_equal(x86_rdmsr(f->c, 0x49, &v), -1);
	fx_ring3(f);
	assert_int_equal(x86_rdmsr(f->c, 0x10, &v), -1);
}

/* What Linux 6.1 and 6.12 read without a net while they start. */
static const uint32_t linux_reads[] = {
	0x10, 0x1b, 0x8b, 0xfe, 0x10a, 0x174, 0x179, 0x277, 0x2ff, 0x200,
	0x250, 0x268, 0xc0000080, 0xc0000081, 0xc0000102, 0xc0010015,
	0xc001001f, 0xc0011029, 0xc0010114, 0xc0010117,
};

static void
msrs_that_linux_reads_are_there(void **state)
{
	struct fx *f = *state;
	uint64_t v;

	fx_long(f);
	fx_amd(f, true);
	for (unsigned i = 0; i < ARRAY_LEN(linux_reads); i++)
		if (x86_rdmsr(f->c, linux_reads[i], &v))
			fail_msg("msr %#x", linux_reads[i]);
	/* Spectre: IBRS_ALL, RDCL_NO, MDS_NO, TAA_NO, BHI_NO, ITS_NO. */
	assert_int_equal(x86_rdmsr(f->c, 0x10a, &v), 0);
	assert_int_equal(v & (BIT(0) | BIT(1) | BIT(5) | BIT(8) | BIT(20) |
	    BIT(62)), BIT(0) | BIT(1) | BIT(5) | BIT(8) | BIT(20) | BIT(62));
}

/* --- time --- */

static void
tsc_and_its_adjustment(void **state)
{
	struct fx *f = *state;
	uint64_t v;

	fx_long(f);
	/* 2 GHz: a second is 2e9 ticks. */
	v = x86_tsc(f->c);
	clock_manual_advance(&f->clock, NS_PER_SEC);
	assert_int_equal(x86_tsc(f->c) - v, 2000000000);
	assert_int_equal(x86_wrmsr(f->c, 0x10, 1000), 0);
	assert_int_equal(x86_rdmsr(f->c, 0x10, &v), 0);
	assert_int_equal(v, 1000);
	assert_int_equal(x86_rdmsr(f->c, 0x3b, &v), 0);
	assert_int_equal(x86_wrmsr(f->c, 0x3b, v + 500), 0);
	assert_int_equal(x86_tsc(f->c), 1500);
}

struct pv {
	uint32_t version, pad0;
	uint64_t tsc, system_time;
	uint32_t mul;
	int8_t shift;
	uint8_t flags;
};

static uint64_t
pv_now_of(struct fx *f, struct vcpu *c, gpa_t gpa)
{
	struct pv p;
	uint64_t d;

	assert_int_equal(gmem_read(&f->vm.mem, gpa, &p, sizeof(p)), 0);
	assert_false(p.version & 1);
	d = x86_tsc(c) - p.tsc;
	d = p.shift < 0 ? d >> -p.shift : d << p.shift;
	return p.system_time + (uint64_t)((unsigned __int128)d * p.mul >> 32);
}

static uint64_t
pv_now(struct fx *f, gpa_t gpa)
{
	return pv_now_of(f, f->c, gpa);
}

static bool
pv_stable(struct fx *f, gpa_t gpa)
{
	return fx_get(f, gpa + offsetof(struct pv, flags), 1) & 1;
}

static void
kvmclock_agrees_with_the_clock(void **state)
{
	static const uint64_t khz[] = { 999999, 1000000, 1800000, 2596122,
	    3999999, 4000000, 5100000 };
	struct fx *f = *state;

	for (unsigned i = 0; i < ARRAY_LEN(khz); i++) {
		uint32_t version;

		f->vm.tsc_khz = khz[i];
		clock_manual_init(&f->clock, 12345);
		fx_long(f);
		f->vm.tsc_zero = 0;
		fx_put(f, 0x300000, 0, 4);
		assert_int_equal(x86_wrmsr(f->c, 0x4b564d01, 0x300001), 0);
		version = (uint32_t)fx_get(f, 0x300000, 4);
		assert_int_equal(version, 2);
		clock_manual_advance(&f->clock, NS_PER_SEC / 10 * 4);
		/* Ten parts in a thousand million over 0.4 s: 4 ns. */
		assert_in_range(pv_now(f, 0x300000) - 12345,
		    NS_PER_SEC / 10 * 4 - 4, NS_PER_SEC / 10 * 4 + 4);
		x86_kvmclock_tick(f->c);
		assert_int_equal(fx_get(f, 0x300000, 4), version);
		clock_manual_advance(&f->clock, 100 * NS_PER_SEC);
		x86_kvmclock_tick(f->c);
		assert_int_equal(fx_get(f, 0x300000, 4), version + 2);
		assert_in_range(pv_now(f, 0x300000), 12345 +
		    NS_PER_SEC / 10 * 1004 - 1000, 12345 +
		    NS_PER_SEC / 10 * 1004 + 1000);
	}
}

static void
count_tsc_change(void *ctx, struct vcpu *c)
{
	struct fx *f = ctx;

	f->mmio_value++;
}

/* A second vCPU that was started later. */
static struct vcpu *
add_vcpu(struct fx *f, struct vcpu **both)
{
	struct vcpu *c = aligned_alloc(4096, align_up(sizeof(*c), 4096));

	assert_non_null(c);
	memset(c, 0, sizeof(*c));
	c->vm = &f->vm;
	c->id = 1;
	both[0] = f->c;
	both[1] = c;
	f->vm.vcpu = both;
	f->vm.n_vcpus = 2;
	x86_reset(c);
	return c;
}

static void
kvmclock_is_one_for_all_vcpus(void **state)
{
	enum { A = 0x300000, B = 0x300040 };
	struct vcpu *both[2], *b;
	struct fx *f = *state;
	uint64_t before;

	f->vm.tsc_khz = 2596122;
	clock_manual_init(&f->clock, 12345);
	fx_long(f);
	b = add_vcpu(f, both);
	f->plat.tsc_changed = count_tsc_change;
	assert_int_equal(x86_wrmsr(f->c, 0x4b564d01, A | 1), 0);
	clock_manual_advance(&f->clock, 7 * NS_PER_SEC + 1);
	assert_int_equal(x86_wrmsr(b, 0x4b564d01, B | 1), 0);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(pv_stable(f, A) && pv_stable(f, B));
		assert_int_equal(x86_tsc(f->c), x86_tsc(b));
		assert_int_equal(pv_now_of(f, f->c, A), pv_now_of(f, b, B));
		clock_manual_advance(&f->clock, 3333333333);
		x86_kvmclock_tick(i & 1 ? b : f->c);
	}
	/* Time stands still together with the TSCs. */
	before = pv_now_of(f, f->c, A);
	clock_manual_advance(&f->clock, NS_PER_SEC);
	x86_tsc_skip(&f->vm, 2596122000);
	x86_kvmclock_tick(b);
	assert_int_equal(pv_now_of(f, f->c, A), before);
	assert_int_equal(pv_now_of(f, b, B), before);
	/* A TSC out of step: no promise any more, the time is still right. */
	f->mmio_value = 0;
	assert_int_equal(x86_wrmsr(b, 0x10, 1000), 0);
	assert_int_equal(f->mmio_value, 1);
	assert_int_equal(atomic_load(&f->c->attention), 0);
	x86_kvmclock_tick(f->c);
	assert_false(pv_stable(f, A) || pv_stable(f, B));
	assert_int_equal(pv_now_of(f, f->c, A), before);
	assert_int_equal(pv_now_of(f, b, B), before);
	/* The adjustment taken back brings it into step again. */
	assert_int_equal(x86_wrmsr(b, 0x3b, 0), 0);
	assert_int_equal(f->mmio_value, 2);
	assert_int_equal(x86_tsc(f->c), x86_tsc(b));
	x86_kvmclock_tick(f->c);
	assert_true(pv_stable(f, A) && pv_stable(f, B));
	/* INIT gives the page back. */
	x86_init(b);
	before = fx_get(f, B, 4);
	clock_manual_advance(&f->clock, NS_PER_SEC);
	x86_kvmclock_tick(b);
	assert_int_equal(fx_get(f, B, 4), before);
	f->vm.n_vcpus = 1;
	f->vm.vcpu = f->vcpus;
	free(b);
}

static void
kvm_wall_clock(void **state)
{
	struct fx *f = *state;

	fx_long(f);
	f->vm.boot_realtime_ns = UINT64_C(1700000000) * NS_PER_SEC + 77;
	assert_int_equal(x86_wrmsr(f->c, 0x4b564d00, 0x300100), 0);
	assert_int_equal(fx_get(f, 0x300100, 4), 2);
	assert_int_equal(fx_get(f, 0x300104, 4), 1700000000);
	assert_int_equal(fx_get(f, 0x300108, 4), 77);
	/* Outside RAM: nothing happens. */
	assert_int_equal(x86_wrmsr(f->c, 0x4b564d01, 0x80000001), 0);
}

/* --- life --- */

static void
reset_is_table_9_1(void **state)
{
	struct fx *f = *state;
	const struct cpu_state *s = &f->c->s;
	struct err e;

	fx_long(f);
	x86_reset(f->c);
	assert_int_equal(s->rip, 0xfff0);
	assert_int_equal(s->seg[SEG_CS].base, 0xffff0000);
	assert_int_equal(s->seg[SEG_CS].attr, 0x93);
	assert_int_equal(s->cr0, 0x60000010);
	assert_int_equal(s->efer, 0);
	assert_int_equal(s->gpr[RDX], f->cpuid.leaf[1].r.eax);
	assert_int_equal(s->dr[7], 0x400);
	assert_int_equal(s->xcr0, 1);
	assert_int_equal(s->cpl, 0);
	assert_int_equal(x86_state_check(s, &e), 0);
}

static void
init_waits_for_sipi(void **state)
{
	struct fx *f = *state;
	struct cpu_state *s = &f->c->s;

	fx_long(f);
	s->cr0 &= ~(CR0_CD | CR0_NW);
	s->pat = 0x0606060606060606;
	x86_init(f->c);
	assert_int_equal(s->activity, ACT_WAIT_SIPI);
	assert_int_equal(s->cr0, CR0_ET);
	assert_int_equal(s->pat, 0x0606060606060606);
	x86_sipi(f->c, 0x9a);
	assert_int_equal(s->activity, ACT_RUNNING);
	assert_int_equal(s->seg[SEG_CS].selector, 0x9a00);
	assert_int_equal(s->seg[SEG_CS].base, 0x9a000);
	assert_int_equal(s->rip, 0);
	/* A second one is ignored. */
	x86_sipi(f->c, 0x12);
	assert_int_equal(s->seg[SEG_CS].selector, 0x9a00);
}

/* Each spoils one thing that a sound state has. */
#define SPOIL(name, code) \
static void name(struct cpu_state *s) { code; }
SPOIL(bad_rflags, s->rflags |= BIT(22))
SPOIL(bad_fixed, s->rflags &= ~UINT64_C(2))
SPOIL(bad_vm, s->rflags |= FLAG_VM)
SPOIL(bad_cr0, s->cr0 &= ~CR0_PE)
SPOIL(bad_cr4, s->cr4 |= CR4_LA57)
SPOIL(bad_cr3, s->cr3 |= BIT(60))
SPOIL(bad_cr8, s->cr8 = 16)
SPOIL(bad_lma, s->efer &= ~EFER_LMA)
SPOIL(bad_pae, s->cr4 &= ~CR4_PAE)
SPOIL(bad_rip, s->rip = BIT(47))
SPOIL(bad_cpl, s->cpl = 3)
SPOIL(bad_cs, s->seg[SEG_CS].attr |= SEG_DB)
SPOIL(bad_gs, s->seg[SEG_GS].base = BIT(50))
SPOIL(bad_gdt, s->gdtr.base = BIT(50))
SPOIL(bad_lstar, s->lstar = BIT(50))
SPOIL(bad_pat, s->pat = 2)
SPOIL(bad_mtrr, s->mtrr_fixed[3] = 7)
SPOIL(bad_activity, s->activity = 9)
SPOIL(bad_xcr0, s->xcr0 = 4)
SPOIL(bad_xss, s->xss = 1)
SPOIL(bad_mxcsr, s->xsave[27] = 1)
SPOIL(bad_bv, s->xsave[513] = 2)
SPOIL(bad_header, s->xsave[530] = 1)
SPOIL(bad_dr7, s->dr[7] |= BIT(40))

static void
states_that_are_refused(void **state)
{
	static void (*const spoils[])(struct cpu_state *) = {
		bad_rflags, bad_fixed, bad_vm, bad_cr0, bad_cr4, bad_cr3,
		bad_cr8, bad_lma, bad_pae, bad_rip, bad_cpl, bad_cs, bad_gs,
		bad_gdt, bad_lstar, bad_pat, bad_mtrr, bad_activity, bad_xcr0,
		bad_xss, bad_mxcsr, bad_bv, bad_header, bad_dr7,
	};
	struct fx *f = *state;
	struct err e;

	for (unsigned i = 0; i < ARRAY_LEN(spoils); i++) {
		fx_long(f);
		assert_int_equal(x86_state_check(&f->c->s, &e), 0);
		spoils[i](&f->c->s);
		if (x86_state_check(&f->c->s, &e) != -EINVAL)
			fail_msg("spoil %u passes", i);
		assert_true(e.msg[0] && e.hint[0]);
	}
	fx_v86(f);
	assert_int_equal(x86_state_check(&f->c->s, &e), 0);
	/* As a kernel in full swing has them. */
	fx_long(f);
	f->c->s.cr4 = 0x370ef8;
	f->c->s.cr0 = 0x80050033;
	f->c->s.efer = 0xd01;
	assert_int_equal(x86_state_check(&f->c->s, &e), 0);
}

/* --- the FPU --- */

static uint32_t
host_mxcsr(void)
{
	uint32_t v;

	__asm__ volatile("stmxcsr %0" : "=m"(v));
	return v;
}

static void
the_fpu_moves_out_and_in(void **state)
{
	struct fx *f = *state;
	uint32_t guest = 0x9f80;	/* flush to zero */
	uint64_t x = UINT64_C(0x123456789abcdef0);
	uint64_t y = 0;
	uint32_t live;
	uint16_t cw;

	fx_long(f);
	memcpy(f->c->s.xsave + 24, &guest, 4);
	memcpy(f->c->s.xsave + 160, &x, 8);
	f->c->s.xsave[512] = 2;		/* SSE holds something */
	x86_fpu_load(f->c);
	live = host_mxcsr();
	__asm__ volatile("movq %%xmm0, %0\n\tpaddq %%xmm0, %%xmm0"
	    : "=r"(y) : : "xmm0");
	assert_true(x86_fpu_out(f->c));
	assert_int_equal(live, guest);
	assert_int_equal(y, x);
	/* Between the two C code has its own modes. */
	assert_int_equal(host_mxcsr(), 0x1f80);
	__asm__ volatile("fnstcw %0" : "=m"(cw));
	assert_int_equal(cw, 0x37f);
	memcpy(&y, f->c->s.xsave + 160, 8);
	assert_int_equal(y, 2 * x);
	assert_false(x86_fpu_out(f->c));
	x86_fpu_in(f->c, true);
	__asm__ volatile("movq %%xmm0, %0" : "=r"(y));
	x86_fpu_save(f->c);
	assert_int_equal(y, 2 * x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(writes_to_control_registers),
		FX_TEST(long_mode_is_entered_and_left_by_pg),
		FX_TEST(pae_loads_its_four_entries),
		FX_TEST(pcid_rules),
		FX_TEST(cr8_is_the_task_priority),
		FX_TEST(lmsw_sets_pe_and_never_clears_it),
		FX_TEST(debug_registers),
		FX_TEST(xsetbv_takes_sound_combinations),
		FX_TEST(msr_writes),
		FX_TEST(msrs_that_linux_reads_are_there),
		FX_TEST(tsc_and_its_adjustment),
		FX_TEST(kvmclock_agrees_with_the_clock),
		FX_TEST(kvmclock_is_one_for_all_vcpus),
		FX_TEST(kvm_wall_clock),
		FX_TEST(reset_is_table_9_1),
		FX_TEST(init_waits_for_sipi),
		FX_TEST(states_that_are_refused),
		FX_TEST(the_fpu_moves_out_and_in),
	};

	return cmocka_run_group_tests_name("x86 system", tests, NULL, NULL);
}
