/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that writes consoles' files, so that neither vCPUs nor the loop
 * wait for a disk.  It sleeps until a console says that there is something.
 *
 * logger_start(); logger_wake() from then on; logger_stop() writes the rest.
 */
#ifndef TRIVISOR_MONITOR_LOGGER_H
#define TRIVISOR_MONITOR_LOGGER_H

#include <pthread.h>

#include "base/err.h"
#include "monitor/console.h"

#define LOGGER_CHUNK 65536u

struct logger {
	struct console *console;	/* borrowed array */
	unsigned n_consoles;
	pthread_mutex_t *lock;		/* borrowed: the device lock */
	pthread_cond_t work;
	pthread_t thread;
	bool runs;
	bool stop;			/* under the lock */
	uint8_t buf[LOGGER_CHUNK];	/* the thread's */
};

/* Nothing is started when no console has a file. */
MUST_USE int logger_start(struct logger *l, struct console *console,
    unsigned n, pthread_mutex_t *lock, struct err *e);
/* A console's files callback; ctx is the logger.  Device lock held. */
void logger_wake(void *ctx);
/* Without the device lock.  Does nothing when nothing was started. */
void logger_stop(struct logger *l);

#endif
