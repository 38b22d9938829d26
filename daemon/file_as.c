/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at files with a client's rights, for domain.check: a root daemon
 * takes on its uid, gid and groups meanwhile.  Single threaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/daemon.h"

struct saved_ids {
	bool changed;
	gid_t groups[MAX_GROUPS];
	int n_groups;
};

static int
take_ids(const struct client_ids *ids, struct saved_ids *saved)
{
	saved->changed = geteuid() == 0 && ids->uid != 0;
	if (!saved->changed)
		return 0;
	saved->n_groups = getgroups(MAX_GROUPS, saved->groups);
	if (saved->n_groups < 0 ||
	    setgroups((size_t)ids->n_groups, ids->groups) ||
	    setegid(ids->gid) || seteuid(ids->uid))
		return -errno;
	return 0;
}

static void
restore_ids(const struct saved_ids *saved)
{
	if (!saved->changed)
		return;
	/* Going on with the wrong rights would be worse than not going on. */
	BUG_ON(seteuid(0) || setegid(0) ||
	    setgroups((size_t)MAX(saved->n_groups, 0), saved->groups));
}

int
file_as(const struct client_ids *ids, int (*fn)(const void *),
    const void *ctx)
{
	struct saved_ids saved;
	int rc = take_ids(ids, &saved);

	if (!rc)
		rc = fn(ctx);
	restore_ids(&saved);
	return rc;
}

static int
open_as(const struct client_ids *ids, const char *path, int flags, int *fd)
{
	struct saved_ids saved;
	int rc = take_ids(ids, &saved);

	if (!rc) {
		*fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0600);
		rc = *fd < 0 ? -errno : 0;
	}
	restore_ids(&saved);
	return rc;
}

static int
open_failed(int sys, const struct client_ids *ids, const char *object,
    const char *path, struct err *e)
{
	err_set_sys(e, sys, "%s \"%.256s\": cannot open", object, path);
	err_path(e, path);
	if (sys == ENOENT)
		err_hint(e, "check the path; is the file there?");
	else if (sys == EACCES || sys == EPERM)
		err_hint(e, "user %u must be allowed to read it and to pass "
		    "the directories above it", (unsigned)ids->uid);
	return -sys;
}

static int
not_absolute(const char *object, const char *path, struct err *e)
{
	err_set(e, ERR_INVALID_ARG, "%s \"%.256s\": not an absolute path",
	    object, path);
	err_hint(e, "write the whole path, beginning with /");
	return -EINVAL;
}

int
file_open_input(const struct client_ids *ids, const char *object,
    const char *path, int *fd, struct err *e)
{
	struct stat st;
	int rc;

	if (path[0] != '/')
		return not_absolute(object, path, e);
	/* Not to hang on a fifo nobody writes to. */
	rc = open_as(ids, path, O_RDONLY | O_NONBLOCK, fd);
	if (rc)
		return open_failed(-rc, ids, object, path, e);
	if (!fstat(*fd, &st) && S_ISREG(st.st_mode))
		return 0;
	err_set(e, ERR_INVALID_ARG, "%s \"%.256s\": %s", object, path,
	    S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file");
	err_hint(e, "name the file itself");
	close(*fd);
	*fd = -1;
	return -EINVAL;
}
