/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must not run in the daemon and is over at once: looking at a kernel
 * file that may be hostile, and at what this host can do.
 *
 *	trivisor-monitor --inspect --image-fd 3 --memory BYTES [--name TEXT]
 *	trivisor-monitor --probe [--kvm-fd 3]
 *
 * Sealed before the first byte is looked at: no files, no privileges, no
 * system calls but reading, memory and writing the answer, ten seconds and
 * a limit on memory.  The answer are "key=value" lines as in vm/control.h on
 * descriptor 1.
 */
#ifndef TRIVISOR_MONITOR_ONESHOT_H
#define TRIVISOR_MONITOR_ONESHOT_H

#include "base/base.h"

/* Is this command line one of the two? */
bool oneshot_wanted(int argc, char **argv);
/* Do it; the exit status: 0, 1 when there is no answer, 2 for wrong use. */
int oneshot_main(int argc, char **argv);

#endif
