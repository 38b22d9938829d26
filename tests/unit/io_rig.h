/* SPDX-License-Identifier: Apache-2.0 */
/* What every device test needs: a hand-turned clock, buses, recorded lines. */
#ifndef TRIVISOR_TESTS_UNIT_IO_RIG_H
#define TRIVISOR_TESTS_UNIT_IO_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "io/dev.h"

#define RIG_LINES 32
#define US 1000
#define MS 1000000

struct rig {
	struct clock clock;
	struct timer_queue tq;
	pthread_mutex_t lock;
	struct bus pio, mmio;
	int level[RIG_LINES];
	unsigned edges[RIG_LINES];	/* rising ones */
};

static inline void
rig_line(void *ctx, unsigned n, int level)
{
	struct rig *r = ctx;

	assert_true(n < RIG_LINES);
	if (level && !r->level[n])
		r->edges[n]++;
	r->level[n] = level;
}

static inline struct irq_line
rig_irq(struct rig *r, unsigned n)
{
	return (struct irq_line){ .set = rig_line, .ctx = r, .n = n };
}

static inline void
rig_init(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	/* Some days after the host started. */
	clock_manual_init(&r->clock, INT64_C(1000000) * NS_PER_SEC + 7);
	timer_queue_init(&r->tq, &r->clock, NULL, NULL);
	pthread_mutex_init(&r->lock, NULL);
	bus_init(&r->pio, &r->lock);
	bus_init(&r->mmio, &r->lock);
}

/* Let time pass, running each timer when it is due. */
static inline void
rig_pass(struct rig *r, ns_t by)
{
	ns_t end = r->clock.manual + by;

	while (timer_next(&r->tq) <= end) {
		ns_t next = timer_next(&r->tq);

		if (next > r->clock.manual)
			clock_manual_advance(&r->clock,
			    next - r->clock.manual);
		timer_run(&r->tq);
	}
	clock_manual_advance(&r->clock, end - r->clock.manual);
}

static inline void
outb(struct rig *r, uint16_t port, uint8_t v)
{
	bus_write(&r->pio, port, 1, v);
}

static inline uint8_t
inb(struct rig *r, uint16_t port)
{
	return (uint8_t)bus_read(&r->pio, port, 1);
}

static inline void
outw(struct rig *r, uint16_t port, uint16_t v)
{
	bus_write(&r->pio, port, 2, v);
}

static inline uint16_t
inw(struct rig *r, uint16_t port)
{
	return (uint16_t)bus_read(&r->pio, port, 2);
}

static inline void
outl(struct rig *r, uint16_t port, uint32_t v)
{
	bus_write(&r->pio, port, 4, v);
}

static inline uint32_t
inl(struct rig *r, uint16_t port)
{
	return (uint32_t)bus_read(&r->pio, port, 4);
}

#endif
