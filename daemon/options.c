/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line and the default paths: the system's for root, the user's
 * XDG directories for anybody else, and one directory for a private daemon.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

#include "daemon/daemon.h"

enum {
	OPT_SOCKET = 1, OPT_RO_SOCKET, OPT_METRICS_SOCKET, OPT_METRICS_PORT,
	OPT_STATE, OPT_RUN, OPT_LOG, OPT_MONITOR,
	OPT_CGROUP, OPT_SANDBOX, OPT_CONSOLE_LOG, OPT_ADMIN_GROUP, OPT_PRIVATE,
	OPT_LIFELINE, OPT_PARENT, OPT_READY, OPT_FOREGROUND, OPT_VERBOSE,
	OPT_RELEASE_CGROUP, OPT_VERSION, OPT_HELP,
};

static const struct {
	const char *name;
	int id;
	const char *arg;
	const char *doc;
} table[] = {
	{ "socket", OPT_SOCKET, "PATH", "socket that clients connect to" },
	{ "ro-socket", OPT_RO_SOCKET, "PATH",
	  "one more, for everybody who can reach it, to look only" },
	{ "metrics-socket", OPT_METRICS_SOCKET, "PATH",
	  "metrics over HTTP there (beside the socket), or none" },
	{ "metrics-port", OPT_METRICS_PORT, "N",
	  "and at port N of the loopback addresses" },
	{ "state-dir", OPT_STATE, "DIR", "definitions of domains" },
	{ "run-dir", OPT_RUN, "DIR", "control sockets of running domains" },
	{ "log-dir", OPT_LOG, "DIR", "logs of the monitors" },
	{ "monitor", OPT_MONITOR, "PATH", "the program trivisor-monitor" },
	{ "sandbox", OPT_SANDBOX, "HOW",
	  "require all layers around monitors, best-effort, or off" },
	{ "cgroup", OPT_CGROUP, "DIR",
	  "make cgroups of monitors in DIR, not in the daemon's own" },
	{ "admin-group", OPT_ADMIN_GROUP, "NAME",
	  "group whose members are administrators (trivisor-admin)" },
	{ "console-log-size", OPT_CONSOLE_LOG, "SIZE",
	  "how large a console's file may grow (10M; 0: no limit)" },
	{ "private", OPT_PRIVATE, "DIR",
	  "keep everything in DIR; the socket is DIR/sock" },
	{ "lifeline-fd", OPT_LIFELINE, "N",
	  "end, and all domains too, when descriptor N closes" },
	{ "exit-with-fd", OPT_LIFELINE, "N", "the same" },
	{ "exit-with-parent", OPT_PARENT, NULL,
	  "end, and all domains too, when the parent process does" },
	{ "ready-fd", OPT_READY, "N",
	  "write a byte to descriptor N when the socket listens" },
	{ "foreground", OPT_FOREGROUND, NULL,
	  "stay in the foreground (always so)" },
	{ "verbose", OPT_VERBOSE, NULL, "log more" },
	{ "release-cgroup", OPT_RELEASE_CGROUP, NULL,
	  "only take controllers back from monitors' cgroups, until the next "
	  "daemon; for ExecStopPost= with systemd before 254" },
	{ "version", OPT_VERSION, NULL, "print the version" },
	{ "help", OPT_HELP, NULL, "print this" },
};

static void
usage(int fd)
{
	size_t i;

	dprintf(fd, "usage: trivisord [OPTION]...\n");
	for (i = 0; i < ARRAY_LEN(table); i++)
		dprintf(fd, "  --%-18s %-5s %s\n", table[i].name,
		    table[i].arg ? table[i].arg : "", table[i].doc);
}

static void PRINTF_LIKE(2, 3)
path(char buf[PATH_BYTES], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(buf, PATH_BYTES, fmt, ap) >= PATH_BYTES)
		buf[0] = '\0';
	va_end(ap);
}

/* $name if it is an absolute path, else fallback below the home directory. */
static void
xdg(char buf[PATH_BYTES], const char *name, const char *fallback)
{
	const char *dir = getenv(name), *home = getenv("HOME");

	if (dir && dir[0] == '/')
		path(buf, "%s/trivisor", dir);
	else
		path(buf, "%s/%s/trivisor", home && *home ? home : "/tmp",
		    fallback);
}

static void
user_defaults(struct options *o)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	char base[PATH_BYTES];

	if (run && run[0] == '/')
		path(base, "%s/trivisor", run);
	else
		path(base, "/tmp/trivisor-%u", (unsigned)getuid());
	path(o->socket, "%.4000s/trivisord.sock", base);
	path(o->run_dir, "%.4000s/run", base);
	xdg(base, "XDG_STATE_HOME", ".local/state");
	path(o->log_dir, "%.4000s/log", base);
	path(o->state_dir, "%.4000s", base);
}

static void
system_defaults(struct options *o)
{
	path(o->socket, "%s/trivisord.sock", TRIVISOR_RUNDIR);
	path(o->run_dir, "%s/run", TRIVISOR_RUNDIR);
	path(o->state_dir, "%s", TRIVISOR_STATEDIR);
	path(o->log_dir, "%s", TRIVISOR_LOGDIR);
}

static void
private_paths(struct options *o, const char *dir)
{
	path(o->socket, "%s/sock", dir);
	path(o->run_dir, "%s/run", dir);
	path(o->state_dir, "%s/state", dir);
	path(o->log_dir, "%s/log", dir);
}

/* Beside our own binary in a build tree, else where it was installed. */
static void
find_monitor(struct options *o)
{
	static const char *const beside[] = {
		"trivisor-monitor", "../libexec/trivisor-monitor",
	};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t i;

	if (n > 0) {
		self[n] = '\0';
		*strrchr(self, '/') = '\0';
		for (i = 0; i < ARRAY_LEN(beside); i++) {
			path(o->monitor, "%s/%s", self, beside[i]);
			if (!access(o->monitor, X_OK))
				return;
		}
	}
	path(o->monitor, "%s/trivisor-monitor", TRIVISOR_LIBEXECDIR);
}

static bool
take_fd(const char *text, int *fd)
{
	char *end;
	long v = strtol(text, &end, 10);

	if (*end || !*text || v < 0 || v > INT_MAX)
		return false;
	*fd = (int)v;
	/* A monitor must not inherit it. */
	return !fcntl(*fd, F_SETFD, FD_CLOEXEC);
}

static bool
take_port(const char *text, unsigned *port)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*end || *text < '0' || *text > '9' || !v || v > 65535)
		return false;
	*port = (unsigned)v;
	return true;
}

static bool
take_option(struct options *o, int id, const char *arg)
{
	switch (id) {
	case OPT_SOCKET:
		path(o->socket, "%s", arg);
		return true;
	case OPT_RO_SOCKET:
		path(o->ro_socket, "%s", arg);
		return true;
	case OPT_METRICS_SOCKET:
		path(o->metrics_socket, "%s", *arg ? arg : "none");
		return true;
	case OPT_METRICS_PORT:
		return take_port(arg, &o->metrics_port);
	case OPT_STATE:
		path(o->state_dir, "%s", arg);
		return true;
	case OPT_RUN:
		path(o->run_dir, "%s", arg);
		return true;
	case OPT_LOG:
		path(o->log_dir, "%s", arg);
		return true;
	case OPT_MONITOR:
		path(o->monitor, "%s", arg);
		return true;
	case OPT_SANDBOX:
		return policy_parse(arg, &o->sandbox);
	case OPT_CGROUP:
		path(o->cgroup, "%s", arg);
		return true;
	case OPT_CONSOLE_LOG:
		return size_parse(arg, NULL, &o->console_cap);
	case OPT_ADMIN_GROUP:
		snprintf(o->admin_group, sizeof(o->admin_group), "%s", arg);
		return true;
	case OPT_PRIVATE:
		private_paths(o, arg);
		return true;
	case OPT_LIFELINE:
		return take_fd(arg, &o->lifeline_fd);
	case OPT_READY:
		return take_fd(arg, &o->ready_fd);
	case OPT_PARENT:
		o->with_parent = true;
		return true;
	case OPT_VERBOSE:
		o->verbose = true;
		return true;
	case OPT_FOREGROUND:
		return true;
	}
	return false;
}

/* Relative paths on the command line are the caller's. */
static bool
make_absolute(char buf[PATH_BYTES])
{
	char cwd[PATH_BYTES], joined[2 * PATH_BYTES];

	if (buf[0] == '/')
		return true;
	if (!buf[0] || !getcwd(cwd, sizeof(cwd)))
		return false;
	snprintf(joined, sizeof(joined), "%s/%s", cwd, buf);
	if (strlen(joined) >= PATH_BYTES)
		return false;
	memcpy(buf, joined, strlen(joined) + 1);
	return true;
}

/* Beside the daemon's: x.sock goes with x-metrics.sock. */
static void
find_metrics(struct options *o)
{
	size_t n = strlen(o->socket);

	if (n > 5 && !strcmp(o->socket + n - 5, ".sock"))
		n -= 5;
	if (!o->metrics_socket[0])
		path(o->metrics_socket, "%.*s-metrics.sock", (int)MIN(n,
		    (size_t)4000), o->socket);
	else if (!strcmp(o->metrics_socket, "none"))
		o->metrics_socket[0] = '\0';
}

static int
finish(struct options *o)
{
	/* The last two may be none. */
	char *const paths[] = { o->socket, o->state_dir, o->run_dir,
		o->log_dir, o->monitor, o->ro_socket, o->metrics_socket };
	size_t i;

	if (!o->monitor[0])
		find_monitor(o);
	find_metrics(o);
	for (i = 0; i < ARRAY_LEN(paths); i++) {
		if (i >= 5 && !paths[i][0])
			continue;
		if (!make_absolute(paths[i])) {
			dprintf(STDERR_FILENO,
			    "trivisord: a path is empty or too long\n");
			return 2;
		}
	}
	return 0;
}

int
options_parse(struct options *o, int argc, char **argv)
{
	struct option longs[ARRAY_LEN(table) + 1] = { 0 };
	size_t i;
	int id;

	for (i = 0; i < ARRAY_LEN(table); i++)
		longs[i] = (struct option){ table[i].name,
			table[i].arg != NULL, NULL, table[i].id };
	memset(o, 0, sizeof(*o));
	o->lifeline_fd = -1;
	o->ready_fd = -1;
	o->console_cap = VM_CONSOLE_CAP;
	snprintf(o->admin_group, sizeof(o->admin_group), "trivisor-admin");
	if (geteuid() == 0)
		system_defaults(o);
	else
		user_defaults(o);
	while ((id = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (id == OPT_HELP || id == OPT_VERSION) {
			if (id == OPT_HELP)
				usage(STDOUT_FILENO);
			else
				dprintf(STDOUT_FILENO, "trivisord %s\n",
				    PACKAGE_VERSION);
			return 1;
		}
		if (id == OPT_RELEASE_CGROUP) {
			cgroup_release(o->cgroup[0] ? o->cgroup : NULL);
			return 1;
		}
		if (id == '?' || !take_option(o, id, optarg)) {
			usage(STDERR_FILENO);
			return 2;
		}
	}
	if (optind < argc) {
		usage(STDERR_FILENO);
		return 2;
	}
	return finish(o);
}
