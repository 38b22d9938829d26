/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a VM: resets, power-off, crashes, suspend and resume, as
 * the domain's on_poweroff, on_reboot and on_crash say.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "monitor/monitor.h"
#include "monitor/vcpu.h"

const char *
run_state_name(enum run_state s)
{
	static const char *const names[] = {
		[RUN_RUNNING] = "running", [RUN_PAUSED] = "paused",
		[RUN_SHUTOFF] = "shutoff", [RUN_CRASHED] = "crashed",
	};

	return names[s];
}

const char *
request_name(enum request_then then)
{
	static const char *const names[] = {
		[THEN_NOTHING] = "", [THEN_OFF] = "shutdown",
		[THEN_REBOOT] = "reboot",
	};

	return names[then];
}

/* A reset is the answer to what was asked for, or the end of it. */
static void
answered(struct monitor *mon)
{
	if (mon->asked.then != THEN_NOTHING)
		mon->answered = mon->asked;
	mon->asked = (struct asked){ 0 };
}

void
lifecycle_set(struct monitor *mon, enum run_state s, const char *what,
    const char *reason, const char *detail)
{
	mon->state = s;
	snprintf(mon->reason, sizeof(mon->reason), "%s", reason);
	snprintf(mon->detail, sizeof(mon->detail), "%s", detail);
	events_add(&mon->events, what, run_state_name(s), reason, detail);
	log_line(LOG_INFO, "what=%s state=%s reason=%s detail=\"%s\"", what,
	    run_state_name(s), reason, detail);
	/* Before anybody hears of it: who dies now has said so. */
	report_now(mon);
	control_pump(mon);
}

void
lifecycle_end(struct monitor *mon, enum run_state s, const char *reason,
    const char *detail)
{
	lifecycle_set(mon, s, s == RUN_CRASHED ? "crashed" : "stopped", reason,
	    detail);
	mon->ended = true;
	ev_break(mon->loop, EVBREAK_ALL);
}

/* --- actions ----------------------------------------------------------------- */

/* Off or crashed, but the process and the guest's memory stay to be seen. */
static void
preserve(struct monitor *mon, enum run_state s, const char *reason,
    const char *detail)
{
	machine_hold(mon->m, HOLD_OFF);
	lifecycle_set(mon, s, "preserved", reason, detail);
}

static void
restart(struct monitor *mon, const char *reason, const char *detail)
{
	struct err e = { 0 };

	if (machine_reset(mon->m, &e)) {
		lifecycle_end(mon, RUN_CRASHED, "failed", e.msg);
		return;
	}
	mon->said_halted = false;
	answered(mon);
	lifecycle_set(mon, RUN_RUNNING, "reset", reason, detail);
}

/* Carry out what the domain says about this kind of end. */
static void
act(struct monitor *mon, enum vm_action action, enum run_state s,
    const char *reason, const char *detail)
{
	switch (action) {
	case VM_ACTION_DESTROY:
		lifecycle_end(mon, s, reason, detail);
		break;
	case VM_ACTION_RESTART:
		restart(mon, reason, detail);
		break;
	case VM_ACTION_PRESERVE:
		preserve(mon, s, reason, detail);
		break;
	}
}

/* --- triple faults -------------------------------------------------------------- */

/* A guest that does nothing but crash and reset is stopped. */
static bool
brake(struct monitor *mon)
{
	ns_t now = clock_now(&clock_host);
	unsigned n = mon->n_fault_resets;
	ns_t *slot = &mon->fault_reset[n % BRAKE_RESETS];
	bool pull = n >= BRAKE_RESETS && now - *slot < BRAKE_WINDOW;

	*slot = now;
	mon->n_fault_resets++;
	return pull;
}

static void
describe_cpu(struct monitor *mon, unsigned id, char *buf, size_t size)
{
	const struct cpu_state *s = &mon->m->vm.vcpu[id]->s;

	snprintf(buf, size, "vCPU %u at cs=0x%x rip=0x%" PRIx64 " rsp=0x%"
	    PRIx64 " rflags=0x%" PRIx64 " cr0=0x%" PRIx64 " cr2=0x%" PRIx64
	    " cr3=0x%" PRIx64 " cr4=0x%" PRIx64 " efer=0x%" PRIx64, id,
	    s->seg[SEG_CS].selector, s->rip, s->gpr[RSP], s->rflags, s->cr0,
	    s->cr2, s->cr3, s->cr4, s->efer);
}

static void
on_triple_fault(struct monitor *mon, unsigned id)
{
	const struct vm_config *cfg = &mon->m->cfg;
	char cpu[384];
	char detail[480];

	describe_cpu(mon, id, cpu, sizeof(cpu));
	if (cfg->on_reboot == VM_ACTION_RESTART && !cfg->triple_fault_crashes) {
		if (!brake(mon)) {
			restart(mon, "triple_fault", cpu);
			return;
		}
		snprintf(detail, sizeof(detail), "more than %d triple faults "
		    "in 60 s: %s", BRAKE_RESETS, cpu);
		lifecycle_end(mon, RUN_CRASHED, "triple_fault", detail);
		return;
	}
	/* Restarting after a crash obeys the brake, too. */
	if (cfg->on_crash == VM_ACTION_RESTART && brake(mon))
		lifecycle_end(mon, RUN_CRASHED, "triple_fault", cpu);
	else
		act(mon, cfg->on_crash, RUN_CRASHED, "triple_fault", cpu);
}

/* --- requests --------------------------------------------------------------------- */

static void
on_request(struct monitor *mon, const struct request *r)
{
	const struct vm_config *cfg = &mon->m->cfg;
	char cpu[384];

	switch (r->kind) {
	case REQ_NONE:
		break;
	case REQ_RESET:
		act(mon, cfg->on_reboot, RUN_SHUTOFF, "reboot", "");
		break;
	case REQ_POWER_OFF:
		if (mon->asked.then == THEN_REBOOT)
			restart(mon, "reboot", "");
		else
			act(mon, cfg->on_poweroff, RUN_SHUTOFF, "shutdown", "");
		break;
	case REQ_DEBUG_EXIT:
		mon->has_code = true;
		mon->exit_code = (r->value << 1 | 1) & 0xff;
		lifecycle_end(mon, RUN_SHUTOFF, "debug_exit", "");
		break;
	case REQ_TRIPLE_FAULT:
		on_triple_fault(mon, r->value);
		break;
	case REQ_STOP_AFTER:
		describe_cpu(mon, r->value, cpu, sizeof(cpu));
		lifecycle_end(mon, RUN_SHUTOFF, "stop_after", cpu);
		break;
	case REQ_ENGINE_ERROR:
		lifecycle_end(mon, RUN_CRASHED, "failed", r->err.msg);
		break;
	}
}

static void
look_halted(struct monitor *mon)
{
	char detail[480];

	if (!machine_is_halted(mon->m)) {
		mon->said_halted = false;
		return;
	}
	if (mon->said_halted || mon->state != RUN_RUNNING)
		return;
	mon->said_halted = true;
	describe_cpu(mon, 0, detail, sizeof(detail));
	lifecycle_set(mon, RUN_RUNNING, "halted", "halted", detail);
}

void
lifecycle_look(struct monitor *mon)
{
	struct machine *m = mon->m;
	struct request r;
	uint64_t n;

	if (read(m->wake_fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		return;
	if (atomic_load(&m->holds) & HOLD_REQUEST) {
		machine_wait_parked(m);
		if (machine_take_request(m, &r))
			on_request(mon, &r);
		if (!mon->ended)
			machine_release(m, HOLD_REQUEST);
	}
	n = atomic_exchange(&m->debug_stops, 0);
	if (n) {
		machine_wait_parked(m);
		gdb_stopped(mon, (uint32_t)n);
	}
	look_halted(mon);
}

/* --- asked for from outside --------------------------------------------------------- */

static int
check_alive(struct monitor *mon, const char *what, struct err *e)
{
	if (mon->state == RUN_RUNNING || mon->state == RUN_PAUSED)
		return 0;
	return err_set(e, ERR_OPERATION_INVALID, "cannot %s: the VM is %s (%s)",
	    what, run_state_name(mon->state), mon->reason);
}

int
lifecycle_suspend(struct monitor *mon, struct err *e)
{
	int rc = check_alive(mon, "suspend", e);

	if (rc || mon->state == RUN_PAUSED)
		return rc;
	machine_hold(mon->m, HOLD_USER);
	machine_wait_parked(mon->m);
	machine_clock_stop(mon->m);
	attach_flush(mon);
	lifecycle_set(mon, RUN_PAUSED, "suspended", "user", "");
	return 0;
}

int
lifecycle_resume(struct monitor *mon, struct err *e)
{
	int rc = check_alive(mon, "resume", e);

	if (rc || mon->state == RUN_RUNNING)
		return rc;
	machine_clock_go(mon->m);
	lifecycle_set(mon, RUN_RUNNING, "resumed", "user", "");
	machine_release(mon->m, HOLD_USER);
	return 0;
}

int
lifecycle_reset(struct monitor *mon, struct err *e)
{
	bool paused = mon->state == RUN_PAUSED;
	int rc = machine_reset(mon->m, e);

	if (rc) {
		lifecycle_end(mon, RUN_CRASHED, "failed", e ? e->msg : "");
		return rc;
	}
	/* A preserved VM lives again. */
	mon->said_halted = false;
	answered(mon);
	lifecycle_set(mon, paused ? RUN_PAUSED : RUN_RUNNING, "reset", "user",
	    "");
	machine_release(mon->m, HOLD_OFF);
	return 0;
}

int
lifecycle_shutdown(struct monitor *mon, const struct asked *asked,
    struct err *e)
{
	int rc = check_alive(mon, "shut down", e);

	if (rc)
		return rc;
	if (!mon->m->cfg.acpi) {
		err_set(e, ERR_OPERATION_INVALID, "cannot shut down: the VM "
		    "has no ACPI, hence no power button");
		err_hint(e, "use destroy, or give the domain <acpi/>");
		return -EINVAL;
	}
	mon->asked = *asked;
	if (asked->then != THEN_NOTHING)
		machine_power_button(mon->m);
	report_now(mon);
	return 0;
}
