/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process's one handler for faults of host instructions, and the stacks it
 * runs on.  The kernel's frame holds the whole vector state, so stacks are
 * sized from AT_MINSIGSTKSZ.
 */
#include "modes/x86/hostfault.h"

#include <errno.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

#define HANDLER_STACK (32u << 10)	/* beside the kernel's frame */

/* Written under lock, before the engine that registers runs guest code. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static hostfault_fn *registered[HOSTFAULT_MAX];
static hostfault_fn *otherwise;

static const int signals[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS };

static void
on_fault(int sig, siginfo_t *si, void *uc)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	hostfault_fn *last;

	hostfault_clear_ac();
	for (unsigned n = 0; n < HOSTFAULT_MAX; n++) {
		hostfault_fn *fn = __atomic_load_n(&registered[n],
		    __ATOMIC_ACQUIRE);

		if (fn && fn(sig, si, uc))
			return;
	}
	last = __atomic_load_n(&otherwise, __ATOMIC_ACQUIRE);
	if (last)
		(void)last(sig, si, uc);
	/* Nobody's: let it happen again and end the process properly. */
	sigaction(sig, &dfl, NULL);
}

static int
install(struct err *e)
{
	struct sigaction sa = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};

	sigemptyset(&sa.sa_mask);
	for (unsigned n = 0; n < ARRAY_LEN(signals); n++)
		if (sigaction(signals[n], &sa, NULL))
			return err_set_sys(e, errno,
			    "engine: cannot install a fault handler");
	return 0;
}

int
hostfault_register(hostfault_fn *fn, struct err *e)
{
	unsigned n;
	int rc = 0;

	pthread_mutex_lock(&lock);
	for (n = 0; n < HOSTFAULT_MAX && registered[n]; n++)
		if (registered[n] == fn)
			break;
	if (n == HOSTFAULT_MAX) {
		rc = err_set(e, ERR_INTERNAL,
		    "engine: too many fault handlers");
		goto out;
	}
	rc = install(e);
	if (!rc)
		__atomic_store_n(&registered[n], fn, __ATOMIC_RELEASE);
out:
	pthread_mutex_unlock(&lock);
	return rc;
}

int
hostfault_otherwise(hostfault_fn *fn, struct err *e)
{
	__atomic_store_n(&otherwise, fn, __ATOMIC_RELEASE);
	return install(e);
}

int
hostfault_stack_init(struct hostfault_stack *s, struct err *e)
{
	size_t frame = getauxval(AT_MINSIGSTKSZ);

	if (frame < (size_t)MINSIGSTKSZ)
		frame = MINSIGSTKSZ;
	*s = (struct hostfault_stack){
		.size = PAGE_SIZE + align_up(frame + HANDLER_STACK, PAGE_SIZE),
	};
	s->map = mmap(NULL, s->size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->map == MAP_FAILED || mprotect(s->map, PAGE_SIZE, PROT_NONE)) {
		int sys = errno;

		hostfault_stack_fini(s);
		return err_set_sys(e, sys,
		    "engine: cannot allocate a signal stack");
	}
	return 0;
}

void
hostfault_stack_fini(struct hostfault_stack *s)
{
	if (s->map && s->map != MAP_FAILED)
		munmap(s->map, s->size);
	s->map = NULL;
}

void
hostfault_stack_enter(struct hostfault_stack *s)
{
	stack_t ss = {
		.ss_sp = (char *)s->map + PAGE_SIZE,
		.ss_size = s->size - PAGE_SIZE,
	};

	BUG_ON(sigaltstack(&ss, &s->before));
}

void
hostfault_stack_leave(struct hostfault_stack *s)
{
	BUG_ON(sigaltstack(&s->before, NULL));
}
