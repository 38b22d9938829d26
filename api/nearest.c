/* SPDX-License-Identifier: Apache-2.0 */
/* Edit distance with neighbours swapped as one step, letters' case ignored. */
#include "api/nearest.h"

#include <limits.h>
#include <string.h>

#define LONGEST 64

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	return MIN(a, MIN(b, c));
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

unsigned
word_distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned rows[3][LONGEST + 1], *before = rows[0], *last = rows[1],
	    *now = rows[2];
	size_t i, j;

	if (na > LONGEST || nb > LONGEST)
		return UINT_MAX;
	for (j = 0; j <= nb; j++)
		last[j] = (unsigned)j;
	for (i = 1; i <= na; i++) {
		unsigned *t = before;

		now[0] = (unsigned)i;
		for (j = 1; j <= nb; j++) {
			char x = lower(a[i - 1]), y = lower(b[j - 1]);

			now[j] = min3(last[j] + 1, now[j - 1] + 1,
			    last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == lower(b[j - 2]) &&
			    y == lower(a[i - 2]))
				now[j] = MIN(now[j], before[j - 2] + 1);
		}
		before = last;
		last = now;
		now = t;
	}
	return last[nb];
}

void
nearest_offer(struct nearest *n, const char *name)
{
	size_t len = strlen(n->word), other = strlen(name);
	unsigned d;

	if (!len)
		return;
	d = word_distance(n->word, len, name, other);
	if (d > MAX(len, other) / 3 || (n->best && d >= n->distance))
		return;
	n->best = name;
	n->distance = d;
}
