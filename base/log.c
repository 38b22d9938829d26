/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log sink: the one global of the program, guarded by one lock.  Each
 * line goes out in a single write(2), so that lines of several processes that
 * share a file do not mix.  Control characters become '?': a guest's or a
 * client's text cannot forge a line.
 */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define LIMIT_BURST 10		/* lines per second and call site */
#define LINE_MAX_BYTES 1024

/* Guards everything below and every struct log_limit. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int sink = STDERR_FILENO;
static enum log_level max_level = LOG_INFO;
static char line_prefix[128];

static bool journal;

static const char level_letter[] = { 'E', 'W', 'I', 'D' };
/* Of syslog(3): LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG. */
static const char level_digit[] = { '3', '4', '6', '7' };

bool
log_is_journal(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return text && sscanf(text, "%llu:%llu", &dev, &ino) == 2 &&
	    !fstat(STDERR_FILENO, &st) && st.st_dev == dev && st.st_ino == ino;
}

void
log_set_journal(bool on)
{
	pthread_mutex_lock(&lock);
	journal = on;
	pthread_mutex_unlock(&lock);
}

void
log_set_fd(int fd)
{
	pthread_mutex_lock(&lock);
	sink = fd;
	pthread_mutex_unlock(&lock);
}

void
log_set_level(enum log_level max)
{
	pthread_mutex_lock(&lock);
	max_level = max;
	pthread_mutex_unlock(&lock);
}

void
log_set_prefix(const char *prefix)
{
	pthread_mutex_lock(&lock);
	snprintf(line_prefix, sizeof(line_prefix), "%s", prefix);
	pthread_mutex_unlock(&lock);
}

static size_t
put_time(char *line, size_t size, enum log_level level)
{
	struct timespec ts;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &tm);
	return n + (size_t)snprintf(line + n, size - n, ".%03ldZ %c ",
	    ts.tv_nsec / 1000000, level_letter[level]);
}

static size_t
put_head(char *line, size_t size, enum log_level level)
{
	size_t n = journal ?
	    (size_t)snprintf(line, size, "<%c>", level_digit[level]) :
	    put_time(line, size, level);

	if (line_prefix[0])
		n += (size_t)snprintf(line + n, size - n, "%s ", line_prefix);
	return n;
}

/* Called with the lock held. */
static void PRINTF_LIKE(2, 0)
emit(enum log_level level, const char *fmt, va_list ap)
{
	char line[LINE_MAX_BYTES];
	size_t n, i;
	int k;

	n = put_head(line, sizeof(line), level);
	k = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	if (k > 0)
		n += MIN((size_t)k, sizeof(line) - n - 2);
	for (i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[n++] = '\n';
	if (write(sink, line, n) < 0) {
		/* A full log disk must not stop anything. */
	}
}

static void PRINTF_LIKE(2, 3)
emit_args(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(level, fmt, ap);
	va_end(ap);
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	pthread_mutex_lock(&lock);
	if (level <= max_level) {
		va_start(ap, fmt);
		emit(level, fmt, ap);
		va_end(ap);
	}
	pthread_mutex_unlock(&lock);
}

/* A new second begins: say what the last one held back. */
static void
roll_window(struct log_limit *l, enum log_level level, ns_t now)
{
	if (l->passed && now - l->window_start < NS_PER_SEC)
		return;
	if (l->held)
		emit_args(level, "log: what=held_back lines=%u", l->held);
	l->window_start = now;
	l->passed = 0;
	l->held = 0;
}

void
log_limited(struct log_limit *l, enum log_level level, const char *fmt, ...)
{
	va_list ap;

	pthread_mutex_lock(&lock);
	if (level <= max_level) {
		roll_window(l, level, clock_now(&clock_host));
		if (l->passed < LIMIT_BURST) {
			l->passed++;
			va_start(ap, fmt);
			emit(level, fmt, ap);
			va_end(ap);
		} else {
			l->held++;
		}
	}
	pthread_mutex_unlock(&lock);
}
