/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vCPUs on an engine without a monitor: 64-bit code at CPL 0, one thread per
 * vCPU, one interrupt line each.  For tests of what happens between a vCPU and
 * other threads.
 *
 * Linear memory: 0 .. 16 MiB is RAM as it is; LARGE .. LARGE + 12 GiB shows
 * two MiB of it again and again; all else is not mapped.
 */
#ifndef TRIVISOR_TESTS_SMP_RIG_H
#define TRIVISOR_TESTS_SMP_RIG_H

#include <pthread.h>
#include <semaphore.h>

#include "modes/engine.h"
#include "modes/options.h"

#define RIG_MAX 4
#define RIG_CODE 0x100000u
#define RIG_DATA 0x200000u
#define RIG_LARGE UINT64_C(0x100000000)
#define RIG_IRQ 0x40u		/* the vector of rig_irq() */
#define RIG_IST 0x50000u	/* top of the stack that IST1 is */

struct rig_cpu {
	struct rig *rig;
	struct vcpu *c;
	pthread_t thread;
	_Atomic bool irq, stop;
	sem_t kicked, go;	/* after EXIT_KICKED: tell, and wait */
	_Atomic uint64_t progress;	/* when run() came back */
	_Atomic bool dead;	/* ended by something it should not */
	char why[160];
};

struct rig {
	struct vm vm;
	struct vcpu *vcpu[RIG_MAX];
	struct rig_cpu cpu[RIG_MAX];
};

/* Exits with a message when anything is wrong. */
struct rig *rig_new(const struct engine_ops *engine, unsigned n,
    const struct engine_options *opt);
void rig_free(struct rig *r);
void *rig_at(struct rig *r, gpa_t gpa);
/* An interrupt gate; ist 0 or 1. */
void rig_gate(struct rig *r, unsigned vector, uint64_t handler, unsigned ist);
/* All vCPUs, at rip, RDI is their number. */
void rig_start(struct rig *r, uint64_t rip);
/* Kick them off and wait for the threads. */
void rig_stop(struct rig *r);
void rig_irq(struct rig *r, unsigned id);
/* Instructions and looks at attention so far; any thread. */
uint64_t rig_progress(struct rig *r, unsigned id);
/* Says so and fails the test when a vCPU ended. */
bool rig_alive(struct rig *r);

#endif
