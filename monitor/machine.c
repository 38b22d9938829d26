/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building the board, resetting it, and stopping and starting its processors.
 * wiring.c has the chips.
 */
#include "monitor/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"
#include "modes/cpu_model.h"
#include "modes/x86/x86.h"
#include "monitor/boot/acpi.h"
#include "monitor/boot/mptable.h"
#include "monitor/tsc.h"
#include "monitor/vcpu.h"
#include "monitor/wiring.h"

/* --- stopping and starting ------------------------------------------------ */

void
machine_wake_loop(struct machine *m)
{
	uint64_t one = 1;

	/* Fails only when the counter is full: then it is awake anyway. */
	if (write(m->wake_fd, &one, sizeof(one)) < 0)
		return;
}

void
machine_hold(struct machine *m, uint32_t why)
{
	atomic_fetch_or(&m->holds, why);
	for (unsigned i = 0; i < m->n_started; i++)
		cpu_kick(&m->cpu[i]);
}

void
machine_release(struct machine *m, uint32_t why)
{
	pthread_mutex_lock(&m->park_lock);
	atomic_fetch_and(&m->holds, ~why);
	pthread_cond_broadcast(&m->resume);
	pthread_mutex_unlock(&m->park_lock);
}

void
machine_wait_parked(struct machine *m)
{
	pthread_mutex_lock(&m->park_lock);
	while (m->n_parked < m->n_started)
		pthread_cond_wait(&m->parked, &m->park_lock);
	pthread_mutex_unlock(&m->park_lock);
}

void
machine_request(struct machine *m, enum request_kind kind, uint32_t value,
    const struct err *err)
{
	pthread_mutex_lock(&m->park_lock);
	if (m->request.kind == REQ_NONE) {
		m->request.kind = kind;
		m->request.value = value;
		if (err)
			m->request.err = *err;
	}
	pthread_mutex_unlock(&m->park_lock);
	machine_hold(m, HOLD_REQUEST);
	machine_wake_loop(m);
}

bool
machine_take_request(struct machine *m, struct request *out)
{
	pthread_mutex_lock(&m->park_lock);
	*out = m->request;
	m->request.kind = REQ_NONE;
	pthread_mutex_unlock(&m->park_lock);
	return out->kind != REQ_NONE;
}

bool
machine_is_halted(struct machine *m)
{
	if (!m->n_started || atomic_load(&m->n_halted) != m->n_started)
		return false;
	/* One that was sent a signal has not woken up yet. */
	for (unsigned i = 0; i < m->n_started; i++)
		if (cpu_was_sent(&m->cpu[i]))
			return false;
	return true;
}

/* --- time ------------------------------------------------------------------- */

/* The timerfd follows the head of the queue; device lock held. */
static void
rearm_timerfd(void *ctx)
{
	struct machine *m = ctx;
	struct itimerspec its = { 0 };
	ns_t next = timer_next(&m->timers);

	/* A suspended machine's clock stands still: nothing comes due. */
	if (next != INT64_MAX && !m->suspended_tsc) {
		ns_t host = MAX(next + atomic_load(&m->clock.offset), 1);

		its.it_value.tv_sec = host / NS_PER_SEC;
		its.it_value.tv_nsec = host % NS_PER_SEC;
	}
	timerfd_settime(m->timer_fd, TFD_TIMER_ABSTIME, &its, NULL);
}

void
machine_run_timers(struct machine *m)
{
	uint64_t n;

	if (read(m->timer_fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		return;
	pthread_mutex_lock(&m->lock);
	if (!m->suspended_tsc)
		timer_run(&m->timers);
	pthread_mutex_unlock(&m->lock);
}

void
machine_clock_stop(struct machine *m)
{
	if (m->suspended_tsc)
		return;
	pthread_mutex_lock(&m->lock);
	tsc_sample(&m->suspended_tsc, &m->suspended_at);
	rearm_timerfd(m);
	pthread_mutex_unlock(&m->lock);
}

void
machine_clock_go(struct machine *m)
{
	uint64_t tsc;
	ns_t now;

	if (!m->suspended_tsc)
		return;
	pthread_mutex_lock(&m->lock);
	tsc_sample(&tsc, &now);
	/* Engines of ours run on c->s itself; the vCPUs are parked. */
	x86_tsc_skip(&m->vm, tsc - m->suspended_tsc);
	atomic_fetch_add(&m->clock.offset, now - m->suspended_at);
	m->suspended_tsc = 0;
	rearm_timerfd(m);
	pthread_mutex_unlock(&m->lock);
}

/* --- building ----------------------------------------------------------------- */

static bool
list_has(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == n && !strncmp(p, word, n))
			return true;
	return false;
}

static int
set_options(struct machine *m, struct err *e)
{
	m->opt = (struct engine_options){
		.code_cache_bytes = m->cfg.code_cache,
		.exact_flags = m->cfg.exact_flags,
		.perf_map = m->cfg.perf_map,
		.perf_fd = m->cfg.perf_fd,
		.count_insns = m->cfg.count_insns,
		.tlb_entries = m->cfg.tlb_entries,
		.host_no_bmi2 = list_has(m->cfg.host_without, "bmi2"),
	};
	return bt_parts_parse(m->cfg.bt_disable, &m->opt.disable, e);
}

static void
set_clock(struct machine *m)
{
	m->clock.c.now = machine_clock_now;
	m->clock.c.host_rate = true;
	atomic_store(&m->clock.offset, clock_now(&clock_host));
	m->vm.clock = &m->clock.c;
	m->vm.boot_realtime_ns = (uint64_t)(clock_realtime() -
	    clock_now(&m->clock.c));
}

/* A traced page is about to be written by a device or a loader. */
static void
on_traced(void *ctx, gpa_t gpa, size_t len, uint8_t trace)
{
	struct machine *m = ctx;

	if (trace & GMEM_TRACE_CODE)
		m->vm.engine->code_dirty(&m->vm, gpa, len);
}

/* Firmware's traces in low memory: where the EBDA is, and how much is below. */
static void
write_bda(struct machine *m)
{
	uint16_t ebda = MAP_EBDA >> 4;
	uint16_t kib = MAP_EBDA >> 10;
	uint8_t ebda_kib = MAP_EBDA_SIZE >> 10;
	int rc;

	rc = gmem_load(&m->vm.mem, MAP_BDA + 0x0e, &ebda, sizeof(ebda));
	if (!rc)
		rc = gmem_load(&m->vm.mem, MAP_BDA + 0x13, &kib, sizeof(kib));
	if (!rc)
		rc = gmem_load(&m->vm.mem, MAP_EBDA, &ebda_kib, 1);
	BUG_ON(rc);
}

static void
firmware_areas(struct machine *m)
{
	struct acpi_config acpi = { .vcpus = m->vm.n_vcpus,
	    .serials = m->cfg.n_serials, .ioapic_id = m->ioapic.reset_id };
	struct mptable_config mp = { .vcpus = m->vm.n_vcpus,
	    .ioapic_id = m->ioapic.reset_id };
	uint8_t apic_ids[VM_MAX_VCPUS];
	struct cpuid_regs r;

	for (unsigned i = 0; i < m->vm.n_vcpus; i++)
		apic_ids[i] = (uint8_t)m->cpu[i].lapic.id;
	acpi.apic_ids = mp.apic_ids = apic_ids;
	cpuid_answer(&m->cpuid, 1, 0, 0, 0, 1, 0, &r);
	mp.signature = r.eax;
	mp.features = r.edx;
	write_bda(m);
	mptable_write(&m->vm.mem, &mp);
	if (m->cfg.acpi)
		acpi_write_tables(&m->vm.mem, &acpi);
}

static int
build_memory(struct machine *m, struct err *e)
{
	int rc;

	memmap_init(&m->map, m->cfg.memory);
	rc = gmem_init(&m->vm.mem, e);
	if (rc)
		return rc;
	m->vm.mem.on_traced = on_traced;
	m->vm.mem.traced_ctx = m;
	return memmap_populate(&m->map, &m->vm.mem, e);
}

static int
build_cpu_model(struct machine *m, struct err *e)
{
	const struct vm_config *c = &m->cfg;
	struct cpuid_guest g = { .n_vcpus = c->vcpus,
	    .signature = c->cpu_signature,
	    .brand = c->cpu_brand[0] ? c->cpu_brand : NULL,
	    .sockets = c->sockets, .dies = c->dies, .cores = c->cores,
	    .threads = c->threads, .no_kvmclock = c->no_kvmclock };
	struct cpuid_set set;
	int rc;

	if (c->cpu_set[0]) {
		if (!cpu_set_parse(c->cpu_set, &set))
			return err_set(e, ERR_CPU_INCOMPATIBLE, "cpu model %s: "
			    "this version does not know all of its features",
			    c->cpu_model);
		g.set = &set;
	}
	m->vm.tsc_khz = tsc_measure_khz(25 * NS_PER_SEC / 1000);
	rc = cpuid_host_read(&m->host, c->host_without[0] ? c->host_without :
	    NULL, e);
	if (!rc)
		rc = cpuid_build(&m->cpuid, &m->host, &g, m->vm.tsc_khz, e);
	m->vm.cpuid = &m->cpuid;
	return rc;
}

static int
build_engine(struct machine *m, struct err *e)
{
	int rc;

	m->vm.engine = m->cfg.engine == VM_ENGINE_INTERP ? &engine_interp :
	    &engine_bt;
	m->vm.second = &engine_interp;
	m->vm.plat = &machine_platform;
	m->vm.plat_ctx = m;
	m->vm.opt = &m->opt;
	if (m->vm.second != m->vm.engine) {
		rc = m->vm.second->vm_init(&m->vm, e);
		if (rc)
			return rc;
	}
	return m->vm.engine->vm_init(&m->vm, e);
}

static int
build_cpus(struct machine *m, struct err *e)
{
	unsigned n = m->cfg.vcpus;
	int rc = 0;

	m->cpu = calloc(n, sizeof(*m->cpu));
	m->vm.vcpu = calloc(n, sizeof(*m->vm.vcpu));
	if (!m->cpu || !m->vm.vcpu)
		return err_set_sys(e, ENOMEM, "machine");
	m->vm.n_vcpus = n;
	apic_bus_init(&m->apics);
	for (unsigned i = 0; i < n && !rc; i++)
		rc = cpu_init(&m->cpu[i], m, i, e);
	return rc;
}

static int
build_kernel(struct machine *m, struct err *e)
{
	m->boot = (struct boot_request){
		.kernel_name = m->cfg.kernel_name,
		.initrd_name = m->cfg.initrd_name,
		.kernel_fd = m->cfg.kernel_fd, .initrd_fd = m->cfg.initrd_fd,
		.cmdline = m->cfg.cmdline, .map = &m->map,
		.rsdp = m->cfg.acpi ? ACPI_RSDP : 0,
	};
	if (m->cfg.kernel_fd < 0) {
		err_set(e, ERR_CONFIG_UNSUPPORTED,
		    "machine: there is no kernel to boot");
		err_hint(e, "name one with <kernel> or --kernel");
		return -EINVAL;
	}
	return boot_parse(&m->plan, &m->boot, e);
}

static int
build_descriptors(struct machine *m, struct err *e)
{
	m->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC |
	    TFD_NONBLOCK);
	m->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->timer_fd < 0 || m->wake_fd < 0)
		return err_set_sys(e, errno, "machine: no timer or event");
	timer_queue_init(&m->timers, &m->clock.c, rearm_timerfd, m);
	return 0;
}

static int
check_supported(const struct machine *m, struct err *e)
{
	if (m->cfg.hpet) {
		err_set(e, ERR_CONFIG_UNSUPPORTED,
		    "timer hpet: this version has no HPET");
		err_hint(e, "leave it out: PIT, RTC, APIC timer, ACPI PM timer "
		    "and kvmclock are there");
		return -EINVAL;
	}
	return 0;
}

static int
build(struct machine *m, struct err *e)
{
	int rc;

	rc = check_supported(m, e);
	if (!rc)
		rc = set_options(m, e);
	if (rc)
		return rc;
	set_clock(m);
	rc = affinity_init(&m->affinity, &m->cfg, e);
	if (!rc)
		rc = build_descriptors(m, e);
	if (!rc)
		rc = build_memory(m, e);
	/* What the user may have got wrong is found out before the rest. */
	if (!rc)
		rc = build_kernel(m, e);
	if (!rc)
		rc = build_cpu_model(m, e);
	if (!rc)
		rc = build_engine(m, e);
	if (!rc)
		rc = build_cpus(m, e);
	if (!rc)
		rc = wiring_build(m, e);
	return rc;
}

/* Power-up or RESET: chips, processors, kernel.  vCPUs parked. */
static int
set_initial_state(struct machine *m, struct err *e)
{
	struct cpu_state s;
	int rc;

	wiring_reset(m);
	firmware_areas(m);
	for (unsigned i = 0; i < m->vm.n_vcpus; i++) {
		atomic_store(&m->cpu[i].signals, 0);
		atomic_store(&m->cpu[i].c->nmi_hint, 0);
		lapic_reset(&m->cpu[i].lapic);
		wiring_reset_cpu(&m->cpu[i]);
	}
	m->vm.engine->save(m->vm.vcpu[0], &s);
	rc = boot_apply(&m->plan, &m->boot, &m->vm.mem, &s, e);
	/* A reset reads the file again rather than our keeping it. */
	image_close(&m->plan.kernel);
	if (!rc)
		rc = m->vm.engine->load(m->vm.vcpu[0], &s, e);
	return rc;
}

int
machine_new(struct machine **out, struct vm_config *cfg, struct err *e)
{
	struct machine *m = calloc(1, sizeof(*m));
	int rc;

	if (!m) {
		vm_config_fini(cfg);
		return err_set_sys(e, ENOMEM, "machine");
	}
	m->cfg = *cfg;
	m->timer_fd = m->wake_fd = m->vm.mem.fd = -1;
	m->holds = HOLD_BUILD;
	pthread_mutex_init(&m->lock, NULL);
	pthread_mutex_init(&m->park_lock, NULL);
	pthread_cond_init(&m->parked, NULL);
	pthread_cond_init(&m->resume, NULL);
	rc = build(m, e);
	if (!rc)
		rc = set_initial_state(m, e);
	if (rc) {
		machine_free(m);
		return rc;
	}
	*out = m;
	return 0;
}

void
machine_free(struct machine *m)
{
	for (unsigned i = 0; i < m->vm.n_vcpus; i++)
		cpu_fini(&m->cpu[i]);
	if (m->vm.engine && m->vm.vcpu) {
		m->vm.engine->vm_fini(&m->vm);
		if (m->vm.second != m->vm.engine)
			m->vm.second->vm_fini(&m->vm);
	}
	wiring_fini(m);
	free(m->cpu);
	free(m->vm.vcpu);
	boot_plan_fini(&m->plan);
	gmem_fini(&m->vm.mem);
	if (m->timer_fd >= 0)
		close(m->timer_fd);
	if (m->wake_fd >= 0)
		close(m->wake_fd);
	pthread_cond_destroy(&m->parked);
	pthread_cond_destroy(&m->resume);
	pthread_mutex_destroy(&m->park_lock);
	pthread_mutex_destroy(&m->lock);
	vm_config_fini(&m->cfg);
	free(m);
}

/* --- life ----------------------------------------------------------------------- */

int
machine_start(struct machine *m, struct err *e)
{
	for (unsigned i = 0; i < m->vm.n_vcpus; i++) {
		int rc = cpu_start(&m->cpu[i], e);

		if (rc) {
			machine_stop(m);
			return rc;
		}
		m->n_started++;
	}
	machine_wait_parked(m);
	return logger_start(&m->logger, m->console, m->cfg.n_serials, &m->lock,
	    e);
}

void
machine_stop(struct machine *m)
{
	unsigned n = m->n_started;

	machine_hold(m, HOLD_QUIT);
	pthread_mutex_lock(&m->park_lock);
	pthread_cond_broadcast(&m->resume);
	pthread_mutex_unlock(&m->park_lock);
	for (unsigned i = 0; i < n; i++)
		pthread_join(m->cpu[i].thread, NULL);
	m->n_started = 0;
}

int
machine_reset(struct machine *m, struct err *e)
{
	int rc;

	machine_hold(m, HOLD_BUILD);
	machine_wait_parked(m);
	rc = set_initial_state(m, e);
	if (!rc)
		machine_release(m, HOLD_BUILD);
	return rc;
}

void
machine_power_button(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	acpi_pm_power_button(&m->pm);
	pthread_mutex_unlock(&m->lock);
}

const char *
machine_button_name(struct machine *m)
{
	enum { PWRBTN = 0x0100 };	/* in PM1's status and enable */
	uint16_t en, sts;

	pthread_mutex_lock(&m->lock);
	en = m->pm.pm1_en;
	sts = m->pm.pm1_sts;
	pthread_mutex_unlock(&m->lock);
	return !m->cfg.acpi ? "none" : !(en & PWRBTN) ? "disabled" :
	    sts & PWRBTN ? "pressed" : "enabled";
}

void
machine_nmi(struct machine *m)
{
	for (unsigned i = 0; i < m->vm.n_vcpus; i++)
		cpu_lapic_ops.nmi(&m->cpu[i]);
}
