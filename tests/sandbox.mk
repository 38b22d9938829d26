## SPDX-License-Identifier: Apache-2.0
## What the spawner puts around monitors.
check_PROGRAMS += tests/tools/deny
tests_tools_deny_SOURCES = tests/tools/deny.c
tests_tools_deny_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
tests_tools_deny_LDADD = $(SECCOMP_LIBS)
TESTS += tests/sandbox.test
dist_check_SCRIPTS += tests/sandbox.test
