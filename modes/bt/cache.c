/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for translations: host code in memory that is mapped twice (read and
 * execute; read and write at a random address), and a bump-allocated arena for
 * their metadata.  No mapping is ever writable and executable.  Both are
 * divided into regions that are filled and emptied in turn: evict.c.
 */
#include "modes/bt/bt.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/random.h>

/*
 * Code's part of what --code-cache allows, in 64ths; the rest is for metadata,
 * which takes a little more.  A region is full when either is.
 */
#define CODE_PART 30

static void *
reserve(size_t size, int prot)
{
	void *p = mmap(NULL, size, prot,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* A hint somewhere in the lower 46 bits; the kernel may choose otherwise. */
static void *
random_hint(void)
{
	uint64_t r = 0;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		return NULL;
	return (void *)(uintptr_t)((r & ((UINT64_C(1) << 45) - 1)) & PAGE_MASK);
}

/*
 * Shared anonymous memory, for perf looks into its map of names (perfmap.c) only
 * for mappings of no file: to it a memfd is one.  mremap() of nothing makes a
 * second mapping of it, writable still; that one becomes executable.
 */
static int
map_twice(struct bt_vm *t)
{
	void *p;

	p = mmap(random_hint(), t->cache_size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	t->rw = p;
	p = mremap(t->rw, 0, t->cache_size, MREMAP_MAYMOVE);
	if (p == MAP_FAILED)
		return -errno;
	t->rx = p;
	if (mprotect(t->rx, t->cache_size, PROT_READ | PROT_EXEC))
		return -errno;
	madvise(t->rw, t->cache_size, MADV_DONTDUMP);
	return 0;
}

/* The common pieces are in the first one: bt_stubs_make() moves its start. */
static void
divide(struct bt_vm *t)
{
	size_t n = MIN(t->cache_size / BT_MIN_REGION, BT_MAX_REGIONS);

	if (t->disable & BT_PART_EVICT || n < 2)
		n = 1;
	t->n_regions = (unsigned)n;
	t->region_size = t->cache_size / n & PAGE_MASK;
	t->region_arena = t->arena_size / n & PAGE_MASK;
	t->region_tus = (unsigned)(t->max_tu / n);
	for (size_t k = 0; k < n; k++) {
		struct bt_region *r = &t->region[k];

		r->start = r->used = k * t->region_size;
		r->end = r->start + t->region_size;
		r->arena = t->arena + k * t->region_arena;
		r->first = (unsigned)k * t->region_tus;
		r->tu = t->tu + r->first;
	}
	t->fill = t->region;
}

int
bt_cache_init(struct bt_vm *t, size_t size, struct err *e)
{
	int rc;

	t->cache_size = align_up(size / 64 * CODE_PART, PAGE_SIZE);
	t->arena_size = align_up(size, PAGE_SIZE) - t->cache_size;
	rc = map_twice(t);
	if (rc) {
		rc = err_set_sys(e, -rc, "code cache: cannot map %zu bytes",
		    t->cache_size);
		goto fail;
	}
	t->arena = reserve(t->arena_size, PROT_READ | PROT_WRITE);
	t->max_tu = (unsigned)(t->cache_size / 128);
	t->tu = reserve(t->max_tu * sizeof(*t->tu), PROT_READ | PROT_WRITE);
	if (!t->arena || !t->tu) {
		rc = err_set_sys(e, ENOMEM, "code cache: metadata");
		goto fail;
	}
	divide(t);
	return 0;

fail:
	bt_cache_fini(t);
	return rc;
}

void
bt_cache_fini(struct bt_vm *t)
{
	if (t->rx)
		munmap(t->rx, t->cache_size);
	if (t->rw)
		munmap(t->rw, t->cache_size);
	if (t->arena)
		munmap(t->arena, t->arena_size);
	if (t->tu)
		munmap(t->tu, t->max_tu * sizeof(*t->tu));
	t->rx = t->rw = t->arena = NULL;
	t->tu = NULL;
}

void *
bt_arena_alloc(struct bt_vm *t, size_t size)
{
	struct bt_region *r = t->fill;
	void *p;

	size = align_up(size, 8);
	if (t->region_arena - r->arena_used < size) {
		t->full = true;
		return NULL;
	}
	p = r->arena + r->arena_used;
	r->arena_used += size;
	if (r->arena_used > r->arena_peak) {
		t->n_metadata += r->arena_used - r->arena_peak;
		r->arena_peak = r->arena_used;
	}
	return p;
}
