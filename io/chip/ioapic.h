/* SPDX-License-Identifier: Apache-2.0 */
/*
 * I/O APIC with 24 pins, version 0x20 (82093AA, with the EOI register of
 * later parts).
 *
 * ioapic_init(); ioapic_attach() to the MMIO bus; devices drive pins with
 * ioapic_set(); messages leave through deliver(); local APICs report the end
 * of level-triggered interrupts with ioapic_eoi().
 *
 * Device lock held.  Compiled vector-free: an EOI by MSR arrives while guest
 * vectors are live.
 */
#ifndef TRIVISOR_IO_CHIP_IOAPIC_H
#define TRIVISOR_IO_CHIP_IOAPIC_H

#include "io/chip/apic_msg.h"
#include "io/dev.h"

#define IOAPIC_BASE UINT64_C(0xfec00000)
#define IOAPIC_SIZE UINT64_C(0x1000)
#define IOAPIC_PINS 24

struct ioapic {
	uint64_t redir[IOAPIC_PINS];
	uint32_t lines;		/* levels of the inputs */
	uint8_t select;		/* IOREGSEL */
	uint8_t id;		/* 4 bits */
	uint8_t reset_id;	/* what the MADT says */
	void (*deliver)(void *ctx, const struct apic_msg *m);
	void *ctx;		/* borrowed */
};

void ioapic_init(struct ioapic *a, uint8_t id,
    void (*deliver)(void *ctx, const struct apic_msg *m), void *ctx);
void ioapic_reset(struct ioapic *a);
/* One page at IOAPIC_BASE. */
MUST_USE int ioapic_attach(struct ioapic *a, struct bus *mmio, struct err *e);
/* An irq_line callback: ctx is the struct ioapic, n the pin. */
void ioapic_set(void *ctx, unsigned n, int level);
/* The message that pin n would send; false when it is masked or sends none. */
bool ioapic_message(const struct ioapic *a, unsigned n, struct apic_msg *m);
/* A local APIC finished a level-triggered interrupt with this vector. */
void ioapic_eoi(struct ioapic *a, uint8_t vector);

extern const struct dev_ops ioapic_ops;

#endif
