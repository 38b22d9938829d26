/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MultiProcessor Specification's tables (1.4), for systems that do not
 * read ACPI's: processors, buses, the I/O APIC and what is wired to its pins.
 * The floating pointer is where chapter 4 has it looked for, in the BIOS ROM.
 */
#include "monitor/boot/mptable.h"

#include <string.h>

#include "monitor/boot/acpi.h"
#include "monitor/boot/memmap.h"

enum {
	MP_POINTER = 16, MP_HEADER = 44, MP_PROCESSOR = 20, MP_OTHER = 8,
	MP_REVISION = 4,
	H_LENGTH = 4, H_REVISION = 6, H_CHECKSUM = 7, H_OEM = 8,
	H_PRODUCT = 16, H_ENTRIES = 34, H_LAPIC = 36,
	P_TABLE = 4, P_LENGTH = 8, P_REVISION = 9, P_CHECKSUM = 10,
	BUS_PCI = 0, BUS_ISA = 1, PCI_SLOTS = 32,
};

/* Types of entries; of interrupts. */
enum { CPU = 0, BUS = 1, IOAPIC = 2, IO_INT = 3, LOCAL_INT = 4 };
enum { INT = 0, NMI = 1, EXTINT = 3 };
/* Flags of an interrupt: as its bus has it, or level, active low. */
enum { CONFORMS = 0, LEVEL_LOW = 0xf };

struct table {
	uint8_t t[MPTABLE_SIZE - MP_POINTER];
	size_t len;
	unsigned entries;
};

static uint8_t *
add(struct table *b, uint8_t type, size_t size)
{
	uint8_t *e = b->t + b->len;

	BUG_ON(b->len + size > sizeof(b->t));
	memset(e, 0, size);
	e[0] = type;
	b->len += size;
	b->entries++;
	return e;
}

static void
put(uint8_t *t, uint32_t v, size_t size)
{
	memcpy(t, &v, size);
}

static void
add_processors(struct table *b, const struct mptable_config *cfg)
{
	for (unsigned i = 0; i < cfg->vcpus; i++) {
		uint8_t *e = add(b, CPU, MP_PROCESSOR);

		e[1] = cfg->apic_ids[i];
		e[2] = 0x14;		/* version of the local APIC */
		e[3] = i == 0 ? 3 : 1;	/* enabled; bootstrap */
		put(e + 4, cfg->signature, 4);
		put(e + 8, cfg->features, 4);
	}
}

static void
add_bus(struct table *b, uint8_t id, const char *name)
{
	uint8_t *e = add(b, BUS, MP_OTHER);

	e[1] = id;
	memcpy(e + 2, name, 6);
}

static void
add_interrupt(struct table *b, uint8_t type, uint8_t kind, uint8_t flags,
    uint8_t bus, unsigned source, uint8_t to, unsigned pin)
{
	uint8_t *e = add(b, type, MP_OTHER);

	e[1] = kind;
	e[2] = flags;
	e[4] = bus;
	e[5] = (uint8_t)source;
	e[6] = to;
	e[7] = (uint8_t)pin;
}

static void
add_interrupts(struct table *b, uint8_t ioapic)
{
	for (unsigned n = 0; n < 16; n++)
		if (n != 2)
			add_interrupt(b, IO_INT, INT, CONFORMS, BUS_ISA, n,
			    ioapic, n == 0 ? 2 : n);
	for (unsigned slot = 0; slot < PCI_SLOTS; slot++)
		for (unsigned pin = 0; pin < 4; pin++)
			add_interrupt(b, IO_INT, INT, LEVEL_LOW, BUS_PCI,
			    slot << 2 | pin, ioapic, 16 + ((slot + pin) & 7));
	/* LINT0 has the 8259s, LINT1 NMI. */
	add_interrupt(b, LOCAL_INT, EXTINT, CONFORMS, BUS_ISA, 0, 0xff, 0);
	add_interrupt(b, LOCAL_INT, NMI, CONFORMS, BUS_ISA, 0, 0xff, 1);
}

static void
load(struct gmem *g, gpa_t at, const void *p, size_t len)
{
	int rc = gmem_load(g, at, p, len);

	BUG_ON(rc);
}

void
mptable_write(struct gmem *g, const struct mptable_config *cfg)
{
	struct table b = { .len = MP_HEADER };
	uint8_t pointer[MP_POINTER] = "_MP_";
	uint8_t *e;

	add_processors(&b, cfg);
	add_bus(&b, BUS_PCI, "PCI   ");
	add_bus(&b, BUS_ISA, "ISA   ");
	e = add(&b, IOAPIC, MP_OTHER);
	e[1] = (uint8_t)cfg->ioapic_id;
	e[2] = 0x20;			/* version */
	e[3] = 1;			/* usable */
	put(e + 4, (uint32_t)MAP_IOAPIC, 4);
	add_interrupts(&b, (uint8_t)cfg->ioapic_id);

	memcpy(b.t, "PCMP", 4);
	put(b.t + H_LENGTH, (uint32_t)b.len, 2);
	b.t[H_REVISION] = MP_REVISION;
	memcpy(b.t + H_OEM, "TRVSR   ", 8);
	memcpy(b.t + H_PRODUCT, "TRIVISOR    ", 12);
	put(b.t + H_ENTRIES, b.entries, 2);
	put(b.t + H_LAPIC, (uint32_t)MAP_LAPIC, 4);
	acpi_checksum(b.t, b.len, H_CHECKSUM);
	load(g, MPTABLE_POINTER + MP_POINTER, b.t, b.len);

	put(pointer + P_TABLE, MPTABLE_POINTER + MP_POINTER, 4);
	pointer[P_LENGTH] = 1;		/* paragraphs */
	pointer[P_REVISION] = MP_REVISION;
	acpi_checksum(pointer, sizeof(pointer), P_CHECKSUM);
	load(g, MPTABLE_POINTER, pointer, sizeof(pointer));
}
