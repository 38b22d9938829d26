#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Bad input, unwell guests and dead processes: each must end in time, with
# the right exit status and a sentence that names the object at fault.
. "${srcdir:-.}/tests/cli_lib.sh"

# Words on purpose, here and in $c below.
run="$trivisor run --mode bt --timeout 30"

# Code for image(); all runs in 32-bit protected mode.
poweroff_code="66 ba f4 00 b0 10 ee eb fe"	# out 0xf4, 0x10: exits with 33
image "$dir/exit33" $poweroff_code
image "$dir/spin" eb fe				# jmp .
image "$dir/dead" fa f4 eb fd			# cli; hlt
# lidt [6 zero bytes]; int3: no IDT, so no #BP, no #DF, a triple fault
image "$dir/triple" 0f 01 1d 70 00 10 00 cc eb fe 00 00 00 00 00 00 \
    00 00 00 00 00 00
# CMOS byte 0x50: 0 the first time, then set and reset by port 0xcf9; at
# the second time exit with 0x11*2+1 = 35
image "$dir/reboot" b0 50 e6 70 e4 71 84 c0 75 11 b0 50 e6 70 b0 01 e6 71 \
    66 ba f9 0c b0 06 ee eb fe 66 ba f4 00 b0 11 ee eb fe
# "Hi\n" to COM1, then spin
image "$dir/hello" 66 ba f8 03 b0 48 ee b0 69 ee b0 0a ee eb fe

echo "some text" >"$dir/text"
head -c 3000 "$dir/exit33" >"$dir/truncated.elf"
# A bzImage header that promises 1 MiB in a file of 4 KiB.
{
	head -c 497 /dev/zero
	hex 04 00 00 00 00 01 00 00 00 00 00 00 00 55 aa
	hex eb 66 48 64 72 53 0f 02 00 00 00 00 00 00 00 00 00 01
	head -c 4000 /dev/zero
} | head -c 4096 >"$dir/truncated.bz"
head -c 20000000 /dev/zero >"$dir/initrd20M"
mkfifo "$dir/fifo"

# Usage.
check "no command" 2 "usage: trivisor" "$trivisor"
check "unknown command" 2 'did you mean "list"' "$trivisor" lst
check "unknown option" 2 "unknown option --foo" "$trivisor" list --foo
check "missing operand" 2 "NAME is missing" "$trivisor" start
check "run: nothing to boot" 120 "nothing to boot" "$trivisor" run
check "run: unknown option" 120 "unknown option --foo" "$trivisor" run --foo
check "run: bad size" 120 '"12X" is not a size' $run --memory 12X \
    --kernel "$dir/spin"
check "run: bad time" 120 '"soon" is not a time' $run --timeout soon \
    --kernel "$dir/spin"
check "run: bad pattern" 120 'until.*[Uu]nmatched' $run --until '(' \
    --kernel "$dir/spin"
check "run: bad mode" 120 'mode.*"fast"' "$trivisor" run --mode fast \
    --kernel "$dir/spin"
check "run: too many CPUs" 122 "1 to 16" $run --vcpus 17 \
    --kernel "$dir/spin"
check "run: a mode that is not built" 122 "hvm.*not built" "$trivisor" run \
    --mode hvm --kernel "$dir/spin"
check "run: a host feature nobody knows" 122 'nonsense' \
    $run --host-without avx2,nonsense --kernel "$dir/spin"
check "run: a translator part nobody knows" 122 'no part called "nonsense"' \
    $run --bt-disable chain,nonsense --kernel "$dir/spin"
# What it could have said is what `help run' lists.
for part in $(sed -n 's/.*it can do without: \(.*\) or all.*/\1/p' "$dir/err" |
    tr -d ,) all; do
	check "  help run knows $part" 0 "[ ,]$part(,|\$| or )" \
	    "$trivisor" help run
	check "  the manual page knows $part" 0 . \
	    grep -E "^\.BR? $part( |\$)" "$top/man/trivisor.1.in"
	check "  CONTRIBUTING knows $part" 0 . \
	    grep -E "\`$part\`" "$top/CONTRIBUTING.md"
	check "  it is accepted" 0 "stopped after" \
	    $run --stop-after 10 --bt-disable "$part" --kernel "$dir/spin"
done
check "run: --stop-after" 0 "stopped after the instructions asked for" \
    $run --stop-after 10 --kernel "$dir/spin"
check "run: bad engine" 120 'engine.*"fast"' $run --engine fast \
    --kernel "$dir/spin"
check "run: no CPUs" 122 "0 virtual CPUs" $run --vcpus 0 --kernel "$dir/spin"

# Kernels and initrds.
check "kernel missing" 122 "$dir/none.*No such file" $run --kernel "$dir/none"
check "kernel is a directory" 122 "$dir/tmp" $run --kernel "$dir/tmp"
check "kernel is a pipe" 122 "$dir/fifo" $run --kernel "$dir/fifo"
check "kernel is text" 122 "text.*not a (kernel|bzImage)" \
    $run --kernel "$dir/text"
check "kernel is empty" 122 "null|empty" $run --kernel /dev/null
check "ELF truncated" 122 "truncated.elf.*(truncated|beyond|end)" \
    $run --kernel "$dir/truncated.elf"
check "bzImage truncated" 122 "truncated.bz.*(truncated|beyond|end)" \
    $run --kernel "$dir/truncated.bz"
check "initrd missing" 122 "$dir/none.*No such file" \
    $run --kernel "$dir/spin" --initrd "$dir/none"
check "initrd larger than RAM" 122 "initrd" \
    $run --memory 16M --kernel "$dir/spin" --initrd "$dir/initrd20M"
check "too little memory" 122 "memory" \
    $run --memory 1M --kernel "$dir/spin"
check "no memory" 122 "memory of 0" $run --memory 0 --kernel "$dir/spin"

cp "$dir/spin" "$dir/unreadable"
chmod 000 "$dir/unreadable"
if [ "$(id -u)" -eq 0 ]; then
	# root may read everything; whoever nobody is may not.
	check "kernel unreadable" 122 "unreadable.*Permission denied" \
	    setpriv --reuid=65534 --regid=65534 --clear-groups \
	    "$trivisor" run --mode bt --timeout 30 --kernel "$dir/unreadable"
else
	check "kernel unreadable" 122 "unreadable.*Permission denied" \
	    $run --kernel "$dir/unreadable"
fi

# Guests that end in every way there is.
check "guest's exit code" 33 "debug.exit" \
    $run --debug-exit --kernel "$dir/exit33"
check "triple fault is a crash" 126 "triple fault" \
    $run --kernel "$dir/triple"
check "jmp . runs into the timeout" 124 "timeout" \
    $run --timeout 2 --kernel "$dir/spin"
check "halt with interrupts off is told" 126 "halted.*rip=0x10006" \
    $run --kernel "$dir/dead"
check "a reboot restarts the guest" 35 "debug.exit" \
    $run --debug-exit --kernel "$dir/reboot"
check "--until ends with 0" 0 "a line matched.*Hi" \
    $run --until '^H[i]$' --kernel "$dir/hello"
check "--json" 33 '"exit_code": *33' \
    $run --json --debug-exit --kernel "$dir/exit33"
check "interp" 33 "debug.exit" \
    $run --engine interp --debug-exit --kernel "$dir/exit33"

# stdin closed, and signals.
check "stdin closed" 33 "debug.exit" sh -c \
    '"$@" <&-' sh "$trivisor" run --mode bt --debug-exit \
    --kernel "$dir/exit33"
check "SIGTERM takes the guest along" 143 "interrupted|SIGTERM" \
    sh -c '"$@" & p=$!; sleep 2; kill "$p"; wait "$p"' sh \
    "$trivisor" run --mode bt --timeout 30 --kernel "$dir/spin"
if none_left; then
	pass "and leaves no process"
else
	fail "and leaves no process"
fi
"$trivisor" run --mode bt --timeout 30 --kernel "$dir/hello" \
    >"$dir/killed.out" 2>&1 </dev/null &
pid=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	grep -q Hi "$dir/killed.out" && break
	sleep 0.25
done
kill -9 "$pid"
wait "$pid" 2>/dev/null
if none_left && [ -z "$(ls -A "$dir/tmp")" ]; then
	pass "SIGKILL of run leaves no process and no file"
else
	fail "SIGKILL of run leaves no process and no file" \
	    "$(ours)" "$(ls -A "$dir/tmp")"
fi

# XML.
domain()
{
	cat >"$dir/$1.xml"
}
domain good <<END
<domain type='trivisor'>
  <name>good</name>
  <memory unit='MiB'>32</memory>
  <os><type>hvm</type><kernel>$dir/spin</kernel></os>
</domain>
END
domain malformed <<'END'
<domain type='trivisor'>
  <name>bad</nome>
</domain>
END
domain doctype <<'END'
<!DOCTYPE domain [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<domain type='trivisor'><name>&x;</name></domain>
END
domain unknown <<END
<domain type='trivisor'>
  <name>u</name>
  <memory unit='MiB'>32</memory>
  <os><type>hvm</type><kernel>$dir/spin</kernel></os>
  <devices>
    <disk type='file'><target dev='vda'/></disk>
  </devices>
</domain>
END
sed -e "s|<memory.*|<memory unit='MiB'>lots</memory>|" "$dir/good.xml" |
    domain memory
sed "s|$dir/spin|$dir/none|; s|good|lost|" "$dir/good.xml" | domain lost
sed "s|type='trivisor'|type='kvm'|; s|good|wantskvm|" "$dir/good.xml" |
    domain kvm

check "no daemon" 6 "no daemon answers at $socket" \
    "$trivisor" -c "$socket" list
check "no daemon, JSON" 6 '"message": "no daemon answers' \
    "$trivisor" -c "$socket" --json list
start_daemon
c="$trivisor -c $socket"
check "unknown domain" 3 '"?nobody"?' $c dominfo nobody
for verb in start destroy shutdown reset suspend resume undefine dumpxml \
    console bt-show bt-stats; do
	check "$verb: unknown domain" 3 "nobody" $c "$verb" nobody
done
check "XML file missing" 1 "$dir/none.xml.*No such file" \
    $c define "$dir/none.xml"
check "malformed XML names line and element" 1 \
    'malformed.xml.*line 2.*name' $c define "$dir/malformed.xml"
check "DOCTYPE is refused" 1 "doctype.xml.*DOCTYPE" \
    $c define "$dir/doctype.xml"
check "what is not built is refused by name" 7 "disk" \
    $c define "$dir/unknown.xml"
check "memory that is no number" 1 "memory.xml.*line 3.*memory" \
    $c define "$dir/memory.xml"
check "XML from standard input" 1 "standard input|line|empty" $c define -
check "a good one" 0 "domain good defined" $c define "$dir/good.xml"
check "not running: console" 4 "good.*not running" $c console good
check "not running: destroy" 4 "good.*not running" $c destroy good
check "not running: shutdown" 4 "good.*not running" $c shutdown good
check "start" 0 "good started, mode bt" $c start good
check "bt-stats: bad time" 2 '"soon" is not a time' \
    $c bt-stats good --profile soon
check "bt-stats: too long" 2 "at most 60 s" $c bt-stats good --profile 2m
sed "s|good|second|" "$dir/good.xml" | domain second
check "a domain for the interpreter" 0 "defined" $c define "$dir/second.xml"
check "  starts" 0 "started" $c start second --engine interp
check "  has no translator to look into" 7 \
    "second.*engine interp translates nothing" $c bt-stats second
check "  is destroyed" 0 "destroyed" $c destroy second
check "start again" 4 "good.*(already|running)" $c start good
check "console --timeout" 124 "time is up" $c console good --timeout 1
check "a kernel that is gone at start" 0 "lost defined" \
    $c define "$dir/lost.xml"
check "  start says so" 1 "$dir/none.*No such file" $c start lost

# A monitor that is killed.
monitor=$(cli dominfo good | sed -n 's/^Process: *//p')
kill -9 "$monitor"
if wait_state good "(crashed|shutoff)"; then
	pass "a killed monitor is noticed"
else
	fail "a killed monitor is noticed" "$(cli dominfo good)"
fi
check "  and told" 0 "signal 9" $c dominfo good
check "  and the domain starts again" 0 "started" $c start good
check "destroy" 0 "destroyed" $c destroy good
check "undefine" 0 "undefined" $c undefine good
check "gone" 3 "good" $c dominfo good
finish
