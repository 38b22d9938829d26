/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What translated code calls.  On entry the guest's registers are in s.gpr and
 * its flags in three places (hostflags, ifw, s.rflags); bt_sync_in() makes
 * s.rflags whole for the code that knows x86, bt_sync_out() takes it apart
 * again.  Vector registers are the guest's throughout.
 */
#include "modes/bt/bt.h"

#include "base/copy.h"
#include "modes/x86/fpu.h"
#include "modes/x86/x86.h"

#define FLAGS_LOW (FLAGS_ARITH & 0xff)

void
bt_sync_in(struct bt_vcpu *b)
{
	uint64_t h = b->hostflags;

	b->c.s.rflags = (b->c.s.rflags & ~(uint64_t)(FLAGS_ARITH | FLAG_IF)) |
	    (h >> 8 & FLAGS_LOW) | (h & 1) << 11 | b->ifw;
}

void
bt_sync_out(struct bt_vcpu *b)
{
	uint64_t f = b->c.s.rflags;

	b->hostflags = (f & FLAGS_LOW) << 8 | (f >> 11 & 1);
	b->ifw = f & FLAG_IF;
	b->c.s.rflags = f & ~(uint64_t)(FLAGS_ARITH | FLAG_IF);
}

/* DR7's local and global enables. */
#define DR7_ENABLES 0xffu

static bool
must_step(const struct vcpu *c)
{
	const struct cpu_state *s = &c->s;

	return !x86_code64(c) || s->shadow || s->activity != ACT_RUNNING ||
	    (s->rflags & FLAG_TF) || (s->dr[7] & DR7_ENABLES) ||
	    (s->cpl == 3 && (s->rflags & FLAG_AC) && (s->cr0 & CR0_AM));
}

static uint32_t
fpu_mode(const struct vcpu *c)
{
	const struct cpu_state *s = &c->s;
	uint32_t m = 0;

	if (s->cr0 & (CR0_EM | CR0_TS))
		return 0;
	m |= MODE_FPU;
	if (s->cr4 & CR4_OSFXSR)
		m |= MODE_SSE;
	if ((s->cr4 & CR4_OSXSAVE) && (s->xcr0 & 6) == 6) {
		m |= MODE_AVX;
		if ((s->xcr0 & 0xe0) == 0xe0)
			m |= MODE_AVX512;
	}
	return m;
}

void
bt_mode_update(struct bt_vcpu *b)
{
	struct vcpu *c = &b->c;
	uint32_t m = fpu_mode(c);

	if (c->s.cr4 & CR4_FSGSBASE)
		m |= MODE_FSGSBASE;
	/* RF only holds back instruction breakpoints, and with one enabled
	 * everything is stepped; the next instruction would clear it. */
	if (!(c->s.dr[7] & DR7_ENABLES))
		c->s.rflags &= ~(uint64_t)FLAG_RF;
	if (c->s.cpl == 3) {
		m |= MODE_USER;
		if (c->s.cr4 & CR4_TSD)
			m |= MODE_TSD;
		b->set = SET_USER;
	} else if (!(c->s.cr4 & CR4_SMAP) || (c->s.rflags & FLAG_AC)) {
		m |= MODE_AC | (c->s.cr4 & CR4_SMAP ? MODE_SMAP : 0);
		b->set = SET_KERNEL_AC;
	} else {
		b->set = SET_KERNEL;
	}
	b->tail = (uint64_t)(uintptr_t)b->bt->tail[b->set];
	bt_ret_select(b, b->set, m == b->img->set_mode[b->set]);
	/* What else the word says changes rarely. */
	bt_jc_set_mode(b->img, b->set, m);
	if (must_step(c)) {
		m |= MODE_OTHER;
		b->tail = (uint64_t)(uintptr_t)b->bt->tail_exit;
	}
	b->mode = m;
}

/*
 * A request that could not be served before may be now: make the next poll
 * see it.  Called whenever IF, the shadow or NMI masking may have changed.
 */
void
bt_notice_pending(struct vcpu *c)
{
	if (((c->s.rflags & FLAG_IF) &&
	    atomic_load_explicit(&c->irq_hint, memory_order_relaxed)) ||
	    (!c->s.nmi_masked &&
	    atomic_load_explicit(&c->nmi_hint, memory_order_relaxed)))
		vcpu_attention(c);
}

/* Where a helper that changed the machine goes on. */
static uint32_t
resume(struct bt_vcpu *b)
{
	struct vcpu *c = &b->c;

	bt_mode_update(b);
	bt_notice_pending(c);
	bt_sync_out(b);
	return c->s.activity == ACT_RUNNING ? BT_TAIL : BT_LEAVE;
}

/* Deliver what was raised; a triple fault shows as ACT_SHUTDOWN. */
static uint32_t
deliver(struct bt_vcpu *b)
{
	(void)!x86_deliver(&b->c);
	return resume(b);
}

static uint32_t
step_one(struct bt_vcpu *b)
{
	b->n_step++;
	b->doing = DOING_STEP;
	(void)!b->c.vm->second->step(&b->c, 1);
	return resume(b);
}

uint32_t
bt_h_step(struct bt_vcpu *b, uint32_t off, uint32_t tu_id)
{
	bt_sync_in(b);
	b->c.s.rip = b->bt->tu[tu_id]->rip + off;
	return step_one(b);
}

/*
 * A soft-TLB miss.  Filled: the access goes on in translated code.  Else the
 * instruction is interpreted whole: MMIO, page crossing, traced pages, and
 * addresses that fault otherwise than by #PF.
 */
uint32_t
bt_h_slow(struct bt_vcpu *b, uint64_t ea, uint32_t info, uint32_t tu_id)
{
	uint32_t size = info & (INFO_REFAULT - 1), off = info >> 16;
	bool write = info >> 8 & 1;
	struct tlb_entry *t;
	int rc = 1;

	b->n_slow++;
	b->doing = DOING_SLOW;
	bt_sync_in(b);
	b->c.s.rip = b->bt->tu[tu_id]->rip + off;
	if ((ea & ~PAGE_MASK) + size <= PAGE_SIZE &&
	    !((info & INFO_ALIGNED) && (ea & (size - 1))))
		rc = bt_tlb_fill(b, ea, write, &t);
	if (rc == 0) {
		b->res_addend = t->addend;
		b->res_ea = ea;
		bt_sync_out(b);
		return BT_CONTINUE;
	}
	if (rc < 0 && !(info & INFO_REFAULT))
		return deliver(b);
	b->c.exc.raised = false;
	return step_one(b);
}

/* --- helpers for single instructions ---------------------------------- */

/* s.rip is the instruction, next follows it, size is its operand size. */
typedef uint32_t helper_fn(struct bt_vcpu *b, uint64_t next, unsigned size);

static uint32_t
done(struct bt_vcpu *b, int rc)
{
	return rc ? deliver(b) : resume(b);
}

static uint32_t
help_syscall(struct bt_vcpu *b, uint64_t next, unsigned size)
{
	(void)size;
	return done(b, x86_syscall(&b->c, next));
}

static uint32_t
help_sysret(struct bt_vcpu *b, uint64_t next, unsigned size)
{
	(void)next;
	return done(b, x86_sysret(&b->c, size));
}

static uint32_t
help_iret(struct bt_vcpu *b, uint64_t next, unsigned size)
{
	(void)next;
	return done(b, x86_iret(&b->c, size));
}

static uint64_t
edx_eax(const struct bt_vcpu *b)
{
	return b->c.s.gpr[RDX] << 32 | (uint32_t)b->c.s.gpr[RAX];
}

static uint32_t
help_wrmsr(struct bt_vcpu *b, uint64_t next, unsigned size)
{
	(void)size;
	if (x86_wrmsr(&b->c, (uint32_t)b->c.s.gpr[RCX], edx_eax(b)))
		return deliver(b);
	b->c.s.rip = next;
	return resume(b);
}

static uint32_t
help_rdmsr(struct bt_vcpu *b, uint64_t next, unsigned size)
{
	uint64_t v;

	(void)next;
	(void)size;
	if (x86_rdmsr(&b->c, (uint32_t)b->c.s.gpr[RCX], &v))
		return deliver(b);
	b->c.s.gpr[RAX] = (uint32_t)v;
	b->c.s.gpr[RDX] = v >> 32;
	bt_sync_out(b);
	return BT_CONTINUE;
}

/* The new value is in tmp_target. */
static uint32_t
help_mov_cr(struct bt_vcpu *b, uint64_t next, unsigned cr)
{
	if (x86_mov_to_cr(&b->c, cr, b->tmp_target))
		return deliver(b);
	b->c.s.rip = next;
	return resume(b);
}

static uint32_t
help_fsgsbase(struct bt_vcpu *b, uint64_t next, unsigned which)
{
	struct vcpu *c = &b->c;
	uint64_t *base = &c->s.seg[which & BASE_GS ? SEG_GS : SEG_FS].base;
	uint64_t v = which & BASE_WRITE ? b->tmp_target : *base;

	(void)next;
	if (!(which & BASE_64))
		v = (uint32_t)v;
	if (!(c->s.cr4 & CR4_FSGSBASE) || !x86_canonical(c, v))
		return step_one(b);
	if (which & BASE_WRITE)
		*base = v;
	else
		c->s.gpr[b->tmp_ea] = v;
	bt_sync_out(b);
	return BT_CONTINUE;
}

/* STAC and CLAC. */
static uint32_t
help_set_ac(struct bt_vcpu *b, uint64_t next, unsigned on)
{
	if (on)
		b->c.s.rflags |= FLAG_AC;
	else
		b->c.s.rflags &= ~(uint64_t)FLAG_AC;
	b->c.s.rip = next;
	return resume(b);
}

static uint32_t
help_popf(struct bt_vcpu *b, uint64_t next, unsigned size)
{
	uint64_t mask = FLAGS_ARITH | FLAG_DF | FLAG_NT | FLAG_TF | FLAG_AC |
	    FLAG_ID | FLAG_IF | FLAG_IOPL | FLAG_RF;
	struct vcpu *c = &b->c;
	uint64_t v;

	if (x86_read(c, c->s.gpr[RSP], &v, size, 0, true))
		return deliver(b);
	c->s.gpr[RSP] += size;
	/* IF and IOPL as CPL and IOPL allow; RF is cleared. */
	x86_set_flags(c, v & ~(uint64_t)FLAG_RF, mask);
	c->s.rip = next;
	return resume(b);
}

/* The ones whose every check matters run as the interpreter runs them. */
static uint32_t
help_step(struct bt_vcpu *b, uint64_t next, unsigned size)
{
	(void)next;
	(void)size;
	return step_one(b);
}

/*
 * Bytes from va to the end of its page that can be copied directly, through
 * the soft TLB; 0 if the access must be interpreted or faults.
 */
static uint64_t
direct_span(struct bt_vcpu *b, gva_t va, bool write, uint8_t **host)
{
	struct tlb_entry *t = &b->img->tlb[b->set][tlb_index(va)];
	uint64_t tag = -(va & PAGE_MASK);

	if ((write ? t->ntag_write : t->ntag_read) != tag &&
	    bt_tlb_fill(b, va, write, &t))
		return 0;
	*host = tlb_host(t, va);
	return PAGE_SIZE - (va & ~PAGE_MASK);
}

/* Leave the rest to the interpreter: it faults, does MMIO, or goes down. */
static uint32_t
string_rest(struct bt_vcpu *b)
{
	b->c.exc.raised = false;
	return step_one(b);
}

static bool
wants_out(struct bt_vcpu *b)
{
	b->c.looks++;
	return atomic_load_explicit(&b->c.attention, memory_order_relaxed) == 0;
}

static void
copy_up(uint8_t *dst, const uint8_t *src, uint64_t n, unsigned size)
{
	/* Overlap closer than n repeats a pattern: element by element. */
	if ((uint64_t)(dst - src) >= n || size == 1) {
		copy_bytes(dst, src, n);
		return;
	}
	for (; n; n -= size, dst += size, src += size)
		switch (size) {
		case 2:
			__builtin_memcpy(dst, src, 2);
			break;
		case 4:
			__builtin_memcpy(dst, src, 4);
			break;
		default:
			__builtin_memcpy(dst, src, 8);
			break;
		}
}

static uint32_t
rep_movs(struct bt_vcpu *b, unsigned size)
{
	uint64_t *gpr = b->c.s.gpr;

	while (gpr[RCX]) {
		uint8_t *src, *dst;
		uint64_t n, m;

		n = direct_span(b, gpr[RSI], false, &src);
		if (!n)
			return string_rest(b);
		m = direct_span(b, gpr[RDI], true, &dst);
		/* The second fill may have displaced the first entry; the
		 * pointer stays good. */
		n = MIN(MIN(n, m) / size, gpr[RCX]);
		if (!n)
			return string_rest(b);
		copy_up(dst, src, n * size, size);
		gpr[RCX] -= n;
		gpr[RSI] += n * size;
		gpr[RDI] += n * size;
		if (gpr[RCX] && wants_out(b))
			return resume(b);
	}
	bt_sync_out(b);
	return BT_CONTINUE;
}

static void
fill_elements(uint8_t *dst, uint64_t v, uint64_t n, unsigned size)
{
	switch (size) {
	case 1:
		fill_bytes(dst, (uint8_t)v, n);
		break;
	case 2:
		__asm__ volatile("rep stosw" : "+D"(dst), "+c"(n) : "a"(v) :
		    "memory");
		break;
	case 4:
		__asm__ volatile("rep stosl" : "+D"(dst), "+c"(n) : "a"(v) :
		    "memory");
		break;
	default:
		__asm__ volatile("rep stosq" : "+D"(dst), "+c"(n) : "a"(v) :
		    "memory");
		break;
	}
}

static uint32_t
rep_stos(struct bt_vcpu *b, unsigned size)
{
	uint64_t *gpr = b->c.s.gpr;

	while (gpr[RCX]) {
		uint8_t *dst;
		uint64_t n = direct_span(b, gpr[RDI], true, &dst) / size;

		n = MIN(n, gpr[RCX]);
		if (!n)
			return string_rest(b);
		fill_elements(dst, gpr[RAX], n, size);
		gpr[RCX] -= n;
		gpr[RDI] += n * size;
		if (gpr[RCX] && wants_out(b))
			return resume(b);
	}
	bt_sync_out(b);
	return BT_CONTINUE;
}

static uint32_t
help_rep_movs(struct bt_vcpu *b, uint64_t next, unsigned size)
{
	(void)next;
	return b->c.s.rflags & FLAG_DF ? step_one(b) : rep_movs(b, size);
}

static uint32_t
help_rep_stos(struct bt_vcpu *b, uint64_t next, unsigned size)
{
	(void)next;
	return b->c.s.rflags & FLAG_DF ? step_one(b) : rep_stos(b, size);
}

/* --- whole vector state ------------------------------------------------ */

/*
 * Host address of an area that may span pages, if it is one piece of host
 * memory too (RAM is mapped linearly); NULL: step.
 */
static uint8_t *
direct_area(struct bt_vcpu *b, gva_t va, uint64_t size, bool write)
{
	uint8_t *first, *more;
	uint64_t n = direct_span(b, va, write, &first);

	if (!n)
		goto step;
	while (n < size) {
		uint64_t k = direct_span(b, va + n, write, &more);

		if (!k || more != first + n)
			goto step;
		n += k;
	}
	return first;
step:
	b->c.exc.raised = false;
	return NULL;
}

static void
native_xsave(uint8_t *p, unsigned which, uint64_t mask)
{
	uint32_t a = (uint32_t)mask, d = (uint32_t)(mask >> 32);

	switch (which) {
	case XS_XSAVE:
		__asm__ volatile("xsave (%0)" : : "r"(p), "a"(a), "d"(d) :
		    "memory");
		break;
	case XS_XSAVE | XS_64:
		__asm__ volatile("xsave64 (%0)" : : "r"(p), "a"(a), "d"(d) :
		    "memory");
		break;
	case XS_XSAVEOPT:
		__asm__ volatile("xsaveopt (%0)" : : "r"(p), "a"(a), "d"(d) :
		    "memory");
		break;
	case XS_XSAVEOPT | XS_64:
		__asm__ volatile("xsaveopt64 (%0)" : : "r"(p), "a"(a), "d"(d) :
		    "memory");
		break;
	case XS_XSAVEC:
		__asm__ volatile("xsavec (%0)" : : "r"(p), "a"(a), "d"(d) :
		    "memory");
		break;
	default:
		__asm__ volatile("xsavec64 (%0)" : : "r"(p), "a"(a), "d"(d) :
		    "memory");
		break;
	}
}

/* FOP, FIP and FDP are the host's: show none (SDM 1 10.5.1 layout). */
static void
hide_fp_pointers(uint8_t *area, uint64_t mask)
{
	if ((mask & 1) && (area[512] & 1))
		fill_bytes(area + 6, 0, 18);
}

static uint32_t
help_xsave(struct bt_vcpu *b, uint64_t next, unsigned which)
{
	uint64_t mask = edx_eax(b) & b->c.s.xcr0;
	gva_t ea = b->tmp_target;
	uint8_t *p;

	(void)next;
	p = ea & 63 ? NULL : direct_area(b, ea, b->xsave_size, true);
	if (!p)
		return step_one(b);
	native_xsave(p, which, mask);
	hide_fp_pointers(p, mask);
	bt_sync_out(b);
	return BT_CONTINUE;
}

static uint32_t
help_xrstor(struct bt_vcpu *b, uint64_t next, unsigned size)
{
	uint64_t mask = edx_eax(b) & b->c.s.xcr0;
	gva_t ea = b->tmp_target;
	uint8_t *p;

	(void)next;
	(void)size;
	p = ea & 63 ? NULL : direct_area(b, ea, b->xsave_size, false);
	if (!p)
		return step_one(b);
	b->res_host = (uint64_t)(uintptr_t)p;
	b->res_rax = (uint32_t)mask;
	b->res_rdx = mask >> 32;
	bt_sync_out(b);
	return BT_CONTINUE;
}

/* RET to a non-canonical address, found out late: it is its TU's last. */
static uint32_t
help_bad_ret(struct bt_vcpu *b, uint64_t next, unsigned size)
{
	const struct tu *u = b->bt->tu[b->exit_id];

	(void)next;
	(void)size;
	b->c.s.rip = u->rip + u->map[u->n_map - 1].guest;
	return step_one(b);
}

static helper_fn *const helpers[HELP_COUNT] = {
	[HELP_BAD_RET] = help_bad_ret,
	[HELP_XSAVE] = help_xsave,
	[HELP_XRSTOR] = help_xrstor,
	[HELP_SYSCALL] = help_syscall,
	[HELP_SYSRET] = help_sysret,
	[HELP_IRET] = help_iret,
	[HELP_POPF] = help_popf,
	[HELP_HLT] = help_step,
	[HELP_WRMSR] = help_wrmsr,
	[HELP_RDMSR] = help_rdmsr,
	[HELP_MOV_CR] = help_mov_cr,
	[HELP_SET_AC] = help_set_ac,
	[HELP_FSGSBASE] = help_fsgsbase,
	[HELP_REP_MOVS] = help_rep_movs,
	[HELP_REP_STOS] = help_rep_stos,
};

uint32_t
bt_h_call(struct bt_vcpu *b, uint32_t info, uint32_t tu_id)
{
	uint64_t rip = b->bt->tu[tu_id]->rip + (info >> 16);
	unsigned id = info >> 8 & 0xff;
	uint64_t next = rip + (info & 15);
	uint64_t generation = b->bt->generation;
	uint32_t what;

	b->n_helper[id]++;
	b->doing = DOING_HELPER + id;
	bt_sync_in(b);
	b->c.s.rip = rip;
	what = helpers[id](b, next, info >> 4 & 15);
	if (likely(what != BT_CONTINUE || generation == b->bt->generation))
		return what;
	/* The caller's code was freed while the helper waited. */
	bt_sync_in(b);
	b->c.s.rip = next;
	return resume(b);
}
