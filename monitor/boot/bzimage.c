/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux bzImage, Documentation/x86/boot.rst: boot protocol 2.02 and later,
 * entered by the 64-bit protocol where the kernel has such an entry, else by
 * the 32-bit one.  The real-mode part is not run; we hand over boot_params.
 */
#include "monitor/boot/plan.h"

#include <inttypes.h>
#include <string.h>

/* Offsets in the file's first sectors, and in boot_params alike. */
enum {
	BP_EXT_MEM_K = 0x002,
	BP_RSDP = 0x070,
	BP_ALT_MEM_K = 0x1e0,
	BP_E820_ENTRIES = 0x1e8,
	BP_E820_TABLE = 0x2d0,
	HDR_SETUP_SECTS = 0x1f1,
	HDR_SYSSIZE = 0x1f4,
	HDR_BOOT_FLAG = 0x1fe,
	HDR_JUMP = 0x200,
	HDR_MAGIC = 0x202,
	HDR_VERSION = 0x206,
	HDR_TYPE_OF_LOADER = 0x210,
	HDR_LOADFLAGS = 0x211,
	HDR_CODE32_START = 0x214,
	HDR_RAMDISK_IMAGE = 0x218,
	HDR_RAMDISK_SIZE = 0x21c,
	HDR_CMD_LINE_PTR = 0x228,
	HDR_INITRD_ADDR_MAX = 0x22c,
	HDR_XLOADFLAGS = 0x236,
	HDR_CMDLINE_SIZE = 0x238,
	HDR_PAYLOAD_OFFSET = 0x248,
	HDR_PAYLOAD_LENGTH = 0x24c,
	HDR_PREF_ADDRESS = 0x258,
	HDR_INIT_SIZE = 0x260,
	HDR_END_MAX = 0x290,	/* boot_params has other fields from here */
};

enum {
	LOADED_HIGH = 1,
	XLF_KERNEL_64 = 1,
	LOADER_UNDEFINED = 0xff,
	ENTRY64_OFFSET = 0x200,
};

struct header {
	uint16_t version;
	uint64_t setup_size;	/* bytes before the protected-mode code */
	uint64_t code_size;
	uint64_t load;
	uint64_t mem_size;	/* memory needed from load on */
	uint32_t initrd_max;
	uint32_t cmdline_max;
	bool has_64;
};

bool
bzimage_probe(const struct image *im)
{
	return image_has(im, HDR_MAGIC, 4) &&
	    image_u16(im, HDR_BOOT_FLAG) == 0xaa55 &&
	    !memcmp(im->data + HDR_MAGIC, "HdrS", 4);
}

static int
truncated(const struct image *im, uint64_t want, struct err *e)
{
	return err_set(e, ERR_INVALID_ARG,
	    "kernel \"%s\": truncated: its header promises %" PRIu64
	    " bytes, the file has %" PRIu64, im->name, want, im->size);
}

/* Sizes of the two parts of the file. */
static int
parse_sizes(const struct image *im, struct header *h, struct err *e)
{
	uint64_t sects = im->data[HDR_SETUP_SECTS];

	h->setup_size = ((sects ? sects : 4) + 1) * 512;
	if (im->size <= h->setup_size)
		return truncated(im, h->setup_size + 1, e);
	h->code_size = im->size - h->setup_size;
	if (h->version >= 0x204) {
		/* In paragraphs; what follows is a signature at most. */
		uint64_t size = (uint64_t)image_u32(im, HDR_SYSSIZE) * 16;

		if (size > h->code_size + 15)
			return truncated(im, h->setup_size + size, e);
		h->code_size = MIN(h->code_size, size);
	}
	if (h->version >= 0x208 && image_has(im, HDR_PAYLOAD_LENGTH, 4)) {
		uint64_t end = (uint64_t)image_u32(im, HDR_PAYLOAD_OFFSET) +
		    image_u32(im, HDR_PAYLOAD_LENGTH);

		if (end > h->code_size)
			return truncated(im, h->setup_size + end, e);
	}
	if (h->code_size <= ENTRY64_OFFSET)
		return err_set(e, ERR_INVALID_ARG,
		    "kernel \"%s\": broken: it has no code", im->name);
	return 0;
}

static int
parse_header(const struct image *im, struct header *h, struct err *e)
{
	if (!image_has(im, 0, HDR_END_MAX))
		return truncated(im, HDR_END_MAX, e);
	*h = (struct header){ .version = image_u16(im, HDR_VERSION),
	    .load = MAP_1M, .initrd_max = 0x37ffffff, .cmdline_max = 255 };
	if (h->version < 0x202)
		return err_set(e, ERR_NO_SUPPORT,
		    "kernel \"%s\": boot protocol %u.%02u is too old, at least "
		    "2.02 is needed (Linux 2.4)", im->name, h->version >> 8,
		    h->version & 0xffu);
	if (!(im->data[HDR_LOADFLAGS] & LOADED_HIGH))
		return err_set(e, ERR_NO_SUPPORT, "kernel \"%s\": it is a "
		    "zImage, only bzImages can be booted", im->name);
	if (h->version >= 0x203)
		h->initrd_max = image_u32(im, HDR_INITRD_ADDR_MAX);
	if (h->version >= 0x206)
		h->cmdline_max = image_u32(im, HDR_CMDLINE_SIZE);
	if (h->version >= 0x20c)
		h->has_64 = image_u16(im, HDR_XLOADFLAGS) & XLF_KERNEL_64;
	if (parse_sizes(im, h, e))
		return -1;
	h->mem_size = h->code_size;
	if (h->version >= 0x20a) {
		h->load = image_u64(im, HDR_PREF_ADDRESS);
		h->mem_size = MAX(h->code_size, image_u32(im, HDR_INIT_SIZE));
	}
	return 0;
}

static void
put_e820(struct planner *pl)
{
	const struct memmap *map = pl->rq->map;
	unsigned at = BLOCK_INFO + BP_E820_TABLE;

	for (unsigned i = 0; i < map->n; i++, at += 20) {
		plan_u64(pl, at, map->e[i].base);
		plan_u64(pl, at + 8, map->e[i].size);
		plan_u32(pl, at + 16, map->e[i].type);
	}
	pl->plan->block[BLOCK_INFO + BP_E820_ENTRIES] = (uint8_t)map->n;
}

static void
put_boot_params(struct planner *pl, const struct header *h)
{
	const struct image *im = &pl->plan->kernel;
	uint8_t *bp = pl->plan->block + BLOCK_INFO;
	uint64_t kib = (MAX(pl->rq->map->low_top, MAP_1M) - MAP_1M) >> 10;
	unsigned end = HDR_MAGIC + im->data[HDR_JUMP + 1];

	memcpy(bp + HDR_SETUP_SECTS, im->data + HDR_SETUP_SECTS,
	    MIN(end, HDR_END_MAX) - HDR_SETUP_SECTS);
	bp[HDR_TYPE_OF_LOADER] = LOADER_UNDEFINED;
	plan_u32(pl, BLOCK_INFO + HDR_CODE32_START, (uint32_t)h->load);
	plan_u32(pl, BLOCK_INFO + HDR_CMD_LINE_PTR,
	    (uint32_t)plan_cmdline(pl));
	plan_u32(pl, BLOCK_INFO + HDR_RAMDISK_IMAGE,
	    (uint32_t)pl->plan->initrd);
	plan_u32(pl, BLOCK_INFO + HDR_RAMDISK_SIZE,
	    (uint32_t)pl->plan->initrd_size);
	plan_u16(pl, BLOCK_INFO + BP_EXT_MEM_K,
	    (uint16_t)MIN(kib, UINT16_MAX));
	plan_u32(pl, BLOCK_INFO + BP_ALT_MEM_K, (uint32_t)kib);
	plan_u64(pl, BLOCK_INFO + BP_RSDP, pl->rq->rsdp);
	put_e820(pl);
}

static int
check_cmdline(struct planner *pl, const struct header *h, struct err *e)
{
	size_t n = strlen(pl->rq->cmdline);

	if (n <= h->cmdline_max)
		return 0;
	err_set(e, ERR_CONFIG_UNSUPPORTED,
	    "kernel \"%s\": takes a command line of at most %u characters, "
	    "yours has %zu", pl->rq->kernel_name, h->cmdline_max, n);
	err_hint(e, "shorten the command line");
	return -1;
}

int
bzimage_parse(struct planner *pl, struct err *e)
{
	struct boot_plan *p = pl->plan;
	struct boot_piece piece;
	struct header h;

	if (parse_header(&p->kernel, &h, e) || check_cmdline(pl, &h, e))
		return -1;
	piece = (struct boot_piece){ .gpa = h.load, .file_off = h.setup_size,
	    .file_len = h.code_size, .mem_len = h.mem_size };
	if (plan_piece(pl, &piece, e))
		return -1;
	pl->initrd_limit = (uint64_t)h.initrd_max + 1;
	if (plan_block(pl, e) || plan_initrd(pl, e))
		return -1;
	p->kind = BOOT_BZIMAGE;
	p->start = h.has_64 ? BOOT_START_64 : BOOT_START_32;
	p->entry = h.load + (h.has_64 ? ENTRY64_OFFSET : 0);
	p->esi = (uint32_t)(p->block_gpa + BLOCK_INFO);
	put_boot_params(pl, &h);
	return 0;
}
