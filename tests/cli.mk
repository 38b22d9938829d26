## SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/cli_args_test tests/unit/cli_pump_test
TESTS += tests/unit/cli_args_test tests/unit/cli_pump_test
tests_unit_cli_args_test_SOURCES = tests/unit/cli_args_test.c cli/args.c \
	cli/verbs_tab.c cli/values.c
tests_unit_cli_args_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cli_args_test_LDADD = libapi.a libbase.a $(JSON_C_LIBS) \
	$(CMOCKA_LIBS)
tests_unit_cli_pump_test_SOURCES = tests/unit/cli_pump_test.c cli/pump.c \
	cli/term.c cli/keys.c cli/replay.c
tests_unit_cli_pump_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) \
	$(JSON_C_CFLAGS)
tests_unit_cli_pump_test_LDADD = libapi.a libbase.a $(JSON_C_LIBS) \
	$(CMOCKA_LIBS) -lutil

cli_tests = tests/cli_output_test.sh tests/cli_life_user_test.sh \
	tests/cli_life_root_test.sh tests/cli_other_test.sh \
	tests/cli_check_test.sh tests/virt_install_test.sh
TESTS += $(cli_tests)
EXTRA_DIST += tests/cli_life.sh
dist_check_SCRIPTS += $(cli_tests)
TESTS += tests/cli_errors_test.sh tests/cli_walk_test.sh \
	tests/killed_test.sh
EXTRA_DIST += tests/cli_lib.sh tests/cli_errors_test.sh \
	tests/cli_walk_test.sh tests/killed_test.sh

TESTS += tests/try.test
dist_check_SCRIPTS += tests/try.test

LONG_TESTS += tests/long/boots.sh tests/long/kernels.sh \
	tests/long/try_minbase.sh
EXTRA_DIST += tests/long/kernels-init.sh
TESTS += tests/smp_boot.test tests/smp_clock.test
dist_check_SCRIPTS += tests/smp_boot.test tests/smp_clock.test

## Serial consoles; --long is in tests/long/console.sh.
TESTS += tests/console/console_test.py
EXTRA_DIST += tests/console/console_test.py tests/console/guest.S
LONG_TESTS += tests/long/console.sh

## What domains get of the host, and what is said of it.
TESTS += tests/host/host_test.py
EXTRA_DIST += tests/host/host_test.py tests/host/guest.S
LONG_TESTS += tests/long/models.sh
check_PROGRAMS += tests/unit/cli_text_test
TESTS += tests/unit/cli_text_test
tests_unit_cli_text_test_SOURCES = tests/unit/cli_text_test.c cli/text.c
tests_unit_cli_text_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cli_text_test_LDADD = libbase.a $(CMOCKA_LIBS)
