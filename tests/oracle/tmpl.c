/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every row's encodings, found by decoding systematic prefixes, maps, opcodes
 * and ModRM bytes with a random rest, and keeping a fair sample per row.  So
 * the generator needs no second copy of what the table's operand codes mean.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/tmpl.h"

struct tmpl_row *tmpl_rows;

struct draft {
	uint8_t b[32];
	unsigned n;
};

static void
put(struct draft *d, unsigned byte)
{
	d->b[d->n++] = (uint8_t)byte;
}

/* Append noise and file the draft under the row it decodes to. */
static void
try_draft(struct rng *r, struct draft d)
{
	uint64_t noise[2] = { rng_next(r), rng_next(r) };
	struct tmpl_row *row;
	struct insn in;
	unsigned at;
	int len;

	memcpy(d.b + d.n, noise, 16);
	len = insn_decode(&in, d.b, INSN_MAX_LEN, MODE_64);
	if (len <= 0)
		return;
	row = &tmpl_rows[in.desc - insn_tab];
	row->seen++;
	at = row->n < TMPL_PER_ROW ? row->n++ :
	    rng_below(r, row->seen);
	if (at >= TMPL_PER_ROW)
		return;
	row->t[at].len = (uint8_t)len;
	memcpy(row->t[at].bytes, d.b, (size_t)len);
}

/* Register forms of all 64 reg/rm pairs if full, and 8 memory forms. */
static void
try_modrm(struct rng *r, const struct draft *base, bool full)
{
	for (unsigned reg = 0; reg < 8; reg++) {
		for (unsigned rm = 0; rm < (full ? 8 : 1); rm++) {
			struct draft d = *base;

			put(&d, 0xc0 | reg << 3 |
			    (full ? rm : rng_below(r, 8)));
			try_draft(r, d);
		}
		struct draft d = *base;

		/* With a SIB byte, which gathers must have. */
		put(&d, 0x44 | reg << 3);
		try_draft(r, d);
	}
}

static bool
is_prefix(unsigned op)
{
	static const uint8_t p[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66,
		0x67, 0xf0, 0xf2, 0xf3, 0x0f, 0xc4, 0xc5, 0x62 };

	return memchr(p, (int)op, sizeof(p)) || (op & 0xf0) == 0x40;
}

static void
legacy(struct rng *r, unsigned map, unsigned op)
{
	static const uint8_t pre[][2] = { { 0, 0 }, { 0x66, 0 }, { 0xf3, 0 },
		{ 0xf2, 0 }, { 0x66, 0xf2 }, { 0x66, 0xf3 } };
	static const uint8_t rex[] = { 0, 0x48, 0x41 };

	if (map == MAP_ONE && is_prefix(op))
		return;
	for (unsigned p = 0; p < ARRAY_LEN(pre); p++)
	for (unsigned x = 0; x < ARRAY_LEN(rex); x++) {
		struct draft d = { .n = 0 };

		for (unsigned k = 0; k < 2; k++)
			if (pre[p][k])
				put(&d, pre[p][k]);
		if (rex[x])
			put(&d, rex[x]);
		if (map != MAP_ONE)
			put(&d, 0x0f);
		if (map == MAP_0F38)
			put(&d, 0x38);
		if (map == MAP_0F3A)
			put(&d, 0x3a);
		put(&d, op);
		try_modrm(r, &d, true);
	}
}

static void
vex(struct rng *r, unsigned map, unsigned op)
{
	for (unsigned k = 0; k < 32; k++) {
		unsigned vvvv = k & 16 ? rng_below(r, 16) : 15;
		struct draft d = { .n = 0 };

		put(&d, 0xc4);
		put(&d, 0xe0 | map);
		put(&d, (k & 1) << 7 | vvvv << 3 | (k >> 1 & 7));
		put(&d, op);
		try_modrm(r, &d, false);
	}
}

static void
evex(struct rng *r, unsigned map, unsigned op)
{
	/* W, pp, L'L, vvvv given or not, b. */
	for (unsigned k = 0; k < 128; k++) {
		unsigned vvvv = k & 32 ? rng_below(r, 16) : 15;
		unsigned aaa = rng_below(r, 8), z = aaa && rng_chance(r, 25);
		struct draft d = { .n = 0 };

		if ((k >> 3 & 3) == 3)
			continue;
		put(&d, 0x62);
		put(&d, 0xf0 | map);
		put(&d, (k & 1) << 7 | vvvv << 3 | 4 | (k >> 1 & 3));
		put(&d, z << 7 | (k >> 3 & 3) << 5 | (k >> 6 & 1) << 4 | 8 |
		    aaa);
		put(&d, op);
		try_modrm(r, &d, false);
	}
}

int
tmpl_init(void)
{
	struct rng r;

	tmpl_rows = calloc(insn_tab_len, sizeof(*tmpl_rows));
	if (!tmpl_rows)
		return -1;
	rng_init(&r, 1, 2);
	for (unsigned op = 0; op < 256; op++) {
		for (unsigned map = MAP_ONE; map <= MAP_0F3A; map++)
			legacy(&r, map, op);
		for (unsigned map = MAP_0F; map <= MAP_0F3A; map++)
			vex(&r, map, op);
		for (unsigned map = MAP_0F; map <= MAP_6; map++)
			evex(&r, map, op);
	}
	return 0;
}
