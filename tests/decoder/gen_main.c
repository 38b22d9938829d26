/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes instructions that the decoder accepts, one at each multiple of 32
 * bytes with NOPs between, to be disassembled by objdump.
 *
 *	decoder-gen MODE SEED PER_ROW [FEATURES] > FILE
 *
 * FEATURES gets a line for each: encoding, and the CPUID features it needs.
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
