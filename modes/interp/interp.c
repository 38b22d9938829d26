/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter as an engine: fetch, decode (from a cache that compares the
 * bytes each time, so self-modifying code needs no care), execute, single
 * step and breakpoint traps, and the loop around it.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "modes/interp/handlers.h"
#include "modes/interp/native.h"
#include "modes/interp/thunk.h"
#include "modes/x86/fpu.h"
#include "modes/x86/stop.h"

/* --- fetch and decode --- */

static enum insn_mode
code_mode(const struct vcpu *c)
{
	if (x86_code64(c))
		return MODE_64;
	return c->s.seg[SEG_CS].attr & SEG_DB ? MODE_32 : MODE_16;
}

/* Checks before the handler runs are needed at all? */
static bool
wants_check(const struct insn *i)
{
	return (i->desc->attr & (ATTR_PRIV | ATTR_NOREAL | ATTR_CPL0_UD)) ||
	    i->enc != ENC_LEGACY;
}

/* Bind the handler; what the guest's CPUID does not offer is #UD. */
static void
bind(struct vcpu *c, struct cached_insn *e)
{
	const struct insn *i = &e->insn;
	const struct insn_desc *d = i->desc;

	e->check = wants_check(i);
	e->handler = interp_handler(i);
	if (!e->handler)
		e->handler = native_handler(i);
	if (insn_offered(i, c->vm->cpuid->features))
		return;
	/* Without the feature the prefix is ignored: the old bit scans. */
	if (d->id == I_LZCNT)
		e->handler = h_bsr;
	else if (d->id == I_TZCNT)
		e->handler = h_bsf;
	else
		e->handler = h_ud;
	/* #UD comes before a privilege check. */
	e->check = e->check && e->handler != h_ud;
}

static const struct cached_insn *
decode(struct vcpu *c, struct cached_insn *e, const uint8_t *bytes,
    unsigned got, enum insn_mode mode)
{
	int len = insn_decode(&e->insn, bytes, got, mode);

	e->mode = mode + 1;
	if (likely(len > 0)) {
		bind(c, e);
		return e;
	}
	e->mode = 0;
	switch (len) {
	case INSN_SHORT:
		x86_fetch_fault(c, got);
		break;
	case INSN_LONG:
		raise_gp0(c);
		break;
	default:
		raise_ud(c);
		break;
	}
	return NULL;
}

/* The len bytes at p are those that were decoded?  15 may be read at p. */
static inline bool
same_bytes(const uint8_t *p, const struct insn *i)
{
	uint64_t lo = host_load(p, 8) ^ host_load(i->bytes, 8);
	uint64_t hi = host_load(p + 7, 8) ^ host_load(i->bytes + 7, 8);

	if (i->len <= 8)
		return (lo & size_mask(i->len)) == 0;
	return lo == 0 && (hi & size_mask(i->len - 7)) == 0;
}

/* Instructions near a page's or the segment's end are not cached. */
static const struct cached_insn *
fetch_slow(struct vcpu *c, enum insn_mode mode)
{
	struct cached_insn *e = &interp_of(c)->scratch;
	uint8_t bytes[INSN_MAX_LEN];
	int got = x86_fetch(c, bytes);

	return decode(c, e, bytes, got, mode);
}

static const struct cached_insn *
fetch(struct vcpu *c)
{
	struct interp *in = interp_of(c);
	enum insn_mode mode = code_mode(c);
	const struct seg_reg *cs = &c->s.seg[SEG_CS];
	uint64_t rip = c->s.rip;
	gva_t lin = mode == MODE_64 ? rip : (uint32_t)(cs->base + rip);
	unsigned off = lin & ~PAGE_MASK;
	struct cached_insn *e;
	uint8_t bytes[INSN_MAX_LEN];
	const uint8_t *page;

	if (unlikely(off > PAGE_SIZE - INSN_MAX_LEN) ||
	    (mode != MODE_64 && rip + INSN_MAX_LEN - 1 > cs->limit))
		return fetch_slow(c, mode);
	page = fetch_page(c, in, lin);
	if (unlikely(!page))
		return fetch_slow(c, mode);
	e = &in->cache[(lin ^ lin >> 12) % CACHE_ENTRIES];
	if (likely(e->mode == mode + 1 && same_bytes(page + off, &e->insn)))
		return e;
	/* Fetched once: other vCPUs may be writing there. */
	copy_bytes(bytes, page + off, INSN_MAX_LEN);
	return decode(c, e, bytes, INSN_MAX_LEN, mode);
}

/* --- one instruction --- */

/* What holds for many instructions alike, in the processor's order. */
static int
check(struct vcpu *c, const struct insn *i)
{
	bool real = real_or_v86(c);

	if (real && ((i->desc->attr & ATTR_NOREAL) || i->enc != ENC_LEGACY))
		return raise_ud(c);
	if ((i->desc->attr & ATTR_CPL0_UD) && c->s.cpl)
		return raise_ud(c);
	if ((i->desc->attr & ATTR_PRIV) && c->s.cpl)
		return raise_gp0(c);
	return 0;
}

/* #DB after the instruction: single step, data and port breakpoints. */
static int
trap(struct vcpu *c, const struct insn *i, bool stepped)
{
	struct interp *in = interp_of(c);
	uint64_t dr6 = in->watch_hit;

	/* A stack switch must not be torn apart; hits wait for it, too. */
	if (c->s.shadow & SHADOW_MOVSS)
		return 0;
	in->watch_hit = 0;
	if (i->desc->flow == FLOW_INT)
		stepped = false;
	else if (i->desc->flow == FLOW_SYSCALL)
		stepped = c->s.rflags & FLAG_TF;
	if (stepped)
		dr6 |= BIT(14);
	if (!dr6)
		return 0;
	c->s.activity = ACT_RUNNING;
	x86_raise_db(c, dr6);
	return x86_deliver(c);
}

/* The slow frame around an instruction: TF, RF, breakpoints. */
static int
execute_watched(struct vcpu *c)
{
	bool stepped = c->s.rflags & FLAG_TF;
	bool resumed = c->s.rflags & FLAG_RF;
	const struct cached_insn *e;
	uint64_t hit = 0;
	int rc;

	if ((c->s.dr[7] & 0xff) && !resumed)
		hit = debug_match(c, (x86_code64(c) ? 0 :
		    c->s.seg[SEG_CS].base) + c->s.rip, 1, false, true);
	if (hit) {
		/* A fault; RF in its frame lets the instruction run next. */
		c->s.rflags |= FLAG_RF;
		x86_raise_db(c, hit);
		return x86_deliver(c);
	}
	e = fetch(c);
	if (!e)
		return x86_deliver(c);
	c->s.shadow = 0;
	rc = e->check ? check(c, &e->insn) : 0;
	if (rc == 0)
		rc = e->handler(c, &e->insn);
	if (rc == H_FAULT) {
		interp_of(c)->watch_hit = 0;
		return x86_deliver(c);
	}
	if (rc == H_NEXT)
		c->s.rip = next_rip(c, &e->insn);
	c->insns++;
	interp_of(c)->n_insn[e->insn.desc->id]++;
	if (resumed && e->insn.desc->flow != FLOW_IRET)
		c->s.rflags &= ~(uint64_t)FLAG_RF;
	return trap(c, &e->insn, stepped);
}

/* Execute one instruction or deliver its exception; -EPERM: triple fault. */
static inline int
execute(struct vcpu *c)
{
	const struct cached_insn *e;
	int rc = 0;

	if (unlikely((c->s.rflags & (FLAG_TF | FLAG_RF)) ||
	    (c->s.dr[7] & 0xff)))
		return execute_watched(c);
	e = fetch(c);
	if (unlikely(!e))
		return x86_deliver(c);
	c->s.shadow = 0;
	if (unlikely(e->check))
		rc = check(c, &e->insn);
	if (likely(rc == 0))
		rc = e->handler(c, &e->insn);
	if (unlikely(rc == H_FAULT))
		return x86_deliver(c);
	if (rc == H_NEXT)
		c->s.rip = next_rip(c, &e->insn);
	c->insns++;
	interp_of(c)->n_insn[e->insn.desc->id]++;
	return 0;
}

/* --- the loop --- */

static inline bool
wants_attention(struct vcpu *c)
{
	c->looks++;
	if (atomic_load_explicit(&c->attention, memory_order_relaxed) == 0)
		return true;
	if (atomic_load_explicit(&c->nmi_hint, memory_order_relaxed))
		return true;
	return (c->s.rflags & FLAG_IF) && !c->s.shadow &&
	    atomic_load_explicit(&c->irq_hint, memory_order_relaxed);
}

/* At a boundary with something pending.  True: *reason says why to leave. */
static bool
attend(struct vcpu *c, enum vcpu_exit_reason *reason)
{
	atomic_store(&c->attention, 1);
	vcpu_look_stop(c);
	if (atomic_exchange(&c->kicked, 0)) {
		*reason = EXIT_KICKED;
		return true;
	}
	if (x86_take_events(c) < 0) {
		*reason = EXIT_SHUTDOWN;
		return true;
	}
	return false;
}

/* Not running: wait, unless an event has just woken the vCPU. */
static bool
idle(struct vcpu *c, enum vcpu_exit_reason *reason)
{
	if (c->s.activity != ACT_SHUTDOWN && x86_take_events(c) == 1)
		return false;
	*reason = c->s.activity == ACT_SHUTDOWN ? EXIT_SHUTDOWN : EXIT_HALT;
	return true;
}

static void
loop(struct vcpu *c, enum vcpu_exit_reason *reason)
{
	for (;;) {
		if (unlikely(wants_attention(c)) && attend(c, reason))
			return;
		if (unlikely(c->s.activity != ACT_RUNNING)) {
			if (idle(c, reason))
				return;
			continue;
		}
		if (unlikely(execute(c) < 0)) {
			*reason = EXIT_SHUTDOWN;
			return;
		}
	}
}

static void
interp_run(struct vcpu *c, struct vcpu_exit *x)
{
	struct interp *in = interp_of(c);

	vcpu_enter(c);
	hostfault_stack_enter(&in->stack);
	x86_fpu_load(c);
	interp_tlb_flush(in);
	debug_sync(c);
	loop(c, &x->reason);
	x86_fpu_save(c);
	vcpu_leave(c);
	hostfault_stack_leave(&in->stack);
}

static int
interp_step(struct vcpu *c, unsigned n)
{
	struct interp *in = interp_of(c);
	bool own_stack = !c->fpu_live;
	unsigned done;

	debug_sync(c);
	if (own_stack) {
		hostfault_stack_enter(&in->stack);
		x86_fpu_load(c);
	}
	for (done = 0; done < n && c->s.activity == ACT_RUNNING; done++) {
		int rc = execute(c);

		if (unlikely(in->n_noted))
			interp_settle(c);
		if (rc < 0)
			break;
	}
	if (own_stack) {
		x86_fpu_save(c);
		hostfault_stack_leave(&in->stack);
	}
	return c->s.activity == ACT_SHUTDOWN ? -EPERM : (int)done;
}

/* --- life --- */

static int
interp_vm_init(struct vm *vm, struct err *e)
{
	return hostfault_register(thunk_fault, e);
}

static void
interp_vm_fini(struct vm *vm)
{
}

static void
interp_vcpu_fini(struct vcpu *c)
{
	struct interp *in = interp_of(c);

	if (!in)
		return;
	thunk_cache_free(in->thunks);
	hostfault_stack_fini(&in->stack);
	free(in);
	c->aux[ENGINE_INTERP] = NULL;
}

static int
interp_vcpu_init(struct vcpu *c, struct err *e)
{
	struct interp *in = aligned_alloc(64, sizeof(*in));
	int rc;

	if (!in)
		return err_set_sys(e, ENOMEM, "interpreter: vCPU %u", c->id);
	fill_bytes(in, 0, sizeof(*in));
	c->aux[ENGINE_INTERP] = in;
	interp_tlb_flush(in);
	rc = hostfault_stack_init(&in->stack, e);
	if (!rc)
		rc = thunk_cache_new(&in->thunks, e);
	if (rc)
		interp_vcpu_fini(c);
	return rc;
}

static void
interp_save(struct vcpu *c, struct cpu_state *s)
{
	bool live = x86_fpu_out(c);

	*s = c->s;
	x86_fpu_in(c, live);
}

static int
interp_load(struct vcpu *c, const struct cpu_state *s, struct err *e)
{
	int rc = x86_state_check(s, e);

	if (rc)
		return rc;
	c->s = *s;
	x86_sync(c);
	interp_tlb_flush(interp_of(c));
	debug_sync(c);
	return 0;
}

static void
interp_flush(struct vcpu *c, unsigned scope, gva_t va)
{
	/* So small a TLB is refilled in no time. */
	interp_tlb_flush(interp_of(c));
}

/* Cached instructions are compared with memory at each use. */
static void
interp_code_dirty(struct vm *vm, gpa_t gpa, size_t len)
{
}

static void
interp_kick(struct vcpu *c)
{
	atomic_store(&c->kicked, 1);
	vcpu_attention(c);
}

const struct engine_ops engine_interp = {
	.name = "interp",
	.id = ENGINE_INTERP,
	.vcpu_size = sizeof(struct vcpu),
	.vm_init = interp_vm_init,
	.vm_fini = interp_vm_fini,
	.vcpu_init = interp_vcpu_init,
	.vcpu_fini = interp_vcpu_fini,
	.run = interp_run,
	.step = interp_step,
	.save = interp_save,
	.load = interp_load,
	.tlb_flush = interp_flush,
	.code_dirty = interp_code_dirty,
	.kick = interp_kick,
	.stats = interp_stats,
};
