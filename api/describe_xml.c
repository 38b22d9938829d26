/* SPDX-License-Identifier: Apache-2.0 */
/*
 * describe_xml: the tables of domain XML for trivisor-xml(5): each element
 * with what is done about it, its attributes and what they may say.
 */
#include <stdio.h>
#include <string.h>

#include "api/domain_parse.h"

/* Hyphens, dots and quotes as roff wants them. */
static void
roff(const char *text)
{
	for (; *text; text++) {
		if (*text == '-' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

/* The words of a list, those of them bold that open says. */
static void
words(const char *list)
{
	const char *comma = "";

	while (*list) {
		size_t n = strcspn(list, " ");
		char word[64];

		snprintf(word, sizeof(word), "%.*s", (int)n, list);
		fputs(comma, stdout);
		roff(word);
		comma = ", ";
		list += n;
		list += *list == ' ';
	}
}

/* What of the values that are known can be had. */
static const struct value_rule *
values_of(const char *path, const char *attr, enum err_code code)
{
	const struct value_rule *v;

	for (v = domain_values; v->path; v++)
		if (!strcmp(v->path, path) && !strcmp(v->attr, attr) &&
		    v->code == code)
			return v;
	return NULL;
}

static void
values(const char *path, const char *attr)
{
	const struct value_rule *v = values_of(path, attr,
	    ERR_CONFIG_UNSUPPORTED);

	if (!v)
		v = values_of(path, attr, ERR_XML_ERROR);
	if (!v)
		return;
	fputs(attr[0] ? ": " : "It says one of ", stdout);
	words(v->values);
	if (!attr[0])
		puts(".");
}

static void
attributes(const struct element_rule *r)
{
	const char *list = r->attributes ? r->attributes : "";

	while (*list) {
		size_t n = strcspn(list, " ");
		char attr[32];

		snprintf(attr, sizeof(attr), "%.*s", (int)n, list);
		fputs(".br\n\\fI", stdout);
		roff(attr);
		fputs("\\fR", stdout);
		values(r->path, attr);
		putchar('\n');
		list += n;
		list += *list == ' ';
	}
}

static void
element(const struct element_rule *r)
{
	static const char *const what[] = {
		[EL_USE] = "", [EL_KEEP] = "",
		[EL_IGNORE] = "\\fBIgnored\\fR with a warning: ",
		[EL_REFUSE] = "\\fBRefused\\fR: ",
	};

	fputs(".TP\n.B ", stdout);
	roff(r->path[0] ? r->path : "domain");
	putchar('\n');
	fputs(what[r->what], stdout);
	roff(r->doc);
	puts(r->what == EL_IGNORE || r->what == EL_REFUSE ? "." : "");
	values(r->path, "");
	attributes(r);
}

int
main(void)
{
	const struct element_rule *r;

	for (r = domain_elements; r->path; r++)
		element(r);
	return fflush(stdout) || ferror(stdout);
}
