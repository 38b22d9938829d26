/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacks an LZ4 "legacy" frame, as Linux packs its kernels, from standard
 * input to standard output: a Debian without lz4 can look into its kernel.
 * The frame: a magic, then blocks of up to 8 MiB each behind its length; what
 * follows the last one (the kernel's plain size) is not a sensible length.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC 0x184c2102U
#define BLOCK (8U << 20)

static uint8_t in[BLOCK + BLOCK / 255 + 16], out[BLOCK];

static int
read_le32(uint32_t *v)
{
	uint8_t b[4];

	if (fread(b, 1, 4, stdin) != 4)
		return -1;
	*v = b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;
	return 0;
}

/* A length of 15 goes on in the bytes that follow. */
static size_t
long_length(size_t len, const uint8_t **p, const uint8_t *end)
{
	uint8_t b = 255;

	if (len != 15)
		return len;
	while (b == 255 && *p < end) {
		b = *(*p)++;
		len += b;
	}
	return len;
}

/* Bytes made of one block, 0 if it is none. */
static size_t
unpack(const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n;
	size_t at = 0;

	while (p < end) {
		uint8_t token = *p++;
		size_t len = long_length(token >> 4, &p, end), back;

		if (len > (size_t)(end - p) || len > sizeof(out) - at)
			return 0;
		memcpy(out + at, p, len);
		at += len;
		p += len;
		if (end - p < 2)
			break;
		back = p[0] | p[1] << 8;
		p += 2;
		len = long_length(token & 15, &p, end) + 4;
		if (back == 0 || back > at || len > sizeof(out) - at)
			return 0;
		for (; len; len--, at++)
			out[at] = out[at - back];
	}
	return at;
}

int
main(void)
{
	uint32_t len;
	size_t n;

	if (read_le32(&len) || len != MAGIC)
		return 1;
	while (!read_le32(&len) && len <= sizeof(in) &&
	    fread(in, 1, len, stdin) == len) {
		n = unpack(in, len);
		if (n == 0)
			break;
		fwrite(out, 1, n, stdout);
	}
	return 0;
}
