/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From struct vm_cpu_want, vm_clock_want and vm_tune (vm/tune.h) to a run's
 * configuration and the values of its cgroup.
 */
#include "daemon/tuning.h"

#include <errno.h>
#include <json-c/json.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "modes/cpu_model.h"

#define DEFAULT_PERIOD 100000u	/* of cpu.max, microseconds */
/* cpu.weight of cgroup v2, which libvirt's shares are written to as they are. */
#define MAX_WEIGHT 10000u
#define ZONEINFO "/usr/share/zoneinfo/"

/* --- the processor ------------------------------------------------------- */

const struct cpuid_host *
tuning_cpu_host(void)
{
	static struct cpuid_host host;
	static bool read;
	struct err e = { 0 };

	/* Without names to take away nothing can be wrong with them. */
	if (!read)
		BUG_ON(cpuid_host_read(&host, NULL, &e));
	read = true;
	return &host;
}

static int
resolve(const struct domain_def *def, const struct vm_config *c,
    struct cpu_model *model, struct err *e)
{
	struct cpuid_host poorer;
	int rc;

	if (!c->host_without[0])
		return cpu_model_resolve(model, tuning_cpu_host(), &def->cpu,
		    e);
	rc = cpuid_host_read(&poorer, c->host_without, e);
	return rc ? rc : cpu_model_resolve(model, &poorer, &def->cpu, e);
}

static int
set_cpu(const struct domain_def *def, struct vm_config *c, tuning_fn *fn,
    void *ctx, struct err *e)
{
	const struct vm_cpu_want *w = &def->cpu;
	struct cpu_model model;
	int rc = resolve(def, c, &model, e);

	if (rc)
		return rc;
	for (unsigned i = 0; fn && i < model.n_notes; i++) {
		struct err note = { .line = w->line };

		snprintf(note.msg, sizeof(note.msg), "cpu model %s: %s",
		    model.name, model.notes[i]);
		fn(ctx, false, w->line, "/domain/cpu", &note);
	}
	snprintf(c->cpu_model, sizeof(c->cpu_model), "%s", model.name);
	snprintf(c->cpu_brand, sizeof(c->cpu_brand), "%s", model.brand);
	BUG_ON(!cpu_set_print(&model.set, c->cpu_set, sizeof(c->cpu_set)));
	c->cpu_signature = model.signature;
	c->sockets = w->sockets;
	c->dies = w->dies;
	c->cores = w->cores;
	c->threads = w->threads;
	return 0;
}

void
tuning_warn(void *ctx, bool error, int line, const char *xpath,
    const struct err *e)
{
	struct json_object *o = json_object_new_object();

	(void)error;
	json_object_object_add(o, "line", json_object_new_int(line));
	json_object_object_add(o, "xpath", json_object_new_string(xpath));
	json_object_object_add(o, "reason", json_object_new_string(e->msg));
	json_object_object_add(o, "kind", json_object_new_string(
	    domain_problem_kind_name(PROBLEM_DEFAULTED)));
	json_object_array_add(ctx, o);
}

/* --- the clock -------------------------------------------------------------- */

/* How far local time is ahead of UTC now, in seconds. */
static int64_t
local_offset(void)
{
	time_t now = time(NULL);
	struct tm tm;

	tzset();
	return localtime_r(&now, &tm) ? tm.tm_gmtoff : 0;
}

/* The same in a zone of the host's database. */
static int
zone_offset(const char *zone, int64_t *offset, struct err *e)
{
	const char *before = getenv("TZ");
	char *saved = before ? strdup(before) : NULL;
	char path[128];

	snprintf(path, sizeof(path), ZONEINFO "%s", zone);
	if (zone[0] == '/' || strstr(zone, "..") || access(path, R_OK)) {
		free(saved);
		err_set(e, ERR_CONFIG_UNSUPPORTED, "clock: the time zone "
		    "\"%.64s\" is not known to this host", zone);
		err_hint(e, "names are those of files in " ZONEINFO ", for "
		    "example Europe/Berlin");
		return -EINVAL;
	}
	/* The daemon has one thread; libc knows no other way. */
	setenv("TZ", zone, 1);
	*offset = local_offset();
	if (saved)
		setenv("TZ", saved, 1);
	else
		unsetenv("TZ");
	tzset();
	free(saved);
	return 0;
}

static int
set_clock(const struct vm_clock_want *w, struct vm_config *c, struct err *e)
{
	int64_t now = clock_realtime() / NS_PER_SEC;

	switch (w->offset) {
	case VM_CLOCK_BASE_UTC:
		c->rtc_offset = 0;
		return 0;
	case VM_CLOCK_BASE_LOCALTIME:
		c->rtc_offset = local_offset();
		return 0;
	case VM_CLOCK_BASE_VARIABLE:
		c->rtc_offset = w->adjustment +
		    (w->basis == VM_CLOCK_LOCALTIME ? local_offset() : 0);
		return 0;
	case VM_CLOCK_BASE_ABSOLUTE:
		c->rtc_offset = w->start - now;
		return 0;
	case VM_CLOCK_BASE_TIMEZONE:
		return zone_offset(w->timezone, &c->rtc_offset, e);
	}
	return 0;
}

/* --- what define says, too --- */

int
tuning_cpu(const struct domain_def *def, struct vm_config *c, tuning_fn *fn,
    void *ctx, struct err *e)
{
	c->no_kvmclock = def->clock.present[VM_TIMER_KVMCLOCK] == VM_NO;
	return set_cpu(def, c, fn, ctx, e);
}

int
tuning_cpu_warnings(const struct domain_def *def,
    struct json_object *warnings, struct err *e)
{
	struct vm_config scratch = def->cfg;

	return tuning_cpu(def, &scratch, tuning_warn, warnings, e);
}

/* --- host CPUs ---------------------------------------------------------------- */

/* Has the set a CPU that this process, and so its children, may use? */
static int
check_set(const struct vm_cpuset *s, const char *what, struct err *e)
{
	cpu_set_t allowed;
	char text[VM_CPUSET_MAX];

	if (vm_cpuset_is_empty(s) ||
	    sched_getaffinity(0, sizeof(allowed), &allowed))
		return 0;
	for (unsigned i = 0; i < VM_HOST_CPUS && i < CPU_SETSIZE; i++)
		if (vm_cpuset_has(s, i) && CPU_ISSET(i, &allowed))
			return 0;
	if (!vm_cpuset_print(s, text, sizeof(text)))
		snprintf(text, sizeof(text), "...");
	err_set(e, ERR_CONFIG_UNSUPPORTED, "%s: none of the host CPUs %s can "
	    "be used, there are %d", what, text, CPU_COUNT(&allowed));
	err_hint(e, "\"trivisor nodeinfo\" says how many CPUs the host has; "
	    "they are counted from 0");
	return -EINVAL;
}

static int
set_pins(const struct vm_tune *t, struct vm_config *c, struct err *e)
{
	int rc = check_set(&t->cpuset, "vcpu cpuset", e);

	if (!rc)
		rc = check_set(&t->emulator_pin, "emulatorpin", e);
	for (unsigned i = 0; !rc && i < VM_MAX_VCPUS; i++)
		rc = check_set(&t->vcpu_pin[i], "vcpupin", e);
	if (rc)
		return rc;
	if (vm_cpuset_print(&t->cpuset, c->cpuset, sizeof(c->cpuset)) &&
	    vm_cpuset_print(&t->emulator_pin, c->emulator_pin,
	    sizeof(c->emulator_pin)) &&
	    vm_pins_print(t->vcpu_pin, c->vcpu_pins, sizeof(c->vcpu_pins)))
		return 0;
	return err_set(e, ERR_CONFIG_UNSUPPORTED, "cputune: a set of host "
	    "CPUs has more than %d characters", VM_CPUSET_MAX - 1);
}

int
tuning_host(const struct domain_def *def, struct vm_config *c, struct err *e)
{
	int rc = set_clock(&def->clock, c, e);

	return rc ? rc : set_pins(&def->tune, c, e);
}

/* --- limits ------------------------------------------------------------------------ */

/*
 * All threads of a monitor share one cgroup: the vCPUs' quotas are added up,
 * and the emulator's, if there is one.
 */
static int
add_bandwidth(const struct vm_tune *t, unsigned vcpus,
    struct cgroup_values *v, struct err *e)
{
	uint64_t period = t->vcpu.period ? t->vcpu.period : DEFAULT_PERIOD;
	uint64_t quota = t->vcpu.quota > 0 ?
	    (uint64_t)t->vcpu.quota * vcpus : 0;

	if (t->emulator.quota > 0 && !quota) {
		err_set(e, ERR_CONFIG_UNSUPPORTED, "cputune: emulator_quota "
		    "without quota cannot be kept: a domain's threads share "
		    "one cgroup");
		err_hint(e, "say global_quota, or quota and emulator_quota");
		return -EINVAL;
	}
	if (t->emulator.quota > 0)
		quota += (uint64_t)t->emulator.quota * period /
		    (t->emulator.period ? t->emulator.period : DEFAULT_PERIOD);
	if (t->global.quota > 0) {
		uint64_t p = t->global.period ? t->global.period :
		    DEFAULT_PERIOD;

		/* The narrower of the two. */
		if (!quota || (double)t->global.quota / (double)p <
		    (double)quota / (double)period) {
			quota = (uint64_t)t->global.quota;
			period = p;
		}
	}
	if (quota)
		cgroup_add(v, "cpu.max", "%llu %llu",
		    (unsigned long long)quota, (unsigned long long)period);
	return 0;
}

static int
add_memory(const struct vm_tune *t, struct cgroup_values *v, struct err *e)
{
	if (t->hard_limit)
		cgroup_add(v, "memory.max", "%llu",
		    (unsigned long long)t->hard_limit);
	if (t->soft_limit)
		cgroup_add(v, "memory.high", "%llu",
		    (unsigned long long)t->soft_limit);
	if (!t->swap_hard_limit)
		return 0;
	if (!t->hard_limit) {
		err_set(e, ERR_CONFIG_UNSUPPORTED, "memtune: swap_hard_limit "
		    "is memory and swap together and needs a hard_limit");
		err_hint(e, "add <hard_limit>");
		return -EINVAL;
	}
	/* memory.swap.max counts swap alone. */
	cgroup_add(v, "memory.swap.max", "%llu",
	    (unsigned long long)(t->swap_hard_limit - t->hard_limit));
	return 0;
}

int
tuning_limits(const struct domain_def *def, struct cgroup_values *v,
    struct err *e)
{
	const struct vm_tune *t = &def->tune;
	int rc;

	memset(v, 0, sizeof(*v));
	if (t->shares > MAX_WEIGHT) {
		err_set(e, ERR_CONFIG_UNSUPPORTED, "cputune: shares of %llu "
		    "are above %u, the most that cgroup v2 has",
		    (unsigned long long)t->shares, MAX_WEIGHT);
		err_hint(e, "shares are relative: divide those of all "
		    "domains; 100 is what a process without shares has");
		return -EINVAL;
	}
	if (t->shares)
		cgroup_add(v, "cpu.weight", "%llu",
		    (unsigned long long)t->shares);
	rc = add_bandwidth(t, def->cfg.vcpus, v, e);
	return rc ? rc : add_memory(t, v, e);
}

void
tuning_reapply(struct daemon *d, const struct domain *dom)
{
	struct cgroup_values v;
	struct err e = { 0 };
	int fd = -1;
	int rc = tuning_limits(domain_current(dom), &v, &e);

	if (!rc && v.n)
		rc = cgroup_make(&d->cgroup, dom->uuid, &v, &fd, &e);
	if (fd >= 0)
		close(fd);
	if (rc)
		log_line(LOG_ERR, "attach: vm=%s what=limits error=\"%s\"",
		    dom->name, e.msg);
}

/* --- domain.check ------------------------------------------------------------------ */

void
tuning_check(struct daemon *d, const struct domain_def *def, tuning_fn *fn,
    void *ctx)
{
	struct vm_config scratch = def->cfg;
	struct cgroup_values v;
	struct err e = { 0 };
	int rc;

	if (set_cpu(def, &scratch, fn, ctx, &e))
		fn(ctx, true, e.line, "/domain/cpu", &e);
	e = (struct err){ 0 };
	if (set_clock(&def->clock, &scratch, &e))
		fn(ctx, true, def->line.clock, "/domain/clock", &e);
	e = (struct err){ 0 };
	if (set_pins(&def->tune, &scratch, &e))
		fn(ctx, true, def->line.cputune ? def->line.cputune :
		    def->line.vcpu, "/domain/cputune", &e);
	e = (struct err){ 0 };
	rc = tuning_limits(def, &v, &e);
	if (!rc)
		rc = cgroup_check(&d->cgroup, &v, &e);
	/* The controller's name, or memtune's own errors, say which it is. */
	if (rc && strstr(e.msg, "mem"))
		fn(ctx, true, def->line.memtune, "/domain/memtune", &e);
	else if (rc)
		fn(ctx, true, def->line.cputune, "/domain/cputune", &e);
}
