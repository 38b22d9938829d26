/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: one table of verbs (verbs_tab.c) drives dispatch, usage
 * and help.  A verb's function gets its parsed arguments and returns the
 * exit status of the process.
 *
 *	main() -> args_parse() -> verb->run() -> cli_call() ... -> exit status
 *
 * Data goes to stdout, everything said to a person to stderr.  Single
 * threaded throughout.
 */
#ifndef TRIVISOR_CLI_CLI_H
#define TRIVISOR_CLI_CLI_H

#include <stdio.h>

#include "base/base.h"
#include "base/err.h"

struct client;
struct json_object;

/* Exit statuses of all verbs but `run'. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_NOT_FOUND = 3,
	CLI_WRONG_STATE = 4,
	CLI_DENIED = 5,
	CLI_NO_DAEMON = 6,
	CLI_UNSUPPORTED = 7,
	CLI_TIMEOUT = 124,
};

/* `run' gives 0, the guest's odd code, or an even one of its own. */
enum run_exit {
	RUN_OK = 0,
	RUN_USAGE = 120,
	RUN_FAILED = 122,
	RUN_TIMEOUT = 124,
	RUN_CRASHED = 126,
};

#define ARGS_MAX_OPTS 48
#define ARGS_MAX_OPERANDS 64

struct cli_opt {
	const char *name;	/* long name; NULL ends a list */
	char letter;		/* 0: none */
	/*
	 * Placeholder; NULL: a flag.  Completion goes by it, too: what it knows
	 * about a word like MODE is in complete.c.
	 */
	const char *arg;
	const char *help;	/* wrapped where it is printed */
};

struct cli;
struct args;

struct verb {
	const char *name;
	const char *alias;	/* other names, spaces between; or NULL */
	const char *operands;	/* "NAME", "[FILE]"; "" for none */
	unsigned min, max;	/* how many operands */
	const char *summary;
	const struct cli_opt *opts;
	int usage_status;	/* exit status of a wrong call */
	int (*run)(struct cli *cli, const struct args *a);
	const char *more;	/* paragraphs for help and manual, or NULL */
};

struct args {
	const struct verb *verb;			/* borrowed */
	const char *value[ARGS_MAX_OPTS];		/* by index in opts */
	const char *operand[ARGS_MAX_OPERANDS];		/* borrowed */
	unsigned n_operands;
};

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

struct cli {
	const char *socket;	/* borrowed: -c or TRIVISOR_SOCKET, or NULL */
	bool json;
	enum when color;
	const char *argv0;
	ns_t started;		/* when main() began */
	const struct verb *verb;
	const char *object;	/* borrowed: the domain it is about, or NULL */
	struct client *client;	/* owned, NULL until cli_connect() */
	char path[256];		/* the socket it is connected to */
};

/* verbs_tab.c */
extern const struct verb cli_verbs[];
extern const struct cli_opt cli_global_opts[];

/* args.c */
const struct verb *verb_find(const char *name);
/* The verb that is most like a mistyped one, or NULL. */
const struct verb *verb_suggest(const char *name);
/*
 * Parse what follows the verb.  False: *e says what is wrong with it; *help
 * is set instead when help was asked for.  Global options count here too.
 */
bool args_parse(struct args *a, struct cli *cli, const struct verb *v,
    int argc, char **argv, bool *help, struct err *e);
/* Value of an option of the verb's table; "" for a flag; NULL: not given. */
const char *args_get(const struct args *a, const char *name);
/* The same, and NULL too where the verb has no such option. */
const char *args_maybe(const struct args *a, const char *name);
/*
 * Take one global option (-c SOCKET, --json) at argv[*i]; *i then is its last
 * word.  1 taken, 0 none of them, negative: *e is set.
 */
int args_global(struct cli *cli, int argc, char **argv, int *i,
    struct err *e);

/* help.c */
void verb_usage(const struct verb *v, FILE *f);
void cli_usage(FILE *f);
/* All verbs in the language of manual pages. */
void cli_manual(FILE *f);

/* complete.c */
/* `trivisor __complete WORD...': the candidates for the last word. */
int cli_complete(struct cli *cli, int argc, char **argv);

/* values.c */
/* "512M", "1GiB", "4096k"; without a unit MiB.  Bytes. */
MUST_USE int memory_parse(const char *text, uint64_t *bytes, struct err *e);
/* "90", "1.5", "2m", "1h": seconds by default. */
MUST_USE int duration_parse(const char *text, ns_t *d, struct err *e);
MUST_USE int number_parse(const char *text, uint64_t max, uint64_t *n,
    struct err *e);

/* show.c */
const char *cli_version(void);

/* connect.c */
/* Connects once; later calls do nothing. */
MUST_USE int cli_connect(struct cli *cli, struct err *e);
/* Text of the socket a user's or the system's daemon listens on. */
MUST_USE int cli_user_socket(char *buf, size_t size);
MUST_USE int cli_system_socket(char *buf, size_t size);
/*
 * Connects where needed and calls.  Owns params (may be NULL).  *result
 * (result may be NULL) is the caller's; *fd (may be NULL) gets a passed
 * descriptor or -1.
 */
MUST_USE int cli_call(struct cli *cli, const char *method,
    struct json_object *params, struct json_object **result, int *fd,
    struct err *e);
/* {"domain": NAME}, the parameters of most methods. */
struct json_object *cli_named(const char *name);
/*
 * Print the error to stderr, as an object with --json; gives the exit status.
 * cli_misuse() does so for options and operands that make no sense: 2, or the
 * verb's own status for that.
 */
int cli_fail(struct cli *cli, const struct err *e);
int cli_misuse(struct cli *cli, const struct err *e);
int cli_exit_status(const struct cli *cli, const struct err *e);
/* What result["warnings"] holds goes to stderr, but not with --json. */
void cli_warnings(const struct cli *cli, struct json_object *result);
/* One line for a person, to stderr; nothing with --json. */
void cli_note(const struct cli *cli, const char *fmt, ...) PRINTF_LIKE(2, 3);
/*
 * One call about the domain of the first operand.  *result is the caller's
 * when it is not NULL; a failure is printed, and its status returned.
 */
MUST_USE int cli_ask(struct cli *cli, const char *method,
    struct json_object *params, struct json_object **result);

/* json_out.c */
void out_json(struct json_object *o);
/* On one line, and flushed: for streams of them. */
void out_json_line(struct json_object *o);
/* A member that is an array, or NULL. */
struct json_object *json_array(struct json_object *o, const char *key);
/* A member that is an object, or NULL. */
struct json_object *json_member(struct json_object *o, const char *key);
/* String member, or dflt where it is missing or null. */
const char *json_text(struct json_object *o, const char *key,
    const char *dflt);
int64_t json_int(struct json_object *o, const char *key, int64_t dflt);
bool json_flag(struct json_object *o, const char *key);
/* "a; b" from an array of strings. */
void json_join(struct json_object *o, const char *key, char *buf,
    size_t size);

/* file.c */
/* The whole of a small text file, or of stdin for "-"; *text is owned. */
MUST_USE int file_read(const char *path, char **text, struct err *e);
/* path made absolute, for a daemon has another directory; owned. */
char *file_absolute(const char *path);

/* verbs: one function per row of the table */
typedef int verb_fn(struct cli *cli, const struct args *a);
verb_fn verb_check, verb_define, verb_undefine, verb_create, verb_start, verb_shutdown,
    verb_reboot, verb_destroy, verb_reset, verb_suspend, verb_resume,
    verb_autostart, verb_list, verb_dominfo, verb_domstate, verb_domid,
    verb_domname, verb_domuuid, verb_vcpucount, verb_ttyconsole, verb_dumpxml,
    verb_console, verb_bt_show, verb_bt_stats, verb_run, verb_wait,
    verb_domstats, verb_top, verb_event, verb_edit, verb_job_info,
    verb_job_abort, verb_nodeinfo, verb_capabilities, verb_domcapabilities,
    verb_cpu_models, verb_doctor,
    verb_completion, verb_version, verb_help;

#endif
