## SPDX-License-Identifier: Apache-2.0
## The page walker, the shared x86 semantics and the CPUID policy.
x86_tests = tests/unit/walk_test tests/unit/x86_deliver_test \
	tests/unit/x86_far_test tests/unit/x86_mem_test \
	tests/unit/x86_system_test tests/unit/cpuid_test \
	tests/unit/cpu_model_test
check_PROGRAMS += $(x86_tests)
TESTS += $(x86_tests)

x86_fixture = tests/unit/x86_fixture.c tests/unit/x86_fixture.h
x86_test_libs = libx86.a libmmu.a libbase.a $(CMOCKA_LIBS)

tests_unit_walk_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_walk_test_LDADD = libmmu.a libbase.a $(CMOCKA_LIBS)
tests_unit_x86_deliver_test_SOURCES = tests/unit/x86_deliver_test.c \
	$(x86_fixture)
tests_unit_x86_deliver_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_x86_deliver_test_LDADD = $(x86_test_libs)
tests_unit_x86_far_test_SOURCES = tests/unit/x86_far_test.c $(x86_fixture)
tests_unit_x86_far_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_x86_far_test_LDADD = $(x86_test_libs)
tests_unit_x86_mem_test_SOURCES = tests/unit/x86_mem_test.c $(x86_fixture)
tests_unit_x86_mem_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_x86_mem_test_LDADD = $(x86_test_libs)
tests_unit_x86_system_test_SOURCES = tests/unit/x86_system_test.c \
	$(x86_fixture)
tests_unit_x86_system_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_x86_system_test_LDADD = $(x86_test_libs)
tests_unit_cpuid_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cpuid_test_LDADD = $(x86_test_libs)
tests_unit_cpu_model_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cpu_model_test_LDADD = libcpumodel.a $(x86_test_libs)
