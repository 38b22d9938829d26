/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every verb, once.  To add one: a row here and its function.
 */
#include <string.h>

#include "cli/cli.h"

#define END { NULL, 0, NULL, NULL }

/* Help that goes on in the next line: below where it began. */
#define MORE "\n                             "

/* What start and run may replace for one run. */
#define RUN_OPTS \
	{ "mode", 'm', "MODE", "auto, bt, hvm or pv, over the XML's" }, \
	{ "engine", 0, "ENGINE", "default or interp" }, \
	{ "debug-exit", 0, NULL, "add an isa-debug-exit device at port 0xf4" }, \
	{ "gdb", 0, "SOCKET", "listen there for gdb" }, \
	{ "host-without", 0, "LIST", "do without these features of the host" }, \
	{ "bt-disable", 0, "LIST", "do without these parts of the translator:" \
	  MORE "chain,cross,callret,images,reloc,evict,near,swap or all" }, \
	{ "code-cache", 0, "SIZE", "size of the translator's code cache" }, \
	{ "exact-flags", 0, NULL, "keep dead flags in fault frames too" }, \
	{ "count-insns", 0, NULL, "count retired instructions (slower)" }, \
	{ "perf-map", 0, NULL, "name translated code for perf in" \
	  MORE "/tmp/perf-PID.map, PID the monitor's" }, \
	{ "tlb-entries", 0, "N", "entries of the translator's TLB" }, \
	{ "stop-after", 0, "N", "stop after N instructions" }

static const struct cli_opt no_opts[] = { END };

static const struct cli_opt define_opts[] = {
	{ "mode", 'm', "MODE", "auto, bt, hvm or pv, over the XML's" },
	END
};

static const struct cli_opt start_opts[] = {
	RUN_OPTS,
	{ "console", 0, NULL, "and attach to the console" },
	END
};

static const struct cli_opt list_opts[] = {
	{ "all", 'a', NULL, "those that are not running, too" },
	{ "inactive", 0, NULL, "only those that are not running" },
	{ "name", 0, NULL, "print names only" },
	END
};

static const struct cli_opt shutdown_opts[] = {
	{ "wait", 'w', "TIME", "wait until it is off, at most so long" },
	END
};

static const struct cli_opt dumpxml_opts[] = {
	{ "inactive", 0, NULL, "as stored, without what is known at run time" },
	END
};

static const struct cli_opt console_opts[] = {
	{ "serial", 0, "N", "another serial port than the first" },
	{ "until", 0, "REGEX", "end with status 0 when a line matches" },
	{ "timeout", 't', "TIME", "give up after this time (status 124)" },
	END
};

static const struct cli_opt bt_show_opts[] = {
	{ "pc", 0, "ADDR", "guest address; else where the guest is now" },
	{ "count", 'n', "N", "how many blocks" },
	END
};

static const struct cli_opt bt_stats_opts[] = {
	{ "profile", 'p', "TIME", "sample so long (default 1s; 0: not at all)" },
	{ "top", 'n', "N", "how many hot addresses (default 20)" },
	END
};

static const struct cli_opt run_opts[] = {
	RUN_OPTS,
	{ "name", 'n', "NAME", "name of the domain" },
	{ "memory", 0, "SIZE", "guest memory, MiB without a unit" },
	{ "vcpus", 0, "N", "virtual CPUs" },
	{ "kernel", 'k', "FILE", "kernel image" },
	{ "initrd", 'i', "FILE", "initial RAM disk" },
	{ "append", 'a', "CMDLINE", "the kernel's command line" },
	{ "timeout", 't', "TIME", "stop after this time (status 124)" },
	{ "until", 0, "REGEX", "stop with status 0 when a line matches" },
	END
};

const struct cli_opt cli_global_opts[] = {
	{ "connect", 'c', "SOCKET", "the daemon's socket (TRIVISOR_SOCKET)" },
	{ "json", 0, NULL, "print data as JSON" },
	{ "help", 'h', NULL, "print this" },
	END
};

const struct verb cli_verbs[] = {
	{ "run", NULL, "[FILE.xml]", 0, 1,
	  "boot a domain at once, its console here, until it ends",
	  run_opts, RUN_USAGE, verb_run },
	{ "define", NULL, "FILE", 1, 1,
	  "store a domain from its XML (- reads standard input)",
	  define_opts, CLI_USAGE, verb_define },
	{ "undefine", "rm", "NAME", 1, 1, "forget a stored domain",
	  no_opts, CLI_USAGE, verb_undefine },
	{ "start", NULL, "NAME", 1, 1, "start a stored domain",
	  start_opts, CLI_USAGE, verb_start },
	{ "shutdown", NULL, "NAME", 1, 1, "press its power button",
	  shutdown_opts, CLI_USAGE, verb_shutdown },
	{ "destroy", "stop", "NAME", 1, 1, "switch it off at once",
	  no_opts, CLI_USAGE, verb_destroy },
	{ "reset", NULL, "NAME", 1, 1, "press its reset button",
	  no_opts, CLI_USAGE, verb_reset },
	{ "suspend", "pause", "NAME", 1, 1, "stop its virtual CPUs",
	  no_opts, CLI_USAGE, verb_suspend },
	{ "resume", NULL, "NAME", 1, 1, "let it go on",
	  no_opts, CLI_USAGE, verb_resume },
	{ "list", "ls", "", 0, 0, "list the domains that run",
	  list_opts, CLI_USAGE, verb_list },
	{ "dominfo", "info", "NAME", 1, 1,
	  "state, mode and why, memory, kernel",
	  no_opts, CLI_USAGE, verb_dominfo },
	{ "dumpxml", NULL, "NAME", 1, 1, "print its XML",
	  dumpxml_opts, CLI_USAGE, verb_dumpxml },
	{ "console", NULL, "NAME", 1, 1,
	  "join its console (Ctrl-] leaves it)",
	  console_opts, CLI_USAGE, verb_console },
	{ "bt-show", NULL, "NAME", 1, 1,
	  "guest code and the host code made of it",
	  bt_show_opts, CLI_USAGE, verb_bt_show },
	{ "bt-stats", NULL, "NAME", 1, 1,
	  "what the translator does: hot guest addresses, counters",
	  bt_stats_opts, CLI_USAGE, verb_bt_stats },
	{ "version", NULL, "", 0, 0, "versions of this program and the daemon",
	  no_opts, CLI_USAGE, verb_version },
	{ "help", NULL, "[COMMAND]", 0, 1, "say more about a command",
	  no_opts, CLI_USAGE, verb_help },
	{ .name = NULL },
};

const struct verb *
verb_find(const char *name)
{
	const struct verb *v;

	for (v = cli_verbs; v->name; v++) {
		if (!strcmp(v->name, name) ||
		    (v->alias && !strcmp(v->alias, name)))
			return v;
	}
	return NULL;
}

/* Letters to add, drop, change: enough to catch a slip of the finger. */
static unsigned
edit_distance(const char *a, const char *b)
{
	unsigned row[16];
	unsigned diagonal, above;
	size_t i, j;
	size_t n = strlen(b);

	if (n >= ARRAY_LEN(row))
		return 99;
	for (j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (i = 0; a[i]; i++) {
		diagonal = row[0]++;
		for (j = 0; j < n; j++) {
			above = row[j + 1];
			row[j + 1] = MIN(MIN(above, row[j]) + 1,
			    diagonal + (a[i] != b[j]));
			diagonal = above;
		}
	}
	return row[n];
}

const struct verb *
verb_suggest(const char *name)
{
	const struct verb *best = NULL;
	const struct verb *v;
	unsigned least = 3;
	unsigned d;

	for (v = cli_verbs; v->name; v++) {
		d = edit_distance(name, v->name);
		if (d < least && d < strlen(v->name)) {
			least = d;
			best = v;
		}
	}
	return best;
}
