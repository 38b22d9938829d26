/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors and segment registers: SDM 3 chapters 3 and 5, SDM 2 under MOV,
 * LLDT, LTR, LAR, LSL and VERR.
 */
#include "modes/x86/priv.h"

/* --- descriptors --- */

int
x86_desc_read(struct vcpu *c, uint16_t sel, struct desc *d, enum vector v,
    uint32_t ext)
{
	const struct seg_reg *ldt = &c->s.seg[SEG_LDTR];
	uint32_t off = sel & 0xfff8;
	uint64_t base = c->s.gdtr.base;
	uint32_t limit = c->s.gdtr.limit;

	if (sel & 4) {
		base = ldt->base;
		limit = ldt->limit;
		if (ldt->attr & SEG_UNUSABLE || !(ldt->attr & SEG_P))
			return x86_raise_sel(c, v, sel, ext);
	}
	if (off + 7 > limit)
		return x86_raise_sel(c, v, sel, ext);
	d->addr = base + off;
	d->selector = sel;
	d->high = 0;
	if (x86_sys_read(c, d->addr, &d->raw, 8))
		return -1;
	d->attr = (uint16_t)(d->raw >> 40) & 0xf0ff;
	return 0;
}

int
x86_desc_high(struct vcpu *c, struct desc *d, enum vector v, uint32_t ext)
{
	uint32_t limit = d->selector & 4 ? c->s.seg[SEG_LDTR].limit :
	    c->s.gdtr.limit;

	if ((d->selector & 0xfff8u) + 15 > limit)
		return x86_raise_sel(c, v, d->selector, ext);
	if (x86_sys_read(c, d->addr + 8, &d->high, 8))
		return -1;
	/* SDM 3 figure 8-4: the type field of the upper half is zero. */
	if (d->high >> 40 & 0x1f)
		return x86_raise_sel(c, v, d->selector, ext);
	return 0;
}

/* Change the byte of a descriptor that holds the type; locked on RAM. */
static int
type_byte(struct vcpu *c, gva_t addr, uint8_t or, uint8_t and)
{
	void *host;
	uint8_t byte;

	if (x86_map(c, addr + 5, 1, WALK_WRITE | WALK_IMPLICIT, false, &host))
		return -1;
	if (host) {
		__atomic_fetch_or((uint8_t *)host, or, __ATOMIC_SEQ_CST);
		__atomic_fetch_and((uint8_t *)host, and, __ATOMIC_SEQ_CST);
		x86_mapped_done(c, addr + 5, 1);
		return 0;
	}
	if (x86_sys_read(c, addr + 5, &byte, 1))
		return -1;
	byte = (byte | or) & and;
	return x86_sys_write(c, addr + 5, &byte, 1);
}

int
x86_desc_accessed(struct vcpu *c, struct desc *d)
{
	if (d->attr & SEG_ACCESSED)
		return 0;
	if (type_byte(c, d->addr, SEG_ACCESSED, 0xff))
		return -1;
	d->attr |= SEG_ACCESSED;
	return 0;
}

int
x86_desc_busy(struct vcpu *c, const struct desc *d, bool busy)
{
	return type_byte(c, d->addr, busy ? 2 : 0, busy ? 0xff : 0xfd);
}

struct seg_reg
x86_desc_seg(const struct desc *d, uint16_t sel)
{
	uint64_t raw = d->raw;
	uint32_t limit = (uint32_t)((raw & 0xffff) | (raw >> 32 & 0xf0000));

	if (d->attr & SEG_G)
		limit = limit << 12 | 0xfff;
	return (struct seg_reg){
		.base = (raw >> 16 & 0xffffff) | (raw >> 32 & 0xff000000) |
		    d->high << 32,
		.limit = limit,
		.selector = sel,
		.attr = d->attr,
	};
}

struct seg_reg
x86_flat_code(uint16_t sel, unsigned dpl, bool code64)
{
	return (struct seg_reg){
		.limit = 0xffffffff,
		.selector = sel,
		.attr = (uint16_t)(SEG_CODE | SEG_WRITE_READ | SEG_ACCESSED |
		    SEG_S | SEG_P | SEG_G | dpl << SEG_DPL_SHIFT |
		    (code64 ? SEG_L : SEG_DB)),
	};
}

struct seg_reg
x86_flat_data(uint16_t sel, unsigned dpl)
{
	return (struct seg_reg){
		.limit = 0xffffffff,
		.selector = sel,
		.attr = (uint16_t)(SEG_WRITE_READ | SEG_ACCESSED | SEG_S |
		    SEG_P | SEG_G | SEG_DB | dpl << SEG_DPL_SHIFT),
	};
}

struct seg_reg
x86_null_seg(uint16_t sel)
{
	return (struct seg_reg){ .selector = sel, .attr = SEG_UNUSABLE };
}

int
x86_check_rip(struct vcpu *c, const struct seg_reg *cs, uint64_t rip,
    uint32_t ext)
{
	bool ok = x86_long_mode(c) && cs->attr & SEG_L ?
	    x86_canonical(c, rip) : rip <= cs->limit;

	return ok ? 0 : x86_raise_error(c, VEC_GP, ext);
}

/* --- loading segment registers --- */

void
x86_load_real(struct vcpu *c, enum seg_name seg, uint16_t sel)
{
	struct seg_reg *s = &c->s.seg[seg];

	s->selector = sel;
	s->base = (uint64_t)sel << 4;
	if (x86_v86(c)) {
		s->limit = 0xffff;
		s->attr = SEG_P | SEG_S | SEG_DPL | SEG_WRITE_READ |
		    SEG_ACCESSED;
		return;
	}
	/*
	 * Limit and rights stay what they were ("big real mode"); what a null
	 * selector left behind becomes an ordinary data segment.
	 */
	if (s->attr & SEG_UNUSABLE)
		s->attr = SEG_WRITE_READ | SEG_ACCESSED;
	s->attr |= SEG_P | SEG_S;
}

int
x86_stack_seg(struct vcpu *c, uint16_t sel, unsigned cpl, enum vector v,
    uint32_t ext, struct seg_reg *ss)
{
	struct desc d;

	if (sel_null(sel))
		return x86_raise_error(c, v, ext);
	if (x86_desc_read(c, sel, &d, v, ext))
		return -1;
	if ((sel & 3u) != cpl || !attr_writable_data(d.attr) ||
	    attr_dpl(d.attr) != cpl)
		return x86_raise_sel(c, v, sel, ext);
	if (!(d.attr & SEG_P))
		return x86_raise_sel(c, VEC_SS, sel, ext);
	if (x86_desc_accessed(c, &d))
		return -1;
	*ss = x86_desc_seg(&d, sel);
	return 0;
}

/* MOV/POP/LSS to SS. */
static int
load_ss(struct vcpu *c, uint16_t sel)
{
	struct seg_reg ss;

	if (sel_null(sel) && x86_code64(c) && c->s.cpl < 3 &&
	    (sel & 3) == c->s.cpl) {
		ss = x86_null_seg(sel);
		ss.attr |= (uint16_t)(c->s.cpl << SEG_DPL_SHIFT);
	} else if (x86_stack_seg(c, sel, c->s.cpl, VEC_GP, 0, &ss)) {
		return -1;
	}
	c->s.seg[SEG_SS] = ss;
	return 0;
}

int
x86_load_seg(struct vcpu *c, enum seg_name seg, uint16_t sel)
{
	struct desc d;
	unsigned dpl;

	if (x86_real(c) || x86_v86(c)) {
		x86_load_real(c, seg, sel);
		return 0;
	}
	if (seg == SEG_SS)
		return load_ss(c, sel);
	if (sel_null(sel)) {
		c->s.seg[seg] = x86_null_seg(sel);
		return 0;
	}
	if (x86_desc_read(c, sel, &d, VEC_GP, 0))
		return -1;
	/* Data or readable code; conforming code at any privilege. */
	if (!(d.attr & SEG_S) ||
	    (d.attr & SEG_CODE && !(d.attr & SEG_WRITE_READ)))
		return x86_raise_sel(c, VEC_GP, sel, 0);
	dpl = attr_dpl(d.attr);
	if (!(attr_code(d.attr) && attr_conforming(d.attr)) &&
	    ((sel & 3u) > dpl || c->s.cpl > dpl))
		return x86_raise_sel(c, VEC_GP, sel, 0);
	if (!(d.attr & SEG_P))
		return x86_raise_sel(c, VEC_NP, sel, 0);
	if (x86_desc_accessed(c, &d))
		return -1;
	c->s.seg[seg] = x86_desc_seg(&d, sel);
	return 0;
}

/* A system segment from the GDT, for LLDT and LTR; *s on success. */
static int
system_seg(struct vcpu *c, uint16_t sel, unsigned types, struct desc *d,
    struct seg_reg *s)
{
	if (sel & 4)
		return x86_raise_sel(c, VEC_GP, sel, 0);
	if (x86_desc_read(c, sel, d, VEC_GP, 0))
		return -1;
	if (d->attr & SEG_S || !(types >> (d->attr & SEG_TYPE) & 1))
		return x86_raise_sel(c, VEC_GP, sel, 0);
	if (!(d->attr & SEG_P))
		return x86_raise_sel(c, VEC_NP, sel, 0);
	if (x86_long_mode(c) && x86_desc_high(c, d, VEC_GP, 0))
		return -1;
	*s = x86_desc_seg(d, sel);
	if (x86_long_mode(c) && !x86_canonical(c, s->base))
		return x86_raise_sel(c, VEC_GP, sel, 0);
	return 0;
}

int
x86_lldt(struct vcpu *c, uint16_t sel)
{
	struct seg_reg s;
	struct desc d;

	if (c->s.cpl)
		return x86_raise_error(c, VEC_GP, 0);
	x86_serialise(c);
	if (sel_null(sel))
		s = x86_null_seg(sel);
	else if (system_seg(c, sel, 1 << SYS_LDT, &d, &s))
		return -1;
	c->s.seg[SEG_LDTR] = s;
	return 0;
}

int
x86_ltr(struct vcpu *c, uint16_t sel)
{
	unsigned types = x86_long_mode(c) ? 1 << SYS_TSS32 :
	    1 << SYS_TSS16 | 1 << SYS_TSS32;
	struct seg_reg s;
	struct desc d;

	if (c->s.cpl || sel_null(sel))
		return x86_raise_error(c, VEC_GP, 0);
	x86_serialise(c);
	if (system_seg(c, sel, types, &d, &s) || x86_desc_busy(c, &d, true))
		return -1;
	s.attr |= 2;
	c->s.seg[SEG_TR] = s;
	return 0;
}

/* --- looking at descriptors --- */

/*
 * Read for LAR, LSL, VERR: *ok false instead of #GP where the table has no
 * such entry; -1 only for a page fault.
 */
static int
look(struct vcpu *c, uint16_t sel, struct desc *d, bool *ok)
{
	*ok = false;
	if (sel_null(sel))
		return 0;
	if (!x86_desc_read(c, sel, d, VEC_GP, 0)) {
		*ok = true;
		return 0;
	}
	if (c->exc.vector == VEC_GP) {
		c->exc.raised = false;
		return 0;
	}
	return -1;
}

/* May CPL and RPL see it? */
static bool
visible(const struct vcpu *c, uint16_t sel, uint16_t attr)
{
	unsigned dpl = attr_dpl(attr);

	if (attr_code(attr) && attr_conforming(attr))
		return true;
	return c->s.cpl <= dpl && (sel & 3u) <= dpl;
}

/* System types LAR and LSL accept, SDM 2 tables under LAR and LSL. */
#define LSL_TYPES_LEGACY (1u << SYS_TSS16 | 1u << SYS_LDT | \
	1u << SYS_TSS16_BUSY | 1u << SYS_TSS32 | 1u << SYS_TSS32_BUSY)
#define LSL_TYPES_LONG (1u << SYS_LDT | 1u << SYS_TSS32 | 1u << SYS_TSS32_BUSY)
#define LAR_TYPES_LEGACY (LSL_TYPES_LEGACY | 1u << SYS_CALL16 | \
	1u << SYS_TASK_GATE | 1u << SYS_CALL32)
#define LAR_TYPES_LONG (LSL_TYPES_LONG | 1u << SYS_CALL32)

int
x86_lar(struct vcpu *c, uint16_t sel, uint32_t *ar, bool *ok)
{
	unsigned types = x86_long_mode(c) ? LAR_TYPES_LONG : LAR_TYPES_LEGACY;
	struct desc d;

	if (look(c, sel, &d, ok))
		return -1;
	*ok = *ok && (d.attr & SEG_S || types >> (d.attr & SEG_TYPE) & 1) &&
	    visible(c, sel, d.attr);
	if (*ok)
		*ar = (uint32_t)(d.raw >> 32) & 0x00ffff00;
	return 0;
}

int
x86_lsl(struct vcpu *c, uint16_t sel, uint32_t *limit, bool *ok)
{
	unsigned types = x86_long_mode(c) ? LSL_TYPES_LONG : LSL_TYPES_LEGACY;
	struct desc d;

	if (look(c, sel, &d, ok))
		return -1;
	*ok = *ok && (d.attr & SEG_S || types >> (d.attr & SEG_TYPE) & 1) &&
	    visible(c, sel, d.attr);
	if (*ok)
		*limit = x86_desc_seg(&d, sel).limit;
	return 0;
}

int
x86_verr(struct vcpu *c, uint16_t sel, bool write, bool *ok)
{
	struct desc d;

	if (look(c, sel, &d, ok))
		return -1;
	if (!*ok)
		return 0;
	*ok = d.attr & SEG_S && visible(c, sel, d.attr) && (write ?
	    attr_writable_data(d.attr) :
	    !(d.attr & SEG_CODE) || d.attr & SEG_WRITE_READ);
	return 0;
}
