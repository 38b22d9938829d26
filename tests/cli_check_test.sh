#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `trivisor check': all that is wrong with a document and with this host for
# it, at once, with the file's lines, and nothing is changed by looking; and
# what --strict and --step say for check and define.
. "${srcdir:-.}/tests/cli_lib.sh"

start_daemon
files=$dir/files
mkdir "$files"
# hlt; jmp back: it would run for ever, but nobody starts it
image "$files/kernel" f4 eb fd
echo initrd >"$files/initrd"

# document FILE [ELEMENTS [DEVICES [KERNEL]]]
document()
{
	cat >"$1" <<END
<domain type='qemu'>
  <name>checked</name>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <os>
    <type>hvm</type>
    <kernel>${4:-$files/kernel}</kernel>
    <initrd>$files/initrd</initrd>
  </os>
${2:-}
  <devices>
${3:-}
  </devices>
</domain>
END
}

doc=$files/doc.xml
tell() { cli check "$doc"; }
verdict() { check "$1" "$2" "$3" "$trivisor" -c "$socket" check "$doc"; }

document "$doc" "<features><acpi/></features>" "<serial type='pty'/>"
verdict "a good document is good" 0 'doc.xml: good, mode bt: '
check "  as JSON, too" 0 '"ok": ?true' "$trivisor" -c "$socket" check --json "$doc"
check "  from standard input" 0 '^standard input: good' sh -c \
    "'$trivisor' -c '$socket' check - <'$doc'"
check "  and --mode counts" 1 'doc.xml:1: error: .*mode hvm' \
    "$trivisor" -c "$socket" check --mode hvm "$doc"
check "a mode that is none" 2 'warp' "$trivisor" -c "$socket" check --mode warp "$doc"
check "a file that is not there" 1 'cannot open' "$trivisor" -c "$socket" check "$files/none"
check "no file" 2 'FILE is missing' "$trivisor" -c "$socket" check

document "$doc" "" "" "$files/none"
verdict "a kernel that is not there" 1 \
    'doc.xml:7: error: kernel .*No such file.*\(/domain/os/kernel\)'
document "$doc" "" "" "$files/initrd"
verdict "a kernel that is none" 1 'doc.xml:7: error: kernel .*not a kernel'
document "$doc" "" "" "$files"
verdict "a kernel that is a directory" 1 'doc.xml:7: .*is a directory'
document "$doc" "" "<serial type='file'><source path='$files/no/log'/></serial>"
verdict "a serial file without a directory" 1 \
    'doc.xml:12: error: serial 0: file .*cannot be written'
document "$doc" "" "<serial type='file'><source path='$files'/></serial>"
verdict "  that is a directory" 1 'doc.xml:12: .*Is a directory'
document "$doc" "" "<serial type='unix'><source mode='bind' path='$doc'/></serial>"
verdict "a socket where a file is" 1 \
    'doc.xml:12: error: serial 0: socket .*in use'
document "$doc" "" "<serial type='unix'><source mode='bind' path='$socket'/></serial>"
verdict "  where somebody listens" 1 'doc.xml:12: .*in use'
document "$doc" "" "<serial type='pty'><log file='/proc/none/log'/></serial>"
verdict "a log that cannot be written" 1 'doc.xml:12: error: serial 0: log '
document "$doc" "<cpu mode='custom' match='exact'><model fallback='forbid'>Warp9</model></cpu>"
verdict "a CPU model that nobody knows" 1 'doc.xml:10: error: .*Warp9'
document "$doc" "<clock offset='timezone' timezone='Mars/Olympus'/>"
verdict "a time zone that nobody knows" 1 'doc.xml:10: error: .*Mars/Olympus'
document "$doc" "<cputune><vcpupin vcpu='0' cpuset='1023'/></cputune>"
verdict "a host CPU that is not there" 1 'doc.xml:10: error: .*1023'
document "$doc" "<memory unit='MiB'>32</memory>"
verdict "an element that is there twice" 1 'doc.xml:10: error: <memory>.*twice'

# Everything at once, as many lines as there are faults.
document "$doc" "  <memoryBaking/>
  <on_reboot>fly</on_reboot>
  <launchSecurity type='sev'/>" "    <disk type='file'/>
    <serial type='file'><source path='$files/no/log'/></serial>
    <interfase/>" "$files/none"
verdict "all faults at once" 1 'doc.xml: 6 errors, 1 warning$'
for line in '7: error: kernel' '10: warning: .*did you mean memoryBacking' \
    "11: error: Invalid value of element 'on_reboot': 'fly'" \
    '12: error: <launchSecurity> is not supported' \
    '14: error: <disk> is not supported' '15: error: serial 0: file' \
    '16: error: <interfase> in <devices> is not known'; do
	if tell | grep -Eq "doc.xml:$line"; then
		pass "  line $line"
	else
		fail "  line $line" "$(tell)"
	fi
done
check "define says the first" 1 'line 11: .*fly' "$trivisor" -c "$socket" define "$doc"

document "$doc" "  <memoryBaking/>"
verdict "what is unknown is a warning" 0 'doc.xml:10: warning: unknown element'
check "  an error with --strict" 1 \
    'doc.xml:10: error: element memoryBaking is not known' \
    "$trivisor" -c "$socket" check --strict "$doc"
check "  and with virsh's --validate" 1 'memoryBaking' \
    "$trivisor" -c "$socket" check --validate "$doc"
check "  for define" 1 'memoryBaking.*|did you mean memoryBacking' \
    "$trivisor" -c "$socket" define --strict "$doc"
check "  which takes it without" 0 'warning: line 10: .*memoryBaking' \
    "$trivisor" -c "$socket" define "$doc"
check "another uuid for the same name" 1 \
    'doc.xml:2: error: domain checked exists already' sh -c \
    "sed -i 's|<name>|<uuid>11111111-2222-3333-4444-555555555555</uuid>&|' \
    '$doc' && '$trivisor' -c '$socket' check '$doc'"

document "$doc" "  <title>one</title>"
{
	cat "$doc"
	sed -e 's/checked/second/' -e 's/one/two/' "$doc"
} >"$files/two.xml"
check "two documents are explained" 1 \
    'line 15: this text holds 2 <domain> documents' "$trivisor" -c "$socket" define "$files/two.xml"
check "  with the way out" 1 'virt-install --print-step N, or --step N' \
    "$trivisor" -c "$socket" check "$files/two.xml"
check "  --step takes one of them" 0 'domain second defined' \
    "$trivisor" -c "$socket" define --step 2 "$files/two.xml"
check "  and no third" 2 'there are 2 documents' \
    "$trivisor" -c "$socket" define --step 3 "$files/two.xml"
check "  nor the zeroth" 2 'there are 2 documents' \
    "$trivisor" -c "$socket" check --step 0 "$files/two.xml"

# Nothing was made by looking.
made=$(find "$files" ! -type d ! -name '*.xml' ! -name kernel ! -name initrd)
if [ -z "$made" ]; then
	pass "checking makes no file"
else
	fail "checking makes no file" "$made"
fi

# A daemon of root's looks with the client's rights.
if [ "$(id -u)" = 0 ]; then
	document "$doc" "" "<serial type='file'><source path='$files/log'/></serial>"
	chmod 600 "$files/kernel"
	chmod 711 "$dir/d" "$dir/d/run"
	chmod 666 "$socket"
	chmod 644 "$doc"
	as_nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
	check "a kernel that the client may not read" 1 \
	    'doc.xml:7: error: kernel .*Permission denied' \
	    $as_nobody "$trivisor" -c "$socket" check "$doc"
	check "a file that it may not make" 1 \
	    'doc.xml:12: error: serial 0: file .*Permission denied' \
	    $as_nobody "$trivisor" -c "$socket" check "$doc"
	verdict "  which root may" 0 'good'
fi
finish
