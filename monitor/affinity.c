/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads' places on the host's CPUs.  All is set while threads are made:
 * later, they are sealed.
 */
#include "monitor/affinity.h"

#include <errno.h>

#include "vm/tune.h"

static void
intersect(cpu_set_t *out, const struct vm_cpuset *want,
    const cpu_set_t *allowed)
{
	CPU_ZERO(out);
	for (unsigned i = 0; i < VM_HOST_CPUS && i < CPU_SETSIZE; i++)
		if (vm_cpuset_has(want, i) && CPU_ISSET(i, allowed))
			CPU_SET(i, out);
}

/* want, if it says anything, within allowed. */
static int
narrow(cpu_set_t *out, const struct vm_cpuset *want, const cpu_set_t *allowed,
    const char *what, struct err *e)
{
	if (vm_cpuset_is_empty(want)) {
		*out = *allowed;
		return 0;
	}
	intersect(out, want, allowed);
	if (CPU_COUNT(out))
		return 0;
	err_set(e, ERR_CONFIG_UNSUPPORTED, "%s: the monitor may use none of "
	    "these host CPUs", what);
	err_hint(e, "\"trivisor nodeinfo\" says how many there are; taskset "
	    "and cgroups say which ones the daemon may use");
	return -EINVAL;
}

int
affinity_init(struct affinity *a, const struct vm_config *cfg, struct err *e)
{
	struct vm_cpuset pins[VM_MAX_VCPUS];
	struct vm_cpuset set = { { 0 } };
	cpu_set_t allowed;
	cpu_set_t all;
	cpu_set_t any;
	int rc;

	/* Fails where there are more than the set can hold. */
	if (sched_getaffinity(0, sizeof(all), &all))
		for (unsigned i = 0; i < CPU_SETSIZE; i++)
			CPU_SET(i, &all);
	if (cfg->cpuset[0] && !vm_cpuset_parse(cfg->cpuset, &set))
		return err_set(e, ERR_INTERNAL, "cpuset \"%s\"", cfg->cpuset);
	rc = narrow(&allowed, &set, &all, "cpuset", e);
	if (!rc && !vm_pins_parse(cfg->vcpu_pins, pins))
		rc = err_set(e, ERR_INTERNAL, "pins \"%.64s\"",
		    cfg->vcpu_pins);
	CPU_ZERO(&any);
	/* A pin replaces the cpuset, it does not narrow it. */
	for (unsigned i = 0; !rc && i < cfg->vcpus; i++) {
		rc = narrow(&a->vcpu[i], &pins[i],
		    vm_cpuset_is_empty(&pins[i]) ? &allowed : &all, "vcpupin",
		    e);
		CPU_OR(&any, &any, &a->vcpu[i]);
	}
	a->host_cpus = (unsigned)CPU_COUNT(&any);
	if (rc || (!cfg->cpuset[0] && !cfg->emulator_pin[0]))
		return rc;
	set = (struct vm_cpuset){ { 0 } };
	if (cfg->emulator_pin[0] && !vm_cpuset_parse(cfg->emulator_pin, &set))
		return err_set(e, ERR_INTERNAL, "emulator_pin");
	rc = narrow(&any, &set, cfg->emulator_pin[0] ? &all : &allowed,
	    "emulatorpin", e);
	if (!rc && sched_setaffinity(0, sizeof(any), &any))
		rc = err_set_sys(e, errno, "emulatorpin");
	return rc;
}

int
affinity_attr(const struct affinity *a, unsigned vcpu, pthread_attr_t *attr)
{
	return pthread_attr_setaffinity_np(attr, sizeof(a->vcpu[vcpu]),
	    &a->vcpu[vcpu]);
}
