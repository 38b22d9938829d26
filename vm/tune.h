/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a definition asks for beyond the machine itself: its share of the host
 * (cputune, memtune, pinning), the processor it wants to see, its clock and
 * timers, and where its serial ports end.  api/ fills these from XML with
 * ranges checked; what can be had of them on this host is decided by whoever
 * applies them.
 */
#ifndef TRIVISOR_VM_TUNE_H
#define TRIVISOR_VM_TUNE_H

#include "base/base.h"
#include "vm/config.h"

/* ---- sets of host CPUs --------------- */

#define VM_HOST_CPUS 1024

/* All zero: not given, any CPU will do. */
struct vm_cpuset {
	uint64_t bits[VM_HOST_CPUS / 64];
};

/* "0-3,^2,7"; false for bad syntax, CPU 1024 and beyond, or an empty set. */
bool vm_cpuset_parse(const char *text, struct vm_cpuset *s);
/* "0-1,3,7", as cpuset.cpus and sched tools take it; false: too long. */
bool vm_cpuset_print(const struct vm_cpuset *s, char *buf, size_t size);
bool vm_cpuset_has(const struct vm_cpuset *s, unsigned cpu);
bool vm_cpuset_is_empty(const struct vm_cpuset *s);
/* The pins of vCPUs, "0=1-2 3=0"; those that are not named are empty. */
bool vm_pins_parse(const char *text, struct vm_cpuset pins[VM_MAX_VCPUS]);
bool vm_pins_print(const struct vm_cpuset pins[VM_MAX_VCPUS], char *buf,
    size_t size);

/* ---- the share of the host --------------- */

/* A cgroup bandwidth limit in microseconds, cpu.max. */
struct vm_bandwidth {
	uint64_t period;	/* 1000 .. 1000000; 0: not given */
	int64_t quota;		/* 1000 ..; -1 no limit; 0: not given */
};

struct vm_tune {
	struct vm_cpuset cpuset;		/* <vcpu cpuset=>: all threads */
	struct vm_cpuset vcpu_pin[VM_MAX_VCPUS];	/* <vcpupin> */
	struct vm_cpuset emulator_pin;		/* <emulatorpin> */
	uint64_t shares;	/* 2 .. 262144 (1024 is usual); 0: not given */
	struct vm_bandwidth vcpu;		/* each vCPU */
	struct vm_bandwidth global;		/* the whole domain */
	struct vm_bandwidth emulator;		/* all that is no vCPU */
	/* <memtune>, bytes; 0: not given. */
	uint64_t hard_limit, soft_limit, swap_hard_limit;
};

/* ---- the processor --------------- */

enum vm_cpu_mode {
	VM_CPU_DEFAULT,		/* no <cpu>, or one without mode and model */
	VM_CPU_HOST_PASSTHROUGH, VM_CPU_HOST_MODEL, VM_CPU_MAXIMUM,
	VM_CPU_CUSTOM,		/* model has the name */
};
enum vm_cpu_match { VM_CPU_EXACT, VM_CPU_MINIMUM, VM_CPU_STRICT };
enum vm_cpu_check {
	VM_CPU_CHECK_UNSET, VM_CPU_CHECK_NONE, VM_CPU_CHECK_PARTIAL,
	VM_CPU_CHECK_FULL,
};
enum vm_cpu_policy {
	VM_CPU_FORCE, VM_CPU_REQUIRE, VM_CPU_OPTIONAL, VM_CPU_DISABLE,
	VM_CPU_FORBID,
};

#define VM_CPU_NAME_MAX 48
#define VM_CPU_MAX_FEATURES 128

struct vm_cpu_feature {
	char name[VM_CPU_NAME_MAX];
	enum vm_cpu_policy policy;
	int line;		/* in the document */
};

struct vm_cpu_want {
	enum vm_cpu_mode mode;
	enum vm_cpu_match match;
	enum vm_cpu_check check;
	char model[VM_CPU_NAME_MAX];	/* "" none */
	bool fallback_forbidden;	/* <model fallback='forbid'> */
	char vendor[16];		/* "Intel", "AMD"; "" any */
	int line;			/* of <cpu> in the document, 0 none */
	/* 0: not given; else sockets * dies * cores * threads == vcpus. */
	unsigned sockets, dies, cores, threads;
	size_t n_features;
	struct vm_cpu_feature features[VM_CPU_MAX_FEATURES];
};

/* ---- clock and timers --------------- */

enum vm_clock_base {
	VM_CLOCK_BASE_UTC, VM_CLOCK_BASE_LOCALTIME,
	VM_CLOCK_BASE_VARIABLE,	/* basis plus adjustment */
	VM_CLOCK_BASE_TIMEZONE,	/* the time in that zone */
	VM_CLOCK_BASE_ABSOLUTE,	/* begins at start, at each start */
};
enum vm_tristate { VM_UNSET, VM_YES, VM_NO };
enum vm_timer {
	VM_TIMER_RTC, VM_TIMER_PIT, VM_TIMER_HPET, VM_TIMER_TSC,
	VM_TIMER_KVMCLOCK, VM_TIMER_COUNT
};

struct vm_clock_want {
	enum vm_clock_base offset;
	enum vm_clock_offset basis;	/* of VARIABLE: utc or localtime */
	int64_t adjustment;		/* seconds to add */
	int64_t start;			/* of ABSOLUTE: seconds since 1970 */
	char timezone[64];		/* "Europe/Berlin" */
	enum vm_tristate present[VM_TIMER_COUNT];
};

/* ---- serial ports --------------- */

enum vm_serial_kind {
	VM_SERIAL_PTY, VM_SERIAL_FILE,
	VM_SERIAL_UNIX,		/* a socket we listen at */
	VM_SERIAL_NULL,		/* nowhere; consoles of clients see it still */
};

struct vm_serial_want {
	bool given;		/* the document has this port */
	enum vm_serial_kind kind;
	char *path;		/* owned; of FILE and UNIX */
	bool append;		/* FILE: do not empty it first */
	char *log_path;		/* owned; <log file=>, NULL none */
	bool log_append;
	int line;		/* in the document */
};

#endif
