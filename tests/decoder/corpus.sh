#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The decoder against objdump and Capstone: instructions made from every row
# of its table, and all of Debian's libc, libcrypto and kernel.  Ends with the
# coverage: which rows were met here and by a short run on the processor.
set -u
top=${srcdir:-$(dirname "$0")/../..}
here=tests/decoder
[ -x "$here/decoder-text" ] || {
	echo "corpus.sh: run it in the build directory, after make check" >&2
	exit 99
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cover=$work/cover
: >"$cover"
failed=0

fail()
{
	echo "FAILED: $*"
	failed=1
}

# With per_row=0: every opcode of VEX and EVEX.
# rows MODE MACHINE OBJDUMP-OPTIONS [DECODER-OPTION]
rows()
{
	echo "rows, $1 bits ($3):"
	"$here/decoder-gen" "$1" 20260101 "${per_row:-4}" >"$work/rows.bin"
	objdump -D -w -b binary -m "$2" -M "$3" "$work/rows.bin" |
	    "$here/decoder-text" -m "$1" -s 32 -c "$cover" ${4:-} ||
	    fail "rows, $1 bits"
}

# text FILE OBJDUMP-OPTIONS
text()
{
	echo "$(basename "$1"):"
	# shellcheck disable=SC2086 # options
	objdump -d -w -M intel $2 "$1" |
	    "$here/decoder-text" -c "$cover" || fail "$1"
}

# The kernel proper from the packed one: wherever a known magic unpacks to
# an ELF file.
unpack_kernel()
{
	for try in '\x02\x21\x4c\x18 unlz4' '\xfd7zXZ\x00 unxz' \
	    '\x28\xb5\x2f\xfd unzstd' '\x1f\x8b\x08 gunzip'; do
		for at in $(LC_ALL=C grep -aobP "${try% *}" "$1" |
		    LC_ALL=C sed 's/:.*//'); do
			case ${try#* } in
			unlz4) set -- "$1" "$2" "$here/unlz4" ;;
			*) set -- "$1" "$2" "${try#* }" ;;
			esac
			tail -c "+$((at + 1))" "$1" | "$3" >"$2" 2>/dev/null
			readelf -h "$2" >/dev/null 2>&1 && return 0
		done
	done
	return 1
}

rows 64 i386:x86-64 intel,amd64
per_row=0
rows 64 i386:x86-64 intel,amd64
per_row=4
rows 64 i386:x86-64 intel,intel64 -i
rows 32 i386 intel
rows 16 i8086 intel

fetch=$top/build-aux/fetch-guest.sh
"$fetch" unpack libc6 "$work/libc6" && "$fetch" unpack libssl3 "$work/ssl" &&
    "$fetch" kernel "$work/bzImage" || { fail "fetching"; exit 1; }
libc=$(find "$work/libc6" -name libc.so.6)
crypto=$(find "$work/ssl" -name libcrypto.so.3)
text "$libc" ""
text "$crypto" ""
files="$libc $crypto"
if unpack_kernel "$work/bzImage" "$work/vmlinux"; then
	text "$work/vmlinux" "-j .text"
	files="$files $work/vmlinux"
else
	fail "the kernel's packing is unknown"
fi

echo "Capstone, and what it gets wrong:"
# shellcheck disable=SC2086 # a list
"$here/decoder-capstone" $files || fail Capstone

echo "coverage, among the rows whose features this processor has:"
"$here/decoder-host" -n 30000 -c "$cover" || {
	[ $? -eq 77 ] || fail "the processor"
}
exit $failed
