/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cgroup (version 2) for every monitor, in the part of the hierarchy that was
 * given to this daemon: its own cgroup, where systemd says Delegate=yes or
 * where it is the root of a container's, or the one that --cgroup names.
 *
 *	cgroup_find(&t, NULL);			once; never fails
 *	cgroup_add(&v, "memory.max", "%llu", bytes); ...
 *	rc = cgroup_check(&t, &v, &e);		could these be had?
 *	rc = cgroup_make(&t, uuid, &v, &fd, &e);
 *	... fork with CLONE_INTO_CGROUP, or cgroup_place(fd, pid) ...
 *	cgroup_remove(&t, uuid);		when the monitor is gone
 *
 * Limits are promises: what cannot be had is an error, never dropped.  A
 * monitor without limits is started without a cgroup where none can be made.
 */
#ifndef TRIVISOR_DAEMON_CGROUP_H
#define TRIVISOR_DAEMON_CGROUP_H

#include <sys/types.h>

#include "base/base.h"
#include "base/err.h"

#define CGROUP_PATH_BYTES 4096
#define CGROUP_MAX_VALUES 16

struct cgroup_tree {
	char path[CGROUP_PATH_BYTES];	/* monitors' parent; "" none */
	char why[160];		/* if so: why there is none */
};

/* What to write into a monitor's cgroup: files and their contents. */
struct cgroup_values {
	unsigned n;
	struct {
		char file[32];		/* "cpu.max", "memory.high", ... */
		char text[48];
	} v[CGROUP_MAX_VALUES];
};

/*
 * Find the tree; dir (may be NULL) names one.  Removes cgroups that an earlier
 * daemon left without a process.
 */
void cgroup_find(struct cgroup_tree *t, const char *dir);
/* The cgroup this process is in, below the v2 mount; false without one. */
bool cgroup_own(char *path, size_t size, bool *is_root);
/* Is there one for monitors?  If not, *why says the reason. */
bool cgroup_usable(const struct cgroup_tree *t, const char **why);
/* Could "memory", "cpu" ... be handed on to monitors? */
bool cgroup_has(const struct cgroup_tree *t, const char *controller);

void cgroup_add(struct cgroup_values *v, const char *file,
    const char *fmt, ...) PRINTF_LIKE(3, 4);
/*
 * ERR_CONFIG_UNSUPPORTED, naming the file, the controller that is not there
 * and a way out.
 */
MUST_USE int cgroup_check(const struct cgroup_tree *t,
    const struct cgroup_values *v, struct err *e);
/*
 * Make the cgroup of uuid and set v (may be NULL).  *fd is its directory,
 * owned by the caller, or -1 when none can be made and v asks for nothing.
 */
MUST_USE int cgroup_make(const struct cgroup_tree *t, const char *uuid,
    const struct cgroup_values *v, int *fd, struct err *e);
/* Move a process into it: 0 or negative errno. */
MUST_USE int cgroup_place(int fd, pid_t pid);
/*
 * Take back the controllers that monitors' cgroups were given, in dir or where
 * this process is: systemd before 254 cannot start a service in a cgroup that
 * hands controllers on, which ours goes on doing as long as a domain with
 * limits lives.  cgroup_make() of the next daemon sets the limits again.
 */
void cgroup_release(const char *dir);
/* Kill what is left in it and remove it. */
void cgroup_remove(const struct cgroup_tree *t, const char *uuid);

#endif
