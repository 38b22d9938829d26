/* SPDX-License-Identifier: Apache-2.0 */
/*
 * I/O APIC (82093AA, section 3).  Lines are told as asserted or not, so the
 * polarity bit is kept and means nothing.  An edge on a masked pin is lost,
 * as it is on the chip.
 */
#include "io/chip/ioapic.h"

#include <errno.h>

enum { IOREGSEL = 0x00, IOWIN = 0x10, IOEOI = 0x40 };
enum { REG_ID = 0, REG_VERSION = 1, REG_ARB = 2, REG_REDIR = 0x10 };

#define VERSION (0x20 | (IOAPIC_PINS - 1) << 16)

#define REDIR_MASKED		BIT(16)
#define REDIR_LEVEL		BIT(15)
#define REDIR_REMOTE_IRR	BIT(14)
#define REDIR_LOGICAL		BIT(11)
#define REDIR_WRITABLE		(UINT64_C(0xff00000000000000) | 0x1afff)

bool
ioapic_message(const struct ioapic *a, unsigned n, struct apic_msg *m)
{
	uint64_t r = n < IOAPIC_PINS ? a->redir[n] : REDIR_MASKED;

	*m = (struct apic_msg){
		.dest = (uint32_t)(r >> 56),
		.logical = (r & REDIR_LOGICAL) != 0,
		.delivery = r >> 8 & 7,
		.vector = (uint8_t)r,
		.assert = true,
		.level_trigger = (r & REDIR_LEVEL) != 0,
	};
	if (!m->logical && m->dest == 0xff)
		m->dest = APIC_BROADCAST;
	/* 3 is reserved and start-up is not for I/O APICs. */
	return !(r & REDIR_MASKED) && m->delivery != 3 &&
	    m->delivery != APIC_STARTUP;
}

static void
send(struct ioapic *a, unsigned n)
{
	struct apic_msg m;

	if (ioapic_message(a, n, &m))
		a->deliver(a->ctx, &m);
}

/* A level-triggered pin speaks until its EOI has come, then again. */
static void
service_level(struct ioapic *a, unsigned n)
{
	uint64_t r = a->redir[n];

	if (!(a->lines & BIT(n)) || !(r & REDIR_LEVEL) ||
	    (r & (REDIR_MASKED | REDIR_REMOTE_IRR)))
		return;
	a->redir[n] |= REDIR_REMOTE_IRR;
	send(a, n);
}

void
ioapic_set(void *ctx, unsigned n, int level)
{
	struct ioapic *a = ctx;
	uint32_t bit;
	bool rises;

	if (n >= IOAPIC_PINS)
		return;
	bit = UINT32_C(1) << n;
	rises = level && !(a->lines & bit);
	if (!level) {
		a->lines &= ~bit;
		return;
	}
	a->lines |= bit;
	if (a->redir[n] & REDIR_LEVEL)
		service_level(a, n);
	else if (rises)
		send(a, n);
}

void
ioapic_eoi(struct ioapic *a, uint8_t vector)
{
	for (unsigned n = 0; n < IOAPIC_PINS; n++) {
		uint64_t r = a->redir[n];

		if (!(r & REDIR_REMOTE_IRR) || (uint8_t)r != vector)
			continue;
		a->redir[n] &= ~REDIR_REMOTE_IRR;
		service_level(a, n);
	}
}

/* --- registers --------------------------------------------------------- */

static uint32_t
read_window(struct ioapic *a)
{
	unsigned n = (a->select - REG_REDIR) / 2u;

	switch (a->select) {
	case REG_ID:
	case REG_ARB:
		return (uint32_t)a->id << 24;
	case REG_VERSION:
		return VERSION;
	}
	if (a->select < REG_REDIR || n >= IOAPIC_PINS)
		return 0;
	return (uint32_t)(a->redir[n] >> (a->select & 1 ? 32 : 0));
}

static void
write_redir(struct ioapic *a, unsigned n, bool high, uint32_t v)
{
	uint64_t old = a->redir[n];
	uint64_t new = high ? (old & UINT32_MAX) | (uint64_t)v << 32 :
	    (old & ~(uint64_t)UINT32_MAX) | v;

	new = (new & REDIR_WRITABLE) | (old & REDIR_REMOTE_IRR);
	/* Drivers clear a stuck Remote IRR by a detour over edge mode. */
	if (!(new & REDIR_LEVEL))
		new &= ~REDIR_REMOTE_IRR;
	a->redir[n] = new;
	service_level(a, n);
}

static void
write_window(struct ioapic *a, uint32_t v)
{
	unsigned n = (a->select - REG_REDIR) / 2u;

	if (a->select == REG_ID)
		a->id = v >> 24 & 15;
	else if (a->select >= REG_REDIR && n < IOAPIC_PINS)
		write_redir(a, n, a->select & 1, v);
}

static uint64_t
mmio_read(void *dev, uint64_t off, unsigned size)
{
	struct ioapic *a = dev;
	uint32_t v = 0;

	if ((off & 15) > 3)
		return 0;
	if ((off & ~UINT64_C(15)) == IOREGSEL)
		v = a->select;
	else if ((off & ~UINT64_C(15)) == IOWIN)
		v = read_window(a);
	return v >> (off & 3) * 8;
}

static void
mmio_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	struct ioapic *a = dev;

	if (off == IOREGSEL)
		a->select = (uint8_t)value;
	else if (off == IOWIN && size >= 4)
		write_window(a, (uint32_t)value);
	else if (off == IOEOI)
		ioapic_eoi(a, (uint8_t)value);
}

static const struct bus_ops ops = { mmio_read, mmio_write };

/* --- life -------------------------------------------------------------- */

void
ioapic_reset(struct ioapic *a)
{
	for (unsigned n = 0; n < IOAPIC_PINS; n++)
		a->redir[n] = REDIR_MASKED;
	a->select = 0;
	a->id = a->reset_id;
}

void
ioapic_init(struct ioapic *a, uint8_t id,
    void (*deliver)(void *ctx, const struct apic_msg *m), void *ctx)
{
	*a = (struct ioapic){
		.reset_id = id & 15, .deliver = deliver, .ctx = ctx,
	};
	ioapic_reset(a);
}

int
ioapic_attach(struct ioapic *a, struct bus *mmio, struct err *e)
{
	struct bus_range r = { IOAPIC_BASE, IOAPIC_SIZE, &ops, a, "ioapic" };

	return bus_add(mmio, &r, e);
}

static void
dev_reset(void *dev)
{
	ioapic_reset(dev);
}

static int
dev_loaded(void *dev)
{
	struct ioapic *a = dev;

	for (unsigned n = 0; n < IOAPIC_PINS; n++)
		if (a->redir[n] & ~(REDIR_WRITABLE | REDIR_REMOTE_IRR))
			return -EINVAL;
	return 0;
}

#define FIELD(f, w, n, lo, hi) { #f, offsetof(struct ioapic, f), w, n, lo, hi }
static const struct dev_field fields[] = {
	FIELD(redir, 8, IOAPIC_PINS, 0, REDIR_WRITABLE | REDIR_REMOTE_IRR),
	FIELD(lines, 4, 1, 0, BIT(IOAPIC_PINS) - 1),
	FIELD(select, 1, 1, 0, 0xff),
	FIELD(id, 1, 1, 0, 15),
};
#undef FIELD

const struct dev_ops ioapic_ops = {
	.type = "ioapic",
	.size = sizeof(struct ioapic),
	.reset = dev_reset,
	.loaded = dev_loaded,
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
};
