/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what.  A method has a role (api/methods.h), checked before its
 * parameters are looked at; what changes a domain is for its owner and for
 * administrators, checked as soon as the domain is known.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/daemon.h"

static int
denied_read_only(const struct conn *c, const struct method *m, struct err *e)
{
	err_set(e, ERR_OPERATION_DENIED, "%s changes things, and this is a "
	    "read-only connection", m->name);
	err_hint(e, "connect to %.200s", c->daemon->opt.socket);
	return -EACCES;
}

int
role_check(const struct conn *c, const struct method *m, struct err *e)
{
	if (m->role <= c->role)
		return 0;
	if (c->read_only)
		return denied_read_only(c, m, e);
	err_set(e, ERR_ACCESS_DENIED, "user %u may not call %s: it is for "
	    "administrators", (unsigned)c->ids.uid, m->name);
	err_hint(e, "become root or a member of group %.64s",
	    c->daemon->opt.admin_group);
	return -EACCES;
}

bool
client_owns(const struct domain_def *def, const struct client_ids *ids)
{
	if (!def->owned)
		return false;
	return def->owner_uid == ids->uid || (def->owner_gid != (gid_t)-1 &&
	    client_in_group(ids, def->owner_gid));
}

int
owner_check(const struct conn *c, const struct domain *dom, struct err *e)
{
	const struct domain_def *def = dom->def;

	if (c->role == ROLE_ADMIN || client_owns(def, &c->ids))
		return 0;
	if (def->owned)
		err_set(e, ERR_ACCESS_DENIED, "domain %s belongs to user %u, "
		    "not to user %u", dom->name, (unsigned)def->owner_uid,
		    (unsigned)c->ids.uid);
	else
		err_set(e, ERR_ACCESS_DENIED, "domain %s belongs to the "
		    "administrators, not to user %u", dom->name,
		    (unsigned)c->ids.uid);
	err_hint(e, "ask user %u, or a member of group %.64s, to do it or to "
	    "hand it over with domain.set_owner",
	    def->owned ? (unsigned)def->owner_uid : 0,
	    c->daemon->opt.admin_group);
	return -EACCES;
}

int
owner_check_params(const struct conn *c, const struct method *m,
    struct json_object *params, struct err *e)
{
	struct json_object *v;
	struct domain *dom;

	if (!(m->flags & METHOD_OWNER) || c->role == ROLE_ADMIN)
		return 0;
	if (!json_object_is_type(params, json_type_object) ||
	    !json_object_object_get_ex(params, "domain", &v) ||
	    !json_object_is_type(v, json_type_string))
		return 0;
	dom = domain_resolve(c->daemon, json_object_get_string(v), NULL);
	return dom ? owner_check(c, dom, e) : 0;
}

void
owner_set(struct domain_def *def, const struct conn *c)
{
	def->owned = c != NULL;
	def->owner_uid = c ? c->ids.uid : 0;
	def->owner_gid = (gid_t)-1;
}

void
owner_copy(struct domain_def *to, const struct domain_def *from)
{
	to->owned = from->owned;
	to->owner_uid = from->owner_uid;
	to->owner_gid = from->owner_gid;
}

struct json_object *
owner_json(const struct domain_def *def)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "uid", json_object_new_int64(
	    def->owned ? (int64_t)def->owner_uid : 0));
	if (def->owned && def->owner_gid != (gid_t)-1)
		json_object_object_add(o, "gid",
		    json_object_new_int64((int64_t)def->owner_gid));
	return o;
}

static int
take_id(struct json_object *params, const char *name, uint32_t *id,
    struct err *e)
{
	uint64_t v = param_u64(params, name, UINT32_MAX);

	*id = (uint32_t)v;
	if (v < UINT32_MAX || !param_has(params, name))
		return 0;
	err_set(e, ERR_INVALID_ARG, "%s %llu is not a number of a user or "
	    "group", name, (unsigned long long)v);
	snprintf(e->element, sizeof(e->element), "%s", name);
	return -EINVAL;
}

void
on_domain_set_owner(struct daemon *d, struct call *call,
    struct json_object *params)
{
	struct domain *dom = param_domain(d, call, params);
	struct domain_def before, *def;
	struct err e = { 0 };
	uint32_t uid, gid;
	int rc;

	if (!dom)
		return;
	def = dom->def;
	rc = take_id(params, "uid", &uid, &e);
	if (!rc)
		rc = take_id(params, "gid", &gid, &e);
	if (!rc) {
		owner_copy(&before, def);
		def->owned = true;
		def->owner_uid = uid;
		def->owner_gid = gid;
		rc = dom->persistent ? store_def(d, def, &e) : 0;
		if (rc)
			owner_copy(def, &before);
	}
	if (rc) {
		call_fail(call, &e);
		return;
	}
	if (dom->live)
		owner_copy(dom->live, def);
	monitor_note(dom);
	event_emit(d, "domain.owner", dom->name, dom->uuid, owner_json(def));
	call_ok(call, domain_json(dom, true), -1);
}
