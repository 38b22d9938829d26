/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at the host for domain.check: files, sockets, memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/check.h"

/* access(2) with the rights that file_as() has put on. */
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
try_write(const void *ctx)
{
	const char *path = ctx;
	struct stat st;
	int rc;

	if (stat(path, &st))
		return errno == ENOENT ? may_make(path) : -errno;
	rc = S_ISDIR(st.st_mode) ? -EISDIR : may(path, W_OK);
	return rc;
}

int
check_may_write(const struct client_ids *ids, const char *object,
    const char *path, struct err *e)
{
	int rc = file_as(ids, try_write, path);

	if (!rc)
		return 0;
	err_set_sys(e, -rc, "%s \"%.256s\": cannot be written", object, path);
	if (rc == -ENOENT)
		err_hint(e, "make the directory it is to be in");
	else if (rc == -EACCES)
		err_hint(e, "user %u must be allowed to write it",
		    (unsigned)ids->uid);
	return rc;
}

/* A socket that nobody listens at gives way; anything else is in the way. */
static int
try_listen(const void *ctx)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	const char *path = ctx;
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

int
check_may_listen(const struct client_ids *ids, const char *object,
    const char *path, struct err *e)
{
	int rc = file_as(ids, try_listen, path);

	if (!rc)
		return 0;
	err_set_sys(e, -rc, "%s \"%.256s\": cannot listen there", object,
	    path);
	if (rc == -EADDRINUSE)
		err_hint(e, "remove the file or choose another name");
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

/* Read the beginning of a file; its length or negative errno. */
static ssize_t
read_start(int fd, unsigned char *buf, size_t size)
{
	ssize_t n;

	do {
		n = pread(fd, buf, size, 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int
check_kernel(const struct client_ids *ids, const char *path, struct err *e)
{
	unsigned char buf[LOOK_BYTES];
	const char *what;
	ssize_t n;
	int fd, rc = file_open_input(ids, "kernel", path, &fd, e);

	if (rc)
		return rc;
	n = read_start(fd, buf, sizeof(buf));
	close(fd);
	if (n < 0)
		return err_set_sys(e, (int)-n, "kernel \"%.256s\"", path);
	what = look(buf, (size_t)n);
	if (!what)
		return 0;
	err_set(e, ERR_CONFIG_UNSUPPORTED,
	    "kernel \"%.256s\": not a kernel: it is %s", path, what);
	err_hint(e, "name a bzImage, or an ELF file with a PVH note or a "
	    "multiboot header");
	return -EINVAL;
}

int
check_initrd(const struct client_ids *ids, const char *path, struct err *e)
{
	unsigned char buf[1];
	int fd, rc = file_open_input(ids, "initrd", path, &fd, e);
	ssize_t n;

	if (rc)
		return rc;
	n = read_start(fd, buf, sizeof(buf));
	close(fd);
	if (n < 0)
		return err_set_sys(e, (int)-n, "initrd \"%.256s\"", path);
	return n ? 0 : err_set(e, ERR_CONFIG_UNSUPPORTED,
	    "initrd \"%.256s\": an empty file", path);
}

/* ---- memory --------------- */

int
check_memory(uint64_t bytes, struct err *e)
{
	unsigned long long kib = 0;
	char text[4096];
	const char *s;

	if (file_read_text(AT_FDCWD, "/proc/meminfo", text, sizeof(text)) < 0)
		return 0;
	s = strstr(text, "MemAvailable:");
	if (!s || sscanf(s, "MemAvailable: %llu kB", &kib) != 1 ||
	    bytes >> 10 <= kib)
		return 0;
	err_set(e, ERR_OPERATION_FAILED, "the host has %llu MiB of memory "
	    "free, the guest may come to use %llu MiB", kib >> 10,
	    (unsigned long long)bytes >> 20);
	err_hint(e, "it can start, but may be ended when memory runs out");
	return -ENOMEM;
}
