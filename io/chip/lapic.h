/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local APIC, xAPIC and x2APIC (SDM 3, chapter 11), one per vCPU, and the
 * "bus" that takes messages to all of them.
 *
 * Unlike every other device it is not under the device lock.  Whoever runs
 * the vCPU (its owner thread) reads and writes registers, takes interrupts
 * and runs the timer; any thread may post messages (apic_bus_deliver(),
 * lapic_post(), lapic_lint()).  What both sides touch is atomic: IRR, TMR,
 * ESR, the LVT and the destination registers.  Callbacks are made with no
 * lock held; kick, nmi, init and sipi from any thread.
 *
 * The timer is not in the timer_queue: the owner asks lapic_next_deadline(),
 * calls lapic_run_timer() when that time has come, and is told by rearm()
 * when the answer changed.  The timer's bus clock is 1 GHz: one count is
 * one nanosecond.
 *
 * Sequence: apic_bus_init(); lapic_init() per vCPU (joins the bus); then
 * lapic_reset() at each machine reset and lapic_init_signal() for INIT.
 * Compiled vector-free.
 */
#ifndef TRIVISOR_IO_CHIP_LAPIC_H
#define TRIVISOR_IO_CHIP_LAPIC_H

#include <stdatomic.h>

#include "io/chip/apic_msg.h"
#include "io/dev.h"

#define LAPIC_DEFAULT_BASE UINT64_C(0xfee00000)
#define LAPIC_TIMER_HZ 1000000000
#define APIC_BUS_MAX 16

/* MSRs that lapic_msr_*() answers: these and 0x800..0x8ff. */
#define MSR_APIC_BASE		0x1b
#define MSR_TSC_DEADLINE	0x6e0
#define MSR_X2APIC_FIRST	0x800
#define MSR_X2APIC_LAST		0x8ff

/* Bits of APIC_BASE. */
#define APIC_BASE_BSP	UINT64_C(0x100)
#define APIC_BASE_EXTD	UINT64_C(0x400)
#define APIC_BASE_EN	UINT64_C(0x800)

enum lapic_lvt {
	LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR,
	LVT_COUNT
};

struct lapic_ops {
	/* Owner: lapic_next_deadline() may have changed. */
	void (*rearm)(void *ctx);
	/* Any thread: look at lapic_pending() and the 8259s again. */
	void (*kick)(void *ctx);
	/* Any thread: for this vCPU.  init: then lapic_init_signal(). */
	void (*nmi)(void *ctx);
	void (*init)(void *ctx);
	void (*sipi)(void *ctx, uint8_t vector);
	/*
	 * Owner: a level-triggered interrupt ended; for ioapic_eoi() under
	 * the device lock.
	 */
	void (*eoi)(void *ctx, uint8_t vector);
	/* Owner: guest TSC now, and its rate. */
	uint64_t (*tsc_now)(void *ctx);
	uint64_t (*tsc_khz)(void *ctx);
};

struct apic_bus;

struct lapic {
	/* Any thread. */
	_Atomic uint32_t irr[8], tmr[8];
	_Atomic uint32_t esr_new;	/* errors since ESR was last written */
	_Atomic uint32_t lvt[LVT_COUNT];
	_Atomic uint32_t svr, ldr, dfr;
	_Atomic uint64_t base;		/* APIC_BASE MSR */
	_Atomic uint8_t tpr;
	_Atomic uint8_t lint;		/* bit n: level of LINTn */

	/* Owner only. */
	uint32_t isr[8];
	uint32_t esr;
	uint32_t icr_low, icr_high;
	uint32_t divide;		/* divide configuration register */
	uint32_t timer_initial;
	ns_t timer_start;		/* when the initial count was written */
	ns_t timer_deadline;		/* INT64_MAX: off */
	uint64_t tsc_deadline;		/* the MSR; 0: disarmed */

	/* Wiring. */
	uint32_t id;
	bool bsp;
	uint64_t base_reserved;		/* address bits APIC_BASE lacks */
	struct apic_bus *bus;		/* borrowed */
	const struct clock *clock;	/* borrowed */
	const struct lapic_ops *ops;	/* borrowed */
	void *ctx;			/* borrowed */
};

struct apic_bus {
	struct lapic *lapic[APIC_BUS_MAX];	/* borrowed */
	unsigned n;
	_Atomic uint32_t turn;		/* where lowest-priority ties start */
};

void apic_bus_init(struct apic_bus *b);
/*
 * Take a message to every local APIC that it addresses; how many accepted it.
 * Any thread.
 */
unsigned apic_bus_deliver(struct apic_bus *b, const struct apic_msg *m);

/* Does a fixed interrupt sent so wait in an IRR?  Any thread. */
bool apic_bus_waiting(const struct apic_bus *b, const struct apic_msg *m);

/* phys_bits: guest physical address width, as CPUID says it. */
void lapic_init(struct lapic *l, uint32_t id, bool bsp, unsigned phys_bits,
    struct apic_bus *bus, const struct clock *clock,
    const struct lapic_ops *ops, void *ctx);
/*
 * Power-up state; the bootstrap processor's is left as firmware leaves it:
 * enabled, LINT0 ExtINT and LINT1 NMI (virtual wire mode).
 */
void lapic_reset(struct lapic *l);
/* The INIT signal: as power-up, but APIC_BASE stays.  Owner. */
void lapic_init_signal(struct lapic *l);

/* Does this physical address belong to the APIC page now?  Owner. */
static inline bool
lapic_covers(const struct lapic *l, gpa_t gpa)
{
	uint64_t base = atomic_load_explicit(&l->base, memory_order_relaxed);

	return (base & (APIC_BASE_EN | APIC_BASE_EXTD)) == APIC_BASE_EN &&
	    (gpa & PAGE_MASK) == (base & PAGE_MASK);
}

/* off is relative to the page; anything odd reads 0 and is dropped.  Owner. */
uint32_t lapic_mmio_read(struct lapic *l, unsigned off, unsigned size);
void lapic_mmio_write(struct lapic *l, unsigned off, unsigned size,
    uint32_t value);
/* 0, or -EPERM: #GP(0).  Owner. */
int lapic_msr_read(struct lapic *l, uint32_t msr, uint64_t *value);
int lapic_msr_write(struct lapic *l, uint32_t msr, uint64_t value);
/* CR8.  Owner. */
void lapic_set_tpr(struct lapic *l, uint8_t cr8);
uint8_t lapic_get_tpr(const struct lapic *l);

/* A fixed interrupt for this APIC; false when not accepted.  Any thread. */
bool lapic_post(struct lapic *l, uint8_t vector, bool level_trigger);
/* A level on LINT0 (the 8259s' INT) or LINT1 (NMI).  Any thread. */
void lapic_lint(struct lapic *l, unsigned n, int level);
/* An irq_line callback for the above: ctx is the struct lapic, n the pin. */
void lapic_lint_set(void *ctx, unsigned n, int level);

/* Vector that may be delivered now, by PPR; -1 none.  Owner. */
int lapic_pending(const struct lapic *l);
/* The same, and it is now in service.  Owner. */
int lapic_take(struct lapic *l);
/* Do the 8259s reach this processor (LINT0 ExtINT, or APIC disabled)? */
bool lapic_accepts_extint(const struct lapic *l);

/* Clock time at which lapic_run_timer() has something to do; INT64_MAX. */
ns_t lapic_next_deadline(const struct lapic *l);
void lapic_run_timer(struct lapic *l);
/* The guest wrote its TSC or TSC_ADJUST.  Owner. */
void lapic_tsc_changed(struct lapic *l);

extern const struct dev_ops lapic_dev_ops;

#endif
