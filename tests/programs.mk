## SPDX-License-Identifier: Apache-2.0
## Real programs in a guest against the same natively, and hours of them.
TESTS += tests/soak.test
dist_check_SCRIPTS += tests/soak.test tests/programs/run tests/programs/soak
EXTRA_DIST += tests/programs/README.md tests/programs/list \
	tests/programs/root.sh tests/programs/pack tests/programs/init \
	tests/programs/drive tests/programs/goload.go tests/programs/items \
	tests/programs/soak.d

## Last but for the soak, which takes longest.
LONG_TESTS += tests/long/programs.sh tests/long/soak.sh

## The roots they keep.
clean-local:
	-rm -rf soak programs
