/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segment loads and everything that changes CS: the error code of each failing
 * check, and the state after each success.  SDM 2 under MOV, JMP, CALL, RET,
 * IRET, SYSCALL and SYSENTER; SDM 3 chapters 5 and 7.
 */
#include "tests/unit/x86_fixture.h"

#define OK 0xff

/* --- data segments --- */

struct load_row {
	enum seg_name seg;
	bool user;
	uint16_t sel;
	uint8_t vector;		/* OK: loads */
	uint16_t error;
};

static const struct load_row loads[] = {
	{ SEG_DS, false, SEL_DATA0, OK, 0 },
	{ SEG_DS, false, SEL_DATA3, OK, 0 },
	{ SEG_DS, false, SEL_CODE0, OK, 0 },		/* readable code */
	{ SEG_DS, true, SEL_RODATA3, OK, 0 },
	{ SEG_DS, true, SEL_CONF0, OK, 0 },		/* conforming */
	{ SEG_DS, true, 0, OK, 0 },
	{ SEG_FS, true, 3, OK, 0 },			/* null, any RPL */
	{ SEG_DS, true, SEL_DATA0, VEC_GP, SEL_DATA0 },	/* CPL > DPL */
	{ SEG_DS, false, SEL_DATA0 | 3, VEC_GP, SEL_DATA0 },	/* RPL > DPL */
	{ SEG_DS, true, SEL_EXECONLY3, VEC_GP, SEL_EXECONLY3 & ~3 },
	{ SEG_DS, false, SEL_TSS, VEC_GP, SEL_TSS },
	{ SEG_DS, false, SEL_DATA0_NP, VEC_NP, SEL_DATA0_NP },
	{ SEG_DS, false, 0x100, VEC_GP, 0x100 },	/* beyond the limit */
	{ SEG_DS, false, 0x0c, VEC_GP, 0x0c },		/* no LDT */
	{ SEG_SS, false, SEL_DATA0, OK, 0 },
	{ SEG_SS, true, SEL_DATA3, OK, 0 },
	{ SEG_SS, false, 0, VEC_GP, 0 },
	{ SEG_SS, false, SEL_DATA3, VEC_GP, SEL_DATA3 & ~3 },
	{ SEG_SS, false, SEL_DATA0 | 1, VEC_GP, SEL_DATA0 },
	{ SEG_SS, false, SEL_CODE0, VEC_GP, SEL_CODE0 },
	{ SEG_SS, true, SEL_RODATA3, VEC_GP, SEL_RODATA3 & ~3 },
	{ SEG_SS, false, SEL_DATA0_NP, VEC_SS, SEL_DATA0_NP },
};

static void
expect(struct fx *f, int rc, uint8_t vector, uint32_t error, unsigned row)
{
	if (vector == OK) {
		if (rc)
			fail_msg("row %u: vector %u error %#x", row,
			    f->c->exc.vector, f->c->exc.error);
		return;
	}
	if (rc != -1 || f->c->exc.vector != vector ||
	    (f->c->exc.has_error && f->c->exc.error != error))
		fail_msg("row %u: rc %d vector %u error %#x", row, rc,
		    f->c->exc.vector, f->c->exc.error);
}

static void
loading_data_segments(void **state)
{
	struct fx *f = *state;

	for (unsigned i = 0; i < ARRAY_LEN(loads); i++) {
		const struct load_row *r = &loads[i];
		struct seg_reg before;

		fx_prot(f);
		if (r->user)
			fx_ring3(f);
		before = f->c->s.seg[r->seg];
		expect(f, x86_load_seg(f->c, r->seg, r->sel), r->vector,
		    r->error, i);
		if (r->vector != OK) {
			assert_memory_equal(&before, &f->c->s.seg[r->seg],
			    sizeof(before));
			continue;
		}
		assert_int_equal(f->c->s.seg[r->seg].selector, r->sel);
		if (r->sel > 3)
			assert_true(fx_get(f, FX_GDT + (r->sel & ~7u) + 5, 1) &
			    1);
		else
			assert_true(f->c->s.seg[r->seg].attr & SEG_UNUSABLE);
	}
}

static void
hidden_parts_are_as_the_descriptor_says(void **state)
{
	struct fx *f = *state;
	const struct seg_reg *s = &f->c->s.seg[SEG_ES];

	fx_prot(f);
	fx_gdt(f, SEL_FREE, fx_desc(0x12345678, 0xabcde, 0x93 | SEG_DB));
	assert_int_equal(x86_load_seg(f->c, SEG_ES, SEL_FREE), 0);
	assert_int_equal(s->base, 0x12345678);
	assert_int_equal(s->limit, 0xabcde);
	fx_gdt(f, SEL_FREE, fx_desc(0, 0xabcde, 0x93 | SEG_G));
	assert_int_equal(x86_load_seg(f->c, SEG_ES, SEL_FREE), 0);
	assert_int_equal(s->limit, 0xabcdefff);
	/* Real mode: base only, the limit stays ("big real mode"). */
	f->c->s.cr0 &= ~CR0_PE;
	assert_int_equal(x86_load_seg(f->c, SEG_ES, 0x1234), 0);
	assert_int_equal(s->base, 0x12340);
	assert_int_equal(s->limit, 0xabcdefff);
	/* The LDT. */
	fx_prot(f);
	fx_put(f, FX_LDT + 8, fx_desc(0x777000, 0xfff, 0x93), 8);
	assert_int_equal(x86_lldt(f->c, SEL_LDT), 0);
	assert_int_equal(x86_load_seg(f->c, SEG_ES, 0x0c), 0);
	assert_int_equal(s->base, 0x777000);
	assert_int_equal(x86_load_seg(f->c, SEG_ES, 0x1c), -1);
	assert_int_equal(f->c->exc.error, 0x1c);
}

static void
null_ss_is_for_inner_64_bit_code(void **state)
{
	struct fx *f = *state;

	fx_long(f);
	assert_int_equal(x86_load_seg(f->c, SEG_SS, 0), 0);
	assert_int_equal(x86_load_seg(f->c, SEG_SS, 1), -1);
	fx_ring3(f);
	assert_int_equal(x86_load_seg(f->c, SEG_SS, 3), -1);
	assert_int_equal(f->c->exc.vector, VEC_GP);
}

static void
lldt_and_ltr(void **state)
{
	struct fx *f = *state;

	fx_prot(f);
	expect(f, x86_lldt(f->c, SEL_TSS2), VEC_GP, SEL_TSS2, 0);
	expect(f, x86_lldt(f->c, SEL_LDT | 4), VEC_GP, SEL_LDT | 4, 1);
	expect(f, x86_ltr(f->c, 0), VEC_GP, 0, 2);
	expect(f, x86_ltr(f->c, SEL_TSS), VEC_GP, SEL_TSS, 3);	/* busy */
	expect(f, x86_ltr(f->c, SEL_TSS2), OK, 0, 4);
	assert_int_equal(fx_get(f, FX_GDT + SEL_TSS2 + 5, 1), 0x8b);
	assert_int_equal(f->c->s.seg[SEG_TR].attr & SEG_TYPE, 11);
	assert_int_equal(x86_lldt(f->c, 0), 0);
	assert_true(f->c->s.seg[SEG_LDTR].attr & SEG_UNUSABLE);
	/* 16 bytes in long mode: base bits 63:32, type of the top half 0. */
	fx_long(f);
	fx_put(f, FX_GDT + SEL_TSS2 + 8, 0xffff8000, 8);
	assert_int_equal(x86_ltr(f->c, SEL_TSS2), 0);
	assert_int_equal(f->c->s.seg[SEG_TR].base, UINT64_C(0xffff800000005000));
	fx_long(f);
	fx_put(f, FX_GDT + SEL_TSS2 + 8, UINT64_C(0x100000000000), 8);
	expect(f, x86_ltr(f->c, SEL_TSS2), VEC_GP, SEL_TSS2, 5);
	fx_ring3(f);
	expect(f, x86_lldt(f->c, 0), VEC_GP, 0, 6);
}

static void
looking_at_descriptors(void **state)
{
	struct fx *f = *state;
	uint32_t v = 0;
	bool ok;

	fx_prot(f);
	assert_int_equal(x86_lar(f->c, SEL_CODE0, &v, &ok), 0);
	assert_true(ok);
	assert_int_equal(v, 0x00cf9a00 & 0x00ffff00);
	assert_int_equal(x86_lsl(f->c, SEL_CODE0, &v, &ok), 0);
	assert_int_equal(v, 0xffffffff);
	assert_int_equal(x86_lsl(f->c, SEL_GATE, &v, &ok), 0);
	assert_false(ok);
	assert_int_equal(x86_lar(f->c, 0x1000, &v, &ok), 0);
	assert_false(ok);
	assert_false(f->c->exc.raised);
	fx_ring3(f);
	assert_int_equal(x86_lar(f->c, SEL_CODE0, &v, &ok), 0);
	assert_false(ok);
	assert_int_equal(x86_verr(f->c, SEL_CONF0, false, &ok), 0);
	assert_true(ok);
	assert_int_equal(x86_verr(f->c, SEL_RODATA3, true, &ok), 0);
	assert_false(ok);
	assert_int_equal(x86_verr(f->c, SEL_DATA3, true, &ok), 0);
	assert_true(ok);
	assert_int_equal(x86_verr(f->c, SEL_EXECONLY3, false, &ok), 0);
	assert_false(ok);
	/* A call gate of a 16-bit kind is nothing in long mode. */
	fx_long(f);
	fx_gdt(f, SEL_GATE, fx_gate(SEL_CODE0, 0, GATE_CALL16, 0));
	assert_int_equal(x86_lar(f->c, SEL_GATE, &v, &ok), 0);
	assert_false(ok);
}

/* --- far JMP and CALL --- */

struct far_row {
	bool long_mode, user;
	uint16_t sel;
	uint64_t off;
	uint8_t vector;
	uint16_t error;
};

static const struct far_row fars[] = {
	{ false, false, SEL_CODE0, 0x5000, OK, 0 },
	{ false, false, SEL_CONF0, 0x5000, OK, 0 },
	{ false, true, SEL_CONF0, 0x5000, OK, 0 },
	{ false, true, SEL_CODE3, 0x5000, OK, 0 },
	{ false, false, 0, 0, VEC_GP, 0 },
	{ false, false, 0x100, 0, VEC_GP, 0x100 },
	{ false, false, SEL_CODE3, 0, VEC_GP, SEL_CODE3 & ~3 },
	{ false, true, SEL_CODE0, 0, VEC_GP, SEL_CODE0 },
	{ false, false, SEL_CODE0 | 3, 0, VEC_GP, SEL_CODE0 },
	{ false, false, SEL_DATA0, 0, VEC_GP, SEL_DATA0 },
	{ false, false, SEL_CODE0_NP, 0, VEC_NP, SEL_CODE0_NP },
	{ false, false, SEL_CODE16, 0x10000, VEC_GP, 0 },	/* limit */
	{ false, false, SEL_LDT, 0, VEC_GP, SEL_LDT },
	{ true, false, SEL_CODE0, UINT64_C(0xffff800000000000), OK, 0 },
	{ true, false, SEL_CODE0, UINT64_C(0x800000000000), VEC_GP, 0 },
	{ true, false, SEL_CODE32, 0x1000, OK, 0 },
	{ true, false, SEL_TSS2, 0, VEC_GP, SEL_TSS2 },
};

static void
far_jumps_and_calls_to_code(void **state)
{
	struct fx *f = *state;

	for (unsigned i = 0; i < 2 * ARRAY_LEN(fars); i++) {
		const struct far_row *r = &fars[i / 2];
		unsigned size = r->long_mode ? 8 : 4;
		uint64_t sp;
		int rc;

		if (r->long_mode)
			fx_long(f);
		else
			fx_prot(f);
		if (r->user)
			fx_ring3(f);
		sp = f->c->s.gpr[RSP];
		if (i & 1)
			rc = x86_far_call(f->c, r->sel, r->off, size, 0x77);
		else
			rc = x86_far_jmp(f->c, r->sel, r->off, size, 0x77);
		expect(f, rc, r->vector, r->error, i / 2);
		if (r->vector != OK) {
			assert_int_equal(f->c->s.gpr[RSP], sp);
			continue;
		}
		assert_int_equal(f->c->s.rip, r->off);
		assert_int_equal(f->c->s.seg[SEG_CS].selector,
		    (r->sel & ~3) | f->c->s.cpl);
		if (!(i & 1))
			continue;
		assert_int_equal(f->c->s.gpr[RSP], sp - 2 * size);
		assert_int_equal(fx_get(f, sp - 2 * size, size), 0x77);
	}
}

static void
far_jump_in_real_mode(void **state)
{
	struct fx *f = *state;

	fx_real(f);
	assert_int_equal(x86_far_call(f->c, 0x1234, 0x15678, 2, 0x105), 0);
	assert_int_equal(f->c->s.seg[SEG_CS].base, 0x12340);
	assert_int_equal(f->c->s.rip, 0x5678);
	assert_int_equal(fx_get(f, FX_STACK0 - 4, 4),
	    (FX_CODE >> 4) << 16 | 0x105);
	expect(f, x86_far_jmp(f->c, 0x1234, 0x15678, 4, 0), VEC_GP, 0, 0);
	assert_int_equal(x86_far_ret(f->c, 2, 0), 0);
	assert_int_equal(f->c->s.rip, 0x105);
	assert_int_equal(f->c->s.seg[SEG_CS].base, FX_CODE);
}

static void
call_gate_to_ring0_copies_parameters(void **state)
{
	struct fx *f = *state;
	uint64_t sp = FX_STACK0 - 24;

	fx_prot(f);
	fx_ring3(f);
	fx_gdt(f, SEL_GATE, fx_gate(SEL_CODE0, 0x5000, GATE_CALL32 | 0x60, 2));
	fx_put(f, FX_STACK3, 0x22221111, 8);
	fx_put(f, FX_STACK3 + 4, 0x44443333, 4);
	assert_int_equal(x86_far_call(f->c, SEL_GATE | 3, 0xdead, 4, 0x77), 0);
	assert_int_equal(f->c->s.rip, 0x5000);
	assert_int_equal(f->c->s.cpl, 0);
	assert_int_equal(f->c->s.gpr[RSP], sp);
	assert_int_equal(fx_get(f, sp, 4), 0x77);
	assert_int_equal(fx_get(f, sp + 4, 4), SEL_CODE3);
	assert_int_equal(fx_get(f, sp + 8, 4), 0x22221111);
	assert_int_equal(fx_get(f, sp + 12, 4), 0x44443333);
	assert_int_equal(fx_get(f, sp + 16, 4), FX_STACK3);
	assert_int_equal(fx_get(f, sp + 20, 4), SEL_DATA3);
	/* And back, releasing them on both stacks; DS of ring 0 goes. */
	f->c->s.seg[SEG_DS].attr &= ~SEG_DPL;
	assert_int_equal(x86_far_ret(f->c, 4, 8), 0);
	assert_int_equal(f->c->s.cpl, 3);
	assert_int_equal(f->c->s.gpr[RSP], FX_STACK3 + 8);
	assert_int_equal(f->c->s.seg[SEG_SS].selector, SEL_DATA3);
	assert_true(f->c->s.seg[SEG_DS].attr & SEG_UNUSABLE);
	assert_false(f->c->s.seg[SEG_ES].attr & SEG_UNUSABLE);
}

/* The stack ends behind CS: AMD wants to see SS and ESP all the same. */
static void
return_to_ring0_from_short_stack(void **state)
{
	struct fx *f = *state;

	fx_prot(f);
	fx_ring3(f);
	f->c->s.gpr[RSP] = FX_STACK3 - 8;
	fx_put(f, FX_STACK3 - 8, 0x5000, 4);
	fx_put(f, FX_STACK3 - 4, SEL_CODE0, 4);
	f->c->s.seg[SEG_SS].limit = FX_STACK3 - 1;
	expect(f, x86_far_ret(f->c, 4, 0), VEC_GP, SEL_CODE0, 0);
	fx_amd(f, true);
	expect(f, x86_far_ret(f->c, 4, 0), VEC_SS, 0, 0);
	f->c->s.seg[SEG_SS].limit = FX_STACK3 + 7;
	expect(f, x86_far_ret(f->c, 4, 0), VEC_GP, SEL_CODE0, 0);
	assert_int_equal(f->c->s.gpr[RSP], FX_STACK3 - 8);
}

struct gate_row {
	uint8_t attr;
	uint16_t target;
	uint32_t off;
	uint8_t vector;
	uint16_t error;
};

static const struct gate_row gates[] = {
	{ GATE_CALL32, SEL_CODE0, 0, VEC_GP, SEL_GATE },	/* DPL 0 */
	{ 0x6c, SEL_CODE0, 0, VEC_NP, SEL_GATE },
	{ 0xec, 0, 0, VEC_GP, 0 },
	{ 0xec, 0x100, 0, VEC_GP, 0x100 },
	{ 0xec, SEL_DATA0, 0, VEC_GP, SEL_DATA0 },
	{ 0xec, SEL_CODE0_NP, 0, VEC_NP, SEL_CODE0_NP },
	{ 0xe4, SEL_CODE3, 0x12345, OK, 0x2345 },	/* 16-bit gate */
};

static void
call_gates_that_are_refused(void **state)
{
	struct fx *f = *state;

	for (unsigned i = 0; i < ARRAY_LEN(gates); i++) {
		const struct gate_row *r = &gates[i];

		fx_prot(f);
		fx_ring3(f);
		fx_gdt(f, SEL_GATE, fx_gate(r->target, r->off, r->attr, 0));
		expect(f, x86_far_call(f->c, SEL_GATE, 0, 4, 0x77), r->vector,
		    r->error, i);
		if (r->vector == OK)
			assert_int_equal(f->c->s.rip, r->error);
	}
	/* A jump through a gate changes no privilege. */
	fx_prot(f);
	fx_ring3(f);
	fx_gdt(f, SEL_GATE, fx_gate(SEL_CODE0, 0, 0xec, 0));
	expect(f, x86_far_jmp(f->c, SEL_GATE, 0, 4, 0), VEC_GP, SEL_CODE0, 90);
	/* The inner stack: #TS with the selector found there. */
	fx_put(f, FX_TSS + 8, SEL_DATA3, 4);
	expect(f, x86_far_call(f->c, SEL_GATE, 0, 4, 0), VEC_TS,
	    SEL_DATA3 & ~3, 91);
}

static void
call_gate_in_long_mode(void **state)
{
	struct fx *f = *state;

	fx_long(f);
	fx_ring3(f);
	fx_gdt(f, SEL_GATE, fx_gate(SEL_CODE0, 0x80001000, 0xec, 0));
	fx_put(f, FX_GDT + SEL_GATE + 8, 0xffffffff, 8);
	assert_int_equal(x86_far_call(f->c, SEL_GATE, 0, 4, 0x77), 0);
	assert_int_equal(f->c->s.rip, UINT64_C(0xffffffff80001000));
	assert_int_equal(f->c->s.gpr[RSP], FX_STACK0 - 32);
	assert_int_equal(fx_get(f, FX_STACK0 - 16, 8), FX_STACK3);
	assert_true(f->c->s.seg[SEG_SS].attr & SEG_UNUSABLE);
	/* Only to 64-bit code. */
	fx_long(f);
	fx_gdt(f, SEL_GATE, fx_gate(SEL_CODE32, 0, 0xec, 0));
	expect(f, x86_far_call(f->c, SEL_GATE, 0, 4, 0), VEC_GP, SEL_CODE32,
	    0);
}

/* --- IRET --- */

static void
push_frame(struct fx *f, unsigned size, const uint64_t *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		fx_put(f, f->c->s.gpr[RSP] + i * size, v[i], size);
}

struct iret_row {
	uint16_t cs;
	uint64_t rip;
	uint16_t ss;
	uint8_t vector;
	uint16_t error;
};

static const struct iret_row irets[] = {
	{ SEL_CODE0, 0x5000, 0, OK, 0 },
	{ SEL_CODE3, 0x5000, SEL_DATA3, OK, 0 },
	{ 0, 0, 0, VEC_GP, 0 },
	{ 0x100, 0, 0, VEC_GP, 0x100 },
	{ SEL_DATA0, 0, 0, VEC_GP, SEL_DATA0 },
	{ SEL_CODE0 | 3, 0, 0, VEC_GP, SEL_CODE0 },
	{ SEL_CODE3 & ~3, 0, 0, VEC_GP, SEL_CODE3 & ~3 },
	{ SEL_CODE0_NP, 0, 0, VEC_NP, SEL_CODE0_NP },
	{ SEL_CODE16, 0x10000, 0, VEC_GP, 0 },
	{ SEL_CODE3, 0, 0, VEC_GP, 0 },
	{ SEL_CODE3, 0, SEL_DATA0, VEC_GP, SEL_DATA0 },
	{ SEL_CODE3, 0, SEL_DATA0 | 3, VEC_GP, SEL_DATA0 },
	{ SEL_CODE3, 0, SEL_RODATA3, VEC_GP, SEL_RODATA3 & ~3 },
};

static void
iret_checks_in_protected_mode(void **state)
{
	struct fx *f = *state;

	for (unsigned i = 0; i < ARRAY_LEN(irets); i++) {
		const struct iret_row *r = &irets[i];
		uint64_t frame[] = { r->rip, r->cs, FLAG_IF | FLAG_CF | 2,
		    FX_STACK3, r->ss };

		fx_prot(f);
		push_frame(f, 4, frame, 5);
		expect(f, x86_iret(f->c, 4), r->vector, r->error, i);
		if (r->vector != OK) {
			assert_int_equal(f->c->s.gpr[RSP], FX_STACK0);
			assert_int_equal(f->c->s.rflags, 2);
			continue;
		}
		assert_int_equal(f->c->s.rip, r->rip);
		assert_int_equal(f->c->s.cpl, r->cs & 3);
		assert_int_equal(f->c->s.rflags, FLAG_IF | FLAG_CF | 2);
		assert_int_equal(f->c->s.gpr[RSP], r->ss ? FX_STACK3 :
		    FX_STACK0 + 12);
	}
}

static void
iret_in_long_mode_always_pops_the_stack(void **state)
{
	struct fx *f = *state;
	const uint64_t same[] = { 0x5000, SEL_CODE0, 2, FX_IST, SEL_DATA0 };
	const uint64_t null[] = { 0x5000, SEL_CODE0, 2, FX_IST, 0 };
	const uint64_t out[] = { UINT64_C(0x800000000000), SEL_CODE3, 2,
	    FX_STACK3, SEL_DATA3 };
	const uint64_t compat[] = { 0x5000, SEL_CODE32_3, 2,
	    UINT64_C(0x1234500006000), SEL_DATA3 };

	fx_long(f);
	push_frame(f, 8, same, 5);
	assert_int_equal(x86_iret(f->c, 8), 0);
	assert_int_equal(f->c->s.gpr[RSP], FX_IST);
	fx_long(f);
	push_frame(f, 8, null, 5);
	assert_int_equal(x86_iret(f->c, 8), 0);
	assert_true(f->c->s.seg[SEG_SS].attr & SEG_UNUSABLE);
	fx_long(f);
	push_frame(f, 8, out, 5);
	expect(f, x86_iret(f->c, 8), VEC_GP, 0, 0);
	fx_long(f);
	push_frame(f, 8, compat, 5);
	assert_int_equal(x86_iret(f->c, 8), 0);
	assert_false(x86_code64(f->c));
	assert_int_equal(f->c->s.gpr[RSP], 0x6000);
	/* NT is #GP(0) in long mode. */
	fx_long(f);
	f->c->s.rflags |= FLAG_NT;
	expect(f, x86_iret(f->c, 8), VEC_GP, 0, 1);
}

/* Only ring 0 may change IOPL, only CPL <= IOPL may change IF. */
static void
iret_flags_go_by_privilege(void **state)
{
	struct fx *f = *state;
	const uint64_t frame[] = { 0x5000, SEL_CODE3, FLAG_IF | FLAG_IOPL |
	    FLAG_AC | FLAG_VM | FLAG_VIF | 2 };

	fx_prot(f);
	fx_ring3(f);
	push_frame(f, 4, frame, 3);
	assert_int_equal(x86_iret(f->c, 4), 0);
	assert_int_equal(f->c->s.rflags, FLAG_AC | 2);
	fx_prot(f);
	fx_ring3(f);
	push_frame(f, 4, frame, 3);
	f->c->s.rflags |= FLAG_IOPL;
	assert_int_equal(x86_iret(f->c, 4), 0);
	assert_int_equal(f->c->s.rflags, FLAG_AC | FLAG_IOPL | FLAG_IF | 2);
	/* 16 bits leave the upper half. */
	fx_prot(f);
	f->c->s.rflags |= FLAG_AC;
	fx_put(f, FX_STACK0, 0x5000, 2);
	fx_put(f, FX_STACK0 + 2, SEL_CODE0, 2);
	fx_put(f, FX_STACK0 + 4, FLAG_ZF, 2);
	assert_int_equal(x86_iret(f->c, 2), 0);
	assert_int_equal(f->c->s.rflags, FLAG_AC | FLAG_ZF | 2);
}

static void
iret_to_virtual_8086_mode(void **state)
{
	struct fx *f = *state;
	const uint64_t frame[] = { 0x1234, 0x2000, FLAG_VM | FLAG_IF | 2,
	    0xfff0, 0x3000, 0x100, 0x200, 0x300, 0x400 };

	fx_prot(f);
	push_frame(f, 4, frame, 9);
	assert_int_equal(x86_iret(f->c, 4), 0);
	assert_int_equal(f->c->s.cpl, 3);
	assert_int_equal(f->c->s.rip, 0x1234);
	assert_int_equal(f->c->s.seg[SEG_CS].base, 0x20000);
	assert_int_equal(f->c->s.seg[SEG_SS].base, 0x30000);
	assert_int_equal(f->c->s.gpr[RSP], 0xfff0);
	assert_int_equal(f->c->s.seg[SEG_ES].selector, 0x100);
	assert_int_equal(f->c->s.seg[SEG_GS].selector, 0x400);
	assert_int_equal(f->c->s.seg[SEG_DS].limit, 0xffff);
	/* There IRET itself needs IOPL 3. */
	expect(f, x86_iret(f->c, 2), VEC_GP, 0, 0);
	f->c->s.rflags |= FLAG_IOPL;
	fx_put(f, 0x3fff0, 0x500060, 4);
	fx_put(f, 0x3fff4, 0, 2);
	assert_int_equal(x86_iret(f->c, 2), 0);
	assert_int_equal(f->c->s.rip, 0x60);
	assert_int_equal(f->c->s.seg[SEG_CS].base, 0x500);
	/* IOPL stays. */
	assert_int_equal(f->c->s.rflags, FLAG_VM | FLAG_IOPL | 2);
}

/* --- SYSCALL and kin --- */

static void
syscall_and_sysret(void **state)
{
	struct fx *f = *state;
	struct cpu_state *s = &f->c->s;

	fx_long(f);
	fx_ring3(f);
	s->star = (uint64_t)(SEL_CODE0 | 3) << 32 | UINT64_C(0x13) << 48;
	s->lstar = UINT64_C(0xffffffff81000000);
	s->sfmask = FLAG_IF | FLAG_TF;
	s->rflags |= FLAG_IF | FLAG_RF | FLAG_CF;
	assert_int_equal(x86_syscall(f->c, 0x1002), 0);
	assert_int_equal(s->rip, UINT64_C(0xffffffff81000000));
	assert_int_equal(s->gpr[RCX], 0x1002);
	assert_int_equal(s->gpr[R11], FLAG_IF | FLAG_CF | 2);
	assert_int_equal(s->rflags, FLAG_CF | 2);
	assert_int_equal(s->cpl, 0);
	assert_int_equal(s->seg[SEG_CS].selector, SEL_CODE0);
	assert_int_equal(s->seg[SEG_SS].selector, SEL_DATA0);
	assert_true(x86_code64(f->c));
	s->gpr[R11] |= FLAG_VM | FLAG_RF;
	assert_int_equal(x86_sysret(f->c, 8), 0);
	assert_int_equal(s->rip, 0x1002);
	assert_int_equal(s->cpl, 3);
	assert_int_equal(s->seg[SEG_CS].selector, 0x23);
	assert_int_equal(s->seg[SEG_SS].selector, 0x1b);
	assert_int_equal(s->rflags, FLAG_IF | FLAG_CF | 2);
	expect(f, x86_sysret(f->c, 8), VEC_GP, 0, 0);
	s->efer &= ~EFER_SCE;
	expect(f, x86_syscall(f->c, 0), VEC_UD, 0, 1);
}

static void
sysret_as_each_vendor_does_it(void **state)
{
	struct fx *f = *state;
	struct cpu_state *s = &f->c->s;

	/* Intel refuses a non-canonical RCX in ring 0, AMD faults later. */
	fx_long(f);
	s->gpr[RCX] = UINT64_C(0x800000000000);
	expect(f, x86_sysret(f->c, 8), VEC_GP, 0, 0);
	fx_amd(f, true);
	assert_int_equal(x86_sysret(f->c, 8), 0);
	assert_int_equal(s->cpl, 3);
	/* AMD leaves SS as it was but for selector and DPL. */
	fx_long(f);
	s->seg[SEG_SS] = (struct seg_reg){ .attr = SEG_UNUSABLE };
	assert_int_equal(x86_sysret(f->c, 8), 0);
	assert_true(s->seg[SEG_SS].attr & SEG_UNUSABLE);
	/* SYSCALL from compatibility mode: CSTAR on AMD, #UD on Intel. */
	fx_long(f);
	s->seg[SEG_CS].attr = (s->seg[SEG_CS].attr & ~SEG_L) | SEG_DB;
	s->cstar = 0x7000;
	assert_int_equal(x86_syscall(f->c, 0x1002), 0);
	assert_int_equal(s->rip, 0x7000);
	assert_true(x86_code64(f->c));
	fx_amd(f, false);
	s->seg[SEG_CS].attr = (s->seg[SEG_CS].attr & ~SEG_L) | SEG_DB;
	expect(f, x86_syscall(f->c, 0), VEC_UD, 0, 1);
}

static void
sysenter_and_sysexit(void **state)
{
	struct fx *f = *state;
	struct cpu_state *s = &f->c->s;

	fx_prot(f);
	expect(f, x86_sysenter(f->c), VEC_GP, 0, 0);	/* CS null */
	fx_ring3(f);
	s->sysenter_cs = SEL_CODE0;
	s->sysenter_esp = 0x8000;
	s->sysenter_eip = 0x5000;
	s->rflags |= FLAG_IF;
	assert_int_equal(x86_sysenter(f->c), 0);
	assert_int_equal(s->cpl, 0);
	assert_int_equal(s->rip, 0x5000);
	assert_int_equal(s->gpr[RSP], 0x8000);
	assert_int_equal(s->rflags, 2);
	s->gpr[RCX] = FX_STACK3;
	s->gpr[RDX] = 0x6000;
	assert_int_equal(x86_sysexit(f->c, 4), 0);
	assert_int_equal(s->cpl, 3);
	assert_int_equal(s->rip, 0x6000);
	assert_int_equal(s->seg[SEG_CS].selector, SEL_CODE3);
	assert_int_equal(s->seg[SEG_SS].selector, SEL_DATA3);
	expect(f, x86_sysexit(f->c, 4), VEC_GP, 0, 1);
	fx_long(f);
	fx_amd(f, true);
	s->sysenter_cs = SEL_CODE0;
	expect(f, x86_sysenter(f->c), VEC_UD, 0, 2);
}

/* --- tasks --- */

static void
make_tss2(struct fx *f, uint16_t cs, uint16_t ss, uint16_t ds)
{
	fx_put(f, FX_TSS2 + 0x20, 0x5000, 4);
	fx_put(f, FX_TSS2 + 0x24, FLAG_CF | 2, 4);
	fx_put(f, FX_TSS2 + 0x28, 0xaaaa, 4);
	fx_put(f, FX_TSS2 + 0x38, FX_IST, 4);
	fx_put(f, FX_TSS2 + 0x48, 0, 4);
	fx_put(f, FX_TSS2 + 0x4c, cs, 4);
	fx_put(f, FX_TSS2 + 0x50, ss, 4);
	fx_put(f, FX_TSS2 + 0x54, ds, 4);
	fx_put(f, FX_TSS2 + 0x60, 0, 4);
	fx_put(f, FX_TSS2 + 0x64, 0, 4);
}

static void
call_to_a_task_and_return_from_it(void **state)
{
	struct fx *f = *state;
	struct cpu_state *s = &f->c->s;

	fx_prot(f);
	make_tss2(f, SEL_CODE3, SEL_DATA3, SEL_DATA3);
	fx_put(f, 0x5000, 0xcf, 1);
	s->gpr[RAX] = 0x1111;
	assert_int_equal(x86_far_call(f->c, SEL_TSS2, 0, 4, FX_CODE + 7), 0);
	assert_int_equal(s->rip, 0x5000);
	assert_int_equal(s->gpr[RAX], 0xaaaa);
	assert_int_equal(s->cpl, 3);
	assert_int_equal(s->seg[SEG_TR].selector, SEL_TSS2);
	assert_int_equal(s->rflags, FLAG_CF | FLAG_NT | 2);
	assert_int_equal(fx_get(f, FX_TSS + 0x20, 4), FX_CODE + 7);
	assert_int_equal(fx_get(f, FX_GDT + SEL_TSS + 5, 1), 0x8b);
	assert_int_equal(x86_iret(f->c, 4), 0);
	assert_int_equal(s->rip, FX_CODE + 7);
	assert_int_equal(s->gpr[RAX], 0x1111);
	assert_int_equal(s->cpl, 0);
	assert_int_equal(s->seg[SEG_TR].selector, SEL_TSS);
	/* The task left is available again, goes on behind its IRET. */
	assert_int_equal(fx_get(f, FX_GDT + SEL_TSS2 + 5, 1), 0x89);
	assert_int_equal(fx_get(f, FX_TSS2 + 0x20, 4), 0x5001);
	assert_false(fx_get(f, FX_TSS2 + 0x24, 4) & FLAG_NT);
}

static void
jump_to_a_task_frees_the_old_one(void **state)
{
	struct fx *f = *state;

	fx_prot(f);
	make_tss2(f, SEL_CODE0, SEL_DATA0, 0);
	fx_put(f, FX_TSS2 + 0x64, 1, 2);
	f->c->s.dr[7] = 0x455;
	/* T bit: #DB with BT once the new task runs. */
	expect(f, x86_far_jmp(f->c, SEL_TSS2, 0, 4, FX_CODE + 7), VEC_DB, 0, 0);
	assert_int_equal(f->c->exc.dr6, BIT(15));
	assert_int_equal(f->c->s.rip, 0x5000);
	assert_int_equal(fx_get(f, FX_GDT + SEL_TSS + 5, 1), 0x89);
	assert_int_equal(fx_get(f, FX_GDT + SEL_TSS2 + 5, 1), 0x8b);
	assert_int_equal(f->c->s.dr[7], 0x400);
	assert_false(f->c->s.rflags & FLAG_NT);
}

static const struct {
	uint16_t cs, ss, ds;
	uint8_t vector;
	uint16_t error;
} bad_tasks[] = {
	{ 0, SEL_DATA0, 0, VEC_TS, 0 },
	{ SEL_DATA0, SEL_DATA0, 0, VEC_TS, SEL_DATA0 },
	{ SEL_CODE0_NP, SEL_DATA0, 0, VEC_NP, SEL_CODE0_NP },
	{ SEL_CODE0, 0, 0, VEC_TS, 0 },
	{ SEL_CODE0, SEL_DATA3, 0, VEC_TS, SEL_DATA3 & ~3 },
	{ SEL_CODE0, SEL_DATA0_NP, 0, VEC_SS, SEL_DATA0_NP },
	{ SEL_CODE3, SEL_DATA3, SEL_DATA0, VEC_TS, SEL_DATA0 },
	{ SEL_CODE0, SEL_DATA0, SEL_DATA0_NP, VEC_NP, SEL_DATA0_NP },
};

static void
faults_after_a_switch_belong_to_the_new_task(void **state)
{
	struct fx *f = *state;

	for (unsigned i = 0; i < ARRAY_LEN(bad_tasks); i++) {
		fx_prot(f);
		make_tss2(f, bad_tasks[i].cs, bad_tasks[i].ss,
		    bad_tasks[i].ds);
		expect(f, x86_far_jmp(f->c, SEL_TSS2, 0, 4, 0),
		    bad_tasks[i].vector, bad_tasks[i].error, i);
		assert_int_equal(f->c->s.rip, 0x5000);
		assert_int_equal(f->c->s.seg[SEG_TR].selector, SEL_TSS2);
	}
	/* Before it, nothing has changed. */
	fx_prot(f);
	expect(f, x86_far_jmp(f->c, SEL_TSS, 0, 4, 0), VEC_GP, SEL_TSS, 90);
	fx_gdt(f, SEL_TSS2, fx_desc(FX_TSS2, 0x66, 0x89));
	expect(f, x86_far_jmp(f->c, SEL_TSS2, 0, 4, 0), VEC_TS, SEL_TSS2, 91);
	assert_int_equal(f->c->s.rip, FX_CODE);
	fx_ring3(f);
	fx_gdt(f, SEL_TSS2, fx_desc(FX_TSS2, 0x67, 0x89));
	expect(f, x86_far_jmp(f->c, SEL_TSS2, 0, 4, 0), VEC_GP, SEL_TSS2, 92);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(loading_data_segments),
		FX_TEST(hidden_parts_are_as_the_descriptor_says),
		FX_TEST(null_ss_is_for_inner_64_bit_code),
		FX_TEST(lldt_and_ltr),
		FX_TEST(looking_at_descriptors),
		FX_TEST(far_jumps_and_calls_to_code),
		FX_TEST(far_jump_in_real_mode),
		FX_TEST(return_to_ring0_from_short_stack),
		FX_TEST(call_gate_to_ring0_copies_parameters),
		FX_TEST(call_gates_that_are_refused),
		FX_TEST(call_gate_in_long_mode),
		FX_TEST(iret_checks_in_protected_mode),
		FX_TEST(iret_in_long_mode_always_pops_the_stack),
		FX_TEST(iret_flags_go_by_privilege),
		FX_TEST(iret_to_virtual_8086_mode),
		FX_TEST(syscall_and_sysret),
		FX_TEST(sysret_as_each_vendor_does_it),
		FX_TEST(sysenter_and_sysexit),
		FX_TEST(call_to_a_task_and_return_from_it),
		FX_TEST(jump_to_a_task_frees_the_old_one),
		FX_TEST(faults_after_a_switch_belong_to_the_new_task),
	};

	return cmocka_run_group_tests_name("x86 far", tests, NULL, NULL);
}
