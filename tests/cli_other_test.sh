#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Which daemon the command line talks to: the user's own where it answers,
# else the system's; `list' says how many domains the other has.  The system's
# place is one that only this test sees, in a mount namespace.
if [ "${1-}" != inside ]; then
	if [ "$(id -u)" -eq 0 ]; then
		exec unshare -m "$0" inside
	fi
	exec unshare -Urm "$0" inside
fi
. "${srcdir:-.}/tests/cli_lib.sh"

system=$(sed -n 's/^#define TRIVISOR_RUNDIR "\(.*\)"/\1/p' "$build/config.h")
at=$system
while [ ! -d "$at" ]; do
	at=$(dirname "$at")
done
case $at in
/ | /tmp | "$build"* | "$top"*)
	# Everything would be gone with it.
	mkdir -p "$system" && at=$system || exit 99 ;;
esac
mount -t tmpfs none "$at" && mkdir -p "$system" || exit 99

image "$dir/spin" eb fe				# jmp .
domain()
{
	cat >"$dir/$1.xml" <<END
<domain type='trivisor'>
  <name>$1</name>
  <memory unit='MiB'>32</memory>
  <os><type>hvm</type><kernel>$dir/spin</kernel></os>
</domain>
END
}
export XDG_RUNTIME_DIR="$dir/x"
mkdir -p "$dir/x/trivisor"
users=$dir/x/trivisor/trivisord.sock

check "none of the two" 6 "no daemon answers at $users" "$trivisor" list
socket=$system/trivisord.sock
start_daemon
theirs=$daemon
domain theirs
check "the system's answers" 0 "defined" "$trivisor" define "$dir/theirs.xml"
check "  it is that" 0 "at $system/trivisord.sock" "$trivisor" version
mkdir "$dir/u"
"$dir/bin/trivisord" --socket "$users" --state-dir "$dir/u/state" \
    --run-dir "$dir/u/run" --log-dir "$dir/u/log" >"$dir/user.log" 2>&1 \
    </dev/null &
own=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	[ -S "$users" ] && break
	sleep 0.1
done
check "the user's goes first" 0 "at $users" "$trivisor" version
check "list says that the system's has one" 0 \
    "the daemon at $system/trivisord.sock has 1 more; name it with -c" \
    "$trivisor" list --all
domain ours
check "define" 0 "defined" "$trivisor" define "$dir/ours.xml"
check "list has the user's" 0 "^ours" "$trivisor" list --all
check "with -c the system's" 0 "^theirs" "$trivisor" -c "$socket" list --all
check "  and the other way round" 0 "the daemon at $users has 1 more" \
    "$trivisor" -c "$socket" list --all
check "TRIVISOR_SOCKET does that, too" 0 "^theirs" \
    env TRIVISOR_SOCKET="$socket" "$trivisor" list --all
check "--json says nothing beside the data" 0 '"ours"' \
    "$trivisor" list --all --json
if [ -s "$dir/err" ]; then
	fail "  nothing" "$(cat "$dir/err")"
fi
kill "$own"
wait "$own" 2>/dev/null
check "without the user's, the system's again" 0 "^theirs" \
    "$trivisor" list --all
daemon=$theirs
finish
