/* SPDX-License-Identifier: Apache-2.0 */
/* The debugger's stub, spoken to in its own protocol, on both engines. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/tools/testvm.h"

#define LOAD 0x100000u

/*
 * A loop that counts in EBX and calls:
 *	100020	mov $0x9000, %esp
 *	100025	mov $0, %ebx
 *	10002a	inc %ebx
 *	10002b	call 0x100035
 *	100030	jmp 0x10002a
 *	100035	nop
 *	100036	ret
 */
static const uint8_t code[] = {
	0xbc, 0, 0x90, 0, 0, 0xbb, 0, 0, 0, 0, 0x43, 0xe8, 5, 0, 0, 0,
	0xeb, 0xf8, 0x90, 0x90, 0x90, 0x90, 0xc3,
};

struct fix {
	struct testvm t;
	int gdb;
	char reply[8192];
	struct sockaddr_un sun;
};

static const char *program;
static enum vm_engine engine;

static int
listener(struct fix *f)
{
	socklen_t len = sizeof(f->sun);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	f->sun.sun_family = AF_UNIX;
	assert_int_equal(bind(fd, (struct sockaddr *)&f->sun,
	    sizeof(f->sun.sun_family)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&f->sun, &len), 0);
	assert_int_equal(listen(fd, 1), 0);
	f->gdb = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(f->gdb, (struct sockaddr *)&f->sun, len), 0);
	return fd;
}

static int
image(void)
{
	uint32_t h[8] = { 0x1badb002, 0x10000, 0, LOAD, LOAD, 0, 0,
		LOAD + sizeof(h) };
	int fd = memfd_create("guest", MFD_CLOEXEC);

	h[2] = 0u - h[0] - h[1];
	assert_int_equal(write(fd, h, sizeof(h)), sizeof(h));
	assert_int_equal(write(fd, code, sizeof(code)), sizeof(code));
	return fd;
}

static int
setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));
	struct vm_config cfg;
	struct err e = { 0 };

	vm_config_init(&cfg);
	vm_uuid_new(cfg.uuid);
	strcpy(cfg.name, "gdb");
	strcpy(cfg.kernel_name, "guest");
	cfg.mode = VM_MODE_BT;
	cfg.engine = engine;
	cfg.memory = 16 << 20;
	cfg.gdb_fd = listener(f);
	cfg.kernel_fd = image();
	cfg.log_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (testvm_start(&f->t, program, &cfg, &e))
		fail_msg("%s", e.msg);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fix *f = *state;

	close(f->gdb);
	testvm_stop(&f->t);
	free(f);
	return 0;
}

static char
next(struct fix *f)
{
	struct pollfd p = { .fd = f->gdb, .events = POLLIN };
	char ch;

	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_int_equal(read(f->gdb, &ch, 1), 1);
	return ch;
}

/* The next packet's text; acknowledgements are skipped. */
static const char *
receive(struct fix *f)
{
	uint8_t sum = 0;
	char want[3];
	size_t n = 0;
	char ch;

	do
		ch = next(f);
	while (ch == '+');
	assert_int_equal(ch, '$');
	while ((ch = next(f)) != '#') {
		assert_true(n < sizeof(f->reply) - 1);
		f->reply[n++] = ch;
		sum = (uint8_t)(sum + (uint8_t)ch);
	}
	f->reply[n] = '\0';
	snprintf(want, sizeof(want), "%02x", sum);
	assert_int_equal(next(f), want[0]);
	assert_int_equal(next(f), want[1]);
	return f->reply;
}

static void
send_text(struct fix *f, const char *text)
{
	char buf[512];
	uint8_t sum = 0;
	int n;

	for (const char *p = text; *p; p++)
		sum = (uint8_t)(sum + (uint8_t)*p);
	n = snprintf(buf, sizeof(buf), "$%s#%02x", text, sum);
	assert_int_equal(write(f->gdb, buf, (size_t)n), n);
}

static const char *
ask(struct fix *f, const char *text)
{
	send_text(f, text);
	return receive(f);
}

/* Little-endian hexadecimal at register n of the 32-bit layout. */
static uint32_t
reg(struct fix *f, unsigned n)
{
	char packet[16];
	uint32_t v = 0;

	snprintf(packet, sizeof(packet), "p%x", n);
	ask(f, packet);
	assert_int_equal(strlen(f->reply), 8);
	for (int i = 3; i >= 0; i--) {
		unsigned byte;

		assert_int_equal(sscanf(f->reply + 2 * i, "%2x", &byte), 1);
		v = v << 8 | byte;
	}
	return v;
}

enum { EBX = 3, EIP = 8 };

static void
attaching_stops_the_guest(void **state)
{
	struct fix *f = *state;
	uint32_t ebx;

	assert_string_equal(ask(f, "?"), "T05thread:1;");
	ebx = reg(f, EBX);
	assert_true(reg(f, EIP) >= LOAD && reg(f, EIP) < LOAD + 0x100);
	assert_int_equal(reg(f, EBX), ebx);
	assert_string_equal(ask(f, "qfThreadInfo"), "m1");
	assert_string_equal(ask(f, "qC"), "QC1");
	assert_non_null(strstr(ask(f, "qSupported:x"), "qXfer:features"));
	assert_string_equal(ask(f, "vMustReplyEmpty"), "");
}

static void
breakpoint_and_steps_go_where_they_should(void **state)
{
	struct fix *f = *state;
	uint32_t ebx;

	assert_string_equal(ask(f, "Z0,10002a,1"), "OK");
	assert_string_equal(ask(f, "c"), "T05thread:1;");
	assert_int_equal(reg(f, EIP), 0x10002a);
	ebx = reg(f, EBX);
	/* Once around the loop. */
	assert_string_equal(ask(f, "c"), "T05thread:1;");
	assert_int_equal(reg(f, EBX), ebx + 1);
	assert_string_equal(ask(f, "z0,10002a,1"), "OK");
	assert_string_equal(ask(f, "s"), "T05thread:1;");
	assert_int_equal(reg(f, EIP), 0x10002b);
	assert_string_equal(ask(f, "s"), "T05thread:1;");
	assert_int_equal(reg(f, EIP), 0x100035);
}

static void
memory_can_be_read_and_written(void **state)
{
	struct fix *f = *state;

	assert_string_equal(ask(f, "m100020,5"), "bc00900000");
	assert_string_equal(ask(f, "M8000,4:01020304"), "OK");
	assert_string_equal(ask(f, "m8000,4"), "01020304");
	/* ROM is written by a debugger, holes by nobody. */
	assert_string_equal(ask(f, "Me8000,1:5a"), "OK");
	assert_string_equal(ask(f, "me8000,1"), "5a");
	assert_string_equal(ask(f, "ma0000,4"), "E0e");
	assert_string_equal(ask(f, "Ma0000,1:00"), "E0e");
	assert_string_equal(ask(f, "m7fffffffffffffff,ffffffffffffffff"),
	    "E0e");
}

/* Code written under a translation is what runs next. */
static void
registers_and_code_can_be_changed(void **state)
{
	struct fix *f = *state;

	assert_string_equal(ask(f, "Z1,100030,1"), "OK");
	assert_string_equal(ask(f, "c"), "T05thread:1;");
	assert_string_equal(ask(f, "P3=78563412"), "OK");
	assert_int_equal(reg(f, EBX), 0x12345678);
	/* dec %ebx instead of inc. */
	assert_string_equal(ask(f, "M10002a,1:4b"), "OK");
	assert_string_equal(ask(f, "c"), "T05thread:1;");
	assert_int_equal(reg(f, EBX), 0x12345677);
	assert_string_equal(ask(f, "z1,100030,1"), "OK");
	send_text(f, "c");
	assert_int_equal(write(f->gdb, "\3", 1), 1);
	assert_string_equal(receive(f), "T02thread:1;");
	assert_true(reg(f, EBX) <= 0x12345677);
}

static void
running_guest_can_be_interrupted_and_left(void **state)
{
	struct fix *f = *state;
	struct ctl_msg m;

	send_text(f, "c");
	assert_int_equal(write(f->gdb, "\3", 1), 1);
	assert_string_equal(receive(f), "T02thread:1;");
	assert_string_equal(ask(f, "D"), "OK");
	assert_int_equal(testvm_call(f->t.control, CTL_SUSPEND, NULL, NULL,
	    &m), CTL_OK);
}

static void
nonsense_is_answered_or_ignored(void **state)
{
	static const char *const packets[] = {
		"", "m", "m,", "mzz,1", "M0,5:00", "G00", "P", "Pff=00", "pff",
		"Z0", "Z0,", "Z9,0,1", "z0", "Hg99", "T", "T0", "X", "qXfer:",
		"qXfer:features:read:target.xml:zz", "\x7f\x01",
	};
	struct fix *f = *state;
	char big[9000];

	for (size_t i = 0; i < ARRAY_LEN(packets); i++)
		ask(f, packets[i]);
	/* A wrong checksum is asked for again. */
	assert_int_equal(write(f->gdb, "$?#00", 5), 5);
	while (next(f) != '-')
		continue;
	/* A packet without an end ends the connection, not the monitor. */
	memset(big, 'x', sizeof(big));
	big[0] = '$';
	assert_true(write(f->gdb, big, sizeof(big)) > 0);
	while (read(f->gdb, big, sizeof(big)) > 0)
		continue;
	close(f->gdb);
	f->gdb = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(f->gdb, (struct sockaddr *)&f->sun,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 6)), 0);
	assert_string_equal(ask(f, "?"), "T05thread:1;");
}

static int
run_with(enum vm_engine which, const char *name)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(attaching_stops_the_guest),
		T(breakpoint_and_steps_go_where_they_should),
		T(memory_can_be_read_and_written),
		T(registers_and_code_can_be_changed),
		T(running_guest_can_be_interrupted_and_left),
		T(nonsense_is_answered_or_ignored),
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
