## SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libboot.a
libboot_a_SOURCES = \
	monitor/boot/boot.c monitor/boot/boot.h monitor/boot/plan.c \
	monitor/boot/plan.h monitor/boot/layout.c monitor/boot/layout.h \
	monitor/boot/memmap.c monitor/boot/memmap.h monitor/boot/image.c \
	monitor/boot/image.h monitor/boot/bzimage.c monitor/boot/elf.c \
	monitor/boot/pvh.c monitor/boot/multiboot.c monitor/boot/entry.c \
	monitor/boot/acpi.c monitor/boot/acpi.h

## The board's DSDT as a C array, without iasl's date so that builds repeat.
EXTRA_DIST += monitor/boot/dsdt.asl
BUILT_SOURCES += monitor/boot/dsdt.hex
CLEANFILES += monitor/boot/dsdt.hex monitor/boot/dsdt_raw.aml \
	monitor/boot/dsdt_raw.hex monitor/boot/dsdt.log
monitor/boot/dsdt.hex: monitor/boot/dsdt.asl
	$(AM_V_GEN)$(MKDIR_P) monitor/boot && \
	$(IASL) -p monitor/boot/dsdt_raw -tc $< >monitor/boot/dsdt.log || \
	{ cat monitor/boot/dsdt.log; exit 1; }; \
	sed -e '1,/^ \*\//d' -e 's/^unsigned char/static const unsigned char/' \
	    monitor/boot/dsdt_raw.hex >$@.tmp && mv $@.tmp $@
	@rm -f monitor/boot/dsdt_raw.hex monitor/boot/dsdt_raw.aml
monitor/boot/acpi.$(OBJEXT): monitor/boot/dsdt.hex
