/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a monitor stands, and how it ended, in a file that outlives it: two
 * slots of fixed size, written in turn, each with a number and a checksum.
 * The newest whole one counts, so that whoever dies while writing leaves the
 * one before.  Nothing is opened, extended or renamed after report_make().
 *
 *	daemon: report_make(fd, text)  -> fd to the monitor
 *	monitor: report_open(&r, fd); report_put(&r, ...); report_last(&r, ...)
 *	daemon: report_get(fd, ...)
 *
 * The text is "key=value\n" lines (vm/control.h's body).
 */
#ifndef TRIVISOR_VM_REPORT_H
#define TRIVISOR_VM_REPORT_H

#include <stdatomic.h>
#include <sys/types.h>

#include "base/base.h"

#define REPORT_SLOT_BYTES 16384
#define REPORT_TEXT_MAX (REPORT_SLOT_BYTES - 32)

struct report {
	int fd;				/* borrowed, -1 none */
	_Atomic uint64_t number;	/* of the newest */
	_Atomic bool closed;		/* the last word was said */
};

/* Room for both slots, and the first text; 0 or negative errno. */
MUST_USE int report_make(int fd, const char *text);
/* Go on with the numbers found there. */
void report_open(struct report *r, int fd);
/*
 * Write a slot; too long a text is cut at the end of a line.  Any thread,
 * signal handlers too; 0 or negative errno.
 */
int report_put(struct report *r, const char *text, size_t n);
/* The same; what comes after it from anybody is not written any more. */
int report_last(struct report *r, const char *text, size_t n);
/*
 * The newest whole text, with a NUL; its length, -ENOENT when neither slot is
 * whole, or another negative errno.  size > REPORT_TEXT_MAX holds any.
 */
ssize_t report_get(int fd, char *buf, size_t size);

#endif
