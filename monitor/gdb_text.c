/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and reading the texts of GDB's packets; see gdb.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "monitor/gdb.h"

static const char hex_digits[] = "0123456789abcdef";

void
gdb_put(struct gdb_out *o, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(o->text + o->used, sizeof(o->text) - o->used, fmt, ap);
	va_end(ap);
	if (n > 0)
		o->used = MIN(o->used + (size_t)n, sizeof(o->text) - 1);
}

void
gdb_put_hex(struct gdb_out *o, const void *bytes, size_t n)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < n && o->used + 3 < sizeof(o->text); i++) {
		o->text[o->used++] = hex_digits[b[i] >> 4];
		o->text[o->used++] = hex_digits[b[i] & 15];
	}
	o->text[o->used] = '\0';
}

static int
digit(char ch)
{
	const char *at = ch ? strchr(hex_digits, ch | 0x20) : NULL;

	return at ? (int)(at - hex_digits) : -1;
}

bool
gdb_get_hex(const char **p, void *bytes, size_t n)
{
	uint8_t *b = bytes;

	for (size_t i = 0; i < n; i++, *p += 2) {
		int hi = digit((*p)[0]);
		int lo = hi < 0 ? -1 : digit((*p)[1]);

		if (lo < 0)
			return false;
		b[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

bool
gdb_get_u64(const char **p, uint64_t *v)
{
	unsigned n = 0;

	for (*v = 0; digit(**p) >= 0 && n < 16; n++, (*p)++)
		*v = *v << 4 | (uint64_t)digit(**p);
	return n > 0;
}
