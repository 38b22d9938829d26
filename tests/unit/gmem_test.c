/* SPDX-License-Identifier: Apache-2.0 */
/* Guest memory against a plain byte array, its traces and its guards. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "mmu/gmem.h"

#define ROUNDS 200000
#define SPAN 0x40000u		/* the model covers [0, SPAN) */

/* RAM, a hole, ROM right behind RAM, another hole, RAM. */
static const struct {
	gpa_t base;
	uint64_t size;
	enum gmem_kind kind;
} slots[] = {
	{ 0x00000, 0x10000, GMEM_RAM }, { 0x18000, 0x08000, GMEM_RAM },
	{ 0x20000, 0x04000, GMEM_ROM }, { 0x30000, 0x0f000, GMEM_RAM },
};

struct model {
	struct gmem m;
	uint8_t byte[SPAN];
	uint8_t kind[SPAN];	/* 0 hole, 1 RAM, 2 ROM */
	uint64_t seed;
	unsigned traced;
	gpa_t traced_gpa;
	size_t traced_len;
	uint8_t seen;		/* byte at traced_gpa when told */
};

static uint64_t
rnd(struct model *t)
{
	t->seed = t->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return t->seed >> 33;
}

static void
on_traced(void *ctx, gpa_t gpa, size_t len, uint8_t trace)
{
	struct model *t = ctx;
	struct gmem_page p;

	assert_true(gmem_page(&t->m, gpa, &p));
	/* Only the first report comes before the store. */
	if (!t->traced++) {
		t->traced_gpa = gpa;
		t->traced_len = len;
		t->seen = p.host[gpa & ~PAGE_MASK];
	}
	assert_true((gpa & ~PAGE_MASK) + len <= PAGE_SIZE);
}

static int
setup(void **state)
{
	struct model *t = calloc(1, sizeof(*t));

	assert_int_equal(gmem_init(&t->m, NULL), 0);
	t->seed = 42;
	for (size_t i = 0; i < ARRAY_LEN(slots); i++) {
		assert_int_equal(gmem_add(&t->m, slots[i].base, slots[i].size,
		    slots[i].kind, NULL), 0);
		memset(t->kind + slots[i].base,
		    slots[i].kind == GMEM_RAM ? 1 : 2, slots[i].size);
	}
	t->m.on_traced = on_traced;
	t->m.traced_ctx = t;
	*state = t;
	return 0;
}

static int
teardown(void **state)
{
	struct model *t = *state;

	gmem_fini(&t->m);
	free(t);
	return 0;
}

/* May [gpa, gpa+len) be read (or also written)? */
static bool
allowed(const struct model *t, gpa_t gpa, size_t len, bool write, bool load)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t k = gpa + i < SPAN ? t->kind[gpa + i] : 0;

		if (k == 0 || (write && !load && k != 1))
			return false;
	}
	return true;
}

static void
one_access(struct model *t, gpa_t gpa, size_t len, unsigned op)
{
	uint8_t buf[300];
	uint8_t before[300];
	bool ok = allowed(t, gpa, len, op != 0, op == 2);
	int rc;

	for (size_t i = 0; i < len; i++)
		buf[i] = (uint8_t)rnd(t);
	memcpy(before, buf, sizeof(buf));
	if (op == 0)
		rc = gmem_read(&t->m, gpa, buf, len);
	else if (op == 1)
		rc = gmem_write(&t->m, gpa, buf, len);
	else
		rc = gmem_load(&t->m, gpa, buf, len);
	assert_int_equal(rc, ok ? 0 : -EFAULT);
	if (op != 0 && ok)
		memcpy(t->byte + gpa, buf, len);
	else if (op == 0)
		assert_memory_equal(buf, ok ? t->byte + gpa : before, len);
}

/* Every read sees what the model has; refused accesses move no byte. */
static void
accesses_agree_with_a_byte_array(void **state)
{
	struct model *t = *state;

	for (unsigned i = 0; i < ROUNDS; i++) {
		size_t len = rnd(t) % 8 ? 1u << rnd(t) % 4 : rnd(t) % 300;
		gpa_t gpa = rnd(t) % (SPAN + 512);

		/* Half of them at the edges of slots. */
		if (rnd(t) & 1)
			gpa = slots[rnd(t) % 4].base +
			    (rnd(t) & 1 ? slots[rnd(t) % 4].size : 0) +
			    rnd(t) % 16 - 8;
		one_access(t, gpa, len, (unsigned)(rnd(t) % 3));
	}
	for (size_t i = 0; i < ARRAY_LEN(slots); i++)
		assert_memory_equal(gmem_ptr(&t->m, slots[i].base,
		    slots[i].size), t->byte + slots[i].base, slots[i].size);
}

static void
ranges_that_wrap_are_refused(void **state)
{
	struct model *t = *state;
	uint8_t b[16] = { 0 };

	assert_int_equal(gmem_read(&t->m, UINT64_MAX - 3, b, 16), -EFAULT);
	assert_int_equal(gmem_write(&t->m, UINT64_MAX, b, 2), -EFAULT);
	assert_null(gmem_ptr(&t->m, 0x1000, UINT64_MAX));
	assert_null(gmem_ptr(&t->m, 0xffff, 2));
	assert_int_equal(gmem_read(&t->m, 0x500000, b, 0), 0);
}

static void
bad_slots_are_refused(void **state)
{
	struct model *t = *state;

	assert_int_equal(gmem_add(&t->m, 0xf000, 0x2000, GMEM_RAM, NULL),
	    -EINVAL);
	assert_int_equal(gmem_add(&t->m, 0x80001, 0x1000, GMEM_RAM, NULL),
	    -EINVAL);
	assert_int_equal(gmem_add(&t->m, 0x80000, 0x800, GMEM_RAM, NULL),
	    -EINVAL);
	assert_int_equal(gmem_add(&t->m, 0x80000, 0, GMEM_RAM, NULL), -EINVAL);
	assert_int_equal(gmem_add(&t->m, UINT64_MAX & PAGE_MASK, 0x2000,
	    GMEM_RAM, NULL), -EINVAL);
	for (unsigned i = ARRAY_LEN(slots); i < GMEM_MAX_SLOTS; i++)
		assert_int_equal(gmem_add(&t->m, 0x100000 + i * 0x1000, 0x1000,
		    GMEM_RAM, NULL), 0);
	assert_int_equal(gmem_add(&t->m, 0x200000, 0x1000, GMEM_RAM, NULL),
	    -ENOSPC);
}

static void
a_traced_page_reports_before_the_write_is_visible(void **state)
{
	struct model *t = *state;
	struct gmem_page p;

	assert_true(gmem_page(&t->m, 0x5123, &p));
	assert_true(p.writable);
	*p.trace = GMEM_TRACE_CODE;
	p.host[0x123] = 7;
	assert_int_equal(gmem_write(&t->m, 0x5123, "\x09", 1), 0);
	assert_true(t->traced > 0);
	assert_int_equal(t->traced_gpa, 0x5123);
	assert_int_equal(t->traced_len, 1);
	assert_int_equal(t->seen, 7);
	assert_int_equal(p.host[0x123], 9);
}

static void
a_write_reports_only_traced_pages(void **state)
{
	struct model *t = *state;
	struct gmem_page p;
	uint8_t buf[0x2000] = { 0 };

	assert_true(gmem_page(&t->m, 0x3000, &p));
	*p.trace = GMEM_TRACE_CODE;
	assert_int_equal(gmem_write(&t->m, 0x1000, buf, sizeof(buf)), 0);
	assert_int_equal(t->traced, 0);
	assert_int_equal(gmem_write(&t->m, 0x2ff0, buf, 0x20), 0);
	assert_true(t->traced > 0);
	assert_int_equal(t->traced_gpa, 0x3000);
	assert_int_equal(t->traced_len, 0x10);
}

static void
pages_of_holes_and_rom_say_so(void **state)
{
	struct model *t = *state;
	struct gmem_page p;

	assert_false(gmem_page(&t->m, 0x10000, &p));
	assert_null(p.host);
	assert_true(gmem_page(&t->m, 0x20fff, &p));
	assert_false(p.writable);
	assert_int_equal(gmem_ram_size(&t->m), 0x10000 + 0x8000 + 0xf000);
}

/* Neighbouring bytes of a slot's mapping are not ours to touch. */
static void
touch_dies(volatile uint8_t *p)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		p[0] = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void
guard_pages_surround_every_slot(void **state)
{
	struct model *t = *state;

	for (size_t i = 0; i < ARRAY_LEN(slots); i++) {
		uint8_t *host = gmem_ptr(&t->m, slots[i].base, 1);

		touch_dies(host - 1);
		touch_dies(host + slots[i].size);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(accesses_agree_with_a_byte_array),
		T(ranges_that_wrap_are_refused),
		T(bad_slots_are_refused),
		T(a_traced_page_reports_before_the_write_is_visible),
		T(a_write_reports_only_traced_pages),
		T(pages_of_holes_and_rom_say_so),
		T(guard_pages_surround_every_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
