/* SPDX-License-Identifier: Apache-2.0 */
/* The console's ring, its files' side of it, and input; see console.h. */
#include "monitor/console.h"

#include <string.h>

static void
flush_timer(void *ctx)
{
	struct console *k = ctx;

	console_flush(k);
	if (k->changed)
		k->changed(k->ctx);
}

void
console_init(struct console *k, struct timer_queue *tq)
{
	memset(k, 0, offsetof(struct console, ring));
	k->tq = tq;
	k->flush.fn = flush_timer;
	k->flush.ctx = k;
	for (unsigned i = 0; i < ARRAY_LEN(k->file); i++)
		k->file[i].log.fd = -1;
}

void
console_fini(struct console *k)
{
	console_flush(k);
	if (k->tq)
		timer_cancel(k->tq, &k->flush);
	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++)
		if (k->viewer[i].kind)
			viewer_close(k, &k->viewer[i]);
}

void
console_add_file(struct console *k, int fd, uint64_t cap)
{
	for (unsigned i = 0; i < ARRAY_LEN(k->file); i++) {
		if (k->file[i].log.fd >= 0)
			continue;
		conlog_init(&k->file[i].log, fd, cap);
		k->file[i].at = k->written;
		k->file[i].end = conlog_end(&k->file[i].log);
		return;
	}
	BUG_ON(true);
}

/* --- output --------------------------------------------------------------- */

size_t
console_piece(const struct console *k, uint64_t at, const uint8_t **p)
{
	size_t off = at % CONSOLE_RING;

	*p = k->ring + off;
	return MIN(k->written - at, CONSOLE_RING - off);
}

void
console_put(struct console *k, uint8_t byte)
{
	k->ring[k->written++ % CONSOLE_RING] = byte;
	if (k->tq && !k->flush.armed)
		timer_set(k->tq, &k->flush,
		    clock_now(k->tq->clock) + CONSOLE_DELAY);
}

void
console_tx(void *ctx, uint8_t byte)
{
	console_put(ctx, byte);
}

bool
console_file_pending(const struct console *k, unsigned n)
{
	return k->file[n].log.fd >= 0 && k->file[n].at < k->written;
}

size_t
console_file_peek(struct console *k, unsigned n, uint8_t *buf, size_t size,
    uint64_t *skipped)
{
	struct console_file *f = &k->file[n];
	const uint8_t *p;

	*skipped = 0;
	if (k->written - f->at > CONSOLE_RING) {
		/* Some room ahead, or it would be gone over again at once. */
		uint64_t to = k->written - CONSOLE_RING / 2;

		*skipped = to - f->at;
		f->at = to;
	}
	size = MIN(size, console_piece(k, f->at, &p));
	memcpy(buf, p, size);
	return size;
}

void
console_file_had(struct console *k, unsigned n, size_t had)
{
	struct console_file *f = &k->file[n];

	f->at += had;
	f->end = conlog_end(&f->log);
	if (f->notes != f->log.notes || f->log.gap)
		f->clean = f->at;
	f->notes = f->log.notes;
}

struct conlog *
console_file_past(struct console *k, uint64_t at, uint64_t *end)
{
	for (unsigned i = ARRAY_LEN(k->file); i-- > 0;) {
		struct console_file *f = &k->file[i];

		if (f->log.fd < 0 || !f->log.regular || at < f->clean ||
		    at > f->at || f->at - at > f->end)
			continue;
		*end = f->end - (f->at - at);
		return &f->log;
	}
	return NULL;
}

bool
console_flush(struct console *k)
{
	bool lags = false;
	bool files = false;

	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++) {
		if (k->viewer[i].kind)
			viewer_flush(k, &k->viewer[i]);
		lags |= console_wants_write(k, i);
	}
	for (unsigned i = 0; i < ARRAY_LEN(k->file); i++)
		files |= console_file_pending(k, i);
	if (files && k->files)
		k->files(k->files_ctx);
	return lags;
}

size_t
console_history(const struct console *k, uint8_t *buf, size_t size)
{
	uint64_t at = k->written - MIN(k->written, MIN(size, CONSOLE_RING));
	size_t done = 0;

	while (at < k->written) {
		const uint8_t *p;
		size_t n = console_piece(k, at, &p);

		memcpy(buf + done, p, n);
		done += n;
		at += n;
	}
	return done;
}

/* --- input ------------------------------------------------------------------ */

void
console_feed(struct console *k)
{
	size_t n;

	if (!k->input_used || !k->uart)
		return;
	n = uart_rx(k->uart, k->input, k->input_used);
	k->input_used -= (unsigned)n;
	memmove(k->input, k->input + n, k->input_used);
}

void
console_room(void *ctx)
{
	struct console *k = ctx;
	bool was_full = k->input_used == CONSOLE_INPUT;

	console_feed(k);
	/* Viewers are watched for input again: the loop thread does that. */
	if (was_full && k->input_used < CONSOLE_INPUT && k->tq &&
	    !k->flush.armed)
		timer_set(k->tq, &k->flush, clock_now(k->tq->clock));
}
