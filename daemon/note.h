/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the next daemon must know of a run: in the monitor's hands, in its run
 * directory, and which of its events were told.
 */
#ifndef TRIVISOR_DAEMON_NOTE_H
#define TRIVISOR_DAEMON_NOTE_H

#include "daemon/daemon.h"

/* status and domain.xml in the run directory; pid 0 while there is none. */
MUST_USE int note_write(int dir_fd, const struct domain *dom, pid_t pid,
    struct err *e);
/* The same for the monitor to keep, sealed; *fd is the caller's. */
MUST_USE int note_memfd(const struct domain *dom, int *fd, struct err *e);
/*
 * Back again: the definition (the caller's, NULL when there is none that can
 * be read) and the fields, to be read with ctl_get().
 */
struct domain_def *note_from_memfd(int fd, struct ctl_msg *m);
struct domain_def *note_from_files(int dir_fd, struct ctl_msg *m);
/* When a process began, in clock ticks since boot; 0 when it is gone. */
uint64_t note_process_start(pid_t pid);

/* The file of the last event that subscribers were told; negative errno. */
int seen_open(int dir_fd);
MUST_USE int seen_write(int fd, uint64_t seq, enum domain_state state);
/* False when it is not there or not whole. */
bool seen_read(int dir_fd, uint64_t *seq, enum domain_state *state);

#endif
