/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process has given up after seal.h, tried layer by layer in children:
 * in a monitor seccomp would end each of these attempts before another layer
 * could say no.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/seal.h"

static struct sandbox_state s;

/* In a child that gave up everything: 0 when the attempt failed as it should. */
typedef int attempt_fn(void);

static int
in_sealed_child(attempt_fn *fn, const char *without)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		struct err e;

		memset(&s, 0, sizeof(s));
		if (seal_privileges(&s, without, &e))
			_exit(90);
		seal_limits(&s, 16);
		_exit(fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool
has_landlock(long abi)
{
	return syscall(444, NULL, 0, 1) >= abi;
}

/* --- privileges ------------------------------------------------------------------ */

static int
look_at_status(void)
{
	static const char *const lines[] = { "\nNoNewPrivs:\t1\n",
	    "\nCapInh:\t0000000000000000\n", "\nCapPrm:\t0000000000000000\n",
	    "\nCapEff:\t0000000000000000\n", "\nCapAmb:\t0000000000000000\n" };
	static char text[8192];
	int fd = open("/proc/self/status", O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 80;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (!strstr(text, lines[i]))
			return 10 + (int)i;
	if (geteuid() == 0 && !strstr(text, "\nCapBnd:\t0000000000000000\n"))
		return 20;
	return !sandbox_is_on(&s, SANDBOX_NO_NEW_PRIVS) ||
	    !sandbox_is_on(&s, SANDBOX_CAPABILITIES);
}

/* Root without capabilities is nobody: not even by exec or a new identity. */
static int
regain(void)
{
	if (geteuid() == 0 && (setuid(1) == 0 || chroot("/") == 0))
		return 1;
	return prctl(PR_SET_SECUREBITS, 0) == 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}

static void
no_capability_is_left_or_comes_back(void **state)
{
	/* /proc must be readable: without Landlock. */
	assert_int_equal(in_sealed_child(look_at_status, "landlock"), 0);
	assert_int_equal(in_sealed_child(regain, ""), 0);
}

/* --- Landlock --------------------------------------------------------------------- */

static int
open_files(void)
{
	static const char *const paths[] = { "/etc/passwd", "/", "/tmp",
	    "/dev/null", "/proc/self/status" };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (open(paths[i], O_RDONLY) >= 0 || errno != EACCES)
			return 1 + (int)i;
	if (open("/tmp", O_TMPFILE | O_RDWR, 0600) >= 0)
		return 20;
	execl("/bin/true", "true", (char *)NULL);
	return errno != EACCES;
}

static int
use_tcp(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 ||
	    errno != EACCES)
		return 1;
	sin.sin_port = htons(50123);
	return bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 ||
	    errno != EACCES;
}

static struct sockaddr_un abstract;
static socklen_t abstract_len;

static int
reach_out(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&abstract, abstract_len) == 0 ||
	    errno != EPERM)
		return 1;
	return kill(getppid(), 0) == 0 || errno != EPERM;
}

/* What was open stays usable. */
static int held[2];

static int
use_held(void)
{
	char c;

	return write(held[1], "x", 1) != 1 || read(held[0], &c, 1) != 1;
}

static void
landlock_closes_files_ports_and_others(void **state)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (!has_landlock(1)) {
		print_message("this kernel has no Landlock\n");
		skip();
	}
	assert_int_equal(in_sealed_child(open_files, ""), 0);
	if (has_landlock(4))
		assert_int_equal(in_sealed_child(use_tcp, ""), 0);
	abstract.sun_family = AF_UNIX;
	assert_int_equal(bind(fd, (struct sockaddr *)&abstract,
	    sizeof(sa_family_t)), 0);
	assert_int_equal(listen(fd, 1), 0);
	abstract_len = sizeof(abstract);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&abstract,
	    &abstract_len), 0);
	if (has_landlock(6))
		assert_int_equal(in_sealed_child(reach_out, ""), 0);
	assert_int_equal(pipe(held), 0);
	assert_int_equal(in_sealed_child(use_held, ""), 0);
	close(held[0]);
	close(held[1]);
	close(fd);
}

static int
says_without(void)
{
	return sandbox_is_on(&s, SANDBOX_LANDLOCK) ||
	    open("/etc/passwd", O_RDONLY) < 0 ||
	    !sandbox_is_on(&s, SANDBOX_NO_NEW_PRIVS);
}

static void
doing_without_is_told(void **state)
{
	assert_int_equal(in_sealed_child(says_without, "avx,landlock"), 0);
}

/* --- limits ----------------------------------------------------------------------- */

static int
look_at_limits(void)
{
	static const struct {
		__rlimit_resource_t which;
		rlim_t max;
	} want[] = { { RLIMIT_NOFILE, 16 }, { RLIMIT_NPROC, 0 },
	    { RLIMIT_CORE, 0 }, { RLIMIT_MEMLOCK, 0 } };
	struct rlimit r;
	int fd = 0;

	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		if (getrlimit(want[i].which, &r) || r.rlim_max != want[i].max ||
		    r.rlim_cur != want[i].max)
			return 1 + (int)i;
	while (fd >= 0 && fd < 100)
		fd = dup(0);
	r.rlim_max = 17;
	return fd >= 0 || errno != EMFILE ||
	    !setrlimit(RLIMIT_NOFILE, &r) ||
	    !sandbox_is_on(&s, SANDBOX_RLIMITS);
}

static void
limits_are_low_and_stay_so(void **state)
{
	assert_int_equal(in_sealed_child(look_at_limits, ""), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_capability_is_left_or_comes_back),
		cmocka_unit_test(landlock_closes_files_ports_and_others),
		cmocka_unit_test(doing_without_is_told),
		cmocka_unit_test(limits_are_low_and_stay_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
