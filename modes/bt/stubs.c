/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common pieces of host code at the start of the cache: how the run loop
 * enters translated code and is returned to, how translated code calls helpers
 * and how control finds the next translation without the run loop.
 *
 * Between TUs and stubs: host rsp is in the return stack (retstack.c), gs
 * points to the bt_vcpu, guest registers are in their homes.  A stub that calls
 * C first stores them ("saved" state below: guest registers in s.gpr, flags in
 * hostflags) and changes to the C stack; tail probes start from saved state and
 * load them on a hit.
 */
#include "modes/bt/gen.h"

#define STUBS_SIZE 16384

const uint8_t bt_home[GPR_COUNT] = {
	[RAX] = H_RAX, [RCX] = H_R8, [RDX] = H_RDX, [RBX] = H_RBX,
	[RSP] = H_R9, [RBP] = H_RBP, [RSI] = H_RSI, [RDI] = H_RDI,
	[R8] = H_NONE, [R9] = H_NONE, [R10] = H_NONE, [R11] = H_NONE,
	[R12] = H_R12, [R13] = H_R13, [R14] = H_R14, [R15] = H_R15,
};

/* SysV callee-saved registers, pushed by enter and popped by leave. */
static const uint8_t host_saved[] = {
	H_RBX, H_RBP, H_R12, H_R13, H_R14, H_R15,
};

static void
emit_push(struct emit *e, unsigned reg)
{
	emit_rex(e, W32, 0, 0, reg);
	emit8(e, 0x50 | (reg & 7));
}

static void
emit_pop(struct emit *e, unsigned reg)
{
	emit_rex(e, W32, 0, 0, reg);
	emit8(e, 0x58 | (reg & 7));
}

/* Guest registers and flags to memory; clobbers rax. */
static void
emit_save(struct emit *e)
{
	store_gs(e, H_RAX, GS_GPR(RAX));
	emit8(e, 0x9f);				/* lahf */
	emit_opcode(e, 0x0f90);			/* seto al */
	emit_modrm(e, 3, 0, H_RAX);
	op_rr(e, W32, 0x0fb7, H_RAX, H_RAX);	/* movzx eax, ax */
	store_gs(e, H_RAX, GS(hostflags));
	for (unsigned r = RCX; r < GPR_COUNT; r++)
		if (bt_home[r] != H_NONE)
			store_gs(e, bt_home[r], GS_GPR(r));
}

static void
emit_restore(struct emit *e)
{
	load_gs(e, H_RAX, GS(hostflags));
	emit8(e, 0x04);				/* add al, 0x7f: OF */
	emit8(e, 0x7f);
	emit8(e, 0x9e);				/* sahf */
	for (unsigned r = RAX; r < GPR_COUNT; r++)
		if (bt_home[r] != H_NONE)
			load_gs(e, bt_home[r], GS_GPR(r));
}

/* From saved state back to the caller of enter. */
static void
emit_leave(struct emit *e, enum bt_exit code)
{
	store_gs_imm(e, W32, GS(exit_code), (int32_t)code);
	store_gs(e, H_RSP, GS(ret_sp));
	load_gs(e, H_RSP, GS(host_rsp));
	alu_ri(e, W64, 0, H_RSP, 8);
	for (size_t i = ARRAY_LEN(host_saved); i-- > 0;)
		emit_pop(e, host_saved[i]);
	emit8(e, 0xc3);
}

static void
make_enter(struct bt_vm *t, struct emit *e)
{
	t->enter = emit_rx(e);
	for (size_t i = 0; i < ARRAY_LEN(host_saved); i++)
		emit_push(e, host_saved[i]);
	alu_ri(e, W64, 5, H_RSP, 8);
	store_gs(e, H_RSP, GS(host_rsp));
	store_gs(e, H_RSI, GS(tmp_target));
	load_gs(e, H_RSP, GS(ret_sp));
	emit_restore(e);
	op_gs(e, W32, 0xff, 4, GS(tmp_target));
}

static const uint8_t *
make_exit(struct emit *e, enum bt_exit code, uint32_t store_r11_to)
{
	const uint8_t *at = emit_rx(e);

	store_gs(e, H_R11, store_r11_to);
	emit_save(e);
	emit_leave(e, code);
	return at;
}

/*
 * Look s.rip up in one jump cache, from saved state, where flags are free.
 */
static void
make_tail(struct bt_vm *t, struct emit *e, enum bt_set s)
{
	uint32_t keys = GS(own.jc) + (uint32_t)(s * sizeof(struct jump_cache));
	uint32_t hosts = keys + (uint32_t)offsetof(struct jump_cache, host);
	uint8_t *miss;

	t->tail[s] = emit_rx(e);
	load_gs(e, H_R11, GS(c.s.rip));
	/* r10 = jc_index(r11) */
	mov_rr(e, H_R10, H_R11);
	shr_ri(e, W64, H_R10, 1);
	alu_ri(e, W32, 4, H_R10, JC_OFFSETS - 1);
	mov_rr(e, H_RCX, H_R11);
	shr_ri(e, W64, H_RCX, PAGE_SHIFT);
	alu_ri(e, W32, 4, H_RCX, 15);
	op_rr(e, W32, 0xc1, 4, H_RCX);		/* shl ecx, ... */
	emit8(e, JC_OFFSET_BITS);
	op_rr(e, W32, 0x09, H_RCX, H_R10);	/* or r10d, ecx */
	op_gsx8(e, W64, 0x03, H_R11, H_R10, keys);	/* add: 0 on a hit */
	miss = jcc_fwd(e, CC_NE);
	op_gsx8(e, W64, OP_LOAD, H_RAX, H_R10, hosts);
	store_gs(e, H_RAX, GS(tmp_target));
	emit_restore(e);
	op_gs(e, W32, 0xff, 4, GS(tmp_target));
	bind32(e, miss);
	emit_leave(e, BT_EXIT_LOOKUP);
}

/*
 * Call a C helper from a TU.  Arguments: r11, ecx, r10d as the helper's second
 * to fourth; the return address is on the return stack, and in rbx meanwhile,
 * for the helper may empty that.
 */
static const uint8_t *
make_call(struct bt_vm *t, struct emit *e, uint32_t fn, bool slow)
{
	const uint8_t *at = emit_rx(e);
	uint8_t *other, *leave;

	emit_save(e);
	load_gs(e, H_RDI, GS(self));
	if (slow) {
		mov_rr(e, H_RSI, H_R11);
		op_rr(e, W32, OP_LOAD, H_RDX, H_RCX);
		op_rr(e, W32, OP_LOAD, H_RCX, H_R10);
	} else {
		op_rr(e, W32, OP_LOAD, H_RSI, H_RCX);
		op_rr(e, W32, OP_LOAD, H_RDX, H_R10);
	}
	emit_pop(e, H_RBX);
	store_gs(e, H_RSP, GS(ret_sp));
	load_gs(e, H_RSP, GS(host_rsp));
	op_gs(e, W32, 0xff, 2, fn);
	load_gs(e, H_RSP, GS(ret_sp));
	op_rr(e, W32, 0x85, H_RAX, H_RAX);
	other = jcc_fwd(e, CC_NE);
	emit_push(e, H_RBX);
	emit_restore(e);
	if (slow) {
		load_gs(e, H_R10, GS(res_addend));
		load_gs(e, H_R11, GS(res_ea));
	}
	emit8(e, 0xc3);
	bind32(e, other);
	alu_ri(e, W32, 7, H_RAX, BT_TAIL);
	leave = jcc_fwd(e, CC_NE);
	op_gs(e, W32, 0xff, 4, GS(tail));
	bind32(e, leave);
	emit_leave(e, BT_EXIT_LOOKUP);
	return at;
}

/* Save flags in rcx, jump away unless r11 is canonical, restore. */
static uint8_t *
check_target(struct emit *e)
{
	uint8_t *bad;

	gen_flags_save(e);
	bad = gen_unless_canonical(e);
	gen_flags_restore(e);
	return bad;
}

/*
 * Where a RET that found another's frame, or none, goes on: r11 is its target,
 * r10 the number of its TU.  A non-canonical target makes the RET fault, so
 * RSP is put back.
 */
static void
make_ret_miss(struct bt_vm *t, struct emit *e, enum bt_set s)
{
	uint32_t keys = GS(own.jc) + (uint32_t)(s * sizeof(struct jump_cache));
	uint8_t *hit = NULL, *bad;

	t->ret_empty[s] = emit_rx(e);
	lea_rm(e, H_RSP, H_RSP, -8);
	t->ret_miss[s] = emit_rx(e);
	store_gs(e, H_R10, GS(exit_id));
	if (t->bmi2) {
		pext_gs(e, H_R10, H_R11, GS(mask_jc));
		op_gsx8(e, W64, OP_LOAD, H_RCX, H_R10, keys);
		lea_rr(e, H_RCX, H_RCX, H_R11);
		hit = short_fwd(e, OP_JRCXZ);
	}
	bad = check_target(e);
	jmp_to(e, t->bmi2 ? t->miss : t->probe_slow);
	if (hit) {
		bind8(e, hit);
		jmp_gsx8(e, H_R10, keys +
		    (uint32_t)offsetof(struct jump_cache, host));
	}
	bind32(e, bad);
	gen_flags_restore(e);
	lea_rm(e, H_R9, H_R9, -8);
	mov_ri(e, H_RCX, INFO_CALL(0, 0, 0, HELP_BAD_RET));
	load_gs(e, H_R10, GS(exit_id));
	call_to(e, t->call);
}

int
bt_stubs_make(struct bt_vm *t, struct err *e)
{
	struct emit em = {
		.p = t->rw, .end = t->rw + STUBS_SIZE,
		.rx_off = t->rx - t->rw,
	};

	make_enter(t, &em);
	t->exit_chain = make_exit(&em, BT_EXIT_CHAIN, GS(exit_id));
	t->poll = make_exit(&em, BT_EXIT_POLL, GS(exit_id));
	t->miss = make_exit(&em, BT_EXIT_LOOKUP, GS(c.s.rip));
	t->miss_later = emit_rx(&em);
	load_gs(&em, H_R11, GS(tmp_miss));
	jmp_to(&em, t->miss);
	t->probe_slow = emit_rx(&em);
	store_gs(&em, H_R11, GS(c.s.rip));
	emit_save(&em);
	op_gs(&em, W32, 0xff, 4, GS(tail));
	t->slow = make_call(t, &em, GS(fn_slow), true);
	for (int s = 0; s < SET_COUNT; s++)
		for (int write = 0; write < 2; write++) {
			t->tlb_miss[s][write] = bt_stub_tlb_miss(t, &em,
			    (enum bt_set)s, write);
			t->tlb_check[s][write] = bt_stub_tlb_check(t, &em,
			    (enum bt_set)s, write);
		}
	t->step = make_call(t, &em, GS(fn_step), false);
	t->call = make_call(t, &em, GS(fn_call), false);
	for (int s = 0; s < SET_COUNT; s++)
		make_tail(t, &em, (enum bt_set)s);
	for (int s = 0; s < SET_COUNT; s++)
		make_ret_miss(t, &em, (enum bt_set)s);
	t->tail_exit = emit_rx(&em);
	emit_leave(&em, BT_EXIT_LOOKUP);
	t->fault_exit = emit_rx(&em);
	emit_leave(&em, BT_EXIT_FAULT);
	if (em.overflow)
		return err_set(e, ERR_INTERNAL, "code cache: stubs too large");
	t->stubs_end = align_up((size_t)(em.p - t->rw), 64);
	t->region[0].start = t->region[0].used = t->stubs_end;
	return 0;
}
