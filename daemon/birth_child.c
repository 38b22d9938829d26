/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child of the spawner between clone and exec: a session, a user, an empty
 * directory to be its root, limits, no capabilities but the one to enter that
 * root, its descriptors and nothing else, an empty environment.
 *
 * The program is exec'd in the full tree of files, where its libraries are,
 * and enters the empty root as its first act (sandbox_empty_root()).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>
#include <linux/close_range.h>

#include "daemon/birth.h"

#define MAX_ARGS 24
#define MONITOR_FILES 256

static void
note(const struct birth_child *c, unsigned layer, int sys, const char *what)
{
	struct birth_note n = { .layer = layer, .sys = sys };

	snprintf(n.what, sizeof(n.what), "%s", what);
	/* The spawner has gone: then the daemon has, too. */
	if (write(c->notes_fd, &n, sizeof(n)) != sizeof(n) &&
	    c->w->with_daemon)
		_exit(127);
}

_Noreturn static void
fail(const struct birth_child *c, const char *what)
{
	note(c, SANDBOX_LAYERS, errno, what);
	_exit(127);
}

static void
reset_signals(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A service manager's wish for the daemon is none for its guests. */
static void
reset_oom_score(void)
{
	int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	char text[16] = "";

	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text) - 1) > 0 && text[0] == '-' &&
	    pwrite(fd, "0", 1, 0) < 0) {
		/* Then it is as hard to kill as the daemon. */
	}
	close(fd);
}

static void
set_caps(uint32_t inheritable)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	if (syscall(SYS_capget, &h, d))
		return;
	d[0].effective = d[0].permitted;
	d[1].effective = d[1].permitted;
	d[0].inheritable = inheritable & d[0].permitted;
	(void)syscall(SYS_capset, &h, d);
}

/* Root's child becomes the monitors' user, and keeps what makes its root. */
static void
become_vm_user(const struct birth_child *c)
{
	const struct birth_host *h = c->host;

	if (!h->has_vm_user)
		return;
	(void)prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (setresgid(h->vm_gid, h->vm_gid, h->vm_gid) ||
	    setresuid(h->vm_uid, h->vm_uid, h->vm_uid))
		fail(c, "becoming the monitors' user");
	set_caps(0);
}

static int
mount_empty(const char *dir)
{
	int fd;

	if (mount("trivisor", dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	    "size=4k,nr_inodes=2,mode=0555"))
		return -1;
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && mount(NULL, dir, NULL, MS_REMOUNT | MS_BIND |
	    MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* An empty directory that is a mount of this namespace; -1 none. */
static int
make_root(const struct birth_child *c)
{
	/* Whatever it hides, nobody looks there any more. */
	static const char *const places[] = { "/tmp", "/run", "/var", "/mnt" };
	size_t i;
	int fd = -1;

	if (sandbox_without(c->w->host_without, "root")) {
		note(c, SANDBOX_ROOT, 0, "host_without=root");
		return -1;
	}
	if (!(c->flags & CLONE_NEWNS)) {
		note(c, SANDBOX_ROOT, 0, "needs a mount namespace");
		return -1;
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		note(c, SANDBOX_ROOT, errno, "private mounts");
		return -1;
	}
	for (i = 0; i < ARRAY_LEN(places) && fd < 0; i++)
		fd = mount_empty(places[i]);
	if (fd < 0)
		note(c, SANDBOX_ROOT, errno, "an empty directory");
	else
		note(c, SANDBOX_ROOT, 0, "");
	return fd;
}

/* Nothing survives exec but what entering the root takes. */
static void
leave_capabilities(bool for_root)
{
	uint32_t keep = for_root ? 1u << CAP_SYS_ADMIN : 0;
	int cap;

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* What is to be inherited has to be in the bounding set still. */
	set_caps(keep);
	for (cap = 0; cap <= 63; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (keep)
		(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE,
		    CAP_SYS_ADMIN, 0, 0);
}

static void
limit(void)
{
	struct rlimit none = { 0, 0 }, files;

	setrlimit(RLIMIT_CORE, &none);
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = MIN(files.rlim_max, MONITOR_FILES);
		files.rlim_max = files.rlim_cur;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* Put fds[i] at number i: first all out of the way, then into place. */
static bool
arrange(int *fds, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 64);
		if (fds[i] < 0)
			return false;
	}
	for (i = 0; i < n; i++)
		if (dup2(fds[i], (int)i) < 0)
			return false;
	/* Close-on-exec is set everywhere; this is the second lock. */
	(void)syscall(SYS_close_range, n, ~0u, CLOSE_RANGE_CLOEXEC);
	return true;
}

_Noreturn static void
run(struct birth_child *c, int root)
{
	static char name[] = "trivisor-monitor", option[] = "--root-fd";
	int fds[SPAWN_MAX_FDS + 2];
	char *argv[MAX_ARGS + 4] = { name }, number[16], *none[] = { NULL };
	const char *arg = c->w->args;
	unsigned n = 0, k = 1;

	fds[n++] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	for (unsigned i = 0; i < c->w->n_fds; i++)
		fds[n++] = c->fds[i];
	for (; *arg && k < MAX_ARGS; arg += strlen(arg) + 1)
		argv[k++] = (char *)(uintptr_t)arg;
	if (root >= 0) {
		snprintf(number, sizeof(number), "%u", n);
		argv[k++] = option;
		argv[k++] = number;
		fds[n++] = root;
	}
	if (!arrange(fds, n))
		fail(c, "descriptors");
	limit();
	syscall(SYS_execveat, c->program_fd, "", argv, none, AT_EMPTY_PATH);
	fail(c, "exec");
}

void
birth_child(struct birth_child *c)
{
	char byte;
	int root;

	close(c->notes_other);
	close(c->go_other);
	if (read(c->go_fd, &byte, 1) != 1)
		_exit(127);
	c->notes_fd = fcntl(c->notes_fd, F_DUPFD_CLOEXEC, 128);
	c->program_fd = fcntl(c->program_fd, F_DUPFD_CLOEXEC, 128);
	setsid();
	reset_signals();
	umask(077);
	reset_oom_score();
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (c->flags & CLONE_NEWUTS && sethostname("trivisor", 8)) {
		/* A service manager may forbid it: then it knows the name. */
	}
	become_vm_user(c);
	root = make_root(c);
	leave_capabilities(root >= 0);
	/* After the last change of credentials, which would clear it. */
	if (c->w->with_daemon && prctl(PR_SET_PDEATHSIG, SIGKILL))
		fail(c, "the parent's death");
	/* From here on its death kills us; was it earlier, this does. */
	note(c, SANDBOX_LAYERS, 0, "");
	if (chdir("/"))
		fail(c, "chdir");
	run(c, root);
}
