/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON from outside, strictly: a framer that finds message ends in any
 * concatenation of bytes, and a parser that refuses what RFC 8259 does and,
 * beyond it, duplicate keys and integers that do not fit 64 bits (json-c
 * keeps the last key and saturates the integer).
 */
#ifndef TRIVISOR_API_JSON_H
#define TRIVISOR_API_JSON_H

#include "base/base.h"
#include "base/err.h"

#define JSON_MAX_BYTES (4u << 20)
#define JSON_MAX_DEPTH 32
#define JSON_MAX_TOKENS 65536
#define JSON_MAX_KEY 128

struct json_object;

/*
 * Finds where objects and arrays end.  Feed bytes as they come, take messages
 * until there is none; all zero is the initial state.
 */
struct json_framer {
	char *buf;		/* owned */
	size_t len, cap;
	size_t taken;		/* bytes of messages already given out */
	size_t scanned;
	unsigned depth;
	bool in_string, escaped;
};

void json_framer_fini(struct json_framer *f);
/* -EMSGSIZE when a message would pass JSON_MAX_BYTES, or -ENOMEM. */
MUST_USE int json_framer_feed(struct json_framer *f, const char *data,
    size_t n);
/*
 * 1: a message, valid until the next call.  0: none is complete.
 * -EPROTO: something that begins no object or array.
 */
MUST_USE int json_framer_next(struct json_framer *f, const char **text,
    size_t *len);
/* Bytes of a message that is not complete yet have arrived. */
bool json_framer_partial(const struct json_framer *f);

/*
 * One whole document; NULL and *e (code -32700, or -32600 for a limit) when
 * it is not acceptable.  The caller owns the result.
 */
struct json_object *json_parse(const char *text, size_t len, struct err *e);

#endif
