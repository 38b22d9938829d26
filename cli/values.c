/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sizes, durations and numbers as people write them on a command line.  A
 * bare size is in MiB here, where the API has bytes.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/methods.h"
#include "cli/cli.h"

static const struct {
	const char *unit;
	double seconds;
} duration_units[] = {
	{ "", 1 }, { "s", 1 }, { "ms", 1e-3 }, { "m", 60 }, { "h", 3600 },
};

int
memory_parse(const char *text, uint64_t *bytes, struct err *e)
{
	if (size_parse(text, "MiB", bytes))
		return 0;
	err_set(e, ERR_INVALID_ARG, "\"%s\" is not a size", text);
	err_hint(e, "give a whole number and a unit: 512M, 2G, 65536k");
	return -EINVAL;
}

int
duration_parse(const char *text, ns_t *d, struct err *e)
{
	double v;
	char *end;
	size_t i;

	v = strtod(text, &end);
	for (i = 0; i < ARRAY_LEN(duration_units); i++) {
		if (end == text || strcasecmp(end, duration_units[i].unit))
			continue;
		v *= duration_units[i].seconds;
		/* A hundred years are enough, and NaN is not a time. */
		if (!isfinite(v) || v <= 0 || v > 3e9)
			break;
		*d = (ns_t)(v * 1e9);
		return 0;
	}
	err_set(e, ERR_INVALID_ARG, "\"%s\" is not a time", text);
	err_hint(e, "give seconds, or a number and a unit: 90, 1.5, 2m, 1h");
	return -EINVAL;
}

int
number_parse(const char *text, uint64_t max, uint64_t *n, struct err *e)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)text[0]) || *end || errno || v > max)
		return err_set(e, ERR_INVALID_ARG,
		    "\"%s\" is not a number from 0 to %llu", text,
		    (unsigned long long)max);
	*n = v;
	return 0;
}
