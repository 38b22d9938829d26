/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's own PCI functions: 440FX host bridge (8086:1237) at 00:00.0
 * and PIIX3 PCI-to-ISA bridge (8086:7000) at 00:01.0 with its PIRQ route
 * registers (0x60..0x63).
 *
 * The board's interrupt line n (0..7, see pci_init()) goes to I/O APIC pin
 * 16 + n, and as PIRQA..D (n & 3) to the 8259 input that the route register
 * names, if any.  After reset that is what firmware would choose: IRQ 10 for
 * PIRQA and C, 11 for B and D; the DSDT's _PRT says the same.
 */
#ifndef TRIVISOR_IO_PCI_I440FX_H
#define TRIVISOR_IO_PCI_I440FX_H

#include "io/pci/pci.h"

struct i440fx {
	struct pci_dev host;
	struct pci_dev isa;
	uint8_t level;		/* bit n: board line n asserted */
	uint16_t isa_level;	/* bit n: 8259 input n asserted by us */
	struct irq_line pic;	/* n is replaced by the input, 0..15 */
	struct irq_line ioapic;	/* n is replaced by the pin, 16..23 */
};

void i440fx_init(struct i440fx *c, const struct irq_line *pic,
    const struct irq_line *ioapic);
void i440fx_reset(struct i440fx *c);
/* Plug both functions in. */
MUST_USE int i440fx_add(struct i440fx *c, struct pci *p, struct err *e);
/* An irq_line callback for pci_init(): ctx is the struct i440fx, n 0..7. */
void i440fx_intx(void *ctx, unsigned n, int level);

extern const struct dev_ops i440fx_ops;

#endif
