/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents that mean harm.  They are parsed in a process of their own that
 * may open nothing, connect to nothing and start nothing (a filter kills it),
 * with little memory and little time: each is refused, or read without
 * anything of that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/domain_parse.h"

#define HEAD "<domain type='trivisor'><name>h</name>" \
	"<memory unit='MiB'>64</memory><os><kernel>/k</kernel></os>"
#define WITH(x) HEAD x "</domain>"
#define MEMORY ((rlim_t)192 << 20)
#define SECONDS 3	/* of processor time, for one document */

#define MANY ((size_t)256 << 10)

enum verdict { REFUSED, ACCEPTED };

/* ---- the process --------------- */

static const int forbidden[] = {
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(creat),
	SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect),
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork),
	SCMP_SYS(vfork), SCMP_SYS(clone), SCMP_SYS(clone3),
	SCMP_SYS(stat), SCMP_SYS(access), SCMP_SYS(readlink),
	SCMP_SYS(newfstatat), SCMP_SYS(faccessat),
};

static void
lock_up(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	struct rlimit r = { MEMORY, MEMORY };
	size_t i;

	for (i = 0; i < ARRAY_LEN(forbidden); i++)
		if (!f || seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS,
		    forbidden[i], 0))
			_exit(99);
	if (seccomp_load(f) || setrlimit(RLIMIT_AS, &r))
		_exit(99);
	seccomp_release(f);
	r.rlim_cur = r.rlim_max = SECONDS;
	if (setrlimit(RLIMIT_CPU, &r))
		_exit(99);
}

/* 0: as it should be; else what is wrong. */
static int
parse(const char *text, size_t len, enum verdict want)
{
	struct domain_parse_opts opts[] = {
		{ .all = false }, { .all = true },
		{ .all = true, .strict = true },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(opts); i++) {
		struct domain_def *d = NULL;
		struct err e = { 0 };
		bool refused = domain_def_parse_opts(&d, text, len, &opts[i],
		    &e) || d->n_errors;

		if (d && d->n_problems > DOMAIN_MAX_PROBLEMS)
			return 3;
		domain_def_free(d);
		if (refused && (!e.msg[0] || !e.code))
			return 4;
		if (refused != (want == REFUSED) && !opts[i].strict)
			return refused ? 5 : 6;
	}
	return 0;
}

static void
must(const char *what, char *text, size_t len, enum verdict want)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		lock_up();
		_exit(parse(text, len, want));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	free(text);
	if (WIFSIGNALED(status))
		fail_msg("%s: killed by signal %d%s", what, WTERMSIG(status),
		    WTERMSIG(status) == SIGSYS ? ": it wanted out" : "");
	if (WEXITSTATUS(status))
		fail_msg("%s: %d", what, WEXITSTATUS(status));
}

/* begin, what n times, end. */
static char *
repeated(const char *begin, const char *what, size_t n, const char *end)
{
	size_t len = strlen(what), i;
	char *text = malloc(strlen(begin) + n * len + strlen(end) + 1), *s;

	assert_non_null(text);
	s = stpcpy(text, begin);
	for (i = 0; i < n; i++, s += len)
		memcpy(s, what, len);
	strcpy(s, end);
	return text;
}

/* ---- the documents --------------- */

static void
entities_and_dtds(void **state)
{
	static const struct { const char *what, *text; } t[] = {
		{ "billion laughs", "<!DOCTYPE d [<!ENTITY a 'lol'>"
		  "<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
		  "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>"
		  "<!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>"
		  "<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'>"
		  "<!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;'>"
		  "<!ENTITY g '&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;'>]>"
		  WITH("<title>&g;</title>") },
		{ "the same in an attribute", "<!DOCTYPE d ["
		  "<!ENTITY a 'lololololol'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>"
		  "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]>"
		  WITH("<vcpu cpuset='&c;'>1</vcpu>") },
		{ "an entity that is a file", "<!DOCTYPE d [<!ENTITY x SYSTEM "
		  "'file:///etc/passwd'>]>" WITH("<title>&x;</title>") },
		{ "an entity of the network", "<!DOCTYPE d [<!ENTITY x SYSTEM "
		  "'http://127.0.0.1:9/x'>]>" WITH("<title>&x;</title>") },
		{ "a parameter entity", "<!DOCTYPE d [<!ENTITY % p SYSTEM "
		  "'http://127.0.0.1:9/p.dtd'> %p;]>" WITH("") },
		{ "a DTD that is a file", "<!DOCTYPE domain SYSTEM "
		  "'/etc/passwd'>" WITH("") },
		{ "a DTD of the network", "<!DOCTYPE domain PUBLIC 'x' "
		  "'http://127.0.0.1:9/d.dtd'>" WITH("") },
		{ "defaulted attributes", "<!DOCTYPE d [<!ATTLIST domain type "
		  "CDATA 'kvm'>]>" WITH("") },
		{ "an entity that refers to itself", "<!DOCTYPE d [<!ENTITY a "
		  "'&b;'><!ENTITY b '&a;'>]>" WITH("<title>&a;</title>") },
		{ "an unknown entity", WITH("<title>&nosuch;</title>") },
		{ "a DOCTYPE behind a comment",
		  "<!-- x --><!DOCTYPE d SYSTEM 'x'>" WITH("") },
		{ "a DOCTYPE inside", WITH("<!DOCTYPE d SYSTEM 'x'>") },
		{ "a character that is none", WITH("<title>&#0;</title>") },
		{ "a surrogate", WITH("<title>&#xd800;</title>") },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++)
		must(t[i].what, strdup(t[i].text), strlen(t[i].text),
		    REFUSED);
}

/* What other parsers fetch, ours keeps as it is. */
static void
references_are_only_text(void **state)
{
	static const struct { const char *what, *text; } t[] = {
		{ "XInclude", WITH("<metadata xmlns:xi='http://www.w3.org/"
		  "2001/XInclude'><xi:include href='/etc/passwd' "
		  "parse='text'/></metadata>") },
		{ "XInclude in the root", WITH("<xi:include xmlns:xi='http://"
		  "www.w3.org/2001/XInclude' href='/etc/passwd'/>") },
		{ "a style sheet", "<?xml-stylesheet href='http://127.0.0.1:9/"
		  "x.xsl' type='text/xsl'?>" WITH("") },
		{ "a schema", "<domain type='trivisor' xmlns:xsi='http://"
		  "www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='u "
		  "http://127.0.0.1:9/x.xsd'><name>h</name><memory unit='MiB'>"
		  "64</memory><os><kernel>/k</kernel></os></domain>" },
		{ "xml:base", WITH("<metadata xml:base='http://127.0.0.1:9/'>"
		  "<a href='x'/></metadata>") },
		{ "a catalog", "<?oasis-xml-catalog catalog="
		  "'http://127.0.0.1:9/c'?>" WITH("") },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++)
		must(t[i].what, strdup(t[i].text), strlen(t[i].text),
		    ACCEPTED);
}

/* A declared encoding must not make iconv load a module. */
static void
encodings(void **state)
{
	static const char *const names[] = {
		"ISO-2022-JP", "UTF-7", "UTF-16", "EBCDIC-US", "SHIFT_JIS",
		"../../../tmp/evil", "nosuch", "UTF-32LE",
	};
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(text, sizeof(text), "<?xml version='1.0' encoding="
		    "'%s'?>" WITH(""), names[i]);
		/* Whether it is taken does not matter, only that it is safe. */
		must(names[i], strdup(text), strlen(text),
		    strchr(names[i], '/') ? REFUSED : ACCEPTED);
	}
	must("bytes that are no UTF-8", strdup(WITH("<title>\xff\xfe</title>")),
	    strlen(WITH("<title>\xff\xfe</title>")), REFUSED);
	must("an overlong slash", strdup(WITH("<title>\xc0\xaf</title>")),
	    strlen(WITH("<title>\xc0\xaf</title>")), REFUSED);
	must("UTF-16", memcpy(malloc(16), "\xff\xfe<\0d\0/\0>\0", 10), 10,
	    REFUSED);
	must("a NUL", memcpy(malloc(64), "<domain>\0</domain>", 18), 18,
	    REFUSED);
}

static void
too_much_of_something(void **state)
{
	char *text;

	(void)state;
#define MUST(what, make, verdict) \
	text = make; \
	must(what, text, strlen(text), verdict)
	MUST("64 levels more", repeated(HEAD, "<a>", 64, "</domain>"),
	    REFUSED);
	MUST("300000 levels", repeated("", "<a>", 300000, ""), REFUSED);
	MUST("10001 elements", repeated(HEAD, "<a/>", 9997, "</domain>"),
	    REFUSED);
	MUST("9999 elements", repeated(HEAD, "<a/>", 9995, "</domain>"),
	    ACCEPTED);
	MUST("9995 names", repeated(HEAD, "<name/>", 9995, "</domain>"),
	    REFUSED);
	MUST("9000 features", repeated(HEAD "<cpu><model>qemu64</model>",
	    "<feature name='a'/>", 9000, "</cpu></domain>"), REFUSED);
	MUST("65 attributes", repeated(HEAD "<vcpu", " a='1'", 65,
	    ">1</vcpu></domain>"), REFUSED);
	MUST("20000 attributes of different names", repeated(HEAD
	    "<vcpu a='1'", " b='1'", 20000, ">1</vcpu></domain>"), REFUSED);
	MUST("5000 namespaces", repeated(HEAD "<vcpu", " xmlns:a='urn:a'",
	    5000, ">1</vcpu></domain>"), REFUSED);
	MUST("an attribute of 900 KB", repeated(HEAD "<x:y xmlns:x='u' a='",
	    "0123456789", 90000, "'/></domain>"), ACCEPTED);
	MUST("a cpuset of 900 KB", repeated(HEAD "<vcpu cpuset='", "0,1,2,3,",
	    112000, "0'>1</vcpu></domain>"), REFUSED);
	MUST("a text of 900 KB", repeated(HEAD "<title>", "0123456789",
	    90000, "</title></domain>"), REFUSED);
	MUST("a description of 900 KB", repeated(HEAD "<description>",
	    "0123456789", 90000, "</description></domain>"), ACCEPTED);
	MUST("2 MB", repeated(HEAD "<description>", "0123456789", 200000,
	    "</description></domain>"), REFUSED);
	MUST("a name of 60 KB", repeated(HEAD "<", "abcdefghij", 4000,
	    "/></domain>"), ACCEPTED);
	MUST("a root of 60 KB", repeated("<", "abcdefghij", 4000,
	    "><b/></q>"), REFUSED);
	MUST("200000 character references", repeated(HEAD "<description>",
	    "&amp;", 200000, "</description></domain>"), ACCEPTED);
	MUST("100000 comments", repeated(HEAD, "<!---->", 100000,
	    "</domain>"), ACCEPTED);
	MUST("60000 CDATA sections", repeated(HEAD "<description>",
	    "<![CDATA[]]>", 60000, "</description></domain>"), ACCEPTED);
	MUST("100000 openings of a comment", repeated(HEAD, "<!--", 100000,
	    "</domain>"), REFUSED);
	MUST("quotes without an end", repeated(HEAD "<a b='", "><'\"", 9001,
	    ""), REFUSED);
#undef MUST
}

/* One thing again and again, wherever it may stand. */
static void
nothing_grows_with_the_square(void **state)
{
	static const char *const things[] = {
		"<", ">", "&", "]]>", "]]", "<![CDATA[", "<?a", "<?a ?>",
		"<?", "?>", "<!", "<!-", "<!--", "-->", "--", "<a", "<a ",
		"<a>", "<a:b ", "<a:b/>", "</a>", "<a><b></a>", "&#", "&#1;",
		"&#x41;", "&a;", "&amp;", "a='b' ", "a:a='b' ", "a=", "'",
		"\"", "xmlns:a='' ", "xmlns='u' ", "\n", "\r", "\t", "\x01",
		"\xff", "\xc3\xa9", "\xf0\x9f\x98\x80", "<a/>",
		"<a b='<' ", "<a b='&' ", "<!DOCTYPE a [", "<!ENTITY a 'b'>",
		"%a;", "xml:space='x' ", "<?xml version='1.0'?>", "<x:a "
		"xmlns:x='u'>",
	};
	static const char *const places[] = {
		"", HEAD, HEAD "<description>", HEAD "<vcpu cpuset='",
		HEAD "<vcpu ", HEAD "<!-- ", HEAD "<![CDATA[", HEAD "<?a ",
		WITH(""), HEAD "<a:b xmlns:a='u' ", "<!DOCTYPE a [",
		HEAD "</", HEAD "<metadata><a b=\"",
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LEN(places); i++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			lock_up();
			for (j = 0; j < ARRAY_LEN(things); j++) {
				struct domain_def *d = NULL;
				struct err e = { 0 };
				char *text = repeated(places[i], things[j],
				    MANY / strlen(things[j]), "");

				if (domain_def_parse(&d, text, strlen(text),
				    &e) == 0)
					domain_def_free(d);
				free(text);
			}
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			fail_msg("behind %s: status %#x", places[i], status);
	}
}

/* The filter does what the other tests rely on. */
static void
the_cage_is_shut(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (!pid) {
		lock_up();
		_exit(open("/dev/null", O_RDONLY) >= 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cage_is_shut),
		cmocka_unit_test(entities_and_dtds),
		cmocka_unit_test(references_are_only_text),
		cmocka_unit_test(encodings),
		cmocka_unit_test(too_much_of_something),
		cmocka_unit_test(nothing_grows_with_the_square),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
