/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IDT, GDT, TSS and run().  In 64-bit images every vector uses IST1 unless a
 * test asks otherwise, so that a handler's frame never lands on the stack
 * under test; 32-bit images push on the current stack as the processor does.
 */
#include "guest.h"

void cpu_enter(const struct frame *f, uintptr_t *save_sp);
_Noreturn void cpu_leave(uintptr_t sp);
void trap(struct frame *f);
void guest_init(void);

struct gate idt[256] __attribute__((aligned(16)));
struct tss tss;
hook_fn *hook[256];
u8 test_stack[8192] __attribute__((aligned(4096)));
u8 test_stack2[8192] __attribute__((aligned(4096)));
static u8 ist_stack[8192] __attribute__((aligned(4096)));

static struct cpu *active;
static uintptr_t host_sp;

/* The state being loaded, with room below for a fault of IRET itself. */
static struct {
	u8 room[4096];
	struct frame f;
} launch __attribute__((aligned(16)));

struct table_reg {
	u16 limit;
	ulong base;
} __attribute__((packed));

void
idt_set(unsigned vector, ulong handler, unsigned type, unsigned ist)
{
	struct gate *g = &idt[vector];

	g->off0 = handler;
	g->sel = SEL_KCODE;
	g->ist = ist;
	g->type = type;
	g->off16 = handler >> 16;
#ifdef __x86_64__
	g->off32 = handler >> 32;
	g->zero = 0;
#endif
}

void
idt_default(void)
{
	for (unsigned v = 0; v < 256; v++)
		idt_set(v, trap_stubs[v],
		    v == BP || v == OF || v == DONE ? 0xee : 0x8e, 1);
#ifndef __x86_64__
	for (unsigned v = 0; v < 256; v++)
		idt[v].ist = 0;
#endif
}

void
idt_load(void)
{
	struct table_reg r = { sizeof(idt) - 1, (ulong)idt };

	asm volatile("lidt %0" :: "m" (r));
}

void
gdt_load(void)
{
	struct table_reg r = { sizeof(gdt[0]) * 64 - 1, (ulong)gdt };

	asm volatile("lgdt %0" :: "m" (r));
}

u64
seg_desc(u32 base, u32 limit, unsigned access, unsigned flags)
{
	return (limit & 0xffff) | (u64)(base & 0xffffff) << 16 |
	    (u64)access << 40 | (u64)(limit >> 16 & 0xf) << 48 |
	    (u64)flags << 52 | (u64)(base >> 24) << 56;
}

void
tss_load(unsigned limit)
{
	ulong base = (ulong)&tss;

	gdt[SEL_TSS / 8] = seg_desc(base, limit, 0x89, 0);
#ifdef __x86_64__
	gdt[SEL_TSS / 8 + 1] = base >> 32;
#endif
	asm volatile("ltr %w0" :: "r" (SEL_TSS));
}

void
cpu_init(struct cpu *c, ulong rip)
{
	fill(c, 0, sizeof(*c));
	c->f.rip = rip;
	c->f.cs = SEL_KCODE;
	c->f.ss = c->f.ds = c->f.es = SEL_KDATA;
	c->f.rflags = F_1;
	c->f.rsp = STACK_TOP;
}

void
cpu_init_user(struct cpu *c, ulong rip)
{
	cpu_init(c, user(rip));
	c->f.cs = SEL_UCODE;
	c->f.ss = c->f.ds = c->f.es = SEL_UDATA;
	c->f.rsp = user(STACK_TOP);
}

unsigned
run(struct cpu *c)
{
	struct frame *f = &launch.f;

	*f = c->f;
#ifndef __x86_64__
	/* IRET to the same level takes no SS:ESP: use the target's stack. */
	if (!(c->f.cs & 3) && !(c->f.rflags & F_VM)) {
		f = (struct frame *)(c->f.rsp - offsetof(struct frame, rsp));
		copy(f, &c->f, offsetof(struct frame, rsp));
	}
#endif
	active = c;
	cpu_enter(f, &host_sp);
	return c->f.vector;
}

unsigned
run_kernel(struct cpu *c, ulong rip)
{
	cpu_init(c, rip);
	return run(c);
}

unsigned
run_user(struct cpu *c, ulong rip)
{
	cpu_init_user(c, rip);
	return run(c);
}

static _Noreturn void
trap_unexpected(const struct frame *f)
{
	print("unexpected vector %lu error %lx at %lx:%lx flags %lx sp %lx"
	    " cr2 %lx\n", f->vector, f->error, f->cs, f->rip, f->rflags,
	    f->rsp, read_cr2());
	guest_fail("an exception outside run()");
}

void
trap(struct frame *f)
{
	struct cpu *c = active;

	if (hook[f->vector & 0xff]) {
		hook[f->vector & 0xff](f);
		return;
	}
	if (!c)
		trap_unexpected(f);
	active = NULL;
#ifdef __x86_64__
	c->f = *f;
#else
	if (f->rflags & F_VM) {
		c->f = *f;
	} else if (f->cs & 3) {
		copy(&c->f, f, offsetof(struct frame, vm_es));
	} else {
		copy(&c->f, f, offsetof(struct frame, rsp));
		c->f.rsp = (ulong)f + offsetof(struct frame, rsp);
		c->f.ss = SEL_KDATA;
	}
	c->f.ds &= 0xffff;
	c->f.es &= 0xffff;
	c->f.fs &= 0xffff;
	c->f.gs &= 0xffff;
	c->f.cs &= 0xffff;
	c->f.ss &= 0xffff;
#endif
	c->cr2 = read_cr2();
	cpu_leave(host_sp);
}

void
expect_at(const struct cpu *c, unsigned vector, u32 error, ulong rip,
    const char *file, int line, const char *what)
{
	bool e = excuse;

	check_eq_at(c->f.vector, vector, file, line, "vector", what);
	if (c->f.vector != vector)
		return;
	excuse = e;
	check_eq_at(c->f.error, error, file, line, "error code", what);
	excuse = e;
	if (rip != (ulong)-1)
		check_eq_at(c->f.rip, rip, file, line, "saved rip", what);
	excuse = false;
}

void
guest_init(void)
{
	gdt_load();
	idt_default();
	idt_load();
	tss.iomap = sizeof(tss);
#ifdef __x86_64__
	tss.rsp[0] = (ulong)ist_stack + sizeof(ist_stack) - 4096;
	tss.ist[0] = (ulong)ist_stack + sizeof(ist_stack);
#else
	tss.esp0 = (ulong)ist_stack + sizeof(ist_stack);
	tss.ss0 = SEL_KDATA;
#endif
	tss_load(sizeof(tss) - 1);
}
