/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local APIC registers, as the xAPIC's page and as the x2APIC's MSRs (SDM 3,
 * tables 11-1 and 11-6), APIC_BASE and its transitions, reset.
 */
#include "io/chip/lapic_priv.h"

#include <errno.h>

/* Register numbers: MMIO offset / 16, MSR - 0x800. */
enum {
	REG_ID = 0x02, REG_VERSION = 0x03, REG_TPR = 0x08, REG_APR = 0x09,
	REG_PPR = 0x0a, REG_EOI = 0x0b, REG_LDR = 0x0d, REG_DFR = 0x0e,
	REG_SVR = 0x0f, REG_ISR = 0x10, REG_TMR = 0x18, REG_IRR = 0x20,
	REG_ESR = 0x28, REG_ICR = 0x30, REG_ICR_HIGH = 0x31, REG_LVT = 0x32,
	REG_INITIAL = 0x38, REG_COUNT = 0x39, REG_DIVIDE = 0x3e,
	REG_SELF_IPI = 0x3f, REG_MAX = 0x40,
};

/* Version 0x14: integrated APIC; no EOI broadcast suppression. */
#define VERSION (0x14 | (LVT_COUNT - 1) << 16)

/* Which accesses exist: by the page (X), by MSR (2). */
enum { XR = 1, XW = 2, R2 = 4, W2 = 8, ALL = XR | XW | R2 | W2 };

/* writable: other bits are ignored by the page and #GP in an MSR. */
static const struct reg_rule {
	uint8_t access;
	uint32_t writable;
} rules[REG_MAX] = {
	[REG_ID] = { XR | XW | R2, 0 },
	[REG_VERSION] = { XR | R2, 0 },
	[REG_TPR] = { ALL, 0xff },
	[REG_APR] = { XR, 0 },
	[REG_PPR] = { XR | R2, 0 },
	[REG_EOI] = { XW | W2, 0 },
	[REG_LDR] = { XR | XW | R2, 0xff000000 },
	[REG_DFR] = { XR | XW, 0xf0000000 },
	[REG_SVR] = { ALL, 0x3ff },
	[REG_ISR ... REG_IRR + 7] = { XR | R2, 0 },
	[REG_ESR] = { ALL, 0 },
	[REG_ICR] = { ALL, 0x000ccfff },
	[REG_ICR_HIGH] = { XR | XW, 0xff000000 },
	[REG_LVT + LVT_TIMER] = { ALL, 0x000700ff },
	[REG_LVT + LVT_THERMAL] = { ALL, 0x000107ff },
	[REG_LVT + LVT_PERF] = { ALL, 0x000107ff },
	[REG_LVT + LVT_LINT0] = { ALL, 0x0001a7ff },
	[REG_LVT + LVT_LINT1] = { ALL, 0x0001a7ff },
	[REG_LVT + LVT_ERROR] = { ALL, 0x000100ff },
	[REG_INITIAL] = { ALL, 0xffffffff },
	[REG_COUNT] = { XR | R2, 0 },
	[REG_DIVIDE] = { ALL, 0xb },
	[REG_SELF_IPI] = { W2, 0xff },
};

/* Read-only bits that an MSR write may carry all the same. */
#define LVT_STATUS_BITS UINT32_C(0x5000)

static bool
allows(unsigned reg, uint8_t access)
{
	return reg < REG_MAX && (rules[reg].access & access) != 0;
}

/* The registers that need more than a variable; reg is readable. */
static uint32_t
reg_read(struct lapic *l, unsigned reg)
{
	switch (reg) {
	case REG_ID:
		return lapic_x2(l) ? l->id : l->id << 24;
	case REG_VERSION:
		return VERSION;
	case REG_TPR:
		return peek(&l->tpr);
	case REG_APR:
	case REG_PPR:
		return lapic_ppr(l);
	case REG_LDR:
		return peek(&l->ldr);
	case REG_DFR:
		return peek(&l->dfr);
	case REG_SVR:
		return peek(&l->svr);
	case REG_ISR ... REG_ISR + 7:
		return l->isr[reg - REG_ISR];
	case REG_TMR ... REG_TMR + 7:
		return peek(&l->tmr[reg - REG_TMR]);
	case REG_IRR ... REG_IRR + 7:
		return peek(&l->irr[reg - REG_IRR]);
	case REG_ESR:
		return l->esr;
	case REG_ICR:
		return l->icr_low;
	case REG_ICR_HIGH:
		return l->icr_high;
	case REG_LVT ... REG_LVT + LVT_COUNT - 1:
		return peek(&l->lvt[reg - REG_LVT]);
	case REG_INITIAL:
		return l->timer_initial;
	case REG_COUNT:
		return lapic_timer_count(l);
	case REG_DIVIDE:
		return l->divide;
	default:
		return 0;
	}
}

static void
write_lvt(struct lapic *l, unsigned n, uint32_t v)
{
	uint32_t old = peek(&l->lvt[n]);

	if (!(peek(&l->svr) & APIC_SVR_ENABLE))
		v |= APIC_LVT_MASKED;
	if (n == LVT_TIMER) {
		lapic_timer_set_lvt(l, v);
		return;
	}
	if (n == LVT_LINT0 && (v & APIC_LVT_LEVEL))
		v |= old & APIC_LVT_REMOTE_IRR;
	poke(&l->lvt[n], v);
	/* The 8259s may have been waiting for this. */
	if (n == LVT_LINT0 && lapic_accepts_extint(l))
		lapic_kick(l);
}

static void
write_svr(struct lapic *l, uint32_t v)
{
	poke(&l->svr, v);
	if (!(v & APIC_SVR_ENABLE))
		for (unsigned n = 0; n < LVT_COUNT; n++)
			write_lvt(l, n, peek(&l->lvt[n]));
	l->ops->rearm(l->ctx);
}

/* v has only writable bits. */
static void
reg_write(struct lapic *l, unsigned reg, uint32_t v)
{
	switch (reg) {
	case REG_TPR:
		poke(&l->tpr, (uint8_t)v);
		if (lapic_pending(l) >= 0)
			lapic_kick(l);
		break;
	case REG_EOI:
		lapic_eoi(l);
		break;
	case REG_LDR:
		poke(&l->ldr, v);
		break;
	case REG_DFR:
		poke(&l->dfr, v | 0x0fffffff);
		break;
	case REG_SVR:
		write_svr(l, v);
		break;
	case REG_ESR:
		l->esr = atomic_exchange(&l->esr_new, 0);
		break;
	case REG_ICR:
		l->icr_low = v;
		lapic_send(l);
		break;
	case REG_ICR_HIGH:
		l->icr_high = v;
		break;
	case REG_LVT ... REG_LVT + LVT_COUNT - 1:
		write_lvt(l, reg - REG_LVT, v);
		break;
	case REG_INITIAL:
		lapic_timer_set_initial(l, v);
		break;
	case REG_DIVIDE:
		lapic_timer_set_divide(l, v);
		break;
	}
}

/* --- the page ---------------------------------------------------------- */

uint32_t
lapic_mmio_read(struct lapic *l, unsigned off, unsigned size)
{
	unsigned reg = off >> 4 & 0xff;
	unsigned byte = off & 15;

	if (!allows(reg, XR)) {
		lapic_error(l, ESR_REGISTER);
		return 0;
	}
	/* Only the first four of sixteen bytes carry the register. */
	if (byte > 3)
		return 0;
	return reg_read(l, reg) >> (byte * 8);
}

void
lapic_mmio_write(struct lapic *l, unsigned off, unsigned size, uint32_t value)
{
	unsigned reg = off >> 4 & 0xff;

	/* The manual asks for aligned double words; the rest is undefined. */
	if ((off & 15) != 0 || size < 4)
		return;
	if (!allows(reg, XW)) {
		lapic_error(l, ESR_REGISTER);
		return;
	}
	reg_write(l, reg, value & rules[reg].writable);
}

/* --- MSRs -------------------------------------------------------------- */

static int
x2_read(struct lapic *l, unsigned reg, uint64_t *value)
{
	if (!lapic_x2(l) || !allows(reg, R2))
		return -EPERM;
	*value = reg_read(l, reg);
	if (reg == REG_ICR)
		*value |= (uint64_t)l->icr_high << 32;
	return 0;
}

static int
x2_write(struct lapic *l, unsigned reg, uint64_t value)
{
	uint32_t low = (uint32_t)value;
	uint32_t allowed;

	if (!lapic_x2(l) || !allows(reg, W2))
		return -EPERM;
	allowed = rules[reg].writable;
	if (reg >= REG_LVT && reg < REG_LVT + LVT_COUNT)
		allowed |= LVT_STATUS_BITS;
	if ((low & ~allowed) || (reg != REG_ICR && value >> 32))
		return -EPERM;
	if (reg == REG_SELF_IPI) {
		if (low < 16)
			lapic_error(l, ESR_SEND_VECTOR);
		else
			lapic_post(l, (uint8_t)low, false);
		return 0;
	}
	if (reg == REG_ICR)
		l->icr_high = (uint32_t)(value >> 32);
	reg_write(l, reg, low & rules[reg].writable);
	return 0;
}

/* SDM 3, 11.12.1 and 11.12.5: which changes of mode there are. */
static bool
transition_ok(uint64_t from, uint64_t to)
{
	bool to_en = (to & APIC_BASE_EN) != 0;
	bool to_x2 = (to & APIC_BASE_EXTD) != 0;

	if (to_x2 && !to_en)
		return false;
	if ((from & APIC_BASE_EXTD) && to_en && !to_x2)
		return false;
	return !to_x2 || (from & APIC_BASE_EN);
}

static int
write_base(struct lapic *l, uint64_t v)
{
	uint64_t old = peek(&l->base);
	uint64_t keep = APIC_BASE_EN | APIC_BASE_EXTD | PAGE_MASK;

	if ((v & l->base_reserved) || (v & 0x2ff) || !transition_ok(old, v))
		return -EPERM;
	poke(&l->base, (v & keep) | (old & APIC_BASE_BSP));
	if ((old & APIC_BASE_EN) && !(v & APIC_BASE_EN))
		lapic_clear(l);
	if (!(old & APIC_BASE_EXTD) && (v & APIC_BASE_EXTD)) {
		poke(&l->ldr, (l->id >> 4) << 16 | UINT32_C(1) << (l->id & 15));
		l->icr_high = 0;
	}
	l->ops->rearm(l->ctx);
	lapic_kick(l);
	return 0;
}

int
lapic_msr_read(struct lapic *l, uint32_t msr, uint64_t *value)
{
	if (msr == MSR_APIC_BASE) {
		*value = peek(&l->base);
		return 0;
	}
	if (msr == MSR_TSC_DEADLINE) {
		lapic_run_timer(l);
		*value = l->tsc_deadline;
		return 0;
	}
	if (msr < MSR_X2APIC_FIRST || msr > MSR_X2APIC_LAST)
		return -EPERM;
	return x2_read(l, msr - MSR_X2APIC_FIRST, value);
}

int
lapic_msr_write(struct lapic *l, uint32_t msr, uint64_t value)
{
	if (msr == MSR_APIC_BASE)
		return write_base(l, value);
	if (msr == MSR_TSC_DEADLINE) {
		lapic_timer_set_tsc(l, value);
		return 0;
	}
	if (msr < MSR_X2APIC_FIRST || msr > MSR_X2APIC_LAST)
		return -EPERM;
	return x2_write(l, msr - MSR_X2APIC_FIRST, value);
}

/* --- reset and state --------------------------------------------------- */

/* SDM 3, 11.4.7.1. */
void
lapic_clear(struct lapic *l)
{
	for (unsigned i = 0; i < 8; i++) {
		poke(&l->irr[i], 0);
		poke(&l->tmr[i], 0);
		l->isr[i] = 0;
	}
	for (unsigned i = 0; i < LVT_COUNT; i++)
		poke(&l->lvt[i], APIC_LVT_MASKED);
	atomic_fetch_and(&l->lint, 3);
	poke(&l->esr_new, 0);
	poke(&l->svr, 0xff);
	poke(&l->ldr, 0);
	poke(&l->dfr, 0xffffffff);
	poke(&l->tpr, 0);
	l->esr = 0;
	l->icr_low = 0;
	l->icr_high = 0;
	l->divide = 0;
	l->timer_initial = 0;
	l->timer_start = clock_now(l->clock);
	l->timer_deadline = INT64_MAX;
	l->tsc_deadline = 0;
}

void
lapic_init_signal(struct lapic *l)
{
	lapic_clear(l);
	if (lapic_x2(l))
		poke(&l->ldr, (l->id >> 4) << 16 | UINT32_C(1) << (l->id & 15));
	l->ops->rearm(l->ctx);
}

void
lapic_power_up(struct lapic *l)
{
	lapic_clear(l);
	poke(&l->base, LAPIC_DEFAULT_BASE | APIC_BASE_EN |
	    (l->bsp ? APIC_BASE_BSP : 0));
	if (l->bsp) {
		poke(&l->svr, APIC_SVR_ENABLE | 0xff);
		poke(&l->lvt[LVT_LINT0], APIC_EXTINT << 8);
		poke(&l->lvt[LVT_LINT1], APIC_NMI << 8);
	}
}

void
lapic_reset(struct lapic *l)
{
	lapic_power_up(l);
	l->ops->rearm(l->ctx);
}

static void
dev_reset(void *dev)
{
	lapic_reset(dev);
}

/* Have the registers only bits that a guest could have written? */
static bool
bits_ok(const struct lapic *l)
{
	for (unsigned n = 0; n < LVT_COUNT; n++)
		if (peek(&l->lvt[n]) & ~(rules[REG_LVT + n].writable |
		    APIC_LVT_REMOTE_IRR))
			return false;
	return !(l->icr_low & ~rules[REG_ICR].writable) &&
	    !(l->divide & ~rules[REG_DIVIDE].writable) &&
	    (peek(&l->dfr) & 0x0fffffff) == 0x0fffffff;
}

/*
 * What ranges alone cannot say.  The deadline is derived: setting the timer's
 * LVT to what it is works it out again.
 */
static int
dev_loaded(void *dev)
{
	struct lapic *l = dev;
	uint64_t base = peek(&l->base);

	if (!bits_ok(l) || (base & l->base_reserved) || (base & 0x2ff) ||
	    ((base & APIC_BASE_EXTD) && !(base & APIC_BASE_EN)))
		return -EINVAL;
	/* So that differences of times cannot overflow. */
	if (l->timer_start > clock_now(l->clock) ||
	    l->timer_start < INT64_MIN / 2)
		return -EINVAL;
	l->timer_deadline = INT64_MAX;
	lapic_timer_set_lvt(l, peek(&l->lvt[LVT_TIMER]));
	return 0;
}

#define FIELD(f, w, n, lo, hi) { #f, offsetof(struct lapic, f), w, n, lo, hi }
static const struct dev_field fields[] = {
	FIELD(irr, 4, 8, 0, UINT32_MAX),
	FIELD(tmr, 4, 8, 0, UINT32_MAX),
	FIELD(isr, 4, 8, 0, UINT32_MAX),
	FIELD(esr_new, 4, 1, 0, 0xff),
	FIELD(lvt, 4, LVT_COUNT, 0, 0x7f7ff),
	FIELD(svr, 4, 1, 0, 0x3ff),
	FIELD(ldr, 4, 1, 0, UINT32_MAX),
	FIELD(dfr, 4, 1, 0x0fffffff, UINT32_MAX),
	FIELD(base, 8, 1, 0, UINT64_MAX),
	FIELD(tpr, 1, 1, 0, 0xff),
	FIELD(lint, 1, 1, 0, 7),
	FIELD(esr, 4, 1, 0, 0xff),
	FIELD(icr_low, 4, 1, 0, 0xccfff),
	FIELD(icr_high, 4, 1, 0, UINT32_MAX),
	FIELD(divide, 4, 1, 0, 0xb),
	FIELD(timer_initial, 4, 1, 0, UINT32_MAX),
	FIELD(timer_start, 8, 1, 0, UINT64_MAX),
	FIELD(tsc_deadline, 8, 1, 0, UINT64_MAX),
};
#undef FIELD

const struct dev_ops lapic_dev_ops = {
	.type = "lapic",
	.size = sizeof(struct lapic),
	.reset = dev_reset,
	.loaded = dev_loaded,
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
};
