/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `edit': the stored XML in the user's editor, and back if it is good.  What
 * was typed is never lost: where it cannot be used, the file stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"

struct edit {
	struct cli *cli;
	const char *name;
	const char *editor;
	bool tty;
	char path[256];
	char *before;		/* owned: the XML as it was */
	char *after;		/* owned: as it is in the file */
};

/* The stored XML; owned by the caller. */
static int
fetch(struct edit *ed, char **xml, struct err *e)
{
	struct json_object *params = cli_named(ed->name);
	struct json_object *result;
	int rc;

	json_object_object_add(params, "inactive",
	    json_object_new_boolean(true));
	rc = cli_call(ed->cli, "domain.xml", params, &result, NULL, e);
	if (rc)
		return rc;
	*xml = strdup(json_text(result, "xml", ""));
	json_object_put(result);
	return *xml ? 0 : err_set_sys(e, ENOMEM, "domain %s", ed->name);
}

static int
find_editor(struct edit *ed, struct err *e)
{
	static const char *const names[] = { "VISUAL", "EDITOR" };
	size_t i;

	ed->tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	for (i = 0; i < ARRAY_LEN(names) && !(ed->editor && ed->editor[0]); i++)
		ed->editor = getenv(names[i]);
	if (ed->editor && ed->editor[0])
		return 0;
	ed->editor = "vi";
	if (ed->tty)
		return 0;
	err_set(e, ERR_OPERATION_INVALID,
	    "domain %s: there is no terminal to edit on", ed->name);
	err_hint(e, "set EDITOR to a program that changes the file it is "
	    "given, or use dumpxml and define");
	return -ENOTTY;
}

static int
write_file(struct edit *ed, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	size_t n = strlen(ed->before);
	int fd;
	int rc = 0;

	snprintf(ed->path, sizeof(ed->path), "%s/trivisor-%.64s-XXXXXX.xml",
	    tmp && tmp[0] == '/' ? tmp : "/tmp", ed->name);
	fd = mkostemps(ed->path, 4, O_CLOEXEC);
	if (fd < 0)
		return err_set_sys(e, errno, "cannot make %s", ed->path);
	if (write(fd, ed->before, n) != (ssize_t)n)
		rc = err_set_sys(e, errno ? errno : EIO, "cannot write %s",
		    ed->path);
	close(fd);
	if (rc)
		unlink(ed->path);
	return rc;
}

/* Runs in the child: the editor gets the signals and the defaults back. */
static void
exec_editor(const struct edit *ed)
{
	char *command;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	if (asprintf(&command, "%s \"$@\"", ed->editor) >= 0)
		execl("/bin/sh", "sh", "-c", command, ed->editor, ed->path,
		    (char *)NULL);
	_exit(127);
}

static int
run_editor(const struct edit *ed, struct err *e)
{
	/* Its Ctrl-C is not meant for us. */
	void (*old_int)(int) = signal(SIGINT, SIG_IGN);
	void (*old_quit)(int) = signal(SIGQUIT, SIG_IGN);
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		exec_editor(ed);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGINT, old_int);
	signal(SIGQUIT, old_quit);
	if (pid < 0)
		return err_set_sys(e, errno, "cannot run the editor");
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	err_set(e, ERR_OPERATION_FAILED, "the editor \"%.100s\" ended with "
	    "%s %d", ed->editor, WIFEXITED(status) ? "status" : "signal",
	    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return -ECANCELED;
}

/* Nobody else may have redefined it meanwhile. */
static int
check_unchanged(struct edit *ed, struct err *e)
{
	char *now;
	int rc = fetch(ed, &now, e);

	if (rc)
		return rc;
	if (strcmp(now, ed->before)) {
		rc = err_set(e, ERR_OPERATION_INVALID, "domain %s: somebody "
		    "else has changed its definition meanwhile", ed->name);
		err_hint(e, "edit it again and take over what you want");
	}
	free(now);
	return rc;
}

static int
define(struct edit *ed, struct json_object **result, struct err *e)
{
	struct json_object *params;
	int rc = check_unchanged(ed, e);

	if (rc)
		return rc;
	params = json_object_new_object();
	json_object_object_add(params, "xml",
	    json_object_new_string(ed->after));
	return cli_call(ed->cli, "domain.define", params, result, NULL, e);
}

static void
report(struct edit *ed, struct json_object *result)
{
	const char *name = json_text(result, "name", ed->name);

	cli_warnings(ed->cli, result);
	if (ed->cli->json)
		out_json(result);
	else
		printf("domain %s edited\n", name);
	/* Another name or uuid makes another domain. */
	if (!strstr(ed->before, json_text(result, "uuid", "?")))
		cli_note(ed->cli, "%s is a new domain; %s is as it was", name,
		    ed->name);
}

static bool
ask_again(const struct edit *ed)
{
	char line[32];

	if (!ed->tty)
		return false;
	dprintf(STDERR_FILENO, "edit it again? [Y/n] ");
	if (!fgets(line, sizeof(line), stdin))
		return false;
	return line[0] != 'n' && line[0] != 'N';
}

/* One round: 1 done, 0 the same file again, negative with *e. */
static int
round_trip(struct edit *ed, struct err *e)
{
	struct json_object *result = NULL;
	int rc;

	free(ed->after);
	ed->after = NULL;
	rc = run_editor(ed, e);
	if (!rc)
		rc = file_read(ed->path, &ed->after, e);
	if (rc)
		return rc;
	if (!strcmp(ed->before, ed->after)) {
		printf("domain %s not changed\n", ed->name);
		return 1;
	}
	rc = define(ed, &result, e);
	if (rc) {
		(void)cli_fail(ed->cli, e);
		return ask_again(ed) ? 0 : rc;
	}
	report(ed, result);
	json_object_put(result);
	return 1;
}

static bool
is_as_before(struct edit *ed)
{
	char *now = NULL;
	bool same = !file_read(ed->path, &now, NULL) &&
	    !strcmp(now, ed->before);

	free(now);
	return same;
}

static int
edit(struct edit *ed)
{
	struct err e = { 0 };
	bool told = false;
	int status = CLI_OK;
	int rc;

	if (find_editor(ed, &e) || fetch(ed, &ed->before, &e) ||
	    write_file(ed, &e))
		return cli_fail(ed->cli, &e);
	do {
		e = (struct err){ 0 };
		rc = round_trip(ed, &e);
		/* What the daemon refused has been printed by then. */
		told = ed->after != NULL;
	} while (!rc);
	if (rc < 0)
		status = told ? cli_exit_status(ed->cli, &e) :
		    cli_fail(ed->cli, &e);
	if (rc > 0 || is_as_before(ed))
		unlink(ed->path);
	else
		dprintf(STDERR_FILENO, "trivisor: what you wrote is in %s\n",
		    ed->path);
	return status;
}

int
verb_edit(struct cli *cli, const struct args *a)
{
	struct edit ed = { .cli = cli, .name = a->operand[0] };
	int status = edit(&ed);

	free(ed.before);
	free(ed.after);
	return status;
}
