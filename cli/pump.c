/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console loop.  One poll(2) over everything; console output is written
 * through at once, input that the guest does not take yet waits in a small
 * queue and stdin is not read meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/client.h"
#include "base/clock.h"
#include "cli/pump.h"

#define CTRL_C 0x03
#define CHUNK 16384

enum { SLOT_CONSOLE, SLOT_IN, SLOT_SIGNALS, SLOT_CLIENT, SLOT_OUT, SLOTS };

static void
signal_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGQUIT);
	sigaddset(set, SIGTSTP);
	sigaddset(set, SIGCONT);
}

int
pump_init(struct pump *p, int out, struct err *e)
{
	sigset_t set;

	memset(p, 0, sizeof(*p));
	p->console = -1;
	p->out = out;
	p->term.fd = -1;
	keys_init(&p->keys);
	/* stdin may be closed; then fd 0 is invalid or something of ours. */
	p->in = fcntl(STDIN_FILENO, F_GETFD) < 0 ? -1 : STDIN_FILENO;
	signal_set(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (p->signals < 0)
		return err_set_sys(e, errno, "cannot watch signals");
	return 0;
}

void
pump_fini(struct pump *p)
{
	sigset_t set;

	term_restore(&p->term);
	if (p->signals >= 0)
		close(p->signals);
	p->signals = -1;
	pump_set_console(p, -1);
	json_object_put(p->event);
	p->event = NULL;
	signal_set(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void
pump_set_console(struct pump *p, int fd)
{
	if (p->console >= 0)
		close(p->console);
	p->console = fd;
	p->queued = 0;
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static bool
write_all(int fd, const char *data, size_t n)
{
	ssize_t done;

	while (n) {
		done = write(fd, data, n);
		if (done < 0 && (errno == EINTR || errno == EAGAIN)) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };

			poll(&wait, 1, 100);
			continue;
		}
		if (done < 0)
			return false;
		data += done;
		n -= (size_t)done;
	}
	return true;
}

/* Look for the pattern in the line so far. */
static bool
line_matches(struct pump *p)
{
	if (p->line_matched)
		return false;
	p->line[p->line_len] = 0;
	if (regexec(p->until, p->line, 0, NULL, 0))
		return false;
	p->line_matched = true;
	snprintf(p->matched, sizeof(p->matched), "%s", p->line);
	return true;
}

/*
 * Follow the console's lines.  The pattern is tried on whole lines and, for
 * prompts, on what a chunk leaves unfinished.
 */
static bool
watch_lines(struct pump *p, const char *data, size_t n)
{
	bool found = false;
	size_t i;

	for (i = 0; i < n; i++) {
		if (data[i] == '\n') {
			found |= line_matches(p);
			p->line_len = 0;
			p->line_matched = false;
			continue;
		}
		if (data[i] == '\r' || data[i] == 0)
			continue;
		if (p->line_len == PUMP_LINE) {
			/* Keep half: a match may lie across the cut. */
			found |= line_matches(p);
			memmove(p->line, p->line + PUMP_LINE / 2,
			    PUMP_LINE / 2);
			p->line_len = PUMP_LINE / 2;
		}
		p->line[p->line_len++] = data[i];
	}
	return found | line_matches(p);
}

static bool
show(struct pump *p, const char *data, size_t n)
{
	char clean[CHUNK + REPLAY_HELD];

	if (!p->replay.left && !p->replay.n_held)
		return write_all(p->out, data, n);
	n = replay_take(&p->replay, data, n, clean);
	return write_all(p->out, clean, n);
}

/* 0: go on; else what to return, plus one. */
static int
read_console(struct pump *p)
{
	char buf[CHUNK];
	ssize_t n;

	n = read(p->console, buf, sizeof(buf));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		pump_set_console(p, -1);
		return PUMP_CONSOLE_END + 1;
	}
	p->mid_line = buf[n - 1] != '\n';
	if (!show(p, buf, (size_t)n))
		return PUMP_OUTPUT_END + 1;
	if (p->until && watch_lines(p, buf, (size_t)n))
		return PUMP_MATCH + 1;
	return 0;
}

/* Note one Ctrl-C; true when it is the second within a second. */
static bool
interrupted(struct pump *p)
{
	ns_t now = clock_now(&clock_host);
	bool second = p->last_interrupt &&
	    now - p->last_interrupt <= NS_PER_SEC;

	p->last_interrupt = now;
	return second;
}

/* All that stdin brought is with the guest: the monitor may know. */
static void
pass_eof(struct pump *p)
{
	if (!p->in_ended || p->queued || p->passed || !p->eof_passes)
		return;
	p->passed = true;
	shutdown(p->console, SHUT_WR);
}

static void
flush_queue(struct pump *p)
{
	ssize_t n;

	if (p->console < 0) {
		p->queued = 0;
		return;
	}
	if (p->queued) {
		n = send(p->console, p->queue, p->queued, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		p->queued -= (size_t)n;
		memmove(p->queue, p->queue + n, p->queued);
	}
	pass_eof(p);
}

/* What was typed before the way out was is for the guest. */
static void
flush_last(struct pump *p)
{
	ns_t end = clock_now(&clock_host) + NS_PER_SEC;

	flush_queue(p);
	while (p->queued && clock_now(&clock_host) < end) {
		struct pollfd wait = { .fd = p->console, .events = POLLOUT };

		poll(&wait, 1, 100);
		flush_queue(p);
	}
}

bool
pump_say(struct pump *p, const char *text, size_t n)
{
	if (n > sizeof(p->queue) - p->queued)
		return false;
	memcpy(p->queue + p->queued, text, n);
	p->queued += n;
	return true;
}

static void
say_keys(const struct pump *p)
{
	char keys[32];

	keys_describe(&p->keys, keys, sizeof(keys));
	dprintf(STDERR_FILENO, "\r\n[trivisor: %s leaves; ~~ is a tilde, ~? "
	    "this]\r\n", keys);
}

/* From a terminal: in[0..n), of which some may be for us. */
static int
take_keys(struct pump *p, const char *in, size_t n)
{
	size_t at = 0;
	size_t i;

	for (i = 0; p->interrupts && i < n; i++)
		if (in[i] == CTRL_C && interrupted(p))
			return PUMP_INTERRUPT + 1;
	if (!p->escapes) {
		(void)pump_say(p, in, n);
		return 0;
	}
	while (at < n) {
		switch (keys_take(&p->keys, in, &at, n, p->queue,
		    &p->queued)) {
		case KEYS_DETACH:
			if (!p->mute)
				flush_last(p);
			return PUMP_DETACH + 1;
		case KEYS_HELP:
			say_keys(p);
			break;
		case KEYS_ALL:
			break;
		}
	}
	return 0;
}

static bool
has_room(const struct pump *p)
{
	/* A tilde that was held back may come on top. */
	return sizeof(p->queue) - p->queued > 1;
}

static int
read_input(struct pump *p)
{
	char in[PUMP_QUEUE];
	ssize_t n;
	int rc = 0;

	n = read(p->in, in, sizeof(p->queue) - p->queued - 1);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		p->in = -1;
		p->in_ended = true;
		flush_queue(p);
		return 0;
	}
	if (p->term.fd >= 0)
		rc = take_keys(p, in, (size_t)n);
	else
		(void)pump_say(p, in, (size_t)n);
	if (p->mute)
		p->queued = 0;
	flush_queue(p);
	return rc;
}

/* At the beginning, and again whenever a shell may have had it. */
static void
take_terminal(struct pump *p)
{
	if (p->term.fd >= 0)
		term_again(&p->term);
	else if (p->in >= 0)
		term_raw(&p->term, p->in);
}

/* Stopped from outside: the shell gets its terminal as it was. */
static void
stop_for_now(struct pump *p)
{
	term_restore(&p->term);
	raise(SIGSTOP);
}

static int
read_signal(struct pump *p)
{
	struct signalfd_siginfo info;

	if (read(p->signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo == SIGTSTP || info.ssi_signo == SIGCONT) {
		if (info.ssi_signo == SIGTSTP)
			stop_for_now(p);
		take_terminal(p);
		return 0;
	}
	p->signal = (int)info.ssi_signo;
	if (info.ssi_signo != SIGINT || !p->interrupts)
		return PUMP_SIGNAL + 1;
	/* Without a terminal Ctrl-C is a signal, and the guest's first. */
	if (interrupted(p))
		return PUMP_INTERRUPT + 1;
	if (p->queued < sizeof(p->queue))
		p->queue[p->queued++] = CTRL_C;
	flush_queue(p);
	return 0;
}

static int
read_event(struct pump *p)
{
	struct err e = { 0 };
	int rc;

	json_object_put(p->event);
	p->event = NULL;
	rc = client_event(p->client, &p->event, 0, &e);
	if (rc < 0) {
		p->client = NULL;
		return PUMP_DAEMON_END + 1;
	}
	return rc > 0 ? PUMP_EVENT + 1 : 0;
}

static void
fill_slots(const struct pump *p, struct pollfd *f)
{
	f[SLOT_CONSOLE] = (struct pollfd){ .fd = p->console,
	    .events = (short)(POLLIN | (p->queued ? POLLOUT : 0)) };
	f[SLOT_IN] = (struct pollfd){ .fd = has_room(p) ? p->in : -1,
	    .events = POLLIN };
	f[SLOT_SIGNALS] = (struct pollfd){ .fd = p->signals,
	    .events = POLLIN };
	f[SLOT_CLIENT] = (struct pollfd){
	    .fd = p->client ? client_fd(p->client) : -1, .events = POLLIN };
	/* Nothing to wait for but the reader's going away. */
	f[SLOT_OUT] = (struct pollfd){ .fd = p->out, .events = 0 };
}

static int
poll_timeout(const struct pump *p)
{
	ns_t left;

	if (!p->deadline)
		return -1;
	left = p->deadline - clock_now(&clock_host);
	if (left <= 0)
		return 0;
	return (int)MIN(left / 1000000 + 1, 3600 * 1000);
}

static int
serve(struct pump *p, const struct pollfd *f)
{
	int rc = 0;

	if (f[SLOT_SIGNALS].revents)
		rc = read_signal(p);
	if (!rc && f[SLOT_IN].revents)
		rc = read_input(p);
	if (!rc && (f[SLOT_CONSOLE].revents & POLLOUT))
		flush_queue(p);
	/* Output before the event that follows from it. */
	if (!rc && (f[SLOT_CONSOLE].revents & (POLLIN | POLLHUP | POLLERR)))
		rc = read_console(p);
	if (!rc && f[SLOT_CLIENT].revents)
		rc = read_event(p);
	if (!rc && (f[SLOT_OUT].revents & (POLLERR | POLLNVAL)))
		rc = PUMP_OUTPUT_END + 1;
	return rc;
}

enum pump_result
pump_run(struct pump *p)
{
	struct pollfd f[SLOTS];
	int rc;

	if (p->term.fd < 0)
		take_terminal(p);
	flush_queue(p);
	/* Events that came while a call waited make no descriptor ready. */
	rc = p->client ? read_event(p) : 0;
	while (!rc) {
		if (p->deadline && poll_timeout(p) == 0)
			return PUMP_TIMEOUT;
		if (p->in_ended && p->eof_ends && !p->queued)
			return PUMP_INPUT_END;
		fill_slots(p, f);
		if (poll(f, SLOTS, poll_timeout(p)) < 0)
			continue;
		rc = serve(p, f);
	}
	return (enum pump_result)(rc - 1);
}
