/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds RSDP, RSDT, XSDT, FADT, MADT and FACS, and puts the compiled DSDT
 * (dsdt.asl) beside them with its two bytes patched.
 */
#include "monitor/boot/acpi.h"

#include <string.h>

#include "monitor/boot/dsdt.hex"
#include "monitor/boot/mptable.h"

enum {
	HEADER_SIZE = 36, H_LENGTH = 4, H_REVISION = 8, H_CHECKSUM = 9,
	H_OEM_ID = 10, H_OEM_TABLE = 16, H_OEM_REVISION = 24, H_CREATOR = 28,
	H_CREATOR_REVISION = 32,
	RSDP_SIZE = 36, FACS_SIZE = 64, FADT_SIZE = 244,
	/* FADT, table 5.9 */
	F_FACS = 36, F_DSDT = 40, F_PROFILE = 45, F_SCI = 46,
	F_PM1A_EVT = 56, F_PM1A_CNT = 64, F_PM_TMR = 76, F_GPE0 = 80,
	F_PM1_EVT_LEN = 88, F_PM1_CNT_LEN = 89, F_PM_TMR_LEN = 91,
	F_GPE0_LEN = 92, F_LVL2_LAT = 96,
	F_LVL3_LAT = 98, F_CENTURY = 108, F_BOOT_ARCH = 109, F_FLAGS = 112,
	F_RESET_REG = 116, F_RESET_VALUE = 128, F_X_FACS = 132,
	F_X_DSDT = 140, F_X_PM1A_EVT = 148, F_X_PM1A_CNT = 172,
	F_X_PM_TMR = 208, F_X_GPE0 = 220,
};

enum {
	FLAG_WBINVD = 1 << 0, FLAG_PROC_C1 = 1 << 2, FLAG_SLP_BUTTON = 1 << 5,
	FLAG_RESET_REG_SUP = 1 << 10, FLAG_TMR_VAL_EXT = 1 << 8,
	/* IAPC_BOOT_ARCH, table 5.10: no 8042 keyboard, no VGA. */
	BOOT_LEGACY_DEVICES = 1 << 0, BOOT_NO_VGA = 1 << 2,
	GAS_IO = 1,
	RTC_CENTURY = 0x32,
	RESET_PORT = 0xcf9, RESET_FULL = 0x06,	/* the PIIX3's, io/chip/sysctl.h */
};

/* Tables grow from the RSDP upwards, each 64-byte aligned. */
struct builder {
	struct gmem *g;
	gpa_t next;
	gpa_t listed[4];	/* what RSDT and XSDT list */
	unsigned n_listed;
};

static void
put(uint8_t *t, unsigned off, uint64_t v, unsigned size)
{
	memcpy(t + off, &v, size);
}

void
acpi_checksum(uint8_t *t, size_t len, size_t at)
{
	uint8_t sum = 0;

	t[at] = 0;
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + t[i]);
	t[at] = (uint8_t)-sum;
}

static void
header(uint8_t *t, const char *signature, size_t len, uint8_t revision)
{
	memcpy(t, signature, 4);
	put(t, H_LENGTH, len, 4);
	t[H_REVISION] = revision;
	memcpy(t + H_OEM_ID, "TRVSR ", 6);
	memcpy(t + H_OEM_TABLE, "TRIVISOR", 8);
	put(t, H_OEM_REVISION, 1, 4);
	memcpy(t + H_CREATOR, "TRVS", 4);
	put(t, H_CREATOR_REVISION, 1, 4);
}

static void
write_bytes(struct gmem *g, gpa_t at, const void *p, size_t len)
{
	int rc = gmem_load(g, at, p, len);

	BUG_ON(rc);
}

/* Checksum a table and put it into the ROM. */
static gpa_t
emit(struct builder *b, uint8_t *t, size_t len)
{
	gpa_t at = b->next;

	acpi_checksum(t, len, H_CHECKSUM);
	BUG_ON(at + len > MPTABLE_POINTER);
	write_bytes(b->g, at, t, len);
	b->next = align_up(at + len, 64);
	return at;
}

static void
list(struct builder *b, gpa_t table)
{
	BUG_ON(b->n_listed == ARRAY_LEN(b->listed));
	b->listed[b->n_listed++] = table;
}

/* Name (xxxx, 0x7F) is NameOp, the name, BytePrefix, 0x7F. */
static void
patch_name(uint8_t *aml, size_t len, const char *name, uint8_t value)
{
	for (size_t i = HEADER_SIZE; i + 7 <= len; i++)
		if (aml[i] == 0x08 && !memcmp(aml + i + 1, name, 4) &&
		    aml[i + 5] == 0x0a && aml[i + 6] == 0x7f) {
			aml[i + 6] = value;
			return;
		}
	BUG_ON("dsdt.asl lost a patched name");
}

static gpa_t
make_dsdt(struct builder *b, const struct acpi_config *cfg)
{
	uint8_t aml[sizeof(dsdt_raw_aml_code)];

	memcpy(aml, dsdt_raw_aml_code, sizeof(aml));
	patch_name(aml, sizeof(aml), "NCPU", (uint8_t)cfg->vcpus);
	patch_name(aml, sizeof(aml), "NSER", (uint8_t)cfg->serials);
	return emit(b, aml, sizeof(aml));
}

static void
make_facs(struct builder *b)
{
	uint8_t t[FACS_SIZE] = { 0 };

	memcpy(t, "FACS", 4);
	put(t, 4, FACS_SIZE, 4);
	t[32] = 2;			/* version */
	write_bytes(b->g, ACPI_FACS, t, sizeof(t));
}

/* A generic address structure for an I/O port. */
static void
put_port(uint8_t *t, unsigned off, uint16_t port, unsigned bits)
{
	static const uint8_t access[] = { [8 / 8] = 1, [16 / 8] = 2,
	    [32 / 8] = 3 };

	t[off] = GAS_IO;
	t[off + 1] = (uint8_t)bits;
	t[off + 3] = access[bits / 8];
	put(t, off + 4, port, 8);
}

static void
make_fadt(struct builder *b, gpa_t dsdt)
{
	uint8_t t[FADT_SIZE] = { 0 };

	header(t, "FACP", sizeof(t), 4);
	put(t, F_FACS, ACPI_FACS, 4);
	put(t, F_DSDT, dsdt, 4);
	/* No X_FIRMWARE_CTRL: one of the two, ACPI 6.4 says. */
	put(t, F_X_DSDT, dsdt, 8);
	put(t, F_SCI, ACPI_SCI_IRQ, 2);
	put(t, F_PM1A_EVT, PM1_EVT_PORT, 4);
	put(t, F_PM1A_CNT, PM1_CNT_PORT, 4);
	put(t, F_PM_TMR, PM_TMR_PORT, 4);
	t[F_PM1_EVT_LEN] = 4;
	t[F_PM1_CNT_LEN] = 2;
	put(t, F_GPE0, GPE0_PORT, 4);
	t[F_PM_TMR_LEN] = 4;
	t[F_GPE0_LEN] = 4;
	put(t, F_LVL2_LAT, 0xfff, 2);	/* no C2, no C3 */
	put(t, F_LVL3_LAT, 0xfff, 2);
	t[F_CENTURY] = RTC_CENTURY;
	put(t, F_BOOT_ARCH, BOOT_LEGACY_DEVICES | BOOT_NO_VGA, 2);
	put(t, F_FLAGS, FLAG_WBINVD | FLAG_PROC_C1 | FLAG_SLP_BUTTON |
	    FLAG_RESET_REG_SUP | FLAG_TMR_VAL_EXT, 4);
	put_port(t, F_RESET_REG, RESET_PORT, 8);
	t[F_RESET_VALUE] = RESET_FULL;
	put_port(t, F_X_PM1A_EVT, PM1_EVT_PORT, 32);
	put_port(t, F_X_PM1A_CNT, PM1_CNT_PORT, 16);
	put_port(t, F_X_PM_TMR, PM_TMR_PORT, 32);
	put_port(t, F_X_GPE0, GPE0_PORT, 32);
	list(b, emit(b, t, sizeof(t)));
}

enum {
	MADT_FIXED = 44, MADT_LAPIC = 8, MADT_IOAPIC = 12, MADT_ISO = 10,
	MADT_NMI = 6, MADT_MAX_CPUS = 64,
	/* MPS INTI flags: active high, level triggered. */
	INTI_HIGH_LEVEL = 0x0d,
};

static uint8_t *
put_iso(uint8_t *t, uint8_t irq, uint8_t gsi, uint16_t flags)
{
	t[0] = 2;
	t[1] = MADT_ISO;
	t[3] = irq;
	t[4] = gsi;
	put(t, 8, flags, 2);
	return t + MADT_ISO;
}

static void
make_madt(struct builder *b, const struct acpi_config *cfg)
{
	uint8_t t[MADT_FIXED + MADT_MAX_CPUS * MADT_LAPIC + MADT_IOAPIC +
	    2 * MADT_ISO + MADT_NMI] = { 0 };
	uint8_t *at = t + MADT_FIXED;

	BUG_ON(cfg->vcpus > MADT_MAX_CPUS);
	put(t, 36, MAP_LAPIC, 4);
	put(t, 40, 1, 4);		/* PCAT_COMPAT: there are 8259s */
	for (unsigned i = 0; i < cfg->vcpus; i++, at += MADT_LAPIC) {
		at[1] = MADT_LAPIC;
		at[2] = (uint8_t)i;
		at[3] = cfg->apic_ids[i];
		at[4] = 1;		/* enabled */
	}
	at[0] = 1;
	at[1] = MADT_IOAPIC;
	at[2] = (uint8_t)cfg->ioapic_id;
	put(at, 4, MAP_IOAPIC, 4);
	at += MADT_IOAPIC;
	at = put_iso(at, 0, 2, 0);
	at = put_iso(at, ACPI_SCI_IRQ, ACPI_SCI_IRQ, INTI_HIGH_LEVEL);
	at[0] = 4;
	at[1] = MADT_NMI;
	at[2] = 0xff;			/* every processor */
	at[5] = 1;			/* LINT1 */
	at += MADT_NMI;
	header(t, "APIC", (size_t)(at - t), 3);
	list(b, emit(b, t, (size_t)(at - t)));
}

/* RSDT (entry size 4) and XSDT (8). */
static gpa_t
make_root(struct builder *b, const char *signature, unsigned entry)
{
	uint8_t t[HEADER_SIZE + 8 * ARRAY_LEN(b->listed)] = { 0 };
	size_t len = HEADER_SIZE + (size_t)entry * b->n_listed;

	header(t, signature, len, 1);
	for (unsigned i = 0; i < b->n_listed; i++)
		put(t, HEADER_SIZE + entry * i, b->listed[i], entry);
	return emit(b, t, len);
}

void
acpi_write_tables(struct gmem *g, const struct acpi_config *cfg)
{
	struct builder b = { .g = g, .next = align_up(ACPI_RSDP + RSDP_SIZE,
	    64) };
	uint8_t rsdp[RSDP_SIZE] = { 0 };

	make_facs(&b);
	make_fadt(&b, make_dsdt(&b, cfg));
	make_madt(&b, cfg);
	memcpy(rsdp, "RSD PTR ", 8);
	memcpy(rsdp + 9, "TRVSR ", 6);
	rsdp[15] = 2;			/* revision: ACPI 2.0 and later */
	put(rsdp, 16, make_root(&b, "RSDT", 4), 4);
	put(rsdp, 20, RSDP_SIZE, 4);
	put(rsdp, 24, make_root(&b, "XSDT", 8), 8);
	acpi_checksum(rsdp, 20, 8);
	acpi_checksum(rsdp, RSDP_SIZE, 32);
	write_bytes(g, ACPI_RSDP, rsdp, sizeof(rsdp));
}
