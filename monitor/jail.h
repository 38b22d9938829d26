/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a monitor locks itself in: privileges before it has read any image, each
 * thread's system calls before the first guest instruction.
 *
 *	jail_begin()	with one thread, the configuration just read
 *	jail_enter()	each further thread, as the last thing before its work
 *	jail_close()	the loop thread, when all is set up
 *
 * The jail is the process's: there is one.
 */
#ifndef TRIVISOR_MONITOR_JAIL_H
#define TRIVISOR_MONITOR_JAIL_H

#include "base/seal.h"
#include "base/seccomp.h"
#include "vm/config.h"

/* Classes of threads. */
enum jail_class_id {
	JAIL_LOOP, JAIL_BT, JAIL_INTERP, JAIL_FILES, JAIL_CLASSES
};

/* jail_tab.c: what each may do. */
extern const struct seccomp_class jail_class[JAIL_CLASSES];
/* What set-up, which reads images, may not do already. */
extern const struct seccomp_class jail_setup;

/* *seal: what is in force; the layers of ours are noted there. */
MUST_USE int jail_begin(struct sandbox_state *seal,
    const struct vm_config *cfg, struct err *e);
/* Without jail_begin(), as in unit tests, nothing happens. */
void jail_enter(enum jail_class_id c);
/*
 * Waits until n_threads have entered; after this the calling thread can open
 * nothing any more either.
 */
MUST_USE int jail_close(struct sandbox_state *seal,
    const struct vm_config *cfg, unsigned n_threads, struct err *e);

#endif
