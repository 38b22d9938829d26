#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# MUTATIONS (50) lines of emitters and of the decoder's table, chosen at
# random, are broken one at a time, and the suite must notice each time:
# see tests/mutation/README.md.  MUTATION_SEED repeats a run.
set -u
srcdir=${srcdir:-$(dirname "$0")/../..}
export PYTHONDONTWRITEBYTECODE=1
exec timeout -k 10 "${MUTATION_SECONDS:-5400}" python3 \
    "$srcdir/tests/mutation/mutate.py" --source "$srcdir" \
    --count "${MUTATIONS:-50}" ${MUTATION_SEED:+--seed "$MUTATION_SEED"}
