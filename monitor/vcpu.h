/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One processor of the board: the engine's vCPU, its local APIC, its thread.
 *
 * Others reach it through atomics only: they leave a request and call
 * cpu_poke(), which makes a running engine look and wakes a sleeping thread.
 */
#ifndef TRIVISOR_MONITOR_VCPU_H
#define TRIVISOR_MONITOR_VCPU_H

#include <signal.h>

#include "monitor/machine.h"

#define CPU_TIMER_SIGNAL SIGRTMIN
#define CPU_PROFILE_SIGNAL (SIGRTMIN + 1)

/* Requests in cpu.signals; taken by the owner. */
enum {
	CPU_INIT = 1 << 16,
	CPU_SIPI = 1 << 17,	/* vector in bits 0..7 */
};

/* A sample of the profile; see struct engine_where. */
struct sample {
	uint64_t rip;
	const char *part;		/* NULL: translated code */
	uint32_t offset;
	uint32_t cpl;
};

#define MAX_SAMPLES 16384

struct cpu {
	struct machine *m;		/* borrowed */
	struct vcpu *c;			/* owned, page aligned */
	struct lapic lapic;
	pthread_t thread;

	_Atomic uint32_t signals;	/* CPU_* */
	/*
	 * Sleeping: the futex word counts pokes, so that one which comes
	 * between looking and sleeping is not lost.
	 */
	_Atomic uint32_t pokes;
	_Atomic uint32_t sleeping;
	_Atomic ns_t woken_at;		/* when it was poked asleep; 0: not */

	/* Owner only. */
	int timer_id;			/* kernel's id of the POSIX timer; -1 */
	ns_t armed;			/* deadline it is set to */
	ns_t spin;			/* how long to look before sleeping */
	bool counted_halted;
	bool step_once;			/* the debugger's; set while parked */
	uint64_t watched;		/* instructions run by debug_run() */
	void *signal_stack;		/* owned */
	_Atomic pid_t tid;		/* 0 before and after the thread's life */
	_Atomic uint64_t cpu_ns;	/* it used; set when it ends */
	/*
	 * The profile: its timer is the loop thread's, samples are added by the
	 * handler of its signal.  The array stays until the vCPU goes.
	 */
	int profile_timer;		/* kernel's id; -1 */
	struct sample *sample;		/* owned, MAX_SAMPLES; NULL none yet */
	_Atomic uint32_t n_samples;
	/* Statistics; read by anybody. */
	_Atomic uint64_t exits, halts, interrupts;
};

MUST_USE int cpu_init(struct cpu *p, struct machine *m, unsigned id,
    struct err *e);
void cpu_fini(struct cpu *p);
/* Start the thread. */
MUST_USE int cpu_start(struct cpu *p, struct err *e);
/* What the thread has used, in ns.  The thread that starts and ends it. */
uint64_t cpu_time(const struct cpu *p);
/* Out of run() and of sleep, to look at holds and signals.  Any thread. */
void cpu_kick(struct cpu *p);

/* Is there a signal or an NMI that it has not taken yet?  Any thread. */
static inline bool
cpu_was_sent(struct cpu *p)
{
	return atomic_load(&p->signals) || (atomic_load(&p->c->nmi_hint) &&
	    p->c->s.activity != ACT_WAIT_SIPI);
}

/* --- debug.c: vector-free, owner --- */

/* Like the engine's run(), until a breakpoint or one instruction was run. */
void debug_run(struct cpu *p, struct vcpu_exit *x);

/* --- irq.c: vector-free, any thread unless said otherwise --- */

extern const struct lapic_ops cpu_lapic_ops;
/* Look at interrupts and signals again; does not leave run(). */
void cpu_poke(struct cpu *p);
/* Owner: sleep until poked (or n pokes were counted already). */
void cpu_sleep(struct cpu *p, uint32_t pokes_seen);
/* Owner: set the POSIX timer to the APIC's next deadline. */
void cpu_arm_timer(struct cpu *p);
/* The handler of CPU_TIMER_SIGNAL, for sigaction. */
void cpu_timer_signal(int sig, siginfo_t *si, void *context);
/* The handler of CPU_PROFILE_SIGNAL; sample.c. */
void cpu_profile_signal(int sig, siginfo_t *si, void *context);
/* Owner: could the vCPU be interrupted if IF were set? */
bool cpu_irq_pending(struct cpu *p);
ns_t machine_clock_now(const struct clock *c);

int irq_take(void *ctx, struct vcpu *c);
bool irq_pending(void *ctx, struct vcpu *c);
int apic_msr_read(void *ctx, struct vcpu *c, uint32_t msr, uint64_t *value);
int apic_msr_write(void *ctx, struct vcpu *c, uint32_t msr, uint64_t value);
void apic_set_tpr(void *ctx, struct vcpu *c, uint8_t cr8);
uint8_t apic_get_tpr(void *ctx, struct vcpu *c);
void apic_tsc_changed(void *ctx, struct vcpu *c);

#endif
