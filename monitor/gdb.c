/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The debugger's stub: one GDB at a time on the listening socket that the
 * configuration brought.  Attaching stops the VM; guest time stands still
 * while it is stopped.  vCPU n is thread n + 1.
 */
#include "monitor/gdb.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "modes/x86/x86.h"
#include "monitor/vcpu.h"

#define SIGTRAP_GDB 5
#define SIGINT_GDB 2

struct gdb {
	struct monitor *mon;
	int fd;				/* owned connection, -1 none */
	ev_io listen_io, io;
	char in[2 * GDB_PACKET + 16];
	size_t in_used;
	bool no_ack;
	bool stopped;			/* GDB believes the VM stands still */
	unsigned thread;		/* vCPU that g, m, s and the like mean */
	int signal;			/* why it stopped last */
};

/* --- the connection --------------------------------------------------------------- */

/* The user may have suspended the VM, too: then it stays so. */
static void
let_go(struct gdb *g)
{
	struct machine *m = g->mon->m;

	g->stopped = false;
	if (g->mon->state != RUN_PAUSED)
		machine_clock_go(m);
	machine_release(m, HOLD_DEBUG);
}

static void
disconnect(struct gdb *g)
{
	struct machine *m = g->mon->m;

	if (g->fd < 0)
		return;
	ev_io_stop(g->mon->loop, &g->io);
	close(g->fd);
	g->fd = -1;
	/* The VM goes on as if there had been no debugger. */
	machine_hold(m, HOLD_DEBUG);
	machine_wait_parked(m);
	m->n_breakpoints = 0;
	for (unsigned i = 0; i < m->vm.n_vcpus; i++)
		m->cpu[i].step_once = false;
	let_go(g);
}

static void
send_bytes(struct gdb *g, const char *p, size_t n)
{
	while (n && g->fd >= 0) {
		ssize_t done = send(g->fd, p, n, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			/* A debugger that does not read is no debugger. */
			disconnect(g);
			return;
		}
		p += done;
		n -= (size_t)done;
	}
}

static void
send_packet(struct gdb *g, const struct gdb_out *o)
{
	uint8_t sum = 0;
	char end[4];

	for (size_t i = 0; i < o->used; i++)
		sum = (uint8_t)(sum + (uint8_t)o->text[i]);
	snprintf(end, sizeof(end), "#%02x", sum);
	send_bytes(g, "$", 1);
	send_bytes(g, o->text, o->used);
	send_bytes(g, end, 3);
}

/* --- stopping and going on ------------------------------------------------------------ */

static struct vcpu *
vcpu_of(struct gdb *g)
{
	return g->mon->m->vm.vcpu[g->thread];
}

static void
stop_reply(struct gdb *g, struct gdb_out *o)
{
	gdb_put(o, "T%02xthread:%x;", g->signal, g->thread + 1);
}

static void
stop(struct gdb *g, int sig)
{
	struct machine *m = g->mon->m;

	machine_hold(m, HOLD_DEBUG);
	machine_wait_parked(m);
	machine_clock_stop(m);
	g->stopped = true;
	g->signal = sig;
}

/* No reply now: the stop reply comes when it stops. */
static void
resume(struct gdb *g, bool step)
{
	struct machine *m = g->mon->m;

	m->cpu[g->thread].step_once = step;
	let_go(g);
}

void
gdb_stopped(struct monitor *mon, uint32_t vcpus)
{
	struct gdb *g = mon->gdb;
	struct gdb_out o = { .used = 0 };

	if (!g || g->fd < 0) {
		machine_release(mon->m, HOLD_DEBUG);
		return;
	}
	if (g->stopped)
		return;
	if (vcpus)
		g->thread = (unsigned)__builtin_ctz(vcpus);
	stop(g, SIGTRAP_GDB);
	stop_reply(g, &o);
	send_packet(g, &o);
}

/* --- packets ----------------------------------------------------------------------------- */

typedef void packet_fn(struct gdb *g, const char *p, struct gdb_out *o);

static void
on_query_stop(struct gdb *g, const char *p, struct gdb_out *o)
{
	stop_reply(g, o);
}

static void
on_regs(struct gdb *g, const char *p, struct gdb_out *o)
{
	gdb_put_regs(o, &vcpu_of(g)->s);
}

/* A changed state becomes the engine's through its front door. */
static void
load_state(struct gdb *g, const struct cpu_state *s, bool ok,
    struct gdb_out *o)
{
	const struct engine_ops *e = g->mon->m->vm.engine;

	if (ok && e->load(vcpu_of(g), s, NULL) == 0)
		gdb_put(o, "OK");
	else
		gdb_put(o, "E16");
}

static void
on_set_regs(struct gdb *g, const char *p, struct gdb_out *o)
{
	struct cpu_state s;

	g->mon->m->vm.engine->save(vcpu_of(g), &s);
	load_state(g, &s, gdb_get_regs(p, &s), o);
}

static void
on_reg(struct gdb *g, const char *p, struct gdb_out *o)
{
	uint64_t n;

	if (!gdb_get_u64(&p, &n) || n > 255 ||
	    !gdb_put_reg(o, &vcpu_of(g)->s, (unsigned)n))
		gdb_put(o, "E16");
}

static void
on_set_reg(struct gdb *g, const char *p, struct gdb_out *o)
{
	struct cpu_state s;
	uint64_t n;
	bool ok = gdb_get_u64(&p, &n) && *p == '=' && n <= 255;

	g->mon->m->vm.engine->save(vcpu_of(g), &s);
	load_state(g, &s, ok && gdb_get_reg(p + 1, &s, (unsigned)n), o);
}

/* "ADDR,LEN" and what follows. */
static bool
get_range(const char **p, uint64_t *addr, uint64_t *len)
{
	return gdb_get_u64(p, addr) && *(*p)++ == ',' && gdb_get_u64(p, len);
}

static void
on_read(struct gdb *g, const char *p, struct gdb_out *o)
{
	uint8_t buf[GDB_PACKET];
	uint64_t addr;
	uint64_t len;
	size_t n;

	if (!get_range(&p, &addr, &len)) {
		gdb_put(o, "E16");
		return;
	}
	n = gdb_read(vcpu_of(g), addr, buf, MIN(len, sizeof(buf)));
	if (n || !len)
		gdb_put_hex(o, buf, n);
	else
		gdb_put(o, "E0e");
}

static void
on_write(struct gdb *g, const char *p, struct gdb_out *o)
{
	uint8_t buf[GDB_PACKET];
	uint64_t addr;
	uint64_t len;

	if (get_range(&p, &addr, &len) && len <= sizeof(buf) && *p == ':' &&
	    (p++, gdb_get_hex(&p, buf, len)) &&
	    gdb_write(vcpu_of(g), addr, buf, len))
		gdb_put(o, "OK");
	else
		gdb_put(o, "E0e");
}

static void
on_continue(struct gdb *g, const char *p, struct gdb_out *o)
{
	resume(g, false);
}

static void
on_step(struct gdb *g, const char *p, struct gdb_out *o)
{
	resume(g, true);
}

/* Threads are named n + 1; 0 and -1 mean any. */
static void
on_thread(struct gdb *g, const char *p, struct gdb_out *o)
{
	uint64_t n = 0;

	if (*p)
		p++;
	if (*p != '-' && gdb_get_u64(&p, &n) && n > g->mon->m->vm.n_vcpus) {
		gdb_put(o, "E16");
		return;
	}
	if (n)
		g->thread = (unsigned)n - 1;
	gdb_put(o, "OK");
}

static void
on_alive(struct gdb *g, const char *p, struct gdb_out *o)
{
	uint64_t n;

	gdb_put(o, gdb_get_u64(&p, &n) && n &&
	    n <= g->mon->m->vm.n_vcpus ? "OK" : "E16");
}

static int
find_breakpoint(const struct machine *m, gva_t va)
{
	for (unsigned i = 0; i < m->n_breakpoints; i++)
		if (m->breakpoint[i] == va)
			return (int)i;
	return -1;
}

/* Z0 and Z1 are the same to us; watchpoints we do not have. */
static void
on_insert(struct gdb *g, const char *p, struct gdb_out *o)
{
	struct machine *m = g->mon->m;
	char type = *p++;
	uint64_t va;

	if (type != '0' && type != '1')
		return;
	if (*p++ != ',' || !gdb_get_u64(&p, &va)) {
		gdb_put(o, "E16");
		return;
	}
	if (find_breakpoint(m, va) < 0) {
		if (m->n_breakpoints == MAX_BREAKPOINTS) {
			gdb_put(o, "E1c");
			return;
		}
		m->breakpoint[m->n_breakpoints++] = va;
	}
	gdb_put(o, "OK");
}

static void
on_remove(struct gdb *g, const char *p, struct gdb_out *o)
{
	struct machine *m = g->mon->m;
	char type = *p++;
	uint64_t va;
	int i;

	if (type != '0' && type != '1')
		return;
	if (*p++ == ',' && gdb_get_u64(&p, &va) &&
	    (i = find_breakpoint(m, va)) >= 0)
		m->breakpoint[i] = m->breakpoint[--m->n_breakpoints];
	gdb_put(o, "OK");
}

static void
on_detach(struct gdb *g, const char *p, struct gdb_out *o)
{
	gdb_put(o, "OK");
	send_packet(g, o);
	o->used = 0;
	disconnect(g);
}

static void
on_kill(struct gdb *g, const char *p, struct gdb_out *o)
{
	struct monitor *mon = g->mon;

	disconnect(g);
	lifecycle_end(mon, RUN_SHUTOFF, "destroyed", "killed by the debugger");
}

/* --- queries ---------------------------------------------------------------------------- */

static void
q_supported(struct gdb *g, const char *p, struct gdb_out *o)
{
	gdb_put(o, "PacketSize=%x;qXfer:features:read+;QStartNoAckMode+",
	    GDB_PACKET);
}

static void
q_no_ack(struct gdb *g, const char *p, struct gdb_out *o)
{
	gdb_put(o, "OK");
	g->no_ack = true;
}

static void
q_features(struct gdb *g, const char *p, struct gdb_out *o)
{
	uint64_t off;
	uint64_t len;

	if (get_range(&p, &off, &len))
		gdb_describe(o, gdb_is_64(&vcpu_of(g)->s), off, len);
	else
		gdb_put(o, "E00");
}

static void
q_first_threads(struct gdb *g, const char *p, struct gdb_out *o)
{
	for (unsigned i = 0; i < g->mon->m->vm.n_vcpus; i++)
		gdb_put(o, "%c%x", i ? ',' : 'm', i + 1);
}

static void
q_more_threads(struct gdb *g, const char *p, struct gdb_out *o)
{
	gdb_put(o, "l");
}

static void
q_current(struct gdb *g, const char *p, struct gdb_out *o)
{
	gdb_put(o, "QC%x", g->thread + 1);
}

static void
q_attached(struct gdb *g, const char *p, struct gdb_out *o)
{
	gdb_put(o, "1");
}

static const struct {
	const char *start;
	packet_fn *fn;
} queries[] = {
	{ "qSupported", q_supported }, { "QStartNoAckMode", q_no_ack },
	{ "qXfer:features:read:target.xml:", q_features },
	{ "qfThreadInfo", q_first_threads },
	{ "qsThreadInfo", q_more_threads }, { "qC", q_current },
	{ "qAttached", q_attached },
};

static void
on_query(struct gdb *g, const char *p, struct gdb_out *o)
{
	/* p is behind the first letter. */
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		size_t n = strlen(queries[i].start);

		if (!strncmp(p - 1, queries[i].start, n)) {
			queries[i].fn(g, p - 1 + n, o);
			return;
		}
	}
}

static const struct {
	char letter;
	bool answers;		/* c and s are answered by the stop */
	packet_fn *fn;
} packets[] = {
	{ '?', true, on_query_stop }, { 'g', true, on_regs },
	{ 'G', true, on_set_regs }, { 'p', true, on_reg },
	{ 'P', true, on_set_reg }, { 'm', true, on_read },
	{ 'M', true, on_write }, { 'c', false, on_continue },
	{ 's', false, on_step }, { 'H', true, on_thread },
	{ 'T', true, on_alive }, { 'Z', true, on_insert },
	{ 'z', true, on_remove }, { 'q', true, on_query },
	{ 'Q', true, on_query }, { 'D', false, on_detach },
	{ 'k', false, on_kill },
};

/* Anything not in the table gets the empty reply: not supported. */
static void
dispatch(struct gdb *g, const char *p)
{
	struct gdb_out o = { .used = 0 };

	o.text[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(packets); i++)
		if (packets[i].letter == *p) {
			packets[i].fn(g, p + 1, &o);
			if (packets[i].answers)
				send_packet(g, &o);
			return;
		}
	send_packet(g, &o);
}

/* --- input ------------------------------------------------------------------------------ */

static bool
checksum_ok(const char *p, size_t n, const char *sum)
{
	uint8_t want;
	uint8_t got = 0;

	for (size_t i = 0; i < n; i++)
		got = (uint8_t)(got + (uint8_t)p[i]);
	return gdb_get_hex(&sum, &want, 1) && want == got;
}

static void
on_break(struct gdb *g)
{
	struct gdb_out o = { .used = 0 };

	stop(g, SIGINT_GDB);
	stop_reply(g, &o);
	send_packet(g, &o);
}

/* Take one packet or byte from the front; how many bytes, 0 for "more". */
static size_t
take_one(struct gdb *g)
{
	const char *start = g->in;
	char *hash;

	if (*start == 3) {
		on_break(g);
		return 1;
	}
	if (*start != '$')
		return 1;		/* acknowledgements, noise */
	hash = memchr(g->in, '#', g->in_used);
	if (!hash || (size_t)(hash - g->in) + 3 > g->in_used)
		return 0;
	if (!checksum_ok(start + 1, (size_t)(hash - start) - 1, hash + 1)) {
		send_bytes(g, "-", 1);
		return (size_t)(hash - start) + 3;
	}
	if (!g->no_ack)
		send_bytes(g, "+", 1);
	*hash = '\0';
	/* Only the break byte means something to a running VM. */
	if (g->stopped && g->fd >= 0)
		dispatch(g, start + 1);
	return (size_t)(hash - start) + 3;
}

static void
on_input(struct ev_loop *loop, ev_io *w, int revents)
{
	struct gdb *g = w->data;
	ssize_t n = recv(g->fd, g->in + g->in_used,
	    sizeof(g->in) - 1 - g->in_used, MSG_DONTWAIT);
	size_t done;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		disconnect(g);
		return;
	}
	g->in_used += (size_t)n;
	while (g->fd >= 0 && g->in_used && (done = take_one(g))) {
		g->in_used -= done;
		memmove(g->in, g->in + done, g->in_used);
	}
	if (g->fd >= 0 && g->in_used == sizeof(g->in) - 1)
		disconnect(g);		/* no packet is that long */
}

static void
on_connect(struct ev_loop *loop, ev_io *w, int revents)
{
	struct gdb *g = w->data;
	struct timeval patience = { .tv_sec = 2 };
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (g->fd >= 0) {
		close(fd);
		return;
	}
	/* Replies are small; a peer that takes none for so long has hung. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	g->fd = fd;
	g->in_used = 0;
	g->no_ack = false;
	g->thread = 0;
	ev_io_init(&g->io, on_input, fd, EV_READ);
	g->io.data = g;
	ev_io_start(loop, &g->io);
	stop(g, SIGTRAP_GDB);
}

int
gdb_start(struct monitor *mon, struct err *e)
{
	int fd = mon->m->cfg.gdb_fd;
	struct gdb *g;

	if (fd < 0)
		return 0;
	g = calloc(1, sizeof(*g));
	if (!g)
		return err_set_sys(e, ENOMEM, "gdb");
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	g->mon = mon;
	g->fd = -1;
	ev_io_init(&g->listen_io, on_connect, fd, EV_READ);
	g->listen_io.data = g;
	ev_io_start(mon->loop, &g->listen_io);
	mon->gdb = g;
	return 0;
}

void
gdb_stop(struct monitor *mon)
{
	struct gdb *g = mon->gdb;

	if (!g)
		return;
	if (g->fd >= 0) {
		struct gdb_out o = { .used = 0 };

		gdb_put(&o, "W00");
		send_packet(g, &o);
		disconnect(g);
	}
	ev_io_stop(mon->loop, &g->listen_io);
	free(g);
	mon->gdb = NULL;
}
