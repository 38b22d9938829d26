/* SPDX-License-Identifier: Apache-2.0 */
/* Which kind of kernel is it, and carrying out the plan; see boot.h. */
#include "monitor/boot/boot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/boot/plan.h"

static int
not_a_kernel(const struct image *im, struct err *e)
{
	const char *what = elf_probe(im) ? elf_looks_like(im) :
	    image_looks_like(im);

	err_set(e, ERR_INVALID_ARG,
	    "kernel \"%s\": not a kernel: it looks like %s", im->name, what);
	err_hint(e, "give a Linux bzImage (/boot/vmlinuz-*), an ELF kernel "
	    "with a PVH note, or a multiboot 1 kernel");
	return -EINVAL;
}

static int
parse_any(struct planner *pl, struct err *e)
{
	const struct image *im = &pl->plan->kernel;
	uint32_t where;
	int rc;

	if (bzimage_probe(im))
		return bzimage_parse(pl, e);
	if (multiboot_probe(im, &where))
		return multiboot_parse(pl, where, e);
	if (!elf_probe(im))
		return not_a_kernel(im, e);
	rc = elf_pvh_entry(im, &where, e);
	if (rc < 0)
		return rc;
	return rc ? pvh_parse(pl, where, e) : not_a_kernel(im, e);
}

/* The first instruction must be in what was loaded. */
static int
check_entry(const struct boot_plan *p, struct err *e)
{
	for (unsigned i = 0; i < p->n_pieces; i++)
		if (p->entry - p->piece[i].gpa < p->piece[i].mem_len)
			return 0;
	return err_set(e, ERR_INVALID_ARG, "kernel \"%s\": broken: its entry "
	    "point 0x%llx is outside of what it loads", p->kernel.name,
	    (unsigned long long)p->entry);
}

int
boot_parse(struct boot_plan *p, const struct boot_request *rq, struct err *e)
{
	struct planner pl = { .plan = p, .rq = rq, .initrd_limit = MAP_4G };
	int rc;

	memset(p, 0, sizeof(*p));
	layout_init(&pl.layout, rq->map);
	rc = image_open(&p->kernel, rq->kernel_fd, rq->kernel_name, e);
	if (rc)
		return rc;
	p->block = calloc(1, BOOT_BLOCK_SIZE);
	if (!p->block) {
		rc = err_set_sys(e, ENOMEM, "kernel \"%s\"", rq->kernel_name);
		goto fini;
	}
	if (parse_any(&pl, e) || check_entry(p, e)) {
		rc = -EINVAL;
		goto fini;
	}
	entry_tables(&pl);
	return 0;

fini:
	boot_plan_fini(p);
	return rc;
}

static int
load_piece(const struct boot_plan *p, const struct boot_request *rq,
    const struct boot_piece *b, struct gmem *g, struct err *e)
{
	uint8_t *to = gmem_ptr(g, b->gpa, b->mem_len);
	int rc = 0;

	/* boot_parse() has claimed this memory from the same map. */
	BUG_ON(!to);
	if (p->kernel.data)
		memcpy(to, p->kernel.data + b->file_off, b->file_len);
	else
		rc = image_read(rq->kernel_fd, "kernel", rq->kernel_name,
		    b->file_off, to, b->file_len, e);
	if (b->bss)
		memset(to + b->file_len, 0, b->mem_len - b->file_len);
	gmem_note_write(g, b->gpa, b->mem_len);
	return rc;
}

int
boot_apply(const struct boot_plan *p, const struct boot_request *rq,
    struct gmem *g, struct cpu_state *s, struct err *e)
{
	uint8_t *to;
	int rc = 0;

	for (unsigned i = 0; i < p->n_pieces && !rc; i++)
		rc = load_piece(p, rq, &p->piece[i], g, e);
	if (rc)
		return rc;
	if (p->initrd_size) {
		to = gmem_ptr(g, p->initrd, p->initrd_size);
		BUG_ON(!to);
		rc = image_read(rq->initrd_fd, "initrd", rq->initrd_name, 0, to,
		    p->initrd_size, e);
		if (rc)
			return rc;
		gmem_note_write(g, p->initrd, p->initrd_size);
	}
	rc = gmem_load(g, p->block_gpa, p->block, BOOT_BLOCK_SIZE);
	BUG_ON(rc);
	entry_state(p, s);
	return 0;
}

void
boot_plan_fini(struct boot_plan *p)
{
	image_close(&p->kernel);
	free(p->block);
	p->block = NULL;
}

const char *
boot_kind_name(enum boot_kind k)
{
	static const char *const names[] = {
		[BOOT_BZIMAGE] = "bzImage",
		[BOOT_PVH] = "PVH ELF",
		[BOOT_MULTIBOOT] = "multiboot",
	};

	return names[k];
}
