## SPDX-License-Identifier: Apache-2.0
## What x86 means, for every engine of ours, and the CPUID policy.
noinst_LIBRARIES += libx86.a
libx86_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)
libx86_a_SOURCES = modes/cpu_state.h modes/engine.h modes/cpuid.h \
	modes/options.h modes/options.c modes/cpuid.c modes/cpuid_host.c modes/cpuid_tab.c modes/cpuid_tab.h \
	modes/x86/x86.h modes/x86/fpu.h modes/x86/feature.h modes/x86/priv.h \
	modes/x86/exception.c modes/x86/far.c modes/x86/fpu.c \
	modes/x86/iret.c modes/x86/kvmclock.c modes/x86/mem.c modes/x86/msr.c \
	modes/x86/segment.c modes/x86/stack.c modes/x86/state.c \
	modes/x86/syscall.c modes/x86/system.c modes/x86/task.c \
	modes/x86/hostfault.c modes/x86/hostfault.h \
	modes/x86/stop.c modes/x86/stop.h
EXTRA_DIST += modes/x86/README.md
include modes/x86/decode.mk
