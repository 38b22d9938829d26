/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report's slots.  The writer may be a signal handler: system calls and
 * arithmetic only.
 */
#include "vm/report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x315250455256494e)
#define SLOTS 2

/* The header and its text are one slot; it is as long as REPORT_TEXT_MAX says. */
struct slot {
	uint64_t magic;
	uint64_t number;		/* counts up; slot = number % SLOTS */
	uint32_t length;		/* of the text */
	uint32_t sum;			/* of all this, taken with sum = 0 */
	uint64_t reserved;
};
static_assert(sizeof(struct slot) + REPORT_TEXT_MAX == REPORT_SLOT_BYTES,
    "a slot's size");

/* CRC-32 (IEEE 802.3), bit by bit: some kilobytes now and then. */
static uint32_t
crc(uint32_t c, const void *data, size_t n)
{
	const uint8_t *p = data;

	for (c = ~c; n; n--) {
		c ^= *p++;
		for (unsigned bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
	}
	return ~c;
}

static uint32_t
sum_of(const struct slot *s, const char *text)
{
	struct slot clean = *s;

	clean.sum = 0;
	return crc(crc(0, &clean, sizeof(clean)), text, s->length);
}

static int
write_at(int fd, const void *data, size_t n, off_t at)
{
	const char *p = data;

	while (n) {
		ssize_t k = pwrite(fd, p, n, at);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return k ? -errno : -EIO;
		p += k;
		at += k;
		n -= (size_t)k;
	}
	return 0;
}

static int
put(struct report *r, const char *text, size_t n)
{
	struct slot s = { .magic = MAGIC };
	off_t at;
	int rc;

	if (n > REPORT_TEXT_MAX) {
		n = REPORT_TEXT_MAX;
		while (n && text[n - 1] != '\n')
			n--;
	}
	s.number = atomic_fetch_add(&r->number, 1) + 1;
	s.length = (uint32_t)n;
	s.sum = sum_of(&s, text);
	at = (off_t)(s.number % SLOTS) * REPORT_SLOT_BYTES;
	rc = write_at(r->fd, text, n, at + (off_t)sizeof(s));
	return rc ? rc : write_at(r->fd, &s, sizeof(s), at);
}

int
report_put(struct report *r, const char *text, size_t n)
{
	if (r->fd < 0 || atomic_load(&r->closed))
		return 0;
	return put(r, text, n);
}

int
report_last(struct report *r, const char *text, size_t n)
{
	if (r->fd < 0 || atomic_exchange(&r->closed, true))
		return 0;
	return put(r, text, n);
}

/* One slot, its text into buf; false unless it is whole. */
static bool
read_slot(int fd, unsigned i, struct slot *s, char *buf, size_t size)
{
	off_t at = (off_t)i * REPORT_SLOT_BYTES;

	if (pread(fd, s, sizeof(*s), at) != sizeof(*s) || s->magic != MAGIC ||
	    s->number % SLOTS != i || s->length > REPORT_TEXT_MAX ||
	    s->length >= size)
		return false;
	if (pread(fd, buf, s->length, at + (off_t)sizeof(*s)) !=
	    (ssize_t)s->length || sum_of(s, buf) != s->sum)
		return false;
	buf[s->length] = '\0';
	/* No text of ours has one inside. */
	return strlen(buf) == s->length;
}

/* The newest whole slot into *s and buf. */
static bool
newest(int fd, struct slot *s, char *buf, size_t size)
{
	struct slot other[SLOTS];
	int best = -1;

	for (unsigned i = 0; i < SLOTS; i++)
		if (read_slot(fd, i, &other[i], buf, size) &&
		    (best < 0 || other[i].number > other[best].number))
			best = (int)i;
	/* Once more: buf holds whichever was read last. */
	return best >= 0 && read_slot(fd, (unsigned)best, s, buf, size);
}

ssize_t
report_get(int fd, char *buf, size_t size)
{
	struct slot s;

	return newest(fd, &s, buf, size) ? (ssize_t)s.length : -ENOENT;
}

void
report_open(struct report *r, int fd)
{
	char text[REPORT_TEXT_MAX + 1];
	struct slot s;

	r->fd = fd;
	atomic_init(&r->closed, false);
	atomic_init(&r->number, fd >= 0 && newest(fd, &s, text, sizeof(text)) ?
	    s.number : 0);
}

int
report_make(int fd, const char *text)
{
	struct report r;
	int rc = posix_fallocate(fd, 0, SLOTS * REPORT_SLOT_BYTES);

	if (rc)
		return -rc;
	report_open(&r, fd);
	return report_put(&r, text, strlen(text));
}
