/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables behind modes/cpuid.c: what becomes of every feature bit, and its
 * name, wherever people write or read one.  Used by cpuid*.c, cpu_model*.c and
 * their tests only.
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
extern const struct cpuid_word cpuid_words[CPUID_WORDS];

/* Bits of 0x80000001 EDX that AMD repeats from leaf 1, under their names. */
#define CPUID_REPEATED 0x0183f3ffu

/* Other spellings than '-', '_' and '.' make the same name anyway. */
struct cpuid_alias {
	const char *alias, *name;
};
extern const struct cpuid_alias cpuid_aliases[];
extern const unsigned cpuid_n_aliases;

/* What needs what; taking away the second takes the first away too. */
struct cpuid_need {
	enum x86_feature f, needs;
};
extern const struct cpuid_need cpuid_needs[];
extern const unsigned cpuid_n_needs;

/* The row that rules a bit; NULL for one that no table knows. */
const struct cpuid_bit *cpuid_bit_find(uint32_t leaf, unsigned sub,
    unsigned reg, unsigned bit);

/* The row of a feature by name, of len bytes; NULL when no table knows it. */
const struct cpuid_bit *cpuid_bit_named(const char *name, size_t len);

bool cpuid_set_has(const struct cpuid_set *s, const struct cpuid_bit *b);
void cpuid_set_put(struct cpuid_set *s, const struct cpuid_bit *b, bool on);

/* --- access to tables; cpuid_host.c --- */

const struct cpuid_leaf *cpuid_leaf_find(const struct cpuid_table *t,
    uint32_t leaf, uint32_t subleaf);
struct cpuid_regs cpuid_leaf_get(const struct cpuid_table *t, uint32_t leaf,
    uint32_t subleaf);
void cpuid_leaf_put(struct cpuid_table *t, uint32_t leaf, uint32_t subleaf,
    bool subleafs, struct cpuid_regs r);
uint32_t *cpuid_reg_of(struct cpuid_regs *r, unsigned reg);
/* Bring features[] in line with the leaves. */
void cpuid_collect_features(struct cpuid_table *t);
/* Was it taken away from the host? */
bool cpuid_dropped(const struct cpuid_host *h, unsigned f);

#endif
