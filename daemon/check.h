/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What domain.check looks at beyond the document: whether this host, now,
 * could start it for this client.  Nothing is changed by looking, and files
 * are looked at by a helper of the spawner, which becomes the client and may
 * hang where the daemon must not.
 */
#ifndef TRIVISOR_DAEMON_CHECK_H
#define TRIVISOR_DAEMON_CHECK_H

#include "daemon/daemon.h"

/* What the spawner's answer to r means: 0, or *e says what is wrong. */
MUST_USE int check_explain(const struct file_request *r,
    const struct file_result *f, const struct err *answer, struct err *e);
/* Is so much memory free on the host? */
MUST_USE int check_memory(uint64_t bytes, struct err *e);

#endif
