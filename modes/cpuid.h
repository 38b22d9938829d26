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
	/* Widths of the parts of an APIC id, and how many of each there are. */
	uint8_t thread_bits, core_bits, die_bits;
	uint16_t threads, cores, dies;
};

/* A set of feature bits: a word per row of cpuid_words (cpuid_tab.h). */
#define CPUID_WORDS 20
struct cpuid_set {
	uint32_t w[CPUID_WORDS];
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
 * At start-up, before any guest code.
 */
MUST_USE int cpuid_host_read(struct cpuid_host *h, const char *without,
    struct err *e);

/* AMD's or Hygon's? */
bool cpuid_is_amd(const struct cpuid_host *h);
/* What the translator and the interpreter can give a guest on this host. */
void cpuid_offered(const struct cpuid_host *h, struct cpuid_set *s);
/* "avx2, bmi2": as many as fit; how many there are. */
unsigned cpuid_set_names(const struct cpuid_set *s, char *buf, size_t size);

/* The processor a guest is to see. */
struct cpuid_guest {
	unsigned n_vcpus;
	const struct cpuid_set *set;	/* NULL: all that is offered */
	/*
	 * Of a model that is the same on every host: family, model and
	 * stepping as in leaf 1, and caches of a fixed size.  0: the host's.
	 */
	uint32_t signature;
	const char *brand;		/* NULL: the host's */
	/* 0 threads: one socket, a core for every vCPU. */
	unsigned sockets, dies, cores, threads;
	bool no_kvmclock;
};

/*
 * The table for it, with hypervisor leaves KVMKVMKVM at 0x40000000 and tsc_khz
 * in 0x40000010.  -EINVAL with ERR_CPU_INCOMPATIBLE, naming the features, when
 * set asks for more than is offered.  Also tells the decoder
 * (insn_decode_set_vendor()) whose processor it is: the guest is given the
 * host's vendor.
 */
MUST_USE int cpuid_build(struct cpuid_table *t, const struct cpuid_host *h,
    const struct cpuid_guest *g, uint64_t tsc_khz, struct err *e);
/* The same for host-passthrough without a topology. */
MUST_USE int cpuid_resolve(struct cpuid_table *t, const struct cpuid_host *h,
    unsigned n_vcpus, uint64_t tsc_khz, struct err *e);

/* The APIC id of a vCPU, by its number. */
unsigned cpuid_apic_id(const struct cpuid_table *t, unsigned vcpu);

/*
 * Answer CPUID for one vCPU: the table plus what depends on state (APIC id,
 * OSXSAVE, XSAVE sizes by xcr0).  Vector-free.
 */
void cpuid_answer(const struct cpuid_table *t, uint32_t leaf, uint32_t subleaf,
    unsigned vcpu, uint64_t cr4, uint64_t xcr0, uint64_t xss,
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
