## SPDX-License-Identifier: Apache-2.0
libexec_PROGRAMS += bin/trivisor-monitor
bin_trivisor_monitor_SOURCES = monitor/main.c monitor/oneshot.c monitor/oneshot.h
bin_trivisor_monitor_LDADD = $(MONITOR_LIBS)
MONITOR_LIBS = libmonitor.a libboot.a libio.a libbt.a libinterp.a libx86.a \
	libcpumodel.a libmmu.a libvm.a libbase.a $(CAPSTONE_LIBS) \
	$(EV_LIBS) $(SECCOMP_LIBS) -lpthread -lrt

noinst_LIBRARIES += libmonitor.a libmonitorirq.a
libmonitor_a_SOURCES = \
	monitor/affinity.c monitor/affinity.h \
	monitor/machine.c monitor/machine.h monitor/vcpu.c monitor/vcpu.h \
	monitor/platform.c monitor/wiring.c monitor/wiring.h monitor/tsc.c \
	monitor/tsc.h monitor/console.c monitor/console.h monitor/viewer.c \
	monitor/conlog.c monitor/conlog.h monitor/logger.c monitor/logger.h \
	monitor/monitor.h \
	monitor/lifecycle.c monitor/events.c monitor/control.c \
	monitor/attach.c monitor/stats.c \
	monitor/jail.h monitor/jail.c monitor/jail_tab.c \
	monitor/profile.c monitor/show.c monitor/gdb.c \
	monitor/gdb.h monitor/gdb_mem.c monitor/gdb_regs.c monitor/gdb_text.c
libmonitor_a_SOURCES += monitor/report.c monitor/crash.c monitor/requests.c
libmonitor_a_LIBADD = $(libmonitorirq_a_OBJECTS)
EXTRA_libmonitor_a_DEPENDENCIES = $(libmonitorirq_a_OBJECTS)
## Runs while guest vectors are live in the host's registers.
libmonitorirq_a_SOURCES = monitor/irq.c monitor/debug.c monitor/sample.c
libmonitorirq_a_CFLAGS = $(AM_CFLAGS) $(ENGINE_CFLAGS)

noinst_LIBRARIES += libboot.a
libboot_a_SOURCES = \
	monitor/boot/boot.c monitor/boot/boot.h monitor/boot/plan.c \
	monitor/boot/plan.h monitor/boot/layout.c monitor/boot/layout.h \
	monitor/boot/memmap.c monitor/boot/memmap.h monitor/boot/image.c \
	monitor/boot/image.h monitor/boot/bzimage.c monitor/boot/elf.c \
	monitor/boot/pvh.c monitor/boot/multiboot.c monitor/boot/entry.c \
	monitor/boot/acpi.c monitor/boot/acpi.h \
	monitor/boot/mptable.c monitor/boot/mptable.h

## The board's DSDT as a C array, without iasl's date so that builds repeat.
EXTRA_DIST += monitor/boot/dsdt.asl monitor/README.md
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
