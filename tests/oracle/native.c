/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running sequences on the host's own processor.
 *
 * A forked child maps code and data at the fixed addresses and lives inside a
 * signal handler: each sequence ends in a fault, the kernel's signal frame
 * then holds the complete state at the fault, the handler stores it, writes
 * the next sequence's state into the same frame and returns "to" it.  So one
 * signal and one sigreturn per sequence, no system calls in between, and both
 * the way in (sigreturn) and the way out (the frame) carry every register.
 *
 * The file is compiled without stack protector: sequences run with an FS base
 * of their own, and the handler must not use thread-local storage before it
 * has put the host's back.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/oracle/oracle.h"

/* <sys/auxv.h> brings <elf.h>, whose names are the page walker's too. */
extern unsigned long getauxval(unsigned long type);
#define AUX_HWCAP2 26
#define HWCAP2_FSGSBASE_BIT 2

const uint8_t data_page[DATA_PAGES] = { 0, 1, 3, 4, 6, 7 };

struct native {
	pid_t pid;
	int go, back;		/* pipes; owned */
	struct batch *batch;	/* shared with the child */
};

/* The child's own; it is a process of its own, with one thread. */
static struct {
	struct batch *batch;
	unsigned now, count;
	unsigned stuck;		/* ticks that found the same sequence */
	unsigned used_start, used_len;
	uint8_t *code;		/* writable alias of the code pages */
	uint64_t host_fs, host_gs;
	uint8_t *data[DATA_PAGES];
	ucontext_t home;
	int go, back;
	bool running;
} child;

static inline uint64_t
rdfs(void)
{
	uint64_t v;

	__asm__ volatile("rdfsbase %0" : "=r" (v));
	return v;
}

static inline uint64_t
rdgs(void)
{
	uint64_t v;

	__asm__ volatile("rdgsbase %0" : "=r" (v));
	return v;
}

static inline void
wrfs(uint64_t v)
{
	__asm__ volatile("wrfsbase %0" :: "r" (v) : "memory");
}

static inline void
wrgs(uint64_t v)
{
	__asm__ volatile("wrgsbase %0" :: "r" (v) : "memory");
}

/* The order of gregs in ucontext. */
static const uint8_t greg[GPR_COUNT] = {
	[RAX] = REG_RAX, [RCX] = REG_RCX, [RDX] = REG_RDX, [RBX] = REG_RBX,
	[RSP] = REG_RSP, [RBP] = REG_RBP, [RSI] = REG_RSI, [RDI] = REG_RDI,
	[R8] = REG_R8, [R9] = REG_R9, [R10] = REG_R10, [R11] = REG_R11,
	[R12] = REG_R12, [R13] = REG_R13, [R14] = REG_R14, [R15] = REG_R15,
};

static void
record(ucontext_t *uc, int sig, uint64_t fs, uint64_t gs)
{
	struct result *r = &child.batch->result[child.now];
	const greg_t *g = uc->uc_mcontext.gregs;

	r->vector = (uint32_t)g[REG_TRAPNO];
	r->error = (uint32_t)g[REG_ERR];
	r->cr2 = r->vector == VEC_PF ? (uint64_t)g[REG_CR2] : 0;
	if (sig == SIGVTALRM)
		r->vector = VECTOR_TIMEOUT;
	for (unsigned i = 0; i < GPR_COUNT; i++)
		r->s.gpr[i] = (uint64_t)g[greg[i]];
	r->s.rip = (uint64_t)g[REG_RIP];
	r->s.rflags = (uint64_t)g[REG_EFL];
	r->s.fs_base = fs;
	r->s.gs_base = gs;
	vec_from_xsave(&r->s.v, (uint8_t *)uc->uc_mcontext.fpregs);
	for (unsigned i = 0; i < DATA_PAGES; i++)
		memcpy(r->mem + 4096 * i, child.data[i], 4096);
}

static void
prepare(ucontext_t *uc, uint64_t *fs, uint64_t *gs)
{
	const struct seq *q = &child.batch->seq[child.now];
	greg_t *g = uc->uc_mcontext.gregs;
	uint8_t *x = (uint8_t *)uc->uc_mcontext.fpregs;
	uint8_t keep[48];

	memset(child.code + child.used_start, 0xcc, child.used_len);
	memcpy(child.code + q->start, q->code, q->len);
	child.used_start = q->start;
	child.used_len = q->len;
	for (unsigned i = 0; i < DATA_PAGES; i++)
		memcpy(child.data[i], images[q->image] + 4096 * i, 4096);
	for (unsigned i = 0; i < GPR_COUNT; i++)
		g[greg[i]] = (greg_t)q->init.gpr[i];
	g[REG_RIP] = (greg_t)q->init.rip;
	g[REG_EFL] = (greg_t)q->init.rflags;
	/* The kernel keeps its notes in the area software may use. */
	memcpy(keep, x + 464, sizeof(keep));
	vec_to_xsave(&q->init.v, x);
	memcpy(x + 464, keep, sizeof(keep));
	*fs = q->init.fs_base;
	*gs = q->init.gs_base;
}

/* Out of work: tell the parent, wait for more. */
static bool
next_batch(void)
{
	char ch = 0;
	uint32_t n;

	if (child.count && write(child.back, &ch, 1) != 1)
		return false;
	if (read(child.go, &n, sizeof(n)) != sizeof(n))
		return false;
	child.now = 0;
	child.count = n;
	return true;
}

static void
handler(int sig, siginfo_t *si, void *ctx)
{
	uint64_t fs = rdfs(), gs = rdgs();
	ucontext_t *uc = ctx;

	(void)si;
	/* AC and DF would disturb us; NT and ID, which POPF may have set, would
	 * get into the next sequence: sigreturn leaves them alone. */
	__asm__ volatile("pushfq; andq $~0x244400, (%%rsp); popfq" ::: "cc",
	    "memory");
	wrfs(child.host_fs);
	wrgs(child.host_gs);
	if (sig == SIGVTALRM && (!child.running || ++child.stuck < 3))
		goto resume;
	if (child.running) {
		record(uc, sig, fs, gs);
		atomic_store(&child.batch->done, child.now + 1);
		child.now++;
	}
	child.stuck = 0;
	child.running = true;
	if (child.now == child.count && !next_batch())
		_exit(0);
	prepare(uc, &fs, &gs);
resume:
	wrgs(gs);
	wrfs(fs);
}

static void
set_handlers(void)
{
	static const int sigs[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP,
		SIGVTALRM, SIGUSR1 };
	static uint8_t stack[65536] __attribute__((aligned(64)));
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_sigaction = handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaltstack(&ss, NULL);
	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGVTALRM);
	for (unsigned i = 0; i < ARRAY_LEN(sigs); i++)
		sigaction(sigs[i], &sa, NULL);
}

static void *
map_at(uint64_t va, size_t len, int prot, int fd, off_t off)
{
	void *p = mmap((void *)va, len, prot,
	    MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_POPULATE, fd, off);

	if (p != (void *)va)
		_exit(3);
	return p;
}

static void
child_main(struct native *n, int go, int back)
{
	struct itimerval tick = { { 0, 5000 }, { 0, 5000 } };
	int fd = memfd_create("oracle", MFD_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd < 0 || ftruncate(fd, CODE_BYTES + DATA_BYTES))
		_exit(3);
	child.code = mmap(NULL, CODE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	memset(child.code, 0xcc, CODE_BYTES);
	map_at(CODE_VA, CODE_BYTES, PROT_READ | PROT_EXEC, fd, 0);
	map_at(CODE_VA + TWIN_NEAR, CODE_BYTES, PROT_READ | PROT_EXEC, fd, 0);
	map_at(CODE_VA + TWIN_FAR, CODE_BYTES, PROT_READ | PROT_EXEC, fd, 0);
	for (unsigned i = 0; i < DATA_PAGES; i++) {
		off_t off = CODE_BYTES + 4096 * (off_t)i;
		uint64_t va = DATA_VA + 4096 * (uint64_t)data_page[i];
		int prot;

		/* The read-only page needs a second, writable mapping. */
		if (i == DATA_READONLY) {
			child.data[i] = mmap(NULL, 4096,
			    PROT_READ | PROT_WRITE, MAP_SHARED, fd, off);
			map_at(va, 4096, PROT_READ, fd, off);
		} else {
			child.data[i] = map_at(va, 4096,
			    PROT_READ | PROT_WRITE, fd, off);
		}
		prot = i == DATA_READONLY ? PROT_READ : PROT_READ | PROT_WRITE;
		map_at(va + TWIN_NEAR, 4096, prot, fd, off);
		map_at(va + TWIN_FAR, 4096, prot, fd, off);
	}
	child.batch = n->batch;
	child.go = go;
	child.back = back;
	child.host_fs = rdfs();
	child.host_gs = rdgs();
	set_handlers();
	setitimer(ITIMER_VIRTUAL, &tick, NULL);
	raise(SIGUSR1);
	_exit(4);
}

bool
native_possible(void)
{
	return getauxval(AUX_HWCAP2) & HWCAP2_FSGSBASE_BIT;
}

int
native_start(struct native **np)
{
	struct native *n = calloc(1, sizeof(*n));
	int go[2], back[2];

	if (!n || pipe2(go, O_CLOEXEC) || pipe2(back, O_CLOEXEC))
		return -1;
	n->batch = mmap(NULL, sizeof(*n->batch), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (n->batch == MAP_FAILED)
		return -1;
	fflush(NULL);
	n->pid = fork();
	if (n->pid < 0)
		return -1;
	if (n->pid == 0) {
		close(go[1]);
		close(back[0]);
		child_main(n, go[0], back[1]);
	}
	close(go[0]);
	close(back[1]);
	n->go = go[1];
	n->back = back[0];
	*np = n;
	return 0;
}

struct batch *
native_batch(struct native *n)
{
	return n->batch;
}

int
native_run(struct native *n, unsigned count)
{
	uint32_t c = count;
	char ch;

	atomic_store(&n->batch->done, 0);
	if (write(n->go, &c, sizeof(c)) != sizeof(c))
		return -1;
	return read(n->back, &ch, 1) == 1 ? 0 : -1;
}

void
native_stop(struct native *n)
{
	close(n->go);
	close(n->back);
	waitpid(n->pid, NULL, 0);
	munmap(n->batch, sizeof(*n->batch));
	free(n);
}
