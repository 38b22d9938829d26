/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the next daemon must know of a run.  The monitor keeps it all in a
 * sealed memfd (note, empty line, XML) and gives it back to whoever asks, so
 * that nothing on disk is needed to find a running domain again.  The files
 * in its run directory say the same of one whose monitor is dead, and which
 * events were told already.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/monitor.h"
#include "daemon/note.h"

/* A seen record's length never changes, nor its place. */
#define SEEN_BYTES 64

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
		rc = errno ? -errno : -EIO;
	close(fd);
	if (!rc && renameat(dir_fd, fresh, dir_fd, name))
		rc = -errno;
	if (rc)
		unlinkat(dir_fd, fresh, 0);
	return rc;
}

/* Everything but the definition, as fields. */
static void
put_run(struct ctl_msg *m, const struct domain *dom)
{
	unsigned i;

	ctl_msg_init(m, CTL_OK, 0);
	(void)ctl_put(m, "id", "%u", dom->id);
	(void)ctl_put(m, "started", "%lld", (long long)dom->started);
	(void)ctl_put(m, "persistent", "%d", dom->persistent);
	(void)ctl_put(m, "mode", "%s", vm_mode_name(dom->choice.mode));
	(void)ctl_put(m, "engine", "%s",
	    vm_engine_name(domain_current(dom)->cfg.engine));
	if (dom->monitor) {
		(void)ctl_put(m, "client_uid", "%u",
		    (unsigned)dom->monitor->client.uid);
		(void)ctl_put(m, "client_gid", "%u",
		    (unsigned)dom->monitor->client.gid);
	}
	for (i = 0; i < dom->choice.n_reasons; i++)
		(void)ctl_put(m, "mode_reason", "%s", dom->choice.reasons[i]);
}

int
note_write(int dir_fd, const struct domain *dom, pid_t pid, struct err *e)
{
	char *xml = domain_def_stored(domain_current(dom));
	struct ctl_msg m;
	int rc;

	put_run(&m, dom);
	if (pid > 0) {
		(void)ctl_put(&m, "pid", "%d", (int)pid);
		(void)ctl_put(&m, "pid_start", "%" PRIu64,
		    note_process_start(pid));
	}
	rc = xml ? write_note(dir_fd, "domain.xml", xml, strlen(xml)) :
	    -ENOMEM;
	if (!rc)
		rc = write_note(dir_fd, "status", m.body, m.len);
	free(xml);
	return rc ? err_set_sys(e, -rc, "domain %s: run directory",
	    dom->name) : 0;
}

int
note_memfd(const struct domain *dom, int *out, struct err *e)
{
	char *xml = domain_def_stored(domain_current(dom));
	struct ctl_msg m;
	int fd, rc = -ENOMEM;

	put_run(&m, dom);
	fd = memfd_create("definition", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd >= 0 && xml)
		rc = dprintf(fd, "%s\n%s", m.body, xml) < 0 ||
		    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW |
		    F_SEAL_SHRINK | F_SEAL_SEAL) ? -errno : 0;
	else if (fd < 0)
		rc = -errno;
	free(xml);
	if (rc) {
		if (fd >= 0)
			close(fd);
		return err_set_sys(e, -rc, "domain %s: definition for its "
		    "monitor", dom->name);
	}
	*out = fd;
	return 0;
}

/* Text of at most size - 1 bytes, with a NUL; NULL when there is none. */
static char *
read_all(int fd, size_t size, size_t *len)
{
	char *text = malloc(size);
	ssize_t n;

	*len = 0;
	while (text && *len < size - 1) {
		n = pread(fd, text + *len, size - 1 - *len, (off_t)*len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		*len += (size_t)n;
	}
	if (text)
		text[*len] = '\0';
	return text;
}

static struct domain_def *
parse_def(const char *xml, size_t n)
{
	struct domain_def *def = NULL;
	struct err e = { 0 };

	return domain_def_parse_with(&def, xml, n, true, &e) ? NULL : def;
}

struct domain_def *
note_from_memfd(int fd, struct ctl_msg *m)
{
	struct domain_def *def = NULL;
	size_t n, head;
	char *text, *gap;

	ctl_msg_init(m, CTL_OK, 0);
	text = read_all(fd, sizeof(m->body) + XML_MAX_BYTES_STORED + 2, &n);
	gap = text ? strstr(text, "\n\n") : NULL;
	if (gap && strlen(text) == n) {
		head = (size_t)(gap - text) + 1;
		if (head < sizeof(m->body)) {
			memcpy(m->body, text, head);
			m->body[head] = '\0';
			m->len = head;
		}
		def = parse_def(gap + 2, n - head - 1);
	}
	free(text);
	return def;
}

struct domain_def *
note_from_files(int dir_fd, struct ctl_msg *m)
{
	char *text = malloc(XML_MAX_BYTES_STORED + 1);
	struct domain_def *def = NULL;
	ssize_t n;

	if (!run_dir_fields(dir_fd, "status", m))
		ctl_msg_init(m, CTL_OK, 0);
	if (!text)
		return NULL;
	n = file_read_text(dir_fd, "domain.xml", text,
	    XML_MAX_BYTES_STORED + 1);
	if (n > 0)
		def = parse_def(text, (size_t)n);
	free(text);
	return def;
}

/* Field 22 of proc(5)'s stat: behind the name, which may hold anything. */
uint64_t
note_process_start(pid_t pid)
{
	char path[64], text[1024], *p;
	ssize_t n;
	int fd, i;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	p = strrchr(text, ')');
	for (i = 0; p && i < 20; i++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p, NULL, 10) : 0;
}

/* ---- events already told --------------- */

/* FNV-1a: against bits that flipped, not against anybody's will. */
static uint32_t
hash(const char *s)
{
	uint32_t h = 2166136261u;

	while (*s)
		h = (h ^ (uint8_t)*s++) * 16777619u;
	return h;
}

static void
seen_text(char buf[SEEN_BYTES + 1], uint64_t seq, enum domain_state state)
{
	char text[48];

	snprintf(text, sizeof(text), "seq=%020" PRIu64 " state=%-10s", seq,
	    domain_state_name(state));
	snprintf(buf, SEEN_BYTES + 1, "%-52s %08x\n\n", text, hash(text));
}

int
seen_open(int dir_fd)
{
	int fd = openat(dir_fd, "seen", O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);

	return fd < 0 ? -errno : fd;
}

int
seen_write(int fd, uint64_t seq, enum domain_state state)
{
	char text[SEEN_BYTES + 1];
	ssize_t n;

	seen_text(text, seq, state);
	n = pwrite(fd, text, strlen(text), 0);
	return n == (ssize_t)strlen(text) ? 0 : n < 0 ? -errno : -EIO;
}

bool
seen_read(int dir_fd, uint64_t *seq, enum domain_state *state)
{
	char buf[2 * SEEN_BYTES], again[SEEN_BYTES + 1], name[16];
	enum domain_state s;

	if (file_read_text(dir_fd, "seen", buf, sizeof(buf)) <= 0 ||
	    sscanf(buf, "seq=%" SCNu64 " state=%15[a-z]", seq, name) != 2 ||
	    !domain_state_parse(name, &s))
		return false;
	*state = s;
	seen_text(again, *seq, *state);
	return !strcmp(buf, again);
}
