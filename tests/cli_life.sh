# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2086 # words on purpose, and others' variables
#
# Sourced by cli_life_*_test.sh: every verb there is, on a real guest, through
# the whole life of a virtual machine.  $as comes before every command (whose
# rights), $c is the command line with its daemon.  The verbs used are written
# down, and compared with those there are.

"$top/build-aux/fetch-guest.sh" kernel "$dir/vmlinuz" || exit 99
"$top/build-aux/fetch-guest.sh" initramfs "$dir/initrd.gz" || exit 99
check_limit=120
as=
reached='trivisor-guest: userspace reached'
image "$dir/spin" eb fe				# jmp .
image "$dir/poweroff" 66 ba f4 00 b0 10 ee eb fe	# out 0xf4: exits with 33

# What stands between a test and trivisor: it notes the verb.
: >"$dir/used"
chmod 666 "$dir/used"
cat >"$dir/traced" <<END
#!/bin/sh
n=0
for word in "\$@"; do
	n=\$((n + 1))
	case \$word in
	-c) skip=1 ;;
	-*) ;;
	*)	if [ "\${skip:-0}" = 1 ]; then skip=0; continue; fi
		echo "\$word" >>"$dir/used"
		break ;;
	esac
done
exec "$trivisor" "\$@"
END
chmod 755 "$dir/traced"
traced=$dir/traced

domain()	# NAME KERNEL-LINES
{
	cat >"$dir/$1.xml" <<END
<domain type='trivisor'>
  <name>$1</name>
  <memory unit='MiB'>${3:-64}</memory>
  <os><type>hvm</type>$2</os>
  <features><acpi/><apic/></features>
  <devices><serial type='pty'><target port='0'/></serial></devices>
</domain>
END
	chmod 644 "$dir/$1.xml"
}
domain vm "<kernel>$dir/vmlinuz</kernel><initrd>$dir/initrd.gz</initrd><cmdline>console=ttyS0 trivisor.sleep</cmdline>" 256
domain deaf "<kernel>$dir/spin</kernel>"
domain passing "<kernel>$dir/spin</kernel>"
domain broken "<kernel>$dir/none-such</kernel>"

# eventually PATTERN COMMAND...: soon says something like it.
eventually()
{
	pattern=$1
	shift
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		"$@" 2>&1 | grep -Eq -- "$pattern" && return 0
		sleep 0.5
	done
	return 1
}

before_it_starts()
{
	check "version" 0 "^trivisord [0-9]" $c version
	check "help" 0 "^usage: trivisor" $c help
	check "help of a verb" 0 "also called: rm" $c help undefine
	check "nodeinfo" 0 "^CPU\\(s\\): +[1-9]" $c nodeinfo
	check "capabilities" 0 "<capabilities>" $c capabilities
	check "domcapabilities" 0 "<domainCapabilities>" $c domcapabilities
	check "cpu-models" 0 "." $c cpu-models
	check "doctor" 0 "ok" $c doctor
	check "completion" 0 "complete -F" $c completion bash
	check "check" 0 "vm.xml: good, mode bt" $c check "$dir/vm.xml"
	check "check finds what start would" 1 "none-such" \
	    $c check "$dir/broken.xml"
	check "define" 0 "domain vm defined" $c define "$dir/vm.xml"
	check "define another" 0 "domain deaf defined" $c define "$dir/deaf.xml"
	check "list --all" 0 "^vm +shutoff" $c list --all
	check "list has nothing that runs" 0 "^NAME" $c list
	check "autostart" 0 "starts with the daemon" $c autostart vm
	check "  list --autostart" 0 "^vm$" $c list --all --autostart --name
	check "autostart --disable" 0 "does not start" \
	    $c autostart vm --disable
	check "edit" 0 "domain vm edited" \
	    env EDITOR='sed -i s/ttyS0/ttyS0,115200/' $c edit vm
	check "dumpxml" 0 "ttyS0,115200 trivisor.sleep" $c dumpxml vm
	check "domuuid" 0 "^[0-9a-f-]{36}$" $c domuuid vm
	uuid=$(cat "$dir/out")
	check "domname, by the beginning of a uuid" 0 "^vm$" \
	    $c domname "$(echo "$uuid" | cut -c1-9)"
	check "vcpucount" 0 "^1$" $c vcpucount vm
	check "domid of one that is off" 0 "^-$" $c domid vm
}

while_it_runs()
{
	$as "$trivisor" $where event --loop --timeout 100 vm \
	    >"$dir/events" 2>/dev/null &
	watcher=$!
	check "start" 0 "domain vm started, mode bt: " $c start vm
	check "console sees the boot from its start" 0 "Linux version 6" \
	    $c console vm --until "$reached" --timeout 100
	check "list" 0 "^vm +running +bt +1 +256 MiB" $c list
	check "dominfo" 0 "^Sealed by: +[a-z]" $c dominfo vm
	check "domstate" 0 "^running \\(booted\\)" $c domstate vm --reason
	check "domid" 0 "^[1-9]" $c domid vm
	check "ttyconsole" 0 "^/dev/pts/[0-9]" $c ttyconsole vm
	check "domstats" 0 "balloon.rss=[1-9]" $c domstats vm
	check "top" 0 "^vm +running +bt" $c top -b -n 1 -d 0.5
	check "bt-show" 0 "[0-9a-f]{8}" $c bt-show vm
	check "bt-stats" 0 "^  bt.translations +[1-9]" $c bt-stats vm \
	    --profile 0.2
	check "suspend" 0 "suspended" $c suspend vm
	check "  is paused" 0 "^paused" $c domstate vm
	check "resume" 0 "resumed" $c resume vm
	check "  is running" 0 "^running" $c domstate vm
	check "event has what was" 124 "from=running to=paused" \
	    $c event vm --since 0 --loop --timeout 0.5 --event lifecycle
	id=$($c domid vm)
	check "reboot" 0 "domain vm was rebooted" $c reboot vm --wait 60
	check "  the same run" 0 "^$id$" $c domid vm
	check "  boots again" 0 "$reached" $c console vm --history 0 \
	    --until "$reached" --timeout 100
	check "job-info" 0 "^[^ ]+ +vm +reboot +done" $c job-info
	check "shutdown" 0 "domain vm is off" $c shutdown vm --wait 60
	check "  is off" 0 "^shutoff \\(shutdown\\)" $c domstate vm --reason
	check "wait" 0 "domain vm is shutoff" $c wait vm --for stopped \
	    --timeout 5
	kill "$watcher" 2>/dev/null
	wait "$watcher" 2>/dev/null
	check "event saw all of it" 0 "to=shutoff" cat "$dir/events"
}

one_that_does_not_answer()
{
	check "start paused" 0 "domain deaf started" $c start deaf --paused
	check "reset" 0 "reset" $c reset deaf
	check "resume" 0 "resumed" $c resume deaf
	check "shutdown says that the guest does not answer" 124 \
	    "deaf: .*(answer|button|not)" $c shutdown deaf --wait 1
	check "  and what to do" 124 "^hint: .*destroy" \
	    $c shutdown deaf --wait 0.5
	check "  it runs on" 0 "^running" $c domstate deaf
	$as timeout 30 script -qec "$trivisor $where shutdown deaf --wait 2" \
	    /dev/null </dev/null >"$dir/tty" 2>&1
	check "  a terminal sees what is waited for" 0 \
	    "waiting for the guest.* 1 s" cat "$dir/tty"
	check "shutdown --no-wait" 0 "is being shut down" \
	    $c shutdown deaf --no-wait
	check "  is a job" 0 "running" $c job-info deaf
	check "job-abort" 0 "cancelled" $c job-abort deaf
	check "  nothing is left to abort" 4 "no job is running" \
	    $c job-abort deaf
	check "shutdown another way" 7 "only acpi" $c shutdown deaf \
	    --mode agent
	check "destroy" 0 "destroyed" $c destroy deaf
	check "create" 0 "domain passing started" $c create "$dir/passing.xml"
	check "  it is transient" 0 "^passing$" $c list --transient --name
	check "kill" 0 "destroyed" $c destroy passing
	check "  and gone" 3 "passing" $c dominfo passing
	check "run" 33 "" $c run --mode bt --debug-exit --timeout 30 \
	    --kernel "$dir/poweroff"
}

after_it()
{
	check "undefine" 0 "undefined" $c undefine vm
	check "undefine the other" 0 "undefined" $c undefine deaf
	check "list is empty" 0 "^NAME" $c list --all
	[ "$(wc -l <"$dir/out")" -eq 1 ] || fail "list is empty" \
	    "$(cat "$dir/out")"
}

every_verb_was_used()
{
	"$trivisor" help | sed -n 's/^  \([a-z][a-z-]*\).*/\1/p' |
	    sort -u >"$dir/verbs"
	sort -u "$dir/used" | comm -23 "$dir/verbs" - >"$dir/unused"
	if [ -s "$dir/verbs" ] && [ ! -s "$dir/unused" ]; then
		pass "every verb there is was used"
	else
		fail "every verb there is was used" "$(cat "$dir/unused")"
	fi
}

walk()
{
	before_it_starts
	while_it_runs
	one_that_does_not_answer
	after_it
	every_verb_was_used
}
