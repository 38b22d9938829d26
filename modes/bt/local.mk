## SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libbt.a
libbt_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
libbt_a_SOURCES = modes/bt/bt.h modes/bt/emit.h modes/bt/gen.h \
	modes/bt/layout.h modes/bt/cache.c modes/bt/evict.c modes/bt/cross.c modes/bt/fault.c \
	modes/bt/gen_bits.c modes/bt/gen_branch.c modes/bt/gen_call.c modes/bt/gen_fpstate.c modes/bt/gen_mem.c \
	modes/bt/gen_native.c modes/bt/gen_row.c modes/bt/gen_near.c modes/bt/gen_stack.c modes/bt/gen_system.c modes/bt/helper.c modes/bt/image.c \
	modes/bt/jcache.c modes/bt/reloc.c modes/bt/retstack.c modes/bt/run.c modes/bt/stats.c modes/bt/stubs.c modes/bt/stubs_tlb.c \
	modes/bt/profile.c modes/bt/perfmap.c \
	modes/bt/tlb.c modes/bt/translate.c modes/bt/tu.c
EXTRA_DIST += modes/bt/README.md
