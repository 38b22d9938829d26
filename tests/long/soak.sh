#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Mixed load on two vCPUs for SOAK_SECONDS (two hours): nothing wrong, the
# guest's clock right, the monitor's memory as it was.
SOAK_SECONDS=${SOAK_SECONDS:-7200}
export SOAK_SECONDS
exec "${srcdir:-$(dirname "$0")/../..}/tests/programs/soak" --build .
