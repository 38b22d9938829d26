/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a monitor locks itself in: privileges before it has read any image, each
 * thread's system calls before the first guest instruction.
 *
 *	jail_begin()	with one thread, the configuration just read
 *	jail_filters()	before vCPU threads are made; each then installs its own
 *	jail_close()	the loop thread, when all is set up
 */
#ifndef TRIVISOR_MONITOR_JAIL_H
#define TRIVISOR_MONITOR_JAIL_H

#include "base/seal.h"
#include "base/seccomp.h"

/* Classes of threads. */
enum jail_class_id {
	JAIL_LOOP, JAIL_BT, JAIL_INTERP,
	JAIL_FILES,		/* writes consoles' files: logger.c */
	JAIL_CLASSES
};

/* jail_tab.c: what each may do. */
extern const struct seccomp_class jail_class[JAIL_CLASSES];

struct machine;

struct jail {
	struct sandbox_state *seal;	/* borrowed: what is in force */
	struct seccomp_filter *filter[JAIL_CLASSES];	/* owned */
};

MUST_USE int jail_begin(struct jail *j, struct sandbox_state *seal,
    const char *without, struct err *e);
/* m gets the filters of its vCPU threads and its logger. */
MUST_USE int jail_filters(struct jail *j, struct machine *m, struct err *e);
/* After this the calling thread can open nothing any more. */
MUST_USE int jail_close(struct jail *j, struct machine *m, struct err *e);
#endif
