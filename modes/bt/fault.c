/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host signals raised by translated code: the guest's own divide errors, SIMD
 * and x87 exceptions, misaligned SSE operands.  The guest's registers are in
 * the host's when that happens; they are stored from the signal context, the
 * exception is noted, and the context is changed to leave translated code.
 * And the end of the return stack is noticed here.
 */
#include "modes/bt/layout.h"

#include <signal.h>
#include <ucontext.h>

#include "modes/x86/hostfault.h"
#include "modes/x86/x86.h"

/* Where the kernel keeps host registers in a signal context. */
static const int greg_of[16] = {
	[H_RAX] = REG_RAX, [H_RCX] = REG_RCX, [H_RDX] = REG_RDX,
	[H_RBX] = REG_RBX, [H_RSP] = REG_RSP, [H_RBP] = REG_RBP,
	[H_RSI] = REG_RSI, [H_RDI] = REG_RDI, [H_R8] = REG_R8,
	[H_R9] = REG_R9, [H_R10] = REG_R10, [H_R11] = REG_R11,
	[H_R12] = REG_R12, [H_R13] = REG_R13, [H_R14] = REG_R14,
	[H_R15] = REG_R15,
};

static void
take_registers(struct bt_vcpu *b, const greg_t *gr)
{
	uint64_t fl = (uint64_t)gr[REG_EFL];

	for (unsigned r = 0; r < GPR_COUNT; r++) {
		if (bt_home[r] == H_NONE ||
		    (b->in_xrstor && (r == RAX || r == RDX)))
			continue;
		b->c.s.gpr[r] = (uint64_t)gr[greg_of[bt_home[r]]];
	}
	b->in_xrstor = 0;
	b->hostflags = (fl & 0xd5) << 8 | (fl >> 11 & 1);
}

/* The guest exception behind the host's, by vector (SDM 3 6.15). */
static void
raise_for(struct vcpu *c, greg_t vector)
{
	switch (vector) {
	case VEC_DE:
	case VEC_UD:
	case VEC_MF:
		x86_raise(c, (enum vector)vector);
		break;
	case VEC_XM:
		x86_raise(c, c->s.cr4 & CR4_OSXMMEXCPT ? VEC_XM : VEC_UD);
		break;
	default:
		x86_raise_error(c, VEC_GP, 0);
		break;
	}
}

/* The host's CALL found the return stack full: it is to be done again. */
static bool
make_room(const struct bt_vcpu *b, const siginfo_t *si, greg_t *gr)
{
	uint64_t sp = bt_ret_overflow(b, (uint64_t)(uintptr_t)si->si_addr,
	    (uint64_t)gr[REG_RSP]);

	if (!sp)
		return false;
	gr[REG_RSP] = (greg_t)sp;
	return true;
}

static bool
on_fault(int sig, siginfo_t *si, ucontext_t *uc)
{
	greg_t *gr = uc->uc_mcontext.gregs;
	const uint8_t *pc = (const uint8_t *)(uintptr_t)gr[REG_RIP];
	struct bt_vcpu *b = bt_current;
	struct tu *u;

	if (!b || !b->in_code || pc < b->bt->rx ||
	    pc >= b->bt->rx + b->bt->cache_size)
		return false;
	if (sig == SIGSEGV && make_room(b, si, gr))
		return true;
	if (pc < b->bt->rx + b->bt->stubs_end)
		return false;
	u = bt_tu_at(b->bt, pc);
	if (!u)
		return false;
	take_registers(b, gr);
	b->c.s.rip = bt_tu_rip(u, pc);
	raise_for(&b->c, gr[REG_TRAPNO]);
	gr[REG_RIP] = (greg_t)(uintptr_t)b->bt->fault_exit;
	return true;
}

int
bt_fault_init(struct err *e)
{
	return hostfault_register(on_fault, e);
}
