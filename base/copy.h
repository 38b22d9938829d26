/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies that touch no vector register, for code that runs while the guest's
 * vector state is live in the host's (modes/engine.h).
 */
#ifndef TRIVISOR_BASE_COPY_H
#define TRIVISOR_BASE_COPY_H

#include <stddef.h>

static inline void
copy_bytes(void *dst, const void *src, size_t n)
{
	__asm__ volatile("rep movsb"
	    : "+D"(dst), "+S"(src), "+c"(n) : : "memory");
}

static inline void
fill_bytes(void *dst, unsigned char value, size_t n)
{
	__asm__ volatile("rep stosb"
	    : "+D"(dst), "+c"(n) : "a"(value) : "memory");
}

#endif
