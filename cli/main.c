/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trivisor: the command line.  Finds the verb, lets its row of the table
 * parse the rest, and calls it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>

#include "api/client.h"
#include "base/clock.h"
#include "cli/cli.h"

/*
 * Whoever called us may have closed 0, 1 or 2; the next file opened would
 * then be taken for stdin or have messages written into it.
 */
static void
fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* A reader that goes away is an error to report, not a death. */
static void
ignore_sigpipe(void)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &sa, NULL);
}

static int
wrong_call(struct cli *cli, struct err *e)
{
	if (!e->hint[0])
		err_hint(e, "`trivisor help %s' says how to call it",
		    cli->verb->name);
	return cli_misuse(cli, e);
}

/* The domain a verb is about is named in its errors. */
static const char *
object_of(const struct args *a)
{
	return a->n_operands && !strncmp(a->verb->operands, "NAME", 4) ?
	    a->operand[0] : NULL;
}

static int
unknown_verb(const char *name)
{
	const struct verb *like = verb_suggest(name);

	dprintf(STDERR_FILENO, "trivisor: \"%s\" is not a command\n", name);
	if (like)
		dprintf(STDERR_FILENO, "hint: did you mean \"%s\"?\n",
		    like->name);
	else
		dprintf(STDERR_FILENO, "hint: `trivisor help' lists them\n");
	return CLI_USAGE;
}

static int
call_verb(struct cli *cli, int argc, char **argv)
{
	const struct verb *v = verb_find(argv[0]);
	struct err e = { 0 };
	struct args a;
	bool help;
	int status;

	if (!v)
		return unknown_verb(argv[0]);
	cli->verb = v;
	if (!args_parse(&a, cli, v, argc - 1, argv + 1, &help, &e)) {
		if (!help)
			return wrong_call(cli, &e);
		verb_usage(v, stdout);
		return CLI_OK;
	}
	cli->object = object_of(&a);
	status = v->run(cli, &a);
	client_free(cli->client);
	return status;
}

static int
wrong_global(const struct err *e, const char *word)
{
	if (e->code)
		dprintf(STDERR_FILENO, "trivisor: %s\n", e->msg);
	else
		dprintf(STDERR_FILENO, "trivisor: unknown option %s\n", word);
	return CLI_USAGE;
}

/* A full disk under our output must not look like success. */
static int
finish(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	/* Nobody reads on, as with "| head": as quiet as others are then. */
	if (errno == EPIPE) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	if (!status)
		dprintf(STDERR_FILENO, "trivisor: cannot write: %s\n",
		    strerror(errno));
	return status ? status : CLI_FAILED;
}

int
main(int argc, char **argv)
{
	struct cli cli = { 0 };
	struct err e = { 0 };
	int status = CLI_USAGE;
	int i;

	cli.started = clock_now(&clock_host);
	fill_standard_fds();
	ignore_sigpipe();
	cli.socket = getenv("TRIVISOR_SOCKET");
	if (cli.socket && !cli.socket[0])
		cli.socket = NULL;
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			cli_usage(stdout);
			return CLI_OK;
		}
		if (!strcmp(argv[i], "--version")) {
			printf("trivisor %s\n", cli_version());
			return CLI_OK;
		}
		if (args_global(&cli, argc, argv, &i, &e) <= 0)
			return wrong_global(&e, argv[i]);
	}
	if (i < argc && !strcmp(argv[i], "__complete"))
		status = cli_complete(&cli, argc - i - 1, argv + i + 1);
	else if (i < argc)
		status = call_verb(&cli, argc - i, argv + i);
	else
		cli_usage(stderr);
	return finish(status);
}
