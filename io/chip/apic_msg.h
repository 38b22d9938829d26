/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One interrupt message on its way to the local APICs, be it from an I/O
 * APIC pin, an MSI or another local APIC's ICR (SDM 3, 11.6.1 and 11.11).
 */
#ifndef TRIVISOR_IO_CHIP_APIC_MSG_H
#define TRIVISOR_IO_CHIP_APIC_MSG_H

#include "base/base.h"

/* Delivery modes, as encoded in the ICR, LVT, redirection table and MSI. */
enum {
	APIC_FIXED = 0, APIC_LOWEST = 1, APIC_SMI = 2, APIC_NMI = 4,
	APIC_INIT = 5, APIC_STARTUP = 6, APIC_EXTINT = 7,
};

#define APIC_BROADCAST UINT32_C(0xffffffff)

struct apic_msg {
	uint32_t dest;		/* APIC_BROADCAST: everybody (physical) */
	bool logical;
	uint8_t delivery;	/* APIC_FIXED... */
	uint8_t vector;
	bool assert;		/* level; false only for INIT deassert */
	bool level_trigger;
};

/* A write of data to 0xfeexxxxx (SDM 3, 11.11). */
static inline struct apic_msg
apic_msg_from_msi(uint64_t addr, uint32_t data)
{
	uint8_t dest = (uint8_t)(addr >> 12);
	struct apic_msg m = {
		.dest = dest,
		.logical = (addr & 4) != 0,
		.delivery = data >> 8 & 7,
		.vector = (uint8_t)data,
		.assert = true,
		.level_trigger = (data & 0x8000) != 0,
	};

	if (!m.logical && dest == 0xff)
		m.dest = APIC_BROADCAST;
	return m;
}

#endif
