/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one VM in a monitor of its own, without a daemon: for tests and for
 * work on engines.
 *
 *	runvm --kernel K [--initrd I] [--append S] [--memory N[M|G]]
 *	      [--engine interp|bt] [--vcpus N] [--debug-exit] [--timeout S]
 *	      [--until TEXT] [--expect TEXT --send TEXT] [--stats] [--log]
 *	      [--reboot] [--host-without LIST]
 *	      [--bt-disable LIST] [--tlb-entries N] [--code-cache N[M|G]]
 *	      [--monitor PATH]
 *	      [--gdb SOCKET] [--console-file PATH] [--console-cap N[K|M]]
 *
 * The console is on standard output, and standard input goes to it; --send is
 * typed, with a return, once --expect has been seen.  Exit
 * code: the guest's debug exit (value << 1 | 1); 0 power-off or --until seen,
 * 120 usage, 122 we failed, 124 timeout, 126 the guest crashed.
 */
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/tools/testvm.h"

enum {
	RC_USAGE = 120, RC_FAILED = 122, RC_TIMEOUT = 124, RC_CRASHED = 126,
};

struct options {
	struct vm_config cfg;
	const char *monitor;
	const char *until, *expect, *send;
	long timeout;
	bool stats, log;
};

static _Noreturn void
die(const char *what)
{
	perror(what);
	exit(RC_FAILED);
}

static uint64_t
parse_size(const char *s)
{
	char *end;
	uint64_t v = strtoull(s, &end, 0);

	switch (*end) {
	case 'G': case 'g':
		return v << 30;
	case 'K': case 'k':
		return v << 10;
	default:
		return v << 20;
	}
}

static int
open_input(const char *path, char *name, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path);
	snprintf(name, size, "%s", path);
	return fd;
}

/* A pipe is there already and has its reader. */
static int
open_output(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd < 0)
		die(path);
	return fd;
}

static int
listen_at(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(sun.sun_path))
		die(path);
	memcpy(sun.sun_path, path, strlen(path) + 1);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
	    listen(fd, 1) < 0)
		die(path);
	return fd;
}

static void
set_option(struct options *o, const char *name, const char *arg)
{
	struct vm_config *c = &o->cfg;

	if (!strcmp(name, "kernel"))
		c->kernel_fd = open_input(arg, c->kernel_name,
		    sizeof(c->kernel_name));
	else if (!strcmp(name, "initrd"))
		c->initrd_fd = open_input(arg, c->initrd_name,
		    sizeof(c->initrd_name));
	else if (!strcmp(name, "append"))
		snprintf(c->cmdline, sizeof(c->cmdline), "%s", arg);
	else if (!strcmp(name, "memory"))
		c->memory = parse_size(arg);
	else if (!strcmp(name, "vcpus"))
		c->vcpus = (unsigned)atoi(arg);
	else if (!strcmp(name, "engine"))
		c->engine = strcmp(arg, "interp") ? VM_ENGINE_DEFAULT :
		    VM_ENGINE_INTERP;
	else if (!strcmp(name, "host-without"))
		snprintf(c->host_without, sizeof(c->host_without), "%s", arg);
	else if (!strcmp(name, "bt-disable"))
		snprintf(c->bt_disable, sizeof(c->bt_disable), "%s", arg);
	else if (!strcmp(name, "code-cache"))
		c->code_cache = parse_size(arg);
	else if (!strcmp(name, "tlb-entries"))
		c->tlb_entries = (unsigned)atoi(arg);
	else if (!strcmp(name, "timeout"))
		o->timeout = atol(arg);
	else if (!strcmp(name, "until"))
		o->until = arg;
	else if (!strcmp(name, "expect"))
		o->expect = arg;
	else if (!strcmp(name, "send"))
		o->send = arg;
	else if (!strcmp(name, "monitor"))
		o->monitor = arg;
	else if (!strcmp(name, "console-file"))
		c->serial_fd[0] = open_output(arg);
	else if (!strcmp(name, "console-cap"))
		c->console_cap = parse_size(arg);
	else if (!strcmp(name, "gdb"))
		c->gdb_fd = listen_at(arg);
	else if (!strcmp(name, "debug-exit"))
		c->debug_exit = true;
	else if (!strcmp(name, "reboot"))
		c->on_reboot = VM_ACTION_RESTART;
	else if (!strcmp(name, "stats"))
		o->stats = true;
	else if (!strcmp(name, "log"))
		o->log = true;
}

static void
parse_options(struct options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "kernel", 1, NULL, 1 }, { "initrd", 1, NULL, 1 },
		{ "append", 1, NULL, 1 }, { "memory", 1, NULL, 1 },
		{ "vcpus", 1, NULL, 1 }, { "engine", 1, NULL, 1 },
		{ "host-without", 1, NULL, 1 }, { "bt-disable", 1, NULL, 1 },
		{ "code-cache", 1, NULL, 1 },
		{ "tlb-entries", 1, NULL, 1 }, { "timeout", 1, NULL, 1 },
		{ "until", 1, NULL, 1 }, { "monitor", 1, NULL, 1 },
		{ "gdb", 1, NULL, 1 }, { "console-file", 1, NULL, 1 },
		{ "console-cap", 1, NULL, 1 },
		{ "expect", 1, NULL, 1 }, { "send", 1, NULL, 1 },
		{ "debug-exit", 0, NULL, 1 }, { "reboot", 0, NULL, 1 },
		{ "stats", 0, NULL, 1 }, { "log", 0, NULL, 1 },
		{ NULL, 0, NULL, 0 },
	};
	int index;

	vm_config_init(&o->cfg);
	vm_uuid_new(o->cfg.uuid);
	snprintf(o->cfg.name, sizeof(o->cfg.name), "runvm");
	o->cfg.mode = VM_MODE_BT;
	o->cfg.on_reboot = VM_ACTION_DESTROY;
	o->cfg.triple_fault_crashes = true;
	/* Until the console is attached: small guests are quick. */
	o->cfg.start_paused = true;
	for (;;) {
		int ch = getopt_long(argc, argv, "", options, &index);

		if (ch == -1)
			break;
		if (ch != 1)
			exit(RC_USAGE);
		set_option(o, options[index].name, optarg);
	}
	if (optind != argc || o->cfg.kernel_fd < 0) {
		fprintf(stderr, "usage: runvm --kernel K [--initrd I] "
		    "[--append S] [--memory N] [--engine interp|bt] "
		    "[--debug-exit] [--timeout S] [--until TEXT]\n");
		exit(RC_USAGE);
	}
}

/* Beside us: build/tests/tools/runvm and build/bin/trivisor-monitor. */
static const char *
find_monitor(const char *argv0)
{
	static char path[4096];
	const char *slash = strrchr(argv0, '/');

	snprintf(path, sizeof(path), "%.*s../../bin/trivisor-monitor",
	    slash ? (int)(slash - argv0 + 1) : 0, argv0);
	return path;
}

static void
print_stats(int control)
{
	struct ctl_msg m;
	size_t pos = 0;
	char key[64];
	char value[64];

	if (testvm_call(control, CTL_STATS, NULL, NULL, &m) != CTL_OK)
		return;
	while (ctl_next(&m, &pos, key, sizeof(key), value, sizeof(value)))
		fprintf(stderr, "stat %s=%s\n", key, value);
}

/* --- the console ------------------------------------------------------------- */

struct pump {
	int console, control;
	const char *until, *expect, *send;
	char window[8192];	/* the last bytes seen, for until */
	size_t used;
	bool found;
};

static void
look_for(struct pump *p, const char *data, size_t n)
{
	size_t keep;

	keep = MIN(p->used, sizeof(p->window) / 2);
	memmove(p->window, p->window + p->used - keep, keep);
	n = MIN(n, sizeof(p->window) / 2 - 1);
	memcpy(p->window + keep, data, n);
	p->used = keep + n;
	if (p->until && memmem(p->window, p->used, p->until, strlen(p->until)))
		p->found = true;
	if (p->expect && p->send &&
	    memmem(p->window, p->used, p->expect, strlen(p->expect))) {
		dprintf(p->console, "%s\r", p->send);
		p->expect = NULL;
	}
}

/* False at the end of the console. */
static bool
from_guest(struct pump *p)
{
	char buf[4000];
	ssize_t n = read(p->console, buf, sizeof(buf));

	if (n <= 0)
		return false;
	if (write(STDOUT_FILENO, buf, (size_t)n) != n)
		return false;
	look_for(p, buf, (size_t)n);
	return true;
}

static bool
to_guest(struct pump *p)
{
	char buf[256];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	return n > 0 && write(p->console, buf, (size_t)n) == n;
}

/* 0 the VM has ended, 1 until was seen, -1 timeout. */
static int
pump(struct pump *p, long timeout)
{
	ns_t end = clock_now(&clock_host) + timeout * NS_PER_SEC;
	bool input = true;

	while (!p->found) {
		struct pollfd fds[] = {
			{ .fd = p->console, .events = POLLIN },
			{ .fd = input ? STDIN_FILENO : -1, .events = POLLIN },
		};
		ns_t left = end - clock_now(&clock_host);

		if (timeout && left <= 0)
			return -1;
		if (poll(fds, 2, timeout ? (int)(left / 1000000 + 1) : -1) < 0)
			die("poll");
		if (fds[0].revents && !from_guest(p))
			return 0;
		if (fds[1].revents)
			input = to_guest(p);
	}
	return 1;
}

/* --- the end -------------------------------------------------------------------- */

static int
judge(struct testvm *t)
{
	char text[1024];
	const char *code;

	testvm_wait(t, text, sizeof(text));
	if (!*text) {
		fprintf(stderr, "runvm: the monitor died without a report\n");
		return RC_FAILED;
	}
	code = strstr(text, "exit_code=");
	if (code)
		return atoi(code + strlen("exit_code="));
	if (strstr(text, "state=crashed")) {
		fprintf(stderr, "runvm: %s", text);
		return strstr(text, "reason=failed") ? RC_FAILED : RC_CRASHED;
	}
	return 0;
}

static void
make_raw(struct termios *old)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, old) < 0)
		return;
	raw = *old;
	cfmakeraw(&raw);
	/* Ctrl-C still ends us. */
	raw.c_lflag |= ISIG;
	raw.c_oflag |= OPOST;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

int
main(int argc, char **argv)
{
	struct options o = { .timeout = 0 };
	struct pump p = { 0 };
	struct err e = { 0 };
	struct termios old;
	struct ctl_msg m;
	struct testvm t;
	bool tty = isatty(STDIN_FILENO);
	int rc;

	parse_options(&o, argc, argv);
	o.cfg.log_fd = o.log ? dup(STDERR_FILENO) :
	    open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (testvm_start(&t, o.monitor ? o.monitor : find_monitor(argv[0]),
	    &o.cfg, &e)) {
		fprintf(stderr, "runvm: %s%s%s\n", e.msg, *e.hint ? ": " : "",
		    e.hint);
		return RC_FAILED;
	}
	p = (struct pump){ .control = t.control, .until = o.until,
	    .expect = o.expect, .send = o.send,
	    .console = testvm_console(t.control, 0) };
	if (p.console < 0 || testvm_call(t.control, CTL_RESUME, NULL, NULL,
	    &m) != CTL_OK) {
		fprintf(stderr, "runvm: no console\n");
		testvm_stop(&t);
		return RC_FAILED;
	}
	if (tty)
		make_raw(&old);
	rc = pump(&p, o.timeout);
	if (tty)
		tcsetattr(STDIN_FILENO, TCSANOW, &old);
	if (!rc)
		return judge(&t);
	if (o.stats)
		print_stats(t.control);
	testvm_call(t.control, CTL_QUIT, NULL, NULL, &m);
	testvm_stop(&t);
	if (rc < 0)
		fprintf(stderr, "runvm: timeout\n");
	return rc < 0 ? RC_TIMEOUT : 0;
}
