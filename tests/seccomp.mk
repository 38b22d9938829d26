## SPDX-License-Identifier: Apache-2.0
## How monitors are locked in.
check_PROGRAMS += tests/unit/jail_test
TESTS += tests/unit/jail_test
tests_unit_jail_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_jail_test_SOURCES = tests/unit/jail_test.c tests/tools/bpf.c \
	tests/tools/bpf.h
tests_unit_jail_test_LDADD = libmonitor.a libbase.a $(SECCOMP_LIBS) \
	$(CMOCKA_LIBS)

## Needs which calls?  Is every rule needed?
check_PROGRAMS += tests/seccomp/rules
tests_seccomp_rules_SOURCES = tests/seccomp/rules.c tests/tools/bpf.c \
	tests/tools/bpf.h
tests_seccomp_rules_LDADD = libmonitor.a libbase.a $(SECCOMP_LIBS)

## The monitor's own objects with a traitor's hooks; see its header.
check_PROGRAMS += tests/evil/traitor tests/evil/traitor_test
TESTS += tests/evil/traitor_test
tests_evil_traitor_SOURCES = tests/evil/traitor.c tests/evil/traitor.h \
	monitor/main.c monitor/oneshot.c
tests_evil_traitor_CPPFLAGS = $(AM_CPPFLAGS) -DTRAITOR
tests_evil_traitor_LDADD = $(MONITOR_LIBS)
tests_evil_traitor_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=machine_start \
	-Wl,--wrap=machine_release -Wl,--wrap=cpu_arm_timer \
	-Wl,--wrap=console_file_pending
tests_evil_traitor_test_SOURCES = tests/evil/traitor_test.c \
	tests/evil/traitor.h tests/tools/bpf.c tests/tools/bpf.h \
	tests/tools/testvm.c tests/tools/testvm.h tests/unit/monitor_guests.h
tests_evil_traitor_test_CPPFLAGS = $(AM_CPPFLAGS) -DTRAITOR
tests_evil_traitor_test_LDADD = libmonitor.a libvm.a libbase.a $(SECCOMP_LIBS)
LONG_TESTS += tests/long/traitor.sh
TESTS += tests/seccomp/cop.sh tests/seccomp/rules.sh
tests/seccomp/rules.log: guests/selftest/x64/exc.elf
dist_check_SCRIPTS += tests/seccomp/record
EXTRA_DIST += tests/seccomp/cop.sh tests/seccomp/rules.sh

check_PROGRAMS += tests/unit/seal_test
TESTS += tests/unit/seal_test
tests_unit_seal_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_seal_test_LDADD = libbase.a $(CMOCKA_LIBS)
