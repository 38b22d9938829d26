/* SPDX-License-Identifier: Apache-2.0 */
/* See rig.h. */
#include "tests/smp/rig.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "modes/cpuid.h"
#include "modes/x86/x86.h"

enum {
	PML4 = 0x1000, PDPT = 0x2000, PD = 0x3000, PD_LARGE = 0x4000,
	GDT = 0x8000, IDT = 0x9000, TSS = 0xa000, WRONG = 0xb000,
	STACKS = 0x20000, RAM = 16 << 20, LARGE_AT = 8 << 20,
};
enum { SEL_CODE = 0x08, SEL_DATA = 0x10, SEL_TSS = 0x18 };

/* --- the machine around it -------------------------------------------------- */

static uint32_t
pio_read(void *ctx, uint16_t port, unsigned size)
{
	return UINT32_MAX;
}

static void
pio_write(void *ctx, uint16_t port, unsigned size, uint32_t v)
{
}

static uint64_t
mmio_read(void *ctx, gpa_t gpa, unsigned size)
{
	return UINT64_MAX;
}

static void
mmio_write(void *ctx, gpa_t gpa, unsigned size, uint64_t v)
{
}

static int
irq_take(void *ctx, struct vcpu *c)
{
	struct rig *r = ctx;

	return atomic_exchange(&r->cpu[c->id].irq, false) ? (int)RIG_IRQ : -1;
}

static bool
irq_pending(void *ctx, struct vcpu *c)
{
	struct rig *r = ctx;

	return atomic_load(&r->cpu[c->id].irq);
}

static int
msr_read(void *ctx, struct vcpu *c, uint32_t msr, uint64_t *v)
{
	return -1;
}

static int
msr_write(void *ctx, struct vcpu *c, uint32_t msr, uint64_t v)
{
	return -1;
}

static void
set_tpr(void *ctx, struct vcpu *c, uint8_t cr8)
{
}

static uint8_t
get_tpr(void *ctx, struct vcpu *c)
{
	return 0;
}

static const struct platform platform = {
	.pio_read = pio_read, .pio_write = pio_write,
	.mmio_read = mmio_read, .mmio_write = mmio_write,
	.irq_take = irq_take, .irq_pending = irq_pending,
	.apic_msr_read = msr_read, .apic_msr_write = msr_write,
	.set_tpr = set_tpr, .get_tpr = get_tpr,
};

/* What the monitor does: tell the engines that code is about to change. */
static void
traced(void *ctx, gpa_t gpa, size_t len, uint8_t trace)
{
	struct vm *vm = ctx;

	if (trace & GMEM_TRACE_CODE)
		vm->engine->code_dirty(vm, gpa, len);
}

/* --- memory ------------------------------------------------------------------- */

void *
rig_at(struct rig *r, gpa_t gpa)
{
	return gmem_ptr(&r->vm.mem, gpa, 1);
}

static void
put64(struct rig *r, gpa_t gpa, uint64_t v)
{
	memcpy(rig_at(r, gpa), &v, 8);
}

void
rig_gate(struct rig *r, unsigned vector, uint64_t handler, unsigned ist)
{
	put64(r, IDT + 16 * vector, (handler & 0xffff) | SEL_CODE << 16 |
	    (uint64_t)ist << 32 | UINT64_C(0x8e) << 40 |
	    (handler >> 16 & 0xffff) << 48);
	put64(r, IDT + 16 * vector + 8, handler >> 32);
}

static void
build_memory(struct rig *r)
{
	put64(r, PML4, PDPT | 3);
	put64(r, PDPT, PD | 3);
	for (unsigned i = 0; i < RAM >> 21; i++)
		put64(r, PD + 8 * i, (uint64_t)i << 21 | 0x83);
	for (unsigned i = 0; i < 12; i++)
		put64(r, PDPT + 8 * (4 + i), PD_LARGE | 3);
	for (unsigned i = 0; i < 512; i++)
		put64(r, PD_LARGE + 8 * i, LARGE_AT | 0x83);
	put64(r, GDT + SEL_CODE, UINT64_C(0x00af9b000000ffff));
	put64(r, GDT + SEL_DATA, UINT64_C(0x00cf93000000ffff));
	put64(r, GDT + SEL_TSS, 0x67 | (uint64_t)TSS << 16 |
	    UINT64_C(0x8b) << 40);
	put64(r, TSS + 36, RIG_IST);
	/* An exception that nobody expects ends at a HLT for ever. */
	memcpy(rig_at(r, WRONG), "\xfa\xf4\xeb\xfc", 4);
	for (unsigned v = 0; v < 256; v++)
		rig_gate(r, v, WRONG, 0);
}

static struct seg_reg
segment(uint16_t sel, uint16_t attr)
{
	return (struct seg_reg){ .selector = sel, .attr = attr,
	    .limit = UINT32_MAX };
}

static void
build_state(struct rig *r, unsigned id, uint64_t rip, struct cpu_state *s)
{
	*s = r->vcpu[id]->s;
	for (unsigned i = 0; i < SEG_COUNT; i++)
		s->seg[i] = segment(SEL_DATA, 0xc093);
	s->seg[SEG_CS] = segment(SEL_CODE, 0xa09b);
	s->seg[SEG_LDTR] = (struct seg_reg){ .attr = SEG_UNUSABLE };
	s->seg[SEG_TR] = (struct seg_reg){ TSS, 0x67, SEL_TSS, 0x8b };
	s->gdtr = (struct table_reg){ GDT, 0xfff };
	s->idtr = (struct table_reg){ IDT, 0xfff };
	s->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	s->cr3 = PML4;
	s->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	s->efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NX;
	s->cpl = 0;
	s->rflags = FLAG_FIXED1;
	s->rip = rip;
	s->gpr[RSP] = STACKS + 0x4000 * (id + 1) - 64;
	s->gpr[RDI] = id;
	s->activity = ACT_RUNNING;
	s->shadow = 0;
}

/* --- life --------------------------------------------------------------------- */

static _Noreturn void
die(const char *what, const struct err *e)
{
	fprintf(stderr, "rig: %s: %s\n", what, e->msg);
	exit(99);
}

static void
init_cpu(struct rig *r, unsigned id)
{
	size_t size = (MAX(r->vm.engine->vcpu_size,
	    r->vm.second->vcpu_size) + 4095) & ~4095ul;
	struct vcpu *c = aligned_alloc(4096, size);
	struct err e = { 0 };

	memset(c, 0, size);
	c->vm = &r->vm;
	c->id = id;
	c->attention = 1;
	r->vcpu[id] = c;
	r->cpu[id].rig = r;
	r->cpu[id].c = c;
	sem_init(&r->cpu[id].kicked, 0, 0);
	sem_init(&r->cpu[id].go, 0, 0);
	if (r->vm.engine->vcpu_init(c, &e))
		die("vCPU", &e);
	if (r->vm.second != r->vm.engine && r->vm.second->vcpu_init(c, &e))
		die("vCPU", &e);
	x86_reset(c);
}

struct rig *
rig_new(const struct engine_ops *engine, unsigned n,
    const struct engine_options *opt)
{
	static struct cpuid_host host;
	static struct cpuid_table table;
	struct rig *r = calloc(1, sizeof(*r));
	struct vm *vm = &r->vm;
	struct err e = { 0 };

	if (cpuid_host_read(&host, NULL, &e) ||
	    cpuid_resolve(&table, &host, n, 1000000, &e))
		die("CPUID", &e);
	vm->engine = engine;
	vm->second = &engine_interp;
	vm->plat = &platform;
	vm->plat_ctx = r;
	vm->clock = &clock_host;
	vm->cpuid = &table;
	vm->tsc_khz = 1000000;
	vm->n_vcpus = n;
	vm->vcpu = r->vcpu;
	vm->opt = opt;
	if (gmem_init(&vm->mem, &e) ||
	    gmem_add(&vm->mem, 0, RAM, GMEM_RAM, &e))
		die("memory", &e);
	vm->mem.on_traced = traced;
	vm->mem.traced_ctx = vm;
	build_memory(r);
	if (engine->vm_init(vm, &e) || (vm->second != engine &&
	    vm->second->vm_init(vm, &e)))
		die("engine", &e);
	for (unsigned id = 0; id < n; id++)
		init_cpu(r, id);
	return r;
}

void
rig_free(struct rig *r)
{
	struct vm *vm = &r->vm;

	for (unsigned id = 0; id < vm->n_vcpus; id++) {
		vm->engine->vcpu_fini(vm->vcpu[id]);
		if (vm->second != vm->engine)
			vm->second->vcpu_fini(vm->vcpu[id]);
		sem_destroy(&r->cpu[id].kicked);
		sem_destroy(&r->cpu[id].go);
	}
	vm->engine->vm_fini(vm);
	if (vm->second != vm->engine)
		vm->second->vm_fini(vm);
	for (unsigned id = 0; id < vm->n_vcpus; id++)
		free(vm->vcpu[id]);
	gmem_fini(&vm->mem);
	free(r);
}

/* --- running --------------------------------------------------------------------- */

static void
find_count(void *ctx, const char *name, uint64_t value)
{
	if (!strcmp(name, "bt.insns_translated_retired"))
		*(uint64_t *)ctx = value;
}

uint64_t
rig_progress(struct rig *r, unsigned id)
{
	const struct vcpu *c = r->vcpu[id];
	uint64_t n = 0;

	r->vm.engine->stats(&r->vm, id, find_count, &n);
	return n + __atomic_load_n(&c->insns, __ATOMIC_RELAXED) +
	    __atomic_load_n(&c->looks, __ATOMIC_RELAXED);
}

/* Asleep until there is something to do. */
static void
halt(struct rig_cpu *p)
{
	struct vcpu *c = p->c;

	if (c->s.rip >= WRONG && c->s.rip < WRONG + 4) {
		const uint64_t *f = rig_at(p->rig, c->s.gpr[RSP] % RAM);

		snprintf(p->why, sizeof(p->why), "an exception: frame %" PRIx64
		    " %" PRIx64 " %" PRIx64 ", cr2 %" PRIx64, f[0], f[1], f[2],
		    c->s.cr2);
		atomic_store(&p->dead, true);
		return;
	}
	while (!atomic_load(&c->kicked) &&
	    !(atomic_load(&p->irq) && (c->s.rflags & FLAG_IF)))
		usleep(20);
}

static void *
thread(void *arg)
{
	struct rig_cpu *p = arg;
	struct vcpu_exit x;

	while (!atomic_load(&p->stop) && !atomic_load(&p->dead)) {
		p->rig->vm.engine->run(p->c, &x);
		switch (x.reason) {
		case EXIT_KICKED:
			atomic_store(&p->progress,
			    rig_progress(p->rig, p->c->id));
			if (atomic_load(&p->stop))
				break;
			sem_post(&p->kicked);
			sem_wait(&p->go);
			break;
		case EXIT_HALT:
			halt(p);
			break;
		default:
			snprintf(p->why, sizeof(p->why), "exit %d at %" PRIx64
			    ": %.60s", (int)x.reason, p->c->s.rip,
			    x.reason == EXIT_ERROR ? x.err.msg : "");
			atomic_store(&p->dead, true);
		}
	}
	sem_post(&p->kicked);
	return NULL;
}

void
rig_start(struct rig *r, uint64_t rip)
{
	static struct cpu_state s;
	struct err e = { 0 };

	for (unsigned id = 0; id < r->vm.n_vcpus; id++) {
		struct rig_cpu *p = &r->cpu[id];

		build_state(r, id, rip, &s);
		if (r->vm.engine->load(p->c, &s, &e))
			die("state", &e);
		x86_tlb_flush(p->c, TLB_FLUSH_ALL, 0);
		p->stop = p->dead = p->irq = false;
	}
	for (unsigned id = 0; id < r->vm.n_vcpus; id++)
		if (pthread_create(&r->cpu[id].thread, NULL, thread,
		    &r->cpu[id]))
			exit(99);
}

void
rig_stop(struct rig *r)
{
	for (unsigned id = 0; id < r->vm.n_vcpus; id++) {
		struct rig_cpu *p = &r->cpu[id];

		atomic_store(&p->stop, true);
		r->vm.engine->kick(p->c);
		sem_post(&p->go);
		pthread_join(p->thread, NULL);
		while (!sem_trywait(&p->kicked) || !sem_trywait(&p->go))
			;
		atomic_store(&p->c->kicked, 0);
	}
}

void
rig_irq(struct rig *r, unsigned id)
{
	atomic_store(&r->cpu[id].irq, true);
	atomic_store(&r->vcpu[id]->irq_hint, 1);
	vcpu_attention(r->vcpu[id]);
}

bool
rig_alive(struct rig *r)
{
	bool ok = true;

	for (unsigned id = 0; id < r->vm.n_vcpus; id++)
		if (atomic_load(&r->cpu[id].dead)) {
			printf("FAIL vCPU %u ended: %s\n", id, r->cpu[id].why);
			ok = false;
		}
	return ok;
}
