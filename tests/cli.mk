## SPDX-License-Identifier: Apache-2.0
TESTS += tests/cli_errors_test.sh tests/cli_walk_test.sh
EXTRA_DIST += tests/cli_lib.sh tests/cli_errors_test.sh \
	tests/cli_walk_test.sh
