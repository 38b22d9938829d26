/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user may switch on an engine.  Filled by the monitor from the VM's
 * configuration and command line; engines only read it.
 */
#ifndef TRIVISOR_MODES_OPTIONS_H
#define TRIVISOR_MODES_OPTIONS_H

#include "base/base.h"
#include "base/err.h"

/*
 * Parts the translator can do without, to find out which of them is to blame:
 * bits of engine_options.disable, their names (--bt-disable) in options.c.
 */
enum bt_part {
	BT_PART_CHAIN = 1 << 0,	/* patched jumps; cross needs them */
	BT_PART_CROSS = 1 << 1,	/* patched jumps between pages */
	BT_PART_CALLRET = 1 << 2,	/* host call and return pairs */
	BT_PART_IMAGES = 1 << 3,	/* a TLB image per address space */
	BT_PART_RELOC = 1 << 4,	/* copies of translations at other VAs */
	BT_PART_EVICT = 1 << 5,	/* a full cache is emptied piece by piece */
	BT_PART_NEAR = 1 << 6,	/* short checks near the access before */
	BT_PART_SWAP = 1 << 7,	/* displaced TLB entries change places */
	BT_PART_ALL = (1 << 8) - 1,
};

struct engine_options {
	uint64_t code_cache_bytes;	/* 0: 64 MiB */
	bool exact_flags;	/* keep dead flags in fault frames too */
	unsigned tlb_entries;	/* 0: default; 1 for tests */
	uint32_t disable;	/* enum bt_part */
	bool host_no_bmi2;	/* --host-without=bmi2: use no BMI2 ourselves */
	bool perf_map;		/* bt: name code for perf ... */
	int perf_fd;		/* ... in this file; borrowed */
	bool count_insns;	/* bt: count retired instructions exactly */
	bool verify_reloc;	/* tests: compare copies with translations */
	/* Tests: flush the code cache at random, on average every so often. */
	unsigned flush_every;
	uint64_t flush_seed;
};

/*
 * Comma-separated names of parts to *parts.  -EINVAL, naming the first that is
 * no part and those that are; *parts is then unchanged.
 */
MUST_USE int bt_parts_parse(const char *list, uint32_t *parts, struct err *e);
/* The nth of these names, for people to choose from; NULL after the last. */
const char *bt_part_name(unsigned n);

#endif
