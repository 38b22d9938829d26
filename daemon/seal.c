/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon gives up once it listens: it starts nothing and becomes
 * nobody any more, for that is the spawner's.  A root daemon keeps the right
 * to end its monitors, which are another user's, and, where its directories or
 * its cgroup are not its own, that to write there.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>

#include "base/log.h"
#include "base/seccomp.h"
#include "daemon/daemon.h"

#define ANY { { PIN_NONE, 0, 0 } }

/* Each of them ends the daemon; nothing in it has a use for any. */
static const struct seccomp_rule forbidden[] = {
	/* other programs and processes */
	{ SYS_execve, ANY }, { SYS_execveat, ANY }, { SYS_fork, ANY },
	{ SYS_vfork, ANY }, { SYS_clone, ANY }, { SYS_clone3, ANY },
	{ SYS_ptrace, ANY }, { SYS_process_vm_readv, ANY },
	{ SYS_process_vm_writev, ANY }, { SYS_pidfd_getfd, ANY },
	{ SYS_kcmp, ANY },
	/* other users and namespaces */
	{ SYS_setuid, ANY }, { SYS_setgid, ANY }, { SYS_setreuid, ANY },
	{ SYS_setregid, ANY }, { SYS_setresuid, ANY },
	{ SYS_setresgid, ANY }, { SYS_setgroups, ANY },
	{ SYS_unshare, ANY }, { SYS_setns, ANY },
	/* mounts and roots */
	{ SYS_mount, ANY }, { SYS_umount2, ANY }, { SYS_pivot_root, ANY },
	{ SYS_chroot, ANY }, { SYS_move_mount, ANY }, { SYS_open_tree, ANY },
	{ SYS_fsopen, ANY }, { SYS_mknod, ANY }, { SYS_mknodat, ANY },
	{ SYS_open_by_handle_at, ANY },
	/* the kernel itself */
	{ SYS_init_module, ANY }, { SYS_finit_module, ANY },
	{ SYS_delete_module, ANY }, { SYS_kexec_load, ANY },
	{ SYS_kexec_file_load, ANY }, { SYS_reboot, ANY }, { SYS_bpf, ANY },
	{ SYS_perf_event_open, ANY }, { SYS_userfaultfd, ANY },
	{ SYS_io_uring_setup, ANY }, { SYS_swapon, ANY },
	{ SYS_swapoff, ANY }, { SYS_settimeofday, ANY },
	{ SYS_clock_settime, ANY }, { SYS_sethostname, ANY },
	{ SYS_setdomainname, ANY }, { SYS_iopl, ANY }, { SYS_ioperm, ANY },
	{ SYS_add_key, ANY }, { SYS_keyctl, ANY }, { SYS_request_key, ANY },
	{ SYS_personality, ANY },
};

/* Those of the first 32 that are asked for, and had: nothing else. */
static void
keep_capabilities(uint32_t mask)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct c[2] = { 0 };
	int cap;

	for (cap = 0; cap <= 63; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &h, c))
		return;
	c[0].permitted &= mask;
	c[0].effective = c[0].permitted;
	c[1].permitted = c[1].effective = 0;
	c[0].inheritable = c[1].inheritable = 0;
	if (syscall(SYS_capset, &h, c))
		log_line(LOG_WARN, "daemon: what=capabilities errno=%d",
		    errno);
}

/* Give them up for a moment: are the directories ours even so? */
static bool
owns_directories(const struct daemon *d)
{
	const char *const dirs[] = { d->opt.state_dir, d->opt.run_dir,
		d->opt.log_dir, d->cgroup.path };
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct was[2] = { 0 }, none[2];
	bool owns = true;
	size_t i;

	if (syscall(SYS_capget, &h, was))
		return false;
	none[0] = was[0];
	none[1] = was[1];
	none[0].effective = none[1].effective = 0;
	(void)syscall(SYS_capset, &h, none);
	for (i = 0; i < ARRAY_LEN(dirs); i++)
		owns &= !dirs[i][0] || !faccessat(AT_FDCWD, dirs[i],
		    R_OK | W_OK | X_OK, AT_EACCESS);
	(void)syscall(SYS_capset, &h, was);
	return owns;
}

int
daemon_seal(struct daemon *d, struct err *e)
{
	static const struct seccomp_class class = { .name = "daemon",
		.rules = forbidden, .n = ARRAY_LEN(forbidden),
		.forbids = true };
	uint32_t keep = 1u << CAP_KILL;
	struct seccomp_filter *f;
	int rc;

	if (!owns_directories(d))
		keep |= 1u << CAP_DAC_OVERRIDE;
	keep_capabilities(geteuid() ? 0 : keep);
	rc = seccomp_build(&f, &class, e);
	if (!rc) {
		rc = seccomp_install(f, e);
		seccomp_free(f);
	}
	if (!rc || d->opt.sandbox == POLICY_REQUIRE)
		return rc;
	log_line(LOG_WARN, "daemon: what=seccomp error=\"%s\"", e->msg);
	return 0;
}
