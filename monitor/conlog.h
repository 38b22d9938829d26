/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that gets a copy of what a guest says, and never more than its cap:
 * a regular file that would grow beyond it keeps its newer half, below a line
 * that says how much went.
 *
 * Nothing here is an error to the guest: what the disk does not take is
 * counted and told in the file once it takes something again.  One thread
 * writes; a write may take as long as the disk likes, so no lock may be held.
 *
 * A place in the file is an offset that stays true when older bytes give way:
 * the file begins at the offset `shift', the guest's bytes in it, after a line
 * about those that went, at `first'.  conlog_past() may read from another
 * thread meanwhile.
 */
#ifndef TRIVISOR_MONITOR_CONLOG_H
#define TRIVISOR_MONITOR_CONLOG_H

#include <sys/types.h>

#include "base/base.h"

#define CONLOG_CAP_MIN 65536u
#define CONLOG_NOTE 80

struct conlog {
	int fd;			/* borrowed; -1: none */
	uint64_t cap;		/* bytes, 0: none; of regular files only */
	bool regular;
	bool bad;		/* the last write failed: said once */
	bool mid_line;
	uint64_t gap;		/* bytes to be told of in the file */
	off_t head;		/* length of the line about what went */
	off_t end;		/* of the file, as we left it */
	unsigned notes;		/* lines of ours among the guest's */
	/* Read by other threads. */
	_Atomic uint64_t shift, first;
	_Atomic unsigned moves;		/* odd while bytes change places */
	_Atomic uint64_t dropped;	/* bytes the file never got */
	_Atomic uint64_t cut;		/* bytes that gave way to newer ones */
};

/* A cap below CONLOG_CAP_MIN, but for 0, counts as that. */
void conlog_init(struct conlog *l, int fd, uint64_t cap);
/*
 * Write; what a full disk does not take is dropped and counted.  The number
 * of bytes dealt with: fewer than n only where a pipe or a terminal is full
 * and may be tried again.
 */
size_t conlog_write(struct conlog *l, const uint8_t *data, size_t n);
/* So many bytes went by before they could be given to conlog_write(). */
void conlog_skip(struct conlog *l, uint64_t n);

/* The offset of the end, for the writing thread. */
uint64_t conlog_end(const struct conlog *l);
/*
 * Any thread: read the bytes from offset *at on, but none from end on.  What
 * has gone meanwhile is skipped: *at then is further on.  0: there is nothing
 * (any more); -EAGAIN: not now.
 */
ssize_t conlog_past(struct conlog *l, uint64_t *at, uint64_t end, void *buf,
    size_t size);

/* "\r\n[trivisor: 5 bytes skipped]\r\n"; the length. */
size_t console_note_skipped(char buf[CONLOG_NOTE], uint64_t n, bool mid_line);

#endif
