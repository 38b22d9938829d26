#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# ./try --batch from a fresh clone in a new minbase Debian 12, as an ordinary
# user who may use sudo: nothing is there but what ./try itself installs.
# Needs root (or a user namespace it may set up), mmdebstrap, and the mirror.
set -u
top=$(cd "${srcdir:-.}" && pwd)

if [ "$(id -u)" -ne 0 ]; then
	echo "FAILED: needs root, for chroot and mounts; run it by sudo"
	exit 1
fi
if [ "${1:-}" != inside ]; then
	command -v mmdebstrap >/dev/null || {
		echo "FAILED: mmdebstrap is missing (apt-get install mmdebstrap)"
		exit 1
	}
	dir=$(mktemp -d "${TMPDIR:-/tmp}/trivisor-minbase.XXXXXX") || exit 1
	trap 'rm -rf "$dir"' EXIT
	trap 'exit 1' HUP INT TERM
	chmod 755 "$dir"
	mmdebstrap --quiet --variant=minbase --include=sudo,ca-certificates \
	    --format=directory bookworm "$dir/root" || exit 1
	home=$dir/root/home/tester
	chroot "$dir/root" useradd -m -s /bin/sh tester || exit 1
	echo 'tester ALL=(ALL) NOPASSWD: ALL' >"$dir/root/etc/sudoers.d/tester"
	cp /etc/resolv.conf "$dir/root/etc/resolv.conf"
	if [ -e "$top/.git" ]; then
		# The chown below must not reach the repository's own objects.
		git clone -q --no-hardlinks "$top" "$home/trivisor" || exit 1
	else
		mkdir "$home/trivisor"
		(cd "$top" && tar -cf - --exclude=./build .) |
		    tar -xf - -C "$home/trivisor" || exit 1
	fi
	chroot "$dir/root" chown -R tester:tester /home/tester
	# Its mounts and processes go with the namespaces.
	start=$(date +%s)
	timeout -k 10 1500 unshare --mount --pid --fork --kill-child \
	    "$0" inside "$dir/root"
	status=$?
	mode=$(sed -n 's/^mode: //p' "$dir/root/log")
	boot=$(sed -n 's/^boot: //p' "$dir/root/log")
	echo "summary: ./try --batch: exit status $status, mode ${mode:-none}," \
	    "boot ${boot:-none}, all in $(($(date +%s) - start)) s"
	exit $status
fi

root=$2
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sys "$root/sys"
mount --rbind /dev "$root/dev"
# Its own mirror settings are the host's, where the host is a Debian.
chroot "$root" su - tester -c 'cd trivisor && ./try --batch' >"$root/log" 2>&1
status=$?
tail -n 40 "$root/log"
if [ $status -eq 0 ] &&
    ! grep -q 'trivisor-guest: userspace reached' "$root/log"; then
	echo "FAILED: status 0, but no marker"
	status=1
fi
if chroot "$root" sh -c 'ls -d /tmp/trivisor* 2>/dev/null'; then
	echo "FAILED: something is left in /tmp"
	status=1
fi
exit $status
