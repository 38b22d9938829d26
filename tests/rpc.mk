## SPDX-License-Identifier: Apache-2.0
## The daemon's interface: hostile clients, and who may do what.
TESTS += tests/evil/api.test tests/roles.test tests/rpc_schema.test \
	tests/rpc_events.test
dist_check_SCRIPTS += tests/evil/api.test tests/roles.test tests/rpc_schema.test \
	tests/rpc_events.test
EXTRA_DIST += tests/evil/rpc.py
LONG_TESTS += tests/long/evil.sh
