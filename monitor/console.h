/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host side of a serial port: the last 64 KiB the guest has written, kept
 * for whoever attaches, viewers that read along, a file that gets a copy, and
 * what viewers type.
 *
 * The guest is never blocked: a viewer that does not read loses the oldest
 * bytes, and is told how many.  All calls with the device lock held, but for
 * the set-up.  Host descriptors are touched by the loop thread only, in
 * console_flush() and console_input(), except that a full ring is written to
 * the file at once, for a log must be whole.
 */
#ifndef TRIVISOR_MONITOR_CONSOLE_H
#define TRIVISOR_MONITOR_CONSOLE_H

#include "io/chip/uart.h"
#include "io/dev.h"

#define CONSOLE_RING 65536u
#define CONSOLE_VIEWERS 8
#define CONSOLE_INPUT 256u
/* Bytes are handed on this long after the first of a burst. */
#define CONSOLE_DELAY (NS_PER_SEC / 1000)

struct console_viewer {
	int fd;			/* owned, non-blocking stream socket; -1 free */
	uint64_t at;		/* stream position it has been sent up to */
	uint64_t lost;
	bool eof;		/* it will type no more, but may still read */
};

struct console {
	uint8_t ring[CONSOLE_RING];
	uint64_t written;	/* stream position: bytes ever written */
	struct console_viewer viewer[CONSOLE_VIEWERS];
	int file_fd;		/* borrowed, -1 none */
	uint64_t file_at;
	bool file_bad;		/* a write failed: said once, not tried again */
	uint8_t input[CONSOLE_INPUT];
	unsigned input_used;
	struct timer flush;
	struct timer_queue *tq;	/* borrowed */
	struct uart *uart;	/* borrowed; NULL in tests */
	/* Loop thread: a viewer's descriptor wants (or no longer wants) to be
	 * watched; called by console_flush() and its kin. */
	void (*changed)(void *ctx);
	void *ctx;
};

void console_init(struct console *k, struct timer_queue *tq, int file_fd);
/* Last flush, as far as viewers take it; then everything is closed. */
void console_fini(struct console *k);
/* One byte from the guest. */
void console_put(struct console *k, uint8_t byte);
/* uart_backend callbacks; ctx is the struct console. */
void console_tx(void *ctx, uint8_t byte);
void console_room(void *ctx);
/*
 * Attach a viewer (fd is taken over); it gets the ring's content first.
 * -EBUSY when all places are taken.
 */
MUST_USE int console_attach(struct console *k, int fd);
/* Loop thread: hand on what is new.  True while a viewer lags behind. */
bool console_flush(struct console *k);
/* At the end: wait a while for viewers that lag behind. */
void console_drain(struct console *k, ns_t patience);
/* Loop thread: viewer n's descriptor is readable. */
void console_input(struct console *k, unsigned n);
/* What to watch viewer n's descriptor for. */
bool console_wants_read(const struct console *k, unsigned n);
bool console_wants_write(const struct console *k, unsigned n);
/* Copy what the ring holds, oldest first; the tests' view. */
size_t console_history(const struct console *k, uint8_t *buf, size_t size);

#endif
