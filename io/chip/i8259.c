/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 8259A pair.  An edge request lasts as long as its line stays high, as the
 * data sheet says; the cascade on IR2 is the slave's INT, always a level.
 * MCS-80 mode and buffered mode are not there, nor is LTIM (the PIIX has the
 * ELCR instead).
 */
#include "io/chip/i8259.h"

#include <errno.h>

#include "io/bytes.h"

enum { MASTER, SLAVE, CASCADE = 2 };

enum {
	ICW1_IC4 = 0x01, ICW1_SNGL = 0x02, ICW1 = 0x10,
	ICW4_AEOI = 0x02, ICW4_SFNM = 0x10,
	OCW3 = 0x08, OCW3_RIS = 0x01, OCW3_RR = 0x02, OCW3_POLL = 0x04,
	OCW3_SMM = 0x20, OCW3_ESMM = 0x40,
};

/* Inputs that the PIIX lets be level triggered. */
static const uint8_t elcr_mask[2] = { 0xf8, 0xde };

/* --- one chip ---------------------------------------------------------- */

static uint8_t
blocking(const struct i8259_chip *c, bool master)
{
	uint8_t b = c->isr;

	if (c->special_mask)
		b &= (uint8_t)~c->imr;
	if (master && (c->icw4 & ICW4_SFNM))
		b &= (uint8_t)~(1 << CASCADE);
	return b;
}

/* The request that would be acknowledged now, or -1. */
static int
request(const struct i8259_chip *c, bool master)
{
	uint8_t wants = c->irr & (uint8_t)~c->imr;
	uint8_t busy = blocking(c, master);

	if (!c->ready || c->icw_step || !wants)
		return -1;
	for (unsigned i = 1; i <= 8; i++) {
		unsigned ir = (c->lowest + i) & 7;

		/* The slave's requests pass its own bit under SFNM only. */
		if (busy & (1 << ir))
			return -1;
		if (wants & (1 << ir))
			return (int)ir;
	}
	return -1;
}

static void
acknowledge(struct i8259_chip *c, int ir, bool cascade)
{
	uint8_t bit = (uint8_t)(1 << ir);

	if (!(c->elcr & bit) && !cascade)
		c->irr &= (uint8_t)~bit;
	if (!(c->icw4 & ICW4_AEOI))
		c->isr |= bit;
	else if (c->rotate_aeoi)
		c->lowest = (uint8_t)ir;
}

static void
set_line(struct i8259_chip *c, unsigned ir, bool level)
{
	uint8_t bit = (uint8_t)(1 << ir);

	if (!level) {
		c->lines &= (uint8_t)~bit;
		c->irr &= (uint8_t)~bit;
		return;
	}
	if ((c->elcr & bit) || !(c->lines & bit))
		c->irr |= bit;
	c->lines |= bit;
}

/* --- the pair ---------------------------------------------------------- */

static void
drive_out(struct i8259 *p, uint8_t level)
{
	if (atomic_load_explicit(&p->out_level, memory_order_relaxed) == level)
		return;
	atomic_store_explicit(&p->out_level, level, memory_order_release);
	irq_set(&p->out, level);
}

static void
update(struct i8259 *p)
{
	struct i8259_chip *m = &p->chip[MASTER];
	uint8_t bit = 1 << CASCADE;

	if (request(&p->chip[SLAVE], false) >= 0) {
		m->irr |= bit;
		m->lines |= bit;
	} else {
		m->irr &= (uint8_t)~bit;
		m->lines &= (uint8_t)~bit;
	}
	drive_out(p, request(m, true) >= 0);
}

void
i8259_set(void *ctx, unsigned n, int level)
{
	struct i8259 *p = ctx;

	if (n >= I8259_IRQS || n == CASCADE)
		return;
	set_line(&p->chip[n >> 3], n & 7, level != 0);
	update(p);
}

bool
i8259_pending(const struct i8259 *p)
{
	return request(&p->chip[MASTER], true) >= 0;
}

bool
i8259_waiting(const struct i8259 *p, unsigned n)
{
	const struct i8259_chip *c = &p->chip[n >> 3 & 1];

	return c->ready && (c->irr & ~c->imr & (1 << (n & 7))) != 0;
}

uint8_t
i8259_ack(struct i8259 *p)
{
	struct i8259_chip *c = &p->chip[MASTER];
	int ir = request(c, true);

	if (ir == CASCADE) {
		acknowledge(c, ir, true);
		c = &p->chip[SLAVE];
		ir = request(c, false);
	}
	if (ir >= 0)
		acknowledge(c, ir, false);
	else
		ir = 7;		/* gone meanwhile: the default IR7 */
	/* INT falls with INTA, so that a further request is an edge again. */
	drive_out(p, 0);
	update(p);
	return (uint8_t)(c->icw2 | ir);
}

/* --- commands ---------------------------------------------------------- */

static void
start_init(struct i8259_chip *c, uint8_t v)
{
	c->icw1 = v;
	c->icw4 = 0;
	c->imr = 0;
	c->isr = 0;
	c->irr = c->lines & c->elcr;
	c->lowest = 7;
	c->rotate_aeoi = 0;
	c->special_mask = 0;
	c->read_isr = 0;
	c->poll = 0;
	c->icw_step = 2;
}

static void
init_word(struct i8259_chip *c, uint8_t v)
{
	bool single = (c->icw1 & ICW1_SNGL) != 0;

	if (c->icw_step == 2) {
		c->icw2 = v & 0xf8;
		c->icw_step = 3;
		if (!single)
			return;
	} else if (c->icw_step == 3) {
		c->icw3 = v;
	} else {
		c->icw4 = v & 0x1f;
		c->icw_step = 0;
	}
	if (c->icw_step == 3)
		c->icw_step = c->icw1 & ICW1_IC4 ? 4 : 0;
	if (c->icw_step == 0)
		c->ready = 1;
}

/* IR of the in-service bit that a non-specific EOI ends, or -1. */
static int
in_service(const struct i8259_chip *c)
{
	uint8_t isr = c->isr;

	if (c->special_mask)
		isr &= (uint8_t)~c->imr;
	for (unsigned i = 1; i <= 8; i++)
		if (isr & (1 << ((c->lowest + i) & 7)))
			return (int)((c->lowest + i) & 7);
	return -1;
}

static void
ocw2(struct i8259_chip *c, uint8_t v)
{
	bool rotate = (v & 0x80) != 0;
	bool specific = (v & 0x40) != 0;
	bool eoi = (v & 0x20) != 0;
	int ir = specific ? v & 7 : in_service(c);

	if (!eoi) {
		if (!specific)
			c->rotate_aeoi = rotate;
		else if (rotate)
			c->lowest = (uint8_t)ir;
		return;
	}
	if (ir < 0)
		return;
	c->isr &= (uint8_t)~(1 << ir);
	if (rotate)
		c->lowest = (uint8_t)ir;
}

static void
ocw3(struct i8259_chip *c, uint8_t v)
{
	if (v & OCW3_RR)
		c->read_isr = v & OCW3_RIS;
	if (v & OCW3_ESMM)
		c->special_mask = (v & OCW3_SMM) != 0;
	c->poll = (v & OCW3_POLL) != 0;
}

static void
chip_write(struct i8259 *p, unsigned which, unsigned a0, uint8_t v)
{
	struct i8259_chip *c = &p->chip[which];

	if (a0 && c->icw_step)
		init_word(c, v);
	else if (a0)
		c->imr = v;
	else if (v & ICW1)
		start_init(c, v);
	else if (v & OCW3)
		ocw3(c, v);
	else
		ocw2(c, v);
	update(p);
}

/* A poll is an acknowledge cycle with the answer on the data bus. */
static uint8_t
poll(struct i8259 *p, unsigned which)
{
	struct i8259_chip *c = &p->chip[which];
	int ir = request(c, which == MASTER);

	c->poll = 0;
	if (ir < 0)
		return 0;
	acknowledge(c, ir, which == MASTER && ir == CASCADE);
	if (which == MASTER)
		drive_out(p, 0);
	update(p);
	return (uint8_t)(0x80 | ir);
}

static uint8_t
chip_read(struct i8259 *p, unsigned which, unsigned a0)
{
	const struct i8259_chip *c = &p->chip[which];

	if (c->poll)
		return poll(p, which);
	if (a0)
		return c->imr;
	return c->read_isr ? c->isr : c->irr;
}

/* --- ports ------------------------------------------------------------- */

static uint8_t
master_read(void *dev, unsigned port)
{
	return chip_read(dev, MASTER, port & 1);
}

static void
master_write(void *dev, unsigned port, uint8_t v)
{
	chip_write(dev, MASTER, port & 1, v);
}

static uint8_t
slave_read(void *dev, unsigned port)
{
	return chip_read(dev, SLAVE, port & 1);
}

static void
slave_write(void *dev, unsigned port, uint8_t v)
{
	chip_write(dev, SLAVE, port & 1, v);
}

static uint8_t
elcr_read(void *dev, unsigned port)
{
	struct i8259 *p = dev;

	return p->chip[port & 1].elcr;
}

static void
elcr_write(void *dev, unsigned port, uint8_t v)
{
	struct i8259 *p = dev;
	struct i8259_chip *c = &p->chip[port & 1];
	uint8_t changed;

	v &= elcr_mask[port & 1];
	changed = v ^ c->elcr;
	c->elcr = v;
	c->irr = (c->irr & (uint8_t)~changed) | (c->lines & changed & v);
	update(p);
}

#define BYTE_PORTS(name) \
static uint64_t \
name##_bus_read(void *dev, uint64_t off, unsigned size) \
{ \
	return read_bytes(name##_read, dev, off, size); \
} \
static void \
name##_bus_write(void *dev, uint64_t off, unsigned size, uint64_t v) \
{ \
	write_bytes(name##_write, dev, off, size, v); \
} \
static const struct bus_ops name##_ops = { name##_bus_read, name##_bus_write }

BYTE_PORTS(master);
BYTE_PORTS(slave);
BYTE_PORTS(elcr);

int
i8259_attach(struct i8259 *p, struct bus *pio, struct err *e)
{
	struct bus_range r[] = {
		{ 0x20, 2, &master_ops, p, "i8259 master" },
		{ 0xa0, 2, &slave_ops, p, "i8259 slave" },
		{ 0x4d0, 2, &elcr_ops, p, "elcr" },
	};
	int rc = 0;

	for (unsigned i = 0; i < ARRAY_LEN(r) && rc == 0; i++)
		rc = bus_add(pio, &r[i], e);
	return rc;
}

/* --- life -------------------------------------------------------------- */

void
i8259_reset(struct i8259 *p)
{
	for (unsigned i = 0; i < 2; i++) {
		struct i8259_chip *c = &p->chip[i];

		/* Until firmware or the guest has set it up, it is silent. */
		*c = (struct i8259_chip){ .lines = c->lines, .lowest = 7 };
	}
	update(p);
}

void
i8259_init(struct i8259 *p, const struct irq_line *out)
{
	*p = (struct i8259){ .out = *out };
	i8259_reset(p);
}

static void
dev_reset(void *dev)
{
	i8259_reset(dev);
}

static int
dev_loaded(void *dev)
{
	struct i8259 *p = dev;

	for (unsigned i = 0; i < 2; i++)
		if ((p->chip[i].elcr & (uint8_t)~elcr_mask[i]) ||
		    (p->chip[i].icw2 & 7) || p->chip[i].icw_step == 1)
			return -EINVAL;
	drive_out(p, 0);
	update(p);
	return 0;
}

#define CHIP(i, f, hi) { \
	#f #i, offsetof(struct i8259, chip[i].f), 1, 1, 0, hi }
#define CHIP_FIELDS(i) \
	CHIP(i, irr, 0xff), CHIP(i, isr, 0xff), CHIP(i, imr, 0xff), \
	CHIP(i, lines, 0xff), CHIP(i, elcr, 0xfe), CHIP(i, icw1, 0xff), \
	{ "icw2" #i, offsetof(struct i8259, chip[i].icw2), 1, 1, 0, 0xf8 }, \
	CHIP(i, icw3, 0xff), CHIP(i, icw4, 0x1f), CHIP(i, icw_step, 4), \
	CHIP(i, lowest, 7), CHIP(i, rotate_aeoi, 1), CHIP(i, special_mask, 1), \
	CHIP(i, read_isr, 1), CHIP(i, poll, 1), CHIP(i, ready, 1)
static const struct dev_field fields[] = { CHIP_FIELDS(0), CHIP_FIELDS(1) };

const struct dev_ops i8259_ops = {
	.type = "i8259",
	.size = sizeof(struct i8259),
	.reset = dev_reset,
	.loaded = dev_loaded,
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
};
