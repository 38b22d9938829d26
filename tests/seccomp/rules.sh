#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# monitor/jail_tab.c against what is: tests that use monitors run once more
# under strace, and a rule that no call of theirs needed is one too many (a call
# without a rule would have killed the monitor, and failed the test).
. "${srcdir:-.}/tests/cli_lib.sh"

runvm=$build/tests/tools/runvm
calls=$dir/calls
: >"$calls"

# record WHAT COMMAND...: it succeeds, and its calls are taken down.
record()
{
	what=$1
	shift
	if timeout -k 5 300 "$top/tests/seccomp/record" "$calls" "$@" \
	    >"$dir/out" 2>&1 </dev/null; then
		pass "$what"
	else
		fail "$what" "exit status $?" "$(tail -n 5 "$dir/out")"
	fi
}

# 200000 bytes, "$", then code 0x21
image "$dir/flood" b9 40 0d 03 00 b0 30 ba f8 03 00 00 ee e2 fd b0 24 ee \
    b0 10 e6 f4 eb fe
# a counter at 0x8000: port 0xcf9 the first time, then code 0x21
image "$dir/resets" ff 05 00 80 00 00 a1 00 80 00 00 83 f8 01 75 0a \
    ba f9 0c 00 00 b0 06 ee eb fe b0 10 e6 f4 eb fe

record "monitor_test" tests/unit/monitor_test
record "gdb_test" tests/unit/gdb_test
record "all kinds of death" tests/evil/traitor_test --deaths
for engine in bt interp; do
	record "a guest in $engine" sh -c "'$runvm' --debug-exit \
	    --engine $engine --kernel guests/selftest/x64/exc.elf; [ \$? = 1 ]"
done
record "a guest without FSGSBASE" sh -c "'$runvm' --debug-exit \
    --host-without fsgsbase --kernel guests/selftest/x64/exc.elf; [ \$? = 1 ]"
"$top/build-aux/fetch-guest.sh" kernel "$dir/vmlinuz" || exit 99
record "a code cache that is full, of two vCPUs" "$runvm" --vcpus 2 \
    --code-cache 1M --kernel "$dir/vmlinuz" --append console=ttyS0 \
    --until devtmpfs --timeout 120
head -c 5000 /dev/zero >"$dir/initrd"
record "a reset reads the initrd again" sh -c "'$runvm' --debug-exit --reboot \
    --kernel '$dir/resets' --initrd '$dir/initrd'; [ \$? = 33 ]"
record "a console's file is kept small" sh -c "'$runvm' --debug-exit \
    --kernel '$dir/flood' --console-file '$dir/small' --console-cap 64K; \
    [ \$? = 33 ] && [ \$(wc -c <'$dir/small') -le 65536 ]"
mkfifo "$dir/pipe"
record "a console's pipe is full for a while" sh -c "
    (sleep 2; timeout 5 cat) <>'$dir/pipe' >/dev/null & '$runvm' --debug-exit \
    --kernel '$dir/flood' --console-file '$dir/pipe'; [ \$? = 33 ]"

if tests/seccomp/rules use <"$calls" >"$dir/out"; then
	pass "every rule is needed"
else
	fail "every rule is needed" "$(cat "$dir/out")"
fi
echo "summary: $(tail -n 1 "$dir/out")"
finish
