## SPDX-License-Identifier: Apache-2.0
## Devices.
IO_TESTS = tests/unit/io_bus_test tests/unit/io_i8259_test \
	tests/unit/io_i8254_test tests/unit/io_uart_test
check_PROGRAMS += $(IO_TESTS)
TESTS += $(IO_TESTS)
IO_TEST_LIBS = libio.a libbase.a $(CMOCKA_LIBS) -lpthread
IO_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

tests_unit_io_bus_test_SOURCES = tests/unit/io_bus_test.c tests/unit/io_rig.h
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
tests_unit_io_uart_test_SOURCES = tests/unit/io_uart_test.c tests/unit/io_rig.h
tests_unit_io_uart_test_CFLAGS = $(IO_TEST_CFLAGS)
tests_unit_io_uart_test_LDADD = $(IO_TEST_LIBS)
