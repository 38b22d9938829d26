## SPDX-License-Identifier: Apache-2.0
## The decoder: by hand, against the processor, objdump and Capstone.
decoder_programs = tests/decoder/decoder-host tests/decoder/decoder-text \
	tests/decoder/decoder-gen tests/decoder/decoder-capstone \
	tests/decoder/unlz4 tests/decoder/decoder-effects \
	tests/decoder/decoder-memory
check_PROGRAMS += tests/unit/decode_test $(decoder_programs)
TESTS += tests/unit/decode_test tests/decoder/decoder-host \
	tests/decoder/decoder-effects tests/decoder/decoder-memory \
	tests/decoder/corpus.sh tests/decoder/features.sh
dist_check_SCRIPTS += tests/decoder/corpus.sh tests/decoder/features.sh
EXTRA_DIST += tests/decoder/README.md tests/decoder/features.py

tests_unit_decode_test_SOURCES = tests/unit/decode_test.c \
	tests/unit/decode_cases.h
tests_unit_decode_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_decode_test_LDADD = libx86.a libbase.a $(CMOCKA_LIBS)

decoder_common = tests/decoder/decoder.h tests/decoder/cover.c \
	tests/decoder/gen.c tests/decoder/print.c
tests_decoder_decoder_host_SOURCES = tests/decoder/host.c \
	tests/decoder/probe.c tests/decoder/probe.h $(decoder_common)
tests_decoder_decoder_host_LDADD = libx86.a libbase.a
tests_decoder_decoder_effects_SOURCES = tests/decoder/effects.c \
	tests/decoder/probe.c tests/decoder/probe.h $(decoder_common)
tests_decoder_decoder_effects_LDADD = libx86.a libbase.a
tests_decoder_decoder_memory_SOURCES = tests/decoder/memory.c \
	tests/decoder/probe.c tests/decoder/probe.h $(decoder_common)
tests_decoder_decoder_memory_LDADD = libx86.a libbase.a
tests_decoder_decoder_text_SOURCES = tests/decoder/text.c \
	tests/decoder/probe.c tests/decoder/probe.h $(decoder_common)
tests_decoder_decoder_text_LDADD = libx86.a libbase.a
tests_decoder_decoder_gen_SOURCES = tests/decoder/gen_main.c \
	$(decoder_common)
tests_decoder_decoder_gen_LDADD = libx86.a libbase.a
tests_decoder_decoder_capstone_SOURCES = tests/decoder/capstone.c \
	$(decoder_common)
tests_decoder_decoder_capstone_CFLAGS = $(AM_CFLAGS) $(CAPSTONE_CFLAGS)
tests_decoder_decoder_capstone_LDADD = libx86.a libbase.a $(CAPSTONE_LIBS)
tests_decoder_unlz4_SOURCES = tests/decoder/unlz4.c
