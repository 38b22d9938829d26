/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processor and the clocks that a guest is to see.  Names of models and
 * features are only taken down here: what can be had depends on the host.
 */
#include <stdio.h>
#include <string.h>

#include "api/domain_parse.h"

static const char *const modes[] = {
	[VM_CPU_DEFAULT] = "", [VM_CPU_HOST_PASSTHROUGH] = "host-passthrough",
	[VM_CPU_HOST_MODEL] = "host-model", [VM_CPU_MAXIMUM] = "maximum",
	[VM_CPU_CUSTOM] = "custom",
};
static const char *const matches[] = {
	[VM_CPU_EXACT] = "exact", [VM_CPU_MINIMUM] = "minimum",
	[VM_CPU_STRICT] = "strict",
};
static const char *const checks[] = {
	[VM_CPU_CHECK_UNSET] = "", [VM_CPU_CHECK_NONE] = "none",
	[VM_CPU_CHECK_PARTIAL] = "partial", [VM_CPU_CHECK_FULL] = "full",
};
static const char *const policies[] = {
	[VM_CPU_FORCE] = "force", [VM_CPU_REQUIRE] = "require",
	[VM_CPU_OPTIONAL] = "optional", [VM_CPU_DISABLE] = "disable",
	[VM_CPU_FORBID] = "forbid",
};

int
el_use_cpu(struct domain_parse *p, xmlNode *n)
{
	struct vm_cpu_want *w = &p->d->cpu;

	p->cpu = n;
	w->line = (int)xmlGetLineNo(n);
	w->mode = domain_enum(n, "mode", modes, ARRAY_LEN(modes));
	w->match = domain_enum(n, "match", matches, ARRAY_LEN(matches));
	w->check = domain_enum(n, "check", checks, ARRAY_LEN(checks));
	return 0;
}

int
el_use_cpu_model(struct domain_parse *p, xmlNode *n)
{
	struct vm_cpu_want *w = &p->d->cpu;
	int rc = domain_text(p, n, w->model, sizeof(w->model));
	char text[16];

	w->fallback_forbidden = xml_attr(n, "fallback", text, sizeof(text)) &&
	    !strcmp(text, "forbid");
	if (!rc && xmlHasProp(n, (const xmlChar *)"vendor_id"))
		rc = domain_refuse(p, REFUSE_CPU_VENDOR, n, "<model "
		    "vendor_id=...> is not supported: the vendor shown is "
		    "the model's");
	return rc;
}

int
el_use_cpu_vendor(struct domain_parse *p, xmlNode *n)
{
	return domain_text(p, n, p->d->cpu.vendor, sizeof(p->d->cpu.vendor));
}

int
el_use_cpu_feature(struct domain_parse *p, xmlNode *n)
{
	struct vm_cpu_want *w = &p->d->cpu;
	struct vm_cpu_feature f = { .line = (int)xmlGetLineNo(n),
		.policy = VM_CPU_REQUIRE };
	size_t i;
	int rc;

	if (!xml_attr(n, "name", f.name, sizeof(f.name)) || !f.name[0])
		return domain_refuse(p, REFUSE_CPU_FEATURE, n,
		    "a CPU <feature> has no name, or one that is too long");
	if (xmlHasProp(n, (const xmlChar *)"policy"))
		f.policy = domain_enum(n, "policy", policies,
		    ARRAY_LEN(policies));
	for (i = 0; i < w->n_features; i++) {
		if (strcmp(w->features[i].name, f.name))
			continue;
		rc = domain_refuse(p, REFUSE_CPU_FEATURE_TWICE, n, "CPU "
		    "feature '%s' specified more than once", f.name);
		if (rc)
			return rc;
	}
	if (w->n_features == VM_CPU_MAX_FEATURES)
		return domain_refuse(p, REFUSE_CPU_FEATURES, n,
		    "more than %d CPU features", VM_CPU_MAX_FEATURES);
	w->features[w->n_features++] = f;
	return 0;
}

/* One number of <topology>; absent ones are 1 where that is allowed. */
static int
topology_part(struct domain_parse *p, xmlNode *n, const char *attr,
    bool required, unsigned *out)
{
	char text[16] = "";
	int64_t v = 1;
	int rc = 0;

	*out = 1;
	xml_attr(n, attr, text, sizeof(text));
	if (text[0])
		rc = domain_number(p, n, attr, text, &v);
	if (rc)
		return rc;
	if ((!text[0] && required) || v < 1 || v > INT16_MAX)
		return domain_refuse(p, REFUSE_TOPOLOGY, n, "<topology>: "
		    "'%s' is missing or not a number from 1 on", attr);
	*out = (unsigned)v;
	return 0;
}

int
el_use_topology(struct domain_parse *p, xmlNode *n)
{
	struct vm_cpu_want *w = &p->d->cpu;
	int rc = topology_part(p, n, "sockets", true, &w->sockets);

	p->topology = n;
	if (!rc)
		rc = topology_part(p, n, "dies", false, &w->dies);
	if (!rc)
		rc = topology_part(p, n, "cores", true, &w->cores);
	if (!rc)
		rc = topology_part(p, n, "threads", true, &w->threads);
	return rc;
}

int
el_use_numa_cell(struct domain_parse *p, xmlNode *n)
{
	if (++p->n_cells > 1)
		return domain_refuse(p, REFUSE_NUMA, n,
		    "more than one NUMA cell: guest NUMA is not built yet");
	domain_warn(p, PROBLEM_IGNORED, n,
	    "ignored: a guest has one NUMA cell with all there is");
	return 0;
}

int
domain_check_cpu(struct domain_parse *p)
{
	struct vm_cpu_want *w = &p->d->cpu;
	uint64_t product;
	int rc = 0;

	if (w->model[0] && w->mode == VM_CPU_DEFAULT)
		w->mode = VM_CPU_CUSTOM;
	if (w->n_features && !w->model[0] && (w->mode == VM_CPU_CUSTOM ||
	    w->mode == VM_CPU_DEFAULT))
		rc = domain_refuse(p, REFUSE_CPU_NO_MODEL, p->cpu,
		    "Non-empty feature list specified without CPU model");
	if (rc || !p->topology)
		return rc;
	product = (uint64_t)w->sockets * w->dies * w->cores * w->threads;
	if (product == p->d->cfg.vcpus)
		return 0;
	rc = domain_refuse(p, REFUSE_TOPOLOGY_VCPUS, p->topology, "CPU "
	    "topology doesn't match maximum vcpu count: %u socket(s) of %u "
	    "core(s) for %u vCPU(s)", w->sockets, w->dies * w->cores *
	    w->threads, p->d->cfg.vcpus);
	domain_hint(p, "sockets * dies * cores * threads must be the number "
	    "in <vcpu>");
	return rc;
}

/* ---- clock and timers --------------- */

static int
use_adjustment(struct domain_parse *p, xmlNode *n, struct vm_clock_want *w)
{
	char text[32] = "";
	int rc;

	if (!xml_attr(n, "adjustment", text, sizeof(text)) ||
	    !strcmp(text, "reset"))
		return 0;
	rc = domain_number(p, n, "adjustment=", text, &w->adjustment);
	if (rc || w->offset == VM_CLOCK_BASE_VARIABLE)
		return rc;
	/* As with libvirt, a number makes utc and localtime variable. */
	w->basis = w->offset == VM_CLOCK_BASE_LOCALTIME ?
	    VM_CLOCK_LOCALTIME : VM_CLOCK_UTC;
	w->offset = VM_CLOCK_BASE_VARIABLE;
	return 0;
}

int
el_use_clock(struct domain_parse *p, xmlNode *n)
{
	static const char *const offsets[] = {
		[VM_CLOCK_BASE_UTC] = "utc",
		[VM_CLOCK_BASE_LOCALTIME] = "localtime",
		[VM_CLOCK_BASE_VARIABLE] = "variable",
		[VM_CLOCK_BASE_TIMEZONE] = "timezone",
		[VM_CLOCK_BASE_ABSOLUTE] = "absolute",
	};
	static const char *const bases[] = {
		[VM_CLOCK_UTC] = "utc", [VM_CLOCK_LOCALTIME] = "localtime",
	};
	struct vm_clock_want *w = &p->d->clock;
	char text[32] = "";

	p->d->line.clock = (int)xmlGetLineNo(n);
	w->offset = domain_enum(n, "offset", offsets, ARRAY_LEN(offsets));
	w->basis = domain_enum(n, "basis", bases, ARRAY_LEN(bases));
	if (w->offset == VM_CLOCK_BASE_TIMEZONE) {
		if (!xml_attr(n, "timezone", w->timezone,
		    sizeof(w->timezone)) || !w->timezone[0])
			return domain_refuse(p, REFUSE_CLOCK_TIMEZONE, n,
			    "<clock offset='timezone'> has no timezone='...'");
		return 0;
	}
	if (w->offset == VM_CLOCK_BASE_ABSOLUTE) {
		if (!xml_attr(n, "start", text, sizeof(text)))
			return domain_refuse(p, REFUSE_CLOCK_START, n,
			    "<clock offset='absolute'> has no start='...'");
		return domain_number(p, n, "start=", text, &w->start);
	}
	p->d->cfg.clock_offset = w->offset == VM_CLOCK_BASE_LOCALTIME ||
	    (w->offset == VM_CLOCK_BASE_VARIABLE &&
	    w->basis == VM_CLOCK_LOCALTIME) ? VM_CLOCK_LOCALTIME :
	    VM_CLOCK_UTC;
	return use_adjustment(p, n, w);
}

/* A timer that we have. */
static int
use_our_timer(struct domain_parse *p, xmlNode *n, enum vm_timer t,
    bool present)
{
	struct vm_clock_want *w = &p->d->clock;
	bool said = xmlHasProp(n, (const xmlChar *)"present");
	int rc = 0;

	if (p->timer_seen[t])
		rc = domain_refuse(p, REFUSE_TIMER_TWICE, n,
		    "this timer is there twice");
	p->timer_seen[t] = true;
	w->present[t] = !said ? VM_UNSET : present ? VM_YES : VM_NO;
	if (!present && t != VM_TIMER_KVMCLOCK && t != VM_TIMER_HPET)
		domain_warn(p, PROBLEM_IGNORED, n, "present='no' is "
		    "ignored: the timer is always there");
	if (!rc && said && present && t == VM_TIMER_HPET) {
		rc = domain_refuse(p, REFUSE_TIMER_ABSENT, n,
		    "timer 'hpet' is not supported: not built yet");
		domain_hint(p, "take it out, or say present='no'");
	}
	if (!rc && xmlHasProp(n, (const xmlChar *)"frequency")) {
		rc = domain_refuse(p, REFUSE_TIMER_HZ, n, "a frequency of "
		    "its own is not supported: guests read the TSC of the "
		    "host's processor");
		domain_hint(p, "leave frequency out");
	}
	return rc;
}

int
el_use_timer(struct domain_parse *p, xmlNode *n)
{
	static const char *const ours[VM_TIMER_COUNT] = {
		[VM_TIMER_RTC] = "rtc", [VM_TIMER_PIT] = "pit",
		[VM_TIMER_HPET] = "hpet", [VM_TIMER_TSC] = "tsc",
		[VM_TIMER_KVMCLOCK] = "kvmclock",
	};
	char name[32] = "", present[8] = "yes";
	bool is_present;
	unsigned i;
	int rc;

	if (!xml_attr(n, "name", name, sizeof(name)))
		return domain_refuse(p, REFUSE_TIMER, n,
		    "a <timer> has no name");
	xml_attr(n, "present", present, sizeof(present));
	is_present = strcmp(present, "no") != 0;
	if (xmlHasProp(n, (const xmlChar *)"tickpolicy"))
		domain_warn(p, PROBLEM_IGNORED, n, "tickpolicy is ignored: "
		    "late ticks are made up for");
	for (i = 0; i < VM_TIMER_COUNT; i++)
		if (!strcmp(ours[i], name))
			return use_our_timer(p, n, i, is_present);
	if (!is_present)
		return 0;
	rc = domain_refuse(p, REFUSE_TIMER_ABSENT, n,
	    "timer '%s' is not supported", name);
	domain_hint(p, "take it out, or say present='no'");
	return rc;
}
