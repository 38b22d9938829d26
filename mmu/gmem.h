/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest physical memory: RAM and ROM slots backed by one memfd, and the
 * per-page traces that tell somebody when a page is written.
 *
 * Lifecycle: gmem_init(); gmem_add() per slot while no vCPU runs; then any
 * thread may use the accessors; gmem_fini() after the last vCPU has gone.
 *
 * This file's .c is the only place that turns a guest physical address into a
 * host pointer on behalf of devices.  Accessors reach RAM and ROM only, never
 * dispatch MMIO, and are all-or-nothing: a range that is not wholly backed
 * moves no byte.  Compiled without vector registers (engines call it while the
 * guest's own vector state is live in the host's registers).
 *
 * Memory written through gmem_write() and by anybody holding a host pointer
 * from gmem_page() obeys the traces: see struct gmem_page.
 */
#ifndef TRIVISOR_MMU_GMEM_H
#define TRIVISOR_MMU_GMEM_H

#include "base/base.h"
#include "base/err.h"

#define GMEM_MAX_SLOTS 16

enum gmem_kind { GMEM_RAM, GMEM_ROM };

struct gmem_slot {
	gpa_t base;		/* page aligned */
	uint64_t size;		/* bytes, page aligned */
	uint8_t *host;		/* borrowed from the memfd mapping */
	uint64_t offset;	/* of this slot in the memfd */
	enum gmem_kind kind;
	uint8_t *trace;		/* one byte per page: GMEM_TRACE_* */
};

/* Who wants to know about writes to a page; bits of a page's trace byte. */
enum {
	GMEM_TRACE_CODE = 1,	/* translations were made from this page */
	GMEM_TRACE_DIRTY = 2,	/* dirty logging is on and page is still clean */
};

/*
 * Called before a traced write becomes visible when the writer is a device or
 * the interpreter; the callee must leave the page consistent with any content.
 * [gpa, gpa+len) never crosses a page.  Any thread.
 */
typedef void gmem_traced_fn(void *ctx, gpa_t gpa, size_t len, uint8_t trace);

struct gmem {
	struct gmem_slot slot[GMEM_MAX_SLOTS];
	unsigned n_slots;
	int fd;			/* owned memfd */
	uint64_t fd_size;
	gmem_traced_fn *on_traced;
	void *traced_ctx;	/* borrowed */
};

/*
 * What an engine needs to know about one 4 KiB guest page.  host is NULL for
 * MMIO and holes.  A writer that goes through host must either see trace == 0
 * or call gmem_note_write() for each write.
 */
struct gmem_page {
	uint8_t *host;		/* borrowed; start of the page */
	uint8_t *trace;		/* borrowed; this page's trace byte, atomic */
	bool writable;		/* false for ROM: writes are dropped */
};

MUST_USE int gmem_init(struct gmem *m, struct err *e);
void gmem_fini(struct gmem *m);
/*
 * Add a zero-filled slot.  -EINVAL when unaligned, overlapping, empty or
 * wrapping, -ENOSPC when all slots are used, else what memfd/mmap said.
 * RAM is MADV_DONTDUMP and MAP_SHARED.  Host addresses of existing slots do
 * not change.
 */
MUST_USE int gmem_add(struct gmem *m, gpa_t base, uint64_t size,
    enum gmem_kind kind, struct err *e);
/* Bytes of RAM in all slots. */
uint64_t gmem_ram_size(const struct gmem *m);

/* Fill *p for the page that holds gpa; false (and host NULL) if none. */
bool gmem_page(const struct gmem *m, gpa_t gpa, struct gmem_page *p);
/* Report a write through gmem_page.host to a page with a non-zero trace. */
void gmem_note_write(struct gmem *m, gpa_t gpa, size_t len);

/* -EFAULT, and nothing moved, unless the whole range is RAM or ROM. */
MUST_USE int gmem_read(const struct gmem *m, gpa_t gpa, void *dst, size_t len);
/* As gmem_read(), but a range touching ROM is refused; honours traces. */
MUST_USE int gmem_write(struct gmem *m, gpa_t gpa, const void *src,
    size_t len);
/* For loaders, before any vCPU runs: like gmem_write(), also into ROM. */
MUST_USE int gmem_load(struct gmem *m, gpa_t gpa, const void *src,
    size_t len);
/*
 * Direct pointer for a loader reading a file straight into RAM; NULL unless
 * [gpa, gpa+len) lies in one slot.  Before any vCPU runs.
 */
void *gmem_ptr(struct gmem *m, gpa_t gpa, uint64_t len);

#endif
