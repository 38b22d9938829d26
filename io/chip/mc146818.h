/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MC146818A real-time clock and CMOS memory behind ports 0x70 and 0x71, with
 * the PC's century byte at 0x32 and the NMI mask in bit 7 of port 0x70.
 *
 * The time of day is computed from the machine's clock and the wall time
 * given at mc146818_init().  A host timer runs only while an interrupt is
 * enabled that it could raise.
 *
 * mc146818_init(); mc146818_set_memory(); mc146818_attach().  Device lock
 * held.
 */
#ifndef TRIVISOR_IO_CHIP_MC146818_H
#define TRIVISOR_IO_CHIP_MC146818_H

#include "io/dev.h"

#define MC146818_BYTES 128

struct mc146818 {
	uint8_t index;		/* port 0x70: bit 7 masks NMIs */
	uint8_t cmos[MC146818_BYTES];
	/* The time was base_sec, in s since the year 0, at base_ns. */
	uint64_t base_sec;
	ns_t base_ns;
	uint8_t held;		/* why the time stands still: HELD_* */
	uint64_t last_update;	/* second whose update has been noted */
	uint64_t last_periodic;	/* period of the divider noted last */
	uint8_t level;		/* of irq8 */
	struct timer timer;
	struct timer_queue *tq;	/* borrowed */
	struct irq_line irq8;
};

/*
 * wall is what the clock on the wall says now, in ns since 1970, with the
 * offset to local time included if the guest wants local time.
 */
void mc146818_init(struct mc146818 *r, struct timer_queue *tq,
    const struct irq_line *irq8, int64_t wall);
void mc146818_reset(struct mc146818 *r);
/* RAM below 4 GiB and above it, into the bytes that firmware fills. */
void mc146818_set_memory(struct mc146818 *r, uint64_t below_4g,
    uint64_t above_4g);
/* Ports 0x70..0x71. */
MUST_USE int mc146818_attach(struct mc146818 *r, struct bus *pio,
    struct err *e);
bool mc146818_nmi_masked(const struct mc146818 *r);

extern const struct dev_ops mc146818_ops;

#endif
