/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at the host for domain.check: what the answers about files mean,
 * and memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "daemon/check.h"

static void
explain_write(const char *object, const char *path, uid_t uid, struct err *e)
{
	int sys = e->sys;

	err_set_sys(e, sys, "%s \"%.256s\": cannot be written", object, path);
	err_path(e, path);
	if (sys == ENOENT)
		err_hint(e, "make the directory it is to be in");
	else if (sys == EACCES)
		err_hint(e, "user %u must be allowed to write it",
		    (unsigned)uid);
}

int
check_explain(const struct file_request *r, const struct file_result *f,
    const struct err *answer, struct err *e)
{
	*e = *answer;
	if (answer->code) {
		if (r->kind == FILE_MAY_WRITE && answer->sys &&
		    answer->sys != ETIMEDOUT)
			explain_write(r->object, r->path, r->ids->uid, e);
		return -EINVAL;
	}
	if (!f->name[0])
		return 0;
	return err_set(e, ERR_CONFIG_UNSUPPORTED, "%s \"%.256s\": %s",
	    r->object, r->path, f->name);
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
