/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors that a person or a client will read.
 *
 * A function that can fail for a reason worth telling takes a struct err *
 * and returns a negative errno; the struct then holds a stable code, one
 * sentence (object, operation, reason) and, where there is one, a remedy.
 * Callers either hand it on, add context with err_prefix(), or print it.
 * e may be NULL: the text is then dropped, the return value stays.
 */
#ifndef TRIVISOR_BASE_ERR_H
#define TRIVISOR_BASE_ERR_H

#include "base/base.h"

/*
 * Stable codes.  Positive ones are libvirt's virErrorNumber, so that a
 * libvirt front-end can pass them through; negative ones are JSON-RPC's.
 */
enum err_code {
	ERR_OK = 0,
	ERR_INTERNAL = 1,
	ERR_NO_MEMORY = 2,
	ERR_NO_SUPPORT = 3,
	ERR_INVALID_ARG = 8,
	ERR_OPERATION_FAILED = 9,
	ERR_NO_NAME = 21,
	ERR_XML_ERROR = 27,
	ERR_DOM_EXIST = 28,
	ERR_OPERATION_DENIED = 29,
	ERR_XML_DETAIL = 35,
	ERR_SYSTEM_ERROR = 38,
	ERR_RPC = 39,
	ERR_NO_DOMAIN = 42,
	ERR_OPERATION_INVALID = 55,
	ERR_CONFIG_UNSUPPORTED = 67,
	ERR_OPERATION_TIMEOUT = 68,
	ERR_OPERATION_ABORTED = 78,
	ERR_OPERATION_UNSUPPORTED = 84,
	ERR_RESOURCE_BUSY = 87,
	ERR_ACCESS_DENIED = 88,
	ERR_CPU_INCOMPATIBLE = 91,
	ERR_XML_INVALID_SCHEMA = 92,
};

struct err {
	int code;		/* enum err_code */
	int sys;		/* errno behind it, 0 if none */
	int line;		/* line in the document at fault, 0 if none */
	char element[64];	/* element or field at fault, "" if none */
	char path[256];		/* file at fault, "" if none */
	char msg[512];		/* one sentence, no trailing full stop */
	char hint[256];		/* what to do about it, "" if nothing is known */
};

/*
 * Fill *e (ignored when NULL) and return -EINVAL for use in "return
 * err_set(...)"; err_set_sys() takes errno from its argument, appends
 * ": strerror" to the message and returns -sys.  Any thread.
 */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
int err_set_sys(struct err *e, int sys, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Add the remedy to an error already set. */
void err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Say which file it is about. */
void err_path(struct err *e, const char *path);
/* Put "prefix: " before the message. */
void err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "NO_DOMAIN" for ERR_NO_DOMAIN; "UNKNOWN" for what is not listed. */
const char *err_name(int code);
/* The i-th code there is, and its name; NULL after the last. */
const char *err_nth(size_t i, int *code);

#endif
