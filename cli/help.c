/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What help and the manual say about verbs and options, all of it from the
 * tables in verbs_tab.c.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define WIDTH 79
#define HELP_COLUMN 29

/*
 * Words from column at on; lines that follow begin at indent.  An empty line
 * in text is one in the output.
 */
static void
wrap(FILE *f, unsigned at, unsigned indent, const char *text)
{
	bool first = true;
	size_t n;

	for (; *text; text += n) {
		bool paragraph = !strncmp(text, "\n\n", 2);

		n = strspn(text, " \n");
		if (paragraph)
			fprintf(f, "\n\n%*s", (int)indent, "");
		if (paragraph) {
			at = indent;
			first = true;
		}
		text += n;
		n = strcspn(text, " \n");
		if (!first && at + 1 + n > WIDTH) {
			fprintf(f, "\n%*s", (int)indent, "");
			at = indent;
			first = true;
		}
		fprintf(f, "%s%.*s", first ? "" : " ", (int)n, text);
		at += (unsigned)n + !first;
		first = false;
	}
	fputc('\n', f);
}

/* left in its column, text beside it, or below where left is too long. */
static void
print_row(FILE *f, const char *left, unsigned column, const char *text)
{
	fprintf(f, "  %s", left);
	if (strlen(left) + 3 > column)
		fprintf(f, "\n%*s", (int)column, "");
	else
		fprintf(f, "%*s", (int)(column - 2 - strlen(left)), "");
	wrap(f, column, column, text);
}

static void
print_opts(FILE *f, const struct cli_opt *o)
{
	char left[64];

	for (; o && o->name; o++) {
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s",
		    o->letter ? "-" : "  ", o->letter ? o->letter : ' ',
		    o->letter ? ", " : " ", o->name, o->arg ? " " : "",
		    o->arg ? o->arg : "");
		print_row(f, left, HELP_COLUMN, o->help);
	}
}

void
verb_usage(const struct verb *v, FILE *f)
{
	fprintf(f, "usage: trivisor [-c SOCKET] %s%s%s%s\n", v->name,
	    v->opts && v->opts->name ? " [OPTION]..." : "",
	    v->operands[0] ? " " : "", v->operands);
	wrap(f, 0, 0, v->summary);
	if (v->alias)
		fprintf(f, "also called: %s\n", v->alias);
	if (v->more) {
		fputc('\n', f);
		wrap(f, 0, 0, v->more);
	}
	if (v->opts && v->opts->name) {
		fprintf(f, "\noptions:\n");
		print_opts(f, v->opts);
	}
	fprintf(f, "\noptions of every command:\n");
	print_opts(f, cli_global_opts);
}

void
cli_usage(FILE *f)
{
	const struct verb *v;
	char left[64];

	fprintf(f, "usage: trivisor [-c SOCKET] [--json] COMMAND ...\n\n");
	for (v = cli_verbs; v->name; v++) {
		snprintf(left, sizeof(left), "%s%s%s", v->name,
		    v->operands[0] ? " " : "", v->operands);
		print_row(f, left, 25, v->summary);
	}
	fprintf(f, "\noptions of every command:\n");
	print_opts(f, cli_global_opts);
	fprintf(f, "\n`trivisor help COMMAND' says more about one.\n");
}

/* ---- the manual --------------- */

/* Text that means nothing to troff. */
static void
man_text(FILE *f, const char *text)
{
	bool line_start = true;

	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			fputs("\\&", f);
		line_start = *text == '\n';
		if (*text == '\\')
			fputs("\\e", f);
		else if (*text == '-')
			fputs("\\-", f);
		else if (*text == '~')
			fputs("\\(ti", f);
		else if (*text == '^')
			fputs("\\(ha", f);
		else
			fputc(*text, f);
	}
	fputc('\n', f);
}

/* The same, with paragraphs; a sentence or two, without the full stop. */
static void
man_paragraphs(FILE *f, const char *text)
{
	const char *end;
	char part[2048];

	while ((end = strstr(text, "\n\n")) != NULL) {
		snprintf(part, sizeof(part), "%.*s", (int)(end - text), text);
		man_text(f, part);
		fputs(".IP\n", f);
		text = end + 2;
	}
	man_text(f, text);
}

static void
man_options(FILE *f, const struct cli_opt *o)
{
	char left[96];

	for (; o && o->name; o++) {
		fputs(".TP\n\\fB", f);
		if (o->letter)
			fprintf(f, "\\-%c\\fR, \\fB", o->letter);
		fputs("\\-\\-", f);
		snprintf(left, sizeof(left), "%s\\fR%s%s%s", o->name,
		    o->arg ? " \\fI" : "", o->arg ? o->arg : "",
		    o->arg ? "\\fR" : "");
		/* Only names are in here: "-" is all there is to escape. */
		for (const char *p = left; *p; p++) {
			if (*p == '-')
				fputs("\\-", f);
			else
				fputc(*p, f);
		}
		fputc('\n', f);
		man_text(f, o->help);
	}
}

static void
man_verb(FILE *f, const struct verb *v)
{
	fputs(".SS ", f);
	fputc('"', f);
	for (const char *p = v->name; *p; p++) {
		if (*p == '-')
			fputc('\\', f);
		fputc(*p, f);
	}
	fprintf(f, "%s%s\"\n", v->operands[0] ? " " : "", v->operands);
	man_text(f, v->summary);
	if (v->alias) {
		fputs(".PP\nAlso called\n", f);
		man_text(f, v->alias);
	}
	if (v->more) {
		fputs(".PP\n", f);
		man_paragraphs(f, v->more);
	}
	man_options(f, v->opts);
}

void
cli_manual(FILE *f)
{
	const struct verb *v;

	fputs(".SH COMMANDS\n", f);
	for (v = cli_verbs; v->name; v++)
		man_verb(f, v);
	fputs(".SH OPTIONS OF EVERY COMMAND\n", f);
	man_options(f, cli_global_opts);
}
