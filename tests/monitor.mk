## SPDX-License-Identifier: Apache-2.0
## Running a VM without a daemon.
noinst_PROGRAMS += tests/tools/runvm
tests_tools_runvm_SOURCES = tests/tools/runvm.c tests/tools/testvm.c \
	tests/tools/testvm.h
tests_tools_runvm_LDADD = libvm.a libbase.a

check_PROGRAMS += tests/unit/gmem_test tests/unit/boot_test \
	tests/unit/boot_bad_test
TESTS += tests/unit/gmem_test tests/unit/boot_test tests/unit/boot_bad_test
tests_unit_gmem_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_gmem_test_LDADD = libmmu.a libbase.a $(CMOCKA_LIBS)
tests_unit_boot_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_boot_test_SOURCES = tests/unit/boot_test.c tests/unit/boot_images.h
tests_unit_boot_test_LDADD = libboot.a libmmu.a libbase.a $(CMOCKA_LIBS)
tests_unit_boot_bad_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_boot_bad_test_SOURCES = tests/unit/boot_bad_test.c \
	tests/unit/boot_images.h
tests_unit_boot_bad_test_LDADD = libboot.a libmmu.a libbase.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/acpi_test
TESTS += tests/unit/acpi_test
tests_unit_acpi_test_CPPFLAGS = $(AM_CPPFLAGS) -DIASL='"$(IASL)"'
tests_unit_acpi_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_acpi_test_LDADD = libboot.a libmmu.a libbase.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/monitor_test
TESTS += tests/unit/monitor_test
tests_unit_monitor_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_monitor_test_SOURCES = tests/unit/monitor_test.c \
	tests/unit/monitor_guests.h tests/tools/testvm.c tests/tools/testvm.h
tests_unit_monitor_test_LDADD = libvm.a libbase.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/console_test
TESTS += tests/unit/console_test
tests_unit_console_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_console_test_LDADD = libmonitor.a libio.a libvm.a libbase.a \
	$(SECCOMP_LIBS) $(CMOCKA_LIBS) -lutil -lpthread

check_PROGRAMS += tests/unit/gdb_test
TESTS += tests/unit/gdb_test
tests_unit_gdb_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_gdb_test_SOURCES = tests/unit/gdb_test.c tests/tools/testvm.c \
	tests/tools/testvm.h
tests_unit_gdb_test_LDADD = libvm.a libbase.a $(CMOCKA_LIBS)
