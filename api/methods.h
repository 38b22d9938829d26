/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RPC methods: one table from which the daemon's dispatch, its check of
 * parameters, rpc.discover and the CLI's help derive.
 *
 * To add a method: a line in API_METHODS below, its parameters in methods.c,
 * a handler in daemon/.  Fields are only ever added.
 *
 * Parameters are named (an object); what is not listed is refused.  A domain
 * is named in "domain" by name, uuid, unique beginning of the uuid (four
 * characters at least) or the id of its run.  Sizes are bytes as an integer, or
 * a string such as "512M" (K, M, G, T are powers of 1024).
 */
#ifndef TRIVISOR_API_METHODS_H
#define TRIVISOR_API_METHODS_H

#include "base/base.h"
#include "base/err.h"

#define API_MAJOR 1
#define API_MINOR 0

/* X(ID, name, role, flags, one line) */
#define API_METHODS(X) \
	X(RPC_DISCOVER, "rpc.discover", VIEWER, METHOD_URGENT, \
	  "list the methods and their parameters") \
	X(SERVER_INFO, "server.info", VIEWER, METHOD_URGENT, \
	  "version, paths, modes and limits of the daemon") \
	X(SERVER_PING, "server.ping", VIEWER, METHOD_URGENT, \
	  "answer at once, with nothing") \
	X(DOMAIN_DEFINE, "domain.define", OPERATOR, 0, \
	  "store a domain from its XML, or replace the stored one") \
	X(DOMAIN_CHECK, "domain.check", VIEWER, 0, \
	  "say all that would fail if a domain were defined and started") \
	X(DOMAIN_UNDEFINE, "domain.undefine", OPERATOR, METHOD_OWNER, \
	  "forget a stored domain") \
	X(DOMAIN_CREATE, "domain.create", OPERATOR, 0, \
	  "start a transient domain from XML, parameters or both") \
	X(DOMAIN_START, "domain.start", OPERATOR, METHOD_OWNER, \
	  "start a stored domain") \
	X(DOMAIN_SHUTDOWN, "domain.shutdown", OPERATOR, METHOD_OWNER, \
	  "press the power button of a running domain; the job ends with it") \
	X(DOMAIN_REBOOT, "domain.reboot", OPERATOR, METHOD_OWNER, \
	  "press the power button, and start it again when it is off") \
	X(DOMAIN_AUTOSTART, "domain.autostart", OPERATOR, METHOD_OWNER, \
	  "start a domain whenever the daemon starts, or no longer") \
	X(DOMAIN_DESTROY, "domain.destroy", OPERATOR, METHOD_OWNER | METHOD_URGENT, \
	  "power a running domain off at once") \
	X(DOMAIN_RESET, "domain.reset", OPERATOR, METHOD_OWNER, \
	  "reset a running domain") \
	X(DOMAIN_NMI, "domain.nmi", OPERATOR, METHOD_OWNER, \
	  "send a non-maskable interrupt to a running domain") \
	X(DOMAIN_SUSPEND, "domain.suspend", OPERATOR, METHOD_OWNER, \
	  "stop the virtual CPUs of a running domain") \
	X(DOMAIN_RESUME, "domain.resume", OPERATOR, METHOD_OWNER, \
	  "let a suspended domain go on") \
	X(DOMAIN_LIST, "domain.list", VIEWER, METHOD_URGENT, \
	  "list domains") \
	X(DOMAIN_INFO, "domain.info", VIEWER, METHOD_URGENT, \
	  "state, mode, reasons and configuration of a domain") \
	X(DOMAIN_XML, "domain.xml", VIEWER, 0, \
	  "the XML of a domain") \
	X(DOMAIN_CONSOLE, "domain.console", OPERATOR, \
	  METHOD_PASSES_FD | METHOD_OWNER, \
	  "a descriptor of a serial port of a running domain") \
	X(DOMAIN_STATS, "domain.stats", VIEWER, 0, \
	  "counters of a running domain") \
	X(DOMAIN_STATS_ALL, "domain.stats_all", VIEWER, 0, \
	  "counters of several domains, of all by default, at once") \
	X(DOMAIN_DISASM, "domain.disasm", OPERATOR, METHOD_OWNER, \
	  "guest code and the host code made of it") \
	X(DOMAIN_PROFILE, "domain.profile", OPERATOR, METHOD_OWNER, \
	  "sample for a while where the vCPUs spend their time") \
	X(DOMAIN_BT_STATS, "domain.bt_stats", VIEWER, 0, \
	  "the translator's counters, and the latest profile") \
	X(DOMAIN_SET_OWNER, "domain.set_owner", ADMIN, 0, \
	  "give a domain to another user, or group") \
	X(JOB_LIST, "job.list", VIEWER, METHOD_URGENT, \
	  "the jobs that run and the last ones that ended") \
	X(JOB_GET, "job.get", VIEWER, METHOD_URGENT, \
	  "one job: state, progress, result") \
	X(JOB_WAIT, "job.wait", VIEWER, 0, \
	  "answer when a job has ended") \
	X(JOB_CANCEL, "job.cancel", OPERATOR, METHOD_URGENT, \
	  "stop a job that runs") \
	X(HOST_INFO, "host.info", VIEWER, 0, \
	  "processors and memory of the host") \
	X(HOST_CAPABILITIES, "host.capabilities", VIEWER, 0, \
	  "what the host is and which guests it can run, in libvirt's form") \
	X(HOST_DOMAIN_CAPABILITIES, "host.domain_capabilities", VIEWER, 0, \
	  "what a domain can have, in libvirt's form") \
	X(HOST_CPU_MODELS, "host.cpu_models", VIEWER, 0, \
	  "CPU models, and what this host lacks of them") \
	X(HOST_DOCTOR, "host.doctor", VIEWER, 0, \
	  "what is missing on this host, and what to do about it") \
	X(EVENTS_SUBSCRIBE, "events.subscribe", VIEWER, METHOD_URGENT, \
	  "receive events as notifications on this connection") \
	X(EVENTS_UNSUBSCRIBE, "events.unsubscribe", VIEWER, METHOD_URGENT, \
	  "receive no more events")

enum method_id {
#define X(id, name, role, flags, doc) METHOD_##id,
	API_METHODS(X)
#undef X
	METHOD_COUNT
};

/* Each role may do what the ones before it may. */
enum method_role { ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMIN };

#define METHOD_PASSES_FD 1	/* one descriptor comes beside the reply line */
#define METHOD_OWNER 2		/* for the owner of "domain" and admins only */
#define METHOD_URGENT 4		/* served however much else is in flight */

enum param_type {
	PARAM_STRING,
	PARAM_UINT,		/* 0 .. 2^63-1 */
	PARAM_BOOL,
	PARAM_SIZE,		/* bytes: integer, or string with a suffix */
	PARAM_STRINGS,		/* array of strings */
};

#define PARAM_REQUIRED 1

struct method_param {
	const char *name;	/* NULL ends a list */
	enum param_type type;
	unsigned flags;
	const char *doc;
};

struct method {
	const char *name;
	enum method_role role;
	unsigned flags;
	const char *doc;
	const struct method_param *params;
};

/* Indexed by enum method_id. */
extern const struct method api_methods[METHOD_COUNT];

/* METHOD_COUNT when there is none of that name. */
enum method_id method_find(const char *name);
/* NULL when the method takes no such parameter. */
const struct method_param *method_param_find(const struct method *m,
    const char *name);
/* "string", "integer", ... */
const char *param_type_name(enum param_type t);

struct json_object;
/*
 * Check params (an object, or NULL for none) against the table: unknown
 * names, wrong types, missing ones.  -EINVAL with code -32602 and the
 * parameter's name in element.
 */
MUST_USE int method_check(const struct method *m, struct json_object *params,
    struct err *e);

/*
 * "512M", "1 GiB", "1048576": bytes.  A single letter or an "iB" suffix is a
 * power of 1024; KB, MB, GB, TB are powers of 1000 as in libvirt's XML.
 * default_unit (may be NULL: bytes) applies to a bare number.
 */
bool size_parse(const char *text, const char *default_unit, uint64_t *bytes);

#endif
