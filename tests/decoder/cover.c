/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rows the decoder's tests have met.  Counts travel between programs in
 * a file of "row count" lines.
 */
#include "tests/decoder/decoder.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_ROWS 8192
static unsigned long hits[MAX_ROWS];

void
cover(const struct insn_desc *d)
{
	hits[d - insn_tab]++;
}

int
cover_load(const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned long n;
	unsigned row;

	if (!f)
		return -1;
	while (fscanf(f, "%u %lu", &row, &n) == 2)
		if (row < insn_tab_len)
			hits[row] += n;
	fclose(f);
	return 0;
}

int
cover_save(const char *path)
{
	FILE *f = fopen(path, "w");
	unsigned row;

	if (!f)
		return -1;
	for (row = 0; row < insn_tab_len; row++)
		if (hits[row])
			fprintf(f, "%u %lu\n", row, hits[row]);
	return fclose(f);
}

static bool
row_offered(const struct insn_desc *d, const uint64_t *features)
{
	struct insn i = { .desc = d, .vl = 64 };

	return !features || insn_offered(&i, features);
}

unsigned
cover_report(const uint64_t *features, bool list_missing)
{
	static const char *const enc[] = { "legacy", "VEX", "EVEX" };
	unsigned row, n = 0, hit = 0;

	for (row = 0; row < insn_tab_len; row++) {
		const struct insn_desc *d = &insn_tab[row];

		if (!row_offered(d, features))
			continue;
		n++;
		if (hits[row]) {
			hit++;
			continue;
		}
		if (list_missing)
			printf("not met: row %u %s (%s map %u opcode %02x)\n",
			    row, d->name, enc[d->enc], d->map, d->opcode);
	}
	printf("rows: %u of %u met (table: %u)\n", hit, n, insn_tab_len);
	return n - hit;
}
