/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI fixed hardware.  Registers are bytes of a 16-byte block; the PM timer
 * is computed from the clock, and a host timer runs only while its overflow
 * interrupt is enabled.
 */
#include "io/chip/acpi_pm.h"

#include <errno.h>

#include "io/bytes.h"
#include "io/muldiv.h"

enum { STS = 0x0, EN = 0x2, CNT = 0x4, TMR = 0x8, GPE_STS = 0xc, GPE_EN = 0xe };
enum { TMR_STS = 0x0001, GBL_STS = 0x0020, PWRBTN_STS = 0x0100,
	SLPBTN_STS = 0x0200, RTC_STS = 0x0400, WAK_STS = 0x8000 };
enum { SCI_EN = 0x0001, BM_RLD = 0x0002, SLP_TYP = 0x1c00, SLP_EN = 0x2000 };

#define STS_BITS (TMR_STS | GBL_STS | PWRBTN_STS | SLPBTN_STS | RTC_STS | \
	WAK_STS)
#define EN_BITS (TMR_STS | GBL_STS | PWRBTN_STS | SLPBTN_STS | RTC_STS)

static uint64_t
tick_now(const struct acpi_pm *p)
{
	return ns_to_ticks(clock_now(p->tq->clock), PM_TMR_HZ) - p->start;
}

static void
update(struct acpi_pm *p)
{
	uint8_t level = (p->pm1_sts & p->pm1_en) || (p->gpe_sts & p->gpe_en);

	if (level == p->level)
		return;
	p->level = level;
	irq_set(&p->w.sci, level);
}

/*
 * TMR_STS is set whenever bit 31 of the timer changes.  Account for the
 * changes up to now, and have ourselves called at the next one if it matters.
 */
static void
update_timer(struct acpi_pm *p)
{
	uint64_t changes = tick_now(p) >> 31;

	if (changes != p->overflows)
		p->pm1_sts |= TMR_STS;
	p->overflows = changes;
	if (p->pm1_en & TMR_STS)
		timer_set(p->tq, &p->timer, ticks_to_ns(p->start +
		    ((changes + 1) << 31), PM_TMR_HZ));
	else
		timer_cancel(p->tq, &p->timer);
}

static void
overflow_due(void *ctx)
{
	update_timer(ctx);
	update(ctx);
}

/* --- registers --------------------------------------------------------- */

static uint8_t
byte_of(uint32_t v, unsigned n)
{
	return (uint8_t)(v >> (n * 8));
}

static uint8_t
reg_read(void *dev, unsigned off)
{
	struct acpi_pm *p = dev;

	off &= PM_PORTS - 1;
	if (off >= TMR && off < GPE_STS)
		return byte_of((uint32_t)tick_now(p), off - TMR);
	switch (off & ~1u) {
	case STS:
		update_timer(p);
		return byte_of(p->pm1_sts, off & 1);
	case EN:
		return byte_of(p->pm1_en, off & 1);
	case CNT:
		return byte_of(p->pm1_cnt | SCI_EN, off & 1);
	case GPE_STS:
		return byte_of(p->gpe_sts, off & 1);
	case GPE_EN:
		return byte_of(p->gpe_en, off & 1);
	default:
		return 0;
	}
}

static void
set_byte(uint16_t *reg, unsigned n, uint8_t v, uint16_t writable)
{
	uint16_t mask = (uint16_t)(0xff << (n * 8));

	*reg = (uint16_t)((*reg & ~mask) | (v << (n * 8) & writable));
}

static void
write_control(struct acpi_pm *p, unsigned n, uint8_t v)
{
	bool sleep = n == 1 && (v << 8 & SLP_EN);

	set_byte(&p->pm1_cnt, n, v, BM_RLD | SLP_TYP);
	/* Only soft-off exists; other sleep types are not in the DSDT. */
	if (sleep && (p->pm1_cnt & SLP_TYP) >> 10 == PM_S5_TYP &&
	    p->w.power_off)
		p->w.power_off(p->w.ctx);
}

static void
reg_write(void *dev, unsigned off, uint8_t v)
{
	struct acpi_pm *p = dev;
	unsigned n = off & 1;

	switch (off & (PM_PORTS - 2)) {
	case STS:
		update_timer(p);
		p->pm1_sts &= (uint16_t)~(v << (n * 8));
		break;
	case EN:
		update_timer(p);
		set_byte(&p->pm1_en, n, v, EN_BITS);
		update_timer(p);
		break;
	case CNT:
		write_control(p, n, v);
		break;
	case GPE_STS:
		p->gpe_sts &= (uint16_t)~(v << (n * 8));
		break;
	case GPE_EN:
		set_byte(&p->gpe_en, n, v, 0xffff);
		break;
	}
	update(p);
}

/* The timer is one register: a double word must not be torn. */
static uint64_t
read_block(void *dev, uint64_t off, unsigned size)
{
	if (off == TMR && size == 4)
		return (uint32_t)tick_now(dev);
	return read_bytes(reg_read, dev, off, size);
}

static void
write_block(void *dev, uint64_t off, unsigned size, uint64_t v)
{
	write_bytes(reg_write, dev, off, size, v);
}

static const struct bus_ops ops = { read_block, write_block };

int
acpi_pm_attach(struct acpi_pm *p, struct bus *pio, struct err *e)
{
	struct bus_range r = { PM1_EVT_PORT, PM_PORTS, &ops, p, "acpi pm" };

	return bus_add(pio, &r, e);
}

/* --- events ------------------------------------------------------------ */

void
acpi_pm_power_button(struct acpi_pm *p)
{
	p->pm1_sts |= PWRBTN_STS;
	update(p);
}

void
acpi_pm_gpe(struct acpi_pm *p, unsigned n)
{
	p->gpe_sts |= (uint16_t)(1 << (n & 15));
	update(p);
}

/* --- life -------------------------------------------------------------- */

void
acpi_pm_reset(struct acpi_pm *p)
{
	p->pm1_sts = 0;
	p->pm1_en = 0;
	p->pm1_cnt = 0;
	p->gpe_sts = 0;
	p->gpe_en = 0;
	p->start = ns_to_ticks(clock_now(p->tq->clock), PM_TMR_HZ);
	p->overflows = 0;
	update_timer(p);
	update(p);
}

void
acpi_pm_init(struct acpi_pm *p, struct timer_queue *tq,
    const struct acpi_pm_wiring *w)
{
	*p = (struct acpi_pm){
		.tq = tq, .w = *w, .timer = { .fn = overflow_due, .ctx = p },
	};
	acpi_pm_reset(p);
}

static void
dev_reset(void *dev)
{
	acpi_pm_reset(dev);
}

static int
dev_loaded(void *dev)
{
	struct acpi_pm *p = dev;

	if ((p->pm1_sts & (uint16_t)~STS_BITS) ||
	    (p->pm1_en & (uint16_t)~EN_BITS) ||
	    (p->pm1_cnt & (uint16_t)~(BM_RLD | SLP_TYP)))
		return -EINVAL;
	if (p->start > ns_to_ticks(clock_now(p->tq->clock), PM_TMR_HZ))
		return -EINVAL;
	p->level = 0;
	update_timer(p);
	update(p);
	return 0;
}

#define FIELD(f, w, lo, hi) { #f, offsetof(struct acpi_pm, f), w, 1, lo, hi }
static const struct dev_field fields[] = {
	FIELD(pm1_sts, 2, 0, STS_BITS),
	FIELD(pm1_en, 2, 0, EN_BITS),
	FIELD(pm1_cnt, 2, 0, BM_RLD | SLP_TYP),
	FIELD(gpe_sts, 2, 0, 0xffff),
	FIELD(gpe_en, 2, 0, 0xffff),
	FIELD(overflows, 8, 0, UINT64_MAX),
	FIELD(start, 8, 0, UINT64_MAX),
};
#undef FIELD

const struct dev_ops acpi_pm_ops = {
	.type = "acpi-pm",
	.size = sizeof(struct acpi_pm),
	.reset = dev_reset,
	.loaded = dev_loaded,
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
};
