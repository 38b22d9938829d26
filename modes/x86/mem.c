/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear memory as an instruction sees it: privilege, page crossing, MMIO,
 * traces, segment limits.  A small direct-mapped TLB saves most page walks; an
 * entry remembers which kinds of access were walked, so that a first write
 * walks again and sets D.
 */
#include "modes/x86/priv.h"

#include "base/copy.h"
#include "modes/x86/fpu.h"
#include "modes/x86/stop.h"

/* One page's worth of an access. */
struct piece {
	uint8_t *host;		/* NULL for MMIO */
	uint8_t *trace;
	gpa_t gpa;
	unsigned len;
	bool ram;
};

/* --- the TLB --- */

static struct x86_tlb_entry *
tlb_slot(struct vcpu *c, gva_t page)
{
	return &c->ltlb.e[page >> PAGE_SHIFT & (X86_TLB_ENTRIES - 1)];
}

static bool
tlb_valid(const struct x86_tlb *t, const struct x86_tlb_entry *e)
{
	return e->gen == (e->global ? t->global_gen : t->gen);
}

/* Kinds of access that may be allowed or not on one and the same page. */
static uint32_t
kind_bit(const struct vcpu *c, unsigned access)
{
	unsigned kind = access & (WALK_WRITE | WALK_FETCH | WALK_USER |
	    WALK_IMPLICIT);

	if (c->s.rflags & FLAG_AC)
		kind |= 16;
	return UINT32_C(1) << kind;
}

/* Walk for a page and remember what it gave. */
static int
tlb_fill(struct vcpu *c, struct x86_tlb_entry *e, gva_t va, unsigned access)
{
	struct walk_result r;
	struct gmem_page p;
	gva_t page = va & PAGE_MASK;
	gpa_t gpa;

	c->walk.rflags = c->s.rflags;
	if (walk(&c->vm->mem, &c->walk, va, access, &r))
		return x86_raise_pf(c, va, r.error_code);
	gpa = r.gpa & PAGE_MASK;
	if (e->page != page || !tlb_valid(&c->ltlb, e) || e->gpa != gpa ||
	    e->size != r.page_size || e->global != r.global)
		e->ok = 0;
	gmem_page(&c->vm->mem, gpa, &p);
	e->page = page;
	e->gpa = gpa;
	e->size = r.page_size;
	e->global = r.global;
	e->gen = r.global ? c->ltlb.global_gen : c->ltlb.gen;
	e->host = p.host;
	e->trace = p.trace;
	e->ram = p.writable;
	e->ok |= kind_bit(c, access);
	if (r.page_size != PAGE_SIZE)
		c->ltlb.large = true;
	return 0;
}

/* Translate an access within one page. */
static int
translate(struct vcpu *c, gva_t va, unsigned len, unsigned access,
    struct piece *p)
{
	struct x86_tlb_entry *e = tlb_slot(c, va & PAGE_MASK);
	unsigned off = va & ~PAGE_MASK;

	if (e->page != (va & PAGE_MASK) || !(e->ok & kind_bit(c, access)) ||
	    !tlb_valid(&c->ltlb, e)) {
		if (tlb_fill(c, e, va, access))
			return -1;
	}
	p->host = e->host ? e->host + off : NULL;
	p->trace = e->trace;
	p->gpa = e->gpa + off;
	p->len = len;
	p->ram = e->ram;
	return 0;
}

static void
own_flush(struct vcpu *c, unsigned scope, gva_t va)
{
	struct x86_tlb *t = &c->ltlb;

	/* We have none of another PCID's. */
	if (scope == TLB_FLUSH_PCID || scope == TLB_FLUSH_PCID_PAGE)
		return;
	if (scope != TLB_FLUSH_PAGE) {
		t->gen++;
		if (scope == TLB_FLUSH_ALL) {
			t->global_gen++;
			t->large = false;
		}
		return;
	}
	if (!t->large) {
		struct x86_tlb_entry *e = tlb_slot(c, va & PAGE_MASK);

		if (e->page == (va & PAGE_MASK))
			e->ok = 0;
		return;
	}
	/* INVLPG drops the whole large page around va. */
	for (unsigned i = 0; i < X86_TLB_ENTRIES; i++) {
		struct x86_tlb_entry *e = &t->e[i];

		if (!((e->page ^ va) & ~((e->size ? e->size : PAGE_SIZE) - 1)))
			e->ok = 0;
	}
}

void
x86_tlb_drop(struct vcpu *c)
{
	own_flush(c, TLB_FLUSH_ALL, 0);
}

void
x86_tlb_flush(struct vcpu *c, unsigned scope, gva_t va)
{
	const struct engine_ops *first = c->vm->engine;
	const struct engine_ops *second = c->vm->second;

	own_flush(c, scope, va);
	if (first && first->tlb_flush)
		first->tlb_flush(c, scope, va);
	if (second && second != first && second->tlb_flush)
		second->tlb_flush(c, scope, va);
}

/* --- moving bytes --- */

static void
mmio_read(struct vcpu *c, gpa_t gpa, uint8_t *dst, unsigned len)
{
	const struct platform *plat = c->vm->plat;
	bool live = x86_fpu_out(c);
	bool inside = vcpu_out(c);

	while (len) {
		unsigned n = 8;
		uint64_t v;

		while (n > len || gpa & (n - 1))
			n /= 2;
		v = plat->mmio_read(c->vm->plat_ctx, gpa, n);
		for (unsigned i = 0; i < n; i++)
			dst[i] = (uint8_t)(v >> 8 * i);
		dst += n;
		gpa += n;
		len -= n;
	}
	vcpu_in(c, inside);
	x86_fpu_in(c, live);
}

static void
mmio_write(struct vcpu *c, gpa_t gpa, const uint8_t *src, unsigned len)
{
	const struct platform *plat = c->vm->plat;
	bool live = x86_fpu_out(c);
	bool inside = vcpu_out(c);

	while (len) {
		unsigned n = 8;
		uint64_t v = 0;

		while (n > len || gpa & (n - 1))
			n /= 2;
		for (unsigned i = 0; i < n; i++)
			v |= (uint64_t)src[i] << 8 * i;
		plat->mmio_write(c->vm->plat_ctx, gpa, n, v);
		src += n;
		gpa += n;
		len -= n;
	}
	vcpu_in(c, inside);
	x86_fpu_in(c, live);
}

/* 1, 2, 4 and 8 bytes move as one access, as the processor's own do. */
static void
move(uint8_t *dst, const uint8_t *src, unsigned len)
{
	switch (len) {
	case 1:
		*dst = *src;
		break;
	case 2:
		__builtin_memcpy(dst, src, 2);
		break;
	case 4:
		__builtin_memcpy(dst, src, 4);
		break;
	case 8:
		__builtin_memcpy(dst, src, 8);
		break;
	default:
		copy_bytes(dst, src, len);
	}
}

static void
note_write(struct vcpu *c, const struct piece *p)
{
	uint8_t trace = __atomic_load_n(p->trace, __ATOMIC_RELAXED);

	if (likely(!trace))
		return;
	if (trace & GMEM_TRACE_CODE)
		c->smc_hit = true;
	gmem_note_write(&c->vm->mem, p->gpa, p->len);
}

static void
piece_read(struct vcpu *c, const struct piece *p, uint8_t *dst)
{
	if (likely(p->host))
		move(dst, p->host, p->len);
	else
		mmio_read(c, p->gpa, dst, p->len);
}

static void
piece_write(struct vcpu *c, const struct piece *p, const uint8_t *src)
{
	if (unlikely(!p->host)) {
		mmio_write(c, p->gpa, src, p->len);
		return;
	}
	if (!p->ram)
		return;
	note_write(c, p);
	move(p->host, src, p->len);
	/*
	 * Another vCPU may have translated from the page in between; it sets
	 * the trace before it reads the code.
	 */
	if (c->vm->n_vcpus > 1) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		note_write(c, p);
	}
}

/* --- accesses --- */

/* SDM 3 6.15, #AC: only at CPL 3, on what the tables there list. */
static bool
misaligned(const struct vcpu *c, gva_t va, unsigned len, unsigned access)
{
	unsigned align = len == 10 ? 8 : len;

	if (likely(!(c->s.rflags & FLAG_AC)) || !(c->s.cr0 & CR0_AM) ||
	    !(access & WALK_USER) || align > 8 || align & (align - 1))
		return false;
	return va & (align - 1);
}

/*
 * Check an access of at most a page and split it at the page boundary;
 * returns the number of pieces or -1.
 */
static int
split(struct vcpu *c, gva_t va, unsigned len, unsigned access, unsigned flags,
    struct piece p[2])
{
	unsigned first = (unsigned)(PAGE_SIZE - (va & ~PAGE_MASK));
	gva_t next;

	if (!(flags & MEM_WIDE))
		va &= 0xffffffff;
	else if (unlikely(!x86_canonical(c, va) ||
	    !x86_canonical(c, va + len - 1)))
		return x86_raise_error(c, flags & MEM_STACK ? VEC_SS : VEC_GP,
		    0);
	if (likely(first >= len)) {
		if (translate(c, va, len, access, &p[0]))
			return -1;
	} else {
		next = va + first;
		if (!(flags & MEM_WIDE))
			next &= 0xffffffff;
		if (translate(c, va, first, access, &p[0]) ||
		    translate(c, next, len - first, access, &p[1]))
			return -1;
	}
	if (flags & MEM_ALIGN && unlikely(misaligned(c, va, len, access)))
		return x86_raise_error(c, VEC_AC, 0);
	return first >= len ? 1 : 2;
}

int
x86_mem_read(struct vcpu *c, gva_t va, void *dst, unsigned len,
    unsigned access, unsigned flags)
{
	struct piece p[2];
	int n = split(c, va, len, access, flags, p);

	if (n < 0)
		return -1;
	piece_read(c, &p[0], dst);
	if (n == 2)
		piece_read(c, &p[1], (uint8_t *)dst + p[0].len);
	return 0;
}

int
x86_mem_write(struct vcpu *c, gva_t va, const void *src, unsigned len,
    unsigned access, unsigned flags)
{
	struct piece p[2];
	int n = split(c, va, len, access | WALK_WRITE, flags, p);

	if (n < 0)
		return -1;
	piece_write(c, &p[0], src);
	if (n == 2)
		piece_write(c, &p[1], (const uint8_t *)src + p[0].len);
	return 0;
}

/* The caller's access as the current CPL makes it. */
static unsigned
as_current(const struct vcpu *c, unsigned access)
{
	if (c->s.cpl == 3 && !(access & WALK_IMPLICIT))
		access |= WALK_USER;
	return access & ~ACCESS_UNALIGNED;
}

static unsigned
flags_current(const struct vcpu *c, unsigned access, bool is_stack)
{
	unsigned flags = is_stack ? MEM_STACK : 0;

	if (!(access & ACCESS_UNALIGNED))
		flags |= MEM_ALIGN;
	if (x86_code64(c) || (access & WALK_IMPLICIT && x86_long_mode(c)))
		flags |= MEM_WIDE;
	return flags;
}

int
x86_read(struct vcpu *c, gva_t va, void *dst, unsigned len, unsigned access,
    bool is_stack)
{
	return x86_mem_read(c, va, dst, len, as_current(c, access),
	    flags_current(c, access, is_stack));
}

int
x86_write(struct vcpu *c, gva_t va, const void *src, unsigned len,
    unsigned access, bool is_stack)
{
	return x86_mem_write(c, va, src, len, as_current(c, access),
	    flags_current(c, access, is_stack));
}

int
x86_probe(struct vcpu *c, gva_t va, unsigned len, unsigned access,
    bool is_stack)
{
	unsigned flags = flags_current(c, access, is_stack);
	struct piece p[2];

	access = as_current(c, access);
	while (len) {
		unsigned n = MIN(len, (unsigned)PAGE_SIZE);

		if (split(c, va, n, access, flags, p) < 0)
			return -1;
		va += n;
		len -= n;
		flags &= ~MEM_ALIGN;
	}
	return 0;
}

int
x86_map(struct vcpu *c, gva_t va, unsigned len, unsigned access,
    bool is_stack, void **host)
{
	struct piece p[2];
	int n;

	*host = NULL;
	if (len > PAGE_SIZE)
		return x86_probe(c, va, len, access, is_stack);
	n = split(c, va, len, as_current(c, access),
	    flags_current(c, access, is_stack), p);
	if (n < 0)
		return -1;
	if (n != 1 || !p[0].host || (access & WALK_WRITE && !p[0].ram))
		return 0;
	if (access & WALK_WRITE)
		note_write(c, &p[0]);
	*host = p[0].host;
	return 0;
}

void
x86_mapped_done(struct vcpu *c, gva_t va, unsigned len)
{
	struct piece p;

	if (!x86_code64(c))
		va &= 0xffffffff;
	if (c->vm->n_vcpus < 2)
		return;
	/* The entry x86_map() made is still there, or a walk finds it again. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!translate(c, va, len, as_current(c, WALK_WRITE), &p) && p.host)
		note_write(c, &p);
	else
		c->exc.raised = false;
}

/* --- fetch --- */

/* How many bytes at rip lie within CS, at most 15; *va becomes linear. */
static unsigned
fetch_window(const struct vcpu *c, gva_t *va)
{
	const struct seg_reg *cs = &c->s.seg[SEG_CS];
	uint64_t rip = c->s.rip;
	uint64_t last;

	if (x86_code64(c)) {
		*va = rip;
		for (unsigned n = 15; n; n--)
			if (x86_canonical(c, rip) &&
			    x86_canonical(c, rip + n - 1))
				return n;
		return 0;
	}
	*va = (cs->base + rip) & 0xffffffff;
	last = cs->limit;
	if (rip > last)
		return 0;
	return last - rip >= 14 ? 15 : (unsigned)(last - rip + 1);
}

int
x86_fetch(struct vcpu *c, uint8_t *buf)
{
	unsigned access = as_current(c, WALK_FETCH);
	unsigned want;
	unsigned got = 0;
	gva_t va;

	want = fetch_window(c, &va);
	while (got < want) {
		gva_t at = va + got;
		unsigned n = (unsigned)(PAGE_SIZE - (at & ~PAGE_MASK));
		struct piece p;

		if (!x86_code64(c))
			at &= 0xffffffff;
		n = MIN(n, want - got);
		if (translate(c, at, n, access, &p)) {
			c->exc.raised = false;
			break;
		}
		piece_read(c, &p, buf + got);
		got += n;
	}
	return (int)got;
}

int
x86_fetch_fault(struct vcpu *c, unsigned got)
{
	unsigned access = as_current(c, WALK_FETCH);
	struct piece p;
	gva_t va;

	if (got >= fetch_window(c, &va))
		return x86_raise_error(c, VEC_GP, 0);
	va += got;
	if (!x86_code64(c))
		va &= 0xffffffff;
	if (translate(c, va, 1, access, &p))
		return -1;
	/*
	 * Another vCPU has mapped the page since: nothing to raise after all.
	 * The caller fetches again when it finds no exception.
	 */
	return 0;
}

/* --- segmentation --- */

/* Type and presence of a data access, SDM 3 5.5; V86 and real mode: none. */
static bool
type_ok(const struct vcpu *c, const struct seg_reg *s, bool write)
{
	if (x86_real(c))
		return true;
	if (s->attr & SEG_UNUSABLE || !(s->attr & SEG_P))
		return false;
	if (write)
		return !(s->attr & SEG_CODE) && s->attr & SEG_WRITE_READ;
	return !(s->attr & SEG_CODE) || s->attr & SEG_WRITE_READ;
}

static bool
limit_ok(const struct seg_reg *s, uint64_t off, unsigned len)
{
	uint64_t last = off + len - 1;

	if (!(s->attr & SEG_CODE) && s->attr & SEG_EXPDOWN_CONF)
		return off > s->limit &&
		    last <= (s->attr & SEG_DB ? 0xffffffff : 0xffff);
	/* SDM 3 5.3: at a limit of 4 GiB wrapping need not fault. */
	return last <= s->limit || s->limit == 0xffffffff;
}

int
x86_linear(struct vcpu *c, enum seg_name seg, uint64_t off, unsigned len,
    bool write, gva_t *va)
{
	const struct seg_reg *s = &c->s.seg[seg];

	if (x86_code64(c)) {
		*va = off;
		if (seg == SEG_FS || seg == SEG_GS)
			*va += s->base;
		if (likely(x86_canonical(c, *va) &&
		    x86_canonical(c, *va + len - 1)))
			return 0;
	} else {
		*va = (s->base + off) & 0xffffffff;
		if (likely(type_ok(c, s, write) && limit_ok(s, off, len)))
			return 0;
	}
	return x86_raise_error(c, seg == SEG_SS ? VEC_SS : VEC_GP, 0);
}
