/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Monitors that turn against their host (traitor.h), one process per deed and
 * class of threads: everything but what the tables allow is their end.
 *
 *	traitor_test [--all | --deaths]
 *
 * --all: every system call number, twice, from every class; else beside the
 * deeds every 32nd number, other ones for each class.  --deaths: only what is
 * allowed to each, dying.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "monitor/jail.h"
#include "tests/evil/traitor.h"
#include "tests/tools/bpf.h"
#include "tests/tools/testvm.h"
#include "tests/unit/monitor_guests.h"

#define WORKERS 4
#define CALLS 512
#define LOAD 0x100000u

static const struct {
	const char *name;
	int sig;
} deeds[] = {
#define DEED(name, sig, code) { name, sig },
	TRAITOR_DEEDS(DEED)
#undef DEED
};

static const char *program = "tests/evil/traitor";

/* A multiboot image that says "up" and spins. */
static int
guest_image(void)
{
	uint32_t h[8] = { 0x1badb002, 0x10000, 0, LOAD, LOAD, 0, 0,
		LOAD + sizeof(h) };
	size_t n = (size_t)(guest_spin_end - guest_spin);
	int fd = memfd_create("guest", MFD_CLOEXEC);

	h[2] = 0u - h[0] - h[1];
	if (fd < 0 || write(fd, h, sizeof(h)) != sizeof(h) ||
	    write(fd, guest_spin, n) != (ssize_t)n) {
		perror("traitor_test: guest");
		exit(99);
	}
	return fd;
}

/* The monitor's wait status, or -1. */
static int
run_traitor(const char *class, const char *plan, bool stop_it)
{
	char report[4096];
	struct vm_config cfg;
	struct testvm t;
	struct err e = { 0 };
	int status;

	vm_config_init(&cfg);
	vm_uuid_new(cfg.uuid);
	strcpy(cfg.name, "traitor");
	strcpy(cfg.kernel_name, "guest");
	cfg.mode = VM_MODE_BT;
	cfg.memory = 2 << 20;
	cfg.code_cache = 1 << 20;
	if (!strcmp(class, "interp"))
		cfg.engine = VM_ENGINE_INTERP;
	snprintf(cfg.cmdline, sizeof(cfg.cmdline), "%s %s", class, plan);
	cfg.kernel_fd = guest_image();
	cfg.log_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	cfg.serial_fd[0] = memfd_create("serial", MFD_CLOEXEC);
	if (testvm_start(&t, program, &cfg, &e)) {
		fprintf(stderr, "traitor_test: %s %s: %s\n", class, plan,
		    e.msg);
		return -1;
	}
	if (stop_it) {
		usleep(300000);
		kill(t.pid, SIGSTOP);
		usleep(100000);
		kill(t.pid, SIGCONT);
	}
	status = testvm_wait(&t, report, sizeof(report));
	testvm_stop(&t);
	return status;
}

static bool
expect(const char *class, const char *plan, int sig)
{
	int status = run_traitor(class, plan, !strcmp(plan, "poll"));

	if (WIFSIGNALED(status) && WTERMSIG(status) == sig)
		return true;
	printf("FAILED: class %s: %s: wait status 0x%x, should be %s\n",
	    class, plan, status, strsignal(sig));
	return false;
}

/* A call that returns ends with the traitor's SIGILL. */
static bool
expect_call(int k, int nr, uint64_t arg)
{
	static const int ends[] = { SYS_exit, SYS_exit_group,
	    SYS_rt_sigreturn };
	uint64_t args[6] = { arg, arg, arg, arg, arg, arg };
	const struct seccomp_class *c = &jail_class[k];
	bool allowed = class_allows(c, nr, args, -2) >= 0;
	char plan[160];

	/* The first two are no news; the kernel keeps the others for itself. */
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (allowed && nr == ends[i])
			return true;
	if (nr == 335 || nr == 336)
		return true;
	snprintf(plan, sizeof(plan), "call %x %lx %lx %lx %lx %lx %lx",
	    (unsigned)nr, arg, arg, arg, arg, arg, arg);
	return expect(c->name, plan, allowed ? SIGILL : SIGSYS);
}

/* What is left of the queue, shared by the workers. */
struct queue {
	_Atomic unsigned next;
	_Atomic unsigned failed;
	_Atomic unsigned skipped;
};

static void
work(struct queue *q, unsigned step)
{
	unsigned per_class = ARRAY_LEN(deeds) + (step ? 2 * CALLS / step : 0);
	unsigned n;

	while ((n = atomic_fetch_add(&q->next, 1)) <
	    per_class * JAIL_CLASSES) {
		int k = (int)(n / per_class);
		unsigned i = n % per_class;
		bool ok;

		if (i < ARRAY_LEN(deeds)) {
			if (!step && deeds[i].sig == SIGSYS) {
				atomic_fetch_add(&q->skipped, 1);
				continue;
			}
			ok = expect(jail_class[k].name, deeds[i].name,
			    deeds[i].sig);
		} else {
			i -= ARRAY_LEN(deeds);
			ok = expect_call(k, (int)(i / 2 * step +
			    (unsigned)k % step), i & 1 ? UINT64_MAX : 0);
		}
		if (!ok)
			atomic_fetch_add(&q->failed, 1);
	}
}

int
main(int argc, char **argv)
{
	bool all = argc == 2 && !strcmp(argv[1], "--all");
	bool none = argc == 2 && !strcmp(argv[1], "--deaths");
	struct queue *q = mmap(NULL, sizeof(*q), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ns_t start = clock_now(&clock_host);

	if (q == MAP_FAILED || (argc != 1 && !all && !none))
		return 99;
	/* Not one per deed: stopped and continued in the middle of a call. */
	if (!expect("loop", "poll", SIGILL))
		q->failed++;
	fflush(stdout);
	for (int i = 0; i < WORKERS; i++) {
		pid_t pid = fork();

		if (!pid) {
			work(q, all ? 1 : none ? 0 : 32);
			exit(0);
		}
		if (pid < 0)
			q->failed++;
	}
	while (wait(NULL) > 0 || errno == EINTR)
		continue;
	printf("summary: %u traitors, %u not stopped as they should be, "
	    "%.1f s\n", q->next - WORKERS + 1 - q->skipped, q->failed,
	    (double)(clock_now(&clock_host) - start) / NS_PER_SEC);
	return q->failed ? 1 : 0;
}
