/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host faults that guest code causes: engines of ours let the host's own
 * instructions find #DE, #MF, #XM and some #GP.  One process-wide handler for
 * SIGFPE, SIGILL, SIGSEGV and SIGBUS asks the registered engines whether the
 * host PC is theirs; if none says so the signal takes its default action.
 *
 * Sequence: hostfault_register() at vm_init; per vCPU hostfault_stack_init(),
 * around each run() on the owning thread hostfault_stack_enter()/_leave(),
 * hostfault_stack_fini() at the end.
 */
#ifndef TRIVISOR_MODES_X86_HOSTFAULT_H
#define TRIVISOR_MODES_X86_HOSTFAULT_H

#include <signal.h>
#include <ucontext.h>

#include "base/base.h"
#include "base/err.h"

/*
 * In signal context, on the alternate stack.  True: *uc has been changed so
 * that returning from the signal goes on properly.  The hardware's exception
 * vector is in uc->uc_mcontext.gregs[REG_TRAPNO].
 */
typedef bool hostfault_fn(int sig, siginfo_t *si, ucontext_t *uc);

#define HOSTFAULT_MAX 4

/* Handlers begin so: the kernel leaves the interrupted code's AC set. */
static inline void
hostfault_clear_ac(void)
{
	/* Mind the red zone. */
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushf\n\t"
	    "andl $~0x40000, (%%rsp)\n\tpopf\n\tlea 128(%%rsp), %%rsp"
	    : : : "memory", "cc");
}

/*
 * Install the handlers (again, should a library have taken the signals) and
 * add fn, once however often it is asked.
 */
MUST_USE int hostfault_register(hostfault_fn *fn, struct err *e);
/*
 * Whom to tell of a fault that is nobody's, just before it ends the process.
 * Its return value does not matter.
 */
MUST_USE int hostfault_otherwise(hostfault_fn *fn, struct err *e);

/* An alternate signal stack for one vCPU thread, with a guard page. */
struct hostfault_stack {
	void *map;		/* owned */
	size_t size;		/* of the mapping */
	stack_t before;		/* what the thread had */
};

MUST_USE int hostfault_stack_init(struct hostfault_stack *s, struct err *e);
void hostfault_stack_fini(struct hostfault_stack *s);
/* Owning thread, while its vector registers are its own. */
void hostfault_stack_enter(struct hostfault_stack *s);
void hostfault_stack_leave(struct hostfault_stack *s);

#endif
