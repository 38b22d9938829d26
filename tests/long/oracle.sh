#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The oracle with seeds nobody has seen, in every setting of the translator
# and in the interpreter; ORACLE_SECONDS for each (60).
set -u
seconds=${ORACLE_SECONDS:-60}
seed=$(date +%s)
failed=0
log=$(mktemp "${TMPDIR:-/tmp}/oracle.XXXXXX") || exit 99
trap 'rm -f "$log"' EXIT
trap 'exit 130' HUP INT TERM
for setting in "bt" "bt --exact-flags" "bt --bt-disable chain" "bt --tlb-entries 1" \
    "bt --flush-every 50" "interp" \
    "bt --exact-flags --host-without avx512,avx2,bmi2"; do
	seed=$((seed + 1))
	echo "== $setting"
	# shellcheck disable=SC2086 # options on purpose
	timeout -k 5 $((seconds + 120)) ./tests/oracle/oracle \
	    --engine $setting --seed $seed --seconds "$seconds" >"$log" 2>&1 ||
		failed=$((failed + 1))
	cat "$log"
	echo "summary: $setting: $(sed -n 's/^oracle [a-z]*: //p' "$log")"
done
exit $((failed > 0))
