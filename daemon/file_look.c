/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a helper looks at for domain.check: whether a file could be written, a
 * socket be made, and what the first bytes of an image are.  It is the client
 * by then; nothing is made or changed, and only the answer goes back.
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

/* ---- images --------------- */

#define LOOK_BYTES 8192		/* a multiboot header is in the first 8 KiB */

static bool
has_at(const unsigned char *buf, size_t n, size_t at, const char *magic,
    size_t len)
{
	return n >= at + len && !memcmp(buf + at, magic, len);
}

static bool
has_multiboot(const unsigned char *buf, size_t n)
{
	static const char magic[] = { 0x02, (char)0xb0, (char)0xad, 0x1b };
	size_t i;

	for (i = 0; i + sizeof(magic) <= n; i += 4)
		if (has_at(buf, n, i, magic, sizeof(magic)))
			return true;
	return false;
}

/* What the first bytes are; NULL: a kernel, as far as they say. */
static const char *
look(const unsigned char *buf, size_t n)
{
	static const struct {
		const char *magic;
		size_t len;
		const char *what;
	} others[] = {
		{ "\x1f\x8b", 2, "a gzip file" },
		{ "\xfd" "7zXZ", 5, "an xz file" },
		{ "\x28\xb5\x2f\xfd", 4, "a zstd file" },
		{ "QFI\xfb", 4, "a qcow2 disk image" },
		{ "070701", 6, "a cpio archive (an initrd?)" },
		{ "#!", 2, "a script" },
		{ "<", 1, "XML" },
	};
	size_t i;

	if (!n)
		return "an empty file";
	if (has_at(buf, n, 0x202, "HdrS", 4) ||
	    has_at(buf, n, 0, "\177ELF", 4) || has_multiboot(buf, n))
		return NULL;
	for (i = 0; i < ARRAY_LEN(others); i++)
		if (has_at(buf, n, 0, others[i].magic, others[i].len))
			return others[i].what;
	return "something else than a bzImage, ELF or multiboot kernel";
}

static int
look_at_image(enum file_kind kind, int fd, struct file_result *f)
{
	unsigned char buf[LOOK_BYTES];
	const char *what = NULL;
	ssize_t n;

	do {
		n = pread(fd, buf, sizeof(buf), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (kind == FILE_LOOK_KERNEL)
		what = look(buf, (size_t)n);
	else if (!n)
		what = "an empty file";
	snprintf(f->name, sizeof(f->name), "%s", what ? what : "");
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
	rc = look_at_image(kind, f->fd, f);
	close(f->fd);
	f->fd = -1;
	return rc;
}
