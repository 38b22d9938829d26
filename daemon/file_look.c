/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a helper looks at for domain.check: whether a file could be written, a
 * socket be made, an initrd be read.  It is the client by then; nothing is made
 * or changed, and only the answer goes back.  Kernels are inspect.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/spawn_wire.h"

static int
may(const char *path, int how)
{
	return faccessat(AT_FDCWD, path, how, AT_EACCESS) ? -errno : 0;
}

/* Could a file be made at path?  Its directory says. */
static int
may_make(const char *path)
{
	char copy[PATH_BYTES];

	if (strlen(path) >= sizeof(copy))
		return -ENAMETOOLONG;
	memcpy(copy, path, strlen(path) + 1);
	return may(dirname(copy), W_OK | X_OK);
}

static int
try_write(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT ? may_make(path) : -errno;
	return S_ISDIR(st.st_mode) ? -EISDIR : may(path, W_OK);
}

/* A socket that nobody listens at gives way; anything else is in the way. */
static int
try_listen(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct stat st;
	int s, rc;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa.sun_path, path, strlen(path) + 1);
	if (lstat(path, &st))
		return errno == ENOENT ? may_make(path) : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EADDRINUSE;
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0)
		return -errno;
	rc = connect(s, (const struct sockaddr *)&sa, sizeof(sa)) &&
	    errno == ECONNREFUSED ? may_make(path) : -EADDRINUSE;
	close(s);
	return rc;
}


/* An initrd has no form of its own; only that there is nothing is wrong. */
static int
look_at_initrd(int fd, struct file_result *f)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!st.st_size)
		snprintf(f->name, sizeof(f->name), "an empty file");
	return 0;
}

int
file_look(enum file_kind kind, const char *path, struct file_result *f,
    enum wire_problem *problem)
{
	int rc;

	if (kind == FILE_MAY_WRITE)
		return try_write(path);
	if (kind == FILE_MAY_LISTEN)
		return try_listen(path);
	rc = file_do(FILE_INPUT, path, f, problem);
	if (rc)
		return rc;
	rc = look_at_initrd(f->fd, f);
	close(f->fd);
	f->fd = -1;
	return rc;
}
