#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The whole life of a virtual machine with root's daemon, and what another
# user may do there: his files are opened with his rights, and what is not his
# is not his, by whatever name he calls it.
. "${srcdir:-.}/tests/cli_lib.sh"
# Elsewhere it is root of a user namespace, with the rights that gives.
if [ "$(id -u)" -ne 0 ]; then
	cleanup
	exec unshare -Ur "$0"
fi
. "$top/tests/cli_life.sh"

socket=$dir/d/trivisord.sock
where="-c $socket"
c="$traced $where"
start_daemon
walk

# ---- another user
chmod 755 "$dir/d"
chmod 666 "$socket"
if setpriv --reuid 65534 --clear-groups true 2>/dev/null; then
	him="setpriv --reuid 65534 --regid 65534 --clear-groups $trivisor $where"
	cp "$dir/spin" "$dir/his"
	cp "$dir/spin" "$dir/mine"
	chown 65534 "$dir/his"
	chmod 600 "$dir/his" "$dir/mine"
	domain his "<kernel>$dir/his</kernel>"
	domain secret "<kernel>$dir/mine</kernel>"
	check "mine" 0 "defined" $c define "$dir/deaf.xml"
	check "mine starts" 0 "started" $c start deaf
	uuid=$($c domuuid deaf)
	for word in deaf "$uuid" "$(echo "$uuid" | cut -c1-8)" \
	    "$($c domid deaf)"; do
		check "not his to destroy: $word" 5 "denied|belongs|may not" \
		    $him destroy "$word"
	done
	check "  nor to edit" 5 "denied|belongs|may not" \
	    env EDITOR='sed -i s/64/32/' $him edit deaf
	rm -f "$TMPDIR"/trivisor-deaf-*
	check "  but to look at" 0 "^deaf +running" $him list
	check "his own" 0 "defined" $him define "$dir/his.xml"
	check "  starts with a file that only he can read" 0 "started" \
	    $him start his
	check "  he may destroy it" 0 "destroyed" $him destroy his
	check "one with a file that he cannot read" 0 "defined" \
	    $him define "$dir/secret.xml"
	check "  does not start" 1 "$dir/mine.*[Pp]ermission denied" \
	    $him start secret
	check "  the command line says 5, or 1, and why" 1 "^hint: " \
	    $him start secret
	check "undefine" 0 "undefined" $him undefine his
	check "undefine" 0 "undefined" $him undefine secret
	check "destroy" 0 "destroyed" $c destroy deaf
	check "undefine" 0 "undefined" $c undefine deaf
else
	echo "another user: not in this user namespace"
fi
finish
