/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --perf-map: /tmp/perf-PID.map, in which perf looks up addresses it finds no
 * file for.  A line per piece of code: start and size in hexadecimal, a name.
 *
 *	7f1c2a000040 1f8 bt:ffffffff81000120
 *
 * A translation's name is its guest address, a stub's its own.  The file is
 * only ever added to, and stays when the VM ends, for perf reads it later.  An
 * address that was used again after the cache was emptied is there twice.
 *
 * Lines are made by hand and written at once: they come from vCPU threads, whose
 * vector registers are the guest's.
 */
#include "modes/bt/bt.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINE_MAX_LEN 96

struct line {
	char text[LINE_MAX_LEN];
	size_t n;
};

static void
add_text(struct line *l, const char *s)
{
	while (*s && l->n < LINE_MAX_LEN)
		l->text[l->n++] = *s++;
}

static void
add_hex(struct line *l, uint64_t v)
{
	unsigned shift = 60;

	while (shift && !(v >> shift))
		shift -= 4;
	for (; l->n < LINE_MAX_LEN; shift -= 4) {
		l->text[l->n++] = "0123456789abcdef"[v >> shift & 15];
		if (!shift)
			return;
	}
}

static void
begin(struct line *l, const uint8_t *start, size_t size)
{
	l->n = 0;
	add_hex(l, (uint64_t)(uintptr_t)start);
	add_text(l, " ");
	add_hex(l, size);
	add_text(l, " bt:");
}

/* A file that cannot be written any more is left as it is. */
static void
end(struct bt_vm *t, struct line *l)
{
	add_text(l, "\n");
	if (syscall(SYS_write, t->perf_fd, l->text, l->n) == (long)l->n)
		return;
	bt_perfmap_close(t);
}

void
bt_perfmap_tu(struct bt_vm *t, const struct tu *u)
{
	struct line l;

	if (likely(t->perf_fd < 0))
		return;
	begin(&l, u->start, u->code_len);
	add_hex(&l, u->rip);
	end(t, &l);
}

void
bt_perfmap_code(struct bt_vm *t, const uint8_t *start, size_t size,
    const char *name)
{
	struct line l;

	if (likely(t->perf_fd < 0))
		return;
	begin(&l, start, size);
	add_text(&l, name);
	end(t, &l);
}

static void
add_stubs(struct bt_vm *t)
{
	const uint8_t *at = t->rx, *end_of_all = t->rx + t->stubs_end;

	while (at < end_of_all) {
		const char *name = bt_stub_at(t, at);
		const uint8_t *next = at + 1;

		while (next < end_of_all && bt_stub_at(t, next) == name)
			next++;
		bt_perfmap_code(t, at, (size_t)(next - at),
		    name ? name : "stub");
		at = next;
	}
}

int
bt_perfmap_open(struct bt_vm *t, int fd, struct err *e)
{
	int rc;

	t->perf_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (t->perf_fd < 0) {
		rc = err_set_sys(e, errno, "perf_map");
		err_hint(e, "start without it");
		return rc;
	}
	add_stubs(t);
	return 0;
}

void
bt_perfmap_close(struct bt_vm *t)
{
	if (t->perf_fd >= 0)
		close(t->perf_fd);
	t->perf_fd = -1;
}
