/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 8254 interval timer (Intel 231164-005) with the PC's port 0x61.
 *
 * Channel 0's OUT drives irq0; channel 1 is the refresh timer; channel 2's
 * GATE and OUT are seen through port 0x61.  We never tick: counters and OUT
 * are computed from the clock when the guest looks, only channel 0 arms a
 * timer.  Ticks that the loop thread was too late for, or that the guest's
 * processor did not run to take, are made up for at double speed, so that a
 * guest which counts them keeps time.
 *
 * i8254_init(); i8254_attach().  Device lock held.
 */
#ifndef TRIVISOR_IO_CHIP_I8254_H
#define TRIVISOR_IO_CHIP_I8254_H

#include "io/dev.h"

#define I8254_HZ 1193182
#define I8254_CHANNELS 3

struct i8254_channel {
	uint8_t mode;		/* 0..5 */
	uint8_t bcd;
	uint8_t access;		/* 1 LSB, 2 MSB, 3 LSB then MSB */
	uint8_t gate;
	uint8_t loaded;		/* counting element holds a count */
	uint8_t triggered;	/* modes 1 and 5 saw their GATE edge */
	uint8_t write_msb;	/* access 3: the next write is the MSB */
	uint8_t read_msb;	/* access 3: the next read is the MSB */
	uint8_t write_lsb;	/* LSB kept until its MSB comes */
	uint8_t count_latched;	/* bytes of latch not yet read: 0..2 */
	uint8_t status_latched;
	uint8_t status;
	uint16_t latch;
	uint32_t count;		/* reload value, 1..65536 (BCD: ..10000) */
	uint32_t next_count;	/* modes 2, 3: from the next period; 0 none */
	/*
	 * CLK pulses since boot when counting began, or, while GATE holds
	 * the counter, how far it had come.
	 */
	uint64_t start;
	uint8_t held;
};

#define I8254_NO_EDGE UINT64_MAX

struct i8254 {
	struct i8254_channel ch[I8254_CHANNELS];
	uint8_t port61;		/* bits 0..3 */
	uint32_t backlog;	/* channel 0 periods still owed to the guest */
	uint64_t edge;		/* CLK of channel 0's next rising OUT */
	uint8_t out0;		/* what irq0 was last told */
	ns_t fired;		/* when it last rose by the timer */
	struct timer timer;
	struct timer_queue *tq;	/* borrowed */
	struct irq_line irq0;
	bool (*waiting)(void *ctx);
	void *waiting_ctx;	/* borrowed */
};

void i8254_init(struct i8254 *p, struct timer_queue *tq,
    const struct irq_line *irq0);
/*
 * waiting() says whether the last edge of irq0 still waits to be taken by a
 * processor, see i8259_waiting() and apic_bus_waiting(): another edge would be
 * lost on it.  Optional; called with the device lock held.
 */
void i8254_set_waiting(struct i8254 *p, bool (*waiting)(void *ctx), void *ctx);
void i8254_reset(struct i8254 *p);
/* Ports 0x40..0x43 and 0x61. */
MUST_USE int i8254_attach(struct i8254 *p, struct bus *pio, struct err *e);

extern const struct dev_ops i8254_ops;

#endif
