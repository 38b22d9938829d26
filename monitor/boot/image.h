/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that came as a descriptor, read whole into memory, and a guess at
 * what it is when it is not what we hoped for.  Its content is hostile.
 */
#ifndef TRIVISOR_MONITOR_BOOT_IMAGE_H
#define TRIVISOR_MONITOR_BOOT_IMAGE_H

#include "base/base.h"
#include "base/err.h"

#define IMAGE_MAX (UINT64_C(512) << 20)

struct image {
	const char *name;	/* borrowed, for messages */
	uint8_t *data;		/* owned */
	uint64_t size;
};

/* Size of a regular file; -EINVAL and a message for anything else. */
MUST_USE int image_file_size(int fd, const char *what, const char *name,
    uint64_t *size, struct err *e);
/* Read exactly size bytes from the file's offset off on into dst. */
MUST_USE int image_read(int fd, const char *what, const char *name,
    uint64_t off, void *dst, uint64_t size, struct err *e);
/* A kernel file into memory. */
MUST_USE int image_open(struct image *im, int fd, const char *name,
    struct err *e);
void image_close(struct image *im);

/* Are [off, off+len) bytes there? */
static inline bool
image_has(const struct image *im, uint64_t off, uint64_t len)
{
	return off <= im->size && len <= im->size - off;
}

/* Little-endian fields; the caller has asked image_has(). */
uint16_t image_u16(const struct image *im, uint64_t off);
uint32_t image_u32(const struct image *im, uint64_t off);
uint64_t image_u64(const struct image *im, uint64_t off);

/* "a gzip archive", "an ISO 9660 CD image", ...; never NULL. */
const char *image_looks_like(const struct image *im);

#endif
