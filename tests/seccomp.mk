## SPDX-License-Identifier: Apache-2.0
## How monitors are locked in.
check_PROGRAMS += tests/unit/jail_test
TESTS += tests/unit/jail_test
tests_unit_jail_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_jail_test_SOURCES = tests/unit/jail_test.c tests/tools/bpf.c \
	tests/tools/bpf.h
tests_unit_jail_test_LDADD = libmonitor.a libbase.a $(SECCOMP_LIBS) \
	$(CMOCKA_LIBS)
