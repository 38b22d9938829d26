/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was found in a document: errors and warnings, in one list.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/domain_parse.h"

static const struct {
	const char *name;
	enum err_code code;
} refusals[REFUSE_COUNT] = {
#define X(id, code, name) [REFUSE_##id] = { name, ERR_##code },
	DOMAIN_REFUSALS(X)
#undef X
};

const char *
domain_refusal_name(enum domain_refusal r)
{
	return refusals[r].name;
}

const char *
domain_problem_kind_name(enum domain_problem_kind k)
{
	static const char *const names[] = {
		[PROBLEM_ERROR] = "error", [PROBLEM_UNKNOWN] = "unknown",
		[PROBLEM_IGNORED] = "ignored",
		[PROBLEM_DEFAULTED] = "defaulted",
	};

	return names[k];
}

/* One more problem, NULL when there are too many (or no memory). */
static struct domain_problem *
problem_new(struct domain_def *d, xmlNode *n, const char *fmt, va_list ap)
{
	struct domain_problem *q;

	if (d->n_problems == DOMAIN_MAX_PROBLEMS)
		return NULL;
	/* Grown by powers of two: there usually are few. */
	if (!(d->n_problems & (d->n_problems - 1))) {
		q = reallocarray(d->problems, MAX(2 * d->n_problems, 1),
		    sizeof(*q));
		if (!q)
			return NULL;
		d->problems = q;
	}
	q = &d->problems[d->n_problems++];
	memset(q, 0, sizeof(*q));
	q->line = (int)xmlGetLineNo(n);
	q->times = 1;
	xml_path(n, q->xpath, sizeof(q->xpath));
	vsnprintf(q->reason, sizeof(q->reason), fmt, ap);
	return q;
}

/* An element that is refused need not be said to be ignored, too. */
static bool
refused_already(const struct domain_problem *q, size_t n)
{
	return n > 1 && q[-1].kind == PROBLEM_ERROR && q[-1].line == q->line &&
	    !strcmp(q[-1].xpath, q->xpath);
}

/* The same said again further down only counts. */
static bool
fold(struct domain_def *d, enum domain_problem_kind kind)
{
	const struct domain_problem *q = &d->problems[d->n_problems - 1];
	size_t i;

	for (i = 0; i + 1 < d->n_problems; i++) {
		struct domain_problem *o = &d->problems[i];

		if (o->kind != kind || strcmp(o->xpath, q->xpath) ||
		    strcmp(o->reason, q->reason))
			continue;
		o->times++;
		d->n_problems--;
		return true;
	}
	return false;
}

void
domain_warn(struct domain_parse *p, enum domain_problem_kind kind,
    xmlNode *n, const char *fmt, ...)
{
	struct domain_problem *q;
	va_list ap;

	va_start(ap, fmt);
	q = problem_new(p->d, n, fmt, ap);
	va_end(ap);
	if (!q)
		return;
	if (refused_already(q, p->d->n_problems))
		p->d->n_problems--;
	else if (!fold(p->d, kind))
		q->kind = kind;
}

static int
refuse_v(struct domain_parse *p, const char *rule, int code, xmlNode *n,
    const char *fmt, va_list ap)
{
	struct domain_problem *q;

	p->last = 0;
	if (p->opts->rule_off && !strcmp(p->opts->rule_off, rule))
		return 0;
	q = problem_new(p->d, n, fmt, ap);
	p->d->n_errors++;
	if (!q)
		return -EINVAL;
	p->last = p->d->n_problems;
	q->kind = PROBLEM_ERROR;
	q->code = code;
	snprintf(q->rule, sizeof(q->rule), "%s", rule);
	return p->opts->all ? 0 : -EINVAL;
}

int
domain_refuse(struct domain_parse *p, enum domain_refusal r, xmlNode *n,
    const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = refuse_v(p, refusals[r].name, refusals[r].code, n, fmt, ap);
	va_end(ap);
	return rc;
}

int
domain_refuse_row(struct domain_parse *p, const char *rule, int code,
    xmlNode *n, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = refuse_v(p, rule, code, n, fmt, ap);
	va_end(ap);
	return rc;
}

void
domain_hint(struct domain_parse *p, const char *fmt, ...)
{
	struct domain_problem *q;
	va_list ap;

	if (!p->last)
		return;
	q = &p->d->problems[p->last - 1];
	va_start(ap, fmt);
	vsnprintf(q->hint, sizeof(q->hint), fmt, ap);
	va_end(ap);
}

void
domain_def_first_error(const struct domain_def *d, struct err *e)
{
	size_t i;

	for (i = 0; i < d->n_problems; i++) {
		const struct domain_problem *q = &d->problems[i];

		if (q->kind != PROBLEM_ERROR)
			continue;
		err_set(e, (enum err_code)q->code, "domain XML, line %d: %s",
		    q->line, q->reason);
		if (q->hint[0])
			err_hint(e, "%s", q->hint);
		if (e) {
			e->line = q->line;
			snprintf(e->element, sizeof(e->element), "%.63s",
			    q->xpath);
		}
		return;
	}
	/* Errors were counted, but there was no memory to describe one. */
	err_set_sys(e, ENOMEM, "domain XML");
}
