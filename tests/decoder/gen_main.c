/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes instructions that the decoder accepts, one at each multiple of 32
 * bytes with NOPs between, to be disassembled by objdump.
 *
 *	decoder-gen MODE SEED PER_ROW [FEATURES] > FILE
 *
 * FEATURES gets a line for each: encoding, and the CPUID features it needs.
 * PER_ROW 0: whatever the decoder makes of them, every opcode of VEX and EVEX.
 */
#include "tests/decoder/decoder.h"

#include "modes/x86/feature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bug_at(const char *file, int line, const char *what);

_Noreturn void
bug_at(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

static const char *const feature_names[] = {
#define X(id, name, leaf, subleaf, reg, bit) [FEAT_##id] = #id,
	X86_FEATURE_LIST(X)
#undef X
	[FEAT_NONE] = "NONE", [FEAT_NEVER] = "NEVER",
};

static void
print_features(FILE *f, const struct insn *i)
{
	static const char *const enc[] = { "legacy", "vex", "evex" };
	const struct insn_desc *d = i->desc;

	fprintf(f, "%s %s %s", enc[d->enc], d->name,
	    feature_names[d->feature]);
	if (d->feature2 != FEAT_NONE)
		fprintf(f, " %s", feature_names[d->feature2]);
	if ((d->attr & ATTR_VL) && i->vl != 64)
		fprintf(f, " AVX512VL");
	fprintf(f, "\n");
}

static void
put_slot(const uint8_t *bytes, unsigned n)
{
	uint8_t slot[32];

	memset(slot, 0x90, sizeof(slot));
	memcpy(slot, bytes, n);
	fwrite(slot, 1, sizeof(slot), stdout);
}

/* With a register and with [rdx+0x11], vvvv used or not, 16 and 64 bytes. */
static void
every_opcode(bool evex, unsigned map, unsigned pp, unsigned w)
{
	for (unsigned k = 0; k < 256 * 8; k++) {
		unsigned op = k >> 3, vvvv = k & 1 ? 15 : 13;
		uint8_t modrm = k & 2 ? 0xca : 0x4a;
		const uint8_t e[] = { 0x62, 0xf0 | map,
			(uint8_t)(w << 7 | vvvv << 3 | 4 | pp), k & 4 ? 0x48 : 8,
			(uint8_t)op, modrm, 0x11, 0, 0 };
		const uint8_t v[] = { 0xc4, 0xe0 | map,
			(uint8_t)(w << 7 | vvvv << 3 | (k & 4) | pp),
			(uint8_t)op,
			modrm, 0x11, 0, 0 };

		if (evex)
			put_slot(e, sizeof(e));
		else
			put_slot(v, sizeof(v));
	}
}

static void
every_map(void)
{
	for (unsigned k = 0; k < 8; k++) {
		for (unsigned map = 1; map <= 6; map++)
			if (map != 4)
				every_opcode(true, map, k >> 1, k & 1);
		for (unsigned map = 1; map <= 3; map++)
			every_opcode(false, map, k >> 1, k & 1);
	}
}

int
main(int argc, char **argv)
{
	struct rng r = { 1 };
	FILE *features = NULL;
	enum insn_mode mode;
	unsigned row, k, n;

	if (argc != 4 && argc != 5) {
		fprintf(stderr, "usage: decoder-gen 16|32|64 SEED PER_ROW "
		    "[FEATURES]\n");
		return 2;
	}
	if (argc == 5 && !(features = fopen(argv[4], "w"))) {
		perror(argv[4]);
		return 2;
	}
	mode = atoi(argv[1]) == 16 ? MODE_16 : atoi(argv[1]) == 32 ? MODE_32 :
	    MODE_64;
	r.s = strtoull(argv[2], NULL, 0) | 1;
	n = strtoul(argv[3], NULL, 0);
	if (!n)
		every_map();
	for (row = 0; row < insn_tab_len; row++) {
		for (k = 0; k < n; k++) {
			uint8_t buf[GEN_LEN], slot[32];
			struct insn i;
			int rc;

			gen_row(&r, &insn_tab[row], mode, buf);
			rc = insn_decode(&i, buf, sizeof(buf), mode);
			if (rc <= 0)
				continue;
			memset(slot, 0x90, sizeof(slot));
			memcpy(slot, buf, rc);
			fwrite(slot, 1, sizeof(slot), stdout);
			if (features)
				print_features(features, &i);
		}
	}
	return features && fclose(features) ? 2 : 0;
}
