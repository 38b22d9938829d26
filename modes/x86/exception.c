/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions and interrupts: raising, combining into double and triple faults,
 * and delivery through the IDT in every mode.  SDM 3 chapter 6 and the
 * operation section of SDM 2 under INT n.
 *
 * A delivery checks and pushes first and changes the vCPU's registers last,
 * so that a fault on the way finds the state as the instruction left it.
 */
#include "modes/x86/priv.h"
#include "modes/x86/fpu.h"
#include "modes/x86/stop.h"

#include <errno.h>

/* One event on its way to the handler. */
struct event {
	uint8_t vector;
	bool has_error;
	bool soft;		/* INT n, INT3, INTO: the gate's DPL counts */
	bool external;		/* interrupt or NMI, whatever its vector */
	uint32_t error;
	uint32_t ext;		/* EXT bit of faults met on the way */
	uint64_t rip;		/* to push */
	uint64_t rflags;	/* to push */
};

/* --- raising --- */

static int
raise_full(struct vcpu *c, enum vector v, bool has_error, uint32_t error)
{
	c->exc.raised = true;
	c->exc.vector = (uint8_t)v;
	c->exc.has_error = has_error;
	c->exc.error = error;
	c->exc.soft = false;
	c->exc.dr6 = 0;
	return -1;
}

int
x86_raise(struct vcpu *c, enum vector v)
{
	return raise_full(c, v, false, 0);
}

int
x86_raise_error(struct vcpu *c, enum vector v, uint32_t error)
{
	return raise_full(c, v, true, error);
}

int
x86_raise_pf(struct vcpu *c, gva_t va, uint32_t error)
{
	c->exc.cr2 = va;
	return raise_full(c, VEC_PF, true, error);
}

int
x86_raise_db(struct vcpu *c, uint64_t dr6)
{
	raise_full(c, VEC_DB, false, 0);
	c->exc.dr6 = dr6;
	return -1;
}

/* --- delivery --- */

/* Real mode, SDM 3 20.1.4: the vector table of far pointers. */
static int
deliver_real(struct vcpu *c, const struct event *ev)
{
	struct stack st = x86_stack_now(c);
	uint16_t entry[2];

	if (ev->vector * 4u + 3 > c->s.idtr.limit)
		return x86_raise_error(c, VEC_GP, ev->vector * 8u + 2 +
		    ev->ext);
	if (x86_stack_room(c, &st, 3, 2) ||
	    x86_sys_read(c, c->s.idtr.base + ev->vector * 4u, entry, 4) ||
	    x86_push(c, &st, ev->rflags, 2) ||
	    x86_push(c, &st, c->s.seg[SEG_CS].selector, 2) ||
	    x86_push(c, &st, ev->rip, 2))
		return -1;
	x86_stack_commit(c, &st);
	x86_load_real(c, SEG_CS, entry[1]);
	c->s.rip = entry[0];
	c->s.rflags &= ~(uint64_t)(FLAG_IF | FLAG_TF | FLAG_RF | FLAG_AC);
	return 0;
}

/* A gate of the IDT, with what follows from it. */
struct gate {
	uint16_t attr;
	uint16_t selector;
	uint64_t offset;
	unsigned ist;
	unsigned size;		/* of pushes: 2, 4, 8 */
};

static bool
gate_type_ok(const struct vcpu *c, uint16_t attr)
{
	unsigned type = attr & SEG_TYPE;

	if (attr & SEG_S)
		return false;
	if (type == SYS_INT32 || type == SYS_TRAP32)
		return true;
	return !x86_long_mode(c) && (type == SYS_TASK_GATE ||
	    type == SYS_INT16 || type == SYS_TRAP16);
}

static int
read_gate(struct vcpu *c, const struct event *ev, struct gate *g)
{
	unsigned shift = x86_long_mode(c) ? 4 : 3;
	uint32_t off = (uint32_t)ev->vector << shift;
	uint32_t error = ev->vector * 8u + 2;
	uint64_t raw[2] = { 0, 0 };

	if (off + (1u << shift) - 1 > c->s.idtr.limit)
		return x86_raise_error(c, VEC_GP, error + ev->ext);
	if (x86_sys_read(c, c->s.idtr.base + off, raw, 1u << shift))
		return -1;
	g->attr = (uint16_t)(raw[0] >> 40) & 0xff;
	g->selector = (uint16_t)(raw[0] >> 16);
	g->offset = (raw[0] & 0xffff) | (raw[0] >> 32 & 0xffff0000) |
	    raw[1] << 32;
	g->ist = raw[0] >> 32 & 7;
	if (!gate_type_ok(c, g->attr))
		return x86_raise_error(c, VEC_GP, error + ev->ext);
	if (ev->soft && attr_dpl(g->attr) < c->s.cpl)
		return x86_raise_error(c, VEC_GP, error);
	if (!(g->attr & SEG_P))
		return x86_raise_error(c, VEC_NP, error + ev->ext);
	if (x86_long_mode(c)) {
		g->size = 8;
	} else if (g->attr & 8) {
		g->size = 4;
	} else {
		g->size = 2;
		g->offset &= 0xffff;
	}
	return 0;
}

/* The handler's code segment and privilege. */
static int
handler_cs(struct vcpu *c, const struct event *ev, const struct gate *g,
    struct seg_reg *cs, unsigned *cpl)
{
	uint16_t sel = g->selector;
	struct desc d;

	if (sel_null(sel))
		return x86_raise_error(c, VEC_GP, ev->ext);
	if (x86_desc_read(c, sel, &d, VEC_GP, ev->ext))
		return -1;
	if (!attr_code(d.attr) || attr_dpl(d.attr) > c->s.cpl)
		return x86_raise_sel(c, VEC_GP, sel, ev->ext);
	if (x86_long_mode(c) && (d.attr & (SEG_L | SEG_DB)) != SEG_L)
		return x86_raise_sel(c, VEC_GP, sel, ev->ext);
	if (!(d.attr & SEG_P))
		return x86_raise_sel(c, VEC_NP, sel, ev->ext);
	*cpl = attr_conforming(d.attr) ? c->s.cpl : attr_dpl(d.attr);
	/* From virtual-8086 mode only to privilege 0. */
	if (x86_v86(c) && *cpl)
		return x86_raise_sel(c, VEC_GP, sel, ev->ext);
	if (x86_desc_accessed(c, &d))
		return -1;
	*cs = x86_desc_seg(&d, (uint16_t)((sel & 0xfffc) | *cpl));
	return 0;
}

/* 64-bit: IST, TSS or current stack, aligned to 16 bytes (SDM 3 6.14.2). */
static int
handler_stack64(struct vcpu *c, const struct event *ev, const struct gate *g,
    unsigned cpl, struct stack *st)
{
	const struct seg_reg *tr = &c->s.seg[SEG_TR];
	uint64_t sp = c->s.gpr[RSP];
	struct seg_reg ss = c->s.seg[SEG_SS];
	uint32_t off = g->ist * 8 + 28;
	uint16_t sel;

	if (g->ist) {
		if (tr->attr & SEG_UNUSABLE || off + 7 > tr->limit)
			return x86_raise_sel(c, VEC_TS, tr->selector, ev->ext);
		if (x86_sys_read(c, tr->base + off, &sp, 8))
			return -1;
	} else if (cpl != c->s.cpl && x86_tss_stack(c, cpl, ev->ext, &sel, &sp)) {
		return -1;
	}
	if (cpl != c->s.cpl) {
		ss = x86_null_seg((uint16_t)cpl);
		ss.attr |= (uint16_t)(cpl << SEG_DPL_SHIFT);
	}
	*st = x86_stack_of(&ss, sp & ~UINT64_C(15), cpl, true, ev->ext);
	return x86_stack_room(c, st, ev->has_error ? 6 : 5, 8);
}

static int
handler_stack32(struct vcpu *c, const struct event *ev, const struct gate *g,
    unsigned cpl, struct stack *st)
{
	unsigned items = ev->has_error ? 4 : 3;
	struct seg_reg ss;
	uint16_t sel;
	uint64_t sp;

	if (cpl == c->s.cpl) {
		*st = x86_stack_now(c);
		st->error = ev->ext;
		return x86_stack_room(c, st, items, g->size);
	}
	if (x86_tss_stack(c, cpl, ev->ext, &sel, &sp) ||
	    x86_stack_seg(c, sel, cpl, VEC_TS, ev->ext, &ss))
		return -1;
	*st = x86_stack_of(&ss, sp, cpl, false, (sel & 0xfffcu) | ev->ext);
	items += x86_v86(c) ? 6 : 2;
	return x86_stack_room(c, st, items, g->size);
}

static int
push_frame(struct vcpu *c, const struct event *ev, const struct gate *g,
    struct stack *st)
{
	bool inner = st->cpl != c->s.cpl;
	unsigned size = g->size;

	if (x86_v86(c) &&
	    (x86_push(c, st, c->s.seg[SEG_GS].selector, size) ||
	    x86_push(c, st, c->s.seg[SEG_FS].selector, size) ||
	    x86_push(c, st, c->s.seg[SEG_DS].selector, size) ||
	    x86_push(c, st, c->s.seg[SEG_ES].selector, size)))
		return -1;
	if ((inner || size == 8) &&
	    (x86_push(c, st, c->s.seg[SEG_SS].selector, size) ||
	    x86_push(c, st, c->s.gpr[RSP], size)))
		return -1;
	if (x86_push(c, st, ev->rflags, size) ||
	    x86_push(c, st, c->s.seg[SEG_CS].selector, size) ||
	    x86_push(c, st, ev->rip, size))
		return -1;
	return ev->has_error ? x86_push(c, st, ev->error, size) : 0;
}

static int
deliver_gate(struct vcpu *c, const struct event *ev, const struct gate *g)
{
	uint64_t clear = FLAG_TF | FLAG_NT | FLAG_RF | FLAG_VM;
	struct seg_reg cs;
	struct stack st;
	unsigned cpl;

	if (handler_cs(c, ev, g, &cs, &cpl))
		return -1;
	if (g->size == 8) {
		if (handler_stack64(c, ev, g, cpl, &st))
			return -1;
	} else if (handler_stack32(c, ev, g, cpl, &st)) {
		return -1;
	}
	if (x86_check_rip(c, &cs, g->offset, ev->ext) ||
	    push_frame(c, ev, g, &st))
		return -1;
	if (x86_v86(c)) {
		c->s.seg[SEG_DS] = x86_null_seg(0);
		c->s.seg[SEG_ES] = x86_null_seg(0);
		c->s.seg[SEG_FS] = x86_null_seg(0);
		c->s.seg[SEG_GS] = x86_null_seg(0);
	}
	x86_stack_commit(c, &st);
	c->s.seg[SEG_CS] = cs;
	c->s.rip = g->offset;
	x86_set_cpl(c, cpl);
	/* Bit 0 of the type tells a trap gate, which leaves IF alone. */
	if (!(g->attr & 1))
		clear |= FLAG_IF;
	c->s.rflags &= ~clear;
	return 0;
}

static int
deliver_task(struct vcpu *c, const struct event *ev, const struct gate *g)
{
	return x86_task_enter(c, &(struct task_req){
		.sel = g->selector,
		.source = TASK_GATE,
		.has_error = ev->has_error,
		.error = ev->error,
		.ext = ev->ext,
		.rip = ev->rip,
		.rflags = ev->rflags,
	});
}

static int
deliver_event(struct vcpu *c, const struct event *ev)
{
	struct gate g;

	if (x86_real(c))
		return deliver_real(c, ev);
	if (read_gate(c, ev, &g))
		return -1;
	if ((g.attr & SEG_TYPE) == SYS_TASK_GATE)
		return deliver_task(c, ev, &g);
	return deliver_gate(c, ev, &g);
}

/* --- combining --- */

/* SDM 3 table 6-4. */
enum fault_class { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT };

static enum fault_class
class_of(const struct event *ev)
{
	if (ev->soft || ev->external)
		return BENIGN;
	switch (ev->vector) {
	case VEC_DE:
	case VEC_TS:
	case VEC_NP:
	case VEC_SS:
	case VEC_GP:
		return CONTRIBUTORY;
	case VEC_PF:
		return PAGE_FAULT;
	case VEC_DF:
		return DOUBLE_FAULT;
	}
	return BENIGN;
}

/*
 * RF in the image pushed, SDM 3 17.3.1.1: set for faults, so that an
 * instruction breakpoint does not hit again; as it is for everything else.
 */
static bool
pushes_rf(uint8_t vector, uint64_t dr6)
{
	switch (vector) {
	case VEC_DB:
		return dr6 & BIT(13);	/* general detect is a fault */
	case VEC_NMI:
	case VEC_BP:
	case VEC_OF:
	case VEC_MC:
		return false;
	}
	return true;
}

/* Make an event of the exception in c->exc, with its side effects. */
static struct event
take_raised(struct vcpu *c)
{
	struct event ev = {
		.vector = c->exc.vector,
		.has_error = c->exc.has_error && !x86_real(c),
		.error = c->exc.error,
		.ext = 1,
		.rip = c->s.rip,
		.rflags = c->s.rflags,
	};

	c->exc.raised = false;
	if (pushes_rf(ev.vector, c->exc.dr6))
		ev.rflags |= FLAG_RF;
	if (ev.vector == VEC_PF)
		c->s.cr2 = c->exc.cr2;
	if (ev.vector == VEC_DB) {
		c->s.dr[6] |= c->exc.dr6;
		c->s.dr[7] &= ~BIT(13);
	}
	return ev;
}

static int
triple_fault(struct vcpu *c)
{
	c->exc.raised = false;
	c->s.activity = ACT_SHUTDOWN;
	return -EPERM;
}

static int
deliver(struct vcpu *c, struct event ev)
{
	c->s.shadow = 0;
	while (deliver_event(c, &ev)) {
		enum fault_class first = class_of(&ev);
		enum fault_class second;
		struct event next = take_raised(c);

		second = class_of(&next);
		/* SDM 3 table 6-5. */
		if (first == DOUBLE_FAULT &&
		    (second == CONTRIBUTORY || second == PAGE_FAULT))
			return triple_fault(c);
		if ((first == CONTRIBUTORY && second == CONTRIBUTORY) ||
		    (first == PAGE_FAULT && second != BENIGN)) {
			next.vector = VEC_DF;
			next.has_error = !x86_real(c);
			next.error = 0;
		}
		ev = next;
	}
	if (c->s.activity == ACT_HALTED)
		c->s.activity = ACT_RUNNING;
	return 0;
}

/* --- entry points --- */

/*
 * The way of PCs before CR0.NE (SDM 1 8.7.2): FERR# rings IRQ 13, and the
 * processor waits for an interrupt in front of the waiting instruction.
 */
static void
signal_ferr(struct vcpu *c)
{
	const struct platform *plat = c->vm->plat;
	bool live = x86_fpu_out(c);
	bool inside = vcpu_out(c);

	plat->ferr(c->vm->plat_ctx);
	vcpu_in(c, inside);
	x86_fpu_in(c, live);
	c->exc.raised = false;
	c->s.activity = ACT_HALTED;
}

int
x86_deliver(struct vcpu *c)
{
	if (unlikely(c->exc.vector == VEC_MF && !(c->s.cr0 & CR0_NE) &&
	    c->vm->plat && c->vm->plat->ferr)) {
		signal_ferr(c);
		return 0;
	}
	return deliver(c, take_raised(c));
}

int
x86_soft_int(struct vcpu *c, uint8_t vector, uint64_t next)
{
	return deliver(c, (struct event){ .vector = vector, .soft = true,
	    .rip = next, .rflags = c->s.rflags & ~(uint64_t)FLAG_RF });
}

int
x86_icebp(struct vcpu *c, uint64_t next)
{
	return deliver(c, (struct event){ .vector = VEC_DB, .ext = 1,
	    .rip = next, .rflags = c->s.rflags & ~(uint64_t)FLAG_RF });
}

int
x86_interrupt(struct vcpu *c, uint8_t vector)
{
	return deliver(c, (struct event){ .vector = vector, .external = true,
	    .ext = 1, .rip = c->s.rip, .rflags = c->s.rflags });
}

/* Is there an NMI to take?  Requests of other threads become state. */
static bool
nmi_due(struct vcpu *c)
{
	if (atomic_load_explicit(&c->nmi_hint, memory_order_relaxed) &&
	    atomic_exchange(&c->nmi_hint, 0))
		c->s.nmi_pending = 1;
	return c->s.nmi_pending && !c->s.nmi_masked &&
	    !(c->s.shadow & SHADOW_MOVSS);
}

/* The highest interrupt, or -1 with irq_hint cleared. */
static int
irq_next(struct vcpu *c)
{
	const struct platform *plat = c->vm->plat;
	bool inside = vcpu_out(c);
	int v = plat->irq_take(c->vm->plat_ctx, c);

	if (v < 0) {
		/* Whoever raises one from now on sets the hint. */
		atomic_store(&c->irq_hint, 0);
		if (plat->irq_pending(c->vm->plat_ctx, c))
			atomic_store(&c->irq_hint, 1);
	}
	vcpu_in(c, inside);
	return v;
}

int
x86_take_events(struct vcpu *c)
{
	int rc;
	int v;

	if (c->s.kvm_system_time & 1)
		x86_kvmclock_tick(c);
	if (c->s.activity == ACT_WAIT_SIPI || c->s.activity == ACT_SHUTDOWN)
		return 0;
	if (nmi_due(c)) {
		c->s.nmi_pending = 0;
		c->s.nmi_masked = 1;
		rc = x86_interrupt(c, VEC_NMI);
		return rc ? rc : 1;
	}
	if (!atomic_load(&c->irq_hint) || !(c->s.rflags & FLAG_IF) ||
	    c->s.shadow)
		return 0;
	v = irq_next(c);
	if (v < 0)
		return 0;
	rc = x86_interrupt(c, (uint8_t)v);
	return rc ? rc : 1;
}
