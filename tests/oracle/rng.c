/* SPDX-License-Identifier: Apache-2.0 */
/* xoroshiro128+ (Blackman and Vigna), one stream per sequence. */
#include "tests/oracle/oracle.h"

static uint64_t
mix(uint64_t *x)
{
	uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void
rng_init(struct rng *r, uint64_t seed, uint64_t stream)
{
	uint64_t x = seed * UINT64_C(0xd1342543de82ef95) + stream;

	r->s[0] = mix(&x);
	r->s[1] = mix(&x);
}

static uint64_t
rotl(uint64_t x, unsigned k)
{
	return x << k | x >> (64 - k);
}

uint64_t
rng_next(struct rng *r)
{
	uint64_t a = r->s[0], b = r->s[1], sum = a + b;

	b ^= a;
	r->s[0] = rotl(a, 24) ^ b ^ (b << 16);
	r->s[1] = rotl(b, 37);
	return sum;
}
