/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A monitor that a guest has taken over: the real one, linked once more with a
 * hook in each class of threads, which does what the kernel's command line
 * says as soon as the guest runs:
 *
 *	CLASS call NR ARG0 ... ARG5	that system call (hexadecimal arguments)
 *	CLASS NAME			a deed of the table
 *
 * If it gets away with it, the process ends with SIGILL.  Never installed, and
 * no part of it is ever linked into the product (tests/check-layers.sh).
 */
#ifndef TRIVISOR_TESTS_EVIL_TRAITOR_H
#define TRIVISOR_TESTS_EVIL_TRAITOR_H

#ifndef TRAITOR
#error "for the test's own programs only"
#endif

#include <signal.h>

/* Name, the signal that ends it, the deed. */
#define TRAITOR_DEEDS(X) \
	/* files */ \
	X("read_passwd", SIGSYS, open("/etc/passwd", O_RDONLY)) \
	X("make_file", SIGSYS, creat("/tmp/trivisor-traitor", 0600)) \
	X("openat2", SIGSYS, syscall(SYS_openat2, AT_FDCWD, "/", NULL, 0)) \
	X("chroot", SIGSYS, chroot("/")) \
	X("mount", SIGSYS, mount("none", "/mnt", "tmpfs", 0, NULL)) \
	X("new_memfd", SIGSYS, memfd_create("x", 0)) \
	X("dup", SIGSYS, dup(0)) \
	/* network */ \
	X("socket", SIGSYS, socket(AF_INET, SOCK_STREAM, 0)) \
	X("unix_socket", SIGSYS, socket(AF_UNIX, SOCK_STREAM, 0)) \
	X("connect", SIGSYS, connect(0, NULL, 0)) \
	X("bind", SIGSYS, bind(0, NULL, 0)) \
	X("inet_pair", SIGSYS, socketpair(AF_INET, SOCK_STREAM, 0, pair)) \
	/* processes and threads */ \
	X("exec", SIGSYS, execl("/bin/true", "true", (char *)NULL)) \
	X("fork", SIGSYS, fork()) \
	X("vfork", SIGSYS, syscall(SYS_vfork)) \
	X("thread", SIGSYS, syscall(SYS_clone, CLONE_VM | CLONE_THREAD | \
	    CLONE_SIGHAND, NULL, NULL, NULL, 0)) \
	X("clone3", SIGSYS, syscall(SYS_clone3, NULL, 0)) \
	X("unshare", SIGSYS, unshare(CLONE_NEWUSER)) \
	X("ptrace", SIGSYS, ptrace(PTRACE_ATTACH, getppid_quiet(), 0, 0)) \
	X("read_other", SIGSYS, process_vm_readv(1, NULL, 0, NULL, 0, 0)) \
	X("kill_init", SIGSYS, kill(1, 0)) \
	X("kill_all", SIGSYS, kill(-1, 0)) \
	X("tgkill_other", SIGSYS, syscall(SYS_tgkill, 1, 1, SIGABRT)) \
	X("tgkill_stop", SIGSYS, syscall(SYS_tgkill, own_pid, own_pid, \
	    SIGSTOP)) \
	/* memory */ \
	X("exec_memory", SIGSYS, mmap(NULL, 4096, PROT_READ | PROT_EXEC, \
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) \
	X("wx_memory", SIGSYS, mmap(NULL, 4096, PROT_READ | PROT_WRITE | \
	    PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) \
	X("map_ram_exec", SIGSYS, mmap(NULL, 4096, PROT_READ | PROT_EXEC, \
	    MAP_SHARED, ram_fd, 0)) \
	X("map_ram", SIGSYS, mmap(NULL, 4096, PROT_READ, MAP_SHARED, \
	    ram_fd, 0)) \
	X("map_fixed", SIGSYS, mmap(page, 4096, PROT_READ | PROT_WRITE, \
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)) \
	X("data_to_code", SIGSYS, mprotect(page, 4096, PROT_READ | \
	    PROT_EXEC)) \
	X("code_to_data", SIGSYS, mprotect(code_page(), 4096, PROT_READ | \
	    PROT_WRITE)) \
	X("move_code", SIGSYS, mremap(code_page(), 0, 4096, MREMAP_MAYMOVE)) \
	X("pkey", SIGSYS, syscall(SYS_pkey_mprotect, page, 4096, PROT_EXEC, \
	    -1)) \
	X("write_code", SIGSEGV, (*(volatile char *)code_page() = 0)) \
	X("run_data", SIGSEGV, run(page)) \
	/* rights, and holes in the fence */ \
	X("setuid", SIGSYS, setuid(0)) \
	X("dumpable", SIGSYS, prctl(PR_SET_DUMPABLE, 1)) \
	X("filter", SIGSYS, syscall(SYS_seccomp, 0, 0, NULL)) \
	X("limits", SIGSYS, syscall(SYS_prlimit64, 0, RLIMIT_NPROC, NULL, \
	    NULL)) \
	X("personality", SIGSYS, personality(READ_IMPLIES_EXEC)) \
	X("io_uring", SIGSYS, syscall(SYS_io_uring_setup, 8, NULL)) \
	X("bpf", SIGSYS, syscall(SYS_bpf, 0, NULL, 0)) \
	X("perf", SIGSYS, syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)) \
	X("userfaultfd", SIGSYS, syscall(SYS_userfaultfd, 0)) \
	X("keys", SIGSYS, syscall(SYS_keyctl, 0, -3, 0, 0, 0)) \
	X("tty_input", SIGSYS, ioctl(0, TIOCSTI, "x")) \
	X("int80", SIGSYS, int80(20)) \
	X("x32", SIGSYS, syscall(0x40000000 + SYS_getpid)) \
	/* what is allowed: dying, in every way */ \
	X("abort", SIGABRT, (abort(), 0)) \
	X("segv", SIGSEGV, (*(volatile char *)nowhere = 0)) \
	X("bus", SIGBUS, stack_fault()) \
	X("fpe", SIGFPE, divide(0)) \
	X("nothing", SIGILL, 0)

#endif
