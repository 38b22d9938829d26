/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the guest's x87/SSE/AVX state lives: in c->s.xsave, or (while an
 * engine of ours runs) in the host's own registers, with the guest's MXCSR
 * and control word in force.
 *
 * run() does x86_fpu_load() on entry and x86_fpu_save() on exit.  Code that is
 * about to call something that may use vector registers brackets it with
 * x86_fpu_out()/x86_fpu_in(), which do nothing when the state is not live.
 * Owning thread.
 */
#ifndef TRIVISOR_MODES_X86_FPU_H
#define TRIVISOR_MODES_X86_FPU_H

#include "modes/engine.h"

/* Power-up state into c->s.xsave (SDM 1 13.2, FCW 0x37f, MXCSR 0x1f80). */
void x86_fpu_reset(struct vcpu *c);
void x86_fpu_load(struct vcpu *c);
void x86_fpu_save(struct vcpu *c);

/* Returns whether the state was live, to be given to x86_fpu_in(). */
static inline bool
x86_fpu_out(struct vcpu *c)
{
	if (!c->fpu_live)
		return false;
	x86_fpu_save(c);
	return true;
}

static inline void
x86_fpu_in(struct vcpu *c, bool was_live)
{
	if (was_live)
		x86_fpu_load(c);
}

#endif
