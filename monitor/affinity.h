/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which host CPUs the threads run on: vm_config's cpuset, emulator_pin and
 * vcpu_pins.
 */
#ifndef TRIVISOR_MONITOR_AFFINITY_H
#define TRIVISOR_MONITOR_AFFINITY_H

#include <pthread.h>
#include <sched.h>

#include "base/err.h"
#include "vm/config.h"

struct affinity {
	cpu_set_t vcpu[VM_MAX_VCPUS];
	unsigned host_cpus;	/* that vCPUs may use, all together */
};

/*
 * Read the configuration and put the calling thread, and all that it will
 * start without saying otherwise, where the emulator belongs.  A set without
 * a CPU that this process may use is ERR_CONFIG_UNSUPPORTED.
 */
MUST_USE int affinity_init(struct affinity *a, const struct vm_config *cfg,
    struct err *e);
/* For the creation of a vCPU's thread; 0 or an errno. */
MUST_USE int affinity_attr(const struct affinity *a, unsigned vcpu,
    pthread_attr_t *attr);

#endif
