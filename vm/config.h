/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A validated description of one VM: what the domain XML or the command line
 * asked for, with every choice made.  The daemon fills it (api/domain_xml.c),
 * vm/config.c writes it to the set-up socket as text fields and reads it back
 * in the monitor with the same range checks; files travel as descriptors.
 */
#ifndef TRIVISOR_VM_CONFIG_H
#define TRIVISOR_VM_CONFIG_H

#include "base/base.h"
#include "base/err.h"
#include "base/sandbox.h"

#define VM_NAME_MAX 64
#define VM_CMDLINE_MAX 4096
#define VM_MAX_VCPUS 16
#define VM_MAX_SERIALS 4
#define VM_SERIAL_PATH 108	/* as long as a socket's name may be */
#define VM_CONSOLE_CAP (UINT64_C(10) << 20)
#define VM_MIN_MEMORY (UINT64_C(1) << 20)
#define VM_CPU_SET_MAX 512
#define VM_CPUSET_MAX 128
#define VM_PINS_MAX 2048
#define VM_MAX_MEMORY (UINT64_C(64) << 30)

enum vm_mode { VM_MODE_AUTO, VM_MODE_BT, VM_MODE_HVM, VM_MODE_PV };
enum vm_engine { VM_ENGINE_DEFAULT, VM_ENGINE_INTERP };
/* What to do when the guest does it; libvirt's names. */
enum vm_action { VM_ACTION_DESTROY, VM_ACTION_RESTART, VM_ACTION_PRESERVE };
enum vm_clock_offset { VM_CLOCK_UTC, VM_CLOCK_LOCALTIME };

struct vm_config {
	char name[VM_NAME_MAX + 1];	/* [A-Za-z0-9._-], not leading . - _ */
	char uuid[37];			/* canonical lower-case text */
	uint64_t memory;		/* bytes, multiple of 4 KiB */
	unsigned vcpus;			/* 1..VM_MAX_VCPUS */
	enum vm_mode mode;		/* as chosen, never AUTO in a monitor */
	enum vm_engine engine;
	char cmdline[VM_CMDLINE_MAX];
	enum vm_action on_poweroff, on_reboot, on_crash;
	bool triple_fault_crashes;	/* as in "run": no reset even if
					   on_reboot says restart */
	enum vm_clock_offset clock_offset;
	int64_t rtc_offset;		/* seconds that the RTC is ahead of UTC */
	/*
	 * The processor as the daemon resolved it (modes/cpu_model.h): model
	 * and cpu_set "": all that the host offers; signature 0, brand "": the
	 * host's; threads 0: one socket, a core for every vCPU.
	 */
	char cpu_model[48];
	char cpu_set[VM_CPU_SET_MAX];
	unsigned cpu_signature;
	char cpu_brand[48];
	unsigned sockets, dies, cores, threads;
	bool no_kvmclock;
	/*
	 * Host CPUs, as vm_cpuset_print() writes them, "" any: of all threads,
	 * of those that are no vCPU, and of vCPUs, "0=1-2 3=0".
	 */
	char cpuset[VM_CPUSET_MAX];
	char emulator_pin[VM_CPUSET_MAX];
	char vcpu_pins[VM_PINS_MAX];
	bool start_paused;		/* suspended until resumed */
	bool acpi;
	bool debug_exit;		/* isa-debug-exit at 0xf4 */
	bool hpet;
	unsigned n_serials;		/* 16550s; serial 0 is the console */
	char host_without[256];		/* --host-without, "" none */
	char bt_disable[256];		/* --bt-disable, "" none */
	uint64_t code_cache;		/* bytes, 0 default */
	bool exact_flags;
	bool count_insns;		/* bt: count retired instructions */
	bool perf_map;			/* bt: /tmp/perf-PID.map for perf */
	unsigned tlb_entries;		/* 0 default */
	uint64_t stop_after;		/* deterministic clock: instructions */
	unsigned host_pid;		/* the monitor's outside its pid ns, 0
					   unknown */
	char sandbox[SANDBOX_TEXT_MAX];	/* the spawner's sandbox_put() */

	/* Descriptors, -1 when absent; owned by whoever holds the struct. */
	int kernel_fd, initrd_fd;
	char kernel_name[256];		/* for messages only */
	char initrd_name[256];
	int log_fd;
	int report_fd;			/* exit and crash report goes here */
	int definition_fd;		/* memfd: note and XML, only kept */
	int gdb_fd;			/* listening socket of the gdb stub */
	int perf_fd;			/* of perf_map */
	/*
	 * Where serial ports' bytes go besides the consoles of clients: a
	 * file, a pseudo terminal (our end, and its other end, held open so
	 * that it is never hung up), a listening unix socket; and a log.
	 */
	int serial_fd[VM_MAX_SERIALS];
	int serial_pty_fd[VM_MAX_SERIALS], serial_slave_fd[VM_MAX_SERIALS];
	int serial_listen_fd[VM_MAX_SERIALS];
	int serial_log_fd[VM_MAX_SERIALS];
	/* The terminal's or the socket's name, for whoever asks; "" none. */
	char serial_path[VM_MAX_SERIALS][VM_SERIAL_PATH];
	unsigned client_uid, client_gid;	/* whose rights opened them */
	uint64_t console_cap;	/* bytes of each console's file, 0: no limit */
};

/*
 * The enums' names, as XML, RPC and the set-up packet spell them; parse is
 * exact and gives false for what is not listed.
 */
const char *vm_mode_name(enum vm_mode m);
bool vm_mode_parse(const char *text, enum vm_mode *m);
const char *vm_engine_name(enum vm_engine v);
bool vm_engine_parse(const char *text, enum vm_engine *v);
const char *vm_action_name(enum vm_action a);
bool vm_action_parse(const char *text, enum vm_action *a);
const char *vm_clock_offset_name(enum vm_clock_offset o);
bool vm_clock_offset_parse(const char *text, enum vm_clock_offset *o);

/* The rules for a name and for a canonical uuid, one place for all. */
bool vm_name_ok(const char *name);
bool vm_uuid_ok(const char *uuid);
/* A random (version 4) uuid. */
void vm_uuid_new(char uuid[37]);

/* Defaults: 1 vCPU, 256 MiB, acpi, one serial, destroy/restart/destroy. */
void vm_config_init(struct vm_config *c);
/* Close the descriptors. */
void vm_config_fini(struct vm_config *c);
/* Every range and cross-field rule; the error names the field. */
MUST_USE int vm_config_check(const struct vm_config *c, struct err *e);
/*
 * Send to / receive from a SOCK_SEQPACKET socket, descriptors by SCM_RIGHTS.
 * The receiver checks.  Blocking.
 */
MUST_USE int vm_config_send(int sock, const struct vm_config *c, struct err *e);
MUST_USE int vm_config_recv(int sock, struct vm_config *c, struct err *e);

#endif
