/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cloning a monitor or another sealed program: as many namespaces as this
 * host allows, its cgroup, and what the parent has to do for it.  The child's
 * own part is in birth_child.c.
 *
 * What a host allows is found out once, by cloning children that end at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/sched.h>

#include "base/log.h"
#include "daemon/birth.h"

static const struct {
	enum sandbox_layer layer;
	uint64_t flag;
	const char *word;		/* in host_without */
} spaces[] = {
	{ SANDBOX_USER_NS, CLONE_NEWUSER, "userns" },
	{ SANDBOX_PID_NS, CLONE_NEWPID, "pidns" },
	{ SANDBOX_MOUNT_NS, CLONE_NEWNS, "mountns" },
	{ SANDBOX_NET_NS, CLONE_NEWNET, "netns" },
	{ SANDBOX_IPC_NS, CLONE_NEWIPC, "ipcns" },
	{ SANDBOX_UTS_NS, CLONE_NEWUTS, "utsns" },
};

void
birth_host_init(struct birth_host *h, const char *vm_user)
{
	struct passwd *pw;

	h->vm_uid = geteuid();
	h->vm_gid = getegid();
	if (geteuid())
		return;
	/* Ours are of no use to a helper, which takes the client's. */
	if (setgroups(0, NULL))
		log_line(LOG_WARN, "spawner: what=setgroups errno=%d", errno);
	pw = getpwnam(vm_user);
	snprintf(h->vm_user, sizeof(h->vm_user), "%s", vm_user);
	if (!pw || !pw->pw_uid)
		return;
	h->vm_uid = pw->pw_uid;
	h->vm_gid = pw->pw_gid;
	h->has_vm_user = true;
}

/* ---- clone --------------- */

/* As fork(): 0 in the child. */
static pid_t
clone_old(uint64_t flags, int *pidfd)
{
	return (pid_t)syscall(SYS_clone, (unsigned long)flags | SIGCHLD, 0ul,
	    pidfd, NULL, 0ul);
}

static pid_t
clone_new(uint64_t flags, int *pidfd, int cgroup_fd)
{
	struct clone_args a = { .flags = flags, .exit_signal = SIGCHLD,
	    .pidfd = (uint64_t)(uintptr_t)pidfd };

	if (cgroup_fd >= 0) {
		a.flags |= CLONE_INTO_CGROUP;
		a.cgroup = (uint64_t)cgroup_fd;
	}
	return (pid_t)syscall(SYS_clone3, &a, sizeof(a));
}

/* How does such a clone end: 0 or errno? */
static int
try_clone(uint64_t flags, bool new)
{
	int pidfd = -1, sys;
	pid_t pid = new ? clone_new(flags, &pidfd, -1) :
	    clone_old(flags, &pidfd);

	if (!pid)
		_exit(0);
	sys = pid < 0 ? errno : 0;
	if (pidfd >= 0)
		close(pidfd);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return sys;
}

static void
probe(struct birth_host *h)
{
	uint64_t all = 0, base = 0;
	size_t i;

	h->probed = true;
	h->flags = 0;
	h->no_clone3 = try_clone(0, true) != 0;
	h->no_pidfd = try_clone(CLONE_PIDFD, !h->no_clone3) != 0;
	for (i = 0; i < ARRAY_LEN(spaces); i++) {
		all |= spaces[i].flag;
		h->why[spaces[i].layer] = 0;
	}
	if (!try_clone(all, !h->no_clone3)) {
		h->flags = all;
		return;
	}
	/* The first one is the user's, in which the others may be had. */
	for (i = 0; i < ARRAY_LEN(spaces); i++) {
		int sys = try_clone(base | spaces[i].flag, !h->no_clone3);

		h->why[spaces[i].layer] = sys;
		if (sys)
			continue;
		h->flags |= spaces[i].flag;
		if (spaces[i].flag == CLONE_NEWUSER)
			base = CLONE_NEWUSER;
	}
}

static uint64_t
wanted_flags(const struct birth_host *h, const struct wire_spawn *w)
{
	uint64_t flags = h->flags;
	size_t i;

	for (i = 0; i < ARRAY_LEN(spaces); i++)
		if (sandbox_without(w->host_without, spaces[i].word))
			flags &= ~spaces[i].flag;
	/* Without a user namespace only root may have the others. */
	if (!(flags & CLONE_NEWUSER) && geteuid())
		flags = 0;
	return w->host_pids ? flags & ~(uint64_t)CLONE_NEWPID : flags;
}

/* ---- what is on and what is not --------------- */

static void
note_spaces(struct birth *b, const struct birth_host *h,
    const struct wire_spawn *w, uint64_t flags)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(spaces); i++) {
		enum sandbox_layer l = spaces[i].layer;

		if (flags & spaces[i].flag)
			sandbox_on(&b->seal, l);
		else if (sandbox_without(w->host_without, spaces[i].word))
			sandbox_off(&b->seal, l, "host_without=%s",
			    spaces[i].word);
		else if (h->why[l])
			sandbox_off(&b->seal, l, "this host refuses it: %s",
			    strerror(h->why[l]));
		else if (l == SANDBOX_PID_NS && w->host_pids)
			sandbox_off(&b->seal, l, "perf_map needs the host's "
			    "process numbers");
		else
			sandbox_off(&b->seal, l, "needs a user namespace");
	}
}

static void
note_uid(struct birth *b, const struct birth_host *h)
{
	if (h->has_vm_user)
		sandbox_on(&b->seal, SANDBOX_UID);
	else if (!geteuid())
		sandbox_off(&b->seal, SANDBOX_UID, "there is no user %s",
		    h->vm_user);
	else
		sandbox_off(&b->seal, SANDBOX_UID, "a user's own daemon has "
		    "no other user (%u)", (unsigned)geteuid());
}

/* ---- the parent's part --------------- */

static int
write_proc(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd, rc = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

/* In its namespace it is nobody but who it is outside. */
static int
write_maps(const struct birth_host *h, pid_t pid)
{
	char text[64];
	int rc = 0;

	snprintf(text, sizeof(text), "%u %u 1\n", (unsigned)h->vm_uid,
	    (unsigned)h->vm_uid);
	rc = write_proc(pid, "uid_map", text);
	/* An unprivileged writer of gid_map has to give up setgroups(). */
	if (!rc && geteuid())
		rc = write_proc(pid, "setgroups", "deny");
	snprintf(text, sizeof(text), "%u %u 1\n", (unsigned)h->vm_gid,
	    (unsigned)h->vm_gid);
	return rc ? rc : write_proc(pid, "gid_map", text);
}

/* Where the clone could not do it. */
static int
place_in_cgroup(int cgroup_fd, pid_t pid)
{
	char text[16];
	int rc = 0, fd = openat(cgroup_fd, "cgroup.procs", O_WRONLY |
	    O_CLOEXEC);

	if (fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "%d", (int)pid);
	if (write(fd, text, strlen(text)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

static pid_t
clone_child(struct birth *b, const struct birth_host *h,
    const struct wire_spawn *w, uint64_t flags, int cgroup_fd)
{
	bool new = !h->no_clone3 && !sandbox_without(w->host_without,
	    "clone3");
	pid_t pid = -1;
	int rc;

	if (!h->no_pidfd && !sandbox_without(w->host_without, "pidfd"))
		flags |= CLONE_PIDFD;
	b->pidfd = -1;
	if (new && cgroup_fd >= 0) {
		pid = clone_new(flags, &b->pidfd, cgroup_fd);
		if (pid > 0)
			sandbox_on(&b->seal, SANDBOX_CGROUP);
		if (pid >= 0)
			return pid;
	}
	pid = new ? clone_new(flags, &b->pidfd, -1) :
	    clone_old(flags, &b->pidfd);
	if (pid <= 0 || cgroup_fd < 0)
		return pid;
	rc = place_in_cgroup(cgroup_fd, pid);
	if (rc)
		sandbox_off(&b->seal, SANDBOX_CGROUP, "%s", strerror(-rc));
	else
		sandbox_on(&b->seal, SANDBOX_CGROUP);
	return pid;
}

static void
give_up(struct birth *b)
{
	kill(b->pid, SIGKILL);
	while (waitpid(b->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	if (b->pidfd >= 0)
		close(b->pidfd);
}

/* -EAGAIN: with fewer layers it may go. */
static int
clone_once(struct birth *b, struct birth_host *h, const struct wire_spawn *w,
    struct birth_child *c, int cgroup_fd)
{
	uint64_t flags = wanted_flags(h, w);
	int rc = 0;

	note_spaces(b, h, w, flags);
	note_uid(b, h);
	c->flags = flags;
	b->pid = clone_child(b, h, w, flags, cgroup_fd);
	if (!b->pid)
		birth_child(c);
	if (b->pid < 0) {
		rc = -errno;
		/* Limits on namespaces come and go. */
		probe(h);
		return h->flags == flags || !flags ? rc : -EAGAIN;
	}
	if (flags & CLONE_NEWUSER)
		rc = write_maps(h, b->pid);
	if (!rc)
		return 0;
	give_up(b);
	h->flags &= ~(uint64_t)CLONE_NEWUSER;
	h->why[SANDBOX_USER_NS] = -rc;
	return -EAGAIN;
}

static int
fail(struct birth *b, const char *what, int rc)
{
	snprintf(b->what, sizeof(b->what), "%s", what);
	return rc;
}

int
birth_begin(struct birth *b, struct birth_host *h, const struct wire_spawn *w,
    const int *fds)
{
	struct birth_child c = { .host = h, .w = w, .fds = fds };
	int notes[2], go[2], tries = 0, rc;

	if (!h->probed)
		probe(h);
	c.program_fd = open(w->program, O_PATH | O_CLOEXEC);
	if (c.program_fd < 0)
		return fail(b, "program", -errno);
	if (pipe2(notes, O_CLOEXEC) || pipe2(go, O_CLOEXEC)) {
		rc = -errno;
		close(c.program_fd);
		return fail(b, "pipe", rc);
	}
	c.notes_fd = notes[1];
	c.notes_other = notes[0];
	c.go_fd = go[0];
	c.go_other = go[1];
	do {
		rc = clone_once(b, h, w, &c,
		    w->has_cgroup ? fds[w->n_fds] : -1);
	} while (rc == -EAGAIN && tries++ < 2);
	close(c.program_fd);
	close(notes[1]);
	close(go[0]);
	if (!rc && write(go[1], "", 1) != 1)
		log_line(LOG_WARN, "spawner: what=go errno=%d", errno);
	close(go[1]);
	b->notes_fd = notes[0];
	if (rc) {
		close(notes[0]);
		return fail(b, "clone", rc);
	}
	fcntl(b->notes_fd, F_SETFL, O_NONBLOCK);
	return 0;
}

bool
birth_notes(struct birth *b)
{
	struct birth_note n;
	ssize_t got = read(b->notes_fd, &n, sizeof(n));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got != sizeof(n))
		return true;
	n.what[sizeof(n.what) - 1] = '\0';
	if (n.layer == SANDBOX_LAYERS && n.sys) {
		b->failed = n.sys;
		memcpy(b->what, n.what, sizeof(b->what));
	} else if (n.layer < SANDBOX_LAYERS && n.sys) {
		sandbox_off(&b->seal, n.layer, "%s: %s", n.what,
		    strerror(n.sys));
	} else if (n.layer < SANDBOX_LAYERS && n.what[0]) {
		sandbox_off(&b->seal, n.layer, "%s", n.what);
	} else if (n.layer < SANDBOX_LAYERS) {
		sandbox_on(&b->seal, n.layer);
	}
	return false;
}
