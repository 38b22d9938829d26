/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of JSON objects as a table for people, or as JSON, CSV or names, with
 * the options --format and --columns (TABLE_OPTS in verbs_tab.c).
 */
#ifndef TRIVISOR_CLI_TABLE_H
#define TRIVISOR_CLI_TABLE_H

#include "cli/cli.h"

#define TABLE_MAX_COLUMNS 32

struct column {
	const char *key;	/* member of a row; its name for --columns */
	const char *head;
	bool right;		/* a number */
	bool extra;		/* shown only when --columns names it */
	/* For people, into buf; NULL: the member as it is. */
	void (*text)(struct json_object *row, char *buf, size_t size);
};

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV, FORMAT_NAME };

struct table {
	const struct column *shown[TABLE_MAX_COLUMNS];
	size_t n_shown;
	enum format format;
	const char *name_key;	/* what --format name prints; "name" */
	bool filtered;		/* --columns was given */
};

/* What the options say; columns ends with a NULL key.  -EINVAL with *e. */
MUST_USE int table_init(struct table *t, const struct cli *cli,
    const struct args *a, const struct column *columns, struct err *e);
/* Show an extra column, behind the others. */
void table_add(struct table *t, const struct column *columns,
    const char *key);
/* The rows are the array result[key]; with FORMAT_JSON all of it. */
void table_print(const struct table *t, const struct cli *cli,
    struct json_object *result, const char *key);

#endif
