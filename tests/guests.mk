## SPDX-License-Identifier: Apache-2.0
## The self-checking guests, the host as oracle, the benchmark's long runs.
ELF_LOG_COMPILER = $(srcdir)/tests/guests/run
TESTS += $(GUEST_IMAGES) $(SMP_IMAGES)
dist_check_SCRIPTS += tests/guests/run tests/bench/compare tests/bench/clocks
EXTRA_DIST += tests/mutation/README.md tests/mutation/mutate.py \
	tests/mutation/operators.py tests/mutation/equivalent.txt \
	tests/mutation/rows.sh
EXTRA_DIST += tests/README.md tests/bench/init.c tests/oracle/README.md

check_PROGRAMS += tests/oracle/oracle
check_LIBRARIES = tests/oracle/libnative.a
tests_oracle_libnative_a_SOURCES = tests/oracle/native.c
## Runs with a foreign FS base and inside signal frames: see its head.
tests_oracle_libnative_a_CFLAGS = $(AM_CFLAGS) -fno-stack-protector \
	-mno-red-zone
tests_oracle_oracle_SOURCES = tests/oracle/oracle.h tests/oracle/tmpl.h \
	tests/oracle/gen.h tests/oracle/main.c tests/oracle/gen.c \
	tests/oracle/gen_insn.c tests/oracle/flow.c tests/oracle/tmpl.c \
	tests/oracle/storm.c \
	tests/oracle/values.c tests/oracle/rng.c tests/oracle/vec.c \
	tests/oracle/guest.c tests/oracle/compare.c
tests_oracle_oracle_CFLAGS = $(AM_CFLAGS) $(CAPSTONE_CFLAGS)
tests_oracle_oracle_LDADD = tests/oracle/libnative.a libbt.a libinterp.a \
	libx86.a libmmu.a libbase.a $(CAPSTONE_LIBS) -lpthread
TESTS += tests/oracle/bt.test tests/oracle/bt_exact.test \
	tests/oracle/bt_poor.test \
	tests/oracle/interp.test
dist_check_SCRIPTS += tests/oracle/bt.test tests/oracle/bt_exact.test \
	tests/oracle/bt_poor.test \
	tests/oracle/interp.test

LONG_TESTS += tests/long/oracle.sh tests/long/mutation.sh tests/long/compare.sh tests/long/clocks.sh

## How many instructions a guest took.
TESTS += tests/count.test
EXTRA_DIST += tests/count.test
tests/count.log: guests/selftest/x64/straddle.elf
