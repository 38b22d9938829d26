## SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libinterp.a
libinterp_a_SOURCES = \
	modes/interp/interp.h \
	modes/interp/handlers.h \
	modes/interp/native.h \
	modes/interp/thunk.h \
	modes/interp/interp.c \
	modes/interp/stats.c \
	modes/interp/mem.c \
	modes/interp/handler_tab.c \
	modes/interp/alu.c \
	modes/interp/muldiv.c \
	modes/interp/bits.c \
	modes/interp/move.c \
	modes/interp/stack.c \
	modes/interp/branch.c \
	modes/interp/string.c \
	modes/interp/io.c \
	modes/interp/segs.c \
	modes/interp/system.c \
	modes/interp/debug.c \
	modes/interp/thunk.c \
	modes/interp/native.c \
	modes/interp/masked.c \
	modes/interp/sparse.c \
	modes/interp/fpstate.c
libinterp_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
EXTRA_DIST += modes/interp/README.md
