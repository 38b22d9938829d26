/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing and usage text, both from the tables in verbs_tab.c.  Options may
 * stand before, between or after the operands; "--" ends them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

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
	else
		cli->json = true;
	return 1;
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
		if (a->n_operands >= v->max) {
			err_set(e, ERR_INVALID_ARG, "\"%s\" is one word too "
			    "many", argv[i]);
			return false;
		}
		a->operand[a->n_operands++] = argv[i];
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

static void
print_opts(int fd, const struct cli_opt *o)
{
	char left[64];

	for (; o && o->name; o++) {
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s",
		    o->letter ? "-" : "  ", o->letter ? o->letter : ' ',
		    o->letter ? ", " : " ", o->name, o->arg ? " " : "",
		    o->arg ? o->arg : "");
		dprintf(fd, "  %-26s %s\n", left, o->help);
	}
}

void
verb_usage(const struct verb *v, int fd)
{
	dprintf(fd, "usage: trivisor [-c SOCKET] %s%s%s%s\n%s\n", v->name,
	    v->opts && v->opts->name ? " [OPTION]..." : "",
	    v->operands[0] ? " " : "", v->operands, v->summary);
	if (v->alias)
		dprintf(fd, "also called: %s\n", v->alias);
	if (v->opts && v->opts->name) {
		dprintf(fd, "\noptions:\n");
		print_opts(fd, v->opts);
	}
	dprintf(fd, "\noptions of every command:\n");
	print_opts(fd, cli_global_opts);
}

void
cli_usage(int fd)
{
	const struct verb *v;
	char left[64];

	dprintf(fd, "usage: trivisor [-c SOCKET] [--json] COMMAND ...\n\n");
	for (v = cli_verbs; v->name; v++) {
		snprintf(left, sizeof(left), "%s%s%s", v->name,
		    v->operands[0] ? " " : "", v->operands);
		dprintf(fd, "  %-22s %s\n", left, v->summary);
	}
	dprintf(fd, "\noptions of every command:\n");
	print_opts(fd, cli_global_opts);
	dprintf(fd, "\n`trivisor help COMMAND' says more about one.\n");
}
