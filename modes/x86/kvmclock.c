/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: the guest's TSC, and KVM's paravirtual clock (pvclock) made from it.
 *
 * The page says: at this TSC it was this time, and a tick lasts so long.
 * System time is vm->clock's own reading, so that it agrees with every timer
 * of the machine.  The host's TSC and its clock drift apart by parts in a
 * million; the page is written anew twice a second at most, never lets time
 * go back, and lets a clock that is ahead run a little slower.
 */
#include "modes/x86/priv.h"

#include "modes/cpuid.h"
#include "modes/x86/fpu.h"

#define KVMCLOCK_ENABLED 1
#define PVCLOCK_TSC_STABLE 1

/* The ABI's layout (Documentation/virt/kvm in Linux); little-endian. */
struct pvclock_time {
	uint32_t version;	/* odd while being written */
	uint32_t pad0;
	uint64_t tsc;
	uint64_t system_time;
	uint32_t mul;
	int8_t shift;
	uint8_t flags;
	uint8_t pad[2];
};

struct pvclock_wall {
	uint32_t version;
	uint32_t sec;
	uint32_t nsec;
};

_Static_assert(sizeof(struct pvclock_time) == 32, "pvclock ABI");

/* --- the TSC --- */

/* Ticks that have passed for ns, without overflow for 500 years. */
static uint64_t
ticks_of(uint64_t ns, uint64_t khz)
{
	uint64_t ms = ns / 1000000;
	uint64_t rest = ns % 1000000;

	return ms * khz + rest * khz / 1000000;
}

/* The clock's TSC: the processor's own where the clock is the host's. */
static uint64_t
clock_tsc(const struct vcpu *c)
{
	uint32_t lo;
	uint32_t hi;

	if (likely(!c->vm->clock || c->vm->clock->host_rate)) {
		__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
		return (uint64_t)hi << 32 | lo;
	}
	return ticks_of((uint64_t)clock_now(c->vm->clock), c->vm->tsc_khz);
}

uint64_t
x86_tsc(struct vcpu *c)
{
	return clock_tsc(c) + c->s.tsc_offset;
}

void
x86_tsc_reset(struct vcpu *c)
{
	/* All vCPUs count from the same moment, whenever each was reset. */
	if (!c->vm->tsc_zero)
		c->vm->tsc_zero = clock_tsc(c);
	c->s.tsc_offset = -c->vm->tsc_zero;
}

void
x86_tsc_write(struct vcpu *c, uint64_t v)
{
	uint64_t offset = v - clock_tsc(c);

	c->s.tsc_adjust += offset - c->s.tsc_offset;
	c->s.tsc_offset = offset;
	if (c->s.kvm_system_time & KVMCLOCK_ENABLED)
		x86_kvm_system_time(c, c->s.kvm_system_time);
}

void
x86_tsc_adjust(struct vcpu *c, uint64_t v)
{
	c->s.tsc_offset += v - c->s.tsc_adjust;
	c->s.tsc_adjust = v;
	if (c->s.kvm_system_time & KVMCLOCK_ENABLED)
		x86_kvm_system_time(c, c->s.kvm_system_time);
}

/* --- pvclock --- */

/* ns = ((ticks << shift) * mul) >> 32, mul normalised to use all its bits. */
static void
scale_of(uint64_t khz, uint32_t *mul, int8_t *shift)
{
	const uint64_t one = (uint64_t)NS_PER_SEC << 32;
	uint64_t hz = khz * 1000;
	uint64_t m;
	int s = 0;

	/* Bring the shifted frequency into [1e9, 2e9). */
	while (hz >> -s >= 2 * (uint64_t)NS_PER_SEC)
		s--;
	while (s >= 0 && hz << s < (uint64_t)NS_PER_SEC)
		s++;
	if (s < 0)
		m = ((one / hz) << -s) + ((one % hz) << -s) / hz;
	else
		m = one / (hz << s);
	*mul = (uint32_t)MIN(m, UINT64_C(0xffffffff));
	*shift = (int8_t)s;
}

static uint64_t
scaled(uint64_t ticks, uint32_t mul, int8_t shift)
{
	if (shift < 0)
		ticks >>= -shift;
	else
		ticks <<= shift;
	return (uint64_t)((unsigned __int128)ticks * mul >> 32);
}

static uint64_t
system_time_now(struct vcpu *c)
{
	bool live = x86_fpu_out(c);
	uint64_t ns = (uint64_t)clock_now(c->vm->clock);

	x86_fpu_in(c, live);
	return ns;
}

/*
 * Write an ABI structure that starts with a version, odd meanwhile.  A page
 * that is not there is the guest's own affair.
 */
static void
publish(struct gmem *m, gpa_t gpa, const void *what, size_t len)
{
	uint32_t version;

	if (gmem_read(m, gpa, &version, 4))
		return;
	version = (version | 1) + (version & 1 ? 2 : 0);
	if (gmem_write(m, gpa, &version, 4))
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (gmem_write(m, gpa + 4, (const uint8_t *)what + 4, len - 4))
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	version++;
	if (gmem_write(m, gpa, &version, 4))
		return;
}

static void
publish_time(struct vcpu *c, const struct x86_kvmclock *k)
{
	struct pvclock_time t = {
		.tsc = k->tsc,
		.system_time = k->ns,
		.mul = k->mul,
		.shift = k->shift,
		/* Pages of several vCPUs are not written at one moment. */
		.flags = c->vm->n_vcpus == 1 ? PVCLOCK_TSC_STABLE : 0,
	};

	publish(&c->vm->mem, c->s.kvm_system_time & ~UINT64_C(1), &t,
	    sizeof(t));
}

static void
update(struct vcpu *c)
{
	struct x86_kvmclock *k = &c->kvmclock;
	uint64_t tsc = x86_tsc(c);
	uint64_t ns = system_time_now(c);
	uint64_t ahead = 0;

	if (!c->vm->tsc_khz)
		return;
	if (k->tsc && tsc > k->tsc) {
		uint64_t shown = k->ns + scaled(tsc - k->tsc, k->mul, k->shift);

		if (shown > ns) {
			ahead = shown - ns;
			ns = shown;
		}
	}
	scale_of(c->vm->tsc_khz, &k->mul, &k->shift);
	/* Give back what we are ahead over a second, at most 500 ppm. */
	ahead = MIN(ahead, UINT64_C(500000));
	k->mul -= (uint32_t)(k->mul * ahead / (uint64_t)NS_PER_SEC);
	k->tsc = tsc;
	k->ns = ns;
	publish_time(c, k);
}

void
x86_kvmclock_tick(struct vcpu *c)
{
	if (!(c->s.kvm_system_time & KVMCLOCK_ENABLED))
		return;
	if (x86_tsc(c) - c->kvmclock.tsc > c->vm->tsc_khz * 500)
		update(c);
}

void
x86_kvm_system_time(struct vcpu *c, uint64_t v)
{
	c->s.kvm_system_time = v;
	/* The guest starts over: no promise made on a page binds us. */
	c->kvmclock.tsc = 0;
	if (v & KVMCLOCK_ENABLED)
		update(c);
}

void
x86_kvm_wall_clock(struct vcpu *c, uint64_t v)
{
	struct gmem *m = &c->vm->mem;
	struct pvclock_wall w = {
		.sec = (uint32_t)(c->vm->boot_realtime_ns / NS_PER_SEC),
		.nsec = (uint32_t)(c->vm->boot_realtime_ns % NS_PER_SEC),
	};

	c->s.kvm_wall_clock = v;
	if (v)
		publish(m, v, &w, sizeof(w));
}
