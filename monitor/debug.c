/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a vCPU under the debugger's eyes: instruction by instruction through
 * the stepping engine, looking for breakpoints in between.  Slow, but the same
 * for every engine, and the guest's memory and debug registers stay its own.
 *
 * Compiled vector-free: the guest's vectors stay in the host's registers from
 * one instruction to the next.
 */
#include "modes/x86/fpu.h"
#include "modes/x86/x86.h"
#include "monitor/vcpu.h"

static bool
at_breakpoint(const struct machine *m, const struct vcpu *c)
{
	gva_t at = c->s.rip;

	/* Outside of 64-bit mode CS has a base. */
	if (!x86_code64(c))
		at = (uint32_t)(at + c->s.seg[SEG_CS].base);
	for (unsigned i = 0; i < m->n_breakpoints; i++)
		if (m->breakpoint[i] == at)
			return true;
	return false;
}

/* So many instructions until somebody must look again. */
static unsigned
stride(const struct cpu *p)
{
	uint64_t stop = p->m->cfg.stop_after;

	if (p->step_once || p->m->n_breakpoints)
		return 1;
	return stop > p->watched ? (unsigned)MIN(stop - p->watched, 256) : 1;
}

/* What ends the watch, as run() would have reported it; -1 to go on. */
static int
one_step(struct cpu *p)
{
	struct vcpu *c = p->c;
	const struct engine_ops *e = c->vm->second;
	int done;

	if (atomic_load(&p->m->holds) || atomic_load(&p->signals)) {
		atomic_store(&c->kicked, 0);
		return EXIT_KICKED;
	}
	if (x86_take_events(c) < 0)
		return EXIT_SHUTDOWN;
	if (c->s.activity == ACT_HALTED)
		return EXIT_HALT;
	done = e->step(c, stride(p));
	if (done < 0)
		return EXIT_SHUTDOWN;
	p->watched += (unsigned)done;
	if (p->m->cfg.stop_after && p->watched >= p->m->cfg.stop_after)
		return EXIT_KICKED;
	if (p->step_once || at_breakpoint(p->m, c))
		return EXIT_DEBUG;
	return -1;
}

void
debug_run(struct cpu *p, struct vcpu_exit *x)
{
	int why;

	x86_fpu_load(p->c);
	do
		why = one_step(p);
	while (why < 0);
	x86_fpu_save(p->c);
	x->reason = (enum vcpu_exit_reason)why;
}
