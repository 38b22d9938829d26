/* SPDX-License-Identifier: Apache-2.0 */
/* Capped log files of consoles; see conlog.h. */
#include "monitor/conlog.h"

#include <errno.h>
#include <stdatomic.h>
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
	if (l->regular)
		l->end = st.st_size;
}

void
conlog_skip(struct conlog *l, uint64_t n)
{
	l->gap += n;
	l->dropped += n;
}

/* --- what is in it ------------------------------------------------------------ */

uint64_t
conlog_end(const struct conlog *l)
{
	return l->shift + (uint64_t)l->end;
}

ssize_t
conlog_past(struct conlog *l, uint64_t *at, uint64_t end, void *buf,
    size_t size)
{
	unsigned moves = atomic_load(&l->moves);
	uint64_t shift = atomic_load(&l->shift);
	uint64_t from = MAX(*at, atomic_load(&l->first));
	ssize_t n;

	if (moves & 1)
		return -EAGAIN;
	if (!l->regular || from >= end)
		return 0;
	n = pread(l->fd, buf, MIN(size, end - from), (off_t)(from - shift));
	if (atomic_load(&l->moves) != moves)
		return -EAGAIN;
	*at = from;
	return MAX(n, 0);
}

/* By so much the bytes that stay come nearer to the beginning. */
static void
moved(struct conlog *l, uint64_t by)
{
	l->shift += by;
	l->first = l->shift + (uint64_t)l->head;
	atomic_fetch_add(&l->moves, 1);
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
 * The bytes from..size go to `to', which lies before them; the file does not
 * grow, so a full disk cannot get in the way.  Its new length, or -1.
 */
static off_t
move_down(struct conlog *l, off_t from, off_t size, off_t to)
{
	char buf[CHUNK];

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

/* Make the newer half the file, below a line that says how much went. */
static off_t
cut(struct conlog *l, off_t size)
{
	off_t from = keep_from(l, size, (off_t)(l->cap / 2));
	char note[CONLOG_NOTE];
	off_t to, end;

	to = snprintf(note, sizeof(note),
	    "[trivisor: %llu older bytes dropped]\r\n",
	    (unsigned long long)(l->cut + (uint64_t)(from - l->head)));
	if (to >= from)
		return -1;
	atomic_fetch_add(&l->moves, 1);
	end = put_at(l->fd, note, (size_t)to, 0) ?
	    move_down(l, from, size, to) : -1;
	if (end >= 0) {
		l->cut += (uint64_t)(from - l->head);
		l->head = to;
	}
	moved(l, (uint64_t)(from - to));
	return end;
}

/* All of it goes. */
static bool
empty(struct conlog *l, off_t size)
{
	bool done;

	atomic_fetch_add(&l->moves, 1);
	done = !ftruncate(l->fd, 0);
	if (done) {
		l->cut += (uint64_t)(size - l->head);
		l->head = 0;
	}
	moved(l, done ? (uint64_t)size : 0);
	return done;
}

/* It is not the file we left: somebody has shortened it, perhaps. */
static void
take_new_end(struct conlog *l, off_t size)
{
	l->head = 0;
	atomic_fetch_add(&l->moves, 1);
	moved(l, size < l->end ? (uint64_t)(l->end - size) : 0);
	l->end = size;
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
		take_new_end(l, size);
	if (!l->cap || (uint64_t)size + n <= l->cap)
		return size;
	/* What cannot be moved (one may not be allowed to read) goes. */
	if ((uint64_t)size > l->cap / 2)
		size = cut(l, size);
	if (size >= 0 && (uint64_t)size + n <= l->cap)
		return size;
	return empty(l, whole) ? 0 : -1;
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
	l->notes++;
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
