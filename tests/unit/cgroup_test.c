/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon/cgroup.c: in a tree of plain files, which shows what is written
 * where, and in the host's own hierarchy as far as it lets us.
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/cgroup.h"

#define UUID "00000000-1111-4222-8333-444444444444"
#define LEAF "vm-" UUID

static char dir[64];
static struct cgroup_tree t;

static void
put(const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static const char *
get(const char *name)
{
	static char text[128];
	char path[256];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	if (fd >= 0)
		n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[MAX(n, 0)] = '\0';
	return text;
}

static int
set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/trivisor-cgroup-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	put("cgroup.controllers", "cpu memory pids\n");
	put("cgroup.subtree_control", "memory\n");
	cgroup_find(&t, dir);
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static int
tear_down(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
plain_leaf(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/" LEAF, dir);
	assert_int_equal(mkdir(path, 0700), 0);
	put(LEAF "/cpu.weight", "100");
	put(LEAF "/memory.max", "max");
	put(LEAF "/cgroup.procs", "");
}

static void
values_are_written_and_controllers_enabled(void **state)
{
	struct cgroup_values v = { 0 };
	struct err e = { 0 };
	int fd;

	(void)state;
	plain_leaf();
	cgroup_add(&v, "memory.max", "%u", 1u << 30);
	cgroup_add(&v, "cpu.weight", "%d", 333);
	assert_int_equal(cgroup_make(&t, UUID, &v, &fd, &e), 0);
	assert_true(fd >= 0);
	assert_string_equal(get(LEAF "/memory.max"), "1073741824");
	assert_string_equal(get(LEAF "/cpu.weight"), "333");
	/* A plain file: "+cpu" over "memory\n", which was on already. */
	assert_string_equal(get("cgroup.subtree_control"), "+cpury\n");
	assert_int_equal(cgroup_place(fd, 4711), 0);
	assert_string_equal(get(LEAF "/cgroup.procs"), "4711");
	close(fd);
}

static void
controllers_are_taken_back(void **state)
{
	(void)state;
	put("cgroup.subtree_control", "cpu memory\n");
	cgroup_release(dir);
	/* A plain file: "-cpu", then "-memory" over it. */
	assert_string_equal(get("cgroup.subtree_control"), "-memoryory\n");
}

static void
a_controller_that_is_missing_is_named(void **state)
{
	struct cgroup_values v = { 0 };
	struct err e = { 0 };
	int fd = 0;

	(void)state;
	cgroup_add(&v, "memory.max", "4096");
	assert_int_equal(cgroup_check(&t, &v, &e), 0);
	cgroup_add(&v, "io.weight", "100");
	assert_int_equal(cgroup_check(&t, &v, &e), -EINVAL);
	assert_int_equal(e.code, ERR_CONFIG_UNSUPPORTED);
	assert_non_null(strstr(e.msg, "io.weight=100"));
	assert_non_null(strstr(e.msg, "\"io\""));
	assert_non_null(strstr(e.hint, "Delegate=yes"));
	assert_int_equal(cgroup_make(&t, UUID, &v, &fd, &e), -EINVAL);
	assert_int_equal(fd, -1);
	assert_false(cgroup_has(&t, "io"));
	assert_false(cgroup_has(&t, "mem"));
	assert_true(cgroup_has(&t, "memory"));
}

static void
without_a_tree_only_limits_are_refused(void **state)
{
	struct cgroup_values v = { 0 };
	struct cgroup_tree none;
	struct err e = { 0 };
	const char *why;
	int fd = 0;

	(void)state;
	cgroup_find(&none, "/nonexistent/cgroup");
	assert_false(cgroup_usable(&none, &why));
	assert_non_null(strstr(why, "--cgroup"));
	assert_int_equal(cgroup_make(&none, UUID, NULL, &fd, &e), 0);
	assert_int_equal(fd, -1);
	cgroup_add(&v, "cpu.max", "5000 10000");
	assert_int_equal(cgroup_make(&none, UUID, &v, &fd, &e), -EINVAL);
	assert_non_null(strstr(e.msg, why));
}

static void
a_failed_value_leaves_no_cgroup(void **state)
{
	struct cgroup_values v = { 0 };
	struct err e = { 0 };
	char path[256];
	int fd;

	(void)state;
	/* In a plain directory there is no memory.max. */
	cgroup_add(&v, "memory.max", "4096");
	assert_true(cgroup_make(&t, UUID, &v, &fd, &e) < 0);
	assert_non_null(strstr(e.msg, "memory.max=4096"));
	snprintf(path, sizeof(path), "%s/" LEAF, dir);
	assert_int_equal(access(path, F_OK), -1);
}

static void
old_empty_ones_are_swept(void **state)
{
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	static const char *const names[] = { "vm-old", "vm-new", "other" };
	char path[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		assert_int_equal(mkdir(path, 0700), 0);
		if (strcmp(names[i], "vm-new"))
			assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	}
	cgroup_find(&t, dir);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		assert_int_equal(access(path, F_OK), i == 0 ? -1 : 0);
	}
}

/* Of pid, as the kernel sees it. */
static bool
lives_in(pid_t pid, const char *leaf)
{
	char name[64];
	char line[4096];
	bool found = false;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	f = fopen(name, "r");
	while (f && fgets(line, sizeof(line), f))
		found |= !strncmp(line, "0::", 3) && strstr(line, leaf);
	if (f)
		fclose(f);
	return found;
}

/*
 * The host's own hierarchy: a process goes in, is killed there, and the cgroup
 * is gone.  Where there is none to be had, the reason is said.
 */
static void
a_process_in_the_real_tree(void **state)
{
	char path[CGROUP_PATH_BYTES + 64];
	struct cgroup_tree real;
	struct err e = { 0 };
	const char *why;
	int status;
	pid_t pid;
	int fd;

	(void)state;
	cgroup_find(&real, NULL);
	if (!cgroup_usable(&real, &why)) {
		assert_true(strlen(why) > 10);
		return;
	}
	assert_int_equal(cgroup_make(&real, UUID, NULL, &fd, &e), 0);
	if (fd < 0)
		return;
	pid = fork();
	if (!pid) {
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	assert_int_equal(cgroup_place(fd, pid), 0);
	assert_true(lives_in(pid, LEAF));
	close(fd);
	/* It has to be reaped by us, and dies only in there. */
	cgroup_remove(&real, UUID);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	cgroup_remove(&real, UUID);
	snprintf(path, sizeof(path), "%s/" LEAF, real.path);
	assert_int_equal(access(path, F_OK), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    values_are_written_and_controllers_enabled, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(controllers_are_taken_back,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_controller_that_is_missing_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    without_a_tree_only_limits_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_failed_value_leaves_no_cgroup, set_up, tear_down),
		cmocka_unit_test_setup_teardown(old_empty_ones_are_swept,
		    set_up, tear_down),
		cmocka_unit_test(a_process_in_the_real_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
