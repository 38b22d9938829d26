/* SPDX-License-Identifier: Apache-2.0 */
/* The few chips tests need: 8259s, 8254, local APIC, I/O APIC. */
#include "guest.h"

void
pic_setup(u8 base, u16 mask)
{
	outb(0x20, 0x11);
	outb(0xa0, 0x11);
	outb(0x21, base);
	outb(0xa1, base + 8);
	outb(0x21, 4);
	outb(0xa1, 2);
	outb(0x21, 1);
	outb(0xa1, 1);
	outb(0x21, mask);
	outb(0xa1, mask >> 8);
}

void
pic_eoi(unsigned irq)
{
	if (irq >= 8)
		outb(0xa0, 0x20);
	outb(0x20, 0x20);
}

static void
pit_program(u8 command, unsigned ticks)
{
	outb(0x43, command);
	outb(0x40, ticks);
	outb(0x40, ticks >> 8);
}

void
pit_oneshot(unsigned ticks)
{
	pit_program(0x30, ticks);
}

void
pit_periodic(unsigned ticks)
{
	pit_program(0x34, ticks);
}

u16
pit_read(void)
{
	u16 v;

	outb(0x43, 0x00);
	v = inb(0x40);
	return v | inb(0x40) << 8;
}

#define LAPIC 0xfee00000ul
#define IOAPIC 0xfec00000ul

u32
lapic_read(u32 reg)
{
	return *(volatile u32 *)(LAPIC + reg);
}

void
lapic_write(u32 reg, u32 v)
{
	*(volatile u32 *)(LAPIC + reg) = v;
}

bool
lapic_enable(void)
{
	if (!has(1, 0, 3, 9))
		return false;
	lapic_write(0xf0, 0x1ff);
	return true;
}

u32
ioapic_read(u8 reg)
{
	*(volatile u32 *)IOAPIC = reg;
	return *(volatile u32 *)(IOAPIC + 0x10);
}

void
ioapic_write(u8 reg, u32 v)
{
	*(volatile u32 *)IOAPIC = reg;
	*(volatile u32 *)(IOAPIC + 0x10) = v;
}

/* Channel 2's output by port 0x61: no interrupt needed. */
static void
pit2_start(unsigned ticks)
{
	outb(0x61, (inb(0x61) & ~2) | 1);
	outb(0x43, 0xb0);
	outb(0x42, ticks);
	outb(0x42, ticks >> 8);
}

bool
wait_for(volatile unsigned *flag, unsigned ms)
{
	while (ms--) {
		pit2_start(1193);
		while (!(inb(0x61) & 0x20))
			if (*flag)
				return true;
	}
	return *flag;
}

void
delay_ms(unsigned ms)
{
	volatile unsigned never = 0;

	wait_for(&never, ms);
}
