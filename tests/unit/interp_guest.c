/* SPDX-License-Identifier: Apache-2.0 */
/* The test machine of interp_test (interp_guest.h). */
#include "tests/unit/interp_guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "modes/options.h"
#include "modes/x86/x86.h"
#include "tests/unit/interp_host.h"

#define PML4_AT 0x101000
#define PDPT_AT 0x102000
#define PD_AT 0x103000
#define PT_AT 0x104000		/* of HOLE_AT's two megabytes */
#define GDT_AT 0x105000
#define IDT_AT 0x106000
#define TSS_AT 0x107000
#define HANDLERS_AT 0x108000	/* 16 bytes each; never executed */
#define FRAME_TOP 0x10a000	/* where exception frames go */
#define HOLE_PHYS 0x600000

static uint32_t
no_pio_read(void *ctx, uint16_t port, unsigned size)
{
	return port;
}

static void
no_pio_write(void *ctx, uint16_t port, unsigned size, uint32_t value)
{
}

static uint64_t
mmio_read(void *ctx, gpa_t gpa, unsigned size)
{
	return UINT64_C(0x1122334455667788);
}

static void
mmio_write(void *ctx, gpa_t gpa, unsigned size, uint64_t value)
{
}

static int
no_irq(void *ctx, struct vcpu *c)
{
	return -1;
}

static bool
no_irq_pending(void *ctx, struct vcpu *c)
{
	return false;
}

static const struct platform platform = {
	.pio_read = no_pio_read,
	.pio_write = no_pio_write,
	.mmio_read = mmio_read,
	.mmio_write = mmio_write,
	.irq_take = no_irq,
	.irq_pending = no_irq_pending,
};

static const struct engine_options options;

static void
put64(struct guest *g, uint64_t at, uint64_t v)
{
	memcpy(g->low + at, &v, sizeof(v));
}

static void
build_page_tables(struct guest *g)
{
	put64(g, PML4_AT, PDPT_AT | 7);
	put64(g, PDPT_AT, PD_AT | 7);
	put64(g, PD_AT, 0x87);
	put64(g, PD_AT + (AREA_BASE >> 21) * 8, 0x200087);
	put64(g, PD_AT + (HOLE_AT >> 21) * 8, PT_AT | 7);
	put64(g, PT_AT + 8 * (HOLE_AT >> 12 & 511), HOLE_PHYS | 7);
	put64(g, PT_AT + 8 * (MMIO_AT >> 12 & 511), UINT64_C(0xd0000007));
}

static void
build_idt(struct guest *g)
{
	for (unsigned v = 0; v < 32; v++) {
		uint64_t to = HANDLERS_AT + v * 16;

		/* Interrupt gate, selector 8, first interrupt stack. */
		put64(g, IDT_AT + v * 16, (to & 0xffff) | 8 << 16 |
		    UINT64_C(1) << 32 | UINT64_C(0x8e) << 40 |
		    (to >> 16 & 0xffff) << 48);
		put64(g, IDT_AT + v * 16 + 8, 0);
	}
	put64(g, TSS_AT + 36, FRAME_TOP);
}

void
guest_init(struct guest *g)
{
	struct err e;

	memset(g, 0, sizeof(*g));
	assert_int_equal(gmem_init(&g->vm.mem, &e), 0);
	assert_int_equal(gmem_add(&g->vm.mem, 0, 8 << 20, GMEM_RAM, &e), 0);
	g->low = gmem_ptr(&g->vm.mem, 0, 8 << 20);
	g->area = g->low + 0x200000;
	assert_int_equal(cpuid_host_read(&g->host, NULL, &e), 0);
	assert_int_equal(cpuid_resolve(&g->cpuid, &g->host, 1, 1000000, &e),
	    0);
	g->vm.engine = g->vm.second = &engine_interp;
	g->vm.plat = &platform;
	g->vm.clock = &clock_host;
	g->vm.cpuid = &g->cpuid;
	g->vm.tsc_khz = 1000000;
	g->vm.n_vcpus = 1;
	g->vm.opt = &options;
	g->vm.vcpu = &g->c;
	assert_int_equal(posix_memalign((void **)&g->c, 4096,
	    engine_interp.vcpu_size), 0);
	memset(g->c, 0, engine_interp.vcpu_size);
	g->c->vm = &g->vm;
	assert_int_equal(engine_interp.vm_init(&g->vm, &e), 0);
	assert_int_equal(engine_interp.vcpu_init(g->c, &e), 0);
	build_page_tables(g);
	build_idt(g);
}

void
guest_fini(struct guest *g)
{
	engine_interp.vcpu_fini(g->c);
	engine_interp.vm_fini(&g->vm);
	free(g->c);
	gmem_fini(&g->vm.mem);
}

static void
flat_segments(struct guest *g, uint16_t code_attr, uint16_t data_attr,
    uint32_t limit)
{
	struct cpu_state *s = &g->c->s;

	for (unsigned n = SEG_ES; n <= SEG_GS; n++)
		s->seg[n] = (struct seg_reg){ .limit = limit, .selector = 16,
		    .attr = data_attr };
	s->seg[SEG_CS].attr = code_attr;
	s->seg[SEG_CS].selector = 8;
}

static void
sync(struct guest *g)
{
	/* The test library takes the fault signals before each test. */
	assert_int_equal(engine_interp.vm_init(&g->vm, NULL), 0);
	x86_sync(g->c);
	x86_tlb_flush(g->c, TLB_FLUSH_ALL, 0);
	atomic_store(&g->c->attention, 1);
}

void
guest_reset_64(struct guest *g)
{
	struct cpu_state *s = &g->c->s;

	x86_reset(g->c);
	flat_segments(g, 0xa09b, 0xc093, 0xffffffff);
	put64(g, GDT_AT + 8, UINT64_C(0x00af9b000000ffff));
	put64(g, GDT_AT + 16, UINT64_C(0x00cf93000000ffff));
	s->gdtr = (struct table_reg){ .base = GDT_AT, .limit = 0x3f };
	s->idtr = (struct table_reg){ .base = IDT_AT, .limit = 0x1ff };
	s->seg[SEG_TR] = (struct seg_reg){ .base = TSS_AT, .limit = 103,
	    .selector = 0x20, .attr = 0x8b };
	s->cr0 = CR0_PE | CR0_PG | CR0_NE | CR0_ET | CR0_MP | CR0_WP;
	s->cr3 = PML4_AT;
	s->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;
	s->efer = EFER_LME | EFER_LMA | EFER_NX;
	s->xcr0 = g->cpuid.xcr0_mask;
	s->cpl = 0;
	s->rflags = FLAG_FIXED1;
	s->activity = ACT_RUNNING;
	sync(g);
}

void
guest_reset_32(struct guest *g)
{
	struct cpu_state *s = &g->c->s;

	x86_reset(g->c);
	flat_segments(g, 0xc09b, 0xc093, 0xffffffff);
	s->cr0 = CR0_PE | CR0_NE | CR0_ET;
	s->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;
	s->xcr0 = g->cpuid.xcr0_mask;
	s->rflags = FLAG_FIXED1;
	s->idtr.limit = 0;
	sync(g);
}

void
guest_reset_16(struct guest *g)
{
	x86_reset(g->c);
	flat_segments(g, 0x009b, 0x0093, 0xffff);
	g->c->s.seg[SEG_CS].selector = 0;
	g->c->s.rflags = FLAG_FIXED1;
	sync(g);
}

int
guest_run(struct guest *g, uint64_t end, unsigned max, uint64_t *rip)
{
	struct cpu_state *s = &g->c->s;

	for (unsigned n = 0; n < max && s->rip != end; n++) {
		*rip = s->rip;
		if (engine_interp.step(g->c, 1) < 0)
			return VEC_DF;
		if (s->rip - HANDLERS_AT < 32 * 16)
			return (s->rip - HANDLERS_AT) / 16;
	}
	*rip = s->rip;
	return -1;
}
