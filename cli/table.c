/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables: as wide as their content, cut to the terminal where there is one,
 * and never cut where a program reads.
 */
#include "cli/table.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/text.h"

#define GAP 2
#define LEAST_WIDTH 8
#define CELL 512

static const char *const format_names[] = {
	[FORMAT_TABLE] = "table", [FORMAT_JSON] = "json",
	[FORMAT_CSV] = "csv", [FORMAT_NAME] = "name",
};

static int
parse_format(struct table *t, const char *text, struct err *e)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(format_names); i++) {
		if (!strcmp(format_names[i], text)) {
			t->format = (enum format)i;
			return 0;
		}
	}
	err_set(e, ERR_INVALID_ARG, "--format \"%.32s\" is not known", text);
	err_hint(e, "use table, json, csv or name");
	return -EINVAL;
}

static const struct column *
column_named(const struct column *columns, const char *name, size_t n)
{
	for (; columns->key; columns++) {
		if (strlen(columns->key) == n &&
		    !memcmp(columns->key, name, n))
			return columns;
	}
	return NULL;
}

static int
no_column(const struct column *columns, const char *name, struct err *e)
{
	char known[200] = "";
	size_t used = 0;

	for (; columns->key && used < sizeof(known) - 32; columns++)
		used += (size_t)snprintf(known + used, sizeof(known) - used,
		    "%s%s", used ? ", " : "", columns->key);
	err_set(e, ERR_INVALID_ARG, "there is no column \"%.32s\"", name);
	err_hint(e, "columns are %s", known);
	return -EINVAL;
}

static int
parse_columns(struct table *t, const struct column *columns, const char *text,
    struct err *e)
{
	const struct column *c;
	size_t n;

	t->filtered = true;
	while (*text) {
		n = strcspn(text, ",");
		c = column_named(columns, text, n);
		if (!c || t->n_shown == TABLE_MAX_COLUMNS)
			return no_column(columns, text, e);
		t->shown[t->n_shown++] = c;
		text += n;
		text += *text == ',';
	}
	return t->n_shown ? 0 : no_column(columns, "", e);
}

int
table_init(struct table *t, const struct cli *cli, const struct args *a,
    const struct column *columns, struct err *e)
{
	const char *format = args_maybe(a, "format");
	const char *wanted = args_maybe(a, "columns");
	const struct column *c;

	memset(t, 0, sizeof(*t));
	t->name_key = "name";
	t->format = cli->json ? FORMAT_JSON : FORMAT_TABLE;
	if (format && parse_format(t, format, e))
		return -EINVAL;
	if (wanted)
		return parse_columns(t, columns, wanted, e);
	for (c = columns; c->key; c++) {
		/* A program that reads CSV has use for all of it. */
		if (!c->extra || t->format == FORMAT_CSV)
			t->shown[t->n_shown++] = c;
	}
	return 0;
}

void
table_add(struct table *t, const struct column *columns, const char *key)
{
	const struct column *c = column_named(columns, key, strlen(key));
	size_t i;

	for (i = 0; i < t->n_shown; i++) {
		if (t->shown[i] == c)
			return;
	}
	if (c && t->n_shown < TABLE_MAX_COLUMNS)
		t->shown[t->n_shown++] = c;
}

/* A value as a program wants it. */
static const char *
raw(struct json_object *row, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(row, key, &v) || !v)
		return "";
	return json_object_is_type(v, json_type_string) ?
	    json_object_get_string(v) :
	    json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN |
	    JSON_C_TO_STRING_NOSLASHESCAPE);
}

static void
cell(const struct column *c, struct json_object *row, unsigned width,
    char *buf, size_t size)
{
	char text[CELL] = "";

	if (c->text)
		c->text(row, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s", raw(row, c->key));
	text_clean(text[0] ? text : "-", width, buf, size);
}

/* Take from the widest column of words until all fit into total. */
static void
shrink(const struct table *t, unsigned *width, unsigned total)
{
	unsigned sum, most;
	size_t i, widest;

	for (;;) {
		sum = 0;
		most = 0;
		widest = 0;
		for (i = 0; i < t->n_shown; i++) {
			sum += width[i] + (i ? GAP : 0);
			if (!t->shown[i]->right && width[i] > most) {
				most = width[i];
				widest = i;
			}
		}
		if (sum <= total || most <= LEAST_WIDTH)
			return;
		width[widest]--;
	}
}

static void
print_cell(const struct table *t, size_t i, const char *text, unsigned width,
    const char *style)
{
	unsigned used = text_width(text);
	int pad = used < width ? (int)(width - used) : 0;
	bool last = i + 1 == t->n_shown;

	if (i)
		printf("%*s", GAP, "");
	if (t->shown[i]->right)
		printf("%*s", pad, "");
	printf("%s%s%s", style, text, style[0] ? text_style(true, PLAIN) : "");
	if (!t->shown[i]->right && !last)
		printf("%*s", pad, "");
	if (last)
		putchar('\n');
}

static void
print_table(const struct table *t, const struct cli *cli,
    struct json_object *rows)
{
	size_t n = rows ? json_object_array_length(rows) : 0;
	bool color = text_color(cli, STDOUT_FILENO);
	unsigned total = text_terminal_width(STDOUT_FILENO);
	unsigned width[TABLE_MAX_COLUMNS];
	struct json_object *row;
	char buf[CELL];
	size_t i, k;

	for (i = 0; i < t->n_shown; i++) {
		width[i] = text_width(t->shown[i]->head);
		for (k = 0; k < n; k++) {
			cell(t->shown[i], json_object_array_get_idx(rows, k),
			    0, buf, sizeof(buf));
			width[i] = MAX(width[i], text_width(buf));
		}
	}
	if (total)
		shrink(t, width, total);
	for (i = 0; i < t->n_shown; i++)
		print_cell(t, i, t->shown[i]->head, width[i],
		    text_style(color, BOLD));
	for (k = 0; k < n; k++) {
		row = json_object_array_get_idx(rows, k);
		for (i = 0; i < t->n_shown; i++) {
			bool state = !strcmp(t->shown[i]->key, "state");

			cell(t->shown[i], row, width[i], buf, sizeof(buf));
			print_cell(t, i, buf, width[i], text_style(color &&
			    state, text_state_style(buf)));
		}
	}
}

/* RFC 4180, with line feeds. */
static void
print_csv_field(const char *text, bool last)
{
	if (text[strcspn(text, ",\"\r\n")]) {
		putchar('"');
		for (; *text; text++) {
			if (*text == '"')
				putchar('"');
			putchar(*text);
		}
		putchar('"');
	} else {
		fputs(text, stdout);
	}
	putchar(last ? '\n' : ',');
}

static void
print_csv(const struct table *t, struct json_object *rows)
{
	size_t n = rows ? json_object_array_length(rows) : 0;
	size_t i, k;

	for (i = 0; i < t->n_shown; i++)
		print_csv_field(t->shown[i]->key, i + 1 == t->n_shown);
	for (k = 0; k < n; k++) {
		for (i = 0; i < t->n_shown; i++)
			print_csv_field(raw(json_object_array_get_idx(rows, k),
			    t->shown[i]->key), i + 1 == t->n_shown);
	}
}

/* The result with nothing but the wanted members in its rows. */
static void
print_json(const struct table *t, struct json_object *result, const char *key,
    struct json_object *rows)
{
	struct json_object *list, *o, *v, *row;
	size_t i, k;

	if (!t->filtered || !rows) {
		out_json(result);
		return;
	}
	list = json_object_new_array();
	for (k = 0; k < json_object_array_length(rows); k++) {
		row = json_object_array_get_idx(rows, k);
		o = json_object_new_object();
		for (i = 0; i < t->n_shown; i++) {
			if (json_object_object_get_ex(row, t->shown[i]->key,
			    &v))
				json_object_object_add(o, t->shown[i]->key,
				    json_object_get(v));
		}
		json_object_array_add(list, o);
	}
	o = json_object_new_object();
	json_object_object_add(o, key, list);
	out_json(o);
	json_object_put(o);
}

void
table_print(const struct table *t, const struct cli *cli,
    struct json_object *result, const char *key)
{
	struct json_object *rows = json_array(result, key);
	size_t n = rows ? json_object_array_length(rows) : 0;
	size_t k;

	switch (t->format) {
	case FORMAT_TABLE:
		print_table(t, cli, rows);
		break;
	case FORMAT_JSON:
		print_json(t, result, key, rows);
		break;
	case FORMAT_CSV:
		print_csv(t, rows);
		break;
	case FORMAT_NAME:
		for (k = 0; k < n; k++)
			puts(raw(json_object_array_get_idx(rows, k),
			    t->name_key));
		break;
	}
}
