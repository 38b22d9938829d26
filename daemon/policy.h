/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --sandbox: what becomes of a start when a layer around its monitor cannot
 * be had.
 *
 *	require		it fails, and says which layer and what to do about it
 *	best-effort	it goes on; the log, domain.info and doctor tell
 *	off		only what a monitor does to itself; for debugging
 */
#ifndef TRIVISOR_DAEMON_POLICY_H
#define TRIVISOR_DAEMON_POLICY_H

#include "base/sandbox.h"

enum sandbox_policy { POLICY_BEST_EFFORT, POLICY_REQUIRE, POLICY_OFF };

bool policy_parse(const char *text, enum sandbox_policy *p);
/* What monitors are to do without, host_without included. */
void policy_without(enum sandbox_policy p, const char *host_without,
    char *list, size_t size);
/*
 * Does it suffice?  Layers that nobody has looked at yet do.  as_root: the
 * daemon is root's, and has another user to give.
 */
MUST_USE int policy_check(enum sandbox_policy p,
    const struct sandbox_state *seal, bool as_root, struct err *e);
/* A line for each layer that is not there. */
void policy_log(const char *vm, const struct sandbox_state *seal);

#endif
