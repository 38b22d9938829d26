/* SPDX-License-Identifier: Apache-2.0 */
/* Ports 0x80, 0x92, 0x402, 0xf4 and the reset control register. */
#include "io/chip/sysctl.h"

enum { P92_RESET = 0x01, P92_A20 = 0x02 };
enum { CF9_SYSTEM = 0x02, CF9_RESET = 0x04, CF9_FULL = 0x08 };

static void
reset_machine(struct sysctl *s)
{
	if (s->w.reset)
		s->w.reset(s->w.ctx);
}

/* --- 0x80 -------------------------------------------------------------- */

static uint64_t
post_read(void *dev, uint64_t off, unsigned size)
{
	return ((struct sysctl *)dev)->post;
}

static void
post_write(void *dev, uint64_t off, unsigned size, uint64_t v)
{
	((struct sysctl *)dev)->post = (uint8_t)v;
}

/* --- 0x92 -------------------------------------------------------------- */

static uint64_t
port92_read(void *dev, uint64_t off, unsigned size)
{
	struct sysctl *s = dev;

	return s->port92 | (i8042_a20(s->w.kbc) ? P92_A20 : 0);
}

static void
port92_write(void *dev, uint64_t off, unsigned size, uint64_t v)
{
	struct sysctl *s = dev;
	bool pulse = (v & P92_RESET) && !(s->port92 & P92_RESET);

	s->port92 = (uint8_t)v & (uint8_t)~P92_A20;
	i8042_set_a20(s->w.kbc, v & P92_A20);
	if (pulse)
		reset_machine(s);
}

/* --- 0xcf9 ------------------------------------------------------------- */

uint8_t
sysctl_cf9_read(struct sysctl *s)
{
	return s->cf9;
}

/* The reset happens when bit 2 goes from 0 to 1 (82371SB, 2.5.4). */
void
sysctl_cf9_write(struct sysctl *s, uint8_t v)
{
	bool rises = (v & CF9_RESET) && !(s->cf9 & CF9_RESET);

	s->cf9 = v & (CF9_SYSTEM | CF9_RESET | CF9_FULL);
	if (rises)
		reset_machine(s);
}

/* --- 0xf0 -------------------------------------------------------------- */

static void
set_ferr(struct sysctl *s, uint8_t on)
{
	s->ferr = on;
	irq_set(&s->w.irq13, on);
}

void
sysctl_ferr(struct sysctl *s)
{
	set_ferr(s, 1);
}

static uint64_t
ferr_read(void *dev, uint64_t off, unsigned size)
{
	return 0xff;
}

static void
ferr_write(void *dev, uint64_t off, unsigned size, uint64_t v)
{
	set_ferr(dev, 0);
}

/* --- 0x402 ------------------------------------------------------------- */

void
sysctl_flush(struct sysctl *s)
{
	if (s->line_used && s->w.debug_line)
		s->w.debug_line(s->w.ctx, s->line, s->line_used);
	s->line_used = 0;
}

static uint64_t
debug_read(void *dev, uint64_t off, unsigned size)
{
	return 0xe9;
}

static void
debug_write(void *dev, uint64_t off, unsigned size, uint64_t v)
{
	struct sysctl *s = dev;

	if ((uint8_t)v == '\n') {
		sysctl_flush(s);
		return;
	}
	s->line[s->line_used++] = (char)v;
	if (s->line_used == SYSCTL_LINE)
		sysctl_flush(s);
}

/* --- isa-debug-exit ---------------------------------------------------- */

static uint64_t
exit_read(void *dev, uint64_t off, unsigned size)
{
	return 0;
}

static void
exit_write(void *dev, uint64_t off, unsigned size, uint64_t v)
{
	struct sysctl *s = dev;

	sysctl_flush(s);
	if (s->w.debug_exit)
		s->w.debug_exit(s->w.ctx, (uint32_t)v);
}

static const struct bus_ops post_ops = { post_read, post_write };
static const struct bus_ops port92_ops = { port92_read, port92_write };
static const struct bus_ops ferr_ops = { ferr_read, ferr_write };
static const struct bus_ops debug_ops = { debug_read, debug_write };
static const struct bus_ops exit_ops = { exit_read, exit_write };

int
sysctl_attach(struct sysctl *s, struct bus *pio, struct err *e)
{
	struct bus_range r[] = {
		{ 0x80, 1, &post_ops, s, "port 0x80" },
		{ 0x92, 1, &port92_ops, s, "port 0x92" },
		{ 0xf0, 1, &ferr_ops, s, "port 0xf0" },
		{ 0x402, 1, &debug_ops, s, "debug port" },
	};
	int rc = 0;

	for (unsigned i = 0; i < ARRAY_LEN(r) && rc == 0; i++)
		rc = bus_add(pio, &r[i], e);
	return rc;
}

int
sysctl_attach_debug_exit(struct sysctl *s, struct bus *pio, uint16_t port,
    struct err *e)
{
	struct bus_range r = { port, 4, &exit_ops, s, "isa-debug-exit" };

	return bus_add(pio, &r, e);
}

/* --- life -------------------------------------------------------------- */

void
sysctl_reset(struct sysctl *s)
{
	sysctl_flush(s);
	s->post = 0;
	s->port92 = 0;
	s->cf9 = 0;
	set_ferr(s, 0);
}

void
sysctl_init(struct sysctl *s, const struct sysctl_wiring *w)
{
	*s = (struct sysctl){ .w = *w };
}

static void
dev_reset(void *dev)
{
	sysctl_reset(dev);
}

#define FIELD(f, w, n, lo, hi) { #f, offsetof(struct sysctl, f), w, n, lo, hi }
static const struct dev_field fields[] = {
	FIELD(post, 1, 1, 0, 0xff),
	FIELD(port92, 1, 1, 0, 0xff),
	FIELD(cf9, 1, 1, 0, 0x0e),
	FIELD(ferr, 1, 1, 0, 1),
	FIELD(line_used, 2, 1, 0, SYSCTL_LINE - 1),
	FIELD(line, 1, SYSCTL_LINE, 0, 0xff),
};
#undef FIELD

const struct dev_ops sysctl_ops = {
	.type = "sysctl",
	.size = sizeof(struct sysctl),
	.reset = dev_reset,
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
};
