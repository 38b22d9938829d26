/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Placing a kernel, its boot block and its initrd in guest RAM, with errors
 * that say how much memory would have been enough.
 */
#include "monitor/boot/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define MIB(n) ((n) >> 20)

/* What a VM must have so that RAM reaches up to end; whole MiB. */
static uint64_t
mib_needed(uint64_t end)
{
	return MIB(align_up(end, MAP_1M));
}

int
plan_too_small(struct planner *pl, gpa_t need_end, struct err *e)
{
	err_set(e, ERR_CONFIG_UNSUPPORTED,
	    "kernel \"%s\": too little memory: it needs at least %" PRIu64
	    " MiB, the VM has %" PRIu64 " MiB", pl->rq->kernel_name,
	    mib_needed(need_end), MIB(pl->rq->map->memory));
	err_hint(e, "give the VM %" PRIu64 " MiB of memory or more",
	    mib_needed(need_end));
	return -EINVAL;
}

static int
bad_place(struct planner *pl, const struct boot_piece *b, int why,
    struct err *e)
{
	const char *name = pl->rq->kernel_name;
	uint64_t end;

	if (why == -EEXIST)
		return err_set(e, ERR_INVALID_ARG, "kernel \"%s\": broken: two "
		    "of its parts want the memory at 0x%" PRIx64, name, b->gpa);
	if (why == -ENOSPC)
		return err_set(e, ERR_INVALID_ARG,
		    "kernel \"%s\": broken: it has too many parts", name);
	if (b->gpa >= MAP_1M && add_u64(&end, b->gpa, b->mem_len) &&
	    end > pl->rq->map->low_top && end <= MAP_HOLE)
		return plan_too_small(pl, end, e);
	return err_set(e, ERR_INVALID_ARG,
	    "kernel \"%s\": wants to be loaded at 0x%" PRIx64 " with %" PRIu64
	    " bytes, where a PC has no RAM", name, b->gpa, b->mem_len);
}

int
plan_piece(struct planner *pl, const struct boot_piece *piece, struct err *e)
{
	struct boot_plan *p = pl->plan;
	int rc;

	if (p->n_pieces == BOOT_MAX_PIECES)
		return bad_place(pl, piece, -ENOSPC, e);
	rc = layout_claim(&pl->layout, piece->gpa, piece->mem_len);
	if (rc)
		return bad_place(pl, piece, rc, e);
	p->piece[p->n_pieces++] = *piece;
	p->kernel_end = MAX(p->kernel_end, piece->gpa + piece->mem_len);
	return 0;
}

int
plan_block(struct planner *pl, struct err *e)
{
	struct boot_plan *p = pl->plan;

	/* Conventional memory first: every kernel can reach it. */
	if (layout_find(&pl->layout, BOOT_BLOCK_SIZE, PAGE_SIZE, 0x10000,
	    MAP_EBDA, false, &p->block_gpa) ||
	    layout_find(&pl->layout, BOOT_BLOCK_SIZE, PAGE_SIZE, MAP_1M,
	    MAP_HOLE, false, &p->block_gpa))
		return 0;
	return plan_too_small(pl, MAX(p->kernel_end, MAP_1M) + BOOT_BLOCK_SIZE,
	    e);
}

static int
initrd_too_big(struct planner *pl, uint64_t size, struct err *e)
{
	uint64_t need = align_up(MAX(pl->plan->kernel_end, MAP_1M) +
	    align_up(size, PAGE_SIZE), MAP_1M);

	if (need > MIN(pl->initrd_limit, MAP_HOLE))
		return err_set(e, ERR_INVALID_ARG,
		    "initrd \"%s\": too big: this kernel cannot take %" PRIu64
		    " MiB however much memory the VM has",
		    pl->rq->initrd_name, MIB(size + MAP_1M - 1));
	err_set(e, ERR_CONFIG_UNSUPPORTED,
	    "initrd \"%s\": its %" PRIu64 " MiB do not fit beside the kernel "
	    "into the VM's %" PRIu64 " MiB of memory: at least %" PRIu64
	    " MiB are needed", pl->rq->initrd_name, MIB(size + MAP_1M - 1),
	    MIB(pl->rq->map->memory), mib_needed(need));
	err_hint(e, "give the VM %" PRIu64 " MiB of memory or more",
	    mib_needed(need));
	return -EINVAL;
}

int
plan_initrd(struct planner *pl, struct err *e)
{
	struct boot_plan *p = pl->plan;
	uint64_t size;
	int rc;

	if (pl->rq->initrd_fd < 0)
		return 0;
	rc = image_file_size(pl->rq->initrd_fd, "initrd", pl->rq->initrd_name,
	    &size, e);
	if (rc)
		return rc;
	if (!size)
		return err_set(e, ERR_INVALID_ARG,
		    "initrd \"%s\": the file is empty", pl->rq->initrd_name);
	if (!layout_find(&pl->layout,
	    align_up(size, PAGE_SIZE), PAGE_SIZE, MAP_1M,
	    MIN(pl->initrd_limit, MAP_HOLE), true, &p->initrd))
		return initrd_too_big(pl, MIN(size, INT64_MAX / 2), e);
	p->initrd_size = size;
	return 0;
}

gpa_t
plan_cmdline(struct planner *pl)
{
	size_t n = strlen(pl->rq->cmdline);

	BUG_ON(n >= BLOCK_CMDLINE_SIZE);
	memcpy(pl->plan->block + BLOCK_CMDLINE, pl->rq->cmdline, n + 1);
	return pl->plan->block_gpa + BLOCK_CMDLINE;
}

void
plan_u16(struct planner *pl, unsigned off, uint16_t v)
{
	memcpy(pl->plan->block + off, &v, sizeof(v));
}

void
plan_u32(struct planner *pl, unsigned off, uint32_t v)
{
	memcpy(pl->plan->block + off, &v, sizeof(v));
}

void
plan_u64(struct planner *pl, unsigned off, uint64_t v)
{
	memcpy(pl->plan->block + off, &v, sizeof(v));
}
