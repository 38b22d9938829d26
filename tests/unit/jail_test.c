/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's rules: filters say what the table says, for every call and
 * many arguments; the kernel agrees; and what must never be allowed is not.
 */
#include <errno.h>
#include <linux/audit.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/jail.h"
#include "tests/tools/bpf.h"

#define CALLS 512
#define X32 0x40000000u

struct program {
	struct seccomp_filter *f;
	const void *code;
	size_t n;
};

static struct program
program_of(const struct seccomp_class *c)
{
	struct program p;
	struct err e;

	if (seccomp_build(&p.f, c, &e))
		fail_msg("%s", e.msg);
	p.code = seccomp_code(p.f, &p.n);
	return p;
}

static bool
program_allows(const struct program *p, uint32_t arch, uint32_t nr,
    const uint64_t args[6])
{
	struct seccomp_data d = { .nr = (int)nr, .arch = arch };
	uint32_t rc;

	memcpy(d.args, args, sizeof(d.args));
	rc = bpf_run(p->code, p->n, &d);
	assert_true(rc == SECCOMP_RET_ALLOW || rc == SECCOMP_RET_KILL_PROCESS);
	return rc == SECCOMP_RET_ALLOW;
}

/* --- the program against the table ------------------------------------------ */

static unsigned n_allowed, n_denied;

static void
same_opinion(const struct seccomp_class *c, const struct program *p, int nr,
    const uint64_t args[6])
{
	bool want = class_allows(c, nr, args, getpid()) >= 0;

	if (program_allows(p, AUDIT_ARCH_X86_64, (uint32_t)nr, args) != want)
		fail_msg("class %s: call %d(%#lx, %#lx, %#lx, %#lx, %#lx) "
		    "should be %s", c->name, nr, args[0], args[1], args[2],
		    args[3], args[4], want ? "allowed" : "denied");
	*(want ? &n_allowed : &n_denied) += 1;
	/* The same numbers mean other calls elsewhere: never. */
	assert_false(program_allows(p, AUDIT_ARCH_I386, (uint32_t)nr, args));
	assert_false(program_allows(p, AUDIT_ARCH_X86_64,
	    (uint32_t)nr | X32, args));
}

static void
fill(uint64_t args[6], uint64_t v)
{
	for (int i = 0; i < 6; i++)
		args[i] = v;
}

/* What the rule asks for, then each argument of it spoilt, bit by bit. */
static void
around_rule(const struct seccomp_class *c, const struct program *p,
    const struct seccomp_rule *r, uint64_t other)
{
	uint64_t args[6];

	fill(args, other);
	for (unsigned i = 0; i < SECCOMP_MAX_PINS && r->pin[i].op; i++)
		args[r->pin[i].arg] = r->pin[i].op == PIN_OWN_PID ?
		    (uint64_t)getpid() : r->pin[i].op == PIN_WITHOUT ?
		    other & ~r->pin[i].value : r->pin[i].value;
	assert_true(class_allows(c, r->nr, args, getpid()) >= 0);
	same_opinion(c, p, r->nr, args);
	for (unsigned i = 0; i < SECCOMP_MAX_PINS && r->pin[i].op; i++) {
		uint64_t *a = &args[r->pin[i].arg];

		for (unsigned bit = 0; bit < 64; bit++) {
			*a ^= BIT(bit);
			same_opinion(c, p, r->nr, args);
			*a ^= BIT(bit);
		}
	}
}

static void
filters_say_what_the_table_says(void **state)
{
	for (int k = 0; k < JAIL_CLASSES; k++) {
		const struct seccomp_class *c = &jail_class[k];
		struct program p = program_of(c);

		for (int nr = 0; nr < CALLS; nr++)
			for (int bit = -1; bit < 64; bit++) {
				uint64_t args[6];

				fill(args, bit < 0 ? 0 : BIT(bit));
				same_opinion(c, &p, nr, args);
				fill(args, bit < 0 ? UINT64_MAX : ~BIT(bit));
				same_opinion(c, &p, nr, args);
			}
		for (size_t i = 0; i < c->n; i++) {
			around_rule(c, &p, &c->rules[i], 0);
			around_rule(c, &p, &c->rules[i], UINT64_MAX);
			around_rule(c, &p, &c->rules[i], 0x1234567812345678);
		}
		seccomp_free(p.f);
	}
	assert_true(n_allowed > 1000 && n_denied > 100000);
}

/* --- the kernel -------------------------------------------------------------- */

/* In the child: the call, with arguments that make nothing happen. */
static _Noreturn void
try_call(const struct seccomp_filter *f, int nr, volatile int *returned)
{
	struct rlimit none = { 0, 0 };
	struct err e;

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (seccomp_install(f, &e))
		_exit(9);
	syscall(nr, -1L, -1L, -1L, -1L, -1L, -1L);
	*returned = 1;
	/* One of them is allowed, or ends it all the same. */
	syscall(SYS_exit, 0);
	syscall(SYS_exit_group, 0);
	for (;;)
		__builtin_trap();
}

static bool
kernel_allows(const struct seccomp_filter *f, int nr, volatile int *returned)
{
	pid_t pid;
	int status;

	*returned = 0;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		try_call(f, nr, returned);
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 9);
	return *returned || !WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS;
}

static void
the_kernel_kills_for_every_other_call(void **state)
{
	static const uint64_t ones[6] = { UINT64_MAX, UINT64_MAX, UINT64_MAX,
	    UINT64_MAX, UINT64_MAX, UINT64_MAX };
	volatile int *returned = mmap(NULL, sizeof(int), PROT_READ |
	    PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(returned != MAP_FAILED);
	for (int k = 0; k < JAIL_CLASSES; k++) {
		const struct seccomp_class *c = &jail_class[k];
		struct program p = program_of(c);

		for (int nr = 0; nr < CALLS; nr++) {
			/* pause() is denied, so nothing here waits. */
			bool want = class_allows(c, nr, ones, -2) >= 0;

			/*
			 * uretprobe and uprobe pass every filter since Linux
			 * 6.15, and fail but in the kernel's own trampolines.
			 */
			if (nr == 335 || nr == 336)
				continue;
			if (kernel_allows(p.f, nr, returned) != want)
				fail_msg("class %s: call %d should be %s",
				    c->name, nr, want ? "allowed" : "denied");
		}
		seccomp_free(p.f);
	}
	munmap((void *)(uintptr_t)returned, sizeof(int));
}

/* --- what no list may ever hold ------------------------------------------------ */

static const int never[] = {
	/* files and names */
	SYS_open, SYS_openat, SYS_openat2, SYS_creat, SYS_open_by_handle_at,
	SYS_unlink, SYS_rename, SYS_mkdir, SYS_link, SYS_symlink, SYS_mknod,
	SYS_chmod, SYS_fchmod, SYS_chown, SYS_fchown, SYS_truncate, SYS_stat,
	SYS_readlink, SYS_getdents64, SYS_chdir, SYS_chroot, SYS_mount,
	SYS_pivot_root, SYS_umount2, SYS_dup, SYS_dup2, SYS_dup3,
	/* network */
	SYS_socket, SYS_connect, SYS_bind, SYS_listen,
	/* processes, threads, others */
	SYS_fork, SYS_vfork, SYS_clone, SYS_clone3, SYS_execve, SYS_execveat,
	SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill,
	SYS_tkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
	SYS_pidfd_open, SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_setns,
	SYS_unshare,
	/* executable memory */
	SYS_mprotect, SYS_pkey_mprotect, SYS_mremap, SYS_shmat,
	SYS_remap_file_pages, SYS_memfd_create, SYS_personality,
	SYS_modify_ldt,
	/* rights and limits */
	SYS_setuid, SYS_setgid, SYS_setgroups, SYS_setresuid, SYS_capset,
	SYS_prctl, SYS_seccomp, SYS_setrlimit, SYS_prlimit64,
	/* a large kernel behind one number */
	SYS_ioctl, SYS_fcntl, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
	SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_setup, SYS_io_submit,
	SYS_keyctl, SYS_add_key, SYS_splice, SYS_vmsplice, SYS_init_module,
	SYS_finit_module, SYS_kexec_load, SYS_reboot,
};

static void
nothing_dangerous_is_allowed(void **state)
{
	for (int k = 0; k < JAIL_CLASSES; k++) {
		const struct seccomp_class *c = &jail_class[k];

		for (size_t i = 0; i < c->n; i++) {
			const struct seccomp_rule *r = &c->rules[i];
			uint64_t exec[6] = { 0, 4096, PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS, UINT32_MAX, 0 };

			for (size_t n = 0; n < ARRAY_LEN(never); n++)
				if (r->nr == never[n])
					fail_msg("class %s allows call %d",
					    c->name, r->nr);
			assert_false(rule_allows(r, SYS_mmap, exec, 0));
		}
	}
}

/* Nothing by name, no network, no program, nobody else: from the start. */
static void
set_up_has_its_fence_too(void **state)
{
	static const int needed[] = { SYS_mmap, SYS_mprotect, SYS_mremap,
	    SYS_clone, SYS_clone3, SYS_memfd_create, SYS_prctl, SYS_seccomp,
	    SYS_recvmsg, SYS_pread64, SYS_timerfd_create, SYS_prlimit64 };
	static const uint64_t zeros[6];
	struct program p = program_of(&jail_setup);

	assert_true(jail_setup.forbids);
	for (int nr = 0; nr < CALLS; nr++)
		assert_int_equal(program_allows(&p, AUDIT_ARCH_X86_64,
		    (uint32_t)nr, zeros), class_allows(&jail_setup, nr, zeros,
		    0) < 0);
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		assert_true(program_allows(&p, AUDIT_ARCH_X86_64,
		    (uint32_t)needed[i], zeros));
	assert_false(program_allows(&p, AUDIT_ARCH_I386, SYS_mmap, zeros));
	/* What threads may do later, set-up need not be forbidden. */
	for (int k = 0; k < JAIL_CLASSES; k++)
		for (size_t i = 0; i < jail_class[k].n; i++)
			assert_int_equal(class_allows(&jail_setup,
			    jail_class[k].rules[i].nr, zeros, 0), -1);
	seccomp_free(p.f);
}

/* How a child ends that has begun set-up and then makes that call. */
static int
after_begin(int nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	static const struct vm_config cfg;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		struct rlimit none = { 0, 0 };
		struct sandbox_state seal = { 0 };
		struct err e;

		setrlimit(RLIMIT_CORE, &none);
		if (jail_begin(&seal, &cfg, &e))
			_exit(9);
		syscall(nr, a, b, c, d, -1, 0);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void
set_up_is_fenced_in(void **state)
{
	assert_int_equal(after_begin(SYS_getpid, 0, 0, 0, 0), 0);
	assert_int_equal(after_begin(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS), 0);
	assert_int_equal(after_begin(SYS_openat, 0, 0, 0, 0), SIGSYS);
	assert_int_equal(after_begin(SYS_execve, 0, 0, 0, 0), SIGSYS);
	assert_int_equal(after_begin(SYS_socket, 1, 1, 0, 0), SIGSYS);
}

/* Two rules for the same would hide that one of them is not needed. */
static void
no_rule_covers_another(void **state)
{
	for (int k = 0; k < JAIL_CLASSES; k++) {
		const struct seccomp_class *c = &jail_class[k];

		for (size_t i = 0; i < c->n; i++)
			for (size_t n = 0; n < c->n; n++)
				if (i != n && c->rules[i].nr ==
				    c->rules[n].nr &&
				    (!c->rules[i].pin[0].op ||
				    !memcmp(&c->rules[i], &c->rules[n],
				    sizeof(c->rules[i]))))
					fail_msg("class %s: rules %zu and %zu",
					    c->name, i, n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_say_what_the_table_says),
		cmocka_unit_test(the_kernel_kills_for_every_other_call),
		cmocka_unit_test(nothing_dangerous_is_allowed),
		cmocka_unit_test(set_up_has_its_fence_too),
		cmocka_unit_test(set_up_is_fenced_in),
		cmocka_unit_test(no_rule_covers_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
