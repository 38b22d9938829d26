#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# SIGKILL in the middle of `run': whichever of its processes dies, the others
# follow in time, the command says that it failed, and neither a process nor a
# file is left.
. "${srcdir:-.}/tests/cli_lib.sh"

# "Hi\n" to COM1, then spin
image "$dir/hello" 66 ba f8 03 b0 48 ee b0 69 ee b0 0a ee eb fe

# pids_of PROGRAM: ours that run it.  Two are called trivisor: the command,
# and the keeper of its daemon's directory.
pids_of()
{
	for pid in $(ours); do
		case $(readlink "/proc/$pid/exe") in
		"$dir/bin/$1") echo "$pid" ;;
		esac
	done
}

# named NAME PID...: those that call themselves so.
named()
{
	name=$1
	shift
	for pid in "$@"; do
		[ "$(cat "/proc/$pid/comm")" != "$name" ] || echo "$pid"
	done
}

victims()
{
	for victim in "$@"; do
		case $victim in
		run) echo "$run" ;;
		keeper) pids_of trivisor | grep -vx "$run" ;;
		daemon) named trivisord $(pids_of trivisord) ;;
		spawner) named trivisord-spawn $(pids_of trivisord) ;;
		monitor) pids_of trivisor-monitor ;;
		esac
	done
}

begin()
{
	: >"$dir/out"
	"$trivisor" run --mode bt --timeout 60 --kernel "$dir/hello" \
	    >"$dir/out" 2>&1 </dev/null &
	run=$!
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		grep -q Hi "$dir/out" && return 0
		sleep 0.25
	done
	fail "the guest starts" "$(cat "$dir/out")"
	return 1
}

# No process and no file; files may go a moment after the last process.
nothing_left()
{
	none_left || return 1
	for _ in 1 2 3 4 5 6 7 8; do
		[ -n "$(ls -A "$dir/tmp")" ] || return 0
		sleep 0.25
	done
	return 1
}

# killed STATUS PATTERN VICTIM...: what the command then ends with, and says.
killed()
{
	want=$1 pattern=$2
	shift 2
	begin || return
	pids=$(victims "$@")
	# Words on purpose.
	# shellcheck disable=SC2086
	set -- "$*" $pids
	what=$1
	shift
	if [ $# -ne "$(echo "$what" | wc -w)" ]; then
		fail "SIGKILL of $what" "found these processes only: $*"
	fi
	kill -9 "$@"
	wait "$run" 2>/dev/null
	status=$?
	if ! nothing_left; then
		fail "SIGKILL of $what leaves nothing" "$(ours)" \
		    "$(ls -A "$dir/tmp")"
		# shellcheck disable=SC2046
		kill -9 $(ours) 2>/dev/null
		rm -rf "$dir/tmp/"*
	elif [ "$status" -ne "$want" ]; then
		fail "SIGKILL of $what" \
		    "exit status $status, should be $want" \
		    "$(tail -n 5 "$dir/out")"
	elif ! grep -Eq -- "$pattern" "$dir/out"; then
		fail "SIGKILL of $what" "says nothing like: $pattern" \
		    "$(tail -n 5 "$dir/out")"
	else
		pass "SIGKILL of $what leaves nothing"
	fi
}

killed 137 Hi run
killed 122 "daemon" daemon
killed 122 "destroyed" spawner
killed 122 "signal 9" monitor
killed 137 Hi run daemon
killed 137 Hi run monitor
killed 122 "daemon" daemon monitor
killed 137 Hi run daemon monitor
killed 122 "daemon" daemon spawner
killed 137 Hi run spawner monitor

# Without its keeper, the command itself tidies up.
begin && {
	kill -9 $(victims keeper)
	kill "$run"
	wait "$run" 2>/dev/null
	if nothing_left; then
		pass "SIGKILL of keeper, SIGTERM of run leaves nothing"
	else
		fail "SIGKILL of keeper, SIGTERM of run leaves nothing" \
		    "$(ours)" "$(ls -A "$dir/tmp")"
	fi
}
finish
