## SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = base/base.h base/err.h base/err.c base/log.h base/log.c \
	base/clock.h base/clock.c base/copy.h \
	base/sandbox.h base/sandbox.c base/seal.h base/seal.c \
	base/seccomp.h base/seccomp.c
