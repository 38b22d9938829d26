/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's small system ports:
 *   0x80   POST code and delay port: writes vanish, reads give the last one
 *   0x92   system control port A: fast reset (bit 0), A20 (bit 1)
 *   0xcf9  reset control register of the PIIX3: 0x06 or 0x0e resets.  It
 *          shares its double word with the PCI address port, so io/pci/pci.c
 *          owns the bus range and calls sysctl_cf9_*().
 *   0xf0   coprocessor: a write ends what FERR# began (IRQ 13)
 *   0x402  debug port: bytes written are text, reads give 0xe9
 *   0xf4   isa-debug-exit (only when attached): any write ends the machine
 *
 * sysctl_init(); sysctl_attach(); sysctl_attach_debug_exit() if wanted.
 * Device lock held.
 */
#ifndef TRIVISOR_IO_CHIP_SYSCTL_H
#define TRIVISOR_IO_CHIP_SYSCTL_H

#include "io/chip/i8042.h"
#include "io/dev.h"

#define SYSCTL_LINE 256

struct sysctl_wiring {
	struct i8042 *kbc;	/* borrowed; whose A20 gate port 0x92 drives */
	void (*reset)(void *ctx);
	/* A whole line (no newline) or what fits; not NUL-terminated. */
	void (*debug_line)(void *ctx, const char *text, size_t n);
	void (*debug_exit)(void *ctx, uint32_t value);
	void *ctx;		/* borrowed */
	struct irq_line irq13;	/* x87 errors */
};

struct sysctl {
	uint8_t post;
	uint8_t port92;		/* without A20, which the i8042 keeps */
	uint8_t cf9;
	uint8_t ferr;		/* IRQ 13 is asserted */
	uint16_t line_used;
	char line[SYSCTL_LINE];
	struct sysctl_wiring w;
};

void sysctl_init(struct sysctl *s, const struct sysctl_wiring *w);
void sysctl_reset(struct sysctl *s);
/* Ports 0x80, 0x92, 0xf0 and 0x402. */
MUST_USE int sysctl_attach(struct sysctl *s, struct bus *pio, struct err *e);
/* isa-debug-exit: four ports from port (0xf4). */
MUST_USE int sysctl_attach_debug_exit(struct sysctl *s, struct bus *pio,
    uint16_t port, struct err *e);
/* Hand out what stands in the debug line, e.g. at exit. */
void sysctl_flush(struct sysctl *s);
/* The processor asserts FERR#: an x87 error waits. */
void sysctl_ferr(struct sysctl *s);
uint8_t sysctl_cf9_read(struct sysctl *s);
void sysctl_cf9_write(struct sysctl *s, uint8_t value);

extern const struct dev_ops sysctl_ops;

#endif
