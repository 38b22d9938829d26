/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the interpreter: its per-vCPU state, how handlers reach registers and
 * guest memory, and the list of handlers.
 *
 * A handler executes one decoded instruction on c->s and returns one of the
 * H_* values.  It must leave c->s untouched when it raises an exception,
 * except where the manual has partial progress (REP, gathers).
 */
#ifndef TRIVISOR_MODES_INTERP_INTERP_H
#define TRIVISOR_MODES_INTERP_INTERP_H

#include "base/copy.h"
#include "modes/cpuid.h"
#include "modes/engine.h"
#include "modes/x86/decode.h"
#include "modes/x86/hostfault.h"
#include "modes/x86/x86.h"

/* What a handler says. */
enum {
	H_FAULT = -1,		/* an exception is raised in c->exc */
	H_NEXT = 0,		/* go on with the next instruction */
	H_RIP = 1,		/* c->s.rip is already right */
};

typedef int handler_fn(struct vcpu *c, const struct insn *i);

/* handler_tab.c: what executes each instruction; NULL: nothing does. */
handler_fn *interp_handler(const struct insn *i);

/*
 * Soft TLB.  A tag is the page's linear address plus the generation, so a
 * flush is an increment.  Only RAM and ROM get entries; writes only RAM.
 */
struct tlb_entry {
	gva_t rtag;
	gva_t wtag;
	uint8_t *host;		/* start of the page */
	uint8_t *trace;
	gpa_t gpa;
};

struct fetch_entry {
	gva_t tag;
	const uint8_t *host;
};

#define TLB_ENTRIES 256
#define FETCH_ENTRIES 64
#define CACHE_ENTRIES 16384
#define GEN_MAX 0xffeu
#define GEN_NEVER 0xfffu	/* no entry carries it: always miss */

/* Which rights an entry was made for. */
enum tlb_kind { TLB_SUPER, TLB_USER, TLB_SUPER_AC, TLB_KINDS };

/* A decoded instruction; trusted only while the bytes in memory match. */
struct cached_insn {
	gva_t lin;
	handler_fn *handler;
	uint8_t mode;		/* enum insn_mode + 1; 0: empty */
	bool check;		/* see the ATTR_* of desc before running */
	struct insn insn;
};

struct thunk_cache;

/* c->aux[ENGINE_INTERP] */
struct interp {
	unsigned gen;		/* of valid entries */
	unsigned key;		/* gen; GEN_NEVER while data is watched */
	uint64_t watch_hit;	/* DR6 bits of data breakpoints just hit */
	/* Writes to traced pages that this instruction does: mem.c. */
	struct {
		gpa_t gpa;
		unsigned len;
	} noted[4];
	unsigned n_noted;
	struct hostfault_stack stack;
	struct thunk_cache *thunks;	/* owned */
	uint64_t n_insn[I_COUNT];	/* retired, by enum insn_id */
	struct tlb_entry tlb[TLB_KINDS][TLB_ENTRIES];
	struct fetch_entry fetch[2][FETCH_ENTRIES];
	struct cached_insn cache[CACHE_ENTRIES];
	struct cached_insn scratch;	/* of an instruction not cached */
	uint8_t xarea[XSAVE_AREA_SIZE] __attribute__((aligned(64)));
};

static inline struct interp *
interp_of(const struct vcpu *c)
{
	return c->aux[ENGINE_INTERP];
}

/* stats.c */
void interp_stats(struct vm *vm, unsigned vcpu, engine_stat_fn *emit,
    void *ctx);

/* --- registers --- */

static inline uint64_t
size_mask(unsigned size)
{
	return size >= 8 ? ~UINT64_C(0) : (UINT64_C(1) << size * 8) - 1;
}

static inline int64_t
sign_extend(uint64_t v, unsigned size)
{
	unsigned shift = 64 - size * 8;

	return (int64_t)(v << shift) >> shift;
}

/* Write size bytes of a register as the processor does. */
static inline void
reg_set(struct vcpu *c, unsigned reg, unsigned size, uint64_t v)
{
	uint64_t *r = &c->s.gpr[reg];

	switch (size) {
	case 8:
		*r = v;
		break;
	case 4:
		*r = (uint32_t)v;
		break;
	case 2:
		*r = (*r & ~UINT64_C(0xffff)) | (v & 0xffff);
		break;
	default:
		*r = (*r & ~UINT64_C(0xff)) | (v & 0xff);
		break;
	}
}

static inline uint64_t
reg_get(const struct vcpu *c, unsigned reg, unsigned size)
{
	return c->s.gpr[reg] & size_mask(size);
}

static inline uint64_t
opnd_reg(const struct vcpu *c, const struct opnd *o)
{
	uint64_t v = c->s.gpr[o->reg];

	if (o->high8)
		v >>= 8;
	return v & size_mask(o->size);
}

static inline void
opnd_set_reg(struct vcpu *c, const struct opnd *o, uint64_t v)
{
	if (o->high8)
		c->s.gpr[o->reg] = (c->s.gpr[o->reg] & ~UINT64_C(0xff00)) |
		    (v & 0xff) << 8;
	else
		reg_set(c, o->reg, o->size, v);
}

static inline void
set_arith(struct vcpu *c, uint64_t flags)
{
	c->s.rflags = (c->s.rflags & ~(uint64_t)FLAGS_ARITH) |
	    (flags & FLAGS_ARITH);
}

static inline bool
real_or_v86(const struct vcpu *c)
{
	return !(c->s.cr0 & CR0_PE) || (c->s.rflags & FLAG_VM);
}

static inline bool
is_v86(const struct vcpu *c)
{
	return (c->s.cr0 & CR0_PE) && (c->s.rflags & FLAG_VM);
}

static inline unsigned
iopl(const struct vcpu *c)
{
	return (c->s.rflags & FLAG_IOPL) >> 12;
}

static inline uint64_t
next_rip(const struct vcpu *c, const struct insn *i)
{
	uint64_t rip = c->s.rip + i->len;

	return i->mode == MODE_64 ? rip : (uint32_t)rip;
}

static inline int
raise_gp0(struct vcpu *c)
{
	return x86_raise_error(c, VEC_GP, 0);
}

static inline int
raise_ud(struct vcpu *c)
{
	return x86_raise(c, VEC_UD);
}

/* --- linear memory: mem.c --- */

typedef uint16_t u16_any __attribute__((aligned(1), may_alias));
typedef uint32_t u32_any __attribute__((aligned(1), may_alias));
typedef uint64_t u64_any __attribute__((aligned(1), may_alias));

/* One host access of the size, as the guest's own would be. */
static inline uint64_t
host_load(const uint8_t *p, unsigned size)
{
	switch (size) {
	case 1:
		return *(const volatile uint8_t *)p;
	case 2:
		return *(const volatile u16_any *)p;
	case 4:
		return *(const volatile u32_any *)p;
	default:
		return *(const volatile u64_any *)p;
	}
}

static inline void
host_store(uint8_t *p, unsigned size, uint64_t v)
{
	switch (size) {
	case 1:
		*(volatile uint8_t *)p = v;
		break;
	case 2:
		*(volatile u16_any *)p = v;
		break;
	case 4:
		*(volatile u32_any *)p = v;
		break;
	default:
		*(volatile u64_any *)p = v;
		break;
	}
}

static inline enum tlb_kind
tlb_kind(const struct vcpu *c)
{
	if (c->s.cpl == 3)
		return TLB_USER;
	return c->s.rflags & FLAG_AC ? TLB_SUPER_AC : TLB_SUPER;
}

static inline struct tlb_entry *
tlb_slot(const struct vcpu *c, gva_t va)
{
	return &interp_of(c)->tlb[tlb_kind(c)][(va >> PAGE_SHIFT) %
	    TLB_ENTRIES];
}

static inline bool
alignment_checked(const struct vcpu *c)
{
	return unlikely(c->s.rflags & FLAG_AC) && c->s.cpl == 3 &&
	    (c->s.cr0 & CR0_AM);
}

/*
 * #AC is due for this access?  What one raises that is not wholly canonical
 * comes first.
 */
static inline bool
misaligned(const struct vcpu *c, gva_t va, unsigned size)
{
	return alignment_checked(c) && (va & (size - 1)) &&
	    x86_canonical(c, va) && x86_canonical(c, va + size - 1);
}

/* Raise it then. */
int check_align(struct vcpu *c, gva_t va, unsigned align);

int ld_slow(struct vcpu *c, gva_t va, unsigned size, bool stack, uint64_t *v);
int st_slow(struct vcpu *c, gva_t va, unsigned size, bool stack, uint64_t v);

/* Load and store 1, 2, 4 or 8 bytes of linear memory, or raise. */
static inline int
ld(struct vcpu *c, gva_t va, unsigned size, bool stack, uint64_t *v)
{
	const struct tlb_entry *t = tlb_slot(c, va);

	if (unlikely(t->rtag != ((va & PAGE_MASK) | interp_of(c)->key) ||
	    (va & ~PAGE_MASK) > PAGE_SIZE - size || misaligned(c, va, size)))
		return ld_slow(c, va, size, stack, v);
	*v = host_load(t->host + (va & ~PAGE_MASK), size);
	return 0;
}

static inline int
st(struct vcpu *c, gva_t va, unsigned size, bool stack, uint64_t v)
{
	const struct tlb_entry *t = tlb_slot(c, va);

	if (unlikely(t->wtag != ((va & PAGE_MASK) | interp_of(c)->key) ||
	    (va & ~PAGE_MASK) > PAGE_SIZE - size || *t->trace ||
	    misaligned(c, va, size)))
		return st_slow(c, va, size, stack, v);
	host_store(t->host + (va & ~PAGE_MASK), size, v);
	return 0;
}

/*
 * Host pointer for [va, va+len) when that is RAM (for reading: or ROM) within
 * one page and the access is allowed, NULL otherwise; never raises.  A write
 * is reported to the page's traces, and again when the instruction is done.
 */
uint8_t *host_ptr(struct vcpu *c, gva_t va, unsigned len, bool write);
void interp_settle(struct vcpu *c);
/*
 * Any length, any alignment; all of it or a fault.  For vectors, far pointers,
 * XSAVE.
 */
int ld_bytes(struct vcpu *c, gva_t va, void *dst, unsigned len, bool stack);
int st_bytes(struct vcpu *c, gva_t va, const void *src, unsigned len,
    bool stack);
int probe_write(struct vcpu *c, gva_t va, unsigned len, bool stack);
void interp_tlb_flush(struct interp *in);
/* Fill f for lin's page; NULL when that is not plain memory. */
const uint8_t *fetch_fill(struct vcpu *c, struct fetch_entry *f, gva_t lin);

/* The page of code that holds lin, or NULL. */
static inline const uint8_t *
fetch_page(struct vcpu *c, struct interp *in, gva_t lin)
{
	struct fetch_entry *f = &in->fetch[c->s.cpl == 3][(lin >>
	    PAGE_SHIFT) % FETCH_ENTRIES];

	if (likely(f->tag == ((lin & PAGE_MASK) | in->gen)))
		return f->host;
	return fetch_fill(c, f, lin);
}

/* A read-modify-write in the making. */
struct rmw {
	uint8_t *p;		/* host address; NULL: page crossed, or MMIO */
	gva_t va;
	uint64_t old;
	uint8_t size;
	bool lock;
	bool stack;
	struct vm *held;	/* its other vCPUs are stopped; or NULL */
};

/* Check for writing and load r->old.  May raise. */
int rmw_load(struct vcpu *c, gva_t va, unsigned size, bool lock, bool stack,
    struct rmw *r);
/* Store; 0 done, 1: somebody was faster, r->old is new: compute again. */
int rmw_store(struct vcpu *c, struct rmw *r, uint64_t v);
/* Give up a rmw_load() without storing. */
void rmw_drop(struct rmw *r);

/* --- segmented memory --- */

static inline uint64_t
addr_mask(unsigned addr_bytes)
{
	return size_mask(addr_bytes);
}

/* Offset of the memory operand, wrapped to the address size. */
static inline uint64_t
effective(const struct vcpu *c, const struct insn *i)
{
	const struct insn_mem *m = &i->mem;
	uint64_t a = m->disp;

	if (m->base != REG_NONE)
		a += c->s.gpr[m->base];
	if (m->index != REG_NONE)
		a += c->s.gpr[m->index] * m->scale;
	if (m->rip_rel)
		a += c->s.rip + i->len;
	return a & addr_mask(i->addr_bytes);
}

/* seg:off to linear; the canonical check is left to the access itself. */
static inline int
linear(struct vcpu *c, enum insn_mode mode, enum seg_name seg, uint64_t off,
    unsigned len, bool write, gva_t *va)
{
	const struct seg_reg *r = &c->s.seg[seg];

	if (mode == MODE_64) {
		*va = seg >= SEG_FS ? r->base + off : off;
		return 0;
	}
	if (likely(r->limit == 0xffffffff &&
	    (r->attr & (SEG_P | SEG_S | SEG_CODE | SEG_EXPDOWN_CONF |
	    SEG_WRITE_READ | SEG_UNUSABLE)) ==
	    (SEG_P | SEG_S | SEG_WRITE_READ))) {
		*va = (uint32_t)(r->base + off);
		return 0;
	}
	return x86_linear(c, seg, off, len, write, va);
}

static inline int
mem_linear(struct vcpu *c, const struct insn *i, unsigned len, bool write,
    gva_t *va)
{
	return linear(c, i->mode, i->mem.seg, effective(c, i), len, write, va);
}

static inline int
mem_load(struct vcpu *c, const struct insn *i, unsigned size, uint64_t *v)
{
	gva_t va;

	if (mem_linear(c, i, size, false, &va))
		return H_FAULT;
	return ld(c, va, size, i->mem.seg == SEG_SS, v);
}

static inline int
mem_store(struct vcpu *c, const struct insn *i, unsigned size, uint64_t v)
{
	gva_t va;

	if (mem_linear(c, i, size, true, &va))
		return H_FAULT;
	return st(c, va, size, i->mem.seg == SEG_SS, v);
}

/* Load the memory operand for read-modify-write. */
static inline int
mem_rmw(struct vcpu *c, const struct insn *i, unsigned size, bool lock,
    struct rmw *r)
{
	gva_t va;

	if (mem_linear(c, i, size, true, &va))
		return H_FAULT;
	return rmw_load(c, va, size, lock, i->mem.seg == SEG_SS, r);
}

/* Value of operand n: register, memory or constant. */
static inline int
opnd_load(struct vcpu *c, const struct insn *i, unsigned n, uint64_t *v)
{
	const struct opnd *o = &i->opnd[n];

	switch (o->kind) {
	case OPND_GPR:
		*v = opnd_reg(c, o);
		return 0;
	case OPND_MEM:
		return mem_load(c, i, o->size, v);
	case OPND_ONE:
		*v = 1;
		return 0;
	default:
		*v = i->imm;
		return 0;
	}
}

static inline int
opnd_store(struct vcpu *c, const struct insn *i, unsigned n, uint64_t v)
{
	const struct opnd *o = &i->opnd[n];

	if (o->kind == OPND_MEM)
		return mem_store(c, i, o->size, v);
	opnd_set_reg(c, o, v);
	return 0;
}

/* --- stack: stack.c --- */

static inline uint64_t
stack_mask(const struct vcpu *c)
{
	if (x86_code64(c))
		return ~UINT64_C(0);
	return c->s.seg[SEG_SS].attr & SEG_DB ? 0xffffffff : 0xffff;
}

static inline void
stack_set(struct vcpu *c, uint64_t sp)
{
	uint64_t mask = stack_mask(c);

	c->s.gpr[RSP] = (c->s.gpr[RSP] & ~mask) | (sp & mask);
}

int push(struct vcpu *c, const struct insn *i, unsigned size, uint64_t v);
int push_probe(struct vcpu *c, const struct insn *i, unsigned size);
/* Read the top of the stack without popping; skip bytes above it. */
int peek(struct vcpu *c, const struct insn *i, unsigned size, unsigned skip,
    uint64_t *v);

/* --- debug registers: debug.c --- */

/* DR6 bits of the breakpoints of this kind that [va, va+len) touches. */
enum { WATCH_EXEC = 0, WATCH_WRITE = 1, WATCH_IO = 2, WATCH_ACCESS = 3 };
uint64_t debug_match(const struct vcpu *c, gva_t va, unsigned len,
    bool write, bool exec);
uint64_t debug_match_io(const struct vcpu *c, uint16_t port, unsigned len);
/* Choose the TLB key after DR7 may have changed. */
void debug_sync(struct vcpu *c);

/* --- branches: branch.c --- */

bool cond_true(uint64_t rflags, unsigned cond);

/* --- port access: io.c --- */

int io_allowed(struct vcpu *c, uint16_t port, unsigned size);

#endif
