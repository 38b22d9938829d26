/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the control protocol: text fields in a packet.  The peer is
 * never trusted: lengths, magic and NULs are checked on receipt, and a field
 * that does not decode counts as absent.
 */
#include "vm/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than one descriptor is never sent, but must be closed if it is. */
#define FDS_TOLERATED 16

void
ctl_msg_init(struct ctl_msg *m, enum ctl_type t, uint64_t id)
{
	m->h.magic = CTL_MAGIC;
	m->h.type = (uint16_t)t;
	m->h.minor = CTL_MINOR;
	m->h.id = id;
	m->len = 0;
	m->body[0] = '\0';
	m->fd = -1;
	m->pid = 0;
}

static bool
needs_escape(unsigned char c)
{
	return c < ' ' || c == 0x7f || c == '%';
}

/* Append text, escaped, at *pos; false when it does not fit. */
static bool
put_escaped(char *body, size_t *pos, size_t size, const char *text)
{
	static const char hex[] = "0123456789abcdef";

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (size - *pos < 4)
			return false;
		if (needs_escape(c)) {
			body[(*pos)++] = '%';
			body[(*pos)++] = hex[c >> 4];
			body[(*pos)++] = hex[c & 15];
		} else {
			body[(*pos)++] = (char)c;
		}
	}
	return true;
}

int
ctl_put(struct ctl_msg *m, const char *key, const char *fmt, ...)
{
	char value[CTL_MAX];
	size_t pos = m->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(value))
		return -ENOSPC;
	if (strlen(key) + 3 > sizeof(m->body) - pos)
		return -ENOSPC;
	memcpy(m->body + pos, key, strlen(key));
	pos += strlen(key);
	m->body[pos++] = '=';
	if (!put_escaped(m->body, &pos, sizeof(m->body), value) ||
	    sizeof(m->body) - pos < 2) {
		m->body[m->len] = '\0';
		return -ENOSPC;
	}
	m->body[pos++] = '\n';
	m->body[pos] = '\0';
	m->len = pos;
	return 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decode n escaped bytes; false on a bad escape or lack of room. */
static bool
unescape(const char *in, size_t n, char *out, size_t size)
{
	size_t i, o = 0;

	for (i = 0; i < n; i++) {
		char c = in[i];

		if (c == '%') {
			if (n - i < 3 || hex_digit(in[i + 1]) < 0 ||
			    hex_digit(in[i + 2]) < 0)
				return false;
			c = (char)(hex_digit(in[i + 1]) << 4 |
			    hex_digit(in[i + 2]));
			i += 2;
			if (!c)
				return false;
		}
		if (o + 1 >= size)
			return false;
		out[o++] = c;
	}
	if (!size)
		return false;
	out[o] = '\0';
	return true;
}

/* Find the line at *pos: key is [*k, *klen), value [*v, *vlen). */
static bool
next_line(const struct ctl_msg *m, size_t *pos, const char **k, size_t *klen,
    const char **v, size_t *vlen)
{
	while (*pos < m->len) {
		const char *line = m->body + *pos;
		const char *end = memchr(line, '\n', m->len - *pos);
		size_t n = end ? (size_t)(end - line) : m->len - *pos;
		const char *eq = memchr(line, '=', n);

		*pos += end ? n + 1 : n;
		if (!eq)
			continue;
		*k = line;
		*klen = (size_t)(eq - line);
		*v = eq + 1;
		*vlen = n - *klen - 1;
		return true;
	}
	return false;
}

bool
ctl_get(const struct ctl_msg *m, const char *key, char *buf, size_t size)
{
	size_t pos = 0, klen, vlen;
	const char *k, *v;

	while (next_line(m, &pos, &k, &klen, &v, &vlen))
		if (klen == strlen(key) && !memcmp(k, key, klen))
			return unescape(v, vlen, buf, size);
	return false;
}

bool
ctl_get_u64(const struct ctl_msg *m, const char *key, uint64_t *v)
{
	char buf[32], *end;

	if (!ctl_get(m, key, buf, sizeof(buf)))
		return false;
	if (buf[0] < '0' || buf[0] > '9')
		return false;
	errno = 0;
	*v = strtoull(buf, &end, 0);
	return !errno && !*end;
}

bool
ctl_next(const struct ctl_msg *m, size_t *pos, char *key, size_t ksize,
    char *val, size_t vsize)
{
	size_t klen, vlen;
	const char *k, *v;

	while (next_line(m, pos, &k, &klen, &v, &vlen))
		if (unescape(k, klen, key, ksize) &&
		    unescape(v, vlen, val, vsize))
			return true;
	return false;
}

int
ctl_send(int sock, const struct ctl_msg *m)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov[2] = {
		{ (void *)(uintptr_t)&m->h, sizeof(m->h) },
		{ (void *)(uintptr_t)m->body, m->len },
	};
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t n;

	if (m->fd >= 0) {
		struct cmsghdr *c;

		mh.msg_control = control.buf;
		mh.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &m->fd, sizeof(int));
	}
	do {
		n = sendmsg(sock, &mh, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EWOULDBLOCK ? -EAGAIN :
		    errno == ECONNRESET ? -EPIPE : -errno;
	return 0;
}

static void
take_pid(const struct cmsghdr *c, struct ctl_msg *m)
{
	struct ucred cred;

	if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS ||
	    c->cmsg_len < CMSG_LEN(sizeof(cred)))
		return;
	memcpy(&cred, CMSG_DATA(c), sizeof(cred));
	m->pid = cred.pid;
}

/* Keep the first descriptor that came, close all others. */
static void
take_fds(struct msghdr *mh, struct ctl_msg *m)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t i, n;

		take_pid(c, m);
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (m->fd < 0)
				m->fd = fd;
			else
				close(fd);
		}
	}
}

static bool
packet_ok(const struct ctl_msg *m, const struct msghdr *mh, ssize_t n)
{
	if (n < (ssize_t)sizeof(m->h) || m->h.magic != CTL_MAGIC)
		return false;
	if (mh->msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return false;
	return !memchr(m->body, '\0', (size_t)n - sizeof(m->h));
}

int
ctl_recv(int sock, struct ctl_msg *m)
{
	union {
		char buf[CMSG_SPACE(FDS_TOLERATED * sizeof(int)) +
		    CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov[2] = {
		{ &m->h, sizeof(m->h) },
		{ m->body, sizeof(m->body) - 1 },
	};
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	ssize_t n;

	ctl_msg_init(m, CTL_OK, 0);
	do {
		n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EWOULDBLOCK ? -EAGAIN :
		    errno == ECONNRESET ? -EPIPE : -errno;
	take_fds(&mh, m);
	if (!n || !packet_ok(m, &mh, n)) {
		if (m->fd >= 0)
			close(m->fd);
		ctl_msg_init(m, CTL_OK, 0);
		return n ? -EPROTO : -EPIPE;
	}
	m->len = (size_t)n - sizeof(m->h);
	m->body[m->len] = '\0';
	return 0;
}

void
ctl_put_err(struct ctl_msg *m, const struct err *e)
{
	(void)ctl_put(m, "code", "%d", e->code);
	(void)ctl_put(m, "message", "%s", e->msg);
	if (e->sys)
		(void)ctl_put(m, "errno", "%d", e->sys);
	if (e->line)
		(void)ctl_put(m, "line", "%d", e->line);
	if (e->element[0])
		(void)ctl_put(m, "element", "%s", e->element);
	if (e->hint[0])
		(void)ctl_put(m, "hint", "%s", e->hint);
}

static int
get_int(const struct ctl_msg *m, const char *key, int otherwise)
{
	uint64_t v;

	if (!ctl_get_u64(m, key, &v) || v > INT32_MAX)
		return otherwise;
	return (int)v;
}

void
ctl_get_err(const struct ctl_msg *m, struct err *e)
{
	if (!e)
		return;
	e->code = get_int(m, "code", ERR_INTERNAL);
	e->sys = get_int(m, "errno", 0);
	e->line = get_int(m, "line", 0);
	e->element[0] = '\0';
	e->hint[0] = '\0';
	if (!ctl_get(m, "message", e->msg, sizeof(e->msg)))
		snprintf(e->msg, sizeof(e->msg), "monitor gave no reason");
	(void)ctl_get(m, "element", e->element, sizeof(e->element));
	(void)ctl_get(m, "hint", e->hint, sizeof(e->hint));
}
