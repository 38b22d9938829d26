/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random instructions out of the decoder's table, with registers set so that
 * memory operands stay in the data area.  Deterministic from the seed.
 */
#ifndef TRIVISOR_TESTS_INTERP_GEN_H
#define TRIVISOR_TESTS_INTERP_GEN_H

#include "modes/cpuid.h"
#include "modes/x86/decode.h"
#include "tests/unit/interp_host.h"

struct gen {
	uint64_t seed;
	const struct cpuid_table *cpuid;
	uint32_t classes;	/* bit per enum insn_class wanted */
	enum insn_mode mode;
	uint32_t *hits;		/* per row of insn_tab, may be NULL */
};

uint64_t gen_random(struct gen *g);
/* Random registers, flags and vectors; RSP in the middle of the stack. */
void gen_state(struct gen *g, struct host_state *s);
/*
 * One instruction that is safe to run natively in *s, which is adapted.
 * Returns its length.
 */
unsigned gen_insn(struct gen *g, struct host_state *s, struct insn *i);

#endif
