/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stopping the other vCPUs, and the lock that goes with it: see stop.h.
 *
 * Entering stores inside, then looks at stopping; stopping stores stopping,
 * then looks at inside; both sequentially consistent, so one of the two sees
 * the other.  Waiting is by futex; a stopper looks for a while first, since a
 * running vCPU needs less than a microsecond to the next safe point.
 */
#include "modes/x86/stop.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SPINS 2000

/* The vCPU that this thread is in run() for, or NULL. */
static _Thread_local struct vcpu *current;
/* Its address names the thread. */
static _Thread_local char me;

static void
futex_wait(_Atomic uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void
futex_wake(_Atomic uint32_t *word, int n)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

static bool
alone(const struct vcpu *c)
{
	return c->vm->n_vcpus == 1;
}

/* --- in and out -------------------------------------------------------- */

void
vcpu_in(struct vcpu *c, bool was_inside)
{
	struct vm_stop *s = &c->vm->stop;
	uint32_t stopping;

	if (alone(c) || !was_inside)
		return;
	for (;;) {
		atomic_store(&c->inside, 1);
		/* One's own stop is no reason to wait. */
		stopping = atomic_load(&s->stopping);
		if (likely(!stopping) || atomic_load(&s->owner) == &me)
			return;
		vcpu_out(c);
		futex_wait(&s->stopping, stopping);
	}
}

bool
vcpu_out(struct vcpu *c)
{
	if (alone(c) || !atomic_load_explicit(&c->inside, memory_order_relaxed))
		return false;
	/* 2: the stopper sleeps on this word. */
	if (atomic_exchange(&c->inside, 0) == 2)
		futex_wake(&c->inside, 1);
	return true;
}

void
vcpu_enter(struct vcpu *c)
{
	current = c;
	vcpu_in(c, true);
}

void
vcpu_leave(struct vcpu *c)
{
	vcpu_out(c);
	current = NULL;
}

/* --- the lock ---------------------------------------------------------- */

static void
acquire(_Atomic uint32_t *word)
{
	uint32_t seen = 0;

	if (atomic_compare_exchange_strong(word, &seen, 1))
		return;
	for (int n = 0; n < SPINS; n++) {
		seen = 0;
		if (atomic_load_explicit(word, memory_order_relaxed) == 0 &&
		    atomic_compare_exchange_strong(word, &seen, 1))
			return;
		__builtin_ia32_pause();
	}
	/* 2: held, and perhaps somebody sleeps. */
	while (atomic_exchange(word, 2) != 0)
		futex_wait(word, 2);
}

void
vm_lock(struct vm *vm)
{
	struct vm_stop *s = &vm->stop;
	struct vcpu *c = current;
	uint32_t seen = 0;
	bool was_inside;

	if (atomic_load_explicit(&s->owner, memory_order_relaxed) == &me) {
		s->depth++;
		return;
	}
	if (!atomic_compare_exchange_strong(&s->word, &seen, 1)) {
		was_inside = c && c->vm == vm && vcpu_out(c);
		acquire(&s->word);
		/* Nobody can be stopping: that takes the lock. */
		if (was_inside)
			atomic_store(&c->inside, 1);
	}
	atomic_store_explicit(&s->owner, &me, memory_order_relaxed);
	s->depth = 1;
}

void
vm_unlock(struct vm *vm)
{
	struct vm_stop *s = &vm->stop;

	if (--s->depth)
		return;
	atomic_store_explicit(&s->owner, NULL, memory_order_relaxed);
	if (atomic_exchange(&s->word, 0) == 2)
		futex_wake(&s->word, 1);
}

/* --- stopping ---------------------------------------------------------- */

static void
wait_outside(struct vcpu *c)
{
	uint32_t seen;

	for (int n = 0; n < SPINS; n++) {
		if (!atomic_load(&c->inside))
			return;
		__builtin_ia32_pause();
	}
	for (;;) {
		seen = 1;
		if (atomic_compare_exchange_strong(&c->inside, &seen, 2))
			seen = 2;
		if (!seen)
			return;
		futex_wait(&c->inside, 2);
		if (!atomic_load(&c->inside))
			return;
	}
}

void
vm_stop_others(struct vm *vm)
{
	struct vm_stop *s = &vm->stop;
	uint64_t start;

	if (s->stops++ || vm->n_vcpus == 1)
		return;
	start = __builtin_ia32_rdtsc();
	s->n_stops++;
	atomic_store(&s->stopping, 1);
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		if (vm->vcpu[i] != current &&
		    atomic_load(&vm->vcpu[i]->inside))
			vcpu_attention(vm->vcpu[i]);
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		if (vm->vcpu[i] != current)
			wait_outside(vm->vcpu[i]);
	s->stop_ticks += __builtin_ia32_rdtsc() - start;
}

void
vm_go_on(struct vm *vm)
{
	struct vm_stop *s = &vm->stop;

	if (--s->stops || vm->n_vcpus == 1)
		return;
	atomic_store(&s->stopping, 0);
	futex_wake(&s->stopping, INT32_MAX);
}
