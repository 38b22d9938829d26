#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Code that runs while the guest's vector state is in the host's registers
# must not touch them: no vector or x87 operand in its objects, and no call to
# a libc function that may use one.  Runs in the build directory.
set -u

libs="libbt.a libinterp.a libx86.a libmmu.a libioirq.a libmonitorirq.a"
passed=0
failed=0

verdict() {
	if [ -z "$2" ]; then
		passed=$((passed + 1))
		echo "ok: $1"
	else
		failed=$((failed + 1))
		echo "FAILED: $1"
		echo "$2" | head -20
	fi
}

# LDMXCSR, XSAVE and their kin name no vector register and are meant.  So are
# these functions, whose job is to change the guest's registers in place:
#	h_vzero		VZEROUPPER and VZEROALL of 32-bit code
meant="h_vzero"
for lib in $libs; do
	if [ ! -f "$lib" ]; then
		verdict "$lib exists" "$lib: not built"
		continue
	fi
	hits=$(objdump -d --no-show-raw-insn "$lib" | awk -v meant="$meant" '
	    BEGIN { split(meant, m); for (k in m) skip["<" m[k] ">:"] = 1 }
	    / <.*>:$/ { off = $2 in skip }
	    !off' | grep -E '%(xmm|ymm|zmm|st\(|st\b|mm[0-7]|k[0-7])' || true)
	verdict "$lib uses no vector register" "$hits"
	calls=$(nm -u "$lib" | awk '{ print $2 }' |
	    grep -E '^(__)?(mem(cpy|set|move|cmp|chr)|str[a-z]+|v?s?n?printf)(_chk)?$' |
	    sort -u || true)
	verdict "$lib calls no libc function that may use them" "$calls"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
