/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host side of a serial port.
 *
 *	guest -> ring -> viewers	(viewer.c, by the loop thread)
 *	              -> files		(conlog.c, by the logger's thread)
 *	guest <- input <- the pty, the socket's clients, the writing viewer
 *
 * The guest is never blocked: it writes into the ring, and whoever has not
 * read what the ring goes over skips it and is told how much.  A viewer is a
 * descriptor with a place in the stream:
 *
 *	VIEWER_PTY	our end of a pseudo terminal
 *	VIEWER_LINE	a client of the port's unix socket
 *	VIEWER_CLIENT	one of domain.console
 *
 * The first two are the serial line itself: whoever may open it may always
 * write, and each byte is sent there once, to the readers there are: one that
 * comes gets what nobody has read yet.  Of clients one writes at a time, the
 * others watch; the rest of a client's rules is in viewer.c.
 *
 * All calls with the device lock held, but for the set-up.  Descriptors of
 * viewers are touched by the loop thread only.
 */
#ifndef TRIVISOR_MONITOR_CONSOLE_H
#define TRIVISOR_MONITOR_CONSOLE_H

#include "io/chip/uart.h"
#include "io/dev.h"
#include "monitor/conlog.h"

#define CONSOLE_RING (1u << 20)
#define CONSOLE_VIEWERS 16
/* Of them, clients of the port's socket: they shall not take every place. */
#define CONSOLE_LINES 4
#define CONSOLE_INPUT 1024u
/* Bytes are handed on this long after the first of a burst. */
#define CONSOLE_DELAY (NS_PER_SEC / 1000)
/* What a new viewer is shown of the past unless it says otherwise. */
#define CONSOLE_HISTORY (256u << 10)

enum viewer_kind { VIEWER_NONE, VIEWER_PTY, VIEWER_LINE, VIEWER_CLIENT };

struct console_viewer {
	enum viewer_kind kind;	/* NONE: a free place */
	int fd;			/* owned; a pty's is non-blocking */
	uint64_t at;		/* stream position it has been sent up to */
	uint64_t gap;		/* skipped and not told yet */
	uint64_t order;		/* of its coming */
	bool watches;		/* does not want to write */
	bool eof;		/* it will type no more, but may still read */
	bool mute;		/* it reads no more, but may have typed */
	bool told;		/* that what it types goes nowhere */
	bool mid_line;
	struct conlog *past;	/* borrowed: earlier output, before the ring's */
	uint64_t past_at, past_end;	/* offsets there */
	const char *role;	/* news about who writes, not sent yet */
	char note[CONLOG_NOTE];	/* being sent */
	unsigned note_len, note_sent;
};

/* One of the files: the backend's and the <log>'s. */
struct console_file {
	struct conlog log;	/* the logger's thread's, but for counters */
	uint64_t at;
	/* At the stream position `at' the file ended at this offset of its. */
	uint64_t end;
	uint64_t clean;		/* no note of ours is in it from there on */
	unsigned notes;
};

struct console {
	uint64_t written;	/* stream position: bytes ever written */
	uint64_t line_at;	/* what the line's readers have had */
	uint64_t skipped;	/* by viewers, all together */
	uint64_t refused;	/* typed by viewers that do not write */
	uint64_t arrivals;
	struct console_viewer viewer[CONSOLE_VIEWERS];
	struct console_viewer *writer;	/* NULL: no client writes */
	struct console_file file[2];
	uint8_t input[CONSOLE_INPUT];
	unsigned input_used;
	struct timer flush;
	struct timer_queue *tq;	/* borrowed */
	struct uart *uart;	/* borrowed; NULL in tests */
	/*
	 * Loop thread: viewers' descriptors want (or no longer want) to be
	 * watched; files have something to write.  May be NULL.
	 */
	void (*changed)(void *ctx);
	void (*files)(void *ctx);
	void *ctx, *files_ctx;
	uint8_t ring[CONSOLE_RING];	/* last: no page of it before its use */
};

/* What a viewer wants, and what it gets. */
struct console_view {
	bool watch;		/* never to write */
	bool force;		/* to write at once */
	uint64_t history;	/* bytes of the past, as far as there are */
	bool writer;		/* out: it may write now */
	uint64_t skipped;	/* out: earlier bytes that are not shown */
	uint64_t replayed;	/* out: so many of the past come first */
};

/* --- console.c --- */

void console_init(struct console *k, struct timer_queue *tq);
/* Last flush, as far as viewers take it; then everything is closed. */
void console_fini(struct console *k);
/* A file that gets everything, at most cap bytes of it (0: no limit). */
void console_add_file(struct console *k, int fd, uint64_t cap);
/* One byte from the guest. */
void console_put(struct console *k, uint8_t byte);
/* uart_backend callbacks; ctx is the struct console. */
void console_tx(void *ctx, uint8_t byte);
void console_room(void *ctx);
/* Loop thread: hand on what is new.  True while a viewer lags behind. */
bool console_flush(struct console *k);
/* Give the UART what has been typed before. */
void console_feed(struct console *k);
/* Does a file lag behind? */
bool console_file_pending(const struct console *k, unsigned n);
/*
 * Copy the next bytes for file n into buf; *skipped is how many the ring lost
 * before them.  console_file_had() then says how many of them were written.
 */
size_t console_file_peek(struct console *k, unsigned n, uint8_t *buf,
    size_t size, uint64_t *skipped);
void console_file_had(struct console *k, unsigned n, size_t had);
/*
 * Where the bytes before stream position at are kept: a file and the offset
 * they end at; NULL when no file has them, or not exactly.
 */
struct conlog *console_file_past(struct console *k, uint64_t at,
    uint64_t *end);
/* The contiguous bytes of the ring from position at on. */
size_t console_piece(const struct console *k, uint64_t at, const uint8_t **p);
/* Copy what the ring holds, oldest first; the tests' view. */
size_t console_history(const struct console *k, uint8_t *buf, size_t size);

/* --- viewer.c --- */

/*
 * A viewer more (fd is taken over); v is for clients, otherwise
 * NULL.  -EBUSY when all places are taken; fd is then the caller's still.
 */
MUST_USE int console_attach(struct console *k, enum viewer_kind kind, int fd,
    struct console_view *v);
void viewer_close(struct console *k, struct console_viewer *v);
/* Send what there is for it and fits. */
void viewer_flush(struct console *k, struct console_viewer *v);
/* Loop thread: viewer n's descriptor is readable. */
void console_input(struct console *k, unsigned n);
/* What to watch viewer n's descriptor for. */
bool console_wants_read(const struct console *k, unsigned n);
bool console_wants_write(const struct console *k, unsigned n);
/* At the end: wait a while for viewers that lag behind. */
void console_drain(struct console *k, ns_t patience);

#endif
