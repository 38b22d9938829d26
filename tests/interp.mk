## SPDX-License-Identifier: Apache-2.0
## The interpreter against the host, and its edges.
INTERP_TEST_LIBS = libinterp.a libx86.a libmmu.a libbase.a $(CMOCKA_LIBS) \
	-lpthread
INTERP_TEST_GUEST = tests/unit/interp_guest.c tests/unit/interp_guest.h \
	tests/unit/interp_host.h

check_PROGRAMS += tests/unit/interp_test tests/unit/interp_edge_test \
	tests/unit/interp_noise_test
TESTS += tests/unit/interp_test tests/unit/interp_edge_test \
	tests/unit/interp_noise_test

tests_unit_interp_test_SOURCES = tests/unit/interp_test.c \
	tests/unit/interp_host.c tests/unit/interp_gen.c \
	tests/unit/interp_gen.h $(INTERP_TEST_GUEST)
tests_unit_interp_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_interp_test_LDADD = $(INTERP_TEST_LIBS)

tests_unit_interp_edge_test_SOURCES = tests/unit/interp_edge_test.c \
	$(INTERP_TEST_GUEST)
tests_unit_interp_edge_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_interp_edge_test_LDADD = $(INTERP_TEST_LIBS)

tests_unit_interp_noise_test_SOURCES = tests/unit/interp_noise_test.c \
	$(INTERP_TEST_GUEST)
tests_unit_interp_noise_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_interp_noise_test_LDADD = $(INTERP_TEST_LIBS)
