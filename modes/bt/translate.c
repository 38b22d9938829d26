/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a translation: decode a straight line of one page, find out where
 * flags are live, emit, and file the result.
 *
 *	collect()  decode up to BT_MAX_INSNS instructions, a branch that always
 *	           leaves, or the end of the page
 *	liveness() backwards: which instructions run with flags somebody needs
 *	emit_all() poll, instructions, exits, then everything out of line
 *	file()     metadata, hash, page lists, write protection of the page
 */
#include "modes/bt/gen.h"

#include "modes/cpuid.h"
#include "modes/x86/stop.h"
#include "modes/x86/x86.h"

/* BT and its kin whose register bit offset reaches outside the operand. */
static bool
bit_string(const struct insn *i)
{
	switch (i->desc->id) {
	case I_BT: case I_BTS: case I_BTR: case I_BTC:
		return i->has_mem && !i->imm_len;
	default:
		return false;
	}
}

/* System instructions after which the straight line goes on. */
static bool
goes_on(const struct insn *i, uint32_t mode)
{
	switch (i->desc->id) {
	case I_MOV:
		return i->opnd[1].kind == OPND_SREG ||
		    i->opnd[1].kind == OPND_CR;
	case I_STAC: case I_CLAC:
		return bt_ac_stays(mode, i->desc->id == I_STAC);
	case I_CLD: case I_CLI: case I_STI: case I_SWAPGS: case I_RDTSC: case I_RDTSCP:
	case I_RDFSBASE: case I_RDGSBASE: case I_WRFSBASE: case I_WRGSBASE:
	case I_LFENCE: case I_MFENCE: case I_SFENCE: case I_PAUSE: case I_RDMSR:
		return true;
	default:
		return false;
	}
}

static bool
ends_line(const struct insn *i, uint32_t mode)
{
	switch (i->desc->cls) {
	case CLASS_BRANCH:
		return i->desc->flow != FLOW_JCC;
	case CLASS_SYSTEM:
		return !goes_on(i, mode) && !bit_string(i);
	case CLASS_STACK:
		return i->desc->id == I_POPF;
	default:
		return false;
	}
}

/*
 * The instruction at rip reaches into the next page: gather its bytes.  Its
 * second page's guest address goes to *gpa2.  Returns as insn_decode(); *failed
 * when that page cannot be fetched from (c.exc tells why, unless it is no RAM).
 */
static int
decode_crossing(struct bt_vcpu *b, struct insn *i, const uint8_t *first,
    unsigned in_first, uint64_t rip, gpa_t *gpa2, bool *global, bool *failed)
{
	uint8_t buf[INSN_MAX_LEN];
	struct itlb_entry *t;
	unsigned n = 0;

	for (; n < in_first && n < INSN_MAX_LEN; n++)
		buf[n] = first[n];
	t = bt_itlb_get(b, (rip | ~PAGE_MASK) + 1);
	if (!t) {
		*failed = true;
		return INSN_SHORT;
	}
	*gpa2 = t->gpa;
	*global = *global && t->global;
	for (unsigned k = 0; n < INSN_MAX_LEN; n++, k++)
		buf[n] = t->host[k];
	return insn_decode(i, buf, n, MODE_64);
}

struct source {
	gpa_t gpa, gpa2;
	const uint8_t *host;	/* byte at rip */
	bool global;
	bool failed;		/* the fetch raised an exception, or no RAM */
	bool step_last;		/* what follows is to be stepped (#UD, ...) */
};

/* Decode; g->n_insn may be 0 when the first one cannot be translated. */
static void
collect(struct gen *g, struct source *s)
{
	unsigned left = (unsigned)(PAGE_SIZE - (g->rip0 & ~PAGE_MASK));
	unsigned off = 0, max = g->max_insns, branches = 0;

	while (g->n_insn < max && off < left) {
		struct insn *i = &g->insn[g->n_insn];
		int len = insn_decode(i, s->host + off, left - off, MODE_64);

		if (len == INSN_SHORT && g->n_insn == 0)
			len = decode_crossing(g->b, i, s->host, left, g->rip0,
			    &s->gpa2, &s->global, &s->failed);
		else if (len == INSN_SHORT)
			return;
		if (len <= 0) {
			s->step_last = true;
			return;
		}
		g->n_insn++;
		off += (unsigned)len;
		if (ends_line(i, g->mode))
			return;
		if (i->desc->flow == FLOW_JCC && ++branches == BT_MAX_EXITS - 2)
			return;
		if (i->desc->id == I_STI)
			max = MIN(max, g->n_insn + 1);
	}
}

/* May stop the instruction with a fault whose frame shows flags. */
static bool
may_fault(const struct insn *i)
{
	return i->has_mem || i->desc->cls != CLASS_INT;
}

/*
 * Flags that have no old value after this.  An undefined flag may well keep
 * its value (MUL on some processors), so it is not counted; but all processors
 * clear AF in logical operations.
 */
static uint32_t
flags_killed(const struct insn_desc *d)
{
	uint32_t kills = d->flags_write;

	if (d->attr & ATTR_FLAGS_COND)
		return 0;
	if (d->id == I_AND || d->id == I_OR || d->id == I_XOR ||
	    d->id == I_TEST)
		kills |= FLAG_AF;
	return kills;
}

static void
liveness(struct gen *g)
{
	uint32_t live = FLAGS_ARITH;

	for (unsigned k = g->n_insn; k-- > 0;) {
		const struct insn_desc *d = g->insn[k].desc;

		if (d->cls == CLASS_BRANCH || d->cls == CLASS_SYSTEM ||
		    d->cls == CLASS_STRING || d->cls == CLASS_IO ||
		    d->cls == CLASS_FPSTATE || d->id == I_PUSHF ||
		    d->id == I_POPF)
			live = FLAGS_ARITH;
		else
			live = (live & ~flags_killed(d)) | d->flags_read;
		if (g->t->exact_flags && may_fault(&g->insn[k]))
			live = FLAGS_ARITH;
		g->live[k] = (live & FLAGS_ARITH) != 0;
	}
}

/* Does the mode allow this instruction's registers? */
static bool
vectors_on(const struct gen *g, const struct insn *i)
{
	uint32_t need;

	switch (i->desc->cls) {
	case CLASS_X87:
	case CLASS_MMX:
		need = MODE_FPU;
		break;
	case CLASS_VEC:
		need = MODE_SSE;
		if (i->enc == ENC_VEX)
			need |= MODE_AVX;
		if (i->enc == ENC_EVEX)
			need |= MODE_AVX512;
		/* MMX operands need MODE_FPU, which MODE_SSE never lacks. */
		for (unsigned k = 0; k < i->n_opnd; k++)
			if (i->opnd[k].kind == OPND_K)
				need |= MODE_AVX512;
		break;
	default:
		return true;
	}
	return (g->mode & need) == need;
}

/* Instructions that run natively but for an exception or two. */
static bool
native_ok(const struct gen *g, const struct insn *i)
{
	if (i->has_mem && (i->mem.vsib || i->mem.moffs))
		return false;
	if (i->has_mem && (!i->mem_size || !i->mem_access))
		return false;
	switch (i->desc->id) {
	/* Memory beside the ModRM operand. */
	case I_XLAT: case I_MASKMOVQ: case I_MASKMOVDQU: case I_VMASKMOVDQU:
	case I_MOVDIR64B: case I_CLZERO:
		return false;
	default:
		return true;
	}
}

/* No operation as far as a guest can tell. */
static bool
is_hint(const struct insn *i)
{
	return i->desc->cls == CLASS_INT && i->has_mem && !i->mem_access &&
	    i->desc->id != I_LEA;
}

static bool
gen_insn(struct gen *g)
{
	const struct insn *i = g->i;

	if (!insn_offered(i, g->b->c.vm->cpuid->features))
		return false;
	if ((i->desc->attr & ATTR_PRIV) && (g->mode & MODE_USER))
		return false;
	switch (i->desc->cls) {
	case CLASS_INT:
		if (i->desc->id == I_LEA)
			return gen_lea(g);
		if (is_hint(i)) {
			g->near_kept = true;
			return true;
		}
		return native_ok(g, i) && gen_native(g);
	case CLASS_VEC:
	case CLASS_MMX:
	case CLASS_X87:
		return vectors_on(g, i) && native_ok(g, i) && gen_native(g);
	case CLASS_FPSTATE:
		return gen_fpstate(g);
	case CLASS_STACK:
		return gen_stack(g);
	case CLASS_BRANCH:
		return gen_branch(g);
	case CLASS_STRING:
		return gen_string(g);
	case CLASS_SYSTEM:
		return bit_string(i) ? gen_bit_test(g) : gen_system(g);
	default:
		return false;
	}
}

/* Three flag-free instructions; only when statistics were asked for. */
static void
emit_count(struct gen *g)
{
	g->near.valid = false;
	load_gs(&g->e, S_A, GS(count));
	lea_rm(&g->e, S_A, S_A, 1);
	store_gs(&g->e, S_A, GS(count));
}

/* Poll first: a loop passes here each time round. */
static void
emit_entry(struct gen *g, const uint8_t **entry)
{
	struct emit *e = &g->e;
	const uint8_t *leave = emit_rx(e);

	mov_id(e, S_B, g->tu_index, RELOC_TU);
	jmp_to(e, g->t->poll);
	*entry = emit_rx(e);
	op_gs(e, W32, OP_LOAD, S_C, GS(c.attention));
	emit8(e, OP_JRCXZ);
	emit8(e, (uint8_t)(leave - (emit_rx(e) + 1)));
	BUG_ON(!e->overflow && emit_rx(e) - *entry != BT_POLL_SIZE);
}

void
gen_at(struct gen *g, unsigned k)
{
	g->i = &g->insn[k];
	g->off = g->map[k].guest;
	g->rip = g->rip0 + g->off;
	g->next = g->rip + g->i->len;
	g->flags_live = g->live[k];
	g->near_ok = g->near_kept = false;
}

static void
emit_one(struct gen *g, unsigned k)
{
	bool alone = k + 1 == g->n_insn;

	if (g->t->count_insns)
		emit_count(g);
	if ((alone && g->i->desc->id == I_STI) || !gen_insn(g)) {
		gen_step(g);
		g->n_insn = k + 1;
	}
	g->near.valid = g->near.valid && g->near_kept;
}

/* Where instructions are: the guest's side of the map. */
static void
place(struct gen *g)
{
	unsigned off = 0;

	for (unsigned k = 0; k < g->n_insn; k++) {
		g->map[k].guest = (uint16_t)off;
		off += g->insn[k].len;
	}
}

static void
emit_body(struct gen *g, const struct source *s)
{
	unsigned off = 0, n;

	place(g);
	for (unsigned k = 0; k < g->n_insn && !g->ended; k += n) {
		gen_at(g, k);
		g->map[k].host = (uint16_t)(g->e.p - g->start);
		n = gen_row(g, k);
		if (!n) {
			emit_one(g, k);
			n = 1;
		}
		off = g->off + g->i->len;
	}
	g->off = g->guest_len = off;
	if (!g->ended && s->step_last) {
		gen_step(g);
		/* When those bytes change there may be an instruction. */
		g->guest_len = MIN(off + INSN_MAX_LEN,
		    (unsigned)(PAGE_SIZE - (g->rip0 & ~PAGE_MASK)));
	} else if (!g->ended)
		gen_jump(g, g->rip0 + off);
}

/*
 * From here on every write to the page is reported.  A store that passed its
 * check before must have landed before the bytes are read: the other vCPUs
 * are stopped while their write entries go.
 */
static void
protect(struct bt_vcpu *b, gpa_t gpa)
{
	struct vm *vm = b->c.vm;
	struct gmem_page p;

	if (!gmem_page(&vm->mem, gpa, &p))
		return;
	if (__atomic_fetch_or(p.trace, GMEM_TRACE_CODE, __ATOMIC_SEQ_CST) &
	    GMEM_TRACE_CODE)
		return;
	vm_stop_others(vm);
	bt_tlb_protect(vm, gpa, p.host);
	vm_go_on(vm);
}

static struct tu *
file(struct gen *g, const struct source *s, const uint8_t *entry)
{
	struct bt_vm *t = g->t;
	struct tu *u = bt_tu_new(t, g->n_exit, g->n_insn, g->e.n_reloc);

	if (!u)
		return NULL;
	for (unsigned k = 0; k < g->n_exit; k++)
		u->exit[k] = g->exit[k];
	for (unsigned k = 0; k < g->n_insn; k++)
		u->map[k] = g->map[k];
	for (unsigned k = 0; k < g->e.n_reloc; k++)
		u->reloc[k] = g->reloc[k];
	u->rip = g->rip0;
	u->gpa = s->gpa;
	u->gpa2 = s->gpa2;
	u->mode = g->mode;
	u->n_insns = (uint16_t)g->n_insn;
	u->len = (uint16_t)g->guest_len;
	u->global = s->global;
	u->fixed = g->e.fixed || s->gpa2 != ~UINT64_C(0);
	u->code = entry;
	u->start = g->start + (t->rx - t->rw);
	u->code_len = (uint32_t)(g->e.p - g->start);
	bt_tu_file(t, u);
	t->n_translated++;
	t->n_insns_translated += g->n_insn;
	return u;
}

static void
begin(struct gen *g, struct bt_vcpu *b)
{
	struct bt_vm *t = b->bt;

	g->b = b;
	g->t = t;
	g->start = t->rw + t->fill->used;
	g->e = (struct emit){
		.p = g->start, .end = g->start + MIN(bt_room(t), BT_MAX_CODE),
		.rx_off = t->rx - t->rw,
		.start = g->start, .reloc = g->reloc,
		.max_reloc = BT_MAX_RELOCS,
	};
	g->rip0 = b->c.s.rip;
	g->mode = b->mode;
	g->tu_index = bt_next_index(t);
	g->tlb = bt_tlb_offset(b);
	g->jc = bt_jc_offset(b);
	g->n_slow = g->n_cold = g->n_exit = g->n_insn = 0;
	g->ended = g->must_poll = g->apart = false;
	g->near.valid = false;
}

/* Decode and emit at most g->max_insns; false if they did not fit. */
static bool
attempt(struct gen *g, struct bt_vcpu *b, struct source *s,
    const uint8_t **entry)
{
	begin(g, b);
	collect(g, s);
	if (s->failed)
		return true;
	if (s->gpa2 != ~UINT64_C(0))
		protect(b, s->gpa2);
	g->global = s->global;
	liveness(g);
	emit_entry(g, entry);
	emit_body(g, s);
	gen_cold(g);
	return !g->e.overflow;
}

/* As many instructions as fit; false if fetching failed or the region ends. */
static bool
as_much_as_fits(struct gen *g, struct bt_vcpu *b, const struct source *first,
    struct source *s, const uint8_t **entry)
{
	g->max_insns = BT_MAX_INSNS;
	for (;;) {
		*s = *first;
		if (attempt(g, b, s, entry))
			return !s->failed;
		if (bt_room(g->t) < BT_MAX_CODE) {
			g->t->full = true;
			return false;
		}
		/* One instruction always fits. */
		BUG_ON(g->max_insns == 1);
		g->max_insns /= 2;
	}
}

/* Copy or translate, in the region in use. */
static struct tu *
make(struct bt_vcpu *b, const struct source *first)
{
	static _Thread_local struct gen gen_state;
	struct gen *g = &gen_state;
	struct bt_vm *t = b->bt;
	uint64_t rip = b->c.s.rip;
	struct tu *same = NULL, *u = NULL;
	const uint8_t *entry;
	struct source s;

	if (!(t->disable & BT_PART_RELOC))
		same = bt_tu_find_same(t, first->gpa, b->mode, first->global);
	if (same && !t->verify)
		u = bt_relocate(b, same, rip);
	if (u || t->full || !as_much_as_fits(g, b, first, &s, &entry))
		return u;
	if (same && t->verify)
		u = bt_relocate_checked(g, same, rip);
	return u || t->full ? u : file(g, &s, entry);
}

static struct tu *
translate(struct bt_vcpu *b)
{
	struct bt_vm *t = b->bt;
	uint64_t rip = b->c.s.rip;
	struct itlb_entry *page = bt_itlb_get(b, rip);
	const struct source first = {
		.gpa = page ? page->gpa | (rip & ~PAGE_MASK) : 0,
		.gpa2 = ~UINT64_C(0),
		.host = page ? page->host + (rip & ~PAGE_MASK) : NULL,
		.global = page && page->global,
	};
	struct tu *u;

	if (!page)
		return NULL;
	protect(b, first.gpa);
	t->full = false;
	u = make(b, &first);
	return t->full && bt_fill_next(b->c.vm) ? make(b, &first) : u;
}

struct tu *
bt_translate(struct bt_vcpu *b)
{
	uint64_t start = __builtin_ia32_rdtsc();
	struct tu *u;

	b->doing = DOING_TRANSLATE;
	u = translate(b);
	b->doing = DOING_LOOP;
	b->translate_ticks += __builtin_ia32_rdtsc() - start;
	return u;
}
