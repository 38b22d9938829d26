/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What domain.check looks at beyond the document: whether this host, now,
 * could start it for this client.  Nothing is changed by looking.
 */
#ifndef TRIVISOR_DAEMON_CHECK_H
#define TRIVISOR_DAEMON_CHECK_H

#include "daemon/daemon.h"

/*
 * The file could be opened for writing (it is not, and not made), a socket
 * could be made at path.  With the client's rights; errors as from
 * file_open_output() and file_listen().
 */
MUST_USE int check_may_write(const struct client_ids *ids,
    const char *object, const char *path, struct err *e);
MUST_USE int check_may_listen(const struct client_ids *ids,
    const char *object, const char *path, struct err *e);
/*
 * The file can be read, and its first bytes are those of a kernel; the rest
 * of it is for the monitor to judge.
 */
MUST_USE int check_kernel(const struct client_ids *ids, const char *path,
    struct err *e);
MUST_USE int check_initrd(const struct client_ids *ids, const char *path,
    struct err *e);
/* Is so much memory free on the host? */
MUST_USE int check_memory(uint64_t bytes, struct err *e);

#endif
