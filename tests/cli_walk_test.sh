#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A walk through a domain's life with a real guest, Debian's kernel: define,
# list, start, console, dominfo, suspend, resume, reset, shutdown by the power
# button, destroy, undefine; then the same kernel by `run'.
. "${srcdir:-.}/tests/cli_lib.sh"

"$top/build-aux/fetch-guest.sh" kernel "$dir/vmlinuz" || exit 99
"$top/build-aux/fetch-guest.sh" initramfs "$dir/initrd.gz" || exit 99
check_limit=120

sed -e "s|@KERNEL@|$dir/vmlinuz|" -e "s|@INITRD@|$dir/initrd.gz|" \
    "$top/examples/debian-cloud.xml" >"$dir/shell.xml"
sed -e "s|debian-cloud|sleeper|" -e "s|console=ttyS0|& trivisor.sleep|" \
    "$dir/shell.xml" >"$dir/sleeper.xml"
reached='trivisor-guest: userspace reached'

start_daemon
c="$trivisor -c $socket"
check "define" 0 "domain debian-cloud defined" $c define "$dir/shell.xml"
check "define another" 0 "domain sleeper defined" \
    $c define "$dir/sleeper.xml"
check "list --all" 0 "debian-cloud +shutoff" $c list --all
check "start" 0 "debian-cloud started, mode bt: " $c start debian-cloud \
    --perf-map
check "console sees the boot from its start" 0 "Linux version 6" \
    $c console debian-cloud --until "$reached" --timeout 100
check "list" 0 "debian-cloud +running +bt" $c list
check "list --json" 0 '"state": "running"' $c list --json
check "dominfo" 0 "Mode reasons: +[a-z]" $c dominfo debian-cloud
check "dominfo --json" 0 '"mode": "bt"' $c dominfo debian-cloud --json
check "dumpxml" 0 "<name>debian-cloud</name>" $c dumpxml debian-cloud
check "bt-show" 0 "[0-9a-f]{8}" $c bt-show debian-cloud

# The shell on the console answers; that stdin ends does not end the console.
printf 'echo answer: $((6 * 7))\n' |
    timeout 60 "$trivisor" -c "$socket" console debian-cloud \
    --until '^answer: 42' --timeout 50 >"$dir/out" 2>&1
if [ $? -eq 0 ]; then
	pass "the shell answers"
else
	fail "the shell answers" "$(tail -n 5 "$dir/out")"
fi
# Keep it busy, then look inside.
printf 'while :; do :; done &\n' |
    timeout 60 "$trivisor" -c "$socket" console debian-cloud \
    --until '&' --timeout 50 >"$dir/out" 2>&1
check "bt-stats" 0 "^  bt.translations +[1-9]" $c bt-stats debian-cloud \
    --top 100
if grep -Eq '^ +[0-9.]+% +[03] +0x[0-9a-f]+ ' "$dir/out" && awk '
    $1 ~ /^[0-9.]+%$/ { sum += $1; n++ }
    END { exit !(n > 1 && sum > 40 && sum < 101) }' "$dir/out"; then
	pass "  has hot addresses, and shares add up"
else
	fail "  has hot addresses, and shares add up" "$(cat "$dir/out")"
fi
# perf's map names what was hot, and nothing that is not executable code.
pid=$(cli dominfo debian-cloud | sed -n 's/^Process: *//p')
map=/tmp/perf-$pid.map
sed -n 's/^ .*% *[03]  0x\([0-9a-f]*\) .*/bt:\1/p' "$dir/out" | sort -u \
    >"$dir/hot"
cut -d' ' -f3 "$map" | sort -u >"$dir/named"
grep '^bt:' "$dir/hot" | comm -23 - "$dir/named" >"$dir/unnamed"
cut -d' ' -f1 "$map" | sort | sed -n '1p;$p' >"$dir/ends"
code=$(sed -n 's/ r-xs .*zero.*//p' "/proc/$pid/maps" | tr - ' ')
if [ -s "$dir/hot" ] && [ ! -s "$dir/unnamed" ] &&
    grep -q '^bt:stub.enter$' "$dir/named" &&
    grep -q '^bt:ffffffff' "$dir/named" &&
    ! grep -Evq '^[0-9a-f]+ [0-9a-f]+ bt:[a-z0-9._]+$' "$map" &&
    [ "$(printf '%s\n' $code | sort - "$dir/ends" | sed -n '2,3p')" = \
    "$(cat "$dir/ends")" ]; then
	pass "--perf-map names translated code"
else
	fail "--perf-map names translated code" "$code" \
	    "$(cat "$dir/ends" "$dir/unnamed" "$dir/hot")"
fi
rm -f "$map"
check "bt-stats --json" 0 '"rip": "0x[0-9a-f]+"' \
    $c bt-stats debian-cloud --json --top 3 --profile 0.5
[ "$(grep -c '"rip"' "$dir/out")" -le 3 ] ||
    fail "bt-stats --top 3" "$(grep '"rip"' "$dir/out")"
check "suspend" 0 "suspended" $c suspend debian-cloud
check "  is paused" 0 "State: +paused" $c dominfo debian-cloud
check "resume" 0 "resumed" $c resume debian-cloud
check "  is running" 0 "State: +running" $c dominfo debian-cloud
printf 'poweroff\n' | timeout 60 "$trivisor" -c "$socket" console debian-cloud \
    --timeout 50 >"$dir/out" 2>&1
if wait_state debian-cloud shutoff; then
	pass "poweroff in the guest ends it"
else
	fail "poweroff in the guest ends it" "$(tail -n 5 "$dir/out")"
fi
check "  and is told" 0 "Last end: +shutoff, shutdown" \
    $c dominfo debian-cloud

check "start sleeper" 0 "started" $c start sleeper
check "  boots" 0 "$reached" $c console sleeper --until "$reached" \
    --timeout 100
check "shutdown presses the power button" 0 "is off" \
    $c shutdown sleeper --wait 30
check "start sleeper again" 0 "started" $c start sleeper
check "reset" 0 "reset" $c reset sleeper
check "  boots again" 0 "$reached" $c console sleeper --until "$reached" \
    --timeout 100
check "destroy" 0 "destroyed" $c destroy sleeper
check "undefine" 0 "undefined" $c undefine sleeper
check "undefine the other" 0 "undefined" $c undefine debian-cloud
check "list is empty" 0 "^NAME" $c list --all
[ "$(wc -l <"$dir/out")" -eq 1 ] || fail "list is empty" "$(cat "$dir/out")"

check "run: power-off is 0" 0 "$reached" "$trivisor" run --mode bt \
    --timeout 100 --kernel "$dir/vmlinuz" --initrd "$dir/initrd.gz" \
    --append "console=ttyS0 trivisor.batch"
check "run: until" 0 "a line matched after .*init starts" "$trivisor" run --mode bt \
    --timeout 100 --kernel "$dir/vmlinuz" --initrd "$dir/initrd.gz" \
    --append "console=ttyS0 trivisor.sleep" --until "init starts"
check "run: a file, and --json" 0 '"end": "shutdown"' "$trivisor" run \
    --json --timeout 100 --append "console=ttyS0 trivisor.batch" \
    "$dir/shell.xml"
finish
