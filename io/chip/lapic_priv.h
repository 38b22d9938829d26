/* SPDX-License-Identifier: Apache-2.0 */
/* What lapic.c (delivery, timer) and lapic_regs.c (registers) share. */
#ifndef TRIVISOR_IO_CHIP_LAPIC_PRIV_H
#define TRIVISOR_IO_CHIP_LAPIC_PRIV_H

#include "io/chip/lapic.h"

#define APIC_SVR_ENABLE		UINT32_C(0x100)
#define APIC_LVT_MASKED		UINT32_C(0x10000)
#define APIC_LVT_REMOTE_IRR	UINT32_C(0x4000)
#define APIC_LVT_LEVEL		UINT32_C(0x8000)
#define APIC_LVT_DELIVERY(v)	((v) >> 8 & 7)
#define APIC_LVT_TIMER_MODE(v)	((v) >> 17 & 3)

enum { TIMER_ONESHOT, TIMER_PERIODIC, TIMER_DEADLINE };

/* ESR bits (SDM 3, 11.5.3). */
enum {
	ESR_SEND_VECTOR = 0x20, ESR_RECEIVE_VECTOR = 0x40,
	ESR_REGISTER = 0x80,
};

/* Relaxed access to what other threads also read. */
#define peek(p) atomic_load_explicit((p), memory_order_relaxed)
#define poke(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)

static inline bool
lapic_on(const struct lapic *l)
{
	return (peek(&l->base) & APIC_BASE_EN) != 0;
}

static inline bool
lapic_x2(const struct lapic *l)
{
	return (peek(&l->base) & APIC_BASE_EXTD) != 0;
}

static inline bool
lapic_sw_on(const struct lapic *l)
{
	return lapic_on(l) && (peek(&l->svr) & APIC_SVR_ENABLE) != 0;
}

static inline void
lapic_kick(struct lapic *l)
{
	l->ops->kick(l->ctx);
}

/* Registers as after power-up or INIT; APIC_BASE and the pins stay. */
void lapic_clear(struct lapic *l);
/* lapic_reset() without a word to the owner. */
void lapic_power_up(struct lapic *l);
void lapic_error(struct lapic *l, uint32_t bit);
uint8_t lapic_ppr(const struct lapic *l);
void lapic_eoi(struct lapic *l);
/* Act on a write of the low half of the ICR. */
void lapic_send(struct lapic *l);

uint32_t lapic_timer_count(const struct lapic *l);
void lapic_timer_set_initial(struct lapic *l, uint32_t v);
void lapic_timer_set_divide(struct lapic *l, uint32_t v);
/* Around a change of the timer's LVT or of what masks it. */
void lapic_timer_set_lvt(struct lapic *l, uint32_t v);
void lapic_timer_set_tsc(struct lapic *l, uint64_t v);

#endif
