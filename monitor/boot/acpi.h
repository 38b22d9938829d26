/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ACPI tables of the board (ACPI 6.4 chapter 5), in the BIOS ROM from
 * 0xE0000 on.  Only the FACS, which the guest writes, is in the EBDA.
 */
#ifndef TRIVISOR_MONITOR_BOOT_ACPI_H
#define TRIVISOR_MONITOR_BOOT_ACPI_H

#include "io/chip/acpi_pm.h"
#include "monitor/boot/memmap.h"

#define ACPI_SCI_IRQ 9
#define ACPI_RSDP MAP_BIOS
#define ACPI_FACS (MAP_EBDA + 0x400u)

struct acpi_config {
	unsigned vcpus;
	const uint8_t *apic_ids;	/* of them; borrowed */
	unsigned serials;	/* COM1.. */
	unsigned ioapic_id;
};

/* Everything fits by construction; call after memmap_populate(). */
void acpi_write_tables(struct gmem *g, const struct acpi_config *cfg);

/*
 * Set byte at so that the bytes of [0, len) sum up to zero: ACPI 5.2.3, and the
 * MP specification's tables alike.
 */
void acpi_checksum(uint8_t *t, size_t len, size_t at);

#endif
