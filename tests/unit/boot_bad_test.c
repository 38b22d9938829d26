/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel loaders with broken images: each one is refused with a message that
 * says what is wrong, and then ones broken at random, which must only never
 * crash or write outside of RAM.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/boot/boot.h"
#include "tests/unit/boot_images.h"

#define MIB(n) ((uint64_t)(n) << 20)

enum base {
	B_RAW, B_BZIMAGE, B_PVH, B_ELF, B_MB_ELF, B_MB_FLAT,
};

struct bad {
	const char *name;
	enum base base;
	/* One field overwritten, then the file cut to size (0: as it is). */
	uint32_t off;
	unsigned len;
	uint64_t value;
	uint32_t size;
	unsigned memory;	/* MiB, 0: 64 */
	uint64_t initrd;	/* size of a sparse initrd, 0: none */
	const char *text;	/* in the message */
};

#define PH ELF_PHOFF
static const struct bad bad[] = {
	{ "empty", B_RAW, 0, 0, 0, 0, 0, 0, "is empty" },
	{ "zeros", B_RAW, 0, 0, 0, 4096, 0, 0, "nothing but zeros" },
	{ "gzip", B_RAW, 0, 2, 0x8b1f, 4096, 0, 0, "gzip" },
	{ "qcow2", B_RAW, 0, 4, 0xfb494651, 4096, 0, 0, "qcow2" },
	{ "script", B_RAW, 0, 2, 0x2123, 4096, 0, 0, "script" },
	{ "cpio", B_RAW, 0, 6, 0x313037303730, 4096, 0, 0, "cpio" },
	{ "pe", B_RAW, 0, 2, 0x5a4d, 4096, 0, 0, "Windows or EFI" },
	{ "boot sector", B_RAW, 510, 2, 0xaa55, 4096, 0, 0, "boot sector" },
	{ "one byte", B_RAW, 0, 1, 0x41, 1, 0, 0, "text file" },
	{ "arm64", B_RAW, 56, 4, 0x644d5241, 4096, 0, 0, "ARM64" },
	{ "iso", B_RAW, 0x8001, 5, 0x3130304443, 0x9000, 0, 0, "ISO 9660" },

	{ "bz header cut", B_BZIMAGE, 0, 0, 0, 0x220, 0, 0, "truncated" },
	{ "bz setup only", B_BZIMAGE, 0, 0, 0, 5 * 512, 0, 0, "truncated" },
	{ "bz half", B_BZIMAGE, 0, 0, 0, 0x8000, 0, 0, "truncated" },
	{ "bz one byte short", B_BZIMAGE, 0, 0, 0, 5 * 512 + 0x10000 - 16,
	    0, 0, "truncated" },
	{ "bz huge syssize", B_BZIMAGE, 0x1f4, 4, 0xffffffff, 0, 0, 0,
	    "truncated" },
	{ "bz huge setup", B_BZIMAGE, 0x1f1, 1, 0xff, 0, 0, 0, "truncated" },
	{ "bz payload", B_BZIMAGE, 0x24c, 4, 0xffffffff, 0, 0, 0,
	    "truncated" },
	{ "bz no code", B_BZIMAGE, 0x1f4, 4, 1, 0, 0, 0, "truncated" },
	{ "bz protocol 2.01", B_BZIMAGE, 0x206, 2, 0x201, 0, 0, 0, "too old" },
	{ "bz zImage", B_BZIMAGE, 0x211, 1, 0, 0, 0, 0, "zImage" },
	{ "bz wild address", B_BZIMAGE, 0x258, 8, UINT64_MAX - 4096, 0, 0, 0,
	    "no RAM" },
	{ "bz into the hole", B_BZIMAGE, 0x258, 8, 0xa0000, 0, 0, 0,
	    "no RAM" },
	{ "bz huge init", B_BZIMAGE, 0x260, 4, 0xffffffff, 0, 0, 0, "no RAM" },
	{ "bz little memory", B_BZIMAGE, 0, 0, 0, 0, 32, 0,
	    "needs at least 48 MiB, the VM has 32 MiB" },
	{ "bz short cmdline", B_BZIMAGE, 0x238, 4, 4, 0, 0, 0,
	    "command line of at most 4" },
	{ "bz initrd too big", B_BZIMAGE, 0, 0, 0, 0, 64, MIB(20),
	    "at least 68 MiB are needed" },
	{ "bz initrd larger than RAM", B_BZIMAGE, 0, 0, 0, 0, 64, MIB(200),
	    "at least 248 MiB are needed" },
	{ "bz initrd absurd", B_BZIMAGE, 0, 0, 0, 0, 64, UINT64_C(1) << 40,
	    "however much memory" },

	{ "elf no note", B_ELF, 0, 0, 0, 0, 0, 0, "neither a PVH note" },
	{ "elf dynamic", B_ELF, PH + 56, 4, 3, 0, 0, 0, "ordinary ELF" },
	{ "elf class", B_PVH, 4, 1, 7, 0, 0, 0, "neither 32 nor 64 bit" },
	{ "elf big endian", B_PVH, 5, 1, 2, 0, 0, 0, "big-endian" },
	{ "elf arm", B_PVH, 18, 2, 183, 0, 0, 0, "another processor" },
	{ "elf object", B_PVH, 16, 2, 1, 0, 0, 0, "object file" },
	{ "elf header cut", B_PVH, 0, 0, 0, 0x20, 0, 0, "truncated" },
	{ "elf no phdrs", B_PVH, 56, 2, 0, 0, 0, 0, "no program headers" },
	{ "elf many phdrs", B_PVH, 56, 2, 0xfffe, 0, 0, 0, "truncated" },
	{ "elf phoff wraps", B_PVH, 32, 8, UINT64_MAX - 8, 0, 0, 0,
	    "truncated" },
	{ "elf phentsize", B_PVH, 54, 2, 8, 0, 0, 0, "odd size" },
	{ "elf text cut", B_PVH, 0, 0, 0, ELF_TEXT + 0x800, 0, 0,
	    "truncated" },
	{ "elf offset wraps", B_PVH, PH + 8, 8, UINT64_MAX - 16, 0, 0, 0,
	    "truncated" },
	{ "elf filesz", B_PVH, PH + 32, 8, 0x4000, 0, 0, 0, "larger in the" },
	{ "elf memsz", B_PVH, PH + 40, 8, UINT64_MAX, 0, 0, 0, "no RAM" },
	{ "elf paddr high", B_PVH, PH + 24, 8, UINT64_C(1) << 45, 0, 0, 0,
	    "no RAM" },
	{ "elf paddr wraps", B_PVH, PH + 24, 8, UINT64_MAX - 0xfff, 0, 0, 0,
	    "no RAM" },
	{ "elf in the EBDA", B_PVH, PH + 24, 8, 0x9e000, 0, 0, 0, "no RAM" },
	{ "elf above RAM", B_PVH, PH + 24, 8, MIB(100), 0, 0, 0,
	    "needs at least 101 MiB" },
	{ "elf nothing to load", B_PVH, PH, 4, 0, 0, 0, 0,
	    "nothing to load" },
	{ "elf note cut", B_PVH, PH + 56 + 8, 8, 0x1fffff0, 0, 0, 0,
	    "truncated" },
	{ "elf note name", B_PVH, ELF_NOTE, 4, 0xfffffff0, 0, 0, 0,
	    "neither a PVH" },
	{ "elf note desc", B_PVH, ELF_NOTE + 4, 4, 0xfffffff0, 0, 0, 0,
	    "neither a PVH" },
	{ "elf entry outside", B_PVH, ELF_NOTE + 16, 4, 0x5000, 0, 0, 0,
	    "entry point" },

	{ "mb not elf", B_MB_ELF, 0, 4, 0, 0, 0, 0, "not ELF" },
	{ "mb entry", B_MB_ELF, 24, 4, 0x300000, 0, 0, 0, "entry point" },
	{ "mb load above header", B_MB_FLAT, 0x110, 4, 0x200200, 0, 0, 0,
	    "below its own load" },
	{ "mb starts before file", B_MB_FLAT, 0x110, 4, 0x1ff000, 0, 0, 0,
	    "before the file" },
	{ "mb load end low", B_MB_FLAT, 0x114, 4, 0x100000, 0, 0, 0,
	    "load_end_addr" },
	{ "mb load end high", B_MB_FLAT, 0x114, 4, 0x300000, 0, 0, 0,
	    "truncated" },
	{ "mb bss end", B_MB_FLAT, 0x118, 4, 0x200800, 0, 0, 0,
	    "bss_end_addr" },
	{ "mb bss huge", B_MB_FLAT, 0x118, 4, 0xffffffff, 0, 0, 0, "no RAM" },
	{ "mb header cut", B_MB_FLAT, 0, 0, 0, 0x110, 0, 0, "cut off" },
};

static int
file_of(const struct img *i)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, i->data, i->size, 0), i->size);
	return fd;
}

static void
make(struct img *i, enum base base)
{
	switch (base) {
	case B_RAW:
		memset(i, 0, sizeof(*i));
		break;
	case B_BZIMAGE:
		img_bzimage(i);
		break;
	case B_PVH:
		img_elf64(i, 1);
		break;
	case B_ELF:
		img_elf64(i, 0);
		break;
	case B_MB_ELF:
		img_multiboot_elf(i, 3);
		break;
	case B_MB_FLAT:
		img_multiboot_flat(i);
		break;
	}
}

static int
parse(const struct img *i, uint64_t memory, int initrd_fd,
    struct boot_plan *plan, struct err *e)
{
	struct memmap map;
	struct boot_request rq = { .kernel_name = "k", .initrd_name = "i",
	    .cmdline = "quiet", .map = &map, .initrd_fd = initrd_fd };
	int rc;

	memmap_init(&map, memory);
	rq.kernel_fd = file_of(i);
	rc = boot_parse(plan, &rq, e);
	close(rq.kernel_fd);
	return rc;
}

static void
broken_images_are_refused_with_a_reason(void **state)
{
	static struct img img;
	static struct boot_plan plan;

	for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
		const struct bad *b = &bad[k];
		struct err e = { 0 };
		int initrd = -1;
		int rc;

		make(&img, b->base);
		img_put(&img, b->off, b->value, b->len);
		if (b->size || b->base == B_RAW)
			img.size = b->size;
		if (b->initrd) {
			initrd = memfd_create("initrd", MFD_CLOEXEC);
			assert_int_equal(ftruncate(initrd, (off_t)b->initrd),
			    0);
		}
		rc = parse(&img, MIB(b->memory ? b->memory : 64), initrd,
		    &plan, &e);
		if (initrd >= 0)
			close(initrd);
		if (rc >= 0)
			fail_msg("%s: was accepted", b->name);
		if (!strstr(e.msg, b->text))
			fail_msg("%s: said \"%s\"", b->name, e.msg);
		/* Object first: people have more than one file. */
		assert_true(!strncmp(e.msg, "kernel \"k\"", 10) ||
		    !strncmp(e.msg, "initrd \"i\"", 10));
	}
}

static void
multiboot_flags_that_must_be_understood_are_refused(void **state)
{
	static struct img img;
	static struct boot_plan plan;
	struct err e = { 0 };

	img_multiboot_elf(&img, 0x8003);
	assert_true(parse(&img, MIB(64), -1, &plan, &e) < 0);
	assert_non_null(strstr(e.msg, "flags 0x8003"));
}

static void
directories_and_too_big_files_are_refused(void **state)
{
	struct memmap map;
	static struct boot_plan plan;
	struct boot_request rq = { .kernel_name = "k", .cmdline = "",
	    .map = &map, .initrd_fd = -1 };
	struct err e = { 0 };

	memmap_init(&map, MIB(64));
	rq.kernel_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(boot_parse(&plan, &rq, &e) < 0);
	assert_non_null(strstr(e.msg, "directory"));
	close(rq.kernel_fd);
	rq.kernel_fd = memfd_create("big", MFD_CLOEXEC);
	assert_int_equal(ftruncate(rq.kernel_fd, (off_t)IMAGE_MAX + 1), 0);
	assert_true(boot_parse(&plan, &rq, &e) < 0);
	assert_non_null(strstr(e.msg, "too big"));
	close(rq.kernel_fd);
	rq.kernel_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(boot_parse(&plan, &rq, &e) < 0);
	assert_non_null(strstr(e.msg, "regular file"));
	close(rq.kernel_fd);
}

/* Everything a plan wants to write lies in RAM, whatever the image said. */
static void
check_plan(const struct boot_plan *p, uint64_t memory)
{
	struct memmap map;

	memmap_init(&map, memory);
	for (unsigned i = 0; i < p->n_pieces; i++) {
		const struct boot_piece *b = &p->piece[i];

		assert_true(b->file_len <= b->mem_len);
		assert_true(image_has(&p->kernel, b->file_off, b->file_len));
		if (b->mem_len)
			assert_true(memmap_is_ram(&map, b->gpa, b->mem_len));
	}
	assert_true(memmap_is_ram(&map, p->block_gpa, BOOT_BLOCK_SIZE));
}

static void
images_broken_at_random_do_no_harm(void **state)
{
	static struct img img;
	static struct boot_plan plan;
	uint64_t seed = 1;
	unsigned accepted = 0;

	for (unsigned round = 0; round < 3000; round++) {
		make(&img, (enum base)(B_BZIMAGE + round % 5));
		for (unsigned n = 0; n < 1 + round % 4; n++) {
			static const uint64_t values[] = { 0, 1, 0x7fffffff,
			    0x80000000, 0xffffffff, UINT64_MAX, 0x100000,
			    0xfffffffffffff000 };
			static const uint8_t sizes[] = { 1, 2, 4, 8 };

			seed = seed * UINT64_C(6364136223846793005) + 1;
			img_put(&img, (uint32_t)(seed >> 40) % 0x2a0,
			    values[seed >> 36 & 7], sizes[seed >> 34 & 3]);
			/* The headers of flat and ELF multiboot images. */
			if (seed & 1)
				img_put(&img, (uint32_t)(ELF_TEXT +
				    (seed >> 50) % 0x20),
				    values[seed >> 20 & 7], 4);
		}
		if (parse(&img, MIB(64), -1, &plan, NULL) == 0) {
			check_plan(&plan, MIB(64));
			boot_plan_fini(&plan);
			accepted++;
		}
	}
	/* The test would be worth nothing if all were refused at once. */
	assert_true(accepted > 100);
	assert_true(accepted < 2900);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_images_are_refused_with_a_reason),
		cmocka_unit_test(
		    multiboot_flags_that_must_be_understood_are_refused),
		cmocka_unit_test(directories_and_too_big_files_are_refused),
		cmocka_unit_test(images_broken_at_random_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
