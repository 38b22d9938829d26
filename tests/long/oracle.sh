#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The oracle with seeds nobody has seen: ORACLE_COUNT (10^6) sequences in every
# setting of the translator and in the interpreter, as many settings at a time
# as there are processors (ORACLE_JOBS).  A setting that differs is shown whole.
set -u
count=${ORACLE_COUNT:-1000000}

# As "oracle.sh one SEED OPTIONS LOG": one setting.
if [ "${1:-}" = one ]; then
	# shellcheck disable=SC2086 # options on purpose
	timeout -k 5 $((count / 1000 + 60)) ./tests/oracle/oracle \
	    --seed "$2" --count "$count" --max-failures 3 $3 >"$4.log" 2>&1
	code=$?
	[ $code -eq 0 ] || cat "$4.log"
	echo "summary: ${3:-bt}: $(sed -n 's/^oracle [a-z]*: //p' "$4.log")" \
	    "$(sed -n 's/^  host signals: /with host signals: /p' "$4.log")" \
	    "$([ $code -eq 0 ] || echo "(FAIL: status $code)")"
	exit $((code != 0))
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/oracle.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' HUP INT TERM

settings()
{
	# Whatever parts the program knows of, so that none is forgotten.
	./tests/oracle/oracle --list-parts | sed 's/^/--bt-disable /'
	cat <<END
--engine bt
--exact-flags
--flush-every 50
--tlb-entries 1
--code-cache 1048576
--signal-storm 1000
--bt-disable evict --code-cache 1048576 --signal-storm 1000
--flush-every 300 --tlb-entries 1 --signal-storm 1000 --exact-flags
--exact-flags --host-without avx512,avx2,bmi2,fsgsbase
--host-without avx512 --signal-storm 1000
--flow 100 --twins 60
--alias
--alias --code-cache 1048576 --flush-every 100
--align-checks 50
--engine interp
--engine interp --signal-storm 1000
END
}

settings >"$dir/settings"
if [ "$(grep -c bt-disable "$dir/settings")" -lt 3 ]; then
	echo "FAILED: the oracle names no parts of the translator"
	exit 1
fi
seed=$(date +%s)
n=$(wc -l <"$dir/settings")
k=0
while read -r options; do
	k=$((k + 1))
	printf '%s\0%s\0%s\0' $((seed + k)) "$options" "$dir/$k"
done <"$dir/settings" | xargs -0 -n 3 -P "${ORACLE_JOBS:-$(nproc)}" "$0" one \
    >"$dir/all"
status=$?
cat "$dir/all"
# Every setting has had its say.
[ "$(grep -c '^summary: .* 0 differences' "$dir/all")" -eq $n ] || status=1
echo "summary: $n settings of $count sequences," \
    "$(grep -c '^summary: .* 0 differences' "$dir/all") without a difference"
exit $((status != 0))
