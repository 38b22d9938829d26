/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter where the host cannot be asked: faults in the middle, page
 * crossings, self-modifying code, traps, 16- and 32-bit code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "modes/interp/handlers.h"
#include "modes/interp/thunk.h"
#include "modes/x86/x86.h"
#include "tests/unit/interp_guest.h"
#include "tests/unit/interp_host.h"

static struct guest guest;

/* In the guest's 16- and 32-bit states paging is off. */
#define FLAT_CODE 0x20000
#define FLAT_DATA 0x30000

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

static uint64_t *
gpr(enum gpr n)
{
	return &guest.c->s.gpr[n];
}

/* Run code at CODE_AT in 64-bit mode; the vector, or -1. */
static int
run64(const void *code, unsigned len, unsigned max)
{
	uint64_t rip;

	memcpy(guest.area + (CODE_AT - AREA_BASE), code, len);
	guest.c->s.rip = CODE_AT;
	return guest_run(&guest, CODE_AT + len, max, &rip);
}

#define RUN64(...) \
	run64((const uint8_t []){ __VA_ARGS__ }, \
	    sizeof((const uint8_t []){ __VA_ARGS__ }), 100)

static void
start64(void)
{
	guest_reset_64(&guest);
	*gpr(RSP) = STACK_AT + 0x800;
}

static uint8_t *
data(uint64_t va)
{
	return guest.area + (va - AREA_BASE);
}

/* The page at HOLE_AT, whose neighbours are not present. */
static uint8_t *
hole(void)
{
	return guest.low + 0x600000;
}

static uint64_t
peek64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static void
divide_by_zero_changes_nothing(void **state)
{
	start64();
	*gpr(RAX) = 7;
	*gpr(RDX) = 1;
	assert_int_equal(RUN64(0x48, 0xf7, 0xf1), VEC_DE);	/* div rcx */
	assert_int_equal(*gpr(RAX), 7);
	assert_int_equal(*gpr(RDX), 1);
}

static void
store_across_a_page_into_a_hole_moves_no_byte(void **state)
{
	start64();
	memset(hole(), 0x11, 4096);
	*gpr(RBX) = HOLE_AT + 4096 - 4;
	*gpr(RAX) = UINT64_MAX;
	assert_int_equal(RUN64(0x48, 0x89, 0x03), VEC_PF);
	assert_int_equal(hole()[4092], 0x11);
	assert_int_equal(guest.c->s.cr2, HOLE_AT + 4096);
}

static void
rep_movsb_stops_exactly_at_the_fault(void **state)
{
	start64();
	memset(data(DATA_AT), 0x5a, 100);
	memset(hole(), 0, 4096);
	*gpr(RSI) = DATA_AT;
	*gpr(RDI) = HOLE_AT + 4096 - 60;
	*gpr(RCX) = 100;
	assert_int_equal(RUN64(0xf3, 0xa4), VEC_PF);
	assert_int_equal(*gpr(RCX), 40);
	assert_int_equal(*gpr(RSI), DATA_AT + 60);
	assert_int_equal(*gpr(RDI), HOLE_AT + 4096);
	assert_int_equal(hole()[4095], 0x5a);
}

static void
rep_movsb_repeats_a_pattern_when_it_overlaps(void **state)
{
	start64();
	memcpy(data(DATA_AT), "abc", 3);
	*gpr(RSI) = DATA_AT;
	*gpr(RDI) = DATA_AT + 3;
	*gpr(RCX) = 9;
	assert_int_equal(RUN64(0xf3, 0xa4), -1);
	assert_memory_equal(data(DATA_AT), "abcabcabcabc", 12);
}

static void
code_that_changes_itself_runs_changed(void **state)
{
	static const uint8_t code[] = {
		0xc6, 0x05, 0x01, 0x00, 0x00, 0x00, 0x07, /* mov [rip+1],7 */
		0xb0, 0x01,				  /* mov al, 1 */
	};

	start64();
	assert_int_equal(run64(code, sizeof(code), 2), -1);
	assert_int_equal(*gpr(RAX) & 0xff, 7);
}

static void
single_step_traps_after_the_instruction(void **state)
{
	start64();
	guest.c->s.rflags |= FLAG_TF;
	assert_int_equal(RUN64(0x90, 0x90), VEC_DB);
	assert_true(guest.c->s.dr[6] & BIT(14));
	assert_int_equal(peek64(guest.low + *gpr(RSP)), CODE_AT + 1);
}

static void
data_breakpoint_traps_after_the_store(void **state)
{
	start64();
	guest.c->s.dr[1] = DATA_AT + 8;
	guest.c->s.dr[7] = 0x400 | 1 << 2 | 1 << 20 | 3 << 22;
	*gpr(RBX) = DATA_AT;
	/* mov [rbx], al; mov [rbx+11], al; nop */
	assert_int_equal(RUN64(0x88, 0x03, 0x88, 0x43, 0x0b, 0x90), VEC_DB);
	assert_int_equal(guest.c->s.dr[6] & 15, 2);
	assert_int_equal(peek64(guest.low + *gpr(RSP)), CODE_AT + 5);
}

static void
instruction_breakpoint_faults_before_it(void **state)
{
	start64();
	guest.c->s.dr[0] = CODE_AT + 1;
	guest.c->s.dr[7] = 0x400 | 1;
	assert_int_equal(RUN64(0x90, 0xfe, 0xc0), VEC_DB);
	assert_int_equal(peek64(guest.low + *gpr(RSP)), CODE_AT + 1);
	assert_int_equal(*gpr(RAX), 0);
}

static void
locked_add_works_across_pages_too(void **state)
{
	start64();
	*gpr(RBX) = DATA_AT + 0x1000 - 4;
	memset(data(DATA_AT + 0x1000 - 4), 0, 8);
	*gpr(RAX) = UINT64_C(0x100000001);
	/* lock add [rbx], rax */
	assert_int_equal(RUN64(0xf0, 0x48, 0x01, 0x03), -1);
	assert_int_equal(peek64(data(DATA_AT + 0x1000 - 4)),
	    UINT64_C(0x100000001));
}

static void
unaligned_movaps_is_general_protection(void **state)
{
	start64();
	*gpr(RBX) = DATA_AT + 8;
	assert_int_equal(RUN64(0x0f, 0x28, 0x03), VEC_GP);
}

static void
vectors_reach_over_pages_and_mmio(void **state)
{
	static const uint8_t pattern[16] = "0123456789abcdef";

	start64();
	memcpy(data(DATA_AT + 0x1000 - 8), pattern, 16);
	*gpr(RBX) = DATA_AT + 0x1000 - 8;
	*gpr(RCX) = DATA_AT + 0x2000 - 3;
	/* movups xmm1, [rbx]; movups [rcx], xmm1 */
	assert_int_equal(RUN64(0x0f, 0x10, 0x0b, 0x0f, 0x11, 0x09), -1);
	assert_memory_equal(data(DATA_AT + 0x2000 - 3), pattern, 16);
	/* movq xmm1, [MMIO]; movq rax, xmm1 */
	*gpr(RBX) = MMIO_AT;
	assert_int_equal(RUN64(0xf3, 0x0f, 0x7e, 0x0b, 0x66, 0x48, 0x0f,
	    0x7e, 0xc8), -1);
	assert_int_equal(*gpr(RAX), UINT64_C(0x1122334455667788));
}

static void
unmasked_simd_exception_reaches_the_guest(void **state)
{
	uint32_t mxcsr = 0x1f80 & ~0x200u;

	start64();
	memcpy(data(DATA_AT), &mxcsr, 4);
	*gpr(RBX) = DATA_AT;
	/* ldmxcsr [rbx]; xorps 1,1; movd xmm2, ecx; divss xmm2, xmm1 */
	*gpr(RCX) = 0x3f800000;
	assert_int_equal(RUN64(0x0f, 0xae, 0x13, 0x0f, 0x57, 0xc9, 0x66,
	    0x0f, 0x6e, 0xd1, 0xf3, 0x0f, 0x5e, 0xd1), VEC_XM);
	guest.c->s.cr4 &= ~CR4_OSXMMEXCPT;
	x86_sync(guest.c);
	assert_int_equal(RUN64(0xf3, 0x0f, 0x5e, 0xd1), VEC_UD);
}

static void
x87_exception_waits_for_the_next_instruction(void **state)
{
	uint16_t fcw = 0x37f & ~4;

	start64();
	memcpy(data(DATA_AT), &fcw, 2);
	*gpr(RBX) = DATA_AT;
	/* fldcw [rbx]; fld1; fldz; fdivp: no fault yet */
	assert_int_equal(RUN64(0xd9, 0x2b, 0xd9, 0xe8, 0xd9, 0xee, 0xde,
	    0xf9), -1);
	assert_int_equal(RUN64(0x9b), VEC_MF);
	/* fnclex and it is gone */
	assert_int_equal(RUN64(0xdb, 0xe2, 0x9b), -1);
}

static void
task_switched_flag_is_no_device(void **state)
{
	start64();
	guest.c->s.cr0 |= CR0_TS;
	x86_sync(guest.c);
	assert_int_equal(RUN64(0x0f, 0x57, 0xc0), VEC_NM);
	assert_int_equal(RUN64(0xd9, 0xe8), VEC_NM);
}

static void
masked_out_elements_do_not_fault(void **state)
{
	if (!cpuid_has(&guest.cpuid, FEAT_AVX))
		skip();
	start64();
	for (unsigned n = 0; n < 8; n++)
		memset(data(DATA_AT) + n * 4, n < 4 ? 0xff : 0, 4);
	memset(hole(), 0x77, 4096);
	*gpr(RBX) = DATA_AT;
	*gpr(RCX) = HOLE_AT + 4096 - 16;
	/* vmovdqu ymm1, [rbx]; vmaskmovps ymm2, ymm1, [rcx] */
	assert_int_equal(RUN64(0xc5, 0xfe, 0x6f, 0x0b, 0xc4, 0xe2, 0x75,
	    0x2c, 0x11), -1);
	/* vmovd eax, xmm2; and the store */
	assert_int_equal(RUN64(0xc5, 0xf9, 0x7e, 0xd0), -1);
	assert_int_equal(*gpr(RAX), 0x77777777);
	assert_int_equal(RUN64(0xc4, 0xe2, 0x75, 0x2e, 0x09), -1);
	assert_int_equal(hole()[4095], 0xff);
	/* One element further and it faults. */
	*gpr(RCX) += 4;
	assert_int_equal(RUN64(0xc4, 0xe2, 0x75, 0x2c, 0x11), VEC_PF);
	assert_int_equal(guest.c->s.cr2, HOLE_AT + 4096);
}

static void
gather_keeps_what_it_had_before_the_fault(void **state)
{
	static const uint32_t index[8] = { 0, 1, 2, 1024, 3, 4, 5, 6 };
	uint32_t *d = (uint32_t *)data(DATA_AT);

	if (!cpuid_has(&guest.cpuid, FEAT_AVX2))
		skip();
	start64();
	memcpy(d, index, sizeof(index));
	memset(d + 8, 0xff, 32);
	memset(d + 16, 0x33, 32);
	for (unsigned n = 0; n < 8; n++)
		memset(hole() + n * 4, 0x10 + n, 4);
	*gpr(RBX) = DATA_AT;
	*gpr(RCX) = HOLE_AT;
	/* vmovdqu ymm1,[rbx]; ymm2,[rbx+32]; ymm3,[rbx+64] */
	assert_int_equal(RUN64(0xc5, 0xfe, 0x6f, 0x0b, 0xc5, 0xfe, 0x6f,
	    0x53, 0x20, 0xc5, 0xfe, 0x6f, 0x5b, 0x40), -1);
	/* vpgatherdd ymm3, [rcx+ymm1*4], ymm2 */
	assert_int_equal(RUN64(0xc4, 0xe2, 0x6d, 0x90, 0x1c, 0x89), VEC_PF);
	assert_int_equal(guest.c->s.cr2, HOLE_AT + 4096);
	/* vmovdqu [rbx], ymm3; vmovdqu [rbx+32], ymm2 */
	assert_int_equal(RUN64(0xc5, 0xfe, 0x7f, 0x1b, 0xc5, 0xfe, 0x7f,
	    0x53, 0x20), -1);
	assert_int_equal(d[2], 0x12121212);
	assert_int_equal(d[3], 0x33333333);
	assert_int_equal(d[8 + 2], 0);
	assert_int_equal(d[8 + 3], 0xffffffff);
}

static void
xsave_brings_back_what_it_stored(void **state)
{
	uint8_t *area = data(DATA_AT);

	start64();
	memset(area, 0, 4096);
	*gpr(RBX) = DATA_AT;
	*gpr(RCX) = 0x12345678;
	*gpr(RAX) = *gpr(RDX) = UINT32_MAX;
	/* movd xmm5, ecx; xsave [rbx]; pxor xmm5, xmm5; xrstor [rbx] */
	assert_int_equal(RUN64(0x66, 0x0f, 0x6e, 0xe9, 0x0f, 0xae, 0x23,
	    0x66, 0x0f, 0xef, 0xed, 0x0f, 0xae, 0x2b, 0x66, 0x0f, 0x7e,
	    0xe9), -1);
	assert_int_equal(*gpr(RCX), 0x12345678);
	assert_int_equal(peek64(area + 512) & ~guest.c->s.xcr0, 0);
	/* A component the guest does not have is #GP. */
	area[512 + 2] = 2;
	assert_int_equal(RUN64(0x0f, 0xae, 0x2b), VEC_GP);
}

static void
fxsave_hides_host_pointers(void **state)
{
	uint8_t *area = data(DATA_AT);

	start64();
	memset(area, 0xee, 512);
	*gpr(RBX) = DATA_AT;
	/* fld1; fxsave64 [rbx] */
	assert_int_equal(RUN64(0xd9, 0xe8, 0x48, 0x0f, 0xae, 0x03), -1);
	assert_int_equal(peek64(area + 8), 0);
	assert_int_equal(peek64(area + 16), 0);
	assert_int_equal(area[511], 0xee);
}

/* --- 32- and 16-bit code --- */

static void
run_flat(const uint8_t *code, unsigned len, unsigned max)
{
	memcpy(guest.low + FLAT_CODE, code, len);
	guest.c->s.rip = FLAT_CODE;
	for (unsigned n = 0; n < max && guest.c->s.rip != FLAT_CODE + len; n++)
		assert_int_equal(engine_interp.step(guest.c, 1), 1);
	assert_int_equal(guest.c->s.rip, FLAT_CODE + len);
}

#define RUN_FLAT(...) \
	run_flat((const uint8_t []){ __VA_ARGS__ }, \
	    sizeof((const uint8_t []){ __VA_ARGS__ }), 100)

static void
decimal_adjustments_follow_the_manual(void **state)
{
	guest_reset_32(&guest);
	*gpr(RAX) = 0x79;
	*gpr(RBX) = 0x35;
	RUN_FLAT(0x00, 0xd8, 0x27);		/* add al, bl; daa */
	assert_int_equal(*gpr(RAX), 0x14);
	assert_true(guest.c->s.rflags & FLAG_CF);
	RUN_FLAT(0x28, 0xd8, 0x2f);		/* sub al, bl; das */
	assert_int_equal(*gpr(RAX), 0x79);
	*gpr(RAX) = 0x0f;
	guest.c->s.rflags &= ~(uint64_t)FLAGS_ARITH;
	RUN_FLAT(0x37);				/* aaa */
	assert_int_equal(*gpr(RAX), 0x105);
	*gpr(RAX) = 63;
	RUN_FLAT(0xd4, 0x0a);			/* aam */
	assert_int_equal(*gpr(RAX), 0x603);
	RUN_FLAT(0xd5, 0x0a);			/* aad */
	assert_int_equal(*gpr(RAX), 63);
}

static void
vex_in_32_bit_code_ignores_the_wide_bit(void **state)
{
	if (!cpuid_has(&guest.cpuid, FEAT_BMI1))
		skip();
	guest_reset_32(&guest);
	*gpr(RCX) = 0x0f0f0f0f;
	*gpr(RDX) = 0xffff0000;
	/* andn eax, ecx, edx with W set */
	RUN_FLAT(0xc4, 0xe2, 0xf0, 0xf2, 0xc2);
	assert_int_equal(*gpr(RAX), 0xf0f00000);
	/* popcnt eax, edx; popcnt ax, dx */
	RUN_FLAT(0xf3, 0x0f, 0xb8, 0xc2);
	assert_int_equal(*gpr(RAX), 16);
	*gpr(RDX) = 0x10001;
	RUN_FLAT(0x66, 0xf3, 0x0f, 0xb8, 0xc2);
	assert_int_equal(*gpr(RAX), 1);
}

static void
pusha_and_popa_come_out_even(void **state)
{
	guest_reset_32(&guest);
	for (unsigned n = RAX; n <= RDI; n++)
		*gpr(n) = 0x1000 + n;
	*gpr(RSP) = FLAT_DATA;
	RUN_FLAT(0x60, 0x31, 0xc0, 0x31, 0xff, 0x61);
	assert_int_equal(*gpr(RAX), 0x1000);
	assert_int_equal(*gpr(RDI), 0x1007);
	assert_int_equal(*gpr(RSP), FLAT_DATA);
}

static void
real_mode_addresses_wrap_and_segments_shift(void **state)
{
	static const uint8_t code[] = {
		0xb8, 0x00, 0x20,	/* mov ax, 2000 */
		0x8e, 0xd8,		/* mov ds, ax */
		0xbb, 0xff, 0xff,	/* mov bx, ffff */
		0x8a, 0x47, 0x02,	/* mov al, [bx+2] */
		0x66, 0x0f, 0xb7, 0xc8,	/* movzx ecx, ax */
	};
	uint64_t end = 0x1000 + sizeof(code);

	guest_reset_16(&guest);
	memcpy(guest.low + 0x1000, code, sizeof(code));
	guest.low[0x20001] = 0x42;
	guest.c->s.rip = 0x1000;
	while (guest.c->s.rip != end)
		assert_int_equal(engine_interp.step(guest.c, 1), 1);
	assert_int_equal(guest.c->s.seg[SEG_DS].base, 0x20000);
	assert_int_equal(*gpr(RCX), 0x2042);
}

static void
vex_is_undefined_in_real_mode(void **state)
{
	static const uint8_t code[] = { 0xc5, 0xf8, 0x77 };

	guest_reset_16(&guest);
	memcpy(guest.low + 0x1000, code, sizeof(code));
	/* #UD through the vector table, to 0:0500. */
	memcpy(guest.low + 6 * 4, "\x00\x05\x00\x00", 4);
	*gpr(RSP) = 0x4000;
	guest.c->s.idtr = (struct table_reg){ .limit = 0x3ff };
	guest.c->s.rip = 0x1000;
	assert_int_equal(engine_interp.step(guest.c, 1), 1);
	assert_int_equal(guest.c->s.rip, 0x500);
}

static void
kick_ends_an_endless_loop(void **state)
{
	static const uint8_t code[] = { 0xeb, 0xfe };
	struct vcpu_exit x;

	start64();
	memcpy(guest.area + (CODE_AT - AREA_BASE), code, sizeof(code));
	guest.c->s.rip = CODE_AT;
	engine_interp.kick(guest.c);
	engine_interp.run(guest.c, &x);
	assert_int_equal(x.reason, EXIT_KICKED);
	assert_int_equal(guest.c->s.rip, CODE_AT);
}

static void
halt_comes_back_as_such(void **state)
{
	struct vcpu_exit x;

	start64();
	guest.area[CODE_AT - AREA_BASE] = 0xf4;
	guest.c->s.rip = CODE_AT;
	engine_interp.run(guest.c, &x);
	assert_int_equal(x.reason, EXIT_HALT);
	assert_int_equal(guest.c->s.rip, CODE_AT + 1);
	assert_int_equal(guest.c->s.activity, ACT_HALTED);
}

static void
every_offered_instruction_has_a_handler(void **state)
{
	for (unsigned n = 0; n < insn_tab_len; n++) {
		const struct insn_desc *d = &insn_tab[n];
		struct insn i = { .desc = d };

		if (!cpuid_has(&guest.cpuid, d->feature) ||
		    !cpuid_has(&guest.cpuid, d->feature2) ||
		    d->id == I_UD0 || d->id == I_UD1 || d->id == I_UD2)
			continue;
		if (!interp_handler(&i) && native_handler(&i) == h_ud)
			fail_msg("nothing executes %s", d->name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(divide_by_zero_changes_nothing),
		cmocka_unit_test(
		    store_across_a_page_into_a_hole_moves_no_byte),
		cmocka_unit_test(rep_movsb_stops_exactly_at_the_fault),
		cmocka_unit_test(rep_movsb_repeats_a_pattern_when_it_overlaps),
		cmocka_unit_test(code_that_changes_itself_runs_changed),
		cmocka_unit_test(single_step_traps_after_the_instruction),
		cmocka_unit_test(data_breakpoint_traps_after_the_store),
		cmocka_unit_test(instruction_breakpoint_faults_before_it),
		cmocka_unit_test(locked_add_works_across_pages_too),
		cmocka_unit_test(unaligned_movaps_is_general_protection),
		cmocka_unit_test(vectors_reach_over_pages_and_mmio),
		cmocka_unit_test(unmasked_simd_exception_reaches_the_guest),
		cmocka_unit_test(x87_exception_waits_for_the_next_instruction),
		cmocka_unit_test(task_switched_flag_is_no_device),
		cmocka_unit_test(masked_out_elements_do_not_fault),
		cmocka_unit_test(gather_keeps_what_it_had_before_the_fault),
		cmocka_unit_test(xsave_brings_back_what_it_stored),
		cmocka_unit_test(fxsave_hides_host_pointers),
		cmocka_unit_test(decimal_adjustments_follow_the_manual),
		cmocka_unit_test(vex_in_32_bit_code_ignores_the_wide_bit),
		cmocka_unit_test(pusha_and_popa_come_out_even),
		cmocka_unit_test(real_mode_addresses_wrap_and_segments_shift),
		cmocka_unit_test(vex_is_undefined_in_real_mode),
		cmocka_unit_test(kick_ends_an_endless_loop),
		cmocka_unit_test(halt_comes_back_as_such),
		cmocka_unit_test(every_offered_instruction_has_a_handler),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
