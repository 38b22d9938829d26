/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel loaders.  The input's last byte chooses memory and initrd, the rest
 * is the file.  Whatever a plan wants to write lies in RAM, and applying it
 * succeeds.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "monitor/boot/boot.h"
#include "tests/fuzz/fuzz.h"

#define MIB(n) ((uint64_t)(n) << 20)

static struct gmem ram;
static struct memmap map;

static void
make_ram(void)
{
	struct err e = { 0 };

	if (ram.n_slots)
		return;
	memmap_init(&map, MIB(64));
	MUST(!gmem_init(&ram, &e));
	MUST(!memmap_populate(&map, &ram, &e));
}

static int
file_of(const void *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	MUST(fd >= 0);
	MUST(pwrite(fd, data, size, 0) == (ssize_t)size);
	return fd;
}

static void
check_plan(const struct boot_plan *p)
{
	for (unsigned i = 0; i < p->n_pieces; i++) {
		const struct boot_piece *b = &p->piece[i];

		MUST(b->file_len <= b->mem_len);
		MUST(image_has(&p->kernel, b->file_off, b->file_len));
		MUST(!b->mem_len || memmap_is_ram(&map, b->gpa, b->mem_len));
	}
	MUST(memmap_is_ram(&map, p->block_gpa, BOOT_BLOCK_SIZE));
	MUST(!p->initrd_size ||
	    memmap_is_ram(&map, p->initrd, p->initrd_size));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_plan plan;
	struct boot_request rq = { .kernel_name = "k", .initrd_name = "i",
	    .cmdline = "console=ttyS0 quiet", .map = &map, .initrd_fd = -1 };
	struct cpu_state cpu = { 0 };
	struct err e = { 0 };
	uint8_t choice;

	if (!size)
		return 0;
	make_ram();
	choice = data[--size];
	rq.kernel_fd = file_of(data, size);
	if (choice & 1)
		rq.initrd_fd = file_of(data, MIN(size, (size_t)4096));
	if (boot_parse(&plan, &rq, &e)) {
		MUST_EXPLAIN(&e);
	} else {
		check_plan(&plan);
		MUST(!boot_apply(&plan, &rq, &ram, &cpu, &e));
		boot_plan_fini(&plan);
	}
	close(rq.kernel_fd);
	if (rq.initrd_fd >= 0)
		close(rq.initrd_fd);
	return 0;
}
