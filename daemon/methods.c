/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handlers that need no monitor: discovery, definitions, listings, events;
 * and the table that gives every method its handler.
 */
#include <errno.h>
#include <json-c/json.h>
#include <json-c/printbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

#include "api/openrpc.h"
#include "api/rpc.h"
#include "daemon/daemon.h"
#include "daemon/tuning.h"

static void
add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static void
add_int(struct json_object *o, const char *key, int64_t v)
{
	json_object_object_add(o, key, json_object_new_int64(v));
}

static struct json_object *
identity(const struct domain *dom)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "name", dom->name);
	add_text(o, "uuid", dom->uuid);
	return o;
}

/* It is always the same, and long: made once, and then copied as text. */
static const char *
document_text(void)
{
	static char *text;
	struct json_object *doc;

	if (text)
		return text;
	doc = openrpc_document();
	text = strdup(json_object_to_json_string_ext(doc,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	BUG_ON(!text);
	json_object_put(doc);
	return text;
}

static int
print_document(struct json_object *o, struct printbuf *out, int level,
    int flags)
{
	(void)o;
	(void)level;
	(void)flags;
	return printbuf_memappend(out, document_text(),
	    (int)strlen(document_text()));
}

static void
on_rpc_discover(struct daemon *d, struct call *call, struct json_object *params)
{
	struct json_object *o = json_object_new_object();

	(void)d;
	(void)params;
	json_object_set_serializer(o, print_document, NULL, NULL);
	call_ok(call, o, -1);
}

/* Would a domain that requires this mode be let through, and why not? */
static struct json_object *
mode_json(const struct daemon *d, enum vm_mode mode)
{
	struct mode_request r = { mode, true, "the client" };
	struct guest_caps guest = { .vmi = true };
	struct json_object *o = json_object_new_object();
	struct mode_choice choice;
	struct err e = { 0 };
	bool ok = !mode_select(&d->caps, &guest, &r, &choice, &e);

	json_object_object_add(o, "available", json_object_new_boolean(ok));
	if (!ok)
		add_text(o, "reason", e.msg);
	return o;
}

static struct json_object *
limits_json(void)
{
	struct json_object *o = json_object_new_object();

	add_int(o, "request_bytes", JSON_MAX_BYTES);
	add_int(o, "depth", JSON_MAX_DEPTH);
	add_int(o, "xml_bytes", XML_MAX_BYTES_STORED);
	add_int(o, "batch", RPC_MAX_BATCH);
	add_int(o, "tokens", JSON_MAX_TOKENS);
	add_int(o, "key_bytes", JSON_MAX_KEY);
	add_int(o, "in_flight", RPC_MAX_IN_FLIGHT);
	add_int(o, "waiting", MAX_PARKED);
	add_int(o, "output_bytes", MAX_OUTPUT_BYTES);
	add_int(o, "connections", MAX_CONNECTIONS);
	add_int(o, "connections_per_user", MAX_CONNECTIONS_PER_UID);
	add_int(o, "events_kept", EVENT_RING);
	add_int(o, "vcpus", VM_MAX_VCPUS);
	add_int(o, "memory", VM_MAX_MEMORY);
	return o;
}

static struct json_object *
extensions_json(void)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; api_extensions[i]; i++)
		json_object_array_add(list,
		    json_object_new_string(api_extensions[i]));
	return list;
}

static void
on_server_info(struct daemon *d, struct call *call, struct json_object *params)
{
	struct json_object *o = json_object_new_object();
	struct json_object *v = json_object_new_object();

	(void)params;
	add_text(o, "name", "trivisord");
	add_text(o, "version", PACKAGE_VERSION);
	add_int(v, "major", API_MAJOR);
	add_int(v, "minor", API_MINOR);
	json_object_object_add(o, "api", v);
	json_object_object_add(o, "api_extensions", extensions_json());
	add_text(o, "instance", d->instance);
	add_text(o, "role", role_name(call->conn->role));
	add_int(o, "pid", getpid());
	add_int(o, "uid", geteuid());
	add_text(o, "socket", d->opt.socket);
	add_text(o, "state_dir", d->opt.state_dir);
	add_text(o, "run_dir", d->opt.run_dir);
	add_text(o, "log_dir", d->opt.log_dir);
	v = json_object_new_object();
	json_object_object_add(v, "bt", mode_json(d, VM_MODE_BT));
	json_object_object_add(v, "hvm", mode_json(d, VM_MODE_HVM));
	json_object_object_add(v, "pv", mode_json(d, VM_MODE_PV));
	json_object_object_add(o, "modes", v);
	json_object_object_add(o, "limits", limits_json());
	add_int(o, "domains", d->n_domains);
	call_ok(call, o, -1);
}

static void
on_server_ping(struct daemon *d, struct call *call, struct json_object *params)
{
	(void)d;
	(void)params;
	call_ok(call, json_object_new_object(), -1);
}

int
domain_replaces(struct daemon *d, const struct domain_def *def,
    struct domain **dom, struct err *e)
{
	struct domain *by_name = domain_find(d, def->cfg.name, NULL);
	struct domain *by_uuid = domain_find(d, def->cfg.uuid, NULL);

	*dom = by_uuid;
	if (by_name && by_name != by_uuid) {
		err_set(e, ERR_DOM_EXIST, "domain %s exists already, with "
		    "uuid %s", by_name->name, by_name->uuid);
		err_hint(e, "give the same <uuid> to replace it, or choose "
		    "another name");
		return -EEXIST;
	}
	if (by_uuid && by_uuid != by_name) {
		err_set(e, ERR_DOM_EXIST, "uuid %s belongs to domain %s "
		    "already", by_uuid->uuid, by_uuid->name);
		err_hint(e, "leave <uuid> out to get a new one");
		return -EEXIST;
	}
	return 0;
}

/*
 * A text without a uuid means the domain of that name, as "define" twice
 * shows: the uuid that was given then stays.
 */
static int
parse_for_define(struct daemon *d, struct json_object *params,
    struct domain_def **def, struct err *e)
{
	struct domain_parse_opts opts = {
		.strict = param_bool(params, "strict", false) };
	const char *xml = param_text(params, "xml");
	struct domain *dom;
	int rc;

	rc = domain_def_parse_opts(def, xml, strlen(xml), &opts, e);
	if (rc || (*def)->uuid_given)
		return rc;
	dom = domain_find(d, (*def)->cfg.name, NULL);
	if (!dom)
		return 0;
	rc = domain_def_set_uuid(*def, dom->uuid, e);
	if (rc) {
		domain_def_free(*def);
		*def = NULL;
	}
	return rc;
}

int
store_def(struct daemon *d, const struct domain_def *def, struct err *e)
{
	char *text = domain_def_stored(def);
	int rc;

	if (!text)
		return err_set_sys(e, ENOMEM, "domain %s", def->cfg.name);
	rc = store_save(d->opt.state_dir, def->cfg.uuid, text, e);
	free(text);
	return rc;
}

/* Take def over as the definition of a new or a known domain. */
static struct domain *
install_def(struct daemon *d, struct domain *dom, struct domain_def *def,
    const struct mode_choice *choice)
{
	if (!dom) {
		dom = domain_new(d, def, true);
		if (!dom)
			return NULL;
	} else if (domain_is_active(dom) && !dom->live) {
		/* It was transient: what it runs with stays. */
		dom->live = dom->def;
		dom->def = def;
	} else {
		domain_def_free(dom->def);
		dom->def = def;
	}
	dom->persistent = true;
	if (!domain_is_active(dom))
		dom->choice = *choice;
	return dom;
}

int
params_mode_over(struct domain_def *def, struct json_object *params,
    struct err *e)
{
	const char *text = param_text(params, "mode");
	enum vm_mode mode;

	if (!text)
		return 0;
	if (!vm_mode_parse(text, &mode)) {
		err_set(e, ERR_INVALID_ARG, "mode \"%.32s\" is not known",
		    text);
		err_hint(e, "modes are auto, bt, hvm, pv");
		return -EINVAL;
	}
	domain_def_override_mode(def, mode);
	return 0;
}

static struct json_object *
reasons_of(const struct mode_choice *choice)
{
	struct json_object *a = json_object_new_array();
	unsigned i;

	for (i = 0; i < choice->n_reasons; i++)
		json_object_array_add(a,
		    json_object_new_string(choice->reasons[i]));
	return a;
}

static void
on_domain_define(struct daemon *d, struct call *call,
    struct json_object *params)
{
	struct domain_def *def = NULL;
	struct mode_choice choice;
	struct json_object *result, *warnings = NULL;
	struct domain *dom = NULL;
	struct err e = { 0 };
	int rc;

	rc = parse_for_define(d, params, &def, &e);
	if (!rc) {
		snprintf(call->domain, sizeof(call->domain), "%s",
		    def->cfg.name);
		rc = params_mode_over(def, params, &e);
	}
	if (!rc)
		rc = domain_choose_mode(d, def, NULL, &choice, &e);
	if (!rc) {
		warnings = warnings_json(def);
		rc = tuning_cpu_warnings(def, warnings, &e);
	}
	if (!rc)
		rc = domain_replaces(d, def, &dom, &e);
	if (!rc && dom)
		rc = owner_check(call->conn, dom, &e);
	if (!rc && dom)
		owner_copy(def, dom->def);
	else if (!rc)
		owner_set(def, call->conn);
	if (!rc)
		rc = store_def(d, def, &e);
	if (!rc)
		dom = install_def(d, dom, def, &choice);
	if (!rc && !dom)
		rc = err_set_sys(&e, ENOMEM, "domain");
	if (rc) {
		json_object_put(warnings);
		domain_def_free(def);
		call_fail(call, &e);
		return;
	}
	event_emit(d, "domain.defined", dom->name, dom->uuid, NULL);
	result = identity(dom);
	add_text(result, "mode", vm_mode_name(choice.mode));
	json_object_object_add(result, "reasons", reasons_of(&choice));
	json_object_object_add(result, "warnings", warnings);
	call_ok(call, result, -1);
}

static void
on_domain_undefine(struct daemon *d, struct call *call,
    struct json_object *params)
{
	struct domain *dom = param_domain(d, call, params);
	struct json_object *result;
	struct err e = { 0 };

	if (!dom)
		return;
	if (!dom->persistent) {
		err_set(&e, ERR_OPERATION_INVALID,
		    "domain %s is transient: nothing is stored", dom->name);
		err_hint(&e, "it is gone when it ends");
		call_fail(call, &e);
		return;
	}
	if (store_remove(d->opt.state_dir, dom->uuid, &e)) {
		call_fail(call, &e);
		return;
	}
	dom->persistent = false;
	result = identity(dom);
	event_emit(d, "domain.undefined", dom->name, dom->uuid, NULL);
	if (!domain_is_active(dom))
		domain_free(d, dom);
	call_ok(call, result, -1);
}

static void
on_domain_list(struct daemon *d, struct call *call, struct json_object *params)
{
	bool active = param_bool(params, "active", true);
	bool inactive = param_bool(params, "inactive", true);
	struct json_object *result = json_object_new_object();
	struct json_object *list = json_object_new_array();
	struct domain *dom;

	TAILQ_FOREACH(dom, &d->domains, link)
		if (domain_is_active(dom) ? active : inactive)
			json_object_array_add(list, domain_json(dom, false));
	json_object_object_add(result, "domains", list);
	call_ok(call, result, -1);
}

static void
on_domain_info(struct daemon *d, struct call *call, struct json_object *params)
{
	struct domain *dom = param_domain(d, call, params);

	if (dom)
		call_ok(call, domain_json(dom, true), -1);
}

static void
on_domain_xml(struct daemon *d, struct call *call, struct json_object *params)
{
	struct domain *dom = param_domain(d, call, params);
	const char *ttys[VM_MAX_SERIALS] = { NULL };
	struct json_object *result;
	struct err e = { 0 };
	bool stored;
	unsigned i;
	char *xml;

	if (!dom)
		return;
	stored = param_bool(params, "inactive", false);
	for (i = 0; dom->monitor && i < VM_MAX_SERIALS; i++)
		ttys[i] = monitor_tty(dom->monitor, i);
	xml = domain_def_dump(stored ? dom->def : domain_current(dom),
	    stored ? 0 : dom->id, stored ? NULL : ttys);
	if (!xml) {
		err_set_sys(&e, ENOMEM, "domain %s", dom->name);
		call_fail(call, &e);
		return;
	}
	result = json_object_new_object();
	add_text(result, "xml", xml);
	free(xml);
	call_ok(call, result, -1);
}

method_fn *const method_handlers[METHOD_COUNT] = {
	[METHOD_RPC_DISCOVER] = on_rpc_discover,
	[METHOD_SERVER_INFO] = on_server_info,
	[METHOD_SERVER_PING] = on_server_ping,
	[METHOD_DOMAIN_DEFINE] = on_domain_define,
	[METHOD_DOMAIN_CHECK] = on_domain_check,
	[METHOD_DOMAIN_UNDEFINE] = on_domain_undefine,
	[METHOD_DOMAIN_CREATE] = on_domain_create,
	[METHOD_DOMAIN_START] = on_domain_start,
	[METHOD_DOMAIN_SHUTDOWN] = on_domain_shutdown,
	[METHOD_DOMAIN_REBOOT] = on_domain_reboot,
	[METHOD_DOMAIN_AUTOSTART] = on_domain_autostart,
	[METHOD_DOMAIN_DESTROY] = on_domain_destroy,
	[METHOD_DOMAIN_RESET] = on_domain_reset,
	[METHOD_DOMAIN_NMI] = on_domain_nmi,
	[METHOD_DOMAIN_SUSPEND] = on_domain_suspend,
	[METHOD_DOMAIN_RESUME] = on_domain_resume,
	[METHOD_DOMAIN_LIST] = on_domain_list,
	[METHOD_DOMAIN_INFO] = on_domain_info,
	[METHOD_DOMAIN_XML] = on_domain_xml,
	[METHOD_DOMAIN_CONSOLE] = on_domain_console,
	[METHOD_DOMAIN_STATS] = on_domain_stats,
	[METHOD_DOMAIN_STATS_ALL] = on_domain_stats_all,
	[METHOD_DOMAIN_DISASM] = on_domain_disasm,
	[METHOD_DOMAIN_PROFILE] = on_domain_profile,
	[METHOD_DOMAIN_BT_STATS] = on_domain_bt_stats,
	[METHOD_DOMAIN_SET_OWNER] = on_domain_set_owner,
	[METHOD_JOB_LIST] = on_job_list,
	[METHOD_JOB_GET] = on_job_get,
	[METHOD_JOB_WAIT] = on_job_wait,
	[METHOD_JOB_CANCEL] = on_job_cancel,
	[METHOD_HOST_INFO] = on_host_info,
	[METHOD_HOST_CAPABILITIES] = on_host_capabilities,
	[METHOD_HOST_DOMAIN_CAPABILITIES] = on_host_domain_capabilities,
	[METHOD_HOST_CPU_MODELS] = on_host_cpu_models,
	[METHOD_HOST_DOCTOR] = on_host_doctor,
	[METHOD_EVENTS_SUBSCRIBE] = on_events_subscribe,
	[METHOD_EVENTS_UNSUBSCRIBE] = on_events_unsubscribe,
};
