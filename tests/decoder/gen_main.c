/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes instructions that the decoder accepts, one at each multiple of 32
 * bytes with NOPs between, to be disassembled by objdump.
 *
 *	decoder-gen MODE SEED PER_ROW > FILE
 */
#include "tests/decoder/decoder.h"

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

int
main(int argc, char **argv)
{
	struct rng r = { 1 };
	enum insn_mode mode;
	unsigned row, k, n;

	if (argc != 4) {
		fprintf(stderr, "usage: decoder-gen 16|32|64 SEED PER_ROW\n");
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
		}
	}
	return 0;
}
