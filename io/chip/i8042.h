/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 8042 keyboard controller with nothing plugged into either port.
 *
 * Commands are answered as a PS/2 controller answers them, so that drivers
 * finish their probe at once; bytes for a keyboard or mouse time out (status
 * bit 6).  reset() is called for the pulse on output line 0 (0xfe, or output
 * port bit 0 written 0), a20() when the A20 gate changes.
 *
 * i8042_init(); i8042_attach().  Device lock held.
 */
#ifndef TRIVISOR_IO_CHIP_I8042_H
#define TRIVISOR_IO_CHIP_I8042_H

#include "io/dev.h"

struct i8042_wiring {
	struct irq_line irq1, irq12;
	void (*reset)(void *ctx);
	void (*a20)(void *ctx, bool on);	/* may be NULL */
	void *ctx;				/* borrowed */
};

struct i8042 {
	uint8_t command;	/* byte written to 0x64 that wants data; 0 */
	uint8_t ram[32];	/* [0] is the command byte */
	uint8_t out_port;
	uint8_t out[2];		/* output buffer and one more byte */
	uint8_t out_used;	/* 0..2 */
	uint8_t out_aux;	/* bit n: byte n comes from the mouse port */
	uint8_t out_error;	/* bit n: byte n is a timeout's 0xfe */
	uint8_t was_command;	/* status bit 3 */
	struct i8042_wiring w;
};

void i8042_init(struct i8042 *k, const struct i8042_wiring *w);
void i8042_reset(struct i8042 *k);
/* Ports 0x60 and 0x64. */
MUST_USE int i8042_attach(struct i8042 *k, struct bus *pio, struct err *e);
/* For port 0x92, which drives the same gate. */
void i8042_set_a20(struct i8042 *k, bool on);
bool i8042_a20(const struct i8042 *k);

extern const struct dev_ops i8042_ops;

#endif
