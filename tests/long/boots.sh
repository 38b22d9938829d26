#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# 20 boots of Debian's kernel in a row, with 112 MiB to 4 GiB of memory: each
# reaches its userspace, sees the memory it was given, and powers off in time.
. "${srcdir:-.}/tests/cli_lib.sh"

"$top/build-aux/fetch-guest.sh" kernel "$dir/vmlinuz" || exit 99
"$top/build-aux/fetch-guest.sh" initramfs "$dir/initrd.gz" || exit 99

boot()
{
	timeout -k 5 100 "$trivisor" run --mode bt --timeout 90 --json \
	    --memory "$1M" --kernel "$dir/vmlinuz" \
	    --initrd "$dir/initrd.gz" \
	    --append "console=ttyS0 trivisor.batch" \
	    >"$dir/json" 2>"$dir/console" </dev/null
	status=$?
	seconds=$(sed -n 's/^ *"seconds": *\([0-9.]*\).*/\1/p' "$dir/json")
	# "Memory: 100K/114112K available": what the firmware's map gave it.
	seen=$(sed -n 's/.*Memory: [0-9]*K\/\([0-9]*\)K available.*/\1/p' \
	    "$dir/console")
	if [ $status -ne 0 ]; then
		fail "$1 MiB" "exit status $status" \
		    "$(tail -n 5 "$dir/console")"
	elif ! grep -q 'userspace reached' "$dir/console"; then
		fail "$1 MiB" "no marker" "$(tail -n 5 "$dir/console")"
	elif [ "${seen:-0}" -lt $(($1 * 1024 - 2048)) ] ||
	    [ "$seen" -gt $(($1 * 1024)) ]; then
		fail "$1 MiB" "the guest sees ${seen:-no} KiB"
	else
		pass "$1 MiB: $seconds s"
		echo "$seconds" >>"$dir/times"
	fi
}

for mib in 112 128 160 192 256 256 256 320 384 512 512 640 768 1024 1280 1536 \
    2048 3072 3584 4096; do
	boot $mib
done
touch "$dir/times"
sort -n "$dir/times" | awk '{ t[NR] = $1 } END { if (NR) printf "summary: " \
    "%d of 20 boots, %.2f to %.2f s, median %.2f s\n", NR, t[1], t[NR],
    t[int((NR + 1) / 2)]; else print "summary: no boot of 20" }'
finish
