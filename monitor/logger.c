/* SPDX-License-Identifier: Apache-2.0 */
/* The consoles' file writer; see logger.h. */
#include "monitor/logger.h"

#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "monitor/jail.h"

/* A pipe that is full is tried again after this. */
#define RETRY_NS (NS_PER_SEC / 50)

/* One piece for one file; the lock is given up meanwhile.  False: it is full. */
static bool
write_piece(struct logger *l, struct console *k, unsigned n)
{
	struct conlog *log = &k->file[n].log;
	uint64_t skipped;
	size_t size;
	size_t done;

	size = console_file_peek(k, n, l->buf, sizeof(l->buf), &skipped);
	pthread_mutex_unlock(l->lock);
	if (skipped)
		conlog_skip(log, skipped);
	done = conlog_write(log, l->buf, size);
	pthread_mutex_lock(l->lock);
	console_file_had(k, n, done);
	return done > 0;
}

/* A piece for each file that has something; *blocked: some are full. */
static bool
one_round(struct logger *l, bool *blocked)
{
	bool moved = false;

	*blocked = false;
	for (unsigned i = 0; i < l->n_consoles; i++) {
		struct console *k = &l->console[i];

		for (unsigned n = 0; n < ARRAY_LEN(k->file); n++) {
			if (!console_file_pending(k, n))
				continue;
			if (write_piece(l, k, n))
				moved = true;
			else
				*blocked = true;
		}
	}
	return moved;
}

static void
wait_for_work(struct logger *l, bool blocked)
{
	struct timespec t;
	ns_t at;

	if (!blocked) {
		pthread_cond_wait(&l->work, l->lock);
		return;
	}
	at = clock_now(&clock_host) + RETRY_NS;
	t.tv_sec = at / NS_PER_SEC;
	t.tv_nsec = at % NS_PER_SEC;
	pthread_cond_timedwait(&l->work, l->lock, &t);
}

static void *
logger_thread(void *arg)
{
	struct logger *l = arg;
	bool blocked;

	prctl(PR_SET_NAME, "console-files");
	jail_enter(JAIL_FILES);
	pthread_mutex_lock(l->lock);
	for (;;) {
		if (one_round(l, &blocked))
			continue;
		if (l->stop)
			break;
		wait_for_work(l, blocked);
	}
	pthread_mutex_unlock(l->lock);
	return NULL;
}

static bool
has_files(const struct console *console, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < ARRAY_LEN(console[i].file); k++)
			if (console[i].file[k].log.fd >= 0)
				return true;
	return false;
}

int
logger_start(struct logger *l, struct console *console, unsigned n,
    pthread_mutex_t *lock, struct err *e)
{
	pthread_condattr_t attr;
	sigset_t all;
	sigset_t old;
	int rc;

	l->console = console;
	l->n_consoles = n;
	l->lock = lock;
	l->stop = false;
	if (!has_files(console, n))
		return 0;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->work, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&l->thread, NULL, logger_thread, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return err_set_sys(e, rc,
		    "console files: cannot start their thread");
	l->runs = true;
	return 0;
}

void
logger_wake(void *ctx)
{
	struct logger *l = ctx;

	if (l->runs)
		pthread_cond_signal(&l->work);
}

void
logger_stop(struct logger *l)
{
	if (!l->runs)
		return;
	pthread_mutex_lock(l->lock);
	l->stop = true;
	pthread_cond_signal(&l->work);
	pthread_mutex_unlock(l->lock);
	pthread_join(l->thread, NULL);
	pthread_cond_destroy(&l->work);
	l->runs = false;
}
