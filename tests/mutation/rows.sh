#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The first part of tests/decoder/corpus.sh: instructions made from the rows,
# as objdump reads them.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
rows()
{
	tests/decoder/decoder-gen "$1" 20260101 "${per_row:-4}" >"$work/rows.bin"
	objdump -D -w -b binary -m "$2" -M "$3" "$work/rows.bin" |
	    tests/decoder/decoder-text -m "$1" -s 32 ${4:-}
}
rows 64 i386:x86-64 intel,amd64
per_row=0
rows 64 i386:x86-64 intel,amd64
per_row=4
rows 64 i386:x86-64 intel,intel64 -i
rows 32 i386 intel
rows 16 i8086 intel
