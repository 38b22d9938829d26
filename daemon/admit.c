/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may connect, and as what: the kernel's word for the peer decides
 * (SO_PEERCRED, SO_PEERGROUPS), taken when it connected.
 *
 * Of the connections there may be, a user gets a share; the last ones are
 * kept for root and the daemon's own user, so that somebody can always list
 * and destroy.  Where there is no room, those that never said anything go
 * first.
 */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/daemon.h"

/* Descriptors that are left for domains, files and answers. */
#define SPARE_FDS 64
#define FDS_PAUSE 0.2
/* What says nothing for so long may give way; so long others wait for it. */
#define SILENT_SECONDS 0.1
#define FULL_PAUSE 0.05

static int
read_ids(int fd, struct client_ids *ids)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);

	memset(ids, 0, sizeof(*ids));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n))
		return -errno;
	ids->uid = cred.uid;
	ids->gid = cred.gid;
	n = sizeof(ids->groups);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, ids->groups, &n))
		n = 0;
	ids->n_groups = (int)(n / sizeof(gid_t));
	return 0;
}

bool
client_in_group(const struct client_ids *ids, gid_t gid)
{
	int i;

	if (ids->gid == gid)
		return true;
	for (i = 0; i < ids->n_groups; i++)
		if (ids->groups[i] == gid)
			return true;
	return false;
}

static bool
is_privileged(const struct client_ids *ids)
{
	return !ids->uid || ids->uid == geteuid();
}

enum method_role
role_of(const struct daemon *d, const struct client_ids *ids, bool read_only)
{
	if (read_only)
		return ROLE_VIEWER;
	if (is_privileged(ids) ||
	    (d->has_admin_gid && client_in_group(ids, d->admin_gid)))
		return ROLE_ADMIN;
	/* Whom the socket's mode and group let in. */
	return ROLE_OPERATOR;
}

/* Is there room, and how many connections has this user? */
static bool
has_room(const struct daemon *d, const struct client_ids *ids)
{
	bool own = is_privileged(ids);
	unsigned of_uid = 0;
	const struct conn *c;

	TAILQ_FOREACH(c, &d->conns, link)
		of_uid += c->ids.uid == ids->uid;
	if (!ids->uid)
		return d->n_conns < MAX_CONNECTIONS;
	return d->n_conns < MAX_CONNECTIONS - KEPT_CONNECTIONS &&
	    (own || of_uid < MAX_CONNECTIONS_PER_UID);
}

/* The oldest connection, of that user if it is not root, that never spoke. */
static struct conn *
silent_one(struct daemon *d, const struct client_ids *ids)
{
	struct conn *c;

	TAILQ_FOREACH(c, &d->conns, link)
		if (!c->spoke && !c->dead && (!ids->uid ||
		    c->ids.uid == ids->uid))
			return c;
	return NULL;
}

/*
 * Make room by what has been silent for a while.  *soon: there is no such
 * connection yet, but there will be; only those wait for that who could not
 * make others wait.
 */
static bool
make_room(struct daemon *d, const struct client_ids *ids, bool *soon)
{
	struct conn *c;

	while ((c = silent_one(d, ids)) != NULL &&
	    ev_now(d->loop) - c->active >= SILENT_SECONDS) {
		conn_evict(c, "silent");
		if (has_room(d, ids))
			return true;
	}
	*soon = c && is_privileged(ids);
	return false;
}

static void
stop_accepting(struct daemon *d, const char *why, ev_tstamp seconds)
{
	unsigned i;

	if (log_allowed(d))
		log_line(LOG_WARN, "rpc: what=accept_pauses reason=%s open=%u",
		    why, d->n_conns);
	for (i = 0; i < MAX_LISTENERS; i++)
		if (d->listener[i].fd >= 0)
			ev_io_stop(d->loop, &d->listener[i].io);
	ev_timer_stop(d->loop, &d->accept_timer);
	ev_timer_set(&d->accept_timer, seconds, 0);
	ev_timer_start(d->loop, &d->accept_timer);
}

static void
on_accept_again(struct ev_loop *loop, ev_timer *w, int events)
{
	struct daemon *d = container_of(w, struct daemon, accept_timer);

	(void)loop;
	(void)events;
	listen_serve(d);
}

/* The lowest number that is free tells how many are in use, at least. */
static bool
fds_are_scarce(int fd)
{
	struct rlimit limit;

	return !getrlimit(RLIMIT_NOFILE, &limit) &&
	    limit.rlim_cur != RLIM_INFINITY &&
	    (rlim_t)fd + SPARE_FDS >= limit.rlim_cur;
}

static void
refuse(struct daemon *d, int fd, const struct client_ids *ids)
{
	static const char text[] = "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":"
	    "{\"code\":87,\"message\":\"too many connections\",\"data\":"
	    "{\"name\":\"RESOURCE_BUSY\",\"hint\":\"close some, or wait\"}}}\n";

	(void)!send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
	d->n_refused++;
	if (log_allowed(d))
		log_line(LOG_WARN, "rpc: what=refused_connection uid=%u "
		    "open=%u", (unsigned)ids->uid, d->n_conns);
}

void
conn_on_accept(struct ev_loop *loop, ev_io *w, int events)
{
	struct listener *l = container_of(w, struct listener, io);
	struct daemon *d = l->d;
	struct client_ids ids;
	bool full, soon = false;
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)loop;
	(void)events;
	if (fd < 0) {
		/* What waits in the queue would wake us for ever. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			stop_accepting(d, "accept", FDS_PAUSE);
		return;
	}
	if (read_ids(fd, &ids)) {
		close(fd);
		return;
	}
	full = !has_room(d, &ids) && !make_room(d, &ids, &soon);
	if (full && !soon) {
		refuse(d, fd, &ids);
		return;
	}
	/* One too many now, and nobody else before there is room again. */
	if (full)
		stop_accepting(d, "full", FULL_PAUSE);
	if (fds_are_scarce(fd)) {
		refuse(d, fd, &ids);
		stop_accepting(d, "descriptors", FDS_PAUSE);
		return;
	}
	(void)conn_new(l, fd, &ids, role_of(d, &ids, l->read_only));
}

void
admit_init(struct daemon *d)
{
	const struct group *g = NULL;

	if (!options_private(&d->opt) && geteuid() == 0 &&
	    d->opt.admin_group[0])
		g = getgrnam(d->opt.admin_group);
	d->has_admin_gid = g != NULL;
	d->admin_gid = g ? g->gr_gid : 0;
	ev_timer_init(&d->accept_timer, on_accept_again, 0, 0);
}
