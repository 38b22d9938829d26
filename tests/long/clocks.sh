#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every clock within 0.1 % of the host's over a minute, all host CPUs busy.
srcdir=${srcdir:-$(dirname "$0")/../..}
exec "$srcdir/tests/bench/clocks" --build .
