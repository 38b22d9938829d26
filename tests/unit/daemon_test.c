/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trivisord and trivisor-monitor as they are built, driven through the
 * client's library; run in the build directory.  The guests are a few bytes
 * of code in a multiboot ELF file that the test writes itself.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/client.h"
#include "base/base.h"

#define LIMIT_MS 20000
#define LOAD_ADDRESS 0x100000

/* ---- guests --------------- */

/* Say 'A' on the first serial port, then sleep for ever. */
static const uint8_t sleeper[] = {
	0x66, 0xba, 0xf8, 0x03,		/* mov dx, 0x3f8 */
	0xb0, 'A', 0xee,		/* mov al, 'A'; out dx, al */
	0xfb,				/* sti */
	0xf4, 0xeb, 0xfd,		/* 1: hlt; jmp 1b */
};
/* Say 'B', leave through isa-debug-exit with 0x10. */
static const uint8_t leaver[] = {
	0x66, 0xba, 0xf8, 0x03, 0xb0, 'B', 0xee,
	0x66, 0xba, 0xf4, 0x00, 0xb0, 0x10, 0xee, 0xeb, 0xfe,
};
/* No IDT, then UD2: a triple fault. */
static const uint8_t faulter[] = {
	0x31, 0xc0, 0x50, 0x50,		/* xor eax, eax; push; push */
	0x0f, 0x01, 0x1c, 0x24,		/* lidt [esp] */
	0x0f, 0x0b,			/* ud2 */
};
/* mov esp for the pushes above goes before all of them. */
static const uint8_t prologue[] = { 0xbc, 0x00, 0x00, 0x20, 0x00 };

static char dir[128];

static void
write_guest(const char *name, const uint8_t *code, size_t n)
{
	uint32_t header[3] = { 0x1badb002, 0, -0x1badb002u };
	Elf32_Ehdr eh = { .e_type = ET_EXEC, .e_machine = EM_386,
		.e_version = 1, .e_entry = LOAD_ADDRESS + sizeof(header),
		.e_phoff = sizeof(eh), .e_ehsize = sizeof(eh),
		.e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 1 };
	Elf32_Phdr ph = { .p_type = PT_LOAD, .p_offset = 128,
		.p_vaddr = LOAD_ADDRESS, .p_paddr = LOAD_ADDRESS,
		.p_flags = PF_R | PF_X, .p_align = 1 };
	uint8_t file[512] = { 0 };
	char path[256];
	FILE *f;

	memcpy(eh.e_ident, "\177ELF\1\1\1", 7);
	ph.p_filesz = ph.p_memsz = (Elf32_Word)(sizeof(header) +
	    sizeof(prologue) + n);
	memcpy(file, &eh, sizeof(eh));
	memcpy(file + sizeof(eh), &ph, sizeof(ph));
	memcpy(file + 128, header, sizeof(header));
	memcpy(file + 140, prologue, sizeof(prologue));
	memcpy(file + 140 + sizeof(prologue), code, n);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	fwrite(file, sizeof(file), 1, f);
	fclose(f);
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static int
make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/trivisor-daemon-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	write_guest("sleeper", sleeper, sizeof(sleeper));
	write_guest("leaver", leaver, sizeof(leaver));
	write_guest("faulter", faulter, sizeof(faulter));
	return 0;
}

static int
drop_dir(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- a daemon --------------- */

struct daemon_run {
	pid_t pid;
	int lifeline;		/* ours; -1 for one without */
	struct client *c;
};

static void
exec_daemon(int lifeline, int ready)
{
	char life[16], rd[16], where[160];
	int log;

	snprintf(where, sizeof(where), "%s/daemon.log", dir);
	log = open(where, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(log, STDERR_FILENO);
	snprintf(where, sizeof(where), "%s/d", dir);
	snprintf(life, sizeof(life), "%d", lifeline);
	snprintf(rd, sizeof(rd), "%d", ready);
	if (lifeline >= 0)
		execl("bin/trivisord", "trivisord", "--private", where,
		    "--ready-fd", rd, "--lifeline-fd", life, (char *)NULL);
	else
		execl("bin/trivisord", "trivisord", "--private", where,
		    "--ready-fd", rd, (char *)NULL);
	_exit(127);
}

static void
start_daemon(struct daemon_run *d, bool with_lifeline)
{
	char byte, sock[160];
	struct err e = { 0 };
	int life[2] = { -1, -1 }, ready[2];

	assert_int_equal(pipe(ready), 0);
	if (with_lifeline)
		assert_int_equal(pipe(life), 0);
	d->pid = fork();
	assert_true(d->pid >= 0);
	if (!d->pid) {
		close(ready[0]);
		if (with_lifeline)
			close(life[1]);
		exec_daemon(life[0], ready[1]);
	}
	close(ready[1]);
	if (with_lifeline)
		close(life[0]);
	d->lifeline = life[1];
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	snprintf(sock, sizeof(sock), "%s/d/sock", dir);
	d->c = client_open(sock, &e);
	if (!d->c)
		fail_msg("%s", e.msg);
	client_set_timeout(d->c, LIMIT_MS);
}

static int
reap_daemon(struct daemon_run *d)
{
	int status;

	client_free(d->c);
	d->c = NULL;
	assert_int_equal(waitpid(d->pid, &status, 0), d->pid);
	d->pid = 0;
	if (d->lifeline >= 0)
		close(d->lifeline);
	d->lifeline = -1;
	return status;
}

static void
stop_daemon(struct daemon_run *d)
{
	kill(d->pid, SIGTERM);
	assert_int_equal(reap_daemon(d), 0);
}

/* ---- calls --------------- */

/* params as "key", value, ..., NULL; all strings. */
static struct json_object *
params_of(va_list ap)
{
	struct json_object *p = json_object_new_object();
	const char *key;

	while ((key = va_arg(ap, const char *)) != NULL) {
		const char *v = va_arg(ap, const char *);
		bool flag = !strcmp(v, "true");

		json_object_object_add(p, key, flag ?
		    json_object_new_boolean(true) : json_object_new_string(v));
	}
	return p;
}

static struct json_object *
call(struct daemon_run *d, const char *method, ...)
{
	struct json_object *p, *r;
	struct err e = { 0 };
	va_list ap;

	va_start(ap, method);
	p = params_of(ap);
	va_end(ap);
	if (client_call(d->c, method, p, &r, NULL, &e))
		fail_msg("%s: %s", method, e.msg);
	json_object_put(p);
	return r;
}

static void
do_call(struct daemon_run *d, const char *method, const char *name)
{
	json_object_put(call(d, method, "domain", name, NULL));
}

/* The call must fail with this code; its message and hint stay in e. */
static void
must_fail(struct daemon_run *d, int code, struct err *e, const char *method,
    ...)
{
	struct json_object *p;
	va_list ap;
	int rc;

	va_start(ap, method);
	p = params_of(ap);
	va_end(ap);
	memset(e, 0, sizeof(*e));
	rc = client_call(d->c, method, p, NULL, NULL, e);
	json_object_put(p);
	if (!rc || e->code != code)
		fail_msg("%s: code %d: %s", method, e->code, e->msg);
}

static const char *
text_in(struct json_object *o, const char *key)
{
	const char *s = json_object_get_string(json_object_object_get(o, key));

	return s ? s : "";
}

static int
int_in(struct json_object *o, const char *key)
{
	return json_object_get_int(json_object_object_get(o, key));
}

static void
subscribe(struct daemon_run *d)
{
	json_object_put(call(d, "events.subscribe", NULL));
}

/*
 * Wait for the lifecycle event that brings name into state; its data, to be
 * put by the caller.
 */
static struct json_object *
await(struct daemon_run *d, const char *name, const char *to)
{
	struct json_object *ev, *data, *dom;
	struct err e = { 0 };

	for (;;) {
		int rc = client_event(d->c, &ev, LIMIT_MS, &e);

		if (rc != 1)
			fail_msg("%s never became %s: %s", name, to, e.msg);
		dom = json_object_object_get(ev, "domain");
		data = json_object_object_get(ev, "data");
		if (!strcmp(text_in(ev, "type"), "domain.lifecycle") &&
		    !strcmp(text_in(dom, "name"), name) &&
		    !strcmp(text_in(data, "to"), to))
			break;
		json_object_put(ev);
	}
	json_object_get(data);
	json_object_put(ev);
	return data;
}

static void
await_reason(struct daemon_run *d, const char *name, const char *to,
    const char *reason)
{
	struct json_object *data = await(d, name, to);

	if (strcmp(text_in(data, "reason"), reason))
		fail_msg("%s", json_object_to_json_string(data));
	json_object_put(data);
}

static const char *
guest(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static const char *
xml_of(const char *name, const char *type, const char *kernel)
{
	static char xml[1024];

	snprintf(xml, sizeof(xml), "<domain type='%s'>\n<name>%s</name>\n"
	    "<memory unit='MiB'>32</memory>\n<os><type>hvm</type>\n"
	    "<kernel>%s</kernel></os>\n<devices><console type='pty'/>"
	    "</devices></domain>", type, name, guest(kernel));
	return xml;
}

static void
define(struct daemon_run *d, const char *name, const char *kernel)
{
	json_object_put(call(d, "domain.define", "xml",
	    xml_of(name, "trivisor", kernel), NULL));
}

static void
assert_info(struct daemon_run *d, const char *name, const char *key,
    const char *want)
{
	struct json_object *o = call(d, "domain.info", "domain", name, NULL);

	assert_string_equal(text_in(o, key), want);
	json_object_put(o);
}

static int
pid_of(struct daemon_run *d, const char *name)
{
	struct json_object *o = call(d, "domain.info", "domain", name, NULL);
	int pid = int_in(o, "pid");

	json_object_put(o);
	assert_true(pid > 1);
	return pid;
}

/* The first byte of the console, which replays what was said before. */
static void
assert_console_says(struct daemon_run *d, const char *name, char want)
{
	struct json_object *p = json_object_new_object();
	struct pollfd wait = { .events = POLLIN };
	struct err e = { 0 };
	char byte = 0;

	json_object_object_add(p, "domain", json_object_new_string(name));
	if (client_call(d->c, "domain.console", p, NULL, &wait.fd, &e))
		fail_msg("%s", e.msg);
	json_object_put(p);
	assert_true(wait.fd >= 0);
	assert_int_equal(poll(&wait, 1, LIMIT_MS), 1);
	assert_int_equal(read(wait.fd, &byte, 1), 1);
	assert_int_equal(byte, want);
	close(wait.fd);
}

/* ---- the tests --------------- */

static void
domain_lives_its_life(void **state)
{
	struct json_object *o;
	struct daemon_run d;
	struct err e;

	(void)state;
	start_daemon(&d, true);
	subscribe(&d);
	define(&d, "demo", "sleeper");
	assert_info(&d, "demo", "state", "shutoff");
	must_fail(&d, ERR_OPERATION_INVALID, &e, "domain.destroy", "domain",
	    "demo", NULL);
	o = call(&d, "domain.start", "domain", "demo", NULL);
	assert_string_equal(text_in(o, "mode"), "bt");
	assert_true(json_object_array_length(json_object_object_get(o,
	    "reasons")) > 0);
	json_object_put(o);
	await_reason(&d, "demo", "running", "booted");
	must_fail(&d, ERR_OPERATION_INVALID, &e, "domain.start", "domain",
	    "demo", NULL);
	assert_console_says(&d, "demo", 'A');
	do_call(&d, "domain.suspend", "demo");
	json_object_put(await(&d, "demo", "paused"));
	assert_info(&d, "demo", "state", "paused");
	do_call(&d, "domain.resume", "demo");
	json_object_put(await(&d, "demo", "running"));
	do_call(&d, "domain.stats", "demo");
	do_call(&d, "domain.reset", "demo");
	json_object_put(await(&d, "demo", "running"));
	o = call(&d, "domain.xml", "domain", "demo", NULL);
	assert_non_null(strstr(text_in(o, "xml"), "id=\"1\""));
	json_object_put(o);
	do_call(&d, "domain.destroy", "demo");
	await_reason(&d, "demo", "shutoff", "destroyed");
	assert_info(&d, "demo", "state", "shutoff");
	do_call(&d, "domain.undefine", "demo");
	must_fail(&d, ERR_NO_DOMAIN, &e, "domain.info", "domain", "demo",
	    NULL);
	stop_daemon(&d);
}

static void
transient_domain_tells_its_end(void **state)
{
	struct daemon_run d;
	struct json_object *o;
	struct err e;

	(void)state;
	start_daemon(&d, true);
	subscribe(&d);
	json_object_put(call(&d, "domain.create", "name", "once", "kernel",
	    guest("leaver"), "memory", "32M", "debug_exit", "true", NULL));
	o = await(&d, "once", "shutoff");
	assert_string_equal(text_in(o, "reason"), "debug_exit");
	assert_int_equal(int_in(o, "exit_code"), 0x21);
	json_object_put(o);
	must_fail(&d, ERR_NO_DOMAIN, &e, "domain.info", "domain", "once",
	    NULL);
	json_object_put(call(&d, "domain.create", "name", "crash", "kernel",
	    guest("faulter"), "memory", "32M", "engine", "interp", NULL));
	o = await(&d, "crash", "crashed");
	assert_string_equal(text_in(o, "reason"), "triple_fault");
	assert_non_null(strstr(text_in(o, "detail"), "rip"));
	json_object_put(o);
	stop_daemon(&d);
}

/* A guest may be over before anybody can attach; paused gives the time. */
static void
paused_start_loses_no_output(void **state)
{
	struct daemon_run d;

	(void)state;
	start_daemon(&d, true);
	subscribe(&d);
	json_object_put(call(&d, "domain.create", "name", "p", "kernel",
	    guest("leaver"), "memory", "32M", "debug_exit", "true", "paused",
	    "true", NULL));
	assert_info(&d, "p", "state", "paused");
	{
		struct json_object *p = json_object_new_object();
		char text[8] = "";
		struct err e;
		int fd;

		json_object_object_add(p, "domain",
		    json_object_new_string("p"));
		assert_int_equal(client_call(d.c, "domain.console", p, NULL,
		    &fd, &e), 0);
		assert_int_equal(client_call(d.c, "domain.resume", p, NULL,
		    NULL, &e), 0);
		json_object_put(p);
		await_reason(&d, "p", "shutoff", "debug_exit");
		assert_int_equal(read(fd, text, sizeof(text)), 1);
		assert_string_equal(text, "B");
		close(fd);
	}
	stop_daemon(&d);
}

/* The terminal is there soon after the start, not at once. */
static void
console_has_a_terminal(void **state)
{
	struct pollfd wait = { .events = POLLIN };
	struct daemon_run d;
	struct json_object *o;
	char tty[64] = "", byte = 0;
	int tries;

	(void)state;
	start_daemon(&d, true);
	define(&d, "demo", "sleeper");
	do_call(&d, "domain.start", "demo");
	for (tries = 0; !tty[0] && tries < 1000; tries++) {
		/* Behind a question to the monitor: no need to sleep. */
		do_call(&d, "domain.stats", "demo");
		o = call(&d, "domain.info", "domain", "demo", NULL);
		snprintf(tty, sizeof(tty), "%s", text_in(o, "tty"));
		json_object_put(o);
	}
	o = call(&d, "domain.xml", "domain", "demo", NULL);
	assert_true(tty[0] == '/');
	assert_non_null(strstr(text_in(o, "xml"), tty));
	json_object_put(o);
	wait.fd = open(tty, O_RDWR | O_NOCTTY);
	assert_true(wait.fd >= 0);
	assert_int_equal(poll(&wait, 1, LIMIT_MS), 1);
	assert_int_equal(read(wait.fd, &byte, 1), 1);
	assert_int_equal(byte, 'A');
	close(wait.fd);
	stop_daemon(&d);
}

static void
killed_monitor_is_a_crash(void **state)
{
	struct json_object *o;
	struct daemon_run d;

	(void)state;
	start_daemon(&d, true);
	subscribe(&d);
	define(&d, "demo", "sleeper");
	do_call(&d, "domain.start", "demo");
	kill(pid_of(&d, "demo"), SIGKILL);
	o = await(&d, "demo", "crashed");
	assert_string_equal(text_in(o, "reason"), "killed");
	assert_string_equal(text_in(o, "detail"),
	    "monitor killed by signal 9 (Killed): by somebody, or by the "
	    "kernel for lack of memory");
	json_object_put(o);
	assert_info(&d, "demo", "state", "crashed");
	/* And it can be started again. */
	do_call(&d, "domain.start", "demo");
	assert_console_says(&d, "demo", 'A');
	stop_daemon(&d);
}

/* A stopped monitor answers nothing, and still can be ended. */
static void
hung_monitor_is_destroyed(void **state)
{
	struct daemon_run d;
	int pid;

	(void)state;
	start_daemon(&d, true);
	subscribe(&d);
	define(&d, "demo", "sleeper");
	do_call(&d, "domain.start", "demo");
	pid = pid_of(&d, "demo");
	kill(pid, SIGSTOP);
	do_call(&d, "domain.destroy", "demo");
	await_reason(&d, "demo", "shutoff", "destroyed");
	assert_int_equal(kill(pid, 0), -1);
	stop_daemon(&d);
}

static void
machines_outlive_the_daemon(void **state)
{
	struct daemon_run d;
	struct json_object *o;
	int pid, other;

	(void)state;
	start_daemon(&d, false);
	define(&d, "kept", "sleeper");
	do_call(&d, "domain.start", "kept");
	json_object_put(call(&d, "domain.create", "name", "passing", "kernel",
	    guest("sleeper"), "memory", "32M", NULL));
	pid = pid_of(&d, "kept");
	other = pid_of(&d, "passing");
	do_call(&d, "domain.suspend", "passing");
	kill(d.pid, SIGKILL);
	reap_daemon(&d);

	start_daemon(&d, false);
	subscribe(&d);
	assert_int_equal(pid_of(&d, "kept"), pid);
	assert_int_equal(pid_of(&d, "passing"), other);
	assert_info(&d, "kept", "state", "running");
	assert_info(&d, "kept", "mode", "bt");
	assert_info(&d, "passing", "state", "paused");
	assert_console_says(&d, "kept", 'A');
	do_call(&d, "domain.resume", "passing");
	json_object_put(await(&d, "passing", "running"));
	kill(other, SIGKILL);
	json_object_put(await(&d, "passing", "crashed"));
	kill(d.pid, SIGKILL);
	reap_daemon(&d);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(other, NULL, 0), other);
	assert_int_equal(waitpid(pid, NULL, 0), pid);

	start_daemon(&d, true);
	o = call(&d, "domain.info", "domain", "kept", NULL);
	assert_string_equal(text_in(o, "state"), "crashed");
	assert_string_equal(text_in(json_object_object_get(o, "exit"),
	    "reason"), "killed");
	json_object_put(o);
	stop_daemon(&d);
}

/* Lost notes must not lose a machine. */
static void
machine_is_found_without_notes(void **state)
{
	struct daemon_run d;
	struct json_object *o;
	char path[256], uuid[37];
	int pid;

	(void)state;
	start_daemon(&d, false);
	json_object_put(call(&d, "domain.create", "name", "bare", "kernel",
	    guest("sleeper"), "memory", "32M", NULL));
	o = call(&d, "domain.info", "domain", "bare", NULL);
	snprintf(uuid, sizeof(uuid), "%s", text_in(o, "uuid"));
	pid = int_in(o, "pid");
	json_object_put(o);
	kill(d.pid, SIGKILL);
	reap_daemon(&d);
	snprintf(path, sizeof(path), "%s/d/run/%s/status", dir, uuid);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/d/run/%s/domain.xml", dir, uuid);
	assert_int_equal(truncate(path, 10), 0);

	start_daemon(&d, true);
	assert_int_equal(pid_of(&d, "bare"), pid);
	assert_info(&d, "bare", "uuid", uuid);
	stop_daemon(&d);
	/* It came to us when its daemon died: gone, or this would hang. */
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
lifeline_takes_everything_along(void **state)
{
	struct daemon_run d;
	char path[192];
	int pid;

	(void)state;
	start_daemon(&d, true);
	json_object_put(call(&d, "domain.create", "name", "x", "kernel",
	    guest("sleeper"), "memory", "32M", NULL));
	pid = pid_of(&d, "x");
	close(d.lifeline);
	d.lifeline = -1;
	assert_int_equal(reap_daemon(&d), 0);
	assert_int_equal(kill(pid, 0), -1);
	snprintf(path, sizeof(path), "%s/d/run", dir);
	/* Empty again, or it could not be removed. */
	assert_int_equal(rmdir(path), 0);
}

static void
definitions_survive_a_restart(void **state)
{
	struct daemon_run d;
	struct json_object *o;
	char uuid[37];

	(void)state;
	start_daemon(&d, false);
	define(&d, "one", "sleeper");
	/* Again without a uuid: the same domain, not another. */
	define(&d, "one", "leaver");
	json_object_put(call(&d, "domain.define", "xml", xml_of("two", "kvm",
	    "sleeper"), "mode", "bt", NULL));
	o = call(&d, "domain.info", "domain", "one", NULL);
	snprintf(uuid, sizeof(uuid), "%s", text_in(o, "uuid"));
	json_object_put(o);
	kill(d.pid, SIGKILL);
	reap_daemon(&d);
	start_daemon(&d, true);
	assert_info(&d, "one", "uuid", uuid);
	assert_info(&d, uuid, "kernel", guest("leaver"));
	assert_info(&d, "two", "mode", "bt");
	o = call(&d, "domain.list", NULL);
	assert_int_equal(json_object_array_length(json_object_object_get(o,
	    "domains")), 2);
	json_object_put(o);
	stop_daemon(&d);
}

static void
bad_input_is_told_with_a_remedy(void **state)
{
	struct daemon_run d;
	struct err e;
	FILE *f;

	(void)state;
	start_daemon(&d, true);
	must_fail(&d, ERR_NO_DOMAIN, &e, "domain.start", "domain", "nobody",
	    NULL);
	must_fail(&d, ERR_SYSTEM_ERROR, &e, "domain.create", "kernel",
	    "/nonexistent/vmlinuz", NULL);
	assert_non_null(strstr(e.msg, "/nonexistent/vmlinuz"));
	assert_true(e.hint[0]);
	must_fail(&d, ERR_INVALID_ARG, &e, "domain.create", "kernel", "/tmp",
	    NULL);
	must_fail(&d, ERR_SYSTEM_ERROR, &e, "domain.create", "kernel",
	    guest("sleeper"), "initrd", "/nonexistent/initrd", NULL);
	assert_non_null(strstr(e.msg, "initrd"));
	must_fail(&d, ERR_CONFIG_UNSUPPORTED, &e, "domain.create", "kernel",
	    guest("sleeper"), "memory", "64K", NULL);
	assert_string_equal(e.element, "memory");
	must_fail(&d, ERR_CONFIG_UNSUPPORTED, &e, "domain.create", "name",
	    "nokernel", NULL);
	must_fail(&d, ERR_CONFIG_UNSUPPORTED, &e, "domain.define", "xml",
	    xml_of("k", "kvm", "sleeper"), NULL);
	assert_non_null(strstr(e.hint, "--mode bt"));
	must_fail(&d, ERR_XML_DETAIL, &e, "domain.define", "xml",
	    "<domain>\n<name>", NULL);
	assert_int_equal(e.line, 2);
	f = fopen(guest("text"), "w");
	fputs("this is no kernel\n", f);
	fclose(f);
	memset(&e, 0, sizeof(e));
	{
		struct json_object *p = json_object_new_object();

		json_object_object_add(p, "kernel",
		    json_object_new_string(guest("text")));
		assert_int_not_equal(client_call(d.c, "domain.create", p,
		    NULL, NULL, &e), 0);
		json_object_put(p);
		assert_non_null(strstr(e.msg, guest("text")));
	}
	stop_daemon(&d);
}

static void
events_are_replayed(void **state)
{
	struct daemon_run d;
	struct json_object *ev, *p, *r;
	struct err e;
	int i;

	(void)state;
	start_daemon(&d, true);
	define(&d, "a", "sleeper");
	define(&d, "b", "sleeper");
	p = json_object_new_object();
	json_object_object_add(p, "since_seq", json_object_new_int(0));
	assert_int_equal(client_call(d.c, "events.subscribe", p, &r, NULL,
	    &e), 0);
	assert_false(json_object_get_boolean(json_object_object_get(r,
	    "lost")));
	json_object_put(r);
	json_object_put(p);
	for (i = 1; i <= 3; i++) {
		assert_int_equal(client_event(d.c, &ev, LIMIT_MS, &e), 1);
		assert_int_equal(int_in(ev, "seq"), i);
		assert_string_equal(text_in(ev, "type"), i == 1 ?
		    "server.started" : "domain.defined");
		json_object_put(ev);
	}
	/* A number from another life. */
	p = json_object_new_object();
	json_object_object_add(p, "since_seq", json_object_new_int(99));
	assert_int_equal(client_call(d.c, "events.subscribe", p, &r, NULL,
	    &e), 0);
	assert_true(json_object_get_boolean(json_object_object_get(r,
	    "lost")));
	json_object_put(r);
	json_object_put(p);
	/* The gap is told, then comes what there is. */
	assert_int_equal(client_event(d.c, &ev, LIMIT_MS, &e), 1);
	assert_string_equal(text_in(ev, "type"), "events.lost");
	assert_int_equal(int_in(ev, "from"),
	    100);
	json_object_put(ev);
	assert_int_equal(client_event(d.c, &ev, LIMIT_MS, &e), 1);
	assert_int_equal(int_in(ev, "seq"), 1);
	json_object_put(ev);
	stop_daemon(&d);
}

static void
second_daemon_is_refused(void **state)
{
	struct daemon_run d;
	int status;
	pid_t pid;

	(void)state;
	start_daemon(&d, true);
	pid = fork();
	if (!pid)
		exec_daemon(-1, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
	json_object_put(call(&d, "server.info", NULL));
	stop_daemon(&d);
}

/* ---- raw bytes --------------- */

static int
raw_connect(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%.80s/d/sock", dir);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

/* All that comes until the daemon closes; lines counted. */
static unsigned
read_lines(int fd, char *text, size_t size)
{
	size_t len = 0;
	unsigned lines = 0;
	ssize_t n;

	while (len < size - 1) {
		struct pollfd p = { fd, POLLIN, 0 };

		assert_int_equal(poll(&p, 1, LIMIT_MS), 1);
		n = recv(fd, text + len, size - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

#define PING(id) "{\"jsonrpc\":\"2.0\",\"id\":" #id \
	",\"method\":\"domain.list\"}"

static void
bytes_may_come_one_by_one(void **state)
{
	static const char text[] = PING(1) "\n\n [" PING(2) "," PING(3)
	    ",{\"jsonrpc\":\"2.0\",\"method\":\"domain.list\"}]" PING(4);
	char answer[4096];
	struct daemon_run d;
	size_t i;
	int fd;

	(void)state;
	start_daemon(&d, true);
	fd = raw_connect();
	for (i = 0; i < sizeof(text) - 1; i++)
		assert_int_equal(send(fd, text + i, 1, 0), 1);
	shutdown(fd, SHUT_WR);
	/* A batch is one line, and a notification is none. */
	assert_int_equal(read_lines(fd, answer, sizeof(answer)), 3);
	assert_non_null(strstr(answer, "[{\"jsonrpc\":\"2.0\",\"id\":2"));
	assert_non_null(strstr(answer, "\"id\":4"));
	close(fd);
	stop_daemon(&d);
}

static void
pipelined_requests_are_all_answered(void **state)
{
	char answer[65536];
	struct daemon_run d;
	int fd, i;

	(void)state;
	start_daemon(&d, true);
	fd = raw_connect();
	for (i = 0; i < 100; i++)
		assert_true(send(fd, PING(7), sizeof(PING(7)) - 1, 0) > 0);
	shutdown(fd, SHUT_WR);
	assert_int_equal(read_lines(fd, answer, sizeof(answer)), 100);
	close(fd);
	stop_daemon(&d);
}

static void
bad_messages_get_their_codes(void **state)
{
	static const struct { const char *text, *code; } t[] = {
		{ "x", "-32700" }, { "{\"a\":1,\"a\":1}", "-32700" },
		{ "[]", "-32600" }, { "[1]", "-32600" }, { "{}", "-32600" },
		{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]"
		  "]]]]]]", "-32600" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no.no\"}",
		  "-32601" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"domain.info\"}",
		  "-32602" },
		{ "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
		  "\"domain.console\",\"params\":{\"domain\":\"x\"}}]",
		  "-32600" },
	};
	char answer[4096];
	struct daemon_run d;
	size_t i;

	(void)state;
	start_daemon(&d, true);
	for (i = 0; i < ARRAY_LEN(t); i++) {
		int fd = raw_connect();

		assert_true(send(fd, t[i].text, strlen(t[i].text), 0) > 0);
		shutdown(fd, SHUT_WR);
		assert_int_equal(read_lines(fd, answer, sizeof(answer)), 1);
		if (!strstr(answer, t[i].code))
			fail_msg("%s: %s", t[i].text, answer);
		close(fd);
	}
	json_object_put(call(&d, "server.info", NULL));
	stop_daemon(&d);
}

static void
endless_message_is_cut_off(void **state)
{
	static char chunk[65536];
	char answer[4096];
	struct daemon_run d;
	size_t sent = 0;
	int fd;

	(void)state;
	start_daemon(&d, true);
	fd = raw_connect();
	memset(chunk, '[', 1);
	memset(chunk + 1, ' ', sizeof(chunk) - 1);
	while (sent < (8u << 20)) {
		ssize_t n = send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL);

		if (n < 0)
			break;
		sent += (size_t)n;
		chunk[0] = ' ';
	}
	assert_in_range(sent, 4u << 20, 6u << 20);
	assert_int_equal(read_lines(fd, answer, sizeof(answer)), 1);
	assert_non_null(strstr(answer, "-32600"));
	close(fd);
	json_object_put(call(&d, "server.info", NULL));
	stop_daemon(&d);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(domain_lives_its_life),
		T(transient_domain_tells_its_end),
		T(paused_start_loses_no_output),
		T(console_has_a_terminal),
		T(killed_monitor_is_a_crash),
		T(hung_monitor_is_destroyed),
		T(machines_outlive_the_daemon),
		T(machine_is_found_without_notes),
		T(lifeline_takes_everything_along),
		T(definitions_survive_a_restart),
		T(bad_input_is_told_with_a_remedy),
		T(events_are_replayed),
		T(second_daemon_is_refused),
		T(bytes_may_come_one_by_one),
		T(pipelined_requests_are_all_answered),
		T(bad_messages_get_their_codes),
		T(endless_message_is_cut_off),
	};

	/* Orphaned monitors become ours, to see them end. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
