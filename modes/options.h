/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user may switch on an engine.  Filled by the monitor from the VM's
 * configuration and command line; engines only read it.
 */
#ifndef TRIVISOR_MODES_OPTIONS_H
#define TRIVISOR_MODES_OPTIONS_H

#include "base/base.h"

struct engine_options {
	uint64_t code_cache_bytes;	/* 0: 64 MiB */
	bool exact_flags;	/* keep dead flags in fault frames too */
	unsigned tlb_entries;	/* 0: default; 1 for tests */
	bool no_chain;		/* every exit goes through the dispatcher */
	bool host_no_bmi2;	/* --host-without=bmi2: use no BMI2 ourselves */
	bool count_insns;	/* bt: count retired instructions exactly */
	unsigned flush_every;	/* tests: flush the code cache now and then */
};

#endif
