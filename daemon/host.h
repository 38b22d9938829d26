/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host is, for host.info, host.capabilities and their kind: read
 * anew each time, from /proc and /sys.
 */
#ifndef TRIVISOR_DAEMON_HOST_H
#define TRIVISOR_DAEMON_HOST_H

#include "daemon/daemon.h"

#define HOST_MAX_CPUS 1024
#define HOST_MAX_CELLS 64

struct host_cpu {
	bool online;
	unsigned socket, core, cell;
	char siblings[64];	/* "0,4"; "" not known */
};

struct host_cell {
	uint64_t memory;	/* bytes */
};

struct host_facts {
	char model[64];		/* "AMD EPYC 9654 96-Core Processor" */
	char kernel[80];	/* "Linux 6.1.0" */
	char arch[32];
	unsigned mhz;		/* 0 not known */
	unsigned n_cpus;	/* online */
	/* Of a cell, as libvirt counts: sockets * cores * threads CPUs. */
	unsigned sockets, cores, threads;
	unsigned n_cells;
	uint64_t memory, memory_free;
	unsigned max_cpu;	/* the last one in cpu[] and one more */
	struct host_cpu cpu[HOST_MAX_CPUS];
	struct host_cell cell[HOST_MAX_CELLS];
};

/* Owned; NULL: no memory. */
struct host_facts *host_facts_read(void);

/* The documents, in libvirt's form; free() them.  NULL: no memory. */
char *host_capabilities_xml(struct daemon *d, const struct host_facts *f);
char *host_domain_capabilities_xml(struct daemon *d);

/* [{what, status, detail, remedy}]: ok, degraded or missing. */
struct json_object *host_doctor_checks(struct daemon *d);

#endif
