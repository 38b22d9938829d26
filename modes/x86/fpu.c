/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving the guest's x87, SSE and AVX state between c->s.xsave and the host's
 * registers (SDM 1 chapter 13), standard format.
 *
 * The components moved are all that the host has enabled and a guest may be
 * given; PKRU is the host process's own.  Hosts without XSAVE use FXSAVE,
 * whose image is the first 512 bytes of the same area.
 */
#include "modes/x86/fpu.h"

#include "base/copy.h"
#include "modes/cpuid.h"
#include "modes/x86/priv.h"

/* x87, SSE, AVX, and the three AVX-512 components. */
#define XSTATE_MOVED UINT64_C(0xe7)

#define MXCSR_DEFAULT 0x1f80u
#define FCW_DEFAULT 0x37fu

static uint64_t
mask_of(const struct vcpu *c)
{
	return c->vm->cpuid ? c->vm->cpuid->host_xcr0 & XSTATE_MOVED : 0;
}

void
x86_fpu_reset(struct vcpu *c)
{
	const uint16_t fcw = FCW_DEFAULT;
	const uint32_t mxcsr = MXCSR_DEFAULT;

	/* XSTATE_BV of zero: every component in its initial state. */
	fill_bytes(c->s.xsave, 0, sizeof(c->s.xsave));
	__builtin_memcpy(c->s.xsave, &fcw, sizeof(fcw));
	__builtin_memcpy(c->s.xsave + 24, &mxcsr, sizeof(mxcsr));
	c->fpu_live = false;
}

void
x86_fpu_load(struct vcpu *c)
{
	uint64_t mask = mask_of(c);

	if (mask)
		__asm__ volatile("xrstor64 %0" : : "m"(c->s.xsave),
		    "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32)));
	else
		__asm__ volatile("fxrstor64 %0" : : "m"(c->s.xsave));
	c->fpu_live = true;
}

void
x86_fpu_save(struct vcpu *c)
{
	static const uint32_t mxcsr = MXCSR_DEFAULT;
	uint64_t mask = mask_of(c);

	if (mask)
		__asm__ volatile("xsave64 %0" : "+m"(c->s.xsave)
		    : "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32)));
	else
		__asm__ volatile("fxsave64 %0" : "+m"(c->s.xsave));
	/*
	 * C code expects an empty x87 stack and nothing unmasked.  When the
	 * x87 is in its initial state it needs no FNINIT.
	 */
	if (!mask || c->s.xsave[512] & 1)
		__asm__ volatile("fninit");
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	c->fpu_live = false;
}
