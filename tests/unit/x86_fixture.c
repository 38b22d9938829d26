/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fixture behind x86_fixture.h.
 */
#include "tests/unit/x86_fixture.h"

#include <stdlib.h>

/* --- platform --- */

static uint64_t
mmio_read(void *ctx, gpa_t gpa, unsigned size)
{
	struct fx *f = ctx;

	if (f->n_mmio < 8) {
		f->mmio_gpa[f->n_mmio] = gpa;
		f->mmio_size[f->n_mmio++] = size;
	}
	return f->mmio_value;
}

static void
mmio_write(void *ctx, gpa_t gpa, unsigned size, uint64_t v)
{
	struct fx *f = ctx;

	f->mmio_value = v;
	mmio_read(ctx, gpa, size);
}

static int
irq_take(void *ctx, struct vcpu *c)
{
	struct fx *f = ctx;
	int v = f->irq;

	f->irq = -1;
	return v;
}

static bool
irq_pending(void *ctx, struct vcpu *c)
{
	struct fx *f = ctx;

	return f->irq >= 0;
}

static int
apic_msr_read(void *ctx, struct vcpu *c, uint32_t msr, uint64_t *v)
{
	*v = msr;
	return msr == 0x8ff ? -EPERM : 0;
}

static int
apic_msr_write(void *ctx, struct vcpu *c, uint32_t msr, uint64_t v)
{
	return v == 0xbad ? -EPERM : 0;
}

static void
set_tpr(void *ctx, struct vcpu *c, uint8_t v)
{
	struct fx *f = ctx;

	f->tpr = v;
}

static uint8_t
get_tpr(void *ctx, struct vcpu *c)
{
	struct fx *f = ctx;

	return f->tpr;
}

static void
count_flush(struct vcpu *c, unsigned scope, gva_t va)
{
	struct fx *f = c->vm->plat_ctx;

	f->flushes++;
}

static const struct engine_ops counting_engine = { .name = "counting",
    .tlb_flush = count_flush };

static void
on_traced(void *ctx, gpa_t gpa, size_t len, uint8_t trace)
{
	struct fx *f = ctx;

	f->traced++;
	f->traced_gpa = gpa;
	f->traced_len = len;
}

/* --- life --- */

int
fx_setup(void **state)
{
	struct fx *f = calloc(1, sizeof(*f));
	struct err e;

	assert_non_null(f);
	f->c = aligned_alloc(4096, align_up(sizeof(*f->c), 4096));
	assert_non_null(f->c);
	memset(f->c, 0, sizeof(*f->c));
	f->irq = -1;
	assert_int_equal(gmem_init(&f->vm.mem, &e), 0);
	assert_int_equal(gmem_add(&f->vm.mem, 0, 4 << 20, GMEM_RAM, &e), 0);
	assert_int_equal(gmem_add(&f->vm.mem, 6 << 20, 4096, GMEM_ROM, &e), 0);
	f->vm.mem.on_traced = on_traced;
	f->vm.mem.traced_ctx = f;
	f->plat = (struct platform){ .mmio_read = mmio_read,
	    .mmio_write = mmio_write, .irq_take = irq_take,
	    .irq_pending = irq_pending, .apic_msr_read = apic_msr_read,
	    .apic_msr_write = apic_msr_write, .set_tpr = set_tpr,
	    .get_tpr = get_tpr };
	assert_int_equal(cpuid_host_read(&f->host, NULL, &e), 0);
	assert_int_equal(cpuid_resolve(&f->cpuid, &f->host, 1, 2000000, &e), 0);
	clock_manual_init(&f->clock, 0);
	f->vm.engine = &counting_engine;
	f->vm.second = &counting_engine;
	f->vm.plat = &f->plat;
	f->vm.plat_ctx = f;
	f->vm.clock = &f->clock;
	f->vm.cpuid = &f->cpuid;
	f->vm.tsc_khz = 2000000;
	f->vm.n_vcpus = 1;
	f->vcpus[0] = f->c;
	f->vm.vcpu = f->vcpus;
	f->c->vm = &f->vm;
	x86_reset(f->c);
	fx_amd(f, false);
	f->flushes = 0;
	*state = f;
	return 0;
}

int
fx_teardown(void **state)
{
	struct fx *f = *state;

	gmem_fini(&f->vm.mem);
	free(f->c);
	free(f);
	return 0;
}

/* Make the guest's CPUID name a vendor, whatever the host is. */
void
fx_amd(struct fx *f, bool amd)
{
	f->cpuid.leaf[0].r.ebx = amd ? 0x68747541 : 0x756e6547;
	f->c->amd = amd;
	f->c->walk.amd = amd;
}

/* --- memory --- */

void
fx_put(struct fx *f, gpa_t gpa, uint64_t v, unsigned size)
{
	assert_int_equal(gmem_load(&f->vm.mem, gpa, &v, size), 0);
}

uint64_t
fx_get(struct fx *f, gpa_t gpa, unsigned size)
{
	uint64_t v = 0;

	assert_int_equal(gmem_read(&f->vm.mem, gpa, &v, size), 0);
	return v;
}

uint64_t
fx_desc(uint32_t base, uint32_t limit, uint16_t attr)
{
	return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 |
	    (uint64_t)(attr & 0xf0ff) << 40 |
	    (uint64_t)(limit >> 16 & 15) << 48 | (uint64_t)(base >> 24) << 56;
}

uint64_t
fx_gate(uint16_t sel, uint32_t off, uint8_t attr, unsigned params)
{
	return (off & 0xffff) | (uint64_t)sel << 16 |
	    (uint64_t)params << 32 | (uint64_t)attr << 40 |
	    (uint64_t)(off >> 16) << 48;
}

void
fx_gdt(struct fx *f, uint16_t sel, uint64_t raw)
{
	fx_put(f, FX_GDT + (sel & 0xfff8), raw, 8);
}

void
fx_idt(struct fx *f, unsigned vector, uint16_t sel, uint64_t off, uint8_t attr,
    unsigned ist)
{
	uint64_t raw = fx_gate(sel, (uint32_t)off, attr, ist);

	if (x86_long_mode(f->c)) {
		fx_put(f, FX_IDT + vector * 16, raw, 8);
		fx_put(f, FX_IDT + vector * 16 + 8, off >> 32, 8);
	} else {
		fx_put(f, FX_IDT + vector * 8, raw, 8);
	}
}

int
fx_vector(const struct fx *f)
{
	uint64_t off = f->c->s.rip - FX_HANDLERS;

	return off < 256 * 16 && !(off & 15) ? (int)(off / 16) : -1;
}

/* --- modes --- */

void
fx_real(struct fx *f)
{
	x86_reset(f->c);
	fx_amd(f, f->c->amd);
	for (unsigned v = 0; v < 256; v++)
		fx_put(f, v * 4u, (uint64_t)(FX_HANDLERS >> 4) << 16 | v * 16u,
		    4);
	f->c->s.idtr.limit = 0x3ff;
	f->c->s.seg[SEG_CS].selector = FX_CODE >> 4;
	f->c->s.seg[SEG_CS].base = FX_CODE;
	f->c->s.rip = 0x100;
	f->c->s.gpr[RSP] = FX_STACK0;
}

/* attr words: type, S, DPL, P, and D/B or L with G. */
#define CODE(dpl) (0x9a | (dpl) << 5 | SEG_G | SEG_DB)
#define DATA(dpl) (0x92 | (dpl) << 5 | SEG_G | SEG_DB)

static void
common_gdt(struct fx *f, uint16_t width)
{
	uint16_t code = (uint16_t)((CODE(0) & ~SEG_DB) | width);

	for (unsigned i = 0; i <= FX_GDT_LIMIT; i += 8)
		fx_put(f, FX_GDT + i, 0, 8);
	fx_gdt(f, SEL_CODE0, fx_desc(0, 0xfffff, code));
	fx_gdt(f, SEL_DATA0, fx_desc(0, 0xfffff, DATA(0)));
	fx_gdt(f, SEL_CODE3, fx_desc(0, 0xfffff, code | 0x60));
	fx_gdt(f, SEL_DATA3, fx_desc(0, 0xfffff, DATA(3)));
	fx_gdt(f, SEL_TSS, fx_desc(FX_TSS, 0x67, 0x8b));
	fx_gdt(f, SEL_TSS2, fx_desc(FX_TSS2, 0x67, 0x89));
	fx_gdt(f, SEL_LDT, fx_desc(FX_LDT, 0x17, 0x82));
	fx_gdt(f, SEL_CONF0, fx_desc(0, 0xfffff, code | 4));
	fx_gdt(f, SEL_CODE0_NP, fx_desc(0, 0xfffff, code & ~0x80));
	fx_gdt(f, SEL_DATA0_NP, fx_desc(0, 0xfffff, DATA(0) & ~0x80));
	fx_gdt(f, SEL_RODATA3, fx_desc(0, 0xfffff, DATA(3) & ~2));
	fx_gdt(f, SEL_EXECONLY3, fx_desc(0, 0xfffff, (code | 0x60) & ~2));
	fx_gdt(f, SEL_CODE16, fx_desc(0x10000, 0xffff, 0x9a));
	fx_gdt(f, SEL_CODE1, fx_desc(0, 0xfffff, code | 0x20));
	fx_gdt(f, SEL_CODE32, fx_desc(0, 0xfffff, CODE(0)));
	fx_gdt(f, SEL_CODE32_3, fx_desc(0, 0xfffff, CODE(3)));
	f->c->s.gdtr = (struct table_reg){ FX_GDT, FX_GDT_LIMIT };
}

static struct seg_reg
seg(uint16_t sel, uint16_t attr)
{
	return (struct seg_reg){ .limit = 0xffffffff, .selector = sel,
	    .attr = attr | 1 };
}

static void
ring0_segments(struct fx *f, uint16_t code_width)
{
	struct cpu_state *s = &f->c->s;

	s->seg[SEG_CS] = seg(SEL_CODE0,
	    (uint16_t)((CODE(0) & ~SEG_DB) | code_width));
	s->seg[SEG_SS] = seg(SEL_DATA0, DATA(0));
	s->seg[SEG_DS] = seg(SEL_DATA0, DATA(0));
	s->seg[SEG_ES] = seg(SEL_DATA0, DATA(0));
	s->seg[SEG_FS] = seg(SEL_DATA0, DATA(0));
	s->seg[SEG_GS] = seg(SEL_DATA0, DATA(0));
	s->seg[SEG_TR] = (struct seg_reg){ .base = FX_TSS, .limit = 0x67,
	    .selector = SEL_TSS, .attr = 0x8b };
	s->seg[SEG_LDTR] = (struct seg_reg){ .attr = SEG_UNUSABLE };
	s->rip = FX_CODE;
	s->gpr[RSP] = FX_STACK0;
	s->rflags = FLAG_FIXED1;
}

void
fx_prot(struct fx *f)
{
	bool amd = f->c->amd;

	x86_reset(f->c);
	common_gdt(f, SEG_DB);
	f->c->s.cr0 |= CR0_PE;
	ring0_segments(f, SEG_DB);
	fx_put(f, FX_TSS + 4, FX_STACK0, 4);
	fx_put(f, FX_TSS + 8, SEL_DATA0, 4);
	for (unsigned v = 0; v < 256; v++)
		fx_idt(f, v, SEL_CODE0, FX_HANDLERS + v * 16, GATE_INT32, 0);
	f->c->s.idtr = (struct table_reg){ FX_IDT, 0x7ff };
	x86_sync(f->c);
	fx_amd(f, amd);
}

void
fx_long(struct fx *f)
{
	bool amd = f->c->amd;
	struct cpu_state *s = &f->c->s;

	x86_reset(f->c);
	common_gdt(f, SEG_L);
	fx_put(f, FX_PML4, FX_PDPT | 7, 8);
	fx_put(f, FX_PDPT, FX_PD | 7, 8);
	for (unsigned i = 0; i < 8; i++)
		fx_put(f, FX_PD + i * 8, (uint64_t)i << 21 | 0x87, 8);
	s->cr0 |= CR0_PE | CR0_PG;
	s->cr4 = CR4_PAE;
	s->cr3 = FX_PML4;
	s->efer = EFER_LME | EFER_LMA | EFER_NX | EFER_SCE;
	ring0_segments(f, SEG_L);
	fx_put(f, FX_TSS + 4, FX_STACK0, 8);
	fx_put(f, FX_TSS + 36, FX_IST, 8);
	for (unsigned v = 0; v < 256; v++)
		fx_idt(f, v, SEL_CODE0, FX_HANDLERS + v * 16, GATE_INT32, 0);
	s->idtr = (struct table_reg){ FX_IDT, 0xfff };
	x86_sync(f->c);
	fx_amd(f, amd);
}

void
fx_ring3(struct fx *f)
{
	struct cpu_state *s = &f->c->s;

	s->seg[SEG_CS].selector = SEL_CODE3;
	s->seg[SEG_CS].attr |= SEG_DPL;
	s->seg[SEG_SS] = seg(SEL_DATA3, DATA(3));
	s->seg[SEG_DS] = s->seg[SEG_ES] = seg(SEL_DATA3, DATA(3));
	s->seg[SEG_FS] = s->seg[SEG_GS] = seg(SEL_DATA3, DATA(3));
	s->gpr[RSP] = FX_STACK3;
	s->cpl = 3;
}

void
fx_v86(struct fx *f)
{
	static const uint16_t sel[] = { 0x100, FX_CODE >> 4, 0xa00, 0x300,
	    0x400, 0x500 };

	fx_prot(f);
	f->c->s.rflags |= FLAG_VM;
	for (unsigned i = SEG_ES; i <= SEG_GS; i++)
		f->c->s.seg[i] = (struct seg_reg){ .selector = sel[i],
		    .base = (uint64_t)sel[i] << 4, .limit = 0xffff,
		    .attr = 0xf3 };
	f->c->s.rip = 0x100;
	f->c->s.gpr[RSP] = 0x1000;
	x86_sync(f->c);
}
