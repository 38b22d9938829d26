/* SPDX-License-Identifier: Apache-2.0 */
/* Between birth.c, the parent's part of a birth, and birth_child.c. */
#ifndef TRIVISOR_DAEMON_BIRTH_H
#define TRIVISOR_DAEMON_BIRTH_H

#include "daemon/spawn_wire.h"

/* From the child to the parent; after the last one exec closes the pipe. */
struct birth_note {
	uint32_t layer;		/* it is on; off if sys or what say why */
	int32_t sys;
	char what[64];		/* SANDBOX_LAYERS: exec is not reached, if sys */
};

struct birth_child {
	const struct birth_host *host;
	const struct wire_spawn *w;
	const int *fds;
	uint64_t flags;		/* of the clone */
	int program_fd;
	int notes_fd, notes_other, go_fd, go_other;	/* other: the parent's */
};

/* All of the child's life before exec. */
_Noreturn void birth_child(struct birth_child *c);

#endif
