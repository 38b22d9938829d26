/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration mechanism 1 and BARs.  After each write that may move a BAR
 * all BARs are looked at again, so that one which found its place taken gets
 * it as soon as the other has left.
 */
#include "io/pci/pci.h"

#include <errno.h>
#include <string.h>

enum { ADDRESS = 0, RESET_CONTROL = 1, DATA = 4 };	/* from 0xcf8 */

#define ADDRESS_ENABLE UINT32_C(0x80000000)
#define ADDRESS_BITS (ADDRESS_ENABLE | UINT32_C(0x00fffffc))

/* --- configuration space ----------------------------------------------- */

uint32_t
pci_get(const struct pci_dev *d, unsigned off, unsigned size)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < size && off + i < PCI_CONFIG_BYTES; i++)
		v |= (uint32_t)d->config[off + i] << (i * 8);
	return v;
}

void
pci_put(struct pci_dev *d, unsigned off, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size && off + i < PCI_CONFIG_BYTES; i++)
		d->config[off + i] = (uint8_t)(value >> (i * 8));
}

void
pci_dev_init(struct pci_dev *d, const char *name, uint8_t devfn,
    uint16_t vendor, uint16_t device, uint32_t class24)
{
	*d = (struct pci_dev){ .name = name, .devfn = devfn };
	pci_put(d, PCI_VENDOR, 2, vendor);
	pci_put(d, PCI_DEVICE, 2, device);
	pci_put(d, PCI_CLASS_PROG, 2, class24 & 0xffff);
	d->config[PCI_CLASS + 1] = (uint8_t)(class24 >> 16);
	d->writable[PCI_COMMAND] = PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
	    PCI_COMMAND_MASTER;
	d->writable[PCI_COMMAND + 1] = PCI_COMMAND_INTX_OFF >> 8;
	d->writable[PCI_INT_LINE] = 0xff;
}

static void
put_bar_mask(struct pci_dev *d, unsigned off, uint64_t mask, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		d->writable[off + i] = (uint8_t)(mask >> (i * 8));
}

void
pci_dev_bar(struct pci_dev *d, unsigned n, uint64_t size, uint32_t flags,
    const struct bus_ops *ops, void *dev)
{
	bool wide = (flags & PCI_BAR_64) != 0;
	unsigned off = PCI_BAR0 + n * 4;

	BUG_ON(n + wide >= PCI_BARS || (size & (size - 1)) || size < 16);
	d->bar[n] = (struct pci_bar){
		.size = size, .flags = flags, .ops = *ops, .dev = dev,
	};
	put_bar_mask(d, off, ~(size - 1), wide ? 8 : 4);
	pci_put(d, off, 4, flags);
}

static uint64_t
bar_base(const struct pci_dev *d, unsigned n)
{
	const struct pci_bar *b = &d->bar[n];
	uint64_t v = pci_get(d, PCI_BAR0 + n * 4, 4);

	if (b->flags & PCI_BAR_64)
		v |= (uint64_t)pci_get(d, PCI_BAR0 + n * 4 + 4, 4) << 32;
	return v & ~(b->size - 1);
}

static bool
bar_wanted(const struct pci_dev *d, unsigned n)
{
	bool io = (d->bar[n].flags & PCI_BAR_IO) != 0;
	uint64_t base, end;

	if (d->bar[n].size == 0 || !(d->config[PCI_COMMAND] &
	    (io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)))
		return false;
	base = bar_base(d, n);
	/* Address 0 is "not set"; ports end at 64 KiB. */
	return base != 0 && add_u64(&end, base, d->bar[n].size - 1) &&
	    (!io || end < 0x10000);
}

/* --- mapping ----------------------------------------------------------- */

static struct bus *
bar_bus(const struct pci *p, const struct pci_bar *b)
{
	return b->flags & PCI_BAR_IO ? p->pio : p->mmio;
}

static void
unmap_moved(struct pci *p, struct pci_dev *d, unsigned n)
{
	struct pci_bar *b = &d->bar[n];

	if (!b->mapped || (bar_wanted(d, n) && bar_base(d, n) == b->base))
		return;
	b->mapped = bus_move(bar_bus(p, b), b->dev, &b->ops, 0, 0) != 0;
}

static void
map_wanted(struct pci *p, struct pci_dev *d, unsigned n)
{
	struct pci_bar *b = &d->bar[n];

	if (b->mapped || !bar_wanted(d, n))
		return;
	b->base = bar_base(d, n);
	b->mapped = bus_move(bar_bus(p, b), b->dev, &b->ops, b->base,
	    b->size) == 0;
}

static void
remap(struct pci *p)
{
	for (unsigned i = 0; i < p->n; i++)
		for (unsigned n = 0; n < PCI_BARS; n++)
			unmap_moved(p, p->dev[i], n);
	for (unsigned i = 0; i < p->n; i++)
		for (unsigned n = 0; n < PCI_BARS; n++)
			map_wanted(p, p->dev[i], n);
}

/* --- interrupts -------------------------------------------------------- */

static unsigned
board_line(const struct pci_dev *d)
{
	return ((unsigned)(d->devfn >> 3) + d->config[PCI_INT_PIN] - 1) & 7;
}

static bool
asserts(const struct pci_dev *d)
{
	return d->intx && d->config[PCI_INT_PIN] &&
	    !(d->config[PCI_COMMAND + 1] & PCI_COMMAND_INTX_OFF >> 8);
}

static void
update_intx(struct pci *p)
{
	uint8_t level = 0;
	uint8_t changed;

	for (unsigned i = 0; i < p->n; i++)
		if (asserts(p->dev[i]))
			level |= (uint8_t)(1 << board_line(p->dev[i]));
	changed = level ^ p->intx_level;
	p->intx_level = level;
	for (unsigned n = 0; n < 8; n++)
		if ((changed >> n & 1) && p->intx.set)
			p->intx.set(p->intx.ctx, n, level >> n & 1);
}

void
pci_intx(struct pci_dev *d, bool level)
{
	d->intx = level;
	/* Interrupt status (PCI 3.0, 6.2.3) shows it even when disabled. */
	d->config[PCI_STATUS] = (uint8_t)((d->config[PCI_STATUS] & ~8u) |
	    (level ? 8u : 0));
	update_intx(d->pci);
}

/* --- mechanism 1 ------------------------------------------------------- */

static struct pci_dev *
addressed(const struct pci *p)
{
	unsigned bus = p->address >> 16 & 0xff;
	uint8_t devfn = (uint8_t)(p->address >> 8);

	if (!(p->address & ADDRESS_ENABLE) || bus != 0)
		return NULL;
	for (unsigned i = 0; i < p->n; i++)
		if (p->dev[i]->devfn == devfn)
			return p->dev[i];
	return NULL;
}

static void
config_write(struct pci *p, struct pci_dev *d, unsigned off, unsigned size,
    uint32_t value)
{
	for (unsigned i = 0; i < size; i++) {
		uint8_t v = (uint8_t)(value >> (i * 8));
		uint8_t *c = &d->config[off + i];
		uint8_t w = d->writable[off + i];

		*c = (uint8_t)((*c & ~w) | (v & w));
		*c &= (uint8_t)~(v & d->write1clear[off + i]);
	}
	if (off < PCI_BAR0 + PCI_BARS * 4) {
		remap(p);
		update_intx(p);
	}
	if (d->written)
		d->written(d, off, size);
}

static uint64_t
ports_read(void *dev, uint64_t off, unsigned size)
{
	struct pci *p = dev;
	unsigned reg = (p->address & 0xfc) + ((unsigned)off & 3);
	const struct pci_dev *d;

	if (off == ADDRESS && size == 4)
		return p->address;
	if (off == RESET_CONTROL && size == 1 && p->sysctl)
		return sysctl_cf9_read(p->sysctl);
	d = off >= DATA && (off & 3) + size <= 4 ? addressed(p) : NULL;
	return d ? pci_get(d, reg, size) : UINT64_MAX;
}

static void
ports_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	struct pci *p = dev;
	unsigned reg = (p->address & 0xfc) + ((unsigned)off & 3);
	struct pci_dev *d;

	if (off == ADDRESS && size == 4)
		p->address = (uint32_t)value & ADDRESS_BITS;
	else if (off == RESET_CONTROL && size == 1 && p->sysctl)
		sysctl_cf9_write(p->sysctl, (uint8_t)value);
	d = off >= DATA && (off & 3) + size <= 4 ? addressed(p) : NULL;
	if (d)
		config_write(p, d, reg, size, (uint32_t)value);
}

static const struct bus_ops ops = { ports_read, ports_write };

int
pci_attach(struct pci *p, struct err *e)
{
	struct bus_range r = { 0xcf8, 8, &ops, p, "pci configuration" };

	return bus_add(p->pio, &r, e);
}

/* --- life -------------------------------------------------------------- */

int
pci_add(struct pci *p, struct pci_dev *d, struct err *e)
{
	for (unsigned i = 0; i < p->n; i++) {
		if (p->dev[i]->devfn != d->devfn)
			continue;
		err_set(e, ERR_INTERNAL, "%s: PCI slot %02x.%x is taken by %s",
		    d->name, d->devfn >> 3, d->devfn & 7, p->dev[i]->name);
		return -EEXIST;
	}
	if (p->n == PCI_MAX_DEVS) {
		err_set(e, ERR_INTERNAL, "%s: the PCI bus is full", d->name);
		return -ENOSPC;
	}
	d->pci = p;
	memcpy(d->initial, d->config, sizeof(d->initial));
	p->dev[p->n++] = d;
	remap(p);
	return 0;
}

void
pci_reset(struct pci *p)
{
	p->address = 0;
	for (unsigned i = 0; i < p->n; i++) {
		struct pci_dev *d = p->dev[i];

		memcpy(d->config, d->initial, sizeof(d->config));
		d->intx = false;
	}
	remap(p);
	update_intx(p);
}

void
pci_init(struct pci *p, struct bus *pio, struct bus *mmio,
    struct sysctl *sysctl, const struct irq_line *intx)
{
	*p = (struct pci){ .pio = pio, .mmio = mmio, .sysctl = sysctl };
	if (intx)
		p->intx = *intx;
}

static void
dev_reset(void *dev)
{
	pci_reset(dev);
}

static const struct dev_field fields[] = {
	{ "address", offsetof(struct pci, address), 4, 1, 0, ADDRESS_BITS },
};

const struct dev_ops pci_ops = {
	.type = "pci",
	.size = sizeof(struct pci),
	.reset = dev_reset,
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
};
