/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks, put in place of real functions by the linker's --wrap. */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "monitor/vcpu.h"
#include "tests/evil/traitor.h"

static char who[32], what[32];
static long nr;
static unsigned long args[6];
static int pair[2];
static int ram_fd;
static pid_t own_pid;
static void *page;		/* ours, data */
static volatile uintptr_t nowhere = 8;
static _Atomic int done, released;

/* --- deeds -------------------------------------------------------------------- */

static void *
code_page(void)
{
	return (void *)((uintptr_t)&code_page & PAGE_MASK);
}

static pid_t
getppid_quiet(void)
{
	return 1;
}

static int
run(void *p)
{
	*(uint8_t *)p = 0xc3;
	((void (*)(void))p)();
	return 0;
}

static long
int80(long n)
{
	long rc;

	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(n) : "memory");
	return rc;
}

/* #SS, which is SIGBUS. */
static int
stack_fault(void)
{
	__asm__ volatile("push %%rbp; movabs $0x8000000000000000, %%rbp\n"
	    "mov (%%rbp), %%rax; pop %%rbp" : : : "rax", "memory");
	return 0;
}

static int
divide(int by)
{
	int q = 1;

	__asm__ volatile("cltd; idivl %1" : "+a"(q) : "r"(by) : "rdx");
	return q;
}

/* Long enough to be stopped in it: a call that begins anew, differently. */
static void
wait_in_poll(void)
{
	poll(NULL, 0, 1500);
}

static void
do_deed(void)
{
#define DEED(name, sig, code) \
	if (!strcmp(what, name)) \
		(void)!(code);
	TRAITOR_DEEDS(DEED)
#undef DEED
	if (!strcmp(what, "poll"))
		wait_in_poll();
	if (!strcmp(what, "call"))
		syscall(nr, args[0], args[1], args[2], args[3], args[4],
		    args[5]);
	__builtin_trap();
}

/* Threads of a class come by; the first one does it. */
static void
pass(const char *class)
{
	if (!strcmp(class, who) && !atomic_exchange(&done, 1))
		do_deed();
}

/* --- hooks ----------------------------------------------------------------------- */

int __real_machine_start(struct machine *m, struct err *e);
int __wrap_machine_start(struct machine *m, struct err *e);
void __real_machine_release(struct machine *m, uint32_t why);
void __wrap_machine_release(struct machine *m, uint32_t why);
void __real_cpu_arm_timer(struct cpu *p);
void __wrap_cpu_arm_timer(struct cpu *p);
bool __real_console_file_pending(const struct console *k, unsigned n);
bool __wrap_console_file_pending(const struct console *k, unsigned n);

/* The plan, while everything may be done still. */
int
__wrap_machine_start(struct machine *m, struct err *e)
{
	if (sscanf(m->cfg.cmdline, "%31s %31s %lx %lx %lx %lx %lx %lx %lx",
	    who, what, (unsigned long *)&nr, &args[0], &args[1], &args[2],
	    &args[3], &args[4], &args[5]) < 2)
		return err_set(e, ERR_INVALID_ARG, "traitor: no plan");
	ram_fd = m->vm.mem.fd;
	own_pid = getpid();
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0);
	return __real_machine_start(m, e);
}

/* The loop thread lets the guest go. */
void
__wrap_machine_release(struct machine *m, uint32_t why)
{
	pass("loop");
	atomic_store(&released, 1);
	__real_machine_release(m, why);
}

/* A vCPU's thread has passed the gate. */
void
__wrap_cpu_arm_timer(struct cpu *p)
{
	pass(p->m->vm.engine == &engine_bt ? "bt" : "interp");
	__real_cpu_arm_timer(p);
}

/* The file writer looks for work. */
bool
__wrap_console_file_pending(const struct console *k, unsigned n)
{
	if (atomic_load(&released))
		pass("files");
	return __real_console_file_pending(k, n);
}
