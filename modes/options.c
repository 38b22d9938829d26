/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the translator's parts. */
#include "modes/options.h"

#include <errno.h>
static const struct {
	const char *name;
	uint32_t bit;
} parts_tab[] = {
	{ "chain", BT_PART_CHAIN }, { "cross", BT_PART_CROSS },
	{ "callret", BT_PART_CALLRET }, { "images", BT_PART_IMAGES },
	{ "reloc", BT_PART_RELOC }, { "evict", BT_PART_EVICT },
	{ "near", BT_PART_NEAR }, { "swap", BT_PART_SWAP },
	{ "all", BT_PART_ALL },
};

/* By hand: this library calls none of libc's string functions. */
static size_t
word_len(const char *p)
{
	size_t n = 0;

	while (p[n] && p[n] != ',')
		n++;
	return n;
}

static bool
same(const char *name, const char *word, size_t len)
{
	for (size_t k = 0; k < len; k++)
		if (name[k] != word[k])
			return false;
	return !name[len];
}

const char *
bt_part_name(unsigned n)
{
	return n < ARRAY_LEN(parts_tab) ? parts_tab[n].name : NULL;
}

static uint32_t
part_named(const char *word, size_t len)
{
	for (size_t k = 0; k < ARRAY_LEN(parts_tab); k++)
		if (same(parts_tab[k].name, word, len))
			return parts_tab[k].bit;
	return 0;
}

int
bt_parts_parse(const char *list, uint32_t *parts, struct err *e)
{
	uint32_t got = 0;

	for (const char *p = list; *p; p += *p == ',') {
		size_t n = word_len(p);
		uint32_t bit = part_named(p, n);

		if (!bit) {
			err_set(e, ERR_INVALID_ARG, "bt_disable: the "
			    "translator has no part called \"%.*s\"", (int)n,
			    p);
			err_hint(e, "it can do without: chain, cross, "
			    "callret, images, reloc, evict, near, swap, or all "
			    "of them");
			return -EINVAL;
		}
		got |= bit;
		p += n;
	}
	*parts = got;
	return 0;
}
