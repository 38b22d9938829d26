## SPDX-License-Identifier: Apache-2.0
## The daemon's interface: hostile clients, and who may do what.
TESTS += tests/evil/api.test tests/roles.test tests/rpc_schema.test \
	tests/rpc_events.test
dist_check_SCRIPTS += tests/evil/api.test tests/roles.test tests/rpc_schema.test \
	tests/rpc_events.test
EXTRA_DIST += tests/evil/rpc.py
TESTS += tests/rules/api.sh
dist_check_SCRIPTS += tests/rules/api.sh
LONG_TESTS += tests/long/evil.sh tests/long/api_rules.sh

check_PROGRAMS += tests/unit/json_conform_test tests/unit/api_words_test
TESTS += tests/unit/json_conform_test tests/unit/api_words_test
tests_unit_json_conform_test_SOURCES = tests/unit/json_conform_test.c \
	tests/unit/json_cases.h
tests_unit_json_conform_test_CFLAGS = $(manage_cflags)
tests_unit_json_conform_test_LDADD = $(manage_libs)
tests_unit_api_words_test_SOURCES = tests/unit/api_words_test.c
tests_unit_api_words_test_CFLAGS = $(manage_cflags)
tests_unit_api_words_test_LDADD = $(manage_libs)
