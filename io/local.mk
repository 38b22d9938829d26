## SPDX-License-Identifier: Apache-2.0
## The interrupt controllers are called while guest vectors are live in the
## host's registers, hence compiled apart; libio.a holds both.
noinst_LIBRARIES += libio.a libioirq.a
libioirq_a_SOURCES = io/chip/apic_msg.h io/muldiv.h \
	io/chip/lapic.c io/chip/lapic.h io/chip/lapic_priv.h \
	io/chip/lapic_regs.c \
	io/chip/ioapic.c io/chip/ioapic.h io/chip/i8259.c io/chip/i8259.h
libioirq_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
libio_a_SOURCES = io/dev.h io/bytes.h io/bus.c io/timer.c \
	io/chip/i8254.c io/chip/i8254.h io/chip/mc146818.c io/chip/mc146818.h \
	io/chip/uart.c io/chip/uart.h io/chip/i8042.c io/chip/i8042.h \
	io/chip/sysctl.c io/chip/sysctl.h io/chip/acpi_pm.c io/chip/acpi_pm.h \
	io/pci/pci.c io/pci/pci.h io/pci/i440fx.c io/pci/i440fx.h
libio_a_LIBADD = $(libioirq_a_OBJECTS)
EXTRA_libio_a_DEPENDENCIES = $(libioirq_a_OBJECTS)
EXTRA_DIST += io/README.md
