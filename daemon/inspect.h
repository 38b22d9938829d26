/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at what may be hostile, in a sealed process of its own: kernel
 * files (trivisor-monitor --inspect) and the host (--probe).
 */
#ifndef TRIVISOR_DAEMON_INSPECT_H
#define TRIVISOR_DAEMON_INSPECT_H

#include "daemon/daemon.h"

/* What a kernel file is. */
struct kernel_facts {
	struct guest_caps caps;
	char kind[16];			/* "bzImage", "PVH ELF", "multiboot" */
	uint64_t entry;
	unsigned bits;			/* it is entered in: 32, 64 */
	uint64_t memory;		/* its end in the guest's memory */
};

struct inspection;

/* From the loop.  e->code is 0 when f counts; else e says what is wrong. */
typedef void inspect_fn(void *ctx, const struct kernel_facts *f,
    const struct err *e);

/*
 * The file at path, opened with the client's rights, for a VM with so much
 * memory.  NULL only when there is no memory.
 */
struct inspection *inspect_kernel(struct daemon *d,
    const struct client_ids *ids, const char *path, uint64_t memory,
    inspect_fn *fn, void *ctx);
/* The same of a file that is open already; fd is borrowed. */
struct inspection *inspect_kernel_fd(struct daemon *d, int fd,
    const char *path, uint64_t memory, inspect_fn *fn, void *ctx);
/* fn will not be called.  Not after it was; NULL is fine. */
void inspect_cancel(struct inspection *i);
/* A child of the spawner has ended; was it one of ours? */
bool inspect_child_exit(struct daemon *d, pid_t pid, int status);

/* Fill d->caps; begun once, when the daemon starts. */
void inspect_host(struct daemon *d);
/* Whatever is under way is given up. */
void inspect_fini(struct daemon *d);

#endif
