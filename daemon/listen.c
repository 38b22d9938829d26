/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets that clients connect to: our own, or those that a service
 * manager opened and hands over (LISTEN_FDS, sd_listen_fds(3)): "rw", and
 * "ro" for clients that may only look.  Nobody is served before
 * listen_serve(): what connects earlier waits in the queue.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/daemon.h"

#define SOCKET_GROUP "trivisor"
#define FIRST_PASSED_FD 3

enum { RW, RO };

/* One daemon per socket: the lock beside it is ours while we live. */
static int
lock_socket(struct daemon *d, struct err *e)
{
	char path[PATH_BYTES + 8];

	snprintf(path, sizeof(path), "%s.lock", d->opt.socket);
	d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (d->lock_fd < 0)
		return err_set_sys(e, errno, "lock \"%.300s\"", path);
	if (!flock(d->lock_fd, LOCK_EX | LOCK_NB))
		return 0;
	err_set(e, ERR_RESOURCE_BUSY, "socket \"%.300s\": another trivisord "
	    "serves it", d->opt.socket);
	err_hint(e, "use that one, or give --socket another name");
	return -EBUSY;
}

/*
 * Who may connect.  The system's daemon lets the members of the group in;
 * a user's own and a private one are that user's alone.
 */
static const struct group *
socket_group(const struct daemon *d)
{
	return geteuid() == 0 && !options_private(&d->opt) ?
	    getgrnam(SOCKET_GROUP) : NULL;
}

/* The directory of the socket, passable where others may come in. */
static int
make_socket_dir(const char *dir, bool shared, struct err *e)
{
	if (shared) {
		mode_t mask = umask(022);

		/* What is above is the administrator's. */
		(void)!mkdir(dir, 0755);
		umask(mask);
	}
	return dir_make(*dir ? dir : "/", e);
}

/* Whoever owns the directory could put a socket of their own there. */
static int
check_socket_dir(const char *dir, struct err *e)
{
	struct stat st;

	if (lstat(*dir ? dir : "/", &st))
		return err_set_sys(e, errno, "directory \"%.300s\"", dir);
	if (st.st_uid == 0 || st.st_uid == geteuid())
		return 0;
	err_set(e, ERR_ACCESS_DENIED, "directory \"%.300s\" belongs to user "
	    "%u", dir, (unsigned)st.st_uid);
	err_hint(e, "name another place with --socket");
	return -EACCES;
}

/* ---- what a service manager hands over --------------- */

/* The n-th of the colon-separated names; "" when there are fewer. */
static void
nth_name(const char *names, unsigned n, char *buf, size_t size)
{
	while (n-- && *names) {
		names += strcspn(names, ":");
		names += *names == ':';
	}
	snprintf(buf, size, "%.*s", (int)strcspn(names, ":"), names);
}

static bool
is_listener(int fd)
{
	struct sockaddr_un sa;
	socklen_t n = sizeof(sa), len = sizeof(int);
	int type = 0, listens = 0;

	return !getsockname(fd, (struct sockaddr *)&sa, &n) &&
	    sa.sun_family == AF_UNIX &&
	    !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) &&
	    type == SOCK_STREAM &&
	    !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) &&
	    listens;
}

/* Its path is the one that clients use: of the lock, of messages. */
static void
take_path(struct daemon *d, int fd)
{
	struct sockaddr_un sa = { 0 };
	socklen_t n = sizeof(sa) - 1;

	if (!getsockname(fd, (struct sockaddr *)&sa, &n) &&
	    sa.sun_path[0] == '/')
		snprintf(d->opt.socket, sizeof(d->opt.socket), "%s",
		    sa.sun_path);
}

static int
take_passed(struct daemon *d, int fd, const char *name, unsigned nth,
    struct err *e)
{
	unsigned which = !strcmp(name, "ro") ||
	    (strcmp(name, "rw") && nth == RO) ? RO : RW;
	struct listener *l = &d->listener[which];
	int flags = fcntl(fd, F_GETFL);

	if (!is_listener(fd))
		return err_set(e, ERR_INVALID_ARG, "LISTEN_FDS: descriptor "
		    "%d is not a listening unix stream socket", fd);
	if (l->fd >= 0)
		return err_set(e, ERR_INVALID_ARG, "LISTEN_FDS: two sockets "
		    "are called \"%s\"", which == RO ? "ro" : "rw");
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC))
		return err_set_sys(e, errno, "LISTEN_FDS: descriptor %d", fd);
	l->fd = fd;
	l->passed = true;
	if (which == RW)
		take_path(d, fd);
	return 0;
}

/* 0, or how many sockets there are; the environment is then clean. */
static int
take_all_passed(struct daemon *d, struct err *e)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS"),
	    *names = getenv("LISTEN_FDNAMES");
	unsigned count = 0, i;
	char name[64];
	int rc = 0;

	if (pid && n && strtol(pid, NULL, 10) == getpid())
		count = (unsigned)strtoul(n, NULL, 10);
	if (count > 2)
		rc = err_set(e, ERR_INVALID_ARG, "LISTEN_FDS: %u sockets; two "
		    "can be used, rw and ro", count);
	for (i = 0; !rc && i < count; i++) {
		nth_name(names ? names : "", i, name, sizeof(name));
		rc = take_passed(d, FIRST_PASSED_FD + (int)i, name, i, e);
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return rc;
}

/* ---- our own --------------- */

static int
open_one(struct daemon *d, struct listener *l, const char *path, mode_t mode,
    const struct group *group, struct err *e)
{
	char dir[PATH_BYTES], *slash;
	int dir_fd, rc;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	*slash = '\0';
	dir_fd = open(*dir ? dir : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return err_set_sys(e, errno, "directory \"%.300s\"", dir);
	rc = dir_bind(dir_fd, slash + 1, SOCK_STREAM | SOCK_NONBLOCK, mode,
	    &l->fd);
	if (!rc && group && fchownat(dir_fd, slash + 1, (uid_t)-1,
	    group->gr_gid, AT_SYMLINK_NOFOLLOW))
		log_line(LOG_WARN, "rpc: what=socket_group errno=%d", errno);
	close(dir_fd);
	return rc ? err_set_sys(e, -rc, "cannot listen at \"%.300s\"", path) :
	    0;
}

static int
make_dir_of(const char *path, bool shared, struct err *e)
{
	char dir[PATH_BYTES];
	int rc;

	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	rc = make_socket_dir(dir, shared, e);
	return rc ? rc : check_socket_dir(dir, e);
}

int
listen_unix(struct daemon *d, const char *path, int *fd, struct err *e)
{
	const struct group *group = socket_group(d);
	struct listener l = { .fd = -1 };
	int rc;

	rc = make_dir_of(path, group != NULL, e);
	if (!rc)
		rc = open_one(d, &l, path, group ? 0660 : 0600, group, e);
	if (!rc)
		*fd = l.fd;
	return rc;
}

int
listen_open(struct daemon *d, struct err *e)
{
	const struct group *group = socket_group(d);
	struct listener *rw = &d->listener[RW], *ro = &d->listener[RO];
	int rc;

	rc = take_all_passed(d, e);
	if (!rc)
		rc = make_dir_of(d->opt.socket, group != NULL, e);
	if (!rc)
		rc = lock_socket(d, e);
	if (!rc && rw->fd < 0)
		rc = open_one(d, rw, d->opt.socket, group ? 0660 : 0600,
		    group, e);
	if (!rc && ro->fd < 0 && d->opt.ro_socket[0]) {
		/* Whoever can reach it may look. */
		rc = make_dir_of(d->opt.ro_socket, group != NULL, e);
		if (!rc)
			rc = open_one(d, ro, d->opt.ro_socket, 0666, NULL, e);
	}
	return rc;
}

void
listen_init(struct daemon *d)
{
	unsigned i;

	for (i = 0; i < MAX_LISTENERS; i++)
		d->listener[i] = (struct listener){ .d = d, .fd = -1,
			.read_only = i == RO };
	d->lock_fd = -1;
}

void
listen_serve(struct daemon *d)
{
	unsigned i;

	for (i = 0; i < MAX_LISTENERS; i++) {
		struct listener *l = &d->listener[i];

		if (l->fd < 0)
			continue;
		ev_io_init(&l->io, conn_on_accept, l->fd, EV_READ);
		ev_io_start(d->loop, &l->io);
	}
}

void
listen_close(struct daemon *d)
{
	unsigned i;

	for (i = 0; i < MAX_LISTENERS; i++) {
		struct listener *l = &d->listener[i];

		if (l->fd < 0)
			continue;
		ev_io_stop(d->loop, &l->io);
		close(l->fd);
		/* A service manager's socket goes on listening without us. */
		if (!l->passed)
			unlink(i == RO ? d->opt.ro_socket : d->opt.socket);
		l->fd = -1;
	}
	if (d->lock_fd >= 0)
		close(d->lock_fd);
	d->lock_fd = -1;
}
