/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of host.*: what the host is and what domains can have on it. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/host.h"
#include "daemon/tuning.h"
#include "modes/cpu_model.h"

static void
add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static void
add_int(struct json_object *o, const char *key, uint64_t v)
{
	json_object_object_add(o, key, json_object_new_int64((int64_t)v));
}

static void
no_memory(struct call *call)
{
	struct err e = { 0 };

	err_set_sys(&e, ENOMEM, "host");
	call_fail(call, &e);
}

void
on_host_info(struct daemon *d, struct call *call, struct json_object *params)
{
	struct host_facts *f = host_facts_read();
	struct json_object *o;

	(void)d;
	(void)params;
	if (!f) {
		no_memory(call);
		return;
	}
	o = json_object_new_object();
	add_text(o, "model", f->model);
	add_text(o, "arch", f->arch);
	add_int(o, "cpus", f->n_cpus);
	add_int(o, "mhz", f->mhz);
	add_int(o, "sockets", f->sockets);
	add_int(o, "cores", f->cores);
	add_int(o, "threads", f->threads);
	add_int(o, "numa_cells", f->n_cells);
	add_int(o, "memory_total", f->memory);
	add_int(o, "memory_free", f->memory_free);
	add_text(o, "kernel", f->kernel);
	free(f);
	call_ok(call, o, -1);
}

static struct json_object *
names_json(const struct cpuid_set *s)
{
	struct json_object *a = json_object_new_array();
	const char *name;
	unsigned at = 0;

	while ((name = cpu_set_next(s, &at)) != NULL)
		json_object_array_add(a, json_object_new_string(name));
	return a;
}

/* What the guest of a run sees. */
struct json_object *
cpu_json(const struct monitor_cpu *c)
{
	static const char *const names[] = {
		"sockets", "dies", "cores", "threads",
	};
	struct json_object *o = json_object_new_object(), *t;
	const char *at = c->topology;
	struct cpuid_set set;

	add_text(o, "model", c->model);
	if (cpu_set_parse(c->set, &set))
		json_object_object_add(o, "features", names_json(&set));
	if (!strncmp(at, "0 ", 2))
		return o;
	t = json_object_new_object();
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *end;

		add_int(t, names[i], strtoul(at, &end, 10));
		at = end;
	}
	json_object_object_add(o, "topology", t);
	return o;
}

static struct json_object *
strings(const char *const *list, size_t n)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(a, json_object_new_string(list[i]));
	return a;
}

void
on_host_capabilities(struct daemon *d, struct call *call,
    struct json_object *params)
{
	static const char *const machines[] = { "pc", "q35", "microvm" };
	static const char *const arches[] = { "x86_64", "i686" };
	static const char *const types[] = { "trivisor", "qemu", "kvm" };
	const struct cpuid_host *h = tuning_cpu_host();
	struct host_facts *f = host_facts_read();
	char *xml = f ? host_capabilities_xml(d, f) : NULL;
	bool kvm = d->caps.hvm_built && d->caps.kvm == KVM_HARDWARE;
	struct cpuid_set offered;
	struct json_object *o;

	(void)params;
	free(f);
	if (!xml) {
		no_memory(call);
		return;
	}
	cpuid_offered(h, &offered);
	o = json_object_new_object();
	add_text(o, "xml", xml);
	add_text(o, "vendor", cpu_vendor_name(h));
	add_text(o, "cpu_model", cpu_model_nearest(h));
	json_object_object_add(o, "features", names_json(&offered));
	json_object_object_add(o, "arches", strings(arches,
	    ARRAY_LEN(arches)));
	json_object_object_add(o, "machines", strings(machines,
	    ARRAY_LEN(machines)));
	json_object_object_add(o, "types", strings(types, kvm ? 3 : 2));
	add_int(o, "max_vcpus", VM_MAX_VCPUS);
	free(xml);
	call_ok(call, o, -1);
}

void
on_host_domain_capabilities(struct daemon *d, struct call *call,
    struct json_object *params)
{
	char *xml = host_domain_capabilities_xml(d);
	struct json_object *o;

	(void)params;
	if (!xml) {
		no_memory(call);
		return;
	}
	o = json_object_new_object();
	add_text(o, "xml", xml);
	free(xml);
	call_ok(call, o, -1);
}

static struct json_object *
models_json(const struct cpuid_host *h)
{
	struct json_object *a = json_object_new_array();
	const char *name;

	for (unsigned i = 0; (name = cpu_model_name(i)) != NULL; i++) {
		struct json_object *o = json_object_new_object();
		struct json_object *lacks;
		struct cpuid_set missing;
		struct cpuid_set left_out;

		cpu_model_missing(h, name, &missing, &left_out);
		lacks = names_json(&missing);
		add_text(o, "name", name);
		add_text(o, "vendor", cpu_model_vendor(name));
		json_object_object_add(o, "usable", json_object_new_boolean(
		    !json_object_array_length(lacks)));
		json_object_object_add(o, "missing", lacks);
		json_object_object_add(o, "left_out", names_json(&left_out));
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *
features_json(const struct cpuid_host *h)
{
	struct json_object *a = json_object_new_array();
	struct cpu_feature_info f;
	struct cpuid_set offered;
	unsigned at = 0;

	cpuid_offered(h, &offered);
	while (cpu_feature_next(&offered, &at, &f)) {
		struct json_object *o = json_object_new_object();

		add_text(o, "name", f.name);
		add_int(o, "leaf", f.leaf);
		add_int(o, "subleaf", f.subleaf);
		add_text(o, "register", f.reg);
		add_int(o, "bit", f.bit);
		json_object_object_add(o, "offered",
		    json_object_new_boolean(f.offered));
		if (f.why && !f.offered)
			add_text(o, "why", f.why);
		json_object_array_add(a, o);
	}
	return a;
}

void
on_host_cpu_models(struct daemon *d, struct call *call,
    struct json_object *params)
{
	const struct cpuid_host *h = tuning_cpu_host();
	struct json_object *o = json_object_new_object();

	(void)d;
	json_object_object_add(o, "models", models_json(h));
	add_text(o, "nearest", cpu_model_nearest(h));
	if (param_bool(params, "features", false))
		json_object_object_add(o, "features", features_json(h));
	call_ok(call, o, -1);
}

void
on_host_doctor(struct daemon *d, struct call *call,
    struct json_object *params)
{
	struct json_object *o = json_object_new_object();

	(void)params;
	json_object_object_add(o, "checks", host_doctor_checks(d));
	call_ok(call, o, -1);
}
