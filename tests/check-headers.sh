#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every header compiles alone, and twice, with no warning.  CC and HEADER_FLAGS
# come from the Makefile.
#	*_tab.h		rows for a macro of who includes them, not headers
set -u
src=${srcdir:-.}
count=0
failed=0

for header in $(cd "$src" && find base vm mmu modes io monitor api daemon \
    cli -name '*.h' ! -name '*_tab.h' | sort); do
	count=$((count + 1))
	# shellcheck disable=SC2086 # words on purpose
	printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
	    ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -I"$src" -I. \
	    ${HEADER_FLAGS:-} -Wall -Wextra -Werror -fsyntax-only -x c - || {
		failed=$((failed + 1))
		echo "FAILED: $header"
	}
done
# A find that finds nothing would let everything pass.
[ "$count" -ge 50 ] || { echo "FAILED: only $count headers"; exit 1; }
echo "$count headers, $failed failed"
[ "$failed" -eq 0 ]
