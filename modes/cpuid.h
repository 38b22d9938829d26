/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID belongs to the domain: a CPU model is resolved once into a table that
 * every engine answers from.  The host's own CPUID instruction is executed
 * only here, at start-up (it costs microseconds on a nested host).
 */
#ifndef TRIVISOR_MODES_CPUID_H
#define TRIVISOR_MODES_CPUID_H

#include "base/err.h"
#include "modes/x86/feature.h"

struct cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};

struct cpuid_leaf {
	uint32_t leaf, subleaf;
	bool subleafs;		/* subleaf counts; else any ECX matches */
	struct cpuid_regs r;
};

#define CPUID_MAX_LEAVES 96

struct cpuid_table {
	struct cpuid_leaf leaf[CPUID_MAX_LEAVES];
	unsigned n;
	uint32_t max_basic, max_ext;
	uint64_t features[FEAT_COUNT / 64 + 1];	/* bit per x86_feature */
	uint64_t xcr0_mask;	/* what XSETBV may set */
	uint64_t host_xcr0;
	uint8_t phys_bits;
};

/* The host as CPUID shows it, less what without names. */
struct cpuid_host {
	struct cpuid_table t;
	char vendor[13];
	uint64_t dropped[(FEAT_COUNT + 63) / 64];	/* taken away */
};

/*
 * Read the host's CPUID.  without is a comma-separated list of feature names
 * as in X86_FEATURE_LIST, "avx512" meaning all of them, or NULL: the host is
 * made to look poorer, dependent features go too.  -EINVAL for unknown names.
 * Also tells the decoder (insn_decode_set_vendor()) whose processor it is: the
 * guest is given the host's vendor.  At start-up, before any guest code.
 */
MUST_USE int cpuid_host_read(struct cpuid_host *h, const char *without,
    struct err *e);

/*
 * Resolve model host-passthrough for the translator and interpreter: what the
 * host has and the engines support, topology for n_vcpus, hypervisor leaves
 * KVMKVMKVM at 0x40000000 (kvmclock, stable), tsc_khz in 0x15/0x40000010.
 */
MUST_USE int cpuid_resolve(struct cpuid_table *t, const struct cpuid_host *h,
    unsigned n_vcpus, uint64_t tsc_khz, struct err *e);

/*
 * Answer CPUID for one vCPU: the table plus what depends on state (APIC id,
 * OSXSAVE, XSAVE sizes by xcr0).  Vector-free.
 */
void cpuid_answer(const struct cpuid_table *t, uint32_t leaf, uint32_t subleaf,
    unsigned apic_id, uint64_t cr4, uint64_t xcr0, uint64_t xss,
    struct cpuid_regs *r);

static inline bool
cpuid_has(const struct cpuid_table *t, enum x86_feature f)
{
	return f == FEAT_NONE || (t->features[f / 64] >> (f % 64) & 1);
}

/*
 * Every host feature bit that is not offered, with the reason; for the test
 * and for people.  Returns NULL when the bit is offered or absent on the host.
 */
const char *cpuid_why_not(enum x86_feature f);

#endif
