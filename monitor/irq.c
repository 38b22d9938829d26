/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts on their way into a vCPU, and waking it.
 *
 * Compiled vector-free, without stack protector: engines call these functions
 * while guest vectors are live in the host's registers, and the timer signal
 * arrives anywhere, even where the host's FS base is the guest's.  So nothing
 * here touches thread-local storage, and system calls are made by hand.
 */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

#include "modes/x86/x86.h"
#include "monitor/vcpu.h"

static long
syscall4(long nr, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d)
{
	register uintptr_t r10 __asm__("r10") = d;
	long rc;

	__asm__ volatile("syscall" : "=a"(rc)
	    : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
	    : "rcx", "r11", "memory");
	return rc;
}

ns_t
machine_clock_now(const struct clock *c)
{
	const struct machine_clock *mc =
	    container_of(c, const struct machine_clock, c);

	return clock_now(&clock_host) -
	    atomic_load_explicit(&mc->offset, memory_order_relaxed);
}

/* --- poking and sleeping -------------------------------------------------- */

/* The sleeper wants to know how long it waited, without the waking up. */
static void
note_waking(struct cpu *p)
{
	ns_t none = 0;

	atomic_compare_exchange_strong(&p->woken_at, &none,
	    clock_now(&clock_host));
}

void
cpu_poke(struct cpu *p)
{
	atomic_store(&p->c->irq_hint, 1);
	vcpu_attention(p->c);
	/* Pairs with cpu_sleep(): count first, then look for a sleeper. */
	atomic_fetch_add(&p->pokes, 1);
	if (atomic_load(&p->sleeping)) {
		note_waking(p);
		syscall4(SYS_futex, (uintptr_t)&p->pokes, FUTEX_WAKE_PRIVATE,
		    1, 0);
	}
}

void
cpu_sleep(struct cpu *p, uint32_t pokes_seen)
{
	atomic_fetch_sub(&p->m->n_awake, 1);
	atomic_store(&p->sleeping, 1);
	/*
	 * The APIC timer's signal counts as a poke, too: no timeout needed.
	 * Returns at once when the count has changed.
	 */
	syscall4(SYS_futex, (uintptr_t)&p->pokes, FUTEX_WAIT_PRIVATE,
	    pokes_seen, 0);
	atomic_store(&p->sleeping, 0);
	atomic_fetch_add(&p->m->n_awake, 1);
}

void
cpu_timer_signal(int sig, siginfo_t *si, void *context)
{
	struct cpu *p = si->si_value.sival_ptr;

	/* The sleeper is this very thread: the count is enough to wake it. */
	atomic_store(&p->c->irq_hint, 1);
	vcpu_attention(p->c);
	atomic_fetch_add(&p->pokes, 1);
}

void
cpu_arm_timer(struct cpu *p)
{
	ns_t deadline = lapic_next_deadline(&p->lapic);
	struct itimerspec its = { 0 };

	if (deadline == p->armed || p->timer_id < 0)
		return;
	p->armed = deadline;
	if (deadline != INT64_MAX) {
		ns_t host = deadline + atomic_load_explicit(
		    &p->m->clock.offset, memory_order_relaxed);

		/* Zero would disarm. */
		host = MAX(host, 1);
		its.it_value.tv_sec = host / NS_PER_SEC;
		its.it_value.tv_nsec = host % NS_PER_SEC;
	}
	syscall4(SYS_timer_settime, (uintptr_t)p->timer_id, TIMER_ABSTIME,
	    (uintptr_t)&its, 0);
}

/* --- the local APIC's callbacks ------------------------------------------- */

static void
on_rearm(void *ctx)
{
	cpu_arm_timer(ctx);
}

static void
on_kick(void *ctx)
{
	cpu_poke(ctx);
}

static void
on_nmi(void *ctx)
{
	struct cpu *p = ctx;

	atomic_store(&p->c->nmi_hint, 1);
	cpu_poke(p);
}

static void
on_init(void *ctx)
{
	struct cpu *p = ctx;

	/* INIT makes an earlier SIPI void. */
	atomic_store(&p->signals, CPU_INIT);
	cpu_kick(p);
}

static void
on_sipi(void *ctx, uint8_t vector)
{
	struct cpu *p = ctx;
	uint32_t old = atomic_load(&p->signals);

	/* Only the first SIPI counts until it has been taken. */
	do {
		if (old & CPU_SIPI)
			return;
	} while (!atomic_compare_exchange_weak(&p->signals, &old,
	    old | CPU_SIPI | vector));
	cpu_kick(p);
}

static void
on_eoi(void *ctx, uint8_t vector)
{
	struct cpu *p = ctx;

	pthread_mutex_lock(&p->m->lock);
	ioapic_eoi(&p->m->ioapic, vector);
	pthread_mutex_unlock(&p->m->lock);
}

static uint64_t
on_tsc_now(void *ctx)
{
	struct cpu *p = ctx;

	return x86_tsc(p->c);
}

static uint64_t
on_tsc_khz(void *ctx)
{
	struct cpu *p = ctx;

	return p->m->vm.tsc_khz;
}

const struct lapic_ops cpu_lapic_ops = {
	.rearm = on_rearm, .kick = on_kick, .nmi = on_nmi, .init = on_init,
	.sipi = on_sipi, .eoi = on_eoi, .tsc_now = on_tsc_now,
	.tsc_khz = on_tsc_khz,
};

void
cpu_kick(struct cpu *p)
{
	p->m->vm.engine->kick(p->c);
	cpu_poke(p);
}

/* --- what the engine asks --------------------------------------------------- */

static void
run_due_timer(struct cpu *p)
{
	ns_t deadline = lapic_next_deadline(&p->lapic);

	if (deadline != INT64_MAX && deadline <= clock_now(&p->m->clock.c)) {
		lapic_run_timer(&p->lapic);
		cpu_arm_timer(p);
	}
}

/* Do the 8259s have one for this processor (virtual wire)? */
static bool
extint_pending(struct cpu *p)
{
	return i8259_pending_hint(&p->m->pic) &&
	    lapic_accepts_extint(&p->lapic);
}

bool
cpu_irq_pending(struct cpu *p)
{
	run_due_timer(p);
	return lapic_pending(&p->lapic) >= 0 || extint_pending(p);
}

bool
irq_pending(void *ctx, struct vcpu *c)
{
	struct machine *m = ctx;

	return cpu_irq_pending(&m->cpu[c->id]);
}

/* The INTA cycle. */
static int
take_extint(struct cpu *p)
{
	int vector = -1;

	pthread_mutex_lock(&p->m->lock);
	if (i8259_pending(&p->m->pic))
		vector = i8259_ack(&p->m->pic);
	pthread_mutex_unlock(&p->m->lock);
	return vector;
}

int
irq_take(void *ctx, struct vcpu *c)
{
	struct machine *m = ctx;
	struct cpu *p = &m->cpu[c->id];
	int vector = -1;

	run_due_timer(p);
	if (extint_pending(p))
		vector = take_extint(p);
	if (vector < 0)
		vector = lapic_take(&p->lapic);
	if (vector >= 0)
		atomic_fetch_add_explicit(&p->interrupts, 1,
		    memory_order_relaxed);
	return vector;
}

int
apic_msr_read(void *ctx, struct vcpu *c, uint32_t msr, uint64_t *value)
{
	struct machine *m = ctx;

	return lapic_msr_read(&m->cpu[c->id].lapic, msr, value);
}

int
apic_msr_write(void *ctx, struct vcpu *c, uint32_t msr, uint64_t value)
{
	struct machine *m = ctx;

	return lapic_msr_write(&m->cpu[c->id].lapic, msr, value);
}

void
apic_set_tpr(void *ctx, struct vcpu *c, uint8_t cr8)
{
	struct machine *m = ctx;

	lapic_set_tpr(&m->cpu[c->id].lapic, cr8);
}

uint8_t
apic_get_tpr(void *ctx, struct vcpu *c)
{
	struct machine *m = ctx;

	return lapic_get_tpr(&m->cpu[c->id].lapic);
}

void
apic_tsc_changed(void *ctx, struct vcpu *c)
{
	struct machine *m = ctx;

	lapic_tsc_changed(&m->cpu[c->id].lapic);
}
