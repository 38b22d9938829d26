/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timer queue: a list sorted by deadline.  A machine has a dozen timers,
 * most of them off, so nothing cleverer pays.
 */
#include "io/dev.h"

void
timer_queue_init(struct timer_queue *q, const struct clock *clock,
    void (*rearm)(void *ctx), void *ctx)
{
	q->head = NULL;
	q->clock = clock;
	q->rearm = rearm;
	q->ctx = ctx;
	q->running = false;
}

ns_t
timer_next(const struct timer_queue *q)
{
	return q->head ? q->head->deadline : INT64_MAX;
}

static void
unlink_timer(struct timer_queue *q, struct timer *t)
{
	struct timer **link = &q->head;

	while (*link != t)
		link = &(*link)->next;
	*link = t->next;
	t->next = NULL;
	t->armed = false;
}

static void
tell(struct timer_queue *q, ns_t before)
{
	if (q->rearm && !q->running && timer_next(q) != before)
		q->rearm(q->ctx);
}

void
timer_set(struct timer_queue *q, struct timer *t, ns_t deadline)
{
	ns_t before = timer_next(q);
	struct timer **link = &q->head;

	if (t->armed)
		unlink_timer(q, t);
	while (*link && (*link)->deadline <= deadline)
		link = &(*link)->next;
	t->deadline = deadline;
	t->armed = true;
	t->next = *link;
	*link = t;
	tell(q, before);
}

void
timer_cancel(struct timer_queue *q, struct timer *t)
{
	ns_t before = timer_next(q);

	if (!t->armed)
		return;
	unlink_timer(q, t);
	tell(q, before);
}

/*
 * A timer's function may set it again; devices choose moments after the
 * present, so that the loop ends.
 */
void
timer_run(struct timer_queue *q)
{
	ns_t now = clock_now(q->clock);
	struct timer *t;

	q->running = true;
	while ((t = q->head) != NULL && t->deadline <= now) {
		q->head = t->next;
		t->next = NULL;
		t->armed = false;
		t->fn(t->ctx);
	}
	q->running = false;
	/* The owner's own timer has expired: set it for what is left. */
	if (q->rearm)
		q->rearm(q->ctx);
}
