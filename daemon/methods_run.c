/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handlers that start a monitor or talk to one.  A run has a definition of
 * its own, made from the stored one and what the request says over it; the
 * stored one can then change without touching the run.
 */
#include <errno.h>
#include <grp.h>
#include <json-c/json.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/tuning.h"

struct json_object *
warnings_json(const struct domain_def *def)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < def->n_problems; i++) {
		const struct domain_problem *w = &def->problems[i];
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "line", json_object_new_int(w->line));
		json_object_object_add(o, "xpath",
		    json_object_new_string(w->xpath));
		json_object_object_add(o, "reason",
		    json_object_new_string(w->reason));
		json_object_object_add(o, "kind", json_object_new_string(
		    domain_problem_kind_name(w->kind)));
		if (w->times > 1)
			json_object_object_add(o, "times",
			    json_object_new_int((int)w->times));
		json_object_array_add(list, o);
	}
	return list;
}

/* ---- parameters over a definition --------------- */

static int
bad_value(struct err *e, const char *name, const char *value,
    const char *known)
{
	err_set(e, ERR_INVALID_ARG, "%s \"%.64s\" is not usable", name, value);
	err_hint(e, "use %s", known);
	if (e)
		snprintf(e->element, sizeof(e->element), "%s", name);
	return -EINVAL;
}

static int
text_over(struct json_object *params, const char *name, char *field,
    size_t size, struct err *e)
{
	const char *text = param_text(params, name);

	if (!text)
		return 0;
	if (strlen(text) >= size) {
		err_set(e, ERR_INVALID_ARG, "%s is longer than %zu bytes",
		    name, size - 1);
		if (e)
			snprintf(e->element, sizeof(e->element), "%s", name);
		return -EINVAL;
	}
	memcpy(field, text, strlen(text) + 1);
	return 0;
}

static int
name_over(struct domain_def *def, struct json_object *params, struct err *e)
{
	const char *name = param_text(params, "name");

	if (!name)
		return 0;
	if (!vm_name_ok(name))
		return bad_value(e, "name", name, "1 to 64 of A-Z a-z 0-9 . _ "
		    "-, a letter or digit first");
	return domain_def_set_name(def, name, e);
}

static int
path_over(struct json_object *params, const char *name, char **path,
    struct err *e)
{
	const char *text = param_text(params, name);

	if (!text)
		return 0;
	free(*path);
	*path = *text ? strdup(text) : NULL;
	return *text && !*path ? err_set_sys(e, ENOMEM, "%s", name) : 0;
}

static int
action_over(struct json_object *params, const char *name, enum vm_action *a,
    struct err *e)
{
	const char *text = param_text(params, name);

	if (text && !vm_action_parse(text, a))
		return bad_value(e, name, text, "destroy, restart, preserve");
	return 0;
}

static int
enums_over(struct domain_def *def, struct json_object *params, struct err *e)
{
	const char *text = param_text(params, "mode");
	enum vm_mode mode;
	int rc;

	if (text) {
		if (!vm_mode_parse(text, &mode))
			return bad_value(e, "mode", text, "auto, bt, hvm, pv");
		domain_def_override_mode(def, mode);
	}
	text = param_text(params, "engine");
	if (text && !vm_engine_parse(text, &def->cfg.engine))
		return bad_value(e, "engine", text, "default, interp");
	rc = action_over(params, "on_poweroff", &def->cfg.on_poweroff, e);
	if (!rc)
		rc = action_over(params, "on_reboot", &def->cfg.on_reboot, e);
	if (!rc)
		rc = action_over(params, "on_crash", &def->cfg.on_crash, e);
	return rc;
}

/* What domain.create and domain.start share. */
static int
run_params_over(struct domain_def *def, struct json_object *params,
    struct err *e)
{
	struct vm_config *c = &def->cfg;
	uint64_t entries;
	int rc = enums_over(def, params, e);

	if (!rc)
		rc = text_over(params, "host_without", c->host_without,
		    sizeof(c->host_without), e);
	if (!rc)
		rc = text_over(params, "bt_disable", c->bt_disable,
		    sizeof(c->bt_disable), e);
	if (rc)
		return rc;
	c->start_paused = param_bool(params, "paused", false);
	c->triple_fault_crashes = param_bool(params, "triple_fault_crashes",
	    c->triple_fault_crashes);
	c->debug_exit = param_bool(params, "debug_exit", c->debug_exit);
	c->exact_flags = param_bool(params, "exact_flags", c->exact_flags);
	c->count_insns = param_bool(params, "count_insns", c->count_insns);
	c->perf_map = param_bool(params, "perf_map", c->perf_map);
	c->code_cache = param_u64(params, "code_cache", c->code_cache);
	c->stop_after = param_u64(params, "stop_after", c->stop_after);
	entries = param_u64(params, "tlb_entries", c->tlb_entries);
	c->tlb_entries = entries > UINT32_MAX ? UINT32_MAX : (unsigned)entries;
	return 0;
}

/* What only a transient domain's creation may say. */
static int
create_params_over(struct domain_def *def, struct json_object *params,
    struct err *e)
{
	struct vm_config *c = &def->cfg;
	uint64_t vcpus = param_u64(params, "vcpus", c->vcpus);
	int rc;

	c->vcpus = vcpus > UINT32_MAX ? UINT32_MAX : (unsigned)vcpus;
	c->memory = param_u64(params, "memory", c->memory);
	/* Whoever runs a guest once wants to see it crash. */
	c->triple_fault_crashes = true;
	c->acpi = param_bool(params, "acpi", c->acpi);
	c->hpet = param_bool(params, "hpet", c->hpet);
	rc = name_over(def, params, e);
	if (!rc)
		rc = text_over(params, "cmdline", c->cmdline,
		    sizeof(c->cmdline), e);
	if (!rc)
		rc = path_over(params, "kernel", &def->kernel, e);
	if (!rc)
		rc = path_over(params, "initrd", &def->initrd, e);
	if (!rc)
		rc = run_params_over(def, params, e);
	return rc;
}

/* ---- start and create --------------- */

/* Who starts, and who is told: a call or a job. */
struct start_for {
	const struct client_ids *ids;
	struct call *call;
	struct job *job;
};

/* def is the run's; on success the call or job has been taken over. */
static int
start_run(struct daemon *d, struct domain *dom, const struct domain_def *def,
    const struct start_for *who, struct json_object *params, struct err *e)
{
	struct run_request r = { .cfg = def->cfg, .def = def,
		.gdb_path = params ? param_text(params, "gdb") : NULL,
		.ids = who->ids };
	struct json_object *warnings = who->call && who->call->extra ?
	    json_object_object_get(who->call->extra, "warnings") : NULL;
	int rc;

	rc = domain_choose_mode(d, def, NULL, &dom->choice, e);
	if (!rc && !def->kernel) {
		rc = err_set(e, ERR_CONFIG_UNSUPPORTED, "domain %s has no "
		    "kernel: booting from firmware and disks is not built "
		    "yet", dom->name);
		err_hint(e, "name one with --kernel or <os><kernel>");
	}
	r.cfg.mode = dom->choice.mode;
	if (!rc)
		rc = tuning_cpu(def, &r.cfg, warnings ? tuning_warn : NULL,
		    warnings, e);
	if (!rc)
		rc = tuning_host(def, &r.cfg, e);
	if (!rc)
		rc = tuning_limits(def, &r.limits, e);
	if (!rc)
		rc = cgroup_check(&d->cgroup, &r.limits, e);
	if (!rc)
		rc = vm_config_check(&r.cfg, e);
	if (!rc)
		rc = monitor_start(d, dom, &r, who->call, who->job, e);
	vm_config_fini(&r.cfg);
	return rc;
}

/* A copy of the stored definition for a run. */
static int
copy_def(const struct domain_def *def, struct domain_def **out, struct err *e)
{
	char *text = domain_def_stored(def);
	int rc;

	if (!text)
		return err_set_sys(e, ENOMEM, "domain %s", def->cfg.name);
	rc = domain_def_parse(out, text, strlen(text), e);
	free(text);
	return rc;
}

void
on_domain_start(struct daemon *d, struct call *call,
    struct json_object *params)
{
	struct domain *dom = param_domain(d, call, params);
	struct domain_def *live = NULL;
	struct mode_choice choice;
	struct err e = { 0 };
	int rc;

	if (!dom)
		return;
	if (domain_may(dom, OP_START, &e)) {
		call_fail(call, &e);
		return;
	}
	choice = dom->choice;
	rc = copy_def(dom->def, &live, &e);
	if (!rc)
		rc = run_params_over(live, params, &e);
	if (!rc) {
		dom->live = live;
		call->extra = json_object_new_object();
		json_object_object_add(call->extra, "warnings",
		    warnings_json(live));
		rc = start_run(d, dom, live, &(struct start_for){
		    .ids = &call->conn->ids, .call = call }, params, &e);
	}
	if (rc) {
		dom->live = NULL;
		dom->choice = choice;
		domain_def_free(live);
		call_fail(call, &e);
	}
}

/*
 * Whose rights count when nobody is there to ask: the owner's, as they are in
 * the user database, else our own.
 */
static int
owner_ids(const struct domain_def *def, struct client_ids *ids, struct err *e)
{
	const struct passwd *pw;

	memset(ids, 0, sizeof(*ids));
	ids->uid = geteuid();
	ids->gid = getegid();
	if (!def->owned || def->owner_uid == ids->uid) {
		ids->n_groups = MAX(getgroups(MAX_GROUPS, ids->groups), 0);
		return 0;
	}
	pw = getpwuid(def->owner_uid);
	if (!pw) {
		err_set(e, ERR_ACCESS_DENIED, "domain %s: its owner, user %u, "
		    "does not exist", def->cfg.name,
		    (unsigned)def->owner_uid);
		err_hint(e, "domain.set_owner gives it another");
		return -EACCES;
	}
	ids->uid = pw->pw_uid;
	ids->gid = pw->pw_gid;
	ids->n_groups = MAX_GROUPS;
	if (getgrouplist(pw->pw_name, pw->pw_gid, ids->groups,
	    &ids->n_groups) < 0)
		ids->n_groups = MAX_GROUPS;
	return 0;
}

int
domain_start_alone(struct daemon *d, struct domain *dom, struct job *job,
    struct err *e)
{
	struct mode_choice choice = dom->choice;
	struct domain_def *live = NULL;
	struct client_ids ids;
	int rc = owner_ids(dom->def, &ids, e);

	if (!rc)
		rc = copy_def(dom->def, &live, e);
	if (rc)
		return rc;
	dom->live = live;
	rc = start_run(d, dom, live, &(struct start_for){ .ids = &ids,
	    .job = job }, NULL, e);
	if (rc) {
		dom->live = NULL;
		dom->choice = choice;
		domain_def_free(live);
	}
	return rc;
}

static struct domain_def *
def_for_create(struct json_object *params, struct err *e)
{
	struct domain_parse_opts opts = {
		.strict = param_bool(params, "strict", false) };
	const char *xml = param_text(params, "xml");
	struct domain_def *def = NULL;
	int rc;

	if (xml) {
		/* --kernel may stand in for a missing <kernel>. */
		opts.without_kernel = param_has(params, "kernel");
		rc = domain_def_parse_opts(&def, xml, strlen(xml), &opts, e);
	} else {
		def = domain_def_new();
		rc = def ? 0 : err_set_sys(e, ENOMEM, "domain");
		/* A name that tells runs apart when none was given. */
		if (def)
			snprintf(def->cfg.name, sizeof(def->cfg.name),
			    "run-%.8s", def->cfg.uuid);
	}
	if (!rc)
		rc = create_params_over(def, params, e);
	if (!rc)
		rc = vm_config_check(&def->cfg, e);
	if (!rc && !xml)
		rc = domain_def_make_xml(def, e);
	if (rc) {
		domain_def_free(def);
		return NULL;
	}
	return def;
}

static int
must_be_new(struct daemon *d, const struct domain_def *def, struct err *e)
{
	struct domain *dom = domain_find(d, def->cfg.name, NULL);

	if (!dom)
		dom = domain_find(d, def->cfg.uuid, NULL);
	if (!dom)
		return 0;
	err_set(e, ERR_DOM_EXIST, "domain %s (uuid %s) exists already",
	    dom->name, dom->uuid);
	err_hint(e, "choose another --name, or domain.start to start that one");
	return -EEXIST;
}

void
on_domain_create(struct daemon *d, struct call *call,
    struct json_object *params)
{
	struct domain_def *def;
	struct domain *dom = NULL;
	struct err e = { 0 };
	int rc;

	def = def_for_create(params, &e);
	if (!def) {
		call_fail(call, &e);
		return;
	}
	snprintf(call->domain, sizeof(call->domain), "%s", def->cfg.name);
	rc = must_be_new(d, def, &e);
	if (!rc) {
		owner_set(def, call->conn);
		dom = domain_new(d, def, false);
		rc = dom ? 0 : err_set_sys(&e, ENOMEM, "domain");
	}
	if (!rc) {
		call->extra = json_object_new_object();
		json_object_object_add(call->extra, "warnings",
		    warnings_json(def));
		rc = start_run(d, dom, def, &(struct start_for){
		    .ids = &call->conn->ids, .call = call }, params, &e);
	}
	if (!rc)
		return;
	if (dom)
		domain_free(d, dom);
	else
		domain_def_free(def);
	call_fail(call, &e);
}

/* ---- forwarded --------------- */

static void
forward(struct daemon *d, struct call *call, struct json_object *params,
    enum ctl_type type)
{
	static const enum domain_op op[] = {
		[CTL_RESET] = OP_RESET, [CTL_SUSPEND] = OP_SUSPEND,
		[CTL_RESUME] = OP_RESUME, [CTL_NMI] = OP_NMI,
	};
	struct domain *dom = param_domain(d, call, params);
	struct err e = { 0 };
	struct ctl_msg m;

	if (!dom)
		return;
	if (type < ARRAY_LEN(op) && op[type] && domain_may(dom, op[type], &e)) {
		call_fail(call, &e);
		return;
	}
	ctl_msg_init(&m, type, 0);
	monitor_forward(dom, &m, call);
}

void
on_domain_reset(struct daemon *d, struct call *call,
    struct json_object *params)
{
	forward(d, call, params, CTL_RESET);
}

void
on_domain_nmi(struct daemon *d, struct call *call, struct json_object *params)
{
	forward(d, call, params, CTL_NMI);
}

void
on_domain_suspend(struct daemon *d, struct call *call,
    struct json_object *params)
{
	forward(d, call, params, CTL_SUSPEND);
}

void
on_domain_resume(struct daemon *d, struct call *call,
    struct json_object *params)
{
	forward(d, call, params, CTL_RESUME);
}

void
on_domain_stats(struct daemon *d, struct call *call,
    struct json_object *params)
{
	forward(d, call, params, CTL_STATS);
}

void
on_domain_destroy(struct daemon *d, struct call *call,
    struct json_object *params)
{
	struct domain *dom = param_domain(d, call, params);

	if (dom)
		monitor_destroy(dom, call);
}

/* The number a request gives as name travels to the monitor as key. */
static void
put_number(struct ctl_msg *m, const char *key, struct json_object *params,
    const char *name)
{
	if (param_has(params, name))
		(void)ctl_put(m, key, "%llu",
		    (unsigned long long)param_u64(params, name, 0));
}

void
on_domain_console(struct daemon *d, struct call *call,
    struct json_object *params)
{
	uint64_t serial = param_u64(params, "serial", 0);
	struct domain *dom = param_domain(d, call, params);
	struct err e = { 0 };
	struct ctl_msg m;

	if (!dom)
		return;
	if (serial >= domain_current(dom)->cfg.n_serials) {
		err_set(&e, ERR_INVALID_ARG, "domain %s has no serial port "
		    "%llu", dom->name, (unsigned long long)serial);
		call_fail(call, &e);
		return;
	}
	ctl_msg_init(&m, CTL_CONSOLE, 0);
	(void)ctl_put(&m, "serial", "%llu", (unsigned long long)serial);
	(void)ctl_put(&m, "watch", "%d", param_bool(params, "watch", false));
	(void)ctl_put(&m, "force", "%d", param_bool(params, "force", false));
	put_number(&m, "history", params, "history");
	monitor_forward(dom, &m, call);
}

void
on_domain_disasm(struct daemon *d, struct call *call,
    struct json_object *params)
{
	const char *pc = param_text(params, "pc");
	struct domain *dom = param_domain(d, call, params);
	struct err e = { 0 };
	struct ctl_msg m;
	char *end;

	if (!dom)
		return;
	ctl_msg_init(&m, CTL_DISASM, 0);
	if (pc) {
		errno = 0;
		(void)strtoull(pc, &end, 0);
		if (errno || *pc < '0' || *pc > '9' || *end) {
			err_set(&e, ERR_INVALID_ARG, "pc \"%.64s\" is not an "
			    "address", pc);
			call_fail(call, &e);
			return;
		}
		(void)ctl_put(&m, "pc", "%s", pc);
	}
	(void)ctl_put(&m, "count", "%llu",
	    (unsigned long long)param_u64(params, "count", 1));
	monitor_forward(dom, &m, call);
}

void
on_domain_profile(struct daemon *d, struct call *call,
    struct json_object *params)
{
	struct domain *dom = param_domain(d, call, params);
	struct ctl_msg m;

	if (!dom)
		return;
	ctl_msg_init(&m, CTL_PROFILE, 0);
	put_number(&m, "ms", params, "milliseconds");
	monitor_forward(dom, &m, call);
}

void
on_domain_bt_stats(struct daemon *d, struct call *call,
    struct json_object *params)
{
	struct domain *dom = param_domain(d, call, params);
	struct ctl_msg m;

	if (!dom)
		return;
	ctl_msg_init(&m, CTL_BT_STATS, 0);
	put_number(&m, "vcpu", params, "vcpu");
	put_number(&m, "top", params, "top");
	monitor_forward(dom, &m, call);
}
