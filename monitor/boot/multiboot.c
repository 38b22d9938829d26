/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiboot Specification 0.6.96: ELF images, or any image whose header says
 * itself where to load it (the "a.out kludge").  The initrd is module 0, its
 * string the initrd's name.
 */
#include "monitor/boot/plan.h"

#include <inttypes.h>
#include <string.h>

#define HEADER_MAGIC 0x1badb002u
#define LOADER_MAGIC 0x2badb002u
#define SEARCH 8192u

enum {
	/* header flags, section 3.1.1 */
	WANT_PAGE_ALIGN = 1 << 0, WANT_MEMORY = 1 << 1, WANT_VIDEO = 1 << 2,
	HAS_ADDRESSES = 1 << 16, MUST_UNDERSTAND = 0xffff,
	KNOWN = WANT_PAGE_ALIGN | WANT_MEMORY | WANT_VIDEO,
	/* header fields */
	H_FLAGS = 4, H_CHECKSUM = 8, H_HEADER_ADDR = 12, H_LOAD_ADDR = 16,
	H_LOAD_END = 20, H_BSS_END = 24, H_ENTRY = 28, H_SIZE_KLUDGE = 32,
	/* information flags and fields, section 3.3 */
	INFO_MEMORY = 1 << 0, INFO_CMDLINE = 1 << 2, INFO_MODS = 1 << 3,
	INFO_MMAP = 1 << 6, INFO_LOADER_NAME = 1 << 9,
	I_FLAGS = 0, I_MEM_LOWER = 4, I_MEM_UPPER = 8, I_CMDLINE = 16,
	I_MODS_COUNT = 20, I_MODS_ADDR = 24, I_MMAP_LENGTH = 44,
	I_MMAP_ADDR = 48, I_LOADER_NAME = 64,
	MMAP_ENTRY = 24, MOD_ENTRY = 16,
	/* where in our block */
	INFO = BLOCK_INFO, NAME = INFO + 0x80, MODS = INFO + 0xc0,
	MMAP = INFO + 0x100, MOD_STRING = INFO + 0x400,
};

struct header {
	uint32_t off;		/* in the file */
	uint32_t flags;
	uint32_t header_addr, load_addr, load_end, bss_end, entry;
};

bool
multiboot_probe(const struct image *im, uint32_t *off)
{
	for (uint32_t at = 0; at + 12 <= SEARCH && image_has(im, at, 12);
	    at += 4) {
		if (image_u32(im, at) != HEADER_MAGIC)
			continue;
		if (image_u32(im, at) + image_u32(im, at + H_FLAGS) +
		    image_u32(im, at + H_CHECKSUM) != 0)
			continue;
		*off = at;
		return true;
	}
	return false;
}

static int
broken(const struct image *im, struct err *e, const char *what)
{
	return err_set(e, ERR_INVALID_ARG,
	    "kernel \"%s\": broken multiboot header: %s", im->name, what);
}

static int
parse_header(const struct image *im, uint32_t off, struct header *h,
    struct err *e)
{
	*h = (struct header){ .off = off,
	    .flags = image_u32(im, off + H_FLAGS) };
	if (h->flags & MUST_UNDERSTAND & ~KNOWN)
		return err_set(e, ERR_NO_SUPPORT, "kernel \"%s\": its multiboot "
		    "header asks for features that version 1 does not have "
		    "(flags 0x%x)", im->name, h->flags);
	if (!(h->flags & HAS_ADDRESSES))
		return 0;
	if (!image_has(im, off, H_SIZE_KLUDGE))
		return broken(im, e, "cut off by the end of the file");
	h->header_addr = image_u32(im, off + H_HEADER_ADDR);
	h->load_addr = image_u32(im, off + H_LOAD_ADDR);
	h->load_end = image_u32(im, off + H_LOAD_END);
	h->bss_end = image_u32(im, off + H_BSS_END);
	h->entry = image_u32(im, off + H_ENTRY);
	return 0;
}

/* The image without ELF: one piece as the header says. */
static int
parse_addresses(struct planner *pl, const struct header *h, struct err *e)
{
	const struct image *im = &pl->plan->kernel;
	struct boot_piece piece = { .gpa = h->load_addr, .bss = true };
	uint64_t before;

	if (h->load_addr > h->header_addr)
		return broken(im, e, "it lies below its own load address");
	before = h->header_addr - h->load_addr;
	if (before > h->off)
		return broken(im, e, "the image would start before the file");
	piece.file_off = h->off - before;
	piece.file_len = im->size - piece.file_off;
	if (h->load_end) {
		if (h->load_end < h->load_addr)
			return broken(im, e, "load_end_addr is below "
			    "load_addr");
		if (h->load_end - h->load_addr > piece.file_len)
			return err_set(e, ERR_INVALID_ARG,
			    "kernel \"%s\": truncated: its multiboot header "
			    "promises %u bytes, the file has %" PRIu64,
			    im->name, h->load_end - h->load_addr,
			    piece.file_len);
		piece.file_len = h->load_end - h->load_addr;
	}
	piece.mem_len = piece.file_len;
	if (h->bss_end) {
		if (h->bss_end < h->load_addr ||
		    h->bss_end - h->load_addr < piece.file_len)
			return broken(im, e, "bss_end_addr is below the end "
			    "of the data");
		piece.mem_len = h->bss_end - h->load_addr;
	}
	return plan_piece(pl, &piece, e);
}

static void
put_string(struct planner *pl, unsigned off, const char *s, size_t max)
{
	size_t n = strnlen(s, max - 1);

	memcpy(pl->plan->block + off, s, n);
	pl->plan->block[off + n] = 0;
}

static void
put_module(struct planner *pl)
{
	gpa_t base = pl->plan->block_gpa;

	plan_u32(pl, INFO + I_MODS_ADDR, (uint32_t)(base + MODS));
	if (!pl->plan->initrd_size)
		return;
	plan_u32(pl, INFO + I_MODS_COUNT, 1);
	plan_u32(pl, MODS, (uint32_t)pl->plan->initrd);
	plan_u32(pl, MODS + 4,
	    (uint32_t)(pl->plan->initrd + pl->plan->initrd_size));
	plan_u32(pl, MODS + 8, (uint32_t)(base + MOD_STRING));
	put_string(pl, MOD_STRING, pl->rq->initrd_name, 1024);
}

static void
put_info(struct planner *pl)
{
	const struct memmap *map = pl->rq->map;
	gpa_t base = pl->plan->block_gpa;
	uint64_t upper = MAX(map->low_top, MAP_1M) - MAP_1M;

	plan_u32(pl, INFO + I_FLAGS, INFO_MEMORY | INFO_CMDLINE | INFO_MODS |
	    INFO_MMAP | INFO_LOADER_NAME);
	plan_u32(pl, INFO + I_MEM_LOWER, MAP_EBDA >> 10);
	plan_u32(pl, INFO + I_MEM_UPPER, (uint32_t)(upper >> 10));
	plan_u32(pl, INFO + I_CMDLINE, (uint32_t)plan_cmdline(pl));
	plan_u32(pl, INFO + I_LOADER_NAME, (uint32_t)(base + NAME));
	put_string(pl, NAME, "Trivisor", 64);
	put_module(pl);
	plan_u32(pl, INFO + I_MMAP_LENGTH, map->n * MMAP_ENTRY);
	plan_u32(pl, INFO + I_MMAP_ADDR, (uint32_t)(base + MMAP));
	for (unsigned i = 0; i < map->n; i++) {
		unsigned at = MMAP + i * MMAP_ENTRY;

		/* The size field does not count itself. */
		plan_u32(pl, at, MMAP_ENTRY - 4);
		plan_u64(pl, at + 4, map->e[i].base);
		plan_u64(pl, at + 12, map->e[i].size);
		plan_u32(pl, at + 20, map->e[i].type);
	}
}

int
multiboot_parse(struct planner *pl, uint32_t off, struct err *e)
{
	struct boot_plan *p = pl->plan;
	struct header h;
	uint64_t entry;

	if (parse_header(&p->kernel, off, &h, e))
		return -1;
	if (h.flags & HAS_ADDRESSES) {
		entry = h.entry;
		if (parse_addresses(pl, &h, e))
			return -1;
	} else {
		if (!elf_probe(&p->kernel))
			return broken(&p->kernel, e, "it gives no addresses, "
			    "and the file is not ELF");
		if (elf_parse(pl, &entry, e))
			return -1;
	}
	if (entry > UINT32_MAX)
		return err_set(e, ERR_INVALID_ARG, "kernel \"%s\": its entry "
		    "point 0x%" PRIx64 " is above 4 GiB", p->kernel.name,
		    entry);
	if (plan_block(pl, e) || plan_initrd(pl, e))
		return -1;
	p->kind = BOOT_MULTIBOOT;
	p->start = BOOT_START_32;
	p->entry = entry;
	p->eax = LOADER_MAGIC;
	p->ebx = (uint32_t)(p->block_gpa + INFO);
	put_info(pl);
	return 0;
}
