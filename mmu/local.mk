## SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libmmu.a
libmmu_a_SOURCES = mmu/gmem.c mmu/gmem.h mmu/walk.c mmu/walk.h
libmmu_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
EXTRA_DIST += mmu/README.md
