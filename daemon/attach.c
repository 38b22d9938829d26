/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a new daemon makes of the run directories it finds: a lock that is
 * held means a living monitor to attach to, a free one a dead one whose
 * report is read.  The notes in the directory are hints; when they are lost
 * the monitor itself is asked.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/daemon.h"

#define DESCRIBE_MS 3000

static int
write_note(int dir_fd, const char *name, const char *text, size_t len)
{
	char fresh[64];
	int fd, rc = 0;

	snprintf(fresh, sizeof(fresh), "%s.new", name);
	fd = openat(dir_fd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	/* On tmpfs, and only a hint: no fsync. */
	if (write(fd, text, len) != (ssize_t)len)
		rc = -EIO;
	close(fd);
	if (!rc && renameat(dir_fd, fresh, dir_fd, name))
		rc = -errno;
	return rc;
}

int
run_dir_note(int dir_fd, const struct domain *dom, struct err *e)
{
	char *xml = domain_def_stored(domain_current(dom));
	struct ctl_msg m;
	unsigned i;
	int rc;

	ctl_msg_init(&m, CTL_OK, 0);
	(void)ctl_put(&m, "id", "%u", dom->id);
	(void)ctl_put(&m, "started", "%lld", (long long)dom->started);
	(void)ctl_put(&m, "persistent", "%d", dom->persistent);
	(void)ctl_put(&m, "mode", "%s", vm_mode_name(dom->choice.mode));
	(void)ctl_put(&m, "engine", "%s",
	    vm_engine_name(domain_current(dom)->cfg.engine));
	for (i = 0; i < dom->choice.n_reasons; i++)
		(void)ctl_put(&m, "mode_reason", "%s", dom->choice.reasons[i]);
	rc = xml ? write_note(dir_fd, "domain.xml", xml, strlen(xml)) :
	    -ENOMEM;
	if (!rc)
		rc = write_note(dir_fd, "status", m.body, m.len);
	free(xml);
	return rc ? err_set_sys(e, -rc, "domain %s: run directory",
	    dom->name) : 0;
}

/* Ask who is there; startup may wait a little for it. */
static int
describe(int control, struct ctl_msg *answer)
{
	struct pollfd p = { .fd = control, .events = POLLIN };
	struct ctl_msg ask;
	int rc;

	ctl_msg_init(&ask, CTL_DESCRIBE, 1);
	rc = ctl_send(control, &ask);
	if (rc)
		return rc;
	if (poll(&p, 1, DESCRIBE_MS) != 1)
		return -ETIMEDOUT;
	rc = ctl_recv(control, answer);
	if (!rc && answer->fd >= 0)
		close(answer->fd);
	return rc ? rc : answer->h.type == CTL_OK ? 0 : -EPROTO;
}

static struct domain_def *
read_def(int dir_fd)
{
	char *text = malloc(XML_MAX_BYTES_STORED + 1);
	struct domain_def *def = NULL;
	struct err e = { 0 };
	ssize_t n;

	if (!text)
		return NULL;
	n = file_read_text(dir_fd, "domain.xml", text,
	    XML_MAX_BYTES_STORED + 1);
	if (n > 0 && domain_def_parse_with(&def, text, (size_t)n, true, &e))
		def = NULL;
	free(text);
	return def;
}

/* Without a note: what the monitor says of itself has to do. */
static struct domain_def *
def_from_answer(const struct ctl_msg *m, const char *uuid)
{
	struct domain_def *def = domain_def_new();
	uint64_t v;

	if (!def)
		return NULL;
	memcpy(def->cfg.uuid, uuid, sizeof(def->cfg.uuid));
	if (!ctl_get(m, "name", def->cfg.name, sizeof(def->cfg.name)) ||
	    !vm_name_ok(def->cfg.name))
		snprintf(def->cfg.name, sizeof(def->cfg.name), "%s", uuid);
	if (ctl_get_u64(m, "memory", &v))
		def->cfg.memory = v;
	if (ctl_get_u64(m, "vcpus", &v) && v <= VM_MAX_VCPUS)
		def->cfg.vcpus = (unsigned)v;
	if (domain_def_make_xml(def, NULL)) {
		domain_def_free(def);
		return NULL;
	}
	return def;
}

static void
read_status(struct daemon *d, struct domain *dom, int dir_fd,
    const struct ctl_msg *answer)
{
	char key[32], value[256];
	struct ctl_msg m;
	size_t pos = 0;
	uint64_t v;

	dom->id = ++d->last_id;
	if (ctl_get(answer, "mode", value, sizeof(value)))
		(void)vm_mode_parse(value, &dom->choice.mode);
	if (!run_dir_fields(dir_fd, "status", &m))
		return;
	if (ctl_get_u64(&m, "id", &v) && v && v < INT32_MAX)
		dom->id = (unsigned)v;
	d->last_id = MAX(d->last_id, dom->id);
	if (ctl_get_u64(&m, "started", &v))
		dom->started = (ns_t)v;
	if (ctl_get(&m, "mode", value, sizeof(value)))
		(void)vm_mode_parse(value, &dom->choice.mode);
	dom->choice.n_reasons = 0;
	while (ctl_next(&m, &pos, key, sizeof(key), value, sizeof(value)))
		if (!strcmp(key, "mode_reason") &&
		    dom->choice.n_reasons < MODE_MAX_REASONS)
			snprintf(dom->choice.reasons[dom->choice.n_reasons++],
			    sizeof(dom->choice.reasons[0]), "%.159s", value);
	if (ctl_get(&m, "engine", value, sizeof(value)) && dom->live)
		(void)vm_engine_parse(value, &dom->live->cfg.engine);
}

static enum domain_state
state_from_answer(const struct ctl_msg *m, char *reason, size_t size)
{
	enum domain_state s = DOMAIN_RUNNING;
	char text[32];

	if (ctl_get(m, "state", text, sizeof(text)))
		(void)domain_state_parse(text, &s);
	if (!ctl_get(m, "reason", reason, size))
		snprintf(reason, size, "attached");
	return s;
}

/* The domain of a living monitor, with a definition for its run. */
static struct domain *
domain_for_run(struct daemon *d, const char *uuid, int dir_fd,
    const struct ctl_msg *answer)
{
	struct domain *dom = domain_find(d, uuid, NULL);
	struct domain_def *def = read_def(dir_fd);

	if (!def)
		def = def_from_answer(answer, uuid);
	if (!def)
		return NULL;
	if (dom) {
		dom->live = def;
		return dom;
	}
	dom = domain_new(d, def, false);
	if (!dom)
		domain_def_free(def);
	return dom;
}

static void
attach_living(struct daemon *d, const char *uuid, int dir_fd)
{
	struct ctl_msg answer;
	struct err e = { 0 };
	struct domain *dom;
	uint64_t pid = 0, seq = 0;
	int control, rc;

	ctl_msg_init(&answer, CTL_OK, 0);
	rc = dir_connect(dir_fd, "control", SOCK_SEQPACKET, &control);
	if (rc) {
		log_line(LOG_ERR, "attach: uuid=%s what=connect errno=%d",
		    uuid, -rc);
		return;
	}
	rc = describe(control, &answer);
	if (rc)
		log_line(LOG_ERR, "attach: uuid=%s what=describe errno=%d",
		    uuid, -rc);
	dom = domain_for_run(d, uuid, dir_fd, &answer);
	if (!dom) {
		close(control);
		return;
	}
	read_status(d, dom, dir_fd, &answer);
	(void)ctl_get_u64(&answer, "pid", &pid);
	(void)ctl_get_u64(&answer, "seq", &seq);
	rc = monitor_attach(d, dom, control, (pid_t)pid, seq, &e);
	if (rc) {
		log_line(LOG_ERR, "attach: vm=%s error=\"%s\"", dom->name,
		    e.msg);
		return;
	}
	monitor_take_seal(dom->monitor, &answer);
	serials_take(dom->monitor, &answer);
	dom->state = state_from_answer(&answer, dom->reason,
	    sizeof(dom->reason));
	log_line(LOG_INFO, "attach: vm=%s uuid=%s pid=%d state=%s", dom->name,
	    uuid, (int)pid, domain_state_name(dom->state));
}

/* A monitor that ended while no daemon was there to see it. */
static void
collect_dead(struct daemon *d, const char *uuid, int dir_fd)
{
	struct domain *dom = domain_find(d, uuid, NULL);
	struct domain_def *def = dom ? NULL : read_def(dir_fd);

	if (!dom && def) {
		dom = domain_new(d, def, false);
		if (!dom)
			domain_def_free(def);
	}
	if (!dom) {
		run_dir_remove(d, uuid);
		return;
	}
	if (!run_dir_report(dir_fd, &dom->exit)) {
		dom->exit.state = DOMAIN_CRASHED;
		snprintf(dom->exit.reason, sizeof(dom->exit.reason), "killed");
		snprintf(dom->exit.detail, sizeof(dom->exit.detail),
		    "the monitor ended without a report while no daemon was "
		    "there");
	}
	dom->state = DOMAIN_RUNNING;
	domain_run_over(d, dom);
}

static void
attach_one(struct daemon *d, const char *uuid)
{
	int alive, dir = run_dir_open(d, uuid, false);
	int rc;

	if (dir < 0)
		return;
	rc = run_dir_lock(dir, &alive);
	if (!rc) {
		collect_dead(d, uuid, dir);
		close(alive);
	} else if (rc == -EBUSY) {
		attach_living(d, uuid, dir);
	} else {
		log_line(LOG_ERR, "attach: uuid=%s what=lock errno=%d", uuid,
		    -rc);
	}
	close(dir);
}

void
attach_all(struct daemon *d)
{
	DIR *stream = opendir(d->opt.run_dir);
	struct dirent *entry;

	if (!stream)
		return;
	while ((entry = readdir(stream)) != NULL)
		if (vm_uuid_ok(entry->d_name))
			attach_one(d, entry->d_name);
	closedir(stream);
}
