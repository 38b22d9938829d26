/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU models: from what a definition asks for (struct vm_cpu_want) and what
 * the host has to the feature bits that the guest is given.  Resolved once,
 * before a start, and from then on part of the VM's configuration; an engine
 * that cannot give all of it refuses.  Linked by the daemon: base/, vm/ and
 * the CPUID tables only.
 *
 * A model's name is frozen: what it means never changes.  x86-64-v1 to -v4 are
 * the levels of the System V psABI with the system features that come with
 * them; a name without a version is version 1 ("x86-64-v2" is "x86-64-v2-v1"),
 * today and for ever.  The others are libvirt's names; as with QEMU, "-v1" and
 * so on are versions of them.
 *
 * Every model also gets what belongs to being a virtual machine here: see
 * cpu_model_base.  A bit of a model that no engine of ours gives on any host is
 * left out with a note; one that this host lacks is an error.
 */
#ifndef TRIVISOR_MODES_CPU_MODEL_H
#define TRIVISOR_MODES_CPU_MODEL_H

#include "modes/cpuid.h"
#include "vm/tune.h"

#define CPU_MODEL_MAX_NOTES 8
#define CPU_MODEL_NOTE_MAX 256

/* A processor, resolved. */
struct cpu_model {
	char name[VM_CPU_NAME_MAX];	/* "host-passthrough", "Haswell" ... */
	struct cpuid_set set;
	uint32_t signature;		/* as in struct cpuid_guest */
	char brand[48];			/* "" the host's */
	/* What was left out or could not be done, for people. */
	unsigned n_notes;
	char notes[CPU_MODEL_MAX_NOTES][CPU_MODEL_NOTE_MAX];
};

/*
 * ERR_CPU_INCOMPATIBLE with the missing features, ERR_CONFIG_UNSUPPORTED for
 * a model or feature that nobody knows; with the line in the document.
 */
MUST_USE int cpu_model_resolve(struct cpu_model *out,
    const struct cpuid_host *h, const struct vm_cpu_want *want,
    struct err *e);

/* "1.0.c:fed83203,...", words that are 0 left out; false: does not fit. */
bool cpu_set_print(const struct cpuid_set *s, char *buf, size_t size);
/* Exact; false for what it has not printed. */
bool cpu_set_parse(const char *text, struct cpuid_set *s);

/* Names, one by one, from *at = 0 on; NULL at the end. */
const char *cpu_set_next(const struct cpuid_set *s, unsigned *at);

/* A bit that CPUID can have. */
struct cpu_feature_info {
	const char *name;
	uint32_t leaf;
	unsigned subleaf, bit;
	const char *reg;		/* "eax" ... */
	bool offered;			/* it is in the set */
	const char *why;		/* no host's guests get it; NULL: can be */
};
/*
 * All of them, one by one, from *at = 0 on; false at the end.  offered is as of
 * cpuid_offered().
 */
bool cpu_feature_next(const struct cpuid_set *offered, unsigned *at,
    struct cpu_feature_info *f);

/* --- the catalogue --- */

/* "x86-64-v1" ...: the n-th model; NULL after the last. */
const char *cpu_model_name(unsigned n);
/* "Intel", "AMD", "Hygon", "" any; NULL when there is no such model. */
const char *cpu_model_vendor(const char *name);
/*
 * Which of its features this host lacks, and which no host of ours gives.
 * false when there is no such model.
 */
bool cpu_model_missing(const struct cpuid_host *h, const char *name,
    struct cpuid_set *missing, struct cpuid_set *left_out);
/* All of its features. */
bool cpu_model_features(const char *name, struct cpuid_set *s);
/*
 * The model that has most of what this host offers and nothing that it lacks:
 * what host-model is described as.
 */
const char *cpu_model_nearest(const struct cpuid_host *h);
/* "Intel" for GenuineIntel, as in <vendor>. */
const char *cpu_vendor_name(const struct cpuid_host *h);

#endif
