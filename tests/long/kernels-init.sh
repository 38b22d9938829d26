#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# /init of kernels.sh's guest: are all CPUs there, does each of them work by
# itself and with the others, is the kernel content?  One line says so.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev

want=1
for word in $(cat /proc/cmdline); do
	case $word in
	boot.cpus=*) want=${word#*=} ;;
	esac
done
cpus=$(nproc)
[ "$cpus" -eq "$want" ] || echo "boot-check: $cpus CPUs, not $want"

# A megabyte's checksum, by several processes and pipes, on each CPU at once.
work()
{
	taskset "$(printf %x $((1 << $1)))" sh -c '
		head -c 1048576 /dev/zero | tr "\000" "$1" | sha256sum |
		    cut -d" " -f1' sh "$2"
}

i=0
while [ "$i" -lt "$cpus" ]; do
	work "$i" a >"/sum.$i" &
	i=$((i + 1))
done
wait
i=0
good=0
while [ "$i" -lt "$cpus" ]; do
	# sha256 of a megabyte of the letter a.
	if [ "$(cat "/sum.$i")" = \
9bc1b2a288b26af7257a36277ae3816a7d4f16e89c1e7e77d0a5c48bad62b360 ]; then
		good=$((good + 1))
	else
		echo "boot-check: CPU $i computed $(cat "/sum.$i")"
	fi
	i=$((i + 1))
done

# Time goes on, by the clock and by the timer interrupt.
before=$(date +%s)
sleep 0.2
[ "$(date +%s)" -ge "$before" ] || echo "boot-check: time went back"

bad='BUG:|WARNING:|lockup|detected stall|starved|unstable|Call Trace|Kernel panic'
dmesg | grep -iE "$bad|not responding" | sed 's/^/boot-check: said: /'
clock=$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)
if [ "$good" -eq "$want" ]; then
	echo "boot-check: fine: $(uname -r), $cpus CPUs, clock $clock," \
	    "up $(cut -d' ' -f1 /proc/uptime) s"
fi
exec poweroff -f
