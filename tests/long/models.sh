#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Debian's kernel on every CPU model that this host can give, and on topologies
# whose APIC ids have gaps: it comes up, with all of its processors, and without
# an oops.  What a model lacks, no instruction of the engine may need.
. "${srcdir:-.}/tests/cli_lib.sh"

"$top/build-aux/fetch-guest.sh" kernel "$dir/vmlinuz" || exit 99
"$top/build-aux/fetch-guest.sh" initramfs "$dir/initrd.gz" || exit 99
check_limit=180
start_daemon
c="$trivisor -c $socket"

# boot NAME VCPUS CPU-ELEMENT
boot()
{
	cat >"$dir/$1.xml" <<-END
	<domain type='trivisor'><name>$1</name>
	<memory unit='MiB'>192</memory><vcpu>$2</vcpu>
	<os><type>hvm</type><kernel>$dir/vmlinuz</kernel>
	<initrd>$dir/initrd.gz</initrd>
	<cmdline>console=ttyS0 trivisor.batch</cmdline></os>
	<features><acpi/></features>$3
	<devices><serial type='file'><source path='$dir/$1.out'/></serial>
	</devices></domain>
	END
	check "$1" 0 "." $c create "$dir/$1.xml"
	for _ in $(seq 340); do
		cli domstate "$1" >/dev/null 2>&1 || break
		sleep 0.5
	done
	if grep -aq 'userspace reached' "$dir/$1.out" &&
	    grep -aq "smp: Brought up 1 node, $2 CPU" "$dir/$1.out" &&
	    ! grep -aEq 'Oops|Call Trace|invalid opcode' "$dir/$1.out"; then
		pass "  comes up"
	else
		fail "  comes up" "$(tail -n 20 "$dir/$1.out")"
	fi
}

for model in $(cli cpu-models --json |
    python3 -c 'import json, sys
for m in json.load(sys.stdin)["models"]:
	if m["usable"]:
		print(m["name"])'); do
	boot "$model" 2 "<cpu mode='custom'><model>$model</model></cpu>"
done
boot gaps 6 "<cpu mode='host-passthrough'>
<topology sockets='2' dies='1' cores='3' threads='1'/></cpu>"
boot threads 8 "<cpu mode='custom'><model>x86-64-v2</model>
<topology sockets='2' dies='1' cores='2' threads='2'/></cpu>"
finish
