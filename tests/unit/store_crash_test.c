/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon/store.c on a disk that stops at any moment.  The store's system calls
 * are taken down as it saves and removes; then, for each moment between two of
 * them, each selection of directory changes that were not synced and each cut
 * of data that was not, every 512 bytes, the directory is made as a power cut
 * could have left it, and read.  It must hold what was before or what was to
 * be, and take the next change.
 *
 * Also: each call of each change fails, with each errno that disks know.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/daemon.h"

#define UUID "00000000-1111-4222-8333-444444444444"
#define MAX_OPS 64
#define MAX_NAMES 8
#define MAX_FILES 16
#define SECTOR 512
#define NOTHING 0		/* loaded: no definition */
#define MIXED UINT64_MAX	/* loaded: more than one */

static char dir[64], domains[96];

/* ---- what a disk holds --------------- */

struct file {
	char *data;
	size_t n;
};

/* Names and the files behind them; file numbers never come back. */
struct disk {
	struct {
		char name[64];
		int file;	/* -1: no such name */
	} name[MAX_NAMES];
	unsigned n_names;
};

static struct file files[MAX_FILES];
static int n_files;

static int *
entry(struct disk *k, const char *name)
{
	unsigned i;

	for (i = 0; i < k->n_names; i++)
		if (!strcmp(k->name[i].name, name))
			return &k->name[i].file;
	assert_true(k->n_names < MAX_NAMES);
	snprintf(k->name[i].name, sizeof(k->name[i].name), "%s", name);
	k->name[i].file = -1;
	k->n_names++;
	return &k->name[i].file;
}

/* ---- what the store does --------------- */

enum op_kind { OP_MAKE, OP_DATA, OP_SYNC, OP_DIR_SYNC, OP_UNLINK, OP_LINK,
	OP_RENAME };

struct op {
	enum op_kind kind;
	char a[64], b[64];
	int file;		/* which one, but for OP_UNLINK */
	size_t n;		/* OP_DATA: length after it */
};

static struct op ops[MAX_OPS];
static unsigned n_ops;
static bool recording;
static unsigned calls, fail_at;	/* fail_at 0: none */
static int fail_errno;
static struct {
	int fd, file;
} open_files[8];
static unsigned n_open;

static struct op *
note(enum op_kind kind, const char *a, const char *b)
{
	struct op *o = &ops[n_ops++];

	assert_true(n_ops < MAX_OPS);
	memset(o, 0, sizeof(*o));
	o->kind = kind;
	snprintf(o->a, sizeof(o->a), "%s", a);
	snprintf(o->b, sizeof(o->b), "%s", b);
	return o;
}

static int
file_of(int fd)
{
	unsigned i;

	for (i = n_open; i; i--)
		if (open_files[i - 1].fd == fd)
			return open_files[i - 1].file;
	return -1;
}

static bool
fails(void)
{
	if (!recording || ++calls != fail_at)
		return false;
	errno = fail_errno;
	return true;
}

int __real_openat(int at, const char *name, int flags, ...);
ssize_t __real_write(int fd, const void *data, size_t n);
int __real_fsync(int fd);
int __real_unlinkat(int at, const char *name, int flags);
int __real_linkat(int a, const char *from, int b, const char *to, int flags);
int __real_renameat(int a, const char *from, int b, const char *to);
int __wrap_openat(int at, const char *name, int flags, ...);
ssize_t __wrap_write(int fd, const void *data, size_t n);
int __wrap_fsync(int fd);
int __wrap_unlinkat(int at, const char *name, int flags);
int __wrap_linkat(int a, const char *from, int b, const char *to, int flags);
int __wrap_renameat(int a, const char *from, int b, const char *to);

int
__wrap_openat(int at, const char *name, int flags, ...)
{
	bool writes = recording && (flags & O_ACCMODE) != O_RDONLY;
	int fd;

	if (writes && fails())
		return -1;
	fd = __real_openat(at, name, flags, 0600);
	if (fd < 0 || !writes)
		return fd;
	assert_true(n_files < MAX_FILES && n_open < ARRAY_LEN(open_files));
	files[n_files] = (struct file){ calloc(1, 1 << 16), 0 };
	open_files[n_open].fd = fd;
	open_files[n_open++].file = n_files;
	note(OP_MAKE, name, "")->file = n_files++;
	return fd;
}

static void apply(struct disk *k, const struct op *o);
static struct disk before_all;

/* The file behind a name by now, wherever on the disk that is known. */
static int
live_file(const char *name)
{
	struct disk k = before_all;
	unsigned i;

	for (i = 0; i < n_ops; i++)
		apply(&k, &ops[i]);
	return *entry(&k, name);
}

static void
note_moved(enum op_kind kind, const char *from, const char *to)
{
	int file = live_file(from);

	note(kind, from, to)->file = file;
}

/* At most a sector at a time, so that every tear lies between two calls. */
ssize_t
__wrap_write(int fd, const void *data, size_t n)
{
	int f = recording ? file_of(fd) : -1;
	struct op *o;
	ssize_t k;

	if (f < 0)
		return __real_write(fd, data, n);
	if (fails())
		return -1;
	k = __real_write(fd, data, MIN(n, (size_t)SECTOR));
	assert_true(k > 0 && files[f].n + (size_t)k < 1 << 16);
	memcpy(files[f].data + files[f].n, data, (size_t)k);
	files[f].n += (size_t)k;
	o = note(OP_DATA, "", "");
	o->file = f;
	o->n = files[f].n;
	return k;
}

int
__wrap_fsync(int fd)
{
	int f;

	if (!recording)
		return __real_fsync(fd);
	if (fails())
		return -1;
	f = file_of(fd);
	note(f >= 0 ? OP_SYNC : OP_DIR_SYNC, "", "")->file = f;
	return 0;
}

int
__wrap_unlinkat(int at, const char *name, int flags)
{
	int rc;

	if (fails())
		return -1;
	rc = __real_unlinkat(at, name, flags);
	if (!rc && recording)
		note(OP_UNLINK, name, "");
	return rc;
}

int
__wrap_linkat(int a, const char *from, int b, const char *to, int flags)
{
	int rc;

	if (fails())
		return -1;
	rc = __real_linkat(a, from, b, to, flags);
	if (!rc && recording)
		note_moved(OP_LINK, from, to);
	return rc;
}

int
__wrap_renameat(int a, const char *from, int b, const char *to)
{
	int rc;

	if (fails())
		return -1;
	rc = __real_renameat(a, from, b, to);
	if (!rc && recording)
		note_moved(OP_RENAME, from, to);
	return rc;
}

/* ---- texts --------------- */

/* Some sectors long, told apart by its memory. */
static const char *
text_of(unsigned mib)
{
	static char text[8192], filler[2001];

	memset(filler, 'x', sizeof(filler) - 1);
	snprintf(text, sizeof(text), "<domain type='trivisor'><name>d</name>"
	    "<uuid>" UUID "</uuid><description>%s</description>"
	    "<memory unit='MiB'>%u</memory><os><type>hvm</type>"
	    "<kernel>/k</kernel></os></domain>", filler, mib);
	return text;
}

static void
seen(void *ctx, struct domain_def *def)
{
	uint64_t *memory = ctx;

	*memory = *memory == NOTHING ? def->cfg.memory >> 20 : MIXED;
	domain_def_free(def);
}

static uint64_t
load(void)
{
	uint64_t memory = NOTHING;

	assert_int_equal(store_load(dir, seen, &memory, NULL), 0);
	return memory;
}

/* ---- disks made real --------------- */

static void
empty_dir(void)
{
	DIR *d = opendir(domains);
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			__real_unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

static void
put_file(const char *name, const char *data, size_t n)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", domains, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	fclose(f);
}

static void
apply(struct disk *k, const struct op *o)
{
	switch (o->kind) {
	case OP_MAKE:
		*entry(k, o->a) = o->file;
		break;
	case OP_UNLINK:
		*entry(k, o->a) = -1;
		break;
	case OP_LINK:
		*entry(k, o->b) = o->file;
		break;
	case OP_RENAME:
		*entry(k, o->b) = o->file;
		*entry(k, o->a) = -1;
		break;
	case OP_DATA:
	case OP_SYNC:
	case OP_DIR_SYNC:
		break;
	}
}

/* How much of a file was synced, and written, before op number end. */
static void
lengths(unsigned end, int file, size_t *synced, size_t *written)
{
	unsigned i;

	*synced = *written = 0;
	for (i = 0; i < end; i++) {
		if (ops[i].file != file)
			continue;
		if (ops[i].kind == OP_DATA)
			*written = ops[i].n;
		else if (ops[i].kind == OP_SYNC)
			*synced = *written;
	}
}

/* What stands where data did not get through. */
enum rest { REST_ZEROES, REST_NOISE, REST_SHORT, REST_COUNT };

/*
 * The directory after a power cut before op number end: which, bit by bit, of
 * the directory changes since the last sync got through, and how much of the
 * data beyond what was synced.
 */
static void
cut(const struct disk *start, unsigned end, unsigned which, size_t sectors,
    enum rest rest)
{
	unsigned i, last = 0, nth = 0;
	struct disk k = *start;

	for (i = 0; i < end; i++)
		if (ops[i].kind == OP_DIR_SYNC)
			last = i;
	for (i = 0; i < end; i++) {
		bool moves = ops[i].kind == OP_MAKE || ops[i].kind >= OP_UNLINK;

		if (moves && (i < last || which & 1u << nth++))
			apply(&k, &ops[i]);
	}
	empty_dir();
	for (i = 0; i < k.n_names; i++) {
		int f = k.name[i].file;
		size_t synced, written, whole;
		char *data;

		if (f < 0)
			continue;
		lengths(end, f, &synced, &written);
		/* Files of before are whole. */
		if (!written && files[f].n && f < n_files - (int)n_open)
			synced = written = files[f].n;
		whole = MIN(written, synced + sectors * SECTOR);
		data = calloc(1, written + 1);
		if (rest == REST_NOISE)
			memset(data, '<', written);
		memcpy(data, files[f].data, whole);
		put_file(k.name[i].name, data, rest == REST_SHORT ? whole :
		    written);
		free(data);
	}
}

static unsigned
unsynced_moves(unsigned end)
{
	unsigned i, n = 0;

	for (i = 0; i < end; i++) {
		if (ops[i].kind == OP_DIR_SYNC)
			n = 0;
		else if (ops[i].kind == OP_MAKE || ops[i].kind >= OP_UNLINK)
			n++;
	}
	return n;
}

/* ---- the changes, from several beginnings --------------- */

enum { OLD = 64, OLDER = 63, NEW = 65, NEXT = 66 };

static const struct beginning {
	const char *name;
	bool current, old, torn;	/* torn: the current one is */
	uint64_t before;
} beginnings[] = {
	{ "nothing", false, false, false, NOTHING },
	{ "first generation", true, false, false, OLD },
	{ "two generations", true, true, false, OLD },
	{ "the older alone", false, true, false, OLDER },
	{ "a torn one and the older", true, true, true, OLDER },
};

static void
add_file(struct disk *k, const char *name, const char *text, size_t n)
{
	files[n_files] = (struct file){ strdup(text), n };
	*entry(k, name) = n_files++;
	put_file(name, text, n);
}

static void
begin(const struct beginning *b, struct disk *k)
{
	while (n_files)
		free(files[--n_files].data);
	memset(k, 0, sizeof(*k));
	empty_dir();
	if (b->old)
		add_file(k, UUID ".xml.old", text_of(OLDER),
		    strlen(text_of(OLDER)));
	if (b->current)
		add_file(k, UUID ".xml", text_of(OLD),
		    b->torn ? 700 : strlen(text_of(OLD)));
	n_ops = n_open = calls = 0;
	before_all = *k;
	assert_int_equal(load(), b->before);
}

static int
change(bool save, struct err *e)
{
	int rc;

	recording = true;
	rc = save ? store_save(dir, UUID, text_of(NEW), e) :
	    store_remove(dir, UUID, e);
	recording = false;
	return rc;
}

static void
must_be(const struct beginning *b, bool save, const char *when)
{
	uint64_t got = load(), after = save ? NEW : NOTHING;

	if (got == b->before || got == after)
		return;
	fail_msg("%s of %s, %s: %llu MiB instead of %llu or %llu",
	    save ? "save" : "remove", b->name, when, (unsigned long long)got,
	    (unsigned long long)b->before, (unsigned long long)after);
}

static unsigned
cut_everywhere(const struct beginning *b, bool save)
{
	unsigned end, which, points = 0;
	struct disk start;
	size_t n;
	char when[96];
	struct err e;

	begin(b, &start);
	assert_int_equal(change(save, &e), 0);
	assert_int_equal(load(), save ? NEW : NOTHING);
	for (end = 0; end <= n_ops; end++) {
		for (which = 0; which < 1u << unsynced_moves(end); which++) {
			for (n = 0; n < 6 * REST_COUNT; n++) {
				snprintf(when, sizeof(when), "cut before call "
				    "%u, changes 0x%x, %zu sectors, rest %zu",
				    end, which, n / REST_COUNT,
				    n % REST_COUNT);
				cut(&start, end, which, n / REST_COUNT,
				    (enum rest)(n % REST_COUNT));
				must_be(b, save, when);
				points++;
			}
		}
		/* What was acknowledged stays. */
		if (end == n_ops)
			assert_int_equal(load(), save ? NEW : NOTHING);
		assert_int_equal(store_save(dir, UUID, text_of(NEXT), &e), 0);
		assert_int_equal(load(), NEXT);
	}
	return points;
}

static void
power_cut_leaves_the_old_or_the_new(void **state)
{
	unsigned points = 0;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(beginnings); i++)
		points += cut_everywhere(&beginnings[i], true) +
		    cut_everywhere(&beginnings[i], false);
	print_message("%u points\n", points);
	assert_true(points > 2000);
}

/* Nothing that was there is lost, and nothing new appears. */
static void
failed_call_changes_nothing(void **state)
{
	static const int errnos[] = { EIO, ENOSPC, EDQUOT, EROFS };
	unsigned nth, k;
	struct disk start;
	struct err e;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(beginnings); i++)
		for (n = 0; n < ARRAY_LEN(errnos); n++)
			for (k = 0; k < 2; k++)
				for (nth = 1;; nth++) {
					const struct beginning *b =
					    &beginnings[i];

					begin(b, &start);
					fail_at = nth;
					fail_errno = errnos[n];
					memset(&e, 0, sizeof(e));
					if (!change(k, &e)) {
						fail_at = 0;
						break;
					}
					fail_at = 0;
					assert_int_equal(e.sys, errnos[n]);
					assert_non_null(strstr(e.msg,
					    strerror(errnos[n])));
					if (k)
						assert_int_equal(load(),
						    b->before);
					else
						must_be(b, false, "a failure");
				}
}

static int
set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/trivisor-crash-XXXXXX");
	log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	if (!mkdtemp(dir) || store_open(dir, NULL))
		return -1;
	snprintf(domains, sizeof(domains), "%s/domains", dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	empty_dir();
	while (n_files)
		free(files[--n_files].data);
	return rmdir(domains) || rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    power_cut_leaves_the_old_or_the_new, set_up, tear_down),
		cmocka_unit_test_setup_teardown(failed_call_changes_nothing,
		    set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
