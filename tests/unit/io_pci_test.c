/* SPDX-License-Identifier: Apache-2.0 */
/* PCI: io/pci/pci.c, io/pci/i440fx.c. */
#include "io_rig.h"

#include <errno.h>

#include "io/pci/i440fx.h"

/* Recorded lines: I/O APIC pins as they are, 8259 inputs as they are. */
struct fixture {
	struct rig r;
	struct i8042 k;
	struct sysctl s;
	struct pci p;
	struct i440fx c;
	struct rig pic;
	unsigned resets;
	struct pci_dev d[2];
	uint64_t last[2];
	unsigned n[2];
};

static void
on_reset(void *ctx)
{
	((struct fixture *)ctx)->resets++;
}

static void
setup(struct fixture *f)
{
	struct sysctl_wiring sw = { .kbc = &f->k, .reset = on_reset, .ctx = f };
	struct irq_line intx = { .set = i440fx_intx, .ctx = &f->c };
	struct irq_line pic, ioapic;

	memset(f, 0, sizeof(*f));
	rig_init(&f->r);
	pic = rig_irq(&f->pic, 0);
	ioapic = rig_irq(&f->r, 0);
	sysctl_init(&f->s, &sw);
	pci_init(&f->p, &f->r.pio, &f->r.mmio, &f->s, &intx);
	assert_int_equal(pci_attach(&f->p, NULL), 0);
	i440fx_init(&f->c, &pic, &ioapic);
	assert_int_equal(i440fx_add(&f->c, &f->p, NULL), 0);
}

static uint64_t
dev_read(void *dev, uint64_t off, unsigned size)
{
	return 0x1100 + off;
}

static void
dev_write(void *dev, uint64_t off, unsigned size, uint64_t v)
{
	*(uint64_t *)dev = v;
}

static const struct bus_ops dev_bus_ops = { dev_read, dev_write };

/* A function at 3.0 with an I/O, a memory and a 64-bit BAR. */
static void
plug(struct fixture *f, unsigned i, uint8_t slot)
{
	struct pci_dev *d = &f->d[i];

	pci_dev_init(d, "test", PCI_DEVFN(slot, 0), 0x1af4, 0x1000, 0x020000);
	d->config[PCI_INT_PIN] = 1;
	pci_dev_bar(d, 0, 32, PCI_BAR_IO, &dev_bus_ops, &f->last[i]);
	pci_dev_bar(d, 1, 4096, 0, &dev_bus_ops, &f->last[i]);
	pci_dev_bar(d, 4, 0x4000, PCI_BAR_64 | PCI_BAR_PREFETCH, &dev_bus_ops,
	    &f->last[i]);
	assert_int_equal(pci_add(&f->p, d, NULL), 0);
}

static void
select_reg(struct fixture *f, uint8_t devfn, uint8_t off)
{
	outl(&f->r, 0xcf8, 0x80000000u | (uint32_t)devfn << 8 | (off & 0xfc));
}

static uint32_t
get(struct fixture *f, uint8_t devfn, uint8_t off)
{
	select_reg(f, devfn, off);
	return inl(&f->r, 0xcfc);
}

static void
put(struct fixture *f, uint8_t devfn, uint8_t off, uint32_t v)
{
	select_reg(f, devfn, off);
	outl(&f->r, 0xcfc, v);
}

#define D3 PCI_DEVFN(3, 0)
#define D4 PCI_DEVFN(4, 0)

static void
the_bridges_are_found(void **state)
{
	struct fixture f;

	setup(&f);
	assert_int_equal(get(&f, 0, 0), 0x12378086);
	assert_int_equal(get(&f, 0, 8), 0x06000002);
	assert_int_equal(get(&f, PCI_DEVFN(1, 0), 0), 0x70008086);
	assert_int_equal(get(&f, PCI_DEVFN(1, 0), 8) >> 8, 0x060100);
}

static void
an_absent_function_reads_all_ones(void **state)
{
	struct fixture f;

	setup(&f);
	assert_int_equal(get(&f, PCI_DEVFN(2, 0), 0), 0xffffffff);
	assert_int_equal(get(&f, PCI_DEVFN(0, 1), 0), 0xffffffff);
	outl(&f.r, 0xcf8, 0x80010000);
	assert_int_equal(inl(&f.r, 0xcfc), 0xffffffff);
	outl(&f.r, 0xcf8, 0);
	assert_int_equal(inl(&f.r, 0xcfc), 0xffffffff);
	assert_int_equal(inl(&f.r, 0xcf8), 0);
}

static void
linux_finds_mechanism_1(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, 0xcfb, 0x01);
	outl(&f.r, 0xcf8, 0x80000000);
	assert_int_equal(inl(&f.r, 0xcf8), 0x80000000);
	assert_int_equal(inw(&f.r, 0xcfe), 0x1237);
}

static void
bytes_and_words_are_addressed(void **state)
{
	struct fixture f;

	setup(&f);
	select_reg(&f, 0, 0);
	assert_int_equal(inb(&f.r, 0xcfc), 0x86);
	assert_int_equal(inb(&f.r, 0xcfd), 0x80);
	assert_int_equal(inw(&f.r, 0xcfe), 0x1237);
	select_reg(&f, PCI_DEVFN(1, 0), 0x60);
	outb(&f.r, 0xcfe, 0x05);
	assert_int_equal(inl(&f.r, 0xcfc), 0x0b050b0a);
}

static void
read_only_bits_stay(void **state)
{
	struct fixture f;

	setup(&f);
	put(&f, 0, 0, 0);
	assert_int_equal(get(&f, 0, 0), 0x12378086);
	put(&f, PCI_DEVFN(1, 0), 0x60, 0xffffffff);
	assert_int_equal(get(&f, PCI_DEVFN(1, 0), 0x60), 0x8f8f8f8f);
}

static void
a_bar_says_its_size(void **state)
{
	struct fixture f;

	setup(&f);
	plug(&f, 0, 3);
	put(&f, D3, 0x10, 0xffffffff);
	assert_int_equal(get(&f, D3, 0x10), 0xffffffe1);
	put(&f, D3, 0x14, 0xffffffff);
	assert_int_equal(get(&f, D3, 0x14), 0xfffff000);
	put(&f, D3, 0x20, 0xffffffff);
	put(&f, D3, 0x24, 0xffffffff);
	assert_int_equal(get(&f, D3, 0x20), 0xffffc00c);
	assert_int_equal(get(&f, D3, 0x24), 0xffffffff);
	assert_int_equal(get(&f, D3, 0x18), 0);
}

static void
a_bar_answers_where_it_is_put(void **state)
{
	struct fixture f;

	setup(&f);
	plug(&f, 0, 3);
	put(&f, D3, 0x10, 0xc000);
	put(&f, D3, 0x14, 0xe0000000);
	assert_int_equal(inl(&f.r, 0xc004), 0xffffffff);
	put(&f, D3, 4, 3);
	assert_int_equal(inl(&f.r, 0xc004), 0x1104);
	assert_int_equal(bus_read(&f.r.mmio, 0xe0000008, 4), 0x1108);
	put(&f, D3, 0x14, 0xe1000000);
	assert_int_equal(bus_read(&f.r.mmio, 0xe0000008, 4), 0xffffffff);
	assert_int_equal(bus_read(&f.r.mmio, 0xe1000008, 4), 0x1108);
	put(&f, D3, 4, 0);
	assert_int_equal(bus_read(&f.r.mmio, 0xe1000008, 4), 0xffffffff);
}

static void
a_64_bit_bar_goes_above_4_gib(void **state)
{
	struct fixture f;

	setup(&f);
	plug(&f, 0, 3);
	put(&f, D3, 0x20, 0x80000000);
	put(&f, D3, 0x24, 0x10);
	put(&f, D3, 4, 2);
	assert_int_equal(bus_read(&f.r.mmio, UINT64_C(0x1080000010), 4),
	    0x1110);
}

static void
a_bar_gets_a_place_that_was_taken_when_it_is_free(void **state)
{
	struct fixture f;

	setup(&f);
	plug(&f, 0, 3);
	plug(&f, 1, 4);
	put(&f, D3, 0x14, 0xe0000000);
	put(&f, D3, 4, 2);
	put(&f, D4, 4, 2);
	put(&f, D4, 0x14, 0xe0000000);
	bus_write(&f.r.mmio, 0xe0000000, 4, 7);
	assert_int_equal(f.last[0], 7);
	put(&f, D3, 0x14, 0xe2000000);
	bus_write(&f.r.mmio, 0xe0000000, 4, 8);
	assert_int_equal(f.last[0], 7);
	assert_int_equal(f.last[1], 8);
}

static void
a_bar_cannot_take_a_chips_ports(void **state)
{
	struct fixture f;

	setup(&f);
	plug(&f, 0, 3);
	put(&f, D3, 4, 1);
	put(&f, D3, 0x10, 0xce0);
	assert_int_equal(get(&f, 0, 0), 0x12378086);
	assert_int_equal(f.last[0], 0);
}

static void
intx_reaches_the_io_apic_and_the_8259(void **state)
{
	struct fixture f;

	setup(&f);
	plug(&f, 0, 3);
	plug(&f, 1, 4);
	pci_intx(&f.d[0], true);
	assert_int_equal(f.r.level[19], 1);
	assert_int_equal(f.pic.level[11], 1);
	assert_int_equal(get(&f, D3, 4) >> 16 & 8, 8);
	pci_intx(&f.d[1], true);
	assert_int_equal(f.r.level[20], 1);
	assert_int_equal(f.pic.level[10], 1);
	put(&f, D3, 4, 0x400);
	assert_int_equal(f.r.level[19], 0);
	assert_int_equal(f.pic.level[11], 0);
	pci_intx(&f.d[1], false);
	assert_int_equal(f.pic.level[10], 0);
}

static void
a_pirq_route_can_be_changed_and_shared(void **state)
{
	struct fixture f;

	setup(&f);
	plug(&f, 0, 3);
	plug(&f, 1, 4);
	pci_intx(&f.d[0], true);
	put(&f, PCI_DEVFN(1, 0), 0x60, 0x05800505);
	assert_int_equal(f.pic.level[11], 0);
	assert_int_equal(f.pic.level[5], 1);
	pci_intx(&f.d[1], true);
	pci_intx(&f.d[0], false);
	assert_int_equal(f.pic.level[5], 1);
	put(&f, PCI_DEVFN(1, 0), 0x60, 0x80808080);
	assert_int_equal(f.pic.level[5], 0);
	assert_int_equal(f.r.level[20], 1);
}

static void
cf9_is_not_part_of_the_address(void **state)
{
	struct fixture f;

	setup(&f);
	outl(&f.r, 0xcf8, 0x80000600);
	assert_int_equal(f.resets, 0);
	outb(&f.r, 0xcf9, 0x02);
	outb(&f.r, 0xcf9, 0x06);
	assert_int_equal(f.resets, 1);
	assert_int_equal(inb(&f.r, 0xcf9), 0x06);
	assert_int_equal(inl(&f.r, 0xcf8), 0x80000600);
}

static void
reset_unmaps_everything(void **state)
{
	struct fixture f;

	setup(&f);
	plug(&f, 0, 3);
	put(&f, D3, 0x14, 0xe0000000);
	put(&f, D3, 4, 2);
	pci_intx(&f.d[0], true);
	pci_reset(&f.p);
	i440fx_reset(&f.c);
	assert_int_equal(bus_read(&f.r.mmio, 0xe0000000, 4), 0xffffffff);
	assert_int_equal(f.r.level[19], 0);
	assert_int_equal(get(&f, D3, 4), 0);
	assert_int_equal(get(&f, D3, 0x14), 0);
}

static void
a_taken_slot_is_refused(void **state)
{
	struct pci_dev again;
	struct fixture f;
	struct err e = { 0 };

	setup(&f);
	plug(&f, 0, 3);
	pci_dev_init(&again, "again", D3, 1, 2, 0);
	assert_int_equal(pci_add(&f.p, &again, &e), -EEXIST);
	assert_non_null(strstr(e.msg, "03.0"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bridges_are_found),
		cmocka_unit_test(an_absent_function_reads_all_ones),
		cmocka_unit_test(linux_finds_mechanism_1),
		cmocka_unit_test(bytes_and_words_are_addressed),
		cmocka_unit_test(read_only_bits_stay),
		cmocka_unit_test(a_bar_says_its_size),
		cmocka_unit_test(a_bar_answers_where_it_is_put),
		cmocka_unit_test(a_64_bit_bar_goes_above_4_gib),
		cmocka_unit_test(
		    a_bar_gets_a_place_that_was_taken_when_it_is_free),
		cmocka_unit_test(a_bar_cannot_take_a_chips_ports),
		cmocka_unit_test(intx_reaches_the_io_apic_and_the_8259),
		cmocka_unit_test(a_pirq_route_can_be_changed_and_shared),
		cmocka_unit_test(cf9_is_not_part_of_the_address),
		cmocka_unit_test(reset_unmaps_everything),
		cmocka_unit_test(a_taken_slot_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
