/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crash reports for people: log_dir/NAME.crash, the ones before it in
 * NAME.crash.1 and so on, the oldest forgotten.  Why, what the monitor said
 * last, where its vCPUs were, and the end of its log; nothing of the guest's
 * memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/rpc.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/monitor.h"

#define REPORTS_KEPT 4		/* beside the newest */
#define LOG_LINES 256
#define LOG_BYTES 65536

static void
report_path(const struct daemon *d, const char *name, unsigned n, char *buf,
    size_t size)
{
	if (n)
		snprintf(buf, size, "%s/%s.crash.%u", d->opt.log_dir, name, n);
	else
		snprintf(buf, size, "%s/%s.crash", d->opt.log_dir, name);
}

static void
rotate(const struct daemon *d, const char *name)
{
	char from[PATH_BYTES + 96], to[PATH_BYTES + 96];
	unsigned n;

	for (n = REPORTS_KEPT; n; n--) {
		report_path(d, name, n - 1, from, sizeof(from));
		report_path(d, name, n, to, sizeof(to));
		if (rename(from, to) && errno != ENOENT)
			log_line(LOG_WARN, "crash: vm=%s what=rotate errno=%d",
			    name, errno);
	}
}

/* What comes after the last LOG_LINES line ends. */
static const char *
last_lines(const char *text, size_t n)
{
	const char *p = text + n;
	unsigned lines = 0;

	while (p > text) {
		if (p[-1] == '\n' && p != text + n && ++lines == LOG_LINES)
			break;
		p--;
	}
	return p;
}

static void
put_log(int out, const struct daemon *d, const char *name)
{
	char path[PATH_BYTES + 96], *text = malloc(LOG_BYTES + 1);
	struct stat st;
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/%s.log", d->opt.log_dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (text && fd >= 0 && !fstat(fd, &st))
		n = pread(fd, text, LOG_BYTES,
		    st.st_size > LOG_BYTES ? st.st_size - LOG_BYTES : 0);
	if (n > 0) {
		text[n] = '\0';
		dprintf(out, "\n[log]\n%s", last_lines(text, (size_t)n));
	}
	if (fd >= 0)
		close(fd);
	free(text);
}

static void
put_report(int out, const struct domain *dom, const struct domain_exit *x,
    const struct ctl_msg *report)
{
	char time[32], key[96], value[1024];
	size_t pos = 0;

	rpc_time(clock_realtime(), time);
	dprintf(out, "domain=%s\nuuid=%s\ntime=%s\nstate=%s\nreason=%s\n"
	    "detail=%s\nmode=%s\n", dom->name, dom->uuid, time,
	    domain_state_name(x->state), x->reason, x->detail,
	    vm_mode_name(dom->choice.mode));
	dprintf(out, "\n[last report of the monitor]\n");
	while (ctl_next(report, &pos, key, sizeof(key), value, sizeof(value)))
		dprintf(out, "%s=%s\n", key, value);
}

void
crash_write(struct daemon *d, struct domain *dom,
    const struct domain_exit *x, const struct ctl_msg *report)
{
	char path[PATH_BYTES + 96];
	int fd;

	rotate(d, dom->name);
	report_path(d, dom->name, 0, path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd < 0) {
		log_line(LOG_ERR, "crash: vm=%s what=report errno=%d",
		    dom->name, errno);
		return;
	}
	put_report(fd, dom, x, report);
	put_log(fd, d, dom->name);
	if (fsync(fd))
		log_line(LOG_ERR, "crash: vm=%s what=report errno=%d",
		    dom->name, errno);
	close(fd);
	log_line(LOG_ERR, "crash: vm=%s reason=%s report=%s", dom->name,
	    x->reason, path);
}

char *
crash_find(const struct domain *dom)
{
	char path[PATH_BYTES + 96];

	report_path(dom->daemon, dom->name, 0, path, sizeof(path));
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) ? NULL :
	    strdup(path);
}
