/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See seal.h.  Landlock by number: the C library does not know it, and the
 * build host's headers may be older than the kernel.
 */
#include "base/seal.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- capabilities ------------------------------------------------------------- */

static bool
has_capabilities(void)
{
	struct __user_cap_header_struct head = {
	    .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = { 0 };
	uint32_t all = 0;

	if (syscall(SYS_capget, &head, d) < 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(d); i++)
		all |= d[i].effective | d[i].permitted | d[i].inheritable;
	return all != 0;
}

static bool
is_bounded(void)
{
	int in = 0;

	for (int cap = 0; in == 0 && cap <= 63; cap++)
		in = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
	return in <= 0;
}

static void
drop_capabilities(struct sandbox_state *s)
{
	sandbox_drop_capabilities();
	sandbox_on(s, SANDBOX_CAPABILITIES);
	if (has_capabilities())
		sandbox_off(s, SANDBOX_CAPABILITIES, "capset: %s",
		    strerror(errno));
	else if (!is_bounded())
		snprintf(s->text[SANDBOX_CAPABILITIES], SANDBOX_STATE_MAX,
		    "on (a bounding set stays, of no effect: no CAP_SETPCAP)");
}

/* --- Landlock -------------------------------------------------------------- */

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self 446
#endif
#define RULESET_VERSION 1u

/* As of ABI 7; older headers lack some. */
struct ruleset {
	uint64_t fs, net, scoped;
};

/* What each version of the ABI can forbid, beside what the ones before can. */
static const struct {
	int abi;
	struct ruleset r;
} rights[] = {
	{ 1, { .fs = (1u << 13) - 1 } },	/* EXECUTE to MAKE_SYM */
	{ 2, { .fs = 1u << 13 } },		/* REFER */
	{ 3, { .fs = 1u << 14 } },		/* TRUNCATE */
	{ 4, { .net = 3 } },			/* BIND_TCP, CONNECT_TCP */
	{ 5, { .fs = 1u << 15 } },		/* IOCTL_DEV */
	{ 6, { .scoped = 3 } },		/* ABSTRACT_UNIX_SOCKET, SIGNAL */
};

/* Everything the kernel knows to forbid, and no rule that allows anything. */
static void
restrict_by_landlock(struct sandbox_state *s)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    RULESET_VERSION);
	struct ruleset r = { 0 };
	size_t size = sizeof(r);
	int fd;

	if (abi < 0) {
		sandbox_off(s, SANDBOX_LANDLOCK, "%s", errno == ENOSYS ?
		    "this kernel has none (Linux 5.13 or later has)" :
		    errno == EOPNOTSUPP ?
		    "switched off at boot (lsm= has no landlock)" :
		    strerror(errno));
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(rights); i++) {
		if (abi < rights[i].abi)
			continue;
		r.fs |= rights[i].r.fs;
		r.net |= rights[i].r.net;
		r.scoped |= rights[i].r.scoped;
	}
	/* A kernel that knows no more takes no larger structure with more. */
	if (abi < 6)
		size = abi < 4 ? sizeof(r.fs) : sizeof(r.fs) + sizeof(r.net);
	fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		sandbox_off(s, SANDBOX_LANDLOCK, "%s", strerror(errno));
	else
		snprintf(s->text[SANDBOX_LANDLOCK], SANDBOX_STATE_MAX,
		    "on (ABI %ld)", abi);
	if (fd >= 0)
		close(fd);
}

/* --- all of it ------------------------------------------------------------------ */

int
seal_privileges(struct sandbox_state *s, const char *without, struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set_sys(e, errno, "seal: no_new_privs");
	sandbox_on(s, SANDBOX_NO_NEW_PRIVS);
	if (sandbox_without(without, "landlock"))
		sandbox_off(s, SANDBOX_LANDLOCK, "host_without says so");
	else
		restrict_by_landlock(s);
	drop_capabilities(s);
	return 0;
}

void
seal_limits(struct sandbox_state *s, unsigned max_fds)
{
	const struct {
		__rlimit_resource_t which;
		const char *name;
		rlim_t max;
	} limits[] = {
		{ RLIMIT_CORE, "CORE", 0 },
		{ RLIMIT_NPROC, "NPROC", 0 },
		{ RLIMIT_NOFILE, "NOFILE", max_fds },
		{ RLIMIT_MEMLOCK, "MEMLOCK", 0 },
		{ RLIMIT_MSGQUEUE, "MSGQUEUE", 0 },
	};

	sandbox_on(s, SANDBOX_RLIMITS);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		struct rlimit was, now = { limits[i].max, limits[i].max };

		/* Somebody may have set a smaller one; raising is not ours. */
		if (!getrlimit(limits[i].which, &was))
			now.rlim_cur = now.rlim_max = MIN(was.rlim_max,
			    limits[i].max);
		if (setrlimit(limits[i].which, &now) < 0)
			sandbox_off(s, SANDBOX_RLIMITS, "%s: %s",
			    limits[i].name, strerror(errno));
	}
}

void
seal_memory(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
