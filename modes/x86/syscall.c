/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYSCALL, SYSRET, SYSENTER, SYSEXIT: SDM 2 under each, and AMD APM 3 where
 * AMD's processors differ (they know SYSCALL outside 64-bit mode, but not
 * SYSENTER in long mode).
 */
#include "modes/x86/priv.h"

int
x86_syscall(struct vcpu *c, uint64_t next)
{
	uint16_t sel = (c->s.star >> 32) & 0xfffc;
	bool code64 = x86_code64(c);

	if (!(c->s.efer & EFER_SCE) || (!code64 && !c->amd) || x86_real(c))
		return x86_raise(c, VEC_UD);
	c->s.gpr[RCX] = x86_long_mode(c) ? next : (uint32_t)next;
	if (x86_long_mode(c)) {
		c->s.gpr[R11] = c->s.rflags & ~(uint64_t)FLAG_RF;
		c->s.rip = code64 ? c->s.lstar : c->s.cstar;
		c->s.rflags &= ~(c->s.sfmask | FLAG_RF);
	} else {
		c->s.rip = (uint32_t)c->s.star;
		c->s.rflags &= ~(uint64_t)(FLAG_VM | FLAG_IF | FLAG_RF);
	}
	c->s.rflags |= FLAG_FIXED1;
	c->s.seg[SEG_CS] = x86_flat_code(sel, 0, x86_long_mode(c));
	c->s.seg[SEG_SS] = x86_flat_data((uint16_t)(sel + 8), 0);
	x86_set_cpl(c, 0);
	c->walk.rflags = c->s.rflags;
	return 0;
}

/* SS after SYSRET: AMD leaves all of it but the selector and DPL alone. */
static void
sysret_ss(struct vcpu *c, uint16_t sel)
{
	struct seg_reg *ss = &c->s.seg[SEG_SS];

	if (!c->amd) {
		*ss = x86_flat_data(sel, 3);
		return;
	}
	ss->selector = sel;
	ss->attr |= SEG_DPL;
}

int
x86_sysret(struct vcpu *c, unsigned size)
{
	/* SDM 2, SYSRET: RF and VM are cleared. */
	const uint64_t flags = 0x3c7fd7;
	uint16_t sel = (c->s.star >> 48) & 0xfffc;
	bool to64 = size == 8;

	if (!(c->s.efer & EFER_SCE) || (!x86_code64(c) && !c->amd) ||
	    x86_real(c))
		return x86_raise(c, VEC_UD);
	if (c->s.cpl)
		return x86_raise_error(c, VEC_GP, 0);
	if (to64 && !c->amd && !x86_canonical(c, c->s.gpr[RCX]))
		return x86_raise_error(c, VEC_GP, 0);
	if (x86_long_mode(c))
		c->s.rflags = (c->s.gpr[R11] & flags) | FLAG_FIXED1;
	else
		c->s.rflags |= FLAG_IF;
	if (to64) {
		c->s.rip = c->s.gpr[RCX];
		sel = (uint16_t)(sel + 16);
	} else {
		c->s.rip = (uint32_t)c->s.gpr[RCX];
	}
	c->s.seg[SEG_CS] = x86_flat_code(sel | 3, 3, to64);
	sysret_ss(c, (uint16_t)((((c->s.star >> 48) & 0xfffc) + 8) | 3));
	x86_set_cpl(c, 3);
	c->walk.rflags = c->s.rflags;
	return 0;
}

int
x86_sysenter(struct vcpu *c)
{
	uint16_t sel = c->s.sysenter_cs & 0xfffc;
	bool lm = x86_long_mode(c);

	if (lm && c->amd)
		return x86_raise(c, VEC_UD);
	if (x86_real(c) || !sel)
		return x86_raise_error(c, VEC_GP, 0);
	c->s.rflags &= ~(uint64_t)(FLAG_VM | FLAG_IF | FLAG_RF);
	c->s.gpr[RSP] = lm ? c->s.sysenter_esp : (uint32_t)c->s.sysenter_esp;
	c->s.rip = lm ? c->s.sysenter_eip : (uint32_t)c->s.sysenter_eip;
	c->s.seg[SEG_CS] = x86_flat_code(sel, 0, lm);
	c->s.seg[SEG_SS] = x86_flat_data((uint16_t)(sel + 8), 0);
	x86_set_cpl(c, 0);
	c->walk.rflags = c->s.rflags;
	return 0;
}

int
x86_sysexit(struct vcpu *c, unsigned size)
{
	uint16_t sel = c->s.sysenter_cs & 0xfffc;
	uint64_t rcx = c->s.gpr[RCX];
	uint64_t rdx = c->s.gpr[RDX];

	if (x86_long_mode(c) && c->amd)
		return x86_raise(c, VEC_UD);
	if (x86_real(c) || !sel || c->s.cpl)
		return x86_raise_error(c, VEC_GP, 0);
	if (size == 8) {
		if (!x86_canonical(c, rcx) || !x86_canonical(c, rdx))
			return x86_raise_error(c, VEC_GP, 0);
		sel = (uint16_t)(sel + 32);
	} else {
		rcx = (uint32_t)rcx;
		rdx = (uint32_t)rdx;
		sel = (uint16_t)(sel + 16);
	}
	c->s.gpr[RSP] = rcx;
	c->s.rip = rdx;
	c->s.seg[SEG_CS] = x86_flat_code(sel | 3, 3, size == 8);
	c->s.seg[SEG_SS] = x86_flat_data((uint16_t)((sel + 8) | 3), 3);
	x86_set_cpl(c, 3);
	return 0;
}
