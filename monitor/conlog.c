/* SPDX-License-Identifier: Apache-2.0 */
/* Capped log files of consoles; see conlog.h. */
#include "monitor/conlog.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define CHUNK 16384u

size_t
console_note_skipped(char buf[CONLOG_NOTE], uint64_t n, bool mid_line)
{
	return (size_t)snprintf(buf, CONLOG_NOTE,
	    "%s[trivisor: %llu bytes skipped]\r\n", mid_line ? "\r\n" : "",
	    (unsigned long long)n);
}

void
conlog_init(struct conlog *l, int fd, uint64_t cap)
{
	struct stat st;

	memset(l, 0, sizeof(*l));
	l->fd = fd;
	l->cap = cap ? MAX(cap, CONLOG_CAP_MIN) : 0;
	l->regular = fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode);
}

void
conlog_skip(struct conlog *l, uint64_t n)
{
	l->gap += n;
	l->dropped += n;
}

/* --- making room ------------------------------------------------------------ */

/* Where the part to keep begins: at a line, if one begins soon. */
static off_t
keep_from(const struct conlog *l, off_t size, off_t keep)
{
	char buf[4096];
	ssize_t n = pread(l->fd, buf, sizeof(buf), size - keep);
	const char *end = n > 0 ? memchr(buf, '\n', (size_t)n) : NULL;

	return size - keep + (end ? end - buf + 1 : 0);
}

static bool
put_at(int fd, const void *data, size_t n, off_t at)
{
	while (n) {
		ssize_t done = pwrite(fd, data, n, at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		data = (const char *)data + done;
		n -= (size_t)done;
		at += done;
	}
	return true;
}

/*
 * Move the newer half to the front.  The destination lies before the source
 * and the file does not grow, so a full disk cannot get in the way.
 */
static off_t
cut(struct conlog *l, off_t size)
{
	off_t from = keep_from(l, size, (off_t)(l->cap / 2));
	char note[CONLOG_NOTE];
	char buf[CHUNK];
	off_t to;

	to = snprintf(note, sizeof(note),
	    "[trivisor: %llu older bytes dropped]\r\n",
	    (unsigned long long)(l->cut + (uint64_t)(from - l->head)));
	if (to >= from || !put_at(l->fd, note, (size_t)to, 0))
		return -1;
	l->cut += (uint64_t)(from - l->head);
	l->head = to;
	while (from < size) {
		size_t n = (size_t)MIN(size - from, (off_t)sizeof(buf));
		ssize_t got = pread(l->fd, buf, n, from);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || !put_at(l->fd, buf, (size_t)got, to))
			return -1;
		from += got;
		to += got;
	}
	return ftruncate(l->fd, to) ? -1 : to;
}

/*
 * Where the next n bytes go.  The end is looked up each time: somebody may
 * have emptied the file.
 */
static off_t
place_for(struct conlog *l, size_t n)
{
	off_t whole = lseek(l->fd, 0, SEEK_END);
	off_t size = whole;

	if (size < 0)
		return -1;
	if (size != l->end)
		l->head = 0;	/* not the file we left */
	if (!l->cap || (uint64_t)size + n <= l->cap)
		return size;
	/* What cannot be moved (one may not be allowed to read) goes. */
	if ((uint64_t)size > l->cap / 2)
		size = cut(l, size);
	if (size >= 0 && (uint64_t)size + n <= l->cap)
		return size;
	if (ftruncate(l->fd, 0))
		return -1;
	l->cut += (uint64_t)(whole - l->head);
	l->head = 0;
	return 0;
}

/* --- writing ----------------------------------------------------------------- */

static ssize_t
put(struct conlog *l, const void *data, size_t n)
{
	ssize_t done;
	off_t at;

	if (!l->regular)
		return write(l->fd, data, n);
	at = place_for(l, n);
	if (at < 0)
		return -1;
	done = pwrite(l->fd, data, n, at);
	l->end = at + MAX(done, 0);
	return done;
}

static void
failed(struct conlog *l, int sys, uint64_t n)
{
	conlog_skip(l, n);
	if (!l->bad)
		log_line(LOG_ERR, "what=console-file error=\"%s\"",
		    strerror(sys));
	l->bad = true;
}

/* Tell of what is missing, before anything else; false: not now. */
static bool
tell_gap(struct conlog *l)
{
	char note[CONLOG_NOTE];
	ssize_t done;
	size_t n;

	if (!l->gap)
		return true;
	n = console_note_skipped(note, l->gap, l->mid_line);
	done = put(l, note, n);
	if (done != (ssize_t)n) {
		errno = done < 0 ? errno : ENOSPC;
		return false;
	}
	l->gap = 0;
	l->mid_line = false;
	if (l->bad)
		log_line(LOG_INFO, "what=console-file reason=\"takes output "
		    "again\"");
	l->bad = false;
	return true;
}

/* One piece; what became of it as in conlog_write(). */
static size_t
write_piece(struct conlog *l, const uint8_t *data, size_t n)
{
	ssize_t done = -1;

	if (tell_gap(l))
		done = put(l, data, n);
	if (done > 0) {
		l->mid_line = data[done - 1] != '\n';
		return (size_t)done;
	}
	if (done < 0 && errno == EINTR)
		return 0;
	if (done < 0 && errno == EAGAIN && !l->regular)
		return 0;
	failed(l, done ? errno : ENOSPC, n);
	return n;
}

size_t
conlog_write(struct conlog *l, const uint8_t *data, size_t n)
{
	size_t at = 0;

	while (at < n) {
		size_t done = write_piece(l, data + at, MIN(n - at, CHUNK));

		if (!done)
			break;
		at += done;
	}
	return at;
}
