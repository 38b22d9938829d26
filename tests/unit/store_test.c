/* SPDX-License-Identifier: Apache-2.0 */
/* daemon/store.c and daemon/files.c, in a directory of the test's own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/daemon.h"
#include "vm/report.h"

#define UUID "00000000-1111-4222-8333-444444444444"

static char dir[64];

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static int
set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/trivisor-store-XXXXXX");
	log_set_level(LOG_ERR);
	return mkdtemp(dir) && !store_open(dir, NULL) ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *
text_of(int mib)
{
	static char text[512];

	snprintf(text, sizeof(text), "<domain type='trivisor'><name>d</name>"
	    "<uuid>" UUID "</uuid><memory unit='MiB'>%d</memory><os>"
	    "<type>hvm</type><kernel>/k</kernel></os></domain>", mib);
	return text;
}

struct seen {
	int n;
	uint64_t memory;
};

static void
note(void *ctx, struct domain_def *def)
{
	struct seen *s = ctx;

	s->n++;
	s->memory = def->cfg.memory >> 20;
	domain_def_free(def);
}

static struct seen
load(void)
{
	struct seen s = { 0 };
	struct err e;

	assert_int_equal(store_load(dir, note, &s, &e), 0);
	return s;
}

static void
path_of(char *buf, size_t size, const char *suffix)
{
	snprintf(buf, size, "%s/domains/" UUID ".xml%s", dir, suffix);
}

static void
put(const char *suffix, const char *text)
{
	char path[256];
	FILE *f;

	path_of(path, sizeof(path), suffix);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
saved_definition_is_loaded(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(store_save(dir, UUID, text_of(64), &e), 0);
	assert_int_equal(store_save(dir, UUID, text_of(65), &e), 0);
	assert_int_equal(load().n, 1);
	assert_int_equal(load().memory, 65);
}

static void
torn_file_falls_back_to_the_older(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(store_save(dir, UUID, text_of(64), &e), 0);
	assert_int_equal(store_save(dir, UUID, text_of(65), &e), 0);
	put("", "<domain type='triv");
	assert_int_equal(load().memory, 64);
	put("", "");
	assert_int_equal(load().memory, 64);
}

static void
older_alone_is_loaded(void **state)
{
	char path[256];
	struct err e;

	(void)state;
	assert_int_equal(store_save(dir, UUID, text_of(64), &e), 0);
	assert_int_equal(store_save(dir, UUID, text_of(65), &e), 0);
	path_of(path, sizeof(path), "");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(load().n, 1);
	assert_int_equal(load().memory, 64);
}

/* A power cut in the middle of a save leaves a .new file behind. */
static void
unfinished_save_is_no_definition(void **state)
{
	(void)state;
	put(".new", text_of(64));
	assert_int_equal(load().n, 0);
}

static void
strangers_in_the_directory_are_left_alone(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/domains/README.xml", dir);
	fclose(fopen(path, "w"));
	/* A file whose uuid is another's. */
	snprintf(path, sizeof(path), "%s/domains/"
	    "99999999-1111-4222-8333-444444444444.xml", dir);
	put("", text_of(64));
	{
		char from[256];

		path_of(from, sizeof(from), "");
		assert_int_equal(rename(from, path), 0);
	}
	log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	assert_int_equal(load().n, 0);
	assert_int_equal(access(path, F_OK), 0);
}

static void
removed_definition_does_not_come_back(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(store_save(dir, UUID, text_of(64), &e), 0);
	assert_int_equal(store_save(dir, UUID, text_of(65), &e), 0);
	assert_int_equal(store_remove(dir, UUID, &e), 0);
	assert_int_equal(load().n, 0);
	assert_int_equal(store_remove(dir, UUID, &e), 0);
}

static void
failed_save_keeps_what_was(void **state)
{
	struct err e;
	char *big = malloc(XML_MAX_BYTES_STORED + 2), path[256];

	(void)state;
	assert_int_equal(store_save(dir, UUID, text_of(64), &e), 0);
	memset(big, 'x', XML_MAX_BYTES_STORED + 1);
	big[XML_MAX_BYTES_STORED + 1] = '\0';
	assert_int_not_equal(store_save(dir, UUID, big, &e), 0);
	free(big);
	/* The temporary file cannot be made: a directory is in its place. */
	path_of(path, sizeof(path), ".new");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_not_equal(store_save(dir, UUID, text_of(65), &e), 0);
	assert_true(e.sys);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(load().memory, 64);
}

static void
long_directories_can_hold_sockets(void **state)
{
	char path[400], name[128];
	struct err e;
	int d, s, c;

	(void)state;
	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(dir_make(path, &e), 0);
	d = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(dir_bind(d, "control", SOCK_SEQPACKET, 0600, &s), 0);
	assert_int_equal(dir_connect(d, "control", SOCK_SEQPACKET, &c), 0);
	close(c);
	close(s);
	/* A left-over socket gives way, a file does not. */
	assert_int_equal(dir_bind(d, "control", SOCK_SEQPACKET, 0600, &s), 0);
	close(s);
	close(openat(d, "file", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(dir_bind(d, "file", SOCK_SEQPACKET, 0600, &s),
	    -EADDRINUSE);
	close(d);
}

static void
lock_tells_the_living_from_the_dead(void **state)
{
	int d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), a, b, copy;

	(void)state;
	assert_int_equal(run_dir_lock(d, &a), 0);
	/* The monitor's copy keeps the lock when ours is closed. */
	copy = dup(a);
	close(a);
	assert_int_equal(run_dir_lock(d, &b), -EBUSY);
	close(copy);
	assert_int_equal(run_dir_lock(d, &b), 0);
	close(b);
	close(d);
}

static void
report_is_read_with_care(void **state)
{
	static const struct {
		const char *text;
		enum report_kind kind;
		enum domain_state s;
		const char *reason;
		int code;
	} t[] = {
		{ "", REPORT_NONE, 0, "", -1 },
		{ "junk\n", REPORT_NONE, 0, "", -1 },
		{ "state=odd\n", REPORT_NONE, 0, "", -1 },
		{ "state=starting\n", REPORT_STARTING, 0, "", -1 },
		{ "state=running\nreason=booted\n", REPORT_ALIVE, 0, "", -1 },
		{ "state=shutoff\nreason=shutdown\n", REPORT_END,
		  DOMAIN_SHUTOFF, "shutdown", -1 },
		{ "state=crashed\nreason=triple_fault\ndetail=a b\n",
		  REPORT_END, DOMAIN_CRASHED, "triple_fault", -1 },
		{ "state=shutoff\nreason=debug_exit\nexit_code=3\n",
		  REPORT_END, DOMAIN_SHUTOFF, "debug_exit", 3 },
		{ "state=shutoff\n", REPORT_END, DOMAIN_SHUTOFF, "unknown",
		  -1 },
		{ "exit_code=1\nreason=x\n", REPORT_NONE, 0, "", -1 },
	};
	int d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct domain_exit x;
	struct ctl_msg m;
	size_t i;

	(void)state;
	assert_int_equal(run_dir_report(d, &x, &m), REPORT_NONE);
	for (i = 0; i < ARRAY_LEN(t); i++) {
		int fd = openat(d, "report", O_CREAT | O_TRUNC | O_RDWR, 0600);

		assert_int_equal(report_make(fd, t[i].text), 0);
		close(fd);
		assert_int_equal(run_dir_report(d, &x, &m), t[i].kind);
		if (t[i].kind != REPORT_END)
			continue;
		assert_int_equal(x.state, t[i].s);
		assert_string_equal(x.reason, t[i].reason);
		assert_int_equal(x.has_code ? x.exit_code : -1, t[i].code);
	}
	close(d);
}

/* What report_get() gives, or "?" when it gives nothing. */
static const char *
report_text(int fd)
{
	static char text[REPORT_TEXT_MAX + 1];

	return report_get(fd, text, sizeof(text)) < 0 ? "?" : text;
}

static void
newest_whole_slot_of_a_report_counts(void **state)
{
	int fd = openat(AT_FDCWD, dir, O_TMPFILE | O_RDWR, 0600);
	char whole[2 * REPORT_SLOT_BYTES], long_text[2 * REPORT_TEXT_MAX];
	struct report r;
	size_t i;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(report_make(fd, "n=1\n"), 0);
	report_open(&r, fd);
	assert_int_equal(report_put(&r, "n=2\n", 4), 0);
	assert_string_equal(report_text(fd), "n=2\n");
	assert_int_equal(pread(fd, whole, sizeof(whole), 0), sizeof(whole));
	/* Every bit of the newest: never anything but it or the one before. */
	for (i = 0; i < 36 * 8; i++) {
		char c = (char)(whole[i / 8] ^ 1 << i % 8);

		assert_int_equal(pwrite(fd, &c, 1, (off_t)(i / 8)), 1);
		assert_string_equal(report_text(fd), "n=1\n");
		assert_int_equal(pwrite(fd, &whole[i / 8], 1, (off_t)(i / 8)),
		    1);
	}
	/* Somebody else goes on with the numbers. */
	report_open(&r, fd);
	memset(long_text, 'x', sizeof(long_text));
	long_text[10] = '\n';
	assert_int_equal(report_last(&r, long_text, sizeof(long_text)), 0);
	assert_int_equal(strlen(report_text(fd)), 11);
	assert_int_equal(report_put(&r, "n=4\n", 4), 0);
	assert_int_equal(strlen(report_text(fd)), 11);
	close(fd);
}

static void
autostart_mark_goes_with_its_definition(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(store_save(dir, UUID, text_of(64), &e), 0);
	assert_false(store_autostart(dir, UUID));
	assert_int_equal(store_set_autostart(dir, UUID, true, &e), 0);
	assert_int_equal(store_set_autostart(dir, UUID, true, &e), 0);
	assert_true(store_autostart(dir, UUID));
	assert_int_equal(store_save(dir, UUID, text_of(65), &e), 0);
	assert_true(store_autostart(dir, UUID));
	assert_int_equal(load().n, 1);
	assert_int_equal(store_set_autostart(dir, UUID, false, &e), 0);
	assert_int_equal(store_set_autostart(dir, UUID, false, &e), 0);
	assert_false(store_autostart(dir, UUID));
	assert_int_equal(store_set_autostart(dir, UUID, true, &e), 0);
	assert_int_equal(store_remove(dir, UUID, &e), 0);
	assert_false(store_autostart(dir, UUID));
}

/* A torn definition is not worth the good one before it. */
static void
save_over_a_torn_file_keeps_the_good_one(void **state)
{
	char path[256];
	struct err e;
	FILE *f;

	(void)state;
	put("", "<domain");
	put(".old", text_of(64));
	assert_int_equal(store_save(dir, UUID, text_of(65), &e), 0);
	path_of(path, sizeof(path), "");
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(load().memory, 64);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(saved_definition_is_loaded),
		T(torn_file_falls_back_to_the_older),
		T(older_alone_is_loaded),
		T(unfinished_save_is_no_definition),
		T(strangers_in_the_directory_are_left_alone),
		T(removed_definition_does_not_come_back),
		T(failed_save_keeps_what_was),
		T(long_directories_can_hold_sockets),
		T(autostart_mark_goes_with_its_definition),
		T(save_over_a_torn_file_keeps_the_good_one),
		T(newest_whole_slot_of_a_report_counts),
		T(lock_tells_the_living_from_the_dead),
		T(report_is_read_with_care),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
