/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sampling profile: for a while a timer per vCPU interrupts its thread some
 * hundred times a second and notes where it is (sample.c).  Afterwards, or in
 * the middle of it, the samples are added up: by block of guest code, and by
 * part of the engine for what is spent elsewhere.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "monitor/monitor.h"
#include "monitor/vcpu.h"

/* A prime per second, so that it beats with no clock of the guest's. */
#define HZ 199
#define MAX_TOP 100

/* --- taking samples -------------------------------------------------------- */

static void
cpu_stop(struct cpu *p)
{
	if (p->profile_timer >= 0)
		syscall(SYS_timer_delete, p->profile_timer);
	p->profile_timer = -1;
}

static int
cpu_begin(struct cpu *p, struct err *e)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID,
	    .sigev_signo = CPU_PROFILE_SIGNAL, .sigev_value.sival_ptr = p };
	struct itimerspec its = { .it_interval.tv_nsec = NS_PER_SEC / HZ,
	    .it_value.tv_nsec = NS_PER_SEC / HZ };

	if (!p->sample)
		p->sample = calloc(MAX_SAMPLES, sizeof(*p->sample));
	if (!p->sample)
		return err_set_sys(e, ENOMEM, "profile: vCPU %u", p->c->id);
	atomic_store(&p->n_samples, 0);
	ev._sigev_un._tid = atomic_load(&p->tid);
	if (!ev._sigev_un._tid)
		return err_set(e, ERR_OPERATION_INVALID,
		    "profile: vCPU %u is not running yet", p->c->id);
	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev,
	    &p->profile_timer) < 0) {
		p->profile_timer = -1;
		return err_set_sys(e, errno, "profile: vCPU %u: cannot make "
		    "its timer", p->c->id);
	}
	syscall(SYS_timer_settime, p->profile_timer, 0, &its, NULL);
	return 0;
}

void
profile_stop(struct monitor *mon)
{
	for (unsigned i = 0; i < mon->m->vm.n_vcpus; i++)
		cpu_stop(&mon->m->cpu[i]);
	ev_timer_stop(mon->loop, &mon->profile_timer);
	mon->profiling = false;
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	profile_stop(w->data);
}

static int
must_translate(const struct machine *m, struct err *e)
{
	if (m->vm.engine->where)
		return 0;
	err_set(e, ERR_OPERATION_UNSUPPORTED, "engine %s translates nothing",
	    m->vm.engine->name);
	err_hint(e, "there is a translator in bt mode without --engine interp");
	return -EOPNOTSUPP;
}

int
profile_start(struct monitor *mon, ns_t how_long, struct err *e)
{
	struct machine *m = mon->m;
	int rc = must_translate(m, e);

	if (rc)
		return rc;
	/* Who comes second looks at what the first one sees. */
	if (mon->profiling)
		return 0;
	for (unsigned i = 0; !rc && i < m->vm.n_vcpus; i++)
		rc = cpu_begin(&m->cpu[i], e);
	if (rc) {
		profile_stop(mon);
		return rc;
	}
	mon->profiling = true;
	ev_timer_init(&mon->profile_timer, on_timer,
	    (double)how_long / (double)NS_PER_SEC, 0);
	mon->profile_timer.data = mon;
	ev_timer_start(mon->loop, &mon->profile_timer);
	return 0;
}

/* --- adding up -------------------------------------------------------------- */

/* Samples that are one line of the answer. */
struct group {
	const struct sample *s;		/* of the hottest instruction */
	unsigned n;
};

struct summary {
	struct sample *all;		/* owned, n of them */
	struct group *group;		/* owned, n_groups of at most n */
	size_t n, n_groups;
	unsigned idle;
};

static int
compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Parts first, by name; then blocks, and within them instructions. */
static int
by_place(const void *x, const void *y)
{
	const struct sample *a = x;
	const struct sample *b = y;

	if (a->part != b->part)
		return compare((uintptr_t)a->part, (uintptr_t)b->part);
	if (a->rip != b->rip)
		return compare(a->rip, b->rip);
	if (a->cpl != b->cpl)
		return compare(a->cpl, b->cpl);
	return compare(a->offset, b->offset);
}

static bool
same_group(const struct sample *a, const struct sample *b)
{
	return a->part == b->part && a->rip == b->rip && a->cpl == b->cpl;
}

static int
by_count(const void *x, const void *y)
{
	const struct group *a = x;
	const struct group *b = y;

	return a->n != b->n ? compare(b->n, a->n) : by_place(a->s, b->s);
}

/* The group that begins at sample i; returns where the next one does. */
static size_t
take_group(struct summary *u, size_t i)
{
	const struct sample *first = &u->all[i];
	struct group g = { .s = first };
	unsigned run = 0, best = 0;

	for (; i < u->n && same_group(first, &u->all[i]); i++, g.n++) {
		run = g.n && u->all[i].offset == u->all[i - 1].offset ?
		    run + 1 : 1;
		if (run > best) {
			best = run;
			g.s = &u->all[i];
		}
	}
	if (first->part && !strcmp(first->part, "idle"))
		u->idle += g.n;
	else
		u->group[u->n_groups++] = g;
	return i;
}

static int
collect(const struct machine *m, unsigned vcpu, struct summary *u,
    struct err *e)
{
	size_t room = (size_t)m->vm.n_vcpus * MAX_SAMPLES;

	*u = (struct summary){ .all = calloc(room, sizeof(*u->all)) };
	for (unsigned i = 0; u->all && i < m->vm.n_vcpus; i++) {
		const struct cpu *p = &m->cpu[i];
		size_t n = p->sample ? atomic_load(&p->n_samples) : 0;

		if (vcpu != ALL_VCPUS && vcpu != i)
			continue;
		if (n)
			memcpy(u->all + u->n, p->sample, n * sizeof(*u->all));
		u->n += n;
	}
	u->group = calloc(u->n + 1, sizeof(*u->group));
	if (!u->all || !u->group) {
		free(u->all);
		free(u->group);
		return err_set_sys(e, ENOMEM, "profile");
	}
	qsort(u->all, u->n, sizeof(*u->all), by_place);
	for (size_t i = 0; i < u->n;)
		i = take_group(u, i);
	qsort(u->group, u->n_groups, sizeof(*u->group), by_count);
	return 0;
}

/* --- the answer --------------------------------------------------------------- */

static void
put(struct ctl_msg *a, const char *list, unsigned k, const char *field,
    uint64_t v)
{
	char key[48];

	snprintf(key, sizeof(key), "%s[%u].%s", list, k, field);
	ctl_put(a, key, "%" PRIu64, v);
}

static void
put_groups(const struct summary *u, unsigned top, struct ctl_msg *a)
{
	unsigned hot = 0, parts = 0;
	char key[48];

	for (size_t k = 0; k < u->n_groups; k++) {
		const struct group *g = &u->group[k];

		if (g->s->part) {
			snprintf(key, sizeof(key), "parts[%u].part", parts);
			ctl_put(a, key, "%s", g->s->part);
			put(a, "parts", parts++, "samples", g->n);
		} else if (hot < top) {
			snprintf(key, sizeof(key), "hot[%u].rip", hot);
			ctl_put(a, key, "0x%" PRIx64, g->s->rip);
			put(a, "hot", hot, "offset", g->s->offset);
			put(a, "hot", hot, "cpl", g->s->cpl);
			put(a, "hot", hot++, "samples", g->n);
		}
	}
}

static void
put_stat(void *ctx, const char *name, uint64_t value)
{
	ctl_put(ctx, name, "%" PRIu64, value);
}

int
profile_put(struct monitor *mon, unsigned vcpu, unsigned top,
    struct ctl_msg *a, struct err *e)
{
	struct machine *m = mon->m;
	struct summary u;
	int rc = must_translate(m, e);

	if (!rc && vcpu != ALL_VCPUS && vcpu >= m->vm.n_vcpus) {
		err_set(e, ERR_INVALID_ARG, "there is no vCPU %u, only %u of "
		    "them", vcpu, m->vm.n_vcpus);
		rc = -EINVAL;
	}
	if (!rc)
		rc = collect(m, vcpu, &u, e);
	if (rc)
		return rc;
	ctl_put(a, "engine", "%s", m->vm.engine->name);
	ctl_put(a, "vcpus", "%u", m->vm.n_vcpus);
	ctl_put(a, "profiling", "%d", mon->profiling);
	ctl_put(a, "samples", "%zu", u.n);
	ctl_put(a, "idle", "%u", u.idle);
	put_groups(&u, MIN(top, MAX_TOP), a);
	stats_engines(m, vcpu, put_stat, a);
	free(u.all);
	free(u.group);
	return 0;
}
