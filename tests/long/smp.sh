#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Several vCPUs for long: 10^7 runs of each litmus test, 10^6 changes of code
# of each kind, locked counters, everything at once for SMP_SECONDS (60), 1000
# kicks of each loop.  SMP_SCALE=0.01 makes all of it so much shorter.
set -u
scale=${SMP_SCALE:-1}
failed=0
log=$(mktemp "${TMPDIR:-/tmp}/smp.XXXXXX") || exit 99
trap 'rm -f "$log"' EXIT
trap 'exit 130' HUP INT TERM

scaled()
{
	awk "BEGIN { n = int($1 * $scale); print (n > 2 ? n : 2) }"
}

# guest IMAGE VCPUS OPTION...: what the image prints of itself is shown, too.
guest()
{
	image=$1
	vcpus=$2
	shift 2
	echo "== $image, $vcpus vCPUs, $*"
	if GUEST_TIMEOUT=7200 ENGINES=bt VCPUS=$vcpus APPEND="$*" SHOW=1 \
	    "$(dirname "$0")/../guests/run" \
	    "guests/selftest/smp/$image.elf" >"$log" 2>&1; then
		how=passed
	else
		how=FAILED
		failed=$((failed + 1))
	fi
	cat "$log"
	echo "summary: $image, $vcpus vCPUs, $*: $how," \
	    "$(sed -n 's/.*RESULT //p' "$log" | tail -n 1)"
}

host()
{
	echo "== $*"
	"$@" >"$log" 2>&1 || failed=$((failed + 1))
	cat "$log"
}

ms=$(scaled $((${SMP_SECONDS:-60} * 1000)))
# On a host of two, four processors meet only by time slices: what two of them
# can show is run on two.
guest litmus 2 "runs=$(scaled 10000000)" ms=0
guest litmus 4 "runs=$(scaled 10000000)" ms=0 least=3
guest lockcross 4 "count=$(scaled 60000)"
guest xmc 2 "count=$(scaled 1000000)" ms=0
guest xmc 4 "count=$(scaled 1000000)" "ms=$ms"
guest mix 2 "ms=$ms"
guest mix 4 "ms=$ms"
for n in 2 4 16; do
	guest start $n "wakes=$(scaled 60000)" "tsc=$(scaled 1000000)"
done
host ./tests/smp/dma_test "$(scaled 1000000)" bt
host ./tests/smp/park_test "$(scaled 1000)"
exit $((failed > 0))
