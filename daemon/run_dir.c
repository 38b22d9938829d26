/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_dir/<uuid>: a running domain's control socket, the lock that proves its
 * monitor lives, its report and our notes about it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "vm/report.h"

static const char *const run_files[] = {
	"control", "alive", "report", "seen", "status", "domain.xml",
	"status.new", "domain.xml.new",
};

int
run_dir_open(const struct daemon *d, const char *uuid, bool make)
{
	char path[PATH_BYTES + 64];
	struct err e = { 0 };
	int fd;

	snprintf(path, sizeof(path), "%s/%s", d->opt.run_dir, uuid);
	if (make && dir_make(path, &e))
		return e.sys ? -e.sys : -EIO;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

void
run_dir_remove(const struct daemon *d, const char *uuid)
{
	char path[PATH_BYTES + 64];
	int dir = run_dir_open(d, uuid, false);
	size_t i;

	if (dir < 0)
		return;
	for (i = 0; i < ARRAY_LEN(run_files); i++)
		unlinkat(dir, run_files[i], 0);
	close(dir);
	snprintf(path, sizeof(path), "%s/%s", d->opt.run_dir, uuid);
	rmdir(path);
}

int
run_dir_lock(int dir_fd, int *alive_fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int rc, fd = openat(dir_fd, "alive", O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_OFD_SETLK, &lock)) {
		rc = errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
		close(fd);
		return rc;
	}
	*alive_fd = fd;
	return 0;
}

bool
run_dir_fields(int dir_fd, const char *name, struct ctl_msg *m)
{
	ssize_t n;

	ctl_msg_init(m, CTL_OK, 0);
	n = file_read_text(dir_fd, name, m->body, sizeof(m->body));
	if (n <= 0)
		return false;
	m->len = (size_t)n;
	return true;
}

/* The engine's counters at the end stand in the report as stat.NAME. */
static void
take_counters(const struct ctl_msg *m, struct domain_exit *x)
{
	char key[96];
	char value[32];
	size_t pos = 0;
	size_t used = 0;

	while (ctl_next(m, &pos, key, sizeof(key), value, sizeof(value))) {
		size_t room = sizeof(x->counters) - used;
		int n;

		if (strncmp(key, "stat.", 5))
			continue;
		n = snprintf(x->counters + used, room, "%s=%s\n", key + 5,
		    value);
		if (n < 0 || (size_t)n >= room)
			break;
		used += (size_t)n;
	}
	x->counters[used] = '\0';
}

static void
take_end(const struct ctl_msg *m, enum domain_state state,
    struct domain_exit *x)
{
	uint64_t code;

	x->state = state;
	if (!ctl_get(m, "reason", x->reason, sizeof(x->reason)))
		snprintf(x->reason, sizeof(x->reason), "unknown");
	(void)ctl_get(m, "detail", x->detail, sizeof(x->detail));
	if (ctl_get_u64(m, "exit_code", &code) && code <= INT32_MAX) {
		x->has_code = true;
		x->exit_code = (int)code;
	}
}

enum report_kind
run_dir_report(int dir_fd, struct domain_exit *x, struct ctl_msg *m)
{
	int fd = openat(dir_fd, "report", O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	enum domain_state state;
	char text[32];
	ssize_t n;

	memset(x, 0, sizeof(*x));
	x->valid = true;
	ctl_msg_init(m, CTL_OK, 0);
	n = fd < 0 ? -errno : report_get(fd, m->body, sizeof(m->body));
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return REPORT_NONE;
	m->len = (size_t)n;
	if (!ctl_get(m, "state", text, sizeof(text)) ||
	    !domain_state_parse(text, &state))
		return REPORT_NONE;
	take_counters(m, x);
	if (state == DOMAIN_STARTING)
		return REPORT_STARTING;
	if (state != DOMAIN_SHUTOFF && state != DOMAIN_CRASHED)
		return REPORT_ALIVE;
	take_end(m, state, x);
	return REPORT_END;
}
