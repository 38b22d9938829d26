/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor as a daemon meets it: life and death of small guests, the
 * control channel, consoles.  Both engines.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/tools/testvm.h"
#include "tests/unit/monitor_guests.h"

#define LOAD 0x100000u
#define PATIENCE_MS 20000

struct fix {
	struct vm_config cfg;
	struct testvm t;
	struct ctl_msg m;
	char report[1024];
	int events;		/* a second connection, subscribed */
};

static const char *program;
static enum vm_engine engine;

static int
setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	vm_config_init(&f->cfg);
	vm_uuid_new(f->cfg.uuid);
	strcpy(f->cfg.name, "test");
	strcpy(f->cfg.kernel_name, "guest");
	f->cfg.mode = VM_MODE_BT;
	f->cfg.engine = engine;
	f->cfg.memory = 16 << 20;
	f->cfg.debug_exit = true;
	f->t = (struct testvm){ .control = -1, .listener = -1, .report = -1 };
	f->events = -1;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fix *f = *state;

	if (f->events >= 0)
		close(f->events);
	testvm_stop(&f->t);
	free(f);
	return 0;
}

/* A multiboot image of header and code. */
static int
image_of(const uint8_t *code, size_t n)
{
	uint32_t h[8] = { 0x1badb002, 0x10000, 0, LOAD, LOAD, 0, 0,
		LOAD + sizeof(h) };
	int fd = memfd_create("guest", MFD_CLOEXEC);

	h[2] = 0u - h[0] - h[1];
	assert_true(fd >= 0);
	assert_int_equal(write(fd, h, sizeof(h)), sizeof(h));
	assert_int_equal(write(fd, code, n), n);
	return fd;
}

static void
start_bytes(struct fix *f, const uint8_t *code, const uint8_t *end)
{
	struct err e = { 0 };

	f->cfg.kernel_fd = image_of(code, (size_t)(end - code));
	f->cfg.log_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (testvm_start(&f->t, program, &f->cfg, &e))
		fail_msg("%s", e.msg);
}

#define start(f, name) start_bytes(f, guest_##name, guest_##name##_end)

static void
ask(struct fix *f, enum ctl_type type)
{
	if (testvm_call(f->t.control, type, NULL, NULL, &f->m) != CTL_OK)
		fail_msg("request %d: %s", type, f->m.body);
}

static const char *
field(const struct ctl_msg *m, const char *key)
{
	static char value[512];

	return ctl_get(m, key, value, sizeof(value)) ? value : "";
}

static bool
readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, PATIENCE_MS) == 1;
}

static void
subscribe(struct fix *f, const char *since)
{
	f->events = testvm_connect(&f->t);
	assert_true(f->events >= 0);
	assert_int_equal(testvm_call(f->events, CTL_SUBSCRIBE, "since", since,
	    &f->m), CTL_OK);
}

/* Wait for an event called what; it is in f->m then. */
static void
await(struct fix *f, const char *what)
{
	do {
		assert_true(readable(f->events));
		if (ctl_recv(f->events, &f->m))
			fail_msg("no event \"%s\" came", what);
	} while (f->m.h.type != CTL_EVENT ||
	    strcmp(field(&f->m, "what"), what));
}

/* Read until text has come; false at the end of the stream. */
static bool
read_until(int fd, const char *text)
{
	char buf[8192] = "";
	size_t n = 0;

	while (!strstr(buf, text)) {
		ssize_t got;

		assert_true(readable(fd));
		if (n > sizeof(buf) / 2) {
			memmove(buf, buf + n - 64, 65);
			n = 64;
		}
		got = read(fd, buf + n, sizeof(buf) - 1 - n);
		if (got <= 0)
			return false;
		n += (size_t)got;
		buf[n] = '\0';
	}
	return true;
}

/* The end: the process exits 0, and its report has all these. */
static void
assert_end(struct fix *f, const char *a, const char *b)
{
	assert_int_equal(testvm_wait(&f->t, f->report, sizeof(f->report)), 0);
	if (!strstr(f->report, a) || !strstr(f->report, b))
		fail_msg("report: %s", f->report);
}

/* --- how guests end ---------------------------------------------------------------- */

static void
debug_exit_gives_its_code(void **state)
{
	struct fix *f = *state;

	start(f, debug_exit);
	assert_end(f, "state=shutoff\nreason=debug_exit\n", "exit_code=67\n");
}

static void
power_off_ends_the_vm(void **state)
{
	struct fix *f = *state;

	start(f, power_off);
	assert_end(f, "state=shutoff", "reason=shutdown");
}

static void
triple_fault_in_a_run_is_a_crash(void **state)
{
	struct fix *f = *state;

	f->cfg.triple_fault_crashes = true;
	start(f, triple);
	assert_end(f, "state=crashed\nreason=triple_fault\n", "rip=0x1000");
}

static void
triple_faults_reset_until_the_brake_is_pulled(void **state)
{
	struct fix *f = *state;

	f->cfg.on_reboot = VM_ACTION_RESTART;
	f->cfg.triple_fault_crashes = false;
	start(f, triple);
	assert_end(f, "state=crashed", "more than 3 triple faults in 60 s");
}

static void
resets_start_the_kernel_again(void **state)
{
	struct fix *f = *state;

	f->cfg.on_reboot = VM_ACTION_RESTART;
	start(f, resets);
	assert_end(f, "reason=debug_exit", "exit_code=35\n");
}

static void
reset_ends_the_vm_when_the_domain_says_so(void **state)
{
	struct fix *f = *state;

	f->cfg.on_reboot = VM_ACTION_DESTROY;
	start(f, resets);
	assert_end(f, "state=shutoff", "reason=reboot");
}

static void
stop_after_counts_instructions(void **state)
{
	struct fix *f = *state;

	f->cfg.stop_after = 1001;
	start(f, spin);
	/* 100020 mov, mov, out, mov, out; then the 996th jump to itself. */
	assert_end(f, "reason=stop_after", "rip=0x10002b");
}

static void
preserved_vm_stays_to_be_looked_at(void **state)
{
	struct fix *f = *state;

	f->cfg.on_poweroff = VM_ACTION_PRESERVE;
	start(f, power_off);
	subscribe(f, "0");
	await(f, "preserved");
	ask(f, CTL_DESCRIBE);
	assert_string_equal(field(&f->m, "state"), "shutoff");
	assert_int_equal(testvm_call(f->t.control, CTL_RESUME, NULL, NULL,
	    &f->m), CTL_ERROR);
	ask(f, CTL_QUIT);
	assert_end(f, "state=shutoff", "reason=destroyed");
}

static void
halt_without_interrupts_is_told(void **state)
{
	struct fix *f = *state;

	start(f, halt);
	subscribe(f, "0");
	await(f, "halted");
	assert_string_equal(field(&f->m, "reason"), "halted");
	ask(f, CTL_DESCRIBE);
	assert_string_equal(field(&f->m, "state"), "running");
	ask(f, CTL_QUIT);
	assert_end(f, "state=shutoff", "reason=destroyed");
}

/* The guest has no IDT: a fault proves that the NMI came. */
static void
nmi_wakes_a_halted_guest(void **state)
{
	struct fix *f = *state;

	f->cfg.triple_fault_crashes = true;
	start(f, halt);
	subscribe(f, "0");
	await(f, "halted");
	ask(f, CTL_NMI);
	assert_end(f, "state=crashed", "reason=triple_fault");
}

static void
sigterm_is_an_orderly_end(void **state)
{
	struct fix *f = *state;

	start(f, spin);
	kill(f->t.pid, SIGTERM);
	assert_end(f, "state=shutoff", "reason=destroyed");
}

/* --- idle and busy -------------------------------------------------------------------- */

static ns_t
cpu_time(pid_t pid)
{
	struct timespec ts;
	clockid_t id;

	assert_int_equal(clock_getcpuclockid(pid, &id), 0);
	assert_int_equal(clock_gettime(id, &ts), 0);
	return (ns_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

static void
halted_guest_costs_no_cpu(void **state)
{
	struct timespec wait = { .tv_nsec = 300000000 };
	struct fix *f = *state;
	ns_t before;

	start(f, halt);
	subscribe(f, "0");
	await(f, "halted");
	before = cpu_time(f->t.pid);
	nanosleep(&wait, NULL);
	assert_true(cpu_time(f->t.pid) - before < NS_PER_SEC / 100);
}

static void
suspended_guest_costs_no_cpu_and_goes_on(void **state)
{
	struct timespec wait = { .tv_nsec = 300000000 };
	struct fix *f = *state;
	ns_t before;

	start(f, spin);
	ask(f, CTL_SUSPEND);
	before = cpu_time(f->t.pid);
	nanosleep(&wait, NULL);
	assert_true(cpu_time(f->t.pid) - before < NS_PER_SEC / 100);
	ask(f, CTL_DESCRIBE);
	assert_string_equal(field(&f->m, "state"), "paused");
	ask(f, CTL_RESUME);
	before = cpu_time(f->t.pid);
	while (cpu_time(f->t.pid) - before < NS_PER_SEC / 50)
		nanosleep(&wait, NULL);
}

/* Guest milliseconds since its start. */
static uint64_t
guest_ms(int console, uint64_t khz)
{
	uint32_t tsc;
	size_t n = 0;

	assert_int_equal(write(console, "?", 1), 1);
	while (n < 4) {
		ssize_t got;

		assert_true(readable(console));
		got = read(console, (char *)&tsc + n, 4 - n);
		assert_true(got > 0);
		n += (size_t)got;
	}
	return ((uint64_t)tsc << 10) / khz;
}

static void
guest_time_stands_still_while_suspended(void **state)
{
	struct timespec wait = { .tv_sec = 1 };
	struct fix *f = *state;
	uint64_t before;
	uint64_t khz;
	int fd;

	start(f, clock);
	fd = testvm_console(f->t.control, 0);
	ask(f, CTL_DESCRIBE);
	assert_true(ctl_get_u64(&f->m, "tsc_khz", &khz));
	before = guest_ms(fd, khz);
	ask(f, CTL_SUSPEND);
	nanosleep(&wait, NULL);
	ask(f, CTL_RESUME);
	assert_true(guest_ms(fd, khz) - before < 700);
	close(fd);
}

/* --- consoles --------------------------------------------------------------------------- */

static void
console_carries_bytes_both_ways(void **state)
{
	struct fix *f = *state;
	int fd;

	start(f, echo);
	fd = testvm_console(f->t.control, 0);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "GDKKN", 5), 5);
	assert_true(read_until(fd, "HELLO"));
	/* More than the FIFO and our buffer hold arrives all the same. */
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(fd, "aaaaaaaaa@", 10), 10);
	for (int i = 0; i < 1000; i++) {
		char buf[10];
		size_t n = 0;

		while (n < 10) {
			ssize_t got;

			assert_true(readable(fd));
			got = read(fd, buf + n, 10 - n);
			assert_true(got > 0);
			n += (size_t)got;
		}
		assert_memory_equal(buf, "bbbbbbbbbA", 10);
	}
	close(fd);
}

static void
late_viewers_get_the_ring_first(void **state)
{
	struct fix *f = *state;
	int a;
	int b;

	start(f, spin);
	a = testvm_console(f->t.control, 0);
	assert_true(read_until(a, "up"));
	b = testvm_console(f->t.control, 0);
	assert_true(read_until(b, "up"));
	close(a);
	close(b);
	assert_int_equal(testvm_console(f->t.control, 3), -1);
}

/* A viewer that never reads blocks nobody; the end of the story is kept. */
static void
slow_viewer_does_not_stop_the_guest(void **state)
{
	struct fix *f = *state;
	int lazy;
	int fd;

	start(f, flood);
	lazy = testvm_console(f->t.control, 0);
	assert_true(lazy >= 0);
	subscribe(f, "0");
	await(f, "halted");
	ask(f, CTL_STATS);
	assert_string_equal(field(&f->m, "serial0.bytes"), "200001");
	fd = testvm_console(f->t.control, 0);
	assert_true(read_until(fd, "6789$"));
	close(fd);
	close(lazy);
}

static void
serial_file_gets_every_byte(void **state)
{
	struct fix *f = *state;
	int file = memfd_create("serial", MFD_CLOEXEC);
	char *all = malloc(200001);

	f->cfg.serial_fd[0] = dup(file);
	start(f, flood);
	subscribe(f, "0");
	await(f, "halted");
	ask(f, CTL_QUIT);
	assert_end(f, "state=shutoff", "destroyed");
	assert_int_equal(pread(file, all, 200001, 0), 200001);
	for (int i = 0; i < 200000; i++)
		assert_int_equal(all[i], '0' + i % 10);
	assert_int_equal(all[200000], '$');
	free(all);
	close(file);
}

/* --- the control channel ------------------------------------------------------------------ */

static void
describe_says_who_it_is(void **state)
{
	struct fix *f = *state;

	start(f, spin);
	ask(f, CTL_DESCRIBE);
	assert_string_equal(field(&f->m, "name"), "test");
	assert_string_equal(field(&f->m, "state"), "running");
	assert_string_equal(field(&f->m, "mode"), "bt");
	assert_int_equal(atoi(field(&f->m, "pid")), f->t.pid);
	assert_true(atoll(field(&f->m, "tsc_khz")) > 100000);
}

static uint64_t
number(const struct ctl_msg *m, const char *key)
{
	uint64_t v;

	if (!ctl_get_u64(m, key, &v))
		fail_msg("no field %s in: %s", key, m->body);
	return v;
}

/* The guest is 32-bit code: the profile finds it in the interpreter. */
static void
profile_tells_where_time_goes(void **state)
{
	const struct timespec wait = { .tv_nsec = 600000000 };
	struct fix *f = *state;
	uint64_t busy;

	f->cfg.engine = VM_ENGINE_DEFAULT;
	start(f, spin);
	ask(f, CTL_BT_STATS);
	assert_int_equal(number(&f->m, "samples"), 0);
	assert_int_equal(testvm_call(f->t.control, CTL_PROFILE, "ms", "500",
	    &f->m), CTL_OK);
	ask(f, CTL_BT_STATS);
	assert_int_equal(number(&f->m, "profiling"), 1);
	nanosleep(&wait, NULL);
	ask(f, CTL_BT_STATS);
	assert_int_equal(number(&f->m, "profiling"), 0);
	busy = number(&f->m, "samples") - number(&f->m, "idle");
	assert_true(busy > 0);
	assert_string_equal(field(&f->m, "parts[0].part"), "interpreter");
	assert_true(number(&f->m, "parts[0].samples") <= busy);
	assert_true(number(&f->m, "parts[0].samples") > busy / 2);
	assert_true(number(&f->m, "cpu_ns") > 0);
	assert_true(number(&f->m, "interp.insn.jmp") > 0);
	/* It is over: nothing more is counted. */
	ask(f, CTL_BT_STATS);
	assert_int_equal(number(&f->m, "samples") - number(&f->m, "idle"),
	    busy);
}

static void
bt_stats_are_of_one_vcpu_or_all(void **state)
{
	struct fix *f = *state;

	f->cfg.engine = VM_ENGINE_DEFAULT;
	start(f, spin);
	assert_int_equal(testvm_call(f->t.control, CTL_BT_STATS, "vcpu", "0",
	    &f->m), CTL_OK);
	assert_string_equal(field(&f->m, "bt.translations"), "");
	(void)number(&f->m, "bt.exits_poll");
	ask(f, CTL_BT_STATS);
	(void)number(&f->m, "bt.translations");
	assert_int_equal(testvm_call(f->t.control, CTL_BT_STATS, "vcpu", "1",
	    &f->m), CTL_ERROR);
	assert_non_null(strstr(field(&f->m, "message"), "no vCPU 1"));
}

static void
interpreter_has_no_bt_stats(void **state)
{
	struct fix *f = *state;

	f->cfg.engine = VM_ENGINE_INTERP;
	start(f, spin);
	assert_int_equal(testvm_call(f->t.control, CTL_PROFILE, NULL, NULL,
	    &f->m), CTL_ERROR);
	assert_int_equal(testvm_call(f->t.control, CTL_BT_STATS, NULL, NULL,
	    &f->m), CTL_ERROR);
	assert_non_null(strstr(field(&f->m, "message"), "translates nothing"));
}

static void
unknown_requests_are_refused_by_name(void **state)
{
	struct fix *f = *state;

	start(f, spin);
	assert_int_equal(testvm_call(f->t.control, (enum ctl_type)77, NULL,
	    NULL, &f->m), CTL_ERROR);
	assert_non_null(strstr(field(&f->m, "message"), "77"));
	ask(f, CTL_DESCRIBE);
}

/* Garbage ends its own connection and nothing else. */
static void
garbage_does_no_harm(void **state)
{
	struct fix *f = *state;
	char junk[CTL_MAX + 64];
	struct ctl_msg m;

	start(f, spin);
	memset(junk, 0xff, sizeof(junk));
	for (size_t n = 1; n < sizeof(junk); n = n * 2 + 3) {
		int fd = testvm_connect(&f->t);

		assert_true(fd >= 0);
		assert_int_equal(send(fd, junk, n, MSG_NOSIGNAL), n);
		assert_true(readable(fd));
		assert_true(ctl_recv(fd, &m) < 0);
		close(fd);
	}
	for (int i = 0; i < 40; i++)
		close(testvm_connect(&f->t));
	ask(f, CTL_DESCRIBE);
}

static void
subscribers_get_what_they_missed(void **state)
{
	struct fix *f = *state;
	uint64_t last = 0;
	uint64_t seq;

	start(f, spin);
	for (int i = 0; i < 200; i++) {
		ask(f, CTL_SUSPEND);
		ask(f, CTL_RESUME);
	}
	/* 401 events, the last 256 of which are kept, the others told as lost. */
	subscribe(f, "0");
	assert_true(readable(f->events));
	assert_int_equal(ctl_recv(f->events, &f->m), 0);
	assert_string_equal(field(&f->m, "what"), "lost");
	assert_string_equal(field(&f->m, "from"), "1");
	assert_string_equal(field(&f->m, "to"), "145");
	do {
		assert_true(readable(f->events));
		assert_int_equal(ctl_recv(f->events, &f->m), 0);
		assert_true(ctl_get_u64(&f->m, "seq", &seq));
		assert_true(last ? seq == last + 1 : seq == 401 - 255);
		last = seq;
	} while (last < 401);
}

static void
definition_is_kept_for_whoever_asks(void **state)
{
	static const char text[] = "id=7\n\n<domain/>";
	struct fix *f = *state;
	char buf[64] = "";

	f->cfg.definition_fd = memfd_create("definition", MFD_CLOEXEC);
	assert_int_equal(write(f->cfg.definition_fd, text, sizeof(text) - 1),
	    sizeof(text) - 1);
	start(f, spin);
	ask(f, CTL_DEFINITION);
	assert_true(f->m.fd >= 0);
	assert_int_equal(pread(f->m.fd, buf, sizeof(buf), 0),
	    sizeof(text) - 1);
	assert_string_equal(buf, text);
	close(f->m.fd);
	f->m.fd = -1;
}

/* The button of a guest that never enabled it, and what was asked for. */
static void
button_says_whether_the_guest_listens(void **state)
{
	struct fix *f = *state;
	char word[32];

	start(f, spin);
	assert_int_equal(testvm_call(f->t.control, CTL_SHUTDOWN, "then",
	    "reboot", &f->m), CTL_OK);
	assert_string_equal(field(&f->m, "button"), "disabled");
	ask(f, CTL_DESCRIBE);
	assert_string_equal(field(&f->m, "request"), "reboot");
	assert_int_equal(testvm_call(f->t.control, CTL_SHUTDOWN, "then",
	    "forget", &f->m), CTL_OK);
	ask(f, CTL_DESCRIBE);
	assert_false(ctl_get(&f->m, "request", word, sizeof(word)));
	assert_int_equal(testvm_call(f->t.control, CTL_SHUTDOWN, "then",
	    "tea", &f->m), CTL_ERROR);
}

/* Its last word, and what it said before it was killed without one. */
static void
bug_leaves_a_report(void **state)
{
	struct fix *f = *state;
	char report[4096];

	start(f, spin);
	kill(f->t.pid, SIGABRT);
	testvm_wait(&f->t, report, sizeof(report));
	assert_non_null(strstr(report, "state=crashed\nreason=bug\n"));
	assert_non_null(strstr(report, "vcpu0= cs="));
}

static void
fault_leaves_a_report(void **state)
{
	struct fix *f = *state;
	char report[4096];

	start(f, spin);
	kill(f->t.pid, SIGSEGV);
	testvm_wait(&f->t, report, sizeof(report));
	assert_non_null(strstr(report, "state=crashed\nreason=fault\n"));
	assert_non_null(strstr(report, "signal 11"));
}

static void
killed_monitor_leaves_what_it_did_last(void **state)
{
	struct fix *f = *state;
	char report[4096];

	start(f, spin);
	ask(f, CTL_SUSPEND);
	kill(f->t.pid, SIGKILL);
	testvm_wait(&f->t, report, sizeof(report));
	assert_non_null(strstr(report, "state=paused\nreason=user\n"));
	assert_non_null(strstr(report, "seq=2\n"));
}

static void
quit_is_answered_first(void **state)
{
	struct fix *f = *state;

	start(f, spin);
	ask(f, CTL_QUIT);
	assert_end(f, "state=shutoff", "reason=destroyed");
}

/* A machine cannot be had: the set-up answer says why. */
static void
broken_kernel_fails_the_set_up(void **state)
{
	struct fix *f = *state;
	struct err e = { 0 };

	f->cfg.kernel_fd = memfd_create("junk", MFD_CLOEXEC);
	assert_int_equal(write(f->cfg.kernel_fd, "#!/bin/sh\n", 10), 10);
	f->cfg.log_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_int_equal(testvm_start(&f->t, program, &f->cfg, &e), -1);
	assert_non_null(strstr(e.msg, "not a kernel: it looks like a script"));
	assert_non_null(strstr(e.hint, "bzImage"));
}

static void
what_is_not_built_is_refused_by_name(void **state)
{
	struct fix *f = *state;
	struct err e = { 0 };

	f->cfg.hpet = true;
	f->cfg.kernel_fd = image_of(guest_spin, 4);
	assert_int_equal(testvm_start(&f->t, program, &f->cfg, &e), -1);
	assert_non_null(strstr(e.msg, "hpet"));
}

static int
run_with(enum vm_engine which, const char *name)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(debug_exit_gives_its_code),
		T(power_off_ends_the_vm),
		T(triple_fault_in_a_run_is_a_crash),
		T(triple_faults_reset_until_the_brake_is_pulled),
		T(resets_start_the_kernel_again),
		T(reset_ends_the_vm_when_the_domain_says_so),
		T(stop_after_counts_instructions),
		T(preserved_vm_stays_to_be_looked_at),
		T(halt_without_interrupts_is_told),
		T(nmi_wakes_a_halted_guest),
		T(sigterm_is_an_orderly_end),
		T(halted_guest_costs_no_cpu),
		T(suspended_guest_costs_no_cpu_and_goes_on),
		T(guest_time_stands_still_while_suspended),
		T(console_carries_bytes_both_ways),
		T(late_viewers_get_the_ring_first),
		T(slow_viewer_does_not_stop_the_guest),
		T(serial_file_gets_every_byte),
		T(describe_says_who_it_is),
		T(profile_tells_where_time_goes),
		T(bt_stats_are_of_one_vcpu_or_all),
		T(interpreter_has_no_bt_stats),
		T(unknown_requests_are_refused_by_name),
		T(garbage_does_no_harm),
		T(subscribers_get_what_they_missed),
		T(definition_is_kept_for_whoever_asks),
		T(button_says_whether_the_guest_listens),
		T(bug_leaves_a_report),
		T(fault_leaves_a_report),
		T(killed_monitor_leaves_what_it_did_last),
		T(quit_is_answered_first),
		T(broken_kernel_fails_the_set_up),
		T(what_is_not_built_is_refused_by_name),
	};

	engine = which;
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int
main(int argc, char **argv)
{
	program = argc > 1 ? argv[1] : "bin/trivisor-monitor";
	return run_with(VM_ENGINE_INTERP, "interp") |
	    run_with(VM_ENGINE_DEFAULT, "bt");
}
