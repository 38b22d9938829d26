/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last word of a monitor that a fault of its own or BUG_ON() ends: reason,
 * place, and where the vCPUs were, into the report.  First what is sure, then,
 * in the other slot, what has to be looked for: a second fault on the way
 * leaves the first.  Async-signal-safe: no allocation, no lock, no stdio.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "modes/x86/hostfault.h"
#include "monitor/monitor.h"
#include "monitor/vcpu.h"

struct line {
	char s[4096];
	size_t n;
};

/* Handlers have no context; there is one VM in a process. */
static struct monitor *dying;
static _Atomic bool begun;

static void
put_text(struct line *l, const char *s)
{
	while (*s && l->n < sizeof(l->s))
		l->s[l->n++] = *s++;
}

static void
put_hex(struct line *l, uint64_t v)
{
	char digits[17];
	size_t n = sizeof(digits) - 1;

	digits[n] = '\0';
	do {
		digits[--n] = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v);
	put_text(l, "0x");
	put_text(l, digits + n);
}

static void
put_number(struct line *l, uint64_t v)
{
	char digits[21];
	size_t n = sizeof(digits) - 1;

	digits[n] = '\0';
	do {
		digits[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	put_text(l, digits + n);
}

static void
put_hex_field(struct line *l, const char *name, uint64_t v)
{
	put_text(l, " ");
	put_text(l, name);
	put_text(l, "=");
	put_hex(l, v);
}

/* What the signal says. */
static void
put_cause(struct line *l, int sig, const siginfo_t *si, const ucontext_t *uc)
{
	const greg_t *g = uc->uc_mcontext.gregs;

	put_text(l, "state=crashed\nreason=");
	put_text(l, sig == SIGABRT ? "bug" : "fault");
	put_text(l, "\ndetail=the monitor ");
	if (sig == SIGABRT && bug_last()[0]) {
		put_text(l, "found a bug of its own at ");
		put_text(l, bug_last());
	} else {
		put_text(l, "got signal ");
		put_number(l, (uint64_t)sig);
		put_text(l, ", address ");
		put_hex(l, (uint64_t)(uintptr_t)si->si_addr);
	}
	put_text(l, "\nhost=");
	put_hex_field(l, "rip", (uint64_t)g[REG_RIP]);
	put_hex_field(l, "rsp", (uint64_t)g[REG_RSP]);
	put_hex_field(l, "rax", (uint64_t)g[REG_RAX]);
	put_hex_field(l, "rbx", (uint64_t)g[REG_RBX]);
	put_hex_field(l, "rcx", (uint64_t)g[REG_RCX]);
	put_hex_field(l, "rdx", (uint64_t)g[REG_RDX]);
	put_text(l, "\nsignal=");
	put_number(l, (uint64_t)sig);
	put_text(l, "\nseq=");
	put_number(l, dying->events.last);
	put_text(l, "\n");
}

/* Where the vCPUs were when somebody last looked. */
static void
put_vcpus(struct line *l)
{
	const struct vm *vm = &dying->m->vm;

	for (unsigned i = 0; i < vm->n_vcpus; i++) {
		const struct cpu_state *s = &vm->vcpu[i]->s;

		put_text(l, "vcpu");
		put_number(l, i);
		put_text(l, "=");
		put_hex_field(l, "cs", s->seg[SEG_CS].selector);
		put_hex_field(l, "rip", s->rip);
		put_hex_field(l, "rsp", s->gpr[RSP]);
		put_hex_field(l, "rflags", s->rflags);
		put_hex_field(l, "cr0", s->cr0);
		put_hex_field(l, "cr2", s->cr2);
		put_hex_field(l, "cr3", s->cr3);
		put_hex_field(l, "cr4", s->cr4);
		put_hex_field(l, "efer", s->efer);
		put_text(l, "\n");
	}
}

static bool
last_word(int sig, siginfo_t *si, ucontext_t *uc)
{
	static struct line l;

	if (!dying || atomic_exchange(&begun, true))
		return false;
	put_cause(&l, sig, si, uc);
	(void)report_put(&dying->report, l.s, l.n);
	if (dying->m)
		put_vcpus(&l);
	(void)report_last(&dying->report, l.s, l.n);
	/*
	 * One that was sent, not caused, does not come again by itself; and in
	 * a process id namespace of its own the first process dies of nothing
	 * that it could send itself.
	 */
	if (sig != SIGABRT && si->si_code <= 0)
		__builtin_trap();
	return false;
}

static void
on_signal(int sig, siginfo_t *si, void *uc)
{
	(void)last_word(sig, si, uc);
	/* Not blocked any more, and back to its default action. */
	raise(SIGABRT);
	__builtin_trap();
}

int
crash_watch(struct monitor *mon, struct err *e)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags =
	    SA_SIGINFO | SA_ONSTACK | SA_NODEFER | (int)SA_RESETHAND };

	dying = mon;
	if (sigaction(SIGABRT, &sa, NULL))
		return err_set_sys(e, errno,
		    "monitor: cannot watch its own faults");
	return hostfault_otherwise(last_word, e);
}
