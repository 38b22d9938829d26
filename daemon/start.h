/* SPDX-License-Identifier: Apache-2.0 */
/* A start under way: between start.c and what opens files for it. */
#ifndef TRIVISOR_DAEMON_START_H
#define TRIVISOR_DAEMON_START_H

#include "daemon/daemon.h"

struct start;

/* A file that is being opened, and where its descriptors go. */
struct start_want {
	struct start *st;
	struct spawn_job *job;
	enum file_kind kind;
	int *fd;
	int *slave;		/* NULL: not a pty */
	char *name;		/* VM_SERIAL_PATH of it; NULL: nobody asks */
};

struct start {
	struct daemon *d;
	struct monitor *m;
	struct run_request r;		/* its descriptors are ours */
	struct client_ids ids;
	char *gdb_path;			/* owned */
	struct start_want want[4 + 2 * VM_MAX_SERIALS];
	unsigned n_wants, open;		/* open: not answered yet */
	struct err err;			/* code 0: none */
	const struct start_want *failed;
	struct spawn_job *spawn;
	struct inspection *look;	/* at the kernel, meanwhile */
	struct sandbox_state seal;
	int alive, listener, control, our_setup, their_setup, cgroup;
};

/* Ask for a file; kind and destinations are copied from *want. */
void start_want(struct start *st, const struct start_want *want,
    const char *object, const char *path);
/* Give it up; NULL is fine. */
void start_free(struct start *st);

/* serials.c: all that the serial ports need. */
void serials_want(struct start *st);

#endif
