## SPDX-License-Identifier: Apache-2.0
## vCPUs against other threads, without a monitor.
SMP_RIG = tests/smp/rig.c tests/smp/rig.h
SMP_RIG_LIBS = libbt.a libinterp.a libx86.a libmmu.a libbase.a -lpthread

check_PROGRAMS += tests/smp/park_test tests/smp/dma_test
TESTS += tests/smp/park_test tests/smp/dma_test
tests_smp_park_test_SOURCES = tests/smp/park_test.c $(SMP_RIG)
tests_smp_park_test_LDADD = $(SMP_RIG_LIBS)
tests_smp_dma_test_SOURCES = tests/smp/dma_test.c $(SMP_RIG)
tests_smp_dma_test_LDADD = $(SMP_RIG_LIBS)

LONG_TESTS += tests/long/smp.sh
