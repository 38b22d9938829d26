/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domains: the list, their states and how they look in JSON.  A domain is
 * persistent (it has a stored definition), active (a monitor lives), or both;
 * what is neither is gone.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/rpc.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon.h"

/* Fewer characters would be too easily meant for something else. */
#define UUID_PREFIX_LEAST 4

struct domain *
domain_find(struct daemon *d, const char *what, struct err *e)
{
	struct domain *dom;

	TAILQ_FOREACH(dom, &d->domains, link)
		if (!strcmp(dom->name, what) || !strcmp(dom->uuid, what))
			return dom;
	err_set(e, ERR_NO_DOMAIN, "there is no domain \"%.64s\"", what);
	err_hint(e, "domain.list (trivisor list --all) shows what is there");
	return NULL;
}

/* The only domain whose uuid begins so; *n counts them. */
static struct domain *
find_prefix(struct daemon *d, const char *what, unsigned *n)
{
	struct domain *dom, *found = NULL;
	size_t len = strlen(what);

	*n = 0;
	if (len < UUID_PREFIX_LEAST ||
	    strspn(what, "0123456789abcdefABCDEF-") != len)
		return NULL;
	TAILQ_FOREACH(dom, &d->domains, link) {
		if (!strncasecmp(dom->uuid, what, len)) {
			found = dom;
			++*n;
		}
	}
	return *n == 1 ? found : NULL;
}

static struct domain *
find_id(struct daemon *d, const char *what)
{
	struct domain *dom;
	char id[16];

	TAILQ_FOREACH(dom, &d->domains, link) {
		snprintf(id, sizeof(id), "%u", dom->id);
		if (dom->id && !strcmp(id, what))
			return dom;
	}
	return NULL;
}

struct domain *
domain_resolve(struct daemon *d, const char *what, struct err *e)
{
	struct domain *dom = domain_find(d, what, e);
	unsigned n = 0;

	if (!dom)
		dom = find_id(d, what);
	if (!dom)
		dom = find_prefix(d, what, &n);
	if (dom && e)
		*e = (struct err){ 0 };
	if (n > 1) {
		err_set(e, ERR_NO_DOMAIN, "%u domains have a uuid that begins "
		    "with \"%s\"", n, what);
		err_hint(e, "give more of it, or the name");
	}
	return dom;
}

struct domain *
domain_new(struct daemon *d, struct domain_def *def, bool persistent)
{
	struct domain *dom = calloc(1, sizeof(*dom));

	if (!dom)
		return NULL;
	dom->daemon = d;
	dom->def = def;
	dom->persistent = persistent;
	dom->state = DOMAIN_SHUTOFF;
	memcpy(dom->name, def->cfg.name, sizeof(dom->name));
	memcpy(dom->uuid, def->cfg.uuid, sizeof(dom->uuid));
	TAILQ_INSERT_TAIL(&d->domains, dom, link);
	d->n_domains++;
	return dom;
}

void
domain_free(struct daemon *d, struct domain *dom)
{
	BUG_ON(dom->monitor);
	TAILQ_REMOVE(&d->domains, dom, link);
	d->n_domains--;
	domain_def_free(dom->def);
	domain_def_free(dom->live);
	free(dom);
}

bool
domain_is_active(const struct domain *dom)
{
	return dom->monitor != NULL;
}

const struct domain_def *
domain_current(const struct domain *dom)
{
	return dom->live ? dom->live : dom->def;
}

int
domain_choose_mode(struct daemon *d, const struct domain_def *def,
    const struct guest_caps *guest, struct mode_choice *out, struct err *e)
{
	struct mode_request r = { .mode = def->mode,
		.required = def->mode_required, .origin = def->mode_origin };
	struct guest_caps unknown = { .kind = GUEST_UNKNOWN };
	int rc = mode_select(&d->caps, guest ? guest : &unknown, &r, out, e);

	if (rc)
		err_prefix(e, "domain %s", def->cfg.name);
	return rc;
}

static void
add_text(struct json_object *o, const char *key, const char *text)
{
	if (text)
		json_object_object_add(o, key, json_object_new_string(text));
}

static struct json_object *
reasons_json(const struct mode_choice *choice)
{
	struct json_object *a = json_object_new_array();
	unsigned i;

	for (i = 0; i < choice->n_reasons; i++)
		json_object_array_add(a,
		    json_object_new_string(choice->reasons[i]));
	return a;
}

/* "name=value" lines as an object of numbers. */
static struct json_object *
counters_json(const char *text)
{
	struct json_object *o = json_object_new_object();
	char name[96];
	uint64_t value;
	int n;

	while (sscanf(text, "%95[^=\n]=%" SCNu64 "\n%n", name, &value, &n) == 2) {
		json_object_object_add(o, name, json_object_new_uint64(value));
		text += n;
	}
	return o;
}

static struct json_object *
exit_json(const struct domain *dom)
{
	const struct domain_exit *x = &dom->exit;
	char *report = x->state == DOMAIN_CRASHED ? crash_find(dom) : NULL;
	struct json_object *o = json_object_new_object();

	add_text(o, "state", domain_state_name(x->state));
	add_text(o, "reason", x->reason);
	if (x->detail[0])
		add_text(o, "detail", x->detail);
	if (x->has_code)
		json_object_object_add(o, "exit_code",
		    json_object_new_int(x->exit_code));
	add_text(o, "report", report);
	free(report);
	return o;
}

static void
add_run(const struct domain *dom, struct json_object *o)
{
	char time[32];

	rpc_time(dom->started, time);
	json_object_object_add(o, "id", json_object_new_int((int)dom->id));
	json_object_object_add(o, "pid",
	    json_object_new_int(monitor_pid(dom->monitor)));
	add_text(o, "started", time);
	add_text(o, "tty", monitor_tty(dom->monitor, 0));
}

/* {"user_ns": "on", "root": "off: ..."} of the run. */
static struct json_object *
sandbox_json(const struct sandbox_state *seal)
{
	struct json_object *o = json_object_new_object();
	unsigned i;

	for (i = 0; i < SANDBOX_LAYERS; i++)
		if (seal->text[i][0])
			add_text(o, sandbox_layer_name(i), seal->text[i]);
	return o;
}

static void
add_full(const struct domain *dom, const struct domain_def *def,
    struct json_object *o)
{
	const struct vm_config *c = &def->cfg;
	char *report;

	json_object_object_add(o, "reasons", reasons_json(&dom->choice));
	add_text(o, "kernel", def->kernel);
	add_text(o, "initrd", def->initrd);
	add_text(o, "cmdline", c->cmdline);
	add_text(o, "machine", def->machine);
	json_object_object_add(o, "owner", owner_json(dom->def));
	add_text(o, "on_poweroff", vm_action_name(c->on_poweroff));
	add_text(o, "on_reboot", vm_action_name(c->on_reboot));
	add_text(o, "on_crash", vm_action_name(c->on_crash));
	if (dom->monitor)
		json_object_object_add(o, "sandbox",
		    sandbox_json(monitor_seal(dom->monitor)));
	if (dom->monitor && monitor_cpu(dom->monitor)->model[0])
		json_object_object_add(o, "cpu",
		    cpu_json(monitor_cpu(dom->monitor)));
	if (dom->exit.valid)
		json_object_object_add(o, "exit", exit_json(dom));
	report = crash_find(dom);
	add_text(o, "crash_report", report);
	free(report);
}

struct json_object *
domain_json(const struct domain *dom, bool full)
{
	const struct domain_def *def = domain_current(dom);
	struct json_object *o = json_object_new_object();

	add_text(o, "name", dom->name);
	add_text(o, "uuid", dom->uuid);
	add_text(o, "title", def->title);
	add_text(o, "state", domain_state_name(dom->state));
	add_text(o, "reason", dom->reason);
	json_object_object_add(o, "persistent",
	    json_object_new_boolean(dom->persistent));
	json_object_object_add(o, "autostart",
	    json_object_new_boolean(dom->autostart));
	add_text(o, "mode", vm_mode_name(dom->choice.mode));
	add_text(o, "engine", vm_engine_name(def->cfg.engine));
	json_object_object_add(o, "memory",
	    json_object_new_uint64(def->cfg.memory));
	json_object_object_add(o, "vcpus",
	    json_object_new_int((int)def->cfg.vcpus));
	if (dom->monitor)
		add_run(dom, o);
	if (full)
		add_full(dom, def, o);
	return o;
}

static struct json_object *
lifecycle_json(const struct domain *dom, enum domain_state from,
    const char *detail)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "from", domain_state_name(from));
	add_text(o, "to", domain_state_name(dom->state));
	add_text(o, "reason", dom->reason);
	if (detail && *detail)
		add_text(o, "detail", detail);
	if (dom->state == DOMAIN_STARTING) {
		add_text(o, "mode", vm_mode_name(dom->choice.mode));
		json_object_object_add(o, "reasons",
		    reasons_json(&dom->choice));
	}
	if (dom->state != DOMAIN_SHUTOFF && dom->state != DOMAIN_CRASHED)
		return o;
	if (dom->exit.has_code)
		json_object_object_add(o, "exit_code",
		    json_object_new_int(dom->exit.exit_code));
	if (dom->exit.counters[0])
		json_object_object_add(o, "stats",
		    counters_json(dom->exit.counters));
	return o;
}

void
domain_set_state(struct daemon *d, struct domain *dom, enum domain_state to,
    const char *reason, const char *detail)
{
	enum domain_state from = dom->state;

	/* The monitor is the truth; but we should have known. */
	if (!domain_transition_known(from, to, reason))
		log_line(LOG_WARN, "domain: vm=%s what=unknown_transition "
		    "from=%s to=%s reason=%s", dom->name,
		    domain_state_name(from), domain_state_name(to), reason);
	dom->state = to;
	if (to == DOMAIN_STARTING)
		dom->asked = clock_now(&clock_host);
	snprintf(dom->reason, sizeof(dom->reason), "%s", reason);
	log_line(LOG_INFO, "domain: vm=%s what=state from=%s to=%s reason=%s "
	    "detail=\"%s\"", dom->name, domain_state_name(from),
	    domain_state_name(to), reason, detail ? detail : "");
	event_emit(d, "domain.lifecycle", dom->name, dom->uuid,
	    lifecycle_json(dom, from, detail));
}

void
domain_run_over(struct daemon *d, struct domain *dom)
{
	BUG_ON(dom->monitor);
	dom->id = 0;
	dom->exit.valid = true;
	run_dir_remove(d, dom->uuid);
	cgroup_remove(&d->cgroup, dom->uuid);
	domain_set_state(d, dom, dom->exit.state, dom->exit.reason,
	    dom->exit.detail);
	domain_def_free(dom->live);
	dom->live = NULL;
	if (!dom->persistent)
		domain_free(d, dom);
	else if (domain_choose_mode(d, dom->def, NULL, &dom->choice, NULL))
		dom->choice.mode = dom->def->mode;
	daemon_maybe_done(d);
}
