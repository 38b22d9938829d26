/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters: of the vCPUs, of the board, of the engines, for CTL_STATS and for
 * the report at the end.
 */
#include <inttypes.h>
#include <stdio.h>

#include "monitor/monitor.h"
#include "monitor/vcpu.h"

void
stats_engines(struct machine *m, unsigned vcpu, engine_stat_fn *emit,
    void *ctx)
{
	const struct engine_ops *first = m->vm.engine;
	const struct engine_ops *second = m->vm.second;
	uint64_t ns = 0;

	for (unsigned i = 0; i < m->vm.n_vcpus; i++)
		if (vcpu == ALL_VCPUS || vcpu == i)
			ns += cpu_time(&m->cpu[i]);
	emit(ctx, "cpu_ns", ns);
	if (first->stats)
		first->stats(&m->vm, vcpu, emit, ctx);
	if (second != first && second->stats)
		second->stats(&m->vm, vcpu, emit, ctx);
}

static void
put_stat(void *ctx, const char *name, uint64_t value)
{
	ctl_put(ctx, name, "%" PRIu64, value);
}

static void
put_cpu(struct machine *m, unsigned id, struct ctl_msg *a)
{
	const struct cpu *p = &m->cpu[id];
	const struct {
		const char *name;
		uint64_t value;
	} t[] = {
		{ "exits", atomic_load(&p->exits) },
		{ "halts", atomic_load(&p->halts) },
		{ "interrupts", atomic_load(&p->interrupts) },
		{ "time_ns", cpu_time(p) },
	};
	char name[32];

	for (unsigned k = 0; k < ARRAY_LEN(t); k++) {
		snprintf(name, sizeof(name), "vcpu%u.%s", id, t[k].name);
		put_stat(a, name, t[k].value);
	}
}

/* What became of a serial port's bytes. */
static void
put_serial(const struct console *k, unsigned n, struct ctl_msg *a)
{
	uint64_t viewers = 0;
	uint64_t lost = 0;
	uint64_t cut = 0;
	char name[32];

	for (unsigned i = 0; i < CONSOLE_VIEWERS; i++)
		viewers += k->viewer[i].kind == VIEWER_CLIENT;
	for (unsigned i = 0; i < ARRAY_LEN(k->file); i++) {
		lost += atomic_load(&k->file[i].log.dropped);
		cut += atomic_load(&k->file[i].log.cut);
	}
	const struct {
		const char *name;
		uint64_t value;
	} t[] = {
		{ "bytes", k->written }, { "viewers", viewers },
		{ "skipped", k->skipped }, { "refused", k->refused },
		{ "file_lost", lost }, { "file_cut", cut },
	};

	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		snprintf(name, sizeof(name), "serial%u.%s", n, t[i].name);
		put_stat(a, name, t[i].value);
	}
}

static void
put_board(struct machine *m, struct ctl_msg *a)
{
	pthread_mutex_lock(&m->lock);
	put_stat(a, "bus.pio_unclaimed", m->pio.unclaimed);
	put_stat(a, "bus.mmio_unclaimed", m->mmio.unclaimed);
	for (unsigned i = 0; i < m->cfg.n_serials; i++)
		put_serial(&m->console[i], i, a);
	pthread_mutex_unlock(&m->lock);
}

void
stats_put(struct machine *m, struct ctl_msg *a)
{
	put_stat(a, "uptime_ns", (uint64_t)clock_now(&m->clock.c));
	put_stat(a, "first_run_ns", (uint64_t)atomic_load(&m->first_run));
	for (unsigned i = 0; i < m->vm.n_vcpus; i++)
		put_cpu(m, i, a);
	put_board(m, a);
	stats_engines(m, ALL_VCPUS, put_stat, a);
}
