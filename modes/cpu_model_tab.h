/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of CPU models; used by cpu_model.c and its test only.
 */
#ifndef TRIVISOR_MODES_CPU_MODEL_TAB_H
#define TRIVISOR_MODES_CPU_MODEL_TAB_H

#include "base/base.h"

enum cpu_vendor { CPU_ANY, CPU_INTEL, CPU_AMD, CPU_HYGON };

/* Features: names, with '-' before those of the parent's that it lacks. */
struct cpu_model_row {
	const char *name;
	const char *parent;	/* a row further up; NULL none */
	enum cpu_vendor vendor;
	uint8_t family;
	uint8_t model;
	uint8_t stepping;
	const char *features;
};

struct cpu_model_alias {
	const char *name, *row;
};

/* A name of a feature that is no CPUID bit of ours. */
struct cpu_other_feature {
	const char *name;
	const char *why;	/* it is never given; NULL: it always is */
};

extern const struct cpu_model_row cpu_models[];
extern const unsigned cpu_n_models;
extern const struct cpu_model_alias cpu_model_aliases[];
extern const unsigned cpu_n_model_aliases;
extern const struct cpu_other_feature cpu_other_features[];
extern const unsigned cpu_n_other_features;
/*
 * What every model gets as far as the vendor has it: the interrupt controller
 * and the timer of a virtual machine, and the bits that say that the guest
 * need not work around anybody's speculation (modes/cpuid_tab.c).
 */
extern const char cpu_model_base[];

#endif
