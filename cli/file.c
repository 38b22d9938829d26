/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the file that a verb was given, and making its paths absolute.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

/* A domain document is a few KiB; the daemon's own limit is no larger. */
#define FILE_MAX ((size_t)1 << 20)

static int
read_all(int fd, const char *path, char **text, struct err *e)
{
	size_t used = 0;
	ssize_t n;
	char *buf;
	int rc;

	buf = malloc(FILE_MAX + 1);
	if (!buf)
		return err_set_sys(e, ENOMEM, "cannot read %s", path);
	while (used < FILE_MAX) {
		n = read(fd, buf + used, FILE_MAX - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			rc = err_set_sys(e, errno, "cannot read %s", path);
			goto free_buf;
		}
		if (n == 0)
			break;
		used += (size_t)n;
	}
	if (used == FILE_MAX) {
		rc = err_set(e, ERR_INVALID_ARG,
		    "%s: larger than 1 MiB, so no domain description", path);
		goto free_buf;
	}
	if (memchr(buf, 0, used)) {
		rc = err_set(e, ERR_XML_ERROR, "%s: a binary file, not XML",
		    path);
		goto free_buf;
	}
	buf[used] = 0;
	*text = buf;
	return 0;

free_buf:
	free(buf);
	return rc;
}

int
file_read(const char *path, char **text, struct err *e)
{
	int fd;
	int rc;

	if (!strcmp(path, "-"))
		return read_all(STDIN_FILENO, "standard input", text, e);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		rc = err_set_sys(e, errno, "cannot open %s", path);
		if (rc == -ENOENT)
			err_hint(e, "check the file's name, or give - to read "
			    "standard input");
		return rc;
	}
	rc = read_all(fd, path, text, e);
	close(fd);
	return rc;
}

char *
file_absolute(const char *path)
{
	char *cwd;
	char *full;

	if (path[0] == '/')
		return strdup(path);
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return NULL;
	if (asprintf(&full, "%s/%s", cwd, path) < 0)
		full = NULL;
	free(cwd);
	return full;
}
