/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 16550A UART (National PC16550D).
 *
 * Sending is instant: a byte written goes to tx() at once and the transmitter
 * is empty again, so the guest never waits for us.  Receiving: uart_rx()
 * takes what the FIFO has room for; once the guest has made room again after
 * a refusal, room() is called, and the backend offers the rest.
 *
 * uart_init(); uart_attach().  Device lock held; tx() and room() are called
 * with it held, and may call uart_rx().
 */
#ifndef TRIVISOR_IO_CHIP_UART_H
#define TRIVISOR_IO_CHIP_UART_H

#include "io/dev.h"

#define UART_FIFO 16

struct uart_backend {
	void (*tx)(void *ctx, uint8_t byte);	/* must not block */
	void (*room)(void *ctx);		/* may be NULL */
	void *ctx;				/* borrowed */
};

struct uart {
	uint8_t ier, fcr, lcr, mcr, msr, scr;
	uint8_t lsr;		/* OE and BI only; the rest is computed */
	uint8_t thri;		/* THR-empty interrupt pending */
	uint8_t timeout;	/* character timeout pending */
	uint8_t refused;	/* uart_rx() could not take all */
	uint16_t divisor;
	uint8_t fifo[UART_FIFO];
	uint8_t head, used;	/* receive FIFO; holding register in [0] */
	uint8_t level;		/* of irq */
	uint8_t rbr;		/* last byte read, what an empty FIFO gives */
	struct timer timer;	/* character timeout */
	struct timer_queue *tq;	/* borrowed */
	struct irq_line irq;
	struct uart_backend be;
};

/* COM1..COM4 and their interrupts. */
struct uart_place {
	uint16_t port;
	uint8_t irq;
};
extern const struct uart_place uart_places[4];

void uart_init(struct uart *u, struct timer_queue *tq,
    const struct irq_line *irq, const struct uart_backend *be);
void uart_reset(struct uart *u);
/* Eight ports from base. */
MUST_USE int uart_attach(struct uart *u, struct bus *pio, uint16_t base,
    struct err *e);
/* Bytes arriving on the line; returns how many were taken. */
size_t uart_rx(struct uart *u, const uint8_t *data, size_t n);

extern const struct dev_ops uart_ops;

#endif
