/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON-RPC 2.0 on the daemon's side: what a request is, and what replies,
 * errors and events look like.
 */
#ifndef TRIVISOR_API_RPC_H
#define TRIVISOR_API_RPC_H

#include "base/base.h"
#include "base/err.h"

#define RPC_MAX_BATCH 100
#define RPC_MAX_IN_FLIGHT 8

#define RPC_INVALID_REQUEST (-32600)
#define RPC_METHOD_NOT_FOUND (-32601)

struct json_object;

/* Borrowed from the message it was made of. */
struct rpc_request {
	struct json_object *id;		/* NULL: a notification, or unknown */
	bool notification;
	const char *method;
	struct json_object *params;	/* NULL when absent */
};

/*
 * Take one request (no batch) apart.  -EINVAL with a JSON-RPC code in e; r->id
 * is then set if there was a usable one.
 */
MUST_USE int rpc_request_parse(struct json_object *msg, struct rpc_request *r,
    struct err *e);

/*
 * Replies, owned by the caller.  id may be NULL (null); result is taken over.
 */
struct json_object *rpc_result(struct json_object *id,
    struct json_object *result);
/* Where an error came up; any of it may be absent. */
struct rpc_origin {
	const char *domain;		/* the object of the request */
	const char *trace;		/* the same as in the daemon's log */
	int64_t uid;			/* the client's; -1 none */
};

/* o may be NULL. */
struct json_object *rpc_error(struct json_object *id, const struct err *e,
    const struct rpc_origin *o);
/* A notification; params is taken over. */
struct json_object *rpc_notification(const char *method,
    struct json_object *params);

/* "2026-01-31T12:00:00.123Z" of ns since the epoch. */
void rpc_time(ns_t realtime, char buf[32]);

#endif
