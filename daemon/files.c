/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files.  What clients name is opened in a helper of the spawner, which first
 * becomes the client; the rest are directories of our own.
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
#include "daemon/spawn_wire.h"

/* ---- in a helper --------------- */

int
file_take_ids(const struct client_ids *ids)
{
	/* A user's own daemon has that user's rights, and no others. */
	if (geteuid() != 0 || ids->uid == 0)
		return 0;
	if (ids->n_groups < 0 || ids->n_groups > MAX_GROUPS ||
	    setgroups((size_t)ids->n_groups, ids->groups) ||
	    setresgid(ids->gid, ids->gid, ids->gid) ||
	    setresuid(ids->uid, ids->uid, ids->uid))
		return errno ? -errno : -EINVAL;
	return 0;
}

/* Not to hang on a fifo nobody writes to: always O_NONBLOCK. */
static const int open_flags[FILE_KINDS] = {
	[FILE_INPUT] = O_RDONLY,
	/* To read back, too, where that is allowed. */
	[FILE_TRUNCATE] = O_RDWR | O_CREAT | O_TRUNC,
	[FILE_APPEND] = O_RDWR | O_CREAT,
	[FILE_DEVICE] = O_RDWR,
	[FILE_FRESH] = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW,
};

static int
do_open(enum file_kind kind, const char *path, int *fd,
    enum wire_problem *problem)
{
	int flags = open_flags[kind] | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
	mode_t mode = kind == FILE_FRESH ? 0644 : 0600;
	struct stat st;

	/* What is in its place goes; nothing that another made is used. */
	if (kind == FILE_FRESH)
		unlink(path);
	*fd = open(path, flags, mode);
	if (*fd < 0 && errno == EACCES && (flags & O_ACCMODE) == O_RDWR)
		*fd = open(path, (flags & ~O_ACCMODE) | O_WRONLY, mode);
	if (*fd < 0)
		return -errno;
	if (kind != FILE_INPUT && kind != FILE_DEVICE)
		return 0;
	if (!fstat(*fd, &st) && (kind == FILE_INPUT ? S_ISREG(st.st_mode) :
	    S_ISCHR(st.st_mode)))
		return 0;
	*problem = S_ISDIR(st.st_mode) ? PROBLEM_DIRECTORY :
	    PROBLEM_NOT_REGULAR;
	close(*fd);
	*fd = -1;
	return -EINVAL;
}

static bool
is_socket(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISSOCK(st.st_mode);
}

/* It is a socket, and nobody listens at it any more. */
static bool
is_stale(const struct sockaddr_un *sa)
{
	bool stale;
	int s;

	/* A regular file refuses connections, too. */
	if (!is_socket(sa->sun_path))
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
	int rc;

	umask(077);
	rc = bind(s, a, sizeof(*sa)) ? -errno : 0;
	if (rc == -EADDRINUSE && is_stale(sa) && !unlink(sa->sun_path))
		rc = bind(s, a, sizeof(*sa)) ? -errno : 0;
	if (!rc && listen(s, 4))
		rc = -errno;
	return rc;
}

static int
do_socket(enum file_kind kind, const char *path, int *fd)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int s, rc;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa.sun_path, path, strlen(path) + 1);
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return -errno;
	if (kind == FILE_LISTEN)
		rc = bind_and_listen(s, &sa);
	else
		rc = connect(s, (struct sockaddr *)&sa, sizeof(sa)) ?
		    -errno : 0;
	if (rc)
		close(s);
	else
		*fd = s;
	return rc;
}

static int
do_pty(struct file_result *f)
{
	struct termios raw;

	f->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0 || grantpt(f->fd) || unlockpt(f->fd))
		return -errno;
	if (ptsname_r(f->fd, f->name, sizeof(f->name)))
		return -ENOTTY;
	f->slave = open(f->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (f->slave < 0 || tcgetattr(f->slave, &raw))
		return -errno;
	cfmakeraw(&raw);
	return tcsetattr(f->slave, TCSANOW, &raw) ? -errno : 0;
}

int
file_do(enum file_kind kind, const char *path, struct file_result *f,
    enum wire_problem *problem)
{
	*f = (struct file_result){ .fd = -1, .slave = -1 };
	*problem = PROBLEM_ERRNO;
	if (kind == FILE_PTY)
		return do_pty(f);
	if (path[0] != '/')
		return -EINVAL;
	if (strnlen(path, WIRE_PATH) == WIRE_PATH)
		return -ENAMETOOLONG;
	if (kind >= FILE_LOOK_INITRD)
		return file_look(kind, path, f, problem);
	if (kind == FILE_LISTEN || kind == FILE_CONNECT)
		return do_socket(kind, path, &f->fd);
	if (kind != FILE_REMOVE_SOCKET)
		return do_open(kind, path, &f->fd, problem);
	return is_socket(path) && unlink(path) ? -errno : 0;
}

/* ---- directories of our own --------------- */

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
