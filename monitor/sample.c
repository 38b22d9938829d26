/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profile's signal handler.  As in irq.c it comes anywhere: vector-free,
 * no thread-local storage, no libc.
 */
#include <ucontext.h>

#include "modes/x86/hostfault.h"
#include "monitor/vcpu.h"

static const char *
outside(const struct cpu *p)
{
	return atomic_load(&p->sleeping) || atomic_load(&p->m->holds) ?
	    "idle" : "monitor";
}

void
cpu_profile_signal(int sig, siginfo_t *si, void *context)
{
	const ucontext_t *uc = context;
	struct cpu *p = si->si_value.sival_ptr;
	struct engine_where w = { .part = NULL };
	uint32_t n = atomic_load(&p->n_samples);
	struct sample *s = &p->sample[n];

	hostfault_clear_ac();
	if (n == MAX_SAMPLES)
		return;
	p->m->vm.engine->where(p->c,
	    (const uint8_t *)(uintptr_t)uc->uc_mcontext.gregs[REG_RIP], &w);
	s->rip = w.rip;
	s->offset = w.offset;
	s->cpl = w.cpl;
	s->part = w.in_code ? NULL : w.part ? w.part : outside(p);
	/* The sample is whole before it counts. */
	atomic_store(&p->n_samples, n + 1);
}
