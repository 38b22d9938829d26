/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF executables of both classes: segments by physical address, and the Xen
 * note that marks a PVH kernel (note name "Xen", type 18).  System V ABI,
 * chapters 4 and 5.
 */
#include "monitor/boot/plan.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

#define XEN_ELFNOTE_PHYS32_ENTRY 18

struct elf {
	const struct image *im;
	bool is64;
	uint16_t type, machine;
	uint64_t entry, phoff;
	uint16_t phentsize, phnum;
};

struct segment {
	uint32_t type;
	uint64_t offset, paddr, filesz, memsz, align;
};

bool
elf_probe(const struct image *im)
{
	return image_has(im, 0, EI_NIDENT) &&
	    !memcmp(im->data, ELFMAG, SELFMAG);
}

static int
broken(const struct image *im, struct err *e, const char *what)
{
	return err_set(e, ERR_INVALID_ARG, "kernel \"%s\": broken ELF file: %s",
	    im->name, what);
}

static int
truncated(const struct image *im, struct err *e, const char *what)
{
	return err_set(e, ERR_INVALID_ARG,
	    "kernel \"%s\": truncated: its %s lie beyond the end of the file "
	    "(%" PRIu64 " bytes)", im->name, what, im->size);
}

static void
read_header(struct elf *f)
{
	const struct image *im = f->im;

	f->type = image_u16(im, 16);
	f->machine = image_u16(im, 18);
	if (f->is64) {
		f->entry = image_u64(im, offsetof(Elf64_Ehdr, e_entry));
		f->phoff = image_u64(im, offsetof(Elf64_Ehdr, e_phoff));
		f->phentsize = image_u16(im, offsetof(Elf64_Ehdr, e_phentsize));
		f->phnum = image_u16(im, offsetof(Elf64_Ehdr, e_phnum));
	} else {
		f->entry = image_u32(im, offsetof(Elf32_Ehdr, e_entry));
		f->phoff = image_u32(im, offsetof(Elf32_Ehdr, e_phoff));
		f->phentsize = image_u16(im, offsetof(Elf32_Ehdr, e_phentsize));
		f->phnum = image_u16(im, offsetof(Elf32_Ehdr, e_phnum));
	}
}

static int
elf_open(struct elf *f, const struct image *im, struct err *e)
{
	uint64_t want;
	uint8_t class = im->data[EI_CLASS];

	*f = (struct elf){ .im = im, .is64 = class == ELFCLASS64 };
	if (class != ELFCLASS64 && class != ELFCLASS32)
		return broken(im, e, "neither 32 nor 64 bit");
	if (im->data[EI_DATA] != ELFDATA2LSB)
		return err_set(e, ERR_INVALID_ARG,
		    "kernel \"%s\": it is for a big-endian machine", im->name);
	if (!image_has(im, 0, f->is64 ? sizeof(Elf64_Ehdr) :
	    sizeof(Elf32_Ehdr)))
		return truncated(im, e, "headers");
	read_header(f);
	if (f->machine != EM_386 && f->machine != EM_X86_64)
		return err_set(e, ERR_INVALID_ARG, "kernel \"%s\": it is for "
		    "another processor (ELF machine %u)", im->name, f->machine);
	if (f->type != ET_EXEC && f->type != ET_DYN)
		return broken(im, e, "not an executable (an object file?)");
	want = f->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	if (!f->phnum || f->phnum == PN_XNUM)
		return broken(im, e, "no program headers");
	if (f->phentsize != want)
		return broken(im, e, "program headers of an odd size");
	if (!image_has(im, f->phoff, want * f->phnum))
		return truncated(im, e, "program headers");
	return 0;
}

/* i < phnum; elf_open() has checked that the header is there. */
static void
read_segment(const struct elf *f, unsigned i, struct segment *s)
{
	uint64_t at = f->phoff + (uint64_t)i * f->phentsize;
	const struct image *im = f->im;

	s->type = image_u32(im, at);
	if (f->is64) {
		s->offset = image_u64(im, at + offsetof(Elf64_Phdr, p_offset));
		s->paddr = image_u64(im, at + offsetof(Elf64_Phdr, p_paddr));
		s->filesz = image_u64(im, at + offsetof(Elf64_Phdr, p_filesz));
		s->memsz = image_u64(im, at + offsetof(Elf64_Phdr, p_memsz));
		s->align = image_u64(im, at + offsetof(Elf64_Phdr, p_align));
	} else {
		s->offset = image_u32(im, at + offsetof(Elf32_Phdr, p_offset));
		s->paddr = image_u32(im, at + offsetof(Elf32_Phdr, p_paddr));
		s->filesz = image_u32(im, at + offsetof(Elf32_Phdr, p_filesz));
		s->memsz = image_u32(im, at + offsetof(Elf32_Phdr, p_memsz));
		s->align = image_u32(im, at + offsetof(Elf32_Phdr, p_align));
	}
}

int
elf_parse(struct planner *pl, uint64_t *entry, struct err *e)
{
	const struct image *im = &pl->plan->kernel;
	struct elf f;

	if (elf_open(&f, im, e))
		return -1;
	for (unsigned i = 0; i < f.phnum; i++) {
		struct boot_piece piece;
		struct segment s;

		read_segment(&f, i, &s);
		if (s.type != PT_LOAD || !s.memsz)
			continue;
		if (s.filesz > s.memsz)
			return broken(im, e, "a segment is larger in the file "
			    "than in memory");
		if (!image_has(im, s.offset, s.filesz))
			return truncated(im, e, "segments");
		piece = (struct boot_piece){ .gpa = s.paddr,
		    .file_off = s.offset, .file_len = s.filesz,
		    .mem_len = s.memsz, .bss = true };
		if (plan_piece(pl, &piece, e))
			return -1;
	}
	if (!pl->plan->n_pieces)
		return broken(im, e, "nothing to load");
	*entry = f.entry;
	return 0;
}

/* Look through one PT_NOTE; as elf_pvh_entry(). */
static int
scan_notes(const struct image *im, const struct segment *s, uint32_t *entry)
{
	uint64_t align = s->align == 8 ? 8 : 4;
	uint64_t at = s->offset;
	uint64_t end = s->offset + s->filesz;

	while (end - at >= 12) {
		uint64_t name = at + 12;
		uint32_t namesz = image_u32(im, at);
		uint32_t descsz = image_u32(im, at + 4);
		uint64_t desc = at + align_up(12 + (uint64_t)namesz, align);
		uint64_t next = desc + align_up(descsz, align);

		if (desc > end || descsz > end - desc)
			return 0;
		if (image_u32(im, at + 8) == XEN_ELFNOTE_PHYS32_ENTRY &&
		    namesz == 4 && !memcmp(im->data + name, "Xen", 4) &&
		    (descsz == 4 || descsz == 8)) {
			*entry = image_u32(im, desc);
			return descsz == 4 || !image_u32(im, desc + 4);
		}
		at = MIN(next, end);
	}
	return 0;
}

int
elf_pvh_entry(const struct image *im, uint32_t *entry, struct err *e)
{
	struct elf f;

	if (elf_open(&f, im, e))
		return -1;
	for (unsigned i = 0; i < f.phnum; i++) {
		struct segment s;

		read_segment(&f, i, &s);
		if (s.type != PT_NOTE)
			continue;
		if (!image_has(im, s.offset, s.filesz))
			return truncated(im, e, "notes");
		if (scan_notes(im, &s, entry))
			return 1;
	}
	return 0;
}

const char *
elf_looks_like(const struct image *im)
{
	struct elf f;

	if (elf_open(&f, im, NULL))
		return "an ELF file";
	for (unsigned i = 0; i < f.phnum; i++) {
		struct segment s;

		read_segment(&f, i, &s);
		if (s.type == PT_INTERP || s.type == PT_DYNAMIC)
			return "an ordinary ELF program or library";
	}
	return "an ELF executable with neither a PVH note nor a multiboot "
	    "header";
}
