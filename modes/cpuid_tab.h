/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables behind modes/cpuid.c: what becomes of every feature bit.  Used by
 * cpuid.c and its test only.
 */
#ifndef TRIVISOR_MODES_CPUID_TAB_H
#define TRIVISOR_MODES_CPUID_TAB_H

#include "modes/cpuid.h"

enum cpuid_reg { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };

enum cpuid_policy {
	CPUID_PASS,		/* offered if the host has it */
	CPUID_SET,		/* offered whatever the host has */
	CPUID_SET_AMD,		/* likewise, on AMD and Hygon */
	CPUID_SET_INTEL,	/* likewise, on all others */
	CPUID_STATE,		/* set by what the guest is or does */
	CPUID_HIDE,		/* not offered, because of why */
};

struct cpuid_bit {
	uint32_t leaf;
	uint8_t sub, reg, bit;
	const char *name;
	enum cpuid_policy policy;
	const char *why;
};

/* A register of a leaf that consists of feature bits. */
struct cpuid_word {
	uint32_t leaf;
	uint8_t sub, reg;
};

/* Bits with a policy of their own; sorted by leaf for reading only. */
extern const struct cpuid_bit cpuid_bits[];
extern const unsigned cpuid_n_bits;
/* X86_FEATURE_LIST by enumerator. */
extern const struct cpuid_bit cpuid_features[FEAT_COUNT];
extern const struct cpuid_word cpuid_words[];
extern const unsigned cpuid_n_words;

/* The row that rules a bit; NULL for one that no table knows. */
const struct cpuid_bit *cpuid_bit_find(uint32_t leaf, unsigned sub,
    unsigned reg, unsigned bit);

#endif
