/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface described: an OpenRPC 1.3 document made from the tables of
 * methods, results, events and errors.  rpc.discover answers with it, and it
 * is installed as openrpc.json.
 */
#ifndef TRIVISOR_API_OPENRPC_H
#define TRIVISOR_API_OPENRPC_H

#include "api/methods.h"

struct json_object;

/* Owned by the caller; BUG when there is no memory. */
struct json_object *openrpc_document(void);

/* "viewer", "operator", "admin". */
const char *role_name(enum method_role role);

/* What was added since version 1.0 and can be asked for; NULL ends it. */
extern const char *const api_extensions[];

#endif
