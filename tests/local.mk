## SPDX-License-Identifier: Apache-2.0
## Scripts have suffix rules, so that TESTS may be given on the command line.
TEST_EXTENSIONS = .elf .test .sh
## While a test runs, somebody looks at its monitors.
LOG_COMPILER = $(srcdir)/tests/tools/watched
TEST_LOG_COMPILER = $(LOG_COMPILER)
check_PROGRAMS += tests/tools/cop
dist_check_SCRIPTS += tests/tools/watched
tests_tools_cop_SOURCES = tests/tools/cop.c
tests_tools_cop_LDADD = libbase.a

## Slow and timed tests: `make check-long' runs them one after the other.
LONG_TESTS =

include tests/cli.mk
include tests/manage.mk
include tests/rpc.mk
include tests/monitor.mk
include tests/engine.mk
include tests/x86.mk
include tests/io.mk
include tests/guests.mk
include tests/smp.mk
include tests/decoder.mk
include tests/programs.mk
include tests/fuzz.mk
include tests/seccomp.mk
include tests/sandbox.mk
include tests/durable.mk

EXTRA_DIST += $(LONG_TESTS)
.PHONY: check-long
check-long: all
	@$(MAKE) $(AM_MAKEFLAGS) -j1 check TESTS='$(LONG_TESTS)'; status=$$?; \
	for test in $(LONG_TESTS:.sh=); do \
		sed -n "s,^summary: ,$$test: ,p" $$test.log; \
	done; exit $$status
include tests/interp.mk
