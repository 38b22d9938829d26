/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local APIC: accepting, prioritising and ending interrupts, messages between
 * APICs, and the timer.  Registers are in lapic_regs.c.
 *
 * A poster sets TMR, then the IRR bit, then kicks; the owner clears the IRR
 * bit before it looks at TMR.  Nobody holds a lock: an interrupt posted at
 * the very moment when the owner looked is found because of the kick.
 */
#include "io/chip/lapic_priv.h"

#include "io/muldiv.h"

/* Deadlines of a periodic timer are never closer than this. */
#define MIN_PERIOD 20000

/* --- priorities -------------------------------------------------------- */

static int
top_bit(uint32_t word, unsigned i)
{
	return (int)(i * 32 + 31 - (unsigned)__builtin_clz(word));
}

static int
highest_irr(const struct lapic *l)
{
	for (unsigned i = 8; i-- > 0;) {
		uint32_t w = atomic_load_explicit(&l->irr[i],
		    memory_order_acquire);

		if (w)
			return top_bit(w, i);
	}
	return -1;
}

static int
highest_isr(const struct lapic *l)
{
	for (unsigned i = 8; i-- > 0;)
		if (l->isr[i])
			return top_bit(l->isr[i], i);
	return -1;
}

/* SDM 3, 11.8.3.1. */
uint8_t
lapic_ppr(const struct lapic *l)
{
	int isr = highest_isr(l);
	uint8_t tpr = peek(&l->tpr);

	if (isr < 0 || tpr >> 4 >= isr >> 4)
		return tpr;
	return (uint8_t)(isr & 0xf0);
}

int
lapic_pending(const struct lapic *l)
{
	int v = highest_irr(l);

	return v >= 0 && v >> 4 > lapic_ppr(l) >> 4 ? v : -1;
}

int
lapic_take(struct lapic *l)
{
	int v = lapic_pending(l);
	uint32_t bit;

	if (v < 0)
		return v;
	bit = UINT32_C(1) << (v & 31);
	atomic_fetch_and_explicit(&l->irr[v >> 5], ~bit, memory_order_acq_rel);
	l->isr[v >> 5] |= bit;
	return v;
}

void
lapic_set_tpr(struct lapic *l, uint8_t cr8)
{
	poke(&l->tpr, (uint8_t)(cr8 << 4));
	if (lapic_pending(l) >= 0)
		lapic_kick(l);
}

uint8_t
lapic_get_tpr(const struct lapic *l)
{
	return peek(&l->tpr) >> 4;
}

/* --- accepting --------------------------------------------------------- */

void
lapic_error(struct lapic *l, uint32_t bit)
{
	uint32_t lvt = peek(&l->lvt[LVT_ERROR]);

	/* Only a new bit interrupts, so a bad vector here cannot recurse. */
	if (atomic_fetch_or(&l->esr_new, bit) & bit)
		return;
	if (!(lvt & APIC_LVT_MASKED))
		lapic_post(l, (uint8_t)lvt, false);
}

bool
lapic_post(struct lapic *l, uint8_t vector, bool level_trigger)
{
	uint32_t bit = UINT32_C(1) << (vector & 31);
	unsigned i = vector >> 5;

	if (!lapic_sw_on(l))
		return false;
	if (vector < 16) {
		lapic_error(l, ESR_RECEIVE_VECTOR);
		return false;
	}
	if (level_trigger)
		atomic_fetch_or_explicit(&l->tmr[i], bit, memory_order_relaxed);
	else if (peek(&l->tmr[i]) & bit)
		atomic_fetch_and_explicit(&l->tmr[i], ~bit,
		    memory_order_relaxed);
	/* Pairs with highest_irr(). */
	if (!(atomic_fetch_or(&l->irr[i], bit) & bit))
		lapic_kick(l);
	return true;
}

bool
lapic_accepts_extint(const struct lapic *l)
{
	uint32_t lvt = peek(&l->lvt[LVT_LINT0]);

	if (!lapic_on(l) || (peek(&l->lint) & 4))
		return true;
	return !(lvt & APIC_LVT_MASKED) &&
	    APIC_LVT_DELIVERY(lvt) == APIC_EXTINT;
}

/* LINT0 in fixed mode, level triggered: once until its EOI. */
static void
lint_level(struct lapic *l, uint32_t lvt)
{
	if (lvt & APIC_LVT_REMOTE_IRR)
		return;
	if (lapic_post(l, (uint8_t)lvt, true))
		atomic_fetch_or(&l->lvt[LVT_LINT0], APIC_LVT_REMOTE_IRR);
}

static void
lint_asserted(struct lapic *l, unsigned n)
{
	uint32_t lvt = peek(&l->lvt[LVT_LINT0 + n]);

	if (!lapic_on(l)) {
		/* The pins are the processor's INTR and NMI again. */
		if (n == 0)
			lapic_kick(l);
		else
			l->ops->nmi(l->ctx);
		return;
	}
	if (lvt & APIC_LVT_MASKED)
		return;
	switch (APIC_LVT_DELIVERY(lvt)) {
	case APIC_FIXED:
		if (n == 0 && (lvt & APIC_LVT_LEVEL))
			lint_level(l, lvt);
		else
			lapic_post(l, (uint8_t)lvt, false);
		break;
	case APIC_NMI:
		l->ops->nmi(l->ctx);
		break;
	case APIC_INIT:
		l->ops->init(l->ctx);
		break;
	case APIC_EXTINT:
		lapic_kick(l);
		break;
	}
}

void
lapic_lint(struct lapic *l, unsigned n, int level)
{
	uint8_t bit = (uint8_t)(1 << (n & 1));

	if (level) {
		/*
		 * ExtINT is a level: tell of every assertion.  The rest acts
		 * on the edge.
		 */
		if (!(atomic_fetch_or(&l->lint, bit) & bit))
			lint_asserted(l, n & 1);
		return;
	}
	/* The 8259s have nothing left that an ExtINT message announced. */
	atomic_fetch_and(&l->lint, (uint8_t)~(n & 1 ? bit : bit | 4));
}

void
lapic_lint_set(void *ctx, unsigned n, int level)
{
	lapic_lint(ctx, n, level);
}

void
lapic_eoi(struct lapic *l)
{
	int v = highest_isr(l);
	uint32_t bit, lvt;

	if (v < 0)
		return;
	bit = UINT32_C(1) << (v & 31);
	l->isr[v >> 5] &= ~bit;
	if (peek(&l->tmr[v >> 5]) & bit) {
		lvt = peek(&l->lvt[LVT_LINT0]);
		if ((lvt & APIC_LVT_REMOTE_IRR) && (uint8_t)lvt == v) {
			atomic_fetch_and(&l->lvt[LVT_LINT0],
			    ~APIC_LVT_REMOTE_IRR);
			if (peek(&l->lint) & 1)
				lint_asserted(l, 0);
		}
		l->ops->eoi(l->ctx, (uint8_t)v);
	}
	if (lapic_pending(l) >= 0)
		lapic_kick(l);
}

/* --- messages ---------------------------------------------------------- */

/* SDM 3, 11.6.2 and 11.12.10. */
static bool
addressed(const struct lapic *l, const struct apic_msg *m)
{
	uint32_t ldr = peek(&l->ldr);
	uint32_t mine = ldr >> 24;

	if (!lapic_on(l))
		return false;
	if (m->dest == APIC_BROADCAST)
		return true;
	if (!m->logical)
		return m->dest == l->id;
	if (lapic_x2(l))
		return m->dest >> 16 == ldr >> 16 &&
		    (m->dest & ldr & 0xffff) != 0;
	if (m->dest > 0xff)
		return false;
	if (peek(&l->dfr) >> 28 == 0xf)
		return (m->dest & mine) != 0;
	return m->dest == 0xff || (m->dest >> 4 == mine >> 4 &&
	    (m->dest & mine & 0xf) != 0);
}

static bool
accept(struct lapic *l, const struct apic_msg *m)
{
	switch (m->delivery) {
	case APIC_FIXED:
	case APIC_LOWEST:
		return lapic_post(l, m->vector, m->level_trigger);
	case APIC_NMI:
		l->ops->nmi(l->ctx);
		return true;
	case APIC_INIT:
		if (m->assert)
			l->ops->init(l->ctx);
		return true;
	case APIC_STARTUP:
		l->ops->sipi(l->ctx, m->vector);
		return true;
	case APIC_EXTINT:
		atomic_fetch_or(&l->lint, 4);
		lapic_kick(l);
		return true;
	default:
		/* SMI: there is no system management mode. */
		return false;
	}
}

/* One of those addressed: the least busy, ties in turn. */
static unsigned
deliver_lowest(struct apic_bus *b, const struct apic_msg *m)
{
	unsigned turn = atomic_fetch_add(&b->turn, 1);
	struct lapic *best = NULL;

	for (unsigned i = 0; i < b->n; i++) {
		struct lapic *l = b->lapic[(turn + i) % b->n];

		if (addressed(l, m) && lapic_sw_on(l) &&
		    (!best || peek(&l->tpr) < peek(&best->tpr)))
			best = l;
	}
	return best && accept(best, m);
}

unsigned
apic_bus_deliver(struct apic_bus *b, const struct apic_msg *m)
{
	unsigned n = 0;

	if (m->delivery == APIC_LOWEST)
		return deliver_lowest(b, m);
	for (unsigned i = 0; i < b->n; i++)
		if (addressed(b->lapic[i], m))
			n += accept(b->lapic[i], m);
	return n;
}

bool
apic_bus_waiting(const struct apic_bus *b, const struct apic_msg *m)
{
	uint32_t bit = UINT32_C(1) << (m->vector & 31);

	if (m->delivery > APIC_LOWEST)
		return false;
	for (unsigned i = 0; i < b->n; i++)
		if (addressed(b->lapic[i], m) &&
		    (peek(&b->lapic[i]->irr[m->vector >> 5]) & bit))
			return true;
	return false;
}

void
lapic_send(struct lapic *l)
{
	uint32_t icr = l->icr_low;
	unsigned shorthand = icr >> 18 & 3;
	struct apic_msg m = {
		.dest = lapic_x2(l) ? l->icr_high : l->icr_high >> 24,
		.logical = (icr & 0x800) != 0,
		.delivery = icr >> 8 & 7,
		.vector = (uint8_t)icr,
		.assert = (icr & 0x4000) != 0,
	};

	if (m.delivery <= APIC_LOWEST && m.vector < 16) {
		lapic_error(l, ESR_SEND_VECTOR);
		return;
	}
	if (shorthand == 0) {
		if (!lapic_x2(l) && !m.logical && m.dest == 0xff)
			m.dest = APIC_BROADCAST;
		apic_bus_deliver(l->bus, &m);
		return;
	}
	if (shorthand == 1) {
		/* Only a fixed interrupt may be sent to oneself so. */
		if (m.delivery == APIC_FIXED)
			accept(l, &m);
		return;
	}
	for (unsigned i = 0; i < l->bus->n; i++) {
		struct lapic *to = l->bus->lapic[i];

		if (lapic_on(to) && (to != l || shorthand == 2))
			accept(to, &m);
	}
}

/* --- timer ------------------------------------------------------------- */

static unsigned
timer_mode(const struct lapic *l)
{
	return APIC_LVT_TIMER_MODE(peek(&l->lvt[LVT_TIMER]));
}

static unsigned
divide_shift(const struct lapic *l)
{
	return ((l->divide & 3) + (l->divide >> 1 & 4) + 1) & 7;
}

static ns_t
timer_period(const struct lapic *l)
{
	return (ns_t)((uint64_t)l->timer_initial << divide_shift(l));
}

uint32_t
lapic_timer_count(const struct lapic *l)
{
	uint64_t gone;

	if (l->timer_initial == 0 || timer_mode(l) == TIMER_DEADLINE)
		return 0;
	gone = (uint64_t)(clock_now(l->clock) - l->timer_start) >>
	    divide_shift(l);
	if (timer_mode(l) == TIMER_PERIODIC)
		return (uint32_t)(l->timer_initial - gone % l->timer_initial);
	return gone >= l->timer_initial ? 0 :
	    (uint32_t)(l->timer_initial - gone);
}

static ns_t
tsc_deadline_ns(const struct lapic *l)
{
	uint64_t tsc, ns;
	ns_t now;

	if (l->tsc_deadline == 0)
		return INT64_MAX;
	tsc = l->ops->tsc_now(l->ctx);
	now = clock_now(l->clock);
	if (l->tsc_deadline <= tsc)
		return now;
	ns = muldiv64(l->tsc_deadline - tsc, 1000000, l->ops->tsc_khz(l->ctx));
	/* One more, for the division rounded down. */
	return ns >= (uint64_t)(INT64_MAX - now) ? INT64_MAX :
	    now + (ns_t)ns + 1;
}

/* The first boundary after now, on the grid that start and period make. */
static ns_t
next_period(const struct lapic *l, ns_t now)
{
	ns_t period = timer_period(l);
	ns_t next = l->timer_start + period;

	if (next <= now)
		next += ((now - next) / period + 1) * period;
	while (next < now + MIN_PERIOD && period < MIN_PERIOD)
		next += (MIN_PERIOD / period + 1) * period;
	return next;
}

/* Deadline from the registers; an expiry that is over is not repeated. */
static void
timer_update(struct lapic *l)
{
	ns_t now = clock_now(l->clock);

	if (timer_mode(l) == TIMER_DEADLINE)
		l->timer_deadline = tsc_deadline_ns(l);
	else if (l->timer_initial == 0)
		l->timer_deadline = INT64_MAX;
	else if (timer_mode(l) == TIMER_PERIODIC)
		l->timer_deadline = next_period(l, now);
	else if (timer_period(l) > now - l->timer_start)
		l->timer_deadline = l->timer_start + timer_period(l);
	else
		l->timer_deadline = INT64_MAX;
}

static bool
timer_masked(const struct lapic *l)
{
	return !lapic_sw_on(l) ||
	    (peek(&l->lvt[LVT_TIMER]) & APIC_LVT_MASKED) != 0;
}

ns_t
lapic_next_deadline(const struct lapic *l)
{
	return timer_masked(l) ? INT64_MAX : l->timer_deadline;
}

void
lapic_run_timer(struct lapic *l)
{
	if (clock_now(l->clock) < l->timer_deadline)
		return;
	if (timer_mode(l) == TIMER_DEADLINE) {
		/* The two clocks may disagree by a little. */
		if (l->ops->tsc_now(l->ctx) < l->tsc_deadline) {
			timer_update(l);
			return;
		}
		l->tsc_deadline = 0;
	}
	timer_update(l);
	if (!timer_masked(l))
		lapic_post(l, (uint8_t)peek(&l->lvt[LVT_TIMER]), false);
}

void
lapic_timer_set_initial(struct lapic *l, uint32_t v)
{
	if (timer_mode(l) == TIMER_DEADLINE)
		return;
	l->timer_initial = v;
	l->timer_start = clock_now(l->clock);
	timer_update(l);
	l->ops->rearm(l->ctx);
}

/* The count goes on from where it is, at the new rate. */
void
lapic_timer_set_divide(struct lapic *l, uint32_t v)
{
	uint32_t count;

	lapic_run_timer(l);
	count = lapic_timer_count(l);
	l->divide = v & 0xb;
	if (l->timer_initial && timer_mode(l) != TIMER_DEADLINE && count)
		l->timer_start = clock_now(l->clock) -
		    (ns_t)((uint64_t)(l->timer_initial - count) <<
		    divide_shift(l));
	timer_update(l);
	l->ops->rearm(l->ctx);
}

void
lapic_timer_set_lvt(struct lapic *l, uint32_t v)
{
	bool was = timer_mode(l) == TIMER_DEADLINE;
	bool is = APIC_LVT_TIMER_MODE(v) == TIMER_DEADLINE;

	lapic_run_timer(l);
	poke(&l->lvt[LVT_TIMER], v);
	if (was != is) {
		/* SDM 3, 11.5.4.1: going there or back disarms. */
		l->timer_initial = 0;
		l->tsc_deadline = 0;
	}
	timer_update(l);
	l->ops->rearm(l->ctx);
}

void
lapic_timer_set_tsc(struct lapic *l, uint64_t v)
{
	if (timer_mode(l) != TIMER_DEADLINE)
		return;
	l->tsc_deadline = v;
	timer_update(l);
	lapic_run_timer(l);
	l->ops->rearm(l->ctx);
}

void
lapic_tsc_changed(struct lapic *l)
{
	if (timer_mode(l) != TIMER_DEADLINE || l->tsc_deadline == 0)
		return;
	timer_update(l);
	l->ops->rearm(l->ctx);
}

/* --- life -------------------------------------------------------------- */

void
apic_bus_init(struct apic_bus *b)
{
	b->n = 0;
	atomic_init(&b->turn, 0);
}

void
lapic_init(struct lapic *l, uint32_t id, bool bsp, unsigned phys_bits,
    struct apic_bus *bus, const struct clock *clock,
    const struct lapic_ops *ops, void *ctx)
{
	BUG_ON(bus->n == APIC_BUS_MAX || phys_bits < 32 || phys_bits > 52);
	*l = (struct lapic){
		.id = id, .bsp = bsp, .bus = bus, .clock = clock, .ops = ops,
		.ctx = ctx, .base_reserved = ~(BIT(phys_bits) - 1),
	};
	bus->lapic[bus->n++] = l;
	lapic_power_up(l);
}
