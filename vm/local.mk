## SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libvm.a
libvm_a_SOURCES = vm/config.h vm/config.c vm/control.h vm/control.c \
	vm/tune.h vm/tune.c
libvm_a_SOURCES += vm/report.h vm/report.c
