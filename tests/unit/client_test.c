/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api/client.c against what a daemon might say.  The answers are put into the
 * socket before the call, so there is no second thread to wait for.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/client.h"

static struct client *
connected(int *peer)
{
	struct client *c;
	struct err e;
	int s[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	c = client_new(s[0], &e);
	assert_non_null(c);
	client_set_timeout(c, 1000);
	*peer = s[1];
	return c;
}

static void
say(int peer, const char *text, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)text, strlen(text) };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *h;

		mh.msg_control = control.buf;
		mh.msg_controllen = sizeof(control.buf);
		h = CMSG_FIRSTHDR(&mh);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &fd, sizeof(int));
	}
	assert_int_equal(sendmsg(peer, &mh, 0), (ssize_t)strlen(text));
}

#define EVENT(n) "{\"jsonrpc\":\"2.0\",\"method\":\"event\"," \
	"\"params\":{\"seq\":" #n "}}\n"

static void
result_comes_back_and_the_request_is_a_line(void **state)
{
	struct json_object *r;
	char sent[256];
	struct err e;
	int peer;
	struct client *c = connected(&peer);

	(void)state;
	say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":5}}\n", -1);
	assert_int_equal(client_call(c, "x.y", NULL, &r, NULL, &e), 0);
	assert_int_equal(json_object_get_int(json_object_object_get(r, "a")),
	    5);
	json_object_put(r);
	sent[recv(peer, sent, sizeof(sent) - 1, 0)] = '\0';
	assert_string_equal(sent,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x.y\"}\n");
	client_free(c);
	close(peer);
}

static void
error_is_told_whole(void **state)
{
	struct json_object *r;
	struct err e;
	int peer;
	struct client *c = connected(&peer);

	(void)state;
	say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":42,"
	    "\"message\":\"no\",\"data\":{\"line\":3,\"field\":\"f\","
	    "\"errno\":2,\"hint\":\"h\"}}}", -1);
	assert_int_not_equal(client_call(c, "x", NULL, &r, NULL, &e), 0);
	assert_null(r);
	assert_int_equal(e.code, 42);
	assert_int_equal(e.line, 3);
	assert_int_equal(e.sys, 2);
	assert_string_equal(e.msg, "no");
	assert_string_equal(e.element, "f");
	assert_string_equal(e.hint, "h");
	client_free(c);
	close(peer);
}

static void
events_before_the_answer_are_kept(void **state)
{
	struct json_object *ev;
	struct err e;
	int peer, i;
	struct client *c = connected(&peer);

	(void)state;
	say(peer, EVENT(1) EVENT(2)
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n" EVENT(3), -1);
	assert_int_equal(client_call(c, "x", NULL, NULL, NULL, &e), 0);
	for (i = 1; i <= 3; i++) {
		assert_int_equal(client_event(c, &ev, 0, &e), 1);
		assert_int_equal(json_object_get_int(
		    json_object_object_get(ev, "seq")), i);
		json_object_put(ev);
	}
	assert_int_equal(client_event(c, &ev, 0, &e), 0);
	close(peer);
	assert_int_equal(client_event(c, &ev, 0, &e), -EPIPE);
	client_free(c);
}

static void
descriptor_comes_with_the_answer(void **state)
{
	int peer, fd, p[2];
	struct err e;
	struct client *c = connected(&peer);
	char byte = 0;

	(void)state;
	assert_int_equal(pipe(p), 0);
	say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n", p[1]);
	assert_int_equal(client_call(c, "x", NULL, NULL, &fd, &e), 0);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "!", 1), 1);
	assert_int_equal(read(p[0], &byte, 1), 1);
	assert_int_equal(byte, '!');
	close(fd);
	close(p[0]);
	close(p[1]);
	client_free(c);
	close(peer);
}

static void
broken_daemons_are_errors(void **state)
{
	static const char *const t[] = {
		"hello\n", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":}\n",
		"{\"a\":1,\"a\":2}\n",
	};
	struct err e;
	size_t i;
	int peer;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct client *c = connected(&peer);

		say(peer, t[i], -1);
		assert_int_not_equal(client_call(c, "x", NULL, NULL, NULL,
		    &e), 0);
		assert_int_equal(e.code, ERR_RPC);
		client_free(c);
		close(peer);
	}
}

static void
silence_times_out(void **state)
{
	struct err e;
	int peer;
	struct client *c = connected(&peer);

	(void)state;
	client_set_timeout(c, 0);
	assert_int_not_equal(client_call(c, "x", NULL, NULL, NULL, &e), 0);
	assert_int_equal(e.code, ERR_OPERATION_TIMEOUT);
	client_free(c);
	close(peer);
}

static void
missing_daemon_is_told_with_a_way_out(void **state)
{
	struct err e;

	(void)state;
	assert_null(client_open("/nonexistent/sock", &e));
	assert_int_equal(e.sys, ENOENT);
	assert_non_null(strstr(e.hint, "trivisord"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(result_comes_back_and_the_request_is_a_line),
		cmocka_unit_test(error_is_told_whole),
		cmocka_unit_test(events_before_the_answer_are_kept),
		cmocka_unit_test(descriptor_comes_with_the_answer),
		cmocka_unit_test(broken_daemons_are_errors),
		cmocka_unit_test(silence_times_out),
		cmocka_unit_test(missing_daemon_is_told_with_a_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
