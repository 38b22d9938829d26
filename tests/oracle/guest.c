/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running sequences on an engine, on one vCPU set up straight through the
 * engine contract: long mode, CPL 3, page tables that show the same linear
 * addresses as the native child has, selectors as Linux uses them.  Every IDT
 * gate leads to a HLT of its own in a supervisor page, so run() comes back
 * with the frame that the delivery pushed.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "modes/options.h"
#include "modes/x86/x86.h"
#include "tests/oracle/oracle.h"

/* Guest physical addresses. */
enum {
	G_GDT = 0x8000, G_IDT = 0x9000, G_TSS = 0xa000, G_STACK = 0xb000,
	G_HANDLERS = 0xc000,	/* 256 of 16 bytes */
	G_CODE = 0x20000, G_DATA = 0x30000, G_DATA_SPAN = 0x10000,
	G_TABLES = 0x80000, G_RAM = 0x200000,
};

/*
 * Two address spaces show the same code, at all of its addresses, and each its
 * own data.
 */
#define SPACES 2

#define HIGH UINT64_C(0xffff800000000000)
#define STACK_TOP (HIGH + G_STACK + 4096)
enum { SEL_KCODE = 0x08, SEL_USS = 0x2b, SEL_UCS = 0x33, SEL_TSS = 0x40 };

struct guest {
	struct vm vm;
	struct vcpu *vcpu[1];
	struct cpu_state base;
	unsigned used_start, used_len;	/* of the code pages */
	gpa_t tables;			/* next free page for a table */
	gpa_t root[SPACES];
	unsigned space;			/* the current one */
	bool loaded;
};

/* The periodic timer's view; one guest at a time runs. */
static struct {
	struct vcpu *_Atomic running;
	const struct engine_ops *engine;
	_Atomic unsigned ticks;
} watch;

static void
tick(int sig)
{
	struct vcpu *c = atomic_load(&watch.running);

	(void)sig;
	if (c && atomic_fetch_add(&watch.ticks, 1) >= 3)
		watch.engine->kick(c);
}

/* --- a machine with nothing in it --- */

static uint32_t
no_pio_read(void *ctx, uint16_t port, unsigned size)
{
	return UINT32_MAX;
}

static void
no_pio_write(void *ctx, uint16_t port, unsigned size, uint32_t v)
{
}

static uint64_t
no_mmio_read(void *ctx, gpa_t gpa, unsigned size)
{
	return UINT64_MAX;
}

static void
no_mmio_write(void *ctx, gpa_t gpa, unsigned size, uint64_t v)
{
}

static int
no_irq_take(void *ctx, struct vcpu *c)
{
	return -1;
}

static bool
no_irq(void *ctx, struct vcpu *c)
{
	return false;
}

static int
no_msr_read(void *ctx, struct vcpu *c, uint32_t msr, uint64_t *v)
{
	return -1;
}

static int
no_msr_write(void *ctx, struct vcpu *c, uint32_t msr, uint64_t v)
{
	return -1;
}

static void
no_set_tpr(void *ctx, struct vcpu *c, uint8_t cr8)
{
}

static uint8_t
no_get_tpr(void *ctx, struct vcpu *c)
{
	return 0;
}

static const struct platform bare = {
	.pio_read = no_pio_read, .pio_write = no_pio_write,
	.mmio_read = no_mmio_read, .mmio_write = no_mmio_write,
	.irq_take = no_irq_take, .irq_pending = no_irq,
	.apic_msr_read = no_msr_read, .apic_msr_write = no_msr_write,
	.set_tpr = no_set_tpr, .get_tpr = no_get_tpr,
};

/* --- set-up --- */

/* What the monitor does: tell the engines that code is about to change. */
static void
traced(void *ctx, gpa_t gpa, size_t len, uint8_t trace)
{
	struct vm *vm = ctx;

	if (!(trace & GMEM_TRACE_CODE))
		return;
	vm->engine->code_dirty(vm, gpa, len);
	if (vm->second != vm->engine)
		vm->second->code_dirty(vm, gpa, len);
}

static uint8_t *
phys(struct guest *g, gpa_t gpa)
{
	return (uint8_t *)gmem_ptr(&g->vm.mem, gpa, 1);
}

static void
put64(struct guest *g, gpa_t gpa, uint64_t v)
{
	memcpy(phys(g, gpa), &v, 8);
}

/* The table that an entry leads to, made if need be. */
static gpa_t
table_below(struct guest *g, gpa_t entry)
{
	uint64_t v;

	memcpy(&v, phys(g, entry), 8);
	if (!v) {
		v = g->tables | 7;
		g->tables += 4096;
		put64(g, entry, v);
	}
	return v & ~UINT64_C(0xfff);
}

/* level 1 is a page, 2 a large one. */
static void
map_page(struct guest *g, gpa_t table, uint64_t va, uint64_t pte,
    unsigned level)
{
	for (unsigned l = 4; l > level; l--)
		table = table_below(g, table + 8 * (va >> (9 * l + 3) & 511));
	put64(g, table + 8 * (va >> (9 * level + 3) & 511), pte);
}

static gpa_t
data_at(unsigned space)
{
	return G_DATA + space * (gpa_t)G_DATA_SPAN;
}

static void
build_space(struct guest *g, unsigned space)
{
	static const uint64_t at[] = { 0, TWIN_NEAR, TWIN_FAR };
	const uint64_t nx = BIT(63), global = 0x100;
	gpa_t root = g->root[space] = g->tables;

	g->tables += 4096;
	map_page(g, root, HIGH, 0x83 | global, 2);
	for (unsigned k = 0; k < ARRAY_LEN(at); k++) {
		for (unsigned i = 0; i < CODE_PAGES; i++)
			map_page(g, root, at[k] + CODE_VA + 4096 * i,
			    (G_CODE + 4096 * i) | 5 |
			    (at[k] == TWIN_FAR ? global : 0), 1);
		for (unsigned i = 0; i < DATA_PAGES; i++)
			map_page(g, root, at[k] + DATA_VA +
			    4096 * (uint64_t)data_page[i],
			    (data_at(space) + 4096 * i) | nx |
			    (i == DATA_READONLY ? 5 : 7), 1);
	}
}

static void
build_descriptors(struct guest *g)
{
	uint64_t tss = HIGH + G_TSS;

	put64(g, G_GDT + SEL_KCODE, UINT64_C(0x00af9b000000ffff));
	put64(g, G_GDT + (SEL_USS & ~7), UINT64_C(0x00cff3000000ffff));
	put64(g, G_GDT + (SEL_UCS & ~7), UINT64_C(0x00affb000000ffff));
	put64(g, G_GDT + SEL_TSS, 0x67 | (tss & 0xffffff) << 16 |
	    UINT64_C(0x8b) << 40 | (tss >> 24 & 0xff) << 56);
	put64(g, G_GDT + SEL_TSS + 8, tss >> 32);
	put64(g, G_TSS + 4, STACK_TOP);
	/* No I/O permission map. */
	put64(g, G_TSS + 0x60, UINT64_C(0x68) << 48);
	for (unsigned v = 0; v < 256; v++) {
		uint64_t h = HIGH + G_HANDLERS + 16 * v;
		uint64_t dpl = v == VEC_BP || v == VEC_OF ? 0xee : 0x8e;

		put64(g, G_IDT + 16 * v, (h & 0xffff) | SEL_KCODE << 16 |
		    dpl << 40 | (h >> 16 & 0xffff) << 48);
		put64(g, G_IDT + 16 * v + 8, h >> 32);
		*phys(g, G_HANDLERS + 16 * v) = 0xf4;
	}
}

static struct seg_reg
segment(uint16_t sel, uint16_t attr)
{
	return (struct seg_reg){ .selector = sel, .attr = attr,
		.limit = attr & SEG_UNUSABLE ? 0 : UINT32_MAX };
}

static uint64_t
cr3_of(const struct guest *g, unsigned space)
{
	return g->root[space] |
	    (cpuid_has(g->vm.cpuid, FEAT_PCID) ? space + 1 : 0);
}

static void
build_state(struct guest *g)
{
	struct cpu_state *s = &g->base;
	const struct cpuid_table *t = g->vm.cpuid;

	for (unsigned i = 0; i < SEG_COUNT; i++)
		s->seg[i] = segment(0, SEG_UNUSABLE);
	s->seg[SEG_CS] = segment(SEL_UCS, 0xa0fb);
	s->seg[SEG_SS] = segment(SEL_USS, 0xc0f3);
	s->seg[SEG_TR] = (struct seg_reg){ HIGH + G_TSS, 0x67, SEL_TSS, 0x8b };
	s->gdtr = (struct table_reg){ HIGH + G_GDT, 0xfff };
	s->idtr = (struct table_reg){ HIGH + G_IDT, 0xfff };
	s->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG;
	s->cr3 = cr3_of(g, g->space);
	s->cr4 = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	if (cpuid_has(t, FEAT_PCID))
		s->cr4 |= CR4_PCIDE;
	if (cpuid_has(t, FEAT_XSAVE))
		s->cr4 |= CR4_OSXSAVE;
	if (cpuid_has(t, FEAT_FSGSBASE))
		s->cr4 |= CR4_FSGSBASE;
	s->efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NX;
	s->xcr0 = t->xcr0_mask & t->host_xcr0;
	s->cpl = 3;
	s->rflags = FLAG_FIXED1 | FLAG_IF;
	s->dr[6] = 0xffff0ff0;
	s->dr[7] = 0x400;
	s->pat = UINT64_C(0x0007040600070406);
}

int
guest_start(struct guest **gp, const struct engine_ops *engine,
    const struct cpuid_table *t, const struct engine_options *opt)
{
	struct sigaction sa = {
		.sa_handler = tick, .sa_flags = SA_RESTART | SA_ONSTACK,
	};
	struct itimerval every = { { 0, 300000 }, { 0, 300000 } };
	struct guest *g = calloc(1, sizeof(*g));
	size_t size = (engine->vcpu_size + 4095) & ~4095ul;
	struct vm *vm = &g->vm;
	struct err e = { 0 };

	vm->engine = engine;
	vm->second = &engine_interp;
	vm->plat = &bare;
	vm->clock = &clock_host;
	vm->cpuid = t;
	vm->tsc_khz = 1000000;
	vm->n_vcpus = 1;
	vm->vcpu = g->vcpu;
	vm->opt = opt;
	vm->vcpu[0] = aligned_alloc(4096, size);
	memset(vm->vcpu[0], 0, size);
	vm->vcpu[0]->vm = vm;
	vm->vcpu[0]->attention = 1;
	if (gmem_init(&vm->mem, &e) ||
	    gmem_add(&vm->mem, 0, G_RAM, GMEM_RAM, &e))
		goto bad;
	vm->mem.on_traced = traced;
	vm->mem.traced_ctx = vm;
	g->tables = G_TABLES;
	for (unsigned i = 0; i < SPACES; i++)
		build_space(g, i);
	build_descriptors(g);
	memset(phys(g, G_CODE), 0xcc, CODE_BYTES);
	build_state(g);
	if (vm->second != engine && vm->second->vm_init(vm, &e))
		goto bad;
	if (engine->vm_init(vm, &e))
		goto bad;
	if (vm->second != engine && vm->second->vcpu_init(vm->vcpu[0], &e))
		goto bad;
	if (engine->vcpu_init(vm->vcpu[0], &e))
		goto bad;
	x86_reset(vm->vcpu[0]);
	g->base.apic_base = vm->vcpu[0]->s.apic_base;
	memcpy(g->base.xsave, vm->vcpu[0]->s.xsave, sizeof(g->base.xsave));
	watch.engine = engine;
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	*gp = g;
	return 0;
bad:
	fprintf(stderr, "guest: %s\n", e.msg);
	return -1;
}

void
guest_stop(struct guest *g)
{
	struct itimerval off = { 0 };
	struct vm *vm = &g->vm;

	setitimer(ITIMER_REAL, &off, NULL);
	vm->engine->vcpu_fini(vm->vcpu[0]);
	if (vm->second != vm->engine)
		vm->second->vcpu_fini(vm->vcpu[0]);
	vm->engine->vm_fini(vm);
	if (vm->second != vm->engine)
		vm->second->vm_fini(vm);
	gmem_fini(&vm->mem);
	free(vm->vcpu[0]);
	free(g);
}

static void
print_stat(void *ctx, const char *name, uint64_t value)
{
	fprintf(ctx, "  %-24s %" PRIu64 "\n", name, value);
}

void
guest_stats(struct guest *g, FILE *out)
{
	if (g->vm.engine->stats)
		g->vm.engine->stats(&g->vm, ALL_VCPUS, print_stat, out);
}

/* --- one run --- */

static void
set_code(struct guest *g, const struct seq *q)
{
	static uint8_t blank[SEQ_MAX_BYTES];
	struct gmem *m = &g->vm.mem;
	unsigned done;

	/* Already there: this is another run of the same sequence. */
	if (g->used_start == q->start && g->used_len == q->len &&
	    !memcmp(phys(g, G_CODE + q->start), q->code, q->len))
		return;
	memset(blank, 0xcc, sizeof(blank));
	for (unsigned pass = 0; pass < 2; pass++) {
		unsigned at = pass ? q->start : g->used_start;
		unsigned len = pass ? q->len : g->used_len;

		for (done = 0; done < len;) {
			unsigned n = MIN(len - done, 4096 - (at + done) % 4096);

			if (gmem_write(m, G_CODE + at + done,
			    (pass ? q->code : blank) + done, n))
				abort();
			done += n;
		}
	}
	g->used_start = q->start;
	g->used_len = q->len;
}

static void
set_state(struct guest *g, const struct seq *q, struct cpu_state *s)
{
	memcpy(s->gpr, q->init.gpr, sizeof(s->gpr));
	s->rip = q->init.rip;
	s->rflags = q->init.rflags;
	for (unsigned i = 0; i < SEG_COUNT; i++)
		s->seg[i] = g->base.seg[i];
	s->seg[SEG_FS].base = q->init.fs_base;
	s->seg[SEG_GS].base = q->init.gs_base;
	s->cr2 = 0;
	s->dr[6] = g->base.dr[6];
	s->dr[7] = g->base.dr[7];
	s->cpl = 3;
	s->shadow = 0;
	s->activity = ACT_RUNNING;
	vec_to_xsave(&q->init.v, s->xsave);
}

static void
get_result(struct guest *g, const struct cpu_state *s, struct result *r)
{
	uint64_t at = s->rip - 1 - (HIGH + G_HANDLERS), f[6];
	unsigned vector = (unsigned)(at / 16);
	gpa_t frame = s->gpr[RSP] - HIGH;
	/* SDM 3 6.13: which vectors push an error code. */
	bool error = vector == VEC_DF || (vector >= 10 && vector <= 14) ||
	    vector == VEC_AC;

	memset(r, 0, offsetof(struct result, mem));
	if (at >= 4096 || at % 16 || frame < G_STACK ||
	    frame > G_STACK + 4096 - 40) {
		r->vector = VECTOR_OTHER;
		r->s.rip = s->rip;
		r->cr2 = s->cr2;
		return;
	}
	r->vector = vector;
	memcpy(f, phys(g, frame), 40 + 8 * error);
	r->error = error ? (uint32_t)f[0] : 0;
	r->cr2 = vector == VEC_PF ? s->cr2 : 0;
	memcpy(r->s.gpr, s->gpr, sizeof(r->s.gpr));
	r->s.rip = f[error];
	r->s.rflags = f[2 + error];
	r->s.gpr[RSP] = f[3 + error];
	r->s.fs_base = s->seg[SEG_FS].base;
	r->s.gs_base = s->seg[SEG_GS].base;
	vec_from_xsave(&r->s.v, s->xsave);
}

/* The current space shows the sequence's image, the others something else. */
static void
set_data(struct guest *g, const struct seq *q)
{
	for (unsigned k = 0; k < SPACES; k++) {
		const uint8_t *from = images[k == g->space ? q->image :
		    (q->image + 1) % N_IMAGES];

		for (unsigned i = 0; i < DATA_PAGES; i++)
			if (gmem_write(&g->vm.mem, data_at(k) + 4096 * i,
			    from + 4096 * i, 4096))
				abort();
	}
}

/* As the guest would do it, by MOV CR3. */
static void
switch_space(struct guest *g, unsigned space, bool flush)
{
	struct vcpu *c = g->vm.vcpu[0];
	uint64_t v = cr3_of(g, space);

	if (!flush && cpuid_has(g->vm.cpuid, FEAT_PCID))
		v |= BIT(63);
	c->s.cpl = 0;
	if (x86_mov_to_cr(c, 3, v))
		abort();
	g->space = space;
}

/*
 * The first run of a sequence starts with empty TLBs, often; the second is the
 * same once more; the third, and a first one that starts with what there is,
 * come after a switch of address spaces.
 */
static void
set_up(struct guest *g, const struct seq *q, unsigned run)
{
	struct vcpu *c = g->vm.vcpu[0];
	struct err e = { 0 };
	struct rng r;

	rng_init(&r, q->seed ^ run, q->index);
	set_code(g, q);
	if (!g->loaded || (run == 0 && rng_chance(&r, 30))) {
		g->loaded = true;
		g->space = rng_below(&r, SPACES);
		build_state(g);
		set_state(g, q, &g->base);
		if (g->vm.engine->load(c, &g->base, &e))
			abort();
		x86_tlb_flush(c, TLB_FLUSH_ALL, 0);
	} else {
		if (run != 1)
			switch_space(g, run ? !g->space :
			    rng_below(&r, SPACES), rng_chance(&r, 50));
		set_state(g, q, &c->s);
		x86_sync(c);
	}
	set_data(g, q);
}

static void
run(struct guest *g, struct vcpu_exit *x)
{
	const struct engine_ops *engine = g->vm.engine;
	struct vcpu *c = g->vm.vcpu[0];

	atomic_store(&watch.ticks, 0);
	atomic_store(&watch.running, c);
	storm_begin(c);
	engine->run(c, x);
	storm_end();
	atomic_store(&watch.running, NULL);
	engine->save(c, &g->base);
}

void
guest_run_alias(struct guest *g, const struct seq *q)
{
	struct vcpu *c = g->vm.vcpu[0];
	struct vcpu_exit x = { 0 };

	set_up(g, q, 0);
	c->s.rip += q->va == CODE_VA ? TWIN_NEAR : CODE_VA - q->va;
	run(g, &x);
	build_state(g);
}

void
guest_run(struct guest *g, const struct seq *q, unsigned nth, struct result *r)
{
	struct vcpu_exit x = { 0 };

	set_up(g, q, nth);
	run(g, &x);
	if (x.reason == EXIT_HALT) {
		get_result(g, &g->base, r);
	} else {
		memset(r, 0, sizeof(*r));
		r->vector = x.reason == EXIT_KICKED ? VECTOR_TIMEOUT :
		    VECTOR_OTHER;
		r->error = x.reason;
		r->s.rip = g->base.rip;
		if (x.reason == EXIT_ERROR)
			fprintf(stderr, "engine: %s\n", x.err.msg);
	}
	memcpy(r->mem, phys(g, data_at(g->space)), DATA_BYTES);
	/* Whatever segments the handlers run with is not the next state's. */
	build_state(g);
}

struct wanted {
	const char *name;
	uint64_t value;
};

static void
take_counter(void *ctx, const char *name, uint64_t value)
{
	struct wanted *w = ctx;

	if (!strcmp(name, w->name))
		w->value = value;
}

uint64_t
guest_counter(struct guest *g, const char *name)
{
	struct wanted w = { .name = name };

	g->vm.engine->stats(&g->vm, ALL_VCPUS, take_counter, &w);
	return w.value;
}
