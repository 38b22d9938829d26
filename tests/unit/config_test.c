/* SPDX-License-Identifier: Apache-2.0 */
/* vm/: the configuration's rules and journey, control messages. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vm/config.h"
#include "vm/tune.h"
#include "vm/control.h"

static void
good(struct vm_config *c)
{
	vm_config_init(c);
	strcpy(c->name, "demo");
	strcpy(c->uuid, "00000000-1111-4222-8333-444444444444");
}

static void
defaults_pass(void **state)
{
	struct vm_config c;
	struct err e;

	(void)state;
	good(&c);
	assert_int_equal(vm_config_check(&c, &e), 0);
	assert_int_equal(c.vcpus, 1);
	assert_int_equal(c.n_serials, 1);
	assert_int_equal(c.kernel_fd, -1);
}

static void bad_memory(struct vm_config *c) { c->memory = 4096; }
static void odd_memory(struct vm_config *c) { c->memory += 1; }
static void big_memory(struct vm_config *c) { c->memory = VM_MAX_MEMORY * 2; }
static void no_vcpu(struct vm_config *c) { c->vcpus = 0; }
static void many_vcpus(struct vm_config *c) { c->vcpus = 17; }
static void many_serials(struct vm_config *c) { c->n_serials = 5; }
static void bad_name(struct vm_config *c) { strcpy(c->name, "../x"); }
static void no_name(struct vm_config *c) { c->name[0] = '\0'; }
static void dash_name(struct vm_config *c) { strcpy(c->name, "-x"); }
static void bad_uuid(struct vm_config *c) { c->uuid[3] = 'X'; }
static void bad_cmdline(struct vm_config *c) { strcpy(c->cmdline, "a\nb"); }
static void bad_without(struct vm_config *c)
{ strcpy(c->host_without, "a b"); }
static void bad_disable(struct vm_config *c) { strcpy(c->bt_disable, "/"); }
static void tiny_cache(struct vm_config *c) { c->code_cache = 4096; }
static void odd_tlb(struct vm_config *c) { c->tlb_entries = 3; }
static void interp_pv(struct vm_config *c)
{ c->engine = VM_ENGINE_INTERP; c->mode = VM_MODE_PV; }

static void
each_rule_names_its_field(void **state)
{
	static const struct {
		void (*spoil)(struct vm_config *c);
		const char *field;
	} t[] = {
		{ bad_memory, "memory" }, { odd_memory, "memory" },
		{ big_memory, "memory" }, { no_vcpu, "vcpus" },
		{ many_vcpus, "vcpus" }, { many_serials, "n_serials" },
		{ bad_name, "name" }, { no_name, "name" },
		{ dash_name, "name" }, { bad_uuid, "uuid" },
		{ bad_cmdline, "cmdline" }, { bad_without, "host_without" },
		{ bad_disable, "bt_disable" }, { tiny_cache, "code_cache" },
		{ odd_tlb, "tlb_entries" }, { interp_pv, "engine" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct vm_config c;
		struct err e = { 0 };

		good(&c);
		t[i].spoil(&c);
		assert_int_not_equal(vm_config_check(&c, &e), 0);
		assert_string_equal(e.element, t[i].field);
	}
}

static void
fill(struct vm_config *c)
{
	good(c);
	c->memory = 512u << 20;
	c->vcpus = 2;
	c->mode = VM_MODE_BT;
	c->engine = VM_ENGINE_INTERP;
	/* The worst for the packet: each byte takes three. */
	memset(c->cmdline, '%', sizeof(c->cmdline) - 1);
	c->on_crash = VM_ACTION_PRESERVE;
	c->clock_offset = VM_CLOCK_LOCALTIME;
	c->debug_exit = true;
	c->n_serials = 2;
	c->start_paused = true;
	c->triple_fault_crashes = true;
	strcpy(c->host_without, "avx512,bmi2");
	c->tlb_entries = 1;
	c->stop_after = UINT64_MAX;
	strcpy(c->kernel_name, "/boot/a=b\nc");
	c->host_pid = 4711;
	strcpy(c->sandbox, "pid_ns=on|root=off: no such thing");
	c->kernel_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	c->serial_fd[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static void
assert_same_file(int a, int b)
{
	struct stat sa, sb;

	assert_int_equal(fstat(a, &sa), 0);
	assert_int_equal(fstat(b, &sb), 0);
	assert_int_equal(sa.st_rdev, sb.st_rdev);
}

static void
config_survives_the_journey(void **state)
{
	struct vm_config a, b;
	struct err e = { 0 };
	int s[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	fill(&a);
	assert_int_equal(vm_config_send(s[0], &a, &e), 0);
	assert_int_equal(vm_config_recv(s[1], &b, &e), 0);
	assert_string_equal(a.cmdline, b.cmdline);
	assert_string_equal(a.kernel_name, b.kernel_name);
	assert_string_equal(a.uuid, b.uuid);
	assert_int_equal(b.memory, a.memory);
	assert_int_equal(b.host_pid, 4711);
	assert_string_equal(a.sandbox, b.sandbox);
	assert_int_equal(b.engine, VM_ENGINE_INTERP);
	assert_int_equal(b.on_crash, VM_ACTION_PRESERVE);
	assert_int_equal(b.clock_offset, VM_CLOCK_LOCALTIME);
	assert_true(b.debug_exit && b.start_paused && b.triple_fault_crashes);
	assert_int_equal(b.stop_after, UINT64_MAX);
	assert_int_equal(b.initrd_fd, -1);
	assert_int_equal(b.serial_fd[0], -1);
	assert_same_file(a.kernel_fd, b.kernel_fd);
	assert_same_file(a.serial_fd[1], b.serial_fd[1]);
	assert_true(fcntl(b.kernel_fd, F_GETFD) & FD_CLOEXEC);
	vm_config_fini(&a);
	vm_config_fini(&b);
	close(s[0]);
	close(s[1]);
}

static void
receiver_checks_for_itself(void **state)
{
	static const char *const bodies[] = {
		"", "name=x\n", "fds=kernel\n", "fds=\nname=demo\n",
		"fds=bogus\n", "garbage",
	};
	struct vm_config c;
	struct ctl_msg m;
	struct err e;
	size_t i;
	int s[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	for (i = 0; i < ARRAY_LEN(bodies); i++) {
		ctl_msg_init(&m, CTL_CONFIG, 0);
		m.len = strlen(bodies[i]);
		memcpy(m.body, bodies[i], m.len + 1);
		assert_int_equal(ctl_send(s[0], &m), 0);
		assert_int_not_equal(vm_config_recv(s[1], &c, &e), 0);
	}
	close(s[0]);
	assert_int_not_equal(vm_config_recv(s[1], &c, &e), 0);
	close(s[1]);
}

static int
open_fds(void)
{
	int n = 0, fd;

	for (fd = 0; fd < 64; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* A descriptor that belongs to no field must not stay open. */
static void
refused_config_leaks_no_descriptor(void **state)
{
	struct vm_config c;
	struct ctl_msg m;
	struct err e;
	int s[2], before;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	before = open_fds();
	ctl_msg_init(&m, CTL_CONFIG, 0);
	ctl_put(&m, "fds", "kernel");
	m.fd = s[0];
	assert_int_equal(ctl_send(s[0], &m), 0);
	assert_int_not_equal(vm_config_recv(s[1], &c, &e), 0);
	assert_int_equal(open_fds(), before);
	close(s[0]);
	close(s[1]);
}

static void
fields_come_back_as_they_were_put(void **state)
{
	char text[64], key[16];
	struct ctl_msg m;
	size_t pos = 0;
	uint64_t v;

	(void)state;
	ctl_msg_init(&m, CTL_OK, 1);
	assert_int_equal(ctl_put(&m, "a", "%s", "x=%\n\x7f"), 0);
	assert_int_equal(ctl_put(&m, "n", "%d", 42), 0);
	assert_int_equal(ctl_put(&m, "a", "second"), 0);
	assert_true(ctl_get(&m, "a", text, sizeof(text)));
	assert_string_equal(text, "x=%\n\x7f");
	assert_true(ctl_get_u64(&m, "n", &v));
	assert_int_equal(v, 42);
	assert_false(ctl_get(&m, "b", text, sizeof(text)));
	assert_false(ctl_get(&m, "a", text, 3));
	assert_false(ctl_get_u64(&m, "a", &v));
	assert_true(ctl_next(&m, &pos, key, sizeof(key), text, sizeof(text)));
	assert_true(ctl_next(&m, &pos, key, sizeof(key), text, sizeof(text)));
	assert_true(ctl_next(&m, &pos, key, sizeof(key), text, sizeof(text)));
	assert_string_equal(text, "second");
	assert_false(ctl_next(&m, &pos, key, sizeof(key), text, sizeof(text)));
}

static void
full_message_stays_whole(void **state)
{
	static char big[CTL_MAX - 10];
	struct ctl_msg m;
	size_t len;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	ctl_msg_init(&m, CTL_OK, 1);
	assert_int_equal(ctl_put(&m, "k", "%s", big), 0);
	len = m.len;
	assert_int_equal(ctl_put(&m, "more", "%s", "0123456789"), -ENOSPC);
	assert_int_equal(m.len, len);
	assert_int_equal(strlen(m.body), len);
}

static void
bad_escapes_count_as_absent(void **state)
{
	static const char *const bodies[] = {
		"k=%\n", "k=%4\n", "k=%zz\n", "k=%00\n", "k", "",
	};
	struct ctl_msg m;
	char text[8];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bodies); i++) {
		ctl_msg_init(&m, CTL_OK, 1);
		m.len = strlen(bodies[i]);
		memcpy(m.body, bodies[i], m.len + 1);
		assert_false(ctl_get(&m, "k", text, sizeof(text)));
	}
}

static void
garbage_packets_are_refused(void **state)
{
	static const char nul[] = "\x31VRT\1\0\0\0\0\0\0\0\0\0\0\0a=\0b\n";
	struct ctl_msg m;
	char big[CTL_MAX + 64] = { 0 };
	uint32_t magic = CTL_MAGIC;
	int s[2];

	(void)state;
	memcpy(big, &magic, sizeof(magic));
	memset(big + sizeof(struct ctl_header), 'x', CTL_MAX);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	assert_true(send(s[0], "x", 1, 0) == 1);
	assert_int_equal(ctl_recv(s[1], &m), -EPROTO);
	assert_true(send(s[0], nul, sizeof(nul) - 1, 0) > 0);
	assert_int_equal(ctl_recv(s[1], &m), -EPROTO);
	assert_true(send(s[0], big, sizeof(big), 0) > 0);
	assert_int_equal(ctl_recv(s[1], &m), -EPROTO);
	close(s[0]);
	assert_int_equal(ctl_recv(s[1], &m), -EPIPE);
	close(s[1]);
}

static void
errors_travel(void **state)
{
	struct err a = { 0 }, b = { 0 };
	struct ctl_msg m;

	(void)state;
	err_set_sys(&a, ENOENT, "kernel");
	err_hint(&a, "look");
	a.line = 3;
	ctl_msg_init(&m, CTL_ERROR, 1);
	ctl_put_err(&m, &a);
	ctl_get_err(&m, &b);
	assert_string_equal(a.msg, b.msg);
	assert_string_equal(b.hint, "look");
	assert_int_equal(b.code, ERR_SYSTEM_ERROR);
	assert_int_equal(b.sys, ENOENT);
	assert_int_equal(b.line, 3);
}

static void
new_uuids_are_valid_and_differ(void **state)
{
	char a[37], b[37];

	(void)state;
	vm_uuid_new(a);
	vm_uuid_new(b);
	assert_true(vm_uuid_ok(a));
	assert_int_equal(a[14], '4');
	assert_string_not_equal(a, b);
}

static void
cpusets_as_text(void **state)
{
	static const struct { const char *text, *again; } t[] = {
		{ "0", "0" }, { "0-3", "0-3" }, { "0-3,^1", "0,2-3" },
		{ " 7 , 1 - 2 ", "1-2,7" }, { "1023", "1023" },
		{ "62-65", "62-65" }, { "0-1023", "0-1023" },
		{ "", NULL }, { "x", NULL }, { "1024", NULL }, { "3-1", NULL },
		{ "1,", NULL }, { "1-", NULL }, { "^0", NULL },
		{ "0,^0", NULL }, { "1 2", NULL }, { "^0-3", NULL },
		{ "99999999999999999999", NULL }, { "-1", NULL },
	};
	struct vm_cpuset s;
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		if (vm_cpuset_parse(t[i].text, &s) != !!t[i].again)
			fail_msg("\"%s\"", t[i].text);
		if (!t[i].again)
			continue;
		assert_true(vm_cpuset_print(&s, text, sizeof(text)));
		assert_string_equal(text, t[i].again);
	}
	assert_true(vm_cpuset_parse("0,2,4,6,8", &s));
	assert_false(vm_cpuset_print(&s, text, 9));
	assert_true(vm_cpuset_has(&s, 8) && !vm_cpuset_has(&s, 1024));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_pass),
		cmocka_unit_test(each_rule_names_its_field),
		cmocka_unit_test(config_survives_the_journey),
		cmocka_unit_test(receiver_checks_for_itself),
		cmocka_unit_test(refused_config_leaks_no_descriptor),
		cmocka_unit_test(fields_come_back_as_they_were_put),
		cmocka_unit_test(full_message_stays_whole),
		cmocka_unit_test(bad_escapes_count_as_absent),
		cmocka_unit_test(garbage_packets_are_refused),
		cmocka_unit_test(errors_travel),
		cmocka_unit_test(new_uuids_are_valid_and_differ),
		cmocka_unit_test(cpusets_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
