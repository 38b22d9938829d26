#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Real programs give in a guest what they give natively: the whole list on one
# vCPU, make -j2, threads and processes on two, and a part of it where rare
# paths are common: without AVX-512, AVX2 and BMI2, with a soft TLB of 64
# entries, and with a code cache that is too small.
set -u
srcdir=${srcdir:-$(dirname "$0")/../..}
failed=0
some=ssl,gcc-O3-avx2,sqlite3,node,luajit,go,perl,text,py-struct,py-math,py-re
some=$some,py-hashlib,py-zlib,stress-vecmath,stress-matrix
two=make-*,py-threading,py-subprocess,py-queue,py-thread,py-signal,go,node
two=$two,stress-atomic,stress-futex,stress-fork,stress-vm,stress-misc

programs()
{
	"$srcdir/tests/programs/run" --build . "$@"
	status=$?
	[ $status -ne 77 ] || exit 77
	[ $status -eq 0 ] || failed=1
}

programs
programs --vcpus 2 --items "$two"
programs --items "$some" -- --host-without avx512,avx2,bmi2
programs --items "$some" -- --tlb-entries 64
programs --items "$some" -- --code-cache 4M
exit $failed
