/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 8042 keyboard controller, IBM PS/2 command set.  Both serial ports are
 * empty: what is sent there comes back as 0xfe with the time-out bit, which
 * ends a driver's wait at once.
 */
#include "io/chip/i8042.h"

#include <errno.h>

enum { STS_OBF = 0x01, STS_SYS = 0x04, STS_CMD = 0x08, STS_KEYLOCK = 0x10,
	STS_AUX = 0x20, STS_TIMEOUT = 0x40 };
enum { CB_KBD_INT = 0x01, CB_AUX_INT = 0x02, CB_SYS = 0x04,
	CB_KBD_OFF = 0x10, CB_AUX_OFF = 0x20, CB_TRANSLATE = 0x40 };
enum { OUT_RESET = 0x01, OUT_A20 = 0x02, OUT_OBF = 0x10, OUT_AUX_OBF = 0x20 };

#define NO_DEVICE 0xfe

static void
drive_irqs(struct i8042 *k)
{
	bool full = k->out_used > 0;
	bool aux = k->out_aux & 1;

	irq_set(&k->w.irq1, full && !aux && (k->ram[0] & CB_KBD_INT));
	irq_set(&k->w.irq12, full && aux && (k->ram[0] & CB_AUX_INT));
}

static void
push(struct i8042 *k, uint8_t byte, bool aux, bool error)
{
	unsigned n = k->out_used;

	if (n == sizeof(k->out))
		return;
	k->out[n] = byte;
	k->out_aux = (uint8_t)((k->out_aux & ~(1u << n)) | (unsigned)aux << n);
	k->out_error = (uint8_t)((k->out_error & ~(1u << n)) |
	    (unsigned)error << n);
	k->out_used++;
	drive_irqs(k);
}

static void
reply(struct i8042 *k, uint8_t byte)
{
	push(k, byte, false, false);
}

static uint8_t
pop(struct i8042 *k)
{
	uint8_t v = k->out[0];

	if (k->out_used == 0)
		return v;	/* the buffer keeps what was read last */
	if (--k->out_used == 0)
		goto out;
	/* A falling line between two bytes makes the second an edge, too. */
	irq_set(&k->w.irq1, 0);
	irq_set(&k->w.irq12, 0);
	k->out[0] = k->out[1];
	k->out_aux >>= 1;
	k->out_error >>= 1;
out:
	drive_irqs(k);
	return v;
}

/* --- output port ------------------------------------------------------- */

bool
i8042_a20(const struct i8042 *k)
{
	return (k->out_port & OUT_A20) != 0;
}

void
i8042_set_a20(struct i8042 *k, bool on)
{
	if (on == i8042_a20(k))
		return;
	k->out_port ^= OUT_A20;
	if (k->w.a20)
		k->w.a20(k->w.ctx, on);
}

static void
write_out_port(struct i8042 *k, uint8_t v)
{
	i8042_set_a20(k, v & OUT_A20);
	if (!(v & OUT_RESET) && k->w.reset)
		k->w.reset(k->w.ctx);
}

static uint8_t
read_out_port(const struct i8042 *k)
{
	uint8_t v = k->out_port | OUT_RESET;

	if (k->out_used)
		v |= k->out_aux & 1 ? OUT_AUX_OBF : OUT_OBF;
	return v;
}

/* --- commands ---------------------------------------------------------- */

/* Those without data and with a fixed answer. */
static const struct answer {
	uint8_t command, byte;
} answers[] = {
	{ 0xa4, 0xf1 },		/* password installed? no */
	{ 0xa9, 0x00 },		/* mouse port test: no error */
	{ 0xaa, 0x55 },		/* self test passed */
	{ 0xab, 0x00 },		/* keyboard port test: no error */
	{ 0xc0, 0x80 },		/* input port: keyboard not locked */
	{ 0xe0, 0x00 },		/* test inputs */
};

/* Those that set and clear bits of the command byte. */
static const struct change {
	uint8_t command, set, clear;
} changes[] = {
	{ 0xa7, CB_AUX_OFF, 0 }, { 0xa8, 0, CB_AUX_OFF },
	{ 0xad, CB_KBD_OFF, 0 }, { 0xae, 0, CB_KBD_OFF },
	{ 0xaa, CB_SYS | CB_KBD_OFF | CB_AUX_OFF, CB_KBD_INT | CB_AUX_INT },
};

static void
special_command(struct i8042 *k, uint8_t v)
{
	switch (v) {
	case 0xd0:
		reply(k, read_out_port(k));
		break;
	case 0xd1: case 0xd2: case 0xd3: case 0xd4:
		k->command = v;
		break;
	case 0xdd: case 0xdf:
		i8042_set_a20(k, v == 0xdf);
		break;
	case 0xf0 ... 0xff:
		/* Pulse the output lines whose bit is 0. */
		if (!(v & 1) && k->w.reset)
			k->w.reset(k->w.ctx);
		break;
	}
}

static void
write_command(struct i8042 *k, uint8_t v)
{
	k->was_command = 1;
	k->command = 0;
	if (v >= 0x20 && v < 0x40) {
		reply(k, k->ram[v & 0x1f]);
		return;
	}
	if (v >= 0x60 && v < 0x80) {
		k->command = v;
		return;
	}
	for (unsigned i = 0; i < ARRAY_LEN(changes); i++)
		if (changes[i].command == v)
			k->ram[0] = (k->ram[0] & (uint8_t)~changes[i].clear) |
			    changes[i].set;
	for (unsigned i = 0; i < ARRAY_LEN(answers); i++)
		if (answers[i].command == v)
			reply(k, answers[i].byte);
	special_command(k, v);
	drive_irqs(k);
}

static void
write_data(struct i8042 *k, uint8_t v)
{
	uint8_t command = k->command;

	k->was_command = 0;
	k->command = 0;
	switch (command) {
	case 0x60 ... 0x7f:
		k->ram[command & 0x1f] = v;
		drive_irqs(k);
		break;
	case 0xd1:
		write_out_port(k, v);
		break;
	case 0xd2:
		push(k, v, false, false);
		break;
	case 0xd3:
		push(k, v, true, false);
		break;
	case 0xd4:
		k->ram[0] &= (uint8_t)~CB_AUX_OFF;
		push(k, NO_DEVICE, true, true);
		break;
	default:
		/* For the keyboard; its port is enabled by that. */
		k->ram[0] &= (uint8_t)~CB_KBD_OFF;
		push(k, NO_DEVICE, false, true);
		break;
	}
}

static uint8_t
status(const struct i8042 *k)
{
	uint8_t v = STS_KEYLOCK;

	if (k->was_command)
		v |= STS_CMD;
	if (k->ram[0] & CB_SYS)
		v |= STS_SYS;
	if (k->out_used)
		v |= STS_OBF | (k->out_aux & 1 ? STS_AUX : 0) |
		    (k->out_error & 1 ? STS_TIMEOUT : 0);
	return v;
}

/* --- ports ------------------------------------------------------------- */

static uint64_t
data_read(void *dev, uint64_t off, unsigned size)
{
	return pop(dev);
}

static void
data_write(void *dev, uint64_t off, unsigned size, uint64_t v)
{
	write_data(dev, (uint8_t)v);
}

static uint64_t
status_read(void *dev, uint64_t off, unsigned size)
{
	return status(dev);
}

static void
command_write(void *dev, uint64_t off, unsigned size, uint64_t v)
{
	write_command(dev, (uint8_t)v);
}

static const struct bus_ops data_ops = { data_read, data_write };
static const struct bus_ops command_ops = { status_read, command_write };

int
i8042_attach(struct i8042 *k, struct bus *pio, struct err *e)
{
	struct bus_range data = { 0x60, 1, &data_ops, k, "i8042 data" };
	struct bus_range command = { 0x64, 1, &command_ops, k, "i8042" };
	int rc = bus_add(pio, &data, e);

	return rc ? rc : bus_add(pio, &command, e);
}

/* --- life -------------------------------------------------------------- */

static void
power_up(struct i8042 *k)
{
	*k = (struct i8042){
		.w = k->w,
		.ram = { CB_SYS | CB_KBD_INT | CB_AUX_OFF | CB_TRANSLATE },
		.out_port = k->out_port,
	};
}

void
i8042_reset(struct i8042 *k)
{
	power_up(k);
	i8042_set_a20(k, true);
	drive_irqs(k);
}

void
i8042_init(struct i8042 *k, const struct i8042_wiring *w)
{
	*k = (struct i8042){ .w = *w, .out_port = OUT_A20 };
	power_up(k);
}

static void
dev_reset(void *dev)
{
	i8042_reset(dev);
}

static int
dev_loaded(void *dev)
{
	struct i8042 *k = dev;

	if (k->out_port & (uint8_t)~OUT_A20)
		return -EINVAL;
	drive_irqs(k);
	if (k->w.a20)
		k->w.a20(k->w.ctx, i8042_a20(k));
	return 0;
}

#define FIELD(f, n, hi) { #f, offsetof(struct i8042, f), 1, n, 0, hi }
static const struct dev_field fields[] = {
	FIELD(command, 1, 0xff),
	FIELD(ram, 32, 0xff),
	FIELD(out_port, 1, OUT_A20),
	FIELD(out, 2, 0xff),
	FIELD(out_used, 1, 2),
	FIELD(out_aux, 1, 3),
	FIELD(out_error, 1, 3),
	FIELD(was_command, 1, 1),
};
#undef FIELD

const struct dev_ops i8042_ops = {
	.type = "i8042",
	.size = sizeof(struct i8042),
	.reset = dev_reset,
	.loaded = dev_loaded,
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
};
