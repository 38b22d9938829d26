/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api/domain_xml.c: good documents and what is made of them, bad documents
 * and where the error points, and the guards around libxml2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/domain_xml.h"

#define HEAD "<domain type='trivisor'><name>demo</name>"
#define MEM "<memory unit='MiB'>64</memory>"
#define OS "<os><type>hvm</type><kernel>/k</kernel></os>"
#define WITH(x) HEAD MEM OS x "</domain>"
#define DEV(x) WITH("<devices>" x "</devices>")
#define CPU(x) WITH("<cpu mode='host-passthrough'>" x "</cpu>")
#define TYPE(t, x) "<domain type='" t "' xmlns:trivisor='" TRIVISOR_XMLNS \
	"'><name>demo</name>" MEM OS x "</domain>"

static struct domain_def *
parse(const char *xml, struct err *e)
{
	struct domain_def *d = NULL;

	memset(e, 0, sizeof(*e));
	if (domain_def_parse(&d, xml, strlen(xml), e))
		return NULL;
	return d;
}

static struct domain_def *
must_parse(const char *xml)
{
	struct err e;
	struct domain_def *d = parse(xml, &e);

	if (!d)
		fail_msg("%s\n%s", xml, e.msg);
	return d;
}

static void
good_documents_parse(void **state)
{
	static const struct { const char *xml; size_t warnings; } t[] = {
		{ WITH(""), 0 },
		{ WITH("<on_reboot>destroy</on_reboot><vcpu>2</vcpu>"), 0 },
		{ WITH("<!-- c --><?pi x?>\n<title>t</title>"), 0 },
		{ WITH("<metadata><x:y xmlns:x='urn:x'><x:z/></x:y></metadata>"),
		  0 },
		{ WITH("<x:y xmlns:x='urn:x'/>"), 0 },
		{ WITH("<nonsense a='1'><b/></nonsense>"), 1 },
		{ WITH("<vcpu colour='red'>1</vcpu>"), 1 },
		{ WITH("<currentMemory unit='MiB'>64</currentMemory>"), 0 },
		{ WITH("<currentMemory unit='MiB'>32</currentMemory>"), 1 },
		{ WITH("<iothreads>2</iothreads><pm/>"), 2 },
		{ WITH("<features><acpi/><apic/><pae/></features>"), 0 },
		{ WITH("<features><hyperv><relaxed state='off'/></hyperv>"
		  "<vmport state='off'/></features>"), 2 },
		{ WITH("<cpu mode='host-passthrough' check='none' "
		  "migratable='on'/>"), 0 },
		{ CPU("<feature policy='optional' name='avx'/>"), 0 },
		{ WITH("<cpu mode='custom'/>"), 0 },
		{ WITH("<clock offset='variable'/>"), 0 },
		{ WITH("<clock offset='utc'><timer name='rtc' "
		  "tickpolicy='catchup'/><timer name='pit' "
		  "tickpolicy='delay'/><timer name='hpet' present='no'/>"
		  "</clock>"), 1 },
		{ WITH("<clock offset='localtime'/>"), 0 },
		{ DEV("<emulator>/usr/bin/qemu</emulator>"), 0 },
		{ DEV("<serial type='pty'><target type='isa-serial' port='0'>"
		  "<model name='isa-serial'/></target></serial>"
		  "<console type='pty'><target type='serial' port='0'/>"
		  "</console>"), 0 },
		{ DEV("<console type='pty'/>"), 0 },
		{ DEV("<serial type='file'><source path='/l'/></serial>"), 0 },
		{ DEV("<memballoon model='none'/>"), 0 },
		{ DEV("<memballoon model='virtio'/>"), 1 },
		{ DEV("<controller type='usb'/><input type='mouse' "
		  "bus='ps2'/><sound model='ich9'/>"), 3 },
		{ WITH("<on_crash>coredump-destroy</on_crash>"), 1 },
		{ HEAD MEM "<os><type arch='i686' machine='pc-q35-7.2'>hvm"
		  "</type><kernel> /k\n</kernel><loader></loader><nvram/>"
		  "<initrd></initrd><boot dev='hd'/></os></domain>", 1 },
		{ "<?xml version='1.0' encoding='UTF-16'?>" WITH(""), 0 },
		{ TYPE("qemu", ""), 0 },
		{ TYPE("kvm", "<trivisor:mode name='hvm' required='no'/>"), 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct domain_def *d = must_parse(t[i].xml);

		if (d->n_problems != t[i].warnings)
			fail_msg("%s: %zu warnings", t[i].xml, d->n_problems);
		domain_def_free(d);
	}
}

static void
bad_documents_name_code_and_place(void **state)
{
	static const struct {
		const char *xml;
		int code;
		const char *element;	/* NULL: any */
	} t[] = {
		{ "", 35, NULL },
		{ "no xml", 35, NULL },
		{ "<domain>", 35, NULL },
		{ WITH("<a>"), 35, NULL },
		{ WITH("&x;"), 35, NULL },
		{ WITH("") WITH(""), 35, NULL },
		{ "<network/>", 27, "/network" },
		{ "<domain xmlns='urn:x'/>", 27, "/domain" },
		{ "<domain><name>a</name>" MEM OS "</domain>", 27, "/domain" },
		{ TYPE("xen", ""), 67, "/domain" },
		{ "<domain type='kvm'>" MEM OS "</domain>", 21, "/domain" },
		{ HEAD OS "</domain>", 27, "/domain" },
		{ HEAD MEM "</domain>", 67, "/domain" },
		{ HEAD MEM "<os><type>hvm</type></os></domain>", 67,
		  "/domain/os" },
		{ HEAD MEM "<os><type>xen</type></os></domain>", 67,
		  "/domain/os/type" },
		{ HEAD MEM "<os><type arch='arm'>hvm</type></os></domain>", 67,
		  "/domain/os/type" },
		{ HEAD MEM "<os><type machine='s390'>hvm</type></os></domain>",
		  67, "/domain/os/type" },
		{ HEAD MEM "<os firmware='efi'/></domain>", 67, "/domain/os" },
		{ HEAD MEM "<os><kernel>k</kernel></os></domain>", 27,
		  "/domain/os/kernel" },
		{ HEAD MEM "<os><loader>/x</loader></os></domain>", 67,
		  "/domain/os/loader" },
		{ HEAD "<memory>x</memory>" OS "</domain>", 27,
		  "/domain/memory" },
		{ HEAD "<memory unit='parsec'>1</memory>" OS "</domain>", 27,
		  "/domain/memory" },
		{ HEAD "<memory>1</memory>" OS "</domain>", 67,
		  "/domain/memory" },
		{ HEAD "<memory unit='E'>99</memory>" OS "</domain>", 27,
		  "/domain/memory" },
		{ "<domain type='trivisor'><name>a/b</name></domain>", 27,
		  "/domain/name" },
		{ WITH("<uuid>123</uuid>"), 27, "/domain/uuid" },
		{ WITH("<vcpu>0</vcpu>"), 67, "/domain/vcpu" },
		{ WITH("<vcpu>99</vcpu>"), 67, "/domain/vcpu" },
		{ WITH("<vcpu current='1'>2</vcpu>"), 67, "/domain/vcpu" },
		{ WITH("<maxMemory slots='1'>9</maxMemory>"), 67,
		  "/domain/maxMemory" },
		{ WITH("<launchSecurity type='sev'/>"), 67,
		  "/domain/launchSecurity" },
		{ WITH("<features><warp/></features>"), 67,
		  "/domain/features/warp" },
		{ WITH("<features><hyperv><relaxed state='on'/></hyperv>"
		  "</features>"), 67, "/domain/features/hyperv" },
		{ WITH("<cpu mode='warp'/>"), 27, "/domain/cpu" },
		{ CPU("<numa><cell/><cell/></numa>"), 67,
		  "/domain/cpu/numa/cell" },
		{ WITH("<clock offset='warp'/>"), 27, "/domain/clock" },
		{ WITH("<clock><timer name='hypervclock'/></clock>"), 67,
		  "/domain/clock/timer" },
		{ WITH("<on_reboot>fly</on_reboot>"), 27,
		  "/domain/on_reboot" },
		{ DEV("<disk type='file'/>"), 67, "/domain/devices/disk" },
		{ DEV("<interface type='user'/>"), 67,
		  "/domain/devices/interface" },
		{ DEV("<warpdrive/>"), 67, "/domain/devices/warpdrive" },
		{ DEV("<memballoon model='lead'/>"), 27,
		  "/domain/devices/memballoon" },
		{ DEV("<serial type='tcp'/>"), 67, "/domain/devices/serial" },
		{ DEV("<serial type='file'/>"), 27, "/domain/devices/serial" },
		{ DEV("<serial type='pty'><target port='9'/></serial>"), 67,
		  "/domain/devices/serial" },
		{ DEV("<serial type='pty'><target port='0'/></serial>"
		  "<serial type='pty'><target port='0'/></serial>"), 27,
		  "/domain/devices/serial" },
		{ DEV("<console type='pty'><target type='virtio'/></console>"),
		  67, "/domain/devices/console/target" },
		{ TYPE("qemu", "<trivisor:mode name='hvm'/>"), 67,
		  "/domain/trivisor:mode" },
		{ TYPE("trivisor", "<trivisor:mode name='warp'/>"), 67,
		  "/domain/trivisor:mode" },
		{ TYPE("trivisor", "<trivisor:speed/>"), 67, "/domain/trivisor:speed" },
		{ WITH("<q:commandline xmlns:q='http://libvirt.org/schemas/"
		  "domain/qemu/1.0'><q:arg value='x'/></q:commandline>"), 67,
		  "/domain/q:commandline" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct err e;
		struct domain_def *d = parse(t[i].xml, &e);

		if (d)
			fail_msg("accepted: %s", t[i].xml);
		if (e.code != t[i].code || !e.msg[0] ||
		    (t[i].element && strcmp(e.element, t[i].element)))
			fail_msg("%s: code %d element %s: %s", t[i].xml,
			    e.code, e.element, e.msg);
	}
}

static void
line_of_the_fault_is_told(void **state)
{
	struct err e;

	(void)state;
	assert_null(parse(HEAD "\n" MEM "\n" OS "\n<devices>\n<disk/>\n"
	    "</devices></domain>", &e));
	assert_int_equal(e.line, 5);
	assert_null(parse(HEAD "\n" MEM "\n</nope>", &e));
	assert_int_equal(e.line, 3);
	assert_non_null(strstr(e.msg, "line 3"));
}

static void
doctype_is_refused(void **state)
{
	static const char *const t[] = {
		"<!DOCTYPE domain>" WITH(""),
		"<!DOCTYPE domain SYSTEM 'file:///etc/passwd'>" WITH(""),
		"<!DOCTYPE d PUBLIC 'x' 'http://127.0.0.1:9/x.dtd'>" WITH(""),
		"<!DOCTYPE d [<!ENTITY x SYSTEM '/etc/passwd'>]>"
		  WITH("<title>&x;</title>"),
		"<!DOCTYPE d [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;&a;'>"
		  "<!ENTITY c '&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;'>]>"
		  WITH("<title>&d;</title>"),
		"<?xml version='1.0'?><!-- x --><!DOCTYPE d [<!ENTITY % p "
		  "SYSTEM 'http://127.0.0.1:9/'> %p;]>" WITH(""),
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct err e;

		assert_null(parse(t[i], &e));
		assert_int_equal(e.code, ERR_XML_DETAIL);
		assert_non_null(strstr(e.msg, "DOCTYPE"));
	}
}

/* A document with n times what between begin and end. */
static char *
repeated(const char *begin, const char *what, size_t n, const char *end)
{
	size_t len = strlen(what), i;
	char *text = malloc(strlen(begin) + n * len + strlen(end) + 1), *s;

	assert_non_null(text);
	s = text + sprintf(text, "%s", begin);
	for (i = 0; i < n; i++, s += len)
		memcpy(s, what, len);
	strcpy(s, end);
	return text;
}

static void
refused(char *text, const char *why)
{
	struct err e;

	assert_null(parse(text, &e));
	if (!strstr(e.msg, why))
		fail_msg("%s", e.msg);
	free(text);
}

static void
limits_hold_while_parsing(void **state)
{
	char attributes[65 * 12] = "", *s = attributes;
	int i;

	(void)state;
	refused(repeated(HEAD, "<a>", 64, ""), "64 levels");
	refused(repeated("", "<a>", 200000, ""), "64 levels");
	refused(repeated(HEAD, "<a/>", 10000, "</domain>"), "10000");
	for (i = 0; i < 65; i++)
		s += sprintf(s, " a%d='x'", i);
	refused(repeated("<domain", attributes, 1, "/>"), "64 attributes");
	refused(repeated(HEAD, "          ", 110000, "</domain>"), "1 MiB");
	domain_def_free(must_parse(WITH("<metadata><a><a><a><a><a><a><a><a>"
	    "</a></a></a></a></a></a></a></a></metadata>")));
}

static void
two_documents_get_a_hint(void **state)
{
	struct err e;

	(void)state;
	assert_null(parse(WITH("") "\n" WITH(""), &e));
	assert_non_null(strstr(e.msg, "2 <domain>"));
	assert_int_equal(e.line, 2);
}

static void
values_arrive(void **state)
{
	struct domain_def *d = must_parse("<domain type='trivisor'>"
	    "<devices><console type='pty'/><serial type='pty'/>"
	    "<serial type='file'><source path='/log' append='on'/></serial>"
	    "</devices>"
	    "<on_crash>preserve</on_crash><on_poweroff>restart</on_poweroff>"
	    "<clock offset='localtime'><timer name='kvmclock' present='no'/>"
	    "</clock><vcpu>2</vcpu><features><acpi/></features>"
	    "<os><type machine='q35'>hvm</type><cmdline>a  b &amp; c</cmdline>"
	    "<initrd>/i</initrd><kernel>/k</kernel></os>"
	    "<memory>65537</memory><title> T </title>"
	    "<uuid>AAAAAAAABBBBCCCCDDDDEEEEEEEEEEEE</uuid><name>x.y-z</name>"
	    "</domain>");
	const struct vm_config *c = &d->cfg;

	(void)state;
	assert_string_equal(c->name, "x.y-z");
	assert_string_equal(c->uuid, "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
	assert_int_equal(c->memory, 65540 * 1024);
	assert_int_equal(c->vcpus, 2);
	assert_string_equal(c->cmdline, "a  b & c");
	assert_string_equal(d->kernel, "/k");
	assert_string_equal(d->initrd, "/i");
	assert_string_equal(d->title, "T");
	assert_string_equal(d->machine, "q35");
	assert_true(c->acpi);
	assert_int_equal(d->clock.present[VM_TIMER_KVMCLOCK], VM_NO);
	assert_int_equal(d->clock.present[VM_TIMER_HPET], VM_UNSET);
	assert_int_equal(c->on_crash, VM_ACTION_PRESERVE);
	assert_int_equal(c->on_poweroff, VM_ACTION_RESTART);
	assert_int_equal(c->clock_offset, VM_CLOCK_LOCALTIME);
	assert_int_equal(c->n_serials, 2);
	assert_null(d->serial[0].path);
	assert_int_equal(d->serial[1].kind, VM_SERIAL_FILE);
	assert_string_equal(d->serial[1].path, "/log");
	assert_true(d->serial[1].append);
	domain_def_free(d);
}

static void
mode_follows_type_and_element(void **state)
{
	static const struct {
		const char *xml;
		enum vm_mode mode;
		bool required;
	} t[] = {
		{ TYPE("trivisor", ""), VM_MODE_AUTO, false },
		{ TYPE("kvm", ""), VM_MODE_HVM, true },
		{ TYPE("qemu", ""), VM_MODE_BT, true },
		{ TYPE("trivisor", "<trivisor:mode name='pv'/>"), VM_MODE_PV,
		  true },
		{ TYPE("trivisor", "<trivisor:mode name='hvm' "
		  "required='no'/>"), VM_MODE_HVM, false },
		{ TYPE("kvm", "<trivisor:mode name='hvm' required='no'/>"),
		  VM_MODE_HVM, false },
		{ TYPE("qemu", "<trivisor:mode name='bt'/>"), VM_MODE_BT,
		  true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct domain_def *d = must_parse(t[i].xml);

		assert_int_equal(d->mode, t[i].mode);
		assert_int_equal(d->mode_required, t[i].required);
		domain_def_free(d);
	}
}

static void
users_own_strings_come_back(void **state)
{
	static const char meta[] = "<metadata>\n <n:i xmlns:n=\"urn:n\" "
	    "a=\"&lt;&amp;\"><![CDATA[<raw>]]></n:i><!-- c -->\n</metadata>";
	char xml[2048], *text;
	struct domain_def *d;

	(void)state;
	snprintf(xml, sizeof(xml), "<domain type=\"trivisor\" id=\"9\">\n  "
	    "<name>demo</name>\n  " MEM "\n  <os><type machine=\"q35\">hvm"
	    "</type><kernel>/k</kernel></os>\n  %s\n</domain>\n", meta);
	d = must_parse(xml);
	text = domain_def_dump(d, 0, NULL);
	assert_non_null(strstr(text, meta));
	assert_non_null(strstr(text, "machine=\"q35\""));
	assert_non_null(strstr(text, "</name>\n  <uuid>"));
	assert_non_null(strstr(text, d->cfg.uuid));
	assert_null(strstr(text, "id=\"9\""));
	free(text);
	text = domain_def_dump(d, 3, NULL);
	assert_non_null(strstr(text, "<domain type=\"trivisor\" id=\"3\">"));
	free(text);
	domain_def_free(d);
}

static void
terminals_show_at_their_ports(void **state)
{
	static const char *const ttys[VM_MAX_SERIALS] = {
		"/dev/pts/9", "/dev/pts/7",
	};
	struct domain_def *d = must_parse(DEV("<serial type='pty'/>"
	    "<serial type='pty'><target port='1'/></serial>"
	    "<console type='pty'/>"));
	char *text = domain_def_dump(d, 3, ttys), *s = text;
	int n = 0;

	(void)state;
	assert_int_equal(d->serial[0].kind, VM_SERIAL_PTY);
	assert_non_null(strstr(text,
	    "<console type='pty' tty=\"/dev/pts/9\"><source path=\"/dev/pts/9\"/>"
	    "</console>"));
	while ((s = strstr(s, "<source path=\"/dev/pts/9\"/>")) != NULL) {
		s++;
		n++;
	}
	assert_int_equal(n, 2);
	assert_non_null(strstr(text, "<serial type='pty'><source "
	    "path=\"/dev/pts/7\"/><target port='1'/></serial>"));
	free(text);
	domain_def_free(d);
	d = must_parse(DEV("<serial type='file'><source path='/l'/></serial>"
	    "<console type='pty'/>"));
	assert_int_equal(d->serial[0].kind, VM_SERIAL_FILE);
	domain_def_free(d);
}

static void
stored_text_keeps_the_mode_asked_for(void **state)
{
	struct domain_def *d = must_parse(TYPE("kvm", "")), *again;
	char *text;

	(void)state;
	domain_def_override_mode(d, VM_MODE_BT);
	text = domain_def_stored(d);
	again = must_parse(text);
	assert_int_equal(again->mode, VM_MODE_BT);
	assert_string_equal(again->mode_origin, "--mode bt");
	assert_string_equal(again->cfg.uuid, d->cfg.uuid);
	assert_string_equal(again->xml, d->xml);
	free(text);
	domain_def_free(again);
	domain_def_free(d);
}

static void
parameters_make_a_document_that_parses(void **state)
{
	struct domain_def *d = domain_def_new(), *again;
	struct err e;

	(void)state;
	strcpy(d->cfg.name, "made");
	strcpy(d->cfg.cmdline, "a<b & \"c\"");
	d->kernel = strdup("/boot/a&b<c>");
	assert_int_equal(domain_def_make_xml(d, &e), 0);
	again = must_parse(d->xml);
	assert_string_equal(again->cfg.uuid, d->cfg.uuid);
	assert_string_equal(again->cfg.cmdline, d->cfg.cmdline);
	assert_string_equal(again->kernel, d->kernel);
	assert_int_equal(again->cfg.memory, d->cfg.memory);
	assert_int_equal(domain_def_set_name(again, "other", &e), 0);
	assert_non_null(strstr(again->xml, "<name>other</name>"));
	domain_def_free(again);
	domain_def_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_documents_parse),
		cmocka_unit_test(bad_documents_name_code_and_place),
		cmocka_unit_test(line_of_the_fault_is_told),
		cmocka_unit_test(doctype_is_refused),
		cmocka_unit_test(limits_hold_while_parsing),
		cmocka_unit_test(two_documents_get_a_hint),
		cmocka_unit_test(values_arrive),
		cmocka_unit_test(mode_follows_type_and_element),
		cmocka_unit_test(users_own_strings_come_back),
		cmocka_unit_test(terminals_show_at_their_ports),
		cmocka_unit_test(stored_text_keeps_the_mode_asked_for),
		cmocka_unit_test(parameters_make_a_document_that_parses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
