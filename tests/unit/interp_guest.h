/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest machine that can run the interpreter: RAM, flat 64-bit page
 * tables over the area of interp_host.h, an IDT that only tells which vector
 * was delivered.
 */
#ifndef TRIVISOR_TESTS_INTERP_GUEST_H
#define TRIVISOR_TESTS_INTERP_GUEST_H

#include "modes/cpuid.h"
#include "modes/engine.h"

struct guest {
	struct vm vm;
	struct vcpu *c;		/* owned */
	struct cpuid_host host;
	struct cpuid_table cpuid;
	uint8_t *area;		/* host pointer to the area's RAM */
	uint8_t *low;		/* host pointer to guest physical 0 */
};

/* A page at HOLE_AT is present, its neighbours are not. */
#define HOLE_AT UINT64_C(0x10400000)
/* A page behind RAM. */
#define MMIO_AT UINT64_C(0x10408000)

void guest_init(struct guest *g);
void guest_fini(struct guest *g);
/* Flat 64-bit supervisor state, registers zero. */
void guest_reset_64(struct guest *g);
/* Protected 32-bit and real-address mode, flat, paging off. */
void guest_reset_32(struct guest *g);
void guest_reset_16(struct guest *g);
/*
 * Step until rip is end, an exception is delivered or max steps are done.
 * Returns the vector or -1, and the faulting rip.
 */
int guest_run(struct guest *g, uint64_t end, unsigned max, uint64_t *rip);

#endif
