/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery of exceptions and interrupts: which vector is reached with which
 * error code, what is on the stack, and what becomes of the registers.  SDM 3
 * chapter 6, SDM 2 under INT n.
 */
#include "tests/unit/x86_fixture.h"

/* --- which vector, which error code --- */

enum how { FAULT, FAULT_ERR, SOFT, EXTERNAL, ICEBP };

/* What a row of errors[] spoils before the event. */
enum spoil {
	NOTHING, IDT_SHORT, GATE_NP, GATE_TYPE, GATE_DPL0, CS_NULL, CS_BEYOND,
	CS_DATA, CS_NP, CS_RING3, CS_LIMIT, TSS_SHORT, SS0_NULL, SS0_BEYOND,
	SS0_RPL, SS0_RO, SS0_NP,
};

struct error_row {
	enum how how;
	uint8_t vector;
	bool user;		/* from ring 3 */
	enum spoil spoil;
	int got;		/* vector that arrives */
	uint32_t error;
};

static const struct error_row errors[] = {
	{ FAULT, VEC_UD, false, NOTHING, VEC_UD, 0 },
	{ FAULT_ERR, VEC_GP, false, NOTHING, VEC_GP, 0x1234 },
	{ SOFT, 0x80, false, NOTHING, 0x80, 0 },
	/* Vector beyond the limit: IDT bit, EXT unless software. */
	{ SOFT, 0x80, false, IDT_SHORT, VEC_GP, 0x80 * 8 + 2 },
	{ EXTERNAL, 0x80, false, IDT_SHORT, VEC_GP, 0x80 * 8 + 3 },
	{ ICEBP, 1, true, GATE_DPL0, VEC_DB, 0 },
	{ SOFT, 0x80, false, GATE_NP, VEC_NP, 0x80 * 8 + 2 },
	{ EXTERNAL, 0x80, false, GATE_NP, VEC_NP, 0x80 * 8 + 3 },
	{ SOFT, 0x80, false, GATE_TYPE, VEC_GP, 0x80 * 8 + 2 },
	{ SOFT, 0x80, true, GATE_DPL0, VEC_GP, 0x80 * 8 + 2 },
	{ EXTERNAL, 0x80, true, GATE_DPL0, 0x80, 0 },
	{ SOFT, 0x80, false, GATE_DPL0, 0x80, 0 },
	/* The code segment in the gate. */
	{ SOFT, 0x80, false, CS_NULL, VEC_GP, 0 },
	{ EXTERNAL, 0x80, false, CS_NULL, VEC_GP, 1 },
	{ SOFT, 0x80, false, CS_BEYOND, VEC_GP, 0x2f8 },
	{ SOFT, 0x80, false, CS_DATA, VEC_GP, SEL_DATA0 },
	{ EXTERNAL, 0x80, false, CS_DATA, VEC_GP, SEL_DATA0 | 1 },
	{ SOFT, 0x80, false, CS_NP, VEC_NP, SEL_CODE0_NP },
	{ SOFT, 0x80, false, CS_RING3, VEC_GP, SEL_CODE3 & ~3 },
	{ SOFT, 0x80, false, CS_LIMIT, VEC_GP, 0 },
	{ EXTERNAL, 0x80, false, CS_LIMIT, VEC_GP, 1 },
	/* The inner stack. */
	{ SOFT, 0x80, true, SS0_NULL, VEC_TS, 0 },
	{ SOFT, 0x80, true, SS0_BEYOND, VEC_TS, 0x2f8 },
	{ EXTERNAL, 0x80, true, SS0_BEYOND, VEC_TS, 0x2f9 },
	{ SOFT, 0x80, true, SS0_RPL, VEC_TS, SEL_DATA0 },
	{ SOFT, 0x80, true, SS0_RO, VEC_TS, SEL_RODATA3 & ~3 },
	{ SOFT, 0x80, true, SS0_NP, VEC_SS, SEL_DATA0_NP },
	{ EXTERNAL, 0x80, true, SS0_NP, VEC_SS, SEL_DATA0_NP | 1 },
	{ SOFT, 0x80, true, TSS_SHORT, VEC_TS, SEL_TSS },
};

/*
 * Handlers 0 to 31 run in ring 3 where the stack of ring 0 is what a row
 * spoils, so that the fault itself can be delivered: conforming code.
 */
static void
conforming_handlers(struct fx *f)
{
	for (unsigned v = 0; v < 32; v++)
		fx_idt(f, v, SEL_CONF0, FX_HANDLERS + v * 16, GATE_INT32, 0);
}

static void
spoil(struct fx *f, enum spoil how)
{
	const uint8_t open = GATE_INT32 | 0x60;
	uint64_t at = FX_HANDLERS + 0x80 * 16;

	fx_idt(f, 0x80, SEL_CODE0, at, open, 0);
	switch (how) {
	case NOTHING:
		break;
	case IDT_SHORT:
		f->c->s.idtr.limit = 0x80 * 8 + 6;
		break;
	case GATE_NP:
		fx_idt(f, 0x80, SEL_CODE0, at, 0x6e, 0);
		break;
	case GATE_TYPE:
		fx_idt(f, 0x80, SEL_CODE0, at, 0xec, 0);
		break;
	case GATE_DPL0:
		fx_idt(f, 0x80, SEL_CODE0, at, GATE_INT32, 0);
		break;
	case CS_NULL:
		fx_idt(f, 0x80, 3, at, open, 0);
		break;
	case CS_BEYOND:
		fx_idt(f, 0x80, 0x2f8, at, open, 0);
		break;
	case CS_DATA:
		fx_idt(f, 0x80, SEL_DATA0, at, open, 0);
		break;
	case CS_NP:
		fx_idt(f, 0x80, SEL_CODE0_NP, at, open, 0);
		break;
	case CS_RING3:
		fx_idt(f, 0x80, SEL_CODE3, at, open, 0);
		break;
	case CS_LIMIT:
		fx_gdt(f, SEL_FREE, fx_desc(0, 0xffff, 0x9a | SEG_DB));
		fx_idt(f, 0x80, SEL_FREE, at, open, 0);
		break;
	case TSS_SHORT:
		f->c->s.seg[SEG_TR].limit = 8;
		break;
	case SS0_NULL:
		fx_put(f, FX_TSS + 8, 0, 4);
		break;
	case SS0_BEYOND:
		fx_put(f, FX_TSS + 8, 0x2f8, 4);
		break;
	case SS0_RPL:
		fx_put(f, FX_TSS + 8, SEL_DATA0 | 3, 4);
		break;
	case SS0_RO:
		fx_put(f, FX_TSS + 8, SEL_RODATA3 & ~3, 4);
		break;
	case SS0_NP:
		fx_put(f, FX_TSS + 8, SEL_DATA0_NP, 4);
		break;
	}
}

static int
cause(struct fx *f, enum how how, uint8_t vector)
{
	switch (how) {
	case FAULT:
		x86_raise(f->c, vector);
		return x86_deliver(f->c);
	case FAULT_ERR:
		x86_raise_error(f->c, vector, 0x1234);
		return x86_deliver(f->c);
	case SOFT:
		return x86_soft_int(f->c, vector, f->c->s.rip + 2);
	case ICEBP:
		return x86_icebp(f->c, f->c->s.rip + 1);
	default:
		return x86_interrupt(f->c, vector);
	}
}

static bool
has_error(int vector)
{
	return vector == VEC_DF || (vector >= VEC_TS && vector <= VEC_PF) ||
	    vector == VEC_AC;
}

static void
error_codes_of_every_failing_step(void **state)
{
	struct fx *f = *state;

	for (unsigned i = 0; i < ARRAY_LEN(errors); i++) {
		const struct error_row *r = &errors[i];
		uint64_t sp;

		fx_prot(f);
		if (r->user) {
			fx_ring3(f);
			if (r->spoil >= TSS_SHORT)
				conforming_handlers(f);
		}
		spoil(f, r->spoil);
		assert_int_equal(cause(f, r->how, r->vector), 0);
		if (fx_vector(f) != r->got)
			fail_msg("row %u: vector %d, not %d", i, fx_vector(f),
			    r->got);
		sp = f->c->s.gpr[RSP];
		if (!has_error(r->got))
			continue;
		if (fx_get(f, sp, 4) != r->error)
			fail_msg("row %u: error %#x, not %#x", i,
			    (unsigned)fx_get(f, sp, 4), r->error);
		/* A failed INT n pushes its own address, not the next. */
		assert_int_equal(fx_get(f, sp + 4, 4), FX_CODE);
	}
}

/* --- frames --- */

static void
frame_to_ring0_in_32_bits(void **state)
{
	struct fx *f = *state;
	uint64_t sp = FX_STACK0 - 20;

	fx_prot(f);
	fx_ring3(f);
	f->c->s.rflags |= FLAG_IF | FLAG_TF | FLAG_NT | FLAG_CF;
	fx_idt(f, 0x80, SEL_CODE0, FX_HANDLERS, GATE_INT32 | 0x60, 0);
	assert_int_equal(x86_soft_int(f->c, 0x80, FX_CODE + 2), 0);
	assert_int_equal(f->c->s.gpr[RSP], sp);
	assert_int_equal(fx_get(f, sp, 4), FX_CODE + 2);
	assert_int_equal(fx_get(f, sp + 4, 4), SEL_CODE3);
	assert_int_equal(fx_get(f, sp + 8, 4), FLAG_IF | FLAG_TF | FLAG_NT |
	    FLAG_CF | 2);
	assert_int_equal(fx_get(f, sp + 12, 4), FX_STACK3);
	assert_int_equal(fx_get(f, sp + 16, 4), SEL_DATA3);
	assert_int_equal(f->c->s.cpl, 0);
	assert_int_equal(f->c->s.seg[SEG_CS].selector, SEL_CODE0);
	assert_int_equal(f->c->s.seg[SEG_SS].selector, SEL_DATA0);
	/* TF, NT, RF, VM go in any case, IF with an interrupt gate. */
	assert_int_equal(f->c->s.rflags, FLAG_CF | 2);
	/* Both descriptors have been marked accessed. */
	assert_true(fx_get(f, FX_GDT + SEL_CODE0 + 5, 1) & 1);
	assert_true(fx_get(f, FX_GDT + SEL_DATA0 + 5, 1) & 1);
}

static void
trap_gates_leave_if_alone(void **state)
{
	struct fx *f = *state;

	fx_prot(f);
	f->c->s.rflags |= FLAG_IF;
	fx_idt(f, 0x80, SEL_CODE0, FX_HANDLERS, GATE_TRAP32, 0);
	assert_int_equal(x86_soft_int(f->c, 0x80, FX_CODE + 2), 0);
	assert_true(f->c->s.rflags & FLAG_IF);
	assert_int_equal(f->c->s.gpr[RSP], FX_STACK0 - 12);
}

static void
sixteen_bit_gates_push_words(void **state)
{
	struct fx *f = *state;

	fx_prot(f);
	fx_idt(f, VEC_GP, SEL_CODE0, 0x54321, GATE_INT16, 0);
	x86_raise_error(f->c, VEC_GP, 0x77);
	assert_int_equal(x86_deliver(f->c), 0);
	assert_int_equal(f->c->s.gpr[RSP], FX_STACK0 - 8);
	assert_int_equal(f->c->s.rip, 0x4321);
	assert_int_equal(fx_get(f, FX_STACK0 - 8, 2), 0x77);
}

/* RF in the image: SDM 3 17.3.1.1. */
static void
faults_push_rf_and_traps_do_not(void **state)
{
	struct fx *f = *state;

	fx_prot(f);
	x86_raise(f->c, VEC_UD);
	assert_int_equal(x86_deliver(f->c), 0);
	assert_true(fx_get(f, f->c->s.gpr[RSP] + 8, 4) & FLAG_RF);
	fx_prot(f);
	f->c->s.dr[7] |= BIT(13);
	x86_raise_db(f->c, BIT(14));
	assert_int_equal(x86_deliver(f->c), 0);
	assert_false(fx_get(f, f->c->s.gpr[RSP] + 8, 4) & FLAG_RF);
	assert_int_equal(f->c->s.dr[6], 0xffff0ff0 | BIT(14));
	assert_false(f->c->s.dr[7] & BIT(13));
	fx_prot(f);
	x86_raise_db(f->c, BIT(13));
	assert_int_equal(x86_deliver(f->c), 0);
	assert_true(fx_get(f, f->c->s.gpr[RSP] + 8, 4) & FLAG_RF);
}

static void
frame_in_long_mode_is_aligned_and_has_ss(void **state)
{
	struct fx *f = *state;
	uint64_t sp = FX_STACK0 - 16 - 48;

	fx_long(f);
	f->c->s.gpr[RSP] = FX_STACK0 - 7;
	x86_raise_error(f->c, VEC_GP, 0x50);
	assert_int_equal(x86_deliver(f->c), 0);
	assert_int_equal(f->c->s.gpr[RSP], sp);
	assert_int_equal(fx_get(f, sp, 8), 0x50);
	assert_int_equal(fx_get(f, sp + 8, 8), FX_CODE);
	assert_int_equal(fx_get(f, sp + 32, 8), FX_STACK0 - 7);
	assert_int_equal(fx_get(f, sp + 40, 8), SEL_DATA0);
	/* Same privilege: SS is kept. */
	assert_int_equal(f->c->s.seg[SEG_SS].selector, SEL_DATA0);
	/* From ring 3: the TSS's stack, SS null with RPL = CPL. */
	fx_long(f);
	fx_ring3(f);
	x86_raise(f->c, VEC_UD);
	assert_int_equal(x86_deliver(f->c), 0);
	assert_int_equal(f->c->s.gpr[RSP], FX_STACK0 - 40);
	assert_int_equal(f->c->s.seg[SEG_SS].selector, 0);
	assert_true(f->c->s.seg[SEG_SS].attr & SEG_UNUSABLE);
	assert_int_equal(f->c->s.cpl, 0);
	assert_int_equal(fx_get(f, FX_STACK0 - 8, 8), SEL_DATA3);
}

static void
ist_switches_stacks_at_any_privilege(void **state)
{
	struct fx *f = *state;

	fx_long(f);
	fx_idt(f, VEC_NMI, SEL_CODE0, FX_HANDLERS, GATE_INT32, 1);
	assert_int_equal(x86_interrupt(f->c, VEC_NMI), 0);
	assert_int_equal(f->c->s.gpr[RSP], FX_IST - 40);
	/* Beyond the limit of the TSS: #TS with its selector and EXT. */
	fx_long(f);
	f->c->s.seg[SEG_TR].limit = 40;
	fx_idt(f, VEC_NMI, SEL_CODE0, FX_HANDLERS, GATE_INT32, 1);
	assert_int_equal(x86_interrupt(f->c, VEC_NMI), 0);
	assert_int_equal(fx_vector(f), VEC_TS);
	assert_int_equal(fx_get(f, f->c->s.gpr[RSP], 8), SEL_TSS | 1);
}

static void
long_mode_takes_64_bit_handlers_only(void **state)
{
	struct fx *f = *state;

	fx_long(f);
	fx_idt(f, 0x80, SEL_CODE32, FX_HANDLERS, GATE_INT32, 0);
	assert_int_equal(x86_soft_int(f->c, 0x80, FX_CODE + 2), 0);
	assert_int_equal(fx_vector(f), VEC_GP);
	assert_int_equal(fx_get(f, f->c->s.gpr[RSP], 8), SEL_CODE32);
	/* Non-canonical offset. */
	fx_long(f);
	fx_idt(f, 0x80, SEL_CODE0, UINT64_C(0x800000000000), GATE_INT32, 0);
	assert_int_equal(x86_soft_int(f->c, 0x80, FX_CODE + 2), 0);
	assert_int_equal(fx_vector(f), VEC_GP);
	/* A 16-byte gate whose first half only is within the limit. */
	fx_long(f);
	f->c->s.idtr.limit = 0x80 * 16 + 7;
	assert_int_equal(x86_soft_int(f->c, 0x80, FX_CODE + 2), 0);
	assert_int_equal(fx_vector(f), VEC_GP);
	assert_int_equal(fx_get(f, f->c->s.gpr[RSP], 8), 0x80 * 8 + 2);
}

static void
real_mode_uses_the_vector_table(void **state)
{
	struct fx *f = *state;

	fx_real(f);
	f->c->s.rflags |= FLAG_IF | FLAG_TF | FLAG_AC;
	assert_int_equal(x86_soft_int(f->c, 0x21, 0x102), 0);
	assert_int_equal(f->c->s.seg[SEG_CS].base, FX_HANDLERS);
	assert_int_equal(f->c->s.rip, 0x21 * 16);
	assert_int_equal(f->c->s.gpr[RSP], FX_STACK0 - 6);
	assert_int_equal(fx_get(f, FX_STACK0 - 6, 2), 0x102);
	assert_int_equal(fx_get(f, FX_STACK0 - 4, 2), FX_CODE >> 4);
	assert_int_equal(fx_get(f, FX_STACK0 - 2, 2), FLAG_IF | FLAG_TF | 2);
	assert_int_equal(f->c->s.rflags, 2);
	/* No error codes, and SP wraps within 64 KiB. */
	fx_real(f);
	f->c->s.gpr[RSP] = 0x10002;
	x86_raise_error(f->c, VEC_GP, 0x55);
	assert_int_equal(x86_deliver(f->c), 0);
	assert_int_equal(f->c->s.gpr[RSP], 0x1fffc);
	assert_int_equal(fx_get(f, 0xfffc, 2), 0x100);
}

static void
virtual_8086_mode_pushes_data_segments(void **state)
{
	struct fx *f = *state;
	uint64_t sp = FX_STACK0 - 36;

	fx_v86(f);
	assert_int_equal(f->c->s.cpl, 3);
	x86_raise(f->c, VEC_UD);
	assert_int_equal(x86_deliver(f->c), 0);
	assert_int_equal(f->c->s.gpr[RSP], sp);
	assert_int_equal(fx_get(f, sp + 4, 4), FX_CODE >> 4);
	assert_true(fx_get(f, sp + 8, 4) & FLAG_VM);
	assert_int_equal(fx_get(f, sp + 12, 4), 0x1000);
	assert_int_equal(fx_get(f, sp + 16, 4), 0xa00);
	assert_int_equal(fx_get(f, sp + 20, 4), 0x100);	/* ES */
	assert_int_equal(fx_get(f, sp + 24, 4), 0x300);	/* DS */
	assert_int_equal(fx_get(f, sp + 28, 4), 0x400);	/* FS */
	assert_int_equal(fx_get(f, sp + 32, 4), 0x500);	/* GS */
	assert_false(f->c->s.rflags & FLAG_VM);
	assert_true(f->c->s.seg[SEG_DS].attr & SEG_UNUSABLE);
	/* A handler that is not in ring 0: #GP(its selector). */
	fx_v86(f);
	fx_idt(f, 0x80, SEL_CODE1, FX_HANDLERS, GATE_INT32 | 0x60, 0);
	assert_int_equal(x86_soft_int(f->c, 0x80, 0x102), 0);
	assert_int_equal(fx_vector(f), VEC_GP);
	assert_int_equal(fx_get(f, f->c->s.gpr[RSP], 4), SEL_CODE1 & ~3);
}

/* --- double and triple faults, SDM 3 table 6-5 --- */

/* Make delivery of vector fail with what. */
static void
break_gate(struct fx *f, unsigned vector, unsigned what)
{
	switch (what) {
	case VEC_NP:
		fx_idt(f, vector, SEL_CODE0, FX_HANDLERS, 0x0e, 0);
		break;
	case VEC_GP:
		fx_idt(f, vector, 0, FX_HANDLERS, GATE_INT32, 0);
		break;
	}
}

static const struct {
	uint8_t first, second;
	int got;
} doubles[] = {
	{ VEC_DE, VEC_GP, VEC_DF },
	{ VEC_GP, VEC_NP, VEC_DF },
	{ VEC_NP, VEC_GP, VEC_DF },
	{ VEC_PF, VEC_GP, VEC_DF },
	{ VEC_UD, VEC_GP, VEC_GP },
	{ VEC_NM, VEC_NP, VEC_NP },
	{ VEC_BR, VEC_GP, VEC_GP },
};

static void
faults_combine_into_double_faults(void **state)
{
	struct fx *f = *state;

	for (unsigned i = 0; i < ARRAY_LEN(doubles); i++) {
		fx_prot(f);
		break_gate(f, doubles[i].first, doubles[i].second);
		if (doubles[i].first == VEC_PF)
			x86_raise_pf(f->c, 0x1234, 2);
		else
			x86_raise_error(f->c, doubles[i].first, 0);
		assert_int_equal(x86_deliver(f->c), 0);
		if (fx_vector(f) != doubles[i].got)
			fail_msg("row %u: vector %d", i, fx_vector(f));
		if (doubles[i].got == VEC_DF)
			assert_int_equal(fx_get(f, f->c->s.gpr[RSP], 4), 0);
		if (doubles[i].first == VEC_PF)
			assert_int_equal(f->c->s.cr2, 0x1234);
	}
}

static void
a_fault_in_a_double_fault_is_a_shutdown(void **state)
{
	struct fx *f = *state;

	fx_prot(f);
	break_gate(f, VEC_GP, VEC_NP);
	break_gate(f, VEC_DF, VEC_GP);
	x86_raise_error(f->c, VEC_GP, 0);
	assert_int_equal(x86_deliver(f->c), -EPERM);
	assert_int_equal(f->c->s.activity, ACT_SHUTDOWN);
	/* An empty IDT in the same way, from an interrupt. */
	fx_prot(f);
	f->c->s.idtr.limit = 0;
	assert_int_equal(x86_interrupt(f->c, 0x30), -EPERM);
	fx_real(f);
	f->c->s.idtr.limit = 0;
	x86_raise(f->c, VEC_UD);
	assert_int_equal(x86_deliver(f->c), -EPERM);
}

/* A stack that is not mapped: #PF, then #DF on the IST. */
static void
page_fault_while_pushing(void **state)
{
	struct fx *f = *state;

	fx_long(f);
	fx_idt(f, VEC_DF, SEL_CODE0, FX_HANDLERS + VEC_DF * 16, GATE_INT32, 1);
	f->c->s.gpr[RSP] = UINT64_C(0xffff800000001000);
	x86_raise_pf(f->c, 0x77, 0);
	assert_int_equal(x86_deliver(f->c), 0);
	assert_int_equal(fx_vector(f), VEC_DF);
	assert_int_equal(f->c->s.cr2, UINT64_C(0xffff800000000ff8));
	/* Non-canonical: #SS(EXT), which combines with #GP to #DF. */
	fx_long(f);
	fx_idt(f, VEC_SS, SEL_CODE0, FX_HANDLERS + VEC_SS * 16, GATE_INT32, 1);
	f->c->s.gpr[RSP] = UINT64_C(0x900000000000);
	x86_raise(f->c, VEC_UD);
	assert_int_equal(x86_deliver(f->c), 0);
	assert_int_equal(fx_vector(f), VEC_SS);
	assert_int_equal(fx_get(f, f->c->s.gpr[RSP], 8), 1);
}

/* --- taking events --- */

static void
interrupts_wait_for_if_and_the_shadow(void **state)
{
	struct fx *f = *state;

	fx_prot(f);
	f->irq = 0x31;
	atomic_store(&f->c->irq_hint, 1);
	assert_int_equal(x86_take_events(f->c), 0);
	f->c->s.rflags |= FLAG_IF;
	f->c->s.shadow = SHADOW_STI;
	assert_int_equal(x86_take_events(f->c), 0);
	f->c->s.shadow = 0;
	f->c->s.activity = ACT_HALTED;
	assert_int_equal(x86_take_events(f->c), 1);
	assert_int_equal(fx_vector(f), 0x31);
	assert_int_equal(f->c->s.activity, ACT_RUNNING);
	assert_true(atomic_load(&f->c->irq_hint));
	/* Nothing left: the hint goes. */
	f->c->s.rflags |= FLAG_IF;
	assert_int_equal(x86_take_events(f->c), 0);
	assert_false(atomic_load(&f->c->irq_hint));
}

static void
nmis_are_masked_until_iret(void **state)
{
	struct fx *f = *state;

	fx_prot(f);
	atomic_store(&f->c->nmi_hint, 1);
	f->c->s.shadow = SHADOW_MOVSS;
	assert_int_equal(x86_take_events(f->c), 0);
	f->c->s.shadow = SHADOW_STI;
	assert_int_equal(x86_take_events(f->c), 1);
	assert_int_equal(fx_vector(f), VEC_NMI);
	assert_int_equal(f->c->s.shadow, 0);
	atomic_store(&f->c->nmi_hint, 1);
	assert_int_equal(x86_take_events(f->c), 0);
	assert_true(f->c->s.nmi_pending);
	assert_int_equal(x86_iret(f->c, 4), 0);
	assert_int_equal(f->c->s.rip, FX_CODE);
	assert_int_equal(x86_take_events(f->c), 1);
	assert_int_equal(fx_vector(f), VEC_NMI);
}

static void
a_task_gate_switches_tasks(void **state)
{
	struct fx *f = *state;

	fx_prot(f);
	fx_put(f, FX_TSS2 + 0x20, FX_HANDLERS + VEC_DF * 16, 4);
	fx_put(f, FX_TSS2 + 0x24, 2, 4);
	fx_put(f, FX_TSS2 + 0x38, FX_IST, 4);
	fx_put(f, FX_TSS2 + 0x4c, SEL_CODE0, 4);
	fx_put(f, FX_TSS2 + 0x50, SEL_DATA0, 4);
	fx_idt(f, VEC_DF, SEL_TSS2, 0, GATE_TASK, 0);
	break_gate(f, VEC_GP, VEC_NP);
	f->c->s.gpr[RBX] = 0x600d;
	x86_raise_error(f->c, VEC_GP, 0);
	assert_int_equal(x86_deliver(f->c), 0);
	assert_int_equal(fx_vector(f), VEC_DF);
	/* The error code is on the new task's stack. */
	assert_int_equal(f->c->s.gpr[RSP], FX_IST - 4);
	assert_int_equal(fx_get(f, FX_IST - 4, 4), 0);
	/* Old state saved, back link and NT set, new TSS busy. */
	assert_int_equal(fx_get(f, FX_TSS + 0x20, 4), FX_CODE);
	assert_int_equal(fx_get(f, FX_TSS + 0x34, 4), 0x600d);
	assert_int_equal(fx_get(f, FX_TSS2, 2), SEL_TSS);
	assert_true(f->c->s.rflags & FLAG_NT);
	assert_int_equal(fx_get(f, FX_GDT + SEL_TSS2 + 5, 1), 0x8b);
	assert_true(f->c->s.cr0 & CR0_TS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(error_codes_of_every_failing_step),
		FX_TEST(frame_to_ring0_in_32_bits),
		FX_TEST(trap_gates_leave_if_alone),
		FX_TEST(sixteen_bit_gates_push_words),
		FX_TEST(faults_push_rf_and_traps_do_not),
		FX_TEST(frame_in_long_mode_is_aligned_and_has_ss),
		FX_TEST(ist_switches_stacks_at_any_privilege),
		FX_TEST(long_mode_takes_64_bit_handlers_only),
		FX_TEST(real_mode_uses_the_vector_table),
		FX_TEST(virtual_8086_mode_pushes_data_segments),
		FX_TEST(faults_combine_into_double_faults),
		FX_TEST(a_fault_in_a_double_fault_is_a_shutdown),
		FX_TEST(page_fault_while_pushing),
		FX_TEST(interrupts_wait_for_if_and_the_shadow),
		FX_TEST(nmis_are_masked_until_iret),
		FX_TEST(a_task_gate_switches_tasks),
	};

	return cmocka_run_group_tests_name("x86 delivery", tests, NULL, NULL);
}
