#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Whoever looks at monitors in all other tests does see what is wrong: a
# process that is not sealed, and memory that is writable and executable.
set -u
dir=$(mktemp -d "${TMPDIR:-/tmp}/cop-test.XXXXXX") || exit 99
culprit= cop=
# shellcheck disable=SC2086 # none or one each
trap 'kill $culprit $cop 2>/dev/null; rm -rf "$dir"' EXIT
failed=0

says()
{
	if grep -q "$1" "$dir/out"; then
		echo "ok: $1"
	else
		echo "FAILED: does not say: $1"
		cat "$dir/out"
		failed=1
	fi
}

tests/tools/cop --once $$ >"$dir/out" && failed=1
says "is not sealed"

cp "$(python3 -c 'import sys; print(sys.executable)')" "$dir/trivisor-monitor"
PYTHONHOME=$(python3 -c 'import sys; print(sys.prefix)') \
    "$dir/trivisor-monitor" -c '
import mmap, time
memory = mmap.mmap(-1, 4096, prot=7)
time.sleep(30)' &
culprit=$!
tests/tools/cop "$dir" >"$dir/out" &
cop=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	grep -q "writable and executable" "$dir/out" && break
	sleep 0.1
done
kill "$culprit" "$cop"
wait "$cop" && failed=1
says "writable and executable"
says "1 wrong"
exit $failed
