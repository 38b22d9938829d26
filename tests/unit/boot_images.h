/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels made up for the loaders' tests. */
#ifndef TRIVISOR_TESTS_UNIT_BOOT_IMAGES_H
#define TRIVISOR_TESTS_UNIT_BOOT_IMAGES_H

#include <stdint.h>
#include <string.h>

#define IMG_MAX 0x20000u

struct img {
	uint8_t data[IMG_MAX];
	uint32_t size;
};

static inline void
img_put(struct img *i, uint32_t off, uint64_t v, unsigned n)
{
	memcpy(i->data + off, &v, n);
}

/* A Linux 6.1-like bzImage: 4 setup sectors, 64 KiB of code of 0xaa. */
static inline void
img_bzimage(struct img *i)
{
	memset(i, 0, sizeof(*i));
	i->size = 5 * 512 + 0x10000;
	img_put(i, 0x1f1, 4, 1);		/* setup_sects */
	img_put(i, 0x1f4, 0x10000 / 16, 4);	/* syssize */
	img_put(i, 0x1fe, 0xaa55, 2);
	img_put(i, 0x200, 0x6aeb, 2);		/* jump over the header */
	memcpy(i->data + 0x202, "HdrS", 4);
	img_put(i, 0x206, 0x20f, 2);		/* protocol 2.15 */
	img_put(i, 0x211, 1, 1);		/* LOADED_HIGH */
	img_put(i, 0x214, 0x100000, 4);
	img_put(i, 0x22c, 0x7fffffff, 4);	/* initrd_addr_max */
	img_put(i, 0x230, 0x200000, 4);
	img_put(i, 0x234, 1, 1);		/* relocatable */
	img_put(i, 0x236, 1, 2);		/* XLF_KERNEL_64 */
	img_put(i, 0x238, 2047, 4);		/* cmdline_size */
	img_put(i, 0x248, 0x300, 4);		/* payload */
	img_put(i, 0x24c, 0x8000, 4);
	img_put(i, 0x258, 0x1000000, 8);	/* pref_address 16 MiB */
	img_put(i, 0x260, 0x2000000, 4);	/* init_size 32 MiB */
	memset(i->data + 5 * 512, 0xaa, 0x10000);
}

enum { ELF_PHOFF = 0x40, ELF_NOTE = 0x200, ELF_TEXT = 0x1000 };

/* An ELF64 with a text segment at 1 MiB with bss and, maybe, a PVH note. */
static inline void
img_elf64(struct img *i, int pvh)
{
	memset(i, 0, sizeof(*i));
	i->size = ELF_TEXT + 0x1000;
	memcpy(i->data, "\x7f" "ELF\2\1\1", 7);
	img_put(i, 16, 2, 2);			/* ET_EXEC */
	img_put(i, 18, 62, 2);			/* EM_X86_64 */
	img_put(i, 24, 0x100000, 8);		/* e_entry */
	img_put(i, 32, ELF_PHOFF, 8);
	img_put(i, 54, 56, 2);			/* e_phentsize */
	img_put(i, 56, 2, 2);			/* e_phnum */
	img_put(i, ELF_PHOFF, 1, 4);		/* PT_LOAD */
	img_put(i, ELF_PHOFF + 8, ELF_TEXT, 8);
	img_put(i, ELF_PHOFF + 24, 0x100000, 8);	/* p_paddr */
	img_put(i, ELF_PHOFF + 32, 0x1000, 8);		/* p_filesz */
	img_put(i, ELF_PHOFF + 40, 0x3000, 8);		/* p_memsz */
	img_put(i, ELF_PHOFF + 56, 4, 4);		/* PT_NOTE */
	img_put(i, ELF_PHOFF + 56 + 8, ELF_NOTE, 8);
	img_put(i, ELF_PHOFF + 56 + 32, 20, 8);
	img_put(i, ELF_PHOFF + 56 + 40, 20, 8);
	img_put(i, ELF_PHOFF + 56 + 48, 4, 8);
	if (pvh) {
		img_put(i, ELF_NOTE, 4, 4);		/* namesz */
		img_put(i, ELF_NOTE + 4, 4, 4);		/* descsz */
		img_put(i, ELF_NOTE + 8, 18, 4);
		memcpy(i->data + ELF_NOTE + 12, "Xen", 4);
		img_put(i, ELF_NOTE + 16, 0x100010, 4);
	}
	memset(i->data + ELF_TEXT, 0xbb, 0x1000);
}

/* The same as ELF32 with a multiboot header at the start of its text. */
static inline void
img_multiboot_elf(struct img *i, uint32_t flags)
{
	memset(i, 0, sizeof(*i));
	i->size = ELF_TEXT + 0x1000;
	memcpy(i->data, "\x7f" "ELF\1\1\1", 7);
	img_put(i, 16, 2, 2);
	img_put(i, 18, 3, 2);			/* EM_386 */
	img_put(i, 24, 0x100020, 4);
	img_put(i, 28, 0x34, 4);		/* e_phoff */
	img_put(i, 42, 32, 2);
	img_put(i, 44, 1, 2);
	img_put(i, 0x34, 1, 4);
	img_put(i, 0x34 + 4, ELF_TEXT, 4);
	img_put(i, 0x34 + 12, 0x100000, 4);
	img_put(i, 0x34 + 16, 0x1000, 4);
	img_put(i, 0x34 + 20, 0x2000, 4);
	memset(i->data + ELF_TEXT, 0xcc, 0x1000);
	img_put(i, ELF_TEXT, 0x1badb002, 4);
	img_put(i, ELF_TEXT + 4, flags, 4);
	img_put(i, ELF_TEXT + 8, 0u - 0x1badb002u - flags, 4);
}

/* Not ELF: the header says where to load it. */
static inline void
img_multiboot_flat(struct img *i)
{
	uint32_t flags = 0x10003;

	memset(i, 0, sizeof(*i));
	i->size = 0x2000;
	memset(i->data, 0xdd, i->size);
	img_put(i, 0x100, 0x1badb002, 4);
	img_put(i, 0x104, flags, 4);
	img_put(i, 0x108, 0u - 0x1badb002u - flags, 4);
	img_put(i, 0x10c, 0x200100, 4);		/* header_addr */
	img_put(i, 0x110, 0x200000, 4);		/* load_addr */
	img_put(i, 0x114, 0x201000, 4);		/* load_end_addr */
	img_put(i, 0x118, 0x204000, 4);		/* bss_end_addr */
	img_put(i, 0x11c, 0x200200, 4);		/* entry_addr */
}

#endif
