/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that each class of a monitor's threads may make once the
 * guest runs.  Everything else ends the process.
 *
 * A rule is here because a run of the tests was seen to need it, and
 * tests/seccomp/rules.sh fails when none does any more.  No rule opens or
 * names a file, reaches a network, starts a process or a thread, or makes
 * memory executable: what needs that is done before (or comes as descriptor).
 */
#include <asm/prctl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "monitor/jail.h"

#define EQ(arg, value) { PIN_EQUALS, arg, value }
#define WITHOUT(arg, bits) { PIN_WITHOUT, arg, bits }
#define ANY { { PIN_NONE, 0, 0 } }
#define OWN_PID(arg) { PIN_OWN_PID, arg, 0 }

/*
 * Before the guest runs a thread makes memory, descriptors and other threads,
 * and reads images from who knows where.  It has no business with names,
 * networks, programs or other processes.
 */
static const struct seccomp_rule setup_rules[] = {
	/* files by name */
	{ SYS_open, ANY }, { SYS_openat, ANY }, { SYS_openat2, ANY },
	{ SYS_creat, ANY }, { SYS_open_by_handle_at, ANY },
	{ SYS_mkdir, ANY }, { SYS_mkdirat, ANY }, { SYS_mknod, ANY },
	{ SYS_mknodat, ANY }, { SYS_link, ANY }, { SYS_linkat, ANY },
	{ SYS_symlink, ANY }, { SYS_symlinkat, ANY }, { SYS_unlink, ANY },
	{ SYS_unlinkat, ANY }, { SYS_rename, ANY }, { SYS_renameat, ANY },
	{ SYS_renameat2, ANY }, { SYS_truncate, ANY }, { SYS_chdir, ANY },
	{ SYS_fchdir, ANY }, { SYS_chroot, ANY }, { SYS_pivot_root, ANY },
	{ SYS_mount, ANY }, { SYS_umount2, ANY },
	/* networks */
	{ SYS_socket, ANY }, { SYS_connect, ANY }, { SYS_bind, ANY },
	{ SYS_listen, ANY },
	/* programs; threads are made by clone */
	{ SYS_execve, ANY }, { SYS_execveat, ANY }, { SYS_fork, ANY },
	{ SYS_vfork, ANY },
	/* others */
	{ SYS_ptrace, ANY }, { SYS_process_vm_readv, ANY },
	{ SYS_process_vm_writev, ANY }, { SYS_kill, ANY },
	{ SYS_tkill, ANY }, { SYS_rt_sigqueueinfo, ANY },
	{ SYS_pidfd_open, ANY }, { SYS_pidfd_getfd, ANY },
	{ SYS_pidfd_send_signal, ANY }, { SYS_setns, ANY },
	{ SYS_unshare, ANY },
	/* much kernel behind one number */
	{ SYS_bpf, ANY }, { SYS_io_uring_setup, ANY },
	{ SYS_userfaultfd, ANY }, { SYS_perf_event_open, ANY },
	{ SYS_keyctl, ANY }, { SYS_add_key, ANY }, { SYS_request_key, ANY },
};

const struct seccomp_class jail_setup = { "setup", setup_rules,
    ARRAY_LEN(setup_rules), true };

/* Mutexes and conditions of the C library, and our own futexes. */
#define FUTEX_RULES \
	{ SYS_futex, { EQ(1, FUTEX_WAIT_PRIVATE) } }, \
	{ SYS_futex, { EQ(1, FUTEX_WAKE_PRIVATE) } }, \
	{ SYS_futex, { EQ(1, FUTEX_WAIT_BITSET_PRIVATE | \
	    FUTEX_CLOCK_REALTIME) } }

/* The C library gives the stack back. */
#define THREAD_END_RULES \
	{ SYS_madvise, { EQ(2, MADV_DONTNEED) } }, \
	{ SYS_exit, ANY }

/* BUG_ON() aborts. */
#define ABORT_RULES \
	{ SYS_rt_sigprocmask, ANY }, \
	{ SYS_getpid, ANY }, \
	{ SYS_gettid, ANY }, \
	{ SYS_tgkill, { OWN_PID(0), EQ(2, SIGABRT) } }

/* The fault handler gives up: the next time it is the end. */
#define DEATH_RULES \
	{ SYS_rt_sigaction, { EQ(0, SIGSEGV) } }, \
	{ SYS_rt_sigaction, { EQ(0, SIGBUS) } }, \
	{ SYS_rt_sigaction, { EQ(0, SIGFPE) } }, \
	{ SYS_rt_sigaction, { EQ(0, SIGILL) } }, \
	ABORT_RULES

static const struct seccomp_rule loop_rules[] = {
	/* libev's loop: descriptors that come and go */
	{ SYS_epoll_wait, ANY },
	{ SYS_epoll_ctl, ANY },
	/* ... and a signal's handler that ends (SIGTERM) */
	{ SYS_rt_sigreturn, ANY },
	/* device timers, wake-ups, logs and serial ports in files */
	{ SYS_timerfd_settime, ANY },
	{ SYS_read, ANY },
	{ SYS_write, ANY },
	/* control connections: packets with descriptors */
	{ SYS_accept4, { EQ(3, SOCK_CLOEXEC | SOCK_NONBLOCK) } },
	{ SYS_recvmsg, ANY },
	{ SYS_sendmsg, ANY },
	{ SYS_close, ANY },
	/* a debugger's connection */
	{ SYS_accept4, { EQ(3, SOCK_CLOEXEC) } },
	{ SYS_setsockopt, { EQ(1, SOL_SOCKET), EQ(2, SO_SNDTIMEO) } },
	/* consoles: a pair per viewer, bytes, has it gone */
	{ SYS_socketpair, { EQ(0, AF_UNIX), EQ(1, SOCK_STREAM |
	    SOCK_CLOEXEC), EQ(2, 0) } },
	{ SYS_recvfrom, ANY },
	{ SYS_sendto, ANY },
	{ SYS_poll, ANY },
	/* ... which goes on so after SIGSTOP and SIGCONT */
	{ SYS_restart_syscall, ANY },
	/* reset reads kernel and initrd once more */
	{ SYS_pread64, ANY },
	/* the report, at each change of the state */
	{ SYS_pwrite64, ANY },
	{ SYS_exit_group, ANY },
	/* malloc */
	{ SYS_brk, ANY },
	{ SYS_mmap, { WITHOUT(2, PROT_EXEC), EQ(3, MAP_PRIVATE |
	    MAP_ANONYMOUS), EQ(4, UINT32_MAX) } },
	{ SYS_munmap, ANY },
	/* ... and qsort(), which asks how much there is */
	{ SYS_sysinfo, ANY },
	/* the profile's timers; the processor time of a vCPU's thread */
	{ SYS_timer_create, { EQ(0, CLOCK_MONOTONIC) } },
	{ SYS_timer_settime, ANY },
	{ SYS_timer_delete, ANY },
	{ SYS_clock_gettime, ANY },
	/* the end of a vCPU's thread: waiting for it */
	{ SYS_futex, { EQ(1, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME) } },
	FUTEX_RULES,
	DEATH_RULES,
};

/* A vCPU's thread, whatever runs in it. */
#define VCPU_RULES \
	/* the local APIC's timer, and its signal's handler */ \
	{ SYS_timer_settime, ANY }, \
	{ SYS_rt_sigreturn, ANY }, \
	/* device timers; the loop's eventfd, logs, serial ports in files */ \
	{ SYS_timerfd_settime, ANY }, \
	{ SYS_write, ANY }, \
	/* faults of guest code are handled on a stack of their own */ \
	{ SYS_sigaltstack, ANY }, \
	/* the report, from a handler that ends the process */ \
	{ SYS_pwrite64, ANY }, \
	/* the end: its timer, the processor time it has used */ \
	{ SYS_timer_delete, ANY }, \
	{ SYS_clock_gettime, ANY }, \
	THREAD_END_RULES, \
	FUTEX_RULES, \
	DEATH_RULES

static const struct seccomp_rule bt_rules[] = {
	VCPU_RULES,
	/* code was freed: no CPU may have fetched some of it */
	{ SYS_membarrier, {
	    EQ(0, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE) } },
	/* the TLB in use, where WRGSBASE is not to be had */
	{ SYS_arch_prctl, { EQ(0, ARCH_SET_GS) } },
};

static const struct seccomp_rule interp_rules[] = {
	VCPU_RULES,
};

/* Who writes the consoles' files, and keeps them small: logger.c. */
static const struct seccomp_rule files_rules[] = {
	/* regular files: where they end, what is new, the newer half moved */
	{ SYS_lseek, { EQ(2, SEEK_END) } },
	{ SYS_pwrite64, ANY },
	{ SYS_pread64, ANY },
	{ SYS_ftruncate, ANY },
	/* pipes and terminals, and our own log */
	{ SYS_write, ANY },
	/* a pipe that is full is tried again later */
	{ SYS_futex, { EQ(1, FUTEX_WAIT_BITSET_PRIVATE) } },
	FUTEX_RULES,
	THREAD_END_RULES,
	/* it takes no signal, faults are its end at once */
	ABORT_RULES,
};

const struct seccomp_class jail_class[JAIL_CLASSES] = {
	[JAIL_LOOP] = { "loop", loop_rules, ARRAY_LEN(loop_rules), false },
	[JAIL_BT] = { "bt", bt_rules, ARRAY_LEN(bt_rules), false },
	[JAIL_INTERP] = { "interp", interp_rules, ARRAY_LEN(interp_rules),
	    false },
	[JAIL_FILES] = { "files", files_rules, ARRAY_LEN(files_rules), false },
};
