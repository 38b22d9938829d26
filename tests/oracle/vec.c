/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between our vector state and the XSAVE standard format (SDM 1 13.4), whose
 * component offsets CPUID leaf 0xd tells.  A component whose XSTATE_BV bit is
 * clear is in its initial state, whatever the bytes say.
 */
#include <cpuid.h>
#include <string.h>

#include "tests/oracle/oracle.h"

enum { X_X87 = 1, X_SSE = 2, X_AVX = 4, X_K = 0x20, X_ZMM = 0x40, X_HI = 0x80 };

static unsigned off_avx, off_k, off_zmm, off_hi;
static uint64_t features;

static unsigned
component(unsigned n)
{
	unsigned a, b, c, d;

	__cpuid_count(0xd, n, a, b, c, d);
	return b;
}

void
vec_init(uint64_t shown)
{
	uint32_t lo, hi;

	__asm__("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	features = lo & 0xe7 & shown;
	if (features & X_AVX)
		off_avx = component(2);
	if (features & X_K) {
		off_k = component(5);
		off_zmm = component(6);
		off_hi = component(7);
	}
}

void
vec_to_xsave(const struct vec_state *v, uint8_t *x)
{
	uint64_t bv = features;

	memcpy(x, &v->fcw, 2);
	memcpy(x + 2, &v->fsw, 2);
	x[4] = v->ftw;
	x[5] = 0;
	memset(x + 6, 0, 18);
	memcpy(x + 24, &v->mxcsr, 4);
	for (unsigned i = 0; i < 8; i++) {
		memcpy(x + 32 + 16 * i, v->st[i], 10);
		memset(x + 32 + 16 * i + 10, 0, 6);
	}
	for (unsigned i = 0; i < 16; i++)
		memcpy(x + 160 + 16 * i, v->zmm[i], 16);
	memset(x + 512, 0, 64);
	memcpy(x + 512, &bv, 8);
	for (unsigned i = 0; i < 16 && off_avx; i++)
		memcpy(x + off_avx + 16 * i, v->zmm[i] + 16, 16);
	if (!off_k)
		return;
	memcpy(x + off_k, v->k, 64);
	for (unsigned i = 0; i < 16; i++) {
		memcpy(x + off_zmm + 32 * i, v->zmm[i] + 32, 32);
		memcpy(x + off_hi + 64 * i, v->zmm[16 + i], 64);
	}
}

void
vec_from_xsave(struct vec_state *v, const uint8_t *x)
{
	uint64_t bv;

	memset(v, 0, sizeof(*v));
	memcpy(&bv, x + 512, 8);
	bv &= features;
	v->fcw = 0x37f;
	memcpy(&v->mxcsr, x + 24, 4);
	if (bv & X_X87) {
		memcpy(&v->fcw, x, 2);
		memcpy(&v->fsw, x + 2, 2);
		v->ftw = x[4];
		for (unsigned i = 0; i < 8; i++)
			memcpy(v->st[i], x + 32 + 16 * i, 10);
	}
	for (unsigned i = 0; i < 16 && bv & X_SSE; i++)
		memcpy(v->zmm[i], x + 160 + 16 * i, 16);
	for (unsigned i = 0; i < 16 && bv & X_AVX; i++)
		memcpy(v->zmm[i] + 16, x + off_avx + 16 * i, 16);
	if (bv & X_K)
		memcpy(v->k, x + off_k, 64);
	for (unsigned i = 0; i < 16 && bv & X_ZMM; i++)
		memcpy(v->zmm[i] + 32, x + off_zmm + 32 * i, 32);
	for (unsigned i = 0; i < 16 && bv & X_HI; i++)
		memcpy(v->zmm[16 + i], x + off_hi + 64 * i, 64);
}
