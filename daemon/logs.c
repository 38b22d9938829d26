/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs of monitors, log_dir/NAME.log, kept small: what has grown beyond
 * LOG_BYTES goes on as NAME.log.1, and so on up to LOGS_KEPT.  A monitor has its
 * log open for appending and can open no other, so a log in use is copied and
 * emptied; lines written in between are lost.  Looked at when a domain starts,
 * once a minute, and on SIGHUP.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/daemon.h"

#define LOG_BYTES (10 << 20)
#define LOGS_KEPT 4
#define LOOK_SECONDS 60.0

static void
log_path(const struct daemon *d, const char *name, unsigned n, char *buf,
    size_t size)
{
	if (n)
		snprintf(buf, size, "%s/%s.log.%u", d->opt.log_dir, name, n);
	else
		snprintf(buf, size, "%s/%s.log", d->opt.log_dir, name);
}

/* Make room for a new NAME.log.first. */
static void
shift(const struct daemon *d, const char *name, unsigned first)
{
	char from[PATH_BYTES + 96], to[PATH_BYTES + 96];
	unsigned n;

	for (n = LOGS_KEPT; n > first; n--) {
		log_path(d, name, n - 1, from, sizeof(from));
		log_path(d, name, n, to, sizeof(to));
		if (rename(from, to) && errno != ENOENT)
			log_line(LOG_WARN, "logs: vm=%s what=rotate errno=%d",
			    name, errno);
	}
}

static bool
is_long(const struct daemon *d, const char *name)
{
	char path[PATH_BYTES + 96];
	struct stat st;

	log_path(d, name, 0, path, sizeof(path));
	return !lstat(path, &st) && S_ISREG(st.st_mode) &&
	    st.st_size > LOG_BYTES;
}

void
logs_before_start(const struct daemon *d, const char *name)
{
	if (is_long(d, name))
		shift(d, name, 0);
}

static int
copy_to(int from, const char *path)
{
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	ssize_t n;
	int rc;

	if (to < 0)
		return -errno;
	do
		n = sendfile(to, from, NULL, 1 << 20);
	while (n > 0);
	rc = n < 0 ? -errno : 0;
	if (close(to) && !rc)
		rc = -errno;
	return rc;
}

/* On a full disk the old lines give way all the same: that is what fills it. */
static void
empty_log(const struct daemon *d, const char *name)
{
	char path[PATH_BYTES + 96], old[PATH_BYTES + 96];
	int fd, rc;

	log_path(d, name, 0, path, sizeof(path));
	log_path(d, name, 1, old, sizeof(old));
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	shift(d, name, 1);
	rc = copy_to(fd, old);
	if (rc) {
		unlink(old);
		log_line(LOG_WARN, "logs: vm=%s what=copy errno=%d", name,
		    -rc);
	}
	if (ftruncate(fd, 0))
		log_line(LOG_WARN, "logs: vm=%s what=empty errno=%d", name,
		    errno);
	close(fd);
}

static void
look(struct daemon *d)
{
	struct domain *dom;

	TAILQ_FOREACH(dom, &d->domains, link)
		if (dom->monitor && is_long(d, dom->name))
			empty_log(d, dom->name);
}

static void
on_time(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	look(w->data);
}

static void
on_hup(struct ev_loop *loop, ev_signal *w, int events)
{
	(void)loop;
	(void)events;
	look(w->data);
}

void
logs_watch(struct daemon *d)
{
	ev_timer_init(&d->log_timer, on_time, LOOK_SECONDS, LOOK_SECONDS);
	d->log_timer.data = d;
	ev_timer_start(d->loop, &d->log_timer);
	ev_signal_init(&d->sighup, on_hup, SIGHUP);
	d->sighup.data = d;
	ev_signal_start(d->loop, &d->sighup);
}
