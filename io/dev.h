/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device contract: how a chip is reached (bus), how it signals (irq) and
 * how it keeps time (timers).  Every device model in io/ needs only this file.
 *
 * Threads: a device is only touched with the machine's device lock held, be
 * it by a vCPU thread (port and MMIO accesses) or by the loop thread (timers,
 * host fds).  bus_* functions take the lock themselves.  The local APIC is
 * the exception: see io/chip/lapic.h.
 */
#ifndef TRIVISOR_IO_DEV_H
#define TRIVISOR_IO_DEV_H

#include <pthread.h>

#include "base/clock.h"
#include "base/err.h"

/* An interrupt line: level 1 asserts, 0 deasserts. */
struct irq_line {
	void (*set)(void *ctx, unsigned n, int level);
	void *ctx;		/* borrowed */
	unsigned n;
};

static inline void
irq_set(const struct irq_line *l, int level)
{
	if (l->set)
		l->set(l->ctx, l->n, level);
}

/* --- timers ---------------------------------------------------------- */

/*
 * A one-shot deadline on the machine's clock.  The queue belongs to the
 * machine; fn runs on the loop thread with the device lock held.
 */
struct timer {
	struct timer *next;	/* in the queue, by deadline */
	ns_t deadline;
	bool armed;
	void (*fn)(void *ctx);
	void *ctx;		/* borrowed */
};

struct timer_queue {
	struct timer *head;
	const struct clock *clock;
	/*
	 * Called (device lock held) when the earliest deadline changed, and
	 * at the end of each timer_run().
	 */
	void (*rearm)(void *ctx);
	void *ctx;
	bool running;		/* in timer_run() */
};

void timer_queue_init(struct timer_queue *q, const struct clock *clock,
    void (*rearm)(void *ctx), void *ctx);
void timer_set(struct timer_queue *q, struct timer *t, ns_t deadline);
void timer_cancel(struct timer_queue *q, struct timer *t);
/* Deadline of the earliest timer, or INT64_MAX. */
ns_t timer_next(const struct timer_queue *q);
/* Run what is due. */
void timer_run(struct timer_queue *q);

/* --- buses ----------------------------------------------------------- */

enum bus_space { BUS_PIO, BUS_MMIO };

/* off is relative to the range's base; size 1, 2, 4 (8 on MMIO). */
struct bus_ops {
	uint64_t (*read)(void *dev, uint64_t off, unsigned size);
	void (*write)(void *dev, uint64_t off, unsigned size, uint64_t value);
};

struct bus_range {
	uint64_t base, size;
	const struct bus_ops *ops;
	void *dev;		/* borrowed */
	const char *name;
};

#define BUS_MAX_RANGES 128

/*
 * One address space.  Ranges are kept sorted; an access that no range covers
 * wholly reads all ones and drops writes.  Accesses wider than what a device
 * wants are the device's business.
 */
struct bus {
	struct bus_range range[BUS_MAX_RANGES];
	unsigned n;
	pthread_mutex_t *lock;	/* the device lock, borrowed */
	uint64_t unclaimed;	/* accesses nobody answered */
};

void bus_init(struct bus *b, pthread_mutex_t *device_lock);
/* -EINVAL when it overlaps another, -ENOSPC when full. */
MUST_USE int bus_add(struct bus *b, const struct bus_range *r, struct err *e);
/* Move (BAR written) or remove: size 0.  Device lock held. */
MUST_USE int bus_move(struct bus *b, void *dev, const struct bus_ops *ops,
    uint64_t base, uint64_t size);
uint64_t bus_read(struct bus *b, uint64_t addr, unsigned size);
void bus_write(struct bus *b, uint64_t addr, unsigned size, uint64_t value);

/* --- devices --------------------------------------------------------- */

/* One field of a device's state, for save/load, range checks and fuzzing. */
struct dev_field {
	const char *name;
	uint16_t offset;	/* in the device's structure */
	uint8_t width;		/* bytes of one element: 1, 2, 4, 8 */
	uint16_t count;		/* elements */
	uint64_t min, max;
};

struct machine_bus;		/* what a device may wire itself to */

struct dev_ops {
	const char *type;	/* "i8254" */
	size_t size;
	void (*reset)(void *dev);
	/* Derived state after fields were loaded, e.g. timers; -EINVAL. */
	int (*loaded)(void *dev);
	const struct dev_field *fields;
	unsigned n_fields;
};

#endif
