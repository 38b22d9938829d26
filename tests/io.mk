## SPDX-License-Identifier: Apache-2.0
## Devices: one test per chip or family, and the fuzzer of all.
IO_TESTS = tests/unit/io_bus_test \
	tests/unit/io_i8259_test \
	tests/unit/io_i8254_test \
	tests/unit/io_mc146818_test \
	tests/unit/io_uart_test \
	tests/unit/io_small_test \
	tests/unit/io_ioapic_test \
	tests/unit/io_lapic_test \
	tests/unit/io_pci_test \
	tests/unit/io_fuzz_test
check_PROGRAMS += $(IO_TESTS)
TESTS += $(IO_TESTS)
IO_TEST_LIBS = libio.a libbase.a $(CMOCKA_LIBS) -lpthread
IO_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

tests_unit_io_bus_test_SOURCES = tests/unit/io_bus_test.c \
	tests/unit/io_rig.h
tests_unit_io_bus_test_CFLAGS = $(IO_TEST_CFLAGS)
tests_unit_io_bus_test_LDADD = $(IO_TEST_LIBS)
tests_unit_io_i8259_test_SOURCES = tests/unit/io_i8259_test.c \
	tests/unit/io_rig.h
tests_unit_io_i8259_test_CFLAGS = $(IO_TEST_CFLAGS)
tests_unit_io_i8259_test_LDADD = $(IO_TEST_LIBS)
tests_unit_io_i8254_test_SOURCES = tests/unit/io_i8254_test.c \
	tests/unit/io_rig.h
tests_unit_io_i8254_test_CFLAGS = $(IO_TEST_CFLAGS)
tests_unit_io_i8254_test_LDADD = $(IO_TEST_LIBS)
tests_unit_io_mc146818_test_SOURCES = tests/unit/io_mc146818_test.c \
	tests/unit/io_rig.h
tests_unit_io_mc146818_test_CFLAGS = $(IO_TEST_CFLAGS)
tests_unit_io_mc146818_test_LDADD = $(IO_TEST_LIBS)
tests_unit_io_uart_test_SOURCES = tests/unit/io_uart_test.c \
	tests/unit/io_rig.h
tests_unit_io_uart_test_CFLAGS = $(IO_TEST_CFLAGS)
tests_unit_io_uart_test_LDADD = $(IO_TEST_LIBS)
tests_unit_io_small_test_SOURCES = tests/unit/io_small_test.c \
	tests/unit/io_rig.h
tests_unit_io_small_test_CFLAGS = $(IO_TEST_CFLAGS)
tests_unit_io_small_test_LDADD = $(IO_TEST_LIBS)
tests_unit_io_ioapic_test_SOURCES = tests/unit/io_ioapic_test.c \
	tests/unit/io_rig.h
tests_unit_io_ioapic_test_CFLAGS = $(IO_TEST_CFLAGS)
tests_unit_io_ioapic_test_LDADD = $(IO_TEST_LIBS)
tests_unit_io_lapic_test_SOURCES = tests/unit/io_lapic_test.c \
	tests/unit/io_rig.h
tests_unit_io_lapic_test_CFLAGS = $(IO_TEST_CFLAGS)
tests_unit_io_lapic_test_LDADD = $(IO_TEST_LIBS)
tests_unit_io_pci_test_SOURCES = tests/unit/io_pci_test.c \
	tests/unit/io_rig.h
tests_unit_io_pci_test_CFLAGS = $(IO_TEST_CFLAGS)
tests_unit_io_pci_test_LDADD = $(IO_TEST_LIBS)
tests_unit_io_fuzz_test_SOURCES = tests/unit/io_fuzz_test.c \
	tests/unit/io_rig.h
tests_unit_io_fuzz_test_CFLAGS = $(IO_TEST_CFLAGS)
tests_unit_io_fuzz_test_LDADD = $(IO_TEST_LIBS)
