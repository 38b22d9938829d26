/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel loaders with good images: is every byte and register in place? */
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

struct fix {
	struct img img;
	struct memmap map;
	struct gmem mem;
	struct boot_plan plan;
	struct boot_request rq;
	struct cpu_state s;
	struct err e;
	bool planned;
};

static int
file_of(const void *data, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, size, 0), size);
	return fd;
}

static int
setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	f->rq.kernel_fd = f->rq.initrd_fd = -1;
	f->mem.fd = -1;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fix *f = *state;

	if (f->planned)
		boot_plan_fini(&f->plan);
	if (f->mem.fd >= 0)
		gmem_fini(&f->mem);
	close(f->rq.kernel_fd);
	if (f->rq.initrd_fd >= 0)
		close(f->rq.initrd_fd);
	free(f);
	return 0;
}

/* Load f->img into a machine with so much memory. */
static void
boot(struct fix *f, uint64_t memory, const char *initrd)
{
	memmap_init(&f->map, memory);
	assert_int_equal(gmem_init(&f->mem, NULL), 0);
	assert_int_equal(memmap_populate(&f->map, &f->mem, NULL), 0);
	f->rq.kernel_name = "kernel";
	f->rq.initrd_name = "initrd arguments";
	f->rq.cmdline = "console=ttyS0 quiet";
	f->rq.map = &f->map;
	f->rq.rsdp = 0xe0000;
	f->rq.kernel_fd = file_of(f->img.data, f->img.size);
	if (initrd)
		f->rq.initrd_fd = file_of(initrd, strlen(initrd));
	if (boot_parse(&f->plan, &f->rq, &f->e))
		fail_msg("%s", f->e.msg);
	f->planned = true;
	assert_int_equal(boot_apply(&f->plan, &f->rq, &f->mem, &f->s, &f->e),
	    0);
}

static uint64_t
mem_get(struct fix *f, gpa_t at, unsigned n)
{
	uint64_t v = 0;

	assert_int_equal(gmem_read(&f->mem, at, &v, n), 0);
	return v;
}

static void
assert_text(struct fix *f, gpa_t at, const char *want)
{
	char buf[64] = "";

	assert_int_equal(gmem_read(&f->mem, at, buf, strlen(want) + 1), 0);
	assert_string_equal(buf, want);
}

static void
bzimage_enters_64_bit_mode_at_200h(void **state)
{
	struct fix *f = *state;

	img_bzimage(&f->img);
	boot(f, MIB(256), NULL);
	assert_int_equal(f->s.rip, 0x1000200);
	assert_int_equal(f->s.seg[SEG_CS].selector, 0x10);
	assert_int_equal(f->s.seg[SEG_CS].attr, 0xa09b);
	assert_int_equal(f->s.seg[SEG_DS].attr, 0xc093);
	assert_int_equal(f->s.cr0 & (CR0_PE | CR0_PG), CR0_PE | CR0_PG);
	assert_int_equal(f->s.cr4, CR4_PAE);
	assert_int_equal(f->s.efer, EFER_LME | EFER_LMA);
	assert_int_equal(f->s.rflags, 2);
	assert_int_equal(mem_get(f, 0x1000000, 4), 0xaaaaaaaa);
	assert_int_equal(mem_get(f, 0x100fffc, 4), 0xaaaaaaaa);
	assert_int_equal(mem_get(f, 0x1010000, 4), 0);
}

/* Walk our own page tables for addr. */
static uint64_t
walked(struct fix *f, uint64_t addr)
{
	uint64_t e = mem_get(f, f->s.cr3, 8);

	assert_int_equal(e & 1, 1);
	e = mem_get(f, (e & PAGE_MASK) + (addr >> 30) * 8, 8);
	assert_int_equal(e & 1, 1);
	e = mem_get(f, (e & PAGE_MASK) + (addr >> 21 & 511) * 8, 8);
	assert_int_equal(e & 0x81, 0x81);
	return (e & ~UINT64_C(0x1fffff)) | (addr & 0x1fffff);
}

static void
bzimage_is_entered_with_identity_page_tables(void **state)
{
	struct fix *f = *state;

	img_bzimage(&f->img);
	boot(f, MIB(256), NULL);
	for (uint64_t a = 0; a < MAP_4G; a += 0x7654321)
		assert_int_equal(walked(f, a), a);
	assert_int_equal(walked(f, MAP_4G - 1), MAP_4G - 1);
	/* The GDT holds what the segment registers say. */
	assert_int_equal(mem_get(f, f->s.gdtr.base + 0x10, 8),
	    0x00af9b000000ffff);
	assert_int_equal(mem_get(f, f->s.gdtr.base + 0x18, 8),
	    0x00cf93000000ffff);
}

static void
bzimage_gets_boot_params(void **state)
{
	struct fix *f = *state;
	gpa_t bp;
	gpa_t initrd;

	img_bzimage(&f->img);
	boot(f, MIB(256), "initrd!");
	bp = f->s.gpr[RSI];
	assert_int_equal(mem_get(f, bp + 0x202, 4), 0x53726448);
	assert_int_equal(mem_get(f, bp + 0x210, 1), 0xff);
	assert_int_equal(mem_get(f, bp + 0x1ef, 1), 0);	/* sentinel */
	assert_int_equal(mem_get(f, bp + 0x70, 8), 0xe0000);
	assert_text(f, mem_get(f, bp + 0x228, 4), "console=ttyS0 quiet");
	assert_int_equal(mem_get(f, bp + 0x21c, 4), 7);
	initrd = mem_get(f, bp + 0x218, 4);
	assert_int_equal(initrd, MIB(256) - PAGE_SIZE);
	assert_text(f, initrd, "initrd!");
	assert_int_equal(mem_get(f, bp + 0x1e8, 1), f->map.n);
	assert_int_equal(mem_get(f, bp + 0x2d0 + 3 * 20, 8), MAP_1M);
	assert_int_equal(mem_get(f, bp + 0x2d0 + 3 * 20 + 8, 8), MIB(255));
	assert_int_equal(mem_get(f, bp + 0x2d0 + 3 * 20 + 16, 4), 1);
}

static void
bzimage_without_64_bit_entry_starts_in_32_bit_mode(void **state)
{
	struct fix *f = *state;

	img_bzimage(&f->img);
	img_put(&f->img, 0x236, 0, 2);
	boot(f, MIB(256), NULL);
	assert_int_equal(f->s.rip, 0x1000000);
	assert_int_equal(f->s.seg[SEG_CS].attr, 0xc09b);
	assert_int_equal(f->s.cr0 & (CR0_PE | CR0_PG), CR0_PE);
	assert_int_equal(f->s.efer, 0);
	assert_int_equal(f->s.gpr[RBX] | f->s.gpr[RBP] | f->s.gpr[RDI], 0);
	assert_int_equal(mem_get(f, f->s.gpr[RSI] + 0x214, 4), 0x1000000);
}

static void
bzimage_keeps_the_initrd_below_its_limit(void **state)
{
	struct fix *f = *state;

	img_bzimage(&f->img);
	img_put(&f->img, 0x22c, 0x3ffffff, 4);
	boot(f, MIB(256), "initrd!");
	assert_int_equal(f->plan.initrd, 0x3fff000);
}

static void
old_bzimage_goes_to_1_mib(void **state)
{
	struct fix *f = *state;

	img_bzimage(&f->img);
	img_put(&f->img, 0x206, 0x203, 2);
	boot(f, MIB(16), NULL);
	assert_int_equal(f->s.rip, 0x100000);
	assert_int_equal(mem_get(f, 0x100000, 4), 0xaaaaaaaa);
}

static void
pvh_gets_start_info(void **state)
{
	struct fix *f = *state;
	gpa_t si;
	gpa_t mods;

	img_elf64(&f->img, 1);
	boot(f, MIB(64), "module");
	si = f->s.gpr[RBX];
	assert_int_equal(f->s.rip, 0x100010);
	assert_int_equal(f->s.cr0 & (CR0_PE | CR0_PG), CR0_PE);
	assert_int_equal(f->s.seg[SEG_TR].limit, 0x67);
	assert_int_equal(mem_get(f, si, 4), 0x336ec578);
	assert_int_equal(mem_get(f, si + 4, 4), 1);
	assert_int_equal(mem_get(f, si + 12, 4), 1);
	mods = mem_get(f, si + 16, 8);
	assert_text(f, mem_get(f, mods, 8), "module");
	assert_int_equal(mem_get(f, mods + 8, 8), 6);
	assert_text(f, mem_get(f, si + 24, 8), "console=ttyS0 quiet");
	assert_int_equal(mem_get(f, si + 32, 8), 0xe0000);
	assert_int_equal(mem_get(f, si + 48, 4), f->map.n);
	assert_int_equal(mem_get(f, mem_get(f, si + 40, 8) + 8, 8), 0x9f000);
}

static void
elf_segments_are_loaded_and_bss_cleared(void **state)
{
	struct fix *f = *state;

	img_elf64(&f->img, 1);
	boot(f, MIB(64), NULL);
	assert_int_equal(mem_get(f, 0x100000, 4), 0xbbbbbbbb);
	assert_int_equal(mem_get(f, 0x100ffc, 4), 0xbbbbbbbb);
	/* A second boot in dirty memory, as after a reset. */
	assert_int_equal(gmem_write(&f->mem, 0x101000, "junk", 4), 0);
	assert_int_equal(boot_apply(&f->plan, &f->rq, &f->mem, &f->s, NULL),
	    0);
	assert_int_equal(mem_get(f, 0x101000, 4), 0);
}

static void
multiboot_gets_its_information(void **state)
{
	struct fix *f = *state;
	gpa_t mods;
	gpa_t mb;

	img_multiboot_elf(&f->img, 3);
	boot(f, MIB(64), "module");
	mb = f->s.gpr[RBX];
	assert_int_equal(f->s.gpr[RAX], 0x2badb002);
	assert_int_equal(f->s.rip, 0x100020);
	assert_int_equal(mem_get(f, mb, 4) & 0x4d, 0x4d);
	assert_int_equal(mem_get(f, mb + 4, 4), 636);
	assert_int_equal(mem_get(f, mb + 8, 4), 63 * 1024);
	assert_text(f, mem_get(f, mb + 16, 4), "console=ttyS0 quiet");
	assert_int_equal(mem_get(f, mb + 20, 4), 1);
	mods = mem_get(f, mb + 24, 4);
	assert_text(f, mem_get(f, mods, 4), "module");
	assert_int_equal(mem_get(f, mods, 4) & 0xfff, 0);
	assert_int_equal(mem_get(f, mods + 4, 4) - mem_get(f, mods, 4), 6);
	assert_text(f, mem_get(f, mods + 8, 4), "initrd arguments");
	assert_int_equal(mem_get(f, mb + 44, 4), f->map.n * 24);
	assert_int_equal(mem_get(f, mem_get(f, mb + 48, 4), 4), 20);
}

static void
multiboot_address_fields_place_a_flat_image(void **state)
{
	struct fix *f = *state;

	img_multiboot_flat(&f->img);
	boot(f, MIB(64), NULL);
	assert_int_equal(f->s.rip, 0x200200);
	assert_int_equal(mem_get(f, 0x200000, 4), 0xdddddddd);
	assert_int_equal(mem_get(f, 0x200ffc, 4), 0xdddddddd);
	assert_int_equal(mem_get(f, 0x201000, 4), 0);
	assert_int_equal(f->plan.kernel_end, 0x204000);
}

static void
tiny_machine_runs_a_kernel_in_conventional_memory(void **state)
{
	struct fix *f = *state;

	img_multiboot_flat(&f->img);
	img_put(&f->img, 0x10c, 0x8100, 4);
	img_put(&f->img, 0x110, 0x8000, 4);
	img_put(&f->img, 0x114, 0, 4);
	img_put(&f->img, 0x118, 0, 4);
	img_put(&f->img, 0x11c, 0x8200, 4);
	boot(f, MIB(1), NULL);
	assert_int_equal(f->s.rip, 0x8200);
	assert_int_equal(mem_get(f, 0x9ffc, 4), 0xdddddddd);
}

/* --- the memory map ----------------------------------------------------------- */

static void
assert_map(uint64_t memory)
{
	struct memmap m;
	uint64_t ram = 0;

	memmap_init(&m, memory);
	for (unsigned i = 0; i < m.n; i++) {
		assert_true(m.e[i].size > 0);
		if (i)
			assert_true(m.e[i].base >=
			    m.e[i - 1].base + m.e[i - 1].size);
		if (m.e[i].type != E820_RAM)
			continue;
		ram += m.e[i].size;
		/* No RAM in the holes. */
		assert_true(m.e[i].base + m.e[i].size <= 0x9f000 ||
		    m.e[i].base >= MAP_1M);
		assert_true(m.e[i].base + m.e[i].size <= MAP_HOLE ||
		    m.e[i].base >= MAP_4G);
	}
	/* All but the hole below 1 MiB and the EBDA. */
	assert_int_equal(ram, memory - (MAP_1M - 0x9f000));
	assert_int_equal(m.low_top + m.high_top - MAP_4G, memory);
}

static void
memory_map_is_sorted_and_keeps_the_holes(void **state)
{
	static const uint64_t sizes[] = { MIB(1), MIB(2), MIB(112), MIB(512),
	    MIB(3071), MIB(3072), MIB(3073), MIB(4096), MIB(65536) };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		assert_map(sizes[i]);
}

static void
memory_map_becomes_slots(void **state)
{
	struct fix *f = *state;
	struct gmem_page p;

	memmap_init(&f->map, MIB(3080));
	assert_int_equal(gmem_init(&f->mem, NULL), 0);
	assert_int_equal(memmap_populate(&f->map, &f->mem, NULL), 0);
	assert_true(gmem_page(&f->mem, 0x9f000, &p));
	assert_false(gmem_page(&f->mem, 0xa0000, &p));
	assert_true(gmem_page(&f->mem, 0xe0000, &p));
	assert_false(p.writable);
	assert_true(gmem_page(&f->mem, MAP_HOLE - 1, &p));
	assert_false(gmem_page(&f->mem, MAP_HOLE, &p));
	assert_false(gmem_page(&f->mem, MAP_LAPIC, &p));
	assert_true(gmem_page(&f->mem, MAP_4G + MIB(8) - 1, &p));
	assert_false(gmem_page(&f->mem, MAP_4G + MIB(8), &p));
	f->rq.kernel_fd = file_of("", 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(bzimage_enters_64_bit_mode_at_200h),
		T(bzimage_is_entered_with_identity_page_tables),
		T(bzimage_gets_boot_params),
		T(bzimage_without_64_bit_entry_starts_in_32_bit_mode),
		T(bzimage_keeps_the_initrd_below_its_limit),
		T(old_bzimage_goes_to_1_mib),
		T(pvh_gets_start_info),
		T(elf_segments_are_loaded_and_bss_cleared),
		T(multiboot_gets_its_information),
		T(multiboot_address_fields_place_a_flat_image),
		T(tiny_machine_runs_a_kernel_in_conventional_memory),
		cmocka_unit_test(memory_map_is_sorted_and_keeps_the_holes),
		T(memory_map_becomes_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
