/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest physical memory: slots of one memfd, each mapped between two guard
 * pages, and the trace byte every page has.
 *
 * The slot table changes only while no vCPU runs, so lookups take no lock.
 * Vector-free: devices and engines come here while the guest's own vector
 * state may be live; set-up functions are free to call libc.
 */
#include "mmu/gmem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/copy.h"

int
gmem_init(struct gmem *m, struct err *e)
{
	*m = (struct gmem){ .fd = -1 };
	m->fd = memfd_create("guest-ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (m->fd < 0)
		return err_set_sys(e, errno,
		    "guest memory: cannot create a memfd");
	/* A shrunken memfd would turn our own accesses into SIGBUS. */
	if (fcntl(m->fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0) {
		int sys = errno;

		close(m->fd);
		m->fd = -1;
		return err_set_sys(e, sys, "guest memory: cannot seal it");
	}
	return 0;
}

void
gmem_fini(struct gmem *m)
{
	for (unsigned i = 0; i < m->n_slots; i++) {
		struct gmem_slot *s = &m->slot[i];

		munmap(s->host - PAGE_SIZE, s->size + 2 * PAGE_SIZE);
		munmap(s->trace, align_up(s->size >> PAGE_SHIFT, PAGE_SIZE));
	}
	m->n_slots = 0;
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

/* [base, base+size) must be sane and free. */
static int
check_range(const struct gmem *m, gpa_t base, uint64_t size, struct err *e)
{
	uint64_t end;

	if (!size || (base | size) & ~PAGE_MASK)
		return err_set(e, ERR_INVALID_ARG,
		    "guest memory: slot at 0x%" PRIx64 " of 0x%" PRIx64
		    " bytes is empty or not page aligned", base, size);
	/* Leave room for the guard pages and the memfd's signed offset. */
	if (!add_u64(&end, base, size) || size > INT64_MAX - 2 * PAGE_SIZE ||
	    m->fd_size > INT64_MAX - size)
		return err_set(e, ERR_INVALID_ARG,
		    "guest memory: slot at 0x%" PRIx64 " of 0x%" PRIx64
		    " bytes wraps around", base, size);
	for (unsigned i = 0; i < m->n_slots; i++) {
		const struct gmem_slot *s = &m->slot[i];

		if (base < s->base + s->size && s->base < end)
			return err_set(e, ERR_INVALID_ARG,
			    "guest memory: slot at 0x%" PRIx64
			    " overlaps the one at 0x%" PRIx64, base, s->base);
	}
	return 0;
}

/* Map size bytes of the memfd at offset, with a guard page on either side. */
static uint8_t *
map_guarded(int fd, uint64_t offset, uint64_t size)
{
	uint8_t *area;
	uint8_t *host;

	area = mmap(NULL, size + 2 * PAGE_SIZE, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		return NULL;
	host = mmap(area + PAGE_SIZE, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd, (off_t)offset);
	if (host == MAP_FAILED) {
		int sys = errno;

		munmap(area, size + 2 * PAGE_SIZE);
		errno = sys;
		return NULL;
	}
	/* Core dumps are for us, not for the guest's secrets. */
	madvise(host, size, MADV_DONTDUMP);
	return host;
}

int
gmem_add(struct gmem *m, gpa_t base, uint64_t size, enum gmem_kind kind,
    struct err *e)
{
	struct gmem_slot *s;
	uint8_t *trace;
	uint8_t *host;
	int rc;

	rc = check_range(m, base, size, e);
	if (rc)
		return rc;
	if (m->n_slots == GMEM_MAX_SLOTS) {
		err_set(e, ERR_INTERNAL, "guest memory: all %u slots are used",
		    GMEM_MAX_SLOTS);
		return -ENOSPC;
	}
	if (ftruncate(m->fd, (off_t)(m->fd_size + size)) < 0)
		return err_set_sys(e, errno,
		    "guest memory: cannot get %" PRIu64 " KiB", size >> 10);
	trace = mmap(NULL, align_up(size >> PAGE_SHIFT, PAGE_SIZE),
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
	    MAP_NORESERVE, -1, 0);
	if (trace == MAP_FAILED)
		return err_set_sys(e, errno, "guest memory: no room for traces");
	host = map_guarded(m->fd, m->fd_size, size);
	if (!host) {
		rc = err_set_sys(e, errno,
		    "guest memory: cannot map %" PRIu64 " KiB", size >> 10);
		munmap(trace, align_up(size >> PAGE_SHIFT, PAGE_SIZE));
		return rc;
	}
	s = &m->slot[m->n_slots++];
	*s = (struct gmem_slot){ .base = base, .size = size, .host = host,
	    .offset = m->fd_size, .kind = kind, .trace = trace };
	m->fd_size += size;
	return 0;
}

uint64_t
gmem_ram_size(const struct gmem *m)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < m->n_slots; i++)
		if (m->slot[i].kind == GMEM_RAM)
			sum += m->slot[i].size;
	return sum;
}

/* The slot that holds gpa, or NULL. */
static const struct gmem_slot *
slot_of(const struct gmem *m, gpa_t gpa)
{
	for (unsigned i = 0; i < m->n_slots; i++)
		if (gpa - m->slot[i].base < m->slot[i].size)
			return &m->slot[i];
	return NULL;
}

bool
gmem_page(const struct gmem *m, gpa_t gpa, struct gmem_page *p)
{
	const struct gmem_slot *s = slot_of(m, gpa);
	uint64_t page;

	if (!s) {
		p->host = NULL;
		p->trace = NULL;
		p->writable = false;
		return false;
	}
	page = (gpa - s->base) >> PAGE_SHIFT;
	p->host = s->host + (page << PAGE_SHIFT);
	p->trace = s->trace + page;
	p->writable = s->kind == GMEM_RAM;
	return true;
}

/* Tell the trace's owner about a write within one page. */
static void
note_in_page(struct gmem *m, const struct gmem_slot *s, gpa_t gpa, size_t len)
{
	uint8_t trace = __atomic_load_n(
	    &s->trace[(gpa - s->base) >> PAGE_SHIFT], __ATOMIC_SEQ_CST);

	if (unlikely(trace) && m->on_traced)
		m->on_traced(m->traced_ctx, gpa, len, trace);
}

void
gmem_note_write(struct gmem *m, gpa_t gpa, size_t len)
{
	while (len) {
		const struct gmem_slot *s = slot_of(m, gpa);
		size_t n = MIN(len, PAGE_SIZE - (gpa & ~PAGE_MASK));

		if (s)
			note_in_page(m, s, gpa, n);
		gpa += n;
		len -= n;
	}
}

/* Is all of [gpa, gpa+len) backed, and by RAM only if ram_only? */
static bool
backed(const struct gmem *m, gpa_t gpa, size_t len, bool ram_only)
{
	uint64_t end;

	if (!add_u64(&end, gpa, len))
		return false;
	while (gpa < end) {
		const struct gmem_slot *s = slot_of(m, gpa);

		if (!s || (ram_only && s->kind != GMEM_RAM))
			return false;
		gpa = s->base + s->size;
	}
	return true;
}

/*
 * An aligned access of 2, 4 or 8 bytes is one access, as a bus master's would
 * be: a ring index must not be seen half written.
 */
static void
move_bytes(uint8_t *dst, const uint8_t *src, size_t n)
{
	uintptr_t align = (uintptr_t)dst | (uintptr_t)src | n;

	if (n == 8 && !(align & 7))
		__atomic_store_n((uint64_t *)dst,
		    __atomic_load_n((const uint64_t *)src, __ATOMIC_RELAXED),
		    __ATOMIC_RELAXED);
	else if (n == 4 && !(align & 3))
		__atomic_store_n((uint32_t *)dst,
		    __atomic_load_n((const uint32_t *)src, __ATOMIC_RELAXED),
		    __ATOMIC_RELAXED);
	else if (n == 2 && !(align & 1))
		__atomic_store_n((uint16_t *)dst,
		    __atomic_load_n((const uint16_t *)src, __ATOMIC_RELAXED),
		    __ATOMIC_RELAXED);
	else
		copy_bytes(dst, src, n);
}

int
gmem_read(const struct gmem *m, gpa_t gpa, void *dst, size_t len)
{
	uint8_t *to = dst;

	if (!backed(m, gpa, len, false))
		return -EFAULT;
	while (len) {
		const struct gmem_slot *s = slot_of(m, gpa);
		uint64_t off = gpa - s->base;
		size_t n = MIN(len, s->size - off);

		move_bytes(to, s->host + off, n);
		to += n;
		gpa += n;
		len -= n;
	}
	return 0;
}

/*
 * Page by page, because traces are per page.  A vCPU may translate from the
 * page between the first report and the store; it sets the trace before it
 * reads code, so looking again after the store finds that out.
 */
static void
store(struct gmem *m, gpa_t gpa, const uint8_t *src, size_t len)
{
	while (len) {
		const struct gmem_slot *s = slot_of(m, gpa);
		size_t n = MIN(len, PAGE_SIZE - (gpa & ~PAGE_MASK));

		note_in_page(m, s, gpa, n);
		move_bytes(s->host + (gpa - s->base), src, n);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		note_in_page(m, s, gpa, n);
		src += n;
		gpa += n;
		len -= n;
	}
}

int
gmem_write(struct gmem *m, gpa_t gpa, const void *src, size_t len)
{
	if (!backed(m, gpa, len, true))
		return -EFAULT;
	store(m, gpa, src, len);
	return 0;
}

int
gmem_load(struct gmem *m, gpa_t gpa, const void *src, size_t len)
{
	if (!backed(m, gpa, len, false))
		return -EFAULT;
	store(m, gpa, src, len);
	return 0;
}

void *
gmem_ptr(struct gmem *m, gpa_t gpa, uint64_t len)
{
	const struct gmem_slot *s = slot_of(m, gpa);

	if (!s || len > s->size - (gpa - s->base))
		return NULL;
	return s->host + (gpa - s->base);
}
