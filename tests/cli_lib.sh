# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034 # its variables are for who sources it
#
# Sourced by the tests of the command line.  They run copies of the programs
# from a directory of their own, so that what is left running afterwards can
# be told apart from everybody else's, and is a failure.
set -u
top=$(cd "${srcdir:-.}" && pwd)
build=$(pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/trivisor-test.XXXXXX") || exit 99
chmod 755 "$dir"
mkdir "$dir/bin" "$dir/tmp"
chmod 1777 "$dir/tmp"
failed=0
checks=0
daemon=

for program in trivisor trivisord trivisor-monitor; do
	cp "$build/bin/$program" "$dir/bin/" || exit 99
done
unset TRIVISOR_SOCKET TRIVISORD XDG_RUNTIME_DIR
export TMPDIR="$dir/tmp"

# Processes whose program is one of our copies.
ours()
{
	for exe in /proc/[0-9]*/exe; do
		case $(readlink "$exe" 2>/dev/null) in
		"$dir"/bin/*) echo "$exe" | cut -d/ -f3 ;;
		esac
	done
}

# They may need a moment to go.
none_left()
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -n "$(ours)" ] || return 0
		sleep 0.25
	done
	return 1
}

# Looks at our monitors while the test runs: nothing writable and executable,
# every thread sealed.
"$build/tests/tools/cop" "$dir/bin" >"$dir/cop.log" 2>&1 </dev/null &
cop=$!

cleanup()
{
	trap - EXIT
	kill "$cop" 2>/dev/null
	for pid in $daemon $(ours); do
		kill -9 "$pid" 2>/dev/null
	done
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

pass()
{
	checks=$((checks + 1))
	echo "ok: $1"
}

fail()
{
	checks=$((checks + 1))
	failed=$((failed + 1))
	echo "FAILED: $1"
	shift
	[ $# -eq 0 ] || printf '  %s\n' "$@"
}

# check WHAT STATUS PATTERN COMMAND...: the command ends in time with that
# exit status, and what it says matches the (extended) pattern.
check()
{
	what=$1 want=$2 pattern=$3
	shift 3
	timeout -k 5 "${check_limit:-60}" "$@" >"$dir/out" 2>"$dir/err" \
	    </dev/null
	status=$?
	if [ "$status" -ne "$want" ]; then
		fail "$what" "exit status $status, should be $want" \
		    "$(tail -n 5 "$dir/out" "$dir/err")"
	elif ! cat "$dir/out" "$dir/err" | tr -d '\r' |
	    grep -aEq -- "$pattern"; then
		fail "$what" "says nothing like: $pattern" \
		    "$(tail -n 5 "$dir/out" "$dir/err")"
	else
		pass "$what"
	fi
}

trivisor=$dir/bin/trivisor
socket=$dir/d/run/trivisord.sock

cli()
{
	timeout -k 5 60 "$trivisor" -c "$socket" "$@"
}

start_daemon()
{
	mkdir -p "$dir/d"
	"$dir/bin/trivisord" --socket "$socket" --state-dir "$dir/d/state" \
	    --run-dir "$dir/d/run" --log-dir "$dir/d/log" \
	    >"$dir/daemon.log" 2>&1 </dev/null &
	daemon=$!
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		cli list >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	fail "the daemon starts" "$(cat "$dir/daemon.log")"
	exit 1
}

stop_daemon()
{
	kill "$daemon" 2>/dev/null
	wait "$daemon" 2>/dev/null
	daemon=
}

# wait_state NAME STATE: for events that follow in their own time.
wait_state()
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		cli dominfo "$1" 2>/dev/null |
		    grep -Eq "^State: +$2\$" && return 0
		sleep 0.25
	done
	return 1
}

# hex BYTES...: two hexadecimal digits each, as bytes on stdout.
hex()
{
	for byte in "$@"; do
		# shellcheck disable=SC2059 # an escape on purpose
		printf "\\$(printf %03o "0x$byte")"
	done
}

# image FILE CODE...: a multiboot 1 ELF32 of 4 KiB at 1 MiB whose entry point
# is CODE, at 0x100060 (multiboot specification 0.6.96, section 3.1).
image()
{
	file=$1
	shift
	{
		hex 7f 45 4c 46 01 01 01 00 00 00 00 00 00 00 00 00
		hex 02 00 03 00 01 00 00 00 60 00 10 00 34 00 00 00
		hex 00 00 00 00 00 00 00 00 34 00 20 00 01 00 28 00
		hex 00 00 00 00
		hex 01 00 00 00 00 00 00 00 00 00 10 00 00 00 10 00
		hex 00 10 00 00 00 10 00 00 07 00 00 00 00 10 00 00
		hex 02 b0 ad 1b 00 00 00 00 fe 4f 52 e4
		hex "$@"
		head -c 4096 /dev/zero
	} | head -c 4096 >"$file"
}

finish()
{
	[ -z "$daemon" ] || stop_daemon
	if none_left; then
		pass "no process is left behind"
	else
		fail "no process is left behind" "$(for pid in $(ours); do
			tr '\0' ' ' <"/proc/$pid/cmdline"
			echo
		done)"
	fi
	kill "$cop"
	if wait "$cop"; then
		pass "every monitor was sealed ($(tail -n 1 "$dir/cop.log"))"
	else
		fail "every monitor was sealed" "$(cat "$dir/cop.log")"
	fi
	left=$(ls -A "$dir/tmp")
	if [ -z "$left" ]; then
		pass "no file is left behind"
	else
		fail "no file is left behind" "$left"
	fi
	echo "$checks checks, $failed failed"
	[ "$failed" -eq 0 ] || exit 1
	exit 0
}
