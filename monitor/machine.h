/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board: guest memory, buses, chips and processors of one VM, wired up.
 *
 * Threads: the loop thread builds it, runs timers and serves the host side of
 * consoles; one thread per vCPU runs an engine.  The device lock guards every
 * chip but the local APICs, the buses, the timer queue and the consoles.
 *
 * The vCPUs run while nobody holds them: machine_hold() names a reason, sends
 * them to their parking place and returns at once, machine_wait_parked() waits
 * until all are there, machine_release() takes the reason back.  The loop
 * thread never waits with the device lock held.
 *
 * machine_new(); machine_start(); machine_release(m, HOLD_BUILD); the loop;
 * machine_stop(); machine_free().
 */
#ifndef TRIVISOR_MONITOR_MACHINE_H
#define TRIVISOR_MONITOR_MACHINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "io/chip/acpi_pm.h"
#include "io/chip/i8042.h"
#include "io/chip/i8254.h"
#include "io/chip/i8259.h"
#include "io/chip/ioapic.h"
#include "io/chip/lapic.h"
#include "io/chip/mc146818.h"
#include "io/chip/sysctl.h"
#include "io/chip/uart.h"
#include "io/pci/i440fx.h"
#include "modes/cpuid.h"
#include "modes/engine.h"
#include "modes/options.h"
#include "monitor/affinity.h"
#include "monitor/boot/boot.h"
#include "monitor/console.h"
#include "monitor/logger.h"
#include "vm/config.h"

#define MAX_BREAKPOINTS 64

/* Who keeps the vCPUs from running; bits of machine.holds. */
enum {
	HOLD_BUILD = 1,		/* not started yet, or being reset */
	HOLD_REQUEST = 2,	/* a request waits for the loop thread */
	HOLD_USER = 4,		/* suspended */
	HOLD_OFF = 8,		/* powered off or crashed, and preserved */
	HOLD_DEBUG = 16,	/* the debugger has it */
	HOLD_QUIT = 32,		/* vCPU threads end */
	HOLD_SHOW = 64,		/* somebody looks at translations */
};

/* What a guest or an engine asks of the loop thread. */
enum request_kind {
	REQ_NONE, REQ_RESET, REQ_POWER_OFF, REQ_DEBUG_EXIT, REQ_TRIPLE_FAULT,
	REQ_ENGINE_ERROR, REQ_STOP_AFTER,
};

struct request {
	enum request_kind kind;
	uint32_t value;		/* REQ_DEBUG_EXIT: what was written */
	struct err err;		/* REQ_ENGINE_ERROR */
};

/*
 * The machine's clock: CLOCK_MONOTONIC less what passed before the start and
 * while suspended.
 */
struct machine_clock {
	struct clock c;			/* first */
	_Atomic int64_t offset;		/* clock = CLOCK_MONOTONIC - offset */
};

struct cpu;

struct machine {
	struct vm_config cfg;		/* owned, with its descriptors */
	struct vm vm;
	struct machine_clock clock;
	struct engine_options opt;
	struct cpuid_host host;
	struct cpuid_table cpuid;
	struct memmap map;
	struct boot_request boot;
	struct boot_plan plan;

	pthread_mutex_t lock;		/* the device lock */
	struct bus pio, mmio;
	struct timer_queue timers;
	int timer_fd;			/* owned timerfd: the queue's head */
	struct i8259 pic;
	struct ioapic ioapic;
	struct apic_bus apics;
	struct i8254 pit;
	struct mc146818 rtc;
	struct i8042 kbc;
	struct acpi_pm pm;
	struct sysctl sysctl;
	struct pci pci;
	struct i440fx i440fx;
	struct log_limit debug_limit;
	bool wired;
	struct uart uart[VM_MAX_SERIALS];
	struct logger logger;

	struct cpu *cpu;		/* owned, vm.n_vcpus of them */
	unsigned n_started;		/* threads */
	_Atomic uint32_t holds;
	/* park_lock guards n_parked, request and n_halted. */
	pthread_mutex_t park_lock;
	pthread_cond_t parked;		/* n_parked grew */
	pthread_cond_t resume;		/* holds changed */
	unsigned n_parked;
	struct request request;
	struct affinity affinity;
	_Atomic ns_t first_run;		/* when vCPU 0 first ran, host's clock */
	_Atomic uint32_t n_awake;	/* vCPU threads that do not sleep */
	_Atomic uint32_t n_halted;	/* asleep for ever: IF=0 or no SIPI */
	_Atomic uint32_t debug_stops;	/* EXIT_DEBUG since last looked */
	int wake_fd;			/* owned eventfd: look at requests */

	/* The debugger's; changed while the vCPUs are parked. */
	gva_t breakpoint[MAX_BREAKPOINTS];
	unsigned n_breakpoints;

	/* While held by the user: when that began. */
	ns_t suspended_at;
	uint64_t suspended_tsc;

	struct console console[VM_MAX_SERIALS];	/* large: at the end */
};

/* Takes over *cfg (and closes its descriptors in the end), also on failure. */
MUST_USE int machine_new(struct machine **out, struct vm_config *cfg,
    struct err *e);
void machine_free(struct machine *m);
/* Start the vCPU threads; they run when HOLD_BUILD is released. */
MUST_USE int machine_start(struct machine *m, struct err *e);
/* End the vCPU threads. */
void machine_stop(struct machine *m);
/* RESET and the kernel loaded once more.  Loop thread; holds and releases. */
MUST_USE int machine_reset(struct machine *m, struct err *e);

/* Any thread. */
void machine_hold(struct machine *m, uint32_t why);
void machine_release(struct machine *m, uint32_t why);
/* Loop thread, after machine_hold(). */
void machine_wait_parked(struct machine *m);
/*
 * Any thread, device lock or not: the first request counts until it has been
 * taken; the vCPUs stop at once.
 */
void machine_request(struct machine *m, enum request_kind kind,
    uint32_t value, const struct err *err);
/* Loop thread: the request that stands, if any; then it is gone. */
bool machine_take_request(struct machine *m, struct request *out);
/* Wake the loop thread. */
void machine_wake_loop(struct machine *m);
/* All vCPUs are asleep and nothing can wake them. */
bool machine_is_halted(struct machine *m);

/* Guest time stops and goes on.  Loop thread, vCPUs parked. */
void machine_clock_stop(struct machine *m);
void machine_clock_go(struct machine *m);
/* The timerfd became readable. */
void machine_run_timers(struct machine *m);

void machine_power_button(struct machine *m);
/*
 * "none" without ACPI; "disabled": the guest would not notice; "pressed": it
 * has not looked yet; else "enabled".
 */
const char *machine_button_name(struct machine *m);
void machine_nmi(struct machine *m);

/* platform.c: what engines call; irq.c has its vector-free part. */
extern const struct platform machine_platform;

#endif
