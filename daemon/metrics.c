/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics' little HTTP server (RFC 9112, as far as a scraper needs it):
 * one request, one answer, and the connection ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/metrics.h"
#include "daemon/stats.h"

#define MAX_SCRAPERS 16
#define MAX_REQUEST 8192
#define PATIENCE 10.0

enum { UNIX, IP4, IP6, SOCKETS };

struct metrics;

struct scraper {
	struct metrics *m;
	int fd;				/* owned, -1: free */
	ev_io io;
	ev_timer timer;
	bool waits;			/* for the poll */
	char request[MAX_REQUEST];
	size_t got;
	char *answer;			/* owned */
	size_t len, sent;
};

struct metrics {
	struct daemon *d;
	int fd[SOCKETS];		/* owned, -1 none */
	ev_io io[SOCKETS];
	bool polling;
	bool closed;			/* freed when the poll has ended */
	struct metrics_starts starts;
	struct scraper scraper[MAX_SCRAPERS];
};

/* ---- one connection --------------- */

static void
scraper_end(struct scraper *s)
{
	ev_io_stop(s->m->d->loop, &s->io);
	ev_timer_stop(s->m->d->loop, &s->timer);
	close(s->fd);
	free(s->answer);
	s->answer = NULL;
	s->waits = false;
	s->fd = -1;
}

static void
on_patience(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	scraper_end(container_of(w, struct scraper, timer));
}

static void
watch(struct scraper *s, int events)
{
	ev_io_stop(s->m->d->loop, &s->io);
	if (!events)
		return;
	ev_io_set(&s->io, s->fd, events);
	ev_io_start(s->m->d->loop, &s->io);
}

/* body (taken over, may be NULL) becomes the answer. */
static void
reply(struct scraper *s, const char *status, const char *type, char *body,
    size_t len, bool with_body)
{
	char head[256];
	int n = snprintf(head, sizeof(head), "HTTP/1.1 %s\r\n"
	    "Content-Type: %s\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\n", status, type, len);

	s->waits = false;
	s->answer = malloc((size_t)n + len);
	if (!s->answer) {
		free(body);
		scraper_end(s);
		return;
	}
	memcpy(s->answer, head, (size_t)n);
	s->len = (size_t)n;
	if (with_body && len) {
		memcpy(s->answer + n, body, len);
		s->len += len;
	}
	s->sent = 0;
	free(body);
	watch(s, EV_WRITE);
}

static void
refuse(struct scraper *s, const char *status, const char *why)
{
	char *body = strdup(why);

	reply(s, status, "text/plain; charset=utf-8", body,
	    body ? strlen(body) : 0, true);
}

static void
poll_done(struct json_object *rows, void *ctx)
{
	struct metrics *m = ctx;
	char *text = NULL;
	size_t len = 0;
	unsigned i;

	m->polling = false;
	if (m->closed) {
		free(m);
		return;
	}
	text = metrics_text(m->d, &m->starts, rows, &len);
	for (i = 0; i < MAX_SCRAPERS; i++) {
		struct scraper *s = &m->scraper[i];
		char *copy;

		if (s->fd < 0 || !s->waits)
			continue;
		copy = text ? malloc(len ? len : 1) : NULL;
		if (copy) {
			memcpy(copy, text, len);
			reply(s, "200 OK", "text/plain; version=0.0.4; "
			    "charset=utf-8", copy, len,
			    strncmp(s->request, "HEAD", 4) != 0);
		} else {
			refuse(s, "503 Service Unavailable", "no memory\n");
		}
	}
	free(text);
}

static void
scrape(struct scraper *s)
{
	struct metrics *m = s->m;
	struct err e = { 0 };

	watch(s, 0);
	s->waits = true;
	if (m->polling)
		return;
	m->polling = true;
	if (stats_collect(m->d, NULL, STATS_ALL, poll_done, m, &e)) {
		m->polling = false;
		refuse(s, "503 Service Unavailable", e.msg);
	}
}

/* "GET /metrics HTTP/1.1" and lines we do not need. */
static void
serve(struct scraper *s)
{
	char method[16], path[128], version[16];

	if (sscanf(s->request, "%15[A-Z] %127[^ \r\n] %15[^ \r\n]", method,
	    path, version) != 3 || strncmp(version, "HTTP/1.", 7)) {
		refuse(s, "400 Bad Request", "this is no HTTP/1 request\n");
		return;
	}
	path[strcspn(path, "?")] = '\0';
	if (strcmp(method, "GET") && strcmp(method, "HEAD"))
		refuse(s, "405 Method Not Allowed", "only GET and HEAD\n");
	else if (strcmp(path, "/metrics"))
		refuse(s, "404 Not Found", "the metrics are at /metrics\n");
	else
		scrape(s);
}

static void
read_request(struct scraper *s)
{
	ssize_t n = recv(s->fd, s->request + s->got,
	    sizeof(s->request) - 1 - s->got, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		scraper_end(s);
		return;
	}
	s->got += (size_t)n;
	s->request[s->got] = '\0';
	if (strstr(s->request, "\r\n\r\n") || strstr(s->request, "\n\n"))
		serve(s);
	else if (s->got == sizeof(s->request) - 1)
		refuse(s, "431 Request Header Fields Too Large",
		    "the request is longer than 8 KiB\n");
}

static void
write_answer(struct scraper *s)
{
	ssize_t n = send(s->fd, s->answer + s->sent, s->len - s->sent,
	    MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		s->sent += (size_t)n;
	if (n <= 0 || s->sent == s->len)
		scraper_end(s);
}

static void
on_scraper(struct ev_loop *loop, ev_io *w, int events)
{
	struct scraper *s = container_of(w, struct scraper, io);

	(void)loop;
	if (events & EV_WRITE)
		write_answer(s);
	else
		read_request(s);
}

/* ---- listening --------------- */

static void
on_connect(struct ev_loop *loop, ev_io *w, int events)
{
	struct metrics *m = w->data;
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	unsigned i;

	(void)events;
	if (fd < 0)
		return;
	for (i = 0; i < MAX_SCRAPERS; i++) {
		struct scraper *s = &m->scraper[i];

		if (s->fd >= 0)
			continue;
		s->fd = fd;
		s->got = 0;
		ev_io_init(&s->io, on_scraper, fd, EV_READ);
		ev_io_start(loop, &s->io);
		ev_timer_init(&s->timer, on_patience, PATIENCE, 0);
		ev_timer_start(loop, &s->timer);
		return;
	}
	close(fd);
}

static int
listen_ip(int family, unsigned port)
{
	struct sockaddr_in a4 = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, rc;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET)
		rc = bind(fd, (struct sockaddr *)&a4, sizeof(a4));
	else
		rc = bind(fd, (struct sockaddr *)&a6, sizeof(a6));
	if (!rc)
		rc = listen(fd, MAX_SCRAPERS);
	if (!rc)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* A host without IPv6 has 127.0.0.1 alone. */
static int
open_loopback(struct metrics *m, struct err *e)
{
	unsigned port = m->d->opt.metrics_port;

	m->fd[IP4] = listen_ip(AF_INET, port);
	m->fd[IP6] = listen_ip(AF_INET6, port);
	if (m->fd[IP4] >= 0 || m->fd[IP6] >= 0)
		return 0;
	err_set_sys(e, -m->fd[IP4], "metrics: cannot listen at port %u of "
	    "127.0.0.1", port);
	err_hint(e, "choose another one with --metrics-port");
	return m->fd[IP4];
}

int
metrics_open(struct daemon *d, struct err *e)
{
	struct metrics *m;
	unsigned i;
	int rc = 0;

	if (!d->opt.metrics_socket[0] && !d->opt.metrics_port)
		return 0;
	m = calloc(1, sizeof(*m));
	if (!m)
		return err_set_sys(e, ENOMEM, "metrics");
	m->d = d;
	d->metrics = m;
	for (i = 0; i < SOCKETS; i++)
		m->fd[i] = -1;
	for (i = 0; i < MAX_SCRAPERS; i++)
		m->scraper[i] = (struct scraper){ .m = m, .fd = -1 };
	if (d->opt.metrics_socket[0])
		rc = listen_unix(d, d->opt.metrics_socket, &m->fd[UNIX], e);
	if (!rc && d->opt.metrics_port)
		rc = open_loopback(m, e);
	return rc;
}

void
metrics_serve(struct daemon *d)
{
	struct metrics *m = d->metrics;
	unsigned i;

	for (i = 0; m && i < SOCKETS; i++) {
		if (m->fd[i] < 0)
			continue;
		ev_io_init(&m->io[i], on_connect, m->fd[i], EV_READ);
		m->io[i].data = m;
		ev_io_start(d->loop, &m->io[i]);
	}
}

void
metrics_close(struct daemon *d)
{
	struct metrics *m = d->metrics;
	unsigned i;

	if (!m)
		return;
	d->metrics = NULL;
	for (i = 0; i < MAX_SCRAPERS; i++)
		if (m->scraper[i].fd >= 0)
			scraper_end(&m->scraper[i]);
	for (i = 0; i < SOCKETS; i++) {
		if (m->fd[i] < 0)
			continue;
		ev_io_stop(d->loop, &m->io[i]);
		close(m->fd[i]);
		if (i == UNIX)
			unlink(d->opt.metrics_socket);
	}
	m->closed = true;
	if (!m->polling)
		free(m);
}

void
metrics_note_start(struct daemon *d, ns_t took)
{
	if (d->metrics)
		metrics_count_start(&d->metrics->starts, took);
}
