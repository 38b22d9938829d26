/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host processor as oracle: runs a few instructions natively from a given
 * register state and tells what came of it.  Code, data and stack lie at
 * fixed addresses that the guest has, too.
 */
#ifndef TRIVISOR_TESTS_INTERP_HOST_H
#define TRIVISOR_TESTS_INTERP_HOST_H

#include <stdbool.h>
#include <stdint.h>

#define AREA_BASE UINT64_C(0x10000000)
#define AREA_SIZE UINT64_C(0x200000)
#define CODE_AT (AREA_BASE + 0x1000)
#define DATA_AT (AREA_BASE + 0x10000)
#define DATA_SIZE UINT64_C(0x3000)
#define STACK_AT (AREA_BASE + 0x20000)
#define STACK_SIZE UINT64_C(0x1000)

struct host_state {
	uint64_t gpr[16];
	uint64_t rflags;
	uint64_t rip;		/* where it ended */
	int vector;		/* -1: no fault */
	uint8_t xsave[4096] __attribute__((aligned(64)));
};

/* Map the area; false if the address is taken. */
bool host_init(void);
void host_fini(void);
/* Can the host run this mode (enum insn_mode) in a user process? */
bool host_can(unsigned mode);
/*
 * Run len bytes of code of that mode in *s; results replace it.  Outside
 * 64-bit mode data and stack segments are flat with 32-bit addresses.
 */
void host_run(struct host_state *s, const uint8_t *code, unsigned len,
    unsigned mode);

#endif
