/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardware breakpoints (SDM 3 17.2).  While DR7 enables one, every access
 * takes the slow path, which asks here; otherwise nothing here costs time.
 */
#include "modes/interp/interp.h"

static unsigned
kind_of(const struct vcpu *c, unsigned n)
{
	return c->s.dr[7] >> (16 + n * 4) & 3;
}

static bool
enabled(const struct vcpu *c, unsigned n)
{
	return c->s.dr[7] >> (n * 2) & 3;
}

/* LEN field: 1, 2, 8 or 4 bytes. */
static uint64_t
watched_len(const struct vcpu *c, unsigned n)
{
	static const uint8_t len[4] = { 1, 2, 8, 4 };

	return len[c->s.dr[7] >> (18 + n * 4) & 3];
}

static bool
overlaps(const struct vcpu *c, unsigned n, uint64_t at, unsigned len)
{
	uint64_t size = watched_len(c, n);
	uint64_t base = c->s.dr[n] & ~(size - 1);

	return at < base + size && base < at + len;
}

uint64_t
debug_match(const struct vcpu *c, gva_t va, unsigned len, bool write,
    bool exec)
{
	uint64_t hit = 0;

	for (unsigned n = 0; n < 4; n++) {
		unsigned kind = kind_of(c, n);

		if (!enabled(c, n))
			continue;
		if (exec ? kind != WATCH_EXEC :
		    kind != WATCH_ACCESS && !(kind == WATCH_WRITE && write))
			continue;
		if (exec ? c->s.dr[n] == va : overlaps(c, n, va, len))
			hit |= BIT(n);
	}
	return hit;
}

uint64_t
debug_match_io(const struct vcpu *c, uint16_t port, unsigned len)
{
	uint64_t hit = 0;

	if (!(c->s.cr4 & CR4_DE))
		return 0;
	for (unsigned n = 0; n < 4; n++)
		if (enabled(c, n) && kind_of(c, n) == WATCH_IO &&
		    overlaps(c, n, port, len))
			hit |= BIT(n);
	return hit;
}

void
debug_sync(struct vcpu *c)
{
	struct interp *in = interp_of(c);

	in->key = c->s.dr[7] & 0xff ? GEN_NEVER : in->gen;
	in->watch_hit = 0;
}
