/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 16550A.  Sending takes no time, so THRE and TEMT are always set and the
 * transmitter FIFO is always empty.  Received bytes are not paced either: as
 * many as fit come at once; the character timeout alone takes the time that
 * the divisor says.
 */
#include "io/chip/uart.h"

#include <errno.h>

#include "io/bytes.h"

enum { RBR = 0, IER = 1, IIR = 2, FCR = 2, LCR = 3, MCR = 4, LSR = 5,
	MSR = 6, SCR = 7 };
enum { IER_RX = 1, IER_THRE = 2, IER_LINE = 4, IER_MODEM = 8 };
enum { IIR_NONE = 1, IIR_MODEM = 0, IIR_THRE = 2, IIR_RX = 4, IIR_LINE = 6,
	IIR_TIMEOUT = 12, IIR_FIFOS = 0xc0 };
enum { FCR_ENABLE = 1, FCR_CLEAR_RX = 2, FCR_KEPT = 0xc9 };
enum { LCR_BREAK = 0x40, LCR_DLAB = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 16 };
enum { LSR_DR = 1, LSR_OE = 2, LSR_BI = 0x10, LSR_THRE = 0x20,
	LSR_TEMT = 0x40 };
enum { MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80 };

#define CLOCK_HZ 115200		/* 1.8432 MHz / 16 */
/* A slow line does not make the console slow. */
#define MAX_TIMEOUT_NS 10000000

const struct uart_place uart_places[4] = {
	{ 0x3f8, 4 }, { 0x2f8, 3 }, { 0x3e8, 4 }, { 0x2e8, 3 },
};

static unsigned
fifo_size(const struct uart *u)
{
	return u->fcr & FCR_ENABLE ? UART_FIFO : 1;
}

static unsigned
trigger_level(const struct uart *u)
{
	static const uint8_t level[4] = { 1, 4, 8, 14 };

	return u->fcr & FCR_ENABLE ? level[u->fcr >> 6] : 1;
}

/* Four characters, start and stop bits included. */
static ns_t
timeout_ns(const struct uart *u)
{
	unsigned bits = 7 + (u->lcr & 3) + (u->lcr >> 2 & 1) +
	    (u->lcr >> 3 & 1);
	unsigned divisor = u->divisor ? u->divisor : 1;
	ns_t t = (ns_t)4 * bits * divisor * (NS_PER_SEC / CLOCK_HZ);

	return MIN(t, MAX_TIMEOUT_NS);
}

/* --- interrupts -------------------------------------------------------- */

/* The identification with the highest priority (table IV). */
static uint8_t
identify(const struct uart *u)
{
	if ((u->ier & IER_LINE) && u->lsr)
		return IIR_LINE;
	if ((u->ier & IER_RX) && u->used >= trigger_level(u))
		return IIR_RX;
	if ((u->ier & IER_RX) && u->timeout)
		return IIR_TIMEOUT;
	if ((u->ier & IER_THRE) && u->thri)
		return IIR_THRE;
	if ((u->ier & IER_MODEM) && (u->msr & 0x0f))
		return IIR_MODEM;
	return IIR_NONE;
}

static void
update(struct uart *u)
{
	/* OUT2 gates the line on a PC, but not in loop-back. */
	uint8_t level = identify(u) != IIR_NONE && (u->mcr & MCR_OUT2) &&
	    !(u->mcr & MCR_LOOP);

	if (level == u->level)
		return;
	u->level = level;
	irq_set(&u->irq, level);
}

/* Bytes came or went: the time until a timeout starts again. */
static void
restart_timeout(struct uart *u)
{
	u->timeout = 0;
	if ((u->fcr & FCR_ENABLE) && u->used > 0 && u->used < trigger_level(u))
		timer_set(u->tq, &u->timer,
		    clock_now(u->tq->clock) + timeout_ns(u));
	else
		timer_cancel(u->tq, &u->timer);
}

static void
timeout_due(void *ctx)
{
	struct uart *u = ctx;

	u->timeout = u->used > 0;
	update(u);
}

/* --- receiving --------------------------------------------------------- */

static void
push(struct uart *u, uint8_t byte)
{
	u->fifo[(u->head + u->used) % UART_FIFO] = byte;
	u->used++;
}

size_t
uart_rx(struct uart *u, const uint8_t *data, size_t n)
{
	size_t taken = 0;

	if (!(u->mcr & MCR_LOOP))
		while (taken < n && u->used < fifo_size(u))
			push(u, data[taken++]);
	if (taken < n)
		u->refused = 1;
	if (taken) {
		restart_timeout(u);
		update(u);
	}
	return taken;
}

/* Tell the backend once that it may go on. */
static void
offer_room(struct uart *u)
{
	if (!u->refused || u->used >= fifo_size(u) || (u->mcr & MCR_LOOP))
		return;
	u->refused = 0;
	if (u->be.room)
		u->be.room(u->be.ctx);
}

static void
clear_rx(struct uart *u)
{
	u->head = 0;
	u->used = 0;
	restart_timeout(u);
}

static uint8_t
read_rbr(struct uart *u)
{
	uint8_t v = u->rbr;

	if (u->used) {
		v = u->fifo[u->head];
		u->head = (u->head + 1) % UART_FIFO;
		u->used--;
		u->rbr = v;
		restart_timeout(u);
		update(u);
		offer_room(u);
	}
	return v;
}

/* --- registers --------------------------------------------------------- */

static void
transmit(struct uart *u, uint8_t byte)
{
	if (u->mcr & MCR_LOOP) {
		if (u->used < fifo_size(u))
			push(u, byte);
		else
			u->lsr |= LSR_OE;
		restart_timeout(u);
	} else if (u->be.tx) {
		u->be.tx(u->be.ctx, byte);
	}
	u->thri = 1;
}

/* Modem inputs: another system that is always ready, or our own outputs. */
static uint8_t
modem_inputs(const struct uart *u)
{
	if (!(u->mcr & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	return (uint8_t)((u->mcr & MCR_RTS ? MSR_CTS : 0) |
	    (u->mcr & MCR_DTR ? MSR_DSR : 0) |
	    (u->mcr & MCR_OUT1 ? MSR_RI : 0) |
	    (u->mcr & MCR_OUT2 ? MSR_DCD : 0));
}

static void
update_modem(struct uart *u)
{
	uint8_t now = modem_inputs(u);
	uint8_t changed = (u->msr ^ now) & 0xf0;

	/* RI tells of its falling edge only. */
	if (now & MSR_RI)
		changed &= (uint8_t)~MSR_RI;
	u->msr = now | (u->msr & 0x0f) | changed >> 4;
}

static void
write_fcr(struct uart *u, uint8_t v)
{
	bool toggles = ((v ^ u->fcr) & FCR_ENABLE) != 0;

	/* The other bits count only with the enable bit in the same write. */
	u->fcr = v & FCR_ENABLE ? v & FCR_KEPT : 0;
	if (toggles || ((v & FCR_ENABLE) && (v & FCR_CLEAR_RX)))
		clear_rx(u);
	else
		restart_timeout(u);
}

static void
write_ier(struct uart *u, uint8_t v)
{
	/* Enabling finds the transmitter empty. */
	if ((v & IER_THRE) && !(u->ier & IER_THRE))
		u->thri = 1;
	u->ier = v & 0x0f;
}

static void
write_lcr(struct uart *u, uint8_t v)
{
	bool breaks = (v & LCR_BREAK) && !(u->lcr & LCR_BREAK);

	u->lcr = v;
	/* In loop-back we hear our own break: a zero with BI. */
	if (breaks && (u->mcr & MCR_LOOP)) {
		if (u->used < fifo_size(u))
			push(u, 0);
		u->lsr |= LSR_BI;
		restart_timeout(u);
	}
}

static uint8_t
read_iir(struct uart *u)
{
	uint8_t v = identify(u);

	if (v == IIR_THRE) {
		u->thri = 0;
		update(u);
	}
	return v | (u->fcr & FCR_ENABLE ? IIR_FIFOS : 0);
}

static uint8_t
read_lsr(struct uart *u)
{
	uint8_t v = u->lsr | LSR_THRE | LSR_TEMT | (u->used ? LSR_DR : 0);

	u->lsr = 0;
	update(u);
	return v;
}

static uint8_t
read_msr(struct uart *u)
{
	uint8_t v = u->msr;

	u->msr &= 0xf0;
	update(u);
	return v;
}

static uint8_t
reg_read(void *dev, unsigned reg)
{
	struct uart *u = dev;

	switch (reg & 7) {
	case RBR:
		return u->lcr & LCR_DLAB ? (uint8_t)u->divisor : read_rbr(u);
	case IER:
		return u->lcr & LCR_DLAB ? u->divisor >> 8 : u->ier;
	case IIR:
		return read_iir(u);
	case LCR:
		return u->lcr;
	case MCR:
		return u->mcr;
	case LSR:
		return read_lsr(u);
	case MSR:
		return read_msr(u);
	default:
		return u->scr;
	}
}

static void
write_divisor(struct uart *u, unsigned reg, uint8_t v)
{
	if (reg == RBR)
		u->divisor = (u->divisor & 0xff00) | v;
	else
		u->divisor = (uint16_t)((u->divisor & 0xff) | v << 8);
}

static void
reg_write(void *dev, unsigned reg, uint8_t v)
{
	struct uart *u = dev;

	reg &= 7;
	if (reg <= IER && (u->lcr & LCR_DLAB)) {
		write_divisor(u, reg, v);
		return;
	}
	switch (reg) {
	case RBR:
		transmit(u, v);
		break;
	case IER:
		write_ier(u, v);
		break;
	case FCR:
		write_fcr(u, v);
		break;
	case LCR:
		write_lcr(u, v);
		break;
	case MCR:
		u->mcr = v & 0x1f;
		update_modem(u);
		break;
	case SCR:
		u->scr = v;
		break;
	}
	update(u);
	offer_room(u);
}

static uint64_t
read_ports(void *dev, uint64_t off, unsigned size)
{
	return read_bytes(reg_read, dev, off, size);
}

static void
write_ports(void *dev, uint64_t off, unsigned size, uint64_t v)
{
	write_bytes(reg_write, dev, off, size, v);
}

static const struct bus_ops ops = { read_ports, write_ports };

int
uart_attach(struct uart *u, struct bus *pio, uint16_t base, struct err *e)
{
	struct bus_range r = { base, 8, &ops, u, "uart" };

	return bus_add(pio, &r, e);
}

/* --- life -------------------------------------------------------------- */

void
uart_reset(struct uart *u)
{
	u->ier = 0;
	u->fcr = 0;
	u->lcr = 0;
	u->mcr = 0;
	u->scr = 0;
	u->lsr = 0;
	u->thri = 0;
	u->rbr = 0;
	u->divisor = 12;	/* 9600, as firmware would leave it */
	u->msr = modem_inputs(u);
	clear_rx(u);
	update(u);
	offer_room(u);
}

void
uart_init(struct uart *u, struct timer_queue *tq, const struct irq_line *irq,
    const struct uart_backend *be)
{
	*u = (struct uart){
		.tq = tq, .irq = *irq, .be = *be,
		.timer = { .fn = timeout_due, .ctx = u },
	};
	uart_reset(u);
}

static void
dev_reset(void *dev)
{
	uart_reset(dev);
}

static int
dev_loaded(void *dev)
{
	struct uart *u = dev;
	uint8_t timeout = u->timeout;

	if ((u->lsr & (uint8_t)~(LSR_OE | LSR_BI)) ||
	    (u->fcr & (uint8_t)~FCR_KEPT) || u->used > fifo_size(u))
		return -EINVAL;
	restart_timeout(u);
	u->timeout = timeout && u->used;
	u->level = 0;
	update(u);
	return 0;
}

#define FIELD(f, w, n, lo, hi) { #f, offsetof(struct uart, f), w, n, lo, hi }
static const struct dev_field fields[] = {
	FIELD(ier, 1, 1, 0, 0x0f),
	FIELD(fcr, 1, 1, 0, FCR_KEPT),
	FIELD(lcr, 1, 1, 0, 0xff),
	FIELD(mcr, 1, 1, 0, 0x1f),
	FIELD(msr, 1, 1, 0, 0xff),
	FIELD(scr, 1, 1, 0, 0xff),
	FIELD(lsr, 1, 1, 0, LSR_OE | LSR_BI),
	FIELD(thri, 1, 1, 0, 1),
	FIELD(timeout, 1, 1, 0, 1),
	FIELD(refused, 1, 1, 0, 1),
	FIELD(divisor, 2, 1, 0, 0xffff),
	FIELD(fifo, 1, UART_FIFO, 0, 0xff),
	FIELD(head, 1, 1, 0, UART_FIFO - 1),
	FIELD(used, 1, 1, 0, UART_FIFO),
	FIELD(rbr, 1, 1, 0, 0xff),
};
#undef FIELD

const struct dev_ops uart_ops = {
	.type = "uart16550",
	.size = sizeof(struct uart),
	.reset = dev_reset,
	.loaded = dev_loaded,
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
};
