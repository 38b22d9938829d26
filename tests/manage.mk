## SPDX-License-Identifier: Apache-2.0
## base/, vm/, api/, daemon/ and modes/select.
manage_unit_tests = tests/unit/base_test tests/unit/config_test \
	tests/unit/json_test tests/unit/client_test \
	tests/unit/domain_xml_test tests/unit/select_test \
	tests/unit/store_test tests/unit/spawner_test tests/unit/cgroup_test
check_PROGRAMS += $(manage_unit_tests)
TESTS += $(manage_unit_tests) tests/check-layers.sh
EXTRA_DIST += tests/check-layers.sh

## For check-headers.sh.
AM_TESTS_ENVIRONMENT = CC='$(CC)'; export CC; \
	HEADER_FLAGS='$(JSON_C_CFLAGS) $(LIBXML2_CFLAGS)'; \
	export HEADER_FLAGS;
TESTS += tests/check-headers.sh
EXTRA_DIST += tests/check-headers.sh

manage_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JSON_C_CFLAGS) \
	$(LIBXML2_CFLAGS)
manage_libs = libapi.a libselect.a libvm.a libbase.a $(JSON_C_LIBS) \
	$(LIBXML2_LIBS) $(CMOCKA_LIBS)

tests_unit_base_test_SOURCES = tests/unit/base_test.c
tests_unit_base_test_CFLAGS = $(manage_cflags)
tests_unit_base_test_LDADD = $(manage_libs)
tests_unit_config_test_SOURCES = tests/unit/config_test.c
tests_unit_config_test_CFLAGS = $(manage_cflags)
tests_unit_config_test_LDADD = $(manage_libs)
tests_unit_json_test_SOURCES = tests/unit/json_test.c
tests_unit_json_test_CFLAGS = $(manage_cflags)
tests_unit_json_test_LDADD = $(manage_libs)
tests_unit_client_test_SOURCES = tests/unit/client_test.c
tests_unit_client_test_CFLAGS = $(manage_cflags)
tests_unit_client_test_LDADD = $(manage_libs)
tests_unit_domain_xml_test_SOURCES = tests/unit/domain_xml_test.c
tests_unit_domain_xml_test_CFLAGS = $(manage_cflags)
tests_unit_domain_xml_test_LDADD = $(manage_libs)
tests_unit_select_test_SOURCES = tests/unit/select_test.c
tests_unit_select_test_CFLAGS = $(manage_cflags)
tests_unit_select_test_LDADD = $(manage_libs)
tests_unit_store_test_SOURCES = tests/unit/store_test.c daemon/store.c \
	daemon/files.c daemon/file_look.c daemon/run_dir.c daemon/states.c
tests_unit_spawner_test_SOURCES = tests/unit/spawner_test.c daemon/spawn.c \
	daemon/spawner.c daemon/birth.c daemon/birth_child.c daemon/files.c daemon/file_look.c
tests_unit_spawner_test_CFLAGS = $(manage_cflags) -fno-strict-aliasing
tests_unit_spawner_test_LDADD = $(manage_libs) $(EV_LIBS)
tests_unit_store_test_CFLAGS = $(manage_cflags) -fno-strict-aliasing
tests_unit_store_test_LDADD = $(manage_libs)
tests_unit_cgroup_test_SOURCES = tests/unit/cgroup_test.c daemon/cgroup.c
tests_unit_cgroup_test_CFLAGS = $(manage_cflags)
tests_unit_cgroup_test_LDADD = $(manage_libs)

check_PROGRAMS += tests/unit/jobs_test
TESTS += tests/unit/jobs_test
tests_unit_jobs_test_SOURCES = tests/unit/jobs_test.c daemon/jobs.c \
	daemon/methods_job.c
tests_unit_jobs_test_CFLAGS = $(manage_cflags) -fno-strict-aliasing
tests_unit_jobs_test_LDADD = $(manage_libs) $(EV_LIBS)

## Runs bin/trivisord and bin/trivisor-monitor; make check builds them first.
check_PROGRAMS += tests/unit/daemon_test
TESTS += tests/unit/daemon_test
tests_unit_daemon_test_SOURCES = tests/unit/daemon_test.c
tests_unit_daemon_test_CFLAGS = $(manage_cflags)
tests_unit_daemon_test_LDADD = $(manage_libs)

## The documents in tests/xml, and every rule that refuses one.
check_PROGRAMS += tests/unit/xml_corpus_test
TESTS += tests/unit/xml_corpus_test
tests_unit_xml_corpus_test_SOURCES = tests/unit/xml_corpus_test.c
tests_unit_xml_corpus_test_CFLAGS = $(manage_cflags)
tests_unit_xml_corpus_test_LDADD = $(manage_libs)
EXTRA_DIST += tests/xml

TESTS += tests/metrics.test tests/logs.test
EXTRA_DIST += tests/metrics.test tests/logs.test

check_PROGRAMS += tests/unit/xml_hostile_test
TESTS += tests/unit/xml_hostile_test
tests_unit_xml_hostile_test_SOURCES = tests/unit/xml_hostile_test.c
tests_unit_xml_hostile_test_CFLAGS = $(manage_cflags) $(SECCOMP_CFLAGS)
tests_unit_xml_hostile_test_LDADD = $(manage_libs) $(SECCOMP_LIBS)

