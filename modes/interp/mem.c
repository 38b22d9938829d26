/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter's way to linear memory: a small soft TLB in front of the
 * page walker, and slow paths through modes/x86 for everything that is not
 * plain RAM within one page (MMIO, ROM writes, page crossings, faults).
 */
#include "modes/interp/interp.h"
#include "modes/x86/stop.h"

void
interp_tlb_flush(struct interp *in)
{
	bool watched = in->key == GEN_NEVER;

	if (in->gen == GEN_MAX) {
		fill_bytes(in->tlb, 0, sizeof(in->tlb));
		fill_bytes(in->fetch, 0, sizeof(in->fetch));
		in->gen = 0;
	}
	in->gen++;
	in->key = watched ? GEN_NEVER : in->gen;
}

static unsigned
walk_access(const struct vcpu *c, bool write)
{
	return (write ? WALK_WRITE : 0) | (c->s.cpl == 3 ? WALK_USER : 0);
}

/*
 * Translate for the access; NULL if it faults or is not memory that may be
 * accessed directly.  Raises nothing: the slow path will.
 */
static struct tlb_entry *
tlb_fill(struct vcpu *c, gva_t va, bool write)
{
	struct tlb_entry *t = tlb_slot(c, va);
	struct interp *in = interp_of(c);
	gva_t tag = (va & PAGE_MASK) | in->gen;
	struct walk_result r;
	struct gmem_page page;

	if (!x86_canonical(c, va) && x86_long_mode(c))
		return NULL;
	c->walk.rflags = c->s.rflags;
	if (walk(&c->vm->mem, &c->walk, va, walk_access(c, write), &r))
		return NULL;
	if (!gmem_page(&c->vm->mem, r.gpa, &page))
		return NULL;
	if (write && !page.writable)
		return NULL;
	if (t->rtag != tag)
		t->wtag = 0;
	t->rtag = tag;
	if (write)
		t->wtag = tag;
	t->host = page.host;
	t->trace = page.trace;
	t->gpa = r.gpa & PAGE_MASK;
	return t;
}

/* Entry for an access within one page, filled if need be. */
static struct tlb_entry *
tlb_get(struct vcpu *c, gva_t va, bool write)
{
	struct tlb_entry *t = tlb_slot(c, va);
	gva_t tag = (va & PAGE_MASK) | interp_of(c)->gen;

	if ((write ? t->wtag : t->rtag) == tag)
		return t;
	return tlb_fill(c, va, write);
}

/*
 * Between the report and the store another vCPU may translate the old bytes
 * once more: nothing stops it when the page was traced already.  So report
 * again after the store.
 */
void
interp_settle(struct vcpu *c)
{
	struct interp *in = interp_of(c);
	unsigned n = in->n_noted;

	in->n_noted = 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned k = 0; k < n; k++)
		gmem_note_write(&c->vm->mem, in->noted[k].gpa,
		    in->noted[k].len);
}

static void
note_write(struct vcpu *c, const struct tlb_entry *t, gva_t va, unsigned len)
{
	uint8_t trace = __atomic_load_n(t->trace, __ATOMIC_RELAXED);
	struct interp *in = interp_of(c);
	gpa_t gpa = t->gpa | (va & ~PAGE_MASK);

	if (likely(!trace))
		return;
	if (trace & GMEM_TRACE_CODE)
		c->smc_hit = true;
	gmem_note_write(&c->vm->mem, gpa, len);
	if (c->vm->n_vcpus == 1)
		return;
	/* A repeated string instruction has stored what is noted so far. */
	if (in->n_noted == ARRAY_LEN(in->noted))
		interp_settle(c);
	in->noted[in->n_noted].gpa = gpa;
	in->noted[in->n_noted++].len = len;
}

static bool
one_page(gva_t va, unsigned len)
{
	return (va & ~PAGE_MASK) + len <= PAGE_SIZE;
}

static void
watch(struct vcpu *c, gva_t va, unsigned len, bool write)
{
	if (unlikely(c->s.dr[7] & 0xff))
		interp_of(c)->watch_hit |= debug_match(c, va, len, write,
		    false);
}

uint8_t *
host_ptr(struct vcpu *c, gva_t va, unsigned len, bool write)
{
	struct tlb_entry *t;

	if (!one_page(va, len))
		return NULL;
	t = tlb_get(c, va, write);
	if (!t)
		return NULL;
	if (write)
		note_write(c, t, va, len);
	watch(c, va, len, write);
	return t->host + (va & ~PAGE_MASK);
}

int
check_align(struct vcpu *c, gva_t va, unsigned align)
{
	return misaligned(c, va, align) ? x86_raise_error(c, VEC_AC, 0) : 0;
}

int
ld_slow(struct vcpu *c, gva_t va, unsigned size, bool stack, uint64_t *v)
{
	const uint8_t *p;

	if (misaligned(c, va, size))
		return x86_raise_error(c, VEC_AC, 0);
	p = host_ptr(c, va, size, false);
	if (p) {
		*v = host_load(p, size);
		return 0;
	}
	*v = 0;
	if (x86_read(c, va, v, size, 0, stack))
		return H_FAULT;
	watch(c, va, size, false);
	return 0;
}

int
st_slow(struct vcpu *c, gva_t va, unsigned size, bool stack, uint64_t v)
{
	uint8_t *p;

	if (misaligned(c, va, size))
		return x86_raise_error(c, VEC_AC, 0);
	p = host_ptr(c, va, size, true);
	if (p) {
		host_store(p, size, v);
		return 0;
	}
	if (x86_write(c, va, &v, size, 0, stack))
		return H_FAULT;
	watch(c, va, size, true);
	return 0;
}

int
ld_bytes(struct vcpu *c, gva_t va, void *dst, unsigned len, bool stack)
{
	uint8_t *to = dst;
	const uint8_t *p = host_ptr(c, va, len, false);
	unsigned n;

	if (p) {
		copy_bytes(dst, p, len);
		return 0;
	}
	for (; len; len -= n, va += n, to += n) {
		n = MIN(len, 64u);
		if (x86_read(c, va, to, n, ACCESS_UNALIGNED, stack))
			return H_FAULT;
		watch(c, va, n, false);
	}
	return 0;
}

int
probe_write(struct vcpu *c, gva_t va, unsigned len, bool stack)
{
	unsigned n;

	for (; len; len -= n, va += n) {
		n = MIN(len, (unsigned)(PAGE_SIZE - (va & ~PAGE_MASK)));
		if (x86_probe(c, va, n, WALK_WRITE | ACCESS_UNALIGNED, stack))
			return H_FAULT;
	}
	return 0;
}

int
st_bytes(struct vcpu *c, gva_t va, const void *src, unsigned len, bool stack)
{
	const uint8_t *from = src;
	uint8_t *p = host_ptr(c, va, len, true);
	unsigned n;

	if (p) {
		copy_bytes(p, src, len);
		return 0;
	}
	if (len > 64 && probe_write(c, va, len, stack))
		return H_FAULT;
	for (; len; len -= n, va += n, from += n) {
		n = MIN(len, 64u);
		if (x86_write(c, va, from, n, ACCESS_UNALIGNED, stack))
			return H_FAULT;
		watch(c, va, n, true);
	}
	return 0;
}

const uint8_t *
fetch_fill(struct vcpu *c, struct fetch_entry *f, gva_t lin)
{
	struct walk_result r;
	struct gmem_page page;

	if (!x86_canonical(c, lin) && x86_long_mode(c))
		return NULL;
	c->walk.rflags = c->s.rflags;
	if (walk(&c->vm->mem, &c->walk, lin, WALK_FETCH |
	    (c->s.cpl == 3 ? WALK_USER : 0), &r))
		return NULL;
	if (!gmem_page(&c->vm->mem, r.gpa, &page))
		return NULL;
	f->tag = (lin & PAGE_MASK) | interp_of(c)->gen;
	f->host = page.host;
	return page.host;
}

/* --- read-modify-write --- */

static bool
host_cmpxchg(uint8_t *p, unsigned size, uint64_t *old, uint64_t v)
{
	bool done;
	uint64_t a = *old;

	switch (size) {
	case 1:
		__asm__ volatile("lock cmpxchgb %b3,%1"
		    : "+a"(a), "+m"(*p), "=@ccz"(done) : "q"(v) : "memory");
		break;
	case 2:
		__asm__ volatile("lock cmpxchgw %w3,%1"
		    : "+a"(a), "+m"(*(u16_any *)p), "=@ccz"(done) : "r"(v)
		    : "memory");
		break;
	case 4:
		__asm__ volatile("lock cmpxchgl %k3,%1"
		    : "+a"(a), "+m"(*(u32_any *)p), "=@ccz"(done) : "r"(v)
		    : "memory");
		break;
	default:
		__asm__ volatile("lock cmpxchgq %3,%1"
		    : "+a"(a), "+m"(*(u64_any *)p), "=@ccz"(done) : "r"(v)
		    : "memory");
		break;
	}
	*old = a & size_mask(size);
	return done;
}

/* Both ends of an access that crosses a page are plain memory. */
static bool
both_ram(struct vcpu *c, gva_t va, unsigned size)
{
	return !one_page(va, size) && host_ptr(c, va, 1, true) &&
	    host_ptr(c, va + size - 1, 1, true);
}

/*
 * No single host instruction can do it: the other vCPUs stand still meanwhile.
 * That means nothing for MMIO, whose devices must not be waited for like this.
 */
static void
rmw_hold(struct vcpu *c, struct rmw *r)
{
	if (c->vm->n_vcpus == 1 || !both_ram(c, r->va, r->size))
		return;
	vm_lock(c->vm);
	vm_stop_others(c->vm);
	r->held = c->vm;
}

int
rmw_load(struct vcpu *c, gva_t va, unsigned size, bool lock, bool stack,
    struct rmw *r)
{
	if (misaligned(c, va, size))
		return x86_raise_error(c, VEC_AC, 0);
	*r = (struct rmw){ .va = va, .size = size, .lock = lock,
	    .stack = stack };
	r->p = host_ptr(c, va, size, true);
	if (r->p) {
		r->old = host_load(r->p, size);
		return 0;
	}
	if (x86_probe(c, va, size, WALK_WRITE, stack))
		return H_FAULT;
	if (lock)
		rmw_hold(c, r);
	if (x86_read(c, va, &r->old, size, 0, stack)) {
		rmw_drop(r);
		return H_FAULT;
	}
	watch(c, va, size, true);
	return 0;
}

int
rmw_store(struct vcpu *c, struct rmw *r, uint64_t v)
{
	int rc;

	if (r->p && r->lock)
		return !host_cmpxchg(r->p, r->size, &r->old, v);
	if (r->p) {
		host_store(r->p, r->size, v);
		return 0;
	}
	rc = x86_write(c, r->va, &v, r->size, 0, r->stack);
	rmw_drop(r);
	return rc;
}

void
rmw_drop(struct rmw *r)
{
	if (!r->held)
		return;
	vm_go_on(r->held);
	vm_unlock(r->held);
	r->held = NULL;
}
