/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI bus 0, reached by configuration mechanism 1 (PCI 3.0, 3.2.2.3.2).
 *
 * A function is a struct pci_dev: its 256 bytes of configuration space, a
 * mask of the bits that the guest may write, a mask of the bits that it
 * clears by writing 1, and up to six BARs.  pci_add() plugs it in; from then
 * on BAR and command register writes map and unmap the BARs on the buses.
 * Functions that are not there read all ones.
 *
 * pci_init(); pci_attach() to the port bus; pci_add() per function.  Device
 * lock held (set-up: before any vCPU runs).
 */
#ifndef TRIVISOR_IO_PCI_PCI_H
#define TRIVISOR_IO_PCI_PCI_H

#include "io/chip/sysctl.h"
#include "io/dev.h"

#define PCI_CONFIG_BYTES 256
#define PCI_BARS 6
#define PCI_MAX_DEVS 32
#define PCI_DEVFN(dev, fn) ((uint8_t)((dev) << 3 | (fn)))

/* Offsets of the common header (PCI 3.0, 6.1). */
enum {
	PCI_VENDOR = 0x00, PCI_DEVICE = 0x02, PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06, PCI_REVISION = 0x08, PCI_CLASS_PROG = 0x09,
	PCI_CLASS = 0x0a, PCI_HEADER_TYPE = 0x0e, PCI_BAR0 = 0x10,
	PCI_SUBSYS_VENDOR = 0x2c, PCI_SUBSYS = 0x2e, PCI_CAP_PTR = 0x34,
	PCI_INT_LINE = 0x3c, PCI_INT_PIN = 0x3d,
};
enum {
	PCI_COMMAND_IO = 1, PCI_COMMAND_MEMORY = 2, PCI_COMMAND_MASTER = 4,
	PCI_COMMAND_INTX_OFF = 0x400,
};
enum { PCI_BAR_IO = 1, PCI_BAR_64 = 4, PCI_BAR_PREFETCH = 8 };

struct pci_dev;

struct pci_bar {
	uint64_t size;		/* power of two, 0: no such BAR */
	uint32_t flags;		/* PCI_BAR_*: the read-only low bits */
	struct bus_ops ops;	/* dev argument: the owner's */
	void *dev;		/* borrowed */
	/* pci.c's. */
	bool mapped;
	uint64_t base;		/* where it is mapped */
};

struct pci_dev {
	const char *name;
	uint8_t devfn;
	uint8_t config[PCI_CONFIG_BYTES];
	uint8_t writable[PCI_CONFIG_BYTES];
	uint8_t write1clear[PCI_CONFIG_BYTES];
	uint8_t initial[PCI_CONFIG_BYTES];	/* after reset; pci_add() */
	struct pci_bar bar[PCI_BARS];
	/* Called after the guest wrote [off, off+size); may be NULL. */
	void (*written)(struct pci_dev *d, unsigned off, unsigned size);
	void *ctx;		/* borrowed, the owner's */
	/* pci.c's. */
	struct pci *pci;
	bool intx;		/* what the device asserts */
};

struct pci {
	uint32_t address;	/* 0xcf8 */
	struct pci_dev *dev[PCI_MAX_DEVS];	/* borrowed */
	unsigned n;
	struct bus *pio, *mmio;		/* borrowed */
	struct sysctl *sysctl;		/* borrowed; answers 0xcf9 */
	struct irq_line intx;		/* n is replaced: 0..7 */
	uint8_t intx_level;		/* bit n: board line n asserted */
};

/*
 * intx is called with the board's interrupt line, 0..7, to which pin INTA..D
 * (0..3) of a slot is wired: (slot + pin) & 7.
 */
void pci_init(struct pci *p, struct bus *pio, struct bus *mmio,
    struct sysctl *sysctl, const struct irq_line *intx);
void pci_reset(struct pci *p);
/* Ports 0xcf8..0xcff. */
MUST_USE int pci_attach(struct pci *p, struct err *e);
/*
 * Vendor, device, class (24 bits), revision and header type into config, and
 * the command register's usual writable bits.
 */
void pci_dev_init(struct pci_dev *d, const char *name, uint8_t devfn,
    uint16_t vendor, uint16_t device, uint32_t class24);
/*
 * Size, flags and handlers of BAR n (a 64-bit one takes n + 1 too); before
 * pci_add().
 */
void pci_dev_bar(struct pci_dev *d, unsigned n, uint64_t size, uint32_t flags,
    const struct bus_ops *ops, void *dev);
/* -EEXIST when the slot is taken, -ENOSPC when the bus is full. */
MUST_USE int pci_add(struct pci *p, struct pci_dev *d, struct err *e);
/* INTx of the device; which pin, PCI_INT_PIN says. */
void pci_intx(struct pci_dev *d, bool level);

/* Little-endian accessors of the configuration space. */
uint32_t pci_get(const struct pci_dev *d, unsigned off, unsigned size);
void pci_put(struct pci_dev *d, unsigned off, unsigned size, uint32_t value);

extern const struct dev_ops pci_ops;

#endif
