/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a vCPU: run the engine, look at why it came back, sleep on HLT,
 * park when asked.  Start reading at vcpu_thread().
 *
 * Ports, MMIO and interrupts do not show here: engines serve them in the
 * middle of an instruction through struct platform (platform.c, irq.c).  What
 * the guest does to the whole machine (reset, power-off, triple fault) becomes
 * a request to the loop thread, and this thread parks until that was decided.
 */
#include "monitor/vcpu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "modes/x86/x86.h"
#include "monitor/jail.h"

/*
 * How long to look for an interrupt before sleeping, in ns: waking a thread on
 * another CPU takes some 50 us, both ways twice that.
 */
#define SPIN_MIN 2000
#define SPIN_MAX 100000
#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

/* --- sleeping -------------------------------------------------------------- */

/* Is there anything for run() to do? */
static bool
has_work(struct cpu *p)
{
	struct vcpu *c = p->c;

	if (atomic_load(&p->m->holds) || atomic_load(&p->signals))
		return true;
	/* NMIs wait, too, until there is code to take them. */
	if (c->s.activity == ACT_WAIT_SIPI)
		return false;
	if (atomic_load(&c->nmi_hint))
		return true;
	return (c->s.rflags & FLAG_IF) && cpu_irq_pending(p);
}

/*
 * Nothing but an NMI can wake a processor that halts with IF clear, and nobody
 * sends one: if that is so for all of them, the guest has come to its end.
 */
static void
count_halted(struct cpu *p, bool asleep_for_ever)
{
	struct machine *m = p->m;

	if (asleep_for_ever == p->counted_halted)
		return;
	p->counted_halted = asleep_for_ever;
	if (!asleep_for_ever)
		atomic_fetch_sub(&m->n_halted, 1);
	else if (atomic_fetch_add(&m->n_halted, 1) + 1 == m->vm.n_vcpus)
		machine_wake_loop(m);
}

/*
 * Look for a while before going to sleep, if the interrupt is likely to come
 * sooner than the time that waking up takes: when it did so last time, and when
 * nobody needs the host's CPU.
 */
static bool
spin(struct cpu *p, ns_t start)
{
	struct machine *m = p->m;
	uint32_t seen = atomic_load(&p->pokes);

	if (has_work(p))
		return true;
	while (p->spin && atomic_load_explicit(&m->n_awake,
	    memory_order_relaxed) <= m->affinity.host_cpus) {
		if (atomic_load_explicit(&p->pokes, memory_order_relaxed) !=
		    seen)
			return has_work(p);
		if (clock_now(&clock_host) - start >= p->spin)
			break;
		__builtin_ia32_pause();
	}
	return false;
}

/* The while adapts to how long it would have had to be. */
static void
learn(struct cpu *p, ns_t waited)
{
	if (waited < SPIN_MAX)
		p->spin = MIN(p->spin * 2 + SPIN_MIN, SPIN_MAX);
	else
		p->spin = p->spin > SPIN_MIN ? p->spin / 2 : 0;
}

static void
vcpu_halt(struct cpu *p)
{
	ns_t start = clock_now(&clock_host);
	const struct engine_ops *engine = p->m->vm.engine;
	bool early = spin(p, start);
	ns_t end = 0;

	if (!early && engine->rest)
		engine->rest(p->c, start);
	while (!early) {
		uint32_t seen = atomic_load(&p->pokes);

		if (has_work(p))
			break;
		count_halted(p, !(p->c->s.rflags & FLAG_IF) ||
		    p->c->s.activity == ACT_WAIT_SIPI);
		atomic_store(&p->woken_at, 0);
		cpu_sleep(p, seen);
		end = atomic_load(&p->woken_at);
	}
	count_halted(p, false);
	learn(p, (end ? end : clock_now(&clock_host)) - start);
	atomic_fetch_add_explicit(&p->halts, 1, memory_order_relaxed);
}

/* --- signals and parking ------------------------------------------------- */

/* INIT and SIPI, SDM 3 9.4. */
static void
take_signals(struct cpu *p)
{
	uint32_t sig = atomic_exchange(&p->signals, 0);

	if (sig & CPU_INIT) {
		if (p->lapic.bsp) {
			/* There is no firmware that it could start in. */
			machine_request(p->m, REQ_RESET, 0, NULL);
			return;
		}
		lapic_init_signal(&p->lapic);
		x86_init(p->c);
	}
	if (sig & CPU_SIPI && p->c->s.activity == ACT_WAIT_SIPI)
		x86_sipi(p->c, (uint8_t)sig);
}

/* Wait while anybody holds the vCPUs; false when the thread must end. */
static bool
pass_gate(struct cpu *p)
{
	struct machine *m = p->m;
	uint32_t holds = atomic_load(&m->holds);

	if (likely(!holds))
		return true;
	atomic_fetch_sub(&m->n_awake, 1);
	pthread_mutex_lock(&m->park_lock);
	m->n_parked++;
	pthread_cond_broadcast(&m->parked);
	while ((holds = atomic_load(&m->holds)) && !(holds & HOLD_QUIT))
		pthread_cond_wait(&m->resume, &m->park_lock);
	m->n_parked--;
	pthread_mutex_unlock(&m->park_lock);
	atomic_fetch_add(&m->n_awake, 1);
	/* Guest time may have stood still meanwhile. */
	p->armed = -1;
	cpu_arm_timer(p);
	return !(holds & HOLD_QUIT);
}

/* --- the loop -------------------------------------------------------------- */

/* Instruction by instruction, for the debugger or for stop_after. */
static void
run_watched(struct cpu *p, struct vcpu_exit *x)
{
	uint64_t stop = p->m->cfg.stop_after;

	debug_run(p, x);
	if (stop && p->watched >= stop)
		machine_request(p->m, REQ_STOP_AFTER, p->c->id, NULL);
}

static void
vcpu_run(struct cpu *p)
{
	struct machine *m = p->m;
	struct vcpu_exit x;

	if (unlikely(p->step_once || m->n_breakpoints || m->cfg.stop_after))
		run_watched(p, &x);
	else
		m->vm.engine->run(p->c, &x);
	atomic_fetch_add_explicit(&p->exits, 1, memory_order_relaxed);
	switch (x.reason) {
	case EXIT_KICKED:
		break;
	case EXIT_HALT:
		vcpu_halt(p);
		break;
	case EXIT_SHUTDOWN:
		machine_request(p->m, REQ_TRIPLE_FAULT, p->c->id, NULL);
		break;
	case EXIT_DEBUG:
		p->step_once = false;
		atomic_fetch_or(&p->m->debug_stops, 1u << p->c->id);
		machine_hold(p->m, HOLD_DEBUG);
		machine_wake_loop(p->m);
		break;
	case EXIT_ERROR:
		machine_request(p->m, REQ_ENGINE_ERROR, p->c->id, &x.err);
		break;
	}
}

static uint64_t
clock_ns(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

uint64_t
cpu_time(const struct cpu *p)
{
	clockid_t id;

	if (!atomic_load(&p->tid) || pthread_getcpuclockid(p->thread, &id))
		return atomic_load(&p->cpu_ns);
	return clock_ns(id);
}

static void setup_thread(struct cpu *p);

static void *
vcpu_thread(void *arg)
{
	struct cpu *p = arg;

	setup_thread(p);
	jail_enter(p->m->vm.engine == &engine_bt ? JAIL_BT : JAIL_INTERP);
	atomic_fetch_add(&p->m->n_awake, 1);
	while (pass_gate(p)) {
		if (unlikely(!p->c->id && !atomic_load_explicit(
		    &p->m->first_run, memory_order_relaxed)))
			atomic_store(&p->m->first_run, clock_now(&clock_host));
		if (atomic_load(&p->signals))
			take_signals(p);
		else if (p->c->s.activity == ACT_WAIT_SIPI)
			vcpu_halt(p);
		else
			vcpu_run(p);
	}
	atomic_fetch_sub(&p->m->n_awake, 1);
	if (p->timer_id >= 0)
		syscall(SYS_timer_delete, p->timer_id);
	atomic_store(&p->cpu_ns, clock_ns(CLOCK_THREAD_CPUTIME_ID));
	atomic_store(&p->tid, 0);
	return NULL;
}

/* --- set-up ---------------------------------------------------------------- */

static size_t
signal_stack_size(void)
{
	/* AVX-512 and later states make signal frames large. */
	size_t frame = MAX(getauxval(AT_MINSIGSTKSZ), 16384);

	return align_up(frame + 16384, PAGE_SIZE);
}

/*
 * The only signals a vCPU thread gets are its own timers'; they run on a stack
 * of their own because RSP may be the guest's at that moment.
 */
static void
setup_signals(struct cpu *p)
{
	stack_t stack = { .ss_sp = p->signal_stack,
	    .ss_size = signal_stack_size() };
	struct sigaction sa = { .sa_flags = SA_SIGINFO | SA_ONSTACK };
	sigset_t set;

	sigaltstack(&stack, NULL);
	sa.sa_sigaction = cpu_timer_signal;
	sigfillset(&sa.sa_mask);
	sigaction(CPU_TIMER_SIGNAL, &sa, NULL);
	sa.sa_flags |= SA_RESTART;
	sa.sa_sigaction = cpu_profile_signal;
	sigaction(CPU_PROFILE_SIGNAL, &sa, NULL);
	sigfillset(&set);
	sigdelset(&set, CPU_TIMER_SIGNAL);
	sigdelset(&set, CPU_PROFILE_SIGNAL);
	sigdelset(&set, SIGSEGV);
	sigdelset(&set, SIGBUS);
	sigdelset(&set, SIGFPE);
	sigdelset(&set, SIGILL);
	sigdelset(&set, SIGTRAP);
	sigdelset(&set, SIGABRT);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
}

static void
setup_thread(struct cpu *p)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID,
	    .sigev_signo = CPU_TIMER_SIGNAL, .sigev_value.sival_ptr = p };
	char name[16];

	atomic_store(&p->tid, (pid_t)syscall(SYS_gettid));
	snprintf(name, sizeof(name), "vcpu%u", p->c->id);
	pthread_setname_np(pthread_self(), name);
	setup_signals(p);
	ev._sigev_un._tid = atomic_load(&p->tid);
	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &p->timer_id) < 0) {
		struct err e;

		p->timer_id = -1;
		err_set_sys(&e, errno, "vCPU %u: cannot make its timer",
		    p->c->id);
		machine_request(p->m, REQ_ENGINE_ERROR, p->c->id, &e);
	}
}

/* The engine that runs the vCPU, and the one that steps its rare paths. */
static int
engines_init(struct vcpu *c, struct err *e)
{
	const struct engine_ops *first = c->vm->engine;
	const struct engine_ops *second = c->vm->second;
	int rc = first->vcpu_init(c, e);

	if (rc || second == first)
		return rc;
	rc = second->vcpu_init(c, e);
	if (rc)
		first->vcpu_fini(c);
	return rc;
}

/* What both engines want of one. */
static size_t
vcpu_size(const struct vm *vm)
{
	return align_up(MAX(vm->engine->vcpu_size, vm->second->vcpu_size),
	    PAGE_SIZE);
}

/* Zeroed, and memory only where it is touched: much of it are tables. */
static struct vcpu *
vcpu_new(const struct vm *vm)
{
	void *c = mmap(NULL, vcpu_size(vm), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return c == MAP_FAILED ? NULL : c;
}

int
cpu_init(struct cpu *p, struct machine *m, unsigned id, struct err *e)
{
	int rc;

	*p = (struct cpu){ .m = m, .timer_id = -1, .armed = -1,
	    .profile_timer = -1 };
	p->signal_stack = malloc(signal_stack_size());
	p->c = p->signal_stack ? vcpu_new(&m->vm) : NULL;
	if (!p->c) {
		free(p->signal_stack);
		return err_set_sys(e, ENOMEM, "vCPU %u", id);
	}
	p->c->vm = &m->vm;
	p->c->id = id;
	m->vm.vcpu[id] = p->c;
	lapic_init(&p->lapic, cpuid_apic_id(&m->cpuid, id), id == 0, m->cpuid.phys_bits, &m->apics,
	    &m->clock.c, &cpu_lapic_ops, p);
	rc = engines_init(p->c, e);
	if (rc) {
		munmap(p->c, vcpu_size(&m->vm));
		free(p->signal_stack);
		p->c = NULL;
	}
	return rc;
}

void
cpu_fini(struct cpu *p)
{
	if (!p->c)
		return;
	if (p->c->vm->second != p->c->vm->engine)
		p->c->vm->second->vcpu_fini(p->c);
	p->c->vm->engine->vcpu_fini(p->c);
	munmap(p->c, vcpu_size(&p->m->vm));
	free(p->signal_stack);
	free(p->sample);
}

int
cpu_start(struct cpu *p, struct err *e)
{
	pthread_attr_t attr;
	sigset_t all;
	sigset_t old;
	int rc;

	rc = pthread_attr_init(&attr);
	if (!rc)
		rc = affinity_attr(&p->m->affinity, p->c->id, &attr);
	if (rc)
		return err_set_sys(e, rc, "vCPU %u", p->c->id);
	/* Born with everything blocked: setup_signals() opens what it wants. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&p->thread, &attr, vcpu_thread, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return rc ? err_set_sys(e, rc, "vCPU %u: cannot start its thread",
	    p->c->id) : 0;
}
