/* SPDX-License-Identifier: Apache-2.0 */
/*
 * String instructions.  A repeated one is done in chunks that never leave a
 * page: RCX, RSI and RDI are exact whenever somebody can look, that is on a
 * fault and when the vCPU's attention is wanted between two chunks; RIP then
 * stays at the instruction.
 */
#include <stdatomic.h>

#include "modes/interp/handlers.h"
#include "modes/interp/native.h"

ALU2(cmp)

struct string {
	struct vcpu *c;
	const struct insn *i;
	unsigned size;		/* of an element */
	unsigned addr;		/* bytes of RSI, RDI, RCX */
	int64_t step;		/* +size or -size */
	enum seg_name src_seg;
};

static void
string_init(struct string *s, struct vcpu *c, const struct insn *i,
    unsigned size)
{
	*s = (struct string){
		.c = c,
		.i = i,
		.size = size,
		.addr = i->addr_bytes,
		.step = c->s.rflags & FLAG_DF ? -(int64_t)size : size,
		.src_seg = i->seg_override != REG_NONE ? i->seg_override :
		    SEG_DS,
	};
}

/* Element size: of the string operand, whichever comes first. */
static unsigned
element_size(const struct insn *i)
{
	for (unsigned n = 0; n < i->n_opnd; n++)
		if (i->opnd[n].kind == OPND_STR_SRC ||
		    i->opnd[n].kind == OPND_STR_DST)
			return i->opnd[n].size;
	return i->op_bytes;
}

static int
src_linear(const struct string *s, gva_t *va)
{
	return linear(s->c, s->i->mode, s->src_seg,
	    s->c->s.gpr[RSI] & addr_mask(s->addr), s->size, false, va);
}

static int
dst_linear(const struct string *s, bool write, gva_t *va)
{
	return linear(s->c, s->i->mode, SEG_ES,
	    s->c->s.gpr[RDI] & addr_mask(s->addr), s->size, write, va);
}

static void
advance(const struct string *s, enum gpr reg, uint64_t n)
{
	reg_set(s->c, reg, s->addr, s->c->s.gpr[reg] + s->step * n);
}

static uint64_t
count_left(const struct string *s)
{
	return reg_get(s->c, RCX, s->addr);
}

static void
count_down(const struct string *s, uint64_t n)
{
	reg_set(s->c, RCX, s->addr, s->c->s.gpr[RCX] - n);
}

/* Must the instruction stop here, to go on later? */
static bool
interrupted(struct vcpu *c)
{
	c->looks++;
	return atomic_load_explicit(&c->attention, memory_order_relaxed) == 0 ||
	    (c->s.rflags & FLAG_TF) || (c->s.dr[7] & 0xff);
}

/*
 * How many elements from reg on lie in va's page without the offset wrapping
 * and, outside 64-bit mode, without leaving a flat segment.
 */
static uint64_t
run_length(const struct string *s, enum gpr reg, enum seg_name seg, gva_t va)
{
	uint64_t off = s->c->s.gpr[reg] & addr_mask(s->addr);
	uint64_t n = (PAGE_SIZE - (va & ~PAGE_MASK)) / s->size;
	uint64_t wrap = (addr_mask(s->addr) - off) / s->size;

	if (s->step < 0)
		return 1;
	if (s->i->mode != MODE_64 &&
	    s->c->s.seg[seg].limit != 0xffffffff)
		return 1;
	return MAX(MIN(n, wrap), UINT64_C(1));
}

/* --- MOVS --- */

static int
movs_one(const struct string *s, gva_t from, gva_t to)
{
	uint64_t v;

	if (ld(s->c, from, s->size, s->src_seg == SEG_SS, &v) ||
	    st(s->c, to, s->size, false, v))
		return H_FAULT;
	return 0;
}

/* Up to max elements; 0 faulted, else how many were moved. */
static uint64_t
movs_chunk(const struct string *s, uint64_t max)
{
	uint8_t *src, *dst;
	gva_t from, to;
	uint64_t n;

	if (src_linear(s, &from) || dst_linear(s, true, &to))
		return 0;
	n = MIN(max, run_length(s, RSI, s->src_seg, from));
	n = MIN(n, run_length(s, RDI, SEG_ES, to));
	if (n > 1 && !misaligned(s->c, from | to, s->size)) {
		src = host_ptr(s->c, from, n * s->size, false);
		dst = host_ptr(s->c, to, n * s->size, true);
		/* A short forward overlap must repeat whole elements. */
		if (src && dst && (uint64_t)(dst - src) - 1 >= s->size - 1) {
			copy_bytes(dst, src, n * s->size);
			goto moved;
		}
	}
	n = 1;
	if (movs_one(s, from, to))
		return 0;
moved:
	advance(s, RSI, n);
	advance(s, RDI, n);
	return n;
}

/* --- STOS, LODS --- */

static void
fill(uint8_t *p, uint64_t v, unsigned size, uint64_t n)
{
	switch (size) {
	case 1:
		__asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(v)
		    : "memory");
		break;
	case 2:
		__asm__ volatile("rep stosw" : "+D"(p), "+c"(n) : "a"(v)
		    : "memory");
		break;
	case 4:
		__asm__ volatile("rep stosl" : "+D"(p), "+c"(n) : "a"(v)
		    : "memory");
		break;
	default:
		__asm__ volatile("rep stosq" : "+D"(p), "+c"(n) : "a"(v)
		    : "memory");
		break;
	}
}

static uint64_t
stos_chunk(const struct string *s, uint64_t max)
{
	uint8_t *dst;
	gva_t to;
	uint64_t n;

	if (dst_linear(s, true, &to))
		return 0;
	n = MIN(max, run_length(s, RDI, SEG_ES, to));
	dst = n > 1 && !misaligned(s->c, to, s->size) ?
	    host_ptr(s->c, to, n * s->size, true) : NULL;
	if (dst) {
		fill(dst, s->c->s.gpr[RAX], s->size, n);
	} else {
		n = 1;
		if (st(s->c, to, s->size, false, s->c->s.gpr[RAX]))
			return 0;
	}
	advance(s, RDI, n);
	return n;
}

static uint64_t
lods_chunk(const struct string *s, uint64_t max)
{
	gva_t from;
	uint64_t v;

	if (src_linear(s, &from) ||
	    ld(s->c, from, s->size, s->src_seg == SEG_SS, &v))
		return 0;
	reg_set(s->c, RAX, s->size, v);
	advance(s, RSI, 1);
	return 1;
}

typedef uint64_t chunk_fn(const struct string *s, uint64_t max);

static int
repeat(struct vcpu *c, const struct insn *i, chunk_fn *chunk)
{
	struct string s;
	uint64_t n;

	string_init(&s, c, i, element_size(i));
	if (!i->rep)
		return chunk(&s, 1) ? H_NEXT : H_FAULT;
	while (count_left(&s)) {
		/* Single steps and breakpoints want each iteration. */
		n = chunk(&s, c->s.rflags & FLAG_TF || c->s.dr[7] & 0xff ? 1 :
		    count_left(&s));
		if (!n)
			return H_FAULT;
		count_down(&s, n);
		if (count_left(&s) && interrupted(c))
			return H_RIP;
	}
	return H_NEXT;
}

int
h_movs(struct vcpu *c, const struct insn *i)
{
	return repeat(c, i, movs_chunk);
}

int
h_stos(struct vcpu *c, const struct insn *i)
{
	return repeat(c, i, stos_chunk);
}

int
h_lods(struct vcpu *c, const struct insn *i)
{
	return repeat(c, i, lods_chunk);
}

/* --- CMPS, SCAS --- */

/* One comparison; sets the flags and moves the pointers. */
static int
cmps_one(const struct string *s)
{
	uint32_t f = 0;
	gva_t from, to;
	uint64_t a, b;

	if (src_linear(s, &from) || dst_linear(s, false, &to) ||
	    ld(s->c, from, s->size, s->src_seg == SEG_SS, &a) ||
	    ld(s->c, to, s->size, false, &b))
		return H_FAULT;
	cmp_fns[size_index(s->size)](a, b, &f);
	flags_unpack(s->c, f);
	advance(s, RSI, 1);
	advance(s, RDI, 1);
	return 0;
}

static int
scas_one(const struct string *s)
{
	uint32_t f = 0;
	gva_t to;
	uint64_t b;

	if (dst_linear(s, false, &to) || ld(s->c, to, s->size, false, &b))
		return H_FAULT;
	cmp_fns[size_index(s->size)](s->c->s.gpr[RAX], b, &f);
	flags_unpack(s->c, f);
	advance(s, RDI, 1);
	return 0;
}

static int
compare(struct vcpu *c, const struct insn *i,
    int (*one)(const struct string *s))
{
	bool while_equal = i->rep == 0xf3;
	struct string s;
	unsigned done = 0;

	string_init(&s, c, i, element_size(i));
	if (!i->rep)
		return one(&s) ? H_FAULT : H_NEXT;
	while (count_left(&s)) {
		if (one(&s))
			return H_FAULT;
		count_down(&s, 1);
		if (!!(c->s.rflags & FLAG_ZF) != while_equal)
			break;
		if (++done % 256 == 0 || (c->s.rflags & FLAG_TF) ||
		    (c->s.dr[7] & 0xff))
			if (count_left(&s) && interrupted(c))
				return H_RIP;
	}
	return H_NEXT;
}

int
h_cmps(struct vcpu *c, const struct insn *i)
{
	return compare(c, i, cmps_one);
}

int
h_scas(struct vcpu *c, const struct insn *i)
{
	return compare(c, i, scas_one);
}

/* --- INS, OUTS --- */

static uint64_t
ins_chunk(const struct string *s, uint64_t max)
{
	uint16_t port = s->c->s.gpr[RDX];
	gva_t to;

	if (io_allowed(s->c, port, s->size) || dst_linear(s, true, &to))
		return 0;
	/* The port is read only once the store is known to succeed. */
	if (check_align(s->c, to, s->size) ||
	    probe_write(s->c, to, s->size, false) ||
	    st(s->c, to, s->size, false, port_in(s->c, port, s->size)))
		return 0;
	advance(s, RDI, 1);
	return 1;
}

static uint64_t
outs_chunk(const struct string *s, uint64_t max)
{
	uint16_t port = s->c->s.gpr[RDX];
	gva_t from;
	uint64_t v;

	if (io_allowed(s->c, port, s->size) || src_linear(s, &from) ||
	    ld(s->c, from, s->size, s->src_seg == SEG_SS, &v))
		return 0;
	port_out(s->c, port, s->size, v);
	advance(s, RSI, 1);
	return 1;
}

int
h_ins(struct vcpu *c, const struct insn *i)
{
	return repeat(c, i, ins_chunk);
}

int
h_outs(struct vcpu *c, const struct insn *i)
{
	return repeat(c, i, outs_chunk);
}
