/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors for people, and the end of the process when the mistake is ours.
 * The texts are cut, never refused, when they are too long for the struct.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	int code;
	const char *name;
} names[] = {
	{ ERR_OK, "OK" },
	{ ERR_INTERNAL, "INTERNAL" },
	{ ERR_NO_MEMORY, "NO_MEMORY" },
	{ ERR_NO_SUPPORT, "NO_SUPPORT" },
	{ ERR_INVALID_ARG, "INVALID_ARG" },
	{ ERR_OPERATION_FAILED, "OPERATION_FAILED" },
	{ ERR_NO_NAME, "NO_NAME" },
	{ ERR_XML_ERROR, "XML_ERROR" },
	{ ERR_DOM_EXIST, "DOM_EXIST" },
	{ ERR_OPERATION_DENIED, "OPERATION_DENIED" },
	{ ERR_XML_DETAIL, "XML_DETAIL" },
	{ ERR_SYSTEM_ERROR, "SYSTEM_ERROR" },
	{ ERR_RPC, "RPC" },
	{ ERR_NO_DOMAIN, "NO_DOMAIN" },
	{ ERR_OPERATION_INVALID, "OPERATION_INVALID" },
	{ ERR_CONFIG_UNSUPPORTED, "CONFIG_UNSUPPORTED" },
	{ ERR_OPERATION_TIMEOUT, "OPERATION_TIMEOUT" },
	{ ERR_OPERATION_ABORTED, "OPERATION_ABORTED" },
	{ ERR_OPERATION_UNSUPPORTED, "OPERATION_UNSUPPORTED" },
	{ ERR_RESOURCE_BUSY, "RESOURCE_BUSY" },
	{ ERR_ACCESS_DENIED, "ACCESS_DENIED" },
	{ ERR_CPU_INCOMPATIBLE, "CPU_INCOMPATIBLE" },
	{ ERR_XML_INVALID_SCHEMA, "XML_INVALID_SCHEMA" },
	{ -32700, "PARSE_ERROR" },
	{ -32600, "INVALID_REQUEST" },
	{ -32601, "METHOD_NOT_FOUND" },
	{ -32602, "INVALID_PARAMS" },
	{ -32603, "INTERNAL_ERROR" },
};

static char last_bug[256];

const char *
bug_last(void)
{
	return last_bug;
}

void
bug_at(const char *file, int line, const char *what)
{
	char text[512];
	int n;

	snprintf(last_bug, sizeof(last_bug), "%s:%d: %s", file, line, what);
	n = snprintf(text, sizeof(text), "trivisor: bug at %s:%d: %s\n", file,
	    line, what);
	if (n > (int)sizeof(text) - 1)
		n = sizeof(text) - 1;
	if (n > 0 && write(STDERR_FILENO, text, (size_t)n) < 0) {
		/* Nobody left to tell. */
	}
	abort();
}

static void
reset(struct err *e, int code, int sys)
{
	e->code = code;
	e->sys = sys;
	e->line = 0;
	e->element[0] = '\0';
	e->path[0] = '\0';
	e->hint[0] = '\0';
}

int
err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return -EINVAL;
	reset(e, code, 0);
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int
err_set_sys(struct err *e, int sys, const char *fmt, ...)
{
	char reason[96];
	const char *text;
	size_t len;
	va_list ap;

	BUG_ON(sys <= 0);
	if (!e)
		return -sys;
	reset(e, sys == ENOMEM ? ERR_NO_MEMORY : ERR_SYSTEM_ERROR, sys);
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	text = strerror_r(sys, reason, sizeof(reason));
	len = strlen(e->msg);
	snprintf(e->msg + len, sizeof(e->msg) - len, ": %s", text);
	return -sys;
}

void
err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return;
	va_start(ap, fmt);
	vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
}

void
err_path(struct err *e, const char *path)
{
	if (e)
		snprintf(e->path, sizeof(e->path), "%s", path);
}

void
err_prefix(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->msg)];
	size_t len;
	va_list ap;

	if (!e)
		return;
	memcpy(old, e->msg, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	len = strlen(e->msg);
	snprintf(e->msg + len, sizeof(e->msg) - len, ": %s", old);
}

const char *
err_name(int code)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].code == code)
			return names[i].name;
	return "UNKNOWN";
}

const char *
err_nth(size_t i, int *code)
{
	if (i >= ARRAY_LEN(names))
		return NULL;
	*code = names[i].code;
	return names[i].name;
}
