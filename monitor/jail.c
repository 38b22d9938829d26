/* SPDX-License-Identifier: Apache-2.0 */
/* See jail.h; the rules are in jail_tab.c. */
#include "monitor/jail.h"

#include <errno.h>
#include <pthread.h>

/*
 * Descriptors: what a start takes is below 64; then control connections,
 * viewers and a debugger.
 */
#define MAX_FDS 160

static struct seccomp_filter *filter[JAIL_CLASSES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t entered = PTHREAD_COND_INITIALIZER;
static unsigned n_inside, n_failed;
static struct err why;			/* of the first that failed */

static int
enter_setup(struct err *e)
{
	struct seccomp_filter *f;
	int rc = seccomp_build(&f, &jail_setup, e);

	if (rc)
		return rc;
	rc = seccomp_install(f, e);
	seccomp_free(f);
	return rc;
}

int
jail_begin(struct sandbox_state *seal, const struct vm_config *cfg,
    struct err *e)
{
	int rc;

	/* The one layer that nobody does without. */
	if (sandbox_without(cfg->host_without, "seccomp"))
		return err_set(e, ERR_CONFIG_UNSUPPORTED,
		    "seccomp: host_without says that there is none");
	rc = seal_privileges(seal, cfg->host_without, e);
	for (int c = 0; !rc && c < JAIL_CLASSES; c++)
		rc = seccomp_build(&filter[c], &jail_class[c], e);
	return rc ? rc : enter_setup(e);
}

void
jail_enter(enum jail_class_id c)
{
	struct err e = { 0 };
	int rc;

	if (!filter[c])
		return;
	rc = seccomp_install(filter[c], &e);
	pthread_mutex_lock(&lock);
	if (!rc)
		n_inside++;
	else if (!n_failed++)
		why = e;
	pthread_cond_signal(&entered);
	pthread_mutex_unlock(&lock);
}

static int
wait_for(unsigned n_threads, struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&lock);
	while (n_inside + n_failed < n_threads)
		pthread_cond_wait(&entered, &lock);
	if (n_failed) {
		*e = why;
		rc = -EPERM;
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

int
jail_close(struct sandbox_state *seal, const struct vm_config *cfg,
    unsigned n_threads, struct err *e)
{
	int rc = wait_for(n_threads, e);

	if (rc)
		return rc;
	/* perf looks into a process only where a debugger might, too. */
	if (!cfg->perf_map)
		seal_memory();
	seal_limits(seal, MAX_FDS);
	rc = seccomp_install(filter[JAIL_LOOP], e);
	if (!rc)
		sandbox_on(seal, SANDBOX_SECCOMP);
	return rc;
}
