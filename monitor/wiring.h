/* SPDX-License-Identifier: Apache-2.0 */
/* The chips of the board and the lines between them. */
#ifndef TRIVISOR_MONITOR_WIRING_H
#define TRIVISOR_MONITOR_WIRING_H

#include "monitor/machine.h"

struct cpu;

/* Put every chip on its bus.  No vCPU runs. */
MUST_USE int wiring_build(struct machine *m, struct err *e);
void wiring_fini(struct machine *m);
/* RESET# for all chips; takes the device lock.  vCPUs parked. */
void wiring_reset(struct machine *m);
/* The same for a processor (its APIC was reset before). */
void wiring_reset_cpu(struct cpu *p);

#endif
