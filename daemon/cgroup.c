/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroups of monitors.  Controllers are enabled for them when a domain first
 * needs one; a cgroup that hands controllers on may not hold processes, so
 * the daemon then moves to a child of its own, "daemon" (the name to give
 * systemd's DelegateSubgroup=).
 */
#include "daemon/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define OWN_NAME "daemon"
#define VM_PREFIX "vm-"
/* One without a process that is older was left by somebody who died. */
#define STALE_SECONDS 60

static const char delegate_hint[] = "run trivisord as a systemd service with "
    "Delegate=yes, or in \"systemd-run --scope -p Delegate=yes\"";

/* --- files ---------------------------------------------------------------- */

/* A small file's text without the last newline; false when not readable. */
static bool
read_text(int dir, const char *name, char *buf, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	buf[0] = '\0';
	if (fd < 0)
		return false;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return false;
	while (n && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return true;
}

static int
write_text(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(text);
	ssize_t n;
	int sys;

	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	sys = n < 0 ? errno : 0;
	close(fd);
	return sys ? -sys : (size_t)n == len ? 0 : -EIO;
}

static bool
has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, " "), p += *p == ' ')
		if (strcspn(p, " ") == n && !strncmp(p, word, n))
			return true;
	return false;
}

/* --- finding our place ------------------------------------------------------ */

/* The mount point of the v2 hierarchy and the cgroup it shows. */
static bool
find_mount(char *point, char *root, size_t size)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[8192];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		char *type = strstr(line, " - ");
		char r[4096];
		char p[4096];

		if (type && !strncmp(type, " - cgroup2 ", 11) &&
		    sscanf(line, "%*d %*d %*s %4095s %4095s", r, p) == 2) {
			snprintf(root, size, "%s", strcmp(r, "/") ? r : "");
			snprintf(point, size, "%s", p);
			found = true;
		}
	}
	if (f)
		fclose(f);
	return found;
}

static bool
own_name(char *buf, size_t size)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[CGROUP_PATH_BYTES];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		found = !strncmp(line, "0::/", 4);
		if (found)
			snprintf(buf, size, "%s", line + 3);
	}
	if (f)
		fclose(f);
	return found;
}

bool
cgroup_own(char *path, size_t size, bool *is_root)
{
	char point[4096];
	char root[4096];
	char own[CGROUP_PATH_BYTES];
	const char *below = own;
	size_t n;

	if (!find_mount(point, root, sizeof(point)) ||
	    !own_name(own, sizeof(own)))
		return false;
	n = strlen(root);
	if (n && !strncmp(own, root, n) && (own[n] == '/' || !own[n]))
		below += n;
	*is_root = !strcmp(below, "/") || !*below;
	return snprintf(path, size, "%s%s", point, *is_root ? "" : below) <
	    (int)size;
}

/* systemd's word for it, for root, who may write anywhere. */
static bool
is_delegated(const char *path)
{
	static const char *const names[] = {
		"trusted.delegate", "user.delegate",
	};
	char value[8];

	if (geteuid())
		return true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		ssize_t n = getxattr(path, names[i], value, sizeof(value));

		if (n == 1 && value[0] == '1')
			return true;
	}
	return false;
}

/* Is the parent the place, because we are in its "daemon"? */
static void
step_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash && !strcmp(slash, "/" OWN_NAME))
		*slash = '\0';
}

static void
sweep(const struct cgroup_tree *t)
{
	DIR *dir = opendir(t->path);
	struct dirent *d;

	while (dir && (d = readdir(dir)) != NULL) {
		struct stat st;

		if (strncmp(d->d_name, VM_PREFIX, strlen(VM_PREFIX)) ||
		    fstatat(dirfd(dir), d->d_name, &st, 0) ||
		    !S_ISDIR(st.st_mode) ||
		    st.st_mtime + STALE_SECONDS > time(NULL))
			continue;
		/* Fails with EBUSY as long as anything lives in it. */
		if (unlinkat(dirfd(dir), d->d_name, AT_REMOVEDIR))
			continue;
	}
	if (dir)
		closedir(dir);
}

static void
no_tree(struct cgroup_tree *t, const char *why, int sys)
{
	t->path[0] = '\0';
	snprintf(t->why, sizeof(t->why), "%s%s%s", why, sys ? ": " : "",
	    sys ? strerror(sys) : "");
}

void
cgroup_find(struct cgroup_tree *t, const char *dir)
{
	bool is_root = false;

	memset(t, 0, sizeof(*t));
	if (dir) {
		snprintf(t->path, sizeof(t->path), "%s", dir);
	} else if (!cgroup_own(t->path, sizeof(t->path), &is_root)) {
		no_tree(t, "no cgroup v2 hierarchy is mounted", 0);
		return;
	} else if (!is_root) {
		step_up(t->path);
		if (!is_delegated(t->path)) {
			no_tree(t, "the daemon's cgroup is not delegated to it",
			    0);
			return;
		}
	}
	if (access(t->path, W_OK | X_OK))
		no_tree(t, dir ? "--cgroup cannot be written" :
		    "the daemon's cgroup cannot be written", errno);
	else
		sweep(t);
}

bool
cgroup_usable(const struct cgroup_tree *t, const char **why)
{
	*why = t->path[0] ? NULL : t->why;
	return t->path[0] != '\0';
}

bool
cgroup_has(const struct cgroup_tree *t, const char *controller)
{
	char list[512];
	int dir;
	bool has;

	dir = t->path[0] ? open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
	    -1;
	if (dir < 0)
		return false;
	has = read_text(dir, "cgroup.controllers", list, sizeof(list)) &&
	    has_word(list, controller);
	close(dir);
	return has;
}

/* --- values ------------------------------------------------------------------ */

void
cgroup_add(struct cgroup_values *v, const char *file, const char *fmt, ...)
{
	va_list ap;

	BUG_ON(v->n == CGROUP_MAX_VALUES);
	snprintf(v->v[v->n].file, sizeof(v->v[0].file), "%s", file);
	va_start(ap, fmt);
	vsnprintf(v->v[v->n].text, sizeof(v->v[0].text), fmt, ap);
	va_end(ap);
	v->n++;
}

/* "memory.max" belongs to the controller "memory". */
static void
controller_of(const char *file, char name[32])
{
	snprintf(name, 32, "%.*s", (int)strcspn(file, "."), file);
}

int
cgroup_check(const struct cgroup_tree *t, const struct cgroup_values *v,
    struct err *e)
{
	for (unsigned i = 0; v && i < v->n; i++) {
		const char *file = v->v[i].file;
		char name[32];

		controller_of(file, name);
		if (!t->path[0])
			err_set(e, ERR_CONFIG_UNSUPPORTED, "cgroup: the limit "
			    "%s=%s cannot be kept: %s", file, v->v[i].text,
			    t->why);
		else if (!cgroup_has(t, name))
			err_set(e, ERR_CONFIG_UNSUPPORTED, "cgroup: the limit "
			    "%s=%s cannot be kept: the controller \"%s\" is "
			    "not available in %.128s", file, v->v[i].text,
			    name, t->path);
		else
			continue;
		err_hint(e, "%s, on a host with cgroup v2 controllers; or "
		    "leave the limit out", delegate_hint);
		return -EINVAL;
	}
	return 0;
}

/* --- enabling controllers -------------------------------------------------- */

/* Out of the parent, which is to hold no process, with this one. */
static int
move_down(int parent)
{
	char pid[16];
	int own;
	int rc;

	if (mkdirat(parent, OWN_NAME, 0755) && errno != EEXIST)
		return -errno;
	own = openat(parent, OWN_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (own < 0)
		return -errno;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	rc = write_text(own, "cgroup.procs", pid);
	close(own);
	return rc;
}

static int
enable(int parent, const char *name)
{
	char list[512];
	char word[40];
	int rc;

	if (read_text(parent, "cgroup.subtree_control", list, sizeof(list)) &&
	    has_word(list, name))
		return 0;
	snprintf(word, sizeof(word), "+%s", name);
	rc = write_text(parent, "cgroup.subtree_control", word);
	/* The root of all is the only one that may hold processes, too. */
	if (rc != -EBUSY)
		return rc;
	rc = move_down(parent);
	return rc ? rc : write_text(parent, "cgroup.subtree_control", word);
}

static int
set_values(const struct cgroup_tree *t, int parent, int leaf,
    const struct cgroup_values *v, struct err *e)
{
	for (unsigned i = 0; v && i < v->n; i++) {
		const char *file = v->v[i].file;
		char name[32];
		int rc;

		controller_of(file, name);
		rc = enable(parent, name);
		if (rc) {
			err_set_sys(e, -rc, "cgroup: the controller \"%s\" "
			    "cannot be enabled in %.128s", name, t->path);
			err_hint(e, "%s", delegate_hint);
			return rc;
		}
		rc = write_text(leaf, file, v->v[i].text);
		if (rc)
			return err_set_sys(e, -rc, "cgroup: %s=%s", file,
			    v->v[i].text);
	}
	return 0;
}

void
cgroup_release(const char *dir)
{
	char path[CGROUP_PATH_BYTES];
	char list[512];
	char word[40];
	bool is_root = false;
	char *slash;
	int fd;

	if (dir)
		snprintf(path, sizeof(path), "%s", dir);
	else if (!cgroup_own(path, sizeof(path), &is_root) || is_root)
		return;
	/* Where systemd puts what it runs after the end of a service. */
	slash = strrchr(path, '/');
	if (!dir && slash && !strcmp(slash, "/.control"))
		*slash = '\0';
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read_text(fd, "cgroup.subtree_control", list, sizeof(list)))
		for (char *p = strtok(list, " "); p; p = strtok(NULL, " ")) {
			snprintf(word, sizeof(word), "-%.32s", p);
			/* What cannot be is found out by whoever starts us. */
			if (write_text(fd, "cgroup.subtree_control", word))
				break;
		}
	close(fd);
}

/* --- a monitor's -------------------------------------------------------------- */

static void
leaf_name(const char *uuid, char name[64])
{
	snprintf(name, 64, VM_PREFIX "%.36s", uuid);
}

/* One that was left behind is used again. */
static int
make_leaf(int parent, const char *name)
{
	int leaf;

	if (mkdirat(parent, name, 0755) && errno != EEXIST)
		return -errno;
	leaf = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);
	return leaf < 0 ? -errno : leaf;
}

int
cgroup_make(const struct cgroup_tree *t, const char *uuid,
    const struct cgroup_values *v, int *fd, struct err *e)
{
	bool needed = v && v->n;
	char name[64];
	int parent;
	int rc;

	*fd = -1;
	rc = cgroup_check(t, v, e);
	if (rc || !t->path[0])
		return rc;
	parent = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return needed ? err_set_sys(e, errno, "cgroup %.256s",
		    t->path) : 0;
	leaf_name(uuid, name);
	*fd = make_leaf(parent, name);
	if (*fd < 0) {
		rc = needed ? err_set_sys(e, -*fd, "cgroup %.256s/%s",
		    t->path, name) : 0;
		*fd = -1;
	} else {
		rc = set_values(t, parent, *fd, v, e);
	}
	close(parent);
	if (rc && *fd >= 0) {
		close(*fd);
		*fd = -1;
		cgroup_remove(t, uuid);
	}
	return rc;
}

int
cgroup_place(int fd, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	return write_text(fd, "cgroup.procs", text);
}

void
cgroup_remove(const struct cgroup_tree *t, const char *uuid)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	char path[CGROUP_PATH_BYTES + 64];
	char name[64];
	int leaf;

	if (!t->path[0])
		return;
	leaf_name(uuid, name);
	snprintf(path, sizeof(path), "%s/%s", t->path, name);
	if (!rmdir(path) || errno != EBUSY)
		return;
	leaf = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (leaf < 0)
		return;
	/* The end of what was killed takes a moment. */
	if (!write_text(leaf, "cgroup.kill", "1"))
		for (int i = 0; i < 50 && rmdir(path) && errno == EBUSY; i++)
			nanosleep(&pause, NULL);
	close(leaf);
}
