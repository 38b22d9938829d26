/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 82441FX and 82371SB as far as software without a BIOS of its own looks: who
 * they are, and the PIRQ routes.  The PAM, SMRAM and timing registers are
 * memory without effect: all of RAM is always there.
 */
#include "io/pci/i440fx.h"

enum { PAM0 = 0x59, PAM_LAST = 0x5f, SMRAM = 0x72 };
enum { XBCS = 0x4e, PIRQRC = 0x60, PIRQ_OFF = 0x80 };

/* 8259 inputs that a PIRQ may reach: not 0, 1, 2, 8 and 13. */
#define PIRQ_IRQS 0xdef8

static void
update(struct i440fx *c)
{
	uint16_t level = 0;
	uint16_t changed;

	for (unsigned n = 0; n < 8; n++) {
		uint8_t route = c->isa.config[PIRQRC + (n & 3)];
		unsigned irq = route & 15;

		if ((c->level >> n & 1) && !(route & PIRQ_OFF) &&
		    (PIRQ_IRQS >> irq & 1))
			level |= (uint16_t)(1 << irq);
	}
	changed = level ^ c->isa_level;
	c->isa_level = level;
	for (unsigned irq = 0; irq < 16; irq++)
		if ((changed >> irq & 1) && c->pic.set)
			c->pic.set(c->pic.ctx, irq, level >> irq & 1);
}

void
i440fx_intx(void *ctx, unsigned n, int level)
{
	struct i440fx *c = ctx;
	uint8_t bit = (uint8_t)(1 << (n & 7));

	c->level = (uint8_t)((c->level & ~bit) | (level ? bit : 0));
	if (c->ioapic.set)
		c->ioapic.set(c->ioapic.ctx, 16 + (n & 7), level);
	update(c);
}

static void
isa_written(struct pci_dev *d, unsigned off, unsigned size)
{
	update(d->ctx);
}

void
i440fx_reset(struct i440fx *c)
{
	/* The functions themselves: pci_reset(). */
	update(c);
}

void
i440fx_init(struct i440fx *c, const struct irq_line *pic,
    const struct irq_line *ioapic)
{
	static const uint8_t routes[4] = { 10, 11, 10, 11 };

	*c = (struct i440fx){ .pic = *pic, .ioapic = *ioapic };
	pci_dev_init(&c->host, "host bridge", PCI_DEVFN(0, 0), 0x8086, 0x1237,
	    0x060000);
	c->host.config[PCI_REVISION] = 2;
	for (unsigned i = PAM0; i <= PAM_LAST; i++)
		c->host.writable[i] = 0xff;
	c->host.writable[SMRAM] = 0xff;

	pci_dev_init(&c->isa, "ISA bridge", PCI_DEVFN(1, 0), 0x8086, 0x7000,
	    0x060100);
	c->isa.config[PCI_COMMAND] = 7;	/* hard-wired */
	c->isa.writable[PCI_COMMAND] = 0;
	c->isa.writable[XBCS] = 0xff;
	c->isa.writable[XBCS + 1] = 0xff;
	for (unsigned i = 0; i < 4; i++) {
		c->isa.config[PIRQRC + i] = routes[i];
		c->isa.writable[PIRQRC + i] = 0x8f;
	}
	c->isa.written = isa_written;
	c->isa.ctx = c;
}

int
i440fx_add(struct i440fx *c, struct pci *p, struct err *e)
{
	int rc = pci_add(p, &c->host, e);

	return rc ? rc : pci_add(p, &c->isa, e);
}

static void
dev_reset(void *dev)
{
	i440fx_reset(dev);
}

/* What is hard-wired stays as it was built. */
static void
restore_fixed(struct pci_dev *d)
{
	for (unsigned i = 0; i < PCI_CONFIG_BYTES; i++)
		d->config[i] = (d->config[i] & d->writable[i]) |
		    (d->initial[i] & (uint8_t)~d->writable[i]);
}

static int
dev_loaded(void *dev)
{
	struct i440fx *c = dev;

	restore_fixed(&c->host);
	restore_fixed(&c->isa);
	update(c);
	return 0;
}

#define FIELD(f, n) { \
	#f, offsetof(struct i440fx, f), 1, n, 0, 0xff }
static const struct dev_field fields[] = {
	FIELD(host.config, PCI_CONFIG_BYTES),
	FIELD(isa.config, PCI_CONFIG_BYTES),
	FIELD(level, 1),
};
#undef FIELD

const struct dev_ops i440fx_ops = {
	.type = "i440fx",
	.size = sizeof(struct i440fx),
	.reset = dev_reset,
	.loaded = dev_loaded,
	.fields = fields,
	.n_fields = ARRAY_LEN(fields),
};
