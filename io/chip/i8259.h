/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PC's pair of 8259A interrupt controllers (Intel 231468-003), slave on
 * the master's IR2, with the PIIX's edge/level registers at 0x4d0.
 *
 * i8259_init(); i8259_attach() to the port bus; then devices drive lines with
 * i8259_set().  out follows the master's INT pin: it goes to the bootstrap
 * processor's LINT0.  When the processor takes an external interrupt it calls
 * i8259_ack() for the vector: the INTA cycle.
 *
 * All calls with the device lock held.  i8259_pending_hint() alone may be
 * called by any thread at any time.  Compiled vector-free, for the vCPU acks
 * while guest vectors are live.
 */
#ifndef TRIVISOR_IO_CHIP_I8259_H
#define TRIVISOR_IO_CHIP_I8259_H

#include <stdatomic.h>

#include "io/dev.h"

#define I8259_IRQS 16

struct i8259_chip {
	uint8_t irr, isr, imr;	/* the manual's registers */
	uint8_t lines;		/* levels of the IR inputs */
	uint8_t elcr;		/* 1: level triggered */
	uint8_t icw1, icw2, icw3, icw4;
	uint8_t icw_step;	/* ICW expected next: 2..4; 0 when done */
	uint8_t lowest;		/* IR with the lowest priority */
	uint8_t rotate_aeoi;	/* rotate on automatic EOI */
	uint8_t special_mask;
	uint8_t read_isr;	/* OCW3: which register a read gives */
	uint8_t poll;		/* OCW3: the next read is a poll */
	uint8_t ready;		/* saw a whole ICW sequence since reset */
};

struct i8259 {
	struct i8259_chip chip[2];	/* master, slave */
	struct irq_line out;
	_Atomic uint8_t out_level;
};

void i8259_init(struct i8259 *p, const struct irq_line *out);
void i8259_reset(struct i8259 *p);
/* Ports 0x20, 0xa0 and 0x4d0, two bytes each. */
MUST_USE int i8259_attach(struct i8259 *p, struct bus *pio, struct err *e);
/* An irq_line callback: ctx is the struct i8259, n is 0..15. */
void i8259_set(void *ctx, unsigned n, int level);
/* Is INT asserted? */
bool i8259_pending(const struct i8259 *p);
/* Does a request on input n, not masked, wait for its acknowledge? */
bool i8259_waiting(const struct i8259 *p, unsigned n);
/* The vector; the spurious one (IR7) when no request is left. */
uint8_t i8259_ack(struct i8259 *p);

/* Like i8259_pending(), without the lock: may be a moment behind. */
static inline bool
i8259_pending_hint(const struct i8259 *p)
{
	return atomic_load_explicit(&p->out_level, memory_order_acquire);
}

extern const struct dev_ops i8259_ops;

#endif
