#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Debian 12's four kernels boot with 1, 2 and 4 vCPUs, KERNEL_BOOTS times each:
# all CPUs are there and work, the kernel complains of nothing, and the machine
# powers itself off in time.  KERNELS and KERNEL_CPUS choose some of them;
# "default" is the kernel that all other tests boot.
# shellcheck disable=SC2086 # lists on purpose
. "${srcdir:-.}/tests/cli_lib.sh"

boots=${KERNEL_BOOTS:-20}
kernels=${KERNELS:-cloud-amd64 amd64 rt-amd64 6.12-amd64}
cpus=${KERNEL_CPUS:-1 2 4}
limit=${KERNEL_LIMIT:-60}

"$top/build-aux/fetch-guest.sh" initramfs "$dir/initrd" \
    -i "$top/tests/long/kernels-init.sh" || exit 99
for kernel in $kernels; do
	package=linux-image-$kernel
	[ "$kernel" != default ] || package=
	"$top/build-aux/fetch-guest.sh" kernel "$dir/vmlinuz-$kernel" \
	    $package || exit 99
done

# boot KERNEL CPUS N
boot()
{
	timeout -k 5 $((limit + 10)) "$trivisor" run --mode bt \
	    --timeout "$limit" --json --memory 384M --vcpus "$2" \
	    --kernel "$dir/vmlinuz-$1" --initrd "$dir/initrd" \
	    --append "console=ttyS0 panic=-1 boot.cpus=$2" \
	    >"$dir/json" 2>"$dir/console" </dev/null
	status=$?
	seconds=$(sed -n 's/^ *"seconds": *\([0-9.]*\).*/\1/p' "$dir/json")
	up=$(sed -n 's/.*boot-check: fine: .* up \([0-9.]*\) s.*/\1/p' \
	    "$dir/console")
	if [ $status -ne 0 ] || [ -z "$up" ] ||
	    grep 'boot-check: ' "$dir/console" | grep -qv 'boot-check: fine'; then
		fail "$1, $2 vCPUs, boot $3" "exit status $status" \
		    "$(grep 'boot-check: ' "$dir/console")" \
		    "$(tail -n 25 "$dir/console")"
	else
		checks=$((checks + 1))
		echo "$seconds $up" >>"$dir/times.$1.$2"
	fi
}

# The kernels take turns, so that a noisy moment hurts all of them alike.
n=1
while [ "$n" -le "$boots" ]; do
	for kernel in $kernels; do
		for count in $cpus; do
			boot "$kernel" "$count" "$n"
		done
	done
	n=$((n + 1))
done

for kernel in $kernels; do
	for count in $cpus; do
		touch "$dir/times.$kernel.$count"
		sort -n "$dir/times.$kernel.$count" | awk -v of="$boots" \
		    -v what="$kernel, $count vCPUs" '{ t[NR] = $1 }
		    END { printf "summary: %s: %d of %d boots", what, NR, of
			if (NR) printf ", %.2f to %.2f s, median %.2f s",
			    t[1], t[NR], t[int((NR + 1) / 2)]
			print "" }'
	done
done
finish
