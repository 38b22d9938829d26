/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents in tests/xml: each NAME.xml beside its NAME.expect, and the
 * one-line documents of rules.list, one or more for every refusal.  Each gets
 * the verdict, code, line and element that it should; what is accepted comes
 * back byte for byte; and a rule that is switched off is missed by exactly
 * those documents that name it.
 *
 * TRIVISOR_XML_WRITE=1 writes the .expect files anew, to be read and judged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/domain_parse.h"

#define MAX_DOCS 600

struct doc {
	char name[160];
	char *text;
	bool strict;
	bool is_rule;		/* of rules.list */
	char rule[64];		/* that it is about */
	bool held;		/* another rule stands behind it */
	char *result;		/* what came of it */
};

static struct doc docs[MAX_DOCS];
static size_t n_docs;

static const char *
corpus(void)
{
	static char path[1024];
	const char *top = getenv("srcdir");

	snprintf(path, sizeof(path), "%s/tests/xml", top ? top : ".");
	return path;
}

static char *
read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text;
	size_t n;

	if (!f)
		return NULL;
	text = malloc(XML_MAX_BYTES + 2);
	assert_non_null(text);
	n = fread(text, 1, XML_MAX_BYTES + 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

/* ---- what comes of a document, as text --------------- */

static void
put_def(FILE *f, const struct domain_def *d, bool full)
{
	size_t i;

	fprintf(f, "%s\n", d->n_errors ? "refused" : "ok");
	if (!d->n_errors && full)
		fprintf(f, "mode %s%s\n", vm_mode_name(d->mode),
		    d->mode_required ? " required" : "");
	for (i = 0; i < d->n_problems; i++) {
		const struct domain_problem *q = &d->problems[i];

		if (q->kind == PROBLEM_ERROR)
			fprintf(f, "error %d line %d %s: %s\n", q->code,
			    q->line, q->xpath, q->rule);
		else if (full)
			fprintf(f, "warning %s line %d %s\n",
			    domain_problem_kind_name(q->kind), q->line,
			    q->xpath);
	}
}

/* full: with the warnings; else only what the rules decide. */
static char *
result_of(const struct doc *doc, const char *rule_off, bool full)
{
	struct domain_parse_opts opts = { .all = true, .strict = doc->strict,
		.rule_off = rule_off };
	struct domain_def *d = NULL;
	struct err e = { 0 };
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	if (domain_def_parse_opts(&d, doc->text, strlen(doc->text), &opts,
	    &e)) {
		fprintf(f, "refused\nerror %d line %d %s\n", e.code, e.line,
		    e.element);
	} else {
		put_def(f, d, full);
		domain_def_free(d);
	}
	fclose(f);
	return text;
}

static bool
names_rule(const char *result, const char *rule)
{
	size_t n = strlen(rule);
	const char *s;

	for (s = result; (s = strstr(s, rule)) != NULL; s += n)
		if (s - result > 2 && !memcmp(s - 2, ": ", 2) && s[n] == '\n')
			return true;
	return false;
}

/* ---- the documents --------------- */

static struct doc *
doc_new(const char *name, char *text)
{
	struct doc *doc = &docs[n_docs++];

	assert_true(n_docs < MAX_DOCS);
	snprintf(doc->name, sizeof(doc->name), "%s", name);
	doc->text = text;
	doc->strict = strstr(name, "strict") != NULL;
	return doc;
}

static int
on_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	size_t n = strlen(path);
	char *text;

	(void)st;
	(void)ftw;
	if (type != FTW_F || n < 4 || strcmp(path + n - 4, ".xml"))
		return 0;
	text = read_file(path);
	assert_non_null(text);
	doc_new(path + strlen(corpus()) + 1, text);
	return 0;
}

#define HEAD "<domain type='trivisor'>"

/* The good document that a rule's line is put into. */
static char *
around(const char *without, const char *xml)
{
	static const struct { const char *name, *xml; } parts[] = {
		{ "name", "<name>r</name>\n" },
		{ "memory", "<memory unit='MiB'>64</memory>\n" },
		{ "vcpu", "<vcpu>2</vcpu>\n" },
		{ "os", "<os><type>hvm</type><kernel>/k</kernel></os>\n" },
	};
	char *text = NULL;
	size_t size, i;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	if (!strcmp(without, "all")) {
		fputs(xml, f);
	} else {
		fputs(HEAD "\n", f);
		for (i = 0; i < ARRAY_LEN(parts); i++)
			if (strcmp(without, parts[i].name))
				fputs(parts[i].xml, f);
		fprintf(f, "%s\n</domain>\n", xml);
	}
	fclose(f);
	return text;
}

/* "rule | without | flags | xml" */
static void
add_rule_line(char *line)
{
	char *field[4], *s = line;
	struct doc *doc;
	int i;

	for (i = 0; i < 4; i++) {
		field[i] = s;
		s = i < 3 ? strstr(s, " | ") : NULL;
		if (i < 3 && !s)
			fail_msg("rules.list: %s", line);
		if (s) {
			*s = '\0';
			s += 3;
		}
	}
	doc = doc_new(field[0], around(field[1], field[3]));
	snprintf(doc->rule, sizeof(doc->rule), "%s", field[0]);
	doc->is_rule = true;
	doc->strict = strstr(field[2], "strict") != NULL;
	doc->held = strstr(field[2], "held") != NULL;
}

static void
read_rules(void)
{
	char path[1100], *text, *line, *save = NULL;

	snprintf(path, sizeof(path), "%s/rules.list", corpus());
	text = read_file(path);
	assert_non_null(text);
	for (line = strtok_r(text, "\n", &save); line;
	    line = strtok_r(NULL, "\n", &save))
		if (line[0] != '#')
			add_rule_line(line);
	free(text);
}

static int
read_all(void **state)
{
	size_t i;

	(void)state;
	if (nftw(corpus(), on_file, 8, FTW_PHYS))
		return -1;
	read_rules();
	for (i = 0; i < n_docs; i++)
		docs[i].result = result_of(&docs[i], NULL, false);
	return n_docs ? 0 : -1;
}

static int
free_all(void **state)
{
	(void)state;
	while (n_docs) {
		n_docs--;
		free(docs[n_docs].text);
		free(docs[n_docs].result);
	}
	return 0;
}

/* ---- the tests --------------- */

static void
expect_path(const struct doc *doc, char *path, size_t size)
{
	snprintf(path, size, "%s/%.*s.expect", corpus(),
	    (int)strlen(doc->name) - 4, doc->name);
}

static void
write_expectation(const struct doc *doc)
{
	char path[1400], *result = result_of(doc, NULL, true);
	FILE *f;

	expect_path(doc, path, sizeof(path));
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(result, f);
	fclose(f);
	free(result);
}

static void
documents_get_their_verdicts(void **state)
{
	unsigned files = 0, wrong = 0;
	size_t i;

	(void)state;
	for (i = 0; i < n_docs; i++) {
		char path[1400], *result, *expected;

		if (docs[i].is_rule)
			continue;
		files++;
		if (getenv("TRIVISOR_XML_WRITE"))
			write_expectation(&docs[i]);
		expect_path(&docs[i], path, sizeof(path));
		expected = read_file(path);
		result = result_of(&docs[i], NULL, true);
		if (!expected || strcmp(result, expected)) {
			print_message("%s:\n%s--- should be\n%s", docs[i].name,
			    result, expected ? expected : "(no .expect)\n");
			wrong++;
		}
		free(result);
		free(expected);
	}
	assert_true(files >= 60);
	assert_int_equal(wrong, 0);
}

/* define says the first of what check says. */
static void
the_first_error_is_the_one_reported(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < n_docs; i++) {
		struct domain_parse_opts opts = { .strict = docs[i].strict };
		const char *first = strstr(docs[i].result, "error ");
		struct domain_def *d = NULL;
		struct err e = { 0 };
		int code = 0, line = 0;
		char element[128] = "";
		int rc = domain_def_parse_opts(&d, docs[i].text,
		    strlen(docs[i].text), &opts, &e);

		domain_def_free(d);
		if (!rc != !first)
			fail_msg("%s: %d %s", docs[i].name, rc, e.msg);
		if (!first)
			continue;
		sscanf(first, "error %d line %d %127[^ \n]", &code, &line,
		    element);
		if (element[0] && element[strlen(element) - 1] == ':')
			element[strlen(element) - 1] = '\0';
		if (e.code != code || e.line != line || !e.msg[0] ||
		    strncmp(e.element, element, strlen(e.element)))
			fail_msg("%s: %d line %d %s, not %.80s", docs[i].name,
			    e.code, e.line, e.element, first);
	}
}

static char *
dumped(const char *text, struct domain_def **d)
{
	struct err e = { 0 };

	if (domain_def_parse(d, text, strlen(text), &e))
		fail_msg("%s\n%s", e.msg, text);
	return domain_def_dump(*d, 0, NULL);
}

/* dumpxml, define, dumpxml: the same, and in it what the user wrote. */
static void
what_is_accepted_comes_back(void **state)
{
	unsigned n = 0;
	size_t i;

	(void)state;
	for (i = 0; i < n_docs; i++) {
		const char *meta = strstr(docs[i].text, "<metadata");
		const char *end = strstr(docs[i].text, "</metadata>");
		struct domain_def *d, *again;
		char *one, *two, *stored;

		if (strncmp(docs[i].result, "ok", 2))
			continue;
		one = dumped(docs[i].text, &d);
		two = dumped(one, &again);
		assert_string_equal(one, two);
		assert_string_equal(d->cfg.uuid, again->cfg.uuid);
		free(two);
		domain_def_free(again);
		if (meta && end && !memmem(one, strlen(one), meta,
		    (size_t)(end - meta)))
			fail_msg("%s: <metadata> is another", docs[i].name);
		domain_def_override_mode(d, VM_MODE_BT);
		stored = domain_def_stored(d);
		two = dumped(stored, &again);
		assert_string_equal(one, two);
		assert_int_equal(again->mode, VM_MODE_BT);
		free(two);
		free(stored);
		free(one);
		domain_def_free(again);
		domain_def_free(d);
		n++;
	}
	assert_true(n >= 15);
}

/* A run's document, defined again, means the same. */
static void
what_a_run_shows_can_be_defined(void **state)
{
	static const char *const ttys[VM_MAX_SERIALS] = {
		"/dev/pts/1", "/dev/pts/2", "/dev/pts/3", "/dev/pts/4",
	};
	size_t i;

	(void)state;
	for (i = 0; i < n_docs; i++) {
		struct domain_def *d, *again;
		char *one, *live, *two;

		if (strncmp(docs[i].result, "ok", 2))
			continue;
		one = dumped(docs[i].text, &d);
		live = domain_def_dump(d, 7, ttys);
		two = dumped(live, &again);
		assert_non_null(strstr(live, " id=\"7\""));
		assert_null(strstr(two, " id=\"7\""));
		assert_memory_equal(&d->cfg, &again->cfg, sizeof(d->cfg));
		assert_int_equal(d->n_problems, again->n_problems);
		free(two);
		free(live);
		free(one);
		domain_def_free(again);
		domain_def_free(d);
	}
}

static void
every_line_names_its_rule(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < n_docs; i++)
		if (docs[i].is_rule && !names_rule(docs[i].result,
		    docs[i].rule))
			fail_msg("%s: %s\n%s", docs[i].rule, docs[i].text,
			    docs[i].result);
}

/* Without the rule: missed by those that name it, and by no other. */
static void
check_rule(const char *rule)
{
	bool covered = false;
	size_t i;

	for (i = 0; i < n_docs; i++) {
		bool named = names_rule(docs[i].result, rule);
		char *without = result_of(&docs[i], rule, false);
		bool other = strcmp(without, docs[i].result) != 0;

		if (named != other)
			fail_msg("without rule \"%s\", %s is %s:\n%s", rule,
			    docs[i].name, other ? "another" : "the same",
			    without);
		if (docs[i].is_rule && !strcmp(docs[i].rule, rule)) {
			covered = true;
			if (docs[i].held == !strcmp(without, "ok\n"))
				fail_msg("without rule \"%s\":\n%s%s", rule,
				    docs[i].text, without);
		}
		free(without);
	}
	if (!covered)
		fail_msg("no line in rules.list for \"%s\"", rule);
}

static void
each_refusal_has_its_document(void **state)
{
	enum domain_refusal r;

	(void)state;
	for (r = 0; r < REFUSE_COUNT; r++)
		check_rule(domain_refusal_name(r));
}

static void
each_refused_element_has_its_document(void **state)
{
	const struct element_rule *r;
	char rule[80];

	(void)state;
	for (r = domain_elements; r->path; r++) {
		if (r->what != EL_REFUSE)
			continue;
		snprintf(rule, sizeof(rule), "element %s", r->path);
		check_rule(rule);
	}
}

static void
each_list_of_values_has_its_document(void **state)
{
	const struct value_rule *v;
	char rule[96];

	(void)state;
	for (v = domain_values; v->path; v++) {
		snprintf(rule, sizeof(rule), "%s@%s %d", v->path, v->attr,
		    v->code);
		check_rule(rule);
	}
}

/* A name that looks like another would be reported as the wrong one. */
static void
rules_have_names_of_their_own(void **state)
{
	const struct element_rule *r, *o;
	enum domain_refusal a, b;

	(void)state;
	for (r = domain_elements; r->path; r++)
		for (o = r + 1; o->path; o++)
			if (!strcmp(r->path, o->path))
				fail_msg("%s is in the table twice", r->path);
	for (a = 0; a < REFUSE_COUNT; a++)
		for (b = a + 1; b < REFUSE_COUNT; b++)
			assert_string_not_equal(domain_refusal_name(a),
			    domain_refusal_name(b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_get_their_verdicts),
		cmocka_unit_test(the_first_error_is_the_one_reported),
		cmocka_unit_test(what_is_accepted_comes_back),
		cmocka_unit_test(what_a_run_shows_can_be_defined),
		cmocka_unit_test(rules_have_names_of_their_own),
		cmocka_unit_test(every_line_names_its_rule),
		cmocka_unit_test(each_refusal_has_its_document),
		cmocka_unit_test(each_refused_element_has_its_document),
		cmocka_unit_test(each_list_of_values_has_its_document),
	};

	return cmocka_run_group_tests(tests, read_all, free_all);
}
