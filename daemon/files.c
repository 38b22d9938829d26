/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files, with the rights of whoever named them.  A root daemon takes on the
 * client's uid, gid and groups around each open; a user's own daemon has
 * them anyway.  Single threaded, so nothing else runs meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
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

int
file_open_output(const struct client_ids *ids, const char *object,
    const char *path, bool append, int *fd, struct err *e)
{
	int flags, rc;

	if (path[0] != '/')
		return not_absolute(object, path, e);
	flags = O_CREAT | O_NONBLOCK | (append ? 0 : O_TRUNC);
	rc = open_as(ids, path, O_RDWR | flags, fd);
	if (rc == -EACCES)
		rc = open_as(ids, path, O_WRONLY | flags, fd);
	return rc ? open_failed(-rc, ids, object, path, e) : 0;
}

static int
open_pair(int *master, int *slave, char name[VM_SERIAL_PATH])
{
	struct termios raw;

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (*master < 0 || grantpt(*master) || unlockpt(*master))
		return -errno;
	if (ptsname_r(*master, name, VM_SERIAL_PATH))
		return -ENOTTY;
	*slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0 || tcgetattr(*slave, &raw))
		return -errno;
	cfmakeraw(&raw);
	return tcsetattr(*slave, TCSANOW, &raw) ? -errno : 0;
}

int
file_open_pty(const struct client_ids *ids, const char *object, int *master,
    int *slave, char name[VM_SERIAL_PATH], struct err *e)
{
	struct saved_ids saved;
	int rc = take_ids(ids, &saved);

	if (!rc)
		rc = open_pair(master, slave, name);
	restore_ids(&saved);
	if (!rc)
		return 0;
	err_set_sys(e, -rc, "%s: cannot have a pseudo terminal", object);
	err_hint(e, "is devpts mounted at /dev/pts, and below its limit?");
	return rc;
}

int
file_open_fresh(const struct client_ids *ids, const char *object,
    const char *path, int *fd, struct err *e)
{
	struct saved_ids saved;
	int rc = take_ids(ids, &saved);

	if (!rc) {
		/* Never follow a link, never write to what another made. */
		unlink(path);
		*fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND |
		    O_NOFOLLOW | O_CLOEXEC, 0644);
		rc = *fd < 0 ? -errno : 0;
	}
	restore_ids(&saved);
	return rc ? open_failed(-rc, ids, object, path, e) : 0;
}

/* It is a socket, and nobody listens at it any more. */
static bool
is_stale(const struct sockaddr_un *sa)
{
	struct stat st;
	bool stale;
	int s;

	/* A regular file refuses connections, too. */
	if (lstat(sa->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return false;
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0)
		return false;
	stale = connect(s, (const struct sockaddr *)sa, sizeof(*sa)) &&
	    errno == ECONNREFUSED;
	close(s);
	return stale;
}

static int
bind_and_listen(int s, const struct sockaddr_un *sa)
{
	const struct sockaddr *a = (const struct sockaddr *)sa;
	mode_t mask = umask(077);
	int rc = bind(s, a, sizeof(*sa)) ? -errno : 0;

	if (rc == -EADDRINUSE && is_stale(sa) && !unlink(sa->sun_path))
		rc = bind(s, a, sizeof(*sa)) ? -errno : 0;
	umask(mask);
	if (!rc && listen(s, 4))
		rc = -errno;
	return rc;
}

void
file_remove_socket(const struct client_ids *ids, const char *path)
{
	struct saved_ids saved;
	struct stat st;

	if (!take_ids(ids, &saved) && !lstat(path, &st) &&
	    S_ISSOCK(st.st_mode))
		unlink(path);
	restore_ids(&saved);
}

int
file_listen(const struct client_ids *ids, const char *object,
    const char *path, int *fd, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct saved_ids saved;
	int s, rc;

	if (path[0] != '/')
		return not_absolute(object, path, e);
	if (strlen(path) >= sizeof(sa.sun_path))
		return err_set_sys(e, ENAMETOOLONG, "%s \"%s\"", object, path);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return err_set_sys(e, errno, "%s \"%s\"", object, path);
	rc = take_ids(ids, &saved);
	if (!rc)
		rc = bind_and_listen(s, &sa);
	restore_ids(&saved);
	if (rc) {
		close(s);
		err_set_sys(e, -rc, "%s \"%s\": cannot listen there", object,
		    path);
		if (rc == -EADDRINUSE)
			err_hint(e, "remove the file or choose another name");
		return rc;
	}
	*fd = s;
	return 0;
}

/* A socket address below dir_fd, short however long its real path is. */
static int
short_address(int dir_fd, const char *name, struct sockaddr_un *sa)
{
	int n;

	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	n = snprintf(sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d/%s",
	    dir_fd, name);
	return n < (int)sizeof(sa->sun_path) ? 0 : -ENAMETOOLONG;
}

int
dir_bind(int dir_fd, const char *name, int type, mode_t mode, int *fd)
{
	struct sockaddr_un sa;
	struct stat st;
	mode_t mask;
	int s, rc = short_address(dir_fd, name, &sa);

	if (rc)
		return rc;
	s = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (s < 0)
		return -errno;
	/* A socket that somebody left behind, and nothing else, gives way. */
	if (!fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) &&
	    S_ISSOCK(st.st_mode) && unlinkat(dir_fd, name, 0))
		goto fail;
	mask = umask(0777 & ~mode);
	rc = bind(s, (struct sockaddr *)&sa, sizeof(sa));
	umask(mask);
	if (rc || listen(s, 64))
		goto fail;
	*fd = s;
	return 0;

fail:
	rc = -errno;
	close(s);
	return rc;
}

int
dir_connect(int dir_fd, const char *name, int type, int *fd)
{
	struct sockaddr_un sa;
	int s, rc = short_address(dir_fd, name, &sa);

	if (rc)
		return rc;
	s = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0)
		return -errno;
	if (connect(s, (struct sockaddr *)&sa, sizeof(sa))) {
		rc = -errno;
		close(s);
		return rc;
	}
	*fd = s;
	return 0;
}

int
dir_make(const char *path, struct err *e)
{
	char part[PATH_BYTES + 64];
	size_t n = strlen(path), i;
	struct stat st;

	if (n >= sizeof(part))
		return err_set_sys(e, ENAMETOOLONG, "directory \"%.200s\"",
		    path);
	for (i = 1; i <= n; i++) {
		if (path[i] && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) && errno != EEXIST &&
		    (errno != EROFS || stat(part, &st)))
			return err_set_sys(e, errno,
			    "cannot make directory \"%.256s\"", part);
	}
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return err_set_sys(e, ENOTDIR, "\"%.256s\"", path);
	return 0;
}

ssize_t
file_read_text(int dir_fd, const char *name, char *buf, size_t size)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, buf + len, size - len);
		if (n > 0)
			len += (size_t)n;
	} while ((n > 0 && len < size) || (n < 0 && errno == EINTR));
	n = n < 0 ? -errno : len == size ? -EFBIG : 0;
	close(fd);
	if (n)
		return n;
	buf[len] = '\0';
	return (ssize_t)len;
}
