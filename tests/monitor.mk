## SPDX-License-Identifier: Apache-2.0
## Running a VM without a daemon.
noinst_PROGRAMS += tests/tools/runvm
tests_tools_runvm_SOURCES = tests/tools/runvm.c
tests_tools_runvm_LDADD = libvm.a libbase.a
