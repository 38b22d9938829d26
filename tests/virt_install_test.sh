#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What Debian's virt-install prints, live: each shape gets the verdict it
# should, and what is good is defined and comes back as it went in.  Its test
# driver needs no libvirtd; only the domain's type is put in by us.
. "${srcdir:-.}/tests/cli_lib.sh"

files=$dir/files
mkdir "$files"
image "$files/kernel" f4 eb fd
export HOME="$dir" XDG_CACHE_HOME="$dir/cache"

command -v virt-install >/dev/null || {
	fail "virt-install is there" "install the package virtinst"
	finish
}

# One document: NAME TYPE OPTION...
print()
{
	name=$1 type=$2
	shift 2
	virt-install --connect test:///default --print-xml --name "$name" \
	    --memory 64 --osinfo linux2022 --network none "$@" \
	    2>"$files/$name.err" | sed "s/<domain type=\"test\"/<domain type=\"$type\"/" \
	    >"$files/$name.xml"
}

# The library has children of its own: a bare wait would wait for them, too.
printing=
bg()
{
	"$@" &
	printing="$printing $!"
}
printed()
{
	# shellcheck disable=SC2086 # a list on purpose
	wait $printing
	printing=
}

# Direct boot of a machine with nothing in it but a console.
bare()
{
	name=$1
	shift
	print "$name" qemu --disk none --graphics none --import \
	    --controller usb,model=none --boot "kernel=$files/kernel" "$@"
}

bg bare plain
bg bare tuned --cputune vcpupin0.vcpu=0,vcpupin0.cpuset=0 \
    --memorybacking source.type=memfd,access.mode=shared
bg bare serial --serial "file,path=$files/serial.log" \
    --serial "unix,path=$files/serial.sock,mode=bind" \
    --serial "pty,log.file=$files/log,log.append=on"
bg bare clock --clock offset=localtime,rtc_tickpolicy=catchup,hpet_present=no \
    --events on_reboot=destroy,on_crash=preserve \
    --metadata title=Title,description=Words
printed
bg bare topology --vcpus 2 \
    --cpu host-passthrough,topology.sockets=1,topology.cores=2,topology.threads=1
bg bare odd --xml ./flavour=large --xml ./vcpu/@colour=red
bg bare warp --xml ./devices/warp/@speed=9
bg bare many --rng /dev/urandom --tpm emulator --watchdog default \
    --panic default --vsock cid.auto=yes --iommu model=intel --input tablet \
    --sound ich9 --sysinfo smbios,system_serial=x --features smm.state=on
printed
bg bare hotplug --vcpus 4,maxvcpus=8
bg bare arguments --qemu-commandline=-s
bg print disk kvm --import --graphics vnc --disk "size=1,path=/default-pool/d.img"
bg print install qemu --graphics none --disk "size=1,path=/default-pool/e.img" \
    --pxe
printed

start_daemon

# verdict NAME STATUS PATTERN
verdict()
{
	if [ -s "$files/$1.xml" ]; then
		check "$1: $3" "$2" "$3" "$trivisor" -c "$socket" check \
		    "$files/$1.xml"
	else
		fail "$1 is printed" "$(cat "$files/$1.err")"
	fi
}

for name in plain tuned serial clock topology; do
	verdict $name 0 "$name.xml: good, mode bt"
	cli define "$files/$name.xml" >/dev/null 2>&1
	cli dumpxml "$name" >"$files/$name.dumped"
	cli define "$files/$name.dumped" >/dev/null 2>&1
	if cli dumpxml "$name" | cmp -s - "$files/$name.dumped" &&
	    sed 's/[[:space:]]*$//' "$files/$name.xml" | grep -v '^$' |
	    cmp -s - "$files/$name.dumped"; then
		pass "$name comes back as it went in"
	else
		fail "$name comes back as it went in" "$(diff \
		    "$files/$name.xml" "$files/$name.dumped" | head)"
	fi
done
verdict odd 0 'warning: unknown element flavour is ignored'
verdict odd 0 'warning: unknown attribute colour is ignored'
check "odd, --strict" 1 'error: element flavour is not known' \
    "$trivisor" -c "$socket" check --strict "$files/odd.xml"
verdict warp 1 'error: <warp> in <devices> is not known'
for element in rng tpm watchdog panic vsock iommu sysinfo; do
	verdict many 1 "error: <$element> is not supported"
done
verdict many 1 "error: <input bus='usb'> is not supported"
verdict many 1 'error: feature <smm> is not supported'
verdict many 1 'warning: ignored: there is no such device .*devices/sound'
verdict hotplug 1 "error: <vcpu current='4'> is not supported"
verdict arguments 1 'error: <qemu:commandline> is not supported'
verdict disk 1 'error: <disk> is not supported'
verdict disk 1 'error: <graphics> is not supported'
verdict disk 1 'error: .*has no <kernel>'
verdict install 1 'this text holds 2 <domain> documents'
check "install, --step 2" 1 'error: <disk> is not supported' \
    "$trivisor" -c "$socket" check --step 2 "$files/install.xml"
finish
