/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon/spawner.c and what belongs to it: files with the client's rights,
 * programs in namespaces.  The programs are /bin/sh and a few words for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/spawner.h"

#define OPEN_LIMIT_MS 300

static char dir[64];
static struct ev_loop *loop;
static struct spawner *sp;
static bool gone;
static struct { pid_t pid; int status; } ended[16];
static unsigned n_ended;

static void
on_exit_of(void *ctx, pid_t pid, int status)
{
	assert_true(n_ended < ARRAY_LEN(ended));
	ended[n_ended].pid = pid;
	ended[n_ended++].status = status;
	ev_break(loop, EVBREAK_ALL);
}

static void
on_gone(void *ctx)
{
	gone = true;
	ev_break(loop, EVBREAK_ALL);
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	return remove(path);
}

static int
set_up(void **state)
{
	struct spawner_options o = { .open_ms = OPEN_LIMIT_MS,
		.vm_user = "trivisor-no-such-user" };

	strcpy(dir, "/tmp/trivisor-spawner-XXXXXX");
	log_set_level(LOG_ERR);
	gone = false;
	n_ended = 0;
	if (!mkdtemp(dir) || spawner_start(&sp, &o, NULL))
		return -1;
	loop = ev_loop_new(EVFLAG_AUTO);
	spawner_watch(sp, loop, on_exit_of, on_gone, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	spawner_stop(sp);
	ev_loop_destroy(loop);
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
on_limit(struct ev_loop *l, ev_timer *w, int events)
{
	fail_msg("nothing happens");
}

/* Run the loop until *done, ten seconds at most. */
static void
until(const bool *done)
{
	ev_timer limit;

	ev_timer_init(&limit, on_limit, 10, 0);
	ev_timer_start(loop, &limit);
	while (!*done)
		ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &limit);
}

static int
wait_for_exit(pid_t pid)
{
	ev_timer limit;

	ev_timer_init(&limit, on_limit, 10, 0);
	ev_timer_start(loop, &limit);
	for (;;) {
		for (unsigned i = 0; i < n_ended; i++) {
			if (ended[i].pid == pid) {
				ev_timer_stop(loop, &limit);
				return ended[i].status;
			}
		}
		ev_run(loop, EVRUN_ONCE);
	}
}

/* ---- files --------------- */

struct got {
	bool done;
	struct file_result f;
	struct err e;
};

static void
on_file(void *ctx, const struct file_result *f, const struct err *e)
{
	struct got *g = ctx;

	assert_false(g->done);
	g->f = *f;
	g->e = *e;
	g->done = true;
}

/* 0 or -errno behind the error, -1 without one. */
static int
get_as(const struct client_ids *ids, enum file_kind kind, const char *object,
    const char *path, struct got *g)
{
	struct file_request r = { .kind = kind, .ids = ids, .object = object,
		.path = path };

	memset(g, 0, sizeof(*g));
	assert_non_null(spawner_file(sp, &r, on_file, g));
	/* Never from within the call. */
	assert_false(g->done);
	until(&g->done);
	if (!g->e.code)
		return 0;
	assert_int_equal(g->f.fd, -1);
	return g->e.sys ? -g->e.sys : -1;
}

static int
get(enum file_kind kind, const char *object, const char *path, struct got *g)
{
	struct client_ids me = { .uid = getuid(), .gid = getgid() };

	return get_as(&me, kind, object, path, g);
}

static const char *
in_dir(const char *name)
{
	static char path[4][128];
	static unsigned n;

	n = (n + 1) % 4;
	snprintf(path[n], sizeof(path[n]), "%s/%s", dir, name);
	return path[n];
}

static void
inputs_must_be_readable_files(void **state)
{
	static const struct { const char *path, *says; } t[] = {
		{ "relative", "absolute" }, { "/tmp", "is a directory" },
		{ "/nonexistent/kernel", "No such file" },
		{ "/dev/null", "not a regular file" },
		{ "", "absolute" },
	};
	char longest[5000];
	struct got g;

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		assert_int_not_equal(get(FILE_INPUT, "kernel", t[i].path, &g),
		    0);
		assert_non_null(strstr(g.e.msg, "kernel"));
		assert_non_null(strstr(g.e.msg, t[i].says));
		assert_true(g.e.hint[0]);
	}
	/* A fifo must not hang us. */
	assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
	assert_int_not_equal(get(FILE_INPUT, "initrd", in_dir("fifo"), &g), 0);
	assert_non_null(strstr(g.e.msg, "not a regular file"));
	memset(longest, '/', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(get(FILE_INPUT, "kernel", longest, &g),
	    -ENAMETOOLONG);
	fclose(fopen(in_dir("file"), "w"));
	assert_int_equal(get(FILE_INPUT, "kernel", in_dir("file"), &g), 0);
	assert_true(fcntl(g.f.fd, F_GETFD) & FD_CLOEXEC);
	close(g.f.fd);
}

/* Only where the test runs as root is there somebody else to be. */
static void
files_are_opened_with_the_clients_rights(void **state)
{
	struct client_ids other = { .uid = 65534, .gid = 65534 };
	char path[128];
	struct got g;
	int fd, rc;

	strcpy(path, in_dir("secret"));
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(chmod(dir, 0755), 0);
	rc = get_as(&other, FILE_INPUT, "kernel", path, &g);
	if (geteuid()) {
		assert_int_equal(rc, 0);	/* the daemon's user is ours */
		close(g.f.fd);
		return;
	}
	assert_int_equal(rc, -EACCES);
	assert_non_null(strstr(g.e.hint, "65534"));
	assert_int_equal(get_as(&other, FILE_APPEND, "log", in_dir("new"), &g),
	    -EACCES);
	assert_int_equal(get_as(&other, FILE_LISTEN, "gdb", in_dir("sock"),
	    &g), -EACCES);
	/* A group that the client has, and that root's helper does not. */
	assert_int_equal(chown(path, 0, 4242) || chmod(path, 0640), 0);
	other.groups[0] = 4242;
	other.n_groups = 1;
	assert_int_equal(get_as(&other, FILE_INPUT, "kernel", path, &g), 0);
	close(g.f.fd);
	assert_int_equal(get(FILE_INPUT, "kernel", path, &g), 0);
	close(g.f.fd);
}

static void
outputs_are_made_emptied_or_kept(void **state)
{
	const char *path = in_dir("out");
	struct got g;
	struct stat st;

	assert_int_equal(get(FILE_APPEND, "log", path, &g), 0);
	assert_int_equal(write(g.f.fd, "abc", 3), 3);
	close(g.f.fd);
	assert_int_equal(get(FILE_APPEND, "log", path, &g), 0);
	assert_int_equal(fstat(g.f.fd, &st), 0);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(st.st_mode & 0777, 0600);
	close(g.f.fd);
	assert_int_equal(get(FILE_TRUNCATE, "log", path, &g), 0);
	assert_int_equal(fstat(g.f.fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	close(g.f.fd);
	/* What was there, a link too, gives way to a new file. */
	assert_int_equal(symlink("out", in_dir("link")), 0);
	assert_int_equal(get(FILE_FRESH, "map", in_dir("link"), &g), 0);
	assert_int_equal(write(g.f.fd, "x", 1), 1);
	close(g.f.fd);
	assert_int_equal(lstat(in_dir("link"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
}

static void
stale_sockets_give_way_living_ones_do_not(void **state)
{
	const char *path = in_dir("gdb");
	struct got a, b;

	assert_int_equal(get(FILE_LISTEN, "gdb", path, &a), 0);
	assert_int_equal(get(FILE_LISTEN, "gdb", path, &b), -EADDRINUSE);
	assert_true(b.e.hint[0]);
	assert_int_equal(get(FILE_CONNECT, "serial", path, &b), 0);
	close(b.f.fd);
	close(a.f.fd);
	assert_int_equal(get(FILE_LISTEN, "gdb", path, &b), 0);
	close(b.f.fd);
	assert_int_equal(get(FILE_REMOVE_SOCKET, "gdb", path, &b), 0);
	assert_int_equal(access(path, F_OK), -1);
	/* What is no socket stays. */
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_not_equal(get(FILE_LISTEN, "gdb", path, &b), 0);
	assert_int_equal(get(FILE_REMOVE_SOCKET, "gdb", path, &b), 0);
	assert_int_equal(access(path, F_OK), 0);
}

static void
terminals_come_with_both_ends_and_a_name(void **state)
{
	struct got g;
	char c = 0;

	assert_int_equal(get(FILE_PTY, "serial 0: pty", "", &g), 0);
	assert_memory_equal(g.f.name, "/dev/pts/", 9);
	assert_int_equal(write(g.f.slave, "x", 1), 1);
	assert_int_equal(read(g.f.fd, &c, 1), 1);
	assert_int_equal(c, 'x');
	close(g.f.fd);
	close(g.f.slave);
}

/* A listener whose queue is full: connect() to it hangs. */
static int
jam(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), rc;

	strcpy(sa.sun_path, path);
	assert_int_equal(bind(s, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(s, 0), 0);
	do {
		int c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

		/* Closed, it stays in the queue. */
		rc = connect(c, (struct sockaddr *)&sa, sizeof(sa));
		close(c);
	} while (!rc);
	return s;
}

static void
one_that_hangs_holds_up_nobody_else(void **state)
{
	struct client_ids me = { .uid = getuid(), .gid = getgid() };
	const char *path = in_dir("jam");
	struct file_request r = { .kind = FILE_CONNECT, .ids = &me,
		.object = "serial", .path = path };
	struct got slow = { 0 }, g;
	int s = jam(path);

	assert_non_null(spawner_file(sp, &r, on_file, &slow));
	fclose(fopen(in_dir("file"), "w"));
	for (int i = 0; i < 5; i++) {
		assert_int_equal(get(FILE_INPUT, "kernel", in_dir("file"), &g),
		    0);
		close(g.f.fd);
	}
	assert_false(slow.done);
	until(&slow.done);
	assert_int_equal(slow.e.sys, ETIMEDOUT);
	assert_non_null(strstr(slow.e.hint, "file system"));
	/* One that is given up is not told of, and leaves nothing. */
	slow.done = false;
	spawner_cancel(spawner_file(sp, &r, on_file, &slow));
	assert_int_equal(get(FILE_INPUT, "kernel", in_dir("file"), &g), 0);
	close(g.f.fd);
	assert_false(slow.done);
	close(s);
}

static void
a_user_can_hold_only_so_many(void **state)
{
	struct client_ids me = { .uid = getuid(), .gid = getgid() };
	const char *path = in_dir("jam");
	struct file_request r = { .kind = FILE_CONNECT, .ids = &me,
		.object = "serial", .path = path };
	struct got g[40] = { 0 };
	unsigned busy = 0, late = 0;
	int s = jam(path);

	for (size_t i = 0; i < ARRAY_LEN(g); i++)
		assert_non_null(spawner_file(sp, &r, on_file, &g[i]));
	for (size_t i = 0; i < ARRAY_LEN(g); i++) {
		until(&g[i].done);
		busy += g[i].e.sys == EBUSY;
		late += g[i].e.sys == ETIMEDOUT;
	}
	assert_int_equal(busy, 8);
	assert_int_equal(late, 32);
	close(s);
}

/* ---- programs --------------- */

struct born {
	bool done;
	struct spawn_answer a;
	struct err e;
};

static void
on_born(void *ctx, const struct spawn_answer *a, const struct err *e)
{
	struct born *b = ctx;

	b->a = *a;
	b->e = *e;
	b->done = true;
}

/* sh -c text, its output into a pipe whose end is returned. */
static int
start_sh(const char *text, const char *without, bool with_daemon,
    struct born *b)
{
	const char *argv[] = { "-c", text, NULL };
	struct spawn_request r = { .program = "/bin/sh", .argv = argv,
		.cgroup_fd = -1, .host_without = without,
		.with_daemon = with_daemon };
	int out[2];

	memset(b, 0, sizeof(*b));
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	r.fds[r.n_fds++] = out[1];
	r.fds[r.n_fds++] = out[1];
	assert_non_null(spawner_spawn(sp, &r, on_born, b));
	close(out[1]);
	until(&b->done);
	return out[0];
}

static void
sh_says(const char *text, const char *without, char *buf, size_t size,
    struct born *b)
{
	int fd = start_sh(text, without, false, b);
	size_t len = 0;
	ssize_t n;

	assert_int_equal(b->e.code, 0);
	while ((n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	close(fd);
	assert_int_equal(wait_for_exit(b->a.pid), 0);
	if (b->a.pidfd >= 0)
		close(b->a.pidfd);
}

static void
programs_see_nothing_of_the_host(void **state)
{
	char text[2048];
	struct born b;

	sh_says("ls /proc/self/fd | tr '\\n' ' '; ulimit -c; ulimit -n;"
	    "umask; echo \"$*\"; env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=;"
	    "grep -E '^(NoNewPrivs|CapBnd)' /proc/self/status", NULL, text,
	    sizeof(text), &b);
	/* 0 to 2, the root where there is one, and the directory it reads. */
	assert_non_null(strstr(text, sandbox_is_on(&b.a.seal, SANDBOX_ROOT) ?
	    "0 1 2 3 4 0\n256\n0077\n3\n" : "0 1 2 3 0\n256\n0077\n\n"));
	assert_non_null(strstr(text, "\nNoNewPrivs:\t1\n"));
	assert_null(strstr(text, "HOME="));
	assert_null(strstr(text, "PATH="));
	if (sandbox_is_on(&b.a.seal, SANDBOX_USER_NS))
		assert_non_null(strstr(text, "CapBnd:\t0000000000000000\n"));
	/* Nobody has looked yet: the program's own part. */
	assert_string_equal(b.a.seal.text[SANDBOX_SECCOMP], "");
	assert_string_equal(b.a.seal.text[SANDBOX_CGROUP], "");
	assert_true(strlen(b.a.seal.text[SANDBOX_UID]) > 5);
}

/* Each layer is one that the host has, or says why it is not there. */
static void
layers_are_on_or_say_why(void **state)
{
	static const struct { enum sandbox_layer l; const char *name, *word; }
	t[] = {
		{ SANDBOX_USER_NS, "user", "userns" },
		{ SANDBOX_PID_NS, "pid", "pidns" },
		{ SANDBOX_MOUNT_NS, "mnt", "mountns" },
		{ SANDBOX_NET_NS, "net", "netns" },
		{ SANDBOX_IPC_NS, "ipc", "ipcns" },
		{ SANDBOX_UTS_NS, "uts", "utsns" },
	};
	char said[16];
	struct born b;

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		char script[64], text[128], path[32], ours[64] = "";

		snprintf(script, sizeof(script), "readlink /proc/self/ns/%s",
		    t[i].name);
		snprintf(path, sizeof(path), "/proc/self/ns/%s", t[i].name);
		assert_true(readlink(path, ours, sizeof(ours) - 1) > 0);
		sh_says(script, NULL, text, sizeof(text), &b);
		text[strcspn(text, "\n")] = '\0';
		if (sandbox_is_on(&b.a.seal, t[i].l))
			assert_string_not_equal(text, ours);
		else
			assert_string_equal(text, ours);
		sh_says(script, t[i].word, text, sizeof(text), &b);
		text[strcspn(text, "\n")] = '\0';
		assert_string_equal(text, ours);
		assert_memory_equal(b.a.seal.text[t[i].l], "off: ", 5);
	}
	sh_says(":", "root", said, sizeof(said), &b);
	assert_string_equal(b.a.seal.text[SANDBOX_ROOT],
	    "off: host_without=root");
}

static void
poor_hosts_start_programs_too(void **state)
{
	static const char *const without[] = {
		"clone3", "pidfd", "clone3,pidfd", "userns",
		"userns,pidns,mountns,netns,ipcns,utsns,clone3,pidfd",
	};
	char text[64];
	struct born b;

	for (size_t i = 0; i < ARRAY_LEN(without); i++) {
		sh_says("echo ok", without[i], text, sizeof(text), &b);
		assert_string_equal(text, "ok\n");
		if (strstr(without[i], "pidfd"))
			assert_int_equal(b.a.pidfd, -1);
	}
}

static void
ends_are_told_with_their_status(void **state)
{
	struct born b;
	int status;

	close(start_sh("exit 7", NULL, false, &b));
	assert_int_equal(b.e.code, 0);
	status = wait_for_exit(b.a.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	close(b.a.pidfd);
	/* No pidfd: the parent kills. */
	close(start_sh("exec sleep 60", "pidfd", false, &b));
	spawner_kill(sp, b.a.pid);
	status = wait_for_exit(b.a.pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	/* What is not its child it leaves alone. */
	spawner_kill(sp, getpid());
}

static void
bad_programs_are_told(void **state)
{
	const char *argv[] = { NULL };
	struct spawn_request r = { .program = "/nonexistent/monitor",
		.argv = argv, .cgroup_fd = -1 };
	struct born b = { 0 };

	assert_non_null(spawner_spawn(sp, &r, on_born, &b));
	until(&b.done);
	assert_int_equal(b.e.sys, ENOENT);
	assert_int_equal(b.a.pid, 0);
	assert_non_null(strstr(b.e.msg, "/nonexistent/monitor"));
	assert_non_null(strstr(b.e.hint, "--monitor"));
	/* One that is there and is no program. */
	close(open(in_dir("data"), O_CREAT | O_WRONLY, 0600));
	r.program = in_dir("data");
	b.done = false;
	assert_non_null(spawner_spawn(sp, &r, on_born, &b));
	until(&b.done);
	assert_int_equal(b.e.sys, EACCES);
	assert_int_equal(b.a.pid, 0);
	assert_int_equal(n_ended, 0);
}

/* Does what is at the other end close it within five seconds? */
static bool
closes(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	return poll(&p, 1, 5000) == 1 && read(fd, &c, 1) == 0;
}

static void
given_up_programs_are_killed(void **state)
{
	const char *argv[] = { "-c", "exec sleep 60", NULL };
	struct spawn_request r = { .program = "/bin/sh", .argv = argv,
		.cgroup_fd = -1, .n_fds = 1 };
	struct born b = { 0 };
	int out[2];

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	r.fds[0] = out[1];
	spawner_cancel(spawner_spawn(sp, &r, on_born, &b));
	close(out[1]);
	while (!n_ended)
		ev_run(loop, EVRUN_ONCE);
	assert_true(closes(out[0]));
	assert_false(b.done);
	close(out[0]);
}

static void
with_the_daemon_or_without_it(void **state)
{
	struct born with, without;
	int a = start_sh("exec sleep 60", NULL, true, &with);
	int b = start_sh("exec sleep 60", NULL, false, &without);
	struct pollfd p = { .fd = b, .events = POLLIN };

	kill(spawner_pid(sp), SIGKILL);
	until(&gone);
	assert_true(closes(a));
	assert_int_equal(poll(&p, 1, 200), 0);
	kill(without.a.pid, SIGKILL);
	assert_true(closes(b));
	close(a);
	close(b);
	close(with.a.pidfd);
	close(without.a.pidfd);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(inputs_must_be_readable_files),
		T(files_are_opened_with_the_clients_rights),
		T(outputs_are_made_emptied_or_kept),
		T(stale_sockets_give_way_living_ones_do_not),
		T(terminals_come_with_both_ends_and_a_name),
		T(one_that_hangs_holds_up_nobody_else),
		T(a_user_can_hold_only_so_many),
		T(programs_see_nothing_of_the_host),
		T(layers_are_on_or_say_why),
		T(poor_hosts_start_programs_too),
		T(ends_are_told_with_their_status),
		T(bad_programs_are_told),
		T(given_up_programs_are_killed),
		T(with_the_daemon_or_without_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
