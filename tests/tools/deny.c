/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deny COMMAND...: runs it as a strict container would, without namespaces,
 * mounts, landlock, pidfds and the newer calls about processes.  Calls that a
 * container's filter does not know are ENOSYS, those it forbids EPERM.
 */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/sched.h>

#include "base/base.h"

static const struct {
	int nr, sys;
} calls[] = {
	{ SYS_clone3, ENOSYS }, { SYS_pidfd_open, ENOSYS },
	{ SYS_pidfd_send_signal, ENOSYS }, { SYS_pidfd_getfd, ENOSYS },
	{ SYS_close_range, ENOSYS }, { SYS_landlock_create_ruleset, ENOSYS },
	{ SYS_landlock_add_rule, ENOSYS },
	{ SYS_landlock_restrict_self, ENOSYS },
	{ SYS_unshare, EPERM }, { SYS_setns, EPERM }, { SYS_mount, EPERM },
	{ SYS_umount2, EPERM }, { SYS_pivot_root, EPERM },
	{ SYS_fsopen, EPERM }, { SYS_open_tree, EPERM },
	{ SYS_move_mount, EPERM },
};

static const unsigned long clone_flags[] = {
	CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWIPC,
	CLONE_NEWUTS, CLONE_NEWCGROUP, CLONE_PIDFD,
};

int
main(int argc, char **argv)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	size_t i;
	int rc = f ? 0 : -ENOMEM;

	for (i = 0; !rc && i < ARRAY_LEN(calls); i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(
		    (unsigned)calls[i].sys), calls[i].nr, 0);
	for (i = 0; !rc && i < ARRAY_LEN(clone_flags); i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SYS_clone, 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, clone_flags[i],
		    clone_flags[i]));
	if (!rc)
		rc = seccomp_load(f);
	if (rc || argc < 2) {
		fprintf(stderr, "deny: %s\n", rc ? strerror(-rc) :
		    "usage: deny COMMAND...");
		return 125;
	}
	seccomp_release(f);
	execv(argv[1], argv + 1);
	fprintf(stderr, "deny: %s: %s\n", argv[1], strerror(errno));
	return 125;
}
