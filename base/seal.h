/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process gives up by itself, for good: privileges, files, network,
 * resources.  Each function notes in *s what is in force.
 *
 *	seal_privileges()	first, while the process has one thread
 *	seal_limits()		when all threads and descriptors are there
 *	base/seccomp.h		each thread, last
 *
 * no_new_privs and seccomp are always there; for the rest a host that forbids
 * it is told of, not an error.
 */
#ifndef TRIVISOR_BASE_SEAL_H
#define TRIVISOR_BASE_SEAL_H

#include "base/sandbox.h"

/*
 * No new privileges, no capability in any set, no file, no TCP port, no
 * abstract socket and no signal to others by Landlock.  Descriptors that are
 * open stay usable.  Threads made later inherit all of it.  without: what to
 * do without, as in vm_config.host_without.
 */
MUST_USE int seal_privileges(struct sandbox_state *s, const char *without,
    struct err *e);
/*
 * No process and no thread more, no core file, descriptors below max_fds only.
 */
void seal_limits(struct sandbox_state *s, unsigned max_fds);
/*
 * Neither core files, pipes for them included, nor debuggers of the same user.
 */
void seal_memory(void);

#endif
