## SPDX-License-Identifier: Apache-2.0
include modes/x86/local.mk
include modes/bt/local.mk
include modes/interp/local.mk

## What the daemon links of modes/, beside select: CPU models and the tables
## below them; base/ and vm/ only.
noinst_LIBRARIES += libcpumodel.a
libcpumodel_a_SOURCES = modes/cpu_model.h modes/cpu_model.c \
	modes/cpu_model_tab.h modes/cpu_model_tab.c modes/cpuid.h \
	modes/cpuid_tab.h modes/cpuid_tab.c modes/cpuid_host.c
libcpumodel_a_CFLAGS = $(AM_CFLAGS)
