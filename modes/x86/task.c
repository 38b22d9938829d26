/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardware task switches, SDM 3 chapter 7, with 16- and 32-bit TSSs.
 *
 * Up to the moment the new task's state is loaded every fault is the old
 * task's and changes nothing; after it faults belong to the new one.
 */
#include "modes/x86/priv.h"

#include "base/copy.h"

/* Where a TSS keeps what: offsets, and the size of its general fields. */
struct layout {
	uint8_t ip, flags, gpr, seg, ldt;
	uint8_t size;		/* of IP, FLAGS and registers */
	uint8_t seg_step;
	uint8_t n_segs;		/* ES CS SS DS, and FS GS */
	uint8_t last;		/* lowest limit allowed */
};

static const struct layout tss16 = {
	.ip = 0x0e, .flags = 0x10, .gpr = 0x12, .seg = 0x22, .ldt = 0x2a,
	.size = 2, .seg_step = 2, .n_segs = 4, .last = 0x2b,
};

static const struct layout tss32 = {
	.ip = 0x20, .flags = 0x24, .gpr = 0x28, .seg = 0x48, .ldt = 0x60,
	.size = 4, .seg_step = 4, .n_segs = 6, .last = 0x67,
};

#define TSS_CR3 0x1c
#define TSS_TRAP 0x64
#define DR6_BT BIT(15)

static const struct layout *
layout_of(uint16_t attr)
{
	return (attr & SEG_TYPE) >= SYS_TSS32 ? &tss32 : &tss16;
}

/* --- the incoming TSS --- */

/* Steps 1 to 4: a descriptor that may be switched to. */
static int
check_tss(struct vcpu *c, const struct task_req *q, struct desc *d,
    struct seg_reg *tr)
{
	bool back = q->source == TASK_IRET;
	enum vector v = back ? VEC_TS : VEC_GP;
	unsigned want = back ? 1u << SYS_TSS16_BUSY | 1u << SYS_TSS32_BUSY :
	    1u << SYS_TSS16 | 1u << SYS_TSS32;

	if (q->sel & 4 || sel_null(q->sel))
		return x86_raise_sel(c, v, q->sel, q->ext);
	if (x86_desc_read(c, q->sel, d, v, q->ext))
		return -1;
	if (d->attr & SEG_S || !(want >> (d->attr & SEG_TYPE) & 1))
		return x86_raise_sel(c, v, q->sel, q->ext);
	if (!(d->attr & SEG_P))
		return x86_raise_sel(c, VEC_NP, q->sel, q->ext);
	*tr = x86_desc_seg(d, q->sel);
	if (tr->limit < layout_of(tr->attr)->last)
		return x86_raise_sel(c, VEC_TS, q->sel, q->ext);
	return 0;
}

/* --- the outgoing task --- */

/* SDM 3 7.3 step 8: rip to the last selector, in one piece. */
static int
save_old(struct vcpu *c, const struct task_req *q, uint64_t rflags)
{
	const struct seg_reg *tr = &c->s.seg[SEG_TR];
	const struct layout *l = layout_of(tr->attr);
	uint8_t image[0x60];
	unsigned len = l->seg + l->n_segs * l->seg_step - l->ip;

	if (x86_sys_read(c, tr->base + l->ip, image, len))
		return -1;
	copy_bytes(image, &q->rip, l->size);
	copy_bytes(image + l->flags - l->ip, &rflags, l->size);
	for (unsigned i = 0; i < 8; i++)
		copy_bytes(image + l->gpr - l->ip + i * l->size, &c->s.gpr[i],
		    l->size);
	for (unsigned i = 0; i < l->n_segs; i++)
		copy_bytes(image + l->seg - l->ip + i * l->seg_step,
		    &c->s.seg[i].selector, 2);
	return x86_sys_write(c, tr->base + l->ip, image, len);
}

/* The busy bit of the outgoing TSS goes when nobody will return to it. */
static int
release_old(struct vcpu *c)
{
	struct desc d;

	if (x86_desc_read(c, c->s.seg[SEG_TR].selector, &d, VEC_TS, 0))
		return -1;
	return x86_desc_busy(c, &d, false);
}

/* --- the incoming task --- */

/* Everything the TSS holds, as read before anything changes. */
struct image {
	uint32_t ip, flags, cr3;
	uint32_t gpr[8];
	uint16_t sel[6];
	uint16_t ldt;
	bool trap;
};

static uint32_t
get(const uint8_t *p, unsigned size)
{
	uint32_t v = 0;

	copy_bytes(&v, p, size);
	return v;
}

static int
read_new(struct vcpu *c, const struct seg_reg *tr, struct image *im)
{
	const struct layout *l = layout_of(tr->attr);
	uint8_t b[0x68];

	if (x86_sys_read(c, tr->base, b, l->last + 1u))
		return -1;
	*im = (struct image){
		.ip = get(b + l->ip, l->size),
		.flags = get(b + l->flags, l->size),
		.ldt = (uint16_t)get(b + l->ldt, 2),
	};
	for (unsigned i = 0; i < 8; i++)
		im->gpr[i] = get(b + l->gpr + i * l->size, l->size);
	for (unsigned i = 0; i < l->n_segs; i++)
		im->sel[i] = (uint16_t)get(b + l->seg + i * l->seg_step, 2);
	if (l == &tss32) {
		im->cr3 = get(b + TSS_CR3, 4);
		im->trap = b[TSS_TRAP] & 1;
	} else {
		/* A 16-bit task sees ones in the upper halves, as 386s do. */
		for (unsigned i = 0; i < 8; i++)
			im->gpr[i] |= 0xffff0000;
	}
	return 0;
}

/* Registers and unverified selectors: from here on it is the new task. */
static int
commit_new(struct vcpu *c, const struct seg_reg *tr, const struct image *im)
{
	bool wide = layout_of(tr->attr) == &tss32;
	struct walk_regs r = c->walk;

	if (wide && c->s.cr0 & CR0_PG) {
		r.cr3 = im->cr3;
		if (c->s.cr4 & CR4_PAE && walk_load_pdptes(&c->vm->mem, &r))
			return x86_raise_sel(c, VEC_TS, tr->selector, 0);
		for (unsigned i = 0; i < 4; i++)
			c->s.pdpte[i] = c->walk.pdpte[i] = r.pdpte[i];
		c->s.cr3 = c->walk.cr3 = im->cr3;
		x86_tlb_flush(c, TLB_FLUSH_NONGLOBAL, 0);
	}
	c->s.seg[SEG_TR] = *tr;
	c->s.seg[SEG_TR].attr |= 2;
	c->s.rip = im->ip;
	for (unsigned i = 0; i < 8; i++)
		c->s.gpr[i] = im->gpr[i];
	for (unsigned i = SEG_ES; i <= SEG_GS; i++)
		c->s.seg[i] = x86_null_seg(im->sel[i]);
	c->s.seg[SEG_LDTR] = x86_null_seg(im->ldt);
	c->s.rflags = (im->flags & 0x3f7fd7) | FLAG_FIXED1;
	c->walk.rflags = c->s.rflags;
	c->s.cr0 |= CR0_TS;
	c->walk.cr0 = c->s.cr0;
	c->s.dr[7] &= ~UINT64_C(0x155);
	return 0;
}

static int
new_ldt(struct vcpu *c, uint16_t sel, uint32_t ext)
{
	struct desc d;

	if (sel_null(sel))
		return 0;
	if (sel & 4)
		return x86_raise_sel(c, VEC_TS, sel, ext);
	if (x86_desc_read(c, sel, &d, VEC_TS, ext))
		return -1;
	if ((d.attr & (SEG_S | SEG_TYPE)) != SYS_LDT || !(d.attr & SEG_P))
		return x86_raise_sel(c, VEC_TS, sel, ext);
	c->s.seg[SEG_LDTR] = x86_desc_seg(&d, sel);
	return 0;
}

static int
new_cs(struct vcpu *c, uint16_t sel, uint32_t ext)
{
	struct desc d;
	unsigned dpl;

	if (sel_null(sel))
		return x86_raise_sel(c, VEC_TS, sel, ext);
	if (x86_desc_read(c, sel, &d, VEC_TS, ext))
		return -1;
	dpl = attr_dpl(d.attr);
	if (!attr_code(d.attr) || (attr_conforming(d.attr) ?
	    dpl > (sel & 3u) : dpl != (sel & 3u)))
		return x86_raise_sel(c, VEC_TS, sel, ext);
	if (!(d.attr & SEG_P))
		return x86_raise_sel(c, VEC_NP, sel, ext);
	if (x86_desc_accessed(c, &d))
		return -1;
	c->s.seg[SEG_CS] = x86_desc_seg(&d, sel);
	return 0;
}

static int
new_data(struct vcpu *c, enum seg_name seg, uint16_t sel, uint32_t ext)
{
	struct desc d;
	unsigned dpl;

	if (sel_null(sel))
		return 0;
	if (x86_desc_read(c, sel, &d, VEC_TS, ext))
		return -1;
	dpl = attr_dpl(d.attr);
	if (!(d.attr & SEG_S) ||
	    (d.attr & SEG_CODE && !(d.attr & SEG_WRITE_READ)))
		return x86_raise_sel(c, VEC_TS, sel, ext);
	if (!(attr_code(d.attr) && attr_conforming(d.attr)) &&
	    ((sel & 3u) > dpl || c->s.cpl > dpl))
		return x86_raise_sel(c, VEC_TS, sel, ext);
	if (!(d.attr & SEG_P))
		return x86_raise_sel(c, VEC_NP, sel, ext);
	if (x86_desc_accessed(c, &d))
		return -1;
	c->s.seg[seg] = x86_desc_seg(&d, sel);
	return 0;
}

/* Step 13: qualify the selectors, in the new task's context. */
static int
load_segments(struct vcpu *c, const struct image *im, uint32_t ext)
{
	static const uint8_t data[] = { SEG_ES, SEG_DS, SEG_FS, SEG_GS };
	unsigned cpl = im->sel[SEG_CS] & 3;
	struct seg_reg ss;

	if (x86_v86(c)) {
		x86_set_cpl(c, 3);
		if (new_ldt(c, im->ldt, ext))
			return -1;
		for (unsigned i = SEG_ES; i <= SEG_GS; i++)
			x86_load_real(c, (enum seg_name)i, im->sel[i]);
		return 0;
	}
	x86_set_cpl(c, cpl);
	/* The DPL beside CPL, though SS is not usable yet. */
	c->s.seg[SEG_SS].attr |= (uint16_t)(cpl << SEG_DPL_SHIFT);
	if (new_ldt(c, im->ldt, ext) ||
	    new_cs(c, im->sel[SEG_CS], ext) ||
	    x86_stack_seg(c, im->sel[SEG_SS], cpl, VEC_TS, ext, &ss))
		return -1;
	c->s.seg[SEG_SS] = ss;
	for (unsigned i = 0; i < ARRAY_LEN(data); i++)
		if (new_data(c, (enum seg_name)data[i], im->sel[data[i]], ext))
			return -1;
	return 0;
}

/* What a fault brought along goes on the new task's stack. */
static int
push_error(struct vcpu *c, const struct task_req *q, unsigned size)
{
	struct stack st = x86_stack_now(c);

	st.error = q->ext;
	if (x86_push(c, &st, q->error, size))
		return -1;
	x86_stack_commit(c, &st);
	return 0;
}

/* Check that nothing of the switch's own memory traffic can fault. */
static int
probe_all(struct vcpu *c, const struct task_req *q, const struct seg_reg *tr)
{
	const struct seg_reg *old = &c->s.seg[SEG_TR];
	bool nested = q->source == TASK_CALL || q->source == TASK_GATE;

	if (old->attr & SEG_UNUSABLE ||
	    old->limit < layout_of(old->attr)->last)
		return x86_raise_sel(c, VEC_TS, old->selector, q->ext);
	if (x86_probe(c, old->base, layout_of(old->attr)->last + 1u,
	    WALK_WRITE | WALK_IMPLICIT, false))
		return -1;
	return x86_probe(c, tr->base, layout_of(tr->attr)->last + 1u,
	    (nested ? WALK_WRITE : 0) | WALK_IMPLICIT, false);
}

/* Steps 5 to 10 on memory: old state, busy bits, back link. */
static int
hand_over(struct vcpu *c, const struct task_req *q, const struct desc *d,
    const struct seg_reg *tr, struct image *im)
{
	bool nested = q->source == TASK_CALL || q->source == TASK_GATE;
	uint64_t rflags = q->rflags;

	if (probe_all(c, q, tr))
		return -1;
	if (q->source == TASK_IRET)
		rflags &= ~(uint64_t)FLAG_NT;
	if (!nested && release_old(c))
		return -1;
	if (save_old(c, q, rflags) || read_new(c, tr, im))
		return -1;
	if (nested) {
		im->flags |= FLAG_NT;
		if (x86_sys_write(c, tr->base, &c->s.seg[SEG_TR].selector, 2))
			return -1;
	}
	if (q->source != TASK_IRET)
		return x86_desc_busy(c, d, true);
	return 0;
}

int
x86_task_enter(struct vcpu *c, const struct task_req *q)
{
	const struct layout *l;
	struct seg_reg tr;
	struct image im;
	struct desc d;

	if (check_tss(c, q, &d, &tr) || hand_over(c, q, &d, &tr, &im))
		return -1;
	l = layout_of(tr.attr);
	if (commit_new(c, &tr, &im) || load_segments(c, &im, q->ext))
		return -1;
	if (q->has_error && push_error(c, q, l->size))
		return -1;
	if (x86_check_rip(c, &c->s.seg[SEG_CS], c->s.rip, q->ext))
		return -1;
	if (im.trap)
		return x86_raise_db(c, DR6_BT);
	return 0;
}

int
x86_task_switch(struct vcpu *c, uint16_t sel, enum task_source source,
    bool has_error, uint32_t error)
{
	return x86_task_enter(c, &(struct task_req){ .sel = sel,
	    .source = source, .has_error = has_error, .error = error,
	    .rip = c->s.rip, .rflags = c->s.rflags });
}
