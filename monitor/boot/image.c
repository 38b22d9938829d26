/* SPDX-License-Identifier: Apache-2.0 */
/* Reading boot files, and telling people what they gave us instead. */
#include "monitor/boot/image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
image_file_size(int fd, const char *what, const char *name, uint64_t *size,
    struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_sys(e, errno, "%s \"%s\": cannot stat it", what,
		    name);
	if (S_ISDIR(st.st_mode))
		return err_set(e, ERR_INVALID_ARG,
		    "%s \"%s\": is a directory", what, name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID_ARG,
		    "%s \"%s\": is not a regular file", what, name);
	*size = (uint64_t)st.st_size;
	return 0;
}

int
image_read(int fd, const char *what, const char *name, uint64_t off,
    void *dst, uint64_t size, struct err *e)
{
	uint64_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (uint8_t *)dst + done, size - done,
		    (off_t)(off + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_sys(e, errno, "%s \"%s\": cannot read it",
			    what, name);
		if (!n)
			return err_set(e, ERR_OPERATION_FAILED,
			    "%s \"%s\": became shorter while being read", what,
			    name);
		done += (uint64_t)n;
	}
	return 0;
}

int
image_open(struct image *im, int fd, const char *name, struct err *e)
{
	uint64_t size;
	int rc;

	*im = (struct image){ .name = name };
	rc = image_file_size(fd, "kernel", name, &size, e);
	if (rc)
		return rc;
	if (!size)
		return err_set(e, ERR_INVALID_ARG,
		    "kernel \"%s\": the file is empty", name);
	if (size > IMAGE_MAX)
		return err_set(e, ERR_INVALID_ARG,
		    "kernel \"%s\": too big: %" PRIu64 " MiB, at most %" PRIu64
		    " MiB are accepted", name, size >> 20, IMAGE_MAX >> 20);
	im->data = malloc(size);
	if (!im->data)
		return err_set_sys(e, ENOMEM, "kernel \"%s\"", name);
	rc = image_read(fd, "kernel", name, 0, im->data, size, e);
	if (rc) {
		image_close(im);
		return rc;
	}
	im->size = size;
	return 0;
}

void
image_close(struct image *im)
{
	free(im->data);
	im->data = NULL;
	im->size = 0;
}

uint16_t
image_u16(const struct image *im, uint64_t off)
{
	uint16_t v;

	memcpy(&v, im->data + off, sizeof(v));
	return v;
}

uint32_t
image_u32(const struct image *im, uint64_t off)
{
	uint32_t v;

	memcpy(&v, im->data + off, sizeof(v));
	return v;
}

uint64_t
image_u64(const struct image *im, uint64_t off)
{
	uint64_t v;

	memcpy(&v, im->data + off, sizeof(v));
	return v;
}

static const struct {
	uint32_t off;
	uint8_t len;
	const char *bytes;
	const char *what;
} signatures[] = {
	{ 0, 2, "\x1f\x8b", "gzip-compressed data" },
	{ 0, 6, "\xfd" "7zXZ\0", "xz-compressed data" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "zstd-compressed data" },
	{ 0, 3, "BZh", "bzip2-compressed data" },
	{ 0, 4, "\x02\x21\x4c\x18", "lz4-compressed data" },
	{ 0, 4, "\x04\x22\x4d\x18", "lz4-compressed data" },
	{ 0, 6, "070701", "a cpio archive (an initrd?)" },
	{ 0, 6, "070702", "a cpio archive (an initrd?)" },
	{ 0, 8, "!<arch>\n", "a Debian package or ar archive" },
	{ 0, 4, "QFI\xfb", "a qcow2 disk image" },
	{ 0, 4, "KDMV", "a VMDK disk image" },
	{ 0, 8, "conectix", "a VHD disk image" },
	{ 0, 8, "vhdxfile", "a VHDX disk image" },
	{ 0, 4, "PK\3\4", "a zip archive" },
	{ 0, 4, "\x27\x05\x19\x56", "a U-Boot uImage" },
	{ 0, 4, "\xd0\x0d\xfe\xed", "a flattened device tree" },
	{ 56, 4, "ARMd", "an ARM64 Linux kernel" },
	{ 56, 4, "RSC\x05", "a RISC-V Linux kernel" },
	{ 0x8001, 5, "CD001", "an ISO 9660 CD image" },
	{ 257, 5, "ustar", "a tar archive" },
	{ 0, 2, "#!", "a script" },
	{ 0, 5, "<?xml", "an XML document" },
	{ 0, 7, "<domain", "a domain XML document" },
	{ 0, 4, "\x7f" "ELF", "an ELF file" },
	{ 0, 2, "MZ", "a Windows or EFI program" },
	{ 510, 2, "\x55\xaa", "a disk image or boot sector" },
};

static bool
all_zero(const struct image *im)
{
	for (uint64_t i = 0; i < im->size; i++)
		if (im->data[i])
			return false;
	return true;
}

static bool
is_text(const struct image *im)
{
	uint64_t n = MIN(im->size, 512);

	for (uint64_t i = 0; i < n; i++) {
		uint8_t ch = im->data[i];

		if (ch < 0x20 && ch != '\n' && ch != '\r' && ch != '\t')
			return false;
	}
	return true;
}

const char *
image_looks_like(const struct image *im)
{
	for (size_t i = 0; i < ARRAY_LEN(signatures); i++)
		if (image_has(im, signatures[i].off, signatures[i].len) &&
		    !memcmp(im->data + signatures[i].off, signatures[i].bytes,
		    signatures[i].len))
			return signatures[i].what;
	if (all_zero(im))
		return "nothing but zeros";
	if (is_text(im))
		return "a text file";
	return "unknown data";
}
