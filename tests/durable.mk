## SPDX-License-Identifier: Apache-2.0
## What outlives what: daemons, monitors, definitions.  Run bin/trivisord and
## bin/trivisor-monitor; need python3, as and ld.
durable_tests = tests/durable/daemon_kills.test \
	tests/durable/monitor_kills.test tests/durable/service.test
TESTS += $(durable_tests)
dist_check_SCRIPTS += $(durable_tests)
EXTRA_DIST += tests/durable/durable.py tests/durable/heartbeat.S
LONG_TESTS += tests/long/durable.sh

## daemon/store.c on a disk that loses, reorders and tears what was not synced.
check_PROGRAMS += tests/unit/store_crash_test
TESTS += tests/unit/store_crash_test
tests_unit_store_crash_test_SOURCES = tests/unit/store_crash_test.c \
	daemon/store.c daemon/files.c daemon/file_look.c
tests_unit_store_crash_test_CFLAGS = $(manage_cflags) -fno-strict-aliasing
tests_unit_store_crash_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=openat \
	-Wl,--wrap=write -Wl,--wrap=fsync -Wl,--wrap=unlinkat \
	-Wl,--wrap=linkat -Wl,--wrap=renameat
tests_unit_store_crash_test_LDADD = $(manage_libs)
