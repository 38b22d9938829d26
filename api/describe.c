/* SPDX-License-Identifier: Apache-2.0 */
/*
 * describe WHAT: the interface as the build needs it.
 *
 *	openrpc	the document that is installed
 *	man	the methods and events, for trivisor-rpc(7)
 *	dict	the words of the interface, for a fuzzer
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "api/events.h"
#include "api/methods.h"
#include "api/openrpc.h"
#include "api/results.h"

static void
print_openrpc(void)
{
	struct json_object *doc = openrpc_document();

	puts(json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PRETTY |
	    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(doc);
}

/* Hyphens and dots as roff wants them. */
static void
roff(const char *text)
{
	for (; *text; text++) {
		if (*text == '-' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

static void
man_params(const struct method *m)
{
	const struct method_param *p;

	for (p = m->params; p->name; p++) {
		printf(".RS\n.TP\n.I %s\n(%s%s) ", p->name,
		    param_type_name(p->type),
		    p->flags & PARAM_REQUIRED ? ", required" : "");
		roff(p->doc);
		printf("\n.RE\n");
	}
}

static void
man_result(const struct result_shape *s)
{
	const struct result_field *f;

	if (!s || !s->fields->name)
		return;
	printf(".RS\nResult: ");
	for (f = s->fields; f->name; f++)
		printf("%s\\fI%s\\fR%s", f == s->fields ? "" : ", ", f->name,
		    f->flags & RESULT_ALWAYS ? "" : "?");
	printf("%s.\n.RE\n", s->flags & SHAPE_OPEN ? ", ..." : "");
}

static void
print_man(void)
{
	size_t i;

	for (i = 0; i < METHOD_COUNT; i++) {
		const struct method *m = &api_methods[i];

		printf(".TP\n.B %s\n", m->name);
		roff(m->doc);
		printf(" (%s%s).\n", role_name(m->role),
		    m->flags & METHOD_OWNER ? " who owns the domain" : "");
		man_params(m);
		man_result(api_results[i]);
	}
	printf(".SH EVENTS\n");
	for (i = 0; i < api_n_events; i++) {
		printf(".TP\n.B %s\n", api_events[i].name);
		roff(api_events[i].doc);
		if (api_events[i].data[0])
			printf(" (data: %s)", api_events[i].data);
		printf(".\n");
	}
}

static void
word(const char *text)
{
	printf("\"\\\"%s\\\"\"\n", text);
}

static void
print_dict(void)
{
	static const char *const frame[] = {
		"jsonrpc", "2.0", "id", "method", "params",
	};
	const struct method_param *p;
	size_t i;

	printf("# words of the interface, made by api/describe\n");
	for (i = 0; i < ARRAY_LEN(frame); i++)
		word(frame[i]);
	for (i = 0; i < METHOD_COUNT; i++) {
		word(api_methods[i].name);
		for (p = api_methods[i].params; p->name; p++)
			word(p->name);
	}
	for (i = 0; i < api_n_events; i++)
		word(api_events[i].name);
}

static const struct {
	const char *name;
	void (*print)(void);
} kinds[] = {
	{ "openrpc", print_openrpc }, { "man", print_man },
	{ "dict", print_dict },
};

int
main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc == 2 && i < ARRAY_LEN(kinds); i++) {
		if (strcmp(argv[1], kinds[i].name))
			continue;
		kinds[i].print();
		return fflush(stdout) || ferror(stdout);
	}
	fprintf(stderr, "usage: describe openrpc|man|dict\n");
	return 2;
}
