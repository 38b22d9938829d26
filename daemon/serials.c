/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a domain's serial ports end: pseudo terminals, files, listening
 * sockets and logs, opened with the client's rights and handed to the monitor
 * at its start.  From then on they are the monitor's, and outlive us; what we
 * keep are the names, and a daemon that attaches later asks for them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/monitor.h"

typedef int backend_fn(struct run_request *r, unsigned i, const char *object,
    struct err *e);

static int
open_pty(struct run_request *r, unsigned i, const char *object, struct err *e)
{
	struct vm_config *c = &r->cfg;

	return file_open_pty(r->ids, object, &c->serial_pty_fd[i],
	    &c->serial_slave_fd[i], c->serial_path[i], e);
}

static int
open_file(struct run_request *r, unsigned i, const char *object, struct err *e)
{
	const struct vm_serial_want *w = &r->def->serial[i];

	return file_open_output(r->ids, object, w->path, w->append,
	    &r->cfg.serial_fd[i], e);
}

static int
open_unix(struct run_request *r, unsigned i, const char *object, struct err *e)
{
	const char *path = r->def->serial[i].path;
	int rc = file_listen(r->ids, object, path,
	    &r->cfg.serial_listen_fd[i], e);

	/* Its length was the socket address's to check. */
	if (!rc)
		snprintf(r->cfg.serial_path[i], VM_SERIAL_PATH, "%s", path);
	return rc;
}

static int
open_null(struct run_request *r, unsigned i, const char *object, struct err *e)
{
	(void)r;
	(void)i;
	(void)object;
	(void)e;
	return 0;
}

static const struct {
	const char *name;
	backend_fn *open;
} backends[] = {
	[VM_SERIAL_PTY] = { "pty", open_pty },
	[VM_SERIAL_FILE] = { "file", open_file },
	[VM_SERIAL_UNIX] = { "socket", open_unix },
	[VM_SERIAL_NULL] = { "null", open_null },
};

static int
open_one(struct run_request *r, unsigned i, struct err *e)
{
	const struct vm_serial_want *w = &r->def->serial[i];
	char object[32];
	int rc;

	if (!w->given)
		return 0;
	snprintf(object, sizeof(object), "serial %u: %s", i,
	    backends[w->kind].name);
	rc = backends[w->kind].open(r, i, object, e);
	if (rc || !w->log_path)
		return rc;
	snprintf(object, sizeof(object), "serial %u: log", i);
	return file_open_output(r->ids, object, w->log_path, w->log_append,
	    &r->cfg.serial_log_fd[i], e);
}

int
serials_open(struct run_request *r, struct err *e)
{
	unsigned i;
	int rc = 0;

	r->cfg.client_uid = r->ids->uid;
	r->cfg.client_gid = r->ids->gid;
	for (i = 0; i < r->cfg.n_serials && !rc; i++)
		rc = open_one(r, i, e);
	return rc;
}

void
serials_undo(struct run_request *r)
{
	unsigned i;

	for (i = 0; i < VM_MAX_SERIALS; i++)
		if (r->cfg.serial_listen_fd[i] >= 0)
			file_remove_socket(r->ids, r->cfg.serial_path[i]);
}

/* ---- names, for those who ask and for the end --------------- */

void
serials_note(struct monitor *m, const struct run_request *r)
{
	unsigned i;

	for (i = 0; i < VM_MAX_SERIALS; i++) {
		snprintf(m->serial[i].path, VM_SERIAL_PATH, "%s",
		    r->cfg.serial_path[i]);
		m->serial[i].is_socket = r->cfg.serial_listen_fd[i] >= 0;
	}
	m->client = *r->ids;
}

/* The monitor says what it has: "serial0.pty", "serial1.socket". */
void
serials_take(struct monitor *m, const struct ctl_msg *described)
{
	char key[32];
	uint64_t v;
	unsigned i;

	for (i = 0; i < VM_MAX_SERIALS; i++) {
		snprintf(key, sizeof(key), "serial%u.pty", i);
		if (ctl_get(described, key, m->serial[i].path, VM_SERIAL_PATH))
			continue;
		snprintf(key, sizeof(key), "serial%u.socket", i);
		m->serial[i].is_socket = ctl_get(described, key,
		    m->serial[i].path, VM_SERIAL_PATH);
	}
	/* Without a word about it: our own user's, whose rights suffice. */
	m->client = (struct client_ids){ .uid = geteuid(), .gid = getegid() };
	if (ctl_get_u64(described, "client_uid", &v))
		m->client.uid = (uid_t)v;
	if (ctl_get_u64(described, "client_gid", &v))
		m->client.gid = (gid_t)v;
}

void
serials_remove(struct monitor *m)
{
	unsigned i;

	for (i = 0; i < VM_MAX_SERIALS; i++)
		if (m->serial[i].is_socket)
			file_remove_socket(&m->client, m->serial[i].path);
}

const char *
monitor_tty(const struct monitor *m, unsigned port)
{
	const char *path = m->serial[port].path;

	return path[0] && !m->serial[port].is_socket ? path : NULL;
}
