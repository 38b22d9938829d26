/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MP tables: what a system without ACPI reads to find its processors.
 */
#ifndef TRIVISOR_MONITOR_BOOT_MPTABLE_H
#define TRIVISOR_MONITOR_BOOT_MPTABLE_H

#include "mmu/gmem.h"

/* The last KiBs of the BIOS ROM; ACPI's tables are at its beginning. */
#define MPTABLE_POINTER 0xfe000u
#define MPTABLE_SIZE 0x1000u

struct mptable_config {
	unsigned vcpus;
	const uint8_t *apic_ids;	/* of them; borrowed */
	unsigned ioapic_id;
	uint32_t signature;	/* CPUID 1 EAX */
	uint32_t features;	/* and EDX */
};

/* Everything fits by construction; call after memmap_populate(). */
void mptable_write(struct gmem *g, const struct mptable_config *cfg);

#endif
