/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Definitions on disk.  A new text goes to a temporary file, is synced, and
 * takes the place of the old one by rename; the directory is synced last.
 * The text before it stays as .old, so that a file torn by a broken disk
 * costs the last change and not the domain.  Wherever this is interrupted, the
 * old text or the new one is found again; tests/unit/store_crash_test.c tries
 * every place.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/daemon.h"

#define DOMAINS "domains"

struct names {
	char current[64], old[64], fresh[64], autostart[64];
};

static void
names_for(const char *uuid, struct names *n)
{
	snprintf(n->current, sizeof(n->current), "%.36s.xml", uuid);
	snprintf(n->old, sizeof(n->old), "%.36s.xml.old", uuid);
	snprintf(n->fresh, sizeof(n->fresh), "%.36s.xml.new", uuid);
	snprintf(n->autostart, sizeof(n->autostart), "%.36s.autostart", uuid);
}

static int
open_dir(const char *state_dir, struct err *e)
{
	char path[PATH_BYTES + 16];
	int fd;

	snprintf(path, sizeof(path), "%s/" DOMAINS, state_dir);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set_sys(e, errno, "definitions in \"%s\"", path);
	return fd;
}

int
store_open(const char *state_dir, struct err *e)
{
	char path[PATH_BYTES + 16];

	snprintf(path, sizeof(path), "%s/" DOMAINS, state_dir);
	return dir_make(path, e);
}

static int
write_all(int fd, const char *text, size_t n)
{
	while (n) {
		ssize_t k = write(fd, text, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		text += k;
		n -= (size_t)k;
	}
	return fsync(fd) ? -errno : 0;
}

static int
write_fresh(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	int rc;

	if (fd < 0)
		return -errno;
	rc = write_all(fd, text, strlen(text));
	/* A network file system may report the failure only now. */
	if (close(fd) && !rc)
		rc = -errno;
	return rc;
}

static struct domain_def *read_one(int dir, const char *name,
    const char *uuid, struct err *e);

static bool
is_whole(int dir, const char *name, const char *uuid)
{
	struct domain_def *def = read_one(dir, name, uuid, NULL);

	domain_def_free(def);
	return def != NULL;
}

/*
 * Keep the current text as the old one.  One that cannot be read is not worth
 * the one before it.  A file system without links loses the name for a moment:
 * the old one then counts.
 */
static int
keep_current(int dir, const struct names *n, const char *uuid)
{
	if (!is_whole(dir, n->current, uuid))
		return 0;
	if (unlinkat(dir, n->old, 0) && errno != ENOENT)
		return -errno;
	if (!linkat(dir, n->current, dir, n->old, 0))
		return 0;
	if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK)
		return -errno;
	return renameat(dir, n->current, dir, n->old) ? -errno : 0;
}

/* The new text did not get through to the disk: the one before it is back. */
static void
take_back(int dir, const struct names *n, const char *uuid)
{
	if (is_whole(dir, n->old, uuid))
		(void)renameat(dir, n->old, dir, n->current);
	else
		(void)unlinkat(dir, n->current, 0);
	(void)fsync(dir);
}

/* Make the fresh file the current one and the current one the old one. */
static int
rotate(int dir, const struct names *n, const char *uuid)
{
	int rc = keep_current(dir, n, uuid);

	if (rc)
		return rc;
	if (renameat(dir, n->fresh, dir, n->current)) {
		rc = -errno;
		/* Where it was moved and not linked. */
		if (faccessat(dir, n->current, F_OK, 0))
			(void)renameat(dir, n->old, dir, n->current);
		return rc;
	}
	if (!fsync(dir))
		return 0;
	rc = -errno;
	take_back(dir, n, uuid);
	return rc;
}

int
store_save(const char *state_dir, const char *uuid, const char *text,
    struct err *e)
{
	struct names n;
	int dir, rc;

	/* Never write what we would not read back. */
	if (strlen(text) > XML_MAX_BYTES_STORED)
		return err_set(e, ERR_XML_ERROR,
		    "definition of %s: longer than 1 MiB", uuid);
	dir = open_dir(state_dir, e);
	if (dir < 0)
		return dir;
	names_for(uuid, &n);
	rc = write_fresh(dir, n.fresh, text);
	if (!rc)
		rc = rotate(dir, &n, uuid);
	if (rc) {
		unlinkat(dir, n.fresh, 0);
		err_set_sys(e, -rc, "definition of %s: cannot store it in "
		    "\"%s\"", uuid, state_dir);
	}
	close(dir);
	return rc;
}

static int
remove_synced(int dir, const char *name)
{
	if (unlinkat(dir, name, 0))
		return errno == ENOENT ? 0 : -errno;
	return fsync(dir) ? -errno : 0;
}

int
store_remove(const char *state_dir, const char *uuid, struct err *e)
{
	struct names n;
	int dir, rc;

	dir = open_dir(state_dir, e);
	if (dir < 0)
		return dir;
	names_for(uuid, &n);
	/* The old one first, for good: it must not come back without this. */
	rc = remove_synced(dir, n.old);
	if (!rc)
		rc = remove_synced(dir, n.current);
	/* Harmless without a definition, but another may get the uuid. */
	if (!rc)
		rc = remove_synced(dir, n.autostart);
	if (rc)
		err_set_sys(e, -rc, "definition of %s: cannot remove it from "
		    "\"%s\"", uuid, state_dir);
	close(dir);
	return rc;
}

/* ---- autostart: an empty file beside the definition --------------- */

static int
make_synced(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600), rc;

	if (fd < 0)
		return -errno;
	close(fd);
	if (!fsync(dir))
		return 0;
	rc = -errno;
	(void)unlinkat(dir, name, 0);
	return rc;
}

int
store_set_autostart(const char *state_dir, const char *uuid, bool on,
    struct err *e)
{
	int dir = open_dir(state_dir, e), rc;
	struct names n;

	if (dir < 0)
		return dir;
	names_for(uuid, &n);
	rc = on ? make_synced(dir, n.autostart) :
	    remove_synced(dir, n.autostart);
	close(dir);
	return rc ? err_set_sys(e, -rc, "autostart of %s: cannot store it in "
	    "\"%s\"", uuid, state_dir) : 0;
}

bool
store_autostart(const char *state_dir, const char *uuid)
{
	int dir = open_dir(state_dir, NULL);
	struct names n;
	bool on;

	if (dir < 0)
		return false;
	names_for(uuid, &n);
	on = !faccessat(dir, n.autostart, F_OK, AT_SYMLINK_NOFOLLOW);
	close(dir);
	return on;
}

/* ---- reading --------------- */

static struct domain_def *
read_one(int dir, const char *name, const char *uuid, struct err *e)
{
	struct domain_def *def = NULL;
	char *text = malloc(XML_MAX_BYTES_STORED + 1);
	ssize_t n;

	if (!text) {
		err_set_sys(e, ENOMEM, "definition %s", name);
		return NULL;
	}
	n = file_read_text(dir, name, text, XML_MAX_BYTES_STORED + 1);
	if (n < 0)
		err_set_sys(e, (int)-n, "definition %s", name);
	else if (domain_def_parse(&def, text, (size_t)n, e))
		def = NULL;
	free(text);
	if (def && strcmp(def->cfg.uuid, uuid)) {
		err_set(e, ERR_XML_ERROR, "definition %s: the uuid inside is "
		    "%s", name, def->cfg.uuid);
		domain_def_free(def);
		def = NULL;
	}
	return def;
}

/* The uuid of a definition's file name, current or old. */
static bool
uuid_of(const char *name, char uuid[37])
{
	size_t n = strlen(name);

	if (n < 36)
		return false;
	memcpy(uuid, name, 36);
	uuid[36] = '\0';
	return vm_uuid_ok(uuid) &&
	    (!strcmp(name + 36, ".xml") || !strcmp(name + 36, ".xml.old"));
}

static struct domain_def *
load_one(int dir, const char *uuid)
{
	struct err e = { 0 };
	struct domain_def *def;
	struct names n;

	names_for(uuid, &n);
	def = read_one(dir, n.current, uuid, &e);
	if (def)
		return def;
	log_line(LOG_WARN, "store: what=load uuid=%s error=\"%s\"", uuid,
	    e.msg);
	def = read_one(dir, n.old, uuid, &e);
	if (def)
		log_line(LOG_WARN, "store: what=older_generation uuid=%s",
		    uuid);
	return def;
}

int
store_load(const char *state_dir, void (*fn)(void *ctx,
    struct domain_def *def), void *ctx, struct err *e)
{
	struct dirent *entry;
	int dir = open_dir(state_dir, e);
	DIR *stream;

	if (dir < 0)
		return dir;
	stream = fdopendir(dir);
	if (!stream) {
		int sys = errno;

		close(dir);
		return err_set_sys(e, sys, "definitions in \"%s\"", state_dir);
	}
	while ((entry = readdir(stream)) != NULL) {
		struct domain_def *def;
		char uuid[37], current[64];

		if (!uuid_of(entry->d_name, uuid))
			continue;
		/* An old one counts only where it is alone. */
		snprintf(current, sizeof(current), "%s.xml", uuid);
		if (strcmp(entry->d_name, current) &&
		    !faccessat(dir, current, F_OK, 0))
			continue;
		def = load_one(dir, uuid);
		if (def)
			fn(ctx, def);
	}
	closedir(stream);
	return 0;
}
