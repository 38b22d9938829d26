/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing by the tables in verbs_tab.c.  Options may stand before, between or
 * after the operands; "--" ends them.  Virsh's --domain NAME and --file FILE
 * are operands, too.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/nearest.h"
#include "cli/cli.h"

/* Is name one of the words in list, spaces between? */
static bool
in_words(const char *list, const char *name)
{
	size_t n = strlen(name);
	const char *p = list;

	while (p && *p) {
		if (strcspn(p, " ") == n && !memcmp(p, name, n))
			return true;
		p += strcspn(p, " ");
		p += *p == ' ';
	}
	return false;
}

const struct verb *
verb_find(const char *name)
{
	const struct verb *v;

	for (v = cli_verbs; v->name; v++) {
		if (!strcmp(v->name, name) || in_words(v->alias, name))
			return v;
	}
	return NULL;
}

const struct verb *
verb_suggest(const char *name)
{
	const struct verb *best = NULL;
	const struct verb *v;
	unsigned least = 3;
	unsigned d;

	for (v = cli_verbs; v->name; v++) {
		/* Enough to catch a slip of the finger. */
		d = word_distance(name, strlen(name), v->name,
		    strlen(v->name));
		if (d < least && d < strlen(v->name)) {
			least = d;
			best = v;
		}
	}
	return best;
}

static const struct cli_opt *
opt_named(const struct cli_opt *opts, const char *name, size_t len)
{
	for (; opts && opts->name; opts++) {
		if (strlen(opts->name) == len &&
		    !memcmp(opts->name, name, len))
			return opts;
	}
	return NULL;
}

static const struct cli_opt *
opt_letter(const struct cli_opt *opts, char letter)
{
	for (; opts && opts->name; opts++) {
		if (opts->letter == letter)
			return opts;
	}
	return NULL;
}

/*
 * Match argv[*i] against a list.  Returns the option, or NULL when it is not
 * one of these; *value is "" for a flag.  A missing or superfluous value sets
 * *e.
 */
static const struct cli_opt *
opt_match(const struct cli_opt *opts, int argc, char **argv, int *i,
    const char **value, struct err *e)
{
	const struct cli_opt *o;
	const char *word = argv[*i];
	const char *inline_value = NULL;
	size_t len;

	*value = "";
	if (!strncmp(word, "--", 2)) {
		len = strcspn(word + 2, "=");
		o = opt_named(opts, word + 2, len);
		if (word[2 + len])
			inline_value = word + 2 + len + 1;
	} else {
		o = opt_letter(opts, word[1]);
		if (word[2])
			inline_value = word + 2;
	}
	if (!o)
		return NULL;
	if (!o->arg) {
		if (inline_value)
			err_set(e, ERR_INVALID_ARG,
			    "option --%s takes no value", o->name);
		return o;
	}
	if (inline_value) {
		*value = inline_value;
	} else if (*i + 1 < argc) {
		*value = argv[++*i];
	} else {
		err_set(e, ERR_INVALID_ARG, "option --%s needs a value, %s",
		    o->name, o->arg);
	}
	return o;
}

static int
take_color(struct cli *cli, const char *value, struct err *e)
{
	static const char *const words[] = { "auto", "always", "never" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++) {
		if (!strcmp(words[i], value)) {
			cli->color = (enum when)i;
			return 1;
		}
	}
	return err_set(e, ERR_INVALID_ARG,
	    "--color \"%s\": use always, never or auto", value);
}

int
args_global(struct cli *cli, int argc, char **argv, int *i, struct err *e)
{
	const struct cli_opt *o;
	const char *value;

	o = opt_match(cli_global_opts, argc, argv, i, &value, e);
	if (e->code)
		return -EINVAL;
	if (!o || !strcmp(o->name, "help"))
		return 0;
	if (!strcmp(o->name, "connect"))
		cli->socket = value;
	else if (!strcmp(o->name, "color"))
		return take_color(cli, value, e);
	else
		cli->json = true;
	return 1;
}

static bool
add_operand(struct args *a, const char *word, struct err *e)
{
	if (a->n_operands >= MIN(a->verb->max, ARGS_MAX_OPERANDS)) {
		err_set(e, ERR_INVALID_ARG, "\"%s\" is one word too many",
		    word);
		return false;
	}
	a->operand[a->n_operands++] = word;
	return true;
}

/* "--domain NAME" where NAME is an operand: 1 taken, 0 not, negative *e. */
static int
named_operand(struct args *a, int argc, char **argv, int *i, struct err *e)
{
	static const struct {
		const char *operand;
		struct cli_opt opts[2];
	} names[] = {
		{ "NAME", { { "domain", 0, "NAME", "" }, { .name = NULL } } },
		{ "FILE", { { "file", 0, "FILE", "" }, { .name = NULL } } },
	};
	const char *value;
	size_t k;

	for (k = 0; k < ARRAY_LEN(names); k++) {
		if (!strstr(a->verb->operands, names[k].operand) ||
		    !opt_match(names[k].opts, argc, argv, i, &value, e))
			continue;
		return !e->code && add_operand(a, value, e) ? 1 : -EINVAL;
	}
	return 0;
}

static bool
args_option(struct args *a, struct cli *cli, int argc, char **argv, int *i,
    struct err *e)
{
	const struct cli_opt *o;
	const char *value;
	const char *word = argv[*i];

	o = opt_match(a->verb->opts, argc, argv, i, &value, e);
	if (e->code)
		return false;
	if (o) {
		a->value[o - a->verb->opts] = value;
		return true;
	}
	if (args_global(cli, argc, argv, i, e) > 0)
		return true;
	if (!e->code && named_operand(a, argc, argv, i, e) > 0)
		return true;
	if (!e->code)
		err_set(e, ERR_INVALID_ARG, "unknown option %s", word);
	return false;
}

bool
args_parse(struct args *a, struct cli *cli, const struct verb *v, int argc,
    char **argv, bool *help, struct err *e)
{
	bool options = true;
	int i;

	memset(a, 0, sizeof(*a));
	a->verb = v;
	*help = false;
	for (i = 0; i < argc; i++) {
		if (options && !strcmp(argv[i], "--")) {
			options = false;
			continue;
		}
		if (options && argv[i][0] == '-' && argv[i][1]) {
			if (!strcmp(argv[i], "--help") ||
			    !strcmp(argv[i], "-h")) {
				*help = true;
				return false;
			}
			if (!args_option(a, cli, argc, argv, &i, e))
				return false;
			continue;
		}
		if (!add_operand(a, argv[i], e))
			return false;
	}
	if (a->n_operands < v->min) {
		err_set(e, ERR_INVALID_ARG, "%s is missing", v->operands);
		return false;
	}
	return true;
}

const char *
args_get(const struct args *a, const char *name)
{
	const struct cli_opt *o;

	o = opt_named(a->verb->opts, name, strlen(name));
	BUG_ON(!o);
	return a->value[o - a->verb->opts];
}

const char *
args_maybe(const struct args *a, const char *name)
{
	return opt_named(a->verb->opts, name, strlen(name)) ?
	    args_get(a, name) : NULL;
}
