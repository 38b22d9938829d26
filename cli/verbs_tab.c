/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every verb, once.  To add one: a row here and its function.  Help, the
 * manual's list and completion come from here; long lines are wrapped there.
 */
#include "cli/cli.h"

#define END { NULL, 0, NULL, NULL }

/* What start, create and run may replace for one run. */
#define RUN_OPTS \
	{ "mode", 'm', "MODE", "auto, bt, hvm or pv, over the XML's" }, \
	{ "engine", 0, "ENGINE", "default or interp" }, \
	{ "debug-exit", 0, NULL, "add an isa-debug-exit device at port " \
	  "0xf4" }, \
	{ "gdb", 0, "SOCKET", "listen there for gdb" }, \
	{ "host-without", 0, "LIST", "do without these features of the " \
	  "host" }, \
	{ "bt-disable", 0, "LIST", "do without these parts of the " \
	  "translator: chain, cross, callret, images, reloc, evict, near, " \
	  "swap or all, with commas between" }, \
	{ "code-cache", 0, "SIZE", "size of the translator's code cache" }, \
	{ "exact-flags", 0, NULL, "keep dead flags in fault frames too" }, \
	{ "count-insns", 0, NULL, "count retired instructions (slower)" }, \
	{ "perf-map", 0, NULL, "name translated code for perf in " \
	  "/tmp/perf-PID.map, PID the monitor's" }, \
	{ "tlb-entries", 0, "N", "entries of the translator's TLB" }, \
	{ "stop-after", 0, "N", "stop after N instructions" }

#define TABLE_OPTS \
	{ "format", 0, "FORMAT", "table, json, csv or name" }, \
	{ "columns", 0, "COLUMNS", "these columns only, with commas between" }

#define BUTTON_OPTS \
	{ "wait", 'w', "TIME", "how long it may take (default 30s)" }, \
	{ "no-wait", 0, NULL, "press the button and do not wait" }, \
	{ "mode", 0, "WAY", "acpi, the power button: the one way there is" }

static const struct cli_opt no_opts[] = { END };

/* How a file with XML is read. */
#define XML_OPTS \
	{ "strict", 0, NULL, "what is unknown in the XML is an error" }, \
	{ "validate", 0, NULL, "the same, as virsh calls it" }, \
	{ "step", 0, "N", "the file holds several documents: take the Nth" }

static const struct cli_opt define_opts[] = {
	{ "mode", 'm', "MODE", "auto, bt, hvm or pv, over the XML's" },
	XML_OPTS,
	END
};

/* There is nothing yet that these would spare or take along. */
static const struct cli_opt undefine_opts[] = {
	{ "managed-save", 0, NULL, "accepted as by virsh: there is none" },
	{ "snapshots-metadata", 0, NULL, "likewise" },
	{ "checkpoints-metadata", 0, NULL, "likewise" },
	{ "nvram", 0, NULL, "likewise" },
	{ "keep-nvram", 0, NULL, "likewise" },
	{ "tpm", 0, NULL, "likewise" },
	{ "keep-tpm", 0, NULL, "likewise" },
	END
};

static const struct cli_opt start_opts[] = {
	RUN_OPTS,
	{ "paused", 0, NULL, "its virtual CPUs wait for resume" },
	{ "console", 0, NULL, "and attach to the console" },
	END
};

static const struct cli_opt create_opts[] = {
	RUN_OPTS,
	XML_OPTS,
	{ "paused", 0, NULL, "its virtual CPUs wait for resume" },
	{ "console", 0, NULL, "and attach to the console" },
	END
};

static const struct cli_opt list_opts[] = {
	{ "all", 'a', NULL, "those that are not running, too" },
	{ "inactive", 0, NULL, "only those that are not running" },
	{ "state-running", 0, NULL, "only those in this state" },
	{ "state-paused", 0, NULL, "likewise" },
	{ "state-shutoff", 0, NULL, "likewise" },
	{ "state-other", 0, NULL, "likewise: crashed, or on the way" },
	{ "persistent", 0, NULL, "only those with a stored definition" },
	{ "transient", 0, NULL, "only those without" },
	{ "autostart", 0, NULL, "only those that start with the daemon" },
	{ "no-autostart", 0, NULL, "only those that do not" },
	{ "name", 0, NULL, "print names only" },
	{ "uuid", 0, NULL, "print uuids only" },
	{ "id", 0, NULL, "a column with ids, too" },
	{ "title", 0, NULL, "a column with titles, too" },
	{ "table", 0, NULL, "accepted as by virsh: it is the default" },
	TABLE_OPTS,
	END
};

static const struct cli_opt button_opts[] = { BUTTON_OPTS, END };

static const struct cli_opt wait_opts[] = {
	{ "for", 0, "GOAL", "running, paused, stopped (the default) or "
	  "crashed" },
	{ "timeout", 't', "TIME", "give up after this time (status 124)" },
	END
};

static const struct cli_opt autostart_opts[] = {
	{ "disable", 0, NULL, "do not start it any more" },
	END
};

static const struct cli_opt domstate_opts[] = {
	{ "reason", 0, NULL, "and how it got there" },
	END
};

static const struct cli_opt domstats_opts[] = {
	{ "state", 0, NULL, "only these counters, and others named: the state" },
	{ "cpu-total", 0, NULL, "likewise: processor time" },
	{ "balloon", 0, NULL, "likewise: memory" },
	{ "vcpu", 0, NULL, "likewise: virtual CPUs" },
	{ "perf", 0, NULL, "the same as --engine" },
	{ "engine", 0, NULL, "likewise: what runs the guest's code" },
	{ "list-active", 0, NULL, "only domains that are active" },
	{ "list-inactive", 0, NULL, "only domains that are not" },
	{ "list-running", 0, NULL, "only domains in this state" },
	{ "list-paused", 0, NULL, "likewise" },
	{ "list-shutoff", 0, NULL, "likewise" },
	{ "list-other", 0, NULL, "likewise: crashed, or on the way" },
	{ "list-persistent", 0, NULL, "only those with a stored definition" },
	{ "list-transient", 0, NULL, "only those without" },
	{ "raw", 0, NULL, "accepted as by virsh: it is never different" },
	{ "nowait", 0, NULL, "accepted as by virsh: it never waits long" },
	END
};

static const struct cli_opt top_opts[] = {
	{ "batch", 'b', NULL, "one table after the other, on no screen" },
	{ "iterations", 'n', "N", "end after N tables" },
	{ "interval", 'd', "TIME", "from one to the next (default 2s)" },
	{ "sort", 's', "KEY", "by cpu (the default), memory, exits, "
	  "translations, name or state" },
	{ "reverse", 'r', NULL, "the other way round" },
	TABLE_OPTS,
	END
};

static const struct cli_opt dumpxml_opts[] = {
	{ "inactive", 0, NULL, "as stored, without what is known at run time" },
	END
};

static const struct cli_opt console_opts[] = {
	{ "serial", 0, "N", "another serial port than the first" },
	{ "watch", 0, NULL, "only watch, never type" },
	{ "force", 'f', NULL, "take the typing over from another viewer" },
	{ "history", 0, "SIZE", "show so much of the past (default 256K)" },
	{ "no-history", 0, NULL, "show nothing of the past" },
	{ "escape", 'e', "CHAR", "what leaves instead of ^]; none: nothing "
	  "does, nor ~." },
	{ "send", 's', "TEXT", "type this first; \\r, \\n, \\xHH and the "
	  "like are understood" },
	{ "until", 0, "REGEX", "end with status 0 when a line matches" },
	{ "timeout", 't', "TIME", "give up after this time (status 124)" },
	{ "wait", 'w', NULL, "until the domain runs" },
	{ "exit-on-eof", 0, NULL, "end when standard input does" },
	END
};

static const struct cli_opt event_opts[] = {
	{ "event", 'e', "TYPES", "only of these types, with commas between; "
	  "domain.* means all of domains" },
	{ "all", 'a', NULL, "of all types (the default)" },
	{ "loop", 0, NULL, "go on after the first" },
	{ "timeout", 't', "TIME", "give up after this time (status 124)" },
	{ "since", 0, "SEQ", "begin with the kept ones after this number" },
	{ "instance", 0, "ID", "the daemon's life that SEQ is from (in "
	  "`version --json'): if it was another, all there is now" },
	{ "timestamp", 0, NULL, "and when it was" },
	{ "list", 0, NULL, "list the types there are" },
	END
};

static const struct cli_opt cpu_models_opts[] = {
	{ "features", 0, NULL, "the feature bits instead, and why some are "
	  "never offered" },
	TABLE_OPTS,
	END
};
static const struct cli_opt job_info_opts[] = { TABLE_OPTS, END };

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

static const struct cli_opt help_opts[] = {
	{ "man", 0, NULL, "all of it, in the language of manual pages" },
	END
};

const struct cli_opt cli_global_opts[] = {
	{ "connect", 'c', "SOCKET", "the daemon's socket (TRIVISOR_SOCKET)" },
	{ "json", 0, NULL, "print data, and errors, as JSON" },
	{ "color", 0, "WHEN", "always, never or auto" },
	{ "help", 'h', NULL, "print this" },
	END
};

const struct verb cli_verbs[] = {
	{ "run", NULL, "[FILE]", 0, 1,
	  "boot a domain at once, its console here, until it ends",
	  run_opts, RUN_USAGE, verb_run,
	  "It needs no daemon: one is started that lives as long as the "
	  "command. FILE is a domain's XML (- reads standard input), over "
	  "which the options go; --kernel alone is enough, too. The first "
	  "Ctrl-C goes to the guest, a second within a second ends it." },
	{ "define", NULL, "FILE", 1, 1,
	  "store a domain from its XML (- reads standard input)",
	  define_opts, CLI_USAGE, verb_define, NULL },
	{ "check", NULL, "FILE", 1, 1,
	  "say what would fail if its XML were defined and started",
	  define_opts, CLI_USAGE, verb_check,
	  "All of it at once, this host and your rights included: FILE:LINE: "
	  "error: what. The status is 1 if something would fail; what is "
	  "only ignored is a warning. Nothing is stored or changed." },
	{ "undefine", "rm", "NAME", 1, 1, "forget a stored domain",
	  undefine_opts, CLI_USAGE, verb_undefine,
	  "One that runs goes on, and is gone when it ends." },
	{ "create", NULL, "FILE", 1, 1,
	  "start a domain from its XML without storing it",
	  create_opts, CLI_USAGE, verb_create,
	  "It is gone when it ends. - reads standard input." },
	{ "start", NULL, "NAME", 1, 1, "start a stored domain",
	  start_opts, CLI_USAGE, verb_start, NULL },
	{ "shutdown", "stop", "NAME", 1, 1,
	  "press its power button and wait until it is off",
	  button_opts, CLI_USAGE, verb_shutdown,
	  "A guest whose system does not answer the button in time goes on "
	  "running; the command says so and ends with status 124." },
	{ "reboot", NULL, "NAME", 1, 1,
	  "press its power button, and start it again when it is off",
	  button_opts, CLI_USAGE, verb_reboot, NULL },
	{ "reset", NULL, "NAME", 1, 1, "press its reset button",
	  no_opts, CLI_USAGE, verb_reset, NULL },
	{ "destroy", "kill", "NAME", 1, 1, "switch it off at once",
	  no_opts, CLI_USAGE, verb_destroy,
	  "Nothing is asked of the guest, as if the plug were pulled. Its "
	  "definition stays." },
	{ "suspend", "pause", "NAME", 1, 1, "stop its virtual CPUs",
	  no_opts, CLI_USAGE, verb_suspend, NULL },
	{ "resume", "unpause", "NAME", 1, 1, "let it go on",
	  no_opts, CLI_USAGE, verb_resume, NULL },
	{ "wait", NULL, "NAME", 1, 1, "wait until it is in a state",
	  wait_opts, CLI_USAGE, verb_wait, NULL },
	{ "autostart", NULL, "NAME", 1, 1, "start it whenever the daemon starts",
	  autostart_opts, CLI_USAGE, verb_autostart, NULL },
	{ "list", "ls ps", "", 0, 0, "list the domains that run",
	  list_opts, CLI_USAGE, verb_list,
	  "When there is a daemon of the user's and one of the system's, it "
	  "lists the domains of the one it talks to and says how many the "
	  "other has." },
	{ "dominfo", "info", "NAME", 1, 1,
	  "state, mode and why, memory, kernel",
	  no_opts, CLI_USAGE, verb_dominfo, NULL },
	{ "domstate", "state", "NAME", 1, 1, "its state",
	  domstate_opts, CLI_USAGE, verb_domstate, NULL },
	{ "domid", NULL, "NAME", 1, 1, "the id of its run, - when it is off",
	  no_opts, CLI_USAGE, verb_domid, NULL },
	{ "domname", NULL, "NAME", 1, 1, "its name",
	  no_opts, CLI_USAGE, verb_domname, NULL },
	{ "domuuid", NULL, "NAME", 1, 1, "its uuid",
	  no_opts, CLI_USAGE, verb_domuuid, NULL },
	{ "vcpucount", NULL, "NAME", 1, 1, "how many virtual CPUs it has",
	  no_opts, CLI_USAGE, verb_vcpucount, NULL },
	{ "ttyconsole", NULL, "NAME", 1, 1, "the terminal of its console",
	  no_opts, CLI_USAGE, verb_ttyconsole, NULL },
	{ "domstats", "stats", "[NAME]...", 0, ARGS_MAX_OPERANDS,
	  "counters of domains, of all by default",
	  domstats_opts, CLI_USAGE, verb_domstats,
	  "A domain whose monitor does not answer within two seconds is listed "
	  "with what the host knows about it." },
	{ "top", NULL, "", 0, 0, "what the domains use, again and again",
	  top_opts, CLI_USAGE, verb_top,
	  "On a terminal q ends it, r turns the order round, and c, m, e, t, n "
	  "and s sort. %CPU is of one processor of the host, USED the host's "
	  "memory, EXITS/S how often the guest needed its monitor, TRANSLATED "
	  "how many pieces of guest code have been translated, NEW/S how many "
	  "of them in a second." },
	{ "dumpxml", NULL, "NAME", 1, 1, "print its XML",
	  dumpxml_opts, CLI_USAGE, verb_dumpxml, NULL },
	{ "edit", NULL, "NAME", 1, 1, "change its stored XML in an editor",
	  no_opts, CLI_USAGE, verb_edit,
	  "The editor is $VISUAL or $EDITOR. Without a terminal one of them "
	  "must be set, to a program that changes the file it is given. When "
	  "the daemon refuses what was written, the file stays, and its name "
	  "is printed." },
	{ "console", NULL, "NAME", 1, 1,
	  "join its console (Ctrl-] or ~. leaves it)",
	  console_opts, CLI_USAGE, verb_console, NULL },
	{ "event", NULL, "[NAME]", 0, 1,
	  "print the next event, or all that come",
	  event_opts, CLI_USAGE, verb_event, NULL },
	{ "job-info", "domjobinfo", "[JOB]", 0, 1,
	  "list jobs, or say more about one",
	  job_info_opts, CLI_USAGE, verb_job_info,
	  "JOB is a job's id, or a domain whose latest job it then is." },
	{ "job-abort", "domjobabort", "JOB", 1, 1, "give a job up",
	  no_opts, CLI_USAGE, verb_job_abort,
	  "JOB is a job's id, or a domain whose running job it then is." },
	{ "nodeinfo", NULL, "", 0, 0, "processors and memory of the host",
	  no_opts, CLI_USAGE, verb_nodeinfo, NULL },
	{ "capabilities", NULL, "", 0, 0, "what the host and the daemon can do",
	  no_opts, CLI_USAGE, verb_capabilities, NULL },
	{ "domcapabilities", NULL, "", 0, 0, "what a domain can have here",
	  no_opts, CLI_USAGE, verb_domcapabilities, NULL },
	{ "cpu-models", NULL, "", 0, 0,
	  "CPU models, and what this host lacks of them",
	  cpu_models_opts, CLI_USAGE, verb_cpu_models,
	  "missing: features that the host does not have; such a model is "
	  "refused unless its <cpu> says check='none'. without: features that "
	  "no guest is given on any host; they are left out with a warning." },
	{ "doctor", NULL, "", 0, 0,
	  "what is missing on this host, and what to do about it",
	  no_opts, CLI_USAGE, verb_doctor,
	  "Modes, sandbox, limits, directories. It needs no daemon. The "
	  "status is 7 when something is missing without which no domain "
	  "runs." },
	{ "bt-show", NULL, "NAME", 1, 1,
	  "guest code and the host code made of it",
	  bt_show_opts, CLI_USAGE, verb_bt_show, NULL },
	{ "bt-stats", NULL, "NAME", 1, 1,
	  "what the translator does: hot guest addresses, counters",
	  bt_stats_opts, CLI_USAGE, verb_bt_stats,
	  "The guest is sampled two hundred times a second for TIME, at most "
	  "60 s. Printed are the blocks of guest code that took most of the "
	  "time, with their privilege level and the address of the hottest "
	  "instruction; then what was spent elsewhere: translating, the "
	  "interpreter, TLB misses, helpers, stubs; then the counters since "
	  "the start.\n\n"
	  "With --json they are there for each vCPU, too; the same counters "
	  "as they were at the end are in `run --json'. `bt-show --pc' shows "
	  "the code of an address from the list." },
	{ "completion", NULL, "SHELL", 1, 1,
	  "print the completion script for bash, zsh or fish",
	  no_opts, CLI_USAGE, verb_completion,
	  "make install puts it where these shells look; to try it in a "
	  "running bash: eval \"$(trivisor completion bash)\"" },
	{ "version", NULL, "", 0, 0, "versions of this program and the daemon",
	  no_opts, CLI_USAGE, verb_version, NULL },
	{ "help", NULL, "[COMMAND]", 0, 1, "say more about a command",
	  help_opts, CLI_USAGE, verb_help, NULL },
	{ .name = NULL },
};
