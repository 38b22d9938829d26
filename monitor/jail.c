/* SPDX-License-Identifier: Apache-2.0 */
/* See jail.h; the rules are in jail_tab.c. */
#include "monitor/jail.h"

#include "monitor/machine.h"

/*
 * Descriptors: what a start takes is below 64; then control connections,
 * viewers and a debugger.
 */
#define MAX_FDS 160

int
jail_begin(struct jail *j, struct sandbox_state *seal, const char *without,
    struct err *e)
{
	j->seal = seal;
	return seal_privileges(seal, without, e);
}

int
jail_filters(struct jail *j, struct machine *m, struct err *e)
{
	enum jail_class_id vcpu = m->vm.engine == &engine_interp ?
	    JAIL_INTERP : JAIL_BT;
	int rc;

	/* The one layer that nobody does without. */
	if (sandbox_without(m->cfg.host_without, "seccomp"))
		return err_set(e, ERR_CONFIG_UNSUPPORTED,
		    "seccomp: host_without says that there is none");
	rc = seccomp_build(&j->filter[JAIL_LOOP], &jail_class[JAIL_LOOP], e);
	if (!rc)
		rc = seccomp_build(&j->filter[vcpu], &jail_class[vcpu], e);
	if (!rc)
		rc = seccomp_build(&j->filter[JAIL_FILES],
		    &jail_class[JAIL_FILES], e);
	m->vcpu_filter = j->filter[vcpu];
	m->files_filter = j->filter[JAIL_FILES];
	return rc;
}

int
jail_close(struct jail *j, struct machine *m, struct err *e)
{
	int rc;

	if (atomic_load(&m->n_sealed) != m->n_started)
		return err_set(e, ERR_SYSTEM_ERROR,
		    "seccomp: a vCPU's thread has no filter; see the log");
	/* perf looks into a process only where a debugger might, too. */
	if (!m->cfg.perf_map)
		seal_memory();
	seal_limits(j->seal, MAX_FDS);
	rc = seccomp_install(j->filter[JAIL_LOOP], e);
	if (!rc)
		sandbox_on(j->seal, SANDBOX_SECCOMP);
	return rc;
}
