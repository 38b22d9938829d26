/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's connection to the daemon: blocking calls, one at a time, and the
 * events that arrive in between.
 *
 *	c = client_open(path, &e);
 *	rc = client_call(c, "domain.start", params, &result, NULL, &e);
 *	json_object_put(result);
 *	client_free(c);
 *
 * Events that arrive while a call waits are kept for client_event().  One
 * thread per connection.
 */
#ifndef TRIVISOR_API_CLIENT_H
#define TRIVISOR_API_CLIENT_H

#include "base/base.h"
#include "base/err.h"

struct client;
struct json_object;

/*
 * NULL and *e on failure.  e->sys tells "no daemon" apart: ENOENT,
 * ECONNREFUSED, EACCES.
 */
struct client *client_open(const char *path, struct err *e);
/* Over a connected stream socket; owned from here on, also on failure. */
struct client *client_new(int fd, struct err *e);
/* NULL is allowed. */
void client_free(struct client *c);

/* To poll for readability; client_event() with 0 then takes what came. */
int client_fd(const struct client *c);
/* Longest wait of client_call() in ms; -1 (the default): for ever. */
void client_set_timeout(struct client *c, int ms);

/*
 * Call method.  params (borrowed) may be NULL.  result (owned by the caller)
 * may be NULL when of no interest.  fd (owned by the caller), when not NULL,
 * receives the descriptor that came with the reply, or -1.
 *
 * 0; -EPROTO (or another errno) with e from the daemon's error or our own:
 * e->code > 0 or JSON-RPC's negative codes came from the daemon, except
 * ERR_RPC and ERR_OPERATION_TIMEOUT, which mean the connection is of no
 * further use.
 */
MUST_USE int client_call(struct client *c, const char *method,
    struct json_object *params, struct json_object **result, int *fd,
    struct err *e);

/*
 * The next event: the params object of the notification (seq, time, type,
 * domain, data), owned by the caller; of a gap {type: "events.lost", from,
 * to}.  Waits at most timeout_ms (-1: for
 * ever, 0: not at all).  1 with *event; 0 when none came; negative errno when
 * the connection ended (-EPIPE) or broke.
 */
MUST_USE int client_event(struct client *c, struct json_object **event,
    int timeout_ms, struct err *e);

#endif
