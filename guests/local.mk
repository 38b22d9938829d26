## SPDX-License-Identifier: Apache-2.0
## Guests of our own.  The self-checking ones are freestanding multiboot
## images: linked as ELF64 or ELF32 at 1 MiB, stored as the ELF32 that
## multiboot wants.  They are tests themselves: tests/guests/run runs each.

GUEST_LIB = guests/lib/boot.S guests/lib/trap.S guests/lib/trap.c \
	guests/lib/check.c guests/lib/page.c guests/lib/chips.c
GUEST_IMAGES = \
	guests/selftest/x32/page.elf \
	guests/selftest/x32/real.elf \
	guests/selftest/x32/seg.elf \
	guests/selftest/x32/task.elf \
	guests/selftest/x32/v86.elf \
	guests/selftest/x64/alias.elf \
	guests/selftest/x64/apic.elf \
	guests/selftest/x64/callret.elf \
	guests/selftest/x64/crash-triple.elf \
	guests/selftest/x64/exc.elf \
	guests/selftest/x64/fp.elf \
	guests/selftest/x64/pcid.elf \
	guests/selftest/x64/near.elf \
	guests/selftest/x64/pf.elf \
	guests/selftest/x64/shadow.elf \
	guests/selftest/x64/smc.elf \
	guests/selftest/x64/step.elf \
	guests/selftest/x64/straddle.elf \
	guests/selftest/x64/sys.elf \
	guests/selftest/x64/tlb.elf \
	guests/selftest/x64/user.elf
## Guests with several processors: these also take guests/lib/smp.*.
SMP_LIB = guests/lib/smp.S guests/lib/smp.c
SMP_IMAGES = \
	guests/selftest/smp/start.elf \
	guests/selftest/smp/litmus.elf \
	guests/selftest/smp/lockcross.elf \
	guests/selftest/smp/mix.elf \
	guests/selftest/smp/spaces.elf \
	guests/selftest/smp/xmc.elf
GUEST_CFLAGS = -std=gnu11 -O1 -g -Wall -Wextra -Wno-unused-parameter -Werror \
	-ffreestanding -fno-builtin -fno-pic -no-pie -static -nostdlib \
	-mgeneral-regs-only -mno-red-zone -fno-stack-protector \
	-fcf-protection=none -fno-asynchronous-unwind-tables -fno-ipa-icf
guest_link_options = -Wl,-T,$(srcdir)/guests/lib/guest.ld -Wl,--build-id=none \
	-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments
GUEST_DEPS = $(GUEST_LIB) guests/lib/guest.h guests/lib/guest.ld
GUEST_LINK = mkdir -p $(@D) && $(CC) $(GUEST_CFLAGS) $(guest_link_options) \
	-I$(srcdir)/guests/lib -o $@.tmp $(filter %.c %.S,$^)
OBJCOPY ?= objcopy

guests/selftest/x64/%.elf: guests/selftest/x64/%.c $(GUEST_DEPS)
	$(AM_V_CCLD)$(GUEST_LINK) -m64 && \
	$(OBJCOPY) -O elf32-i386 $@.tmp $@ && rm -f $@.tmp
guests/selftest/smp/%.elf: guests/selftest/smp/%.c $(SMP_LIB) $(GUEST_DEPS) \
		guests/lib/smp.h guests/lib/smp_size.h
	$(AM_V_CCLD)$(GUEST_LINK) -m64 && \
	$(OBJCOPY) -O elf32-i386 $@.tmp $@ && rm -f $@.tmp
guests/selftest/x32/%.elf: guests/selftest/x32/%.c $(GUEST_DEPS)
	$(AM_V_CCLD)$(GUEST_LINK) -m32 && mv $@.tmp $@

guests/clocks/clocks.elf: guests/clocks/clocks.c $(GUEST_DEPS)
	$(AM_V_CCLD)$(GUEST_LINK) -m64 && \
	$(OBJCOPY) -O elf32-i386 $@.tmp $@ && rm -f $@.tmp

## The yardstick; the 32-bit one needs gcc-multilib and is left out without.
guests/ubench/ubench: guests/ubench/ubench.c
	$(AM_V_CCLD)mkdir -p $(@D) && $(CC) -O2 -static -o $@ $<
guests/ubench/ubench32: guests/ubench/ubench.c
	$(AM_V_CCLD)mkdir -p $(@D) && $(CC) -m32 -O2 -static -o $@ $< || \
	{ echo "ubench32 is not built: install gcc-multilib" >&2; rm -f $@; }

## /init of a Linux guest; see tests/smp_clock.test.
guests/clocks/order: guests/clocks/order.c
	$(AM_V_CCLD)mkdir -p $(@D) && $(CC) -O2 -Wall -Wextra -static \
	    -pthread -o $@ $<

check_DATA = $(GUEST_IMAGES) $(SMP_IMAGES) guests/clocks/clocks.elf guests/clocks/order \
	guests/ubench/ubench
CLEANFILES += $(GUEST_IMAGES) $(SMP_IMAGES) guests/clocks/clocks.elf guests/clocks/order \
	guests/ubench/ubench guests/ubench/ubench32
EXTRA_DIST += $(GUEST_LIB) guests/lib/guest.h guests/lib/guest.ld \
	$(GUEST_IMAGES:.elf=.c) $(SMP_LIB) guests/lib/smp.h \
	guests/lib/smp_size.h $(SMP_IMAGES:.elf=.c) guests/clocks/clocks.c \
	guests/clocks/order.c guests/ubench/ubench.c guests/README.md
