/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-line logs: "subsys: vm=<name> what=<verb> key=value".
 *
 * The sink is a file descriptor (stderr until log_set_fd()).  What a guest or
 * a client can cause goes through log_limited(), which lets burst lines pass
 * in each second and then says how many it held back.  Any thread.
 */
#ifndef TRIVISOR_BASE_LOG_H
#define TRIVISOR_BASE_LOG_H

#include "base/base.h"

enum log_level { LOG_ERR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_limit {
	ns_t window_start;
	unsigned passed;
	unsigned held;
};

void log_set_fd(int fd);
void log_set_level(enum log_level max);
/* Text put before each line, e.g. "monitor: vm=demo"; copied. */
void log_set_prefix(const char *prefix);
/*
 * Lines for systemd's journal, which has its own times: "<N>" of the level, as
 * in syslog(3), instead of time and letter.  True when stderr is the journal's
 * (systemd.exec(5), JOURNAL_STREAM).
 */
bool log_is_journal(void);
void log_set_journal(bool on);
void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_limited(struct log_limit *l, enum log_level level, const char *fmt,
    ...) PRINTF_LIKE(3, 4);

#endif
