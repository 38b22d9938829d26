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

#define ARGS_MAX_OPTS 24
#define ARGS_MAX_OPERANDS 4

struct cli_opt {
	const char *name;	/* long name; NULL ends a list */
	char letter;		/* 0: none */
	const char *arg;	/* placeholder; NULL: a flag */
	const char *help;
};

struct cli;
struct args;

struct verb {
	const char *name;
	const char *alias;	/* a second name, or NULL */
	const char *operands;	/* "NAME", "[FILE]"; "" for none */
	unsigned min, max;	/* how many operands */
	const char *summary;
	const struct cli_opt *opts;
	int usage_status;	/* exit status of a wrong call */
	int (*run)(struct cli *cli, const struct args *a);
};

struct args {
	const struct verb *verb;			/* borrowed */
	const char *value[ARGS_MAX_OPTS];		/* by index in opts */
	const char *operand[ARGS_MAX_OPERANDS];		/* borrowed */
	unsigned n_operands;
};

struct cli {
	const char *socket;	/* borrowed: -c or TRIVISOR_SOCKET, or NULL */
	bool json;
	const char *argv0;
	ns_t started;		/* when main() began */
	const struct verb *verb;
	struct client *client;	/* owned, NULL until cli_connect() */
	char path[256];		/* the socket it is connected to */
};

/* verbs_tab.c */
extern const struct verb cli_verbs[];
extern const struct cli_opt cli_global_opts[];
const struct verb *verb_find(const char *name);
/* The verb that is most like a mistyped one, or NULL. */
const struct verb *verb_suggest(const char *name);

/* args.c */
/*
 * Parse what follows the verb.  False: *e says what is wrong with it; *help
 * is set instead when help was asked for.  Global options count here too.
 */
bool args_parse(struct args *a, struct cli *cli, const struct verb *v,
    int argc, char **argv, bool *help, struct err *e);
/* Value of an option of the verb's table; "" for a flag; NULL: not given. */
const char *args_get(const struct args *a, const char *name);
/*
 * Take one global option (-c SOCKET, --json) at argv[*i]; *i then is its last
 * word.  1 taken, 0 none of them, negative: *e is set.
 */
int args_global(struct cli *cli, int argc, char **argv, int *i,
    struct err *e);
void verb_usage(const struct verb *v, int fd);
void cli_usage(int fd);

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
/* Print the error, and on stdout too with --json; gives the exit status. */
int cli_fail(struct cli *cli, const struct err *e);
/* What result["warnings"] holds goes to stderr. */
void cli_warnings(struct json_object *result);

/* json_out.c */
void out_json(struct json_object *o);
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
int verb_define(struct cli *cli, const struct args *a);
int verb_undefine(struct cli *cli, const struct args *a);
int verb_start(struct cli *cli, const struct args *a);
int verb_destroy(struct cli *cli, const struct args *a);
int verb_shutdown(struct cli *cli, const struct args *a);
int verb_reset(struct cli *cli, const struct args *a);
int verb_suspend(struct cli *cli, const struct args *a);
int verb_resume(struct cli *cli, const struct args *a);
int verb_list(struct cli *cli, const struct args *a);
int verb_dominfo(struct cli *cli, const struct args *a);
int verb_dumpxml(struct cli *cli, const struct args *a);
int verb_console(struct cli *cli, const struct args *a);
int verb_bt_show(struct cli *cli, const struct args *a);
int verb_bt_stats(struct cli *cli, const struct args *a);
int verb_run(struct cli *cli, const struct args *a);
int verb_version(struct cli *cli, const struct args *a);
int verb_help(struct cli *cli, const struct args *a);

#endif
