/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 8254: time is counted in CLK pulses of the machine's clock ("tick"), and a
 * channel remembers at which tick its counting began; value and OUT follow.
 * A count written while modes 2 and 3 run takes effect at the period's end
 * (in mode 3 the chip would do so at the half).
 */
#include "io/chip/i8254.h"

#include <errno.h>

#include "io/bytes.h"
#include "io/muldiv.h"

enum { ACCESS_LATCH = 0, ACCESS_LSB = 1, ACCESS_MSB = 2, ACCESS_BOTH = 3 };
enum { STATUS_OUT = 0x80, STATUS_NULL = 0x40 };
enum { P61_GATE2 = 1, P61_REFRESH = 0x10, P61_OUT2 = 0x20 };

#define REFRESH_NS 15085
/* IRQ 0 more often than this is not the loop thread's business. */
#define MIN_INTERVAL_NS 50000
/* Ticks owed are made up for only up to so much time. */
#define MAX_BACKLOG_TICKS (I8254_HZ / 2u)

static uint64_t
tick_now(const struct i8254 *p)
{
	return ns_to_ticks(clock_now(p->tq->clock), I8254_HZ);
}

/* CLK pulses counted so far. */
static uint64_t
elapsed(const struct i8254_channel *c, uint64_t t)
{
	if (c->held)
		return c->start;
	return t > c->start ? t - c->start : 0;
}

static bool
is_periodic(const struct i8254_channel *c)
{
	return c->mode == 2 || c->mode == 3;
}

static bool
is_triggered(const struct i8254_channel *c)
{
	return c->mode == 1 || c->mode == 5;
}

/* Let a new count that waited for the end of the period take effect. */
static void
settle(struct i8254_channel *c, uint64_t t)
{
	if (!c->next_count || !is_periodic(c) || c->held ||
	    elapsed(c, t) < c->count)
		return;
	c->start += c->count;
	c->count = c->next_count;
	c->next_count = 0;
}

/* --- what the counter shows -------------------------------------------- */

static bool
out(const struct i8254_channel *c, uint64_t t)
{
	uint64_t e = elapsed(c, t);

	switch (c->mode) {
	case 0:
		return c->loaded && e >= c->count;
	case 1:
		return !c->triggered || e >= c->count;
	case 2:
		return !c->loaded || !c->gate || e % c->count != c->count - 1;
	case 3:
		return !c->loaded || !c->gate ||
		    e % c->count < (c->count + 1) / 2;
	case 4:
		return !c->loaded || e != c->count;
	default:
		return !c->triggered || e != c->count;
	}
}

static uint16_t
to_bcd(uint32_t v)
{
	return (uint16_t)(v % 10 | v / 10 % 10 << 4 | v / 100 % 10 << 8 |
	    v / 1000 % 10 << 12);
}

/* By twos, from the highest even count, in each half of the period. */
static uint64_t
square_value(const struct i8254_channel *c, uint64_t e)
{
	uint64_t high = (c->count + 1) / 2;
	uint64_t x = e % c->count;

	if (x >= high)
		x -= high;
	return (c->count & ~1u) - 2 * x;
}

static uint16_t
value(const struct i8254_channel *c, uint64_t t)
{
	uint64_t e = elapsed(c, t);
	uint64_t v;

	if (!c->loaded)
		return 0;
	if (c->mode == 2)
		v = c->count - e % c->count;
	else if (c->mode == 3)
		v = square_value(c, e);
	else if (is_triggered(c) && !c->triggered)
		v = c->count;
	else if (c->bcd)
		v = c->count + 10000 - e % 10000;
	else
		v = c->count - e;
	return c->bcd ? to_bcd((uint32_t)(v % 10000)) : (uint16_t)v;
}

static uint8_t
status(const struct i8254_channel *c, uint64_t t)
{
	bool null = !c->loaded || c->next_count || (!c->held && t < c->start);

	return (uint8_t)((out(c, t) ? STATUS_OUT : 0) |
	    (null ? STATUS_NULL : 0) | c->access << 4 | c->mode << 1 | c->bcd);
}

/* --- IRQ 0 ------------------------------------------------------------- */

static void
drive_out0(struct i8254 *p, bool level)
{
	if (p->out0 == level)
		return;
	p->out0 = level;
	irq_set(&p->irq0, level);
}

/* The first rising edge of OUT after tick t. */
static uint64_t
next_edge(const struct i8254_channel *c, uint64_t t)
{
	uint64_t e = elapsed(c, t);
	uint64_t at = c->mode == 4 ? (uint64_t)c->count + 1 : c->count;

	if (!c->loaded || c->held || is_triggered(c))
		return I8254_NO_EDGE;
	if (is_periodic(c))
		return c->start + (e / c->count + 1) * c->count;
	return e < at ? c->start + at : I8254_NO_EDGE;
}

static void
arm(struct i8254 *p, uint64_t t)
{
	const struct i8254_channel *c = &p->ch[0];
	uint64_t next = p->edge;
	uint64_t sooner = t + c->count / 2 + 1;
	ns_t when, soonest;

	if (p->edge == I8254_NO_EDGE) {
		timer_cancel(p->tq, &p->timer);
		return;
	}
	if (p->backlog && sooner < next)
		next = sooner;
	when = ticks_to_ns(next, I8254_HZ);
	if (is_periodic(c)) {
		soonest = p->fired + MIN_INTERVAL_NS;
		when = MAX(when, soonest);
	}
	timer_set(p->tq, &p->timer, when);
}

/* Channel 0 was programmed. */
static void
restart(struct i8254 *p, uint64_t t)
{
	p->backlog = 0;
	p->edge = next_edge(&p->ch[0], t);
	drive_out0(p, out(&p->ch[0], t));
	arm(p, t);
}

static void
owe(struct i8254 *p, uint64_t periods)
{
	uint32_t count = p->ch[0].count;
	uint64_t most = MAX_BACKLOG_TICKS / count;

	/* Faster ones than we care to deliver are simply too fast. */
	if (muldiv64(count, NS_PER_SEC, I8254_HZ) < 2 * MIN_INTERVAL_NS)
		return;
	p->backlog = (uint32_t)MIN(p->backlog + periods, most);
}

static void
edge_due(void *ctx)
{
	struct i8254 *p = ctx;
	struct i8254_channel *c = &p->ch[0];
	uint64_t t = tick_now(p);
	bool lost = is_periodic(c) && p->waiting && p->waiting(p->waiting_ctx);

	if (t >= p->edge) {
		settle(c, t);
		if (is_periodic(c))
			owe(p, (t - p->edge) / c->count + lost);
		p->edge = next_edge(c, t);
	} else if (p->backlog && !lost) {
		p->backlog--;
	}
	if (!lost) {
		drive_out0(p, false);
		drive_out0(p, true);
	}
	p->fired = clock_now(p->tq->clock);
	arm(p, t);
}

void
i8254_set_waiting(struct i8254 *p, bool (*waiting)(void *ctx), void *ctx)
{
	p->waiting = waiting;
	p->waiting_ctx = ctx;
}

/* --- programming ------------------------------------------------------- */

static uint32_t
written_count(const struct i8254_channel *c, uint16_t v)
{
	uint32_t n = v;

	if (c->bcd)
		n = (v & 15u) + (v >> 4 & 15u) * 10 + (v >> 8 & 15u) * 100 +
		    (v >> 12 & 15u) * 1000;
	if (n == 0)
		n = c->bcd ? 10000 : 65536;
	return n;
}

static void
load_count(struct i8254_channel *c, uint16_t v, uint64_t t)
{
	uint32_t n = written_count(c, v);

	if (c->loaded && (is_triggered(c) || is_periodic(c))) {
		settle(c, t);
		if (is_periodic(c) && !c->held)
			c->start += elapsed(c, t) / c->count * c->count;
		c->next_count = n;
		return;
	}
	c->count = n;
	c->loaded = 1;
	c->held = !c->gate && !is_triggered(c);
	c->start = c->held ? 0 : t + 1;
}

static void
write_data(struct i8254 *p, unsigned n, uint8_t v)
{
	struct i8254_channel *c = &p->ch[n];
	uint64_t t = tick_now(p);

	if (c->access == ACCESS_BOTH && !c->write_msb) {
		c->write_lsb = v;
		c->write_msb = 1;
		if (c->mode == 0)
			c->loaded = 0;
	} else {
		uint16_t whole = v;

		if (c->access == ACCESS_BOTH)
			whole = (uint16_t)(v << 8 | c->write_lsb);
		else if (c->access == ACCESS_MSB)
			whole = (uint16_t)(v << 8);
		c->write_msb = 0;
		load_count(c, whole, t);
	}
	if (n != 0)
		return;
	if (is_periodic(c) && c->next_count) {
		/* The period that runs ends when it would have. */
		p->edge = next_edge(c, t);
		arm(p, t);
	} else {
		restart(p, t);
	}
}

static void
latch_count(struct i8254_channel *c, uint64_t t)
{
	if (c->count_latched)
		return;
	c->latch = value(c, t);
	c->count_latched = c->access == ACCESS_BOTH ? 2 : 1;
}

static void
read_back(struct i8254 *p, uint8_t v, uint64_t t)
{
	for (unsigned n = 0; n < I8254_CHANNELS; n++) {
		struct i8254_channel *c = &p->ch[n];

		if (!(v & (2 << n)))
			continue;
		settle(c, t);
		if (!(v & 0x20))
			latch_count(c, t);
		if (!(v & 0x10) && !c->status_latched) {
			c->status = status(c, t);
			c->status_latched = 1;
		}
	}
}

static void
write_control(struct i8254 *p, uint8_t v)
{
	unsigned n = v >> 6;
	uint64_t t = tick_now(p);
	struct i8254_channel *c;

	if (n == 3) {
		read_back(p, v, t);
		return;
	}
	c = &p->ch[n];
	if ((v >> 4 & 3) == ACCESS_LATCH) {
		settle(c, t);
		latch_count(c, t);
		return;
	}
	*c = (struct i8254_channel){
		.mode = v >> 1 & (v & 4 ? 3 : 7),
		.bcd = v & 1,
		.access = v >> 4 & 3,
		.gate = c->gate,
		.count = 65536,
	};
	if (n == 0)
		restart(p, t);
}

static uint8_t
read_data(struct i8254 *p, unsigned n)
{
	struct i8254_channel *c = &p->ch[n];
	uint64_t t = tick_now(p);
	uint16_t v;

	settle(c, t);
	if (c->status_latched) {
		c->status_latched = 0;
		return c->status;
	}
	if (c->count_latched) {
		bool msb = c->access == ACCESS_MSB ||
		    (c->access == ACCESS_BOTH && c->count_latched == 1);

		c->count_latched--;
		return (uint8_t)(msb ? c->latch >> 8 : c->latch);
	}
	v = value(c, t);
	if (c->access == ACCESS_BOTH)
		c->read_msb = !c->read_msb;
	if (c->access == ACCESS_MSB ||
	    (c->access == ACCESS_BOTH && !c->read_msb))
		return v >> 8;
	return (uint8_t)v;
}

/* A GATE edge makes a waiting count the current one. */
static void
take_next(struct i8254_channel *c)
{
	if (c->next_count)
		c->count = c->next_count;
	c->next_count = 0;
}

/* Only channel 2 has a GATE that moves. */
static void
set_gate(struct i8254_channel *c, bool level, uint64_t t)
{
	if (c->gate == level)
		return;
	settle(c, t);
	c->gate = level;
	if (!c->loaded)
		return;
	if (is_triggered(c)) {
		if (!level)
			return;
		c->triggered = 1;
		c->start = t + 1;
		take_next(c);
	} else if (!level) {
		c->start = elapsed(c, t);
		c->held = 1;
	} else {
		/* Modes 2 and 3 begin anew, 0 and 4 go on. */
		c->start = is_periodic(c) ? t + 1 : t - MIN(t, c->start);
		c->held = 0;
		take_next(c);
	}
}

/* --- ports ------------------------------------------------------------- */

static uint8_t
port_read(void *dev, unsigned port)
{
	/* The control register cannot be read: the bus floats. */
	return port == 3 ? 0xff : read_data(dev, port);
}

static void
port_write(void *dev, unsigned port, uint8_t v)
{
	if (port == 3)
		write_control(dev, v);
	else
		write_data(dev, port, v);
}

static uint64_t
bus_read_ports(void *dev, uint64_t off, unsigned size)
{
	return read_bytes(port_read, dev, off, size);
}

static void
bus_write_ports(void *dev, uint64_t off, unsigned size, uint64_t v)
{
	write_bytes(port_write, dev, off, size, v);
}

static uint64_t
read_port61(void *dev, uint64_t off, unsigned size)
{
	struct i8254 *p = dev;
	uint64_t t = tick_now(p);
	uint8_t v = p->port61;

	settle(&p->ch[2], t);
	if (clock_now(p->tq->clock) / REFRESH_NS & 1)
		v |= P61_REFRESH;
	if (out(&p->ch[2], t))
		v |= P61_OUT2;
	return v;
}

static void
write_port61(void *dev, uint64_t off, unsigned size, uint64_t v)
{
	struct i8254 *p = dev;

	p->port61 = v & 0x0f;
	set_gate(&p->ch[2], v & P61_GATE2, tick_now(p));
}

static const struct bus_ops ops = { bus_read_ports, bus_write_ports };
static const struct bus_ops port61_ops = { read_port61, write_port61 };

int
i8254_attach(struct i8254 *p, struct bus *pio, struct err *e)
{
	struct bus_range ports = { 0x40, 4, &ops, p, "i8254" };
	struct bus_range port61 = { 0x61, 1, &port61_ops, p, "port 0x61" };
	int rc = bus_add(pio, &ports, e);

	return rc ? rc : bus_add(pio, &port61, e);
}

/* --- life -------------------------------------------------------------- */

void
i8254_reset(struct i8254 *p)
{
	for (unsigned n = 0; n < I8254_CHANNELS; n++)
		p->ch[n] = (struct i8254_channel){
			.mode = 3, .access = ACCESS_BOTH, .gate = n != 2,
			.count = 65536,
		};
	p->port61 = 0;
	restart(p, tick_now(p));
}

void
i8254_init(struct i8254 *p, struct timer_queue *tq,
    const struct irq_line *irq0)
{
	*p = (struct i8254){
		.tq = tq, .irq0 = *irq0, .out0 = 1,
		.timer = { .fn = edge_due, .ctx = p },
	};
	i8254_reset(p);
}

static void
dev_reset(void *dev)
{
	i8254_reset(dev);
}

static int
dev_loaded(void *dev)
{
	struct i8254 *p = dev;
	uint64_t t = tick_now(p);
	uint32_t backlog = p->backlog;

	for (unsigned n = 0; n < I8254_CHANNELS; n++)
		if (!p->ch[n].held && p->ch[n].start > t + 1)
			return -EINVAL;
	restart(p, t);
	if (p->edge != I8254_NO_EDGE && is_periodic(&p->ch[0]))
		owe(p, backlog);
	arm(p, t);
	return 0;
}

#define CH(i, f, w, lo, hi) { \
	#f #i, offsetof(struct i8254, ch[i].f), w, 1, lo, hi }
#define CHANNEL_FIELDS(i) \
	CH(i, mode, 1, 0, 5), CH(i, bcd, 1, 0, 1), CH(i, access, 1, 1, 3), \
	CH(i, gate, 1, 0, 1), CH(i, loaded, 1, 0, 1), \
	CH(i, triggered, 1, 0, 1), CH(i, write_msb, 1, 0, 1), \
	CH(i, read_msb, 1, 0, 1), CH(i, write_lsb, 1, 0, 0xff), \
	CH(i, count_latched, 1, 0, 2), CH(i, status_latched, 1, 0, 1), \
	CH(i, status, 1, 0, 0xff), CH(i, latch, 2, 0, 0xffff), \
	CH(i, count, 4, 1, 65536), CH(i, next_count, 4, 0, 65536), \
	CH(i, start, 8, 0, UINT64_MAX), CH(i, held, 1, 0, 1)
static const struct dev_field fields[] = {
	CHANNEL_FIELDS(0), CHANNEL_FIELDS(1), CHANNEL_FIELDS(2),
	{ "port61", offsetof(struct i8254, port61), 1, 1, 0, 0x0f },
	{ "backlog", offsetof(struct i8254, backlog), 4, 1, 0,
	    MAX_BACKLOG_TICKS },
};

const struct dev_ops i8254_ops = {
	.type = "i8254",
	.size = sizeof(struct i8254),
	.reset = dev_reset,
	.loaded = dev_loaded,
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
};
