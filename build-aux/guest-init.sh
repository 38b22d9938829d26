#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# /init of the guest that fetch-guest.sh builds.  Words on the kernel's
# command line say what it does:
#   (nothing)              a shell on the console; `poweroff' ends the VM
#   trivisor.batch         print the marker and power off
#   trivisor.run=PROGRAM   run a program, print its exit status, power off
#   trivisor.reboot        print the marker and reboot
#   trivisor.sleep         print the marker and wait (for `shutdown' or worse)
# The host's power button powers the guest off in each case.
echo "trivisor-guest: init starts"
export PATH=/bin HOME=/root TERM=linux
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /run
mount -t devpts devpts /dev/pts

for module in $(cat /etc/modules); do
	insmod "/lib/modules/$module.ko"
done

# The power button: acpid runs /etc/acpi/PWRF/00000080.
mkdir -p /etc/acpi/PWRF
cat >/etc/acpi/PWRF/00000080 <<'END'
#!/bin/sh
echo "trivisor-guest: power button" >/dev/console
poweroff -f
END
chmod 755 /etc/acpi/PWRF/00000080
acpid -l /dev/null

echo "trivisor-guest: kernel $(uname -r)"
echo "trivisor-guest: uptime $(cat /proc/uptime)"
echo "trivisor-guest: userspace reached"

program=
action=shell
for word in $(cat /proc/cmdline); do
	case $word in
	trivisor.batch) action=poweroff ;;
	trivisor.reboot) action=reboot ;;
	trivisor.sleep) action="sleep" ;;
	trivisor.run=*) action=run program=${word#*=} ;;
	esac
done

case $action in
poweroff | reboot)
	exec "$action" -f
	;;
run)
	"$program"
	echo "trivisor-guest: exit status $?"
	exec poweroff -f
	;;
sleep)
	while :; do
		sleep 3600
	done
	;;
esac

# busybox init reaps, respawns the shell and takes `poweroff' from it.
cat >/etc/inittab <<'END'
::respawn:/bin/cttyhack /bin/sh
::ctrlaltdel:/sbin/reboot
END
cat <<'END'

This is the guest: a shell from busybox.  Type poweroff to leave.
END
exec init
