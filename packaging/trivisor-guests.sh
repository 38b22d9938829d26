#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# trivisor-guests stop: press every running machine's power button, all at
# once, and switch off those that do not answer in time.
#	TRIVISOR			the command (trivisor)
#	TRIVISOR_SHUTDOWN_TIMEOUT	how long they have (60s)
set -u
trivisor=${TRIVISOR:-@bindir@/trivisor}
limit=${TRIVISOR_SHUTDOWN_TIMEOUT:-60s}

stop_one()
{
	"$trivisor" shutdown --wait "$limit" "$1" && return 0
	echo "trivisor-guests: $1 did not shut down in $limit: switched off" >&2
	"$trivisor" destroy "$1"
}

case ${1-} in
stop)
	names=$("$trivisor" list --state-running --name) || exit 1
	for name in $names; do
		stop_one "$name" &
	done
	wait
	# Suspended ones cannot answer.
	for name in $("$trivisor" list --name); do
		"$trivisor" destroy "$name"
	done
	;;
*)
	echo "usage: trivisor-guests stop" >&2
	exit 2
	;;
esac
