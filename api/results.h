/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the methods of methods.h answer: one table beside theirs.  Fields are
 * only ever added; clients ignore what they do not know.
 *
 * To describe a new method: its shape in results.c, and a line in the table
 * at the end.
 */
#ifndef TRIVISOR_API_RESULTS_H
#define TRIVISOR_API_RESULTS_H

#include "api/methods.h"

enum result_type {
	RESULT_STRING, RESULT_TIME, RESULT_INT, RESULT_BOOL, RESULT_STRINGS,
	RESULT_COUNTERS,	/* any names, all integers */
	RESULT_MAP,		/* any names, all strings */
	RESULT_OBJECT, RESULT_LIST,	/* of a shape */
	RESULT_ANY,
};

#define RESULT_ALWAYS 1		/* never absent */
/* Any other integers and strings: what the engine in use has to say. */
#define SHAPE_OPEN 1

struct result_shape;

struct result_field {
	const char *name;	/* NULL ends a list */
	enum result_type type;
	unsigned flags;
	const char *doc;
	const struct result_shape *of;	/* of OBJECT and LIST */
};

struct result_shape {
	const char *name;	/* "Domain", unique */
	unsigned flags;
	const char *doc;
	const struct result_field *fields;
};

/* Indexed by enum method_id. */
extern const struct result_shape *const api_results[METHOD_COUNT];

#endif
