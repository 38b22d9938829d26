/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcpu, cputune and memtune: how much of the host a domain may have.
 */
#include <stdio.h>
#include <string.h>

#include "api/domain_parse.h"

#define MIN_SHARES 2
#define MAX_SHARES 262144
#define MIN_PERIOD 1000
#define MAX_PERIOD 1000000
#define MIN_QUOTA 1000
#define MAX_QUOTA INT64_C(17592186044415)	/* as libvirt says */

static int
use_cpuset(struct domain_parse *p, xmlNode *n, struct vm_cpuset *s)
{
	char text[1024];
	int rc;

	if (!xmlHasProp(n, (const xmlChar *)"cpuset"))
		return 0;
	if (xml_attr(n, "cpuset", text, sizeof(text)) &&
	    vm_cpuset_parse(text, s))
		return 0;
	memset(s, 0, sizeof(*s));
	rc = domain_refuse(p, REFUSE_CPUSET, n,
	    "<%s>: cpuset is not a set of host CPUs", n->name);
	domain_hint(p, "write it as 0-3,^2,7; CPUs count from 0");
	return rc;
}

int
el_use_vcpu(struct domain_parse *p, xmlNode *n)
{
	char text[16], current[16];
	int64_t v = 1, now;
	int rc = domain_text(p, n, text, sizeof(text));

	p->vcpu = n;
	p->d->line.vcpu = (int)xmlGetLineNo(n);
	if (!rc)
		rc = domain_number(p, n, "", text, &v);
	if (!rc && (v < 1 || v > VM_MAX_VCPUS))
		rc = domain_refuse(p, REFUSE_VCPU, n, "<vcpu>: %s virtual "
		    "CPUs asked for, 1 to %d can be had", text, VM_MAX_VCPUS);
	if (rc)
		return rc;
	p->d->cfg.vcpus = v < 0 || v > INT32_MAX ? INT32_MAX : (unsigned)v;
	if (xml_attr(n, "current", current, sizeof(current))) {
		now = v;
		rc = domain_number(p, n, "current=", current, &now);
		if (!rc && now != v) {
			rc = domain_refuse(p, REFUSE_VCPU_CURRENT, n,
			    "<vcpu current='%s'> is not supported: CPU "
			    "hotplug is not built yet", current);
			domain_hint(p, "write the number of virtual CPUs "
			    "that the guest is to have");
		}
	}
	if (!rc && xml_attr(n, "placement", text, sizeof(text)) &&
	    !strcmp(text, "auto"))
		domain_warn(p, PROBLEM_IGNORED, n, "placement='auto' is "
		    "ignored: the host's scheduler places the threads");
	return rc ? rc : use_cpuset(p, n, &p->d->tune.cpuset);
}

int
el_use_vcpus_vcpu(struct domain_parse *p, xmlNode *n)
{
	char text[8];

	if (!xml_attr(n, "enabled", text, sizeof(text)) ||
	    strcmp(text, "no"))
		return 0;
	return domain_refuse(p, REFUSE_VCPU_OFF, n, "<vcpu enabled='no'> is "
	    "not supported: CPU hotplug is not built yet");
}

/* ---- cputune --------------- */

int
el_use_cputune(struct domain_parse *p, xmlNode *n)
{
	p->d->line.cputune = (int)xmlGetLineNo(n);
	return 0;
}

/* The element's number, refused outside of min to max. */
static int
use_range(struct domain_parse *p, xmlNode *n, enum domain_refusal r,
    int64_t min, int64_t max, int64_t *v)
{
	char text[32];
	int rc = domain_text(p, n, text, sizeof(text));

	if (!rc)
		rc = domain_number(p, n, "", text, v);
	if (!rc && (*v < min || *v > max))
		rc = domain_refuse(p, r, n, "Value of cputune '%s' must be "
		    "in range [%lld, %lld]", n->name, (long long)min,
		    (long long)max);
	return rc;
}

int
el_use_shares(struct domain_parse *p, xmlNode *n)
{
	int64_t v = 1024;
	int rc = use_range(p, n, REFUSE_SHARES, MIN_SHARES, MAX_SHARES, &v);

	if (!rc)
		p->d->tune.shares = (uint64_t)v;
	return rc;
}

static struct vm_bandwidth *
bandwidth_of(struct domain_parse *p, xmlNode *n)
{
	const char *name = (const char *)n->name;

	return !strncmp(name, "global_", 7) ? &p->d->tune.global :
	    !strncmp(name, "emulator_", 9) ? &p->d->tune.emulator :
	    &p->d->tune.vcpu;
}

int
el_use_period(struct domain_parse *p, xmlNode *n)
{
	int64_t v = MIN_PERIOD;
	int rc = use_range(p, n, REFUSE_PERIOD, MIN_PERIOD, MAX_PERIOD, &v);

	if (!rc)
		bandwidth_of(p, n)->period = (uint64_t)v;
	return rc;
}

/* Anything below zero means no limit. */
int
el_use_quota(struct domain_parse *p, xmlNode *n)
{
	int64_t v = MIN_QUOTA;
	char text[32];
	int rc = 0;

	if (xml_text(n, text, sizeof(text)) && text[0] == '-') {
		rc = domain_number(p, n, "", text, &v);
		v = -1;
	} else {
		rc = use_range(p, n, REFUSE_QUOTA, MIN_QUOTA, MAX_QUOTA, &v);
	}
	if (!rc)
		bandwidth_of(p, n)->quota = v;
	return rc;
}

int
el_use_vcpupin(struct domain_parse *p, xmlNode *n)
{
	struct vm_cpuset set = { 0 };
	char text[16] = "";
	int64_t v = -1;
	int rc = 0;

	xml_attr(n, "vcpu", text, sizeof(text));
	if (text[0])
		rc = domain_number(p, n, "vcpu=", text, &v);
	if (!rc && (v < 0 || !xmlHasProp(n, (const xmlChar *)"cpuset")))
		rc = domain_refuse(p, REFUSE_PIN, n, "<vcpupin> needs "
		    "vcpu='N' and cpuset='SET'");
	if (!rc)
		rc = use_cpuset(p, n, &set);
	if (rc || v < 0)
		return rc;
	/* <vcpu> may follow: too many now is for the end to see. */
	if (v >= VM_MAX_VCPUS) {
		domain_warn(p, PROBLEM_IGNORED, n,
		    "ignored: there is no vCPU %s", text);
		return 0;
	}
	if (!vm_cpuset_is_empty(&p->d->tune.vcpu_pin[v]))
		rc = domain_refuse(p, REFUSE_PIN_TWICE, n,
		    "vCPU %s is pinned twice", text);
	if (!rc)
		p->d->tune.vcpu_pin[v] = set;
	return rc;
}

int
el_use_emulatorpin(struct domain_parse *p, xmlNode *n)
{
	if (!xmlHasProp(n, (const xmlChar *)"cpuset"))
		return domain_refuse(p, REFUSE_CPUSET, n,
		    "<emulatorpin> needs cpuset='SET'");
	return use_cpuset(p, n, &p->d->tune.emulator_pin);
}

/* ---- memtune --------------- */

int
el_use_memtune(struct domain_parse *p, xmlNode *n)
{
	p->memtune = n;
	p->d->line.memtune = (int)xmlGetLineNo(n);
	return 0;
}

int
el_use_limit(struct domain_parse *p, xmlNode *n)
{
	const char *name = (const char *)n->name;
	struct vm_tune *t = &p->d->tune;

	return domain_size(p, n, !strcmp(name, "hard_limit") ?
	    &t->hard_limit : !strcmp(name, "soft_limit") ? &t->soft_limit :
	    &t->swap_hard_limit);
}

int
domain_check_tune(struct domain_parse *p)
{
	struct vm_tune *t = &p->d->tune;
	unsigned i;
	int rc = 0;

	if (t->swap_hard_limit && t->hard_limit &&
	    t->swap_hard_limit < t->hard_limit)
		rc = domain_refuse(p, REFUSE_LIMITS, p->memtune,
		    "<memtune>: hard_limit is above swap_hard_limit");
	if (!rc && t->hard_limit && t->hard_limit < p->d->cfg.memory)
		domain_warn(p, PROBLEM_DEFAULTED, p->memtune, "hard_limit is "
		    "below the guest's memory: the guest is ended when it "
		    "uses more");
	for (i = p->d->cfg.vcpus; !rc && i < VM_MAX_VCPUS; i++) {
		if (vm_cpuset_is_empty(&t->vcpu_pin[i]))
			continue;
		domain_warn(p, PROBLEM_IGNORED, p->vcpu ? p->vcpu :
		    p->root, "the <vcpupin> of vCPU %u is ignored: there is "
		    "no such vCPU", i);
		memset(&t->vcpu_pin[i], 0, sizeof(t->vcpu_pin[i]));
	}
	return rc;
}
