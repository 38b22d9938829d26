/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads every clock of the machine once per RTC second, for as many seconds
 * as there are in RUN_SECONDS, and prints the raw readings:
 *
 *	CLOCK rtc SECONDS tsc TICKS khz KHZ pit TICKS pm TICKS kvm NANOSECONDS
 *
 * all counted from the first line.  tests/bench/clocks holds them against the
 * host's clock.  The counters that wrap (PIT, PM timer) are unwrapped with the
 * TSC's help, which need only be right within half a wrap.
 */
#include "guest.h"

#define RUN_SECONDS 62
#define PIT_HZ 1193182ull
#define PM_HZ 3579545ull

/* Long divisions, by hand: there is no libgcc. */
static u64
scale(u64 v, u64 mul, u64 div)
{
	u64 lo, hi;

	asm("mulq %3; divq %4" : "=a" (lo), "=&d" (hi)
	    : "a" (v), "r" (mul), "r" (div) : "cc");
	return lo;
}

static u64 khz;

static void
find_khz(void)
{
	u32 r[4];

	cpuid(0x40000000, 0, r);
	if (r[0] >= 0x40000010) {
		cpuid(0x40000010, 0, r);
		khz = r[0];
	}
	if (khz)
		return;
	cpuid(0, 0, r);
	if (r[0] >= 0x15) {
		cpuid(0x15, 0, r);
		if (r[0] && r[1] && r[2])
			khz = scale(r[2], r[1], (u64)r[0] * 1000);
	}
	if (!khz) {
		u64 t = rdtsc();

		delay_ms(100);
		khz = (rdtsc() - t) / 100;
	}
}

/* The PM timer's port, from the FADT (ACPI 5.2.9, offset 76). */
static u16
find_pm(void)
{
	for (ulong p = 0xe0000; p < 0x100000; p += 16) {
		u32 *rsdt;

		if (!same((void *)p, "RSD PTR ", 8))
			continue;
		rsdt = (u32 *)(ulong)*(u32 *)(p + 16);
		if (!rsdt) {	/* only an XSDT: 64-bit entries */
			u64 *x = (u64 *)(*(u64 *)(p + 24) + 36);
			u32 n = (((u32 *)*(u64 *)(p + 24))[1] - 36) / 8;

			for (u32 i = 0; i < n; i++)
				if (same((void *)x[i], "FACP", 4))
					return *(u32 *)(x[i] + 76);
			return 0;
		}
		for (u32 i = 0; i < (rsdt[1] - 36) / 4; i++) {
			ulong t = rsdt[9 + i];

			if (same((void *)t, "FACP", 4))
				return *(u32 *)(t + 76);
		}
	}
	return 0;
}

static struct {
	u32 version, pad;
	u64 tsc, ns;
	u32 mul;
	int8_t shift;
	u8 flags, pad2[2];
} kvmclock __attribute__((aligned(64)));

static bool have_kvm;

static void
start_kvmclock(void)
{
	u32 r[4];

	cpuid(0x40000000, 0, r);
	if (r[1] != 0x4b4d564b)		/* "KVMK" */
		return;
	cpuid(0x40000001, 0, r);
	if (!(r[0] & 8))
		return;
	wrmsr(0x4b564d01, (ulong)&kvmclock | 1);
	have_kvm = true;
}

static u64
read_kvmclock(void)
{
	volatile u32 *version = &kvmclock.version;
	u64 d, ns;
	u32 v;

	if (!have_kvm)
		return 0;
	do {
		v = *version;
		asm volatile("" ::: "memory");
		d = rdtsc() - kvmclock.tsc;
		d = kvmclock.shift < 0 ? d >> -kvmclock.shift :
		    d << kvmclock.shift;
		ns = kvmclock.ns + scale(d, kvmclock.mul, 1ull << 32);
		asm volatile("" ::: "memory");
	} while (v & 1 || *version != v);
	return ns;
}

static u8
cmos(u8 reg)
{
	outb(0x70, reg);
	return inb(0x71);
}

static unsigned
rtc_seconds(void)
{
	u8 s = cmos(0);

	return cmos(0xb) & 4 ? s : (s >> 4) * 10 + (s & 15);
}

static u32
inl(u16 port)
{
	u32 v;

	asm volatile("inl %1, %0" : "=a" (v) : "d" (port));
	return v;
}

/* Total ticks of a counter of wrap ticks, given its change modulo wrap. */
static u64
unwrap(u64 change, u64 wrap, u64 expected)
{
	u64 k = expected + wrap / 2 > change ?
	    (expected + wrap / 2 - change) / wrap : 0;

	return change + k * wrap;
}

void
guest_main(void)
{
	u64 tsc0, tsc_last, kvm0 = 0, pit = 0, pm = 0, tsc;
	u16 pit_last, pit_now, pm_port = find_pm();
	u32 pm_last = 0, pm_now = 0;
	unsigned sec = rtc_seconds(), seconds = 0, now;

	find_khz();
	start_kvmclock();
	pit_periodic(0);	/* 65536 */
	tsc0 = tsc_last = 0;
	pit_last = 0;
	while (seconds <= RUN_SECONDS) {
		now = rtc_seconds();
		if (now == sec)
			continue;
		tsc = rdtsc();
		pit_now = pit_read();
		pm_now = pm_port ? inl(pm_port) & 0xffffff : 0;
		if (!tsc0) {
			tsc0 = tsc;
			kvm0 = read_kvmclock();
		} else {
			u64 d = tsc - tsc_last;

			seconds += (now + 60 - sec) % 60;
			pit += unwrap((u16)(pit_last - pit_now), 65536,
			    scale(d, PIT_HZ, khz * 1000));
			pm += unwrap((pm_now - pm_last) & 0xffffff, 1 << 24,
			    scale(d, PM_HZ, khz * 1000));
		}
		print("CLOCK rtc %u tsc %llu khz %llu pit %llu pm %llu kvm"
		    " %llu\n", seconds, tsc - tsc0, khz, pit,
		    pm_port ? pm : 0, have_kvm ? read_kvmclock() - kvm0 : 0);
		sec = now;
		tsc_last = tsc;
		pit_last = pit_now;
		pm_last = pm_now;
	}
	CHECK(true, "the end was reached");
}
