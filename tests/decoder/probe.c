/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/decoder/probe.h"

#include <asm/ldt.h>
#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PTRACE_SYSEMU_SINGLESTEP
#define PTRACE_SYSEMU_SINGLESTEP 32
#endif

/* Below 4 GiB, so that the same page serves 32-bit code. */
#define CODE UINT64_C(0x10000000)
#define CODE_SEL16 7		/* LDT entry 0, RPL 3; base is CODE */

enum { SEL_CODE64 = 0x33, SEL_CODE32 = 0x23, SEL_DATA = 0x2b };

/* A 16-bit code segment; some kernels have no LDTs. */
static int
make_segment16(void)
{
	struct user_desc d = {
		.base_addr = CODE, .limit = 0xffff, .contents = 2,
	};

	return syscall(SYS_modify_ldt, 1, &d, sizeof(d)) ? -1 : 0;
}

/* The kernel would miss the C library's area as soon as it is unmapped. */
static void
leave_rseq(void)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	if (__rseq_size)
		syscall(SYS_rseq, area, sizeof(struct rseq),
		    RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
}

static _Noreturn void
child(int memfd, int datafd)
{
	void *p = mmap((void *)CODE, PAGE_SIZE, PROT_READ | PROT_EXEC,
	    MAP_SHARED | MAP_FIXED_NOREPLACE, memfd, 0);
	void *d = mmap((void *)PROBE_DATA, PROBE_DATA_SIZE,
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, datafd,
	    0);
	sigset_t none;
	int k;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (p != (void *)CODE || d != (void *)PROBE_DATA)
		_exit(2);
	/* As a traced process it stops at every signal all the same. */
	for (k = 1; k < 32; k++)
		signal(k, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	leave_rseq();
	if (make_segment16())
		_exit(3);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(4);
	raise(SIGSTOP);
	_exit(5);
}

/* Run one system call in the child, from the code page. */
static int
remote_syscall(struct probe *p, long nr, uint64_t a, uint64_t b)
{
	struct user_regs_struct r;
	int status;

	p->code[0] = 0x0f;
	p->code[1] = 0x05;
	if (ptrace(PTRACE_GETREGS, p->pid, NULL, &r))
		return -1;
	r.rip = CODE;
	r.rax = nr;
	r.orig_rax = -1;
	r.rdi = a;
	r.rsi = b;
	if (ptrace(PTRACE_SETREGS, p->pid, NULL, &r) ||
	    ptrace(PTRACE_SINGLESTEP, p->pid, NULL, NULL) ||
	    waitpid(p->pid, &status, 0) != p->pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_GETREGS, p->pid, NULL, &r))
		return -1;
	return (int64_t)r.rax < 0 ? -1 : 0;
}

/* Unmap all that the child inherited, its stack and vdso as well. */
static int
empty_child(struct probe *p)
{
	unsigned long from, to;
	char path[64], line[512];
	FILE *f;
	int rc = 0;

	snprintf(path, sizeof(path), "/proc/%d/maps", p->pid);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (!rc && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx", &from, &to) != 2 || from == CODE ||
		    from == PROBE_DATA || strstr(line, "[vsyscall]"))
			continue;
		rc = remote_syscall(p, SYS_munmap, from, to - from);
	}
	fclose(f);
	return rc;
}

/* Both on one processor: a switch between two costs several times more. */
static void
stay_here(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Memory of ours that a child can map: the file and our view of it. */
static int
shared(size_t size, uint8_t **view)
{
	int fd = memfd_create("probe", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, size))
		return -1;
	*view = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return *view == MAP_FAILED ? -1 : fd;
}

/* Remember the state that each probe_exec() is to start from. */
static int
save_xstate(struct probe *p)
{
	struct iovec iov = { p->xstate, sizeof(p->xstate) };

	if (ptrace(PTRACE_GETREGSET, p->pid, NT_X86_XSTATE, &iov))
		return -1;
	p->xstate_len = iov.iov_len;
	return 0;
}

static int
restore_xstate(struct probe *p)
{
	struct iovec iov = { p->xstate, p->xstate_len };

	return ptrace(PTRACE_SETREGSET, p->pid, NT_X86_XSTATE, &iov) ? -1 : 0;
}

int
probe_open(struct probe *p)
{
	int memfd, datafd, status;

	memset(p, 0, sizeof(*p));
	memfd = shared(PAGE_SIZE, &p->code);
	datafd = shared(PROBE_DATA_SIZE, &p->data);
	if (memfd < 0 || datafd < 0)
		return -1;
	stay_here();
	p->pid = fork();
	if (p->pid == 0)
		child(memfd, datafd);
	close(memfd);
	close(datafd);
	if (p->pid < 0 || waitpid(p->pid, &status, 0) != p->pid)
		return -1;
	if (!WIFSTOPPED(status)) {
		p->pid = 0;
		errno = EPERM;
		return -1;
	}
	if (empty_child(p) || save_xstate(p)) {
		probe_close(p);
		errno = EPERM;
		return -1;
	}
	p->has_mode[MODE_64] = p->has_mode[MODE_32] = true;
	p->has_mode[MODE_16] = true;
	return 0;
}

void
probe_close(struct probe *p)
{
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	munmap(p->code, PAGE_SIZE);
	munmap(p->data, PROBE_DATA_SIZE);
	p->pid = 0;
}

/* Where ptrace keeps them, in the order of enum gpr. */
static void
gpr_places(struct user_regs_struct *r, unsigned long long *gpr[GPR_COUNT])
{
	unsigned long long *const places[GPR_COUNT] = {
		&r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp,
		&r->rsi, &r->rdi, &r->r8, &r->r9, &r->r10, &r->r11, &r->r12,
		&r->r13, &r->r14, &r->r15,
	};

	memcpy(gpr, places, sizeof(places));
}

/*
 * Every register points to nowhere, in each of its sizes, and far from each
 * other; RFLAGS has only what must be set.
 */
static void
set_registers(struct user_regs_struct *r, enum insn_mode mode, uint64_t rip)
{
	unsigned long long *gpr[GPR_COUNT];
	unsigned k;

	memset(r, 0, sizeof(*r));
	gpr_places(r, gpr);
	for (k = 0; k < GPR_COUNT; k++)
		*gpr[k] = (mode == MODE_64 ? UINT64_C(0x123400000000) : 0) +
		    0x51230000 + 0x1111040 * k;
	r->orig_rax = -1;
	r->eflags = 0x202;
	r->rip = mode == MODE_16 ? rip - CODE : rip;
	r->cs = mode == MODE_64 ? SEL_CODE64 :
	    mode == MODE_32 ? SEL_CODE32 : CODE_SEL16;
	r->ss = r->ds = r->es = SEL_DATA;
}

/* One step from r; r, si and *sig tell where and how it ended. */
static int
step(struct probe *p, struct user_regs_struct *r, siginfo_t *si, int *sig)
{
	int status;

	if (ptrace(PTRACE_SETREGS, p->pid, NULL, r) ||
	    ptrace(PTRACE_SYSEMU_SINGLESTEP, p->pid, NULL, NULL) ||
	    waitpid(p->pid, &status, 0) != p->pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_GETSIGINFO, p->pid, NULL, si) ||
	    ptrace(PTRACE_GETREGS, p->pid, NULL, r))
		return -1;
	*sig = WSTOPSIG(status);
	return 0;
}

enum probe_result
probe_run(struct probe *p, enum insn_mode mode, const uint8_t *bytes,
    unsigned n, int64_t *moved, int *sig)
{
	uint64_t start = CODE + PAGE_SIZE - n, rip;
	struct user_regs_struct r;
	siginfo_t si;

	*moved = 0;
	*sig = 0;
	memcpy(p->code + PAGE_SIZE - n, bytes, n);
	set_registers(&r, mode, start);
	if (step(p, &r, &si, sig))
		return PROBE_ERROR;
	rip = mode == MODE_16 ? r.rip + CODE : r.rip;
	if (*sig == SIGILL)
		return PROBE_UD;
	if (*sig == SIGSEGV && rip == start &&
	    (uint64_t)si.si_addr == CODE + PAGE_SIZE && si.si_code > 0 &&
	    si.si_code != SI_KERNEL)
		return PROBE_MORE;
	*moved = rip - start;
	return PROBE_OK;
}

enum probe_result
probe_exec(struct probe *p, enum insn_mode mode, const uint8_t *bytes,
    unsigned n, const struct probe_regs *in, struct probe_regs *out)
{
	unsigned long long *gpr[GPR_COUNT];
	struct user_regs_struct r;
	siginfo_t si;
	unsigned k;
	int sig;

	memcpy(p->code + PAGE_SIZE - n, bytes, n);
	set_registers(&r, mode, CODE + PAGE_SIZE - n);
	gpr_places(&r, gpr);
	for (k = 0; k < GPR_COUNT; k++)
		*gpr[k] = in->gpr[k];
	r.eflags = in->rflags;
	if (restore_xstate(p) || step(p, &r, &si, &sig))
		return PROBE_ERROR;
	for (k = 0; k < GPR_COUNT; k++)
		out->gpr[k] = *gpr[k];
	out->rflags = r.eflags;
	if (sig == SIGILL)
		return PROBE_UD;
	return sig == SIGTRAP && r.rip == CODE + PAGE_SIZE ? PROBE_OK :
	    PROBE_MORE;
}
