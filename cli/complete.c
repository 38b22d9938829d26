/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion of command lines, for all shells: `trivisor __complete WORD...'
 * prints what the last word may become, one candidate in a line, a tab and a
 * word about it behind; a line ":files" stands for names of files.  What can
 * follow is known from the tables in verbs_tab.c: an option's or an operand's
 * placeholder says what it is.
 *
 * A shell waits for us with every key: the daemon has less than a second.
 */
#include <ctype.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "api/events.h"
#include "cli/cli.h"

#define LIMIT_US 800000

/* Words that a placeholder stands for. */
static const struct {
	const char *arg;
	const char *words;
} word_lists[] = {
	{ "MODE", "auto bt hvm pv" },
	{ "ENGINE", "default interp" },
	{ "WHEN", "always auto never" },
	{ "FORMAT", "table json csv name" },
	{ "GOAL", "running paused stopped crashed" },
	{ "SHELL", "bash zsh fish" },
	{ "WAY", "acpi" },
	{ "KEY", "cpu memory exits translations name state" },
};

/* Which domains a verb is for; all, where it is not listed. */
static const struct {
	const char *verb;
	bool active;
} for_state[] = {
	{ "start", false }, { "shutdown", true }, { "reboot", true },
	{ "destroy", true }, { "reset", true }, { "suspend", true },
	{ "resume", true }, { "console", true }, { "bt-show", true },
	{ "bt-stats", true }, { "ttyconsole", true }, { "domid", true },
};

struct completion {
	struct cli *cli;
	const struct verb *verb;	/* NULL: none yet */
	const char *word;		/* what is to be completed */
	const char *before;		/* stands before each candidate */
};

static void
offer(const struct completion *c, const char *text, const char *about)
{
	if (strncmp(text, c->word, strlen(c->word)))
		return;
	printf("%s%s%s%s\n", c->before, text, about[0] ? "\t" : "", about);
}

static void
offer_words(const struct completion *c, const char *words)
{
	char one[64];
	size_t n;

	for (; *words; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		snprintf(one, sizeof(one), "%.*s", (int)n, words);
		offer(c, one, "");
	}
}

static void
offer_verbs(const struct completion *c)
{
	const struct verb *v;

	for (v = cli_verbs; v->name; v++)
		offer(c, v->name, v->summary);
}

static void
offer_types(const struct completion *c)
{
	size_t i;

	for (i = 0; i < api_n_events; i++)
		offer(c, api_events[i].name, api_events[i].doc);
}

static void
offer_opts(const struct completion *c, const struct cli_opt *o)
{
	char text[64];

	for (; o && o->name; o++) {
		snprintf(text, sizeof(text), "--%s", o->name);
		offer(c, text, o->help);
	}
}

static void
late(int sig)
{
	(void)sig;
	_exit(0);
}

/* From here on at most LIMIT_US: what was printed before is out. */
static void
limit_time(void)
{
	struct itimerval t = { .it_value = { 0, LIMIT_US } };

	fflush(stdout);
	signal(SIGALRM, late);
	setitimer(ITIMER_REAL, &t, NULL);
}

static void
offer_rows(const struct completion *c, const char *method,
    struct json_object *params, const char *list, const char *key,
    const char *about)
{
	struct json_object *result, *rows, *row;
	struct err e = { 0 };
	size_t i;

	limit_time();
	if (cli_call(c->cli, method, params, &result, NULL, &e))
		return;
	rows = json_array(result, list);
	for (i = 0; rows && i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		offer(c, json_text(row, key, ""), json_text(row, about, ""));
	}
	json_object_put(result);
}

static void
offer_domains(const struct completion *c)
{
	struct json_object *params = json_object_new_object();
	size_t i;

	for (i = 0; c->verb && i < ARRAY_LEN(for_state); i++) {
		if (!strcmp(for_state[i].verb, c->verb->name))
			json_object_object_add(params, for_state[i].active ?
			    "inactive" : "active",
			    json_object_new_boolean(false));
	}
	offer_rows(c, "domain.list", params, "domains", "name", "state");
}

/* What a placeholder stands for: "NAME", "[NAME]...", "FILE.xml". */
static void
offer_for(const struct completion *c, const char *placeholder)
{
	char arg[24];
	size_t i, n;

	placeholder += strspn(placeholder, "[");
	n = strspn(placeholder, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	snprintf(arg, sizeof(arg), "%.*s", (int)n, placeholder);
	for (i = 0; i < ARRAY_LEN(word_lists); i++) {
		if (!strcmp(word_lists[i].arg, arg))
			offer_words(c, word_lists[i].words);
	}
	if (!strcmp(arg, "NAME"))
		offer_domains(c);
	else if (!strcmp(arg, "TYPES"))
		offer_types(c);
	else if (!strcmp(arg, "COMMAND"))
		offer_verbs(c);
	else if (!strcmp(arg, "JOB"))
		offer_rows(c, "job.list", NULL, "jobs", "id", "operation");
	else if (!strcmp(arg, "FILE") || !strcmp(arg, "SOCKET"))
		puts(":files");
}

static const struct cli_opt *
find_opt(const struct cli_opt *o, const char *word)
{
	size_t n = strcspn(word, "=");

	for (; o && o->name; o++) {
		if (word[1] != '-' ? o->letter && o->letter == word[1] :
		    strlen(o->name) == n - 2 &&
		    !memcmp(o->name, word + 2, n - 2))
			return o;
	}
	return NULL;
}

static const struct cli_opt *
any_opt(const struct completion *c, const char *word)
{
	const struct cli_opt *o = NULL;

	if (word[0] != '-' || !word[1])
		return NULL;
	if (c->verb)
		o = find_opt(c->verb->opts, word);
	return o ? o : find_opt(cli_global_opts, word);
}

/*
 * Go over the words before the last.  The option whose value the last one is,
 * or NULL; *operands counts what is no option.
 */
static const struct cli_opt *
scan(struct completion *c, int argc, char **argv, unsigned *operands)
{
	const struct cli_opt *o;
	int i;

	*operands = 0;
	for (i = 0; i + 1 < argc; i++) {
		o = any_opt(c, argv[i]);
		if (o && o->arg && !strchr(argv[i], '=') &&
		    (argv[i][1] == '-' || !argv[i][2])) {
			if (i + 2 == argc)
				return o;
			if (!strcmp(o->name, "connect"))
				c->cli->socket = argv[i + 1];
			i++;
		} else if (argv[i][0] == '-' && argv[i][1]) {
			continue;
		} else if (!c->verb) {
			c->verb = verb_find(argv[i]);
			if (!c->verb)
				return NULL;
		} else {
			++*operands;
		}
	}
	return NULL;
}

int
cli_complete(struct cli *cli, int argc, char **argv)
{
	struct completion c = { .cli = cli, .before = "", .word = "" };
	const struct cli_opt *o;
	char before[80];
	unsigned operands;
	const char *equals;

	if (argc < 1)
		return CLI_USAGE;
	c.word = argv[argc - 1];
	o = scan(&c, argc, argv, &operands);
	equals = strchr(c.word, '=');
	if (!o && !strncmp(c.word, "--", 2) && equals) {
		o = any_opt(&c, c.word);
		if (!o || !o->arg || equals - c.word > 60)
			return CLI_OK;
		snprintf(before, sizeof(before), "%.*s",
		    (int)(equals + 1 - c.word), c.word);
		c.before = before;
		c.word = equals + 1;
	}
	if (o)
		offer_for(&c, o->arg);
	else if (c.word[0] == '-') {
		if (c.verb)
			offer_opts(&c, c.verb->opts);
		offer_opts(&c, cli_global_opts);
	} else if (!c.verb) {
		offer_verbs(&c);
	} else if (operands < c.verb->max) {
		offer_for(&c, c.verb->operands);
	}
	return CLI_OK;
}
