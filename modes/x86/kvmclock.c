/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: the guest's TSC, and KVM's paravirtual clock (pvclock) made from it.
 *
 * The page says: at this TSC it was this time, and a tick lasts so long.
 * System time is vm->clock's own reading, so that it agrees with every timer
 * of the machine.  The host's TSC and its clock drift apart by parts in a
 * million; with one vCPU the page is written anew twice a second at most, never
 * lets time go back, and lets a clock that is ahead run a little slower.  With
 * several, their pages show the same straight line from the first time they are
 * asked for until the next reset.
 */
#include "modes/x86/priv.h"

#include "modes/cpuid.h"
#include "modes/x86/fpu.h"
#include "modes/x86/stop.h"

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
		/* Not before the loads of the instruction that came before. */
		__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi));
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

/* A vCPU's TSC has moved against the clock's. */
static void
tsc_moved(struct vcpu *c)
{
	const struct platform *plat = c->vm->plat;
	struct vm *vm = c->vm;
	bool inside;

	/* Whether all TSCs are in step concerns every page. */
	atomic_fetch_add(&vm->kvmclock.gen, 1);
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		vcpu_attention(vm->vcpu[i]);
	x86_kvmclock_tick(c);
	if (plat && plat->tsc_changed) {
		inside = vcpu_out(c);
		plat->tsc_changed(vm->plat_ctx, c);
		vcpu_in(c, inside);
	}
}

void
x86_tsc_write(struct vcpu *c, uint64_t v)
{
	uint64_t offset = v - clock_tsc(c);

	c->s.tsc_adjust += offset - c->s.tsc_offset;
	__atomic_store_n(&c->s.tsc_offset, offset, __ATOMIC_RELAXED);
	tsc_moved(c);
}

void
x86_tsc_adjust(struct vcpu *c, uint64_t v)
{
	uint64_t offset = c->s.tsc_offset + v - c->s.tsc_adjust;

	__atomic_store_n(&c->s.tsc_offset, offset, __ATOMIC_RELAXED);
	c->s.tsc_adjust = v;
	tsc_moved(c);
}

void
x86_tsc_skip(struct vm *vm, uint64_t ticks)
{
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		vm->vcpu[i]->s.tsc_offset -= ticks;
	vm->tsc_zero += ticks;
	/* Pages hold guest TSCs: what they say stays true. */
	vm->kvmclock.tsc += ticks;
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

/* Do all vCPUs' TSCs show the same? */
static bool
in_step(const struct vm *vm)
{
	uint64_t first = vm->n_vcpus ? __atomic_load_n(
	    &vm->vcpu[0]->s.tsc_offset, __ATOMIC_RELAXED) : 0;

	for (unsigned i = 1; i < vm->n_vcpus; i++)
		if (__atomic_load_n(&vm->vcpu[i]->s.tsc_offset,
		    __ATOMIC_RELAXED) != first)
			return false;
	return true;
}

static void
lock(struct x86_kvmclock *k)
{
	while (atomic_exchange_explicit(&k->lock, 1, memory_order_acquire))
		__builtin_ia32_pause();
}

static void
unlock(struct x86_kvmclock *k)
{
	atomic_store_explicit(&k->lock, 0, memory_order_release);
}

/* TSC and time of one moment: being descheduled between the two is noticed. */
static void
read_both(struct vcpu *c, uint64_t *tsc, uint64_t *ns)
{
	bool live = x86_fpu_out(c);
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t before = clock_tsc(c);
		uint64_t now = (uint64_t)clock_now(c->vm->clock);
		uint64_t after = clock_tsc(c);

		if (after - before >= best)
			continue;
		best = after - before;
		*tsc = before + best / 2;
		*ns = now;
	}
	x86_fpu_in(c, live);
}

/* New figures from the clock, never behind what the old ones would show. */
static void
work_out(struct vcpu *c)
{
	struct x86_kvmclock *k = &c->vm->kvmclock;
	uint64_t ahead = 0;
	uint64_t tsc = 0, ns = 0;

	read_both(c, &tsc, &ns);
	if (k->mul && tsc > k->tsc) {
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
	atomic_fetch_add(&k->gen, 1);
}

/* Are the figures due for a look at the clock? */
static bool
outdated(struct vcpu *c)
{
	const struct x86_kvmclock *k = &c->vm->kvmclock;

	if (!k->mul)
		return true;
	/*
	 * Pages of several vCPUs cannot be written at one moment, and two that
	 * differ would let time go back from one vCPU to the next.
	 */
	return c->vm->n_vcpus < 2 &&
	    clock_tsc(c) - k->tsc > c->vm->tsc_khz * 500;
}

static void
publish_time(struct vcpu *c)
{
	struct x86_kvmclock *k = &c->vm->kvmclock;
	struct pvclock_time t;

	if (!c->vm->tsc_khz)
		return;
	lock(k);
	if (outdated(c))
		work_out(c);
	c->kvmclock_gen = atomic_load(&k->gen);
	t = (struct pvclock_time){
		.tsc = k->tsc + c->s.tsc_offset,
		.system_time = k->ns,
		.mul = k->mul,
		.shift = k->shift,
		.flags = in_step(c->vm) ? PVCLOCK_TSC_STABLE : 0,
	};
	unlock(k);
	publish(&c->vm->mem, c->s.kvm_system_time & ~UINT64_C(1), &t,
	    sizeof(t));
}

void
x86_kvmclock_tick(struct vcpu *c)
{
	const struct x86_kvmclock *k = &c->vm->kvmclock;

	if (!(c->s.kvm_system_time & KVMCLOCK_ENABLED))
		return;
	if (atomic_load_explicit(&k->gen, memory_order_relaxed) !=
	    c->kvmclock_gen || (c->vm->n_vcpus < 2 && outdated(c)))
		publish_time(c);
}

void
x86_kvmclock_reset(struct vm *vm)
{
	/* The guest starts over: no promise made on a page binds us. */
	lock(&vm->kvmclock);
	vm->kvmclock.mul = 0;
	unlock(&vm->kvmclock);
}

void
x86_kvm_system_time(struct vcpu *c, uint64_t v)
{
	c->s.kvm_system_time = v;
	if (c->vm->n_vcpus < 2)
		x86_kvmclock_reset(c->vm);
	if (v & KVMCLOCK_ENABLED)
		publish_time(c);
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
