/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MC146818A.  While the time runs, its registers are computed when read; while
 * it is held (SET, or the divider stopped) they are plain bytes in cmos[], and
 * are turned into a time again at release.  Daylight saving and the square
 * wave are not there, the day of the week always fits the date.
 */
#include "io/chip/mc146818.h"

#include <errno.h>

#include "io/bytes.h"
#include "io/muldiv.h"

enum { SEC = 0, SEC_ALARM = 1, MIN_ = 2, MIN_ALARM = 3, HOUR = 4,
	HOUR_ALARM = 5, WEEKDAY = 6, DAY = 7, MONTH = 8, YEAR = 9, REG_A = 10,
	REG_B = 11, REG_C = 12, REG_D = 13, CENTURY = 0x32 };
enum { A_UIP = 0x80, A_DIVIDER = 0x70, A_DIVIDER_ON = 0x20 };
enum { B_SET = 0x80, B_PIE = 0x40, B_AIE = 0x20, B_UIE = 0x10, B_BINARY = 4,
	B_24H = 2 };
enum { C_IRQF = 0x80, C_PF = 0x40, C_AF = 0x20, C_UF = 0x10 };
enum { HELD_SET = 1, HELD_DIVIDER = 2, HELD_WAS_DIVIDER = 4 };

#define DIVIDER_HZ 32768
#define UIP_NS 244000
#define DAY_SECS 86400u
/* 10000 years and some, in seconds. */
#define MAX_SECS UINT64_C(400000000000)

/* --- the calendar ------------------------------------------------------ */

struct date {
	unsigned year, month, day;	/* month and day from 1 */
};

static const uint16_t days_before_month[13] = {
	0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365,
};

static bool
is_leap(unsigned y)
{
	return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

/* From 0000-01-01, Gregorian throughout. */
static uint64_t
days_before_year(uint64_t y)
{
	return y * 365 + (y + 3) / 4 - (y + 99) / 100 + (y + 399) / 400;
}

static uint64_t
days_of(const struct date *d)
{
	return days_before_year(d->year) + days_before_month[d->month - 1] +
	    (d->month > 2 && is_leap(d->year)) + d->day - 1;
}

static struct date
date_of(uint64_t days)
{
	uint64_t y = days / 366;
	unsigned month = 1, rest, leap;

	while (days_before_year(y + 1) <= days)
		y++;
	rest = (unsigned)(days - days_before_year(y));
	leap = is_leap((unsigned)y);
	while (month < 12 &&
	    rest >= days_before_month[month] + (month >= 2 ? leap : 0))
		month++;
	rest -= days_before_month[month - 1] + (month > 2 ? leap : 0);
	return (struct date){ (unsigned)y, month, rest + 1 };
}

/* --- registers and time ------------------------------------------------ */

static uint8_t
encode(const struct mc146818 *r, unsigned v)
{
	if (r->cmos[REG_B] & B_BINARY)
		return (uint8_t)v;
	return (uint8_t)(v / 10 % 10 << 4 | v % 10);
}

static unsigned
decode(const struct mc146818 *r, uint8_t v)
{
	if (r->cmos[REG_B] & B_BINARY)
		return v;
	return (v >> 4) * 10u + (v & 15);
}

static uint8_t
encode_hour(const struct mc146818 *r, unsigned h)
{
	if (r->cmos[REG_B] & B_24H)
		return encode(r, h);
	return encode(r, (h + 11) % 12 + 1) | (h >= 12 ? 0x80 : 0);
}

static unsigned
decode_hour(const struct mc146818 *r, uint8_t v)
{
	if (r->cmos[REG_B] & B_24H)
		return decode(r, v) % 24;
	return decode(r, v & 0x7f) % 12 + (v & 0x80 ? 12 : 0);
}

/* Seconds of the day in the encoding of the time registers. */
static void
encode_time(const struct mc146818 *r, unsigned sec, uint8_t *hms)
{
	hms[0] = encode_hour(r, sec / 3600 % 24);
	hms[1] = encode(r, sec / 60 % 60);
	hms[2] = encode(r, sec % 60);
}

static ns_t
since_base(const struct mc146818 *r)
{
	return clock_now(r->tq->clock) - r->base_ns;
}

static uint64_t
seconds_now(const struct mc146818 *r)
{
	return r->base_sec + (uint64_t)(since_base(r) / NS_PER_SEC);
}

/* Fill the time registers from the running time. */
static void
materialise(struct mc146818 *r)
{
	uint64_t now = seconds_now(r);
	struct date d = date_of(now / DAY_SECS);
	uint8_t hms[3];

	encode_time(r, (unsigned)(now % DAY_SECS), hms);
	r->cmos[HOUR] = hms[0];
	r->cmos[MIN_] = hms[1];
	r->cmos[SEC] = hms[2];
	r->cmos[WEEKDAY] = encode(r, (unsigned)((now / DAY_SECS + 6) % 7) + 1);
	r->cmos[DAY] = encode(r, d.day);
	r->cmos[MONTH] = encode(r, d.month);
	r->cmos[YEAR] = encode(r, d.year % 100);
	/* Firmware keeps this byte in BCD whatever register B says. */
	d.year /= 100;
	r->cmos[CENTURY] = (uint8_t)(d.year / 10 % 10 << 4 | d.year % 10);
}

/* What the registers say, out of range values bent to something near. */
static uint64_t
compose(const struct mc146818 *r)
{
	unsigned century = (r->cmos[CENTURY] >> 4) * 10u +
	    (r->cmos[CENTURY] & 15);
	unsigned month = decode(r, r->cmos[MONTH]);
	unsigned day = decode(r, r->cmos[DAY]);
	struct date d = {
		century % 100 * 100 + decode(r, r->cmos[YEAR]) % 100,
		MIN(MAX(month, 1), 12), MIN(MAX(day, 1), 31),
	};

	return days_of(&d) * DAY_SECS +
	    decode_hour(r, r->cmos[HOUR]) * 3600 +
	    decode(r, r->cmos[MIN_]) % 60 * 60 +
	    decode(r, r->cmos[SEC]) % 60;
}

/* The time is s from now on; phase: of the second that has gone by. */
static void
set_time(struct mc146818 *r, uint64_t s, ns_t phase)
{
	r->base_sec = s;
	r->base_ns = clock_now(r->tq->clock) - phase;
	r->last_update = s;
}

/* --- events ------------------------------------------------------------ */

static void
update_irq(struct mc146818 *r)
{
	uint8_t b = r->cmos[REG_B] & (B_PIE | B_AIE | B_UIE);
	uint8_t level = (r->cmos[REG_C] & b) != 0;

	if (level == r->level)
		return;
	r->level = level;
	irq_set(&r->irq8, level);
}

static bool
alarm_matches(const struct mc146818 *r, uint64_t second)
{
	static const uint8_t reg[3] = { HOUR_ALARM, MIN_ALARM, SEC_ALARM };
	uint8_t hms[3];

	encode_time(r, (unsigned)(second % DAY_SECS), hms);
	for (unsigned i = 0; i < 3; i++) {
		uint8_t v = r->cmos[reg[i]];

		/* Two set top bits: any value will do. */
		if ((v & 0xc0) != 0xc0 && v != hms[i])
			return false;
	}
	return true;
}

static void
note_updates(struct mc146818 *r)
{
	uint64_t now = seconds_now(r);

	if (r->held || now <= r->last_update)
		return;
	r->cmos[REG_C] |= C_UF;
	/* An alarm comes once a day at least: no need to look further back. */
	if (now - r->last_update > DAY_SECS)
		r->last_update = now - DAY_SECS;
	while (r->last_update < now)
		if (alarm_matches(r, ++r->last_update))
			r->cmos[REG_C] |= C_AF;
}

/* Period of PF in pulses of the divider, 0 when off. */
static uint64_t
period(const struct mc146818 *r)
{
	unsigned rate = r->cmos[REG_A] & 15;

	if (rate == 0 || (r->cmos[REG_A] & A_DIVIDER) != A_DIVIDER_ON)
		return 0;
	return UINT64_C(1) << (rate < 3 ? rate + 6 : rate - 1);
}

static uint64_t
periods_now(const struct mc146818 *r)
{
	uint64_t p = period(r);

	return p ? ns_to_ticks(clock_now(r->tq->clock), DIVIDER_HZ) / p : 0;
}

static void
note_periods(struct mc146818 *r)
{
	uint64_t n = periods_now(r);

	if (n != r->last_periodic && period(r))
		r->cmos[REG_C] |= C_PF;
	r->last_periodic = n;
}

/*
 * The next moment at which a flag may newly raise the line.  A flag that is
 * set already stays so until register C is read: no need to wake for it.
 */
static void
arm(struct mc146818 *r)
{
	uint8_t wanted = r->cmos[REG_B] & (uint8_t)~r->cmos[REG_C];
	ns_t when = INT64_MAX;
	ns_t t;

	if ((wanted & (B_UIE | B_AIE)) && !r->held)
		when = r->base_ns +
		    (since_base(r) / NS_PER_SEC + 1) * NS_PER_SEC;
	if ((wanted & B_PIE) && period(r)) {
		t = ticks_to_ns((periods_now(r) + 1) * period(r), DIVIDER_HZ);
		when = MIN(when, t);
	}
	if (when == INT64_MAX)
		timer_cancel(r->tq, &r->timer);
	else
		timer_set(r->tq, &r->timer, when);
}

static void
catch_up(struct mc146818 *r)
{
	note_updates(r);
	note_periods(r);
	update_irq(r);
	arm(r);
}

static void
event_due(void *ctx)
{
	catch_up(ctx);
}

/* --- registers --------------------------------------------------------- */

static bool
is_time(unsigned i)
{
	return i == SEC || i == MIN_ || i == HOUR ||
	    (i >= WEEKDAY && i <= YEAR) || i == CENTURY;
}

static uint8_t
read_reg_a(const struct mc146818 *r)
{
	ns_t left = NS_PER_SEC - since_base(r) % NS_PER_SEC;

	return r->cmos[REG_A] | (!r->held && left <= UIP_NS ? A_UIP : 0);
}

static uint8_t
read_reg_c(struct mc146818 *r)
{
	uint8_t v;

	catch_up(r);
	v = r->cmos[REG_C];
	if (v & r->cmos[REG_B] & (B_PIE | B_AIE | B_UIE))
		v |= C_IRQF;
	r->cmos[REG_C] = 0;
	update_irq(r);
	arm(r);
	return v;
}

static uint8_t
read_cmos(struct mc146818 *r, unsigned i)
{
	if (is_time(i) && !r->held)
		materialise(r);
	if (i == REG_A)
		return read_reg_a(r);
	if (i == REG_C)
		return read_reg_c(r);
	return r->cmos[i];
}

/* Follow SET and the divider: the time stops or goes on. */
static void
update_held(struct mc146818 *r)
{
	uint8_t held = (r->cmos[REG_B] & B_SET ? HELD_SET : 0) |
	    ((r->cmos[REG_A] & A_DIVIDER) == A_DIVIDER_ON ? 0 : HELD_DIVIDER);

	if (held && !r->held)
		materialise(r);
	if (held & HELD_DIVIDER)
		held |= HELD_WAS_DIVIDER;
	else if (held)
		held |= r->held & HELD_WAS_DIVIDER;
	/*
	 * A divider let go begins with the first update half a second later;
	 * SET alone has not disturbed it.
	 */
	if (!held && r->held)
		set_time(r, compose(r), r->held & HELD_WAS_DIVIDER ?
		    NS_PER_SEC / 2 : since_base(r) % NS_PER_SEC);
	r->held = held;
}

static void
write_reg_b(struct mc146818 *r, uint8_t v)
{
	if (v & B_SET)
		v &= (uint8_t)~B_UIE;
	r->cmos[REG_B] = v;
	update_held(r);
}

static void
write_cmos(struct mc146818 *r, unsigned i, uint8_t v)
{
	catch_up(r);
	if (i == REG_A) {
		r->cmos[REG_A] = v & 0x7f;
		update_held(r);
		r->last_periodic = periods_now(r);
	} else if (i == REG_B) {
		write_reg_b(r, v);
	} else if (i == REG_C || i == REG_D) {
		return;
	} else if (is_time(i) && !r->held) {
		materialise(r);
		r->cmos[i] = v;
		set_time(r, compose(r), since_base(r) % NS_PER_SEC);
	} else {
		r->cmos[i] = v;
	}
	update_irq(r);
	arm(r);
}

static uint8_t
port_read(void *dev, unsigned port)
{
	struct mc146818 *r = dev;

	return port == 0 ? 0xff : read_cmos(r, r->index & 0x7f);
}

static void
port_write(void *dev, unsigned port, uint8_t v)
{
	struct mc146818 *r = dev;

	if (port == 0)
		r->index = v;
	else
		write_cmos(r, r->index & 0x7f, v);
}

static uint64_t
read_ports(void *dev, uint64_t off, unsigned size)
{
	return read_bytes(port_read, dev, off, size);
}

static void
write_ports(void *dev, uint64_t off, unsigned size, uint64_t v)
{
	write_bytes(port_write, dev, off, size, v);
}

static const struct bus_ops ops = { read_ports, write_ports };

int
mc146818_attach(struct mc146818 *r, struct bus *pio, struct err *e)
{
	struct bus_range range = { 0x70, 2, &ops, r, "mc146818" };

	return bus_add(pio, &range, e);
}

bool
mc146818_nmi_masked(const struct mc146818 *r)
{
	return (r->index & 0x80) != 0;
}

/* --- life -------------------------------------------------------------- */

static void
put16(struct mc146818 *r, unsigned i, uint64_t v)
{
	v = MIN(v, 0xffff);
	r->cmos[i] = (uint8_t)v;
	r->cmos[i + 1] = (uint8_t)(v >> 8);
}

void
mc146818_set_memory(struct mc146818 *r, uint64_t below_4g, uint64_t above_4g)
{
	const uint64_t mib = 1 << 20;
	uint64_t extended = below_4g > mib ? below_4g - mib : 0;
	uint64_t above16 = below_4g > 16 * mib ? below_4g - 16 * mib : 0;
	uint64_t high = above_4g >> 16;

	put16(r, 0x15, 640);
	put16(r, 0x17, extended >> 10);
	put16(r, 0x30, extended >> 10);
	put16(r, 0x34, above16 >> 16);
	r->cmos[0x5b] = (uint8_t)high;
	r->cmos[0x5c] = (uint8_t)(high >> 8);
	r->cmos[0x5d] = (uint8_t)(high >> 16);
}

/* The chip's RESET pin: time and memory live on. */
void
mc146818_reset(struct mc146818 *r)
{
	catch_up(r);
	r->index = 0;
	r->cmos[REG_B] &= B_SET | B_BINARY | B_24H | 1;
	r->cmos[REG_C] = 0;
	update_irq(r);
	arm(r);
}

void
mc146818_init(struct mc146818 *r, struct timer_queue *tq,
    const struct irq_line *irq8, int64_t wall)
{
	const struct date epoch = { 1970, 1, 1 };
	uint64_t s = days_of(&epoch) * DAY_SECS;

	wall = MAX(wall, 0);
	*r = (struct mc146818){
		.tq = tq, .irq8 = *irq8,
		.timer = { .fn = event_due, .ctx = r },
		.cmos = { [REG_A] = A_DIVIDER_ON | 6, [REG_B] = B_24H,
		    [REG_D] = 0x80 },
	};
	set_time(r, s + (uint64_t)(wall / NS_PER_SEC), wall % NS_PER_SEC);
	r->last_periodic = periods_now(r);
}

static void
dev_reset(void *dev)
{
	mc146818_reset(dev);
}

static int
dev_loaded(void *dev)
{
	struct mc146818 *r = dev;

	if (r->base_ns > clock_now(r->tq->clock) ||
	    r->base_ns < INT64_MIN / 2 || (r->cmos[REG_A] & A_UIP) ||
	    (r->cmos[REG_C] & 0x8f) || r->cmos[REG_D] != 0x80)
		return -EINVAL;
	r->level = 0;
	update_held(r);
	catch_up(r);
	return 0;
}

#define FIELD(f, w, n, lo, hi) { \
	#f, offsetof(struct mc146818, f), w, n, lo, hi }
static const struct dev_field fields[] = {
	FIELD(index, 1, 1, 0, 0xff),
	FIELD(cmos, 1, MC146818_BYTES, 0, 0xff),
	FIELD(base_sec, 8, 1, 0, MAX_SECS),
	FIELD(base_ns, 8, 1, 0, UINT64_MAX),
	FIELD(held, 1, 1, 0, 7),
	FIELD(last_update, 8, 1, 0, UINT64_MAX),
	FIELD(last_periodic, 8, 1, 0, UINT64_MAX),
};
#undef FIELD

const struct dev_ops mc146818_ops = {
	.type = "mc146818",
	.size = sizeof(struct mc146818),
	.reset = dev_reset,
	.loaded = dev_loaded,
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
};
