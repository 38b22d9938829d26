## SPDX-License-Identifier: Apache-2.0
## What comes from outside, in the hands of libFuzzer: seconds here, as long
## as you like with tests/fuzz/run.
TESTS += tests/fuzz.test
EXTRA_DIST += tests/fuzz.test tests/fuzz/README.md tests/fuzz/run \
	tests/fuzz/fuzz.h tests/fuzz/json.c tests/fuzz/xml.c \
	tests/fuzz/kernel.c tests/fuzz/decode.c tests/fuzz/control.c \
	tests/fuzz/seeds.c tests/fuzz/seeds tests/fuzz/kept
tests/fuzz.log: monitor/boot/dsdt.hex
clean-local: fuzz-clean
.PHONY: fuzz-clean
fuzz-clean:
	rm -rf fuzz
