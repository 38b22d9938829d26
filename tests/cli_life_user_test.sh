#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The whole life of a virtual machine without any rights: a user's own daemon,
# at its own place, which the command line finds by itself.
. "${srcdir:-.}/tests/cli_lib.sh"
. "$top/tests/cli_life.sh"

mkdir -p "$dir/home" "$dir/x"
export XDG_RUNTIME_DIR="$dir/x" HOME="$dir/home"
unset XDG_STATE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME
if [ "$(id -u)" -eq 0 ]; then
	chown -R 65534:65534 "$dir/home" "$dir/x"
	as="setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all"
fi
chmod 700 "$dir/x"
where=
c="$as $traced"
# The tests' own functions ask about domains, too.
cli()
{
	timeout -k 5 60 $as "$trivisor" "$@"
}
$as "$dir/bin/trivisord" >"$dir/daemon.log" 2>&1 </dev/null &
daemon=$!
if eventually "NAME" $as "$trivisor" list; then
	pass "a user's daemon starts"
else
	fail "a user's daemon starts" "$(cat "$dir/daemon.log")"
	exit 1
fi
check "it is where users' daemons are" 0 "at $dir/x/trivisor/trivisord.sock" \
    $c version
if [ -n "$as" ]; then
	owner=$(stat -c %u "$dir/x/trivisor/trivisord.sock")
	[ "$owner" = 65534 ] || fail "  it is the user's" "$owner"
fi
walk
finish
