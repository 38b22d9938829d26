/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a domain's serial ports end: pseudo terminals, files, listening
 * sockets and logs, opened with the client's rights and handed to the monitor
 * at its start.  From then on they are the monitor's, and outlive us; what we
 * keep are the names, and a daemon that attaches later asks for them.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/monitor.h"
#include "daemon/start.h"

static const struct {
	const char *name;
	enum file_kind kind;
} backends[] = {
	[VM_SERIAL_PTY] = { "pty", FILE_PTY },
	[VM_SERIAL_FILE] = { "file", FILE_TRUNCATE },
	[VM_SERIAL_UNIX] = { "socket", FILE_LISTEN },
	[VM_SERIAL_NULL] = { "null", FILE_KINDS },
};

static enum file_kind
output(bool append)
{
	return append ? FILE_APPEND : FILE_TRUNCATE;
}

static void
want_backend(struct start *st, unsigned i, const char *object)
{
	const struct vm_serial_want *w = &st->r.def->serial[i];
	struct vm_config *c = &st->r.cfg;
	struct start_want want = { .kind = backends[w->kind].kind };

	if (w->kind == VM_SERIAL_PTY) {
		want.fd = &c->serial_pty_fd[i];
		want.slave = &c->serial_slave_fd[i];
		want.name = c->serial_path[i];
	} else if (w->kind == VM_SERIAL_UNIX) {
		want.fd = &c->serial_listen_fd[i];
		/* Its length is the socket address's to check. */
		snprintf(c->serial_path[i], VM_SERIAL_PATH, "%s", w->path);
	} else {
		want.fd = &c->serial_fd[i];
		want.kind = output(w->append);
	}
	start_want(st, &want, object, w->path ? w->path : "");
}

static void
want_one(struct start *st, unsigned i)
{
	const struct vm_serial_want *w = &st->r.def->serial[i];
	char object[32];

	if (!w->given)
		return;
	snprintf(object, sizeof(object), "serial %u: %s", i,
	    backends[w->kind].name);
	if (w->kind != VM_SERIAL_NULL)
		want_backend(st, i, object);
	if (!w->log_path)
		return;
	snprintf(object, sizeof(object), "serial %u: log", i);
	start_want(st, &(struct start_want){ .kind = output(w->log_append),
	    .fd = &st->r.cfg.serial_log_fd[i] }, object, w->log_path);
}

void
serials_want(struct start *st)
{
	unsigned i;

	st->r.cfg.client_uid = st->ids.uid;
	st->r.cfg.client_gid = st->ids.gid;
	for (i = 0; i < st->r.cfg.n_serials; i++)
		want_one(st, i);
}

/* ---- names, for those who ask and for the end --------------- */

void
serials_note(struct monitor *m, const struct run_request *r)
{
	unsigned i;

	for (i = 0; i < VM_MAX_SERIALS; i++) {
		/* A path that somebody else's socket has is not ours. */
		if (r->cfg.serial_listen_fd[i] < 0 &&
		    r->cfg.serial_pty_fd[i] < 0)
			continue;
		snprintf(m->serial[i].path, VM_SERIAL_PATH, "%s",
		    r->cfg.serial_path[i]);
		m->serial[i].is_socket = r->cfg.serial_listen_fd[i] >= 0;
	}
}

/* Whose rights opened them; without a word about it, our own will do. */
static struct client_ids
client_of(const struct ctl_msg *m)
{
	struct client_ids ids = { .uid = geteuid(), .gid = getegid() };
	uint64_t v;

	if (ctl_get_u64(m, "client_uid", &v))
		ids.uid = (uid_t)v;
	if (ctl_get_u64(m, "client_gid", &v))
		ids.gid = (gid_t)v;
	return ids;
}

/* The monitor says what it has: "serial0.pty", "serial1.socket". */
void
serials_take(struct monitor *m, const struct ctl_msg *described)
{
	char key[32];
	unsigned i;

	for (i = 0; i < VM_MAX_SERIALS; i++) {
		snprintf(key, sizeof(key), "serial%u.pty", i);
		if (ctl_get(described, key, m->serial[i].path, VM_SERIAL_PATH))
			continue;
		snprintf(key, sizeof(key), "serial%u.socket", i);
		m->serial[i].is_socket = ctl_get(described, key,
		    m->serial[i].path, VM_SERIAL_PATH);
	}
	m->client = client_of(described);
}

void
serials_remove(struct monitor *m)
{
	unsigned i;

	for (i = 0; i < VM_MAX_SERIALS; i++)
		if (m->serial[i].is_socket)
			file_remove_socket(m->d, &m->client,
			    m->serial[i].path);
}

void
serials_sweep(struct daemon *d, const struct domain_def *def,
    const struct ctl_msg *note)
{
	struct client_ids ids = client_of(note);
	unsigned i;

	for (i = 0; i < VM_MAX_SERIALS; i++) {
		const struct vm_serial_want *w = &def->serial[i];

		if (w->given && w->kind == VM_SERIAL_UNIX)
			file_remove_socket(d, &ids, w->path);
	}
}

const char *
monitor_tty(const struct monitor *m, unsigned port)
{
	const char *path = m->serial[port].path;

	return path[0] && !m->serial[port].is_socket ? path : NULL;
}
